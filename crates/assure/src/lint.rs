//! `plan lint`: counts a plan pack and finds what is wrong with it. It judges form, not wording.
use std::collections::BTreeSet;

use serde::Serialize;

use crate::count;
use crate::measure;
use crate::pack::{Measure, Plan};
use crate::record::definition::{self, Catalogue};

/// Event kinds that stages of this program append; a pack declares further ones as records.
pub const EVENT_KINDS: &[&str] = &[
    "partners.org",
    "partners.agreement",
    "partners.person",
    "partners.key",
    "partners.trust",
    "exchange.collection",
    "exchange.object",
    "exchange.document",
    "exchange.review",
    "exchange.reviewed",
    "depend.table",
    "expose.inventory",
    "expose.answer",
    "expose.changed",
    "act.contact",
    "act.ask",
    "act.held",
    "act.approved",
    "act.rejected",
    "act.sent",
    "act.bounced",
    "act.answered",
    "act.silent",
    "ledger.pack",
];

/// What a plan holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Goals.
    pub goals: usize,
    /// Objectives.
    pub objectives: usize,
    /// Enabling measures.
    pub enabling: usize,
    /// Measures of effectiveness.
    pub measures: usize,
    /// Edges to objectives of another plan.
    pub alignments: usize,
    /// Distinct objectives these edges reach.
    pub aligned: usize,
    /// Indicators of enabling measures.
    #[serde(skip_serializing_if = "is_none")]
    pub indicators: usize,
    /// Lines of effort.
    #[serde(skip_serializing_if = "is_none")]
    pub efforts: usize,
    /// Outcomes.
    #[serde(skip_serializing_if = "is_none")]
    pub outcomes: usize,
    /// Actions.
    #[serde(skip_serializing_if = "is_none")]
    pub actions: usize,
    /// Criteria by which partners are chosen.
    #[serde(skip_serializing_if = "is_none")]
    pub criteria: usize,
    /// Factors of working together.
    #[serde(skip_serializing_if = "is_none")]
    pub factors: usize,
    /// Priorities.
    #[serde(skip_serializing_if = "is_none")]
    pub priorities: usize,
    /// Aims.
    #[serde(skip_serializing_if = "is_none")]
    pub aims: usize,
    /// Kinds of records.
    #[serde(skip_serializing_if = "is_none")]
    pub records: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(n: &usize) -> bool {
    *n == 0
}

impl Counts {
    /// Each with its name, in the order of a plan.
    pub fn named(self) -> [(&'static str, usize); 15] {
        [
            ("goals", self.goals),
            ("objectives", self.objectives),
            ("enabling", self.enabling),
            ("measures", self.measures),
            ("alignments", self.alignments),
            ("aligned", self.aligned),
            ("indicators", self.indicators),
            ("efforts", self.efforts),
            ("outcomes", self.outcomes),
            ("actions", self.actions),
            ("criteria", self.criteria),
            ("factors", self.factors),
            ("priorities", self.priorities),
            ("aims", self.aims),
            ("records", self.records),
        ]
    }
}

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The item, such as `measure isp:2.1.3`.
    pub place: String,
    /// Stable code.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
}

/// What lint found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The pack, by its plan's prefix or its own name.
    pub pack: String,
    /// The counts.
    pub counts: Counts,
    /// The faults, in the order of the pack.
    pub faults: Vec<Fault>,
}

/// Counts a plan and checks it, its measures against the kinds of records that there are.
pub fn lint(plan: &Plan, catalogue: &Catalogue) -> Report {
    let mut faults = Faults(Vec::new());
    let counts = count(plan);
    head(plan, counts, &mut faults);
    ids(plan, &mut faults);
    references(plan, &mut faults);
    faults.0.extend(definition::lint(&plan.records, catalogue));
    let known = known_kinds(catalogue);
    for measure in plan.all_measures() {
        fields(measure, &mut faults);
        values(plan, measure, &known, &mut faults);
        counting(measure, catalogue, &mut faults);
    }
    texts(plan, &mut faults);
    Report { pack: plan.head.prefix.clone(), counts, faults: faults.0 }
}

