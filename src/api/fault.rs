//! A fault of structure, and the releases that it is one in.

use crate::{
    diagnostic::Diagnostic,
    release::{Minor, Minors, Product},
    source::Span,
};

/// What is wrong with an object, at its place, with the releases that find it wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which rule is broken.
    pub rule: Rule,
    /// Whose releases they are.
    pub product: Product,
    /// The minors that find it wrong.
    pub minors: Minors,
    /// The minors that look at it at all: those that serve the object's version.
    pub among: Minors,
    /// The whole object.
    pub object: Span,
    /// The fault.
    pub diagnostic: Diagnostic,
}

/// A rule of structure; each is a check of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A value is of the enumeration.
    Enum,
    /// Fields exclude each other.
    Exclusive,
    /// A field is one of this release.
    NotServed,
    /// A text matches its pattern.
    Pattern,
    /// A number or a size is within its bounds.
    Range,
    /// A field is there.
    Required,
    /// A value has the type of its field.
    Type,
    /// A field is one of some release.
    Unknown,
    /// A version of a kind is served by this release.
    VersionNotServed,
}

impl Fault {
    /// Returns whether a release finds it wrong. Where no release is known, each that could have taken the object must.
    pub fn holds_in(&self, minor: Option<Minor>) -> bool {
        match minor {
            Some(minor) => !self.product.api().one(minor).and(self.minors).is_empty(),
            None => self.among.less(self.minors).is_empty(),
        }
    }
}

impl Rule {
    /// Returns the code of the check that reports it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Enum => "field-enum",
            Self::Exclusive => "field-exclusive",
            Self::NotServed => "field-not-served",
            Self::Pattern => "field-pattern",
            Self::Range => "field-range",
            Self::Required => "field-required",
            Self::Type => "field-type",
            Self::Unknown => "field-unknown",
            Self::VersionNotServed => "version-not-served",
        }
    }
}
