//! The part of the search that is made from what is held: objects and documents with these words, with their parts.

use exchange::search::{EXAMINED_MAX, Found, Hit, PAGE, Wanted, What};
use ledger::{Micros, Result, Tx};
use stix::Tlp;

use super::{Facet, Filter, Held, Row};
use crate::pages::Choice;
use crate::pages::object::around::Names;
use crate::pages::object::reading::{Reading, first_words, kind_words};
use crate::pages::signs::Mark;
use crate::pages::words::{Sentence, capital, count, figure, list, query};
use crate::respond::Context;

/// Values of one part that are shown.
const VALUES_MAX: usize = 12;

/// Asks what is held.
pub(crate) fn find(tx: &mut Tx<'_>, context: &Context, filter: &Filter) -> Result<Found> {
    if filter.q.trim().is_empty() && !filter.any() {
        return Ok(Found::default());
    }
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let tlp = some(&filter.mark).map(|mark| mark.trim_start_matches("TLP:").parse::<Tlp>().unwrap_or(Tlp::Red));
    let wanted = Wanted {
        text: filter.q.clone(),
        kind: some(&filter.kind),
        source: some(&filter.source),
        tlp,
        collection: some(&filter.collection),
        from: day(&filter.from, 0),
        to: day(&filter.to, 1),
        skip: filter.skip.min(EXAMINED_MAX),
    };
    exchange::search::find(tx, context.person(), context.today(), &wanted)
}

/// The first instant of a day, so many days later; none where no day is written.
fn day(text: &str, later: i64) -> Option<Micros> {
    let day = text.trim().parse::<jiff::civil::Date>().ok()?;
    let day = day.checked_add(jiff::Span::new().days(later)).ok()?;
    Some(Micros(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond()))
}

/// What is so, with what was found elsewhere.
pub(crate) fn lede(found: &Found, filter: &Filter, text: &str, (others, place): (usize, &str)) -> Sentence {
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let asked = if text.is_empty() { String::new() } else { format!(" with \u{201c}{}\u{201d}", text.trim()) };
    if found.total == 0 && others == 0 {
        return Sentence::new().say(&match text {
            "" => "Nothing held here for you passes these filters.".to_owned(),
            text if filter.any() => {
                format!("Nothing held here for you goes with \u{201c}{text}\u{201d} and these filters.")
            }
            text => format!("Nothing is known as \u{201c}{text}\u{201d}."),
        });
    }
    let least = if found.more { "at least " } else { "" };
    let held =
        Sentence::new().link("#h-held", &capital(&format!("{least}{}", count(n(found.total), "thing", "things"))));
    let held = match (text.is_empty(), found.total == 1) {
        (true, true) => held.say(" is held here for you"),
        (true, false) => held.say(" are held here for you"),
        (false, true) => held.say(" held here goes"),
        (false, false) => held.say(" held here go"),
    };
    let held = held.say(&asked).say(if filter.narrows() { ", as far as the filters let through" } else { "" });
    match others {
        0 => held.say("."),
        1 => held.say("; ").link(place, "one thing").say(" has a page of its own."),
        _ => held.say("; ").link(place, &count(n(others), "thing", "things")).say(" have pages of their own."),
    }
}

/// What was found, as the page shows it.
pub(crate) fn of(tx: &mut Tx<'_>, context: &Context, filter: &Filter, found: Found) -> Result<Held> {
    let asked = !filter.q.trim().is_empty() || filter.any();
    let mut titles = std::collections::BTreeMap::new();
    for collection in exchange::collection::all(tx)? {
        titles.insert(collection.id, collection.title);
    }
    let between = found.hits.iter().filter(|hit| hit.kind == "relationship").filter_map(|hit| Reading::of(&hit.body));
    let ends = between
        .flat_map(|reading| [reading.text("source_ref").to_owned(), reading.text("target_ref").to_owned()])
        .collect();
    let names = Names::of(tx, context, &ends)?;
    let rows: Vec<Row> = found.hits.iter().map(|hit| row(context, hit, titles.get(&hit.collection), &names)).collect();
    let (first, last) = (filter.skip + usize::from(!rows.is_empty()), filter.skip + rows.len());
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let least = if found.more { "at least " } else { "" };
    Ok(Held {
        asked,
        kinds: choices(found.kinds.iter().map(|(value, _)| (value.clone(), kind_words(value))), &filter.kind),
        marks: choices(found.marks.iter().map(|(tlp, _)| (tlp.to_string(), format!("TLP:{tlp}"))), &filter.mark),
        sources: choices(found.sources.iter().map(|(value, _)| (value.clone(), value.clone())), &filter.source),
        facets: facets(&found, filter),
        shown: format!("{first} to {last} of {least}{}", figure(n(found.total))),
        next: (filter.skip + PAGE < found.total).then(|| filter.with("skip", &(filter.skip + PAGE).to_string())),
        limit: limit(context, filter, &found),
        rows,
        filter: filter.clone(),
    })
}

/// The values found, and the one that is chosen, also where nothing has it.
fn choices(found: impl Iterator<Item = (String, String)>, chosen: &str) -> Vec<Choice> {
    let mut out: Vec<Choice> = found.map(|(value, text)| Choice { chosen: value == chosen, value, text }).collect();
    if !chosen.is_empty() && !out.iter().any(|choice| choice.chosen) {
        out.push(Choice { value: chosen.to_owned(), text: chosen.to_owned(), chosen: true });
    }
    out
}

