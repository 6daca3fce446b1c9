//! What a mail is made of (RFC 5322, RFC 2045 to 2047, RFC 2231): the messages in it, each with its head and its parts, decoded. Only what proposals need is
//! read, within limits of depth and number, so that a mail made to be deep costs no more than one made to be read.
use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Parts within parts: a forwarded mail with attachments has four.
const DEPTH_MAX: usize = 12;
/// Parts of one mail.
const PARTS_MAX: usize = 500;
/// Lines of one head.
const HEAD_MAX: usize = 500;
/// Bytes of one line of a head, unfolded.
const LINE_MAX: usize = 16 << 10;

/// A mail, or one within it.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) head: Head,
    /// Its leaves, in order; of the mails within it those have their own.
    pub(super) parts: Vec<Part>,
    /// How deep it lies; the mail itself at 0.
    pub(super) depth: usize,
}

/// One leaf.
#[derive(Debug)]
pub(super) struct Part {
    /// `text/calendar`, in small letters.
    pub(super) kind: String,
    /// The name of its file; empty where it has none.
    pub(super) name: String,
    /// Its character set, in small letters.
    pub(super) charset: String,
    /// It was attached, not shown.
    pub(super) is_attached: bool,
    pub(super) body: Vec<u8>,
}

impl Part {
    /// As text.
    pub(super) fn text(&self) -> String {
        decoded(&self.charset, &self.body)
    }
}

/// The lines of a head, in order.
#[derive(Debug, Default)]
pub(super) struct Head(Vec<(String, String)>);

impl Head {
    /// The first line of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The same with its encoded words read (RFC 2047).
    pub(super) fn words(&self, name: &str) -> String {
        self.get(name).map(words).unwrap_or_default()
    }
}

/// What a file was read into.
#[derive(Debug, Default)]
pub(super) struct Mail {
    pub(super) messages: Vec<Message>,
    /// Why some of it was not read.
    pub(super) unread: Option<String>,
    parts: usize,
}

/// Whether bytes begin like a mail: lines of a head, one of them a name that every mail has.
pub(super) fn is_mail(bytes: &[u8]) -> bool {
    let (head, _) = head(envelope(bytes));
    let named = |name: &str| head.get(name).is_some();
    named("From") && (named("Date") || named("Subject") || named("Message-ID") || named("MIME-Version"))
}

/// Without the line that a mailbox puts before each mail.
fn envelope(bytes: &[u8]) -> &[u8] {
    match bytes.starts_with(b"From ") {
        true => bytes.iter().position(|&b| b == b'\n').and_then(|n| bytes.get(n + 1..)).unwrap_or_default(),
        false => bytes,
    }
}

/// Reads a mail.
pub(super) fn read(bytes: &[u8]) -> Mail {
    let mut mail = Mail::default();
    mail.message(envelope(bytes), 0);
    mail
}

impl Mail {
    fn message(&mut self, bytes: &[u8], depth: usize) {
        let (head, body) = head(bytes);
        let at = self.messages.len();
        let content = Content::of(&head, "text/plain");
        self.messages.push(Message { head, depth, ..Message::default() });
        self.entity(at, &content, body, depth);
    }

    /// One entity of the message at `at`: a leaf, parts, or a mail.
    fn entity(&mut self, at: usize, content: &Content, body: &[u8], depth: usize) {
        self.parts += 1;
        if depth > DEPTH_MAX || self.parts > PARTS_MAX {
            let why = format!("it has parts deeper than {DEPTH_MAX} or more than {PARTS_MAX}: those were not read");
            self.unread.get_or_insert(why);
            return;
        }
        if content.kind.starts_with("multipart/") && !content.boundary.is_empty() {
            let within = if content.kind == "multipart/digest" { "message/rfc822" } else { "text/plain" };
            for part in parts(body, content.boundary.as_bytes()) {
                if self.parts > PARTS_MAX {
                    break;
                }
                let (head, body) = head(part);
                self.entity(at, &Content::of(&head, within), body, depth + 1);
            }
            return;
        }
        let body = content.decode(body);
        if matches!(content.kind.as_str(), "message/rfc822" | "message/global") {
            return self.message(&body, depth + 1);
        }
        let (kind, name, charset) = (content.kind.clone(), content.name.clone(), content.charset.clone());
        let part = Part { kind, name, charset, is_attached: content.is_attached, body: body.into_owned() };
        if let Some(message) = self.messages.get_mut(at) {
            message.parts.push(part);
        }
    }
}

/// What a head says of the body under it.
struct Content {
    kind: String,
    boundary: String,
    charset: String,
    name: String,
    encoding: String,
    is_attached: bool,
}

impl Content {
    fn of(head: &Head, otherwise: &str) -> Content {
        let kind = head.get("Content-Type").unwrap_or(otherwise);
        let shown = head.get("Content-Disposition").unwrap_or_default();
        let word = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let name = param(shown, "filename").or_else(|| param(kind, "name")).unwrap_or_default();
        Content {
            kind: word(kind),
            boundary: param(kind, "boundary").unwrap_or_default(),
            charset: param(kind, "charset").unwrap_or_default().to_ascii_lowercase(),
            name: super::line(&words(&name), 200),
            encoding: head.get("Content-Transfer-Encoding").unwrap_or_default().trim().to_ascii_lowercase(),
            is_attached: word(shown) == "attachment",
        }
    }

    fn decode<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        match self.encoding.as_str() {
            "base64" => base64(body).into(),
            "quoted-printable" => quoted(body, false).into(),
            _ => body.into(),
        }
    }
}

