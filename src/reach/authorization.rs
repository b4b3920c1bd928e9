//! Which requests AuthorizationPolicies let through, by caller, port and chain.

use std::collections::HashMap;

use super::{
    attribute::Condition,
    identity::Identity,
    policy::{Part, Policy, Rule},
    requests::{Clause, Requests},
    transport::Chain,
};
use crate::{
    manifest::{Action, AuthorizationPolicy, Object, mesh_config::ProviderKind},
    mesh::{Mesh, Pod},
};

/// Every AuthorizationPolicy of a mesh, translated, and to whom each is given.
#[derive(Debug)]
pub struct Authorization<'m> {
    mesh: &'m Mesh<'m>,
    policies: Vec<Policy<'m>>,
    /// By pod, as places among the former.
    given: Vec<Vec<u32>>,
    /// By pod: whose tokens its proxy believes.
    issuers: Vec<Vec<String>>,
}

/// What a request comes with before it is read.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The filters that it passes.
    pub chain: Chain,
    /// The identity that those see, if any.
    pub caller: Option<&'a Identity>,
    /// The pod's port.
    pub port: u16,
}

/// What becomes of a request that a CUSTOM policy matches (semantics AP12, J16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Custom {
    /// A provider decides, and manifests do not tell how.
    Judged,
    /// It is refused: the provider is unknown to the mesh, or several are asked for.
    Refused,
    /// Nothing: the provider knows requests only, and this is a connection.
    Skipped,
}

impl<'m> Authorization<'m> {
    /// Translates every policy of a mesh.
    pub fn new(mesh: &'m Mesh<'m>) -> Self {
        let objects = &mesh.manifests.authorization_policies;
        let policies = objects.iter().map(|object| Policy::new(object, &mesh.config)).collect();
        let places: HashMap<usize, u32> = objects.iter().map(place).zip(0..).collect();
        let given = |pod| mesh.authorization_of(pod).iter().map(|object| places[&place(object)]).collect();
        let issuers = |pod| mesh.issuers(pod).map(|issuer| issuer.value.clone()).collect();
        Self {
            mesh,
            policies,
            given: mesh.pods().iter().map(given).collect(),
            issuers: mesh.pods().iter().map(issuers).collect(),
        }
    }

    /// Returns every policy.
    pub fn policies(&self) -> &[Policy<'m>] {
        &self.policies
    }

