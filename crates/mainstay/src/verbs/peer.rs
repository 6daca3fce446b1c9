//! `peer`: other hubs, from which objects are pulled and to which they are pushed, and why one did not arrive.
use crate::actor;
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{out, store};
use clap::Subcommand;
use exchange::peer::{self, NewPeer, Passage, Way, sync};
use ledger::Micros;
use partners::may::Verb;
use server::egress::Egress;
use std::path::{Path, PathBuf};

/// Other hubs that speak TAXII 2.1.
#[derive(Debug, Subcommand)]
pub(crate) enum Peer {
    /// Add one way to or from a collection of another hub; of the same name, say it anew
    Add(Add),
    /// Where the exchange with each stands
    List,
    /// Exchange now with one, also out of quarantine, or with all whose pause after a failure is over
    Sync {
        /// Its name
        name: Option<String>,
    },
    /// Why an object is here, or did not arrive
    Why {
        /// The peer's name
        name: String,
        /// The object's id
        object: String,
        /// Ask the peer too, whether it shows the object to us now
        #[arg(long)]
        ask: bool,
    },
    /// Forget a peer; what came from it stays
    Remove {
        /// Its name
        name: String,
    },
}

/// One way to or from a collection of another hub.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// What to call it
    name: String,
    /// The address of its collection, ending in /collections/ID/
    url: String,
    /// Our collection into which its objects go
    #[arg(long, value_name = "ID", conflicts_with_all = ["push", "account"])]
    pull: Option<String>,
    /// Our collection out of which it is given what --account may see
    #[arg(long, value_name = "ID", required_unless_present = "pull", requires = "account")]
    push: Option<String>,
    /// The partner's account here whose view is given, and nothing else
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// The name with which we sign in there; without one the secret is a bearer token
    #[arg(long, value_name = "NAME")]
    login: Option<String>,
    /// Read the password or token from standard input (the only way: it never stands on a command line)
    #[arg(long)]
    secret_stdin: bool,
    /// While `serve` runs, exchange every so many minutes; 0 for only by hand
    #[arg(long, value_name = "MINUTES", default_value_t = 15)]
    every: u32,
    /// Its server writes the type of an object where the version of the standard stands (OpenTAXII up to 0.9): put 2.1 there
    #[arg(long)]
    mend_spec_version: bool,
    /// Authorities for its certificate, PEM, in place of those of the system
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
}

impl Peer {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        match self {
            Peer::Add(add) => add.run(global),
            Peer::List => list(global),
            Peer::Sync { name } => exchange_now(global, name.as_deref()),
            Peer::Why { name, object, ask } => why(global, name, object, *ask),
            Peer::Remove { name } => {
                let ledger = store::open_existing(global)?;
                actor::must(global, &ledger, Verb::ManageCollections)?;
                ledger.write(|tx| peer::remove(tx, name))?;
                out::say(format!("{name} is forgotten; what came from it stays"));
                Ok(Done::Fine)
            }
        }
    }
}

impl Add {
    fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_or_create(global)?;
        actor::must(global, &ledger, Verb::ManageCollections)?;
        let secret = self.secret_stdin.then(actor::password_from_stdin).transpose()?;
        let authority = self.authority.as_ref().map(std::fs::canonicalize).transpose()?;
        let (way, collection) = match (&self.pull, &self.push) {
            (Some(collection), _) => (Way::Pull, collection),
            (None, Some(collection)) => (Way::Push, collection),
            (None, None) => return Err(Failure::Usage("say --pull or --push with one of our collections".into())),
        };
        let new = NewPeer {
            name: &self.name,
            url: &self.url,
            way,
            collection,
            account: self.account.as_deref().unwrap_or_default(),
            login: self.login.as_deref().unwrap_or_default(),
            secret: secret.as_deref(),
            authority: authority.as_deref().and_then(Path::to_str).unwrap_or_default(),
            period: i64::from(self.every) * 60_000_000,
            mends: self.mend_spec_version,
        };
        peer::add(&ledger, &new)?;
        out::say(format!("{way} {name} is set; `peer sync {name}` begins", name = self.name));
        Ok(Done::Fine)
    }
}

#[derive(serde::Serialize)]
struct Row {
    name: String,
    way: &'static str,
    url: String,
    collection: String,
    /// When a round last came to its end.
    done: Option<String>,
    tried: Option<String>,
    /// Everything up to here has passed, in the dates of whoever gives.
    reached: String,
    passed: i64,
    refused: i64,
    failures: i64,
    /// Not before.
    retry: Option<String>,
    error: String,
    /// Why no server exchanges with it until somebody has looked.
    quarantine: Option<String>,
    /// Minutes between exchanges while a server runs; 0 for only by hand.
    every: i64,
}

