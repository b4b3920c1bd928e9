//! The mode of mutual TLS at each port (semantics PA01 to PA08).
//!
//! `ComposePeerAuthentication` in `pilot/pkg/security/authn/policy_applier.go` and `pilot/pkg/model/authentication.go`, both
//! at 1.21.1.

use std::collections::HashMap;

use super::{Config, NamespaceId, Pod, age::oldest, selection::Index};
use crate::{
    manifest::{Manifests, Mode, Object, PeerAuthentication},
    source::Span,
};

/// A mode, and what decides it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decided<'m> {
    /// `STRICT`, `PERMISSIVE` or `DISABLE`; never `UNSET`.
    pub mode: Mode,
    /// The policy that decides, and the place of the mode in it; none where nothing does (PA01).
    pub because: Option<(&'m Object<PeerAuthentication>, Span)>,
    /// Another policy of the same scope, so that files do not tell which one wins (PA05).
    pub rival: Option<&'m Object<PeerAuthentication>>,
}

/// The policies of one scope that may win (PA05).
type Rivals<'m> = Vec<&'m Object<PeerAuthentication>>;

#[derive(Debug, Default)]
pub(super) struct Modes<'m> {
    mesh: Rivals<'m>,
    namespaces: HashMap<NamespaceId, Rivals<'m>>,
    /// By pod.
    workloads: HashMap<usize, Rivals<'m>>,
}

impl<'m> Modes<'m> {
    pub(super) fn new(
        manifests: &'m Manifests,
        config: &Config,
        selection: &Index<'m>,
        pods: &[Pod<'m>],
        named: &HashMap<&'m str, NamespaceId>,
    ) -> Self {
        let mut modes = Self::default();
        for policy in &manifests.peer_authentications {
            let (namespace, is_root) =
                (policy.meta.namespace(), policy.meta.namespace() == config.root_namespace);
            let Some(id) = named.get(namespace) else { continue };
            match (&policy.selector, is_root) {
                // PA04: a selector in the root namespace selects nothing, not even there.
                (Some(selector), true) if !selector.is_empty() => {}
                (Some(selector), false) if !selector.is_empty() => {
                    for pod in selection.labelled(Some(*id), &selector.match_labels, pods) {
                        modes.workloads.entry(pod.index()).or_default().push(policy);
                    }
                }
                (Some(_) | None, true) => modes.mesh.push(policy),
                (Some(_) | None, false) => modes.namespaces.entry(*id).or_default().push(policy),
            }
        }
        modes.mesh = oldest(modes.mesh);
        let narrower = modes.namespaces.values_mut().chain(modes.workloads.values_mut());
        narrower.for_each(|rivals| *rivals = oldest(std::mem::take(rivals)));
        modes
    }

    pub(super) fn of(&self, pod: &Pod<'m>, port: Option<u16>) -> Decided<'m> {
        let [workload, namespace, mesh] = self.scopes(pod);
        let first = |rivals: &[&'m Object<PeerAuthentication>]| rivals.first().copied();
        decided([(first(workload), workload), (first(namespace), namespace), (first(mesh), mesh)], port)
    }

    /// Returns every mode that it may be, the one that wins by name first.
    pub(super) fn all(&self, pod: &Pod<'m>, port: Option<u16>) -> Vec<Decided<'m>> {
        let [workload, namespace, mesh] = self.scopes(pod);
        let mut all = vec![self.of(pod, port)];
        if [workload, namespace, mesh].iter().all(|rivals| rivals.len() < 2) {
            return all;
        }
        for a in each(workload) {
            for b in each(namespace) {
                for c in each(mesh) {
                    let other = decided([(a, workload), (b, namespace), (c, mesh)], port);
                    if all.iter().all(|known| known.mode != other.mode) {
                        all.push(other);
                    }
                }
            }
        }
        all
    }

    /// Returns the policies that speak of a pod, the narrowest scope first.
    fn scopes(&self, pod: &Pod<'m>) -> [&[&'m Object<PeerAuthentication>]; 3] {
        let workload = self.workloads.get(&pod.id.index()).map_or(&[][..], Vec::as_slice);
        let namespace = self.namespaces.get(&pod.namespace).map_or(&[][..], Vec::as_slice);
        [workload, namespace, &self.mesh]
    }

    pub(super) fn ports(&self, pod: &Pod<'m>) -> Vec<u16> {
        let [rivals, ..] = self.scopes(pod);
        let keys = rivals.iter().flat_map(|policy| policy.port_level_mtls.iter());
        let mut ports: Vec<u16> = keys.filter_map(|(key, _)| key.value.parse().ok()).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

/// Each of some rivals, or nobody where there is none.
fn each<'m>(rivals: &[&'m Object<PeerAuthentication>]) -> Vec<Option<&'m Object<PeerAuthentication>>> {
    if rivals.is_empty() { vec![None] } else { rivals.iter().copied().map(Some).collect() }
}

/// Who wins in a scope, of its rivals.
type Winner<'m, 'r> = (Option<&'m Object<PeerAuthentication>>, &'r [&'m Object<PeerAuthentication>]);

/// Decides between the winners of each scope, the narrowest first (PA02, PA03, PA06).
fn decided<'m>(winners: [Winner<'m, '_>; 3], port: Option<u16>) -> Decided<'m> {
    let at_port = || {
        let (winner, rivals) = (winners[0].0?, winners[0].1);
        let key = port.filter(|_| !winner.port_level_mtls.is_empty())?.to_string();
        let (_, tls) = winner.port_level_mtls.iter().find(|(stated, _)| stated.value == key)?;
        said(winner, rivals, tls.mode?.value, tls.mode?.span)
    };
    let wider = || {
        winners.iter().find_map(|(winner, rivals)| {
            let mode = (*winner)?.mtls.as_ref().and_then(|tls| tls.mode)?;
            said((*winner)?, rivals, mode.value, mode.span)
        })
    };
    let nothing = Decided { mode: Mode::Permissive, because: None, rival: None };
    at_port().or_else(wider).unwrap_or(nothing)
}

/// What a policy says, unless it leaves it to the next wider one (PA03).
fn said<'m>(
    policy: &'m Object<PeerAuthentication>,
    rivals: &[&'m Object<PeerAuthentication>],
    mode: Mode,
    span: Span,
) -> Option<Decided<'m>> {
    let rival = rivals.iter().copied().find(|rival| !std::ptr::eq(*rival, policy));
    (mode != Mode::Unset).then_some(Decided { mode, because: Some((policy, span)), rival })
}
