//! Decides who can talk to whom, from manifests alone, exactly.

mod address;
mod attribute;
mod authorization;
mod bits;
mod diagram;
mod domain;
mod endpoint;
mod identity;
mod network;
mod policy;
mod ports;
mod ranges;
mod regex;
mod requests;
mod set;
mod text;
mod transport;

pub use address::AddressSet;
pub use attribute::{Attribute, Condition, Request, Values};
pub use authorization::{Authorization, Call};
pub use diagram::Diagram;
pub use endpoint::{Endpoint, EndpointId, Endpoints, Place, Unseen};
pub use identity::{Claim, Identity};
pub use network::{Enforcement, Inbound, Network, Open};
pub use policy::{Part, Policy, Rule};
pub use ports::{Port, PortSet};
pub use ranges::{Number, Ranges};
pub use requests::{Clause, Requests, Universe};
pub use set::Set;
pub use text::{Language, Pattern, Vocabulary, normalized};
pub use transport::{Arrival, Chain, Client, arrival};

#[cfg(test)]
mod fixture;
