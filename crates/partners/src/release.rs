//! The one release decision. Whatever leaves the hub, an object, a property of one, a line of a list or a mail, is a
//! [`Subject`]; whoever gets it is a [`Recipient`]; [`decide`] says yes only where every rule says yes, and says why.
//! Pure: reads no store and no clock. What it is not told counts as the strictest case. Which agreement speaks is worked out in
//! [`grant`], what the originator asks beside a label in [`terms`].
use crate::agreement::Agreement;
use crate::role::Role;
use jiff::civil::Date;
use std::fmt;
use stix::Tlp;
use stix::marking::Terms;

pub mod grant;
pub mod reply;
mod sighting;
pub mod terms;

pub use grant::effective_clearance;

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

/// That an indicator was seen: it tells the organisation that gave it what somebody else observed, and nobody but that organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting<'a> {
    /// Who gave the indicator, by key; `None` where that is the operator.
    pub producer: Option<&'a str>,
    /// What was seen is marked for those to whom it was given: what follows from it stays there too.
    pub withheld: bool,
}

/// One property of an object that carries a marking of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The selector.
    pub place: &'a str,
    /// The label of its marking, if it has one.
    pub tlp: Option<Tlp>,
    /// What its marking asks beside a label.
    pub terms: &'a Terms,
}

/// What kind of thing it is, for the scopes of agreements. What is not said is in no scope that asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct What<'a> {
    /// The id of the collection it lies in.
    pub collection: Option<&'a str>,
    /// The type of the object.
    pub kind: &'a str,
    /// Its labels.
    pub topics: &'a [&'a str],
}

/// Who it comes from, and what they said about passing it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The organisation that gave it to this hub, by key; `None` for the hub's own.
    pub org: Option<&'a str>,
    /// Organisations to which the originator let it go, by key.
    pub consented: &'a [&'a str],
    /// It names its submitter, who has not agreed to be named to others.
    pub unnamed: bool,
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
    /// Present where this hub found that an indicator was seen.
    pub sighting: Option<Sighting<'a>>,
    /// What its markings ask beside a label; `None` where they ask nothing.
    pub terms: Option<&'a Terms>,
    /// What it is.
    pub what: What<'a>,
    /// Who it comes from.
    pub origin: Origin<'a>,
    /// Its properties with a marking of their own.
    pub parts: &'a [Part<'a>],
}

impl<'a> Subject<'a> {
    /// Something with a label and nothing else that is known of it.
    pub fn new(tlp: Tlp, readers: Readers<'a>) -> Subject<'a> {
        Subject {
            tlp,
            readers,
            audience: None,
            weakness: None,
            sighting: None,
            terms: None,
            what: What::default(),
            origin: Origin::default(),
            parts: &[],
        }
    }
}

/// Who would get it.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The organisation, by key.
    pub org: &'a str,
    /// Other names under which it is known: identities of STIX, names in access control policies.
    pub aka: &'a [String],
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
    /// All agreements that name the organisation, in the order of their recording.
    pub agreements: &'a [Agreement],
}

impl Recipient<'_> {
    /// Whether a list of names, in small letters, has one of its names.
    pub(crate) fn is_in(&self, names: &std::collections::BTreeSet<String>) -> bool {
        names.contains(&self.org.to_ascii_lowercase())
            || self.aka.iter().any(|name| names.contains(&name.to_ascii_lowercase()))
    }
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
    /// The property that it is about; empty for the whole.
    pub place: String,
}

