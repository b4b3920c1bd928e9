//! `security.istio.io` AuthorizationPolicy.

use serde::Deserialize;

use super::{Meta, TargetReference, Word, WorkloadSelector};
use crate::yaml::Spanned;

/// Which requests workloads answer (`security/v1beta1/authorization_policy.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthorizationPolicy {
    /// The workloads; all in scope where absent or empty.
    pub selector: Option<WorkloadSelector>,
    /// One Gateway to attach to, before 1.22.
    pub target_ref: Option<Spanned<TargetReference>>,
    /// What to attach to.
    pub target_refs: Vec<Spanned<TargetReference>>,
    /// What a matching rule does; `ALLOW` unless said.
    pub action: Option<Spanned<Action>>,
    /// Who decides a `CUSTOM` policy.
    pub provider: Option<Provider>,
    /// One of them has to match; without any, the policy never matches.
    pub rules: Vec<Spanned<Rule>>,
}

/// What a matching rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// The request may pass.
    Allow,
    /// The request is refused, whatever allows it.
    Deny,
    /// The request is noted.
    Audit,
    /// A provider decides.
    Custom,
}

impl Action {
    /// Returns what an operation refuses, of a field and its negation: what a DENY names, what an ALLOW leaves out.
    pub fn refused<'a>(self, named: &'a [Word], left_out: &'a [Word]) -> &'a [Word] {
        match self {
            Self::Deny => named,
            Self::Allow => left_out,
            Self::Audit | Self::Custom => &[],
        }
    }
}

/// An extension provider of the mesh config.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Its name there.
    pub name: Option<Word>,
}

/// A rule: one source, one operation and every condition have to match; an empty list restricts nothing (AP13, AP14).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// Who calls.
    pub from: Vec<From>,
    /// What is called.
    pub to: Vec<To>,
    /// What else has to hold.
    pub when: Vec<Spanned<Condition>>,
}

/// The wrapper of a source.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct From {
    /// The source; absent is refused by Istio's webhook.
    pub source: Option<Spanned<Source>>,
}

/// The wrapper of an operation.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct To {
    /// The operation; absent is refused by Istio's webhook.
    pub operation: Option<Spanned<Operation>>,
}

/// Who calls: every field that is given has to match, by one of its values; a `not` field, by none.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "each field is named for the attribute that it compares, as in the API")]
pub struct Source {
    pub principals: Vec<Word>,
    pub not_principals: Vec<Word>,
    pub request_principals: Vec<Word>,
    pub not_request_principals: Vec<Word>,
    pub namespaces: Vec<Word>,
    pub not_namespaces: Vec<Word>,
    pub service_accounts: Vec<Word>,
    pub not_service_accounts: Vec<Word>,
    pub trust_domains: Vec<Word>,
    pub not_trust_domains: Vec<Word>,
    pub ip_blocks: Vec<Word>,
    pub not_ip_blocks: Vec<Word>,
    pub remote_ip_blocks: Vec<Word>,
    pub not_remote_ip_blocks: Vec<Word>,
}

/// What is called: every field that is given has to match, by one of its values; a `not` field, by none.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "each field is named for the attribute that it compares, as in the API")]
pub struct Operation {
    pub hosts: Vec<Word>,
    pub not_hosts: Vec<Word>,
    pub ports: Vec<Word>,
    pub not_ports: Vec<Word>,
    pub methods: Vec<Word>,
    pub not_methods: Vec<Word>,
    pub paths: Vec<Word>,
    pub not_paths: Vec<Word>,
}

/// What else has to hold.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// The attribute, such as `request.headers[x-token]` or `source.ip`.
    pub key: Word,
    /// One of them has to match.
    #[serde(default)]
    pub values: Vec<Word>,
    /// None of them may match.
    #[serde(default)]
    pub not_values: Vec<Word>,
}

impl AuthorizationPolicy {
    /// Returns what a matching rule does.
    pub fn action(&self) -> Action {
        self.action.map_or(Action::Allow, |action| action.value)
    }

    /// Tells whether the policy is only tried out (semantics AP11): an annotation that Go's `strconv.ParseBool` takes for
    /// true. Any other value enforces it.
    pub fn is_dry_run(&self, meta: &Meta) -> bool {
        let annotation = meta.annotations.named("istio.io/dry-run");
        annotation.is_some_and(|value| ["1", "t", "T", "true", "TRUE", "True"].contains(&value.as_str()))
    }

    /// Tells whether it speaks of chosen workloads only.
    pub fn has_selector(&self) -> bool {
        self.selector.as_ref().is_some_and(|selector| !selector.is_empty())
    }

    /// Returns what it attaches to by name, in both spellings.
    pub fn targets(&self) -> impl Iterator<Item = &Spanned<TargetReference>> {
        self.target_ref.iter().chain(&self.target_refs)
    }
}

impl Rule {
    /// Tells whether it restricts nothing (semantics AP14).
    pub fn matches_everything(&self) -> bool {
        let is_bound = self.sources().any(|source| !source.is_empty());
        let is_narrow = self.operations().any(|operation| !operation.is_empty());
        self.when.is_empty() && !is_bound && !is_narrow
    }

    /// Returns an address that it compares with a client's, if any.
    pub fn client_address(&self) -> Option<&Word> {
        let conditions =
            self.when.iter().filter(|condition| ["source.ip", "remote.ip"].contains(&condition.key.as_str()));
        let stated = conditions.flat_map(|condition| condition.values.iter().chain(&condition.not_values));
        let sources = self.sources().flat_map(|source| {
            let named = source.ip_blocks.iter().chain(&source.remote_ip_blocks);
            named.chain(&source.not_ip_blocks).chain(&source.not_remote_ip_blocks)
        });
        sources.chain(stated).next()
    }

    /// Returns its sources.
    pub fn sources(&self) -> impl Iterator<Item = &Spanned<Source>> {
        self.from.iter().filter_map(|from| from.source.as_ref())
    }

    /// Returns its operations.
    pub fn operations(&self) -> impl Iterator<Item = &Spanned<Operation>> {
        self.to.iter().filter_map(|to| to.operation.as_ref())
    }
}

impl Source {
    /// Tells whether it restricts nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Operation {
    /// Tells whether it restricts nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
