//! Copies that this hub makes where an object may not go out as it is: without the properties that carry a stricter mark, or without what
//! names its submitter. A changed object under its old id would break STIX 2.1 section 3.5, so a copy is the operator's own object, with an
//! id of its own, made once as an event; the same release decision stands over it.
//!
//! A redacted copy names what it is a copy of. An anonymised one names nothing of it: its id is drawn, and ids that its submitter gave to
//! other things of its own are drawn anew too. Which id stands for which is known to this hub alone. What cannot be made is recorded with
//! its reason, and the object stays withheld. Text is not read for meaning: what names the submitter in words it was never called by passes.
use crate::event::{self, CopyOf, How, ListedMeta, ObjectMeta, UncopiedMeta};
use crate::{collection, facet, giveaway, meaning};
use ledger::{Draft, Error, Result, Tx};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stix::marking;
use stix::{Class, Head, Tlp, tlp};
use uuid::Uuid;

mod redact;
#[cfg(test)]
mod tests;

/// The source of what the hub itself makes.
pub(crate) const SOURCE: &str = "hub";
/// Copies of one unit of work.
const UNIT: i64 = 1_000;

/// A copy that is to be made.
struct Due {
    object: i64,
    collection: String,
    how: How,
}

/// Why no copy can be made, or its bytes.
type Made = std::result::Result<Value, String>;

/// Notes in the fold that a copy of an object of a collection is to be made. `parts`: properties of it are marked; `of`: it is a copy itself.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    object: i64,
    collection: &str,
    parts: bool,
    facet: &facet::Facet,
    of: Option<&CopyOf>,
) -> Result<()> {
    let handling = collection::find(tx, collection)?.map(|c| c.handling).unwrap_or_default();
    let redacted = of.is_some_and(|of| of.how == How::Redacted);
    let how = match facet.unnamed {
        true => "anonymised",
        false if handling.redact && !redacted && parts => "redacted",
        false => return Ok(()),
    };
    // once: a copy that somebody withdrew does not come back with its source
    if said(tx, object, collection)?.is_some() {
        return Ok(());
    }
    let sql = "INSERT INTO @copy_due (object, collection, how) VALUES ($1, $2, $3) ON CONFLICT (object, collection) DO NOTHING";
    tx.run(sql, &[object.into(), collection.into(), how.into()]).map(drop)
}

/// Folds that a copy was made, or listed, in a collection.
pub(crate) fn fold(tx: &mut Tx<'_>, collection: &str, of: &CopyOf, copy: &str) -> Result<()> {
    for (source, copy) in &of.ids {
        let sql = "INSERT INTO @copy_id (source, copy) VALUES ($1, $2) ON CONFLICT (source) DO NOTHING";
        tx.run(sql, &[source.into(), copy.into()])?;
    }
    done(tx, of.of, collection, &format!("its copy is {copy}, which has a decision of its own"))
}

/// Folds what became of an object of which a copy was due in a collection.
pub(crate) fn done(tx: &mut Tx<'_>, object: i64, collection: &str, said: &str) -> Result<()> {
    let sql = "INSERT INTO @copied (object, collection, said) VALUES ($1, $2, $3) ON CONFLICT (object, collection) DO UPDATE SET said = excluded.said";
    tx.run(sql, &[object.into(), collection.into(), said.into()])?;
    let sql = "DELETE FROM @copy_due WHERE object = $1 AND collection = $2";
    tx.run(sql, &[object.into(), collection.into()]).map(drop)
}

/// What became of an object of which a copy was due in a collection, in words.
pub(crate) fn said(tx: &mut Tx<'_>, object: i64, collection: &str) -> Result<Option<String>> {
    let sql = "SELECT said FROM @copied WHERE object = $1 AND collection = $2";
    tx.one(sql, &[object.into(), collection.into()], |r| r.text(0).to_owned())
}