impl Rule {
    pub(crate) fn new(code: &'static str, passes: bool, reason: String) -> Rule {
        Rule { code, passes, reason, place: String::new() }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => write!(f, "{} [{}]", self.reason, self.code),
            place => write!(f, "{place}: {} [{}]", self.reason, self.code),
        }
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

/// Decides whether `subject` may go to `recipient` on the day `on`. Each rule can only close: adding one, or making one stricter, never
/// lets anything pass that did not.
pub fn decide(subject: &Subject<'_>, recipient: &Recipient<'_>, on: Date) -> Decision {
    // Another's weakness is never less than AMBER, however public the advisory that names it.
    let others = subject.weakness.is_some_and(|w| !concerns(&w, recipient));
    let tlp = if others { subject.tlp.max(Tlp::Amber) } else { subject.tlp };
    let mut because = vec![grant::marking(subject, tlp, recipient, on), rights(subject, recipient)];
    because.extend(subject.audience.map(|named| audience(named, recipient)));
    if subject.tlp == Tlp::Red {
        because.push(named_for_red(subject, recipient));
    }
    because.extend(grant::compelled(subject, tlp, recipient, on));
    because.extend(subject.terms.into_iter().flat_map(|terms| terms::rules(terms, &subject.origin, recipient, on)));
    because.extend(submitter(subject, recipient));
    because.extend(subject.weakness.map(|weakness| weakness_of_another(&weakness, recipient)));
    if let Some(seen) = &subject.sighting {
        because.extend(sighting::rules(seen, subject, recipient, on));
    }
    for part in subject.parts {
        because.extend(of_part(subject, part, recipient, on));
    }
    Decision { allowed: because.iter().all(|r| r.passes), because }
}

/// The rules for one property. STIX 2.1 section 7.2.3 lets a granular marking stand instead of the object's; here both count, since a
/// copy without the property would be another object under the same id (section 3.5): one property withholds the whole.
fn of_part(subject: &Subject<'_>, part: &Part<'_>, recipient: &Recipient<'_>, on: Date) -> Vec<Rule> {
    let mut rules = Vec::new();
    if let Some(tlp) = part.tlp {
        rules.push(grant::marking(subject, tlp, recipient, on));
        rules.extend(grant::compelled(subject, tlp, recipient, on));
        if tlp == Tlp::Red {
            rules.push(named_for_red(subject, recipient));
        }
    }
    rules.extend(terms::rules(part.terms, &subject.origin, recipient, on));
    rules.iter_mut().for_each(|rule| part.place.clone_into(&mut rule.place));
    rules
}

/// Submissions are passed on without the submitter's name unless it agreed to be named: what names it stays with the operator and itself.
fn submitter(subject: &Subject<'_>, recipient: &Recipient<'_>) -> Option<Rule> {
    let org = recipient.org;
    subject.origin.unnamed.then(|| {
        let own = subject.origin.org == Some(org);
        let (passes, reason) = match (recipient.is_operator, own) {
            (true, _) => (true, format!("{org} is the operator and may know who submitted it")),
            (false, true) => (true, format!("{org} submitted it")),
            (false, false) => (false, "it names its submitter, who has not agreed to be named".to_owned()),
        };
        Rule::new("submitter-named", passes, reason)
    })
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
    Rule::new("collection-rights", passes, reason)
}

fn audience(named: &[&str], recipient: &Recipient<'_>) -> Rule {
    audience_rule(recipient.is_operator || named.contains(&recipient.org), recipient.org)
}

fn audience_rule(passes: bool, org: &str) -> Rule {
    let reason = match passes {
        true => format!("{org} is in the audience that the originator named"),
        false => format!("{org} is not in the audience that the originator named"),
    };
    Rule::new("audience", passes, reason)
}

/// TLP 2.0: RED is for the eyes of individual recipients. Somebody must have named the organisation: the originator by an
/// audience, or the operator by the rights of the collection. A marking alone never spreads RED.
fn named_for_red(subject: &Subject<'_>, recipient: &Recipient<'_>) -> Rule {
    let org = recipient.org;
    let by_readers = matches!(subject.readers, Readers::Named(named) if named.contains(&org));
    let by_terms = subject.terms.and_then(|terms| terms.audience.as_ref()).is_some_and(|named| recipient.is_in(named));
    let by_audience = by_terms || subject.audience.is_some_and(|named| named.contains(&org));
    let passes = recipient.is_operator || by_readers || by_audience;
    let reason = match passes {
        true => format!("{org} is named for TLP:RED"),
        false => format!("TLP:RED goes only to those named, and {org} is not"),
    };
    Rule::new("red-named", passes, reason)
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
    Rule::new("weakness", passes, reason)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
