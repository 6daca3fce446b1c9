//! Views: collection × the set of recipients with the same compiled rights and the same history of them (DESIGN, "Who sees what").
//!
//! A view is written ahead: at admission and at each change of rights. Each entry has a `date_added` of its own that rises strictly within
//! the view, so a page is a range of one view, without decision, gap or look-ahead at read. All functions here are part of the fold.
//!
//! Of versions of one id that conflict ([`crate::versions`]) a view holds the one that its collection listed first, of those it may hold.
use crate::versions::{self, Held};
use crate::{facet, page};
use ledger::{Column, Micros, Result, Tx};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// The level of the view that holds all of a collection.
const ALL: i64 = Tlp::Red as i64;
/// The level of a view that is kept as it stood: nobody reads it, and nothing comes into it or goes.
pub(crate) const FROZEN: i64 = -1;

/// An object that a collection lists.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) object: i64,
    pub(crate) seq: i64,
    pub(crate) known: Micros,
    pub(crate) id: String,
    pub(crate) vkey: String,
    /// Bytes as received.
    pub(crate) size: i64,
    /// `None` for unmarked content, which takes the collection's default mark.
    pub(crate) tlp: Option<i64>,
    /// Only a property is marked: the default counts for the rest.
    pub(crate) partial: bool,
    /// What it asks beside a label ([`crate::facet`]).
    pub(crate) facet: i64,
}

impl Listed {
    /// The rank that counts in a collection with this default.
    fn rank(&self, default: i64) -> i64 {
        rank(self.tlp, self.partial, default)
    }
}

/// The rank that counts in a collection with this default; of an object of which only a property is marked, the default counts too.
pub(crate) fn rank(tlp: Option<i64>, partial: bool, default: i64) -> i64 {
    match tlp {
        Some(tlp) if partial => tlp.max(default),
        Some(tlp) => tlp,
        None => default,
    }
}

/// What the recipients of a view may get: the highest rank for what asks nothing beside a label, and for each facet of the collection.
/// A facet that is not in it is withheld.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    pub(crate) level: i64,
    pub(crate) facets: BTreeMap<i64, i64>,
}

/// The rank that counts for an object: its own, or RED as long as one of its markings is not held.
pub(crate) fn effective(tlp: Option<i64>, waiting: i64) -> Option<i64> {
    if waiting > 0 { Some(Tlp::Red.rank()) } else { tlp }
}

struct View {
    id: i64,
    last: i64,
    /// It holds all of the collection, whatever is asked.
    base: bool,
    class: Class,
}

impl View {
    fn holds(&self, object: &Listed, default: i64) -> bool {
        let rank = object.rank(default);
        self.base
            || match object.facet {
                facet::PLAIN => rank <= self.class.level,
                facet => self.class.facets.get(&facet).is_some_and(|level| rank <= *level),
            }
    }
}

/// Lists objects in a collection and adds them to each view that may hold them. The ids are distinct within one call; `others` are all
/// versions held of an id of which more than this one is held.
pub(crate) fn list(
    tx: &mut Tx<'_>,
    collection: &str,
    objects: &[Listed],
    others: &BTreeMap<String, Vec<Held>>,
) -> Result<()> {
    let columns = [
        Column::Text(objects.iter().map(|_| collection).collect()),
        Column::Int(objects.iter().map(|o| o.seq).collect()),
        Column::Int(objects.iter().map(|o| o.object).collect()),
        Column::Int(objects.iter().map(|o| o.known.0).collect()),
        Column::Int(objects.iter().map(|o| o.facet).collect()),
    ];
    tx.bulk("INSERT INTO @listing (collection, seq, object, known, facet)", &columns, "")?;
    let default = default_tlp(tx, collection)?;
    let facets: BTreeSet<i64> = objects.iter().map(|o| o.facet).filter(|f| *f != facet::PLAIN).collect();
    for view in views_of(tx, collection, &facets)? {
        let visible: Vec<(Micros, &Listed)> =
            objects.iter().filter(|o| view.holds(o, default)).map(|o| (o.known, o)).collect();
        append(tx, &view, &visible, others)?;
    }
    Ok(())
}

