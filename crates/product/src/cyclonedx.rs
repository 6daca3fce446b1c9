//! Reads CycloneDX 1.2 to 1.6 as JSON: what it is a bill of, and its components with package URLs, nested ones included. XML
//! is refused by rule.

use serde::Deserialize;

use crate::Fault;
use crate::text::{List, Text};

/// What both SBOM readers give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sbom {
    /// Its own identity (`serialNumber`, `documentNamespace`), if it states one.
    pub id: Option<String>,
    /// Its version.
    pub version: String,
    /// What it is a bill of: name and version, or empty.
    pub subject: String,
    /// When it was made, as written.
    pub made: String,
    /// Components with a package URL, in document order, each once.
    pub components: Vec<Component>,
    /// How many components have no package URL and cannot be matched by one.
    pub without_purl: usize,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The package URL as written.
    pub purl: String,
    /// Name.
    pub name: String,
    /// Version, empty where not stated.
    pub version: String,
}

/// How deep components may be nested.
const NESTING_MAX: usize = 32;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow, default)]
    bom_format: Text<'a>,
    #[serde(borrow, default)]
    spec_version: Text<'a>,
    #[serde(borrow, default)]
    serial_number: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    metadata: Metadata<'a>,
    #[serde(borrow, default)]
    components: List<Item<'a>>,
}

#[derive(Deserialize, Default)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default)]
    component: Option<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    purl: Text<'a>,
    #[serde(borrow, default)]
    components: List<Item<'a>>,
}

/// Reads one bill of materials.
pub fn read(bytes: &[u8]) -> Result<Sbom, Fault> {
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Fault::new("sbom-form", "line 1", "CycloneDX is read as JSON only; export it as JSON"));
    }
    let raw: Raw<'_> = serde_json::from_slice(bytes).map_err(|e| Fault::json("cyclonedx-malformed", &e))?;
    let spec = raw.spec_version.as_str();
    if raw.bom_format.as_str() != "CycloneDX" || !matches!(spec, "1.2" | "1.3" | "1.4" | "1.5" | "1.6") {
        let found = format!("want CycloneDX 1.2 to 1.6, found `{}` `{spec}`", raw.bom_format.as_str());
        return Err(Fault::new("cyclonedx-version", "/specVersion", found));
    }
    let mut sbom = Sbom {
        id: Some(raw.serial_number.as_str().trim().to_owned()).filter(|s| !s.is_empty()),
        version: if raw.version.is_blank() { "1".to_owned() } else { raw.version.as_str().to_owned() },
        subject: String::new(),
        made: raw.metadata.timestamp.as_str().to_owned(),
        components: Vec::new(),
        without_purl: 0,
    };
    if let Some(subject) = &raw.metadata.component {
        sbom.subject = format!("{} {}", subject.name.as_str(), subject.version.as_str()).trim().to_owned();
        take(subject, 0, &mut sbom)?;
    }
    for item in &raw.components.0 {
        take(item, 0, &mut sbom)?;
    }
    sbom.settle();
    Ok(sbom)
}

fn take(item: &Item<'_>, depth: usize, sbom: &mut Sbom) -> Result<(), Fault> {
    if depth > NESTING_MAX {
        return Err(Fault::new(
            "sbom-depth",
            "/components",
            format!("components are nested deeper than {NESTING_MAX}"),
        ));
    }
    sbom.add(item.purl.as_str(), item.name.as_str(), item.version.as_str());
    item.components.0.iter().try_for_each(|below| take(below, depth + 1, sbom))
}

impl Sbom {
    pub(crate) fn add(&mut self, purl: &str, name: &str, version: &str) {
        if purl.trim().is_empty() {
            self.without_purl += 1;
            return;
        }
        self.components.push(Component {
            purl: purl.trim().to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
        });
    }

    /// Each package URL once, the first mention counting; document order stays.
    pub(crate) fn settle(&mut self) {
        let mut seen = std::collections::BTreeSet::new();
        self.components.retain(|c| seen.insert(c.purl.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_components_and_the_subject_count() {
        let bom = br#"{"bomFormat":"CycloneDX","specVersion":"1.5","serialNumber":"urn:uuid:1","version":3,
          "metadata":{"component":{"name":"app","version":"2","purl":"pkg:npm/app@2"}},
          "components":[{"name":"a","purl":"pkg:npm/a@1","components":[{"name":"b","purl":"pkg:npm/b@1"},{"name":"c"}]},{"name":"a","purl":"pkg:npm/a@1"}]}"#;
        let sbom = read(bom).unwrap();
        assert_eq!(
            (sbom.id.as_deref(), sbom.version.as_str(), sbom.subject.as_str(), sbom.without_purl),
            (Some("urn:uuid:1"), "3", "app 2", 1)
        );
        assert_eq!(
            sbom.components.iter().map(|c| c.purl.as_str()).collect::<Vec<_>>(),
            ["pkg:npm/app@2", "pkg:npm/a@1", "pkg:npm/b@1"]
        );
    }

    #[test]
    fn other_forms_are_refused_by_rule() {
        assert_eq!(read(b" <bom/>").map_err(|f| f.rule), Err("sbom-form"));
        assert_eq!(
            read(br#"{"bomFormat":"CycloneDX","specVersion":"1.1"}"#).map_err(|f| f.rule),
            Err("cyclonedx-version")
        );
        assert_eq!(read(b"{").map_err(|f| f.rule), Err("cyclonedx-malformed"));
    }
}
