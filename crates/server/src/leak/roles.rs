//! Every route as every role of three organisations, as nobody, and with credentials that hold no more: the answer is what the table of
//! sinks says. And what is there but not for whoever asks is answered as what is not there, byte for byte.

use ledger::Micros;
use ledger::testkit::{START, TestStore, engines};
use partners::Role;
use partners::sinks::{SINKS, Sink, Who};
use std::collections::BTreeSet;

use super::hub::{Ask, By, COPIES, FAR, Hub, OPEN, OTHERS, people};
use super::requests::READERS;
use super::steps::{self, advise, cve, hidden, links, shared, tool, tool_id};

/// A hub with something of each kind: for all, for fr, and for others than fr.
struct World {
    hub: Hub,
    tokens: Vec<String>,
    expired: String,
    session: String,
    status: String,
    of_fr: String,
    of_nl: String,
    step: u64,
    at: Micros,
}

impl World {
    fn new(store: TestStore) -> World {
        let hub = Hub::new(store);
        hub.begin(1, START);
        steps::begin(&hub, 0);
        for n in 0..3 {
            hidden(&hub, 0, 0, (n, n, 0));
            hidden(&hub, 0, 1, (n, n, 0));
            hidden(&hub, 0, 7, (n, 0, 0));
            hidden(&hub, 0, 8, (n, 1, n));
        }
        hidden(&hub, 0, 6, (1, 1, 1));
        shared(&hub, 0, 12, (0, 0, 0));
        hub.begin(2, START);
        let early = shared(&hub, 0, 14, (0, 0, 0));
        let (session, _) = hub.session("fr-partner");
        hub.begin(3, Micros(START.0 + 95 * Micros::DAY));
        advise(&hub, "EX-9", 1, &cve(9), "Pump", "CLEAR");
        let late = shared(&hub, 0, 14, (0, 0, 0));
        let said = hub.give("home-operator", OPEN, &[tool(45, 0, &[], "")]);
        let status = serde_json::from_str::<serde_json::Value>(&said.body).unwrap()["id"].as_str().unwrap().to_owned();
        let asks = hub.ledger().read(|tx| act::asks(tx, &act::Filter::default())).unwrap();
        let to = |org: &str| {
            asks.iter().find(|a| a.planned.addressee == org && a.sent_at.is_some()).unwrap().planned.ask.clone()
        };
        let (of_fr, of_nl) = (to("fr"), to("nl"));
        let (expired, tokens) = (links(&early).remove(0), links(&late));
        World { hub, tokens, expired, session, status, of_fr, of_nl, step: 3, at: Micros(START.0 + 95 * Micros::DAY) }
    }

    fn next(&mut self) {
        self.step += 1;
        self.hub.begin(self.step, self.at);
    }

    /// A request to a way out, for something that this person may have where anybody of their organisation may.
    fn sample(&self, sink: &Sink, by: &By, org: &str, mine: &str) -> Ask {
        let (method, place) = sink.way.route().unwrap();
        let id = if place.contains("/status/") {
            mine.to_owned()
        } else if place.starts_with("/loop") {
            cve(0)
        } else {
            OPEN.to_owned()
        };
        let path = place
            .replace("{root}", "default")
            .replace("{reference}", if org == "nl" { &self.of_nl } else { &self.of_fr })
            .replace("{token}", &self.tokens[0])
            .replace("{measure}", "2.1.3")
            .replace("{object}", &tool_id(45))
            .replace("{name}", "main.css")
            .replace("{id}", &id)
            .replace(['{', '}'], "");
        let body = match sink.name {
            "taxii-give" => format!(r#"{{"objects":[{}]}}"#, tool(85, 0, &[], "")),
            "page-sign-in-send" => "name=nobody-at-all&password=wrong+horse".to_owned(),
            _ if method == "POST" => "csrf={csrf}&decision=reject&answer=acknowledged".to_owned(),
            _ => String::new(),
        };
        Ask { by: by.clone(), method: method.to_owned(), path, body }
    }
}

/// What an answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// To the door.
    SignIn,
    /// The role is in the way.
    NotThisRole,
    /// Past both.
    In,
}

fn came(said: &super::hub::Said, taxii: bool) -> Came {
    let header = |name: &str| said.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
    let words = said.body.to_lowercase();
    let role = ["the role ", "only the operator&#39;s own may", "only the operator's own may"]
        .iter()
        .any(|no| words.contains(no));
    match said.status {
        401 if taxii => Came::SignIn,
        303 if header("location").starts_with("/login?next=") => Came::SignIn,
        403 if role && !taxii => Came::NotThisRole,
        403 if taxii => Came::NotThisRole,
        _ => Came::In,
    }
}

