//! From exposures, contacts and rules to asks: one for each exposed owner, or for the holder where the exposure is a count,
//! to the addressee that the rule of the country chooses, with its why in words. Pure: the same input gives the same plan,
//! and what exists is never planned again.
mod addressee;
mod why;

use crate::ask::{Kind, State, reference};
use crate::contact::Contact;
use crate::rules::{Rules, Way};
use expose::Marks;
use jiff::civil::Date;
use partners::agreement::Agreement;
use partners::release::{self, Readers, Recipient, Subject, Weakness};
use partners::role::Role;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use stix::Tlp;

/// An exposure as the plan needs it: somebody is affected by something.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// `asset`, `organisation`, `constituency`, `sector`.
    pub level: String,
    /// The asset's key, else the organisation's, else `ISO:sector`.
    pub subject: String,
    /// The source whose inventory or answer says so.
    pub source: String,
    /// Key of the owner, where one is known.
    pub owner: Option<String>,
    /// Key of the body that told of a count.
    pub holder: Option<String>,
    /// Country in which it lies.
    pub country: Option<String>,
    /// The CVE, else another id.
    pub vulnerability: String,
    /// The deciding document.
    pub advisory: String,
    /// Its title and publisher, for people.
    pub title: String,
    /// Resolved marking of the deciding document.
    pub tlp: Tlp,
    /// For whom it is so: for whoever may read more, something else is, or nothing.
    pub marks: Marks,
    /// The least mark up to which documents must be read for this to be so.
    pub rests_on: Tlp,
    /// How it is known: `purl`, `cpe`, `model`…
    pub method: String,
    /// The same in words: tier, method, evidence.
    pub known_by: String,
    /// How many, where it is a count.
    pub count: Option<(i64, Option<i64>)>,
    /// Functions at stake, by key. Never told to a partner.
    pub functions: Vec<String>,
    /// Exploitation is known.
    pub exploited: bool,
    /// Highest CVSS base score, in tenths.
    pub severity: i64,
    /// The victim's own systems are in the hands of an intruder.
    pub compromised: bool,
}

impl Exposure {
    /// Whom it concerns: the holder of a count, else the owner, else whoever told of the asset.
    pub fn party(&self) -> &str {
        let owner = self.owner.as_deref().unwrap_or(&self.source);
        if self.is_count() { self.holder.as_deref().unwrap_or(owner) } else { owner }
    }

    fn place(&self) -> [&str; 4] {
        [&self.vulnerability, &self.level, &self.source, &self.subject]
    }

    fn is_count(&self) -> bool {
        matches!(self.level.as_str(), "constituency" | "sector")
    }
}

/// What is known of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// For people.
    pub name: String,
    /// `csirt`, `operator`…
    pub kind: String,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Languages it reads, best first.
    pub languages: Vec<String>,
    /// Agreements in the order of their recording.
    pub agreements: Vec<Agreement>,
}

/// An ask that exists, as far as a plan must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its reference.
    pub ask: String,
    /// Whom it concerns.
    pub party: String,
    /// One of its vulnerabilities.
    pub vulnerability: String,
    /// To whom it went.
    pub addressee: String,
    /// Where it stands.
    pub state: State,
    /// The addressee passed it on: its owner may be asked how it went.
    pub forwarded: bool,
}

/// All that a plan is made from.
pub struct Input<'a> {
    /// What is affected now.
    pub exposures: &'a [Exposure],
    /// Organisations by key.
    pub orgs: &'a BTreeMap<String, Card>,
    /// All claims.
    pub contacts: &'a [Contact],
    /// Per country.
    pub rules: &'a Rules,
    /// One entry per ask and vulnerability.
    pub known: &'a [Known],
    /// Key of the operator's own organisation.
    pub home: &'a str,
    /// The day.
    pub on: Date,
}

