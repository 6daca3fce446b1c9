//! The indicators that count, ready to run: kept in memory beside the table, since an index over tens of thousands of patterns takes long
//! to make. It decides about time and never about the result: whatever it finds is looked up in the table, and it is made anew from there.
//!
//! Parts of rising age and size: what comes goes into a small one, and two of about one size become one, so that each pattern is indexed
//! a few times and an observation runs through a few parts.
use super::RUN;
use ledger::{Result, Tx};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use stix::pattern::ast::{Join, Observe, Qualifier};
use stix::pattern::{Pattern, Set, parse};

/// Why a pattern that takes several observations is not known to be unseen.
const SEVERAL: &str =
    "its pattern takes several observations, which are looked for within one observed-data object only";

/// Patterns with their index, and the event of the indicator behind each.
pub(super) struct Part {
    pub(super) set: Set,
    pub(super) of: Vec<i64>,
}

/// The parts.
#[derive(Default)]
pub(super) struct Index {
    pub(super) parts: Vec<Part>,
    /// The last indicator that is in, and the leaf of its entry: a unit that was undone leaves its number to another.
    upto: i64,
    leaf: Option<Vec<u8>>,
    /// Of an indicator, by its event: what of its pattern is not run, and why.
    notes: BTreeMap<i64, String>,
    /// The indicators that are being run against what is held, by the last of them.
    pub(super) scan: Option<((i64, i64), Part)>,
}

/// The index of one stage; shared by those who hold the stage.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Index>);

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

impl Cache {
    /// The index. One that somebody left half made is made anew.
    pub(super) fn lock(&self) -> MutexGuard<'_, Index> {
        self.0.lock().unwrap_or_else(|poisoned: PoisonError<MutexGuard<'_, Index>>| {
            let mut index = poisoned.into_inner();
            *index = Index::default();
            index
        })
    }
}

impl Index {
    /// Takes in what came into the table since.
    pub(super) fn follow(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        if self.leaf.is_some() && leaf(tx, self.upto)? != self.leaf {
            *self = Index::default();
        }
        let sql = "SELECT idx FROM @indicator WHERE idx > $1 AND how = $2 ORDER BY idx";
        let mut fresh = tx.all(sql, &[self.upto.into(), RUN.into()], |r| r.int(0))?;
        let Some(last) = fresh.last().copied() else { return Ok(()) };
        while self.parts.last().is_some_and(|part| part.of.len() <= 2 * fresh.len()) {
            fresh.extend(self.parts.pop().into_iter().flat_map(|part| part.of));
        }
        fresh.sort_unstable();
        let part = self.part(tx, &fresh)?;
        self.parts.push(part);
        (self.upto, self.leaf) = (last, leaf(tx, last)?);
        Ok(())
    }

    /// What is to be said of an indicator whatever was observed.
    pub(super) fn note(&self, indicator: i64) -> Option<&str> {
        self.notes.get(&indicator).map(String::as_str)
    }

    /// The patterns of these indicators, of those that still count. What cannot be run is noted.
    pub(super) fn part(&mut self, tx: &mut Tx<'_>, indicators: &[i64]) -> Result<Part> {
        let (mut patterns, mut of) = (Vec::new(), Vec::new());
        for indicator in indicators {
            let sql = "SELECT 1 FROM @indicator WHERE idx = $1 AND how = $2";
            let stands = tx.one(sql, &[(*indicator).into(), RUN.into()], |_| ())?.is_some();
            self.notes.remove(indicator);
            match pattern(tx, *indicator)?.filter(|_| stands) {
                None => {}
                Some(Err(why)) => drop(self.notes.insert(*indicator, why)),
                Some(Ok(pattern)) => {
                    if takes_several(&pattern.root) {
                        self.notes.insert(*indicator, SEVERAL.to_owned());
                    }
                    patterns.push(pattern);
                    of.push(*indicator);
                }
            }
        }
        let (set, refused) = Set::new(&patterns);
        for (number, refusal) in refused {
            if let Some(indicator) = of.get(number) {
                self.notes.insert(*indicator, format!("its pattern is not run: {}", refusal.reason()));
            }
        }
        Ok(Part { set, of })
    }
}

/// The leaf of an entry in the log's tree: no two are the same.
fn leaf(tx: &mut Tx<'_>, entry: i64) -> Result<Option<Vec<u8>>> {
    tx.one("SELECT leaf FROM entry WHERE idx = $1", &[entry.into()], |r| r.blob(0).to_vec())
}

/// The pattern of an indicator, from its bytes; nothing where these were erased.
fn pattern(tx: &mut Tx<'_>, indicator: i64) -> Result<Option<std::result::Result<Pattern, String>>> {
    #[derive(serde::Deserialize)]
    struct Body {
        pattern: String,
    }
    let Some(bytes) = tx.body(indicator)?.filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
    let Ok(body) = serde_json::from_slice::<Body>(&bytes) else {
        return Ok(Some(Err("its pattern cannot be read".to_owned())));
    };
    Ok(Some(parse(&body.pattern).map_err(|fault| format!("its pattern cannot be read: {fault}"))))
}

/// Whether a match may take more than one observation (STIX 2.1 section 9.5).
fn takes_several(observe: &Observe) -> bool {
    match observe {
        Observe::One(_) => false,
        Observe::Join(Join::Or, parts) => parts.iter().any(takes_several),
        Observe::Join(..) => true,
        Observe::Qualified(inner, qualifiers) => {
            takes_several(inner) || qualifiers.iter().any(|q| matches!(q, Qualifier::Repeats(times) if *times > 1))
        }
    }
}
