//! What a person must decide: kept whole, without effect. Nothing that could not be matched or admitted is dropped in silence.
use crate::event::{self, ReviewMeta};
use ledger::{Draft, Event, Micros, Result, Tx};

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
}

/// Puts something in review. False where the same thing lies there already, by the same rule.
pub fn put(tx: &mut Tx<'_>, meta: &ReviewMeta, body: &[u8]) -> Result<bool> {
    // the key is kept as a salted hash only, so the whole content may stand in it
    let key = format!("exchange/review/{}/{}/{}/{}", meta.form, meta.rule, meta.id, String::from_utf8_lossy(body));
    Ok(tx.append(Draft::new(event::REVIEW, meta)?.body(body).key(key))?.new)
}

/// What lies in review, oldest first, at most `limit` after the event `after`.
pub fn list(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Item>> {
    let sql =
        "SELECT idx, known, file, place, id, rule, reason, form FROM @review WHERE idx > $1 ORDER BY idx LIMIT $2";
    tx.all(sql, &[after.into(), limit.into()], |r| Item {
        index: r.int(0),
        known: r.micros(1),
        file: r.text(2).to_owned(),
        place: r.text(3).to_owned(),
        id: r.text(4).to_owned(),
        rule: r.text(5).to_owned(),
        reason: r.text(6).to_owned(),
        form: r.text(7).to_owned(),
    })
}

/// How much lies in review.
pub fn count(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.one("SELECT count(*) FROM @review", &[], |r| r.int(0))?.unwrap_or(0))
}

pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event, meta: &ReviewMeta) -> Result<()> {
    tx.run(
        "INSERT INTO @review (idx, known, file, place, id, rule, reason, form) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            event.index.into(),
            event.known.into(),
            (&meta.file).into(),
            (&meta.place).into(),
            (&meta.id).into(),
            (&meta.rule).into(),
            (&meta.reason).into(),
            (&meta.form).into(),
        ],
    )
    .map(drop)
}