/// An ask to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its reference, the same for the same key.
    pub ask: String,
    /// Unique: party, country, advisory, vulnerabilities, addressee, how many times before.
    pub key: String,
    /// What is asked.
    pub kind: Kind,
    /// Whom it concerns: owner or holder.
    pub party: String,
    /// The party is the holder of a count.
    pub count: Option<(i64, Option<i64>)>,
    /// Organisation that gets it.
    pub addressee: String,
    /// Its kind: an owner is told of its own, a CSIRT of others'.
    pub addressee_kind: String,
    /// Name of the contact.
    pub contact: Option<String>,
    /// Address of the contact.
    pub email: String,
    /// Language of the text.
    pub language: String,
    /// Country whose rule chose.
    pub country: Option<String>,
    /// The rule.
    pub rule: String,
    /// Hours until silence counts.
    pub hours: u32,
    /// The ask whose silence led here.
    pub follows: Option<String>,
    /// Deciding document.
    pub advisory: String,
    /// Its title.
    pub title: String,
    /// All that it warns of.
    pub vulnerabilities: Vec<String>,
    /// Subjects by key.
    pub subjects: Vec<String>,
    /// How it is known: `purl`, `cpe`, `model`…
    pub methods: Vec<String>,
    /// Remediations of the deciding document, short; filled in by the desk.
    #[serde(default)]
    pub fixes: Vec<String>,
    /// Holder of the inventory, where it is neither party nor addressee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Marking of what it rests on, by which its release is decided.
    pub tlp: String,
    /// Exploitation is known.
    pub exploited: bool,
    /// In tenths.
    pub severity: i64,
    /// How many functions are at stake. Never told to a partner.
    pub functions: usize,
    /// Waits for a second person.
    pub held: bool,
    /// Advisory → asset → function → rule → contact, in words.
    pub why: Vec<String>,
}

impl Planned {
    /// The mark of what is written about it. Whose products are weak is not public even where the advisory is: unmarked, it
    /// would be AMBER, and it is never less.
    pub fn mark(&self) -> Tlp {
        self.rests_on().max(Tlp::Amber)
    }

    /// The mark up to which documents must be read for it to be due.
    pub fn rests_on(&self) -> Tlp {
        self.tlp.parse().unwrap_or(Tlp::Red)
    }
}

/// What would be an ask and is none, and why. Nothing is dropped in silence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Withheld {
    /// Whom it concerns.
    pub party: String,
    /// Country whose rule was asked.
    pub country: Option<String>,
    /// Deciding document.
    pub advisory: String,
    /// All that it would warn of.
    pub vulnerabilities: Vec<String>,
    /// Stable code: `country-rule`, `no-contact`, `no-csirt`, `own-mail-domain` or the release rule that said no.
    pub rule: String,
    /// In words, with what to do.
    pub reason: String,
}

/// A plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Most urgent first.
    pub asks: Vec<Planned>,
    /// In order of party.
    pub withheld: Vec<Withheld>,
    /// How many addresses it goes to.
    pub recipients: usize,
}

/// One warning before its addressees are known: a party in a country, under one document. What is in it is so for whoever may read
/// documents up to a mark; it goes to whom that is true of.
#[derive(Clone)]
struct Group<'a> {
    party: &'a str,
    country: Option<&'a str>,
    advisory: &'a str,
    mark: Tlp,
    exposures: Vec<&'a Exposure>,
}

