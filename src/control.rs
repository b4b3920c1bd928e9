//! What manifests prove of controls of NIST SP 800-53, and what they do not.
//!
//! ```text
//! Subject: Mesh, findings, flows ─ assess ─► Assessment: rules with their evidence, controls with their verdicts, exceptions
//! ```
//!
//! A rule is a sentence that manifests can break or bear out. It holds because of objects that it names, never because
//! nothing was found: a rule that looked at nothing cannot tell, and one that forbids a kind says among how many objects
//! none of that kind was. A control is satisfied if every objective of it is, and an objective if all its rules are; what
//! no manifest decides is named, and keeps the control from being satisfied.

mod catalogue;
mod evidence;
mod exception;
mod look;
pub mod oscal;
mod rule;
mod verdict;

pub use catalogue::{CATALOGUE, Entry, Objective, Outside};
pub use evidence::{Break, Doubt, Item, Look};
pub use exception::Exception;
pub use rule::{RULES, Rule};
pub use verdict::{Assessment, Judgement, Outcome, Part, Ruled, Verdict, assess};

use crate::{
    check::{Scene, waiver::Judged},
    mesh::{Pod, Truth},
    reach::{Flow, Reach},
};

/// What is assessed: manifests, and all that the rest of the program found in them.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s, 'm> {
    /// The manifests, and the releases that they are judged against.
    pub scene: &'s Scene<'m>,
    /// The findings of every check, told apart by waivers.
    pub judged: &'s Judged,
    /// Who may be called.
    pub reach: &'s Reach<'m>,
    /// What is open.
    pub flows: &'s [Flow],
    /// How many objects were read.
    pub objects: usize,
}

impl<'m> Subject<'_, 'm> {
    /// Returns the workloads that somebody applies, gateways left out.
    ///
    /// What a profile assumes of a team's manifests is evidence of nothing.
    fn applied_pods(&self) -> impl Iterator<Item = &'m Pod<'m>> {
        self.pods().filter(|pod| !pod.workload.meta.is_assumed())
    }

    /// Returns the workloads that only a profile assumes, where no manifest shows one of that name.
    fn assumed_pods(&self) -> impl Iterator<Item = &'m Pod<'m>> {
        let is_shown = |pod: &Pod<'m>| {
            self.applied_pods().any(|other| other.workload.meta.id() == pod.workload.meta.id())
        };
        self.pods().filter(move |pod| pod.workload.meta.is_assumed() && !is_shown(pod))
    }

    /// Returns every workload that is no gateway.
    fn pods(&self) -> impl Iterator<Item = &'m Pod<'m>> {
        self.scene.mesh.pods().iter().filter(|pod| !pod.is_gateway())
    }

    /// Returns the workloads that are in the mesh for sure.
    fn meshed_pods(&self) -> impl Iterator<Item = &'m Pod<'m>> {
        self.pods().filter(|pod| pod.injection.is_injected == Truth::Yes)
    }
}
