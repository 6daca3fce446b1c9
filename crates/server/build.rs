//! Makes sure that the folder of page assets exists and that a change in it rebuilds this crate.
//! Not for: building the assets; `cargo xtask ui` does that.

fn main() -> std::io::Result<()> {
    let dist = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    std::fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    if !dist.join("manifest.json").exists() {
        println!("cargo::warning=the pages will have no style: run `cargo xtask ui` and build again");
    }
    Ok(())
}
