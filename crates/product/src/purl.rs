//! Package URLs and the orders of versions in their ecosystems. The text form is read by the `packageurl` crate; which two
//! of them mean one package, and which versions of it lie in a range, is decided here.

mod order;

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::version::range::Contains;
use crate::version::{Compared, parse_range};
pub use order::compare;

/// A package URL, normalised by the rules of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purl {
    /// `type/namespace/name`: two packages are one exactly if these are equal.
    pub base: String,
    /// The type.
    pub ty: String,
    /// The version, if any.
    pub version: Option<String>,
    /// The qualifiers that bear on identity.
    pub qualifiers: BTreeMap<String, String>,
}

/// How the qualifiers of an advisory's package stand to those of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualified {
    /// The component has all of them.
    Yes,
    /// The component has one with another value.
    No,
    /// The component does not state one.
    NotStated,
}

impl Purl {
    /// Reads a package URL; `None` where it is not one (`pkg://` is not).
    pub fn parse(text: &str) -> Option<Purl> {
        let text = text.trim();
        if text.starts_with("pkg://") {
            return None;
        }
        let read = packageurl::PackageUrl::from_str(text).ok()?;
        let ty = read.ty().to_ascii_lowercase();
        let fold = matches!(
            ty.as_str(),
            "npm" | "deb" | "rpm" | "apk" | "composer" | "hex" | "nuget" | "pypi" | "github" | "bitbucket" | "alpm"
        );
        let part = |text: &str| if fold { text.to_lowercase() } else { text.to_owned() };
        let name = if ty == "pypi" { part(read.name()).replace(['_', '.'], "-") } else { part(read.name()) };
        let base = match read.namespace() {
            Some(namespace) => format!("{ty}/{}/{name}", part(namespace)),
            None => format!("{ty}//{name}"),
        };
        // `type=jar` is what every Maven package is; checksums and addresses say where it came from, not what it is.
        let noise = |key: &str| matches!(key, "type" | "checksum" | "download_url" | "vcs_url" | "file_name" | "tag");
        let qualifiers =
            read.qualifiers().iter().filter(|(k, _)| !noise(k)).map(|(k, v)| (k.to_string(), v.to_string()));
        Some(Purl { base, version: read.version().map(str::to_owned), qualifiers: qualifiers.collect(), ty })
    }

    /// Whether the component `held` has every qualifier of this advisory's package.
    pub fn qualifies(&self, held: &Purl) -> Qualified {
        let mut answer = Qualified::Yes;
        for (key, value) in &self.qualifiers {
            match held.qualifiers.get(key) {
                Some(other) if other == value => {}
                Some(_) => return Qualified::No,
                None => answer = Qualified::NotStated,
            }
        }
        answer
    }

    /// Whether `version` of this package lies in `range` (its own version where the advisory states no range).
    pub fn contains(&self, range: Option<&str>, version: &str) -> Contains {
        let Some(range) = range else {
            return match self.version.as_deref() {
                // An advisory's package without a version means all versions (package-url, b.2).
                None => Contains::Yes,
                Some(_) if version.is_empty() => Contains::Unknown("the component's version is not stated"),
                Some(own) => match compare(&self.ty, own, version) {
                    Compared::Equal => Contains::Yes,
                    Compared::Unknown(why) => Contains::Unknown(why),
                    _ => Contains::No,
                },
            };
        };
        match constraints(range) {
            Some(constraints) => walk(&self.ty, &constraints, version),
            None => parse_range(range)
                .contains_by(version, &|bound, version| reverse(compare(&self.ty, &bound.text, version))),
        }
    }
}

fn reverse(order: Compared) -> Compared {
    match order {
        Compared::Less => Compared::Greater,
        Compared::Greater => Compared::Less,
        same => same,
    }
}

/// `vers:TYPE/>=1|<2` or the constraints alone; `None` where it is anything else.
fn constraints(range: &str) -> Option<Vec<(&str, &str)>> {
    let list = match range.trim().strip_prefix("vers:") {
        Some(after) => after.split_once('/')?.1,
        None => range.trim(),
    };
    let mut out = Vec::new();
    for piece in list.split(['|', ',']).map(str::trim) {
        let (op, version) = ["<=", ">=", "!=", "<", ">", "="]
            .iter()
            .find_map(|op| Some((*op, piece.strip_prefix(op)?)))
            .unwrap_or((if piece == "*" { "*" } else { "=" }, piece));
        let version = version.trim();
        if version.is_empty() || version.contains([' ', '<', '>']) {
            return None;
        }
        out.push((op, version));
    }
    Some(out)
}

/// Containment by VERS: an exact hit decides; then the first pair of neighbours that encloses the version.
fn walk(ty: &str, constraints: &[(&str, &str)], version: &str) -> Contains {
    if constraints.iter().any(|(op, _)| *op == "*") {
        return if constraints.len() == 1 { Contains::Yes } else { Contains::Unknown("`*` must stand alone") };
    }
    if version.is_empty() {
        return Contains::Unknown("the component's version is not stated");
    }
    let mut inside_since_low = false;
    let mut has_bound = false;
    for (i, (op, bound)) in constraints.iter().enumerate() {
        let order = match compare(ty, version, bound) {
            Compared::Unknown(why) => return Contains::Unknown(why),
            order => order,
        };
        match (*op, order) {
            ("=" | "<=" | ">=", Compared::Equal) => return Contains::Yes,
            ("!=" | "<" | ">", Compared::Equal) => return Contains::No,
            ("<" | "<=", Compared::Less) if inside_since_low || !has_bound || upper_after_upper(constraints, i) => {
                return Contains::Yes;
            }
            ("<" | "<=", _) => (inside_since_low, has_bound) = (false, true),
            (">" | ">=", Compared::Greater) => (inside_since_low, has_bound) = (true, true),
            (">" | ">=", _) => (inside_since_low, has_bound) = (false, true),
            _ => {}
        }
    }
    if inside_since_low { Contains::Yes } else { Contains::No }
}

/// Whether the bound before this one is an upper bound too, so that the space between them is open.
fn upper_after_upper(constraints: &[(&str, &str)], i: usize) -> bool {
    constraints
        .iter()
        .take(i)
        .rev()
        .find(|(op, _)| op.starts_with(['<', '>']))
        .is_some_and(|(op, _)| op.starts_with('<'))
}

#[cfg(test)]
mod tests;
