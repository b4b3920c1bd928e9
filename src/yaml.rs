//! Reads what users write in YAML into a tree in which every value knows its place.
//!
//! ```text
//! text ─ parse ─► [Node] ─ read ─► T: Deserialize
//! ```
//!
//! Aliases are expanded, tags are checked, duplicate keys are faults. Merge keys (`<<`) are refused in a profile, where
//! every value has a line of its own, and followed in what others wrote ([`MergeKeys`]).

mod builder;
mod de;
mod embedded;
mod entries;
mod fault;
mod json;
pub(crate) mod kind;
mod place;
mod readers;
mod ser;
mod spanned;
mod timestamp;
mod whole;

pub use builder::{MAX_ALIAS_NODES, MAX_BYTES, MAX_DEPTH, MergeKeys, parse, parse_with};
pub use de::{ReadFault, read};
pub use embedded::parse_within;
pub use entries::Entries;
pub use json::parse_json;
pub use kind::Kind;
pub use readers::{Ambiguous, Spelling, ambiguous, keys_not_text, kustomized, spelling};
pub use spanned::Spanned;

use crate::source::Span;

/// A YAML value and where it stands.
///
/// The span of a scalar is its token, quotes or block header included; that of a flow collection includes its
/// brackets; that of a block collection runs from its first token to its last. An expanded alias has the span of
/// the alias, and its children keep the spans they have under the anchor. A value that is not written
/// (`key:` and nothing) has an empty span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What stands there.
    pub value: Value,
}

/// The three shapes of YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A word, number, text, or nothing at all.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys with values, in the order in which they are written; no two keys have the same text.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar as it is written, before anything is concluded about its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text after unquoting and unfolding; numbers keep their spelling.
    pub text: String,
    /// Whether the spelling decides the type.
    pub style: Style,
}

/// Whether the type of a scalar is read from its spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: `1.30` is a number and `yes` is a boolean.
    Plain,
    /// In quotes, a block scalar, or tagged `!!str`: always a string.
    Quoted,
}

impl Scalar {
    /// Returns what Kubernetes takes this scalar for.
    pub fn kind(&self) -> Kind {
        match self.style {
            Style::Plain => kind::resolve(&self.text),
            Style::Quoted => Kind::String,
        }
    }
}

impl Node {
    /// Returns a mapping without keys at `span`.
    pub fn empty_mapping(span: Span) -> Self {
        Self { span, value: Value::Mapping(Vec::new()) }
    }

    /// Returns the value of `key`, or nothing if this is no mapping or has no such key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Returns the value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns `key` as it is written, with its value.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        self.entries().iter().find(|(name, _)| name.text() == Some(key)).map(|(name, value)| (name, value))
    }

    /// Returns the entries of a mapping; empty for everything else.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            Value::Scalar(_) | Value::Sequence(_) => &[],
        }
    }

    /// Returns the items of a sequence; empty for everything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            Value::Scalar(_) | Value::Mapping(_) => &[],
        }
    }

    /// Returns the scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// Returns what Kubernetes takes this scalar for; nothing for a collection.
    pub fn kind(&self) -> Option<Kind> {
        self.scalar().map(Scalar::kind)
    }

    /// Returns the text of any scalar as written, numbers and booleans too; nothing for a collection.
    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    /// Returns the text of a scalar that Kubernetes takes for a string.
    pub fn as_str(&self) -> Option<&str> {
        self.scalar().filter(|scalar| scalar.kind() == Kind::String).map(|scalar| scalar.text.as_str())
    }

    /// Returns the value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind() {
            Some(Kind::Bool(value)) => Some(value),
            Some(Kind::Null | Kind::Int(_) | Kind::Float(_) | Kind::String) | None => None,
        }
    }

    /// Returns the value of a whole number.
    pub fn as_int(&self) -> Option<i128> {
        match self.kind() {
            Some(Kind::Int(value)) => Some(value),
            Some(Kind::Null | Kind::Bool(_) | Kind::Float(_) | Kind::String) | None => None,
        }
    }

    /// Tells whether nothing, `~` or `null` is written.
    pub fn is_null(&self) -> bool {
        self.kind() == Some(Kind::Null)
    }

    /// Tells whether this is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    /// Tells whether this is a sequence.
    pub fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    /// Returns the place to point at when the whole value is meant: the first key of a block, else the value.
    pub fn head(&self) -> Span {
        self.entries().first().map_or(self.span, |(key, _)| key.span)
    }
}

#[cfg(test)]
mod tests;
