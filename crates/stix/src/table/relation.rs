//! The relationships that the standard lists (appendix B): source, type, targets.

/// Source, relationship types, targets; words with single spaces between them.
const LISTED: &[(&str, &str, &str)] = &[
    ("attack-pattern", "delivers", "malware"),
    ("attack-pattern", "targets", "identity location vulnerability"),
    ("attack-pattern", "uses", "malware tool"),
    ("campaign", "attributed-to", "intrusion-set threat-actor"),
    ("campaign", "compromises", "infrastructure"),
    ("campaign", "originates-from", "location"),
    ("campaign", "targets", "identity location vulnerability"),
    ("campaign", "uses", "attack-pattern infrastructure malware tool"),
    ("course-of-action", "investigates", "indicator"),
    ("course-of-action", "mitigates", "attack-pattern indicator malware tool vulnerability"),
    ("course-of-action", "remediates", "malware vulnerability"),
    ("domain-name", "resolves-to", "domain-name ipv4-addr ipv6-addr"),
    ("identity", "located-at", "location"),
    ("indicator", "based-on", "observed-data"),
    ("indicator", "indicates", "attack-pattern campaign infrastructure intrusion-set malware threat-actor tool"),
    ("infrastructure", "communicates-with", "infrastructure ipv4-addr ipv6-addr domain-name url"),
    ("infrastructure", "consists-of", "infrastructure observed-data *"),
    ("infrastructure", "controls", "infrastructure malware"),
    ("infrastructure", "delivers", "malware"),
    ("infrastructure", "has", "vulnerability"),
    ("infrastructure", "hosts", "tool malware"),
    ("infrastructure", "located-at", "location"),
    ("infrastructure", "uses", "infrastructure"),
    ("intrusion-set", "attributed-to", "threat-actor"),
    ("intrusion-set", "compromises hosts owns", "infrastructure"),
    ("intrusion-set", "originates-from", "location"),
    ("intrusion-set", "targets", "identity location vulnerability"),
    ("intrusion-set", "uses", "attack-pattern infrastructure malware tool"),
    ("ipv4-addr", "belongs-to", "autonomous-system"),
    ("ipv4-addr", "resolves-to", "mac-addr"),
    ("ipv6-addr", "belongs-to", "autonomous-system"),
    ("ipv6-addr", "resolves-to", "mac-addr"),
    ("malware", "authored-by", "threat-actor intrusion-set"),
    ("malware", "beacons-to exfiltrates-to", "infrastructure"),
    ("malware", "communicates-with", "ipv4-addr ipv6-addr domain-name url"),
    ("malware", "controls", "malware"),
    ("malware", "downloads drops", "malware tool file"),
    ("malware", "exploits", "vulnerability"),
    ("malware", "originates-from", "location"),
    ("malware", "targets", "identity infrastructure location vulnerability"),
    ("malware", "uses", "attack-pattern infrastructure malware tool"),
    ("malware", "variant-of", "malware"),
    ("malware-analysis", "characterizes av-analysis-of static-analysis-of dynamic-analysis-of", "malware"),
    ("threat-actor", "attributed-to impersonates", "identity"),
    ("threat-actor", "compromises hosts owns", "infrastructure"),
    ("threat-actor", "located-at", "location"),
    ("threat-actor", "targets", "identity location vulnerability"),
    ("threat-actor", "uses", "attack-pattern infrastructure malware tool"),
    ("tool", "delivers drops", "malware"),
    ("tool", "has", "vulnerability"),
    ("tool", "targets", "identity infrastructure location vulnerability"),
    ("tool", "uses", "infrastructure"),
];

/// Whether the standard lists this type of relationship between these two types. `*` among the targets is any observable.
pub(crate) fn listed(source: &str, kind: &str, target: &str) -> bool {
    match kind {
        // section 3.7
        "related-to" => return true,
        "derived-from" | "duplicate-of" => return source == target,
        _ => {}
    }
    let word = |words: &str, wanted: &str| words.split(' ').any(|w| w == wanted);
    let any = |targets: &str| word(targets, "*") && crate::Class::of(target) == crate::Class::Observable;
    LISTED
        .iter()
        .filter(|(from, ..)| *from == source)
        .any(|(_, kinds, targets)| word(kinds, kind) && (word(targets, target) || any(targets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_types_of_the_standard() {
        for (source, _, targets) in LISTED {
            assert!(super::super::find(source).is_some(), "{source}");
            assert!(targets.split(' ').all(|t| t == "*" || super::super::find(t).is_some()), "{targets}");
        }
        assert!(listed("indicator", "indicates", "malware") && !listed("malware", "indicates", "indicator"));
        assert!(listed("infrastructure", "consists-of", "file") && !listed("infrastructure", "consists-of", "tool"));
        assert!(listed("note", "related-to", "tool") && !listed("note", "duplicate-of", "tool"));
    }
}
