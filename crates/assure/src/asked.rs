//! Facts from asks: a message that left is advice delivered, until it comes back; an answer is a claim with its evidence; a
//! closing by data is a confirmation. What an ask is and who may answer it is decided elsewhere.
use ledger::{Event, Result, Tx, Value};
use serde::Deserialize;

use crate::received::Batch;
use crate::stage::valid;

/// What all events of an ask say.
#[derive(Deserialize)]
struct Meta {
    ask: String,
    party: String,
    addressee: String,
    country: Option<String>,
    #[serde(default)]
    vulnerabilities: Vec<String>,
    #[serde(default)]
    message_id: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    evidence: String,
    #[serde(default)]
    claimant: String,
    #[serde(default)]
    source: String,
}

pub(crate) fn sent(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let m: Meta = event.meta()?;
    for vulnerability in &m.vulnerabilities {
        let args: [Value<'_>; 9] = [
            event.index.into(),
            vulnerability.into(),
            (&m.message_id).into(),
            (&m.ask).into(),
            (&m.party).into(),
            (&m.addressee).into(),
            (&m.country).into(),
            valid(event).into(),
            event.known.into(),
        ];
        tx.run(
            "INSERT INTO @fact_delivery (idx, vulnerability, message, ask, party, addressee, country, valid, known) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (idx, vulnerability) DO NOTHING",
            &args,
        )?;
    }
    Ok(())
}

pub(crate) fn bounced(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let m: Meta = event.meta()?;
    let args: [Value<'_>; 4] = [event.index.into(), (&m.message_id).into(), valid(event).into(), event.known.into()];
    tx.run("INSERT INTO @fact_bounce (idx, message, valid, known) VALUES ($1, $2, $3, $4)", &args)?;
    Ok(())
}

/// An answer reaches every exposure of the party to these vulnerabilities; what it is worth stands in its evidence.
pub(crate) fn answered(tx: &mut Tx<'_>, event: &Event, batch: &mut Batch) -> Result<()> {
    let m: Meta = event.meta()?;
    let claimant = if m.claimant.is_empty() { &m.addressee } else { &m.claimant };
    // E0 is our own note of somebody's word; everything else came in.
    if m.evidence != "E0" {
        for vulnerability in &m.vulnerabilities {
            batch.inbound(event, claimant, vulnerability, &m.evidence);
        }
    }
    // "not ours" disputes the addressee, not the exposure; the other answers mitigate nothing yet.
    let verdict = match m.answer.as_str() {
        "fixed" => "fixed",
        "mitigated" => "mitigated",
        "not-affected" => "not_affected",
        _ => return Ok(()),
    };
    claim(tx, event, &m, verdict, &m.evidence, claimant)
}

/// The data of somebody no longer shows it.
pub(crate) fn closed(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let m: Meta = event.meta()?;
    if m.evidence.as_str() < "E2" {
        return Ok(());
    }
    claim(tx, event, &m, "confirmed", &m.evidence, &m.source)
}

fn claim(tx: &mut Tx<'_>, event: &Event, m: &Meta, verdict: &str, evidence: &str, by: &str) -> Result<()> {
    for vulnerability in &m.vulnerabilities {
        let args: [Value<'_>; 9] = [
            event.index.into(),
            vulnerability.into(),
            (&m.party).into(),
            (&m.country).into(),
            verdict.into(),
            evidence.into(),
            by.into(),
            valid(event).into(),
            event.known.into(),
        ];
        tx.run(
            "INSERT INTO @fact_claim (idx, vulnerability, party, country, verdict, evidence, by_whom, valid, known) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (idx, vulnerability) DO NOTHING",
            &args,
        )?;
    }
    Ok(())
}
