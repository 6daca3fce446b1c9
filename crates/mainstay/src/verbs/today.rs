//! `today`: what needs attention now, with reasons.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use assure::attention::{Attention, Leads, attention};
use clap::Args;
use depend::Snapshot;
use ledger::Micros;

/// What needs attention now.
#[derive(Debug, Args)]
pub(crate) struct Today {
    /// So many lines
    #[arg(long, default_value_t = 5)]
    most: usize,
}

impl Today {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_existing(global)?;
        actor::own(global, &ledger)?;
        let now = ledger.env().clock.now();
        let (lines, coverage) = ledger.read(|tx| {
            let stakes = Snapshot::load(tx)?;
            let mut lines = attention(tx, &stakes, now, self.most)?;
            // whoever is not heard of is missing in all other lines
            lines.extend(exchange::peer::troubled(tx)?.iter().map(of_peer));
            let none = expose::Filter { limit: Some(0), ..expose::Filter::default() };
            Ok((lines, expose::list(tx, &stakes, &none)?.coverage))
        })?;
        if global.format != Format::Table {
            out::rows(global.format, &lines, &["what", "because"], |l| vec![l.what.clone(), l.because.clone()])?;
            return Ok(Done::Fine);
        }
        for (n, line) in lines.iter().enumerate() {
            out::line(&format!("{}  {}", n + 1, sentence(&line.what)))?;
            out::line(&format!("   {}{}", sentence(&line.because), clock(line, now)))?;
        }
        if lines.is_empty() {
            out::line("Nothing needs attention now.")?;
        }
        out::line(&format!("\n{}", sentence(&coverage.words())))?;
        Ok(Done::Fine)
    }
}

/// A peer that gives or takes nothing just now.
fn of_peer(peer: &exchange::peer::Peer) -> Attention {
    let (what, because) = peer.trouble();
    Attention { rule: "peer", what, because, leads: Leads::Peer(peer.name.clone()), due: None, functions: Vec::new() }
}

fn clock(line: &Attention, now: Micros) -> String {
    let at = |due: Micros| due.timestamp().strftime("%Y-%m-%d %H:%MZ").to_string();
    match line.due {
        None => String::new(),
        Some(due) if due <= now => format!(" The clock ran out on {}.", at(due)),
        Some(due) => format!(" The clock runs until {}.", at(due)),
    }
}

/// A fragment as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    // A key or an id keeps its case.
    let keeps =
        text.split(' ').next().is_some_and(|w| w.contains(['-', ':', '.']) || w.chars().any(char::is_uppercase));
    let first =
        letters.next().map(|c| if keeps { c.to_string() } else { c.to_uppercase().collect() }).unwrap_or_default();
    let rest: String = letters.collect();
    let stop = if rest.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{rest}{stop}")
}
