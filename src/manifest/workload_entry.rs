//! `networking.istio.io` WorkloadEntry and WorkloadGroup: workloads that are no pods.

use serde::Deserialize;

use super::{Labels, Word};
use crate::yaml::{Entries, Spanned};

/// A workload that is no pod, or an endpoint of a ServiceEntry (`networking/v1alpha3/workload_entry.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadEntry {
    /// An address, a name to resolve, or `unix:///PATH`.
    pub address: Option<Word>,
    /// Its ports, by the names of a ServiceEntry's.
    pub ports: Entries<Word, Spanned<u16>>,
    /// What selectors see.
    pub labels: Labels,
    /// The network that it is in; that of the control plane where absent.
    pub network: Option<Word>,
    /// Its identity, an account of its own namespace.
    pub service_account: Option<Word>,
}

/// What WorkloadEntries are made from when machines join (`networking/v1alpha3/workload_group.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct WorkloadGroup {
    /// What their objects carry.
    pub metadata: GroupMeta,
    /// What each is.
    pub template: WorkloadEntry,
}

/// Labels and annotations of the entries of a group.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct GroupMeta {
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}
