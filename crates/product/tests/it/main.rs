//! The corpus tests.
