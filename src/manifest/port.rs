//! Ports that are named by number or by name.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Kubernetes' `IntOrString` where it names a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortName {
    /// By number, 1 to 65535; other numbers are refused by the API server, and read as they are written.
    Number(u32),
    /// By the name of a container's port.
    Name(String),
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for PortName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortNameVisitor)
    }
}

struct PortNameVisitor;

impl Visitor<'_> for PortNameVisitor {
    type Value = PortName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port by number or name")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<PortName, E> {
        let number = u32::try_from(number).map_err(|_| E::custom("a port is 1 to 65535"))?;
        Ok(PortName::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<PortName, E> {
        let number = u32::try_from(number).map_err(|_| E::custom("a port is 1 to 65535"))?;
        Ok(PortName::Number(number))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<PortName, E> {
        Ok(PortName::Name(name.to_owned()))
    }
}
