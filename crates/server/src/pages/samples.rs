//! Every page with values as they will be, rendered by a test. `MAINSTAY_PAGES_OUT=DIR cargo test -p server samples` also
//! leaves them as files, so that a page can be looked at before anything stands behind it.

use askama::Template;

use super::ask::{Ask, Asks};
use super::signs::{Evidence, Mark, State};
use super::when::When;
use super::words::{Sentence, capital, count, share};
use super::*;
use crate::chart::axis::Axis;
use crate::chart::lanes::{Field, Lane, Point, PointKind, Rule, RuleKind, exposure};
use crate::chart::share::{steps, strip};

const DAY: i64 = 86_400_000_000;
/// 2024-05-14T03:12:00Z.
const NOW: i64 = 1_715_656_320_000_000;

fn shell(title: &str, turn: &'static str, mark: Mark) -> Shell {
    Shell {
        title: title.to_owned(),
        turn,
        mark,
        now: When::new(NOW, NOW),
        home: "Norrland Cyber Agency".to_owned(),
        who: Some(Who { name: "a.lindqvist".to_owned(), role: "analyst".to_owned(), org: "home".to_owned() }),
        position: Some(12_304),
        lag: None,
        exercise: false,
        query: String::new(),
        csrf: "x".to_owned(),
        assets: crate::assets::Assets::embedded(),
    }
}

fn days(d: i64) -> When {
    When::new(NOW + d * DAY, NOW)
}

#[track_caller]
fn check(name: &str, page: &impl Template, first: &str) {
    let html = page.render().unwrap();
    assert!(html.contains(first), "{name}: no {first:?}");
    assert!(
        !html.contains(" style=") && !html.contains("<style") && !html.contains(" onclick"),
        "{name}: inline style or script"
    );
    assert_eq!(html.matches("<h1").count(), 1, "{name}: one h1");
    if let Ok(dir) = std::env::var("MAINSTAY_PAGES_OUT") {
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(std::path::Path::new(&dir).join(format!("{name}.html")), html).unwrap();
    }
}

#[test]
fn today() {
    use super::today::*;
    let row = |name: &str, open, review, held, unknown, countries: i64| FunctionRow {
        name: name.to_owned(),
        href: "/expose?function=x".to_owned(),
        strip: strip(
            &[
                (open, "late", "affected"),
                (review, "open", "in review"),
                (held, "held", "fixed"),
                (unknown, "unknown", "unknown"),
            ],
            0,
            false,
        ),
        open: open.to_string(),
        held: held.to_string(),
        unknown: unknown.to_string(),
        countries: countries.to_string(),
    };
    let lede = Sentence::new()
        .link("/expose?status=affected", "Five functions")
        .say(" threatened through ")
        .link("/expose", "twelve products")
        .say(" in ")
        .link("/expose", "nine countries")
        .say("; of ")
        .link("/expose?status=unknown", "a third")
        .say(" we know nothing.");
    let page = Today {
        shell: shell("Today", "today", Mark::Amber),
        lede,
        then: Some(Sentence::new().say("Two clocks run out before noon. Exploitation of ").link("/loop/CVE-2023-6448", "CVE-2023-6448").say(" is known.")),
        functions: vec![
            row("Supply of drinking water, coast", 7, 1, 3, 4, 4),
            row("Transmission of electricity, north", 4, 0, 9, 6, 3),
            row("Clearing of payments", 2, 2, 4, 1, 2),
            row("Unloading of containers, east ports", 1, 0, 2, 9, 3),
            row("Public switched telephony", 1, 3, 12, 2, 5),
        ],
        five: vec![
            Attention {
                what: Sentence::new().link("/act/ask-31", "Ask 31").say(" to CERT-Vesna has had no answer"),
                because: "Three waterworks behind it supply drinking water; exploitation of CVE-2023-6448 has been known for 12 days.".to_owned(),
                clock: Some(When::new(NOW - 2 * DAY, NOW).clock()),
            },
            Attention {
                what: Sentence::new().link("/act/ask-44", "Ask 44").say(" waits for a second person"),
                because: "It would go to 23 owners in Halvania, more than the pack's limit of 10.".to_owned(),
                clock: Some(When::new(NOW + DAY / 6, NOW).clock()),
            },
            Attention {
                what: Sentence::new().link("/loop/CVE-2024-3400", "CVE-2024-3400").say(" is exploited and nine subjects are open"),
                because: "Transmission of electricity rests on four of them.".to_owned(),
                clock: None,
            },
            Attention {
                what: Sentence::new().link("/exchange", "CERT-Ostrava").say(" has sent nothing for 40 days"),
                because: "It used to send every 7 days; its last answer covered 61 rows.".to_owned(),
                clock: None,
            },
            Attention {
                what: Sentence::new().link("/exchange#review", "18 objects").say(" wait in review"),
                because: "Same id and version, other content: enterprise-attack.json against ics-attack.json.".to_owned(),
                clock: None,
            },
        ],
        feeds: Some(vec![
            Feed { name: "kev".into(), href: "/exchange".into(), kind: "catalogue".into(), count: "1,203".into(), review: "0".into(), last: days(-1), alarm: None },
            Feed { name: "csaf".into(), href: "/exchange".into(), kind: "advisories".into(), count: "2,216".into(), review: "3".into(), last: days(-9), alarm: Some("silent for 9 days".into()) },
            Feed { name: "CERT-Vesna".into(), href: "/exchange".into(), kind: "signed answers".into(), count: "4".into(), review: "0".into(), last: days(-3), alarm: None },
        ]),
    };
    check("today", &page, "Five functions</a> threatened");
    let empty = Today {
        shell: shell("Today", "today", Mark::Green),
        lede: Sentence::new().say("Nothing is known yet."),
        then: None,
        functions: vec![],
        five: vec![],
        feeds: Some(vec![]),
    };
    check("today-empty", &empty, "Nothing has been taken in yet");
}

