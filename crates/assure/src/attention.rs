//! What needs attention now, over all turns of the loop: the few lines that a watch officer reads first, each with its
//! reason. Nothing here acts; each line names what to open. The order is by what is at stake, never by what came last.
use act::ask::State;
use act::{Ask, Filter};
use expose::list::{Coverage, ExposureRow};
use expose::stake::Stakes;
use ledger::{Micros, Result, Tx};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What a line leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Leads {
    /// One ask, by its reference.
    Ask(String),
    /// The loop of one vulnerability.
    Vulnerability(String),
    /// A partner's file.
    Partner(String),
    /// What lies in review.
    Review,
    /// The exchange with another hub, by the peer's name.
    Peer(String),
}

/// One thing that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attention {
    /// Stable code: `silent`, `held`, `unasked`, `bounced`, `disputed`, `overdue`, `nothing-known`, `review`, `peer`.
    pub rule: &'static str,
    /// What is so, in a sentence.
    pub what: String,
    /// Why it stands here, in a sentence.
    pub because: String,
    /// What to open.
    pub leads: Leads,
    /// The clock that runs or ran out.
    pub due: Option<Micros>,
    /// Functions at stake, by key.
    pub functions: Vec<String>,
}

/// Lines of one kind of trouble before those of another have their turn.
const OF_A_KIND: usize = 3;

/// The order of lines: functions at stake, exploited, the kind of trouble, the clock, and what it leads to.
type Rank = (Reverse<usize>, Reverse<bool>, u8, Micros, Leads);

/// The lines that need attention at `now`, most pressing first, at most `most`.
pub fn attention(tx: &mut Tx<'_>, stakes: &dyn Stakes, now: Micros, most: usize) -> Result<Vec<Attention>> {
    let expose::Listed { rows, coverage, .. } = expose::list(tx, stakes, &expose::Filter::default())?;
    let asks = act::asks(tx, &Filter::default())?;
    let known = Known::new(tx, stakes, &rows)?;
    let mut lines: Vec<(Rank, Attention)> = Vec::new();
    asked(&asks, &known, now, &mut lines);
    unasked(&rows, &asks, &known, &mut lines);
    unknown(tx, &rows, &coverage, &mut lines)?;
    review(tx, &rows, &mut lines)?;
    lines.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(chosen(lines.into_iter().map(|(_, line)| line).collect(), most))
}

/// The first of each kind of trouble come before the fourth of one: five lines of the same kind would hide the others.
fn chosen(lines: Vec<Attention>, most: usize) -> Vec<Attention> {
    let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut first, mut rest): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| {
        let n = of_kind.entry(line.rule).or_default();
        *n += 1;
        *n <= OF_A_KIND
    });
    first.append(&mut rest);
    first.truncate(most);
    first
}

/// What the exposures say of a vulnerability.
struct Known<'a> {
    functions: BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>,
    exploited: BTreeSet<&'a str>,
    stakes: &'a dyn Stakes,
    names: BTreeMap<String, String>,
}

