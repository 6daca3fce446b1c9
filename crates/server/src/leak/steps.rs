//! What happens in a hub beside what the partner fr does itself: steps that are the same in both worlds, and steps that fr may not see,
//! which one world has and the other has not, or has otherwise.

use exchange::event::{ConsentMeta, Handling};
use ledger::Draft;
use partners::Role;
use partners::agreement::Scope;
use partners::stage::AgreementMeta;
use serde_json::json;
use stix::Tlp;

use super::hub::{By, COPIES, FAR, Hub, OPEN, OTHERS, tokens};

/// Three numbers that say how.
pub(super) type How = (u8, u8, u8);
/// Kinds of hidden steps.
pub(super) const HIDDEN: u8 = 23;
/// Kinds of steps that are the same.
pub(super) const SHARED: u8 = 19;

const TLP2: [&str; 5] = [
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
];
/// RED: above whatever fr's agreements give.
const RED: &str = TLP2[4];

/// The id of the `n`-th tool. Under 50 those that fr may come to see, from 50 those it never may, from 80 its own.
pub(super) fn tool_id(n: u8) -> String {
    format!("tool--00000000-0000-4000-8000-{n:012}")
}

/// The id of the vulnerability object of a CVE.
pub(super) fn vulnerability_id(n: u8) -> String {
    format!("vulnerability--00000000-0000-4000-8000-{:012}", n % 4)
}

/// A marking-definition with terms: for nl alone, under embargo, not to be passed on.
fn definition_id(n: u8) -> String {
    format!("marking-definition--00000000-0000-4000-8000-{:012}", 300 + u32::from(n % 12))
}

fn definition(n: u8) -> String {
    let terms = [
        r#""audience":["nl"]"#,
        r#""audience":["fr","nl"]"#,
        r#""embargo_until":"2026-01-09T00:00:00Z""#,
        r#""hops":0"#,
        r#""originator_control":true"#,
        r#""audience":["fr"]"#,
    ];
    let terms = terms[usize::from(n) % terms.len()];
    let (id, extension) = (definition_id(n), stix::marking::TERMS_EXTENSION);
    format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"{id}","created":"2020-01-01T00:00:00Z","extensions":{{"{extension}":{{"extension_type":"property-extension",{terms}}}}}}}"#
    )
}

/// The id of a marking that fr defines.
pub(super) fn label_id(n: u8) -> String {
    format!("marking-definition--00000000-0000-4000-8000-{:012}", 320 + u32::from(n % 2))
}

/// A definition of one of these markings: it means a label.
pub(super) fn label(n: u8, tlp: Tlp, marks: &[&str]) -> String {
    let (id, marks) = (label_id(n), marked(marks));
    format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"{id}","created":"2020-01-01T00:00:00Z","name":"TLP:{tlp}","definition_type":"statement","definition":{{"statement":"of its own"}}{marks}}}"#
    )
}

