//! No way out stands outside the table of `crates/partners/src/sinks.rs`: each route with its method, each verb, each file that opens a
//! connection, a file or standard output. Endpoints of TAXII are no matter here: their dispatcher takes them from the table.
//! It reads the sources as text, so it holds a tree that does not compile too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const TABLE: &str = "crates/partners/src/sinks.rs";
/// What opens something to the outside: a file that says one of these stands in the table's doors.
const OPENERS: [&str; 16] = [
    "fs::write",
    "File::create",
    "OpenOptions",
    "fs::rename",
    "fs::copy",
    "create_dir",
    "lettre::transport",
    "reqwest::",
    "hyper",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "println!(",
    "io::stdout",
    "io::stderr",
];
/// Ways of axum to answer that name no path and method of their own.
const UNNAMED: [&str; 6] = [
    ".nest(",
    ".nest_service(",
    ".route_service(",
    ".fallback(",
    ".fallback_service(",
    ".method_not_allowed_fallback(",
];
/// Files that are compiled for tests alone.
const TESTS: [&str; 4] = ["tests.rs", "testkit.rs", "testing.rs", "pages/samples.rs"];
const METHODS: [(&str, &str); 6] =
    [("get(", "Get"), ("post(", "Post"), ("delete(", "Delete"), ("put(", "Put"), ("patch(", "Patch"), ("any(", "Any")];

/// The table as it is written.
#[derive(Default)]
struct Table {
    /// `Get /find`, `Verb ask list`.
    ways: BTreeSet<(String, String)>,
    /// Files of the doors.
    doors: BTreeSet<String>,
}

/// Faults over the source tree at `root`.
pub(super) fn check(root: &Path, faults: &mut Vec<String>) {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap_or_default();
    let table = Table::read(&read(TABLE));
    let mut served = BTreeSet::new();
    for path in super::files(&root.join("crates")) {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let product = name.contains("/src/") && name.ends_with(".rs") && !name.starts_with("crates/xtask/");
        let test = name.contains("/tests/") || name.contains("/leak/") || TESTS.iter().any(|end| name.ends_with(end));
        if !product || test || name == TABLE {
            continue;
        }
        let text = read(&name);
        let code = without_tests(&text);
        if name.starts_with("crates/server/") {
            routes(&name, code, &table, &mut served, faults);
        }
        doors(&name, code, &table, faults);
    }
    let of_taxii = |path: &str| path.starts_with("/taxii2/");
    for (way, path) in table.ways.iter().filter(|(way, path)| METHODS.iter().any(|m| m.1 == way) && !of_taxii(path)) {
        if !served.contains(&(way.clone(), path.clone())) {
            faults.push(format!("{TABLE}: `{way}` of {path} is served by no route"));
        }
    }
    verbs(root, &table, faults);
}

impl Table {
    fn read(text: &str) -> Table {
        let mut table = Table::default();
        let flat = without_tests(text).split_whitespace().collect::<Vec<_>>().join(" ").replace("sink( \"", "sink(\"");
        for row in format!(" {flat}").split(" sink(\"").skip(1) {
            let way = row.split_once("Way::").and_then(|(_, way)| way.split_once("(\""));
            if let Some((kind, rest)) = way {
                table.ways.insert((kind.to_owned(), rest.split('"').next().unwrap_or_default().to_owned()));
            }
        }
        let doors = text
            .split_once("pub const DOORS")
            .and_then(|(_, rest)| rest.split_once("];"))
            .map_or("", |(doors, _)| doors);
        table.doors.extend(doors.split("(\"").skip(1).filter_map(|row| row.split('"').next()).map(str::to_owned));
        table
    }
}

fn routes(name: &str, code: &str, table: &Table, served: &mut BTreeSet<(String, String)>, faults: &mut Vec<String>) {
    for word in UNNAMED.iter().filter(|word| code.contains(**word)) {
        faults.push(format!("{name}: `{word}…)` answers paths that the table of sinks cannot name: use `.route(`"));
    }
    for call in code.split(".route(").skip(1).map(arguments).filter(|call| !call.is_empty()) {
        let Some(path) = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
            faults.push(format!(
                "{name}: a route whose path is no literal: the table of sinks cannot be held against it"
            ));
            continue;
        };
        let handlers = call.get(path.len() + 2..).unwrap_or_default();
        let mut any = false;
        for (word, way) in METHODS.iter().filter(|(word, _)| says(handlers, word)) {
            any = true;
            let taxii = *word == "any(" && path.starts_with("/taxii2");
            served.insert(((*way).to_owned(), path.to_owned()));
            if !taxii && !table.ways.contains(&((*way).to_owned(), path.to_owned())) {
                faults.push(format!(
                    "{name}: serves `{way}` of {path}, which is no way out that is known: add it to {TABLE}"
                ));
            }
        }
        if !any {
            faults.push(format!("{name}: the route {path} does not name its methods where it is added"));
        }
    }
}

