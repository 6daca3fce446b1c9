//! The endpoints that write (TAXII 2.1 sections 5.5 and 5.7).

use axum::http::StatusCode;
use exchange::admit::{self, Origin, Outcome, Sees, Told};
use exchange::disclosed::{self, ReceivedMeta};
use exchange::event::{self, WithdrawnMeta};
use exchange::page::{self, Query, Versions};
use ledger::{Draft, Micros, Tx};
use serde::Serialize;
use stix::bundle::{self, Container, Split};
use stix::scan::Limits;

use super::wire::{Answer, Problem};
use super::{Call, Door, filter};

/// A status is kept so long; the standard asks for 24 hours.
pub(super) const STATUS_KEPT: i64 = 7 * Micros::DAY;

/// Objects of one envelope: each has its line in the status, and memory is bounded though an object may be two bytes long.
const OBJECTS_MAX: usize = 100_000;

#[derive(Serialize)]
struct StatusResource<'a> {
    id: &'a str,
    status: &'static str,
    request_timestamp: String,
    total_count: usize,
    success_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successes: Vec<Detail<'a>>,
    failure_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Detail<'a>>,
    pending_count: usize,
}

#[derive(Serialize)]
struct Detail<'a> {
    id: &'a str,
    version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

/// Section 5.5: objects are given to a collection. All is decided before the answer, so a status is complete from the start.
pub(super) fn post(call: &Call, id: &str) -> Result<Answer, Problem> {
    let door = must_write(call.ledger().read(|tx| call.door(tx, id))?)?;
    call.must_be_fresh()?;
    let split = envelope(&call.body)?;
    let source = format!("taxii:{}", call.person.org);
    let file = format!("POST {}", call.path);
    let origin = Origin {
        file: &file,
        collection: &door.id,
        source: &source,
        tlp: None,
        by: &call.person.name,
        sees: if call.person.sees_all() { Sees::All } else { Sees::View(door.view) },
        hops: None,
    };
    let mut body = Vec::new();
    admit::take(call.ledger(), &split, &origin, &mut |tx, told| {
        body = keep_status(tx, call, &door.id, told)?;
        Ok(())
    })?;
    Ok(Answer::bytes(body).status(StatusCode::ACCEPTED))
}

/// Section 3.7: an envelope; a bundle is taken for one, since many clients send it.
fn envelope(body: &[u8]) -> Result<Split<'_>, Problem> {
    match bundle::split(body, &Limits { items: OBJECTS_MAX, ..Limits::default() }) {
        Ok(split) if split.container == Container::Single => {
            Err(Problem::unprocessable("an object by itself is no envelope: send {\"objects\": [...]}"))
        }
        Ok(split) => Ok(split),
        Err(fault) => Err(Problem::unprocessable(fault.to_string())),
    }
}

/// Keeps the status resource with what it tells of, in one unit, and gives its bytes.
fn keep_status(tx: &mut Tx<'_>, call: &Call, collection: &str, told: &[&Told<'_>]) -> ledger::Result<Vec<u8>> {
    let now = tx.now();
    let mut bytes = [0; 16];
    tx.random(&mut bytes);
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid().to_string();
    let (mut successes, mut failures) = (Vec::new(), Vec::new());
    for one in told {
        let (good, detail) = detail(one, now);
        if good { successes.push(detail) } else { failures.push(detail) }
    }
    let status = StatusResource {
        id: &id,
        status: "complete",
        request_timestamp: now.to_string(),
        total_count: told.len(),
        success_count: successes.len(),
        successes,
        failure_count: failures.len(),
        failures,
        pending_count: 0,
    };
    if !call.person.is_operator {
        let mut salt = [0; 32];
        tx.random(&mut salt);
        let meta = ReceivedMeta {
            org: call.person.org.clone(),
            person: call.person.name.clone(),
            collection: collection.to_owned(),
            status: id.clone(),
            total: told.len(),
            success: status.success_count,
            digest: disclosed::digest(&salt, &call.body),
            salt: ledger::checkpoint::base64(&salt),
        };
        tx.append(Draft::new(disclosed::RECEIVED, &meta)?)?;
    }
    let body = serde_json::to_vec(&status).map_err(|e| ledger::Error::Engine(e.to_string()))?;
    tx.run("DELETE FROM taxii_status WHERE created < $1", &[Micros(now.0 - STATUS_KEPT).into()])?;
    let sql = "INSERT INTO taxii_status (id, person, created, body) VALUES ($1, $2, $3, $4)";
    tx.run(sql, &[(&id).into(), (&call.person.name).into(), now.into(), (&body).into()])?;
    Ok(body)
}

/// Whether it went well as far as the submitter may know, and what they are told.
fn detail<'a>(told: &'a Told<'_>, now: Micros) -> (bool, Detail<'a>) {
    let (good, message) = match &told.outcome {
        Outcome::Accepted | Outcome::Unchanged => (true, String::new()),
        Outcome::Refused(fault) | Outcome::Review(fault) => (false, fault.to_string()),
    };
    let id = if told.id.is_empty() { &told.place } else { &told.id };
    (good, Detail { id, version: told.version.clone().unwrap_or_else(|| now.to_string()), message })
}

/// Section 5.7: versions of an object leave a collection, all of them where none is named. The views record it.
pub(super) fn delete(call: &Call, id: &str, object: &str) -> Result<Answer, Problem> {
    let mut parameters = filter::parse(&call.query, filter::OF_OBJECT)?;
    if !parameters.names_versions {
        parameters.query.versions = Versions { all: true, ..Versions::default() };
    }
    let query = Query { ids: vec![object.to_owned()], limit: 0, after: None, ..parameters.query };
    let done = call.ledger().write(|tx| {
        // section 5.7, table of rights: neither is 404, one of the two is 403
        let Some(door) = call.door(tx, id)? else { return Ok(Err(Problem::not_found())) };
        if let Err(busy) = call.must_be_fresh() {
            return Ok(Err(busy));
        }
        let (Some(view), true) = (door.view, door.can_write) else {
            return Ok(Err(Problem::forbidden("deleting takes the right to read and the right to write")));
        };
        let objects = page::events(tx, view, &query)?;
        if objects.is_empty() {
            return Ok(Err(Problem::not_found()));
        }
        let meta = WithdrawnMeta { collection: door.collection.id, objects, by: call.person.name.clone() };
        tx.append(Draft::new(event::WITHDRAWN, &meta)?)?;
        Ok(Ok(()))
    })?;
    done?;
    call.ledger().catch_up()?;
    Ok(Answer::bytes(Vec::new()))
}

/// Who may not write hears 403 where they may read, else 404 (section 5.5).
pub(super) fn must_write(door: Option<Door>) -> Result<WriteDoor, Problem> {
    match door {
        Some(door) if door.can_write => Ok(WriteDoor { id: door.collection.id, view: door.view }),
        Some(_) => Err(Problem::forbidden("this account may not write to this collection")),
        None => Err(Problem::not_found()),
    }
}

/// A collection that may be written to.
pub(super) struct WriteDoor {
    id: String,
    view: Option<i64>,
}
