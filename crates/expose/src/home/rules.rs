//! The export of rules: the advisories that an organisation may have, as its matcher needs them, signed by the hub. Each
//! passes the release decision; what does not pass is counted for the operator and not named to the partner.
use super::signed::{digest, sign};
use crate::advisory::{self, Marks};
use crate::kinds::{MATCHER, RULES, RulesMeta};
use jiff::civil::Date;
use ledger::keys::SigningKey;
use ledger::{Draft, Error, Result, Tx};
use partners::release::{Readers, Recipient, Subject, decide};
use partners::role::Role;
use serde::{Deserialize, Serialize};

/// The first line of a file of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) hub: String,
    #[serde(rename = "for")]
    pub(super) org: String,
    pub(super) made: String,
    pub(super) matcher: u16,
    pub(super) advisories: u64,
}

pub(super) const FORMAT: &str = "mainstay-rules/1";

/// One advisory, one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) namespace: String,
    pub(super) version: String,
    pub(super) title: String,
    pub(super) products: Vec<Product>,
    pub(super) vulnerabilities: Vec<Vulnerability>,
}

/// A product of an advisory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Product {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) vendor: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) product: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) range: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) models: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) narrowed_by: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<String>,
}

/// What is stated of which products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vulnerability {
    pub(super) id: String,
    pub(super) stated: String,
}

/// A file of rules and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The signed bytes.
    pub bytes: Vec<u8>,
    /// Advisories in it.
    pub advisories: u64,
    /// Advisories that the release decision withheld.
    pub withheld: u64,
}

/// Exports the rules for an organisation and records that it got them. Where the same rules went out before, nothing new is
/// recorded.
pub fn export(tx: &mut Tx<'_>, org: &str, hub: &str, home: &str, key: &SigningKey, by: &str) -> Result<Exported> {
    let card = partners::org::find(tx, org)?.ok_or_else(|| {
        Error::refused("org-unknown", format!("no partner {org} is known"), "import it in a partners table first")
    })?;
    let agreements = partners::org::agreements(tx, org)?;
    let recipient = Recipient {
        org,
        aka: &card.aka,
        kind: card.kind.as_deref().unwrap_or("other"),
        country: card.country.as_deref(),
        is_operator: org == home,
        role: Role::Partner,
        clearance: None,
        agreements: &agreements,
    };
    let now = tx.now();
    let today: Date = now.day().parse().map_err(|_| Error::Engine("today is no date".to_owned()))?;
    let all = tx.all(
        "SELECT adv, id, namespace, version, title, tlp, until FROM @advisory ORDER BY id, namespace, tlp",
        &[],
        |r| (r.int(0), [1, 2, 3, 4].map(|i| r.text(i).to_owned()), Marks::of(r.int(5), r.opt_int(6))),
    )?;
    let (mut lines, mut count, mut withheld) = (Vec::new(), 0, 0);
    for (adv, [id, namespace, version, title], marks) in all {
        // What leaves is the hub's own extract for matching, made for this one organisation: its marking decides.
        let may = |tlp| decide(&Subject::new(tlp, Readers::Marking), &recipient, today).allowed;
        if !marks.seen(may) {
            withheld += u64::from(!may(marks.from));
            continue;
        }
        let rule = Rule {
            id,
            namespace,
            version,
            title,
            products: products(tx, adv)?,
            vulnerabilities: vulnerabilities(tx, adv)?,
        };
        line(&mut lines, &rule)?;
        count += 1;
    }
    let head = Head {
        format: FORMAT.into(),
        hub: hub.into(),
        org: org.into(),
        made: now.to_string(),
        matcher: MATCHER,
        advisories: count,
    };
    let mut bytes = Vec::new();
    line(&mut bytes, &head)?;
    bytes.extend(lines);
    let bytes = sign(bytes, key)?;
    let digest = digest(&bytes);
    let meta = RulesMeta { org: org.to_owned(), digest: digest.clone(), advisories: count, by: by.to_owned() };
    tx.append(Draft::new(RULES, &meta)?.key(format!("expose/rules/{digest}")))?;
    Ok(Exported { bytes, advisories: count, withheld })
}

pub(super) fn line(out: &mut Vec<u8>, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(|e| Error::Engine(e.to_string()))?;
    out.push(b'\n');
    Ok(())
}

fn products(tx: &mut Tx<'_>, adv: i64) -> Result<Vec<Product>> {
    let leaves = advisory::leaves(tx, adv)?.into_iter();
    let product = |l: product::csaf::Leaf| Product {
        vendor: l.vendor,
        // The full name matters only where the tree gives no product.
        name: if l.product.is_empty() { l.name } else { String::new() },
        product: l.product,
        range: l.range,
        models: l.models,
        purl: l.purl,
        narrowed_by: l.narrowed_by,
        context: l.context,
    };
    Ok(leaves.map(product).collect())
}

fn vulnerabilities(tx: &mut Tx<'_>, adv: i64) -> Result<Vec<Vulnerability>> {
    tx.all("SELECT vuln, stated FROM @advisory_vuln WHERE adv = $1 ORDER BY n", &[adv.into()], |r| Vulnerability {
        id: r.text(0).to_owned(),
        stated: r.text(1).to_owned(),
    })
}
