//! Objects made from the facts of an API, sound ones and ones with a mistake, and the JSON Schema that says the same.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the bounds of APIs are small whole numbers"
)]

use meshwright::release::{Api, ApiVersion, Bound, Definition, Fact, Minors, Product, Type};
use serde_json::{Map, Value, json};

/// Texts of which some matches each pattern that an API states; the first is base64 as well.
const TEXTS: [&str; 13] = [
    "aaaa",
    "a",
    "1s",
    "1h",
    "http://a.b",
    "https://a.b",
    "oci://a",
    "a.b/c",
    "a/b",
    "Exact",
    "",
    "sha256:0",
    "System",
];

/// How many kinds of mistake there are.
pub const WAYS: usize = 5;

/// A sequence of numbers that looks random and is always the same.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % count.max(1) as u64).expect("below a usize")
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// The kinds of a product in one of its minors.
#[derive(Clone, Copy)]
pub struct Here {
    pub api: &'static Api,
    pub minor: Minors,
}

impl Here {
    pub fn new(product: Product, minor: &str) -> Self {
        let api = product.api();
        Self { api, minor: api.one(minor.parse().expect("a minor")) }
    }

    /// Every version of every kind that the minor serves: apiVersion, kind and version.
    pub fn served(self) -> Vec<(String, &'static str, &'static ApiVersion)> {
        let mut served = Vec::new();
        for (group, kind) in self.api.kinds() {
            for version in self.api.versions(group, kind).into_iter().flatten() {
                if self.holds(version.served) && kind != "ObjectMeta" {
                    let slash = if group.is_empty() { "" } else { "/" };
                    served.push((format!("{group}{slash}{}", version.name), kind, version));
                }
            }
        }
        served
    }

    fn holds(self, minors: Minors) -> bool {
        !self.minor.and(minors).is_empty()
    }

