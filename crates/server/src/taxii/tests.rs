//! Every endpoint, asked in process: who gets what, in which form.

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::collection::{self, NewCollection};
use insta::assert_snapshot;
use ledger::testkit::{TestStore, engines};
use ledger::{Ledger, SeededEntropy};
use partners::agreement::Agreement;
use partners::{NewPerson, Role};
use std::sync::Arc;
use stix::Tlp;
use tower::ServiceExt;

use crate::AppState;

mod pollers;

const BOX: &str = "5a8a7a1e-0c53-4f0e-9b7e-000000000001";
const TAXII: &str = "application/taxii+json;version=2.1";
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";

/// Answers of more bytes are sent while they are read.
const STREAMED: u64 = super::stream::CHUNK as u64;

struct World {
    state: AppState,
    runtime: tokio::runtime::Runtime,
    store: TestStore,
}

/// Tells one story on each engine; what it shows is the same on both.
fn on_each_engine(story: impl Fn(&World)) {
    for store in engines() {
        let w = world(store);
        insta::allow_duplicates! { story(&w) }
    }
}

/// ada is the operator's; fred's organisation reads and writes BOX up to GREEN; nell's reads it up to AMBER; vic's only writes; dirk's nothing.
fn world(store: TestStore) -> World {
    let ledger = store.open(vec![Arc::new(partners::Partners), Arc::new(exchange::Exchange::default())]);
    let hashed = partners::person::hash("correct horse", &SeededEntropy::new(9)).unwrap();
    ledger
        .write(|tx| {
            let people = [
                ("ada", "home", Role::Operator),
                ("fred", "fr", Role::Partner),
                ("nell", "nl", Role::Partner),
                ("vic", "va", Role::Partner),
                ("dirk", "de", Role::Partner),
            ];
            for (name, org, role) in people {
                partners::add_person(
                    tx,
                    &NewPerson { name, org, role, clearance: Some(Tlp::Red), until: None },
                    &hashed,
                )?;
            }
            for (org, clearance) in [("fr", Tlp::Green), ("nl", Tlp::Amber)] {
                let agreement = Agreement::plain("2026-01-01".parse().unwrap(), None, clearance);
                partners::org::add_agreement(tx, org, &agreement, None)?;
            }
            let new = NewCollection {
                title: "Box",
                id: Some(BOX),
                root: None,
                tlp: Some(Tlp::Clear),
                read: &["fr".into(), "nl".into()],
                write: &["fr".into(), "va".into()],
            };
            collection::add(tx, &new)
        })
        .unwrap();
    ledger.catch_up().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    World { state: AppState::new(Arc::new(ledger)), runtime, store }
}

