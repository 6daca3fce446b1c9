//! Reading a range of a view, as the filters of TAXII 2.1 section 3.4 ask. Bytes come out as they are held, one after the other.
//!
//! No decision is taken here: what stands in a view may be seen by whoever has that view.
use ledger::{Micros, Payload, Result, Row, Tx, Value};

/// Objects of one page at most, whatever was asked.
pub const PAGE_MAX: usize = 5_000;
/// Bytes of a page, at which it ends.
const PAGE_BYTES: usize = 32 << 20;

/// Which versions of an object (TAXII 2.1 section 3.4.1, `match[version]`). Counted within the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first.
    pub first: bool,
    /// The last.
    pub last: bool,
    /// All.
    pub all: bool,
    /// These, in the canonical form of [`stix::Timestamp::key`].
    pub at: Vec<String>,
}

impl Default for Versions {
    fn default() -> Self {
        Versions { first: false, last: true, all: false, at: Vec::new() }
    }
}

impl Versions {
    /// These, as instants.
    fn added(&self) -> impl Iterator<Item = i64> {
        self.at.iter().map(|key| stix::Timestamp::parse(&format!("{key}Z")).map_or(i64::MIN, |at| at.micros()))
    }
}

/// What is asked of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only what was added after this.
    pub after: Option<Micros>,
    /// Only these types.
    pub kinds: Vec<String>,
    /// Only these ids.
    pub ids: Vec<String>,
    /// Only these versions of the specification.
    pub specs: Vec<String>,
    /// Only these versions.
    pub versions: Versions,
    /// So many at most; 0 for as many as a page takes.
    pub limit: usize,
}

/// What a page held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Entries.
    pub count: usize,
    /// `date_added` of the first.
    pub first: Micros,
    /// `date_added` of the last.
    pub last: Micros,
    /// There are more after it.
    pub more: bool,
}

/// One line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The object's id.
    pub id: String,
    /// When it was added to the view.
    pub added: Micros,
    /// Its version as written; `None` where it has none.
    pub version: Option<String>,
    /// The version of the specification.
    pub spec: String,
}

/// Appends the objects of a page to `out`, with a comma between them.
pub fn objects(tx: &mut Tx<'_>, view: i64, query: &Query, out: &mut Vec<u8>) -> Result<Bounds> {
    given(tx, view, query, out, &mut Vec::new())
}

/// The same, and says which events they are: what is given away is recorded ([`crate::disclosed`]).
pub fn given(tx: &mut Tx<'_>, view: i64, query: &Query, out: &mut Vec<u8>, events: &mut Vec<i64>) -> Result<Bounds> {
    let start = out.len();
    events.clear();
    read(tx, view, query, Fields::Bytes, &mut |row, _| {
        if out.len() - start > PAGE_BYTES {
            return false;
        }
        if out.len() > start {
            out.push(b',');
        }
        out.extend_from_slice(Payload::body_of(row.blob(1)));
        events.push(row.int(2));
        true
    })
}

/// What [`bodies`] will hand over on the same snapshot with `limit` set to the count, and how many bytes these are, without commas; and
/// which events they are.
pub fn outline(tx: &mut Tx<'_>, view: i64, query: &Query, events: &mut Vec<i64>) -> Result<(Bounds, usize)> {
    let mut bytes = 0;
    events.clear();
    let bounds = read(tx, view, query, Fields::Size, &mut |row, bounds| {
        let with = bytes + usize::try_from(row.int(1)).unwrap_or(0);
        // one object at least, or a poller would never come past it
        let fits = bounds.count == 0 || with <= PAGE_BYTES;
        if fits {
            bytes = with;
            events.push(row.int(2));
        }
        fits
    })?;
    Ok((bounds, bytes))
}

/// Hands over the bytes of each object of a page, as long as `take` wants more.
pub fn bodies(tx: &mut Tx<'_>, view: i64, query: &Query, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<Bounds> {
    read(tx, view, query, Fields::Bytes, &mut |row, _| take(Payload::body_of(row.blob(1))))
}

/// The manifest of a page.
pub fn manifest(tx: &mut Tx<'_>, view: i64, query: &Query) -> Result<(Vec<Line>, Bounds)> {
    let mut lines = Vec::new();
    let bounds = read(tx, view, query, Fields::Line, &mut |row, _| {
        lines.push(Line {
            id: row.text(1).to_owned(),
            added: row.micros(0),
            version: row.opt_text(2).map(str::to_owned),
            spec: row.text(3).to_owned(),
        });
        true
    })?;
    Ok((lines, bounds))
}

/// Whether a view holds any version of an object; with its events.
pub fn held(tx: &mut Tx<'_>, view: i64, id: &str) -> Result<Vec<i64>> {
    let sql = "SELECT o.idx FROM @stix_object o JOIN @view_entry e ON e.object = o.idx AND e.view = $1 WHERE o.id = $2 ORDER BY o.vkey";
    tx.all(sql, &[view.into(), id.into()], |r| r.int(0))
}

/// The events of the versions of an object that a view holds and a query names, for withdrawing them.
pub fn events(tx: &mut Tx<'_>, view: i64, query: &Query) -> Result<Vec<i64>> {
    let (mut events, mut query) = (Vec::new(), query.clone());
    loop {
        let bounds = read(tx, view, &query, Fields::Event, &mut |row, _| {
            events.push(row.int(1));
            true
        })?;
        if !bounds.more {
            return Ok(events);
        }
        query.after = Some(bounds.last);
    }
}

