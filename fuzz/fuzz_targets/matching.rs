//! Any bytes as a pattern, as it is run.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_fuzz::properties::matching(data));
