//! Measure 2.1.3: who mitigated before the attack came (spec assure, "Decided" and a.2).
//!
//! The atom is a pair of a partner and a recommendation, which the vulnerability names. A pair belongs to the period of its
//! first delivered advice; its cohort is what was open then. Pure: facts in, pairs and verdicts out.
use std::collections::BTreeMap;
use std::sync::OnceLock;

use ledger::Micros;
use serde::Serialize;

use crate::facts::{Count, Delivery, Evidence, Exploitation, Exposure, Facts, Publication, State, Statement};
use crate::pack::{Luck, Measure};
use crate::period::Period;
use crate::share::{Part, Point, open_at, ordered, point, share};

/// The numbers of the definition.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Share of the exposures that must be mitigated.
    pub theta: f64,
    /// Shares the figure is printed for.
    pub theta_forms: Vec<f64>,
    /// Microseconds without a known attack after which a mitigation was in time.
    pub quiet: i64,
    /// Share of a partner's pairs that must have succeeded.
    pub half: f64,
    /// Least evidence of a mitigation.
    pub level: Evidence,
    /// Chance.
    pub luck: Luck,
}

impl Rule {
    /// The numbers as the pack has them, else those of the decided form.
    pub fn of(measure: &Measure) -> Rule {
        Rule {
            theta: measure.theta.unwrap_or(0.8),
            theta_forms: if measure.theta_forms.is_empty() { vec![0.5, 0.8, 1.0] } else { measure.theta_forms.clone() },
            quiet: measure.quiet_days.unwrap_or(180).saturating_mul(Micros::DAY),
            half: measure.half.unwrap_or(0.5),
            level: Evidence::read(&measure.min_evidence).unwrap_or(Evidence::E2),
            luck: measure.luck.unwrap_or_default(),
        }
    }
}

/// What was public when the advice arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicState {
    /// Flaw and fix.
    FixPublic,
    /// The flaw.
    FlawPublic,
    /// Neither.
    Unknown,
}

/// Where an attack must have been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the partner's constituency.
    Local,
    /// Anywhere.
    Anywhere,
}

/// Which end of the mitigated share must reach theta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At least so much is shown.
    Low,
    /// At most so much is possible.
    High,
}

/// A partner and a recommendation.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    /// The response team.
    pub partner: &'a str,
    /// The vulnerability, which names the recommendation.
    pub vulnerability: &'a str,
    /// The first delivered advice.
    pub advice: &'a Delivery,
    /// When the cohort was set: at the advice, or when the first exposure became known where nothing counted was known then.
    pub set_at: Point,
    /// What was open then.
    pub cohort: Vec<(&'a Exposure, Count)>,
    /// Exposures that were taken back as never real.
    pub withdrawn: usize,
    /// Exposures found after the cohort was set: shown, not counted.
    pub later: usize,
    /// All that is known of exploitation, by the last instant it may have begun.
    pub attacks: Vec<&'a Exploitation>,
    /// What was public at the advice.
    pub public: PublicState,
    shares: [OnceLock<Vec<(Point, f64, f64)>>; 5],
}

/// How a pair stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Mitigated before the first known attack.
    BeforeAttack {
        /// Mitigated.
        at: Micros,
        /// Attacked.
        attack: Micros,
    },
    /// Mitigated, and no attack known through the quiet time.
    Quiet {
        /// Mitigated.
        at: Micros,
    },
    /// Mitigated, no attack known, the quiet time not over.
    Provisional {
        /// Mitigated.
        at: Micros,
        /// When the quiet time ends.
        until: Micros,
    },
    /// The attack came first.
    TooLate {
        /// Attacked.
        attack: Micros,
        /// Mitigated afterwards, if at all.
        mitigated: Option<Micros>,
    },
    /// Neither mitigated nor attacked, as far as is known.
    NotYet,
    /// Nothing counted is known of an exposure: it stands apart.
    Apart,
}

impl Verdict {
    /// Whether the pair is a success.
    pub fn success(self) -> bool {
        matches!(self, Verdict::BeforeAttack { .. } | Verdict::Quiet { .. })
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::BeforeAttack { .. } | Verdict::Quiet { .. } => "success",
            Verdict::Provisional { .. } => "provisional",
            Verdict::TooLate { .. } => "too late",
            Verdict::NotYet => "not yet",
            Verdict::Apart => "apart",
        }
    }
}