/// Appends entries to a view. `added` is never before the instant at which it became visible and always after all before it.
fn append(
    tx: &mut Tx<'_>,
    view: &View,
    rows: &[(Micros, &Listed)],
    others: &BTreeMap<String, Vec<Held>>,
) -> Result<()> {
    let mut last = view.last;
    let mut placed = Vec::with_capacity(rows.len());
    for (since, object) in rows {
        let among = match others.get(&object.id) {
            Some(others) => place_among(tx, view.id, object, others)?,
            None => Some((1, 1)),
        };
        if let Some((is_first, is_last)) = among {
            last = since.0.max(last + 1);
            placed.push((last, *object, is_first, is_last));
        }
    }
    let columns = [
        Column::Int(placed.iter().map(|_| view.id).collect()),
        Column::Int(placed.iter().map(|p| p.0).collect()),
        Column::Int(placed.iter().map(|p| p.1.object).collect()),
        Column::Int(placed.iter().map(|p| p.2).collect()),
        Column::Int(placed.iter().map(|p| p.3).collect()),
        Column::Int(placed.iter().map(|p| p.1.size).collect()),
    ];
    tx.bulk("INSERT INTO @view_entry (view, added, object, is_first, is_last, size)", &columns, "")?;
    tx.run("UPDATE @view SET last = $2 WHERE id = $1", &[view.id.into(), last.into()]).map(drop)
}

/// Whether an object is the first and the last of its versions within a view, and corrects the one that no longer is; `None` where one that
/// is in the view conflicts with it. Its own event is among those that are held: it stands in the view only after this.
fn place_among(tx: &mut Tx<'_>, view: i64, object: &Listed, others: &[Held]) -> Result<Option<(i64, i64)>> {
    // within the first line admission let nothing in that conflicts
    if others.iter().any(|one| one.line != 0) {
        let here: BTreeSet<i64> = page::held(tx, view, &object.id)?.into_iter().collect();
        let own = others.iter().find(|one| one.object == object.object);
        let agrees = |other: &Held| own.is_some_and(|own| own.agrees(&object.id, other));
        if others.iter().any(|other| here.contains(&other.object) && !agrees(other)) {
            return Ok(None);
        }
    }
    // the way is along the versions from one end, so that a long history costs no more than a short one
    let mut at_end = |order: &str, flag: &str, beyond: fn(&str, &str) -> bool| -> Result<i64> {
        let sql = format!(
            "SELECT e.object, o.vkey FROM @stix_object o CROSS JOIN @view_entry e WHERE o.id = $2 AND e.view = $1 AND e.object = o.idx \
             ORDER BY o.vkey {order}, o.line {order} LIMIT 1"
        );
        let end = tx.one(&sql, &[view.into(), (&object.id).into()], |r| (r.int(0), r.text(1).to_owned()))?;
        match end {
            Some((_, vkey)) if beyond(&vkey, &object.vkey) => Ok(0),
            Some((other, _)) => {
                let sql = format!("UPDATE @view_entry SET {flag} = 0 WHERE view = $1 AND object = $2");
                tx.run(&sql, &[view.into(), other.into()])?;
                Ok(1)
            }
            None => Ok(1),
        }
    };
    let first = at_end("ASC", "is_first", |end, own| end < own)?;
    let last = at_end("DESC", "is_last", |end, own| end > own)?;
    Ok(Some((first, last)))
}

/// The view of a collection for a class that somebody gets who has had none before: one that stands, or a new one. One that stands is
/// shared while it is plain, that is as a new one would be: dates at which something became visible to others are not for a newcomer.
pub(crate) fn at_class(tx: &mut Tx<'_>, collection: &str, class: &Class) -> Result<i64> {
    let sql = "SELECT id FROM @view WHERE collection = $1 AND level = $2 AND (plain = 1 OR base = 1) ORDER BY id";
    for view in tx.all(sql, &[collection.into(), class.level.into()], |r| r.int(0))? {
        if class_of(tx, view)?.as_ref() == Some(class) {
            return Ok(view);
        }
    }
    let view = create(tx, collection, class, 0, false)?;
    tx.run("UPDATE @view SET plain = 1 WHERE id = $1", &[view.id.into()])?;
    let rows = listed(tx, collection, &view)?;
    fill(tx, &view, &rows.iter().map(|o| (o.known, o)).collect::<Vec<_>>())?;
    Ok(view.id)
}

