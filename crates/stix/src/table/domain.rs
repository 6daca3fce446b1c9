//! The domain objects (section 4).

use super::common::{
    ANY_REFS, MOTIVATIONS, TEXTS, VERSIONED, aliases, description, first_seen, last_seen, name, phases,
};
use super::vocabulary as v;
use super::{Form, Kind, Prop, Rule, Shape, Target, Test, Type, opt, req, rule};
use crate::Class;

const SEEN: &[Rule] = &[rule("time-order", Test::NotBefore("first_seen", "last_seen"))];
const SOFTWARE: Kind = Kind::Id(Target::Types(&["software"]));
const SOFTWARES: Kind = Kind::List(&SOFTWARE);

const fn domain(name: &'static str, props: &'static [Prop], rules: &'static [Rule]) -> Type {
    Type {
        name,
        class: Class::Domain,
        common: VERSIONED,
        own: Shape { props, rules },
        extensions: &[],
        contributing: &[],
    }
}

pub(super) const TYPES: &[Type] = &[
    // 4.1.1
    domain("attack-pattern", &[name(), description(), aliases(), phases()], &[]),
    // 4.11.1
    domain(
        "malware",
        &[
            opt("name", Kind::Text),
            description(),
            opt("malware_types", Kind::List(&Kind::Open(&v::MALWARE_TYPE))),
            req("is_family", Kind::Bool),
            aliases(),
            phases(),
            first_seen(),
            last_seen(),
            opt("operating_system_refs", SOFTWARES),
            opt("architecture_execution_envs", Kind::List(&Kind::Open(&v::PROCESSOR_ARCHITECTURE))),
            opt("implementation_languages", Kind::List(&Kind::Open(&v::IMPLEMENTATION_LANGUAGE))),
            opt("capabilities", Kind::List(&Kind::Open(&v::MALWARE_CAPABILITIES))),
            opt("sample_refs", Kind::List(&Kind::Id(Target::Types(&["file", "artifact"])))),
        ],
        &[
            rule("malware-family-name", Test::FlagNeeds("is_family", true, "name")),
            rule("time-order", Test::NotBefore("first_seen", "last_seen")),
        ],
    ),
    // 4.3.1; the reserved `action` is among the common properties
    domain("course-of-action", &[name(), description()], &[]),
    // 4.9.1
    domain(
        "intrusion-set",
        &[
            name(),
            description(),
            aliases(),
            first_seen(),
            last_seen(),
            opt("goals", TEXTS),
            opt("resource_level", Kind::Open(&v::ATTACK_RESOURCE_LEVEL)),
            opt("primary_motivation", Kind::Open(&v::ATTACK_MOTIVATION)),
            opt("secondary_motivations", MOTIVATIONS),
        ],
        SEEN,
    ),
    // 4.18.1
    domain(
        "tool",
        &[
            name(),
            description(),
            opt("tool_types", Kind::List(&Kind::Open(&v::TOOL_TYPE))),
            aliases(),
            phases(),
            opt("tool_version", Kind::Text),
        ],
        &[],
    ),
    // 4.2.1
    domain(
        "campaign",
        &[name(), description(), aliases(), first_seen(), last_seen(), opt("objective", Kind::Text)],
        SEEN,
    ),
    // 4.7.1
    domain(
        "indicator",
        &[
            opt("name", Kind::Text),
            description(),
            opt("indicator_types", Kind::List(&Kind::Open(&v::INDICATOR_TYPE))),
            req("pattern", Kind::Text),
            req("pattern_type", Kind::Open(&v::PATTERN_TYPE)),
            opt("pattern_version", Kind::Text),
            req("valid_from", Kind::Time),
            opt("valid_until", Kind::Time),
            phases(),
        ],
        &[
            rule("time-order", Test::After("valid_from", "valid_until")),
            rule("indicator-unnamed", Test::Better(&["name"])),
            rule("indicator-undescribed", Test::Better(&["description"])),
        ],
    ),
    // 4.4.1
    domain(
        "grouping",
        &[name(), description(), req("context", Kind::Open(&v::GROUPING_CONTEXT)), req("object_refs", ANY_REFS)],
        &[],
    ),
    // 4.5.1
    domain(
        "identity",
        &[
            name(),
            description(),
            opt("roles", TEXTS),
            opt("identity_class", Kind::Open(&v::IDENTITY_CLASS)),
            opt("sectors", Kind::List(&Kind::Open(&v::INDUSTRY_SECTOR))),
            opt("contact_information", Kind::Text),
        ],
        &[],
    ),
    // 4.6.1
    domain("incident", &[name(), description()], &[]),
    // 4.8.1
    domain(
        "infrastructure",
        &[
            name(),
            description(),
            opt("infrastructure_types", Kind::List(&Kind::Open(&v::INFRASTRUCTURE_TYPE))),
            aliases(),
            phases(),
            first_seen(),
            last_seen(),
        ],
        SEEN,
    ),
    // 4.10
    domain(
        "location",
        &[
            opt("name", Kind::Text),
            description(),
            opt("latitude", Kind::Float(-90.0, 90.0)),
            opt("longitude", Kind::Float(-180.0, 180.0)),
            opt("precision", Kind::Float(f64::MIN, f64::MAX)),
            opt("region", Kind::Open(&v::REGION)),
            opt("country", Kind::Form(Form::Country)),
            opt("administrative_area", Kind::Text),
            opt("city", Kind::Text),
            opt("street_address", Kind::Text),
            opt("postal_code", Kind::Text),
        ],
        &[
            rule("location-coordinates", Test::Needs("latitude", &["longitude"])),
            rule("location-coordinates", Test::Needs("longitude", &["latitude"])),
            rule("location-coordinates", Test::Needs("precision", &["latitude", "longitude"])),
            rule("location-place", Test::AnyOf(&["region", "country", "latitude"])),
        ],
    ),
    // 4.12
    domain(
        "malware-analysis",
        &[
            req("product", Kind::Form(Form::Product)),
            opt("version", Kind::Text),
            opt("host_vm_ref", SOFTWARE),
            opt("operating_system_ref", SOFTWARE),
            opt("installed_software_refs", SOFTWARES),
            opt("configuration_version", Kind::Text),
            opt("modules", TEXTS),
            opt("analysis_engine_version", Kind::Text),
            opt("analysis_definition_version", Kind::Text),
            opt("submitted", Kind::Time),
            opt("analysis_started", Kind::Time),
            opt("analysis_ended", Kind::Time),
            opt("result_name", Kind::Text),
            opt("result", Kind::Open(&v::MALWARE_RESULT)),
            opt("analysis_sco_refs", Kind::List(&Kind::Id(Target::Observable))),
            opt("sample_ref", Kind::Id(Target::Types(&["file", "network-traffic", "artifact"]))),
        ],
        &[rule("malware-analysis-result", Test::AnyOf(&["result", "analysis_sco_refs"]))],
    ),
    // 4.13.1
    domain(
        "note",
        &[opt("abstract", Kind::Text), req("content", Kind::Text), opt("authors", TEXTS), req("object_refs", ANY_REFS)],
        &[],
    ),
    // 4.14
    domain(
        "observed-data",
        &[
            req("first_observed", Kind::Time),
            req("last_observed", Kind::Time),
            req("number_observed", Kind::Int(1, 999_999_999)),
            opt("objects", Kind::Container),
            opt("object_refs", Kind::List(&Kind::Id(Target::Observed))),
        ],
        &[
            rule("time-order", Test::NotBefore("first_observed", "last_observed")),
            rule("observed-data-objects", Test::NotBoth("objects", "object_refs")),
            rule("observed-data-objects", Test::AnyOf(&["object_refs", "objects"])),
        ],
    ),
    // 4.15.1
    domain(
        "opinion",
        &[
            opt("explanation", Kind::Text),
            opt("authors", TEXTS),
            req("opinion", Kind::Enum(&v::OPINION)),
            req("object_refs", ANY_REFS),
        ],
        &[],
    ),
    // 4.16.1
    domain(
        "report",
        &[
            name(),
            description(),
            opt("report_types", Kind::List(&Kind::Open(&v::REPORT_TYPE))),
            req("published", Kind::Time),
            req("object_refs", ANY_REFS),
        ],
        &[],
    ),
    // 4.17.1
    domain(
        "threat-actor",
        &[
            name(),
            description(),
            opt("threat_actor_types", Kind::List(&Kind::Open(&v::THREAT_ACTOR_TYPE))),
            aliases(),
            first_seen(),
            last_seen(),
            opt("roles", Kind::List(&Kind::Open(&v::THREAT_ACTOR_ROLE))),
            opt("goals", TEXTS),
            opt("sophistication", Kind::Open(&v::THREAT_ACTOR_SOPHISTICATION)),
            opt("resource_level", Kind::Open(&v::ATTACK_RESOURCE_LEVEL)),
            opt("primary_motivation", Kind::Open(&v::ATTACK_MOTIVATION)),
            opt("secondary_motivations", MOTIVATIONS),
            opt("personal_motivations", MOTIVATIONS),
        ],
        SEEN,
    ),
    // 4.19.1
    domain("vulnerability", &[name(), description()], &[]),
];