struct Sample(&'static str, &'static str, i64, &'static [(i64, PointKind)], Option<i64>, &'static str, Option<u8>);

#[test]
fn vulnerability() {
    use super::vulnerability::*;
    use PointKind::*;
    // Days before NOW.
    let (advice, known) = (-167, -154);
    let partners = [
        Sample(
            "Aqua Borealis",
            "Norrland, 2 assets",
            -166,
            &[(-165, Asked), (-164, Answered), (-161, Mitigated)],
            Some(-161),
            "fixed",
            Some(3),
        ),
        Sample(
            "Vattenverk Kust",
            "Svealand, 1 asset",
            -166,
            &[(-165, Asked), (-158, Mitigated)],
            Some(-158),
            "fixed",
            Some(2),
        ),
        Sample(
            "CERT-Vesna",
            "Vesna, 40 to 70 in its constituency",
            -160,
            &[(-159, Asked), (-140, Answered)],
            None,
            "acknowledged",
            Some(1),
        ),
        Sample(
            "Rijnland Drinkwater",
            "Rijnland, 3 assets",
            -166,
            &[(-163, Asked), (-162, Answered), (-121, Mitigated)],
            Some(-121),
            "fixed",
            Some(2),
        ),
        Sample(
            "Port Authority Halden",
            "Halvania, 1 asset",
            -130,
            &[(-129, Asked), (-90, Silent)],
            None,
            "silent",
            Some(0),
        ),
        Sample(
            "CERT-Ostrava",
            "Ostrava, 5..9 in its constituency",
            -150,
            &[(-149, Asked), (-147, Answered), (-60, Mitigated)],
            Some(-60),
            "fixed",
            Some(2),
        ),
        Sample("Hydro Selva", "Selva, 2 assets", -166, &[(-165, Asked), (-20, Lost)], None, "affected", None),
        Sample("Waterworks of Tern Bay", "Ternland, 1 asset", -12, &[(-11, Asked)], None, "sent", Some(0)),
        Sample(
            "Sector water in Kestria",
            "Kestria, no inventory; candidate by the advisory's sectors",
            -167,
            &[],
            None,
            "unknown",
            None,
        ),
    ];
    let mut rules = vec![
        Rule { at: NOW + advice * DAY, kind: RuleKind::Advice, text: "advice 29 Nov 2023".to_owned() },
        Rule { at: NOW + known * DAY, kind: RuleKind::Hot, text: "exploitation known by 11 Dec 2023 (KEV)".to_owned() },
    ];
    rules.sort_by_key(|r| r.at);
    let field = Field { axis: Axis::calendar([NOW + advice * DAY, NOW]), rules };
    let end = field.axis.to;
    let rows = partners
        .iter()
        .map(|s| {
            let at = |d: i64| NOW + d * DAY;
            let lane = Lane {
                stretches: exposure(at(s.2), s.4.map(at), Some(at(known)), end, s.5 != "unknown"),
                points: s.3.iter().map(|(d, kind)| Point { at: at(*d), kind: *kind, title: days(*d).day() }).collect(),
                said: format!("{}: exposed since {}, {}", s.0, days(s.2).day(), s.5),
            };
            Row {
                name: s.0.into(),
                href: "/act/ask-31".into(),
                sub: s.1.into(),
                lane: field.lane(&lane, 44),
                state: State::new(s.5),
                evidence: s.6.map(Evidence),
            }
        })
        .collect();
    let place = |country: &str, holder: &str, at, sign, n: i64, level: &str| Place {
        country: country.into(),
        holder: holder.into(),
        href: "/expose".into(),
        count: n.to_string(),
        strip: strip(
            &[
                (if sign == "hot" { n } else { 0 }, "late", "open"),
                (if sign == "calm" { n } else { 0 }, "held", "fixed"),
                (if sign == "unknown" { n } else { 0 }, "unknown", "unknown"),
            ],
            n,
            false,
        ),
        level: level.into(),
        at,
        sign,
        label: country.into(),
        weight: n,
    };
    let page = Loop {
        shell: shell("CVE-2023-6448", "expose", Mark::AmberStrict),
        id: "CVE-2023-6448".into(),
        chips: vec![
            Chip { text: "CVSS 9.8".into(), hot: false },
            Chip { text: "exploited: KEV".into(), hot: true },
            Chip { text: "ICSA-23-348-15".into(), hot: false },
        ],
        lede: Sentence::new()
            .link("#h-loop", "Nine holders")
            .say(" are exposed; ")
            .link("/act", "two")
            .say(" mitigated before exploitation was known, ")
            .link("/act", "two")
            .say(" after, and ")
            .link("/act", "five")
            .say(" not yet."),
        then: "Programmable controllers with a default administrative password, reachable over the network.".into(),
        head: field.head(),
        rows,
        places: vec![
            place("Norway", "Aqua Borealis", Some((63.4, 10.4)), "calm", 2, "asset"),
            place("Sweden", "Vattenverk Kust", Some((57.7, 12.0)), "calm", 1, "asset"),
            place("Slovenia", "CERT-Vesna", Some((46.05, 14.5)), "hot", 40, "constituency"),
            place("Netherlands", "Rijnland Drinkwater", Some((52.1, 4.5)), "calm", 3, "asset"),
            place("Poland", "Port Authority Halden", Some((54.4, 18.6)), "hot", 1, "asset"),
            place("Czechia", "CERT-Ostrava", Some((49.8, 18.2)), "calm", 7, "constituency"),
            place("Portugal", "Hydro Selva", Some((41.1, -8.6)), "hot", 2, "asset"),
            place("Ireland", "Waterworks of Tern Bay", Some((53.3, -6.2)), "hot", 1, "asset"),
            place("Romania", "not known", Some((44.4, 26.1)), "unknown", 1, "sector"),
        ],
        story: vec![
            Happened {
                at: days(advice),
                what: Sentence::new().say("Advisory ").link("#", "ICSA-23-348-15").say(" was released"),
                who: "CISA".into(),
                evidence: None,
                source: "csaf".into(),
                mark: Mark::Clear,
            },
            Happened {
                at: days(-165),
                what: Sentence::new().link("#", "Ask 12").say(" went to its CSIRT first"),
                who: "home".into(),
                evidence: Some(Evidence(0)),
                source: "act".into(),
                mark: Mark::Amber,
            },
            Happened {
                at: days(known),
                what: Sentence::new().say("Exploitation known"),
                who: "KEV".into(),
                evidence: Some(Evidence(3)),
                source: "kev".into(),
                mark: Mark::Clear,
            },
        ],
    };
    check("loop", &page, "Nine holders</a> are exposed");
}

