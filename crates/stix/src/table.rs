//! What the standard says of each type, as data: properties, kinds of value, targets of references, vocabularies, rules between
//! properties. [`crate::check`] runs it.
//!
//! Only data and its lookup. A property that is not here is custom, and so is a type that is not here.

mod common;
mod domain;
mod extension;
mod meta;
mod observable;
mod relation;
mod vocabulary;

pub(crate) use meta::{BUNDLE_NAME, STATEMENT};
pub(crate) use relation::listed as relation_listed;
pub(crate) use vocabulary::{EXTENSION_TYPE, HASH_ALGORITHM, Vocabulary};

use crate::Class;

/// The kind of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Any string (section 2.15).
    Text,
    /// A string of a certain form.
    Form(Form),
    Bool,
    /// A whole number between the two, both within ±(2^53 - 1) (section 2.10).
    Int(i64, i64),
    /// A number between the two (section 2.6).
    Float(f64, f64),
    /// Section 2.16.
    Time,
    /// A timestamp without a part of a second (section 6.7.6).
    TimeToSecond,
    /// Section 2.8.
    Hex,
    /// Section 2.1.
    Binary,
    /// An identifier that names one of these (section 2.9).
    Id(Target),
    /// A closed vocabulary: other values are refused (section 2.4).
    Enum(&'static Vocabulary),
    /// An open vocabulary: other values are warned of (section 2.14).
    Open(&'static Vocabulary),
    /// At least one of them (section 2.12).
    List(&'static Kind),
    /// Section 2.7.
    Hashes,
    /// At least one key (section 2.3), with values of the kind.
    Dict(&'static Kind),
    /// A string, or a list of strings as later texts of the standard have it.
    Header,
    /// Whole number or string.
    IntOrText,
    /// Anything that the standard has a type for.
    Any,
    /// An object with properties of its own.
    Object(&'static Shape),
    /// `extensions`.
    Extensions,
    /// `granular_markings`.
    Granular,
    /// `objects` of an observed-data (section 2.13).
    Container,
    /// `contents` of a language-content (section 7.1.1).
    Contents,
    /// Reserved for a later version (section 3.8).
    Reserved,
}

/// A form of a string that the standard takes from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    SpecVersion,
    /// RFC 5646.
    Language,
    /// Section 5.1.2: `[a-z0-9-]+`.
    RelationshipType,
    /// The name of a character set (RFC 2978 section 2.3).
    Encoding,
    /// A domain name (RFC 1034, RFC 5890).
    Domain,
    /// A URL (RFC 3986 section 1.1.3).
    Url,
    /// Section 6.10.1.
    Mac,
    Ipv4,
    Ipv6,
    /// An addr-spec without a display name (section 6.5.1).
    Email,
    /// A header that was decoded (section 6.6).
    Decoded,
    /// CPE 2.3, the formatted string.
    Cpe,
    /// A registry key with its hive written out (section 6.17.1).
    RegistryKey,
    /// All lower case, hyphens between words (section 2.11).
    PhaseName,
    /// A product in lower case, hyphens between words (section 4.12.1).
    Product,
    /// ISO 3166-1 alpha-2.
    Country,
    /// `type/subtype`.
    Mime,
    /// Ends in `_CLASS` (section 6.13.2).
    PriorityClass,
}

/// Which types a reference may name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// Any object of STIX.
    Any,
    /// One of these types and no other.
    Types(&'static [&'static str]),
    /// A domain object, or a custom one.
    Domain,
    /// An observable, or a custom one.
    Observable,
    /// A domain object, an observable, or a custom one.
    Node,
    /// An observable, a relationship or sighting, or a custom one.
    Observed,
}

/// One property.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prop {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// A required property.
const fn req(name: &'static str, kind: Kind) -> Prop {
    Prop { name, kind, required: true }
}

/// An optional property.
const fn opt(name: &'static str, kind: Kind) -> Prop {
    Prop { name, kind, required: false }
}

/// A set of properties and the rules between them. At most 64 properties: the checker marks them in one word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) props: &'static [Prop],
    pub(crate) rules: &'static [Rule],
}

