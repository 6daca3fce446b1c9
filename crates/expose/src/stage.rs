//! The stage: which events it folds, and what it appends when an advisory meets an inventory or an inventory an advisory.
//!
//! A pair of a subject and an advisory is judged by the later of the two events, when both are folded; what is judged depends
//! only on what is held then. So the order of arrival does not matter.
use crate::changed::{self, compare, record};
use crate::judge::{Bench, Compared, Subject};
use crate::kinds::{ANSWER, CHANGED, Change, INVENTORY, InventoryMeta, Level, RULES};
use crate::{advisory, exploited, home, inventory, sbom};
use ledger::{Event, Result, Stage, Tx};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use stix::Tlp;

/// The fourth turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expose;

/// What is needed of the meta of a document.
#[derive(Deserialize)]
struct DocumentMeta {
    form: String,
    id: String,
    tlp: String,
    source: String,
    #[serde(default)]
    collection: String,
    #[serde(default)]
    asset: Option<String>,
}

/// What is needed of the meta of an object.
#[derive(Deserialize)]
struct ObjectMeta {
    #[serde(rename = "type")]
    kind: String,
}

const DOCUMENT: &str = "exchange.document";
const OBJECT: &str = "exchange.object";

static SCHEMA: LazyLock<String> = LazyLock::new(|| {
    [advisory::SCHEMA, inventory::SCHEMA, sbom::SCHEMA, exploited::SCHEMA, changed::SCHEMA, home::SCHEMA].join(";\n")
});

impl Stage for Expose {
    fn name(&self) -> &'static str {
        "expose"
    }

    fn schema(&self) -> &'static str {
        &SCHEMA
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[DOCUMENT, OBJECT, "expose."]
    }

    fn remnants(&self, kind: &str) -> bool {
        kind == CHANGED
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        match event.kind.as_str() {
            OBJECT => exploited::fold_object(tx, event, &event.meta::<ObjectMeta>()?.kind),
            DOCUMENT => fold_document(tx, event),
            INVENTORY => inventory::fold(tx, event),
            CHANGED => changed::fold(tx, event),
            ANSWER => home::fold(tx, event),
            RULES => home::fold_rules(tx, event),
            _ => Ok(()),
        }
    }

    fn react(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        match event.kind.as_str() {
            DOCUMENT => match event.meta::<DocumentMeta>()?.form.as_str() {
                "csaf" => on_advisory(tx, event.index),
                "cyclonedx" | "spdx" => on_sbom(tx, event.index),
                _ => Ok(()),
            },
            INVENTORY => on_inventory(tx, event),
            ANSWER => home::react(tx, event),
            _ => Ok(()),
        }
    }
}

fn fold_document(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: DocumentMeta = event.meta()?;
    // A mark that cannot be read counts as the strictest.
    let tlp = meta.tlp.parse().unwrap_or(Tlp::Red);
    match meta.form.as_str() {
        "csaf" => advisory::fold(tx, event, tlp.rank(), &meta.collection),
        "cyclonedx" | "spdx" => sbom::fold(tx, event, &meta.form, &meta.source, &meta.id, meta.asset.as_deref()),
        "kev" | "eukev" => exploited::fold_row(tx, event, &meta.form),
        "cve" => exploited::fold_cve(tx, event),
        _ => Ok(()),
    }
}

/// A new advisory meets all that is held already.
fn on_advisory(tx: &mut Tx<'_>, adv: i64) -> Result<()> {
    let mut keys = subjects_near(tx, adv)?;
    // What an older version of it said is judged anew as well, whether it decided or not.
    let decided = named_by(tx, adv)?;
    if keys.is_empty() && decided.is_empty() {
        return Ok(());
    }
    let mut bench = Bench::default();
    let Some(prepared) = bench.advisory(tx, adv)? else { return Ok(()) };
    let mut before: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for [source, subject, vuln] in decided {
        keys.insert((source.clone(), subject.clone()));
        before.entry((source, subject)).or_default().insert(vuln);
    }
    let mut by_owner: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    for (source, key) in keys {
        // A subject that changed after this advisory came is judged by its own event.
        let Some(subject) = Subject::load(tx, &source, &key)?.filter(|s| s.idx < adv) else { continue };
        let mut vulnerabilities = before.remove(&(source, key)).unwrap_or_default();
        if Compared::new(&subject).touches(tx, &prepared)? {
            vulnerabilities.extend(prepared.vulnerabilities.keys().cloned());
        }
        let changes = compare(tx, &mut bench, &subject, &vulnerabilities)?;
        by_owner.entry(subject.owner().to_owned()).or_default().extend(changes);
    }
    record(tx, adv, &format!("advisory {}", prepared.id), by_owner)
}

