//! Advisories as tables: who says it, the products by vendor and package, the vulnerabilities, and where without any
//! inventory somebody may be exposed. The newest version of an advisory stands, in whatever order versions arrive; for whoever may
//! not read it, the newest that they may.
use crate::kinds::Level;
use ledger::{Column, Error, Event, Result, Tx};
use product::csaf::{Advisory, Leaf, Stated};
use product::matching::AffectedProduct;
use product::vendor::Aliases;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// The tables of this file.
pub(crate) const SCHEMA: &str = "
CREATE TABLE @advisory (adv {int} PRIMARY KEY, namespace {text} NOT NULL, id {text} NOT NULL, version {text} NOT NULL,
  title {text} NOT NULL, publisher {text} NOT NULL, category {text} NOT NULL, released {text} NOT NULL, tlp {int} NOT NULL,
  until {int}, collection {text} NOT NULL, known {int} NOT NULL);
CREATE UNIQUE INDEX @advisory_id ON @advisory (id, namespace, tlp);
CREATE TABLE @advisory_product (adv {int} NOT NULL, leaf {int} NOT NULL, vendor {text} NOT NULL, product {text} NOT NULL,
  name {text} NOT NULL, range_text {text}, models {text} NOT NULL, purl {text}, cpe {text}, narrowed {text} NOT NULL,
  context {text}, PRIMARY KEY (adv, leaf));
CREATE TABLE @advisory_vendor (vendor {text} NOT NULL, adv {int} NOT NULL, PRIMARY KEY (vendor, adv));
CREATE INDEX @advisory_vendor_adv ON @advisory_vendor (adv);
CREATE TABLE @advisory_purl (base {text} NOT NULL, adv {int} NOT NULL, PRIMARY KEY (base, adv));
CREATE INDEX @advisory_purl_adv ON @advisory_purl (adv);
CREATE TABLE @advisory_vuln (adv {int} NOT NULL, n {int} NOT NULL, vuln {text} NOT NULL, title {text} NOT NULL, score {int},
  stated {text} NOT NULL, fix {text} NOT NULL, PRIMARY KEY (adv, n));
CREATE INDEX @advisory_vuln_id ON @advisory_vuln (vuln, adv);
CREATE TABLE @advisory_earlier (adv {int} NOT NULL, vuln {text} NOT NULL, PRIMARY KEY (adv, vuln));
CREATE TABLE @candidate (adv {int} NOT NULL, subject {text} NOT NULL, country {text} NOT NULL, sector {text} NOT NULL,
  PRIMARY KEY (adv, subject));
CREATE INDEX @candidate_subject ON @candidate (subject, adv)";

/// An advisory as it is held, prepared for matching.
pub struct Prepared {
    /// Index of its event.
    pub adv: i64,
    /// Tracking id.
    pub id: String,
    /// Namespace of the publisher.
    pub namespace: String,
    /// Category of the publisher.
    pub category: String,
    /// When it was released, as written.
    pub released: String,
    /// Who may read it.
    pub marks: Marks,
    /// Its products.
    pub leaves: Vec<AffectedProduct>,
    /// Its vulnerabilities with what is stated of which leaves.
    pub vulnerabilities: BTreeMap<String, Vec<(Stated, usize)>>,
}

/// The marks at which something stands: for whoever may read `from`, unless they may also read `until`, where something else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Its own mark.
    pub from: Tlp,
    /// The least mark above at which another takes its place; none where none does.
    pub until: Option<Tlp>,
}

impl Marks {
    /// From stored ranks.
    pub fn of(from: i64, until: Option<i64>) -> Marks {
        Marks { from: Tlp::from_rank(from), until: until.map(Tlp::from_rank) }
    }

    /// The marks at which something changes: where it begins to stand, and where it ends.
    pub fn turns(self) -> impl Iterator<Item = Tlp> {
        [Some(self.from), self.until].into_iter().flatten()
    }

    /// Whether it stands for those for whom this is so of a mark. `may` never holds of a mark and not of a lesser one.
    pub fn seen(self, may: impl Fn(Tlp) -> bool) -> bool {
        may(self.from) && !self.until.is_some_and(may)
    }

