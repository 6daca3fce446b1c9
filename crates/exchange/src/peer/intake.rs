//! The objects of a page before they are admitted: those with times in the future are set apart, and a known fault of one server is
//! mended where the operator said so. Not for what makes an object admissible: that is `stix` and `admit`. What is not understood here
//! goes on as it is, and admission says what is wrong with it.

use super::Refused;
use ledger::Micros;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use stix::Timestamp;

/// A page as it is admitted.
pub(super) struct Sorted<'a> {
    /// An envelope; the bytes that came, where there was nothing to sort out.
    pub(super) body: Cow<'a, [u8]>,
    /// What was set apart.
    pub(super) ahead: Vec<Refused>,
}

/// What is looked at of an object.
#[derive(Deserialize)]
struct Marks<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    spec_version: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created: Option<&'a RawValue>,
    #[serde(borrow, default)]
    modified: Option<&'a RawValue>,
}

/// Sorts a page whose objects are these. `mends` is for servers that write the type where the version of the standard stands (docs/decisions/0016).
pub(super) fn sort<'a>(body: &'a [u8], objects: &[&'a RawValue], mends: bool, latest: Micros) -> Sorted<'a> {
    let mut ahead = Vec::new();
    let mut changed = false;
    let mut kept: Vec<Cow<'_, str>> = Vec::with_capacity(objects.len());
    for object in objects {
        let Ok(marks) = serde_json::from_str::<Marks<'_>>(object.get()) else {
            kept.push(Cow::Borrowed(object.get()));
            continue;
        };
        if let Some(refused) = in_future(&marks, latest) {
            ahead.push(refused);
            changed = true;
            continue;
        }
        let mended = if mends { mend(object, &marks) } else { None };
        changed |= mended.is_some();
        kept.push(mended.map_or(Cow::Borrowed(object.get()), Cow::Owned));
    }
    let body = if changed {
        Cow::Owned(format!("{{\"objects\":[{}]}}", kept.join(",")).into_bytes())
    } else {
        Cow::Borrowed(body)
    };
    Sorted { body, ahead }
}

fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// A version from the future would be the last one for ever.
fn in_future(marks: &Marks<'_>, latest: Micros) -> Option<Refused> {
    let late = |time: &String| Timestamp::parse(time).is_ok_and(|at| at.micros() > latest.0);
    let time = [marks.modified, marks.created].into_iter().filter_map(text).find(late)?;
    let reason = format!("its time {time} lies in the future");
    Some(Refused {
        id: text(marks.id).unwrap_or_default(),
        version: time,
        rule: "time-in-future".to_owned(),
        reason,
        at: Micros::default(),
    })
}

/// The object with the version of the standard in place of its own type; all else byte for byte.
fn mend(object: &RawValue, marks: &Marks<'_>) -> Option<String> {
    let (kind, spec) = (marks.kind?, marks.spec_version?);
    if kind.get() != spec.get() {
        return None;
    }
    let whole = object.get();
    let start = spec.get().as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let (before, after) = (whole.get(..start)?, whole.get(start + spec.get().len()..)?);
    Some(format!("{before}\"2.1\"{after}"))
}