/// The text of a measure means something, and nothing counts twice or divides by itself.
fn counting(m: &Measure, catalogue: &Catalogue, faults: &mut Faults) {
    let place = format!("measure {}", m.id);
    let Some(text) = &m.count else { return };
    match count::read(text, catalogue, &measure::numbers(m)) {
        Err(found) => {
            for fault in found {
                let reason = format!("count, line {}, column {}: {}", fault.line, fault.column, fault.reason);
                faults.add(&place, fault.rule, reason);
            }
        }
        Ok(program) if m.unit == "percent" && program.counting.is_empty() => {
            faults.add(
                &place,
                "count-share",
                "a percent measure whose text has no `counting` is always 100: say what counts",
            );
        }
        Ok(_) => {}
    }
}

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, place: impl Into<String>, rule: &'static str, reason: impl Into<String>) {
        self.0.push(Fault { place: place.into(), rule, reason: reason.into() });
    }
}

fn count(plan: &Plan) -> Counts {
    let aligned: BTreeSet<&str> = plan.alignments.iter().map(|a| a.serves.as_str()).collect();
    Counts {
        goals: plan.goals.len(),
        objectives: plan.objectives.len(),
        enabling: plan.enabling.len(),
        measures: plan.measures.len(),
        alignments: plan.alignments.len(),
        aligned: aligned.len(),
        indicators: plan.indicators.len(),
        efforts: plan.efforts.len(),
        outcomes: plan.outcomes.len(),
        actions: plan.actions.len(),
        criteria: plan.criteria.len(),
        factors: plan.factors.len(),
        priorities: plan.priorities.len(),
        aims: plan.aims.len(),
        records: plan.records.len(),
    }
}

fn head(plan: &Plan, counts: Counts, faults: &mut Faults) {
    for (name, value) in [("prefix", &plan.head.prefix), ("title", &plan.head.title), ("issuer", &plan.head.issuer)] {
        if value.is_empty() {
            faults.add("plan", "plan-missing-field", format!("{name} is missing"));
        }
    }
    let found = counts.named();
    for (name, n) in found {
        if let Some(said) = plan.counts.get(name)
            && *said != n
        {
            faults.add("counts", "plan-count", format!("{name}: the pack says {said}, it holds {n}"));
        }
    }
    for name in plan.counts.keys().filter(|k| !found.iter().any(|(n, _)| n == k)) {
        faults.add("counts", "plan-count", format!("{name} is nothing that is counted"));
    }
}

fn ids(plan: &Plan, faults: &mut Faults) {
    let mut check = |what: &str, ids: Vec<&str>| {
        let mut seen = BTreeSet::new();
        for id in ids {
            if id.is_empty() {
                faults.add(what, "plan-missing-field", "id is missing");
            } else if !seen.insert(id) {
                faults.add(format!("{what} {id}"), "plan-doubled-id", "the id stands twice; give one of them another");
            }
        }
    };
    check("goal", plan.goals.iter().map(|x| x.id.as_str()).collect());
    check("objective", plan.objectives.iter().map(|x| x.id.as_str()).collect());
    check("enabling", plan.enabling.iter().map(|x| x.id.as_str()).collect());
    check("measure", plan.measures.iter().map(|x| x.id.as_str()).collect());
    check("aligned", plan.aligned.iter().map(|x| x.id.as_str()).collect());
    check("indicator", plan.indicators.iter().map(|x| x.id.as_str()).collect());
    check("effort", plan.efforts.iter().map(|x| x.id.as_str()).collect());
    check("outcome", plan.outcomes.iter().map(|x| x.id.as_str()).collect());
    check("action", plan.actions.iter().map(|x| x.id.as_str()).collect());
    check("criterion", plan.criteria.iter().map(|x| x.id.as_str()).collect());
    check("factor", plan.factors.iter().map(|x| x.id.as_str()).collect());
    check("priority", plan.priorities.iter().map(|x| x.id.as_str()).collect());
    check("aim", plan.aims.iter().map(|x| x.id.as_str()).collect());
    let mut edges = BTreeSet::new();
    for edge in &plan.alignments {
        if !edges.insert((&edge.objective, &edge.serves)) {
            let place = format!("alignment {} to {}", edge.objective, edge.serves);
            faults.add(place, "plan-doubled-id", "the edge stands twice; leave one away");
        }
    }
}

