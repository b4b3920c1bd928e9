//! Edits of objects, as kustomize makes them. What an edit writes stands where the edit does.

use crate::{
    manifest::{Scope, Word, scope},
    source::Span,
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

/// Renames an object, unless it is of a kind that keeps its name (`prefixFieldSpecsToSkip` in
/// `api/internal/builtins/PrefixTransformer.go`); returns the namespace and the name that it had.
pub(super) fn rename(object: &mut Node, affix: &Word, new: impl Fn(&str) -> String) -> Option<[String; 2]> {
    if matches!(kind(object).1.as_str(), "Namespace" | "CustomResourceDefinition" | "APIService") {
        return None;
    }
    let was = name(object);
    set(object, &["metadata"], "name", &Word { span: affix.span, value: new(&was[1]) });
    Some(was)
}

/// Returns the namespace of an object, as far as one is written, and its name.
pub(super) fn name(object: &Node) -> [String; 2] {
    ["namespace", "name"].map(|key| {
        let word = object.at(&["metadata", key]).and_then(Node::text);
        word.unwrap_or_default().to_owned()
    })
}

/// Gives a key the value that another object has, or takes it out where that has none.
pub(super) fn keep(object: &mut Node, other: &Node, path: &[&str], key: &str) {
    if let Some((name, value)) = other.at(path).and_then(|holder| holder.entry(key)) {
        put(object, path, name.clone(), value.clone());
    } else if let Some(holder) = path.iter().try_fold(object, |node, step| value(node, step)) {
        take_out(holder, key);
    }
}

/// Takes a key out.
pub(super) fn take_out(node: &mut Node, key: &str) {
    if let Value::Mapping(entries) = &mut node.value {
        entries.retain(|(name, _)| name.text() != Some(key));
    }
}

/// Returns a word as a node.
pub(super) fn word(text: &str, span: Span) -> Node {
    Node { span, value: Value::Scalar(Scalar { text: text.to_owned(), style: Style::Quoted }) }
}

/// Returns the API group and the kind of an object.
pub(super) fn kind(object: &Node) -> (String, String) {
    let text = |key: &str| object.get(key).and_then(Node::text).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    (group.to_owned(), text("kind").to_owned())
}

fn set(object: &mut Node, path: &[&str], key: &str, word: &Word) {
    put(object, path, self::word(key, word.span), self::word(&word.value, word.span));
}

/// Gives a key of a mapping, at the end of a path that is made where it is missing, a value.
pub(super) fn put(object: &mut Node, path: &[&str], key: Node, new: Node) {
    let mut node = object;
    for step in path {
        if node.get(step).is_none_or(|below| !below.is_mapping()) {
            let (key, below) = (word(step, key.span), Node::empty_mapping(key.span));
            replace(node, key, below);
        }
        let Some(below) = value(node, step) else { return };
        node = below;
    }
    replace(node, key, new);
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
