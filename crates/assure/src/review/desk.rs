//! Every way into a review, with all rules: who may, in which order, and what a freeze rests on.
use std::collections::{BTreeMap, BTreeSet};

use ledger::checkpoint::base64;
use ledger::{Draft, Error, Micros, Result, Tx, line, pack};
use partners::Person;
use partners::may::Verb;
use serde::Serialize;

use crate::compute;
use crate::facts::View;
use crate::figure::Explanation;
use crate::measure::Ledgers;
use crate::period::Period;
use crate::review::workspace::{self, Stage, Workspace};
use crate::review::{
    ATTESTERS, Act, Claim, FROZEN, Frozen, Matter, REPLY, REVIEW, ReplyMeta, ReviewMeta, SHOWN, ShownMeta, TEXT_MAX,
    Written, statement,
};

fn refused<T>(rule: &'static str, reason: impl Into<String>, next: impl Into<String>) -> Result<T> {
    Err(Error::refused(rule, reason, next))
}

/// The review of a period that was opened.
///
/// # Errors
/// [`Error::Refused`] where none was.
pub fn must(tx: &mut Tx<'_>, review: &Period) -> Result<Workspace> {
    let found = workspace::read(tx, &review.to_string())?;
    found.ok_or_else(|| {
        Error::refused("review-unknown", format!("no review of {review} was opened"), "`mainstay review open` opens it")
    })
}

fn act(tx: &mut Tx<'_>, review: &Period, by: &Person, act: Act) -> Result<()> {
    let meta = ReviewMeta { review: review.clone(), by: by.name.clone(), act };
    tx.append(Draft::new(REVIEW, &meta)?).map(drop)
}

/// Opens the review of a period, and fixes the seed of its sample: a text of somebody's choice, else drawn.
pub fn open(tx: &mut Tx<'_>, review: &Period, seed: Option<&str>, by: &Person) -> Result<String> {
    by.must(Verb::HoldReview)?;
    if workspace::read(tx, &review.to_string())?.is_some() {
        return refused(
            "review-stands",
            format!("the review of {review} is open"),
            "`mainstay review status` shows it",
        );
    }
    let seed = match seed {
        Some(seed) => {
            line::reason(seed, "review-seed", "give a line of text, or leave --seed away")?;
            seed.trim().to_owned()
        }
        None => {
            let mut bytes = [0; 16];
            tx.random(&mut bytes);
            base64(&bytes)
        }
    };
    act(tx, review, by, Act::Opened { seed: seed.clone() })?;
    Ok(seed)
}

/// What a consultation comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consulted {
    /// To whom, with how many lines.
    pub to: BTreeMap<String, usize>,
    /// The first day on which the review may be frozen, counted from 1970-01-01.
    pub freeze_from: i64,
}

/// Cuts the figures as they are known now, and lays before each partner of whom one speaks what it says of it. Again, where something was put right: then the
/// working days begin anew.
/// `dry`: it is only said whom it would reach.
pub fn consult(tx: &mut Tx<'_>, review: &Period, by: &Person, dry: bool) -> Result<Consulted> {
    by.must(Verb::HoldReview)?;
    let standing = must(tx, review)?;
    if standing.stage() >= Stage::Frozen {
        return refused(
            "review-frozen",
            format!("the review of {review} is frozen"),
            "what is known later restates it",
        );
    }
    let cut = tx.now();
    if cut < review.until() {
        let reason = format!("{review} ends on {}", Micros(review.until().0 - 1).day());
        return refused("review-running", reason, "consult the partners when it is over");
    }
    let (explained, of) = figures(tx, review, cut)?;
    let statements = statement::statements(tx, &explained, &of, cut)?;
    if !dry {
        let packs = packs(tx)?;
        act(tx, review, by, Act::Cut { at: cut, packs })?;
    }
    for (org, lines) in statements.iter().filter(|_| !dry) {
        let meta =
            ShownMeta { review: review.clone(), org: org.clone(), cut, lines: lines.clone(), by: by.name.clone() };
        tx.append(Draft::new(SHOWN, &meta)?)?;
    }
    let day = cut.day_number();
    let freeze_from = match statements.is_empty() {
        true => day,
        false => super::working_days_after(day, super::REPLY_DAYS),
    };
    Ok(Consulted { to: statements.into_iter().map(|(org, lines)| (org, lines.len())).collect(), freeze_from })
}

