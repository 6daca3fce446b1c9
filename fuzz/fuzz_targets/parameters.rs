//! Any bytes as the query of a TAXII request.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_fuzz::properties::parameters(data));
