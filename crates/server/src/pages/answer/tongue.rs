//! The words of the answer page in each language it has. A language is whole or absent; nothing is translated by machine at run time.

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
    /// Above the facts.
    pub what: &'static str,
    /// Above the steps.
    pub todo: &'static str,
    /// Above the answers.
    pub answer: &'static str,
    /// Name and meaning of each answer, in the order of `ANSWERS`.
    pub answers: [(&'static str, &'static str); 6],
    /// A ticket, a change number, a document.
    pub reference: &'static str,
    /// The address to forward to.
    pub forward_to: &'static str,
    /// A comment.
    pub comment: &'static str,
    /// The button.
    pub send: &'static str,
    /// Opening the page has no effect.
    pub nothing_changes: &'static str,
    /// After an answer.
    pub thanks: &'static str,
    /// What an answer was recorded as; followed by the answer's name.
    pub recorded: &'static str,
    /// The link is spent or unknown.
    pub spent: &'static str,
    /// Above who we are.
    pub who: &'static str,
    /// How to check who we are; followed by the reference.
    pub verify: &'static str,
    /// Labels of the facts: vulnerability, advisory, where, answer by, how we know.
    pub facts: [&'static str; 5],
    /// The headline for who runs it, after the vulnerability.
    pub headline_owner: &'static str,
    /// The headline for a CSIRT or the holder of a count, after the vulnerability.
    pub headline_other: &'static str,
    /// Attackers use it.
    pub exploited: &'static str,
    /// What we ask for.
    pub please: &'static str,
    /// How we know: an inventory, the vendor's statement, a signed answer, a guess by sector.
    pub known: [&'static str; 4],
    /// A final answer was given.
    pub closed: &'static str,
    /// What we do, after our name.
    pub about_us: &'static str,
    /// An answer is missing.
    pub choose: &'static str,
    /// The address to forward to is missing.
    pub need_address: &'static str,
}

/// The language with this code, else English.
pub fn tongue(code: &str) -> &'static Tongue {
    let short: String = code.chars().take(2).collect::<String>().to_ascii_lowercase();
    TONGUES.iter().copied().find(|t| t.code == short).unwrap_or(&ENGLISH)
}

/// The first language of `Accept-Language` (RFC 9110, 12.5.4) that the page has; order is taken as preference.
pub fn accepted(header: &str) -> Option<&'static Tongue> {
    header
        .split(',')
        .filter_map(|part| part.trim().get(..2))
        .find_map(|code| TONGUES.iter().copied().find(|t| t.code.eq_ignore_ascii_case(code)))
}

/// Every language the page has.
pub static TONGUES: [&Tongue; 6] = [&ENGLISH, &GERMAN, &FRENCH, &SPANISH, &DUTCH, &POLISH];

static ENGLISH: Tongue = Tongue {
    code: "en",
    name: "English",
    language: "Language",
    exercise: "Exercise. Nothing on this page is real.",
    what: "What it is about",
    todo: "What to do",
    answer: "Your answer",
    answers: [
        ("We have seen it", "We received this and are looking into it."),
        ("It is fixed", "The fix is installed or the weakness can no longer be used."),
        ("Not ours", "This system does not belong to us."),
        ("Not affected", "We have this system, but it is not affected."),
        ("We need help", "Please contact us; we cannot solve this alone."),
        ("Forward", "Somebody else is responsible. Give the address below."),
    ],
    reference: "Reference, if there is one: ticket, change number, document",
    forward_to: "Address to forward to, if you chose that",
    comment: "Anything we should know",
    send: "Send the answer",
    nothing_changes: "Opening this page changed nothing. Only this button sends an answer, and you may send another one later.",
    thanks: "Thank you.",
    recorded: "Your answer was recorded:",
    spent: "This link is not valid, or no longer.",
    who: "Who is asking",
    verify: "To check that this is genuine, call the number you already have for us and quote",
    facts: ["Vulnerability", "Advisory", "Where", "Answer by", "How we know"],
    headline_owner: "a weakness in systems that you run",
    headline_other: "a weakness in systems within your remit",
    exploited: "Attackers are known to use this weakness.",
    please: "Please check whether you are affected, act, and tell us below what is so.",
    known: [
        "An inventory of yours, compared with the vendor's advisory",
        "The vendor's own statement on this product",
        "A signed answer that was matched at home, without rows",
        "Not known: the advisory names your sector and country",
    ],
    closed: "An answer that ends the matter has been given; this link takes no further one.",
    about_us: "warns operators of systems that other nations depend on, and does not share your answer beyond its marking.",
    choose: "Choose one of the answers.",
    need_address: "Give the address to forward to.",
};

