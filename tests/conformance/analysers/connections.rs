//! The connections that network-config-analyzer prints, a line each.

use std::net::IpAddr;

use super::{End, PROTOCOLS, Packet};

/// What it found open: `shop/web => 10.0.0.0-10.255.255.255 : {protocols:TCP,dst_ports:80-90,8080}`.
pub struct Connections(Vec<Connection>);

struct Connection {
    from: Peer,
    to: Peer,
    /// None for all.
    protocols: Option<Vec<String>>,
    /// None for all.
    ports: Option<Vec<(u16, u16)>>,
}

enum Peer {
    Pod(String),
    Addresses(Vec<(IpAddr, IpAddr)>),
}

impl Connections {
    /// Reads what it says, of which notes and headings are no connections.
    ///
    /// # Panics
    ///
    /// If a line is none that is understood.
    pub fn read(text: &str) -> Self {
        Self(text.lines().filter(|line| line.contains(" => ")).map(Connection::read).collect())
    }

    /// Returns whether any of them is a packet's.
    pub fn allow(&self, packet: &Packet) -> bool {
        self.0.iter().any(|connection| connection.is_of(packet))
    }
}

impl Connection {
    fn read(line: &str) -> Self {
        let understood = || {
            let (ends, what) = line.split_once(" : ")?;
            let (from, to) = ends.split_once(" => ")?;
            let (from, to) = (Peer::read(from)?, Peer::read(to)?);
            if what == "All connections" {
                return Some(Self { from, to, protocols: None, ports: None });
            }
            let what = what.strip_prefix("{protocols:")?.strip_suffix('}')?;
            let (protocols, ports) = match what.split_once(",dst_ports:") {
                Some((protocols, ports)) => (protocols, Some(ranges(ports)?)),
                None => (what, None),
            };
            let protocols = Some(protocols.split(',').map(str::to_owned).collect());
            Some(Self { from, to, protocols, ports })
        };
        understood().unwrap_or_else(|| panic!("network-config-analyzer says `{line}`"))
    }

    fn is_of(&self, packet: &Packet) -> bool {
        let (protocol, _) = PROTOCOLS[packet.protocol];
        let has_port = |ranges: &Vec<(u16, u16)>| {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&packet.port))
        };
        self.from.is(&packet.from)
            && self.to.is(&packet.to)
            && self.protocols.as_ref().is_none_or(|all| all.iter().any(|one| one == protocol))
            && self.ports.as_ref().is_none_or(has_port)
    }
}

fn ranges(text: &str) -> Option<Vec<(u16, u16)>> {
    text.split(',')
        .map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect()
}

impl Peer {
    fn read(text: &str) -> Option<Self> {
        if text.contains('/') {
            return Some(Self::Pod(text.to_owned()));
        }
        let ranges = text.split(',').map(|range| {
            let (first, last) = range.trim().split_once('-').unwrap_or((range, range));
            Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
        });
        ranges.collect::<Option<_>>().map(Self::Addresses)
    }

    fn is(&self, end: &End) -> bool {
        match (self, end) {
            (Self::Pod(own), End::Pod(pod)) => own == pod,
            (Self::Addresses(ranges), End::Outside(address)) => {
                ranges.iter().any(|(first, last)| (first..=last).contains(&address))
            }
            (Self::Pod(_), End::Outside(_)) | (Self::Addresses(_), End::Pod(_)) => false,
        }
    }
}
