//! `kyverno.io` and `policies.kyverno.io`: policies that Kyverno's webhooks hold.

use serde::Deserialize;

use super::{
    Word,
    admission::{FailurePolicy, MatchResources, NamedExpression, Validation, ValidationAction},
};
use crate::yaml::{Node, Spanned};

/// ClusterPolicy and Policy (`api/kyverno/v1/spec_types.go` of Kyverno 1.19.0).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Policy {
    /// What becomes of objects that do not satisfy a rule which does not say; see [`Policy::action`].
    pub validation_failure_action: Option<Word>,
    /// The same for some namespaces, as it is written.
    pub validation_failure_action_overrides: Vec<Node>,
    /// Whether it holds at admission; true unless said.
    pub admission: Option<Spanned<bool>>,
    /// `Ignore` lets pass what Kyverno does not answer for; `Fail` unless said.
    pub failure_policy: Option<Word>,
    /// Which requests Kyverno's webhooks are asked about for it.
    pub webhook_configuration: WebhookConfiguration,
    /// Its rules.
    pub rules: Vec<Spanned<PolicyRule>>,
}

/// Which requests Kyverno's webhooks are asked about for a policy, and what becomes of them without an answer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebhookConfiguration {
    /// As in the policy itself, and before it.
    pub failure_policy: Option<Word>,
    /// What has to hold of a request, as it is written.
    pub match_conditions: Vec<Node>,
}

/// A rule: what it validates, changes or makes, as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRule {
    /// Its name.
    pub name: Word,
    /// The objects.
    pub r#match: PolicyMatch,
    /// Those of them that are not meant.
    #[serde(default)]
    pub exclude: Option<Node>,
    /// What has to hold besides.
    #[serde(default)]
    pub preconditions: Option<Node>,
    /// The same in CEL, as it is written.
    #[serde(default)]
    pub cel_preconditions: Vec<Node>,
    /// What they have to satisfy.
    #[serde(default)]
    pub validate: Option<Node>,
    /// How they are changed.
    #[serde(default)]
    pub mutate: Option<Node>,
    /// What is made beside them.
    #[serde(default)]
    pub generate: Option<Node>,
}

/// Objects: by `any`, by `all`, or in the older way.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyMatch {
    /// One of these has to match.
    pub any: Vec<ResourceFilter>,
    /// Each of these has to match.
    pub all: Vec<ResourceFilter>,
    /// This has to match.
    pub resources: Resources,
    /// Who asks, in the older way, as it is written.
    pub subjects: Vec<Node>,
    /// Who asks, by role, as it is written.
    pub roles: Vec<Node>,
    /// Who asks, by role of the cluster, as it is written.
    pub cluster_roles: Vec<Node>,
}

/// Objects.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceFilter {
    /// What they are.
    pub resources: Resources,
    /// Who asks, as it is written.
    pub subjects: Vec<Node>,
    /// Who asks, by role, as it is written.
    pub roles: Vec<Node>,
    /// Who asks, by role of the cluster, as it is written.
    pub cluster_roles: Vec<Node>,
}

/// Objects by what they are: one of each list that is given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resources {
    /// Kinds; see [`selects`].
    pub kinds: Vec<Word>,
    /// Namespaces, with wildcards.
    pub namespaces: Vec<Word>,
    /// Names, with wildcards.
    pub names: Vec<Word>,
    /// A name, in the older way.
    pub name: Option<Word>,
    /// Their annotations, as it is written.
    pub annotations: Option<Node>,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operations: Vec<Word>,
    /// Their labels, as it is written.
    pub selector: Option<Node>,
    /// The labels of their namespaces, as it is written.
    pub namespace_selector: Option<Node>,
}

/// What becomes of objects that do not satisfy a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureAction {
    /// They are reported.
    Audit,
    /// They are refused.
    Enforce,
}

