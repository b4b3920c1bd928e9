//! A NetworkPolicy selects no workload that is shown.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-selects-nothing",
    severity: Severity::Warning,
    summary: "a NetworkPolicy selects no workload that is shown",
    happens: "A label that no pod carries makes the policy isolate nobody; the pods that were meant stay as open as \
              they were.",
    mend: "Compare the selector with the labels of the pod template.",
    silent: "Where the manifests show no workload of the namespace, and for an empty selector.",
    source: "networking/v1 NetworkPolicy of Kubernetes",
    rules: &["NP02", "C-0299"],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        let selector = &policy.pod_selector;
        let place = selector
            .match_labels
            .first()
            .map(|(key, _)| key.span)
            .or(selector.match_expressions.first().map(|one| one.span));
        let Some(place) = place else { continue };
        let is_shown = scene.mesh.pods_in(policy.meta.namespace()).next().is_some();
        if is_shown && scene.mesh.selected(Some(policy.meta.namespace()), selector).is_empty() {
            findings
                .report(
                    place,
                    format!("`{}` isolates no workload", policy.meta.path()),
                    "no pod of the namespace has these labels",
                )
                .help("a policy sees the labels of the pod template");
        }
    }
}
