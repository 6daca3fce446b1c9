//! The reader on small documents; the corpus is in `tests/it`.

use super::*;

const HEAD: &str = r#""document":{"csaf_version":"2.0","title":"T\u00e9st","publisher":{"name":"P","namespace":"https://p.example"},
 "distribution":{"tlp":{"label":"GREEN"}},"tracking":{"id":"P-1","version":"2","current_release_date":"2024-01-04T07:00:00Z"},
 "notes":[null,{"title":"Critical infrastructure sectors","text":" Energy, and Water and Wastewater Systems"},{"title":"Countries/areas deployed","text":"Germany, Poland"}]}"#;

fn read(rest: &str) -> Result<Advisory, Fault> {
    let notes = HEAD.replace("null,", "");
    Advisory::read(format!("{{{notes}{rest}}}").as_bytes())
}

#[test]
fn a_tree_resolves_to_leaves_with_the_facts_of_their_ancestors() {
    let advisory = read(
        r#","product_tree":{"branches":[{"category":"vendor","name":"Acme","branches":[{"category":"product_name","name":"Pump",
            "branches":[{"category":"product_version_range","name":"<2.1","product":{"product_id":"A","name":"x",
              "product_identification_helper":{"purl":"pkg:npm/pump","model_numbers":["P-1*"]}}}]}]}],
          "full_product_names":[{"product_id":"B","name":"Box 3"}],
          "relationships":[{"category":"installed_on","product_reference":"C","relates_to_product_reference":"B","full_product_name":{"product_id":"D","name":"d"}},
            {"category":"default_component_of","product_reference":"A","relates_to_product_reference":"B","full_product_name":{"product_id":"C","name":"c"}},
            {"category":"installed_on","product_reference":"X","relates_to_product_reference":"X","full_product_name":{"product_id":"X","name":"x"}}]},
         "vulnerabilities":[{"cve":"cve-2024-1","product_status":{"known_affected":["A","A","Z"],"fixed":["D"]},
            "scores":[{"cvss_v3":{"version":"3.1","baseScore":7.5,"vectorString":"v"}},{"cvss_v2":{"baseScore":9.0}}],
            "remediations":[{"category":"vendor_fix","details":"Update"}]},{"ids":[{"text":"BUG-7"}]},{}]"#,
    )
    .unwrap();
    assert_eq!(advisory.title, "Tést");
    assert_eq!((advisory.leaves.len(), advisory.leaves[0].range.as_deref()), (4, Some("<2.1")));
    assert_eq!(advisory.leaves[3].context.as_deref(), Some("installed_on Box 3"));
    assert_eq!(advisory.sectors.codes, ["energy", "water"]);
    assert_eq!(advisory.areas.countries, ["DE", "PL"]);
    let [first, second, third] = &advisory.vulnerabilities[..] else { panic!("three") };
    assert_eq!((first.id.as_str(), second.id.as_str(), third.id.as_str()), ("CVE-2024-1", "BUG-7", "P-1#3"));
    assert_eq!(first.stated, BTreeMap::from([(Stated::Affected, vec![0]), (Stated::Fixed, vec![3])]));
    assert_eq!(first.cvss.as_ref().map(|s| s.base), Some(7.5));
    insta::assert_snapshot!(advisory.warnings.join("\n"), @"
    /product_tree/relationships: `X` rests on a product that is not defined, or on itself
    /vulnerabilities/0: product `Z` is not in the product tree
    ");
}

#[test]
fn what_cannot_be_read_is_refused_by_rule() {
    #[track_caller]
    fn check(bytes: &str, rule: &str) {
        assert_eq!(
            Advisory::read(bytes.as_bytes()).map(|a| a.id).map_err(|f| f.rule),
            Err(match rule {
                "csaf-malformed" => "csaf-malformed",
                "csaf-version" => "csaf-version",
                "csaf-branch-depth" => "csaf-branch-depth",
                _ => "csaf-identity-missing",
            })
        );
    }
    check("{", "csaf-malformed");
    check("[]", "csaf-malformed");
    check(r#"{"document":{"csaf_version":"2.1"}}"#, "csaf-version");
    check(r#"{"document":{"csaf_version":"2.0","tracking":{"id":" "}}}"#, "csaf-identity-missing");
    let deep = r#"{"category":"x","name":"n","branches":["#.repeat(31) + &"]}".repeat(31);
    check(&format!("{{{HEAD},\"product_tree\":{{\"branches\":[{deep}]}}}}").replace("null,", ""), "csaf-branch-depth");
}
