//! A rule compares the address of a client that the gateway does not see.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{
        AuthorizationPolicy, Meta, Object, ServiceType,
        istio_values::{GatewayValues, IstioChart},
        mesh_config::GatewayTopology,
    },
    mesh::releases,
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-client-address-lost",
    severity: Severity::Warning,
    summary: "a rule compares the address of a client that the gateway does not see",
    happens: "Unless the Service of the gateway says `externalTrafficPolicy: Local`, a node puts its own address in the place \
              of the client's; and unless proxies before the gateway are trusted, that is what `ipBlocks` and \
              `remoteIpBlocks` compare. A block of clients then matches nobody, and one that holds the nodes matches \
              everybody.",
    mend: "Say `externalTrafficPolicy: Local` in the gateway's Service; behind a proxy that writes `X-Forwarded-For`, count it \
           in `gatewayTopology.numTrustedProxies` and compare `remoteIpBlocks`; behind one that speaks the PROXY protocol, \
           set `gatewayTopology.proxyProtocol`.",
    silent: "Where the mesh config or the values of the gateway are not shown or come from elsewhere, where several control \
             planes are installed, for Services with annotations, by which a load balancer may be told to keep the address, \
             for pods with an annotation `proxy.istio.io/config`, beside an EnvoyFilter, and for policies of other workloads \
             than gateways.",
    source: "buildGatewayConnectionManager in pilot/pkg/networking/core/v1alpha3/gateway.go of Istio 1.21.1; \
             externalTrafficPolicy of core/v1 Service; istio.io/latest/docs/tasks/security/authorization/authz-ingress",
    rules: &["AC4-8", "AP30"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let Some(config) = scene.sole_mesh_config() else { return };
    if config.default_config.as_ref().is_some_and(|proxy| is_trusting(&proxy.gateway_topology)) {
        return;
    }
    for policy in &scene.mesh.manifests.authorization_policies {
        let Some(word) = policy.rules.iter().find_map(|rule| rule.client_address()) else { continue };
        let Some((meta, place)) = by_chart(scene, policy).or_else(|| by_workload(scene, policy)) else {
            continue;
        };
        findings
            .report(
                word.span,
                format!("`{}` compares addresses that `{}` does not see", policy.meta.path(), meta.path()),
                "compared with the address of a node",
            )
            .context(place, "clients come through here")
            .help("say `externalTrafficPolicy: Local` in the Service of the gateway, or trust the proxies before it");
    }
}

/// Tells whether the word of what stands before gateways is taken for a client's address.
fn is_trusting(topology: &GatewayTopology) -> bool {
    topology.num_trusted_proxies.is_some_and(|count| count.value.0 > 0) || topology.proxy_protocol.is_some()
}

/// Returns a gateway that a chart installs, that a policy is given to and that sees no client's address, with the place
/// that says so.
fn by_chart<'m>(scene: &Scene<'m>, policy: &Object<AuthorizationPolicy>) -> Option<(&'m Meta, Span)> {
    let mut gateways = releases(scene.mesh.manifests, IstioChart::Gateway)
        .filter(|release| scene.is_istios(IstioChart::Gateway, release) && release.values_from.is_empty());
    gateways.find_map(|release| {
        let values = GatewayValues::read(release.values.as_ref()).ok()?;
        let name = release.release_name();
        let own = values.selector_labels(&name);
        let label = |key: &str| {
            let own = own.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
            own.or_else(|| values.labels.named(key).map(|value| value.as_str()))
        };
        let is_given = is_in_scope(scene, policy, release.release_namespace())
            && policy.targets().next().is_none()
            && policy.selector.as_ref().is_none_or(|selector| selector.matches(label));
        let is_plain = ["LoadBalancer", "NodePort"].contains(&values.service_type())
            && values.service.annotations.is_empty()
            && values.annotations.is_empty()
            && values.pod_annotations.named(PROXY).is_none()
            && !is_filtered(scene, release.release_namespace());
        let policy = values.service.external_traffic_policy.as_ref();
        let is_lost = policy.is_none_or(|policy| policy.value != "Local");
        (is_given && is_plain && is_lost)
            .then(|| (&release.meta, policy.map_or(release.meta.head(), |policy| policy.span)))
    })
}

/// Settings of a pod's own proxy, which may trust what stands before it.
const PROXY: &str = "proxy.istio.io/config";

/// Tells whether a policy is for workloads of a namespace, as far as its own namespace decides.
fn is_in_scope(scene: &Scene<'_>, policy: &Object<AuthorizationPolicy>, namespace: &str) -> bool {
    [namespace, scene.mesh.config.root_namespace.as_str()].contains(&policy.meta.namespace())
}

/// Tells whether a filter may find out a client's address in another way.
fn is_filtered(scene: &Scene<'_>, namespace: &str) -> bool {
    let homes = [namespace, scene.mesh.config.root_namespace.as_str()];
    scene.mesh.manifests.envoy_filters.iter().any(|filter| homes.contains(&filter.meta.namespace()))
}

/// As [`by_chart`], of a gateway whose workload and Service are shown.
fn by_workload<'m>(scene: &Scene<'m>, policy: &Object<AuthorizationPolicy>) -> Option<(&'m Meta, Span)> {
    let pods = scene.mesh.pods_authorized_by(policy).into_iter().map(|id| scene.mesh.pod(id));
    let mut gateways = pods.filter(|pod| {
        let annotations = &pod.workload.template.metadata.annotations;
        pod.is_gateway()
            && annotations.named(PROXY).is_none()
            && !is_filtered(scene, scene.mesh.scope_of(pod).name)
    });
    gateways.find_map(|pod| {
        let mut services = scene.mesh.services_of(pod).iter().filter(|service| {
            let is_open = matches!(service.kind(), ServiceType::LoadBalancer | ServiceType::NodePort);
            is_open && service.meta.annotations.is_empty()
        });
        services.find_map(|service| {
            let policy = service.external_traffic_policy.as_ref();
            let is_lost = policy.is_none_or(|policy| policy.value != "Local");
            let place = policy.map_or(service.meta.head(), |policy| policy.span);
            is_lost.then_some((&service.meta, place))
        })
    })
}