/// The class of a view. That of the view that holds all is RED for each facet of its collection.
pub(crate) fn class_of(tx: &mut Tx<'_>, view: i64) -> Result<Option<Class>> {
    let sql = "SELECT level, base FROM @view WHERE id = $1";
    let Some((level, base)) = tx.one(sql, &[view.into()], |r| (r.int(0), r.bool(1)))? else { return Ok(None) };
    let sql = match base {
        false => "SELECT facet, level FROM @view_right WHERE view = $1 ORDER BY facet",
        true => {
            "SELECT c.facet, v.level FROM @view v JOIN @collection_facet c ON c.collection = v.collection WHERE v.id = $1 ORDER BY c.facet"
        }
    };
    let facets = tx.all(sql, &[view.into()], |r| (r.int(0), r.int(1)))?.into_iter().collect();
    Ok(Some(Class { level, facets }))
}

/// Whether a view is the one that holds all of its collection.
pub(crate) fn is_base(tx: &mut Tx<'_>, view: i64) -> Result<bool> {
    Ok(tx.one("SELECT base FROM @view WHERE id = $1", &[view.into()], |r| r.bool(0))? == Some(true))
}

/// Lets a view have a facet up to a rank.
pub(crate) fn grant(tx: &mut Tx<'_>, view: i64, facet: i64, level: i64) -> Result<()> {
    let sql = "INSERT INTO @view_right (view, facet, level) VALUES ($1, $2, $3)";
    tx.run(sql, &[view.into(), facet.into(), level.into()]).map(drop)
}

/// A view that continues another with another class, from `known` on: what was seen keeps its `date_added`, what becomes visible is newly
/// added, what is no longer visible is withdrawn.
pub(crate) fn fork(tx: &mut Tx<'_>, from: i64, class: &Class, known: Micros) -> Result<i64> {
    let Some((collection, view)) = continued(tx, from, class)? else { return Ok(from) };
    settle(tx, &collection, &view, known)?;
    Ok(view.id)
}

/// A view that keeps what another holds, for those who lost their right to it.
pub(crate) fn freeze(tx: &mut Tx<'_>, from: i64) -> Result<i64> {
    let class = Class { level: FROZEN, facets: BTreeMap::new() };
    Ok(continued(tx, from, &class)?.map_or(from, |(_, view)| view.id))
}

/// A view of another class that holds what a view holds, with its dates.
fn continued(tx: &mut Tx<'_>, from: i64, class: &Class) -> Result<Option<(String, View)>> {
    let sql = "SELECT collection, last FROM @view WHERE id = $1";
    let Some((collection, last)) = tx.one(sql, &[from.into()], |r| (r.text(0).to_owned(), r.int(1)))? else {
        return Ok(None);
    };
    let view = create(tx, &collection, class, last, false)?;
    tx.run(
        "INSERT INTO @view_entry (view, added, object, is_first, is_last, size) \
         SELECT $2, added, object, is_first, is_last, size FROM @view_entry WHERE view = $1",
        &[from.into(), view.id.into()],
    )?;
    Ok(Some((collection, view)))
}

/// Makes the view that holds all of a new collection.
pub(crate) fn create_base(tx: &mut Tx<'_>, collection: &str) -> Result<()> {
    create(tx, collection, &Class { level: ALL, facets: BTreeMap::new() }, 0, true).map(drop)
}

/// The view that holds all of a collection.
pub(crate) fn base(tx: &mut Tx<'_>, collection: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM @view WHERE collection = $1 AND base = 1 ORDER BY id LIMIT 1";
    tx.one(sql, &[collection.into()], |r| r.int(0))
}

