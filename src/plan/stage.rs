//! The stages in which Flux brings the tree: one Flux Kustomization each.

use camino::Utf8PathBuf;
use serde_json::{Value, json};

use super::Plan;

/// A folder that Flux applies as one, and what has to be Ready before.
pub(super) struct Stage {
    pub name: String,
    pub folder: Utf8PathBuf,
    pub depends_on: Vec<String>,
    pub timeout: &'static str,
}

impl Plan<'_> {
    /// Returns the stages, in the order of their dependence.
    ///
    /// Flux dry-runs every object of a Kustomization before it applies one, so Istio's kinds cannot share a stage with
    /// the `HelmRelease` that brings them. Nothing waits for the ingress stage: a load balancer can stay pending for
    /// ever. What guards the mesh comes before what it guards. Each namespace is a stage of its own: one broken tenant stops
    /// nobody else.
    pub(super) fn stages(&self) -> Vec<Stage> {
        let profile = self.profile;
        let named = |stage: &str| format!("{}-{stage}", profile.name);
        let after = |own: &[&str], theirs: &[String]| {
            own.iter().map(|stage| named(stage)).chain(theirs.iter().cloned()).collect::<Vec<_>>()
        };
        let theirs = &profile.flux.depends_on;
        let stage = |name: &str, folder: &str, depends_on, timeout| Stage {
            name: named(name),
            folder: folder.into(),
            depends_on,
            timeout,
        };
        let mut stages =
            vec![stage("control-plane", "control-plane", after(&[], &theirs.control_plane), "15m")];
        let mut before_mesh = "control-plane";
        if profile.guard().is_some() {
            stages.push(stage("admission", "admission", after(&["control-plane"], &theirs.admission), "5m"));
            before_mesh = "admission";
        }
        stages.push(stage("mesh", "mesh", after(&[before_mesh], &theirs.mesh), "5m"));
        stages.push(stage("ingress", "ingress", after(&["mesh"], &theirs.ingress), "15m"));
        let tenant = after(&["mesh"], &theirs.namespaces);
        stages.extend(profile.namespaces.iter().map(|namespace| {
            let (name, folder) =
                (format!("namespace-{}", namespace.name), format!("namespaces/{}", namespace.name));
            stage(&name, &folder, tenant.clone(), "5m")
        }));
        stages
    }

    /// Returns the Flux Kustomizations' context, one per stage.
    pub(super) fn flux_kustomizations(&self) -> Value {
        let entry = |stage: Stage| {
            json!({
                "name": stage.name,
                "path": format!("./{}", self.profile.path.join(stage.folder)),
                "dependsOn": stage.depends_on,
                "timeout": stage.timeout,
            })
        };
        json!({"stages": self.stages().into_iter().map(entry).collect::<Vec<_>>()})
    }
}
