//! Two Services say different protocols for one port of a pod.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "service-protocol-ambiguous",
    severity: Severity::Warning,
    summary: "two Services say different protocols for one port of a pod",
    happens: "Istio takes the word of the older Service, and a cluster that is built anew may have another older \
              one. Where TCP wins, rules on methods and paths refuse everything; where HTTP wins, they hold.",
    mend: "Give both ports the same protocol, by name or `appProtocol`.",
    silent: "Where both say the same, and for ports that no proxy sees.",
    source: "ConvertPort in pkg/config/kube/conversion.go and pilot/pkg/model/service.go of Istio 1.21.1",
    rules: &["T07"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(Span, Span)> = BTreeSet::new();
    for pod in scene.mesh.pods() {
        let services = scene.mesh.services_of(pod);
        if services.len() < 2 {
            continue;
        }
        for number in scene.mesh.declared_ports(pod) {
            let spoken = scene.mesh.protocol(pod, number);
            let (Some((winner, place)), Some(rival)) = (spoken.because, spoken.rival) else { continue };
            if told.insert((place, rival.head())) {
                findings
                    .report(
                        place,
                        format!("port {number} of `{}` speaks what the older Service says", pod.path()),
                        format!("`{}` says one thing", winner.name),
                    )
                    .context(rival.head(), "and this one another")
                    .help("give both ports the same protocol");
            }
        }
    }
}