#[test]
fn exposures() {
    use super::exposures::*;
    let row = |subject: &str,
               cve: &str,
               status: &str,
               functions: i64,
               severity: &str,
               why: &str,
               matched: &str,
               holder: &str,
               count: Option<&str>| Row {
        subject: subject.into(),
        count: count.map(str::to_owned),
        vulnerability: cve.into(),
        loop_href: format!("/loop/{cve}"),
        status: State::new(status),
        functions: functions.to_string(),
        functions_href: (functions > 0).then(|| "/depend/what-if?fail=x".to_owned()),
        severity: severity.into(),
        why: why.into(),
        matched: matched.into(),
        holder: holder.into(),
    };
    let legend = |key: &str, n: i64| Legend {
        shape: State::new(key).shape(),
        count: n.to_string(),
        word: State::new(key).word().to_owned(),
        href: format!("/expose?status={key}"),
    };
    let mut rows = vec![
        row(
            "aqua-borealis/plc-07",
            "CVE-2023-6448",
            "affected",
            2,
            "9.8",
            "Exploitation is known; supply of drinking water and cooling of the data hall rest on it",
            "A model",
            "Aqua Borealis",
            None,
        ),
        row(
            "CERT-Vesna",
            "CVE-2023-6448",
            "affected",
            2,
            "9.8",
            "Exploitation is known; count from a signed answer over 512 rows",
            "B remote",
            "CERT-Vesna",
            Some("40..70"),
        ),
        row(
            "KE:water",
            "CVE-2023-6448",
            "unknown",
            0,
            "9.8",
            "No inventory; the advisory names the sector and the country",
            "E candidate",
            "not known",
            None,
        ),
        row(
            "grid-north/rtu-3",
            "CVE-2024-3400",
            "under_investigation",
            1,
            "10.0",
            "Exploitation is known; transmission of electricity rests on it",
            "C name",
            "Grid North",
            None,
        ),
        row(
            "port-halden/gw",
            "CVE-2024-3400",
            "fixed",
            1,
            "10.0",
            "Fixed in the vendor's statement",
            "A vex",
            "Port Halden",
            None,
        ),
        row(
            "rijnland/hmi-2",
            "CVE-2021-22681",
            "review",
            1,
            "9.8",
            "The version text could not be read: \u{201c}V33 and newer (see note)\u{201d}",
            "E model",
            "Rijnland Drinkwater",
            None,
        ),
    ];
    for i in 0..14 {
        rows.push(row(
            &format!("asset-{i:03}"),
            "CVE-2022-1161",
            if i % 3 == 0 { "not_affected" } else { "affected" },
            0,
            "7.7",
            "No function is known to rest on it",
            "B model",
            "Kraftwerk Süd",
            None,
        ));
    }
    let page = Exposures {
        stakes: true,
        shell: shell("Exposures", "expose", Mark::Amber),
        lede: Sentence::new()
            .link("/expose?status=affected", "148 subjects")
            .say(" are affected in ")
            .link("/expose", "nine countries")
            .say(&format!("; of {} of what may be exposed we know nothing.", share(34, 100))),
        filter: Filter::default(),
        statuses: Choice::list(&[("affected", "affected"), ("fixed", "fixed")], ""),
        countries: Choice::list(&[("NO", "Norway")], ""),
        levels: Choice::list(&[("asset", "asset")], ""),
        total: "312".into(),
        strip: strip(
            &[(148, "late", "affected"), (20, "open", "in review"), (51, "held", "fixed"), (93, "unknown", "unknown")],
            312,
            true,
        ),
        legend: vec![legend("affected", 148), legend("review", 20), legend("fixed", 51), legend("unknown", 93)],
        rows,
        shown: "1 to 20 of 312".into(),
        next: Some("/expose?after=20".into()),
    };
    check("exposures", &page, "148 subjects</a> are affected");
    let empty = Exposures {
        stakes: true,
        rows: vec![],
        filter: Filter::default(),
        lede: Sentence::new().say("Exposure is unknown: no inventory has met an advisory."),
        ..page
    };
    check("exposures-empty", &empty, "Exposure is unknown</h2>");
}

