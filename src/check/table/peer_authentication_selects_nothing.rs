//! A PeerAuthentication selects no workload that is shown.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "peer-authentication-selects-nothing",
    severity: Severity::Warning,
    summary: "a PeerAuthentication selects no workload that is shown",
    happens: "A label that no pod carries makes the policy speak for nobody; the workload that was meant keeps the \
              mode of its namespace.",
    mend: "Compare the selector with the labels of the pod template, not with those of the Deployment.",
    silent: "Where the manifests show no workload of the namespace.",
    source: "security/v1beta1/peer_authentication.proto of istio/api 1.21",
    rules: &["KIA0004"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    let root = mesh.config.root_namespace.as_str();
    for policy in mesh.manifests.peer_authentications.iter().filter(|policy| policy.meta.namespace() != root)
    {
        let Some((selector, (key, _))) =
            policy.selector.as_ref().and_then(|selector| Some((selector, selector.match_labels.first()?)))
        else {
            continue;
        };
        let is_shown = mesh.pods_in(policy.meta.namespace()).next().is_some();
        if is_shown && mesh.labelled(policy.meta.namespace(), &selector.match_labels).is_empty() {
            findings
                .report(
                    key.span,
                    format!("`{}` selects no workload", policy.meta.path()),
                    "no pod of the namespace has these labels",
                )
                .help("a policy sees the labels of the pod template");
        }
    }
}
