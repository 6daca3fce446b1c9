//! Mails.
pub(super) fn is_mail(_bytes: &[u8]) -> bool {
    false
}
