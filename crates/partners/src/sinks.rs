//! All ways out of the hub, in one table: what leak tests walk through. A test over the server's sources refuses a route that
//! is not here. This table decides nothing; [`crate::release`] does.

/// Who stands at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Anybody who can reach the port.
    Anyone,
    /// Whoever holds an open answer token.
    TokenHolder,
    /// A person with an account, of whatever organisation.
    Person,
    /// The contact of an organisation, by mail.
    Contact,
    /// A person of the operator's own organisation.
    Operators,
    /// Operator, auditor and witness.
    Auditors,
    /// Whoever has a shell on the machine and may read the store anyway.
    Host,
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
    /// Nothing of a partner passes here, by construction: codes, counts of the process itself.
    Nothing,
}

/// One way out.
#[derive(Clone, Copy, Debug)]
pub struct Sink {
    /// Stable name.
    pub name: &'static str,
    /// Path, verb or channel.
    pub place: &'static str,
    /// Who gets it.
    pub who: Who,
    /// What decides.
    pub gate: Gate,
}

const fn sink(name: &'static str, place: &'static str, who: Who, gate: Gate) -> Sink {
    Sink { name, place, who, gate }
}

/// Every way out, by name.
pub const SINKS: &[Sink] = &[
    sink("answer-page", "/answer/{token}", Who::TokenHolder, Gate::Secret),
    sink("answer-page-short", "/a/{token}", Who::TokenHolder, Gate::Secret),
    sink("ask-list", "mainstay ask list", Who::Operators, Gate::Role),
    sink("ask-mail", "SMTP or a folder of .eml", Who::Contact, Gate::Release),
    sink("ask-plan", "mainstay ask plan", Who::Operators, Gate::Role),
    sink("cascade", "mainstay depend cascade", Who::Operators, Gate::Role),
    sink("checkpoint", "mainstay ledger checkpoint", Who::Auditors, Gate::Role),
    sink("doctor", "mainstay doctor", Who::Host, Gate::Nothing),
    sink("exposure-list", "mainstay exposure list", Who::Operators, Gate::Role),
    sink("health", "/health", Who::Anyone, Gate::Nothing),
    sink("import-report", "mainstay import", Who::Operators, Gate::Role),
    sink("log", "standard error", Who::Host, Gate::Nothing),
    sink("measure", "mainstay measure", Who::Operators, Gate::Role),
    sink("page-ask", "/act/{reference}", Who::Person, Gate::Release),
    sink("page-asks", "/act", Who::Person, Gate::Release),
    sink("page-depend", "/depend", Who::Operators, Gate::Role),
    sink("page-exchange", "/exchange", Who::Person, Gate::Release),
    sink("page-exposures", "/expose", Who::Person, Gate::Release),
    sink("page-find", "/find", Who::Person, Gate::Release),
    sink("page-loop", "/loop/{id}", Who::Person, Gate::Release),
    sink("page-measure", "/assure/{measure}", Who::Person, Gate::Role),
    sink("page-plan", "/assure", Who::Person, Gate::Role),
    sink("page-sign-in", "/login", Who::Anyone, Gate::Nothing),
    sink("page-today", "/", Who::Person, Gate::Release),
    sink("page-what-if", "/depend/what-if", Who::Operators, Gate::Role),
    sink("peer-push", "mainstay peer sync", Who::Contact, Gate::Release),
    sink("release-explain", "mainstay release explain OBJECT --for ORG", Who::Operators, Gate::Role),
    sink("rules-export", "mainstay rules export --for ORG", Who::Contact, Gate::Release),
    sink("spof", "mainstay depend spof", Who::Operators, Gate::Role),
    sink("taxii-collections", "/taxii2/{root}/collections/", Who::Person, Gate::Release),
    sink("taxii-discovery", "/taxii2/", Who::Person, Gate::Nothing),
    sink("taxii-error", "/taxii2/{*rest}", Who::Person, Gate::Nothing),
    sink("taxii-manifest", "/taxii2/{root}/collections/{id}/manifest/", Who::Person, Gate::Release),
    sink("taxii-object", "/taxii2/{root}/collections/{id}/objects/{object}/", Who::Person, Gate::Release),
    sink("taxii-objects", "/taxii2/{root}/collections/{id}/objects/", Who::Person, Gate::Release),
    sink("taxii-status", "/taxii2/{root}/status/{id}/", Who::Person, Gate::Release),
    sink("taxii-versions", "/taxii2/{root}/collections/{id}/objects/{object}/versions/", Who::Person, Gate::Release),
    sink("today", "mainstay today", Who::Operators, Gate::Role),
    sink("verify", "mainstay ledger verify", Who::Auditors, Gate::Role),
];

/// Routes through which nothing that is stored leaves: the pages' own assets, and forms that only redirect.
pub const ROUTES_WITHOUT_CONTENT: &[&str] = &["/icon.svg", "/logout", "/static/{name}", "/taxii2"];

/// The way out of this name.
pub fn find(name: &str) -> Option<&'static Sink> {
    SINKS.binary_search_by(|s| s.name.cmp(name)).ok().and_then(|at| SINKS.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_unique() {
        assert!(SINKS.windows(2).all(|w| w[0].name < w[1].name));
        assert_eq!(find("ask-mail").map(|s| s.who), Some(Who::Contact));
        assert!(find("carrier-pigeon").is_none());
    }

    #[test]
    fn what_goes_to_a_partner_passes_the_release_decision() {
        for sink in SINKS.iter().filter(|s| matches!(s.who, Who::Person | Who::Contact)) {
            let process_only = matches!(sink.name, "page-measure" | "page-plan" | "taxii-discovery" | "taxii-error");
            assert!(sink.gate == Gate::Release || process_only, "{}", sink.name);
        }
    }

    #[test]
    fn no_route_of_the_server_is_missing() {
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src")];
        let mut routes = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                for route in text.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                    routes += 1;
                    let known = SINKS.iter().any(|s| s.place == route) || ROUTES_WITHOUT_CONTENT.contains(&route);
                    assert!(known, "{} serves {route}, which is no way out that is known; add it to SINKS", path.display());
                }
            }
        }
        assert!(routes > 0, "no route was found; this test reads the wrong folder");
    }
}
