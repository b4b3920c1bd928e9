//! The safe way from a profile's releases to newer ones, as steps.
//!
//! ```text
//! Profile, target ─ plan ─► Upgrade: [Step], each with the profile that it leaves
//!                    ▲
//!                 release: bounds, behaviour, bulletins
//! ```
//!
//! A step is one commit to the Flux repository: whoever takes it waits until Flux has brought it before the next one.

mod canary;
mod news;
mod path;

use serde_json::Value;

use crate::{
    diagnostic::Diagnostic,
    profile::{self, Profile},
    release::{self, Istio, Patch},
};
pub use news::{Closed, News};
use path::Platform;
pub use path::{Bound, Hop};

/// The way to another release.
#[derive(Debug)]
pub struct Upgrade {
    /// The release of the profile's first control plane.
    pub from: Patch,
    /// Where the way ends.
    pub to: Patch,
    /// Why it ends there, where nobody asked for that release.
    pub bound: Option<Bound>,
    /// One commit each, in order.
    pub steps: Vec<Step>,
    /// How long the release gets fixes, where no step leads to it.
    pub end_of_life: Option<String>,
    /// What stays open at the end.
    pub open: Vec<Closed>,
}

/// One commit, and what it brings.
#[derive(Debug)]
pub struct Step {
    /// What it does.
    pub change: Change,
    /// What changes in the profile.
    pub edits: Vec<Edit>,
    /// The profile that it leaves.
    pub profile: Profile,
    /// What is new for the traffic and for the controls.
    pub news: News,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// What has to be so before it is committed.
    pub first: Vec<Act>,
    /// What to do when Flux has brought it, before the next step.
    pub then: Vec<Act>,
}

/// Something that a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// In words.
    Say(String),
    /// A command for a shell.
    Run(String),
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Something becomes newer in its place.
    Hop(Hop),
    /// A control plane is set beside the first.
    Install(String, Patch),
    /// The namespaces that follow the first control plane by its own name follow the second, one after the other.
    Namespaces(String),
    /// A tag points to the second control plane.
    Tag(String, String),
    /// The gateway follows the second control plane.
    Gateway(String),
    /// The second control plane becomes the first, which goes.
    Drop(String, Patch),
}

/// A change of one key of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Dotted; a namespace stands by its name.
    pub key: String,
    /// What it becomes; none where the key goes.
    pub value: Option<Value>,
}

impl Edit {
    fn set(key: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { key: key.into(), value: Some(value.into()) }
    }

    fn remove(key: &str) -> Self {
        Self { key: key.to_owned(), value: None }
    }
}

impl Step {
    /// Starts a step from one profile to another.
    fn of(before: &Profile, after: Profile, change: Change) -> Self {
        let news = News::of_values(before, &after);
        let (edits, notes, first, then) = Default::default();
        Self { change, edits, profile: after, news, notes, first, then }
    }
}

/// How the way is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Each control plane is upgraded where it is.
    InPlace,
    /// Each release gets a control plane of its own, beside the old one until nothing follows that any more.
    Canary,
}

/// Plans the way to `to`, or to the newest release that the profile's Kubernetes and Flux carry.
///
/// `today`, `YYYY-MM-DD`, tells which minors get no more fixes. An error says why there is no way.
pub fn plan(
    profile: &Profile,
    to: Option<Patch>,
    manner: Manner,
    today: &str,
) -> Result<Upgrade, Box<Diagnostic>> {
    let from = profile.chart_version;
    known(from)?;
    if manner == Manner::InPlace && profile.revisions.canary.is_some() {
        return Err(Box::new(in_progress(profile)));
    }
    let (mut steps, start) = match manner {
        Manner::InPlace => (Vec::new(), from),
        Manner::Canary => canary::finish(profile, today),
    };
    known(start)?;
    let platform =
        Platform { istio: start, kubernetes: profile.kubernetes_version, flux: profile.flux_version() };
    let (reached, bound) = path::reach(platform);
    let bound = to.is_none().then_some(bound);
    let to = to.unwrap_or(reached);
    if to < start {
        return Err(Box::new(backwards(start, to)));
    }
    known(to)?;
    for hop in path::path(platform, to) {
        let before = steps.last().map_or(profile, |step| &step.profile).clone();
        if let (Hop::Istio(version), Manner::Canary) = (hop, manner) {
            steps.extend(canary::steps(&before, version, today));
        } else {
            steps.push(in_place(&before, hop, today));
        }
    }
    let end_of_life = if steps.is_empty() { news::end_of_life(to, today) } else { None };
    Ok(Upgrade { from, to, bound, steps, end_of_life, open: news::open(to) })
}

