//! The ways in, and the ways out.

use super::{all, at_mesh_config, control_plane, mesh_config, variable};
use crate::{
    control::{Look, Subject},
    manifest::{
        Meta, Object, Service, ServiceType,
        gateway::Server,
        istio_values::{GatewayValues, IstioChart},
        sidecar::OutboundMode,
    },
    mesh::releases,
    source::Span,
    yaml::Spanned,
};

/// SC7-1: a mode that is left to the default is `ALLOW_ANY`, unless the block is there without one.
pub(in crate::control) fn outbound(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let stated =
        mesh.outbound_traffic_policy.map(|policy| policy.value.mode.map_or(policy.span, |mode| mode.span));
    match mesh.outbound_mode() {
        OutboundMode::RegistryOnly => {
            at_mesh_config(subject, stated, "outboundTrafficPolicy.mode: REGISTRY_ONLY", look);
        }
        OutboundMode::AllowAny | OutboundMode::AllowAnyDynamicDns => look.breaks(
            stated.or_else(|| subject.scene.mesh.config_place()),
            "calls to hosts that nothing registers go where they want",
        ),
    }
}

/// SC7-2.
pub(in crate::control) fn sidecars(subject: &Subject<'_, '_>, look: &mut Look) {
    all(&subject.scene.mesh.manifests.sidecars, "leaves unregistered hosts closed", look);
}

/// SC7-3.
pub(in crate::control) fn service_entries(subject: &Subject<'_, '_>, look: &mut Look) {
    for entry in &subject.scene.mesh.manifests.service_entries {
        let hosts: Vec<&str> = entry.hosts.iter().map(|host| host.as_str()).collect();
        look.at(&entry.meta, hosts.join(", "));
    }
}

/// SC7-5: what opens a way in past the cluster's edge (`core/v1` Service, `hostPort` of a container).
pub(in crate::control) fn ways_in(subject: &Subject<'_, '_>, look: &mut Look) {
    let mesh = subject.scene.mesh;
    let mut balancers: Vec<(&Meta, Span)> = Vec::new();
    for service in &mesh.manifests.services {
        let place = service.r#type.map_or(service.meta.head(), |kind| kind.span);
        match service.kind() {
            ServiceType::LoadBalancer if leads_to_gateways(subject, service) => {
                balancers.push((&service.meta, place));
            }
            ServiceType::LoadBalancer => look.breaks(
                place,
                format!("a load balancer leads to `{}`, past the gateway", service.meta.path()),
            ),
            ServiceType::NodePort => {
                look.breaks(place, format!("a port of every node leads to `{}`", service.meta.path()));
            }
            ServiceType::ClusterIp | ServiceType::ExternalName => {}
        }
        if let Some(address) = service.external_ips.first() {
            look.breaks(address.span, format!("an external address leads to `{}`", service.meta.path()));
        }
    }
    for release in releases(mesh.manifests, IstioChart::Gateway) {
        let values = GatewayValues::read(release.values.as_ref()).unwrap_or_default();
        let place = values.service.r#type.as_ref().map_or(release.meta.head(), |word| word.span);
        match values.service_type() {
            "LoadBalancer" => balancers.push((&release.meta, place)),
            "NodePort" => look.breaks(place, format!("`{}` opens a port of every node", release.meta.path())),
            _ => look.at_place(&release.meta, "opens no way in", place),
        }
        if let Some(address) = values.service.external_ips.first() {
            look.breaks(address.span, format!("an external address leads to `{}`", release.meta.path()));
        }
    }
    for pod in subject.applied_pods() {
        for port in pod.workload.ports().filter_map(|port| port.host_port) {
            look.breaks(
                port.span,
                format!("port {} of the node leads to `{}`, past the gateway", port.value, pod.path()),
            );
        }
    }
    for (number, (meta, place)) in balancers.into_iter().enumerate() {
        if number == 0 {
            look.at_place(meta, "the gateway's load balancer", place);
        } else {
            look.breaks(place, format!("`{}` is a second way in", meta.path()));
        }
    }
}

fn leads_to_gateways(subject: &Subject<'_, '_>, service: &Object<Service>) -> bool {
    let pods = subject.scene.mesh.pods_behind(service);
    !pods.is_empty() && pods.iter().all(|id| subject.scene.mesh.pod(*id).is_gateway())
}

/// SC7-6: without `PILOT_SCOPE_GATEWAY_TO_NAMESPACE` a Gateway of any namespace adds servers to the gateway's pods
/// (`pilot/pkg/features` of Istio 1.21.1, false unless said).
pub(in crate::control) fn gateway_scope(subject: &Subject<'_, '_>, look: &mut Look) {
    let gateways = &subject.scene.mesh.manifests.gateways;
    let Some(first) = gateways.first() else { return };
    let Some(release) = control_plane(subject, look) else {
        look.doubts(
            first.meta.head(),
            "whether istiod keeps Gateways to their namespace is not in the manifests",
        );
        return;
    };
    match variable(subject, "PILOT_SCOPE_GATEWAY_TO_NAMESPACE") {
        Some((value, place)) if ["1", "t", "T", "true", "TRUE", "True"].contains(&value.as_str()) => {
            look.at_place(&release.meta, format!("PILOT_SCOPE_GATEWAY_TO_NAMESPACE: {value}"), place);
            all(gateways, "binds to pods of its own namespace", look);
        }
        Some((_, place)) => look.breaks(place, "a Gateway of any namespace adds servers to the gateway"),
        None => look.breaks(
            release.meta.head(),
            "PILOT_SCOPE_GATEWAY_TO_NAMESPACE is not set: a Gateway of any namespace adds servers to the gateway",
        ),
    }
}

/// SC7-7.
pub(in crate::control) fn ingresses(subject: &Subject<'_, '_>, look: &mut Look) {
    all(&subject.scene.mesh.manifests.ingresses, "served by no gateway of the mesh", look);
}

/// SC7-8.
pub(in crate::control) fn gateway_api(subject: &Subject<'_, '_>, look: &mut Look) {
    all(&subject.scene.mesh.manifests.gateway_api_gateways, "makes no way in", look);
}

/// SC7-9 and SC7-10.
pub(in crate::control) fn servers(subject: &Subject<'_, '_>, look: &mut Look) {
    each_server(subject, |meta, server| {
        let hosts: Vec<&str> = server.hosts.iter().map(|host| host.as_str()).collect();
        let what = if server.redirects_to_https() { "sends on to HTTPS" } else { "ends TLS" };
        look.at_place(
            meta,
            format!("port {} {what} for {}", server.port.number(), hosts.join(", ")),
            server.span,
        );
    });
}

/// SC7-11.
pub(in crate::control) fn gateways(subject: &Subject<'_, '_>, look: &mut Look) {
    let mesh = subject.scene.mesh;
    all(releases(mesh.manifests, IstioChart::Gateway), "the chart of a gateway", look);
    for pod in mesh.pods().iter().filter(|pod| pod.is_gateway() && !pod.workload.meta.is_assumed()) {
        look.at(&pod.workload.meta, "the workload of a gateway");
    }
}

/// Goes through every server of every Gateway.
pub(super) fn each_server(subject: &Subject<'_, '_>, mut take: impl FnMut(&Meta, &Spanned<Server>)) {
    for gateway in &subject.scene.mesh.manifests.gateways {
        gateway.servers.iter().for_each(|server| take(&gateway.meta, server));
    }
}