static GERMAN: Tongue = Tongue {
    code: "de",
    name: "Deutsch",
    language: "Sprache",
    exercise: "Übung. Nichts auf dieser Seite ist echt.",
    what: "Worum es geht",
    todo: "Was zu tun ist",
    answer: "Ihre Antwort",
    answers: [
        ("Zur Kenntnis genommen", "Wir haben dies erhalten und prüfen es."),
        ("Behoben", "Die Korrektur ist eingespielt, oder die Schwachstelle ist nicht mehr nutzbar."),
        ("Nicht unseres", "Dieses System gehört uns nicht."),
        ("Nicht betroffen", "Wir haben dieses System, aber es ist nicht betroffen."),
        ("Wir brauchen Hilfe", "Bitte melden Sie sich; allein können wir das nicht lösen."),
        ("Weiterleiten", "Jemand anderes ist zuständig. Bitte unten die Adresse angeben."),
    ],
    reference: "Beleg, falls vorhanden: Vorgang, Änderungsnummer, Dokument",
    forward_to: "Adresse zum Weiterleiten, falls gewählt",
    comment: "Was wir wissen sollten",
    send: "Antwort senden",
    nothing_changes: "Das Öffnen dieser Seite hat nichts verändert. Nur dieser Knopf sendet eine Antwort; Sie können später eine weitere senden.",
    thanks: "Danke.",
    recorded: "Ihre Antwort ist vermerkt:",
    spent: "Dieser Link gilt nicht oder nicht mehr.",
    who: "Wer fragt",
    verify: "Zur Prüfung der Echtheit rufen Sie uns unter der Ihnen bekannten Nummer an und nennen",
    facts: ["Schwachstelle", "Hinweis", "Wo", "Antwort bis", "Woher wir es wissen"],
    headline_owner: "eine Schwachstelle in Systemen, die Sie betreiben",
    headline_other: "eine Schwachstelle in Systemen Ihres Zuständigkeitsbereichs",
    exploited: "Diese Schwachstelle wird nachweislich angegriffen.",
    please: "Bitte prüfen Sie, ob Sie betroffen sind, handeln Sie und sagen Sie uns unten, was zutrifft.",
    known: [
        "Ein Bestandsverzeichnis von Ihnen, verglichen mit dem Hinweis des Herstellers",
        "Die eigene Aussage des Herstellers zu diesem Produkt",
        "Eine signierte Antwort, vor Ort abgeglichen, ohne Zeilen",
        "Nicht bekannt: Der Hinweis nennt Ihre Branche und Ihr Land",
    ],
    closed: "Eine abschließende Antwort liegt vor; dieser Link nimmt keine weitere an.",
    about_us: "warnt Betreiber von Systemen, von denen andere Staaten abhängen, und gibt Ihre Antwort nicht über ihre Kennzeichnung hinaus weiter.",
    choose: "Bitte wählen Sie eine Antwort.",
    need_address: "Bitte geben Sie die Adresse zum Weiterleiten an.",
};

