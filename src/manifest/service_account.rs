//! `v1` ServiceAccount.

use serde::Deserialize;

/// An account that pods run as, and so a workload's identity in the mesh; all that matters is that it exists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ServiceAccount {}
