//! What one organisation is shown of itself, and asked, on a page of its own: what the figures say of it before they are frozen, with what it replied; and
//! what it is said to have taken part in, which waits for its word. With an account or by a link; a link is for one organisation, and looking changes
//! nothing. How much may be told is `partners::release`'s to say.
use act::answer;
use ledger::{Micros, Result, Tx};
use partners::Person;
use partners::release::Recipient;
use partners::release::reply::{self, Told};
use serde::Serialize;
use stix::Tlp;

use crate::record::definition::Catalogue;
use crate::record::list::{self, Line};
use crate::review::workspace::{self, Workspace};
use crate::review::{ReplyMeta, Said};

pub mod notice;

/// A link is good for so many days: the working days of a reply, and time to look at what became of it.
pub const LINK_DAYS: i64 = 90;
/// Reviews that are shown, the last ones.
const REVIEWS_MAX: usize = 8;
/// Records that are asked of at once.
const WAITING_MAX: usize = 100;

/// The page of one organisation.
#[derive(Clone, Debug, Serialize)]
pub struct Yours {
    /// Its key.
    pub org: String,
    /// Its name.
    pub name: String,
    /// The language it reads.
    pub language: String,
    /// Reviews in which a figure speaks of it, the last first.
    pub reviews: Vec<Shown>,
    /// What waits for its word.
    pub waiting: Vec<Waiting>,
}

/// What a review says of it.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The review.
    pub review: String,
    /// When it was shown.
    pub at: Micros,
    /// The last day on which a reply is printed in time.
    pub until: String,
    /// The figures are not frozen yet.
    pub open: bool,
    /// Line by line.
    pub lines: Vec<Said>,
    /// What it replied.
    pub replies: Vec<(Micros, ReplyMeta)>,
}

/// A record in which it is said to have taken part.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// Kind.
    pub kind: String,
    /// Id within the kind.
    pub id: String,
    /// What it is, in a word.
    pub title: String,
    /// What it is called.
    pub name: String,
    /// Since when it is so.
    pub on: String,
    /// Where it is in its life.
    pub state: String,
}

/// Draws a link for an organisation. The token itself is only in the letter.
pub fn issue(tx: &mut Tx<'_>, org: &str) -> Result<String> {
    let (token, hash) = answer::draw(tx);
    let expires = tx.now().plus_hours(24 * LINK_DAYS);
    let sql = "INSERT INTO yours_token (hash, org, expires) VALUES ($1, $2, $3)";
    tx.run(sql, &[(&hash).into(), org.into(), expires.into()])?;
    Ok(token)
}

/// Whose link it is; nothing where it is unknown or has expired. Changes nothing.
pub fn look(tx: &mut Tx<'_>, token: &str) -> Result<Option<String>> {
    let Some(hash) = answer::hash_of(token) else { return Ok(None) };
    let sql = "SELECT org, expires FROM yours_token WHERE hash = $1";
    let row = tx.one(sql, &[(&hash).into()], |r| (r.text(0).to_owned(), r.micros(1)))?;
    let now = tx.now();
    Ok(row.filter(|(_, expires)| now <= *expires).map(|(org, _)| org))
}

/// The page of an organisation, for the bearer of its link or for somebody of its own; nothing where it is unknown, or is the operator.
pub fn page(tx: &mut Tx<'_>, org: &str, home: &str, by: Option<&Person>) -> Result<Option<Yours>> {
    let Some(card) = partners::org::find(tx, org)?.filter(|card| card.key != home) else { return Ok(None) };
    let agreements = partners::org::agreements(tx, org)?;
    // a link was sent to the organisation; a person is bound by what they may read themselves
    let clearance = by.map(|person| person.own_clearance);
    let recipient = Recipient { clearance, ..card.recipient(&agreements) };
    let waiting = waiting(tx, &recipient)?;
    let on = tx.now().civil();
    // a person of it reads what its name tells only as far as they may read themselves
    let above = |said: &Said| {
        let mark: Option<Tlp> = said.mark.as_ref().map(|mark| mark.parse().unwrap_or(Tlp::Red));
        by.zip(mark).is_some_and(|(person, mark)| mark > person.clearance(on).0)
    };
    let all = workspace::all(tx)?;
    let reviews = all.into_iter().filter_map(|one| shown(one, org, &above)).take(REVIEWS_MAX).collect();
    let language = card.languages.first().cloned().unwrap_or_else(|| "en".to_owned());
    Ok(Some(Yours { org: card.key.clone(), name: card.name.clone(), language, reviews, waiting }))
}

fn shown(mut one: Workspace, org: &str, above: &dyn Fn(&Said) -> bool) -> Option<Shown> {
    let (at, mut lines) = one.shown.remove(org)?;
    for said in lines.iter_mut().filter(|said| above(said)) {
        (said.what, said.on, said.mark) = ("a record whose mark keeps it from you".to_owned(), None, None);
    }
    one.replies.retain(|(_, reply)| reply.org == org);
    // the day before the first on which it may be frozen; the removal above must not make that one earlier
    let day = at.day_number();
    let last = crate::review::working_days_after(day, crate::review::REPLY_DAYS) - 1;
    Some(Shown {
        review: one.review.to_string(),
        at,
        until: Micros::of_day(last).day(),
        open: one.frozen.is_none(),
        lines,
        replies: one.replies,
    })
}

/// What it is said to have taken part in and has said nothing of, as far as that may be told.
pub(crate) fn waiting(tx: &mut Tx<'_>, recipient: &Recipient<'_>) -> Result<Vec<Waiting>> {
    let on = tx.now().civil();
    let catalogue = Catalogue::of(tx)?;
    let mut waiting = Vec::new();
    for line in list::naming(tx, recipient.org, i64::MAX)? {
        if waiting.len() == WAITING_MAX {
            break;
        }
        if let Some(one) = asked(&catalogue, recipient, &line, on)
            && !list::is_spoken_of(tx, &line.version, recipient.org)?
        {
            waiting.push(one);
        }
    }
    Ok(waiting)
}

fn asked(catalogue: &Catalogue, recipient: &Recipient<'_>, line: &Line, on: jiff::civil::Date) -> Option<Waiting> {
    let version = &line.version;
    let definition = catalogue.get(&version.record)?;
    // what has no day yet has not come to be: nobody can say that it was so
    definition.state(&version.state)?.at.as_ref()?;
    if !definition.took_part(version).contains(&recipient.org) {
        return None;
    }
    let tlp = version.marking.parse().ok()?;
    let told = reply::told(recipient, &version.orgs, tlp, !definition.read_by.is_empty(), on);
    (told == Told::Whole).then(|| Waiting {
        kind: version.record.clone(),
        id: version.id.clone(),
        title: definition.title.clone(),
        name: version.name.clone(),
        on: line.since.day(),
        state: version.state.clone(),
    })
}
