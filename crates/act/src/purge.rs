//! Purge, as people do it (DESIGN, "The ledger"): one proposes with a reason, a second one of the operator's own lets it go; what is held of
//! the matter is erased through store, tables, views, search, waiting mail and files; everybody who was shown it is asked to destroy
//! it too, and their answer, or their silence, stands beside. Which entries hold a matter is asked of each stage here; erasing is the
//! ledger's.
//!
//! Beyond reach, and said so by [`Report::beyond`]: mail that left, files of mail in folders, exports, snapshots, replicas, what partners
//! hold. Backups are purged with the list that `ledger purge export` writes.
use crate::ask::{Evidence, Step, next};
use crate::events::{AnsweredMeta, AskMeta, ClosedMeta};
use crate::plan::Planned;
use crate::query::{self, Filter};
use crate::receipt;
use exchange::disclosed::{RECEIVED, ReceivedMeta};
use exchange::purge::Matter;
use ledger::purge::{Erasure, Order, Scrubbed};
use ledger::{Draft, Error, Event, Ledger, Micros, Payload, Result, Tx, line};
use partners::Person;
use partners::may::Verb;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

pub mod list;

/// `act.purge_proposed`.
pub const PURGE_PROPOSED: &str = "act.purge_proposed";
/// `act.purge_rejected`: the second person said no, or the first took it back.
pub const PURGE_REJECTED: &str = "act.purge_rejected";
/// `act.purged`: it was carried out; whom it was shown to is asked to do the same.
pub const PURGED: &str = "act.purged";
/// `act.purge_ended`: everything was folded anew without it.
pub const PURGE_ENDED: &str = "act.purge_ended";
/// `act.purge_answered`: what somebody who was asked says.
pub const PURGE_ANSWERED: &str = "act.purge_answered";

/// Hours after which silence counts.
const HOURS: i64 = 72;
/// Characters of a note.
const NOTE_MAX: usize = 1_000;

/// What is to be purged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A STIX object, all its versions or one.
    Object {
        /// Its `id`.
        id: String,
        /// Its version as written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    /// A document of another form, by its own id.
    Document(String),
    /// One event.
    Event(i64),
    /// All that an organisation gave: return or destroy at the end of an agreement.
    Org(String),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Object { id, version: Some(version) } => write!(f, "object {id} version {version}"),
            Target::Object { id, version: None } => write!(f, "object {id}"),
            Target::Document(id) => write!(f, "document {id}"),
            Target::Event(index) => write!(f, "event {index}"),
            Target::Org(org) => write!(f, "all that {org} gave"),
        }
    }
}

/// Meta of [`PURGE_PROPOSED`] and [`PURGE_REJECTED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedMeta {
    /// Its name.
    pub purge: String,
    /// What.
    pub target: Target,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: String,
}

/// Meta of [`PURGED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgedMeta {
    /// Its name.
    pub purge: String,
    /// The two people.
    pub by: Vec<String>,
    /// Entries erased.
    pub entries: usize,
    /// Who is asked to destroy it.
    pub receivers: Vec<Receiver>,
}

/// Meta of [`PURGE_ENDED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedMeta {
    /// Its name.
    pub purge: String,
}

/// Somebody who was shown what is purged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Key of the organisation.
    pub org: String,
    /// What it was shown: id and version.
    pub objects: Vec<(String, String)>,
    /// Asks to it that told of it, by reference.
    pub asks: Vec<String>,
}

/// Meta of [`PURGE_ANSWERED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeAnsweredMeta {
    /// Which.
    pub purge: String,
    /// Who says so.
    pub org: String,
    /// `destroyed`, `kept`, `never-had`.
    pub answer: String,
    /// In its own words.
    pub note: String,
    /// The account, or who recorded it.
    pub by: String,
}

/// The answers there are.
pub const ANSWERS: [&str; 3] = ["destroyed", "kept", "never-had"];

/// The derived tables of purges.
pub(crate) const SCHEMA: &str = "
CREATE TABLE @purge (purge {text} PRIMARY KEY, target {text} NOT NULL, reason {text} NOT NULL, by_whom {text} NOT NULL, state {text} NOT NULL,
  proposed {int} NOT NULL, decided {int}, second {text}, entries {int} NOT NULL);
