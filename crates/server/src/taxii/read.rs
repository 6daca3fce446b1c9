//! The endpoints that read (TAXII 2.1 sections 4 and 5).

use exchange::collection::{DEFAULT, DEFAULT_ROOT};
use exchange::page::{self, Bounds, Line, Query, Versions};
use ledger::{Micros, Tx};
use serde::Serialize;

use super::filter::{self, Parameters};
use super::stream;
use super::token::Sealer;
use super::wire::{Answer, Problem, TAXII};
use super::write::STATUS_KEPT;
use super::{CONTENT_MAX, Call, Door};

const STIX: &str = "application/stix+json;version=2.1";

/// Section 4.1: `GET /taxii2/`.
pub(super) fn discovery(call: &Call) -> Result<Answer, Problem> {
    #[derive(Serialize)]
    struct Discovery {
        title: String,
        description: &'static str,
        default: String,
        api_roots: Vec<String>,
    }
    let path = |root: &str| format!("/taxii2/{root}/");
    let api_roots = call.ledger().read(|tx| call.roots(tx))?.iter().map(|root| path(root)).collect();
    let title = home_name(call)?;
    Answer::json(&Discovery {
        title,
        description: "Threat information shared by this hub",
        default: path(DEFAULT_ROOT),
        api_roots,
    })
}

/// Section 4.2: one API root. The roots of a hub differ in their collections alone.
pub(super) fn root(call: &Call) -> Result<Answer, Problem> {
    #[derive(Serialize)]
    struct Root {
        title: String,
        versions: [&'static str; 1],
        max_content_length: usize,
    }
    Answer::json(&Root { title: home_name(call)?, versions: [TAXII], max_content_length: CONTENT_MAX })
}

fn home_name(call: &Call) -> Result<String, Problem> {
    let home = call.state.home();
    let card = call.ledger().read(|tx| partners::org::find(tx, home))?;
    Ok(card.map_or_else(|| home.to_owned(), |card| card.name))
}

/// Section 4.3: a status is for whoever made the request. Its time ends by the clock: the rows go when somebody gives something, which
/// nobody else may tell from it.
pub(super) fn status(call: &Call, id: &str) -> Result<Answer, Problem> {
    let sql = "SELECT body FROM taxii_status WHERE id = $1 AND person = $2 AND created >= $3";
    let body = call.ledger().read(|tx| {
        let since = Micros(tx.now().0 - STATUS_KEPT);
        tx.one(sql, &[id.into(), (&call.person.name).into(), since.into()], |r| r.blob(0).to_vec())
    })?;
    body.map(Answer::bytes).ok_or_else(Problem::not_found)
}

#[derive(Serialize)]
struct CollectionResource<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    can_read: bool,
    can_write: bool,
    media_types: [&'static str; 1],
}

impl<'a> From<&'a Door> for CollectionResource<'a> {
    fn from(door: &'a Door) -> Self {
        CollectionResource {
            id: &door.collection.id,
            title: &door.collection.title,
            alias: (door.collection.title == DEFAULT).then_some(DEFAULT),
            can_read: door.view.is_some(),
            can_write: door.can_write,
            media_types: [STIX],
        }
    }
}

/// Section 5.1: what this person may read or write, by id; an empty list is left out.
pub(super) fn collections(call: &Call) -> Result<Answer, Problem> {
    #[derive(Serialize)]
    struct Collections<'a> {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        collections: Vec<CollectionResource<'a>>,
    }
    let doors = call.ledger().read(|tx| call.doors(tx))?;
    Answer::json(&Collections { collections: doors.iter().map(CollectionResource::from).collect() })
}

/// Section 5.2.
pub(super) fn collection(call: &Call, id: &str) -> Result<Answer, Problem> {
    let door = call.ledger().read(|tx| call.door(tx, id))?.ok_or_else(Problem::not_found)?;
    Answer::json(&CollectionResource::from(&door))
}

/// Section 5.4: the objects of a collection.
pub(super) fn objects(call: &Call, id: &str) -> Result<Answer, Problem> {
    envelope(call, &Range { collection: id, object: None, endpoint: "objects", fields: filter::ALL })
}

