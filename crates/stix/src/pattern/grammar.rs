//! The grammar of patterns (STIX 2.1 sections 9.3 to 9.7), by descent, with the rules that a grammar alone does not hold: one object type
//! under an AND, one type of constant in a set, qualifiers once each and with sense in them.
//!
//! A fault names the first word that cannot stand where it stands and the words that could.

use std::collections::BTreeSet;

use super::ast::{self, Check, Compare, Const, Join, Observe, Order, Path, Pattern, Qualifier, Step, Test};
use super::fault::PatternFault;
use super::lexer::{Lexer, Spot, Token};
use super::net::Net;
use super::{MAX_COMPARISONS, MAX_DEPTH, MAX_LENGTH, MAX_STEPS, regex};
use crate::{Class, Timestamp, id};

type Result<T> = std::result::Result<T, PatternFault>;

const CONSTANT: [&str; 7] = ["a string", "a number", "true", "false", "h'…'", "b'…'", "t'…'"];
const ORDERED: [&str; 5] = ["a string", "a number", "h'…'", "b'…'", "t'…'"];
const OPERATOR: [&str; 13] = [
    "`=`",
    "`!=`",
    "`<`",
    "`<=`",
    "`>`",
    "`>=`",
    "IN",
    "LIKE",
    "MATCHES",
    "ISSUBSET",
    "ISSUPERSET",
    "NOT",
    "the rest of the path",
];
const AFTER_OBSERVATION: [&str; 6] = ["AND", "OR", "FOLLOWEDBY", "WITHIN", "REPEATS", "START"];
const KEYWORDS: [&str; 18] = [
    "AND",
    "OR",
    "NOT",
    "FOLLOWEDBY",
    "IN",
    "LIKE",
    "MATCHES",
    "ISSUBSET",
    "ISSUPERSET",
    "EXISTS",
    "WITHIN",
    "SECONDS",
    "REPEATS",
    "TIMES",
    "START",
    "STOP",
    "TRUE",
    "FALSE",
];

pub(super) fn parse(text: &str) -> Result<Pattern> {
    if text.len() > MAX_LENGTH {
        let reason = format!("the pattern has {} bytes and the limit is {MAX_LENGTH}", text.len());
        return Err(PatternFault::new("pattern-limit", text, MAX_LENGTH, reason));
    }
    let mut lexer = Lexer::new(text);
    let now = lexer.next();
    let mut parser = Parser { lexer, now, depth: 0, size: 0 };
    let root = parser.observations()?;
    match parser.now.token {
        Token::End => Ok(Pattern { root }),
        _ => Err(parser.unexpected(&[AFTER_OBSERVATION.as_slice(), &["the end"]].concat())),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    now: Spot<'a>,
    depth: usize,
    size: usize,
}

/// A comparison with the types of object that may satisfy it.
struct Typed<'a> {
    compare: Compare,
    kinds: BTreeSet<&'a str>,
}

