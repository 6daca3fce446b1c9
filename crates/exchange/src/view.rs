//! Views: collection × the set of recipients with the same compiled rights and the same history of them (DESIGN, "Who sees what").
//!
//! A view is written ahead: at admission and at each change of rights. Each entry has a `date_added` of its own that rises strictly within
//! the view, so a page is a range of one view, without decision, gap or look-ahead at read. All functions here are part of the fold.
use ledger::{Column, Micros, Result, Tx};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// The level of the view that holds all of a collection.
const ALL: i64 = Tlp::Red as i64;

/// An object that a collection lists.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) object: i64,
    pub(crate) seq: i64,
    pub(crate) known: Micros,
    pub(crate) id: String,
    pub(crate) vkey: String,
    /// `None` for unmarked content, which takes the collection's default mark.
    pub(crate) tlp: Option<i64>,
}

/// The rank that counts for an object: its own, or RED as long as one of its markings is not held.
pub(crate) fn effective(tlp: Option<i64>, waiting: i64) -> Option<i64> {
    if waiting > 0 { Some(Tlp::Red.rank()) } else { tlp }
}

struct View {
    id: i64,
    level: i64,
    last: i64,
}

/// Lists objects in a collection and adds them to each view that may hold them. The ids are distinct within one call.
pub(crate) fn list(tx: &mut Tx<'_>, collection: &str, objects: &[Listed]) -> Result<()> {
    let columns = [
        Column::Text(objects.iter().map(|_| collection).collect()),
        Column::Int(objects.iter().map(|o| o.seq).collect()),
        Column::Int(objects.iter().map(|o| o.object).collect()),
        Column::Int(objects.iter().map(|o| o.known.0).collect()),
    ];
    tx.bulk("INSERT INTO @listing (collection, seq, object, known)", &columns, "")?;
    let default = default_tlp(tx, collection)?;
    let others = other_versions(tx, objects)?;
    for view in views_of(tx, collection)? {
        let visible: Vec<(Micros, &Listed)> =
            objects.iter().filter(|o| o.tlp.unwrap_or(default) <= view.level).map(|o| (o.known, o)).collect();
        append(tx, &view, &visible, &others)?;
    }
    Ok(())
}

/// Appends entries to a view. `added` is never before the instant at which it became visible and always after all before it.
fn append(
    tx: &mut Tx<'_>,
    view: &View,
    rows: &[(Micros, &Listed)],
    others: &BTreeMap<String, Vec<(i64, String)>>,
) -> Result<()> {
    let mut last = view.last;
    let mut added = Vec::with_capacity(rows.len());
    let mut flags = Vec::with_capacity(rows.len());
    for (since, object) in rows {
        last = since.0.max(last + 1);
        added.push(last);
        flags.push(match others.get(&object.id) {
            Some(others) => place_among(tx, view.id, object, others)?,
            None => (1, 1),
        });
    }
    let columns = [
        Column::Int(rows.iter().map(|_| view.id).collect()),
        Column::Int(added),
        Column::Int(rows.iter().map(|(_, o)| o.object).collect()),
        Column::Int(flags.iter().map(|f| f.0).collect()),
        Column::Int(flags.iter().map(|f| f.1).collect()),
    ];
    tx.bulk("INSERT INTO @view_entry (view, added, object, is_first, is_last)", &columns, "")?;
    tx.run("UPDATE @view SET last = $2 WHERE id = $1", &[view.id.into(), last.into()]).map(drop)
}

/// Whether an object is the first and the last of its versions within a view, and corrects those that no longer are.
fn place_among(tx: &mut Tx<'_>, view: i64, object: &Listed, others: &[(i64, String)]) -> Result<(i64, i64)> {
    let (mut first, mut last) = (1, 1);
    for (other, vkey) in others {
        let sql = "SELECT 1 FROM @view_entry WHERE view = $1 AND object = $2";
        if tx.one(sql, &[view.into(), (*other).into()], |_| ())?.is_none() {
            continue;
        }
        let sql = if *vkey < object.vkey {
            first = 0;
            "UPDATE @view_entry SET is_last = 0 WHERE view = $1 AND object = $2"
        } else {
            last = 0;
            "UPDATE @view_entry SET is_first = 0 WHERE view = $1 AND object = $2"
        };
        tx.run(sql, &[view.into(), (*other).into()])?;
    }
    Ok((first, last))
}

/// The other versions that are held of these objects, by id.
fn other_versions(tx: &mut Tx<'_>, objects: &[Listed]) -> Result<BTreeMap<String, Vec<(i64, String)>>> {
    let own: BTreeSet<i64> = objects.iter().map(|o| o.object).collect();
    let ids: Vec<&str> = objects.iter().map(|o| o.id.as_str()).collect();
    let mut out: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    crate::versions::by_ids(tx, "idx, id, vkey", &ids, &mut |row| {
        if !own.contains(&row.int(0)) {
            out.entry(row.text(1).to_owned()).or_default().push((row.int(0), row.text(2).to_owned()));
        }
    })?;
    Ok(out)
}

