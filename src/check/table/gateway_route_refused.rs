//! A gateway sends requests to a workload that takes none of them.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    reach::Fate,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-route-refused",
    severity: Severity::Warning,
    summary: "a gateway sends requests to a workload that takes none of them",
    happens: "The route, the Service and the policy are each sound, and together they answer every request with 403, or \
              with 503 where packets or a handshake do not pass.",
    mend: "Let the gateway's account in by an AuthorizationPolicy and its pods by a NetworkPolicy, or remove the route.",
    silent: "Where a request of the route may pass, where the manifests show neither the gateway's pods nor a policy that \
             names their account, or not the pods of the destination, and for routes of TLS and TCP.",
    source: "semantics J10; `reach --routes` says what becomes of every route",
    rules: &["J10"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for route in scene.routes() {
        let Fate::Refused(step) = &route.fate else { continue };
        let because = step.as_ref().map_or_else(String::new, |step| format!(": {}", step.sentence));
        let report = findings
            .report(
                route.place,
                format!("no request of `{}` that `{}` sends here arrives", route.service, route.gateway),
                format!("`{}` refuses them{because}", route.to),
            )
            .help("let the gateway's account and its pods in, or remove the route");
        if let Some(place) = step.as_ref().and_then(|step| step.places.first()) {
            report.context(*place, "this decides it");
        }
    }
}
