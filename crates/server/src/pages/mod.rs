//! The pages: each file has its view (what the page shows, as a struct) and how the view is made. Templates stand in `templates/`.
//! Not for: rules of the domain; a page asks the stages and shows what they say.

pub mod alarm;
pub mod answer;
pub mod ask;
pub mod balance;
pub mod collection;
pub mod exchange;
pub mod exposures;
pub mod find;
pub mod log;
pub mod login;
pub mod object;
pub mod partner;
pub mod plan;
pub mod record;
pub mod release;
pub mod review;
pub mod signs;
pub mod today;
pub mod upload;
pub mod vulnerability;
pub mod what_if;
pub mod when;
pub mod words;
pub mod yours;

#[cfg(test)]
mod samples;

use crate::assets::Assets;
use signs::{Mark, Shape};
use when::When;

/// The addresses of all pages.
pub(crate) fn routes() -> axum::Router<crate::state::AppState> {
    ask::view::routes()
        .merge(answer::view::routes())
        .merge(exchange::view::routes())
        .merge(what_if::view::routes())
        .merge(partner::view::routes())
        .merge(log::routes())
        .merge(plan::view::routes())
        .merge(record::proposals::routes())
        .merge(record::view::routes())
        .merge(record::deeds::routes())
        .merge(review::view::routes())
        .merge(review::consult::routes())
        .merge(review::bundle::routes())
        .merge(exposures::view::routes())
        .merge(today::view::routes())
        .merge(find::view::routes())
        .merge(object::view::routes())
        .merge(collection::view::routes())
        .merge(release::view::routes())
        .merge(balance::view::routes())
        .merge(upload::view::routes())
        .merge(vulnerability::view::routes())
        .merge(yours::view::routes())
}

/// Names of organisations by key.
pub(crate) struct Names(std::collections::BTreeMap<String, String>);

impl Names {
    /// The name, else the key.
    pub(crate) fn of(&self, key: &str) -> String {
        self.0.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// Key and name of each, by key.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, name)| (key.as_str(), name.as_str()))
    }
}

impl Names {
    /// A text in which each word that is a key stands as the name.
    pub(crate) fn within(&self, text: &str) -> String {
        let word = |w: &str| {
            let bare = w.trim_end_matches([',', '.', ';', ':']);
            let tail = w.get(bare.len()..).unwrap_or_default();
            self.0.get(bare).map_or_else(|| w.to_owned(), |name| format!("{name}{tail}"))
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }
}

/// All names.
pub(crate) fn names(tx: &mut ledger::Tx<'_>) -> ledger::Result<Names> {
    Ok(Names(partners::org::all(tx)?.into_iter().map(|card| (card.key, card.name)).collect()))
}

/// What every page carries around its content.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The title in the browser's tab.
    pub title: String,
    /// Which turn of the loop is current: `today`, `exchange`, `depend`, `expose`, `act`, `assure`, or none.
    pub turn: &'static str,
    /// The strictest marking of what is shown.
    pub mark: Mark,
    /// When the page was made.
    pub now: When,
    /// The operator's own organisation.
    pub home: String,
    /// Who looks.
    pub who: Option<Who>,
    /// The ledger position that the page shows, to the operator's own.
    pub position: Option<i64>,
    /// What stands still or lags, in words.
    pub lag: Option<String>,
    /// The store is an exercise.
    pub exercise: bool,
    /// What the search field shows.
    pub query: String,
    /// The token that forms send back.
    pub csrf: String,
    /// Style, script and type.
    pub assets: Assets,
}

/// Who looks at a page.
#[derive(Clone, Debug)]
pub struct Who {
    /// The person's name.
    pub name: String,
    /// The person's role.
    pub role: String,
    /// The person's organisation.
    pub org: String,
}

impl Shell {
    /// The five turns of the loop, in order: key, address, name.
    pub fn turns(&self) -> [(&'static str, &'static str, &'static str); 5] {
        [
            ("exchange", "/exchange", "Exchange"),
            ("depend", "/depend", "Depend"),
            ("expose", "/expose", "Expose"),
            ("act", "/act", "Act"),
            ("assure", "/assure", "Assure"),
        ]
    }
}

/// One part of a strip, with its shape and where it leads.
#[derive(Clone, Debug)]
pub struct Legend {
    /// The sign of the part.
    pub shape: Shape,
    /// How many.
    pub count: String,
    /// What they are.
    pub word: String,
    /// What the number counts.
    pub href: String,
}

/// One choice of a select.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub text: String,
    /// It is the current one.
    pub chosen: bool,
}

impl Choice {
    /// Choices from values and words, with the current one marked.
    pub fn list(all: &[(&str, &str)], current: &str) -> Vec<Choice> {
        all.iter()
            .map(|(value, text)| Choice {
                value: (*value).to_owned(),
                text: (*text).to_owned(),
                chosen: *value == current,
            })
            .collect()
    }
}
