//! Jobs: work that outlives a call. A worker holds a lease with a fencing token; whoever comes back after its lease ran
//! out finds its token stale and changes nothing.
use crate::error::{Error, Result};
use crate::ledger::Tx;
use crate::time::Micros;

/// Attempts after which a job is left for a person.
const ATTEMPTS_MAX: i64 = 8;

/// A job as `job list` shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Job {
    /// Given by whoever asked for it: the same id is the same job.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// With what, as JSON.
    pub args: String,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// When it was asked for.
    pub created: Micros,
    /// When it may start.
    pub due: Micros,
    /// How often it was started.
    pub attempts: i64,
    /// Who runs it.
    pub owner: Option<String>,
    /// Until when it is theirs.
    pub lease_until: Option<Micros>,
    /// What the last attempt said.
    pub last_error: Option<String>,
}

/// A job in a worker's hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// With what, as JSON.
    pub args: String,
    /// The token that [`finish`] asks for.
    pub fence: i64,
}

/// Asks for a job. The same id again changes nothing.
pub fn enqueue(tx: &mut Tx<'_>, id: &str, kind: &str, args: &str, due: Micros) -> Result<bool> {
    let sql = "INSERT INTO job (id, kind, args, state, created, due, attempts, fence) \
               VALUES ($1, $2, $3, 'waiting', $4, $5, 0, 0) ON CONFLICT (id) DO NOTHING";
    let now = tx.now();
    Ok(tx.run(sql, &[id.into(), kind.into(), args.into(), now.into(), due.into()])? > 0)
}

/// Takes the next job of `kind` that is due, or whose worker let its lease run out.
pub fn claim(tx: &mut Tx<'_>, kind: &str, owner: &str, now: Micros, lease_us: i64) -> Result<Option<Claim>> {
    let sql = "SELECT id, args, fence FROM job WHERE kind = $1 AND due <= $2 AND (state = 'waiting' OR \
               (state = 'running' AND lease_until < $2)) ORDER BY due, id LIMIT 1";
    let found = tx.one(sql, &[kind.into(), now.into()], |r| (r.text(0).to_owned(), r.text(1).to_owned(), r.int(2)))?;
    let Some((id, args, fence)) = found else { return Ok(None) };
    let fence = fence + 1;
    tx.run(
        "UPDATE job SET state = 'running', owner = $2, fence = $3, lease_until = $4, attempts = attempts + 1 WHERE id = $1",
        &[(&id).into(), owner.into(), fence.into(), (now.0 + lease_us).into()],
    )?;
    Ok(Some(Claim { id, kind: kind.to_owned(), args, fence }))
}

/// Holds a job for longer; false where another worker has taken it over.
pub fn renew(tx: &mut Tx<'_>, claim: &Claim, lease_us: i64) -> Result<bool> {
    let until = Micros(tx.now().0.saturating_add(lease_us));
    let sql = "UPDATE job SET lease_until = $3 WHERE id = $1 AND fence = $2 AND state = 'running'";
    Ok(tx.run(sql, &[(&claim.id).into(), claim.fence.into(), until.into()])? > 0)
}

/// Forgets what was done of a kind before an instant.
pub fn sweep(tx: &mut Tx<'_>, kind: &str, before: Micros) -> Result<()> {
    tx.run("DELETE FROM job WHERE kind = $1 AND state = 'done' AND due < $2", &[kind.into(), before.into()]).map(drop)
}

/// Ends an attempt. `Err` puts the job back with its reason and a growing pause, or to `failed` after
/// eight attempts. A stale token is refused with `job-fenced`.
pub fn finish(tx: &mut Tx<'_>, claim: &Claim, outcome: std::result::Result<(), &str>) -> Result<()> {
    let now = tx.now();
    let sql = "SELECT attempts FROM job WHERE id = $1 AND fence = $2 AND state = 'running'";
    let attempts = tx.one(sql, &[(&claim.id).into(), claim.fence.into()], |r| r.int(0))?.ok_or_else(|| {
        Error::refused("job-fenced", format!("job {} was taken over by another worker", claim.id), "leave it to them")
    })?;
    let (state, due, error) = match outcome {
        Ok(()) => ("done", now.0, None),
        Err(why) if attempts >= ATTEMPTS_MAX => ("failed", now.0, Some(why)),
        Err(why) => ("waiting", now.0 + (60_000_000 << attempts.min(10)), Some(why)),
    };
    tx.run(
        "UPDATE job SET state = $2, due = $3, last_error = $4, owner = NULL, lease_until = NULL WHERE id = $1",
        &[(&claim.id).into(), state.into(), due.into(), error.into()],
    )?;
    Ok(())
}

/// All jobs that are not done, then the last hundred that are.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Job>> {
    let columns = "SELECT id, kind, args, state, created, due, attempts, owner, lease_until, last_error FROM job";
    let mut jobs = tx.all(&format!("{columns} WHERE state <> 'done' ORDER BY due, id"), &[], job)?;
    jobs.extend(tx.all(&format!("{columns} WHERE state = 'done' ORDER BY due DESC, id LIMIT 100"), &[], job)?);
    Ok(jobs)
}

fn job(r: &crate::Row<'_>) -> Job {
    Job {
        id: r.text(0).to_owned(),
        kind: r.text(1).to_owned(),
        args: r.text(2).to_owned(),
        state: r.text(3).to_owned(),
        created: r.micros(4),
        due: r.micros(5),
        attempts: r.int(6),
        owner: r.opt_text(7).map(str::to_owned),
        lease_until: r.opt_int(8).map(Micros),
        last_error: r.opt_text(9).map(str::to_owned),
    }
}
