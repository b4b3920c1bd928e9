//! What the engine of reachability finds, all rules taken together.

use super::doubt_assumed;
use crate::{
    control::{Look, Subject},
    manifest::Protocol,
    mesh::Pod,
    reach::{End, Endpoint, Flow, Mark, Port, PortSet},
};

/// Ports of the proxy's own, which it never hides: listed among the exceptions (`tools/istio-iptables/pkg/capture/run.go`
/// of Istio 1.21.1, and the injection template).
pub(in crate::control) const PROXY_PORTS: [u16; 4] = [15008, 15020, 15021, 15090];

/// SC8-16.
pub(in crate::control) fn plaintext(subject: &Subject<'_, '_>, look: &mut Look) {
    each(
        subject,
        look,
        "answers nobody in plaintext",
        |flow| flow.passage.account.is_none(),
        |pod, flow, ports| {
            format!("`{}` answers plaintext at {ports} from {}", pod.path(), sources(subject, flow))
        },
    );
}

/// AC4-12.
pub(in crate::control) fn unnamed_callers(subject: &Subject<'_, '_>, look: &mut Look) {
    let is_anybody = |end: &End| match end {
        End::Pod(id) => {
            matches!(subject.reach.endpoints().endpoint(*id), Endpoint::Unseen(unseen) if unseen.is_anybody())
        }
        End::Outside(_) => false,
    };
    each(
        subject,
        look,
        "closed to whoever no policy names",
        |flow| flow.from.iter().any(is_anybody),
        |pod, _, ports| format!("any pod may call `{}` at {ports}", pod.path()),
    );
}

/// Notes each workload of the mesh, and the flows to it that should not be.
fn each(
    subject: &Subject<'_, '_>,
    look: &mut Look,
    says: &str,
    is_wrong: impl Fn(&Flow) -> bool,
    told: impl Fn(&Pod<'_>, &Flow, String) -> String,
) {
    for pod in subject.meshed_pods() {
        let own = End::Pod(subject.reach.endpoints().of(pod.id));
        let to_pod = subject.flows.iter().filter(|flow| flow.to == own);
        let (mut count, mut is_sound) = (0, true);
        for flow in to_pod {
            count += 1;
            let Some(ports) = visible(flow).filter(|_| is_wrong(flow)) else { continue };
            is_sound = false;
            let message = told(pod, flow, ports);
            match &flow.passage.mark {
                Mark::Unknown(why) => look
                    .doubts(pod.workload.meta.head(), format!("it cannot be told whether {message}: {why}")),
                Mark::Open | Mark::AroundItsProxy | Mark::GreetingOnly => {
                    look.breaks(pod.workload.meta.head(), message);
                }
            }
        }
        if is_sound && !pod.workload.meta.is_assumed() {
            let flows = if count == 1 { "1 flow is".to_owned() } else { format!("{count} flows are") };
            look.at(&pod.workload.meta, format!("{says}; {flows} open to it"));
        }
    }
    doubt_assumed(subject, look);
}

/// Returns the TCP ports of a flow that a sidecar can see; nothing where there is none.
fn visible(flow: &Flow) -> Option<String> {
    let own: PortSet = PROXY_PORTS.iter().map(|port| PortSet::from(Port::tcp(*port))).collect();
    let ports = PortSet::of(Protocol::Tcp).intersection(&flow.ports).difference(&own);
    (!ports.is_empty()).then(|| ports.to_string())
}

fn sources(subject: &Subject<'_, '_>, flow: &Flow) -> String {
    let names: Vec<String> = flow.from.iter().map(|end| subject.reach.end_name(*end)).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [first, rest @ ..] => format!("`{first}` and {} more", rest.len()),
    }
}