    /// Whether it stands for those who may read up to this mark.
    pub fn at(self, mark: Tlp) -> bool {
        self.seen(|tlp| tlp <= mark)
    }
}

impl Prepared {
    /// Supplier, then coordinator, then all others (spec b.7).
    pub fn precedence(&self) -> u8 {
        match self.category.as_str() {
            "vendor" => 0,
            "coordinator" => 1,
            _ => 2,
        }
    }
}

/// Whether a document of version `a` released at `b` replaces one of version `c` released at `d`. A total order that does
/// not depend on which came first.
pub(crate) fn newer(a: (&str, &str), b: (&str, &str)) -> Ordering {
    fn key(version: &str) -> Vec<u64> {
        version.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect()
    }
    key(a.0).cmp(&key(b.0)).then_with(|| a.1.cmp(b.1)).then_with(|| a.0.cmp(b.0))
}

/// Folds a document.
pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event, tlp: i64, collection: &str) -> Result<()> {
    let advisory = Advisory::read(event.body()).map_err(|f| Error::park(f.rule, f.to_string()))?;
    if !makes_way(tx, event.index, &advisory, tlp)? {
        return Ok(());
    }
    tx.run(
        "INSERT INTO @advisory (adv, namespace, id, version, title, publisher, category, released, tlp, until, collection, known) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (SELECT min(tlp) FROM @advisory WHERE id = $3 AND namespace = $2 AND tlp > $9), $10, $11)",
        &[
            event.index.into(),
            (&advisory.namespace).into(),
            (&advisory.id).into(),
            (&advisory.version).into(),
            (&advisory.title).into(),
            (&advisory.publisher).into(),
            (&advisory.publisher_category).into(),
            (&advisory.released).into(),
            tlp.into(),
            collection.into(),
            event.known.into(),
        ],
    )?;
    // Those who may read this one read it instead of the one below.
    tx.run(
        "UPDATE @advisory SET until = $3 WHERE id = $1 AND namespace = $2 AND tlp < $3 AND (until IS NULL OR until > $3)",
        &[(&advisory.id).into(), (&advisory.namespace).into(), tlp.into()],
    )?;
    products(tx, event.index, &advisory)?;
    vulnerabilities(tx, event.index, &advisory)?;
    candidates(tx, event.index, &advisory)
}

/// Whether a version stands beside those that are held: not where whoever may read it has a newer one, or the same. The older ones that
/// only they could read go; what they spoke of is kept for whoever judges anew what they said.
fn makes_way(tx: &mut Tx<'_>, event: i64, advisory: &Advisory, tlp: i64) -> Result<bool> {
    let held = tx.all(
        "SELECT adv, version, released, tlp FROM @advisory WHERE id = $1 AND namespace = $2 ORDER BY tlp",
        &[(&advisory.id).into(), (&advisory.namespace).into()],
        |r| (r.int(0), r.text(1).to_owned(), r.text(2).to_owned(), r.int(3)),
    )?;
    let order = |version: &str, released: &str| newer((&advisory.version, &advisory.released), (version, released));
    if held.iter().any(|(_, version, released, mark)| *mark <= tlp && order(version, released) != Ordering::Greater) {
        return Ok(false);
    }
    for (adv, version, released, mark) in &held {
        if *mark < tlp || order(version, released) == Ordering::Less {
            continue;
        }
        tx.run(
            "INSERT INTO @advisory_earlier (adv, vuln) SELECT DISTINCT CAST($1 AS BIGINT), vuln FROM @advisory_vuln WHERE adv = $2 \
             ON CONFLICT (adv, vuln) DO NOTHING",
            &[event.into(), (*adv).into()],
        )?;
        for table in
            ["@advisory", "@advisory_product", "@advisory_vendor", "@advisory_purl", "@advisory_vuln", "@candidate"]
        {
            tx.run(&format!("DELETE FROM {table} WHERE adv = $1"), &[(*adv).into()])?;
        }
    }
    Ok(true)
}

