//! The connections that network-config-analyzer prints, a line each.

use std::net::IpAddr;

use super::{
    texts::Texts,
    tree::{End, Packet, Request},
};

/// What it found open:
///
/// ```text
/// shop/web => 10.0.0.0-10.255.255.255 : {protocols:TCP, SCTP,dst_ports:80-90,8080}
/// shop/web => shop/api : {dst_ports:8080,methods:all but GET, PUT,hosts:a[.]b|*[.]c,paths:(/a|/b*)-(/bad)}
/// ```
pub struct Connections(Vec<Connection>);

#[derive(Default)]
struct Connection {
    from: Vec<Peer>,
    to: Vec<Peer>,
    /// Of these and the following, what is not limited is none.
    protocols: Option<Vec<String>>,
    ports: Option<Vec<(u16, u16)>>,
    methods: Option<Methods>,
    hosts: Option<Texts>,
    paths: Option<Texts>,
}

enum Peer {
    Pod(String),
    Addresses(IpAddr, IpAddr),
}

struct Methods {
    are_excepted: bool,
    names: Vec<String>,
}

const KEYS: [&str; 5] = ["protocols", "dst_ports", "methods", "hosts", "paths"];

impl Connections {
    /// Reads what it says. Where there are policies of Istio, it prints connections of other protocols apart, which are none
    /// of a mesh; notes and headings are no connections.
    ///
    /// # Panics
    ///
    /// If a line is none that is understood.
    pub fn read(text: &str) -> Self {
        let lines = text.lines().take_while(|line| !line.starts_with("non-TCP Connections"));
        let lines = lines.filter(|line| line.contains(" => "));
        let read =
            |line| Connection::read(line).unwrap_or_else(|| panic!("network-config-analyzer says `{line}`"));
        Self(lines.map(read).collect())
    }

    /// Returns whether any of them is a packet's.
    pub fn allow(&self, packet: &Packet) -> bool {
        self.0.iter().any(|connection| connection.is_of(packet))
    }
}

impl Connection {
    fn read(line: &str) -> Option<Self> {
        let (ends, what) = line.split_once(" : ")?;
        let (from, to) = ends.split_once(" => ")?;
        let mut connection = Self { from: Peer::read(from)?, to: Peer::read(to)?, ..Self::default() };
        if what == "All connections" {
            return Some(connection);
        }
        let mut rest = what.strip_prefix('{')?.strip_suffix('}')?;
        while !rest.is_empty() {
            let (key, value) = rest.split_once(':')?;
            let end = KEYS.iter().filter_map(|key| value.find(&format!(",{key}:"))).min();
            let value = &value[..end.unwrap_or(value.len())];
            match key {
                "protocols" => connection.protocols = Some(value.split(", ").map(str::to_owned).collect()),
                "dst_ports" => connection.ports = Some(ranges(value)?),
                "methods" => connection.methods = Some(Methods::read(value)),
                "hosts" => connection.hosts = Some(Texts::read(value)?),
                "paths" => connection.paths = Some(Texts::read(value)?),
                _ => return None,
            }
            let read = key.len() + 1 + value.len();
            rest = rest[read..].trim_start_matches(',');
        }
        Some(connection)
    }

    fn is_of(&self, packet: &Packet) -> bool {
        self.from.iter().any(|peer| peer.is(&packet.from))
            && self.to.iter().any(|peer| peer.is(&packet.to))
            && self.protocols.as_ref().is_none_or(|all| all.iter().any(|one| one == packet.protocol))
            && self.ports.as_ref().is_none_or(|ranges| has(ranges, &packet.port))
            && packet.request.is_none_or(|request| self.is_of_request(request))
    }

    fn is_of_request(&self, request: Request) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.have(request.method))
            && self.hosts.as_ref().is_none_or(|hosts| hosts.have(request.host))
            && self.paths.as_ref().is_none_or(|paths| paths.have(request.path))
    }
}

fn has<T: Ord>(ranges: &[(T, T)], one: &T) -> bool {
    ranges.iter().any(|(first, last)| first <= one && one <= last)
}

fn ranges(text: &str) -> Option<Vec<(u16, u16)>> {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    text.split(',').map(range).collect()
}

impl Methods {
    fn read(text: &str) -> Self {
        let excepted = text.strip_prefix("all but ");
        let names = excepted.unwrap_or(text).split(',').map(|name| name.trim().to_owned()).collect();
        Self { are_excepted: excepted.is_some(), names }
    }

    fn have(&self, method: &str) -> bool {
        self.names.iter().any(|name| name == method) != self.are_excepted
    }
}

impl Peer {
    fn read(text: &str) -> Option<Vec<Self>> {
        let one = |text: &str| {
            if text.contains('/') {
                return Some(Self::Pod(text.to_owned()));
            }
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            Some(Self::Addresses(first.parse().ok()?, last.parse().ok()?))
        };
        text.split(',').map(|text| one(text.trim())).collect()
    }

    fn is(&self, end: &End) -> bool {
        match (self, end) {
            (Self::Pod(own), End::Pod(pod)) => own == pod,
            (Self::Addresses(first, last), End::Outside(address)) => first <= address && address <= last,
            (Self::Pod(_), End::Outside(_)) | (Self::Addresses(..), End::Pod(_)) => false,
        }
    }
}