impl<'a> Group<'a> {
    /// With these exposures alone; nothing where it has none of them.
    fn only(&self, which: impl Fn(&Exposure) -> bool) -> Option<Group<'a>> {
        let exposures: Vec<&Exposure> = self.exposures.iter().filter(|e| which(e)).copied().collect();
        (!exposures.is_empty()).then_some(Group { exposures, ..*self })
    }

    fn vulnerabilities(&self) -> Vec<String> {
        self.exposures.iter().map(|e| e.vulnerability.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn withheld(&self, no: No) -> Withheld {
        Withheld {
            party: self.party.to_owned(),
            country: self.country.map(str::to_owned),
            advisory: self.advisory.to_owned(),
            vulnerabilities: self.vulnerabilities(),
            rule: no.rule.to_owned(),
            reason: no.reason,
        }
    }
}

/// Why an addressee is none.
struct No {
    rule: &'static str,
    reason: String,
}

impl No {
    fn new(rule: &'static str, reason: impl Into<String>) -> No {
        No { rule, reason: reason.into() }
    }
}

/// Makes the plan.
pub fn plan(input: &Input<'_>) -> Plan {
    let index = Index::new(input);
    let (mut out, mut seen) = (Plan::default(), BTreeSet::new());
    let marks = marks(input.exposures);
    let by_all = |e: &&Exposure| e.marks.until.is_none();
    let known: BTreeSet<(&str, &str)> =
        input.exposures.iter().filter(by_all).map(|e| (e.party(), e.vulnerability.as_str())).collect();
    for group in marks.iter().flat_map(|mark| groups(input.exposures, *mark)) {
        let mut asked: Vec<&str> = Vec::new();
        let mut targets: VecDeque<_> =
            addressee::of(input, &index, &group).into_iter().map(|target| (group.clone(), target, false)).collect();
        while let Some((group, target, instead)) = targets.pop_front() {
            // A team that is also the party is asked once.
            if target.as_ref().is_ok_and(|t| asked.contains(&t.org)) {
                continue;
            }
            asked.extend(target.as_ref().map(|t| t.org));
            let told = match target {
                Ok(target) => match told(input, &index, &marks, &group, &target) {
                    Some(told) => ask(input, &index, &told, target).map_err(|no| {
                        let untold = untold(input, &index, &marks, &told, &target);
                        let other =
                            untold.and_then(|of| Some((addressee::instead(input, &index, &of, target.org)?, of)));
                        targets.extend(other.map(|(other, of)| (of, Ok(other), true)));
                        told.withheld(no)
                    }),
                    None => Ok(None),
                },
                Err(no) => Err(group.withheld(no)),
            };
            // Said once: by all that is known, unless that says nothing of it; and of whom the rule names first.
            let said =
                |group: &Group<'_>| group.exposures.iter().all(|e| known.contains(&(group.party, &*e.vulnerability)));
            match told {
                Ok(Some(ask)) => out.asks.push(ask),
                Ok(None) => {}
                Err(withheld) if !instead && (marks.last() == Some(&group.mark) || !said(&group)) => {
                    if seen.insert(withheld.clone()) {
                        out.withheld.push(withheld);
                    }
                }
                Err(_) => {}
            }
        }
    }
    out.withheld.sort_by(|a, b| a.party.cmp(&b.party));
    let recipients: BTreeSet<&str> = out.asks.iter().map(|a| a.email.as_str()).collect();
    out.recipients = recipients.len();
    for ask in &mut out.asks {
        let limit = input.rules.of(ask.country.as_deref()).hold_above;
        ask.held = out.recipients > limit as usize;
        if ask.held {
            ask.why.push(format!(
                "held: the plan goes to {} recipients, more than {limit} need a second person",
                out.recipients
            ));
        }
    }
    out.asks.sort_by(|a, b| urgency(a).cmp(&urgency(b)));
    out
}

fn urgency(ask: &Planned) -> (bool, std::cmp::Reverse<usize>, std::cmp::Reverse<i64>, &str) {
    (!ask.exploited, std::cmp::Reverse(ask.functions), std::cmp::Reverse(ask.severity), &ask.key)
}

/// What is looked up often.
#[derive(Default)]
struct Index<'a> {
    contacts: BTreeMap<&'a str, Vec<&'a Contact>>,
    csirts: BTreeMap<&'a str, BTreeSet<&'a str>>,
    known: BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a Known>>>,
    /// What is so for those who may not read all, by source, subject and vulnerability.
    beneath: BTreeMap<[&'a str; 3], Vec<&'a Exposure>>,
}

impl<'a> Index<'a> {
    fn new(input: &Input<'a>) -> Self {
        let mut index = Index::default();
        for contact in input.contacts {
            index.contacts.entry(&contact.org).or_default().push(contact);
            if let (Some("csirt"), Some(country)) = (contact.role.as_deref(), contact.country.as_deref()) {
                index.csirts.entry(country).or_default().insert(&contact.org);
            }
        }
        for (key, card) in input.orgs {
            if let ("csirt", Some(country)) = (card.kind.as_str(), card.country.as_deref()) {
                index.csirts.entry(country).or_default().insert(key);
            }
        }
        for known in input.known {
            let of_party = index.known.entry(&known.party).or_default();
            of_party.entry(&known.vulnerability).or_default().push(known);
        }
        for e in input.exposures.iter().filter(|e| e.marks.until.is_some()) {
            index.beneath.entry([&e.source, &e.subject, &e.vulnerability]).or_default().push(e);
        }
        index
    }

    /// Whether whoever may read up to a mark hears of the same, by a document that fits.
    fn told_beneath(&self, e: &Exposure, mark: Tlp, fits: impl Fn(&str) -> bool) -> bool {
        let beneath = self.beneath.get(&[e.source.as_str(), &e.subject, &e.vulnerability]);
        beneath.is_some_and(|of| of.iter().any(|b| b.marks.at(mark) && fits(&b.advisory)))
    }

    fn known(&self, party: &str, vulnerability: &str) -> &[&'a Known] {
        self.known.get(party).and_then(|of| of.get(vulnerability)).map_or(&[], Vec::as_slice)
    }
}

/// The marks at which what is so differs, and with it who is told what; the last one is that of whoever may read all.
fn marks(exposures: &[Exposure]) -> BTreeSet<Tlp> {
    exposures.iter().flat_map(|e| e.marks.turns()).collect()
}

fn groups(exposures: &[Exposure], mark: Tlp) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(&str, Option<&str>, &str, bool), Vec<&Exposure>> = BTreeMap::new();
    for e in exposures.iter().filter(|e| e.marks.at(mark)) {
        groups.entry((e.party(), e.country.as_deref(), &e.advisory, e.is_count())).or_default().push(e);
    }
    // The list is in an order of rank, which follows from more than what each of them says.
    groups.values_mut().for_each(|exposures| exposures.sort_by(|a, b| a.place().cmp(&b.place())));
    let make = |((party, country, advisory, _), exposures)| Group { party, country, advisory, mark, exposures };
    groups.into_iter().map(make).collect()
}

