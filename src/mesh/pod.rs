//! Pods, as classes: all that one workload makes are alike.

use std::collections::HashMap;

use super::{Capture, Config, Injection, NamespaceId, Scope, injection};
use crate::manifest::{Labels, Manifests, Object, Workload};

/// The place of a pod in [`Mesh::pods`](super::Mesh::pods).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodId(u32);

impl PodId {
    /// Returns the place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Returns the pod at an index that [`PodId::index`] gave.
    pub fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("fewer pods than bytes"))
    }
}

/// The pods that a workload makes.
#[derive(Debug, Clone)]
pub struct Pod<'m> {
    /// Its place.
    pub id: PodId,
    /// What makes it.
    pub workload: &'m Object<Workload>,
    /// Where it lives.
    pub namespace: NamespaceId,
    /// Whether it has a sidecar.
    pub injection: Injection,
    /// Which of its ports the sidecar sees.
    pub capture: Capture,
}

impl<'m> Pod<'m> {
    /// Returns a label of the pod.
    pub fn label(&self, key: &str) -> Option<&'m str> {
        self.labels().named(key).map(|value| value.as_str())
    }

    /// Returns the labels of the pod.
    pub fn labels(&self) -> &'m Labels {
        &self.workload.spec.template.metadata.labels
    }

    /// Tells whether it is a gateway, which callers reach that are in no mesh: by the template that the injector is to take
    /// (`inject.istio.io/templates: gateway`), or made by istiod for a Gateway of the Gateway API.
    pub fn is_gateway(&self) -> bool {
        let templates = self.workload.template.metadata.annotations.named("inject.istio.io/templates");
        templates.is_some_and(|templates| templates.split(',').any(|template| template.trim() == "gateway"))
            || self.label("gateway.networking.k8s.io/gateway-name").is_some()
    }

    /// Returns `namespace/name` of what makes it.
    pub fn path(&self) -> String {
        self.workload.meta.path()
    }
}

/// Returns the pods of every workload that no other workload of the manifests makes.
pub(super) fn pods<'m>(
    manifests: &'m Manifests,
    namespaces: &[Scope<'m>],
    named: &HashMap<&'m str, NamespaceId>,
    config: &Config,
) -> Vec<Pod<'m>> {
    let owners: HashMap<(&str, &str, &str), &Object<Workload>> = manifests
        .workloads
        .iter()
        .map(|workload| {
            ((workload.meta.namespace(), workload.meta.kind.as_str(), workload.meta.name.as_str()), workload)
        })
        .collect();
    let is_own = |workload: &&'m Object<Workload>| {
        let (kind, name) = match &workload.spec.owner {
            Some((kind, name)) => (kind.as_str(), name.as_str()),
            None => return true,
        };
        let owner = owners.get(&(workload.meta.namespace(), kind, name));
        owner.is_none_or(|owner| !is_alike(labels(owner), labels(workload)))
    };
    let pod = |(index, workload): (usize, &'m Object<Workload>)| {
        let namespace = named[workload.meta.namespace()];
        Pod {
            id: PodId::at(index),
            workload,
            namespace,
            injection: injection::of(workload, &namespaces[namespace.index()], config),
            capture: Capture::of(&workload.spec, config),
        }
    };
    manifests.workloads.iter().filter(is_own).enumerate().map(pod).collect()
}

fn labels(workload: &Object<Workload>) -> &Labels {
    &workload.spec.template.metadata.labels
}

/// Tells whether selectors that people write see the same (semantics NP38): controllers and the injector add labels of
/// their own to a pod.
fn is_alike(owner: &Labels, pod: &Labels) -> bool {
    let is_written = |key: &str| {
        ![
            "pod-template-hash",
            "pod-template-generation",
            "controller-revision-hash",
            "controller-uid",
            "job-name",
        ]
        .contains(&key)
            && ![
                "batch.kubernetes.io/",
                "statefulset.kubernetes.io/",
                "apps.kubernetes.io/",
                "service.istio.io/",
            ]
            .iter()
            .any(|prefix| key.starts_with(prefix))
            && key != "security.istio.io/tlsMode"
    };
    let subset = |some: &Labels, all: &Labels| {
        let mut written = some.iter().filter(|(key, _)| is_written(key));
        written.all(|(key, value)| all.named(key).is_some_and(|other| other.value == value.value))
    };
    subset(owner, pod) && subset(pod, owner)
}
