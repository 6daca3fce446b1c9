//! Facts from what was received: sightings, listings of exploited vulnerabilities, what a document makes public, and that
//! something came in from somebody at all. Only the few fields a measure needs are read, out of the bytes as received.
use std::collections::{BTreeMap, BTreeSet};

use exchange::event::ObjectBrief;
use ledger::{Column, Event, Micros, Result, Tx};
use serde::Deserialize;

/// Rows of one run of events, written at its end.
#[derive(Default)]
pub(crate) struct Batch {
    kinds: BTreeMap<String, Micros>,
    /// (organisation, topic, day, evidence) → first entry.
    inbound: BTreeMap<(String, String, i64, String), (i64, Micros)>,
    listings: Vec<Listing>,
    sightings: Vec<Sighting>,
    names: Vec<Name>,
    publics: Vec<Public>,
}

struct Listing {
    idx: i64,
    source: String,
    vulnerability: String,
    by: Micros,
    known: Micros,
}

struct Sighting {
    idx: i64,
    id: String,
    of: String,
    from: Option<Micros>,
    by: Micros,
    places: String,
    revoked: bool,
    known: Micros,
}

struct Name {
    idx: i64,
    id: String,
    kind: &'static str,
    value: String,
    known: Micros,
}

struct Public {
    idx: i64,
    vulnerability: String,
    fix: bool,
    valid: Micros,
    known: Micros,
}

#[derive(Deserialize)]
struct DocumentMeta {
    form: String,
    id: String,
    tlp: Option<String>,
    source: String,
    released: Option<String>,
}

#[derive(Deserialize)]
struct TableMeta {
    source: Option<String>,
    org: Option<String>,
}

/// The fields of a STIX object that name a place, a vulnerability or a sighting (STIX 2.1 sections 4.5, 4.7, 4.18, 5.2).
#[derive(Deserialize)]
struct Body {
    name: Option<String>,
    country: Option<String>,
    created: Option<String>,
    first_seen: Option<String>,
    last_seen: Option<String>,
    sighting_of_ref: Option<String>,
    #[serde(default)]
    where_sighted_refs: Vec<String>,
    #[serde(default)]
    external_references: Vec<Reference>,
    #[serde(default)]
    revoked: bool,
}

#[derive(Deserialize)]
struct Reference {
    source_name: Option<String>,
    external_id: Option<String>,
}

/// The fields of a CSAF document that say what it makes public (CSAF 2.0 section 3.2.3).
#[derive(Deserialize)]
struct Csaf {
    #[serde(default)]
    vulnerabilities: Vec<CsafVulnerability>,
}

#[derive(Deserialize)]
struct CsafVulnerability {
    cve: Option<String>,
    #[serde(default)]
    ids: Vec<CsafId>,
    #[serde(default)]
    remediations: Vec<CsafRemediation>,
}

#[derive(Deserialize)]
struct CsafId {
    text: Option<String>,
}

#[derive(Deserialize)]
struct CsafRemediation {
    category: Option<String>,
}

/// A row of a catalogue of exploited vulnerabilities.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "cveID")]
    cve: Option<String>,
    #[serde(rename = "dateAdded")]
    added: Option<String>,
    #[serde(rename = "dateReported")]
    reported: Option<String>,
}

impl Batch {
    /// Notes when a kind was first seen.
    pub(crate) fn kind(&mut self, event: &Event) {
        if !self.kinds.contains_key(&event.kind) {
            self.kinds.insert(event.kind.clone(), event.known);
        }
    }

    /// Notes that something came in from `org`. Who is no known organisation is left out when facts are read.
    pub(crate) fn inbound(&mut self, event: &Event, org: &str, topic: &str, evidence: &str) {
        let day = event.known.day_number();
        let key = (org.to_owned(), topic.to_owned(), day, evidence.to_owned());
        self.inbound.entry(key).or_insert((event.index, event.known));
    }