/// Section 5.6: one object, in the versions asked for. Few bytes, so they are read at once.
pub(super) fn object(call: &Call, id: &str, object: &str) -> Result<Answer, Problem> {
    let range = Range { collection: id, object: Some(object), endpoint: "object", fields: filter::OF_OBJECT };
    call.state.recorder.prepare(call.ledger(), &call.person)?;
    let mut events = Vec::new();
    range.read(call, |tx, door, view, query, seal| {
        let mut body = HEAD.to_vec();
        let bounds = page::given(tx, view, query, &mut body, &mut events)?;
        if bounds.count == 0 {
            return Ok(range.must_be_held(tx, view)?.map(|()| Answer::bytes(EMPTY.to_vec())));
        }
        Ok(leave(call, tx, door, &events).and_then(|()| tail(&bounds, seal)).map(|tail| {
            body.extend_from_slice(tail.as_bytes());
            Answer::bytes(body).dates(bounds)
        }))
    })
}

/// How an envelope begins.
const HEAD: &[u8] = b"{\"objects\":[";
/// Section 1.6.8: lists are never empty; the key is left out.
const EMPTY: &[u8] = b"{}";

/// How an envelope ends.
fn tail(bounds: &Bounds, seal: &Seal<'_>) -> Result<String, Problem> {
    Ok(match seal(bounds)? {
        Some(next) => format!("],\"more\":true,\"next\":\"{next}\"}}"),
        None => "]}".to_owned(),
    })
}

/// What leaves is on record before it does.
fn leave(call: &Call, tx: &Tx<'_>, door: &Door, events: &[i64]) -> Result<(), Problem> {
    if call.is_head() {
        // nothing of it leaves
        return Ok(());
    }
    match call.state.recorder.note(&call.person, &door.collection.id, "taxii", events, tx.now()) {
        true => Ok(()),
        false => Err(Problem::busy()),
    }
}

/// The page is outlined first, so that its dates, its end and its length are known; then its bytes go out as they are held.
fn envelope(call: &Call, range: &Range<'_>) -> Result<Answer, Problem> {
    call.state.recorder.prepare(call.ledger(), &call.person)?;
    let mut events = Vec::new();
    range.read(call, |tx, door, view, query, seal| {
        let (bounds, bytes) = page::outline(tx, view, query, &mut events)?;
        if bounds.count == 0 {
            return Ok(Ok(Answer::bytes(EMPTY.to_vec())));
        }
        let tail = match leave(call, tx, door, &events).and_then(|()| tail(&bounds, seal)) {
            Ok(tail) => tail,
            Err(problem) => return Ok(Err(problem)),
        };
        let query = Query { limit: bounds.count, ..query.clone() };
        let length = HEAD.len() + bytes + bounds.count - 1 + tail.len();
        if length <= stream::CHUNK {
            let mut body = Vec::with_capacity(length);
            body.extend_from_slice(HEAD);
            page::objects(tx, view, &query, &mut body)?;
            body.extend_from_slice(tail.as_bytes());
            return Ok(Ok(Answer::bytes(body).dates(bounds)));
        }
        let (mut pen, body) = stream::open(length);
        if !call.answer_now(Answer::body(body).dates(bounds)) {
            return Ok(Err(Problem::busy()));
        }
        pen.write(HEAD);
        let mut first = true;
        page::bodies(tx, view, &query, &mut |body| {
            let comma = std::mem::take(&mut first) || pen.write(b",");
            comma && pen.write(body)
        })?;
        pen.write(tail.as_bytes());
        pen.close();
        Ok(Ok(Answer::bytes(Vec::new())))
    })
}

/// Section 5.3: the manifest. `next` is given here too (errata cti-taxii2 110).
pub(super) fn manifest(call: &Call, id: &str) -> Result<Answer, Problem> {
    #[derive(Serialize)]
    struct Manifest {
        #[serde(flatten)]
        page: PageResource,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        objects: Vec<Record>,
    }
    #[derive(Serialize)]
    struct Record {
        id: String,
        date_added: String,
        version: String,
        media_type: String,
    }
    let range = Range { collection: id, object: None, endpoint: "manifest", fields: filter::ALL };
    let (lines, bounds, next) = range.lines(call, |query| query.clone())?;
    let record = |line: Line| Record {
        version: version_of(&line),
        date_added: line.added.to_string(),
        media_type: format!("application/stix+json;version={}", line.spec),
        id: line.id,
    };
    let objects = lines.into_iter().map(record).collect();
    Ok(Answer::json(&Manifest { page: PageResource::from(next), objects })?.dates(bounds))
}

