//! The one release decision. Whatever leaves the hub, an object, a property of one, a line of a list or a mail, is a
//! [`Subject`]; whoever gets it is a [`Recipient`]; [`decide`] says yes only where every rule says yes, and says why.
//! Pure: reads no store and no clock. What it is not told counts as the strictest case.
use crate::agreement::{Agreement, in_force};
use crate::role::Role;
use jiff::civil::Date;
use std::fmt;
use stix::Tlp;

/// Who may read what the subject lies in, by the rights of its collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers<'a> {
    /// The operator's own organisation alone. The default where nothing else was said.
    OperatorOnly,
    /// These organisations, by key, and the operator's own.
    Named(&'a [&'a str]),
    /// It lies in no collection (a product of the hub itself); its marking alone decides.
    Marking,
}

/// The weakness of somebody, open or mended: an exposure, the text of a warning about it, a count in which it stands. What
/// products an owner runs, and what it mended when, is told to nobody else either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weakness<'a> {
    /// Whose it is, by key.
    pub owner: &'a str,
    /// Who told of it: the national body that holds the inventory, by key.
    pub holder: Option<&'a str>,
    /// The country in which it lies, ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// The owner agreed that others may know.
    pub consent: bool,
}

/// What would leave.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its marking, resolved; the collection's default where it had none.
    pub tlp: Tlp,
    /// Rights of the collection.
    pub readers: Readers<'a>,
    /// Organisations that the originator named, and nobody else. `None` where it named none.
    pub audience: Option<&'a [&'a str]>,
    /// Present where it tells of somebody's weakness.
    pub weakness: Option<Weakness<'a>>,
}

/// Who would get it.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The organisation, by key.
    pub org: &'a str,
    /// `csirt`, `operator`, `vendor`, `agency`, `other`.
    pub kind: &'a str,
    /// The organisation's country.
    pub country: Option<&'a str>,
    /// The organisation is the hub's own operator.
    pub is_operator: bool,
    /// The person's role; an organisation without an account counts as [`Role::Partner`].
    pub role: Role,
    /// The person's own clearance; `None` where it is the organisation that gets it (a mail to its contact).
    pub clearance: Option<Tlp>,
    /// All agreements of the organisation in the order of their recording.
    pub agreements: &'a [Agreement],
}

/// One rule that was asked, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable code.
    pub code: &'static str,
    /// Whether this rule lets it pass.
    pub passes: bool,
    /// The reason in words.
    pub reason: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.reason, self.code)
    }
}

/// The decision and all rules behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// All rules let it pass.
    pub allowed: bool,
    /// Each rule that was asked, in order.
    pub because: Vec<Rule>,
}

impl Decision {
    /// The first rule that said no, in words; else why it may go, in words.
    pub fn reason(&self) -> String {
        let no = self.because.iter().find(|r| !r.passes);
        match no {
            Some(rule) => rule.to_string(),
            None => self.because.iter().map(|r| r.reason.as_str()).collect::<Vec<_>>().join("; "),
        }
    }

    /// The code of the first rule that said no.
    pub fn refused_by(&self) -> Option<&'static str> {
        self.because.iter().find(|r| !r.passes).map(|r| r.code)
    }
}

/// Decides whether `subject` may go to `recipient` on the day `on`.
pub fn decide(subject: &Subject<'_>, recipient: &Recipient<'_>, on: Date) -> Decision {
    // Another's weakness is never less than AMBER, however public the advisory that names it.
    let others = subject.weakness.is_some_and(|w| !concerns(&w, recipient));
    let tlp = if others { subject.tlp.max(Tlp::Amber) } else { subject.tlp };
    let mut because = vec![marking(tlp, recipient, on), rights(subject, recipient)];
    because.extend(subject.audience.map(|named| audience(named, recipient)));
    if subject.tlp == Tlp::Red {
        because.push(named_for_red(subject, recipient));
    }
    because.extend(subject.weakness.map(|weakness| weakness_of_another(&weakness, recipient)));
    Decision { allowed: because.iter().all(|r| r.passes), because }
}

