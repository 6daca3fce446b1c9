//! A person here marks what is held: higher after a spill, or what its originator left unmarked.
//!
//! The bytes stay; the label that the release decision asks for changes, and the views with it. Never below what the object says of itself:
//! that is its originator's alone (FIRST, TLP 2.0), who makes a new version. A version that arrives later brings its own label.
use crate::event::{self, RemarkedMeta};
use crate::{explain, meaning, view};
use ledger::{Draft, Error, Micros, Result, Tx, line};
use std::collections::BTreeSet;
use stix::{Head, Tlp, marking};

/// A label for what is held of an object.
#[derive(Clone, Copy, Debug)]
pub struct Remark<'a> {
    /// The `id`, for all versions held, or `id@version`.
    pub object: &'a str,
    /// The label.
    pub tlp: Tlp,
    /// Why, in one line.
    pub reason: &'a str,
    /// Who says so.
    pub by: &'a str,
}

/// Records it for each version, and for the copies and sightings that this hub made of them where they are marked lower. Gives how many were labelled anew.
pub fn record(tx: &mut Tx<'_>, remark: &Remark<'_>) -> Result<usize> {
    line::reason(remark.reason, "remark-reason", "say with --reason why it is marked anew")?;
    let mut fresh = 0;
    for object in explain::versions(tx, remark.object)? {
        let own = own_label(tx, object)?;
        if own > Some(remark.tlp) {
            let own = own.unwrap_or(Tlp::Red);
            let said = format!(
                "{} is marked TLP:{own} by its originator, which is more than TLP:{}",
                remark.object, remark.tlp
            );
            let next =
                "only its originator may lower it, with a new version; `release consent` records what it lets go";
            return Err(Error::refused("remark-below-own", said, next));
        }
        fresh += label(tx, object, remark)?;
        let sql = "SELECT idx FROM @stix_object WHERE (copy_of = $1 OR idx IN (SELECT idx FROM @sighted WHERE seen = $1)) AND tlp < $2 ORDER BY idx";
        for copy in tx.all(sql, &[object.into(), remark.tlp.rank().into()], |r| r.int(0))? {
            fresh += label(tx, copy, remark)?;
        }
    }
    Ok(fresh)
}

fn label(tx: &mut Tx<'_>, object: i64, remark: &Remark<'_>) -> Result<usize> {
    let sql = "SELECT remark FROM @stix_object WHERE idx = $1";
    if tx.one(sql, &[object.into()], |r| r.opt_int(0))?.flatten() == Some(remark.tlp.rank()) {
        return Ok(0);
    }
    let (reason, by) = (remark.reason.trim().to_owned(), remark.by.to_owned());
    tx.append(Draft::new(event::REMARKED, &RemarkedMeta { object, tlp: remark.tlp, reason, by })?)?;
    Ok(1)
}

/// What the object says of itself, its properties included, as far as its markings are held; RED where one is not.
fn own_label(tx: &mut Tx<'_>, object: i64) -> Result<Option<Tlp>> {
    let Some(body) = tx.body(object)? else { return Ok(Some(Tlp::Red)) };
    let Ok(head) = Head::read(&body) else { return Ok(Some(Tlp::Red)) };
    let giver = meaning::giver(tx, object)?;
    let mut own = None;
    for reference in marking::references(&head) {
        own = own.max(meaning::said(tx, &reference, giver.as_deref())?.0);
    }
    Ok(own)
}

pub(crate) fn fold(tx: &mut Tx<'_>, known: Micros, meta: &RemarkedMeta) -> Result<()> {
    // a label of the whole: the collection's default no longer counts beside it
    let sql = "UPDATE @stix_object SET tlp = $2, remark = $2, partial = 0 WHERE idx = $1";
    tx.run(sql, &[meta.object.into(), meta.tlp.rank().into()])?;
    let sql = "SELECT collection FROM @listing WHERE object = $1 ORDER BY collection";
    let collections: BTreeSet<String> =
        tx.all(sql, &[meta.object.into()], |r| r.text(0).to_owned())?.into_iter().collect();
    collections.iter().try_for_each(|collection| view::settle_collection(tx, collection, known))
}
