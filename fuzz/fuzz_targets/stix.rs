//! Any bytes as a document, as it is admitted.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_fuzz::properties::stix(data));
