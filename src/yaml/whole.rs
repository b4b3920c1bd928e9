//! A node out of a node: what a kind keeps as it is written, and nothing around it.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, U8Deserializer, U32Deserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, SeqAccess, Visitor};

use super::{Entries, Node, ReadFault, Scalar, Style, Value};
use crate::source::Span;

/// The struct name by which a [`Node`] asks a node for itself.
pub(super) const NAME: &str = "$meshwright::yaml::Node";

const PLAIN: u8 = 0;
const QUOTED: u8 = 1;
const SEQUENCE: u8 = 2;
const MAPPING: u8 = 3;

/// Reads any value as it is written, its places included; works wherever [`Spanned`](super::Spanned) does.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct(NAME, &["file", "start", "end", "shape", "content"], NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its place")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Node, A::Error> {
        let span = Span { file: part(&mut parts)?, start: part(&mut parts)?, end: part(&mut parts)? };
        let value = match part(&mut parts)? {
            PLAIN => Value::Scalar(Scalar { text: part(&mut parts)?, style: Style::Plain }),
            QUOTED => Value::Scalar(Scalar { text: part(&mut parts)?, style: Style::Quoted }),
            SEQUENCE => Value::Sequence(part(&mut parts)?),
            MAPPING => Value::Mapping(part::<Entries<Node, Node>, A>(&mut parts)?.0),
            shape => return Err(A::Error::custom(format!("no value has the shape {shape}"))),
        };
        Ok(Node { span, value })
    }
}

fn part<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(parts: &mut A) -> Result<T, A::Error> {
    parts.next_element()?.ok_or_else(|| A::Error::custom("this reader does not know places"))
}

/// The five parts of a node: file, start, end, shape and content.
pub(super) struct Whole<'de> {
    node: &'de Node,
    next: u8,
}

impl<'de> Whole<'de> {
    pub(super) fn new(node: &'de Node) -> Self {
        Self { node, next: 0 }
    }

    fn shape(&self) -> u8 {
        match &self.node.value {
            Value::Scalar(Scalar { style: Style::Plain, .. }) => PLAIN,
            Value::Scalar(Scalar { style: Style::Quoted, .. }) => QUOTED,
            Value::Sequence(_) => SEQUENCE,
            Value::Mapping(_) => MAPPING,
        }
    }
}

impl<'de> SeqAccess<'de> for Whole<'de> {
    type Error = ReadFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadFault> {
        let number = |number: u32| -> U32Deserializer<ReadFault> { number.into_deserializer() };
        let span = self.node.span;
        self.next += 1;
        match self.next {
            1 => seed.deserialize(number(span.file)),
            2 => seed.deserialize(number(span.start)),
            3 => seed.deserialize(number(span.end)),
            4 => seed.deserialize::<U8Deserializer<ReadFault>>(self.shape().into_deserializer()),
            5 => match &self.node.value {
                Value::Scalar(scalar) => seed.deserialize(BorrowedStrDeserializer::new(&scalar.text)),
                Value::Sequence(_) | Value::Mapping(_) => seed.deserialize(self.node),
            },
            _ => return Ok(None),
        }
        .map(Some)
    }
}
