//! Which objects are refused, by which rule, and that real bundles are not.

use super::*;
use crate::bundle;
use crate::scan::Limits;

const UUID: &str = "fdd60b30-b67c-41e3-b0b9-f01faf20d111";
const TIMES: &str = r#""created":"2020-01-01T00:00:00Z","modified":"2020-01-02T00:00:00.5Z""#;

fn say(doc: String) -> String {
    match admit(doc.as_bytes()) {
        Ok(head) => format!("ok {:?}", head.warnings.iter().map(|w| w.rule).collect::<Vec<_>>()),
        Err(fault) => fault.to_string(),
    }
}

fn object(kind: &str, rest: &str) -> String {
    let family = if kind == "malware" { r#""is_family":false,"# } else { "" };
    say(format!(r#"{{"type":"{kind}","spec_version":"2.1","id":"{kind}--{UUID}",{family}{rest}}}"#))
}

#[test]
fn rules() {
    insta::assert_snapshot!(
        [
            object("malware", TIMES),
            object("malware", r#""created":"2020-01-01T00:00:00Z""#),
            object("malware", r#""created":"2020-01-01T00:00:00Z","modified":"2019-12-31T23:59:59.999999999Z""#),
            object("malware", r#""created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:00.000Z""#),
            object("malware", r#""created":"2020-02-30T00:00:00Z","modified":"2020-03-30T00:00:00Z""#),
            object("malware", &format!(r#"{TIMES},"first_seen":"2020-01-01""#)),
            object("malware", &format!(r#"{TIMES},"first_seen":17"#)),
            object("malware", &format!(r#"{TIMES},"valid_from":"soon""#)),
            object("malware", &format!(r#"{TIMES},"created_by_ref":"tool--{UUID}""#)),
            object("malware", &format!(r#"{TIMES},"revoked":1"#)),
            object("ipv4-addr", r#""value":"198.51.100.3""#),
            object("ipv4-addr", r#""value":"198.51.100.3","created":"yesterday""#),
            object("x-thing", r#""first_seen":"soon""#),
            object("x-thing", r#""modified":"soon""#),
            object("marking-definition", r#""created":"2020-01-01T00:00:00Z""#),
            object("bundle", TIMES),
            object("Malware", TIMES),
            say(format!(r#"{{"type":"malware","id":"tool--{UUID}",{TIMES}}}"#)),
            say(format!(r#"{{"id":"tool--{UUID}",{TIMES}}}"#)),
            say(format!(r#"{{"type":"tool",{TIMES}}}"#)),
            say(format!(r#"{{"type":"tool","id":7,{TIMES}}}"#)),
            say("7".to_owned()),
        ]
        .join("\n"),
        @r#"
        ok ["timestamp-precision", "timestamp-precision"]
        property-missing at /modified: a malware needs `modified`
        modified-before-created at /modified: `modified` 2019-12-31T23:59:59.999999999Z is before `created` 2020-01-01T00:00:00Z
        ok ["timestamp-precision"]
        timestamp at /created: `2020-02-30T00:00:00Z` is not a date of the calendar
        timestamp at /first_seen: `2020-01-01` must end in `Z` (UTC)
        wrong-type at /first_seen: `first_seen` must be a timestamp, not a number
        ok ["timestamp-precision", "timestamp-precision", "custom-property"]
        id-syntax at /created_by_ref: `tool--fdd60b30-b67c-41e3-b0b9-f01faf20d111` begins with `tool` and must begin with `identity`
        wrong-type at /revoked: `revoked` must be true or false
        ok ["observable-id"]
        ok ["property-not-applicable", "observable-id"]
        ok ["property-missing"]
        timestamp at /modified: `soon` must end in `Z` (UTC)
        marking-definition at /definition_type: one of `definition_type`, `extensions` is needed
        type-syntax at /type: a bundle is no object of a bundle or an envelope: send its objects
        type-syntax at /type: `Malware` is not the name of a type: [a-z0-9-], 3 to 250 of them, no `--`
        id-syntax at /id: `tool--fdd60b30-b67c-41e3-b0b9-f01faf20d111` begins with `tool` and must begin with `malware`
        type-missing at /type: an object needs a `type`
        id-missing at /id: an object needs an `id`
        wrong-type at /id: `id` must be a string
        not-an-object at /: a STIX object is a JSON object
        "#
    );
}

/// The shared data lie beside the workspace, or where `MAINSTAY_SHARED` says.
fn shared(test: &str, name: &str) -> Option<Vec<u8>> {
    let root = std::env::var("MAINSTAY_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let read = std::fs::read(std::path::Path::new(&root).join("data/stix").join(name)).ok();
    if read.is_none() {
        eprintln!("SKIPPED (no shared data): {test}");
    }
    read
}

#[track_caller]
fn check_real(name: &str, count: usize, warned: usize) {
    let Some(bytes) = shared(name, name) else { return };
    let split = bundle::split(&bytes, &Limits::default()).unwrap();
    let mut warnings = 0;
    for item in &split.items {
        assert_eq!(item.fault, None, "{}", item.place());
        let head = admit(item.bytes).unwrap_or_else(|fault| panic!("{} {fault}", item.place()));
        assert!(head.id.is_borrowed());
        warnings += head.warnings.len();
    }
    assert_eq!((split.items.len(), warnings), (count, warned));
}

#[test]
fn real_bundles_are_admitted_whole() {
    // user-defined relationship types, and empty lists and references within custom content
    check_real("enterprise-attack.json", 24_771, 1_424);
    check_real("ics-attack.json", 1_826, 13);
    check_real("capec.json", 2_683, 2);
}

#[test]
fn published_examples_are_admitted_whole() {
    check_real("oasis-examples/indicator-for-c2-ip-address.json", 1, 0);
    check_real("oasis-examples/indicator-to-campaign-relationship.json", 3, 0);
    check_real("oasis-examples/indicators-for-C2-with-COA.json", 8, 0);
    // two observables with random ids
    check_real("oasis-examples/infrastructure.json", 10, 2);
    check_real("oasis-examples/interop-objectmarking-test.json", 1, 0);
    check_real("oasis-examples/malicious-email-indicator-with-attachment.json", 6, 0);
    check_real("oasis-examples/threat-reports/apt1.json", 76, 0);
    check_real("oasis-examples/threat-reports/poisonivy.json", 155, 0);
}
