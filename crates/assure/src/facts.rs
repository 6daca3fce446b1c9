//! Plain facts that measures are computed from. Each carries two times: when it was so, and when the hub came to know it.
//! Nothing here reads a database; [`Facts::seen_at`] cuts what lay in the future of a reader.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use ledger::Micros;
use serde::Serialize;

/// When a fact was so, when it became known, and the ledger entry that says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stamp {
    /// Valid time.
    pub valid: Micros,
    /// Known time: the instant of the append.
    pub known: Micros,
    /// Index of the entry.
    pub entry: i64,
}

/// The two dates of a question, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Facts that were so by then.
    pub as_of: Micros,
    /// Facts that were known by then.
    pub known_as_of: Micros,
}

impl View {
    /// Whether a fact with this stamp may be used.
    pub fn sees(&self, at: Stamp) -> bool {
        at.valid <= self.as_of && at.known <= self.known_as_of
    }

    /// Until when the world has been watched: knowledge cannot reach past either date.
    pub fn watched_until(&self) -> Micros {
        self.as_of.min(self.known_as_of)
    }
}

/// An interval of a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// At least.
    pub min: i64,
    /// At most.
    pub max: i64,
}

impl Count {
    /// An exact count.
    pub fn exact(n: i64) -> Count {
        Count { min: n, max: n }
    }
}

/// How well something is shown (DESIGN, idea 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Evidence {
    /// We say so.
    #[default]
    E0,
    /// The partner acknowledged.
    E1,
    /// The partner's statement with an artefact, its own next inventory included.
    E2,
    /// A source other than the claimant.
    E3,
    /// An independent party.
    E4,
}

impl Evidence {
    /// E1 to E4, the columns of every figure.
    pub const COLUMNS: [Evidence; 4] = [Evidence::E1, Evidence::E2, Evidence::E3, Evidence::E4];

    /// Reads `E2`.
    pub fn read(text: &str) -> Option<Evidence> {
        match text {
            "E0" => Some(Evidence::E0),
            "E1" => Some(Evidence::E1),
            "E2" => Some(Evidence::E2),
            "E3" => Some(Evidence::E3),
            "E4" => Some(Evidence::E4),
            _ => None,
        }
    }
}

/// What is known of an organisation.
#[derive(Clone, Debug, Default)]
pub struct Partner {
    /// Key.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// `csirt`, `operator`, `vendor`, `agency`, `other`.
    pub kind: String,
    /// ISO 3166-1 alpha-2, empty where not known.
    pub country: String,
    /// When.
    pub at: Stamp,
}

/// Trust or an agreement, both decided by a person: a span of days.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Whom.
    pub org: String,
    /// First instant.
    pub from: Micros,
    /// First instant after the last day; none where it is open.
    pub until: Option<Micros>,
    /// Why, or the agreement's basis.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Stamp,
}

/// Something about an organisation happened on a day: a contact was verified, its inventory came.
#[derive(Clone, Debug, Default)]
pub struct Dated {
    /// Whose.
    pub org: String,
    /// The day, counted from 1970-01-01.
    pub day: i64,
    /// When.
    pub at: Stamp,
}

/// A partner's signing key was declared or revoked.
#[derive(Clone, Debug, Default)]
pub struct Key {
    /// Whose.
    pub org: String,
    /// The public key.
    pub key: String,
    /// Active, or revoked.
    pub active: bool,
    /// When.
    pub at: Stamp,
}

/// Something passed between a partner and us.
#[derive(Clone, Debug, Default)]
pub struct Passing {
    /// From the partner to us.
    pub inbound: bool,
    /// About what: a vulnerability, a type of object, `inventory`.
    pub topic: Arc<str>,
    /// How well it shows the partner's part.
    pub evidence: Evidence,
    /// When.
    pub at: Stamp,
}

/// What passed between an organisation and us. There are millions of what came in: it is shared by all times at which it is looked at, and since it was
/// so when it was known, each time sees a beginning of it.
#[derive(Clone, Debug, Default)]
pub struct Passings {
    inward: Arc<Vec<Passing>>,
    /// So many of `inward` are seen.
    seen: usize,
    outward: Vec<Passing>,
}

impl Passings {
    /// What came in, in the order of time.
    pub fn inward(&self) -> &[Passing] {
        self.inward.get(..self.seen).unwrap_or_default()
    }

    /// What went out.
    pub fn outward(&self) -> &[Passing] {
        &self.outward
    }

    /// What passed either way in `[from, until)`.
    pub fn within(&self, from: Micros, until: Micros) -> impl Iterator<Item = &Passing> {
        let before = |at: Micros| self.inward().partition_point(|p| p.at.valid < at);
        let inward = self.inward().get(before(from)..before(until)).unwrap_or_default();
        inward.iter().chain(self.outward.iter().filter(move |p| from <= p.at.valid && p.at.valid < until))
    }

