//! What a tree and its table tell apart: every source, destination, port, way of being known, and request.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::{
    naive::{
        Answer, Chain, Cluster, Destination, Protocol, Question, Representative, Request, Source, Verdict,
        authorization::normalization,
        client::{adversarial, cooperative},
        pattern,
    },
    table::Table,
};

/// One thing that is open or not.
#[derive(Debug)]
pub struct Cell {
    pub source: String,
    pub destination: String,
    pub port: String,
    /// The account that the receiver knows the source for, if it does.
    pub account: Option<String>,
    /// The request with the path that the proxy sees; `None` is bytes.
    pub request: Option<(Request, String)>,
    pub address: IpAddr,
    pub verdict: Verdict,
    pub is_cooperative: bool,
    pub greeting_leaks: bool,
}

/// Every cell that a table must speak of.
pub fn cells(cluster: &Cluster, table: &Table) -> Vec<Cell> {
    let universe = Universe::of(cluster, table);
    let mut cells = Vec::new();
    for source in universe.sources(cluster, table) {
        for destination in table.to.iter().filter(|destination| **destination != source) {
            for port in table.ports.iter().filter(|port| table.speaks_of(&source, destination, port)) {
                universe.add(&mut cells, cluster, &source, destination, port);
            }
        }
    }
    cells
}

/// A port as it is asked for: a number, of TCP unless `/udp` or `/sctp` follows.
pub fn numbered(port: &str) -> (u16, Protocol) {
    match port.split_once('/') {
        None => (port.parse().expect("a port"), Protocol::Tcp),
        Some((port, "udp")) => (port.parse().expect("a port"), Protocol::Udp),
        Some((port, _)) => (port.parse().expect("a port"), Protocol::Sctp),
    }
}

/// The values of everything that a question can vary in.
struct Universe {
    blocks: Vec<IpNet>,
    requests: Vec<Request>,
    addresses: Vec<IpAddr>,
}

impl Universe {
    fn of(cluster: &Cluster, table: &Table) -> Self {
        let mut said = Said::default();
        cluster.objects.iter().for_each(|object| said.collect("", &object.value));
        for term in table.lines.iter().flat_map(|line| &line.condition) {
            said.methods.extend(term.methods.iter().cloned());
            said.paths.extend(term.paths.iter().cloned());
            said.hosts.extend(term.hosts.iter().cloned());
        }
        let mut blocks: Vec<IpNet> = said.blocks.iter().filter_map(|text| pattern::network(text)).collect();
        blocks.sort_by_key(|block| std::cmp::Reverse(block.prefix_len()));
        blocks.dedup();
        let requests = said.requests();
        let mut addresses = vec![IpAddr::from([10, 1, 0, 1])];
        if said.has_source_blocks {
            addresses.extend(blocks.iter().filter_map(|block| witness(Some(block), &blocks)));
        }
        Self { blocks, requests, addresses }
    }

    /// Everybody whom the table must speak of, in its words.
    fn sources(&self, cluster: &Cluster, table: &Table) -> Vec<String> {
        let mut sources: Vec<String> = cluster.pods().map(|pod| pod.called()).collect();
        sources.extend(["any meshed pod", "any un-meshed pod", "node", "outside"].map(str::to_owned));
        sources.extend(self.blocks.iter().map(IpNet::to_string));
        let named = table.lines.iter().flat_map(|line| &line.sources).filter(|name| stranger(name).is_some());
        sources.extend(named.cloned().collect::<BTreeSet<String>>());
        sources.retain(|source| table.from.is_empty() || table.from.contains(source));
        sources
    }

    /// The addresses that a class of the outside stands for: those in its block and in no narrower one.
    fn class(&self, name: &str) -> Vec<IpAddr> {
        match name.parse::<IpNet>() {
            Ok(block) => witness(Some(&block), &self.blocks).into_iter().collect(),
            Err(_) => ["233.252.0.1", "2001:db8:ffff::1"]
                .iter()
                .map(|text| text.parse().expect("an address"))
                .filter(|address| !self.blocks.iter().any(|block| block.contains(address)))
                .collect(),
        }
    }

