//! What a marking means for an object that names it.
//!
//! Two who do not see each other's may define the same marking ([`crate::versions`]). An object is handled by the definition of whoever gave it,
//! where they gave one; else by the strictest of those that do not stand aside. So who learns the id of another's marking can, with a definition of
//! their own, neither keep back what the other gives under it nor let it out (docs/decisions/0012).
use crate::{facet, rights};
use ledger::{Result, Tx};
use stix::marking::{self, Meaning, Resolved, Terms};
use stix::tlp::{self, ById};
use stix::{Head, Tlp};

/// All definitions held of one marking, in the order in which they came.
pub(crate) struct Definitions(Vec<Definition>);

struct Definition {
    /// The organisation that gave it; `None` for the operator's own.
    giver: Option<String>,
    aside: bool,
    meaning: Meaning,
}

impl Definitions {
    /// Those of a marking; none where it is not held.
    pub(crate) fn read(tx: &mut Tx<'_>, id: &str) -> Result<Definitions> {
        let sql = "SELECT giver, aside, tlp, report, terms FROM @marking WHERE id = $1 ORDER BY object";
        let read = |r: &ledger::Row<'_>| Definition {
            giver: r.opt_text(0).map(str::to_owned),
            aside: r.bool(1),
            meaning: Meaning {
                tlp: r.opt_int(2).map(Tlp::from_rank),
                report: r.opt_text(3).map(str::to_owned),
                terms: facet::asked(r.text(4)),
            },
        };
        Ok(Definitions(tx.all(sql, &[id.into()], read)?))
    }

    /// What it means for what an organisation gives; `None`: the operator's own.
    pub(crate) fn for_giver(&self, giver: Option<&str>) -> Option<Meaning> {
        let own = |one: &&Definition| one.giver.as_deref() == giver;
        self.strictest(own).or_else(|| self.strictest(|one| !one.aside))
    }

    /// Whether an organisation gave one itself.
    pub(crate) fn has_own(&self, giver: Option<&str>) -> bool {
        self.0.iter().any(|one| one.giver.as_deref() == giver)
    }

    fn strictest(&self, of: impl Fn(&&Definition) -> bool) -> Option<Meaning> {
        let mut all = self.0.iter().filter(of).map(|one| one.meaning.clone());
        let first = all.next()?;
        Some(all.fold(first, |mut sum, one| {
            sum.tlp = sum.tlp.max(one.tlp);
            sum.report = sum.report.or(one.report);
            sum.terms.join(&one.terms);
            sum
        }))
    }
}

/// What a marking means for what an organisation gives: what is held, else what its id says; `None` where neither says anything.
pub(crate) fn known(tx: &mut Tx<'_>, id: &str, giver: Option<&str>) -> Result<Option<Meaning>> {
    let held = Definitions::read(tx, id)?.for_giver(giver);
    Ok(held.or_else(|| match tlp::by_id(id) {
        ById::Known(tlp) => Some(Meaning { tlp: Some(tlp), ..Meaning::default() }),
        ById::Lookalike | ById::Other => None,
    }))
}

/// As [`known`]; what nothing is known of is RED, and for the operator alone.
pub(crate) fn said(tx: &mut Tx<'_>, id: &str, giver: Option<&str>) -> Result<(Option<Tlp>, Terms)> {
    Ok(match (known(tx, id, giver)?, tlp::by_id(id)) {
        (Some(meaning), _) => (meaning.tlp, meaning.terms),
        (None, ById::Lookalike) => (Some(Tlp::Red), Terms::default()),
        (None, _) => (Some(Tlp::Red), Terms::unknown()),
    })
}

/// What all markings of an object come to that an organisation gives.
pub(crate) fn resolve(tx: &mut Tx<'_>, head: &Head<'_>, giver: Option<&str>) -> Result<Resolved> {
    let mut held = std::collections::BTreeMap::new();
    for reference in marking::references(head) {
        if let Some(meaning) = known(tx, &reference, giver)? {
            held.insert(reference.into_string(), meaning);
        }
    }
    Ok(marking::resolve(head, |id| held.get(id).cloned()))
}

/// Counts the hop that a limited object took to come here: whoever did not make it has passed it on already, how often before nobody knows, and
/// a received object cannot be written to. So it goes no further. `creator`: the `created_by_ref`, or empty; whoever gives what names no creator
/// made it.
pub(crate) fn count_hop(tx: &mut Tx<'_>, terms: &mut Terms, giver: Option<&str>, creator: &str) -> Result<()> {
    if let Some(giver) = giver
        && terms.hops.is_some()
        && !creator.is_empty()
        && !rights::names(tx, giver)?.iter().any(|name| name == creator)
    {
        terms.hops = Some(0);
    }
    Ok(())
}

/// Whose definitions count for an object: of a copy that this hub made, its source's.
pub(crate) fn giver(tx: &mut Tx<'_>, object: i64) -> Result<Option<String>> {
    let sql = "SELECT COALESCE(o.giver, s.giver) FROM @stix_object o LEFT JOIN @stix_object s ON s.idx = o.copy_of WHERE o.idx = $1";
    Ok(tx.one(sql, &[object.into()], |r| r.opt_text(0).map(str::to_owned))?.flatten())
}
