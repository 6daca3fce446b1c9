//! Tables as they come: whatever a field holds comes through, and events fold to what the import left behind.
use depend::facts::{Facts, plan};
use depend::graph::{Graph, Reading};
use depend::tables::{Form, read};
use proptest::prelude::*;

fn csv(header: &str, rows: &[Vec<String>], crlf: bool) -> Vec<u8> {
    let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let mut out = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
    out.write_record(header.split(',')).unwrap();
    rows.iter().for_each(|row| out.write_record(row).unwrap());
    out.into_inner().unwrap()
}

const NODES: &[u8] = b"key,type\na,plant\nb,plant\nc,plant\nd,function\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_field_comes_through(names in proptest::collection::vec("[ -~\n\"é;,]{0,12}", 1..8), crlf: bool) {
        let rows: Vec<Vec<String>> =
            names.iter().enumerate().map(|(at, name)| vec![format!("n{at}"), "plant".into(), name.clone()]).collect();
        let table = csv("key,type,name", &rows, crlf);
        let mut facts = Facts::default();
        let first = plan(&mut facts, "s", &table, false).unwrap();
        prop_assert_eq!((first.accepted, first.refused.len()), (names.len(), 0));
        let again = plan(&mut facts, "s", &table, true).unwrap();
        prop_assert_eq!((again.changes.len(), again.unchanged), (0, names.len()));
        let mut folded = Facts::default();
        first.changes.iter().for_each(|c| assert_eq!(folded.fold("s", c.removed, &c.body), Ok(0)));
        let graph = Graph::build(&folded, Reading::AsGiven);
        for (at, name) in names.iter().enumerate() {
            let node = graph.node(graph.find(&format!("n{at}")).unwrap());
            prop_assert_eq!(graph.text(node.name), name.trim());
        }
    }

    #[test]
    fn reading_never_panics_and_places_are_in_order(bytes in "(src,dst,group,need|key,type|group,supplier)\n[a-d0-9,\"\r\n.]{0,80}") {
        let mut last = (0, 0);
        let ok = read(bytes.as_bytes(), |place, _| {
            assert!(place.line > last.0 && place.raw.start >= last.1 && place.raw.end <= bytes.len());
            last = (place.line, place.raw.end);
        });
        prop_assert!(ok.is_ok());
    }

    #[test]
    fn events_fold_to_what_the_import_left(
        tables in proptest::collection::vec((proptest::collection::vec(("[abc]", "[bd]", "[12]", any::<bool>()), 0..8), any::<bool>()), 1..6),
    ) {
        let mut facts = Facts::default();
        plan(&mut facts, "s", NODES, false).unwrap();
        let mut folded = facts.clone();
        for (rows, replace) in &tables {
            let rows = rows.iter().map(|(src, dst, group, inferred)| {
                vec![src.clone(), dst.clone(), group.clone(), "1".into(), u8::from(*inferred).to_string()]
            });
            let rows: Vec<Vec<String>> = rows.collect();
            let table = csv("src,dst,group,need,inferred", &rows, false);
            let done = plan(&mut facts, "s", &table, *replace).unwrap();
            prop_assert_eq!(done.accepted + done.unchanged, rows.len());
            done.changes.iter().for_each(|c| assert_eq!(folded.fold("s", c.removed, &c.body), Ok(0)));
            prop_assert_eq!(folded.count(Form::Edges), facts.count(Form::Edges));
            if *replace {
                prop_assert_eq!(facts.count(Form::Edges), rows.len());
            }
            let again = plan(&mut folded, "s", &table, *replace).unwrap();
            prop_assert_eq!(again.changes.len(), 0);
        }
    }
}
