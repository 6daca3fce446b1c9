//! The real data, on both engines: what is admitted, what goes to review, and that a rebuild gives the same tables.
use crate::harness::World;
use ledger::testkit::shared;
use serde_json::Value;
use std::path::Path;

/// Imports these parts of the shared data in one call.
fn import(world: &World, data: &Path, parts: &[&str]) -> Value {
    let paths: Vec<String> = parts.iter().map(|p| data.join(p).display().to_string()).collect();
    let mut args = vec!["import", "--format", "json"];
    args.extend(paths.iter().map(String::as_str));
    let said = world.run(&args);
    assert!(said.code <= 1, "{}{}", said.out, said.err);
    serde_json::from_str(&said.out).unwrap()
}

fn count(report: &Value, list: &str) -> usize {
    report[list].as_array().unwrap().len()
}

#[test]
fn the_real_import_and_its_rebuild() {
    let Some(data) = shared("the real import and its rebuild") else { return };
    for (engine, world) in World::on_each_engine() {
        let graph = ["infrastructure/real_nodes.csv.gz", "infrastructure/real_edges.csv.gz"];
        let parts = [&["kev", "csaf", "cve", "sbom"][..], &graph].concat();
        let report = import(&world, &data, &parts);
        let kinds: Vec<(&str, u64)> =
            ["csaf", "edges", "eukev", "kev", "nodes"].map(|k| (k, report["by_kind"][k].as_u64().unwrap())).to_vec();
        assert_eq!(
            kinds,
            [("csaf", 2216), ("edges", 169_948), ("eukev", 43), ("kev", 1404), ("nodes", 73_732)],
            "{engine}"
        );
        let other =
            report["refused"].as_array().unwrap().iter().find(|r| !r["rule"].as_str().unwrap().starts_with("sbom-"));
        assert_eq!(other, None, "{engine}: only forms of SBOM that are not read yet are refused");

        // Enterprise and ICS share 108 versions, of which 18 differ: these, and no others, are for a person.
        assert_eq!(import(&world, &data, &["stix/enterprise-attack.json"])["accepted"], 24_771, "{engine}");
        let ics = import(&world, &data, &["stix/ics-attack.json"]);
        assert_eq!(
            (count(&ics, "review"), ics["unchanged"].as_u64(), count(&ics, "refused")),
            (18, Some(90), 0),
            "{engine}"
        );

        // Importing again changes nothing and says so.
        let again =
            import(&world, &data, &[&parts[..], &["stix/enterprise-attack.json", "stix/ics-attack.json"]].concat());
        assert_eq!((again["accepted"].as_u64(), count(&again, "review")), (Some(0), 0), "{engine}");

        let deep = world.run(&["ledger", "verify", "--deep"]);
        assert_eq!(deep.code, 0, "{engine}: {}{}", deep.out, deep.err);
        world.ok(&["ledger", "rebuild"]);
        let deep = world.run(&["ledger", "verify", "--deep"]);
        assert_eq!(deep.code, 0, "{engine}: {}{}", deep.out, deep.err);
    }
}

#[test]
fn single_points_of_failure_of_the_real_graph() {
    let Some(data) = shared("single points of failure of the real graph") else { return };
    let world = World::new();
    import(&world, &data, &["infrastructure/real_nodes.csv.gz", "infrastructure/real_edges.csv.gz"]);
    let lines = |args: &[&str]| world.ok(&[&["depend", "spof", "--format", "jsonl"], args].concat()).lines().count();
    assert_eq!(lines(&[]), 447);
    let six = ["submarine-cable", "landing-point", "substation-bus", "chokepoint", "data-centre", "ixp"];
    assert_eq!(lines(&six.map(|kind| ["--kind", kind]).concat()), 142);
    let arcos: Value =
        serde_json::from_str(&world.ok(&["depend", "cascade", "--fail", "cable:arcos", "--format", "json"])).unwrap();
    let functions = arcos["functions"].as_array().unwrap();
    for country in ["BZ", "NI", "TC"] {
        assert!(functions.contains(&Value::from(format!("fn:intl-connectivity:{country}"))), "{country}");
    }
}

#[test]
fn without_inventory_the_answer_is_unknown_with_candidates_never_none() {
    let Some(data) = shared("without inventory the answer is unknown") else { return };
    let world = World::new();
    import(&world, &data, &["csaf/OT/white/2024"]);
    let rows: Vec<Value> = world
        .ok(&["exposure", "list", "--format", "jsonl"])
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(!rows.is_empty());
    for row in &rows {
        assert_eq!(
            (row["status"].as_str(), row["method"].as_str(), row["level"].as_str()),
            (Some("unknown"), Some("candidate"), Some("sector"))
        );
    }
    let today = world.run(&["exposure", "list", "--limit", "1"]);
    assert!(today.err.contains("nothing is known of 100 %"), "{}", today.err);
}
