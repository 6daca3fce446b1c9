//! The published vectors for versions and package URLs.

use product::purl::{Purl, compare};
use product::version::Compared;

use crate::{files, shared};

/// OSV's comparison lists: `a < b` a line. A wrong answer fails; an unknown is counted.
#[test]
fn ecosystem_orders_are_never_wrong() {
    let Some(folder) = shared("version order", "versions/osv-scalibr/testdata") else { return };
    for (file, ty, decided_min) in [
        ("semver-versions.txt", "npm", 0.9),
        ("pypi-versions.txt", "pypi", 0.6),
        ("pypi-versions-generated.txt", "pypi", 0.9),
        ("debian-versions.txt", "deb", 1.0),
        ("debian-versions-generated.txt", "deb", 1.0),
        ("redhat-versions.txt", "rpm", 0.95),
    ] {
        let text = std::fs::read_to_string(folder.join(file)).expect("readable");
        let (mut right, mut wrong, mut unknown) = (0, Vec::new(), 0);
        for line in text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with(['#', '/'])) {
            let mut words = line.split_whitespace();
            let (Some(a), Some(sign), Some(b)) = (words.next(), words.next(), words.next()) else { continue };
            let want = match sign {
                "<" => Compared::Less,
                ">" => Compared::Greater,
                _ => Compared::Equal,
            };
            match compare(ty, a, b) {
                got if got == want => right += 1,
                Compared::Unknown(_) => unknown += 1,
                got => wrong.push(format!("{line}: {got:?}")),
            }
        }
        let all = right + unknown + wrong.len();
        eprintln!("{file}: {right} right, {unknown} unknown, {} wrong", wrong.len());
        assert!(wrong.is_empty(), "{file}: {}", wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n"));
        assert!(right as f64 >= decided_min * all as f64, "{file}: {right} of {all}");
    }
}

/// The generic order stands in for Maven and others: there it may be unknown, and is wrong on two known oddities alone.
#[test]
fn the_generic_order_on_other_ecosystems() {
    let Some(folder) = shared("generic order", "versions/osv-scalibr/testdata") else { return };
    for (file, ty) in [
        ("maven-versions.txt", "maven"),
        ("nuget-versions.txt", "nuget"),
        ("packagist-versions.txt", "composer"),
        ("rubygems-versions.txt", "gem"),
    ] {
        let text = std::fs::read_to_string(folder.join(file)).expect("readable");
        let (mut right, mut wrong, mut unknown) = (0, Vec::new(), 0);
        for line in text.lines().filter(|l| !l.starts_with(['#', '/'])) {
            let mut words = line.split_whitespace();
            let (Some(a), Some(sign), Some(b)) = (words.next(), words.next(), words.next()) else { continue };
            let want = match sign {
                "<" => Compared::Less,
                ">" => Compared::Greater,
                _ => Compared::Equal,
            };
            match compare(ty, a, b) {
                got if got == want => right += 1,
                Compared::Unknown(_) => unknown += 1,
                _ => wrong.push(line),
            }
        }
        eprintln!("{file}: {right} right, {unknown} unknown, {} wrong", wrong.len());
        let odd = ["1-1.foo-bar-1-baz-0.1 = 1-1.foo-bar1baz-.1", "1.0.0 > 1.0"];
        assert!(wrong.iter().all(|line| odd.contains(line)), "{file}: {wrong:?}");
        assert!(right >= 15, "{file}: {right}");
    }
}

#[test]
fn package_urls_of_the_specification_parse() {
    let Some(folder) = shared("package urls", "purl/tests") else { return };
    let (mut right, mut wrong) = (0, Vec::new());
    for file in files(&folder).iter().filter(|f| f.extension().is_some_and(|e| e == "json")) {
        let value: serde_json::Value = serde_json::from_slice(&std::fs::read(file).expect("readable")).expect("JSON");
        for test in value["tests"].as_array().into_iter().flatten().filter(|t| t["test_type"] == "parse") {
            let Some(input) = test["input"].as_str() else { continue };
            let fails = test["expected_failure"] == true;
            if Purl::parse(input).is_none() == fails { right += 1 } else { wrong.push(input.to_owned()) }
        }
    }
    eprintln!("package urls: {right} right, {} wrong: {wrong:?}", wrong.len());
    assert!(right >= 180 && wrong.len() * 10 <= right, "{right} right, {} wrong", wrong.len());
}
