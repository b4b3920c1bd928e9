//! Sets of addresses: the world outside the cluster, cut by the ranges that policies name.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use super::ranges::Ranges;
use crate::manifest::IpBlock;

/// A set of addresses of both families.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressSet {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl AddressSet {
    /// Returns every address.
    pub fn all() -> Self {
        Self { v4: Ranges::all(), v6: Ranges::all() }
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Tells whether every address of both families is in it.
    pub fn is_all(&self) -> bool {
        self.v4.is_all() && self.v6.is_all()
    }

    /// Tells whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.contains(address.to_bits()),
            IpAddr::V6(address) => self.v6.contains(address.to_bits()),
        }
    }

    /// Returns what is in one or the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }

    /// Returns what is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self { v4: self.v4.intersection(&other.v4), v6: self.v6.intersection(&other.v6) }
    }

    /// Returns what is in this and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self { v4: self.v4.difference(&other.v4), v6: self.v6.difference(&other.v6) }
    }

    /// Returns what is not in it.
    #[must_use]
    pub fn complement(&self) -> Self {
        Self::all().difference(self)
    }

    /// Tells whether everything in it is in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }

    /// Returns the fewest ranges that make it up, IPv4 first.
    pub fn networks(&self) -> Vec<IpNet> {
        let v4 = self.v4.iter().flat_map(|(first, last)| {
            Ipv4Subnets::new(Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last), 0)
        });
        let v6 = self.v6.iter().flat_map(|(first, last)| {
            Ipv6Subnets::new(Ipv6Addr::from_bits(first), Ipv6Addr::from_bits(last), 0)
        });
        v4.map(IpNet::V4).chain(v6.map(IpNet::V6)).collect()
    }

    /// Returns an address of it to show as an example.
    pub fn example(&self) -> Option<IpAddr> {
        let v4 = self.v4.iter().next().map(|(first, _)| IpAddr::V4(Ipv4Addr::from_bits(first)));
        let v6 = || self.v6.iter().next().map(|(first, _)| IpAddr::V6(Ipv6Addr::from_bits(first)));
        v4.or_else(v6)
    }

    /// Cuts it along the edges of others: disjoint parts, each wholly inside or outside of every one of them.
    pub fn cut<'a>(&self, edges: impl IntoIterator<Item = &'a Self>) -> Vec<Self> {
        let mut parts = vec![self.clone()];
        for edge in edges {
            let halves = parts.iter().flat_map(|part| [part.intersection(edge), part.difference(edge)]);
            parts = halves.filter(|part| !part.is_empty()).collect();
        }
        parts.sort();
        parts
    }
}

impl From<&IpNet> for AddressSet {
    /// Host bits are passed over (semantics NP18).
    fn from(network: &IpNet) -> Self {
        match network {
            IpNet::V4(network) => Self {
                v4: Ranges::of(network.network().to_bits(), network.broadcast().to_bits()),
                v6: Ranges::default(),
            },
            IpNet::V6(network) => Self {
                v4: Ranges::default(),
                v6: Ranges::of(network.network().to_bits(), network.broadcast().to_bits()),
            },
        }
    }
}

impl From<&IpBlock> for AddressSet {
    /// The range less every exception (semantics NP17).
    fn from(block: &IpBlock) -> Self {
        let except = block.except.iter().map(|except| Self::from(&except.value));
        except.fold(Self::from(&block.cidr.value), |rest, except| rest.difference(&except))
    }
}

impl From<IpAddr> for AddressSet {
    fn from(address: IpAddr) -> Self {
        Self::from(&IpNet::from(address))
    }
}

