//! Telling what a file is by what is in it, never by its name.
use stix::scan::{self, Limits};

/// The forms that `import` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Stix,
    Csaf,
    Kev,
    Eukev,
    Cve,
    CycloneDx,
    Spdx,
    Answer,
    Inventory,
    Contacts,
    Partners,
    Nodes,
    Edges,
    Groups,
    Members,
}

/// Why a file is of no known form: `known` tells a damaged or unsupported file of a known kind from a foreign one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub rule: &'static str,
    pub place: String,
    pub reason: String,
    /// A form of the field that this program does not read, or a damaged file: refused also inside a folder.
    pub known: bool,
}

/// The form of a file's content. JSON is checked whole here (depth, sizes, duplicate keys, grammar), once.
pub(crate) fn recognise(bytes: &[u8]) -> Result<Form, Unknown> {
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        None => Err(unknown("empty-file", "the file is empty")),
        // One line of JSON and its signature: not one JSON document.
        Some(b'{') if bytes.starts_with(b"{\"format\":\"mainstay-answer/") => Ok(Form::Answer),
        Some(b'{' | b'[') => json(bytes),
        Some(b'<') => Err(xml(bytes)),
        Some(_) => table(bytes),
    }
}

fn unknown(rule: &'static str, reason: impl Into<String>) -> Unknown {
    Unknown { rule, place: String::new(), reason: reason.into(), known: false }
}

const NEXT: &str = "known are STIX 2.1 bundles, CSAF, KEV, EUKEV, CVE 5, CycloneDX and SPDX as JSON, and the tables of `mainstay import --help`";

fn json(bytes: &[u8]) -> Result<Form, Unknown> {
    let outline = match scan::outline(bytes, &Limits::default()) {
        Ok(outline) => outline,
        // A bundle keeps a faulty element apart; any other document is one unit and is refused whole.
        Err(fault) if looks_like_bundle(bytes) => {
            return stix::bundle::split(bytes, &Limits::default()).map(|_| Form::Stix).map_err(|_| broken(fault));
        }
        Err(fault) => return Err(Unknown { known: begins_as_json(bytes), ..broken(fault) }),
    };
    let has = |key: &str| outline.member(key).is_some();
    if !outline.is_object {
        return match looks_like_eukev(bytes) {
            true => Ok(Form::Eukev),
            false => Err(unknown("form-unknown", format!("a JSON list of no known form; {NEXT}"))),
        };
    }
    match outline.text("type") {
        Some("bundle") => return Ok(Form::Stix),
        Some(_) if has("id") && (has("spec_version") || outline.text("id").is_some_and(|id| id.contains("--"))) => {
            return Ok(Form::Stix);
        }
        _ => {}
    }
    if outline.text("dataType") == Some("CVE_RECORD") {
        Ok(Form::Cve)
    } else if outline.text("bomFormat") == Some("CycloneDX") {
        Ok(Form::CycloneDx)
    } else if has("spdxVersion") {
        Ok(Form::Spdx)
    } else if outline.member("document").is_some_and(|d| d.contains("\"csaf_version\"")) {
        Ok(Form::Csaf)
    } else if has("catalogVersion") && has("vulnerabilities") {
        Ok(Form::Kev)
    } else if has("@context") && outline.member("@context").is_some_and(|c| c.contains("spdx.org")) {
        Err(Unknown { known: true, ..unknown("spdx-version", "SPDX 3 is not read yet; export SPDX 2.3 as JSON") })
    } else {
        Err(unknown("form-unknown", format!("a JSON document of no known form; {NEXT}")))
    }
}

fn broken(fault: stix::Fault) -> Unknown {
    Unknown { rule: fault.rule, place: fault.place, reason: fault.reason, known: true }
}

/// A text may begin with a bracket and be no JSON at all.
fn begins_as_json(bytes: &[u8]) -> bool {
    let mut tokens = bytes.iter().filter(|b| !b.is_ascii_whitespace());
    match (tokens.next(), tokens.next()) {
        (Some(b'{'), next) => matches!(next, Some(b'"' | b'}') | None),
        (_, next) => matches!(next, Some(b'{' | b'[' | b'"' | b']') | None),
    }
}

fn looks_like_bundle(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or(b"");
    let text = String::from_utf8_lossy(head);
    text.contains("\"bundle\"") || text.contains("\"objects\"")
}

fn looks_like_eukev(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(65_536)).unwrap_or(b"");
    let text = String::from_utf8_lossy(head);
    text.contains("\"cveID\"") && text.contains("\"dateReported\"")
}

