//! The packs that ship with the program: the folders under `packs/` that have a `pack.toml`, embedded as they stand.
use ledger::pack::Pack;
use rust_embed::RustEmbed;
use std::collections::BTreeMap;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../packs"]
struct Files;

/// The packs, by folder.
pub(crate) fn shipped() -> ledger::Result<Vec<Pack>> {
    let mut folders: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for path in Files::iter() {
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        let Some(file) = Files::get(&path) else { continue };
        let text = String::from_utf8_lossy(&file.data).into_owned();
        folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), text);
    }
    folders.into_values().filter(|files| files.contains_key("pack.toml")).map(Pack::from_files).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_shipped_pack_reads() {
        let packs = super::shipped().unwrap();
        let kinds: Vec<&str> = packs.iter().map(|p| p.kind.as_str()).collect();
        assert!(kinds.contains(&"plan") && kinds.contains(&"rules"), "{kinds:?}");
    }
}