    /// Adds what passed, in any order.
    pub fn extend(&mut self, passed: impl IntoIterator<Item = Passing>) {
        let (inward, outward): (Vec<Passing>, Vec<Passing>) = passed.into_iter().partition(|p| p.inbound);
        if !inward.is_empty() {
            let all = Arc::make_mut(&mut self.inward);
            all.truncate(self.seen);
            all.extend(inward);
            all.sort_by(|a, b| Passings::order(a).cmp(&Passings::order(b)));
            self.seen = all.len();
        }
        self.outward.extend(outward);
        self.outward.sort_by(|a, b| Passings::order(a).cmp(&Passings::order(b)));
    }

    fn order(of: &Passing) -> (Micros, i64, &str, Evidence) {
        (of.at.valid, of.at.entry, &of.topic, of.evidence)
    }

    /// Takes back what went out with these entries.
    pub(crate) fn take_back(&mut self, entries: &BTreeSet<i64>) {
        self.outward.retain(|p| !entries.contains(&p.at.entry));
    }

    /// All of both.
    pub(crate) fn join(&mut self, other: &Passings) {
        self.extend(other.inward().iter().chain(&other.outward).cloned());
    }

    fn is_empty(&self) -> bool {
        self.seen == 0 && self.outward.is_empty()
    }

    fn last(&self) -> Option<Micros> {
        let inward = self.inward().last().map(|p| p.at.known);
        inward.max(self.outward.iter().map(|p| p.at.known.max(p.at.valid)).max())
    }

    fn seen_at(&self, view: View) -> Passings {
        Passings {
            inward: Arc::clone(&self.inward),
            seen: self.inward().partition_point(|p| view.sees(p.at)),
            outward: self.outward.iter().filter(|p| view.sees(p.at)).cloned().collect(),
        }
    }
}

/// Advice about one vulnerability reached a constituency.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The response team of the constituency.
    pub partner: String,
    /// Whom it was addressed to: the team, or an owner by its country's rule.
    pub to: String,
    /// The vulnerability, which names the recommendation.
    pub vulnerability: String,
    /// The ask.
    pub ask: String,
    /// When it was sent.
    pub at: Stamp,
    /// The message came back: it was never delivered.
    pub bounced: Option<Stamp>,
}

/// What a source said of an exposure at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// So many are affected.
    Affected(Count),
    /// So many are still affected, the rest is mitigated in this way: `fixed`, `removed`, `segmented`, `not_affected`…
    Mitigated(Count, Arc<str>),
    /// Nothing is known: a candidate, or a question under review.
    Unknown,
    /// It was never real: the advisory or the match was corrected.
    Withdrawn,
}

/// One statement on an exposure.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it says.
    pub state: State,
    /// How well it is shown.
    pub evidence: Evidence,
    /// Who says it.
    pub by: Arc<str>,
    /// When.
    pub at: Stamp,
}

/// A subject in a partner's constituency and a vulnerability, with all that was said of it.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// The response team of the constituency.
    pub partner: Arc<str>,
    /// Level, source and subject: unique together with the vulnerability.
    pub subject: Arc<str>,
    /// The key of the asset; empty above that level.
    pub asset: Arc<str>,
    /// Who owns the asset; empty where nobody says so.
    pub owner: Arc<str>,
    /// `asset`, `organisation`, `constituency`, `sector`.
    pub level: Arc<str>,
    /// The vulnerability.
    pub vulnerability: Arc<str>,
    /// The deciding document.
    pub advisory: Arc<str>,
    /// Criticality: one, and one for each national function at stake.
    pub weight: f64,
    /// Statements.
    pub said: Vec<Statement>,
}

impl Exposure {
    /// Itself, with nothing said of it yet.
    pub(crate) fn without_statements(&self) -> Exposure {
        Exposure {
            partner: self.partner.clone(),
            subject: self.subject.clone(),
            asset: self.asset.clone(),
            owner: self.owner.clone(),
            level: self.level.clone(),
            vulnerability: self.vulnerability.clone(),
            advisory: self.advisory.clone(),
            weight: self.weight,
            said: Vec::new(),
        }
    }
}

/// One source's knowledge of exploitation: it began in `[from, by]`.
#[derive(Clone, Debug, Default)]
pub struct Exploitation {
    /// The vulnerability.
    pub vulnerability: String,
    /// `kev`, `eukev`, or the id of the sighting.
    pub source: String,
    /// Not before; none where only an upper bound is known.
    pub from: Option<Micros>,
    /// Not after. A catalogue's listing date is such a bound, not the date of the attack.
    pub by: Micros,
    /// Known to the day only.
    pub whole_day: bool,
    /// The constituencies it was seen in; empty where the source does not say.
    pub partners: Vec<String>,
    /// When.
    pub at: Stamp,
}

