//! What lies where it was asked for, before anything is opened, wherever that is.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

use camino::Utf8PathBuf;
use rayon::prelude::*;

use super::{
    Input, MAX_FILES, MAX_TOTAL_BYTES, PassedOver, decode,
    fault::{self, Fault, Target, TooMuch},
};
use crate::{diagnostic::Diagnostic, source::Sources};

/// Everything by its path; `P` is what opens a file.
#[derive(Debug)]
pub(super) struct Found<P> {
    files: BTreeMap<String, Result<P, Fault>>,
    /// Files that were named themselves: they are read whatever they are.
    named: BTreeSet<String>,
    others: BTreeSet<String>,
    links: BTreeSet<String>,
    unentered: BTreeSet<String>,
    count: usize,
}

/// What lies at a path.
pub(super) enum Met<P> {
    File(P),
    Link(Target),
    /// A link to a directory, which may hold anything.
    FolderLink(Target),
    Special,
    Unreadable(Fault),
}

impl<P> Default for Found<P> {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            named: BTreeSet::new(),
            others: BTreeSet::new(),
            links: BTreeSet::new(),
            unentered: BTreeSet::new(),
            count: 0,
        }
    }
}

impl<P: Send> Found<P> {
    /// Takes in what was named itself.
    pub(super) fn name(&mut self, path: String, what: Result<P, Fault>) {
        self.named.insert(path.clone());
        self.files.insert(path, what);
    }

    /// Tells whether a walk goes into a directory, and remembers if it does not.
    pub(super) fn enters(&mut self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_entered = !name.starts_with('.') && name != "node_modules";
        if !is_entered {
            self.unentered.insert(path.to_owned());
        }
        is_entered
    }

    /// Takes in what a walk met. A path that was met already stays what it is.
    pub(super) fn meet(&mut self, path: String, met: Met<P>) {
        self.count += 1;
        if self.count > MAX_FILES {
            return;
        }
        let is_yaml = is_yaml(&path);
        match met {
            Met::File(place) if is_yaml => drop(self.files.entry(path).or_insert(Ok(place))),
            Met::File(_) => drop(self.others.insert(path)),
            Met::FolderLink(target) => self.meet_link(path, target, true),
            Met::Link(target) => self.meet_link(path, target, is_yaml),
            Met::Special if is_yaml => drop(self.files.entry(path).or_insert(Err(Fault::Special))),
            Met::Special => {}
            Met::Unreadable(fault) => drop(self.files.entry(path).or_insert(Err(fault))),
        }
    }

    fn meet_link(&mut self, path: String, target: Target, matters: bool) {
        if matters {
            self.files.entry(path.clone()).or_insert(Err(Fault::Link(target)));
        }
        self.links.insert(path);
    }

    /// Opens what was found, and takes it in in the order of the paths' bytes; messages show a path behind `prefix`.
    pub(super) fn read(
        mut self,
        prefix: &str,
        open: impl Fn(P) -> Result<Vec<u8>, Fault> + Sync,
        sources: &mut Sources,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Input {
        let mut input = Input::default();
        if self.count > MAX_FILES {
            diagnostics.push(fault::too_much(TooMuch::Files));
            return input;
        }
        let counts = [
            (PassedOver::ChartTemplate, self.take_chart_templates()),
            (PassedOver::OtherEnding, self.others.len()),
        ];
        input.passed_over.extend(counts.into_iter().filter(|(_, count)| *count > 0));
        let total = AtomicU64::new(0);
        let open = |place: P| {
            // Past the limit nothing is kept, so nothing more has to be read.
            if total.load(Ordering::Relaxed) > MAX_TOTAL_BYTES {
                return Err(Fault::TooLong);
            }
            let bytes = open(place)?;
            total.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            decode::text(bytes)
        };
        let read: Vec<_> =
            self.files.into_par_iter().map(|(path, place)| (path, place.and_then(open))).collect();
        if total.into_inner() > MAX_TOTAL_BYTES {
            diagnostics.push(fault::too_much(TooMuch::Bytes));
            return Input::default();
        }
        for (path, decoded) in read {
            let shown = format!("{prefix}{path}");
            match decoded {
                Ok(decoded) => input.add(path.into(), &shown, decoded, sources, diagnostics),
                Err(fault) => diagnostics.push(fault.at(&shown, sources)),
            }
        }
        let paths = |set: BTreeSet<String>| set.into_iter().map(Utf8PathBuf::from).collect();
        (input.others, input.links, input.unentered) =
            (paths(self.others), paths(self.links), paths(self.unentered));
        input
    }

    /// Takes out what lies in the `templates` of a folder with a Chart.yaml, and returns how many files that were.
    fn take_chart_templates(&mut self) -> usize {
        let charts = self.files.keys().filter_map(|path| path.strip_suffix("Chart.yaml"));
        let charts: BTreeSet<String> =
            charts.filter(|chart| chart.is_empty() || chart.ends_with('/')).map(str::to_owned).collect();
        let is_template =
            |path: &str| path.match_indices("templates/").any(|(at, _)| charts.contains(&path[..at]));
        let before = self.files.len();
        if !charts.is_empty() {
            self.files.retain(|path, _| self.named.contains(path) || !is_template(path));
        }
        before - self.files.len()
    }
}

/// Tells whether a file is YAML or JSON by its name.
pub(super) fn is_yaml(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "yaml" | "yml" | "json") || name == "Kustomization"
}
