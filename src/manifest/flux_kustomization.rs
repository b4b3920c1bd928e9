//! `kustomize.toolkit.fluxcd.io` Kustomization.

use serde::Deserialize;

use super::{
    Labels, Word,
    flux::{CommonMetadata, Dependency, IgnoreRule, Patch, Reference},
    meta::said,
};
use crate::yaml::{Node, Spanned};

/// A folder that Flux applies (`api/v1/kustomization_types.go` of kustomize-controller v1.9.4).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FluxKustomization {
    /// The folder, from the root of the source; the root itself unless said.
    pub path: Option<Word>,
    /// The source.
    pub source_ref: Option<Spanned<Reference>>,
    /// What has to be ready first.
    pub depends_on: Vec<Spanned<Dependency>>,
    /// Whether everything applied has to become ready; false unless said.
    pub wait: Option<Spanned<bool>>,
    /// What has to become ready instead.
    pub health_checks: Vec<Spanned<Reference>>,
    /// How long that may take; half a minute less than `interval` unless said, and no less than half a minute.
    pub timeout: Option<Word>,
    /// How often it is applied again.
    pub interval: Option<Word>,
    /// How soon after a failure; `interval` unless said.
    pub retry_interval: Option<Word>,
    /// Whether what is no longer in the folder is deleted; required.
    pub prune: Option<Spanned<bool>>,
    /// What is deleted with the Kustomization itself: `MirrorPrune`, `Delete`, `WaitForTermination` or `Orphan`.
    pub deletion_policy: Option<Word>,
    /// Whether Flux leaves it alone; false unless said.
    pub suspend: Option<Spanned<bool>>,
    /// Whether what cannot be changed is made anew; false unless said.
    pub force: Option<Spanned<bool>>,
    /// The account that applies; the controller's own where absent.
    pub service_account_name: Option<Word>,
    /// The other cluster that it is applied to, if any.
    pub kube_config: Option<Node>,
    /// The namespace that every namespaced object is put into, whatever it says.
    pub target_namespace: Option<Word>,
    /// What every name starts with.
    pub name_prefix: Option<Word>,
    /// What every name ends with.
    pub name_suffix: Option<Word>,
    /// What every object gets.
    pub common_metadata: CommonMetadata,
    /// Changes of objects.
    pub patches: Vec<Spanned<Patch>>,
    /// Images that are replaced, as they are written.
    pub images: Vec<Node>,
    /// Folders of kustomize components, from `path`.
    pub components: Vec<Word>,
    /// Variables that are put in at last.
    pub post_build: Option<Spanned<PostBuild>>,
    /// Fields that are not applied again, from Flux 2.9.
    pub ignore: Vec<Spanned<IgnoreRule>>,
}

/// Variables that are put into the text of every object.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostBuild {
    /// Variables; they win.
    pub substitute: Labels,
    /// Where more come from; the last wins.
    pub substitute_from: Vec<Spanned<SubstituteReference>>,
    /// `Always` substitutes also where no variable is known; from Flux 2.9.
    pub substitute_strategy: Option<Word>,
}

/// A ConfigMap or Secret whose every key is a variable.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SubstituteReference {
    /// `ConfigMap` or `Secret`.
    pub kind: Word,
    /// Its name, in the Kustomization's own namespace.
    pub name: Word,
    /// Whether it may be missing; false unless said.
    #[serde(default)]
    pub optional: Option<Spanned<bool>>,
}

impl FluxKustomization {
    /// Returns the folder from the root of the source, in the shortest form; empty for the root, which `..` does not leave
    /// (`securejoin.SecureJoin` in kustomize-controller).
    pub fn folder(&self) -> String {
        let mut folder: Vec<&str> = Vec::new();
        for step in said(self.path.as_ref()).unwrap_or_default().split('/') {
            match step {
                "" | "." => {}
                ".." => drop(folder.pop()),
                name => folder.push(name),
            }
        }
        folder.join("/")
    }

    /// Tells whether Flux leaves it alone.
    pub fn is_suspended(&self) -> bool {
        self.suspend.is_some_and(|claim| claim.value)
    }

    /// Tells whether it is ready only when everything that it applied is.
    pub fn waits(&self) -> bool {
        self.wait.is_some_and(|claim| claim.value)
    }

    /// Tells whether what is no longer in the folder is deleted.
    pub fn prunes(&self) -> bool {
        self.prune.is_some_and(|claim| claim.value)
    }

    /// Tells whether it changes what the folder holds in ways that text alone does not show.
    pub fn edits(&self) -> bool {
        let names = [&self.target_namespace, &self.name_prefix, &self.name_suffix];
        names.into_iter().any(|word| said(word.as_ref()).is_some())
            || self.post_build.is_some()
            || !(self.patches.is_empty() && self.images.is_empty() && self.components.is_empty())
    }
}
