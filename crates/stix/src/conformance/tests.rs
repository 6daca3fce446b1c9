//! The table of the standard's statements (`clauses.txt`) and the objects that break them (`cases.txt`).
//!
//! Holds the three together: a rule of the code stands in the table, a rule of the table has an object that breaks it, and
//! `docs/standards/stix-2.1.md` is what the table says now. `UPDATE_DOCS=1 cargo test -p stix` writes that file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::admit;
use crate::scan::Limits;
use crate::{Class, Fault, bundle, json::Object, observable, scan};

const CASES: &str = include_str!("cases.txt");
const CLAUSES: &str = include_str!("clauses.txt");
const UUID: &str = "fdd60b30-b67c-41e3-b0b9-f01faf20d111";
const DOCUMENT: &str = "docs/standards/stix-2.1.md";

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

fn fields(line: &'static str) -> Vec<&'static str> {
    line.split(" | ").map(str::trim).collect()
}

// ---- objects ----

/// The valid object of each type.
fn bases() -> BTreeMap<&'static str, Value> {
    let base = |line: &'static str| {
        let (kind, rest) = line.strip_prefix("base ")?.split_once(' ')?;
        let mut object = json!({ "type": kind, "id": format!("{kind}--{UUID}") });
        if Class::of(kind) != Class::Observable {
            let time = "2020-01-01T00:00:00.000Z";
            merge(&mut object, &json!({ "spec_version": "2.1", "created": time, "modified": time }));
        }
        merge(&mut object, &serde_json::from_str(rest).unwrap_or_else(|e| panic!("{line}: {e}")));
        Some((kind, object))
    };
    lines(CASES).filter_map(base).collect()
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// An observable has the id that it would have, so that only the change is spoken of.
fn identified(mut object: Value, kind: &str) -> Value {
    let text = object.to_string();
    if let Some(id) = observable::identifier(kind, &Object::read(text.as_bytes()).unwrap()) {
        object["id"] = id.into();
    }
    object
}

fn place(fault: &Fault) -> &str {
    if fault.place.is_empty() { "/" } else { &fault.place }
}

fn admitted(bytes: &[u8]) -> Vec<String> {
    match admit(bytes) {
        Err(fault) => vec![format!("refuse {} {}", fault.rule, place(&fault))],
        Ok(head) => head.warnings.iter().map(|w| format!("warn {} {}", w.rule, place(w))).collect(),
    }
}

/// What is said of a case.
fn outcome(bases: &BTreeMap<&str, Value>, kind: &str, change: &str, way: &str) -> Vec<String> {
    let bytes = match kind {
        "raw" => change.as_bytes().to_vec(),
        "bytes" => (0..change.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(change.get(i..i + 2).unwrap(), 16).unwrap())
            .collect(),
        _ => {
            let patch: Value = serde_json::from_str(change).unwrap_or_else(|e| panic!("{change}: {e}"));
            let mut object = bases.get(kind).unwrap_or_else(|| panic!("no base {kind}")).clone();
            merge(&mut object, &patch);
            let object = if patch.get("id").is_none() { identified(object, kind) } else { object };
            object.to_string().into_bytes()
        }
    };
    match way {
        "scan" => scan::check(&bytes, &Limits::default())
            .err()
            .map(|f| format!("scan {} {}", f.rule, place(&f)))
            .into_iter()
            .collect(),
        "bundle" => {
            let fault = bundle::split(&bytes, &Limits::default()).map_or_else(Some, |split| split.warning);
            fault.map(|f| format!("bundle {} {}", f.rule, place(&f))).into_iter().collect()
        }
        _ => admitted(&bytes),
    }
}

