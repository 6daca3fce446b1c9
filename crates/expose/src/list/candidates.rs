//! Where no inventory speaks, the advisory's own sectors and areas of deployment do: candidates at sector level, status
//! unknown. They are for whom nothing is known, not for whom nothing was found.
use super::coverage::{Constituency, constituencies};
use super::{Count, ExposureRow};
use crate::exploited::EXPLOITED;
use ledger::{Result, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// All candidates that stand. A country whose inventory or answer is held has none. What is deployed worldwide stands for each
/// partner of whom nothing is known; where there is no such partner and nobody is exposed, for any country.
pub(super) fn rows(tx: &mut Tx<'_>) -> Result<Vec<ExposureRow>> {
    let partners = constituencies(tx)?;
    let silent: Vec<&Constituency> = partners.iter().filter(|p| !p.known && !p.country.is_empty()).collect();
    let known: BTreeSet<String> = tx
        .all("SELECT DISTINCT country FROM @asset WHERE country <> '' ORDER BY country", &[], |r| r.text(0).to_owned())?
        .into_iter()
        .chain(partners.iter().filter(|p| p.known).map(|p| p.country.clone()))
        .collect();
    let exposed: BTreeSet<String> = tx
        .all("SELECT DISTINCT advisory FROM @exposure WHERE status IS NOT NULL ORDER BY advisory", &[], |r| r.text(0).to_owned())?
        .into_iter()
        .collect();
    let sql = format!(
        "SELECT c.country, c.sector, v.vuln, a.id, a.title, a.publisher, a.tlp, v.score, x.vuln, a.released, a.known \
         FROM @candidate c JOIN @advisory a ON a.adv = c.adv JOIN @advisory_vuln v ON v.adv = c.adv \
         LEFT JOIN ({EXPLOITED}) x ON x.vuln = v.vuln ORDER BY a.released DESC, a.id, a.adv, c.subject, v.n"
    );
    let mut found: BTreeMap<(String, String), ExposureRow> = BTreeMap::new();
    tx.each(&sql, &[], &mut |r| {
        let (country, sector) = (r.text(0), r.text(1));
        let places: Vec<(&str, &str)> = match country {
            "*" if partners.is_empty() && !exposed.contains(r.text(3)) => vec![("*", "")],
            "*" => silent.iter().map(|p| (p.country.as_str(), p.key.as_str())).collect(),
            one if known.contains(one) => Vec::new(),
            one => vec![(one, partners.iter().find(|p| p.country == one).map_or("", |p| p.key.as_str()))],
        };
        for (place, holder) in places {
            let subject = format!("{place}:{sector}");
            let key = (subject.clone(), r.text(2).to_owned());
            if let Some(first) = found.get_mut(&key) {
                if first.advisory != r.text(3) && !first.also.iter().any(|a| a == r.text(3)) {
                    first.also.push(r.text(3).to_owned());
                }
                continue;
            }
            let row = ExposureRow {
                level: crate::advisory::CANDIDATE_LEVEL.as_str().to_owned(),
                subject,
                asset: None,
                source: r.text(5).to_owned(),
                vulnerability: r.text(2).to_owned(),
                advisory: r.text(3).to_owned(),
                also: Vec::new(),
                status: "unknown".to_owned(),
                tier: String::new(),
                method: "candidate".to_owned(),
                holder: holder.to_owned(),
                count: Count { min: 0, max: None },
                title: r.text(4).to_owned(),
                publisher: r.text(5).to_owned(),
                tlp: r.int(6),
                owner: holder.to_owned(),
                country: if place == "*" { String::new() } else { place.to_owned() },
                functions: Vec::new(),
                exploited: r.opt_text(8).is_some(),
                severity: r.opt_int(7),
                reason: "no inventory speaks for it; the advisory names the sector and the area of deployment".to_owned(),
                rank: String::new(),
                since: r.int(10),
            };
            found.insert(key, row);
        }
        Ok(())
    })?;
    let mut rows: Vec<ExposureRow> = found.into_values().collect();
    rows.iter_mut().for_each(|row| row.also.sort());
    Ok(rows)
}
