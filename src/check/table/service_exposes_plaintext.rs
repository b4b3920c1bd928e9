//! A Service opens workloads to the outside that accept plaintext.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Mode, Object, Service, ServiceType},
    mesh::{Mesh, Pod, Truth},
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "service-exposes-plaintext",
    severity: Severity::Warning,
    summary: "a Service opens workloads to the outside that accept plaintext",
    happens: "A load balancer, a node port or an external address leads past the gateway straight to the pod: with \
              PERMISSIVE mutual TLS, or without a sidecar, it answers whoever gets there, in plaintext.",
    mend: "Expose the workload through the gateway, and make the Service a ClusterIP.",
    silent: "For gateways, whose pods are meant to be reached, and for STRICT workloads, which refuse such callers.",
    source: "core/v1 Service of Kubernetes; filter chains of Istio 1.21.1 in \
             pilot/pkg/networking/core/v1alpha3/listener_inbound.go",
    rules: &["J11", "SC7-5"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Sc7],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for service in &scene.mesh.manifests.services {
        let Some((place, how)) = opened(service) else { continue };
        let pods = scene.mesh.pods_behind(service);
        let open = pods
            .iter()
            .map(|id| scene.mesh.pod(*id))
            .find(|pod| !pod.is_gateway() && takes_plaintext(scene.mesh, service, pod));
        if let Some(pod) = open {
            findings
                .report(
                    place,
                    format!(
                        "`{}` leads to `{}` past the gateway, in plaintext",
                        service.meta.path(),
                        pod.path()
                    ),
                    how,
                )
                .help("make it a ClusterIP, and expose the workload through the gateway");
        }
    }
}

fn opened(service: &Object<Service>) -> Option<(Span, &'static str)> {
    let kind = service.r#type.map(|kind| kind.span);
    match service.kind() {
        ServiceType::LoadBalancer => kind.map(|span| (span, "a load balancer")),
        ServiceType::NodePort => kind.map(|span| (span, "a port of every node")),
        ServiceType::ClusterIp | ServiceType::ExternalName => {
            service.external_ips.first().map(|ip| (ip.span, "an external address"))
        }
    }
}

fn takes_plaintext(mesh: &Mesh<'_>, service: &Object<Service>, pod: &Pod<'_>) -> bool {
    match pod.injection.is_injected {
        Truth::Unknown => false,
        Truth::No => true,
        Truth::Yes => {
            let mut numbers = service.spec.ports.iter().flat_map(|port| port.numbers_at(&pod.workload.spec));
            numbers.any(|number| {
                !pod.capture.includes(number) || mesh.mode(pod, Some(number)).mode != Mode::Strict
            })
        }
    }
}
