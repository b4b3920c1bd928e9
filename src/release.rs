//! Facts about Istio, Flux and Kubernetes releases, read from the data files in `release/`.
//!
//! What differs between releases is data; nothing else in the crate compares versions.

use std::{fmt, str::FromStr, sync::LazyLock};

use serde::{Deserialize, Deserializer, Serialize};

/// A minor release, `1.29`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
}

/// A patch release, `1.21.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Patch {
    /// The minor that it mends.
    pub minor: Minor,
    /// The third number.
    pub patch: u16,
}

/// The first Kubernetes minor whose kubelet starts sidecar containers before the pod's own
/// (`SidecarContainers`, on by default from 1.29: KEP-753).
pub const NATIVE_SIDECARS: Minor = Minor { major: 1, minor: 29 };

/// What a tree depends on in an Istio minor.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Istio {
    /// Which minor.
    pub minor: Minor,
    /// The Kubernetes minors it runs on.
    pub kubernetes: KubernetesRange,
    /// The API version to write each kind with.
    pub api_versions: IstioApiVersions,
    /// Which key of the istiod chart says that the CNI plugin is installed.
    pub cni_key: CniKey,
    /// Whether proxies send spans to a `zipkin` Service unless told otherwise.
    pub default_tracer: bool,
    /// The first patch whose gateway chart passes its own values schema; none of them where absent.
    gateway_schema_fixed: Option<u16>,
    /// The first patch whose charts leave a webhook's `failurePolicy` to istiod on upgrade.
    webhook_policy_kept: Option<u16>,
}

/// The Kubernetes minors that an Istio minor runs on.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KubernetesRange {
    /// istiod refuses to start below it (`pkg/kube/k8sversion`).
    pub oldest: Minor,
    /// The newest that the Istio project tested with, where known.
    pub newest_tested: Option<Minor>,
}

/// The API version that each rendered kind of Istio is written with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is named for the kind whose apiVersion it holds")]
pub struct IstioApiVersions {
    pub peer_authentication: String,
    pub authorization_policy: String,
    pub gateway: String,
    pub service_entry: String,
    pub sidecar: String,
    pub virtual_service: String,
    pub telemetry: String,
}

/// The key of the istiod chart that says that the CNI plugin is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum CniKey {
    /// `istio_cni.enabled`, read up to 1.23.
    #[serde(rename = "istio_cni")]
    IstioCni,
    /// `pilot.cni.enabled`, the only one from 1.24 on.
    #[serde(rename = "pilot.cni")]
    PilotCni,
}

/// What a tree depends on in a Flux minor.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flux {
    /// Which minor.
    pub minor: Minor,
    /// The API version to write each kind with.
    pub api_versions: FluxApiVersions,
    /// Whether a `HelmRelease` has `disableSchemaValidation` (helm-controller 1.1.0).
    pub disable_schema_validation: bool,
}

/// The API version that each rendered kind of Flux is written with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is named for the kind whose apiVersion it holds")]
pub struct FluxApiVersions {
    pub helm_release: String,
    pub helm_repository: String,
    pub kustomization: String,
}

static ISTIO: LazyLock<Vec<Istio>> = LazyLock::new(|| read(include_str!("../release/istio.yaml")));
static FLUX: LazyLock<Vec<Flux>> = LazyLock::new(|| read(include_str!("../release/flux.yaml")));

fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
    yaml_serde::from_str(text).expect("the release data that we ship is well-formed")
}

/// Every Istio minor that we know, oldest first; never empty.
pub fn istio() -> &'static [Istio] {
    &ISTIO
}

/// Every Flux minor that we know, oldest first; never empty.
pub fn flux() -> &'static [Flux] {
    &FLUX
}

/// Returns the newest release that is not newer than `minor`; none where `minor` is older than all.
fn latest<T>(releases: &'static [T], of: impl Fn(&T) -> Minor, minor: Minor) -> Option<&'static T> {
    releases.iter().rev().find(|release| of(release) <= minor)
}

impl Istio {
    /// Returns the facts for `minor`, those of the newest known for a newer one, none for one too old.
    pub fn of(minor: Minor) -> Option<&'static Self> {
        latest(istio(), |release| release.minor, minor)
    }

    /// Returns whether Helm 3.18.5 and later refuse this patch's gateway chart for its own schema.
    ///
    /// The schema forbids at its root the keys that it takes in by reference (istio/istio#57354).
    pub fn gateway_schema_is_broken(&self, patch: u16) -> bool {
        self.gateway_schema_fixed.is_none_or(|fixed| patch < fixed)
    }

    /// Returns whether an upgrade to this patch sets webhooks back to `failurePolicy: Ignore` (istio/istio#59367).
    pub fn upgrade_resets_webhooks(&self, patch: u16) -> bool {
        self.webhook_policy_kept.is_none_or(|kept| patch < kept)
    }
}

impl Flux {
    /// Returns the facts for `minor`, those of the newest known for a newer one, none for one too old.
    pub fn of(minor: Minor) -> Option<&'static Self> {
        latest(flux(), |release| release.minor, minor)
    }
}

impl FromStr for Minor {
    type Err = ();

    /// Reads `1.29`; a patch number after it is left out.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = text.split('.').map(|part| part.parse().map_err(drop));
        let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else { return Err(()) };
        Ok(Self { major: major?, minor: minor? })
    }
}

impl FromStr for Patch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (minor, patch) = text.rsplit_once('.').ok_or(())?;
        Ok(Self { minor: minor.parse()?, patch: patch.parse().map_err(drop)? })
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.minor, self.patch)
    }
}

impl<'de> Deserialize<'de> for Minor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom(format!("`{text}` is no minor version")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str) -> Minor {
        text.parse().expect("a minor")
    }

    #[test]
    fn releases_are_in_order_and_complete() {
        let istio: Vec<String> = istio().iter().map(|release| release.minor.to_string()).collect();
        assert_eq!(istio, (21..=30).map(|minor| format!("1.{minor}")).collect::<Vec<_>>());
        let flux: Vec<String> = flux().iter().map(|release| release.minor.to_string()).collect();
        assert_eq!(flux, (2..=9).map(|minor| format!("2.{minor}")).collect::<Vec<_>>());
    }

    #[test]
    fn the_gateway_schema_is_mended_from_a_patch_on() {
        let broken = |text: &str| {
            let patch: Patch = text.parse().expect("a patch");
            Istio::of(patch.minor).expect("known").gateway_schema_is_broken(patch.patch)
        };
        let answers =
            ["1.21.1", "1.24.6", "1.25.4", "1.25.5", "1.26.3", "1.26.4", "1.27.0", "1.27.1", "1.28.0"]
                .map(broken);
        assert_eq!(answers, [true, true, true, false, true, false, true, false, false]);
    }

    #[test]
    fn peer_authentication_has_no_v1_before_1_22() {
        assert_eq!(
            Istio::of(minor("1.21")).expect("known").api_versions.peer_authentication,
            "security.istio.io/v1beta1"
        );
        assert_eq!(
            Istio::of(minor("1.22")).expect("known").api_versions.peer_authentication,
            "security.istio.io/v1"
        );
    }

    #[test]
    fn a_release_newer_than_the_data_is_taken_for_the_newest_and_one_too_old_for_none() {
        assert_eq!(Istio::of(minor("1.99")).expect("the newest").minor, minor("1.30"));
        assert!(Istio::of(minor("1.20")).is_none());
        assert!(Flux::of(minor("2.1")).is_none());
    }
}
