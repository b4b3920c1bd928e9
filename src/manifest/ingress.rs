//! `networking.k8s.io` Ingress and IngressClass.

use serde::Deserialize;

use super::{Object, Word, meta::said};
use crate::yaml::Spanned;

/// Routes from the outside to Services, which a controller of its class serves (`networking/v1/types.go`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ingress {
    /// The class; see [`Ingress::class`].
    pub ingress_class_name: Option<Word>,
    /// Where requests go that no rule takes.
    pub default_backend: Option<Spanned<IngressBackend>>,
    /// Certificates of hosts.
    pub tls: Vec<Spanned<IngressTls>>,
    /// The routes.
    pub rules: Vec<Spanned<IngressRule>>,
}

/// A certificate of hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressTls {
    /// The hosts; every one where empty.
    pub hosts: Vec<Word>,
    /// The Secret that holds it.
    pub secret_name: Option<Word>,
}

/// Routes of a host.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct IngressRule {
    /// The host, with a `*` as the first label; every one where absent.
    pub host: Option<Word>,
    /// The routes.
    pub http: IngressPaths,
}

/// Routes of a host.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct IngressPaths {
    /// The routes, of which the longest path decides.
    pub paths: Vec<Spanned<IngressPath>>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressPath {
    /// The path; every one where absent.
    pub path: Option<Word>,
    /// How it is compared: `Exact`, `Prefix` by whole parts, or `ImplementationSpecific`.
    pub path_type: Option<Word>,
    /// Where requests go.
    pub backend: Spanned<IngressBackend>,
}

/// Where requests go.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct IngressBackend {
    /// The Service, of the Ingress' own namespace; none where something else is meant.
    pub service: Option<IngressService>,
}

/// A Service at one of its ports.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IngressService {
    /// Its name.
    pub name: Word,
    /// The port.
    #[serde(default)]
    pub port: IngressPort,
}

/// A port of a Service: one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressPort {
    /// By number.
    pub number: Option<Spanned<u16>>,
    /// By name.
    pub name: Option<Word>,
}

/// Who serves the Ingresses of a class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressClass {
    /// The controller; Istio's is `istio.io/ingress-controller`.
    pub controller: Option<Word>,
}

/// The older place of a class, which wins.
const CLASS: &str = "kubernetes.io/ingress.class";

impl Object<Ingress> {
    /// Returns the class by the annotation, which is a name that controllers know.
    pub fn annotated_class(&self) -> Option<&Word> {
        self.meta.annotations.named(CLASS)
    }
}

impl Ingress {
    /// Returns the class by the field, which is the name of an IngressClass.
    pub fn class(&self) -> Option<&str> {
        said(self.ingress_class_name.as_ref())
    }

    /// Returns every backend that it leads to.
    pub fn backends(&self) -> impl Iterator<Item = &Spanned<IngressBackend>> {
        let routed = self.rules.iter().flat_map(|rule| &rule.http.paths).map(|path| &path.backend);
        self.default_backend.iter().chain(routed)
    }
}

/// An annotation of an IngressClass: Ingresses without a class get this one.
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

impl Object<IngressClass> {
    /// Tells whether Ingresses without a class get this one.
    pub fn is_default(&self) -> bool {
        self.meta.annotations.named(DEFAULT_CLASS).is_some_and(|value| value.value == "true")
    }
}
