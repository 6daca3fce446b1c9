//! The industrial advisories, CVE records, catalogues and SBOMs.

use std::collections::BTreeMap;
use std::time::Instant;

use product::csaf::Advisory;
use product::version::{Class, parse_range};
use product::{cve, cyclonedx, kev, spdx};

use crate::{files, shared};

#[test]
fn every_advisory_reads_and_nine_ranges_in_ten_are_decided() {
    let Some(folder) = shared("advisories", "csaf") else { return };
    let documents: Vec<Vec<u8>> = files(&folder).iter().map(|f| std::fs::read(f).expect("readable")).collect();
    let bytes: usize = documents.iter().map(Vec::len).sum();
    let start = Instant::now();
    let advisories: Vec<Advisory> = documents.iter().map(|d| Advisory::read(d).expect("an advisory")).collect();
    let took = start.elapsed();
    let leaves: usize = advisories.iter().map(|a| a.leaves.len()).sum();
    let vulnerabilities: usize = advisories.iter().map(|a| a.vulnerabilities.len()).sum();
    eprintln!("read {} advisories, {:.1} MB, in {took:?}", advisories.len(), bytes as f64 / 1e6);
    assert_eq!((advisories.len(), leaves, vulnerabilities), (2216, 14340, 7522));
    assert_eq!(advisories.iter().filter(|a| a.warnings.iter().any(|w| w.contains("defined twice"))).count(), 0);

    let mut classes: BTreeMap<Class, (usize, usize)> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    let mut distinct: BTreeMap<String, usize> = BTreeMap::new();
    for range in range_leaves(&documents) {
        *distinct.entry(range).or_default() += 1;
    }
    for (text, count) in &distinct {
        let range = parse_range(text);
        let class = classes.entry(range.class).or_default();
        *class = (class.0 + count, class.1 + 1);
        if let Some(why) = range.undecided {
            let reason = reasons.entry(why).or_insert((0, text.clone()));
            reason.0 += count;
        }
    }
    let all: usize = distinct.values().sum();
    for (class, (leaves, distinct)) in &classes {
        eprintln!(
            "{:<20} {leaves:>6} leaves {:>5.1} %  {distinct:>5} distinct",
            class.to_string(),
            *leaves as f64 * 100.0 / all as f64
        );
    }
    for (why, (count, example)) in &reasons {
        eprintln!("  undecided {count:>4}  {why}, as `{example}`");
    }
    assert_eq!((all, distinct.len()), (12_246, 3_266));
    let undecided = classes.get(&Class::Undecided).map_or(0, |c| c.0);
    assert!((all - undecided) * 10 >= all * 9, "{undecided} of {all} ranges are undecided");
}

/// The names of all branches that are version ranges.
fn range_leaves(documents: &[Vec<u8>]) -> Vec<String> {
    fn walk(branches: &serde_json::Value, out: &mut Vec<String>) {
        for branch in branches.as_array().into_iter().flatten() {
            if branch["category"] == "product_version_range" {
                out.extend(branch["name"].as_str().map(str::to_owned));
            }
            walk(&branch["branches"], out);
        }
    }
    let mut out = Vec::new();
    for document in documents {
        let value: serde_json::Value = serde_json::from_slice(document).unwrap_or_default();
        walk(&value["product_tree"]["branches"], &mut out);
    }
    out
}

#[test]
fn sectors_and_areas_of_the_advisories_are_understood() {
    let Some(folder) = shared("sectors and areas", "csaf") else { return };
    let (mut sectors, mut areas, mut odd) = (0, 0, BTreeMap::<String, usize>::new());
    let mut all = 0;
    for file in files(&folder) {
        let advisory = Advisory::read(&std::fs::read(file).expect("readable")).expect("an advisory");
        all += 1;
        sectors += usize::from(advisory.sectors.any || !advisory.sectors.codes.is_empty());
        areas += usize::from(advisory.areas.worldwide || !advisory.areas.countries.is_empty());
        for unknown in advisory.sectors.unknown.iter().chain(&advisory.areas.unknown) {
            *odd.entry(unknown.clone()).or_default() += 1;
        }
    }
    eprintln!("of {all}: {sectors} with sectors, {areas} with areas; not recognised: {odd:?}");
    assert!(sectors >= 2000 && areas >= 2080, "{sectors} {areas}");
}

#[test]
fn every_cve_record_and_catalogue_reads() {
    let Some(folder) = shared("cve records", "cve") else { return };
    let mut with_decision = 0;
    for file in files(&folder) {
        let record = cve::Cve::read(&std::fs::read(&file).expect("readable"))
            .unwrap_or_else(|f| panic!("{}: {f}", file.display()));
        with_decision += usize::from(record.exploitation.is_some());
        assert!(record.exploitation.as_deref().is_none_or(|e| matches!(e, "none" | "poc" | "active")), "{record:?}");
    }
    eprintln!("{with_decision} records with an exploitation decision");
    assert!(with_decision > 1000);
    let Some(folder) = shared("catalogues", "kev") else { return };
    for (file, rows) in [("known_exploited_vulnerabilities.json", 1404), ("eukev.json", 43)] {
        let bytes = std::fs::read(folder.join(file)).expect("readable");
        let read = kev::read(&bytes).expect("a catalogue");
        assert_eq!(read.rows.iter().filter(|(_, _, entry)| entry.is_ok()).count(), rows, "{file}");
    }
}

#[test]
fn every_sbom_reads_or_is_refused_by_rule() {
    let Some(folder) = shared("sboms", "sbom") else { return };
    let (mut read, mut components, mut rules) = (0, 0, BTreeMap::<&str, usize>::new());
    for file in files(&folder) {
        let bytes = std::fs::read(&file).expect("readable");
        let text = String::from_utf8_lossy(&bytes);
        let spdx_form = text.contains("spdxVersion") || text.contains("SPDXVersion");
        match if spdx_form { spdx::read(&bytes) } else { cyclonedx::read(&bytes) } {
            Ok(sbom) => {
                read += 1;
                components += sbom.components.len();
            }
            Err(fault) => {
                if fault.rule.ends_with("malformed") {
                    eprintln!("{}: {fault}", file.display());
                }
                *rules.entry(fault.rule).or_default() += 1;
            }
        }
    }
    eprintln!("{read} SBOMs with {components} components; refused: {rules:?}");
    assert!(
        read >= 80 && !rules.contains_key("cyclonedx-malformed") && !rules.contains_key("spdx-malformed"),
        "{rules:?}"
    );
}
