//! The sample world's infrastructure: its tables are good, and it has what the demonstration shows.
use depend::cascade::Mode;
use depend::facts::{Facts, plan};
use depend::graph::{Graph, Reading};
use depend::spof::spof;
use std::path::Path;

#[test]
fn the_sample_world_has_dependencies_across_borders() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/infrastructure");
    let mut facts = Facts::default();
    for table in ["nodes", "edges", "groups", "members"] {
        let bytes = std::fs::read(folder.join(format!("{table}.csv"))).unwrap();
        let plan = plan(&mut facts, "sample", &bytes, false).unwrap();
        assert_eq!((plan.refused, plan.warnings), (vec![], vec![]), "{table}");
    }
    let graph = Graph::build(&facts, Reading::AsGiven);
    assert_eq!(graph.aside(), depend::graph::Aside::default());
    for mode in [Mode::Ungrounded, Mode::Grounded] {
        let unsupplied = depend::cascade::run(&graph, &depend::cascade::Failure { nodes: vec![], mode }).unsupplied;
        assert_eq!(graph.keys(unsupplied), [""; 0], "{mode:?}");
    }
    let found = spof(&graph, Mode::Ungrounded, |_| true);
    let abroad = |s: &&depend::spof::Spof| {
        let home = graph.node(s.node).country;
        s.functions.iter().any(|f| graph.node(*f).country != home)
    };
    assert!(found.iter().filter(abroad).count() > 5, "nodes whose loss takes a function of another country");
}
