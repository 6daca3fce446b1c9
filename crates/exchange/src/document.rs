//! Documents of other forms than STIX: a CSAF advisory, a CVE record, a row of a list of exploited vulnerabilities, an SBOM. What they
//! mean is read in `product`; here they are admitted, once each, and kept as received.
use crate::admit::Origin;
use crate::event::{self, DocumentMeta, ReviewMeta};
use crate::review;
use ledger::{Draft, Event, Intake, Ledger, Micros, Note, Result, Tx};
use std::collections::HashMap;
use stix::{Tlp, jcs};

/// Documents of one unit of work.
const UNIT_DOCUMENTS: usize = 1_000;
/// Bytes of documents of one unit of work, at which it ends.
const UNIT_BYTES: usize = 16 << 20;

/// A document whose head was read.
#[derive(Clone, Debug)]
pub struct NewDocument<'a> {
    /// `csaf`, `cve`, `kev`, `eukev`, `cyclonedx`, `spdx`.
    pub form: &'static str,
    /// The file it stands in.
    pub file: &'a str,
    /// Where in the file: a JSON pointer or a line, empty for the whole.
    pub place: String,
    /// The document's own id.
    pub id: String,
    /// The document's own version.
    pub version: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its own mark.
    pub tlp: Option<Tlp>,
    /// When its publisher released it, as written.
    pub released: Option<String>,
    /// The asset an SBOM belongs to.
    pub asset: Option<String>,
    /// The bytes as received.
    pub body: &'a [u8],
}

/// A document that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The event whose body it is.
    pub index: i64,
    /// Since when.
    pub known: Micros,
    /// Its form.
    pub form: String,
    /// Its own id.
    pub id: String,
    /// Its own version; empty where it has none.
    pub version: String,
    /// Its title.
    pub title: Option<String>,
    /// Its mark.
    pub tlp: Tlp,
    /// Where it came from.
    pub source: String,
    /// The collection it was given to.
    pub collection: String,
    /// The asset an SBOM belongs to.
    pub asset: Option<String>,
    /// When its publisher released it, as written.
    pub released: Option<String>,
}

/// Admits documents. What is held already with the same content is unchanged. A document that says it is of a version that is held, with
/// other content, goes to review and the first stays (CSAF 2.0 section 3.2.1.12: a change makes a new version; SBOM and CVE formats say
/// the same); rows of lists, which have no version, are replaced by their newer content.
pub fn import_documents(ledger: &Ledger, documents: &[NewDocument<'_>], origin: &Origin<'_>) -> Result<Intake> {
    let mut intake = Intake::default();
    let mut rest = documents;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |document: &&NewDocument<'_>| {
            bytes += document.body.len();
            bytes <= UNIT_BYTES
        };
        let count = rest.iter().take(UNIT_DOCUMENTS).take_while(fits).count().max(1);
        let (unit, after) = rest.split_at(count);
        intake.add(ledger.write_applied(|tx| import_unit(tx, unit, origin))?);
        rest = after;
    }
    Ok(intake)
}

fn import_unit(tx: &mut Tx<'_>, documents: &[NewDocument<'_>], origin: &Origin<'_>) -> Result<Intake> {
    let mut intake = Intake::default();
    let default = origin.tlp.map_or_else(|| default_tlp(tx, origin.collection), Ok)?;
    let mut fresh: HashMap<(&str, &str, &str), &NewDocument<'_>> = HashMap::new();
    for document in documents {
        match standing(tx, document, &fresh, origin.source)? {
            Standing::Unchanged => intake.unchanged += 1,
            Standing::Differs => {
                let note =
                    note(document, "same-version-differs", "this version is held with other content: the first stays");
                let meta = ReviewMeta {
                    file: note.file.clone(),
                    place: note.place.clone(),
                    id: note.id.clone(),
                    rule: note.rule.clone(),
                    reason: note.reason.clone(),
                    form: document.form.to_owned(),
                    collection: origin.collection.to_owned(),
                    source: origin.source.to_owned(),
                    by: origin.by.to_owned(),
                    tlp: document.tlp.or(origin.tlp),
                    hops: None,
                };
                match review::put(tx, &meta, document.body)? {
                    true => intake.review.push(note),
                    false => intake.unchanged += 1,
                }
            }
            Standing::New => {
                append(tx, document, origin, default)?;
                fresh.insert(identity(document), document);
                intake.accept(document.form, 1);
            }
        }
    }
    Ok(intake)
}

enum Standing {
    New,
    Unchanged,
    Differs,
}

/// What makes two documents the same one: form, id and version; of a list's row, which has no version, form and id.
fn identity<'a>(document: &'a NewDocument<'_>) -> (&'static str, &'a str, &'a str) {
    let version = if is_row(document) { "" } else { document.version.as_deref().unwrap_or("") };
    (document.form, &document.id, version)
}

/// Rows of lists have no version: the newest content stands.
fn is_row(document: &NewDocument<'_>) -> bool {
    matches!(document.form, "kev" | "eukev")
}

