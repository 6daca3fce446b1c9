//! The fold of reviews: every act by review, in order. What they come to is worked out when one is read: a review has some hundred.
use ledger::{Event, Result, Tx};
use serde::Deserialize;

#[derive(Deserialize)]
struct Of {
    review: String,
    #[serde(default)]
    org: String,
}

pub(crate) fn act(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let of: Of = event.meta()?;
    let meta = event.payload.as_ref().map(|p| String::from_utf8_lossy(p.meta()).into_owned()).unwrap_or_default();
    let sql = "INSERT INTO @plan_review (idx, review, kind, org, known, meta) VALUES ($1, $2, $3, $4, $5, $6)";
    let args = [
        event.index.into(),
        (&of.review).into(),
        (&event.kind).into(),
        (&of.org).into(),
        event.known.into(),
        (&meta).into(),
    ];
    tx.run(sql, &args).map(drop)
}