impl Exploitation {
    /// The last instant it may have begun.
    pub fn latest(&self) -> Micros {
        if self.whole_day { Micros(self.by.0.saturating_add(Micros::DAY - 1)) } else { self.by }
    }
}

/// A document made a flaw, and perhaps a fix, public.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// The vulnerability.
    pub vulnerability: String,
    /// It offers a fix.
    pub fix: bool,
    /// When.
    pub at: Stamp,
}

/// All facts a measure may look at.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Country of the home nation; empty where it was never said.
    pub home: String,
    /// First known time of each event kind: what was never seen is missing.
    pub kinds: BTreeMap<String, Micros>,
    /// Keys that turned out to be another's.
    pub merges: Vec<partners::merge::Merged>,
    /// Organisations, each statement on them.
    pub partners: Vec<Partner>,
    /// Trust.
    pub trusts: Vec<Span>,
    /// Agreements.
    pub agreements: Vec<Span>,
    /// Keys.
    pub keys: Vec<Key>,
    /// Contacts, each when it was last verified.
    pub contacts: Vec<Dated>,
    /// Inventories, by whose assets are in them.
    pub inventories: Vec<Dated>,
    /// Passings both ways, by partner.
    pub passings: BTreeMap<Arc<str>, Passings>,
    /// Advice.
    pub deliveries: Vec<Delivery>,
    /// Exposures, by vulnerability.
    pub exposures: BTreeMap<Arc<str>, Vec<Arc<Exposure>>>,
    /// Exploitation.
    pub exploitations: Vec<Exploitation>,
    /// Publications.
    pub publications: Vec<Publication>,
    /// Places of the first advice of each pair: made when it is first asked for.
    pub(crate) first_advice: OnceLock<Vec<usize>>,
}

impl Facts {
    /// The exposures to a vulnerability, in their order.
    pub fn exposures_to(&self, vulnerability: &str) -> impl Iterator<Item = &Exposure> {
        self.exposures.get(vulnerability).into_iter().flatten().map(|x| &**x)
    }

    /// All exposures, in the order of vulnerabilities.
    pub fn all_exposures(&self) -> impl Iterator<Item = &Arc<Exposure>> {
        self.exposures.values().flatten()
    }

    /// The first advice that reached a partner about a vulnerability, in the order of both.
    pub fn first_advice(&self) -> impl Iterator<Item = &Delivery> {
        let places = self.first_advice.get_or_init(|| {
            let mut first: BTreeMap<(&str, &str), (Stamp, usize)> = BTreeMap::new();
            for (n, one) in self.deliveries.iter().enumerate().filter(|(_, one)| one.bounced.is_none()) {
                let best = first.entry((&one.partner, &one.vulnerability)).or_insert((one.at, n));
                if (one.at.valid, one.at.entry) < (best.0.valid, best.0.entry) {
                    *best = (one.at, n);
                }
            }
            first.into_values().map(|(_, n)| n).collect()
        });
        places.iter().filter_map(|n| self.deliveries.get(*n))
    }

    /// After this instant, both ways, there is nothing more to see.
    pub fn last(&self) -> Micros {
        fn known<T>(all: &[T], at: impl Fn(&T) -> Stamp) -> Micros {
            all.iter().map(at).map(|at| at.known.max(at.valid)).max().unwrap_or_default()
        }
        let said = self.all_exposures().flat_map(|x| &x.said).map(|s| s.at.known.max(s.at.valid)).max();
        let passed = self.passings.values().filter_map(Passings::last).max();
        let bounced = self.deliveries.iter().filter_map(|x| x.bounced).map(|b| b.known.max(b.valid)).max();
        let all = [
            self.kinds.values().copied().max().unwrap_or_default(),
            self.merges.iter().map(|x| x.known).max().unwrap_or_default(),
            known(&self.partners, |x| x.at),
            known(&self.trusts, |x| x.at),
            known(&self.agreements, |x| x.at),
            known(&self.keys, |x| x.at),
            known(&self.contacts, |x| x.at),
            known(&self.inventories, |x| x.at),
            known(&self.deliveries, |x| x.at),
            known(&self.exploitations, |x| x.at),
            self.exploitations.iter().map(|x| x.by).max().unwrap_or_default(),
            known(&self.publications, |x| x.at),
        ];
        all.into_iter().chain(said).chain(passed).chain(bounced).max().unwrap_or_default()
    }

