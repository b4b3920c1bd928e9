//! Yes, no, and not told.

/// Kleene's three values: a claim that manifests prove, refute, or leave open (semantics section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// Refuted.
    No,
    /// The manifests do not tell.
    Unknown,
    /// Proved.
    Yes,
}

impl Truth {
    /// Returns whether both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Returns whether one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Tells whether it is proved.
    pub fn is_certain(self) -> bool {
        self == Self::Yes
    }

    /// Tells whether it is not refuted.
    pub fn is_possible(self) -> bool {
        self != Self::No
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(claim: bool) -> Self {
        if claim { Self::Yes } else { Self::No }
    }
}
