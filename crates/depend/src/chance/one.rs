//! One scenario after the other: for scenarios in which little falls. A run touches what falls and nothing else.
use super::draws::Draws;
use super::net::{Net, edge_name};

/// What is lost of an input, in the scenario that was run last where it was touched.
#[derive(Clone, Copy, Debug, Default)]
struct Lost {
    run: u32,
    weight: u32,
    spare: u32,
    consumer: u32,
}

/// Runs a scenario after the other.
#[derive(Debug)]
pub(super) struct Sparse<'n> {
    net: &'n Net,
    run: u32,
    lost: Vec<Lost>,
    /// The last run in which each node fell.
    fell: Vec<u32>,
    /// Who fell in this run.
    pub(super) down: Vec<u32>,
    /// Edges looked at.
    pub(super) looked: u64,
}

impl<'n> Sparse<'n> {
    pub(super) fn new(net: &'n Net) -> Sparse<'n> {
        let lost =
            net.inputs.iter().map(|input| Lost { run: 0, weight: 0, spare: input.spare, consumer: input.consumer });
        Sparse { net, run: 0, lost: lost.collect(), fell: vec![0; net.len()], down: Vec::new(), looked: 0 }
    }

    /// Runs a scenario, bit `lane` of its block, in which these nodes fail by themselves.
    pub(super) fn run(&mut self, reach: Option<&Draws>, lane: u32, fails: &[u32]) {
        self.begin();
        for node in fails {
            self.fall(*node);
        }
        let (net, mut next) = (self.net, 0);
        while let Some(node) = self.down.get(next).copied() {
            next += 1;
            for edge in net.uses.row(node) {
                let to = net.uses.to[edge];
                self.looked += 1;
                if let (Some(draws), Some(reach)) = (reach, &net.uses.reach) {
                    if self.fell[self.lost[to as usize].consumer as usize] == self.run {
                        continue;
                    }
                    let name = edge_name(net.names[node as usize], net.input_names[to as usize]);
                    if draws.happens(name, reach[edge], 1 << lane) == 0 {
                        continue;
                    }
                }
                self.lose(to, net.uses.weight(edge));
            }
        }
    }

    /// Forgets the run before.
    fn begin(&mut self) {
        self.down.clear();
        self.run = self.run.wrapping_add(1);
        if self.run == 0 {
            // after four milliards of runs numbers begin anew
            self.fell.fill(0);
            self.lost.iter_mut().for_each(|lost| lost.run = 0);
            self.run = 1;
        }
    }

    #[inline]
    fn fall(&mut self, node: u32) {
        if std::mem::replace(&mut self.fell[node as usize], self.run) != self.run {
            self.down.push(node);
        }
    }

    #[inline]
    fn lose(&mut self, input: u32, weight: u32) {
        let lost = &mut self.lost[input as usize];
        let before = if lost.run == self.run { lost.weight } else { 0 };
        (lost.run, lost.weight) = (self.run, before.saturating_add(weight));
        if lost.weight > lost.spare {
            let consumer = lost.consumer;
            self.fall(consumer);
        }
    }
}
