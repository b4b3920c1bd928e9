//! A gateway never takes a route.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    reach::Fate,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-route-unused",
    severity: Severity::Warning,
    summary: "a gateway never takes a route",
    happens: "The first route that matches a request has it: one behind a wider route is dead, and requests that it was \
              written for go elsewhere. A host that no server of the gateway has is answered with 404.",
    mend: "Put the narrower route first, or give the gateway a server for the host.",
    silent: "Where an earlier route asks for more than methods, paths and hosts, or has a regular expression; for routes of \
             other VirtualServices, and of TLS and TCP.",
    source: "networking/v1alpha3/virtual_service.proto, `http`: the first match is used; `gatewayToVirtualServices` of \
             Istio 1.21.1",
    rules: &["J10"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for route in scene.routes() {
        let (because, help) = match route.fate {
            Fate::Shadowed => ("an earlier route has every such request", "put the narrower route first"),
            Fate::NotServed => (
                "no server of the gateway has the host for this namespace",
                "give the gateway a server for the host, or name the gateway that has one",
            ),
            Fate::Arrives | Fate::ArrivesInPart | Fate::Refused(_) | Fate::Answered | Fate::Untold(_) => {
                continue;
            }
        };
        findings
            .report(
                route.place,
                format!("`{}` never takes this route of `{}`", route.gateway, route.service),
                because,
            )
            .help(help);
    }
}
