//! Data markings (STIX 2.1 section 7.2): their form, what they mean as TLP, and the terms they carry ([`terms`], [`acs`]).
//!
//! Where a marking-definition is held is not known here: [`resolve`] asks its caller.

pub mod acs;
pub mod terms;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::tlp::{self, ById, TLP1, TLP2_EXTENSION, Tlp};
use crate::{Fault, Head, Text, Timestamp, id};

pub use acs::{ACS_EXTENSION, Acs};
pub use terms::{TERMS_EXTENSION, Terms};

/// What a marking-definition object means.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meaning {
    /// Its TLP label, if it has to do with TLP at all.
    pub tlp: Option<Tlp>,
    /// Why the label is stricter than it may look: a contradiction, an unknown label, an access control policy.
    pub report: Option<String>,
    /// What it asks beside a label.
    pub terms: Terms,
}

/// The effect of all markings of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// The strictest label of those that are known, granular markings included; `None` for unmarked content.
    pub tlp: Option<Tlp>,
    /// References whose definition is not held: the object counts as RED until it is.
    pub unresolved: Vec<String>,
    /// What was strange about the markings.
    pub reports: Vec<String>,
}

impl Resolved {
    /// The label that counts now: RED as long as one marking is not held.
    pub fn effective(&self) -> Option<Tlp> {
        if self.unresolved.is_empty() { self.tlp } else { Some(Tlp::Red) }
    }
}

/// One granular marking.
#[derive(Debug, Deserialize)]
struct Granular<'a> {
    #[serde(borrow, default)]
    lang: Option<Text<'a>>,
    #[serde(borrow, default)]
    marking_ref: Option<Text<'a>>,
    #[serde(borrow, default)]
    selectors: Vec<Text<'a>>,
}

/// Checks the markings of one object against section 7.2.
pub fn check(head: &Head<'_>, bytes: &[u8]) -> Result<(), Fault> {
    let is_definition = &*head.kind == "marking-definition";
    for (i, reference) in head.marking_refs.iter().enumerate() {
        check_ref(head, reference).map_err(|fault| fault.below(&format!("/object_marking_refs/{i}")))?;
    }
    let granular = granular(head)?;
    if !granular.is_empty() {
        let object: Value = serde_json::from_slice(bytes).map_err(|e| Fault::new("json-syntax", "", e.to_string()))?;
        for (i, marking) in granular.iter().enumerate() {
            check_granular(head, marking, &object, &format!("/granular_markings/{i}"))?;
        }
    }
    if !is_definition {
        return Ok(());
    }
    check_tlp1(head)?;
    check_fixed(head)
}

/// Section 3.2: marking references name marking-definitions; a definition never marks itself (section 7.2.1).
fn check_ref(head: &Head<'_>, reference: &str) -> Result<(), Fault> {
    id::check(reference, "marking-definition").map_err(|reason| Fault::new("marking-ref", "", reason))?;
    if &*head.kind == "marking-definition" && reference == &*head.id {
        return Err(Fault::new("marking-circular", "", "a marking-definition must not mark itself"));
    }
    Ok(())
}

fn granular<'a>(head: &Head<'a>) -> Result<Vec<Granular<'a>>, Fault> {
    let Some(raw) = head.granular else { return Ok(Vec::new()) };
    serde_json::from_str(raw.get()).map_err(|_| {
        Fault::new("wrong-type", "/granular_markings", "`granular_markings` must be an array of granular markings")
    })
}