/// The pairs of the period, in the order of partner and vulnerability. `seen` holds only what the reader may see.
pub fn pairs<'a>(seen: &'a Facts, period: &Period) -> Vec<Pair<'a>> {
    let about = About::index(seen);
    let of_period = seen.first_advice().filter(|advice| period.holds(advice.at.valid));
    of_period
        .map(|advice| {
            let (partner, vulnerability) = (advice.partner.as_str(), advice.vulnerability.as_str());
            let among = seen.exposures_to(vulnerability).filter(|x| &*x.partner == partner).collect();
            one_pair(&about, among, partner, vulnerability, advice)
        })
        .collect()
}

/// Attacks and publications by what they are about.
#[derive(Default)]
struct About<'a> {
    attacks: BTreeMap<&'a str, Vec<&'a Exploitation>>,
    publications: BTreeMap<&'a str, Vec<&'a Publication>>,
}

impl<'a> About<'a> {
    fn index(seen: &'a Facts) -> About<'a> {
        let mut about = About::default();
        for x in &seen.exploitations {
            about.attacks.entry(&x.vulnerability).or_default().push(x);
        }
        for attacks in about.attacks.values_mut() {
            attacks.sort_by(|a, b| (a.by, &a.source).cmp(&(b.by, &b.source)));
        }
        for x in &seen.publications {
            about.publications.entry(&x.vulnerability).or_default().push(x);
        }
        about
    }
}

fn one_pair<'a>(
    about: &About<'a>,
    among: Vec<&'a Exposure>,
    partner: &'a str,
    vulnerability: &'a str,
    advice: &'a Delivery,
) -> Pair<'a> {
    let advised = (advice.at.valid, advice.at.entry);
    let withdrawn = |x: &Exposure| {
        let matters = |s: &&&Statement| matches!(s.state, State::Affected(_) | State::Withdrawn);
        ordered(x).iter().rfind(matters).is_some_and(|s| s.state == State::Withdrawn)
    };
    let real: Vec<&Exposure> = among.iter().copied().filter(|x| !withdrawn(x)).collect();
    let open = |at: Point| -> Vec<(&'a Exposure, Count)> {
        let open = real.iter().filter_map(|x| open_at(x, at, Evidence::E2).map(|count| (*x, count)));
        open.filter(|(_, count)| count.max > 0).collect()
    };
    let mut set_at = advised;
    let mut cohort = open(advised);
    if cohort.is_empty() {
        // The advice asked what nobody knew yet: the first counted word after it sets the cohort.
        let counted = |x: &&Exposure| {
            let after = x.said.iter().filter(|s| point(s) > advised);
            after.filter(|s| matches!(s.state, State::Affected(c) if c.max > 0)).map(point).min()
        };
        if let Some(at) = real.iter().filter_map(counted).min() {
            // All that one entry says belongs together.
            set_at = at;
            cohort = open(at);
        }
    }
    let opened = |x: &&Exposure| x.said.iter().any(|s| matches!(s.state, State::Affected(c) if c.max > 0));
    Pair {
        partner,
        vulnerability,
        advice,
        set_at,
        withdrawn: among.len() - real.len(),
        later: real.iter().filter(|x| opened(x) && !cohort.iter().any(|(c, _)| std::ptr::eq(*c, **x))).count(),
        cohort,
        attacks: about.attacks.get(vulnerability).cloned().unwrap_or_default(),
        public: public_state(about.publications.get(vulnerability).map_or(&[], Vec::as_slice), advice.at.valid),
        shares: Default::default(),
    }
}

fn part_at((x, open): &(&Exposure, Count), at: Point, level: Evidence) -> Part {
    Part { weight: x.weight.max(1.0), open: *open, left: open_at(x, at, level).unwrap_or(*open) }
}

fn public_state(publications: &[&Publication], at: Micros) -> PublicState {
    let mut state = PublicState::Unknown;
    for publication in publications.iter().filter(|p| p.at.valid <= at) {
        if publication.fix {
            return PublicState::FixPublic;
        }
        state = PublicState::FlawPublic;
    }
    state
}

