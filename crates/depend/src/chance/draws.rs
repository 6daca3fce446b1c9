//! Random numbers by counter: each is a function of the seed, what is drawn, whose it is and the scenario, so that a result is the same for any engine,
//! any order and any number of threads. Sixty-four scenarios are drawn at once, one a bit.
//!
//! The function is the finaliser of `SplitMix64` (Steele, Lea and Flood 2014, with the constants of Stafford's variant 13) over two words that were mixed
//! apart. Not for secrets.

/// Scenarios in a block: one a bit.
pub(super) const BLOCK: usize = 64;

/// A probability in units of 2⁻³².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Odds(u64);

impl Odds {
    /// Never.
    pub const NEVER: Odds = Odds(0);
    /// Always.
    pub const ALWAYS: Odds = Odds(1 << 32);

    /// The nearest to `p`, which is held within 0 and 1; what is no number never happens.
    pub fn of(p: f64) -> Odds {
        Odds((p.clamp(0.0, 1.0) * Odds::ALWAYS.0 as f64).round() as u64)
    }

    /// As a number from 0 to 1.
    pub fn p(self) -> f64 {
        self.0 as f64 / Odds::ALWAYS.0 as f64
    }
}

/// What is drawn: numbers for one say nothing of those for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Whether something fails by itself.
    Own = 1,
    /// Whether a failure reaches along an edge.
    Reach = 2,
}

/// The scenarios of a word, rising.
pub(super) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let one = (word != 0).then_some(word.trailing_zeros() as usize);
        word &= word.wrapping_sub(1);
        one
    })
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Mixes two names into one.
pub(super) fn both(a: u64, b: u64) -> u64 {
    mix(mix(a.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ b)
}

/// A name from a text, the same on every machine (FNV-1a, mixed).
pub(super) fn named(text: &str) -> u64 {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    mix(text.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fold))
}

/// Words of a block: more than any draw asks for, but for the rare ones that go on by `word`.
const WORDS: usize = 32;

/// The draws of one kind for one block of scenarios.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    words: [u64; WORDS],
}

impl Draws {
    /// `block` holds the scenarios from 64 × `block`.
    pub(super) fn new(seed: u64, what: What, block: u64) -> Draws {
        let of = both(both(seed, what as u64), block);
        Draws { words: std::array::from_fn(|n| both(of, n as u64)) }
    }

    /// The n-th word of whoever this is.
    #[inline]
    fn word(&self, who: u64, n: usize) -> u64 {
        match self.words.get(n) {
            Some(word) => mix(who ^ word),
            None => mix(both(who, n as u64) ^ self.words[n % WORDS]),
        }
    }

    /// In which of the `asked` scenarios it happens to `who`. What comes out for one does not hang on which others are asked for.
    #[inline]
    pub(super) fn happens(&self, who: u64, odds: Odds, asked: u64) -> u64 {
        if odds == Odds::ALWAYS {
            return asked;
        }
        // each scenario draws the digits of a number below 1 until one differs from those of the odds
        let (mut digits, mut open, mut yes) = (odds.0 << 32, asked, 0);
        for word in self.words {
            if open == 0 || digits == 0 {
                break;
            }
            let drawn = mix(who ^ word);
            if digits >> 63 == 1 {
                yes |= open & !drawn;
                open &= drawn;
            } else {
                open &= !drawn;
            }
            digits <<= 1;
        }
        yes
    }
}

/// Odds that hold for many: in most blocks nothing happens, which one word tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rare {
    odds: Odds,
    /// `None` where it is not rare.
    none: Option<(u64, f64)>,
}

/// Below this it is told first how many scenarios of a block it happens in, then in which.
const RARE: f64 = 1.0 / 64.0;

