//! One key per vendor, from however its name is spelt: case, accents, legal forms, broken encoding, several companies in
//! one field. Which names belong together is data (`packs/aliases/vendors.toml`), not code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::Fault;
use crate::text::fold;

/// Words that name a legal form, dropped from the end of a name.
const LEGAL: &[&str] = &[
    "inc",
    "incorporated",
    "llc",
    "ltd",
    "limited",
    "gmbh",
    "ag",
    "co",
    "corp",
    "corporation",
    "company",
    "kg",
    "kgaa",
    "sa",
    "spa",
    "srl",
    "bv",
    "nv",
    "plc",
    "oy",
    "oyj",
    "ab",
    "asa",
    "aps",
    "kk",
    "pte",
    "pty",
    "ltda",
    "me",
    "mfg",
    "sl",
    "sas",
    "sarl",
    "se",
    "and",
];

/// Names under which one vendor is known.
#[derive(Debug, Default)]
pub struct Aliases {
    canonical: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    format: String,
    kind: String,
    alias: BTreeMap<String, Vec<String>>,
}

static SHIPPED: LazyLock<Aliases> =
    LazyLock::new(|| Aliases::parse(include_str!("../../../packs/aliases/vendors.toml")).unwrap_or_default());

impl Aliases {
    /// The table that ships with this build.
    pub fn shipped() -> &'static Aliases {
        &SHIPPED
    }

    /// Reads a table in the form of `packs/aliases/vendors.toml`. One name under two keys is refused.
    pub fn parse(source: &str) -> Result<Aliases, Fault> {
        let table: Table =
            toml::from_str(source).map_err(|e| Fault::new("alias-malformed", "vendors.toml", e.to_string()))?;
        if table.format != "mainstay-aliases/1" || table.kind != "vendor" {
            return Err(Fault::new(
                "alias-malformed",
                "vendors.toml",
                "want format \"mainstay-aliases/1\" and kind \"vendor\"",
            ));
        }
        let mut canonical = BTreeMap::new();
        for (key, names) in table.alias {
            let key_folded = plain_key(&key);
            for name in names.iter().chain([&key]) {
                if let Some(other) = canonical.insert(plain_key(name), key_folded.clone())
                    && other != key_folded
                {
                    return Err(Fault::new(
                        "alias-doubled",
                        name.clone(),
                        format!("stands under `{other}` and `{key_folded}`"),
                    ));
                }
            }
        }
        Ok(Aliases { canonical })
    }

    /// The key of a name, or `None` when it is blank.
    pub fn key(&self, name: &str) -> Option<String> {
        let plain = plain_key(name);
        if plain.is_empty() {
            return None;
        }
        Some(self.canonical.get(&plain).cloned().unwrap_or(plain))
    }

    /// All keys under which a vendor field is indexed: the whole, then the companies it lists
    /// (`ICONICS, Mitsubishi Electric`). Sorted, without doubles.
    pub fn keys(&self, name: &str) -> BTreeSet<String> {
        let mut keys: BTreeSet<String> = self.key(name).into_iter().collect();
        let whole_is_known = self.canonical.contains_key(&plain_key(name));
        if whole_is_known || name.contains('&') {
            return keys;
        }
        let repaired = crate::text::repair(name);
        for part in repaired.split(',').flat_map(|p| p.split(" and ")).flat_map(|p| p.split(" of ")) {
            if let Some(key) = self.key(part)
                && key.len() > 2
            {
                keys.insert(key);
            }
        }
        keys
    }
}

/// A name folded, without what stands in parentheses and without legal forms at its end.
fn plain_key(name: &str) -> String {
    let mut depth = 0_u32;
    let outside: String = name
        .chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && *c != ')' && *c != '.'
        })
        .collect();
    let folded = fold(&outside).replace('+', " ");
    let mut words: Vec<&str> = folded.split_whitespace().collect();
    while words.len() > 1 && words.last().is_some_and(|last| LEGAL.contains(last)) {
        words.pop();
    }
    if words.len() == 1 && words.first().is_some_and(|only| LEGAL.contains(only)) {
        return String::new();
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_share_a_key() {
        #[track_caller]
        fn check(name: &str, key: &str) {
            assert_eq!(Aliases::shipped().key(name).as_deref(), Some(key));
        }
        check("Johnson Controls, Inc.", "johnson controls");
        check("Johnson Controls Inc", "johnson controls");
        check("Schneider Electric Software, LLC", "schneider electric");
        check(" Schneider Electric", "schneider electric");
        check("GeutebrÃ¼ck GmbH", "geutebruck");
        check("LCDS - LeÃ£o Consultoria e Desenvolvimento de Sistemas LTDA ME", "lcds");
        check("Becton, Dickinson and Company (BD)", "becton dickinson");
        check("General Electric (GE)", "general electric");
        check("Wibu-Systems AG", "wibu systems");
        check("MOXA", "moxa");
        check("TEL-STER Sp. z o. o.", "tel ster sp z o o");
        assert_eq!(Aliases::shipped().key("Inc."), None);
        assert_eq!(Aliases::shipped().key(" "), None);
    }

    #[test]
    fn one_field_may_name_several_companies() {
        let keys = |name: &str| Aliases::shipped().keys(name).into_iter().collect::<Vec<_>>().join("|");
        assert_eq!(keys("ICONICS, Mitsubishi Electric"), "iconics|iconics mitsubishi electric|mitsubishi electric");
        assert_eq!(keys("Becton, Dickinson and Company (BD)"), "becton dickinson");
        assert_eq!(keys("Johnson & Johnson"), "johnson and johnson");
    }

    #[test]
    fn a_name_under_two_keys_is_refused() {
        let doubled = "format=\"mainstay-aliases/1\"\nkind=\"vendor\"\n[alias]\n\"a\" = [\"c\"]\n\"b\" = [\"c\"]\n";
        assert_eq!(Aliases::parse(doubled).map(|_| ()).map_err(|f| f.rule), Err("alias-doubled"));
    }
}
