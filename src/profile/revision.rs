//! Control planes beside each other, and what names them.

use std::collections::BTreeMap;

use super::{Images, Profile};
use crate::{release::Patch, yaml::Node};

/// The revisions of a mesh; none of them where the one control plane is the default.
#[derive(Debug, Default, Clone)]
pub struct Revisions {
    /// The revision of the first control plane; unset, it is the default.
    pub main: Option<String>,
    /// The second control plane.
    pub canary: Option<Canary>,
    /// Further names, each with the revision that it points to.
    pub tags: BTreeMap<String, String>,
}

/// A second control plane.
#[derive(Debug, Clone)]
pub struct Canary {
    /// What names it.
    pub revision: String,
    /// The version of its chart.
    pub version: Patch,
    /// Where its images come from.
    pub images: Images,
    /// Helm values in place of the first one's.
    pub values: Option<Node>,
}

/// One release of istiod.
#[derive(Debug, Clone, Copy)]
pub struct ControlPlane<'a> {
    /// What names it; the default control plane has no name.
    pub revision: Option<&'a str>,
    /// The version of its chart.
    pub version: Patch,
    /// Where its images come from.
    pub images: &'a Images,
    /// Helm values merged over ours.
    pub values: Option<&'a Node>,
}

impl Revisions {
    /// Every value of the label `istio.io/rev` that is followed by a sidecar: revisions and tags, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let canary = self.canary.iter().map(|canary| &canary.revision);
        self.main.iter().chain(canary).chain(self.tags.keys()).map(String::as_str)
    }

    /// Returns the revision that a revision or a tag means.
    pub fn meant<'a>(&'a self, name: &'a str) -> &'a str {
        self.tags.get(name).map_or(name, String::as_str)
    }

    /// Returns the version of what a name means, `main` being that of the first control plane.
    pub fn version(&self, main: Patch, followed: Option<&str>) -> Option<Patch> {
        let meant = followed.map(|name| self.meant(name));
        let canary = self.canary.as_ref().filter(|canary| meant == Some(&canary.revision));
        canary.map(|canary| canary.version).or_else(|| (meant == self.main.as_deref()).then_some(main))
    }

    /// Returns the newest version, `main` being that of the first control plane: its CRDs serve every other as well.
    pub fn newest(&self, main: Patch) -> Patch {
        self.canary.as_ref().map_or(main, |canary| canary.version.max(main))
    }
}

impl Profile {
    /// Returns the control planes, the first one first.
    pub fn control_planes(&self) -> Vec<ControlPlane<'_>> {
        let main = ControlPlane {
            revision: self.revisions.main.as_deref(),
            version: self.chart_version,
            images: &self.mesh.images,
            values: self.values.istiod.as_ref(),
        };
        let canary = self.revisions.canary.as_ref().map(|canary| ControlPlane {
            revision: Some(&canary.revision),
            version: canary.version,
            images: &canary.images,
            values: canary.values.as_ref().or(self.values.istiod.as_ref()),
        });
        std::iter::once(main).chain(canary).collect()
    }

    /// Returns the control plane that a namespace's or the gateway's `revision` means.
    pub fn control_plane(&self, followed: Option<&str>) -> ControlPlane<'_> {
        let meant = followed.map(|name| self.revisions.meant(name));
        let found = self.control_planes().into_iter().find(|plane| plane.revision == meant);
        found.expect("a profile follows only revisions that it has")
    }
}

impl ControlPlane<'_> {
    /// Returns the name of its release, of its Deployment and of its Service (`istio-discovery/templates/service.yaml`).
    pub fn name(&self) -> String {
        self.revision.map_or_else(|| "istiod".to_owned(), |revision| format!("istiod-{revision}"))
    }
}
