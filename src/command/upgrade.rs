//! `meshwright upgrade`: the way to a newer Istio, told step by step.

mod fields;
mod json;
mod report;

use anyhow::Result;
use camino::Utf8PathBuf;

use self::fields::Field;
use super::render::load;
use crate::{
    cli::{ReportFormat, Upgrade as Options},
    profile::Profile,
    release::{Istio, Minor, Patch},
    render,
    shell::{self, Exit, Shell},
    source::Sources,
    tree::{self, FileStatus},
    upgrade::{self, Manner, Step, Upgrade},
};

/// An upgrade with what each of its steps changes in the tree.
struct Report {
    profile: Profile,
    upgrade: Upgrade,
    /// One for each step.
    trees: Vec<Vec<Changed>>,
    sources: Sources,
}

/// A file that a step changes.
struct Changed {
    /// Relative to the root of the tree.
    path: Utf8PathBuf,
    status: FileStatus,
    /// What changes in it, where both sides hold manifests.
    fields: Vec<Field>,
}

pub(super) fn run(options: &Options, shell: &mut Shell) -> Result<Exit> {
    let today = options.today.clone().unwrap_or_else(shell::today);
    let mut sources = Sources::default();
    let loaded = load::load_into(&mut sources, std::slice::from_ref(&options.profile), &today, shell);
    let Some(profile) = loaded.and_then(|mut all| all.pop()).map(|loaded| loaded.profile) else {
        return Ok(Exit::Error);
    };
    let manner = if options.canary { Manner::Canary } else { Manner::InPlace };
    let to = options.to.as_deref().map(target);
    let upgrade = match upgrade::plan(&profile, to, manner, &today) {
        Ok(upgrade) => upgrade,
        Err(fault) => {
            shell.diagnostics(&[*fault], &sources);
            return Ok(Exit::Error);
        }
    };
    let trees = trees(&profile, &upgrade.steps)?;
    let has_steps = !upgrade.steps.is_empty();
    let report = Report { profile, upgrade, trees, sources };
    shell.result(&match options.format {
        ReportFormat::Text => report::text(&report),
        ReportFormat::Markdown => report::markdown(&report),
        ReportFormat::Json => json::document(&report),
    })?;
    Ok(if has_steps && !options.exit_zero { Exit::Differs } else { Exit::Clean })
}

/// Returns the release that was asked for; of a minor alone, its newest patch.
fn target(asked: &str) -> Patch {
    if let Ok(patch) = asked.parse() {
        return patch;
    }
    let minor: Minor = asked.parse().expect("clap takes nothing but versions");
    // Of a minor that nobody knows there is no patch either, and the plan says so.
    let facts = Istio::of(minor).filter(|facts| facts.minor == minor);
    Patch { minor, patch: facts.map_or(0, |facts| facts.newest_patch) }
}

/// Renders the profile of each step, and compares each tree with the one before.
fn trees(profile: &Profile, steps: &[Step]) -> Result<Vec<Vec<Changed>>> {
    let mut before = render::render(profile)?.tree;
    let mut all = Vec::with_capacity(steps.len());
    for step in steps {
        let after = render::render(&step.profile)?.tree;
        let entries = tree::between(&before, &after);
        let files = entries.iter().filter_map(tree::change_of).map(|change| Changed {
            path: change.path.strip_prefix(after.root()).unwrap_or(change.path).to_owned(),
            status: change.status,
            fields: fields::between(change.before, change.after),
        });
        all.push(files.collect());
        before = after;
    }
    Ok(all)
}

/// Returns the sentence that says what a step does.
fn title(step: &Step) -> String {
    use upgrade::{Change, Hop};
    match &step.change {
        Change::Hop(Hop::Istio(version)) => format!("Istio {version}, where the old one is"),
        Change::Hop(Hop::Kubernetes(version)) => {
            format!("Kubernetes {version}: the cluster first, then the profile")
        }
        Change::Hop(Hop::Flux(version)) => format!("Flux {version}: Flux first, then the profile"),
        Change::Install(revision, version) => format!("Istio {version} beside the old one, as {revision}"),
        Change::Namespaces(revision) => format!("the namespaces follow {revision}, one after the other"),
        Change::Tag(tag, revision) => format!("the tag {tag} points to {revision}"),
        Change::Gateway(revision) => format!("the gateway follows {revision}"),
        Change::Drop(old, version) => format!("{old} goes; Istio {version} is what is left"),
    }
}
