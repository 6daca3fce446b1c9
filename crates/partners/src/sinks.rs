//! All ways out of the hub, in one table, and who may call each: what the leak walk and the role test are generated from. `cargo xtask
//! tidy` refuses a route, a channel or an export that is not here. This table decides nothing; [`crate::release`] does.
//!
//! A new way out is one row: `sink("name", Way::Get("/path/{id}"), EVERYBODY, Gate::Release)`, sorted by name. A path with two methods is
//! two rows. A file that opens a channel of its own (a connection, a file, standard output) is a row of [`DOORS`] too.
use crate::role::Role::{self, Admin, Analyst, Auditor, Operator, Partner};

/// Who stands at the other end, and may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Anybody who can reach the port.
    Anyone,
    /// Whoever holds an open answer token.
    TokenHolder,
    /// A person with an account, by role: in the operator's own organisation, and in another. On the command line whoever has the shell
    /// may act as `local-operator` beside.
    Persons(&'static [Role], &'static [Role]),
    /// The contact of an organisation, or a hub that the operator allowed; they receive and do not ask.
    Contact,
    /// Whoever has a shell on the machine and may read the store anyway.
    Host,
}

impl Who {
    /// Whether somebody signed in may call: `own`, a person of the operator's own organisation.
    pub fn lets(self, own: bool, role: Role) -> bool {
        match self {
            Who::Anyone | Who::TokenHolder => true,
            Who::Persons(ours, others) => if own { ours } else { others }.contains(&role),
            Who::Contact | Who::Host => false,
        }
    }

    /// Whether anybody of another organisation, or without an account, gets something here: what the walk of two worlds visits.
    pub fn reaches_partners(self) -> bool {
        match self {
            Who::Anyone | Who::TokenHolder | Who::Contact => true,
            Who::Persons(_, others) => !others.is_empty(),
            Who::Host => false,
        }
    }
}

/// What decides there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// `release::decide` on each object, compiled into a view or asked one by one.
    Release,
    /// `may::may` alone: what is shown belongs to no partner.
    Role,
    /// The secret that was asked for: a token tells what belongs to it and nothing else.
    Secret,
    /// Nothing of a partner passes here, by construction: codes, counts of the process itself, what whoever asks just sent.
    Nothing,
}