fn list(global: &Global) -> Result<Done, Failure> {
    let ledger = store::open_existing(global)?;
    actor::own(global, &ledger)?;
    let peers = ledger.read(peer::all)?;
    let rows: Vec<Row> = peers.into_iter().map(row).collect();
    let heads = ["name", "way", "last whole", "passed", "refused", "trouble", "address"];
    out::rows(global.format, &rows, &heads, |r| {
        let trouble = match &r.retry {
            Some(_) if r.quarantine.is_some() => {
                format!("in quarantine: {}; look, then `peer sync {}`", r.error, r.name)
            }
            Some(retry) => format!("{} ({} times; again after {retry})", r.error, r.failures),
            None => String::new(),
        };
        let (passed, refused) = (r.passed.to_string(), r.refused.to_string());
        let done = r.done.clone().unwrap_or_else(|| "never".to_owned());
        vec![r.name.clone(), r.way.to_owned(), done, passed, refused, trouble, r.url.clone()]
    })?;
    Ok(if rows.iter().any(|r| r.failures > 0) { Done::Findings } else { Done::Fine })
}

fn row(peer: peer::Peer) -> Row {
    let s = peer.state;
    let reached = match peer.way {
        Way::Pull => s.after,
        Way::Push if s.sent == Micros::default() => String::new(),
        Way::Push => s.sent.to_string(),
    };
    Row {
        name: peer.name,
        way: peer.way.as_str(),
        url: peer.url,
        collection: peer.collection,
        done: s.done.map(|t| t.to_string()),
        tried: s.tried.map(|t| t.to_string()),
        reached,
        passed: s.passed,
        refused: s.refused,
        failures: s.failures,
        retry: (s.failures > 0).then(|| s.retry.to_string()),
        error: s.error,
        quarantine: Some(s.quarantine).filter(|why| !why.is_empty()),
        every: peer.period / 60_000_000,
    }
}

/// What a round with one peer came to.
#[derive(serde::Serialize)]
struct Round {
    peer: String,
    #[serde(flatten)]
    done: sync::Done,
}

fn exchange_now(global: &Global, name: Option<&str>) -> Result<Done, Failure> {
    let ledger = store::open_existing(global)?;
    actor::must(global, &ledger, Verb::Import)?;
    let now = ledger.env().clock.now();
    let peers = match name {
        Some(name) => vec![ledger.read(|tx| peer::must(tx, name))?],
        None => ledger
            .read(peer::all)?
            .into_iter()
            .filter(|p| p.state.retry <= now && p.state.quarantine.is_empty())
            .collect(),
    };
    if peers.is_empty() {
        out::say("no peer is due; see `peer list`");
    }
    let mut rounds = Vec::new();
    for mut peer in peers {
        let mut wire = Egress::to(&ledger, &peer)?;
        let called = peer.name.clone();
        let told = &mut |done: &sync::Done| {
            out::say(format!("{called}: {} objects in {} pages", done.objects, done.pages));
            true
        };
        let done = sync::sync(&ledger, &mut peer, &mut wire, told)?;
        rounds.push(Round { peer: peer.name, done });
    }
    store::settle(global, &ledger)?;
    let heads = ["peer", "objects", "accepted", "unchanged", "refused", "review", "trouble"];
    out::rows(global.format, &rounds, &heads, |r| {
        let d = &r.done;
        let numbers = [d.objects, d.accepted, d.unchanged, d.refused, d.review].map(|n| n.to_string());
        [vec![r.peer.clone()], numbers.to_vec(), vec![d.trouble.clone().unwrap_or_default()]].concat()
    })?;
    if let Some(away) = rounds.iter().find(|r| r.done.is_away) {
        let why = away.done.trouble.as_deref().unwrap_or_default();
        let next = format!("it goes on where it was; see `peer list`, and `peer sync {}` to try again", away.peer);
        return Err(Failure::CouldNot(format!("{}: {why}; {next}", away.peer)));
    }
    let findings = rounds.iter().any(|r| r.done.trouble.is_some() || r.done.refused + r.done.review > 0);
    Ok(if findings { Done::Findings } else { Done::Fine })
}