const SEPARATOR: &str = "\u{1f}";

fn products(tx: &mut Tx<'_>, adv: i64, advisory: &Advisory) -> Result<()> {
    let leaves = &advisory.leaves;
    let models: Vec<String> = leaves.iter().map(|l| l.models.join(SEPARATOR)).collect();
    let narrowed: Vec<String> = leaves.iter().map(|l| l.narrowed_by.join(SEPARATOR)).collect();
    let count = leaves.len();
    tx.bulk(
        "INSERT INTO @advisory_product (adv, leaf, vendor, product, name, range_text, models, purl, cpe, narrowed, context)",
        &[
            Column::Int(vec![adv; count]),
            Column::Int((0_i64..).take(count).collect()),
            Column::Text(leaves.iter().map(|l| l.vendor.as_str()).collect()),
            Column::Text(leaves.iter().map(|l| l.product.as_str()).collect()),
            Column::Text(leaves.iter().map(|l| l.name.as_str()).collect()),
            Column::OptText(leaves.iter().map(|l| l.range.as_deref()).collect()),
            Column::Text(models.iter().map(String::as_str).collect()),
            Column::OptText(leaves.iter().map(|l| l.purl.as_deref()).collect()),
            Column::OptText(leaves.iter().map(|l| l.cpe.as_deref()).collect()),
            Column::Text(narrowed.iter().map(String::as_str).collect()),
            Column::OptText(leaves.iter().map(|l| l.context.as_deref()).collect()),
        ],
        "",
    )?;
    let names: BTreeSet<&str> = leaves.iter().map(|l| l.vendor.as_str()).collect();
    let vendors: BTreeSet<String> = names.into_iter().flat_map(|n| Aliases::shipped().keys(n)).collect();
    tx.bulk(
        "INSERT INTO @advisory_vendor (vendor, adv)",
        &[Column::Text(vendors.iter().map(String::as_str).collect()), Column::Int(vec![adv; vendors.len()])],
        "",
    )?;
    let purls = leaves.iter().filter_map(|l| product::purl::Purl::parse(l.purl.as_deref()?));
    let bases: BTreeSet<String> = purls.map(|p| p.base).collect();
    tx.bulk(
        "INSERT INTO @advisory_purl (base, adv)",
        &[Column::Text(bases.iter().map(String::as_str).collect()), Column::Int(vec![adv; bases.len()])],
        "",
    )?;
    Ok(())
}

fn vulnerabilities(tx: &mut Tx<'_>, adv: i64, advisory: &Advisory) -> Result<()> {
    let all = &advisory.vulnerabilities;
    let stated: Vec<String> = all.iter().map(|v| encode(&v.stated)).collect();
    let fix = |v: &product::csaf::Vulnerability| {
        let best = ["vendor_fix", "workaround", "mitigation", "no_fix_planned", "none_available"];
        let rank = |r: &&product::csaf::Remediation| best.iter().position(|b| *b == r.category).unwrap_or(best.len());
        v.remediations
            .iter()
            .min_by_key(rank)
            .map(|r| format!("{}: {}", r.category.replace('_', " "), r.details))
            .unwrap_or_default()
    };
    let fixes: Vec<String> = all.iter().map(fix).collect();
    tx.bulk(
        "INSERT INTO @advisory_vuln (adv, n, vuln, title, score, stated, fix)",
        &[
            Column::Int(vec![adv; all.len()]),
            Column::Int((0_i64..).take(all.len()).collect()),
            Column::Text(all.iter().map(|v| v.id.as_str()).collect()),
            Column::Text(all.iter().map(|v| v.title.as_str()).collect()),
            Column::OptInt(all.iter().map(|v| v.cvss.as_ref().map(|s| tenths(s.base))).collect()),
            Column::Text(stated.iter().map(String::as_str).collect()),
            Column::Text(fixes.iter().map(String::as_str).collect()),
        ],
        "",
    )?;
    Ok(())
}

