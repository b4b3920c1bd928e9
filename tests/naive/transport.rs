//! mTLS mode, port protocol, and what becomes of each kind of client (T01 to T07, T10, T14, PA01 to PA08).

use serde_json::Value;

use super::{
    Client, Cluster, Object,
    read::{Pod, list},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    Disable,
    Permissive,
    Strict,
}

/// What the proxy takes a port for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortProtocol {
    Http,
    Tcp,
    /// Nobody said: the proxy looks at the first bytes.
    Auto,
}

/// What becomes of a connection before any policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The HTTP chain; with the client's certificate or without.
    Http { is_mutual: bool },
    /// The TCP chain.
    Tcp { is_mutual: bool },
    /// The TCP chain of a port that takes TLS for bytes: the application reads them.
    Bytes,
    /// The HTTP chain of a port that expects no TLS: a protocol error.
    BadRequest,
    /// No chain, or a handshake that fails.
    Refused,
}

/// The transport table: measured in all 63 cells, on the chains of `filterchain_options.go` (T01 to T05, T14).
pub fn arrive(mode: Mode, protocol: PortProtocol, client: Client) -> Arrival {
    use Arrival::{BadRequest, Bytes, Http, Refused, Tcp};
    use Mode::{Disable, Permissive, Strict};
    let mutual = |is_http: bool| if is_http { Http { is_mutual: true } } else { Tcp { is_mutual: true } };
    let plain = |is_http: bool| if is_http { Http { is_mutual: false } } else { Tcp { is_mutual: false } };
    let is_sniffed_http = matches!(client, Client::MeshHttp | Client::PlaintextHttp);
    let is_http = match protocol {
        PortProtocol::Http => true,
        PortProtocol::Tcp => false,
        PortProtocol::Auto => is_sniffed_http,
    };
    match (mode, client) {
        (Disable | Permissive, Client::PlaintextBytes) if protocol == PortProtocol::Http => BadRequest,
        (Disable | Permissive, Client::PlaintextHttp | Client::PlaintextBytes) => plain(is_http),
        // T04: nothing terminates TLS.
        (Disable, _) if protocol == PortProtocol::Http => BadRequest,
        // T02, T03: without one of the mesh's ALPNs TLS is the application's own.
        (Permissive, Client::MeshOtherAlpn | Client::Tls) if protocol == PortProtocol::Http => Refused,
        (Disable, _) | (Permissive, Client::MeshOtherAlpn | Client::Tls) => Bytes,
        (Permissive | Strict, Client::MeshHttp | Client::MeshTcp) | (Strict, Client::MeshOtherAlpn) => {
            mutual(is_http)
        }
        // T01: no certificate, no connection.
        (Permissive, Client::TlsForgedAlpn) => Refused,
        (Strict, Client::PlaintextHttp | Client::PlaintextBytes | Client::Tls | Client::TlsForgedAlpn) => {
            Refused
        }
    }
}

/// The modes that a port may have: several where objects of one scope tie and nobody wrote their age (PA05).
///
/// `ComposePeerAuthentication` of `pilot/pkg/security/authn/policy_applier.go`.
pub fn modes(cluster: &Cluster, pod: &Pod<'_>, port: u16) -> Vec<Mode> {
    let root = cluster.root_namespace();
    let scope = |of: &str, has_selector: bool| {
        let objects: Vec<&Object> = cluster
            .of("security.istio.io", "PeerAuthentication")
            .filter(|object| object.namespace == of && has_match_labels(object) == has_selector)
            .filter(|object| !has_selector || pod.has_labels(&object["spec"]["selector"]["matchLabels"]))
            .collect();
        oldest(&objects)
    };
    let mesh = scope(root, false);
    let (of_namespace, of_workload) = if pod.namespace == root {
        // PA04: in the root namespace a selector makes a policy nothing.
        (vec![None], vec![None])
    } else {
        (scope(pod.namespace, false), scope(pod.namespace, true))
    };
    let mut modes = Vec::new();
    for mesh in &mesh {
        for of_namespace in &of_namespace {
            for of_workload in &of_workload {
                modes.push(mode(*mesh, *of_namespace, *of_workload, port));
            }
        }
    }
    modes.sort_unstable();
    modes.dedup();
    modes
}

