//! Rights compiled ahead: for each person and each collection the highest mark they may get of each facet ([`crate::facet`]), and so the
//! view they read. Those are shared by all who have the same rights to what lies there, whatever else tells them apart.
//!
//! The decision itself is [`partners::release::decide`] and nothing else; here it is asked for each label and facet, at each change of what
//! it depends on (people, organisations, agreements, consents, collections, and the days on which agreements begin and end and embargoes
//! are over). A reader whose compiled right is not what the decision says on the day of reading gets nothing: rights fail closed.
use crate::collection::{self, Collection};
use crate::event::{self, TurnedMeta};
use crate::facet::{self, Facet, Which};
use crate::view::{self, Class};
use jiff::civil::Date;
use ledger::{Draft, Ledger, Micros, Result, Tx};
use partners::Person;
use partners::agreement::Agreement;
use partners::release::{Readers, Recipient, decide};
use partners::role::Role;
use partners::stage::{AgreementMeta, NamingMeta, OrgMeta, PersonMeta};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// What a person sees of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// This view.
    View(i64),
    /// Nothing; and whether the collection exists is not for them to know.
    Nothing,
    /// What was compiled is not what the day says: [`turn`] brings it up to date.
    Stale,
}

/// What `person` sees of a collection on the day `on`.
pub fn sight(tx: &mut Tx<'_>, person: &Person, collection: &Collection, on: Date) -> Result<Sight> {
    if person.is_local() {
        return Ok(view::base(tx, &collection.id)?.map_or(Sight::Nothing, Sight::View));
    }
    let level = level(&Facet::default(), &person.recipient(), collection, on);
    let today = on.to_string();
    if is_due(tx, &today)? {
        return Ok(Sight::Stale);
    }
    let sql = "SELECT r.view, r.level FROM @recipient r WHERE r.person = $1 AND r.collection = $2";
    let held = tx.one(sql, &[(&person.name).into(), (&collection.id).into()], |r| (r.int(0), r.opt_int(1)))?;
    Ok(match (held, level.map(Tlp::rank)) {
        (None | Some((_, None)), None) => Sight::Nothing,
        (Some((view, Some(held))), Some(now)) if held == now => Sight::View(view),
        _ => Sight::Stale,
    })
}

/// Whether a person may write to a collection: the operator's own, and the organisations it names.
pub fn may_write(person: &Person, collection: &Collection) -> bool {
    let named = person.is_operator || collection.write.contains(&person.org);
    named && person.may(partners::may::Verb::Contribute).allowed
}

/// Brings compiled rights up to the present day, where an agreement began or ended since. Cheap when there is nothing to do.
pub fn turn(ledger: &Ledger) -> Result<()> {
    let today = ledger.env().clock.now().day();
    if !ledger.read(|tx| is_due(tx, &today))? {
        return Ok(());
    }
    ledger.write(|tx| {
        let day = tx.now().day();
        let key = format!("exchange/turned/{day}");
        tx.append(Draft::new(event::TURNED, &TurnedMeta { day })?.key(key)).map(drop)
    })?;
    ledger.catch_up().map(drop)
}

/// Whether a day has come on which rights change by themselves.
fn is_due(tx: &mut Tx<'_>, today: &str) -> Result<bool> {
    let due =
        tx.one("SELECT due FROM @right_home WHERE id = 1", &[], |r| r.opt_text(0).is_some_and(|due| due <= today))?;
    Ok(due == Some(true))
}

/// Works out the next day on which an agreement begins, has ended, or an embargo is over.
fn set_due(tx: &mut Tx<'_>) -> Result<()> {
    let Some(day) = tx.one("SELECT day FROM @right_home WHERE id = 1", &[], |r| r.text(0).to_owned())? else {
        return Ok(());
    };
    let mut least = |sql: &str| -> Result<Option<String>> {
        Ok(tx.one(sql, &[(&day).into()], |r| r.opt_text(0).map(str::to_owned))?.flatten())
    };
    let begins = least("SELECT MIN(from_day) FROM @right_agreement WHERE from_day > $1")?;
    let last = least("SELECT MIN(to_day) FROM @right_agreement WHERE to_day >= $1")?;
    let over = least("SELECT MIN(embargo) FROM @facet WHERE embargo > $1")?;
    // a day that has none after it is never due
    let ended = last.and_then(|last| last.parse::<Date>().ok()?.tomorrow().ok()).map(|day| day.to_string());
    let due = [begins, ended, over].into_iter().flatten().min();
    tx.run("UPDATE @right_home SET due = $1 WHERE id = 1", &[(&due).into()]).map(drop)
}