/// The view of a collection for a level that somebody gets who has had none before: one that stands, or a new one.
pub(crate) fn at_level(tx: &mut Tx<'_>, collection: &str, level: i64) -> Result<i64> {
    let sql = "SELECT id FROM @view WHERE collection = $1 AND level = $2 ORDER BY id LIMIT 1";
    if let Some(view) = tx.one(sql, &[collection.into(), level.into()], |r| r.int(0))? {
        return Ok(view);
    }
    let view = create(tx, collection, level, 0)?;
    let rows = listed(tx, collection, level)?;
    fill(tx, &view, &rows.iter().map(|o| (o.known, o)).collect::<Vec<_>>())?;
    Ok(view.id)
}

/// A view that continues another at another level, from `known` on: what was seen keeps its `date_added`, what becomes visible is newly
/// added, what is no longer visible is withdrawn.
pub(crate) fn fork(tx: &mut Tx<'_>, from: i64, level: i64, known: Micros) -> Result<i64> {
    let sql = "SELECT collection, last FROM @view WHERE id = $1";
    let Some((collection, last)) = tx.one(sql, &[from.into()], |r| (r.text(0).to_owned(), r.int(1)))? else {
        return Ok(from);
    };
    let view = create(tx, &collection, level, last)?;
    tx.run(
        "INSERT INTO @view_entry (view, added, object, is_first, is_last) \
         SELECT $2, added, object, is_first, is_last FROM @view_entry WHERE view = $1",
        &[from.into(), view.id.into()],
    )?;
    settle(tx, &collection, &view, known)?;
    Ok(view.id)
}

/// Makes the view that holds all of a new collection.
pub(crate) fn create_base(tx: &mut Tx<'_>, collection: &str) -> Result<()> {
    create(tx, collection, ALL, 0).map(drop)
}

/// The view that holds all of a collection: the first one at the highest level.
pub(crate) fn base(tx: &mut Tx<'_>, collection: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM @view WHERE collection = $1 AND level = $2 ORDER BY id LIMIT 1";
    tx.one(sql, &[collection.into(), ALL.into()], |r| r.int(0))
}

/// Drops the views of a collection that nobody has, save the one that holds all.
pub(crate) fn drop_unused(tx: &mut Tx<'_>, collection: &str) -> Result<()> {
    let keep = base(tx, collection)?;
    let sql = "SELECT v.id FROM @view v WHERE v.collection = $1 AND NOT EXISTS (SELECT 1 FROM @recipient r WHERE r.view = v.id) ORDER BY v.id";
    for view in tx.all(sql, &[collection.into()], |r| r.int(0))?.into_iter().filter(|id| Some(*id) != keep) {
        for table in ["@view_entry WHERE view", "@withdrawn WHERE view", "@view WHERE id"] {
            tx.run(&format!("DELETE FROM {table} = $1"), &[view.into()])?;
        }
    }
    Ok(())
}

fn create(tx: &mut Tx<'_>, collection: &str, level: i64, last: i64) -> Result<View> {
    let id = tx.one("SELECT COALESCE(MAX(id), 0) + 1 FROM @view", &[], |r| r.int(0))?.unwrap_or(1);
    let sql = "INSERT INTO @view (id, collection, level, last) VALUES ($1, $2, $3, $4)";
    tx.run(sql, &[id.into(), collection.into(), level.into(), last.into()])?;
    Ok(View { id, level, last })
}

/// Fills an empty view.
fn fill(tx: &mut Tx<'_>, view: &View, rows: &[(Micros, &Listed)]) -> Result<()> {
    append(tx, view, rows, &BTreeMap::new())?;
    let ids: BTreeSet<&str> = doubled(rows.iter().map(|(_, o)| o.id.as_str()));
    reflag(tx, view.id, &ids)
}

/// Takes objects out of each view of a collection, and records it.
pub(crate) fn withdraw(tx: &mut Tx<'_>, collection: &str, objects: &[i64], known: Micros) -> Result<()> {
    for view in views_of(tx, collection)? {
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for object in objects {
            if take_out(tx, view.id, *object, known)? {
                let sql = "SELECT id FROM @stix_object WHERE idx = $1";
                ids.extend(tx.one(sql, &[(*object).into()], |r| r.text(0).to_owned())?);
            }
        }
        reflag(tx, view.id, &ids.iter().map(String::as_str).collect())?;
    }
    Ok(())
}

/// Takes one object out of a view; false where it was not in it.
fn take_out(tx: &mut Tx<'_>, view: i64, object: i64, known: Micros) -> Result<bool> {
    if tx.run("DELETE FROM @view_entry WHERE view = $1 AND object = $2", &[view.into(), object.into()])? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO @withdrawn (view, object, at) VALUES ($1, $2, $3) ON CONFLICT (view, object, at) DO NOTHING";
    tx.run(sql, &[view.into(), object.into(), known.into()])?;
    Ok(true)
}

