//! Every rule of supply on a small invented graph.
use depend::cascade::{Failure, Mode, back, run, words};
use depend::graph::{Graph, Reading};
use insta::assert_snapshot;
use std::fmt::Write;

const NODES: &[u8] = b"key,type,layer,name,country,owner_country
plant,power-plant,power,Plant North,AA,AA
plant2,power-plant,power,Plant South,AA,BB
bus1,substation,power,Bus One,AA,AA
bus2,substation,power,Bus Two,AA,AA
bus3,substation,power,Bus Three,BB,BB
isle1,substation,power,Isle One,CC,CC
isle2,substation,power,Isle Two,CC,CC
water,waterworks,water,Waterworks,AA,AA
tower,tower,comms,Tower,AA,AA
cable1,cable,comms,Cable One,,
cable2,cable,comms,Cable Two,,
cable3,cable,comms,Cable Three,,
hospital,hospital,health,Hospital,AA,AA
f-water,function,function,Drinking water A,AA,
f-net,function,function,Connectivity A,AA,
f-health,national-function,function,Health A,AA,
";

const EDGES: &[u8] = b"src,dst,type,group,need,inferred
plant,bus1,line,grid,1,0
plant2,bus1,line,grid,1,0
bus1,bus2,line,grid,1,0
bus3,bus2,line,grid,1,0
bus2,bus3,line,grid,1,0
isle1,isle2,line,grid,1,0
isle2,isle1,line,grid,1,0
cable1,f-net,service,cables,0.5,0
cable2,f-net,service,cables,0.5,0
cable2,f-net,service,cables,0.5,0
cable3,f-net,service,cables,0.5,0
water,f-water,service,works,0,0
bus2,tower,electricity,power,1,1
isle1,tower,electricity,power,1,1
hospital,f-health,service,hospitals,0,0
";

const GROUPS: &[u8] = b"group,consumer,input,rule,k,buffer_h,degraded,ramp_up_h
w-power,water,electricity,any,,6,,1
h-power,hospital,electricity,all,,48,,
h-comms,hospital,comms,any,,,0.7,
h-water,hospital,water,share,0.5,2.5,,
h-two,hospital,staff,k-of-n,2,,,
";

const MEMBERS: &[u8] = b"group,supplier,share,strength,kind,provenance,confidence
w-power,bus1,,,physical,declared,90
h-power,bus2,,,physical,surveyed,
h-comms,tower,,,cyber,declared,
h-water,water,0.6,,physical,declared,
h-water,cable3,0.4,,physical,declared,
h-two,cable1,,,,,
h-two,cable2,,,,,
h-two,cable3,,,,,
";

pub(crate) fn tables() -> [&'static [u8]; 4] {
    [NODES, EDGES, GROUPS, MEMBERS]
}

fn show(graph: &Graph, keys: &[&str], mode: Mode) -> String {
    let nodes = keys.iter().map(|key| graph.find(key).unwrap()).collect();
    let outcome = run(graph, &Failure { nodes, mode });
    let mut out = String::new();
    if !outcome.unsupplied.is_empty() {
        writeln!(out, "unsupplied: {}", graph.keys(outcome.unsupplied.iter().copied()).join(" ")).unwrap();
    }
    for (at, loss) in outcome.losses.iter().enumerate() {
        let hour = f64::from(loss.minute) / 60.0;
        let way = words(graph, &back(&outcome, at));
        writeln!(out, "{hour} h, {} left: {way}", loss.level.as_f64()).unwrap();
    }
    out
}

