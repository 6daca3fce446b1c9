//! The two dictionaries that mirror objects: the deprecated `objects` of an observed-data, and the `contents` of a translation.

use std::collections::BTreeSet;

use super::{Check, Outcome, Step};
use crate::json::{Form, Value};
use crate::text::Text;
use crate::{id, table};

impl<'a> Check<'a> {
    /// Section 2.13: observables as this or the former version of the standard has them, under keys of their own.
    pub(super) fn container(&mut self, value: Value<'a>) -> Outcome {
        self.form(value, Form::Object)?;
        self.should("observable-container", "observables within an observed-data are deprecated: use `object_refs`");
        let keys: BTreeSet<Text<'a>> = value.members().map(|(key, _)| key).collect();
        let mut empty = true;
        for (key, member) in value.members() {
            self.path.push(Step::Key(key.clone()));
            self.form(member, Form::Object)?;
            match member.members().find(|(name, _)| &**name == "type").and_then(|(_, kind)| kind.text()) {
                None => self.must_at("type", "property-missing", "an observable needs a `type`")?,
                Some(kind) => {
                    let before = std::mem::replace(&mut self.lenient, table::find(&kind).is_none());
                    self.local_references(member, &keys)?;
                    self.lenient = before;
                }
            }
            self.path.pop();
            empty = false;
        }
        if empty && value.form() == Form::Object { self.empty_dictionary() } else { Ok(()) }
    }

    /// Section 2.13: a reference names a key of the same container.
    fn local_references(&mut self, within: Value<'a>, keys: &BTreeSet<Text<'a>>) -> Outcome {
        for (name, member) in within.members() {
            self.path.push(Step::Key(name.clone()));
            match member.form() {
                Form::Text if name.ends_with("_ref") => self.local(member, keys)?,
                Form::Object => self.local_references(member, keys)?,
                Form::Array => {
                    for (index, item) in member.items().enumerate() {
                        self.path.push(Step::Index(index));
                        match item.form() {
                            Form::Text if name.ends_with("_refs") => self.local(item, keys)?,
                            Form::Object => self.local_references(item, keys)?,
                            _ => {}
                        }
                        self.path.pop();
                    }
                }
                _ => {}
            }
            self.path.pop();
        }
        Ok(())
    }

    fn local(&mut self, reference: Value<'a>, keys: &BTreeSet<Text<'a>>) -> Outcome {
        let Some(text) = reference.text() else { return Ok(()) };
        if keys.contains(&text) {
            return Ok(());
        }
        self.must("container-reference", format!("`{}` is no key of this container", id::cut(&text)))
    }

    /// Section 7.1.1: by language, and within as the translated object has it. That object is not at hand here.
    pub(super) fn contents(&mut self, value: Value<'a>) -> Outcome {
        self.form(value, Form::Object)?;
        let mut empty = true;
        for (key, member) in value.members() {
            self.path.push(Step::Key(key.clone()));
            self.language(&key)?;
            self.form(member, Form::Object)?;
            let mut nothing = true;
            for (name, translated) in member.members() {
                self.path.push(Step::Key(name.clone()));
                self.dictionary_key(&name, 1)?;
                if !matches!(translated.form(), Form::Text | Form::Array | Form::Object) {
                    self.wrong("a string, a list or an object", translated)?;
                }
                self.path.pop();
                nothing = false;
            }
            if nothing {
                self.empty_dictionary()?;
            }
            self.path.pop();
            empty = false;
        }
        if empty && value.form() == Form::Object { self.empty_dictionary() } else { Ok(()) }
    }
}
