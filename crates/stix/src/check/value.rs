//! One value against the kind that the table gives it (section 2).

use super::form::{self, Verdict};
use super::{Check, Outcome, Step};
use crate::id;
use crate::json::{Form, Value};
use crate::table::{self, Kind, Target, Vocabulary};
use crate::{Class, Timestamp};

impl<'a> Check<'a> {
    pub(super) fn value(&mut self, kind: &'static Kind, value: Value<'a>) -> Outcome {
        match kind {
            Kind::Text => self.form(value, Form::Text),
            Kind::Form(form) => self.text_form(*form, value),
            Kind::Bool => self.form(value, Form::Bool),
            Kind::Int(min, max) => self.integer(value, *min, *max),
            Kind::Float(min, max) => self.float(value, *min, *max),
            Kind::Time => self.time(value, false),
            Kind::TimeToSecond => self.time(value, true),
            Kind::Hex => self.hex(value),
            Kind::Binary => self.binary(value),
            Kind::Id(target) => self.reference(value, target),
            Kind::Enum(vocabulary) => self.closed(value, vocabulary),
            Kind::Open(vocabulary) => self.open(value, vocabulary),
            Kind::List(kind) => self.list(kind, value),
            Kind::Hashes => self.hashes(value),
            Kind::Dict(kind) => self.dictionary(kind, value),
            Kind::Header => self.header(value),
            Kind::IntOrText => match value.form() {
                Form::Text => Ok(()),
                Form::Number => self.integer(value, i64::MIN, i64::MAX),
                _ => self.wrong("a whole number or a string", value),
            },
            Kind::Any => match value.form() {
                Form::Null => self.wrong("a value", value),
                _ => Ok(()),
            },
            Kind::Object(shape) => {
                self.form(value, Form::Object)?;
                self.shape(shape, value)
            }
            Kind::Extensions => self.extensions(value),
            Kind::Granular => self.granular(value),
            Kind::Container => self.container(value),
            Kind::Contents => self.contents(value),
            // section 3.8
            Kind::Reserved => {
                let reason = format!("`{}` is reserved for a later version of the standard", self.property());
                self.must("reserved-name", reason)
            }
        }
    }

    pub(super) fn form(&mut self, value: Value<'a>, wanted: Form) -> Outcome {
        if value.form() == wanted { Ok(()) } else { self.wrong(wanted.name(), value) }
    }

    pub(super) fn wrong(&mut self, wanted: &str, value: Value<'a>) -> Outcome {
        let reason = format!("`{}` must be {wanted}, not {}", self.property(), value.form().name());
        self.must("wrong-type", reason)
    }

    fn text_form(&mut self, form: table::Form, value: Value<'a>) -> Outcome {
        let Some(text) = value.text() else { return self.wrong("a string", value) };
        use table::Form::{Domain, Email, Ipv4, Ipv6, Mac, Url};
        if self.defanged && matches!(form, Domain | Email | Ipv4 | Ipv6 | Mac | Url) {
            return Ok(());
        }
        self.verdict(form::check(form, &text), &text)
    }

    fn verdict(&mut self, verdict: Verdict, text: &str) -> Outcome {
        match verdict {
            Verdict::Good => Ok(()),
            Verdict::Better(rule, reason) => {
                self.should(rule, format!("`{}` {reason}", id::cut(text)));
                Ok(())
            }
            Verdict::Bad(rule, reason) => self.must(rule, format!("`{}` {reason}", id::cut(text))),
        }
    }

    /// Section 2.10.
    fn integer(&mut self, value: Value<'a>, min: i64, max: i64) -> Outcome {
        if value.form() != Form::Number {
            return self.wrong("a whole number", value);
        }
        const LIMIT: i64 = (1 << 53) - 1;
        let raw = value.raw();
        let whole = raw.parse::<i64>().ok().or_else(|| whole(raw));
        match whole {
            Some(n) if (min.max(-LIMIT)..=max.min(LIMIT)).contains(&n) => Ok(()),
            None if raw.contains(['.', 'e', 'E'])
                && raw.parse::<f64>().is_ok_and(|f| f.abs() < 1e300 && f.fract() != 0.0) =>
            {
                self.must("wrong-type", format!("`{}` must be a whole number, not {}", self.property(), id::cut(raw)))
            }
            _ => {
                let (min, max) = (min.max(-LIMIT), max.min(LIMIT));
                let reason = format!("`{}` is {} and must be {min} to {max}", self.property(), id::cut(raw));
                self.must("number-range", reason)
            }
        }
    }

