//! Requests made from a row of the table of sinks: its path filled with what is there, what is hidden and what is nowhere; parameters of
//! all kinds, right and wrong. A row that is new is visited without a word here; one that takes more than ids is worth an arm.

use partners::sinks::{Sink, Who};

use super::hub::{Ask, By, COPIES, FAR, OPEN, OTHERS};
use super::steps::{address, address_id, cve, label, label_id, tool, tool_id, vulnerability_id};

/// The people of fr, who must not learn what they may not see.
pub(super) const READERS: [&str; 6] = ["fr-partner", "fay", "fr-admin", "fr-operator", "fr-analyst", "fr-auditor"];
/// Figures that are shown on purpose, or that a test cannot hold without taking the function away; see docs/decisions/0012-two-worlds.md.
/// Nothing else is left out.
pub(super) const DECLASSIFIED: [(&str, &str); 5] = [
    ("sign-in-wait", "ten wrong passwords for one name hold up that name, whoever asks: fr tries its own names"),
    (
        "purged-id",
        "who gives a version that was purged as another's hears success and does not find it: it must not come back",
    ),
    (
        "sightings",
        "who has that clause learns that its indicators were seen by others, also where what decided it stands out of its sight",
    ),
    (
        "figures",
        "before a review is frozen a partner is shown by letter what its figures say of it, whatever decides the verdict (decision 20)",
    ),
    (
        "marking-of-another",
        "what names a marking that its giver defines nowhere is handled by whatever definition is held, seen by the giver or not",
    ),
];

/// Numbers that look random and are the same for the same seed (`SplitMix64`).
#[derive(Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    /// In so many of a hundred.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// What was met on the way: ids that are worth asking for.
#[derive(Default)]
pub(super) struct Met {
    pub(super) statuses: Vec<String>,
    /// Of answer links: what each world drew for it. A request says `<t3>` for the third and `<n3>` for what binds its form.
    pub(super) tokens: Vec<[String; 2]>,
    pub(super) references: Vec<String>,
    pub(super) purges: Vec<String>,
    /// Addresses that lead on.
    pub(super) onward: Vec<(String, String)>,
}

/// A request to this way out.
pub(super) fn request(sink: &Sink, dice: &mut Dice, met: &Met) -> Option<Ask> {
    let (method, place) = sink.way.route()?;
    let by = match sink.who {
        Who::Persons(..) if dice.chance(3) => By::Nobody,
        Who::Persons(..) if dice.chance(2) => By::Header("Bearer x".to_owned()),
        Who::Persons(..) => By::Person(READERS[[0, 0, 0, 1, 1, 2, 3, 4, 5][dice.below(9)]].to_owned()),
        _ => By::Nobody,
    };
    if let (By::Person(name), true) = (&by, dice.chance(25)) {
        let mine: Vec<&String> =
            met.onward.iter().filter(|(n, path)| n == name && is_of(path, place)).map(|(_, path)| path).collect();
        if let (Some(path), "GET") = (mine.last(), method) {
            return Some(Ask { by, method: method.to_owned(), path: (*path).clone(), body: String::new() });
        }
    }
    let mut path = String::new();
    for (n, part) in place.split('/').enumerate() {
        if n > 0 {
            path.push('/');
        }
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => path.push_str(&id(name, place, dice, met)),
            None => path.push_str(part),
        }
    }
    let token = path.rsplit('/').next().unwrap_or_default().to_owned();
    let body = body(sink.name, method, &token, dice);
    let query = if method == "POST" && place.starts_with("/taxii2") { String::new() } else { query(place, dice, met) };
    if !query.is_empty() {
        path.push('?');
        path.push_str(&query);
    }
    Some(Ask { by, method: method.to_owned(), path, body })
}

/// Whether an address is one of a place of the table.
fn is_of(path: &str, place: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (path, place): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), place.split('/').collect());
    path.len() == place.len() && path.iter().zip(&place).all(|(a, b)| a == b || b.starts_with('{'))
}

fn of(list: &[String], dice: &mut Dice) -> Option<String> {
    list.get(dice.below(list.len())).cloned()
}

