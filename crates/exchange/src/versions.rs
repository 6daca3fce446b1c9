//! What is held of an object already, and what that makes of one more version (STIX 2.1 section 3.6).
//!
//! Versions of one id that conflict may both be held: who may not see the first is told of no conflict, so what they give stands beside it,
//! in a **line** of its own (docs/decisions/0012). No view holds two that conflict ([`crate::view`]): there, what was listed first stays.
use crate::batch;
use ledger::{Result, Row, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// A version that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The event whose body it is; negative for one that was accepted earlier in the same unit.
    pub(crate) object: i64,
    /// The line of versions it belongs to: 0 for the first of its id, else the event that began the line.
    pub(crate) line: i64,
    /// Its line was begun by somebody who may not make a version of what they did not see: it stands aside for all who see any of that.
    pub(crate) aside: bool,
    /// But not for these lines, of which they saw something.
    pub(crate) beside: Vec<i64>,
    pub(crate) vkey: String,
    pub(crate) created: String,
    pub(crate) creator: String,
    pub(crate) revoked: bool,
    /// The organisation that gave it; `None` for the operator's own.
    pub(crate) giver: Option<String>,
}

impl Held {
    /// Whether two versions of one object can stand in one view.
    pub(crate) fn agrees(&self, id: &str, other: &Held) -> bool {
        // what is given later is for whoever may see it, beside it or not: else who began the line would learn that it is one
        let gives_way =
            |one: &Held, to: &Held| one.aside && (0..one.line).contains(&to.object) && !one.beside.contains(&to.line);
        if self.line != other.line && (gives_way(self, other) || gives_way(other, self)) {
            return false;
        }
        let kind = stix::id::split(id).map_or("", |(kind, _)| kind);
        let Held { vkey, created, creator, revoked, .. } = self;
        let wanted = Wanted { kind, vkey, created, creator, revoked: *revoked };
        decide(&wanted, std::slice::from_ref(other)) == Verdict::New
    }
}

/// Of all that is held of one id, what stands for whoever sees everything: nothing that conflicts with what came before it. And the rest.
pub(crate) fn standing(id: &str, held: &[Held]) -> (Vec<Held>, Vec<Held>) {
    let mut order = held.to_vec();
    if held.iter().all(|one| one.line == 0) {
        return (order, Vec::new());
    }
    // what came in this unit came last
    order.sort_by_key(|one| (one.object < 0, one.object.abs()));
    let mut stands: Vec<Held> = Vec::with_capacity(order.len());
    let mut rest = Vec::new();
    for one in order {
        match stands.iter().all(|other| one.agrees(id, other)) {
            true => stands.push(one),
            false => rest.push(one),
        }
    }
    (stands, rest)
}

