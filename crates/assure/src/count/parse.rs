//! From tokens to a program, by recursive descent. What a word means (a field, an option) is for `check`.
use crate::count::lex::{Kind, Token, tokens};
use crate::count::{
    Arithmetic, Expr, Fault, Operand, Order, Path, Program, Quantity, Relation, Source, Span, Test, When,
};

/// Words that begin a clause, in their order.
const CLAUSES: [&str; 10] =
    ["each", "with", "during", "standing", "where", "leaving", "once", "weighing", "counting", "beside"];
/// Words of conditions.
const WORDS: [&str; 23] = [
    "and", "or", "not", "is", "has", "in", "before", "after", "within", "some", "every", "no", "at", "least", "whose",
    "this", "it", "period", "today", "yes", "on", "because", "days",
];
/// Conditions within conditions.
const DEPTH_MAX: usize = 20;
/// Conditions on what a thing links to, within one another: each multiplies the cost by what is linked.
const NEST_MAX: usize = 2;

/// Words that no field may be called.
pub(crate) fn is_reserved(word: &str) -> bool {
    CLAUSES.contains(&word) || WORDS.contains(&word)
}

/// Reads a counting text.
///
/// # Errors
/// The first thing that cannot be read, with its place.
pub fn parse(text: &str) -> Result<Program, Fault> {
    let tokens = tokens(text)?;
    Parser { text, tokens, at: 0, depth: 0, nested: 0 }.program()
}

fn path(word: &str, span: Span) -> Path {
    Path { names: word.split('.').map(str::to_owned).collect(), span, ..Path::default() }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    nested: usize,
}

type Parsed<T> = Result<T, Fault>;