/// What may stand for an id: what fr sees, what it may not see, what is nowhere.
fn id(name: &str, place: &str, dice: &mut Dice, met: &Met) -> String {
    let nowhere = "5a8a7a1e-0c53-4f0e-9b7e-0000000fffff".to_owned();
    match name {
        "root" => {
            dice.pick(&["default", "default", "default", "default", "default", "default", "far", "nowhere"]).to_owned()
        }
        "id" if place.contains("/collections/") => {
            dice.pick(&[OPEN, OPEN, OPEN, OPEN, OPEN, COPIES, COPIES, OTHERS, FAR, "default", &nowhere]).to_owned()
        }
        "id" if place.contains("/status/") => of(&met.statuses, dice).unwrap_or(nowhere),
        "token" if dice.chance(85) && !met.tokens.is_empty() => format!("<t{}>", dice.below(met.tokens.len())),
        "token" => "y".repeat(43),
        "reference" => of(&met.references, dice).unwrap_or_else(|| "ABCD-EFGH-JKLM".to_owned()),
        "object" => object(dice),
        "measure" => "2.1.3".to_owned(),
        "leaf" => dice.below(12).to_string(),
        "purge" => of(&met.purges, dice).unwrap_or_else(|| "P-ABCD-EFGH-JKLM".to_owned()),
        "name" => "main.css".to_owned(),
        "id" if place.starts_with("/loop") => cve(dice.byte() % 16),
        _ => match dice.below(4) {
            0 => object(dice),
            1 => cve(dice.byte() % 16),
            2 => of(&met.references, dice).unwrap_or(nowhere),
            _ => dice.pick(&["fr", "nl", "home", OPEN, OTHERS, "nowhere"]).to_owned(),
        },
    }
}

fn object(dice: &mut Dice) -> String {
    match dice.below(10) {
        0 => vulnerability_id(dice.byte()),
        2 => address_id(dice.byte()),
        1 => format!("sighting--00000000-0000-4000-8000-{:012}", 900 + dice.below(20)),
        _ => tool_id(dice.byte() % 100),
    }
}

/// A word to search for: of fr, of others, of nobody; whole, in part.
fn word(dice: &mut Dice, met: &Met) -> String {
    match dice.below(7) {
        0 => cve(dice.byte() % 16),
        1 => of(&met.references, dice).unwrap_or_default(),
        2 => object(dice),
        _ => dice
            .pick(&[
                "plc", "fr-plc-1", "nl-plc-1", "nl", "fr", "water", "secret", "EX-1", "HX-1", "CVE-2026", "a", "Acme",
                "%25", "zzz", "pump",
            ])
            .to_owned(),
    }
}

fn query(place: &str, dice: &mut Dice, met: &Met) -> String {
    let mut out: Vec<String> = Vec::new();
    if place.starts_with("/taxii2") {
        let many = dice.below(3);
        for _ in 0..many {
            out.push(filter(dice));
        }
        return out.join("&");
    }
    if place.starts_with("/receipts/") {
        for name in ["leaf", "size", "from", "to", "limit"] {
            if dice.chance(60) {
                out.push(format!("{name}={}", dice.below(8)));
            }
        }
        return out.join("&");
    }
    for _ in 0..dice.below(3) {
        out.push(match dice.below(9) {
            0 => format!("q={}", word(dice, met)),
            1 => format!("status={}", dice.pick(&["affected", "fixed", "review", "unknown"])),
            2 => format!("state={}", dice.pick(&["sent", "silent", "mitigated", "held"])),
            3 => format!("after={}", dice.below(4)),
            4 => format!("country={}", dice.pick(&["FR", "NL", "BE"])),
            5 => format!("level={}", dice.pick(&["asset", "sector", "constituency"])),
            6 => "exploited=true".to_owned(),
            7 => format!("lang={}", dice.pick(&["fr", "de", "xx"])),
            _ => format!("q={}", word(dice, met)),
        });
    }
    if place == "/find" && !out.iter().any(|part| part.starts_with("q=")) {
        out.push(format!("q={}", word(dice, met)));
    }
    out.sort();
    out.dedup_by_key(|part| part.split('=').next().map(str::to_owned));
    out.join("&")
}

