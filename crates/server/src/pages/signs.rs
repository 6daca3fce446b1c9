//! States, evidence and markings as signs: a shape, a word and a class each, in one table.
//! Not for: deciding a state.

use std::fmt;

use askama::filters::HtmlSafe;

use super::words::escape;

/// One row of the table of states: key, shape of the sprite, class, word.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// Every state a page shows. An unknown key shows itself with a query mark, never nothing.
const STATES: &[Row] = &[
    // exposures
    ("affected", "diamond", "hot", "affected"),
    ("fixed", "disc", "calm", "fixed"),
    ("not_affected", "dash", "dim", "not affected"),
    ("under_investigation", "half", "", "under investigation"),
    ("disputed", "cross", "", "disputed"),
    ("review", "query", "", "in review"),
    ("unknown", "hatch", "dim", "unknown"),
    // asks
    ("planned", "ring", "dim", "planned"),
    ("held", "hand", "", "held"),
    ("approved", "ring", "", "approved"),
    ("rejected", "cross", "dim", "rejected"),
    ("sent", "ring", "", "sent"),
    ("bounced", "cross", "hot", "bounced"),
    ("silent", "hatch", "", "silent"),
    ("acknowledged", "half", "", "acknowledged"),
    ("mitigated", "disc", "calm", "mitigated"),
    ("not_mine", "dash", "dim", "not theirs"),
    ("false_positive", "cross", "", "disputed"),
    ("help", "diamond", "hot", "asks for help"),
    ("forwarded", "half", "", "forwarded"),
    ("closed", "dash", "dim", "closed"),
    ("unsure", "query", "", "may have gone"),
    // nodes
    ("failed", "cross", "hot", "failed"),
    ("lost", "diamond", "hot", "lost"),
    ("degraded", "half", "", "degraded"),
    ("up", "disc", "calm", "holds"),
    ("unsupplied", "dash", "dim", "unsupplied before"),
    // measures
    ("computed", "disc", "calm", "computed"),
    ("recorded", "half", "", "recorded"),
    ("missing", "hatch", "dim", "missing"),
];

/// A state as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    key: String,
    word: Option<String>,
}

impl State {
    /// The state with this key.
    pub fn new(key: &str) -> State {
        State { key: key.to_owned(), word: None }
    }

    /// The same sign with words of its own.
    #[must_use]
    pub fn saying(mut self, word: &str) -> State {
        self.word = Some(word.to_owned());
        self
    }

    /// The word for the state.
    pub fn word(&self) -> &str {
        self.word.as_deref().or_else(|| self.row().map(|r| r.3)).unwrap_or(&self.key)
    }

    /// The shape alone.
    pub fn shape(&self) -> Shape {
        let (shape, class) = self.row().map_or(("query", ""), |r| (r.1, r.2));
        Shape { shape, class }
    }

    fn row(&self) -> Option<&'static Row> {
        STATES.iter().find(|r| r.0 == self.key)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shape { shape, class } = self.shape();
        let word = escape(self.word());
        write!(
            f,
            r##"<span class="st {class}"><svg class="g" width="12" height="12" aria-hidden="true"><use href="#g-{shape}"/></svg>{word}</span>"##
        )
    }
}
impl HtmlSafe for State {}

/// A shape of the sprite, without a word; only beside one.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    shape: &'static str,
    class: &'static str,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r##"<svg class="g {}" width="12" height="12" aria-hidden="true"><use href="#g-{}"/></svg>"##,
            self.class, self.shape
        )
    }
}
impl HtmlSafe for Shape {}

/// A level of evidence, E0 to E4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence(pub u8);

impl Evidence {
    /// Reads `E2`; nothing where it is no level.
    pub fn read(text: &str) -> Option<Evidence> {
        text.strip_prefix('E').and_then(|n| n.parse().ok()).map(Evidence)
    }

    /// What the level means, in words.
    pub fn meaning(self) -> &'static str {
        match self.0 {
            0 => "we say so",
            1 => "the partner acknowledged",
            2 => "the partner's statement with an artefact",
            3 => "confirmed by a source other than the claimant",
            _ => "confirmed by an independent party",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<span class="ev e{0}" title="{1}">E{0}</span>"#, self.0.min(4), self.meaning())
    }
}
impl HtmlSafe for Evidence {}

/// A TLP marking as a page shows it. Order: the stricter is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// No limit.
    Clear,
    /// The community.
    Green,
    /// The organisation and its clients.
    Amber,
    /// The organisation only.
    AmberStrict,
    /// The recipients' eyes only.
    Red,
}

impl Mark {
    /// Reads "CLEAR" to "RED", with or without "TLP:"; what it cannot read is the strictest (a contradiction fails closed).
    pub fn read(text: &str) -> Mark {
        match text.trim().trim_start_matches("TLP:").to_ascii_uppercase().as_str() {
            "CLEAR" | "WHITE" => Mark::Clear,
            "GREEN" => Mark::Green,
            "AMBER" => Mark::Amber,
            "AMBER+STRICT" => Mark::AmberStrict,
            _ => Mark::Red,
        }
    }

    /// "TLP:AMBER+STRICT" (TLP 2.0: capitals, no space).
    pub fn label(self) -> &'static str {
        match self {
            Mark::Clear => "TLP:CLEAR",
            Mark::Green => "TLP:GREEN",
            Mark::Amber => "TLP:AMBER",
            Mark::AmberStrict => "TLP:AMBER+STRICT",
            Mark::Red => "TLP:RED",
        }
    }

    /// The badge of a page.
    pub fn badge(self) -> Badge {
        Badge(self, "tlp")
    }

    /// The badge of a part of a page.
    pub fn small(self) -> Badge {
        Badge(self, "tlp small")
    }

    fn class(self) -> &'static str {
        match self {
            Mark::Clear => "clear",
            Mark::Green => "green",
            Mark::Amber => "amber",
            Mark::AmberStrict => "amber-strict",
            Mark::Red => "red",
        }
    }
}

/// A TLP badge in the standard's own colours.
#[derive(Clone, Copy, Debug)]
pub struct Badge(Mark, &'static str);

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<span class="{} {}">{}</span>"#, self.1, self.0.class(), self.0.label())
    }
}
impl HtmlSafe for Badge {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_a_shape_and_a_word() {
        insta::assert_snapshot!(State::new("affected"), @r##"<span class="st hot"><svg class="g" width="12" height="12" aria-hidden="true"><use href="#g-diamond"/></svg>affected</span>"##);
        insta::assert_snapshot!(State::new("<new>"), @r##"<span class="st "><svg class="g" width="12" height="12" aria-hidden="true"><use href="#g-query"/></svg>&lt;new&gt;</span>"##);
    }

    #[test]
    fn what_is_no_marking_is_the_strictest() {
        for (text, expected) in [
            ("TLP:CLEAR", Mark::Clear),
            ("white", Mark::Clear),
            ("AMBER+STRICT", Mark::AmberStrict),
            ("", Mark::Red),
            ("PURPLE", Mark::Red),
        ] {
            assert_eq!(Mark::read(text), expected);
        }
        assert!(Mark::Amber < Mark::AmberStrict);
    }

    #[test]
    fn every_state_has_a_shape_in_the_sprite() {
        let sprite = include_str!("../../templates/sprite.html");
        for (key, shape, _, _) in STATES {
            assert!(sprite.contains(&format!("id=\"g-{shape}\"")), "{key}: no shape {shape}");
        }
    }
}
