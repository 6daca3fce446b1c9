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
    /// Labels of the facts: vulnerability, product, where, why you, by when, how we know.
    pub facts: [&'static str; 6],
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
    header.split(',').filter_map(|part| part.trim().get(..2)).find_map(|code| TONGUES.iter().copied().find(|t| t.code.eq_ignore_ascii_case(code)))
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
    facts: ["Vulnerability", "Product", "Where", "Why you", "Answer by", "How we know"],
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
    facts: ["Schwachstelle", "Produkt", "Wo", "Warum Sie", "Antwort bis", "Woher wir es wissen"],
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
    facts: ["Vulnérabilité", "Produit", "Où", "Pourquoi vous", "Réponse avant le", "Comment nous le savons"],
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
    facts: ["Vulnerabilidad", "Producto", "Dónde", "Por qué ustedes", "Responder antes del", "Cómo lo sabemos"],
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
    facts: ["Kwetsbaarheid", "Product", "Waar", "Waarom u", "Antwoord vóór", "Hoe wij dit weten"],
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
    facts: ["Podatność", "Produkt", "Gdzie", "Dlaczego Państwo", "Odpowiedź do", "Skąd to wiemy"],
    choose: "Proszę wybrać jedną z odpowiedzi.",
    need_address: "Proszę podać adres do przekazania.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_whole() {
        for t in TONGUES {
            let mut all = vec![t.name, t.language, t.exercise, t.what, t.todo, t.answer, t.reference, t.forward_to, t.comment, t.send];
            all.extend([t.nothing_changes, t.thanks, t.recorded, t.spent, t.who, t.verify, t.choose, t.need_address]);
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