    fn float(&mut self, value: Value<'a>, min: f64, max: f64) -> Outcome {
        if value.form() != Form::Number {
            return self.wrong("a number", value);
        }
        if value.raw().parse::<f64>().is_ok_and(|f| (min..=max).contains(&f)) {
            return Ok(());
        }
        let reason = format!("`{}` is {} and must be {min:?} to {max:?}", self.property(), id::cut(value.raw()));
        self.must("number-range", reason)
    }

    /// Section 2.16.
    fn time(&mut self, value: Value<'a>, to_second: bool) -> Outcome {
        let Some(text) = value.text() else { return self.wrong("a timestamp", value) };
        match Timestamp::parse(&text) {
            Err(reason) => self.must("timestamp", format!("`{}` {reason}", id::cut(&text))),
            Ok(time) if to_second && time.key().len() > 19 => {
                self.must("timestamp-second", format!("`{}` must be precise to the second", id::cut(&text)))
            }
            Ok(_) => Ok(()),
        }
    }

    /// Section 2.8. The standard's own examples write capitals, so those are only warned of.
    pub(super) fn hex(&mut self, value: Value<'a>) -> Outcome {
        let Some(text) = value.text() else { return self.wrong("a string", value) };
        if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return self.must("hex", format!("`{}` is not an even number of hexadecimal digits", id::cut(&text)));
        }
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            self.should("hex-case", "hexadecimal digits are written in lower case");
        }
        Ok(())
    }

    /// Section 2.1: base64 as RFC 4648 section 4 has it.
    pub(super) fn binary(&mut self, value: Value<'a>) -> Outcome {
        let Some(text) = value.text() else { return self.wrong("a string", value) };
        if form::is_base64(&text) {
            return Ok(());
        }
        self.must("binary", format!("`{}` is not base64 of RFC 4648", self.property()))
    }

    /// Sections 2.9 and 3.3.
    pub(super) fn reference(&mut self, value: Value<'a>, target: &Target) -> Outcome {
        let Some(text) = value.text() else { return self.wrong("an identifier", value) };
        let kind = match id::split(&text) {
            Some((kind, uuid)) if id::uuid_version(uuid).is_some() && is_name(kind, target) => kind,
            _ => return self.must("id-syntax", format!("`{}` is not an identifier: write type--UUID", id::cut(&text))),
        };
        if admits(target, kind) {
            return Ok(());
        }
        let reason = format!("`{}` names a {kind} and must name {}", self.property(), wanted(target));
        self.must("reference-type", reason)
    }

    /// Section 2.4.
    pub(super) fn closed(&mut self, value: Value<'a>, vocabulary: &Vocabulary) -> Outcome {
        let Some(text) = value.text() else { return self.wrong("a string", value) };
        if vocabulary.holds(&text) {
            return Ok(());
        }
        let values: Vec<&str> = vocabulary.values().collect();
        let reason = format!("`{}` is not in {}: {}", id::cut(&text), vocabulary.name, values.join(", "));
        self.must("enum-value", reason)
    }

    /// Section 2.14.
    fn open(&mut self, value: Value<'a>, vocabulary: &Vocabulary) -> Outcome {
        let Some(text) = value.text() else { return self.wrong("a string", value) };
        if !vocabulary.holds(&text) {
            self.should("open-vocabulary", format!("`{}` is not in {}", id::cut(&text), vocabulary.name));
            if !form::is_term(&text) {
                let reason =
                    format!("`{}`: a term of your own is lower case, with hyphens between words", id::cut(&text));
                self.should("open-vocabulary-form", reason);
            }
        }
        Ok(())
    }

    /// Section 2.12.
    fn list(&mut self, kind: &'static Kind, value: Value<'a>) -> Outcome {
        self.form(value, Form::Array)?;
        let mut count = 0;
        for item in value.items() {
            self.path.push(Step::Index(count));
            self.value(kind, item)?;
            self.path.pop();
            count += 1;
        }
        if count > 0 || value.form() != Form::Array { Ok(()) } else { self.empty_list() }
    }

    pub(super) fn empty_list(&mut self) -> Outcome {
        self.must("list-empty", format!("`{}` is an empty list: leave the property out", self.property()))
    }

    pub(super) fn empty_dictionary(&mut self) -> Outcome {
        self.must("dictionary-empty", format!("`{}` is empty: leave the property out", self.property()))
    }

    /// Section 2.3.
    pub(super) fn dictionary(&mut self, kind: &'static Kind, value: Value<'a>) -> Outcome {
        self.form(value, Form::Object)?;
        let mut empty = true;
        for (key, member) in value.members() {
            self.path.push(Step::Key(key.clone()));
            self.dictionary_key(&key, 1)?;
            self.value(kind, member)?;
            self.path.pop();
            empty = false;
        }
        if empty && value.form() == Form::Object { self.empty_dictionary() } else { Ok(()) }
    }

    pub(super) fn dictionary_key(&mut self, key: &str, least: usize) -> Outcome {
        let fits = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if fits && (least..=250).contains(&key.len()) {
            return Ok(());
        }
        let reason = format!("`{}` is no key of a dictionary: {least} to 250 of [A-Za-z0-9_-]", id::cut(key));
        self.must("dictionary-key", reason)
    }

    /// Section 2.7, and section 10.7 for the form of the values.
    fn hashes(&mut self, value: Value<'a>) -> Outcome {
        self.form(value, Form::Object)?;
        let mut empty = true;
        for (key, member) in value.members() {
            self.path.push(Step::Key(key.clone()));
            self.dictionary_key(&key, 3)?;
            match member.text() {
                None => self.wrong("a string", member)?,
                Some(text) if !table::HASH_ALGORITHM.holds(&key) => {
                    let reason = format!("`{}` is not in {}", id::cut(&key), table::HASH_ALGORITHM.name);
                    self.should("hash-algorithm", reason);
                    drop(text);
                }
                Some(text) if !form::is_hash(&key, &text) => {
                    self.must("hash-value", format!("`{}` is no value of {key}", id::cut(&text)))?;
                }
                Some(_) => {}
            }
            self.path.pop();
            empty = false;
        }
        if empty && value.form() == Form::Object { self.empty_dictionary() } else { Ok(()) }
    }

    /// Sections 6.6.1 and 6.12.2. Earlier texts of the standard, and its example, have one string.
    fn header(&mut self, value: Value<'a>) -> Outcome {
        if value.form() != Form::Text {
            return self.list(&Kind::Text, value);
        }
        self.should(
            "header-list",
            format!("`{}`: the values of a header field are a list of strings", self.property()),
        );
        Ok(())
    }

    /// RFC 5646, for the key of a translation.
    pub(super) fn language(&mut self, tag: &str) -> Outcome {
        self.verdict(form::check(table::Form::Language, tag), tag)
    }

    /// Section 7.2.3; the rest of it is in [`crate::marking`].
    fn granular(&mut self, value: Value<'a>) -> Outcome {
        self.form(value, Form::Array)?;
        let mut count = 0;
        for item in value.items() {
            let lang = item.members().find(|(key, _)| &**key == "lang");
            if let Some((key, lang)) = lang {
                self.path.push(Step::Index(count));
                self.path.push(Step::Key(key));
                self.text_form(table::Form::Language, lang)?;
                self.path.truncate(self.path.len() - 2);
            }
            count += 1;
        }
        if count == 0 { self.empty_list() } else { Ok(()) }
    }
}

