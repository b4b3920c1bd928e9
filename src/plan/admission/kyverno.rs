//! Kyverno's form of an admission policy: the same expressions, asked by Kyverno's webhook in place of the API server.
//!
//! Kyverno evaluates `validate.cel` with the API server's own library, and so with the same variables: `object`,
//! `oldObject`, `request` with its user, and `variables` (`pkg/engine/handlers/validation/validate_cel.go` of 1.19.0).
//! Before 1.13 it passed over what is deleted, and had neither `failureAction` of a rule nor `failurePolicy` of
//! `webhookConfiguration`, so that the API server refuses these policies where Kyverno is older, and says so.

use serde_json::{Value, json};

/// What policies of the API server call a resource, its group, and the kind that Kyverno calls it by.
const KINDS: [(&str, &str, &str); 9] = [
    ("authorizationpolicies", "security.istio.io", "AuthorizationPolicy"),
    ("destinationrules", "networking.istio.io", "DestinationRule"),
    ("envoyfilters", "networking.istio.io", "EnvoyFilter"),
    ("gateways", "networking.istio.io", "Gateway"),
    ("namespaces", "", "Namespace"),
    ("peerauthentications", "security.istio.io", "PeerAuthentication"),
    ("pods", "", "Pod"),
    ("sidecars", "networking.istio.io", "Sidecar"),
    ("telemetries", "telemetry.istio.io", "Telemetry"),
];

/// Returns what the template of a `ClusterPolicy` takes of a `ValidatingAdmissionPolicy`; none of a binding.
///
/// Namespaces are told by their names, which a `Namespace` is matched by as well, while Kyverno's `namespaceSelector`
/// never matches one (`checkNameSpace` and `doesResourceMatchConditionBlock` of `pkg/engine/utils/match.go`).
pub(super) fn cluster_policy(object: &Value) -> Option<Value> {
    let is_policy = object["kind"] == "ValidatingAdmissionPolicy";
    let (spec, constraints) = (&object["spec"], &object["spec"]["matchConstraints"]);
    let rule = &constraints["resourceRules"][0];
    let resources = rule["resources"].as_array().into_iter().flatten().filter_map(Value::as_str);
    is_policy.then(|| {
        json!({
            "name": object["metadata"]["name"],
            "kinds": resources.map(kind).collect::<Vec<_>>(),
            "namespaces": namespaces(&constraints["namespaceSelector"]),
            "operations": rule["operations"],
            "variables": spec["variables"],
            "expressions": spec["validations"],
        })
    })
}

/// Returns a kind as Kyverno reads it, in any version of its group: without the group, `Gateway` would be the Gateway API's
/// too. It never means a subresource (`ParseKindSelector` in `pkg/utils/kube/kind.go`).
fn kind(resource: &str) -> String {
    let is_it = |(name, ..): &&(&str, &str, &str)| *name == resource;
    let (_, group, kind) = KINDS.iter().find(is_it).expect("every resource that we guard has a kind");
    if group.is_empty() { format!("v1/{kind}") } else { format!("{group}/*/{kind}") }
}

/// Returns the namespaces that a selector by name means.
fn namespaces(selector: &Value) -> Value {
    match &selector["matchLabels"]["kubernetes.io/metadata.name"] {
        Value::Null => selector["matchExpressions"][0]["values"].clone(),
        name => json!([name]),
    }
}
