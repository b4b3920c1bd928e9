//! Follows a folder as `kustomize build` does, and a folder without a kustomization.yaml as Flux does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Fault, FaultKind, File, edit,
    list::{Affixes, Edit, List},
    patch::{Candidate, Patch},
    reference,
};
use crate::{
    manifest::{Word, scope},
    read::{Input, clean},
    source::{Sources, Span},
    yaml::{self, Node},
};

/// How many objects and folders a walk takes, each as often as it is named. What no tree needs, a few lists that name each
/// other twice would reach.
const MAX_STEPS: usize = 4_000_000;

/// What was read, and so what can be said to be missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'s> {
    pub(super) input: &'s Input,
    /// The paths that were asked for.
    pub(super) named: &'s [Utf8PathBuf],
    pub(super) sources: &'s Sources,
}

impl<'s> Seen<'s> {
    /// Returns the named path that a path lies at or below, unless the walk left it out.
    pub(super) fn named_above(&self, path: &Utf8Path) -> Option<&'s Utf8Path> {
        let is_entered =
            !self.input.unentered.iter().chain(&self.input.links).any(|out| path.starts_with(out));
        let is_above = |named: &Utf8Path| match named.as_str() {
            "" => !(path.is_absolute() || path.starts_with("..")),
            _ => path.starts_with(named),
        };
        self.named.iter().map(Utf8PathBuf::as_path).find(|named| is_entered && is_above(named))
    }

    /// Tells whether texts lie below a folder.
    pub(super) fn holds(&self, folder: &Utf8Path) -> bool {
        !self.input.below(folder).is_empty()
    }
}

/// An object on its way: which, and what has become of it.
#[derive(Debug, Clone)]
pub(super) struct Got {
    /// The file, and the object in it.
    pub(super) at: (usize, usize),
    /// The object after edits; none where it is as it is written.
    pub(super) edited: Option<Node>,
    /// The namespaces and names that it had on the way.
    pub(super) was: Vec<[String; 2]>,
}

/// What a Flux Kustomization adds to the list of its folder.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Takes the place of the list's own.
    pub(super) namespace: Option<Word>,
    /// Folders of components, from the folder.
    pub(super) components: Vec<Word>,
    /// Patches, after the list's own.
    pub(super) patches: Vec<Patch>,
    /// Take the place of the list's own.
    pub(super) affixes: Affixes,
}

/// A walk over all folders that something applies.
#[derive(Debug)]
pub(super) struct Walk<'w> {
    seen: &'w Seen<'w>,
    files: &'w [File],
    lists: &'w [List],
    file_at: HashMap<&'w Utf8Path, usize>,
    list_at: HashMap<&'w Utf8Path, usize>,
    /// The lists that were followed.
    pub(super) built: BTreeSet<usize>,
    pub(super) faults: BTreeMap<Span, Fault>,
    pub(super) followed: BTreeSet<Edit>,
    pub(super) unfollowed: BTreeSet<Edit>,
    /// The lists that led here.
    above: Vec<usize>,
    steps: usize,
}

impl<'w> Walk<'w> {
    pub(super) fn new(seen: &'w Seen<'w>, files: &'w [File], lists: &'w [List]) -> Self {
        Self {
            seen,
            files,
            lists,
            file_at: files.iter().enumerate().map(|(at, file)| (file.path.as_path(), at)).collect(),
            list_at: lists.iter().enumerate().map(|(at, list)| (list.folder.as_path(), at)).collect(),
            built: BTreeSet::new(),
            faults: BTreeMap::new(),
            followed: BTreeSet::new(),
            unfollowed: BTreeSet::new(),
            above: Vec::new(),
            steps: 0,
        }
    }

    /// Returns the list of a folder.
    pub(super) fn list(&self, folder: &Utf8Path) -> Option<usize> {
        self.list_at.get(folder).copied()
    }

    /// Returns the lists that no other list names.
    pub(super) fn tops(&self) -> Vec<usize> {
        let named: BTreeSet<usize> = self
            .lists
            .iter()
            .flat_map(|list| list.resources.iter().chain(&list.components).map(|word| at(&list.folder, word)))
            .filter_map(|folder| self.list(&folder))
            .collect();
        (0..self.lists.len()).filter(|list| !named.contains(list)).collect()
    }

    /// Returns what a folder holds to Flux: what its list says, or every YAML file below it, and in place of a folder with a
    /// list what that says (`scanManifests` in `kustomize/kustomize_generator.go` of fluxcd/pkg).
    pub(super) fn flux(&mut self, folder: &Utf8Path, overlay: &Overlay) -> Vec<Got> {
        let mut got = match self.list(folder) {
            Some(list) => self.build(list, Vec::new(), overlay),
            None => self.unlisted(folder, overlay),
        };
        self.refer(&mut got);
        got
    }

