//! What is applied by whom, and what by nobody.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Delivered, Delivery, File, Holder, LeftOut, Twice, edit,
    list::{Affixes, Edit, List},
    patch::{self, Patch},
    root,
    walk::{Got, Overlay, Seen, Walk, bears_on_traffic},
};
use crate::{
    manifest::{FluxKustomization, Manifests, Object, Origin, Scope, Word, flux, scope},
    source::Sources,
    yaml::{self, Node, Spanned},
};

/// Who applies an object, and as what; none where it is as it is written.
type Form = (Origin, Option<Node>);

/// What becomes of each object that is not applied as it is written.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// By file and object: who applies it, and as what.
    as_what: BTreeMap<(usize, usize), Vec<Form>>,
    /// Files whose objects nothing applies.
    left_out: BTreeSet<usize>,
}

/// A Flux Kustomization with the folder that it applies.
struct Stage {
    holder: Holder,
    /// Which cluster it is of, as far as that can be told.
    cluster: Utf8PathBuf,
    is_elsewhere: bool,
    folder: Utf8PathBuf,
    overlay: Overlay,
    unfollowed: Vec<Edit>,
}

/// Follows all Flux Kustomizations, and then the folders that none of them leads to.
pub(super) fn follow(seen: &Seen<'_>, files: &[File], lists: &[List]) -> (Delivery, Applied) {
    let (mut delivery, mut applied) = (Delivery::default(), Applied::default());
    let (stages, missing) = stages(seen, files);
    delivery.missing_paths = missing;
    let mut walk = Walk::new(seen, files, lists);
    let mut held = Vec::new();
    for stage in &stages {
        let got = walk.flux(&stage.folder, &stage.overlay);
        walk.unfollowed.extend(stage.unfollowed.iter().filter(|_| !got.is_empty()).cloned());
        let origin = Origin { applied_by: Some(Arc::clone(&stage.holder.name)) };
        for got in &got {
            applied.add(got, &origin);
        }
        held.push(got);
    }
    delivery.twice = twice(&stages, &held, &walk);
    let covered: BTreeSet<&Utf8Path> =
        stages.iter().filter_map(|stage| seen.named_above(&stage.folder)).collect();
    let is_covered = |path: &Utf8Path| seen.named_above(path).is_some_and(|named| covered.contains(named));
    for list in walk.tops() {
        let is_applied = walk.built.contains(&list) || lists[list].is_component;
        if is_applied {
            continue;
        }
        let got = walk.top(list);
        for got in &got {
            applied.add(got, &Origin::default());
        }
        let holds_stages = got.iter().any(|got| is_flux(walk.object(got)));
        if is_covered(&lists[list].folder) && !holds_stages {
            delivery.unapplied.push(lists[list].head);
        }
    }
    let used: BTreeSet<&Utf8Path> =
        lists.iter().flat_map(|list| &list.used).map(Utf8PathBuf::as_path).collect();
    for (at, file) in files.iter().enumerate() {
        let bears = |object: &&Node| bears_on_traffic(object) && !is_assumed(object) && !is_flux(object);
        let Some(first) = file.objects.iter().find(bears).filter(|_| !applied.holds(at)) else { continue };
        let list = file.path.ancestors().skip(1).find_map(|above| walk.list(above));
        match list.filter(|list| walk.built.contains(list)) {
            _ if used.contains(file.path.as_path()) => drop(applied.left_out.insert(at)),
            Some(list) => {
                applied.left_out.insert(at);
                let name = file.path.strip_prefix(&lists[list].folder).unwrap_or(&file.path).to_owned();
                delivery.left_out.push(LeftOut { object: first.head(), list: lists[list].head, name });
            }
            None if list.is_none() && is_covered(&file.path) => delivery.unapplied.push(first.head()),
            None => {}
        }
    }
    delivery.followed = lists.iter().flat_map(|list| &list.followed).chain(&walk.followed).cloned().collect();
    delivery.faults = walk.faults.into_values().collect();
    delivery.unfollowed = walk.unfollowed.into_iter().collect();
    (delivery, applied)
}

