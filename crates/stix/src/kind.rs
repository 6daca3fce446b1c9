//! The class of an object type. What the standard says of each type stands in [`crate::table`].

use crate::table;

/// The class of a type (STIX 2.1 section 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A domain object: attack-pattern, malware, …
    Domain,
    /// relationship and sighting.
    Relationship,
    /// A cyber-observable object; it has no versions.
    Observable,
    /// marking-definition, language-content, extension-definition.
    Meta,
    /// A type that the standard does not define.
    Custom,
}

impl Class {
    /// The class of a type by its name.
    pub fn of(kind: &str) -> Class {
        table::find(kind).map_or(Class::Custom, |of| of.class)
    }

    /// Whether the standard versions objects of this class by `modified` (section 3.6). Custom objects may.
    pub fn is_versioned(self) -> bool {
        matches!(self, Class::Domain | Class::Relationship | Class::Meta)
    }
}
