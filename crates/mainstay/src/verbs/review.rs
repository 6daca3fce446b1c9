//! `review`: what a person must decide. Of what was given: what could neither be taken nor refused. Of the plan: each quarter (`quarter`).
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use clap::{Args, Subcommand};
use exchange::review::{self, Decision};
use partners::may::Verb;

/// Items that one `list` shows.
const LIST_MAX: i64 = 1_000;

/// What lies in review.
#[derive(Debug, Subcommand)]
pub(crate) enum Review {
    #[command(flatten)]
    Quarter(crate::verbs::quarter::Quarter),
    /// What lies in review, oldest first, with the rule and the reason
    List {
        /// Only what came after the item of this number
        #[arg(long, value_name = "ITEM")]
        after: Option<i64>,
    },
    /// An item as it was received, byte for byte
    Show {
        /// Its number, from `review list`
        item: i64,
    },
    /// Take an object in as if its giver were bound to its creator; every other rule holds
    Accept(Choice),
    /// Leave an item without effect; the same thing is not asked again
    Drop(Choice),
}

/// A decision.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// The item's number, from `review list`
    item: i64,
    /// Why, in words that stand in the file
    #[arg(long)]
    reason: String,
}

impl Review {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        if let Review::Quarter(verb) = self {
            return verb.run(global);
        }
        let ledger = store::open_existing(global)?;
        let person = actor::must(global, &ledger, Verb::Review)?;
        let decide = |choice: &Choice, how: fn(&mut ledger::Tx<'_>, &Decision<'_>) -> ledger::Result<()>| {
            let decision = Decision { item: choice.item, reason: &choice.reason, by: &person.name };
            ledger.write_applied(|tx| how(tx, &decision))
        };
        match self {
            Review::Quarter(_) => {}
            Review::List { after } => return list(global, &ledger, after.unwrap_or(-1)),
            Review::Show { item } => {
                let (one, bytes) = ledger.read(|tx| Ok((review::item(tx, *item)?, review::body(tx, *item)?)))?;
                out::say(format!("from {} ({}, {}): {} [{}]", one.source, one.file, one.place, one.reason, one.rule));
                out::bytes(&bytes)?;
            }
            Review::Accept(choice) => {
                decide(choice, review::accept)?;
                out::say(format!("item {} is taken in, says {}", choice.item, person.name));
            }
            Review::Drop(choice) => {
                decide(choice, review::drop_item)?;
                out::say(format!("item {} stays without effect, says {}", choice.item, person.name));
            }
        }
        Ok(Done::Fine)
    }
}

fn list(global: &Global, ledger: &ledger::Ledger, after: i64) -> Result<Done, Failure> {
    let (items, count) = ledger.read(|tx| Ok((review::list(tx, after, LIST_MAX)?, review::count(tx)?)))?;
    let heads = ["item", "since", "from", "form", "id", "rule", "reason", "file", "place"];
    out::rows(global.format, &items, &heads, |item| {
        let (number, since) = (item.index.to_string(), item.known.to_string());
        let mut row = vec![number, since];
        row.extend(
            [&item.source, &item.form, &item.id, &item.rule, &item.reason, &item.file, &item.place].map(String::clone),
        );
        row
    })?;
    match items.last() {
        None => out::say("nothing lies in review"),
        Some(last) if items.len() as i64 == LIST_MAX => {
            out::say(format!("{count} lie in review; `review list --after {}` has more", last.index));
        }
        Some(_) => out::say("`review accept ITEM` or `review drop ITEM`, each with --reason"),
    }
    Ok(Done::Fine)
}
