//! `review open` and what follows: a quarter or a year of the plan, shown to its partners, frozen, vouched for, and given to a stranger.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::print;
use crate::verbs::mail::{self, Mail};
use crate::{actor, out, store};
use assure::Period;
use assure::review::bundle;
use assure::review::desk;
use assure::review::letters;
use assure::review::report::{self, Report};
use assure::review::workspace::{self, Workspace};
use assure::review::{Matter, ReplyMeta, Written};
use clap::{Args, Subcommand, ValueEnum};
use ledger::{Ledger, Micros};
use partners::may::Verb;
use server::pages::review::document::Document;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use stix::Tlp;

/// The review of a quarter or a year.
#[derive(Debug, Subcommand)]
pub(crate) enum Quarter {
    /// Open the review of a period, and fix the seed by which a sample is drawn later
    Open {
        /// 2025-Q1, 2025, FY2026-Q1 or FY2026
        period: Period,
        /// A line of an auditor's choice; drawn unless said
        #[arg(long)]
        seed: Option<String>,
    },
    /// All reviews, or one: where it is, what moved, what was restated, who replied
    Status {
        /// The period
        period: Option<Period>,
    },
    /// Show each partner what the figures say of it, by mail with a link to its own page; the figures are frozen as they are known now, fifteen working days
    /// later
    Consult {
        /// The period
        period: Period,
        /// Say whom it would reach, and show nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        mail: Mail,
    },
    /// Write into a review what moved and why, what was decided, what stands in the way, or how the course is changed
    Write(Entry),
    /// Enter what a partner replied by mail or telephone; by page it does so itself
    Reply {
        /// The period
        period: Period,
        /// Whose reply
        #[arg(long)]
        org: String,
        /// The measure that it is about; all unless said
        #[arg(long, default_value = "")]
        measure: String,
        /// Its own words
        #[arg(long)]
        text: String,
    },
    /// Freeze the figures as they were shown
    Freeze {
        /// The period
        period: Period,
    },
    /// Vouch for a frozen review, as one of two who recorded none of it
    Attest {
        /// The period
        period: Period,
        /// What was looked at
        #[arg(long)]
        note: String,
    },
    /// The report, in one of its forms
    Report(Out),
    /// What an inspector looks at: a few of each figure, drawn from the seed
    Sample {
        /// The period
        period: Period,
    },
    /// One file by which a stranger recomputes every figure, with verifier/verify.py
    Bundle {
        /// The period
        period: Period,
        /// Where to
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// For whom; whoever acts unless said
        #[arg(long = "for", value_name = "NAME")]
        reader: Option<String>,
    },
}

