//! The query parameters of TAXII 2.1 section 3.4. Whatever is malformed is a 400; what is unknown is passed over.

use exchange::page::{Query, Versions};
use ledger::Micros;
use stix::Timestamp;

use super::wire::Problem;

/// A field of `match[…]`, with what an endpoint takes of them.
pub(super) const ALL: &[&str] = &["id", "type", "version", "spec_version"];
/// Of one object.
pub(super) const OF_OBJECT: &[&str] = &["version", "spec_version"];
/// Of the versions of one object.
pub(super) const OF_VERSIONS: &[&str] = &["spec_version"];

/// The parameters of one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) query: Query,
    /// The opaque `next`, still sealed.
    pub(super) next: Option<String>,
    /// Whether versions were named.
    pub(super) names_versions: bool,
    /// All that selects, in one form: `next` holds for these only.
    pub(super) bound_to: String,
}

/// Reads the parameters; `fields` are the match fields that the endpoint has.
pub(super) fn parse(query: &str, fields: &[&str]) -> Result<Parameters, Problem> {
    let mut out = Parameters::default();
    let mut seen: Vec<String> = Vec::new();
    let mut selects: Vec<String> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        let field = name.strip_prefix("match[").and_then(|rest| rest.strip_suffix(']'));
        let known =
            matches!(name.as_str(), "added_after" | "limit" | "next") || field.is_some_and(|f| fields.contains(&f));
        if !known {
            continue;
        }
        if seen.contains(&name) {
            return Err(Problem::bad_parameter(format!("{name} stands twice")));
        }
        if value.is_empty() {
            return Err(Problem::bad_parameter(format!("{name} is empty")));
        }
        match field {
            Some(field) => matching(field, &value, &mut out)?,
            None => plain(&name, value.clone(), &mut out)?,
        }
        if !matches!(name.as_str(), "limit" | "next") {
            seen.push(name.clone());
            selects.push(format!("{name}={value}\n"));
        } else {
            seen.push(name);
        }
    }
    // in whatever order they came
    selects.sort_unstable();
    out.bound_to = selects.concat();
    Ok(out)
}

fn plain(name: &str, value: String, out: &mut Parameters) -> Result<(), Problem> {
    match name {
        "added_after" => {
            let at = Timestamp::parse(&value).map_err(|why| Problem::bad_parameter(format!("added_after {why}")))?;
            out.query.after = Some(Micros(at.micros()));
        }
        "limit" => {
            if value.len() > 20 || !value.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Problem::bad_parameter("limit is a whole number of 1 or more"));
            }
            // more than any page holds is as good as all that fits
            out.query.limit = value.parse().unwrap_or(usize::MAX);
            if out.query.limit == 0 {
                return Err(Problem::bad_parameter("limit is a whole number of 1 or more"));
            }
        }
        _ => out.next = Some(value),
    }
    Ok(())
}

fn matching(field: &str, value: &str, out: &mut Parameters) -> Result<(), Problem> {
    let values: Vec<String> = value.split(',').map(str::to_owned).collect();
    if values.iter().any(String::is_empty) {
        return Err(Problem::bad_parameter(format!("match[{field}] has an empty value: separate values by one comma")));
    }
    if values.len() > 100 {
        return Err(Problem::bad_parameter(format!("match[{field}] has more than 100 values: ask in parts")));
    }
    match field {
        "id" => {
            let form = |id: &String| stix::id::split(id).is_some_and(|(kind, _)| stix::id::is_type(kind));
            if !values.iter().all(form) {
                return Err(Problem::bad_parameter("match[id] takes identifiers: type--UUID"));
            }
            out.query.ids = values;
        }
        "type" => {
            if !values.iter().all(|kind| stix::id::is_type(kind)) {
                return Err(Problem::bad_parameter(
                    "match[type] takes names of types, separated by one comma and no space",
                ));
            }
            out.query.kinds = values;
        }
        "spec_version" => {
            let form = |c: char| c.is_ascii_digit() || c == '.';
            if !values
                .iter()
                .all(|version| version.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(form))
            {
                return Err(Problem::bad_parameter(
                    "match[spec_version] takes versions such as 2.1, separated by one comma",
                ));
            }
            out.query.specs = values;
        }
        _ => {
            out.query.versions = versions(values)?;
            out.names_versions = true;
        }
    }
    Ok(())
}

fn versions(values: Vec<String>) -> Result<Versions, Problem> {
    let mut out = Versions { first: false, last: false, all: false, at: Vec::new() };
    let count = values.len();
    for value in values {
        let twice = match value.as_str() {
            "first" => std::mem::replace(&mut out.first, true),
            "last" => std::mem::replace(&mut out.last, true),
            "all" => std::mem::replace(&mut out.all, true),
            time => {
                let at = Timestamp::parse(time)
                    .map_err(|_| Problem::bad_parameter("match[version] takes first, last, all or timestamps"))?;
                let known = out.at.iter().any(|held| held == at.key());
                out.at.push(at.key().to_owned());
                known
            }
        };
        if twice {
            return Err(Problem::bad_parameter("match[version] names a version twice"));
        }
    }
    if out.all && count > 1 {
        return Err(Problem::bad_parameter("match[version]=all stands alone"));
    }
    Ok(out)
}

/// Percent-decoding of a query component (RFC 3986 section 2.1; `+` is a space, as forms write it).
fn decode(text: &str) -> Result<String, Problem> {
    let malformed = || Problem::bad_parameter("a parameter is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).ok_or_else(malformed);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).map_err(|_| malformed())?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[track_caller]
    fn check(query: &str, good: bool) {
        let got = parse(query, ALL);
        assert_eq!(got.is_ok(), good, "{query}");
        if let Err(problem) = got {
            assert_eq!(problem.into_response().status(), 400);
        }
    }

    #[test]
    fn parameters() {
        check("", true);
        check("added_after=2020-01-01T00:00:00.000000Z&limit=5&next=x", true);
        check("match[type]=malware,tool&match%5Bid%5D=tool--fdd60b30-b67c-41e3-b0b9-f01faf20d111", true);
        check("match[version]=first,last,2020-01-01T00:00:00Z", true);
        check("match[spec_version]=2.1&match[unknown]=7&other=", true);
        check("limit=99999999999999999999", true);
        let bound = |query: &str| parse(query, ALL).unwrap().bound_to;
        assert_eq!(
            bound("match[type]=tool&limit=1&match[version]=all"),
            bound("match[version]=all&match[type]=tool&next=x")
        );
        for bad in [
            "limit=0",
            "limit=-1",
            "limit=x",
            "limit=",
            "limit=1.5",
            "limit=1&limit=2",
            "added_after=2020-01-01",
            "added_after=x",
            "added_after=2020-01-01T00:00:00Z&added_after=2020-01-01T00:00:00Z",
            "match[type]=a&match[type]=b",
            "match[type]=",
            "match[type]=a,,b",
            "match[version]=all,last",
            "match[version]=soon",
            "match[version]=last,last",
            "match[version]=2020-01-01T00:00:00Z,2020-01-01T00:00:00.0Z",
            "match[id]=tool",
            "match[type]=%zz",
            "match[type]=%ff",
            "match[type]=%00",
            "match[type]=tool, malware",
            "match[spec_version]=2.1, 2.0",
            "match[spec_version]=banana",
        ] {
            check(bad, false);
        }
    }
}
