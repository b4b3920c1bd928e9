//! `telemetry.istio.io` Telemetry.

use serde::Deserialize;

use super::{TargetReference, Word, WorkloadSelector};
use crate::yaml::Spanned;

/// What proxies report, and to whom (`telemetry/v1alpha1/telemetry.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Telemetry {
    /// The workloads; all in scope where absent or empty.
    pub selector: Option<WorkloadSelector>,
    /// One Gateway to attach to, before 1.22.
    pub target_ref: Option<Spanned<TargetReference>>,
    /// What to attach to.
    pub target_refs: Vec<Spanned<TargetReference>>,
    /// Access logs.
    pub access_logging: Vec<Spanned<AccessLogging>>,
    /// Traces.
    pub tracing: Vec<Spanned<Reports>>,
    /// Metrics.
    pub metrics: Vec<Spanned<Reports>>,
}

/// Which requests are logged, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AccessLogging {
    /// Of which side; both unless said.
    pub r#match: LogSelector,
    /// Providers of the mesh config; where empty, those of a wider Telemetry or of its defaults.
    pub providers: Vec<Spanned<ProviderReference>>,
    /// Whether they log nothing; false unless said.
    pub disabled: Option<Spanned<bool>>,
    /// Which requests; all where absent.
    pub filter: Option<Spanned<LogFilter>>,
}

/// Of which side of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LogSelector {
    /// The side.
    pub mode: Option<Spanned<Side>>,
}

/// A side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Side {
    /// Both ends.
    ClientAndServer,
    /// The end that calls; of gateways, every request.
    Client,
    /// The end that is called.
    Server,
}

/// A condition on requests, in CEL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LogFilter {
    /// The expression.
    pub expression: Option<Word>,
}

/// An extension provider of the mesh config.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProviderReference {
    /// Its name there.
    pub name: Option<Word>,
}

/// Traces or metrics: to whom they go.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Reports {
    /// Providers of the mesh config; where empty, those of a wider Telemetry or of its defaults.
    pub providers: Vec<Spanned<ProviderReference>>,
}

impl Telemetry {
    /// Tells whether it speaks of chosen workloads only.
    pub fn has_selector(&self) -> bool {
        self.selector.as_ref().is_some_and(|selector| !selector.is_empty())
    }

    /// Returns what it attaches to by name, in both spellings.
    pub fn targets(&self) -> impl Iterator<Item = &Spanned<TargetReference>> {
        self.target_ref.iter().chain(&self.target_refs)
    }
}

impl AccessLogging {
    /// Returns of which side requests are logged.
    pub fn side(&self) -> Side {
        self.r#match.mode.map_or(Side::ClientAndServer, |mode| mode.value)
    }

    /// Tells whether its providers log nothing.
    pub fn is_disabled(&self) -> bool {
        self.disabled.is_some_and(|claim| claim.value)
    }

    /// Returns the names of its providers.
    pub fn providers(&self) -> impl Iterator<Item = &Word> {
        self.providers.iter().filter_map(|provider| provider.name.as_ref())
    }
}
