//! The review of a quarter in the sample: the five forms of its report say the same of each figure, and a stranger with one file and the verifier makes
//! every figure again; what was left out, altered, claimed otherwise or flipped is named, also where the hub itself signs it.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use ledger::checkpoint::{base64, unbase64};
use ledger::keys::SigningKey;
use ledger::merkle::{Frontier, leaf_hash, sha256};
use ledger::note::{self, Head, Verifier};
use serde_json::{Value, json};
use xtask::script::Stage;

const QUARTER: &str = "2024-Q4";

fn report(stage: &Stage, now: &str, form: &str) -> Vec<u8> {
    let to = stage.work.join(format!("review.{form}"));
    stage.ask(now, &["review", "report", QUARTER, "--form", form, "--out", to.to_str().unwrap()]).unwrap();
    std::fs::read(to).unwrap()
}

fn text(stage: &Stage, now: &str, form: &str) -> String {
    String::from_utf8(report(stage, now, form)).unwrap()
}

/// Figure → value as it is read, none where there is none.
type Figures = BTreeMap<String, Option<f64>>;

pub(crate) fn five_forms_say_the_same(stage: &Stage, now: &str) {
    let json = of_json(&text(stage, now, "json"));
    assert_eq!(json.len(), 30);
    assert_eq!(json.values().filter(|value| value.is_some()).count(), 29);
    assert_eq!(of_csv(&text(stage, now, "csv")), json, "CSV");
    assert_eq!(of_ics(&text(stage, now, "ics")), json, "ICS");
    let html = text(stage, now, "html");
    assert_eq!(of_html(&html), json, "HTML");
    assert!(html.contains("Two of the three water boards"), "the reply stands beside its figure");
    if !["chromium", "chromium-browser", "google-chrome"].iter().any(|name| is_installed(name)) {
        eprintln!("SKIPPED: no Chromium is installed, so no PDF is read");
        return;
    }
    let pdf = lopdf::Document::load_mem(&report(stage, now, "pdf")).unwrap();
    let pages: Vec<String> = pdf.get_pages().keys().map(|page| pdf.extract_text(&[*page]).unwrap()).collect();
    assert!(pages.len() > 2 && pages.iter().all(|page| page.contains("TLP:AMBER")), "the mark stands on each page");
    assert_eq!(of_pdf(&pages.concat()), json, "PDF");
    // fewer may read less: neither replies nor what a small share would give away
    let wide = stage.ask(now, &["review", "report", QUARTER, "--form", "json", "--tlp", "GREEN"]).unwrap();
    let wide: serde_json::Value = serde_json::from_str(&wide).unwrap();
    assert_eq!((wide["replies"].as_array().unwrap().len(), wide["cases"].as_array().unwrap().len()), (0, 0));
    let of = |id: &str| rows(&wide).into_iter().find(|row| row["id"] == id).unwrap();
    assert_eq!((&of("isp:em-3.2")["value"], &of("isp:em-3.2")["withheld"]), (&serde_json::Value::Null, &true.into()));
    assert_eq!(of("isp:3.1.1")["withheld"], false);
}

fn is_installed(name: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(name).is_file())
}

fn rows(report: &serde_json::Value) -> Vec<serde_json::Value> {
    let list = |value: &serde_json::Value, key: &str| value[key].as_array().unwrap().clone();
    let objectives = list(report, "goals").into_iter().flat_map(|goal| list(&goal, "objectives"));
    objectives.flat_map(|objective| list(&objective, "figures")).collect()
}

fn of_json(text: &str) -> Figures {
    let report: serde_json::Value = serde_json::from_str(text).unwrap();
    rows(&report).iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row["value"].as_f64())).collect()
}

fn of_csv(text: &str) -> Figures {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let at = |name: &str| heads.iter().position(|head| head == name).unwrap();
    let (id, value) = (at("measure"), at("value"));
    reader.records().map(|row| row.unwrap()).map(|row| (row[id].to_owned(), number(&row[value]))).collect()
}

/// The lines of the description, unfolded (RFC 5545 section 3.1).
fn of_ics(text: &str) -> Figures {
    let whole = text.replace("\r\n ", "");
    let description = whole.lines().find_map(|line| line.strip_prefix("DESCRIPTION:TLP:AMBER\\n")).unwrap();
    let lines = description.split("\\n").filter_map(|line| line.split_once(' '));
    lines.map(|(id, rest)| (id.to_owned(), number(rest.split([' ', '\\']).next().unwrap()))).collect()
}

