//! The stories: what a person does, end to end, through the binary. One test program, so that it is linked once.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of the test functions themselves")]

mod crash;
mod crash_post;
mod demo;
mod fuzz;
mod harness;
mod hostile;
mod hostile_taxii;
mod interop;
mod peers;
mod purge;
mod quarter;
mod real;
mod release;
mod sample;