/// Makes the copies that are due: each once, by the key of its event.
pub(crate) fn make_due(tx: &mut Tx<'_>) -> Result<()> {
    let sql = "SELECT object, collection, how FROM @copy_due ORDER BY object, collection LIMIT $1";
    let due = tx.all(sql, &[UNIT.into()], |r| Due {
        object: r.int(0),
        collection: r.text(1).to_owned(),
        how: if r.text(2) == "redacted" { How::Redacted } else { How::Anonymised },
    })?;
    if due.is_empty() {
        return Ok(());
    }
    let mut desk = Desk { home: collection_space(tx)?, made: BTreeSet::new(), ids: BTreeMap::new() };
    due.iter().try_for_each(|due| desk.make(tx, due))
}

/// The namespace of this hub's own ids: the UUID of the collection that was made with it.
fn collection_space(tx: &mut Tx<'_>) -> Result<Uuid> {
    let id = collection::need(tx, None)?.id;
    Uuid::parse_str(&id).map_err(|e| Error::Engine(format!("the collection {id}: {e}")))
}

/// The identity under which the operator makes objects of its own.
pub(crate) fn operator(tx: &mut Tx<'_>) -> Result<String> {
    Ok(operator_in(&collection_space(tx)?))
}

fn operator_in(space: &Uuid) -> String {
    format!("identity--{}", Uuid::new_v5(space, b"operator"))
}

/// What one unit has made so far.
struct Desk {
    home: Uuid,
    /// By id, version and line.
    made: BTreeSet<(String, String, i64)>,
    ids: BTreeMap<String, String>,
}

impl Desk {
    fn make(&mut self, tx: &mut Tx<'_>, due: &Due) -> Result<()> {
        let Some(event) = tx.event(due.object)?.filter(|event| event.payload.is_some()) else {
            return uncopied(tx, due, "its bytes were erased");
        };
        let meta: ObjectMeta = event.meta()?;
        let Ok(head) = Head::read(event.body()) else { return uncopied(tx, due, "it cannot be read") };
        if head.class() == Class::Observable {
            return uncopied(tx, due, "the id of an observable follows from its content");
        }
        let Ok(Value::Object(object)) = serde_json::from_slice(event.body()) else {
            return uncopied(tx, due, "it cannot be read");
        };
        let mut ids = BTreeMap::new();
        let sql = "SELECT line FROM @stix_object WHERE idx = $1";
        let line = tx.one(sql, &[due.object.into()], |r| r.int(0))?.unwrap_or(0);
        let made = match due.how {
            How::Redacted => self.redacted(tx, &head, object, due)?,
            How::Anonymised => self.anonymised(tx, due, &meta, line, object, &mut ids)?,
        };
        match made {
            Ok(copy) => self.append(tx, due, &meta, line, &copy, ids),
            Err(why) => uncopied(tx, due, &why),
        }
    }

