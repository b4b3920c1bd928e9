//! A policy for the whole mesh stands where istiod was installed, and another namespace is the root.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Object, istio_values::IstioChart},
    mesh::{Mesh, Truth, control_planes, releases},
};

pub(super) const CHECK: Check = Check {
    code: "policy-outside-root-namespace",
    severity: Severity::Warning,
    summary: "a policy for the whole mesh stands where istiod was installed, and another namespace is the root",
    happens: "Istio takes a policy without a selector for the whole mesh only in `meshConfig.rootNamespace`, by default the \
              namespace of istiod. Anywhere else it holds for its own namespace alone, and here no workload has a proxy: \
              the mesh stays PERMISSIVE, open or without a log, as if the policy were not there.",
    mend: "Move the policy into the root namespace, or make its namespace the root.",
    silent: "Where the mesh config is not shown or comes from elsewhere, where several control planes are installed, and for \
             namespaces in which a gateway or a workload with a sidecar runs, for which such a policy may be meant.",
    source: "GetRootNamespace in pilot/pkg/model/authorization.go, authentication.go, telemetry.go, proxy_config.go and \
             push_context.go of Istio 1.21.1; configmap.yaml of its chart istio-discovery",
    rules: &["PRE-7", "SC8-1", "AP01"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Ac3, Control::Ac4, Control::Au12],
    run,
};

/// The root namespace of a mesh config that says none, and of a chart that is told no other (`DefaultMeshConfig`).
const DEFAULT: &str = "istio-system";

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let root = scene.mesh.config.root_namespace.as_str();
    if scene.sole_mesh_config().is_none() {
        return;
    }
    let planes = control_planes(scene.mesh.manifests).map(Object::release_namespace);
    let homes: Vec<&str> =
        planes.chain([DEFAULT]).filter(|home| *home != root && !has_proxies(scene.mesh, home)).collect();
    for meta in scene.policies_without_selector().filter(|meta| homes.contains(&meta.namespace())) {
        let finding = findings.report(
            meta.written_namespace.as_ref().map_or(meta.head(), |word| word.span),
            format!("`{}` does not speak for the mesh, whose root namespace is `{root}`", meta.id()),
            "a namespace without a proxy",
        );
        if let Some(place) = scene.mesh.config.mesh.root_namespace.as_ref() {
            finding.context(place.span, "the root namespace");
        }
        finding.help(format!("move it into `{root}`"));
    }
}

/// Tells whether a namespace has, or may have, a proxy that takes its policies.
fn has_proxies(mesh: &Mesh<'_>, namespace: &str) -> bool {
    let mut pods = mesh.pods_in(namespace);
    let mut gateways = releases(mesh.manifests, IstioChart::Gateway).map(Object::release_namespace);
    let mut by_istiod = mesh.manifests.gateway_api_gateways.iter().map(|gateway| gateway.meta.namespace());
    pods.any(|pod| pod.injection.is_injected != Truth::No || pod.is_gateway())
        || gateways.any(|home| home == namespace)
        || by_istiod.any(|home| home == namespace)
}