/// Source, subject and vulnerability of what stands and names a document by another version of it, as the deciding one or beside.
fn named_by(tx: &mut Tx<'_>, adv: i64) -> Result<BTreeSet<[String; 3]>> {
    let sql = format!(
        "SELECT e.source, e.subject, e.vuln, e.advisory, e.also, a.id FROM ({}) w JOIN @exposure e ON e.vuln = w.vuln \
         JOIN @advisory a ON a.adv = $1 WHERE e.level = 'asset' AND e.status IS NOT NULL \
         ORDER BY e.source, e.subject, e.vuln, e.seen_from",
        advisory::BY_OTHER_VERSIONS
    );
    let mut found = BTreeSet::new();
    tx.each(&sql, &[adv.into()], &mut |r| {
        if r.text(3) == r.text(5) || r.text(4).split(';').any(|also| also == r.text(5)) {
            found.insert([0, 1, 2].map(|i| r.text(i).to_owned()));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Subjects that share a vendor or a package with an advisory.
pub(crate) fn subjects_near(tx: &mut Tx<'_>, adv: i64) -> Result<BTreeSet<(String, String)>> {
    let mut keys = BTreeSet::new();
    for sql in [
        "SELECT a.source, a.asset FROM @advisory_vendor v JOIN @asset a ON a.vendor_key = v.vendor WHERE v.adv = $1 ORDER BY a.source, a.asset",
        "SELECT a.source, a.asset FROM @advisory_purl p JOIN @asset a ON a.purl_base = p.base WHERE p.adv = $1 ORDER BY a.source, a.asset",
        "SELECT DISTINCT s.source, s.subject FROM @advisory_purl p JOIN @component c ON c.base = p.base JOIN @sbom s ON s.doc = c.doc \
         WHERE p.adv = $1 ORDER BY s.source, s.subject",
    ] {
        keys.extend(tx.all(sql, &[adv.into()], |r| (r.text(0).to_owned(), r.text(1).to_owned()))?);
    }
    Ok(keys)
}

/// New and changed assets meet all advisories.
fn on_inventory(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: InventoryMeta = event.meta()?;
    let mut bench = Bench::default();
    let mut by_owner: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    let changed = tx.all("SELECT asset FROM @asset WHERE idx = $1 ORDER BY asset", &[event.index.into()], |r| {
        r.text(0).to_owned()
    })?;
    for key in changed {
        judge_subject(tx, &mut bench, &meta.source, &key, &mut by_owner)?;
        bench.trim();
    }
    for key in &meta.removed {
        match Subject::load(tx, &meta.source, key)? {
            // Its bill of materials may still stand.
            Some(_) => judge_subject(tx, &mut bench, &meta.source, key, &mut by_owner)?,
            None => {
                for (owner, change) in all_gone(tx, &meta.source, key)? {
                    by_owner.entry(owner).or_default().push(change);
                }
            }
        }
    }
    record(tx, event.index, &format!("inventory of {}", meta.source), by_owner)
}

fn all_gone(tx: &mut Tx<'_>, source: &str, key: &str) -> Result<Vec<(String, Change)>> {
    let owner = tx.one(
        "SELECT owner FROM @exposure WHERE level = 'asset' AND source = $1 AND subject = $2 ORDER BY idx DESC, vuln LIMIT 1",
        &[source.into(), key.into()],
        |r| r.text(0).to_owned(),
    )?;
    let stands = changed::standing(tx, Level::Asset, source, key)?;
    let owner = owner.unwrap_or_else(|| source.to_owned());
    let ended = stands.values().flat_map(|marks| changed::ended(marks, "removed"));
    Ok(ended.map(|change| (owner.clone(), change)).collect())
}

fn on_sbom(tx: &mut Tx<'_>, doc: i64) -> Result<()> {
    let Some((source, key)) = sbom::subject_of(tx, doc)? else { return Ok(()) };
    let mut by_owner = BTreeMap::new();
    judge_subject(tx, &mut Bench::default(), &source, &key, &mut by_owner)?;
    record(tx, doc, &format!("bill of materials of {key}"), by_owner)
}

/// Judges one subject against all advisories that may concern it, and what stands of it already.
pub(crate) fn judge_subject(
    tx: &mut Tx<'_>,
    bench: &mut Bench,
    source: &str,
    key: &str,
    by_owner: &mut BTreeMap<String, Vec<Change>>,
) -> Result<()> {
    let Some(subject) = Subject::load(tx, source, key)? else { return Ok(()) };
    let mut bases = sbom::bases(tx, source, key)?;
    let row = subject.asset.as_ref();
    bases.extend(row.and_then(|a| product::purl::Purl::parse(&a.purl)).map(|p| p.base));
    let vendor = row.and_then(|a| product::vendor::Aliases::shipped().key(&a.vendor));
    let mut vulnerabilities: BTreeSet<String> = changed::standing(tx, Level::Asset, source, key)?.into_keys().collect();
    let mut compared = Compared::new(&subject);
    for adv in advisory::about(tx, vendor.as_deref(), &bases)? {
        let Some(prepared) = bench.advisory(tx, adv)? else { continue };
        if compared.touches(tx, &prepared)? {
            vulnerabilities.extend(prepared.vulnerabilities.keys().cloned());
        }
    }
    let changes = compare(tx, bench, &subject, &vulnerabilities)?;
    by_owner.entry(subject.owner().to_owned()).or_default().extend(changes);
    Ok(())
}
