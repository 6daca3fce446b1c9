//! Holds a program against the definitions of records: every name, type and option, and what would count twice. All faults at once. Gives the program
//! with each word made into what it means.
use std::collections::BTreeMap;

use crate::count::{Expr, Fault, Operand, Order, Path, Program, Quantity, Root, Source, Span, Test, Via, When};
use crate::record::definition::{Catalogue, Definition, Type, with_article};

/// The kind that is made of organisations.
pub const PARTNER: &str = "partner";
/// What an organisation has, for paths and as a unit.
const ORG_FIELDS: [(&str, &str); 11] = [
    ("org", "org"),
    ("name", "text"),
    ("kind", "csirt operator vendor agency other"),
    ("country", "country"),
    ("contact_verified", "day"),
    ("inventory_on", "day"),
    ("last_in", "day"),
    ("last_out", "day"),
    ("agreement_until", "day"),
    ("key_active", "flag"),
    ("trusted_until", "day"),
];

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
enum Ty {
    Text,
    Number,
    Day,
    Flag,
    /// One of these words.
    Word(Vec<String>),
    /// `E0` to `E4`, in their order.
    Level,
    Org,
    Country,
    Entity,
    Link(String),
    /// A unit itself: a record of a kind, or an organisation.
    Unit(String),
    List(Box<Ty>),
}

impl Ty {
    fn words(&self) -> String {
        match self {
            Ty::Text => "a text".to_owned(),
            Ty::Number => "a number".to_owned(),
            Ty::Day => "a day".to_owned(),
            Ty::Flag => "yes or no".to_owned(),
            Ty::Word(options) => format!("one of {}", options.join(", ")),
            Ty::Level => "E0 to E4".to_owned(),
            Ty::Org => "an organisation".to_owned(),
            Ty::Country => "a country".to_owned(),
            Ty::Entity => "a key of infrastructure".to_owned(),
            Ty::Link(kind) | Ty::Unit(kind) => with_article(kind),
            Ty::List(one) => format!("a list, each {}", one.words()),
        }
    }
}

fn ty_of(field: &crate::record::definition::Field) -> Ty {
    let one = match field.kind.one() {
        Type::Text | Type::Long | Type::Person | Type::Url => Ty::Text,
        Type::Day | Type::Instant => Ty::Day,
        Type::Number | Type::Count => Ty::Number,
        Type::Flag => Ty::Flag,
        Type::Choice => Ty::Word(field.options.clone()),
        Type::Org => Ty::Org,
        Type::Country => Ty::Country,
        Type::Link => Ty::Link(field.to.clone()),
        Type::Entity => Ty::Entity,
        _ => Ty::Text,
    };
    if field.kind.is_list() { Ty::List(Box::new(one)) } else { one }
}

/// What is wrong with a program, or the program with every name resolved. `numbers`: those of the definition, by name.
///
/// # Errors
/// Every fault that was found, in the order of the text.
pub fn check(
    mut program: Program,
    catalogue: &Catalogue,
    numbers: &BTreeMap<String, f64>,
) -> Result<Program, Vec<Fault>> {
    let text = program.text.clone();
    if program.each != PARTNER && catalogue.get(&program.each).is_none() {
        let known: Vec<&str> = catalogue.all().map(|d| d.kind.as_str()).collect();
        let reason = format!("no kind of record is called {:?}; there are partner, {}", program.each, known.join(", "));
        return Err(vec![Fault::at(&text, 0, "count-kind", reason)]);
    }
    let mut checker = Checker { text: &text, catalogue, numbers, entry: None, scopes: Vec::new(), faults: Vec::new() };
    checker.scopes.push(Ty::Unit(program.each.clone()));
    checker.program(&mut program);
    if checker.faults.is_empty() { Ok(program) } else { Err(checker.faults) }
}

