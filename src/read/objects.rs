//! Which documents of a text are objects for a cluster.

use super::{PassedOver, fault};
use crate::{
    diagnostic::Diagnostic,
    source::Sources,
    yaml::{self, MergeKeys, Node},
};

/// Reads every document of a text, whatever it is; what is wrong with it is told.
pub fn raw(sources: &Sources, file: u32) -> (Vec<Node>, Vec<Diagnostic>) {
    let text = sources.get(file).text.as_str();
    if let Some(at) = unprintable(text) {
        return (Vec::new(), vec![fault::unprintable(file, text, at)]);
    }
    let is_json = text.trim_start().starts_with('{') && text.len() <= yaml::MAX_BYTES;
    let json = is_json.then(|| yaml::parse_json(sources, file)).flatten();
    json.unwrap_or_else(|| yaml::parse_with(sources, file, MergeKeys::Followed))
}

/// Returns where a character is for which the readers of Kubernetes refuse a whole text (`yaml_parser_update_buffer` of
/// go.yaml.in/yaml: "control characters are not allowed").
fn unprintable(text: &str) -> Option<usize> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    if text.bytes().all(is_plain) {
        return None;
    }
    let is_refused = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        c => c.is_control(),
    };
    text.find(is_refused)
}

/// Returns the objects of a text, a `List` still whole, or why it holds none.
///
/// An object is a mapping with an `apiVersion` and a `kind` that are strings. One that has a name and lacks one of the two
/// is told. What else is wrong with a text that holds none and looks like none is not: it is not for us.
pub fn objects(sources: &Sources, file: u32) -> (Result<Vec<Node>, PassedOver>, Vec<Diagnostic>) {
    let text = sources.get(file).text.as_str();
    if !may_hold_objects(text) {
        return (Err(PassedOver::NoObject), Vec::new());
    }
    let (documents, mut diagnostics) = raw(sources, file);
    if is_template(text, &documents, &diagnostics) {
        return (Err(PassedOver::Template), Vec::new());
    }
    let (objects, rest): (Vec<_>, Vec<_>) = documents.into_iter().partition(is_object);
    let is_faulty = diagnostics.iter().any(|fault| fault.code != "yaml-merge-order");
    if objects.is_empty() {
        let looks_like_one = text.contains("apiVersion") && text.contains("kind");
        let mut told = if is_faulty && looks_like_one { diagnostics } else { Vec::new() };
        told.extend(rest.iter().filter_map(half_named));
        return (Err(PassedOver::NoObject), told);
    }
    diagnostics
        .extend(rest.iter().map(|document| half_named(document).unwrap_or_else(|| no_object(document))));
    let listed = objects.iter().filter_map(|object| object.get("items")).flat_map(Node::items);
    diagnostics.extend(listed.filter_map(half_named));
    (Ok(objects), diagnostics)
}

/// The keys have to be written out, unless an escape hides them.
fn may_hold_objects(text: &str) -> bool {
    text.contains("apiVersion") || text.contains('\\') || text.contains("kind") && text.contains("metadata")
}

/// A template that is no YAML has faults; one that is has holes where a name or a kind would stand.
fn is_template(text: &str, documents: &[Node], faults: &[Diagnostic]) -> bool {
    let has_hole = |text: &str| text.contains("{{") || text.contains("{%");
    has_hole(text)
        && (!faults.is_empty() || documents.iter().any(|document| is_headed_by(document, has_hole)))
}

fn is_headed_by(document: &Node, has_hole: impl Fn(&str) -> bool) -> bool {
    let head = [&["apiVersion"][..], &["kind"], &["metadata", "name"], &["metadata", "namespace"]];
    head.iter().filter_map(|path| document.at(path)).any(|node| node.text().is_some_and(&has_hole))
}

fn is_object(document: &Node) -> bool {
    word(document, "apiVersion").is_some() && word(document, "kind").is_some()
}

fn word<'a>(document: &'a Node, key: &str) -> Option<&'a str> {
    document.get(key).and_then(Node::as_str).filter(|text| !text.is_empty())
}

/// Tells of an object with a name that says only half of what it is. kubectl refuses it (`Object 'Kind' is missing`,
/// `apiVersion not set`), and so does Flux; kustomize fills in what its own files lack.
fn half_named(document: &Node) -> Option<Diagnostic> {
    let metadata = document.get("metadata")?;
    word(metadata, "name").or(word(metadata, "generateName"))?;
    let (there, missing) = match (word(document, "apiVersion"), word(document, "kind")) {
        (None, Some("Kustomization" | "Component") | None) | (Some(_), Some(_)) => return None,
        (Some(_), None) => ("apiVersion", "kind"),
        (None, Some(_)) => ("kind", "apiVersion"),
    };
    let place = document.entry(there)?.0.span;
    let message = format!("this object has no `{missing}`, and nothing reads it");
    Some(
        Diagnostic::error("object-half-named", place, message, format!("`{missing}` was expected beside it"))
            .with_help(format!("add its `{missing}`, as `kubectl api-resources` tells it")),
    )
}

/// kubectl stops at such a document, and so does kustomize (`missing kind in object`).
fn no_object(document: &Node) -> Diagnostic {
    let message = "this document is no object, unlike others of the file";
    Diagnostic::warning("not-an-object", document.head(), message, "`apiVersion` and `kind` were expected")
        .with_help(
            "kubectl, kustomize and Flux refuse the whole file: complete the object, or move it elsewhere",
        )
}
