//! `install.istio.io` IstioOperator.

use serde::Deserialize;

use super::{MeshConfig, Word, istio_values::IstiodValues};
use crate::{diagnostic::Diagnostic, yaml::Node};

/// What istioctl installs, and until 1.23 an operator (`operator/v1alpha1/operator.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstioOperator {
    /// The installation that it changes; `default` unless said.
    pub profile: Option<Word>,
    /// The registry of images.
    pub hub: Option<Word>,
    /// Their tag.
    pub tag: Option<Word>,
    /// The revision; none unless said.
    pub revision: Option<Word>,
    /// The namespace; `istio-system` unless said.
    pub namespace: Option<Word>,
    /// The mesh config, as it is written.
    pub mesh_config: Option<Node>,
    /// What is installed, as it is written.
    pub components: Option<Node>,
    /// Values of the charts, as they are written.
    pub values: Option<Node>,
    /// More of these, which nothing checks.
    pub unvalidated_values: Option<Node>,
}

impl IstioOperator {
    /// Reads the mesh config; an empty one where none is written.
    pub fn mesh_config(&self) -> Result<MeshConfig, Box<Diagnostic>> {
        self.mesh_config.as_ref().map(MeshConfig::read).transpose().map(Option::unwrap_or_default)
    }

    /// Returns the values that istiod's chart gets; as it is without any where they cannot be read.
    pub fn charts_values(&self) -> IstiodValues {
        let values = IstiodValues::read(self.values.as_ref()).unwrap_or_default();
        IstiodValues { revision: self.revision.clone().or(values.revision), ..values }
    }
}