/// The organisations named by an agreement that begins after `last` and up to `today`, or had its last day from `last` to before `today`.
fn turning(tx: &mut Tx<'_>, last: &str, today: &str) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT p.org FROM @right_agreement a JOIN @right_party p ON p.first = a.org AND p.name = a.name \
               WHERE (a.from_day > $1 AND a.from_day <= $2) OR (a.to_day >= $1 AND a.to_day < $2) ORDER BY p.org";
    tx.all(sql, &[last.into(), today.into()], |r| r.text(0).to_owned())
}

/// The collections in which an embargo is over after `last` and up to `today`.
fn lifted(tx: &mut Tx<'_>, last: &str, today: &str) -> Result<BTreeSet<String>> {
    let sql = "SELECT DISTINCT c.collection FROM @facet f JOIN @collection_facet c ON c.facet = f.id \
               WHERE f.embargo > $1 AND f.embargo <= $2 ORDER BY c.collection";
    Ok(tx.all(sql, &[last.into(), today.into()], |r| r.text(0).to_owned())?.into_iter().collect())
}

/// The highest mark that a recipient may get of a facet out of a collection on a day; `None` where it gets nothing of it. What passes at
/// one mark passes at each below it, a law of the decision that its own tests hold.
fn level(facet: &Facet, recipient: &Recipient<'_>, collection: &Collection, on: Date) -> Option<Tlp> {
    let named: Vec<&str> = collection.read.iter().map(String::as_str).collect();
    let readers = if named.is_empty() { Readers::OperatorOnly } else { Readers::Named(&named) };
    let may = |tlp: &Tlp| facet.ask(*tlp, readers, &collection.id, |subject| decide(subject, recipient, on).allowed);
    Tlp::ALL.into_iter().rev().find(may)
}

/// The key of the operator's own organisation.
pub(crate) fn home(tx: &mut Tx<'_>) -> Result<String> {
    Ok(tx.one("SELECT home FROM @right_home WHERE id = 1", &[], |r| r.text(0).to_owned())?.unwrap_or_default())
}

/// The other names that an organisation is known under.
pub(crate) fn names(tx: &mut Tx<'_>, org: &str) -> Result<Vec<String>> {
    let sql = "SELECT aka FROM @right_org WHERE org = $1";
    Ok(tx.one(sql, &[org.into()], |r| split_names(r.text(0)))?.unwrap_or_default())
}

/// What an organisation is called for people.
pub(crate) fn name(tx: &mut Tx<'_>, org: &str) -> Result<Option<String>> {
    tx.one("SELECT name FROM @right_org WHERE org = $1", &[org.into()], |r| r.text(0).to_owned())
}

fn split_names(aka: &str) -> Vec<String> {
    aka.split(';').filter(|a| !a.is_empty()).map(str::to_owned).collect()
}

/// All agreements that name an organisation, in the order of their recording.
pub(crate) fn agreements(tx: &mut Tx<'_>, org: &str) -> Result<Vec<Agreement>> {
    let home = home(tx)?;
    let sql = "SELECT a.meta FROM @right_party p JOIN @right_agreement a ON a.org = p.first AND a.name = p.name \
               WHERE p.org = $1 ORDER BY a.idx";
    let read = |text: &str| serde_json::from_str(text).ok().and_then(|meta| Agreement::of(&meta, org, &home));
    // none such was folded; and if it were, it gives nothing
    let closed = || Agreement::plain(Date::MIN, Some(Date::MIN), Tlp::Clear);
    tx.all(sql, &[org.into()], |r| read(r.text(0)).unwrap_or_else(closed))
}

