//! Names that objects call each other by, which follow where kustomize renames the other.

use super::{edit::kind, walk::Got};
use crate::{
    manifest::{Scope, scope},
    yaml::{Node, Value},
};

/// A kind that is called by name, the kinds that call it, and where: lists on the way are gone through
/// (`api/internal/konfig/builtinpluginconsts/namereference.go` of kustomize 5.8, as far as the kinds bear on traffic).
const REFERENCES: [(&str, &[&str], &[&str]); 10] = [
    ("ServiceAccount", &["Pod"], &["spec", "serviceAccountName"]),
    (
        "ServiceAccount",
        &["StatefulSet", "Deployment", "ReplicationController", "Job", "DaemonSet"],
        &["spec", "template", "spec", "serviceAccountName"],
    ),
    (
        "ServiceAccount",
        &["CronJob"],
        &["spec", "jobTemplate", "spec", "template", "spec", "serviceAccountName"],
    ),
    ("Service", &["Ingress"], &["spec", "rules", "http", "paths", "backend", "service", "name"]),
    ("Service", &["Ingress"], &["spec", "defaultBackend", "service", "name"]),
    ("Secret", &["Ingress"], &["spec", "tls", "secretName"]),
    ("IngressClass", &["Ingress"], &["spec", "ingressClassName"]),
    ("Role", &["RoleBinding"], &["roleRef", "name"]),
    ("ClusterRole", &["RoleBinding", "ClusterRoleBinding"], &["roleRef", "name"]),
    ("ValidatingAdmissionPolicy", &["ValidatingAdmissionPolicyBinding"], &["spec", "policyName"]),
];

/// The same where more than a name is said, or not every release of kustomize follows.
const UNFOLLOWED: [(&str, &[&str], &[&str]); 3] = [
    ("ServiceAccount", &["RoleBinding", "ClusterRoleBinding"], &["subjects", "name"]),
    (
        "Service",
        &["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"],
        &["webhooks", "clientConfig", "service", "name"],
    ),
    ("Service", &["HTTPRoute"], &["spec", "rules", "backendRefs", "name"]),
];

/// An object that was renamed.
#[derive(Debug)]
struct Renamed {
    kind: String,
    namespace: Option<String>,
    was: Vec<String>,
    name: String,
}

/// A name in a referrer: which, what it becomes.
type Change = (usize, &'static [&'static str], String, String);

/// Returns the names that follow renamed objects: in which object, where, from what to what; nothing where that is not
/// certain.
pub(super) fn changes(got: &[Got], objects: &[&Node]) -> Option<Vec<Change>> {
    let renamed: Vec<Renamed> =
        got.iter().zip(objects).filter_map(|(got, object)| renamed(got, object)).collect();
    if renamed.is_empty() {
        return Some(Vec::new());
    }
    let mut changes = Vec::new();
    for (at, referrer) in objects.iter().enumerate() {
        let own = kind(referrer).1;
        for (target, _, path) in
            REFERENCES.iter().filter(|(_, referrers, _)| referrers.contains(&own.as_str()))
        {
            for name in words(referrer, path) {
                match called(&renamed, target, name, referrer)[..] {
                    [] => {}
                    [one] => changes.push((at, *path, name.to_owned(), one.name.clone())),
                    _ => return None,
                }
            }
        }
        let is_left = |(target, referrers, path): &(&str, &[&str], &[&str])| {
            referrers.contains(&own.as_str())
                && words(referrer, path).iter().any(|name| {
                    renamed
                        .iter()
                        .any(|other| other.kind == *target && other.was.iter().any(|was| was == name))
                })
        };
        if UNFOLLOWED.iter().any(is_left) {
            return None;
        }
    }
    Some(changes)
}

fn renamed(got: &Got, object: &Node) -> Option<Renamed> {
    let name = object.at(&["metadata", "name"]).and_then(Node::text)?.to_owned();
    let was = got.was.iter().map(|[_, was]| was).filter(|was| **was != name).cloned();
    let was: Vec<String> = was.collect();
    (!was.is_empty()).then(|| Renamed { kind: kind(object).1, namespace: namespace(object), was, name })
}

/// Returns the renamed objects that a name may mean (`selectReferral` in `api/filters/nameref/nameref.go`).
fn called<'r>(renamed: &'r [Renamed], target: &str, name: &str, referrer: &Node) -> Vec<&'r Renamed> {
    let is_role = target == "Role" || target == "ClusterRole";
    let named = referrer.at(&["roleRef", "kind"]).and_then(Node::text);
    let own = namespace(referrer);
    let is_meant = |other: &&Renamed| {
        other.kind == target
            && other.was.iter().any(|was| was == name)
            && (!is_role || named == Some(target))
            && (own.is_none() || other.namespace.is_none() || own == other.namespace)
    };
    renamed.iter().filter(is_meant).collect()
}

/// Returns an object's namespace; nothing for one that lives in none.
fn namespace(object: &Node) -> Option<String> {
    let (group, kind) = kind(object);
    let written = object.at(&["metadata", "namespace"]).and_then(Node::text).filter(|name| !name.is_empty());
    (scope(&group, &kind) != Some(Scope::Cluster)).then(|| written.unwrap_or("default").to_owned())
}

/// Returns the words at a path.
fn words<'n>(node: &'n Node, path: &[&str]) -> Vec<&'n str> {
    match (path, node.is_sequence()) {
        (_, true) => node.items().iter().flat_map(|item| words(item, path)).collect(),
        ([], false) => node.text().into_iter().collect(),
        ([first, rest @ ..], false) => node.get(first).map_or_else(Vec::new, |below| words(below, rest)),
    }
}

/// Writes another word in the place of one, wherever it stands at a path.
pub(super) fn write(node: &mut Node, path: &[&str], from: &str, to: &str) {
    match (&mut node.value, path) {
        (Value::Sequence(items), path) => items.iter_mut().for_each(|item| write(item, path, from, to)),
        (Value::Scalar(scalar), []) if scalar.text == from => to.clone_into(&mut scalar.text),
        (Value::Mapping(entries), [first, rest @ ..]) => {
            let found = entries.iter_mut().filter(|(key, _)| key.text() == Some(first));
            found.for_each(|(_, below)| write(below, rest, from, to));
        }
        (Value::Scalar(_) | Value::Mapping(_), _) => {}
    }
}