/// The rows that say how a figure is known.
fn of_html(text: &str) -> Figures {
    let cell = |row: &str, open: &str| {
        let from = row.find(open)? + open.len();
        Some(row.get(from..)?.split('<').next()?.trim().to_owned())
    };
    let known = |row: &&str| row.contains("<td>recorded</td>") || row.contains("<td>computed</td>");
    let rows = text.split("<tr").filter(known);
    rows.map(|row| {
        let id = cell(row, r#"<th scope="row" class="nb">"#).unwrap();
        (format!("isp:{id}"), number(&cell(row, r#"<td class="n"><b>"#).unwrap()))
    })
    .collect()
}

/// The same rows by their text: number, words, how it is known, value.
fn of_pdf(text: &str) -> Figures {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_id = |line: &str| {
        let parts: Vec<&str> = line.trim_start_matches("em-").split('.').collect();
        (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.len() == 1 && part.parse::<u8>().is_ok())
    };
    let mut figures = Figures::new();
    for (n, line) in lines.iter().enumerate().filter(|(_, line)| is_id(line)) {
        let next = lines.iter().skip(n + 1).take_while(|line| !is_id(line));
        let known = next.clone().position(|line| matches!(*line, "recorded" | "computed"));
        if let Some(value) = known.and_then(|at| lines.get(n + 2 + at)) {
            figures.insert(format!("isp:{line}"), number(value));
        }
    }
    figures
}

fn number(text: &str) -> Option<f64> {
    text.trim_end_matches('%').trim().parse().ok()
}

/// Runs the verifier; none where there is no Python that can.
fn verify(bundle: &Path, more: &[&str]) -> Option<Output> {
    let version = Command::new("python3").args(["-c", "import tomllib"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: there is no Python 3.11, so no bundle is verified");
        return None;
    }
    let verifier = xtask::shell::root().join("verifier/verify.py");
    Some(Command::new("python3").arg(verifier).arg(bundle).args(more).output().unwrap())
}

pub(crate) fn a_stranger_recomputes_it(stage: &Stage, now: &str) {
    let whole = stage.work.join("review.bundle");
    stage.ask(now, &["review", "bundle", QUARTER, "--out", whole.to_str().unwrap()]).unwrap();
    let Some(output) = verify(&whole, &[]) else { return };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        said.lines().filter(|line| line.starts_with("isp:") && line.trim_end().ends_with("same")).count(),
        30,
        "{said}"
    );

    let text = std::fs::read_to_string(&whole).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let of_kind =
        |kind: &str| lines.iter().rposition(|line| line.starts_with(&format!(r#"["mainstay1 {kind} "#))).unwrap();
    #[track_caller]
    fn check(stage: &Stage, name: &str, lines: &[String], named: &str) {
        let to = stage.work.join("altered.bundle");
        std::fs::write(&to, format!("{}\n", lines.join("\n"))).unwrap();
        let output = verify(&to, &[]).unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.code().is_some_and(|code| code == 1 || code == 2), "{name}: {:?}\n{said}", output.status);
        assert!(said.contains(named) && !said.contains("Traceback"), "{name}: {said}");
    }
    let owned = || lines.iter().map(|line| (*line).to_owned()).collect::<Vec<String>>();

    // one event is left out: the line, or its payload alone
    let at = of_kind("assure.record");
    let mut without = owned();
    without.remove(at);
    check(stage, "a line left out", &without, &format!("entry {}", at - 1));
    let mut bare = owned();
    let row: serde_json::Value = serde_json::from_str(lines[at]).unwrap();
    bare[at] = serde_json::json!([row[0], row[1]]).to_string();
    check(stage, "a payload left out", &bare, &format!("entry {}", at - 1));
    // one is altered: what it says, or when
    let mut altered = owned();
    altered[at] = altered[at].replacen("mainstay1 assure.record 1", "mainstay1 assure.record 2", 1);
    check(stage, "a header altered", &altered, "tree");
    let other = of_kind("assure.backed");
    let mut swapped = owned();
    let (a, b): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(lines[at]).unwrap(), serde_json::from_str(lines[other]).unwrap());
    swapped[at] = serde_json::json!([a[0], a[1], b[2], b[3]]).to_string();
    check(stage, "a payload of another", &swapped, &format!("entry {}", at - 1));
    // the claimed value is another: the freeze is an entry too
    let frozen = of_kind("assure.frozen");
    let mut claimed = owned();
    let row: serde_json::Value = serde_json::from_str(lines[frozen]).unwrap();
    let bytes = ledger::checkpoint::unbase64(row[3].as_str().unwrap()).unwrap();
    let from = bytes.windows(9).position(|part| part == br#""value":5"#).unwrap() + 8;
    let said: Vec<u8> = bytes.iter().enumerate().map(|(n, byte)| if n == from { b'6' } else { *byte }).collect();
    claimed[frozen] = serde_json::json!([row[0], row[1], row[2], ledger::checkpoint::base64(&said)]).to_string();
    check(stage, "another value claimed", &claimed, &format!("entry {}", frozen - 1));
    // the head is another's
    let mut head = owned();
    head[0] = head[0].replacen("known ", "known\u{a0}", 1);
    check(stage, "a head that is not signed", &head, "sign");
    // single bytes, spread over the file
    for n in 1..40 {
        let mut flipped = text.clone().into_bytes();
        let at = flipped.len() / 40 * n;
        if flipped[at] == b'\n' {
            continue;
        }
        flipped[at] ^= 1;
        let to = stage.work.join("flipped.bundle");
        std::fs::write(&to, &flipped).unwrap();
        let output = verify(&to, &[]).unwrap();
        assert_ne!(output.status.code(), Some(0), "byte {at} flipped: {}", String::from_utf8_lossy(&output.stdout));
    }
    lies_that_are_signed(stage, &text);
}

/// A hub that lies: it takes back nothing and alters nothing that it signed, but claims what it likes in the entry that freezes the figures. Contents,
/// commitments, tree and head agree under its key, which is one of the test's own.
struct Liar {
    rows: Vec<Value>,
    frozen: usize,
    name: String,
    key: SigningKey,
}

impl Liar {
    fn new(bundle: &str) -> Liar {
        let mut rows: Vec<Value> = bundle.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let key = SigningKey::from_seed(&[7; 32]).unwrap();
        let name = rows[0]["key"].as_str().unwrap().split('+').next().unwrap().to_owned();
        let frozen = rows[0]["frozen"].as_u64().unwrap() as usize + 1;
        rows[0]["key"] = Verifier { name: name.clone(), public: key.public() }.encode().into();
        let mut liar = Liar { rows, frozen, name, key };
        let public = base64(&liar.key.public());
        liar.rows[1] = liar.says(1, |genesis| genesis["public_key"] = public.into());
        liar
    }

    /// A line whose content says otherwise, with the commitment that belongs to it.
    fn says(&self, at: usize, otherwise: impl FnOnce(&mut Value)) -> Value {
        let row = &self.rows[at];
        let [salt, content] = [2, 3].map(|n| unbase64(row[n].as_str().unwrap()).unwrap());
        let (length, rest) = content.split_at(4);
        let (meta, body) = rest.split_at(u32::from_be_bytes(length.try_into().unwrap()) as usize);
        let mut meta: Value = serde_json::from_slice(meta).unwrap();
        otherwise(&mut meta);
        let meta = meta.to_string();
        let content = [&(meta.len() as u32).to_be_bytes()[..], meta.as_bytes(), body].concat();
        json!([row[0], base64(&sha256(&[&salt[..], &content].concat())), row[2], base64(&content)])
    }

    /// The whole bundle with this claim, signed.
    fn claims(&self, otherwise: impl FnOnce(&mut Value)) -> String {
        let mut rows = self.rows.clone();
        rows[self.frozen] = self.says(self.frozen, otherwise);
        let mut tree = Frontier::default();
        for row in &rows[1..] {
            let commitment = unbase64(row[1].as_str().unwrap()).unwrap();
            tree.push(leaf_hash(&[row[0].as_str().unwrap().as_bytes(), &commitment]));
        }
        let head = Head { origin: self.name.clone(), size: tree.size(), root: tree.root() };
        rows[0]["checkpoint"] = note::sign(&self.name, &self.key, &head.text()).into();
        rows.iter().map(|row| format!("{row}\n")).collect()
    }
}

/// Says otherwise.
type Otherwise = fn(&mut Value);
/// A figure, what of it is claimed otherwise, and how.
type Lie = (&'static str, &'static str, Otherwise);

const LIES: [Lie; 14] = [
    ("isp:1.1.1", "value", |figure| figure["value"] = more(&figure["value"], 1.0)),
    ("isp:1.1.2", "numerator", |figure| figure["numerator"] = more(&figure["numerator"], 1.0)),
    ("isp:1.1.3", "denominator", |figure| figure["denominator"] = more(&figure["denominator"], -1.0)),
    ("isp:1.2.1", "evidence", |figure| figure["evidence"]["E2"] = more(&figure["evidence"]["E1"], 1.0)),
    ("isp:1.2.2", "baseline", |figure| figure["baseline"] = json!({ "period": "2024-Q4", "value": 777 })),
    ("isp:1.3.1", "baseline", |figure| figure["baseline"]["period"] = "2024-Q3".into()),
    // as many, but others
    ("isp:2.1.1", "counted", |figure| figure["counted"] = base64(&sha256(b"csirt-x\ncsirt-y\n")).into()),
    ("isp:2.1.3", "not_counted", |figure| figure["not_counted"] = base64(&sha256(b"")).into()),
    ("isp:2.2.1", "definition_version", |figure| {
        figure["definition_version"] = more(&figure["definition_version"], 1.0)
    }),
    // the share stays, of twice as many
    ("isp:2.3.2", "numerator", |figure| {
        for of in ["numerator", "denominator"] {
            figure[of] = (figure[of].as_i64().unwrap() * 2).into();
        }
    }),
    ("isp:3.1.1", "value", |figure| figure["value"] = Value::Null),
    ("isp:3.2.2", "value", |figure| figure["value"] = more(&figure["value"], 1e-6)),
    ("isp:3.3.1", "value", |figure| figure["value"] = figure["value"].to_string().into()),
    ("isp:em-1.1", "value", |figure| drop(figure.as_object_mut().unwrap().remove("value"))),
];

fn more(number: &Value, by: f64) -> Value {
    let more = number.as_f64().unwrap_or_default() + by;
    if more.fract() == 0.0 { (more as i64).into() } else { more.into() }
}

fn lies_that_are_signed(stage: &Stage, honest: &str) {
    let liar = Liar::new(honest);
    let run = |otherwise: &dyn Fn(&mut Value)| {
        let to = stage.work.join("lie.bundle");
        std::fs::write(&to, liar.claims(otherwise)).unwrap();
        let output = verify(&to, &[]).unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains("Traceback"), "{said}");
        (output.status.code(), said)
    };
    let verdicts = |said: &str, verdict: &str| -> BTreeSet<String> {
        let figures = said.lines().filter(|line| line.starts_with("isp:") && line.trim_end().ends_with(verdict));
        figures.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let (code, said) = run(&|_| ());
    assert_eq!((code, verdicts(&said, "same").len()), (Some(0), 30), "an honest hub under that key: {said}");

    // every figure that is claimed otherwise is named with what is, and no other
    let (code, said) = run(&|claim| {
        let figures = claim["figures"].as_array_mut().unwrap();
        for (id, _, lie) in LIES {
            lie(figures.iter_mut().find(|figure| figure["id"] == id).unwrap());
        }
        let mut extra = figures[0].clone();
        extra["id"] = "isp:9.9.9".into();
        figures.retain(|figure| figure["id"] != "isp:2.3.4");
        figures.push(extra);
    });
    assert_eq!(code, Some(1), "{said}");
    let lies: BTreeSet<String> =
        LIES.iter().map(|(id, ..)| *id).chain(["isp:2.3.4", "isp:9.9.9"]).map(str::to_owned).collect();
    assert_eq!(verdicts(&said, "DIFFERENT"), lies, "{said}");
    assert_eq!(verdicts(&said, "same").len(), 31 - lies.len(), "{said}");
    for (id, what, _) in LIES {
        assert!(said.contains(&format!("{id}: {what}:")), "{id} {what}: {said}");
    }
    assert!(said.contains("isp:2.3.4: ") && said.contains("isp:9.9.9: "), "{said}");

    // another period, another day, or a figure twice
    let others: [(&str, Otherwise); 4] = [
        ("the quarter before", |claim| claim["period"] = "2024-Q3".into()),
        ("as of a month before", |claim| claim["as_of"] = "2024-11-30T23:59:59.999999Z".into()),
        ("known a year before", |claim| claim["known_as_of"] = "2024-03-01T00:00:00.000000Z".into()),
        ("a figure twice", |claim| {
            let figures = claim["figures"].as_array_mut().unwrap();
            let first = figures[0].clone();
            figures.push(first);
        }),
    ];
    for (name, otherwise) in others {
        let (code, said) = run(&otherwise);
        assert_eq!(code, Some(1), "{name}: {said}");
        assert!(!verdicts(&said, "DIFFERENT").is_empty() || said.contains("stands twice"), "{name}: {said}");
    }
}
