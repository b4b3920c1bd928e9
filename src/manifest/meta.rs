//! What every object has: its kind, its name, its labels, and how it comes to a cluster.

use std::{fmt, ops::Deref, sync::Arc};

use serde::Deserialize;

use crate::{
    diagnostic::Diagnostic,
    source::Span,
    yaml::{self, Entries, Node, Spanned},
};

/// A text and where it stands.
pub type Word = Spanned<String>;

/// Labels or annotations, in the order in which they are written.
pub type Labels = Entries<Word, Word>;

impl<V> Entries<Word, V> {
    /// Returns the value of a key.
    pub fn named(&self, key: &str) -> Option<&V> {
        self.iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }
}

/// Returns a text that is written and not empty: to Go, both are the same.
pub(super) fn said(word: Option<&Word>) -> Option<&str> {
    word.map(|word| word.as_str()).filter(|text| !text.is_empty())
}

/// An object: what every one has, and what its kind has. Reads as the latter.
#[derive(Debug, Clone, PartialEq)]
pub struct Object<K> {
    /// What every object has.
    pub meta: Meta,
    /// What this kind has.
    pub spec: K,
}

impl<K> Deref for Object<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.spec
    }
}

/// What every object has.
#[derive(Debug, Clone, PartialEq)]
pub struct Meta {
    /// `networking.istio.io/v1`, or `v1` in the core group.
    pub api_version: Word,
    /// `Gateway`.
    pub kind: Word,
    /// Empty where only a `generateName` is given.
    pub name: Word,
    /// Where objects of its kind live.
    pub scope: Scope,
    /// As it is written; see [`Meta::namespace`].
    pub written_namespace: Option<Word>,
    /// What selectors of other objects see, unless the kind has a pod template.
    pub labels: Labels,
    /// What is said to controllers.
    pub annotations: Labels,
    /// When a cluster took the object in, in RFC 3339; nothing in what nobody has applied yet.
    pub created: Option<Word>,
    /// The whole object.
    pub span: Span,
    /// How it comes to a cluster.
    pub origin: Origin,
}

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// In a namespace.
    Namespace,
    /// Beside all namespaces.
    Cluster,
}

/// Which object: a key, and the way in which messages name one. Versions of an API show the same object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId<'a> {
    /// The API group; empty for the core one.
    pub group: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The namespace; empty for a kind that lives in none.
    pub namespace: &'a str,
    /// The name; empty where only a `generateName` is given.
    pub name: &'a str,
}

impl fmt::Display for ObjectId<'_> {
    /// Writes `Kind namespace/name`, or `Kind name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group: _, kind, namespace, name } = self;
        if namespace.is_empty() { write!(f, "{kind} {name}") } else { write!(f, "{kind} {namespace}/{name}") }
    }
}

/// How an object comes to a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The Flux Kustomization that applies it, `namespace/name`; none where nothing says.
    pub applied_by: Option<Arc<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: Word,
    kind: Word,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: Option<Word>,
    generate_name: Option<Word>,
    namespace: Option<Word>,
    labels: Labels,
    annotations: Labels,
    creation_timestamp: Option<Word>,
}

impl Meta {
    /// Reads what every object has; a fault where the API server could not tell what it is.
    pub(super) fn read(document: &Node, scope: Scope, origin: &Origin) -> Result<Self, Box<Diagnostic>> {
        let Head { api_version, kind, metadata } = yaml::read(document)?;
        let unnamed = || Spanned { span: kind.span, value: String::new() };
        let name = metadata.name.or_else(|| metadata.generate_name.map(|name| name.map(|_| String::new())));
        Ok(Self {
            name: name.unwrap_or_else(unnamed),
            api_version,
            kind,
            scope,
            written_namespace: metadata.namespace.filter(|namespace| !namespace.is_empty()),
            labels: metadata.labels,
            annotations: metadata.annotations,
            created: metadata.creation_timestamp,
            span: document.span,
            origin: origin.clone(),
        })
    }

    /// Returns the namespace: `default` where none is written, as for `kubectl apply` (semantics NP35); empty for a kind
    /// that lives in none, whatever is written, as the API server clears it.
    pub fn namespace(&self) -> &str {
        match (self.scope, &self.written_namespace) {
            (Scope::Cluster, _) => "",
            (Scope::Namespace, Some(namespace)) => namespace.as_str(),
            (Scope::Namespace, None) => "default",
        }
    }

    /// Returns which object it is.
    pub fn id(&self) -> ObjectId<'_> {
        ObjectId { group: self.group(), kind: &self.kind, namespace: self.namespace(), name: &self.name }
    }

    /// Returns the API group; empty for the core one.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Returns the API version without its group.
    pub fn version(&self) -> &str {
        self.api_version.split_once('/').map_or(self.api_version.as_str(), |(_, version)| version)
    }

    /// Tells whether the object is what a profile takes a team's own manifests to hold, and is never applied.
    pub fn is_assumed(&self) -> bool {
        self.annotations.named("meshwright/assumed").is_some_and(|value| value.value == "true")
    }

    /// Orders objects of which the older one wins: those of equal age by name and namespace, as istiod does
    /// (`SortConfigByCreationTime` in `pkg/config/model` of Istio 1.21.1).
    pub fn by_age(&self) -> (Option<&str>, String) {
        (self.created.as_ref().map(|word| word.as_str()), format!("{}.{}", self.name, self.namespace()))
    }

    /// Returns the place to point at when the whole object is meant.
    pub fn head(&self) -> Span {
        self.name.span
    }

    /// Returns `namespace/name`, or the name alone for a kind that lives in no namespace.
    pub fn path(&self) -> String {
        match self.scope {
            Scope::Namespace => format!("{}/{}", self.namespace(), self.name),
            Scope::Cluster => self.name.value.clone(),
        }
    }
}
