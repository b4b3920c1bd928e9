//! Sets of ports, each with its protocol.

use std::fmt;

use super::ranges::Ranges;
use crate::manifest::Protocol;

/// A port of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// The transport.
    pub protocol: Protocol,
    /// The number.
    pub number: u16,
}

impl Port {
    /// Returns a TCP port.
    pub fn tcp(number: u16) -> Self {
        Self { protocol: Protocol::Tcp, number }
    }

    /// The protocols lie one after the other on one line of numbers.
    fn place(self) -> u32 {
        line(self.protocol).0 + u32::from(self.number)
    }
}

impl fmt::Display for Port {
    /// A TCP port is its number; others name their protocol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            Protocol::Tcp => write!(f, "{}", self.number),
            Protocol::Udp | Protocol::Sctp => write!(f, "{}/{}", name(self.protocol), self.number),
        }
    }
}

const PROTOCOLS: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
const WIDTH: u32 = 1 << 16;

/// Returns the first and the last place of a protocol.
fn line(protocol: Protocol) -> (u32, u32) {
    let first = match protocol {
        Protocol::Tcp => 0,
        Protocol::Udp => WIDTH,
        Protocol::Sctp => 2 * WIDTH,
    };
    (first, first + WIDTH - 1)
}

fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    }
}

/// A set of ports. ICMP and other protocols without ports are out of scope (semantics NP31).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet(Ranges<u32>);

impl PortSet {
    /// Returns every port of every protocol.
    pub fn all() -> Self {
        Self(Ranges::of(0, 3 * WIDTH - 1))
    }

    /// Returns every port of a protocol.
    pub fn of(protocol: Protocol) -> Self {
        let (first, last) = line(protocol);
        Self(Ranges::of(first, last))
    }

    /// Returns the ports from `first` to `last`.
    pub fn between(protocol: Protocol, first: u16, last: u16) -> Self {
        Self(Ranges::of(Port { protocol, number: first }.place(), Port { protocol, number: last }.place()))
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether every port of every protocol is in it.
    pub fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// Tells whether a port is in it.
    pub fn contains(&self, port: Port) -> bool {
        self.0.contains(port.place())
    }

    /// Returns what is in one or the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0))
    }

    /// Returns what is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0))
    }

    /// Returns what is in this and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0))
    }

    /// Tells whether everything in it is in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Returns its ranges, protocol by protocol, both ends included.
    pub fn iter(&self) -> impl Iterator<Item = (Protocol, u16, u16)> {
        PROTOCOLS.into_iter().flat_map(move |protocol| {
            let (start, end) = line(protocol);
            let within = self.0.intersection(&Ranges::of(start, end));
            let number = |place: u32| u16::try_from(place - start).expect("a place on the protocol's line");
            let ranges: Vec<_> =
                within.iter().map(|(first, last)| (protocol, number(first), number(last))).collect();
            ranges
        })
    }

    /// Returns the ports as a table writes them: `8080`, `53/udp`, `*` for every port of TCP, and `*!22` for all but one.
    pub fn spelled(&self) -> String {
        let of = |(protocol, end): (Protocol, &str)| {
            let own = Self::of(protocol).intersection(self);
            let rest = Self::of(protocol).difference(&own);
            let list = |ports: &Self| {
                let ranges = ports.iter().map(|(_, first, last)| {
                    if first == last { first.to_string() } else { format!("{first}-{last}") }
                });
                ranges.collect::<Vec<_>>()
            };
            let (own, rest) = (list(&own), list(&rest));
            match (own.is_empty(), rest.is_empty()) {
                (true, _) => None,
                (false, true) => Some(format!("*{end}")),
                (false, false) if rest.len() < own.len() => Some(format!("*!{}{end}", rest.join(","))),
                (false, false) => Some(format!("{}{end}", own.join(","))),
            }
        };
        let protocols = [(Protocol::Tcp, ""), (Protocol::Udp, "/udp"), (Protocol::Sctp, "/sctp")];
        protocols.into_iter().filter_map(of).collect::<Vec<_>>().join(",")
    }

    /// Parts the ports of several sets so that each set is a union of parts; no part is empty.
    pub fn cut<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        for set in sets {
            let rest = parts.iter().fold(set.clone(), |rest, part| rest.difference(part));
            let halves = parts.iter().flat_map(|part| [part.intersection(set), part.difference(set)]);
            parts = halves.chain([rest]).filter(|part| !part.is_empty()).collect();
        }
        parts
    }

    /// Returns a port of it to show as an example: the first that is not 0.
    pub fn example(&self) -> Option<Port> {
        let mut ranges = self.iter().filter(|(_, _, last)| *last > 0);
        ranges.next().map(|(protocol, first, _)| Port { protocol, number: first.max(1) })
    }
}

impl From<Port> for PortSet {
    fn from(port: Port) -> Self {
        Self(Ranges::of(port.place(), port.place()))
    }
}

impl FromIterator<Port> for PortSet {
    fn from_iter<I: IntoIterator<Item = Port>>(ports: I) -> Self {
        Self(ports.into_iter().map(|port| (port.place(), port.place())).collect())
    }
}

impl FromIterator<PortSet> for PortSet {
    fn from_iter<I: IntoIterator<Item = PortSet>>(sets: I) -> Self {
        Self(sets.into_iter().flat_map(|set| set.0.iter().collect::<Vec<_>>()).collect())
    }
}

impl fmt::Display for PortSet {
    /// `every port`, `every TCP port`, or the numbers: `80, 8000-8999, UDP/53`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("every port");
        }
        if self.is_empty() {
            return f.write_str("no port");
        }
        let parts: Vec<String> = self.iter().map(part).collect();
        f.write_str(&parts.join(", "))
    }
}

fn part((protocol, first, last): (Protocol, u16, u16)) -> String {
    let port = Port { protocol, number: first };
    match (first, last) {
        (0 | 1, u16::MAX) => format!("every {} port", name(protocol)),
        _ if first == last => port.to_string(),
        _ => format!("{port}-{last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn np31_each_protocol_has_ports_of_its_own() {
        let dns = PortSet::from(Port { protocol: Protocol::Udp, number: 53 });
        assert!(!dns.contains(Port::tcp(53)));
        assert!(dns.contains(Port { protocol: Protocol::Udp, number: 53 }));
        assert!(PortSet::of(Protocol::Tcp).intersection(&PortSet::of(Protocol::Sctp)).is_empty());
    }

    #[test]
    fn ports_are_shown_as_a_person_writes_them() {
        let set: PortSet = [
            PortSet::between(Protocol::Tcp, 8000, 8999),
            PortSet::from(Port::tcp(80)),
            PortSet::of(Protocol::Udp),
        ]
        .into_iter()
        .collect();
        assert_eq!(set.to_string(), "80, 8000-8999, every UDP port");
        assert_eq!(PortSet::all().to_string(), "every port");
        assert_eq!(PortSet::default().to_string(), "no port");
        assert_eq!(PortSet::from(Port { protocol: Protocol::Udp, number: 53 }).to_string(), "UDP/53");
        assert_eq!(
            PortSet::all().difference(&PortSet::from(Port::tcp(80))).to_string(),
            "0-79, 81-65535, every UDP port, every SCTP port"
        );
        assert_eq!(PortSet::all().example(), Some(Port::tcp(1)));
    }
}
