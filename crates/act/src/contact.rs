//! Contacts are claims: somebody said that this address reaches that organisation. A claim has a source, an age, an expiry;
//! a bounce demotes it. The best claim is asked first; none is ever deleted here.
use jiff::civil::Date;
use partners::register::is_key;
use partners::table::{self, Fault, Read, Row};
use std::collections::BTreeMap;

/// Columns of the contacts table in the order in which they are documented.
pub const COLUMNS: [&str; 10] =
    ["org", "name", "email", "role", "country", "sector", "language", "pgp", "source", "verified"];
/// A verification counts as fresh for so many days.
pub const FRESH_DAYS: i32 = 365;
/// And expires after so many.
pub const EXPIRY_DAYS: i32 = 730;

/// One claim. An organisation, an address and a source make it unique: the same address from two sources is two claims.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Contact {
    /// Key of the organisation that it reaches.
    pub org: String,
    /// Person or desk.
    pub name: Option<String>,
    /// Where to write.
    pub email: String,
    /// `security`, `csirt`, `duty`, `out-of-band`…
    pub role: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The part of the organisation that it is for.
    pub sector: Option<String>,
    /// The language it reads (BCP 47).
    pub language: Option<String>,
    /// OpenPGP fingerprint.
    pub pgp: Option<String>,
    /// Who says so.
    pub source: String,
    /// When somebody last made sure.
    pub verified: Option<Date>,
    /// Bounces since it was last verified.
    pub bounces: u32,
}

/// How good a claim is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Verified within a year.
    Fresh,
    /// Verified within two years.
    Ageing,
    /// Claimed, never verified.
    Unverified,
    /// The last verification is older than two years.
    Expired,
    /// Mail came back since it was last verified.
    Bounced,
}

impl Standing {
    /// Whether mail is sent there. A bounced address waits for a person.
    pub fn usable(self) -> bool {
        self != Standing::Bounced
    }

    /// Confidence in per cent, a convention: it orders and it is shown, nothing multiplies it.
    pub fn confidence(self) -> u8 {
        match self {
            Standing::Fresh => 90,
            Standing::Ageing => 70,
            Standing::Unverified => 50,
            Standing::Expired => 30,
            Standing::Bounced => 10,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Fresh => "verified within a year",
            Standing::Ageing => "verified more than a year ago",
            Standing::Unverified => "never verified",
            Standing::Expired => "verified more than two years ago",
            Standing::Bounced => "mail came back",
        }
    }
}

impl Contact {
    /// How good the claim is on a day.
    pub fn standing(&self, on: Date) -> Standing {
        if self.bounces > 0 {
            return Standing::Bounced;
        }
        match self.verified.map(|day| (on - day).get_days()) {
            None => Standing::Unverified,
            Some(days) if days <= FRESH_DAYS => Standing::Fresh,
            Some(days) if days <= EXPIRY_DAYS => Standing::Ageing,
            Some(_) => Standing::Expired,
        }
    }

    /// The domain of the address, lower case.
    pub fn domain(&self) -> String {
        self.email.rsplit_once('@').map(|(_, d)| d.to_ascii_lowercase()).unwrap_or_default()
    }

    fn is_out_of_band(&self) -> bool {
        self.role.as_deref() == Some("out-of-band")
    }
}

/// The best usable claim among those of one organisation: by standing, a security desk before others, then by address.
pub fn best<'a>(claims: impl IntoIterator<Item = &'a Contact>, on: Date) -> Option<&'a Contact> {
    let desk = |c: &Contact| !matches!(c.role.as_deref(), Some("security" | "csirt" | "duty" | "psirt"));
    claims.into_iter().filter(|c| c.standing(on).usable()).min_by(|a, b| {
        (a.standing(on), desk(a), &a.email, &a.source).cmp(&(b.standing(on), desk(b), &b.email, &b.source))
    })
}

/// The claims through which a *compromised* organisation may be warned: none within its own mail domains, whose mail its
/// intruder may read. Its domains are those of all its claims that are not marked `out-of-band`.
pub fn outside_own_domains<'a>(claims: &[&'a Contact]) -> Vec<&'a Contact> {
    let own: Vec<String> = claims.iter().filter(|c| !c.is_out_of_band()).map(|c| c.domain()).collect();
    let within = |domain: &str, own: &str| domain == own || domain.strip_suffix(own).is_some_and(|d| d.ends_with('.'));
    let fine = |c: &&&Contact| {
        let domain = c.domain();
        c.is_out_of_band() && !own.iter().any(|o| within(&domain, o) || within(o, &domain))
    };
    claims.iter().filter(fine).copied().collect()
}

/// Reads the contacts table. The same claim twice is refused at its second line.
pub fn read(bytes: &[u8]) -> Read<Contact> {
    let mut seen: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    table::read(bytes, &COLUMNS, &["org", "email"], |row| {
        let contact = contact(row)?;
        let key = (contact.org.clone(), contact.email.to_ascii_lowercase(), contact.source.clone());
        match seen.insert(key, row.line) {
            Some(first) => {
                let reason = format!("{} for {} stands already on line {first}", contact.email, contact.org);
                Err(Fault::new(row.line, "doubled-key", reason))
            }
            None => Ok(contact),
        }
    })
}