fn facets(found: &Found, filter: &Filter) -> Vec<Facet> {
    let facet = |name, key: &str, chosen: &str, parts: Vec<(String, String, usize)>| {
        let rest = parts.len().saturating_sub(VALUES_MAX);
        let values = parts.into_iter().take(VALUES_MAX).map(|(value, words, n)| {
            let href = if chosen == value { filter.with(key, "") } else { filter.with(key, &value) };
            let words = if chosen == value { format!("{words} (take away)") } else { words };
            (href, words, figure(i64::try_from(n).unwrap_or(i64::MAX)))
        });
        Facet { name, values: values.collect(), rest }
    };
    let plain = |parts: &[(String, usize)], words: fn(&str) -> String| {
        parts.iter().map(|(v, n)| (v.clone(), words(v), *n)).collect()
    };
    let marks = found.marks.iter().map(|(tlp, n)| (tlp.to_string(), format!("TLP:{tlp}"), *n)).collect();
    let mut out = vec![
        facet("Type", "kind", &filter.kind, plain(&found.kinds, kind_words)),
        facet("Mark", "mark", &filter.mark, marks),
        facet("Source", "source", &filter.source, plain(&found.sources, str::to_owned)),
    ];
    out.push(weeks(found, filter));
    out.retain(|facet| !facet.values.is_empty());
    out
}

/// The weeks, each leading to its seven days.
fn weeks(found: &Found, filter: &Filter) -> Facet {
    let rest = found.weeks.len().saturating_sub(VALUES_MAX);
    let values = found.weeks.iter().take(VALUES_MAX).filter_map(|(monday, n)| {
        let first = monday.parse::<jiff::civil::Date>().ok()?;
        let last = first.checked_add(jiff::Span::new().days(6)).ok()?;
        let mut narrowed = filter.clone();
        narrowed.from = monday.clone();
        let words = format!("week of {}", first.strftime("%-d %b %Y"));
        Some((narrowed.with("to", &last.to_string()), words, figure(i64::try_from(*n).unwrap_or(i64::MAX))))
    });
    Facet { name: "Added", values: values.collect(), rest }
}

/// What was not looked at.
fn limit(context: &Context, filter: &Filter, found: &Found) -> Option<Sentence> {
    let common = (!found.common.is_empty()).then(|| {
        let words: Vec<String> = found.common.iter().map(|word| format!("\u{201c}{word}\u{201d}")).collect();
        format!("Not asked for, because nearly everything has them: {}. ", list(&words))
    });
    let back = found.back_to.filter(|_| found.more).map(|at| context.when(at));
    if common.is_none() && back.is_none() {
        return None;
    }
    let mut out = Sentence::new().say(&common.unwrap_or_default());
    if let Some(back) = back {
        let most = figure(i64::try_from(EXAMINED_MAX).unwrap_or(i64::MAX));
        out = out.say(&format!("Counted are the newest {most} only, back to {}. ", back.day()));
        let day = back.iso().get(..10).unwrap_or_default().to_owned();
        if filter.to != day {
            out = out.link(&filter.with("to", &day), "Look further back").say(".");
        }
    }
    Some(out)
}

fn row(context: &Context, hit: &Hit, collection: Option<&String>, names: &Names) -> Row {
    let (title, said, href) = match hit.what {
        What::Object => object(hit, names),
        What::Document => document(hit),
    };
    let source = match (hit.source.is_empty(), collection) {
        (true, Some(collection)) => collection.clone(),
        _ => hit.source.clone(),
    };
    Row {
        title,
        href,
        kind: kind_words(&hit.kind),
        said,
        mark: Mark::read(&hit.tlp.to_string()),
        source,
        added: context.when(hit.added),
        revoked: hit.revoked,
    }
}

fn object(hit: &Hit, names: &Names) -> (String, String, Option<String>) {
    let href = Some(crate::pages::object::href(&hit.id));
    let Some(reading) = Reading::of(&hit.body) else { return (hit.id.clone(), String::new(), href) };
    let mut title = reading.title();
    if hit.kind == "relationship" {
        title = format!(
            "{} {} {}",
            names.name(reading.text("source_ref")),
            title.replace('-', " "),
            names.name(reading.text("target_ref"))
        );
    }
    let said = ["description", "abstract", "content", "pattern"]
        .iter()
        .map(|key| reading.text(key))
        .find(|text| !text.is_empty());
    (title, said.map(first_words).unwrap_or_default(), href)
}

/// A document leads to the loop of the first vulnerability that it names.
fn document(hit: &Hit) -> (String, String, Option<String>) {
    let Some(reading) = Reading::of(&hit.body) else { return (hit.id.clone(), String::new(), None) };
    let value: serde_json::Value = serde_json::from_slice(&hit.body).unwrap_or_default();
    let at = |place: &str| value.pointer(place).and_then(serde_json::Value::as_str).unwrap_or_default();
    let (title, cve) = match hit.kind.as_str() {
        "csaf" => (at("/document/title"), at("/vulnerabilities/0/cve")),
        "cve" => (at("/containers/cna/title"), hit.id.as_str()),
        "kev" => (reading.text("vulnerabilityName"), hit.id.as_str()),
        "eukev" => ("", hit.id.as_str()),
        _ => (at("/metadata/component/name"), ""),
    };
    let title = if title.is_empty() { hit.id.clone() } else { format!("{title} ({})", hit.id) };
    let href = (!cve.is_empty()).then(|| format!("/loop/{}", query(cve)));
    (title, first_words(reading.text("shortDescription")), href)
}
