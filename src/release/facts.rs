//! Facts that no program can derive, from `release/facts.yaml`, where each stands with its source.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Minor, read};

/// The first Kubernetes minor whose kubelet starts sidecar containers before the pod's own
/// (`SidecarContainers`, on by default from 1.29: KEP-753).
pub(super) const NATIVE_SIDECARS: Minor = Minor { major: 1, minor: 29 };

/// What the Istio project says of one of its minors.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Support {
    /// Which minor.
    pub minor: Minor,
    /// The Kubernetes minors that it is supported on.
    pub kubernetes: KubernetesRange,
    /// The day from which on it gets no more fixes, `2024-09-27`.
    pub end_of_life: String,
    /// Whether that day was not yet settled.
    #[serde(default)]
    pub expected: bool,
}

/// The Kubernetes minors that an Istio minor is supported on, both ends among them.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesRange {
    /// The oldest.
    pub oldest: Minor,
    /// The newest.
    pub newest: Minor,
    /// The oldest that it was tested on, without support.
    pub tested_from: Option<Minor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    istio: Vec<Support>,
}

static FACTS: LazyLock<Facts> = LazyLock::new(|| read(include_str!("../../release/facts.yaml")));

/// Returns what the Istio project says of a minor.
pub(super) fn support(minor: Minor) -> Option<&'static Support> {
    FACTS.istio.iter().find(|support| support.minor == minor)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A constant of the code and the table may not drift apart.
    #[test]
    fn the_constants_stand_in_the_table() {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Table {
            native_sidecars: BTreeMap<String, String>,
        }
        let table: Table = read(include_str!("../../release/facts.yaml"));
        assert_eq!(table.native_sidecars["kubernetes"], NATIVE_SIDECARS.to_string());
    }

    #[test]
    fn every_fact_has_a_source() {
        let text = include_str!("../../release/facts.yaml");
        let facts = text.lines().filter(|line| line.trim_start().starts_with("- {") || line.contains(": {"));
        for fact in facts {
            assert!(fact.contains("source: "), "{fact}");
        }
    }
}
