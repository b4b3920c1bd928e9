//! A container runs as the proxy's own user, and its calls bypass the sidecar.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Container, SecurityContext},
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "pod-runs-as-proxy-user",
    severity: Severity::Error,
    summary: "a container runs as the proxy's own user, and its calls bypass the sidecar",
    happens: "What user or group 1337 sends is not redirected, because it is taken for the proxy itself: such a \
              container leaves the pod past mutual TLS, the registry and the log.",
    mend: "Run the container as another user.",
    silent: "For containers that carry the proxy, `istio-proxy` and `istio-validation`.",
    source: "tools/istio-iptables/pkg/capture/run.go of Istio 1.21.1",
    rules: &["SC8-10", "IST0144"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Sc7],
    run,
};

const PROXY: i64 = 1337;

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for pod in scene.mesh.pods() {
        let spec = &pod.workload.template.spec;
        let own =
            spec.containers.iter().chain(&spec.init_containers).filter(|container| !is_proxys(container));
        let places = own
            .map(|container| &container.security_context)
            .chain([&spec.security_context])
            .filter_map(place);
        for place in places {
            findings
                .report(
                    place,
                    format!("calls of `{}` bypass its sidecar", pod.path()),
                    "the proxy's own user",
                )
                .help("run as another user");
        }
    }
}

fn is_proxys(container: &Container) -> bool {
    container
        .name
        .as_ref()
        .is_some_and(|name| ["istio-proxy", "istio-validation", "istio-init"].contains(&name.as_str()))
}

fn place(context: &SecurityContext) -> Option<Span> {
    let ids = [context.run_as_user, context.run_as_group];
    ids.into_iter().flatten().find(|id| id.value == PROXY).map(|id| id.span)
}
