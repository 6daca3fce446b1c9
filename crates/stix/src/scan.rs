//! One pass over the bytes of a JSON document: UTF-8, grammar, depth, sizes, duplicate keys, lone surrogates.
//!
//! Works for any JSON. Nothing recurses, nothing is copied, and the memory it takes is bounded by the depth limit and by the keys
//! of the objects that are open. What the values mean is no concern of this file.

use crate::fault::{Fault, pointer_step};
use std::ops::Range;

/// A number of fewer characters and without an exponent is a double (RFC 8259 section 6).
const DIGITS_SAFE: usize = 300;

/// The bounds of what is read. Each has its reason.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the whole document: memory for one import is bounded.
    pub bytes: usize,
    /// Levels of arrays and objects, counted from the object itself: readers further on may recurse.
    pub depth: usize,
    /// Bytes of one string: an artifact's payload fits, a disk image does not.
    pub string: usize,
    /// Members of one JSON object.
    pub members: usize,
    /// Bytes of one object of a bundle: it becomes one event and one row.
    pub item: usize,
    /// Objects of one bundle: something is kept of each while the document is judged, however small it is.
    pub items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 512 << 20, depth: 64, string: 8 << 20, members: 65_536, item: 16 << 20, items: 1_000_000 }
    }
}

/// Checks a whole document; the first fault ends it.
pub fn check(bytes: &[u8], limits: &Limits) -> Result<(), Fault> {
    Scanner::new(bytes, limits, false)?.run().map(drop)
}

/// Checks a whole document and gives the members of its outermost object (the first 64), for whoever must tell its form.
pub fn outline<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Outline<'a>, Fault> {
    Scanner::new(bytes, limits, false)?.run()
}

/// As [`outline`], and splits the array under the outermost `objects`. A fault within one element is kept with that element.
pub(crate) fn split<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Outline<'a>, Fault> {
    Scanner::new(bytes, limits, true)?.run()
}

/// What the scan saw at the outermost level.
#[derive(Debug, Default)]
pub struct Outline<'a> {
    /// The members of the outermost object: raw key, raw value; both as they stand in the document, strings with their quotes.
    pub members: Vec<(&'a str, &'a str)>,
    /// Whether the document is an object.
    pub is_object: bool,
    pub(crate) items: Vec<RawItem>,
    pub(crate) has_objects: bool,
}

impl<'a> Outline<'a> {
    /// The raw value of a member.
    pub fn member(&self, key: &str) -> Option<&'a str> {
        self.members.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    /// The value of a member that is a string without escapes.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.member(key)?.strip_prefix('"')?.strip_suffix('"').filter(|s| !s.contains('\\'))
    }
}

#[derive(Debug)]
pub(crate) struct RawItem {
    pub(crate) range: Range<usize>,
    pub(crate) fault: Option<Fault>,
}

const OUTLINE_MEMBERS: usize = 64;

#[derive(Clone, Copy)]
struct Key {
    hash: u64,
    start: usize,
    end: usize,
    escaped: bool,
}

struct Frame {
    object: bool,
    /// Elements of an array seen before the current one.
    index: usize,
    /// Where the keys of this object begin in the common stack of keys.
    keys_from: usize,
}

struct Scanner<'a, 'l> {
    text: &'a str,
    bytes: &'a [u8],
    limits: &'l Limits,
    at: usize,
    stack: Vec<Frame>,
    keys: Vec<Key>,
    splitting: bool,
    /// Whether the array under the outermost `objects` is open.
    in_items: bool,
    item: Option<RawItem>,
    value_from: usize,
    out: Outline<'a>,
}

/// A broken rule: `Fatal` ends the scan, `Local` concerns only the element in which it stands.
enum Broken {
    Fatal(Fault),
    Local(Fault),
}

type Step<T> = Result<T, Fault>;

impl<'a, 'l> Scanner<'a, 'l> {
    fn new(bytes: &'a [u8], limits: &'l Limits, splitting: bool) -> Step<Self> {
        if bytes.len() > limits.bytes {
            let reason = format!("the document has {} bytes and the limit is {}: split it", bytes.len(), limits.bytes);
            return Err(Fault::new("too-large", "", reason));
        }
        let text = std::str::from_utf8(bytes).map_err(|e| not_utf8(bytes, e.valid_up_to()))?;
        if let [0, ..] | [_, 0, ..] = bytes {
            return Err(not_utf8(bytes, 0));
        }
        // RFC 8259 section 8.1 lets a reader ignore a byte order mark
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Ok(Scanner {
            text,
            bytes,
            limits,
            at,
            stack: Vec::with_capacity(limits.depth + 2),
            keys: Vec::with_capacity(128),
            splitting,
            in_items: false,
            item: None,
            value_from: 0,
            out: Outline::default(),
        })
    }

