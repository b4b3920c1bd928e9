//! Whether a rendered tree lets through what its profile declares, and nothing else.
//!
//! ```text
//! Profile ─ declared ─► Table ─┐
//! Tree ─ reach ─► [Flow] ──────┴─ Comparison::changes ─► Proof
//! ```
//!
//! What the profile declares is put down here without a look at the plan: flow by flow, with what the platform needs for
//! itself beside it. A tree is asked who can talk to whom as `reach` asks anybody's, with the workloads that it assumes, on
//! the adversarial reading; both lists have to be the same, both ways.

mod declared;

use camino::Utf8Path;

use crate::{
    diagnostic::Diagnostic,
    manifest::{self, Manifests},
    mesh::{Config, Mesh, NAME},
    profile::{Enforcement, Profile},
    reach::{Change, Delta, Enforcement as Packets, Passage, Reach, Scope, Table},
    source::Sources,
};

/// What was found of a tree.
#[derive(Debug, Default)]
pub struct Proof {
    /// How many declared flows were looked for: those between ends at which policies bite.
    pub flows: usize,
    /// Where the tree opens more than the words of the profile, as it has to: each a sentence.
    pub wider: Vec<String>,
    /// Where the tree lets through what is not declared, or stops what is.
    pub faults: Vec<Diagnostic>,
}

/// Compares what a tree opens with what its profile declares.
pub fn prove<'t>(profile: &Profile, files: impl Iterator<Item = (&'t Utf8Path, &'t str)>) -> Proof {
    if profile.enforcement == Enforcement::Audit {
        return Proof::default();
    }
    let (manifests, config) = read(profile, files);
    let mesh = Mesh::resolve(&manifests, config);
    let others = Reach::of(&mesh).others().and(declared::others(profile));
    let reach = Reach::new(&mesh, others, Packets::default());
    let found = reach.flows(&Scope::default());
    let declared = declared::Declared::of(profile, &reach);
    let judged = |table: &Table| table.without(|from, to| declared.unjudged(from, to));
    let changes = reach.comparison(&reach).changes(&judged(&declared.table), &judged(&reach.table(&found)));
    let missing = declared.missing.iter().map(|what| blocked(what));
    Proof {
        flows: profile.flows.iter().filter(|flow| declared.is_judged(flow)).count(),
        wider: declared.at_node(&found).union(&declared.wider).cloned().collect(),
        faults: changes.iter().flat_map(faults).chain(missing).collect(),
    }
}

/// Reads every file of a tree, with the workloads that it assumes and the namespaces that others make.
pub fn read<'t>(
    profile: &Profile,
    files: impl Iterator<Item = (&'t Utf8Path, &'t str)>,
) -> (Manifests, Config) {
    let mut sources = Sources::default();
    let manifests = files.filter(|(path, _)| path.extension() == Some("yaml"));
    let mut texts: Vec<u32> = manifests.map(|(path, text)| sources.add(path, text)).collect();
    texts.extend(existing(profile).map(|text| sources.add("assumed", text)).collect::<Vec<_>>());
    let (manifests, _) = manifest::load(&sources, texts);
    let mut config = Config::found_in(&manifests, &sources);
    let version = profile.chart_version;
    config.release = (version.minor.minor.into(), version.patch.into());
    (manifests, config)
}

/// Namespaces that others make, with the labels that the profile needs them to have.
fn existing(profile: &Profile) -> impl Iterator<Item = String> {
    let existing = profile.namespaces.iter().filter(|namespace| !namespace.is_rendered);
    existing.map(|namespace| {
        let (label, value) = match &namespace.revision {
            None => ("istio-injection", "enabled"),
            Some(revision) => ("istio.io/rev", revision.as_str()),
        };
        let name = &namespace.name;
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{NAME}: {name}, {label}: {value:?}}}}}\n")
    })
}

const HELP: &str = "nothing was written; no profile should come to this: please report it, with the profile";

/// Says what a difference is: something more than is declared, or less, or both.
fn faults(change: &Change) -> Vec<Diagnostic> {
    let (from, to) = (change.from.join(", "), format!("{}:{}", change.to, change.ports.spelled()));
    let words = |passages: &[Passage]| {
        let words = passages.iter().map(|one| format!("{} {} {}", one.taken_for, one.allowed, one.mark));
        words.map(|words| words.trim().to_owned()).collect::<Vec<_>>().join("; ")
    };
    let undeclared = || {
        let found = words(&change.delta.after);
        let message = format!("the tree lets {from} call {to} ({found}), which the profile does not declare");
        Diagnostic::general("flow-undeclared", message).with_help(HELP)
    };
    let missing = || blocked(&format!("{from} may call {to} ({})", words(&change.delta.before)));
    let Delta { opens, closes, .. } = change.delta;
    opens.then(undeclared).into_iter().chain(closes.then(missing)).collect()
}

fn blocked(what: &str) -> Diagnostic {
    let message = format!("by the profile {what}, which the tree does not let through");
    Diagnostic::general("flow-blocked", message).with_help(HELP)
}
