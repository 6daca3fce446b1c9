//! `partner`: the keys that partners sign with, and who is trusted.
use crate::actor;
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{out, store};
use clap::{Args, Subcommand};
use ledger::{Ledger, Micros};
use partners::agreement::{Compulsion, Scope};
use partners::may::Verb;
use partners::stage::AgreementMeta;
use stix::Tlp;

/// Partners.
#[derive(Debug, Subcommand)]
pub(crate) enum Partner {
    /// Register the public key that a partner signs its answers with, or revoke it
    Key {
        /// The partner
        org: String,
        /// The key that `key new` printed, base64
        public_key: String,
        /// From now on refuse what it signs
        #[arg(long)]
        revoke: bool,
    },
    /// Record an agreement with a partner, or of partners among themselves; under the same name it speaks over earlier ones
    Agree(Agree),
    /// Say that a partner is another one under a second key: what counts partners counts them once from now on, what was counted stays and is restated.
    /// Agreements, rights and people stay under the key for which they were made
    Merge {
        /// The partner that is none of its own
        org: String,
        /// The one that it is
        #[arg(long, value_name = "ORG", required_unless_present = "undo")]
        into: Option<String>,
        /// It is one of its own after all
        #[arg(long, conflicts_with = "into")]
        undo: bool,
        /// How that is known, in words that stand in the file
        #[arg(long)]
        reason: String,
    },
    /// Record whether a partner agrees to be named with what it submits to a collection that leaves names out
    Naming {
        /// The partner
        org: String,
        /// It no longer agrees
        #[arg(long)]
        withdraw: bool,
        /// How that is known, in words that stand in the file
        #[arg(long)]
        reason: String,
    },
    /// The file of a partner: people, keys, channels, agreements, trust, what is open, what passed, and every record that names it
    Show {
        /// The partner
        org: String,
    },
    /// Whose trust should be renewed, or has lost what it rests on; a person decides with `partner trust`
    Vetting,
    /// Say that a partner is trusted from one day to another, and why
    Trust {
        /// The partner
        org: String,
        /// The first day, YYYY-MM-DD
        #[arg(long, value_name = "DAY")]
        from: String,
        /// The last day, YYYY-MM-DD
        #[arg(long, value_name = "DAY")]
        to: String,
        /// Why, in words that stand in the file
        #[arg(long)]
        reason: String,
    },
}

/// An agreement.
#[derive(Debug, Args)]
pub(crate) struct Agree {
    /// The partner
    org: String,
    /// The first day, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    from: String,
    /// The last day, YYYY-MM-DD; open where none is given
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// The highest mark that may be given under it
    #[arg(long, value_name = "TLP")]
    clearance: Tlp,
    /// A name, where the partner has more than one agreement
    #[arg(long)]
    name: Option<String>,
    /// Another party, in place of the operator; then it is about what one of them gave. May be given again
    #[arg(long, value_name = "ORG")]
    with: Vec<String>,
    /// A client of the partner, who may get what the partner may pass on, up to AMBER. May be given again
    #[arg(long, value_name = "ORG")]
    client: Vec<String>,
    /// What it is about: collection=ID, type=TYPE, topic=LABEL or exposures; everything where none is given. May be given again
    #[arg(long, value_name = "WHAT")]
    scope: Vec<String>,
    /// The legal basis, in words
    #[arg(long, value_name = "TEXT")]
    basis: Option<String>,
    /// What law compels the partner to disclose, as COUNTRY:LAW[:CAP]; above the cap nothing goes to it (CLEAR unless said). May be given again
    #[arg(long, value_name = "LAW")]
    compelled: Vec<String>,
    /// The partner may pass on what it gets to its clients
    #[arg(long)]
    onward: bool,
    /// The partner is told where the indicators that it gave were seen, as far as the marks of what was seen allow
    #[arg(long)]
    sightings: bool,
    /// The partner may bring new versions of what this identity created, by its STIX id, or of `any`; of what it did not give first such a
    /// version goes to review otherwise. May be given again
    #[arg(long, value_name = "ID")]
    relay: Vec<String>,
}