#[test]
fn each_route_lets_in_whom_the_table_names() {
    let mut store = engines();
    let mut w = World::new(store.remove(0));
    let mut counted = 0;
    for sink in SINKS.iter().filter(|sink| sink.way.route().is_some()) {
        let (_, place) = sink.way.route().unwrap();
        let taxii = place.starts_with("/taxii2");
        for (by, what) in [
            (By::Nobody, "nobody"),
            (
                By::Header(if taxii { "Bearer mainstay_none".into() } else { "none".into() }),
                "an account that is not there",
            ),
            (
                By::Header(if taxii { "Basic ZnItcGFydG5lcjp3cm9uZw==".into() } else { w.session.clone() }),
                "a wrong password, a session that ended",
            ),
        ] {
            w.next();
            let said = w.hub.ask(&w.sample(sink, &by, "fr", "x"));
            let expected = if matches!(sink.who, Who::Persons(..)) { Came::SignIn } else { Came::In };
            assert_eq!(came(&said, taxii), expected, "{} for {what}: {}", sink.name, said.whole());
            counted += 1;
        }
        for (name, org, role) in people() {
            let by = By::Person(name.clone());
            w.next();
            // something to delete, and a status of one's own
            w.hub.give("home-operator", OPEN, &[tool(45, (w.step % 50) as u8, &[], "")]);
            let mine = w.hub.give(&name, OPEN, &[tool(85, 1, &[], "")]);
            let mine = serde_json::from_str::<serde_json::Value>(&mine.body)
                .ok()
                .and_then(|body| Some(body.get("id")?.as_str()?.to_owned()));
            let said = w.hub.ask(&w.sample(sink, &by, org, mine.as_deref().unwrap_or(&w.status)));
            let lets = sink.who.lets(org == "home", role);
            let expected = if lets { Came::In } else { Came::NotThisRole };
            assert_eq!(came(&said, taxii), expected, "{} for {name}: {}", sink.name, said.whole());
            let none = sink.name == "taxii-status" && role == Role::Auditor;
            if taxii && lets && !none {
                assert!((200..300).contains(&said.status), "{} for {name}: {}", sink.name, said.whole());
            }
            counted += 1;
        }
    }
    assert!(counted > 600, "{counted} requests: a table that shows nothing");
}

#[test]
fn a_method_that_the_table_does_not_name_is_refused() {
    let mut store = engines();
    let mut w = World::new(store.remove(0));
    let known: BTreeSet<(&str, &str)> = SINKS.iter().filter_map(|sink| sink.way.route()).collect();
    for sink in SINKS.iter().filter(|sink| sink.way.route().is_some()) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let mut ask = w.sample(sink, &By::Person("home-operator".to_owned()), "home", &w.status);
            let place = sink.way.route().unwrap().1;
            if known.contains(&(method, place)) {
                continue;
            }
            method.clone_into(&mut ask.method);
            w.next();
            let said = w.hub.ask(&ask);
            assert!(matches!(said.status, 404 | 405), "{method} {place}: {}", said.whole());
        }
    }
}

/// Pairs of what is there, though not for fr, and what is nowhere; of equal length.
fn foreign(w: &World, name: &str, place: &str) -> Vec<(String, String)> {
    let pair = |there: &str, nowhere: &str| (there.to_owned(), nowhere.to_owned());
    let nowhere = "5a8a7a1e-0c53-4f0e-9b7e-0000000fffff";
    let tools = (tool_id(50), tool_id(79));
    let cves = (cve(10), cve(19));
    match name {
        "root" => vec![pair("far", "nix")],
        "id" if place.contains("/collections/") => {
            vec![pair(OTHERS, nowhere), pair(FAR, nowhere), pair("default", "defualt")]
        }
        "id" if place.contains("/status/") => vec![pair(&w.status, nowhere)],
        "object" => vec![tools],
        "reference" => vec![pair(&w.of_nl, "ABCD-EFGH-JKLM")],
        "token" => vec![pair(&w.expired, &"y".repeat(43))],
        "measure" | "name" => Vec::new(),
        _ => vec![
            tools,
            cves,
            pair(&w.of_nl, "ABCD-EFGH-JKLM"),
            pair(OTHERS, nowhere),
            pair("nl", "zz"),
            pair("HX-1", "ZX-1"),
        ],
    }
}

