//! `v1` Secret, of which nothing secret is kept, and `cert-manager.io` Certificate, which makes one.

use serde::Deserialize;

use super::Word;

/// A Secret: that it exists, and what it holds by type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Secret {
    /// Its type; `Opaque` unless said.
    pub r#type: Option<Word>,
}

/// A certificate that is made and renewed (`cert-manager.io/v1`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Certificate {
    /// The Secret that holds it, in its own namespace.
    pub secret_name: Option<Word>,
    /// The hosts.
    pub dns_names: Vec<Word>,
}

impl Secret {
    /// Returns its type.
    pub fn kind(&self) -> &str {
        self.r#type.as_ref().map_or("Opaque", |kind| kind.as_str())
    }
}
