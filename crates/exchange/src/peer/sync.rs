//! One round of an exchange with a peer: what is asked of whoever carries the requests, and what a round leaves behind, whole, broken off
//! or in trouble. How objects come stands in [`pull`], how they go in [`push`].

use super::{Peer, State, Way, keep, pull, push};
use ledger::{Entropy, Ledger, Micros, Result, entropy};

/// From so many objects of a round on it is asked whether most of them are bad.
const JUDGED_FROM: usize = 50;

/// What is asked for: a page of the peer's collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// `added_after`, empty for none.
    pub after: &'a str,
    /// `next`, empty for none.
    pub next: &'a str,
    /// `limit`.
    pub limit: usize,
}

/// A page as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The envelope.
    pub body: Vec<u8>,
    /// `X-TAXII-Date-Added-Last`, where it was there.
    pub last: Option<String>,
}

/// Why a request led to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The peer asks to wait so many seconds (429 and 503).
    Wait(i64),
    /// The peer answered with this status.
    Status(u16, String),
    /// There was no answer, or one that is no answer to this.
    Lost(String),
    /// What the peer sends cannot be trusted: a person looks before the exchange goes on.
    Suspect(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Wait(seconds) => write!(f, "the peer asks to wait {seconds} seconds"),
            Trouble::Status(401 | 403, _) => {
                f.write_str("the peer does not let this account in: check the name, the password and the rights there")
            }
            Trouble::Status(404, _) => {
                f.write_str("the peer shows no such collection to this account: check the address and the rights there")
            }
            Trouble::Status(status, said) if said.is_empty() => write!(f, "the peer answered with {status}"),
            Trouble::Status(status, said) => write!(f, "the peer answered with {status}: {said}"),
            Trouble::Lost(why) | Trouble::Suspect(why) => f.write_str(why),
        }
    }
}

/// The other end, one request at a time.
pub trait Wire {
    /// Gets a page of objects (section 5.4).
    fn get(&mut self, wanted: &Wanted<'_>) -> std::result::Result<Page, Trouble>;
    /// Gives an envelope (section 5.5); the body of the answer is a status.
    fn give(&mut self, envelope: &[u8]) -> std::result::Result<Vec<u8>, Trouble>;
    /// Asks for a status again (section 4.3).
    fn status(&mut self, id: &str) -> std::result::Result<Vec<u8>, Trouble>;
    /// Which versions of these objects the peer shows now, as id and version (section 5.3).
    fn held(&mut self, ids: &[&str]) -> std::result::Result<Vec<(String, String)>, Trouble>;
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Done {
    /// Requests that brought or took objects.
    pub pages: usize,
    /// Objects that came or went.
    pub objects: usize,
    /// Of a pull: new here.
    pub accepted: usize,
    /// Of a pull: held before.
    pub unchanged: usize,
    /// Refused by one of the two.
    pub refused: usize,
    /// Of a pull: for a person to decide.
    pub review: usize,
    /// Why it ended before its end.
    pub trouble: Option<String>,
    /// The peer could not be reached, or asks to come later: nothing of what it said was at fault.
    #[serde(skip)]
    pub is_away: bool,
}

/// Whether a round came to its end, was broken off by whoever asked for it, or met with trouble.
pub(super) type Outcome = std::result::Result<bool, Trouble>;

/// Exchanges until there is nothing more, or something is in the way. `told` hears of each page and says whether to go on; a round that
/// it breaks off goes on another time.
pub fn sync(
    ledger: &Ledger,
    peer: &mut Peer,
    wire: &mut dyn Wire,
    told: &mut dyn FnMut(&Done) -> bool,
) -> Result<Done> {
    let mut done = Done::default();
    let outcome = match peer.way {
        Way::Pull => pull::pull(ledger, peer, wire, &mut done, told)?,
        Way::Push => push::push(ledger, peer, wire, &mut done, told)?,
    };
    let env = ledger.env();
    settle(&mut peer.state, &mut done, outcome, env.clock.now(), &*env.entropy);
    ledger.write(|tx| keep(tx, peer))?;
    Ok(done)
}

/// Writes into the state what a round came to.
fn settle(state: &mut State, done: &mut Done, outcome: Outcome, now: Micros, entropy: &dyn Entropy) {
    state.tried = Some(now);
    match outcome {
        Ok(whole) => {
            if whole {
                state.done = Some(now);
            }
            (state.failures, state.retry) = (0, Micros::default());
            state.error.clear();
            state.quarantine.clear();
        }
        Err(trouble) => {
            state.failures += 1;
            state.retry = Micros(now.0.saturating_add(pause(state.failures, &trouble, entropy)));
            state.error = trouble.to_string();
            let is_away = matches!(trouble, Trouble::Lost(_) | Trouble::Wait(_) | Trouble::Status(502..=504, _));
            if let Trouble::Suspect(why) = trouble {
                state.quarantine = why;
            }
            done.trouble = Some(state.error.clone());
            done.is_away = is_away;
        }
    }
}

/// Microseconds until it is tried again: what the peer asks for, else ever longer; and up to a quarter more by chance, so that hubs that
/// failed together do not come back together.
fn pause(failures: i64, trouble: &Trouble, entropy: &dyn Entropy) -> i64 {
    let least = match trouble {
        Trouble::Wait(seconds) => seconds.clamp(&1, &86_400) * 1_000_000,
        _ => (super::PAUSE_FIRST << (failures - 1).clamp(0, 10)).min(super::PAUSE_MAX),
    };
    let chance = i64::from(u16::from_be_bytes(entropy::bytes::<2>(entropy)));
    least + least / 4 * chance / i64::from(u16::MAX)
}

/// After a page: most of what passes between the two is bad, which no fault of single objects explains.
pub(super) fn judge(done: &Done) -> std::result::Result<(), Trouble> {
    if done.objects < JUDGED_FROM || done.refused * 2 <= done.objects {
        return Ok(());
    }
    Err(Trouble::Suspect(format!("{} of {} objects were refused", done.refused, done.objects)))
}

/// As it is counted in the store.
pub(super) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