fn filter(dice: &mut Dice) -> String {
    match dice.below(9) {
        0 | 1 => format!("limit={}", dice.pick(&["1", "2", "3", "7", "0", "x", "99999"])),
        2 => format!("added_after=2026-01-{:02}T0{}:00:00Z", 1 + dice.below(20), dice.below(9)),
        3 => format!("match[id]={}", object(dice)),
        4 => format!("match[id]={},{}", object(dice), object(dice)),
        5 => format!("match[type]={}", dice.pick(&["tool", "vulnerability", "sighting,tool", "marking-definition"])),
        6 => format!(
            "match[version]={}",
            dice.pick(&["all", "first", "last", "first,last", "2020-01-01T00:00:02Z", "2020-01-01T00:00:03Z"])
        ),
        7 => format!("match[spec_version]={}", dice.pick(&["2.1", "2.0"])),
        _ => "next=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    }
}

fn body(sink: &str, method: &str, token: &str, dice: &mut Dice) -> String {
    match sink {
        _ if method != "POST" => String::new(),
        "taxii-give" => envelope(dice),
        "answer-send" | "answer-send-short" => {
            let nonce = match token.strip_prefix("<t") {
                Some(n) => format!("<n{n}"),
                None => nonce(token),
            };
            let answer = dice.pick(&["acknowledged", "fixed", "not_mine", "help", "forward", "nonsense", ""]);
            format!(
                "answer={answer}&nonce={nonce}&comment=as+said&reference={}",
                if dice.chance(50) { "T-1" } else { "" }
            )
        }
        "page-sign-in-send" => {
            let name = dice.pick(&["fr-partner", "fay", "nobody-at-all"]);
            format!("name={name}&password=wrong+horse&next=/act")
        }
        "receipt-request-answer" => {
            format!(r#"{{"answer":"{}","note":"as said"}}"#, dice.pick(&["destroyed", "kept", "nonsense"]))
        }
        "page-ask-decide" => format!("csrf={{csrf}}&decision={}", dice.pick(&["approve", "reject"])),
        _ => "csrf={csrf}".to_owned(),
    }
}

/// What binds the form of an answer to its link.
pub(super) fn nonce(token: &str) -> String {
    crate::auth::hash(&format!("answer form {token}"))
}

impl Met {
    /// A request as one world has it.
    pub(super) fn of_world(&self, ask: &Ask, world: usize) -> Ask {
        let mut ask = ask.clone();
        if ask.path.contains("<t") {
            for (n, token) in self.tokens.iter().enumerate() {
                ask.path = ask.path.replace(&format!("<t{n}>"), &token[world]);
                ask.body = ask.body.replace(&format!("<n{n}>"), &nonce(&token[world]));
            }
        }
        ask
    }

    /// A text without what one world drew for an answer link.
    pub(super) fn masked(&self, text: &str, world: usize) -> String {
        let mut text = text.to_owned();
        for (n, token) in self.tokens.iter().enumerate() {
            text = text.replace(&token[world], &format!("<t{n}>")).replace(&nonce(&token[world]), &format!("<n{n}>"));
        }
        text
    }
}

/// What fr gives: its own objects in new versions and old, versions of what others made, what is no object at all.
fn envelope(dice: &mut Dice) -> String {
    let green = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    let objects: Vec<String> = (0..1 + dice.below(3))
        .map(|_| match dice.below(16) {
            0 => r#"{"type":"tool","id":"tool--x"}"#.to_owned(),
            12 | 13 => address(dice.byte(), [&[green][..], &[]][dice.below(2)], dice.byte()),
            // its own marking, always with what it marks: a definition that is hidden from it may decide where it gives none
            14 | 15 => {
                let n = dice.byte();
                let tlp = stix::Tlp::from_rank(i64::from(dice.byte() % 5));
                let object = tool(80 + dice.byte() % 15, dice.byte() % 20, &[&label_id(n)], "");
                let definition = label(n, tlp, &[]);
                if dice.chance(50) { format!("{definition},{object}") } else { format!("{object},{definition}") }
            }
            1 => tool(dice.byte() % 20, dice.byte() % 18, &[], r#","description":"of fr""#),
            2 => tool(
                80 + dice.byte() % 10,
                dice.byte() % 6,
                &["marking-definition--00000000-0000-4000-8000-000000000301"],
                "",
            ),
            // against what it sees; not what nl gives, whose writes are judged by what nl sees
            4 => tool(20 + dice.byte() % 5, 1 + 2 * (dice.byte() % 9), &[], "")
                .replace("2020-01-01T00:00:00.000Z", "2019-01-01T00:00:00.000Z"),
            // under ids at which something is hidden at times, in other words and with another beginning
            5 => tool(80 + dice.byte() % 15, dice.byte() % 20, &[], r#","description":"of fr""#),
            6 => tool(80 + dice.byte() % 15, dice.byte() % 20, &[green], "")
                .replace("2020-01-01T00:00:00.000Z", "2019-01-01T00:00:00.000Z"),
            3 => tool(80 + dice.byte() % 10, 9, &[], r#","revoked":true"#),
            _ => tool(80 + dice.byte() % 15, dice.byte() % 20, [&[green][..], &[]][dice.below(2)], ""),
        })
        .collect();
    match dice.below(12) {
        0 => objects.join(","),
        1 => r#"{"objects":[{]}"#.to_owned(),
        _ => format!(r#"{{"objects":[{}]}}"#, objects.join(",")),
    }
}