    fn append(
        &mut self,
        tx: &mut Tx<'_>,
        due: &Due,
        of: &ObjectMeta,
        line: i64,
        copy: &Value,
        ids: BTreeMap<String, String>,
    ) -> Result<()> {
        let bytes = serde_json::to_vec(copy).map_err(|e| Error::Engine(e.to_string()))?;
        let head = match stix::admit(&bytes) {
            Ok(head) => head,
            Err(fault) => return uncopied(tx, due, &format!("the copy would not be admitted: {fault}")),
        };
        let key = format!("exchange/copy/{}/{}", due.object, due.collection);
        let vkey = head.version_key().map_or("", stix::Timestamp::key).to_owned();
        let sql = "SELECT idx FROM @stix_object WHERE id = $1 AND vkey = $2 AND line = $3";
        if let Some(object) = tx.one(sql, &[(&*head.id).into(), (&vkey).into(), line.into()], |r| r.int(0))? {
            let copy = Some(CopyOf { of: due.object, how: due.how, ids });
            let meta = ListedMeta { collection: due.collection.clone(), object, by: SOURCE.to_owned(), copy };
            return tx.append(Draft::new(event::LISTED, &meta)?.key(key)).map(drop);
        }
        if !self.made.insert((head.id.to_string(), vkey, line)) {
            // made for another collection in this unit: listed in this one as soon as that is folded
            return Ok(());
        }
        self.sign(tx, &due.collection)?;
        let giver = meaning::giver(tx, due.object)?;
        let resolved = meaning::resolve(tx, &head, giver.as_deref())?;
        let floor = if due.how == How::Anonymised { of.tlp } else { None };
        let meta = ObjectMeta {
            collection: due.collection.clone(),
            id: head.id.to_string(),
            kind: head.kind.to_string(),
            version: head.version().map(str::to_owned),
            tlp: resolved.tlp.max(floor),
            waiting: resolved.unresolved,
            source: SOURCE.to_owned(),
            by: SOURCE.to_owned(),
            spec: head.spec().to_owned(),
            hops: of.hops,
            line: (line != 0).then_some(line),
            aside: of.aside,
            beside: of.beside.clone(),
            shown: None,
            copy: Some(CopyOf { of: due.object, how: due.how, ids }),
            sighting: None,
        };
        tx.append(Draft::new(event::OBJECT, &meta)?.body(&bytes).key(key)).map(drop)
    }

    /// The identity under which the operator makes copies.
    fn operator(&self) -> String {
        operator_in(&self.home)
    }

    /// Lets that identity stand in a collection, TLP:CLEAR: it is public who keeps the hub.
    fn sign(&mut self, tx: &mut Tx<'_>, collection: &str) -> Result<()> {
        let id = self.operator();
        let key = format!("exchange/operator/{collection}");
        // the hub's own, whoever else gave something under that id
        let sql = "SELECT idx FROM @stix_object WHERE id = $1 AND source = $2 ORDER BY vkey LIMIT 1";
        if let Some(object) = tx.one(sql, &[(&id).into(), SOURCE.into()], |r| r.int(0))? {
            let sql = "SELECT 1 FROM @listing WHERE object = $1 AND collection = $2";
            if tx.one(sql, &[object.into(), collection.into()], |_| ())?.is_some() {
                return Ok(());
            }
            let meta = ListedMeta { collection: collection.to_owned(), object, by: SOURCE.to_owned(), copy: None };
            return tx.append(Draft::new(event::LISTED, &meta)?.key(key)).map(drop);
        }
        if !self.made.insert((id.clone(), String::new(), 0)) {
            return Ok(());
        }
        let sql = "SELECT home FROM @right_home WHERE id = 1";
        let home = tx.one(sql, &[], |r| r.text(0).to_owned())?.unwrap_or_default();
        let name = partners::org::find(tx, &home)?.map_or(home, |card| card.name);
        let now = tx.now().to_string();
        let [(clear, _), ..] = tlp::TLP2;
        let object = json!({
            "type": "identity", "spec_version": "2.1", "id": id, "created": now, "modified": now, "name": name,
            "identity_class": "organization", "object_marking_refs": [clear],
        });
        let meta = ObjectMeta {
            collection: collection.to_owned(),
            id,
            kind: "identity".to_owned(),
            version: Some(now),
            tlp: Some(Tlp::Clear),
            waiting: Vec::new(),
            source: SOURCE.to_owned(),
            by: SOURCE.to_owned(),
            spec: "2.1".to_owned(),
            hops: None,
            line: None,
            aside: false,
            beside: Vec::new(),
            shown: None,
            copy: None,
            sighting: None,
        };
        let bytes = serde_json::to_vec(&object).map_err(|e| Error::Engine(e.to_string()))?;
        tx.append(Draft::new(event::OBJECT, &meta)?.body(&bytes).key(key)).map(drop)
    }

