//! A tree that several evaluators can read, what is asked of it, and what our engine says.

use std::{collections::BTreeMap, net::IpAddr};

use meshwright::{
    manifest::{self, Protocol},
    mesh::{Config, Mesh, Truth},
    reach::{self, Client, Port, Question, Reach, Target},
    source::Sources,
};
use serde_json::{Value, json};

use crate::naive::random;

/// Objects as an API server would have stored them.
pub struct Tree {
    /// What it was made from.
    pub seed: u64,
    pub namespaces: Vec<Value>,
    /// By `NAMESPACE/NAME`. Each has an address of [`PODS`].
    pub pods: BTreeMap<String, Value>,
    /// And what configures them.
    pub policies: Vec<Value>,
}

/// Where the pods' addresses are.
pub const PODS: &str = "100.64.0.0/16";

/// The first packet of a connection, or a request between two proxies of the mesh. At least one end is a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    pub from: End,
    pub to: End,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
    pub port: u16,
    pub request: Option<Request>,
}

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// `NAMESPACE/NAME`.
    Pod(String),
    Outside(IpAddr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    pub method: &'static str,
    pub host: &'static str,
    pub path: &'static str,
}

impl Tree {
    /// Returns a tree without pods and policies. Every namespace has the label of its name.
    pub fn of(seed: u64, namespaces: impl IntoIterator<Item = (String, Value)>) -> Self {
        let namespace = |(name, mut labels): (String, Value)| {
            labels["kubernetes.io/metadata.name"] = json!(name);
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        };
        let namespaces = namespaces.into_iter().map(namespace).collect();
        Self { seed, namespaces, pods: BTreeMap::new(), policies: Vec::new() }
    }

    /// Adds a pod, which gets the next address.
    pub fn add(&mut self, namespace: &str, name: &str, labels: &Value, spec: &Value) {
        let address = format!("100.64.0.{}", self.pods.len() + 1);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "spec": spec,
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
        });
        self.pods.insert(format!("{namespace}/{name}"), pod);
    }

    pub fn objects(&self) -> Vec<Value> {
        self.namespaces.iter().chain(self.pods.values()).chain(&self.policies).cloned().collect()
    }

    /// Returns the pairs of different pods. A pod reaches itself (semantics NP28).
    pub fn pairs(&self) -> impl Iterator<Item = (End, End)> {
        let to = move |from: &String| {
            let others = self.pods.keys().filter(move |to| from != *to);
            let from = from.clone();
            others.map(move |to| (End::Pod(from.clone()), End::Pod(to.clone()))).collect::<Vec<_>>()
        };
        self.pods.keys().flat_map(to)
    }

    /// Returns what our engine says of each packet.
    ///
    /// # Panics
    ///
    /// If it says that it cannot tell: all that it needs to know is there.
    pub fn verdicts(&self, packets: &[Packet]) -> Vec<bool> {
        let mut sources = Sources::default();
        let file = sources.add("all.yaml", random::text(&self.objects()));
        let (manifests, faults) = manifest::load(&sources, [file]);
        assert_eq!(faults, [], "seed {}", self.seed);
        let mut config = Config::found_in(&manifests, &sources);
        config.revisions = Some(["default".to_owned()].into());
        let mesh = Mesh::resolve(&manifests, config);
        let reach = Reach::of(&mesh);
        let endpoints = reach.endpoints();
        let pods: BTreeMap<String, _> =
            mesh.pods().iter().map(|pod| (pod.path(), endpoints.of(pod.id))).collect();
        let verdict = |packet: &Packet| {
            let (from, source) = match &packet.from {
                End::Pod(pod) => (pods[pod], None),
                End::Outside(address) => (endpoints.outside(), Some(*address)),
            };
            let to = match &packet.to {
                End::Pod(pod) => Target::Pod(pods[pod]),
                End::Outside(address) => Target::Address(*address, None),
            };
            let request = packet.request.map_or_else(reach::Request::default, |request| reach::Request {
                method: request.method.to_owned(),
                host: request.host.to_owned(),
                path: request.path.to_owned(),
                ..reach::Request::default()
            });
            let client = if packet.request.is_some() { Client::MeshHttp } else { Client::PlainBytes };
            let port = Port { protocol: protocol(packet.protocol), number: packet.port };
            let request = reach::Request { source, ..request };
            match reach.verdict(&Question { from, to, port, client, request }) {
                Truth::Yes => true,
                Truth::No => false,
                Truth::Unknown => panic!("seed {}: nothing is unknown of {packet:?}", self.seed),
            }
        };
        packets.iter().map(verdict).collect()
    }

    /// Returns how many packets are open, to us and to others alike.
    ///
    /// # Panics
    ///
    /// If we differ on one, or nearly all have the same verdict.
    pub fn assert_agreed(&self, packets: &[Packet], theirs: &[bool]) -> usize {
        let ours = self.verdicts(packets);
        assert_eq!(ours.len(), theirs.len(), "each packet has its verdicts");
        let faults: Vec<String> = packets
            .iter()
            .zip(&ours)
            .zip(theirs)
            .filter(|((_, ours), theirs)| ours != theirs)
            .map(|((packet, ours), _)| format!("ours is {ours} of {packet:?}"))
            .collect();
        let shown = faults[..faults.len().min(5)].join("\n");
        let text = random::text(&self.objects());
        assert!(faults.is_empty(), "seed {}, {} differ:\n{shown}\n{text}", self.seed, faults.len());
        ours.iter().filter(|is_open| **is_open).count()
    }
}

fn protocol(name: &str) -> Protocol {
    match name {
        "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        _ => Protocol::Sctp,
    }
}
