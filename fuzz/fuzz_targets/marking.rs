//! Any bytes as the markings of an object.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_fuzz::properties::marking(data));
