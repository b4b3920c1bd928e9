//! What Flux's kinds have in common.

use serde::Deserialize;

use super::{Labels, Word, meta::said};

/// What has to be ready first (`meta.DependencyReference` of fluxcd/pkg).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// The name of another object of the same kind.
    pub name: Word,
    /// Its namespace, where it is not the same.
    pub namespace: Option<Word>,
    /// When it is ready, in CEL; Flux's own test where absent.
    pub ready_expr: Option<Word>,
}

/// An object by kind and name: a source, or what health is asked of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The API version; any that serves the kind where absent.
    pub api_version: Option<Word>,
    /// The kind.
    pub kind: Option<Word>,
    /// The name.
    pub name: Word,
    /// The namespace, where it is not the same.
    pub namespace: Option<Word>,
}

/// Labels and annotations that every applied object gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CommonMetadata {
    /// Labels, of the objects themselves and not of pod templates.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}

/// A change of objects, as kustomize makes it (`kustomize.Patch` of fluxcd/pkg).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Patch {
    /// A strategic merge patch or a JSON patch, as YAML.
    pub patch: Word,
    /// The objects; the one that the patch names where absent.
    #[serde(default)]
    pub target: Option<Target>,
}

/// Which objects: everything that is given has to match, by an expression that matches the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "each field is named for what it compares, as in the API")]
pub struct Target {
    pub group: Option<Word>,
    pub version: Option<Word>,
    pub kind: Option<Word>,
    pub namespace: Option<Word>,
    pub name: Option<Word>,
    pub label_selector: Option<Word>,
    pub annotation_selector: Option<Word>,
}

/// What Flux leaves as it finds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IgnoreRule {
    /// The fields, as JSON pointers.
    pub paths: Vec<Word>,
    /// The objects; every one where absent.
    pub target: Option<Target>,
}

impl Dependency {
    /// Returns the namespace, where the object that depends lives in `own`.
    pub fn namespace<'a>(&'a self, own: &'a str) -> &'a str {
        said(self.namespace.as_ref()).unwrap_or(own)
    }
}

impl Reference {
    /// Returns the namespace, where the object that refers lives in `own`.
    pub fn namespace<'a>(&'a self, own: &'a str) -> &'a str {
        said(self.namespace.as_ref()).unwrap_or(own)
    }

    /// Returns the kind; empty where none is written.
    pub fn kind(&self) -> &str {
        said(self.kind.as_ref()).unwrap_or_default()
    }
}
