//! Countries by their ISO 3166-1 alpha-2 code: a short name in English and a point at which a map puts what has no place of
//! its own. A point is a place for a mark, no statement about a border.

/// Code, name, latitude, longitude.
type Country = (&'static str, &'static str, f64, f64);

/// The name of a country, else its code.
pub fn name(code: &str) -> &str {
    find(code).map_or(code, |c| c.1)
}

/// A point within the country.
pub fn point(code: &str) -> Option<(f64, f64)> {
    find(code).map(|c| (c.2, c.3))
}

fn find(code: &str) -> Option<&'static Country> {
    COUNTRIES.binary_search_by(|c| c.0.cmp(code)).ok().and_then(|at| COUNTRIES.get(at))
}

#[rustfmt::skip]
const COUNTRIES: &[Country] = &[
    ("AD", "Andorra", 42.5, 1.5), ("AE", "United Arab Emirates", 23.9, 54.3), ("AF", "Afghanistan", 33.8, 66.0),
    ("AL", "Albania", 41.1, 20.1), ("AM", "Armenia", 40.3, 45.0), ("AO", "Angola", -12.3, 17.5), ("AR", "Argentina", -34.6, -64.0),
    ("AT", "Austria", 47.6, 14.1), ("AU", "Australia", -25.5, 134.5), ("AZ", "Azerbaijan", 40.4, 47.8), ("BA", "Bosnia and Herzegovina", 44.2, 17.8),
    ("BB", "Barbados", 13.2, -59.6), ("BD", "Bangladesh", 23.9, 90.2), ("BE", "Belgium", 50.6, 4.7), ("BF", "Burkina Faso", 12.3, -1.7),
    ("BG", "Bulgaria", 42.8, 25.2), ("BH", "Bahrain", 26.0, 50.5), ("BI", "Burundi", -3.4, 29.9), ("BJ", "Benin", 9.6, 2.3),
    ("BN", "Brunei", 4.5, 114.7), ("BO", "Bolivia", -16.7, -64.7), ("BR", "Brazil", -10.8, -53.1), ("BS", "Bahamas", 24.3, -76.6),
    ("BT", "Bhutan", 27.4, 90.4), ("BW", "Botswana", -22.2, 23.8), ("BY", "Belarus", 53.5, 28.0), ("BZ", "Belize", 17.2, -88.7),
    ("CA", "Canada", 56.0, -100.0), ("CD", "DR Congo", -2.9, 23.6), ("CF", "Central African Republic", 6.6, 20.5), ("CG", "Congo", -0.8, 15.2),
    ("CH", "Switzerland", 46.8, 8.2), ("CI", "Ivory Coast", 7.6, -5.6), ("CL", "Chile", -35.0, -71.3), ("CM", "Cameroon", 5.7, 12.7),
    ("CN", "China", 36.6, 103.8), ("CO", "Colombia", 3.9, -73.1), ("CR", "Costa Rica", 10.0, -84.2), ("CU", "Cuba", 21.6, -79.0),
    ("CV", "Cabo Verde", 15.1, -23.6), ("CY", "Cyprus", 34.9, 33.0), ("CZ", "Czechia", 49.7, 15.3), ("DE", "Germany", 51.1, 10.4),
    ("DJ", "Djibouti", 11.7, 42.6), ("DK", "Denmark", 56.0, 9.5), ("DO", "Dominican Republic", 18.9, -70.5), ("DZ", "Algeria", 28.2, 2.6),
    ("EC", "Ecuador", -1.4, -78.4), ("EE", "Estonia", 58.7, 25.5), ("EG", "Egypt", 26.5, 29.9), ("ER", "Eritrea", 15.4, 38.8),
    ("ES", "Spain", 40.2, -3.6), ("ET", "Ethiopia", 8.6, 39.6), ("FI", "Finland", 63.0, 26.3), ("FJ", "Fiji", -17.8, 178.0),
    ("FR", "France", 46.6, 2.5), ("GA", "Gabon", -0.6, 11.8), ("GB", "United Kingdom", 53.0, -1.8), ("GE", "Georgia", 42.2, 43.5),
    ("GH", "Ghana", 7.9, -1.2), ("GL", "Greenland", 71.7, -42.0), ("GM", "Gambia", 13.4, -15.4), ("GN", "Guinea", 10.4, -10.9),
    ("GQ", "Equatorial Guinea", 1.7, 10.3), ("GR", "Greece", 39.1, 22.6), ("GT", "Guatemala", 15.7, -90.4), ("GW", "Guinea-Bissau", 12.0, -15.0),
    ("GY", "Guyana", 4.8, -59.0), ("HK", "Hong Kong", 22.4, 114.1), ("HN", "Honduras", 14.8, -86.6), ("HR", "Croatia", 45.4, 16.0),
    ("HT", "Haiti", 18.9, -72.7), ("HU", "Hungary", 47.2, 19.4), ("ID", "Indonesia", -2.2, 117.2), ("IE", "Ireland", 53.2, -8.1),
    ("IL", "Israel", 31.5, 35.0), ("IN", "India", 22.9, 79.6), ("IQ", "Iraq", 33.0, 43.7), ("IR", "Iran", 32.6, 54.3),
    ("IS", "Iceland", 65.0, -18.6), ("IT", "Italy", 42.8, 12.1), ("JM", "Jamaica", 18.2, -77.3), ("JO", "Jordan", 31.2, 36.8),
    ("JP", "Japan", 36.7, 138.0), ("KE", "Kenya", 0.6, 37.8), ("KG", "Kyrgyzstan", 41.5, 74.5), ("KH", "Cambodia", 12.7, 104.9),
    ("KP", "North Korea", 40.2, 127.2), ("KR", "South Korea", 36.4, 127.8), ("KW", "Kuwait", 29.3, 47.6), ("KZ", "Kazakhstan", 48.2, 67.3),
    ("LA", "Laos", 18.5, 103.8), ("LB", "Lebanon", 33.9, 35.9), ("LI", "Liechtenstein", 47.1, 9.5), ("LK", "Sri Lanka", 7.6, 80.7),
    ("LR", "Liberia", 6.5, -9.3), ("LS", "Lesotho", -29.6, 28.2), ("LT", "Lithuania", 55.3, 23.9), ("LU", "Luxembourg", 49.8, 6.1),
    ("LV", "Latvia", 56.9, 24.9), ("LY", "Libya", 27.0, 18.0), ("MA", "Morocco", 31.9, -6.3), ("MC", "Monaco", 43.7, 7.4),
    ("MD", "Moldova", 47.2, 28.5), ("ME", "Montenegro", 42.8, 19.2), ("MG", "Madagascar", -19.4, 46.7), ("MK", "North Macedonia", 41.6, 21.7),
    ("ML", "Mali", 17.3, -3.5), ("MM", "Myanmar", 21.2, 96.5), ("MN", "Mongolia", 46.8, 103.1), ("MO", "Macao", 22.2, 113.5),
    ("MR", "Mauritania", 20.3, -10.3), ("MT", "Malta", 35.9, 14.4), ("MU", "Mauritius", -20.3, 57.6), ("MV", "Maldives", 3.2, 73.2),
    ("MW", "Malawi", -13.2, 34.3), ("MX", "Mexico", 23.9, -102.5), ("MY", "Malaysia", 3.8, 109.7), ("MZ", "Mozambique", -17.3, 35.5),
    ("NA", "Namibia", -22.1, 17.2), ("NE", "Niger", 17.4, 9.4), ("NG", "Nigeria", 9.6, 8.1), ("NI", "Nicaragua", 12.8, -85.0),
    ("NL", "Netherlands", 52.2, 5.6), ("NO", "Norway", 61.5, 9.0), ("NP", "Nepal", 28.2, 83.9), ("NZ", "New Zealand", -41.8, 171.5),
    ("OM", "Oman", 20.6, 56.1), ("PA", "Panama", 8.5, -80.1), ("PE", "Peru", -9.2, -74.4), ("PG", "Papua New Guinea", -6.5, 145.2),
    ("PH", "Philippines", 11.8, 122.9), ("PK", "Pakistan", 29.9, 69.3), ("PL", "Poland", 52.1, 19.4), ("PR", "Puerto Rico", 18.2, -66.5),
    ("PS", "Palestine", 31.9, 35.2), ("PT", "Portugal", 39.6, -8.0), ("PY", "Paraguay", -23.2, -58.4), ("QA", "Qatar", 25.3, 51.2),
    ("RO", "Romania", 45.9, 25.0), ("RS", "Serbia", 44.2, 20.8), ("RU", "Russia", 58.0, 70.0), ("RW", "Rwanda", -2.0, 29.9),
    ("SA", "Saudi Arabia", 24.1, 44.5), ("SD", "Sudan", 16.0, 29.9), ("SE", "Sweden", 60.5, 15.5), ("SG", "Singapore", 1.4, 103.8),
    ("SI", "Slovenia", 46.1, 14.8), ("SK", "Slovakia", 48.7, 19.5), ("SL", "Sierra Leone", 8.6, -11.8), ("SM", "San Marino", 43.9, 12.5),
    ("SN", "Senegal", 14.4, -14.5), ("SO", "Somalia", 4.8, 45.7), ("SR", "Suriname", 4.1, -55.9), ("SS", "South Sudan", 7.3, 30.2),
    ("SV", "El Salvador", 13.7, -88.9), ("SY", "Syria", 35.0, 38.5), ("SZ", "Eswatini", -26.6, 31.5), ("TD", "Chad", 15.3, 18.6),
    ("TG", "Togo", 8.5, 1.0), ("TH", "Thailand", 15.1, 101.0), ("TJ", "Tajikistan", 38.5, 71.0), ("TL", "Timor-Leste", -8.8, 125.8),
    ("TM", "Turkmenistan", 39.1, 59.4), ("TN", "Tunisia", 34.1, 9.6), ("TR", "Türkiye", 39.1, 35.2), ("TT", "Trinidad and Tobago", 10.5, -61.3),
    ("TW", "Taiwan", 23.8, 121.0), ("TZ", "Tanzania", -6.3, 34.8), ("UA", "Ukraine", 49.0, 31.4), ("UG", "Uganda", 1.3, 32.4),
    ("US", "United States", 39.5, -98.4), ("UY", "Uruguay", -32.8, -56.0), ("UZ", "Uzbekistan", 41.8, 63.1), ("VA", "Holy See", 41.9, 12.5),
    ("VE", "Venezuela", 7.1, -66.2), ("VN", "Vietnam", 16.6, 106.3), ("XK", "Kosovo", 42.6, 20.9), ("YE", "Yemen", 15.9, 47.6),
    ("ZA", "South Africa", -29.0, 25.1), ("ZM", "Zambia", -13.5, 27.8), ("ZW", "Zimbabwe", -19.0, 29.8),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_on_earth() {
        assert!(COUNTRIES.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(COUNTRIES.iter().all(|c| c.0.len() == 2 && c.2.abs() < 85.0 && c.3.abs() <= 180.0));
        assert_eq!((name("NO"), name("??"), point("??")), ("Norway", "??", None));
    }
}
