//! The facts of the real cross-border graph (`spec/depend.md` C11), where the shared data is at hand.
use depend::cascade::{Failure, Mode, run};
use depend::facts::{Facts, plan};
use depend::graph::{Graph, Reading};
use depend::spof::{Spof, spof, spreading};
use depend::{components, concentration, ranges};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;
use std::sync::LazyLock;

fn table(name: &str) -> Option<Vec<u8>> {
    let shared = std::env::var_os("MAINSTAY_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let file = std::fs::File::open(shared.join("data/infrastructure").join(name)).ok()?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

static FACTS: LazyLock<Option<Facts>> = LazyLock::new(|| {
    let tables = [table("real_nodes.csv.gz")?, table("real_edges.csv.gz")?];
    let mut facts = Facts::default();
    for table in &tables {
        let plan = plan(&mut facts, "real", table, false).unwrap();
        assert_eq!(plan.refused, []);
    }
    Some(facts)
});

static GRAPH: LazyLock<Option<Graph>> = LazyLock::new(|| Some(Graph::build(FACTS.as_ref()?, Reading::AsGiven)));

/// The real graph, or a loud word that it is absent.
fn real(test: &str) -> Option<&'static Graph> {
    if GRAPH.is_none() {
        eprintln!("SKIPPED (no shared data): {test}");
    }
    GRAPH.as_ref()
}

fn kind(graph: &Graph, node: u32) -> &str {
    graph.text(graph.node(node).kind)
}

/// The six kinds that the specification counts as assets.
const ASSETS: [&str; 6] = ["submarine-cable", "landing-point", "substation-bus", "chokepoint", "data-centre", "ixp"];

fn functions<'g>(graph: &'g Graph, found: &[Spof], key: &str) -> Vec<&'g str> {
    let node = graph.find(key).unwrap();
    found.iter().filter(|spof| spof.node == node).flat_map(|spof| graph.keys(spof.functions.iter().copied())).collect()
}

#[test]
fn size() {
    let Some(graph) = real("size") else { return };
    let facts = FACTS.as_ref().unwrap();
    assert_eq!(graph.len(), 73_732);
    assert_eq!(facts.count(depend::tables::Form::Edges), 169_948);
    assert_eq!(graph.inferred_edges(), 21_022);
    let countries: BTreeSet<_> = graph.nodes().map(|(_, n)| n.country).filter(|c| c.is_known()).collect();
    assert_eq!(countries.len(), 243);
    assert_eq!(graph.groups().len(), 41_092);
    assert_eq!((graph.aside().self_supplies, graph.aside().dangling, graph.aside().mixed_needs), (70, 0, 0));
}

#[test]
fn single_points_of_failure() {
    let Some(graph) = real("single_points_of_failure") else { return };
    let found = spof(graph, Mode::Ungrounded, |_| true);
    assert_eq!(found.len(), 447);
    let of_assets = found.iter().filter(|s| ASSETS.contains(&kind(graph, s.node))).count();
    assert_eq!(of_assets, 142);
    let assets = |node| ASSETS.contains(&kind(graph, node));
    assert_eq!(spof(graph, Mode::Ungrounded, assets).len(), 142);
    assert_eq!(spreading(graph, Mode::Ungrounded, assets).len(), 2_035);

    let cuts = |spof: &&Spof| spof.functions.iter().any(|f| graph.key(*f).starts_with("fn:intl-connectivity:"));
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    found.iter().filter(cuts).for_each(|spof| *kinds.entry(kind(graph, spof.node)).or_default() += 1);
    assert_eq!((kinds["submarine-cable"], kinds["landing-point"]), (23, 10));

    assert_eq!(
        functions(graph, &found, "cable:arcos"),
        ["fn:domestic-internet:BZ", "fn:intl-connectivity:BZ", "fn:intl-connectivity:NI", "fn:intl-connectivity:TC"]
    );
    assert_eq!(
        functions(graph, &found, "lp:suva-fiji"),
        ["fn:domestic-internet:VU", "fn:intl-connectivity:TO", "fn:intl-connectivity:VU"]
    );
    assert_eq!(
        functions(graph, &found, "cable:interchange-cable-network-1-icn1"),
        ["fn:domestic-internet:VU", "fn:intl-connectivity:VU"]
    );
}