pub(crate) fn fold_agreement(tx: &mut Tx<'_>, index: i64, known: Micros, meta: &AgreementMeta) -> Result<()> {
    if Agreement::of(meta, &meta.org, "").is_none() {
        return Err(ledger::Error::park(
            "agreement-unreadable",
            format!("the agreement of {} has no days or mark", meta.org),
        ));
    }
    let name = meta.name.as_deref().unwrap_or_default();
    let whole = serde_json::to_string(meta).map_err(|e| ledger::Error::park("meta-unreadable", e.to_string()))?;
    tx.run(
        "INSERT INTO @right_agreement (idx, org, name, from_day, to_day, meta) VALUES ($1, $2, $3, $4, $5, $6)",
        &[index.into(), (&meta.org).into(), name.into(), (&meta.from).into(), (&meta.to).into(), (&whole).into()],
    )?;
    for org in meta.named() {
        let sql =
            "INSERT INTO @right_party (org, first, name) VALUES ($1, $2, $3) ON CONFLICT (org, first, name) DO NOTHING";
        tx.run(sql, &[org.into(), (&meta.org).into(), name.into()])?;
    }
    name_facts(tx, known, meta)?;
    set_due(tx)?;
    let sql = "SELECT org FROM @right_party WHERE first = $1 AND name = $2 ORDER BY org";
    let parties = tx.all(sql, &[(&meta.org).into(), name.into()], |r| r.text(0).to_owned())?;
    parties.iter().try_for_each(|org| reassign_org(tx, known, org))
}

/// What an agreement asks about objects for the first time makes facets of those that have it.
fn name_facts(tx: &mut Tx<'_>, known: Micros, meta: &AgreementMeta) -> Result<()> {
    let types = meta.scope.types.iter().map(|kind| ("type", kind));
    let topics = meta.scope.topics.iter().map(|topic| ("topic", topic));
    // who gave a thing counts where parties agreed among themselves
    let parties = meta.with.iter().chain(Some(&meta.org).filter(|_| !meta.with.is_empty())).map(|org| ("party", org));
    for (what, value) in types.chain(topics).chain(parties) {
        let sql = "INSERT INTO @right_named (what, value) VALUES ($1, $2) ON CONFLICT (what, value) DO NOTHING";
        if tx.run(sql, &[what.into(), value.into()])? == 0 {
            continue;
        }
        let which = match what {
            "type" => Which::Kind(value),
            "topic" => Which::Topic(value),
            _ => Which::Giver(value),
        };
        facet::again(tx, known, &which)?;
    }
    Ok(())
}

/// What an organisation is counts for access control policies, and under which names it is known for audiences.
pub(crate) fn fold_org(tx: &mut Tx<'_>, known: Micros, meta: &OrgMeta) -> Result<()> {
    let aka = meta.aka.join(";");
    let sql = "SELECT kind, country, aka, name FROM @right_org WHERE org = $1";
    let same = tx.one(sql, &[(&meta.key).into()], |r| {
        r.opt_text(0) == meta.kind.as_deref()
            && r.opt_text(1) == meta.country.as_deref()
            && r.text(2) == aka
            && r.text(3) == meta.name
    })?;
    if same == Some(true) {
        return Ok(());
    }
    tx.run(
        "INSERT INTO @right_org (org, kind, country, aka, name) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org) DO UPDATE \
         SET kind = excluded.kind, country = excluded.country, aka = excluded.aka, name = excluded.name",
        &[
            (&meta.key).into(),
            (&meta.kind).into(),
            (&meta.country).into(),
            (&aka).into(),
            (&meta.name).into(),
        ],
    )?;
    reassign_org(tx, known, &meta.key)
}

pub(crate) fn fold_naming(tx: &mut Tx<'_>, known: Micros, meta: &NamingMeta) -> Result<()> {
    tx.run(
        "INSERT INTO @right_naming (org, agreed) VALUES ($1, $2) ON CONFLICT (org) DO UPDATE SET agreed = excluded.agreed",
        &[(&meta.org).into(), i64::from(meta.agreed).into()],
    )?;
    facet::again(tx, known, &Which::Giver(&meta.org))
}

pub(crate) fn fold_person(tx: &mut Tx<'_>, known: Micros, meta: &PersonMeta) -> Result<()> {
    let clearance = meta.clearance.parse::<Tlp>().unwrap_or(Tlp::Clear);
    tx.run(
        "INSERT INTO @right_person (name, org, role, clearance) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE \
         SET org = excluded.org, role = excluded.role, clearance = excluded.clearance",
        &[(&meta.name).into(), (&meta.org).into(), (&meta.role).into(), clearance.rank().into()],
    )?;
    let collections = collection::all(tx)?;
    reassign(tx, known, std::slice::from_ref(&meta.name), &collections)
}

pub(crate) fn fold_turned(tx: &mut Tx<'_>, meta: &TurnedMeta) -> Result<()> {
    advance(tx, &meta.day)
}

