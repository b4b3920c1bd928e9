//! Who may call whom.

use super::{all, asks_for_sidecars, at_mesh_config, mesh_config, written};
use crate::{
    control::{Look, Subject},
    manifest::{Action, AuthorizationPolicy, Object, Source},
};

/// AC4-1: an ALLOW policy without rules is given to every workload of its namespace, or in the root namespace to every one
/// of the mesh, and allows nothing (`pilot/pkg/security/authz/builder/builder.go` of Istio 1.21.1).
pub(in crate::control) fn closing(subject: &Subject<'_, '_>, look: &mut Look) {
    let mesh = subject.scene.mesh;
    let root = mesh.config.root_namespace.as_str();
    let closing: Vec<_> =
        mesh.manifests.authorization_policies.iter().filter(|policy| closes(policy)).collect();
    for policy in &closing {
        let whom = if policy.meta.namespace() == root { "the mesh" } else { "its namespace" };
        look.at(&policy.meta, format!("allows nothing, for every workload of {whom}"));
    }
    if closing.iter().any(|policy| policy.meta.namespace() == root) {
        return;
    }
    for scope in mesh.namespaces().iter().filter(|scope| asks_for_sidecars(scope)) {
        let is_closed = closing.iter().any(|policy| policy.meta.namespace() == scope.name);
        if let Some(object) = scope.object.filter(|_| !is_closed) {
            look.breaks(
                object.meta.head(),
                format!(
                    "a workload of `{}` that no AuthorizationPolicy selects is open to every caller",
                    scope.name
                ),
            );
        }
    }
}

fn closes(policy: &Object<AuthorizationPolicy>) -> bool {
    policy.action() == Action::Allow
        && policy.rules.is_empty()
        && !policy.has_selector()
        && policy.targets().next().is_none()
        && !policy.is_dry_run(&policy.meta)
}

/// AC4-2: a source that only excludes names nobody, and admits whoever is not thought of.
pub(in crate::control) fn named_callers(subject: &Subject<'_, '_>, look: &mut Look) {
    policies(subject, look);
    let allowing = subject.scene.mesh.manifests.authorization_policies.iter();
    for policy in allowing.filter(|policy| policy.action() == Action::Allow) {
        for source in policy.rules.iter().flat_map(|rule| rule.sources()) {
            if !source.is_empty() && !names_somebody(source) {
                look.breaks(source.span, format!("`{}` names callers by exclusion only", policy.meta.path()));
            }
        }
    }
}

fn names_somebody(source: &Source) -> bool {
    let named = [
        &source.principals,
        &source.request_principals,
        &source.namespaces,
        &source.service_accounts,
        &source.trust_domains,
        &source.ip_blocks,
        &source.remote_ip_blocks,
    ];
    named.into_iter().any(|words| !words.is_empty())
}

/// AC4-3 to AC4-7.
pub(in crate::control) fn policies(subject: &Subject<'_, '_>, look: &mut Look) {
    for policy in &subject.scene.mesh.manifests.authorization_policies {
        let (action, rules) = (action(policy.action()), policy.rules.len());
        look.at(&policy.meta, format!("{action} with {rules} {}", if rules == 1 { "rule" } else { "rules" }));
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Allow => "ALLOW",
        Action::Deny => "DENY",
        Action::Audit => "AUDIT",
        Action::Custom => "CUSTOM",
    }
}

/// AC4-8.
pub(in crate::control) fn addresses(subject: &Subject<'_, '_>, look: &mut Look) {
    let mesh = subject.scene.mesh;
    for policy in mesh.manifests.authorization_policies.iter().filter(|policy| mesh.is_for_a_gateway(policy))
    {
        if let Some(word) = policy.rules.iter().find_map(|rule| rule.client_address()) {
            look.at_place(&policy.meta, "compares addresses of clients", word.span);
        }
    }
}

/// AC4-9.
pub(in crate::control) fn paths(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let stated = mesh.path_normalization.normalization.map(|choice| choice.span);
    let word = stated.map_or("BASE, unless said", |span| written(subject, span));
    at_mesh_config(subject, stated, format!("pathNormalization: {word}"), look);
}

/// AC4-11: a provider that is not there, or lets requests pass when it does not answer, decides nothing; checks tell both.
pub(in crate::control) fn providers(subject: &Subject<'_, '_>, look: &mut Look) {
    let policies = subject.scene.mesh.manifests.authorization_policies.iter();
    for policy in policies.filter(|policy| policy.action() == Action::Custom) {
        let name = policy.provider.as_ref().and_then(|provider| provider.name.as_ref());
        let named = mesh_config(subject, look).map(|mesh| name.and_then(|name| mesh.authorizer(name)));
        match named {
            Some(Some(provider)) if provider.fails_open().is_none() => {
                let place = name.map_or(policy.meta.head(), |name| name.span);
                look.at_place(&policy.meta, "its provider refuses what it cannot decide", place);
            }
            Some(Some(_)) => {}
            Some(None) if subject.scene.sole_mesh_config().is_some() => {}
            Some(None) | None => look.doubts(
                policy.meta.head(),
                format!("the provider of `{}` is not in the manifests", policy.meta.id()),
            ),
        }
    }
}

/// ADM-2: a Role counts as no enforcement, and may undo one.
pub(in crate::control) fn roles(subject: &Subject<'_, '_>, look: &mut Look) {
    all(&subject.scene.mesh.manifests.roles, "writes no policy of the mesh", look);
}
