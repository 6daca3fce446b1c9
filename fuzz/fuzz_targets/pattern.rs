//! Any bytes as a pattern, as it is read.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_fuzz::properties::pattern(data));
