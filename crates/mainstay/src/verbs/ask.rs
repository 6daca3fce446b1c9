//! `ask`: asks across a border and their answers.
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::verbs::mail::{self, Mail};
use crate::{actor, out, store};
use act::ask::{Answer, State};
use act::query::{Ask as Standing, Filter};
use act::{Office, Post, answer::Said};
use clap::{Args, Subcommand};
use ledger::Ledger;
use partners::may::Verb;
use serde::Serialize;

/// Asks.
#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    /// Make an ask for each exposed owner, or for the holder where the exposure is a count, by the rule of its country
    Plan {
        /// Show who would get what, and by which rule, and make nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Send what is planned and not held
    Send(Send),
    /// What was asked, of whom, and how it stands
    List {
        /// Only asks in this state; may be given again
        #[arg(long)]
        state: Vec<String>,
        /// Only asks that concern or went to this organisation
        #[arg(long)]
        org: Option<String>,
        /// Only asks about this vulnerability
        #[arg(long)]
        vulnerability: Option<String>,
    },
    /// One ask with its story
    Show {
        /// Its reference
        ask: String,
    },
    /// Record an answer; what the operator writes down for others is E0
    Answer {
        /// The ask's reference
        ask: String,
        /// acknowledged, forwarded, planned, mitigated, fixed, not-affected, not-ours, disputed, need-help
        #[arg(long)]
        state: String,
        /// A ticket, a work order, a document: with it the answer is E2
        #[arg(long)]
        reference: Option<String>,
        /// Words
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Let a held ask go, as the second person
    Approve {
        /// Its reference
        ask: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Stop an ask, as the second person
    Reject {
        /// Its reference
        ask: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let silence count: whoever let the clock run out without a word is named
    Tick,
}

/// Where to and as whom.
#[derive(Debug, Args)]
pub(crate) struct Send {
    #[command(flatten)]
    mail: Mail,
    /// Say what would leave, and send nothing
    #[arg(long)]
    dry_run: bool,
}

/// An ask as a row.
#[derive(Serialize)]
struct Row {
    ask: String,
    state: String,
    evidence: Option<String>,
    party: String,
    addressee: String,
    country: Option<String>,
    advisory: String,
    vulnerability: String,
    vulnerabilities: Vec<String>,
    functions: usize,
    exploited: bool,
    held: bool,
    rule: String,
    due: Option<String>,
    answer: Option<String>,
    why: Vec<String>,
}

impl From<&Standing> for Row {
    fn from(a: &Standing) -> Row {
        let p = &a.planned;
        Row {
            ask: p.ask.clone(),
            state: a.state.as_str().to_owned(),
            evidence: a.evidence.map(|e| e.as_str().to_owned()),
            party: p.party.clone(),
            addressee: p.addressee.clone(),
            country: p.country.clone(),
            advisory: p.advisory.clone(),
            vulnerability: p.vulnerabilities.first().cloned().unwrap_or_default(),
            vulnerabilities: p.vulnerabilities.clone(),
            functions: p.functions,
            exploited: p.exploited,
            held: p.held,
            rule: p.rule.clone(),
            due: a.due_at.map(|d| d.to_string()),
            answer: a.answer.clone(),
            why: p.why.clone(),
        }
    }
}

impl Ask {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_existing(global)?;
        match self {
            Ask::Plan { dry_run } => plan(global, &ledger, *dry_run),
            Ask::Send(send) => send.run(global, &ledger),
            Ask::List { state, org, vulnerability } => {
                actor::own(global, &ledger)?;
                list(global, &ledger, state, org, vulnerability)
            }
            Ask::Show { ask } => {
                actor::own(global, &ledger)?;
                show(&ledger, ask)
            }
            Ask::Answer { ask, state, reference, comment } => {
                answer(global, &ledger, ask, state, reference.as_deref(), comment)
            }
            Ask::Approve { ask, reason } => {
                let person = actor::must(global, &ledger, Verb::ApproveAsks)?;
                ledger.write(|tx| act::approve(tx, ask, &person, reason))?;
                store::settle(global, &ledger)?;
                out::say(format!("{ask} may go; `ask send` sends it"));
                Ok(Done::Fine)
            }
            Ask::Reject { ask, reason } => {
                let person = actor::must(global, &ledger, Verb::ApproveAsks)?;
                ledger.write(|tx| act::reject(tx, ask, &person, reason))?;
                store::settle(global, &ledger)?;
                out::say(format!("{ask} is stopped"));
                Ok(Done::Fine)
            }
            Ask::Tick => {
                let silent = ledger.write(act::tick)?;
                store::settle(global, &ledger)?;
                out::say(format!("{silent} asks fell silent"));
                Ok(Done::Fine)
            }
        }
    }
}

fn plan(global: &Global, ledger: &Ledger, dry_run: bool) -> Result<Done, Failure> {
    let person = actor::must(global, ledger, Verb::PlanAsks)?;
    let home = ledger.genesis().home.clone();
    // A dry run appends nothing: whose clock has run out counts as silent all the same.
    if !dry_run {
        ledger.write(act::tick)?;
        ledger.catch_up()?;
    }
    let plan = ledger.write(|tx| {
        let stakes = depend::Snapshot::load(tx)?;
        act::plan(tx, &stakes, &home, &person, dry_run)
    })?;
    if !dry_run {
        store::settle(global, ledger)?;
    }
    out::rows(global.format, &plan.asks, &["ask", "to", "about", "concerning", "rule", "why"], |p| {
        let held = if p.held { " (held)" } else { "" };
        let to = format!("{}{held}", p.addressee);
        vec![p.ask.clone(), to, p.vulnerabilities.join(" "), p.party.clone(), p.rule.clone(), p.why.join("; ")]
    })?;
    let made = if dry_run { "would be made" } else { "made" };
    out::say(format!(
        "{} asks {made}, {} held for a second person",
        plan.asks.len(),
        plan.asks.iter().filter(|p| p.held).count()
    ));
    for withheld in &plan.withheld {
        out::say(format!("not asked, {}: {} [{}]", withheld.party, withheld.reason, withheld.rule));
    }
    Ok(Done::Fine)
}

impl Send {
    fn run(&self, global: &Global, ledger: &Ledger) -> Result<Done, Failure> {
        let person = actor::must(global, ledger, Verb::SendAsks)?;
        if self.dry_run {
            return list(global, ledger, &["planned".to_owned(), "approved".to_owned()], &None, &None);
        }
        let office = self.mail.office(global, ledger)?;
        let Office { channel, sender, about, .. } = &office;
        let post = Post { channel, sender, about, answer_url: &office.link("a/") };
        let report = act::send(ledger, &post, &person)?;
        store::settle(global, ledger)?;
        Ok(if mail::tell(&report, channel) { Done::Findings } else { Done::Fine })
    }
}

fn list(
    global: &Global,
    ledger: &Ledger,
    states: &[String],
    org: &Option<String>,
    vulnerability: &Option<String>,
) -> Result<Done, Failure> {
    let unknown = |s: &String| Failure::Usage(format!("{s:?} is no state of an ask"));
    let states = states.iter().map(|s| State::parse(s).ok_or_else(|| unknown(s))).collect::<Result<_, _>>()?;
    let filter = Filter { states, org: org.clone(), vulnerability: vulnerability.clone(), limit: None };
    let asks = ledger.read(|tx| act::asks(tx, &filter))?;
    let rows: Vec<Row> = asks.iter().map(Row::from).collect();
    out::rows(global.format, &rows, &["ask", "state", "to", "concerning", "about", "due", "answer"], |r| {
        let evidence = r.evidence.as_ref().map_or(String::new(), |e| format!(" ({e})"));
        let answer = format!("{}{evidence}", r.answer.clone().unwrap_or_default());
        let about = r.vulnerabilities.join(" ");
        vec![
            r.ask.clone(),
            r.state.clone(),
            r.addressee.clone(),
            r.party.clone(),
            about,
            r.due.clone().unwrap_or_default(),
            answer,
        ]
    })?;
    if rows.is_empty() {
        out::say("no asks: `mainstay ask plan` makes them from what is exposed");
    }
    Ok(Done::Fine)
}

fn show(ledger: &Ledger, reference: &str) -> Result<Done, Failure> {
    let (ask, story) = ledger.read(|tx| {
        let ask = act::query::must(tx, reference)?;
        let story = act::story(tx, &ask.planned.ask)?;
        Ok((ask, story))
    })?;
    let p = &ask.planned;
    out::line(&format!("{} {} to {} about {}", p.ask, ask.state.as_str(), p.addressee, p.vulnerabilities.join(" ")))?;
    for why in &p.why {
        out::line(&format!("  because {why}"))?;
    }
    for step in &story {
        let evidence = step.evidence.map_or(String::new(), |e| format!(" ({})", e.as_str()));
        out::line(&format!("{}  {}{evidence}, {}", step.known, step.words, step.by))?;
    }
    Ok(Done::Fine)
}

fn answer(
    global: &Global,
    ledger: &Ledger,
    ask: &str,
    state: &str,
    reference: Option<&str>,
    comment: &str,
) -> Result<Done, Failure> {
    let person = actor::actor(global, ledger)?;
    let answer = Answer::parse(state)
        .ok_or_else(|| Failure::Usage(format!("{state:?} is no answer; see `mainstay ask answer --help`")))?;
    let said = Said { answer, reference: reference.unwrap_or_default(), note: comment };
    let ask = ledger.write(|tx| act::answer_as(tx, ask, &person, &said))?;
    store::settle(global, ledger)?;
    out::say(format!("{} is {} now", ask.planned.ask, ask.state.as_str()));
    Ok(Done::Fine)
}
