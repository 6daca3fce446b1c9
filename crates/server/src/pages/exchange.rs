//! Exchange: the collections one may read, the documents by source, and what waits for a person.

pub(crate) mod view;

use askama::Template;

use super::Shell;
use super::signs::Mark;
use super::when::When;
use super::words::Sentence;

/// The page.
#[derive(Template)]
#[template(path = "exchange.html")]
pub struct Exchange {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// Feeds that have stopped.
    pub alarms: Vec<super::alarm::Alarm>,
    /// Something may be given here.
    pub may_give: bool,
    /// Who gets what may be asked here.
    pub may_explain: bool,
    /// The collections.
    pub collections: Vec<Collection>,
    /// The documents by source.
    pub sources: Vec<Source>,
    /// What waits for a person.
    pub review: Vec<Waiting>,
}

/// A collection.
pub struct Collection {
    /// Its title.
    pub title: String,
    /// Its id.
    pub id: String,
    /// How many objects.
    pub count: String,
    /// The mark of what comes unmarked.
    pub mark: Mark,
    /// Who may read it.
    pub readers: String,
    /// When something last came.
    pub last: Option<When>,
}

/// A source and a form.
pub struct Source {
    /// Its name.
    pub name: String,
    /// What usually lies between two arrivals; empty where that is not known.
    pub usual: String,
    /// The form.
    pub kind: String,
    /// How many documents.
    pub count: String,
    /// When the last came.
    pub last: When,
}

/// Something in review.
pub struct Waiting {
    /// Its number, by which `mainstay review` knows it.
    pub item: i64,
    /// The rule it broke.
    pub rule: String,
    /// File and place.
    pub place: String,
    /// Its id.
    pub id: String,
    /// In words.
    pub reason: String,
    /// Since when.
    pub since: When,
}
