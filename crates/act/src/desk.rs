//! The desk's decisions: import contacts, plan, approve or reject as the second person, let silence count, close what is no
//! more. Each appends events; none sends anything.
use crate::ask::{Answer, Evidence, State, Step, next};
use crate::contact::{self, Contact};
use crate::events::{AskMeta, ClosedMeta, ContactMeta, NoteMeta};
use crate::exposed::{self, Gone};
use crate::plan::{self, Card, Exposure, Input, Known, Plan};
use crate::query::{self, Ask};
use crate::rules::Rules;
use expose::Stakes;
use jiff::civil::Date;
use ledger::{Draft, Error, Event, Micros, Result, Tx};
use partners::may::Verb;
use partners::table::Fault;
use partners::{Imported, Person};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// Reads and records the contacts table. With `replace`, claims of the same sources that are absent from the table end.
pub fn import_contacts(tx: &mut Tx<'_>, bytes: &[u8], replace: bool) -> Result<Imported> {
    let read = contact::read(bytes);
    let mut out = Imported { refused: read.faults, warnings: read.warnings, ..Imported::default() };
    let standing = query::contacts(tx)?;
    let key = |c: &Contact| (c.org.clone(), c.email.clone(), c.source.clone());
    let by_key: BTreeMap<_, &Contact> = standing.iter().map(|c| (key(c), c)).collect();
    let mut said = BTreeSet::new();
    let mut sources = BTreeSet::new();
    // a desk may serve two bodies, so this is no fault; but by the address neither is known any more
    let mut whose: BTreeMap<String, String> = BTreeMap::new();
    whose.extend(standing.iter().map(|c| (c.email.to_ascii_lowercase(), c.org.clone())));
    for (line, contact) in read.rows {
        let other = whose.insert(contact.email.to_ascii_lowercase(), contact.org.clone());
        if let Some(other) = other.filter(|other| *other != contact.org) {
            let reason = format!("{} is an address of {other} too; what comes from it is of neither", contact.email);
            out.warnings.push(Fault::new(line, "shared-address", reason));
        }
        said.insert(key(&contact));
        sources.insert(contact.source.clone());
        let same = by_key.get(&key(&contact)).is_some_and(|s| Contact { bounces: 0, ..(*s).clone() } == contact);
        if same {
            out.unchanged += 1;
        } else {
            tx.append(Draft::new("act.contact", &ContactMeta::from(contact))?)?;
            out.accepted += 1;
        }
    }
    // A table with faults is not whole: what it lacks may stand in a refused line.
    if replace && out.refused.is_empty() {
        for gone in standing.iter().filter(|c| sources.contains(&c.source) && !said.contains(&key(c))) {
            let meta = ContactMeta { removed: true, ..ContactMeta::from(gone.clone()) };
            tx.append(Draft::new("act.contact", &meta)?)?;
            out.accepted += 1;
        }
    }
    Ok(out)
}

/// The country rules of all loaded packs; where two name a country, the one loaded last stands.
pub fn rules(tx: &mut Tx<'_>) -> Result<Rules> {
    let order = tx.all("SELECT name FROM @pack WHERE kind = 'rules' ORDER BY idx", &[], |r| r.text(0).to_owned())?;
    let packs = ledger::pack::of_kind(tx, "rules")?;
    let mut rules = Rules::default();
    for name in order {
        let Some((_, pack)) = packs.iter().find(|(signed, _)| signed.name == name) else { continue };
        let next = "correct the pack and add it again";
        let read = read_rules(&pack.files);
        rules.overlay(read.map_err(|e| Error::refused("pack-rules", format!("pack {name}: {e}"), next))?);
    }
    Ok(rules)
}

/// Reads the files of a rules pack; also for whoever checks a pack before it is loaded.
pub fn read_rules(files: &BTreeMap<String, String>) -> std::result::Result<Rules, String> {
    let files = files.iter().filter(|(name, _)| name.as_str() != "pack.toml" && name.ends_with(".toml"));
    Rules::read(files.map(|(name, text)| (name.as_str(), text.as_str())))
}

/// Plans from the exposures as they stand; `stakes` knows which functions rest on what. A dry run appends nothing and is
/// otherwise the same.
pub fn plan(tx: &mut Tx<'_>, stakes: &dyn Stakes, home: &str, by: &Person, dry_run: bool) -> Result<Plan> {
    let exposures = exposed::affected(tx, stakes)?;
    plan_for(tx, &exposures, home, by, dry_run)
}

