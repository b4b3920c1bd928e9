//! What the APIs of kinds are made of, release by release, from `CustomResourceDefinitions`: facts only, no prose.
//!
//! A file holds every minor of a product. A definition is a number and its facts, one a line; what not every minor has
//! begins with the minors that have it, such as `@1.25-` or `@-1.23`. Equal definitions are written once.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
};

use serde_json::{Map, Value};

use super::{
    kind,
    repository::{Repository, Tag},
};

/// The minors that something holds for, the oldest in the lowest bit.
type Minors = u32;

/// Keywords that say nothing about which objects are well-formed, or that are rules in CEL, which no structure can say.
const PASSED_OVER: [&str; 9] = [
    "description",
    "default",
    "example",
    "format",
    "nullable",
    "title",
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
];

/// Every kind of a product, in every minor.
#[derive(Default)]
pub struct Api {
    minors: Vec<String>,
    kinds: BTreeMap<(String, String), Kind>,
}

#[derive(Default)]
struct Kind {
    versions: BTreeMap<String, (Minors, Schema)>,
}

/// What must hold of a value: the text of each fact, and what holds of its parts, each with its minors.
#[derive(Default)]
struct Schema {
    facts: BTreeMap<String, Minors>,
    parts: BTreeMap<String, (Minors, Schema)>,
}

impl Api {
    /// Reads the definitions of each tag, oldest first, as files at or below `paths` have them.
    pub fn of(repository: &Repository, tags: &[Tag], paths: &[&str]) -> Result<Self, String> {
        let mut api = Self::default();
        for tag in tags {
            let mut definitions = Vec::new();
            for (_, text) in repository.files(*tag, paths)? {
                definitions.extend(kind::definitions(&text)?);
            }
            api.add(&format!("{}.{}", tag.major, tag.minor), &definitions)?;
        }
        Ok(api)
    }

    /// Adds a minor, newer than those that are here, with its definitions.
    pub fn add(&mut self, minor: &str, definitions: &[Value]) -> Result<(), String> {
        let bit = 1 << self.minors.len();
        self.minors.push(minor.to_owned());
        for definition in definitions {
            let spec = &definition["spec"];
            let name = (text(&spec["group"]), text(&spec["names"]["kind"]));
            let kind = self.kinds.entry(name.clone()).or_default();
            for version in spec["versions"].as_array().into_iter().flatten() {
                if version["served"] == true {
                    let (minors, schema) = kind.versions.entry(text(&version["name"])).or_default();
                    *minors |= bit;
                    let root = &version["schema"]["openAPIV3Schema"];
                    schema.add_root(root, bit).map_err(|fault| format!("{name:?}: {fault}"))?;
                }
            }
        }
        Ok(())
    }

    /// Returns the file of a product, from the releases `tags`; `command` derives it again.
    pub fn file(&self, product: &str, tags: &[Tag], command: &str) -> String {
        let tags: Vec<String> = tags.iter().map(Tag::to_string).collect();
        let title = format!("# The kinds of {product} {}, derived:", tags.join(" "));
        format!("{title} cargo run --example release -- {command}\n{}", self.text())
    }

    fn text(&self) -> String {
        let all = (1 << self.minors.len()) - 1;
        let mut writer = Writer { minors: &self.minors, numbers: HashMap::new(), out: String::new() };
        let mut head = format!("minors {}\n", self.minors.join(" "));
        for ((group, name), kind) in &self.kinds {
            writeln!(head, "{group} {name}").expect("a string");
            for (version, (minors, schema)) in &kind.versions {
                let range = writer.range(*minors, all);
                let number = writer.definition(schema, *minors);
                writeln!(head, " {range}{version} {number}").expect("a string");
            }
        }
        format!("{head}definitions\n{}", writer.out)
    }
}