/// A CVSS base score in tenths, 0 to 100.
pub(crate) fn tenths(score: f64) -> i64 {
    // In range by construction of the readers; the cast cannot lose anything else.
    (score.clamp(0.0, 10.0) * 10.0).round() as i64
}

/// Without any inventory the advisory itself says where somebody may be exposed: sectors and areas of deployment.
fn candidates(tx: &mut Tx<'_>, adv: i64, advisory: &Advisory) -> Result<()> {
    let any = vec!["*"];
    let affected = advisory.vulnerabilities.iter().any(|v| v.stated.contains_key(&Stated::Affected));
    if !affected {
        return Ok(());
    }
    // "Worldwide" and silence alike mean: any country; "Multiple" and silence: any sector.
    let countries =
        if advisory.areas.worldwide || advisory.areas.countries.is_empty() { &any } else { &advisory.areas.countries };
    let sectors =
        if advisory.sectors.any || advisory.sectors.codes.is_empty() { &any } else { &advisory.sectors.codes };
    let pairs: Vec<(&str, &str)> = countries.iter().flat_map(|c| sectors.iter().map(move |s| (*c, *s))).collect();
    let subjects: Vec<String> = pairs.iter().map(|(c, s)| format!("{c}:{s}")).collect();
    tx.bulk(
        "INSERT INTO @candidate (adv, subject, country, sector)",
        &[
            Column::Int(vec![adv; pairs.len()]),
            Column::Text(subjects.iter().map(String::as_str).collect()),
            Column::Text(pairs.iter().map(|(c, _)| *c).collect()),
            Column::Text(pairs.iter().map(|(_, s)| *s).collect()),
        ],
        "",
    )?;
    Ok(())
}

/// `a0-12,15;f13`: which leaves each statement is about.
fn encode(stated: &BTreeMap<Stated, Vec<usize>>) -> String {
    let mut out = String::new();
    for (group, leaves) in stated {
        if !out.is_empty() {
            out.push(';');
        }
        out.push(group.letter());
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for leaf in leaves {
            match runs.last_mut() {
                Some((_, end)) if *end + 1 == *leaf => *end = *leaf,
                _ => runs.push((*leaf, *leaf)),
            }
        }
        let words: Vec<String> =
            runs.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") }).collect();
        out.push_str(&words.join(","));
    }
    out
}

pub(crate) fn decode(text: &str) -> Vec<(Stated, usize)> {
    let mut out = Vec::new();
    for group in text.split(';') {
        let mut chars = group.chars();
        let Some(stated) = chars.next().and_then(Stated::from_letter) else { continue };
        for run in chars.as_str().split(',') {
            let (first, last) = run.split_once('-').unwrap_or((run, run));
            if let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) {
                out.extend((first..=last).map(|leaf| (stated, leaf)));
            }
        }
    }
    out
}

/// Loads the leaves of an advisory as they were read.
pub(crate) fn leaves(tx: &mut Tx<'_>, adv: i64) -> Result<Vec<Leaf>> {
    let list = |text: &str| text.split(SEPARATOR).filter(|t| !t.is_empty()).map(str::to_owned).collect();
    tx.all(
        "SELECT vendor, product, name, range_text, models, purl, cpe, narrowed, context FROM @advisory_product WHERE adv = $1 ORDER BY leaf",
        &[adv.into()],
        |r| Leaf {
            id: String::new(),
            vendor: r.text(0).to_owned(),
            product: r.text(1).to_owned(),
            name: r.text(2).to_owned(),
            range: r.opt_text(3).map(str::to_owned),
            models: list(r.text(4)),
            purl: r.opt_text(5).map(str::to_owned),
            cpe: r.opt_text(6).map(str::to_owned),
            narrowed_by: list(r.text(7)),
            context: r.opt_text(8).map(str::to_owned),
        },
    )
}