static FRENCH: Tongue = Tongue {
    code: "fr",
    name: "Français",
    language: "Langue",
    exercise: "Exercice. Rien sur cette page n’est réel.",
    what: "De quoi il s’agit",
    todo: "Que faire",
    answer: "Votre réponse",
    answers: [
        ("Bien reçu", "Nous l’avons reçu et l’examinons."),
        ("Corrigé", "Le correctif est installé ou la faille n’est plus exploitable."),
        ("Pas à nous", "Ce système ne nous appartient pas."),
        ("Pas concerné", "Nous avons ce système, mais il n’est pas touché."),
        ("Nous avons besoin d’aide", "Contactez-nous ; nous ne pouvons pas le résoudre seuls."),
        ("Transmettre", "Quelqu’un d’autre en est responsable. Indiquez l’adresse ci-dessous."),
    ],
    reference: "Référence éventuelle : ticket, numéro de changement, document",
    forward_to: "Adresse à laquelle transmettre, le cas échéant",
    comment: "Ce que nous devrions savoir",
    send: "Envoyer la réponse",
    nothing_changes: "Ouvrir cette page n’a rien changé. Seul ce bouton envoie une réponse ; vous pourrez en envoyer une autre plus tard.",
    thanks: "Merci.",
    recorded: "Votre réponse est enregistrée :",
    spent: "Ce lien n’est pas valable, ou ne l’est plus.",
    who: "Qui demande",
    verify: "Pour vérifier l’authenticité, appelez-nous au numéro que vous avez déjà et citez",
    facts: ["Vulnérabilité", "Avis", "Où", "Réponse avant le", "Comment nous le savons"],
    headline_owner: "une faille dans des systèmes que vous exploitez",
    headline_other: "une faille dans des systèmes de votre ressort",
    exploited: "Cette faille est exploitée par des attaquants.",
    please: "Vérifiez si vous êtes concernés, agissez et dites-nous ci-dessous ce qu’il en est.",
    known: [
        "Un inventaire de votre part, comparé à l’avis du fabricant",
        "La déclaration du fabricant sur ce produit",
        "Une réponse signée, rapprochée sur place, sans lignes",
        "Non connu : l’avis nomme votre secteur et votre pays",
    ],
    closed: "Une réponse définitive a été donnée ; ce lien n’en accepte plus d’autre.",
    about_us: "avertit les exploitants de systèmes dont dépendent d’autres nations et ne partage votre réponse que dans la limite de son marquage.",
    choose: "Choisissez une des réponses.",
    need_address: "Indiquez l’adresse à laquelle transmettre.",
};

static SPANISH: Tongue = Tongue {
    code: "es",
    name: "Español",
    language: "Idioma",
    exercise: "Ejercicio. Nada en esta página es real.",
    what: "De qué se trata",
    todo: "Qué hacer",
    answer: "Su respuesta",
    answers: [
        ("Recibido", "Lo hemos recibido y lo estamos examinando."),
        ("Corregido", "La corrección está instalada o el fallo ya no puede aprovecharse."),
        ("No es nuestro", "Este sistema no nos pertenece."),
        ("No afectado", "Tenemos este sistema, pero no está afectado."),
        ("Necesitamos ayuda", "Pónganse en contacto; no podemos resolverlo solos."),
        ("Reenviar", "El responsable es otra persona. Indique abajo la dirección."),
    ],
    reference: "Referencia, si la hay: incidencia, número de cambio, documento",
    forward_to: "Dirección a la que reenviar, si lo eligió",
    comment: "Algo que debamos saber",
    send: "Enviar la respuesta",
    nothing_changes: "Abrir esta página no ha cambiado nada. Solo este botón envía una respuesta; más tarde puede enviar otra.",
    thanks: "Gracias.",
    recorded: "Su respuesta ha quedado registrada:",
    spent: "Este enlace no es válido o ha dejado de serlo.",
    who: "Quién pregunta",
    verify: "Para comprobar la autenticidad, llame al número nuestro que ya tiene e indique",
    facts: ["Vulnerabilidad", "Aviso", "Dónde", "Responder antes del", "Cómo lo sabemos"],
    headline_owner: "un fallo en sistemas que ustedes operan",
    headline_other: "un fallo en sistemas de su ámbito",
    exploited: "Se sabe que hay atacantes que aprovechan este fallo.",
    please: "Comprueben si están afectados, actúen y dígannos abajo lo que proceda.",
    known: [
        "Un inventario suyo, comparado con el aviso del fabricante",
        "La declaración del fabricante sobre este producto",
        "Una respuesta firmada, cotejada en origen, sin filas",
        "No se sabe: el aviso nombra su sector y su país",
    ],
    closed: "Ya se dio una respuesta definitiva; este enlace no admite otra.",
    about_us: "advierte a los operadores de sistemas de los que dependen otras naciones y no comparte su respuesta más allá de su marca.",
    choose: "Elija una de las respuestas.",
    need_address: "Indique la dirección a la que reenviar.",
};

