//! The packs that ship with the program: two published plans, and what people record.
use ledger::Result;
use ledger::pack::Pack;

/// Text files of a pack by name.
type Files = &'static [(&'static str, &'static str)];

macro_rules! files {
    ($folder:literal: $($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../../packs/", $folder, "/", $name)))),+]
    };
}

const PACKS: [Files; 3] = [
    files!("plans/global-2021": "actions.toml", "pack.toml", "plan.toml"),
    files!("plans/isp-2025-2026": "indicators.toml", "measures-1.toml", "measures-2.toml", "measures-3.toml", "pack.toml", "plan.toml"),
    files!("records": "agency.toml", "capacity.toml", "cooperation.toml", "infrastructure.toml", "pack.toml", "standards.toml", "surveys.toml", "workforce.toml"),
];

/// All of them, plans first.
pub fn packs() -> Result<Vec<Pack>> {
    let pack = |files: &Files| {
        Pack::from_files(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    };
    PACKS.iter().map(pack).collect()
}

#[cfg(test)]
pub(crate) fn isp() -> Pack {
    packs().unwrap().remove(1)
}
