//! `security.istio.io` PeerAuthentication.

use serde::Deserialize;

use super::{Word, WorkloadSelector};
use crate::yaml::{Entries, Spanned};

/// Which transport workloads accept (`security/v1beta1/peer_authentication.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PeerAuthentication {
    /// The workloads; all in scope where absent or empty.
    pub selector: Option<WorkloadSelector>,
    /// The mode of every port.
    pub mtls: Option<MutualTls>,
    /// The mode of single ports, by pod port; only beside a selector (semantics PA06).
    pub port_level_mtls: Entries<Word, Spanned<MutualTls>>,
}

/// A mode that is said, or left open.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct MutualTls {
    /// The mode; `UNSET` unless said.
    pub mode: Option<Spanned<Mode>>,
}

/// A mode of mutual TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// As the next wider policy says (semantics PA03).
    Unset,
    /// Plaintext only.
    Disable,
    /// Plaintext and mutual TLS.
    Permissive,
    /// Mutual TLS only.
    Strict,
}

impl PeerAuthentication {
    /// Tells whether it speaks of chosen workloads only.
    pub fn has_selector(&self) -> bool {
        self.selector.as_ref().is_some_and(|selector| !selector.is_empty())
    }

    /// Returns the mode that it says for every port.
    pub fn mode(&self) -> Mode {
        self.mtls.as_ref().map_or(Mode::Unset, MutualTls::mode)
    }
}

impl MutualTls {
    /// Returns the mode.
    pub fn mode(&self) -> Mode {
        self.mode.map_or(Mode::Unset, |mode| mode.value)
    }
}