/// Brings rights up to a day: those of the organisations whose agreements began or ended since, and those to what was under embargo. Each
/// day on which something turns is taken by itself and as of its first instant, so that no date tells when somebody first asked after it.
pub(crate) fn advance(tx: &mut Tx<'_>, day: &str) -> Result<()> {
    loop {
        let sql = "SELECT day, due FROM @right_home WHERE id = 1";
        let held = tx.one(sql, &[], |r| (r.text(0).to_owned(), r.opt_text(1).map(str::to_owned)))?;
        let Some((last, due)) = held.filter(|(last, _)| last.as_str() < day) else { return Ok(()) };
        let to = due.filter(|due| *due > last && due.as_str() <= day).unwrap_or_else(|| day.to_owned());
        let Some(at) = Micros::date(&to) else { return Ok(()) };
        tx.run("UPDATE @right_home SET day = $1 WHERE id = 1", &[(&to).into()])?;
        set_due(tx)?;
        turning(tx, &last, &to)?.iter().try_for_each(|org| reassign_org(tx, at, org))?;
        for id in lifted(tx, &last, &to)? {
            if let Some(collection) = collection::find(tx, &id)? {
                reassign_collection(tx, at, &collection)?;
            }
        }
    }
}

fn reassign_org(tx: &mut Tx<'_>, known: Micros, org: &str) -> Result<()> {
    let sql = "SELECT name FROM @right_person WHERE org = $1 ORDER BY name";
    let people = tx.all(sql, &[org.into()], |r| r.text(0).to_owned())?;
    let collections = collection::all(tx)?;
    reassign(tx, known, &people, &collections)
}

/// Everybody, for one collection.
pub(crate) fn reassign_collection(tx: &mut Tx<'_>, known: Micros, collection: &Collection) -> Result<()> {
    let people = tx.all("SELECT name FROM @right_person ORDER BY name", &[], |r| r.text(0).to_owned())?;
    reassign(tx, known, &people, std::slice::from_ref(collection))
}

/// Compiles the rights of these people in these collections anew, and gives each the view that continues what they have seen.
fn reassign(tx: &mut Tx<'_>, known: Micros, people: &[String], collections: &[Collection]) -> Result<()> {
    let on = day_of(known);
    let mut forks: BTreeMap<(i64, Class), i64> = BTreeMap::new();
    let mut rights = Vec::with_capacity(people.len());
    for name in people {
        rights.extend(Right::find(tx, name)?.map(|right| (name, right)));
    }
    for collection in collections {
        let facets = facet::of_collection(tx, &collection.id)?;
        for (name, right) in &rights {
            let recipient = right.recipient();
            let rank = |facet: &Facet| level(facet, &recipient, collection, on).map(Tlp::rank);
            let class = rank(&Facet::default()).map(|level| {
                let of_each = facets.iter().filter_map(|(id, facet)| Some((*id, rank(facet)?)));
                Class { level, facets: of_each.collect() }
            });
            assign(tx, known, name, &collection.id, class, &mut forks)?;
        }
    }
    collections.iter().try_for_each(|collection| view::drop_unused(tx, &collection.id))
}

fn day_of(known: Micros) -> Date {
    known.day().parse().unwrap_or(Date::MAX)
}

/// Those who share a view and may have a facet up to the same level; `None` for not at all.
type AtLevel = (Option<i64>, Vec<String>);

