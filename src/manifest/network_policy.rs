//! `networking.k8s.io/v1` NetworkPolicy.

use ipnet::IpNet;
use serde::Deserialize;

use super::{LabelSelector, PortName};
use crate::yaml::Spanned;

/// Which connections pods may take and make, by address and port (`networking/v1/types.go`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicy {
    /// The pods of its own namespace that it isolates; empty is all of them.
    pub pod_selector: LabelSelector,
    /// The directions that it isolates; see [`NetworkPolicy::isolates`] for what is true where absent.
    pub policy_types: Option<Vec<Spanned<PolicyType>>>,
    /// What they may take.
    #[serde(deserialize_with = "ingress")]
    pub ingress: Vec<Spanned<Rule>>,
    /// What they may make.
    #[serde(deserialize_with = "egress")]
    pub egress: Vec<Spanned<Rule>>,
}

/// A direction, as a policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum PolicyType {
    /// Towards the pods.
    Ingress,
    /// From the pods.
    Egress,
}

/// A direction.
pub type Direction = PolicyType;

/// What is open: one peer and one port have to match; an empty list restricts nothing (semantics NP09, NP10).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rule {
    /// The other end: `from` or `to`.
    pub peers: Vec<Spanned<Peer>>,
    /// Ports of the destination pod.
    pub ports: Vec<Spanned<PolicyPort>>,
}

/// The other end; a peer with a block and a selector is refused by the API server (NP24).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Peer {
    /// Pods: of the policy's namespace, or of those that are selected.
    pub pod_selector: Option<LabelSelector>,
    /// Namespaces; empty is every one.
    pub namespace_selector: Option<LabelSelector>,
    /// Addresses.
    pub ip_block: Option<IpBlock>,
}

/// Addresses: a range less others within it (NP17).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IpBlock {
    /// The range.
    pub cidr: Spanned<IpNet>,
    /// What is taken out.
    #[serde(default)]
    pub except: Vec<Spanned<IpNet>>,
}

/// Ports: one, a range, or with none given every port of the protocol (NP11, NP12).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyPort {
    /// TCP unless said.
    pub protocol: Option<Spanned<Protocol>>,
    /// The first port, or one of the destination pod's by name.
    pub port: Option<Spanned<PortName>>,
    /// The last port.
    pub end_port: Option<Spanned<u16>>,
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "each is the protocol of its name")]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl PolicyPort {
    /// Tells whether it may mean a number: a range does where it holds it, and no number or a name may mean any.
    pub fn may_mean(&self, protocol: Protocol, number: u16) -> bool {
        let last = |first: u32| self.end_port.map_or(first, |end| u32::from(end.value));
        self.protocol() == protocol
            && match self.port.as_ref().map(|port| &port.value) {
                None | Some(PortName::Name(_)) => true,
                Some(PortName::Number(first)) => (*first..=last(*first)).contains(&u32::from(number)),
            }
    }
}

impl NetworkPolicy {
    /// Tells whether its pods are isolated in a direction.
    ///
    /// Where `policyTypes` is absent, ingress always is and egress only if there is a rule
    /// (`pkg/apis/networking/v1/defaults.go`, semantics NP03 to NP07). An empty list counts as absent: the defaulting asks
    /// for its length.
    pub fn isolates(&self, direction: Direction) -> bool {
        match (&self.policy_types, direction) {
            (Some(types), _) if !types.is_empty() => types.iter().any(|stated| stated.value == direction),
            (Some(_) | None, PolicyType::Ingress) => true,
            (Some(_) | None, PolicyType::Egress) => !self.egress.is_empty(),
        }
    }

    /// Returns what is open in a direction.
    pub fn rules(&self, direction: Direction) -> &[Spanned<Rule>] {
        match direction {
            PolicyType::Ingress => &self.ingress,
            PolicyType::Egress => &self.egress,
        }
    }
}

impl Peer {
    /// Returns the one namespace whose pods it selects, where it says which by the label that every namespace has (NP33);
    /// `own` is that of the policy.
    pub fn namespace<'a>(&'a self, own: &'a str) -> Option<&'a str> {
        match (&self.ip_block, &self.namespace_selector) {
            (Some(_), _) => None,
            (None, None) => Some(own),
            (None, Some(selector)) => {
                selector.match_labels.named("kubernetes.io/metadata.name").map(|name| name.value.as_str())
            }
        }
    }
}

impl PolicyPort {
    /// Returns the protocol.
    pub fn protocol(&self) -> Protocol {
        self.protocol.map_or(Protocol::Tcp, |protocol| protocol.value)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct IngressRule {
    from: Vec<Spanned<Peer>>,
    ports: Vec<Spanned<PolicyPort>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EgressRule {
    to: Vec<Spanned<Peer>>,
    ports: Vec<Spanned<PolicyPort>>,
}

fn ingress<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Spanned<Rule>>, D::Error> {
    let rules = Vec::<Spanned<IngressRule>>::deserialize(deserializer)?;
    Ok(rules
        .into_iter()
        .map(|rule| rule.map(|IngressRule { from, ports }| Rule { peers: from, ports }))
        .collect())
}

fn egress<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Spanned<Rule>>, D::Error> {
    let rules = Vec::<Spanned<EgressRule>>::deserialize(deserializer)?;
    Ok(rules.into_iter().map(|rule| rule.map(|EgressRule { to, ports }| Rule { peers: to, ports })).collect())
}
