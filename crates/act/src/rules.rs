//! Whom an ask goes to first, country by country: data from a signed pack (`packs/rules/*.toml`). What a pack does not name is
//! "CSIRT first for 72 hours".
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// Hours that a CSIRT has where nothing was agreed.
pub const DEFAULT_HOURS: u32 = 72;
/// An ask plan for more recipients than this waits for a second person where no pack says otherwise.
pub const DEFAULT_HOLD_ABOVE: u32 = 20;
/// No agreement gives a team longer than a year.
const HOURS_MAX: u32 = 24 * 366;

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The national CSIRT alone; it tells its owners.
    CsirtOnly,
    /// The national CSIRT; the owner when the clock runs out in silence.
    CsirtFirst,
    /// Both at the same time.
    Both,
    /// The owner.
    Direct,
    /// Nobody.
    None,
}

impl Way {
    /// As written in a pack.
    pub fn as_str(self) -> &'static str {
        match self {
            Way::CsirtOnly => "csirt-only",
            Way::CsirtFirst => "csirt-first",
            Way::Both => "both",
            Way::Direct => "direct",
            Way::None => "none",
        }
    }
}

/// The rule of one country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who is asked.
    pub way: Way,
    /// How long an addressee has before its silence counts.
    pub hours: u32,
    /// An ask plan for more recipients than this waits for a second person.
    pub hold_above: u32,
    /// The agreement or law behind it; absent for the default.
    pub basis: Option<String>,
}

impl Rule {
    /// The rule of a country that no pack names.
    pub const DEFAULT: Rule =
        Rule { way: Way::CsirtFirst, hours: DEFAULT_HOURS, hold_above: DEFAULT_HOLD_ABOVE, basis: None };
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.way {
            Way::CsirtOnly => f.write_str("the national CSIRT alone is asked"),
            Way::CsirtFirst => {
                write!(f, "the national CSIRT is asked first, the owner after {} hours of silence", self.hours)
            }
            Way::Both => f.write_str("the national CSIRT and the owner are asked at once"),
            Way::Direct => f.write_str("the owner is asked directly"),
            Way::None => f.write_str("nobody is asked"),
        }?;
        match &self.basis {
            Some(basis) => write!(f, " (basis: {basis})"),
            None => f.write_str(" (the default, nothing was agreed)"),
        }
    }
}

/// All rules that were loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    by_country: BTreeMap<String, Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    country: String,
    rule: Way,
    hours: Option<u32>,
    hold_above: Option<u32>,
    basis: Option<String>,
    #[serde(rename = "comment")]
    _comment: Option<String>,
}

impl Rules {
    /// Reads the files of a pack, each with its name; the pack's own head file is not one of them. A country named twice, or a
    /// key that is not known, refuses the pack.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Rules, String> {
        let mut rules = Rules::default();
        for (name, text) in files {
            let file: File = toml::from_str(text).map_err(|e| format!("{name}: {}", e.message()))?;
            let country = file.country;
            if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
                return Err(format!("{name}: country {country:?} is no ISO 3166 code of two capital letters"));
            }
            let hours = file.hours.filter(|h| *h > 0).unwrap_or(DEFAULT_HOURS);
            if hours > HOURS_MAX {
                return Err(format!("{name}: hours {hours} is more than a year"));
            }
            let hold_above = file.hold_above.unwrap_or(DEFAULT_HOLD_ABOVE);
            let basis = Some(file.basis.unwrap_or_else(|| "the pack".to_owned()));
            let rule = Rule { way: file.rule, hours, hold_above, basis };
            if rules.by_country.insert(country.clone(), rule).is_some() {
                return Err(format!("{name}: {country} was named before; keep one file per country"));
            }
        }
        Ok(rules)
    }

    /// Takes over what a later pack says; what it does not name stays.
    pub fn overlay(&mut self, later: Rules) {
        self.by_country.extend(later.by_country);
    }

    /// The rule of a country.
    pub fn of(&self, country: Option<&str>) -> &Rule {
        country.and_then(|c| self.by_country.get(c)).unwrap_or(&Rule::DEFAULT)
    }

    /// All countries that were named.
    pub fn countries(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.by_country.iter().map(|(c, r)| (c.as_str(), r))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        #[track_caller]
        fn check(country: Option<&str>, expected: &str) {
            let files = [
                ("de.toml", "country = \"DE\"\nrule = \"csirt-first\"\nhours = 24\nhold_above = 5\nbasis = \"MoU 7\""),
                ("fr.toml", "country = \"FR\"\nrule = \"csirt-only\"\nhours = 0\ncomment = \"x\""),
            ];
            let rules = Rules::read(files).unwrap();
            let rule = rules.of(country);
            assert_eq!(format!("{} {} {}: {rule}", rule.way.as_str(), rule.hours, rule.hold_above), expected);
        }
        check(
            Some("DE"),
            "csirt-first 24 5: the national CSIRT is asked first, the owner after 24 hours of silence (basis: MoU 7)",
        );
        check(Some("FR"), "csirt-only 72 20: the national CSIRT alone is asked (basis: the pack)");
        let default = "csirt-first 72 20: the national CSIRT is asked first, the owner after 72 hours of silence (the default, nothing was agreed)";
        check(Some("XX"), default);
        check(None, default);
    }

    #[test]
    fn refusals() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let error = Rules::read([("x.toml", text)]).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        check("country = \"de\"\nrule = \"both\"", "x.toml: country \"de\" is no ISO 3166 code");
        check("country = \"DE\"\nrule = \"maybe\"", "x.toml: unknown variant `maybe`");
        check("country = \"DE\"\nrule = \"both\"\nhour = 3", "x.toml: unknown field `hour`");
        check("country = \"DE\"\nrule = \"both\"\nhours = 99999", "x.toml: hours 99999 is more than a year");
        check("country = \"DE", "x.toml: ");
        let twice = [("a.toml", "country = \"DE\"\nrule = \"both\""), ("b.toml", "country = \"DE\"\nrule = \"none\"")];
        assert_eq!(Rules::read(twice).unwrap_err(), "b.toml: DE was named before; keep one file per country");
    }
}
