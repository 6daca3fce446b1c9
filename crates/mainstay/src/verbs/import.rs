//! `import`: take in files and folders of any known form.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::import::{self, Order};
use crate::{actor, out, store};
use clap::Args;
use ledger::{Intake, Note};
use partners::may::Verb;
use std::path::PathBuf;
use stix::Tlp;

/// Lines of each list that a person is shown; the JSON report has all.
const SHOWN: usize = 20;

/// Take in STIX bundles, CSAF files and trees, KEV, EUKEV, CVE 5, SBOMs (CycloneDX, SPDX), answers of `match`, and tables:
///
/// inventory       asset,name,vendor,product,model,version,purl,cpe,serial,country,owner,owner_country,sector,functions,node,lat,lon
/// contacts        org,name,email,role,country,sector,language,pgp,source,verified
/// partners        org,name,kind,country,languages,agreement_from,agreement_to,clearance,aka
/// infrastructure  id,key,type,layer,name,country,lat,lon,capacity,owner and src,dst,type,group,need,inferred,
///                 or group,consumer,input,rule,k,buffer_h,degraded,ramp_up_h and group,supplier,share,strength,kind,provenance,confidence
///
/// Plain or .gz. Importing again changes nothing and says so. Exit 1 if something was refused or put into review.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Import {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The collection that objects and documents go to
    #[arg(long, value_name = "ID")]
    collection: Option<String>,
    /// Where it comes from; rows are unique within their source
    #[arg(long, value_name = "NAME", default_value = "local")]
    source: String,
    /// The mark of what carries none
    #[arg(long)]
    tlp: Option<Tlp>,
    /// The asset that an SBOM belongs to; without it the document is the subject
    #[arg(long, value_name = "KEY")]
    asset: Option<String>,
    /// Rows of this source that the table lacks are removed
    #[arg(long)]
    replace: bool,
    /// Say what each file is, and stop there
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        if self.dry_run {
            return self.dry(global);
        }
        let ledger = store::open_or_create(global)?;
        let person = actor::must(global, &ledger, Verb::Import)?;
        let order = Order {
            collection: self.collection.clone(),
            source: self.source.clone(),
            tlp: self.tlp,
            asset: self.asset.clone(),
            replace: self.replace,
            by: person.name,
        };
        let intake = import::import(&ledger, &order, &self.paths)?;
        store::settle(global, &ledger)?;
        print(global.format, &intake)?;
        Ok(if intake.has_findings() { Done::Findings } else { Done::Fine })
    }

    fn dry(&self, global: &Global) -> Result<Done, Failure> {
        let found = import::recognise_all(&self.paths)?;
        out::rows(global.format, &found, &["file", "form", "why not"], |f| {
            vec![f.file.clone(), f.form.clone(), f.reason.clone()]
        })?;
        out::say("nothing was stored");
        Ok(Done::Fine)
    }
}

/// What became of what was handed in.
pub(crate) fn print(format: Format, intake: &Intake) -> Result<(), Failure> {
    match format {
        Format::Table => {}
        Format::Json => return out::json(intake),
        Format::Jsonl => {
            return out::line(&serde_json::to_string(intake).map_err(|e| Failure::CouldNot(e.to_string()))?);
        }
        Format::Csv => return notes(format, intake),
    }
    let kinds: Vec<String> = intake.by_kind.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    out::line(&format!("{} accepted{kinds}, {} unchanged", intake.accepted, intake.unchanged))?;
    lists(intake)
}

/// What there is to look at, under its heads.
pub(crate) fn lists(intake: &Intake) -> Result<(), Failure> {
    for (name, notes) in [
        ("refused", &intake.refused),
        ("in review", &intake.review),
        ("skipped", &intake.skipped),
        ("with a warning", &intake.warnings),
    ] {
        list(name, notes)?;
    }
    Ok(())
}

/// What there is to look at, a line each.
fn notes(format: Format, intake: &Intake) -> Result<(), Failure> {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        outcome: &'a str,
        #[serde(flatten)]
        note: &'a Note,
    }
    let lists = [
        ("refused", &intake.refused),
        ("review", &intake.review),
        ("skipped", &intake.skipped),
        ("warning", &intake.warnings),
    ];
    let lines: Vec<Line<'_>> =
        lists.into_iter().flat_map(|(outcome, list)| list.iter().map(move |note| Line { outcome, note })).collect();
    out::say(format!("{} accepted, {} unchanged", intake.accepted, intake.unchanged));
    out::rows(format, &lines, &["outcome", "file", "place", "id", "rule", "reason"], |l| {
        let n = l.note;
        [l.outcome, &n.file, &n.place, &n.id, &n.rule, &n.reason].map(str::to_owned).to_vec()
    })
}

fn list(name: &str, notes: &[Note]) -> Result<(), Failure> {
    if notes.is_empty() {
        return Ok(());
    }
    out::line(&format!("{} {name}", notes.len()))?;
    for n in notes.iter().take(SHOWN) {
        let place = [n.file.as_str(), n.place.as_str(), n.id.as_str()]
            .into_iter()
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>();
        out::line(&format!("  {}: {} [{}]", place.join(" "), n.reason, n.rule))?;
    }
    if notes.len() > SHOWN {
        out::line(&format!("  and {} more; --format json lists all", notes.len() - SHOWN))?;
    }
    Ok(())
}
