//! What a program does with records: reads the definitions, says one, says it again, reads it and its history; and what it is told where a rule says no.
use super::*;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use ledger::SeededEntropy;
use ledger::testkit::{TestStore, engines};
use partners::{NewPerson, Role};
use std::sync::Arc;
use stix::Tlp;
use tower::ServiceExt;

pub(crate) struct World {
    pub(crate) state: AppState,
    runtime: tokio::runtime::Runtime,
    pub(crate) store: TestStore,
}

pub(crate) fn world(store: TestStore) -> World {
    store.clock.set("2026-02-01".parse().unwrap());
    let ledger = store.open(crate::stages());
    let key = ledger.signing_key().unwrap();
    let hashed = partners::person::hash("correct horse", &SeededEntropy::new(9)).unwrap();
    let people = [
        ("ana", "home", Role::Analyst),
        ("aud", "home", Role::Auditor),
        ("olga", "home", Role::Operator),
        ("otto", "home", Role::Operator),
        ("fred", "fr", Role::Analyst),
    ];
    ledger.write(|tx| assure::furnish(tx, &key)).unwrap();
    ledger
        .write(|tx| {
            partners::import_csv(tx, b"org,name,kind,country,languages,agreement_from,agreement_to,clearance\nhome,Agency,agency,US,en,,,\nfr,CERT FR,csirt,FR,fr,,,\n")?;
            people.iter().try_for_each(|&(name, org, role)| {
                let new = NewPerson { name, org, role, clearance: Some(Tlp::Red), until: None };
                partners::add_person(tx, &new, &hashed).map(drop)
            })
        })
        .unwrap();
    ledger.catch_up().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    World { state: AppState::new(Arc::new(ledger)), runtime, store }
}

impl World {
    pub(crate) fn send(&self, request: Request<Body>) -> (u16, HeaderMap, String) {
        let router = crate::router(self.state.clone());
        self.runtime.block_on(async {
            let response = router.oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, 1 << 26).await.unwrap();
            (parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&body).into_owned())
        })
    }

    /// Asks as a program does, with these headers beside.
    pub(crate) fn ask(
        &self,
        name: &str,
        method: &str,
        path: &str,
        body: &str,
        more: &[(&str, &str)],
    ) -> (u16, HeaderMap, String) {
        let word = format!("Basic {}", STANDARD.encode(format!("{name}:correct horse")));
        let mut request = Request::builder().method(method).uri(path).header("authorization", word);
        if !more.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
    }

    /// Status and answer, in one line.
    fn says(&self, name: &str, method: &str, path: &str, body: &str) -> String {
        let (status, _, body) = self.ask(name, method, path, body, &[]);
        format!("{status} {body}")
    }

    /// A session of somebody: its cookie, and the token of its forms.
    pub(crate) fn session(&self, name: &str) -> (String, String) {
        let token = self.state.ledger.write(|tx| crate::auth::begin(tx, name)).unwrap();
        let viewer = self.state.ledger.read(|tx| crate::auth::find(tx, &token, "home")).unwrap().unwrap();
        let cookie = crate::auth::cookie(&token, false);
        (cookie.split(';').next().unwrap().to_owned(), viewer.csrf)
    }

    /// A page, in a session of somebody.
    pub(crate) fn page(&self, name: &str, path: &str) -> String {
        let request = Request::builder().uri(path).header("cookie", self.session(name).0);
        let (status, _, body) = self.send(request.body(Body::empty()).unwrap());
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Sends a form of a page as a browser does, with the token of the session.
    pub(crate) fn form(&self, name: &str, path: &str, (kind, body): (&str, Vec<u8>)) -> (u16, HeaderMap, String) {
        let (cookie, csrf) = self.session(name);
        let body = match String::from_utf8(body) {
            Ok(text) => text.replace("{csrf}", &csrf).into_bytes(),
            Err(bytes) => bytes.into_bytes(),
        };
        let request = Request::builder().method("POST").uri(path).header("cookie", cookie);
        let request = request.header("sec-fetch-site", "same-origin").header("content-type", kind);
        self.send(request.body(Body::from(body)).unwrap())
    }

    fn json(&self, path: &str) -> serde_json::Value {
        let (status, _, body) = self.ask("ana", "GET", path, "", &[]);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }
}

