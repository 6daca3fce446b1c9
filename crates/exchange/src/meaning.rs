//! What a marking means for an object that names it.
//!
//! Two who do not see each other's may define the same marking ([`crate::versions`]). An object is handled by the definition of whoever gave it,
//! where they gave one; else by the strictest of those that do not stand aside. So who learns the id of another's marking can, with a definition of
//! their own, neither keep back what the other gives under it nor let it out (docs/decisions/0012).
//! Here too is the fold of a definition that arrives: whatever waited for it is resolved.
use crate::facet::{self, Which};
use crate::stage::Object;
use crate::{batch, rights, sight, view};
use ledger::{Result, Tx};
use std::collections::BTreeMap;
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
    let mut held = BTreeMap::new();
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

/// A marking-definition has arrived: what it means is kept, and whatever waited for it is resolved as far as it can be.
pub(crate) fn fold(tx: &mut Tx<'_>, object: &Object<'_>, giver: Option<&str>) -> Result<()> {
    keep(tx, object, giver)?;
    let id = &object.meta.id;
    let definitions = Definitions::read(tx, id)?;
    let waiting = tx.all(
        "SELECT o.idx, o.tlp, o.waiting, o.asks, COALESCE(o.giver, s.giver), COALESCE(s.creator, o.creator) FROM @waiting w JOIN @stix_object o ON o.idx = w.object \
         LEFT JOIN @stix_object s ON s.idx = o.copy_of WHERE w.marking = $1 ORDER BY o.idx",
        &[id.into()],
        |r| Waiting {
            object: r.int(0),
            tlp: r.opt_int(1),
            count: r.int(2),
            terms: facet::asked(r.text(3)),
            giver: r.opt_text(4).map(str::to_owned),
            creator: r.text(5).to_owned(),
        },
    )?;
    // many that wait have the same label and ask the same
    let mut alike: BTreeMap<(Option<i64>, String), Vec<i64>> = BTreeMap::new();
    let mut whole = Vec::new();
    for Waiting { object, tlp, count, terms, giver, creator } in &waiting {
        let Some(meaning) = definitions.for_giver(giver.as_deref()) else { continue };
        let mut terms = terms.clone();
        terms.join(&meaning.terms);
        count_hop(tx, &mut terms, giver.as_deref(), creator)?;
        let now = ((*tlp).max(meaning.tlp.map(Tlp::rank)), facet::written(&terms)?);
        alike.entry(now).or_default().push(*object);
        whole.extend((*count <= 1).then_some(*object));
    }
    for ((tlp, asks), objects) in &alike {
        let sql = "UPDATE @stix_object SET tlp = $1, waiting = waiting - 1, asks = $2 WHERE idx IN (*)";
        batch::run(tx, sql, &[(*tlp).into(), asks.into()], objects)?;
    }
    // once for all that waited: a producer's one definition marks everything it makes
    facet::again(tx, object.known, &Which::Waiting(id))?;
    for objects in alike.values() {
        batch::run(tx, "DELETE FROM @waiting WHERE marking = $1 AND object IN (*)", &[id.into()], objects)?;
    }
    sight::resolved(tx, object.index, whole.into_iter())?;
    if waiting.is_empty() { Ok(()) } else { view::settle_all(tx, object.known) }
}

/// An object that names a marking which was not held.
struct Waiting {
    object: i64,
    tlp: Option<i64>,
    /// How many markings it waits for.
    count: i64,
    terms: Terms,
    giver: Option<String>,
    creator: String,
}

/// What a marking-definition means, for whatever will name it.
fn keep(tx: &mut Tx<'_>, object: &Object<'_>, giver: Option<&str>) -> Result<()> {
    let meaning = marking::meaning(&object.head);
    let refs: Vec<String> = marking::references(&object.head).into_iter().map(stix::Text::into_string).collect();
    let (refs, terms) = (refs.join(" "), facet::written(&meaning.terms)?);
    tx.run(
        "INSERT INTO @marking (id, object, giver, aside, tlp, report, refs, terms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            (&object.meta.id).into(),
            object.index.into(),
            giver.into(),
            i64::from(object.meta.aside).into(),
            meaning.tlp.map(Tlp::rank).into(),
            (&meaning.report).into(),
            (&refs).into(),
            (&terms).into(),
        ],
    )
    .map(drop)
}
