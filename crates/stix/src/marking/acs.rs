//! The access control specification of the United States (ACS 3.0) as its STIX extension carries it: read, and judged strictly.
//!
//! Not a full evaluation. A recipient needs an explicit permit for its nation or organisation; every denial that may be about it
//! counts; whatever is not known here, a property, an effect, a classification above `U`, an attribute that a hub cannot verify, closes
//! the content to all but the operator. So nothing in here ever widens what the TLP label beside it allows.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The extension of a marking-definition that carries ACS.
pub const ACS_EXTENSION: &str = "extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce";
/// Names of one list; a longer one is not read.
const NAMES_MAX: usize = 1_000;
/// The word that stands for everybody.
const ALL: &str = "ALL";

/// Properties of the extension that say nothing about who may have it, beside those that are read.
const SILENT: [&str; 10] = [
    "extension_type",
    "identifier",
    "name",
    "create_date_time",
    "responsible_entity_custodian",
    "responsible_entity_originator",
    "authority_reference",
    "original_classification",
    "derivative_classification",
    "resource_disposition",
];
/// Attributes of a recipient that no hub can verify: closed unless they say `ALL`.
const UNVERIFIABLE: [&str; 5] = ["shareability", "entity", "sensitivity", "caveat", "sci_controls"];

/// Nations and organisations that a rule names; `None` where it names none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// ISO 3166-1 alpha-3, or `ALL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nations: Option<BTreeSet<String>>,
    /// Names of organisations in capitals, or `ALL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisations: Option<BTreeSet<String>>,
}

/// What one ACS marking asks of a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Acs {
    /// The control set: each list that stands must name the recipient.
    #[serde(default)]
    pub control: Scope,
    /// Scopes of the privileges that permit display.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permits: Vec<Scope>,
    /// Scopes of the denials, of display and of further sharing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denials: Vec<Scope>,
    /// Names to which further sharing is permitted; `None` where it is permitted by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<BTreeSet<String>>,
    /// Why it cannot be judged: then nobody but the operator gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
}

/// The facts about a recipient that ACS asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Its nation, ISO 3166-1 alpha-3.
    pub nation: Option<&'a str>,
    /// Names under which it is known.
    pub names: &'a [&'a str],
    /// It belongs to a government.
    pub government: bool,
}

impl Asker<'_> {
    fn nation_in(&self, list: &BTreeSet<String>) -> bool {
        list.contains(ALL) || self.nation.is_some_and(|nation| list.contains(nation))
    }

    fn named_in(&self, list: &BTreeSet<String>) -> bool {
        list.contains(ALL) || self.names.iter().any(|name| list.contains(&name.to_ascii_uppercase()))
    }
}

impl Scope {
    /// Every list that stands names the asker, and one stands.
    fn permits(&self, asker: &Asker<'_>) -> bool {
        (self.nations.is_some() || self.organisations.is_some()) && self.admits(asker)
    }

    /// No list that stands leaves the asker out.
    fn admits(&self, asker: &Asker<'_>) -> bool {
        self.nations.as_ref().is_none_or(|list| asker.nation_in(list))
            && self.organisations.as_ref().is_none_or(|list| asker.named_in(list))
    }

    fn read(map: &Map<String, Value>) -> Result<Scope, String> {
        Ok(Scope {
            nations: names(map, "permitted_nationalities")?,
            organisations: names(map, "permitted_organizations")?,
        })
    }
}

impl Acs {
    /// Whether the asker may have it, and why, in words that stand after the name of the asker.
    pub fn judge(&self, asker: &Asker<'_>) -> Result<String, String> {
        if let Some(why) = &self.closed {
            return Err(format!("is shut out: {why}"));
        }
        if self.denials.iter().any(|denial| denial.admits(asker)) {
            return Err("is denied by it".to_owned());
        }
        if !self.control.admits(asker) {
            return Err("is not among the nations and organisations of its control set".to_owned());
        }
        if !(self.control.permits(asker) || self.permits.iter().any(|permit| permit.permits(asker))) {
            return Err("has no permit in it, neither by nation nor by organisation".to_owned());
        }
        let shared = |list: &BTreeSet<String>| {
            asker.nation_in(list) || asker.named_in(list) || (asker.government && list.contains("FOREIGNGOV"))
        };
        match &self.sharing {
            Some(list) if !shared(list) => Err("is not among those with whom it may be shared further".to_owned()),
            _ => Ok("is permitted by it".to_owned()),
        }
    }

    /// Reads the extension's value. What is not understood closes it.
    pub fn read(value: &Value) -> Acs {
        let mut acs = Acs::default();
        if let Err(why) = acs.fill(value) {
            acs.closed = Some(why);
        }
        acs
    }