impl fmt::Display for AddressSet {
    /// `any address`, a few ranges, or whatever is shorter to say: `any IPv4 address except 10.0.0.0/8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let families = [("IPv4 ", &Ipv4Addr::UNSPECIFIED.into()), ("IPv6 ", &Ipv6Addr::UNSPECIFIED.into())];
        if self.is_empty() {
            return f.write_str("no address");
        }
        let [v4, v6] = families.map(|(name, family)| (name, self.of_family(family)));
        match (v4.1.shown(v4.0), v6.1.shown(v6.0)) {
            (Some(_), Some(_)) if self.except().networks().len() < self.networks().len() => {
                f.write_str(&excepting("any address", &self.except()))
            }
            (v4, v6) => f.write_str(&v4.into_iter().chain(v6).collect::<Vec<_>>().join(", ")),
        }
    }
}

impl AddressSet {
    fn of_family(&self, family: &IpAddr) -> Self {
        match family {
            IpAddr::V4(_) => Self { v4: self.v4.clone(), v6: Ranges::default() },
            IpAddr::V6(_) => Self { v4: Ranges::default(), v6: self.v6.clone() },
        }
    }

    fn except(&self) -> Self {
        self.complement()
    }

    /// One family as text; none where there is no address of it.
    fn shown(&self, family: &str) -> Option<String> {
        let networks = self.networks();
        let rest = match networks.first()? {
            IpNet::V4(_) => Self { v4: self.v4.complement(), v6: Ranges::default() },
            IpNet::V6(_) => Self { v4: Ranges::default(), v6: self.v6.complement() },
        };
        if rest.networks().len() < networks.len() {
            return Some(excepting(&format!("any {family}address"), &rest));
        }
        Some(listed(&networks))
    }
}

fn excepting(what: &str, rest: &AddressSet) -> String {
    let networks = rest.networks();
    if networks.is_empty() { what.to_owned() } else { format!("{what} except {}", listed(&networks)) }
}

fn listed(networks: &[IpNet]) -> String {
    networks.iter().map(plain).collect::<Vec<_>>().join(", ")
}

/// A single address is written without its prefix length.
fn plain(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> AddressSet {
        let networks = text.split_whitespace().map(|word| AddressSet::from(&word.parse::<IpNet>().unwrap()));
        networks.fold(AddressSet::default(), |all, network| all.union(&network))
    }

    #[test]
    fn all_addresses_are_one_network_of_each_family() {
        let networks = AddressSet::all().networks();
        assert_eq!(networks.iter().map(IpNet::to_string).collect::<Vec<_>>(), ["0.0.0.0/0", "::/0"]);
    }

    #[test]
    fn np17_an_exception_is_taken_out_and_np18_host_bits_are_passed_over() {
        let block = set("10.0.0.9/8").difference(&set("10.1.0.7/16"));
        assert!(block.contains("10.2.3.4".parse().unwrap()));
        assert!(!block.contains("10.1.2.3".parse().unwrap()));
        assert!(!block.contains("::ffff:10.2.3.4".parse().unwrap()), "the families are apart");
    }

    #[test]
    fn addresses_are_shown_the_shorter_way() {
        assert_eq!(AddressSet::all().to_string(), "any address");
        assert_eq!(set("0.0.0.0/0").to_string(), "any IPv4 address");
        assert_eq!(set("10.0.0.0/8 192.168.1.1/32").to_string(), "10.0.0.0/8, 192.168.1.1");
        assert_eq!(
            set("0.0.0.0/0").difference(&set("10.0.0.0/8")).to_string(),
            "any IPv4 address except 10.0.0.0/8"
        );
        assert_eq!(
            AddressSet::all().difference(&set("10.0.0.0/8 fd00::/8")).to_string(),
            "any address except 10.0.0.0/8, fd00::/8"
        );
        assert_eq!(AddressSet::default().to_string(), "no address");
    }

    #[test]
    fn a_cut_leaves_parts_that_every_edge_takes_whole() {
        let parts = set("10.0.0.0/8").cut([&set("10.1.0.0/16"), &set("10.1.2.0/24 11.0.0.0/8")]);
        assert_eq!(parts.len(), 3);
        assert_eq!(parts.iter().fold(AddressSet::default(), |all, part| all.union(part)), set("10.0.0.0/8"));
    }
}
