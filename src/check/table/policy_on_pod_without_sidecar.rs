//! A policy of Istio selects a workload that has no sidecar, and protects nothing.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Meta, WorkloadSelector},
    mesh::Truth,
};

pub(super) const CHECK: Check = Check {
    code: "policy-on-pod-without-sidecar",
    severity: Severity::Warning,
    summary: "a policy of Istio selects a workload that has no sidecar, and protects nothing",
    happens: "PeerAuthentication, AuthorizationPolicy and RequestAuthentication are held by the proxy. A workload \
              without one answers everybody that its NetworkPolicies admit, istiod itself among them.",
    mend: "Give the workload a sidecar, or protect it with a NetworkPolicy and remove the policy.",
    silent: "For policies without a selector, and for pods of which it is unknown whether they have a sidecar.",
    source: "pkg/kube/inject/inject.go and pilot/pkg/model/authorization.go of Istio 1.21.1",
    rules: &["AC4-4", "AP05", "J06", "KIA0004"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    let authorization =
        manifests.authorization_policies.iter().map(|policy| (&policy.meta, &policy.spec.selector));
    let authentication =
        manifests.peer_authentications.iter().map(|policy| (&policy.meta, &policy.spec.selector));
    let requests =
        manifests.request_authentications.iter().map(|policy| (&policy.meta, &policy.spec.selector));
    for (meta, selector) in authorization.chain(authentication).chain(requests) {
        if let Some(selector) = selector {
            look(scene, meta, selector, findings);
        }
    }
}

fn look(scene: &Scene<'_>, meta: &Meta, selector: &WorkloadSelector, findings: &mut Findings) {
    let Some((key, _)) = selector.match_labels.first() else { return };
    let pods = scene.mesh.labelled(meta.namespace(), &selector.match_labels);
    let mut outside =
        pods.into_iter().map(|id| scene.mesh.pod(id)).filter(|pod| pod.injection.is_injected == Truth::No);
    if let Some(pod) = outside.next() {
        let others = outside.count();
        let more = if others == 0 { String::new() } else { format!(" and {others} more") };
        findings
            .report(
                key.span,
                format!("`{}` protects nothing at `{}`{more}", meta.path(), pod.path()),
                "selects a workload without a sidecar",
            )
            .context(pod.injection.because.unwrap_or(pod.workload.meta.head()), pod.injection.reason)
            .help("only a NetworkPolicy binds a workload without a sidecar");
    }
}
