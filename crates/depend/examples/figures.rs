//! Prints what the work of this crate costs on two tables, for `cargo xtask bench`: one line `seconds<tab>work` a figure.
//! Takes two paths, nodes and edges, plain or `.gz`. It asserts nothing.
use std::io::Read;

fn main() -> std::io::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [nodes, edges] = paths.as_slice() else {
        eprintln!("usage: figures NODES EDGES");
        std::process::exit(2);
    };
    for figure in depend::bench::figures(&read(nodes)?, &read(edges)?) {
        println!("{}\t{}", figure.seconds, figure.work);
    }
    Ok(())
}

fn read(path: &str) -> std::io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    if !path.ends_with(".gz") {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?;
    Ok(plain)
}