/// Takes over what is applied; what no kustomization.yaml speaks of is taken as it is written.
pub(super) fn take(files: Vec<File>, mut applied: Applied, delivered: &mut Delivered) {
    for (at, file) in files.into_iter().enumerate() {
        let is_left_out = applied.left_out.contains(&at);
        for (index, object) in file.objects.into_iter().enumerate() {
            let forms = applied.as_what.remove(&(at, index));
            if forms.is_some() {
                delivered.delivery.keys_not_text.append(&mut yaml::keys_not_text(&object));
            }
            if bears_on_traffic(&object) && (forms.is_some() || !is_left_out) {
                delivered.delivery.spellings.append(&mut yaml::ambiguous(&object));
            }
            match forms {
                Some(forms) => {
                    for (origin, edited) in forms {
                        let form = edited.unwrap_or_else(|| object.clone());
                        delivered.manifests.add(form, &origin, &mut delivered.diagnostics);
                    }
                }
                None if is_left_out && !is_assumed(&object) => {}
                None => delivered.manifests.add(object, &Origin::default(), &mut delivered.diagnostics),
            }
        }
    }
}

impl Applied {
    /// Adds an object that is applied, unless it already is in the same form.
    fn add(&mut self, got: &Got, origin: &Origin) {
        let forms = self.as_what.entry(got.at).or_default();
        if forms.iter().all(|(_, form)| *form != got.edited) {
            forms.push((origin.clone(), got.edited.clone()));
        }
    }

    fn holds(&self, file: usize) -> bool {
        self.as_what.range((file, 0)..(file + 1, 0)).next().is_some()
    }
}

/// Returns the Flux Kustomizations whose repository this is, and the paths of theirs at which nothing lies.
fn stages(seen: &Seen<'_>, files: &[File]) -> (Vec<Stage>, Vec<Word>) {
    let mut by_source: BTreeMap<String, Vec<(&Utf8Path, Object<FluxKustomization>)>> = BTreeMap::new();
    for file in files {
        let mut manifests = Manifests::default();
        for object in file.objects.iter().filter(|object| is_flux(object)) {
            // What is wrong with it is told when it is taken over.
            manifests.add(object.clone(), &Origin::default(), &mut Vec::new());
        }
        for stage in manifests.flux_kustomizations {
            by_source.entry(source(&stage)).or_default().push((&file.path, stage));
        }
    }
    let named = seen.named.iter().cloned();
    let own = by_source
        .into_values()
        .filter_map(|stages| {
            let paths: Vec<Utf8PathBuf> = stages.iter().map(|(_, stage)| stage.folder().into()).collect();
            let declared = stages.iter().filter_map(|(path, _)| path.parent().map(Utf8Path::to_owned));
            let starts: Vec<Utf8PathBuf> = declared.chain(named.clone()).collect();
            let (root, count) = root::find(&paths, &starts, |folder| seen.holds(folder))?;
            Some((root, count, stages))
        })
        .max_by_key(|(_, count, _)| *count);
    let Some((root, _, stages)) = own else { return Default::default() };
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (_, stage) in &stages {
        *counts.entry(stage.meta.path()).or_default() += 1;
    }
    let are_many = counts.into_values().max() > Some(1);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (path, stage) in stages {
        let Some(folder) = root.resolve(stage.folder().as_ref()) else { continue };
        if !seen.holds(&folder) {
            let is_seen = seen.named_above(&folder).is_some();
            let has_others = seen.input.others.iter().any(|other| other.starts_with(&folder));
            missing.extend(stage.path.as_ref().filter(|_| is_seen && !has_others).cloned());
            continue;
        }
        let declared = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        found.push(Stage {
            holder: Holder { name: stage.meta.path().into(), span: stage.meta.head() },
            // A name that is there twice is of two clusters, each in a folder of its own.
            cluster: if are_many { declared } else { Utf8PathBuf::new() },
            is_elsewhere: stage.kube_config.is_some(),
            folder,
            overlay: Overlay {
                namespace: stage.target_namespace.clone().filter(|namespace| !namespace.is_empty()),
                components: stage.components.clone(),
                patches: patches(&stage, seen.sources),
                affixes: Affixes {
                    prefix: stage.name_prefix.clone().filter(|prefix| !prefix.is_empty()),
                    suffix: stage.name_suffix.clone().filter(|suffix| !suffix.is_empty()),
                },
            },
            unfollowed: unfollowed(&stage),
        });
    }
    (found, missing)
}

