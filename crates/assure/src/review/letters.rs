//! Consulting: the figures are cut, and each partner of whom they speak is written to, with a link to its own page. The letters lie ready in the outbox in
//! the same unit of work; handing them over is `act::letter`'s.
use act::Office;
use ledger::{Ledger, Micros, Result, Tx};
use partners::Person;

use crate::period::Period;
use crate::review::desk::{self, Consulted};
use crate::yours::{self, notice};

/// Cuts the figures, shows each partner its own, and lays a letter to each ready. Gives also those who have no contact to write to.
pub fn consult(ledger: &Ledger, review: &Period, by: &Person, office: &Office) -> Result<(Consulted, Vec<String>)> {
    ledger.write_applied(|tx| {
        let consulted = desk::consult(tx, review, by, false)?;
        let mut unreached = Vec::new();
        for (org, lines) in &consulted.to {
            if !letter(tx, ledger, office, (review, consulted.freeze_from), (org, *lines))? {
                unreached.push(org.clone());
            }
        }
        Ok((consulted, unreached))
    })
}

/// Lays a letter ready; false where the organisation has no contact.
fn letter(
    tx: &mut Tx<'_>,
    ledger: &Ledger,
    office: &Office,
    (review, freeze_from): (&Period, i64),
    (org, lines): (&str, usize),
) -> Result<bool> {
    let Some(page) = yours::page(tx, org, &ledger.genesis().home, None)? else { return Ok(false) };
    let token = yours::issue(tx, org)?;
    let text = notice::write(
        &notice::Facts {
            we: &office.sender.name,
            about: &office.about,
            org: &page.name,
            period: &review.to_string(),
            lines,
            records: page.waiting.len(),
            until: &Micros::of_day(freeze_from - 1).day(),
            link: &format!("{}{token}", office.link("yours/")),
            exercise: ledger.genesis().exercise,
        },
        &page.language,
    );
    Ok(act::letter::queue(tx, ledger.hub(), &office.sender, org, &format!("review-{review}"), &text)?.is_some())
}
