//! Opening a store, units of work, and appending to the log.
use crate::entropy::{Entropy, bytes};
use crate::error::{Error, Result};
use crate::event::{Appended, Draft, Event, Header, Payload, Tag, tag_of};
use crate::keys::{Seal, SigningKey};
use crate::merkle::{Frontier, Hash};
use crate::pack::Packs;
use crate::seam::{Column, Engine, Mode, Place, Row, Session, Value};
use crate::stage::Stage;
use crate::tables;
use crate::time::{Clock, Micros};
use crate::unit::{Pending, Unit};
use rayon::prelude::*;
use std::sync::Arc;

/// How often a unit is run again before its `Again` is handed to the caller.
const TRIES: u32 = 12;
/// Pending events are written out at this many, or at [`PENDING_BYTES`].
const PENDING_EVENTS: usize = 2_000;
/// Bytes of pending payloads that are written out.
const PENDING_BYTES: usize = 16 << 20;

/// What the outside gives: the time and randomness.
#[derive(Clone)]
pub struct Env {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where random bytes come from.
    pub entropy: Arc<dyn Entropy>,
}

/// What a store says of itself in its first entry.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Genesis {
    /// The key of the operator's own organisation.
    pub home: String,
    /// The home nation, ISO 3166 alpha-2.
    pub country: Option<String>,
    /// Whether this store is an exercise: only here a verb may take a clock, and nothing here ever counts.
    pub exercise: bool,
}

