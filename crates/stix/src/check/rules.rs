//! The rules between properties of one object, as the table lists them.

use super::{Check, Outcome, Step};
use crate::Timestamp;
use crate::json::Object;
use crate::table::{Rule, Shape, Test};
use crate::text::Text;

impl<'a> Check<'a> {
    pub(super) fn rules(&mut self, shape: &'static Shape, object: &Object<'a>) -> Outcome {
        for rule in shape.rules {
            self.rule(rule, shape, object)?;
        }
        Ok(())
    }

    fn rule(&mut self, rule: &Rule, shape: &'static Shape, object: &Object<'a>) -> Outcome {
        match rule.test {
            Test::AnyOf(names) if !names.iter().any(|name| object.has(name)) => {
                let first = names.first().copied().unwrap_or_default();
                self.must_at(first, rule.code, format!("one of {} is needed", list(names)))
            }
            Test::NotBoth(a, b) if object.has(a) && object.has(b) => {
                self.must_at(b, rule.code, format!("`{a}` and `{b}` exclude each other"))
            }
            Test::Needs(first, rest) if object.has(first) => match rest.iter().find(|name| !object.has(name)) {
                Some(missing) => self.must_at(missing, rule.code, format!("`{first}` needs `{missing}` beside it")),
                None => Ok(()),
            },
            Test::NotBefore(first, second) => self.order(rule.code, object, first, second, false),
            Test::After(first, second) => self.order(rule.code, object, first, second, true),
            Test::FlagNeeds(flag, on, name) if is(object, flag, on) && !object.has(name) => {
                self.must_at(name, rule.code, format!("where `{flag}` is {on}, `{name}` is needed"))
            }
            Test::FlagForbids(flag, on, name) if is(object, flag, on) && object.has(name) => {
                self.must_at(name, rule.code, format!("where `{flag}` is {on}, there is no `{name}`"))
            }
            Test::AtLeast(least) if own(shape, object) < least => {
                let reason = if least > 1 { "more than the required property" } else { "at least one property" };
                self.must(rule.code, format!("{reason} of this type is needed"))
            }
            Test::AtLeastOneOrExtension if own(shape, object) == 0 && !object.has("extensions") => {
                self.must(rule.code, "at least one property of this type or of its extensions is needed")
            }
            Test::Better(names) if !names.iter().any(|name| object.has(name)) => {
                let first = names.first().copied().unwrap_or_default();
                self.path.push(Step::Key(Text::from(first)));
                self.should(rule.code, format!("`{first}` would be there"));
                self.path.pop();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn order(
        &mut self,
        code: &'static str,
        object: &Object<'a>,
        first: &'static str,
        second: &'static str,
        strict: bool,
    ) -> Outcome {
        let (Some(a), Some(b)) = (object.text(first), object.text(second)) else { return Ok(()) };
        let (Ok(earlier), Ok(later)) = (Timestamp::parse(&a), Timestamp::parse(&b)) else { return Ok(()) };
        if later > earlier || (later == earlier && !strict) {
            return Ok(());
        }
        let word = if strict { "not after" } else { "before" };
        self.must_at(second, code, format!("`{second}` {b} is {word} `{first}` {a}"))
    }
}

fn is(object: &Object<'_>, flag: &str, on: bool) -> bool {
    object.get(flag).and_then(|value| value.bool()) == Some(on)
}

/// How many of the properties of the shape are there.
fn own(shape: &Shape, object: &Object<'_>) -> usize {
    shape.props.iter().filter(|prop| object.has(prop.name)).count()
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
