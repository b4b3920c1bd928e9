//! NetworkPolicy, packet by packet (NP01 to NP43).

mod valid;

use std::{collections::BTreeMap, net::IpAddr};

use serde_json::Value;

pub use self::valid::invalid;

use super::{
    Cluster, Destination, Finding, Layer, Protocol, Question, Source, Verdict,
    pattern::{self, Truth},
    read::{Pod, list, texts},
};

/// An end of a connection, as a policy sees it.
#[derive(Debug, Clone)]
enum End<'a> {
    /// A pod that policies of its namespace may select, and that has ports to name.
    Pod(Pod<'a>),
    /// A pod that the manifests do not show: no policy selects it, peers may.
    Stranger {
        namespace: &'a str,
        labels: &'a BTreeMap<String, String>,
        of: Option<&'a BTreeMap<String, String>>,
    },
    /// A node, or what shares its address.
    Node,
    Outside(IpAddr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

/// What the NetworkPolicies of both ends say (NP26, NP42).
pub fn evaluate(cluster: &Cluster, question: &Question) -> Finding {
    let source = source_end(cluster, question);
    let destination = destination_end(cluster, question);
    if is_itself(&source, &destination) {
        return Finding::open("a pod reaches itself (NP28)");
    }
    if matches!(source, End::Node) {
        return Finding::open("a node reaches its own pods (NP29)");
    }
    let as_pods = both(cluster, question, &source, &destination);
    if !is_on_host_network(&source) && !is_on_host_network(&destination) {
        return as_pods;
    }
    // NP30: a network may tell host-network pods from their node, or take them for it. Neither reading may deny,
    // since the node may be the very one that the pod at the other end runs on.
    let as_node = both(cluster, question, &on_node(source), &on_node(destination));
    if as_pods.verdict == Verdict::Allowed && as_node.verdict == Verdict::Allowed {
        return as_pods;
    }
    let layer = if as_pods.verdict == Verdict::Allowed { as_node.layer } else { as_pods.layer };
    Finding {
        verdict: Verdict::Unknown,
        layer,
        reason: "policies on the host network are undefined (NP30)".into(),
    }
}

fn both(cluster: &Cluster, question: &Question, source: &End<'_>, destination: &End<'_>) -> Finding {
    let egress = one_side(cluster, question, Direction::Egress, source, destination, destination);
    let ingress = one_side(cluster, question, Direction::Ingress, destination, source, destination);
    egress.and(ingress)
}

/// What the policies that select the subject say of a packet to or from the peer. Named ports are the destination's.
fn one_side(
    cluster: &Cluster,
    question: &Question,
    direction: Direction,
    subject: &End<'_>,
    peer: &End<'_>,
    destination: &End<'_>,
) -> Finding {
    let End::Pod(pod) = subject else { return Finding::open("no policy selects what is no pod here") };
    if let Some(foreign) = foreign_policy(cluster, pod) {
        return direction.finding(Truth::Maybe, format!("{foreign} is not modelled (NP40)"));
    }
    let (mut isolated_by, mut opened) = (None, Truth::No);
    for policy in cluster.of("networking.k8s.io", "NetworkPolicy") {
        let spec = &policy["spec"];
        if policy.namespace != pod.namespace || !selects(&spec["podSelector"], |key| pod.label(key)) {
            continue;
        }
        if let Some(fault) = invalid(policy) {
            return direction
                .finding(Truth::Maybe, format!("the API server refuses `{}`: {fault}", policy.name));
        }
        if !direction.is_isolated_by(spec) {
            continue;
        }
        isolated_by.get_or_insert(&policy.name);
        for rule in list(&spec[direction.key()]) {
            let from = peers(cluster, direction, &rule[direction.peers()], &policy.namespace, peer);
            opened = opened.max(from.min(ports(&rule["ports"], question, destination)));
        }
    }
    match isolated_by {
        None => Finding::open("no policy selects the pod (NP01)"),
        Some(policy) => direction.finding(opened, format!("isolated by `{}/{policy}`", pod.namespace)),
    }
}

impl Direction {
    fn key(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    fn peers(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }

    /// NP02 to NP07: what `policyTypes` says, and what the API server writes there when nobody did.
    fn is_isolated_by(self, spec: &Value) -> bool {
        let types = texts(&spec["policyTypes"]);
        match (types.is_empty(), self) {
            (true, Self::Ingress) => true,
            (true, Self::Egress) => !list(&spec["egress"]).is_empty(),
            (false, Self::Ingress) => types.contains(&"Ingress"),
            (false, Self::Egress) => types.contains(&"Egress"),
        }
    }

    fn finding(self, opened: Truth, reason: String) -> Finding {
        let layer = match (opened, self) {
            (Truth::Yes, _) => Layer::Open,
            (Truth::No | Truth::Maybe, Self::Ingress) => Layer::Ingress,
            (Truth::No | Truth::Maybe, Self::Egress) => Layer::Egress,
        };
        Finding { verdict: opened.into(), layer, reason }
    }
}

/// NP09, NP20, NP21: no peer is every peer; several are alternatives.
fn peers(
    cluster: &Cluster,
    direction: Direction,
    peers: &Value,
    policy_namespace: &str,
    end: &End<'_>,
) -> Truth {
    if list(peers).is_empty() {
        return Truth::Yes;
    }
    list(peers)
        .iter()
        .map(|peer| is_peer(cluster, direction, peer, policy_namespace, end))
        .max()
        .unwrap_or(Truth::No)
}

fn is_peer(
    cluster: &Cluster,
    direction: Direction,
    peer: &Value,
    policy_namespace: &str,
    end: &End<'_>,
) -> Truth {
    let block = &peer["ipBlock"];
    match end {
        End::Outside(address) => in_block(block, *address).into(),
        // NP30: nobody says which address the node has.
        End::Node => {
            if block.is_null() {
                Truth::No
            } else {
                Truth::Maybe
            }
        }
        // NP19: a block is for what is outside the cluster.
        End::Pod(_) | End::Stranger { .. } if !block.is_null() => match direction {
            Direction::Egress => covers_service_of(cluster, block, end),
            Direction::Ingress => Truth::No,
        },
        End::Pod(pod) => in_namespace(cluster, peer, policy_namespace, pod.namespace, None)
            .min(selects(&peer["podSelector"], |key| pod.label(key)).into()),
        End::Stranger { namespace, labels, of } => {
            in_namespace(cluster, peer, policy_namespace, namespace, *of)
                .min(selects(&peer["podSelector"], |key| labels.get(key).map(String::as_str)).into())
        }
    }
}

/// NP22, NP23, NP33, NP34: without a namespaceSelector only the policy's own namespace.
fn in_namespace(
    cluster: &Cluster,
    peer: &Value,
    policy_namespace: &str,
    of: &str,
    labels: Option<&BTreeMap<String, String>>,
) -> Truth {
    let selector = &peer["namespaceSelector"];
    if selector.is_null() {
        return (of == policy_namespace).into();
    }
    selected(selector, |key| match (key, labels) {
        ("kubernetes.io/metadata.name", _) => Ok(Some(of)),
        (key, Some(labels)) => Ok(labels.get(key).map(String::as_str)),
        (key, None) => cluster.namespace_label(of, key),
    })
}

/// NP17, NP18.
fn in_block(block: &Value, address: IpAddr) -> bool {
    let holds = |cidr: &Value| cidr.as_str().and_then(|cidr| pattern::block(cidr, address)).unwrap_or(false);
    holds(&block["cidr"]) && !list(&block["except"]).iter().any(holds)
}

/// NP36: a block that holds the address of a Service in front of the pod means what the network makes of it.
fn covers_service_of(cluster: &Cluster, block: &Value, end: &End<'_>) -> Truth {
    let End::Pod(pod) = end else { return Truth::No };
    let covers = cluster.of("", "Service").any(|service| {
        service.namespace == pod.namespace
            && service["spec"]["selector"].as_object().is_some_and(|selector| !selector.is_empty())
            && pod.has_labels(&service["spec"]["selector"])
            && service["spec"]["clusterIP"]
                .as_str()
                .and_then(|ip| ip.parse().ok())
                .is_some_and(|ip| in_block(block, ip))
    });
    if covers { Truth::Maybe } else { Truth::No }
}

/// NP10 to NP16: no port is every port of every protocol; several are alternatives.
fn ports(ports: &Value, question: &Question, destination: &End<'_>) -> Truth {
    (list(ports).is_empty() || list(ports).iter().any(|port| is_port(port, question, destination))).into()
}

fn is_port(port: &Value, question: &Question, destination: &End<'_>) -> bool {
    let protocol = port["protocol"].as_str().unwrap_or("TCP");
    if protocol != question.protocol.name() {
        return false;
    }
    let asked = u64::from(question.port);
    match (&port["port"], destination) {
        (Value::Null, _) => true,
        (Value::Number(first), _) => {
            let first = first.as_u64().unwrap_or_default();
            (first..=port["endPort"].as_u64().unwrap_or(first)).contains(&asked)
        }
        (Value::String(named), End::Pod(pod)) => {
            pod.ports().any(|(name, of, number)| name == named && of == protocol && number == asked)
        }
        _ => false,
    }
}

impl Protocol {
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

/// A label selector over labels that are known; absent and empty select everything.
pub fn selects<'l>(selector: &Value, label: impl Fn(&str) -> Option<&'l str>) -> bool {
    selected(selector, |key| Ok(label(key))) == Truth::Yes
}

/// NP32: every requirement holds, `matchLabels` and `matchExpressions` alike.
fn selected<'l>(selector: &Value, label: impl Fn(&str) -> Result<Option<&'l str>, Truth>) -> Truth {
    let mut truth = Truth::Yes;
    for (key, wanted) in selector["matchLabels"].as_object().into_iter().flatten() {
        truth = truth.min(label(key).map_or_else(|open| open, |value| (value == wanted.as_str()).into()));
    }
    for expression in list(&selector["matchExpressions"]) {
        let key = expression["key"].as_str().unwrap_or_default();
        let values = texts(&expression["values"]);
        truth = truth.min(label(key).map_or_else(
            |open| open,
            |value| match expression["operator"].as_str() {
                Some("In") => value.is_some_and(|value| values.contains(&value)).into(),
                Some("NotIn") => (!value.is_some_and(|value| values.contains(&value))).into(),
                Some("Exists") => value.is_some().into(),
                Some("DoesNotExist") => value.is_none().into(),
                _ => Truth::Maybe,
            },
        ));
    }
    truth
}

/// Policies of other makers: of the pod's namespace, or of the whole cluster.
fn foreign_policy(cluster: &Cluster, pod: &Pod<'_>) -> Option<String> {
    cluster.objects.iter().find_map(|object| {
        let kind = &object.kind;
        let is_foreign = match object.group.as_str() {
            "policy.networking.k8s.io" => true,
            "cilium.io" | "projectcalico.org" | "crd.projectcalico.org" => kind.ends_with("NetworkPolicy"),
            _ => false,
        };
        let holds = object["metadata"]["namespace"].is_null() || object.namespace == pod.namespace;
        (is_foreign && holds).then(|| format!("{kind} `{}`", object.name))
    })
}

fn source_end<'a>(cluster: &'a Cluster, question: &'a Question) -> End<'a> {
    match &question.source {
        Source::Pod(called) => End::Pod(cluster.pod(called)),
        Source::Representative(stranger) => End::Stranger {
            namespace: &stranger.namespace,
            labels: &stranger.labels,
            of: stranger.namespace_labels.as_ref(),
        },
        Source::Node => End::Node,
        Source::Outside => End::Outside(question.source_ip),
    }
}

fn destination_end<'a>(cluster: &'a Cluster, question: &'a Question) -> End<'a> {
    match &question.destination {
        Destination::Pod(called) => End::Pod(cluster.pod(called)),
        Destination::Outside(address, _) => End::Outside(*address),
    }
}

fn is_itself(source: &End<'_>, destination: &End<'_>) -> bool {
    matches!((source, destination), (End::Pod(a), End::Pod(b)) if a.is_single && a.called() == b.called())
}

fn is_on_host_network(end: &End<'_>) -> bool {
    matches!(end, End::Pod(pod) if pod.is_on_host_network())
}

fn on_node(end: End<'_>) -> End<'_> {
    if is_on_host_network(&end) { End::Node } else { end }
}
