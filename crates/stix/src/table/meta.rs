//! Relationship objects (section 5) and meta objects (section 7). The relationship stands first: most of what is exchanged are those.

use super::common::{IDENTITY, MARKINGS, REFERENCES, TEXTS, VERSIONED, description, first_seen, last_seen, name};
use super::vocabulary as v;
use super::{Form, Kind, Prop, Shape, Target, Test, Type, opt, req, rule};
use crate::Class;

/// The type of a bundle, which is no object (section 8).
pub(crate) const BUNDLE_NAME: &str = "bundle";

/// `definition` of a statement marking (section 7.2.1.3).
pub(crate) const STATEMENT: Shape = Shape { props: &[req("statement", Kind::Text)], rules: &[] };

/// Section 7.2.1: a marking-definition is never versioned.
const OF_MARKING: &[Prop] = &[
    req("type", Kind::Text),
    req("spec_version", Kind::Form(Form::SpecVersion)),
    req("id", Kind::Text),
    req("created", Kind::Time),
    opt("created_by_ref", IDENTITY),
    opt("external_references", REFERENCES),
    opt("object_marking_refs", MARKINGS),
    opt("granular_markings", Kind::Granular),
    opt("extensions", Kind::Extensions),
    opt("severity", Kind::Reserved),
    opt("username", Kind::Reserved),
    opt("phone_number", Kind::Reserved),
    opt("action", Kind::Reserved),
];

/// Section 7.3.1: the creator is required.
const OF_EXTENSION: &[Prop] = &[
    req("type", Kind::Text),
    req("spec_version", Kind::Form(Form::SpecVersion)),
    req("id", Kind::Text),
    req("created", Kind::Time),
    req("modified", Kind::Time),
    req("created_by_ref", IDENTITY),
    opt("revoked", Kind::Bool),
    opt("labels", TEXTS),
    opt("external_references", REFERENCES),
    opt("object_marking_refs", MARKINGS),
    opt("granular_markings", Kind::Granular),
    opt("severity", Kind::Reserved),
    opt("username", Kind::Reserved),
    opt("phone_number", Kind::Reserved),
    opt("action", Kind::Reserved),
];

/// Section 7.1.1: it has no `lang` of its own.
const OF_LANGUAGE: &[Prop] = &[
    req("type", Kind::Text),
    req("spec_version", Kind::Form(Form::SpecVersion)),
    req("id", Kind::Text),
    req("created", Kind::Time),
    req("modified", Kind::Time),
    opt("created_by_ref", IDENTITY),
    opt("revoked", Kind::Bool),
    opt("labels", TEXTS),
    opt("confidence", Kind::Int(0, 100)),
    opt("external_references", REFERENCES),
    opt("object_marking_refs", MARKINGS),
    opt("granular_markings", Kind::Granular),
    opt("extensions", Kind::Extensions),
    opt("severity", Kind::Reserved),
    opt("username", Kind::Reserved),
    opt("phone_number", Kind::Reserved),
    opt("action", Kind::Reserved),
];

pub(super) const TYPES: &[Type] = &[
    // 5.1.2
    Type {
        name: "relationship",
        class: Class::Relationship,
        common: VERSIONED,
        own: Shape {
            props: &[
                req("relationship_type", Kind::Form(Form::RelationshipType)),
                description(),
                req("source_ref", Kind::Id(Target::Node)),
                req("target_ref", Kind::Id(Target::Node)),
                opt("start_time", Kind::Time),
                opt("stop_time", Kind::Time),
            ],
            rules: &[rule("time-order", Test::After("start_time", "stop_time"))],
        },
        extensions: &[],
        contributing: &[],
    },
    // 5.2.1; `summary` is a boolean in the published standard, its Markdown copy says string
    Type {
        name: "sighting",
        class: Class::Relationship,
        common: VERSIONED,
        own: Shape {
            props: &[
                description(),
                first_seen(),
                last_seen(),
                opt("count", Kind::Int(0, 999_999_999)),
                req("sighting_of_ref", Kind::Id(Target::Domain)),
                opt("observed_data_refs", Kind::List(&Kind::Id(Target::Types(&["observed-data"])))),
                opt("where_sighted_refs", Kind::List(&Kind::Id(Target::Types(&["identity", "location"])))),
                opt("summary", Kind::Bool),
            ],
            rules: &[rule("time-order", Test::NotBefore("first_seen", "last_seen"))],
        },
        extensions: &[],
        contributing: &[],
    },
    // 7.2.1
    Type {
        name: "marking-definition",
        class: Class::Meta,
        common: OF_MARKING,
        own: Shape {
            props: &[
                opt("name", Kind::Text),
                opt("definition_type", Kind::Open(&v::MARKING_TYPE)),
                // its own shape depends on `definition_type` and is checked there
                opt("definition", Kind::Any),
            ],
            rules: &[
                rule("marking-definition", Test::AnyOf(&["definition_type", "extensions"])),
                rule("marking-definition", Test::AnyOf(&["definition", "extensions"])),
            ],
        },
        extensions: &[],
        contributing: &[],
    },
    // 7.3.1
    Type {
        name: "extension-definition",
        class: Class::Meta,
        common: OF_EXTENSION,
        own: Shape {
            props: &[
                name(),
                description(),
                req("schema", Kind::Text),
                req("version", Kind::Text),
                req("extension_types", Kind::List(&Kind::Enum(&v::EXTENSION_TYPE))),
                opt("extension_properties", TEXTS),
            ],
            rules: &[rule("extension-undescribed", Test::Better(&["description"]))],
        },
        extensions: &[],
        contributing: &[],
    },
    // 7.1.1
    Type {
        name: "language-content",
        class: Class::Meta,
        common: OF_LANGUAGE,
        own: Shape {
            props: &[
                req("object_ref", Kind::Id(Target::Any)),
                opt("object_modified", Kind::Time),
                req("contents", Kind::Contents),
            ],
            rules: &[],
        },
        extensions: &[],
        contributing: &[],
    },
];