    /// What `view` sees, the rest cut away: a measure cannot look ahead even by mistake.
    pub fn seen_at(&self, view: View) -> Facts {
        fn of<T: Clone>(all: &[T], sees: impl Fn(&T) -> bool) -> Vec<T> {
            all.iter().filter(|one| sees(one)).cloned().collect()
        }
        let exposure = |x: &Arc<Exposure>| {
            if x.said.iter().all(|s| view.sees(s.at)) {
                return (!x.said.is_empty()).then(|| Arc::clone(x));
            }
            let said: Vec<Statement> = of(&x.said, |s| view.sees(s.at));
            (!said.is_empty()).then(|| Arc::new(Exposure { said, ..x.without_statements() }))
        };
        let exposures = |(of, all): (&Arc<str>, &Vec<Arc<Exposure>>)| {
            let all: Vec<Arc<Exposure>> = all.iter().filter_map(exposure).collect();
            (!all.is_empty()).then(|| (Arc::clone(of), all))
        };
        let bounce = |x: Delivery| Delivery { bounced: x.bounced.filter(|b| view.sees(*b)), ..x };
        let passings = self.passings.iter().map(|(org, passed)| (Arc::clone(org), passed.seen_at(view)));
        let mut cut = Facts {
            home: self.home.clone(),
            // who somebody is does not begin on the day on which it is found out
            merges: of(&self.merges, |x| x.known <= view.known_as_of),
            kinds: self
                .kinds
                .iter()
                .filter(|(_, first)| **first <= view.known_as_of)
                .map(|(k, v)| (k.clone(), *v))
                .collect(),
            partners: of(&self.partners, |x| view.sees(x.at)),
            trusts: Vec::new(),
            agreements: Vec::new(),
            keys: of(&self.keys, |x| view.sees(x.at)),
            contacts: of(&self.contacts, |x| view.sees(x.at)),
            inventories: of(&self.inventories, |x| view.sees(x.at)),
            passings: passings.filter(|(_, passed)| !passed.is_empty()).collect(),
            deliveries: of(&self.deliveries, |x| view.sees(x.at)).into_iter().map(bounce).collect(),
            exposures: self.exposures.iter().filter_map(exposures).collect(),
            exploitations: of(&self.exploitations, |x| x.at.known <= view.known_as_of && x.by <= view.as_of),
            publications: of(&self.publications, |x| view.sees(x.at)),
            first_advice: OnceLock::new(),
        };
        cut.take_spans(self, view.known_as_of);
        crate::merged::settle(cut)
    }

    /// Trust and agreements as they are known: each says itself from when on it is so.
    pub(crate) fn take_spans(&mut self, all: &Facts, known_as_of: Micros) {
        let known = |spans: &[Span]| spans.iter().filter(|x| x.at.known <= known_as_of).cloned().collect();
        self.trusts = known(&all.trusts);
        self.agreements = known(&all.agreements);
    }

    /// The kinds among `needs` of which nothing is known.
    pub fn missing(&self, needs: &[String]) -> Vec<String> {
        needs.iter().filter(|k| !self.kinds.contains_key(k.as_str())).cloned().collect()
    }

    /// The latest word on each organisation.
    pub fn latest_partners(&self) -> BTreeMap<&str, &Partner> {
        let mut latest: BTreeMap<&str, &Partner> = BTreeMap::new();
        for partner in &self.partners {
            let best = latest.entry(&partner.key).or_insert(partner);
            if (partner.at.known, partner.at.entry) >= (best.at.known, best.at.entry) {
                *best = partner;
            }
        }
        latest
    }

    /// The span that speaks for `org` at an instant: of those that have begun the one recorded last; none where it has ended.
    pub fn in_force<'a>(spans: &'a [Span], org: &str, at: Micros) -> Option<&'a Span> {
        let begun = spans.iter().filter(|s| s.org == org && s.from <= at);
        begun.max_by_key(|s| (s.at.known, s.at.entry)).filter(|s| s.until.is_none_or(|until| at < until))
    }

    /// Whether a span is in force at some instant of `[from, until)`: it can only begin at `from` or where one begins.
    pub fn in_force_within(spans: &[Span], org: &str, from: Micros, until: Micros) -> bool {
        let begins = spans.iter().filter(|s| s.org == org).map(|s| s.from).filter(|at| from < *at && *at < until);
        std::iter::once(from).chain(begins).any(|at| at < until && Facts::in_force(spans, org, at).is_some())
    }

    /// Response teams abroad, by key.
    pub fn teams(&self) -> Vec<&Partner> {
        let home = self.home.as_str();
        let foreign = |p: &&Partner| p.kind == "csirt" && (home.is_empty() || p.country != home);
        self.latest_partners().into_values().filter(foreign).collect()
    }
}
