//! Questions, at the edge of what a mesh compares with.

use std::{collections::BTreeMap, net::IpAddr};

use serde_json::{Map, Value, json};

use super::{
    super::{Client, Cluster, Destination, Protocol, Question, Representative, Request, Source, pattern},
    ACCOUNTS, ADDRESSES, Dice, HOSTS, METHODS, NUMBERS, labels,
};

/// What the manifests compare with, and so what a question should be close to.
#[derive(Debug, Clone, Default)]
pub struct Edges {
    pods: Vec<String>,
    paths: Vec<String>,
    hosts: Vec<String>,
    methods: Vec<String>,
    addresses: Vec<IpAddr>,
    ports: Vec<u16>,
}

impl Edges {
    pub fn of(cluster: &Cluster) -> Self {
        let mut edges = Self { pods: cluster.pods().map(|pod| pod.called()).collect(), ..Self::default() };
        for object in &cluster.objects {
            edges.collect("", &object.value);
        }
        edges
    }

    fn collect(&mut self, key: &str, value: &Value) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| {
                if let (Ok(port), "portLevelMtls") = (key.parse(), key.as_str()) {
                    self.ports.push(port);
                }
                self.collect(key, value);
            }),
            Value::Array(items) => items.iter().for_each(|item| self.collect(key, item)),
            Value::Number(number)
                if ["port", "endPort", "containerPort", "targetPort", "number"].contains(&key) =>
            {
                let port = number.as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or(80);
                self.ports.extend([port.saturating_sub(1).max(1), port, port.saturating_add(1)]);
            }
            Value::String(text) => match key {
                "paths" | "notPaths" => self.paths.push(text.clone()),
                // A Sidecar writes `namespace/host`.
                "hosts" | "notHosts" => {
                    self.hosts.push(text.rsplit_once('/').map_or(text.as_str(), |(_, host)| host).to_owned());
                }
                "methods" | "notMethods" => self.methods.push(text.clone()),
                "cidr" | "except" | "ipBlocks" | "notIpBlocks" | "values" | "notValues" => {
                    let network = pattern::network(text);
                    self.addresses
                        .extend(network.into_iter().flat_map(|net| [net.network(), net.broadcast()]));
                }
                _ => {}
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A text at a pattern's edge: what it stands for, with something, with nothing, or with too much in a star's place.
fn near(dice: &mut Dice, pattern: &str, filler: &str) -> String {
    let whole = match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), _) => format!("{filler}{rest}"),
        (None, Some(rest)) => format!("{rest}{filler}"),
        (None, None) => pattern.to_owned(),
    };
    match dice.below(6) {
        0 => format!("{whole}{filler}"),
        1 => pattern.to_owned(),
        2 => pattern.replace('*', ""),
        _ => whole,
    }
}

/// A question to a mesh; its client is one of all kinds.
pub fn question(dice: &mut Dice, edges: &Edges) -> Question {
    let Edges { pods, .. } = edges;
    let mut address: IpAddr = dice.one(ADDRESSES).parse().expect("an address");
    if !edges.addresses.is_empty() && dice.percent(30) {
        address = dice.one(&edges.addresses);
    }
    let source = match dice.below(20) {
        0 => Source::Node,
        1..=3 => Source::Outside,
        4..=6 => stranger(dice),
        _ => Source::Pod(dice.one(pods)),
    };
    let destination = match dice.below(12) {
        0 => {
            let host = dice.percent(70).then(|| dice.one(HOSTS).to_owned());
            Destination::Outside(dice.one(ADDRESSES).parse().expect("an address"), host)
        }
        _ => Destination::Pod(dice.one(pods)),
    };
    let port = match dice.below(10) {
        0 => dice.one(&[15006, 15020, 15021, 15090, 15008, 9999, 1, 65535]),
        1..=4 if !edges.ports.is_empty() => dice.one(&edges.ports),
        _ => dice.one(NUMBERS),
    };
    Question {
        source,
        source_ip: address,
        destination,
        protocol: dice.one(&[
            Protocol::Tcp,
            Protocol::Tcp,
            Protocol::Tcp,
            Protocol::Tcp,
            Protocol::Udp,
            Protocol::Sctp,
        ]),
        port,
        client: dice.one(&Client::ALL),
        sni: if dice.percent(10) { "a.b".into() } else { String::new() },
        request: dice.percent(75).then(|| request(dice, edges)),
    }
}

fn stranger(dice: &mut Dice) -> Source {
    let texts = |labels: Map<String, Value>| -> BTreeMap<String, String> {
        labels.into_iter().map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned())).collect()
    };
    Source::Representative(Representative {
        namespace: dice.one(&["shop", "pay", "elsewhere"]).to_owned(),
        namespace_labels: if dice.percent(50) { Some(texts(labels(dice))) } else { None },
        labels: texts(labels(dice)),
        meshed: dice.percent(50),
        service_account: dice.one(ACCOUNTS).to_owned(),
    })
}

fn request(dice: &mut Dice, edges: &Edges) -> Request {
    let close = |dice: &mut Dice, patterns: &[String], filler: &[&str], free: &[&str]| {
        if !patterns.is_empty() && dice.percent(60) {
            let (pattern, filler) = (dice.one(patterns), dice.one(filler));
            near(dice, &pattern, filler)
        } else {
            dice.one(free).to_owned()
        }
    };
    let method = close(dice, &edges.methods, &["X"], METHODS);
    let host = close(dice, &edges.hosts, &["q", "80"], HOSTS);
    let free: String = std::iter::once('/')
        .chain((0..dice.below(6)).map(|_| dice.one(&['/', 'a', 'b', '%', '.', '*'])))
        .collect();
    let mut path =
        close(dice, &edges.paths, &["q", "a", "/a", ""], &[&free, "/", "/a", "/a/b", "//a", "/%61"]);
    match dice.below(12) {
        0 => path.push_str("?a=/b"),
        1 => path.insert(0, '/'),
        2 => path = path.replacen('/', "/./", 1),
        _ => {}
    }
    let mut headers = Vec::new();
    if dice.percent(30) {
        headers.push(("x-tok".to_owned(), dice.one(&["a", "ab", "b", ""]).to_owned()));
    }
    if dice.percent(10) {
        headers.push(("x-forwarded-for".to_owned(), dice.one(ADDRESSES).to_owned()));
    }
    let claims = dice.percent(25).then(|| {
        let claims = json!({
            "iss": dice.one(&["id", "other", "evil"]), "sub": dice.one(&["ann", "bob"]), "groups": ["dev"],
            "aud": dice.one(&[json!("shop"), json!(["pay", "shop"])]), "azp": "cli", "realm": {"roles": ["dev", "qa"]},
        });
        claims.as_object().cloned().unwrap_or_default()
    });
    Request { method, host, path, headers, claims }
}
