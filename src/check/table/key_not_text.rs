//! A key is a number, and kustomize fails on the whole folder.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "key-not-text",
    severity: Severity::Error,
    summary: "a key is a number, and kustomize fails on the whole folder",
    happens: "kustomize cannot write an object with a key that is no text, such as a port under `portLevelMtls`: \
              `json: unsupported type: map[interface {}]interface {}`. Nothing of the folder is built or applied, by \
              Flux neither; what is in the cluster stays as it was.",
    mend: "Put the key in quotes.",
    silent: "For manifests that no kustomization.yaml and no Flux Kustomization leads to: kubectl takes such a key.",
    source: "observed with kustomize 5.8.2, whose kyaml decodes such a mapping as map[interface{}]interface{}",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for key in scene.delivery.keys_not_text.iter().copied() {
        let written = &scene.sources.get(key.file).text[key.range()];
        findings
            .report(
                key,
                format!("kustomize fails for the key `{written}`, which is no text"),
                "expected text",
            )
            .help(format!("put it in quotes: \"{written}\""));
    }
}
