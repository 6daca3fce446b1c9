//! The inputs that the fuzz targets keep, run as ordinary tests: what was found once stays mended.
use std::path::PathBuf;

#[path = "../../../../fuzz/src/properties.rs"]
#[expect(clippy::expect_used, reason = "a property that does not hold is a failed test")]
#[allow(unexpected_cfgs, reason = "the feature is of the fuzz crate")]
#[expect(unreachable_pub, reason = "the fuzz targets are a crate of their own")]
mod properties;

#[test]
fn every_kept_input_holds() {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut run = 0;
    for target in ["stix", "pattern", "matching", "marking", "parameters"] {
        let property = properties::by_name(target).unwrap();
        let mut inputs: Vec<PathBuf> =
            std::fs::read_dir(corpus.join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{target}");
        for input in inputs {
            println!("{}", input.display());
            property(&std::fs::read(&input).unwrap());
            run += 1;
        }
    }
    assert!(run > 50, "{run}");
    assert!(properties::by_name("nothing").is_none());
}
