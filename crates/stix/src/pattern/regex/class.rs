//! Escapes and character classes of a regular expression, as PCRE reads them with Unicode properties on (for text) or off (for octets).

use super::{Reader, Result};

/// What an escape or a member of a class stands for.
pub(super) enum Item {
    /// One character.
    One(char),
    /// A set, in the words of the `regex` crate; it may stand by itself or in a class.
    Many(String),
}

impl Reader {
    /// What follows a backslash, here and in classes; `c` has been taken.
    pub(super) fn escaped(&mut self, c: char) -> Result<Item> {
        let one = |c| Ok(Item::One(c));
        match c {
            'a' => one('\x07'),
            'e' => one('\x1b'),
            'f' => one('\x0c'),
            'n' => one('\n'),
            'r' => one('\r'),
            't' => one('\t'),
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => Ok(Item::Many(format!("\\{c}"))),
            'h' | 'H' | 'v' | 'V' => Ok(Item::Many(self.space(c))),
            'p' | 'P' => self.property(c == 'P'),
            'x' => self.hexadecimal(),
            'c' => match self.take() {
                Some(key) if (' '..='~').contains(&key) => {
                    one(char::from(u8::try_from(u32::from(key.to_ascii_uppercase())).unwrap_or(0) ^ 0x40))
                }
                _ => Err(self.wrong("what follows `\\c`")),
            },
            'o' if self.peek(0) == Some('{') => {
                self.at += 1;
                let digits = self.until('}')?;
                self.code(u32::from_str_radix(&digits, 8).ok())
            }
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.peek(0).and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    self.at += 1;
                }
                self.code(Some(code))
            }
            c if c.is_ascii_alphanumeric() => {
                Err(self.unsupported(&format!("`\\{c}`, which means different things to versions of PCRE,")))
            }
            c => one(c),
        }
    }

    fn code(&self, code: Option<u32>) -> Result<Item> {
        let c = code.and_then(char::from_u32).filter(|c| !self.bytes || u32::from(*c) <= 0xff);
        c.map(Item::One).ok_or_else(|| self.wrong("the number of a character that does not exist"))
    }

    fn until(&mut self, end: char) -> Result<String> {
        let mut out = String::new();
        while let Some(c) = self.take() {
            if c == end {
                return Ok(out);
            }
            out.push(c);
        }
        Err(self.wrong("a `{` without its end"))
    }

    /// `\xhh` with up to two digits, `\x{h…}`.
    fn hexadecimal(&mut self) -> Result<Item> {
        if self.eat('{') {
            let digits = self.until('}')?;
            return self.code(u32::from_str_radix(digits.trim(), 16).ok());
        }
        let mut code = 0;
        for _ in 0..2 {
            let Some(digit) = self.peek(0).and_then(|c| c.to_digit(16)) else { break };
            code = code * 16 + digit;
            self.at += 1;
        }
        self.code(Some(code))
    }

    /// Horizontal and vertical white space.
    fn space(&self, c: char) -> String {
        let set = match (c.to_ascii_lowercase(), self.bytes) {
            ('h', false) => r"\t\x20\xA0\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}",
            ('h', true) => r"\t\x20\xA0",
            (_, false) => r"\n\x0B\x0C\r\x85\x{2028}\x{2029}",
            (_, true) => r"\n\x0B\x0C\r\x85",
        };
        format!("[{}{set}]", if c.is_ascii_uppercase() { "^" } else { "" })
    }

    /// `\pL`, `\p{Name}`, `\p{^Name}`.
    fn property(&mut self, negated: bool) -> Result<Item> {
        if self.bytes {
            return Err(self.unsupported("a Unicode property on octets"));
        }
        let name = match self.take() {
            Some('{') => self.until('}')?,
            Some(c) if c.is_ascii_alphabetic() => c.to_string(),
            _ => return Err(self.wrong("what follows `\\p`")),
        };
        let (name, negated) = match name.strip_prefix('^') {
            Some(name) => (name.to_owned(), !negated),
            None => (name, negated),
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '&' | ' ' | '-')) {
            return Err(self.wrong("the name of a Unicode property"));
        }
        let not = if negated { "^" } else { "" };
        Ok(Item::Many(match name.as_str() {
            "L&" => format!(r"[{not}\p{{Lu}}\p{{Ll}}\p{{Lt}}]"),
            "Xan" => format!(r"[{not}\p{{L}}\p{{N}}]"),
            "Xwd" => format!(r"[{not}\p{{L}}\p{{N}}_]"),
            "Xps" | "Xsp" => format!(r"[{not}\s]"),
            name => format!(r"\{}{{{name}}}", if negated { 'P' } else { 'p' }),
        }))
    }

    /// `[…]`; the bracket has been taken.
    pub(super) fn class(&mut self) -> Result<()> {
        self.out.push('[');
        if self.eat('^') {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let Some(c) = self.take() else { return Err(self.wrong("a class `[` has no end")) };
            if c == ']' && !is_first {
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            let low = match self.member(c)? {
                Item::One(low) => low,
                Item::Many(set) => {
                    self.out.push_str(&set);
                    continue;
                }
            };
            self.literal(low);
            // a hyphen before the end, or before a set, is itself
            if self.peek(0) != Some('-') || matches!(self.peek(1), Some(']') | None) {
                continue;
            }
            let hyphen = self.at;
            self.at += 1;
            let Some(c) = self.take() else { continue };
            match self.member(c)? {
                Item::One(high) if high < low => {
                    return Err(self.wrong("a range of a class whose end is before its start"));
                }
                Item::One(high) => {
                    self.out.push('-');
                    self.literal(high);
                }
                Item::Many(_) => {
                    self.at = hyphen + 1;
                    self.literal('-');
                }
            }
        }
    }

    fn member(&mut self, c: char) -> Result<Item> {
        match c {
            '\\' => match self.take() {
                None => Err(self.wrong("a class `[` has no end")),
                Some('b') => Ok(Item::One('\x08')),
                Some(c @ ('Q' | 'E' | 'N' | 'R' | 'X' | 'B')) => Err(self.unsupported(&format!("`\\{c}` in a class"))),
                Some(c) => self.escaped(c),
            },
            '[' if matches!(self.peek(0), Some(':' | '.' | '=')) => self.posix(),
            c => Ok(Item::One(c)),
        }
    }

    /// `[:name:]` and `[:^name:]` within a class. Without its end the bracket is itself.
    fn posix(&mut self) -> Result<Item> {
        let sign = self.peek(0).unwrap_or(':');
        let rest = self.chars.get(self.at + 1..).unwrap_or(&[]);
        let length = rest.iter().position(|c| *c == ']' || *c == '[').unwrap_or(0);
        let is_closed = length > 0 && rest.get(length) == Some(&']') && rest.get(length - 1) == Some(&sign);
        if !is_closed {
            return Ok(Item::One('['));
        }
        let name: String = rest.get(..length - 1).unwrap_or(&[]).iter().collect();
        let (name, not) = name.strip_prefix('^').map_or((name.as_str(), ""), |name| (name, "^"));
        if sign != ':' {
            return Err(self.wrong("a collating element"));
        }
        let set = match (name, self.bytes) {
            ("alnum", false) => r"\p{L}\p{N}",
            ("alpha", false) => r"\p{L}",
            ("blank", false) => r"\t\x20\xA0\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}",
            ("cntrl", false) => r"\p{Cc}",
            ("digit", false) => r"\p{Nd}",
            ("lower", false) => r"\p{Ll}",
            ("upper", false) => r"\p{Lu}",
            ("punct", false) => r"\p{P}\x24\x2B\x3C-\x3E\x5E\x60\x7C\x7E",
            ("space", false) => r"\s",
            ("word", false) => r"\p{L}\p{N}_",
            ("graph" | "print", false) => return Err(self.unsupported(&format!("`[:{name}:]`"))),
            ("ascii", _) => r"\x00-\x7F",
            ("xdigit", _) => "0-9A-Fa-f",
            (
                "alnum" | "alpha" | "blank" | "cntrl" | "digit" | "graph" | "lower" | "print" | "punct" | "space"
                | "upper" | "word",
                true,
            ) => {
                self.at += length + 2;
                return Ok(Item::Many(format!("[:{not}{name}:]")));
            }
            _ => return Err(self.wrong("the name of a POSIX class")),
        };
        self.at += length + 2;
        Ok(Item::Many(format!("[{not}{set}]")))
    }
}
