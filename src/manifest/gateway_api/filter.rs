//! What routes do to requests.

use serde::Deserialize;

use super::BackendReference;
use crate::{
    manifest::Word,
    yaml::{Node, Spanned},
};

/// Something that is done to a request; the one that its type names.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Filter {
    /// Which of these it is.
    pub r#type: Option<Word>,
    /// The client is sent elsewhere.
    pub request_redirect: Option<Redirect>,
    /// The path or the host is changed.
    pub url_rewrite: Option<Rewrite>,
    /// Somebody else gets a copy.
    pub request_mirror: Option<Box<Mirror>>,
    /// Headers are changed.
    pub request_header_modifier: Option<HeaderFilter>,
    /// Somebody else decides, as it is written; from v1.4.
    pub external_auth: Option<Node>,
    /// Something of the controller's own, as it is written.
    pub extension_ref: Option<Node>,
}

/// Where a client is sent; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Redirect {
    /// The scheme.
    pub scheme: Option<Word>,
    /// The host.
    pub hostname: Option<Word>,
    /// The path.
    pub path: Option<PathModifier>,
    /// The port.
    pub port: Option<Spanned<u16>>,
    /// The status; 302 unless said.
    pub status_code: Option<Spanned<u16>>,
}

/// How a request is changed on its way, so that the backend sees another path or host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Rewrite {
    /// The host.
    pub hostname: Option<Word>,
    /// The path.
    pub path: Option<PathModifier>,
}

/// How a path is changed: one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PathModifier {
    /// What the whole path becomes.
    pub replace_full_path: Option<Word>,
    /// What the matched prefix becomes.
    pub replace_prefix_match: Option<Word>,
}

/// Who gets a copy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mirror {
    /// Where the copy goes.
    pub backend_ref: BackendReference,
}

/// How headers are changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HeaderFilter {
    /// Written over.
    pub set: Vec<HeaderValue>,
    /// Written beside what is there.
    pub add: Vec<HeaderValue>,
    /// Taken out.
    pub remove: Vec<Word>,
}

/// A header with its value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HeaderValue {
    /// The header, in any case.
    pub name: Word,
    /// Its value.
    pub value: Word,
}
