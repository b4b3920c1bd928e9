//! A rule names callers of a trust domain that the mesh does not know.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{AuthorizationPolicy, AuthorizationRule, Object, Source, Word, gateway::ServerTlsMode},
    mesh::{Config, Mesh},
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-trust-domain-unknown",
    severity: Severity::Warning,
    summary: "a rule names callers of a trust domain that the mesh does not know",
    happens: "Istio takes `cluster.local` and every name of the mesh's trust domain for all of these names, and leaves any \
              other as it is. Proxies refuse the certificate of another trust domain at the handshake: an ALLOW rule that \
              names one never matches, a DENY rule never bites, and what only excludes one excludes nobody.",
    mend: "Write the mesh's own trust domain, or `cluster.local`, which stands for it; or list the other in \
           `meshConfig.trustDomainAliases`.",
    silent: "Where the mesh config is not shown or comes from elsewhere, where several control planes are installed, where \
             istiod does not compare trust domains (`PILOT_SKIP_VALIDATE_TRUST_DOMAIN`) or trusts more authorities, for \
             policies of gateways, whose clients bring certificates of others, and for principals that have not the five \
             parts of one.",
    source: "ReplaceTrustDomainAliases in pilot/pkg/security/trustdomain/bundle.go, and TrustDomainsForValidation in \
             pilot/pkg/networking/plugin/authn/util.go of Istio 1.21.1; srcTrustDomainGenerator of 1.30.3",
    rules: &["AP32", "AP33", "AC4-5"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let config = &scene.mesh.config;
    if !is_told(scene) {
        return;
    }
    for policy in
        scene.mesh.manifests.authorization_policies.iter().filter(|policy| is_within(scene.mesh, policy))
    {
        for (word, domain) in policy.rules.iter().flat_map(|rule| unknown(rule, config)) {
            findings
                .report(
                    word.span,
                    format!(
                        "`{}` names callers of `{domain}`, which is no trust domain of the mesh",
                        policy.meta.path()
                    ),
                    format!("the mesh's is `{}`", config.trust_domain),
                )
                .help(format!(
                    "write `{}`, or list `{domain}` in `meshConfig.trustDomainAliases`",
                    config.trust_domain
                ));
        }
    }
}

/// Tells whether the manifests show every trust domain that a proxy takes.
fn is_told(scene: &Scene<'_>) -> bool {
    let config = &scene.mesh.config;
    let variable =
        config.control_plane.environment("PILOT_SKIP_VALIDATE_TRUST_DOMAIN", config.release.0 >= 24);
    let is_strict = variable.is_none_or(|variable| {
        ["false", "0", "f", "F", "FALSE", "False"].contains(&variable.value.0.as_str())
    });
    scene.sole_mesh_config().is_some_and(|mesh| is_strict && mesh.ca_certificates.is_empty())
}

/// Tells whether all that a policy speaks of is within the mesh: a gateway that asks its clients for certificates sees
/// those of others.
fn is_within(mesh: &Mesh<'_>, policy: &Object<AuthorizationPolicy>) -> bool {
    let mut servers = mesh.manifests.gateways.iter().flat_map(|gateway| &gateway.servers);
    let asks = servers.any(|server| {
        let mode = server.tls.as_ref().map(|tls| tls.mode());
        matches!(mode, Some(ServerTlsMode::Mutual | ServerTlsMode::OptionalMutual))
    });
    policy.targets().next().is_none() && !mesh.is_for_a_gateway(policy) && (policy.has_selector() || !asks)
}

/// Returns what a rule says of trust domains that are not the mesh's, with these.
fn unknown<'r>(rule: &'r AuthorizationRule, config: &'r Config) -> impl Iterator<Item = (&'r Word, &'r str)> {
    let conditions = rule.when.iter().filter(|condition| condition.key.value == "source.principal");
    let stated = conditions.flat_map(|condition| condition.values.iter().chain(&condition.not_values));
    let principals = rule.sources().flat_map(|source| source.principals.iter().chain(&source.not_principals));
    let of_principals = principals.chain(stated).filter_map(|word| Some((word, trust_domain(word)?)));
    let domains =
        rule.sources().filter(|_| config.has_trust_domains()).flat_map(|source| stated_domains(source));
    of_principals
        .filter(|(_, domain)| !config.is_own_trust_domain(domain))
        .chain(domains.filter(|(_, domain)| !config.trust_domains().any(|name| name == *domain)))
}

/// Returns the trust domain that a principal asks for (`isTrustDomainBeingEnforced`).
fn trust_domain(principal: &str) -> Option<&str> {
    let mut parts = principal.split('/');
    let domain = parts.next().filter(|domain| *domain != "*")?;
    (parts.count() == 4).then_some(domain)
}

/// Returns what `trustDomains` and `notTrustDomains` say in full; here `cluster.local` stands for nothing else.
fn stated_domains(source: &Source) -> impl Iterator<Item = (&Word, &str)> {
    let words = source.trust_domains.iter().chain(&source.not_trust_domains);
    words.filter(|word| !word.contains('*')).map(|word| (word, word.as_str()))
}
