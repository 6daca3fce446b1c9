//! The header row: which table it is, where its columns stand, which are missing or doubled.
use std::fmt;

/// One of the four tables of the infrastructure model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// Assets, systems, networks, functions.
    Nodes,
    /// Suppliers of an input, with the rule of the input on each row.
    Edges,
    /// Inputs of a consumer, with rule, buffer and what is left without it.
    Groups,
    /// Suppliers of a group of [`Form::Groups`].
    Members,
}

impl Form {
    /// All forms in the order in which they must be admitted: what is named before what names it.
    pub const ALL: [Form; 4] = [Form::Nodes, Form::Edges, Form::Groups, Form::Members];

    /// The word in events, messages and `by_kind`.
    pub fn word(self) -> &'static str {
        match self {
            Form::Nodes => "nodes",
            Form::Edges => "edges",
            Form::Groups => "groups",
            Form::Members => "members",
        }
    }

    /// The form of a word.
    pub fn of(word: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.word() == word)
    }

    /// The columns in the order in which [`super::Row`] asks for them.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Form::Nodes => &[
                "id",
                "key",
                "type",
                "layer",
                "name",
                "country",
                "lat",
                "lon",
                "capacity",
                "owner",
                "owner_country",
                "grounded",
            ],
            Form::Edges => &["src", "dst", "type", "group", "need", "inferred"],
            Form::Groups => &["group", "consumer", "input", "rule", "k", "buffer_h", "degraded", "ramp_up_h"],
            Form::Members => &["group", "supplier", "share", "strength", "kind", "provenance", "confidence"],
        }
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Form::Nodes => &["key", "type"],
            Form::Edges => &["src", "dst", "group", "need"],
            Form::Groups => &["group", "consumer", "input", "rule"],
            Form::Members => &["group", "supplier"],
        }
    }

    /// Columns of which two together tell this form from every other table that people import.
    fn telling(self) -> &'static [&'static str] {
        match self {
            Form::Nodes => &["id", "key", "type", "layer"],
            Form::Edges => &["src", "dst", "need"],
            Form::Groups => &["consumer", "input", "rule", "buffer_h"],
            Form::Members => &["supplier", "group", "share", "strength", "provenance"],
        }
    }
}

/// Why a table as a whole was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFault {
    /// Stable code.
    pub rule: &'static str,
    /// What was wrong, in words.
    pub reason: String,
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.reason, self.rule)
    }
}

impl std::error::Error for TableFault {}

/// Which infrastructure table these bytes are, by the first line alone; `None` where they are something else.
/// A table of the form that lacks a column is still recognised, so that the message can name the column.
pub fn recognise(bytes: &[u8]) -> Option<Form> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line = first_line(text);
    let line = std::str::from_utf8(line).ok()?;
    let names: Vec<String> = line.split(char::from(delimiter(line.as_bytes()))).map(normal).collect();
    form_of(&names)
}

fn form_of(names: &[String]) -> Option<Form> {
    // Columns of inventory, contacts and partners tables; none of ours has them.
    if names.iter().any(|n| matches!(n.as_str(), "asset" | "org" | "email" | "vendor")) {
        return None;
    }
    let telling = |form: &Form| form.telling().iter().filter(|c| names.iter().any(|n| n == *c)).count();
    Form::ALL.into_iter().filter(|form| telling(form) >= 2).max_by_key(|form| (telling(form), std::cmp::Reverse(*form)))
}

pub(super) fn first_line(text: &[u8]) -> &[u8] {
    let end = text.iter().take(4096).position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(text.len().min(4096));
    text.get(..end).unwrap_or_default()
}

/// Comma unless the header has more of another.
pub(super) fn delimiter(first_line: &[u8]) -> u8 {
    let count = |d: u8| first_line.iter().filter(|b| **b == d).count();
    let best = [b',', b';', b'\t'].into_iter().enumerate().max_by_key(|(at, d)| (count(*d), std::cmp::Reverse(*at)));
    best.map_or(b',', |(_, d)| d)
}

fn normal(name: &str) -> String {
    name.trim().trim_matches('"').trim().to_ascii_lowercase()
}

/// A header that was understood.
pub(super) struct Header {
    form: Form,
    /// For each known column its place in the row.
    at: Vec<Option<usize>>,
    names: Vec<String>,
}

impl Header {
    pub(super) fn read(record: &csv::ByteRecord) -> Result<Header, TableFault> {
        let names: Vec<String> = record.iter().map(|f| normal(&String::from_utf8_lossy(f))).collect();
        let Some(form) = form_of(&names) else {
            let reason = format!("the header is that of no infrastructure table: {}", names.join(", "));
            return Err(TableFault { rule: "unknown-table", reason });
        };
        if let Some(column) = form.columns().iter().find(|c| names.iter().filter(|n| n == *c).count() > 1) {
            let reason = format!("the {} table has the column {column} twice", form.word());
            return Err(TableFault { rule: "doubled-column", reason });
        }
        let missing: Vec<_> = form.required().iter().copied().filter(|c| !names.iter().any(|n| n == c)).collect();
        if !missing.is_empty() {
            let columns = if missing.len() == 1 { "column" } else { "columns" };
            let reason = format!("the {} table lacks the {columns} {}", form.word(), missing.join(", "));
            return Err(TableFault { rule: "missing-column", reason });
        }
        let at = form.columns().iter().map(|column| names.iter().position(|n| n == column)).collect();
        Ok(Header { form, at, names })
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    pub(super) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str).filter(|n| !self.form.columns().contains(n))
    }

    /// The place in the row of the form's column number `column`.
    pub(super) fn at(&self, column: usize) -> Option<usize> {
        self.at.get(column).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognised_by_the_first_line() {
        #[track_caller]
        fn check(line: &str, want: Option<Form>) {
            assert_eq!(recognise(line.as_bytes()), want);
        }
        check("id,key,type,layer,name,country,lat,lon,capacity,owner\n1", Some(Form::Nodes));
        check("\u{feff}Key;Type;Name", Some(Form::Nodes));
        check("src,dst,type,group,need,inferred", Some(Form::Edges));
        check("group,consumer,input,rule,k,buffer_h,degraded,ramp_up_h", Some(Form::Groups));
        check("\"group\",\"supplier\"", Some(Form::Members));
        check(
            "asset,name,vendor,product,model,version,purl,cpe,serial,country,owner,owner_country,sector,functions,node,lat,lon",
            None,
        );
        check("org,name,email,role,country,sector,language,pgp,source,verified", None);
        check("org,name,kind,country,languages,agreement_from,agreement_to,clearance", None);
        check("{\"type\":\"bundle\",\"id\":\"x\"}", None);
        check("", None);
    }
}
