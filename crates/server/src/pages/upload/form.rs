//! Reads a form that carries a file (RFC 7578), from a body whose size the caller has bounded. Not for: nested parts, or other encodings
//! than the bytes themselves, which no browser sends.

/// Parts of one form.
const PARTS_MAX: usize = 16;
/// Bytes of the head of a part.
const HEAD_MAX: usize = 4_096;

/// One field of a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// The field's name.
    pub(crate) name: String,
    /// The file's name, where it is a file.
    pub(crate) file: Option<String>,
    /// What it holds.
    pub(crate) bytes: &'a [u8],
}

/// The fields of a form with this content type; none where it is no such form, or is damaged.
pub(crate) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let boundary = boundary(content_type)?;
    let (first, between) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut rest = body.strip_prefix(first.as_bytes())?;
    let mut out = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(out);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let head_end = find(rest.get(..rest.len().min(HEAD_MAX))?, b"\r\n\r\n")?;
        let head = std::str::from_utf8(rest.get(..head_end)?).ok()?;
        let content = rest.get(head_end + 4..)?;
        let end = find(content, between.as_bytes())?;
        if out.len() == PARTS_MAX {
            return None;
        }
        out.push(Part {
            name: parameter(head, "name")?,
            file: parameter(head, "filename"),
            bytes: content.get(..end)?,
        });
        rest = content.get(end + between.len()..)?;
    }
}

/// The boundary (RFC 2046 section 5.1.1): up to 70 characters.
fn boundary(content_type: &str) -> Option<&str> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = rest.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?.trim_matches('"');
    ((1..=70).contains(&value.len()) && value.is_ascii()).then_some(value)
}

/// A parameter of the head's `Content-Disposition` (RFC 7578 section 4.2).
fn parameter(head: &str, name: &str) -> Option<String> {
    let line = head.split("\r\n").find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let at = line.find(&format!("; {name}=\""))?;
    let value = line.get(at + name.len() + 4..)?;
    Some(value.split('"').next()?.replace("%22", "\"").chars().filter(|c| !c.is_control()).take(200).collect())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|b| *b == first)?;
        if bytes.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=----x";

    #[track_caller]
    fn check(content_type: &str, body: &str, expected: Option<&str>) {
        let got = parts(content_type, body.as_bytes()).map(|parts| {
            let one = |p: &Part<'_>| {
                format!("{}({})={}", p.name, p.file.as_deref().unwrap_or("-"), String::from_utf8_lossy(p.bytes))
            };
            parts.iter().map(one).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(got.as_deref(), expected, "{body:?}");
    }

    #[test]
    fn forms() {
        let form = "------x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntok\r\n------x\r\nContent-Disposition: form-data; name=\"file\"; \
                    filename=\"a%22b.json\"\r\nContent-Type: application/json\r\n\r\n{\r\n}\r\n------x--\r\n";
        check(TYPE, form, Some("csrf(-)=tok file(a\"b.json)={\r\n}"));
        check(
            "multipart/form-data; boundary=\"----x\"; charset=utf-8",
            form,
            Some("csrf(-)=tok file(a\"b.json)={\r\n}"),
        );
        check(TYPE, "------x--\r\n", Some(""));
        for broken in [
            "",
            "------x",
            "------x\r\n",
            "------x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb",
            "------y--",
        ] {
            check(TYPE, broken, None);
        }
        check("application/json", form, None);
        check("multipart/form-data", form, None);
        check("multipart/form-data; boundary=", form, None);
    }
}
