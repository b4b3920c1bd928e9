//! A WasmPlugin runs code of its own in proxies.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::wasm_plugin::FailStrategy,
};

pub(super) const CHECK: Check = Check {
    code: "wasm-plugin-unproved",
    severity: Severity::Warning,
    summary: "a WasmPlugin runs code of its own in proxies",
    happens: "A plugin sees and changes every request; one that runs before authorization decides what the policies \
              see. One that fails open lets requests pass that it should have refused, and one without a hash may \
              be another tomorrow.",
    mend: "Pin the image by digest or `sha256`, fail closed, and waive it with a reason and an owner.",
    silent: "Never: what the code does is not in the manifests.",
    source: "extensions/v1alpha1/wasm.proto of istio/api 1.21",
    rules: &["SC8-14"],
    controls: &[Control::Sc8, Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for plugin in &scene.mesh.manifests.wasm_plugins {
        let place = plugin.url.as_ref().map_or(plugin.meta.head(), |url| url.span);
        let is_pinned =
            plugin.sha256.is_some() || plugin.url.as_ref().is_some_and(|url| url.contains("@sha256:"));
        let label = match (plugin.fail_strategy(), is_pinned) {
            (FailStrategy::FailOpen, _) => "lets requests pass when it fails",
            (FailStrategy::FailClose | FailStrategy::FailReload, false) => {
                "not pinned: may be another tomorrow"
            }
            (FailStrategy::FailClose | FailStrategy::FailReload, true) => "sees and changes every request",
        };
        findings
            .report(place, format!("`{}` runs code in proxies", plugin.meta.path()), label)
            .help("what it does is not proved: waive it with a reason");
    }
}
