//! Collections: a title, a default mark, who may read and who may write.
use crate::event::{self, CollectionMeta, Handling};
use crate::facet::{self, Which};
use crate::{rights, view};
use ledger::{Draft, Error, Micros, Result, Tx};
use stix::Tlp;

/// The name of the collection that is made with the store.
pub const DEFAULT: &str = "default";
/// The first API root.
pub const DEFAULT_ROOT: &str = "default";
/// Bytes of a title.
const TITLE_MAX: usize = 300;

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its UUID.
    pub id: String,
    /// For people.
    pub title: String,
    /// Its API root.
    pub root: String,
    /// The mark of content that has none.
    pub tlp: Tlp,
    /// Keys of the organisations that may read.
    pub read: Vec<String>,
    /// Keys of the organisations that may write.
    pub write: Vec<String>,
    /// How it treats what is given to it.
    pub handling: Handling,
}

/// A collection to be made, or one to be changed by its id.
#[derive(Clone, Debug)]
pub struct NewCollection<'a> {
    /// For people.
    pub title: &'a str,
    /// A UUID of version 4; drawn where none was given.
    pub id: Option<&'a str>,
    /// The API root; `default` where none was given.
    pub root: Option<&'a str>,
    /// The mark of content that has none; AMBER where none was given.
    pub tlp: Option<Tlp>,
    /// Keys of the organisations that may read.
    pub read: &'a [String],
    /// Keys of the organisations that may write.
    pub write: &'a [String],
}

/// Makes or changes a collection and gives its id. A change says everything anew.
pub fn add(tx: &mut Tx<'_>, new: &NewCollection<'_>) -> Result<String> {
    let title = new.title.trim();
    if title.is_empty() || title.len() > TITLE_MAX || title.contains(char::is_control) {
        return Err(Error::refused(
            "collection-title",
            "a title has 1 to 300 bytes, on one line",
            "choose another title",
        ));
    }
    let root = new.root.unwrap_or(DEFAULT_ROOT);
    if !is_root(root) {
        return Err(Error::refused(
            "collection-root",
            format!("{root:?} is no name of an API root: a to z, 0 to 9 and dashes, 1 to 64 of them, no dash first"),
            format!("leave out --root, or write --root {DEFAULT_ROOT}"),
        ));
    }
    let id = match new.id {
        Some(id) => check_id(id)?,
        None => new_id(tx),
    };
    // the name is the alias of the one collection that every store has
    let default = find(tx, DEFAULT)?.map(|collection| collection.id);
    if (title == DEFAULT) != (default.as_ref() == Some(&id)) {
        let reason = format!("the title {DEFAULT} belongs to the collection that is made with the store");
        return Err(Error::refused(
            "collection-title",
            reason,
            "choose another title, or change that collection under its own",
        ));
    }
    if title == DEFAULT && root != DEFAULT_ROOT {
        let reason = format!("the collection {DEFAULT} stays in the API root {DEFAULT_ROOT}");
        return Err(Error::refused("collection-root", reason, "make another collection in that root"));
    }
    let mut read = new.read.to_vec();
    let mut write = new.write.to_vec();
    for list in [&mut read, &mut write] {
        list.sort_unstable();
        list.dedup();
        if let Some(bad) = list.iter().find(|org| !partners::register::is_key(org)) {
            let reason = format!("{bad:?} is no key of an organisation");
            return Err(Error::refused("org-key", reason, "write the key under which the organisation is known"));
        }
    }
    let tlp = new.tlp.unwrap_or(Tlp::Amber);
    let handling = find_exact(tx, &id)?.map(|standing| standing.handling).unwrap_or_default();
    let meta =
        CollectionMeta { id: id.clone(), title: title.to_owned(), root: root.to_owned(), tlp, read, write, handling };
    tx.append(Draft::new(event::COLLECTION, &meta)?)?;
    Ok(id)
}

/// Says how a collection treats what is given to it. Nothing else of it changes.
pub fn handle(tx: &mut Tx<'_>, collection: &Collection, handling: Handling) -> Result<()> {
    let Collection { id, title, root, tlp, read, write, .. } = collection.clone();
    let meta = CollectionMeta { id, title, root, tlp, read, write, handling };
    tx.append(Draft::new(event::COLLECTION, &meta)?).map(drop)
}

