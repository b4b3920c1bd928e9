//! Facts about Istio, Flux and Kubernetes releases, read from the data files in `release/`.
//!
//! What differs between releases is data; nothing else in the crate compares versions. `release/istio/` and
//! `release/flux/` hold a file per minor, which `cargo run --example release` derives from the upstream repositories;
//! `release/facts.yaml`, `behaviour.yaml` and `security.yaml` hold what no program can derive. A file is read when the first profile asks for its minor.

mod api;
mod behaviour;
mod facts;
mod security;
mod values;
mod version;

use std::{collections::BTreeMap, sync::LazyLock, sync::OnceLock};

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

pub use api::{Api, Bound, Definition, Fact, Member, Minors, Product, Type, Version as ApiVersion};
pub use behaviour::{Bears, Behaviour, Part, Since, behaviours};
pub use facts::{AUTOSCALING_V2, Support, mends_tls_defaults};
pub use security::{Bulletin, Exposure, bulletin_range, bulletins};
pub use values::{Chart, Reading, Refusal, Values};
pub use version::{Minor, Patch};

/// What a tree depends on in an Istio minor.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Istio {
    /// Which minor.
    pub minor: Minor,
    /// The newest patch that the data knows.
    pub newest_patch: u16,
    /// How the base chart brings the CRDs.
    pub crds: Crds,
    /// The API version to write each kind with.
    #[serde(rename = "kinds", deserialize_with = "istio_api_versions")]
    pub api_versions: IstioApiVersions,
    /// Which key of the istiod chart says that the CNI plugin is installed.
    #[serde(rename = "cniKeys", deserialize_with = "first_cni_key")]
    pub cni_key: CniKey,
    /// Whether proxies send spans to a `zipkin` Service unless told otherwise.
    #[serde(deserialize_with = "is_some_tracer")]
    pub default_tracer: bool,
    /// Whether istiod's webhook refuses illegal policies unless told otherwise.
    pub config_validation: bool,
    /// The oldest Kubernetes that istioctl finds supported, by the first patch that does.
    minimum_kubernetes: BTreeMap<u16, Minor>,
    /// The first patch whose gateway chart passes its own values schema; none of them where absent.
    gateway_schema_sound_from: Option<u16>,
    /// The first patch whose charts leave a webhook's `failurePolicy` to istiod on upgrade.
    failure_policy_kept_from: Option<u16>,
}

/// How the base chart brings the CRDs (`manifests/charts/base`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crds {
    /// In Helm's `crds/` folder, which Helm itself never upgrades.
    Folder,
    /// By a template, as part of the release.
    Template,
}

/// The API version that each rendered kind of Istio is written with.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is named for the kind whose apiVersion it holds")]
pub struct IstioApiVersions {
    pub peer_authentication: String,
    pub authorization_policy: String,
    pub gateway: String,
    pub service_entry: String,
    pub sidecar: String,
    pub virtual_service: String,
    pub telemetry: String,
    /// What the CRDs serve, by kind.
    #[serde(skip)]
    served: BTreeMap<String, Kind>,
}

/// The key of the istiod chart that says that the CNI plugin is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum CniKey {
    /// `istio_cni.enabled`, read up to 1.23.
    #[serde(rename = "istio_cni.enabled")]
    IstioCni,
    /// `pilot.cni.enabled`, the only one from 1.24 on.
    #[serde(rename = "pilot.cni.enabled")]
    PilotCni,
}

/// What a tree depends on in a Flux minor.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flux {
    /// Which minor.
    pub minor: Minor,
    /// The newest patch that the data knows.
    pub newest_patch: u16,
    /// The oldest Kubernetes that `flux check` passes (`cmd/flux/check.go`).
    pub minimum_kubernetes: Minor,
    /// The Helm that is built into helm-controller, `4.2.4-flux.1`.
    pub helm: String,
    /// The API version to write each kind with.
    #[serde(rename = "kinds", deserialize_with = "flux_api_versions")]
    pub api_versions: FluxApiVersions,
    /// Which fields a `HelmRelease` has.
    #[serde(rename = "helmReleaseFields")]
    pub helm_release: HelmReleaseFields,
}

/// The API version that each rendered kind of Flux is written with.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is named for the kind whose apiVersion it holds")]
pub struct FluxApiVersions {
    pub helm_release: String,
    pub helm_repository: String,
    pub oci_repository: String,
    pub kustomization: String,
}

/// The fields of a `HelmRelease` that not every Flux has (helm-controller `config/crd/bases`).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is named for the field that it speaks of")]
pub struct HelmReleaseFields {
    pub chart_ref: bool,
    pub disable_schema_validation: bool,
    pub strategy: bool,
}

/// One kind, as a data file has it.
#[derive(Debug, Clone, Deserialize)]
struct Kind {
    group: String,
    /// Best first.
    served: Vec<String>,
}