CREATE TABLE @purge_request (purge {text} NOT NULL, org {text} NOT NULL, asked {int} NOT NULL, due {int} NOT NULL, objects {int} NOT NULL,
  answer {text}, note {text}, answered {int}, PRIMARY KEY (purge, org))";

/// Folds an event of this file.
pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    match event.kind.as_str() {
        PURGE_PROPOSED => {
            let m: ProposedMeta = event.meta()?;
            let target = serde_json::to_string(&m.target).map_err(|e| Error::park("meta-unreadable", e.to_string()))?;
            let sql = "INSERT INTO @purge (purge, target, reason, by_whom, state, proposed, entries) VALUES ($1, $2, $3, $4, 'proposed', $5, 0)";
            tx.run(sql, &[(&m.purge).into(), (&target).into(), (&m.reason).into(), (&m.by).into(), event.known.into()])
                .map(drop)
        }
        PURGE_REJECTED => {
            let m: ProposedMeta = event.meta()?;
            let sql = "UPDATE @purge SET state = 'rejected', decided = $2, second = $3 WHERE purge = $1";
            tx.run(sql, &[(&m.purge).into(), event.known.into(), (&m.by).into()]).map(drop)
        }
        PURGE_ENDED => {
            let m: EndedMeta = event.meta()?;
            tx.run("UPDATE @purge SET state = 'done' WHERE purge = $1", &[(&m.purge).into()]).map(drop)
        }
        PURGED => {
            let m: PurgedMeta = event.meta()?;
            let sql = "UPDATE @purge SET state = 'erased', decided = $2, second = $3, entries = $4 WHERE purge = $1";
            tx.run(
                sql,
                &[
                    (&m.purge).into(),
                    event.known.into(),
                    m.by.get(1).map(String::as_str).into(),
                    (m.entries as i64).into(),
                ],
            )?;
            for receiver in &m.receivers {
                let sql = "INSERT INTO @purge_request (purge, org, asked, due, objects) VALUES ($1, $2, $3, $4, $5)";
                let due = event.known.0 + HOURS * Micros::HOUR;
                let count = (receiver.objects.len() + receiver.asks.len()) as i64;
                tx.run(
                    sql,
                    &[(&m.purge).into(), (&receiver.org).into(), event.known.into(), due.into(), count.into()],
                )?;
            }
            Ok(())
        }
        _ => {
            let m: PurgeAnsweredMeta = event.meta()?;
            let sql = "UPDATE @purge_request SET answer = $3, note = $4, answered = $5 WHERE purge = $1 AND org = $2";
            tx.run(sql, &[(&m.purge).into(), (&m.org).into(), (&m.answer).into(), (&m.note).into(), event.known.into()])
                .map(drop)
        }
    }
}

/// A purge as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Purge {
    /// Its name.
    pub purge: String,
    /// What.
    pub target: Target,
    /// Why.
    pub reason: String,
    /// Who proposed it.
    pub by: String,
    /// `proposed`, `rejected`, `erased` (not everything is folded anew yet: approve it again), `done`.
    pub state: String,
    /// Who decided.
    pub second: Option<String>,
    /// Entries erased.
    pub entries: i64,
    /// Who was asked to do the same.
    pub requests: Vec<Request>,
}

/// A request to destroy, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Of which purge.
    pub purge: String,
    /// Of whom.
    pub org: String,
    /// `open`, `silent`, or the answer.
    pub state: String,
    /// How much it was shown.
    pub objects: i64,
    /// In its own words.
    pub note: String,
}

/// All purges, oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Purge>> {
    let sql = "SELECT purge, target, reason, by_whom, state, second, entries FROM @purge ORDER BY proposed, purge";
    let mut all = tx.all(sql, &[], |r| {
        let target = serde_json::from_str(r.text(1)).unwrap_or(Target::Event(-1));
        Purge {
            purge: r.text(0).to_owned(),
            target,
            reason: r.text(2).to_owned(),
            by: r.text(3).to_owned(),
            state: r.text(4).to_owned(),
            second: r.opt_text(5).map(str::to_owned),
            entries: r.int(6),
            requests: Vec::new(),
        }
    })?;
    let requests = requests(tx, None)?;
    for purge in &mut all {
        purge.requests = requests.iter().filter(|r| r.purge == purge.purge).cloned().collect();
    }
    Ok(all)
}

