//! The table of the standard's statements, and the objects that break its rules. Nothing of it is in the library: data for the tests.

mod tests;