/// A number that is whole but not written so, such as `5.0` or `1e3`.
fn whole(raw: &str) -> Option<i64> {
    let number: f64 = raw.parse().ok()?;
    // within ±2^53 the conversion is exact
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// Whether a text is the name of a type; one of those that are wanted surely is.
fn is_name(kind: &str, target: &Target) -> bool {
    matches!(target, Target::Types(types) if types.contains(&kind)) || id::is_type(kind)
}

/// Whether a type may be named. One that the standard does not know may be of any class.
fn admits(target: &Target, kind: &str) -> bool {
    use Class::{Custom, Domain, Observable, Relationship};
    match target {
        Target::Types(types) => types.contains(&kind),
        _ if kind == table::BUNDLE_NAME => false,
        Target::Any => true,
        Target::Domain => matches!(Class::of(kind), Domain | Custom),
        Target::Observable => matches!(Class::of(kind), Observable | Custom),
        Target::Node => matches!(Class::of(kind), Domain | Observable | Custom),
        Target::Observed => matches!(Class::of(kind), Observable | Relationship | Custom),
    }
}

/// The words for what may be named.
fn wanted(target: &Target) -> String {
    match target {
        Target::Types(types) => types.iter().map(|t| format!("a {t}")).collect::<Vec<_>>().join(" or "),
        Target::Any => "an object".to_owned(),
        Target::Domain => "a domain object".to_owned(),
        Target::Observable => "an observable".to_owned(),
        Target::Node => "a domain object or an observable".to_owned(),
        Target::Observed => "an observable or a relationship".to_owned(),
    }
}
