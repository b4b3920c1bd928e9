//! Which files reach a cluster, where kustomizations say.
//!
//! A kustomization is not built: what is asked is whether one names a file, and whether one changes what it names. Of two
//! readings the one that proves less is taken.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::{
    manifest::Manifests,
    source::{Sources, Span},
    yaml::{self, Node},
};

/// Names that kustomize knows its own file by (`RecognizedKustomizationFileNames` in `api/konfig` of kustomize).
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Keys that name what is applied.
const NAMING: [&str; 3] = ["resources", "bases", "components"];

/// Keys that change what is named, besides `components`.
const CHANGING: [&str; 12] = [
    "components",
    "commonLabels",
    "labels",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "transformers",
    "vars",
];

/// How files reach a cluster.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// Folders with a kustomization, and what each names.
    folders: BTreeMap<Utf8PathBuf, Kustomization>,
    /// The folders that Flux applies, from the root of a source; none where no manifest says.
    flux: Vec<Utf8PathBuf>,
    /// Folders with objects that make Flux apply others: whoever set up Flux applies these.
    bootstraps: BTreeSet<Utf8PathBuf>,
    /// The folders that something applies, as far as the manifests say.
    applied: BTreeSet<Utf8PathBuf>,
}

#[derive(Debug, Clone, Default)]
struct Kustomization {
    names: Vec<Utf8PathBuf>,
    changes: Vec<(Span, String)>,
}

/// How a file reaches a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// A kustomization that something applies names it, or Flux applies its folder as it is.
    Named,
    /// Nothing says how files are applied.
    Unsaid,
    /// The kustomization of its folder, or of one above, does not name it.
    LeftOut,
    /// What names it is applied by nothing that the manifests show.
    Unapplied,
}

impl Delivery {
    /// Reads the kustomizations among the texts, and Flux's own.
    pub fn of(manifests: &Manifests, sources: &Sources) -> Self {
        let mut delivery = Self::default();
        for file in 0..sources.len() {
            let path = sources.path(file);
            if path.file_name().is_some_and(|name| NAMES.contains(&name)) {
                let folder = folder_of(path);
                let read = Kustomization::read(&folder, sources, file);
                delivery.folders.insert(folder, read);
            }
        }
        for stage in &manifests.flux_kustomizations {
            delivery.flux.push(stage.folder().into());
            delivery.bootstraps.insert(folder_of(sources.path(stage.meta.span.file)));
        }
        delivery.applied = delivery.applied();
        delivery
    }

    /// Starts at what Flux applies, or where no manifest says that at every kustomization, and follows what is named.
    fn applied(&self) -> BTreeSet<Utf8PathBuf> {
        let is_root = |folder: &&Utf8PathBuf| {
            self.flux.is_empty() || self.bootstraps.contains(*folder) || self.is_flux_folder(folder)
        };
        let mut left: Vec<&Utf8PathBuf> = self.folders.keys().filter(is_root).collect();
        let mut applied = BTreeSet::new();
        while let Some(folder) = left.pop() {
            if applied.insert(folder.clone()) {
                left.extend(
                    self.folders[folder].names.iter().filter(|name| self.folders.contains_key(*name)),
                );
            }
        }
        applied
    }

    /// A tree may be named from above the root of its source.
    fn is_flux_folder(&self, folder: &Utf8Path) -> bool {
        self.flux.iter().any(|applied| folder.ends_with(applied))
    }

    /// Tells how a file reaches a cluster.
    pub(super) fn naming(&self, path: &Utf8Path) -> Naming {
        let (path, folder) = (normal(path), folder_of(path));
        let naming: Vec<&Utf8PathBuf> = self
            .folders
            .iter()
            .filter(|(_, kustomization)| kustomization.names.contains(&path))
            .map(|(folder, _)| folder)
            .collect();
        if naming.iter().any(|folder| self.applied.contains(*folder)) {
            return Naming::Named;
        }
        if !naming.is_empty() {
            return Naming::Unapplied;
        }
        // Where Flux finds no kustomization it takes every file below the folder.
        let above = folder.ancestors().take_while(|above| !self.folders.contains_key(*above));
        if above.into_iter().any(|above| self.is_flux_folder(above)) {
            return Naming::Named;
        }
        if folder.ancestors().any(|above| self.folders.contains_key(above)) {
            return Naming::LeftOut;
        }
        Naming::Unsaid
    }

    /// Returns what kustomizations change, and where.
    pub(super) fn changes(&self) -> impl Iterator<Item = &(Span, String)> {
        self.folders.values().flat_map(|kustomization| &kustomization.changes)
    }
}

impl Kustomization {
    fn read(folder: &Utf8Path, sources: &Sources, file: u32) -> Self {
        let (documents, _) = yaml::parse(sources, file);
        let mut read = Self::default();
        for document in &documents {
            let listed = NAMING.iter().filter_map(|key| document.get(key)).flat_map(Node::items);
            read.names.extend(listed.filter_map(Node::text).map(|name| normal(&folder.join(name))));
            let changing = CHANGING.iter().filter_map(|key| document.entry(key));
            read.changes.extend(
                changing
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, _)| (key.span, key.text().unwrap_or_default().to_owned())),
            );
        }
        read
    }
}

/// Returns a path without `.` and `..`, as far as it says what they mean.
fn normal(path: &Utf8Path) -> Utf8PathBuf {
    let mut normal = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir if normal.file_name().is_some() => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}

fn folder_of(path: &Utf8Path) -> Utf8PathBuf {
    normal(path.parent().unwrap_or(Utf8Path::new("")))
}