#[test]
fn what_if() {
    use super::what_if::*;
    let field = Field { axis: Axis::hours(72), rules: vec![] };
    let down = [
        ("Substation Ystra", "substation, Norway", 0, "fails by assumption"),
        ("Pumping station 4", "water plant, Norway", 0, "Substation Ystra, its only supply of electricity"),
        ("Data hall Ekeby", "data centre, Sweden", 8, "Substation Ystra; buffer of 8 h"),
        ("Telephone exchange 21", "exchange, Sweden", 24, "Data hall Ekeby, 2 of 3 needed"),
        ("Port of Halden", "port, Poland", 48, "Telephone exchange 21"),
    ];
    let rows = down
        .iter()
        .map(|(name, sub, h, because)| {
            use crate::chart::lanes::Stretch;
            let lane = Lane {
                stretches: vec![
                    Stretch { from: 0, to: *h, fill: "holding" },
                    Stretch { from: *h, to: 72, fill: "late" },
                ],
                points: vec![Point { at: *h, kind: PointKind::Lost, title: format!("after {h} h") }],
                said: format!("{name} falls after {h} h"),
            };
            Row {
                name: (*name).into(),
                href: "/depend/what-if?fail=x".into(),
                sub: (*sub).into(),
                lane: field.lane(&lane, 44),
                because: Sentence::new().say(because),
            }
        })
        .collect();
    let step = |name: &str| Step { name: name.into(), href: "/depend/what-if?fail=x".into() };
    let page = WhatIf {
        shell: shell("What if", "depend", Mark::AmberStrict),
        lede: Sentence::new()
            .say("If ")
            .bold("Substation Ystra")
            .say(" fails, ")
            .link("#h-course", "four others")
            .say(" fall within 48 h and ")
            .link("#h-functions", "two functions")
            .say(" are lost in three countries."),
        then: Some(Sentence::new().say("With inferred edges left out the answer is the same.")),
        basis: "ungrounded; buffers run out; 312 nodes, 408 supply edges, 61 % declared".into(),
        fail: "no/substation/ystra".into(),
        grounded: false,
        known: vec![Known { key: "no/substation/ystra".into(), name: "Substation Ystra".into() }],
        problem: None,
        graph_empty: false,
        head: field.head(),
        rows,
        more: None,
        functions: vec![
            Function {
                name: "Supply of drinking water, coast".into(),
                state: State::new("lost"),
                after: "at once".into(),
                path: vec![step("Substation Ystra"), step("Pumping station 4")],
            },
            Function {
                name: "Unloading of containers".into(),
                state: State::new("degraded"),
                after: "48 h".into(),
                path: vec![
                    step("Substation Ystra"),
                    step("Data hall Ekeby"),
                    step("Telephone exchange 21"),
                    step("Port of Halden"),
                ],
            },
        ],
        worst: vec![Worst {
            name: "Substation Ystra".into(),
            href: "/depend/what-if?fail=x".into(),
            kind: "substation".into(),
            country: "Norway".into(),
            count: "3".into(),
            which: "Drinking water, payments, telephony".into(),
        }],
        worst_said: "Nodes whose loss alone takes at least one function.".into(),
    };
    check("what-if", &page, "two functions</a> are lost");
}

