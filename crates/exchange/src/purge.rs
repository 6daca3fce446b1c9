//! What of this stage belongs to a purge: the events that hold a matter, what stays of each, and how a tombstone is folded.
//!
//! Of an object stays what its handling needs: id, version, marks, the labels that agreements name. So a rebuild gives every view the
//! same dates as before, and no poller loses anything; then, at the tombstone, the object leaves each view, and the withdrawal is recorded.
//! Of documents and of what lies in review nothing stays.
use crate::event::{self, ObjectMeta};
use crate::{copy, disclosed, facet, sight, view};
use ledger::{Error, Event, Micros, Payload, Result, Tx};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use stix::{Fault, Head, Timestamp};

/// A matter that can be purged, as this stage knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matter<'a> {
    /// A STIX object, all its versions or one.
    Object(&'a str, Option<&'a str>),
    /// A document of another form, by its own id, all its versions.
    Document(&'a str),
    /// All that an organisation gave.
    Org(&'a str),
}

/// The events that hold a matter, those of copies that this hub made of it and of what lies in review included.
pub fn events(tx: &mut Tx<'_>, matter: &Matter<'_>) -> Result<BTreeSet<i64>> {
    let mut found: BTreeSet<i64> = match matter {
        Matter::Object(id, version) => {
            let sql = "SELECT idx, version, vkey FROM @stix_object WHERE id = $1 ORDER BY idx";
            let rows =
                tx.all(sql, &[(*id).into()], |r| (r.int(0), r.opt_text(1).map(str::to_owned), r.text(2).to_owned()))?;
            let named = |row: &&(i64, Option<String>, String)| match version {
                Some(v) => row.1.as_deref() == Some(v) || Timestamp::parse(v).is_ok_and(|at| at.key() == row.2),
                None => true,
            };
            rows.iter().filter(named).map(|row| row.0).collect()
        }
        Matter::Document(id) => ints(tx, "SELECT idx FROM @document WHERE id = $1", id)?,
        Matter::Org(org) => {
            let mut given =
                ints(tx, "SELECT idx FROM @stix_object WHERE giver = $1 AND kind <> 'marking-definition'", org)?;
            let sql = "SELECT idx FROM @review WHERE source = 'taxii:' || $1 OR source = 'peer:' || $1";
            given.extend(ints(tx, sql, org)?);
            given.extend(ints(
                tx,
                "SELECT idx FROM @document WHERE source = $1 OR source = 'taxii:' || $1 OR source = 'peer:' || $1",
                org,
            )?);
            given
        }
    };
    copy::copies_of(tx, &mut found)?;
    if let Matter::Object(id, None) | Matter::Document(id) = matter {
        found.extend(ints(tx, "SELECT idx FROM @review WHERE id = $1", id)?);
    }
    Ok(found)
}

fn ints(tx: &mut Tx<'_>, sql: &str, name: &str) -> Result<BTreeSet<i64>> {
    Ok(tx.all(&format!("{sql} ORDER BY idx"), &[name.into()], |r| r.int(0))?.into_iter().collect())
}

/// The id and version of a held object, by its event.
pub fn named(tx: &mut Tx<'_>, object: i64) -> Result<Option<(String, Option<String>)>> {
    let sql = "SELECT id, version FROM @stix_object WHERE idx = $1";
    tx.one(sql, &[object.into()], |r| (r.text(0).to_owned(), r.opt_text(1).map(str::to_owned)))
}

/// Who gave a held object; `None` for the hub's own.
pub fn giver(tx: &mut Tx<'_>, object: i64) -> Result<Option<String>> {
    let sql = "SELECT giver FROM @stix_object WHERE idx = $1";
    Ok(tx.one(sql, &[object.into()], |r| r.opt_text(0).map(str::to_owned))?.flatten())
}

/// The events of an object's versions, held or purged, in the order of the log.
pub fn versions(tx: &mut Tx<'_>, id: &str) -> Result<BTreeSet<i64>> {
    let mut all = ints(tx, "SELECT idx FROM @stix_object WHERE id = $1", id)?;
    all.extend(ints(tx, "SELECT object AS idx FROM @purged WHERE id = $1", id)?);
    Ok(all)
}

/// The organisations whose people have a view that holds one of these objects: who could see it, shown or not.
pub fn could_see(tx: &mut Tx<'_>, objects: &BTreeSet<i64>) -> Result<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    for object in objects {
        let sql = "SELECT DISTINCT p.org FROM @view_entry e JOIN @recipient r ON r.view = e.view AND r.level IS NOT NULL \
                   JOIN @right_person p ON p.name = r.person WHERE e.object = $1 \
                   AND p.org <> (SELECT home FROM @right_home WHERE id = 1) ORDER BY p.org";
        out.extend(tx.all(sql, &[(*object).into()], |r| r.text(0).to_owned())?);
    }
    Ok(out)
}

