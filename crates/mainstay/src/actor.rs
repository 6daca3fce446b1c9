//! Who types: a named person with a password, or whoever has the shell.
use crate::args::Global;
use crate::failure::Failure;
use ledger::Ledger;
use partners::may::Verb;
use partners::{Authenticator, Person};
use std::io::Read;

/// Longest password read from standard input.
const PASSWORD_BYTES: u64 = 4096;

/// The person who acts. `--as NAME` asks for the password, in `MAINSTAY_PASSWORD` or on standard input; without it the act
/// is that of `local-operator`, who is never the second person.
pub(crate) fn actor(global: &Global, ledger: &Ledger) -> Result<Person, Failure> {
    let home = &ledger.genesis().home;
    let Some(name) = &global.actor else { return Ok(Person::local_operator(home)) };
    let password = match std::env::var("MAINSTAY_PASSWORD") {
        Ok(password) => password,
        Err(_) => password_from_stdin()?,
    };
    let authenticator = Authenticator::new(&*ledger.env().entropy);
    let found = ledger.read(|tx| authenticator.authenticate(tx, name, &password, home))?;
    found.ok_or_else(|| Failure::Denied(format!("{name} and this password do not go together")))
}

/// The person who acts, if their role lets them do `verb`.
pub(crate) fn must(global: &Global, ledger: &Ledger, verb: Verb) -> Result<Person, Failure> {
    let person = actor(global, ledger)?;
    let verdict = person.may(verb);
    match verdict.allowed {
        true => Ok(person),
        false => Err(Failure::Denied(verdict.because)),
    }
}

/// The person who acts, if they are of the operator's own: lists on the command line hold everything, for whoever has the store. A
/// partner reads on the pages and by TAXII, where each line passes the release decision.
pub(crate) fn own(global: &Global, ledger: &Ledger) -> Result<Person, Failure> {
    let person = must(global, ledger, Verb::Read)?;
    match person.sees_all() {
        true => Ok(person),
        false => Err(Failure::Denied(format!(
            "{} belongs to {}; only the operator's own may read lists here [role]; sign in to the pages, or read by TAXII",
            person.name, person.org
        ))),
    }
}

/// The first line of standard input.
pub(crate) fn password_from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().take(PASSWORD_BYTES).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