    fn facts(self, definition: &'static Definition) -> impl Iterator<Item = &'static Fact> {
        definition.facts.iter().filter(move |(minors, _)| self.holds(*minors)).map(|(_, fact)| fact)
    }

    fn is_open(self, definition: &'static Definition) -> bool {
        self.facts(definition).any(|fact| matches!(fact, Fact::Open))
    }

    /// Returns what the facts of a definition say, as a JSON Schema.
    pub fn schema(self, number: usize, is_root: bool) -> Value {
        let definition = self.api.definition(number);
        let mut all: Vec<Value> = self.facts(definition).filter_map(keyword).collect();
        let fields = definition.fields.iter().filter(|part| self.holds(part.minors));
        let mut properties: Map<String, Value> =
            fields.map(|part| (part.name.to_owned(), self.schema(part.definition, false))).collect();
        if is_root {
            properties.extend(
                ["apiVersion", "kind", "metadata", "status"].map(|key| (key.to_owned(), json!(true))),
            );
        }
        let others = definition.others.as_ref().filter(|part| self.holds(part.minors));
        let others = others.map(|part| self.schema(part.definition, false));
        let admitted = others.clone().unwrap_or_else(|| json!(self.is_open(definition)));
        all.push(json!({"properties": properties, "additionalProperties": admitted}));
        all.extend(others.map(|items| json!({"items": items})));
        json!({"allOf": all})
    }

    /// Makes an object that the facts find sound.
    pub fn object(
        self,
        (api_version, kind, version): &(String, &str, &ApiVersion),
        dice: &mut Dice,
    ) -> Value {
        let mut object = self.value(version.root, dice, 0);
        object["apiVersion"] = json!(api_version);
        object["kind"] = json!(kind);
        object["metadata"] = json!({"name": "made"});
        object
    }

    fn value(self, number: usize, dice: &mut Dice, depth: usize) -> Value {
        let definition = self.api.definition(number);
        let facts: Vec<&Fact> = self.facts(definition).collect();
        let values =
            facts.iter().find_map(|fact| if let Fact::Enum(values) = fact { Some(values) } else { None });
        if let Some(values) = values {
            return dice.pick(values).clone();
        }
        let bound = |wanted| {
            let mut found = facts.iter().filter_map(|fact| match fact {
                Fact::Bound(bound, limit) if *bound == wanted => Some(*limit),
                _ => None,
            });
            found.next_back()
        };
        let kind = facts.iter().find_map(|fact| if let Fact::Type(kind) = fact { Some(*kind) } else { None });
        match kind {
            None => json!({"free": [1, "two"]}),
            Some(Type::Boolean) => json!(dice.below(2) == 0),
            Some(Type::Integer | Type::Number | Type::IntOrString) => {
                json!(bound(Bound::Minimum).map_or(1, |least| least as i64))
            }
            Some(Type::Quantity) => dice.pick(&[json!("100m"), json!(1)]).clone(),
            Some(Type::String) => {
                let fits = |text: &&&str| {
                    facts.iter().all(|fact| match fact {
                        Fact::Pattern(pattern) => pattern.is_match(text),
                        Fact::Bound(Bound::MinLength, least) => text.len() as f64 >= *least,
                        _ => true,
                    })
                };
                json!(TEXTS.iter().find(fits).unwrap_or_else(|| panic!("no text fits definition {number}")))
            }
            Some(Type::Array) => {
                let least = bound(Bound::MinItems).map_or(0, |least| least as usize);
                let count = if depth > 6 { least } else { least.max(1) };
                let part = definition.others.as_ref().expect("a list has items");
                json!((0..count).map(|_| self.value(part.definition, dice, depth + 1)).collect::<Vec<_>>())
            }
            Some(Type::Object) => self.mapping(definition, &facts, dice, depth),
        }
    }

    fn mapping(
        self,
        definition: &'static Definition,
        facts: &[&Fact],
        dice: &mut Dice,
        depth: usize,
    ) -> Value {
        let is_required =
            |name: &str| facts.iter().any(|fact| matches!(fact, Fact::Required(it) if *it == name));
        let mut made = Map::new();
        for part in definition.fields.iter().filter(|part| self.holds(part.minors)) {
            let is_excluded = facts.iter().any(|fact| match fact {
                Fact::AtMostOne(names) => {
                    names.iter().any(|name| name == part.name)
                        && names.iter().any(|name| made.contains_key(name))
                }
                _ => false,
            });
            let is_wanted = depth < 7 && dice.below(2 + depth) == 0;
            if is_required(part.name) || (is_wanted && !is_excluded) {
                made.insert(part.name.to_owned(), self.value(part.definition, dice, depth + 1));
            }
        }
        if let Some(part) = definition.others.as_ref().filter(|_| depth < 7) {
            made.insert("key".into(), self.value(part.definition, dice, depth + 1));
        }
        Value::Object(made)
    }

    /// Makes one mistake somewhere in an object, in the way that a number below [`WAYS`] names, and returns which: nothing
    /// where that is not possible there.
    pub fn spoil(
        self,
        object: &mut Value,
        version: &ApiVersion,
        way: usize,
        dice: &mut Dice,
    ) -> Option<&'static str> {
        let mut places = Vec::new();
        self.places(object, version.root, &mut String::new(), &mut places);
        if places.is_empty() {
            return None;
        }
        let (pointer, number) = dice.pick(&places).clone();
        let definition = self.api.definition(number);
        let facts: Vec<&Fact> = self.facts(definition).collect();
        let is_open = self.is_open(definition) || definition.others.is_some();
        let value = object.pointer_mut(&pointer).expect("it was found");
        match (way, value) {
            (0, Value::Object(fields)) if !is_open => {
                let near = definition.fields.first().map_or("unknown", |part| part.name);
                fields.insert(format!("{near}x"), json!("made")).is_none().then_some("unknown")
            }
            (1, Value::Object(fields)) => {
                let required = facts.iter().find_map(|fact| match fact {
                    Fact::Required(name) => Some(*name),
                    _ => None,
                });
                fields.remove(required?).map(|_| "required")
            }
            (2, Value::Object(fields)) => {
                let names = facts.iter().find_map(|fact| match fact {
                    Fact::AtMostOne(names) => Some(names),
                    _ => None,
                });
                for name in names?.iter().take(2) {
                    let part = definition.field(name).filter(|part| self.holds(part.minors))?;
                    fields.entry(name.clone()).or_insert_with(|| self.value(part.definition, dice, 7));
                }
                Some("exclusive")
            }
            (3, value) => {
                let is_enum = facts.iter().any(|fact| matches!(fact, Fact::Enum(_)));
                *value = is_enum.then(|| json!("NO_SUCH_VALUE"))?;
                Some("enum")
            }
            (4, value) => {
                let kind = facts.iter().find_map(|fact| match fact {
                    Fact::Type(kind) => Some(*kind),
                    _ => None,
                });
                *value = match kind? {
                    Type::Object | Type::Array | Type::Boolean | Type::Number | Type::Integer => {
                        json!("text")
                    }
                    Type::String => json!(true),
                    Type::IntOrString | Type::Quantity => json!([]),
                };
                Some("type")
            }
            (_, _) => None,
        }
    }

