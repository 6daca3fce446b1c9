//! What is given under an id that is held: by whoever may not see what is held, and by whoever may not make a version of it.
use super::*;
use crate::review::Decision;
use crate::versions;
use partners::register::Org;
use partners::stage::AgreementMeta;

/// What fr gives, as it sees the collection.
fn give_as_fr(ledger: &Ledger, collection: &str, objects: &[String]) -> Intake {
    let today: Date = ledger.env().clock.now().day().parse().unwrap();
    let sight = ledger.read(|tx| {
        let person = partners::person::person(tx, "fred", "home")?.unwrap();
        let collection = collection::find(tx, collection)?.unwrap();
        rights::sight(tx, &person, &collection, today)
    });
    let Sight::View(view) = sight.unwrap() else { panic!("fred sees the collection") };
    let sees = Sees::View(Some(view));
    let origin = Origin { file: "f", collection, source: "taxii:fr", tlp: None, by: "fred", sees, hops: None };
    let intake = import_stix(ledger, &envelope(objects), &origin).unwrap();
    ledger.catch_up().unwrap();
    intake
}

/// A store with a collection that fr reads up to GREEN.
fn world(store: &TestStore) -> (Ledger, String) {
    let ledger = open(store);
    let box_ = make(&ledger, "box", Tlp::Clear, &["fr".into(), "nl".into()]);
    person(&ledger, "ada", "home", Role::Operator, Tlp::Clear);
    person(&ledger, "fred", "fr", Role::Partner, Tlp::Red);
    agree(&ledger, "fr", "2026-01-01", None, Tlp::Green);
    (ledger, box_)
}

/// Names of what somebody reads.
fn names(ledger: &Ledger, name: &str, collection: &str) -> String {
    let today: Date = ledger.env().clock.now().day().parse().unwrap();
    let bodies = ledger.read(|tx| {
        let person = partners::person::person(tx, name, "home")?.unwrap();
        let collection = collection::find(tx, collection)?.unwrap();
        let Sight::View(view) = rights::sight(tx, &person, &collection, today)? else { panic!("{name} sees it") };
        let query = Query { versions: Versions { all: true, ..Versions::default() }, ..Query::default() };
        page::events(tx, view, &query)?.into_iter().map(|event| tx.body(event)).collect::<ledger::Result<Vec<_>>>()
    });
    let name = |body: Option<Vec<u8>>| {
        let object: serde_json::Value = serde_json::from_slice(&body.unwrap()).unwrap();
        object["name"].as_str().unwrap_or("-").to_owned()
    };
    bodies.unwrap().into_iter().map(name).collect::<Vec<_>>().join(" ")
}

