//! Values of Istio's charts: what of them bears on traffic.
//!
//! Each reader takes a HelmRelease's values as they are written, and says nothing of what `valuesFrom` adds. A null is as
//! good as absent: it takes a chart's default out. Charts pass over keys that they do not know.

mod cni;
mod gateway;
mod istiod;

pub use cni::CniValues;
pub use gateway::{GatewayPort, GatewayService, GatewayValues};
pub use istiod::{Global, Image, Injector, IstiodValues, Pilot, ProxyValues, Switch};

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};

use super::{HelmRelease, Word, kind::drop_nulls};
use crate::{
    diagnostic::Diagnostic,
    yaml::{self, Entries, Node, Spanned},
};

/// A chart of Istio's (`manifests/charts`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the chart of its name")]
pub enum IstioChart {
    Base,
    Istiod,
    Cni,
    Ztunnel,
    Gateway,
}

impl IstioChart {
    /// Returns the chart of a name, a path or an address, which its last part decides; others may call theirs the same.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.trim_end_matches('/').rsplit('/').next()? {
            "base" => Self::Base,
            "istiod" | "istio-discovery" => Self::Istiod,
            "cni" | "istio-cni" => Self::Cni,
            "ztunnel" => Self::Ztunnel,
            "gateway" => Self::Gateway,
            _ => return None,
        })
    }
}

impl HelmRelease {
    /// Returns the chart of Istio's that a release names; nothing where a source is the chart, whose address tells then.
    pub fn istio_chart(&self) -> Option<IstioChart> {
        self.chart().and_then(|chart| IstioChart::named(&chart.chart))
    }
}

/// Reads values; an empty mapping where none are written.
fn read<T: DeserializeOwned + Default>(values: Option<&Node>) -> Result<T, Box<Diagnostic>> {
    let Some(values) = values else { return Ok(T::default()) };
    let mut values = values.clone();
    drop_nulls(&mut values, &[]);
    yaml::read(&values)
}

/// Variables of an environment, as a template prints them.
pub type Environment = Entries<Word, Spanned<Printed>>;

/// A scalar as Go prints it into a text: `yes` becomes `true`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Printed(pub String);

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Printed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let printed = ScalarVisitor { expected: "a text, a number or a boolean" };
        deserializer.deserialize_any(printed).map(|scalar| match scalar {
            Written::Bool(value) => Self(value.to_string()),
            Written::Int(value) => Self(value.to_string()),
            Written::Float(value) => Self(value.to_string()),
            Written::Text(text) => Self(text),
        })
    }
}

/// A value as a template's `if` takes it: an empty text, a zero and `false` are not true; the text `false` is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Truth(pub bool);

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor { expected: "a boolean" }).map(|scalar| match scalar {
            Written::Bool(value) => Self(value),
            Written::Int(value) => Self(value != 0),
            Written::Float(value) => Self(value != 0.0),
            Written::Text(text) => Self(!text.is_empty()),
        })
    }
}

enum Written {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

struct ScalarVisitor {
    expected: &'static str,
}

impl Visitor<'_> for ScalarVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Written, E> {
        Ok(Written::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Written, E> {
        Ok(Written::Int(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Written, E> {
        Ok(Written::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        Ok(Written::Text(text.to_owned()))
    }
}
