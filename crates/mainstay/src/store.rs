//! Opening the store that a verb works on, as the person who types.
use crate::args::Global;
use crate::failure::Failure;
use ledger::keys::Seal;
use ledger::{Clock, Env, FixedClock, Genesis, Ledger, Micros, Place, SystemClock, SystemEntropy};
use std::sync::Arc;

/// Where the store is.
pub(crate) fn place(global: &Global) -> Place {
    match &global.database {
        Some(url) => Place::parse(url),
        None => Place::Folder(global.data.clone()),
    }
}

/// Opens the store. A verb that only reads asks for one that exists.
pub(crate) fn open_existing(global: &Global) -> Result<Arc<Ledger>, Failure> {
    if !Ledger::exists(&place(global))? {
        return Err(Failure::Usage(format!(
            "there is no store at {}; `mainstay init` makes one, and so does the first import",
            global.database.as_deref().unwrap_or(&global.data.display().to_string())
        )));
    }
    open(global, &Genesis::default())
}

/// Opens the store, or makes it with defaults.
pub(crate) fn open_or_create(global: &Global) -> Result<Arc<Ledger>, Failure> {
    open(global, &Genesis::default())
}

/// Opens the store, or makes it with this first entry; a new store gets what every store has.
pub(crate) fn open(global: &Global, genesis: &Genesis) -> Result<Arc<Ledger>, Failure> {
    std::fs::create_dir_all(&global.data)?;
    let entropy = Arc::new(SystemEntropy::new());
    let seal = Seal::open_or_create(&global.data.join("seal.key"), &*entropy)?;
    let clock: Arc<dyn Clock> = match global.clock {
        Some(at) => Arc::new(FixedClock::new(at)),
        None => Arc::new(SystemClock),
    };
    let ledger = Ledger::open(&place(global), Env { clock, entropy }, seal, server::stages(), genesis)?;
    if let Some(at) = global.clock {
        check_clock(&ledger, at)?;
    }
    if ledger.size()? == 1 {
        furnish(&ledger)?;
    }
    Ok(Arc::new(ledger))
}

/// `--clock` is for exercises: known time is the hub's own everywhere else, and never runs backwards anywhere.
fn check_clock(ledger: &Ledger, at: Micros) -> Result<(), Failure> {
    if !ledger.genesis().exercise {
        return Err(Failure::Usage(
            "--clock works only in a store made with `mainstay init --exercise`: elsewhere the hub sets the time"
                .into(),
        ));
    }
    let last = ledger.read(|tx| tx.one("SELECT clock FROM head WHERE id = 1", &[], |r| r.micros(0)))?;
    match last.filter(|last| *last > at) {
        Some(last) => Err(Failure::Usage(format!(
            "--clock {at} lies before the store's last entry, {last}; time never runs backwards"
        ))),
        None => Ok(()),
    }
}

/// What every store has from the start: the operator's own organisation, and the plan that ships, signed by the hub (the
/// program is then the root of trust). Country rules are agreed with each team and never ship.
fn furnish(ledger: &Ledger) -> Result<(), Failure> {
    let key = ledger.signing_key()?;
    let genesis = ledger.genesis();
    ledger.write(|tx| {
        partners::furnish(tx, genesis)?;
        assure::furnish(tx, &key)
    })?;
    ledger.catch_up()?;
    Ok(())
}

/// After a verb wrote: waits until all stages have applied it, or prints the position.
pub(crate) fn settle(global: &Global, ledger: &Ledger) -> Result<(), Failure> {
    if global.no_wait {
        let position = ledger.position()?;
        crate::out::say(format!("written up to position {}; applied up to {}", position.size, position.applied));
        return Ok(());
    }
    ledger.catch_up()?;
    Ok(())
}
