//! `apiextensions.k8s.io` `CustomResourceDefinition`.

use serde::Deserialize;

use super::Word;

/// What makes a kind known to the API server; all that matters is whose kind it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CustomResourceDefinition {
    /// The API group of the kind.
    pub group: Word,
}
