//! `networking.istio.io` ServiceEntry.

use serde::Deserialize;

use super::{IstioPort, Word, WorkloadEntry, WorkloadSelector, selector};
use crate::yaml::Spanned;

/// A host that proxies shall know of (`networking/v1alpha3/service_entry.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceEntry {
    /// The hosts, with a `*` as the first label.
    pub hosts: Vec<Word>,
    /// The addresses at which callers find it, as addresses or ranges.
    pub addresses: Vec<Word>,
    /// Its ports.
    pub ports: Vec<Spanned<IstioPort>>,
    /// Whether it is part of the mesh; `MESH_EXTERNAL` unless said.
    pub location: Option<Spanned<Location>>,
    /// How its endpoints are found; `NONE` unless said.
    pub resolution: Option<Spanned<Resolution>>,
    /// Its endpoints; where empty, its hosts by DNS.
    pub endpoints: Vec<Spanned<WorkloadEntry>>,
    /// Pods and WorkloadEntries of its own namespace that are its endpoints.
    #[serde(deserialize_with = "selector::by_labels")]
    pub workload_selector: Option<WorkloadSelector>,
    /// The namespaces whose proxies know of it: `.`, `*` or names; where empty, as the mesh config says.
    pub export_to: Vec<Word>,
    /// The names that clients expect of it.
    pub subject_alt_names: Vec<Word>,
}

/// Whether a host is part of the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Location {
    /// It is not: clients speak to it without an identity.
    MeshExternal,
    /// It is.
    MeshInternal,
}

/// How endpoints are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Resolution {
    /// The address that the caller chose.
    None,
    /// The endpoints that are listed.
    Static,
    /// By DNS.
    Dns,
    /// By DNS, one address at a time.
    DnsRoundRobin,
    /// By DNS for the very name that a request asks for, from 1.28.
    DynamicDns,
}

impl ServiceEntry {
    /// Returns whether it is part of the mesh.
    pub fn location(&self) -> Location {
        self.location.map_or(Location::MeshExternal, |location| location.value)
    }

    /// Returns how its endpoints are found.
    pub fn resolution(&self) -> Resolution {
        self.resolution.map_or(Resolution::None, |resolution| resolution.value)
    }
}
