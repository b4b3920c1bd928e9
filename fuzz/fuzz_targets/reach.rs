//! All flows of manifests by anybody.
#![no_main]

use meshwright::{
    delivery::Delivered,
    mesh::{Config, Mesh},
    reach::{Reach, Scope},
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (Delivered { manifests, .. }, sources) = meshwright_fuzz::manifests(bytes);
    let mesh = Mesh::resolve(&manifests, Config::found_in(&manifests, &sources));
    let reach = Reach::of(&mesh);
    reach.flows(&Scope::default());
});
