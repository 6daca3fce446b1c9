//! Package identity and order, as tables; the published vectors are in `tests/it`.

use super::*;

#[test]
fn packages_that_are_one() {
    #[track_caller]
    fn check(a: &str, b: &str, same: bool) {
        let base = |t: &str| Purl::parse(t).map(|p| p.base);
        assert_eq!(base(a).is_some() && base(a) == base(b), same, "{a} {b}");
    }
    check("pkg:npm/%40angular/core@1.0", "pkg:npm/@angular/core", true);
    check("pkg:pypi/Django_Rest@1", "pkg:pypi/django-rest@2", true);
    check("pkg:maven/org.Acme/Lib@1?type=jar", "pkg:maven/org.Acme/Lib", true);
    check("pkg:maven/org.acme/lib", "pkg:maven/org.Acme/lib", false);
    check("pkg:npm/a", "pkg:cargo/a", false);
    check("pkg://npm/a", "pkg:npm/a", false);
    check("not a purl", "not a purl", false);
}

#[test]
fn ranges_by_the_order_of_the_ecosystem() {
    #[track_caller]
    fn check(purl: &str, range: &str, version: &str, want: Contains) {
        assert_eq!(
            Purl::parse(purl).unwrap().contains((!range.is_empty()).then_some(range), version),
            want,
            "{purl} {range} {version}"
        );
    }
    check("pkg:npm/a", "vers:npm/>=1.0.0|<1.10.0", "1.9.0", Contains::Yes);
    check("pkg:npm/a", "vers:npm/>=1.0.0|<1.10.0", "1.10.0", Contains::No);
    check("pkg:npm/a", "vers:npm/>=1.0.0|<1.10.0|>=2.0.0|<2.1.0", "2.0.5", Contains::Yes);
    check("pkg:npm/a", "vers:npm/>=1.0.0|<1.10.0|>=2.0.0|<2.1.0", "1.11.0", Contains::No);
    check("pkg:npm/a", "<1.0.0", "1.0.0-rc1", Contains::Yes);
    check("pkg:npm/a", "", "7", Contains::Yes);
    check("pkg:npm/a@1.2.3", "", "1.2.3", Contains::Yes);
    check("pkg:npm/a@1.2.3", "", "1.2.4", Contains::No);
    check("pkg:pypi/a", "<1.0", "1.0rc1", Contains::Yes);
    check("pkg:pypi/a", "<1.0", "1.0.post1", Contains::No);
    check("pkg:deb/debian/a", "<1:2.3-1~deb12u1", "1:2.3-1~deb11u9", Contains::Yes);
    check("pkg:deb/debian/a", "<1:2.3-1", "2.9-1", Contains::Yes);
    check("pkg:rpm/redhat/openssl", "<3.0.7-27.el9", "3.0.7-18.el9_2", Contains::Yes);
    check("pkg:maven/g/a", "<3.2.11", "3.2.9.Final", Contains::Yes);
    check("pkg:npm/a", "<1.0.0", "", Contains::Unknown("the component's version is not stated"));
    assert!(matches!(
        Purl::parse("pkg:maven/g/a").unwrap().contains(Some("<3.2.redhat2"), "3.2.sp"),
        Contains::Unknown(_)
    ));
}

#[test]
fn qualifiers_of_the_advisory_must_be_the_components() {
    let advisory = Purl::parse("pkg:rpm/redhat/openssl?arch=x86_64").unwrap();
    let held = |q: &str| Purl::parse(&format!("pkg:rpm/redhat/openssl@3{q}")).unwrap();
    assert_eq!(advisory.qualifies(&held("?arch=x86_64&epoch=1")), Qualified::Yes);
    assert_eq!(advisory.qualifies(&held("?arch=aarch64")), Qualified::No);
    assert_eq!(advisory.qualifies(&held("")), Qualified::NotStated);
}
