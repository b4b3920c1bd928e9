//! References between objects, and ReferenceGrant, which lets them cross namespaces.

use serde::Deserialize;

use super::Filter;
use crate::{
    manifest::{Word, meta::said},
    yaml::Spanned,
};

/// What a route attaches to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentReference {
    /// The group; this API's unless said, and empty for a Service.
    pub group: Option<Word>,
    /// The kind; `Gateway` unless said.
    pub kind: Option<Word>,
    /// The namespace, where it is not the same.
    pub namespace: Option<Word>,
    /// The name.
    pub name: Word,
    /// A listener by name; all where absent.
    pub section_name: Option<Word>,
    /// A listener by port; all where absent.
    pub port: Option<Spanned<u16>>,
}

/// Where a route sends to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BackendReference {
    /// The group; the core one unless said.
    #[serde(default)]
    pub group: Option<Word>,
    /// The kind; `Service` unless said. Istio knows `Hostname` in `networking.istio.io`, whose name is a host.
    #[serde(default)]
    pub kind: Option<Word>,
    /// The name.
    pub name: Word,
    /// The namespace, where it is not the same; then a ReferenceGrant has to allow it.
    #[serde(default)]
    pub namespace: Option<Word>,
    /// The port of the Service.
    #[serde(default)]
    pub port: Option<Spanned<u16>>,
    /// The share, in parts of the sum; 1 unless said, and 0 for nothing.
    #[serde(default)]
    pub weight: Option<Spanned<u32>>,
    /// What is done to requests that go there.
    #[serde(default)]
    pub filters: Vec<Spanned<Filter>>,
}

/// A Secret that holds a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SecretReference {
    /// The group; the core one unless said.
    #[serde(default)]
    pub group: Option<Word>,
    /// The kind; `Secret` unless said.
    #[serde(default)]
    pub kind: Option<Word>,
    /// The name.
    pub name: Word,
    /// The namespace, where it is not the same; then a ReferenceGrant has to allow it.
    #[serde(default)]
    pub namespace: Option<Word>,
}

/// Which objects of other namespaces may refer to which of its own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ReferenceGrant {
    /// Who may refer: one of these.
    pub from: Vec<Spanned<ReferenceGrantFrom>>,
    /// To what: one of these.
    pub to: Vec<Spanned<ReferenceGrantTo>>,
}

/// Objects of a namespace that may refer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReferenceGrantFrom {
    /// The group.
    pub group: Word,
    /// The kind.
    pub kind: Word,
    /// The namespace.
    pub namespace: Word,
}

/// Objects that may be referred to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReferenceGrantTo {
    /// The group; empty for the core one.
    pub group: Word,
    /// The kind.
    pub kind: Word,
    /// One by name; every one where absent.
    #[serde(default)]
    pub name: Option<Word>,
}

impl ParentReference {
    /// Returns the kind.
    pub fn kind(&self) -> &str {
        said(self.kind.as_ref()).unwrap_or("Gateway")
    }

    /// Returns the namespace, where the route lives in `own`.
    pub fn namespace<'a>(&'a self, own: &'a str) -> &'a str {
        said(self.namespace.as_ref()).unwrap_or(own)
    }
}

impl BackendReference {
    /// Returns the kind.
    pub fn kind(&self) -> &str {
        said(self.kind.as_ref()).unwrap_or("Service")
    }

    /// Returns the namespace, where the route lives in `own`.
    pub fn namespace<'a>(&'a self, own: &'a str) -> &'a str {
        said(self.namespace.as_ref()).unwrap_or(own)
    }

    /// Returns the share.
    pub fn weight(&self) -> u32 {
        self.weight.map_or(1, |weight| weight.value)
    }
}