/// The line that one more version joins: of those of which its giver sees something the latest in which nothing that they do not see
/// conflicts with it. `None` where it begins one.
pub(crate) fn line(wanted: &Wanted<'_>, seen: &[Held], unseen: &[Held]) -> Option<i64> {
    if seen.is_empty() {
        return unseen.is_empty().then_some(0);
    }
    let lines: BTreeSet<i64> = seen.iter().map(|one| one.line).collect();
    lines.into_iter().rev().find(|line| {
        let hidden: Vec<Held> = unseen.iter().filter(|one| one.line == *line).cloned().collect();
        decide(wanted, &hidden) == Verdict::New
    })
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
    /// A rule says no.
    Refused { rule: &'static str, reason: String },
}

/// Decides on one version, given all that are held of the same id.
pub(crate) fn decide(wanted: &Wanted<'_>, held: &[Held]) -> Verdict {
    if let Some(same) = held.iter().find(|h| h.vkey == wanted.vkey) {
        return Verdict::SameVersion(same.object);
    }
    let refused = |rule, reason: String| Verdict::Refused { rule, reason };
    for other in held {
        // section 7.2.1: a marking-definition is never versioned
        if wanted.kind == "marking-definition" {
            return refused("marking-versioned", format!("this marking-definition is held as of {}Z", other.vkey));
        }
        // section 3.6: `created` and `created_by_ref` are the same in all versions; only the creator may make one
        if wanted.created != other.created {
            return refused("created-changed", format!("another version of it has `created` {}Z", other.created));
        }
        if wanted.creator != other.creator {
            let reason = "another version of it names another `created_by_ref`: only its creator may version an object"
                .to_owned();
            return refused("creator-changed", reason);
        }
        // section 3.6.2: nothing follows a revoked version
        if other.revoked && *other.vkey < *wanted.vkey {
            return refused("revoked", format!("it was revoked in its version {}Z: make a new object", other.vkey));
        }
        if wanted.revoked && *wanted.vkey < *other.vkey {
            return refused("revoked", format!("this revokes it before its version {}Z, which is held", other.vkey));
        }
    }
    Verdict::New
}

/// What is held of these ids.
pub(crate) fn held(tx: &mut Tx<'_>, ids: &[&str]) -> Result<BTreeMap<String, Vec<Held>>> {
    let mut out: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    by_ids(tx, "idx, id, vkey, created, creator, revoked, line, giver, aside, beside", ids, &mut |r| {
        out.entry(r.text(1).to_owned()).or_default().push(Held {
            object: r.int(0),
            line: r.int(6),
            aside: r.bool(8),
            beside: lines(r.text(9)),
            vkey: r.text(2).to_owned(),
            created: r.text(3).to_owned(),
            creator: r.text(4).to_owned(),
            revoked: r.bool(5),
            giver: r.opt_text(7).map(str::to_owned),
        });
    })?;
    Ok(out)
}

/// Of these ids those that are held, with their last line; 0 where all versions are of the first. Read from the index alone.
pub(crate) fn last_lines(tx: &mut Tx<'_>, ids: &[&str]) -> Result<BTreeMap<String, i64>> {
    let sql = "SELECT id, MAX(line) FROM @stix_object WHERE id IN (*) GROUP BY id ORDER BY id";
    let rows = batch::rows(tx, sql, &[], ids, &mut |r| (r.text(0).to_owned(), r.int(1)))?;
    Ok(rows.into_iter().collect())
}

/// Lines as they are kept.
pub(crate) fn written(lines: &[i64]) -> String {
    lines.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")
}

fn lines(text: &str) -> Vec<i64> {
    text.split(' ').filter_map(|line| line.parse().ok()).collect()
}

/// Hands over the rows of all versions held of these ids.
pub(crate) fn by_ids(tx: &mut Tx<'_>, columns: &str, ids: &[&str], f: &mut dyn FnMut(&Row<'_>)) -> Result<()> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let sql = format!("SELECT {columns} FROM @stix_object WHERE id IN (*) ORDER BY id, vkey, line");
    batch::each(tx, &sql, &[], &ids, f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(vkey: &str, revoked: bool) -> Held {
        let (created, creator) = ("2020".into(), "identity--a".into());
        let (aside, beside) = (false, Vec::new());
        Held { object: 7, line: 0, aside, beside, vkey: vkey.into(), created, creator, revoked, giver: None }
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

    /// `held`: of each version its event, its line, its key with an R where it is revoked, whether its giver sees it.
    #[track_caller]
    fn check_line(vkey: &str, held: &[(i64, i64, &str, bool)], expected: Option<i64>) {
        let (mut seen, mut unseen) = (Vec::new(), Vec::new());
        for (object, line, vkey, is_seen) in held {
            let one =
                Held { object: *object, line: *line, ..self::held(vkey.trim_end_matches('R'), vkey.ends_with('R')) };
            if *is_seen { seen.push(one) } else { unseen.push(one) }
        }
        let wanted = Wanted { kind: "tool", vkey, created: "2020", creator: "identity--a", revoked: false };
        assert_eq!(line(&wanted, &seen, &unseen), expected, "{vkey} {held:?}");
    }

    #[test]
    fn lines() {
        check_line("2021", &[], Some(0));
        check_line("2022", &[(1, 0, "2021", true)], Some(0));
        check_line("2022", &[(1, 0, "2021", false)], None);
        check_line("2022", &[(1, 0, "2021", true), (2, 0, "2022", false)], None);
        check_line("2023", &[(1, 0, "2021", true), (2, 0, "2022", false)], Some(0));
        check_line("2023", &[(1, 0, "2021", false), (2, 2, "2021", true)], Some(2));
        // a line once begun goes on, whatever keeps conflicting in the first
        check_line("2024", &[(1, 0, "2021", true), (2, 0, "2022R", false), (3, 3, "2023", true)], Some(3));
    }

    #[test]
    fn what_stands_where_all_is_seen() {
        let one = |object, line, vkey: &str| Held { object, line, ..held(vkey, false) };
        let events = |held: &[Held]| held.iter().map(|h| h.object).collect::<Vec<_>>();
        let check = |held: &[Held], stands: &[i64], rest: &[i64]| {
            let (a, b) = standing("tool--x", held);
            assert_eq!((events(&a), events(&b)), (stands.to_vec(), rest.to_vec()), "{held:?}");
        };
        check(&[one(5, 0, "2021"), one(3, 0, "2022")], &[5, 3], &[]);
        check(&[one(5, 5, "2021"), one(3, 0, "2021"), one(-1, 5, "2022")], &[3, -1], &[5]);
        let aside = Held { aside: true, ..one(5, 5, "2022") };
        check(&[one(3, 0, "2021"), aside.clone(), one(6, 0, "2023")], &[3, 6], &[5]);
        // where what it stands aside for is not seen
        check(&[aside.clone(), one(6, 0, "2023")], &[5, 6], &[]);
        check(&[aside.clone(), one(6, 0, "2022")], &[5], &[6]);
        // beside what its giver saw it is one more version
        let beside = Held { beside: vec![3], ..aside };
        check(&[one(3, 3, "2021"), beside.clone(), one(6, 0, "2023")], &[3, 5, 6], &[]);
        check(&[one(2, 0, "2020"), one(3, 3, "2021"), beside], &[2, 3], &[5]);
    }
}
