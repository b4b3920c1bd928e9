//! `extensions.istio.io` WasmPlugin.

use serde::Deserialize;

use super::{TargetReference, Word, WorkloadSelector, destination_rule::PortSelector};
use crate::yaml::Spanned;

/// Code that proxies run on requests, which may do anything to them (`extensions/v1alpha1/wasm.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WasmPlugin {
    /// The workloads; all in scope where absent or empty.
    pub selector: Option<WorkloadSelector>,
    /// One Gateway to attach to, before 1.22.
    pub target_ref: Option<Spanned<TargetReference>>,
    /// What to attach to.
    pub target_refs: Vec<Spanned<TargetReference>>,
    /// Where the code is: `oci://`, `https://`, `http://` or `file://`; an image where no scheme is given.
    pub url: Option<Word>,
    /// Its hash; what is fetched is not checked where absent.
    pub sha256: Option<Word>,
    /// When it runs; after everything of Istio's unless said.
    pub phase: Option<Spanned<Phase>>,
    /// What becomes of requests when it cannot be loaded or fails.
    pub fail_strategy: Option<Spanned<FailStrategy>>,
    /// Which traffic: one of these has to match; all where empty.
    pub r#match: Vec<Spanned<TrafficSelector>>,
    /// `HTTP` or `NETWORK`; the former unless said.
    pub r#type: Option<Word>,
}

/// When a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Phase {
    /// After everything of Istio's, before the router.
    UnspecifiedPhase,
    /// Before authentication.
    Authn,
    /// After authentication, before authorization.
    Authz,
    /// After authorization, before statistics.
    Stats,
}

/// What becomes of requests without a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailStrategy {
    /// They are refused.
    FailClose,
    /// They pass.
    FailOpen,
    /// The plugin is loaded again once; then they are refused. From 1.27.
    FailReload,
}

/// Which traffic a plugin sees.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TrafficSelector {
    /// `CLIENT`, `SERVER` or `CLIENT_AND_SERVER`; the latter unless said.
    pub mode: Option<Word>,
    /// The ports; every one where empty.
    pub ports: Vec<PortSelector>,
}

impl WasmPlugin {
    /// Tells whether it speaks of chosen workloads only.
    pub fn has_selector(&self) -> bool {
        self.selector.as_ref().is_some_and(|selector| !selector.is_empty())
    }

    /// Returns what it attaches to by name, in both spellings.
    pub fn targets(&self) -> impl Iterator<Item = &Spanned<TargetReference>> {
        self.target_ref.iter().chain(&self.target_refs)
    }

    /// Returns when it runs.
    pub fn phase(&self) -> Phase {
        self.phase.map_or(Phase::UnspecifiedPhase, |phase| phase.value)
    }

    /// Returns what becomes of requests without it: they are refused unless it says otherwise, by the zero of the enum.
    pub fn fail_strategy(&self) -> FailStrategy {
        self.fail_strategy.map_or(FailStrategy::FailClose, |strategy| strategy.value)
    }
}
