//! The door.

use askama::Template;

use crate::assets::Assets;

/// The page.
#[derive(Template)]
#[template(path = "login.html")]
pub struct Login {
    /// Style, script and type.
    pub assets: Assets,
    /// The operator's own organisation.
    pub home: String,
    /// The store is an exercise.
    pub exercise: bool,
    /// What is wrong.
    pub problem: Option<String>,
    /// The name typed before.
    pub name: String,
    /// Where to go then; a path of this hub.
    pub next: String,
}

/// Where to go after signing in: a path of this hub and nothing else, so that a link cannot send a person elsewhere.
pub fn safe_next(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if local { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::safe_next;

    #[test]
    fn only_paths_of_this_hub_are_followed() {
        for (next, expected) in [
            ("/act?x=1", "/act?x=1"),
            ("", "/"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
        ] {
            assert_eq!(safe_next(next), expected);
        }
    }
}
