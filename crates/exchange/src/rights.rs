//! Rights compiled ahead: for each person and each collection the highest mark they may get, and so the view they read.
//!
//! The decision itself is [`partners::release::decide`] and nothing else; here it is asked for each label, at each change of what it
//! depends on (people, agreements, collections, and the days on which agreements begin and end). A reader whose compiled right is not what
//! the decision says on the day of reading gets nothing: rights fail closed.
use crate::collection::{self, Collection};
use crate::event::{self, TurnedMeta};
use crate::view;
use jiff::civil::Date;
use ledger::{Draft, Ledger, Micros, Result, Tx};
use partners::Person;
use partners::agreement::Agreement;
use partners::release::{Readers, Recipient, Subject, decide};
use partners::role::Role;
use partners::stage::{AgreementMeta, PersonMeta};
use std::collections::BTreeMap;
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
    let level = level(&person.recipient(), &collection.read, on);
    if person.is_local() {
        return Ok(view::base(tx, &collection.id)?.map_or(Sight::Nothing, Sight::View));
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

/// Whether an agreement began or ended between the last day that was folded and `today`.
fn is_due(tx: &mut Tx<'_>, today: &str) -> Result<bool> {
    let last = tx.one("SELECT day FROM @right_home WHERE id = 1", &[], |r| r.text(0).to_owned())?;
    let Some(last) = last.filter(|last| last.as_str() < today) else { return Ok(false) };
    Ok(!turning(tx, &last, today)?.is_empty())
}

/// The organisations for which an agreement begins after `last` and up to `today`, or had its last day from `last` to before `today`.
fn turning(tx: &mut Tx<'_>, last: &str, today: &str) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT org FROM @right_agreement \
               WHERE (from_day > $1 AND from_day <= $2) OR (to_day >= $1 AND to_day < $2) ORDER BY org";
    tx.all(sql, &[last.into(), today.into()], |r| r.text(0).to_owned())
}

/// The highest mark that a recipient may get out of a collection on a day; `None` where it may not read it.
fn level(recipient: &Recipient<'_>, readers: &[String], on: Date) -> Option<Tlp> {
    let named: Vec<&str> = readers.iter().map(String::as_str).collect();
    let readers = if named.is_empty() { Readers::OperatorOnly } else { Readers::Named(&named) };
    let may =
        |tlp: &Tlp| decide(&Subject { tlp: *tlp, readers, audience: None, weakness: None }, recipient, on).allowed;
    Tlp::ALL.into_iter().rev().find(may)
}

pub(crate) fn fold_agreement(tx: &mut Tx<'_>, index: i64, known: Micros, meta: &AgreementMeta) -> Result<()> {
    let clearance = meta.clearance.parse::<Tlp>().unwrap_or(Tlp::Clear);
    tx.run(
        "INSERT INTO @right_agreement (idx, org, from_day, to_day, clearance) VALUES ($1, $2, $3, $4, $5)",
        &[index.into(), (&meta.org).into(), (&meta.from).into(), (&meta.to).into(), clearance.rank().into()],
    )?;
    reassign_org(tx, known, &meta.org)
}

pub(crate) fn fold_person(tx: &mut Tx<'_>, known: Micros, meta: &PersonMeta) -> Result<()> {
    let clearance = meta.clearance.parse::<Tlp>().unwrap_or(Tlp::Clear);
    tx.run(
        "INSERT INTO @right_person (name, org, role, clearance) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE \
         SET org = excluded.org, role = excluded.role, clearance = excluded.clearance",
        &[(&meta.name).into(), (&meta.org).into(), (&meta.role).into(), clearance.rank().into()],
    )?;
    let collections = collection::all(tx)?;
    reassign(tx, known, &[meta.name.clone()], &collections)
}

pub(crate) fn fold_turned(tx: &mut Tx<'_>, known: Micros, meta: &TurnedMeta) -> Result<()> {
    let last = tx.one("SELECT day FROM @right_home WHERE id = 1", &[], |r| r.text(0).to_owned())?.unwrap_or_default();
    tx.run("UPDATE @right_home SET day = $1 WHERE id = 1", &[(&meta.day).into()])?;
    turning(tx, &last, &meta.day)?.iter().try_for_each(|org| reassign_org(tx, known, org))
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
    let on: Date = known.day().parse().unwrap_or(Date::MAX);
    let mut forks: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for name in people {
        let Some(right) = Right::find(tx, name)? else { continue };
        for collection in collections {
            let level = level(&right.recipient(), &collection.read, on).map(Tlp::rank);
            assign(tx, known, name, &collection.id, level, &mut forks)?;
        }
    }
    collections.iter().try_for_each(|collection| view::drop_unused(tx, &collection.id))
}

/// `forks` holds the views that were forked for somebody else at this same change: who shared a history goes on sharing it.
fn assign(
    tx: &mut Tx<'_>,
    known: Micros,
    person: &str,
    collection: &str,
    level: Option<i64>,
    forks: &mut BTreeMap<(i64, i64), i64>,
) -> Result<()> {
    let sql = "SELECT r.view, r.level, v.level FROM @recipient r JOIN @view v ON v.id = r.view WHERE r.person = $1 AND r.collection = $2";
    let held = tx.one(sql, &[person.into(), collection.into()], |r| (r.int(0), r.opt_int(1), r.int(2)))?;
    let view = match (held, level) {
        (None, None) => return Ok(()),
        (Some((_, held, _)), level) if held == level => return Ok(()),
        // the right is lost; the row stays, so that it is known what was seen if it comes back
        (Some((view, ..)), None) => view,
        (None, Some(level)) => view::at_level(tx, collection, level)?,
        (Some((view, _, of_view)), Some(level)) if of_view == level => view,
        (Some((view, ..)), Some(level)) => match forks.get(&(view, level)) {
            Some(fork) => *fork,
            None => {
                let fork = view::fork(tx, view, level, known)?;
                forks.insert((view, level), fork);
                fork
            }
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
    role: Role,
    clearance: Tlp,
    is_operator: bool,
    agreements: Vec<Agreement>,
}

impl Right {
    fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<Right>> {
        let sql = "SELECT p.org, p.role, p.clearance, h.home FROM @right_person p LEFT JOIN @right_home h ON h.id = 1 WHERE p.name = $1";
        let right = tx.one(sql, &[name.into()], |r| Right {
            org: r.text(0).to_owned(),
            role: r.text(1).parse().unwrap_or(Role::Partner),
            clearance: Tlp::from_rank(r.int(2)),
            is_operator: r.opt_text(3) == Some(r.text(0)),
            agreements: Vec::new(),
        })?;
        let Some(mut right) = right else { return Ok(None) };
        let sql = "SELECT from_day, to_day, clearance FROM @right_agreement WHERE org = $1 ORDER BY idx";
        let rows = tx.all(sql, &[(&right.org).into()], |r| {
            let to = r.opt_text(1).map(str::parse::<Date>);
            // a day that cannot be read counts as an agreement that has ended
            let (from, to) = match (r.text(0).parse::<Date>(), to) {
                (Ok(from), None) => (from, None),
                (Ok(from), Some(Ok(to))) => (from, Some(to)),
                _ => (Date::MIN, Some(Date::MIN)),
            };
            Agreement { from, to, clearance: Tlp::from_rank(r.int(2)) }
        })?;
        right.agreements = rows;
        Ok(Some(right))
    }

    fn recipient(&self) -> Recipient<'_> {
        Recipient {
            org: &self.org,
            kind: "other",
            country: None,
            is_operator: self.is_operator,
            role: self.role,
            clearance: Some(self.clearance),
            agreements: &self.agreements,
        }
    }
}