#[test]
fn asks() {
    use super::ask::*;
    let legend = |key: &str, n: i64| Legend {
        shape: State::new(key).shape(),
        count: n.to_string(),
        word: State::new(key).word().to_owned(),
        href: format!("/act?state={key}"),
    };
    let row = |n: i64,
               state: &str,
               to: &str,
               country: &str,
               rule: &str,
               sent: Option<i64>,
               due: Option<i64>,
               evidence: Option<u8>| Row {
        id: format!("ask-{n}"),
        href: format!("/act/ask-{n}"),
        state: State::new(state),
        to: to.into(),
        country: country.into(),
        about: "CVE-2023-6448".into(),
        about_href: "/loop/CVE-2023-6448".into(),
        subjects: "3".into(),
        rule: rule.into(),
        sent: sent.map(days),
        due: due.map(days),
        evidence: evidence.map(Evidence),
    };
    let page = Asks {
        shell: shell("Asks", "act", Mark::Amber),
        lede: Sentence::new()
            .link("/act", "44 asks")
            .say(" went to ")
            .link("/act", "31 addressees")
            .say("; ")
            .link("/act?state=mitigated", "19")
            .say(" led to a fix, ")
            .link("/act?state=silent", "six")
            .say(" met silence, ")
            .link("/act?state=held", "one")
            .say(" waits for a second person."),
        filtered: false,
        strip: strip(
            &[
                (19, "held", "mitigated"),
                (11, "holding", "acknowledged"),
                (8, "open", "sent"),
                (6, "unknown", "silent"),
            ],
            44,
            true,
        ),
        legend: vec![legend("mitigated", 19), legend("acknowledged", 11), legend("sent", 8), legend("silent", 6)],
        rows: vec![
            row(44, "held", "23 owners", "Halvania", "direct", None, None, None),
            row(31, "silent", "CERT-Vesna", "Vesna", "CSIRT only", Some(-30), Some(-2), Some(0)),
            row(32, "sent", "Waterworks of Tern Bay", "Ternland", "CSIRT first for 72 h", Some(-11), Some(3), Some(0)),
            row(12, "mitigated", "Aqua Borealis", "Norrland", "both", Some(-165), None, Some(3)),
            row(13, "help", "Hydro Selva", "Selva", "direct", Some(-165), Some(1), Some(1)),
        ],
        shown: "1 to 5 of 44".into(),
        next: None,
    };
    check("asks", &page, "44 asks</a> went to");
}