/// Section 7.2.3: exactly one of `lang` and `marking_ref`; each selector is well formed and selects something.
fn check_granular(head: &Head<'_>, marking: &Granular<'_>, object: &Value, place: &str) -> Result<(), Fault> {
    match (&marking.lang, &marking.marking_ref) {
        (Some(_), None) => {}
        (None, Some(reference)) => {
            check_ref(head, reference).map_err(|fault| fault.below(&format!("{place}/marking_ref")))?;
        }
        _ => {
            return Err(Fault::new(
                "granular-marking",
                place,
                "a granular marking has exactly one of `lang` and `marking_ref`",
            ));
        }
    }
    if marking.selectors.is_empty() {
        return Err(Fault::new(
            "granular-marking",
            format!("{place}/selectors"),
            "a granular marking needs at least one selector",
        ));
    }
    for (i, selector) in marking.selectors.iter().enumerate() {
        let place = || format!("{place}/selectors/{i}");
        let Some(steps) = selector_steps(selector) else {
            let reason =
                format!("`{}` is not a selector: write it like `external_references.[0].url`", id::cut(selector));
            return Err(Fault::new("selector-syntax", place(), reason));
        };
        if !selects(object, &steps) {
            let reason = format!("`{}` selects nothing in this object", id::cut(selector));
            return Err(Fault::new("selector-unresolved", place(), reason));
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The syntax of section 7.2.3.1: property names and `[n]`, joined by points, a property name first.
fn selector_steps(selector: &str) -> Option<Vec<Step<'_>>> {
    let steps: Vec<Step<'_>> = selector.split('.').map(selector_step).collect::<Option<_>>()?;
    matches!(steps.first(), Some(Step::Key(_))).then_some(steps)
}

fn selector_step(text: &str) -> Option<Step<'_>> {
    if let Some(number) = text.strip_prefix('[') {
        let number = number.strip_suffix(']')?;
        let plain = number.bytes().all(|b| b.is_ascii_digit()) && (number == "0" || !number.starts_with('0'));
        return plain.then(|| number.parse().ok()).flatten().map(Step::Index);
    }
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (fits && (1..=250).contains(&text.len())).then_some(Step::Key(text))
}

fn selects(object: &Value, steps: &[Step<'_>]) -> bool {
    let mut at = object;
    for step in steps {
        let next = match step {
            Step::Key(key) => at.as_object().and_then(|map| map.get(*key)),
            Step::Index(index) => at.as_array().and_then(|list| list.get(*index)),
        };
        match next {
            Some(value) => at = value,
            None => return false,
        }
    }
    true
}

/// Section 7.2.1.4: TLP 1 exists as four fixed instances and in no other form.
fn check_tlp1(head: &Head<'_>) -> Result<(), Fault> {
    let fixed = TLP1.iter().find(|(id, ..)| head.id.eq_ignore_ascii_case(id));
    // some products write `TLP` in capitals for labels of their own: that is not the `tlp` of the standard, and is resolved by name
    let is_tlp1 = head.definition_type.as_deref() == Some("tlp");
    let label = definition_label(head);
    match fixed {
        None if is_tlp1 => {
            let reason =
                "markings of TLP 1 are the four instances of STIX 2.1 section 7.2.1.4: refer to one of these by its id";
            Err(Fault::new("tlp1-instance", "/id", reason))
        }
        Some((_, expected, _)) => {
            let instant = Timestamp::parse("2017-01-20T00:00:00Z").ok();
            let created = head.created.as_deref().and_then(|text| Timestamp::parse(text).ok());
            // one widespread product sends these ids with its own writing of the same label
            let same_label = label.as_deref().is_some_and(|label| label.parse() == expected.parse::<Tlp>());
            let fixed = if is_tlp1 { label.as_deref() == Some(*expected) && created == instant } else { same_label };
            if !fixed {
                let reason = format!(
                    "this id is the fixed instance of TLP:{}: send it as the standard has it",
                    expected.to_uppercase()
                );
                return Err(Fault::new("tlp1-instance", "/definition", reason));
            }
            Ok(())
        }
        None => Ok(()),
    }
}

/// The label under `definition.tlp`, in whatever case the key is written.
fn definition_label(head: &Head<'_>) -> Option<String> {
    let definition: BTreeMap<String, Value> = serde_json::from_str(head.definition?.get()).ok()?;
    definition
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("tlp"))
        .and_then(|(_, label)| label.as_str().map(str::to_owned))
}

fn extensions(head: &Head<'_>) -> BTreeMap<String, Value> {
    head.extensions.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// The labels that a definition claims, with where it does; `None` for one that does not exist.
fn labels(head: &Head<'_>, extensions: &BTreeMap<String, Value>) -> Vec<(&'static str, Option<Tlp>)> {
    let mut said: Vec<(&str, Option<Tlp>)> = Vec::new();
    match tlp::by_id(&head.id) {
        ById::Known(tlp) => said.push(("id", Some(tlp))),
        ById::Lookalike => said.push(("id", None)),
        ById::Other => {}
    }
    if let Some(extension) = extensions.get(TLP2_EXTENSION) {
        let label = extension.get("tlp_2_0").and_then(Value::as_str).unwrap_or("");
        said.push(("extension", label.parse().ok()));
    }
    if head.definition_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("tlp")) {
        said.push(("definition", definition_label(head).and_then(|label| label.parse().ok())));
    }
    if let Some(name) = head.name.as_deref().filter(|name| tlp::looks_like_tlp(name)) {
        said.push(("name", name.parse().ok()));
    }
    said
}

/// A definition under the id of a fixed instance (section 7.2.1.4 for TLP 1, the common object repository of OASIS for TLP 2.0) says nothing
/// but its label: everybody knows it by its id, so whatever else stood in it would be believed by some and not by others.
fn check_fixed(head: &Head<'_>) -> Result<(), Fault> {
    let ById::Known(tlp) = tlp::by_id(&head.id) else { return Ok(()) };
    let extensions = extensions(head);
    let fixed = |place: &str, why: &str| {
        let reason = format!("this id is the fixed instance of TLP:{tlp}, {why}: send it as the standard has it");
        Err(Fault::new("tlp-instance", place, reason))
    };
    if let Some((place, _)) = labels(head, &extensions).into_iter().find(|(_, label)| *label != Some(tlp)) {
        let place = if place == "extension" { "extensions" } else { place };
        return fixed(&format!("/{place}"), "and here it says otherwise");
    }
    if extensions
        .keys()
        .any(|key| [ACS_EXTENSION, TERMS_EXTENSION].iter().any(|closed| key.eq_ignore_ascii_case(closed)))
    {
        return fixed("/extensions", "which asks nothing beside its label");
    }
    if !head.marking_refs.is_empty() || head.granular.is_some() {
        return fixed("/object_marking_refs", "which is public");
    }
    Ok(())
}

/// What a marking-definition means: the table of ids, the extension of TLP 2.0, the definition and the name are asked together. Where
/// two of them differ, or one claims a label that does not exist, the meaning is the strictest label and a report.
pub fn meaning(head: &Head<'_>) -> Meaning {
    // what a fixed instance means no text of it changes
    if let ById::Known(tlp) = tlp::by_id(&head.id) {
        return Meaning { tlp: Some(tlp), ..Meaning::default() };
    }
    let extensions = extensions(head);
    let said = labels(head, &extensions);
    let mut terms = Terms::default();
    let (mut acs, mut floor) = (None, None);
    for (_, value) in extensions.iter().filter(|(key, _)| key.eq_ignore_ascii_case(ACS_EXTENSION)) {
        let policy = Acs::read(value);
        (acs, floor) = match &policy.closed {
            None => (Some("at least AMBER+STRICT"), floor.max(Some(Tlp::AmberStrict))),
            Some(_) => (Some("RED"), Some(Tlp::Red)),
        };
        terms.acs.insert(policy);
    }
    for (_, value) in extensions.iter().filter(|(key, _)| key.eq_ignore_ascii_case(TERMS_EXTENSION)) {
        terms.join(&Terms::read(value));
    }
    let first = said.first().map(|(_, tlp)| *tlp);
    let agree = said.iter().all(|(_, tlp)| tlp.is_some() && Some(*tlp) == first);
    let (tlp, report) = match (agree, acs) {
        (true, None) => (first.flatten(), None),
        (true, Some(level)) => {
            let report = format!("{} carries an access control policy, judged strictly: treated as {level}", head.id);
            (first.flatten().max(floor), Some(report))
        }
        (false, _) => {
            let parts: Vec<String> =
                said.iter().map(|(by, tlp)| format!("{by} {}", tlp.map_or("unknown", Tlp::label))).collect();
            let report = format!("{} contradicts itself as TLP ({}): treated as RED", head.id, parts.join(", "));
            (Some(Tlp::Red), Some(report))
        }
    };
    Meaning { tlp, report, terms }
}

/// One granular marking and the properties it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The selector, as written (section 7.2.3.1).
    pub selector: String,
    /// The marking-definition.
    pub marking: String,
}

