//! What a kind of record is: fields with types and links, states, who may record and attest. Read from packs; everything else about records
//! is derived from here (docs/decisions/0019). Reading is strict on names; what else is wrong with a definition is listed all at once.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::{Result, Tx, pack};
use partners::Role;
use serde::{Deserialize, Serialize};

use crate::count::parse::is_reserved;
use crate::lint::Fault;
use crate::pack::Plan;

/// Names that every record has beside its fields.
pub const BUILT_IN: [&str; 8] =
    ["id", "state", "tags", "marking", "evidence", "confirmed_by", "recorded_by", "attested_by"];

/// A kind of record.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Definition {
    /// Its name in data: letters, digits and hyphens.
    pub kind: String,
    /// One, for people.
    pub title: String,
    /// Many, for people.
    pub plural: String,
    /// What such a record says.
    pub says: String,
    /// The field that stands for it in links.
    pub named_by: String,
    /// The fields that name it: of two rows that agree in these, the second is a version of the first.
    pub key: Vec<String>,
    /// The columns of its list.
    pub listed: Vec<String>,
    /// Its mark unless a person says another.
    pub marking: String,
    /// Roles that may record it.
    pub recorded_by: Vec<String>,
    /// Roles that may attest it, if they recorded none of it.
    pub attested_by: Vec<String>,
    /// Roles that may read it, where not all of the operator's own do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_by: Vec<String>,
    /// The field of organisations that may confirm that it was so.
    pub confirmed_by: Option<String>,
    /// Its life; the first is where it begins.
    #[serde(rename = "state")]
    pub states: Vec<State>,
    /// What it holds.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
}

/// A state in a record's life.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// Its name, a word for people too.
    pub name: String,
    /// Where it may go from here.
    pub to: Vec<String>,
    /// The field with the day on which it became so; without it that is the day of recording.
    pub at: Option<String>,
    /// Fields that are filled in this state.
    pub needs: Vec<String>,
}

/// What one field holds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Field {
    /// Its name in data: small letters, digits and underscores.
    pub name: String,
    /// What may stand in it.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Its name for people.
    pub label: String,
    /// What prevents a mistake.
    pub help: String,
    /// Filled in every state.
    pub required: bool,
    /// Of a choice.
    pub options: Vec<String>,
    /// Of a link: the kind.
    pub to: String,
    /// Of a number: the least.
    pub min: Option<f64>,
    /// Of a number: the most.
    pub max: Option<f64>,
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// A line.
    #[default]
    Text,
    /// Paragraphs.
    Long,
    /// A day of the calendar.
    Day,
    /// An instant, with the zone in which it was said.
    Instant,
    /// A number.
    Number,
    /// A whole number, not negative.
    Count,
    /// Yes or no.
    Flag,
    /// One of the options.
    Choice,
    /// Some of the options.
    Choices,
    /// An organisation, by key.
    Org,
    /// Organisations.
    Orgs,
    /// ISO 3166-1 alpha-2.
    Country,
    /// Countries.
    Countries,
    /// A name or pseudonym; personal.
    Person,
    /// Names or pseudonyms.
    People,
    /// Another record, by id.
    Link,
    /// Other records.
    Links,
    /// A key of infrastructure: an asset or a node.
    Entity,
    /// Keys of infrastructure.
    Entities,
    /// CVE numbers and the like.
    Vulnerabilities,
    /// An address on the web.
    Url,
}

impl Type {
    /// Whether it holds several values.
    pub fn is_list(self) -> bool {
        use Type::{Choices, Countries, Entities, Links, Orgs, People, Vulnerabilities};
        matches!(self, Choices | Countries | Entities | Links | Orgs | People | Vulnerabilities)
    }

    /// What one value of it is.
    pub fn one(self) -> Type {
        match self {
            Type::Choices => Type::Choice,
            Type::Countries => Type::Country,
            Type::Entities => Type::Entity,
            Type::Links => Type::Link,
            Type::Orgs => Type::Org,
            Type::People => Type::Person,
            Type::Vulnerabilities => Type::Text,
            one => one,
        }
    }
}

