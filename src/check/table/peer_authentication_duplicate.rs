//! Two PeerAuthentications speak for the same workloads, and one of them is ignored.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{MutualTls, Object, PeerAuthentication},
    mesh::PodId,
};

pub(super) const CHECK: Check = Check {
    code: "peer-authentication-duplicate",
    severity: Severity::Warning,
    summary: "two PeerAuthentications speak for the same workloads, and one of them is ignored",
    happens: "Of two policies of one scope Istio takes the older one whole and ignores the other; where both are as \
              old, the one whose name comes first. A cluster that is built anew may pick the other one.",
    mend: "Merge them into one.",
    silent: "Where the two say the same, and for scopes that are narrower than each other: those have an order.",
    source: "pilot/pkg/model/authentication.go and ComposePeerAuthentication of Istio 1.21.1",
    rules: &["PA05", "PA08", "PRE-8", "KIA0002"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let policies = &scene.mesh.manifests.peer_authentications;
    let mut wide: BTreeMap<&str, &Object<PeerAuthentication>> = BTreeMap::new();
    for policy in policies.iter().filter(|policy| !policy.has_selector()) {
        match wide.get(policy.meta.namespace()) {
            Some(first) => report(first, policy, &format!("all of `{}`", policy.meta.namespace()), findings),
            None => {
                wide.insert(policy.meta.namespace(), policy);
            }
        }
    }
    let mut told: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut chosen: BTreeMap<PodId, usize> = BTreeMap::new();
    let root = scene.mesh.config.root_namespace.as_str();
    let selecting = policies
        .iter()
        .enumerate()
        .filter(|(_, policy)| policy.has_selector() && policy.meta.namespace() != root);
    for (index, policy) in selecting {
        let Some(selector) = &policy.selector else { continue };
        for pod in scene.mesh.labelled(policy.meta.namespace(), &selector.match_labels) {
            let first = *chosen.entry(pod).or_insert(index);
            if first != index && told.insert((first, index)) {
                report(&policies[first], policy, &format!("`{}`", scene.mesh.pod(pod).path()), findings);
            }
        }
    }
}

fn report(
    first: &Object<PeerAuthentication>,
    second: &Object<PeerAuthentication>,
    of: &str,
    findings: &mut Findings,
) {
    if first.mtls.as_ref().map(MutualTls::mode) == second.mtls.as_ref().map(MutualTls::mode)
        && first.port_level_mtls.is_empty()
        && second.port_level_mtls.is_empty()
    {
        return;
    }
    findings
        .report(
            second.meta.head(),
            format!("`{}` and `{}` both speak for {of}", first.meta.path(), second.meta.path()),
            "one is ignored",
        )
        .context(first.meta.head(), "the other")
        .help("merge them: which one holds depends on which was created first");
}
