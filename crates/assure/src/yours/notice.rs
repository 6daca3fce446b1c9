//! The letter that brings an organisation its link: that figures speak of it, and that records wait for its word.
use act::text::{Text, language};

/// What the letter says.
pub struct Facts<'a> {
    /// Our name.
    pub we: &'a str,
    /// How to reach us; may be empty.
    pub about: &'a str,
    /// The name of the organisation.
    pub org: &'a str,
    /// The period.
    pub period: &'a str,
    /// Lines that speak of it; 0 where only records wait.
    pub lines: usize,
    /// Records that wait for its word.
    pub records: usize,
    /// The last day on which a reply is printed beside the figure.
    pub until: &'a str,
    /// The link.
    pub link: &'a str,
    /// The store is an exercise.
    pub exercise: bool,
}

/// The words of one language.
struct Words {
    exercise: &'static str,
    subject_figures: &'static str,
    subject_records: &'static str,
    greeting: &'static str,
    figures: &'static str,
    records: &'static str,
    link: &'static str,
    genuine: &'static str,
}

/// Writes the letter in a language that its reader has, else in English.
pub fn write(facts: &Facts<'_>, wanted: &str) -> Text {
    let w = words(language(wanted));
    let fill = |text: &str| {
        text.replace("{org}", facts.org)
            .replace("{we}", facts.we)
            .replace("{period}", facts.period)
            .replace("{lines}", &facts.lines.to_string())
            .replace("{records}", &facts.records.to_string())
            .replace("{until}", facts.until)
    };
    let subject = if facts.lines > 0 { w.subject_figures } else { w.subject_records };
    let exercise = if facts.exercise { w.exercise } else { "" };
    let mut body = vec![fill(w.greeting)];
    if facts.lines > 0 {
        body.push(fill(w.figures));
    }
    if facts.records > 0 {
        body.push(fill(w.records));
    }
    body.push(format!("{}\n{}", w.link, facts.link));
    body.push([fill(w.genuine).as_str(), facts.about].join("\n").trim_end().to_owned());
    Text { subject: format!("{exercise}{}", fill(subject)), body: format!("{}\n", body.join("\n\n")) }
}

fn words(language: &str) -> &'static Words {
    match language {
        "de" => &GERMAN,
        "fr" => &FRENCH,
        "es" => &SPANISH,
        _ => &ENGLISH,
    }
}

static ENGLISH: Words = Words {
    exercise: "EXERCISE: ",
    subject_figures: "{period}: what our figures say of {org}",
    subject_records: "{org}: please confirm what we did together",
    greeting: "To {org}",
    figures: "{we} measures its plan each quarter. {lines} lines of {period} speak of you. They are shown to you before they are frozen. \
              What you reply by {until} is printed beside the figure, in your own words.",
    records: "{records} records name you as having taken part and wait for your word: that it was so, or that it was not.",
    link: "Read and reply here, without an account. The link is yours alone; opening it changes nothing.",
    genuine: "To check that this is genuine, call the number you already have for us.",
};

static GERMAN: Words = Words {
    exercise: "ÜBUNG: ",
    subject_figures: "{period}: was unsere Zahlen über {org} sagen",
    subject_records: "{org}: bitte bestätigen, was wir gemeinsam getan haben",
    greeting: "An {org}",
    figures: "{we} misst seinen Plan in jedem Quartal. {lines} Zeilen aus {period} handeln von Ihnen. Sie werden Ihnen gezeigt, bevor sie \
              feststehen. Was Sie bis zum {until} entgegnen, steht in Ihren Worten neben der Zahl.",
    records: "{records} Einträge nennen Sie als beteiligt und warten auf Ihr Wort: dass es so war oder nicht so war.",
    link: "Lesen und entgegnen Sie hier, ohne Konto. Der Link gehört nur Ihnen; ihn zu öffnen verändert nichts.",
    genuine: "Zur Prüfung der Echtheit rufen Sie uns unter der Ihnen bekannten Nummer an.",
};

static FRENCH: Words = Words {
    exercise: "EXERCICE : ",
    subject_figures: "{period} : ce que nos chiffres disent de {org}",
    subject_records: "{org} : merci de confirmer ce que nous avons fait ensemble",
    greeting: "À {org}",
    figures: "{we} mesure son plan chaque trimestre. {lines} lignes de {period} parlent de vous. Elles vous sont montrées avant d’être \
              arrêtées. Ce que vous répondez d’ici au {until} est imprimé à côté du chiffre, dans vos propres mots.",
    records: "{records} fiches vous nomment parmi les participants et attendent votre parole : que ce fut ainsi, ou non.",
    link: "Lisez et répondez ici, sans compte. Le lien n’est qu’à vous ; l’ouvrir ne change rien.",
    genuine: "Pour vérifier l’authenticité, appelez-nous au numéro que vous avez déjà.",
};

static SPANISH: Words = Words {
    exercise: "EJERCICIO: ",
    subject_figures: "{period}: lo que nuestras cifras dicen de {org}",
    subject_records: "{org}: rogamos confirmen lo que hicimos juntos",
    greeting: "A {org}",
    figures: "{we} mide su plan cada trimestre. {lines} líneas de {period} hablan de ustedes. Se les muestran antes de quedar fijadas. \
              Lo que respondan hasta el {until} se imprime junto a la cifra, con sus propias palabras.",
    records: "{records} registros los nombran entre los participantes y esperan su palabra: que fue así, o que no lo fue.",
    link: "Lean y respondan aquí, sin cuenta. El enlace es solo suyo; abrirlo no cambia nada.",
    genuine: "Para comprobar la autenticidad, llámennos al número que ya tienen.",
};