/// One thing that is known of an object of a peer.
#[derive(serde::Serialize)]
struct Known {
    /// `held`, `given`, `next`, `withheld`, `refused`, `review`, `unknown`, `exchange` or `peer`.
    what: &'static str,
    /// The version, where it is about one.
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    /// In words.
    said: String,
}

impl Known {
    fn new(what: &'static str, version: &str, said: String) -> Known {
        Known { what, version: version.to_owned(), said }
    }
}

/// Says what is known of an object of a peer, and what follows from that.
fn why(global: &Global, name: &str, object: &str, ask: bool) -> Result<Done, Failure> {
    let ledger = store::open_existing(global)?;
    actor::must(global, &ledger, Verb::Import)?;
    let (peer, why) = ledger.read(|tx| {
        let peer = peer::must(tx, name)?;
        let why = peer::why(tx, &peer, object)?;
        Ok((peer, why))
    })?;
    let mut known: Vec<Known> = why.held.iter().map(|held| of_version(&peer, object, held)).collect();
    known.extend(why.refused.iter().map(|r| of_refused(&peer, r)));
    let review = |rule: &String| format!("a version lies in review [{rule}]: a person decides, see `review list`");
    known.extend(why.review.iter().map(|rule| Known::new("review", "", review(rule))));
    if known.is_empty() {
        let pulls = peer.way == Way::Pull;
        let said = if pulls { "the peer has never given it to us" } else { "our collection does not hold it" };
        known.push(Known::new("unknown", "", said.to_owned()));
    }
    known.push(Known::new("exchange", "", of_exchange(&peer)));
    if ask {
        let to = if peer.way == Way::Pull { "us" } else { "the account with which we push" };
        let said = match Egress::to(&ledger, &peer)?.shows(object) {
            Ok(Some(date)) => format!("the peer shows it to {to} now, added there at {date}"),
            Ok(None) => format!("the peer does not show it to {to}"),
            Err(trouble) => format!("asked now: {trouble}"),
        };
        known.push(Known::new("peer", "", said));
    }
    match global.format {
        Format::Table => known.iter().try_for_each(|k| out::line(&k.said))?,
        _ => out::rows(global.format, &known, &["what", "version", "said"], |k| {
            vec![k.what.to_owned(), k.version.clone(), k.said.clone()]
        })?,
    }
    let arrived = |held: &peer::Version| {
        matches!(held.way, Passage::Here | Passage::Given(_))
            && why.refused.iter().all(|r| !r.version.is_empty() && r.version != held.version)
    };
    Ok(if why.held.iter().any(arrived) { Done::Fine } else { Done::Findings })
}

fn of_version(peer: &peer::Peer, object: &str, held: &peer::Version) -> Known {
    let (version, since, account) = (&held.version, held.since, &peer.account);
    let (what, said) = match &held.way {
        Passage::Here => ("held", format!("version {version} is held in our collection since {since}")),
        Passage::Given(seen) => {
            let by = "all that it came to see until then was given to the peer";
            ("given", format!("version {version} was given: {account} sees it since {seen}, and {by}"))
        }
        Passage::Next => ("next", format!("version {version} is held since {since} and goes with the next round")),
        Passage::Withheld(rules) => {
            let next = format!("`release explain {object}` has the whole decision");
            ("withheld", format!("version {version} is withheld from {account} here: {}; {next}", rules.join("; ")))
        }
    };
    Known::new(what, version, said)
}

fn of_refused(peer: &peer::Peer, r: &peer::Refused) -> Known {
    let by = if peer.way == Way::Pull { "was refused here" } else { "was refused by the peer" };
    let which = if r.version.is_empty() { "it".to_owned() } else { format!("version {}", r.version) };
    Known::new("refused", &r.version, format!("{which} {by} at {}: {} [{}]", r.at, r.reason, r.rule))
}

/// Where the exchange with a peer stands.
fn of_exchange(peer: &peer::Peer) -> String {
    let name = &peer.name;
    match (peer.state.done, peer.state.error.as_str()) {
        (None, "") if peer.state.passed > 0 => {
            let passed = peer.state.passed;
            format!(
                "no round has come to its end: {passed} objects passed before it broke off; `peer sync {name}` goes on"
            )
        }
        (None, "") => format!("nothing was ever exchanged: `peer sync {name}` begins"),
        (None, error) => format!("no round has come to its end: {error}"),
        (Some(at), "") => format!("the last round came to its end at {at}"),
        (Some(at), error) => format!("the last whole round was at {at}; since then: {error}"),
    }
}
