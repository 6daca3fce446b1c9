//! What was shown to whom: one event for each page of objects that left for a partner, and one for each envelope that came from one.
//! Who was shown an object twice was shown it once: only what is new to an organisation is recorded, so a poller that reads on, or the
//! same again, costs a look at a bitmap.
//!
//! Recording is behind reading: a page is answered first and written down within a moment ([`Recorder::flush`]), since a write for each
//! page would bound reads by the disk. What of it is lost when the process is killed in between is said in decision 0013. The
//! operator's own are no partners, and nothing is recorded of them. What is made of the record, receipts and their tree, is a later stage's.
use jiff::civil::Date;
use ledger::{Draft, Error, Event, Ledger, Micros, Result, Tx};
use partners::Person;
use partners::agreement::in_force;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// `exchange.disclosed`: objects went to an organisation; the body is which, as [`encode`] writes it.
pub const DISCLOSED: &str = "exchange.disclosed";
/// `exchange.received`: an organisation gave an envelope, and was told what became of it.
pub const RECEIVED: &str = "exchange.received";

/// Pages that wait to be written down; where so many do, the hub is busy and shows no more.
const WAITING_MAX: usize = 1_024;
/// Objects of one record at most: as many as a page has.
const RECORD_MAX: usize = 5_000;
/// Organisations of which is remembered what they were shown.
const ORGS_MAX: usize = 64;
/// Objects of one page or push at most: what a body that is read may hold.
const OBJECTS_MAX: usize = 100_000;

/// Meta of [`DISCLOSED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosedMeta {
    /// To whom.
    pub org: String,
    /// Whose account it was.
    pub person: String,
    /// Out of which collection.
    pub collection: String,
    /// `taxii`, `push`, `page`.
    pub way: String,
    /// How many objects.
    pub objects: usize,
    /// The agreements that were in force, in words; none where only TLP:CLEAR could go.
    pub agreements: Vec<String>,
}

/// Meta of [`RECEIVED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedMeta {
    /// From whom.
    pub org: String,
    /// Whose account it was.
    pub person: String,
    /// For which collection.
    pub collection: String,
    /// The id of the status that they were given.
    pub status: String,
    /// Objects in the envelope, as they were told.
    pub total: usize,
    /// Of them well.
    pub success: usize,
    /// SHA-256 of salt ‖ envelope, base64: they have the envelope, and here it cannot be guessed.
    pub digest: String,
    /// 32 bytes, base64.
    pub salt: String,
}

/// Event indices as a body: how many, then each as the difference to the one before, in zigzag form, seven bits a byte.
pub fn encode(objects: &[i64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(objects.len() * 2 + 4);
    put(&mut out, objects.len() as u64);
    let mut before = 0;
    for object in objects {
        let step = object - before;
        put(&mut out, ((step << 1) ^ (step >> 63)) as u64);
        before = *object;
    }
    out
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads what [`encode`] writes; `None` where it is nothing of that kind.
pub fn decode(bytes: &[u8]) -> Option<Vec<i64>> {
    let mut at = bytes.iter();
    let mut take = || -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *at.next()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    };
    let count = take().filter(|n| *n <= OBJECTS_MAX as u64)?;
    let mut out = Vec::with_capacity(count as usize);
    let mut before = 0_i64;
    for _ in 0..count {
        let step = take()?;
        before = before.checked_add(((step >> 1) as i64) ^ -((step & 1) as i64))?;
        out.push(before);
    }
    at.next().is_none().then_some(out)
}

/// The agreements of a person's organisation that are in force on a day, in words.
pub fn agreements(person: &Person, on: Date) -> Vec<String> {
    in_force(&person.agreements, on).into_iter().map(partners::agreement::Agreement::words).collect()
}

/// One object as a receipt names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its `id`.
    pub id: String,
    /// Its version as written; empty where it has none.
    pub version: String,
    /// SHA-256 of blind ‖ bytes, base64.
    pub digest: String,
    /// The blind, which lets whoever has the bytes check the digest; gone with a purge.
    pub blind: Option<[u8; 16]>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    version: Option<String>,
    /// In what stayed of a purged object alone.
    #[serde(default)]
    digest: Option<String>,
}