#[test]
fn ask() {
    use super::ask::*;
    let step = |d: i64, key: &str, what: &str, say: &str, e: Option<u8>| Step {
        at: days(d),
        shape: State::new(key).shape(),
        what: what.into(),
        say: say.into(),
        evidence: e.map(Evidence),
    };
    let why = |key: &str, what: &str, say: &str| Reason {
        shape: State::new(key).shape(),
        what: what.into(),
        say: say.into(),
    };
    let page = Ask {
        shell: shell("ask-31", "act", Mark::Amber),
        id: "ask-31".into(),
        state: State::new("silent"),
        due: Some(days(-2)),
        lede: Sentence::new()
            .say("CERT-Vesna was asked about ")
            .link("/loop/CVE-2023-6448", "CVE-2023-6448")
            .say(" 30 days ago and has not answered."),
        held: Some(Held {
            reason: "It would go to 23 owners, more than the pack's limit of 10 (packs/rules/ha.toml).".into(),
            action: "/act/ask-31".into(),
            may_decide: true,
            because: String::new(),
        }),
        story: vec![
            step(-31, "planned", "Planned", "One ask for the holder, since only a count is known", None),
            step(-30, "sent", "Sent", "by mail, Slovene and English, reference REF-31", Some(0)),
            step(-2, "silent", "Silent", "No answer within 28 days", None),
        ],
        why: vec![
            why("affected", "40 to 70 subjects are affected", "signed answer of 2 May 2024, 512 rows"),
            why("sent", "Vesna: CSIRT only", "packs/rules/si.toml: owners are never addressed from abroad"),
            why("acknowledged", "ops@cert.example", "claim of the partners table, verified 61 days ago"),
        ],
        subjects: vec![Subject {
            subject: "CERT-Vesna".into(),
            count: Some("40..70".into()),
            vulnerabilities: Sentence::new().link("/loop/CVE-2023-6448", "CVE-2023-6448"),
            matched: "remote".into(),
        }],
    };
    check("ask", &page, "has not answered");
}