const HELD: &str = r#"{"state":"held","fields":{"reference":"A 2026/1","title":"Table-top","held_on":"2026-01-05","partners":["fr"],"coordinated_by":"home"}}"#;
const ONE: &str = "/records/activity/a-2026-1";

/// A form with fields and maybe a file, as browsers send it: its type and its bytes.
fn brought(fields: &[(&str, &str)], file: Option<(&str, &str)>) -> (&'static str, Vec<u8>) {
    let mut text = String::new();
    for (name, value) in fields {
        text += &format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    if let Some((name, bytes)) = file {
        let head = format!("form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/pdf");
        text += &format!("--x\r\nContent-Disposition: {head}\r\n\r\n{bytes}\r\n");
    }
    ("multipart/form-data; boundary=x", format!("{text}--x--\r\n").into_bytes())
}

/// The same on each engine.
fn for_each_engine(story: impl Fn(&World)) {
    insta::allow_duplicates! {
        for store in engines() {
            story(&world(store));
        }
    }
}

#[test]
fn a_program_says_a_record_and_reads_it() {
    for_each_engine(|w| {
        let kinds = w.json("/records/");
        let activity = kinds["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "activity").unwrap();
        assert_eq!((&activity["records"], &activity["state"][1]["name"]), (&0.into(), &"held".into()));
        assert!(
            activity["field"]
                .as_array()
                .unwrap()
                .iter()
                .any(|field| field["name"] == "held_on" && field["type"] == "day")
        );
        let (status, headers, _) = w.ask("ana", "POST", "/records/activity", HELD, &[]);
        assert_eq!((status, headers["location"].to_str().unwrap()), (201, ONE));
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 200, "it stands so already");
        let more = r#"{"fields":{"reference":"A 2026/1","outcome":"a playbook"}}"#;
        assert_eq!(w.ask("ana", "POST", "/records/activity", more, &[]).0, 200, "what is not said stays");
        let shown = w.json(ONE);
        assert_eq!((&shown["state"], &shown["fields"]["title"]), (&"held".into(), &"Table-top".into()));
        assert_eq!(
            (&shown["marking"], &shown["evidence"], &shown["by"]),
            (&"AMBER".into(), &"E0".into(), &"ana".into())
        );
        let history = shown["history"].as_array().unwrap();
        assert_eq!(history[1]["what"], "outcome: empty → a playbook");
        // what is said whole: what is not said is empty, and saying it again changes nothing
        assert_eq!(w.ask("olga", "PUT", ONE, HELD, &[]).0, 200);
        assert_eq!(w.json(ONE)["fields"].get("outcome"), None);
        let was = w.json(ONE)["entry"].clone();
        assert_eq!(w.ask("olga", "PUT", ONE, HELD, &[]).0, 200);
        assert_eq!(w.json(ONE)["entry"], was);
    });
}

#[test]
fn whoever_changes_a_record_can_say_what_they_saw() {
    for_each_engine(|w| {
        w.ask("ana", "POST", "/records/activity", HELD, &[]);
        let seen = w.ask("ana", "GET", ONE, "", &[]).1["etag"].to_str().unwrap().to_owned();
        let other = HELD.replace("Table-top", "Exercise");
        assert_eq!(w.ask("ana", "PUT", ONE, &other, &[("if-match", &seen)]).0, 200);
        let (status, _, body) = w.ask("olga", "PUT", ONE, HELD, &[("if-match", &seen)]);
        assert_eq!(status, 412);
        assert!(body.contains(r#""rule":"record-seen""#), "{body}");
        assert_eq!(w.json(ONE)["name"], "Exercise", "what somebody else changed meanwhile stands");
        assert_eq!(w.ask("olga", "PUT", ONE, HELD, &[("if-match", "W/x")]).0, 412);
    });
}

#[test]
fn a_refusal_names_the_rule_the_field_and_what_to_do() {
    for_each_engine(|w| {
        let with = |name: &str, value: &str| {
            let fields = format!(r#"{{"reference":"A 2026/1","title":"T","{name}":{value}}}"#);
            w.says("ana", "POST", "/records/activity", &format!(r#"{{"fields":{fields}}}"#))
        };
        assert_snapshot!(with("held_on", r#""5 January""#), @r#"422 {"title":"held_on: \"5 January\" is no day; write YYYY-MM-DD","rule":"record-value","field":"held_on"}"#);
        assert_snapshot!(with("partners", r#""fr""#), @r#"422 {"title":"partners: it holds a list of texts, or null","rule":"record-value","field":"partners"}"#);
        assert_snapshot!(with("partners", r#"["fr;nl"]"#), @r#"422 {"title":"partners: each of its values is a text that is not empty and has no `;`","rule":"record-value","field":"partners"}"#);
        assert_snapshot!(with("partners", r#"["xx"]"#), @r#"422 {"title":"partners: there is no organisation \"xx\"","rule":"record-link","field":"partners","next":"record the organisation first, or correct partners"}"#);
        assert_snapshot!(with("colour", r#""red""#), @r#"422 {"title":"an activity has no field \"colour\"","rule":"record-field","field":"colour","next":"`mainstay record kinds activity` lists its fields"}"#);
        let said = |body: &str| w.says("ana", "POST", "/records/activity", body);
        assert_snapshot!(said(r#"{"fields":{"title":"T"}}"#), @r#"422 {"title":"reference names this kind of record and is empty","rule":"record-key","field":"reference","next":"fill it"}"#);
        assert_snapshot!(said(r#"{"state":"held","fields":{"reference":"x","title":"T"}}"#), @r#"422 {"title":"partners, held_on is empty, which held asks for","rule":"record-missing","field":"partners","next":"fill it"}"#);
        assert_snapshot!(said(r#"{"tags":["isp:99"],"fields":{"reference":"x","title":"T"}}"#), @r#"422 {"title":"\"isp:99\" is in no plan","rule":"record-tag","field":"tags","next":"`mainstay plan tags` lists those that are"}"#);
        assert_snapshot!(said(r#"{"marking":"PINK","fields":{}}"#), @r#"422 {"title":"`PINK` is not a TLP label: write CLEAR, GREEN, AMBER, AMBER+STRICT or RED","rule":"record-value","field":"marking"}"#);
        assert_snapshot!(said(r#"{"fields":{"title":"a","title":"b"}}"#), @r#"400 {"title":"duplicate-key at /fields/title: the key stands twice in one object: send it once","rule":"json","next":"send an object with `fields`, and `id`, `state`, `tags` and `marking` where they are said"}"#);
        assert_snapshot!(said(r#"{"feilds":{}}"#), @r#"400 {"title":"unknown field `feilds`, expected one of `id`, `state`, `fields`, `tags`, `marking` at line 1 column 9","rule":"json","next":"send an object with `fields`, and `id`, `state`, `tags` and `marking` where they are said"}"#);
        assert_eq!(w.ask("ana", "POST", "/records/activity", &" ".repeat(SAID_MAX + 1), &[]).0, 413);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(w.ask("ana", "POST", "/records/activity", "fields=x", &form).0, 415);
        assert_eq!(w.json("/records/activity")["records"], serde_json::json!([]), "nothing was recorded");
    });
}

#[test]
fn who_may_read_and_record_is_what_the_definition_and_the_role_say() {
    for_each_engine(|w| {
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
        assert_snapshot!(w.says("aud", "PUT", ONE, HELD), @r#"403 {"title":"the role auditor may not import files; admin, operator, analyst may","rule":"role","next":"ask somebody whose role allows it"}"#);
        let role = r#"{"fields":{"person":"p1","role":"liaison","from":"2026-01-01","source":"list"}}"#;
        assert_snapshot!(w.says("ana", "POST", "/records/role", role), @r#"403 {"title":"the role analyst may not record an international role; operator, admin may","rule":"role-record"}"#);
        assert_eq!(w.ask("aud", "GET", ONE, "", &[]).0, 200);
        assert_snapshot!(w.says("fred", "GET", ONE, ""), @r#"403 {"title":"fred belongs to fr; only the operator's own may compute measures","rule":"role","next":"ask somebody whose role allows it"}"#);
        assert_eq!(w.ask("ana", "GET", "/records/activty", "", &[]).0, 404);
        assert_eq!(w.ask("ana", "GET", "/records/activity/none", "", &[]).0, 404);
        assert_eq!(w.send(Request::builder().uri("/records/").body(Body::empty()).unwrap()).0, 303, "to the door");
        // a session of the pages reads; what it says must come from a page of this hub
        let token = w.state.ledger.write(|tx| crate::auth::begin(tx, "ana")).unwrap();
        let cookie = crate::auth::cookie(&token, false);
        let cookie = cookie.split(';').next().unwrap();
        let put = |site: &str| {
            let request =
                Request::builder().method("PUT").uri(ONE).header("cookie", cookie).header("sec-fetch-site", site);
            w.send(request.header("content-type", "application/json").body(Body::from(HELD)).unwrap()).0
        };
        assert_eq!((put("cross-site"), put("same-origin")), (403, 200));
    });
}

#[test]
fn a_list_goes_on_where_it_ended() {
    for_each_engine(|w| {
        for n in 1..=5 {
            let state = if n % 2 == 0 { "planned" } else { "cancelled" };
            let said =
                format!(r#"{{"state":"{state}","fields":{{"reference":"a-{n}","title":"Meeting of team{n}"}}}}"#);
            assert_eq!(w.ask("ana", "POST", "/records/activity", &said, &[]).0, 201, "{said}");
        }
        let page = |query: &str| {
            let list = w.json(&format!("/records/activity?{query}"));
            let ids: Vec<&str> =
                list["records"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap()).collect();
            (ids.join(" "), list["next"].as_i64())
        };
        let (ids, next) = page("limit=2");
        assert_eq!(ids, "a-5 a-4");
        let (ids, next) = page(&format!("limit=2&before={}", next.unwrap()));
        assert_eq!(ids, "a-3 a-2");
        assert_eq!(page(&format!("limit=2&before={}", next.unwrap())), ("a-1".to_owned(), None));
        assert_eq!(page("state=planned"), ("a-4 a-2".to_owned(), None));
        assert_eq!(page("find=team3%20meeting&limit=1"), ("a-3".to_owned(), None));
        assert_eq!(page("find=meet"), (String::new(), None), "a word is whole");
        assert_eq!(w.ask("ana", "GET", "/records/activity?sort=up", "", &[]).0, 400);
    });
}

/// What two people say of the meeting, as the command line has it: the operator has the minutes.
fn minutes(w: &World, file: &str, artefact: &[u8]) -> i64 {
    let catalogue = w.state.ledger.read(Catalogue::of).unwrap();
    let olga = w.state.ledger.read(|tx| partners::person::person(tx, "olga", "home")).unwrap().unwrap();
    let backing = assure::record::write::Backing {
        kind: "activity",
        id: "a-2026-1",
        org: "fr",
        note: "the minutes",
        artefact: Some(artefact),
        file,
    };
    let level = assure::facts::Evidence::E2;
    let ledger = &w.state.ledger;
    ledger.write(|tx| assure::record::write::evidence(tx, &catalogue, &backing, level, &olga)).unwrap();
    ledger.catch_up().unwrap();
    ledger.size().unwrap() - 1
}

#[test]
fn a_file_that_shows_a_record_is_saved_by_whoever_reads_that() {
    for_each_engine(|w| {
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
        let entry = minutes(w, "C:\\shared\\M\u{202e}inut\u{e9}s 1.pdf", b"%PDF-1.7 <script>");
        let shown = w.json(ONE);
        let one = &shown["artefacts"][0];
        assert_eq!(
            (&one["file"], &one["size"], &one["evidence"]),
            (&"Minut\u{e9}s 1.pdf".into(), &17.into(), &"E2".into())
        );
        assert_eq!((&one["org"], &one["by"], &one["entry"]), (&"fr".into(), &"olga".into(), &entry.into()));
        let place = format!("{ONE}/artefacts/{entry}");
        let (status, headers, body) = w.ask("aud", "GET", &place, "", &[]);
        assert_eq!((status, body.as_str()), (200, "%PDF-1.7 <script>"));
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_snapshot!(header("content-disposition"), @r#"attachment; filename="Minut_s 1.pdf"; filename*=UTF-8''Minut%C3%A9s%201.pdf"#);
        assert_eq!((header("content-type"), header("x-content-type-options")), ("application/octet-stream", "nosniff"));
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(header("etag"), format!("\"{}\"", one["sha256"].as_str().unwrap()));
        assert_eq!(w.ask("aud", "GET", &place, "", &[("if-none-match", header("etag"))]).0, 304);
        assert_eq!(w.ask("fred", "GET", &place, "", &[]).0, 403);
        for other in [format!("{ONE}/artefacts/1"), format!("{ONE}/artefacts/x"), place.replace("a-2026-1", "a-2")] {
            assert_eq!(w.ask("ana", "GET", &other, "", &[]).0, 404, "{other}");
        }
        let page = w.page("aud", "/assure/records/activity/a-2026-1");
        for says in [&place, "Minut\u{e9}s 1.pdf", one["sha256"].as_str().unwrap(), "17 bytes", "olga"] {
            assert!(page.contains(says), "{says}: {page}");
        }
    });
}

#[test]
fn a_purge_takes_the_file_and_what_it_showed() {
    for_each_engine(|w| {
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
        let entry = minutes(w, "minutes.pdf", b"minutes that name a source");
        assert_eq!(w.json(ONE)["evidence"], "E2");
        // the same document, as a mail brought it
        let meta = serde_json::json!({"form": "mail", "file": "m.eml", "place": "minutes.pdf", "notes": [], "by": "ana", "what": "evidence",
            "kind": "activity", "id": "a-2026-1", "org": "fr", "level": "E2", "note": "minutes", "digest": ""});
        let proposed = ledger::Draft::new("assure.proposed", &meta).unwrap().body(b"minutes that name a source");
        let proposed = w.state.ledger.write(|tx| tx.append(proposed.clone())).unwrap().index;
        w.state.ledger.catch_up().unwrap();
        let who = |name: &str| w.state.ledger.read(|tx| partners::person::person(tx, name, "home")).unwrap().unwrap();
        let target = act::purge::Target::Event(entry);
        let (purge, found) = act::purge::propose(&w.state.ledger, &target, "a spill", &who("olga")).unwrap();
        let entries: Vec<i64> = found.entries.iter().map(|(entry, _)| *entry).collect();
        assert_eq!(entries, [entry, proposed], "the same document stays nowhere");
        act::purge::approve(&w.state.ledger, &purge, &who("otto")).unwrap();
        w.state.ledger.catch_up().unwrap();
        assert_eq!(w.ask("ana", "GET", &format!("{ONE}/artefacts/{entry}"), "", &[]).0, 404);
        let shown = w.json(ONE);
        assert_eq!((&shown["artefacts"], &shown["evidence"]), (&serde_json::json!([]), &"E0".into()));
        assert_eq!(shown["fields"]["title"], "Table-top", "the record itself stays");
    });
}

#[test]
fn a_purge_of_all_that_an_organisation_gave_takes_its_files() {
    for_each_engine(|w| {
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
        let theirs = minutes(w, "minutes.pdf", b"minutes that name a source");
        let bring = |from: &str, file: &str, bytes: &str| {
            let (kind, form) = brought(&[("from", from), ("note", "a photograph")], Some((file, bytes)));
            let form = String::from_utf8(form).unwrap();
            assert_eq!(w.ask("ana", "POST", &format!("{ONE}/evidence"), &form, &[("content-type", kind)]).0, 200);
            w.state.ledger.size().unwrap() - 1
        };
        let (ours, same) =
            (bring("home", "ours.jpg", "a view"), bring("home", "copy.pdf", "minutes that name a source"));
        // a word without a file is no document
        let word = r#"{"from":"fr","level":"E1"}"#;
        assert_eq!(w.ask("olga", "POST", &format!("{ONE}/confirm"), word, &[]).0, 200);
        let target = act::purge::Target::Org("fr".to_owned());
        let found = w.state.ledger.read(|tx| act::purge::look(tx, &target)).unwrap();
        let entries: Vec<i64> = found.entries.iter().map(|(entry, _)| *entry).collect();
        assert_eq!(entries, [theirs, same], "the same document stays nowhere");
        let who = |name: &str| w.state.ledger.read(|tx| partners::person::person(tx, name, "home")).unwrap().unwrap();
        let (purge, _) = act::purge::propose(&w.state.ledger, &target, "the agreement ended", &who("olga")).unwrap();
        act::purge::approve(&w.state.ledger, &purge, &who("otto")).unwrap();
        w.state.ledger.catch_up().unwrap();
        let shown = w.json(ONE);
        let left: Vec<i64> =
            shown["artefacts"].as_array().unwrap().iter().map(|one| one["entry"].as_i64().unwrap()).collect();
        assert_eq!((left, &shown["evidence"]), (vec![ours], &"E1".into()), "its word stays, and what is ours");
        assert_eq!(w.ask("ana", "GET", &format!("{ONE}/artefacts/{theirs}"), "", &[]).0, 404);
    });
}

#[test]
fn the_search_finds_what_one_may_read() {
    for_each_engine(|w| {
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
        let found = |name: &str, q: &str| w.page(name, &format!("/find?q={q}"));
        let row = r#"<a href="/assure/records/activity/a-2026-1">Table-top</a></th><td class="dim">Activity</td><td class="nb">held</td>"#;
        // twelve letters are a word, and no reference of an ask
        for q in ["table-top", "A-2026-1", "TOP%20fr%20table", "table%20top%20home"] {
            assert!(found("aud", q).contains(row), "{q}: {}", found("aud", q));
        }
        assert!(found("aud", "table-top").contains("Jan"), "since when");
        for (name, q) in [("aud", "table-top%20elsewhere"), ("aud", "table-top&kind=tool"), ("fred", "table-top")] {
            assert!(!found(name, q).contains("/assure/records/"), "{name} {q}");
        }
    });
}

#[test]
fn a_program_brings_what_shows_a_record() {
    for_each_engine(|w| {
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
        let evidence = format!("{ONE}/evidence");
        let (kind, form) =
            brought(&[("from", "fr"), ("level", "E2"), ("note", "their minutes")], Some(("m.pdf", "%PDF")));
        let form = String::from_utf8(form).unwrap();
        let send = |name: &str, more: &[(&str, &str)]| {
            w.ask(name, "POST", &evidence, &form, &[&[("content-type", kind)], more].concat())
        };
        let (status, headers, body) = send("olga", &[]);
        let shown: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &shown["evidence"], &shown["artefacts"][0]["file"]), (200, &"E2".into(), &"m.pdf".into()));
        assert_eq!(shown["history"][1]["what"], "evidence by fr, E2: their minutes");
        assert_eq!(headers["etag"].to_str().unwrap(), format!("\"{}\"", shown["history"][1]["entry"]));
        assert_eq!(send("olga", &[]).2, body, "the same a second time adds nothing");
        assert_eq!(send("olga", &[("origin", "https://evil.example")]).0, 403, "a page of somebody else's");
        // without a file; what was seen of the record is held against what stands
        let word = r#"{"from":"home","note":"our diary, page 7"}"#;
        assert_eq!(w.ask("olga", "POST", &evidence, word, &[("if-match", "\"1\"")]).0, 412);
        assert_eq!(w.ask("olga", "POST", &evidence, word, &[("if-match", headers["etag"].to_str().unwrap())]).0, 200);
        let says = |name: &str, deed: &str, body: &str| w.says(name, "POST", &format!("{ONE}/{deed}"), body);
        assert!(says("olga", "confirm", r#"{"from":"fr","level":"E1"}"#).contains("confirmed by fr, E1"));
        assert!(
            says("aud", "attest", r#"{"note":"saw the minutes"}"#).contains("attested by home, E4: saw the minutes")
        );
        assert!(
            says("olga", "void", r#"{"note":"it never took place"}"#).contains("was a mistake: it never took place")
        );
        assert_snapshot!(says("aud", "attest", r#"{"note":"saw it"}"#), @r#"404 {"title":"there is no activity \"a-2026-1\"","rule":"record-unknown","next":"`mainstay record list activity` shows those that are"}"#);
    });
}

#[test]
fn what_is_done_with_a_record_is_refused_by_the_rules_of_the_verbs() {
    for_each_engine(|w| {
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
        let says = |name: &str, deed: &str, body: &str| w.says(name, "POST", &format!("{ONE}/{deed}"), body);
        assert_snapshot!(says("ana", "evidence", r#"{"from":"fr","level":"E3","note":"minutes"}"#), @r#"422 {"title":"E3 is confirmed by a source other than the claimant, and fr is one","rule":"record-level","next":"name the source, or give E2"}"#);
        assert_snapshot!(says("ana", "evidence", r#"{"from":"fr","level":"E7","note":"minutes"}"#), @r#"422 {"title":"\"E7\" is no level of evidence","rule":"record-level","next":"E0 to E3"}"#);
        assert_snapshot!(says("ana", "evidence", r#"{"from":"fr"}"#), @r#"422 {"title":"a reason is one line of up to 1000 bytes","rule":"record-evidence","next":"say what it is and where"}"#);
        assert_snapshot!(says("ana", "evidence", r#"{"of":"fr"}"#), @r#"400 {"title":"unknown field `of`, expected one of `from`, `level`, `note` at line 1 column 5","rule":"json","next":"send an object with `note`, and `from` and `level` where something is shown; or a form with a file"}"#);
        assert_snapshot!(says("aud", "evidence", "{}"), @r#"403 {"title":"the role auditor may not import files; admin, operator, analyst may","rule":"role","next":"ask somebody whose role allows it"}"#);
        assert_snapshot!(says("ana", "confirm", r#"{"from":"home"}"#), @r#"422 {"title":"home is not among those who took part in a-2026-1","rule":"record-confirm","next":"correct who took part first"}"#);
        assert_snapshot!(says("ana", "confirm", r#"{"from":"fr","level":"E2"}"#), @r#"422 {"title":"E2 needs the document or a reference to it","rule":"record-level","next":"give the file, or say in the note where it is"}"#);
        assert_snapshot!(says("olga", "attest", r#"{"note":" "}"#), @r#"422 {"title":"a reason is one line of up to 1000 bytes","rule":"record-attest","next":"say what was looked at"}"#);
        assert_snapshot!(says("olga", "attest", r#"{"note":"x","from":"fr"}"#), @r#"422 {"title":"attest has a note, and neither source nor level nor file","rule":"record-deed","next":"bring a document as evidence"}"#);
        assert_snapshot!(says("ana", "attest", r#"{"note":"I was there"}"#), @r#"403 {"title":"the role analyst may not attest an activity; operator, admin, auditor may","rule":"role-attest"}"#);
        assert_eq!(w.ask("olga", "PUT", ONE, &HELD.replace("Table-top", "Exercise"), &[]).0, 200);
        assert_snapshot!(says("olga", "attest", r#"{"note":"I was there"}"#), @r#"403 {"title":"olga recorded some of a-2026-1: the recorder never attests","rule":"second-person-attest","next":"let somebody else attest it"}"#);
        assert_snapshot!(says("fred", "confirm", r#"{"from":"fr"}"#), @r#"403 {"title":"fred belongs to fr; only the operator's own may compute measures","rule":"role","next":"ask somebody whose role allows it"}"#);
        assert_snapshot!(says("ana", "void", "{}"), @r#"422 {"title":"a reason is one line of up to 1000 bytes","rule":"record-reason","next":"say why"}"#);
        assert_eq!(w.ask("ana", "POST", "/records/activity/none/void", r#"{"note":"x"}"#, &[]).0, 404);
        assert_eq!(w.ask("ana", "POST", &format!("{ONE}/praise"), "{}", &[]).0, 404);
        assert_eq!(w.ask("ana", "GET", &format!("{ONE}/void"), "", &[]).0, 405);
        let text = [("content-type", "text/plain")];
        assert_eq!(w.ask("ana", "POST", &format!("{ONE}/void"), "note=x", &text).0, 415);
        let large = "x".repeat(assure::record::write::ARTEFACT_MAX + 1);
        let (kind, form) = brought(&[("from", "fr"), ("level", "E2")], Some(("m.pdf", &large)));
        let (status, _, body) = w.ask(
            "ana",
            "POST",
            &format!("{ONE}/evidence"),
            &String::from_utf8(form).unwrap(),
            &[("content-type", kind)],
        );
        assert_snapshot!(format!("{status} {body}"), @r#"413 {"title":"the file has more than 16777216 bytes","rule":"record-artefact","next":"keep it elsewhere and give a reference"}"#);
        assert_eq!(w.json(ONE)["history"].as_array().unwrap().len(), 2, "nothing of it was recorded");
    });
}

#[test]
fn a_person_does_the_same_on_the_page_of_a_record() {
    for_each_engine(|w| {
        assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
        let at = "/assure/records/activity/a-2026-1";
        let deeds = |name: &str| {
            let page = w.page(name, at);
            let all = ["evidence", "confirm", "attest", "void"].into_iter();
            all.filter(|deed| page.contains(&format!("id=\"deed-{deed}\""))).collect::<Vec<_>>().join(" ")
        };
        assert_snapshot!(format!("{} | {} | {}", deeds("ana"), deeds("olga"), deeds("aud")), @"evidence confirm void | evidence confirm attest void | attest");
        let seen = || w.json(ONE)["history"].as_array().unwrap().last().unwrap()["entry"].to_string();
        let send = |name: &str, deed: &str, fields: &[(&str, &str)], file: Option<(&str, &str)>| {
            let seen = seen();
            let own = [("csrf", "{csrf}"), ("seen", seen.as_str())];
            // of two that say the same the last counts
            let fields = [&own[..], fields].concat();
            let (status, headers, body) = w.form(name, &format!("{at}/{deed}"), brought(&fields, file));
            let to = headers.get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
            let alert =
                body.split("role=\"alert\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
            format!("{status} {to}{}", alert.replace("&#34;", "\"").replace("&#39;", "'"))
        };
        let fr = [("from", "fr"), ("level", "E2"), ("note", "their minutes")];
        assert_snapshot!(send("ana", "evidence", &fr, Some(("m.pdf", "%PDF"))), @"303 /assure/records/activity/a-2026-1");
        let page = w.page("ana", at);
        assert!(page.contains("evidence by fr, E2: their minutes") && page.contains("m.pdf"), "{page}");
        assert_snapshot!(send("ana", "evidence", &[("from", "home"), ("level", "E2"), ("note", "ours")], None), @"200 E1 and E2 are what a partner that took part says; of our own paper we say so: E0: say whose document it is");
        assert_snapshot!(send("olga", "confirm", &[("from", "fr"), ("level", "E1")], None), @"303 /assure/records/activity/a-2026-1");
        assert_snapshot!(send("olga", "attest", &[("note", "saw them"), ("seen", "1")], None), @"200 a-2026-1 is not as it was at entry 1: read it again, and say it on top of what stands now");
        assert_snapshot!(send("olga", "attest", &[("note", "saw them")], None), @"303 /assure/records/activity/a-2026-1");
        assert_snapshot!(send("ana", "attest", &[("note", "saw them")], None), @"403");
        assert_snapshot!(send("aud", "void", &[("note", "never was")], None), @"403");
        assert_snapshot!(send("ana", "void", &[("note", "never was"), ("csrf", "x")], None), @"403");
        let large = "x".repeat(assure::record::write::ARTEFACT_MAX + (1 << 20));
        assert_snapshot!(send("ana", "evidence", &fr, Some(("m.pdf", &large))), @"200 the file has more than 16777216 bytes: keep it elsewhere and give a reference");
        assert_snapshot!(send("ana", "void", &[("note", "it never was")], None), @"303 /assure/records/activity/a-2026-1");
        assert!(w.page("olga", at).contains("was a mistake: it never was"));
        assert_eq!(deeds("olga"), "", "nothing is done with a mistake");
    });
}
