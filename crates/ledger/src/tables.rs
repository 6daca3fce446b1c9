//! The three classes of tables, named in one place.
//!
//! * *Ledger*: the log and its payloads. The truth; never rewritten but by purge.
//! * *Derived*: everything a stage folds. Named `g0_…` or `g1_…` by generation, dropped and rebuilt beside the old, swapped.
//! * *Operational*: credentials, keys, leases, outbox. Backed up, never in the log; declared by the crate that owns them.

/// The ledger class. `entry.header` is hashed; the columns beside it only index it, and `verify` compares them.
pub(crate) const LEDGER: &str = "
CREATE TABLE head (id {int} PRIMARY KEY, hub {text} NOT NULL, format {int} NOT NULL, size {int} NOT NULL,
  clock {int} NOT NULL, frontier {blob} NOT NULL, key_salt {blob} NOT NULL, generation {int} NOT NULL,
  schema_hash {text} NOT NULL);
CREATE TABLE entry (idx {int} PRIMARY KEY, kind {text} NOT NULL, header {text} NOT NULL, commitment {blob} NOT NULL,
  leaf {blob} NOT NULL, tag {blob});
CREATE UNIQUE INDEX entry_tag ON entry (tag);
CREATE TABLE payload (idx {int} PRIMARY KEY, salt {blob} NOT NULL, bytes {blob} NOT NULL);
CREATE TABLE checkpoint (size {int} PRIMARY KEY, root {blob} NOT NULL, known {int} NOT NULL, note {text} NOT NULL)
";

/// Of the ledger class too, younger than the first stores: what stays of purged entries, vouched for by their tombstones.
pub(crate) const LEDGER_SINCE: &str =
    "CREATE TABLE IF NOT EXISTS remnant (idx {int} PRIMARY KEY, bytes {blob} NOT NULL)";

/// The operational tables of this crate.
pub(crate) const OPERATIONAL: &str = "
CREATE TABLE IF NOT EXISTS hub_key (id {text} PRIMARY KEY, public {blob} NOT NULL, sealed {blob} NOT NULL);
CREATE TABLE IF NOT EXISTS job (id {text} PRIMARY KEY, kind {text} NOT NULL, args {text} NOT NULL, state {text} NOT NULL,
  created {int} NOT NULL, due {int} NOT NULL, attempts {int} NOT NULL, fence {int} NOT NULL, owner {text},
  lease_until {int}, last_error {text})
";

/// The derived tables of this crate: where each stage stands, and what it could not process.
pub(crate) const DERIVED: &str = "
CREATE TABLE @cursor (stage {text} PRIMARY KEY, idx {int} NOT NULL);
CREATE TABLE @parked (stage {text} NOT NULL, idx {int} NOT NULL, rule {text} NOT NULL, reason {text} NOT NULL,
  PRIMARY KEY (stage, idx))
";

/// The present format of leaves and payloads.
pub(crate) const FORMAT: i64 = 1;

/// The tables outside of the derived class that hold what came from outside, for a vacuum after a purge.
pub(crate) fn names(stages: &[std::sync::Arc<dyn crate::Stage>]) -> Vec<String> {
    let ddl = stages.iter().map(|s| s.operational()).collect::<Vec<_>>().join(";");
    let defined = ddl.split("CREATE TABLE IF NOT EXISTS ").skip(1).filter_map(|rest| rest.split([' ', '(']).next());
    ["payload", "remnant", "job"].into_iter().chain(defined).map(str::to_owned).collect()
}
