//! Two readings of one question: a client that does what it can, and one that goes through its own proxy.

use serde_json::Value;

use super::{
    Answer, Chain, Client, Cluster, Destination, Finding, Layer, Object, Protocol, Question, Request, Source,
    Verdict, answer, injection, pattern,
    pattern::Truth,
    read::{Pod, list, texts},
    transport::{self, Mode, PortProtocol},
};

/// What a client reaches that may send anything its position allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The best of all kinds.
    pub verdict: Verdict,
    /// The best of the kinds that the receiver knows by a certificate.
    pub authenticated: Verdict,
    /// The best of the others.
    pub anonymous: Verdict,
    /// What each kind is answered.
    pub answers: Vec<(Client, Answer)>,
}

/// The adversarial verdict: any kind of client, the best of which counts. What binds only clients does not (J12).
pub fn adversarial(cluster: &Cluster, question: &Question) -> Reach {
    let answers: Vec<(Client, Answer)> = Client::ALL
        .into_iter()
        .map(|client| (client, answer(cluster, &Question { client, ..question.clone() })))
        .collect();
    let best = |is_known: bool| {
        let of = answers.iter().filter(|(_, answer)| answer.identity.is_some() == is_known);
        of.map(|(_, answer)| answer.verdict).max().unwrap_or(Verdict::Denied)
    };
    let (authenticated, anonymous) = (best(true), best(false));
    Reach { verdict: authenticated.max(anonymous), authenticated, anonymous, answers }
}

/// The cooperative verdict: the one kind that the source's own proxy makes of the traffic, where it has one.
pub fn cooperative(cluster: &Cluster, question: &Question) -> Answer {
    match captures_outbound(cluster, question) {
        Truth::No => {
            answer(cluster, &Question { client: in_the_clear(question.request.as_ref()), ..question.clone() })
        }
        Truth::Yes => through_proxy(cluster, question),
        Truth::Maybe => {
            let alone = Question { client: in_the_clear(question.request.as_ref()), ..question.clone() };
            through_proxy(cluster, question)
                .either(answer(cluster, &alone), "whether the source has a proxy (NP34)")
        }
    }
}

/// Whether the source's traffic goes through a proxy of its own.
fn captures_outbound(cluster: &Cluster, question: &Question) -> Truth {
    match &question.source {
        _ if question.protocol != Protocol::Tcp => Truth::No,
        Source::Pod(called) => injection::is_injected(cluster, &cluster.pod(called)),
        Source::Representative(stranger) => stranger.meshed.into(),
        Source::Node | Source::Outside => Truth::No,
    }
}

fn in_the_clear(request: Option<&Request>) -> Client {
    if request.is_some() { Client::PlaintextHttp } else { Client::PlaintextBytes }
}

fn through_proxy(cluster: &Cluster, question: &Question) -> Answer {
    match &question.destination {
        Destination::Outside(address, host) => {
            let knows = is_registered(cluster, question, &address.to_string(), host.as_deref());
            let sent = Question { client: in_the_clear(question.request.as_ref()), ..question.clone() };
            answer(cluster, &sent).after(outbound(cluster, question, knows.into()))
        }
        Destination::Pod(called) => {
            let pod = cluster.pod(called);
            let declaring: Vec<(&Object, &Value, Truth)> = transport::services_of(cluster, &pod)
                .filter_map(|service| Some((service, transport::declared(service, &pod, question.port)?)))
                .map(|(service, port)| {
                    let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
                    let number = port["port"].as_u64().unwrap_or_default();
                    (service, port, is_imported(cluster, &question.source, &service.namespace, &host, number))
                })
                .filter(|(.., is_imported)| *is_imported != Truth::No)
                .collect();
            let knows = declaring.iter().map(|(.., is_imported)| *is_imported).max().unwrap_or(Truth::No);
            let mut answers = Vec::new();
            for client in kinds(cluster, question, &pod, &declaring) {
                let sent = Question { client, ..question.clone() };
                answers.push(answer(cluster, &sent).after(outbound(cluster, question, knows)));
            }
            let why = "objects of one scope tie, and files have no age (PA05, T07)";
            answers.into_iter().reduce(|one, other| one.either(other, why)).expect("a client has a kind")
        }
    }
}