/// Plans from given exposures.
pub fn plan_for(tx: &mut Tx<'_>, exposures: &[Exposure], home: &str, by: &Person, dry_run: bool) -> Result<Plan> {
    by.must(Verb::PlanAsks)?;
    let orgs = cards(tx)?;
    let contacts = query::contacts(tx)?;
    let rules = rules(tx)?;
    let on = day(tx.now());
    let known = known(tx, &orgs, home, on)?;
    let mut plan =
        plan::plan(&Input { exposures, orgs: &orgs, contacts: &contacts, rules: &rules, known: &known, home, on });
    for planned in &mut plan.asks {
        planned.fixes =
            exposed::fixes(tx, &planned.advisory, planned.tlp.parse().unwrap_or(Tlp::Clear), &planned.vulnerabilities)?;
    }
    if dry_run {
        return Ok(plan);
    }
    for planned in &plan.asks {
        let meta = AskMeta { planned: planned.clone(), by: by.name.clone() };
        let appended = tx.append(Draft::new("act.ask", &meta)?.key(planned.key.clone()))?;
        if appended.new && planned.held {
            let about = crate::events::About {
                ask: planned.ask.clone(),
                party: planned.party.clone(),
                addressee: planned.addressee.clone(),
                country: planned.country.clone(),
                advisory: planned.advisory.clone(),
                vulnerabilities: planned.vulnerabilities.clone(),
            };
            let reason = planned.why.last().cloned().unwrap_or_default();
            let meta = NoteMeta { about, by: by.name.clone(), reason };
            tx.append(Draft::new("act.held", &meta)?.key(format!("act/held/{}", planned.ask)))?;
        }
    }
    Ok(plan)
}

/// Lets a held ask go. The second person is somebody with a name, whose role allows it, and not who planned it.
pub fn approve(tx: &mut Tx<'_>, reference: &str, by: &Person, reason: &str) -> Result<Ask> {
    second_person(tx, reference, by, reason, Step::Approve, "act.approved")
}

/// Stops an ask, as the second person.
pub fn reject(tx: &mut Tx<'_>, reference: &str, by: &Person, reason: &str) -> Result<Ask> {
    second_person(tx, reference, by, reason, Step::Reject, "act.rejected")
}

fn second_person(
    tx: &mut Tx<'_>,
    reference: &str,
    by: &Person,
    reason: &str,
    step: Step,
    kind: &'static str,
) -> Result<Ask> {
    by.must(Verb::ApproveAsks)?;
    let ask = query::must(tx, reference)?;
    if ask.by == by.name {
        let why = format!("{} planned {} and cannot be its second person", by.name, ask.planned.ask);
        return Err(Error::refused("second-person", why, "ask a colleague"));
    }
    let to = next(ask.state, step).map_err(|e| Error::refused("ask-state", format!("{}: {e}", ask.planned.ask), ""))?;
    let said = if reason.trim().is_empty() { format!("{} by {}", step.words(), by.name) } else { reason.to_owned() };
    let meta = NoteMeta { about: ask.about(), by: by.name.clone(), reason: said };
    tx.append(Draft::new(kind, &meta)?.key(format!("{kind}/{}", ask.planned.ask)))?;
    Ok(Ask { state: to, ..ask })
}

/// Lets silence count: each ask whose clock ran out without a word falls silent, once, at the instant when it ran out.
pub fn tick(tx: &mut Tx<'_>) -> Result<usize> {
    let now = tx.now();
    let states: Vec<State> = State::ALL.into_iter().filter(|s| s.clock_runs()).collect();
    let open = query::asks(tx, &query::Filter { states, ..query::Filter::default() })?;
    let mut silent = 0;
    for ask in open.iter().filter(|a| a.is_overdue(now)) {
        let reason = format!("no word within {} hours", ask.planned.hours);
        let meta = NoteMeta { about: ask.about(), by: "clock".to_owned(), reason };
        let draft = Draft::new("act.silent", &meta)?.claimed(ask.due_at).key(format!("act/silent/{}", ask.planned.ask));
        silent += usize::from(tx.append(draft)?.new);
    }
    Ok(silent)
}