impl World {
    fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        super::routes().with_state(self.state.clone()).oneshot(request).await.unwrap()
    }

    fn ask(&self, name: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Said {
        let mut request = Request::builder().method(method).uri(path);
        if !name.is_empty() {
            request =
                request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{name}:correct horse"))));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.runtime.block_on(async { Said::read(self.send(request).await).await })
    }

    fn get(&self, name: &str, path: &str) -> Said {
        self.ask(name, "GET", path, &[("accept", TAXII)], "")
    }

    fn post(&self, name: &str, body: &str) -> Said {
        let path = format!("/taxii2/default/collections/{BOX}/objects/");
        self.ask(name, "POST", &path, &[("accept", TAXII), ("content-type", TAXII)], body)
    }
}

/// A page that is sent while it is read says its length before, gives the bytes as they came, and goes on where it ended.
#[test]
fn a_page_of_many_chunks() {
    on_each_engine(|w| {
        let objects: Vec<String> = (0..40)
            .map(|i| {
                let text = "ä".repeat(1_000 * (i % 9) + if i == 7 { 200_000 } else { 0 });
                let id = format!("tool--5a8a7a1e-0c53-4f0e-9b7e-{i:012}");
                let at = "2026-01-01T00:00:00.000Z";
                format!(r#"{{"type":"tool", "spec_version":"2.1","id":"{id}","created":"{at}","modified":"{at}","name":"{text}"}}"#)
            })
            .collect();
        let said = w.post("fred", &format!("{{\"objects\":[{}]}}", objects.join(",")));
        assert_eq!(said.status, 202, "{}", said.body);
        let path = format!("/taxii2/default/collections/{BOX}/objects/");
        let whole = w.get("fred", &path);
        assert_eq!(whole.body, format!("{{\"objects\":[{}]}}", objects.join(",")));
        assert!(whole.headers.contains(&format!("content-length: {}\n", whole.body.len())), "{}", whole.headers);
        let page = w.get("fred", &format!("{path}?limit=25"));
        let rest = w.get("fred", &format!("{path}?next={}", page.next()));
        let next = format!("],\"more\":true,\"next\":\"{}\"}}", page.next());
        assert_eq!(page.body, format!("{{\"objects\":[{}{next}", objects[..25].join(",")));
        assert_eq!(rest.body, format!("{{\"objects\":[{}]}}", objects[25..].join(",")));
    });
}

struct Said {
    status: u16,
    headers: String,
    body: String,
}

impl Said {
    async fn read(response: Response<Body>) -> Said {
        let status = response.status().as_u16();
        assert_eq!(response.headers()["content-type"], TAXII, "every answer has the media type with its version");
        let shown = ["x-taxii-date-added-first", "x-taxii-date-added-last", "www-authenticate", "allow", "retry-after"];
        let mut headers: String = shown
            .iter()
            .filter_map(|name| Some(format!("{name}: {}\n", response.headers().get(*name)?.to_str().ok()?)))
            .collect();
        if let Some(length) = axum::body::HttpBody::size_hint(response.body()).exact().filter(|n| *n > STREAMED) {
            headers.push_str(&format!("content-length: {length}\n"));
        }
        let body = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
        Said { status, headers, body }
    }

    fn show(&self) -> String {
        format!("{}\n{}{}", self.status, self.headers, self.body)
    }

    fn ids(&self) -> String {
        let value: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let objects = value.get("objects").and_then(|o| o.as_array().cloned()).unwrap_or_default();
        objects
            .iter()
            .map(|o| o["name"].as_str().or(o["id"].as_str()).unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn next(&self) -> String {
        let value: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(value["more"], true);
        value["next"].as_str().unwrap().to_owned()
    }
}

fn tool(n: u32, second: u32, mark: &str, rest: &str) -> String {
    let mark = if mark.is_empty() { String::new() } else { format!(r#","object_marking_refs":["{mark}"]"#) };
    format!(
        r#"{{"type":"tool","spec_version":"2.1","id":"tool--00000000-0000-4000-8000-{n:012}","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:{second:02}.000Z","name":"{n}.{second}"{mark}{rest}}}"#
    )
}

fn envelope(objects: &[String]) -> String {
    format!(r#"{{"objects":[{}]}}"#, objects.join(","))
}

#[test]
fn resources() {
    on_each_engine(|w| {
        let collection = format!("/taxii2/default/collections/{BOX}/");
        assert_snapshot!(w.get("fred", "/taxii2/").show(), @r#"
    200
    {"title":"home","description":"Threat information shared by this hub","default":"/taxii2/default/","api_roots":["/taxii2/default/"]}
    "#);
        assert_snapshot!(w.get("fred", "/taxii2/default/").show(), @r#"
    200
    {"title":"home","versions":["application/taxii+json;version=2.1"],"max_content_length":67108864}
    "#);
        assert_snapshot!(w.get("fred", "/taxii2/default/collections/").show(), @r#"
    200
    {"collections":[{"id":"5a8a7a1e-0c53-4f0e-9b7e-000000000001","title":"Box","can_read":true,"can_write":true,"media_types":["application/stix+json;version=2.1"]}]}
    "#);
        assert_snapshot!(w.get("dirk", "/taxii2/default/collections/").show(), @r"
    200
    {}
    ");
        assert_snapshot!(w.get("vic", &collection).show(), @r#"
    200
    {"id":"5a8a7a1e-0c53-4f0e-9b7e-000000000001","title":"Box","can_read":false,"can_write":true,"media_types":["application/stix+json;version=2.1"]}
    "#);
        assert_snapshot!(w.get("dirk", &collection).show(), @r#"
    404
    {"title":"not found","description":"there is nothing here for this account; paths end in a slash","http_status":"404"}
    "#);
        assert_eq!(w.get("ada", "/taxii2/default/collections/default/").status, 200, "the alias works in the path");
        assert_eq!(w.get("fred", "/taxii2/default/collections/default/").status, 404);
    });
}

#[test]
fn tokens_and_certificates() {
    on_each_engine(|w| {
        let write = |f: &dyn Fn(&mut ledger::Tx<'_>) -> ledger::Result<String>| w.ledger().write(|tx| f(tx)).unwrap();
        let token = write(&|tx| partners::access::issue_token(tx, "fred", 2).map(|(token, _)| token));
        let bearer = |token: &str| {
            let value = format!("Bearer {token}");
            w.ask("", "GET", &format!("/taxii2/default/collections/{BOX}/"), &[("authorization", &value)], "").status
        };
        assert_eq!(bearer(&token), 200);
        assert_eq!(bearer(&token.to_uppercase()), 401);
        assert_eq!(bearer(""), 401);
        w.store.clock.set(ledger::Micros(ledger::testkit::START.0 + 2 * ledger::Micros::DAY + 1));
        assert_eq!(bearer(&token), 401, "its days are over");
        let token = write(&|tx| partners::access::issue_token(tx, "fred", 366).map(|(token, _)| token));
        assert_eq!(bearer(&token), 200);
        assert_eq!(w.ledger().write(|tx| partners::access::revoke_tokens(tx, "fred")).unwrap(), 1);
        assert_eq!(bearer(&token), 401, "ended at once");
        for (name, days) in [("nobody", 1), ("fred", 0), ("fred", 367)] {
            assert!(w.ledger().write(|tx| partners::access::issue_token(tx, name, days)).is_err(), "{name} {days}");
        }
        let fingerprint = write(&|tx| partners::access::bind_certificate(tx, "fred", b"a certificate"));
        let shown = |fingerprint: &str, authorization: Option<&str>| {
            let mut request = Request::builder().uri("/taxii2/default/");
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            let mut request = request.body(Body::empty()).unwrap();
            let peer = crate::tls::Peer { certificate: Some(fingerprint.to_owned()) };
            request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
            w.runtime.block_on(w.send(request)).status().as_u16()
        };
        assert_eq!(shown(&fingerprint, None), 200);
        assert_eq!(shown(&partners::access::fingerprint(b"another"), None), 401);
        assert_eq!(shown(&fingerprint, Some("Bearer x")), 401, "what the request says goes first");
    });
}

#[test]
fn several_roots() {
    on_each_engine(|w| {
        let other = "5a8a7a1e-0c53-4f0e-9b7e-000000000002";
        let read = ["fr".to_owned()];
        let long = "a".repeat(65);
        let new = |root| NewCollection {
            title: "Exercise",
            id: Some(other),
            root: Some(root),
            tlp: Some(Tlp::Clear),
            read: &read,
            write: &[],
        };
        for bad in ["", "-x", "A", "a/b", "..", "a b", &long] {
            let refused = w.ledger().write(|tx| collection::add(tx, &new(bad)));
            assert!(refused.is_err_and(|e| e.to_string().contains("API root")), "{bad}");
        }
        w.ledger().write(|tx| collection::add(tx, &new("exercise"))).unwrap();
        w.ledger().catch_up().unwrap();
        let roots = |name: &str| {
            let body: serde_json::Value = serde_json::from_str(&w.get(name, "/taxii2/").body).unwrap();
            body["api_roots"].to_string()
        };
        assert_eq!(roots("fred"), r#"["/taxii2/default/","/taxii2/exercise/"]"#);
        assert_eq!(roots("nell"), r#"["/taxii2/default/"]"#, "nothing in it is hers");
        for (name, path, status) in [
            ("fred", "/taxii2/exercise/".to_owned(), 200),
            ("nell", "/taxii2/exercise/".to_owned(), 404),
            ("nell", "/taxii2/nowhere/".to_owned(), 404),
            ("fred", format!("/taxii2/exercise/collections/{other}/objects/"), 200),
            ("fred", format!("/taxii2/default/collections/{other}/objects/"), 404),
            ("fred", format!("/taxii2/exercise/collections/{BOX}/"), 404),
            ("ada", "/taxii2/exercise/collections/default/".to_owned(), 404),
        ] {
            assert_eq!(w.get(name, &path).status, status, "{name} {path}");
        }
        let listed = w.get("fred", "/taxii2/exercise/collections/").body;
        assert!(listed.contains(other) && !listed.contains(BOX), "{listed}");
    });
}

#[test]
fn who_and_in_which_form() {
    on_each_engine(|w| {
        assert_snapshot!(w.get("", "/taxii2/").show(), @r#"
    401
    www-authenticate: Basic realm="taxii", charset="UTF-8", Bearer realm="taxii"
    {"title":"sign in","description":"name and password by HTTP Basic, a bearer token or a client certificate, as the operator gave them","http_status":"401"}
    "#);
        let wrong = format!("Basic {}", STANDARD.encode("fred:wrong horse"));
        assert_eq!(w.ask("", "GET", "/taxii2/", &[("authorization", &wrong)], "").status, 401);
        let wrong = format!("Basic {}", STANDARD.encode("nobody:correct horse"));
        assert_eq!(w.ask("", "GET", "/taxii2/", &[("authorization", &wrong)], "").status, 401);
        assert_eq!(w.ask("", "GET", "/taxii2/", &[("authorization", "Bearer x")], "").status, 401);
        for (accept, status) in [
            ("application/taxii+json", 200),
            ("application/taxii+json; version=2.1", 200),
            ("application/taxii+json;version=\"2.1\"", 200),
            ("text/html, application/taxii+json;version=2.1;q=0.1", 200),
            ("application/taxii+json;version=2.0, application/taxii+json;version=2.1", 200),
            ("*/*", 200),
            ("application/*;q=0.2", 200),
            ("application/taxii+json;version=2.0", 406),
            ("application/taxii+json;version=2.1;q=0", 406),
            ("application/json", 406),
            ("text/html", 406),
        ] {
            assert_eq!(w.ask("fred", "GET", "/taxii2/", &[("accept", accept)], "").status, status, "{accept}");
        }
        assert_eq!(w.ask("fred", "GET", "/taxii2/", &[], "").status, 200);
        for path in [
            "/taxii2",
            "/taxii2/default",
            "/taxii2/other/",
            "/taxii2/default/collections",
            "/taxii2/default/x/",
            "/taxii2/default//",
        ] {
            assert_eq!(w.get("fred", path).status, 404, "{path}");
        }
        assert_snapshot!(w.ask("fred", "PUT", "/taxii2/", &[], "").show(), @r#"
    405
    allow: GET
    {"title":"this method is not for this path","description":"GET","http_status":"405"}
    "#);
    });
}

#[test]
fn writing() {
    on_each_engine(|w| {
        let objects = envelope(&[tool(1, 1, "", ""), tool(2, 1, AMBER, ""), tool(3, 1, "", r#","x":1,"x":2"#)]);
        let said = w.post("fred", &objects);
        let status: serde_json::Value = serde_json::from_str(&said.body).unwrap();
        assert_eq!((said.status, &status["status"], &status["total_count"]), (202, &"complete".into(), &3.into()));
        assert_eq!(
            (&status["success_count"], &status["failure_count"], &status["pending_count"]),
            (&2.into(), &1.into(), &0.into())
        );
        assert_snapshot!(status["failures"], @r#"[{"id":"tool--00000000-0000-4000-8000-000000000003","message":"duplicate-key at /x: the key stands twice in one object: send it once","version":"2026-01-01T00:00:00.000000Z"}]"#);
        assert_snapshot!(status["successes"][0], @r#"{"id":"tool--00000000-0000-4000-8000-000000000001","version":"2020-01-01T00:00:01.000Z"}"#);
        let told = format!("/taxii2/default/status/{}/", status["id"].as_str().unwrap());
        assert_eq!(w.get("fred", &told).body, said.body);
        assert_eq!(w.get("ada", &told).status, 404, "a status is for whoever made the request");
        assert_eq!(w.post("fred", &objects).status, 202, "a duplicate is no error");
        assert_eq!(w.post("fred", "{}").status, 202);
        for (name, status) in [("nell", 403), ("dirk", 404), ("vic", 202), ("ada", 202)] {
            assert_eq!(w.post(name, &objects).status, status, "{name}");
        }
        let path = format!("/taxii2/default/collections/{BOX}/objects/");
        for content_type in ["application/json", "application/taxii+json;version=2.0", "text/plain"] {
            let said = w.ask("fred", "POST", &path, &[("accept", TAXII), ("content-type", content_type)], &objects);
            assert_eq!(said.status, 415, "{content_type}");
        }
        let said = w.ask("fred", "POST", &path, &[("content-type", "application/taxii+json")], &objects);
        assert_eq!(said.status, 202);
        let large = [("content-type", TAXII), ("content-length", "99999999999")];
        assert_eq!(w.ask("fred", "POST", &path, &large, "").status, 413);
        assert_snapshot!(w.post("fred", r#"{"objects":[{]}"#).show(), @r#"
    422
    {"title":"the content cannot be processed","description":"json-syntax at /objects/0: expected a key in quotes at line 1, column 14","http_status":"422"}
    "#);
        assert_snapshot!(w.post("fred", &tool(1, 1, "", "")).show(), @r#"
    422
    {"title":"the content cannot be processed","description":"an object by itself is no envelope: send {\"objects\": [...]}","http_status":"422"}
    "#);
        assert_eq!(w.post("fred", r#"{"objects":{}}"#).status, 422);
        let later = |hours: i64| w.store.clock.set(ledger::testkit::START.plus_hours(hours));
        later(25);
        assert_eq!(w.get("fred", &told).status, 200, "a day at least (section 4.3)");
        later(24 * 8);
        assert_eq!(w.get("fred", &told).status, 404, "it ends by the clock, though nobody gave anything since");
    });
}

#[test]
fn a_conflict_with_what_one_may_not_see_is_told_to_nobody() {
    on_each_engine(|w| {
        w.post("ada", &envelope(&[tool(1, 1, AMBER, ""), tool(2, 1, "", "")]));
        let count = |said: &Said| {
            let status: serde_json::Value = serde_json::from_str(&said.body).unwrap();
            (status["success_count"].as_u64().unwrap(), status["failure_count"].as_u64().unwrap())
        };
        let hidden = w.post("fred", &envelope(&[tool(1, 1, "", r#","description":"mine""#)]));
        assert_eq!(count(&hidden), (1, 0), "fred may not see version 1.1");
        let objects = format!("/taxii2/default/collections/{BOX}/objects/");
        assert_eq!(w.get("fred", &objects).ids(), "2.1 1.1", "what fred gave stands where the other is not seen");
        assert!(w.get("fred", &objects).body.contains("mine") && !w.get("nell", &objects).body.contains("mine"));
        let seen = w.post("fred", &envelope(&[tool(2, 1, "", r#","description":"mine""#)]));
        assert_eq!(count(&seen), (0, 1));
        assert_eq!(w.ledger().read(exchange::review::count).unwrap(), 2);
        assert_eq!(
            count(&w.post("fred", &envelope(&[tool(2, 1, "", r#","description":"mine""#)]))),
            (0, 1),
            "each time it is sent"
        );
        // of two conflicts the one with what is seen is told, though what is hidden is older
        w.post("ada", &envelope(&[tool(3, 1, AMBER, ""), tool(3, 2, "", "")]));
        let both = tool(3, 5, "", "").replace("2020-01-01T00:00:00.000Z", "2019-01-01T00:00:00.000Z");
        assert_eq!(count(&w.post("fred", &envelope(&[both]))), (0, 1));
        assert_eq!(w.get("fred", &objects).ids(), "2.1 1.1 3.2");
        assert_eq!(w.get("nell", &objects).ids(), "1.1 2.1 3.2");
    });
}

#[test]
fn reading() {
    on_each_engine(|w| {
        let mut objects: Vec<String> = (1..=5).map(|n| tool(n, 1, if n == 3 { AMBER } else { "" }, "")).collect();
        objects.push(tool(1, 2, "", ""));
        objects.push(tool(2, 2, AMBER, ""));
        objects.push(r#"{"type":"ipv4-addr","spec_version":"2.1","id":"ipv4-addr--00000000-0000-4000-8000-000000000001","value":"198.51.100.1"}"#.to_owned());
        w.post("ada", &envelope(&objects));
        let path = |query: &str| format!("/taxii2/default/collections/{BOX}/objects/{query}");
        let sees = |name: &str, query: &str| w.get(name, &path(query)).ids();
        assert_eq!(sees("nell", ""), "3.1 4.1 5.1 1.2 2.2 ipv4-addr--00000000-0000-4000-8000-000000000001");
        assert_eq!(sees("fred", "?match[type]=tool"), "2.1 4.1 5.1 1.2", "the last version that fred may see");
        assert_eq!(sees("fred", "?match[version]=all&match[type]=tool"), "1.1 2.1 4.1 5.1 1.2");
        assert_eq!(
            sees("fred", "?match[version]=first,2020-01-01T00:00:02.000Z&match[type]=tool"),
            "1.1 2.1 4.1 5.1 1.2"
        );
        assert_eq!(sees("nell", "?match[id]=tool--00000000-0000-4000-8000-000000000003"), "3.1");
        assert_eq!(sees("fred", "?match[id]=tool--00000000-0000-4000-8000-000000000003"), "");
        assert_eq!(sees("nell", "?match[spec_version]=2.0"), "");
        assert_eq!(sees("nell", "?added_after=2099-01-01T00:00:00Z"), "");
        let stored = w.get("fred", &path("?limit=1"));
        assert!(
            stored.body.starts_with(&format!("{{\"objects\":[{}]", objects[1])),
            "bytes as received: {}",
            stored.body
        );
        let (mut ids, mut query, mut lengths) = (Vec::new(), "?limit=2".to_owned(), Vec::new());
        loop {
            let page = w.get("nell", &path(&query));
            ids.push(page.ids());
            if !page.body.contains("\"more\":true") {
                break;
            }
            lengths.push(page.next().len());
            query = format!("?limit=2&next={}", page.next());
        }
        assert_eq!(ids.join(" | "), "3.1 4.1 | 5.1 1.2 | 2.2 ipv4-addr--00000000-0000-4000-8000-000000000001");
        assert_eq!(lengths, [48, 48], "of fixed length");
        assert_eq!(
            w.get("nell", &path(&format!("{query}&match[type]=tool"))).status,
            400,
            "only with the same filters"
        );
        assert_eq!(w.get("fred", &path(&query)).status, 400, "only for the same person");
        assert_eq!(w.get("fred", &path("?limit=0")).status, 400);
        assert_eq!(w.get("vic", &path("")).status, 403, "may write, not read");
        assert_eq!(w.get("dirk", &path("")).status, 404);
        assert_snapshot!(w.get("fred", &path("?added_after=2099-01-01T00:00:00Z")).show(), @r"
    200
    {}
    ");
    });
}

#[test]
fn one_object() {
    on_each_engine(|w| {
        w.post("fred", &envelope(&[tool(1, 1, "", ""), tool(1, 2, "", ""), tool(2, 1, AMBER, "")]));
        w.post("ada", &envelope(&[tool(2, 1, AMBER, "")]));
        let collection = format!("/taxii2/default/collections/{BOX}/");
        let one = format!("{collection}objects/tool--00000000-0000-4000-8000-000000000001/");
        let two = format!("{collection}objects/tool--00000000-0000-4000-8000-000000000002/");
        assert_snapshot!(w.get("fred", &one).show(), @r#"
    200
    x-taxii-date-added-first: 2026-01-01T00:00:00.000001Z
    x-taxii-date-added-last: 2026-01-01T00:00:00.000001Z
    {"objects":[{"type":"tool","spec_version":"2.1","id":"tool--00000000-0000-4000-8000-000000000001","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:02.000Z","name":"1.2"}]}
    "#);
        assert_snapshot!(w.get("fred", &format!("{one}versions/?limit=1")).headers, @r"
    x-taxii-date-added-first: 2026-01-01T00:00:00.000000Z
    x-taxii-date-added-last: 2026-01-01T00:00:00.000000Z
    ");
        assert_snapshot!(w.get("fred", &format!("{one}versions/")).show(), @r#"
    200
    x-taxii-date-added-first: 2026-01-01T00:00:00.000000Z
    x-taxii-date-added-last: 2026-01-01T00:00:00.000001Z
    {"versions":["2020-01-01T00:00:01.000Z","2020-01-01T00:00:02.000Z"]}
    "#);
        assert_snapshot!(w.get("nell", &format!("{collection}manifest/")).show(), @r#"
    200
    x-taxii-date-added-first: 2026-01-01T00:00:00.000001Z
    x-taxii-date-added-last: 2026-01-01T00:00:00.000002Z
    {"objects":[{"id":"tool--00000000-0000-4000-8000-000000000001","date_added":"2026-01-01T00:00:00.000001Z","version":"2020-01-01T00:00:02.000Z","media_type":"application/stix+json;version=2.1"},{"id":"tool--00000000-0000-4000-8000-000000000002","date_added":"2026-01-01T00:00:00.000002Z","version":"2020-01-01T00:00:01.000Z","media_type":"application/stix+json;version=2.1"}]}
    "#);
        assert_eq!(w.get("fred", &two).status, 404);
        assert_eq!(w.get("fred", &format!("{two}versions/")).status, 404);
        assert_eq!(w.get("fred", &format!("{one}?match[version]=2019-01-01T00:00:00Z")).body, "{}");
        for (name, path, status) in [("nell", &one, 403), ("vic", &one, 403), ("dirk", &one, 404), ("fred", &two, 404)]
        {
            assert_eq!(w.ask(name, "DELETE", path, &[], "").status, status, "{name}");
        }
        assert_eq!(w.ask("fred", "DELETE", &format!("{one}?match[version]=last"), &[], "").status, 200);
        assert_eq!(w.get("fred", &one).ids(), "1.1");
        assert_eq!(w.ask("fred", "DELETE", &one, &[], "").show(), "200\n");
        assert_eq!(w.get("fred", &one).status, 404);
        assert_eq!(w.get("nell", &format!("{collection}objects/")).ids(), "2.1");
        let verified = w.ledger().verify(true).unwrap();
        assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    });
}

/// One object of an envelope that is strange costs the others nothing; what has no version is known by when it was listed; all versions go.
#[test]
fn what_is_strange_in_one_object() {
    on_each_engine(|w| {
        let path = format!("/taxii2/default/collections/{BOX}/objects/");
        let tool = |n: u32, second: u32, rest: &str| {
            format!(
                r#"{{"type":"tool","spec_version":"2.1","id":"tool--00000000-0000-4000-8000-{n:012}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:{second:02}.000Z","name":"t"{rest}}}"#
            )
        };
        let address =
            r#"{"type":"ipv4-addr","id":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","value":"198.51.100.3"}"#;
        let custom = r#"{"type":"x-own","id":"x-own--00000000-0000-4000-8000-000000000009","spec_version":"9\"x"}"#;
        let nul = tool(2, 1, r#","labels":["a\u0000b"]"#);
        let said = w.post("fred", &format!(r#"{{"objects":[{},{nul},{address},{custom}]}}"#, tool(1, 1, "")));
        assert_eq!((said.status, said.json()["success_count"].as_u64()), (202, Some(4)), "{}", said.body);
        let basic = format!("Basic {}", STANDARD.encode("fr\0ed:x"));
        assert_eq!(w.ask("", "GET", "/taxii2/", &[("accept", TAXII), ("authorization", &basic)], "").status, 401);

        let manifest = w.get("fred", &path.replace("objects", "manifest")).json();
        let line =
            manifest["objects"].as_array().unwrap().iter().find(|o| o["id"].as_str().unwrap().starts_with("ipv4"));
        let version = line.unwrap()["version"].as_str().unwrap();
        let found = w.get("fred", &format!("{path}?match[version]={version}&match[type]=ipv4-addr"));
        assert!(found.body.contains("198.51.100.3"), "{}", found.body);
        let media = |m: &serde_json::Value| m["media_type"] == "application/stix+json;version=2.1";
        assert!(manifest["objects"].as_array().unwrap().iter().all(media), "{manifest}");

        let first = w.get("fred", &format!("{path}?match[type]=tool,x-own&match[version]=all&limit=1"));
        let turned = format!("{path}?match[version]=all&match[type]=tool,x-own&limit=9&next={}", first.next());
        assert_eq!(w.get("fred", &turned).status, 200);

        let history: Vec<String> = (2..60).map(|second| tool(1, second, "")).collect();
        assert_eq!(w.post("fred", &format!(r#"{{"objects":[{}]}}"#, history.join(","))).json()["success_count"], 58);
        let of_one = format!("{path}tool--00000000-0000-4000-8000-000000000001/");
        let all = w.get("fred", &format!("{of_one}?match[version]=all")).json();
        assert_eq!(all["objects"].as_array().unwrap().len(), 59);
        assert_eq!(w.get("fred", &of_one).json()["objects"][0]["modified"], "2026-01-01T00:00:59.000Z");
        let first = w.get("fred", &format!("{of_one}?match[version]=first")).json();
        assert_eq!(first["objects"][0]["modified"], "2026-01-01T00:00:01.000Z");
        assert_eq!(w.ask("fred", "DELETE", &of_one, &[("accept", TAXII)], "").status, 200);
        assert_eq!(w.get("fred", &format!("{of_one}?match[version]=all")).status, 404);
        w.ledger().catch_up().unwrap();
        assert_eq!(w.ledger().verify(true).unwrap().findings, [], "{}", w.store.engine);
    });
}
