//! Sectors and areas as advisories name them, folded to short codes and ISO 3166-1 countries. What is not known stays as
//! written, so that it can be shown.

use crate::text::fold;

/// The sectors a text names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sectors {
    /// "Multiple" was said: any sector.
    pub any: bool,
    /// Codes in alphabetical order.
    pub codes: Vec<&'static str>,
    /// What was not recognised.
    pub unknown: Vec<String>,
}

/// The areas a text names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Areas {
    /// "Worldwide", "Multiple" and the like.
    pub worldwide: bool,
    /// Countries, ISO 3166-1 alpha-2, alphabetical; regions are spread out.
    pub countries: Vec<&'static str>,
    /// What was not recognised.
    pub unknown: Vec<String>,
}

/// The sixteen sectors of the national scheme the corpus uses, with the phrases by which they are named.
const SECTORS: &[(&str, &[&str])] = &[
    ("chemical", &["chemical"]),
    ("commercial", &["commercial facilities", "commercial"]),
    ("communications", &["communications", "telecommunications"]),
    ("dams", &["dams"]),
    ("defence", &["defense industrial base", "defence industrial base", "defence"]),
    ("emergency", &["emergency services"]),
    ("energy", &["energy", "electricity", "oil and gas"]),
    ("finance", &["financial services", "finance", "banking"]),
    ("food", &["food and agriculture", "food", "agriculture"]),
    ("government", &["government facilities", "government services and facilities", "government"]),
    (
        "health",
        &[
            "healthcare and public health",
            "public health and healthcare",
            "health care and public health",
            "healthcare",
            "health",
        ],
    ),
    ("it", &["information technology", "digital infrastructure"]),
    ("manufacturing", &["critical manufacturing", "manufacturing"]),
    ("nuclear", &["nuclear reactors materials and waste", "nuclear"]),
    ("transport", &["transportation systems", "transportation", "transport"]),
    (
        "water",
        &[
            "water and wastewater systems",
            "water and wastewater",
            "water and waste water systems",
            "wastewater systems",
            "water",
        ],
    ),
];

/// All sector codes, in order.
pub fn sector_codes() -> impl Iterator<Item = &'static str> {
    SECTORS.iter().map(|(code, _)| *code)
}

/// Reads a list of sectors ("Chemical, Energy, and Water and Wastewater Systems").
pub fn sectors(text: &str) -> Sectors {
    let mut found = Sectors::default();
    let mut rest = format!(" {} ", fold(text));
    if let Some(start) = rest.find(" multiple ") {
        found.any = true;
        rest.replace_range(start..start + " multiple ".len(), " ");
    }
    let mut phrases: Vec<(&str, &str)> =
        SECTORS.iter().flat_map(|(code, names)| names.iter().map(|n| (*code, *n))).collect();
    phrases.sort_by_key(|(code, name)| (std::cmp::Reverse(name.len()), *code));
    for (code, phrase) in phrases {
        while let Some(start) = rest.find(&format!(" {phrase} ")) {
            rest.replace_range(start..=start + phrase.len(), " | ");
            found.codes.push(code);
        }
    }
    found.unknown = leftover(&rest, &["sectors", "sector", "and", "systems", "various"]);
    found.codes.sort_unstable();
    found.codes.dedup();
    found
}

