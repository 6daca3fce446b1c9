//! Small worlds: who is asked, why, what is withheld, what is never asked twice.
use super::*;
use insta::assert_snapshot;
use std::fmt::Write;

fn exposure(owner: &str, country: &str, vulnerability: &str) -> Exposure {
    Exposure {
        level: "asset".into(),
        subject: format!("{owner}-plc"),
        source: format!("cert-{}", country.to_lowercase()),
        owner: Some(owner.into()),
        holder: None,
        country: Some(country.into()),
        vulnerability: vulnerability.into(),
        advisory: "ICSA-24-001-01".into(),
        title: "Acme PLC".into(),
        tlp: Tlp::Clear,
        marks: Marks::of(0, None),
        rests_on: Tlp::Clear,
        method: "model".into(),
        known_by: "model and version match (tier B)".into(),
        count: None,
        functions: vec!["supply-water".into()],
        exploited: false,
        severity: 98,
        compromised: false,
    }
}

fn counted(holder: &str, country: &str, vulnerability: &str) -> Exposure {
    Exposure {
        level: "constituency".into(),
        subject: holder.into(),
        owner: None,
        holder: Some(holder.into()),
        count: Some((5, Some(9))),
        known_by: "signed answer".into(),
        ..exposure("x", country, vulnerability)
    }
}

fn contact(org: &str, role: &str, country: &str) -> Contact {
    Contact {
        org: org.into(),
        email: format!("soc@{org}.example"),
        role: (!role.is_empty()).then(|| role.into()),
        country: Some(country.into()),
        source: "local".into(),
        ..Contact::default()
    }
}

struct World {
    exposures: Vec<Exposure>,
    orgs: BTreeMap<String, Card>,
    contacts: Vec<Contact>,
    rules: Rules,
    known: Vec<Known>,
}

impl World {
    /// Home is US. PT, DE, FR, GB, CU each have an owner and a CSIRT with contacts; rules differ.
    fn new() -> World {
        let card = |name: &str, kind: &str, country: &str, language: &str| Card {
            name: name.into(),
            kind: kind.into(),
            country: Some(country.into()),
            languages: vec![language.into()],
            agreements: Vec::new(),
        };
        let mut world = World {
            exposures: Vec::new(),
            orgs: BTreeMap::from([("home".to_owned(), card("Agency", "agency", "US", "en"))]),
            contacts: Vec::new(),
            rules: Rules::default(),
            known: Vec::new(),
        };
        for (country, way) in
            [("DE", "csirt-first"), ("FR", "csirt-only"), ("GB", "both"), ("NL", "direct"), ("CU", "none")]
        {
            let low = country.to_lowercase();
            let text =
                format!("country = \"{country}\"\nrule = \"{way}\"\nhours = 24\nhold_above = 5\nbasis = \"test\"");
            world.rules.overlay(Rules::read([("x", text.as_str())]).unwrap());
            world.orgs.insert(format!("cert-{low}"), card("Team", "csirt", country, &low));
            world.contacts.push(contact(&format!("cert-{low}"), "", country));
            world.contacts.push(contact(&format!("water-{low}"), "", country));
        }
        world
    }

    fn with(exposures: Vec<Exposure>) -> World {
        World { exposures, ..World::new() }
    }

    fn plan(&self) -> Plan {
        plan(&Input {
            exposures: &self.exposures,
            orgs: &self.orgs,
            contacts: &self.contacts,
            rules: &self.rules,
            known: &self.known,
            home: "home",
            on: "2026-03-01".parse().unwrap(),
        })
    }

    /// All asks of the plan exist now, in this state.
    fn done(&mut self, state: State) {
        for ask in self.plan().asks {
            for vulnerability in ask.vulnerabilities {
                let (party, addressee) = (ask.party.clone(), ask.addressee.clone());
                let forwarded = false;
                self.known.push(Known { ask: ask.ask.clone(), party, vulnerability, addressee, state, forwarded });
            }
        }
    }
}