/// Section 5.8: the versions of one object.
pub(super) fn versions(call: &Call, id: &str, object: &str) -> Result<Answer, Problem> {
    #[derive(Serialize)]
    struct VersionsResource {
        #[serde(flatten)]
        page: PageResource,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        versions: Vec<String>,
    }
    let range = Range { collection: id, object: Some(object), endpoint: "versions", fields: filter::OF_VERSIONS };
    let all = Versions { all: true, ..Versions::default() };
    let (lines, bounds, next) = range.lines(call, |query| Query { versions: all.clone(), ..query.clone() })?;
    let versions = lines.iter().map(version_of).collect();
    Ok(Answer::json(&VersionsResource { page: PageResource::from(next), versions })?.dates(bounds))
}

#[derive(Serialize)]
struct PageResource {
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<Option<String>> for PageResource {
    fn from(next: Option<String>) -> Self {
        PageResource { more: next.is_some().then_some(true), next }
    }
}

/// An object without a version has the date it was added (section 3.4.1: a value consistent within the server).
fn version_of(line: &Line) -> String {
    line.version.clone().unwrap_or_else(|| line.added.to_string())
}

/// A range of a collection, or of one object in it.
struct Range<'a> {
    collection: &'a str,
    object: Option<&'a str>,
    endpoint: &'a str,
    fields: &'a [&'a str],
}

/// Seals where a page ended, where there is more after it.
type Seal<'s> = dyn Fn(&Bounds) -> Result<Option<String>, Problem> + 's;

impl Range<'_> {
    /// The lines of a page, and the sealed place at which it ended.
    fn lines(
        &self,
        call: &Call,
        asked: impl Fn(&Query) -> Query,
    ) -> Result<(Vec<Line>, Bounds, Option<String>), Problem> {
        self.read(call, |tx, _, view, query, seal| {
            let (lines, bounds) = page::manifest(tx, view, &asked(query))?;
            if lines.is_empty()
                && let Err(problem) = self.must_be_held(tx, view)?
            {
                return Ok(Err(problem));
            }
            Ok(seal(&bounds).map(|next| (lines, bounds, next)))
        })
    }

    /// Reads a page of it, on one snapshot.
    fn read<T>(
        &self,
        call: &Call,
        mut page: impl FnMut(&mut Tx<'_>, &Door, i64, &Query, &Seal<'_>) -> ledger::Result<Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let ledger = call.ledger();
        let sealer = Sealer::of(ledger)?;
        let Parameters { mut query, next, bound_to, .. } = filter::parse(&call.query, self.fields)?;
        query.ids.extend(self.object.map(str::to_owned));
        ledger.read(|tx| {
            let Some(door) = call.door(tx, self.collection)? else { return Ok(Err(Problem::not_found())) };
            let Some(view) = door.view else {
                return Ok(Err(Problem::forbidden("this account may not read this collection")));
            };
            let bound_to = format!(
                "{}\n{}\n{}\n{}\n{bound_to}",
                call.person.name,
                door.collection.id,
                self.endpoint,
                self.object.unwrap_or("")
            );
            let mut query = query.clone();
            if let Some(next) = &next {
                match sealer.open(&bound_to, next) {
                    Ok(after) => query.after = query.after.max(Some(after)),
                    Err(problem) => return Ok(Err(problem)),
                }
            }
            let seal = |bounds: &Bounds| {
                let sealed = || sealer.seal(&*ledger.env().entropy, &bound_to, bounds.last);
                bounds.more.then(sealed).transpose()
            };
            page(tx, &door, view, &query, &seal)
        })?
    }

    /// Of an object of which nothing was found: whether the view holds another version of it. If not, there is no such object.
    fn must_be_held(&self, tx: &mut Tx<'_>, view: i64) -> ledger::Result<Result<(), Problem>> {
        let gone =
            self.object.map(|object| page::held(tx, view, object)).transpose()?.is_some_and(|held| held.is_empty());
        Ok(if gone { Err(Problem::not_found()) } else { Ok(()) })
    }
}