/// Reads a list of areas ("East Asia, Europe, United States").
pub fn areas(text: &str) -> Areas {
    let mut found = Areas::default();
    let folded = format!(" {} ", fold(&text.replace("U.S.", "United States").replace("U.K.", "United Kingdom")));
    let negated = [" outside ", " except ", " limited regions ", " not "].iter().any(|word| folded.contains(word));
    if negated {
        found.unknown.push(text.trim().to_owned());
        return found;
    }
    found.worldwide = ["worldwide", "worlwide", "globally", "global", "multiple", "international"]
        .iter()
        .any(|w| folded.contains(&format!(" {w} ")));
    let mut rest = folded;
    let mut phrases: Vec<(&str, &[&'static str])> = REGIONS.to_vec();
    phrases.extend(COUNTRIES.iter().map(|(name, code)| (*name, std::slice::from_ref(code))));
    phrases.sort_by_key(|(name, _)| (std::cmp::Reverse(name.len()), *name));
    for (phrase, countries) in phrases {
        while let Some(start) = rest.find(&format!(" {phrase} ")) {
            rest.replace_range(start..=start + phrase.len(), " | ");
            found.countries.extend_from_slice(countries);
        }
    }
    found.countries.sort_unstable();
    found.countries.dedup();
    if !found.worldwide {
        found.unknown =
            leftover(&rest, &["and", "the", "deployed", "in", "areas", "primarily", "countries", "region", "regions"]);
    }
    found
}

/// The country a text names, if it names exactly one.
pub fn country(text: &str) -> Option<&'static str> {
    let trimmed = text.trim();
    if let Some((_, code)) = COUNTRIES.iter().find(|(_, code)| code.eq_ignore_ascii_case(trimmed)) {
        return Some(code);
    }
    match areas(text).countries.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

fn leftover(rest: &str, fillers: &[&str]) -> Vec<String> {
    let pieces = rest.split('|').map(|piece| {
        let words: Vec<&str> = piece.split_whitespace().filter(|w| !fillers.contains(w)).collect();
        words.join(" ")
    });
    pieces.filter(|p| !p.is_empty()).collect()
}

const EUROPE: &[&str] = &[
    "AL", "AT", "BA", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK",
    "UA",
];
const UNION: &[&str] = &[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];
const EAST_ASIA: &[&str] = &["CN", "HK", "JP", "KR", "MN", "MO", "TW"];
const ASIA: &[&str] = &[
    "BD", "BN", "BT", "CN", "HK", "ID", "IN", "JP", "KH", "KR", "KZ", "LA", "LK", "MM", "MN", "MO", "MV", "MY", "NP",
    "PH", "PK", "SG", "TH", "TL", "TW", "UZ", "VN",
];
const MIDDLE_EAST: &[&str] = &["AE", "BH", "EG", "IL", "IQ", "JO", "KW", "LB", "OM", "QA", "SA", "TR", "YE"];
const NORTH_AMERICA: &[&str] = &["CA", "MX", "US"];
const SOUTH_AMERICA: &[&str] = &["AR", "BO", "BR", "CL", "CO", "EC", "GY", "PE", "PY", "SR", "UY", "VE"];
const AMERICAS: &[&str] = &[
    "AR", "BO", "BR", "CA", "CL", "CO", "CR", "DO", "EC", "GT", "GY", "HN", "JM", "MX", "NI", "PA", "PE", "PY", "SR",
    "SV", "TT", "US", "UY", "VE",
];
const CARIBBEAN: &[&str] = &["BB", "BS", "DO", "JM", "PR", "TT"];
const AFRICA: &[&str] =
    &["AO", "CM", "DZ", "EG", "ET", "GH", "KE", "MA", "MZ", "NA", "NG", "RW", "SN", "TN", "TZ", "UG", "ZA", "ZM", "ZW"];
const OCEANIA: &[&str] = &["AU", "FJ", "NZ", "PG"];
const ASIA_PACIFIC: &[&str] =
    &["AU", "BD", "CN", "HK", "ID", "IN", "JP", "KH", "KR", "LK", "MY", "NZ", "PG", "PH", "PK", "SG", "TH", "TW", "VN"];

const REGIONS: &[(&str, &[&str])] = &[
    ("europe", EUROPE),
    ("european union", UNION),
    ("eu", UNION),
    ("east asia", EAST_ASIA),
    ("asia pacific", ASIA_PACIFIC),
    ("asia", ASIA),
    ("middle east", MIDDLE_EAST),
    ("north america", NORTH_AMERICA),
    ("south america", SOUTH_AMERICA),
    ("latin america", SOUTH_AMERICA),
    ("americas", AMERICAS),
    ("caribbean", CARIBBEAN),
    ("africa", AFRICA),
    ("oceania", OCEANIA),
];

const COUNTRIES: &[(&str, &str)] = &[
    ("argentina", "AR"),
    ("australia", "AU"),
    ("austria", "AT"),
    ("bangladesh", "BD"),
    ("belgium", "BE"),
    ("brazil", "BR"),
    ("bulgaria", "BG"),
    ("canada", "CA"),
    ("chile", "CL"),
    ("china", "CN"),
    ("colombia", "CO"),
    ("croatia", "HR"),
    ("cyprus", "CY"),
    ("czech republic", "CZ"),
    ("czechia", "CZ"),
    ("denmark", "DK"),
    ("egypt", "EG"),
    ("estonia", "EE"),
    ("finland", "FI"),
    ("france", "FR"),
    ("germany", "DE"),
    ("ghana", "GH"),
    ("greece", "GR"),
    ("hong kong", "HK"),
    ("hungary", "HU"),
    ("iceland", "IS"),
    ("india", "IN"),
    ("indonesia", "ID"),
    ("ireland", "IE"),
    ("israel", "IL"),
    ("italy", "IT"),
    ("japan", "JP"),
    ("kenya", "KE"),
    ("kuwait", "KW"),
    ("latvia", "LV"),
    ("liechtenstein", "LI"),
    ("lithuania", "LT"),
    ("luxembourg", "LU"),
    ("malaysia", "MY"),
    ("malta", "MT"),
    ("mexico", "MX"),
    ("moldova", "MD"),
    ("morocco", "MA"),
    ("netherlands", "NL"),
    ("the netherlands", "NL"),
    ("new zealand", "NZ"),
    ("nigeria", "NG"),
    ("norway", "NO"),
    ("oman", "OM"),
    ("pakistan", "PK"),
    ("peru", "PE"),
    ("philippines", "PH"),
    ("poland", "PL"),
    ("portugal", "PT"),
    ("puerto rico", "PR"),
    ("qatar", "QA"),
    ("romania", "RO"),
    ("russia", "RU"),
    ("saudi arabia", "SA"),
    ("serbia", "RS"),
    ("singapore", "SG"),
    ("slovakia", "SK"),
    ("slovenia", "SI"),
    ("south africa", "ZA"),
    ("south korea", "KR"),
    ("korea", "KR"),
    ("spain", "ES"),
    ("sweden", "SE"),
    ("switzerland", "CH"),
    ("taiwan", "TW"),
    ("thailand", "TH"),
    ("tunisia", "TN"),
    ("turkey", "TR"),
    ("ukraine", "UA"),
    ("united arab emirates", "AE"),
    ("uae", "AE"),
    ("uk", "GB"),
    ("united kingdom", "GB"),
    ("united states", "US"),
    ("united states of america", "US"),
    ("uruguay", "UY"),
    ("us", "US"),
    ("usa", "US"),
    ("vietnam", "VN"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_sectors() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            let s = sectors(text);
            assert_eq!(
                format!(
                    "{}{}{}",
                    if s.any { "* " } else { "" },
                    s.codes.join(" "),
                    s.unknown.iter().map(|u| format!(" ?{u}")).collect::<String>()
                ),
                want
            );
        }
        check("Multiple Sectors", "* ");
        check("Chemical, Energy, Food and Agriculture, and Water and Wastewater Systems", "chemical energy food water");
        check(" Critical Manufacturing ", "manufacturing");
        check("Energy Sector", "energy");
        check("Healthcare and Public Health, Space", "health ?space");
        check("", "");
    }

    #[test]
    fn lists_of_areas() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            let a = areas(text);
            assert_eq!(
                format!(
                    "{}{}{}",
                    if a.worldwide { "* " } else { "" },
                    a.countries.join(" "),
                    a.unknown.iter().map(|u| format!(" ?{u}")).collect::<String>()
                ),
                want
            );
        }
        check(" Worlwide", "* ");
        check(
            "East Asia, United States, and Europe, Atlantis",
            &format!("{} ?atlantis", {
                let mut all = [EUROPE, EAST_ASIA, &["US"]].concat();
                all.sort_unstable();
                all.join(" ")
            }),
        );
        check("Estonia, Latvia, Lithuania, and Finland", "EE FI LT LV");
        check("Deployed outside the U.S.", " ?Deployed outside the U.S.");
        check("Unknown", " ?unknown");
        assert_eq!(country("Milwaukee, Wisconsin, USA"), Some("US"));
        assert_eq!(country("de"), Some("DE"));
        assert_eq!(country("Atlantis"), None);
    }
}