/// The word stands there by itself, not as the end of another.
fn says(text: &str, word: &str) -> bool {
    let before = |at: usize| text.get(..at).and_then(|head| head.chars().next_back());
    text.match_indices(word).any(|(at, _)| !before(at).is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

/// What stands between the parenthesis that was just opened and its end.
fn arguments(rest: &str) -> &str {
    let mut depth = 1_i32;
    let end = rest.char_indices().find(|(_, c)| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        depth == 0
    });
    rest.get(..end.map_or(rest.len(), |(at, _)| at)).unwrap_or_default()
}

fn doors(name: &str, code: &str, table: &Table, faults: &mut Vec<String>) {
    if table.doors.contains(name) {
        return;
    }
    for (at, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        for word in OPENERS.iter().filter(|word| line.contains(**word)) {
            faults.push(format!(
                "{name}:{}: `{word}` opens something to the outside: name the way out in {TABLE}, DOORS",
                at + 1
            ));
        }
    }
}

/// Each verb of the command line, or its noun, has a row; and each row of a verb a verb.
fn verbs(root: &Path, table: &Table, faults: &mut Vec<String>) {
    let folder = root.join("crates/mainstay/src");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    let nouns = variants(&read("args.rs"), "Noun");
    let mut known = BTreeSet::new();
    for (noun, what) in &nouns {
        let Some((module, kind)) = what.strip_prefix("verbs::").and_then(|what| what.split_once("::")) else {
            continue;
        };
        let mut verbs = variants(&read(&format!("verbs/{module}.rs")), kind);
        // verbs that stand in a file of their own: `Quarter(crate::verbs::quarter::Quarter)`
        let apart: Vec<(String, String)> = verbs
            .iter()
            .filter(|(_, what)| what.starts_with("crate::verbs::"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        for (name, what) in apart {
            verbs.remove(&name);
            if let Some((module, kind)) = what.trim_start_matches("crate::verbs::").split_once("::") {
                verbs.extend(variants(&read(&format!("verbs/{module}.rs")), kind));
            }
        }
        known.insert(noun.clone());
        known.extend(verbs.keys().map(|verb| format!("{noun} {verb}")));
        let has = |place: &str| table.ways.contains(&("Verb".to_owned(), place.to_owned()));
        let all = verbs.keys().map(|verb| format!("{noun} {verb}")).chain(verbs.is_empty().then(|| noun.clone()));
        for verb in all.filter(|verb| !has(verb) && !has(noun)) {
            faults.push(format!("crates/mainstay/src/verbs/{module}.rs: the verb `{verb}` is no way out that is known: add it to {TABLE}"));
        }
    }
    for (_, place) in table.ways.iter().filter(|(way, place)| way == "Verb" && !known.contains(place)) {
        faults.push(format!("{TABLE}: there is no verb `{place}`"));
    }
}

/// The variants of an enum, as they are typed on the command line, each with what it holds; none where it is no enum.
fn variants(text: &str, name: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let body = text
        .split_once(&format!("enum {name} {{"))
        .and_then(|(_, rest)| rest.split_once("\n}"))
        .map_or("", |(body, _)| body);
    for line in body.lines() {
        let Some(line) = line.strip_prefix("    ").filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        else {
            continue;
        };
        let end = line.find(|c: char| !c.is_alphanumeric()).unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        let mut typed = String::new();
        for c in word.chars() {
            if c.is_ascii_uppercase() && !typed.is_empty() {
                typed.push('-');
            }
            typed.push(c.to_ascii_lowercase());
        }
        let held = rest.strip_prefix('(').and_then(|rest| rest.split(')').next()).unwrap_or_default();
        out.insert(typed, held.to_owned());
    }
    out
}

/// The text up to its tests, which stand last in a file.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "    sink(\"a\", Way::Get(\"/a/{id}\"), X, Y),\n    sink(\n        \"b\",\n        Way::Post(\"/a/{id}\"), X, Y),\n \
                        pub const DOORS: &[(\"crates/x/src/mail.rs\", \"a\")];";

    #[track_caller]
    fn check(code: &str, expected: &[&str]) {
        let (table, mut faults, mut served) = (Table::read(ROWS), Vec::new(), BTreeSet::new());
        routes("x.rs", code, &table, &mut served, &mut faults);
        doors("x.rs", code, &table, &mut faults);
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, word) in faults.iter().zip(expected) {
            assert!(fault.contains(word), "{fault}");
        }
    }

    #[test]
    fn what_stands_outside_the_table_is_found() {
        check("r.route(\"/a/{id}\", get(one).post(two))", &[]);
        check("r.route(\"/a/{id}\", get(async || widget(1)).delete(two))", &["serves `Delete` of /a/{id}"]);
        check("r.route(\"/b\", get(one))", &["serves `Get` of /b"]);
        check("r.route(PATH, get(one))", &["no literal"]);
        check("r.route(\"/a/{id}\", page())", &["does not name its methods"]);
        check("r.nest(\"/x\", inner)", &[".nest("]);
        check("r.route(\"/taxii2/{*rest}\", any(answer))", &[]);
        check("std::fs::write(path, bytes)", &["x.rs:1: `fs::write`"]);
        check("// fs::write is not here", &[]);
    }

    #[test]
    fn a_verb_is_read_as_it_is_typed() {
        let text =
            "pub enum Ask {\n    /// doc\n    Plan {\n        all: bool,\n    },\n    Send(Send),\n    LongWord,\n}\n";
        assert_eq!(variants(text, "Ask").into_keys().collect::<Vec<_>>(), ["long-word", "plan", "send"]);
        assert!(variants("pub struct Init {}", "Init").is_empty());
    }
}