    fn add(&self, cells: &mut Vec<Cell>, cluster: &Cluster, source: &str, destination: &str, port: &str) {
        let is_pod = |name: &str| cluster.pods().any(|pod| pod.called() == name);
        // Of pods that nobody shows the table says whom they reach, not what they may do out there.
        if !is_pod(source) && !is_pod(destination) {
            return;
        }
        let destinations: Vec<Destination> = if is_pod(destination) {
            vec![Destination::Pod(destination.to_owned())]
        } else {
            self.class(destination).into_iter().map(|address| Destination::Outside(address, None)).collect()
        };
        let (from, addresses) = match source {
            "any meshed pod" => (anybody(true), self.addresses.clone()),
            "any un-meshed pod" => (anybody(false), self.addresses.clone()),
            "node" => (Source::Node, self.addresses.clone()),
            name if is_pod(name) => (Source::Pod(name.to_owned()), self.addresses.clone()),
            name if stranger(name).is_some() => {
                (Source::Representative(stranger(name).expect("it is one")), self.addresses.clone())
            }
            block => (Source::Outside, self.class(block)),
        };
        for (to, address) in
            destinations.iter().flat_map(|to| addresses.iter().map(move |address| (to, address)))
        {
            let (number, protocol) = numbered(port);
            for request in std::iter::once(None).chain(self.requests.iter().map(Some)) {
                let question = Question {
                    source: from.clone(),
                    source_ip: *address,
                    destination: to.clone(),
                    protocol,
                    request: request.cloned(),
                    ..Question::new("node", "0.0.0.0", number)
                };
                let seen = request.map(|request| {
                    (
                        request.clone(),
                        pattern::path(&request.path, normalization(cluster)).unwrap_or_default(),
                    )
                });
                cells.extend(both_ways(cluster, &question).map(
                    |(account, verdict, is_cooperative, greeting_leaks)| Cell {
                        source: source.to_owned(),
                        destination: destination.to_owned(),
                        port: port.to_owned(),
                        account,
                        request: seen.clone(),
                        address: *address,
                        verdict,
                        is_cooperative,
                        greeting_leaks,
                    },
                ));
            }
        }
    }
}

type Way = (Option<String>, Verdict, bool, bool);

/// What a question comes to for a source that is known and for one that is not: on the HTTP chain for a request, else
/// on the chains that take bytes.
fn both_ways(cluster: &Cluster, question: &Question) -> impl Iterator<Item = Way> {
    let answers = adversarial(cluster, question).answers;
    let own = cooperative(cluster, question);
    let is_http = question.request.is_some();
    let account = match &question.source {
        Source::Pod(called) => {
            let pod = cluster.pod(called);
            format!("{}/{}", pod.namespace, pod.service_account())
        }
        Source::Representative(stranger) => format!("{}/{}", stranger.namespace, stranger.service_account),
        Source::Node | Source::Outside => String::new(),
    };
    [Some(account), None].into_iter().map(move |account| {
        let is_of = |answer: &&Answer| {
            (answer.chain == Chain::None || (answer.chain == Chain::Http) == is_http)
                && answer.identity.is_some() == account.is_some()
        };
        let of = || answers.iter().map(|(_, answer)| answer).filter(is_of);
        let verdict = of().map(|answer| answer.verdict).max().unwrap_or(Verdict::Denied);
        let is_cooperative = own.verdict == Verdict::Allowed && is_of(&&own);
        let leaks = of().any(|answer| answer.greeting_leaks);
        (account, verdict, is_cooperative, leaks)
    })
}

/// A pod of a namespace that nothing selects or names.
fn anybody(meshed: bool) -> Source {
    Source::Representative(Representative {
        namespace: "elsewhere".into(),
        namespace_labels: Some([].into()),
        labels: [].into(),
        meshed,
        service_account: "default".into(),
    })
}

/// A pod that policies name and nobody shows, by its name in a table: `monitoring/*[app=prometheus] (un-meshed)`.
pub fn stranger(name: &str) -> Option<Representative> {
    let (place, how) = name.strip_suffix(')')?.split_once(" (")?;
    let (home, pod) = place.split_once("/*")?;
    let labels = |text: &str| -> BTreeMap<String, String> {
        let pairs = text.trim_matches(['[', ']']).split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    let (proxy, account) = how.split_once(" as ").unwrap_or((how, "default"));
    let elsewhere = home.strip_prefix('*').map(labels);
    Some(Representative {
        namespace: if elsewhere.is_some() { "elsewhere".to_owned() } else { home.to_owned() },
        namespace_labels: elsewhere,
        labels: labels(pod),
        meshed: proxy == "meshed",
        service_account: account.to_owned(),
    })
}

/// An address of a block that no narrower block holds.
fn witness(block: Option<&IpNet>, blocks: &[IpNet]) -> Option<IpAddr> {
    let block = block?;
    let narrower: Vec<&IpNet> = blocks.iter().filter(|one| one.prefix_len() > block.prefix_len()).collect();
    let ends = narrower.iter().flat_map(|one| [before(one.network()), after(one.broadcast())]);
    [block.network(), block.broadcast()]
        .into_iter()
        .chain(ends)
        .find(|address| block.contains(address) && !narrower.iter().any(|one| one.contains(address)))
}

fn before(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4(address.to_bits().wrapping_sub(1).into()),
        IpAddr::V6(address) => IpAddr::V6(address.to_bits().wrapping_sub(1).into()),
    }
}

