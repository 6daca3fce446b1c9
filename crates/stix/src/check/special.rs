//! What concerns one type and is more than a rule between properties.

use super::{Check, Outcome, Step, extension};
use crate::json::{Form, Object, Value};
use crate::table::{self, Type};
use crate::text::Text;
use crate::{Class, id};

impl<'a> Check<'a> {
    pub(super) fn special(&mut self, of: &'static Type, object: &Object<'a>) -> Outcome {
        if let Some(key) = extension::redefines(of.class, object) {
            let reason =
                format!("`{}` says it makes a new type, and {} is one of the standard", id::cut(&key), of.name);
            self.should("extension-redefines", reason);
        }
        match of.name {
            "relationship" => self.relationship(object),
            "indicator" => self.indicator(object),
            "attack-pattern" => self.catalogue(object, "capec", "capec-reference", is_capec),
            "vulnerability" => self.catalogue(object, "cve", "cve-reference", is_cve),
            "observed-data" => self.observed(object),
            "marking-definition" => self.marking(object),
            "extension-definition" => self.extension_properties(object),
            _ => Ok(()),
        }
    }

    /// Section 5.1.2: the listed types would be used where both ends are types of the standard.
    fn relationship(&mut self, object: &Object<'a>) -> Outcome {
        let (Some(kind), Some(from), Some(to)) =
            (object.text("relationship_type"), object.text("source_ref"), object.text("target_ref"))
        else {
            return Ok(());
        };
        let (Some((from, _)), Some((to, _))) = (id::split(&from), id::split(&to)) else { return Ok(()) };
        let standard = Class::of(from) != Class::Custom && Class::of(to) != Class::Custom;
        if standard && !table::relation_listed(from, &kind, to) {
            let reason = format!("`{}` from {from} to {to} is not listed in the standard", id::cut(&kind));
            self.path.push(Step::Key(Text::from("relationship_type")));
            self.should("relationship-unlisted", reason);
            self.path.pop();
        }
        Ok(())
    }

    /// Section 4.7.1: a pattern of the STIX language can be read.
    fn indicator(&mut self, object: &Object<'a>) -> Outcome {
        if object.text("pattern_type").as_deref() != Some("stix") {
            return Ok(());
        }
        // An older language is its own: a pattern that names another version than ours is not read.
        if object.text("pattern_version").is_some_and(|version| &*version != "2.1") {
            return Ok(());
        }
        let Some(text) = object.text("pattern") else { return Ok(()) };
        match crate::pattern::parse(&text) {
            Ok(_) => Ok(()),
            Err(fault) => self.must_at("pattern", "pattern-syntax", fault.to_string()),
        }
    }

    /// Sections 4.1.1 and 4.19.1: the source and the form of identifiers of a public catalogue.
    fn catalogue(
        &mut self,
        object: &Object<'a>,
        source: &str,
        rule: &'static str,
        is_one: fn(&str) -> bool,
    ) -> Outcome {
        let Some(references) = object.get("external_references") else { return Ok(()) };
        for (index, reference) in references.items().enumerate() {
            let (mut name, mut number) = (Text::default(), None);
            for (key, value) in reference.members() {
                match &*key {
                    "source_name" => name = value.text().unwrap_or_default(),
                    "external_id" => number = value.text(),
                    _ => {}
                }
            }
            let Some(number) = number else { continue };
            let named = &*name == source;
            if named == is_one(&number) {
                continue;
            }
            let reason = match named {
                true => format!("`{}` is no identifier of {source}", id::cut(&number)),
                false => {
                    format!("`{}` is an identifier of {source}: its `source_name` is `{source}`", id::cut(&number))
                }
            };
            self.path.extend([Step::Key(Text::from("external_references")), Step::Index(index)]);
            self.must_at(if named { "external_id" } else { "source_name" }, rule, reason)?;
            self.path.truncate(self.path.len() - 2);
        }
        Ok(())
    }

    /// Section 4.14: at least one of what was observed is an observable.
    fn observed(&mut self, object: &Object<'a>) -> Outcome {
        let Some(refs) = object.get("object_refs") else { return Ok(()) };
        let observable = |item: Value<'a>| {
            let kind = item.text();
            let kind = kind.as_deref().and_then(id::split).map_or("", |(kind, _)| kind);
            matches!(Class::of(kind), Class::Observable | Class::Custom)
        };
        if refs.items().any(observable) {
            return Ok(());
        }
        self.must_at("object_refs", "observed-data-observable", "at least one reference names an observable")
    }

    /// Section 7.2.1: the marking object has the form that its type has. TLP is in [`crate::marking`].
    fn marking(&mut self, object: &Object<'a>) -> Outcome {
        let Some(definition) = object.get("definition") else { return Ok(()) };
        self.path.push(Step::Key(Text::from("definition")));
        self.form(definition, Form::Object)?;
        if object.text("definition_type").as_deref() == Some("statement") {
            self.shape(&table::STATEMENT, definition)?;
        }
        self.path.pop();
        Ok(())
    }

    /// Sections 7.3.1 and 7.3.2.
    fn extension_properties(&mut self, object: &Object<'a>) -> Outcome {
        let toplevel = object
            .get("extension_types")
            .is_some_and(|types| types.items().any(|t| t.text().as_deref() == Some("toplevel-property-extension")));
        let Some(names) = object.get("extension_properties") else {
            if toplevel {
                self.path.push(Step::Key(Text::from("extension_properties")));
                self.should("extension-properties-unnamed", "the properties at the top level would be named");
                self.path.pop();
            }
            return Ok(());
        };
        if !toplevel {
            let reason = "only a toplevel-property-extension names its properties";
            return self.must_at("extension_properties", "extension-properties", reason);
        }
        self.path.push(Step::Key(Text::from("extension_properties")));
        for (index, name) in names.items().enumerate() {
            let Some(name) = name.text() else { continue };
            let fits = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !fits || !(3..=250).contains(&name.len()) {
                self.path.push(Step::Index(index));
                let reason = format!("`{}` is not the name of a property: 3 to 250 of [a-z0-9_]", id::cut(&name));
                self.should("property-name", reason);
                self.path.pop();
            }
        }
        self.path.pop();
        Ok(())
    }
}

/// `CAPEC-` and a number.
fn is_capec(text: &str) -> bool {
    text.strip_prefix("CAPEC-").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// `CVE-`, a year, and at least four digits.
fn is_cve(text: &str) -> bool {
    let digits = |t: &str, least: usize| t.len() >= least && t.bytes().all(|b| b.is_ascii_digit());
    let Some((year, number)) = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else { return false };
    year.len() == 4 && digits(year, 4) && digits(number, 4)
}