    /// Returns what `kustomize build` makes of a list that no other names.
    pub(super) fn top(&mut self, list: usize) -> Vec<Got> {
        let mut got = self.build(list, Vec::new(), &Overlay::default());
        self.refer(&mut got);
        got
    }

    fn unlisted(&mut self, folder: &Utf8Path, overlay: &Overlay) -> Vec<Got> {
        let (mut got, mut lists) = (Vec::new(), BTreeSet::new());
        for text in self.seen.input.below(folder) {
            let above = text.path.ancestors().skip(1).take_while(|above| *above != folder);
            match above.filter_map(|above| self.list(above)).last() {
                Some(list) => drop(lists.insert(list)),
                None if text.path.extension() == Some("json") => {}
                None => got.extend(self.objects(self.file_at[text.path.as_path()])),
            }
        }
        for list in lists {
            got.extend(self.build(list, Vec::new(), &Overlay::default()));
        }
        for component in &overlay.components {
            got = self.component(folder, component, got);
        }
        overlay.patches.iter().for_each(|patch| self.patch(&mut got, patch));
        self.settle(&mut got, overlay.namespace.as_ref());
        self.rename(&mut got, &overlay.affixes);
        got
    }

    /// Returns what kustomize makes of a list that is laid over `got`: nothing, unless the list is a component.
    fn build(&mut self, list: usize, mut got: Vec<Got>, overlay: &Overlay) -> Vec<Got> {
        self.built.insert(list);
        self.above.push(list);
        let lists = self.lists;
        let own = &lists[list];
        for word in &own.resources {
            got.extend(self.resource(&own.folder, word));
        }
        for component in own.components.iter().chain(&overlay.components) {
            got = self.component(&own.folder, component, got);
        }
        own.patches.iter().chain(&overlay.patches).for_each(|patch| self.patch(&mut got, patch));
        self.settle(&mut got, overlay.namespace.as_ref().or(own.namespace.as_ref()));
        let affix = |of: fn(&Affixes) -> &Option<Word>| {
            of(&overlay.affixes).as_ref().or(of(&own.affixes).as_ref()).cloned()
        };
        let affixes = Affixes { prefix: affix(|all| &all.prefix), suffix: affix(|all| &all.suffix) };
        self.rename(&mut got, &affixes);
        if !own.labels.is_empty() {
            self.edit(&mut got, |object| edit::labels(object, &own.labels));
        }
        own.late_patches.iter().for_each(|patch| self.patch(&mut got, patch));
        if self.bear_on_traffic(&got) {
            self.unfollowed.extend(own.unfollowed.iter().cloned());
        }
        self.above.pop();
        got
    }

