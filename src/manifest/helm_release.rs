//! `helm.toolkit.fluxcd.io` HelmRelease.

use serde::Deserialize;

use super::{
    Object, Word,
    flux::{CommonMetadata, Dependency, IgnoreRule, Reference},
    meta::said,
};
use crate::yaml::{Node, Spanned};

/// A chart that Flux installs (`api/v2/helmrelease_types.go` of helm-controller v1.6.3).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmRelease {
    /// The chart, in a source.
    pub chart: Option<ChartTemplate>,
    /// The chart, as a source of its own; from Flux 2.3, instead of `chart`.
    pub chart_ref: Option<Spanned<Reference>>,
    /// What the chart is told, as it is written; a null takes the chart's default out.
    pub values: Option<Node>,
    /// More of it, which `values` overrides but for what has a target path.
    pub values_from: Vec<Spanned<ValuesReference>>,
    /// The name of the release; see [`Object::release_name`].
    pub release_name: Option<Word>,
    /// The namespace of what is installed; see [`Object::release_namespace`].
    pub target_namespace: Option<Word>,
    /// The namespace of Helm's own records; see [`Object::storage_namespace`].
    pub storage_namespace: Option<Word>,
    /// What has to be ready first.
    pub depends_on: Vec<Spanned<Dependency>>,
    /// Whether Flux leaves it alone; false unless said.
    pub suspend: Option<Spanned<bool>>,
    /// The account that installs; the controller's own where absent.
    pub service_account_name: Option<Word>,
    /// The other cluster that it is installed in, if any.
    pub kube_config: Option<Node>,
    /// How long an action may take; 5 minutes unless said.
    pub timeout: Option<Word>,
    /// The first installation.
    pub install: Action,
    /// Every later one.
    pub upgrade: Action,
    /// Whether Flux looks at what is installed.
    pub drift_detection: DriftDetection,
    /// What every installed object gets.
    pub common_metadata: CommonMetadata,
    /// What changes the chart's objects, as it is written.
    pub post_renderers: Vec<Node>,
}

/// A chart in a source.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChartTemplate {
    /// The chart.
    pub spec: Spanned<ChartSpec>,
}

/// Which chart.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChartSpec {
    /// Its name in a HelmRepository, or its path in any other source.
    pub chart: Word,
    /// The version, or a range of them; any where absent.
    pub version: Option<Word>,
    /// The source.
    pub source_ref: Spanned<Reference>,
    /// Files of the source that hold values; where given, the chart's own `values.yaml` is not read unless it is listed.
    #[serde(default)]
    pub values_files: Vec<Word>,
}

/// A ConfigMap or Secret that holds values.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValuesReference {
    /// `ConfigMap` or `Secret`.
    pub kind: Word,
    /// Its name, in the release's own namespace.
    pub name: Word,
    /// The key; see [`ValuesReference::key`].
    pub values_key: Option<Word>,
    /// The one value that it sets, over `values`; everything where absent.
    pub target_path: Option<Word>,
    /// Whether it may be missing; false unless said.
    pub optional: Option<Spanned<bool>>,
}

/// What is done at an installation.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Action {
    /// What becomes of the chart's `crds/` folder; see [`Action::crds`].
    pub crds: Option<Spanned<CrdsPolicy>>,
    /// Whether the chart's `values.schema.json` is not asked; false unless said.
    pub disable_schema_validation: Option<Spanned<bool>>,
    /// Whether the API server's schema is not asked; false unless said.
    #[serde(rename = "disableOpenAPIValidation")]
    pub disable_open_api_validation: Option<Spanned<bool>>,
    /// Whether it is over before its objects are ready; false unless said.
    pub disable_wait: Option<Spanned<bool>>,
    /// Whether the target namespace is made; false unless said.
    pub create_namespace: Option<Spanned<bool>>,
    /// Whether values of the last installation stay; false unless said.
    pub preserve_values: Option<Spanned<bool>>,
}

/// What becomes of a chart's CRDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum CrdsPolicy {
    /// Nothing.
    Skip,
    /// New ones are made.
    Create,
    /// New ones are made and old ones replaced.
    CreateReplace,
}

/// Whether Flux looks at what is installed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DriftDetection {
    /// What it does then.
    pub mode: Option<Spanned<DriftMode>>,
    /// What it does not look at.
    pub ignore: Vec<Spanned<IgnoreRule>>,
}

/// What Flux does about drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftMode {
    /// It mends it.
    Enabled,
    /// It tells of it.
    Warn,
    /// Nothing.
    #[serde(alias = "")]
    Disabled,
}

impl Object<HelmRelease> {
    /// Returns the name of the release: its own name, behind the target namespace where one is written (`GetReleaseName`).
    pub fn release_name(&self) -> String {
        match (said(self.spec.release_name.as_ref()), said(self.spec.target_namespace.as_ref())) {
            (Some(name), _) => name.to_owned(),
            (None, Some(namespace)) => format!("{namespace}-{}", self.meta.name),
            (None, None) => self.meta.name.value.clone(),
        }
    }

    /// Returns the namespace of what is installed (`GetReleaseNamespace`).
    pub fn release_namespace(&self) -> &str {
        said(self.spec.target_namespace.as_ref()).unwrap_or_else(|| self.meta.namespace())
    }

    /// Returns the namespace of Helm's own records (`GetStorageNamespace`).
    pub fn storage_namespace(&self) -> &str {
        said(self.spec.storage_namespace.as_ref()).unwrap_or_else(|| self.meta.namespace())
    }
}

impl HelmRelease {
    /// Returns the chart that a source holds; nothing where the source is the chart.
    pub fn chart(&self) -> Option<&ChartSpec> {
        self.chart.as_ref().map(|chart| &chart.spec.value)
    }

    /// Returns where the chart comes from.
    pub fn source(&self) -> Option<&Spanned<Reference>> {
        self.chart_ref.as_ref().or_else(|| self.chart().map(|chart| &chart.source_ref))
    }

    /// Tells whether Flux leaves it alone.
    pub fn is_suspended(&self) -> bool {
        self.suspend.is_some_and(|claim| claim.value)
    }

    /// Returns what Flux does about drift: nothing unless said (`GetMode`).
    pub fn drift_mode(&self) -> DriftMode {
        self.drift_detection.mode.map_or(DriftMode::Disabled, |mode| mode.value)
    }
}

impl Action {
    /// Returns what becomes of CRDs: new ones are made unless said, at an upgrade as well, where the API's description says
    /// `Skip` (`crdPolicyOrDefault` in `internal/action/crds.go`, v0.37.4 to v1.6.3).
    pub fn crds(&self) -> CrdsPolicy {
        self.crds.map_or(CrdsPolicy::Create, |policy| policy.value)
    }

    /// Tells whether the chart's own schema is not asked.
    pub fn disables_schema(&self) -> bool {
        self.disable_schema_validation.is_some_and(|claim| claim.value)
    }
}

impl ChartSpec {
    /// Returns the version, or the range of versions (`+kubebuilder:default:=*`).
    pub fn version(&self) -> &str {
        said(self.version.as_ref()).unwrap_or("*")
    }
}

impl ValuesReference {
    /// Returns the key that holds the values (`GetValuesKey`).
    pub fn key(&self) -> &str {
        said(self.values_key.as_ref()).unwrap_or("values.yaml")
    }
}