/// A data file that is built in.
struct Embedded {
    minor: Minor,
    text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/releases.rs"));

impl Embedded {
    const fn new(major: u16, minor: u16, text: &'static str) -> Self {
        Self { minor: Minor { major, minor }, text }
    }

    /// Reads one of the file's documents: the facts, or what the charts read.
    fn document<T: DeserializeOwned>(&self, index: usize) -> T {
        let text = self.text.split("\n---\n").nth(index).expect("a data file has the documents that we read");
        read(text)
    }
}

/// A file for each minor, each read when it is asked for.
struct Shelf<T> {
    files: &'static [Embedded],
    read: Vec<OnceLock<T>>,
}

impl<T> Shelf<T> {
    fn new(files: &'static [Embedded]) -> Self {
        Self { files, read: files.iter().map(|_| OnceLock::new()).collect() }
    }

    /// Returns the newest release that is not newer than `minor`; none where `minor` is older than all.
    fn latest(&self, minor: Minor, read: impl Fn(&Embedded) -> T) -> Option<&T> {
        let index = self.files.iter().rposition(|file| file.minor <= minor)?;
        Some(self.read[index].get_or_init(|| read(&self.files[index])))
    }
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    yaml_serde::from_str(text).expect("the release data that we ship is well-formed")
}

/// Every Istio minor that we know, oldest first; never empty.
pub fn istio_minors() -> impl DoubleEndedIterator<Item = Minor> + ExactSizeIterator {
    ISTIO.iter().map(|file| file.minor)
}

/// Every Flux minor that we know, oldest first; never empty.
pub fn flux_minors() -> impl DoubleEndedIterator<Item = Minor> + ExactSizeIterator {
    FLUX.iter().map(|file| file.minor)
}

impl IstioApiVersions {
    /// Returns the versions of a kind that the CRDs serve, best first; nothing for a kind that is not one of Istio's.
    pub fn served(&self, group: &str, kind: &str) -> Option<&[String]> {
        self.served.get(kind).filter(|known| known.group == group).map(|known| known.served.as_slice())
    }
}

impl Istio {
    /// Returns the facts for `minor`, those of the newest known for a newer one, none for one too old.
    pub fn of(minor: Minor) -> Option<&'static Self> {
        static SHELF: LazyLock<Shelf<Istio>> = LazyLock::new(|| Shelf::new(ISTIO));
        SHELF.latest(minor, |file| file.document(0))
    }

    /// Returns what the charts of this minor read of their values.
    pub fn values(&self) -> &'static Values {
        static SHELF: LazyLock<Shelf<Values>> = LazyLock::new(|| Shelf::new(ISTIO));
        SHELF.latest(self.minor, |file| file.document(1)).expect("this minor is known")
    }

    /// Returns what the Istio project says of this minor.
    pub fn support(&self) -> Option<&'static Support> {
        facts::support(self.minor)
    }

    /// Returns the oldest Kubernetes that a patch's `istioctl` finds supported (`istioctl/pkg/install/k8sversion`).
    pub fn minimum_kubernetes(&self, patch: u16) -> Minor {
        let mut said = self.minimum_kubernetes.range(..=patch);
        *said.next_back().expect("the first patch says its minimum").1
    }

    /// Returns whether Helm 3.18.5 and later refuse this patch's gateway chart for its own schema.
    ///
    /// The schema forbids at its root the keys that it takes in by reference (istio/istio#57354).
    pub fn gateway_schema_is_broken(&self, patch: u16) -> bool {
        self.gateway_schema_sound_from.is_none_or(|sound| patch < sound)
    }

    /// Returns whether an upgrade to this patch sets webhooks back to `failurePolicy: Ignore` (istio/istio#59367).
    pub fn upgrade_resets_webhooks(&self, patch: u16) -> bool {
        self.failure_policy_kept_from.is_none_or(|kept| patch < kept)
    }
}

impl Flux {
    /// Returns the facts for `minor`, those of the newest known for a newer one, none for one too old.
    pub fn of(minor: Minor) -> Option<&'static Self> {
        static SHELF: LazyLock<Shelf<Flux>> = LazyLock::new(|| Shelf::new(FLUX));
        SHELF.latest(minor, |file| file.document(0))
    }

    /// The oldest Flux minor that can bring the CRDs from a chart's `crds/` folder into the release.
    pub fn adopts_from() -> Minor {
        facts::ADOPTION
    }

    /// Returns whether this Flux installs a gateway chart whose values it first holds against the chart's schema.
    ///
    /// Where we pass over a broken schema (`disableSchemaValidation`) nothing is held against it.
    pub fn validates(&self, istio: &Istio, patch: u16) -> bool {
        !(istio.gateway_schema_is_broken(patch) && self.helm_release.disable_schema_validation)
    }
}