#[test]
fn plan() {
    use super::plan::*;
    let measure = |number: &str, text: &str, how: &str, value: Option<&str>, of: &str, missing: &str| Measure {
        number: number.into(),
        text: text.into(),
        href: Some(format!("/assure/{number}")),
        how: State::new(how),
        value: value.map(str::to_owned),
        of: of.into(),
        steps: value.map(|_| steps([7.0, 3.0, 1.0, 0.0], 7.0)),
        steps_said: "E1 7, E2 3, E3 1, E4 0".into(),
        missing: missing.into(),
    };
    let page = Plan {
        shell: shell("The plan", "assure", Mark::Green),
        plan: "International Strategic Plan 2025-2026".into(),
        lede: Sentence::new()
            .link("#m2.1.3", "Two")
            .say(" of 20 measures can be computed, thirteen rest on records that nobody has made yet, five need data."),
        then: Sentence::new().say("FY2024-Q3, as of 14 May 2024, known at the same moment."),
        strip: strip(&[(2, "held", "computed"), (5, "open", "recorded"), (13, "unknown", "missing")], 20, true),
        legend: vec![],
        goals: vec![Goal {
            number: "1".into(),
            text: "Foreign infrastructure we depend on is more resilient".into(),
            objectives: vec![
                Objective {
                    number: "1.1".into(),
                    text: "Know and rank what we depend on abroad".into(),
                    measures: vec![
                        measure(
                            "1.1.1",
                            "Activities coordinated for prioritised foreign infrastructure",
                            "missing",
                            None,
                            "",
                            "the register of priorities; activity records",
                        ),
                        measure("1.1.2", "Partner actions on prioritised risks", "recorded", Some("14"), "", ""),
                    ],
                },
                Objective {
                    number: "2.1".into(),
                    text: "Partners defend together".into(),
                    measures: vec![measure(
                        "2.1.3",
                        "Partners that mitigated before exploitation",
                        "computed",
                        Some("43 %"),
                        "3 of 7",
                        "",
                    )],
                },
            ],
        }],
    };
    check("plan", &page, "measures can be computed");
}

fn held(rows: Vec<super::find::Row>) -> super::find::Held {
    let part =
        |name| super::find::Facet { name, values: vec![("/find?q=x".into(), "malware".into(), "12".into())], rest: 3 };
    super::find::Held {
        asked: !rows.is_empty(),
        filter: super::find::Filter { q: "emotet".into(), ..Default::default() },
        kinds: Choice::list(&[("malware", "malware")], ""),
        marks: vec![],
        sources: vec![],
        facets: vec![part("Type"), part("Mark")],
        rows,
        shown: "1 to 2 of 2".into(),
        next: None,
        limit: Some(Sentence::new().say("Counted are the newest 2,000 only.")),
    }
}

#[test]
fn object() {
    use super::object::*;
    let reading = |text: &str| Sentence::new().say(text);
    let page = Object {
        shell: shell("Emotet", "exchange", Mark::AmberStrict),
        id: "malware--3f9eb83a-fb38-4372-b3ab-a8afa5d5ecbe".into(),
        kind: "Malware".into(),
        lede: reading("").bold("Emotet").say(" is a malware, also known as Geodo."),
        then: None,
        picture: None,
        properties: vec![
            Row {
                label: "description".into(),
                value: reading("A loader."),
                written: false,
                marks: vec![PartMark { part: String::new(), mark: Some(Mark::Red), asks: String::new() }],
            },
            Row {
                label: "pattern".into(),
                value: reading("[domain-name:value = 'evil[.]example']"),
                written: true,
                marks: vec![],
            },
        ],
        relations: vec![Relation {
            how: reading("used by"),
            what: reading("").link("/x", "Mummy Spider"),
            kind: "intrusion set".into(),
            said: String::new(),
            when: Some(days(-4)),
        }],
        relations_said: "One thing refers to it.".into(),
        sources: vec![],
        facts: vec![Fact {
            term: "marked",
            said: reading(" for named recipients only"),
            mark: Some(Mark::AmberStrict),
        }],
        versions: vec![Version {
            name: "2024-05-01T00:00:00Z".into(),
            href: None,
            collection: "shared".into(),
            mark: Mark::Amber,
            added: days(-3),
            said: String::new(),
        }],
        raw: "/exchange/object/x/raw".into(),
        bytes: "1,204".into(),
        explain: Some("/exchange/release?object=x".into()),
    };
    check("object", &page, "<b>Emotet</b> is a malware");
    let page = super::upload::Upload {
        shell: shell("Give", "exchange", Mark::Amber),
        lede: reading("Give objects to a collection, and see what becomes of each."),
        collections: Choice::list(&[("x", "shared")], "x"),
        forms: "a STIX 2.1 bundle",
        most: "16 MiB".into(),
        problem: None,
        outcomes: vec![],
        rest: None,
    };
    check("upload", &page, "enctype=\"multipart/form-data\"");
}