/// How many objects of a view there are, all versions counted.
pub fn count(tx: &mut Tx<'_>, view: i64) -> Result<i64> {
    Ok(tx.one("SELECT count(*) FROM @view_entry WHERE view = $1", &[view.into()], |r| r.int(0))?.unwrap_or(0))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fields {
    Bytes,
    Size,
    Line,
    Event,
}

fn read(
    tx: &mut Tx<'_>,
    view: i64,
    query: &Query,
    fields: Fields,
    take: &mut dyn FnMut(&Row<'_>, &Bounds) -> bool,
) -> Result<Bounds> {
    let limit = match query.limit {
        0 => PAGE_MAX,
        asked => asked.min(PAGE_MAX),
    };
    let (sql, mut args) = statement(query, fields);
    let after = query.after.map_or(i64::MIN, |after| after.0);
    let head: [Value<'_>; 3] = [view.into(), after.into(), (limit as i64 + 1).into()];
    args.splice(0..0, head);
    let mut bounds = Bounds::default();
    tx.each(&sql, &args, &mut |row| {
        if bounds.more || bounds.count == limit || !take(row, &bounds) {
            bounds.more = true;
            return Ok(());
        }
        if bounds.count == 0 {
            bounds.first = row.micros(0);
        }
        bounds.last = row.micros(0);
        bounds.count += 1;
        Ok(())
    })?;
    Ok(bounds)
}

/// `$1` the view, `$2` the date after which, `$3` the limit; then one for each value of a filter.
pub(crate) fn statement(query: &Query, fields: Fields) -> (String, Vec<Value<'_>>) {
    let mut used = 3;
    let mut named = |column: &str, values: &[String]| -> String {
        let marks: Vec<String> = values
            .iter()
            .map(|_| {
                used += 1;
                format!("${used}")
            })
            .collect();
        match marks.as_slice() {
            [one] => format!("{column} = {one}"),
            many => format!("{column} IN ({})", many.join(",")),
        }
    };
    let mut filters = String::new();
    for (column, values) in [("o.id", &query.ids), ("o.kind", &query.kinds), ("o.spec", &query.specs)] {
        if !values.is_empty() {
            filters.push_str(" AND ");
            filters.push_str(&named(column, values));
        }
    }
    let versions = &query.versions;
    if !versions.all {
        let mut any = Vec::new();
        if versions.last {
            any.push("e.is_last = 1".to_owned());
        }
        if versions.first {
            any.push("e.is_first = 1".to_owned());
        }
        if !versions.at.is_empty() {
            any.push(named("o.vkey", &versions.at));
            // what has no version is known by when it was added (TAXII 2.1 section 3.4.1)
            any.push(format!("(o.version IS NULL AND {})", named("e.added", &versions.at)));
        }
        filters.push_str(&format!(" AND ({})", any.join(" OR ")));
    }
    let values = [&query.ids, &query.kinds, &query.specs].into_iter().flatten();
    let values = values.chain(if versions.all { [].iter() } else { versions.at.iter() });
    let mut args: Vec<Value<'_>> = values.map(Value::from).collect();
    if !versions.all {
        args.extend(versions.added().map(Value::from));
    }
    let columns = match fields {
        Fields::Bytes => "e.added, p.bytes, e.object",
        Fields::Size => "e.added, e.size, e.object",
        Fields::Line => "e.added, o.id, o.version, o.spec",
        Fields::Event => "e.added, e.object",
    };
    // With ids named, the way is from the object to its entry: a cross join keeps the planner of SQLite from walking the whole view.
    let (added, mut from) = match query.ids.is_empty() {
        true => ("e.added", "@view_entry e".to_owned()),
        false => ("+e.added", "@stix_object o CROSS JOIN @view_entry e".to_owned()),
    };
    if query.ids.is_empty() && (fields == Fields::Line || filters.contains("o.")) {
        from.push_str(" JOIN @stix_object o ON o.idx = e.object");
    }
    if fields == Fields::Bytes {
        from.push_str(" JOIN payload p ON p.idx = e.object");
    }
    let join = if query.ids.is_empty() { "" } else { " AND e.object = o.idx" };
    let sql = format!(
        "SELECT {columns} FROM {from} WHERE e.view = $1{join} AND {added} > $2{filters} ORDER BY {added} LIMIT $3"
    );
    (sql, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements() {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let plain = Query::default();
        let filtered = Query {
            kinds: texts(&["malware", "tool"]),
            specs: texts(&["2.1"]),
            versions: Versions {
                first: true,
                last: false,
                all: false,
                at: texts(&["2020-01-01T00:00:00", "2021-01-01T00:00:00"]),
            },
            ..Query::default()
        };
        let one = Query {
            ids: texts(&["tool--x"]),
            versions: Versions { all: true, ..Versions::default() },
            ..Query::default()
        };
        let show = |query: &Query, fields| statement(query, fields).0;
        insta::assert_snapshot!(
            [show(&plain, Fields::Bytes), show(&filtered, Fields::Line), show(&one, Fields::Event)].join("\n"),
            @r"
            SELECT e.added, p.bytes, e.object FROM @view_entry e JOIN payload p ON p.idx = e.object WHERE e.view = $1 AND e.added > $2 AND (e.is_last = 1) ORDER BY e.added LIMIT $3
            SELECT e.added, o.id, o.version, o.spec FROM @view_entry e JOIN @stix_object o ON o.idx = e.object WHERE e.view = $1 AND e.added > $2 AND o.kind IN ($4,$5) AND o.spec = $6 AND (e.is_first = 1 OR o.vkey IN ($7,$8) OR (o.version IS NULL AND e.added IN ($9,$10))) ORDER BY e.added LIMIT $3
            SELECT e.added, e.object FROM @stix_object o CROSS JOIN @view_entry e WHERE e.view = $1 AND e.object = o.idx AND +e.added > $2 AND o.id = $4 ORDER BY +e.added LIMIT $3
            "
        );
    }
}
