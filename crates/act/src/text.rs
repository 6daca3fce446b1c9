//! What a warning says, in English, German, French and Spanish: who we are, what it is, how it is known, what to do, where to
//! answer. Plain text. It is made from the facts that its reader may know and from nothing else: functions at stake, other
//! owners and our ranking never enter [`Facts`], so no wording can depend on them.
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

/// Languages that have a text; others read English.
pub const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];
/// So many subjects or vulnerabilities are named; the answer page lists all.
const NAMED: usize = 12;

/// Whom the text addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reader {
    /// Its own equipment.
    Owner,
    /// The CSIRT of the owner's country.
    Csirt,
    /// The body that told of a count.
    Holder,
}

/// All that a text may say.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Whom the text addresses.
    pub reader: Reader,
    /// The ask's reference.
    pub reference: &'a str,
    /// The store is an exercise.
    pub exercise: bool,
    /// Marking.
    pub tlp: &'a str,
    /// Our name.
    pub we: &'a str,
    /// How to reach us, in our own words; may be empty.
    pub about: &'a str,
    /// Name of the contact.
    pub contact: Option<&'a str>,
    /// Name of the owner.
    pub party_name: &'a str,
    /// Title of the deciding document.
    pub title: &'a str,
    /// Its id.
    pub advisory: &'a str,
    /// Ids.
    pub vulnerabilities: &'a [String],
    /// Keys of the assets; the owner's own keys or its CSIRT's.
    pub subjects: &'a [String],
    /// How many, where it is a count.
    pub count: Option<(i64, Option<i64>)>,
    /// Codes: `purl`, `cpe`, `model`…
    pub methods: &'a [String],
    /// Exploitation is known.
    pub exploited: bool,
    /// Remediations of the deciding document, short.
    pub fixes: &'a [String],
    /// Where to answer.
    pub link: &'a str,
    /// Until when, as a day.
    pub until: &'a str,
    /// Hours until silence counts.
    pub hours: u32,
}

/// Subject and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// One line with the token by which a reply finds its ask.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// The language in which a text is written for a reader of `wanted`: itself, its base (`de-AT` → `de`), else English.
pub fn language(wanted: &str) -> &'static str {
    let base = wanted.split(['-', '_']).next().unwrap_or_default();
    LANGUAGES.into_iter().find(|l| l.eq_ignore_ascii_case(base)).unwrap_or("en")
}

/// Writes the text.
pub fn write(facts: &Facts<'_>, wanted: &str) -> Result<Text, String> {
    let language = language(wanted);
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    environment.set_trim_blocks(false);
    let view = View::of(facts);
    let failed = |e: minijinja::Error| format!("the text {language} cannot be written: {e}");
    let body = environment.render_str(source(language), &view).map_err(failed)?;
    Ok(Text { subject: subject(facts, language), body })
}

fn source(language: &str) -> &'static str {
    match language {
        "de" => include_str!("../texts/de.txt"),
        "fr" => include_str!("../texts/fr.txt"),
        "es" => include_str!("../texts/es.txt"),
        _ => include_str!("../texts/en.txt"),
    }
}

fn subject(facts: &Facts<'_>, language: &str) -> String {
    let (please, exercise) = match language {
        "de" => ("Bitte um Maßnahmen", "ÜBUNG: "),
        "fr" => ("Action demandée", "EXERCICE : "),
        "es" => ("Se pide actuar", "EJERCICIO: "),
        _ => ("Action requested", "EXERCISE: "),
    };
    let exercise = if facts.exercise { exercise } else { "" };
    let title = match facts.title {
        "" => facts.advisory,
        title => title,
    };
    let title: String = one_line(title).chars().take(90).collect();
    format!("{exercise}[REF#{}] {please}: {title} [TLP:{}]", facts.reference, facts.tlp)
}

/// What the templates see: strings of one line each.
#[derive(Serialize)]
struct View {
    role: Reader,
    reference: String,
    exercise: bool,
    tlp: String,
    we: String,
    about: String,
    contact: Option<String>,
    party_name: String,
    title: String,
    advisory: String,
    vulnerabilities: String,
    subjects: String,
    count: Option<String>,
    methods: Vec<String>,
    exploited: bool,
    fixes: Vec<String>,
    link: String,
    until: String,
    hours: u32,
}