fn after(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4(address.to_bits().wrapping_add(1).into()),
        IpAddr::V6(address) => IpAddr::V6(address.to_bits().wrapping_add(1).into()),
    }
}

/// What the objects and the table compare requests with.
#[derive(Default)]
struct Said {
    methods: BTreeSet<String>,
    paths: BTreeSet<String>,
    hosts: BTreeSet<String>,
    headers: BTreeSet<(String, String)>,
    blocks: BTreeSet<String>,
    has_source_blocks: bool,
    has_tokens: bool,
}

impl Said {
    fn collect(&mut self, key: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                let header = fields
                    .get("key")
                    .and_then(Value::as_str)
                    .and_then(|key| key.strip_prefix("request.headers["));
                if let Some(header) = header.and_then(|rest| rest.strip_suffix(']')) {
                    let values = ["values", "notValues"]
                        .iter()
                        .filter_map(|key| fields.get(*key)?.as_array())
                        .flatten();
                    self.headers.extend(
                        values.filter_map(|value| Some((header.to_owned(), value.as_str()?.to_owned()))),
                    );
                }
                fields.iter().for_each(|(key, value)| self.collect(key, value));
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(key, item)),
            Value::String(text) => match key {
                "methods" | "notMethods" => {
                    self.methods.insert(text.clone());
                }
                "paths" | "notPaths" => {
                    self.paths.insert(text.clone());
                }
                "hosts" | "notHosts" => {
                    self.hosts.insert(text.clone());
                }
                "cidr" | "except" => {
                    self.blocks.insert(text.clone());
                }
                "ipBlocks" | "notIpBlocks" => {
                    self.has_source_blocks = true;
                    self.blocks.insert(text.clone());
                }
                "remoteIpBlocks" => {
                    self.headers.extend([("x-forwarded-for".to_owned(), "192.0.2.9".to_owned())]);
                }
                "issuer" | "requestPrincipals" => self.has_tokens = true,
                _ => {}
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A request for every way in which what is said can hold or fail.
    fn requests(&self) -> Vec<Request> {
        let around = |patterns: &BTreeSet<String>, filler: &str, free: &[&str]| -> Vec<String> {
            let near = patterns.iter().flat_map(|pattern| {
                let bare = pattern.replace('*', "");
                [
                    pattern.clone(),
                    pattern.replace('*', filler),
                    bare.clone(),
                    format!("{bare}{filler}"),
                    bare.to_lowercase(),
                    bare.to_uppercase(),
                ]
            });
            free.iter()
                .map(|one| (*one).to_owned())
                .chain(near)
                .collect::<BTreeSet<String>>()
                .into_iter()
                .collect()
        };
        let methods = if self.methods.is_empty() {
            vec!["GET".to_owned()]
        } else {
            around(&self.methods, "X", &["GET", "OTHER"])
        };
        let mut paths =
            if self.paths.is_empty() { vec!["/".to_owned()] } else { around(&self.paths, "q", &["/", "/q"]) };
        paths.extend(self.paths.iter().filter(|path| path.starts_with('/')).flat_map(|path| {
            let bare = path.replace('*', "");
            [
                format!("/{bare}"),
                format!("{bare}/q/../q?q={bare}"),
                bare.replace('/', "/./"),
                bare.replacen('/', "/%2f", 1),
            ]
        }));
        paths.extend(self.paths.iter().map(|path| format!("/{path}")));
        paths.retain(|path| path.starts_with('/'));
        let hosts =
            if self.hosts.is_empty() { vec!["h".to_owned()] } else { around(&self.hosts, "q", &["h"]) };
        let mut headers: Vec<Vec<(String, String)>> = vec![Vec::new()];
        for (name, value) in &self.headers {
            let other = if name == "x-forwarded-for" { "10.8.8.8" } else { "other" };
            let values = [value.replace('*', "q"), other.to_owned()];
            headers.extend(values.map(|value| vec![(name.clone(), value)]));
        }
        let mut claims = vec![None];
        if self.has_tokens {
            let token =
                |subject: &str| json!({"iss": "https://id.example.com", "sub": subject}).as_object().cloned();
            claims.extend([token("ann"), token("bob")]);
        }
        let mut requests = Vec::new();
        for (method, path) in methods.iter().flat_map(|method| paths.iter().map(move |path| (method, path))) {
            for (host, headers) in
                hosts.iter().flat_map(|host| headers.iter().map(move |headers| (host, headers)))
            {
                for claims in &claims {
                    requests.push(Request {
                        method: method.clone(),
                        path: path.clone(),
                        host: host.clone(),
                        headers: headers.clone(),
                        claims: claims.clone(),
                    });
                }
            }
        }
        requests
    }
}