/// Returns the step that makes something newer where it is.
fn in_place(before: &Profile, hop: Hop, today: &str) -> Step {
    let mut after = before.clone();
    match hop {
        Hop::Kubernetes(version) => after.kubernetes_version = version,
        Hop::Flux(version) => after.set_flux_version(version),
        Hop::Istio(version) => after.chart_version = version,
    }
    let mut step = Step::of(before, after, Change::Hop(hop));
    match hop {
        Hop::Kubernetes(version) => {
            step.edits.push(Edit::set("kubernetesVersion", version.to_string()));
            step.notes.extend(profile::doubt_on(version, before.chart_version));
            step.first.push(Act::Say(format!("upgrade the cluster to Kubernetes {version}")));
        }
        Hop::Flux(version) => {
            step.edits.push(Edit::set("flux.version", version.to_string()));
            step.notes.push(ADOPTION.to_owned());
            step.first.push(Act::Say(format!("upgrade Flux to {version}")));
            step.first.push(Act::Run("flux check".to_owned()));
        }
        Hop::Istio(version) => {
            step.edits.push(Edit::set("chartVersion", version.to_string()));
            step.notes = about(before, version, "mesh.images.tag", today);
            step.notes.extend(before.revisions.main.as_ref().map(|name| {
                format!(
                    "the control plane keeps its name, `{name}`; with `--canary` each release has its own"
                )
            }));
            step.news.add(before, version, News::EVERYTHING);
            step.then = vec![brought(before), restart(&names(before))];
        }
    }
    step
}

const ADOPTION: &str = "from 1.24 on the CRDs are a part of the base chart's release, and an older Flux takes nothing into a release that it did not make";

/// Returns what there is to know of a release that the profile comes to.
fn about(before: &Profile, version: Patch, tag: &str, today: &str) -> Vec<String> {
    let image = before.mesh.images.tag.as_ref();
    let image = image
        .map(|old| format!("`{tag}`: name the image of {version}; `{old}` is of {}", before.chart_version));
    let doubt = profile::doubt_on(before.kubernetes_version, version);
    doubt.into_iter().chain(image).chain(news::end_of_life(version, today)).collect()
}

/// Returns the command that shows whether Flux has brought a step.
fn brought(profile: &Profile) -> Act {
    Act::Run(format!("flux get helmreleases --namespace {}", profile.flux.namespace))
}

/// What makes pods that run on and can be told to start anew.
const OWNERS: &str = "deployments,statefulsets,daemonsets";

/// Returns the command that gives workloads the new proxy: sidecars may be one minor behind istiod, and no more (istio.io,
/// "Supported Releases").
fn restart(namespaces: &[&str]) -> Act {
    Act::Run(match namespaces {
        [one] => format!("kubectl rollout restart {OWNERS} --namespace {one}"),
        all => {
            format!("for n in {}; do kubectl rollout restart {OWNERS} --namespace $n; done", all.join(" "))
        }
    })
}

fn names(profile: &Profile) -> Vec<&str> {
    profile.namespaces.iter().map(|namespace| namespace.name.as_str()).collect()
}

fn known(version: Patch) -> Result<(), Box<Diagnostic>> {
    let facts = Istio::of(version.minor).filter(|facts| facts.minor == version.minor);
    if facts.is_some_and(|facts| version.patch <= facts.newest_patch) {
        return Ok(());
    }
    let newest = facts.or_else(|| release::istio_minors().next_back().and_then(Istio::of));
    let newest = newest.expect("at least one release is known");
    let of_minor = facts.map_or_else(String::new, |facts| format!(" of {}", facts.minor));
    let fault = Diagnostic::general("unknown-istio", format!("this meshwright knows no Istio {version}"));
    Err(Box::new(fault.with_help(format!(
        "the newest{of_minor} that it knows is {}.{}; look for a newer meshwright",
        newest.minor, newest.newest_patch
    ))))
}

fn backwards(from: Patch, to: Patch) -> Diagnostic {
    let message = format!("Istio {to} is older than {from}, and no upgrade leads there");
    Diagnostic::general("upgrade-backwards", message)
        .with_help("to return from the last step, revert its commit")
}

fn in_progress(profile: &Profile) -> Diagnostic {
    let canary = profile.revisions.canary.as_ref().expect("asked only where there is one");
    let message =
        format!("the profile already has a canary, Istio {} as `{}`", canary.version, canary.revision);
    Diagnostic::general("canary-in-progress", message).with_help(
        "`meshwright upgrade --canary` says the steps that are left; or remove `mesh.canary` first",
    )
}
