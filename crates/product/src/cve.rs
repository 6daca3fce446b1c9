//! Reads a CVE record, format 5.x: its id, how far exploitation is known (SSVC decision point of the enrichment container),
//! whether an enrichment lists it as known exploited, and its score. Its product lists are not read here yet.

use serde::Deserialize;

use crate::Fault;
use crate::text::{List, Text};

/// What a record says of the vulnerability itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Cve {
    /// `CVE-…`, upper case.
    pub id: String,
    /// `dateUpdated` else `datePublished`: the version of the record.
    pub version: String,
    /// `PUBLISHED` or `REJECTED`.
    pub state: String,
    /// The title of the numbering authority.
    pub title: String,
    /// SSVC "Exploitation", lower case: `none`, `poc`, `active`.
    pub exploitation: Option<String>,
    /// `dateAdded` of a `kev` metric.
    pub kev_added: Option<String>,
    /// The highest base score of the newest CVSS generation given.
    pub cvss: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow, default)]
    data_type: Text<'a>,
    #[serde(borrow, default)]
    data_version: Text<'a>,
    #[serde(borrow, default)]
    cve_metadata: Metadata<'a>,
    #[serde(borrow, default)]
    containers: Containers<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow, default)]
    cve_id: Text<'a>,
    #[serde(borrow, default)]
    state: Text<'a>,
    #[serde(borrow, default)]
    date_updated: Text<'a>,
    #[serde(borrow, default)]
    date_published: Text<'a>,
}

#[derive(Deserialize, Default)]
struct Containers<'a> {
    #[serde(borrow, default)]
    cna: Option<Container<'a>>,
    #[serde(borrow, default)]
    adp: List<Container<'a>>,
}

#[derive(Deserialize)]
struct Container<'a> {
    #[serde(borrow, default)]
    title: Text<'a>,
    #[serde(borrow, default)]
    metrics: List<Metric<'a>>,
}

#[derive(Deserialize)]
struct Metric<'a> {
    #[serde(borrow, default)]
    other: Option<Other<'a>>,
    #[serde(default, rename = "cvssV4_0")]
    v4: Option<Base>,
    #[serde(default, rename = "cvssV3_1")]
    v31: Option<Base>,
    #[serde(default, rename = "cvssV3_0")]
    v30: Option<Base>,
    #[serde(default, rename = "cvssV2_0")]
    v2: Option<Base>,
}

#[derive(Deserialize)]
struct Base {
    #[serde(default, rename = "baseScore")]
    base: Option<f64>,
}

#[derive(Deserialize)]
struct Other<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    content: Content<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    #[serde(borrow, default)]
    date_added: Text<'a>,
    #[serde(borrow, default)]
    options: List<Decision<'a>>,
}

/// One SSVC decision point; each record writes only one of its names, in either case.
#[derive(Deserialize)]
struct Decision<'a> {
    #[serde(borrow, default, rename = "Exploitation", alias = "exploitation")]
    exploitation: Text<'a>,
}

impl Cve {
    /// Reads one record.
    pub fn read(bytes: &[u8]) -> Result<Cve, Fault> {
        let raw: Raw<'_> = serde_json::from_slice(bytes).map_err(|e| Fault::json("cve-malformed", &e))?;
        if raw.data_type.as_str() != "CVE_RECORD" || !raw.data_version.as_str().starts_with("5.") {
            let found = format!(
                "want a CVE_RECORD of format 5, found `{}` {}",
                raw.data_type.as_str(),
                raw.data_version.as_str()
            );
            return Err(Fault::new("cve-version", "/dataVersion", found));
        }
        let id = raw.cve_metadata.cve_id.as_str().trim().to_ascii_uppercase();
        if !id.starts_with("CVE-") {
            return Err(Fault::new("cve-id", "/cveMetadata/cveId", format!("`{id}` is not a CVE id")));
        }
        let containers: Vec<&Container<'_>> = raw.containers.cna.iter().chain(&raw.containers.adp.0).collect();
        let metrics = || containers.iter().flat_map(|c| &c.metrics.0);
        let other = |kind: &'static str| {
            metrics().filter_map(|m| m.other.as_ref()).filter(move |o| o.kind.as_str().eq_ignore_ascii_case(kind))
        };
        let exploitation = other("ssvc")
            .flat_map(|o| &o.content.options.0)
            .map(|d| d.exploitation.as_str().trim().to_ascii_lowercase())
            .filter(|e| !e.is_empty())
            .max_by_key(|e| ["none", "poc", "active"].iter().position(|known| known == e));
        let kev_added = other("kev").map(|o| o.content.date_added.as_str().trim().to_owned()).find(|d| !d.is_empty());
        let scores = metrics().flat_map(|m| [(2, &m.v2), (3, &m.v30), (3, &m.v31), (4, &m.v4)]);
        let best = scores
            .filter_map(|(g, b)| Some((g, b.as_ref()?.base?)))
            .max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let meta = &raw.cve_metadata;
        let version = if meta.date_updated.is_blank() { &meta.date_published } else { &meta.date_updated };
        Ok(Cve {
            id,
            version: version.as_str().to_owned(),
            state: meta.state.as_str().to_owned(),
            title: raw.containers.cna.as_ref().map(|c| c.title.as_str().to_owned()).unwrap_or_default(),
            exploitation,
            kev_added,
            cvss: best.map(|(_, base)| base),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exploitation_is_read_whatever_its_case() {
        let record = br#"{"dataType":"CVE_RECORD","dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2024-1","state":"PUBLISHED","datePublished":"2024-01-01"},
          "containers":{"cna":{"title":"T","metrics":[{"cvssV3_1":{"baseScore":9.8}},{"cvssV4_0":{"baseScore":8.7}}]},
          "adp":[{"metrics":[{"other":{"type":"ssvc","content":{"options":[{"Exploitation":"none"},{"exploitation":"Active"}]}}},
          {"other":{"type":"kev","content":{"dateAdded":"2024-02-03"}}}]}]}}"#;
        let cve = Cve::read(record).unwrap();
        assert_eq!(cve.exploitation.as_deref(), Some("active"));
        assert_eq!(
            (cve.kev_added.as_deref(), cve.cvss, cve.version.as_str()),
            (Some("2024-02-03"), Some(8.7), "2024-01-01")
        );
        assert_eq!(Cve::read(b"{}").map_err(|f| f.rule), Err("cve-version"));
    }
}