/// After a change of somebody's exposures: asks about what is no longer so are closed, each with what shows it. Only those about what
/// changed for whoever was asked: when one is closed never follows from something else that its reader may not know.
pub(crate) fn close_what_is_no_more(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let changed = event.meta::<expose::Changed>()?;
    let filter = query::Filter { org: Some(changed.owner.clone()), ..query::Filter::default() };
    let asks = query::asks(tx, &filter)?;
    let about = |ask: &Ask, c: &expose::Change| ask.planned.vulnerabilities.contains(&c.vulnerability);
    let open = |a: &&Ask| a.planned.party == changed.owner && !a.state.is_over();
    let touched = |a: &&Ask| changed.changes.iter().any(|c| about(a, c));
    let open: Vec<&Ask> = asks.iter().filter(open).filter(touched).collect();
    if open.is_empty() {
        return Ok(());
    }
    let home = tx.one("SELECT home FROM @home WHERE id = 1", &[], |r| r.text(0).to_owned())?.unwrap_or_default();
    let (orgs, on) = (cards(tx)?, day(tx.now()));
    for ask in open {
        // What it told of, whoever was asked knows, whatever they may read since.
        let told = ask.planned.rests_on();
        let may = |tlp: Tlp| tlp <= told || plan::refused(&orgs, &ask.planned, tlp, &home, on).is_none();
        if changed.changes.iter().any(|c| about(ask, c) && may(c.seen_from)) {
            close_if_gone(tx, ask, &may)?;
        }
    }
    Ok(())
}

fn close_if_gone(tx: &mut Tx<'_>, ask: &Ask, may: &dyn Fn(Tlp) -> bool) -> Result<()> {
    let Some(gone) = exposed::gone(tx, &ask.planned, may)? else { return Ok(()) };
    let Gone { source, outcome } = gone;
    let claimant = ask.claimant.as_deref().unwrap_or(&source);
    // What an advisory took back proves nothing about its owner.
    let evidence = if outcome == "withdrawn" { Evidence::E0 } else { Evidence::of_confirmation(claimant, &source) };
    let reason = format!("{}: so the data of {source}", outcome.replace('_', " "));
    let meta = ClosedMeta { about: ask.about(), outcome, reason, evidence: evidence.as_str().to_owned(), source };
    tx.append(Draft::new("act.closed", &meta)?.key(format!("act/closed/{}", ask.planned.ask)))?;
    Ok(())
}

/// What a plan must know of organisations.
pub(crate) fn cards(tx: &mut Tx<'_>) -> Result<BTreeMap<String, Card>> {
    let mut agreements = partners::org::all_agreements(tx)?;
    let card = |c: partners::org::Card| {
        let agreements = agreements.remove(&c.key).unwrap_or_default();
        let kind = c.kind.unwrap_or_else(|| "other".to_owned());
        (c.key, Card { name: c.name, kind, country: c.country, languages: c.languages, agreements })
    };
    Ok(partners::org::all(tx)?.into_iter().map(card).collect())
}

/// The asks that exist. One whose clock has run out counts as silent, whether or not that was recorded yet. One that nobody has read, and that may not
/// go to its addressee any more since an agreement ended, is over: what the marks still permit is asked in its place.
fn known(tx: &mut Tx<'_>, orgs: &BTreeMap<String, Card>, home: &str, on: Date) -> Result<Vec<Known>> {
    let unread = vec![State::Planned, State::Held, State::Approved, State::Bounced];
    let unread = query::asks(tx, &query::Filter { states: unread, ..query::Filter::default() })?;
    let kept = unread.iter().filter(|ask| plan::still_released(orgs, &ask.planned, home, on).is_err());
    let kept: BTreeSet<&str> = kept.map(|ask| ask.planned.ask.as_str()).collect();
    let now = tx.now();
    let sql = "SELECT a.ask, a.party, i.vulnerability, a.addressee, a.state, a.due_at, a.answer FROM @ask a \
               JOIN @ask_item i ON i.ask = a.ask ORDER BY a.ask, i.vulnerability";
    let rows = tx.all(sql, &[], |r| {
        let state = State::parse(r.text(4))?;
        let overdue = state.clock_runs() && r.opt_int(5).is_some_and(|due| due <= now.0);
        Some(Known {
            ask: r.text(0).to_owned(),
            party: r.text(1).to_owned(),
            vulnerability: r.text(2).to_owned(),
            addressee: r.text(3).to_owned(),
            state: match state {
                _ if kept.contains(r.text(0)) => State::Closed,
                _ if overdue => State::Silent,
                state => state,
            },
            forwarded: r.opt_text(6) == Some(Answer::Forwarded.as_str()),
        })
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// The day of an instant, in UTC.
pub(crate) fn day(at: Micros) -> Date {
    at.civil()
}