/// Returns the edits of a Flux Kustomization that are not followed.
fn unfollowed(stage: &FluxKustomization) -> Vec<Edit> {
    let variables = stage.post_build.as_ref().map(|variables| (variables.span, "postBuild"));
    variables.into_iter().map(|(edit, key)| Edit { edit, key }).collect()
}

/// Returns the patches of a Flux Kustomization, which it adds to those of its folder (`kustomize_generator.go`).
fn patches(stage: &FluxKustomization, sources: &Sources) -> Vec<Patch> {
    let read = |patch: &Spanned<flux::Patch>| {
        let target = patch.target.as_ref().map(|target| {
            |key: &str| {
                let word = match key {
                    "group" => &target.group,
                    "version" => &target.version,
                    "kind" => &target.kind,
                    "name" => &target.name,
                    "namespace" => &target.namespace,
                    "labelSelector" => &target.label_selector,
                    "annotationSelector" => &target.annotation_selector,
                    _ => return None,
                };
                word.as_ref().map(|word| word.as_str())
            }
        });
        let text = patch::Text::Inline(&patch.patch, patch.patch.span);
        Patch::read(sources, Edit { edit: patch.span, key: "patches" }, text, target)
    };
    stage.patches.iter().map(read).filter(Patch::may_bear_on_traffic).collect()
}

fn source(stage: &Object<FluxKustomization>) -> String {
    let own = stage.meta.namespace();
    stage.source_ref.as_ref().map_or_else(String::new, |source| {
        format!("{} {}/{}", source.kind(), source.namespace(own), source.name)
    })
}

/// Returns the objects that two Flux Kustomizations of one cluster hold, each pair of them once.
fn twice(stages: &[Stage], held: &[Vec<Got>], walk: &Walk<'_>) -> Vec<Twice> {
    let mut first: HashMap<(&Utf8Path, String, String), usize> = HashMap::new();
    let mut pairs: BTreeMap<(usize, usize), Twice> = BTreeMap::new();
    for (at, (stage, got)) in
        stages.iter().zip(held).enumerate().filter(|(_, (stage, _))| !stage.is_elsewhere)
    {
        for object in got.iter().map(|got| walk.object(got)).filter(|object| bears_on_traffic(object)) {
            let id = id(object);
            let key = (stage.cluster.as_path(), edit::kind(object).0, id.clone());
            let holder = *first.entry(key).or_insert(at);
            if holder == at {
                continue;
            }
            let by = [&stages[holder], stage].map(|stage| stage.holder.clone());
            let new = Twice { object: object.head(), id, others: 0, by };
            pairs.entry((holder, at)).and_modify(|twice| twice.others += 1).or_insert(new);
        }
    }
    pairs.into_values().collect()
}

fn id(object: &Node) -> String {
    let (group, kind) = edit::kind(object);
    let text = |key: &str| object.at(&["metadata", key]).and_then(Node::text).unwrap_or_default();
    match scope(&group, &kind) {
        Some(Scope::Cluster) => format!("{kind} {}", text("name")),
        Some(Scope::Namespace) | None => {
            let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
            format!("{kind} {}/{}", namespace.unwrap_or("default"), text("name"))
        }
    }
}

fn is_flux(object: &Node) -> bool {
    edit::kind(object) == ("kustomize.toolkit.fluxcd.io".to_owned(), "Kustomization".to_owned())
}

/// What a profile takes a team's own manifests to hold is never applied, and is read all the same.
fn is_assumed(object: &Node) -> bool {
    object.at(&["metadata", "annotations", "meshwright/assumed"]).and_then(Node::text) == Some("true")
}
