//! The plan as data: measures computed from what happened, with proof.
//!
//! A plan pack defines each measure; the stage folds the log into plain facts with two times; the measures are pure functions
//! of both; a [`Figure`] is what comes out, and an [`Explanation`] lists what was counted, what was not and why. Nothing here
//! decides whom to trust or whom to ask.
//!
//! # Layout
//!
//! * [`pack`], [`mod@lint`], [`mod@diff`], [`shipped`]: plans as data, what is wrong with one, what a new version changes
//! * [`stage`] with `asked`, `exposed`, `received`: the fold; `load`: facts from its tables
//! * [`facts`]: what a measure may look at; [`period`]: quarters; `seen`: what is seen at one time; [`memory`]: both kept, following the log
//! * [`measure`]: from a definition to a figure; [`prior`] with [`share`] and [`headline`] is 2.1.3, `combined` 2.1.2, [`exchanges`] 1.2.2
//! * [`record`]: what people write down, by definitions that are data; [`count`]: the language in which a measure says what it counts, with
//!   `counted`, `organisations`, `mitigations`, and `merged` for two keys of one body
//! * [`propose`]: what calendars, mails and exports of courses say could be recorded, until a person decides
//! * [`review`]: a quarter or a year, shown to its partners, frozen, vouched for, and given to a stranger to recompute
//! * [`compute`](mod@compute): what the command line and pages ask; [`figure`]: what they get
//! * [`coverage`](mod@coverage): what serves what, and what nothing serves
//! * [`file`](mod@file): all that is known of one partner; [`vetting`]: what trust in it rests on, and what is proposed
//! * [`yours`]: what one organisation is shown of itself, and asked
//! * [`text`]: the same as lines for a person
//! * [`wilson`]: intervals, for samples only
mod asked;
pub mod attention;
mod combined;
pub mod compute;
pub mod count;
mod counted;
pub mod coverage;
pub mod diff;
pub mod exchanges;
mod exposed;
pub mod facts;
pub mod figure;
pub mod file;
pub mod headline;
pub mod lint;
mod load;
pub mod measure;
pub mod memory;
mod merged;
mod mitigations;
mod organisations;
pub mod pack;
pub mod period;
pub mod prior;
pub mod propose;
mod received;
pub mod record;
pub mod review;
mod seen;
pub mod share;
pub mod shipped;
pub mod stage;
pub mod text;
pub mod vetting;
pub mod wilson;
pub mod yours;

pub use compute::{
    attempt, check_pack, compute, explain, explain_all, furnish, lint_plans, plan, plans, readable, tags,
};
pub use figure::{Explanation, Figure};
pub use memory::Memory;
pub use period::Period;
pub use stage::Assure;

#[cfg(test)]
mod emergency;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod turn;
