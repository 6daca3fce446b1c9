//! The vendor-generic order, as tables.

use super::*;

#[track_caller]
fn check(order: &str) {
    let (a, sign, b) = ["  <  ", "  =  ", "  ?  "]
        .iter()
        .find_map(|s| order.split_once(s).map(|(a, b)| (a, s.trim(), b)))
        .unwrap_or(("", "", ""));
    let there = generic_cmp(a, b);
    let back = generic_cmp(b, a);
    let (want_there, want_back) = match sign {
        "<" => (Compared::Less, Compared::Greater),
        "=" => (Compared::Equal, Compared::Equal),
        _ => {
            assert!(matches!(there, Compared::Unknown(_)), "{a} against {b} gave {there:?}");
            assert!(matches!(back, Compared::Unknown(_)), "{b} against {a} gave {back:?}");
            return;
        }
    };
    assert_eq!(there, want_there, "{a} against {b}");
    assert_eq!(back, want_back, "{b} against {a}");
}

#[test]
fn versions_that_compare() {
    for order in [
        "4.3  <  4.4",
        "V4.3  <  V4.4",
        "4.3  <  V4.4",
        "Version 4.3  =  v4.3",
        "4.3  =  4.3.0",
        "5.0  =  5.00",
        "V08.00.00.00  <  V9.0",
        "4.3  <  4.3.1",
        "4.9.0  <  4.10.0",
        "V3.1.39  <  V3.3",
        "01.02.28(09)  <  01.02.29(03)",
        "01.02.29(03)  <  01.02.29(09)",
        "15.2(4)EA6  <  15.2(4)EA7",
        "R1.01.00  <  R3.77.00",
        "R14A  <  R14B",
        "R9.85  <  R10.01",
        "1.04E  <  1.05B",
        "1.156M  <  1.156N",
        "C  <  D",
        "Z  <  AA",
        "V7.4 SP1 Upd18  <  V7.4 SP1 Update 19",
        "V7.4 SP1  <  V7.4 SP1 Upd1",
        "V7.4 Update 2  <  V7.4 SP1",
        "V7.4  <  V7.4 SP1",
        "V7.4 SP9  <  V7.5",
        "V7.4 SP9  <  V7.4.1",
        "14 SP1  =  V14 Service Pack 1",
        "V3.16 P012  <  V3.16 P013",
        "2.0.0 beta 4  <  2.0.0",
        "2.0.0-rc1  <  2.0.0",
        "2.0.0-alpha.1  <  2.0.0-beta.1",
        "2016  <  2016 R2",
        "2020 R2  <  2022",
        "3.40 R5 build 571848  <  3.40 R6 build 1",
        "March/15/2023  <  April/21/2023",
        "january 2020  <  april 1, 2021",
        "20210222  <  20210302",
        "2019-09-20  <  2019-09-21",
        "1.000.HW00.21.20190811  <  1.000.HW00.21.20190812",
        "CPCI85 V04  <  CPCI85 V05",
        "FW16  <  FW26",
        "4.5.3SP  <  4.6.0",
    ] {
        check(order);
    }
}

#[test]
fn versions_that_do_not_compare() {
    for order in [
        "1.9  ?  1.14",
        "1.06  ?  1.6",
        "1.2.06  ?  1.2.5",
        "Update 19  ?  V17",
        "R4.3  ?  4.3",
        "V05  ?  CPCI85 V05",
        "4.7 SP9  ?  4.7 HF34",
        "1.156  ?  1.156N",
        "V3.X.17  ?  V3.2.1",
        "4.x  ?  4.3",
        "2020 R2  ?  9.1",
        "01.02.29  ?  01.02.29(09)",
        "d78dda6  ?  d78dda7",
        "Main r1175 Estop_v24  ?  1.2",
        "1.2 special  ?  1.2 standard",
        "  ?  1.2",
        "all of them  ?  1.2",
        "with the option  ?  without the option",
        "1.2 & 3  ?  1.2",
    ] {
        check(order);
    }
}

proptest::proptest! {
    #[test]
    fn order_is_antisymmetric(a in "[vVr]?[0-9]{1,3}([.][0-9]{1,3}){0,3}( (SP|Upd|HF)[0-9])?[a-c]?", b in "[vVr]?[0-9]{1,3}([.][0-9]{1,3}){0,3}( (SP|Upd|HF)[0-9])?[a-c]?") {
        let back = match generic_cmp(&b, &a) {
            Compared::Less => Compared::Greater,
            Compared::Greater => Compared::Less,
            same => same,
        };
        let there = generic_cmp(&a, &b);
        proptest::prop_assert!(there == back || matches!((there, back), (Compared::Unknown(_), Compared::Unknown(_))));
    }

    #[test]
    fn a_version_equals_itself(a in "[vVrR]?[0-9]{1,4}([.][0-9]{1,3}){0,3}( (SP|Upd|HF|beta)[0-9])?[a-c]?") {
        proptest::prop_assert_eq!(generic_cmp(&a, &a), Compared::Equal);
    }

    #[test]
    fn numbers_are_transitive(a in "[0-9]{1,2}([.][0-9]{1,2}){2,3}", b in "[0-9]{1,2}([.][0-9]{1,2}){2,3}", c in "[0-9]{1,2}([.][0-9]{1,2}){2,3}") {
        if generic_cmp(&a, &b) == Compared::Less && generic_cmp(&b, &c) == Compared::Less {
            proptest::prop_assert!(matches!(generic_cmp(&a, &c), Compared::Less | Compared::Unknown(_)));
        }
    }

    #[test]
    fn nothing_panics(a in ".{0,60}", b in ".{0,60}") {
        let _ = generic_cmp(&a, &b);
    }
}
