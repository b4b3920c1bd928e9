//! Decides who can talk to whom, from manifests alone. Not followed: ambient.
//!
//! ```text
//! Mesh ─┬─ Network ─────── which packets pass, by NetworkPolicy
//!       ├─ Door ────────── what the receiver's sidecar makes of a connection: capture, mode, protocol
//!       ├─ Authorization ─ which requests or connections its policies let through
//!       └─ caller ──────── what the sender can prove, and what its own proxy would do
//! Reach = all of them together: one question (`Reach::verdict`), everything that is open (`Reach::flows`), or what
//!         becomes of what gateways route (`Reach::routes`)
//! ```
//!
//! Two readings: what somebody can do who goes around its own proxy, which is what counts as enforced, and what goes
//! through it.

mod address;
mod attribute;
mod authorization;
mod bits;
mod caller;
mod change;
mod diagram;
mod domain;
mod door;
mod endpoint;
mod explain;
mod flow;
mod identity;
mod network;
mod policy;
mod ports;
mod question;
mod ranges;
mod regex;
mod requests;
mod route;
mod set;
mod text;
mod transport;
mod unseen;

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;

pub use address::AddressSet;
pub use attribute::{Attribute, Condition, Request, Values};
pub use authorization::{Authorization, Call};
pub use change::{Change, Comparison, Delta, Table};
pub use diagram::Diagram;
pub use door::{Door, Lock, Way};
pub use endpoint::{Endpoint, EndpointId, Endpoints};
pub use explain::{Asked, Explanation, Layer, Nearest, Sent, State, Step, Unasked};
pub use flow::{Allowed, Blocks, End, Flow, Mark, Passage, Scope, TakenFor, Term};
pub use identity::{Claim, Identity};
pub use network::{Enforcement, Inbound, Network, Open};
pub use policy::{Part, Policy, Rule};
pub use ports::{Port, PortSet};
pub use question::{Question, Target};
pub use ranges::{Number, Ranges};
pub use requests::{Clause, Requests, Universe};
pub use route::{Fate, Route};
pub use set::Set;
pub use text::{Language, Pattern, Vocabulary, normalized};
pub use transport::{Arrival, Chain, Client, arrival};
pub use unseen::{Place, Unseen, told};

use crate::{
    manifest::{DestinationRule, Object},
    mesh::Mesh,
};

/// The layers of a mesh, ready to be asked.
#[derive(Debug)]
pub struct Reach<'m> {
    mesh: &'m Mesh<'m>,
    network: Network<'m>,
    authorization: Authorization<'m>,
    /// DestinationRules by the host that they are for.
    rules: HashMap<String, Vec<&'m Object<DestinationRule>>>,
    networks: BTreeSet<IpNet>,
    blocks: Blocks,
}

/// Who there is besides the pods that are shown.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// Pods that the manifests do not show.
    pub unseen: Vec<Unseen>,
    /// Networks that part the world outside.
    pub networks: BTreeSet<IpNet>,
}

impl Others {
    /// Returns those of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.networks.extend(other.networks);
        let more: Vec<Unseen> =
            other.unseen.into_iter().filter(|unseen| !self.unseen.contains(unseen)).collect();
        self.unseen.extend(more);
        self
    }
}

impl<'m> Reach<'m> {
    /// Resolves every layer of a mesh, with everybody whom its manifests name and do not show.
    pub fn of(mesh: &'m Mesh<'m>) -> Self {
        Self::new(
            mesh,
            Others { unseen: Unseen::all(mesh), networks: BTreeSet::new() },
            Enforcement::default(),
        )
    }

    /// Resolves every layer of a mesh; networks that its own policies name part the world in any case.
    pub fn new(mesh: &'m Mesh<'m>, others: Others, enforcement: Enforcement) -> Self {
        let authorization = Authorization::new(mesh);
        let Others { unseen, mut networks } = others;
        networks.extend(flow::networks(mesh, &authorization));
        Self {
            mesh,
            network: Network::new(Endpoints::new(mesh, unseen), enforcement),
            rules: caller::rules_by_host(mesh),
            blocks: Blocks::of(&networks),
            networks,
            authorization,
        }
    }

    /// Returns who else there is, so that another mesh can be asked about the same.
    pub fn others(&self) -> Others {
        Others { unseen: self.endpoints().all_unseen().to_vec(), networks: self.networks.clone() }
    }

    /// Returns the ends of flows.
    pub fn endpoints(&self) -> &Endpoints<'m> {
        self.network.endpoints()
    }

    /// Returns how the world outside is parted.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Returns what NetworkPolicies leave open.
    pub fn network(&self) -> &Network<'m> {
        &self.network
    }
}

#[cfg(test)]
mod fixture;