/// Loads an advisory for matching; `None` where this version is not the one that stands.
pub(crate) fn prepare(tx: &mut Tx<'_>, adv: i64) -> Result<Option<Prepared>> {
    let sql = "SELECT id, namespace, category, released, tlp, until FROM @advisory WHERE adv = $1";
    let head = tx
        .one(sql, &[adv.into()], |r| ([0, 1, 2, 3].map(|i| r.text(i).to_owned()), Marks::of(r.int(4), r.opt_int(5))))?;
    let Some(([id, namespace, category, released], marks)) = head else { return Ok(None) };
    let leaves = leaves(tx, adv)?.iter().map(|leaf| AffectedProduct::of(leaf, Aliases::shipped())).collect();
    let mut vulnerabilities: BTreeMap<String, Vec<(Stated, usize)>> = BTreeMap::new();
    tx.each("SELECT vuln, stated FROM @advisory_vuln WHERE adv = $1 ORDER BY n", &[adv.into()], &mut |r| {
        vulnerabilities.entry(r.text(0).to_owned()).or_default().extend(decode(r.text(1)));
        Ok(())
    })?;
    Ok(Some(Prepared { adv, id, namespace, category, released, marks, leaves, vulnerabilities }))
}

/// Advisories that name one of these vendors or packages.
pub(crate) fn about(tx: &mut Tx<'_>, vendor: Option<&str>, bases: &BTreeSet<String>) -> Result<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    if let Some(vendor) = vendor {
        found.extend(tx.all(
            "SELECT adv FROM @advisory_vendor WHERE vendor = $1 ORDER BY adv",
            &[vendor.into()],
            |r| r.int(0),
        )?);
    }
    for base in bases {
        found.extend(
            tx.all("SELECT adv FROM @advisory_purl WHERE base = $1 ORDER BY adv", &[base.into()], |r| r.int(0))?,
        );
    }
    Ok(found)
}

/// Advisories that speak of a vulnerability.
pub(crate) fn speaking_of(tx: &mut Tx<'_>, vulnerability: &str) -> Result<Vec<i64>> {
    tx.all("SELECT DISTINCT adv FROM @advisory_vuln WHERE vuln = $1 ORDER BY adv", &[vulnerability.into()], |r| {
        r.int(0)
    })
}

/// The vulnerabilities of which other versions of a document speak: those whose place it took, and those that stand beside it. None for the
/// first that is held.
pub(crate) const BY_OTHER_VERSIONS: &str = "SELECT vuln FROM @advisory_earlier WHERE adv = $1 \
     UNION SELECT v.vuln FROM @advisory a JOIN @advisory b ON b.id = a.id AND b.namespace = a.namespace AND b.adv <> a.adv \
     JOIN @advisory_vuln v ON v.adv = b.adv WHERE a.adv = $1";

/// The least mark under which a document is held by its id; the strictest where it is not.
pub(crate) fn least_mark(tx: &mut Tx<'_>, id: &str) -> Result<i64> {
    let least = tx.one("SELECT min(tlp) FROM @advisory WHERE id = $1", &[id.into()], |r| r.opt_int(0))?;
    Ok(least.flatten().unwrap_or(Tlp::Red.rank()))
}

/// The level at which candidates stand.
pub(crate) const CANDIDATE_LEVEL: Level = Level::Sector;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_kept_as_runs() {
        let stated = BTreeMap::from([(Stated::Affected, vec![0, 1, 2, 5]), (Stated::Fixed, vec![7])]);
        assert_eq!(encode(&stated), "a0-2,5;f7");
        let flat: Vec<(Stated, usize)> = stated.iter().flat_map(|(s, l)| l.iter().map(|l| (*s, *l))).collect();
        assert_eq!(decode("a0-2,5;f7"), flat);
        assert_eq!(decode(""), []);
    }

    #[test]
    fn the_newest_version_stands_in_any_order() {
        assert_eq!(newer(("10", "x"), ("9", "y")), Ordering::Greater);
        assert_eq!(newer(("1.2.0", "x"), ("1.10.0", "x")), Ordering::Less);
        assert_eq!(newer(("1", "2024-02-01"), ("1", "2024-01-01")), Ordering::Greater);
        assert_eq!(newer(("1", "x"), ("1", "x")), Ordering::Equal);
    }
}