/// What of a group is for an addressee. Who may read up to another mark is told what is so there; only what rests on documents above all
/// that they may read is left to be withheld, and told to the operator.
fn told<'a>(
    input: &Input<'_>,
    index: &Index<'_>,
    marks: &BTreeSet<Tlp>,
    group: &Group<'a>,
    target: &addressee::Target<'_>,
) -> Option<Group<'a>> {
    match own_mark(input, marks, group, target) {
        Some(own) if own == group.mark => Some(group.clone()),
        Some(own) if own > group.mark => None,
        own => group
            .only(|e| own.is_none_or(|own| e.marks.from > own && !index.told_beneath(e, own, |by| by == e.advisory))),
    }
}

/// What of a group an addressee who may not read it is not warned of by a document that it may read either.
fn untold<'a>(
    input: &Input<'_>,
    index: &Index<'_>,
    marks: &BTreeSet<Tlp>,
    group: &Group<'a>,
    target: &addressee::Target<'_>,
) -> Option<Group<'a>> {
    let own = own_mark(input, marks, group, target);
    group.only(|e| !own.is_some_and(|own| index.told_beneath(e, own, |_| true)))
}

/// The highest mark up to which an addressee may read what a group says.
fn own_mark(
    input: &Input<'_>,
    marks: &BTreeSet<Tlp>,
    group: &Group<'_>,
    target: &addressee::Target<'_>,
) -> Option<Tlp> {
    marks.iter().rev().copied().find(|mark| released(input, group, target, *mark).is_ok())
}

