//! What one partner is shown of the figures that speak of it: line by line what is said of it alone, and by which rule. How much of a line may be told is
//! `partners::release::reply`; here is put into words only what follows from what the partner did itself, never who else took part, what else was seen, or
//! what the nation holds dear.
use std::collections::BTreeMap;

use ledger::{Micros, Result, Tx};
use partners::release::reply::{self, Told};
use serde::{Deserialize, Serialize};
use stix::Tlp;

use crate::count::check::PARTNER;
use crate::figure::{Detail, Explanation, Item};
use crate::measure::Ledgers;

/// Lines of one measure for one partner; what is more is told as a number.
const LINES_MAX: usize = 200;

/// One line of what a partner is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The measure.
    pub measure: String,
    /// What it measures, in the plan's words.
    pub statement: String,
    /// What the line is about: a record, a vulnerability, the partner itself.
    pub what: String,
    /// Its day, where that may be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The mark of what its name tells, where it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// It counts; nothing where that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<bool>,
    /// By which rule.
    pub why: String,
}

/// What each organisation of which a figure speaks is shown, by key.
pub(crate) fn statements(
    tx: &mut Tx<'_>,
    explained: &[Explanation],
    of: &Ledgers,
    known: Micros,
) -> Result<BTreeMap<String, Vec<Said>>> {
    let on = tx.now().civil();
    let cards = partners::org::all(tx)?;
    let agreements = partners::org::all_agreements(tx)?;
    let mut all = BTreeMap::new();
    for card in cards.iter().filter(|card| card.key != of.home) {
        let recipient = card.recipient(agreements.get(&card.key).map_or(&[][..], Vec::as_slice));
        let told = |names: &[String], tlp: Tlp, limited: bool| reply::told(&recipient, names, tlp, limited, on);
        let reader = Reader { org: &card.key, told: &told, of, known };
        let lines: Vec<Said> = explained.iter().flat_map(|one| reader.measure(one)).collect();
        if !lines.is_empty() {
            all.insert(card.key.clone(), lines);
        }
    }
    Ok(all)
}

/// One partner, and what may be told to it.
struct Reader<'a> {
    org: &'a str,
    told: &'a dyn Fn(&[String], Tlp, bool) -> Told,
    of: &'a Ledgers,
    known: Micros,
}

impl Reader<'_> {
    fn measure(&self, explained: &Explanation) -> Vec<Said> {
        let all = explained.counted.iter().chain(&explained.not_counted);
        let own: Vec<&Item> = all.filter(|item| item.about.orgs.iter().any(|org| org == self.org)).collect();
        if own.is_empty() {
            return Vec::new();
        }
        let mut lines = match explained.definition.model.as_deref() {
            Some("exchanges") => vec![exchanges(&own)],
            Some("mitigated-before-attack") => own.iter().flat_map(|item| pairs(item)).collect(),
            // what was seen elsewhere is in its words
            Some(_) => own.iter().filter_map(|item| self.record(item, String::new())).collect(),
            None => self.counted(explained, &own),
        };
        if lines.len() > LINES_MAX {
            let more = lines.len() - LINES_MAX;
            lines.truncate(LINES_MAX);
            lines.push(Said { what: format!("{more} more"), ..Said::nothing() });
        }
        for one in &mut lines {
            one.measure.clone_from(&explained.figure.id);
            one.statement.clone_from(&explained.figure.statement);
        }
        lines
    }

    fn counted(&self, explained: &Explanation, own: &[&Item]) -> Vec<Said> {
        let text = explained.definition.count.as_deref().unwrap_or_default();
        // whether it counts would tell what stands in the register
        let secret = text.contains("prioritised");
        let line = |item: &&Item| {
            let mut one = match item.about.record.as_ref() {
                Some((kind, _)) if kind == PARTNER => Some(line("as a partner", item, item.why.clone())),
                _ => self.record(item, why(item)),
            }?;
            if secret {
                (one.counts, one.why) = (None, "looked at; by what it is measured is not shared".to_owned());
            }
            Some(one)
        };
        own.iter().filter_map(line).collect()
    }

    fn record(&self, item: &Item, why: String) -> Option<Said> {
        let (kind, id) = item.about.record.as_ref()?;
        let definition = self.of.catalogue.get(kind)?;
        let meta = self.of.book.known(kind, id, self.known);
        let tlp = meta.map_or(Ok(Tlp::Amber), |meta| meta.marking.parse()).unwrap_or(Tlp::Red);
        // what the program saw itself is a weakness: its owner, who stands first, knows of it
        let anothers = meta.is_none() && item.about.orgs.first().is_none_or(|owner| owner != self.org);
        let limited = anothers || !definition.read_by.is_empty();
        let counts = Some(item.counted);
        match (self.told)(&item.about.orgs, tlp, limited) {
            Told::Nothing => None,
            Told::Verdict => {
                let what = format!("{} whose mark keeps it from you", definition.one());
                Some(Said { what, counts, why, ..Said::nothing() })
            }
            Told::Whole => {
                let name = meta.map_or_else(|| about(item), |meta| format!("{}: {}", definition.title, meta.name));
                Some(Said { what: name, on: day(item), mark: Some(tlp.to_string()), counts, why, ..Said::nothing() })
            }
        }
    }
}

impl Said {
    fn nothing() -> Said {
        Said {
            measure: String::new(),
            statement: String::new(),
            what: String::new(),
            on: None,
            mark: None,
            counts: None,
            why: String::new(),
        }
    }
}

fn line(what: &str, item: &Item, why: String) -> Said {
    Said { what: what.to_owned(), counts: Some(item.counted), why, ..Said::nothing() }
}

fn exchanges(own: &[&Item]) -> Said {
    let counted = own.iter().filter(|item| item.counted).count();
    let why = match counted {
        0 => "nothing that passed between us counts".to_owned(),
        1 => "one topic in one week counts".to_owned(),
        n => format!("{n} topics by week count"),
    };
    Said { what: "what passed between us".to_owned(), counts: Some(counted > 0), why, ..Said::nothing() }
}

/// Partner and recommendation: the verdict and the partner's own two days. When and where an attack was seen is another's to tell.
fn pairs(item: &Item) -> Vec<Said> {
    let whole = line("all recommendations together", item, item.why.clone());
    let one = |detail: &Detail| {
        let time = |name: &str| detail.times.get(name).map(|at| at.day());
        let days: Vec<String> = [("advised", "advised on"), ("mitigated", "mitigated on")]
            .into_iter()
            .filter_map(|(name, words)| Some(format!("{words} {}", time(name)?)))
            .collect();
        let why = format!("{}: {}", detail.verdict, days.join(", "));
        Said { what: detail.about.clone(), counts: Some(detail.verdict == "success"), why, ..Said::nothing() }
    };
    std::iter::once(whole).chain(item.details.iter().map(one)).collect()
}

/// The rule in words; of what it is a double of is not told.
fn why(item: &Item) -> String {
    match item.why.starts_with("the same as ") {
        true => "a double of another, which is counted".to_owned(),
        false => item.why.clone(),
    }
}

fn about(item: &Item) -> String {
    item.details.first().map(|detail| detail.about.clone()).unwrap_or_default()
}

fn day(item: &Item) -> Option<String> {
    item.details.first()?.times.get("on").map(|at| at.day())
}