/// Returns `group/version` of a kind, in the best version that is served.
fn best<E: serde::de::Error>(kinds: &BTreeMap<String, Kind>, kind: &str) -> Result<String, E> {
    let known = kinds.get(kind).and_then(|kind| Some(format!("{}/{}", kind.group, kind.served.first()?)));
    known.ok_or_else(|| E::custom(format!("no version of `{kind}` is served")))
}

fn istio_api_versions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IstioApiVersions, D::Error> {
    let kinds: BTreeMap<String, Kind> = BTreeMap::deserialize(deserializer)?;
    Ok(IstioApiVersions {
        peer_authentication: best(&kinds, "PeerAuthentication")?,
        authorization_policy: best(&kinds, "AuthorizationPolicy")?,
        gateway: best(&kinds, "Gateway")?,
        service_entry: best(&kinds, "ServiceEntry")?,
        sidecar: best(&kinds, "Sidecar")?,
        virtual_service: best(&kinds, "VirtualService")?,
        telemetry: best(&kinds, "Telemetry")?,
        served: kinds,
    })
}

fn flux_api_versions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FluxApiVersions, D::Error> {
    let kinds = BTreeMap::deserialize(deserializer)?;
    Ok(FluxApiVersions {
        helm_release: best(&kinds, "HelmRelease")?,
        helm_repository: best(&kinds, "HelmRepository")?,
        oci_repository: best(&kinds, "OCIRepository")?,
        kustomization: best(&kinds, "Kustomization")?,
    })
}

/// Where a chart reads both keys, the older one is what its releases read all along.
fn first_cni_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CniKey, D::Error> {
    let keys = Vec::<CniKey>::deserialize(deserializer)?;
    keys.first().copied().ok_or_else(|| serde::de::Error::custom("no key switches CNI on"))
}

fn is_some_tracer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)? != "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str) -> Minor {
        text.parse().expect("a minor")
    }

    #[test]
    fn releases_are_in_order_and_without_a_gap() {
        for minors in [istio_minors().collect::<Vec<_>>(), flux_minors().collect::<Vec<_>>()] {
            let follows = |pair: &[Minor]| pair[1] == Minor { minor: pair[0].minor + 1, ..pair[0] };
            assert!(minors.windows(2).all(follows), "{minors:?}");
        }
        assert_eq!(istio_minors().next(), Some(minor("1.21")));
        assert_eq!(flux_minors().next(), Some(minor("2.2")));
    }

    #[test]
    fn every_data_file_can_be_read_and_is_named_for_its_minor() {
        for minor in istio_minors() {
            let istio = Istio::of(minor).expect("known");
            assert_eq!(istio.minor, minor);
            assert!(istio.values().charts().count() > 3);
            assert!(istio.support().is_none_or(|support| support.minor == minor));
        }
        for minor in flux_minors() {
            assert_eq!(Flux::of(minor).expect("known").minor, minor);
        }
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
    fn the_minimum_kubernetes_may_rise_within_a_minor() {
        let minimum = |text: &str| {
            let patch: Patch = text.parse().expect("a patch");
            Istio::of(patch.minor).expect("known").minimum_kubernetes(patch.patch).to_string()
        };
        assert_eq!(
            ["1.21.1", "1.25.0", "1.25.5", "1.28.1", "1.28.2"].map(minimum),
            ["1.26", "1.28", "1.29", "1.29", "1.30"]
        );
    }

    #[test]
    fn a_kind_is_written_in_the_best_version_that_is_served() {
        let istio = &Istio::of(minor("1.21")).expect("known").api_versions;
        assert_eq!(istio.peer_authentication, "security.istio.io/v1beta1");
        assert_eq!(istio.authorization_policy, "security.istio.io/v1");
        assert_eq!(istio.gateway, "networking.istio.io/v1beta1");
        assert_eq!(istio.telemetry, "telemetry.istio.io/v1alpha1");
        let istio = &Istio::of(minor("1.22")).expect("known").api_versions;
        assert_eq!(istio.peer_authentication, "security.istio.io/v1");
        assert_eq!(istio.telemetry, "telemetry.istio.io/v1");
        assert_eq!(
            Flux::of(minor("2.2")).expect("known").api_versions.helm_release,
            "helm.toolkit.fluxcd.io/v2beta2"
        );
        assert_eq!(
            Flux::of(minor("2.3")).expect("known").api_versions.helm_release,
            "helm.toolkit.fluxcd.io/v2"
        );
    }

    #[test]
    fn a_release_newer_than_the_data_is_taken_for_the_newest_and_one_too_old_for_none() {
        assert_eq!(Some(Istio::of(minor("1.99")).expect("the newest").minor), istio_minors().next_back());
        assert!(Istio::of(minor("1.20")).is_none());
        assert!(Flux::of(minor("2.1")).is_none());
    }
}