/// Brings every view to what it may hold now.
pub(crate) fn settle_all(tx: &mut Tx<'_>, known: Micros) -> Result<()> {
    for collection in tx.all("SELECT id FROM @collection ORDER BY id", &[], |r| r.text(0).to_owned())? {
        settle_collection(tx, &collection, known)?;
    }
    Ok(())
}

/// Brings each view of a collection to what it may hold now.
pub(crate) fn settle_collection(tx: &mut Tx<'_>, collection: &str, known: Micros) -> Result<()> {
    views_of(tx, collection)?.iter().try_for_each(|view| settle(tx, collection, view, known))
}

/// Brings one view to what it may hold now: withdraws what it may not, adds at `known` what it may and does not.
fn settle(tx: &mut Tx<'_>, collection: &str, view: &View, known: Micros) -> Result<()> {
    let wanted = listed(tx, collection, view.level)?;
    let held: BTreeMap<i64, String> = tx
        .all(
            "SELECT e.object, o.id FROM @view_entry e JOIN @stix_object o ON o.idx = e.object WHERE e.view = $1 ORDER BY e.object",
            &[view.id.into()],
            |r| (r.int(0), r.text(1).to_owned()),
        )?
        .into_iter()
        .collect();
    let may: BTreeSet<i64> = wanted.iter().map(|o| o.object).collect();
    let mut touched: BTreeSet<&str> = BTreeSet::new();
    for (object, id) in held.iter().filter(|(object, _)| !may.contains(object)) {
        touched.insert(id);
        take_out(tx, view.id, *object, known)?;
    }
    let fresh: Vec<(Micros, &Listed)> =
        wanted.iter().filter(|o| !held.contains_key(&o.object)).map(|o| (known, o)).collect();
    append(tx, view, &fresh, &BTreeMap::new())?;
    let all = held.iter().filter(|(object, _)| may.contains(object)).map(|(_, id)| id.as_str());
    let fresh_ids: BTreeSet<&str> = fresh.iter().map(|(_, o)| o.id.as_str()).collect();
    let doubled = doubled(all.chain(fresh.iter().map(|(_, o)| o.id.as_str())));
    touched.extend(doubled.into_iter().filter(|id| fresh_ids.contains(id)));
    reflag(tx, view.id, &touched)
}

fn doubled<'a>(ids: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    ids.filter(|id| !seen.insert(*id)).collect()
}

/// Works out anew which versions of these objects are the first and the last within a view.
fn reflag(tx: &mut Tx<'_>, view: i64, ids: &BTreeSet<&str>) -> Result<()> {
    for id in ids {
        let versions = tx.all(
            "SELECT e.object FROM @stix_object o JOIN @view_entry e ON e.object = o.idx WHERE o.id = $2 AND e.view = $1 ORDER BY o.vkey",
            &[view.into(), (*id).into()],
            |r| r.int(0),
        )?;
        for (i, object) in versions.iter().enumerate() {
            let (first, last) = (i64::from(i == 0), i64::from(i + 1 == versions.len()));
            let sql = "UPDATE @view_entry SET is_first = $3, is_last = $4 WHERE view = $1 AND object = $2";
            tx.run(sql, &[view.into(), (*object).into(), first.into(), last.into()])?;
        }
    }
    Ok(())
}

fn views_of(tx: &mut Tx<'_>, collection: &str) -> Result<Vec<View>> {
    let sql = "SELECT id, level, last FROM @view WHERE collection = $1 ORDER BY id";
    tx.all(sql, &[collection.into()], |r| View { id: r.int(0), level: r.int(1), last: r.int(2) })
}

fn default_tlp(tx: &mut Tx<'_>, collection: &str) -> Result<i64> {
    let found = tx.one("SELECT tlp FROM @collection WHERE id = $1", &[collection.into()], |r| r.int(0))?;
    // an unknown collection opens nothing
    Ok(found.unwrap_or(ALL))
}

/// What a collection lists at a level, in the order of listing.
fn listed(tx: &mut Tx<'_>, collection: &str, level: i64) -> Result<Vec<Listed>> {
    let default = default_tlp(tx, collection)?;
    let rows = tx.all(
        "SELECT l.object, l.seq, l.known, o.id, o.vkey, o.tlp, o.waiting FROM @listing l JOIN @stix_object o ON o.idx = l.object \
         WHERE l.collection = $1 ORDER BY l.seq, l.object",
        &[collection.into()],
        |r| Listed {
            object: r.int(0),
            seq: r.int(1),
            known: r.micros(2),
            id: r.text(3).to_owned(),
            vkey: r.text(4).to_owned(),
            tlp: effective(r.opt_int(5), r.int(6)),
        },
    )?;
    Ok(rows.into_iter().filter(|o| o.tlp.unwrap_or(default) <= level).collect())
}
