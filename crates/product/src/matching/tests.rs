//! The decision, as tables: what the advisory says, what the asset is, what follows.

use super::*;

fn leaf(vendor: &str, product: &str, range: &str) -> Leaf {
    Leaf {
        vendor: vendor.into(),
        product: product.into(),
        range: Some(range.to_owned()).filter(|r| !r.is_empty()),
        ..Leaf::default()
    }
}

fn asset(vendor: &str, product: &str, model: &str, version: &str) -> Asset {
    Asset {
        asset: "a".into(),
        vendor: vendor.into(),
        product: product.into(),
        model: model.into(),
        version: version.into(),
        ..Asset::default()
    }
}

fn say(verdict: Option<Verdict>) -> String {
    verdict.map_or_else(|| "nothing".to_owned(), |v| format!("{} {} {}", v.status, v.tier, v.method))
}

fn judge(leaves: &[(Stated, Leaf)], asset: &Asset) -> Option<Verdict> {
    let aliases = Aliases::shipped();
    let held = Held::of(asset, aliases);
    let findings: Vec<(Stated, Finding)> =
        leaves.iter().filter_map(|(s, l)| Some((*s, relate(&AffectedProduct::of(l, aliases), &held)?))).collect();
    let borrowed: Vec<(Stated, &Finding)> = findings.iter().map(|(s, f)| (*s, f)).collect();
    conclude("CVE-2024-1", &borrowed)
}

#[test]
fn one_product_and_one_asset() {
    #[track_caller]
    fn check(stated: (&str, &str, &str), own: (&str, &str, &str, &str), want: &str) {
        let verdict =
            judge(&[(Stated::Affected, leaf(stated.0, stated.1, stated.2))], &asset(own.0, own.1, own.2, own.3));
        assert_eq!(say(verdict.clone()), want, "{stated:?} {own:?} {verdict:?}");
    }
    let xc = ("Siemens", "SCALANCE XC208 (6GK5208-0BA00-2AC2)", "vers:all/<V4.4");
    check(xc, ("SIEMENS AG", "Scalance XC208", "6GK5208-0BA00-2AC2", "V4.3"), "affected C model");
    check(xc, ("Siemens", "", "6GK5 208-0BA00-2AC2", "4.3"), "affected C model");
    check(xc, ("Siemens", "SCALANCE XC208 (6GK5208-0BA00-2AC2)", "", "V4.4"), "not_affected C model");
    check(xc, ("Siemens", "SCALANCE XC208", "", "V4.3"), "affected D name");
    check(xc, ("Siemens", "Siemens SCALANCE XC208", "", "V5.0"), "not_affected D name");
    check(xc, ("Siemens", "SCALANCE", "XC208", "V4.3"), "affected D name");
    check(xc, ("Siemens", "SCALANCE XC208", "6GK5208-0GA00-2AC2", "V4.3"), "nothing");
    check(xc, ("Siemens", "SCALANCE XC208", "", ""), "review E name");
    check(xc, ("Siemens", "SCALANCE XC208", "", "fw from 2021"), "review E name");
    check(xc, ("Siemens", "SCALANCE XC208 G", "", "V4.3"), "review E name");
    check(xc, ("Siemens", "SCALANCE XC208 G", "", "V4.4"), "nothing");
    check(xc, ("Siemens", "SCALANCE", "", "V4.3"), "nothing");
    check(xc, ("Moxa", "SCALANCE XC208", "", "V4.3"), "nothing");
    check(xc, ("", "SCALANCE XC208", "", "V4.3"), "review E name");
    check(
        ("ICONICS, Mitsubishi Electric", "GENESIS64", "<= 10.97"),
        ("Mitsubishi Electric Corporation", "Genesis64", "", "10.96"),
        "affected D name",
    );
    check(("Acme", "Pump", "All versions in default configuration"), ("Acme", "Pump", "", "1"), "review E name");
    check(("Acme", "Pump", ""), ("Acme", "Pump", "", "1"), "review E name");
    check(("Acme", "Pump", "vers:all/*"), ("Acme Inc.", "PUMP", "", ""), "affected D name");
    check(("Acme", "Pump (incl. variants)", "< 2"), ("Acme", "pump", "", "1.5"), "affected D name");
    check(("Acme", "Pump", "<= 1.14"), ("Acme", "pump", "", "1.9"), "review E name");
    check(("Acme", "Pump", "< 2 (CVE-2023-9 only)"), ("Acme", "pump", "", "1"), "nothing");
    check(("Acme", "Pump", "< 2 (CVE-2024-1 only)"), ("Acme", "pump", "", "1"), "affected D name");
}