impl Pair<'_> {
    /// The first known attack in scope: the upper bound of its beginning.
    pub fn attack(&self, scope: Scope) -> Option<Micros> {
        let here = |e: &&&Exploitation| scope == Scope::Anywhere || e.partners.iter().any(|p| p == self.partner);
        self.attacks.iter().filter(here).map(|e| e.by).min()
    }

    /// The mitigated share, both ends, at a point, by mitigations shown at `level` or better.
    pub fn share_at(&self, at: Point, level: Evidence) -> Option<(f64, f64)> {
        share(&self.cohort.iter().map(|of| part_at(of, at, level)).collect::<Vec<Part>>())
    }

    /// The same at each point after the cohort was set at which something was said of it, worked out once for a level.
    fn shares(&self, level: Evidence) -> &[(Point, f64, f64)] {
        self.shares[level as usize].get_or_init(|| {
            let points =
                |(n, (x, _)): (usize, &(&Exposure, Count))| x.said.iter().map(move |s| (point(s), n)).collect();
            let mut said: Vec<(Point, usize)> = self.cohort.iter().enumerate().flat_map::<Vec<_>, _>(points).collect();
            said.retain(|(at, _)| *at > self.set_at);
            said.sort_unstable();
            let mut parts: Vec<Part> = self.cohort.iter().map(|of| part_at(of, self.set_at, level)).collect();
            let mut shares = Vec::new();
            for run in said.chunk_by(|a, b| a.0 == b.0) {
                let Some((at, _)) = run.first() else { continue };
                for (_, n) in run {
                    if let (Some(part), Some(of)) = (parts.get_mut(*n), self.cohort.get(*n)) {
                        *part = part_at(of, *at, level);
                    }
                }
                shares.extend(share(&parts).map(|(low, high)| (*at, low, high)));
            }
            shares
        })
    }

    /// Since when the share has reached theta without a break, looking at what was so before `before`.
    pub fn mitigated(&self, theta: f64, level: Evidence, end: End, before: Option<Micros>) -> Option<Micros> {
        let looked_at = self.shares(level).iter().take_while(|(at, ..)| before.is_none_or(|limit| at.0 < limit));
        looked_at.fold(None, |since, (at, low, high)| {
            let reached = if end == End::Low { low } else { high };
            if reached + 1e-9 >= theta { since.or(Some(at.0)) } else { None }
        })
    }

    /// The verdict; `watched_until` is how far knowledge reaches.
    pub fn judge(&self, rule: &Rule, form: Form, watched_until: Micros) -> Verdict {
        if self.cohort.is_empty() {
            return Verdict::Apart;
        }
        let mitigated = |before| self.mitigated(form.theta, form.level, form.end, before);
        if let Some(attack) = self.attack(form.scope) {
            return match mitigated(Some(attack)) {
                Some(at) => Verdict::BeforeAttack { at, attack },
                None => Verdict::TooLate { attack, mitigated: mitigated(None) },
            };
        }
        match mitigated(None) {
            None => Verdict::NotYet,
            Some(at) => {
                let until = Micros(at.0.saturating_add(rule.quiet));
                if until <= watched_until { Verdict::Quiet { at } } else { Verdict::Provisional { at, until } }
            }
        }
    }

    /// Whether exploitation had begun, somewhere, before the advice arrived.
    pub fn moot(&self) -> bool {
        self.attacks.iter().any(|e| e.latest() < self.advice.at.valid)
    }

    /// Whether a source dates exploitation on the very day of the advice.
    pub fn same_day(&self) -> bool {
        let day = self.advice.at.valid.day();
        !self.moot() && self.attacks.iter().any(|e| e.by.day() == day)
    }

    /// Days from the advice to the first exploitation known anywhere; negative where it came before.
    pub fn room_days(&self) -> Option<i64> {
        let first = self.attack(Scope::Anywhere)?;
        Some((first.0 - self.advice.at.valid.0).div_euclid(Micros::DAY))
    }
}

/// One way of asking.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Share to be reached.
    pub theta: f64,
    /// Least evidence.
    pub level: Evidence,
    /// Which end of the share.
    pub end: End,
    /// Whose attacks.
    pub scope: Scope,
}

impl Form {
    /// The headline's.
    pub fn headline(rule: &Rule) -> Form {
        Form { theta: rule.theta, level: rule.level, end: End::Low, scope: Scope::Local }
    }
}