fn named(n: u32, modified: u32, name: &str, rest: &str) -> String {
    malware(n, modified, &format!(r#","name":"{name}"{rest}"#))
}

/// Decision 12: what one may not see is as if it were not held, for as long as one may not.
#[test]
fn what_is_not_seen_is_as_if_it_were_not_held() {
    for store in engines() {
        let (ledger, box_) = world(&store);
        let at = |seconds: i64| store.clock.set(Micros(ledger::testkit::START.0 + seconds * 1_000_000));
        give(&ledger, &box_, &envelope(&[named(1, 1, "ours", &marked(AMBER)), named(2, 1, "gone", &marked(RED))]));
        assert_eq!(say(&give_as_fr(&ledger, &box_, &[named(1, 1, "theirs", "")])), "accepted 1 unchanged 0");
        let read = |who: &str| names(&ledger, who, &box_);
        assert_eq!((read("ada"), read("fred")), ("ours gone".to_owned(), "theirs".to_owned()));
        let waits = ledger.read(|tx| review::list(tx, -1, 9)).unwrap();
        assert_eq!(waits.iter().map(|i| i.rule.as_str()).collect::<Vec<_>>(), ["same-version-differs"]);
        // the giver's own line goes on, and a rule is judged against it
        at(5);
        let next = [named(1, 2, "theirs2", ""), named(1, 3, "no", r#","created":"2019-01-01T00:00:00Z""#)];
        let next = next.map(|object| match object.contains(r#""no""#) {
            true => object.replacen(r#""created":"2020-01-01T00:00:00.000Z","#, "", 1),
            false => object,
        });
        assert_eq!(give_as_fr(&ledger, &box_, &next).refused[0].rule, "created-changed");
        assert_eq!((read("ada"), read("fred")), ("ours gone".to_owned(), "theirs theirs2".to_owned()));
        // once more the same, and the same as what is hidden
        assert_eq!(say(&give_as_fr(&ledger, &box_, &[named(1, 1, "theirs", "")])), "accepted 0 unchanged 1");
        let same = give_as_fr(&ledger, &box_, &[named(2, 1, "gone", &marked(GREEN)).replace(GREEN, RED)]);
        assert_eq!(say(&same), "accepted 1 unchanged 0");
        assert_eq!(ledger.read(review::count).unwrap(), 1, "of the same once more nobody has to hear");
        // what becomes visible takes its place, and gives it up again
        at(10);
        agree(&ledger, "fr", "2026-01-01", None, Tlp::Amber);
        assert_eq!(read("fred"), "ours");
        agree(&ledger, "fr", "2026-01-01", None, Tlp::Green);
        assert_eq!(read("fred"), "theirs theirs2");
        // what stood before leaves the collection: the other stands for all
        let ours = ledger.read(|tx| versions::held(tx, &["malware--00000000-0000-4000-8000-000000000001"])).unwrap();
        let first = ours.values().flatten().find(|one| one.line == 0).unwrap().object;
        let meta = crate::event::WithdrawnMeta { collection: box_.clone(), objects: vec![first], by: "ada".to_owned() };
        ledger.write(|tx| tx.append(ledger::Draft::new(crate::event::WITHDRAWN, &meta)?)).unwrap();
        ledger.catch_up().unwrap();
        assert_eq!(read("ada"), "gone theirs theirs2");
        same_after_rebuild(&ledger);
    }
}

/// Who may not make a version of what they do not see makes none for those who do, and nobody who may is stopped by it.
#[test]
fn what_is_not_bound_stands_aside() {
    for store in engines() {
        let (ledger, box_) = world(&store);
        let from_peer = |objects: &[String]| say(&give_from(&ledger, &box_, "peer:nl", &envelope(objects)));
        from_peer(&[named(1, 1, "one", &marked(AMBER))]);
        let end = named(1, 2, "end", r#","revoked":true"#);
        assert_eq!(say(&give_as_fr(&ledger, &box_, std::slice::from_ref(&end))), "accepted 1 unchanged 0");
        let read = |who: &str| names(&ledger, who, &box_);
        assert_eq!((read("ada"), read("fred")), ("one".to_owned(), "end".to_owned()));
        assert_eq!(from_peer(&[named(1, 3, "three", "")]), "accepted 1 unchanged 0");
        assert_eq!((read("ada"), read("fred")), ("one three".to_owned(), "end".to_owned()));
        let waits = ledger.read(|tx| review::list(tx, -1, 9)).unwrap();
        assert_eq!(waits.iter().map(|i| i.rule.as_str()).collect::<Vec<_>>(), ["version-not-bound", "revoked"]);
        // what is decided is still found by a purge
        let decision = Decision { item: waits[0].index, reason: "known", by: "ada" };
        ledger.write_applied(|tx| review::accept(tx, &decision)).unwrap();
        let id = "malware--00000000-0000-4000-8000-000000000001";
        let found = ledger.read(|tx| purge::events(tx, &purge::Matter::Object(id, None))).unwrap();
        assert!(found.contains(&waits[0].index));
        same_after_rebuild(&ledger);
        assert_eq!(say(&give_as_fr(&ledger, &box_, &[end])), "accepted 0 unchanged 1");
        // the operator hears that those who hold the end do not get what it gives now
        give(&ledger, &box_, &envelope(&[named(1, 4, "four", "")]));
        assert_eq!((read("ada"), read("fred")), ("one three four".to_owned(), "end".to_owned()));
        let waits = ledger.read(|tx| review::list(tx, -1, 9)).unwrap();
        assert_eq!(waits.iter().map(|i| i.rule.as_str()).collect::<Vec<_>>(), ["revoked", "revoked"]);
    }
}

/// What is given later is seen beside a line that stands aside, by whoever does not see what was held before: for them it is the first.
#[test]
fn what_is_given_later_is_seen_beside() {
    for store in engines() {
        let (ledger, box_) = world(&store);
        give(&ledger, &box_, &envelope(&[named(1, 1, "one", &marked(AMBER))]));
        assert_eq!(say(&give_as_fr(&ledger, &box_, &[named(1, 2, "two", "")])), "accepted 1 unchanged 0");
        give(&ledger, &box_, &envelope(&[named(1, 3, "three", "")]));
        let read = |who: &str| names(&ledger, who, &box_);
        assert_eq!((read("ada"), read("fred")), ("one three".to_owned(), "two three".to_owned()));
        assert_eq!(say(&give_as_fr(&ledger, &box_, &[named(1, 4, "four", "")])), "accepted 1 unchanged 0");
        assert_eq!((read("ada"), read("fred")), ("one three".to_owned(), "two three four".to_owned()));
        // who comes to see what was held before sees no line that stands aside for it
        agree(&ledger, "fr", "2026-01-01", None, Tlp::Amber);
        assert_eq!(read("fred"), "three one");
        same_after_rebuild(&ledger);
    }
}

/// Whoever sees all gives no second content to a version that stands aside, whether something hidden keeps that out of their sight or not.
#[test]
fn what_stands_aside_is_not_given_with_other_content() {
    for hides in [true, false] {
        for store in engines() {
            let (ledger, box_) = world(&store);
            if hides {
                give(&ledger, &box_, &envelope(&[named(1, 3, "three", &marked(AMBER))]));
            }
            assert_eq!(say(&give_as_fr(&ledger, &box_, &[named(1, 2, "two", "")])), "accepted 1 unchanged 0");
            let given = give(&ledger, &box_, &envelope(&[named(1, 2, "other", &marked(CLEAR))]));
            assert_eq!(given.review.first().map(|note| note.rule.as_str()), Some("same-version-differs"), "{hides}");
            let read = ["fr".to_owned(), "nl".to_owned()];
            let new = NewCollection {
                title: "box",
                id: Some(&box_),
                root: None,
                tlp: Some(Tlp::Amber),
                read: &read,
                write: &[],
            };
            ledger.write(|tx| collection::add(tx, &new)).unwrap();
            ledger.catch_up().unwrap();
            assert_eq!(names(&ledger, "fred", &box_), "", "{hides}: nothing comes in the place of what went");
        }
    }
}

/// Whether fr may bring version 2 of what `first` gave, created by `creator`, where it is known as `aka` and its agreement lets it relay for
/// `relay`.
#[track_caller]
fn check(first: &str, creator: bool, aka: bool, relay: &str, expected: &str) {
    let identity = "identity--00000000-0000-4000-8000-000000000001";
    let by = if creator { format!(r#","created_by_ref":"{identity}""#) } else { String::new() };
    let store = sqlite();
    let (ledger, box_) = world(&store);
    if aka {
        let org = Org {
            key: "fr".to_owned(),
            name: "fr".to_owned(),
            kind: None,
            country: None,
            languages: Vec::new(),
            aka: Some(vec![identity.to_owned()]),
            agreement: None,
        };
        ledger.write(|tx| partners::org::add_org(tx, &org)).unwrap();
    }
    if !relay.is_empty() {
        let relays = vec![relay.to_owned()];
        let meta = AgreementMeta {
            org: "fr".to_owned(),
            from: "2026-01-01".to_owned(),
            clearance: "GREEN".to_owned(),
            relays,
            ..AgreementMeta::default()
        };
        ledger.write(|tx| partners::org::agree(tx, &meta)).unwrap();
    }
    ledger.catch_up().unwrap();
    give_from(&ledger, &box_, first, &envelope(&[malware(1, 1, &by)]));
    let got = give_as_fr(&ledger, &box_, &[malware(1, 2, &by)]);
    let got = got.review.first().map_or("accepted", |note| note.rule.as_str());
    assert_eq!(got, expected, "{first} {creator} {aka} {relay}");
}

#[test]
fn who_may_bring_a_new_version() {
    let other = "identity--00000000-0000-4000-8000-000000000002";
    let creator = "identity--00000000-0000-4000-8000-000000000001";
    for first in ["local", "taxii:nl", "peer:nl"] {
        check(first, false, false, "", "version-not-bound");
        check(first, true, false, "", "version-not-bound");
        check(first, true, true, "", "accepted");
        check(first, false, true, "", "version-not-bound");
        check(first, true, false, creator, "accepted");
        check(first, true, false, other, "version-not-bound");
        check(first, false, false, creator, "version-not-bound");
        check(first, false, false, "any", "accepted");
    }
    for creator in [false, true] {
        check("taxii:fr", creator, false, "", "accepted");
    }
}

/// What a person decides on what lies in review.
#[test]
fn what_lies_in_review_is_decided() {
    for store in engines() {
        let (ledger, box_) = world(&store);
        give(&ledger, &box_, &envelope(&[malware(1, 1, ""), malware(2, 1, ""), malware(3, 1, "")]));
        let theirs = [malware(1, 2, ""), malware(2, 2, ""), named(3, 1, "other", "")];
        assert_eq!(give_as_fr(&ledger, &box_, &theirs).review.len(), 3);
        let items = ledger.read(|tx| review::list(tx, -1, 9)).unwrap();
        let decide = |n: usize, how: fn(&mut ledger::Tx<'_>, &Decision<'_>) -> ledger::Result<()>, reason: &str| {
            let decision = Decision { item: items[n].index, reason, by: "ada" };
            ledger.write_applied(|tx| how(tx, &decision)).map_err(|e| e.to_string())
        };
        assert!(decide(0, review::accept, "").unwrap_err().contains("review-reason"));
        decide(0, review::accept, "they rang").unwrap();
        decide(1, review::drop_item, "not theirs").unwrap();
        let refused = decide(2, review::accept, "they rang").unwrap_err();
        assert!(refused.contains("contradicts what is held") && refused.contains("other content"), "{refused}");
        assert!(decide(0, review::drop_item, "again").unwrap_err().contains("review-unknown"));
        assert_eq!(ledger.read(review::count).unwrap(), 1, "what was refused lies there still");
        let given =
            |id: &str| ledger.read(|tx| versions::held(tx, &[id])).unwrap().into_values().flatten().collect::<Vec<_>>();
        let first = given("malware--00000000-0000-4000-8000-000000000001");
        assert_eq!(
            first.iter().map(|one| (one.line, one.giver.as_deref())).collect::<Vec<_>>(),
            [(0, None), (0, Some("fr"))]
        );
        assert_eq!(given("malware--00000000-0000-4000-8000-000000000002").len(), 1);
        // given once more, what was dropped is not asked again, though its giver is told as before
        assert_eq!(give_as_fr(&ledger, &box_, &theirs).review.len(), 2);
        assert_eq!(ledger.read(review::count).unwrap(), 1);
        same_after_rebuild(&ledger);
    }
}

/// Nobody changes what an id of TLP means, and in whatever words it was sent first, it is held for all.
#[test]
fn a_fixed_marking_stays_what_it_is() {
    let clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    let definition = |tlp: &str, created: &str, rest: &str| {
        format!(
            r#"{{"type":"marking-definition","spec_version":"2.1","id":"{clear}","created":"{created}","name":"TLP:CLEAR"{rest},
            "extensions":{{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{{"extension_type":"property-extension","tlp_2_0":"{tlp}"}}}}}}"#
        )
    };
    for store in engines() {
        let (ledger, box_) = world(&store);
        let refused = give_as_fr(&ledger, &box_, &[definition("red", "2022-10-01T00:00:00.000Z", "")]);
        assert_eq!(refused.refused[0].rule, "tlp-instance");
        give_as_fr(&ledger, &box_, &[definition("clear", "2021-01-01T00:00:00.000Z", r#","x_own":1"#)]);
        let genuine = give(&ledger, &box_, &envelope(&[definition("clear", "2022-10-01T00:00:00.000Z", "")]));
        assert_eq!(say(&genuine), "accepted 0 unchanged 1");
        let other = make(&ledger, "other", Tlp::Clear, &["fr".into()]);
        let genuine = give(&ledger, &other, &envelope(&[definition("clear", "2022-10-01T00:00:00.000Z", "")]));
        assert_eq!(say(&genuine), "accepted 0 unchanged 1", "the words of another do not go where they were not given");
        give(&ledger, &box_, &envelope(&[named(1, 1, "one", &marked(clear))]));
        assert!(names(&ledger, "fred", &box_).contains("one"));
        same_after_rebuild(&ledger);
    }
}

/// What a definition asks counts for what stands before it in the same document too.
#[test]
fn a_definition_after_what_it_marks() {
    let id = |n: u32| format!("marking-definition--00000000-0000-4000-8000-{n:012}");
    let definition = |n: u32, terms: &str, rest: &str| {
        format!(
            r#"{{"type":"marking-definition","spec_version":"2.1","id":"{}","created":"2020-01-01T00:00:00.000Z","extensions":{{"{}":{{"extension_type":"property-extension",{terms}}}}}{rest}}}"#,
            id(n),
            stix::marking::TERMS_EXTENSION
        )
    };
    for store in engines() {
        let (ledger, box_) = world(&store);
        let open = definition(1, r#""audience":["fr"]"#, "");
        let closed = definition(2, r#""hops":0"#, "");
        let marked_too = definition(3, r#""audience":["fr"]"#, &marked(&id(2)));
        let object = |n: u32| named(n, 1, &format!("of{n}"), &marked(&id(n)));
        let given = give(&ledger, &box_, &envelope(&[object(1), object(2), object(3), marked_too, closed, open]));
        assert_eq!(say(&given), "accepted 6 unchanged 0");
        assert_eq!(names(&ledger, "fred", &box_).replace(" -", "").replace("- ", ""), "of1 of3");
        let seen = ledger.read(|tx| tx.all("SELECT object FROM @waiting", &[], |r| r.int(0))).unwrap();
        assert_eq!(seen, [0_i64; 0]);
        same_after_rebuild(&ledger);
    }
}

/// A limit of hops is counted: what comes from somebody who did not make it was passed on before, and stays.
#[test]
fn a_hop_is_counted() {
    let maker = "identity--00000000-0000-4000-8000-000000000001";
    let terms = r#"{"extension_type":"property-extension","hops":1}"#;
    let id = "marking-definition--00000000-0000-4000-8000-000000000001";
    let definition = format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"{id}","created":"2020-01-01T00:00:00Z","extensions":{{"{}":{terms}}}}}"#,
        stix::marking::TERMS_EXTENSION
    );
    let by = |n: u32, by: &str| named(n, 1, &format!("of{n}"), &format!("{by}{}", marked(id)));
    let signed = format!(r#","created_by_ref":"{maker}""#);
    for store in engines() {
        for late in [false, true] {
            let (ledger, _) = world(&store);
            let box_ = make(&ledger, &format!("late {late}"), Tlp::Clear, &["fr".into()]);
            let aka = Some(vec![maker.to_owned()]);
            let org = |key: &str, aka| Org {
                key: key.to_owned(),
                name: key.to_owned(),
                kind: None,
                country: None,
                languages: Vec::new(),
                aka,
                agreement: None,
            };
            ledger.write(|tx| partners::org::add_org(tx, &org("nl", aka.clone()))).unwrap();
            ledger.write(|tx| partners::org::add_org(tx, &org("de", None))).unwrap();
            ledger.catch_up().unwrap();
            let from = |source: &str, objects: &[String]| drop(give_from(&ledger, &box_, source, &envelope(objects)));
            let definition = || from("local", std::slice::from_ref(&definition));
            if !late {
                definition();
            }
            from("peer:nl", &[by(1, &signed), by(2, "")]);
            from("peer:de", &[by(3, &signed), by(4, "")]);
            from("local", &[by(5, &signed)]);
            if late {
                definition();
            }
            let all = names(&ledger, "fred", &box_);
            let read: Vec<&str> = all.split(' ').filter(|name| *name != "-").collect();
            assert_eq!(read, ["of1", "of2", "of4", "of5"], "{late}");
            same_after_rebuild(&ledger);
        }
    }
}

/// What a person lets in is as closed as it came.
#[test]
fn what_is_accepted_keeps_its_limits() {
    for store in engines() {
        let (ledger, box_) = world(&store);
        give(&ledger, &box_, &envelope(&[malware(1, 1, "")]));
        let (source, tlp, hops) = ("peer:nl", Some(Tlp::Amber), Some(0));
        let origin = Origin { file: "f", collection: &box_, source, tlp, by: "nl", sees: Sees::All, hops };
        assert_eq!(import_stix(&ledger, &envelope(&[malware(1, 2, "")]), &origin).unwrap().review.len(), 1);
        ledger.catch_up().unwrap();
        let item = ledger.read(|tx| review::list(tx, -1, 9)).unwrap()[0].index;
        let decision = Decision { item, reason: "they rang", by: "ada" };
        ledger.write_applied(|tx| review::accept(tx, &decision)).unwrap();
        let id = "malware--00000000-0000-4000-8000-000000000001";
        let held = ledger.read(|tx| versions::held(tx, &[id])).unwrap();
        let last = held.values().flatten().last().unwrap().object;
        let event = ledger.read(|tx| tx.event(last)).unwrap().unwrap();
        let meta: crate::event::ObjectMeta = event.meta().unwrap();
        assert_eq!((meta.tlp, meta.hops, meta.source.as_str()), (tlp, hops, source));
        same_after_rebuild(&ledger);
    }
}

/// STIX 2.1 section 7.2.1, as far as the giver sees: a circle that closes over what is hidden would tell of it.
#[test]
fn circles_of_markings() {
    let definition = |n: u32, by: &[u32]| {
        let id = |n: &u32| format!(r#""marking-definition--00000000-0000-4000-8000-{n:012}""#);
        let by = by.iter().map(id).collect::<Vec<_>>().join(",");
        format!(
            r#"{{"type":"marking-definition","spec_version":"2.1","id":{},"created":"2020-01-01T00:00:00.000Z",
            "definition_type":"statement","definition":{{"statement":"x"}},"object_marking_refs":[{by}]}}"#,
            id(&n)
        )
    };
    let rules = |intake: &Intake| intake.refused.iter().map(|note| note.rule.clone()).collect::<Vec<_>>();
    for store in engines() {
        let (ledger, box_) = world(&store);
        give(&ledger, &box_, &envelope(&[definition(1, &[2]), definition(3, &[4])]));
        // of one that is hidden, since what marks it is not held, fr hears nothing; the operator does
        assert_eq!(rules(&give_as_fr(&ledger, &box_, &[definition(2, &[1])])), [""; 0]);
        assert_eq!(rules(&give(&ledger, &box_, &envelope(&[definition(4, &[3])]))), ["marking-circular"]);
        // once they see it, what stands is no news
        agree(&ledger, "fr", "2026-01-01", None, Tlp::Red);
        assert_eq!(rules(&give_as_fr(&ledger, &box_, &[definition(2, &[1])])), [""; 0]);
        // of what it gave itself it knows
        assert_eq!(rules(&give_as_fr(&ledger, &box_, &[definition(5, &[6])])), [""; 0]);
        assert_eq!(rules(&give_as_fr(&ledger, &box_, &[definition(6, &[5])])), ["marking-circular"]);
        assert_eq!(rules(&give_as_fr(&ledger, &box_, &[definition(7, &[8]), definition(8, &[7])])).len(), 2);
    }
}

/// A marking that nl defined where fr does not see it, and that fr defines too: what each gives under it is handled as each says. `theirs`
/// and `own`: the labels; gives what fr reads.
#[track_caller]
fn check_marking(theirs: &str, own: &str, along: bool, expected: &str) {
    let id = "marking-definition--00000000-0000-4000-8000-000000000001";
    let definition = |label: &str, mark: &str| {
        format!(
            r#"{{"type":"marking-definition","spec_version":"2.1","id":"{id}","created":"2020-01-01T00:00:00.000Z","name":"TLP:{label}",
            "definition_type":"statement","definition":{{"statement":"x"}}{mark}}}"#
        )
    };
    for store in engines() {
        let (ledger, box_) = world(&store);
        let give_as_nl = |objects: &[String]| drop(give_from(&ledger, &box_, "peer:nl", &envelope(objects)));
        give_as_nl(&[definition(theirs, &marked(AMBER)), named(1, 1, "before", &marked(id))]);
        let (ours, object) = (definition(own, ""), named(2, 1, "own", &marked(id)));
        let parts = if along { vec![vec![object, ours]] } else { vec![vec![ours], vec![object]] };
        for part in &parts {
            let got = give_as_fr(&ledger, &box_, part);
            assert_eq!((got.accepted, got.warnings.len()), (part.len() as u64, 0), "{theirs} {own}");
        }
        give_as_nl(&[named(3, 1, "after", &marked(id))]);
        let read = || {
            let all = names(&ledger, "fred", &box_);
            all.split(' ').filter(|name| !name.starts_with("TLP:")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(read(), expected, "{theirs} {own} {along}");
        let part = format!(r#","granular_markings":[{{"marking_ref":"{id}","selectors":["name"]}}]{}"#, marked(GREEN));
        give_as_fr(&ledger, &box_, &[named(4, 1, "part", &part)]);
        assert_eq!(read().contains("part"), own != "RED", "a part is handled as fr says too");
        same_after_rebuild(&ledger);
    }
}

#[test]
fn a_marking_defined_by_two_who_do_not_see_each_other() {
    for along in [false, true] {
        check_marking("CLEAR", "RED", along, "before after");
        check_marking("RED", "GREEN", along, "own");
        check_marking("GREEN", "CLEAR", along, "before own after");
    }
}
