//! One STIX object as a person reads it: what it is in a sentence, what stands around it as a picture, its properties with the mark on
//! each, who says so, its versions, and its bytes as received for whoever asks.

pub(crate) mod around;
pub mod reading;
pub(crate) mod view;

use askama::Template;

use super::Shell;
use super::signs::Mark;
use super::when::When;
use super::words::Sentence;
use crate::chart::Svg;

/// The page.
#[derive(Template)]
#[template(path = "object.html")]
pub struct Object {
    /// Around it.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// Its type, in words.
    pub kind: String,
    /// What is so.
    pub lede: Sentence,
    /// What else is so: revoked, an older version.
    pub then: Option<Sentence>,
    /// What it names or what stands around it.
    pub picture: Option<Picture>,
    /// Its properties.
    pub properties: Vec<Row>,
    /// Other objects that it has to do with.
    pub relations: Vec<Relation>,
    /// What is said of the relations: how many there are, and what is not shown.
    pub relations_said: String,
    /// Where else it is written of.
    pub sources: Vec<reading::Source>,
    /// What there is to know about where it comes from, in pairs.
    pub facts: Vec<Fact>,
    /// Its versions, newest first.
    pub versions: Vec<Version>,
    /// Where its bytes are.
    pub raw: String,
    /// How many bytes.
    pub bytes: String,
    /// Where it is explained who gets it; for whoever may ask.
    pub explain: Option<String>,
}

/// The picture.
pub struct Picture {
    /// What it shows.
    pub heading: String,
    /// The drawing.
    pub svg: Svg,
    /// What had no room.
    pub rest: Option<String>,
}

/// One property.
pub struct Row {
    /// In words.
    pub label: String,
    /// Its value.
    pub value: Sentence,
    /// It is shown as it is written.
    pub written: bool,
    /// The marks on it, each with what it is on where that is a part.
    pub marks: Vec<PartMark>,
}

/// A mark on a part.
pub struct PartMark {
    /// The part; empty for the whole property.
    pub part: String,
    /// The mark; none where the marking says nothing of TLP.
    pub mark: Option<Mark>,
    /// What it asks beside.
    pub asks: String,
}

/// One other object.
pub struct Relation {
    /// What it has to do with it, and where that is said.
    pub how: Sentence,
    /// Its name, and where it leads.
    pub what: Sentence,
    /// Its type, in words.
    pub kind: String,
    /// What the relation says of itself.
    pub said: String,
    /// When it was added.
    pub when: Option<When>,
}

/// A fact about where it comes from.
pub struct Fact {
    /// What it is.
    pub term: &'static str,
    /// What it says.
    pub said: Sentence,
    /// The mark that belongs to it.
    pub mark: Option<Mark>,
}

/// One version.
pub struct Version {
    /// As written.
    pub name: String,
    /// Where it leads; none for the one shown.
    pub href: Option<String>,
    /// Where it stands.
    pub collection: String,
    /// Its mark there.
    pub mark: Mark,
    /// When it was added.
    pub added: When,
    /// What else there is to say.
    pub said: String,
}

/// Where an object's page is.
pub fn href(id: &str) -> String {
    format!("/exchange/object/{}", super::words::query(id))
}