fn references(plan: &Plan, faults: &mut Faults) {
    let goals: BTreeSet<&str> = plan.goals.iter().map(|g| g.id.as_str()).collect();
    let objectives: BTreeSet<&str> = plan.objectives.iter().map(|o| o.id.as_str()).collect();
    let aligned: BTreeSet<&str> = plan.aligned.iter().map(|a| a.id.as_str()).collect();
    let efforts: BTreeSet<&str> = plan.efforts.iter().map(|a| a.id.as_str()).collect();
    let enabling: BTreeSet<&str> = plan.enabling.iter().map(|a| a.id.as_str()).collect();
    let mut need = |place: String, what: &str, id: &str, among: &BTreeSet<&str>| {
        if !among.contains(id) {
            faults.add(place, "plan-dangling", format!("{what} {id:?} is not in the pack"));
        }
    };
    for objective in &plan.objectives {
        need(format!("objective {}", objective.id), "goal", &objective.goal, &goals);
    }
    for enabling in &plan.enabling {
        need(format!("enabling {}", enabling.id), "objective", &enabling.objective, &objectives);
    }
    for measure in &plan.measures {
        let short = measure.id.split_once(':').map_or(measure.id.as_str(), |(_, short)| short);
        let objective = short.rsplit_once('.').map_or("", |(objective, _)| objective);
        need(format!("measure {}", measure.id), "objective", objective, &objectives);
    }
    for goal in plan.goals.iter().filter(|goal| !goal.effort.is_empty()) {
        need(format!("goal {}", goal.id), "line of effort", &goal.effort, &efforts);
    }
    for outcome in &plan.outcomes {
        need(format!("outcome {}", outcome.id), "goal", &outcome.goal, &goals);
    }
    for action in &plan.actions {
        need(format!("action {}", action.id), "objective", &action.objective, &objectives);
    }
    for indicator in &plan.indicators {
        let of = indicator.id.split_once(":em-").map_or("", |(_, short)| short);
        need(format!("indicator {}", indicator.id), "enabling measure", of, &enabling);
    }
    for edge in &plan.alignments {
        let place = format!("alignment {} to {}", edge.objective, edge.serves);
        need(place.clone(), "objective", &edge.objective, &objectives);
        need(place, "aligned objective", &edge.serves, &aligned);
    }
}

fn known_kinds(catalogue: &Catalogue) -> BTreeSet<String> {
    let records = catalogue.all().map(|definition| format!("assure.{}", definition.kind));
    EVENT_KINDS.iter().map(|kind| (*kind).to_owned()).chain(records).collect()
}

/// Each field of spec assure a.0 is there.
fn fields(m: &Measure, faults: &mut Faults) {
    let place = format!("measure {}", m.id);
    let baseline = m.baseline.as_ref().map_or("", |b| b.period.as_str());
    let texts = [
        ("plan_ref", m.plan_ref.as_str()),
        ("statement", &m.statement),
        ("kind", &m.kind),
        ("unit", &m.unit),
        ("period", &m.period),
        ("baseline", baseline),
        ("target", &m.target),
        ("direction", &m.direction),
        ("min_evidence", &m.min_evidence),
        ("owner", &m.owner),
        ("approver", &m.approver),
        ("valid_from", &m.valid_from),
    ];
    for (name, text) in texts {
        if text.trim().is_empty() {
            faults.add(&place, "plan-missing-field", format!("{name} is missing"));
        }
    }
    match (&m.count, &m.model) {
        (Some(_), None) => {}
        (Some(_), Some(_)) => faults.add(&place, "plan-count-or-model", "it has a count and a model; keep one"),
        (None, model) => in_words(m, model.as_deref(), &place, faults),
    }
    if m.definition_version == 0 {
        faults.add(&place, "plan-missing-field", "definition_version is missing");
    }
}

/// The models that the program has.
const MODELS: [&str; 3] = ["exchanges", "combined-risk", "mitigated-before-attack"];

/// A measure that the program's own rules count says in words what they are.
fn in_words(m: &Measure, model: Option<&str>, place: &str, faults: &mut Faults) {
    if !model.is_some_and(|model| MODELS.contains(&model)) {
        let reason = format!("neither a count says what is counted, nor a model: one of {}", MODELS.join(", "));
        faults.add(place, "plan-count-or-model", reason);
    }
    for (name, text) in [("population", &m.population), ("numerator", &m.numerator)] {
        if text.trim().is_empty() {
            faults.add(place, "plan-missing-field", format!("{name} is missing"));
        }
    }
    if !m.numerator.trim().is_empty() && m.dedup_key.trim().is_empty() {
        faults.add(place, "plan-no-dedup-key", "a numerator without dedup_key counts doubles; name the key");
    }
    if m.needs.is_empty() {
        faults.add(place, "plan-missing-field", "needs is missing: name the event kinds it waits for");
    }
    if m.unit == "percent" && m.denominator.as_deref().is_none_or(|d| d.trim().is_empty()) {
        faults.add(place, "plan-missing-field", "denominator is missing: a percent measure says over what");
    }
}

