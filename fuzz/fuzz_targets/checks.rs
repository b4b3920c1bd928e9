//! Every check looks at manifests by anybody.
#![no_main]

use meshwright::{
    check::{self, Releases, Scene},
    delivery::Delivered,
    mesh::{Config, Mesh},
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (Delivered { manifests, delivery, .. }, sources) = meshwright_fuzz::manifests(bytes);
    let mesh = Mesh::resolve(&manifests, Config::found_in(&manifests, &sources));
    let releases = Releases { istio: None, flux: None, kubernetes: None };
    let found = check::check(&Scene::new(&mesh, &delivery, &sources, releases));
    meshwright_fuzz::shown(&found, &sources);
});