    pub(crate) fn table(&mut self, event: &Event) -> Result<()> {
        let m: TableMeta = event.meta()?;
        // A signed answer is a statement with an artefact; a table is a statement.
        match (event.kind.as_str(), m.org, m.source) {
            ("expose.answer", Some(org), _) => self.inbound(event, &org, "inventory", "E2"),
            (_, _, Some(source)) => self.inbound(event, &source, "inventory", "E1"),
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn object(&mut self, event: &Event) -> Result<()> {
        if event.payload.is_none() {
            return Ok(());
        }
        let m: ObjectBrief<'_> = event.meta()?;
        self.inbound(event, &m.source, &m.kind, "E1");
        if !matches!(&*m.kind, "identity" | "location" | "vulnerability" | "sighting") {
            return Ok(());
        }
        // Admission has checked the object; what is unreadable here names nothing and is no fact.
        let Ok(body) = serde_json::from_slice::<Body>(event.body()) else { return Ok(()) };
        let id = m.id.into_owned();
        let mut name = |kind, value: Option<String>| {
            if let Some(value) = value {
                self.names.push(Name { idx: event.index, id: id.clone(), kind, value, known: event.known });
            }
        };
        match &*m.kind {
            "identity" => name("identity", body.name),
            "location" => name("country", body.country.map(|c| c.to_ascii_uppercase())),
            "vulnerability" => name("vulnerability", vulnerability(&body)),
            _ => self.sighting(event, id, body),
        }
        Ok(())
    }

    fn sighting(&mut self, event: &Event, id: String, body: Body) {
        let time = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<Micros>().ok());
        let from = time(&body.first_seen);
        // Without a first time the last one, or the making of the sighting, is an upper bound.
        let by = from.or_else(|| time(&body.last_seen)).or_else(|| time(&body.created));
        let (Some(of), Some(by)) = (body.sighting_of_ref, by) else { return };
        let places = body.where_sighted_refs.join(" ");
        let sighting =
            Sighting { idx: event.index, id, of, from, by, places, revoked: body.revoked, known: event.known };
        self.sightings.push(sighting);
    }

    pub(crate) fn document(&mut self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        let m: DocumentMeta = event.meta()?;
        self.inbound(event, &m.source, &m.form, "E1");
        if matches!(m.form.as_str(), "csaf" | "cve") {
            let sql = "INSERT INTO @fact_document (idx, source) VALUES ($1, $2)";
            tx.run(sql, &[event.index.into(), (&m.source).into()])?;
        }
        match m.form.as_str() {
            "kev" | "eukev" => self.listing(event, &m),
            "csaf" if is_public(&m) => {
                let Ok(csaf) = serde_json::from_slice::<Csaf>(event.body()) else { return Ok(()) };
                let at = released(event, &m);
                let mut seen = BTreeSet::new();
                for v in csaf.vulnerabilities {
                    let fix = v.remediations.iter().any(|r| r.category.as_deref() == Some("vendor_fix"));
                    let Some(id) = v.cve.or_else(|| v.ids.into_iter().find_map(|i| i.text)) else { continue };
                    if seen.insert(id.clone()) {
                        self.public(event, id, fix, at);
                    }
                }
            }
            "cve" if is_public(&m) => self.public(event, m.id.clone(), false, released(event, &m)),
            _ => {}
        }
        Ok(())
    }

    /// A catalogue's date says when it was listed: an upper bound of the first exploitation, and the flaw is public by then.
    fn listing(&mut self, event: &Event, m: &DocumentMeta) {
        let Ok(row) = serde_json::from_slice::<Row>(event.body()) else { return };
        let date = row.added.or(row.reported).map(|d| d.replace('/', "-"));
        let Some(by) = date.and_then(|d| d.parse::<Micros>().ok()) else { return };
        let vulnerability = row.cve.unwrap_or_else(|| m.id.clone());
        self.public(event, vulnerability.clone(), false, by);
        self.listings.push(Listing { idx: event.index, source: m.form.clone(), vulnerability, by, known: event.known });
    }

    fn public(&mut self, event: &Event, vulnerability: String, fix: bool, valid: Micros) {
        self.publics.push(Public { idx: event.index, vulnerability, fix, valid, known: event.known });
    }

    /// Writes the rows.
    pub(crate) fn write(self, tx: &mut Tx<'_>) -> Result<()> {
        for (kind, known) in &self.kinds {
            let sql = "INSERT INTO @fact_kind (kind, known) VALUES ($1, $2) ON CONFLICT (kind) DO NOTHING";
            tx.run(sql, &[kind.into(), (*known).into()])?;
        }
        if !self.inbound.is_empty() {
            let keys: Vec<_> = self.inbound.keys().collect();
            let columns = [
                Column::Text(keys.iter().map(|k| k.0.as_str()).collect()),
                Column::Text(keys.iter().map(|k| k.1.as_str()).collect()),
                Column::Int(keys.iter().map(|k| k.2).collect()),
                Column::Text(keys.iter().map(|k| k.3.as_str()).collect()),
                Column::Int(self.inbound.values().map(|v| v.0).collect()),
                Column::Int(self.inbound.values().map(|v| v.1.0).collect()),
            ];
            let insert = "INSERT INTO @fact_inbound (org, topic, day, evidence, idx, known)";
            tx.bulk(insert, &columns, "ON CONFLICT (org, topic, day, evidence) DO NOTHING")?;
        }
        self.write_exploitation(tx)?;
        self.write_names(tx)
    }

    fn write_exploitation(&self, tx: &mut Tx<'_>) -> Result<()> {
        if !self.listings.is_empty() {
            let rows = &self.listings;
            let columns = [
                Column::Int(rows.iter().map(|r| r.idx).collect()),
                Column::Text(rows.iter().map(|r| r.source.as_str()).collect()),
                Column::Text(rows.iter().map(|r| r.vulnerability.as_str()).collect()),
                Column::Int(rows.iter().map(|r| r.by.0).collect()),
                Column::Int(rows.iter().map(|r| r.known.0).collect()),
            ];
            tx.bulk("INSERT INTO @fact_listing (idx, source, vulnerability, by_at, known)", &columns, "")?;
        }
        if !self.sightings.is_empty() {
            let rows = &self.sightings;
            let columns = [
                Column::Int(rows.iter().map(|r| r.idx).collect()),
                Column::Text(rows.iter().map(|r| r.id.as_str()).collect()),
                Column::Text(rows.iter().map(|r| r.of.as_str()).collect()),
                Column::OptInt(rows.iter().map(|r| r.from.map(|t| t.0)).collect()),
                Column::Int(rows.iter().map(|r| r.by.0).collect()),
                Column::Text(rows.iter().map(|r| r.places.as_str()).collect()),
                Column::Int(rows.iter().map(|r| i64::from(r.revoked)).collect()),
                Column::Int(rows.iter().map(|r| r.known.0).collect()),
            ];
            let insert = "INSERT INTO @fact_sighting (idx, id, of_ref, from_at, by_at, places, revoked, known)";
            tx.bulk(insert, &columns, "")?;
        }
        Ok(())
    }

    fn write_names(&self, tx: &mut Tx<'_>) -> Result<()> {
        if !self.names.is_empty() {
            let rows = &self.names;
            let columns = [
                Column::Int(rows.iter().map(|r| r.idx).collect()),
                Column::Text(rows.iter().map(|r| r.id.as_str()).collect()),
                Column::Text(rows.iter().map(|r| r.kind).collect()),
                Column::Text(rows.iter().map(|r| r.value.as_str()).collect()),
                Column::Int(rows.iter().map(|r| r.known.0).collect()),
            ];
            tx.bulk("INSERT INTO @fact_name (idx, id, kind, value, known)", &columns, "")?;
        }
        if !self.publics.is_empty() {
            let rows = &self.publics;
            let columns = [
                Column::Int(rows.iter().map(|r| r.idx).collect()),
                Column::Text(rows.iter().map(|r| r.vulnerability.as_str()).collect()),
                Column::Int(rows.iter().map(|r| i64::from(r.fix)).collect()),
                Column::Int(rows.iter().map(|r| r.valid.0).collect()),
                Column::Int(rows.iter().map(|r| r.known.0).collect()),
            ];
            tx.bulk("INSERT INTO @fact_public (idx, vulnerability, fix, valid, known)", &columns, "")?;
        }
        Ok(())
    }
}

/// A vulnerability's own name: its CVE where a reference or its name gives one, else its name.
fn vulnerability(body: &Body) -> Option<String> {
    let cve = |r: &Reference| r.source_name.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("cve"));
    let reference = body.external_references.iter().find(|r| cve(r)).and_then(|r| r.external_id.clone());
    reference.or_else(|| body.name.clone())
}

/// Only what is marked CLEAR, or not at all, is public.
fn is_public(m: &DocumentMeta) -> bool {
    m.tlp.as_deref().is_none_or(|t| matches!(t.trim_start_matches("TLP:"), "CLEAR" | "WHITE"))
}

/// When a document became public: its own date, but never later than we had it.
fn released(event: &Event, m: &DocumentMeta) -> Micros {
    let own = m.released.as_deref().and_then(|t| t.parse::<Micros>().ok());
    own.unwrap_or(event.known).min(event.known)
}