/// Drops the views of a collection that nobody has, save the one that holds all.
pub(crate) fn drop_unused(tx: &mut Tx<'_>, collection: &str) -> Result<()> {
    let keep = base(tx, collection)?;
    let sql = "SELECT v.id FROM @view v WHERE v.collection = $1 AND NOT EXISTS (SELECT 1 FROM @recipient r WHERE r.view = v.id) ORDER BY v.id";
    for view in tx.all(sql, &[collection.into()], |r| r.int(0))?.into_iter().filter(|id| Some(*id) != keep) {
        for table in ["@view_entry WHERE view", "@withdrawn WHERE view", "@view_right WHERE view", "@view WHERE id"] {
            tx.run(&format!("DELETE FROM {table} = $1"), &[view.into()])?;
        }
    }
    Ok(())
}

fn create(tx: &mut Tx<'_>, collection: &str, class: &Class, last: i64, base: bool) -> Result<View> {
    let id = tx.one("SELECT COALESCE(MAX(id), 0) + 1 FROM @view", &[], |r| r.int(0))?.unwrap_or(1);
    let sql = "INSERT INTO @view (id, collection, level, last, base, plain) VALUES ($1, $2, $3, $4, $5, 0)";
    tx.run(sql, &[id.into(), collection.into(), class.level.into(), last.into(), i64::from(base).into()])?;
    for (facet, level) in &class.facets {
        grant(tx, id, *facet, *level)?;
    }
    Ok(View { id, last, base, class: class.clone() })
}

/// Fills an empty view.
fn fill(tx: &mut Tx<'_>, view: &View, rows: &[(Micros, &Listed)]) -> Result<()> {
    append(tx, view, rows, &BTreeMap::new())?;
    let ids: BTreeSet<&str> = doubled(rows.iter().map(|(_, o)| o.id.as_str()));
    reflag(tx, view.id, &ids)
}

/// Takes objects out of each view of a collection, and records it.
pub(crate) fn withdraw(tx: &mut Tx<'_>, collection: &str, objects: &[i64], known: Micros) -> Result<()> {
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for view in views_of(tx, collection, &BTreeSet::new())? {
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for object in objects {
            if take_out(tx, view.id, *object, known)? {
                let sql = "SELECT id FROM @stix_object WHERE idx = $1";
                ids.extend(tx.one(sql, &[(*object).into()], |r| r.text(0).to_owned())?);
            }
        }
        reflag(tx, view.id, &ids.iter().map(String::as_str).collect())?;
        gone.append(&mut ids);
    }
    // what stood aside for one of them may stand there now
    let ids: Vec<&str> = gone.iter().map(String::as_str).collect();
    let held = versions::held(tx, &ids)?;
    match held.values().flatten().any(|one| one.line != 0) {
        true => settle_collection(tx, collection, known),
        false => Ok(()),
    }
}

/// Takes one object out of a view; false where it was not in it.
fn take_out(tx: &mut Tx<'_>, view: i64, object: i64, known: Micros) -> Result<bool> {
    if tx.run("DELETE FROM @view_entry WHERE view = $1 AND object = $2", &[view.into(), object.into()])? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO @withdrawn (view, object, at) VALUES ($1, $2, $3) ON CONFLICT (view, object, at) DO NOTHING";
    tx.run(sql, &[view.into(), object.into(), known.into()])?;
    tx.run("UPDATE @view SET plain = 0 WHERE id = $1", &[view.into()])?;
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
    let facets: BTreeSet<i64> = facet::of_collection(tx, collection)?.into_keys().collect();
    views_of(tx, collection, &facets)?.iter().try_for_each(|view| settle(tx, collection, view, known))
}