impl Definition {
    /// One of them, with its article: "an activity".
    pub fn one(&self) -> String {
        with_article(&self.title.to_lowercase())
    }

    /// The organisations that took part by a version, and may say whether it was so.
    pub fn took_part<'v>(&self, version: &'v super::RecordMeta) -> Vec<&'v str> {
        let field = self.confirmed_by.as_ref().and_then(|name| version.fields.get(name));
        field.map(super::Stored::parts).unwrap_or_default()
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The state of this name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name == name)
    }

    /// Where a record begins.
    pub fn first_state(&self) -> &str {
        self.states.first().map_or("", |state| state.name.as_str())
    }

    /// Whether `role` of the operator's own may read it.
    pub fn is_read_by(&self, role: Role) -> bool {
        self.read_by.is_empty() || self.read_by.iter().any(|name| name == role.as_str())
    }

    /// Whether `role` may record it.
    pub fn is_recorded_by(&self, role: Role) -> bool {
        self.recorded_by.iter().any(|name| name == role.as_str())
    }

    /// Whether `role` may attest it.
    pub fn is_attested_by(&self, role: Role) -> bool {
        self.attested_by.iter().any(|name| name == role.as_str())
    }
}

/// A word with its article.
pub(crate) fn with_article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// All kinds of records that the packs of a store define.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    kinds: BTreeMap<String, Definition>,
    /// Names of fields, each once: hundreds of thousands of records share them.
    names: BTreeSet<Arc<str>>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "record")]
    records: Vec<Definition>,
}

impl Catalogue {
    /// Of the packs that stand, those of plans included. A kind that two packs define is that of the pack whose name comes first.
    pub fn of(tx: &mut Tx<'_>) -> Result<Catalogue> {
        let mut catalogue = Catalogue::default();
        for (_, pack) in pack::of_kind(tx, "records")? {
            catalogue.add(definitions(&pack).map_err(|e| crate::pack::unreadable(&pack, &e))?);
        }
        for (_, pack) in pack::of_kind(tx, "plan")? {
            catalogue.add(Plan::of(&pack)?.records);
        }
        Ok(catalogue)
    }

    /// Adds definitions; those that stand stay.
    pub fn add(&mut self, definitions: Vec<Definition>) {
        for definition in definitions {
            self.names.extend(definition.fields.iter().map(|field| Arc::from(field.name.as_str())));
            self.kinds.entry(definition.kind.clone()).or_insert(definition);
        }
    }

    /// The name of a field, as all share it.
    pub(crate) fn name(&self, name: &str) -> Arc<str> {
        self.names.get(name).map_or_else(|| Arc::from(name), Arc::clone)
    }

    /// The definition of a kind; `assure.` may stand before it.
    pub fn get(&self, kind: &str) -> Option<&Definition> {
        self.kinds.get(kind.strip_prefix("assure.").unwrap_or(kind))
    }

    /// All, by kind.
    pub fn all(&self) -> impl Iterator<Item = &Definition> {
        self.kinds.values()
    }
}

/// The definitions of a pack of kind `records`.
pub fn definitions(pack: &pack::Pack) -> std::result::Result<Vec<Definition>, String> {
    toml::from_str::<File>(&crate::pack::join(pack))
        .map(|file| file.records)
        .map_err(|e| e.to_string().trim_end().to_owned())
}

/// Everything that is wrong with these definitions, where links may also lead to what stands in `besides`.
pub fn lint(definitions: &[Definition], besides: &Catalogue) -> Vec<Fault> {
    let mut faults = Vec::new();
    let kinds: BTreeSet<&str> =
        definitions.iter().map(|d| d.kind.as_str()).chain(besides.kinds.keys().map(String::as_str)).collect();
    let mut seen = BTreeSet::new();
    for definition in definitions {
        let place = format!("record {}", definition.kind);
        let mut add = |rule, reason: String| faults.push(Fault { place: place.clone(), rule, reason });
        if !seen.insert(definition.kind.as_str()) {
            add("record-doubled-kind", "the kind stands twice; give one of them another name".to_owned());
        }
        head(definition, &mut add);
        states(definition, &mut add);
        fields(definition, &kinds, &mut add);
    }
    faults
}

