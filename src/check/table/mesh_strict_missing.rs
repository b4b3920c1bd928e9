//! Nothing makes mutual TLS STRICT for the whole mesh.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Meta, Mode},
};

pub(super) const CHECK: Check = Check {
    code: "mesh-strict-missing",
    severity: Severity::Error,
    summary: "nothing makes mutual TLS STRICT for the whole mesh",
    happens: "Without a PeerAuthentication in the root namespace that says STRICT and selects nothing, a workload \
              for which no narrower policy speaks accepts plaintext: PERMISSIVE is what holds where nothing is \
              said.",
    mend: "Put a PeerAuthentication without a selector and with `mtls: {mode: STRICT}` into the root namespace.",
    silent: "Where the manifests show nothing of the root namespace: they are then a part of a mesh, and the policy \
             may be elsewhere. A root policy in PERMISSIVE or DISABLE is the finding \
             `peer-authentication-not-strict`.",
    source: "ComposePeerAuthentication in pilot/pkg/security/authn/policy_applier.go of Istio 1.21.1",
    rules: &["SC8-1", "PA01", "PA03"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let (mesh, root) = (scene.mesh, scene.mesh.config.root_namespace.as_str());
    let in_root = |meta: &&Meta| {
        meta.namespace() == root || (meta.kind.value == "Namespace" && meta.name.value == root)
    };
    let policies = mesh.manifests.peer_authentications.iter();
    let mut mesh_wide = policies.filter(|policy| policy.meta.namespace() == root && !policy.has_selector());
    let decisive = mesh_wide.clone().find(|policy| policy.mode() != Mode::Unset);
    let Some(shown) = mesh.manifests.metas().find(in_root).filter(|_| decisive.is_none()) else { return };
    let help = format!(
        "a PeerAuthentication in `{root}`, without a selector and with `mtls: {{mode: STRICT}}`, closes the mesh"
    );
    match mesh_wide.next() {
        Some(policy) => findings.report(
            policy.meta.head(),
            "the mesh-wide policy says no mode, and so PERMISSIVE holds",
            "says nothing",
        ),
        None => findings.report(
            shown.head(),
            format!("no PeerAuthentication in `{root}` speaks for the whole mesh, and so PERMISSIVE holds"),
            "shown here",
        ),
    }
    .help(help);
}