#[test]
fn the_same_for_any_number_of_threads() {
    let Some(graph) = real("the_same_for_any_number_of_threads") else { return };
    for mode in [Mode::Ungrounded, Mode::Grounded] {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| spof(graph, mode, |_| true))
        };
        let one = on(1);
        // One engine for all gives what a new engine for each gives.
        for spof in one.iter().step_by(20) {
            let outcome = run(graph, &Failure { nodes: vec![spof.node], mode });
            let functions = outcome.lost().filter(|n| graph.node(*n).function);
            assert_eq!(graph.keys(functions), graph.keys(spof.functions.iter().copied()));
        }
        assert_eq!(one, on(2));
        assert_eq!(one, on(5));
    }
}

#[test]
fn all_substations_of_great_britain() {
    let Some(graph) = real("all_substations_of_great_britain") else { return };
    let british = |n: u32| graph.node(n).country.code() == "GB" && kind(graph, n) == "substation-bus";
    let nodes: Vec<u32> = graph.nodes().map(|(at, _)| at).filter(|at| british(*at)).collect();
    assert_eq!(nodes.len(), 346);
    let outcome = run(graph, &Failure { nodes, mode: Mode::Ungrounded });
    let irish: Vec<&str> =
        outcome.lost().filter(|n| graph.node(*n).country.code() == "IE").map(|n| kind(graph, n)).collect();
    assert_eq!(irish.len(), 3, "{irish:?}");
    assert_eq!(outcome.lost().count(), 536);
    assert!(outcome.unsupplied.is_empty());
}

#[test]
fn grounded_supply() {
    let Some(graph) = real("grounded_supply") else { return };
    let outcome = run(graph, &Failure { nodes: vec![graph.find("cable:arcos").unwrap()], mode: Mode::Grounded });
    assert_eq!(outcome.unsupplied.len(), 220);
    let functions: Vec<u32> = outcome.unsupplied.iter().copied().filter(|n| graph.node(*n).function).collect();
    assert_eq!(
        graph.keys(functions),
        [
            "fn:air-transport:AM",
            "fn:air-transport:AZ",
            "fn:air-transport:HR",
            "fn:air-transport:IR",
            "fn:air-transport:KZ",
            "fn:air-transport:MD",
            "fn:electricity:AM",
            "fn:electricity:AZ",
            "fn:electricity:HR",
            "fn:electricity:IR",
            "fn:electricity:KZ",
            "fn:electricity:MD",
            "fn:maritime-trade:SI",
        ]
    );
    assert_eq!(
        graph.keys(outcome.lost()),
        ["fn:domestic-internet:BZ", "fn:intl-connectivity:BZ", "fn:intl-connectivity:NI", "fn:intl-connectivity:TC"]
    );
}

#[test]
fn one_cable_and_one_landing() {
    let Some(graph) = real("one_cable_and_one_landing") else { return };
    let of = |prefix: &'static str| graph.nodes().map(|(at, _)| at).filter(move |n| graph.key(*n).starts_with(prefix));
    let one = of("fn:intl-connectivity:").filter(|f| concentration::suppliers(graph, *f).len() == 1).count();
    assert_eq!(one, 32);
    for country in ["CI", "GH", "SN", "SD", "TZ", "BJ"] {
        let function = graph.find(&format!("fn:intl-connectivity:{country}")).unwrap();
        let landings = concentration::second_tier_at_home(graph, function);
        assert_eq!((landings.len(), concentration::hhi(landings.values().copied())), (1, 1.0), "{country}");
    }
}

#[test]
fn strongly_connected() {
    let Some(graph) = real("strongly_connected") else { return };
    let found = components::strong(graph);
    assert_eq!((found.count(), found.largest()), (52_234, 9_664));
}

#[test]
fn ranges_over_inferred_edges() {
    let Some(graph) = real("ranges_over_inferred_edges") else { return };
    let facts = FACTS.as_ref().unwrap();
    let nodes = graph.nodes().map(|(at, _)| at).filter(|n| kind(graph, *n) == "substation-bus").take(200).collect();
    let range = ranges::cascade(facts, &Failure { nodes, mode: Mode::Ungrounded });
    let lost = |reading| range.outcomes[&reading].lost().count();
    assert!(lost(Reading::LeftOut) <= lost(Reading::Any));
    assert!(lost(Reading::Any) <= lost(Reading::AsGiven));
    assert!(lost(Reading::AsGiven) <= lost(Reading::All));
    assert!(lost(Reading::LeftOut) < lost(Reading::All));
    let shares = ranges::knowledge(facts, graph);
    let airports = &shares[&("airport".to_owned(), "power".to_owned())];
    assert_eq!((airports.consumers, airports.of["inferred"], airports.of["unknown"]), (7_698, 6_809, 889));
}