    fn run(mut self) -> Step<Outline<'a>> {
        'value: loop {
            self.skip_space();
            self.begin_value();
            let opened = match self.peek() {
                Some(b'"') => self.string().map(|_| false)?,
                Some(b'{') => self.open(true)?,
                Some(b'[') => self.open(false)?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|()| false)?,
                Some(b't') => self.literal("true")?,
                Some(b'f') => self.literal("false")?,
                Some(b'n') => self.literal("null")?,
                _ => return Err(self.syntax("a value")),
            };
            if opened {
                continue 'value;
            }
            loop {
                self.end_value()?;
                self.skip_space();
                let Some(frame) = self.stack.last_mut() else {
                    return if self.at == self.bytes.len() {
                        Ok(self.out)
                    } else {
                        Err(self.syntax("the end of the document"))
                    };
                };
                let object = frame.object;
                match self.bytes.get(self.at) {
                    Some(b',') => {
                        frame.index += 1;
                        self.at += 1;
                        if object {
                            self.key()?;
                        }
                        continue 'value;
                    }
                    Some(b'}') if object => self.close()?,
                    Some(b']') if !object => self.close()?,
                    _ => return Err(self.syntax(if object { "`,` or `}`" } else { "`,` or `]`" })),
                }
            }
        }
    }

    /// Called at the first byte of each value.
    fn begin_value(&mut self) {
        if self.in_items && self.stack.len() == 2 {
            self.item = Some(RawItem { range: self.at..self.at, fault: None });
        } else if self.stack.len() == 1 {
            self.value_from = self.at;
        }
    }

    /// Called after the last byte of each value.
    fn end_value(&mut self) -> Step<()> {
        match self.stack.len() {
            2 if self.in_items => {
                if let Some(mut item) = self.item.take() {
                    item.range.end = self.at;
                    let size = item.range.len();
                    if size > self.limits.item && item.fault.is_none() {
                        let reason = format!("the object has {size} bytes and the limit is {}", self.limits.item);
                        item.fault = Some(Fault::new("object-too-large", "", reason));
                    }
                    if self.out.items.len() == self.limits.items {
                        let reason = format!("more than {} objects: send them in several documents", self.limits.items);
                        return Err(Fault::new("too-many-objects", "/objects", reason));
                    }
                    self.out.items.push(item);
                }
            }
            1 => {
                let object = self.stack.first().is_some_and(|f| f.object);
                if let (true, Some(key)) = (object && self.out.members.len() < OUTLINE_MEMBERS, self.keys.last()) {
                    let key = self.text.get(key.start..key.end).unwrap_or("");
                    let value = self.text.get(self.value_from..self.at).unwrap_or("");
                    self.out.members.push((key, value));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Enters an array or an object; false when it was empty or was skipped, so that a value is complete.
    fn open(&mut self, object: bool) -> Step<bool> {
        // the levels above an element of a bundle are not the object's own
        let depth = self.stack.len() + 1 - if self.item.is_some() { 2 } else { 0 };
        if depth > self.limits.depth {
            let fault = self.fault("too-deep", format!("more than {} levels of arrays and objects", self.limits.depth));
            self.local(fault)?;
            self.skip_deep()?;
            return Ok(false);
        }
        if self.splitting && !object && self.stack.len() == 1 && self.current_key() == Some("objects") {
            self.in_items = true;
            self.out.has_objects = true;
        }
        if self.stack.is_empty() {
            self.out.is_object = object;
        }
        self.at += 1;
        self.stack.push(Frame { object, index: 0, keys_from: self.keys.len() });
        self.skip_space();
        match (object, self.peek()) {
            (true, Some(b'}')) | (false, Some(b']')) => {
                self.close()?;
                Ok(false)
            }
            (true, _) => self.key().map(|()| true),
            (false, _) => Ok(true),
        }
    }

    fn close(&mut self) -> Step<()> {
        if self.stack.last().is_some_and(|f| f.object)
            && let Err(broken) = self.unique_keys()
        {
            self.settle(broken)?;
        }
        if let Some(frame) = self.stack.pop() {
            self.keys.truncate(frame.keys_from);
        }
        if self.stack.len() == 1 {
            self.in_items = false;
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Step<()> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.syntax("a key in quotes"));
        }
        let (start, end, escaped) = self.string()?;
        let raw = self.bytes.get(start..end).unwrap_or(&[]);
        let hash = if escaped { hash(decoded(raw).as_bytes()) } else { hash(raw) };
        self.keys.push(Key { hash, start, end, escaped });
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.syntax("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    /// RFC 7493 section 2.3: no object has two members of one name, names compared after unescaping.
    fn unique_keys(&mut self) -> Result<(), Broken> {
        let from = self.stack.last().map_or(0, |f| f.keys_from);
        let bytes = self.bytes;
        let keys = self.keys.get_mut(from..).unwrap_or(&mut []);
        let twice = if keys.len() <= 12 {
            keys.iter().enumerate().find_map(|(i, a)| {
                let before = keys.get(..i).unwrap_or(&[]);
                before.iter().any(|b| a.hash == b.hash && same_key(bytes, a, b)).then_some(*a)
            })
        } else {
            keys.sort_unstable_by(|a, b| a.hash.cmp(&b.hash).then_with(|| key_text(bytes, a).cmp(&key_text(bytes, b))));
            keys.windows(2).find_map(|pair| match pair {
                [a, b] if a.hash == b.hash && same_key(bytes, a, b) => Some(*b),
                _ => None,
            })
        };
        let (count, limit) = (keys.len(), self.limits.members);
        if let Some(key) = twice {
            self.keys.push(key);
            return Err(Broken::Local(
                self.fault("duplicate-key", "the key stands twice in one object: send it once".into()),
            ));
        }
        if count > limit {
            let reason = format!("the object has {count} members and the limit is {limit}");
            return Err(Broken::Local(self.fault("too-many-members", reason)));
        }
        Ok(())
    }

    /// Steps over a string; gives the range between its quotes and whether it holds an escape.
    fn string(&mut self) -> Step<(usize, usize, bool)> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = plain_until(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    if let Err(broken) = self.escape() {
                        self.settle(broken)?;
                    }
                }
                Some(_) => return Err(self.syntax("no control character in a string (write it as an escape)")),
                None => return Err(self.syntax("the closing quote of a string")),
            }
        }
        let end = self.at;
        self.at += 1;
        if end - start > self.limits.string {
            let reason = format!("the string has {} bytes and the limit is {}", end - start, self.limits.string);
            let fault = self.fault("string-too-long", reason);
            self.local(fault)?;
        }
        Ok((start, end, escaped))
    }

    /// Steps over one escape, or over a pair of surrogates (RFC 8259 section 7; RFC 7493 section 2.1 refuses a lone one).
    fn escape(&mut self) -> Result<(), Broken> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => {
                let Some(unit) = self.hex4(self.at + 2) else {
                    return Err(Broken::Fatal(self.syntax("four hexadecimal digits after \\u")));
                };
                let low = (self.bytes.get(self.at + 6..self.at + 8) == Some(b"\\u"))
                    .then(|| self.hex4(self.at + 8))
                    .flatten();
                match (unit, low) {
                    (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => self.at += 12,
                    (0xd800..=0xdfff, _) => {
                        self.at += 6;
                        let reason = "half a surrogate pair is no character: send the whole pair".to_owned();
                        return Err(Broken::Local(self.fault("lone-surrogate", reason)));
                    }
                    _ => self.at += 6,
                }
                Ok(())
            }
            _ => Err(Broken::Fatal(self.syntax("one of the escapes of JSON after `\\`"))),
        }
    }

    fn hex4(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4)?;
        digits.iter().try_fold(0, |sum, b| Some(sum * 16 + char::from(*b).to_digit(16)?))
    }

    /// RFC 8259 section 6.
    /// Steps over a number. One that no double holds could not be read by whoever gets it next (RFC 8259 section 6, RFC 7493 section 2.2).
    fn number(&mut self) -> Step<()> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.syntax("a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.bytes.get(start..self.at).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("");
        let short = text.len() < DIGITS_SAFE && !text.contains(['e', 'E']);
        if !short && !text.parse::<f64>().is_ok_and(f64::is_finite) {
            let reason = "the number is larger than a double holds: send it as a string".to_owned();
            let fault = self.fault("number-range", reason);
            self.local(fault)?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Step<()> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == from { Err(self.syntax("a digit")) } else { Ok(()) }
    }

    fn literal(&mut self, word: &str) -> Step<bool> {
        if !self.bytes.get(self.at..).unwrap_or(&[]).starts_with(word.as_bytes()) {
            return Err(self.syntax("a value"));
        }
        self.at += word.len();
        Ok(false)
    }

    /// Steps over a value that is too deep, in constant memory: only brackets are counted and strings passed over.
    fn skip_deep(&mut self) -> Step<()> {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                Some(b'[' | b'{') => open += 1,
                Some(b']' | b'}') => {
                    open -= 1;
                    if open == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(_) => {}
                None => return Err(self.syntax("the end of an array or object")),
            }
            self.at += 1;
        }
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn current_key(&self) -> Option<&'a str> {
        let key = self.keys.last()?;
        self.text.get(key.start..key.end)
    }

    fn settle(&mut self, broken: Broken) -> Step<()> {
        match broken {
            Broken::Fatal(fault) => Err(fault),
            Broken::Local(fault) => self.local(fault),
        }
    }

    /// Keeps a fault with the element in which it stands; outside of any element it ends the scan.
    fn local(&mut self, fault: Fault) -> Step<()> {
        match &mut self.item {
            Some(item) => {
                item.fault.get_or_insert(fault);
                Ok(())
            }
            None => Err(fault),
        }
    }

    fn fault(&self, rule: &'static str, reason: String) -> Fault {
        // within an element the place counts from the element
        let skip = if self.item.is_some() { 2 } else { 0 };
        Fault::new(rule, self.pointer(skip), reason)
    }

    fn syntax(&self, expected: &str) -> Fault {
        let (line, column) = self.line_and_column();
        if self.at >= self.bytes.len() {
            let reason = format!(
                "the document ends at line {line}, column {column} where {expected} was expected: it is cut off"
            );
            return Fault::new("json-truncated", self.pointer(0), reason);
        }
        Fault::new("json-syntax", self.pointer(0), format!("expected {expected} at line {line}, column {column}"))
    }

    fn line_and_column(&self) -> (usize, usize) {
        let before = self.bytes.get(..self.at.min(self.bytes.len())).unwrap_or(&[]);
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        (line, column)
    }

    /// Where the scan stands, without the first `skip` levels.
    fn pointer(&self, skip: usize) -> String {
        let mut out = String::new();
        for (level, frame) in self.stack.iter().enumerate().skip(skip) {
            if frame.object {
                let end = self.stack.get(level + 1).map_or(self.keys.len(), |next| next.keys_from);
                if let Some(key) = end.checked_sub(1).filter(|i| *i >= frame.keys_from).and_then(|i| self.keys.get(i)) {
                    pointer_step(&mut out, &key_text(self.bytes, key));
                }
            } else {
                pointer_step(&mut out, &frame.index.to_string());
            }
        }
        out
    }
}