/// The lines of a head, unfolded (RFC 5322 section 2.2.3), and what comes after them.
fn head(bytes: &[u8]) -> (Head, &[u8]) {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |n| n + 1);
        let line = rest.get(..length).unwrap_or_default();
        let text = line.trim_ascii_end();
        let is_folded = matches!(line.first(), Some(b' ' | b'\t'));
        let named = text.iter().position(|&b| b == b':').filter(|&n| text.iter().take(n).all(|b| b.is_ascii_graphic()));
        let has_room = lines.len() < HEAD_MAX;
        match (text.is_empty(), lines.last_mut()) {
            (true, _) => return (Head(lines), bytes.get(at + length..).unwrap_or_default()),
            (false, Some((_, value))) if is_folded => {
                let room = LINE_MAX.saturating_sub(value.len());
                value.push_str(&String::from_utf8_lossy(text.get(..text.len().min(room)).unwrap_or_default()));
            }
            // what is no line of a head ends it
            (false, _) if named.is_none() || is_folded => return (Head(lines), rest),
            (false, _) if has_room => {
                let (name, value) = text.split_at_checked(named.unwrap_or(0)).unwrap_or_default();
                let value = value.get(1..value.len().min(LINE_MAX)).unwrap_or_default();
                let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
                lines.push((read(name), read(value)));
            }
            (false, _) => {}
        }
        at += length;
    }
    (Head(lines), &[])
}

/// What stands between the lines of a boundary (RFC 2046 section 5.1.1).
fn parts<'b>(body: &'b [u8], boundary: &[u8]) -> Vec<&'b [u8]> {
    let (mut out, mut from, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|&b| b == b'\n') {
        let end = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)).map(<[u8]>::trim_ascii_end);
        if let Some(end) = end.filter(|end| end.is_empty() || *end == b"--") {
            out.extend(from.and_then(|from| body.get(from..at)));
            from = end.is_empty().then_some(at + line.len());
            if from.is_none() || out.len() > PARTS_MAX {
                return out;
            }
        }
        at += line.len();
    }
    // a mail that was cut off ends with its last part
    out.extend(from.and_then(|from| body.get(from..)));
    out
}

/// A parameter: `name=value`, `name="a; b"`, `name*=utf-8''a%20b`, and `name*0=…; name*1=…` (RFC 2231).
fn param(text: &str, name: &str) -> Option<String> {
    let mut is_quoted = false;
    let pieces = text.split(|c: char| {
        is_quoted ^= c == '"';
        c == ';' && !is_quoted
    });
    let mut whole: Option<String> = None;
    for piece in pieces.skip(1).take(100) {
        let Some((key, value)) = piece.split_once('=') else { continue };
        let key = key.trim().to_ascii_lowercase();
        let Some(rest) = key.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('*')) else {
            continue;
        };
        let value = value.trim().trim_matches('"').replace("\\\"", "\"");
        let value = if rest.ends_with('*') { percent(&value) } else { value };
        whole.get_or_insert_default().push_str(&value);
    }
    whole
}

fn percent(value: &str) -> String {
    let (charset, text) = match value.split('\'').collect::<Vec<_>>().as_slice() {
        [charset, _, text] => ((*charset).to_ascii_lowercase(), *text),
        _ => (String::new(), value),
    };
    decoded(&charset, &quoted(text.replace('=', "=3D").replace('%', "=").as_bytes(), false))
}

/// Whatever is no letter of the alphabet is passed over (RFC 2045 section 6.8).
fn base64(text: &[u8]) -> Vec<u8> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let letters = text.iter().copied().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    let mut letters: Vec<u8> = letters.collect();
    // a last letter alone says nothing
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    GeneralPurpose::new(&STANDARD, lenient).decode(letters).unwrap_or_default()
}

/// RFC 2045 section 6.7; in encoded words an underline is a blank.
fn quoted(text: &[u8], is_word: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|n| u8::try_from(n).ok());
    while let Some((&byte, more)) = rest.split_first() {
        rest = more;
        match (byte, more) {
            (b'=', [b'\r', b'\n', more @ ..] | [b'\n', more @ ..]) => rest = more,
            (b'=', [high, low, more @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high * 16 + low);
                    rest = more;
                }
                _ => out.push(b'='),
            },
            (b'_', _) if is_word => out.push(b' '),
            (byte, _) => out.push(byte),
        }
    }
    out
}

/// A line with its encoded words read: `=?utf-8?Q?caf=C3=A9?=`.
fn words(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("=?") {
        let mut fields = after.splitn(4, '?');
        let word = match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(charset), Some(how), Some(text), Some(end)) => {
                end.strip_prefix('=').map(|end| (charset, how, text, end))
            }
            _ => None,
        };
        let Some((charset, how, text, end)) = word else {
            out.push_str(before);
            out.push_str("=?");
            rest = after;
            continue;
        };
        // between two encoded words a blank is only their division
        if out.is_empty() || !before.trim().is_empty() {
            out.push_str(before);
        }
        let bytes = if how.eq_ignore_ascii_case("b") { base64(text.as_bytes()) } else { quoted(text.as_bytes(), true) };
        out.push_str(&decoded(&charset.to_ascii_lowercase(), &bytes));
        rest = end;
    }
    out.push_str(rest);
    out
}

/// The places in which Windows differs from Latin-1.
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// Bytes as text: UTF-8, or the Latin sets that mail is still written in; what is of neither shows as such.
fn decoded(charset: &str, bytes: &[u8]) -> String {
    let is_latin = matches!(charset, "iso-8859-1" | "iso-8859-15" | "latin1" | "windows-1252" | "cp1252");
    if !is_latin {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let of = |byte: u8| match byte {
        0x80..=0x9f => WINDOWS_1252.chars().nth(usize::from(byte - 0x80)).unwrap_or('\u{fffd}'),
        byte => char::from(byte),
    };
    bytes.iter().map(|&byte| of(byte)).collect()
}