/// Whether a text can be one segment of an API root's path (TAXII 2.1 section 4.1).
fn is_root(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(fits)
}

/// TAXII 2.1 section 3.3: an identifier is a UUID of version 4.
fn check_id(id: &str) -> Result<String> {
    match stix::id::uuid_version(id) {
        Some(4) => Ok(id.to_ascii_lowercase()),
        _ => Err(Error::refused(
            "collection-id",
            format!("{id:?} is no UUID of version 4"),
            "leave out --id and one is drawn",
        )),
    }
}

pub(crate) fn new_id(tx: &Tx<'_>) -> String {
    let mut bytes = [0; 16];
    tx.random(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// All collections, by id: the order TAXII 2.1 section 5.1 wants to be the same each time.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Collection>> {
    tx.all(&format!("{SELECT} ORDER BY id"), &[], read_row)
}

/// A collection by its id, or by the name `default`.
pub fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<Collection>> {
    if name == DEFAULT {
        return tx.one(&format!("{SELECT} WHERE title = $1 ORDER BY idx LIMIT 1"), &[DEFAULT.into()], read_row);
    }
    tx.one(&format!("{SELECT} WHERE id = $1"), &[(&name.to_ascii_lowercase()).into()], read_row)
}

/// The collection that `import` writes to where none was named; an error that names the ones there are otherwise.
pub fn need(tx: &mut Tx<'_>, name: Option<&str>) -> Result<Collection> {
    let name = name.unwrap_or(DEFAULT);
    find(tx, name)?.ok_or_else(|| {
        Error::refused(
            "collection-unknown",
            format!("there is no collection {name}"),
            "make it with `collection add`, or see `collection list`",
        )
    })
}

const SELECT: &str = "SELECT id, title, root, tlp, readers, writers, redact, anonymise FROM @collection";

fn read_row(r: &ledger::Row<'_>) -> Collection {
    let list = |text: &str| text.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    Collection {
        id: r.text(0).to_owned(),
        title: r.text(1).to_owned(),
        root: r.text(2).to_owned(),
        tlp: Tlp::from_rank(r.int(3)),
        read: list(r.text(4)),
        write: list(r.text(5)),
        handling: Handling { redact: r.bool(6), anonymise: r.bool(7) },
    }
}

pub(crate) fn fold(tx: &mut Tx<'_>, index: i64, known: Micros, meta: &CollectionMeta) -> Result<()> {
    let before = find_exact(tx, &meta.id)?;
    let (readers, writers) = (meta.read.join(" "), meta.write.join(" "));
    tx.run(
        "INSERT INTO @collection (id, title, root, tlp, readers, writers, idx, redact, anonymise) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, root = excluded.root, tlp = excluded.tlp, \
         readers = excluded.readers, writers = excluded.writers, redact = excluded.redact, anonymise = excluded.anonymise",
        &[
            (&meta.id).into(),
            (&meta.title).into(),
            (&meta.root).into(),
            meta.tlp.rank().into(),
            (&readers).into(),
            (&writers).into(),
            index.into(),
            i64::from(meta.handling.redact).into(),
            i64::from(meta.handling.anonymise).into(),
        ],
    )?;
    if before.as_ref().is_some_and(|before| before.handling.anonymise != meta.handling.anonymise) {
        facet::again(tx, known, &Which::Collection(&meta.id))?;
    }
    match &before {
        None => view::create_base(tx, &meta.id)?,
        Some(before) if before.tlp != meta.tlp => view::settle_collection(tx, &meta.id, known)?,
        Some(_) => {}
    }
    match find_exact(tx, &meta.id)? {
        Some(now) => rights::reassign_collection(tx, known, &now),
        None => Ok(()),
    }
}

fn find_exact(tx: &mut Tx<'_>, id: &str) -> Result<Option<Collection>> {
    tx.one(&format!("{SELECT} WHERE id = $1"), &[id.into()], read_row)
}
