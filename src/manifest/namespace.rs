//! `v1` Namespace.

use serde::Deserialize;

/// A namespace; all that bears on traffic stands in its labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Namespace {}