fn contact(row: &Row<'_>) -> Result<Contact, Fault> {
    let org = row.need("org")?;
    if !is_key(org) {
        let reason = format!("org {org:?} is no key: up to 64 letters, digits, dots, dashes and underscores");
        return Err(Fault::new(row.line, "org-key", reason));
    }
    let email = row.need("email")?;
    if email.parse::<lettre::Address>().is_err() {
        return Err(Fault::new(row.line, "email", format!("email {email:?} is no address")));
    }
    let text = |column: &str| row.opt(column).map(str::to_owned);
    Ok(Contact {
        org: org.to_owned(),
        name: text("name"),
        email: email.to_owned(),
        role: text("role").map(|r| r.to_ascii_lowercase()),
        country: row.country("country")?,
        sector: text("sector"),
        language: text("language").map(|l| l.to_ascii_lowercase()),
        pgp: text("pgp"),
        source: text("source").unwrap_or_else(|| "local".to_owned()),
        verified: row.date("verified")?,
        bounces: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn claim(email: &str, role: &str, verified: &str, bounces: u32) -> Contact {
        let verified = (!verified.is_empty()).then(|| day(verified));
        let role = (!role.is_empty()).then(|| role.to_owned());
        Contact {
            org: "w".into(),
            email: email.into(),
            role,
            verified,
            bounces,
            source: "s".into(),
            ..Contact::default()
        }
    }

    #[test]
    fn standing() {
        #[track_caller]
        fn check(verified: &str, bounces: u32, expected: Standing) {
            assert_eq!(claim("a@b.example", "", verified, bounces).standing(day("2026-03-01")), expected);
        }
        check("", 0, Standing::Unverified);
        check("2026-03-01", 0, Standing::Fresh);
        check("2025-03-01", 0, Standing::Fresh);
        check("2025-02-28", 0, Standing::Ageing);
        check("2024-03-01", 0, Standing::Ageing);
        check("2024-02-29", 0, Standing::Expired);
        check("2026-02-01", 1, Standing::Bounced);
    }

    #[test]
    fn the_best_claim_is_asked_first() {
        #[track_caller]
        fn check(claims: &[Contact], expected: Option<&str>) {
            assert_eq!(best(claims, day("2026-03-01")).map(|c| c.email.as_str()), expected);
        }
        let fresh = claim("fresh@w.example", "", "2026-01-01", 0);
        let old = claim("old@w.example", "", "2020-01-01", 0);
        let never = claim("never@w.example", "", "", 0);
        let dead = claim("dead@w.example", "", "2026-01-01", 2);
        let desk = claim("soc@w.example", "security", "2026-01-01", 0);
        check(&[], None);
        check(std::slice::from_ref(&dead), None);
        check(&[dead.clone(), old.clone()], Some("old@w.example"));
        check(&[dead.clone(), old.clone(), never.clone()], Some("never@w.example"));
        check(&[dead.clone(), old.clone(), fresh.clone(), never], Some("fresh@w.example"));
        check(&[dead, old, fresh, desk], Some("soc@w.example"));
    }

    #[test]
    fn a_compromised_victim_is_not_warned_through_its_own_mail() {
        #[track_caller]
        fn check(claims: &[Contact], expected: &[&str]) {
            let claims: Vec<_> = claims.iter().collect();
            let got: Vec<_> = outside_own_domains(&claims).iter().map(|c| c.email.as_str()).collect();
            assert_eq!(got, expected);
        }
        let own = claim("soc@w.example", "security", "", 0);
        check(std::slice::from_ref(&own), &[]);
        check(&[own.clone(), claim("x@other.example", "duty", "", 0)], &[]);
        check(&[own.clone(), claim("cto@post.example", "out-of-band", "", 0)], &["cto@post.example"]);
        check(&[own.clone(), claim("cto@W.example", "out-of-band", "", 0)], &[]);
        check(&[own.clone(), claim("cto@mail.w.example", "out-of-band", "", 0)], &[]);
        check(&[own, claim("cto@neww.example", "out-of-band", "", 0)], &["cto@neww.example"]);
    }

    #[test]
    fn table() {
        let read = read(
            b"org,name,email,role,country,sector,language,pgp,source,verified\n\
            aqua,Duty desk,soc@aqua.example,Security,pt,water,PT,,cert-pt,2026-01-31\n\
            aqua,,soc@aqua.example,,,,,,cert-pt,\n\
            aqua,,soc@aqua.example,,,,,,aqua,\n\
            aqua,,not an address,,,,,,,\n\
            aqua,\"a\nBcc: x@y.example\",b@c.example,,,,,,,\n\
            aqua,,b@c.example,,,,,,,31.1.2026\n",
        );
        let rows: Vec<_> = read.rows.iter().map(|(l, c)| format!("{l} {c:?}")).collect();
        assert_snapshot!(rows.join("\n"), @r#"
        2 Contact { org: "aqua", name: Some("Duty desk"), email: "soc@aqua.example", role: Some("security"), country: Some("PT"), sector: Some("water"), language: Some("pt"), pgp: None, source: "cert-pt", verified: Some(2026-01-31), bounces: 0 }
        4 Contact { org: "aqua", name: None, email: "soc@aqua.example", role: None, country: None, sector: None, language: None, pgp: None, source: "aqua", verified: None, bounces: 0 }
        "#);
        let faults: Vec<_> = read.faults.iter().map(ToString::to_string).collect();
        assert_snapshot!(faults.join("\n"), @r#"
        line 3: soc@aqua.example for aqua stands already on line 2 [doubled-key]
        line 5: email "not an address" is no address [email]
        line 6: a cell holds a line break or another control character [control-character]
        line 8: verified "31.1.2026" is no date such as 2026-03-01 [date]
        "#);
    }
}
