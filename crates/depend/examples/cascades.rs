//! What cascades over a generated graph cost: `cascades PREFIX NODES WORK SCENARIOS [WAY]`, where `PREFIX.src.u32` and `PREFIX.dst.u32` hold
//! the ends of the edges. WORK is `spread:P`, the independent cascade from the ten nodes with most uses, or `gates:P`: nodes fail by themselves with odds P,
//! a fifth of them needs all of its suppliers, half any, the rest most. Prints what it took in seconds of one thread, and the mean of nodes down.
use depend::chance::{Chances, Net, Odds, Parts, Way, run};
use std::time::Instant;

type Done<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Done<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [prefix, nodes, work, scenarios, rest @ ..] = args.as_slice() else {
        return Err("see the head of this file".into());
    };
    let (work, p) = work.split_once(':').ok_or("WORK is spread:P or gates:P")?;
    let (p, nodes, scenarios): (f64, usize, usize) = (p.parse()?, nodes.parse()?, scenarios.parse()?);
    let way = match rest.first().map(String::as_str) {
        Some("sparse") => Way::Sparse,
        Some("dense") => Way::Dense,
        _ => Way::Measured,
    };
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let (src, dst) = (words(&format!("{prefix}.src.u32"))?, words(&format!("{prefix}.dst.u32"))?);
    let (parts, own) = match work {
        "spread" => spread(nodes, &src, &dst, p),
        "gates" => gates(nodes, &src, &dst, p),
        _ => return Err("WORK is spread:P or gates:P".into()),
    };
    let begun = Instant::now();
    let net = Net::of_parts(&parts);
    let built = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let tally = run(&net, &Chances { seed: 1, own }, scenarios, &[], way);
    let seconds = begun.elapsed().as_secs_f64();
    let mean = tally.falls.iter().sum::<u64>() as f64 / scenarios as f64;
    println!(
        "built {built:.2} s, {scenarios} in {seconds:.3} s, {:.0} a second, mean {mean:.2}",
        scenarios as f64 / seconds
    );
    Ok(())
}

fn words(path: &str) -> Done<Vec<u32>> {
    Ok(std::fs::read(path)?.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

/// Whoever has a supplier that falls may fall with it.
fn spread(nodes: usize, src: &[u32], dst: &[u32], p: f64) -> (Parts, Vec<Odds>) {
    let mut uses = vec![0_u32; nodes];
    src.iter().for_each(|node| uses[*node as usize] += 1);
    let mut most: Vec<usize> = (0..nodes).collect();
    most.sort_by_key(|node| std::cmp::Reverse(uses[*node]));
    let mut own = vec![Odds::NEVER; nodes];
    most.iter().take(10).for_each(|node| own[*node] = Odds::ALWAYS);
    let mut parts = parts(nodes, src, dst, |_, _| 0);
    parts.reach = Some(vec![Odds::of(p); parts.edges.len()]);
    (parts, own)
}

/// By a node's number: of ten two need all, five any, three most.
fn gates(nodes: usize, src: &[u32], dst: &[u32], p: f64) -> (Parts, Vec<Odds>) {
    let spare = |node: usize, suppliers: u32| match (node as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 {
        x if x % 10 < 2 => 0,
        x if x % 10 < 7 => suppliers - 1,
        _ => suppliers - (suppliers / 2 + 1),
    };
    (parts(nodes, src, dst, spare), vec![Odds::of(p); nodes])
}

fn parts(nodes: usize, src: &[u32], dst: &[u32], spare: impl Fn(usize, u32) -> u32) -> Parts {
    let mut suppliers = vec![0_u32; nodes];
    dst.iter().for_each(|node| suppliers[*node as usize] += 1);
    let (mut of, mut inputs) = (vec![0_u32; nodes], Vec::new());
    for (node, n) in suppliers.iter().enumerate().filter(|(_, n)| **n > 0) {
        of[node] = inputs.len() as u32;
        inputs.push((node as u32, spare(node, *n), node as u64));
    }
    let edges = src.iter().zip(dst).map(|(src, dst)| (of[*dst as usize], *src, 1)).collect();
    Parts {
        names: (0..nodes as u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect(),
        inputs,
        edges,
        reach: None,
    }
}
