//! Why an object of a peer is here, or did not arrive: what is known of it without asking the peer.
use super::{Peer, Refused, Way};
use crate::rights::{self, Sight};
use crate::{collection, explain};
use jiff::civil::Date;
use ledger::{Micros, Result, Tx};
use partners::Person;
use serde::Serialize;

/// What is known of one object of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The versions that our collection holds.
    pub held: Vec<Version>,
    /// What was refused of it.
    pub refused: Vec<Refused>,
    /// It lies in review, with the rule.
    pub review: Vec<String>,
}

/// A version that our collection holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// As written; `without a version` where it has none.
    pub version: String,
    /// When it came into our collection.
    pub since: Micros,
    /// What became of it on its way.
    pub way: Passage,
}

/// What became of a version that is held on its way to or from a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// It is pulled from there, and here.
    Here,
    /// It was given, and the account came to see it then.
    Given(Micros),
    /// The account sees it; it goes with the next round.
    Next,
    /// Our own release decision withholds it from the account, by these rules.
    Withheld(Vec<String>),
}

/// What is known of one object of a peer.
pub fn why(tx: &mut Tx<'_>, peer: &Peer, object: &str) -> Result<Why> {
    let sql = "SELECT o.version, l.known, o.idx FROM @stix_object o JOIN @listing l ON l.object = o.idx AND l.collection = $2 \
               WHERE o.id = $1 ORDER BY o.vkey, o.line";
    let versions = tx.all(sql, &[object.into(), (&peer.collection).into()], |r| {
        (r.opt_text(0).unwrap_or("without a version").to_owned(), r.micros(1), r.int(2))
    })?;
    let mut held = Vec::with_capacity(versions.len());
    let account = match peer.way {
        Way::Pull => None,
        Way::Push => Some(Account::of(tx, peer)?),
    };
    for (version, since, event) in versions {
        let way = match &account {
            None => Passage::Here,
            Some(account) => account.passage(tx, peer, event)?,
        };
        held.push(Version { version, since, way });
    }
    let sql =
        "SELECT id, version, rule, reason, at FROM peer_refused WHERE peer = $1 AND id = $2 ORDER BY at, version, rule";
    let refused = tx.all(sql, &[(&peer.name).into(), object.into()], |r| Refused {
        id: r.text(0).to_owned(),
        version: r.text(1).to_owned(),
        rule: r.text(2).to_owned(),
        reason: r.text(3).to_owned(),
        at: r.micros(4),
    })?;
    let sql = "SELECT DISTINCT rule FROM @review WHERE form = 'stix' AND id = $1 AND decided = 0 ORDER BY rule";
    let review = tx.all(sql, &[object.into()], |r| r.text(0).to_owned())?;
    Ok(Why { held, refused, review })
}

/// Whose view is pushed.
struct Account {
    /// `None` where it is gone.
    person: Option<Person>,
    /// `None` where it has none, or its rights are being compiled.
    view: Option<i64>,
    today: Date,
}

impl Account {
    fn of(tx: &mut Tx<'_>, peer: &Peer) -> Result<Account> {
        let home = rights::home(tx)?;
        let today: Date = tx.now().day().parse().unwrap_or(Date::MAX);
        let mut account = Account { person: partners::person::person(tx, &peer.account, &home)?, view: None, today };
        if let (Some(person), Some(collection)) = (&account.person, collection::find(tx, &peer.collection)?)
            && let Sight::View(view) = rights::sight(tx, person, &collection, today)?
        {
            account.view = Some(view);
        }
        Ok(account)
    }

    /// How a version fares that is to be pushed: the view of the account says whether it goes, and the release decision why not.
    fn passage(&self, tx: &mut Tx<'_>, peer: &Peer, event: i64) -> Result<Passage> {
        let Some(person) = &self.person else {
            return Ok(Passage::Withheld(vec![format!("the account {} is gone", peer.account)]));
        };
        if let Some(view) = self.view {
            let sql = "SELECT added FROM @view_entry WHERE view = $1 AND object = $2";
            match tx.one(sql, &[view.into(), event.into()], |r| r.micros(0))? {
                Some(added) if added <= peer.state.sent => return Ok(Passage::Given(added)),
                Some(_) => return Ok(Passage::Next),
                None => {}
            }
        }
        withheld(tx, peer, person, event, self.today)
    }
}

fn withheld(tx: &mut Tx<'_>, peer: &Peer, person: &Person, event: i64, on: Date) -> Result<Passage> {
    let explained = explain::of_version(tx, event, &person.recipient(), on)?;
    let here = explained.into_iter().flat_map(|e| e.collections).find(|c| c.collection == peer.collection);
    let Some(here) = here else { return Ok(Passage::Withheld(vec!["its bytes were erased".to_owned()])) };
    let mut said: Vec<String> =
        here.rules.iter().filter(|rule| !rule.passes).map(|rule| format!("{} [{}]", rule.reason, rule.rule)).collect();
    if said.is_empty() {
        // rights that turned just now are compiled when the next round begins
        return Ok(Passage::Next);
    }
    said.extend(here.copy);
    Ok(Passage::Withheld(said))
}