/// An object by its event, held or purged; `None` where nothing stayed of it.
pub fn item(tx: &mut Tx<'_>, object: i64) -> Result<Option<Item>> {
    let Some(kept) = tx.kept(object)? else { return Ok(None) };
    let Ok(named) = serde_json::from_slice::<Named>(kept.payload.meta()) else { return Ok(None) };
    let digest = match (kept.blind, named.digest) {
        (Some(blind), _) => digest(&blind, kept.payload.body()),
        (None, Some(digest)) => digest,
        (None, None) => return Ok(None),
    };
    Ok(Some(Item { id: named.id, version: named.version.unwrap_or_default(), digest, blind: kept.blind }))
}

/// SHA-256 of blind ‖ bytes, base64.
pub fn digest(blind: &[u8], bytes: &[u8]) -> String {
    ledger::checkpoint::base64(&ledger::merkle::sha256(&[blind, bytes].concat()))
}

/// Appends that objects went to somebody.
pub fn append(tx: &mut Tx<'_>, meta: &DisclosedMeta, objects: &[i64], at: Micros) -> Result<()> {
    tx.append(Draft::new(DISCLOSED, meta)?.body(&encode(objects)).claimed(Some(at))).map(drop)
}

pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event, meta: &DisclosedMeta) -> Result<()> {
    if decode(event.body()).is_none() {
        return Err(Error::park("disclosed-unreadable", "the list of objects cannot be read"));
    }
    let sql = "INSERT INTO @disclosed (idx, org) VALUES ($1, $2)";
    tx.run(sql, &[event.index.into(), (&meta.org).into()]).map(drop)
}

/// What an organisation was shown: a bit for each event, in stretches of 4,096.
#[derive(Default)]
struct Shown(BTreeMap<i64, Box<[u64; 64]>>);

impl Shown {
    /// Adds an event; false where it was in before.
    fn insert(&mut self, object: i64) -> bool {
        let stretch = self.0.entry(object >> 12).or_insert_with(|| Box::new([0; 64]));
        let bit = 1_u64 << (object & 63);
        match stretch.get_mut((object >> 6 & 63) as usize) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }

    fn load(ledger: &Ledger, org: &str) -> Result<Shown> {
        let mut shown = Shown::default();
        ledger.read(|tx| {
            let sql = "SELECT idx FROM @disclosed WHERE org = $1 ORDER BY idx";
            for idx in tx.all(sql, &[org.into()], |r| r.int(0))? {
                let body = tx.body(idx)?.unwrap_or_default();
                for object in decode(&body).unwrap_or_default() {
                    shown.insert(object);
                }
            }
            Ok(())
        })?;
        Ok(shown)
    }
}

struct Waiting {
    meta: DisclosedMeta,
    objects: Vec<i64>,
    at: Micros,
}

/// Remembers what left, and writes it down behind the readers. One of a process.
#[derive(Default)]
pub struct Recorder {
    shown: Mutex<BTreeMap<String, Shown>>,
    waiting: Mutex<Vec<Waiting>>,
}

impl Recorder {
    /// Makes ready to note what goes to `person`: reads what its organisation was shown before, at its first request, and writes down what
    /// waits where that is much. Outside of any unit of work; [`Recorder::note`] may then be called within one.
    pub fn prepare(&self, ledger: &Ledger, person: &Person) -> Result<()> {
        if person.is_operator {
            return Ok(());
        }
        if lock(&self.waiting).len() >= WAITING_MAX / 2 {
            self.flush(ledger)?;
        }
        if lock(&self.shown).contains_key(&person.org) {
            return Ok(());
        }
        let loaded = Shown::load(ledger, &person.org)?;
        let mut shown = lock(&self.shown);
        if shown.len() >= ORGS_MAX {
            shown.clear();
        }
        shown.entry(person.org.clone()).or_insert(loaded);
        Ok(())
    }

