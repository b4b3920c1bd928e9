//! What no verdict covers, listed rather than hidden, and who bears what.

use super::{Subject, look::PROXY_PORTS};
use crate::{
    manifest::{Protocol, Word, service_entry::Location},
    mesh::{
        IGNORED, Truth,
        admission::{self, GUARDED, Guard, Hold},
    },
    source::Span,
};

/// Something that the claims do not cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// What it is.
    pub what: String,
    /// Where it is said; none where it follows from how Istio works.
    pub span: Option<Span>,
}

pub(super) fn of(subject: &Subject<'_, '_>) -> Vec<Exception> {
    let mut exceptions = general();
    exceptions.extend(admission(subject));
    exceptions.extend(unmeshed_namespaces(subject));
    exceptions.extend(excluded_ports(subject));
    exceptions.extend(datagrams(subject));
    exceptions.extend(external_hosts(subject));
    exceptions.extend(waivers(subject));
    exceptions
}

fn said(what: impl Into<String>, span: impl Into<Option<Span>>) -> Exception {
    Exception { what: what.into(), span: span.into() }
}

/// What is so in every mesh of sidecars (`tools/istio-iptables` and `pilot/pkg/bootstrap` of Istio 1.21.1).
fn general() -> Vec<Exception> {
    let ports: Vec<String> = PROXY_PORTS.iter().map(u16::to_string).collect();
    [
        format!(
            "ports {} of every sidecar are its own and never captured: what answers there has no mutual TLS, no policy and no log",
            ports.join(", ")
        ),
        "UDP, SCTP and ICMP pass around the sidecars; so do the kubelet's probes where they are not rewritten".to_owned(),
        "istiod answers plaintext at 15010, 8080 and 15014".to_owned(),
    ]
    .into_iter()
    .map(|what| said(what, None))
    .collect()
}

/// Istio lets a namespace weaken what the mesh says, and files say nothing of what somebody applies later: only admission can
/// refuse that.
fn admission(subject: &Subject<'_, '_>) -> Vec<Exception> {
    let (mut open, mut told) = (Vec::new(), Vec::new());
    for guarded in GUARDED {
        let guards = admission::guards(subject.scene.mesh, guarded);
        if !guards.iter().any(|guard| guard.hold == Hold::Everywhere) {
            open.push(guarded.kind);
        }
        told.extend(guards.iter().map(|guard| of_guard(guarded.kind, guard)));
    }
    told.sort_by(|a, b| a.what.cmp(&b.what));
    let sentence = match open.as_slice() {
        [] => None,
        kinds if told.is_empty() => Some(format!(
            "nothing in these manifests keeps somebody with access to a namespace from weakening the mesh there, as by a \
             PeerAuthentication that says PERMISSIVE: no admission policy looks at a {}",
            kinds.join(", ")
        )),
        kinds => Some(format!(
            "no admission policy that holds everywhere looks at a {}: what weakens the mesh by these is not refused",
            kinds.join(", ")
        )),
    };
    sentence.map(|what| said(what, None)).into_iter().chain(told).collect()
}

fn of_guard(kind: &str, guard: &Guard<'_>) -> Exception {
    let name = guard.policy.id();
    let (what, span) = match guard.hold {
        Hold::Everywhere => (
            format!("`{name}` holds for every {kind}; what its expressions admit is not evaluated here"),
            guard.policy.head(),
        ),
        Hold::Unknown(why, span) => {
            (format!("whether `{name}` holds for every {kind} is not known: it {why}"), span)
        }
        Hold::Nowhere(why, span) => (format!("`{name}` refuses no {kind}: it {why}"), span),
    };
    said(what, span)
}

/// Namespaces that take no part, as far as the manifests show them.
fn unmeshed_namespaces<'a>(subject: &'a Subject<'_, '_>) -> impl Iterator<Item = Exception> + 'a {
    let mesh = subject.scene.mesh;
    mesh.namespaces().iter().filter_map(move |scope| {
        let object = scope.object?;
        let label = scope.label("istio-injection").or_else(|| scope.label("istio.io/rev"));
        let outside = mesh.pods_in(scope.name).filter(|pod| pod.injection.is_injected == Truth::No).count();
        let why = match label {
            Some(word) if scope.label("istio-injection").is_some() && word.value != "enabled" => "opts out",
            None => "asks for no sidecar",
            Some(_) if IGNORED.contains(&scope.name) => "is never injected",
            Some(_) => return None,
        };
        let place = label.map_or(object.meta.head(), |word| word.span);
        let workloads = if outside == 0 { String::new() } else { format!(", with {outside} workloads here") };
        Some(said(
            format!("the namespace `{}` {why}{workloads}: its pods speak plaintext", scope.name),
            place,
        ))
    })
}

/// Ports that a pod takes out of its sidecar's sight.
fn excluded_ports<'a>(subject: &'a Subject<'_, '_>) -> impl Iterator<Item = Exception> + 'a {
    subject.meshed_pods().flat_map(|pod| {
        pod.capture.excluded().map(move |(port, span)| {
            said(
                format!("port {port} of `{}` is not captured", pod.path()),
                span.unwrap_or(pod.workload.meta.head()),
            )
        })
    })
}

/// What policies open for protocols that no sidecar carries.
fn datagrams<'a>(subject: &'a Subject<'_, '_>) -> impl Iterator<Item = Exception> + 'a {
    subject.scene.mesh.manifests.network_policies.iter().flat_map(|policy| {
        let rules = policy.ingress.iter().chain(&policy.egress);
        rules.flat_map(|rule| &rule.ports).filter_map(move |port| {
            let protocol = port.protocol?;
            let word = match protocol.value {
                Protocol::Tcp => return None,
                Protocol::Udp => "UDP",
                Protocol::Sctp => "SCTP",
            };
            Some(said(
                format!("`{}` opens {word}, which no sidecar carries", policy.meta.path()),
                protocol.span,
            ))
        })
    })
}

/// Hosts outside the mesh, to which proxies hold no identity.
fn external_hosts<'a>(subject: &'a Subject<'_, '_>) -> impl Iterator<Item = Exception> + 'a {
    let entries = subject.scene.mesh.manifests.service_entries.iter();
    entries.filter(|entry| entry.location() == Location::MeshExternal).map(|entry| {
        let hosts: Vec<&str> = entry.hosts.iter().map(|host| host.as_str()).collect();
        let is_every = |address: &&Word| address.ends_with("/0");
        let reach = match entry.addresses.iter().find(is_every) {
            Some(address) => format!(", and stands for every address ({address})"),
            None => String::new(),
        };
        said(
            format!(
                "{} is outside the mesh{reach}: what is sent there is as the application or a DestinationRule makes it",
                hosts.join(", ")
            ),
            entry.meta.head(),
        )
    })
}

/// What somebody bears; each stays what it is.
fn waivers<'a>(subject: &'a Subject<'_, '_>) -> impl Iterator<Item = Exception> + 'a {
    subject.judged.waived.iter().map(|(finding, waiver)| {
        said(
            format!(
                "waived by {} until {}: {} ({}): {}",
                waiver.owner, waiver.expires, finding.message, finding.code, waiver.reason
            ),
            finding.labels.first().map(|label| label.span),
        )
    })
}
