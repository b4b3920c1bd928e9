//! The controls of NIST SP 800-53 that manifests of a mesh bear on.

use std::fmt;

/// A control, all of them of the moderate baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Control {
    /// Access enforcement.
    Ac3,
    /// Information flow enforcement.
    Ac4,
    /// Event logging.
    Au2,
    /// Content of audit records.
    Au3,
    /// Audit record generation.
    Au12,
    /// Boundary protection.
    Sc7,
    /// Deny by default, allow by exception.
    Sc7Deny,
    /// Transmission confidentiality and integrity.
    Sc8,
    /// Cryptographic protection.
    Sc8Cryptography,
    /// Cryptographic protection by approved means.
    Sc13,
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ac3 => "AC-3",
            Self::Ac4 => "AC-4",
            Self::Au2 => "AU-2",
            Self::Au3 => "AU-3",
            Self::Au12 => "AU-12",
            Self::Sc7 => "SC-7",
            Self::Sc7Deny => "SC-7(5)",
            Self::Sc8 => "SC-8",
            Self::Sc8Cryptography => "SC-8(1)",
            Self::Sc13 => "SC-13",
        })
    }
}