    /// Notes that `objects` of a collection go to `person` at `at`. Nothing happens for the operator's own, and where all of it was shown
    /// before. False where the record cannot keep up: then nothing may leave.
    #[must_use]
    pub fn note(&self, person: &Person, collection: &str, way: &str, objects: &[i64], at: Micros) -> bool {
        if person.is_operator || objects.is_empty() {
            return true;
        }
        if lock(&self.waiting).len() >= WAITING_MAX {
            return false;
        }
        let fresh: Vec<i64> = {
            let mut all = lock(&self.shown);
            let shown = all.entry(person.org.clone()).or_default();
            objects.iter().copied().filter(|object| shown.insert(*object)).collect()
        };
        if fresh.is_empty() {
            return true;
        }
        let meta = DisclosedMeta {
            org: person.org.clone(),
            person: person.name.clone(),
            collection: collection.to_owned(),
            way: way.to_owned(),
            objects: fresh.len(),
            agreements: agreements(person, at.day().parse().unwrap_or(Date::MAX)),
        };
        let mut waiting = lock(&self.waiting);
        // objects asked for one by one make one record
        let same = |w: &&mut Waiting| {
            w.objects.len() + fresh.len() <= RECORD_MAX
                && DisclosedMeta { objects: meta.objects, ..w.meta.clone() } == meta
        };
        match waiting.iter_mut().rev().find(|w| w.meta.person == meta.person).filter(same) {
            Some(open) => {
                open.objects.extend(fresh);
                open.meta.objects = open.objects.len();
            }
            None => waiting.push(Waiting { meta, objects: fresh, at }),
        }
        true
    }

    /// Writes down what waits, in one unit. What could not be written waits on.
    pub fn flush(&self, ledger: &Ledger) -> Result<()> {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        if waiting.is_empty() {
            return Ok(());
        }
        let written = ledger.write(|tx| waiting.iter().try_for_each(|one| append(tx, &one.meta, &one.objects, one.at)));
        match written {
            Ok(()) => ledger.catch_up().map(drop),
            Err(e) => {
                let mut now = lock(&self.waiting);
                let since = std::mem::replace(&mut *now, waiting);
                now.extend(since);
                Err(e)
            }
        }
    }
}

/// A thread that panicked leaves the record as it was: what it holds is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lists_come_back(objects in proptest::collection::vec(0i64..1 << 50, 0..200)) {
            prop_assert_eq!(decode(&encode(&objects)), Some(objects));
        }

        #[test]
        fn what_is_no_list_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(objects) = decode(&bytes) {
                prop_assert!(objects.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn consecutive_objects_cost_a_byte_each() {
        assert_eq!(encode(&(1000..6000).collect::<Vec<_>>()).len(), 5003);
    }

    #[test]
    fn objects_asked_for_one_by_one_make_one_record() {
        let home = Person::local_operator("home");
        let pat = Person {
            name: "pat".into(),
            org: "acme".into(),
            role: partners::Role::Partner,
            is_operator: false,
            ..home.clone()
        };
        let recorder = Recorder::default();
        for (person, collection, object) in
            [(&pat, "c", 1), (&pat, "c", 2), (&pat, "c", 1), (&home, "c", 3), (&pat, "d", 4), (&pat, "c", 5)]
        {
            assert!(recorder.note(person, collection, "taxii", &[object], Micros(0)));
        }
        let records: Vec<Vec<i64>> = lock(&recorder.waiting).iter().map(|w| w.objects.clone()).collect();
        assert_eq!(records, [vec![1, 2], vec![4], vec![5]]);
        assert!(recorder.note(&pat, "c", "taxii", &(10..5009).collect::<Vec<_>>(), Micros(0)));
        let sizes: Vec<usize> = lock(&recorder.waiting).iter().map(|w| w.meta.objects).collect();
        assert_eq!(sizes, [2, 1, 5000], "up to a page's worth");
    }

    #[test]
    fn shown_once() {
        let mut shown = Shown::default();
        let fresh = |shown: &mut Shown, objects: &[i64]| objects.iter().filter(|o| shown.insert(**o)).count();
        assert_eq!(fresh(&mut shown, &[1, 2, 63, 64, 4095, 4096, 1 << 40]), 7);
        assert_eq!(fresh(&mut shown, &[1, 64, 65, 4096, 4097]), 2);
    }
}
