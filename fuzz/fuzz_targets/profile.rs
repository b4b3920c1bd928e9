//! A profile by anybody becomes a tree or diagnostics; what is rendered keeps its shape, whatever the profile says.
#![no_main]

use meshwright::{
    profile, render,
    source::{Source, Sources},
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut sources = Sources::default();
    let source = Source { path: "mesh.yaml".into(), text: text.to_owned() };
    let (profile, diagnostics) = profile::load(source, &mut sources, &mut |_| Ok(Vec::new()));
    meshwright_fuzz::shown(&diagnostics, &sources);
    if let Some(profile) = profile {
        render::render(&profile).expect("a profile without an error renders");
    }
});