    /// Returns the policies that a pod's proxy is given, in the order in which they were read.
    pub fn given(&self, pod: &Pod<'_>) -> impl Iterator<Item = &Policy<'m>> {
        self.list(pod).iter().map(|place| &self.policies[*place as usize])
    }

    /// Returns the places of the policies that a pod's proxy is given: equal for pods that are alike to them.
    pub fn list(&self, pod: &Pod<'_>) -> &[u32] {
        &self.given[pod.id.index()]
    }

    /// Returns whose tokens the proxies believe, by pod.
    pub(super) fn issuers(&self) -> &[Vec<String>] {
        &self.issuers
    }

    /// Returns the requests that a pod's policies let through (semantics AP06 to AP18).
    ///
    /// A request passes unless a DENY rule matches, and if an ALLOW policy is enforced, one of its rules has to match. A
    /// policy whose rules were all left out counts all the same: then nothing passes.
    pub fn requests(&self, pod: &Pod<'_>, call: Call<'_>) -> Requests<'_, 'm> {
        let enforced = |action| self.given(pod).filter(move |policy| is_enforced(policy, action));
        let issuers = &self.issuers[pod.id.index()];
        // A CUSTOM policy is asked before a token is read (`buildHTTPConnectionManager` in
        // `pilot/pkg/networking/core/v1alpha3/listener_builder.go`@1.21.1), so that to it there is none.
        let has_tokens = |action| action != Action::Custom && !issuers.is_empty();
        let clauses = |action| clauses(enforced(action), call, has_tokens(action));
        let (mut deny, mut judged) = (clauses(Action::Deny), Vec::new());
        match self.custom(pod, call.chain) {
            Custom::Judged => judged = clauses(Action::Custom),
            Custom::Refused => deny.extend(clauses(Action::Custom)),
            Custom::Skipped => {}
        }
        let is_open = enforced(Action::Allow).next().is_none();
        let allow = if is_open { vec![Clause::default()] } else { clauses(Action::Allow) };
        Requests {
            chain: call.chain,
            normalization: self.mesh.config.mesh.normalization(),
            issuers,
            allow,
            deny,
            judged,
        }
    }

    /// As `getExtAuthz` (`authz/builder/extauthz.go`@1.21.1) and, for connections, `buildTCP` beside it.
    pub(super) fn custom(&self, pod: &Pod<'_>, chain: Chain) -> Custom {
        let custom = self.given(pod).filter(|policy| policy.action == Action::Custom);
        let mut names: Vec<&str> = custom.map(Policy::provider).collect();
        names.sort_unstable();
        names.dedup();
        let name = match names.as_slice() {
            [] => return Custom::Skipped,
            [_] if !self.mesh.config.knows_mesh() => return Custom::Judged,
            [name] => name,
            [_, ..] => return Custom::Refused,
        };
        match (self.mesh.config.mesh.provider(name), chain) {
            (Some(ProviderKind::ExtAuthzHttp), Chain::Tcp) => Custom::Skipped,
            (Some(ProviderKind::ExtAuthzHttp | ProviderKind::ExtAuthzGrpc), Chain::Http | Chain::Tcp) => {
                Custom::Judged
            }
            (_, Chain::Http | Chain::Tcp) => Custom::Refused,
        }
    }
}

/// Returns what is left of rules for a call: the parts that its caller and port satisfy, and of those what only the
/// request itself can.
fn clauses<'a, 'm>(
    policies: impl Iterator<Item = &'a Policy<'m>>,
    call: Call<'_>,
    has_tokens: bool,
) -> Vec<Clause<'a, 'm>> {
    let mut clauses = Vec::new();
    for policy in policies {
        let rules = policy.rules.iter();
        for rule in rules.filter(|rule| call.chain == Chain::Http || rule.is_on_tcp(policy.action)) {
            clauses.extend(of_rule(policy, rule, call, has_tokens));
        }
    }
    clauses
}

fn of_rule<'a, 'm>(
    policy: &'a Policy<'m>,
    rule: &'a Rule<'m>,
    call: Call<'_>,
    has_tokens: bool,
) -> Vec<Clause<'a, 'm>> {
    let left = |parts: &'a [Part<'m>]| -> Vec<Vec<&'a Condition<'m>>> {
        let satisfied = parts.iter().filter(|part| part.is_satisfied(call.caller, call.port));
        let mut left: Vec<_> = satisfied.filter_map(|part| left(part, call.chain, has_tokens)).collect();
        if let Some(free) = left.iter().position(Vec::is_empty) {
            left = vec![left.swap_remove(free)];
        }
        left
    };
    let (sources, operations) = (left(&rule.sources), left(&rule.operations));
    let pairs = sources.iter().flat_map(|source| operations.iter().map(move |operation| (source, operation)));
    let clause = |(source, operation): (&Vec<_>, &Vec<_>)| Clause {
        rule: Some((policy, rule)),
        conditions: source.iter().chain(operation).copied().collect(),
    };
    pairs.map(clause).collect()
}

/// Returns the conditions of a part that a request has to satisfy; nothing where none can, since without a
/// RequestAuthentication there is no token (AP35).
fn left<'a, 'm>(part: &'a Part<'m>, chain: Chain, has_tokens: bool) -> Option<Vec<&'a Condition<'m>>> {
    let on_chain = |condition: &&Condition<'_>| chain == Chain::Http || !condition.attribute.is_http_only();
    let is_hollow = |condition: &Condition<'_>| condition.attribute.is_of_token() && !has_tokens;
    let conditions: Vec<&Condition<'m>> = part.conditions.iter().filter(on_chain).collect();
    if conditions.iter().any(|condition| is_hollow(condition) && !condition.is_negated) {
        return None;
    }
    Some(conditions.into_iter().filter(|condition| !is_hollow(condition)).collect())
}

/// Where a policy stands, which tells it from others of the same name.
fn place(object: &Object<AuthorizationPolicy>) -> usize {
    std::ptr::from_ref(object).addr()
}

pub(super) fn is_enforced(policy: &Policy<'_>, action: Action) -> bool {
    policy.action == action && !policy.is_dry_run
}

#[cfg(test)]
mod tests;