fn xml(bytes: &[u8]) -> Unknown {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(4096)).unwrap_or(b"")).into_owned();
    let (rule, reason) = if head.contains("cyclonedx.org/schema/bom") {
        ("sbom-xml", "CycloneDX as XML is not read yet; export it as JSON")
    } else if head.contains("spdx.org") {
        ("sbom-rdf", "SPDX as RDF is not read; export SPDX 2.3 as JSON")
    } else {
        return unknown("form-unknown", format!("an XML document of no known form; {NEXT}"));
    };
    Unknown { known: true, ..unknown(rule, reason) }
}

/// A table is known by its first line. Which columns are missing or doubled is for its reader to say.
fn table(bytes: &[u8]) -> Result<Form, Unknown> {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or(b"");
    let line = String::from_utf8_lossy(line.get(..line.len().min(4096)).unwrap_or(b""));
    if line.starts_with("SPDXVersion:")
        || String::from_utf8_lossy(bytes.get(..bytes.len().min(4096)).unwrap_or(b"")).contains("\nSPDXVersion:")
    {
        return Err(Unknown {
            known: true,
            ..unknown("sbom-tag-value", "SPDX as tag-value is not read yet; export it as JSON")
        });
    }
    let heads: Vec<String> =
        line.trim().split([',', ';', '\t']).map(|h| h.trim().trim_matches('"').to_ascii_lowercase()).collect();
    let has = |names: &[&str]| names.iter().all(|n| heads.iter().any(|h| h == n));
    let forms: &[(&[&str], Form)] = &[
        (&["src", "dst", "group", "need"], Form::Edges),
        (&["src", "dst"], Form::Edges),
        (&["key", "type", "layer"], Form::Nodes),
        (&["group", "consumer"], Form::Groups),
        (&["group", "supplier"], Form::Members),
        (&["asset"], Form::Inventory),
        (&["org", "email"], Form::Contacts),
        (&["org", "agreement_from"], Form::Partners),
        (&["org", "kind"], Form::Partners),
        (&["org", "name", "clearance"], Form::Partners),
        (&["id", "key", "name"], Form::Nodes),
    ];
    if let Some((_, form)) = forms.iter().find(|(names, _)| has(names)) {
        return Ok(*form);
    }
    let nearly: &[(&[&str], &str)] = &[
        (&["vendor", "product"], "an inventory needs the column `asset`"),
        (&["email"], "contacts need the columns `org` and `email`"),
        (&["dst"], "an edge table needs the columns `src` and `dst`"),
        (&["src"], "an edge table needs the columns `src` and `dst`"),
        (&["consumer"], "a supply group table needs the column `group`"),
        (&["supplier"], "a member table needs the column `group`"),
        (&["lat", "lon"], "a node table needs the columns `key`, `type` and `layer`"),
    ];
    match nearly.iter().find(|(names, _)| has(names)) {
        Some((_, what)) => {
            Err(Unknown { rule: "column-missing", place: "line 1".into(), reason: (*what).into(), known: true })
        }
        None => Err(unknown("form-unknown", format!("no known form; {NEXT}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        #[track_caller]
        fn check(text: &str, expected: Result<Form, &str>) {
            assert_eq!(recognise(text.as_bytes()).map_err(|u| u.rule), expected, "{text}");
        }
        check(r#"{"type":"bundle","id":"bundle--1","objects":[]}"#, Ok(Form::Stix));
        check(r#"{"document":{"csaf_version":"2.0"}}"#, Ok(Form::Csaf));
        check(r#"{"catalogVersion":"1","vulnerabilities":[]}"#, Ok(Form::Kev));
        check(r#"[{"cveID":"CVE-2024-1","dateReported":"2024/01/01"}]"#, Ok(Form::Eukev));
        check(r#"{"dataType":"CVE_RECORD"}"#, Ok(Form::Cve));
        check(r#"{"bomFormat":"CycloneDX"}"#, Ok(Form::CycloneDx));
        check(r#"{"spdxVersion":"SPDX-2.3"}"#, Ok(Form::Spdx));
        check("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\"/>", Err("sbom-xml"));
        check("SPDXVersion: SPDX-2.2\n", Err("sbom-tag-value"));
        check("asset,name\n", Ok(Form::Inventory));
        check("id,key,type,layer,name,country,lat,lon,capacity,owner\n", Ok(Form::Nodes));
        check("src,dst,type,group,need,inferred\n", Ok(Form::Edges));
        check("group,consumer,input,rule,k,buffer_h,degraded,ramp_up_h\n", Ok(Form::Groups));
        check("group,supplier,share,strength,kind,provenance,confidence\n", Ok(Form::Members));
        check("org,name,email,role,country,sector,language,pgp,source,verified\n", Ok(Form::Contacts));
        check("org,name,kind,country,languages,agreement_from,agreement_to,clearance\n", Ok(Form::Partners));
        check("name,vendor,product\n", Err("column-missing"));
        check("", Err("empty-file"));
        check("hello\n", Err("form-unknown"));
        check("{\"a\":", Err("json-truncated"));
    }
}