impl View {
    fn of(facts: &Facts<'_>) -> View {
        View {
            role: facts.reader,
            reference: one_line(facts.reference),
            exercise: facts.exercise,
            tlp: one_line(facts.tlp),
            we: one_line(facts.we),
            about: one_line(facts.about),
            contact: facts.contact.map(one_line),
            party_name: one_line(facts.party_name),
            title: one_line(if facts.title.is_empty() { facts.advisory } else { facts.title }),
            advisory: one_line(facts.advisory),
            vulnerabilities: list(facts.vulnerabilities),
            subjects: list(facts.subjects),
            count: facts.count.map(interval),
            methods: facts.methods.iter().map(|m| one_line(m)).collect(),
            exploited: facts.exploited,
            fixes: facts.fixes.iter().take(5).map(|f| one_line(f)).collect(),
            link: one_line(facts.link),
            until: one_line(facts.until),
            hours: facts.hours,
        }
    }
}

/// What came from outside stays on its line: no value can begin a new paragraph, a header or a fake signature.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn list(items: &[String]) -> String {
    let shown = items.iter().take(NAMED).map(|i| one_line(i)).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} (+{more})"),
    }
}

fn interval((min, max): (i64, Option<i64>)) -> String {
    match max {
        Some(max) if max == min => min.to_string(),
        Some(max) => format!("{min}-{max}"),
        None => format!("≥{min}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn facts<'a>(reader: Reader, lists: &'a [Vec<String>; 4]) -> Facts<'a> {
        Facts {
            reader,
            reference: "K7M3-9QRT-XW2B",
            exercise: false,
            tlp: "CLEAR",
            we: "Example Cyber Agency",
            about: "Duty desk: +1 555 0100",
            contact: None,
            party_name: "Aqua SA",
            title: "Acme PLC",
            advisory: "ICSA-24-001-01",
            vulnerabilities: &lists[0],
            subjects: &lists[1],
            count: None,
            methods: &lists[2],
            exploited: true,
            fixes: &lists[3],
            link: "https://hub.example/answer/TOKEN",
            until: "2026-05-30",
            hours: 24,
        }
    }

    fn lists() -> [Vec<String>; 4] {
        let strings = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect();
        [strings(&["CVE-2024-1", "CVE-2024-2"]), strings(&["plc-1"]), strings(&["model"]), strings(&["Update to 2.1"])]
    }

    #[test]
    fn english_to_an_owner() {
        let lists = lists();
        let text = write(&facts(Reader::Owner, &lists), "en").unwrap();
        assert_snapshot!(text.subject, @"");
        assert_snapshot!(text.body, @"");
    }

    #[test]
    fn german_to_a_csirt() {
        let lists = lists();
        let exercise = Facts { exercise: true, contact: Some("Lagezentrum"), ..facts(Reader::Csirt, &lists) };
        let text = write(&exercise, "de-AT").unwrap();
        assert_snapshot!(text.subject, @"");
        assert_snapshot!(text.body, @"");
    }

    #[test]
    fn french_to_a_holder() {
        let lists = lists();
        let counted = Facts { count: Some((5, Some(9))), exploited: false, ..facts(Reader::Holder, &lists) };
        assert_snapshot!(write(&counted, "fr").unwrap().body, @"");
    }

    #[test]
    fn every_language_says_everything() {
        let lists = lists();
        for language in LANGUAGES {
            for reader in [Reader::Owner, Reader::Csirt, Reader::Holder] {
                let text = write(&facts(reader, &lists), language).unwrap();
                for part in ["TLP:CLEAR", "K7M3-9QRT-XW2B", "Acme PLC", "ICSA-24-001-01", "CVE-2024-2", "/answer/TOKEN", "2026-05-30", "Update to 2.1", "24"] {
                    assert!(text.body.contains(part), "{language} {reader:?} lacks {part}");
                }
                assert!(text.subject.contains("[REF#K7M3-9QRT-XW2B]"));
                assert!(!text.body.contains("{{") && !text.body.contains("undefined"), "{}", text.body);
            }
        }
    }

    #[test]
    fn languages() {
        for (wanted, expected) in [("de-CH", "de"), ("ES", "es"), ("pt", "en"), ("", "en"), ("fr_CA", "fr")] {
            assert_eq!(language(wanted), expected, "{wanted}");
        }
    }

    #[test]
    fn what_came_from_outside_stays_on_its_line() {
        let mut lists = lists();
        lists[1] = vec!["plc\r\n\r\n-- \r\nThe real desk: evil@x.example".to_owned(), "{{ link }}".to_owned()];
        let odd = Facts { title: "Acme\r\nBcc: x@y.example", ..facts(Reader::Owner, &lists) };
        let text = write(&odd, "en").unwrap();
        assert!(!text.subject.contains(['\r', '\n']));
        assert!(text.body.contains("Where:       plc --  The real desk: evil@x.example, {{ link }}"), "{}", text.body);
    }
}
