//! Regular expressions of `MATCHES` (STIX 2.1 section 9.6.1): the standard asks for PCRE, we run automata that are linear in the text.
//!
//! PCRE is read here and written again in the words of the `regex` crate, so that what differs between the two (`$` before a last line feed,
//! `[` in a class, `\v`, `\<`, a `{` that repeats nothing, …) means what PCRE means. What automata cannot do (look-around, back-references,
//! possessive and atomic groups, recursion) is [`Refusal::Unsupported`], never a wrong answer. There is no backtracking here and there shall
//! be none: a partner's expression must not be able to stop the hub.

use super::MAX_REGEX;
use unicode_normalization::UnicodeNormalization;

mod class;
mod group;

/// Bytes that one compiled expression may take.
const MAX_COMPILED: usize = 4 << 20;
/// Bytes of the tables it may build while it runs.
const MAX_TABLES: usize = 2 << 20;
/// Levels of groups.
const MAX_GROUPS: usize = 64;

/// Why an expression is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No PCRE either.
    Wrong(String),
    /// PCRE, and not for an automaton; or larger than what one expression may take.
    Unsupported(String),
}

impl Refusal {
    /// The sentence.
    pub fn reason(&self) -> &str {
        match self {
            Refusal::Wrong(reason) | Refusal::Unsupported(reason) => reason,
        }
    }
}

type Result<T> = std::result::Result<T, Refusal>;

/// Reads an expression without compiling it.
pub fn translate(text: &str) -> Result<String> {
    Reader::new(text, false)?.run()
}

/// Compiles an expression for text (NFC, DOTALL, Unicode).
pub(super) fn compile(text: &str) -> Result<::regex::Regex> {
    let normal: String = text.nfc().collect();
    let plain = translate(&normal)?;
    let built = ::regex::RegexBuilder::new(&plain)
        .dot_matches_new_line(true)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_TABLES)
        .build();
    built.map_err(|e| refused(&e))
}

/// Compiles an expression for octets: without Unicode, as section 9.6.1 asks for binary properties. `None` where a character of the
/// expression is no octet, so that it can match nothing (section 9.6.4).
pub(super) fn compile_bytes(text: &str) -> Result<Option<::regex::bytes::Regex>> {
    if text.chars().any(|c| u32::from(c) > 0xff) {
        return Ok(None);
    }
    let plain = Reader::new(text, true)?.run()?;
    let built = ::regex::bytes::RegexBuilder::new(&plain)
        .unicode(false)
        .dot_matches_new_line(true)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_TABLES)
        .build();
    built.map(Some).map_err(|e| refused(&e))
}

fn refused(error: &::regex::Error) -> Refusal {
    Refusal::Unsupported(match error {
        ::regex::Error::CompiledTooBig(limit) => {
            format!("the regular expression needs more than {limit} bytes: use fewer or smaller repetitions")
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or("").trim_start_matches("error: ").to_lowercase();
            format!("the regular expression cannot be run: {last}")
        }
    })
}

/// What is known of an open group, the outermost included.
#[derive(Clone, Copy, Default)]
struct Group {
    /// Flag `x`: white space and `#` comments do not count.
    extended: bool,
    /// Flag `m`.
    multiline: bool,
    /// A `$` ended one of its earlier branches.
    dollar_before: bool,
    /// A `$` stands last in the present branch.
    dollar: bool,
    /// The thing before can be repeated.
    repeatable: bool,
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    out: String,
    group: Group,
    outer: Vec<Group>,
    bytes: bool,
}

impl Reader {
    fn new(text: &str, bytes: bool) -> Result<Self> {
        if text.len() > MAX_REGEX {
            return Err(Refusal::Wrong(format!(
                "the regular expression has {} bytes and the limit is {MAX_REGEX}",
                text.len()
            )));
        }
        let out = String::with_capacity(text.len() * 2);
        Ok(Reader { chars: text.chars().collect(), at: 0, out, group: Group::default(), outer: Vec::new(), bytes })
    }