struct Checker<'c> {
    text: &'c str,
    catalogue: &'c Catalogue,
    numbers: &'c BTreeMap<String, f64>,
    /// The entry by which units are made.
    entry: Option<(String, Ty)>,
    /// What is looked at: the unit first, then what stands in brackets.
    scopes: Vec<Ty>,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn program(&mut self, program: &mut Program) {
        if let Some((name, path)) = &mut program.with {
            let ty = self.path(path);
            match ty {
                Some(Ty::List(one)) => self.entry = Some((name.clone(), *one)),
                Some(other) => self.fault(path.span, "count-type", format!("this is {}, not a list", other.words())),
                None => {}
            }
        }
        if let When::During(path) = &mut program.when {
            self.expect(path, &Ty::Day);
        }
        self.tests(&mut program.population);
        for (expr, _) in &mut program.out {
            self.expr(expr);
        }
        self.once(program);
        if let Some(weight) = &mut program.weight {
            self.number(weight);
        }
        self.tests(&mut program.counting);
        for (_, expr) in &mut program.beside {
            self.expr(expr);
        }
    }

    fn tests(&mut self, tests: &mut [Test]) {
        for test in tests {
            self.expr(&mut test.expr);
        }
    }

    /// What would count twice.
    fn once(&mut self, program: &mut Program) {
        for path in &mut program.once {
            self.path(path);
        }
        let whole = Span { from: 0, to: 0 };
        if program.once.is_empty() {
            self.fault(whole, "count-no-once", "nothing says what makes two of them one: add `once per FIELD`");
        }
        if let Some((name, _)) = &program.with
            && !program.once.iter().any(|path| path.root == Root::Entry)
        {
            let reason =
                format!("one unit is made for each {name}, and `once per` does not name it: all but one would vanish");
            self.fault(whole, "count-doubles", reason);
        }
    }

    fn fault(&mut self, span: Span, rule: &'static str, reason: impl Into<String>) {
        self.faults.push(Fault::at(self.text, span.from, rule, reason));
    }

    fn expr(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Or(parts) | Expr::And(parts) => parts.iter_mut().for_each(|part| self.expr(part)),
            Expr::Not(inner) => self.expr(inner),
            Expr::Is(left, right) => self.is(left, right),
            Expr::OneOf(left, of) => of.iter_mut().for_each(|right| self.is(left, right)),
            Expr::Known(operand) => drop(self.operand(operand)),
            Expr::Has(left, right) => self.has(left, right),
            Expr::Order(left, order, right) => self.order(left, *order, right),
            Expr::InPeriod(day) => self.day(day),
            Expr::Within(day, _, _, other) => {
                self.day(day);
                self.day(other);
            }
            Expr::Stands(org, _) => self.org(org),
            Expr::Trusted(org, day) => {
                self.org(org);
                self.day(day);
            }
            Expr::Prioritised(entity, day) => {
                self.of(entity, |ty| matches!(ty, Ty::Entity), "a key of infrastructure");
                self.day(day);
            }
            Expr::Some(quantity, source, inner) => self.some(*quantity, source, inner),
        }
    }

    fn is(&mut self, left: &mut Operand, right: &mut Operand) {
        let Some(ty) = self.operand(left) else { return };
        let ty = match ty {
            Ty::List(one) => *one,
            ty => ty,
        };
        self.fits(&ty, right);
    }

    fn has(&mut self, left: &mut Operand, right: &mut Operand) {
        match self.operand(left) {
            Some(Ty::List(one)) => self.fits(&one, right),
            Some(other) => self.fault(span(left), "count-type", format!("this is {}, not a list", other.words())),
            None => {}
        }
    }

    /// A word is an option of what it is compared with, else a field; both sides are of one type.
    fn fits(&mut self, ty: &Ty, right: &mut Operand) {
        if let Operand::Path(path) = right
            && let [word] = path.names.as_slice()
        {
            let is_option = match ty {
                Ty::Word(options) => options.contains(word),
                Ty::Level => ["E0", "E1", "E2", "E3", "E4"].contains(&word.as_str()),
                Ty::Country => word.len() == 2 && word.bytes().all(|b| b.is_ascii_uppercase()),
                _ => false,
            };
            if is_option {
                *right = Operand::Text(word.clone());
                return;
            }
            if let Ty::Word(options) = ty
                && self.find(path).is_none()
            {
                let reason = format!("{word:?} is none of {}", options.join(", "));
                return self.fault(path.span, "count-option", reason);
            }
        }
        let at = span(right);
        if let (Ty::Word(options), Operand::Text(word)) = (ty, &*right)
            && !options.contains(word)
        {
            return self.fault(at, "count-option", format!("{word:?} is none of {}", options.join(", ")));
        }
        let Some(other) = self.operand(right) else { return };
        if !agree(ty, &other) {
            let reason = format!("{} is compared with {}", ty.words(), other.words());
            self.fault(at, "count-type", reason);
        }
    }

    fn order(&mut self, left: &mut Operand, order: Order, right: &mut Operand) {
        let Some(ty) = self.operand(left) else { return };
        if !matches!(ty, Ty::Number | Ty::Day | Ty::Level) {
            let sign = if order == Order::Less { "before" } else { "after" };
            let reason = format!("{} has no order: only numbers and days come {sign} others", ty.words());
            return self.fault(span(left), "count-type", reason);
        }
        self.fits(&ty, right);
    }

    fn some(&mut self, _: Quantity, source: &mut Source, inner: &mut Option<Box<Expr>>) {
        let one = match source {
            Source::Field(path) => match self.path(path) {
                Some(Ty::List(one)) => *one,
                Some(one @ (Ty::Link(_) | Ty::Org)) => one,
                Some(other) => {
                    return self.fault(path.span, "count-type", format!("this is {}, not a list", other.words()));
                }
                None => return,
            },
            Source::Whose { kind, field, span } => match self.whose(kind, field) {
                Ok(()) => Ty::Unit(kind.clone()),
                Err(reason) => return self.fault(*span, "count-link", reason),
            },
        };
        let one = match one {
            Ty::Link(kind) => Ty::Unit(kind),
            one => one,
        };
        self.scopes.push(one);
        if let Some(inner) = inner {
            self.expr(inner);
        }
        self.scopes.pop();
    }

    /// Whether records of a kind name what is looked at in a field.
    fn whose(&self, kind: &str, field: &str) -> Result<(), String> {
        let definition = self.catalogue.get(kind).ok_or_else(|| format!("no kind of record is called {kind:?}"))?;
        let field = definition.field(field).ok_or_else(|| unknown(definition, field))?;
        let names = match ty_of(field) {
            Ty::List(one) => *one,
            one => one,
        };
        let fits = match (self.scopes.last(), &names) {
            (Some(Ty::Unit(unit)), Ty::Link(to)) => unit == to,
            (Some(Ty::Unit(unit)), Ty::Org) => unit == PARTNER,
            (Some(Ty::Org), Ty::Org) | (Some(Ty::Entity), Ty::Entity) => true,
            _ => false,
        };
        match fits {
            true => Ok(()),
            false => Err(format!(
                "{} of {} holds {}, which is not what is looked at",
                field.name,
                with_article(kind),
                names.words()
            )),
        }
    }

    fn expect(&mut self, path: &mut Path, wanted: &Ty) {
        if let Some(ty) = self.path(path)
            && ty != *wanted
        {
            self.fault(path.span, "count-type", format!("this is {}, not {}", ty.words(), wanted.words()));
        }
    }

    fn of(&mut self, operand: &mut Operand, fits: fn(&Ty) -> bool, wanted: &str) {
        if let Some(ty) = self.operand(operand)
            && !fits(&ty)
        {
            self.fault(span(operand), "count-type", format!("this is {}, not {wanted}", ty.words()));
        }
    }

    fn day(&mut self, operand: &mut Operand) {
        self.of(operand, |ty| matches!(ty, Ty::Day), "a day");
    }

    fn number(&mut self, operand: &mut Operand) {
        self.of(operand, |ty| matches!(ty, Ty::Number), "a number");
    }

    fn org(&mut self, operand: &mut Operand) {
        let is_org = |ty: &Ty| matches!(ty, Ty::Org) || matches!(ty, Ty::Unit(kind) if kind == PARTNER);
        self.of(operand, is_org, "an organisation");
    }

    fn operand(&mut self, operand: &mut Operand) -> Option<Ty> {
        match operand {
            Operand::Text(_) => Some(Ty::Text),
            Operand::Number(_) => Some(Ty::Number),
            Operand::Flag(_) => Some(Ty::Flag),
            Operand::Day(_) | Operand::PeriodStart | Operand::PeriodEnd | Operand::Today => Some(Ty::Day),
            Operand::Shift(inner, _) => {
                self.day(inner);
                Some(Ty::Day)
            }
            Operand::Sum(left, _, right) => {
                self.number(left);
                self.number(right);
                Some(Ty::Number)
            }
            Operand::Path(path) => {
                if let [name] = path.names.as_slice()
                    && self.find(path).is_none()
                    && let Some(number) = self.numbers.get(name)
                {
                    *operand = Operand::Number(*number);
                    return Some(Ty::Number);
                }
                self.path(path)
            }
        }
    }

    /// The type of a field of what is looked at, without a word about faults.
    fn find(&self, path: &Path) -> Option<Ty> {
        let name = path.names.first()?;
        if matches!(name.as_str(), "this" | "it") {
            return self.resolve(&mut path.clone()).ok();
        }
        if self.entry.as_ref().is_some_and(|(entry, _)| entry == name) {
            return self.entry.as_ref().map(|(_, ty)| ty.clone());
        }
        self.field(self.scopes.last()?, name).ok()
    }

    fn path(&mut self, path: &mut Path) -> Option<Ty> {
        match self.resolve(path) {
            Ok(ty) => Some(ty),
            Err(reason) => {
                self.fault(path.span, "count-field", reason);
                None
            }
        }
    }

    fn resolve(&self, path: &mut Path) -> Result<Ty, String> {
        let nothing = || "nothing is looked at here".to_owned();
        let mut names = path.names.iter();
        let first = names.next().ok_or_else(nothing)?;
        let entry = self.entry.as_ref().filter(|(name, _)| name == first);
        let (root, mut ty) = match (first.as_str(), entry) {
            ("this", _) => (Root::This, self.scopes.first().cloned().ok_or_else(nothing)?),
            ("it", _) => (Root::It, self.scopes.last().cloned().ok_or_else(nothing)?),
            (_, Some((_, ty))) => (Root::Entry, ty.clone()),
            (name, None) => (Root::Here, self.field(self.scopes.last().ok_or_else(nothing)?, name)?),
        };
        let mut via = vec![via_of(&ty)];
        for name in names {
            ty = self.field(&ty, name)?;
            via.push(via_of(&ty));
        }
        (path.root, path.via) = (root, via);
        Ok(ty)
    }

    /// A field of a record, an organisation, or what is linked.
    fn field(&self, of: &Ty, name: &str) -> Result<Ty, String> {
        let kind = match of {
            Ty::Unit(kind) | Ty::Link(kind) => kind.as_str(),
            Ty::Org => PARTNER,
            other => return Err(format!("{} has no {name:?}: it leads nowhere", other.words())),
        };
        if kind == PARTNER {
            return org_field(name).ok_or_else(|| {
                let all: Vec<&str> = ORG_FIELDS.iter().map(|(name, _)| *name).collect();
                format!("an organisation has no {name:?}; it has {}", all.join(", "))
            });
        }
        let definition = self.catalogue.get(kind).ok_or_else(|| format!("no kind of record is called {kind:?}"))?;
        match (definition.field(name), name) {
            (Some(field), _) => Ok(ty_of(field)),
            (None, "id" | "marking") => Ok(Ty::Text),
            (None, "state") => Ok(Ty::Word(definition.states.iter().map(|s| s.name.clone()).collect())),
            (None, "evidence") => Ok(Ty::Level),
            (None, "tags" | "recorded_by" | "attested_by") => Ok(Ty::List(Box::new(Ty::Text))),
            (None, "confirmed_by") => Ok(Ty::List(Box::new(Ty::Org))),
            _ => Err(unknown(definition, name)),
        }
    }
}

