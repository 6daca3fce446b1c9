//! The originator's consent that an object goes on to an organisation: recorded by a person here, with how that is known.
//!
//! It opens originator control and a cap for a partner's law, and nothing else: labels, audiences and rights stand.
use crate::event::{self, ConsentMeta};
use crate::facet::{self, Which};
use ledger::{Draft, Error, Micros, Result, Tx, line};

/// Records that an object, in all its versions, may go to an organisation, or no longer. Gives false where that stands already.
pub fn record(tx: &mut Tx<'_>, meta: &ConsentMeta) -> Result<bool> {
    line::reason(&meta.reason, "consent-reason", "say with --reason how the consent is known")?;
    if tx.one("SELECT 1 FROM @stix_object WHERE id = $1 LIMIT 1", &[(&meta.id).into()], |_| ())?.is_none() {
        let said = format!("no object {} is held", meta.id);
        return Err(Error::refused("object-unknown", said, "give the id of a STIX object that was imported"));
    }
    if partners::org::find(tx, &meta.org)?.is_none() {
        let said = format!("no partner {} is known", meta.org);
        return Err(Error::refused("org-unknown", said, "import it in a partners table first"));
    }
    let sql = "SELECT 1 FROM @consent WHERE id = $1 AND org = $2";
    let stands = tx.one(sql, &[(&meta.id).into(), (&meta.org).into()], |_| ())?.is_some();
    if stands == meta.given {
        return Ok(false);
    }
    tx.append(Draft::new(event::CONSENT, meta)?)?;
    Ok(true)
}

pub(crate) fn fold(tx: &mut Tx<'_>, known: Micros, meta: &ConsentMeta) -> Result<()> {
    let sql = match meta.given {
        true => "INSERT INTO @consent (id, org) VALUES ($1, $2) ON CONFLICT (id, org) DO NOTHING",
        false => "DELETE FROM @consent WHERE id = $1 AND org = $2",
    };
    tx.run(sql, &[(&meta.id).into(), (&meta.org).into()])?;
    facet::again(tx, known, &Which::Id(&meta.id))
}