/// PA01, PA02, PA03, PA06, PA07: the narrowest scope that says something.
fn mode(
    mesh: Option<&Object>,
    of_namespace: Option<&Object>,
    of_workload: Option<&Object>,
    port: u16,
) -> Mode {
    let written = |mtls: &Value| match mtls["mode"].as_str() {
        Some("STRICT") => Some(Mode::Strict),
        Some("PERMISSIVE") => Some(Mode::Permissive),
        Some("DISABLE") => Some(Mode::Disable),
        _ => None,
    };
    let of = |object: Option<&Object>| object.and_then(|object| written(&object["spec"]["mtls"]));
    let of_port = of_workload.and_then(|object| written(&object["spec"]["portLevelMtls"][port.to_string()]));
    of_port.or(of(of_workload)).or(of(of_namespace)).or(of(mesh)).unwrap_or(Mode::Permissive)
}

fn has_match_labels(object: &Object) -> bool {
    object["spec"]["selector"]["matchLabels"].as_object().is_some_and(|labels| !labels.is_empty())
}

/// The objects that may be the oldest: one if the ages are written, else every one that may be older than those.
/// Of equal ages the first by name and namespace wins.
fn oldest<'a>(objects: &[&'a Object]) -> Vec<Option<&'a Object>> {
    let age = |object: &'a Object| object["metadata"]["creationTimestamp"].as_str();
    let (dated, undated): (Vec<&Object>, Vec<&Object>) =
        objects.iter().partition(|object| age(object).is_some());
    let first =
        dated.into_iter().min_by_key(|object| (age(object), format!("{}.{}", object.name, object.namespace)));
    let candidates: Vec<Option<&Object>> = first.into_iter().chain(undated).map(Some).collect();
    if candidates.is_empty() { vec![None] } else { candidates }
}

/// The protocols that a pod's port may have: several where Services tie and disagree (T07).
pub fn protocols(cluster: &Cluster, pod: &Pod<'_>, port: u16) -> Vec<PortProtocol> {
    let mut protocols = Vec::new();
    for sidecar in sidecars_of(cluster, pod) {
        match sidecar.filter(|sidecar| !list(&sidecar["spec"]["ingress"]).is_empty()) {
            Some(sidecar) => protocols.push(ingress_protocol(sidecar, port)),
            None => protocols.extend(service_protocols(cluster, pod, port)),
        }
    }
    protocols.sort_unstable();
    protocols.dedup();
    protocols
}

/// What the oldest of the Services that lead to the port says; nothing said is auto (T06).
fn service_protocols(cluster: &Cluster, pod: &Pod<'_>, port: u16) -> Vec<PortProtocol> {
    let declaring: Vec<&Object> =
        services_of(cluster, pod).filter(|service| declared(service, pod, port).is_some()).collect();
    let said = |service: &Object| declared(service, pod, port).map_or(PortProtocol::Auto, protocol);
    oldest(&declaring).into_iter().map(|service| service.map_or(PortProtocol::Auto, said)).collect()
}

/// The Services that select a pod, as istiod finds them: of its namespace, and with a selector.
pub fn services_of<'a>(cluster: &'a Cluster, pod: &'a Pod<'a>) -> impl Iterator<Item = &'a Object> {
    cluster.of("", "Service").filter(|service| {
        let selector = &service["spec"]["selector"];
        service.namespace == pod.namespace
            && selector.as_object().is_some_and(|selector| !selector.is_empty())
            && pod.has_labels(selector)
    })
}

/// The first port of a Service that leads to a pod's port; of whichever protocol, since istiod does not ask.
pub fn declared<'a>(service: &'a Object, pod: &Pod<'_>, port: u16) -> Option<&'a Value> {
    list(&service["spec"]["ports"]).iter().find(|of| target(of, pod) == Some(port.into()))
}

