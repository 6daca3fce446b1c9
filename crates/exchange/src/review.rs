//! What a person must decide: kept whole, without effect, until somebody accepts or drops it and says why. Nothing that could not be matched
//! or admitted is dropped in silence. What was dropped once is not asked again.
use crate::admit::{self, Origin, Outcome, Sees};
use crate::event::{self, ReviewMeta, ReviewedMeta};
use crate::{facet, rights, versions};
use ledger::{Draft, Error, Event, Micros, Result, Tx, line};

/// One thing that lies in review.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    /// The event whose body it is.
    pub index: i64,
    /// Since when.
    pub known: Micros,
    /// The file, or the request it came in.
    pub file: String,
    /// A JSON pointer or a line.
    pub place: String,
    /// The object's or document's id.
    pub id: String,
    /// Stable code.
    pub rule: String,
    /// In words.
    pub reason: String,
    /// `stix`, `csaf`, …
    pub form: String,
    /// Where it came from: `taxii:ORG` and `peer:ORG` name whose account or peer gave it.
    pub source: String,
}

/// Puts something in review. False where the same thing lies there already, by the same rule.
pub fn put(tx: &mut Tx<'_>, meta: &ReviewMeta, body: &[u8]) -> Result<bool> {
    // the key is kept as a salted hash only, so the whole content may stand in it; what one gave is not decided with what another gave
    let ReviewMeta { form, rule, id, source, collection, .. } = meta;
    let key = format!("exchange/review/{form}/{rule}/{id}/{source}/{collection}/{}", String::from_utf8_lossy(body));
    Ok(tx.append(Draft::new(event::REVIEW, meta)?.body(body).key(key))?.new)
}

/// What lies in review, oldest first, at most `limit` after the event `after`.
pub fn list(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Item>> {
    let sql = "SELECT idx, known, file, place, id, rule, reason, form, source FROM @review WHERE idx > $1 AND decided = 0 ORDER BY idx LIMIT $2";
    tx.all(sql, &[after.into(), limit.into()], |r| Item {
        index: r.int(0),
        known: r.micros(1),
        file: r.text(2).to_owned(),
        place: r.text(3).to_owned(),
        id: r.text(4).to_owned(),
        rule: r.text(5).to_owned(),
        reason: r.text(6).to_owned(),
        form: r.text(7).to_owned(),
        source: r.text(8).to_owned(),
    })
}

/// What somebody decides on one item.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The event of the item.
    pub item: i64,
    /// Why, in one line.
    pub reason: &'a str,
    /// Who decides.
    pub by: &'a str,
}

/// What is known of an item that lies in review.
pub fn item(tx: &mut Tx<'_>, item: i64) -> Result<Item> {
    let event = find(tx, item)?;
    let one = list(tx, event.index - 1, 1)?.pop();
    one.ok_or_else(|| Error::Integrity(format!("item {item} stands in no list")))
}

/// The bytes of an item.
pub fn body(tx: &mut Tx<'_>, item: i64) -> Result<Vec<u8>> {
    Ok(find(tx, item)?.body().to_vec())
}

/// Admits a STIX object as if its giver were bound to its creator; all other rules hold. To be called within `write_applied`.
pub fn accept(tx: &mut Tx<'_>, decision: &Decision<'_>) -> Result<()> {
    let event = find(tx, decision.item)?;
    let meta: ReviewMeta = event.meta()?;
    if meta.form != "stix" || meta.collection.is_empty() {
        let reason =
            format!("item {} is a document of form {}, which only its source can mend", event.index, meta.form);
        return Err(Error::refused("review-form", reason, "import it again once mended, and drop the item"));
    }
    let (file, collection, source) = (&meta.file, &meta.collection, &meta.source);
    let origin = Origin { file, collection, source, tlp: meta.tlp, by: &meta.by, sees: Sees::All, hops: meta.hops };
    match admit::vouched(tx, event.body(), &origin)? {
        Outcome::Accepted | Outcome::Unchanged => decided(tx, decision, true),
        Outcome::Refused(_) | Outcome::Review(_) if stands_beside(tx, &meta, event.body())? => {
            decided(tx, decision, true)
        }
        Outcome::Refused(fault) | Outcome::Review(fault) => Err(Error::refused(
            "review-not-admitted",
            format!("item {} contradicts what is held: {fault}", event.index),
            "drop it; whoever gave it may give it as a later version",
        )),
    }
}

/// Whether what lies in review is held beside what it contradicts, for those who may not see that: to accept it is to know of it.
fn stands_beside(tx: &mut Tx<'_>, meta: &ReviewMeta, bytes: &[u8]) -> Result<bool> {
    let home = rights::home(tx)?;
    let giver = facet::giver_of(&meta.source, &home);
    for one in versions::held(tx, &[&meta.id])?.into_values().flatten() {
        let same = one.giver.as_deref() == giver && one.line != 0;
        if same && tx.body(one.object)?.is_some_and(|body| stix::jcs::equal(&body, bytes)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Leaves an item without effect for good.
pub fn drop_item(tx: &mut Tx<'_>, decision: &Decision<'_>) -> Result<()> {
    find(tx, decision.item)?;
    decided(tx, decision, false)
}

fn find(tx: &mut Tx<'_>, item: i64) -> Result<Event> {
    let stands = tx.one("SELECT 1 FROM @review WHERE idx = $1 AND decided = 0", &[item.into()], |_| ())?.is_some();
    match tx.event(item)?.filter(|_| stands) {
        Some(event) => Ok(event),
        None => Err(Error::refused(
            "review-unknown",
            format!("no item {item} lies in review"),
            "`review list` has the numbers of those that do",
        )),
    }
}

fn decided(tx: &mut Tx<'_>, decision: &Decision<'_>, accepted: bool) -> Result<()> {
    line::reason(decision.reason, "review-reason", "say with --reason why")?;
    let (item, reason, by) = (decision.item, decision.reason.trim().to_owned(), decision.by.to_owned());
    tx.append(Draft::new(event::REVIEWED, &ReviewedMeta { item, accepted, reason, by })?).map(drop)
}

pub(crate) fn fold_reviewed(tx: &mut Tx<'_>, meta: &ReviewedMeta) -> Result<()> {
    // the row stays: a purge finds the bytes by it
    tx.run("UPDATE @review SET decided = 1 WHERE idx = $1", &[meta.item.into()]).map(drop)
}

/// How much lies in review.
pub fn count(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.one("SELECT count(*) FROM @review WHERE decided = 0", &[], |r| r.int(0))?.unwrap_or(0))
}

pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event, meta: &ReviewMeta) -> Result<()> {
    tx.run(
        "INSERT INTO @review (idx, known, file, place, id, rule, reason, form, source, decided) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
        &[
            event.index.into(),
            event.known.into(),
            (&meta.file).into(),
            (&meta.place).into(),
            (&meta.id).into(),
            (&meta.rule).into(),
            (&meta.reason).into(),
            (&meta.form).into(),
            (&meta.source).into(),
        ],
    )
    .map(drop)
}
