//! `extensions` (sections 3.2, 3.10, 7.3, 11.3): those the standard defines by their shape, the others by their form.

use super::{Check, Outcome, Step};
use crate::json::{Form, Object, Value};
use crate::table::{self, EXTENSION_TYPE, Kind, Shape};
use crate::text::Text;
use crate::{Class, id};

/// The type whose identifiers are keys of extensions.
const DEFINITION: &str = "extension-definition";

impl<'a> Check<'a> {
    pub(super) fn extensions(&mut self, value: Value<'a>) -> Outcome {
        self.form(value, Form::Object)?;
        let mut empty = true;
        for (key, member) in value.members() {
            self.path.push(Step::Key(key.clone()));
            if id::split(&key).is_some_and(|(kind, _)| kind == DEFINITION) {
                self.defined(&key, member)?;
            } else {
                self.named(&key, member)?;
            }
            self.path.pop();
            empty = false;
        }
        if empty && value.form() == Form::Object { self.empty_dictionary() } else { Ok(()) }
    }

    /// An extension by the facility of section 7.3: it says of which type it is.
    fn defined(&mut self, key: &str, value: Value<'a>) -> Outcome {
        if let Err(reason) = id::check(key, DEFINITION) {
            return self.must("id-syntax", reason);
        }
        self.form(value, Form::Object)?;
        let mut kind = None;
        for (name, member) in value.members() {
            self.path.push(Step::Key(name.clone()));
            if &*name == "extension_type" {
                kind = Some(member);
                self.value(&Kind::Enum(&EXTENSION_TYPE), member)?;
            } else {
                self.custom(&name, member)?;
            }
            self.path.pop();
        }
        if kind.is_none() && value.form() == Form::Object {
            self.must_at("extension_type", "extension-type", "an extension by definition needs its `extension_type`")?;
        }
        Ok(())
    }

    /// An extension by name: one that the standard defines for this type, or a custom one of section 11.3.
    fn named(&mut self, key: &str, value: Value<'a>) -> Outcome {
        if let Some(shape) = self.predefined(key) {
            self.form(value, Form::Object)?;
            return self.shape(shape, value);
        }
        let fits = key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits || !(3..=250).contains(&key.len()) || !key.ends_with("-ext") {
            let reason = format!(
                "`{}` is no extension of the standard for this type, no id of a definition, and not named x-…-ext",
                id::cut(key)
            );
            self.should("extension-name", reason);
        }
        self.leniently(|check| {
            check.form(value, Form::Object)?;
            let mut empty = true;
            for (name, member) in value.members() {
                check.path.push(Step::Key(name.clone()));
                check.custom(&name, member)?;
                check.path.pop();
                empty = false;
            }
            if empty && value.form() == Form::Object { check.empty_dictionary() } else { Ok(()) }
        })
    }

    /// Only the outermost `extensions` of a standard object are looked up, under the type that is being checked.
    fn predefined(&self, key: &str) -> Option<&'static Shape> {
        let of = table::find(self.kind)?;
        of.extensions.iter().find(|(name, _)| *name == key).map(|(_, shape)| *shape)
    }
}

/// Whether one of the extensions of an object says that it brings properties at the top level.
pub(super) fn declares_properties(object: &Object<'_>) -> bool {
    let Some(extensions) = object.get("extensions") else { return false };
    extensions.members().any(|(_, extension)| {
        extension.members().any(|(name, value)| {
            &*name == "extension_type" && value.text().as_deref() == Some("toplevel-property-extension")
        })
    })
}

/// Section 7.3: an extension adds, it never defines anew what the standard has.
pub(super) fn redefines<'a>(class: Class, object: &Object<'a>) -> Option<Text<'a>> {
    if class == Class::Custom {
        return None;
    }
    object.get("extensions")?.members().find_map(|(key, extension)| {
        let new = extension.members().any(|(name, value)| {
            &*name == "extension_type" && value.text().is_some_and(|text| text.starts_with("new-"))
        });
        new.then_some(key)
    })
}
