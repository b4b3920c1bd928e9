//! `admissionregistration.k8s.io`: what may refuse or change objects before a cluster holds them.

use serde::Deserialize;

use super::{LabelSelector, Word, meta::said};
use crate::yaml::{Node, Spanned};

/// What objects have to satisfy, in CEL, if a binding says so (`admissionregistration/v1/types.go` of Kubernetes 1.36).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValidatingAdmissionPolicy {
    /// The requests.
    pub match_constraints: Option<Spanned<MatchResources>>,
    /// What else has to hold of them.
    pub match_conditions: Vec<Spanned<NamedExpression>>,
    /// What the validations may name.
    pub variables: Vec<Spanned<NamedExpression>>,
    /// What has to hold.
    pub validations: Vec<Spanned<Validation>>,
    /// What becomes of a request when an expression fails; it is refused unless said.
    pub failure_policy: Option<Spanned<FailurePolicy>>,
    /// The kind of object that holds parameters, as it is written.
    pub param_kind: Option<Node>,
}

/// What makes a policy hold: without any, it does nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValidatingAdmissionPolicyBinding {
    /// The policy.
    pub policy_name: Option<Word>,
    /// What becomes of a request that does not satisfy it.
    pub validation_actions: Vec<Spanned<ValidationAction>>,
    /// Which of the policy's requests; all of them where absent.
    pub match_resources: Option<Spanned<MatchResources>>,
    /// The object that holds parameters, as it is written.
    pub param_ref: Option<Node>,
}

/// Which requests: both selectors and one rule have to match, and no excluding rule.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatchResources {
    /// Namespaces; empty is every one, and what lives in none.
    pub namespace_selector: LabelSelector,
    /// Objects; empty is every one.
    pub object_selector: LabelSelector,
    /// Resources.
    pub resource_rules: Vec<Spanned<ResourceRule>>,
    /// Resources that are not meant.
    pub exclude_resource_rules: Vec<Spanned<ResourceRule>>,
    /// `Equivalent` unless said: a rule for one version of an API means the others as well; `Exact` means it alone.
    pub match_policy: Option<Word>,
}

/// Which requests of which resources: one of each list has to match, and `*` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceRule {
    /// API groups.
    pub api_groups: Vec<Word>,
    /// API versions.
    pub api_versions: Vec<Word>,
    /// Resources, in the plural, with a subresource behind a slash.
    pub resources: Vec<Word>,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operations: Vec<Word>,
    /// Objects by name; every one where empty.
    pub resource_names: Vec<Word>,
    /// `Cluster`, `Namespaced`, or both unless said.
    pub scope: Option<Word>,
}

/// An expression with a name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NamedExpression {
    /// The name.
    pub name: Word,
    /// The expression, in CEL.
    pub expression: Word,
}

/// What has to hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Validation {
    /// The expression, in CEL.
    pub expression: Word,
    /// What is said otherwise.
    pub message: Option<Word>,
}

/// What becomes of a request when nobody can decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum FailurePolicy {
    /// It passes.
    Ignore,
    /// It is refused.
    Fail,
}

/// What becomes of a request that does not satisfy a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum ValidationAction {
    /// It is refused.
    Deny,
    /// The client is warned.
    Warn,
    /// It is noted.
    Audit,
}

/// Webhooks that change or refuse objects.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct WebhookConfiguration {
    /// The webhooks.
    pub webhooks: Vec<Spanned<Webhook>>,
}

/// A webhook, such as that which injects sidecars.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Its name.
    pub name: Word,
    /// Who is called, as it is written.
    pub client_config: Option<Node>,
    /// Resources.
    #[serde(default)]
    pub rules: Vec<Spanned<ResourceRule>>,
    /// Namespaces; empty is every one, and what lives in none.
    #[serde(default)]
    pub namespace_selector: LabelSelector,
    /// Objects; empty is every one.
    #[serde(default)]
    pub object_selector: LabelSelector,
    /// What becomes of a request when nobody answers; it is refused unless said.
    pub failure_policy: Option<Spanned<FailurePolicy>>,
    /// What else has to hold.
    #[serde(default)]
    pub match_conditions: Vec<Spanned<NamedExpression>>,
}

impl ValidatingAdmissionPolicy {
    /// Returns what becomes of a request when an expression fails.
    pub fn failure_policy(&self) -> FailurePolicy {
        self.failure_policy.map_or(FailurePolicy::Fail, |policy| policy.value)
    }
}

impl ValidatingAdmissionPolicyBinding {
    /// Tells whether requests that do not satisfy the policy are refused.
    pub fn denies(&self) -> bool {
        self.validation_actions.iter().any(|action| action.value == ValidationAction::Deny)
    }
}

impl MatchResources {
    /// Tells whether a rule for one version of an API means the others as well.
    pub fn matches_equivalents(&self) -> bool {
        said(self.match_policy.as_ref()) != Some("Exact")
    }
}

impl ResourceRule {
    /// Tells whether a resource itself is meant, in some version (`resource` in
    /// `apiserver/pkg/admission/plugin/webhook/predicates/rules/rules.go`).
    pub fn covers(&self, group: &str, resource: &str) -> bool {
        let has = |list: &[Word], name: &str| list.iter().any(|word| word.value == "*" || word.value == name);
        let is_meant = |word: &Word| match word.split_once('/') {
            Some((name, subresource)) => subresource == "*" && (name == "*" || name == resource),
            None => word.value == "*" || word.value == resource,
        };
        has(&self.api_groups, group) && self.resources.iter().any(is_meant)
    }

    /// Tells whether an operation is meant.
    pub fn covers_operation(&self, operation: &str) -> bool {
        self.operations.iter().any(|word| word.value == "*" || word.value == operation)
    }
}

impl Webhook {
    /// Returns what becomes of a request when nobody answers.
    pub fn failure_policy(&self) -> FailurePolicy {
        self.failure_policy.map_or(FailurePolicy::Fail, |policy| policy.value)
    }
}
