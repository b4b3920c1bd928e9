//! Gives a node to whatever serde can write to, typed as Kubernetes would type it.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Kind, Node, Scalar, Value};

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Scalar(scalar) => scalar.serialize(serializer),
            Value::Sequence(items) => items.serialize(serializer),
            Value::Mapping(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                // A key is its text: JSON has no others, and Kubernetes turns `8080:` into `"8080":` as well.
                entries.iter().try_for_each(|(key, value)| {
                    map.serialize_entry(key.text().unwrap_or_default(), value)
                })?;
                map.end()
            }
        }
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.kind() {
            Kind::Null => serializer.serialize_unit(),
            Kind::Bool(value) => serializer.serialize_bool(value),
            Kind::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (Err(_), Ok(value)) => serializer.serialize_u64(value),
                (Err(_), Err(_)) => serializer.serialize_str(&self.text),
            },
            Kind::Float(value) => serializer.serialize_f64(value),
            Kind::String => serializer.serialize_str(&self.text),
        }
    }
}