impl Agree {
    fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_or_create(global)?;
        actor::must(global, &ledger, Verb::ManagePartners)?;
        let compelled: Result<Vec<Compulsion>, String> = self.compelled.iter().map(|law| law.parse()).collect();
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list.dedup();
            list
        };
        let meta = AgreementMeta {
            org: self.org.clone(),
            from: day(&self.from)?.to_string(),
            to: self.to.as_deref().map(day).transpose()?.map(|to| to.to_string()),
            clearance: self.clearance.to_string(),
            basis: self.basis.clone(),
            name: self.name.clone(),
            with: sorted(&self.with),
            clients: sorted(&self.client),
            scope: Scope::read(&self.scope).map_err(Failure::Usage)?,
            compelled: compelled.map_err(Failure::Usage)?,
            onward: self.onward,
            sightings: self.sightings,
            relays: sorted(&self.relay),
        };
        let fresh = ledger.write(|tx| partners::org::agree(tx, &meta))?;
        store::settle(global, &ledger)?;
        let to = meta.to.map(|to| format!(" to {to}")).unwrap_or_default();
        let said = if fresh { "is recorded" } else { "stands already" };
        out::say(format!("the agreement of {} from {}{to} up to TLP:{} {said}", self.org, meta.from, self.clearance));
        Ok(Done::Fine)
    }
}

impl Partner {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        if let Partner::Agree(agree) = self {
            return agree.run(global);
        }
        let ledger = store::open_or_create(global)?;
        match self {
            Partner::Agree(_) => {}
            Partner::Show { org } => return show(global, &ledger, org),
            Partner::Merge { org, into, undo: _, reason } => {
                let person = actor::must(global, &ledger, Verb::ManagePartners)?;
                let fresh =
                    ledger.write(|tx| partners::merge::merge(tx, org, into.as_deref(), reason, &person.name))?;
                store::settle(global, &ledger)?;
                let said = match into {
                    Some(into) => format!("{org} is {into}"),
                    None => format!("{org} is one of its own"),
                };
                let already = if fresh { "" } else { " already" };
                out::say(format!("{said}{already}, says {}", person.name));
            }
            Partner::Naming { org, withdraw, reason } => {
                let person = actor::must(global, &ledger, Verb::ManagePartners)?;
                ledger.write(|tx| partners::org::name_submitter(tx, org, !withdraw, reason, &person.name))?;
                store::settle(global, &ledger)?;
                let said = if *withdraw { "is not named" } else { "may be named" };
                out::say(format!("{org} {said} with what it submits, says {}", person.name));
            }
            Partner::Key { org, public_key, revoke } => {
                actor::must(global, &ledger, Verb::ManagePartners)?;
                ledger.write(|tx| partners::register_key(tx, org, public_key, *revoke))?;
                store::settle(global, &ledger)?;
                let what = if *revoke { "is revoked" } else { "is registered" };
                out::say(format!("the key of {org} {what}"));
            }
            Partner::Vetting => {
                actor::own(global, &ledger)?;
                let now = ledger.env().clock.now();
                let all = ledger.read(|tx| assure::vetting::proposals(tx, now))?;
                out::rows(global.format, &all, &["partner", "propose", "trusted until", "because"], |p| {
                    let step = if p.step == assure::vetting::Step::Renew { "renew" } else { "let lapse" };
                    vec![p.org.clone(), step.to_owned(), p.until.clone(), p.because.join("; ")]
                })?;
                out::say(format!("{} to decide: `partner trust ORG --from DAY --to DAY --reason TEXT`", all.len()));
                return Ok(if all.is_empty() { Done::Fine } else { Done::Findings });
            }
            Partner::Trust { org, from, to, reason } => {
                let person = actor::must(global, &ledger, Verb::Trust)?;
                let (from, to) = (day(from)?, day(to)?);
                ledger.write(|tx| partners::trust(tx, org, from, to, reason, &person.name))?;
                store::settle(global, &ledger)?;
                out::say(format!("{org} is trusted from {from} to {to}, says {}", person.name));
            }
        }
        Ok(Done::Fine)
    }
}

