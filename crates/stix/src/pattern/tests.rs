//! Tests of patterns: the grammar, what matches, and the laws between the two.

mod generate;
mod grammar;
mod laws;
mod matching;

use super::parse;
use serde_json::Value;
use std::path::PathBuf;

/// The shared data's folder, or `None`, said on standard error, where it is absent.
fn shared(test: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("MAINSTAY_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let data = folder.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("SKIPPED (no shared data): {test}");
    None
}

#[test]
fn the_examples_of_the_standard() {
    let Some(data) = shared("the_examples_of_the_standard") else { return };
    let text = std::fs::read_to_string(data.join("stix/stix-pattern-spec-examples-v21.txt")).unwrap();
    let examples: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(examples.len() >= 20, "{} examples", examples.len());
    for example in examples {
        let pattern = parse(example).unwrap_or_else(|fault| panic!("{example}\n{fault}"));
        assert_eq!(parse(&pattern.to_string()), Ok(pattern), "{example}");
    }
}

#[test]
fn the_indicators_of_the_published_bundles() {
    let Some(data) = shared("the_indicators_of_the_published_bundles") else { return };
    let (mut read, mut refused) = (0, Vec::new());
    for folder in ["stix", "stix/oasis-examples", "stix/oasis-examples/threat-reports"] {
        let mut files: Vec<_> = std::fs::read_dir(data.join(folder)).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "json")) {
            let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            let objects = document["objects"].as_array().or(document.as_array()).cloned().unwrap_or_default();
            for object in objects.iter().filter(|o| o["type"] == "indicator" && o["pattern_type"] == "stix") {
                match parse(object["pattern"].as_str().unwrap()) {
                    Ok(_) => read += 1,
                    Err(fault) => refused.push(format!("{} {} {fault}", file.display(), object["pattern"])),
                }
            }
        }
    }
    assert_eq!(refused, Vec::<String>::new());
    assert!(read >= 40, "{read}");
}