impl Default for Genesis {
    fn default() -> Self {
        Genesis { home: "home".into(), country: None, exercise: false }
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct GenesisMeta {
    #[serde(flatten)]
    genesis: Genesis,
    hub: String,
    format: i64,
    key_salt: String,
    public_key: String,
}

/// An open store: the log, its derived tables and the stages that fold them.
pub struct Ledger {
    pub(crate) engine: Engine,
    pub(crate) env: Env,
    pub(crate) stages: Vec<Arc<dyn Stage>>,
    hub: String,
    key_salt: Vec<u8>,
    genesis: Genesis,
    public_key: Vec<u8>,
    seal: Seal,
}

impl Ledger {
    /// Opens the store at `place`, or makes it with `genesis` where there is none. Derived tables of an older schema are
    /// rebuilt from the log. The stages are handed over in the order of the loop.
    pub fn open(place: &Place, env: Env, seal: Seal, stages: Vec<Arc<dyn Stage>>, genesis: &Genesis) -> Result<Ledger> {
        let mut all: Vec<Arc<dyn Stage>> = vec![Arc::new(Packs)];
        all.extend(stages);
        let engine = Engine::open(place)?;
        let exists = engine.transaction(Mode::Read, &mut |mut s| Ok(!s.tables("head")?.is_empty()))?;
        if !exists {
            create(&engine, &env, &seal, &all, genesis)?;
        }
        let ledger = identify(engine, env, seal, all)?;
        if ledger.schema_is_old()? {
            ledger.engine.transaction(Mode::Write, &mut |mut s| define_operational(&mut s, &ledger.stages))?;
            ledger.rebuild()?;
        }
        Ok(ledger)
    }

    /// Whether a store stands at `place` already.
    pub fn exists(place: &Place) -> Result<bool> {
        if let Place::Folder(folder) = place
            && !crate::seam::file_of(folder).exists()
        {
            return Ok(false);
        }
        Engine::open(place)?.transaction(Mode::Read, &mut |mut s| Ok(!s.tables("head")?.is_empty()))
    }

    /// This hub's id: 16 hexadecimal digits, drawn when the store was made.
    pub fn hub(&self) -> &str {
        &self.hub
    }

    /// What the first entry says.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The time and randomness this store was opened with.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Whether the store is on PostgreSQL, for messages.
    pub fn is_postgres(&self) -> bool {
        self.engine.is_postgres()
    }

    /// The public half of the hub's key, as the first entry names it.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The hub's signing key, unsealed.
    pub fn signing_key(&self) -> Result<SigningKey> {
        let sealed =
            self.read(|tx| tx.one("SELECT sealed FROM hub_key WHERE id = 'hub'", &[], |r| r.blob(0).to_vec()))?;
        let sealed = sealed.ok_or_else(|| Error::Integrity("the hub's key is missing from the store".into()))?;
        let seed = self.seal.unseal(&sealed)?;
        let seed = seed.try_into().map_err(|_| Error::Integrity("the hub's key is not 32 bytes".into()))?;
        SigningKey::from_seed(&seed)
    }

    /// Seals a secret of somebody else (a password for a peer) as the hub's own keys are sealed, for an operational table.
    pub fn conceal(&self, secret: &[u8]) -> Result<Vec<u8>> {
        self.seal.seal(secret, &*self.env.entropy)
    }

    /// Opens what [`Ledger::conceal`] sealed.
    pub fn reveal(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        self.seal.unseal(sealed)
    }

    /// Runs a unit that may write: one transaction, the head row locked first, so that units stand in one order. Run again,
    /// whole, when another writer was in the way.
    pub fn write<T>(&self, mut f: impl FnMut(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut unit = |careful: bool| {
            self.again(|| {
                self.engine.transaction(Mode::Write, &mut |session| {
                    let mut tx = self.begin_write(session)?;
                    tx.careful = careful;
                    let value = f(&mut tx)?;
                    tx.finish()?;
                    Ok(value)
                })
            })
        };
        match unit(false) {
            // a stage cannot process an event, which is rare: once more, so that what it did can be undone by itself
            Err(Error::Park { .. }) => unit(true),
            done => done,
        }
    }

    /// Waits until all that was read is on the disk: what is committed can be read a moment earlier. For whoever signs what was read.
    pub fn settled(&self) -> Result<()> {
        self.engine.settled()
    }

    /// Runs a unit that only reads, on one snapshot.
    pub fn read<T>(&self, mut f: impl FnMut(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.again(|| {
            self.engine.transaction(Mode::Read, &mut |mut session| {
                let generation = generation_of(&mut session)?;
                f(&mut Tx::new(session, generation, self.env.clock.now(), &*self.env.entropy))
            })
        })
    }

    /// The number of entries.
    pub fn size(&self) -> Result<i64> {
        self.read(|tx| tx.size())
    }

    pub(crate) fn begin_write<'a>(&'a self, mut session: Session<'a>) -> Result<Tx<'a>> {
        let sql = format!("SELECT size, clock, frontier, generation FROM head WHERE id = 1{}", session.lock_suffix());
        let mut head = None;
        session.each(&sql, &[], &mut |r| {
            head = Some((r.int(0), r.int(1), r.blob(2).to_vec(), r.int(3)));
            Ok(())
        })?;
        let (size, clock, frontier, generation) =
            head.ok_or_else(|| Error::Integrity("the head row is missing".into()))?;
        let frontier = Frontier::from_bytes(size.unsigned_abs(), &frontier)
            .ok_or_else(|| Error::Integrity("the head row's frontier does not belong to its size".into()))?;
        // Known time never runs backwards, whatever the machine's clock does.
        let now = Micros(self.env.clock.now().0.max(clock));
        let mut tx = Tx::new(session, generation, now, &*self.env.entropy);
        tx.unit = Some(Unit::new(&self.hub, &self.key_salt, frontier));
        Ok(tx)
    }

    fn again<T>(&self, mut unit: impl FnMut() -> Result<T>) -> Result<T> {
        let mut tries = 0;
        loop {
            match unit() {
                Err(Error::Again(_)) if tries < TRIES => {
                    tries += 1;
                    // Jitter, so that two writers do not meet again at the same instant.
                    let [jitter] = bytes::<1>(&*self.env.entropy);
                    std::thread::sleep(std::time::Duration::from_millis(u64::from(tries) * 2 + u64::from(jitter % 16)));
                }
                other => return other,
            }
        }
    }

    fn schema_is_old(&self) -> Result<bool> {
        let stored =
            self.read(|tx| tx.one("SELECT schema_hash FROM head WHERE id = 1", &[], |r| r.text(0).to_owned()))?;
        Ok(stored.as_deref() != Some(&schema_hash(&self.stages)))
    }
}

/// All derived DDL of the stages, in order.
pub(crate) fn derived_ddl(stages: &[Arc<dyn Stage>]) -> String {
    let mut ddl = tables::DERIVED.trim().to_owned();
    for stage in stages.iter().map(|s| s.schema().trim()).filter(|s| !s.is_empty()) {
        ddl.push_str(";\n");
        ddl.push_str(stage.trim_end_matches(';'));
    }
    ddl
}

/// What the store's tables were made for: when it differs, a later program opens an older store, or the reverse.
pub(crate) fn schema_hash(stages: &[Arc<dyn Stage>]) -> String {
    let operational = stages.iter().map(|s| s.operational()).collect::<String>();
    let all = [tables::LEDGER_SINCE, tables::OPERATIONAL, &operational, &derived_ddl(stages)].concat();
    crate::merkle::sha256(all.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

fn define_operational(session: &mut Session<'_>, stages: &[Arc<dyn Stage>]) -> Result<()> {
    session.define(tables::LEDGER_SINCE)?;
    session.define(tables::OPERATIONAL)?;
    stages.iter().try_for_each(|stage| session.define(stage.operational()))
}

fn generation_of(session: &mut Session<'_>) -> Result<i64> {
    let mut generation = None;
    session.each("SELECT generation FROM head WHERE id = 1", &[], &mut |r| {
        generation = Some(r.int(0));
        Ok(())
    })?;
    generation.ok_or_else(|| Error::Integrity("the head row is missing".into()))
}

fn create(engine: &Engine, env: &Env, seal: &Seal, stages: &[Arc<dyn Stage>], genesis: &Genesis) -> Result<()> {
    let hub: String = bytes::<8>(&*env.entropy).iter().map(|b| format!("{b:02x}")).collect();
    let key_salt = bytes::<32>(&*env.entropy);
    let seed = bytes::<32>(&*env.entropy);
    let public = SigningKey::from_seed(&seed)?.public();
    let sealed = seal.seal(&seed, &*env.entropy)?;
    let meta = GenesisMeta {
        genesis: genesis.clone(),
        hub: hub.clone(),
        format: tables::FORMAT,
        key_salt: crate::checkpoint::base64(&key_salt),
        public_key: crate::checkpoint::base64(&public),
    };
    engine.transaction(Mode::Write, &mut |mut session| {
        session.define(tables::LEDGER)?;
        define_operational(&mut session, stages)?;
        session.define(&derived_ddl(stages).replace('@', "g0_"))?;
        let sql = "INSERT INTO hub_key (id, public, sealed) VALUES ('hub', $1, $2)";
        session.run(sql, &[(&public).into(), (&sealed).into()])?;
        let sql = "INSERT INTO head (id, hub, format, size, clock, frontier, key_salt, generation, schema_hash) \
                   VALUES (1, $1, $2, 0, 0, $3, $4, 0, $5)";
        let hash = schema_hash(stages);
        let args = [(&hub).into(), tables::FORMAT.into(), Value::Blob(b""), (&key_salt).into(), (&hash).into()];
        session.run(sql, &args)?;
        let mut tx = Tx::new(session, 0, env.clock.now(), &*env.entropy);
        tx.unit = Some(Unit::new(&hub, &key_salt, Frontier::default()));
        tx.append(Draft::new("ledger.genesis", &meta)?)?;
        tx.finish()
    })
}

fn identify(engine: Engine, env: Env, seal: Seal, stages: Vec<Arc<dyn Stage>>) -> Result<Ledger> {
    let (hub, key_salt, meta) = engine.transaction(Mode::Read, &mut |mut session| {
        let mut found = None;
        let sql = "SELECT h.hub, h.key_salt, h.format, p.bytes FROM head h JOIN payload p ON p.idx = 0 WHERE h.id = 1";
        session.each(sql, &[], &mut |r| {
            found = Some((r.text(0).to_owned(), r.blob(1).to_vec(), r.int(2), Payload::parse(r.blob(3).to_vec())));
            Ok(())
        })?;
        let (hub, salt, format, payload) =
            found.ok_or_else(|| Error::Integrity("the store has a head but no first entry".into()))?;
        if format != tables::FORMAT {
            return Err(Error::refused(
                "format-unknown",
                format!("the store has format {format}, this program knows {}", tables::FORMAT),
                "use the program that made the store, or a later one",
            ));
        }
        let meta: Option<GenesisMeta> = payload.and_then(|p| serde_json::from_slice(p.meta()).ok());
        let meta = meta.ok_or_else(|| Error::Integrity("entry 0 is unreadable".into()))?;
        Ok((hub, salt, meta))
    })?;
    let public_key = crate::checkpoint::unbase64(&meta.public_key)
        .ok_or_else(|| Error::Integrity("entry 0 does not name the hub's key".into()))?;
    Ok(Ledger { engine, env, stages, hub, key_salt, genesis: meta.genesis, public_key, seal })
}

/// The first entry's own claim on what the head row holds, for `verify`.
pub(crate) fn genesis_agrees(payload: &Payload, hub: &str, key_salt: &[u8]) -> bool {
    serde_json::from_slice::<GenesisMeta>(payload.meta())
        .is_ok_and(|m| m.hub == hub && crate::checkpoint::unbase64(&m.key_salt).as_deref() == Some(key_salt))
}

/// One unit of work: a transaction, and in a write unit the pen to the log.
pub struct Tx<'a> {
    session: Session<'a>,
    prefix: String,
    now: Micros,
    entropy: &'a dyn Entropy,
    unit: Option<Unit>,
    /// What a stage does can be undone by itself ([`Tx::savepoint`]): each page that it changes is kept as it was.
    pub(crate) careful: bool,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(session: Session<'a>, generation: i64, now: Micros, entropy: &'a dyn Entropy) -> Tx<'a> {
        Tx { session, prefix: format!("g{generation}_"), now, entropy, unit: None, careful: true }
    }

    /// The known time of this unit.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Fills a buffer with random bytes.
    pub fn random(&self, buffer: &mut [u8]) {
        self.entropy.fill(buffer);
    }

    /// Runs a statement and gives the number of rows it changed.
    pub fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64> {
        let sql = self.expand(sql);
        self.session.run(&sql, args)
    }

    /// Hands each row of an answer to `f`.
    pub fn each(&mut self, sql: &str, args: &[Value<'_>], f: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        let sql = self.expand(sql);
        self.session.each(&sql, args, f)
    }

    /// The first row of an answer.
    pub fn one<T>(&mut self, sql: &str, args: &[Value<'_>], mut f: impl FnMut(&Row<'_>) -> T) -> Result<Option<T>> {
        let mut found = None;
        self.each(sql, args, &mut |row| {
            if found.is_none() {
                found = Some(f(row));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// All rows of an answer.
    pub fn all<T>(&mut self, sql: &str, args: &[Value<'_>], mut f: impl FnMut(&Row<'_>) -> T) -> Result<Vec<T>> {
        let mut out = Vec::new();
        self.each(sql, args, &mut |row| {
            out.push(f(row));
            Ok(())
        })?;
        Ok(out)
    }

    /// Inserts many rows: `insert` is `INSERT INTO @table (a, b)`, `tail` is empty or an `ON CONFLICT` clause. On PostgreSQL the rows are
    /// on their way when this returns; what is wrong with them is said by the next statement, the end of a savepoint or of the unit.
    pub fn bulk(&mut self, insert: &str, columns: &[Column<'_>], tail: &str) -> Result<()> {
        let (insert, tail) = (self.expand(insert), self.expand(tail));
        self.session.bulk(&insert, columns, &tail)
    }

    /// The number of entries, those of this unit included.
    pub fn size(&mut self) -> Result<i64> {
        match &self.unit {
            Some(unit) => Ok(unit.size()),
            None => Ok(self.one("SELECT size FROM head WHERE id = 1", &[], |r| r.int(0))?.unwrap_or(0)),
        }
    }

    /// Appends an event to the log. With a key that stands already nothing happens, and the answer names the old entry.
    pub fn append(&mut self, draft: Draft<'_>) -> Result<Appended> {
        let mut salt = [0; 32];
        self.entropy.fill(&mut salt);
        let now = self.now;
        let tag = match (&self.unit, &draft.key) {
            (Some(unit), Some(key)) => Some(tag_of(&unit.key_salt, key)),
            _ => None,
        };
        if let Some(tag) = &tag
            && let Some(index) = self.index_of(tag)?
        {
            return Ok(Appended { index, new: false });
        }
        let Some(unit) = self.unit.as_mut().filter(|u| !u.closed) else {
            return Err(Error::Engine(format!(
                "{} was appended where the log is closed (in apply or a read)",
                draft.kind
            )));
        };
        let index = unit.size();
        let header = Header {
            kind: draft.kind.to_owned(),
            version: draft.version,
            hub: unit.hub.clone(),
            index,
            known: now,
            claimed: draft.claimed,
            tag,
        }
        .line();
        let payload = Payload::new(&draft.meta, draft.body);
        unit.pending_bytes += payload.as_bytes().len();
        if let Some(tag) = tag {
            unit.tags.insert(tag, index);
        }
        let event = Event {
            index,
            kind: draft.kind.to_owned(),
            version: draft.version,
            known: now,
            claimed: draft.claimed,
            payload: None,
            purged: false,
        };
        unit.pending.push(Pending { event, payload, header, tag, salt });
        if unit.pending.len() >= PENDING_EVENTS || unit.pending_bytes >= PENDING_BYTES {
            self.flush()?;
        }
        Ok(Appended { index, new: true })
    }

    fn index_of(&mut self, tag: &Tag) -> Result<Option<i64>> {
        if let Some(index) = self.unit.as_ref().and_then(|u| u.tags.get(tag)) {
            return Ok(Some(*index));
        }
        self.one("SELECT idx FROM entry WHERE tag = $1", &[tag.into()], |r| r.int(0))
    }

    /// Writes pending events out, so that a savepoint may be set.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let Some(unit) = self.unit.as_mut() else { return Ok(()) };
        let pending = std::mem::take(&mut unit.pending);
        unit.pending_bytes = 0;
        unit.tags.clear();
        if pending.is_empty() {
            return Ok(());
        }
        // hashing is what costs: all cores take part, and the leaves go into the tree in their order
        let pending: Vec<(Pending, Hash, Hash)> = pending.into_par_iter().map(Pending::hashed).collect();
        pending.iter().for_each(|(_, _, leaf)| unit.frontier.push(*leaf));
        let index = || Column::Int(pending.iter().map(|(p, ..)| p.event.index).collect());
        // A NULL tag is an absent row in the unique index; the columns of one bulk insert are all present, so two inserts.
        let (tagged, plain): (Vec<_>, Vec<_>) = pending.iter().partition(|(p, ..)| p.tag.is_some());
        for (insert, rows, with_tag) in [
            ("INSERT INTO entry (idx, kind, header, commitment, leaf)", plain, false),
            ("INSERT INTO entry (idx, kind, header, commitment, leaf, tag)", tagged, true),
        ] {
            let mut columns = vec![
                Column::Int(rows.iter().map(|(p, ..)| p.event.index).collect()),
                Column::Text(rows.iter().map(|(p, ..)| p.event.kind.as_str()).collect()),
                Column::Text(rows.iter().map(|(p, ..)| p.header.as_str()).collect()),
                Column::Blob(rows.iter().map(|(_, commitment, _)| commitment.as_slice()).collect()),
                Column::Blob(rows.iter().map(|(.., leaf)| leaf.as_slice()).collect()),
            ];
            if with_tag {
                columns.push(Column::Blob(
                    rows.iter().filter_map(|(p, ..)| p.tag.as_ref().map(|t| t.as_slice())).collect(),
                ));
            }
            self.session.bulk(insert, &columns, "")?;
        }
        let columns = [
            index(),
            Column::Blob(pending.iter().map(|(p, ..)| p.salt.as_slice()).collect()),
            Column::Blob(pending.iter().map(|(p, ..)| p.payload.as_bytes()).collect()),
        ];
        self.session.bulk("INSERT INTO payload (idx, salt, bytes)", &columns, "")?;
        unit.fresh.add(pending.into_iter().map(|(p, ..)| p).collect());
        Ok(())
    }

    pub(crate) fn finish(&mut self) -> Result<()> {
        self.flush()?;
        let Some(unit) = &self.unit else { return Ok(()) };
        let (size, frontier) = (unit.frontier.size() as i64, unit.frontier.to_bytes());
        self.session.run(
            "UPDATE head SET size = $1, clock = $2, frontier = $3 WHERE id = 1 AND size <> $1",
            &[size.into(), self.now.into(), (&frontier).into()],
        )?;
        Ok(())
    }

    /// Runs `f` so that what it did is undone when it fails, the log's pen included.
    pub(crate) fn savepoint<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.flush()?;
        let before = self.unit.as_ref().map(|u| u.frontier.clone());
        self.session.run("SAVEPOINT step", &[])?;
        let done = f(self).and_then(|value| {
            self.flush()?;
            self.session.settle()?;
            Ok(value)
        });
        match done {
            Ok(value) => {
                self.session.run("RELEASE SAVEPOINT step", &[])?;
                Ok(value)
            }
            Err(e) => {
                self.session.run("ROLLBACK TO SAVEPOINT step", &[])?;
                self.session.run("RELEASE SAVEPOINT step", &[])?;
                if let (Some(unit), Some(frontier)) = (self.unit.as_mut(), before) {
                    unit.fresh.undo(frontier.size() as i64);
                    unit.frontier = frontier;
                    unit.pending.clear();
                    unit.pending_bytes = 0;
                    unit.tags.clear();
                }
                Err(e)
            }
        }
    }

    /// Runs `f` with the log closed: `apply` is a pure fold.
    pub(crate) fn closed<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.set_closed(true);
        let result = f(self);
        self.set_closed(false);
        result
    }

    fn set_closed(&mut self, closed: bool) {
        if let Some(unit) = self.unit.as_mut() {
            unit.closed = closed;
        }
    }

    /// What the stages have yet to fold, taken from this unit where it wrote it, else read: as [`Tx::events`], once.
    pub(crate) fn unfolded(&mut self, from: i64, to: i64, bytes_max: usize) -> Result<Vec<Event>> {
        match self.unit.as_mut().and_then(|unit| unit.fresh.take(from, to, bytes_max)) {
            Some(events) => Ok(events),
            None => self.events(from, to, bytes_max),
        }
    }

    /// The events of `from..to`, at most `bytes_max` of payload and at least one, in order; of a purged one what stayed of it.
    pub(crate) fn events(&mut self, from: i64, to: i64, bytes_max: usize) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut bytes = 0;
        let sql = "SELECT e.idx, e.header, p.bytes, r.bytes FROM entry e LEFT JOIN payload p ON p.idx = e.idx \
                   LEFT JOIN remnant r ON r.idx = e.idx WHERE e.idx >= $1 AND e.idx < $2 ORDER BY e.idx";
        self.each(sql, &[from.into(), to.into()], &mut |row| {
            if bytes < bytes_max {
                bytes += row.blob(2).len();
                events.push(read_event(row)?);
            }
            Ok(())
        })?;
        Ok(events)
    }

    /// One event of the log; one that was purged has no payload, whatever stayed of it.
    pub fn event(&mut self, index: i64) -> Result<Option<Event>> {
        let event = self.events(index, index + 1, usize::MAX)?.pop();
        Ok(event.map(|event| Event { payload: event.payload.filter(|_| !event.purged), ..event }))
    }

    /// The body of the event at `index`, as received; `None` where there is no such event or its payload was purged.
    pub fn body(&mut self, index: i64) -> Result<Option<Vec<u8>>> {
        let bytes = self.one("SELECT bytes FROM payload WHERE idx = $1", &[index.into()], |r| r.blob(0).to_vec())?;
        Ok(bytes.and_then(Payload::parse).map(|p| p.body().to_vec()))
    }

    /// The payloads that are held of events of a kind, in the order of the log. One that was purged is not among them.
    pub fn payloads(&mut self, kind: &str) -> Result<Vec<(i64, Payload)>> {
        let sql = "SELECT e.idx, p.bytes FROM entry e JOIN payload p ON p.idx = e.idx WHERE e.kind = $1 ORDER BY e.idx";
        let rows = self.all(sql, &[kind.into()], |r| (r.int(0), Payload::parse(r.blob(1).to_vec())))?;
        Ok(rows.into_iter().filter_map(|(index, payload)| Some((index, payload?))).collect())
    }

    /// What is kept of an entry: its payload and a salt for others to see, or what stayed after a purge.
    pub fn kept(&mut self, index: i64) -> Result<Option<Kept>> {
        let sql = "SELECT p.salt, p.bytes, r.bytes FROM entry e LEFT JOIN payload p ON p.idx = e.idx \
                   LEFT JOIN remnant r ON r.idx = e.idx WHERE e.idx = $1";
        let row = tx_row(self, sql, index)?;
        Ok(row.and_then(|(salt, bytes)| Some(Kept { blind: salt.map(|s| blind(&s)), payload: Payload::parse(bytes)? })))
    }

    /// The same unit with its eyes on another generation of derived tables.
    pub(crate) fn with_generation(mut self, generation: i64) -> Self {
        self.prefix = format!("g{generation}_");
        self
    }

    pub(crate) fn session(&mut self) -> &mut Session<'a> {
        &mut self.session
    }

    fn expand(&self, sql: &str) -> String {
        let sql = sql.replace('@', &self.prefix);
        if sql.contains("{lock}") { sql.replace("{lock}", self.session.lock_suffix()) } else { sql }
    }
}

/// What [`Tx::kept`] gives.
#[derive(Clone, Debug)]
pub struct Kept {
    /// 16 bytes that belong to the entry and tell nothing of its salt, to blind a digest with; `None` after a purge: then nobody can
    /// make that digest again, so nobody can guess what it was of.
    pub blind: Option<[u8; 16]>,
    /// The payload, or its remnant.
    pub payload: Payload,
}

fn blind(salt: &[u8]) -> [u8; 16] {
    let full = crate::merkle::sha256(&[b"mainstay blind 1\n", salt].concat());
    let mut out = [0; 16];
    out.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    out
}

/// The salt and the bytes of a payload, or the bytes alone of what stayed of it.
type Salted = (Option<Vec<u8>>, Vec<u8>);

fn tx_row(tx: &mut Tx<'_>, sql: &str, index: i64) -> Result<Option<Salted>> {
    let row = tx.one(sql, &[index.into()], |r| match (r.opt_blob(0), r.opt_blob(1), r.opt_blob(2)) {
        (Some(salt), Some(bytes), _) => Some((Some(salt.to_vec()), bytes.to_vec())),
        (_, _, Some(bytes)) => Some((None, bytes.to_vec())),
        _ => None,
    })?;
    Ok(row.flatten())
}

fn read_event(row: &Row<'_>) -> Result<Event> {
    let index = row.int(0);
    let header = Header::parse(row.text(1))
        .ok_or_else(|| Error::Integrity(format!("the header of entry {index} is unreadable; run `ledger verify`")))?;
    let purged = row.opt_blob(2).is_none();
    let payload = match row.opt_blob(2).or_else(|| row.opt_blob(3)) {
        None => None,
        Some(bytes) => Some(Payload::parse(bytes.to_vec()).ok_or_else(|| {
            Error::Integrity(format!("the payload of entry {index} is unreadable; run `ledger verify`"))
        })?),
    };
    Ok(Event {
        index,
        kind: header.kind,
        version: header.version,
        known: header.known,
        claimed: header.claimed,
        payload,
        purged,
    })
}