#[test]
fn others() {
    let found = super::find::Found {
        shell: shell("Search", "", Mark::Green),
        lede: Sentence::new().say("Nothing is known as \u{201c}wasserwrk\u{201d}."),
        hits: vec![],
        records: vec![],
        more: "",
        held: held(vec![]),
    };
    check("found", &found, "What the search understands");
    let row = |title: &str, kind: &str, mark| super::find::Row {
        title: title.into(),
        href: Some("/exchange/object/x".into()),
        kind: kind.into(),
        said: "Loads from hxxps://evil[.]example".into(),
        mark,
        source: "kev".into(),
        added: days(-3),
        revoked: title == "Emotet",
    };
    let page = super::find::Found {
        shell: shell("Search", "", Mark::Green),
        lede: Sentence::new().link("#h-held", "Two things").say(" held here go with \u{201c}emotet\u{201d}."),
        hits: vec![],
        records: vec![super::find::RecordHit {
            name: "Table-top on Emotet".into(),
            href: "/assure/records/activity/a-1".into(),
            kind: "Activity".into(),
            state: "held".into(),
            since: days(-20),
        }],
        more: "",
        held: held(vec![row("Emotet", "malware", Mark::Green), row("Emotet wiper", "tool", Mark::Clear)]),
    };
    check("found-held", &page, "Held here");
    let login = super::login::Login {
        assets: crate::assets::Assets::embedded(),
        home: "Norrland Cyber Agency".into(),
        exercise: true,
        problem: Some("Name or password is wrong.".into()),
        name: "a.lindqvist".into(),
        next: "/".into(),
    };
    check("login", &login, "Sign in to the hub");
    assert_eq!(capital(&count(2, "ask", "asks")), "Two asks");
    let _: Option<(Ask, Asks)> = None;
}

#[test]
fn answer() {
    use super::answer::*;
    for code in ["en", "de"] {
        let t = tongue::tongue(code);
        let page = Answer {
            assets: crate::assets::Assets::embedded(),
            t,
            lang: code.into(),
            tongues: tongue::TONGUES.iter().map(|t| (t.code, t.name)).collect(),
            title: "CVE-2023-6448".into(),
            sender: "Norrland Cyber Agency".into(),
            mark: Mark::Amber,
            exercise: false,
            done: (code == "de").then(|| format!("{} {}", t.recorded, t.answers[1].0)),
            problem: None,
            headline: if code == "de" { "CVE-2023-6448 in Ihrer Steuerung".into() } else { "CVE-2023-6448 in your controllers".into() },
            summary: "Two controllers at Waterworks of Tern Bay run a version with a weakness that is being exploited. Please say whether it is fixed.".into(),
            facts: t.facts.iter().zip(["CVE-2023-6448, CVSS 9.8, exploitation known", "Vision series, before 9.9.00", "Tern Bay, pumping station 2", "17 May 2024, 12:00 UTC", "Your own inventory row, matched by model and version"]).map(|(a, b)| ((*a).to_owned(), b.to_owned())).collect(),
            steps: vec!["Update to version 9.9.00 or later.".into(), "Change the default administrative password.".into(), "Take the controller off the open network.".into()],
            steps_lang: "en".into(),
            open: true,
            choices: choices(t, ""),
            nonce: "n".into(),
            who: "Norrland Cyber Agency warns operators whose systems other nations depend on.".into(),
            reference: "REF-32".into(),
        };
        check(&format!("answer-{code}"), &page, t.answer);
    }
}
