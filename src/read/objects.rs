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
/// An object is a mapping with an `apiVersion` and a `kind` that are strings. What is wrong with a text that holds none
/// and looks like none is not told: it is not for us.
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
        let told = if is_faulty && looks_like_one { diagnostics } else { Vec::new() };
        return (Err(PassedOver::NoObject), told);
    }
    diagnostics.extend(rest.iter().map(no_object));
    (Ok(objects), diagnostics)
}

/// The key has to be written out, unless an escape hides it.
fn may_hold_objects(text: &str) -> bool {
    text.contains("apiVersion") || text.contains('\\')
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
    let is_text = |key: &str| document.get(key).and_then(Node::as_str).is_some_and(|text| !text.is_empty());
    is_text("apiVersion") && is_text("kind")
}

/// kubectl stops at such a document, and so does kustomize (`missing kind in object`).
fn no_object(document: &Node) -> Diagnostic {
    let message = "this document is no object, unlike others of the file";
    Diagnostic::warning("not-an-object", document.head(), message, "`apiVersion` and `kind` were expected")
        .with_help(
            "kubectl, kustomize and Flux refuse the whole file: complete the object, or move it elsewhere",
        )
}
