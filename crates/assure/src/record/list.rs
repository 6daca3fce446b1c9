//! What stands, and how it came to be: the latest version of each record, its versions, what backs it, who recorded it.
use std::collections::BTreeSet;

use ledger::{Error, Micros, Result, Tx};
use serde::Serialize;

use crate::facts::Evidence;
use crate::record::{BackedMeta, Means, RecordMeta, digest_of};

/// One record as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its latest version.
    #[serde(flatten)]
    pub version: RecordMeta,
    /// How well it is shown.
    pub evidence: String,
    /// When it was last recorded.
    pub known: Micros,
    /// Since when it is in its state.
    pub since: Micros,
    /// Its entry in the ledger.
    pub entry: i64,
}

/// One thing that happened to a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// When the hub came to know it.
    pub known: Micros,
    /// Its entry in the ledger.
    pub entry: i64,
    /// By whom.
    pub by: String,
    /// What happened, in words.
    pub what: String,
}

/// A record with all that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// As it stands.
    #[serde(flatten)]
    pub line: Line,
    /// How it came to be.
    pub history: Vec<Step>,
    /// The files that show it.
    pub artefacts: Vec<Artefact>,
}

/// A file that shows that a record is so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Artefact {
    /// Its entry in the ledger.
    pub entry: i64,
    /// When it was entered.
    pub known: Micros,
    /// What it is called.
    pub file: String,
    /// Its bytes.
    pub size: i64,
    /// SHA-256 over them, hexadecimal.
    pub sha256: String,
    /// How it shows it.
    pub means: Means,
    /// How well.
    pub evidence: String,
    /// Whose document it is.
    pub org: String,
    /// What it is, in a line.
    pub note: String,
    /// Who entered it.
    pub by: String,
}

impl Shown {
    /// The last entry that says something of it: whoever changes it can say that this is what they saw.
    pub fn newest(&self) -> i64 {
        self.history.last().map_or(self.line.entry, |step| step.entry)
    }
}

/// Records that are looked through at once for a tag.
pub(super) const RUN: usize = 1_000;

/// Which records of a kind.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// In this state.
    pub state: Option<String>,
    /// That have all words of this, whole and in any order.
    pub text: Option<String>,
    /// Only what bears this tag.
    pub tag: Option<String>,
    /// Also what was a mistake.
    pub with_void: bool,
    /// After this entry, in the order of their last recording, newest first: before it.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Wanted {
    pub(super) fn has_tag(&self, line: &Line) -> bool {
        self.tag.as_ref().is_none_or(|tag| line.version.tags.contains(tag))
    }
}

/// Records of a list, the last recorded first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// They themselves.
    pub lines: Vec<Line>,
    /// [`Wanted::before`] of those that follow, where there may be more.
    pub next: Option<i64>,
}

impl Listed {
    /// At most so many; those that are left out follow.
    pub(super) fn cut(mut self, limit: usize) -> Listed {
        if self.lines.len() > limit {
            self.lines.truncate(limit);
            self.next = self.lines.last().map(|line| line.entry);
        }
        self
    }
}