    /// The object without its properties that carry a stricter mark than the whole, naming its source.
    fn redacted(&self, tx: &mut Tx<'_>, head: &Head<'_>, mut object: Map<String, Value>, due: &Due) -> Result<Made> {
        let giver = meaning::giver(tx, due.object)?;
        let mut own = None;
        for reference in &head.marking_refs {
            own = own.max(meaning::known(tx, reference, giver.as_deref())?.and_then(|m| m.tlp));
        }
        let default = collection::find(tx, &due.collection)?.map_or(Tlp::Red, |c| c.tlp);
        let mut out = Vec::new();
        for part in marking::parts(head) {
            let open = meaning::known(tx, &part.marking, giver.as_deref())?
                .is_some_and(|m| m.terms.is_empty() && m.tlp <= Some(own.unwrap_or(default)));
            if !open {
                out.push(part.selector);
            }
        }
        if out.is_empty() {
            return Ok(Err("no property is marked above the whole".to_owned()));
        }
        if let Err(why) = redact::leave_out(&mut object, &head.kind, &out) {
            return Ok(Err(why));
        }
        let id = Uuid::new_v5(&self.home, head.id.as_bytes());
        object.insert("id".to_owned(), format!("{}--{id}", head.kind).into());
        object.insert("created_by_ref".to_owned(), self.operator().into());
        let source = json!({
            "source_name": "redacted-copy-of", "external_id": &*head.id,
            "description": "Made without the properties that carry a stricter mark.",
        });
        match object.entry("external_references").or_insert_with(|| json!([])) {
            Value::Array(list) => list.push(source),
            _ => return Ok(Err("its external references are no list".to_owned())),
        }
        Ok(Ok(Value::Object(object)))
    }

    /// The object as one of the operator's own, with nothing that names its submitter.
    fn anonymised(
        &mut self,
        tx: &mut Tx<'_>,
        due: &Due,
        meta: &ObjectMeta,
        line: i64,
        mut object: Map<String, Value>,
        ids: &mut BTreeMap<String, String>,
    ) -> Result<Made> {
        if meta.kind == "identity" {
            return Ok(Err("an identity is what must not be named".to_owned()));
        }
        let sql = "SELECT giver, creator FROM @stix_object WHERE idx = $1";
        let row = tx.one(sql, &[due.object.into()], |r| (r.opt_text(0).map(str::to_owned), r.text(1).to_owned()))?;
        let (giver, creator) = row.unwrap_or_default();
        let giver = giver.unwrap_or_default();
        object.insert("id".to_owned(), meta.id.clone().into());
        object.insert("created_by_ref".to_owned(), self.operator().into());
        let mut whole = Value::Object(object);
        let mut references = BTreeSet::new();
        gather(&whole, "", &mut references);
        references.insert(meta.id.clone());
        for reference in &references {
            // its own id goes whoever gave an earlier version of it: a copy is another object
            let of_line = if *reference == meta.id { Some(line) } else { self.theirs(tx, reference, &giver)? };
            if let Some(line) = of_line {
                let fresh = self.stand_in(tx, reference, line, ids)?;
                replace(&mut whole, reference, &fresh);
            }
        }
        let mut names = giveaway::names(tx, &giver)?;
        names.extend((!creator.is_empty()).then(|| creator.to_lowercase()));
        if names.iter().any(|name| giveaway::says(&whole, name)) {
            return Ok(Err("it names its submitter elsewhere too".to_owned()));
        }
        match marked_by_its_own(tx, &references, &giver)? {
            true => Ok(Err("a marking of it shows its submitter".to_owned())),
            false => Ok(Ok(whole)),
        }
    }

