//! Form and meaning of markings.

use super::*;

const GREEN2: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const OTHER: &str = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41db";
const FREE: &str = "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168";

fn definition(id: &str, rest: &str) -> String {
    format!(r#"{{"type":"marking-definition","id":"{id}","created":"2017-01-20T00:00:00.000Z"{rest}}}"#)
}

fn say(doc: &str) -> String {
    let head = Head::read(doc.as_bytes()).unwrap();
    match check(&head, doc.as_bytes()) {
        Err(fault) => fault.to_string(),
        Ok(()) => {
            let meaning = meaning(&head);
            format!("{} {}", meaning.tlp.map_or("-", Tlp::label), meaning.report.unwrap_or_default())
        }
    }
}

fn extension(label: &str) -> String {
    format!(r#","extensions":{{"{TLP2_EXTENSION}":{{"extension_type":"property-extension","tlp_2_0":"{label}"}}}}"#)
}

#[test]
fn meanings() {
    let (red1, _, _) = TLP1[3];
    let cases = [
        definition(red1, r#","definition_type":"tlp","name":"TLP:RED","definition":{"tlp":"red"}"#),
        definition(GREEN2, &format!(r#","name":"TLP:GREEN"{}"#, extension("green"))),
        definition(GREEN2, &extension("clear")),
        definition(GREEN2, r#","name":"TLP:RED""#),
        definition(FREE, &extension("amber+strict")),
        definition(FREE, &extension("purple")),
        definition(FREE, r#","definition_type":"TLP","definition":{"TLP":"AMBER+STRICT"},"name":"TLP:AMBER+STRICT""#),
        definition(FREE, r#","definition_type":"statement","definition":{"statement":"(c)"}"#),
        definition(OTHER, &extension("green")),
        definition(FREE, &format!(r#","extensions":{{"{ACS_EXTENSION}":{{}}}}"#)),
        definition(FREE, r#","definition_type":"tlp","definition":{"tlp":"green"}"#),
        definition(red1, r#","definition_type":"tlp","definition":{"tlp":"green"}"#),
        definition(red1, r#","definition_type":"statement","definition":{"statement":"open"}"#),
        definition(FREE, &format!(r#","object_marking_refs":["{FREE}"]"#)),
    ];
    insta::assert_snapshot!(cases.map(|doc| say(&doc)).join("\n"), @r"
    RED 
    GREEN 
    tlp-instance at /extensions: this id is the fixed instance of TLP:GREEN, and here it says otherwise: send it as the standard has it
    tlp-instance at /name: this id is the fixed instance of TLP:GREEN, and here it says otherwise: send it as the standard has it
    AMBER+STRICT 
    RED marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168 contradicts itself as TLP (extension unknown): treated as RED
    AMBER+STRICT 
    - 
    RED marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41db contradicts itself as TLP (id unknown, extension GREEN): treated as RED
    RED marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168 carries an access control policy, judged strictly: treated as RED
    tlp1-instance at /id: markings of TLP 1 are the four instances of STIX 2.1 section 7.2.1.4: refer to one of these by its id
    tlp1-instance at /definition: this id is the fixed instance of TLP:RED: send it as the standard has it
    tlp1-instance at /definition: this id is the fixed instance of TLP:RED: send it as the standard has it
    marking-circular at /object_marking_refs/0: a marking-definition must not mark itself
    ");
}

fn marked(rest: &str) -> String {
    format!(
        r#"{{"type":"tool","id":"tool--fdd60b30-b67c-41e3-b0b9-f01faf20d111","name":"x","labels":["a","b"],"hashes":{{"SHA-256":"1"}}{rest}}}"#
    )
}

#[test]
fn forms() {
    let refs = |list: &str| marked(&format!(r#","object_marking_refs":[{list}]"#));
    let granular = |list: &str| marked(&format!(r#","granular_markings":[{list}]"#));
    let cases = [
        refs(&format!(r#""{FREE}""#)),
        refs(r#""identity--fa42a846-8d90-4e51-bc29-71d5b4802168""#),
        granular(&format!(r#"{{"marking_ref":"{FREE}","selectors":["name","labels.[1]","hashes.SHA-256","id"]}}"#)),
        granular(r#"{"lang":"fr","selectors":["name"]}"#),
        granular(&format!(r#"{{"lang":"fr","marking_ref":"{FREE}","selectors":["name"]}}"#)),
        granular(r#"{"selectors":["name"]}"#),
        granular(r#"{"lang":"fr","selectors":[]}"#),
        granular(r#"{"lang":"fr","selectors":["labels.[2]"]}"#),
        granular(r#"{"lang":"fr","selectors":["labels.1"]}"#),
        granular(r#"{"lang":"fr","selectors":["labels[1]"]}"#),
        granular(r#"{"lang":"fr","selectors":["[0]"]}"#),
        granular(r#"{"lang":"fr","selectors":["labels.[01]"]}"#),
        granular(r#"{"lang":"fr","selectors":[""]}"#),
        granular(r#"{"marking_ref":"tool--fa42a846-8d90-4e51-bc29-71d5b4802168","selectors":["name"]}"#),
        granular("7"),
    ];
    insta::assert_snapshot!(cases.map(|doc| say(&doc)).join("\n"), @r"
    - 
    marking-ref at /object_marking_refs/0: `identity--fa42a846-8d90-4e51-bc29-71d5b4802168` begins with `identity` and must begin with `marking-definition`
    - 
    - 
    granular-marking at /granular_markings/0: a granular marking has exactly one of `lang` and `marking_ref`
    granular-marking at /granular_markings/0: a granular marking has exactly one of `lang` and `marking_ref`
    granular-marking at /granular_markings/0/selectors: a granular marking needs at least one selector
    selector-unresolved at /granular_markings/0/selectors/0: `labels.[2]` selects nothing in this object
    selector-unresolved at /granular_markings/0/selectors/0: `labels.1` selects nothing in this object
    selector-syntax at /granular_markings/0/selectors/0: `labels[1]` is not a selector: write it like `external_references.[0].url`
    selector-syntax at /granular_markings/0/selectors/0: `[0]` is not a selector: write it like `external_references.[0].url`
    selector-syntax at /granular_markings/0/selectors/0: `labels.[01]` is not a selector: write it like `external_references.[0].url`
    selector-syntax at /granular_markings/0/selectors/0: `` is not a selector: write it like `external_references.[0].url`
    marking-ref at /granular_markings/0/marking_ref: `tool--fa42a846-8d90-4e51-bc29-71d5b4802168` begins with `tool` and must begin with `marking-definition`
    wrong-type at /granular_markings: `granular_markings` must be an array of granular markings
    ");
}

#[test]
fn effects() {
    let held = |id: &str| (id == FREE).then(Meaning::default);
    let effect = |refs: &str, granular: &str| {
        let doc = marked(&format!(r#","object_marking_refs":[{refs}],"granular_markings":[{granular}]"#));
        let head = Head::read(doc.as_bytes()).unwrap();
        let r = resolve(&head, held);
        format!("{} {:?} {:?}", r.effective().map_or("-", Tlp::label), r.unresolved.len(), r.reports.len())
    };
    let granular = format!(r#"{{"marking_ref":"{}","selectors":["name"]}}"#, TLP1[3].0);
    assert_eq!(effect("", ""), "- 0 0");
    assert_eq!(effect(&format!(r#""{FREE}""#), ""), "- 0 0");
    assert_eq!(effect(&format!(r#""{FREE}","{GREEN2}""#), ""), "GREEN 0 0");
    assert_eq!(effect(&format!(r#""{GREEN2}""#), &granular), "RED 0 0");
    assert_eq!(effect(&format!(r#""{OTHER}""#), ""), "RED 0 1");
    assert_eq!(effect(r#""marking-definition--00a42a84-8d90-4e51-bc29-71d5b4802168""#, ""), "RED 1 0");
}

#[test]
fn circles() {
    let refs = |list: &[(&str, &[&str])]| {
        circular(
            &list.iter().map(|(id, to)| ((*id).to_owned(), to.iter().map(|t| (*t).to_owned()).collect())).collect(),
        )
        .into_iter()
        .collect::<Vec<_>>()
        .join(" ")
    };
    assert_eq!(refs(&[("a", &["b"]), ("b", &["c"]), ("c", &["a", "d"]), ("d", &[]), ("e", &["a"])]), "a b c");
    assert_eq!(refs(&[("a", &["b"]), ("b", &[])]), "");
}

proptest::proptest! {
    /// A marking more, whatever it says of itself, never makes an object less strict; one that is not understood makes it RED.
    #[test]
    fn one_more_marking_never_widens(refs in proptest::collection::vec(0usize..6, 0..3), label in "(?i)(tlp:)?[a-z+]{0,8}", form in 0u8..5) {
        let refs: Vec<&str> = refs.into_iter().map(|at| crate::tlp::TLP2[at].0).collect();
        let text = match form {
            0 => definition(FREE, &extension(&label)),
            1 => definition(FREE, &format!(r#","definition_type":"TLP","definition":{{"TLP":"{label}"}}"#)),
            2 => definition(FREE, &format!(r#","name":"TLP:{label}""#)),
            3 => definition(OTHER, &extension(&label)),
            _ => definition(FREE, &format!(r#","extensions":{{"{ACS_EXTENSION}":{{"{label}":1}},"{TERMS_EXTENSION}":{{"{label}":1}}}}"#)),
        };
        let head = Head::read(text.as_bytes()).unwrap();
        let (id, said) = (head.id.to_string(), meaning(&head));
        let effect = |refs: &[&str]| {
            let list: Vec<String> = refs.iter().map(|r| format!("\"{r}\"")).collect();
            let doc = marked(&format!(r#","object_marking_refs":[{}]"#, list.join(",")));
            resolve(&Head::read(doc.as_bytes()).unwrap(), |of| (of == id).then(|| said.clone())).effective()
        };
        let (before, after) = (effect(&refs), effect(&[&refs[..], &[id.as_str()]].concat()));
        proptest::prop_assert!(after >= before);
        let known = label.parse::<Tlp>().is_ok();
        proptest::prop_assert!(known && form < 3 || after == Some(Tlp::Red), "{text}: {after:?}");
        proptest::prop_assert!(form != 4 || said.terms.unknown, "{text}");
    }
}
