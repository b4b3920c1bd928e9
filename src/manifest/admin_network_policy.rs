//! `policy.networking.k8s.io`: AdminNetworkPolicy, BaselineAdminNetworkPolicy, and ClusterNetworkPolicy, which took the
//! place of both.

mod written;

use ipnet::IpNet;
use serde::Deserialize;
use written::{EgressRule, IngressRule, Subject, Written, WrittenPeer, WrittenPort};

use super::{Direction, LabelSelector, Protocol, Word};
use crate::{
    diagnostic::Diagnostic,
    yaml::{self, Node, Spanned},
};

/// Which connections the pods of a cluster may take and make, before or after NetworkPolicies are asked
/// (`apis/v1alpha1` of kubernetes-sigs/network-policy-api v0.1.7, `apis/v1alpha2` of v0.2.0).
#[derive(Debug, Clone, PartialEq)]
pub struct AdminNetworkPolicy {
    /// When it is asked.
    pub tier: Tier,
    /// Among those of its tier, the lower first; the order of equals is nobody's to know. 0 for a baseline of old.
    pub priority: Spanned<u32>,
    /// The pods; those with the node's own network are never meant.
    pub subject: Spanned<NamespacedPods>,
    /// What they may take; the first rule that matches decides.
    pub ingress: Vec<Spanned<AdminRule>>,
    /// What they may make; the first rule that matches decides.
    pub egress: Vec<Spanned<AdminRule>>,
}

/// When a policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum Tier {
    /// Before NetworkPolicies.
    Admin,
    /// For pods that no NetworkPolicy isolates.
    Baseline,
}

/// What becomes of some connections.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRule {
    /// Its name.
    pub name: Option<Word>,
    /// What becomes of them.
    pub action: Spanned<AdminAction>,
    /// The other end: one of these.
    pub peers: Vec<Spanned<AdminPeer>>,
    /// Ports of the destination: one of these; all of every protocol where empty.
    pub ports: Vec<Spanned<AdminPort>>,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum AdminAction {
    /// It may pass, whatever comes later.
    #[serde(alias = "Accept")]
    Allow,
    /// It is dropped.
    Deny,
    /// The next tier decides.
    Pass,
}

/// The other end.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "WrittenPeer")]
pub enum AdminPeer {
    /// Pods; those with the node's own network are never meant.
    Pods(NamespacedPods),
    /// Nodes, by their labels.
    Nodes(LabelSelector),
    /// Addresses, those of pods among them.
    Networks(Vec<Spanned<IpNet>>),
    /// Hosts, with a `*` as the first label for any number of them.
    DomainNames(Vec<Word>),
    /// Something that this release of the API does not know: it matches everything if the rule does not allow, else nothing.
    Unknown,
}

/// Pods of namespaces.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespacedPods {
    /// The namespaces; empty is every one.
    pub namespace_selector: LabelSelector,
    /// The pods; empty is every one.
    pub pod_selector: LabelSelector,
}

/// Ports of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenPort")]
pub enum AdminPort {
    /// By number, the last included.
    Range {
        /// The protocol.
        protocol: Protocol,
        /// The first.
        first: u16,
        /// The last.
        last: u16,
    },
    /// By the name of a container's port, whatever its protocol.
    Named(Word),
    /// Something that this release of the API does not know.
    Unknown,
}

impl AdminNetworkPolicy {
    /// Reads the three kinds as one.
    pub(super) fn read(document: &Node) -> Result<Self, Box<Diagnostic>> {
        let written: Written = match document.get("spec") {
            Some(spec) => yaml::read(spec),
            None => yaml::read(&Node::empty_mapping(document.span)),
        }?;
        let tier = match document.get("kind").and_then(Node::text) {
            Some("BaselineAdminNetworkPolicy") => Tier::Baseline,
            _ => written.tier.map_or(Tier::Admin, |tier| tier.value),
        };
        let priority = written.priority.unwrap_or(Spanned { span: document.head(), value: 0 });
        let subject = written.subject.map(|Subject(pods)| pods);
        let ingress = written.ingress.into_iter().map(|rule| rule.map(IngressRule::into_rule)).collect();
        let egress = written.egress.into_iter().map(|rule| rule.map(EgressRule::into_rule)).collect();
        Ok(Self { tier, priority, subject, ingress, egress })
    }

    /// Returns the rules of a direction.
    pub fn rules(&self, direction: Direction) -> &[Spanned<AdminRule>] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}