/// ValidatingPolicy and its namespaced form (`api/policies.kyverno.io/v1beta1/validating_policy.go` of Kyverno 1.16.0).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValidatingPolicy {
    /// The requests.
    pub match_constraints: Option<Spanned<MatchResources>>,
    /// What else has to hold of them.
    pub match_conditions: Vec<Spanned<NamedExpression>>,
    /// What the validations may name.
    pub variables: Vec<Spanned<NamedExpression>>,
    /// What has to hold.
    pub validations: Vec<Spanned<Validation>>,
    /// What becomes of a request that does not satisfy it; it is refused unless said.
    pub validation_actions: Vec<Spanned<ValidationAction>>,
    /// What becomes of a request when an expression fails; it is refused unless said.
    pub failure_policy: Option<Spanned<FailurePolicy>>,
    /// When it is asked.
    pub evaluation: Evaluation,
}

/// When a policy is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Evaluation {
    /// At admission.
    pub admission: EvaluationSwitch,
}

/// Whether a policy is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EvaluationSwitch {
    /// Whether it is; true unless said.
    pub enabled: Option<Spanned<bool>>,
}

/// What frees objects from policies (`api/kyverno/v2/policy_exception_types.go`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PolicyException {
    /// The objects.
    pub r#match: PolicyMatch,
    /// The policies.
    pub exceptions: Vec<Spanned<Exception>>,
}

/// A policy that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// Its name, behind its namespace if it has one.
    pub policy_name: Word,
    /// Its rules, with wildcards.
    #[serde(default)]
    pub rule_names: Vec<Word>,
}

impl Policy {
    /// Returns what becomes of objects that do not satisfy a rule: as it says, or as the policy says, or they are reported.
    pub fn action(&self, rule: &PolicyRule) -> FailureAction {
        let of_rule = rule.validate.as_ref().and_then(|validate| validate.get("failureAction")?.text());
        let of_policy = self.validation_failure_action.as_ref().map(|action| action.as_str());
        match of_rule.or(of_policy) {
            Some("Enforce" | "enforce") => FailureAction::Enforce,
            Some(_) | None => FailureAction::Audit,
        }
    }

    /// Tells whether it holds at admission.
    pub fn holds_at_admission(&self) -> bool {
        self.admission.is_none_or(|claim| claim.value)
    }

    /// Tells whether requests pass for which there is no answer (`GetFailurePolicy` in `spec_types.go`).
    pub fn lets_pass_unanswered(&self) -> bool {
        let said = self.webhook_configuration.failure_policy.as_ref().or(self.failure_policy.as_ref());
        said.is_some_and(|word| word.value == "Ignore")
    }

    /// Tells whether some namespaces, or all of them, are told another action than [`Policy::action`] returns of a rule.
    pub fn is_overridden(&self, rule: &PolicyRule) -> bool {
        let of_rule = rule.validate.as_ref().and_then(|validate| validate.get("failureActionOverrides"));
        let of_rule = of_rule.is_some_and(|overrides| !overrides.items().is_empty());
        of_rule || !self.validation_failure_action_overrides.is_empty()
    }
}

impl Resources {
    /// Tells whether an operation is meant: any is, unless some are said.
    pub fn covers_operation(&self, wanted: &str) -> bool {
        self.operations.is_empty() || self.operations.iter().any(|word| word.value == wanted)
    }

    /// Tells whether objects of a namespace are meant: those of any are, unless some are said (`checkNameSpace` in
    /// `pkg/engine/utils/match.go`).
    pub fn covers_namespace(&self, name: &str) -> bool {
        self.namespaces.is_empty()
            || self.namespaces.iter().any(|pattern| matches_wildcard(pattern.as_str(), name))
    }
}

impl PolicyMatch {
    /// Tells whether it means objects of a kind that `is_named` knows when they are created or changed, and not only when
    /// they are deleted.
    pub fn looks_at(&self, is_named: impl Fn(&str) -> bool) -> bool {
        self.resources().any(|resources| {
            resources.kinds.iter().any(|kind| is_named(kind))
                && ["CREATE", "UPDATE"].iter().any(|operation| resources.covers_operation(operation))
        })
    }

    /// Returns every description of objects (`GetKinds` in `match_resources_types.go` goes over the same).
    fn resources(&self) -> impl Iterator<Item = &Resources> {
        let filters = self.any.iter().chain(&self.all).map(|filter| &filter.resources);
        std::iter::once(&self.resources).chain(filters)
    }

