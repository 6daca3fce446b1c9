//! That an indicator was seen goes to whoever gave it, where that was agreed, and to nobody else: what observers told the hub becomes known
//! to the producer only as far as the observers' own marks let a third party know.
use super::{Recipient, Rule, Sighting, Subject, grant};
use jiff::civil::Date;

/// The rules of a sighting that this hub made. The operator's own hold both the indicator and what was seen.
pub(super) fn rules(seen: &Sighting<'_>, subject: &Subject<'_>, recipient: &Recipient<'_>, on: Date) -> Vec<Rule> {
    let org = recipient.org;
    if recipient.is_operator {
        return vec![Rule::new("sighting-producer", true, format!("{org} is the operator"))];
    }
    let own = seen.producer == Some(org);
    let reason = match own {
        true => format!("{org} gave the indicator"),
        false => format!("only whoever gave the indicator is told that it was seen, and {org} did not"),
    };
    let agreed = grant::told_sightings(subject, recipient, on);
    let words = match agreed {
        Some(agreement) => format!("{org} is told of sightings by {}", agreement.words()),
        None => format!("no agreement in force with {org} has the clause `sightings`"),
    };
    let mut rules =
        vec![Rule::new("sighting-producer", own, reason), Rule::new("sightings-agreed", agreed.is_some(), words)];
    if seen.withheld {
        let reason =
            "what was seen is marked for those to whom it was given, and what follows from it stays there".to_owned();
        rules.push(Rule::new("sighting-withheld", false, reason));
    }
    rules
}
