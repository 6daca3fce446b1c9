//! What the originator asks beside a label: audience, hops, consent, embargo, access control policy; each a rule of the release decision.
use super::{Origin, Recipient, Rule};
use crate::country::alpha3;
use jiff::civil::Date;
use stix::marking::Terms;
use stix::marking::acs::{Acs, Asker};

/// The rules of a set of terms, one for each thing it asks. The operator's own hold the content and see it, whatever it asks of others.
pub(super) fn rules(terms: &Terms, origin: &Origin<'_>, recipient: &Recipient<'_>, on: Date) -> Vec<Rule> {
    let mut rules = Vec::new();
    rules.extend(terms.unknown.then(|| unknown(recipient)));
    rules.extend(terms.audience.as_ref().map(|named| {
        let passes = recipient.is_operator || recipient.is_in(named);
        super::audience_rule(passes, recipient.org)
    }));
    rules.extend(terms.hops.map(|left| hops(left, recipient)));
    rules.extend(terms.originator_control.then(|| originator(origin, recipient)));
    rules.extend(terms.embargo.as_deref().map(|until| embargo(until, recipient, on)));
    rules.extend(terms.acs.iter().map(|acs| policy(acs, recipient)));
    rules
}

fn operator(code: &'static str, recipient: &Recipient<'_>) -> Option<Rule> {
    recipient.is_operator.then(|| Rule::new(code, true, format!("{} is the operator", recipient.org)))
}

fn unknown(recipient: &Recipient<'_>) -> Rule {
    let reason = "a marking asks something that is not known here, or is not held yet: it stays with the operator";
    operator("marking-known", recipient).unwrap_or_else(|| Rule::new("marking-known", false, reason.to_owned()))
}

/// `left` is what is left when it is here: with none it has come as far as it may.
fn hops(left: u32, recipient: &Recipient<'_>) -> Rule {
    operator("hops", recipient).unwrap_or_else(|| match left {
        0 => Rule::new("hops", false, "it may not be passed on any more".to_owned()),
        1 => Rule::new("hops", true, format!("it may be passed on once more, and not by {}", recipient.org)),
        _ => Rule::new("hops", true, format!("it may be passed on {left} times more")),
    })
}

fn originator(origin: &Origin<'_>, recipient: &Recipient<'_>) -> Rule {
    let org = recipient.org;
    operator("originator-control", recipient).unwrap_or_else(|| {
        let own = origin.org == Some(org);
        let (passes, reason) = match own || origin.consented.contains(&org) {
            true if own => (true, format!("{org} gave it")),
            true => (true, format!("the originator let it go to {org}")),
            false => (false, format!("it goes on only as the originator consents, and no consent names {org}")),
        };
        Rule::new("originator-control", passes, reason)
    })
}

fn embargo(until: &str, recipient: &Recipient<'_>, on: Date) -> Rule {
    operator("embargo", recipient).unwrap_or_else(|| {
        // a day that cannot be read never comes
        let over = until.parse::<Date>().is_ok_and(|until| until <= on);
        let reason =
            if over { format!("its embargo ended by {until}") } else { format!("it is under embargo until {until}") };
        Rule::new("embargo", over, reason)
    })
}

fn policy(acs: &Acs, recipient: &Recipient<'_>) -> Rule {
    let org = recipient.org;
    operator("acs", recipient).unwrap_or_else(|| {
        let names: Vec<&str> = std::iter::once(org).chain(recipient.aka.iter().map(String::as_str)).collect();
        let government = matches!(recipient.kind, "csirt" | "agency");
        let asker = Asker { nation: recipient.country.and_then(alpha3), names: &names, government };
        let (passes, said) = match acs.judge(&asker) {
            Ok(said) => (true, said),
            Err(said) => (false, said),
        };
        Rule::new("acs", passes, format!("{org} {said}, the access control policy"))
    })
}