/// A rule between properties of one object, with its stable code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) code: &'static str,
    pub(crate) test: Test,
}

const fn rule(code: &'static str, test: Test) -> Rule {
    Rule { code, test }
}

/// What a rule demands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Test {
    /// At least one of these is there.
    AnyOf(&'static [&'static str]),
    /// Not both.
    NotBoth(&'static str, &'static str),
    /// Where the first is, the others are.
    Needs(&'static str, &'static [&'static str]),
    /// The second timestamp is not before the first.
    NotBefore(&'static str, &'static str),
    /// The second timestamp is after the first.
    After(&'static str, &'static str),
    /// Where the boolean has this value, the other is there.
    FlagNeeds(&'static str, bool, &'static str),
    /// Where the boolean has this value, the other is not there.
    FlagForbids(&'static str, bool, &'static str),
    /// At least so many of the properties of this shape are there.
    AtLeast(usize),
    /// At least one of the properties of this shape, or an extension.
    AtLeastOneOrExtension,
    /// Only a warning: at least one of these would be there.
    Better(&'static [&'static str]),
}

/// One type of object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Type {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    /// The properties that its class shares.
    pub(crate) common: &'static [Prop],
    /// Its own.
    pub(crate) own: Shape,
    /// The extensions that the standard defines for it.
    pub(crate) extensions: &'static [(&'static str, &'static Shape)],
    /// For an observable, the properties that its deterministic id is made of (section 3.4).
    pub(crate) contributing: &'static [&'static str],
}

const LISTS: [&[Type]; 3] = [domain::TYPES, observable::TYPES, meta::TYPES];

/// The type of this name, if the standard defines it.
pub(crate) fn find(name: &str) -> Option<&'static Type> {
    // most of what is exchanged are relationships, and the types of their ends stand first in their lists
    if name == "relationship" {
        return meta::TYPES.first();
    }
    for list in LISTS {
        for of in list {
            if of.name == name {
                return Some(of);
            }
        }
    }
    None
}

#[cfg(test)]
impl Type {
    /// A property by its name: of the type, else of its class.
    pub(crate) fn prop(&self, name: &str) -> Option<&'static Prop> {
        self.own.props.iter().chain(self.common).find(|p| p.name == name)
    }
}

/// All types, for the tests.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static Type> {
    LISTS.iter().flat_map(|list| list.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(find("relationship").map(|t| t.name), Some("relationship"));
        let count = |class| all().filter(|t| t.class == class).count();
        // sections 4 to 7; malware-analysis makes nineteen domain objects
        assert_eq!(
            (count(Class::Domain), count(Class::Observable), count(Class::Relationship), count(Class::Meta)),
            (19, 18, 2, 3)
        );
        for t in all() {
            let names: Vec<_> = t.own.props.iter().chain(t.common).map(|p| p.name).collect();
            let mut unique = names.clone();
            unique.sort_unstable();
            unique.dedup();
            assert!(names.len() == unique.len() && names.len() <= 64, "{} {names:?}", t.name);
            for rule in t.own.rules {
                check_names(t, rule);
            }
            assert!(t.contributing.iter().all(|name| t.prop(name).is_some()), "{}", t.name);
        }
    }

    #[track_caller]
    fn check_names(t: &Type, rule: &Rule) {
        let names: Vec<&str> = match rule.test {
            Test::AnyOf(names) | Test::Better(names) => names.to_vec(),
            Test::Needs(first, rest) => [&[first], rest].concat(),
            Test::NotBoth(a, b) | Test::NotBefore(a, b) | Test::After(a, b) => vec![a, b],
            Test::FlagNeeds(a, _, b) | Test::FlagForbids(a, _, b) => vec![a, b],
            Test::AtLeast(_) | Test::AtLeastOneOrExtension => vec![],
        };
        assert!(names.iter().all(|name| t.prop(name).is_some()), "{} {rule:?}", t.name);
    }
}
