//! Strategic merge patches.

use super::Left;
use crate::{
    delivery::edit::{self, kind},
    yaml::{Node, Value},
};

/// Returns an object with a patch laid over it: nothing of it where the patch deletes it. What it is and how it is named
/// stays (`ApplySmPatch` in `api/resource/resource.go`).
pub(super) fn merged(object: &Node, patch: &Node) -> Option<Left> {
    let (group, own) = kind(object);
    let Some(mut new) = laid_over(Some(object), patch, lists_are_replaced(&group, &own))? else {
        return Some(None);
    };
    edit::keep(&mut new, object, &[], "apiVersion");
    edit::keep(&mut new, object, &[], "kind");
    edit::keep(&mut new, object, &["metadata"], "name");
    edit::keep(&mut new, object, &["metadata"], "namespace");
    Some(Some(new))
}

/// Tells whether kustomize has no key to merge lists of a kind by: its schema is that of Kubernetes' own kinds, of which
/// these have none (`patchMergeKey` in `k8s.io/api`).
fn lists_are_replaced(group: &str, kind: &str) -> bool {
    match group {
        "" | "apps" | "batch" | "extensions" | "admissionregistration.k8s.io" => false,
        "networking.k8s.io" => matches!(kind, "NetworkPolicy" | "Ingress"),
        "rbac.authorization.k8s.io" => true,
        group => group.contains('.') && !group.ends_with(".k8s.io") || group == "gateway.networking.k8s.io",
    }
}

/// Lays a value over another: the outer nothing is an outcome that is not certain, the inner one that nothing is left.
fn laid_over(old: Option<&Node>, patch: &Node, replaces: bool) -> Option<Left> {
    if patch.is_null() {
        return Some(None);
    }
    match (&patch.value, old) {
        (Value::Mapping(entries), old) => mapping_over(old, entries, patch, replaces),
        (Value::Sequence(_), None) if replaces && is_plain(patch) => Some(Some(patch.clone())),
        (Value::Sequence(_), Some(old)) if replaces && old.is_sequence() && is_plain(patch) => {
            Some(Some(patch.clone()))
        }
        (Value::Scalar(_), None) => Some(Some(patch.clone())),
        (Value::Scalar(_), Some(old)) if old.scalar().is_some() => Some(Some(patch.clone())),
        (Value::Sequence(_) | Value::Scalar(_), _) => None,
    }
}

fn mapping_over(old: Option<&Node>, entries: &[(Node, Node)], patch: &Node, replaces: bool) -> Option<Left> {
    let is_directive = |key: &Node| key.text().is_some_and(|key| key.starts_with('$'));
    let directive = entries.iter().find(|(key, _)| is_directive(key));
    if let Some((key, value)) = directive {
        return match (key.text()?, value.text()?, entries.len()) {
            ("$patch", "delete", _) => Some(None),
            _ => None,
        };
    }
    let Some(old) = old.filter(|old| !old.is_null()) else {
        return is_plain(patch).then(|| Some(patch.clone()));
    };
    let Value::Mapping(_) = &old.value else { return None };
    let mut new = old.clone();
    for (key, value) in entries {
        let name = key.text()?;
        match laid_over(old.get(name), value, replaces)? {
            Some(value) => edit::put(&mut new, &[], key.clone(), value),
            None => edit::take_out(&mut new, name),
        }
    }
    Some(Some(new))
}

/// Tells whether a new value is taken as it stands: without directions and without a null.
fn is_plain(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(_) => !node.is_null(),
        Value::Sequence(items) => items.iter().all(is_plain),
        Value::Mapping(entries) => entries
            .iter()
            .all(|(key, value)| key.text().is_some_and(|key| !key.starts_with('$')) && is_plain(value)),
    }
}
