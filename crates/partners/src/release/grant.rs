//! Which agreement speaks, and how high: the part of the release decision that is about days, scopes, parties and the law of a partner.
use super::{Recipient, Rule, Subject};
use crate::agreement::{Agreement, in_force};
use crate::role::Role;
use jiff::civil::Date;
use stix::Tlp;

/// How high a recipient may go for one subject, and why.
struct Grant<'a> {
    level: Tlp,
    /// The agreement that gives it; `None` where none does.
    by: Option<&'a Agreement>,
    why: String,
}

/// The highest marking that a recipient may get on a day whatever it is about, and why: CLEAR without an agreement in force; the person's
/// own clearance capped by its organisation's; everything for the operator's own, whose role alone binds them.
pub fn effective_clearance(recipient: &Recipient<'_>, on: Date) -> (Tlp, String) {
    let all = in_force(recipient.agreements, on);
    let best = all.into_iter().map(|a| (ceiling(a), a)).max_by_key(|(level, _)| *level);
    let grant = own(recipient).unwrap_or_else(|| match best {
        Some((level, agreement)) => capped(recipient, level, agreement),
        None => Grant { level: Tlp::Clear, by: None, why: none(recipient, on) },
    });
    (grant.level, grant.why)
}

/// The rule of the label: within what the agreement that speaks allows.
pub(super) fn marking(subject: &Subject<'_>, tlp: Tlp, recipient: &Recipient<'_>, on: Date) -> Rule {
    let Grant { level, by, why } = grant(subject, recipient, on);
    let passes = tlp <= level;
    let basis =
        by.and_then(|a| a.clauses.basis.as_ref()).map(|basis| format!(", on the basis of {basis}")).unwrap_or_default();
    let reason = match (passes, tlp) {
        (true, Tlp::Clear) => "TLP:CLEAR may go to anybody".to_owned(),
        (true, tlp) => format!("TLP:{tlp} is within TLP:{level}: {why}{basis}"),
        (false, tlp) => format!("TLP:{tlp} is above TLP:{level}: {why}"),
    };
    Rule::new("marking", passes, reason)
}

/// The rule of a partner's law: what it would have to disclose above the cap is not given, unless the originator allowed it. The law binds
/// the organisation and not the paper, so one agreement that names it suffices.
pub(super) fn compelled(subject: &Subject<'_>, tlp: Tlp, recipient: &Recipient<'_>, on: Date) -> Vec<Rule> {
    if recipient.is_operator {
        return Vec::new();
    }
    let org = recipient.org;
    let all = in_force(recipient.agreements, on);
    let laws = all.iter().filter(|a| a.clauses.client_of.is_none()).flat_map(|a| &a.clauses.compelled);
    let rule = |law: &crate::agreement::Compulsion| {
        let words = format!("{} ({}) compels {org} to disclose", law.law, law.country);
        let (passes, reason) = match (tlp <= law.cap, subject.origin.consented.contains(&org)) {
            (true, _) => (true, format!("{words}, and TLP:{tlp} is within its cap TLP:{}", law.cap)),
            (false, true) => (true, format!("{words}, and the originator let it go to {org}")),
            (false, false) => (false, format!("{words}, and TLP:{tlp} is above its cap TLP:{}", law.cap)),
        };
        Rule::new("compelled-disclosure", passes, reason)
    };
    laws.map(rule).collect()
}

/// The agreement that gives most of those that are about the subject; of several, the one recorded last.
fn grant<'a>(subject: &Subject<'_>, recipient: &Recipient<'a>, on: Date) -> Grant<'a> {
    if let Some(grant) = own(recipient) {
        return grant;
    }
    let all = in_force(recipient.agreements, on);
    let about = all.iter().copied().filter(|a| outside(subject, a).is_none());
    match about.map(|a| (ceiling(a), a)).max_by_key(|(level, _)| *level) {
        Some((level, agreement)) => capped(recipient, level, agreement),
        None => Grant {
            level: Tlp::Clear,
            by: None,
            why: all.last().and_then(|a| outside(subject, a)).unwrap_or_else(|| none(recipient, on)),
        },
    }
}

/// TLP 2.0: AMBER may go on to the clients of the organisation that got it, AMBER+STRICT and RED may not. So a client gets what its party
/// may pass on, and AMBER at most.
fn ceiling(agreement: &Agreement) -> Tlp {
    match &agreement.clauses.client_of {
        None => agreement.clearance,
        Some(_) if agreement.clauses.onward => agreement.clearance.min(Tlp::Amber),
        Some(_) => Tlp::Clear,
    }
}

/// The agreement in force by which a recipient is told where what it gave was seen; of several, the one recorded last.
pub(super) fn told_sightings<'a>(subject: &Subject<'_>, recipient: &Recipient<'a>, on: Date) -> Option<&'a Agreement> {
    let all = in_force(recipient.agreements, on);
    let tells = |a: &&Agreement| {
        a.clauses.sightings && a.clauses.with_operator && a.clauses.client_of.is_none() && outside(subject, a).is_none()
    };
    all.into_iter().rev().find(tells)
}

/// Why an agreement is not about a subject; `None` where it is.
fn outside(subject: &Subject<'_>, agreement: &Agreement) -> Option<String> {
    let clauses = &agreement.clauses;
    let covers = match subject.weakness {
        Some(_) => clauses.scope.covers_exposures(),
        None => clauses.scope.covers_object(subject.what.collection, subject.what.kind, subject.what.topics),
    };
    if !covers {
        return Some(format!("{} is not about this", agreement.words()));
    }
    let given =
        clauses.with_operator || subject.origin.org.is_some_and(|org| clauses.with.iter().any(|party| party == org));
    (!given).then(|| format!("{} is about what {} gave", agreement.words(), clauses.with.join(", ")))
}

/// What the operator's own get, by their role.
fn own<'a>(recipient: &Recipient<'a>) -> Option<Grant<'a>> {
    recipient.is_operator.then(|| match recipient.role {
        Role::Admin | Role::Operator | Role::Analyst | Role::Auditor => {
            let why = format!("{} belongs to the operator, role {}", recipient.org, recipient.role);
            Grant { level: Tlp::Red, by: None, why }
        }
        Role::Partner => {
            let level = recipient.clearance.unwrap_or(Tlp::Clear);
            let why =
                format!("the role partner at the operator's own {} sees up to its own TLP:{level}", recipient.org);
            Grant { level, by: None, why }
        }
    })
}

fn capped<'a>(recipient: &Recipient<'a>, given: Tlp, by: &'a Agreement) -> Grant<'a> {
    let org = recipient.org;
    let words = by.words();
    match (recipient.clearance, &by.clauses.client_of) {
        (_, Some(party)) if !by.clauses.onward => {
            Grant { level: given, by: None, why: format!("{words} does not let {party} pass anything on") }
        }
        (Some(own), _) if own < given => Grant {
            level: own,
            by: Some(by),
            why: format!("the person is cleared for TLP:{own}, {org} for TLP:{given}"),
        },
        (_, Some(_)) if given < by.clearance => Grant {
            level: given,
            by: Some(by),
            why: format!(
                "{org} is cleared for TLP:{given} by {words}: TLP:{} stays with the party itself",
                by.clearance
            ),
        },
        _ => Grant { level: given, by: Some(by), why: format!("{org} is cleared for TLP:{given} by {words}") },
    }
}

fn none(recipient: &Recipient<'_>, on: Date) -> String {
    format!("{} has no agreement in force on {on}", recipient.org)
}
