//! Compares what users wrote with a JSON Schema, and keeps what fits.
//!
//! ```text
//! Node ─ check ─► Node without the faulty parts, and every fault at its place
//! ```
//!
//! A subset of draft-07: `type`, `properties`, `required`, `additionalProperties`, `propertyNames`, `items`, `enum`,
//! `const`, the bounds of numbers, texts, lists and mappings, `uniqueItems`, `oneOf`, `anyOf`, `format`, and `$ref`
//! to `#/definitions/…`. What only editors use (`description`, `default`, `pattern` and the like) is passed over.

mod check;
pub mod format;
mod names;

use std::collections::HashMap;
use std::fmt;

use serde_json::{Map, Value as Json};

use crate::diagnostic::Diagnostic;
use crate::yaml::Node;
pub use names::{either, found, nearest, quoted};

/// A compiled schema.
#[derive(Debug, Clone)]
pub struct Schema {
    rules: Vec<Rule>,
}

/// Why a schema cannot be compiled; the schema ships with us, so this is our own fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFault(String);

impl fmt::Display for SchemaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SchemaFault {}

/// The place of a rule in the schema.
type RuleId = usize;

#[derive(Debug, Clone, Default)]
struct Rule {
    /// Another rule that says it all.
    target: Option<RuleId>,
    types: Vec<Type>,
    properties: Vec<(String, RuleId)>,
    required: Vec<String>,
    additional: Additional,
    names: Option<RuleId>,
    items: Option<RuleId>,
    values: Option<Vec<Json>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_items: Option<usize>,
    max_items: Option<usize>,
    unique_items: bool,
    min_properties: Option<usize>,
    max_properties: Option<usize>,
    branches: Vec<RuleId>,
    /// Whether at most one branch may fit.
    excludes: bool,
    format: Option<String>,
    example: Option<Json>,
}

/// What becomes of keys that `properties` does not name.
#[derive(Debug, Clone, Copy, Default)]
enum Additional {
    #[default]
    Kept,
    Refused,
    Judged(RuleId),
}

/// The types of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Schema {
    /// Compiles a JSON Schema; fails on what is no JSON, on an unknown type or format, and on a `$ref` to nowhere.
    pub fn new(text: &str) -> Result<Self, SchemaFault> {
        let root: Json = serde_json::from_str(text).map_err(|error| SchemaFault(error.to_string()))?;
        let mut compiler = Compiler { root: &root, rules: Vec::new(), references: HashMap::new() };
        compiler.rule(&root)?;
        Ok(Self { rules: compiler.rules })
    }

    /// Returns `node` without its faulty parts, and the faults.
    ///
    /// An unknown key goes, a faulty value goes with its key, a faulty item goes from its list. A mapping that lacks a
    /// required key stays without it. If the root itself is of the wrong type, an empty mapping stands in for it.
    pub fn check(&self, node: &Node) -> (Node, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let kept = check::Check { schema: self, diagnostics: &mut diagnostics }.run(node);
        (kept.unwrap_or_else(|| Node::empty_mapping(node.span)), diagnostics)
    }

    /// Returns a rule; if it only refers to another, that one.
    fn rule(&self, id: RuleId) -> &Rule {
        let mut rule = &self.rules[id];
        // A chain longer than the schema is a circle, and says nothing.
        for _ in 0..self.rules.len() {
            match rule.target {
                Some(target) => rule = &self.rules[target],
                None => break,
            }
        }
        rule
    }

    /// Returns the first example of a rule, else of the rule that it refers to.
    fn example(&self, id: RuleId) -> Option<&Json> {
        self.rules[id].example.as_ref().or(self.rule(id).example.as_ref())
    }
}

struct Compiler<'a> {
    root: &'a Json,
    rules: Vec<Rule>,
    references: HashMap<&'a str, RuleId>,
}

impl<'a> Compiler<'a> {
    fn rule(&mut self, json: &'a Json) -> Result<RuleId, SchemaFault> {
        let id = self.rules.len();
        // The place is taken first, so that a definition can refer to itself.
        self.rules.push(Rule::default());
        let rule = match json {
            Json::Object(object) => self.object(object)?,
            Json::Bool(true) => Rule::default(),
            _ => return Err(SchemaFault(format!("a schema must be an object or true, not {json}"))),
        };
        self.rules[id] = rule;
        Ok(id)
    }