/// The latest version of a record.
pub(crate) fn latest(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Option<RecordMeta>> {
    let sql = "SELECT v.meta FROM @record r JOIN @record_version v ON v.idx = r.idx WHERE r.kind = $1 AND r.id = $2";
    Ok(tx.one(sql, &[kind.into(), id.into()], |r| serde_json::from_str(r.text(0)).ok())?.flatten())
}

/// Who recorded any version of it, or brought evidence.
pub(crate) fn recorders(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let sql = "SELECT meta FROM @record_version WHERE kind = $1 AND id = $2 ORDER BY idx";
    for meta in tx.all(sql, &[kind.into(), id.into()], |r| serde_json::from_str::<RecordMeta>(r.text(0)).ok())? {
        names.extend(meta.map(|meta| meta.by));
    }
    for (_, _, meta) in backing(tx, kind, id)? {
        if meta.means == Means::Evidence {
            names.insert(meta.by);
        }
    }
    Ok(names)
}

/// What backs a record, with its entry and when it became known.
fn backing(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Vec<(i64, Micros, BackedMeta)>> {
    let sql = "SELECT idx, known, meta FROM @record_backed WHERE kind = $1 AND id = $2 ORDER BY idx";
    let rows = tx.all(sql, &[kind.into(), id.into()], |r| {
        serde_json::from_str(r.text(2)).ok().map(|meta| (r.int(0), r.micros(1), meta))
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// Whether an organisation has said of a version, as it stands, that it was so or was not.
pub(crate) fn is_spoken_of(tx: &mut Tx<'_>, version: &RecordMeta, org: &str) -> Result<bool> {
    let fields = digest_of(&version.fields);
    let spoke =
        |b: &BackedMeta| matches!(b.means, Means::Confirmed | Means::Disputed) && b.org == org && b.fields == fields;
    Ok(backing(tx, &version.record, &version.id)?.iter().any(|(_, _, b)| spoke(b)))
}

/// Whether a document with this digest is evidence for a record already.
pub(crate) fn is_backed_with(tx: &mut Tx<'_>, kind: &str, id: &str, digest: &str) -> Result<bool> {
    Ok(backing(tx, kind, id)?.iter().any(|(_, _, b)| b.digest.as_deref() == Some(digest)))
}

/// How well a version is shown by what backs it: an artefact speaks of the record, a word only of what the fields said then.
pub(crate) fn level<'b>(version: &RecordMeta, backing: impl Iterator<Item = &'b BackedMeta>) -> Evidence {
    let fields = digest_of(&version.fields);
    let counts = |b: &&BackedMeta| b.means == Means::Evidence || b.fields == fields;
    backing.filter(counts).filter_map(|b| Evidence::read(&b.evidence)).max().unwrap_or_default()
}

/// One record.
pub fn one(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Option<Line>> {
    let sql = "SELECT v.idx, v.known, v.valid, v.meta FROM @record r JOIN @record_version v ON v.idx = r.idx WHERE r.kind = $1 AND r.id = $2";
    let row = tx.one(sql, &[kind.into(), id.into()], read)?.flatten();
    row.map(|line| with_level(tx, line)).transpose()
}

/// One record with its history.
pub fn shown(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Option<Shown>> {
    let Some(line) = one(tx, kind, id)? else { return Ok(None) };
    Ok(Some(Shown { line, history: history(tx, kind, id)?, artefacts: artefacts(tx, kind, id)? }))
}

/// Refuses what is said on top of an older state of a record than the one that stands.
pub(super) fn must_be_seen(tx: &mut Tx<'_>, kind: &str, id: &str, seen: i64) -> Result<()> {
    if shown(tx, kind, id)?.map(|shown| shown.newest()) == Some(seen) {
        return Ok(());
    }
    let reason = format!("{id} is not as it was at entry {seen}");
    Err(Error::refused("record-seen", reason, "read it again, and say it on top of what stands now"))
}

/// The files that show a record, the first given first. One that was purged is none of them.
pub fn artefacts(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Vec<Artefact>> {
    let sql = "SELECT idx, known, size, meta FROM @record_backed WHERE kind = $1 AND id = $2 ORDER BY idx";
    let rows = tx.all(sql, &[kind.into(), id.into()], |r| {
        let meta: BackedMeta = serde_json::from_str(r.text(3)).ok()?;
        let digest = ledger::checkpoint::unbase64(meta.digest.as_ref()?)?;
        let entry = r.int(0);
        Some(Artefact {
            entry,
            known: r.micros(1),
            file: if meta.file.is_empty() { format!("artefact-{entry}") } else { meta.file },
            size: r.int(2),
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            means: meta.means,
            evidence: meta.evidence,
            org: meta.org,
            note: meta.note,
            by: meta.by,
        })
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// A file that shows a record, with its bytes; none where that entry is no file of this record, or was purged.
pub fn artefact(tx: &mut Tx<'_>, kind: &str, id: &str, entry: i64) -> Result<Option<(Artefact, Vec<u8>)>> {
    let Some(found) = artefacts(tx, kind, id)?.into_iter().find(|one| one.entry == entry) else { return Ok(None) };
    Ok(tx.body(entry)?.map(|bytes| (found, bytes)))
}

/// Records by a statement that gives entry, known, valid and meta of versions.
pub(super) fn of_rows(tx: &mut Tx<'_>, sql: &str, args: &[ledger::Value<'_>]) -> Result<Vec<Line>> {
    let lines = tx.all(sql, args, read)?;
    lines.into_iter().flatten().map(|line| with_level(tx, line)).collect()
}

fn read(r: &ledger::Row<'_>) -> Option<Line> {
    let version = serde_json::from_str(r.text(3)).ok()?;
    Some(Line { version, evidence: String::new(), known: r.micros(1), since: r.micros(2), entry: r.int(0) })
}

fn with_level(tx: &mut Tx<'_>, mut line: Line) -> Result<Line> {
    let backing = backing(tx, &line.version.record, &line.version.id)?;
    line.evidence = format!("{:?}", level(&line.version, backing.iter().map(|(_, _, meta)| meta)));
    Ok(line)
}

/// Records of a kind, the last recorded first. Read in runs from the newest, or by their words, so that a page costs what it shows and not what there is.
pub fn list(tx: &mut Tx<'_>, kind: &str, wanted: &Wanted) -> Result<Listed> {
    match wanted.text.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(text) => super::find::with_words(tx, &[kind], text, wanted),
        None => newest(tx, kind, wanted),
    }
}

fn newest(tx: &mut Tx<'_>, kind: &str, wanted: &Wanted) -> Result<Listed> {
    let sql = "SELECT v.idx, v.known, v.valid, v.meta FROM @record r JOIN @record_version v ON v.idx = r.idx \
               WHERE r.kind = $1 AND r.idx < $2 AND r.void <= $3 AND ($4 = '' OR r.state = $4) ORDER BY r.idx DESC LIMIT $5";
    let (void, state) = (i64::from(wanted.with_void), wanted.state.as_deref().unwrap_or_default());
    let one_more = wanted.limit.saturating_add(1);
    let run = if wanted.tag.is_some() { RUN } else { one_more };
    let mut before = wanted.before.unwrap_or(i64::MAX);
    let mut found: Vec<Line> = Vec::new();
    while found.len() < one_more {
        let limit = i64::try_from(run).unwrap_or(i64::MAX);
        let args = [kind.into(), before.into(), void.into(), state.into(), limit.into()];
        let rows = tx.all(sql, &args, |r| (r.int(0), read(r)))?;
        let is_last = rows.len() < run;
        before = rows.last().map_or(before, |(entry, _)| *entry);
        found.extend(rows.into_iter().filter_map(|(_, line)| line).filter(|line| wanted.has_tag(line)));
        if is_last {
            break;
        }
    }
    let listed = Listed { lines: found, next: None }.cut(wanted.limit);
    let lines = listed.lines.into_iter().map(|line| with_level(tx, line)).collect::<Result<_>>()?;
    Ok(Listed { lines, ..listed })
}

/// How many records of each kind stand.
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT kind, count(*) FROM @record WHERE void = 0 GROUP BY kind ORDER BY kind";
    tx.all(sql, &[], |r| (r.text(0).to_owned(), r.int(1)))
}

/// How many records of a kind are in each state, by state.
pub fn states(tx: &mut Tx<'_>, kind: &str) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT state, count(*) FROM @record WHERE void = 0 AND kind = $1 GROUP BY state ORDER BY state";
    tx.all(sql, &[kind.into()], |r| (r.text(0).to_owned(), r.int(1)))
}

/// All that happened to a record, the first thing first.
pub fn history(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Vec<Step>> {
    let sql = "SELECT idx, known, meta FROM @record_version WHERE kind = $1 AND id = $2 ORDER BY idx";
    let versions: Vec<(i64, Micros, RecordMeta)> = tx
        .all(sql, &[kind.into(), id.into()], |r| {
            serde_json::from_str(r.text(2)).ok().map(|meta| (r.int(0), r.micros(1), meta))
        })?
        .into_iter()
        .flatten()
        .collect();
    let mut steps = Vec::new();
    let mut before: Option<&RecordMeta> = None;
    for (entry, known, meta) in &versions {
        steps.push(Step { known: *known, entry: *entry, by: meta.by.clone(), what: changes(before, meta) });
        before = Some(meta);
    }
    for (entry, known, meta) in backing(tx, kind, id)? {
        let note = if meta.note.is_empty() { String::new() } else { format!(": {}", meta.note) };
        let what = format!("{} by {}, {}{note}", meta.means.as_str(), meta.org, meta.evidence);
        steps.push(Step { known, entry, by: meta.by, what });
    }
    steps.sort_by_key(|step| step.entry);
    Ok(steps)
}

/// What one version says that the one before did not.
fn changes(before: Option<&RecordMeta>, now: &RecordMeta) -> String {
    if let Some(reason) = &now.void {
        return format!("was a mistake: {reason}");
    }
    let Some(before) = before else { return format!("recorded as {}", now.state) };
    let mut parts = Vec::new();
    if before.void.is_some() {
        parts.push("it was so after all".to_owned());
    }
    if before.state != now.state {
        parts.push(format!("{} → {}", before.state, now.state));
    }
    let names: BTreeSet<&String> = before.fields.keys().chain(now.fields.keys()).collect();
    for name in names {
        let text = |meta: &RecordMeta| meta.fields.get(name).map_or_else(|| "empty".to_owned(), super::Stored::typed);
        let (was, is) = (text(before), text(now));
        if was != is {
            parts.push(format!("{name}: {was} → {is}"));
        }
    }
    if before.tags != now.tags {
        parts.push(format!("tags: {} → {}", before.tags.join(" "), now.tags.join(" ")));
    }
    if before.marking != now.marking {
        parts.push(format!("TLP:{} → TLP:{}", before.marking, now.marking));
    }
    parts.join("; ")
}

/// Records that name an organisation, the last recorded first.
pub fn naming(tx: &mut Tx<'_>, org: &str, limit: i64) -> Result<Vec<Line>> {
    let sql = "SELECT v.idx, v.known, v.valid, v.meta FROM @record_org o JOIN @record_version v ON v.idx = o.idx WHERE o.org = $1 \
               ORDER BY o.idx DESC LIMIT $2";
    of_rows(tx, sql, &[org.into(), limit.into()])
}

/// The records of a kind that name an organisation, newest first.
pub fn of_kind_naming(tx: &mut Tx<'_>, kind: &str, org: &str) -> Result<Vec<Line>> {
    let sql = "SELECT v.idx, v.known, v.valid, v.meta FROM @record_org o JOIN @record_version v ON v.idx = o.idx \
               WHERE o.org = $1 AND o.kind = $2 ORDER BY o.idx DESC";
    of_rows(tx, sql, &[org.into(), kind.into()])
}