fn values(plan: &Plan, m: &Measure, known: &BTreeSet<String>, faults: &mut Faults) {
    let place = format!("measure {}", m.id);
    if !m.id.starts_with(&format!("{}:", plan.head.prefix)) {
        faults.add(&place, "plan-id", format!("the id does not begin with {:?}", plan.head.prefix));
    }
    let mut among = |name: &str, value: &str, allowed: &[&str]| {
        if !value.is_empty() && !allowed.contains(&value) {
            faults.add(&place, "plan-value", format!("{name} is {value:?}; it may be {}", allowed.join(", ")));
        }
    };
    among("kind", &m.kind, &["computed", "recorded"]);
    among("period", &m.period, &["quarter"]);
    among("direction", &m.direction, &["up", "down"]);
    among("min_evidence", &m.min_evidence, &["E0", "E1", "E2", "E3", "E4"]);
    if let Some(baseline) = &m.baseline
        && let Err(why) = baseline.period.parse::<crate::period::Period>()
    {
        faults.add(&place, "plan-value", format!("baseline: {why}"));
    }
    if !m.valid_from.is_empty() && ledger::Micros::date(&m.valid_from).is_none() {
        faults.add(&place, "plan-value", format!("valid_from {:?} is not a date", m.valid_from));
    }
    for kind in m.needs.iter().filter(|k| !known.contains(k.as_str())) {
        faults.add(
            &place,
            "plan-unknown-kind",
            format!("needs {kind:?}, which nothing appends and no record declares"),
        );
    }
    let beside = |name: &String| m.count.as_ref().is_some_and(|text| text.contains(&format!("beside {name}:")));
    if let Some(name) = m.sample.as_ref().filter(|name| !beside(name)) {
        faults.add(&place, "plan-value", format!("sample is {name:?}, which nothing that stands beside is called"));
    }
    let shares = m.theta.iter().chain(&m.theta_forms).chain(&m.half);
    for share in shares.filter(|s| !(**s > 0.0 && **s <= 1.0)) {
        faults.add(&place, "plan-value", format!("{share} is not a share above 0 and up to 1"));
    }
    if m.quiet_days.is_some_and(|d| d < 1) {
        faults.add(&place, "plan-value", "quiet_days is not a positive number of days");
    }
}