/// The properties of an object that carry a marking of their own, in the order of the object. Languages are no markings.
pub fn parts(head: &Head<'_>) -> Vec<Part> {
    let granular = granular(head).unwrap_or_default().into_iter();
    let of = |g: Granular<'_>| {
        let marking = g.marking_ref.map(|m| m.to_string());
        g.selectors
            .into_iter()
            .filter_map(move |s| Some(Part { selector: s.into_string(), marking: marking.clone()? }))
            .collect::<Vec<_>>()
    };
    granular.flat_map(of).collect()
}

/// All marking references of an object, those of granular markings included, each once. On release the strictest counts for the whole.
pub fn references<'a>(head: &Head<'a>) -> Vec<Text<'a>> {
    let mut all = head.marking_refs.clone();
    if head.granular.is_some() {
        all.extend(granular(head).unwrap_or_default().into_iter().filter_map(|marking| marking.marking_ref));
    }
    let mut seen = BTreeSet::new();
    all.retain(|reference| seen.insert(reference.to_string()));
    all
}

/// The effect of the markings of an object. `held` gives the meaning of a definition that is at hand.
pub fn resolve(head: &Head<'_>, held: impl Fn(&str) -> Option<Meaning>) -> Resolved {
    let mut out = Resolved::default();
    // the definitions of the standard say nothing that is not public
    let public = &*head.kind == "marking-definition" && matches!(tlp::by_id(&head.id), ById::Known(_));
    let mut own = public.then_some(Tlp::Clear);
    for reference in references(head) {
        let tlp = match (held(&reference), tlp::by_id(&reference)) {
            (Some(meaning), _) => {
                out.reports.extend(meaning.report);
                meaning.tlp
            }
            (None, ById::Known(tlp)) => Some(tlp),
            (None, ById::Lookalike) => {
                out.reports.push(format!("{reference} looks like a TLP marking and is none: treated as RED"));
                Some(Tlp::Red)
            }
            (None, ById::Other) => {
                out.unresolved.push(reference.into_string());
                None
            }
        };
        own = own.max(tlp);
    }
    out.tlp = own;
    out
}

