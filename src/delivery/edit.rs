//! Edits of objects, as kustomize makes them. What an edit writes stands where the edit does.

use crate::{
    manifest::{Scope, Word, scope},
    yaml::{Node, Scalar, Style, Value},
};

/// Puts an object into a namespace, whatever it says; a Namespace gets its name, and an object beside all namespaces stays
/// as it is (`api/filters/namespace/namespace.go` and `builtinpluginconsts/namespace.go` of kustomize 5.7).
pub(super) fn namespace(object: &mut Node, namespace: &Word) {
    let (group, kind) = kind(object);
    if (group.as_str(), kind.as_str()) == ("", "Namespace") {
        set(object, &["metadata"], "name", namespace);
    } else if scope(&group, &kind) != Some(Scope::Cluster) {
        set(object, &["metadata"], "namespace", namespace);
    }
    if matches!(kind.as_str(), "RoleBinding" | "ClusterRoleBinding") {
        let Some(subjects) = value(object, "subjects") else { return };
        let Value::Sequence(subjects) = &mut subjects.value else { return };
        for subject in subjects {
            if subject.get("name").and_then(Node::text) == Some("default") {
                set(subject, &[], "namespace", namespace);
            }
        }
    }
}

/// Labels an object itself; a label that is there is written over (`api/filters/labels`).
pub(super) fn labels(object: &mut Node, labels: &[(Node, Node)]) {
    for (key, label) in labels {
        put(object, &["metadata", "labels"], key.clone(), label.clone());
    }
}

/// Returns the API group and the kind of an object.
pub(super) fn kind(object: &Node) -> (String, String) {
    let text = |key: &str| object.get(key).and_then(Node::text).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    (group.to_owned(), text("kind").to_owned())
}

fn set(object: &mut Node, path: &[&str], key: &str, word: &Word) {
    let scalar = |text: &str| Node {
        span: word.span,
        value: Value::Scalar(Scalar { text: text.to_owned(), style: Style::Quoted }),
    };
    put(object, path, scalar(key), scalar(&word.value));
}

fn put(object: &mut Node, path: &[&str], key: Node, new: Node) {
    let mut node = object;
    for step in path {
        if node.get(step).is_none_or(|below| !below.is_mapping()) {
            let (key, below) = (Node { value: text(step), span: key.span }, Node::empty_mapping(key.span));
            replace(node, key, below);
        }
        let Some(below) = value(node, step) else { return };
        node = below;
    }
    replace(node, key, new);
}

fn text(text: &str) -> Value {
    Value::Scalar(Scalar { text: text.to_owned(), style: Style::Quoted })
}

fn replace(node: &mut Node, key: Node, new: Node) {
    let Value::Mapping(entries) = &mut node.value else { return };
    match entries.iter_mut().find(|(name, _)| name.text() == key.text()) {
        Some((_, old)) => *old = new,
        None => entries.push((key, new)),
    }
}

fn value<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Value::Mapping(entries) = &mut node.value else { return None };
    entries.iter_mut().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
}
