//! What the kinds that are built into Kubernetes are made of, from clones of kubernetes/client-go and kubernetes/api.
//!
//! client-go carries the schema that an apply by the server is typed with (`applyconfigurations/internal`): every field
//! with its type. api says until when a version is served.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    api::Api,
    repository::{Repository, Tag},
};

/// The kinds that bear on traffic, with what else there is to say of any object.
const KINDS: [&str; 24] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Ingress",
    "IngressClass",
    "Job",
    "MutatingWebhookConfiguration",
    "Namespace",
    "NetworkPolicy",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// What every object has.
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The groups whose names end in this, in their packages' names only.
const SUFFIXED: [(&str, &str); 3] = [
    ("admissionregistration", "admissionregistration.k8s.io"),
    ("networking", "networking.k8s.io"),
    ("rbac", "rbac.authorization.k8s.io"),
];

type Types = BTreeMap<String, Value>;

/// Returns the data file, from the newest patch of each minor, oldest first. client-go `v0.36.3` is of Kubernetes 1.36.3.
pub fn api(client: &Repository, types: &Repository, tags: &[Tag]) -> Result<String, String> {
    let mut api = Api::default();
    for tag in tags {
        let schema = schema(&client.file(*tag, "applyconfigurations/internal/internal.go")?)?;
        let mut definitions = Vec::new();
        for (name, group, version, kind) in kinds(&schema) {
            let package = format!("{}/{version}/zz_generated.prerelease-lifecycle.go", package(&name));
            let lifecycle = types.files(*tag, &[&package])?.pop().map(|(_, text)| text);
            let is_served = lifecycle.is_none_or(|text| is_served(&text, kind, tag.minor));
            definitions.push(definition(&schema, &name, (group, version, kind), is_served)?);
        }
        definitions.push(definition(&schema, META, ("meta", "v1", "ObjectMeta"), true)?);
        api.add(&format!("1.{}", tag.minor), &definitions)?;
    }
    Ok(api.file("Kubernetes, by client-go", tags, "kubernetes-api CLIENT-GO API"))
}

/// Reads the schema out of the Go text that carries it.
fn schema(text: &str) -> Result<Types, String> {
    let text = text.split_once("typed.YAMLObject(`").and_then(|(_, rest)| rest.split_once('`'));
    let (text, _) = text.ok_or("client-go carries no schema")?;
    let schema: Value = yaml_serde::from_str(text).map_err(|error| error.to_string())?;
    let types = schema["types"].as_array().into_iter().flatten();
    Ok(types.map(|one| (one["name"].as_str().unwrap_or_default().to_owned(), one.clone())).collect())
}

/// Returns the types of our kinds: name, group, version and kind. The core group goes by the name of its package.
fn kinds(schema: &Types) -> Vec<(String, &str, &str, &str)> {
    let kind = |name: &'_ String| {
        let parts: Vec<&str> = name.strip_prefix("io.k8s.api.")?.split('.').collect();
        let &[package, version, kind] = parts.as_slice() else { return None };
        let kind = KINDS.iter().find(|known| **known == kind)?;
        let group = SUFFIXED.iter().find(|(known, _)| *known == package).map_or(package, |(_, group)| group);
        Some((name.clone(), group.to_owned(), version.to_owned(), *kind))
    };
    let found = schema.keys().filter_map(kind);
    found.map(|(name, group, version, kind)| (name, &*group.leak(), &*version.leak(), kind)).collect()
}

fn package(name: &str) -> &str {
    name.trim_start_matches("io.k8s.api.").split('.').next().unwrap_or_default()
}

/// Returns whether a beta is not yet removed; none is switched on that was introduced after 1.22, but some clusters do.
fn is_served(lifecycle: &str, kind: &str, minor: u16) -> bool {
    let head = format!("func (in *{kind}) APILifecycleRemoved() (major, minor int) {{\n\treturn 1, ");
    let removed = lifecycle.split_once(&head).and_then(|(_, rest)| rest.lines().next()?.parse::<u16>().ok());
    removed.is_none_or(|removed| minor < removed)
}

/// Returns what a `CustomResourceDefinition` would say of a type.
fn definition(
    schema: &Types,
    name: &str,
    (group, version, kind): (&str, &str, &str),
    is_served: bool,
) -> Result<Value, String> {
    let root = named(schema, name)?;
    Ok(json!({"spec": {
        "group": group,
        "names": {"kind": kind},
        "versions": [{"name": version, "served": is_served, "schema": {"openAPIV3Schema": root}}],
    }}))
}

fn named(schema: &Types, name: &str) -> Result<Value, String> {
    let open = json!({"x-kubernetes-preserve-unknown-fields": true});
    Ok(match name {
        "io.k8s.apimachinery.pkg.api.resource.Quantity" => json!({"type": "quantity"}),
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString" => json!({"type": "int-or-string"}),
        "io.k8s.apimachinery.pkg.apis.meta.v1.Time" | "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime" => {
            json!({"type": "string"})
        }
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1"
        | "io.k8s.apimachinery.pkg.runtime.RawExtension"
        | "__untyped_atomic_"
        | "__untyped_deduced_" => open,
        name => converted(schema, schema.get(name).ok_or_else(|| format!("`{name}` is not defined"))?)?,
    })
}

/// Translates a type of structured-merge-diff. Its numbers are whole in all of our kinds.
fn converted(schema: &Types, atom: &Value) -> Result<Value, String> {
    if let Some(name) = atom["namedType"].as_str() {
        return named(schema, name);
    }
    if let Some(scalar) = atom["scalar"].as_str() {
        return Ok(match scalar {
            "string" | "boolean" => json!({"type": scalar}),
            "numeric" => json!({"type": "integer"}),
            scalar => return Err(format!("`{scalar}` is a scalar that this program does not know")),
        });
    }
    if let Some(list) = atom.get("list") {
        return Ok(json!({"type": "array", "items": converted(schema, &list["elementType"])?}));
    }
    let map = atom.get("map").ok_or_else(|| format!("a type is neither scalar, list nor map: {atom}"))?;
    if let Some(element) = map.get("elementType") {
        return Ok(json!({"type": "object", "additionalProperties": converted(schema, element)?}));
    }
    let mut properties = Map::new();
    for field in map["fields"].as_array().into_iter().flatten() {
        let name = field["name"].as_str().ok_or("a field has no name")?;
        properties.insert(name.to_owned(), converted(schema, &field["type"])?);
    }
    Ok(json!({"type": "object", "properties": properties}))
}
