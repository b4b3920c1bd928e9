//! How objects choose others by labels.

use serde::{Deserialize, Deserializer};

use super::{Labels, Word};
use crate::{source::Span, yaml::Spanned};

/// `metav1.LabelSelector`: every label and every requirement has to hold; an empty one matches everything.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that have to be there with this value.
    pub match_labels: Labels,
    /// What else has to hold.
    pub match_expressions: Vec<Spanned<Requirement>>,
}

/// A condition on one label.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Requirement {
    /// The label.
    pub key: Word,
    /// How it is compared.
    pub operator: Spanned<Operator>,
    /// With what.
    #[serde(default)]
    pub values: Vec<Word>,
}

/// How a label is compared (semantics NP32): `NotIn` and `DoesNotExist` hold when the label is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum Operator {
    /// One of the values.
    In,
    /// None of the values, or absent.
    NotIn,
    /// Present.
    Exists,
    /// Absent.
    DoesNotExist,
}

impl LabelSelector {
    /// The selector that matches everything.
    pub const EVERYTHING: Self =
        Self { match_labels: crate::yaml::Entries(Vec::new()), match_expressions: Vec::new() };

    /// Tells whether the selector matches everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Tells whether labels match, asked by key.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.match_labels.iter().all(|(key, value)| label(key) == Some(value.as_str()))
            && self.match_expressions.iter().all(|requirement| requirement.holds(label(&requirement.key)))
    }
}

impl Requirement {
    /// Tells whether the condition holds for a label's value, or for its absence.
    pub fn holds(&self, value: Option<&str>) -> bool {
        let is_listed = || value.is_some_and(|value| self.values.iter().any(|listed| listed.value == value));
        match self.operator.value {
            Operator::In => is_listed(),
            Operator::NotIn => !is_listed(),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// Istio's `WorkloadSelector`: labels only; absent or empty means every workload in scope.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadSelector {
    /// Labels that a pod has to carry.
    pub match_labels: Labels,
}

impl WorkloadSelector {
    /// Tells whether the selector matches everything in scope (semantics AP02).
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty()
    }

    /// Tells whether labels match, asked by key.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.match_labels.iter().all(|(key, value)| label(key) == Some(value.as_str()))
    }
}

/// Reads the selector of networking.istio.io (`sidecar.proto`), which says `labels` where the others say `matchLabels`.
pub(super) fn by_labels<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<WorkloadSelector>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Written {
        labels: Labels,
    }
    let written = Option::<Written>::deserialize(deserializer)?;
    Ok(written.map(|written| WorkloadSelector { match_labels: written.labels }))
}

/// What an Istio policy attaches to by name instead of by labels (semantics AP03).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TargetReference {
    /// The API group; empty for the core one.
    #[serde(default)]
    pub group: Option<Word>,
    /// The kind.
    pub kind: Word,
    /// The name.
    pub name: Word,
    /// The namespace, where it is not the policy's own.
    #[serde(default)]
    pub namespace: Option<Word>,
}

impl TargetReference {
    /// Returns the place to point at.
    pub fn span(&self) -> Span {
        self.name.span
    }
}