    fn object(&mut self, object: &'a Map<String, Json>) -> Result<Rule, SchemaFault> {
        let size =
            |key: &str| object.get(key).and_then(Json::as_u64).and_then(|size| usize::try_from(size).ok());
        let number = |key: &str| object.get(key).and_then(Json::as_f64);
        let example =
            object.get("examples").and_then(Json::as_array).and_then(|examples| examples.first()).cloned();
        if let Some(Json::String(reference)) = object.get("$ref") {
            return Ok(Rule { target: Some(self.reference(reference)?), example, ..Rule::default() });
        }
        Ok(Rule {
            target: None,
            types: types(object.get("type"))?,
            properties: self.properties(object.get("properties"))?,
            required: strings(object.get("required")),
            additional: self.additional(object.get("additionalProperties"))?,
            names: object.get("propertyNames").map(|names| self.rule(names)).transpose()?,
            items: object.get("items").map(|items| self.rule(items)).transpose()?,
            values: values(object),
            minimum: number("minimum"),
            maximum: number("maximum"),
            min_length: size("minLength"),
            max_length: size("maxLength"),
            min_items: size("minItems"),
            max_items: size("maxItems"),
            unique_items: object.get("uniqueItems") == Some(&Json::Bool(true)),
            min_properties: size("minProperties"),
            max_properties: size("maxProperties"),
            branches: self.branches(object.get("oneOf").or(object.get("anyOf")))?,
            excludes: object.contains_key("oneOf"),
            format: known_format(object.get("format"))?,
            example,
        })
    }

    fn reference(&mut self, reference: &'a str) -> Result<RuleId, SchemaFault> {
        if let Some(id) = self.references.get(reference) {
            return Ok(*id);
        }
        let pointer = reference.strip_prefix('#').unwrap_or_default();
        let target = self.root.pointer(pointer).filter(|_| pointer.starts_with("/definitions/"));
        let target = target.ok_or_else(|| SchemaFault(format!("`$ref` to nowhere: {reference}")))?;
        self.references.insert(reference, self.rules.len());
        self.rule(target)
    }

    fn properties(&mut self, json: Option<&'a Json>) -> Result<Vec<(String, RuleId)>, SchemaFault> {
        let properties = json.and_then(Json::as_object).into_iter().flatten();
        properties.map(|(key, json)| Ok((key.clone(), self.rule(json)?))).collect()
    }

    fn additional(&mut self, json: Option<&'a Json>) -> Result<Additional, SchemaFault> {
        match json {
            None | Some(Json::Bool(true)) => Ok(Additional::Kept),
            Some(Json::Bool(false)) => Ok(Additional::Refused),
            Some(json) => self.rule(json).map(Additional::Judged),
        }
    }

    fn branches(&mut self, json: Option<&'a Json>) -> Result<Vec<RuleId>, SchemaFault> {
        json.and_then(Json::as_array).into_iter().flatten().map(|branch| self.rule(branch)).collect()
    }
}

fn types(json: Option<&Json>) -> Result<Vec<Type>, SchemaFault> {
    let one = |json: &Json| match json.as_str() {
        Some("null") => Ok(Type::Null),
        Some("boolean") => Ok(Type::Boolean),
        Some("integer") => Ok(Type::Integer),
        Some("number") => Ok(Type::Number),
        Some("string") => Ok(Type::String),
        Some("array") => Ok(Type::Array),
        Some("object") => Ok(Type::Object),
        Some(_) | None => Err(SchemaFault(format!("unknown type {json}"))),
    };
    match json {
        None => Ok(Vec::new()),
        Some(Json::Array(types)) => types.iter().map(one).collect(),
        Some(json) => Ok(vec![one(json)?]),
    }
}

fn strings(json: Option<&Json>) -> Vec<String> {
    let strings = json.and_then(Json::as_array).into_iter().flatten();
    strings.filter_map(Json::as_str).map(str::to_owned).collect()
}

fn values(object: &Map<String, Json>) -> Option<Vec<Json>> {
    let constant = object.get("const").map(|value| vec![value.clone()]);
    constant.or_else(|| object.get("enum").and_then(Json::as_array).cloned())
}

fn known_format(json: Option<&Json>) -> Result<Option<String>, SchemaFault> {
    let Some(name) = json.and_then(Json::as_str) else { return Ok(None) };
    match format::code(name) {
        Some(_) => Ok(Some(name.to_owned())),
        None => Err(SchemaFault(format!("unknown format `{name}`"))),
    }
}

#[cfg(test)]
mod tests;
