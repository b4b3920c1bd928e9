//! Bytes by anybody become objects and diagnostics.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    meshwright_fuzz::manifests(bytes);
});