static DUTCH: Tongue = Tongue {
    code: "nl",
    name: "Nederlands",
    language: "Taal",
    exercise: "Oefening. Niets op deze pagina is echt.",
    what: "Waar het over gaat",
    todo: "Wat te doen",
    answer: "Uw antwoord",
    answers: [
        ("Gezien", "Wij hebben dit ontvangen en onderzoeken het."),
        ("Verholpen", "De oplossing is geïnstalleerd of de zwakke plek is niet meer te gebruiken."),
        ("Niet van ons", "Dit systeem is niet van ons."),
        ("Niet getroffen", "Wij hebben dit systeem, maar het is niet getroffen."),
        ("Wij hebben hulp nodig", "Neem contact op; wij kunnen dit niet alleen oplossen."),
        ("Doorsturen", "Iemand anders is verantwoordelijk. Geef hieronder het adres."),
    ],
    reference: "Verwijzing, als die er is: melding, wijzigingsnummer, document",
    forward_to: "Adres om naar door te sturen, als u dat koos",
    comment: "Wat wij moeten weten",
    send: "Antwoord versturen",
    nothing_changes: "Het openen van deze pagina heeft niets veranderd. Alleen deze knop verstuurt een antwoord; later kunt u een nieuw antwoord geven.",
    thanks: "Dank u.",
    recorded: "Uw antwoord is vastgelegd:",
    spent: "Deze link is niet geldig, of niet meer.",
    who: "Wie vraagt dit",
    verify: "Om de echtheid na te gaan belt u ons op het nummer dat u al hebt en noemt u",
    facts: ["Kwetsbaarheid", "Advies", "Waar", "Antwoord vóór", "Hoe wij dit weten"],
    headline_owner: "een zwakke plek in systemen die u beheert",
    headline_other: "een zwakke plek in systemen binnen uw werkgebied",
    exploited: "Deze zwakke plek wordt aantoonbaar misbruikt.",
    please: "Ga na of u getroffen bent, handel, en laat ons hieronder weten wat het geval is.",
    known: [
        "Een inventaris van u, vergeleken met het advies van de leverancier",
        "De eigen verklaring van de leverancier over dit product",
        "Een ondertekend antwoord, ter plaatse vergeleken, zonder rijen",
        "Niet bekend: het advies noemt uw sector en land",
    ],
    closed: "Er is een afsluitend antwoord gegeven; deze link neemt geen ander meer aan.",
    about_us: "waarschuwt beheerders van systemen waarvan andere landen afhangen en deelt uw antwoord niet verder dan de markering toestaat.",
    choose: "Kies een van de antwoorden.",
    need_address: "Geef het adres om naar door te sturen.",
};

