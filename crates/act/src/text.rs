//! What a warning says, in English, German, French and Spanish: who we are, what it is, how it is known, what to do, where to
//! answer. Plain text. It is made from the facts that its reader may know and from nothing else: functions at stake, other
//! owners and our ranking never enter [`Facts`], so no wording can depend on them.
use minijinja::{Environment, UndefinedBehavior};

/// Languages that have a text; others read English.
pub const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];
/// So many subjects or vulnerabilities are named; the answer page lists all.
const NAMED: usize = 12;

/// Whom the text addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Its own equipment.
    Owner,
    /// The CSIRT of the owner's country.
    Csirt,
    /// The body that told of a count.
    Holder,
}

impl Reader {
    fn as_str(self) -> &'static str {
        match self {
            Reader::Owner => "owner",
            Reader::Csirt => "csirt",
            Reader::Holder => "holder",
        }
    }
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
    let failed = |e: minijinja::Error| format!("the text {language} cannot be written: {e}");
    let body = environment.render_str(source(language), view(facts)).map_err(failed)?;
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
fn view(facts: &Facts<'_>) -> minijinja::Value {
    minijinja::context! {
        role => facts.reader.as_str(),
        reference => one_line(facts.reference),
        exercise => facts.exercise,
        tlp => one_line(facts.tlp),
        we => one_line(facts.we),
        about => one_line(facts.about),
        contact => facts.contact.map(one_line),
        party_name => one_line(facts.party_name),
        title => one_line(if facts.title.is_empty() { facts.advisory } else { facts.title }),
        advisory => one_line(facts.advisory),
        vulnerabilities => list(facts.vulnerabilities),
        subjects => list(facts.subjects),
        count => facts.count.map(interval),
        methods => facts.methods.iter().map(|m| one_line(m)).collect::<Vec<_>>(),
        exploited => facts.exploited,
        fixes => facts.fixes.iter().take(5).map(|f| one_line(f)).collect::<Vec<_>>(),
        link => one_line(facts.link),
        until => one_line(facts.until),
        hours => facts.hours,
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
        assert_snapshot!(text.subject, @"[REF#K7M3-9QRT-XW2B] Action requested: Acme PLC [TLP:CLEAR]");
        assert_snapshot!(text.body, @"
        TLP:CLEAR

        Dear colleagues,

        Example Cyber Agency asks you to act on a weakness in equipment that is listed as yours.

        What:        Acme PLC
        Advisory:    ICSA-24-001-01
        Weaknesses:  CVE-2024-1, CVE-2024-2
        Exploited:   yes, attackers are known to use it
        Where:       plc-1
        How we know: maker, model and version

        What to do
        1. Check whether this is so.
        2. Follow the maker's advisory named above.
           - Update to 2.1
        3. Tell us what you found. No account is needed; opening the page changes nothing:

           https://hub.example/answer/TOKEN

           The link is yours alone and is good for one final answer until 2026-05-30.
           We ask for a first word within 24 hours.

        Who we are
        Example Cyber Agency
        Duty desk: +1 555 0100
        This message has the reference K7M3-9QRT-XW2B. It has no attachment and asks for no
        password. If you doubt it, ask us by a way you already know and name the reference.

        TLP:CLEAR
        ");
    }

    #[test]
    fn german_to_a_csirt() {
        let lists = lists();
        let exercise = Facts { exercise: true, contact: Some("Lagezentrum"), ..facts(Reader::Csirt, &lists) };
        let text = write(&exercise, "de-AT").unwrap();
        assert_snapshot!(text.subject, @"ÜBUNG: [REF#K7M3-9QRT-XW2B] Bitte um Maßnahmen: Acme PLC [TLP:CLEAR]");
        assert_snapshot!(text.body, @"
        TLP:CLEAR
        ÜBUNG - ÜBUNG - ÜBUNG: dies ist kein Ernstfall

        Guten Tag Lagezentrum,

        Example Cyber Agency bittet Sie, Aqua SA zu warnen: dort laufen in Ihrem Land Geräte mit einer bekannten Schwachstelle.

        Worum es geht:  Acme PLC
        Warnmeldung:    ICSA-24-001-01
        Schwachstellen: CVE-2024-1, CVE-2024-2
        Ausgenutzt:     ja, Angriffe sind bekannt
        Wo:             plc-1
        Woher bekannt:  Hersteller, Modell und Version

        Was zu tun ist
        1. Prüfen Sie mit Aqua SA, ob es zutrifft.
        2. Folgen Sie der oben genannten Warnmeldung des Herstellers.
           - Update to 2.1
        3. Teilen Sie uns das Ergebnis mit. Sie brauchen kein Konto; das Öffnen der Seite ändert nichts:

           https://hub.example/answer/TOKEN

           Der Link gilt nur für Sie und für eine abschließende Antwort bis 2026-05-30.
           Wir bitten um eine erste Rückmeldung innerhalb von 24 Stunden.

        Wer wir sind
        Example Cyber Agency
        Duty desk: +1 555 0100
        Diese Nachricht hat das Zeichen K7M3-9QRT-XW2B. Sie hat keinen Anhang und verlangt kein
        Passwort. Im Zweifel fragen Sie uns auf einem Ihnen bekannten Weg und nennen das Zeichen.

        TLP:CLEAR
        ");
    }

    #[test]
    fn french_to_a_holder() {
        let lists = lists();
        let counted = Facts { count: Some((5, Some(9))), exploited: false, ..facts(Reader::Holder, &lists) };
        assert_snapshot!(write(&counted, "fr").unwrap().body, @"
        TLP:CLEAR

        Bonjour,

        Example Cyber Agency vous demande d'agir sur une faille que votre propre recherche a trouvée dans votre périmètre.

        Objet :       Acme PLC
        Avis :        ICSA-24-001-01
        Failles :     CVE-2024-1, CVE-2024-2
        Combien :     5-9
        Origine :     fabricant, modèle et version

        Que faire
        1. Vérifiez si c'est bien le cas.
        2. Suivez l'avis du fabricant indiqué ci-dessus.
           - Update to 2.1
        3. Dites-nous ce qu'il en est. Aucun compte n'est nécessaire ; ouvrir la page ne change rien :

           https://hub.example/answer/TOKEN

           Ce lien est pour vous seul et vaut pour une réponse définitive jusqu'au 2026-05-30.
           Nous vous prions de donner un premier retour sous 24 heures.

        Qui nous sommes
        Example Cyber Agency
        Duty desk: +1 555 0100
        Ce message porte la référence K7M3-9QRT-XW2B. Il n'a pas de pièce jointe et ne demande aucun
        mot de passe. En cas de doute, contactez-nous par une voie que vous connaissez et citez-la.

        TLP:CLEAR
        ");
    }

    #[test]
    fn every_language_says_everything() {
        let lists = lists();
        for language in LANGUAGES {
            for reader in [Reader::Owner, Reader::Csirt, Reader::Holder] {
                let text = write(&facts(reader, &lists), language).unwrap();
                for part in [
                    "TLP:CLEAR",
                    "K7M3-9QRT-XW2B",
                    "Acme PLC",
                    "ICSA-24-001-01",
                    "CVE-2024-2",
                    "/answer/TOKEN",
                    "2026-05-30",
                    "Update to 2.1",
                    "24",
                ] {
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