fn marked(marks: &[&str]) -> String {
    if marks.is_empty() { String::new() } else { format!(r#","object_marking_refs":["{}"]"#, marks.join("\",\"")) }
}

/// A tool in a version, with marks and what else it has.
pub(super) fn tool(n: u8, second: u8, marks: &[&str], rest: &str) -> String {
    let marks = marked(marks);
    let id = tool_id(n);
    format!(
        r#"{{"type":"tool","spec_version":"2.1","id":"{id}","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:{second:02}.000Z","name":"{n}.{second}"{marks}{rest}}}"#
    )
}

/// An observable: its id follows from its value, so everybody can know it; what else it says differs.
pub(super) fn address(n: u8, marks: &[&str], rest: u8) -> String {
    let marks = marked(marks);
    let rest = ["", r#","x_seen":1"#, r#","x_seen":2"#][usize::from(rest) % 3];
    format!(
        r#"{{"type":"ipv4-addr","spec_version":"2.1","id":"{}","value":"198.51.100.{}"{marks}{rest}}}"#,
        address_id(n),
        n % 5
    )
}

/// The id of the `n`-th address.
pub(super) fn address_id(n: u8) -> String {
    format!("ipv4-addr--00000000-0000-5000-8000-{:012}", n % 5)
}

/// The CVE of a number: under 10 those that public advisories speak of, from 10 those of hidden ones.
pub(super) fn cve(n: u8) -> String {
    format!("CVE-2026-{}", 1000 + u32::from(n))
}

/// An advisory over a product of both partners.
pub(super) fn advise(hub: &Hub, id: &str, version: u8, cve: &str, product: &str, tlp: &str) {
    advise_that(hub, id, version, cve, product, tlp, "known_affected");
}

fn advise_that(hub: &Hub, id: &str, version: u8, cve: &str, product: &str, tlp: &str, stated: &str) {
    let body = json!({"document": {"csaf_version": "2.0", "title": format!("About {cve}"),
        "publisher": {"name": "Acme CERT", "namespace": "https://acme.example", "category": "vendor"},
        "distribution": {"tlp": {"label": if tlp == "CLEAR" { "WHITE" } else { tlp }}},
        "tracking": {"id": id, "version": version.to_string(), "current_release_date": format!("2025-01-{:02}T00:00:00Z", version + 1)}},
      "product_tree": {"branches": [{"category": "vendor", "name": "Acme", "branches": [{"category": "product_name", "name": product, "branches": [
            {"category": "product_version_range", "name": "< 5", "product": {"product_id": "P", "name": product}}]}]}]},
      "vulnerabilities": [{"cve": cve, "product_status": {stated: ["P"]},
            "remediations": [{"category": "vendor_fix", "details": format!("install {version}.{id}"), "product_ids": ["P"]}],
            "scores": [{"cvss_v3": {"version": "3.1", "baseScore": 9.8, "vectorString": "x"}}]}]})
    .to_string();
    let meta = json!({"form": "csaf", "id": id, "version": version.to_string(), "tlp": tlp, "source": "local", "collection": OPEN, "by": "t"});
    hub.write(|tx| tx.append(Draft::new("exchange.document", &meta)?.body(body.as_bytes())));
}

fn inventory(hub: &Hub, org: &str, country: &str, (a, b, _): How) {
    let csv = format!(
        "asset,vendor,product,version,country,owner\n{org}-plc-{},Acme,{},{}.0,{country},{}\n",
        a % 4,
        product(a),
        1 + b % 7,
        if b & 8 == 0 { org.to_owned() } else { format!("{org}-water") },
    );
    hub.write(|tx| expose::import_inventory(tx, org, csv.as_bytes(), false, "t"));
}

fn product(n: u8) -> &'static str {
    ["Pump", "Valve", "Relay"][usize::from(n) % 3]
}

fn agreement(hub: &Hub, org: &str, (a, b, c): How, most: u8) {
    let scope: &[&str] =
        [&[][..], &["type=tool"], &["topic=ics"], &["exposures"], &["type=malware"], &[]][usize::from(b) % 6];
    let scope: Vec<String> = scope.iter().map(|part| (*part).to_owned()).collect();
    let now = hub.ledger().env().clock.now();
    let day = |days: i64| ledger::Micros(now.0 + days * ledger::Micros::DAY).day();
    let meta = AgreementMeta {
        org: org.to_owned(),
        from: day(i64::from(a % 3)),
        to: (a & 16 != 0).then(|| day(i64::from(3 + a % 5))),
        clearance: Tlp::from_rank(i64::from(c % most)).to_string(),
        name: (b & 64 != 0).then(|| "deep".to_owned()),
        with: Vec::new(),
        clients: Vec::new(),
        onward: false,
        scope: Scope::read(&scope).unwrap(),
        compelled: Vec::new(),
        basis: None,
        sightings: a & 32 != 0,
        relays: if b & 32 != 0 { vec!["any".to_owned()] } else { Vec::new() },
    };
    hub.write(|tx| partners::org::agree(tx, &meta));
}

/// What fr may not see. `world` makes what happens in both different.
pub(super) fn hidden(hub: &Hub, world: usize, what: u8, how: How) {
    let (a, b, c) = how;
    let secret = format!(r#","description":"secret {world} {c}""#);
    match what % HIDDEN {
        0 => drop(hub.give("home-operator", OPEN, &[tool(50 + a % 20, b % 4, &[RED], &secret)])),
        1 => drop(hub.give("home-operator", OTHERS, &[tool(50 + a % 20, 10 + b % 4, &[], &secret)])),
        // a version of what fr sees, between those it sees
        2 => drop(hub.give("home-operator", OPEN, &[tool(a % 20, 1 + 2 * (b % 9), &[RED], &secret)])),
        3 => {
            let mark = definition_id(6 + 6 * (a % 2) % 12);
            drop(hub.give("home-operator", OTHERS, &[definition(6)]));
            drop(hub.give("home-operator", OPEN, &[tool(70 + b % 9, c % 4, &[RED, &mark], &secret)]));
        }
        4 => agreement(hub, ["nl", "de"][usize::from(c & 1)], how, 5),
        5 => {
            let role = Role::ALL[usize::from(b) % 5];
            hub.person(
                ["nell", "dirk", "hank"][usize::from(a) % 3],
                ["nl", "de", "home"][usize::from(a) % 3],
                role,
                Tlp::from_rank(i64::from(c % 5)),
            );
        }
        6 => match a % 3 {
            0 => hub.collection_in("far", "Far", Some(FAR), Tlp::from_rank(i64::from(b % 5)), &["nl"], &["de"]),
            1 => hub.collection(
                &format!("Box {c}"),
                Some(&format!("5a8a7a1e-0c53-4f0e-9b7e-0000000001{:02}", b % 10)),
                Tlp::Clear,
                &["nl", "de"],
                &[],
            ),
            _ => hub.collection("Others", Some(OTHERS), Tlp::from_rank(i64::from(b % 5)), &["nl"], &["nl"]),
        },
        7 => inventory(hub, "nl", "NL", how),
        8 => {
            let tlp = ["RED", "AMBER+STRICT"][usize::from(b & 1)];
            match c / 3 % 4 {
                0 => advise(hub, &format!("HX-{}", a % 3), b % 20, &cve(10 + a % 3), product(c), tlp),
                // of what others speak of too: another decides, or the same under a newer version
                1 => advise_that(
                    hub,
                    &format!("HX-{}", a % 3),
                    b % 20,
                    &cve(a % 4),
                    product(c),
                    tlp,
                    "known_not_affected",
                ),
                2 => advise(hub, &format!("HX-{}", a % 3), b % 20, &cve(a % 4), product(c), tlp),
                _ => advise_that(hub, &format!("EX-{}", a % 4), b % 25, &cve(b % 5), product(c), tlp, "fixed"),
            }
        }
        9 => drop(hub.give("home-operator", OTHERS, &[sighting(a, b)])),
        10 => {
            hub.write(|tx| partners::org::name_submitter(tx, "nl", b & 1 == 1, "a letter", "ada"));
        }
        11 => {
            let meta = ConsentMeta {
                id: tool_id(a % 20),
                org: "nl".to_owned(),
                given: b & 1 == 1,
                reason: "a letter".to_owned(),
                by: "ada".to_owned(),
            };
            hub.write(|tx| exchange::consent::record(tx, &meta));
        }
        12 => drop(hub.give("nl-partner", OTHERS, &[tool(50 + a % 20, 10 + b % 4, &[], &format!(r#","x_nl":{c}"#))])),
        13 => {
            let path = format!(
                "/taxii2/default/collections/{}/objects/{}/",
                [OPEN, OTHERS][usize::from(b & 1)],
                tool_id(50 + a % 20)
            );
            drop(hub.ask(&super::hub::Ask {
                by: By::Person("home-operator".to_owned()),
                method: "DELETE".to_owned(),
                path,
                body: String::new(),
            }));
        }
        14 => {
            hub.write(|tx| partners::access::issue_token(tx, "nl-partner", 1 + u16::from(a)));
            hub.write(|tx| auth_failure(tx, b));
        }
        17 => purge(hub, &tool_id(50 + a % 20)),
        16 => remark(hub, &tool_id(50 + a % 20), Tlp::Red),
        15 => {
            let today = hub.ledger().env().clock.now().day().parse().unwrap();
            hub.write(|tx| partners::trust(tx, "nl", today, today, "known for long", "ada"));
            hub.write(|tx| {
                let csv = format!("org,name,kind,country,languages,agreement_from,agreement_to,clearance\nnl,CERT NL {c},csirt,{},nl,,,\n", ["NL", "BE"][usize::from(a & 1)]);
                partners::import_csv(tx, csv.as_bytes())
            });
        }
        // under the ids that fr gives: what fr gives then stands beside it, or the other way round
        18 => {
            let gone = if c.is_multiple_of(7) { r#","revoked":true"# } else { "" };
            let made = format!(r#","description":"secret {world} {}"{gone}"#, c % 2);
            let collection = [OPEN, OPEN, COPIES, OTHERS][usize::from(c) % 4];
            drop(hub.give("home-operator", collection, &[tool(80 + a % 15, b % 20, &[RED], &made)]));
        }
        19 => {
            let by = ["home-operator", "nl-partner"][usize::from(c & 1)];
            drop(hub.give(by, [OPEN, OTHERS][usize::from(b & 1)], &[address(a, &[RED], b / 2 % 3)]));
        }
        // another defines what fr defines
        20 => {
            let by = ["home-operator", "nl-partner"][usize::from(c & 1)];
            let tlp = [Tlp::Clear, Tlp::Red][usize::from(c / 2) % 2];
            drop(hub.give(by, [OPEN, OTHERS][usize::from(b & 1)], &[label(a, tlp, &[RED])]));
        }
        22 => record(hub, how, world),
        _ => {
            // an answer of nl to what it was asked
            let asked = hub
                .ledger()
                .read(|tx| act::asks(tx, &act::Filter { org: Some("nl".to_owned()), ..act::Filter::default() }))
                .unwrap();
            if let Some(ask) = asked.get(usize::from(a) % asked.len().max(1)) {
                let by = hub.ledger().read(|tx| partners::person::person(tx, "nl-partner", "home")).unwrap().unwrap();
                let said = act::answer::Said {
                    answer: act::ask::Answer::parse(["acknowledged", "fixed"][usize::from(b & 1)]).unwrap(),
                    note: "",
                    reference: "",
                };
                hub.write(|tx| act::answer_as(tx, &ask.planned.ask, &by, &said));
            }
        }
    }
}

/// The operator writes down what it did with nl, in words for which fr searches.
fn record(hub: &Hub, (a, b, c): How, world: usize) {
    let by = hub.ledger().read(|tx| partners::person::person(tx, "home-operator", "home")).unwrap().unwrap();
    let (catalogue, tags) =
        hub.ledger().read(|tx| Ok((assure::record::Catalogue::of(tx)?, assure::tags(tx)?))).unwrap();
    let (reference, title) = (format!("S-{}", a % 10), format!("Secret table-top on water plc pump {world} {c}"));
    let fields = vec![
        ("reference", reference.as_str()),
        ("title", title.as_str()),
        ("held_on", "2026-01-01"),
        ("partners", "nl"),
        ("coordinated_by", "home"),
    ];
    let state = Some(["held", "planned"][usize::from(b & 1)]);
    let entry = assure::record::write::Entry { kind: "activity", state, fields, ..Default::default() };
    hub.write(|tx| assure::record::write::Desk::new(&catalogue, &tags, &by, "local").put(tx, &entry));
}

/// Two people take an object out, for good.
fn purge(hub: &Hub, id: &str) {
    let [one, other] = ["home-admin", "home-operator"]
        .map(|name| hub.ledger().read(|tx| partners::person::person(tx, name, "home")).unwrap().unwrap());
    let target = act::purge::Target::Object { id: id.to_owned(), version: None };
    if let Ok((name, _)) = act::purge::propose(hub.ledger(), &target, "a spill", &one) {
        act::purge::approve(hub.ledger(), &name, &other).unwrap();
    }
    hub.ledger().catch_up().unwrap();
}

/// A person of the operator marks what is held anew.
fn remark(hub: &Hub, object: &str, tlp: Tlp) {
    hub.write(|tx| {
        exchange::remark::record(tx, &exchange::remark::Remark { object, tlp, reason: "a letter", by: "ada" })
    });
}

fn auth_failure(tx: &mut ledger::Tx<'_>, n: u8) -> ledger::Result<()> {
    crate::auth::count_failure(tx, ["nl-partner", "home-admin"][usize::from(n & 1)])
}

/// Somebody whom fr may not know of saw that a vulnerability of public advisories is exploited.
fn sighting(a: u8, b: u8) -> String {
    let of = vulnerability_id(a);
    format!(
        r#"{{"type":"sighting","spec_version":"2.1","id":"sighting--00000000-0000-4000-8000-{:012}","created":"2025-01-01T00:00:00Z","modified":"2025-01-01T00:00:00Z","first_seen":"2025-02-{:02}T00:00:00Z","sighting_of_ref":"{of}"}}"#,
        900 + u32::from(b % 20),
        1 + a % 20
    )
}

/// What left towards fr in one step: the way out, and what it said.
pub(super) type Left = Vec<(&'static str, String)>;

/// What is the same in both worlds, though what stays within may differ by `world`.
pub(super) fn shared(hub: &Hub, world: usize, what: u8, how: How) -> Left {
    let (a, b, c) = how;
    let mark = TLP2[usize::from(c) % 3];
    match what % SHARED {
        0 | 1 => {
            let objects: Vec<String> = (0..1 + a % 4)
                .map(|i| tool(a.wrapping_add(i) % 20, 2 * (b % 9), &[mark], r#","labels":["ics"]"#))
                .collect();
            drop(hub.give("home-operator", OPEN, &objects));
        }
        2 => drop(hub.give("home-operator", OPEN, &[tool(20 + a % 5, 2 * (b % 9), &[], "")])),
        3 => drop(hub.give("nl-partner", OPEN, &[tool(25 + a % 5, 2 * (b % 9), &[TLP2[0]], "")])),
        // a mark whose definition comes later
        4 => drop(hub.give("home-operator", OPEN, &[tool(30 + a % 6, 2 * (b % 4), &[&definition_id(a % 6)], "")])),
        5 => drop(hub.give("home-operator", OPEN, &[definition(a % 6)])),
        // a property that fr may not see: the copy that it gets is the same whatever stood there
        6 => {
            let parts = format!(
                r#","description":"secret {world}","granular_markings":[{{"marking_ref":"{RED}","selectors":["description"]}}]"#
            );
            drop(hub.give("home-operator", COPIES, &[tool(40 + a % 8, 2 * (b % 4), &[TLP2[0]], &parts)]));
        }
        7 => agreement(hub, "fr", (a, b & !64, c), 3),
        8 => {
            let read: &[&str] = if b.is_multiple_of(5) { &["nl"] } else { &["fr", "nl"] };
            let write: &[&str] = if b.is_multiple_of(3) { &["nl"] } else { &["fr", "nl"] };
            hub.collection("Open", Some(OPEN), Tlp::from_rank(i64::from(c % 3)), read, write);
        }
        9 => hub.person("fay", "fr", Role::Partner, Tlp::from_rank(i64::from(c % 3))),
        10 => {
            inventory(hub, "fr", "FR", how);
        }
        11 => {
            let tlp = ["CLEAR", "CLEAR", "GREEN", "AMBER"][usize::from(c / 3) % 4];
            let stated = ["known_affected", "known_affected", "known_not_affected"][usize::from(b) % 3];
            let (id, of) = (format!("EX-{}", a % 4), cve(a.wrapping_add(c / 16) % 4));
            advise_that(hub, &id, b % 20, &of, product(c), tlp, stated);
        }
        12 => {
            let body = json!({"cveID": cve(a % 4), "dateAdded": "2026-01-01"}).to_string();
            let meta = json!({"form": "kev", "id": cve(a % 4), "tlp": "CLEAR", "source": "kev", "collection": OPEN, "by": "t"});
            hub.write(|tx| tx.append(Draft::new("exchange.document", &meta)?.body(body.as_bytes())));
        }
        13 => drop(hub.give("home-operator", OPEN, &[vulnerability(a)])),
        14 => return asks(hub),
        15 => {
            hub.write(act::tick);
        }
        17 if a.is_multiple_of(4) => purge(hub, &tool_id(20 + b % 5)),
        // one version by name: what is said of all would speak of hidden ones too
        16 => remark(
            hub,
            &format!("{}@2020-01-01T00:00:{:02}.000Z", tool_id(a % 30), 2 * (b % 9)),
            Tlp::from_rank(i64::from(c % 4)),
        ),
        _ => return hub.push("fr-hub").into_iter().map(|body| ("peer-push", body)).collect(),
    }
    Vec::new()
}

fn vulnerability(n: u8) -> String {
    let (id, name) = (vulnerability_id(n), cve(n % 4));
    format!(
        r#"{{"type":"vulnerability","spec_version":"2.1","id":"{id}","created":"2025-01-01T00:00:00Z","modified":"2025-01-01T00:00:00Z","name":"{name}","object_marking_refs":["{}"]}}"#,
        TLP2[0]
    )
}

/// The operator plans what is due and sends it. What reaches fr's contact is told, and nothing else.
fn asks(hub: &Hub) -> Left {
    let by = partners::Person { name: "home-operator".to_owned(), ..partners::Person::local_operator("home") };
    hub.write(|tx| act::plan(tx, &expose::NoStakes, "home", &by, false));
    hub.send().into_iter().filter(|(to, _)| to.contains("fr.example")).map(|(_, mail)| ("ask-mail", mail)).collect()
}

/// The links in what left.
pub(super) fn links(left: &Left) -> Vec<String> {
    left.iter().filter(|(sink, _)| *sink == "ask-mail").flat_map(|(_, mail)| tokens(mail)).collect()
}

/// What must stand before the first step: the account whose view is pushed, and something to see. In the first world somebody has defined the
/// markings of fr before fr does: later fr's own would stand first.
pub(super) fn begin(hub: &Hub, world: usize) {
    if world == 0 {
        (0..2).for_each(|n| hidden(hub, world, 20, (n, 0, 2 * n)));
    }
    let peer = exchange::peer::NewPeer {
        name: "fr-hub",
        url: "https://hub.fr.example/taxii2/default/collections/5a8a7a1e-0c53-4f0e-9b7e-000000000009/",
        way: exchange::peer::Way::Push,
        collection: OPEN,
        account: "fr-partner",
        login: "",
        secret: None,
        authority: "",
        period: 0,
        mends: false,
    };
    exchange::peer::add(hub.ledger(), &peer).unwrap();
    for n in 0..4 {
        shared(hub, 0, 0, (n, n, n));
        shared(hub, 0, 13, (n, 0, 0));
        shared(hub, 0, 11, (n, 1, n));
        shared(hub, 0, 10, (n, 0, 0));
    }
    let standing = hub.ledger().read(|tx| exchange::collection::find(tx, COPIES)).unwrap().unwrap();
    assert_eq!(standing.handling, Handling { redact: true, anonymise: false });
}
