//! A provider is to decide at a port where a client can leave it out.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Action,
    mesh::{PortProtocol, Truth},
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-custom-on-tcp",
    severity: Severity::Warning,
    summary: "a provider is to decide at a port where a client can leave it out",
    happens: "A provider for HTTP is asked on HTTP only. On a TCP port the policy is dropped; on a port whose \
              protocol is found out from the bytes the client chooses, and a client that does not speak HTTP is not \
              asked about.",
    mend: "Give the port a protocol in the Service (`appProtocol: http`), and close it to others with an ALLOW \
           policy.",
    silent: "For gRPC providers that are asked on both, which the mesh configuration tells and this does not read.",
    source: "pilot/pkg/security/authz/builder/extauthz.go of Istio 1.21.1; filter chains measured on Envoy 1.40",
    rules: &["AP12", "T14"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in
        scene.mesh.manifests.authorization_policies.iter().filter(|policy| policy.action() == Action::Custom)
    {
        let pods = scene.mesh.pods_authorized_by(policy).into_iter().map(|id| scene.mesh.pod(id));
        for pod in pods.filter(|pod| pod.injection.is_injected == Truth::Yes) {
            let declared = scene.mesh.declared_ports(pod);
            let open = declared
                .into_iter()
                .map(|port| (port, scene.mesh.protocol(pod, port)))
                .find(|(_, spoken)| spoken.protocol != PortProtocol::Http);
            let Some((port, spoken)) = open else { continue };
            let how = match spoken.protocol {
                PortProtocol::Tcp => "TCP: the provider is never asked",
                PortProtocol::Auto | PortProtocol::Http => {
                    "no protocol: the client chooses whether the provider is asked"
                }
            };
            let place = policy.action.map_or(policy.meta.head(), |action| action.span);
            let finding = findings.report(
                place,
                format!("`{}` is not asked at port {port} of `{}`", policy.meta.path(), pod.path()),
                "for HTTP only",
            );
            if let Some((_, declared)) = spoken.because {
                finding.context(declared, how);
            }
            finding.help("give the port `appProtocol: http` in the Service");
        }
    }
}