#[test]
fn what_is_not_for_one_is_answered_as_what_is_not_there() {
    for store in engines() {
        let mut w = World::new(store);
        let mut pairs: Vec<(String, String, String, String)> = Vec::new();
        for sink in SINKS.iter().filter(|sink| sink.who.reaches_partners()) {
            let Some((method, place)) = sink.way.route() else { continue };
            let names: Vec<&str> = place.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
            for asked in &names {
                for (there, nowhere) in foreign(&w, asked, place) {
                    let fill = |value: &str| {
                        let path = place.replace(&format!("{{{asked}}}"), value);
                        let collection = if *asked == "root" { FAR } else { OPEN };
                        let path = path.replace("{root}", if there == FAR { "far" } else { "default" });
                        path.replace("{id}", collection).replace("{object}", &tool_id(45)).replace(['{', '}'], "")
                    };
                    pairs.push((method.to_owned(), fill(&there), fill(&nowhere), sink.name.to_owned()));
                }
            }
        }
        let nl = &w.of_nl;
        for (there, nowhere) in [
            ("/find?q=nl-plc-1", "/find?q=zz-plc-1"),
            (&format!("/find?q=ask-{nl}"), "/find?q=ask-ABCD-EFGH-JKLM"),
            (&format!("/find?q={}", cve(10)), &format!("/find?q={}", cve(19))),
            ("/find?q=HX-1", "/find?q=ZX-1"),
            ("/find?q=Far", "/find?q=Zar"),
            ("/expose?q=nl-plc-1", "/expose?q=zz-plc-1"),
            ("/expose?country=NL", "/expose?country=ZZ"),
            (
                &format!("/taxii2/default/collections/{OPEN}/objects/?match[id]={}", tool_id(50)),
                &format!("/taxii2/default/collections/{OPEN}/objects/?match[id]={}", tool_id(79)),
            ),
            (
                &format!("/taxii2/default/collections/{COPIES}/manifest/?match[id]={}", tool_id(50)),
                &format!("/taxii2/default/collections/{COPIES}/manifest/?match[id]={}", tool_id(79)),
            ),
        ] {
            pairs.push(("GET".to_owned(), there.to_owned(), nowhere.to_owned(), "a question".to_owned()));
        }
        for (method, there, nowhere, sink) in &pairs {
            for name in READERS {
                let said = [there, nowhere].map(|path| {
                    w.next();
                    let token = path.rsplit('/').next().unwrap_or_default();
                    let nonce = crate::auth::hash(&format!("answer form {token}"));
                    let body = match sink.as_str() {
                        "taxii-give" => format!(r#"{{"objects":[{}]}}"#, tool(85, 0, &[], "")),
                        _ => format!("csrf={{csrf}}&decision=approve&answer=acknowledged&nonce={nonce}"),
                    };
                    // what was asked for comes back in the words of the answer, and the tokens of its form
                    let (session, csrf) = w.hub.session(name);
                    let by =
                        if path.starts_with("/taxii2") { By::Person(name.to_owned()) } else { By::Header(session) };
                    let body = body.replace("{csrf}", &csrf);
                    let ask = Ask { by, method: method.clone(), path: path.clone(), body };
                    let mut said = w.hub.ask(&ask);
                    for (a, b) in asked(there, nowhere) {
                        let word = if path == there { a } else { b };
                        said.body = said.body.replace(&word, "ASKED");
                        if word.len() > 3 {
                            said.body = said.body.replace(&word.to_lowercase(), "ASKED");
                        }
                        said.headers
                            .iter_mut()
                            .filter(|(name, _)| name == "location")
                            .for_each(|(_, to)| *to = to.replace(&word, "ASKED"));
                    }
                    said.whole().replace(&nonce, "NONCE").replace(&csrf, "CSRF")
                });
                let [a, b] = said;
                assert_eq!(bare(&a), bare(&b), "{sink} {method} {there} | {nowhere} for {name}");
            }
        }
        assert!(pairs.len() > 20, "{} pairs", pairs.len());
    }
}

/// The parts in which two addresses differ.
fn asked(there: &str, nowhere: &str) -> Vec<(String, String)> {
    let cut = |text: &str| text.split(['/', '=', '?', '&']).map(str::to_owned).collect::<Vec<_>>();
    cut(there).into_iter().zip(cut(nowhere)).filter(|(a, b)| a != b).collect()
}

/// Without the tokens of forms, which are drawn for each session.
fn bare(text: &str) -> String {
    let mut out = String::new();
    for part in text.split("name=\"csrf\" value=\"") {
        out.push_str(if out.is_empty() { part } else { part.split_once('"').map_or("", |(_, rest)| rest) });
    }
    out
}
