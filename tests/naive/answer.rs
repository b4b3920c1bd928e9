//! One answer: the layers in the order that a packet meets them.

use super::{
    Answer, Chain, Cluster, Destination, Finding, Layer, Protocol, Question, Source, Verdict,
    authorization::{self, Call},
    injection, network_policy,
    pattern::{self, Truth},
    read::Pod,
    transport::{self, Arrival, Mode, PortProtocol},
};

/// Answers one question: NetworkPolicy of both ends, transport, then the policies of the chain that takes it.
pub fn answer(cluster: &Cluster, question: &Question) -> Answer {
    let network = network_policy::evaluate(cluster, question);
    match &question.destination {
        Destination::Outside(..) => Answer::of(network, Chain::App, None),
        Destination::Pod(called) => at_pod(cluster, question, &cluster.pod(called)).after(network),
    }
}

/// What the pod's side makes of the packet, with a sidecar and without where nobody knows.
fn at_pod(cluster: &Cluster, question: &Question, pod: &Pod<'_>) -> Answer {
    let unread = |reason: &str| Answer::of(Finding::open(reason), Chain::App, None);
    if question.protocol != Protocol::Tcp {
        return unread("only TCP is captured (T12)");
    }
    // T13: the proxy listens on 15006 itself, captured or not.
    let captured =
        if question.port == 15006 { Truth::Yes } else { injection::is_captured(pod, question.port) };
    let answer = match injection::is_injected(cluster, pod).min(captured) {
        Truth::No => unread("no proxy takes the port (T08, J06)"),
        Truth::Yes => at_proxy(cluster, question, pod),
        Truth::Maybe => at_proxy(cluster, question, pod).either(
            unread("no proxy takes the port"),
            "whether a proxy takes the port is not known (T11, T12, NP34)",
        ),
    };
    answer.after(sendable(cluster, question))
}

/// Whether the source can send so: only a certificate makes a mesh client.
fn sendable(cluster: &Cluster, question: &Question) -> Finding {
    let has_certificate = match &question.source {
        _ if !question.client.is_mesh() => Truth::Yes,
        Source::Pod(called) => injection::has_certificate(cluster, &cluster.pod(called)),
        Source::Representative(stranger) => stranger.meshed.into(),
        Source::Node | Source::Outside => Truth::No,
    };
    Finding::closed(has_certificate, Layer::Client, "the source has no certificate of the mesh".into())
}

/// What the proxy makes of the connection, in every mode and protocol that the port may have.
fn at_proxy(cluster: &Cluster, question: &Question, pod: &Pod<'_>) -> Answer {
    if question.port == 15006 {
        let refused =
            Finding::closed(Truth::No, Layer::Transport, "the proxy's own port is a black hole (T13)".into());
        return Answer::of(refused, Chain::None, None);
    }
    let mut answers = Vec::new();
    for mode in transport::modes(cluster, pod, question.port) {
        for protocol in transport::protocols(cluster, pod, question.port) {
            answers.push(on_chain(cluster, question, pod, mode, protocol));
        }
    }
    let why = "objects of one scope tie, and files have no age (PA05, T07)";
    let answer = answers.into_iter().reduce(|one, other| one.either(other, why)).expect("a port has a mode");
    let own_listener =
        || transport::has_own_listener(cluster, pod, question.port).then(|| "a listener of its own".into());
    match authorization::foreign_filter(cluster, pod).or_else(own_listener) {
        None => answer,
        Some(filter) => {
            Answer { verdict: Verdict::Unknown, layer: Layer::Transport, reason: filter, ..answer }
        }
    }
}

fn on_chain(
    cluster: &Cluster,
    question: &Question,
    pod: &Pod<'_>,
    mode: Mode,
    protocol: PortProtocol,
) -> Answer {
    let refused =
        |layer, reason: String| Answer::of(Finding::closed(Truth::No, layer, reason), Chain::None, None);
    let said = format!("{mode:?} on a port taken for {protocol:?}");
    let (chain, is_mutual) = match transport::arrive(mode, protocol, question.client) {
        Arrival::Refused => return refused(Layer::Transport, said),
        Arrival::BadRequest => return refused(Layer::Codec, said),
        Arrival::Http { is_mutual } => (Chain::Http, is_mutual),
        Arrival::Tcp { is_mutual } => (Chain::Tcp, is_mutual),
        Arrival::Bytes => (Chain::App, false),
    };
    let http = match (chain, &question.request) {
        (Chain::Http, None) => return refused(Layer::Codec, "the bytes are no HTTP".into()),
        (Chain::Http, Some(request)) => {
            match pattern::path(&request.path, authorization::normalization(cluster)) {
                None => return refused(Layer::Codec, format!("`{}` is no path (AP25)", request.path)),
                path => path.map(|path| (request, path)),
            }
        }
        (Chain::Tcp | Chain::App | Chain::None, _) => None,
    };
    let identity = if is_mutual { identity(cluster, &question.source) } else { None };
    // What nobody terminates or inspects is no handshake to anybody.
    let is_handshake = is_mutual || chain == Chain::App && mode != Mode::Disable;
    let sni = if is_handshake { &question.sni } else { "" };
    let Question { source_ip, port, .. } = question;
    let call = Call { identity: identity.clone(), source_ip: *source_ip, port: *port, sni, http };
    let finding = authorization::authorize(cluster, pod, &call);
    let is_denied_by_policy = finding.verdict == Verdict::Denied
        && matches!(finding.layer, Layer::Custom | Layer::Deny | Layer::Allow);
    let greeting_leaks = is_denied_by_policy
        && chain != Chain::Http
        && is_server_first(cluster, pod, question.port)
        && (is_mutual || is_chain_chosen_unasked(cluster, mode, protocol));
    Answer { greeting_leaks, ..Answer::of(finding, chain, identity) }
}

/// The identity that a certificate of the mesh shows, without its scheme.
pub fn identity(cluster: &Cluster, source: &Source) -> Option<String> {
    let (namespace, account) = match source {
        Source::Pod(called) => {
            let pod = cluster.pod(called);
            (pod.namespace, pod.service_account())
        }
        Source::Representative(stranger) => (stranger.namespace.as_str(), stranger.service_account.as_str()),
        Source::Node | Source::Outside => return None,
    };
    Some(format!("{}/ns/{namespace}/sa/{account}", cluster.trust_domains()[0]))
}

/// Whether the application speaks first, as far as names and ports tell (J15).
fn is_server_first(cluster: &Cluster, pod: &Pod<'_>, port: u16) -> bool {
    let known = |port: u64| [21, 22, 25, 3306].contains(&port);
    known(port.into())
        || transport::services_of(cluster, pod)
            .filter_map(|service| transport::declared(service, pod, port))
            .any(|of| {
                let word = transport::spoken_name(of);
                matches!(word.split('-').next(), Some("mysql" | "smtp" | "ftp" | "ssh"))
                    || of["port"].as_u64().is_some_and(known)
            })
}

/// Whether a client in the clear gets its chain, and with it the upstream connection, without a byte of its own.
///
/// Measured: an inspector waits for the first bytes, and without `protocolDetectionTimeout` it waits for ever; what
/// the client then sends reaches the RBAC filter before the application has answered.
fn is_chain_chosen_unasked(cluster: &Cluster, mode: Mode, protocol: PortProtocol) -> bool {
    let timeout = cluster.mesh_config("protocolDetectionTimeout").as_str().unwrap_or("0s");
    let waits_for_ever = timeout.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse() == Ok(0.0);
    mode == Mode::Disable && protocol == PortProtocol::Tcp || !waits_for_ever
}
