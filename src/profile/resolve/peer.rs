//! Either end of a flow.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::Resolution;
use crate::{
    profile::{
        addresses, doubt,
        flow::{Peer, Target, Unmeshed, WorkloadId},
        written,
    },
    source::Span,
    yaml::Spanned,
};

impl Resolution<'_> {
    /// Resolves who calls.
    pub(super) fn caller(&mut self, home: usize, peer: &Spanned<written::Peer>) -> Option<Peer> {
        match &peer.value {
            written::Peer::Name(name) => match name.as_str() {
                "nodes" => self.nodes(peer.span).then_some(Peer::Nodes),
                "kubernetes-api" => Some(Peer::KubernetesApi),
                name => match name.strip_suffix("/*") {
                    Some(namespace) => self.find_namespace(namespace, name, peer.span).map(Peer::Namespace),
                    None => self.find(Some(home), name, peer.span).map(Peer::Workload),
                },
            },
            written::Peer::Cidr { cidr } => self.is_outside(*cidr, peer.span).then_some(Peer::Cidr(*cidr)),
            written::Peer::Unmeshed { unmeshed } => self.unmeshed(unmeshed, peer.span).map(Peer::Unmeshed),
            written::Peer::Unread(_) => None,
        }
    }

    /// Resolves what is called, each workload of a namespace for itself.
    pub(super) fn targets(
        &mut self,
        home: usize,
        peer: &Spanned<written::Peer>,
        port: Option<&Spanned<String>>,
    ) -> Option<Vec<Target>> {
        match &peer.value {
            written::Peer::Name(name) => match name.as_str() {
                "kubernetes-api" => {
                    if let Some(port) = port {
                        self.error(
                            "unused-port",
                            port.span,
                            "the API server's port is known",
                            "no `port` was expected",
                        )
                        .help("remove `port`; where it is, `apiServer.egress` says");
                    }
                    Some(vec![Target::KubernetesApi])
                }
                "nodes" => {
                    let known = self.nodes(peer.span);
                    let port = self.number(port, peer.span);
                    known.then_some(()).and(port).map(|port| vec![Target::Nodes(port)])
                }
                name => {
                    if let Some(namespace) = name.strip_suffix("/*") {
                        let namespace = self.find_namespace(namespace, name, peer.span)?;
                        let ids = self.with_ports(namespace, peer.span);
                        ids.into_iter().map(|id| self.target(id, port, peer.span)).collect()
                    } else {
                        let id = self.find(Some(home), name, peer.span)?;
                        self.target(id, port, peer.span).map(|target| vec![target])
                    }
                }
            },
            written::Peer::Cidr { cidr } => {
                let is_outside = self.is_outside(*cidr, peer.span);
                self.diagnostics.extend(addresses::metadata(*cidr, peer.span).filter(|_| is_outside));
                let port = self.number(port, peer.span).filter(|_| is_outside);
                port.map(|port| vec![Target::Cidr(*cidr, port)])
            }
            written::Peer::Unmeshed { unmeshed } => {
                let pods = self.unmeshed(unmeshed, peer.span);
                let port = self.number(port, peer.span);
                Some(vec![Target::Unmeshed(pods?, port?)])
            }
            written::Peer::Unread(_) => None,
        }
    }

    /// Returns the workloads of a namespace that can be called.
    fn with_ports(&mut self, namespace: usize, span: Span) -> Vec<WorkloadId> {
        let workloads = &self.namespaces[namespace].workloads;
        let callable = (0..workloads.len()).filter(|workload| !workloads[*workload].ports.is_empty());
        let ids: Vec<WorkloadId> = callable.map(|workload| WorkloadId { namespace, workload }).collect();
        let doubt = &self.doubts[namespace];
        if ids.is_empty() && !doubt.has_lost_names && doubt.workloads.is_empty() {
            let message = format!("no workload of `{}` has a port to call", self.namespaces[namespace].name);
            self.error("no-port", span, message, "workloads with a port were expected")
                .help("add `port:` to the workloads that are called");
        }
        ids
    }

    fn is_outside(&mut self, cidr: IpNet, span: Span) -> bool {
        let fault = addresses::of_peer(cidr, span, self.cluster);
        let is_outside = fault.is_none();
        self.diagnostics.extend(fault);
        is_outside
    }

    fn target(&mut self, id: WorkloadId, port: Option<&Spanned<String>>, span: Span) -> Option<Target> {
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        if workload.ports.is_empty() && self.is_doubtful(id) {
            return None;
        }
        if workload.ports.is_empty() {
            let message = format!("`{}` has no port to call", workload.name);
            self.error("no-port", span, message, "a workload with a port was expected")
                .help("add `port:` to the workload");
            return None;
        }
        let ports = match port {
            Some(port) => vec![self.find_port(id, port)?],
            None => (0..workload.ports.len()).collect(),
        };
        Some(Target::Workload(id, ports))
    }

    fn number(&mut self, port: Option<&Spanned<String>>, peer: Span) -> Option<u16> {
        let number = port.and_then(|port| port.value.parse().ok()).filter(|number| *number > 0);
        if number.is_none() {
            let message = port.map_or_else(
                || "this peer's port is not known".to_owned(),
                |port| format!("`{}` is not the number of a port", port.value),
            );
            let help = if port.is_some() {
                "write a number from 1 to 65535; only workloads of the mesh have ports with names"
            } else {
                "add `port:` with a number from 1 to 65535"
            };
            let span = port.map_or(peer, |port| port.span);
            self.error("missing-port", span, message, "a port number was expected").help(help);
        }
        number
    }

    pub(super) fn is_damaged(&self, place: Span) -> bool {
        self.faults.iter().any(|fault| doubt::lies_in(*fault, place))
    }

    fn nodes(&mut self, span: Span) -> bool {
        let known = !self.cluster.nodes.is_empty();
        if !known && !self.has_lost_addresses {
            self.error(
                "missing-node-cidrs",
                span,
                "the nodes' addresses are not known",
                "`nodes` needs them",
            )
            .help("add `cluster: {nodeCIDRs: [...]}`");
        }
        known
    }

    fn unmeshed(&mut self, written: &written::Unmeshed, span: Span) -> Option<Unmeshed> {
        let (namespace, labels) = match written {
            written::Unmeshed::Namespace(namespace) => (namespace.clone(), BTreeMap::new()),
            written::Unmeshed::Pods { namespace, labels } => (namespace.clone(), labels.clone()),
            written::Unmeshed::Unread(_) => return None,
        };
        if self.namespaces.iter().any(|known| known.name == namespace) {
            let message = format!("pods of `{namespace}` have a sidecar");
            self.error("unmeshed-in-mesh", span, message, "the profile governs this namespace")
                .help(format!("name a workload, `{namespace}/<workload>`, or all of them, `{namespace}/*`"));
            return None;
        }
        if self.platform.is_closed(&namespace) {
            let owner = self.platform.owner(&namespace).unwrap_or_default();
            let message = format!("`{namespace}` is {owner} namespace");
            self.error("unmeshed-in-mesh", span, message, "the mesh closes this namespace")
                .help("what the gateway serves goes under `expose`; nothing else there is for workloads");
            return None;
        }
        Some(Unmeshed { namespace, labels })
    }
}