/// How it leaves. Paths are written as the router has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The answer to a GET or a HEAD.
    Get(&'static str),
    /// The answer to a POST.
    Post(&'static str),
    /// The answer to a PUT.
    Put(&'static str),
    /// The answer to a DELETE.
    Delete(&'static str),
    /// What a verb prints or writes; a noun stands for all its verbs that have no row of their own.
    Verb(&'static str),
    /// Any other.
    Channel(&'static str),
}

impl Way {
    /// The path and method of a route; none for a verb or a channel.
    pub fn route(self) -> Option<(&'static str, &'static str)> {
        match self {
            Way::Get(path) => Some(("GET", path)),
            Way::Post(path) => Some(("POST", path)),
            Way::Put(path) => Some(("PUT", path)),
            Way::Delete(path) => Some(("DELETE", path)),
            Way::Verb(_) | Way::Channel(_) => None,
        }
    }
}

/// One way out.
#[derive(Clone, Copy, Debug)]
pub struct Sink {
    /// Stable name.
    pub name: &'static str,
    /// How.
    pub way: Way,
    /// Who may call, or gets it.
    pub who: Who,
    /// What decides.
    pub gate: Gate,
}

const fn sink(name: &'static str, way: Way, who: Who, gate: Gate) -> Sink {
    Sink { name, way, who, gate }
}

/// Whoever signed in; what they get is for the release decision.
const EVERYBODY: Who = Who::Persons(&Role::ALL, &Role::ALL);
/// Whoever signed in and gives objects: an auditor changes nothing.
const GIVERS: Who = Who::Persons(&[Admin, Operator, Analyst, Partner], &[Admin, Operator, Analyst, Partner]);
/// The operator's own, in a role that sees all it holds.
const OWN: Who = Who::Persons(&[Admin, Operator, Analyst, Auditor], &[]);
/// Those who may know what the nation depends on most.
const TARGETERS: Who = Who::Persons(&[Operator, Analyst], &[]);
/// Those who bring in, and let out for matching at home.
const STAFF: Who = Who::Persons(&[Admin, Operator, Analyst], &[]);
const ADMIN: Who = Who::Persons(&[Admin], &[]);
const DUTY: Who = Who::Persons(&[Operator], &[]);
/// The second person of an ask; who says that a partner is trusted.
const DECIDERS: Who = Who::Persons(&[Admin, Operator], &[]);
/// Who answers what was asked of its own organisation.
const ANSWERERS: Who = Who::Persons(&[Operator, Partner], &[Operator, Partner]);
/// Who reads the main tree's size and root.
const VERIFIERS: Who = Who::Persons(&[Admin, Operator, Auditor], &[]);

/// Who vouches for a review.
const VOUCHERS: Who = Who::Persons(&[Admin, Operator, Auditor], &[]);

/// Every way out, by name.
pub const SINKS: &[Sink] = &[
    sink("answer-page", Way::Get("/answer/{token}"), Who::TokenHolder, Gate::Secret),
    sink("answer-page-short", Way::Get("/a/{token}"), Who::TokenHolder, Gate::Secret),
    sink("answer-send", Way::Post("/answer/{token}"), Who::TokenHolder, Gate::Secret),
    sink("answer-send-short", Way::Post("/a/{token}"), Who::TokenHolder, Gate::Secret),
    sink("ask-answer", Way::Verb("ask answer"), TARGETERS, Gate::Role),
    sink("ask-approve", Way::Verb("ask approve"), DECIDERS, Gate::Role),
    sink("ask-list", Way::Verb("ask list"), OWN, Gate::Role),
    sink("ask-mail", Way::Channel("SMTP or a folder of .eml"), Who::Contact, Gate::Release),
    sink("ask-plan", Way::Verb("ask plan"), TARGETERS, Gate::Role),
    sink("ask-reject", Way::Verb("ask reject"), DECIDERS, Gate::Role),
    sink("ask-send", Way::Verb("ask send"), DUTY, Gate::Role),
    sink("ask-show", Way::Verb("ask show"), OWN, Gate::Role),
    sink("ask-tick", Way::Verb("ask tick"), Who::Host, Gate::Nothing),
    sink("cascade", Way::Verb("depend cascade"), TARGETERS, Gate::Role),
    sink("checkpoint", Way::Verb("ledger checkpoint"), VERIFIERS, Gate::Role),
    sink("collection-add", Way::Verb("collection add"), ADMIN, Gate::Role),
    sink("collection-list", Way::Verb("collection list"), OWN, Gate::Role),
    sink("doctor", Way::Verb("doctor"), OWN, Gate::Nothing),
    sink("exposure-list", Way::Verb("exposure"), OWN, Gate::Role),
    sink("health", Way::Get("/health"), Who::Anyone, Gate::Nothing),
    sink("icon", Way::Get("/icon.svg"), Who::Anyone, Gate::Nothing),
    sink("import-report", Way::Verb("import"), STAFF, Gate::Role),
    sink("init", Way::Verb("init"), Who::Host, Gate::Nothing),
    sink("job-list", Way::Verb("job list"), OWN, Gate::Nothing),
    sink("key-new", Way::Verb("key new"), Who::Host, Gate::Nothing),
    sink("log", Way::Channel("standard error"), Who::Host, Gate::Nothing),
    sink("match-answer", Way::Verb("match"), Who::Host, Gate::Nothing),
    sink("measure", Way::Verb("measure"), OWN, Gate::Role),
    sink("pack-add", Way::Verb("pack add"), ADMIN, Gate::Role),
    sink("pack-verify", Way::Verb("pack verify"), OWN, Gate::Nothing),
    sink("page-ask", Way::Get("/act/{reference}"), EVERYBODY, Gate::Release),
    sink("page-ask-decide", Way::Post("/act/{reference}"), DECIDERS, Gate::Role),
    sink("page-asks", Way::Get("/act"), EVERYBODY, Gate::Release),
    sink("page-balance", Way::Get("/exchange/balance/{org}"), EVERYBODY, Gate::Release),
    sink("page-balances", Way::Get("/exchange/balance"), EVERYBODY, Gate::Release),
    sink("page-collection", Way::Get("/exchange/collection/{id}"), EVERYBODY, Gate::Release),
    sink("page-coverage", Way::Get("/assure/coverage"), OWN, Gate::Role),
    sink("page-depend", Way::Get("/depend"), Who::Anyone, Gate::Nothing),
    sink("page-exchange", Way::Get("/exchange"), EVERYBODY, Gate::Release),
    sink("page-exposures", Way::Get("/expose"), EVERYBODY, Gate::Release),
    sink("page-find", Way::Get("/find"), EVERYBODY, Gate::Release),
    sink("page-ledger", Way::Get("/ledger"), VERIFIERS, Gate::Role),
    sink("page-loop", Way::Get("/loop/{id}"), EVERYBODY, Gate::Release),
    sink("page-measure", Way::Get("/assure/{measure}"), OWN, Gate::Role),
    sink("page-measure-try", Way::Get("/assure/try"), OWN, Gate::Role),
    sink("page-object", Way::Get("/exchange/object/{id}"), EVERYBODY, Gate::Release),
    sink("page-object-raw", Way::Get("/exchange/object/{id}/raw"), EVERYBODY, Gate::Release),
    sink("page-partner", Way::Get("/partners/{org}"), OWN, Gate::Role),
    sink("page-plan", Way::Get("/assure"), OWN, Gate::Role),
    sink("page-proposal-accept", Way::Post("/assure/proposals/{number}"), STAFF, Gate::Role),
    sink("page-proposal-drop", Way::Post("/assure/proposals/{number}/drop"), STAFF, Gate::Role),
    sink("page-proposals", Way::Get("/assure/proposals"), OWN, Gate::Role),
    sink("page-record", Way::Get("/assure/records/{kind}/{id}"), OWN, Gate::Role),
    sink("page-record-add", Way::Post("/assure/records/{kind}"), STAFF, Gate::Role),
    sink("page-record-attest", Way::Post("/assure/records/{kind}/{id}/attest"), OWN, Gate::Role),
    sink("page-record-change", Way::Post("/assure/records/{kind}/{id}"), STAFF, Gate::Role),
    sink("page-record-confirm", Way::Post("/assure/records/{kind}/{id}/confirm"), TARGETERS, Gate::Role),
    sink("page-record-evidence", Way::Post("/assure/records/{kind}/{id}/evidence"), STAFF, Gate::Role),
    sink("page-record-kinds", Way::Get("/assure/records"), OWN, Gate::Role),
    sink("page-record-list", Way::Get("/assure/records/{kind}"), OWN, Gate::Role),
    sink("page-record-void", Way::Post("/assure/records/{kind}/{id}/void"), STAFF, Gate::Role),
    sink("page-release", Way::Get("/exchange/release"), OWN, Gate::Role),
    sink("page-review", Way::Get("/assure/reviews/{period}"), OWN, Gate::Role),
    sink("page-review-attest", Way::Post("/assure/reviews/{period}/attest"), VOUCHERS, Gate::Role),
    sink("page-review-bundle", Way::Post("/assure/reviews/{period}/bundle"), VERIFIERS, Gate::Release),
    sink("page-review-consult", Way::Post("/assure/reviews/{period}/consult"), DECIDERS, Gate::Release),
    sink("page-review-form", Way::Get("/assure/reviews/{period}/report/{form}"), OWN, Gate::Role),
    sink("page-review-freeze", Way::Post("/assure/reviews/{period}/freeze"), DECIDERS, Gate::Role),
    sink("page-review-list", Way::Get("/assure/reviews"), OWN, Gate::Role),
    sink("page-review-open", Way::Post("/assure/reviews"), DECIDERS, Gate::Role),
    sink("page-review-report", Way::Get("/assure/reviews/{period}/report"), OWN, Gate::Role),
    sink("page-review-write", Way::Post("/assure/reviews/{period}"), STAFF, Gate::Role),
    sink("page-sign-in", Way::Get("/login"), Who::Anyone, Gate::Nothing),
    sink("page-sign-in-send", Way::Post("/login"), Who::Anyone, Gate::Nothing),
    sink("page-sign-out", Way::Post("/logout"), EVERYBODY, Gate::Nothing),
    sink("page-today", Way::Get("/"), EVERYBODY, Gate::Release),
    sink("page-upload", Way::Get("/exchange/upload"), GIVERS, Gate::Release),
    sink("page-upload-send", Way::Post("/exchange/upload"), GIVERS, Gate::Release),
    sink("page-what-if", Way::Get("/depend/what-if"), TARGETERS, Gate::Role),
    sink("page-yours", Way::Get("/yours"), Who::Persons(&[], &Role::ALL), Gate::Release),
    sink("page-yours-link", Way::Get("/yours/{token}"), Who::TokenHolder, Gate::Secret),
    sink("page-yours-link-send", Way::Post("/yours/{token}"), Who::TokenHolder, Gate::Secret),
    sink("page-yours-send", Way::Post("/yours"), Who::Persons(&[], &[Operator, Partner]), Gate::Release),
    sink("partner-agree", Way::Verb("partner agree"), ADMIN, Gate::Role),
    sink("partner-key", Way::Verb("partner key"), ADMIN, Gate::Role),
    sink("partner-merge", Way::Verb("partner merge"), ADMIN, Gate::Role),
    sink("partner-naming", Way::Verb("partner naming"), ADMIN, Gate::Role),
    sink("partner-show", Way::Verb("partner show"), OWN, Gate::Role),
    sink("partner-trust", Way::Verb("partner trust"), DECIDERS, Gate::Role),
    sink("partner-vetting", Way::Verb("partner vetting"), OWN, Gate::Role),
    sink("peer-list", Way::Verb("peer list"), OWN, Gate::Role),
    sink("peer-manage", Way::Verb("peer"), ADMIN, Gate::Role),
    sink("peer-push", Way::Channel("TAXII to an allowed address"), Who::Contact, Gate::Release),
    sink("peer-sync", Way::Verb("peer sync"), STAFF, Gate::Role),
    sink("peer-why", Way::Verb("peer why"), STAFF, Gate::Role),
    sink("plan", Way::Verb("plan"), OWN, Gate::Role),
    sink("proof", Way::Verb("ledger proof"), VERIFIERS, Gate::Role),
    sink("purge", Way::Verb("ledger purge"), DECIDERS, Gate::Role),
    sink("rebuild", Way::Verb("ledger rebuild"), ADMIN, Gate::Nothing),
    sink("receipt-checkpoint", Way::Get("/receipts/checkpoint"), EVERYBODY, Gate::Release),
    sink("receipt-consistency", Way::Get("/receipts/proof/consistency"), EVERYBODY, Gate::Release),
    sink("receipt-inclusion", Way::Get("/receipts/proof/inclusion"), EVERYBODY, Gate::Release),
    sink("receipt-key", Way::Get("/receipts/key"), EVERYBODY, Gate::Release),
    sink("receipt-leaf", Way::Get("/receipts/leaf/{leaf}"), EVERYBODY, Gate::Release),
    sink("receipt-list", Way::Get("/receipts/"), EVERYBODY, Gate::Release),
    sink("receipt-object", Way::Get("/receipts/object/{id}"), EVERYBODY, Gate::Release),
    sink("receipt-request-answer", Way::Post("/receipts/requests/{purge}"), ANSWERERS, Gate::Release),
    sink("receipt-requests", Way::Get("/receipts/requests"), EVERYBODY, Gate::Release),
    sink("receipt-verb", Way::Verb("receipt"), OWN, Gate::Role),
    sink("receipt-verify", Way::Verb("receipt verify"), Who::Host, Gate::Nothing),
    sink("record-accept", Way::Verb("record accept"), STAFF, Gate::Role),
    sink("record-add", Way::Verb("record add"), STAFF, Gate::Role),
    sink("record-api", Way::Get("/records/{kind}/{id}"), OWN, Gate::Role),
    sink("record-api-add", Way::Post("/records/{kind}"), STAFF, Gate::Role),
    sink("record-api-attest", Way::Post("/records/{kind}/{id}/attest"), OWN, Gate::Role),
    sink("record-api-confirm", Way::Post("/records/{kind}/{id}/confirm"), TARGETERS, Gate::Role),
    sink("record-api-evidence", Way::Post("/records/{kind}/{id}/evidence"), STAFF, Gate::Role),
    sink("record-api-kinds", Way::Get("/records/"), OWN, Gate::Role),
    sink("record-api-list", Way::Get("/records/{kind}"), OWN, Gate::Role),
    sink("record-api-put", Way::Put("/records/{kind}/{id}"), STAFF, Gate::Role),
    sink("record-api-void", Way::Post("/records/{kind}/{id}/void"), STAFF, Gate::Role),
    sink("record-artefact", Way::Get("/records/{kind}/{id}/artefacts/{entry}"), OWN, Gate::Role),
    sink("record-attest", Way::Verb("record attest"), OWN, Gate::Role),
    sink("record-confirm", Way::Verb("record confirm"), TARGETERS, Gate::Role),
    sink("record-drop", Way::Verb("record drop"), STAFF, Gate::Role),
    sink("record-evidence", Way::Verb("record evidence"), STAFF, Gate::Role),
    sink("record-import", Way::Verb("record import"), STAFF, Gate::Role),
    sink("record-kinds", Way::Verb("record kinds"), OWN, Gate::Role),
    sink("record-list", Way::Verb("record list"), OWN, Gate::Role),
    sink("record-proposals", Way::Verb("record proposals"), OWN, Gate::Role),
    sink("record-propose", Way::Verb("record propose"), STAFF, Gate::Role),
    sink("record-show", Way::Verb("record show"), OWN, Gate::Role),
    sink("record-void", Way::Verb("record void"), STAFF, Gate::Role),
    sink("release-consent", Way::Verb("release consent"), TARGETERS, Gate::Role),
    sink("release-explain", Way::Verb("release explain"), TARGETERS, Gate::Role),
    sink("release-remark", Way::Verb("release remark"), TARGETERS, Gate::Role),
    sink("review", Way::Verb("review"), TARGETERS, Gate::Role),
    sink("review-attest", Way::Verb("review attest"), VOUCHERS, Gate::Role),
    sink("review-bundle", Way::Verb("review bundle"), VERIFIERS, Gate::Release),
    sink("review-consult", Way::Verb("review consult"), DECIDERS, Gate::Release),
    sink("review-freeze", Way::Verb("review freeze"), DECIDERS, Gate::Role),
    sink("review-letter", Way::Channel("a letter, by SMTP or as .eml"), Who::Contact, Gate::Release),
    sink("review-open", Way::Verb("review open"), DECIDERS, Gate::Role),
    sink("review-print", Way::Channel("the printing Chromium"), Who::Host, Gate::Role),
    sink("review-report", Way::Verb("review report"), OWN, Gate::Role),
    sink("review-sample", Way::Verb("review sample"), OWN, Gate::Role),
    sink("review-status", Way::Verb("review status"), OWN, Gate::Role),
    sink("review-write", Way::Verb("review write"), STAFF, Gate::Role),
    sink("rules-export", Way::Verb("rules export"), STAFF, Gate::Release),
    sink("serve", Way::Verb("serve"), Who::Host, Gate::Nothing),
    sink("sighting-list", Way::Verb("sighting list"), TARGETERS, Gate::Role),
    sink("spof", Way::Verb("depend spof"), TARGETERS, Gate::Role),
    sink("static", Way::Get("/static/{name}"), Who::Anyone, Gate::Nothing),
    sink("store", Way::Channel("the store's own folder"), Who::Host, Gate::Nothing),
    sink("taxii-collection", Way::Get("/taxii2/{root}/collections/{id}/"), EVERYBODY, Gate::Release),
    sink("taxii-collections", Way::Get("/taxii2/{root}/collections/"), EVERYBODY, Gate::Release),
    sink("taxii-delete", Way::Delete("/taxii2/{root}/collections/{id}/objects/{object}/"), GIVERS, Gate::Release),
    sink("taxii-discovery", Way::Get("/taxii2/"), EVERYBODY, Gate::Release),
    sink("taxii-give", Way::Post("/taxii2/{root}/collections/{id}/objects/"), GIVERS, Gate::Release),
    sink("taxii-manifest", Way::Get("/taxii2/{root}/collections/{id}/manifest/"), EVERYBODY, Gate::Release),
    sink("taxii-object", Way::Get("/taxii2/{root}/collections/{id}/objects/{object}/"), EVERYBODY, Gate::Release),
    sink("taxii-objects", Way::Get("/taxii2/{root}/collections/{id}/objects/"), EVERYBODY, Gate::Release),
    sink("taxii-root", Way::Get("/taxii2/{root}/"), EVERYBODY, Gate::Release),
    sink("taxii-status", Way::Get("/taxii2/{root}/status/{id}/"), EVERYBODY, Gate::Release),
    sink(
        "taxii-versions",
        Way::Get("/taxii2/{root}/collections/{id}/objects/{object}/versions/"),
        EVERYBODY,
        Gate::Release,
    ),
    sink("today", Way::Verb("today"), OWN, Gate::Role),
    sink("user-list", Way::Verb("user list"), OWN, Gate::Role),
    sink("user-manage", Way::Verb("user"), ADMIN, Gate::Role),
    sink("verify", Way::Verb("ledger verify"), VERIFIERS, Gate::Role),
];

/// The files that open something to the outside (a connection, a file, standard output), each with a way out that goes through it.
pub const DOORS: &[(&str, &str)] = &[
    ("crates/act/src/mail.rs", "ask-mail"),
    ("crates/ledger/src/keys.rs", "key-new"),
    ("crates/ledger/src/seam/postgres.rs", "store"),
    ("crates/ledger/src/seam/sqlite.rs", "store"),
    ("crates/ledger/src/seam/sqlite/log.rs", "store"),
    ("crates/mainstay/src/import/mod.rs", "log"),
    ("crates/mainstay/src/lib.rs", "log"),
    ("crates/mainstay/src/out.rs", "serve"),
    ("crates/mainstay/src/print.rs", "review-print"),
    ("crates/mainstay/src/store.rs", "store"),
    ("crates/mainstay/src/verbs/home.rs", "rules-export"),
    ("crates/mainstay/src/verbs/peer.rs", "peer-push"),
    ("crates/mainstay/src/verbs/purge.rs", "purge"),
    ("crates/mainstay/src/verbs/quarter.rs", "review-bundle"),
    ("crates/mainstay/src/verbs/serve.rs", "serve"),
    ("crates/server/src/connection.rs", "serve"),
    ("crates/server/src/egress.rs", "peer-push"),
    ("crates/server/src/tls.rs", "serve"),
];

/// The way out of this name.
pub fn find(name: &str) -> Option<&'static Sink> {
    SINKS.binary_search_by(|s| s.name.cmp(name)).ok().and_then(|at| SINKS.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn sorted_and_unique() {
        assert!(SINKS.windows(2).all(|w| w[0].name < w[1].name), "by name");
        let ways: BTreeSet<Way> = SINKS.iter().map(|s| s.way).collect();
        assert_eq!(ways.len(), SINKS.len(), "each way once");
        assert_eq!(find("ask-mail").map(|s| s.who), Some(Who::Contact));
        assert!(find("carrier-pigeon").is_none());
        assert!(DOORS.windows(2).all(|w| w[0].0 < w[1].0), "by file");
        assert!(DOORS.iter().all(|(_, name)| find(name).is_some()), "a door leads to a way out that is known");
    }

    #[test]
    fn what_goes_to_a_partner_passes_the_release_decision() {
        for sink in SINKS.iter().filter(|s| s.who.reaches_partners()) {
            let open = matches!(sink.who, Who::Anyone) || sink.name == "page-sign-out";
            let good = match sink.who {
                _ if open => sink.gate == Gate::Nothing,
                Who::TokenHolder => sink.gate == Gate::Secret,
                _ => sink.gate == Gate::Release,
            };
            assert!(good, "{}", sink.name);
        }
    }
}
