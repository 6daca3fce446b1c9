//! The words of an organisation's own page in each language it has; a language is whole or absent.

/// The words of one language.
#[derive(Debug)]
pub struct Tongue {
    /// ISO 639-1.
    pub code: &'static str,
    /// Its own name.
    pub name: &'static str,
    /// "Language".
    pub language: &'static str,
    /// The banner of an exercise.
    pub exercise: &'static str,
    /// The title.
    pub title: &'static str,
    /// What this page is.
    pub intro: &'static str,
    /// Above what one review says; the period follows.
    pub review: &'static str,
    /// Until when a reply is in time; the day follows.
    pub until: &'static str,
    /// The figures are frozen; a reply is late.
    pub late: &'static str,
    /// Heads of the lines: what, day, counts, why.
    pub heads: [&'static str; 4],
    /// It counts, it does not, it is not told.
    pub counts: [&'static str; 3],
    /// Above the reply.
    pub reply: &'static str,
    /// About which measure.
    pub about: &'static str,
    /// About all.
    pub all: &'static str,
    /// The button.
    pub send: &'static str,
    /// Above what was replied.
    pub replied: &'static str,
    /// Above what waits.
    pub waiting: &'static str,
    /// What a word does.
    pub waiting_says: &'static str,
    /// It was so.
    pub so: &'static str,
    /// It was not so.
    pub not_so: &'static str,
    /// A reference where it was so; what was otherwise where it was not.
    pub note: &'static str,
    /// Nothing is said of it, and nothing waits.
    pub nothing: &'static str,
    /// After something was sent.
    pub thanks: &'static str,
    /// Opening the page has no effect.
    pub nothing_changes: &'static str,
    /// The link is spent or unknown.
    pub spent: &'static str,
    /// Back to the other pages.
    pub back: &'static str,
}

/// Every language the page has.
pub static TONGUES: [&Tongue; 4] = [&ENGLISH, &GERMAN, &FRENCH, &SPANISH];

/// The language with this code, if the page has it.
pub fn tongue(code: &str) -> Option<&'static Tongue> {
    let short: String = code.chars().take(2).collect::<String>().to_ascii_lowercase();
    TONGUES.iter().copied().find(|t| t.code == short)
}

/// English, which everybody falls back on.
pub static ENGLISH: Tongue = Tongue {
    code: "en",
    name: "English",
    language: "Language",
    exercise: "Exercise. Nothing on this page is real.",
    title: "What we say of you",
    intro: "We measure our plan, and some of its figures speak of you. You see here, before they are frozen, every line that does. \
            What others did or saw is not shown. What you reply is printed beside the figure, in your own words.",
    review: "Review of",
    until: "In time until",
    late: "The figures are frozen. What you reply now is printed too, as late.",
    heads: ["What", "Day", "Counts", "Why"],
    counts: ["yes", "no", "not told"],
    reply: "Your reply",
    about: "About",
    all: "all of it",
    send: "Send the reply",
    replied: "What you replied",
    waiting: "What waits for your word",
    waiting_says: "You are said to have taken part. It counts as shown only when you say that it was so.",
    so: "It was so",
    not_so: "It was not so",
    note: "If so: your own reference, if there is one. If not: what was otherwise.",
    nothing: "No figure speaks of you, and nothing waits for your word.",
    thanks: "Thank you. It is recorded.",
    nothing_changes: "Opening this page changed nothing; only a button does.",
    spent: "This link is not valid, or no longer. Ask us for a new one.",
    back: "Back to the other pages",
};

static GERMAN: Tongue = Tongue {
    code: "de",
    name: "Deutsch",
    language: "Sprache",
    exercise: "Übung. Nichts auf dieser Seite ist echt.",
    title: "Was wir über Sie sagen",
    intro: "Wir messen unseren Plan, und einige seiner Zahlen handeln von Ihnen. Hier sehen Sie jede solche Zeile, bevor sie feststeht. \
            Was andere taten oder sahen, wird nicht gezeigt. Was Sie entgegnen, steht in Ihren Worten neben der Zahl.",
    review: "Rückschau auf",
    until: "Rechtzeitig bis",
    late: "Die Zahlen stehen fest. Was Sie jetzt entgegnen, wird ebenfalls gedruckt, als verspätet.",
    heads: ["Was", "Tag", "Zählt", "Warum"],
    counts: ["ja", "nein", "wird nicht gesagt"],
    reply: "Ihre Entgegnung",
    about: "Zu",
    all: "allem",
    send: "Entgegnung senden",
    replied: "Was Sie entgegnet haben",
    waiting: "Was auf Ihr Wort wartet",
    waiting_says: "Sie sollen beteiligt gewesen sein. Als belegt zählt es erst, wenn Sie sagen, dass es so war.",
    so: "So war es",
    not_so: "So war es nicht",
    note: "Wenn ja: Ihr eigener Beleg, falls vorhanden. Wenn nein: was anders war.",
    nothing: "Keine Zahl handelt von Ihnen, und nichts wartet auf Ihr Wort.",
    thanks: "Danke. Es ist vermerkt.",
    nothing_changes: "Das Öffnen dieser Seite hat nichts verändert; das tut nur ein Knopf.",
    spent: "Dieser Link gilt nicht oder nicht mehr. Bitten Sie uns um einen neuen.",
    back: "Zurück zu den anderen Seiten",
};

static FRENCH: Tongue = Tongue {
    code: "fr",
    name: "Français",
    language: "Langue",
    exercise: "Exercice. Rien sur cette page n’est réel.",
    title: "Ce que nous disons de vous",
    intro: "Nous mesurons notre plan, et certains de ses chiffres parlent de vous. Vous voyez ici, avant qu’ils soient arrêtés, chaque ligne \
            qui le fait. Ce que d’autres ont fait ou vu n’est pas montré. Votre réponse est imprimée à côté du chiffre, dans vos mots.",
    review: "Bilan de",
    until: "Dans les délais jusqu’au",
    late: "Les chiffres sont arrêtés. Ce que vous répondez maintenant est imprimé aussi, comme tardif.",
    heads: ["Quoi", "Jour", "Compte", "Pourquoi"],
    counts: ["oui", "non", "non communiqué"],
    reply: "Votre réponse",
    about: "Au sujet de",
    all: "l’ensemble",
    send: "Envoyer la réponse",
    replied: "Ce que vous avez répondu",
    waiting: "Ce qui attend votre parole",
    waiting_says: "Vous êtes cité parmi les participants. Cela ne compte comme établi que si vous dites que ce fut ainsi.",
    so: "Ce fut ainsi",
    not_so: "Ce ne fut pas ainsi",
    note: "Si oui : votre propre référence éventuelle. Sinon : ce qui fut différent.",
    nothing: "Aucun chiffre ne parle de vous, et rien n’attend votre parole.",
    thanks: "Merci. C’est enregistré.",
    nothing_changes: "Ouvrir cette page n’a rien changé ; seul un bouton le fait.",
    spent: "Ce lien n’est pas valable, ou ne l’est plus. Demandez-nous-en un nouveau.",
    back: "Retour aux autres pages",
};

static SPANISH: Tongue = Tongue {
    code: "es",
    name: "Español",
    language: "Idioma",
    exercise: "Ejercicio. Nada en esta página es real.",
    title: "Lo que decimos de ustedes",
    intro: "Medimos nuestro plan, y algunas de sus cifras hablan de ustedes. Aquí ven, antes de que queden fijadas, cada línea que lo hace. \
            Lo que otros hicieron o vieron no se muestra. Lo que respondan se imprime junto a la cifra, con sus propias palabras.",
    review: "Balance de",
    until: "A tiempo hasta el",
    late: "Las cifras están fijadas. Lo que respondan ahora también se imprime, como tardío.",
    heads: ["Qué", "Día", "Cuenta", "Por qué"],
    counts: ["sí", "no", "no se dice"],
    reply: "Su respuesta",
    about: "Acerca de",
    all: "todo",
    send: "Enviar la respuesta",
    replied: "Lo que respondieron",
    waiting: "Lo que espera su palabra",
    waiting_says: "Se dice que ustedes participaron. Solo cuenta como demostrado cuando digan que fue así.",
    so: "Fue así",
    not_so: "No fue así",
    note: "Si fue así: su propia referencia, si la hay. Si no: qué fue distinto.",
    nothing: "Ninguna cifra habla de ustedes, y nada espera su palabra.",
    thanks: "Gracias. Ha quedado registrado.",
    nothing_changes: "Abrir esta página no ha cambiado nada; solo lo hace un botón.",
    spent: "Este enlace no es válido o ha dejado de serlo. Pídannos uno nuevo.",
    back: "Volver a las demás páginas",
};