fn is_name(text: &str, extra: u8) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == extra;
    text.as_bytes().first().is_some_and(u8::is_ascii_lowercase) && text.bytes().all(letter) && text.len() <= 40
}

fn head(d: &Definition, add: &mut impl FnMut(&'static str, String)) {
    if !is_name(&d.kind, b'-') || d.kind == "partner" {
        let why = "is no name for a kind: small letters, digits and hyphens, and not `partner`";
        add("record-kind", format!("{:?} {why}", d.kind));
    }
    for (name, text) in [("title", &d.title), ("plural", &d.plural), ("says", &d.says), ("marking", &d.marking)] {
        if text.trim().is_empty() {
            add("record-missing-field", format!("{name} is missing"));
        }
    }
    if !d.marking.is_empty() && d.marking.parse::<stix::Tlp>().is_err() {
        add("record-value", format!("marking {:?} is no TLP label", d.marking));
    }
    for (name, roles) in [("recorded_by", &d.recorded_by), ("attested_by", &d.attested_by), ("read_by", &d.read_by)] {
        if roles.is_empty() && name != "read_by" {
            add("record-missing-field", format!("{name} is missing: name the roles"));
        }
        for role in roles.iter().filter(|role| role.parse::<Role>().is_err()) {
            add("record-value", format!("{name} names {role:?}, which is no role"));
        }
    }
    let named = d.key.iter().chain(&d.listed).chain([&d.named_by]).chain(&d.confirmed_by);
    for name in named.filter(|name| d.field(name).is_none() && !BUILT_IN.contains(&name.as_str())) {
        add("record-unknown-field", format!("{name:?} is none of its fields"));
    }
    if let Some(field) = d.confirmed_by.as_ref().and_then(|name| d.field(name))
        && field.kind.one() != Type::Org
    {
        add("record-value", format!("confirmed_by names {:?}, which holds no organisations", field.name));
    }
}

fn states(d: &Definition, add: &mut impl FnMut(&'static str, String)) {
    if d.states.is_empty() {
        add("record-missing-field", "it has no state: name at least one".to_owned());
    }
    let mut seen = BTreeSet::new();
    for state in &d.states {
        if !is_name(&state.name, b'-') || !seen.insert(&state.name) {
            add("record-state", format!("the state {:?} is no name, or stands twice", state.name));
        }
        for to in state.to.iter().filter(|to| d.state(to).is_none()) {
            add("record-state", format!("the state {} leads to {to:?}, which it does not have", state.name));
        }
        for name in state.needs.iter().filter(|name| d.field(name).is_none()) {
            add("record-unknown-field", format!("the state {} needs {name:?}, none of its fields", state.name));
        }
        let at = state.at.as_ref().map(|name| (name, d.field(name).map(|field| field.kind)));
        if let Some((name, kind)) = at
            && !matches!(kind, Some(Type::Day | Type::Instant))
        {
            add("record-state", format!("the state {} begins at {name:?}, which is no day", state.name));
        }
    }
}

fn fields(d: &Definition, kinds: &BTreeSet<&str>, add: &mut impl FnMut(&'static str, String)) {
    let mut seen = BTreeSet::new();
    for field in &d.fields {
        let name = field.name.as_str();
        if !is_name(name, b'_') || BUILT_IN.contains(&name) || is_reserved(name) || !seen.insert(name) {
            add("record-field", format!("the field {name:?} is no free name: small letters, digits and underscores"));
        }
        if field.label.trim().is_empty() {
            add("record-missing-field", format!("the field {name} has no label"));
        }
        let kind = field.kind.one();
        if (kind == Type::Choice) == field.options.is_empty() {
            add("record-field", format!("the field {name} is a choice without options, or has options and is none"));
        }
        if (kind == Type::Link) != kinds.contains(field.to.as_str()) {
            add("record-field", format!("the field {name} is a link to no kind of record, or no link: {:?}", field.to));
        }
        if (field.min.is_some() || field.max.is_some()) && !matches!(kind, Type::Number | Type::Count) {
            add("record-field", format!("the field {name} has bounds and is no number"));
        }
    }
}
