//! Manifests in few words, and the answers to them.

use crate::naive::{Answer, Cluster, Layer, Question, Verdict, answer};

/// A namespace whose pods get a sidecar.
pub fn meshed(name: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{istio-injection: enabled}}}}}}\n"
    )
}

/// A namespace whose pods get none.
pub fn bare(name: &str) -> String {
    namespace(name, "{}")
}

/// A namespace with labels.
pub fn namespace(name: &str, labels: &str) -> String {
    format!("---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {labels}}}}}\n")
}

/// A pod labelled `app: <name>`, with an account of its name.
pub fn pod(called: &str) -> String {
    let (_, name) = called.split_once('/').expect("namespace/name");
    pod_with(called, &format!("labels: {{app: {name}}}"), &format!("serviceAccountName: {name}"))
}

/// A pod with what its metadata and its spec say besides.
pub fn pod_with(called: &str, metadata: &str, spec: &str) -> String {
    object("v1", "Pod", called, metadata, &format!("spec: {{{spec}}}"))
}

/// A Service in front of the pods labelled `app: <name>`.
pub fn service(called: &str, ports: &str) -> String {
    let (_, name) = called.split_once('/').expect("namespace/name");
    object("v1", "Service", called, "", &format!("spec: {{selector: {{app: {name}}}, ports: {ports}}}"))
}

pub fn network_policy(called: &str, spec: &str) -> String {
    object("networking.k8s.io/v1", "NetworkPolicy", called, "", &format!("spec: {spec}"))
}

pub fn peer_authentication(called: &str, spec: &str) -> String {
    object("security.istio.io/v1beta1", "PeerAuthentication", called, "", &format!("spec: {spec}"))
}

pub fn authorization_policy(called: &str, spec: &str) -> String {
    object("security.istio.io/v1", "AuthorizationPolicy", called, "", &format!("spec: {spec}"))
}

pub fn sidecar(called: &str, spec: &str) -> String {
    object("networking.istio.io/v1beta1", "Sidecar", called, "", &format!("spec: {spec}"))
}

/// Any object: `namespace/name`, more metadata, and what stands beside the metadata.
pub fn object(version: &str, kind: &str, called: &str, metadata: &str, rest: &str) -> String {
    let (namespace, name) = called.split_once('/').expect("namespace/name");
    let of = if namespace.is_empty() { String::new() } else { format!("namespace: {namespace}, ") };
    format!(
        "---\n{{apiVersion: {version}, kind: {kind}, metadata: {{{of}name: {name}, {metadata}}}, {rest}}}\n"
    )
}

/// The answer to one question.
#[allow(clippy::needless_pass_by_value, reason = "a question is made to be asked once")]
pub fn ask(manifests: &[String], question: Question) -> Answer {
    answer(&Cluster::read(&manifests.concat()), &question)
}

/// The verdict and the layer that decided.
pub fn verdict(manifests: &[String], question: Question) -> (Verdict, Layer) {
    let Answer { verdict, layer, .. } = ask(manifests, question);
    (verdict, layer)
}

pub const OPEN: (Verdict, Layer) = (Verdict::Allowed, Layer::Open);
