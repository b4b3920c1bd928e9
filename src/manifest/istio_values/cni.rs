//! Values of the CNI chart.

use serde::Deserialize;

use super::{
    istiod::{Global, Switch},
    read,
};
use crate::{
    diagnostic::Diagnostic,
    manifest::Word,
    yaml::{Node, Value},
};

/// What the CNI chart is told (`manifests/charts/istio-cni/values.yaml`, 1.21.1 to 1.30.3).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CniValues {
    /// What all charts share.
    pub global: Global,
    /// The registry of its image; the global one where empty.
    pub hub: Option<Word>,
    /// The tag; the global one where empty.
    pub tag: Option<Word>,
    /// What is put behind the tag.
    pub variant: Option<Word>,
    /// The image, or its name.
    pub image: Option<Word>,
    /// Namespaces whose pods it passes over, so that nothing of them is captured; `kube-system` unless said, and in 1.21
    /// `istio-system` as well.
    pub exclude_namespaces: Option<Vec<Word>>,
    /// Whether it serves pods without sidecars.
    pub ambient: Switch,
}

impl CniValues {
    /// Reads what a release tells the chart, where what stands under `cni` wins over what stands beside it; before 1.24
    /// nothing else than the former is read (`zzy_descope_legacy.yaml`).
    pub fn read(values: Option<&Node>) -> Result<Self, Box<Diagnostic>> {
        read(values.map(promoted).as_ref())
    }
}

/// Puts what stands under `cni` beside it.
fn promoted(values: &Node) -> Node {
    let mut entries = values.get("cni").map_or(&[][..], Node::entries).to_vec();
    let is_new =
        |key: &Node, entries: &[(Node, Node)]| entries.iter().all(|(known, _)| known.text() != key.text());
    for (key, value) in values.entries() {
        if is_new(key, &entries) {
            entries.push((key.clone(), value.clone()));
        }
    }
    Node { span: values.span, value: Value::Mapping(entries) }
}