    /// Returns an object as it is by now.
    pub(super) fn object<'g>(&self, got: &'g Got) -> &'g Node
    where
        'w: 'g,
    {
        got.edited.as_ref().unwrap_or(self.written(got))
    }

    /// Returns an object as it is written.
    fn written(&self, got: &Got) -> &'w Node {
        let (file, object) = got.at;
        &self.files[file].objects[object]
    }

    fn edit(&self, got: &mut [Got], change: impl Fn(&mut Node)) {
        for got in got {
            let written = self.written(got);
            change(got.edited.get_or_insert_with(|| written.clone()));
        }
    }

    fn bear_on_traffic(&self, got: &[Got]) -> bool {
        got.iter().any(|got| bears_on_traffic(self.object(got)))
    }

    /// Makes a patch, if its outcome is certain.
    fn patch(&mut self, got: &mut Vec<Got>, patch: &Patch) {
        let candidates: Vec<Candidate<'_>> = got
            .iter()
            .map(|got| Candidate { written: self.written(got), now: self.object(got), was: &got.was })
            .collect();
        match patch.outcomes(&candidates) {
            Some(outcomes) => {
                let mut outcomes: BTreeMap<usize, Option<Node>> = outcomes.into_iter().collect();
                let mut at = 0..;
                got.retain_mut(|got| match at.next().and_then(|at| outcomes.remove(&at)) {
                    Some(edited) => {
                        got.edited = edited;
                        got.edited.is_some()
                    }
                    None => true,
                });
                self.followed.insert(patch.edit.clone());
            }
            None if self.bear_on_traffic(got) => drop(self.unfollowed.insert(patch.edit.clone())),
            None => {}
        }
    }

    /// Puts objects into a namespace.
    fn settle(&self, got: &mut [Got], namespace: Option<&Word>) {
        let Some(namespace) = namespace else { return };
        for got in &mut *got {
            got.was.push(edit::name(self.object(got)));
        }
        self.edit(got, |object| edit::namespace(object, namespace));
    }

    fn rename(&mut self, got: &mut [Got], affixes: &Affixes) {
        if let Some(prefix) = &affixes.prefix {
            self.name(got, prefix, |name| format!("{}{name}", prefix.value));
            self.followed.insert(Edit { edit: prefix.span, key: "namePrefix" });
        }
        if let Some(suffix) = &affixes.suffix {
            self.name(got, suffix, |name| format!("{name}{}", suffix.value));
            self.followed.insert(Edit { edit: suffix.span, key: "nameSuffix" });
        }
    }

    fn name(&self, got: &mut [Got], affix: &Word, new: impl Fn(&str) -> String) {
        for got in got {
            let written = self.written(got);
            let edited = got.edited.get_or_insert_with(|| written.clone());
            got.was.extend(edit::rename(edited, affix, &new));
        }
    }

    /// Has names follow the objects that were renamed.
    fn refer(&mut self, got: &mut [Got]) {
        let objects: Vec<&Node> = got.iter().map(|got| self.object(got)).collect();
        if let Some(changes) = reference::changes(got, &objects) {
            for (at, path, from, to) in changes {
                self.edit(&mut got[at..=at], |object| reference::write(object, path, &from, &to));
            }
        } else {
            let is_name = |edit: &&Edit| matches!(edit.key, "namePrefix" | "nameSuffix");
            self.unfollowed.extend(self.followed.iter().filter(is_name).cloned().collect::<Vec<_>>());
        }
    }

    /// Returns what an entry of `resources` leads to: a file, or a folder with a list.
    fn resource(&mut self, folder: &Utf8Path, word: &Word) -> Vec<Got> {
        let path = at(folder, word);
        let Some(file) = self.file_at.get(path.as_path()).copied().filter(|_| !is_remote(word)) else {
            let below = self.folder(folder, word);
            return below.map(|list| self.build(list, Vec::new(), &Overlay::default())).unwrap_or_default();
        };
        // Only the folder of the list and what lies below it is open to it (`RestrictionRootOnly` in `api/internal/loader`).
        if !path.starts_with(folder) {
            self.fault(word, FaultKind::Outside);
        }
        self.objects(file)
    }

    fn component(&mut self, folder: &Utf8Path, word: &Word, got: Vec<Got>) -> Vec<Got> {
        match self.folder(folder, word) {
            Some(list) => self.build(list, got, &Overlay::default()),
            None => got,
        }
    }

    /// Returns the list of the folder that an entry names; where there is none, that is told.
    fn folder(&mut self, folder: &Utf8Path, word: &Word) -> Option<usize> {
        let path = at(folder, word);
        self.steps += 1;
        let kind = match self.list(&path) {
            _ if is_remote(word) || self.steps > MAX_STEPS => FaultKind::Unread,
            Some(below) if !self.above.contains(&below) => return Some(below),
            Some(_) => FaultKind::Circle,
            None if self.seen.input.has_other(&path) => FaultKind::Unread,
            None if self.seen.named_above(&path).is_none() => FaultKind::Unread,
            None if self.seen.holds(&path) => FaultKind::Unlisted,
            None => FaultKind::Missing,
        };
        self.fault(word, kind);
        None
    }

    fn fault(&mut self, word: &Word, kind: FaultKind) {
        let fault = Fault { entry: word.span, word: word.value.clone(), kind };
        self.faults.entry(word.span).or_insert(fault);
    }

    /// Returns the objects of a file, less those that are for other programs (`DropLocalNodes` in `api/resource/factory.go`).
    fn objects(&mut self, file: usize) -> Vec<Got> {
        let objects = &self.files[file].objects;
        self.steps += objects.len();
        if self.steps > MAX_STEPS {
            return Vec::new();
        }
        let is_local = |object: &Node| {
            let mark = object.at(&["metadata", "annotations", "config.kubernetes.io/local-config"]);
            mark.and_then(Node::text).is_some_and(|mark| mark != "false")
        };
        let of_cluster = (0..objects.len()).filter(|object| !is_local(&objects[*object]));
        let got = |object: usize| Got {
            at: (file, object),
            edited: yaml::kustomized(&objects[object]),
            was: Vec::new(),
        };
        of_cluster.map(got).collect()
    }
}

/// Tells whether the judgement of a mesh looks at an object.
pub(super) fn bears_on_traffic(object: &Node) -> bool {
    let (group, kind) = edit::kind(object);
    scope(&group, &kind).is_some()
}

fn at(folder: &Utf8Path, word: &Word) -> Utf8PathBuf {
    clean(&folder.join(word.as_str()))
}

/// Tells whether an entry names another repository, or a place of the machine.
fn is_remote(word: &Word) -> bool {
    let is_host = word.split('/').next().is_some_and(|first| {
        first.starts_with("git@") || first.starts_with("git::") || first == "github.com"
    });
    is_host || word.contains("://") || word.contains("?ref=") || word.starts_with('/')
}
