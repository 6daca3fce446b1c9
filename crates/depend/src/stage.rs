//! The stage: admission of infrastructure tables into the log, and the fold that remembers which events hold them.
//!
//! The rows stay where they were received, in the events' bodies; the one derived table lists those events, so that a store
//! holds them once and a rebuild costs nothing. [`crate::cache`] folds them into memory.
use crate::facts::{Facts, Plan, Replacing, plan_one_of};
use crate::tables::Form;
use ledger::intake::{Intake, Note};
use ledger::{Draft, Error, Event, Result, Stage, Tx};
use serde::{Deserialize, Serialize};

/// The second turn of the loop: what depends on what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depend;

/// The one kind of event: rows of one table of one source.
pub const TABLE: &str = "depend.table";

/// Meta of [`TABLE`]. The body is a table: the header and the rows that are new or different, as received; or, where
/// `removed`, the identities of rows that a replacement no longer has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableMeta {
    /// Who says so.
    pub source: String,
    /// `nodes`, `edges`, `groups` or `members`.
    pub table: String,
    /// Whether the import replaced the source's table.
    pub replace: bool,
    /// Whether the rows are taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// How many rows.
    pub rows: u64,
}

impl Stage for Depend {
    fn name(&self) -> &'static str {
        "depend"
    }

    fn schema(&self) -> &'static str {
        "CREATE TABLE @depend_segment (idx {int} PRIMARY KEY, source {text} NOT NULL, form {text} NOT NULL,
           removed {int} NOT NULL, rows_count {int} NOT NULL, body_sum {int} NOT NULL)"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[TABLE]
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        let meta: TableMeta = event.meta()?;
        if Form::of(&meta.table).is_none() {
            return Err(Error::park("table-unknown", format!("{} is no table of the infrastructure", meta.table)));
        }
        if crate::tables::recognise(event.body()).map(Form::word) != Some(meta.table.as_str()) {
            return Err(Error::park("table-unreadable", format!("the body is not a table of {}", meta.table)));
        }
        let rows = i64::try_from(meta.rows).unwrap_or(i64::MAX);
        let sql = "INSERT INTO @depend_segment (idx, source, form, removed, rows_count, body_sum) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let args = [
            event.index.into(),
            (&meta.source).into(),
            (&meta.table).into(),
            meta.removed.into(),
            rows.into(),
            sum(event.body()).into(),
        ];
        tx.run(sql, &args)?;
        Ok(())
    }
}

/// A sum over a body, by which a cache knows whether the event at an index is still the one it read: a unit that is undone
/// gives its index to another. Not for integrity, which the log's own hashes are for (FNV-1a over words of eight bytes).
fn sum(body: &[u8]) -> i64 {
    let (words, rest) = body.as_chunks::<8>();
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
    let start = mix(0xcbf2_9ce4_8422_2325, body.len() as u64);
    let words = words.iter().fold(start, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(words, |sum, byte| mix(sum, u64::from(*byte))) as i64
}

/// An event that holds rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) index: i64,
    pub(crate) sum: i64,
    pub(crate) source: String,
    pub(crate) removed: bool,
}

/// All events that hold rows, in order.
pub(crate) fn segments(tx: &mut Tx<'_>) -> Result<Vec<Segment>> {
    let sql = "SELECT idx, body_sum, source, removed FROM @depend_segment ORDER BY idx";
    tx.all(sql, &[], |r| Segment { index: r.int(0), sum: r.int(1), source: r.text(2).to_owned(), removed: r.bool(3) })
}

/// Folds events into the facts. One whose payload was purged is a gap that its tombstone names.
pub(crate) fn fold(tx: &mut Tx<'_>, facts: &mut Facts, segments: &[Segment]) -> Result<()> {
    for segment in segments {
        if let Some(body) = tx.body(segment.index)? {
            let unreadable = |fault| Error::Integrity(format!("entry {} holds no table: {fault}", segment.index));
            facts.fold(&segment.source, segment.removed, &body).map_err(unreadable)?;
        }
    }
    Ok(())
}

/// A table to be imported.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The file, for notes.
    pub file: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Admits infrastructure tables of one source, all tables of one call together: whatever their order, nodes are taken before
/// the edges that name them. Rows that stand already append nothing. With `replace`, rows of the same kind of table and
/// source that are absent are taken away. Called when the stages have caught up.
pub fn admit(tx: &mut Tx<'_>, source: &str, tables: &[Table<'_>], replace: bool) -> Result<Intake> {
    let mut facts = Facts::default();
    let segments = segments(tx)?;
    fold(tx, &mut facts, &segments)?;
    let mut intake = Intake::default();
    let mut order: Vec<(Option<Form>, &Table<'_>)> =
        tables.iter().map(|table| (crate::tables::recognise(table.bytes), table)).collect();
    order.sort_by_key(|(form, _)| *form);
    let since = facts.stamp();
    let forms: Vec<Option<Form>> = order.iter().map(|(form, _)| *form).collect();
    for (at, (form, table)) in order.into_iter().enumerate() {
        // Several tables of one form replace together: a row in any of them stays.
        let replacing = match replace {
            false => Replacing::No,
            true if forms.get(at + 1) == Some(&form) => Replacing::More,
            true => Replacing::Last(since),
        };
        let note = |place: String, id: &str, rule: &str, reason: &str| {
            let (file, id) = (table.file.to_owned(), id.to_owned());
            Note { file, place, id, rule: rule.to_owned(), reason: reason.to_owned() }
        };
        match plan_one_of(&mut facts, source, table.bytes, replacing) {
            Err(fault) => intake.refused.push(note("line 1".into(), "", fault.rule, &fault.reason)),
            Ok(plan) => {
                append(tx, source, replace, &plan)?;
                intake.accept(form.map_or("nodes", Form::word), plan.accepted as u64);
                intake.unchanged += plan.unchanged as u64;
                let refused = plan.refused.iter();
                intake.refused.extend(refused.map(|r| note(format!("line {}", r.line), &r.id, r.rule, &r.reason)));
                let warnings = plan.warnings.iter();
                intake.warnings.extend(warnings.map(|w| note("line 1".into(), "", "table-note", w)));
                if plan.removed > 0 {
                    let reason = format!("{} rows that the table no longer has were taken away", plan.removed);
                    intake.warnings.push(note("line 1".into(), "", "rows-removed", &reason));
                }
            }
        }
    }
    Ok(intake)
}

fn append(tx: &mut Tx<'_>, source: &str, replace: bool, plan: &Plan) -> Result<()> {
    for change in &plan.changes {
        let meta = TableMeta {
            source: source.to_owned(),
            table: change.form.word().to_owned(),
            replace,
            removed: change.removed,
            rows: change.rows as u64,
        };
        tx.append(Draft::new(TABLE, &meta)?.body(&change.body))?;
    }
    Ok(())
}
