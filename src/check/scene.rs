//! What checks look at.

use std::collections::BTreeSet;

use crate::{
    manifest::{Direction, NetworkPolicy, NetworkRule, Object},
    mesh::{Mesh, Pod},
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

impl<'m> Scene<'m> {
    /// Returns the pods that policies isolate in egress without a rule that `opens` the way, each namespace by its first,
    /// with a policy that isolates it.
    pub(super) fn cut_off<'a>(
        &self,
        pods: impl Iterator<Item = &'a Pod<'m>>,
        opens: impl Fn(&NetworkRule) -> bool,
    ) -> Vec<(&'a Pod<'m>, &'m Object<NetworkPolicy>)>
    where
        'm: 'a,
    {
        let mut told = BTreeSet::new();
        let mut cut = Vec::new();
        for pod in pods {
            let policies = self.mesh.network_policies_of(pod).iter().copied();
            let mut isolating = policies.filter(|policy| policy.isolates(Direction::Egress));
            let Some(first) = isolating.next() else { continue };
            let is_open = [first]
                .into_iter()
                .chain(isolating)
                .flat_map(|policy| &policy.egress)
                .any(|rule| opens(rule));
            if !is_open && told.insert(pod.namespace) {
                cut.push((pod, first));
            }
        }
        cut
    }
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
