//! That nothing leaks, held by tests made from the table of sinks: every route as every role of three organisations ([`roles`]), and two
//! worlds that differ only in what a partner may not see ([`walk`]). See docs/decisions/0012-two-worlds.md.

mod hub;
mod report;
mod requests;
mod roles;
mod steps;
mod walk;