impl<'a> Known<'a> {
    fn new(tx: &mut Tx<'_>, stakes: &'a dyn Stakes, rows: &'a [ExposureRow]) -> Result<Known<'a>> {
        let names = partners::org::all(tx)?.into_iter().map(|card| (card.key, card.name)).collect();
        let mut known = Known { functions: BTreeMap::new(), exploited: BTreeSet::new(), stakes, names };
        for row in rows.iter().filter(|r| r.status == "affected") {
            let party = if row.owner.is_empty() { &row.holder } else { &row.owner };
            let functions = known.functions.entry((party, &row.vulnerability)).or_default();
            functions.extend(row.functions.iter().map(String::as_str));
            if row.exploited {
                known.exploited.insert(&row.vulnerability);
            }
        }
        Ok(known)
    }

    /// An organisation as people call it.
    fn called<'b>(&'b self, org: &'b str) -> &'b str {
        self.names.get(org).map_or(org, String::as_str)
    }

    fn because(&self, party: &str, functions: &[String], exploited: bool) -> String {
        let names: Vec<String> = functions.iter().map(|key| self.stakes.name(key)).collect();
        let rests = match names.as_slice() {
            [] => format!("{party} is exposed; no function is known to rest on it"),
            [one] => format!("{one} rests on {party}"),
            many => format!("{} functions rest on {party}: {}", many.len(), many.join(", ")),
        };
        if exploited { format!("{rests}; exploitation is known") } else { rests }
    }

    fn functions_of(&self, ask: &Ask) -> Vec<String> {
        let party = ask.planned.party.as_str();
        let held = ask.planned.vulnerabilities.iter().filter_map(|v| self.functions.get(&(party, v.as_str())));
        let all: BTreeSet<&str> = held.flatten().copied().collect();
        all.into_iter().map(str::to_owned).collect()
    }

    fn is_exploited(&self, ask: &Ask) -> bool {
        ask.planned.vulnerabilities.iter().any(|v| self.exploited.contains(v.as_str()))
    }
}

/// Asks that are stuck.
fn asked(asks: &[Ask], known: &Known<'_>, now: Micros, lines: &mut Vec<(Rank, Attention)>) {
    for ask in asks {
        let Some((weight, rule, what)) = trouble(ask, known.called(&ask.planned.addressee), now) else { continue };
        let functions = known.functions_of(ask);
        let exploited = known.is_exploited(ask);
        let because = known.because(known.called(&ask.planned.party), &functions, exploited);
        let due = ask.due_at.filter(|_| !matches!(ask.state, State::Held));
        let leads = Leads::Ask(ask.planned.ask.clone());
        let rank = (Reverse(functions.len()), Reverse(exploited), weight, due.unwrap_or(ask.planned_at), leads.clone());
        lines.push((rank, Attention { rule, what, because, leads, due, functions }));
    }
}

fn trouble(ask: &Ask, to: &str, now: Micros) -> Option<(u8, &'static str, String)> {
    let about = named(&ask.planned.vulnerabilities);
    Some(match ask.state {
        State::Silent => (0, "silent", format!("{to} is silent about {about}{}", since(ask.sent_at, now))),
        State::Held => (1, "held", format!("the ask to {to} about {about} waits for a second person")),
        State::Bounced => (2, "bounced", format!("the ask to {to} about {about} came back")),
        State::Unknown => (2, "lost", format!("the ask to {to} about {about} may have gone or not")),
        State::Disputed => (3, "disputed", format!("{to} disputes {about}")),
        _ if ask.answer.as_deref() == Some("need-help") => (3, "help", format!("{to} needs help with {about}")),
        _ if ask.is_overdue(now) => {
            (0, "overdue", format!("{to} has not answered about {about}{}", since(ask.sent_at, now)))
        }
        _ => return None,
    })
}

/// Affected, and nobody was asked.
fn unasked(rows: &[ExposureRow], asks: &[Ask], known: &Known<'_>, lines: &mut Vec<(Rank, Attention)>) {
    let asked: BTreeSet<(&str, &str)> = asks
        .iter()
        .flat_map(|a| a.planned.vulnerabilities.iter().map(move |v| (a.planned.party.as_str(), v.as_str())))
        .collect();
    let mut open: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.status == "affected") {
        let party = if row.owner.is_empty() { row.holder.as_str() } else { row.owner.as_str() };
        if !asked.contains(&(party, row.vulnerability.as_str())) {
            open.entry(&row.vulnerability).or_default().insert(party);
        }
    }
    for (vulnerability, parties) in open {
        let of =
            |p: &&str| known.functions.get(&(*p, vulnerability)).into_iter().flatten().copied().collect::<Vec<_>>();
        let functions: BTreeSet<&str> = parties.iter().flat_map(of).collect();
        let functions: Vec<String> = functions.into_iter().map(str::to_owned).collect();
        let exploited = known.exploited.contains(vulnerability);
        let n = parties.len();
        let what =
            format!("{n} {} exposed to {vulnerability} and not asked", if n == 1 { "party is" } else { "parties are" });
        let called: Vec<&str> = parties.into_iter().map(|p| known.called(p)).collect();
        let because = known.because(&called.join(", "), &functions, exploited);
        let leads = Leads::Vulnerability(vulnerability.to_owned());
        let rank = (Reverse(functions.len()), Reverse(exploited), 1, Micros(0), leads.clone());
        lines.push((rank, Attention { rule: "unasked", what, because, leads, due: None, functions }));
    }
}

/// Partners of whom nothing is known, in one line, with what might be there.
fn unknown(
    tx: &mut Tx<'_>,
    rows: &[ExposureRow],
    coverage: &Coverage,
    lines: &mut Vec<(Rank, Attention)>,
) -> Result<()> {
    let Some(first) = coverage.silent.first() else { return Ok(()) };
    let (mut names, mut candidates) = (Vec::new(), BTreeSet::new());
    for partner in &coverage.silent {
        let card = partners::org::find(tx, partner)?;
        let country = card.as_ref().and_then(|c| c.country.clone()).unwrap_or_default();
        let here = |r: &&ExposureRow| r.status == "unknown" && r.subject.split(':').next() == Some(country.as_str());
        candidates.extend(rows.iter().filter(here).map(|r| r.vulnerability.as_str()));
        names.push(card.map_or(partner.clone(), |c| c.name));
    }
    let what = format!("nothing is known of {}", names.join(" and "));
    let shared = "neither inventory nor answer was shared; ask for a match at home";
    let because = match candidates.len() {
        0 => shared.to_owned(),
        n => format!("{shared}; by sector and area {n} vulnerabilities may be there"),
    };
    let leads = Leads::Partner(first.clone());
    let rank = (Reverse(0), Reverse(false), 4, Micros(0), leads.clone());
    lines.push((rank, Attention { rule: "nothing-known", what, because, leads, due: None, functions: Vec::new() }));
    Ok(())
}

/// What waits for a person's decision.
fn review(tx: &mut Tx<'_>, rows: &[ExposureRow], lines: &mut Vec<(Rank, Attention)>) -> Result<()> {
    let matches = rows.iter().filter(|r| r.status == "review").count();
    let objects = exchange::review::count(tx)?;
    if matches == 0 && objects == 0 {
        return Ok(());
    }
    let what = format!("{matches} matches and {objects} objects wait for a person's decision");
    let because = "their versions or ranges cannot be compared, or their content differs from what is held".to_owned();
    let rank = (Reverse(0), Reverse(false), 5, Micros(0), Leads::Review);
    lines.push((
        rank,
        Attention { rule: "review", what, because, leads: Leads::Review, due: None, functions: Vec::new() },
    ));
    Ok(())
}

fn named(vulnerabilities: &[String]) -> String {
    match vulnerabilities {
        [] => "an exposure".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn since(sent: Option<Micros>, now: Micros) -> String {
    match sent.map(|at| (now.0 - at.0).max(0) / Micros::DAY) {
        None => String::new(),
        Some(0) => ", asked today".to_owned(),
        Some(1) => ", asked a day ago".to_owned(),
        Some(days) => format!(", asked {days} days ago"),
    }
}
