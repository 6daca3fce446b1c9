//! Bills of materials: the components with package URLs of an asset, or of the document itself where no asset was named.
use crate::advisory::newer;
use ledger::{Column, Error, Event, Result, Tx};
use product::cyclonedx::Component;
use product::purl::Purl;
use product::{cyclonedx, spdx};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The tables of this file.
pub(crate) const SCHEMA: &str = "
CREATE TABLE @sbom (doc {int} PRIMARY KEY, source {text} NOT NULL, subject {text} NOT NULL, id {text} NOT NULL,
  version {text} NOT NULL, made {text} NOT NULL, name {text} NOT NULL, components {int} NOT NULL, without_purl {int} NOT NULL);
CREATE UNIQUE INDEX @sbom_id ON @sbom (id, source, subject);
CREATE INDEX @sbom_subject ON @sbom (source, subject, doc);
CREATE TABLE @component (doc {int} NOT NULL, n {int} NOT NULL, purl {text} NOT NULL, base {text} NOT NULL, name {text} NOT NULL,
  version {text} NOT NULL, PRIMARY KEY (doc, n));
CREATE INDEX @component_base ON @component (base, doc)";

/// Folds a document of either form.
pub(crate) fn fold(
    tx: &mut Tx<'_>,
    event: &Event,
    form: &str,
    source: &str,
    id: &str,
    asset: Option<&str>,
) -> Result<()> {
    let read = if form == "spdx" { spdx::read(event.body()) } else { cyclonedx::read(event.body()) };
    let sbom = read.map_err(|f| Error::park(f.rule, f.to_string()))?;
    let subject = asset.unwrap_or(id);
    let held = tx.one(
        "SELECT doc, version, made FROM @sbom WHERE id = $1 AND source = $2 AND subject = $3",
        &[id.into(), source.into(), subject.into()],
        |r| (r.int(0), r.text(1).to_owned(), r.text(2).to_owned()),
    )?;
    if let Some((doc, version, made)) = held {
        if newer((&sbom.version, &sbom.made), (&version, &made)) == Ordering::Less {
            return Ok(());
        }
        tx.run("DELETE FROM @sbom WHERE doc = $1", &[doc.into()])?;
        tx.run("DELETE FROM @component WHERE doc = $1", &[doc.into()])?;
    }
    let known: Vec<(&Component, Purl)> =
        sbom.components.iter().filter_map(|c| Some((c, Purl::parse(&c.purl)?))).collect();
    let without = sbom.without_purl + (sbom.components.len() - known.len());
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    tx.run(
        "INSERT INTO @sbom (doc, source, subject, id, version, made, name, components, without_purl) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            event.index.into(),
            source.into(),
            subject.into(),
            id.into(),
            (&sbom.version).into(),
            (&sbom.made).into(),
            (&sbom.subject).into(),
            count(known.len()).into(),
            count(without).into(),
        ],
    )?;
    tx.bulk(
        "INSERT INTO @component (doc, n, purl, base, name, version)",
        &[
            Column::Int(vec![event.index; known.len()]),
            Column::Int((0_i64..).take(known.len()).collect()),
            Column::Text(known.iter().map(|(c, _)| c.purl.as_str()).collect()),
            Column::Text(known.iter().map(|(_, p)| p.base.as_str()).collect()),
            Column::Text(known.iter().map(|(c, _)| c.name.as_str()).collect()),
            Column::Text(known.iter().map(|(c, _)| c.version.as_str()).collect()),
        ],
        "",
    )?;
    Ok(())
}

/// The subject of a document that stands, by its event.
pub(crate) fn subject_of(tx: &mut Tx<'_>, doc: i64) -> Result<Option<(String, String)>> {
    tx.one("SELECT source, subject FROM @sbom WHERE doc = $1", &[doc.into()], |r| {
        (r.text(0).to_owned(), r.text(1).to_owned())
    })
}

/// The newest event among the documents of a subject.
pub(crate) fn newest(tx: &mut Tx<'_>, source: &str, subject: &str) -> Result<Option<i64>> {
    let sql = "SELECT max(doc) FROM @sbom WHERE source = $1 AND subject = $2";
    Ok(tx.one(sql, &[source.into(), subject.into()], |r| r.opt_int(0))?.flatten())
}

/// The packages among a subject's components that advisories name.
pub(crate) fn bases(tx: &mut Tx<'_>, source: &str, subject: &str) -> Result<BTreeSet<String>> {
    let sql = "SELECT DISTINCT c.base FROM @sbom s JOIN @component c ON c.doc = s.doc JOIN @advisory_purl p ON p.base = c.base \
               WHERE s.source = $1 AND s.subject = $2 ORDER BY c.base";
    Ok(tx.all(sql, &[source.into(), subject.into()], |r| r.text(0).to_owned())?.into_iter().collect())
}

/// A subject's components that are one of the packages an advisory names.
pub(crate) fn components(tx: &mut Tx<'_>, source: &str, subject: &str, adv: i64) -> Result<Vec<Component>> {
    let sql = "SELECT c.purl, c.name, c.version FROM @sbom s JOIN @component c ON c.doc = s.doc JOIN @advisory_purl p ON p.base = c.base \
               WHERE s.source = $1 AND s.subject = $2 AND p.adv = $3 ORDER BY c.doc, c.n";
    tx.all(sql, &[source.into(), subject.into(), adv.into()], |r| Component {
        purl: r.text(0).to_owned(),
        name: r.text(1).to_owned(),
        version: r.text(2).to_owned(),
    })
}