/// The requests to an organisation, or to all. One whose time ran out without a word is silent.
pub fn requests(tx: &mut Tx<'_>, org: Option<&str>) -> Result<Vec<Request>> {
    let now = tx.now();
    let sql = "SELECT purge, org, answer, note, due, objects FROM @purge_request ORDER BY asked, purge, org";
    let all = tx.all(sql, &[], |r| Request {
        purge: r.text(0).to_owned(),
        org: r.text(1).to_owned(),
        state: r.opt_text(2).unwrap_or(if r.micros(4) <= now { "silent" } else { "open" }).to_owned(),
        objects: r.int(5),
        note: r.opt_text(3).unwrap_or_default().to_owned(),
    })?;
    Ok(all.into_iter().filter(|r| org.is_none_or(|org| org == r.org)).collect())
}

fn must(tx: &mut Tx<'_>, name: &str) -> Result<Purge> {
    let found = list(tx)?.into_iter().find(|p| p.purge == name);
    found.ok_or_else(|| {
        Error::refused(
            "purge-unknown",
            format!("there is no purge {name}"),
            "`ledger purge list` shows those there are",
        )
    })
}

/// What a purge would do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Found {
    /// The entries: event and kind.
    pub entries: Vec<(i64, String)>,
    /// Objects and documents by name.
    pub names: Vec<String>,
    /// Who was shown it, and would be asked.
    pub receivers: Vec<Receiver>,
    /// Who could see it, without a record that it was shown.
    pub could_see: Vec<String>,
    #[serde(skip)]
    erasures: Vec<Erasure>,
    #[serde(skip)]
    advisories: BTreeSet<expose::purge::Gone>,
}

/// Kinds of event that may be named one by one.
const SINGLE: [&str; 8] = [
    "exchange.object",
    "exchange.document",
    "exchange.review",
    RECEIVED,
    "expose.inventory",
    "expose.answer",
    "act.contact",
    "act.answered",
];
/// Kinds of event that hold a document for a record: with what backs it, and in the proposal of that.
const DOCUMENTS: [&str; 2] = ["assure.backed", "assure.proposed"];

/// Looks for everything that holds a matter. Changes nothing.
pub fn look(tx: &mut Tx<'_>, target: &Target) -> Result<Found> {
    let mut sources = BTreeSet::new();
    let mut events = match target {
        Target::Object { id, version } => exchange::purge::events(tx, &Matter::Object(id, version.as_deref()))?,
        Target::Document(id) => exchange::purge::events(tx, &Matter::Document(id))?,
        Target::Event(index) => same_document(tx, *index)?,
        Target::Org(org) => {
            sources.insert(org.clone());
            let mut given = exchange::purge::events(tx, &Matter::Org(org))?;
            given.extend(expose::purge::given_by(tx, org)?);
            given.extend(documents(tx, &|_, of| of == org)?);
            given
        }
    };
    events.extend(envelopes(tx, &events)?);
    let mut found = Found::default();
    for index in &events {
        let Some(event) = tx.event(*index)?.filter(|e| e.payload.is_some()) else { continue };
        let is_single = SINGLE.iter().chain(&DOCUMENTS).any(|kind| *kind == event.kind);
        if matches!(target, Target::Event(_)) && !is_single {
            let why = format!("event {index} is of kind {}, which holds nothing that came from outside", event.kind);
            return Err(Error::refused("purge-kind", why, "name an object, a document or an organisation"));
        }
        if event.kind == "exchange.document" {
            found.advisories.extend(document(&event));
        }
        let remnant = remnant(tx, &event)?;
        found.erasures.push(Erasure { index: *index, remnant });
        found.entries.push((*index, event.kind));
    }
    found.names = names(tx, &events, &found.advisories)?;
    receivers(tx, &events, &mut found)?;
    consequences(tx, &sources, &mut found)?;
    if found.entries.is_empty() {
        return Err(Error::refused(
            "purge-nothing",
            format!("nothing is held of {target}"),
            "give the id as it was imported",
        ));
    }
    Ok(found)
}

