//! JSON patches (RFC 6902).

use crate::{
    delivery::edit,
    yaml::{Node, Value},
};

/// Returns an object after all operations of a patch; nothing where one fails, as kustomize then does.
pub(super) fn operated(object: &Node, operations: &[Node]) -> Option<Node> {
    let mut object = object.clone();
    for operation in operations {
        operate(&mut object, operation)?;
    }
    Some(object)
}

/// Makes one operation; nothing where it fails, as kustomize then does, or changes what an object is or how it is named.
fn operate(object: &mut Node, operation: &Node) -> Option<()> {
    let text = |key: &str| operation.get(key).and_then(Node::text);
    let path = pointer(text("path")?)?;
    let names_it = |path: &[String]| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        matches!(
            path.as_slice(),
            [] | ["apiVersion" | "kind" | "metadata"] | ["metadata", "name" | "namespace"]
        )
    };
    let (last, above) = path.split_last()?;
    if names_it(&path) {
        return None;
    }
    match text("op")? {
        "add" => add(below(object, above)?, last, operation.get("value")?.clone()),
        "replace" => {
            take(below(object, above)?, last)?;
            add(below(object, above)?, last, operation.get("value")?.clone())
        }
        "remove" => take(below(object, above)?, last).map(drop),
        "test" => {
            let json = |node: &Node| serde_json::to_value(node).ok();
            (json(below(object, &path)?)? == json(operation.get("value")?)?).then_some(())
        }
        "copy" => {
            let value = below(object, &pointer(text("from")?)?)?.clone();
            add(below(object, above)?, last, value)
        }
        "move" => {
            let from = pointer(text("from")?)?;
            let (key, holder) = from.split_last().filter(|_| !names_it(&from))?;
            let value = take(below(object, holder)?, key)?;
            add(below(object, above)?, last, value)
        }
        _ => None,
    }
}

fn pointer(text: &str) -> Option<Vec<String>> {
    let steps = text.strip_prefix('/')?.split('/');
    Some(steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn below<'n>(object: &'n mut Node, path: &[String]) -> Option<&'n mut Node> {
    path.iter().try_fold(object, |node, step| match &mut node.value {
        Value::Mapping(entries) => {
            entries.iter_mut().find(|(key, _)| key.text() == Some(step)).map(|(_, value)| value)
        }
        Value::Sequence(items) => items.get_mut(step.parse::<usize>().ok()?),
        Value::Scalar(_) => None,
    })
}

fn add(holder: &mut Node, key: &str, value: Node) -> Option<()> {
    match &mut holder.value {
        Value::Mapping(_) => {
            edit::put(holder, &[], edit::word(key, value.span), value);
            Some(())
        }
        Value::Sequence(items) => {
            let at = if key == "-" { items.len() } else { key.parse().ok()? };
            (at <= items.len()).then(|| items.insert(at, value))
        }
        Value::Scalar(_) => None,
    }
}

/// Takes a value out; nothing where it is not there.
fn take(holder: &mut Node, key: &str) -> Option<Node> {
    match &mut holder.value {
        Value::Mapping(entries) => {
            let at = entries.iter().position(|(name, _)| name.text() == Some(key))?;
            Some(entries.remove(at).1)
        }
        Value::Sequence(items) => {
            let at: usize = key.parse().ok()?;
            (at < items.len()).then(|| items.remove(at))
        }
        Value::Scalar(_) => None,
    }
}