    /// Lists the places of an object below its root that definitions speak of.
    fn places(self, value: &Value, number: usize, at: &mut String, places: &mut Vec<(String, usize)>) {
        let definition = self.api.definition(number);
        let length = at.len();
        let mut below = |key: String, value: &Value, number: usize, places: &mut Vec<_>| {
            at.push('/');
            at.push_str(&key.replace('~', "~0").replace('/', "~1"));
            places.push((at.clone(), number));
            self.places(value, number, at, places);
            at.truncate(length);
        };
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let part = definition.field(key).or(definition.others.as_ref());
                    if let Some(part) = part.filter(|part| self.holds(part.minors)) {
                        below(key.clone(), value, part.definition, places);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(part) = &definition.others {
                        below(index.to_string(), item, part.definition, places);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Says a fact in the words of JSON Schema.
fn keyword(fact: &Fact) -> Option<Value> {
    Some(match fact {
        Fact::Type(Type::Object) => json!({"type": "object"}),
        Fact::Type(Type::Array) => json!({"type": "array"}),
        Fact::Type(Type::String) => json!({"type": "string"}),
        Fact::Type(Type::Integer) => json!({"type": "integer"}),
        Fact::Type(Type::Number) => json!({"type": "number"}),
        Fact::Type(Type::Boolean) => json!({"type": "boolean"}),
        Fact::Type(Type::IntOrString) => json!({"type": ["integer", "string"]}),
        Fact::Type(Type::Quantity) => json!({"type": ["number", "string"]}),
        Fact::Required(name) => json!({"required": [name]}),
        Fact::Enum(values) => json!({"enum": values}),
        Fact::Pattern(pattern) => json!({"pattern": pattern.as_str()}),
        Fact::AtMostOne(names) => {
            let pairs = names.iter().enumerate().flat_map(|(index, first)| {
                names[..index].iter().map(move |second| json!({"not": {"required": [first, second]}}))
            });
            // Some APIs have a choice of one.
            let all: Vec<Value> = [json!(true)].into_iter().chain(pairs).collect();
            json!({"allOf": all})
        }
        Fact::Bound(bound, limit) => {
            let name = match bound {
                Bound::Minimum => "minimum",
                Bound::Maximum => "maximum",
                Bound::MinLength => "minLength",
                Bound::MaxLength => "maxLength",
                Bound::MinItems => "minItems",
                Bound::MaxItems => "maxItems",
                Bound::MinProperties => "minProperties",
                Bound::MaxProperties => "maxProperties",
            };
            json!({name: limit})
        }
        Fact::Open | Fact::Keys(_) => return None,
    })
}
