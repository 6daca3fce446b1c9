//! All exposures as they stand, ranked, kept in memory for as long as nothing new is applied: pages ask often, the log moves
//! seldom. A partner gets a board of their own: which rows are on it is asked of the release decision, row by row, and what the
//! operator alone may know is neither on it nor in its order nor in its counts.
//! Not for: deciding an exposure; that is `expose`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use depend::Snapshot;
use expose::{Coverage, ExposureRow, Filter, Listed};
use ledger::{Result, Tx};
use partners::release::Weakness;
use stix::Tlp;

use crate::respond::Context;

/// The exposures as of one position.
#[derive(Debug)]
pub struct Board {
    /// Every row, ranked.
    pub rows: Vec<ExposureRow>,
    /// What the rows know nothing about.
    pub coverage: Coverage,
    /// The infrastructure that ranked them.
    pub graph: Arc<Snapshot>,
    beneath: Vec<ExposureRow>,
    for_partners: OnceLock<Vec<ExposureRow>>,
    silent: BTreeMap<String, i64>,
    at: i64,
}

/// Keeps the last board.
#[derive(Debug, Default)]
pub struct Boards {
    last: Mutex<Option<Arc<Board>>>,
    graph: depend::Cache,
}

impl Boards {
    /// The infrastructure as this unit sees it.
    pub fn graph(&self, tx: &mut Tx<'_>) -> Result<Arc<Snapshot>> {
        self.graph.get(tx)
    }

    /// The board as this unit sees it, as far as the viewer may.
    pub fn seen_by(&self, tx: &mut Tx<'_>, context: &Context) -> Result<Arc<Board>> {
        let all = self.all(tx)?;
        if context.person().sees_all() {
            return Ok(all);
        }
        if all.for_partners.get().is_none() {
            // whoever comes second finds the same
            drop(all.for_partners.set(expose::list::candidates_for_partners(tx)?));
        }
        let public = expose::exploited::public(tx)?;
        Ok(Arc::new(all.narrowed(&public, |row| row.seen(|tlp| may_see(context, row, tlp)))))
    }

    /// The whole board as this unit sees it.
    fn all(&self, tx: &mut Tx<'_>) -> Result<Arc<Board>> {
        // The lowest cursor too: a stage may catch up without the log growing.
        let applied = tx.one("SELECT min(idx) FROM @cursor", &[], |r| r.opt_int(0))?.flatten().unwrap_or(0);
        let at = tx.size()?.wrapping_mul(31).wrapping_add(applied);
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(last) = last.filter(|b| b.at == at) {
            return Ok(last);
        }
        let graph = self.graph.get(tx)?;
        let Listed { rows, beneath, coverage } = expose::list(tx, &*graph, &Filter::default())?;
        let silent = silent_nodes(tx, &graph)?;
        let board = Arc::new(Board { rows, beneath, for_partners: OnceLock::new(), coverage, graph, silent, at });
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&board));
        Ok(board)
    }
}

impl Board {
    /// What a partner sees: their rows, by the documents that they may read, without the functions that rest on them (what a nation depends on is not theirs to read),
    /// without exploitation that only another partner saw, in an order and with a share of the unknown that follow from these alone.
    fn narrowed(&self, exploited: &BTreeSet<String>, may_see: impl Fn(&ExposureRow) -> bool) -> Board {
        let bare = |row: &ExposureRow| ExposureRow {
            functions: Vec::new(),
            exploited: exploited.contains(&row.vulnerability),
            rank: String::new(),
            ..row.clone()
        };
        let held = self.rows.iter().filter(|row| row.method != "candidate").chain(&self.beneath);
        let held = held.chain(self.for_partners.get().into_iter().flatten());
        let mut rows: Vec<ExposureRow> = held.filter(|row| may_see(row)).map(bare).collect();
        expose::list::in_order(&mut rows);
        let coverage = Coverage::of_rows(&rows);
        Board {
            rows,
            beneath: Vec::new(),
            for_partners: OnceLock::new(),
            coverage,
            graph: Arc::clone(&self.graph),
            silent: BTreeMap::new(),
            at: self.at,
        }
    }

    /// For each function, how many of the nodes that can take it have no asset in any inventory.
    pub fn silent_nodes(&self) -> &BTreeMap<String, i64> {
        &self.silent
    }

    /// The name of a function, else its key.
    pub fn function(&self, key: &str) -> String {
        let graph = self.graph.graph();
        graph.find(key).map_or_else(|| key.to_owned(), |n| graph.name(n).to_owned())
    }
}

/// For each function, the nodes whose loss takes it and of which no inventory says anything.
fn silent_nodes(tx: &mut Tx<'_>, snapshot: &Snapshot) -> Result<BTreeMap<String, i64>> {
    let graph = snapshot.graph();
    let known: BTreeSet<u32> = tx
        .all("SELECT DISTINCT CASE WHEN node = '' THEN asset ELSE node END FROM @asset ORDER BY 1", &[], |r| {
            graph.find(r.text(0))
        })?
        .into_iter()
        .flatten()
        .collect();
    let mut out: BTreeMap<String, i64> = BTreeMap::new();
    for (node, _) in graph.nodes().filter(|(at, n)| !n.function && !known.contains(at)) {
        for function in snapshot.functions_at_stake(&[graph.key(node)]) {
            *out.entry(function.to_owned()).or_default() += 1;
        }
    }
    Ok(out)
}

/// Whether the viewer may see what documents of a mark say of a row: it tells of its owner's weakness.
fn may_see(context: &Context, row: &ExposureRow, tlp: Tlp) -> bool {
    let country = (!row.country.is_empty()).then_some(row.country.as_str());
    let holder = (!row.holder.is_empty()).then_some(row.holder.as_str());
    context.sees_weakness(tlp, Weakness { owner: &row.owner, holder, country, consent: false })
}

/// The rows that pass a text: a part of a vulnerability, a subject, an owner, a holder or a document, whatever its case.
pub(crate) fn has_text(row: &ExposureRow, text: &str) -> bool {
    let text = text.trim().to_lowercase();
    text.is_empty()
        || [&row.vulnerability, &row.subject, &row.owner, &row.holder, &row.advisory]
            .iter()
            .any(|v| v.to_lowercase().contains(&text))
}
