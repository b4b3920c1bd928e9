//! A failing mesh made smaller.

use serde_json::Value;

use super::{super::Cluster, text};

/// Makes a failing mesh smaller: leaves out whatever can go while it still fails.
pub fn shrunk(manifests: &str, fails: impl Fn(&str) -> bool) -> String {
    let mut objects = Value::Array(Cluster::read(manifests).values());
    let written = |objects: &Value| text(objects.as_array().map_or(&[], Vec::as_slice));
    loop {
        let paths = places(&objects, "");
        let smaller = paths.iter().rev().find_map(|path| {
            let mut without = objects.clone();
            remove(&mut without, path);
            fails(&written(&without)).then_some(without)
        });
        match smaller {
            Some(smaller) => objects = smaller,
            None => return written(&objects),
        }
    }
}

/// Every place in a value that can be left out, as JSON pointers, outer ones first.
fn places(value: &Value, at: &str) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(key, value)| (key.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    children
        .into_iter()
        .flat_map(|(key, value)| {
            let path = format!("{at}/{key}");
            let below = places(value, &path);
            std::iter::once(path).chain(below).collect::<Vec<_>>()
        })
        .filter(|path| {
            !["apiVersion", "kind", "name", "metadata"].iter().any(|key| path.ends_with(&format!("/{key}")))
        })
        .collect()
}

fn remove(value: &mut Value, path: &str) {
    let Some((parent, key)) = path.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Ok(at) = key.parse::<usize>() {
                items.remove(at);
            }
        }
        _ => {}
    }
}
