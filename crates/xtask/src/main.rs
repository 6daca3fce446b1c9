//! Chores: demo, test, ui, bench, tidy, dist.
fn main() {}
