//! What the standard knows of each object type: its class, and which of its properties are timestamps.

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

const DOMAIN: [&str; 19] = [
    "attack-pattern",
    "campaign",
    "course-of-action",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "location",
    "malware",
    "malware-analysis",
    "note",
    "observed-data",
    "opinion",
    "report",
    "threat-actor",
    "tool",
    "vulnerability",
];

const OBSERVABLE: [&str; 18] = [
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

impl Class {
    /// The class of a type by its name.
    pub fn of(kind: &str) -> Class {
        match kind {
            "relationship" | "sighting" => Class::Relationship,
            "marking-definition" | "language-content" | "extension-definition" => Class::Meta,
            kind if DOMAIN.contains(&kind) => Class::Domain,
            kind if OBSERVABLE.contains(&kind) => Class::Observable,
            _ => Class::Custom,
        }
    }

    /// Whether the standard versions objects of this class by `modified` (section 3.6). Custom objects may.
    pub fn is_versioned(self) -> bool {
        matches!(self, Class::Domain | Class::Relationship | Class::Meta)
    }
}

/// Whether `property` of an object of type `kind` is a timestamp by the standard. `created` and `modified` are so on every object.
pub fn is_timestamp(kind: &str, property: &str) -> bool {
    if matches!(property, "created" | "modified") {
        return true;
    }
    let of_kind: &[&str] = match kind {
        "indicator" => &["valid_from", "valid_until"],
        "campaign" | "infrastructure" | "intrusion-set" | "malware" | "threat-actor" | "sighting" => {
            &["first_seen", "last_seen"]
        }
        "malware-analysis" => &["submitted", "analysis_started", "analysis_ended"],
        "observed-data" => &["first_observed", "last_observed"],
        "relationship" => &["start_time", "stop_time"],
        "report" => &["published"],
        "language-content" => &["object_modified"],
        "directory" | "file" => &["ctime", "mtime", "atime"],
        "email-message" => &["date"],
        "network-traffic" => &["start", "end"],
        "process" => &["created_time"],
        "user-account" => &[
            "account_created",
            "account_expires",
            "credential_last_changed",
            "account_first_login",
            "account_last_login",
        ],
        "windows-registry-key" => &["modified_time"],
        "x509-certificate" => &["validity_not_before", "validity_not_after"],
        _ => &[],
    };
    of_kind.contains(&property)
}

/// Whether a property of this name may be a timestamp on some standard type: a cheap filter before the type is known.
pub(crate) fn may_be_timestamp(property: &str) -> bool {
    matches!(
        property,
        "created"
            | "modified"
            | "valid_from"
            | "valid_until"
            | "first_seen"
            | "last_seen"
            | "submitted"
            | "analysis_started"
            | "analysis_ended"
            | "first_observed"
            | "last_observed"
            | "start_time"
            | "stop_time"
            | "published"
            | "object_modified"
            | "ctime"
            | "mtime"
            | "atime"
            | "date"
            | "start"
            | "end"
            | "created_time"
            | "account_created"
            | "account_expires"
            | "credential_last_changed"
            | "account_first_login"
            | "account_last_login"
            | "modified_time"
            | "validity_not_before"
            | "validity_not_after"
    )
}
