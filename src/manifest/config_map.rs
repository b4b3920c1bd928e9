//! `v1` ConfigMap.

use serde::Deserialize;

use super::{Labels, Object, Word};

/// Texts by key: a mesh config, the injector's templates, or values that a HelmRelease reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConfigMap {
    /// The texts.
    pub data: Labels,
}

impl Object<ConfigMap> {
    /// Returns the mesh config that istiod would read from it: the key `mesh` of `istio`, or of `istio-<revision>`
    /// (`configmap.yaml` of the istiod chart 1.21.1).
    pub fn mesh_config(&self) -> Option<&Word> {
        let name = self.meta.name.as_str();
        self.spec.data.named("mesh").filter(|_| name == "istio" || name.starts_with("istio-"))
    }

    /// Returns the values that the injector would read from it: the key `values` of `istio-sidecar-injector`, or of
    /// `istio-sidecar-injector-<revision>`.
    pub fn injector_values(&self) -> Option<&Word> {
        self.spec.data.named("values").filter(|_| self.meta.name.starts_with("istio-sidecar-injector"))
    }
}