fn show(plan: &Plan) -> String {
    let mut out = String::new();
    for a in &plan.asks {
        let held = if a.held { " HELD" } else { "" };
        writeln!(
            out,
            "{} for {} → {} {} [{}]{held}",
            a.vulnerabilities.join("+"),
            a.party,
            a.addressee,
            a.language,
            a.rule
        )
        .unwrap();
    }
    for w in &plan.withheld {
        writeln!(out, "no {} for {}: {} [{}]", w.vulnerabilities.join("+"), w.party, w.reason, w.rule).unwrap();
    }
    out
}

#[test]
fn each_countrys_rule() {
    let countries = ["DE", "FR", "GB", "NL", "CU"];
    let world = World::with(countries.map(|c| exposure(&format!("water-{}", c.to_lowercase()), c, "CVE-1")).to_vec());
    assert_snapshot!(show(&world.plan()), @"
    CVE-1 for water-de → cert-de de [csirt-first]
    CVE-1 for water-fr → cert-fr fr [csirt-only]
    CVE-1 for water-gb → cert-gb gb [both]
    CVE-1 for water-gb → water-gb en [both]
    CVE-1 for water-nl → water-nl en [direct]
    no CVE-1 for water-cu: the rule of CU is that nobody is asked [country-rule]
    ");
}

#[test]
fn the_why_in_words() {
    let mut world = World::with(vec![exposure("water-de", "DE", "CVE-1"), exposure("water-de", "DE", "CVE-2")]);
    world.exposures[1].exploited = true;
    let plan = world.plan();
    assert_snapshot!(plan.asks[0].why.join("\n"), @"
    advisory: ICSA-24-001-01 (Acme PLC) tells of CVE-1, CVE-2; exploitation is known
    asset: water-de-plc of water-de in DE, model and version match (tier B)
    function: 1 of ours at stake: supply-water
    rule: in DE the national CSIRT is asked first, the owner after 24 hours of silence (basis: test); cert-de is asked because it is the CSIRT of the country
    contact: soc@cert-de.example as local says, never verified
    ");
}

#[test]
fn a_count_goes_to_its_holder() {
    let world = World::with(vec![counted("cert-fr", "FR", "CVE-1"), counted("cert-cu", "CU", "CVE-1")]);
    let plan = world.plan();
    assert_snapshot!(show(&plan), @"
    CVE-1 for cert-fr → cert-fr fr [csirt-only]
    no CVE-1 for cert-cu: the rule of CU is that nobody is asked [country-rule]
    ");
    assert_eq!(plan.asks[0].count, Some((5, Some(9))));
}

#[test]
fn what_exists_is_never_asked_twice() {
    let mut world = World::with(vec![exposure("water-nl", "NL", "CVE-1"), exposure("water-gb", "GB", "CVE-1")]);
    assert_eq!(world.plan().asks.len(), 3);
    let first = world.plan();
    assert_eq!(world.plan(), first, "the same input gives the same plan");
    for state in State::ALL.into_iter().filter(|s| *s != State::Closed) {
        world.known.clear();
        world.done(state);
        assert_eq!(world.plan().asks, [], "{state}");
    }
    // One vulnerability more under the same document: only that one is new.
    world.exposures.push(exposure("water-nl", "NL", "CVE-2"));
    assert_snapshot!(show(&world.plan()), @"CVE-2 for water-nl → water-nl en [direct]");
}

#[test]
fn a_relapse_is_a_new_ask() {
    let mut world = World::with(vec![exposure("water-nl", "NL", "CVE-1")]);
    let first = world.plan().asks.remove(0);
    world.done(State::Closed);
    let second = world.plan().asks.remove(0);
    assert_ne!(first.ask, second.ask);
    assert!(second.key.ends_with("/1"), "{}", second.key);
}

#[test]
fn csirt_first_then_the_owner_when_silent() {
    let mut world = World::with(vec![exposure("water-de", "DE", "CVE-1")]);
    world.done(State::Sent);
    assert_snapshot!(show(&world.plan()), @"");
    world.known[0].state = State::Acknowledged;
    assert_snapshot!(show(&world.plan()), @"");
    world.known[0].state = State::Silent;
    let plan = world.plan();
    assert_snapshot!(show(&plan), @"CVE-1 for water-de → water-de en [csirt-first]");
    assert_eq!(plan.asks[0].follows.as_ref(), Some(&world.known[0].ask));
    world.done(State::Sent);
    assert_eq!(world.plan().asks, []);
}

#[test]
fn a_team_that_passed_it_on_lets_us_ask_the_owner() {
    let mut world = World::with(vec![exposure("water-de", "DE", "CVE-1"), exposure("water-fr", "FR", "CVE-1")]);
    world.done(State::Answered);
    assert_eq!(world.plan().asks, []);
    world.known.iter_mut().for_each(|k| k.forwarded = true);
    // The French team alone speaks to its owners, whatever it answered.
    assert_snapshot!(show(&world.plan()), @"CVE-1 for water-de → water-de en [csirt-first]");
}

#[test]
fn held_for_a_second_person_above_the_limit() {
    #[track_caller]
    fn check(owners: usize, expected: bool) {
        let mut world = World::new();
        for n in 0..owners {
            let owner = format!("water-{n}");
            world.contacts.push(contact(&owner, "", "NL"));
            world.exposures.push(exposure(&owner, "NL", "CVE-1"));
        }
        let plan = world.plan();
        assert_eq!(plan.recipients, owners);
        assert!(plan.asks.iter().all(|a| a.held == expected), "{}", show(&plan));
    }
    check(5, false);
    check(6, true);
}

#[test]
fn nothing_is_dropped_in_silence() {
    let mut world = World::with(vec![
        exposure("nobody", "NL", "CVE-1"),
        exposure("water-pt", "PT", "CVE-1"),
        Exposure { tlp: Tlp::Amber, ..exposure("water-nl", "NL", "CVE-3") },
        Exposure { country: None, ..exposure("lost", "NL", "CVE-4") },
    ]);
    assert_snapshot!(show(&world.plan()), @"
    CVE-1 for nobody → cert-nl nl [direct]
    no CVE-4 for lost: its country is not known; give it in the inventory [no-csirt]
    no CVE-3 for water-nl: to water-nl: TLP:AMBER is above TLP:CLEAR: water-nl has no agreement in force on 2026-03-01 [marking]
    no CVE-1 for water-pt: no CSIRT of PT is known; import it as a partner of kind csirt, with a contact [no-csirt]
    ");
    world.contacts.retain(|c| c.org != "cert-nl");
    assert_snapshot!(show(&world.plan()), @"
    no CVE-4 for lost: its country is not known; give it in the inventory [no-csirt]
    no CVE-1 for nobody: no contact of nobody is known; import one [no-contact]
    no CVE-3 for water-nl: to water-nl: TLP:AMBER is above TLP:CLEAR: water-nl has no agreement in force on 2026-03-01 [marking]
    no CVE-1 for water-pt: no CSIRT of PT is known; import it as a partner of kind csirt, with a contact [no-csirt]
    ");
}

/// Documents above what somebody may read change neither whether nor what they are told; the operator sees that they do.
#[test]
fn each_is_told_by_what_they_may_read() {
    let amber = Tlp::Amber.rank();
    let by = |advisory: &str, tlp: Tlp, marks: Marks| Exposure {
        advisory: advisory.into(),
        tlp,
        marks,
        rests_on: tlp,
        ..exposure("water-gb", "GB", "CVE-1")
    };
    let trusted = |world: &mut World| {
        world.orgs.get_mut("cert-gb").unwrap().agreements =
            vec![Agreement::plain("2020-01-01".parse().unwrap(), None, Tlp::Amber)];
    };
    let check = |exposures: Vec<Exposure>, expected: &str| {
        let mut world = World::with(exposures);
        trusted(&mut world);
        let shown: Vec<String> = world
            .plan()
            .asks
            .iter()
            .map(|a| {
                format!(
                    "{} by {} at {}{}",
                    a.addressee,
                    a.advisory,
                    a.tlp,
                    if a.why.len() > 5 { " (note)" } else { "" }
                )
            })
            .chain(world.plan().withheld.iter().map(|w| format!("no {} [{}]", w.advisory, w.rule)))
            .collect();
        assert_eq!(shown.join("; "), expected);
    };
    let clear = |until| by("PUBLIC", Tlp::Clear, Marks::of(0, until));
    check(vec![clear(None)], "cert-gb by PUBLIC at CLEAR; water-gb by PUBLIC at CLEAR");
    // Nothing by all that is held: whoever may read that is not asked.
    check(vec![clear(Some(amber))], "water-gb by PUBLIC at CLEAR (note)");
    check(
        vec![clear(Some(amber)), by("CLOSED", Tlp::Amber, Marks::of(amber, None))],
        "cert-gb by CLOSED at AMBER; water-gb by PUBLIC at CLEAR (note); no CLOSED [marking]",
    );
    // Decided by the same document, with one more that speaks of it: the mark of what is told stays.
    check(
        vec![clear(Some(amber)), by("PUBLIC", Tlp::Clear, Marks::of(amber, None))],
        "cert-gb by PUBLIC at CLEAR; water-gb by PUBLIC at CLEAR (note)",
    );
    check(vec![by("CLOSED", Tlp::Amber, Marks::of(amber, None))], "cert-gb by CLOSED at AMBER; no CLOSED [marking]");
}

/// Whom the rule names next is asked where the first may not read it, as where the first cannot be reached; never is more told to anybody.
#[test]
fn who_may_not_read_it_keeps_it_from_nobody_else() {
    #[track_caller]
    fn check(country: &str, agreed: &[&str], expected: &str) {
        let low = country.to_lowercase();
        let closed =
            Exposure { tlp: Tlp::Amber, rests_on: Tlp::Amber, ..exposure(&format!("water-{low}"), country, "CVE-1") };
        let mut world = World::with(vec![closed]);
        let second = format!("cert-{low}-2");
        world.contacts.push(contact(&second, "", country));
        let team = world.orgs[&format!("cert-{low}")].clone();
        world.orgs.insert(second, team);
        for org in agreed {
            let card = world.orgs.entry(format!("{org}-{low}")).or_insert_with(|| Card {
                kind: "operator".into(),
                country: Some(country.into()),
                ..Card::default()
            });
            card.agreements = vec![Agreement::plain("2020-01-01".parse().unwrap(), None, Tlp::Amber)];
        }
        if agreed.contains(&"cert-2") {
            let agreements = world.orgs.remove(&format!("cert-2-{low}")).unwrap().agreements;
            world.orgs.get_mut(&format!("cert-{low}-2")).unwrap().agreements = agreements;
        }
        let plan = world.plan();
        let asked: Vec<&str> = plan.asks.iter().map(|a| a.addressee.as_str()).collect();
        let withheld: Vec<&str> = plan.withheld.iter().map(|w| w.reason.split(':').next().unwrap()).collect();
        assert_eq!(format!("{}; withheld {}", asked.join(" "), withheld.join(" ")), expected, "{country} {agreed:?}");
        world.done(State::Sent);
        assert_eq!(world.plan().asks, [], "nobody is asked twice");
        // Which team is silent makes no difference to its owner.
        world.known.iter_mut().for_each(|known| known.state = State::Silent);
        let owner = |plan: &Plan| plan.asks.iter().any(|a| a.addressee == a.party && a.follows.is_some());
        let team = agreed.contains(&"cert") || agreed.contains(&"cert-2");
        assert_eq!(owner(&world.plan()), country == "DE" && agreed.contains(&"water") && team, "{country} {agreed:?}");
    }
    check("DE", &["cert-2", "water"], "cert-de-2; withheld to cert-de");
    check("DE", &[], "; withheld to cert-de");
    check("DE", &["cert", "water"], "cert-de; withheld ");
    check("DE", &["water"], "water-de; withheld to cert-de");
    check("DE", &["cert-2"], "cert-de-2; withheld to cert-de");
    check("FR", &["water"], "; withheld to cert-fr");
    check("FR", &["cert-2", "water"], "cert-fr-2; withheld to cert-fr");
    check("GB", &["water"], "water-gb; withheld to cert-gb");
    check("GB", &["cert-2"], "cert-gb-2; withheld to cert-gb to water-gb");
    check("NL", &["water"], "water-nl; withheld ");
    check("NL", &["cert"], "cert-nl; withheld to water-nl");
    check("NL", &["cert-2"], "cert-nl-2; withheld to water-nl");
    check("CU", &["cert", "water"], "; withheld the rule of CU is that nobody is asked");
}

#[test]
fn what_is_withheld_is_said_once_and_no_more_than_it_is() {
    let amber = Tlp::Amber.rank();
    let closed = |vulnerability: &str| Exposure {
        tlp: Tlp::Amber,
        rests_on: Tlp::Amber,
        marks: Marks::of(amber, None),
        ..exposure("water-gb", "GB", vulnerability)
    };
    let lost = Exposure { country: None, marks: Marks::of(0, Some(amber)), ..exposure("lost", "NL", "CVE-4") };
    let mut world = World::with(vec![exposure("water-gb", "GB", "CVE-1"), closed("CVE-2"), lost]);
    world.orgs.get_mut("cert-gb").unwrap().agreements =
        vec![Agreement::plain("2020-01-01".parse().unwrap(), None, Tlp::Amber)];
    assert_snapshot!(show(&world.plan()), @"
    CVE-1+CVE-2 for water-gb → cert-gb gb [both]
    CVE-1 for water-gb → water-gb en [both]
    no CVE-4 for lost: its country is not known; give it in the inventory [no-csirt]
    no CVE-2 for water-gb: to water-gb: TLP:AMBER is above TLP:CLEAR: water-gb has no agreement in force on 2026-03-01 [marking]
    ");
}

#[test]
fn a_compromised_victim_hears_by_another_way() {
    let hacked = Exposure { compromised: true, ..exposure("water-nl", "NL", "CVE-1") };
    let mut world = World::with(vec![hacked]);
    assert_snapshot!(show(&world.plan()), @"CVE-1 for water-nl → cert-nl nl [direct]");
    world.contacts.push(Contact { email: "cto@post.example".into(), ..contact("water-nl", "out-of-band", "NL") });
    assert_eq!(world.plan().asks[0].email, "cto@post.example");
}

#[test]
fn our_own_constituency_is_asked_directly() {
    let mut world = World::with(vec![exposure("water-us", "US", "CVE-1")]);
    world.contacts.push(contact("water-us", "", "US"));
    assert_snapshot!(show(&world.plan()), @"CVE-1 for water-us → water-us en [csirt-first]");
}

#[test]
fn only_the_owner_its_csirt_and_the_holder_ever_hear_of_it() {
    let countries = ["DE", "FR", "GB", "NL"];
    let world = World::with(countries.map(|c| exposure(&format!("water-{}", c.to_lowercase()), c, "CVE-1")).to_vec());
    for ask in world.plan().asks {
        let country = ask.country.unwrap().to_lowercase();
        assert!(ask.addressee == ask.party || ask.addressee == format!("cert-{country}"), "{}", ask.addressee);
    }
}
