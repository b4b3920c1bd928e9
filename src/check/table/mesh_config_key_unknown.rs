//! istiod passes over a key of the mesh config.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-key-unknown",
    severity: Severity::Warning,
    summary: "istiod passes over a key of the mesh config",
    happens: "istiod reads the mesh config as its release knows it, and passes over every other key without a \
              word: what the key was to switch on stays off.",
    mend: "Write the key as the release has it, or upgrade first.",
    silent: "For keys of messages that other APIs share, and, where no release is known, for what only some \
              releases know.",
    source: "mesh/v1alpha1/{config,proxy}.proto of istio/api 1.21.6 to 1.30.3; \
              pkg/util/protomarshal/protomarshal.go of Istio 1.21.1",
    rules: &["PRE-6"],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let minor = scene.releases.istio.map(|istio| istio.minor);
    for (_, config) in scene.mesh_configs() {
        for fault in api::mesh_config_faults(&config) {
            if matches!(fault.rule, Rule::Unknown | Rule::NotServed) && fault.holds_in(minor) {
                findings.repeat(&fault.diagnostic);
            }
        }
    }
}