/// The highest marking that a recipient may get on a day, and why: CLEAR without an agreement in force; the person's own
/// clearance capped by its organisation's; everything for the operator's own, whose role alone binds them.
pub fn effective_clearance(recipient: &Recipient<'_>, on: Date) -> (Tlp, String) {
    if recipient.is_operator {
        return match recipient.role {
            Role::Admin | Role::Operator | Role::Analyst | Role::Auditor => {
                (Tlp::Red, format!("{} belongs to the operator, role {}", recipient.org, recipient.role))
            }
            Role::Partner => {
                let own = recipient.clearance.unwrap_or(Tlp::Clear);
                (own, format!("the role partner at the operator's own {} sees up to its own TLP:{own}", recipient.org))
            }
        };
    }
    let Some(agreement) = in_force(recipient.agreements, on) else {
        return (Tlp::Clear, format!("{} has no agreement in force on {on}", recipient.org));
    };
    let given = agreement.clearance;
    match recipient.clearance {
        Some(own) if own < given => {
            (own, format!("the person is cleared for TLP:{own}, {} for TLP:{given}", recipient.org))
        }
        Some(_) | None => {
            (given, format!("{} is cleared for TLP:{given} by its agreement since {}", recipient.org, agreement.from))
        }
    }
}

fn marking(tlp: Tlp, recipient: &Recipient<'_>, on: Date) -> Rule {
    let (clearance, why) = effective_clearance(recipient, on);
    let passes = tlp <= clearance;
    let reason = match (passes, tlp) {
        (true, Tlp::Clear) => "TLP:CLEAR may go to anybody".to_owned(),
        (true, tlp) => format!("TLP:{tlp} is within TLP:{clearance}: {why}"),
        (false, tlp) => format!("TLP:{tlp} is above TLP:{clearance}: {why}"),
    };
    Rule { code: "marking", passes, reason }
}

fn rights(subject: &Subject<'_>, recipient: &Recipient<'_>) -> Rule {
    let org = recipient.org;
    let (passes, reason) = match subject.readers {
        _ if recipient.is_operator => (true, format!("{org} is the operator")),
        Readers::OperatorOnly => (false, "only the operator may read here".to_owned()),
        Readers::Named(named) if named.contains(&org) => (true, format!("{org} may read the collection")),
        Readers::Named(_) => (false, format!("{org} may not read the collection")),
        Readers::Marking => (true, "it lies in no collection, its marking decides".to_owned()),
    };
    Rule { code: "collection-rights", passes, reason }
}

fn audience(named: &[&str], recipient: &Recipient<'_>) -> Rule {
    let org = recipient.org;
    let passes = recipient.is_operator || named.contains(&org);
    let reason = match passes {
        true => format!("{org} is in the audience that the originator named"),
        false => format!("{org} is not in the audience that the originator named"),
    };
    Rule { code: "audience", passes, reason }
}

/// TLP 2.0: RED is for the eyes of individual recipients. Somebody must have named the organisation: the originator by an
/// audience, or the operator by the rights of the collection. A marking alone never spreads RED.
fn named_for_red(subject: &Subject<'_>, recipient: &Recipient<'_>) -> Rule {
    let org = recipient.org;
    let by_readers = matches!(subject.readers, Readers::Named(named) if named.contains(&org));
    let by_audience = subject.audience.is_some_and(|named| named.contains(&org));
    let passes = recipient.is_operator || by_readers || by_audience;
    let reason = match passes {
        true => format!("{org} is named for TLP:RED"),
        false => format!("TLP:RED goes only to those named, and {org} is not"),
    };
    Rule { code: "red-named", passes, reason }
}

/// The owner, whoever told of it, and the CSIRT of its country.
fn concerns(weakness: &Weakness<'_>, recipient: &Recipient<'_>) -> bool {
    let own_country = recipient.kind == "csirt" && weakness.country.is_some() && weakness.country == recipient.country;
    recipient.org == weakness.owner || weakness.holder == Some(recipient.org) || own_country
}

/// Whoever depends on an exposed asset hears of another's weakness only by consent: that it is mended is the owner's to tell too.
fn weakness_of_another(weakness: &Weakness<'_>, recipient: &Recipient<'_>) -> Rule {
    let org = recipient.org;
    let owner = weakness.owner;
    let (passes, reason) = if recipient.is_operator {
        (true, format!("{org} is the operator"))
    } else if org == owner {
        (true, format!("it is {org}'s own"))
    } else if weakness.holder == Some(org) {
        (true, format!("{org} told of it"))
    } else if concerns(weakness, recipient) {
        (true, format!("{org} is the CSIRT of {}", weakness.country.unwrap_or_default()))
    } else if weakness.consent {
        (true, format!("{owner} agreed that others may know"))
    } else {
        (false, format!("a weakness of {owner} is told to {org} only when {owner} agrees"))
    };
    Rule { code: "weakness", passes, reason }
}

#[cfg(test)]
mod tests;
