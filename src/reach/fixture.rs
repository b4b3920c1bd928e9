//! What tests of the layers share.

use crate::{
    manifest::{self, Manifests, MeshConfig},
    source::Sources,
    yaml,
};

/// Reads manifests that have no fault.
pub(super) fn manifests(text: &str) -> Manifests {
    let mut sources = Sources::default();
    let file = sources.add("all.yaml", text);
    let (manifests, diagnostics) = manifest::load(&sources, [file]);
    assert_eq!(diagnostics, [], "{text}");
    manifests
}

/// Reads a mesh config.
pub(super) fn mesh_config(text: &str) -> MeshConfig {
    let mut sources = Sources::default();
    let file = sources.add("mesh.yaml", text);
    let (documents, diagnostics) = yaml::parse(&sources, file);
    assert_eq!(diagnostics, [], "{text}");
    MeshConfig::read(&documents[0]).expect("the mesh config is sound")
}
