//! Helm values of the profile, refused where they would undo a guarantee of the tree.

use super::Values;
use crate::{
    diagnostic::Diagnostic,
    yaml::{Node, Value},
};

/// A place in a chart's values that the profile may not set, and what to do in its place.
struct Guard {
    /// The keys from the root; the last may end in `*`, which stands for any ending.
    path: &'static [&'static str],
    /// What would be undone.
    why: &'static str,
    /// What the author can do.
    instead: &'static str,
}

const fn guard(path: &'static [&'static str], why: &'static str, instead: &'static str) -> Guard {
    Guard { path, why, instead }
}

/// The place is ours, and there is no way to set it.
const NOTHING: &str = "leave it out; nothing in the profile sets it";

const BASE: &[Guard] = &[
    guard(&["defaultRevision"], "Istio's validating webhook comes with it", "say `mesh.revision`"),
    guard(&["global", "istioNamespace"], "it must be the mesh's namespace", "say `mesh.namespace`"),
    guard(&["base", "enableCRDTemplates"], "Flux brings the CRDs", NOTHING),
    guard(&["base", "excludedCRDs"], "the tree writes these kinds", NOTHING),
    guard(&["base", "validationFailurePolicy"], "istiod closes the webhook once it answers", NOTHING),
    guard(&["profile"], "a chart's profile changes values that the tree relies on", NOTHING),
];

