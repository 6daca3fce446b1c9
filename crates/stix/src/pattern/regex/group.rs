//! Groups of a regular expression: which of PCRE's kinds an automaton can do, and the flags.

use super::{Group, MAX_GROUPS, Reader, Result};

impl Reader {
    pub(super) fn open(&mut self) -> Result<()> {
        if self.peek(0) == Some('*') {
            return Err(self.unsupported("a verb `(*…)`"));
        }
        if !self.eat('?') {
            return self.enter("(?:");
        }
        let Some(c) = self.take() else { return Err(self.wrong("a group `(?` has no end")) };
        match (c, self.peek(0)) {
            ('#', _) => loop {
                match self.take() {
                    Some(')') => return Ok(()),
                    Some(_) => {}
                    None => return Err(self.wrong("a comment `(?#` has no end")),
                }
            },
            // numbers of groups mean nothing here, so a branch reset is a plain group
            (':' | '|', _) => self.enter("(?:"),
            ('=' | '!', _) | ('<', Some('=' | '!')) => Err(self.unsupported("look-around")),
            ('>', _) => Err(self.unsupported("an atomic group")),
            ('<', _) => self.named('>'),
            ('\'', _) => self.named('\''),
            ('P', Some('<')) => {
                self.at += 1;
                self.named('>')
            }
            ('P', Some('=')) => Err(self.unsupported("a back-reference")),
            ('P', Some('>')) | ('R' | '&' | '+' | '0'..='9', _) | ('-', Some('0'..='9')) => {
                Err(self.unsupported("a recursion"))
            }
            ('(', _) => Err(self.unsupported("a conditional group")),
            ('C', _) => Err(self.unsupported("a callout")),
            ('^', _) => Err(self.unsupported("`(?^`")),
            _ => {
                self.at -= 1;
                self.flags()
            }
        }
    }

    fn named(&mut self, end: char) -> Result<()> {
        let start = self.at;
        while let Some(c) = self.take() {
            if c == end && self.at > start + 1 {
                return self.enter("(?:");
            }
            if !(c.is_alphanumeric() || c == '_') {
                break;
            }
        }
        Err(self.wrong("the name of a group"))
    }

    /// `(?flags)` and `(?flags:…)`.
    fn flags(&mut self) -> Result<()> {
        let (mut on, mut off, mut is_on) = (String::new(), String::new(), true);
        let mut group = self.group;
        while let Some(c) = self.take() {
            match c {
                '-' if is_on => is_on = false,
                'i' | 's' | 'U' => (if is_on { &mut on } else { &mut off }).push(c),
                'm' => group.multiline = is_on,
                'x' if self.peek(0) == Some('x') => return Err(self.unsupported("the flag `xx`")),
                'x' => group.extended = is_on,
                // both are about the names and numbers of groups
                'n' | 'J' => {}
                ')' | ':' => {
                    on.retain(|c| !off.contains(c));
                    let minus = if off.is_empty() { "" } else { "-" };
                    let flags = format!("{}{minus}{}", unique(&on), unique(&off));
                    if c == ')' {
                        (self.group.multiline, self.group.extended) = (group.multiline, group.extended);
                        self.group.repeatable = false;
                        if !flags.is_empty() {
                            self.out.push_str(&format!("(?{flags})"));
                        }
                        return Ok(());
                    }
                    self.enter(&format!("(?{flags}:"))?;
                    (self.group.multiline, self.group.extended) = (group.multiline, group.extended);
                    return Ok(());
                }
                _ => break,
            }
        }
        Err(self.wrong("what follows `(?`"))
    }

    fn enter(&mut self, opening: &str) -> Result<()> {
        self.atom()?;
        if self.outer.len() >= MAX_GROUPS {
            return Err(self.wrong("more levels of groups than we read"));
        }
        self.out.push_str(opening);
        self.outer.push(self.group);
        let Group { extended, multiline, .. } = self.group;
        self.group = Group { extended, multiline, ..Group::default() };
        Ok(())
    }

    pub(super) fn close(&mut self) -> Result<()> {
        let Some(mut outer) = self.outer.pop() else { return Err(self.wrong("a `)` without its `(`")) };
        self.out.push(')');
        outer.dollar = self.group.dollar || self.group.dollar_before;
        outer.repeatable = true;
        self.group = outer;
        Ok(())
    }
}

fn unique(flags: &str) -> String {
    ['i', 's', 'U'].into_iter().filter(|flag| flags.contains(*flag)).collect()
}
