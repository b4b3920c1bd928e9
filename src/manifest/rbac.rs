//! `rbac.authorization.k8s.io`: Role, ClusterRole, RoleBinding and ClusterRoleBinding.

use serde::Deserialize;

use super::{LabelSelector, Word, meta::said};
use crate::yaml::Spanned;

/// What somebody may do, within a namespace or everywhere (`rbac/v1/types.go`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Role {
    /// The rules; one of them has to allow.
    pub rules: Vec<Spanned<RoleRule>>,
    /// Other ClusterRoles whose rules it gets instead.
    pub aggregation_rule: Option<AggregationRule>,
}

/// What is allowed: one of each list has to match, and `*` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RoleRule {
    /// What is done.
    pub verbs: Vec<Word>,
    /// API groups; empty for the core one.
    pub api_groups: Vec<Word>,
    /// Resources, in the plural, with a subresource behind a slash.
    pub resources: Vec<Word>,
    /// Objects by name; every one where empty.
    pub resource_names: Vec<Word>,
}

/// ClusterRoles by their labels.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AggregationRule {
    /// One of these has to match.
    pub cluster_role_selectors: Vec<LabelSelector>,
}

/// Who may do what a role allows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleBinding {
    /// Who.
    #[serde(default)]
    pub subjects: Vec<Spanned<Subject>>,
    /// The role.
    pub role_ref: Spanned<RoleReference>,
}

/// Somebody: a `User`, a `Group`, or a `ServiceAccount`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subject {
    /// Which of these.
    pub kind: Word,
    /// The name.
    pub name: Word,
    /// The namespace of a ServiceAccount.
    #[serde(default)]
    pub namespace: Option<Word>,
}

/// A `Role` of the binding's own namespace, or a `ClusterRole`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoleReference {
    /// Which of these.
    pub kind: Word,
    /// The name.
    pub name: Word,
}

impl RoleRule {
    /// Tells whether it allows to do something to a resource; one object by name is enough.
    pub fn allows(&self, verb: &str, group: &str, resource: &str) -> bool {
        let has = |list: &[Word], name: &str| list.iter().any(|word| word.value == "*" || word.value == name);
        has(&self.verbs, verb) && has(&self.api_groups, group) && has(&self.resources, resource)
    }
}

impl Subject {
    /// Returns the name by which the API server knows it: `system:serviceaccount:NAMESPACE:NAME` for a ServiceAccount.
    pub fn user(&self) -> String {
        match (self.kind.as_str(), said(self.namespace.as_ref())) {
            ("ServiceAccount", namespace) => {
                format!("system:serviceaccount:{}:{}", namespace.unwrap_or_default(), self.name)
            }
            _ => self.name.value.clone(),
        }
    }
}
