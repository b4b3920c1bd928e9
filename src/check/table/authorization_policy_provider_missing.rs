//! A policy leaves the decision to a provider that the mesh config does not define.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Action, AuthorizationPolicy, MeshConfig, Object},
    schema::nearest,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-provider-missing",
    severity: Severity::Error,
    summary: "a policy leaves the decision to a provider that the mesh config does not define",
    happens: "Nobody can be asked, and Istio refuses everything that the rules of the policy match, to everybody.",
    mend: "Name a provider of `meshConfig.extensionProviders` with `envoyExtAuthzHttp` or `envoyExtAuthzGrpc`, or add it there.",
    silent: "Where the mesh config is not shown or comes from elsewhere, and where several control planes are installed; for \
             whether the provider's Service is there.",
    source: "getExtAuthz in pilot/pkg/security/authz/builder/extauthz.go, and getBadCustomDenyRules in builder.go of Istio \
             1.21.1",
    rules: &["AC4-11", "AP12"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let Some(config) = scene.sole_mesh_config() else { return };
    let policies = scene.mesh.manifests.authorization_policies.iter();
    for policy in policies.filter(|policy| policy.action() == Action::Custom) {
        look(policy, config, findings);
    }
}

fn look(policy: &Object<AuthorizationPolicy>, config: &MeshConfig, findings: &mut Findings) {
    let path = policy.meta.path();
    let Some(name) = policy.provider.as_ref().and_then(|provider| provider.name.as_ref()) else {
        let place = policy.action.map_or(policy.meta.head(), |action| action.span);
        findings
            .report(place, format!("`{path}` does not say who decides"), "no provider is named")
            .help("name one of `meshConfig.extensionProviders` as `provider.name`");
        return;
    };
    if config.authorizer(name).is_some() {
        return;
    }
    let named = || config.extension_providers.iter().filter(|provider| provider.decides());
    let other = config.extension_providers.iter().find(|provider| provider.name() == name.as_str());
    let near = nearest(name, named().map(|provider| provider.name()));
    let label = match (other, near) {
        (Some(_), _) => "decides about no requests".to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => "not in `meshConfig.extensionProviders`".to_owned(),
    };
    let finding = findings.report(
        name.span,
        format!("`{path}` asks `{name}`, and no provider of that name decides"),
        label,
    );
    if let Some(other) = other {
        finding.context(other.span, "the provider of that name");
    }
    finding
        .help("add it to `meshConfig.extensionProviders`, with `envoyExtAuthzHttp` or `envoyExtAuthzGrpc`");
}
