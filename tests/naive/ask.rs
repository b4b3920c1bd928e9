//! Questions in few words.

use std::{collections::BTreeMap, net::IpAddr};

use super::{Client, Destination, Protocol, Question, Representative, Request, Source};

impl Question {
    /// Asks about bytes over TCP in the clear; each end is `namespace/name`, an address outside, or `node`.
    pub fn new(source: &str, destination: &str, port: u16) -> Self {
        let address = source.parse::<IpAddr>().ok();
        let source = match (address, source) {
            (Some(_), _) => Source::Outside,
            (None, "node") => Source::Node,
            (None, called) => Source::Pod(called.to_owned()),
        };
        let destination = match destination.parse() {
            Ok(address) => Destination::Outside(address, None),
            Err(_) => Destination::Pod(destination.to_owned()),
        };
        Self {
            source,
            source_ip: address.unwrap_or(IpAddr::from([10, 1, 0, 1])),
            destination,
            protocol: Protocol::Tcp,
            port,
            client: Client::PlaintextBytes,
            sni: String::new(),
            request: None,
        }
    }

    #[must_use]
    pub fn from(self, source: Source) -> Self {
        Self { source, ..self }
    }

    #[must_use]
    pub fn at(self, address: &str) -> Self {
        Self { source_ip: address.parse().expect("an address"), ..self }
    }

    #[must_use]
    pub fn over(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    #[must_use]
    pub fn by(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// Asks about a request in place of bytes; in the clear it is then HTTP.
    #[must_use]
    pub fn request(self, method: &str, path: &str) -> Self {
        let client = if self.client == Client::PlaintextBytes { Client::PlaintextHttp } else { self.client };
        let (method, path, host) = (method.to_owned(), path.to_owned(), "cart.shop".to_owned());
        let request = Some(Request { method, path, host, headers: Vec::new(), claims: None });
        Self { client, request, ..self }
    }

    #[must_use]
    pub fn get(self, path: &str) -> Self {
        self.request("GET", path)
    }

    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        match &mut self.destination {
            Destination::Outside(_, named) => *named = Some(host.to_owned()),
            Destination::Pod(_) => host.clone_into(&mut self.request.as_mut().expect("a request").host),
        }
        self
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request.as_mut().expect("a request").headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Carries a valid token with these claims, written as JSON.
    #[must_use]
    pub fn token(mut self, claims: &str) -> Self {
        self.request.as_mut().expect("a request").claims =
            Some(serde_json::from_str(claims).expect("claims"));
        self
    }
}

impl Source {
    /// A pod that nobody showed, with a sidecar or without, in a namespace of which nothing more is known.
    pub fn stranger(namespace: &str, meshed: bool) -> Self {
        Self::Representative(Representative {
            namespace: namespace.to_owned(),
            namespace_labels: None,
            labels: BTreeMap::new(),
            meshed,
            service_account: "default".to_owned(),
        })
    }
}
