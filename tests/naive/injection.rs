//! Which pods have a sidecar, and which of their ports it captures (T08, T11, T12).

use super::{
    Cluster,
    pattern::Truth,
    read::{Pod, list},
};

/// Namespaces that the injector never touches.
const IGNORED: &[&str] = &["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// Whether a pod gets a sidecar from an installation of the default revision (T11).
///
/// `injectRequired` of `pkg/kube/inject/inject.go`, and the selectors of the chart's mutatingwebhook.yaml.
pub fn is_injected(cluster: &Cluster, pod: &Pod<'_>) -> Truth {
    if pod.is_on_host_network() || IGNORED.contains(&pod.namespace) {
        return Truth::No;
    }
    webhook_sees(cluster, pod).min(wants_injection(cluster, pod).into())
}

/// Whether one of the webhook's selectors takes the pod.
fn webhook_sees(cluster: &Cluster, pod: &Pod<'_>) -> Truth {
    let inject = pod.label("sidecar.istio.io/inject");
    let injection = cluster.namespace_label(pod.namespace, "istio-injection");
    let revision = cluster.namespace_label(pod.namespace, "istio.io/rev");
    let (Ok(injection), Ok(revision)) = (injection, revision) else {
        // Whatever the labels are, one of the selectors below must take the pod.
        return if inject == Some("false") { Truth::No } else { Truth::Maybe };
    };
    match (injection, revision) {
        (Some("enabled"), _) | (None, Some("default")) => (inject != Some("false")).into(),
        (Some(_), _) | (None, Some(_)) => Truth::No,
        (None, None) => match pod.label("istio.io/rev") {
            None => (inject == Some("true")).into(),
            Some(revision) => (revision == "default" && inject != Some("false")).into(),
        },
    }
}

/// What the pod itself says: its label before its annotation, and anything that is no YAML "yes" is a no. From 1.27.0 on
/// only "false" is a no.
fn wants_injection(cluster: &Cluster, pod: &Pod<'_>) -> bool {
    let said = pod.label("sidecar.istio.io/inject").or(pod.annotation("sidecar.istio.io/inject"));
    if cluster.release >= (27, 0) {
        return said != Some("false");
    }
    matches!(said.unwrap_or_default().to_lowercase().as_str(), "" | "y" | "yes" | "true" | "on")
}

/// Whether the sidecar of an injected pod takes the connections to a TCP port (T08, T12).
///
/// The rules of `tools/istio-iptables/pkg/capture/run.go`, with the arguments of the injection template.
pub fn is_captured(pod: &Pod<'_>, port: u16) -> Truth {
    let is_listed = |list: &str| list.split(',').any(|one| one.trim() == port.to_string());
    let status = pod.annotation("status.sidecar.istio.io/port").unwrap_or("15020");
    let excluded = pod.annotation("traffic.sidecar.istio.io/excludeInboundPorts").unwrap_or_default();
    let captured = match pod.annotation("traffic.sidecar.istio.io/includeInboundPorts") {
        None | Some("*") => !is_listed("15021,15090") && !is_listed(status) && !is_listed(excluded),
        // Only what is listed is redirected, and then nothing is left to exclude.
        Some(included) => is_listed(included),
    };
    if port == 15008 || !captured {
        Truth::No
    } else if is_capture_unusual(pod) {
        Truth::Maybe
    } else {
        Truth::Yes
    }
}

/// Whether something that this model does not follow may change what is captured.
fn is_capture_unusual(pod: &Pod<'_>) -> bool {
    let has = |key: &str| pod.annotation(key).is_some_and(|value| !value.is_empty());
    pod.annotation("sidecar.istio.io/interceptionMode") == Some("NONE")
        || has("traffic.sidecar.istio.io/excludeInterfaces")
        || has("traffic.sidecar.istio.io/kubevirtInterfaces")
        || has("sidecar.istio.io/bootstrapOverride")
        || has("inject.istio.io/templates")
        || pod
            .annotation("proxy.istio.io/config")
            .is_some_and(|text| ["interceptionMode", "statusPort"].iter().any(|key| text.contains(key)))
}

/// Whether a pod can show a certificate of its account: with a sidecar, or with a token that istiod takes for one.
pub fn has_certificate(cluster: &Cluster, pod: &Pod<'_>) -> Truth {
    let mounts_token = list(&pod.spec["volumes"])
        .iter()
        .flat_map(|volume| list(&volume["projected"]["sources"]))
        .any(|source| source["serviceAccountToken"]["audience"] == "istio-ca");
    is_injected(cluster, pod).max(mounts_token.into())
}
