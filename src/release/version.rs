//! Versions, as upstream writes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer};

use super::facts::{ADMISSION_POLICIES, ADMISSION_POLICIES_BETA, NATIVE_SIDECARS};

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

impl Minor {
    /// Returns whether such a Kubernetes starts sidecar containers before the pod's own.
    pub fn has_native_sidecars(self) -> bool {
        self >= NATIVE_SIDECARS
    }

    /// Returns the API version of `ValidatingAdmissionPolicy` that such a Kubernetes serves, with the beta one switched
    /// on or not; none where it serves neither.
    pub fn admission_policies(self, beta: bool) -> Option<&'static str> {
        if self >= ADMISSION_POLICIES {
            Some("admissionregistration.k8s.io/v1")
        } else if beta && self >= ADMISSION_POLICIES_BETA {
            Some("admissionregistration.k8s.io/v1beta1")
        } else {
            None
        }
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

impl<'de> Deserialize<'de> for Patch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom(format!("`{text}` is no version")))
    }
}