impl Parser<'_> {
    fn program(&mut self) -> Parsed<Program> {
        self.need("each")?;
        let each = self.name("a kind of record, or partner")?.names.join(".");
        let with = if self.takes("with") { Some(self.with()?) } else { None };
        let when = self.when()?;
        let population = if self.takes("where") { self.parts()? } else { Vec::new() };
        let mut out = Vec::new();
        while self.takes("leaving") {
            self.need("out")?;
            let expr = self.expr()?;
            self.need("because")?;
            out.push((expr, self.quoted()?));
        }
        let mut once = Vec::new();
        if self.takes("once") {
            self.need("per")?;
            once.push(self.name("a field")?);
            while self.takes_sign(",") {
                once.push(self.name("a field")?);
            }
        }
        let weight = if self.takes("weighing") { Some(self.operand()?) } else { None };
        let counting = if self.takes("counting") { self.parts()? } else { Vec::new() };
        let mut beside = Vec::new();
        while self.takes("beside") {
            let name = self.name("a name for what stands beside")?.names.join(".");
            self.need_sign(":")?;
            beside.push((name, self.expr()?));
        }
        if self.now().kind != Kind::End {
            let order = "each, with, during or standing, where, leaving out, once per, weighing, counting, beside";
            return Err(self.fault(
                "count-clause",
                format!("{} is not expected here; the clauses are, in this order: {order}", self.shown()),
            ));
        }
        Ok(Program { text: self.text.to_owned(), each, with, when, population, out, once, weight, counting, beside })
    }

    fn with(&mut self) -> Parsed<(String, Path)> {
        self.need("each")?;
        let name = self.name("a name for one entry")?.names.join(".");
        self.need("in")?;
        Ok((name, self.name("a field that is a list")?))
    }

    fn when(&mut self) -> Parsed<When> {
        if self.takes("during") {
            self.need("period")?;
            self.need("by")?;
            return Ok(When::During(self.name("the field with the day")?));
        }
        if self.takes("standing") {
            for word in ["at", "period", "end"] {
                self.need(word)?;
            }
            return Ok(When::Standing);
        }
        Err(self.fault("count-when", "say `during period by FIELD` or `standing at period end`"))
    }

    /// A condition as its parts, each with its place; one part where it is no chain of `and`.
    fn parts(&mut self) -> Parsed<Vec<Test>> {
        let from = self.at;
        let mut parts = vec![self.part()?];
        while self.takes("and") {
            parts.push(self.part()?);
        }
        if !self.is("or") {
            return Ok(parts);
        }
        self.at = from;
        Ok(vec![self.spanned(Self::expr)?])
    }

    fn part(&mut self) -> Parsed<Test> {
        self.spanned(Self::negation)
    }

    fn spanned(&mut self, read: fn(&mut Self) -> Parsed<Expr>) -> Parsed<Test> {
        let from = self.now().span.from;
        let expr = read(self)?;
        let to = self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(from, |token| token.span.to);
        Ok(Test { expr, span: Span { from, to } })
    }

    fn expr(&mut self) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.fault("count-deep", format!("more than {DEPTH_MAX} conditions within one another")));
        }
        let mut any = vec![self.conjunction()?];
        while self.takes("or") {
            any.push(self.conjunction()?);
        }
        self.depth -= 1;
        Ok(if any.len() == 1 { any.remove(0) } else { Expr::Or(any) })
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        let mut all = vec![self.negation()?];
        while self.takes("and") {
            all.push(self.negation()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::And(all) })
    }

    fn negation(&mut self) -> Parsed<Expr> {
        if self.takes("not") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(self.fault("count-deep", format!("more than {DEPTH_MAX} conditions within one another")));
            }
            let inner = self.negation()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        self.test()
    }

    fn test(&mut self) -> Parsed<Expr> {
        if self.takes_sign("(") {
            let inner = self.expr()?;
            self.need_sign(")")?;
            return Ok(inner);
        }
        if let Some(quantity) = self.quantity()? {
            return self.some(quantity);
        }
        let left = self.operand()?;
        if self.takes("is") {
            return self.is_what(left);
        }
        if self.takes("has") {
            return Ok(Expr::Has(left, self.operand()?));
        }
        if self.takes("in") {
            self.need("period")?;
            return Ok(Expr::InPeriod(left));
        }
        if self.takes("within") {
            let days = self.days()?;
            let is_before = match self.word().as_deref() {
                Some("before") => true,
                Some("after") => false,
                _ => return Err(self.fault("count-within", "say `before` or `after` which day")),
            };
            self.at += 1;
            return Ok(Expr::Within(left, days, is_before, self.operand()?));
        }
        let order = match (&self.now().kind, self.word().as_deref()) {
            (Kind::Sign("<"), _) | (_, Some("before")) => Order::Less,
            (Kind::Sign("<="), _) => Order::AtMost,
            (Kind::Sign(">"), _) | (_, Some("after")) => Order::More,
            (Kind::Sign(">="), _) => Order::AtLeast,
            _ => {
                let next = "is, has, in period, within, before, after, <, <=, > or >=";
                return Err(self.fault("count-test", format!("{} where a test is expected: {next}", self.shown())));
            }
        };
        self.at += 1;
        Ok(Expr::Order(left, order, self.operand()?))
    }

    fn is_what(&mut self, left: Operand) -> Parsed<Expr> {
        if self.takes("not") {
            return Ok(Expr::Not(Box::new(self.is_what(left)?)));
        }
        let expr = match self.word().as_deref() {
            Some("known") => Expr::Known(left),
            Some("unknown") => Expr::Not(Box::new(Expr::Known(left))),
            Some("home") => Expr::Stands(left, Relation::Home),
            Some("foreign") => Expr::Stands(left, Relation::Foreign),
            Some("domestic") => Expr::Stands(left, Relation::Domestic),
            Some(how @ ("trusted" | "prioritised")) => {
                self.at += 1;
                self.need("on")?;
                let on = self.operand()?;
                return Ok(if how == "trusted" { Expr::Trusted(left, on) } else { Expr::Prioritised(left, on) });
            }
            Some("one") => {
                self.at += 1;
                self.need("of")?;
                return Ok(Expr::OneOf(left, self.list()?));
            }
            _ => return Ok(Expr::Is(left, self.operand()?)),
        };
        self.at += 1;
        Ok(expr)
    }

    fn list(&mut self) -> Parsed<Vec<Operand>> {
        self.need_sign("(")?;
        let mut of = vec![self.operand()?];
        while self.takes_sign(",") {
            of.push(self.operand()?);
        }
        self.need_sign(")")?;
        Ok(of)
    }

    fn quantity(&mut self) -> Parsed<Option<Quantity>> {
        let quantity = match self.word().as_deref() {
            Some("some") => Quantity::AtLeast(1),
            Some("every") => Quantity::Every,
            Some("no") => Quantity::No,
            Some("at") => {
                self.at += 1;
                self.need("least")?;
                let n = self.number("how many")?;
                return Ok(Some(Quantity::AtLeast(n as usize)));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(quantity))
    }

    fn some(&mut self, quantity: Quantity) -> Parsed<Expr> {
        let path = self.name("a field, or KIND whose FIELD is this")?;
        let source = if self.takes("whose") {
            let field = self.name("the field that names this")?.names.join(".");
            if !self.takes("has") {
                self.need("is")?;
            }
            self.need("this")?;
            Source::Whose { kind: path.names.join("."), field, span: path.span }
        } else {
            Source::Field(path)
        };
        let condition = if self.takes("where") {
            self.need_sign("(")?;
            self.nested += 1;
            if self.nested > NEST_MAX {
                let reason = format!("more than {NEST_MAX} conditions on what is linked within one another");
                return Err(self.fault("count-nested", reason));
            }
            let inner = self.expr()?;
            self.nested -= 1;
            self.need_sign(")")?;
            Some(Box::new(inner))
        } else {
            None
        };
        Ok(Expr::Some(quantity, source, condition))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        let mut left = self.atom()?;
        loop {
            let sign = match self.now().kind {
                Kind::Sign("+") => Arithmetic::Plus,
                Kind::Sign("-") => Arithmetic::Minus,
                Kind::Sign("*") => Arithmetic::Times,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.atom()?;
            left = match (&right, self.word().as_deref()) {
                (Operand::Number(n), Some("days" | "day")) if sign != Arithmetic::Times => {
                    self.at += 1;
                    let days = *n as i64;
                    Operand::Shift(Box::new(left), if sign == Arithmetic::Plus { days } else { -days })
                }
                _ => Operand::Sum(Box::new(left), sign, Box::new(right)),
            };
        }
    }

    fn atom(&mut self) -> Parsed<Operand> {
        let token = self.now().clone();
        let operand = match &token.kind {
            Kind::Number(n) => Operand::Number(*n),
            Kind::Day(day) => Operand::Day(*day),
            Kind::Text(text) => Operand::Text(text.clone()),
            Kind::Word(word) => match word.as_str() {
                "yes" => Operand::Flag(true),
                "no" => Operand::Flag(false),
                "today" => Operand::Today,
                "period" => {
                    self.at += 1;
                    match self.word().as_deref() {
                        Some("start") => Operand::PeriodStart,
                        Some("end") => Operand::PeriodEnd,
                        _ => return Err(self.fault("count-period", "say `period start` or `period end`")),
                    }
                }
                "it" | "this" => Operand::Path(path(word, token.span)),
                _ if is_reserved(word.split('.').next().unwrap_or_default()) && !word.starts_with("this.") => {
                    return Err(self.fault("count-value", format!("{} where a value is expected", self.shown())));
                }
                _ => Operand::Path(path(word, token.span)),
            },
            _ => return Err(self.fault("count-value", format!("{} where a value is expected", self.shown()))),
        };
        self.at += 1;
        Ok(operand)
    }

    fn days(&mut self) -> Parsed<i64> {
        let n = self.number("how many days")?;
        match self.word().as_deref() {
            Some("days" | "day") => self.at += 1,
            _ => return Err(self.fault("count-days", "say how many `days`")),
        }
        Ok(n)
    }

    fn number(&mut self, what: &str) -> Parsed<i64> {
        match self.now().kind {
            Kind::Number(n) if n.fract() == 0.0 && n < 1e6 => {
                self.at += 1;
                Ok(n as i64)
            }
            _ => Err(self.fault("count-number", format!("{} where a whole number says {what}", self.shown()))),
        }
    }

    fn name(&mut self, what: &str) -> Parsed<Path> {
        match &self.now().kind {
            Kind::Word(word) if !is_reserved(word) || word == "it" => {
                let path = path(word, self.now().span);
                self.at += 1;
                Ok(path)
            }
            _ => Err(self.fault("count-name", format!("{} where {what} is expected", self.shown()))),
        }
    }

    fn quoted(&mut self) -> Parsed<String> {
        match &self.now().kind {
            Kind::Text(text) if !text.trim().is_empty() => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.fault("count-because", "say why it is left out, in quotes")),
        }
    }

    fn now(&self) -> &Token {
        // the last token is the end, and nothing goes past it
        let last = self.tokens.len().saturating_sub(1);
        &self.tokens[self.at.min(last)]
    }

    fn word(&self) -> Option<String> {
        match &self.now().kind {
            Kind::Word(word) => Some(word.clone()),
            _ => None,
        }
    }

    fn is(&self, word: &str) -> bool {
        matches!(&self.now().kind, Kind::Word(now) if now == word)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(&self.now().kind, Kind::Sign(now) if *now == sign)
    }

    fn takes(&mut self, word: &str) -> bool {
        let takes = self.is(word);
        self.at += usize::from(takes);
        takes
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let takes = self.is_sign(sign);
        self.at += usize::from(takes);
        takes
    }

    fn need(&mut self, word: &str) -> Parsed<()> {
        match self.takes(word) {
            true => Ok(()),
            false => Err(self.fault("count-word", format!("{} where `{word}` is expected", self.shown()))),
        }
    }

    fn need_sign(&mut self, sign: &str) -> Parsed<()> {
        match self.takes_sign(sign) {
            true => Ok(()),
            false => Err(self.fault("count-word", format!("{} where `{sign}` is expected", self.shown()))),
        }
    }

    fn shown(&self) -> String {
        let token = self.now();
        match token.kind {
            Kind::End => "the text ends".to_owned(),
            _ => format!("`{}`", self.text.get(token.span.from..token.span.to).unwrap_or_default()),
        }
    }

    fn fault(&self, rule: &'static str, reason: impl Into<String>) -> Fault {
        Fault::at(self.text, self.now().span.from, rule, reason)
    }
}
