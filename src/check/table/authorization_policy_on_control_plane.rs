//! An AuthorizationPolicy is meant for istiod, which has no proxy.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-on-control-plane",
    severity: Severity::Warning,
    summary: "an AuthorizationPolicy is meant for istiod, which has no proxy",
    happens: "istiod runs without a sidecar, so that no AuthorizationPolicy is ever held for it: only a \
              NetworkPolicy decides who may reach its ports.",
    mend: "Write a NetworkPolicy for istiod, and remove the policy.",
    silent: "For policies without a selector, which are mesh-wide in the root namespace.",
    source: "manifests/charts/istio-control/istio-discovery/templates/deployment.yaml of Istio 1.21.1, \
             sidecar.istio.io/inject: \"false\"",
    rules: &["AC4-4", "J06"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let labels = policy.selector.iter().flat_map(|selector| &selector.match_labels);
        let mut istiods = labels.filter(|(key, value)| {
            matches!((key.as_str(), value.as_str()), ("app", "istiod") | ("istio", "pilot" | "istiod"))
        });
        if let Some((_, value)) =
            istiods.next().filter(|_| policy.meta.namespace() == scene.mesh.config.root_namespace)
        {
            findings
                .report(
                    value.span,
                    format!("`{}` protects nothing: istiod has no sidecar", policy.meta.path()),
                    "no proxy holds it",
                )
                .help("write a NetworkPolicy for istiod instead");
        }
    }
}