/// What stays of an event in the place of its payload. A marking-definition cannot be purged: it says how others are handled.
pub fn remnant(tx: &mut Tx<'_>, event: &Event) -> Result<Option<Payload>> {
    if event.kind != event::OBJECT {
        return Ok(None);
    }
    let meta: ObjectMeta = event.meta()?;
    if meta.kind == "marking-definition" {
        let reason = format!("{} says how other objects are handled", meta.id);
        return Err(Error::refused("purge-marking", reason, "purge what it marks; a definition stays"));
    }
    let head = Head::read(event.body()).map_err(|fault| Error::Integrity(format!("event {}: {fault}", event.index)))?;
    let agreed =
        tx.all("SELECT value FROM @right_named WHERE what = 'topic' ORDER BY value", &[], |r| r.text(0).to_owned())?;
    let labels: Vec<Value> =
        facet::topics_of(&head).into_iter().filter(|t| agreed.contains(t)).map(Value::from).collect();
    let mut kept = Map::new();
    let texts = [
        ("type", Some(&head.kind)),
        ("id", Some(&head.id)),
        ("spec_version", head.spec_version.as_ref()),
        ("created", head.created.as_ref()),
        ("modified", head.modified.as_ref()),
        ("created_by_ref", head.created_by.as_ref()),
    ];
    for (key, text) in texts {
        kept.extend(text.map(|text| (key.to_owned(), Value::from(&**text))));
    }
    if head.revoked {
        kept.insert("revoked".into(), true.into());
    }
    let marks: Vec<Value> = head.marking_refs.iter().map(|r| Value::from(&**r)).collect();
    let granular = head.granular.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    for (key, list) in [("object_marking_refs", Value::from(marks)), ("labels", Value::from(labels))] {
        if list.as_array().is_some_and(|l| !l.is_empty()) {
            kept.insert(key.into(), list);
        }
    }
    kept.extend(granular.map(|g| ("granular_markings".to_owned(), g)));
    let text = |value: serde_json::Result<String>| value.map_err(|e| Error::Engine(e.to_string()));
    // receipts of what was shown beside it hold on: the digest stays, the blind without which it says nothing goes
    let digest = disclosed::item(tx, event.index)?.map(|item| item.digest);
    // the views that it never stood in must not hold its remnant on a rebuild
    let sql = "SELECT shown FROM @stix_object WHERE idx = $1";
    let shown = tx.one(sql, &[event.index.into()], |r| r.bool(0))?;
    let meta = ObjectMeta { by: "purged".to_owned(), shown, ..meta };
    let meta = text(serde_json::to_string(&Kept { meta, digest }))?;
    Ok(Some(Payload::new(&meta, text(serde_json::to_string(&kept))?.as_bytes())))
}

/// Meta of a remnant.
#[derive(serde::Serialize)]
struct Kept {
    #[serde(flatten)]
    meta: ObjectMeta,
    digest: Option<String>,
}

#[derive(serde::Deserialize)]
struct Stone {
    entries: Vec<ledger::purge::Grave>,
}

/// A tombstone: whatever of it this stage holds leaves every table. The first version named one entry and came with a rebuild.
pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    if event.version < 2 {
        return Ok(());
    }
    let Stone { entries } = event.meta()?;
    let mut listed: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for grave in &entries {
        let sql = "SELECT collection FROM @listing WHERE object = $1 ORDER BY collection";
        for collection in tx.all(sql, &[grave.index.into()], |r| r.text(0).to_owned())? {
            listed.entry(collection).or_default().push(grave.index);
        }
    }
    for grave in &entries {
        // before the views: what stood aside for it takes its place there
        tx.run("DELETE FROM @listing WHERE object = $1", &[grave.index.into()])?;
    }
    for (collection, objects) in listed {
        view::withdraw(tx, &collection, &objects, event.known)?;
    }
    for grave in &entries {
        forget(tx, grave.index, event.known)?;
    }
    Ok(())
}

fn forget(tx: &mut Tx<'_>, at: i64, known: Micros) -> Result<()> {
    let sql = "INSERT INTO @purged (id, vkey, giver, at, object) SELECT id, vkey, giver, CAST($2 AS BIGINT), idx FROM @stix_object WHERE idx = $1 \
               ON CONFLICT (id, vkey, object) DO NOTHING";
    tx.run(sql, &[at.into(), known.into()])?;
    sight::forget(tx, at)?;
    for rows in [
        "@topic WHERE object",
        "@waiting WHERE object",
        "@copy_due WHERE object",
        "@copied WHERE object",
        "@stix_object WHERE idx",
        "@document WHERE idx",
        "@review WHERE idx",
    ] {
        tx.run(&format!("DELETE FROM {rows} = $1"), &[at.into()])?;
    }
    Ok(())
}

/// Whether anything was ever purged: asked once a unit of admission.
pub(crate) fn any(tx: &mut Tx<'_>) -> Result<bool> {
    Ok(tx.one("SELECT 1 FROM @purged LIMIT 1", &[], |_| ())?.is_some())
}

/// Why a version is not taken again: it was purged here. With the organisations that gave it then.
pub(crate) fn not_again(tx: &mut Tx<'_>, id: &str, vkey: &str) -> Result<Option<(Fault, BTreeSet<String>)>> {
    let sql = "SELECT at, giver FROM @purged WHERE id = $1 AND vkey = $2 ORDER BY object";
    let held = tx.all(sql, &[id.into(), vkey.into()], |r| (r.micros(0), r.opt_text(1).map(str::to_owned)))?;
    let Some((at, _)) = held.first() else { return Ok(None) };
    let reason = format!("this version was purged on {} and is not taken again", at.day());
    Ok(Some((Fault::new("purged", "/id", reason), held.into_iter().filter_map(|(_, giver)| giver).collect())))
}
