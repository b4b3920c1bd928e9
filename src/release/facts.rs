//! Facts that no program can derive, from `release/facts.yaml`, where each stands with its source.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Minor, Patch, read};

/// The first Kubernetes minor whose kubelet starts sidecar containers before the pod's own
/// (`SidecarContainers`, on by default from 1.29: KEP-753).
pub(super) const NATIVE_SIDECARS: Minor = Minor { major: 1, minor: 29 };

/// The first Flux minor whose Helm takes objects into a release that no release owns (fluxcd/helm-controller#1062).
pub(super) const ADOPTION: Minor = Minor { major: 2, minor: 4 };

/// The first Kubernetes minor that serves `autoscaling/v2` (kubernetes.io, "Deprecated API Migration Guide").
pub const AUTOSCALING_V2: Minor = Minor { major: 1, minor: 23 };

/// The first Kubernetes minor that serves `ValidatingAdmissionPolicy` as `v1` (KEP-3488).
pub(super) const ADMISSION_POLICIES: Minor = Minor { major: 1, minor: 30 };

/// The first Kubernetes minor that serves it as `v1beta1`, where that is switched on.
pub(super) const ADMISSION_POLICIES_BETA: Minor = Minor { major: 1, minor: 28 };

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
    mended: Mended,
}

/// From which patch of each minor on a fault is mended; no minor before them has it mended, every later one has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mended {
    tls_defaults: Mend,
}

#[derive(Deserialize)]
struct Mend {
    first: Vec<Patch>,
}

static FACTS: LazyLock<Facts> = LazyLock::new(|| read(include_str!("../../release/facts.yaml")));

/// Returns what the Istio project says of a minor.
pub(super) fn support(minor: Minor) -> Option<&'static Support> {
    FACTS.istio.iter().find(|support| support.minor == minor)
}

/// Tells whether a release reads `meshConfig.tlsDefaults.minProtocolVersion` as it is written (istio/istio#58912).
pub fn mends_tls_defaults(release: Patch) -> bool {
    let first = &FACTS.mended.tls_defaults.first;
    match first.iter().find(|patch| patch.minor == release.minor) {
        Some(patch) => release >= *patch,
        None => first.iter().all(|patch| patch.minor < release.minor),
    }
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
            adoption: BTreeMap<String, String>,
            #[serde(rename = "autoscalingV2")]
            autoscaling_v2: BTreeMap<String, String>,
            admission_policies: BTreeMap<String, String>,
        }
        let table: Table = read(include_str!("../../release/facts.yaml"));
        assert_eq!(table.native_sidecars["kubernetes"], NATIVE_SIDECARS.to_string());
        assert_eq!(table.adoption["flux"], ADOPTION.to_string());
        assert_eq!(table.autoscaling_v2["kubernetes"], AUTOSCALING_V2.to_string());
        assert_eq!(table.admission_policies["kubernetes"], ADMISSION_POLICIES.to_string());
        assert_eq!(table.admission_policies["beta"], ADMISSION_POLICIES_BETA.to_string());
    }

    #[test]
    fn a_fault_is_mended_from_a_patch_of_each_minor_on() {
        let mended = ["1.21.1", "1.27.5", "1.27.6", "1.28.3", "1.29.1", "1.30.0"]
            .map(|release| mends_tls_defaults(release.parse().expect("a release")));
        assert_eq!(mended, [false, false, true, false, true, true]);
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