/// The ask of a group to one addressee; `None` where all of it was asked before and is not over.
fn ask(
    input: &Input<'_>,
    index: &Index<'_>,
    group: &Group<'_>,
    target: addressee::Target<'_>,
) -> Result<Option<Planned>, No> {
    let asked = |e: &&&Exposure| !is_asked(index, group.party, &e.vulnerability, target.org);
    let exposures: Vec<&Exposure> = group.exposures.iter().filter(asked).copied().collect();
    let Some(first) = exposures.first() else { return Ok(None) };
    let fresh = Group { exposures: exposures.clone(), ..*group };
    // What decides may be marked lower than what it takes to know that it decides.
    let tlp = exposures.iter().map(|e| e.rests_on.max(e.tlp)).max().unwrap_or(Tlp::Red);
    released(input, &fresh, &target, tlp)?;
    let contact = target.contact;
    let vulnerabilities = fresh.vulnerabilities();
    let before = vulnerabilities.iter().map(|v| times_closed(index, group.party, v, target.org)).max().unwrap_or(0);
    let place = group.country.unwrap_or("-");
    let joined = vulnerabilities.join("+");
    let key = format!("act/ask/{}/{place}/{}/{joined}/{}/{before}", group.party, group.advisory, target.org);
    let functions: BTreeSet<&str> = exposures.iter().flat_map(|e| e.functions.iter().map(String::as_str)).collect();
    let sorted = |of: fn(&Exposure) -> &str| -> Vec<String> {
        exposures.iter().map(|e| of(e).to_owned()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let rule = input.rules.of(group.country);
    Ok(Some(Planned {
        ask: reference(&key),
        kind: Kind::Warn,
        party: group.party.to_owned(),
        count: count(&exposures),
        addressee: target.org.to_owned(),
        addressee_kind: input.orgs.get(target.org).map(|c| c.kind.clone()).unwrap_or_else(|| target.kind.to_owned()),
        contact: contact.name.clone(),
        email: contact.email.clone(),
        language: language(input, target.org, contact),
        country: group.country.map(str::to_owned),
        rule: rule.way.as_str().to_owned(),
        hours: rule.hours,
        follows: target.follows.map(str::to_owned),
        advisory: group.advisory.to_owned(),
        title: first.title.clone(),
        subjects: sorted(|e| &e.subject),
        methods: sorted(|e| &e.method),
        fixes: Vec::new(),
        holder: exposures.iter().find_map(|e| e.holder.clone()),
        tlp: tlp.to_string(),
        exploited: exposures.iter().any(|e| e.exploited),
        severity: exposures.iter().map(|e| e.severity).max().unwrap_or(0),
        functions: functions.len(),
        held: false,
        why: why::path(input, &fresh, &target, &functions),
        vulnerabilities,
        key,
    }))
}

fn is_asked(index: &Index<'_>, party: &str, vulnerability: &str, addressee: &str) -> bool {
    index.known(party, vulnerability).iter().any(|k| k.addressee == addressee && k.state != State::Closed)
}

/// A relapse is a new ask: what was closed and is so again is asked again, under a new key.
fn times_closed(index: &Index<'_>, party: &str, vulnerability: &str, addressee: &str) -> usize {
    index.known(party, vulnerability).iter().filter(|k| k.addressee == addressee && k.state == State::Closed).count()
}

fn count(exposures: &[&Exposure]) -> Option<(i64, Option<i64>)> {
    // One document may name several vulnerabilities of the same product: the widest count covers them, the sum would not.
    let counts = exposures.iter().filter_map(|e| e.count);
    counts.reduce(|a, b| (a.0.max(b.0), a.1.zip(b.1).map(|(x, y)| x.max(y))))
}

fn language(input: &Input<'_>, org: &str, contact: &Contact) -> String {
    let of_org = || input.orgs.get(org).and_then(|c| c.languages.first().cloned());
    contact.language.clone().or_else(of_org).unwrap_or_else(|| "en".to_owned()).to_ascii_lowercase()
}

/// An ask is a way out like any other: the release decision is asked with the addressee as recipient.
fn released(input: &Input<'_>, group: &Group<'_>, target: &addressee::Target<'_>, tlp: Tlp) -> Result<(), No> {
    let unknown = Card { kind: target.kind.to_owned(), country: target.contact.country.clone(), ..Card::default() };
    let card = input.orgs.get(target.org).unwrap_or(&unknown);
    let holder = group.exposures.iter().find_map(|e| e.holder.as_deref());
    let weakness = Weakness { owner: group.party, holder, country: group.country, consent: false };
    match refusal(target.org, card, tlp, weakness, input.home, input.on) {
        Some(no) => Err(No::new(no.code, format!("to {}: {}", target.org, no.reason))),
        None => Ok(()),
    }
}

/// Whether an ask may still go to its addressee: agreements end between the plan and the sending.
pub(crate) fn still_released(orgs: &BTreeMap<String, Card>, ask: &Planned, home: &str, on: Date) -> Result<(), String> {
    refused(orgs, ask, ask.rests_on(), home, on).map_or(Ok(()), |no| Err(no.to_string()))
}

/// Why the addressee of an ask may not read what documents of a mark say of what it is about.
pub(crate) fn refused(
    orgs: &BTreeMap<String, Card>,
    ask: &Planned,
    tlp: Tlp,
    home: &str,
    on: Date,
) -> Option<release::Rule> {
    let unknown = Card { kind: ask.addressee_kind.clone(), country: ask.country.clone(), ..Card::default() };
    let card = orgs.get(&ask.addressee).unwrap_or(&unknown);
    let (holder, country) = (ask.holder.as_deref(), ask.country.as_deref());
    let weakness = Weakness { owner: &ask.party, holder, country, consent: false };
    refusal(&ask.addressee, card, tlp, weakness, home, on)
}

fn refusal(org: &str, card: &Card, tlp: Tlp, weakness: Weakness<'_>, home: &str, on: Date) -> Option<release::Rule> {
    let subject = Subject { weakness: Some(weakness), ..Subject::new(tlp, Readers::Marking) };
    let recipient = Recipient {
        org,
        aka: &[],
        kind: &card.kind,
        country: card.country.as_deref(),
        is_operator: org == home,
        role: if org == home { Role::Operator } else { Role::Partner },
        clearance: None,
        agreements: &card.agreements,
    };
    release::decide(&subject, &recipient, on).because.into_iter().find(|r| !r.passes)
}

#[cfg(test)]
mod tests;
