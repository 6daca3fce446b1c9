//! The why of an ask in words: advisory → asset → function → rule → contact. For the operator's own; functions are never told
//! to a partner.
use super::{Group, Input, addressee::Target};
use std::collections::BTreeSet;

/// Names so many, then counts.
const NAMED: usize = 3;

pub(super) fn path(
    input: &Input<'_>,
    group: &Group<'_>,
    target: &Target<'_>,
    functions: &BTreeSet<&str>,
) -> Vec<String> {
    let vulnerabilities = group.vulnerabilities();
    let titles: BTreeSet<&str> = group.exposures.iter().map(|e| e.title.as_str()).collect();
    let title = titles.first().filter(|t| !t.is_empty()).map(|t| format!(" ({t})")).unwrap_or_default();
    let subjects: BTreeSet<&str> = group.exposures.iter().map(|e| e.subject.as_str()).collect();
    let known_by: BTreeSet<&str> = group.exposures.iter().map(|e| e.known_by.as_str()).collect();
    let exploited = match group.exposures.iter().any(|e| e.exploited) {
        true => "; exploitation is known",
        false => "",
    };
    let rule = input.rules.of(group.country);
    let place = group.country.unwrap_or("an unknown country");
    let contact = target.contact;
    let standing = contact.standing(input.on);
    let at_stake = match functions.len() {
        0 => "function: none of ours is known to depend on it".to_owned(),
        n => format!("function: {n} of ours at stake: {}", named(functions)),
    };
    let mut path = vec![
        format!("advisory: {}{title} tells of {}{exploited}", group.advisory, list(&vulnerabilities)),
        format!(
            "asset: {} of {} in {place}, {}",
            named(&subjects),
            group.party,
            list(&known_by.into_iter().collect::<Vec<_>>())
        ),
        at_stake,
        format!("rule: in {place} {rule}; {} is asked because {}", target.org, target.chosen),
        format!("contact: {} as {} says, {}", contact.email, contact.source, standing.words()),
    ];
    if group.exposures.iter().any(|e| e.marks.until.is_some()) {
        path.push(format!("note: documents that {} may not read also speak of it, or say something else", target.org));
    }
    path
}

fn named(set: &BTreeSet<&str>) -> String {
    list(&set.iter().copied().collect::<Vec<_>>())
}

fn list<T: AsRef<str>>(items: &[T]) -> String {
    let shown = items.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
