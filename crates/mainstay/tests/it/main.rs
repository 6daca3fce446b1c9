//! The stories: what a person does, end to end, through the binary. One test program, so that it is linked once.
mod crash;
mod demo;
mod harness;
mod hostile;
mod peers;
mod real;
mod release;
mod sample;