/// Every figure of a period as it is known at an instant, with what it is computed from.
pub(crate) fn figures(tx: &mut Tx<'_>, review: &Period, known: Micros) -> Result<(Vec<Explanation>, Ledgers)> {
    let as_of = Micros(review.until().0 - 1);
    let (plans, of) = (compute::plans(tx)?, compute::ledgers(tx, known)?);
    let explained = compute::explain_by(tx, &plans, &of, View { as_of, known_as_of: known }, review)?;
    Ok((explained, of))
}

/// The packs by which figures are computed: kind and name → digest.
pub(super) fn packs(tx: &mut Tx<'_>) -> Result<BTreeMap<String, String>> {
    let mut packs = BTreeMap::new();
    for kind in ["plan", "records"] {
        for (signed, _) in pack::of_kind(tx, kind)? {
            packs.insert(format!("{kind} {}", signed.name), signed.digest);
        }
    }
    Ok(packs)
}

/// Writes a text into a review.
pub fn write(tx: &mut Tx<'_>, review: &Period, written: Written, by: &Person) -> Result<()> {
    by.must(Verb::WriteReview)?;
    let standing = must(tx, review)?;
    if standing.stage() == Stage::Attested {
        let reason = format!("the review of {review} is vouched for: what it says stays as it is");
        return refused("review-attested", reason, "write into the review of the next period");
    }
    let written = Written { text: text(&written.text, "review-text")?, ..written };
    let objectives: BTreeSet<String> = objectives(tx)?;
    if !written.objective.is_empty() && !objectives.contains(&written.objective) {
        let all = objectives.into_iter().collect::<Vec<_>>().join(", ");
        return refused(
            "objective",
            format!("no plan has an objective {:?}", written.objective),
            format!("one of {all}"),
        );
    }
    if !written.due.is_empty() && Micros::date(&written.due).is_none() {
        return refused("date", format!("{:?} is no date", written.due), "write it as 2026-03-01");
    }
    if written.who.chars().count() > 200 {
        return refused("review-who", "a name has more than 200 characters", "name one person or one office");
    }
    if written.matter == Matter::Narrative && !(written.who.is_empty() && written.due.is_empty()) {
        return refused(
            "review-who",
            "a narrative has nobody who sees to it, and no day",
            "leave --who and --due away",
        );
    }
    act(tx, review, by, Act::Written(written))
}

/// The objectives of the plan by which progress is measured.
pub fn objectives(tx: &mut Tx<'_>) -> Result<BTreeSet<String>> {
    Ok(compute::plan(tx)?.objectives.iter().map(|o| o.id.clone()).collect())
}

fn text(text: &str, rule: &'static str) -> Result<String> {
    let fine = |c: &char| !c.is_control() || *c == '\n';
    let clean: String = text.replace("\r\n", "\n").chars().filter(fine).collect::<String>().trim().to_owned();
    match clean.chars().count() {
        0 => refused(rule, "there is no text", "write one"),
        n if n > TEXT_MAX => refused(rule, format!("the text has {n} characters, {TEXT_MAX} are read"), "shorten it"),
        _ => Ok(clean),
    }
}

/// What an organisation says to what it was shown. `through`: `account`, `link` or `mail`; also after the freeze, and then it stands as what it is: late.
pub fn reply(tx: &mut Tx<'_>, reply: ReplyMeta) -> Result<()> {
    let standing = must(tx, &reply.review)?;
    let Some((_, lines)) = standing.shown.get(&reply.org) else {
        let reason = format!("{} was shown nothing of {}", reply.org, reply.review);
        return refused("reply-nothing", reason, "`mainstay review consult` lays a review before its partners");
    };
    if !reply.measure.is_empty() && !lines.iter().any(|said| said.measure == reply.measure) {
        let reason = format!("{} was shown nothing of {}", reply.org, reply.measure);
        return refused("reply-measure", reason, "leave the measure away to speak of all");
    }
    let before = standing.replies.iter().filter(|(_, said)| said.org == reply.org).count();
    if before >= REPLIES_MAX {
        return refused("reply-many", format!("{} replied {before} times", reply.org), "call us");
    }
    let reply = ReplyMeta { text: text(&reply.text, "reply-text")?, ..reply };
    tx.append(Draft::new(REPLY, &reply)?).map(drop)
}

