//! The grammar, as tables: first what it makes of a text, then which versions lie inside.

use super::super::{Contains, parse_range};

#[test]
fn texts_become_intervals() {
    #[track_caller]
    fn check(text: &str, meaning: &str) {
        assert_eq!(parse_range(text).to_string(), meaning, "{text}");
    }
    for (text, meaning) in [
        ("vers:all/*", "all versions"),
        ("All versions", "all versions"),
        ("*", "all versions"),
        ("vers:all/<V4.4", "before v4.4"),
        ("< V4.1.3", "before v4.1.3"),
        (" <1.000.HW00.21.20190812", "before 1.000.hw00.21.20190812"),
        ("<= 5.008", "up to 5.008"),
        ("≤ 2.1", "up to 2.1"),
        (">= 1.0 | <= 1.32", "from 1.0 up to 1.32"),
        ("vers:all/>=V7.80<V9.40", "from v7.80 before v9.40"),
        (">= V7.80 < V9.30", "from v7.80 before v9.30"),
        ("All versions >= V2.0 and < V2.1.6", "from v2.0 before v2.1.6"),
        ("All BIOS versions < V1.0.212N", "before v1.0.212n"),
        ("All versions prior to V1.5.1", "before v1.5.1"),
        ("All versions >V1.1 and <V2.0.1", "after v1.1 before v2.0.1"),
        ("2.3.6 and  below", "up to 2.3.6"),
        ("V3.2 and later", "from v3.2"),
        ("up to and including 4.2", "up to 4.2"),
        ("16 <= 20", "from 16 up to 20"),
        ("12.4.1-12.4.11", "from 12.4.1 up to 12.4.11"),
        ("V175-V189", "from v175 up to v189"),
        ("7.30 | 7.40", "exactly 7.30, or exactly 7.40"),
        ("1.03.07 (build 317)", "exactly 1.03.07 (build 317)"),
        ("<= 01.02.29(09)", "up to 01.02.29(09)"),
        ("< V3.16 P013", "before v3.16 p013"),
        ("<March/15/2023", "before march/15/2023"),
        ("<=AD", "up to ad"),
        ("<V9.1_SP2_UC04", "before v9.1 sp2 uc04"),
        ("<= 2.01 (end-of-life Nov 2017)", "up to 2.01"),
        ("<= 4.2 (CVE-2022-3386 and CVE-2022-3385 only)", "up to 4.2 (only CVE-2022-3386, CVE-2022-3385)"),
        (">=4.00A_v10.95.201.23|<=4.04E_v10.95.210.01", "from 4.00a v10.95.201.23 up to 4.04e v10.95.210.01"),
        ("vers:npm/>=1.2.0|<1.2.4|>=2.0.0|<2.1.0", "from 1.2.0 before 1.2.4, or from 2.0.0 before 2.1.0"),
    ] {
        check(text, meaning);
    }
}

#[test]
fn what_is_not_understood_is_undecided() {
    #[track_caller]
    fn check(text: &str) {
        assert!(!parse_range(text).is_decided(), "{text} was read as {}", parse_range(text));
    }
    for text in [
        "",
        "-",
        "vers:none/*",
        "All versions in default configuration",
        "All deployments with Runtime Custom Setting _DataStorage.UseNewQueryHandler_ set to False",
        "<=The_first_5_digits_of_serial_No._\"26041\"",
        "<=with_the_first_5_digits_of_serial_number_24061",
        "<= first 2  digits of serial number are 02",
        "<=B13__without_Special_Modification_Patch_BRD-C62W003-A0_installed",
        ">= R6.01.10 | <= R6.09.00 - (if VP6E5000 is installed)",
        "< 12.4 (firmware 1.46)",
        "<= 2.0.11 / 3.0.11",
        "<= 3.14.25 | 3.15.18",
        "<=VDS R7.50 | <=FCN/FCJ Simulator R4.20",
        "< V3.X.17",
        "All versions <= V10.x",
        "< cesne_r2d14_03.esw",
        "<= 5.12.2 | all microsoft windows operating systems (except microsoft windows server)",
        "<=d78dda6",
        "CODESYS V3 Development System",
        "2700989",
        "1766-L32BXB",
        "HEN04103",
        "M221",
        "1783-SAD4T0SBK9",
        "28-33",
        ">= 4.0 | <= 3.0",
        "<",
        "<= 4.00.02_with_option",
    ] {
        check(text);
    }
}

#[test]
fn versions_lie_inside_or_outside_or_it_is_not_known() {
    #[track_caller]
    fn check(range: &str, inside: &[&str], outside: &[&str], unknown: &[&str]) {
        let range = parse_range(range);
        for version in inside {
            assert_eq!(range.contains(version), Contains::Yes, "{version} in {range}");
        }
        for version in outside {
            assert_eq!(range.contains(version), Contains::No, "{version} in {range}");
        }
        for version in unknown {
            assert!(
                matches!(range.contains(version), Contains::Unknown(_)),
                "{version} in {range}: {:?}",
                range.contains(version)
            );
        }
    }
    check("vers:all/*", &["", "4.2", "anything"], &[], &[]);
    check(
        "vers:all/<V4.4",
        &["V4.3.9", "4.3", "V4.4 beta 1"],
        &["V4.4", "V4.4.0", "V5"],
        &["", "R4.3", "unknown", "V4.4 build 7"],
    );
    check("<= 1.14", &["1.13", "1.14", "0.9.1"], &["1.15", "2.0"], &["1.9", "1.14b"]);
    check(">= V7.80 < V9.30", &["V7.80", "V8.0", "V9.29"], &["V7.79", "V9.30", "V10.0"], &["V9.4"]);
    check("7.30 | 7.40", &["7.30"], &["7.31", "8.0.1"], &["7.4", ""]);
    check("<March/15/2023", &["March/14/2023", "january 2020"], &["March/15/2023"], &["2.4"]);
    check("< V14 SP1 Update 7", &["V14", "V14 SP1", "V14 SP1 Upd6"], &["V14 SP1 Update 7", "V15"], &["V14 HF3"]);
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in ".{0,80}", version in ".{0,30}") {
        let range = parse_range(&text);
        let _ = (range.contains(&version), range.to_string());
    }

    #[test]
    fn operators_glued_and_spaced_read_alike(a in "[1-9][.][0-9][.][0-9]", b in "[1-9][0-9][.][0-9][.][0-9]") {
        let glued = parse_range(&format!(">={a}<{b}"));
        let spaced = parse_range(&format!(">= {a} | < {b}"));
        proptest::prop_assert_eq!(glued, spaced);
    }
}