    /// Tells whether it means every object of a kind that `is_named` knows in each of some namespaces, however they are named
    /// and whoever asks; what is in `all` narrows.
    pub fn takes_all(&self, is_named: impl Fn(&str) -> bool, namespaces: &[&str]) -> bool {
        let is_open = |resources: &Resources| {
            let Resources { kinds, names, name, annotations, selector, namespace_selector, .. } = resources;
            kinds.iter().any(|kind| is_named(kind))
                && namespaces.iter().all(|namespace| resources.covers_namespace(namespace))
                && names.is_empty()
                && ["CREATE", "UPDATE"].iter().all(|operation| resources.covers_operation(operation))
                && [name.is_none(), annotations.is_none(), selector.is_none(), namespace_selector.is_none()]
                    == [true; 4]
        };
        let is_anybodys = |filter: &ResourceFilter| {
            filter.subjects.is_empty() && filter.roles.is_empty() && filter.cluster_roles.is_empty()
        };
        let takes = |filter: &ResourceFilter| is_open(&filter.resources) && is_anybodys(filter);
        let older = self.subjects.is_empty() && self.roles.is_empty() && self.cluster_roles.is_empty();
        let by_any = self.any.iter().any(takes) || is_open(&self.resources) && older;
        let by_all = !self.all.is_empty() && self.all.iter().all(takes);
        by_any && self.all.is_empty() || by_all && self.any.is_empty()
    }
}

impl ValidatingPolicy {
    /// Tells whether requests that do not satisfy it are refused: without any action, they are (`ValidationActions`).
    pub fn denies(&self) -> bool {
        let is_deny = |action: &Spanned<ValidationAction>| action.value == ValidationAction::Deny;
        self.validation_actions.is_empty() || self.validation_actions.iter().any(is_deny)
    }

    /// Tells whether it holds at admission.
    pub fn holds_at_admission(&self) -> bool {
        self.evaluation.admission.enabled.is_none_or(|claim| claim.value)
    }

    /// Returns what becomes of a request when an expression fails.
    pub fn failure_policy(&self) -> FailurePolicy {
        self.failure_policy.map_or(FailurePolicy::Fail, |policy| policy.value)
    }
}

/// Tells whether a policy that names `written` means objects of a kind themselves, and not only a subresource of theirs:
/// `Kind`, `version/Kind`, `group/version/Kind`, each part with `*` and `?` (`ParseKindSelector` in
/// `pkg/utils/kube/kind.go` of Kyverno 1.19.0).
pub fn selects(written: &str, group: &str, kind: &str) -> bool {
    let mut parts: Vec<&str> = written.split('/').collect();
    let last = parts.pop().unwrap_or_default();
    parts.extend(last.split('.'));
    let (group_part, kind_part, subresource) = match parts[..] {
        [name] => ("*", name, ""),
        ["*", "*"] => ("*", "*", "*"),
        [version, name] if is_version(version) => ("*", name, ""),
        [name, subresource] => ("*", name, subresource),
        [version, name, subresource] if is_version(version) => ("*", name, subresource),
        [group, _, name] => (group, name, ""),
        [group, _, name, subresource] => (group, name, subresource),
        _ => return false,
    };
    matches!(subresource, "" | "*")
        && matches_wildcard(group_part, group)
        && matches_wildcard(kind_part, kind)
}

/// Tells whether a part is `v1`, `v1beta1`, or any version.
fn is_version(part: &str) -> bool {
    part == "*"
        || part.strip_prefix('v').is_some_and(|rest| {
            let rest = rest.strip_prefix(|digit: char| digit.is_ascii_digit());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("alpha") || rest.starts_with("beta"))
        })
}

/// Tells whether a text matches a pattern in which `*` is any text and `?` any character.
fn matches_wildcard(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .any(|at| matches_wildcard(rest.as_str(), &text[at..])),
        Some(wanted) => {
            let mut left = text.chars();
            left.next().is_some_and(|found| {
                (wanted == '?' || wanted == found) && matches_wildcard(rest.as_str(), left.as_str())
            })
        }
    }
}