#[test]
fn any_all_and_buffers() {
    let graph = super::graph(&tables());
    // Ungrounded, two buses that supply each other stay up; the water works run on their stock for six hours.
    assert_snapshot!(show(&graph, &["bus1"], Mode::Ungrounded), @r#"
    6 h, 0 left: Waterworks ← electricity (the only supplier), after 6 h ← Bus One
    6 h, 0 left: Drinking water A ← works (the only supplier) ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One
    8.5 h, 0 left: Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One
    8.5 h, 0 left: Health A ← hospitals (the only supplier) ← Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One
    "#);
    assert_snapshot!(show(&graph, &["plant"], Mode::Ungrounded), @"");
    assert_snapshot!(show(&graph, &["bus2", "bus3"], Mode::Ungrounded), @r#"
    48 h, 0 left: Hospital ← electricity (the only supplier), after 48 h ← Bus Two
    48 h, 0 left: Health A ← hospitals (the only supplier) ← Hospital ← electricity (the only supplier), after 48 h ← Bus Two
    "#);
}

#[test]
fn grounded_supply_reaches_back_to_a_source() {
    let graph = super::graph(&tables());
    assert_snapshot!(show(&graph, &["plant"], Mode::Grounded), @"unsupplied: isle1 isle2");
    assert_snapshot!(show(&graph, &["plant", "plant2"], Mode::Grounded), @r#"
    unsupplied: isle1 isle2
    0 h, 0 left: Bus One ← grid (any of 2 needed) ← Plant South
    0 h, 0 left: Bus Two ← grid (any of 2 needed) ← Bus One ← grid (any of 2 needed) ← Plant South
    0 h, 0 left: Bus Three ← grid (the only supplier) ← Bus Two ← grid (any of 2 needed) ← Bus One ← grid (any of 2 needed) ← Plant South
    0 h, 0 left: Tower ← power (any of 2 needed) ← Bus Two ← grid (any of 2 needed) ← Bus One ← grid (any of 2 needed) ← Plant South
    0 h, 0.7 left: Hospital ← comms (the only supplier), 70 % left ← Tower ← power (any of 2 needed) ← Bus Two ← grid (any of 2 needed) ← Bus One ← grid (any of 2 needed) ← Plant South
    6 h, 0 left: Waterworks ← electricity (the only supplier), after 6 h ← Bus One ← grid (any of 2 needed) ← Plant South
    6 h, 0 left: Drinking water A ← works (the only supplier) ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One ← grid (any of 2 needed) ← Plant South
    8.5 h, 0 left: Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One ← grid (any of 2 needed) ← Plant South
    8.5 h, 0 left: Health A ← hospitals (the only supplier) ← Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One ← grid (any of 2 needed) ← Plant South
    "#);
    assert_snapshot!(show(&graph, &["bus1"], Mode::Grounded), @r#"
    unsupplied: isle1 isle2
    0 h, 0 left: Bus Two ← grid (any of 2 needed) ← Bus One
    0 h, 0 left: Bus Three ← grid (the only supplier) ← Bus Two ← grid (any of 2 needed) ← Bus One
    0 h, 0 left: Tower ← power (any of 2 needed) ← Bus Two ← grid (any of 2 needed) ← Bus One
    0 h, 0.7 left: Hospital ← comms (the only supplier), 70 % left ← Tower ← power (any of 2 needed) ← Bus Two ← grid (any of 2 needed) ← Bus One
    6 h, 0 left: Waterworks ← electricity (the only supplier), after 6 h ← Bus One
    6 h, 0 left: Drinking water A ← works (the only supplier) ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One
    8.5 h, 0 left: Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One
    8.5 h, 0 left: Health A ← hospitals (the only supplier) ← Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks ← electricity (the only supplier), after 6 h ← Bus One
    "#);
}

#[test]
fn shares_and_counts() {
    let graph = super::graph(&tables());
    // Half of four edges, of which cable 2 has two; two of three cables for the hospital.
    assert_snapshot!(show(&graph, &["cable1"], Mode::Ungrounded), @"");
    assert_snapshot!(show(&graph, &["cable1", "cable2"], Mode::Ungrounded), @r#"
    0 h, 0 left: Hospital ← staff (2 of 3 needed) ← Cable Two
    0 h, 0 left: Connectivity A ← cables (2 of 4 needed) ← Cable Two
    0 h, 0 left: Health A ← hospitals (the only supplier) ← Hospital ← staff (2 of 3 needed) ← Cable Two
    "#);
    // 0.6 of the water is enough where half is needed, 0.4 is not.
    assert_snapshot!(show(&graph, &["cable3"], Mode::Ungrounded), @"");
    assert_snapshot!(show(&graph, &["water"], Mode::Ungrounded), @r#"
    0 h, 0 left: Drinking water A ← works (the only supplier) ← Waterworks
    2.5 h, 0 left: Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks
    2.5 h, 0 left: Health A ← hospitals (the only supplier) ← Hospital ← water (50 % of capacity needed), after 2.5 h ← Waterworks
    "#);
}

#[test]
fn what_is_left_without_an_input() {
    let graph = super::graph(&tables());
    assert_snapshot!(show(&graph, &["tower"], Mode::Ungrounded), @"0 h, 0.7 left: Hospital ← comms (the only supplier), 70 % left ← Tower");
}

#[test]
fn inferred_edges_under_each_reading() {
    let facts = super::facts(&tables());
    let lost = |reading: Reading, key: &str| {
        let graph = Graph::build(&facts, reading);
        let outcome = run(&graph, &Failure { nodes: vec![graph.find(key).unwrap()], mode: Mode::Ungrounded });
        graph.keys(outcome.lost()).join(" ")
    };
    assert_eq!(Reading::ALL.map(|reading| lost(reading, "isle1")), ["isle2", "isle2 tower", "isle2", "isle2"]);
}

#[test]
fn across_the_border() {
    let graph = super::graph(&tables());
    let foreign = |key: &str| graph.keys(graph.foreign_suppliers(graph.find(key).unwrap())).join(" ");
    // By location, and by the owner's country.
    assert_eq!(["bus2", "bus1", "water"].map(foreign), ["bus3", "plant2", ""]);
    let circle = depend::components::strong(&graph).interdependent(graph.find("bus2").unwrap());
    assert_eq!(graph.keys(circle), ["bus2", "bus3"]);
}

#[test]
fn single_points() {
    let graph = super::graph(&tables());
    let show = |mode| {
        let found = depend::spof::spof(&graph, mode, |_| true);
        let line = |s: &depend::spof::Spof| {
            format!("{}: {}\n", graph.key(s.node), graph.keys(s.functions.iter().copied()).join(" "))
        };
        found.iter().map(line).collect::<String>()
    };
    assert_snapshot!(show(Mode::Ungrounded), @r#"
    bus1: f-health f-water
    bus2: f-health
    hospital: f-health
    water: f-health f-water
    "#);
    assert_snapshot!(show(Mode::Grounded), @r#"
    bus1: f-health f-water
    bus2: f-health
    hospital: f-health
    water: f-health f-water
    "#);
}
