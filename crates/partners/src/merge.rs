//! Two keys that turned out to be one body. A person says so, with a reason, and may take it back; whoever counts organisations counts them once from when
//! that is known. It is a statement on who is who and on nothing else: agreements, rights, people and keys stand under the key for which they were made, so
//! that nobody may read more because of it.
use crate::org;
use ledger::{Draft, Error, Micros, Result, Tx, line};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Meta of `partners.merged`. The last one of an organisation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedMeta {
    /// The key that is no organisation of its own.
    pub org: String,
    /// The organisation that it is; none where it is one of its own after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<String>,
    /// How that is known.
    pub reason: String,
    /// Who says so.
    pub by: String,
}

/// Such a word, and when it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// What was said.
    pub said: MergedMeta,
    /// Its entry.
    pub entry: i64,
    /// When.
    pub known: Micros,
}

/// Which key stands for which organisation, by what was said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    /// What follows from these words, in the order of their entries.
    pub fn of<'a>(words: impl Iterator<Item = &'a MergedMeta>) -> Keys {
        let mut keys = BTreeMap::new();
        for word in words {
            match &word.into {
                Some(into) => keys.insert(word.org.clone(), into.clone()),
                None => keys.remove(&word.org),
            };
        }
        Keys(keys)
    }

    /// Whether every key stands for itself.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this key stands for another.
    pub fn moves(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The organisation for which a key stands, however often that was merged again.
    pub fn stands_for<'a>(&'a self, key: &'a str) -> &'a str {
        // a circle is refused where it would be written; whatever a log holds, this ends
        (0..self.0.len())
            .try_fold(key, |key, _| self.0.get(key).map(String::as_str).ok_or(key))
            .unwrap_or_else(|key| key)
    }
}

/// Records that one key is another's, or with none that it stands for itself after all. Gives false where that stands already.
pub fn merge(tx: &mut Tx<'_>, key: &str, into: Option<&str>, reason: &str, by: &str) -> Result<bool> {
    let reason = line::reason(reason, "merge-reason", "say with --reason how that is known")?;
    for one in std::iter::once(key).chain(into) {
        if org::find(tx, one)?.is_none() {
            let reason = format!("no partner {one} is known");
            return Err(Error::refused("org-unknown", reason, "import it in a partners table first"));
        }
    }
    let home = tx.one("SELECT home FROM @home WHERE id = 1", &[], |r| r.text(0).to_owned())?;
    if home.as_deref() == Some(key) {
        let reason = format!("{key} is the operator's own: all that is counted is counted from there");
        return Err(Error::refused("merge-home", reason, "merge the other one into it"));
    }
    let words = all(tx, Micros(i64::MAX))?;
    let keys = Keys::of(words.iter().map(|word| &word.said));
    if let Some(into) = into.filter(|into| keys.stands_for(into) == key) {
        let reason = format!("{into} would then be itself: it is {key} already, or the same key");
        return Err(Error::refused("merge-circle", reason, "name the one whose key stays with --into"));
    }
    if keys.0.get(key).map(String::as_str) == into {
        return Ok(false);
    }
    let (org, into) = (key.to_owned(), into.map(str::to_owned));
    let meta = MergedMeta { org, into, reason: reason.to_owned(), by: by.to_owned() };
    tx.append(Draft::new("partners.merged", &meta)?)?;
    Ok(true)
}

/// What was said by an instant, in the order of the log.
pub fn all(tx: &mut Tx<'_>, known: Micros) -> Result<Vec<Merged>> {
    let sql = "SELECT idx, org, into_org, reason, by_whom, known FROM @merged WHERE known <= $1 ORDER BY idx";
    tx.all(sql, &[known.into()], |r| Merged {
        said: MergedMeta {
            org: r.text(1).to_owned(),
            into: r.opt_text(2).map(str::to_owned),
            reason: r.text(3).to_owned(),
            by: r.text(4).to_owned(),
        },
        entry: r.int(0),
        known: r.micros(5),
    })
}

pub(crate) fn fold(tx: &mut Tx<'_>, event: &ledger::Event, meta: &MergedMeta) -> Result<()> {
    let sql = "INSERT INTO @merged (idx, org, into_org, reason, by_whom, known) VALUES ($1, $2, $3, $4, $5, $6)";
    let args: [ledger::Value<'_>; 6] = [
        event.index.into(),
        (&meta.org).into(),
        (&meta.into).into(),
        (&meta.reason).into(),
        (&meta.by).into(),
        event.known.into(),
    ];
    tx.run(sql, &args).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::testkit::engines;
    use std::sync::Arc;

    #[test]
    fn who_is_who() {
        for store in engines() {
            let ledger = store.open(vec![Arc::new(crate::Partners)]);
            let table = b"org,name\nhome,Agency\nfr,FR\nfr-2,FR again\nfr-3,FR once more\n";
            ledger.write(|tx| org::import_csv(tx, table)).unwrap();
            ledger.catch_up().unwrap();
            let check = |key: &str,
                         into: &str,
                         reason: &str,
                         expected: std::result::Result<bool, &'static str>,
                         stands: [&str; 3]| {
                let into = Some(into).filter(|into| !into.is_empty());
                let done = ledger.write(|tx| merge(tx, key, into, reason, "ada"));
                ledger.catch_up().unwrap();
                assert_eq!(done.map_err(|e| e.rule()), expected, "{}: {key} {into:?}", store.engine);
                let words = ledger.read(|tx| all(tx, Micros(i64::MAX))).unwrap();
                let keys = Keys::of(words.iter().map(|word| &word.said));
                assert_eq!(["fr", "fr-2", "fr-3"].map(|key| keys.stands_for(key)), stands);
            };
            let apart = ["fr", "fr-2", "fr-3"];
            check("fr-2", "fr", " ", Err("merge-reason"), apart);
            check("fr-2", "nobody", "same desk", Err("org-unknown"), apart);
            check("nobody", "fr", "same desk", Err("org-unknown"), apart);
            check("home", "fr", "same desk", Err("merge-home"), apart);
            check("fr", "fr", "same desk", Err("merge-circle"), apart);
            check("fr-2", "", "they are two", Ok(false), apart);
            check("fr-2", "fr", "same desk", Ok(true), ["fr", "fr", "fr-3"]);
            check("fr-2", "fr", "same desk", Ok(false), ["fr", "fr", "fr-3"]);
            check("fr", "fr-2", "same desk", Err("merge-circle"), ["fr", "fr", "fr-3"]);
            check("fr", "fr-3", "same desk", Ok(true), ["fr-3"; 3]);
            check("fr-3", "fr-2", "same desk", Err("merge-circle"), ["fr-3"; 3]);
            check("fr-2", "", "they are two", Ok(true), ["fr-3", "fr-2", "fr-3"]);
            ledger.rebuild().unwrap();
            check("fr-2", "", "they are two", Ok(false), ["fr-3", "fr-2", "fr-3"]);
            assert_eq!(ledger.parked().unwrap(), []);
        }
    }

    #[test]
    fn a_circle_in_a_log_ends() {
        let word = |org: &str, into: &str| MergedMeta {
            org: org.to_owned(),
            into: Some(into.to_owned()),
            reason: String::new(),
            by: String::new(),
        };
        let keys = Keys::of([word("a", "b"), word("b", "a")].iter());
        assert!(["a", "b"].contains(&keys.stands_for("a")));
    }
}
