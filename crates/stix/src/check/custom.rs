//! What the standard does not define: custom objects, custom properties, extensions of others. Its generic rules are warnings here.

use super::{Check, Outcome, Step};
use crate::json::{Form, Object, Value};
use crate::table::{self, Kind, Target};
use crate::{fault::Fault, id};

/// Any type of domain object: it shows which properties are common (section 11.2.1).
const COMMON: &str = "tool";

impl<'a> Check<'a> {
    /// An object of a type that the standard does not define.
    pub(super) fn custom_object(&mut self, object: &Object<'a>) -> Outcome {
        let common = table::find(COMMON).map_or(&[][..], |t| t.common);
        self.leniently(|check| {
            for (key, value) in &object.members {
                check.path.push(Step::Key(key.clone()));
                match common.iter().find(|prop| prop.name == &**key) {
                    Some(prop) => check.value(&prop.kind, *value)?,
                    None => check.custom(key, *value)?,
                }
                check.path.pop();
            }
            Ok(())
        })
    }

    /// A property that the standard does not define: the form of its name (section 11.1.1) and the generic rules within.
    pub(super) fn custom(&mut self, key: &str, value: Value<'a>) -> Outcome {
        let fits = key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !fits || !(3..=250).contains(&key.len()) {
            let reason = format!("`{}` is not the name of a property: 3 to 250 of [a-z0-9_]", id::cut(key));
            self.should("property-name", reason);
        }
        self.leniently(|check| check.generic(key, value))
    }

    /// Sections 2.1, 2.3, 2.8, 2.12 and 3.1, which hold for whatever name and value. Only with every MUST a warning.
    fn generic(&mut self, key: &str, value: Value<'a>) -> Outcome {
        match value.form() {
            Form::Text if key.ends_with("_ref") => self.reference(value, &Target::Any),
            Form::Text if key.ends_with("_hex") => self.hex(value),
            Form::Text if key.ends_with("_bin") => self.binary(value),
            Form::Array => self.generic_list(key, value),
            Form::Object => self.generic_dictionary(value),
            Form::Null => self.wrong("a value", value),
            Form::Number if !value.raw().contains(['.', 'e', 'E']) => self.value(&Kind::Int(i64::MIN, i64::MAX), value),
            _ => Ok(()),
        }
    }

    fn generic_list(&mut self, key: &str, value: Value<'a>) -> Outcome {
        let inner = if key.ends_with("_refs") { "_ref" } else { "" };
        let mut count = 0;
        for item in value.items() {
            // a list of plain texts says nothing that could be wrong
            if !inner.is_empty() || item.form() != Form::Text {
                self.path.push(Step::Index(count));
                self.generic(inner, item)?;
                self.path.pop();
            }
            count += 1;
        }
        if count == 0 { self.empty_list() } else { Ok(()) }
    }

    fn generic_dictionary(&mut self, value: Value<'a>) -> Outcome {
        let mut empty = true;
        for (key, member) in value.members() {
            self.path.push(Step::Key(key.clone()));
            self.dictionary_key(&key, 1)?;
            self.generic(&key, member)?;
            self.path.pop();
            empty = false;
        }
        if empty { self.empty_dictionary() } else { Ok(()) }
    }
}

/// Section 3.2: `created` and `modified` carry milliseconds at least. A receiver loses nothing by their absence, so it is a warning.
pub(crate) fn precision(property: &'static str, text: &str) -> Option<Fault> {
    // `YYYY-MM-DDTHH:mm:ss.sssZ`
    let exact = text.len() >= 24 && text.as_bytes().get(19) == Some(&b'.');
    let reason = || format!("`{property}` would have milliseconds at least");
    (!exact).then(|| Fault::new("timestamp-precision", format!("/{property}"), reason()))
}
