//! What is held of an object already, and what that makes of one more version (STIX 2.1 section 3.6).
use ledger::{Result, Row, Tx};
use std::collections::BTreeMap;

/// Ids asked for in one statement: one prepared text serves every batch.
const CHUNK: usize = 256;

/// A version that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The event whose body it is; negative for one that was accepted earlier in the same unit.
    pub(crate) object: i64,
    pub(crate) vkey: String,
    pub(crate) created: String,
    pub(crate) creator: String,
    pub(crate) revoked: bool,
}

/// The facts of the version that wants in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) kind: &'a str,
    pub(crate) vkey: &'a str,
    pub(crate) created: &'a str,
    pub(crate) creator: &'a str,
    pub(crate) revoked: bool,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing stands in the way.
    New,
    /// This version is held, by that event: whether the content is the same must be seen.
    SameVersion(i64),
    /// A rule says no, because of what that event holds.
    Refused { rule: &'static str, reason: String, because: i64 },
}

/// Decides on one version, given all that are held of the same id.
pub(crate) fn decide(wanted: &Wanted<'_>, held: &[Held]) -> Verdict {
    if let Some(same) = held.iter().find(|h| h.vkey == wanted.vkey) {
        return Verdict::SameVersion(same.object);
    }
    let refused = |rule, because: &Held, reason: String| Verdict::Refused { rule, reason, because: because.object };
    for other in held {
        // section 7.2.1: a marking-definition is never versioned
        if wanted.kind == "marking-definition" {
            return refused(
                "marking-versioned",
                other,
                format!("this marking-definition is held as of {}Z", other.vkey),
            );
        }
        // section 3.6: `created` and `created_by_ref` are the same in all versions; only the creator may make one
        if wanted.created != other.created {
            return refused(
                "created-changed",
                other,
                format!("another version of it has `created` {}Z", other.created),
            );
        }
        if wanted.creator != other.creator {
            let reason = "another version of it names another `created_by_ref`: only its creator may version an object"
                .to_owned();
            return refused("creator-changed", other, reason);
        }
        // section 3.6.2: nothing follows a revoked version
        if other.revoked && *other.vkey < *wanted.vkey {
            return refused(
                "revoked",
                other,
                format!("it was revoked in its version {}Z: make a new object", other.vkey),
            );
        }
        if wanted.revoked && *wanted.vkey < *other.vkey {
            return refused(
                "revoked",
                other,
                format!("this revokes it before its version {}Z, which is held", other.vkey),
            );
        }
    }
    Verdict::New
}

/// What is held of these ids.
pub(crate) fn held(tx: &mut Tx<'_>, ids: &[&str]) -> Result<BTreeMap<String, Vec<Held>>> {
    let mut out: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    by_ids(tx, "idx, id, vkey, created, creator, revoked", ids, &mut |r| {
        out.entry(r.text(1).to_owned()).or_default().push(Held {
            object: r.int(0),
            vkey: r.text(2).to_owned(),
            created: r.text(3).to_owned(),
            creator: r.text(4).to_owned(),
            revoked: r.bool(5),
        });
    })?;
    Ok(out)
}

/// Hands over the rows of all versions held of these ids, in batches of one prepared statement.
pub(crate) fn by_ids(tx: &mut Tx<'_>, columns: &str, ids: &[&str], f: &mut dyn FnMut(&Row<'_>)) -> Result<()> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    for chunk in ids.chunks(CHUNK) {
        let size = if chunk.len() == 1 { 1 } else { CHUNK };
        let marks: Vec<String> = (1..=size).map(|i| format!("${i}")).collect();
        let sql = format!("SELECT {columns} FROM @stix_object WHERE id IN ({}) ORDER BY id, vkey", marks.join(","));
        // the last id fills up a short chunk
        let fill = chunk.last().copied().unwrap_or_default();
        let args: Vec<ledger::Value<'_>> = (0..size).map(|i| chunk.get(i).copied().unwrap_or(fill).into()).collect();
        tx.each(&sql, &args, &mut |row| {
            f(row);
            Ok(())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(vkey: &str, revoked: bool) -> Held {
        Held { object: 7, vkey: vkey.into(), created: "2020".into(), creator: "identity--a".into(), revoked }
    }

    #[track_caller]
    fn check(kind: &str, vkey: &str, revoked: bool, creator: &str, created: &str, expected: &str) {
        let wanted = Wanted { kind, vkey, created, creator, revoked };
        let stands = [held("2021", false), held("2023", kind == "tool")];
        let got = match decide(&wanted, &stands) {
            Verdict::New => "new".to_owned(),
            Verdict::SameVersion(_) => "same".to_owned(),
            Verdict::Refused { rule, .. } => rule.to_owned(),
        };
        assert_eq!(got, expected, "{wanted:?}");
    }

    #[test]
    fn versions() {
        check("malware", "2021", false, "identity--a", "2020", "same");
        check("malware", "2024", false, "identity--a", "2020", "new");
        check("malware", "2022", false, "identity--a", "2020", "new");
        check("malware", "2024", true, "identity--a", "2020", "new");
        check("malware", "2022", true, "identity--a", "2020", "revoked");
        check("malware", "2024", false, "identity--b", "2020", "creator-changed");
        check("malware", "2024", false, "identity--a", "2019", "created-changed");
        check("tool", "2024", false, "identity--a", "2020", "revoked");
        check("tool", "2022", false, "identity--a", "2020", "new");
        check("marking-definition", "2024", false, "identity--a", "2020", "marking-versioned");
    }
}