/// The file of a partner.
fn show(global: &Global, ledger: &Ledger, org: &str) -> Result<Done, Failure> {
    let person = actor::own(global, ledger)?;
    let now = ledger.env().clock.now();
    let file = ledger.read(|tx| assure::file::file(tx, org, &ledger.genesis().home, person.role, now))?;
    let Some(f) = file else {
        return Err(Failure::Usage(format!(
            "there is no organisation {org:?}; `import` a partners table, or `user add`"
        )));
    };
    if global.format != Format::Table {
        out::json(&f)?;
        return Ok(Done::Fine);
    }
    let or = |text: Option<&String>| text.cloned().unwrap_or_else(|| "not known".to_owned());
    let when = |at: Option<Micros>| at.map_or_else(|| "never".to_owned(), Micros::day);
    out::line(&format!("{} ({}), {} in {}", f.name, f.org, or(f.kind.as_ref()), or(f.country.as_ref())))?;
    if let Some(into) = &f.stands_for {
        out::line(&format!("it is counted as {into}, which it turned out to be"))?;
    }
    out::line(&match &f.trust {
        Some(t) => format!("trusted from {} to {}, says {}: {}", t.from, t.to, t.by, t.reason),
        None => "not trusted by anybody's word today".to_owned(),
    })?;
    if let Some(p) = &f.proposed {
        let step = if p.step == assure::vetting::Step::Renew { "renew it" } else { "let it lapse" };
        out::line(&format!("proposed: {step}, since {}", p.because.join("; ")))?;
    }
    out::line(&format!("last heard of {}, last told something {}", when(f.last_in), when(f.last_out)))?;
    let p = &f.performance;
    let hours = p.hours_to_send.map(|h| format!(", sent {h} hours after they were planned")).unwrap_or_default();
    out::line(&format!("{} asks went to it{hours}; {} answered, {} silent", p.sent, p.answered, p.silent))?;
    let agreements = f.agreements.iter().map(|a| {
        let state = if a.in_force { "in force" } else { "not in force" };
        vec![
            "agreement".to_owned(),
            a.name.clone(),
            format!("{} to {}", a.from, or(a.to.as_ref())),
            format!("TLP:{}, {state}", a.clearance),
        ]
    });
    let people =
        f.people.iter().map(|(name, role)| vec!["account".to_owned(), name.clone(), role.clone(), String::new()]);
    let channels = f
        .channels
        .iter()
        .map(|c| vec!["channel".to_owned(), c.email.clone(), or(c.role.as_ref()), c.standing.to_owned()]);
    let keys = f.keys.iter().map(|(key, state, since)| vec!["key".to_owned(), key.clone(), state.clone(), since.day()]);
    let open = f.open.iter().map(|o| {
        let clock = if o.overdue { "overdue".to_owned() } else { when(o.due) };
        vec!["open".to_owned(), o.ask.clone(), format!("{} {}", o.state, o.about), clock]
    });
    let records = f.records.iter().map(|r| {
        let v = &r.version;
        vec![
            "record".to_owned(),
            format!("{} {}", v.record, v.id),
            v.name.clone(),
            format!("{}, {}", v.state, r.evidence),
        ]
    });
    let rows = agreements.chain(people).chain(channels).chain(keys).chain(open).chain(records);
    out::line(&out::table(&["", "", "", ""], rows))?;
    Ok(Done::Fine)
}

/// A day as it was typed.
fn day(text: &str) -> Result<jiff::civil::Date, Failure> {
    let known = Micros::date(text).ok_or_else(|| Failure::Usage(format!("{text:?} is no day; write YYYY-MM-DD")))?;
    Ok(known.civil())
}