#[derive(Deserialize)]
struct DocumentMeta {
    id: String,
    tlp: String,
}

fn document(event: &Event) -> Option<expose::purge::Gone> {
    let meta: DocumentMeta = serde_json::from_slice(event.payload.as_ref()?.meta()).ok()?;
    Some((meta.id, meta.tlp.parse().unwrap_or(Tlp::Red)))
}

/// Whether an ask rests on a document that goes: what is told under a lesser mark rests on another version of it.
fn rests_on(ask: &Planned, documents: &BTreeSet<expose::purge::Gone>) -> bool {
    documents.iter().any(|(id, tlp)| *id == ask.advisory && *tlp <= ask.rests_on())
}

/// An event, and where it holds a document for a record all others that hold the same.
fn same_document(tx: &mut Tx<'_>, index: i64) -> Result<BTreeSet<i64>> {
    let mut same = BTreeSet::from([index]);
    let is_document = |event: &Event| DOCUMENTS.contains(&event.kind.as_str());
    if tx.event(index)?.as_ref().is_some_and(is_document) {
        same.extend(documents(tx, &|other, _| other == index)?);
    }
    Ok(same)
}

/// The events that hold a document for a record, by their number and whose it is, and all others that hold the same: a document that goes stays nowhere.
fn documents(tx: &mut Tx<'_>, is_wanted: &dyn Fn(i64, &str) -> bool) -> Result<BTreeSet<i64>> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Of {
        org: String,
    }
    let (mut held, mut wanted) = (Vec::new(), BTreeSet::new());
    for kind in DOCUMENTS {
        // one after the other: together they may be more than fits
        for index in tx.all("SELECT idx FROM entry WHERE kind = $1 ORDER BY idx", &[kind.into()], |r| r.int(0))? {
            let Some(event) = tx.event(index)?.filter(|event| !event.body().is_empty()) else { continue };
            let digest = ledger::merkle::sha256(event.body());
            let of: Of = event.meta().unwrap_or_default();
            if is_wanted(index, &of.org) {
                wanted.insert(digest);
            }
            held.push((index, digest));
        }
    }
    Ok(held.into_iter().filter(|(_, digest)| wanted.contains(digest)).map(|(index, _)| index).collect())
}

/// What was said of the envelopes in which these objects came: with their salt, their content could be guessed.
fn envelopes(tx: &mut Tx<'_>, events: &BTreeSet<i64>) -> Result<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    for index in events {
        let Some(org) = exchange::purge::giver(tx, *index)? else { continue };
        // an envelope is recorded right after its objects
        let sql = "SELECT idx FROM @receipt WHERE org = $1 AND kind = 'received' AND idx > $2 ORDER BY n LIMIT 1";
        found.extend(tx.one(sql, &[(&org).into(), (*index).into()], |r| r.int(0))?);
    }
    Ok(found)
}

fn names(tx: &mut Tx<'_>, events: &BTreeSet<i64>, documents: &BTreeSet<expose::purge::Gone>) -> Result<Vec<String>> {
    let mut names: BTreeSet<String> = documents.iter().map(|(id, _)| id.clone()).collect();
    for index in events {
        let named = exchange::purge::named(tx, *index)?;
        names.extend(named.map(|(id, version)| format!("{id} {}", version.unwrap_or_default()).trim_end().to_owned()));
    }
    Ok(names.into_iter().collect())
}

/// Who was shown it: by the record of what left, and by the asks that told of it.
fn receivers(tx: &mut Tx<'_>, events: &BTreeSet<i64>, found: &mut Found) -> Result<()> {
    let mut by_org: BTreeMap<String, Receiver> = BTreeMap::new();
    let fresh = |org: &str| Receiver { org: org.to_owned(), objects: Vec::new(), asks: Vec::new() };
    for index in events {
        let Some((id, version)) = exchange::purge::named(tx, *index)? else { continue };
        for org in receipt::shown(tx, *index)?.into_keys() {
            let receiver = by_org.entry(org.clone()).or_insert_with(|| fresh(&org));
            receiver.objects.push((id.clone(), version.clone().unwrap_or_default()));
        }
    }
    for ask in query::asks(tx, &Filter::default())? {
        if rests_on(&ask.planned, &found.advisories) && ask.sent_at.is_some() {
            let org = ask.planned.addressee.clone();
            by_org.entry(org.clone()).or_insert_with(|| fresh(&org)).asks.push(ask.planned.ask);
        }
    }
    let could = exchange::purge::could_see(tx, events)?;
    found.could_see = could.into_iter().filter(|org| !by_org.contains_key(org)).collect();
    found.receivers = by_org.into_values().collect();
    Ok(())
}