/// Replies of one organisation to one review.
const REPLIES_MAX: usize = 50;

/// Freezes the figures as they were known when the partners were shown theirs.
pub fn freeze(tx: &mut Tx<'_>, review: &Period, by: &Person) -> Result<Frozen> {
    by.must(Verb::HoldReview)?;
    let standing = must(tx, review)?;
    if standing.frozen.is_some() {
        let next = "what came to be known later restates it; `mainstay review status` lists that";
        return refused("review-frozen", format!("the review of {review} is frozen"), next);
    }
    let (Some(cut), Some(from)) = (&standing.cut, standing.freeze_from()) else {
        let reason = "a figure is shown to whoever it speaks of before it is frozen, and nobody was shown any";
        return refused("review-not-shown", reason, "`mainstay review consult`, and fifteen working days");
    };
    if tx.now().day_number() < from {
        let day = Micros::of_day(from).day();
        let reason = format!("partners were shown their figures on {}: they have fifteen working days", cut.at.day());
        return refused("review-reply-runs", reason, format!("freeze it on {day} or later"));
    }
    let packs = packs(tx)?;
    if let Some(changed) = changed(&cut.what.packs, &packs) {
        let reason = format!("the pack {changed} is not the one by which the figures were shown");
        return refused(
            "review-definition",
            reason,
            "`mainstay review consult` shows them anew by the pack that stands now",
        );
    }
    let known = cut.what.known_as_of;
    let (explained, _) = figures(tx, review, known)?;
    let frozen = Frozen {
        review: review.clone(),
        period: review.clone(),
        as_of: Micros(review.until().0 - 1),
        known_as_of: known,
        seed: standing.seed.clone(),
        packs,
        figures: explained.iter().map(Claim::of).collect(),
        by: by.name.clone(),
    };
    tx.append(Draft::new(FROZEN, &frozen)?.key(format!("{FROZEN}/{review}")))?;
    Ok(frozen)
}

/// The first pack that is another now.
pub(super) fn changed(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Option<String> {
    then.keys().chain(now.keys()).find(|name| then.get(*name) != now.get(*name)).cloned()
}

/// Vouches for a frozen review: somebody who had no hand in anything that it looks at.
pub fn attest(tx: &mut Tx<'_>, review: &Period, note: &str, by: &Person) -> Result<usize> {
    by.must(Verb::AttestReview)?;
    line::reason(note, "attest-note", "say with --note what was looked at")?;
    let standing = must(tx, review)?;
    let Some(frozen) = &standing.frozen else {
        let reason = format!("the review of {review} is not frozen: there is nothing yet to vouch for");
        return refused("review-not-frozen", reason, "`mainstay review freeze` freezes it");
    };
    if standing.attested.iter().any(|one| one.by == by.name) {
        return refused("attest-twice", format!("{} vouched for it already", by.name), "a second person must");
    }
    if standing.attested.len() >= ATTESTERS {
        return refused("attest-enough", format!("{ATTESTERS} vouch for it"), "nothing is left to do");
    }
    if frozen.by == by.name {
        return refused("attest-own", format!("{} froze it", by.name), "somebody else must vouch for it");
    }
    let (explained, of) = figures(tx, review, frozen.what.known_as_of)?;
    if let Some((measure, record)) = recorded(&explained, &of, &by.name, frozen.what.known_as_of) {
        let reason = format!("{} recorded {record}, which {measure} looks at", by.name);
        return refused("attest-recorder", reason, "somebody who recorded none of it must vouch for it");
    }
    act(tx, review, by, Act::Attested { claim: frozen.what.digest(), note: note.trim().to_owned() })?;
    Ok(standing.attested.len() + 1)
}

/// The first record among what was looked at that somebody recorded, with the measure.
fn recorded(explained: &[Explanation], of: &Ledgers, who: &str, known: Micros) -> Option<(String, String)> {
    let items =
        explained.iter().flat_map(|one| one.counted.iter().chain(&one.not_counted).map(|item| (&one.figure.id, item)));
    items
        .filter_map(|(measure, item)| Some((measure, item.about.record.as_ref()?)))
        .find(|(_, (kind, id))| of.book.recorders(kind, id, known).any(|by| by == who))
        .map(|(measure, (kind, id))| (measure.clone(), format!("{kind} {id}")))
}