fn via_of(ty: &Ty) -> Via {
    match ty {
        Ty::Link(kind) => Via::Record(kind.clone()),
        Ty::Org => Via::Org,
        Ty::List(one) => via_of(one),
        _ => Via::Value,
    }
}

fn org_field(name: &str) -> Option<Ty> {
    let (_, ty) = ORG_FIELDS.iter().find(|(field, _)| *field == name)?;
    Some(match *ty {
        "org" => Ty::Org,
        "text" => Ty::Text,
        "country" => Ty::Country,
        "day" => Ty::Day,
        "flag" => Ty::Flag,
        words => Ty::Word(words.split(' ').map(str::to_owned).collect()),
    })
}

fn unknown(definition: &Definition, name: &str) -> String {
    let all: Vec<&str> = definition.fields.iter().map(|field| field.name.as_str()).collect();
    format!(
        "{} has no {name:?}; it has {}, and state, tags, evidence, confirmed_by",
        with_article(&definition.kind),
        all.join(", ")
    )
}

fn agree(left: &Ty, right: &Ty) -> bool {
    use Ty::{Country, Entity, Link, Org, Text, Unit, Word};
    match (left, right) {
        (Ty::List(a), b) | (b, Ty::List(a)) => agree(a, b),
        (Link(a) | Unit(a), Link(b) | Unit(b)) => a == b,
        (Unit(a), Org) | (Org, Unit(a)) => a == PARTNER,
        (Text | Org | Country | Entity | Link(_) | Word(_) | Ty::Level, Text)
        | (Text, Org | Country | Entity | Link(_) | Word(_)) => true,
        (Word(_), Word(_)) => true,
        (a, b) => a == b,
    }
}

/// Where an operand stands, where that is known.
fn span(operand: &Operand) -> Span {
    match operand {
        Operand::Path(path) => path.span,
        Operand::Shift(inner, _) | Operand::Sum(inner, _, _) => span(inner),
        _ => Span::default(),
    }
}