/// The kinds that the proxy may use toward a pod: one, unless objects tie.
///
/// Without a DestinationRule that says how, a proxy speaks mTLS to a pod that has one, unless the port's mode is
/// DISABLE (J09): `checkMtlsEnabled` of `pilot/pkg/xds/endpoints/mtls_checker.go`.
fn kinds(
    cluster: &Cluster,
    question: &Question,
    pod: &Pod<'_>,
    declaring: &[(&Object, &Value, Truth)],
) -> Vec<Client> {
    let clear = in_the_clear(question.request.as_ref());
    // No Service, no cluster: the bytes pass through as they are.
    let Some((service, port, is_imported)) = declaring.first() else { return vec![clear] };
    let has_proxy = injection::is_injected(cluster, pod);
    let mut kinds = if *is_imported == Truth::Yes { Vec::new() } else { vec![clear] };
    for protocol in transport::protocols(cluster, pod, question.port) {
        let mesh = match (protocol, &question.request) {
            (PortProtocol::Http, _) | (PortProtocol::Auto, Some(_)) => Client::MeshHttp,
            (PortProtocol::Tcp, _) | (PortProtocol::Auto, None) => Client::MeshTcp,
        };
        match rule_mode(cluster, question, service, port) {
            Some("ISTIO_MUTUAL") => kinds.push(mesh),
            Some("DISABLE") => kinds.push(clear),
            Some(_) => kinds.push(Client::Tls),
            None => {
                kinds.extend(transport::modes(cluster, pod, question.port).into_iter().flat_map(|mode| {
                    let is_mutual = mode != Mode::Disable && has_proxy != Truth::No;
                    let is_clear = mode == Mode::Disable || has_proxy != Truth::Yes;
                    is_mutual.then_some(mesh).into_iter().chain(is_clear.then_some(clear))
                }));
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// What the DestinationRule for a Service port says about TLS (J09): of the client's namespace, else the Service's,
/// else the root namespace; a port's own settings before the rest.
fn rule_mode<'a>(
    cluster: &'a Cluster,
    question: &Question,
    service: &Object,
    port: &Value,
) -> Option<&'a str> {
    let client = match &question.source {
        Source::Pod(called) => called.split('/').next().unwrap_or_default(),
        Source::Representative(stranger) => &stranger.namespace,
        Source::Node | Source::Outside => return None,
    };
    let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
    let rule = [client, &service.namespace, cluster.root_namespace()].into_iter().find_map(|of| {
        cluster
            .of("networking.istio.io", "DestinationRule")
            .find(|rule| rule.namespace == of && is_visible(rule, client) && full_host(rule) == host)
    })?;
    let policy = &rule["spec"]["trafficPolicy"];
    let of_port = list(&policy["portLevelSettings"])
        .iter()
        .find(|settings| settings["port"]["number"] == port["port"] && settings["tls"].is_object());
    let tls = of_port.map_or(&policy["tls"], |settings| &settings["tls"]);
    tls.is_object().then(|| tls["mode"].as_str().unwrap_or("DISABLE"))
}

fn full_host(rule: &Object) -> String {
    let host = rule["spec"]["host"].as_str().unwrap_or_default();
    if host.contains('.') { host.to_owned() } else { format!("{host}.{}.svc.cluster.local", rule.namespace) }
}

/// `exportTo`: nothing said is every namespace, "." the object's own.
fn is_visible(object: &Object, client: &str) -> bool {
    let scopes = texts(&object["spec"]["exportTo"]);
    scopes.is_empty()
        || scopes
            .iter()
            .any(|scope| *scope == "*" || *scope == client || *scope == "." && object.namespace == client)
}

/// Whether a ServiceEntry that the client sees names an outside host, or its address, and the port (J13).
fn is_registered(cluster: &Cluster, question: &Question, address: &str, host: Option<&str>) -> bool {
    let client = match &question.source {
        Source::Pod(called) => called.split('/').next().unwrap_or_default(),
        Source::Representative(stranger) => &stranger.namespace,
        Source::Node | Source::Outside => return true,
    };
    cluster.of("networking.istio.io", "ServiceEntry").any(|entry| {
        let spec = &entry["spec"];
        let has_port =
            list(&spec["ports"]).iter().any(|port| port["number"].as_u64() == Some(question.port.into()));
        let has_host =
            host.is_some_and(|host| texts(&spec["hosts"]).iter().any(|one| pattern::host(one, host)));
        let has_address = address.parse().is_ok_and(|address| {
            texts(&spec["addresses"]).iter().any(|one| pattern::block(one, address) == Some(true))
        });
        let is_known = texts(&spec["hosts"]).iter().any(|host| {
            let port = question.port.into();
            is_imported(cluster, &question.source, &entry.namespace, host, port) == Truth::Yes
        });
        is_visible(entry, client) && has_port && (has_host || has_address) && is_known
    })
}

/// Whether the source's Sidecar imports a port of a host (`networking/v1alpha3/sidecar.proto`): every one, if it has no
/// `egress`. A listener of the port hides those without one, and what has an address or a capture of its own is not followed.
fn is_imported(cluster: &Cluster, source: &Source, namespace: &str, host: &str, port: u64) -> Truth {
    let Source::Pod(called) = source else { return Truth::Yes };
    let pod = cluster.pod(called);
    let says = transport::sidecars_of(cluster, &pod).into_iter().map(|sidecar| {
        let listeners = sidecar.map_or(&[][..], |sidecar| list(&sidecar["spec"]["egress"]));
        if listeners.is_empty() {
            return Truth::Yes;
        }
        let of_port = |listener: &&Value| listener["port"]["number"].as_u64() == Some(port);
        let is_own = listeners.iter().any(|listener| of_port(&listener));
        let mut best = Truth::No;
        for listener in
            listeners.iter().filter(|one| if is_own { of_port(one) } else { one["port"].is_null() })
        {
            for entry in texts(&listener["hosts"]) {
                let (scope, wanted) = entry.split_once('/').unwrap_or(("", ""));
                let of_scope = match scope {
                    "*" => true,
                    "." => namespace == pod.namespace,
                    name => namespace == name,
                };
                let of_host = match wanted.strip_prefix('*') {
                    Some(rest) => host.ends_with(rest),
                    None => host == wanted,
                };
                if of_scope && of_host {
                    let is_plain = listener["bind"].is_null() && listener["captureMode"] != "NONE";
                    best = best.max(if is_plain { Truth::Yes } else { Truth::Maybe });
                }
            }
        }
        best
    });
    let says: Vec<Truth> = says.collect();
    if says.iter().all(|one| *one == says[0]) { says[0] } else { Truth::Maybe }
}

/// J12, J13: what is in no registry goes nowhere under `REGISTRY_ONLY`.
fn outbound(cluster: &Cluster, question: &Question, is_registered: Truth) -> Finding {
    let is_closed = (!is_registered).min(is_registry_only(cluster, question));
    Finding::closed(!is_closed, Layer::Client, "REGISTRY_ONLY, and no registry holds it (J13)".into())
}

/// The mode of the Sidecar that holds for the source, else of the mesh. A Sidecar that says nothing takes the mesh's,
/// not that of a wider Sidecar; one whose `outboundTrafficPolicy` names no mode says `REGISTRY_ONLY`, the zero value.
fn is_registry_only(cluster: &Cluster, question: &Question) -> Truth {
    let sidecars = match &question.source {
        Source::Pod(called) => transport::sidecars_of(cluster, &cluster.pod(called)),
        Source::Representative(_) | Source::Node | Source::Outside => vec![None],
    };
    let of = |sidecar: Option<&Object>| {
        let own = sidecar
            .map(|sidecar| &sidecar["spec"]["outboundTrafficPolicy"])
            .filter(|policy| policy.is_object());
        let policy = own.unwrap_or(cluster.mesh_config("outboundTrafficPolicy"));
        policy.is_object() && policy["mode"].as_str().unwrap_or("REGISTRY_ONLY") == "REGISTRY_ONLY"
    };
    let says: Vec<bool> = sidecars.into_iter().map(of).collect();
    if says.iter().all(|is_only| *is_only) {
        Truth::Yes
    } else if says.iter().any(|is_only| *is_only) {
        Truth::Maybe
    } else {
        Truth::No
    }
}

impl Reach {
    /// Whether every allowed way in is known by a certificate.
    pub fn is_never_anonymous(&self) -> bool {
        self.anonymous == Verdict::Denied
    }

    /// The chains that some allowed kind is taken by.
    pub fn chains(&self) -> Vec<Chain> {
        let allowed = self.answers.iter().filter(|(_, answer)| answer.verdict == Verdict::Allowed);
        let mut chains: Vec<Chain> = allowed.map(|(_, answer)| answer.chain).collect();
        chains.sort_unstable();
        chains.dedup();
        chains
    }
}