fn not_utf8(bytes: &[u8], at: usize) -> Fault {
    let guess = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => " (it looks like UTF-16)",
        _ => "",
    };
    Fault::new("not-utf8", "", format!("byte {at} is not UTF-8{guess}: save the document as UTF-8"))
}

/// The first position from `at` that holds `"`, `\` or a control character: eight bytes at a time.
pub(crate) fn plain_until(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let hit = control | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c));
        if hit != 0 {
            return at + hit.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|b| *b >= 0x20 && *b != b'"' && *b != b'\\') {
        at += 1;
    }
    at
}

/// A quick mixing of the bytes of a key. Collisions are resolved by comparing the keys themselves.
fn hash(bytes: &[u8]) -> u64 {
    let mut sum = bytes.len() as u64;
    let mut rest = bytes;
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        sum = (sum.rotate_left(5) ^ u64::from_le_bytes(*chunk)).wrapping_mul(0x517c_c1b7_2722_0a95);
        rest = tail;
    }
    rest.iter().fold(sum, |sum, b| (sum.rotate_left(5) ^ u64::from(*b)).wrapping_mul(0x517c_c1b7_2722_0a95))
}

fn same_key(bytes: &[u8], a: &Key, b: &Key) -> bool {
    key_text(bytes, a) == key_text(bytes, b)
}

fn key_text<'a>(bytes: &'a [u8], key: &Key) -> std::borrow::Cow<'a, str> {
    let raw = bytes.get(key.start..key.end).unwrap_or(&[]);
    if key.escaped { decoded(raw).into() } else { String::from_utf8_lossy(raw) }
}

fn decoded(raw: &[u8]) -> String {
    let mut quoted = Vec::with_capacity(raw.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(raw);
    quoted.push(b'"');
    serde_json::from_slice(&quoted).unwrap_or_else(|_| String::from_utf8_lossy(raw).into_owned())
}

#[cfg(test)]
mod tests;
