//! Reads SPDX 2.2 and 2.3 as JSON: packages with package URLs among their external references. Tag-value, RDF, YAML and XML
//! are refused by rule.

use serde::Deserialize;

use crate::Fault;
pub use crate::cyclonedx::{Component, Sbom};
use crate::text::{List, Text};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow, default)]
    spdx_version: Text<'a>,
    #[serde(borrow, default)]
    document_namespace: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    creation_info: Creation<'a>,
    #[serde(borrow, default)]
    packages: List<Package<'a>>,
}

#[derive(Deserialize, Default)]
struct Creation<'a> {
    #[serde(borrow, default)]
    created: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    version_info: Text<'a>,
    #[serde(borrow, default)]
    external_refs: List<Reference<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    #[serde(borrow, default)]
    reference_type: Text<'a>,
    #[serde(borrow, default)]
    reference_locator: Text<'a>,
}

/// Reads one document.
pub fn read(bytes: &[u8]) -> Result<Sbom, Fault> {
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Fault::new(
            "sbom-form",
            "line 1",
            "SPDX is read as JSON only; convert tag-value, RDF, YAML or XML",
        ));
    }
    let raw: Raw<'_> = serde_json::from_slice(bytes).map_err(|e| Fault::json("spdx-malformed", &e))?;
    let spec = raw.spdx_version.as_str();
    if !matches!(spec, "SPDX-2.2" | "SPDX-2.3") {
        return Err(Fault::new("spdx-version", "/spdxVersion", format!("want SPDX-2.2 or SPDX-2.3, found `{spec}`")));
    }
    let mut sbom = Sbom {
        id: Some(raw.document_namespace.as_str().trim().to_owned()).filter(|s| !s.is_empty()),
        version: raw.creation_info.created.as_str().to_owned(),
        subject: raw.name.as_str().to_owned(),
        made: raw.creation_info.created.as_str().to_owned(),
        components: Vec::new(),
        without_purl: 0,
    };
    for package in &raw.packages.0 {
        // SPDX 2.3 annex F.3.5: the reference type of package URLs.
        let mut purls = package.external_refs.0.iter().filter(|r| r.reference_type.as_str() == "purl").peekable();
        if purls.peek().is_none() {
            sbom.add("", package.name.as_str(), package.version_info.as_str());
        }
        for purl in purls {
            sbom.add(purl.reference_locator.as_str(), package.name.as_str(), package.version_info.as_str());
        }
    }
    sbom.settle();
    Ok(sbom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_give_their_purls() {
        let document = br#"{"spdxVersion":"SPDX-2.3","documentNamespace":"urn:d","name":"n","creationInfo":{"created":"2024-01-01T00:00:00Z"},
          "packages":[{"name":"a","versionInfo":"1","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/a@1"},{"referenceType":"cpe23Type","referenceLocator":"cpe:2.3:x"}]},{"name":"b"}]}"#;
        let sbom = read(document).unwrap();
        assert_eq!((sbom.components.len(), sbom.without_purl, sbom.id.as_deref()), (1, 1, Some("urn:d")));
        assert_eq!(read(b"SPDXVersion: SPDX-2.3").map_err(|f| f.rule), Err("sbom-form"));
        assert_eq!(read(br#"{"spdxVersion":"SPDX-3.0"}"#).map_err(|f| f.rule), Err("spdx-version"));
    }
}