impl Rare {
    /// By these odds.
    pub(super) fn new(odds: Odds) -> Rare {
        // multiplication alone, which is exact to the last bit on every machine: (1 - p)^64
        let none = (0..6).fold(1.0 - odds.p(), |q, _| q * q);
        let is_rare = odds.p() < RARE;
        Rare { odds, none: is_rare.then_some(((none * TWO_64) as u64, none)) }
    }

    /// In which scenarios of the block it happens to `who`.
    #[inline]
    pub(super) fn happens(&self, draws: &Draws, who: u64) -> u64 {
        match self.none {
            None => draws.happens(who, self.odds, u64::MAX),
            Some((none, _)) if draws.word(who, 0) < none => 0,
            Some((_, none)) => self.some(draws, who, none),
        }
    }

    fn some(&self, draws: &Draws, who: u64, none: f64) -> u64 {
        let (p, drawn) = (self.odds.p(), draws.word(who, 0) as f64 / TWO_64);
        if self.odds == Odds::NEVER {
            return 0;
        }
        let (mut times, mut chance, mut below) = (0, none, none);
        while below <= drawn && times < BLOCK {
            times += 1;
            chance *= (BLOCK + 1 - times) as f64 / times as f64 * (p / (1.0 - p));
            below += chance;
            // what is left of the sum is less than the numbers can say
            if chance <= f64::EPSILON * below {
                break;
            }
        }
        let mut mask = 0_u64;
        for n in 1.. {
            if mask.count_ones() as usize >= times {
                break;
            }
            mask |= 1 << (draws.word(who, n) >> 58);
        }
        mask
    }
}

const TWO_64: f64 = 18_446_744_073_709_551_616.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a million draws the share that happens, and how far it may lie off: five standard deviations.
    #[test]
    fn as_often_as_the_odds_say() {
        #[track_caller]
        fn check(p: f64) {
            let (odds, mut by_digits, mut by_count) = (Odds::of(p), 0_u32, 0_u32);
            let rare = Rare::new(odds);
            for block in 0..64 {
                let draws = Draws::new(7, What::Own, block);
                for who in 0..256 {
                    by_digits += draws.happens(named(&format!("a{who}")), odds, u64::MAX).count_ones();
                    by_count += rare.happens(&draws, named(&format!("b{who}"))).count_ones();
                }
            }
            let n = (64 * 64 * 256) as f64;
            let within = 5.0 * (p * (1.0 - p) / n).sqrt() + 1e-9;
            for seen in [by_digits, by_count] {
                assert!((f64::from(seen) / n - p).abs() <= within, "{p}: {}", f64::from(seen) / n);
            }
        }
        [0.0, 1e-6, 1e-4, 0.001, 0.01, 0.0157, 0.05, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.9, 0.999, 1.0]
            .into_iter()
            .for_each(check);
    }

    #[test]
    fn one_scenario_does_not_hang_on_the_others() {
        let draws = Draws::new(1, What::Reach, 3);
        for who in 0..200 {
            let all = draws.happens(named(&who.to_string()), Odds::of(0.3), u64::MAX);
            let one_by_one =
                (0..64).map(|n| draws.happens(named(&who.to_string()), Odds::of(0.3), 1 << n)).sum::<u64>();
            assert_eq!(all, one_by_one);
        }
    }

    /// Seeds, kinds, blocks and names each make other numbers; the same make the same on every machine.
    #[test]
    fn fixed_for_ever() {
        let draw = |seed, what, block, who| Draws::new(seed, what, block).happens(named(who), Odds::of(0.5), u64::MAX);
        let all = [
            draw(1, What::Own, 0, "a"),
            draw(2, What::Own, 0, "a"),
            draw(1, What::Reach, 0, "a"),
            draw(1, What::Own, 1, "a"),
            draw(1, What::Own, 0, "b"),
        ];
        insta::assert_snapshot!(all.map(|x| format!("{x:016x}")).join(" "), @"cb69b8486ec84570 e4c833e4c1cd4cd3 ed90693ad0992c94 ea1132058b5e1234 ece984fc8d4b1db4");
    }
}
