//! What kustomize makes of a folder, as `delivery` follows it: every edit made in `tests/kustomize/`, with what the real
//! kustomize made of it in `expected.yaml`, which the conformance run asks for again.

mod support;

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{delivery, read::Input, source::Sources};
use serde_json::Value;

fn cases() -> Vec<Utf8PathBuf> {
    let folders = support::home().join("tests/kustomize").read_dir_utf8().expect("it is there");
    let mut folders: Vec<_> = folders.map(|entry| entry.expect("it can be read").into_path()).collect();
    folders.sort();
    folders
}

/// Returns what is made of a folder; every edit in it has to be followed.
fn built(folder: &Utf8Path) -> Vec<Value> {
    let texts: Vec<(Utf8PathBuf, String)> = support::files_below(folder)
        .into_iter()
        .filter(|path| path.file_name() != Some("expected.yaml"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            (path.strip_prefix(folder).expect("a path below").to_owned(), text)
        })
        .collect();
    let mut sources = Sources::default();
    let input = Input::of(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())), &mut sources);
    let (objects, unfollowed) = delivery::built(&input, "".into(), &sources).expect("it has a list");
    assert_eq!(unfollowed, [], "{folder}");
    objects.iter().map(|object| serde_json::to_value(object).expect("an object is JSON")).collect()
}

/// Objects in an order of their own: kustomize's is no matter.
fn in_order(mut objects: Vec<Value>) -> Vec<Value> {
    objects.sort_by_key(Value::to_string);
    objects
}

#[test]
fn edits_are_made_as_kustomize_makes_them() {
    for folder in cases() {
        let expected = fs::read_to_string(folder.join("expected.yaml")).expect("it says what it expects");
        let sorted = |objects: Vec<Value>| in_order(objects.iter().map(sorted).collect());
        assert_eq!(sorted(built(&folder)), sorted(support::documents(&expected)), "{folder}");
    }
}

/// A value whose keys are in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
