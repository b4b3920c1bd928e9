//! A label or an annotation of Istio stands where nobody reads it.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::{AuthorizationPolicy, Labels, Namespace, Object, Word, Workload},
};

pub(super) const CHECK: Check = Check {
    code: "metadata-key-unread",
    severity: Severity::Warning,
    summary: "a label or an annotation of Istio stands where nobody reads it",
    happens: "Nothing says so, and whoever reads the file believes what it asks for: the injector reads pods and their \
              namespaces and never the Deployment above, labels decide where selectors look, and annotations elsewhere.",
    mend: "Move it to where it is read: into the pod template, or from `annotations` to `labels` or back.",
    silent: "Where the same key stands in the right place as well.",
    source: "istio.io/latest/docs/reference/config/labels and .../annotations, resource types; pkg/kube/inject of Istio 1.21.1",
    rules: &["SC8-5", "T11", "AP11"],
    controls: &[],
    run,
};

/// What only pods are asked for.
const OF_PODS: [&str; 6] = [
    "sidecar.istio.io/",
    "traffic.sidecar.istio.io/",
    "status.sidecar.istio.io/",
    "proxy.istio.io/",
    "inject.istio.io/",
    "security.istio.io/tlsMode",
];

/// What selectors ask pods or namespaces for, and so must be a label.
const LABELS: [&str; 3] = ["istio-injection", "istio.io/dataplane-mode", "security.istio.io/tlsMode"];

/// Of [`OF_PODS`], what may be a label.
const POD_LABELS: [&str; 2] = ["sidecar.istio.io/inject", "security.istio.io/tlsMode"];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    for workload in &manifests.workloads {
        of_workload(workload, findings);
    }
    for namespace in &manifests.namespaces {
        of_namespace(namespace, findings);
    }
    for policy in &manifests.authorization_policies {
        of_policy(policy, findings);
    }
}

fn of_workload(workload: &Object<Workload>, findings: &mut Findings) {
    let (own, pods) = (&workload.meta, &workload.spec.template.metadata);
    let is_in_template = |key: &Word| pods.labels.named(key).or(pods.annotations.named(key)).is_some();
    let above = own.labels.iter().chain(&own.annotations.0).map(|(key, _)| key);
    for key in above.filter(|_| own.kind.value != "Pod").filter(|key| is_of_pods(key) && !is_in_template(key))
    {
        report(
            key,
            format!("`{}` is not read of a {}", key.value, own.kind.value),
            "put it into the pod template",
            findings,
        );
    }
    for (key, _) in
        pods.labels.iter().filter(|(key, _)| is_of_pods(key) && !POD_LABELS.contains(&key.as_str()))
    {
        if pods.annotations.named(key).is_none() {
            report(
                key,
                format!("`{}` is read as an annotation only", key.value),
                "put it under `annotations`",
                findings,
            );
        }
    }
    misplaced(&pods.annotations, &pods.labels, findings);
}

fn of_namespace(namespace: &Object<Namespace>, findings: &mut Findings) {
    let meta = &namespace.meta;
    misplaced(&meta.annotations, &meta.labels, findings);
    let pods_only = meta
        .labels
        .iter()
        .chain(&meta.annotations.0)
        .filter(|(key, _)| key.value == "sidecar.istio.io/inject");
    for (key, _) in pods_only {
        report(
            key,
            format!("`{}` is not read of a Namespace", key.value),
            "label it `istio-injection: enabled`, or the pods",
            findings,
        );
    }
}

fn of_policy(policy: &Object<AuthorizationPolicy>, findings: &mut Findings) {
    let (label, meta) = ("istio.io/dry-run", &policy.meta);
    let found = meta.labels.iter().find(|(key, _)| key.value == label);
    if let Some((key, _)) = found.filter(|_| meta.annotations.named(label).is_none()) {
        report(
            key,
            format!("`{label}` is read as an annotation only"),
            "put it under `annotations`",
            findings,
        );
    }
}

/// Reports annotations that are read as labels only.
fn misplaced(annotations: &Labels, labels: &Labels, findings: &mut Findings) {
    for (key, _) in annotations.iter().filter(|(key, _)| LABELS.contains(&key.as_str())) {
        if labels.named(key).is_none() {
            report(
                key,
                format!("`{}` is read as a label only", key.value),
                "put it under `labels`",
                findings,
            );
        }
    }
}

fn is_of_pods(key: &str) -> bool {
    OF_PODS.iter().any(|known| key == *known || known.ends_with('/') && key.starts_with(known))
}

fn report(key: &Word, message: String, help: &str, findings: &mut Findings) {
    findings.report(key.span, message, "read by nobody").help(help);
}
