//! What the sample's files say before anything is stored: every one of them can be read, the chain rests on what the story says,
//! and matching finds the mixture that it should.

use depend::cascade::{Failure, run};
use depend::facts::{Facts, plan};
use depend::graph::{Graph, Reading};
use product::csaf::Advisory;
use product::inventory::{self, Asset};
use product::matching::{AffectedProduct, Held, conclude, relate};
use product::vendor::Aliases;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn sample(below: &str) -> PathBuf {
    xtask::shell::root().join("examples").join(below)
}

#[track_caller]
fn bytes(below: &str) -> Vec<u8> {
    std::fs::read(sample(below)).unwrap()
}

fn folder(below: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(sample(below))
        .unwrap()
        .map(|e| format!("{below}/{}", e.unwrap().file_name().to_string_lossy()))
        .collect();
    names.sort();
    names
}

fn graph() -> Graph {
    let mut facts = Facts::default();
    for table in ["nodes", "edges", "groups", "members"] {
        let plan = plan(&mut facts, "sample", &bytes(&format!("infrastructure/{table}.csv")), false).unwrap();
        assert_eq!(plan.refused, [], "{table}");
    }
    Graph::build(&facts, Reading::AsGiven)
}

#[track_caller]
fn check_loss(node: &str, functions: &[&str]) {
    let graph = graph();
    let nodes = vec![graph.find(node).unwrap_or_else(|| panic!("no node {node}"))];
    let outcome = run(&graph, &Failure { nodes, ..Failure::default() });
    let lost: Vec<&str> = graph.keys(outcome.lost()).into_iter().filter(|k| k.starts_with("fn:us:")).collect();
    assert_eq!(lost, functions, "{node}");
}

#[test]
fn home_functions_rest_on_foreign_works() {
    check_loss("ie:lee-harbour-water:telemetry", &["fn:us:it-products", "fn:us:medical-care"]);
    check_loss("de:nidda-clearing:virtual", &["fn:us:payment"]);
    check_loss("pa:gatun-waterway:level-control", &["fn:us:supply-chains", "fn:us:vessel"]);
    check_loss("nl:maas-delta-terminals:tos", &[]);
}

fn assets() -> Vec<Asset> {
    let mut all = Vec::new();
    for name in folder("inventory").iter().filter(|n| !n.contains("-20")) {
        let table = inventory::read(&bytes(name)).unwrap();
        assert_eq!(table.faults, [], "{name}");
        all.extend(table.rows.into_iter().map(|(_, asset)| asset));
    }
    all
}

#[test]
fn every_inventory_reads_and_its_assets_stand_on_nodes() {
    let graph = graph();
    let assets = assets();
    assert_eq!(assets.len(), 300);
    for name in folder("inventory").iter().chain(&folder("at-home")) {
        for (line, asset) in inventory::read(&bytes(name)).unwrap().rows {
            assert!(graph.find(&asset.node).is_some(), "{name} line {line}: no node {}", asset.node);
        }
    }
}

#[test]
fn matching_finds_affected_fixed_and_doubtful_rows() {
    let aliases = Aliases::shipped();
    let held: Vec<Held> = assets().iter().map(|a| Held::of(a, aliases)).collect();
    let mut text = String::new();
    for name in folder("advisories") {
        let advisory = Advisory::read(&bytes(&name)).unwrap();
        assert!(advisory.warnings.is_empty(), "{name}: {:?}", advisory.warnings);
        let products: Vec<AffectedProduct> = advisory.leaves.iter().map(|l| AffectedProduct::of(l, aliases)).collect();
        for vulnerability in &advisory.vulnerabilities {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for held in &held {
                let found: Vec<_> = vulnerability
                    .stated
                    .iter()
                    .flat_map(|(stated, leaves)| {
                        leaves.iter().filter_map(|&i| relate(products.get(i)?, held).map(|f| (*stated, f)))
                    })
                    .collect();
                let findings: Vec<_> = found.iter().map(|(s, f)| (*s, f)).collect();
                if let Some(verdict) = conclude(&vulnerability.id, &findings) {
                    *counts.entry(verdict.status.as_str()).or_default() += 1;
                }
            }
            let counts: Vec<String> = counts.iter().map(|(status, n)| format!("{n} {status}")).collect();
            let said = if counts.is_empty() { "no asset of the tables".to_owned() } else { counts.join(", ") };
            text.push_str(&format!("{} {}: {said}\n", advisory.id, vulnerability.id));
        }
    }
    insta::assert_snapshot!(text, @r"
    EX-2020-001 CVE-2020-11023: no asset of the tables
    EX-2023-001 CVE-2023-6448: 2 affected, 3 fixed, 1 not_affected
    EX-2023-002 CVE-2023-46604: no asset of the tables
    EX-2024-001 CVE-2024-21916: 7 affected, 7 fixed, 3 not_affected
    EX-2024-002 CVE-2024-23113: 11 affected, 5 fixed, 15 not_affected, 8 review
    EX-2024-003 CVE-2022-2586: 6 affected, 8 fixed, 2 review
    EX-2024-004 CVE-2019-7256: 11 affected, 1 fixed, 2 review
    EX-2024-005 CVE-2024-3400: 9 affected
    EX-2024-006 CVE-2024-1531: 6 affected, 4 not_affected
    EX-2024-007 CVE-2024-32741: 6 affected, 3 fixed
    EX-2024-008 CVE-2024-36080: 16 affected
    EX-2024-009 CVE-2024-5650: 3 affected, 2 fixed, 2 not_affected
    EX-2024-010 CVE-2024-4885: 5 affected, 4 fixed, 2 review
    EX-2024-011 CVE-2024-40711: 3 affected, 9 fixed, 4 not_affected
    EX-2024-012 CVE-2024-38812: 7 affected, 1 fixed
    EX-2024-013 CVE-2024-8963: 3 affected
    EX-2024-014 CVE-2024-47575: 2 affected
    EX-2025-001 CVE-2024-55591: 5 affected, 30 not_affected, 4 review
    ");
}