/// What was made from it here: exposures and asks keep their place without its words.
fn consequences(tx: &mut Tx<'_>, sources: &BTreeSet<String>, found: &mut Found) -> Result<()> {
    for (index, remnant) in expose::purge::resting_on(tx, &found.advisories, sources)? {
        found.entries.push((index, "expose.changed".to_owned()));
        found.erasures.push(Erasure { index, remnant });
    }
    for ask in query::asks(tx, &Filter::default())? {
        if !rests_on(&ask.planned, &found.advisories) {
            continue;
        }
        let sql = "SELECT idx FROM @ask WHERE ask = $1";
        let Some(index) = tx.one(sql, &[(&ask.planned.ask).into()], |r| r.int(0))? else { continue };
        if let Some(event) = tx.event(index)?.filter(|e| e.payload.is_some()) {
            let remnant = remnant(tx, &event)?;
            found.entries.push((index, event.kind));
            found.erasures.push(Erasure { index, remnant });
        }
    }
    Ok(())
}

/// What stays in the place of an event: enough that the rest of the story holds, without its words.
fn remnant(tx: &mut Tx<'_>, event: &Event) -> Result<Option<Payload>> {
    let framed = |meta: serde_json::Result<String>| {
        meta.map(|meta| Some(Payload::new(&meta, b""))).map_err(|e| Error::Engine(e.to_string()))
    };
    match event.kind.as_str() {
        "act.ask" => {
            let mut meta: AskMeta = event.meta()?;
            let p = &mut meta.planned;
            p.title = "purged".to_owned();
            (p.fixes, p.why, p.subjects, p.methods) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            framed(serde_json::to_string(&meta))
        }
        "act.answered" => {
            let meta: AnsweredMeta = event.meta()?;
            framed(serde_json::to_string(&AnsweredMeta { note: String::new(), reference: String::new(), ..meta }))
        }
        RECEIVED => {
            let meta: ReceivedMeta = event.meta()?;
            framed(serde_json::to_string(&ReceivedMeta { digest: String::new(), salt: String::new(), ..meta }))
        }
        _ => exchange::purge::remnant(tx, event),
    }
}

/// Proposes a purge. Nothing is erased until a second person lets it go.
pub fn propose(ledger: &Ledger, target: &Target, reason: &str, by: &Person) -> Result<(String, Found)> {
    by.must(Verb::Purge)?;
    let reason = line::reason(reason, "purge-reason", "say why with --reason, without repeating what is purged")?;
    receipt::seal_all(ledger)?;
    let name = ledger.write(|tx| {
        look(tx, target)?;
        // drawn, not counted: whoever is asked to do the same learns its name, and not how many purges there were
        let mut drawn = [0; 16];
        tx.random(&mut drawn);
        let purge = format!("P-{}", crate::ask::reference(&format!("purge {drawn:?}")));
        let meta = ProposedMeta {
            purge: purge.clone(),
            target: target.clone(),
            reason: reason.to_owned(),
            by: by.name.clone(),
        };
        tx.append(Draft::new(PURGE_PROPOSED, &meta)?.key(format!("act/purge/{purge}")))?;
        Ok(purge)
    })?;
    ledger.catch_up()?;
    Ok((name, ledger.read(|tx| look(tx, target))?))
}

/// What a purge did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its name.
    pub purge: String,
    /// Entries erased.
    pub erased: usize,
    /// Who is asked to do the same.
    pub receivers: Vec<Receiver>,
    /// What became of the files.
    pub files: Scrubbed,
    /// What this program cannot reach.
    pub beyond: Vec<String>,
}

