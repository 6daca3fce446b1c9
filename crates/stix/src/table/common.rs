//! Properties that types share (section 3.2), and the small objects within them.

use super::vocabulary as v;
use super::{Form, Kind, Prop, Shape, Target, Test, opt, req, rule};

pub(super) const TEXTS: Kind = Kind::List(&Kind::Text);
pub(super) const IDENTITY: Kind = Kind::Id(Target::Types(&["identity"]));
pub(super) const MARKINGS: Kind = Kind::List(&Kind::Id(Target::Types(&["marking-definition"])));
pub(super) const REFERENCES: Kind = Kind::List(&Kind::Object(&EXTERNAL_REFERENCE));
pub(super) const PHASES: Kind = Kind::List(&Kind::Object(&KILL_CHAIN_PHASE));
pub(super) const ANY_REFS: Kind = Kind::List(&Kind::Id(Target::Any));
/// Section 2.10.
pub(super) const INT: Kind = Kind::Int(-MAX_INT, MAX_INT);
pub(super) const NATURAL: Kind = Kind::Int(0, MAX_INT);
const MAX_INT: i64 = (1 << 53) - 1;

/// Section 2.5.
const EXTERNAL_REFERENCE: Shape = Shape {
    props: &[
        req("source_name", Kind::Text),
        opt("description", Kind::Text),
        opt("url", Kind::Text),
        opt("hashes", Kind::Hashes),
        opt("external_id", Kind::Text),
    ],
    rules: &[rule("external-reference", Test::AnyOf(&["external_id", "url", "description"]))],
};

/// Section 2.11.
const KILL_CHAIN_PHASE: Shape = Shape {
    props: &[req("kill_chain_name", Kind::Form(Form::PhaseName)), req("phase_name", Kind::Form(Form::PhaseName))],
    rules: &[],
};

/// Section 3.2 for domain objects and relationship objects.
pub(super) const VERSIONED: &[Prop] = &[
    req("type", Kind::Text),
    req("spec_version", Kind::Form(Form::SpecVersion)),
    req("id", Kind::Text),
    req("created", Kind::Time),
    req("modified", Kind::Time),
    opt("created_by_ref", IDENTITY),
    opt("object_marking_refs", MARKINGS),
    opt("external_references", REFERENCES),
    opt("revoked", Kind::Bool),
    opt("labels", TEXTS),
    opt("confidence", Kind::Int(0, 100)),
    opt("lang", Kind::Form(Form::Language)),
    opt("granular_markings", Kind::Granular),
    opt("extensions", Kind::Extensions),
    opt("severity", Kind::Reserved),
    opt("username", Kind::Reserved),
    opt("phone_number", Kind::Reserved),
    opt("action", Kind::Reserved),
];

/// Section 3.2 for observables.
pub(super) const OBSERVABLE: &[Prop] = &[
    req("type", Kind::Text),
    req("id", Kind::Text),
    opt("spec_version", Kind::Form(Form::SpecVersion)),
    opt("object_marking_refs", MARKINGS),
    opt("granular_markings", Kind::Granular),
    opt("defanged", Kind::Bool),
    opt("extensions", Kind::Extensions),
    opt("severity", Kind::Reserved),
    opt("username", Kind::Reserved),
    opt("phone_number", Kind::Reserved),
    opt("action", Kind::Reserved),
];

pub(super) const fn name() -> Prop {
    req("name", Kind::Text)
}

pub(super) const fn description() -> Prop {
    opt("description", Kind::Text)
}

pub(super) const fn aliases() -> Prop {
    opt("aliases", TEXTS)
}

pub(super) const fn phases() -> Prop {
    opt("kill_chain_phases", PHASES)
}

pub(super) const fn first_seen() -> Prop {
    opt("first_seen", Kind::Time)
}

pub(super) const fn last_seen() -> Prop {
    opt("last_seen", Kind::Time)
}

/// A list of values of an open vocabulary.
pub(super) const MOTIVATIONS: Kind = Kind::List(&Kind::Open(&v::ATTACK_MOTIVATION));
