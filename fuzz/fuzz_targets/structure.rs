//! Every object is held against the API of its kind, and every value against the charts and the mesh config, in every release.
#![no_main]

use meshwright::{
    api::{self, ChartSchema},
    diagnostic::Diagnostic,
    release::Patch,
    source::Sources,
    yaml,
};

const CHARTS: [&str; 4] = ["base", "istiod", "cni", "gateway"];
const VERSIONS: [&str; 3] = ["1.21.1", "1.25.5", "1.30.3"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut sources = Sources::default();
    let file = sources.add("fuzz.yaml", String::from_utf8_lossy(bytes));
    for node in yaml::parse(&sources, file).0 {
        let faults = api::faults(&node).into_iter().chain(api::mesh_config_faults(&node));
        let mut found: Vec<Diagnostic> = faults.map(|fault| fault.diagnostic).collect();
        for version in VERSIONS {
            let version: Patch = version.parse().expect("a version");
            for chart in CHARTS {
                let faults = api::value_faults(chart, version, ChartSchema::Sound, &node);
                found.extend(faults.into_iter().map(|fault| fault.diagnostic));
            }
        }
        meshwright_fuzz::shown(&found, &sources);
    }
});