/// The marking-definitions that mark themselves through others (section 7.2.1): every id on a circle. `refs` gives the references of
/// each definition at hand. Kosaraju's two walks: linear, since whoever gives a document chooses how it hangs together.
pub fn circular(refs: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let numbers: BTreeMap<&str, usize> = refs.keys().enumerate().map(|(n, id)| (id.as_str(), n)).collect();
    let to: Vec<Vec<usize>> =
        refs.values().map(|to| to.iter().filter_map(|id| numbers.get(id.as_str()).copied()).collect()).collect();
    let mut from: Vec<Vec<usize>> = vec![Vec::new(); to.len()];
    for (n, to) in to.iter().enumerate() {
        for at in to {
            if let Some(from) = from.get_mut(*at) {
                from.push(n);
            }
        }
    }
    let (mut finished, mut met) = (Vec::new(), vec![false; to.len()]);
    (0..to.len()).for_each(|start| walk(&to, start, &mut met, &mut finished));
    let (mut on_circle, mut met) = (BTreeSet::new(), vec![false; to.len()]);
    for start in finished.into_iter().rev() {
        let mut part = Vec::new();
        walk(&from, start, &mut met, &mut part);
        let marks_itself = to.get(start).is_some_and(|to| to.contains(&start));
        if part.len() > 1 || (part.len() == 1 && marks_itself) {
            on_circle.extend(part);
        }
    }
    refs.keys().enumerate().filter(|(n, _)| on_circle.contains(n)).map(|(_, id)| id.clone()).collect()
}

/// Adds what is reached from `start` and was not met before, each after all that it leads to.
fn walk(to: &[Vec<usize>], start: usize, met: &mut [bool], finished: &mut Vec<usize>) {
    let enter = |n: usize, met: &mut [bool]| met.get_mut(n).is_some_and(|met| !std::mem::replace(met, true));
    if !enter(start, met) {
        return;
    }
    let mut open = vec![(start, 0)];
    while let Some((n, edge)) = open.last_mut() {
        match to.get(*n).and_then(|to| to.get(*edge)).copied() {
            Some(next) => {
                *edge += 1;
                if enter(next, met) {
                    open.push((next, 0));
                }
            }
            None => {
                finished.push(*n);
                open.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests;