impl Schema {
    /// Adds the schema of an object. What every object has is the same everywhere, and nobody writes a status.
    fn add_root(&mut self, json: &Value, bit: Minors) -> Result<(), String> {
        let mut root = json.as_object().cloned().ok_or("a version has no schema")?;
        if let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) {
            properties
                .retain(|name, _| !["apiVersion", "kind", "metadata", "status"].contains(&name.as_str()));
        }
        self.add_object(&root, bit)
    }

    fn add(&mut self, json: &Value, bit: Minors) -> Result<(), String> {
        self.add_object(json.as_object().ok_or_else(|| format!("no schema: {json}"))?, bit)
    }

    fn add_object(&mut self, object: &Map<String, Value>, bit: Minors) -> Result<(), String> {
        let is_int_or_string = object.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
        for (key, value) in object {
            match key.as_str() {
                "type" => self.fact(format!("type {}", text(value)), bit),
                "x-kubernetes-int-or-string" => self.fact("type int-or-string".into(), bit),
                "anyOf" if is_int_or_string => {}
                "x-kubernetes-preserve-unknown-fields" => self.fact("open".into(), bit),
                "properties" => {
                    for (name, value) in value.as_object().into_iter().flatten() {
                        self.part(format!(".{name}"), value, bit)?;
                    }
                }
                "items" => self.part("[]".into(), value, bit)?,
                "additionalProperties" => self.part("{}".into(), value, bit)?,
                "required" => {
                    // What has a default is never missed: an API server fills it in before it validates (`structural
                    // defaulting` in apiextensions-apiserver/pkg/apiserver/schema).
                    let has_default = |name: &str| {
                        object.get("properties").is_some_and(|all| !all[name]["default"].is_null())
                    };
                    let names = value.as_array().into_iter().flatten();
                    for name in names.filter(|name| !has_default(&text(name))) {
                        self.fact(format!("required {}", text(name)), bit);
                    }
                }
                "enum" | "pattern" | "minimum" | "maximum" | "minLength" | "maxLength" | "minItems"
                | "maxItems" | "minProperties" | "maxProperties" => self.fact(format!("{key} {value}"), bit),
                "x-kubernetes-list-map-keys" => self.fact(format!("keys {value}"), bit),
                // Gateway API has addresses whose text depends on their type.
                "oneOf" if is_by_value(value) => {}
                "oneOf" => self.fact(format!("one {}", Value::from(at_most_one(value)?)), bit),
                "allOf" => {
                    for part in value.as_array().into_iter().flatten() {
                        self.add(part, bit)?;
                    }
                }
                key if PASSED_OVER.contains(&key) => {}
                _ => return Err(format!("`{key}` is a keyword that this program does not know")),
            }
        }
        Ok(())
    }

    fn fact(&mut self, fact: String, bit: Minors) {
        *self.facts.entry(fact).or_default() |= bit;
    }

    fn part(&mut self, name: String, json: &Value, bit: Minors) -> Result<(), String> {
        let (minors, schema) = self.parts.entry(name).or_default();
        *minors |= bit;
        schema.add(json, bit)
    }
}

/// Returns whether the branches tell cases apart by what their properties hold, not by which are there.
fn is_by_value(value: &Value) -> bool {
    let mut branches = value.as_array().into_iter().flatten().filter_map(Value::as_object);
    branches.all(|branch| branch.keys().all(|key| key == "properties"))
}

/// Reads the one idiom of Istio's `oneOf`: none of some keys, or exactly one of them.
fn at_most_one(value: &Value) -> Result<Vec<String>, String> {
    let unknown = || format!("`oneOf` is not of the form that this program knows: {value}");
    let keys = |branches: &[Value]| {
        let key = |branch: &Value| match branch["required"].as_array().map(Vec::as_slice) {
            Some([name]) if branch.as_object().is_some_and(|branch| branch.len() == 1) => Some(text(name)),
            Some(_) | None => None,
        };
        branches.iter().map(key).collect::<Option<Vec<_>>>()
    };
    let [none, branches @ ..] = value.as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(unknown());
    };
    let excluded = none["not"]["anyOf"].as_array().and_then(|branches| keys(branches));
    let single = keys(branches).ok_or_else(unknown)?;
    if excluded.as_ref() == Some(&single) { Ok(single) } else { Err(unknown()) }
}

struct Writer<'a> {
    minors: &'a [String],
    numbers: HashMap<String, usize>,
    out: String,
}

impl Writer<'_> {
    /// Returns the number of a definition, which is written where none is equal. Its minors are all that it is met in.
    fn definition(&mut self, schema: &Schema, within: Minors) -> usize {
        let mut lines = String::new();
        for (fact, minors) in &schema.facts {
            writeln!(lines, " {}{fact}", self.range(*minors, within)).expect("a string");
        }
        for (name, (minors, part)) in &schema.parts {
            let (range, number) = (self.range(*minors, within), self.definition(part, *minors));
            writeln!(lines, " {range}{name} {number}").expect("a string");
        }
        let next = self.numbers.len();
        if let Some(number) = self.numbers.get(&lines) {
            return *number;
        }
        write!(self.out, "{next}\n{lines}").expect("a string");
        self.numbers.insert(lines, next);
        next
    }

    /// Returns how the minors of a part are written: nothing where they are those of the whole.
    fn range(&self, minors: Minors, within: Minors) -> String {
        if minors == within {
            return String::new();
        }
        let (oldest, newest) = (within.trailing_zeros(), within.ilog2());
        let name = |bit: u32| self.minors[bit as usize].as_str();
        let (mut ranges, mut left) = (Vec::new(), minors);
        while left != 0 {
            let first = left.trailing_zeros();
            // A minor that the whole lacks is no gap.
            let reached = (first..=newest).take_while(|bit| (minors | !within) & 1 << bit != 0);
            let last = reached.filter(|bit| minors & 1 << bit != 0).last().unwrap_or(first);
            let since = if first == oldest { "" } else { name(first) };
            ranges.push(format!("{since}-{}", if last == newest { "" } else { name(last) }));
            left &= !((2 << last) - 1);
        }
        format!("@{} ", ranges.join(","))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
