//! The sample world's advisories, inventories and bills of materials, and the corpus of real advisories, through the stage.
use super::{all, document, lines, open};
use crate::import_inventory;
use ledger::testkit::{shared, sqlite};
use std::path::{Path, PathBuf};
use std::time::Instant;

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_sample_world_shows_its_exposures() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let store = sqlite();
    let ledger = open(&store);
    for file in files(&examples.join("inventory"), ".csv").iter().filter(|f| !f.to_string_lossy().contains("-202")) {
        let source = format!("csirt-{}", file.file_stem().unwrap().to_string_lossy());
        let bytes = std::fs::read(file).unwrap();
        let out = ledger.write(|tx| import_inventory(tx, &source, &bytes, false, "t")).unwrap();
        assert_eq!(out.refused, [], "{}", file.display());
    }
    for file in files(&examples.join("advisories"), ".json") {
        document(&ledger, "csaf", &file.display().to_string(), "local", None, &std::fs::read(file).unwrap());
    }
    let sbom = |form: &str, file: &str, source: &str, asset: &str| {
        document(&ledger, form, file, source, Some(asset), &std::fs::read(examples.join("sbom").join(file)).unwrap());
    };
    sbom("cyclonedx", "maas-delta-tos.cdx.json", "csirt-nl", "mdt-tos-01");
    sbom("spdx", "chaudiere-portal.spdx.json", "csirt-ca", "chd-portal-01");
    let (rows, coverage) = all(&ledger);
    let count = |what: &dyn Fn(&crate::ExposureRow) -> bool| rows.iter().filter(|r| what(r)).count();
    let told = lines(&ledger);
    for row in rows.iter().filter(|r| r.status == "review") {
        eprintln!("{} {}: {}", row.subject, row.vulnerability, row.reason);
    }
    eprintln!("{}", coverage.words());
    assert!(told.contains("asset lhw-fw-01 CVE-2024-23113 affected"), "the firewall at Cork");
    assert!(told.contains("asset lhw-fw-02 CVE-2024-23113 affected"), "with a v before its version");
    assert!(told.contains("asset lhw-fw-03 CVE-2024-23113 not_affected"), "the one that was updated");
    assert!(told.contains("asset mdt-tos-01 CVE-2023-46604 affected A purl"), "by its bill of materials");
    assert!(told.contains("asset chd-portal-01 CVE-2020-11023 affected A purl"), "by its bill of materials");
    assert!(count(&|r| r.status == "affected") >= 20, "{}", count(&|r| r.status == "affected"));
    let verified = ledger.verify(true).unwrap();
    assert!(verified.findings.is_empty(), "what is derived is what the log says: {:?}", verified.findings);
    ledger.rebuild().unwrap();
    assert_eq!(all(&ledger).0, rows);
}

#[test]
fn the_real_advisories_against_a_few_real_products() {
    let Some(data) = shared("the corpus of advisories through expose") else { return };
    let store = sqlite();
    let ledger = open(&store);
    let inventory = "asset,vendor,product,model,version\n\
        plc-1,Siemens AG,SIMATIC S7-1500 CPU 1515F-2 PN,6ES7515-2FM01-0AB0,V2.9.2\n\
        plc-2,Siemens,SIMATIC S7-1500 CPU 1515F-2 PN,6ES7 515-2FM01-0AB0,V2.9.7\n\
        switch-1,Siemens,SCALANCE XC208 (6GK5208-0BA00-2AC2),,V4.3\n\
        rtu-1,Hitachi Energy,RTU500 series CMU Firmware,,12.7.3\n\
        hmi-1,Delta Electronics,DIAEnergie,,1.9\n\
        odd-1,Siemens,SCALANCE XC208,,unknown\n\
        else-1,Nobody,Nothing,,1\n";
    ledger.write(|tx| import_inventory(tx, "s", inventory.as_bytes(), false, "t")).unwrap();
    let documents: Vec<Vec<u8>> =
        files(&data.join("csaf"), ".json").iter().map(|f| std::fs::read(f).unwrap()).collect();
    ledger
        .write(|tx| {
            for (i, body) in documents.iter().enumerate() {
                let meta = serde_json::json!({"form": "csaf", "id": i.to_string(), "tlp": "CLEAR", "source": "local", "by": "t"});
                tx.append(ledger::Draft::new("exchange.document", &meta)?.body(body))?;
            }
            Ok(())
        })
        .unwrap();
    let start = Instant::now();
    ledger.catch_up().unwrap();
    eprintln!("{} advisories folded and matched in {:?}", documents.len(), start.elapsed());
    let start = Instant::now();
    let (rows, coverage) = all(&ledger);
    eprintln!("listed {} rows in {:?}: {}", rows.len(), start.elapsed(), coverage.words());
    let of = |subject: &str, status: &str| rows.iter().filter(|r| r.subject == subject && r.status == status).count();
    for subject in ["plc-1", "plc-2", "switch-1", "rtu-1", "hmi-1", "odd-1", "else-1"] {
        let told: Vec<String> = ["affected", "not_affected", "fixed", "review", "disputed"]
            .iter()
            .map(|s| format!("{s} {}", of(subject, s)))
            .collect();
        eprintln!("{subject}: {}", told.join(", "));
    }
    assert!(of("plc-1", "affected") > of("plc-2", "affected"), "the older firmware has more");
    assert_eq!(
        (of("odd-1", "affected") > 0, of("odd-1", "not_affected")),
        (true, 0),
        "only what holds for all versions is certain"
    );
    assert_eq!(rows.iter().filter(|r| r.subject == "else-1").count(), 0);
    assert!(rows.iter().filter(|r| r.tier == "E").all(|r| r.status == "review"));
    let start = Instant::now();
    ledger.rebuild().unwrap();
    eprintln!("rebuilt in {:?}", start.elapsed());
    assert_eq!(all(&ledger).0, rows);
}
