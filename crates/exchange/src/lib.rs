//! Exchange: what a partner gave and what a partner may get. Admission, collections, views. Knows no HTTP.
//!
//! Bytes from a partner are kept as received and given as received: an object is the body of one event, and everything here
//! stands beside it. What the meaning of a CSAF document or an exposure is, later stages say.
//!
//! # Layout
//!
//! * [`event`]: the kinds of event and their meta
//! * [`stage`]: the fold, and what each derived table holds
//! * [`admit`] with [`versions`] and `author`: STIX objects; [`document`]: documents of all other forms; [`review`]: what a person must decide
//! * [`collection`]: collections and who may read and write them; `copy`: what goes out in the place of an object that may not,
//!   `giveaway`: what shows who gave it
//! * [`peer`]: other hubs, from which objects are pulled and to which they are pushed, as far as it got and why not further
//! * [`disclosed`]: what was shown to whom; [`purge`]: what is taken out for good
//! * `meaning`: what a marking means for what names it; `facet`, [`rights`] and [`view`]: who sees what, compiled ahead; [`page`]: reading a range of a view
//! * [`search`]: everything held by its words, as far as the asker's views hold it
//! * [`object`]: one object for whoever reads it, with its versions, marks and neighbours; [`arrivals`]: who gave what, and how regularly
//! * [`sight`]: indicators and observed-data matched with one another, and what goes back to whoever gave the indicator
//! * [`explain`]: the same decision for one object and one organisation, in words; [`consent`]: what an originator lets go
pub mod admit;
pub mod arrivals;
pub(crate) mod author;
pub(crate) mod batch;
pub mod collection;
pub mod consent;
pub(crate) mod copy;
pub mod disclosed;
pub mod document;
pub mod event;
pub mod explain;
pub(crate) mod facet;
pub(crate) mod giveaway;
pub(crate) mod meaning;
pub mod object;
pub mod page;
pub mod peer;
pub mod purge;
pub mod remark;
pub mod review;
pub mod rights;
pub mod search;
pub mod sight;
pub mod stage;
pub mod versions;
pub mod view;

pub use admit::{Origin, import_stix};
pub use collection::{Collection, NewCollection};
pub use document::{NewDocument, import_documents};
pub use search::Search;
pub use stage::Exchange;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