    fn fill(&mut self, value: &Value) -> Result<(), String> {
        let map = value.as_object().ok_or("it is no object")?;
        for (key, value) in map {
            match key.as_str() {
                "policy_reference" => self.policy(value)?,
                "control_set" => self.control_set(value)?,
                "access_privilege" => self.privileges(value)?,
                // a release to the public and a date of declassification would only widen
                "further_sharing" | "public_release" | "declassification" => {}
                silent if SILENT.contains(&silent) => {}
                other => return Err(format!("its property `{}` is not known", cut(other))),
            }
        }
        if !map.contains_key("policy_reference") || !map.contains_key("control_set") {
            return Err("it has no policy or no control set".to_owned());
        }
        match map.get("further_sharing") {
            Some(value) => self.further_sharing(value),
            None => Ok(()),
        }
    }

    /// `urn:isa:policy:acs:ns:v3.0?privdefault=deny&sharedefault=permit`: only a plain permit leaves sharing open. What a privilege is by
    /// default is not asked: a permit must stand.
    fn policy(&mut self, value: &Value) -> Result<(), String> {
        let text = value.as_str().ok_or("its policy is no text")?;
        let query = text.strip_prefix("urn:isa:policy:acs:ns:v3.0?").ok_or("its policy is not ACS 3.0")?;
        let permits = query.split('&').any(|part| part == "sharedefault=permit");
        let denies = query.split('&').any(|part| part.starts_with("sharedefault=") && part != "sharedefault=permit");
        if !permits || denies {
            self.sharing = Some(self.sharing.take().unwrap_or_default());
        }
        Ok(())
    }

    fn control_set(&mut self, value: &Value) -> Result<(), String> {
        let map = value.as_object().ok_or("its control set is no object")?;
        for (key, value) in map {
            match key.as_str() {
                "classification" if value.as_str() == Some("U") => {}
                "classification" => return Err("its classification is not U".to_owned()),
                "permitted_nationalities" | "permitted_organizations" => {}
                "logical_authority_category" | "formal_determination" => {}
                other if UNVERIFIABLE.contains(&other) && says_all(value) => {}
                other => return Err(format!("`{}` of its control set cannot be verified here", cut(other))),
            }
        }
        if !map.contains_key("classification") {
            return Err("it has no classification".to_owned());
        }
        self.control = Scope::read(map)?;
        Ok(())
    }

    fn privileges(&mut self, value: &Value) -> Result<(), String> {
        for rule in value.as_array().ok_or("its privileges are no list")? {
            let map = rule.as_object().ok_or("a privilege is no object")?;
            let action = map.get("privilege_action").and_then(Value::as_str).ok_or("a privilege has no action")?;
            let scope = map.get("privilege_scope").and_then(Value::as_object);
            let known = ["privilege_action", "privilege_scope", "rule_effect"];
            let plain = map.keys().all(|key| known.contains(&key.as_str()));
            match effect(map)? {
                // a permit counts only where it is wholly understood and is about display
                true if matches!(action, "DSPLY" | ALL) && plain => {
                    let scope = scope.ok_or("a privilege has no scope")?;
                    let verified = scope.iter().all(|(key, value)| {
                        matches!(key.as_str(), "permitted_nationalities" | "permitted_organizations")
                            || (UNVERIFIABLE.contains(&key.as_str()) && says_all(value))
                    });
                    self.permits.extend(verified.then(|| Scope::read(scope)).transpose()?);
                }
                true => {}
                // a denial of whatever action counts, by its nations and organisations as far as they are named
                false => self.denials.push(scope.map(Scope::read).transpose()?.unwrap_or_default()),
            }
        }
        Ok(())
    }

    fn further_sharing(&mut self, value: &Value) -> Result<(), String> {
        for rule in value.as_array().ok_or("its further sharing is no list")? {
            let map = rule.as_object().ok_or("a rule of further sharing is no object")?;
            let scope = names(map, "sharing_scope")?.ok_or("a rule of further sharing has no scope")?;
            match (effect(map)?, &mut self.sharing) {
                (true, Some(list)) => list.extend(scope),
                (true, None) => {}
                // whether a name is a nation, a sector or an organisation is not told: a denial counts for all
                (false, _) => self.denials.push(Scope::default()),
            }
        }
        Ok(())
    }
}

fn effect(map: &Map<String, Value>) -> Result<bool, String> {
    match map.get("rule_effect").and_then(Value::as_str) {
        Some("permit") => Ok(true),
        Some("deny") => Ok(false),
        _ => Err("a rule has neither the effect permit nor deny".to_owned()),
    }
}

/// A list of names, in capitals; `None` where it is absent.
fn names(map: &Map<String, Value>, key: &str) -> Result<Option<BTreeSet<String>>, String> {
    let Some(value) = map.get(key) else { return Ok(None) };
    let list = value.as_array().filter(|list| list.len() <= NAMES_MAX).ok_or(format!("`{key}` is no list of names"))?;
    let read: Option<BTreeSet<String>> = list.iter().map(|v| v.as_str().map(str::to_ascii_uppercase)).collect();
    read.map(Some).ok_or(format!("`{key}` is no list of names"))
}

