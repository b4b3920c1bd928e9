//! What checks look at.

use crate::{
    mesh::Mesh,
    release::{Minor, Patch},
    source::Sources,
};

/// All that was read, and against which releases it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'m> {
    /// The manifests, read together.
    pub mesh: &'m Mesh<'m>,
    /// The texts.
    pub sources: &'m Sources,
    /// The releases.
    pub releases: Releases,
}

/// The releases that manifests are judged against; none where neither the command line nor the manifests say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Releases {
    /// Istio.
    pub istio: Option<Patch>,
    /// Flux.
    pub flux: Option<Minor>,
    /// Kubernetes.
    pub kubernetes: Option<Minor>,
}