/// What the first half of a purge leaves to the second.
#[derive(Default)]
struct Erased {
    entries: usize,
    receivers: Vec<Receiver>,
    salts: Vec<Vec<u8>>,
    asks: Vec<String>,
    /// On what documents that went had a say; `None` where they went before.
    assets: Option<expose::purge::Assets>,
}

/// Lets a purge go, as the second person: erases, asks whoever was shown it, folds everything anew without it, and scrubs the files. One that
/// was broken off after the erasing goes on there.
pub fn approve(ledger: &Ledger, name: &str, by: &Person) -> Result<Report> {
    second_person(by)?;
    receipt::seal_all(ledger)?;
    let key = ledger.signing_key()?;
    let erased = ledger.write(|tx| erase(tx, ledger, &key, name, by))?;
    ledger.catch_up()?;
    ledger.rebuild()?;
    expose::purge::judge_anew(ledger, erased.assets)?;
    ledger.write(|tx| end(tx, name))?;
    receipt::seal_all(ledger)?;
    let files = ledger.scrub(&erased.salts)?;
    let beyond = ledger.read(|tx| beyond(tx, &erased.asks, files, ledger.is_postgres()))?;
    Ok(Report { purge: name.to_owned(), erased: erased.entries, receivers: erased.receivers, files, beyond })
}

/// Records that everything was folded anew without what was purged.
fn end(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    let meta = EndedMeta { purge: name.to_owned() };
    tx.append(Draft::new(PURGE_ENDED, &meta)?.key(format!("act/purge_ended/{name}"))).map(drop)
}

fn erase(tx: &mut Tx<'_>, ledger: &Ledger, key: &ledger::keys::SigningKey, name: &str, by: &Person) -> Result<Erased> {
    let purge = must(tx, name)?;
    if purge.by == by.name {
        return Err(Error::refused("second-person", format!("{} proposed {name}", by.name), "ask a colleague"));
    }
    match purge.state.as_str() {
        "proposed" => {}
        "erased" => return Ok(Erased::default()),
        other => return Err(Error::refused("purge-state", format!("{name} is {other}"), "propose it anew")),
    }
    let found = look(tx, &purge.target)?;
    let indices: Vec<i64> = found.erasures.iter().map(|e| e.index).collect();
    let salts = ledger::purge::salts(tx, &indices)?;
    let assets = Some(expose::purge::near(tx, indices)?);
    let asks = stop_asks(tx, &found)?;
    clear_operational(tx, &found)?;
    let order = Order { matter: name, reason: &purge.reason, by: [&purge.by, &by.name] };
    let entries = ledger::purge::erase(tx, ledger.hub(), key, &order, &found.erasures)?;
    let people = vec![purge.by, by.name.clone()];
    let meta = PurgedMeta { purge: name.to_owned(), by: people, entries, receivers: found.receivers.clone() };
    tx.append(Draft::new(PURGED, &meta)?.key(format!("act/purged/{name}")))?;
    Ok(Erased { entries, receivers: found.receivers, salts, asks, assets })
}

fn second_person(by: &Person) -> Result<()> {
    by.must(Verb::Purge)?;
    if by.is_local() {
        let why = format!("{} is never the second person", by.name);
        return Err(Error::refused("second-person", why, "name one with --as"));
    }
    Ok(())
}

/// Stops a purge that was proposed: a second person does not want it, or the first takes it back.
pub fn reject(ledger: &Ledger, name: &str, by: &Person, reason: &str) -> Result<()> {
    by.must(Verb::Purge)?;
    let reason = line::reason(reason, "purge-reason", "say why with --reason")?;
    ledger.write(|tx| {
        let purge = must(tx, name)?;
        if purge.state != "proposed" {
            return Err(Error::refused("purge-state", format!("{name} is {}", purge.state), ""));
        }
        let meta = ProposedMeta {
            purge: name.to_owned(),
            target: purge.target,
            reason: reason.to_owned(),
            by: by.name.clone(),
        };
        tx.append(Draft::new(PURGE_REJECTED, &meta)?.key(format!("act/purged/{name}"))).map(drop)
    })?;
    ledger.catch_up().map(drop)
}

