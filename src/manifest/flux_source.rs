//! `source.toolkit.fluxcd.io`: HelmRepository, OCIRepository, GitRepository and Bucket.

use serde::Deserialize;

use super::{Labels, Word};
use crate::yaml::{Node, Spanned};

/// Charts, by their names (`api/v1/helmrepository_types.go` of source-controller v1.9.1).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HelmRepository {
    /// Where: `http://`, `https://` or `oci://`.
    pub url: Option<Word>,
    /// `oci`, or `default` for an index over HTTP.
    pub r#type: Option<Word>,
    /// Whether `oci://` may be spoken without TLS; false unless said.
    pub insecure: Option<Spanned<bool>>,
    /// Whether Flux leaves it alone; false unless said.
    pub suspend: Option<Spanned<bool>>,
}

/// One artifact of a registry (`ocirepository_types.go`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct OciRepository {
    /// Where: `oci://`, without a tag.
    pub url: Option<Word>,
    /// Which version; the tag `latest` where absent.
    pub r#ref: OciReference,
    /// How its signature is verified; not at all where absent.
    pub verify: Option<Node>,
    /// Whether it may be fetched without TLS; false unless said.
    pub insecure: Option<Spanned<bool>>,
    /// Whether Flux leaves it alone; false unless said.
    pub suspend: Option<Spanned<bool>>,
}

/// Which version of an artifact; the first of these that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OciReference {
    /// This very one.
    pub digest: Option<Word>,
    /// The highest of a range.
    pub semver: Option<Word>,
    /// What the tag means when it is fetched.
    pub tag: Option<Word>,
}

/// A repository of Git (`gitrepository_types.go`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct GitRepository {
    /// Where: `https://`, `http://` or `ssh://`.
    pub url: Option<Word>,
    /// Which revision, by `branch`, `tag`, `semver`, `name` or `commit`; the branch `master` where absent.
    pub r#ref: Labels,
    /// How its signature is verified; not at all where absent.
    pub verify: Option<Node>,
    /// Whether Flux leaves it alone; false unless said.
    pub suspend: Option<Spanned<bool>>,
}

/// A bucket of an object store (`bucket_types.go`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Bucket {
    /// Where.
    pub endpoint: Option<Word>,
    /// Its name there.
    pub bucket_name: Option<Word>,
    /// Whether it may be fetched without TLS; false unless said.
    pub insecure: Option<Spanned<bool>>,
    /// Whether Flux leaves it alone; false unless said.
    pub suspend: Option<Spanned<bool>>,
}
