//! Contacts, asks across a border, channels, clocks, answers.
