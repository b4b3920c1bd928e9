//! Reads `#[derive(Deserialize)]` types from a node.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::{Kind, Node, Scalar, Value, spanned, whole};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Reads a `T`; what does not fit is a diagnostic with the code `wrong-value` at the value.
///
/// A string is asked for: any scalar but null gives its text as written, so `1.30` stays `1.30`.
pub fn read<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, Box<Diagnostic>> {
    T::deserialize(node).map_err(|fault| Box::new(fault.at(node.head()).into_diagnostic(node.head())))
}

/// Why a node cannot be read as the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFault {
    /// The innermost value that does not fit, once it is known.
    pub span: Option<Span>,
    /// What serde says of it.
    pub message: String,
}

impl ReadFault {
    /// Sets the place, unless a deeper one is known.
    fn at(self, span: Span) -> Self {
        Self { span: self.span.or(Some(span)), ..self }
    }

    fn into_diagnostic(self, otherwise: Span) -> Diagnostic {
        Diagnostic::error("wrong-value", self.span.unwrap_or(otherwise), self.message, "")
    }
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadFault {}

impl Error for ReadFault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { span: None, message: message.to_string() }
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ReadFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match &self.value {
            Value::Scalar(scalar) => visit_scalar(scalar, visitor),
            Value::Sequence(items) => visitor.visit_seq(Items { items: items.iter() }),
            Value::Mapping(entries) => visitor.visit_map(Pairs { entries: entries.iter(), value: None }),
        }
        .map_err(|fault| fault.at(self.head()))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match &self.value {
            Value::Scalar(scalar) if scalar.kind() != Kind::Null => {
                visitor.visit_borrowed_str(&scalar.text).map_err(|fault: ReadFault| fault.at(self.span))
            }
            Value::Scalar(_) | Value::Sequence(_) | Value::Mapping(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        // A key such as `on` or `1` is a name, whatever else YAML makes of it.
        match self.text() {
            Some(text) => visitor.visit_borrowed_str(text).map_err(|fault: ReadFault| fault.at(self.span)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        visitor.visit_newtype_struct(self).map_err(|fault| fault.at(self.head()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        match name {
            spanned::NAME => visitor.visit_seq(Parts { node: self, next: 0 }),
            whole::NAME => visitor.visit_seq(whole::Whole::new(self)),
            // Derived types would take the fields of a list in order.
            _ if self.is_sequence() => {
                Err(ReadFault::invalid_type(Unexpected::Seq, &visitor).at(self.head()))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        match &self.value {
            Value::Scalar(_) => visitor.visit_enum(Choice { name: self, content: None }),
            Value::Mapping(entries) => match entries.as_slice() {
                [(name, content)] => visitor.visit_enum(Choice { name, content: Some(content) }),
                _ => Err(ReadFault::custom("exactly one key was expected here")),
            },
            Value::Sequence(_) => Err(ReadFault::invalid_type(Unexpected::Seq, &"one of several choices")),
        }
        .map_err(|fault| fault.at(self.head()))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 bytes byte_buf unit unit_struct seq tuple tuple_struct map
    }
}

fn visit_scalar<'de, V: Visitor<'de>>(scalar: &'de Scalar, visitor: V) -> Result<V::Value, ReadFault> {
    match scalar.kind() {
        Kind::Null => visitor.visit_unit(),
        Kind::Bool(value) => visitor.visit_bool(value),
        Kind::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => visitor.visit_i64(value),
            (Err(_), Ok(value)) => visitor.visit_u64(value),
            (Err(_), Err(_)) => visitor.visit_i128(value),
        },
        Kind::Float(value) => visitor.visit_f64(value),
        Kind::String => visitor.visit_borrowed_str(&scalar.text),
    }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Node>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadFault> {
        self.items
            .next()
            .map(|item| seed.deserialize(item).map_err(|fault| fault.at(item.head())))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Pairs<'de> {
    entries: std::slice::Iter<'de, (Node, Node)>,
    value: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = ReadFault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadFault> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key).map(Some).map_err(|fault| fault.at(key.span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadFault> {
        let value =
            self.value.take().ok_or_else(|| ReadFault::custom("a value was asked for before its key"))?;
        seed.deserialize(value).map_err(|fault| fault.at(value.head()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// The four parts of a [`Spanned`](super::Spanned): file, start, end and the value itself.
struct Parts<'de> {
    node: &'de Node,
    next: u8,
}

impl<'de> SeqAccess<'de> for Parts<'de> {
    type Error = ReadFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadFault> {
        let span = self.node.span;
        self.next += 1;
        match self.next {
            1 => seed.deserialize(span.file.into_deserializer()),
            2 => seed.deserialize(span.start.into_deserializer()),
            3 => seed.deserialize(span.end.into_deserializer()),
            4 => seed.deserialize(self.node),
            _ => return Ok(None),
        }
        .map(Some)
    }
}

/// A variant by its name, and what it carries.
struct Choice<'de> {
    name: &'de Node,
    content: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = ReadFault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadFault> {
        let name: StrDeserializer<'_, ReadFault> = self.name.text().unwrap_or_default().into_deserializer();
        let variant = seed.deserialize(name).map_err(|fault| fault.at(self.name.span))?;
        Ok((variant, self))
    }
}

impl<'de> Choice<'de> {
    fn content(&self) -> Result<&'de Node, ReadFault> {
        self.content.ok_or_else(|| {
            let name = self.name.text().unwrap_or_default();
            ReadFault::custom(format!("`{name}` needs a value")).at(self.name.span)
        })
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = ReadFault;

    fn unit_variant(self) -> Result<(), ReadFault> {
        match self.content {
            Some(content) if !content.is_null() => {
                Err(ReadFault::custom("this choice takes no value").at(content.head()))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadFault> {
        let content = self.content()?;
        seed.deserialize(content).map_err(|fault| fault.at(content.head()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadFault> {
        self.content()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        self.content()?.deserialize_any(visitor)
    }
}
