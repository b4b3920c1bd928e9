//! Which fields differ between two texts of manifests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{source::Sources, yaml};

/// A field that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// `Kind namespace/name`, less a namespace where there is none.
    pub object: String,
    /// Dotted, from the object's root, items by their number; `[]` at its end where items of a list come and go. Empty for the
    /// object as a whole.
    pub path: String,
    /// None where it is new.
    pub before: Option<Value>,
    /// None where it goes.
    pub after: Option<Value>,
}

/// Returns what differs, in the order of the objects' names; nothing where a side is no YAML.
pub(super) fn between(before: Option<&str>, after: Option<&str>) -> Vec<Field> {
    let (Some(before), Some(after)) = (before.and_then(objects), after.and_then(objects)) else {
        return Vec::new();
    };
    let mut fields = Vec::new();
    for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        differ(name, &mut Vec::new(), before.get(name), after.get(name), &mut fields);
    }
    fields
}

fn differ(
    object: &str,
    path: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    fields: &mut Vec<Field>,
) {
    if before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                path.push(key.clone());
                differ(object, path, old.get(key), new.get(key), fields);
                path.pop();
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => lists(object, path, old, new, fields),
        (before, after) => {
            fields.push(Field::new(object, path.join("."), before.cloned(), after.cloned()));
        }
    }
}

/// Compares lists of as many mappings item by item, and others by what only one of them holds.
fn lists(object: &str, path: &mut Vec<String>, old: &[Value], new: &[Value], fields: &mut Vec<Field>) {
    if old.len() == new.len() && old.iter().chain(new).all(Value::is_object) {
        for (index, (old, new)) in old.iter().zip(new).enumerate() {
            path.push(index.to_string());
            differ(object, path, Some(old), Some(new), fields);
            path.pop();
        }
        return;
    }
    let only = |one: &[Value], other: &[Value]| {
        let items: Vec<Value> = one.iter().filter(|item| !other.contains(item)).cloned().collect();
        (!items.is_empty()).then_some(Value::Array(items))
    };
    let (gone, come) = (only(old, new), only(new, old));
    let at = path.join(".");
    fields.push(if gone.is_none() && come.is_none() {
        Field::new(object, at, Some(Value::from(old.to_vec())), Some(Value::from(new.to_vec())))
    } else {
        Field::new(object, at + "[]", gone, come)
    });
}

impl Field {
    fn new(object: &str, path: String, before: Option<Value>, after: Option<Value>) -> Self {
        Self { object: object.to_owned(), path, before, after }
    }
}

/// Returns the objects of a text by their names; none where it holds something else.
fn objects(text: &str) -> Option<BTreeMap<String, Value>> {
    let mut sources = Sources::default();
    let file = sources.add("", text);
    let (documents, faults) = yaml::parse(&sources, file);
    let values = documents.iter().filter(|document| document.is_mapping());
    let named = values.map(|node| {
        let word = |path: &[&str]| node.at(path).and_then(yaml::Node::text).unwrap_or_default();
        let (kind, name) = (word(&["kind"]), word(&["metadata", "name"]));
        let namespace = match word(&["metadata", "namespace"]) {
            "" => String::new(),
            namespace => format!("{namespace}/"),
        };
        Some((format!("{kind} {namespace}{name}").trim_end().to_owned(), serde_json::to_value(node).ok()?))
    });
    let all: BTreeMap<String, Value> = named.collect::<Option<_>>()?;
    (faults.is_empty() && !all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(object: &str, path: &str, before: Option<Value>, after: Option<Value>) -> Field {
        Field::new(object, path.to_owned(), before, after)
    }

    #[test]
    fn a_field_is_named_where_it_differs_and_no_deeper_than_it_is_new() {
        let before = "kind: A\nmetadata: {name: a, namespace: n}\nspec: {x: 1, y: {z: old}}\n---\nkind: B\nmetadata: {name: b}\n";
        let after =
            "kind: A\nmetadata: {name: a, namespace: n}\nspec: {x: 1, y: {z: new}, v: {deep: {er: 1}}}\n";
        assert_eq!(
            between(Some(before), Some(after)),
            [
                field("A n/a", "spec.v", None, Some(json!({"deep": {"er": 1}}))),
                field("A n/a", "spec.y.z", Some(json!("old")), Some(json!("new"))),
                field("B b", "", Some(json!({"kind": "B", "metadata": {"name": "b"}})), None),
            ]
        );
    }

    #[test]
    fn of_a_list_only_what_comes_and_goes_is_shown() {
        let of = |before: &str, after: &str| {
            between(Some(&format!("kind: A\nlist: {before}\n")), Some(&format!("kind: A\nlist: {after}\n")))
        };
        assert_eq!(
            of("[a, b, c]", "[b, c, d]"),
            [field("A", "list[]", Some(json!(["a"])), Some(json!(["d"])))]
        );
        assert_eq!(of("[{x: 1}]", "[{x: 1}, {x: 2}]"), [field("A", "list[]", None, Some(json!([{"x": 2}])))]);
        assert_eq!(
            of("[{x: 1, y: 1}]", "[{x: 2, y: 1}]"),
            [field("A", "list.0.x", Some(json!(1)), Some(json!(2)))]
        );
        assert_eq!(
            of("[a, b]", "[b, a]"),
            [field("A", "list", Some(json!(["a", "b"])), Some(json!(["b", "a"])))]
        );
    }

    #[test]
    fn prose_and_new_files_have_no_fields() {
        assert_eq!(between(Some("# Mesh\n\n| a |\n"), Some("# Mesh\n\n| b |\n")), []);
        assert_eq!(between(None, Some("kind: A\n")), []);
    }
}
