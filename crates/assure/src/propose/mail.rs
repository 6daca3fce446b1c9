//! Mails.
use super::{Known, Reading};

/// What is proposed of a mail.
pub fn read(_bytes: &[u8], _known: &Known<'_>) -> Reading {
    Reading::default()
}