/// Closes the asks that rest on a document which goes, and takes their waiting mail out of the outbox. Gives those that went by mail.
fn stop_asks(tx: &mut Tx<'_>, found: &Found) -> Result<Vec<String>> {
    let mut went = Vec::new();
    for ask in query::asks(tx, &Filter::default())?.iter().filter(|a| rests_on(&a.planned, &found.advisories)) {
        let name = &ask.planned.ask;
        tx.run("DELETE FROM outbox WHERE ask = $1 AND state IN ('ready', 'claimed', 'later')", &[name.into()])?;
        tx.run("UPDATE outbox SET message = NULL WHERE ask = $1", &[name.into()])?;
        if ask.sent_at.is_some() {
            went.push(name.clone());
        }
        if next(ask.state, Step::Close).is_ok() {
            let meta = ClosedMeta {
                about: ask.about(),
                outcome: "withdrawn".to_owned(),
                reason: "what it rests on was purged".to_owned(),
                evidence: Evidence::E0.as_str().to_owned(),
                source: String::new(),
            };
            tx.append(Draft::new("act.closed", &meta)?.key(format!("act/closed/{name}")))?;
        }
    }
    Ok(went)
}

/// Takes what names it out of the tables that are not in the log: answers to TAXII requests, refusals of peers.
fn clear_operational(tx: &mut Tx<'_>, found: &Found) -> Result<()> {
    let ids: BTreeSet<&str> = found.names.iter().filter_map(|n| n.split(' ').next()).collect();
    for id in &ids {
        tx.run("DELETE FROM peer_refused WHERE id = $1", &[(*id).into()])?;
    }
    let holds = |body: &[u8]| ids.iter().any(|id| body.windows(id.len()).any(|w| w == id.as_bytes()));
    let statuses = tx.all("SELECT id, body FROM taxii_status ORDER BY id", &[], |r| {
        holds(r.blob(1)).then(|| r.text(0).to_owned())
    })?;
    for status in statuses.into_iter().flatten() {
        tx.run("DELETE FROM taxii_status WHERE id = $1", &[(&status).into()])?;
    }
    Ok(())
}

/// What a person must see to, in words.
fn beyond(tx: &mut Tx<'_>, asks: &[String], files: Scrubbed, postgres: bool) -> Result<Vec<String>> {
    let mut out = vec!["backups made before: restore with `ledger purge apply`, or destroy them".to_owned()];
    for ask in asks {
        let sql = "SELECT message_id, recipient FROM outbox WHERE ask = $1 ORDER BY attempt";
        for (id, to) in tx.all(sql, &[ask.into()], |r| (r.text(0).to_owned(), r.text(1).to_owned()))? {
            out.push(format!("mail {id} to {to}: it left; a copy lies in the folder of mail if one was used"));
        }
    }
    if postgres {
        out.push("PostgreSQL: archived logs, replicas and the logs of the server".to_owned());
    } else if !files.emptied || files.left > 0 {
        out.push(
            "the files still hold it: a reader kept the write-ahead log busy; run `ledger purge scrub` again"
                .to_owned(),
        );
    }
    Ok(out)
}

/// Records what somebody who was asked to destroy says. The organisation's own people say it themselves; for others the operator records it.
pub fn answer(ledger: &Ledger, name: &str, org: &str, said: &str, note: &str, by: &Person) -> Result<()> {
    match by.org == org {
        true => by.must(Verb::AnswerOwn)?,
        false => by.must(Verb::RecordAnswer)?,
    }
    if !ANSWERS.contains(&said) {
        return Err(Error::refused(
            "purge-answer",
            format!("{said:?} is no answer"),
            format!("it is one of {}", ANSWERS.join(", ")),
        ));
    }
    let note: String = note.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NOTE_MAX).collect();
    ledger.write(|tx| {
        if !requests(tx, Some(org))?.iter().any(|r| r.purge == name) {
            return Err(Error::refused("purge-unknown", format!("{org} was not asked by {name}"), ""));
        }
        let meta = PurgeAnsweredMeta {
            purge: name.to_owned(),
            org: org.to_owned(),
            answer: said.to_owned(),
            note: note.trim().to_owned(),
            by: by.name.clone(),
        };
        tx.append(Draft::new(PURGE_ANSWERED, &meta)?).map(drop)
    })?;
    ledger.catch_up().map(drop)
}

#[cfg(test)]
mod tests;
