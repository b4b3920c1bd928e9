//! What NetworkPolicies say of a connection: those of the source, then those of the destination.

use super::{Inquiry, Layer, Nearest, State, Step, words};
use crate::{
    manifest::{
        Direction, LabelSelector, Meta, NetworkPolicy, NetworkRule, Object, Operator, Peer, PolicyPort,
        PolicyType, Protocol, Requirement,
    },
    mesh::{NAME, Truth},
    reach::{
        End, Endpoint, EndpointId, Place,
        network::{Far, Isolation, Side},
    },
    yaml::Spanned,
};

/// A rule, and where it stands.
type Written<'m> = (&'m Object<NetworkPolicy>, &'m Spanned<NetworkRule>);

impl<'m> Inquiry<'_, 'm> {
    /// Tells whether packets pass.
    pub(super) fn is_packet_open(&self) -> Truth {
        let directions = [PolicyType::Egress, PolicyType::Ingress];
        directions.into_iter().fold(Truth::Yes, |all, direction| {
            let side = self.side(direction).filter(|_| !self.is_free());
            all.and(side.map_or(Truth::Yes, |side| self.reach.network.side(side, self.asked.port)))
        })
    }

    /// Explains both sides.
    pub(super) fn packets(&self) -> Vec<Step> {
        [(Layer::Egress, PolicyType::Egress), (Layer::Ingress, PolicyType::Ingress)]
            .map(|(layer, direction)| self.packets_of(layer, direction))
            .into()
    }

    fn packets_of(&self, layer: Layer, direction: Direction) -> Step {
        let end = match direction {
            PolicyType::Egress => self.asked.from,
            PolicyType::Ingress => self.asked.to,
        };
        let step = |state, sentence: String| Step::new(layer, state, sentence);
        if self.is_free() {
            let who =
                if self.asked.from == self.asked.to { "a pod" } else { "what runs on a pod's own node" };
            return step(State::Open, format!("no NetworkPolicy keeps {who} from that pod"));
        }
        let Some(side) = self.side(direction) else {
            return step(State::Skipped, "NetworkPolicies isolate pods only".to_owned());
        };
        let isolated = self.called(end);
        match self.reach.network.isolation(side.subject, direction) {
            Isolation::None => step(State::Open, format!("no NetworkPolicy isolates `{isolated}`")),
            Isolation::Unknown => {
                let foreign = self.shown(end).and_then(|pod| self.reach.mesh.foreign_policies_of(pod).next());
                let kind = foreign.map_or("policy", |meta| meta.kind.as_str());
                step(State::Unknown, format!("a {kind} is not modelled")).at(foreign.map(Meta::head))
            }
            Isolation::By(policies) | Isolation::Perhaps(policies) => self.isolated(side, &policies, layer),
        }
    }

    fn isolated(&self, side: Side, policies: &[&'m Object<NetworkPolicy>], layer: Layer) -> Step {
        let rules = policies.iter().flat_map(|policy| {
            let rulings = self.reach.network.rulings(policy, side, self.asked.port);
            policy.rules(side.direction).iter().map(move |rule| (*policy, rule)).zip(rulings)
        });
        let rules: Vec<(Written<'m>, (Truth, bool))> = rules.collect();
        let opening = rules.iter().filter(|(_, (_, has_port))| *has_port);
        let best = opening.max_by_key(|(_, (is_meant, _))| *is_meant);
        let heads = policies.iter().map(|policy| policy.meta.head());
        let names = words::quoted(policies.iter().map(|policy| policy.meta.path()), "and");
        match (self.reach.network.side(side, self.asked.port), best) {
            (Truth::Yes, Some(((policy, rule), _))) => {
                let sentence = format!("a rule of NetworkPolicy `{}` opens it", policy.meta.path());
                Step::new(layer, State::Open, sentence).at([rule.span])
            }
            (Truth::Unknown, Some(((policy, rule), (Truth::Unknown, _)))) => {
                let doubt = self.peer_doubt(side);
                let sentence = format!("whether NetworkPolicy `{}` opens it: {doubt}", policy.meta.path());
                Step::new(layer, State::Unknown, sentence).at([rule.span])
            }
            (Truth::Yes | Truth::Unknown, _) => {
                let sentence = format!("{names}: policies on the host network are undefined");
                Step::new(layer, State::Unknown, sentence).at(heads)
            }
            (Truth::No, _) => {
                let isolate = if policies.len() == 1 { "isolates" } else { "isolate" };
                let sentence = format!("NetworkPolicy {names} {isolate} it, and no rule opens it");
                let rules = rules.into_iter();
                let costs = rules.map(|(written, ruling)| self.lack(side, written, ruling));
                Step::new(layer, State::Closed, sentence).at(heads).almost(cheapest(costs))
            }
        }
    }

    /// Returns the side of a connection whose policies speak in a direction; nothing for what is no pod.
    fn side(&self, direction: Direction) -> Option<Side> {
        let (subject, far) = match direction {
            PolicyType::Egress => (self.asked.from, self.asked.to),
            PolicyType::Ingress => (self.asked.to, self.asked.from),
        };
        let End::Pod(subject) = subject else { return None };
        let far = match far {
            End::Pod(id) => Far::Pod(id),
            End::Outside(_) => Far::Address(self.address(far)?),
        };
        match self.reach.endpoints().endpoint(subject) {
            Endpoint::Pod(_) | Endpoint::Unseen(_) => Some(Side { direction, subject, far }),
            Endpoint::Node | Endpoint::Outside => None,
        }
    }

    /// Tells whether no policy can close it: from a pod's own node (semantics NP29), and from a pod to itself (NP28).
    fn is_free(&self) -> bool {
        let is_one_pod = |end| self.shown(end).is_some_and(|pod| pod.workload.meta.kind.as_str() == "Pod");
        self.asked.from == End::Pod(self.reach.endpoints().node())
            || self.asked.from == self.asked.to && is_one_pod(self.asked.to)
    }

    /// Says why it cannot be told whether a rule means the far side.
    fn peer_doubt(&self, side: Side) -> String {
        let Far::Pod(far) = side.far else { return "the world outside is not known".to_owned() };
        let hosts = [far, side.subject].map(|id| self.reach.endpoints().pod(id));
        if hosts.into_iter().flatten().any(|pod| pod.workload.has_host_network()) {
            return "policies on the host network are undefined".to_owned();
        }
        match self.namespace_labels(far) {
            Labelled::Hidden(name) => format!("the labels of namespace `{name}` are not in the tree"),
            Labelled::Shown(_) => "a block holds the address of its Service".to_owned(),
        }
    }

    /// Returns what a rule lacks to open a connection.
    fn lack(&self, side: Side, written: Written<'m>, ruling: (Truth, bool)) -> (usize, Nearest) {
        let ((policy, rule), (is_meant, has_port)) = (written, ruling);
        let mut lacks = Vec::new();
        if is_meant == Truth::No {
            let peers = rule.peers.iter().map(|peer| self.peer_lack(side, policy, peer));
            lacks.extend(peers.min_by_key(Vec::len).unwrap_or_default());
        }
        let cost = lacks.iter().map(|lack| lack.cost).sum::<usize>() + usize::from(!has_port);
        let mut lacks: Vec<String> = lacks.into_iter().map(|lack| lack.text).collect();
        if !has_port {
            let ports = words::quoted(rule.ports.iter().map(|port| written_port(port)), "and");
            lacks.push(format!("opens {ports}, not `{}`", self.asked.port));
        }
        let rule_text = format!("a rule of NetworkPolicy `{}`", policy.meta.path());
        (cost, Nearest { rule: rule_text, place: rule.span, lacks })
    }

    /// Returns what the far side lacks to be a peer.
    fn peer_lack(&self, side: Side, policy: &Object<NetworkPolicy>, peer: &Peer) -> Vec<Lack> {
        match (side.far, &peer.ip_block) {
            (Far::Address(_), Some(block)) => {
                let except = words::quoted(block.except.iter().map(|except| except.value), "and");
                let except =
                    if block.except.is_empty() { String::new() } else { format!(" except {except}") };
                vec![Lack { cost: 1, text: format!("means `{}`{except}", block.cidr.value) }]
            }
            (Far::Address(_), None) => vec![Lack { cost: FAR, text: "means pods, not addresses".to_owned() }],
            (Far::Pod(_), Some(block)) => {
                vec![Lack {
                    cost: FAR,
                    text: format!("means `{}`, and a block is not for pods", block.cidr.value),
                }]
            }
            (Far::Pod(far), None) => self.label_lack(far, policy, peer),
        }
    }

    fn label_lack(&self, far: EndpointId, policy: &Object<NetworkPolicy>, peer: &Peer) -> Vec<Lack> {
        let namespace = self.namespace_of(far);
        let mut lacks = Vec::new();
        match &peer.namespace_selector {
            Some(selector) => {
                let labels = self.namespace_labels(far);
                let whose = format!("namespace `{namespace}`");
                lacks.extend(missing(selector, &whose, |key| labels.named(key)));
            }
            None if policy.meta.namespace() != namespace => {
                let text = format!(
                    "means pods of `{}` only, for it has no namespaceSelector",
                    policy.meta.namespace()
                );
                lacks.push(Lack { cost: 1, text });
            }
            None => {}
        }
        if let Some(selector) = &peer.pod_selector {
            let whose = format!("`{}`", self.reach.endpoints().name(far));
            lacks.extend(missing(selector, &whose, |key| self.label(far, key)));
        }
        lacks
    }

    fn label(&self, id: EndpointId, key: &str) -> Option<String> {
        match self.reach.endpoints().endpoint(id) {
            Endpoint::Pod(pod) => self.reach.mesh.pod(pod).label(key).map(str::to_owned),
            Endpoint::Unseen(unseen) => unseen.labels.get(key).cloned(),
            Endpoint::Node | Endpoint::Outside => None,
        }
    }

    fn namespace_of(&self, id: EndpointId) -> String {
        match self.reach.endpoints().endpoint(id) {
            Endpoint::Pod(pod) => self.reach.mesh.scope_of(self.reach.mesh.pod(pod)).name.to_owned(),
            Endpoint::Unseen(unseen) => unseen.namespace().to_owned(),
            Endpoint::Node | Endpoint::Outside => String::new(),
        }
    }

    fn namespace_labels(&self, id: EndpointId) -> Labelled {
        if let Endpoint::Unseen(unseen) = self.reach.endpoints().endpoint(id)
            && let Place::Other(labels) = &unseen.place
        {
            return Labelled::Shown(labels.clone().into_iter().collect());
        }
        let name = self.namespace_of(id);
        match self.reach.mesh.namespace(&name).and_then(|scope| scope.object) {
            None => Labelled::Hidden(name),
            Some(object) => {
                let labels = object.meta.labels.iter();
                let labels = labels.map(|(key, value)| (key.value.clone(), value.value.clone()));
                Labelled::Shown(labels.chain([(NAME.to_owned(), name)]).collect())
            }
        }
    }
}

/// The labels of a namespace.
enum Labelled {
    Shown(Vec<(String, String)>),
    /// But for its name, they are not in the manifests.
    Hidden(String),
}

impl Labelled {
    fn named(&self, key: &str) -> Option<String> {
        match self {
            Self::Shown(labels) => {
                labels.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
            }
            Self::Hidden(name) => (key == NAME).then(|| name.clone()),
        }
    }
}

/// Something that an end lacks.
struct Lack {
    /// How far it is from being there.
    cost: usize,
    text: String,
}

/// What no label would mend.
const FAR: usize = 8;

fn cheapest(costs: impl Iterator<Item = (usize, Nearest)>) -> Option<Nearest> {
    costs.min_by_key(|(cost, _)| *cost).map(|(_, nearest)| nearest)
}

/// Returns what labels lack that a selector wants.
fn missing(selector: &LabelSelector, whose: &str, label: impl Fn(&str) -> Option<String>) -> Vec<Lack> {
    let has = |key: &str| match label(key) {
        Some(value) => format!("{whose} has `{key}: {value}`"),
        None => format!("{whose} has no `{key}`"),
    };
    let labels =
        selector.match_labels.iter().filter(|(key, value)| label(key).as_ref() != Some(&value.value));
    let labels = labels.map(|(key, value)| format!("wants `{key}: {value}`, and {}", has(key)));
    let failing = selector.match_expressions.iter();
    let failing = failing.filter(|requirement| !requirement.holds(label(&requirement.key).as_deref()));
    let expressions =
        failing.map(|requirement| format!("wants {}, and {}", wanted(requirement), has(&requirement.key)));
    labels.chain(expressions).map(|text| Lack { cost: 1, text }).collect()
}

fn wanted(requirement: &Requirement) -> String {
    let (key, values) = (&requirement.key, words::quoted(&requirement.values, "or"));
    match requirement.operator.value {
        Operator::In => format!("`{key}` to be {values}"),
        Operator::NotIn => format!("`{key}` not to be {values}"),
        Operator::Exists => format!("a label `{key}`"),
        Operator::DoesNotExist => format!("no label `{key}`"),
    }
}

/// As it is written: `8080`, `8080-8090`, `http`, `UDP/53`, `every UDP port`.
fn written_port(port: &PolicyPort) -> String {
    let protocol = match port.protocol() {
        Protocol::Tcp => "",
        Protocol::Udp => "UDP/",
        Protocol::Sctp => "SCTP/",
    };
    match (&port.port, port.end_port) {
        (None, _) => format!("{protocol}*"),
        (Some(first), Some(last)) => format!("{protocol}{}-{last}", first.value),
        (Some(only), None) => format!("{protocol}{}", only.value),
    }
}