fn says_all(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.len() == 1 && list.first().and_then(Value::as_str) == Some(ALL))
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const POLICY: &str = "urn:isa:policy:acs:ns:v3.0?privdefault=deny&sharedefault=";

    fn marking(share: &str, control: &Value, rest: Value) -> Value {
        let mut control = control.clone();
        control["classification"] = json!("U");
        let mut all = json!({"extension_type": "property-extension", "policy_reference": format!("{POLICY}{share}"), "control_set": control});
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        all
    }

    fn asker<'a>(nation: &'a str, names: &'a [&'a str]) -> Asker<'a> {
        Asker { nation: Some(nation), names, government: true }
    }

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        let acs = Acs::read(value);
        let say = |nation| match acs.judge(&asker(nation, &["x.org"])) {
            Ok(_) => "yes".to_owned(),
            Err(why) => format!("no: {why}"),
        };
        assert_eq!(format!("GBR {}, FRA {}", say("GBR"), say("FRA")), expected);
    }

    #[test]
    fn permits() {
        let eyes = json!({"permitted_nationalities": ["USA", "AUS", "CAN", "GBR", "NZL"]});
        let none = json!({});
        let left = "is not among the nations and organisations of its control set";
        check(&marking("permit", &eyes, none.clone()), &format!("GBR yes, FRA no: {left}"));
        let share = "is not among those with whom it may be shared further";
        check(&marking("deny", &eyes, none.clone()), &format!("GBR no: {share}, FRA no: {left}"));
        let foreign = json!({"further_sharing": [{"sharing_scope": ["FOREIGNGOV"], "rule_effect": "permit"}]});
        check(&marking("deny", &eyes, foreign.clone()), &format!("GBR yes, FRA no: {left}"));
        let both = json!({"permitted_nationalities": ["ALL"], "permitted_organizations": ["X.ORG"]});
        check(&marking("permit", &both, none.clone()), "GBR yes, FRA yes");
        let no = "has no permit in it, neither by nation nor by organisation";
        check(&marking("permit", &json!({}), none.clone()), &format!("GBR no: {no}, FRA no: {no}"));
        let display = |action: &str, effect: &str, nation: &str| {
            json!({"access_privilege": [{"privilege_action": action, "rule_effect": effect,
                "privilege_scope": {"permitted_nationalities": [nation], "entity": ["ALL"]}}]})
        };
        check(&marking("permit", &json!({}), display("DSPLY", "permit", "FRA")), &format!("GBR no: {no}, FRA yes"));
        check(
            &marking("permit", &json!({}), display("CISAUSES", "permit", "ALL")),
            &format!("GBR no: {no}, FRA no: {no}"),
        );
        let denied = "is denied by it";
        check(&marking("permit", &eyes, display("IDSRC", "deny", "GBR")), &format!("GBR no: {denied}, FRA no: {left}"));
    }

    #[test]
    fn what_is_not_known_is_closed() {
        let all = json!({"permitted_nationalities": ["ALL"]});
        for (bad, why) in [
            (json!({}), "it has no policy or no control set"),
            (json!("x"), "it is no object"),
            (marking("permit", &all, json!({"more": 1})), "its property `more` is not known"),
            (
                marking("permit", &json!({"permitted_nationalities": "ALL"}), json!({})),
                "`permitted_nationalities` is no list of names",
            ),
            (
                marking("permit", &json!({"caveat": ["POSSIBLEPII"]}), json!({})),
                "`caveat` of its control set cannot be verified here",
            ),
            (marking("permit", &all, json!({"control_set": {"classification": "S"}})), "its classification is not U"),
            (marking("permit", &all, json!({"policy_reference": "urn:other"})), "its policy is not ACS 3.0"),
            (
                marking("permit", &all, json!({"access_privilege": [{"privilege_action": "DSPLY"}]})),
                "a rule has neither the effect permit nor deny",
            ),
        ] {
            check(&bad, &format!("GBR no: is shut out: {why}, FRA no: is shut out: {why}"));
        }
    }

    proptest! {
        /// Whatever is put beside what is known, a property that this program does not know never opens anything.
        #[test]
        fn an_unknown_property_never_widens(key in "[a-z_]{1,20}", inside: bool, share in prop::sample::select(vec!["permit", "deny"]), nation in prop::sample::select(vec!["GBR", "FRA"])) {
            let plain = marking(share, &json!({"permitted_nationalities": ["GBR"]}), json!({"further_sharing": []}));
            let mut more = plain.clone();
            let at = if inside { more.get_mut("control_set").unwrap() } else { &mut more };
            if at.get(&key).is_none() {
                at[&key] = json!(["ALL"]);
            }
            let may = |v: &Value| Acs::read(v).judge(&asker(nation, &[])).is_ok();
            prop_assert!(!may(&more) || may(&plain));
        }
    }
}