/// A facet comes into a collection. Who shared a view and may not both have it part ways here, with all that they have seen.
pub(crate) fn compile_facet(tx: &mut Tx<'_>, known: Micros, collection: &str, facet: i64) -> Result<()> {
    let Some(collection) = collection::find(tx, collection)? else { return Ok(()) };
    let asked = facet::find(tx, facet)?;
    if asked.terms.embargo.is_some() {
        set_due(tx)?;
    }
    let sql = "SELECT view, person FROM @recipient WHERE collection = $1 AND level IS NOT NULL ORDER BY view, person";
    let mut groups: BTreeMap<i64, Vec<AtLevel>> = BTreeMap::new();
    for (view, person) in tx.all(sql, &[(&collection.id).into()], |r| (r.int(0), r.text(1).to_owned()))? {
        let right = Right::find(tx, &person)?;
        let level =
            right.and_then(|right| level(&asked, &right.recipient(), &collection, day_of(known))).map(Tlp::rank);
        let of_view = groups.entry(view).or_default();
        match of_view.iter_mut().find(|(held, _)| *held == level) {
            Some((_, people)) => people.push(person),
            None => of_view.push((level, vec![person])),
        }
    }
    for (view, parts) in groups {
        let base = view::is_base(tx, view)?;
        let Some(class) = view::class_of(tx, view)? else { continue };
        for (at, (level, people)) in parts.into_iter().enumerate() {
            let mut class = class.clone();
            class.facets.remove(&facet);
            class.facets.extend(level.map(|level| (facet, level)));
            match (base, at) {
                (true, _) if level == Some(Tlp::Red.rank()) => {}
                (false, 0) => level.map_or(Ok(()), |level| view::grant(tx, view, facet, level))?,
                _ => {
                    let fork = view::fork(tx, view, &class, known)?;
                    for person in people {
                        let sql = "UPDATE @recipient SET view = $3 WHERE person = $1 AND collection = $2";
                        tx.run(sql, &[(&person).into(), (&collection.id).into(), fork.into()])?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// `forks` holds the views that were forked for somebody else at this same change: who shared a history goes on sharing it.
fn assign(
    tx: &mut Tx<'_>,
    known: Micros,
    person: &str,
    collection: &str,
    class: Option<Class>,
    forks: &mut BTreeMap<(i64, Class), i64>,
) -> Result<()> {
    let sql = "SELECT view, level FROM @recipient WHERE person = $1 AND collection = $2";
    let held = tx.one(sql, &[person.into(), collection.into()], |r| (r.int(0), r.opt_int(1)))?;
    let level = class.as_ref().map(|class| class.level);
    let view = match (held, class) {
        (None, None) => return Ok(()),
        (Some((_, None)), None) => return Ok(()),
        // the right is lost; what was seen is kept as it stood, so that it is known if the right comes back. A view that went on would
        // have changed meanwhile with the rights of those who share it.
        (Some((view, _)), None) => {
            let key = (view, Class { level: view::FROZEN, facets: BTreeMap::new() });
            match forks.get(&key) {
                Some(frozen) => *frozen,
                None => {
                    let frozen = view::freeze(tx, view)?;
                    forks.insert(key, frozen);
                    frozen
                }
            }
        }
        (None, Some(class)) => view::at_class(tx, collection, &class)?,
        (Some((view, held)), Some(class)) => match view::class_of(tx, view)? {
            Some(of_view) if of_view == class && held == level => return Ok(()),
            Some(of_view) if of_view == class => view,
            _ => match forks.get(&(view, class.clone())) {
                Some(fork) => *fork,
                None => {
                    let fork = view::fork(tx, view, &class, known)?;
                    forks.insert((view, class), fork);
                    fork
                }
            },
        },
    };
    tx.run(
        "INSERT INTO @recipient (person, collection, view, level) VALUES ($1, $2, $3, $4) ON CONFLICT (person, collection) DO UPDATE \
         SET view = excluded.view, level = excluded.level",
        &[person.into(), collection.into(), view.into(), level.into()],
    )
    .map(drop)
}

/// What the decision needs of one person, from this stage's own tables.
struct Right {
    org: String,
    kind: String,
    country: Option<String>,
    aka: Vec<String>,
    role: Role,
    clearance: Tlp,
    is_operator: bool,
    agreements: Vec<Agreement>,
}

impl Right {
    fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<Right>> {
        let sql = "SELECT p.org, p.role, p.clearance, h.home, o.kind, o.country, o.aka FROM @right_person p \
                   LEFT JOIN @right_home h ON h.id = 1 LEFT JOIN @right_org o ON o.org = p.org WHERE p.name = $1";
        let right = tx.one(sql, &[name.into()], |r| Right {
            org: r.text(0).to_owned(),
            kind: r.opt_text(4).unwrap_or("other").to_owned(),
            country: r.opt_text(5).map(str::to_owned),
            aka: split_names(r.opt_text(6).unwrap_or_default()),
            role: r.text(1).parse().unwrap_or(Role::Partner),
            clearance: Tlp::from_rank(r.int(2)),
            is_operator: r.opt_text(3).unwrap_or_default() == r.text(0),
            agreements: Vec::new(),
        })?;
        let Some(mut right) = right else { return Ok(None) };
        right.agreements = agreements(tx, &right.org)?;
        Ok(Some(right))
    }

    fn recipient(&self) -> Recipient<'_> {
        Recipient {
            org: &self.org,
            aka: &self.aka,
            kind: &self.kind,
            country: self.country.as_deref(),
            is_operator: self.is_operator,
            role: self.role,
            clearance: Some(self.clearance),
            agreements: &self.agreements,
        }
    }
}