impl<'a> Parser<'a> {
    fn text(&self) -> &'a str {
        self.lexer.text
    }

    fn fault(&self, rule: &'static str, at: usize, reason: impl Into<String>) -> PatternFault {
        PatternFault::new(rule, self.text(), at, reason)
    }

    /// The present word, which cannot stand here.
    fn unexpected(&self, expected: &[&'static str]) -> PatternFault {
        let word = self.text().get(self.now.at..self.now.end).unwrap_or("");
        let mut reason = match &self.now.token {
            // a constant that begins right and goes wrong is not a matter of what could stand there
            Token::Wrong(fault) if fault.rule == "pattern-constant" => return (**fault).clone(),
            Token::Wrong(fault) => return (**fault).clone().expecting(expected),
            Token::End => "the pattern ends".to_owned(),
            _ => format!("found `{}`", id::cut(word)),
        };
        if let Token::Name(name) = self.now.token
            && !KEYWORDS.contains(&name)
            && KEYWORDS.iter().any(|keyword| name.eq_ignore_ascii_case(keyword) && expected.contains(keyword))
        {
            reason.push_str(": keywords are written in capitals");
        }
        self.fault("pattern-syntax", self.now.at, reason).expecting(expected)
    }

    fn advance(&mut self) -> Spot<'a> {
        let next = self.lexer.next();
        std::mem::replace(&mut self.now, next)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.now.token, Token::Sign(s) if s == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.now.token, Token::Name(name) if name == word)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.advance();
        }
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault(
                "pattern-limit",
                self.now.at,
                format!("more than {MAX_DEPTH} levels of parentheses"),
            ));
        }
        Ok(())
    }

    fn count(&mut self, at: usize) -> Result<()> {
        self.size += 1;
        if self.size > MAX_COMPARISONS {
            let reason =
                format!("more than {MAX_COMPARISONS} comparisons and constants: make several indicators of it");
            return Err(self.fault("pattern-limit", at, reason));
        }
        Ok(())
    }

    /// Section 9.5.3: FOLLOWEDBY binds loosest, then OR, then AND.
    fn observations(&mut self) -> Result<Observe> {
        self.joined(Join::FollowedBy)
    }

    fn joined(&mut self, join: Join) -> Result<Observe> {
        let mut parts = Vec::new();
        loop {
            parts.push(match join {
                Join::FollowedBy => self.joined(Join::Or)?,
                Join::Or => self.joined(Join::And)?,
                Join::And => self.observation()?,
            });
            if !self.take_word(join.word()) {
                break;
            }
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                Ok(Observe::Join(join, parts))
            }
            None => Err(self.unexpected(&["`[`", "`(`"])),
        }
    }

    fn observation(&mut self) -> Result<Observe> {
        let inner = if self.take_sign("[") {
            let typed = self.comparisons()?;
            if !self.take_sign("]") {
                return Err(self.unexpected(&["AND", "OR", "`]`"]));
            }
            Observe::One(typed.compare)
        } else if self.is_sign("(") {
            self.deeper()?;
            self.advance();
            let inner = self.observations()?;
            if !self.take_sign(")") {
                return Err(self.unexpected(&[AFTER_OBSERVATION.as_slice(), &["`)`"]].concat()));
            }
            self.depth -= 1;
            inner
        } else {
            return Err(self.unexpected(&["`[`", "`(`"]));
        };
        let qualifiers = self.qualifiers()?;
        Ok(if qualifiers.is_empty() { inner } else { Observe::Qualified(Box::new(inner), qualifiers) })
    }

    fn qualifiers(&mut self) -> Result<Vec<Qualifier>> {
        let mut found: Vec<Qualifier> = Vec::new();
        loop {
            let at = self.now.at;
            let qualifier = if self.take_word("WITHIN") {
                self.within()?
            } else if self.take_word("REPEATS") {
                self.repeats()?
            } else if self.take_word("START") {
                self.between()?
            } else {
                return Ok(found);
            };
            // section 9.5.1: none of a kind twice
            if found.iter().any(|other| std::mem::discriminant(other) == std::mem::discriminant(&qualifier)) {
                let reason = "a second qualifier of the same kind: put the first with its expression in parentheses";
                return Err(self.fault("pattern-qualifier", at, reason));
            }
            found.push(qualifier);
        }
    }

    fn within(&mut self) -> Result<Qualifier> {
        let spot = self.now.clone();
        let seconds = match spot.token {
            Token::Integer(n) => n as f64,
            Token::Float(n) => n,
            _ => return Err(self.unexpected(&["a positive number"])),
        };
        if seconds <= 0.0 {
            return Err(self.fault("pattern-qualifier", spot.at, "WITHIN needs a number above 0"));
        }
        self.advance();
        match self.take_word("SECONDS") {
            true => Ok(Qualifier::Within(seconds)),
            false => Err(self.unexpected(&["SECONDS"])),
        }
    }

    fn repeats(&mut self) -> Result<Qualifier> {
        let spot = self.now.clone();
        let Token::Integer(times) = spot.token else { return Err(self.unexpected(&["a positive integer"])) };
        let Some(times) = u64::try_from(times).ok().filter(|times| *times > 0) else {
            return Err(self.fault("pattern-qualifier", spot.at, "REPEATS needs an integer above 0"));
        };
        self.advance();
        match self.take_word("TIMES") {
            true => Ok(Qualifier::Repeats(times)),
            false => Err(self.unexpected(&["TIMES"])),
        }
    }

    fn between(&mut self) -> Result<Qualifier> {
        let start = self.timestamp()?;
        if !self.take_word("STOP") {
            return Err(self.unexpected(&["STOP"]));
        }
        let at = self.now.at;
        let stop = self.timestamp()?;
        // an observation has a time >= START and < STOP: with STOP at or before START there is none
        if Timestamp::parse(start) >= Timestamp::parse(stop) {
            return Err(self.fault("pattern-qualifier", at, "STOP is not after START, so nothing could ever match"));
        }
        Ok(Qualifier::Between(start.to_owned(), stop.to_owned()))
    }

    fn timestamp(&mut self) -> Result<&'a str> {
        let Token::Time(text) = self.now.token else { return Err(self.unexpected(&["t'…'"])) };
        self.advance();
        Ok(text)
    }

    /// Section 9.6: OR binds looser than AND.
    fn comparisons(&mut self) -> Result<Typed<'a>> {
        let mut first = self.conjunction()?;
        let mut parts = Vec::new();
        while self.take_word("OR") {
            let mut next = self.conjunction()?;
            first.kinds.append(&mut next.kinds);
            parts.push(next.compare);
        }
        if !parts.is_empty() {
            parts.insert(0, first.compare);
            first.compare = Compare::Any(parts);
        }
        Ok(first)
    }

    fn conjunction(&mut self) -> Result<Typed<'a>> {
        let mut first = self.comparison()?;
        let mut parts = Vec::new();
        while self.take_word("AND") {
            let at = self.now.at;
            let next = self.comparison()?;
            // section 9.5: one object must be able to satisfy all operands of an AND
            let both: BTreeSet<&str> = first.kinds.intersection(&next.kinds).copied().collect();
            if both.is_empty() {
                let (left, right) = (first.kinds.iter().next(), next.kinds.iter().next());
                let reason = format!(
                    "`{}` and `{}` cannot be the same object, and AND joins what is said of one object: use OR, or AND between two `[ ]`",
                    id::cut(left.unwrap_or(&"")),
                    id::cut(right.unwrap_or(&""))
                );
                return Err(self.fault("pattern-object-type", at, reason));
            }
            first.kinds = both;
            parts.push(next.compare);
        }
        if !parts.is_empty() {
            parts.insert(0, first.compare);
            first.compare = Compare::All(parts);
        }
        Ok(first)
    }

    fn comparison(&mut self) -> Result<Typed<'a>> {
        if self.is_sign("(") {
            self.deeper()?;
            self.advance();
            let inner = self.comparisons()?;
            if !self.take_sign(")") {
                return Err(self.unexpected(&["AND", "OR", "`)`"]));
            }
            self.depth -= 1;
            return Ok(inner);
        }
        self.count(self.now.at)?;
        let not_at = self.now.at;
        let negated = self.take_word("NOT");
        if self.take_word("EXISTS") {
            let (kind, path) = self.path()?;
            return Ok(typed(kind, Test { path, negated, check: Check::Exists }));
        }
        if negated {
            let reason = "NOT stands between a path and its operator, or before EXISTS";
            return Err(self.fault("pattern-syntax", not_at, reason).expecting(&["an object type", "EXISTS", "`(`"]));
        }
        let (kind, path) = self.path()?;
        let negated = self.take_word("NOT");
        let check = self.check(&path)?;
        Ok(typed(kind, Test { path, negated, check }))
    }

    /// Section 9.7.
    fn path(&mut self) -> Result<(&'a str, Path)> {
        let Token::Name(kind) = self.now.token else {
            return Err(self.unexpected(&["an object type", "EXISTS", "`(`"]));
        };
        self.advance();
        if !self.take_sign(":") {
            return Err(self.unexpected(&["`:`"]));
        }
        let mut steps = vec![self.key()?];
        loop {
            let at = self.now.at;
            if self.take_sign(".") {
                steps.push(self.key()?);
            } else if self.take_sign("[") {
                steps.push(self.item()?);
            } else {
                return Ok((kind, Path { kind: kind.to_owned(), steps }));
            }
            if steps.len() > MAX_STEPS {
                return Err(self.fault("pattern-limit", at, format!("more than {MAX_STEPS} steps in one path")));
            }
        }
    }

    fn key(&mut self) -> Result<Step> {
        let key = match &self.now.token {
            Token::Name(name) if ast::is_plain_name(name) => (*name).to_owned(),
            Token::Name(name) => {
                // section 9.7, property_name
                let reason = format!("a name with a hyphen stands in apostrophes: write '{}'", id::cut(name));
                return Err(self.fault("pattern-syntax", self.now.at, reason));
            }
            Token::Text(name) => name.clone(),
            _ => return Err(self.unexpected(&["a property name", "a name in apostrophes"])),
        };
        self.advance();
        Ok(Step::Key(key))
    }

    /// Section 9.7.2: an index from 0, or `*`.
    fn item(&mut self) -> Result<Step> {
        let step = match self.now.token {
            Token::Integer(n) => u64::try_from(n).ok().map(Step::Item),
            Token::Sign("*") => Some(Step::Any),
            _ => None,
        };
        let Some(step) = step else { return Err(self.unexpected(&["an index from 0", "`*`"])) };
        self.advance();
        match self.take_sign("]") {
            true => Ok(step),
            false => Err(self.unexpected(&["`]`"])),
        }
    }

    /// Section 9.6.1.
    fn check(&mut self, path: &Path) -> Result<Check> {
        let operator = match self.now.token {
            Token::Sign(sign @ ("=" | "!=" | "<" | "<=" | ">" | ">=")) => sign,
            Token::Name(word @ ("IN" | "LIKE" | "MATCHES" | "ISSUBSET" | "ISSUPERSET")) => word,
            _ => return Err(self.unexpected(&OPERATOR)),
        };
        let operator_at = self.advance().at;
        let order = |parser: &mut Self, order| Ok(Check::Order(order, parser.constant(&ORDERED)?));
        match operator {
            "=" => Ok(Check::Equal(self.constant(&CONSTANT)?)),
            "!=" => Ok(Check::Unequal(self.constant(&CONSTANT)?)),
            "<" => order(self, Order::Less),
            "<=" => order(self, Order::AtMost),
            ">" => order(self, Order::Greater),
            ">=" => order(self, Order::AtLeast),
            "IN" => self.set(),
            "LIKE" => Ok(Check::Like(self.string()?.0)),
            "MATCHES" => {
                let (text, at) = self.string()?;
                match regex::translate(&text) {
                    Err(regex::Refusal::Wrong(reason)) => Err(self.fault("pattern-regex", at, reason)),
                    _ => Ok(Check::Matches(text)),
                }
            }
            _ => {
                let (text, net) = self.block(path, operator_at)?;
                Ok(if operator == "ISSUBSET" { Check::Subset(text, net) } else { Check::Superset(text, net) })
            }
        }
    }

    fn string(&mut self) -> Result<(String, usize)> {
        let Token::Text(_) = self.now.token else { return Err(self.unexpected(&["a string"])) };
        let spot = self.advance();
        match spot.token {
            Token::Text(text) => Ok((text, spot.at)),
            _ => Ok((String::new(), spot.at)),
        }
    }

    fn constant(&mut self, allowed: &[&'static str]) -> Result<Const> {
        let constant = match &self.now.token {
            Token::Text(text) => Const::Text(text.clone()),
            Token::Hex(bytes) => Const::Hex(bytes.clone()),
            Token::Binary(bytes) => Const::Binary(bytes.clone()),
            Token::Time(text) => Const::Time((*text).to_owned()),
            Token::Integer(value) => Const::Integer(*value),
            Token::Float(value) => Const::Float(*value),
            Token::Name(word @ ("true" | "false")) if allowed.contains(word) => Const::Bool(*word == "true"),
            _ => return Err(self.unexpected(allowed)),
        };
        self.advance();
        Ok(constant)
    }

    fn set(&mut self) -> Result<Check> {
        if !self.take_sign("(") {
            return Err(self.unexpected(&["`(`"]));
        }
        let mut values: Vec<Const> = Vec::new();
        if self.take_sign(")") {
            return Ok(Check::In(values));
        }
        loop {
            let at = self.now.at;
            self.count(at)?;
            let value = self.constant(&CONSTANT)?;
            // section 9.6.1, IN: constants of one data type
            if let Some(first) = values.first()
                && first.type_name() != value.type_name()
            {
                let reason = format!(
                    "a set has constants of one type: this is of type {} and the first of type {}",
                    value.type_name(),
                    first.type_name()
                );
                return Err(self.fault("pattern-constant", at, reason));
            }
            values.push(value);
            if self.take_sign(")") {
                return Ok(Check::In(values));
            }
            if !self.take_sign(",") {
                return Err(self.unexpected(&["`,`", "`)`"]));
            }
        }
    }

    /// Section 9.6.1, ISSUBSET and ISSUPERSET: the path ends in the value of an address, the constant is one of the same family. The type of what
    /// a reference or a custom type leads to is not known here.
    fn block(&mut self, path: &Path, operator_at: usize) -> Result<(String, Net)> {
        let is_value = matches!(path.steps.last(), Some(Step::Key(key)) if key == "value");
        let is_direct = path.steps.len() == 1;
        let v6 = match path.kind.as_str() {
            "ipv4-addr" if is_direct && is_value => Some(false),
            "ipv6-addr" if is_direct && is_value => Some(true),
            kind if Class::of(kind) == Class::Observable && (is_direct || !is_value) => {
                let reason = "only the `value` of an ipv4-addr or ipv6-addr is a set of addresses";
                return Err(self.fault("pattern-object-type", operator_at, reason));
            }
            _ => None,
        };
        let (text, at) = self.string()?;
        let Some(net) = Net::parse(&text) else {
            let reason = format!("`{}` is neither an address nor a block in CIDR notation", id::cut(&text));
            return Err(self.fault("pattern-constant", at, reason));
        };
        if v6.is_some_and(|v6| v6 != net.v6) {
            let reason = format!("`{}` is of the other family of addresses than `{}`", id::cut(&text), path.kind);
            return Err(self.fault("pattern-constant", at, reason));
        }
        Ok((text, net))
    }
}

fn typed(kind: &str, test: Test) -> Typed<'_> {
    Typed { compare: Compare::Test(test), kinds: BTreeSet::from([kind]) }
}
