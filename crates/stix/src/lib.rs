//! STIX 2.1: reading, checking, ids, markings, equality of versions. Does no I/O.
//!
//! The order of work at a border is always the same: [`scan`] looks at every byte once and splits a bundle into objects that
//! borrow from it; [`admit`] reads the [`Head`] of one object and holds it against the rules of the standard that need no store;
//! whatever is wrong is a [`Fault`] with a stable rule and a JSON pointer. Bytes are never changed and never written again.

pub mod admit;
pub mod bundle;
pub mod fault;
pub mod id;
pub mod jcs;
pub mod kind;
pub mod marking;
pub mod object;
pub mod pattern;
pub mod scan;
pub mod text;
pub mod time;
pub mod tlp;

pub use admit::admit;
pub use fault::Fault;
pub use kind::Class;
pub use object::Head;
pub use text::Text;
pub use time::Timestamp;
pub use tlp::Tlp;