/// Braces stand only around a parameter of the pack.
fn texts(plan: &Plan, faults: &mut Faults) {
    let mut check = |place: String, text: &str| {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else {
                faults.add(place.clone(), "plan-parameter", "a brace is not closed");
                return;
            };
            if !plan.params.contains_key(name) {
                faults.add(place.clone(), "plan-parameter", format!("{{{name}}} is not in [params]"));
            }
            rest = tail;
        }
    };
    for goal in &plan.goals {
        check(format!("goal {}", goal.id), &goal.title);
    }
    for objective in &plan.objectives {
        check(format!("objective {}", objective.id), &objective.title);
    }
    for enabling in &plan.enabling {
        check(format!("enabling {}", enabling.id), &enabling.statement);
    }
    let titles = plan.outcomes.iter().map(|o| (format!("outcome {}", o.id), &o.title));
    let titles = titles.chain(plan.actions.iter().map(|a| (format!("action {}", a.id), &a.title)));
    let named = [&plan.efforts, &plan.priorities, &plan.aims, &plan.criteria, &plan.factors];
    let named = named.into_iter().flatten().flat_map(|one| [(one.id.clone(), &one.title), (one.id.clone(), &one.asks)]);
    for (place, text) in titles.chain(named) {
        check(place, text);
    }
    for m in plan.all_measures() {
        for text in [&m.statement, &m.population, &m.numerator] {
            check(format!("measure {}", m.id), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::pack::join;
    use crate::shipped::{isp, packs};

    /// What records are in the shipped packs.
    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        catalogue.add(definition::definitions(&packs().unwrap()[2]).unwrap());
        catalogue
    }

    fn faults(text: &str) -> String {
        let report = lint(&Plan::parse(text).unwrap(), &catalogue());
        let lines: Vec<String> =
            report.faults.iter().map(|f| format!("{}: {} [{}]", f.place, f.reason, f.rule)).collect();
        lines.join("\n")
    }

    #[test]
    fn the_shipped_plan_has_its_numbers_and_no_fault() {
        let report = lint(&Plan::of(&isp()).unwrap(), &catalogue());
        let expected = Counts {
            goals: 3,
            objectives: 9,
            enabling: 10,
            measures: 20,
            alignments: 18,
            aligned: 14,
            indicators: 10,
            ..Counts::default()
        };
        assert_eq!(report.counts, expected);
        assert_eq!(report.faults, vec![]);
    }

    #[test]
    fn the_plan_of_2021_has_its_numbers_and_no_fault() {
        let report = lint(&Plan::of(&packs().unwrap()[0]).unwrap(), &catalogue());
        assert_eq!(report.faults, vec![]);
        let counts = report.counts;
        let found =
            (counts.efforts, counts.actions, counts.outcomes, counts.criteria, counts.factors, counts.priorities);
        assert_eq!(found, (4, 37, 16, 4, 4, 5));
        assert_eq!((counts.goals, counts.objectives, counts.aims), (4, 7, 7));
    }

    #[test]
    fn the_shipped_records_have_no_fault() {
        let definitions = definition::definitions(&packs().unwrap()[2]).unwrap();
        assert_eq!(definition::lint(&definitions, &Catalogue::default()), vec![]);
        assert_eq!(definitions.len(), 28);
    }

    #[test]
    fn thirteen_measures_are_recorded_and_six_are_shares() {
        let plan = Plan::of(&isp()).unwrap();
        assert_eq!(plan.measures.iter().filter(|m| m.kind == "recorded").count(), 13);
        assert_eq!(plan.measures.iter().filter(|m| m.unit == "percent").count(), 6);
    }

    #[test]
    fn finds_each_fault() {
        let broken = |from: &str, to: &str| {
            let text = join(&isp());
            assert!(text.contains(from), "{from}");
            faults(&text.replacen(from, to, 1))
        };
        assert_snapshot!(broken("dedup_key = \"partner, recommendation\"", ""),
            @"measure isp:2.1.3: a numerator without dedup_key counts doubles; name the key [plan-no-dedup-key]");
        assert_snapshot!(broken("needs = [\"expose.changed\", \"assure.priority\"]", "needs = [\"expose.changed\", \"assure.prority\"]"),
            @r##"measure isp:1.1.2: needs "assure.prority", which nothing appends and no record declares [plan-unknown-kind]"##);
        assert_snapshot!(broken("counting some entities where", "counting some entity where"), @r##"measure isp:1.1.1: count, line 6, column 15: an activity has no "entity"; it has reference, title, format, joint, held_on, partners, divisions, coordinated_by, coordinated_on, purposes, sectors, entities, series, outcome, minutes, and state, tags, evidence, confirmed_by [count-field]"##);
        assert_snapshot!(broken("once per actor, vulnerabilities\n", ""), @"measure isp:1.1.2: count, line 1, column 1: nothing says what makes two of them one: add `once per FIELD` [count-no-once]");
        assert_snapshot!(broken("serves = \"csp:4.3\"", "serves = \"csp:4.9\""),
            @r#"alignment 3.3 to csp:4.9: aligned objective "csp:4.9" is not in the pack [plan-dangling]"#);
        assert_snapshot!(broken("owner = \"workforce\"", ""),
            @"measure isp:em-3.3: owner is missing [plan-missing-field]");
        assert_snapshot!(broken("id = \"isp:3.3.2\"", "id = \"isp:3.3.1\""),
            @"measure isp:3.3.1: the id stands twice; give one of them another [plan-doubled-id]");
        assert_snapshot!(broken("theta = 0.8", "theta = 8.0"),
            @"measure isp:2.1.3: 8 is not a share above 0 and up to 1 [plan-value]");
        assert_snapshot!(broken("goals = 3", "goals = 4"), @"counts: goals: the pack says 4, it holds 3 [plan-count]");
        assert_snapshot!(broken("{home} depends on more", "{nation} depends on more"),
            @"goal 1: {nation} is not in [params] [plan-parameter]");
    }
}
