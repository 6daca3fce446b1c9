//! The verbs, a file for each noun: arguments, what is called, what is printed.
pub(crate) mod ask;
pub(crate) mod collection;
pub(crate) mod depend;
pub(crate) mod exposure;
pub(crate) mod home;
pub(crate) mod import;
pub(crate) mod measure;
pub(crate) mod pack;
pub(crate) mod partner;
pub(crate) mod peer;
pub(crate) mod release;
pub(crate) mod serve;
pub(crate) mod sighting;
pub(crate) mod store;
pub(crate) mod today;
pub(crate) mod user;