fn standing(
    tx: &mut Tx<'_>,
    document: &NewDocument<'_>,
    fresh: &HashMap<(&str, &str, &str), &NewDocument<'_>>,
    source: &str,
) -> Result<Standing> {
    let promised = !is_row(document);
    let version = document.version.as_deref().unwrap_or("");
    if let Some(held) = fresh.get(&identity(document)) {
        return Ok(compare(held.body, document.body, promised, held.asset == document.asset));
    }
    // a list or record is compared with the newest content of its id, whatever version that names
    let (versions, asked) = if promised { ("version = $3", version) } else { ("version >= $3", "") };
    // an asset is one of its source, so a document that belongs to one is first compared with what that very asset has
    let sql = format!(
        "SELECT idx, asset, source FROM @document WHERE form = $1 AND id = $2 AND {versions} \
         ORDER BY CASE WHEN asset = $4 AND source = $5 THEN 0 ELSE 1 END, idx DESC LIMIT 1"
    );
    let asset = document.asset.as_deref().unwrap_or("");
    let args = [document.form.into(), (&document.id).into(), asked.into(), asset.into(), source.into()];
    let same = |r: &ledger::Row<'_>| match (r.opt_text(1), &document.asset) {
        (held, Some(asset)) => held == Some(asset.as_str()) && r.text(2) == source,
        (held, None) => held.is_none(),
    };
    let Some((index, same)) = tx.one(&sql, &args, |r| (r.int(0), same(r)))? else { return Ok(Standing::New) };
    let held = tx.body(index)?.unwrap_or_default();
    Ok(compare(&held, document.body, promised, same))
}

fn compare(held: &[u8], given: &[u8], promised: bool, same_asset: bool) -> Standing {
    match (jcs::equal(held, given), promised) {
        (true, _) if same_asset => Standing::Unchanged,
        (true, _) | (false, false) => Standing::New,
        (false, true) => Standing::Differs,
    }
}

fn append(tx: &mut Tx<'_>, document: &NewDocument<'_>, origin: &Origin<'_>, default: Tlp) -> Result<()> {
    let meta = DocumentMeta {
        form: document.form.to_owned(),
        id: document.id.clone(),
        version: document.version.clone(),
        title: document.title.clone(),
        tlp: document.tlp.unwrap_or(default),
        source: origin.source.to_owned(),
        collection: origin.collection.to_owned(),
        asset: document.asset.clone(),
        released: document.released.clone(),
        by: origin.by.to_owned(),
    };
    tx.append(Draft::new(event::DOCUMENT, &meta)?.body(document.body)).map(drop)
}

fn note(document: &NewDocument<'_>, rule: &str, reason: &str) -> Note {
    Note {
        file: document.file.to_owned(),
        place: document.place.clone(),
        id: document.id.clone(),
        rule: rule.to_owned(),
        reason: reason.to_owned(),
    }
}

fn default_tlp(tx: &mut Tx<'_>, collection: &str) -> Result<Tlp> {
    let found =
        tx.one("SELECT tlp FROM @collection WHERE id = $1", &[collection.into()], |r| Tlp::from_rank(r.int(0)))?;
    Ok(found.unwrap_or(Tlp::Red))
}

/// The newest document of a form and an id.
pub fn newest(tx: &mut Tx<'_>, form: &str, id: &str) -> Result<Option<Document>> {
    let sql = format!("{SELECT} WHERE form = $1 AND id = $2 ORDER BY idx DESC LIMIT 1");
    tx.one(&sql, &[form.into(), id.into()], read_row)
}

/// The document that is the body of an event.
pub fn at(tx: &mut Tx<'_>, index: i64) -> Result<Option<Document>> {
    tx.one(&format!("{SELECT} WHERE idx = $1"), &[index.into()], read_row)
}

/// How many documents are held, by form, and when the last of each arrived.
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(String, i64, Micros)>> {
    let sql = "SELECT form, count(*), max(known) FROM @document GROUP BY form ORDER BY form";
    tx.all(sql, &[], |r| (r.text(0).to_owned(), r.int(1), r.micros(2)))
}

const SELECT: &str =
    "SELECT idx, known, form, id, version, title, tlp, source, collection, asset, released FROM @document";

fn read_row(r: &ledger::Row<'_>) -> Document {
    let opt = |i| r.opt_text(i).map(str::to_owned);
    Document {
        index: r.int(0),
        known: r.micros(1),
        form: r.text(2).to_owned(),
        id: r.text(3).to_owned(),
        version: r.text(4).to_owned(),
        title: opt(5),
        tlp: Tlp::from_rank(r.int(6)),
        source: r.text(7).to_owned(),
        collection: r.text(8).to_owned(),
        asset: opt(9),
        released: opt(10),
    }
}

pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event, meta: &DocumentMeta) -> Result<()> {
    tx.run(
        "INSERT INTO @document (idx, known, form, id, version, title, tlp, source, collection, asset, released) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            event.index.into(),
            event.known.into(),
            (&meta.form).into(),
            (&meta.id).into(),
            meta.version.as_deref().unwrap_or("").into(),
            (&meta.title).into(),
            meta.tlp.rank().into(),
            (&meta.source).into(),
            (&meta.collection).into(),
            (&meta.asset).into(),
            (&meta.released).into(),
        ],
    )
    .map(drop)
}