const ISTIOD: &[Guard] = &[
    guard(
        &["meshConfig", "outboundTrafficPolicy"],
        "it keeps undeclared hosts out of reach",
        "declare hosts under `egress`",
    ),
    guard(&["meshConfig", "accessLogFile"], "every proxy writes its access log", NOTHING),
    guard(&["meshConfig", "accessLogEncoding"], "access logs are JSON", NOTHING),
    guard(&["meshConfig", "accessLogFormat"], "access logs name both peers", NOTHING),
    guard(&["meshConfig", "disableEnvoyListenerLog"], "it logs what is refused before a request", NOTHING),
    guard(&["meshConfig", "defaultProviders"], "it would move access logs elsewhere", NOTHING),
    guard(&["meshConfig", "rootNamespace"], "mesh-wide policy lives there", "say `mesh.namespace`"),
    guard(&["meshConfig", "trustDomain"], "identities begin with it", "say `mesh.trustDomain`"),
    guard(
        &["meshConfig", "trustDomainAliases"],
        "it would admit identities of another trust domain",
        NOTHING,
    ),
    guard(
        &["meshConfig", "ingressControllerMode"],
        "an Ingress would open port 80 for any host",
        "declare hosts under `expose`",
    ),
    guard(&["meshConfig", "enableAutoMtls"], "without it callers send plaintext", NOTHING),
    guard(
        &["meshConfig", "meshMTLS"],
        "it holds the TLS floor and suites",
        "say `mesh.fips` for FIPS 140 suites",
    ),
    guard(
        &["meshConfig", "tlsDefaults"],
        "before 1.27.6 it lowers the gateway's TLS version (istio#58912)",
        NOTHING,
    ),
    guard(
        &["meshConfig", "pathNormalization"],
        "path conditions match normalised paths",
        "say `mesh.pathNormalization`",
    ),
    guard(
        &["meshConfig", "defaultConfig", "interceptionMode"],
        "it can take traffic past the proxy",
        NOTHING,
    ),
    guard(&["meshConfig", "enableTracing"], "spans leave the mesh", "say `tracing`"),
    guard(&["global", "istioNamespace"], "it must be the mesh's namespace", "say `mesh.namespace`"),
    guard(&["global", "configValidation"], "istiod refuses illegal policies with it", NOTHING),
    guard(&["global", "hub"], "images are named in one place", "say `mesh.images.hub`"),
    guard(&["global", "tag"], "images are named in one place", "say `mesh.images.tag`"),
    guard(&["global", "variant"], "images are named in one place", "say `mesh.images.variant`"),
    guard(&["global", "proxy", "autoInject"], "workloads get a sidecar by it", NOTHING),
    guard(&["global", "proxy", "include*"], "it takes traffic past the proxy", "declare an exception"),
    guard(&["global", "proxy", "exclude*"], "it takes traffic past the proxy", "declare an exception"),
    guard(&["global", "proxy", "privileged"], "a privileged proxy can leave its pod", NOTHING),
    guard(&["global", "proxy", "tracer"], "spans leave the mesh", "say `tracing`"),
    guard(&["global", "remotePilotAddress"], "proxies must ask this control plane", NOTHING),
    guard(&["global", "externalIstiod"], "proxies must ask this control plane", NOTHING),
    guard(&["sidecarInjectorWebhook"], "workloads get their sidecar by it", NOTHING),
    guard(
        &["pilot", "env", "PILOT_SCOPE_GATEWAY_TO_NAMESPACE"],
        "without it any namespace adds a way in",
        NOTHING,
    ),
    guard(
        &["pilot", "env", "PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER"],
        "with it any namespace adds a gateway",
        NOTHING,
    ),
    guard(
        &["pilot", "env", "PILOT_SKIP_VALIDATE_TRUST_DOMAIN"],
        "it would admit identities of another trust domain",
        NOTHING,
    ),
    guard(&["pilot", "env", "VERIFY_CERTIFICATE_AT_CLIENT"], "callers verify what they call by it", NOTHING),
    guard(
        &["pilot", "env", "ENABLE_DEBUG_ON_HTTP"],
        "debug endpoints tell the mesh's configuration to anyone",
        NOTHING,
    ),
    guard(
        &["pilot", "env", "ENABLE_NATIVE_SIDECARS"],
        "it follows `kubernetesVersion`",
        "say `kubernetesVersion`",
    ),
    guard(&["pilot", "env", "COMPLIANCE_POLICY"], "it holds the TLS suites", "say `mesh.fips`"),
    guard(&["pilot", "seccompProfile"], "the namespace admits only restricted pods", NOTHING),
    guard(&["pilot", "enabled"], "it is the control plane", NOTHING),
    guard(&["pilot", "configMap"], "it carries the mesh's configuration", NOTHING),
    guard(&["pilot", "cni"], "it must fit the installed charts", "say `mesh.cni`"),
    guard(&["istio_cni"], "it must fit the installed charts", "say `mesh.cni`"),
    guard(&["revision"], "namespaces are labelled for it", "say `mesh.revision`"),
    guard(&["revisionTags"], "a tag outlives the release that it leaves", "say `mesh.tags`"),
    guard(&["profile"], "a chart's profile changes values that the tree relies on", NOTHING),
    guard(&["compatibilityVersion"], "it brings back what an older release allowed", NOTHING),
    guard(&["defaults"], "it replaces the chart's own values", NOTHING),
];

const CNI: &[Guard] = &[
    guard(&["cni", "excludeNamespaces"], "pods of these namespaces bypass the proxy", NOTHING),
    guard(&["cni", "ambient"], "the tree renders a mesh of sidecars", NOTHING),
    guard(&["global", "hub"], "images are named in one place", "say `mesh.images.hub`"),
    guard(&["global", "tag"], "images are named in one place", "say `mesh.images.tag`"),
    guard(&["global", "variant"], "images are named in one place", "say `mesh.images.variant`"),
    guard(&["profile"], "a chart's profile changes values that the tree relies on", NOTHING),
];

