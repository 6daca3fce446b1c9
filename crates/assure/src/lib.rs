//! The plan as data: measures computed from what happened, with proof.
//!
//! A plan pack ([`pack`]) defines each measure; plain facts with two times ([`facts`]) come from the ledger; the measures
//! ([`prior`], [`trusted`], [`exchanges`]) are pure functions of both; a [`figure::Figure`] is what comes out, and
//! [`figure::Explanation`] lists what was counted, what was not and why. Nothing here decides whom to trust or what to ask.

pub mod exchanges;
pub mod facts;
pub mod figure;
pub mod headline;
pub mod lint;
pub mod measure;
pub mod pack;
pub mod period;
pub mod prior;
pub mod share;
pub mod trusted;
pub mod wilson;

#[cfg(test)]
mod tests;