static POLISH: Tongue = Tongue {
    code: "pl",
    name: "Polski",
    language: "Język",
    exercise: "Ćwiczenie. Nic na tej stronie nie jest prawdziwe.",
    what: "Czego to dotyczy",
    todo: "Co zrobić",
    answer: "Państwa odpowiedź",
    answers: [
        ("Przyjęto do wiadomości", "Otrzymaliśmy to i sprawdzamy."),
        ("Naprawione", "Poprawka jest zainstalowana lub podatności nie można już wykorzystać."),
        ("Nie nasze", "Ten system do nas nie należy."),
        ("Nie dotyczy", "Mamy ten system, ale nie jest podatny."),
        ("Potrzebujemy pomocy", "Prosimy o kontakt; sami tego nie rozwiążemy."),
        ("Przekazać dalej", "Odpowiada za to ktoś inny. Proszę podać adres poniżej."),
    ],
    reference: "Odniesienie, jeśli jest: zgłoszenie, numer zmiany, dokument",
    forward_to: "Adres do przekazania, jeśli to wybrano",
    comment: "Co powinniśmy wiedzieć",
    send: "Wyślij odpowiedź",
    nothing_changes: "Otwarcie tej strony niczego nie zmieniło. Odpowiedź wysyła tylko ten przycisk; później można wysłać kolejną.",
    thanks: "Dziękujemy.",
    recorded: "Odpowiedź została zapisana:",
    spent: "Ten odnośnik jest nieważny lub stracił ważność.",
    who: "Kto pyta",
    verify: "Aby sprawdzić autentyczność, proszę zadzwonić pod znany już numer i podać",
    facts: ["Podatność", "Biuletyn", "Gdzie", "Odpowiedź do", "Skąd to wiemy"],
    headline_owner: "podatność w systemach, które Państwo prowadzą",
    headline_other: "podatność w systemach w Państwa obszarze",
    exploited: "Wiadomo, że ta podatność jest wykorzystywana.",
    please: "Proszę sprawdzić, czy Państwa to dotyczy, podjąć działania i poniżej odpowiedzieć.",
    known: [
        "Państwa wykaz zasobów, porównany z biuletynem producenta",
        "Własne oświadczenie producenta o tym produkcie",
        "Podpisana odpowiedź, porównana na miejscu, bez wierszy",
        "Nie wiadomo: biuletyn wymienia Państwa sektor i kraj",
    ],
    closed: "Udzielono już ostatecznej odpowiedzi; ten odnośnik nie przyjmie kolejnej.",
    about_us: "ostrzega operatorów systemów, od których zależą inne państwa, i nie przekazuje odpowiedzi poza jej oznaczenie.",
    choose: "Proszę wybrać jedną z odpowiedzi.",
    need_address: "Proszę podać adres do przekazania.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_whole() {
        for t in TONGUES {
            let mut all = vec![
                t.name,
                t.language,
                t.exercise,
                t.what,
                t.todo,
                t.answer,
                t.reference,
                t.forward_to,
                t.comment,
                t.send,
            ];
            all.extend([
                t.nothing_changes,
                t.thanks,
                t.recorded,
                t.spent,
                t.who,
                t.verify,
                t.choose,
                t.need_address,
                t.headline_owner,
                t.headline_other,
            ]);
            all.extend([t.exploited, t.please, t.closed, t.about_us]);
            all.extend(t.known);
            all.extend(t.answers.iter().flat_map(|(a, b)| [*a, *b]));
            all.extend(t.facts);
            assert!(all.iter().all(|s| s.trim().len() > 1), "{}: a text is missing", t.code);
        }
    }

    #[test]
    fn a_language_is_found_or_is_english() {
        for (code, expected) in [("de", "de"), ("de-AT", "de"), ("PL", "pl"), ("xx", "en"), ("", "en"), ("é", "en")] {
            assert_eq!(tongue(code).code, expected);
        }
        assert_eq!(accepted("xx, fr-CA;q=0.8, en").map(|t| t.code), Some("fr"));
        assert_eq!(accepted("é,ü").map(|t| t.code), None);
    }
}