const GATEWAY: &[Guard] = &[
    guard(&["name"], "policies select the gateway by its name", NOTHING),
    guard(&["labels", "app"], "policies select the gateway by it", NOTHING),
    guard(&["labels", "istio"], "the Gateway selects its pods by it", NOTHING),
    guard(&["revision"], "its namespace is labelled for it", "say `gateway.revision`"),
    guard(&["serviceAccount"], "workloads admit the gateway by its account", NOTHING),
    guard(&["service"], "policies are written for its ports and sources", "say `gateway.service`"),
    guard(&["networkGateway"], "it replaces the ports", NOTHING),
    guard(&["autoscaling", "minReplicas"], "it is said in one place", "say `gateway.replicas`"),
    guard(&["autoscaling", "maxReplicas"], "it is said in one place", "say `gateway.replicas`"),
    guard(&["securityContext"], "the namespace admits only restricted pods", NOTHING),
    guard(&["containerSecurityContext"], "the namespace admits only restricted pods", NOTHING),
    guard(&["runAsRoot"], "the namespace admits only restricted pods", NOTHING),
    guard(&["podAnnotations", "inject.istio.io/*"], "it makes the pod a gateway", NOTHING),
    guard(&["podAnnotations", "sidecar.istio.io/*"], "it makes the pod a gateway", NOTHING),
    guard(&["podAnnotations", "traffic.sidecar.istio.io/*"], "it takes traffic past the proxy", NOTHING),
    guard(&["podAnnotations", "proxy.istio.io/config"], "it replaces mesh-wide proxy settings", NOTHING),
    guard(&["podAnnotations", "meshwright/*"], "an upgrade restarts the gateway by it", NOTHING),
];

/// Reads the profile's `values`.
pub(super) fn read(values: Option<&Node>, diagnostics: &mut Vec<Diagnostic>) -> Values {
    let mut chart = |name, guards: &[Guard]| unless_refused(values?.get(name)?, guards, diagnostics);
    Values {
        base: chart("base", BASE),
        istiod: chart("istiod", ISTIOD),
        cni: chart("cni", CNI),
        gateway: chart("gateway", GATEWAY),
    }
}

/// Reads the canary's `values`.
pub(super) fn of_canary(values: Option<&Node>, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    unless_refused(values?, ISTIOD, diagnostics)
}

fn unless_refused(node: &Node, guards: &[Guard], diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let before = diagnostics.len();
    refuse(node, guards, &mut Vec::new(), diagnostics);
    (diagnostics.len() == before).then(|| node.clone())
}

/// Walks the values, and refuses each that lies in a guarded place or replaces the mapping around one.
fn refuse<'a>(node: &'a Node, guards: &[Guard], path: &mut Vec<&'a str>, diagnostics: &mut Vec<Diagnostic>) {
    let Value::Mapping(entries) = &node.value else { return };
    for (key, value) in entries {
        path.push(key.text().unwrap_or_default());
        let is_mapping = matches!(value.value, Value::Mapping(_));
        let shown = path.join(".");
        if let Some(guard) = guards.iter().find(|guard| guard.covers(path)) {
            let message = format!("`{shown}` is not for the profile to set");
            let fault = Diagnostic::error("guarded-value", key.span, message, guard.why);
            diagnostics.push(fault.with_help(guard.instead));
        } else if let Some(guard) = guards.iter().find(|guard| !is_mapping && guard.lies_below(path)) {
            let message = format!("`{shown}` would be replaced as a whole");
            let label = format!("with it `{}`: {}", guard.path.join("."), guard.why);
            let fault = Diagnostic::error("guarded-value", key.span, message, label);
            diagnostics.push(fault.with_help("write a mapping with only the keys that you add"));
        } else {
            refuse(value, guards, path, diagnostics);
        }
        path.pop();
    }
}

impl Guard {
    /// Whether `path` is the guarded place, or lies in it.
    fn covers(&self, path: &[&str]) -> bool {
        path.len() >= self.path.len() && self.path.iter().zip(path).all(|(guard, key)| stands_for(guard, key))
    }

    /// Whether the guarded place lies in `path`.
    fn lies_below(&self, path: &[&str]) -> bool {
        path.len() < self.path.len() && self.path.iter().zip(path).all(|(guard, key)| stands_for(guard, key))
    }
}

fn stands_for(guard: &str, key: &str) -> bool {
    guard.strip_suffix('*').map_or(guard == key, |beginning| key.starts_with(beginning))
}
