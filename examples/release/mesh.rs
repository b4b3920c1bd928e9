//! What the mesh config is made of, from a clone of istio/api, whose tags are those of Istio.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    api::Api,
    repository::{Repository, Tag},
};

/// A message or an enumeration of a `.proto` file, with those that are declared in it.
#[derive(Default)]
struct Block {
    fields: Vec<Field>,
    /// The names and numbers of an enumeration.
    values: Vec<(String, i64)>,
    /// The names of fields of which one at most is set.
    choices: Vec<Vec<String>>,
    inner: BTreeMap<String, Block>,
}

struct Field {
    name: String,
    kind: String,
    is_list: bool,
}

/// Returns the data file, from the newest patch of each minor, oldest first.
pub fn api(repository: &Repository, tags: &[Tag]) -> Result<String, String> {
    let mut api = Api::default();
    for tag in tags {
        let mut root = Block::default();
        for name in ["config", "proxy"] {
            let text = repository.file(*tag, &format!("mesh/v1alpha1/{name}.proto"))?;
            read(&mut words(&text).into_iter(), &mut root);
        }
        let schema = message(&root, &[], &root.inner["MeshConfig"], "MeshConfig");
        let definition = json!({"spec": {
            "group": "mesh.istio.io",
            "names": {"kind": "MeshConfig"},
            "versions": [{"name": "v1alpha1", "served": true, "schema": {"openAPIV3Schema": schema}}],
        }});
        api.add(&format!("{}.{}", tag.major, tag.minor), &[definition])?;
    }
    Ok(api.file("the mesh config of Istio", tags, "mesh-config ISTIO-API"))
}

/// Splits a text into words and marks, comments left out.
fn words(text: &str) -> Vec<String> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let mut spaced = code.collect::<Vec<_>>().join("\n");
    while let Some((before, rest)) = spaced.split_once("/*") {
        let after = rest.split_once("*/").map_or("", |(_, after)| after);
        spaced = format!("{before}{after}");
    }
    for mark in ['{', '}', '=', ';', '<', '>', ',', '[', ']'] {
        spaced = spaced.replace(mark, &format!(" {mark} "));
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Reads declarations up to the end of the block that they are in.
fn read(words: &mut impl Iterator<Item = String>, block: &mut Block) {
    let mut statement: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "}" => return,
            "{" => {
                let (what, name) = (statement[0].clone(), statement.last().cloned().unwrap_or_default());
                let mut inner = Block::default();
                read(words, &mut inner);
                if what == "oneof" {
                    block.choices.push(inner.fields.iter().map(|field| json_name(&field.name)).collect());
                    block.fields.append(&mut inner.fields);
                } else {
                    block.inner.insert(name, inner);
                }
                statement.clear();
            }
            ";" => block.declare(&std::mem::take(&mut statement)),
            _ => statement.push(word),
        }
    }
}

impl Block {
    fn declare(&mut self, statement: &[String]) {
        let words: Vec<&str> = statement.iter().map(String::as_str).collect();
        let field = |kind: &str, name: &str, is_list| Field { name: name.into(), kind: kind.into(), is_list };
        match words.as_slice() {
            ["syntax" | "package" | "import" | "option" | "reserved", ..] => {}
            ["map", "<", _, ",", kind, ">", name, "=", ..] => {
                self.fields.push(field(&format!("map {kind}"), name, false));
            }
            ["repeated", kind, name, "=", ..] => self.fields.push(field(kind, name, true)),
            [name, "=", number, ..] => {
                self.values.extend(number.parse().ok().map(|number| ((*name).to_owned(), number)));
            }
            [kind, name, "=", ..] => self.fields.push(field(kind, name, false)),
            _ => {}
        }
    }
}

/// Returns the schema of a message. `path` are the messages around it.
fn message(root: &Block, path: &[&Block], block: &Block, name: &str) -> Value {
    let mut around = path.to_vec();
    around.push(block);
    let mut properties = Map::new();
    for field in &block.fields {
        let (is_map, kind) =
            field.kind.strip_prefix("map ").map_or((false, field.kind.as_str()), |kind| (true, kind));
        let value = value(root, &around, kind, name);
        let value = match (is_map, field.is_list) {
            (true, _) => json!({"type": "object", "additionalProperties": value}),
            (false, true) => json!({"type": "array", "items": value}),
            (false, false) => value,
        };
        properties.insert(json_name(&field.name), value);
    }
    let one = |names: &Vec<String>| {
        let each: Vec<Value> = names.iter().map(|name| json!({"required": [name]})).collect();
        let none = json!({"not": {"anyOf": each}});
        let branches: Vec<Value> = [none].into_iter().chain(each).collect();
        json!({"oneOf": branches})
    };
    let choices: Vec<Value> = block.choices.iter().filter(|names| names.len() > 1).map(one).collect();
    json!({"type": "object", "properties": properties, "allOf": choices})
}

/// Returns the schema of a type, as `jsonpb` takes it: a number may stand in quotes, an enumeration goes by name or number.
fn value(root: &Block, around: &[&Block], kind: &str, outer: &str) -> Value {
    let open = json!({"x-kubernetes-preserve-unknown-fields": true});
    match kind {
        "string" | "bytes" | "google.protobuf.Duration" | "google.protobuf.StringValue" => {
            return json!({"type": "string"});
        }
        "bool" | "google.protobuf.BoolValue" => return json!({"type": "boolean"}),
        "int32"
        | "int64"
        | "uint32"
        | "uint64"
        | "double"
        | "float"
        | "google.protobuf.Int32Value"
        | "google.protobuf.Int64Value"
        | "google.protobuf.UInt32Value"
        | "google.protobuf.UInt64Value"
        | "google.protobuf.DoubleValue" => return json!({"type": "quantity"}),
        _ => {}
    }
    let parts: Vec<&str> = kind.split('.').collect();
    let found = around
        .iter()
        .rev()
        .chain([&root])
        .find_map(|block| parts.iter().try_fold(*block, |block, part| block.inner.get(*part)));
    match found {
        None => open,
        Some(block) if !block.values.is_empty() => {
            let names = block.values.iter().map(|(name, _)| json!(name));
            let numbers = block.values.iter().map(|(_, number)| json!(number));
            let values: Vec<Value> = names.chain(numbers).collect();
            json!({"enum": values})
        }
        // What holds itself is left open where it comes again.
        Some(_) if kind == outer => open,
        Some(block) => message(root, around, block, kind),
    }
}

/// Returns the JSON name of a field: without underscores, each next letter in upper case.
fn json_name(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let (head, rest) = part.split_at(part.len().min(1));
        name + &head.to_ascii_uppercase() + rest
    })
}