/// A text.
#[derive(Debug, Args)]
pub(crate) struct Entry {
    /// The period
    period: Period,
    /// What it is
    #[arg(long, value_enum)]
    matter: MatterArg,
    /// The objective that it is about, such as 1.2; the whole unless said
    #[arg(long, default_value = "")]
    objective: String,
    /// The text
    #[arg(long)]
    text: String,
    /// Who sees to it
    #[arg(long, default_value = "")]
    who: String,
    /// Until when, YYYY-MM-DD
    #[arg(long, default_value = "")]
    due: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MatterArg {
    Narrative,
    Decision,
    Obstacle,
    Course,
}

impl From<MatterArg> for Matter {
    fn from(matter: MatterArg) -> Matter {
        match matter {
            MatterArg::Narrative => Matter::Narrative,
            MatterArg::Decision => Matter::Decision,
            MatterArg::Obstacle => Matter::Obstacle,
            MatterArg::Course => Matter::Course,
        }
    }
}

/// A report as a file.
#[derive(Debug, Args)]
pub(crate) struct Out {
    /// The period
    period: Period,
    /// Its form
    #[arg(long, value_enum, default_value = "html")]
    form: Form,
    /// The widest mark of its readers: below AMBER small shares, replies, cases and the sample stay out
    #[arg(long, default_value = "AMBER")]
    tlp: Tlp,
    /// The paper it is printed on
    #[arg(long, value_enum, default_value = "a4")]
    paper: Paper,
    /// Where to; standard output unless said
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Html,
    Pdf,
    Csv,
    Json,
    Ics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Paper {
    A4,
    Letter,
}

impl Quarter {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_existing(global)?;
        match self {
            Quarter::Open { period, seed } => {
                let person = actor::must(global, &ledger, Verb::HoldReview)?;
                let seed = ledger.write_applied(|tx| desk::open(tx, period, seed.as_deref(), &person))?;
                out::say(format!("the review of {period} is open; its sample will be drawn by {seed:?}"));
                Ok(Done::Fine)
            }
            Quarter::Status { period } => {
                actor::must(global, &ledger, Verb::Measure)?;
                match period {
                    None => all(global, &ledger),
                    Some(period) => one(global, &ledger, period),
                }
            }
            Quarter::Consult { period, dry_run, mail } => consult(global, &ledger, period, *dry_run, mail),
            Quarter::Write(write) => {
                let person = actor::must(global, &ledger, Verb::WriteReview)?;
                let written = Written {
                    matter: write.matter.into(),
                    objective: write.objective.clone(),
                    text: write.text.clone(),
                    who: write.who.clone(),
                    due: write.due.clone(),
                };
                ledger.write_applied(|tx| desk::write(tx, &write.period, written.clone(), &person))?;
                out::say(format!("written into the review of {}", write.period));
                Ok(Done::Fine)
            }
            Quarter::Reply { period, org, measure, text } => {
                let person = actor::must(global, &ledger, Verb::RecordAnswer)?;
                let reply = ReplyMeta {
                    review: period.clone(),
                    org: org.clone(),
                    measure: measure.clone(),
                    text: text.clone(),
                    through: "mail".to_owned(),
                    by: person.name,
                };
                ledger.write_applied(|tx| desk::reply(tx, reply.clone()))?;
                out::say(format!("the reply of {org} stands beside what {period} says of it"));
                Ok(Done::Fine)
            }
            Quarter::Freeze { period } => {
                let person = actor::must(global, &ledger, Verb::HoldReview)?;
                let frozen = ledger.write_applied(|tx| desk::freeze(tx, period, &person))?;
                let with = frozen.figures.iter().filter(|c| c.figure.value.is_some()).count();
                let known = frozen.known_as_of.day();
                out::say(format!("{with} of {} figures stand, as they were known on {known}", frozen.figures.len()));
                out::say("two who recorded none of it vouch for it now: `mainstay review attest`");
                Ok(Done::Fine)
            }
            Quarter::Attest { period, note } => {
                let person = actor::must(global, &ledger, Verb::AttestReview)?;
                let n = ledger.write_applied(|tx| desk::attest(tx, period, note, &person))?;
                out::say(format!("{n} of {} vouch for the review of {period}", assure::review::ATTESTERS));
                Ok(Done::Fine)
            }
            Quarter::Report(wanted) => wanted.run(global, &ledger),
            Quarter::Sample { period } => sample(global, &ledger, period),
            Quarter::Bundle { period, out, reader } => bundle(global, &ledger, period, out, reader.as_deref()),
        }
    }
}

fn all(global: &Global, ledger: &Ledger) -> Result<Done, Failure> {
    let all = ledger.read(workspace::all)?;
    let heads = ["period", "stage", "opened", "shown to", "replies", "frozen", "vouched for by"];
    out::rows(global.format, &all, &heads, |one| {
        let by: Vec<&str> = one.attested.iter().map(|a| a.by.as_str()).collect();
        vec![
            one.review.to_string(),
            one.stage().as_str().to_owned(),
            one.opened.day(),
            one.shown.len().to_string(),
            one.replies.len().to_string(),
            one.frozen.as_ref().map(|f| f.at.day()).unwrap_or_default(),
            by.join(", "),
        ]
    })?;
    if all.is_empty() {
        out::say("no review was opened; `mainstay review open 2025-Q1` opens one");
    }
    Ok(Done::Fine)
}

fn one(global: &Global, ledger: &Ledger, period: &Period) -> Result<Done, Failure> {
    let now = ledger.env().clock.now();
    let (standing, made) =
        ledger.read(|tx| Ok((desk::must(tx, period)?, report::report(tx, period, Tlp::Amber, now)?)))?;
    if matches!(global.format, Format::Json | Format::Jsonl) {
        out::json(&made)?;
        return Ok(Done::Fine);
    }
    let rows: Vec<&report::Row> = made.rows().collect();
    let heads = ["measure", "value", "counted", "before", "baseline", "change", "what it says"];
    out::rows(global.format, &rows, &heads, |row| {
        let of = row.numerator.zip(row.denominator).map(|(n, d)| format!("{n} of {d}")).unwrap_or_default();
        let number = |n: &Option<serde_json::Number>| n.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![
            row.id.clone(),
            row.said(),
            of,
            number(&row.before),
            number(&row.baseline),
            number(&row.change),
            row.statement.clone(),
        ]
    })?;
    for line in state(&standing, &made) {
        out::say(line);
    }
    Ok(Done::Fine)
}

fn state(standing: &Workspace, made: &Report) -> Vec<String> {
    let m = &made.moved;
    let mut lines = vec![format!(
        "{} measures more than in {}, {} less, {} as they were, {} that cannot be compared",
        m.better.len(),
        made.before,
        m.worse.len(),
        m.same.len(),
        m.unknown.len()
    )];
    let day = |day: i64| Micros::of_day(day).day();
    lines.push(match (standing.frozen.as_ref(), standing.freeze_from()) {
        (Some(frozen), _) => {
            let by: Vec<&str> = standing.attested.iter().map(|a| a.by.as_str()).collect();
            let by = if by.is_empty() { "nobody yet".to_owned() } else { by.join(" and ") };
            format!("frozen on {} by {}, vouched for by {by}", frozen.at.day(), frozen.by)
        }
        (None, Some(from)) => format!(
            "shown to {} partners, {} replies; it may be frozen from {}",
            standing.shown.len(),
            standing.replies.len(),
            day(from)
        ),
        (None, None) => "a draft: no partner was shown what it says of it".to_owned(),
    });
    let number = |n: &Option<serde_json::Number>| n.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    lines.extend(
        made.restated
            .iter()
            .map(|r| format!("{} restated: {} → {}, {}", r.id, number(&r.frozen), number(&r.now), r.why)),
    );
    lines.extend(made.replies.iter().map(|r| {
        let about = if r.measure.is_empty() { "all" } else { &r.measure };
        format!("{} replies on {about}: {}", r.name, r.text.replace('\n', " "))
    }));
    lines
}

fn consult(global: &Global, ledger: &Ledger, period: &Period, dry: bool, by_mail: &Mail) -> Result<Done, Failure> {
    let person = actor::must(global, ledger, Verb::HoldReview)?;
    let office = by_mail.office(global, ledger)?;
    let (consulted, unreached) = match dry {
        true => (ledger.read(|tx| desk::consult(tx, period, &person, true))?, Vec::new()),
        false => letters::consult(ledger, period, &person, &office)?,
    };
    let rows: Vec<(&String, &usize)> = consulted.to.iter().collect();
    out::rows(global.format, &rows, &["partner", "lines"], |(org, lines)| vec![(*org).clone(), lines.to_string()])?;
    let from = Micros::of_day(consulted.freeze_from).day();
    let would = if dry { "would be shown" } else { "are shown" };
    out::say(format!("{} partners {would} what {period} says of them; it may be frozen from {from}", rows.len()));
    if dry {
        return Ok(Done::Fine);
    }
    let findings = mail::tell(&act::letter::deliver(ledger, &office)?, &office.channel);
    store::settle(global, ledger)?;
    for org in &unreached {
        out::say(format!("{org} has no contact to write to: it sees its figures with an account, or by telephone"));
    }
    Ok(if findings || !unreached.is_empty() { Done::Findings } else { Done::Fine })
}

impl Out {
    fn run(&self, global: &Global, ledger: &Ledger) -> Result<Done, Failure> {
        actor::must(global, ledger, Verb::Measure)?;
        let now = ledger.env().clock.now();
        let tlp = self.tlp;
        let made = ledger.read(|tx| report::report(tx, &self.period, tlp, now))?;
        let home = ledger.genesis().home.clone();
        let name = ledger.read(|tx| partners::org::find(tx, &home))?.map_or(home, |card| card.name);
        let bytes = match self.form {
            Form::Csv => made.csv().map_err(Failure::CouldNot)?.into_bytes(),
            Form::Json => {
                let json = serde_json::to_vec_pretty(&made).map_err(|e| Failure::CouldNot(e.to_string()))?;
                [json.as_slice(), b"\n"].concat()
            }
            Form::Ics => made.ics(ledger.hub()).into_bytes(),
            Form::Html => self.html(made, &name)?.into_bytes(),
            Form::Pdf => print::pdf(&self.html(made, &name)?)?,
        };
        match &self.out {
            None => out::bytes(&bytes)?,
            Some(path) => {
                std::fs::write(path, &bytes)?;
                out::say(format!("{} bytes in {}", bytes.len(), path.display()));
            }
        }
        Ok(Done::Fine)
    }
}

impl Out {
    fn html(&self, made: Report, home: &str) -> Result<String, Failure> {
        let document = Document::file(made, home, self.paper == Paper::Letter);
        document.html().map_err(Failure::CouldNot)
    }
}

fn sample(global: &Global, ledger: &Ledger, period: &Period) -> Result<Done, Failure> {
    actor::must(global, ledger, Verb::Measure)?;
    let now = ledger.env().clock.now();
    let made = ledger.read(|tx| report::report(tx, period, Tlp::Amber, now))?;
    let rows: Vec<(&String, &String)> =
        made.sample.iter().flat_map(|(id, keys)| keys.iter().map(move |key| (id, key))).collect();
    out::rows(global.format, &rows, &["measure", "look at"], |(id, key)| vec![(*id).clone(), (*key).clone()])?;
    if made.frozen.is_none() {
        out::say("it is drawn when the figures are frozen: nobody can choose it then");
    }
    Ok(Done::Fine)
}

fn bundle(global: &Global, ledger: &Ledger, period: &Period, to: &Path, reader: Option<&str>) -> Result<Done, Failure> {
    let person = actor::must(global, ledger, Verb::Verify)?;
    let mut file = BufWriter::new(std::fs::File::create(to)?);
    let (written, reader) = bundle::of(ledger, period, (&person, reader), &mut file)?;
    file.flush()?;
    out::say(format!(
        "{} entries, {} with their payload, {} withheld from {}, {} purged; in {}",
        written.entries,
        written.payloads,
        written.withheld,
        reader.name,
        written.purged,
        to.display()
    ));
    out::say("`python3 verifier/verify.py FILE` recomputes every figure from it and from nothing else");
    Ok(Done::Fine)
}
