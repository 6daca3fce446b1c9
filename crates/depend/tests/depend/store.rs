//! Tables through the store: admission, import again, replacement, rebuild, and the graph that follows the log.
use depend::cascade::Mode;
use depend::{Cache, Depend, Snapshot, Table, admit, cascade_report, spof_report};
use insta::{assert_json_snapshot, assert_snapshot};
use ledger::testkit::{TestStore, engines, shared, sqlite};
use ledger::{Intake, Ledger};
use std::sync::Arc;

fn open(store: &TestStore) -> Ledger {
    store.open(vec![Arc::new(Depend)])
}

fn import(ledger: &Ledger, tables: &[&[u8]], replace: bool) -> Intake {
    let tables: Vec<Table<'_>> = tables.iter().map(|bytes| Table { file: "t.csv", bytes }).collect();
    let intake = ledger.write(|tx| admit(tx, "local", &tables, replace)).unwrap();
    ledger.catch_up().unwrap();
    assert_eq!(ledger.position().unwrap().parked, 0);
    intake
}

fn counts(intake: &Intake) -> String {
    format!("{} accepted {:?}, {} unchanged", intake.accepted, intake.by_kind, intake.unchanged)
}

#[test]
fn import_again_replace_and_rebuild() {
    for store in engines() {
        let ledger = open(&store);
        let cache = Cache::default();
        let get = || ledger.read(|tx| cache.get(tx)).unwrap();
        assert!(get().graph().is_empty());

        // In the wrong order: nodes are taken before what names them.
        let tables: [&[u8]; 4] = super::rules::tables();
        let backwards: Vec<&[u8]> = tables.iter().rev().copied().collect();
        let intake = import(&ledger, &backwards, false);
        assert_eq!(
            counts(&intake),
            r#"44 accepted {"edges": 15, "groups": 5, "members": 8, "nodes": 16}, 0 unchanged"#
        );
        assert!(!intake.has_findings(), "{intake:?}");
        let first = get();
        assert_eq!(first.graph().len(), 16);
        assert!(Arc::ptr_eq(&first, &get()), "nothing came after it");

        let size = ledger.size().unwrap();
        let intake = import(&ledger, &tables, false);
        assert_eq!(counts(&intake), "0 accepted {}, 44 unchanged");
        let intake = import(&ledger, &tables, true);
        assert_eq!(counts(&intake), "0 accepted {}, 44 unchanged");
        assert_eq!(ledger.size().unwrap(), size, "importing again appends nothing");

        // A changed and a new row append those alone; the cache follows and gives what a fresh load gives.
        let more =
            b"key,type,layer,name,country\ntower,tower,comms,Tall Tower,AA\ntower2,tower,comms,Second Tower,AA\n";
        let intake = import(&ledger, &[more, b"group,supplier\nh-comms,tower2\n"], false);
        assert_eq!(counts(&intake), r#"3 accepted {"members": 1, "nodes": 2}, 0 unchanged"#);
        let fresh = ledger.read(Snapshot::load).unwrap();
        let report =
            |snapshot: &Snapshot| serde_json::to_string(&cascade_report(snapshot, &["bus1"], Mode::Grounded).unwrap());
        assert_eq!(report(&get()).unwrap(), report(&fresh).unwrap());
        assert_eq!(get().graph().name(get().graph().find("tower").unwrap()), "Tall Tower");

        // Absent rows mean removal only with replace, and only within the table and source.
        let intake = import(&ledger, &[tables[3]], true);
        assert_eq!(counts(&intake), "0 accepted {}, 8 unchanged");
        assert_eq!(intake.warnings[0].rule, "rows-removed");
        assert_eq!(get().facts().count(depend::tables::Form::Members), 8);

        // Two tables of one call replace together.
        let (header, rows) =
            super::rules::NODES.split_at(super::rules::NODES.iter().position(|b| *b == b'\n').unwrap() + 1);
        let half = rows.len() / 2;
        let half = half + rows[half..].iter().position(|b| *b == b'\n').unwrap() + 1;
        let intake = import(&ledger, &[&[header, &rows[..half]].concat(), &[header, &rows[half..]].concat()], true);
        assert_eq!(counts(&intake), r#"1 accepted {"nodes": 1}, 15 unchanged"#);
        assert_eq!(get().graph().len(), 16, "tower2 went, nothing else");

        let before = report(&get()).unwrap();
        ledger.rebuild().unwrap();
        assert_eq!(report(&get()).unwrap(), before);
        assert_eq!(ledger.verify(true).unwrap().findings, []);
    }
}

#[test]
fn rows_that_are_refused() {
    let store = sqlite();
    let ledger = open(&store);
    let intake = import(
        &ledger,
        &[b"key,type,country\na,plant,AA\nb,plant,Atlantis\n", b"src,dst,group,need\na,c,g,1\n"],
        false,
    );
    assert_json_snapshot!(intake.refused, @r#"
    [
      {
        "file": "t.csv",
        "place": "line 3",
        "id": "",
        "rule": "bad-country",
        "reason": "country is Atlantis, not two letters of ISO 3166-1"
      },
      {
        "file": "t.csv",
        "place": "line 2",
        "id": "a>c",
        "rule": "unknown-node",
        "reason": "dst c is neither a node's id in this source nor a key; import the nodes first"
      }
    ]
    "#);
    let intake = import(&ledger, &[b"src,dst,need\na,b,1\n"], false);
    assert_json_snapshot!(intake.refused, @r#"
    [
      {
        "file": "t.csv",
        "place": "line 1",
        "id": "",
        "rule": "column-missing",
        "reason": "the edges table lacks the column group"
      }
    ]
    "#);
}

#[test]
fn reports() {
    let store = sqlite();
    let ledger = open(&store);
    import(&ledger, &super::rules::tables(), false);
    let snapshot = ledger.read(Snapshot::load).unwrap();
    assert_json_snapshot!(cascade_report(&snapshot, &["isle1", "water"], Mode::Ungrounded).unwrap(), @r#"
    {
      "mode": "ungrounded",
      "failed": [
        "isle1",
        "water"
      ],
      "lost": [
        "f-health",
        "f-water",
        "hospital",
        "isle2"
      ],
      "functions": [
        "f-health",
        "f-water"
      ],
      "unsupplied": [],
      "degraded": [],
      "why": [
        {
          "key": "f-water",
          "name": "Drinking water A",
          "hour": 0.0,
          "path": "Drinking water A ← works (the only supplier) ← Waterworks"
        },
        {
          "key": "f-health",
          "name": "Health A",
          "hour": 2.5,
          "path": "Health A ← hospitals (the only supplier) ← Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks"
        }
      ],
      "inferred": {
        "edges": 2,
        "readings": {
          "all": {
            "lost": 5,
            "functions": [
              "f-health",
              "f-water"
            ]
          },
          "any": {
            "lost": 4,
            "functions": [
              "f-health",
              "f-water"
            ]
          },
          "as_given": {
            "lost": 4,
            "functions": [
              "f-health",
              "f-water"
            ]
          },
          "left_out": {
            "lost": 4,
            "functions": [
              "f-health",
              "f-water"
            ]
          }
        },
        "unstable": []
      }
    }
    "#);
    assert_json_snapshot!(spof_report(&snapshot, Mode::Ungrounded, &["cable", "waterworks"]), @r#"
    [
      {
        "key": "water",
        "functions": [
          "f-health",
          "f-water"
        ],
        "type": "waterworks",
        "name": "Waterworks",
        "country": "AA",
        "lost": 3,
        "range": {
          "all": 2,
          "any": 2,
          "left_out": 2
        },
        "unstable": false
      }
    ]
    "#);
    let refused = cascade_report(&snapshot, &["cabel1"], Mode::Ungrounded).unwrap_err();
    assert_snapshot!(refused, @"no node has the key cabel1 [unknown-node]; name nodes by their key; `import` takes node tables");
    let refused = cascade_report(&snapshot, &["cable"], Mode::Ungrounded).unwrap_err();
    assert_snapshot!(refused, @"no node has the key cable [unknown-node]; did you mean cable1, cable2, cable3?");
    assert_eq!(snapshot.functions_at_stake(&["water", "cable1", "nobody"]), ["f-health", "f-water"]);
    assert_eq!(snapshot.functions_at_stake(&["f-net"]), ["f-net"]);
    let found = snapshot.search("Cable", 2);
    assert_eq!(snapshot.graph().keys(found), ["cable1", "cable2"]);
}

/// The whole real graph through the store; prints what it costs here.
#[test]
fn the_real_graph() {
    use std::io::Read;
    let Some(data) = shared("the_real_graph") else { return };
    let table = |name: &str| {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(data.join("infrastructure").join(name)).unwrap();
        flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        bytes
    };
    let (nodes, edges) = (table("real_nodes.csv.gz"), table("real_edges.csv.gz"));
    for store in engines() {
        let ledger = open(&store);
        let start = std::time::Instant::now();
        let intake = import(&ledger, &[&nodes, &edges], false);
        eprintln!("{:>10.3} ms  {}: import of both tables", start.elapsed().as_secs_f64() * 1e3, store.engine);
        assert_eq!((intake.accepted, intake.refused.len()), (73_732 + 169_948, 0));
        let start = std::time::Instant::now();
        let snapshot = ledger.read(Snapshot::load).unwrap();
        eprintln!("{:>10.3} ms  {}: load", start.elapsed().as_secs_f64() * 1e3, store.engine);
        assert_eq!(spof_report(&snapshot, Mode::Ungrounded, &[]).len(), 447);
        let start = std::time::Instant::now();
        let intake = import(&ledger, &[&nodes, &edges], false);
        eprintln!("{:>10.3} ms  {}: import again", start.elapsed().as_secs_f64() * 1e3, store.engine);
        assert_eq!((intake.accepted, intake.unchanged), (0, 73_732 + 169_948));
    }
}
