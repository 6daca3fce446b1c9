//! What can be typed: `mainstay NOUN VERB`. One table of verbs, from which the parser and the help come.
use crate::verbs;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ledger::Micros;
use std::path::PathBuf;

/// Tells a national cyber agency and its partners which shared threat endangers which infrastructure their nations depend
/// on, gets the warning to whoever must act, and proves that they acted in time.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version, propagate_version = true, disable_help_subcommand = true, term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) noun: Noun,
}

/// What every verb takes.
#[derive(Debug, Args, Clone)]
pub(crate) struct Global {
    /// The folder of the store, and of what lies beside it (seal, outbox)
    #[arg(long, global = true, value_name = "DIR", env = "MAINSTAY_DATA", default_value = "mainstay-data")]
    pub(crate) data: PathBuf,
    /// A PostgreSQL URL, where the store is not a file in DIR
    #[arg(long, global = true, value_name = "URL", env = "MAINSTAY_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Who acts; the password comes on standard input or in MAINSTAY_PASSWORD. Without it: local-operator
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// The form of what is printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Do not wait until all stages have applied what was written; prints the position instead
    #[arg(long, global = true)]
    pub(crate) no_wait: bool,
    /// Act at this time; on a store only where it was made with `init --exercise`, and never backwards
    #[arg(long, global = true, value_name = "TIME")]
    pub(crate) clock: Option<Micros>,
}

/// The form of what is printed on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For eyes
    Table,
    /// One document
    Json,
    /// One object a line
    Jsonl,
    /// Comma-separated, safe to open in a spreadsheet
    Csv,
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Noun {
    /// Make a store; the first verb that writes makes one with defaults too
    Init(verbs::store::Init),
    /// What needs attention now, with reasons
    Today(verbs::today::Today),
    /// Take in files and folders of any known form, plain or .gz
    Import(verbs::import::Import),
    /// Serve pages and TAXII 2.1
    Serve(verbs::serve::Serve),
    /// People and what they may do
    #[command(subcommand)]
    User(verbs::user::User),
    /// Collections and who reads and writes them
    #[command(subcommand)]
    Collection(verbs::collection::Collection),
    /// Partners: agreements, keys and trust
    #[command(subcommand)]
    Partner(verbs::partner::Partner),
    /// Other hubs to pull from and to push to
    #[command(subcommand)]
    Peer(verbs::peer::Peer),
    /// Why something goes to a partner, or does not
    #[command(subcommand)]
    Release(verbs::release::Release),
    /// What passed between this hub and each partner, with proofs
    #[command(subcommand)]
    Receipt(verbs::receipt::Receipt),
    /// What partners saw of what partners gave, and who is told
    #[command(subcommand)]
    Sighting(verbs::sighting::Sighting),
    /// What a person must decide: of what was given, and of each quarter of the plan
    #[command(subcommand)]
    Review(verbs::review::Review),
    /// What depends on what
    #[command(subcommand)]
    Depend(verbs::depend::Depend),
    /// Who runs what is vulnerable
    #[command(subcommand)]
    Exposure(verbs::exposure::Exposure),
    /// Signed rules for matching at a partner's home
    #[command(subcommand)]
    Rules(verbs::home::Rules),
    /// Match an inventory against signed rules, offline, and write a signed answer without rows
    Match(verbs::home::Match),
    /// Asks across a border and their answers
    #[command(subcommand)]
    Ask(verbs::ask::Ask),
    /// What people write down, by kinds that packs define
    #[command(subcommand)]
    Record(verbs::record::Record),
    /// The plans
    #[command(subcommand)]
    Plan(verbs::measure::Plan),
    /// The plan's measures, computed from what happened
    #[command(subcommand)]
    Measure(verbs::measure::Measure),
    /// Signed data packs
    #[command(subcommand)]
    Pack(verbs::pack::Pack),
    /// Signing keys
    #[command(subcommand)]
    Key(verbs::pack::Key),
    /// The log itself
    #[command(subcommand)]
    Ledger(verbs::store::Ledger),
    /// Work in the background
    #[command(subcommand)]
    Job(verbs::store::Job),
    /// Whether everything is as it should be
    Doctor(verbs::store::Doctor),
}
