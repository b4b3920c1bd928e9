//! `security.istio.io` RequestAuthentication.

use serde::Deserialize;

use super::{TargetReference, Word, WorkloadSelector};
use crate::yaml::Spanned;

/// Which tokens workloads believe; requests without any pass (`security/v1beta1/request_authentication.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestAuthentication {
    /// The workloads; all in scope where absent or empty.
    pub selector: Option<WorkloadSelector>,
    /// One Gateway to attach to, before 1.22.
    pub target_ref: Option<Spanned<TargetReference>>,
    /// What to attach to.
    pub target_refs: Vec<Spanned<TargetReference>>,
    /// Issuers: a token has to satisfy the one that it names.
    pub jwt_rules: Vec<Spanned<JwtRule>>,
}

/// Whose tokens are believed, and where they are looked for (`security/v1beta1/jwt.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JwtRule {
    /// The issuer, as in the token's `iss`.
    pub issuer: Option<Word>,
    /// For whom; anybody where empty.
    pub audiences: Vec<Word>,
    /// Where istiod, or the proxy, fetches the keys.
    pub jwks_uri: Option<Word>,
    /// The keys themselves.
    pub jwks: Option<Word>,
    /// Headers that hold the token; where no place is given, `Authorization: Bearer`, then `?access_token=`.
    pub from_headers: Vec<Spanned<JwtHeader>>,
    /// Parameters that hold it.
    pub from_params: Vec<Word>,
    /// Cookies that hold it.
    pub from_cookies: Vec<Word>,
    /// Whether the token goes on to the application; false unless said.
    pub forward_original_token: Option<Spanned<bool>>,
    /// The header in which the application gets the payload.
    pub output_payload_to_header: Option<Word>,
}

/// A header that holds a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JwtHeader {
    /// The header.
    pub name: Option<Word>,
    /// What stands before the token.
    pub prefix: Option<Word>,
}

impl RequestAuthentication {
    /// Tells whether it speaks of chosen workloads only.
    pub fn has_selector(&self) -> bool {
        self.selector.as_ref().is_some_and(|selector| !selector.is_empty())
    }

    /// Returns what it attaches to by name, in both spellings.
    pub fn targets(&self) -> impl Iterator<Item = &Spanned<TargetReference>> {
        self.target_ref.iter().chain(&self.target_refs)
    }
}
