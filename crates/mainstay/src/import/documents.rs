//! Documents that are not STIX: their head is read here, their admission is `exchange`'s, their meaning the stages'.
use super::form::Form;
use super::{Order, note};
use exchange::admit::Origin;
use exchange::{NewDocument, import_documents};
use ledger::{Intake, Ledger};
use stix::Tlp;

/// Bytes of files gathered before they are admitted together.
const BATCH_BYTES: usize = 32 << 20;

/// Files of documents, gathered so that many small ones share a unit of work.
#[derive(Default)]
pub(super) struct Batch {
    files: Vec<(String, Form, Vec<u8>)>,
    bytes: usize,
}

impl Batch {
    /// Adds a file; true when the batch wants to be admitted.
    pub(super) fn push(&mut self, file: String, form: Form, bytes: Vec<u8>) -> bool {
        self.bytes += bytes.len();
        self.files.push((file, form, bytes));
        self.bytes >= BATCH_BYTES
    }

    /// Admits what was gathered, in the order of the files.
    pub(super) fn admit(&mut self, ledger: &Ledger, order: &Order, collection: &str) -> ledger::Result<Intake> {
        let files = std::mem::take(&mut self.files);
        self.bytes = 0;
        let mut intake = Intake::default();
        let mut documents = Vec::new();
        for (file, form, bytes) in &files {
            read(file, *form, bytes, order, &mut documents, &mut intake);
        }
        let origin = Origin {
            file: "",
            collection,
            source: &order.source,
            tlp: order.tlp,
            by: &order.by,
            sees: exchange::admit::Sees::All,
            hops: None,
        };
        intake.add(import_documents(ledger, &documents, &origin)?);
        Ok(intake)
    }
}

/// Reads the heads of a file's documents; what cannot be read is refused by rule.
fn read<'a>(
    file: &'a str,
    form: Form,
    bytes: &'a [u8],
    order: &Order,
    out: &mut Vec<NewDocument<'a>>,
    intake: &mut Intake,
) {
    let read = match form {
        Form::Csaf => csaf(file, bytes, intake).map(|d| vec![d]),
        Form::Cve => cve(file, bytes).map(|d| vec![d]),
        Form::Kev | Form::Eukev => catalogue(file, bytes, intake),
        _ => sbom(file, form, bytes, order, intake).map(|d| vec![d]),
    };
    match read {
        Ok(documents) => out.extend(documents),
        Err(fault) => intake.refused.push(note(file, fault.place, "", fault.rule, fault.reason)),
    }
}

type Read<T> = Result<T, product::Fault>;

fn blank<'a>(form: &'static str, file: &'a str, id: String, body: &'a [u8]) -> NewDocument<'a> {
    let place = String::new();
    NewDocument { form, file, place, id, version: None, title: None, tlp: None, released: None, asset: None, body }
}

fn csaf<'a>(file: &'a str, bytes: &'a [u8], intake: &mut Intake) -> Read<NewDocument<'a>> {
    let advisory = product::csaf::Advisory::read(bytes)?;
    for warning in advisory.warnings {
        intake.warnings.push(note(file, "", &advisory.id, "csaf-finding", warning));
    }
    // A mark that nobody knows is taken as the strictest, and said.
    let tlp = advisory.tlp.as_ref().map(|label| {
        label.parse::<Tlp>().unwrap_or_else(|_| {
            let reason = format!("the mark {label:?} is unknown and counts as RED");
            intake.warnings.push(note(file, "/document/distribution/tlp/label", &advisory.id, "tlp-unknown", reason));
            Tlp::Red
        })
    });
    Ok(NewDocument {
        version: Some(advisory.version),
        title: Some(advisory.title),
        tlp,
        released: Some(advisory.released),
        ..blank("csaf", file, advisory.id, bytes)
    })
}

fn cve<'a>(file: &'a str, bytes: &'a [u8]) -> Read<NewDocument<'a>> {
    let record = product::cve::Cve::read(bytes)?;
    Ok(NewDocument {
        version: Some(record.version),
        title: Some(record.title).filter(|t| !t.is_empty()),
        // CVE records are public by the programme's rules.
        tlp: Some(Tlp::Clear),
        ..blank("cve", file, record.id, bytes)
    })
}

fn catalogue<'a>(file: &'a str, bytes: &'a [u8], intake: &mut Intake) -> Read<Vec<NewDocument<'a>>> {
    let rows = product::kev::read(bytes)?;
    let form = match rows.catalogue {
        product::kev::Catalogue::Kev => "kev",
        product::kev::Catalogue::EuKev => "eukev",
    };
    let mut out = Vec::with_capacity(rows.rows.len());
    for (place, body, entry) in rows.rows {
        match entry {
            Err(fault) => intake.refused.push(note(file, fault.place, "", fault.rule, fault.reason)),
            Ok(entry) => out.push(NewDocument {
                place,
                title: Some(entry.name).filter(|t| !t.is_empty()),
                tlp: Some(Tlp::Clear),
                released: Some(entry.added),
                ..blank(form, file, entry.cve, body)
            }),
        }
    }
    Ok(out)
}

fn sbom<'a>(file: &'a str, form: Form, bytes: &'a [u8], order: &Order, intake: &mut Intake) -> Read<NewDocument<'a>> {
    let (name, sbom) = match form {
        Form::Spdx => ("spdx", product::spdx::read(bytes)?),
        _ => ("cyclonedx", product::cyclonedx::read(bytes)?),
    };
    // Without an identity of its own a document is known by the file it came in.
    let id = sbom.id.unwrap_or_else(|| {
        std::path::Path::new(file).file_name().map_or(file.to_owned(), |n| n.to_string_lossy().into_owned())
    });
    if sbom.without_purl > 0 {
        let reason = format!("{} components have no package URL and cannot be matched by one", sbom.without_purl);
        intake.warnings.push(note(file, "", &id, "sbom-no-purl", reason));
    }
    Ok(NewDocument {
        version: Some(sbom.version).filter(|v| !v.is_empty()),
        title: Some(sbom.subject).filter(|s| !s.is_empty()),
        released: Some(sbom.made).filter(|s| !s.is_empty()),
        asset: order.asset.clone(),
        ..blank(name, file, id, bytes)
    })
}
