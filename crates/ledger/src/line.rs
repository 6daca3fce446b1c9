//! A line that a person types and that stands in the log: a reason, a name. Not for texts that are received.
use crate::error::{Error, Result};

/// Bytes of a line.
pub const MAX: usize = 1_000;

/// Whether a text is one line that says something, and no longer than [`MAX`].
pub fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX && !text.contains(char::is_control)
}

/// A reason without the blanks around it; refused by `rule`, with what to do `next`, where it is no line.
pub fn reason<'a>(text: &'a str, rule: &'static str, next: &str) -> Result<&'a str> {
    let text = text.trim();
    match is_line(text) {
        true => Ok(text),
        false => Err(Error::refused(rule, format!("a reason is one line of up to {MAX} bytes"), next)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let read = |text: &str| reason(text, "r", "n").map_err(|e| e.rule().to_owned()).map(str::to_owned);
        assert_eq!(read("  said so on the phone\n"), Ok("said so on the phone".into()));
        assert_eq!(read(&"a".repeat(MAX)), Ok("a".repeat(MAX)));
        for bad in ["", " \n", "two\nlines", &"a".repeat(MAX + 1)] {
            assert_eq!(read(bad), Err("r".into()), "{bad:?}");
        }
    }
}