#[test]
fn several_products_of_one_advisory() {
    #[track_caller]
    fn check(leaves: &[(Stated, &str, &str)], version: &str, want: &str) {
        let leaves: Vec<(Stated, Leaf)> =
            leaves.iter().map(|(s, product, range)| (*s, leaf("Acme", product, range))).collect();
        assert_eq!(say(judge(&leaves, &asset("Acme", "Pump", "", version))), want);
    }
    use Stated::{Affected, Fixed, NotAffected, UnderInvestigation};
    check(&[(Affected, "Pump", "< 1.5"), (Affected, "Pump", ">= 2.0 | < 2.3")], "2.1", "affected D name");
    check(&[(Affected, "Pump", "< 1.5"), (Affected, "Pump", ">= 2.0 | < 2.3")], "1.7", "not_affected D name");
    check(&[(Affected, "Pump", "< 1.5"), (Affected, "Pump", "9.0 with X")], "9.0", "review E name");
    check(&[(Affected, "Pump", "< 1.5"), (Affected, "Pump Station", "< 9.0")], "2.0", "not_affected D name");
    check(
        &[(Affected, "Pump (AB1000-0001)", "< 1.5"), (Affected, "Pump (AB1000-0002)", "< 3.0")],
        "2.0",
        "review E name",
    );
    check(
        &[(Affected, "Pump (AB1000-0001)", "< 1.5"), (Affected, "Pump (AB1000-0001)", ">= 2.0 | < 2.3")],
        "2.1",
        "affected D name",
    );
    check(&[(Affected, "Pump (AB1000-0001)", "< 1.5"), (Fixed, "Pump (AB1000-0001)", "1.5")], "1.4", "affected D name");
    check(&[(Affected, "Pump", "< 1.5"), (Fixed, "Pump", ">= 1.5")], "1.6", "fixed D name");
    check(&[(Affected, "Pump", "< 1.6"), (Fixed, "Pump", ">= 1.5")], "1.5", "review E name");
    check(&[(NotAffected, "Pump", "vers:all/*")], "1.5", "not_affected D name");
    check(&[(UnderInvestigation, "Pump", "vers:all/*")], "1.5", "under_investigation D name");
    check(&[(Fixed, "Pump", ">= 2.0")], "1.5", "review E name");
    check(&[(NotAffected, "Pump", ">= 2.0")], "1.5", "nothing");
}

#[test]
fn package_urls_decide_alone() {
    #[track_caller]
    fn check(stated: &str, range: &str, own: &str, want: &str) {
        let mut leaf = leaf("Acme", "logger", range);
        leaf.purl = Some(stated.to_owned());
        let mut row = asset("Acme", "logger", "", "");
        row.purl = own.to_owned();
        assert_eq!(say(judge(&[(Stated::Affected, leaf)], &row)), want);
    }
    check("pkg:npm/logger", "vers:npm/<2.0.0", "pkg:npm/logger@1.9.0", "affected A purl");
    check("pkg:npm/logger", "vers:npm/<2.0.0", "pkg:npm/logger@2.0.0", "not_affected A purl");
    check("pkg:npm/logger", "vers:npm/<2.0.0", "pkg:npm/other@1.9.0", "nothing");
    check("pkg:npm/logger", "vers:npm/<2.0.0", "pkg:npm/logger", "review E purl");
    check("pkg:npm/logger@1.9.0", "", "pkg:npm/logger@1.9.0", "affected A purl");
    check("pkg:deb/debian/logger?distro=debian-12", "", "pkg:deb/debian/logger@1", "review E purl");
    check("pkg:deb/debian/logger?distro=debian-12", "", "pkg:deb/debian/logger@1?distro=debian-11", "nothing");
}

#[test]
fn facts_that_cannot_be_checked_make_a_question() {
    let mut in_context = leaf("Acme", "Pump", "< 2");
    in_context.context = Some("installed_on Box 3".into());
    let mut narrowed = leaf("Acme", "Pump", "< 2");
    narrowed.narrowed_by = vec!["architecture: arm".into()];
    for leaf in [in_context, narrowed] {
        assert_eq!(say(judge(&[(Stated::Affected, leaf.clone())], &asset("Acme", "Pump", "", "1"))), "review E name");
        assert_eq!(say(judge(&[(Stated::Affected, leaf)], &asset("Acme", "Pump", "", "3"))), "not_affected D name");
    }
}

#[test]
fn the_reason_is_a_sentence_with_the_facts() {
    let verdict = judge(
        &[(Stated::Affected, leaf("Siemens", "SCALANCE XC208", "vers:all/<V4.4"))],
        &asset("Siemens", "SCALANCE XC208", "", "V4.3"),
    );
    insta::assert_snapshot!(verdict.unwrap().reason, @"its version lies in the affected range: vendor and product are the advisory's `SCALANCE XC208`; it runs V4.3, the advisory says <V4.4");
}

#[test]
fn wildcards_in_model_numbers() {
    assert!(model_matches("6GK5208-0BA00-*", "6GK5208-0BA00-2AC2"));
    assert!(model_matches("AB?00", "AB100"));
    assert!(!model_matches("AB?00", "AB00"));
    assert!(!model_matches("AB\\*", "AB1"));
}