/// The pod port that a Service port leads to: `FindPort` of `serviceregistry/kube/controller/util.go`.
fn target(port: &Value, pod: &Pod<'_>) -> Option<u64> {
    let protocol = port["protocol"].as_str().unwrap_or("TCP");
    match &port["targetPort"] {
        Value::String(named) => {
            pod.ports().find(|(name, of, _)| name == named && *of == protocol).map(|(_, _, number)| number)
        }
        Value::Number(number) if number.as_u64() != Some(0) => number.as_u64(),
        _ => port["port"].as_u64(),
    }
}

/// What a Service port is, by `appProtocol` or name (T07): `pkg/config/kube/conversion.go`.
fn protocol(port: &Value) -> PortProtocol {
    if port["protocol"] == "UDP" {
        // A TCP chain all the same: `getFilterChainMatchOptions` knows HTTP and auto, and takes the rest for TCP.
        return PortProtocol::Tcp;
    }
    let said = spoken_name(port);
    let is_well_known = matches!(port["port"].as_u64(), Some(25 | 53 | 3306 | 27017));
    match said.as_str() {
        _ if port["appProtocol"] == "kubernetes.io/h2c" => PortProtocol::Http,
        said if said.starts_with("grpc-web") => PortProtocol::Http,
        said => match named(said.split('-').next().unwrap_or_default()) {
            PortProtocol::Auto if is_well_known => PortProtocol::Tcp,
            protocol => protocol,
        },
    }
}

/// The word that tells the protocol, in lower case.
pub fn spoken_name(port: &Value) -> String {
    port["appProtocol"].as_str().or(port["name"].as_str()).unwrap_or_default().to_lowercase()
}

fn named(word: &str) -> PortProtocol {
    match word {
        "http" | "http2" | "http_proxy" | "grpc" | "grpc-web" => PortProtocol::Http,
        "tcp" | "https" | "tls" | "mongo" | "redis" | "mysql" | "udp" => PortProtocol::Tcp,
        _ => PortProtocol::Auto,
    }
}

/// T10: the ports of `ingress` stand in for those of the Services; any other port is auto-detected.
fn ingress_protocol(sidecar: &Object, port: u16) -> PortProtocol {
    let ingress = list(&sidecar["spec"]["ingress"]);
    let listener = ingress.iter().find(|listener| listener["port"]["number"].as_u64() == Some(port.into()));
    let word = listener.and_then(|listener| listener["port"]["protocol"].as_str()).unwrap_or_default();
    named(&word.to_lowercase())
}

/// Whether a Sidecar gives the port a listener of its own, with its own address or TLS, which this model does not follow.
pub fn has_own_listener(cluster: &Cluster, pod: &Pod<'_>, port: u16) -> bool {
    sidecars_of(cluster, pod).into_iter().flatten().any(|sidecar| {
        let ports = list(&sidecar["spec"]["ingress"]).iter();
        ports.filter(|listener| listener["port"]["number"].as_u64() == Some(port.into())).any(|listener| {
            listener["captureMode"] == "NONE" || listener["bind"].is_string() || listener["tls"].is_object()
        })
    })
}

/// The one Sidecar of a pod: of its namespace by labels, else for the namespace, else that of the root namespace.
/// Several where those of one scope tie.
pub fn sidecars_of<'a>(cluster: &'a Cluster, pod: &Pod<'_>) -> Vec<Option<&'a Object>> {
    let of = |wanted: &str, has_selector: bool| {
        let sidecars: Vec<&Object> = cluster
            .of("networking.istio.io", "Sidecar")
            .filter(|sidecar| {
                let selector = &sidecar["spec"]["workloadSelector"];
                sidecar.namespace == wanted
                    && selector.is_null() != has_selector
                    && (!has_selector || pod.has_labels(&selector["labels"]))
            })
            .collect();
        (!sidecars.is_empty()).then(|| oldest(&sidecars))
    };
    of(pod.namespace, true)
        .or_else(|| of(pod.namespace, false))
        .or_else(|| of(cluster.root_namespace(), false))
        .unwrap_or_else(|| vec![None])
}