    fn run(mut self) -> Result<String> {
        while let Some(c) = self.take() {
            match c {
                '\\' => self.escape()?,
                '[' => {
                    self.atom()?;
                    self.class()?;
                }
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.out.push('|');
                    self.group.dollar_before |= self.group.dollar;
                    (self.group.dollar, self.group.repeatable) = (false, false);
                }
                '*' | '+' | '?' => self.repeat(&c.to_string())?,
                '{' => self.brace()?,
                '^' => {
                    self.atom()?;
                    self.out.push_str(if self.group.multiline { "(?m:^)" } else { "^" });
                }
                '$' if self.group.multiline => {
                    self.atom()?;
                    self.out.push_str("(?m:$)");
                }
                '$' => self.dollar(),
                '.' => {
                    self.atom()?;
                    self.out.push('.');
                }
                c if self.group.extended && c.is_ascii_whitespace() => {}
                '#' if self.group.extended => while self.take().is_some_and(|c| c != '\n') {},
                c => {
                    self.atom()?;
                    self.literal(c);
                }
            }
        }
        match self.outer.is_empty() {
            true => Ok(self.out),
            false => Err(self.wrong("a group `(` has no end")),
        }
    }

    fn take(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek(0) == Some(c);
        self.at += usize::from(found);
        found
    }

    fn wrong(&self, what: &str) -> Refusal {
        Refusal::Wrong(format!("not a regular expression of PCRE: {what}, at character {}", self.at))
    }

    fn unsupported(&self, what: &str) -> Refusal {
        Refusal::Unsupported(format!(
            "{what} at character {} of the regular expression is not run: it needs backtracking",
            self.at
        ))
    }

    /// Something that takes up text begins.
    fn atom(&mut self) -> Result<()> {
        if self.group.dollar {
            // `$` also stands before a last line feed, which we take with it: nothing may come after
            return Err(self.unsupported("what follows a `$`"));
        }
        self.group.repeatable = true;
        Ok(())
    }

    /// PCRE without multiline: at the end, or before a line feed that is the last character.
    fn dollar(&mut self) {
        self.out.push_str(r"(?:\n?\z)");
        (self.group.dollar, self.group.repeatable) = (true, true);
    }

    fn literal(&mut self, c: char) {
        let code = u32::from(c);
        if c.is_ascii_alphanumeric() {
            self.out.push(c);
        } else if code <= 0xff {
            self.out.push_str(&format!(r"\x{code:02X}"));
        } else {
            self.out.push_str(&format!(r"\x{{{code:X}}}"));
        }
    }

    fn repeat(&mut self, times: &str) -> Result<()> {
        if !self.group.repeatable {
            return Err(self.wrong("nothing stands before this to be repeated"));
        }
        if self.group.dollar {
            return Err(self.unsupported("a repeated `$`"));
        }
        self.out.push_str(times);
        self.group.repeatable = false;
        if self.eat('?') {
            self.out.push('?');
        } else if self.eat('+') {
            return Err(self.unsupported("a possessive repetition"));
        }
        Ok(())
    }

    /// `{n}`, `{n,}` and `{n,m}` repeat; any other `{` is itself.
    fn brace(&mut self) -> Result<()> {
        let end = self.chars.iter().skip(self.at).position(|c| *c == '}').map(|n| self.at + n);
        let inner: String = self.chars.get(self.at..end.unwrap_or(self.at)).unwrap_or(&[]).iter().collect();
        let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let (least, most) = inner.split_once(',').map_or((inner.as_str(), None), |(least, most)| (least, Some(most)));
        if least.is_empty() && most.is_some_and(is_number) {
            return Err(self.unsupported("`{,n}`, on which versions of PCRE disagree,"));
        }
        if !is_number(least) || most.is_some_and(|most| !most.is_empty() && !is_number(most)) {
            self.atom()?;
            self.literal('{');
            return Ok(());
        }
        let bound = |s: &str| s.parse::<u32>().ok().filter(|n| *n <= 65_535);
        let low = bound(least).ok_or_else(|| self.wrong("a repetition of more than 65535"))?;
        if let Some(most) = most.filter(|most| !most.is_empty()) {
            let high = bound(most).ok_or_else(|| self.wrong("a repetition of more than 65535"))?;
            if high < low {
                return Err(self.wrong("a repetition whose upper bound is below its lower"));
            }
        }
        self.at = end.unwrap_or(self.at) + 1;
        self.repeat(&format!("{{{inner}}}"))
    }

    fn escape(&mut self) -> Result<()> {
        let Some(c) = self.take() else { return Err(self.wrong("a backslash at the end")) };
        match c {
            'Q' => {
                while let Some(c) = self.take() {
                    if c == '\\' && self.eat('E') {
                        break;
                    }
                    self.atom()?;
                    self.literal(c);
                }
                return Ok(());
            }
            'E' => return Ok(()),
            'Z' => {
                self.dollar();
                return Ok(());
            }
            'A' | 'z' | 'b' | 'B' => {
                self.atom()?;
                self.out.push('\\');
                self.out.push(c);
                return Ok(());
            }
            'N' if self.peek(0) != Some('{') => {
                self.atom()?;
                self.out.push_str(r"[^\n]");
                return Ok(());
            }
            '1'..='9' | 'g' | 'k' => return Err(self.unsupported("a back-reference")),
            'G' | 'K' | 'R' | 'X' | 'C' => return Err(self.unsupported(&format!("`\\{c}`"))),
            _ => {}
        }
        self.atom()?;
        match self.escaped(c)? {
            class::Item::One(c) => self.literal(c),
            class::Item::Many(set) => self.out.push_str(&set),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