#[test]
fn bases_break_nothing() {
    let bases = bases();
    for of in crate::table::all() {
        assert!(bases.contains_key(of.name), "no base {}", of.name);
    }
    for (kind, object) in bases {
        assert_eq!(admitted(identified(object, kind).to_string().as_bytes()), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn cases_have_their_outcomes() {
    let bases = bases();
    let mut names = BTreeSet::new();
    let mut wrong = String::new();
    for line in lines(CASES).filter(|line| !line.starts_with("base ")) {
        let [name, kind, change, expected] = fields(line)[..] else { panic!("{line}") };
        assert!(names.insert(name), "{name} stands twice");
        let way = expected.split(' ').next().unwrap();
        let said = outcome(&bases, kind, change, way);
        let good = if expected == "ok" { said.is_empty() } else { said.iter().any(|s| s == expected) };
        if !good {
            let _ = writeln!(wrong, "{name}: expected {expected}, said {said:?}");
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn bounds() {
    let small = Limits { bytes: 40, item: 10, members: 2, ..Limits::default() };
    let rule = |text: &str| scan::check(text.as_bytes(), &small).unwrap_err().rule;
    assert_eq!(rule(&" ".repeat(41)), "too-large");
    assert_eq!(rule(r#"{"a":1,"b":1,"c":1}"#), "too-many-members");
    let split = bundle::split(br#"{"objects":[{"a":"0123456789"}]}"#, &small).unwrap();
    assert_eq!(split.items[0].fault.as_ref().unwrap().rule, "object-too-large");
    let few = Limits { items: 1, ..Limits::default() };
    assert_eq!(bundle::split(br#"{"objects":[{},{}]}"#, &few).unwrap_err().rule, "too-many-objects");
}

/// Each of many references and of many unknown properties is looked up in many others: with a walk for each this takes minutes.
#[test]
fn large_objects_are_checked_in_one_walk() {
    let bases = bases();
    let mut data = bases["observed-data"].clone();
    data.as_object_mut().unwrap().remove("object_refs");
    let one =
        |i: usize| (i.to_string(), json!({ "type": "directory", "path": "/", "parent_ref": (i / 2).to_string() }));
    data["objects"] = Value::Object((0..40_000).map(one).collect());
    assert_eq!(admitted(data.to_string().as_bytes()), ["warn observable-container /objects"]);
    let mut tool = bases["tool"].clone();
    let extension = |i: usize| (format!("x-{i}-ext"), json!({ "abc": 1 }));
    tool["extensions"] = Value::Object((0..20_000).map(extension).collect());
    (0..20_000).for_each(|i| tool[format!("prop_{i}")] = 1.into());
    assert_eq!(admitted(tool.to_string().as_bytes()).len(), 33);
}

// ---- the table ----

struct Clause {
    clauses: &'static str,
    counts: [usize; 4],
    says: &'static str,
    verdict: Verdict,
}

enum Verdict {
    /// Rules, each with its cases, or with tests as `@path::name`.
    Rules(Vec<(&'static str, Vec<&'static str>)>),
    /// A test elsewhere.
    Test(&'static str),
    None(&'static str),
}

const LEVELS: [char; 4] = ['M', 'N', 'S', 'A'];

fn clauses() -> Vec<Clause> {
    lines(CLAUSES).map(clause).collect()
}

fn clause(line: &'static str) -> Clause {
    let [clauses, counts, says, verdict] = fields(line)[..] else { panic!("{line}") };
    let mut sums = [0; 4];
    for word in counts.split(' ') {
        let level = LEVELS.iter().position(|l| word.starts_with(*l)).unwrap_or_else(|| panic!("{line}"));
        sums[level] += word.get(1..).unwrap().parse::<usize>().unwrap();
    }
    let (word, rest) = verdict.split_once([' ', ':']).unwrap_or_else(|| panic!("{line}"));
    let rest = rest.trim();
    let verdict = match word {
        "rule" => Verdict::Rules(rest.split("; ").map(|one| rule_and_cases(one, line)).collect()),
        "test" => Verdict::Test(rest),
        "none" => Verdict::None(rest),
        _ => panic!("{line}"),
    };
    Clause { clauses, counts: sums, says, verdict }
}

fn rule_and_cases(text: &'static str, line: &str) -> (&'static str, Vec<&'static str>) {
    let (rule, cases) = text.split_once(": ").unwrap_or_else(|| panic!("no case: {line}"));
    (rule, cases.split(", ").collect())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn check_test(reference: &str) {
    let (path, name) = reference.split_once("::").unwrap_or_else(|| panic!("{reference}"));
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{reference}: {e}"));
    assert!(text.contains(&format!("fn {name}(")), "{reference} does not exist");
}

/// Every code that the sources of this crate give to a fault.
fn codes_of_the_code() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            // the pattern language and the access control markings keep rules of their own
            let ours = !name.starts_with("tests")
                && !name.starts_with("conformance")
                && !name.starts_with("pattern")
                && !name.starts_with("acs");
            if path.is_dir() && ours {
                folders.push(path);
            } else if ours && name.ends_with(".rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                codes.extend(codes_in(text.split("#[cfg(test)]\nmod tests {").next().unwrap()));
            }
        }
    }
    codes
}

/// The literal codes behind the calls that make faults.
fn codes_in(text: &str) -> Vec<String> {
    const CALLS: [&str; 8] =
        ["Fault::new(", ".must(", ".should(", "rule(", "Bad(", "Better(", "self.fault(", "Broken::Fatal("];
    let mut found = Vec::new();
    let mut take = |text: &str| {
        let code = text.trim_start().strip_prefix('"').and_then(|t| t.split('"').next());
        found.extend(
            code.filter(|c| {
                !c.is_empty() && c.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
            .map(str::to_owned),
        );
    };
    for call in CALLS {
        text.split(call).skip(1).for_each(&mut take);
    }
    // those take other things before the code
    for (call, before) in [(".must_at(", 1), (".catalogue(", 2)] {
        text.split(call).skip(1).filter_map(|part| part.split(", ").nth(before)).for_each(&mut take);
    }
    found
}

#[test]
fn rules_cases_and_code_agree() {
    let cases: BTreeMap<&str, &str> =
        lines(CASES).filter(|line| !line.starts_with("base ")).map(|line| (fields(line)[0], fields(line)[3])).collect();
    let mut listed = BTreeSet::new();
    let mut used = BTreeSet::new();
    for clause in clauses() {
        match clause.verdict {
            Verdict::None(why) => assert!(!why.is_empty()),
            Verdict::Test(reference) => check_test(reference),
            Verdict::Rules(rules) => {
                for (rule, of_rule) in rules {
                    listed.insert(rule.to_owned());
                    for case in of_rule {
                        if let Some(reference) = case.strip_prefix('@') {
                            check_test(reference);
                            continue;
                        }
                        let outcome = cases.get(case).unwrap_or_else(|| panic!("{}: no case {case}", clause.clauses));
                        let code = outcome.split(' ').nth(1).unwrap_or("ok");
                        assert_eq!(code, rule, "{}: {case}", clause.clauses);
                        used.insert(case);
                    }
                }
            }
        }
    }
    let code = codes_of_the_code();
    let none = Vec::<&String>::new();
    assert_eq!(code.difference(&listed).collect::<Vec<_>>(), none, "rules of the code that no clause names");
    assert_eq!(listed.difference(&code).collect::<Vec<_>>(), none, "rules of the table that the code does not have");
    let unused: Vec<_> = cases.iter().filter(|(name, outcome)| **outcome != "ok" && !used.contains(*name)).collect();
    assert_eq!(unused, Vec::<(&&str, &&str)>::new(), "cases that no clause names");
}

// ---- the document ----

fn document(clauses: &[Clause]) -> String {
    let mut chapters: BTreeMap<(u8, String), [usize; 4]> = BTreeMap::new();
    let mut sums = [0; 4];
    for clause in clauses.iter().filter(|c| c.clauses.starts_with(|f: char| f.is_ascii_digit() || f == 'B')) {
        let first = clause.clauses.split([' ', '.']).next().unwrap_or("");
        let entry = chapters.entry((first.parse().unwrap_or(u8::MAX), first.to_owned())).or_default();
        for ((sum, total), n) in entry.iter_mut().zip(&mut sums).zip(clause.counts) {
            *sum += n;
            *total += n;
        }
    }
    let mut out = format!("{HEAD}\n| chapter | MUST | MUST NOT | SHOULD | SHOULD NOT |\n|---|---|---|---|---|\n");
    for ((_, chapter), [m, n, s, a]) in &chapters {
        let _ = writeln!(out, "| {chapter} | {m} | {n} | {s} | {a} |");
    }
    let [m, n, s, a] = sums;
    let _ = writeln!(out, "| all | {m} | {n} | {s} | {a} |\n\n{BEFORE_TABLE}");
    out.push_str("| clause | | says | rule | shown by |\n|---|---|---|---|---|\n");
    for clause in clauses {
        let counts: Vec<String> =
            clause.counts.iter().zip(LEVELS).filter(|(n, _)| **n > 0).map(|(n, l)| format!("{n} {l}")).collect();
        let (rule, shown) = shown(&clause.verdict);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {rule} | {shown} |",
            clause.clauses.replace(' ', ", "),
            counts.join(", "),
            clause.says
        );
    }
    out
}

fn shown(verdict: &Verdict) -> (String, String) {
    match verdict {
        Verdict::Rules(rules) => {
            let codes: Vec<String> = rules.iter().map(|(rule, _)| format!("`{rule}`")).collect();
            let cases: Vec<&str> =
                rules.iter().flat_map(|(_, cases)| cases).map(|case| case.trim_start_matches('@')).collect();
            (codes.join(", "), cases.join(", "))
        }
        Verdict::Test(reference) => ("elsewhere".to_owned(), (*reference).to_owned()),
        Verdict::None(why) => ("not applicable".to_owned(), (*why).to_owned()),
    }
}

const HEAD: &str = "\
# STIX 2.1, statement by statement

Generated from `crates/stix/src/conformance/clauses.txt` by `UPDATE_DOCS=1 cargo test -p stix`; a test fails when it is stale, when a
rule of the code is missing here, when a rule here is not in the code, and when a rule has no object that breaks it. The objects stand
in `crates/stix/src/conformance/cases.txt` under the names of the last column; each says whether it is refused or warned of, and where.

A broken MUST refuses the object, a broken SHOULD is a warning. Inside custom objects, custom properties and extensions of others a
broken MUST is a warning too. Where a MUST of a standard object is only warned of, the row says why. What a receiver cannot know is
never a refusal.

Where two texts of the standard differ, the OASIS Standard counts: `is_family` is required and `summary` a boolean, though a later
Markdown copy has it otherwise.

Counted by us, statements that stand in several clauses once for each, words in plain type included (the bare words in the Markdown
source were counted before as 486 MUST, 63 MUST NOT and 113 SHOULD, those of repeated summaries among them):
";

const BEFORE_TABLE: &str = "M is MUST, N is MUST NOT, S is SHOULD, A is SHOULD NOT.\n";

#[test]
fn the_document_is_what_the_table_says() {
    let path = root().join(DOCUMENT);
    let now = document(&clauses());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(held == now, "{DOCUMENT} is stale: UPDATE_DOCS=1 cargo test -p stix");
}

// ---- laws ----

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-z-]{0,8}(--fdd60b30-b67c-41e3-b0b9-f01faf20d111)?|\\PC{0,12}|2020-0[1-9]-3[0-2]T00:00:00Z"
            .prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[a-zA-Z_]{0,6}(_ref|_refs|_hex|_bin)?", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever stands in place of a property of the standard, the check ends with an answer.
    #[test]
    fn never_panics(which in 0usize..42, property in 0usize..30, value in any_value()) {
        let bases = bases();
        let (kind, base) = bases.iter().nth(which % bases.len()).unwrap();
        let mut object = base.clone();
        let of = crate::table::find(kind);
        let name = of.and_then(|of| of.own.props.iter().chain(of.common).nth(property)).map_or("extensions", |p| p.name);
        object[name] = value;
        let text = object.to_string();
        drop(admit(text.as_bytes()));
        // and on bytes that no scan has passed
        drop(admit(text.get(..text.len() / 2).unwrap_or("").as_bytes()));
    }

    /// What is only custom is never refused.
    #[test]
    fn custom_content_is_admitted(name in "[a-zA-Z0-9_-]{1,12}", value in any_value(), extension in any_value()) {
        let bases = bases();
        let mut tool = bases["tool"].clone();
        tool[format!("x_{name}")] = value.clone();
        tool["extensions"] = json!({ format!("x-{name}-ext"): extension.clone() });
        prop_assert!(admit(tool.to_string().as_bytes()).is_ok(), "{tool}");
        let mut thing = bases["x-example-thing"].clone();
        thing[format!("x_{name}")] = value.clone();
        for common in ["external_references", "labels", "confidence", "lang", "extensions"] {
            thing[common] = extension.clone();
        }
        prop_assert!(admit(thing.to_string().as_bytes()).is_ok(), "{thing}");
    }
}
