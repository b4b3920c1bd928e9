//! What a tree needs around it: what others provide, and the way in from a platform's own repository.

use meshwright::profile::Profile;
use serde_json::{Value, json};

/// The Kustomization that brings a tree.
pub const ENTRANCE: &str = "conformance";

/// Returns the Kustomizations, not ours, that a stage waits for.
pub fn waited_for(profile: &Profile) -> Vec<&str> {
    let on = &profile.flux.depends_on;
    let all = [&on.control_plane, &on.admission, &on.mesh, &on.ingress, &on.namespaces];
    all.into_iter().flatten().map(String::as_str).collect()
}

/// Returns what the tree's README asks of others: namespaces that exist, an account for Flux, what stages wait for.
pub fn platform(profile: &Profile) -> Vec<Value> {
    let mut made = Vec::new();
    for namespace in profile.namespaces.iter().filter(|namespace| !namespace.is_rendered) {
        let level = json!(namespace.pod_security);
        made.push(json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace.name, "labels": {
                "istio-injection": "enabled",
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/warn": level,
                "pod-security.kubernetes.io/audit": level,
            }},
        }));
    }
    if let Some(name) = &profile.flux.service_account {
        let account = json!({"name": name, "namespace": profile.flux.namespace});
        made.push(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}));
        made.push(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": profile.flux.namespace}],
        }));
    }
    made.extend(
        waited_for(profile).into_iter().map(|name| stage(profile, name, &format!("platform/{name}"))),
    );
    made
}

/// Returns what a platform's own repository holds to bring the tree: a source, and one Kustomization.
pub fn entrance(profile: &Profile, stem: &str) -> Vec<Value> {
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": profile.flux.source.kind,
        "metadata": {"name": profile.flux.source.name, "namespace": profile.flux.namespace},
        "spec": {"interval": "10m", "url": format!("https://git.example.test/{stem}.git"), "ref": {"branch": "main"}},
    });
    vec![source, stage(profile, ENTRANCE, profile.path.as_str())]
}

/// Returns a Kustomization of the platform's own.
pub fn stage(profile: &Profile, name: &str, path: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": profile.flux.namespace},
        "spec": {
            "interval": "10m", "retryInterval": "15s", "timeout": "5m", "prune": true, "path": format!("./{path}"),
            "sourceRef": profile.flux.source,
        },
    })
}