    /// The line under which the submitter gave something of its own; `None` for what is held of others and for observables, which stay as
    /// they are.
    fn theirs(&self, tx: &mut Tx<'_>, id: &str, giver: &str) -> Result<Option<i64>> {
        let kind = id.split("--").next().unwrap_or_default();
        if id == self.operator() || giveaway::is_definition(kind) {
            return Ok(None);
        }
        let sql = "SELECT giver, shown, line FROM @stix_object WHERE id = $1 ORDER BY line, idx";
        let held = tx.all(sql, &[id.into()], |r| (r.opt_text(0) == Some(giver), r.bool(1), r.int(2)))?;
        Ok(match held.iter().find(|(own, ..)| *own).or(held.first()) {
            Some((own, shown, line)) => (*own && *shown).then_some(*line),
            // what is not held yet may well be theirs
            None => (Class::of(kind) != Class::Observable).then_some(0),
        })
    }

    /// The id that stands for another, drawn at its first use; for each line of versions its own.
    fn stand_in(&mut self, tx: &mut Tx<'_>, id: &str, line: i64, ids: &mut BTreeMap<String, String>) -> Result<String> {
        let source = if line == 0 { id.to_owned() } else { format!("{id}#{line}") };
        if let Some(known) = self.ids.get(&source) {
            ids.insert(source, known.clone());
            return Ok(known.clone());
        }
        let sql = "SELECT copy FROM @copy_id WHERE source = $1";
        let fresh = match tx.one(sql, &[(&source).into()], |r| r.text(0).to_owned())? {
            Some(known) => known,
            None => {
                let kind = id.split("--").next().unwrap_or_default();
                let fresh = format!("{kind}--{}", collection::new_id(tx));
                ids.insert(source.clone(), fresh.clone());
                fresh
            }
        };
        self.ids.insert(source, fresh.clone());
        Ok(fresh)
    }
}

/// Adds the copies that this hub made of objects, and the copies of those.
pub(crate) fn copies_of(tx: &mut Tx<'_>, objects: &mut BTreeSet<i64>) -> Result<()> {
    if objects.is_empty() {
        return Ok(());
    }
    let made = tx.all("SELECT idx FROM @stix_object WHERE source = $1 ORDER BY idx", &[SOURCE.into()], |r| r.int(0))?;
    for object in made {
        let Some(event) = tx.event(object)?.filter(|event| event.payload.is_some()) else { continue };
        let meta = event.meta::<ObjectMeta>()?;
        // a sighting says when something was observed, and how often: it goes with that
        let of = meta.copy.map(|copy| copy.of).or(meta.sighting.map(|sighting| sighting.observed));
        if of.is_some_and(|of| objects.contains(&of)) {
            objects.insert(object);
        }
    }
    Ok(())
}

fn uncopied(tx: &mut Tx<'_>, due: &Due, reason: &str) -> Result<()> {
    let meta = UncopiedMeta { object: due.object, collection: due.collection.clone(), reason: reason.to_owned() };
    let key = format!("exchange/copy/{}/{}", due.object, due.collection);
    tx.append(Draft::new(event::UNCOPIED, &meta)?.key(key)).map(drop)
}

/// Whether one of these ids is a marking of which the submitter gave the definition, and which shows that.
fn marked_by_its_own(tx: &mut Tx<'_>, references: &BTreeSet<String>, giver: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM @stix_object WHERE id = $1 AND giver = $2 AND shown = 1 LIMIT 1";
    for marking in references.iter().filter(|id| id.starts_with("marking-definition--")) {
        if tx.one(sql, &[marking.into(), giver.into()], |_| ())?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The ids that an object refers to (STIX 2.1 section 2.9: properties that end in `_ref` and `_refs`).
fn gather(value: &Value, key: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| gather(value, key, out)),
        Value::Array(list) => list.iter().for_each(|value| gather(value, key, out)),
        Value::String(text) if (key.ends_with("_ref") || key.ends_with("_refs")) && text.contains("--") => {
            out.insert(text.clone());
        }
        _ => {}
    }
}

/// Puts one id for another wherever it stands.
fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| replace(value, from, to)),
        Value::Array(list) => list.iter_mut().for_each(|value| replace(value, from, to)),
        Value::String(text) if text.contains(from) => *text = text.replace(from, to),
        _ => {}
    }
}
