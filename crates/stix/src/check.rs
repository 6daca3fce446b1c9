//! Holds one object against the table of the standard ([`crate::table`]), in one pass over its members.
//!
//! The first broken MUST ends the check with a fault; what only SHOULD be is collected as warnings. Inside custom objects, custom
//! properties and extensions the standard does not define, a MUST is a warning too. Needs no store and builds no tree.

mod container;
mod custom;
mod extension;
mod form;
mod rules;
mod special;
mod value;

pub(crate) use custom::precision;

use std::fmt::Write as _;

use crate::Class;
use crate::fault::{Fault, pointer_step};
use crate::json::{Object, Value};
use crate::table::{self, Prop, Shape, Type};
use crate::text::Text;

/// More warnings of one object are counted and not kept: an object of a million empty lists is one line of a report.
const MAX_WARNINGS: usize = 32;

type Outcome = Result<(), Fault>;

/// One step of the place that is being checked.
#[derive(Clone)]
enum Step<'a> {
    Key(Text<'a>),
    Index(usize),
}

/// The check of one object: where it stands, and what it has said.
pub(crate) struct Check<'a> {
    path: Vec<Step<'a>>,
    warnings: Vec<Fault>,
    untold: usize,
    /// Inside what the standard does not define: nothing is refused.
    lenient: bool,
    /// The object says that its addresses were made harmless, so that they no longer have their form (section 3.2).
    defanged: bool,
    /// One of its extensions says that it brings properties at the top level; looked up once.
    extended: bool,
    /// The type of the object.
    kind: &'static str,
}

/// Checks one object of the type `kind`. Gives the warnings, or the fault that refuses it.
pub(crate) fn object<'a>(object: &Object<'a>, kind: &str) -> Result<Vec<Fault>, Fault> {
    let of = table::find(kind);
    let name = of.map_or("", |t| t.name);
    let mut check = Check {
        path: Vec::new(),
        warnings: Vec::new(),
        untold: 0,
        lenient: false,
        defanged: false,
        extended: false,
        kind: name,
    };
    match of {
        Some(of) => check.standard(of, object)?,
        None => check.custom_object(object)?,
    }
    if check.untold > 0 {
        let reason = format!("{} more warnings for this object", check.untold);
        check.warnings.push(Fault::new("more-warnings", "", reason));
    }
    Ok(check.warnings)
}

impl<'a> Check<'a> {
    fn standard(&mut self, of: &'static Type, object: &Object<'a>) -> Outcome {
        self.defanged = of.class == Class::Observable && object.get("defanged").and_then(Value::bool) == Some(true);
        self.extended = extension::declares_properties(object);
        let mut seen = 0_u64;
        for (key, value) in &object.members {
            self.path.push(Step::Key(key.clone()));
            match find(of.own.props, of.common, key) {
                Some((index, prop)) => {
                    seen |= 1 << index;
                    self.value(&prop.kind, *value)?;
                }
                None => self.undefined(of, key, *value)?,
            }
            self.path.pop();
        }
        for (index, prop) in of.own.props.iter().chain(of.common).enumerate() {
            if prop.required && seen & (1 << index) == 0 {
                let reason = format!("a {} needs `{}`", of.name, prop.name);
                self.must_at(prop.name, "property-missing", reason)?;
            }
        }
        self.rules(&of.own, object)?;
        self.special(of, object)
    }

    /// An object within an object: the same properties, required ones and rules, without what is common to whole objects.
    fn shape(&mut self, shape: &'static Shape, value: Value<'a>) -> Outcome {
        let object = Object::of(value);
        let mut seen = 0_u64;
        for (key, value) in &object.members {
            self.path.push(Step::Key(key.clone()));
            match find(shape.props, &[], key) {
                Some((index, prop)) => {
                    seen |= 1 << index;
                    self.value(&prop.kind, *value)?;
                }
                None => self.custom(key, *value)?,
            }
            self.path.pop();
        }
        for (index, prop) in shape.props.iter().enumerate() {
            if prop.required && seen & (1 << index) == 0 {
                self.must_at(prop.name, "property-missing", format!("`{}` is required here", prop.name))?;
            }
        }
        self.rules(shape, &object)
    }

    /// A property that the table does not have for this type.
    fn undefined(&mut self, of: &'static Type, key: &str, value: Value<'a>) -> Outcome {
        match key {
            // section 3.2
            "defanged" if of.class != Class::Observable => {
                return self.must("defanged", "`defanged` is for observables only");
            }
            "created"
            | "modified"
            | "created_by_ref"
            | "revoked"
            | "labels"
            | "confidence"
            | "lang"
            | "external_references"
            | "extensions" => {
                self.should("property-not-applicable", format!("the standard has no `{key}` for a {}", of.name));
            }
            // section 11.1.1 asks for `x_`, section 7.3 for an extension that says so
            _ if !key.starts_with("x_") && !self.extended => {
                let reason = format!(
                    "`{}` is not in the standard: begin it with `x_` or declare an extension",
                    crate::id::cut(key)
                );
                self.should("custom-property", reason);
            }
            _ => {}
        }
        self.custom(key, value)
    }

    /// A broken MUST: a refusal, or a warning inside custom content.
    fn must(&mut self, rule: &'static str, reason: impl Into<String>) -> Outcome {
        if self.lenient {
            self.should(rule, reason);
            return Ok(());
        }
        Err(Fault::new(rule, self.place(), reason))
    }

    /// As [`Check::must`], at a property below the place.
    fn must_at(&mut self, name: &'static str, rule: &'static str, reason: impl Into<String>) -> Outcome {
        self.path.push(Step::Key(Text::from(name)));
        self.must(rule, reason)?;
        self.path.pop();
        Ok(())
    }

    /// A broken SHOULD.
    fn should(&mut self, rule: &'static str, reason: impl Into<String>) {
        if self.warnings.len() < MAX_WARNINGS {
            let fault = Fault::new(rule, self.place(), reason);
            self.warnings.push(fault);
        } else {
            self.untold += 1;
        }
    }

    /// Runs with every MUST a warning.
    fn leniently(&mut self, run: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let before = std::mem::replace(&mut self.lenient, true);
        let outcome = run(self);
        self.lenient = before;
        outcome
    }

    fn place(&self) -> String {
        let mut out = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) => pointer_step(&mut out, key),
                Step::Index(index) => drop(write!(out, "/{index}")),
            }
        }
        out
    }

    /// The property that is being checked, for a message.
    fn property(&self) -> &str {
        let keys = self.path.iter().rev().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        crate::id::cut(keys.into_iter().next().unwrap_or("the object"))
    }
}

/// The property of this name and its place among both lists.
fn find(own: &'static [Prop], common: &'static [Prop], name: &str) -> Option<(usize, &'static Prop)> {
    let of_own = own.iter().enumerate().find(|(_, prop)| prop.name == name);
    of_own.or_else(|| {
        let (index, prop) = common.iter().enumerate().find(|(_, prop)| prop.name == name)?;
        Some((own.len() + index, prop))
    })
}