/// Brings one view to what it may hold now: withdraws what it may not, adds at `known` what it may and does not.
fn settle(tx: &mut Tx<'_>, collection: &str, view: &View, known: Micros) -> Result<()> {
    let wanted = listed(tx, collection, view)?;
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
    if !fresh.is_empty() {
        tx.run("UPDATE @view SET plain = 0 WHERE id = $1", &[view.id.into()])?;
    }
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
            "SELECT e.object, e.is_first, e.is_last FROM @stix_object o JOIN @view_entry e ON e.object = o.idx WHERE o.id = $2 AND e.view = $1 \
             ORDER BY o.vkey, o.line",
            &[view.into(), (*id).into()],
            |r| (r.int(0), (r.int(1), r.int(2))),
        )?;
        for (i, (object, stands)) in versions.iter().enumerate() {
            let (first, last) = (i64::from(i == 0), i64::from(i + 1 == versions.len()));
            if *stands == (first, last) {
                continue;
            }
            let sql = "UPDATE @view_entry SET is_first = $3, is_last = $4 WHERE view = $1 AND object = $2";
            tx.run(sql, &[view.into(), (*object).into(), first.into(), last.into()])?;
        }
    }
    Ok(())
}

/// The views of a collection that somebody may read, with their rights to these facets.
fn views_of(tx: &mut Tx<'_>, collection: &str, facets: &BTreeSet<i64>) -> Result<Vec<View>> {
    let sql = "SELECT id, level, last, base FROM @view WHERE collection = $1 AND level >= 0 ORDER BY id";
    let mut views = tx.all(sql, &[collection.into()], |r| {
        let class = Class { level: r.int(1), facets: BTreeMap::new() };
        View { id: r.int(0), last: r.int(2), base: r.bool(3), class }
    })?;
    for facet in facets {
        let sql = "SELECT view, level FROM @view_right WHERE facet = $1 ORDER BY view";
        for (id, level) in tx.all(sql, &[(*facet).into()], |r| (r.int(0), r.int(1)))? {
            if let Ok(at) = views.binary_search_by_key(&id, |view| view.id)
                && let Some(view) = views.get_mut(at)
            {
                view.class.facets.insert(*facet, level);
            }
        }
    }
    Ok(views)
}

fn default_tlp(tx: &mut Tx<'_>, collection: &str) -> Result<i64> {
    let found = tx.one("SELECT tlp FROM @collection WHERE id = $1", &[collection.into()], |r| r.int(0))?;
    // an unknown collection opens nothing
    Ok(found.unwrap_or(ALL))
}

/// What a collection lists that a view may hold, in the order of listing; of versions that conflict the one listed first.
fn listed(tx: &mut Tx<'_>, collection: &str, view: &View) -> Result<Vec<Listed>> {
    let default = default_tlp(tx, collection)?;
    let mut several: BTreeSet<String> = BTreeSet::new();
    let mut rows = tx.all(
        "SELECT l.object, l.seq, l.known, o.id, o.vkey, o.tlp, o.waiting, o.partial, l.facet, o.size, o.line FROM @listing l JOIN @stix_object o ON o.idx = l.object \
         WHERE l.collection = $1 ORDER BY l.seq, l.object",
        &[collection.into()],
        |r| {
            if r.int(10) != 0 {
                several.insert(r.text(3).to_owned());
            }
            Listed {
                object: r.int(0),
                seq: r.int(1),
                known: r.micros(2),
                id: r.text(3).to_owned(),
                vkey: r.text(4).to_owned(),
                tlp: effective(r.opt_int(5), r.int(6)),
                partial: r.bool(7),
                facet: r.int(8),
                size: r.int(9),
            }
        },
    )?;
    rows.retain(|o| view.holds(o, default));
    let ids: Vec<&str> = several.iter().map(String::as_str).collect();
    let held = versions::held(tx, &ids)?;
    let mut stand: BTreeMap<String, Vec<&Held>> = BTreeMap::new();
    rows.retain(|row| {
        let Some(own) = held.get(&row.id).and_then(|held| held.iter().find(|one| one.object == row.object)) else {
            return true;
        };
        let others = stand.entry(row.id.clone()).or_default();
        let stands = others.iter().all(|other| own.agrees(&row.id, other));
        if stands {
            others.push(own);
        }
        stands
    });
    Ok(rows)
}
