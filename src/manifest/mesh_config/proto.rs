//! How istiod reads YAML into its messages: stricter than an API server in types, laxer in names.
//!
//! `ApplyYAML` of `pkg/util/protomarshal/protomarshal.go` (Istio 1.21.1) hands JSON to `jsonpb` of golang/protobuf v1.5.4: a
//! field goes by its JSON name or by its own (`outbound_traffic_policy`), an enum by name or number, a number may stand in
//! quotes; a text has to be a string, and unknown fields are passed over. Any other fault loses the whole message. Here a
//! number that names nothing does as well, where `jsonpb` keeps it.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{
    DeserializeOwned, Deserializer, Error, IntoDeserializer, Unexpected, Visitor, value::StrDeserializer,
};

use crate::{
    diagnostic::Diagnostic,
    manifest::Word,
    source::Sources,
    yaml::{self, Entries, Node, Scalar, Spanned, Style, Value},
};

/// Reads a message from a node, wherever it stands.
pub fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Box<Diagnostic>> {
    let mut node = node.clone();
    drop_unmerged(&mut node)?;
    normalize(&mut node);
    yaml::read(&node)
}

/// Takes out two fields of the mesh config that istiod merges by their JSON names alone, and so loses under their own
/// (`ApplyMeshConfig` in `pkg/config/mesh/mesh.go`); they have to be messages all the same.
fn drop_unmerged(node: &mut Node) -> Result<(), Box<Diagnostic>> {
    let Value::Mapping(entries) = &mut node.value else { return Ok(()) };
    let is_unmerged = |key: &Node| matches!(key.text(), Some("default_config" | "default_providers"));
    for (_, value) in entries.iter().filter(|(key, _)| is_unmerged(key)) {
        yaml::read::<Option<Entries<Node, Node>>>(value)?;
    }
    entries.retain(|(key, _)| !is_unmerged(key));
    Ok(())
}

/// Returns a message under its fields' JSON names, without nulls.
pub fn normalized(node: &Node) -> Node {
    let mut node = node.clone();
    normalize(&mut node);
    node
}

/// Reads a message from a text in a value, such as a key of a ConfigMap; an empty one for an empty text.
pub fn read_text<T: DeserializeOwned>(sources: &Sources, text: &Word) -> Result<T, Box<Diagnostic>> {
    let (documents, faults) = yaml::parse_within(sources, text, text.span);
    match (faults.into_iter().next(), documents.into_iter().next()) {
        (Some(fault), _) => Err(Box::new(fault)),
        (None, Some(document)) => read(&document),
        (None, None) => read(&Node::empty_mapping(text.span)),
    }
}

/// Takes nulls out and turns fields' own names into their JSON names. The latter win (`unmarshalMessage`).
fn normalize(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter_mut().for_each(normalize),
        Value::Mapping(entries) => {
            entries.retain(|(_, value)| !value.is_null());
            let written: Vec<String> =
                entries.iter().filter_map(|(key, _)| key.text().map(str::to_owned)).collect();
            entries.retain_mut(|(key, _)| rename(key, &written));
            for (key, value) in entries {
                if is_map(key) { drop_nulls(value) } else { normalize(value) }
            }
        }
    }
}

/// In a map of texts, a null is an empty text.
fn drop_nulls(map: &mut Node) {
    if let Value::Mapping(entries) = &mut map.value {
        for (_, value) in entries.iter_mut().filter(|(_, value)| value.is_null()) {
            value.value = Value::Scalar(Scalar { text: String::new(), style: Style::Quoted });
        }
    }
}

/// Gives a key its JSON name; tells whether it stays.
fn rename(key: &mut Node, written: &[String]) -> bool {
    let Value::Scalar(scalar) = &mut key.value else { return false };
    let name = json_name(&scalar.text);
    let is_overridden = name != scalar.text && written.contains(&name);
    scalar.text = name;
    !is_overridden
}

/// Returns the JSON name of a field: without underscores, each next letter in upper case.
fn json_name(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &head.into_iter().chain(letters).collect::<String>()
    })
}

/// Tells whether a field holds keys of the user's own.
fn is_map(key: &Node) -> bool {
    let maps = ["proxyMetadata", "runtimeValues", "matchLabels", "labels", "includeAdditionalHeadersInCheck"];
    key.text().is_some_and(|name| maps.contains(&name))
}

/// A text; a number or a boolean is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(pub String);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }
}

/// A number, in quotes or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number(pub u32);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
        let number =
            u32::try_from(number).map_err(|_| E::custom("a number from 0 to 4294967295 was expected"))?;
        Ok(Number(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
        match whole(number) {
            Some(number) => self.visit_i64(number),
            None => Err(E::invalid_value(Unexpected::Float(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        let number = text.parse().map_err(|_| E::custom("a number from 0 to 4294967295 was expected"))?;
        Ok(Number(number))
    }
}

/// An enum whose values have numbers.
pub trait Numbered: DeserializeOwned {
    /// The name of each number.
    const NAMES: &'static [(i64, &'static str)];
}

/// Reads an enum by name or number.
pub fn choice<'de, T: Numbered, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Spanned<T>>, D::Error> {
    let chosen = Option::<Spanned<Choice<T>>>::deserialize(deserializer)?;
    Ok(chosen.map(|chosen| chosen.map(|Choice(value)| value)))
}

struct Choice<T>(T);

impl<'de, T: Numbered> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor(PhantomData))
    }
}

struct ChoiceVisitor<T>(PhantomData<T>);

impl<T: Numbered> Visitor<'_> for ChoiceVisitor<T> {
    type Value = Choice<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = T::NAMES.iter().map(|(_, name)| format!("`{name}`")).collect();
        write!(f, "{}", names.join(" or "))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Choice<T>, E> {
        let name: StrDeserializer<'_, E> = name.into_deserializer();
        T::deserialize(name).map(Choice)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Choice<T>, E> {
        match T::NAMES.iter().find(|(known, _)| *known == number) {
            Some((_, name)) => self.visit_str(name),
            None => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Choice<T>, E> {
        match whole(number) {
            Some(number) => self.visit_i64(number),
            None => Err(E::invalid_value(Unexpected::Float(number), &self)),
        }
    }
}

/// Returns a number without a fraction: YAML becomes JSON first, where `1.0` is `1`.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the number is whole and within bounds")]
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}
