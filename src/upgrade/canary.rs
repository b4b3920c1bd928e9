//! One release beside the other: what follows the old one moves to the new one, a part at a time.

use serde_json::json;

use super::{
    Act, Change, Edit, Step, about, brought,
    news::{self, News},
    restart,
};
use crate::{
    profile::{Canary, Namespace, Profile},
    release::Patch,
};

/// Shows which control plane each pod has, and so whether an old one may go.
const FOLLOWERS: &str = "kubectl get pods --all-namespaces --output custom-columns='NAMESPACE:.metadata.namespace,POD:.metadata.name,REVISION:.metadata.annotations.istio\\.io/rev'";

/// Returns the steps from a profile without a canary to the next release.
pub(super) fn steps(before: &Profile, version: Patch, today: &str) -> Vec<Step> {
    let mut installed = install(before, version, today);
    installed.news.add(before, version, News::WITH_ISTIOD);
    let profile = installed.profile.clone();
    std::iter::once(installed).chain(rest(profile, today)).collect()
}

/// Returns the steps that are left of a canary that the profile has, and the release that they lead to.
pub(super) fn finish(profile: &Profile, today: &str) -> (Vec<Step>, Patch) {
    let Some(canary) = &profile.revisions.canary else { return (Vec::new(), profile.chart_version) };
    let mut steps = rest(profile.clone(), today);
    // It came with the installation, and is still new to whatever has not moved.
    if let Some(first) = steps.first_mut() {
        first.news.add(profile, canary.version, News::WITH_ISTIOD);
    }
    (steps, canary.version)
}

/// Returns the steps that move everything to the canary, and let the first control plane go.
fn rest(mut profile: Profile, today: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for step in [namespaces, tags, gateway] {
        steps.extend(step(&profile));
        profile = steps.last().map_or(profile, |step: &Step| step.profile.clone());
    }
    steps.push(drop(&profile, today));
    steps
}

fn install(before: &Profile, version: Patch, today: &str) -> Step {
    let revision = name(before, version);
    let mut profile = before.clone();
    let images = before.mesh.images.clone();
    profile.revisions.canary = Some(Canary { revision: revision.clone(), version, images, values: None });
    let mut step = Step::of(before, profile, Change::Install(revision.clone(), version));
    step.edits =
        vec![Edit::set("mesh.canary", json!({"revision": revision, "chartVersion": version.to_string()}))];
    step.notes = about(before, version, "mesh.canary.images.tag", today);
    step.notes.push(format!("what does not follow it stays as it is; the CRDs become those of {version}"));
    step.then = vec![brought(before)];
    step
}

/// Returns a name for a release that no revision and no tag has.
fn name(before: &Profile, version: Patch) -> String {
    let named = version.to_string().replace('.', "-");
    let is_free = |name: &String| {
        before.revisions.main.as_ref() != Some(name) && !before.revisions.tags.contains_key(name)
    };
    let others = (2..).map(|number| format!("{named}-{number}"));
    std::iter::once(named.clone()).chain(others).find(is_free).expect("a profile has few names")
}

fn namespaces(before: &Profile) -> Vec<Step> {
    let (mut profile, revision) = (before.clone(), canary(before).revision.clone());
    let (mut edits, mut notes, mut then) = (Vec::new(), Vec::new(), Vec::new());
    let is_left = |namespace: &&mut Namespace| follows_first(before, namespace.revision.as_deref());
    for namespace in profile.namespaces.iter_mut().filter(is_left) {
        namespace.revision = Some(revision.clone());
        edits.push(Edit::set(format!("namespaces.{}.revision", namespace.name), revision.as_str()));
        then.push(restart(&[&namespace.name]));
        if !namespace.is_rendered {
            notes.push(format!(
                "the owner of namespace `{}` sets its label `istio.io/rev={revision}`, and removes `istio-injection`",
                namespace.name
            ));
        }
    }
    if edits.is_empty() {
        return Vec::new();
    }
    if edits.len() > 1 {
        notes.push(
            "each is a commit of its own: the next moves when the last one's workloads run as they did"
                .to_owned(),
        );
    }
    vec![Step { edits, notes, then, ..Step::of(before, profile, Change::Namespaces(revision)) }]
}

fn tags(before: &Profile) -> Vec<Step> {
    let (mut profile, revision) = (before.clone(), &canary(before).revision);
    let left = before.revisions.tags.iter().filter(|(_, meant)| follows_first(before, Some(meant)));
    let step = |(tag, _): (&String, &String)| {
        let old = profile.clone();
        profile.revisions.tags.insert(tag.clone(), revision.clone());
        let following =
            profile.namespaces.iter().filter(|namespace| namespace.revision.as_ref() == Some(tag));
        let following: Vec<&str> = following.map(|namespace| namespace.name.as_str()).collect();
        let has_gateway = profile.gateway.revision.as_ref() == Some(tag);
        let mut step = Step::of(&old, profile.clone(), Change::Tag(tag.clone(), revision.clone()));
        step.edits = vec![Edit::set(format!("mesh.tags.{tag}"), revision.as_str())];
        step.notes
            .extend(has_gateway.then(|| "the gateway follows the tag, and restarts by itself".to_owned()));
        step.then = vec![if following.is_empty() { brought(&old) } else { restart(&following) }];
        step
    };
    left.map(step).collect()
}

fn gateway(before: &Profile) -> Vec<Step> {
    if !follows_first(before, before.gateway.revision.as_deref()) {
        return Vec::new();
    }
    let (mut profile, revision) = (before.clone(), canary(before).revision.clone());
    profile.gateway.revision = Some(revision.clone());
    let mut step = Step::of(before, profile, Change::Gateway(revision.clone()));
    step.edits = vec![Edit::set("gateway.revision", revision)];
    step.notes = vec!["its pods restart by themselves, one after the other".to_owned()];
    step.then = vec![brought(before)];
    vec![step]
}

fn drop(before: &Profile, today: &str) -> Step {
    let (mut profile, Canary { revision, version, images, values }) =
        (before.clone(), canary(before).clone());
    let old = before.control_planes()[0].name();
    profile.revisions.canary = None;
    profile.revisions.main = Some(revision.clone());
    profile.chart_version = version;
    profile.mesh.images = images;
    let moved = values.as_ref().and_then(|values| serde_json::to_value(values).ok());
    profile.values.istiod = values.or(profile.values.istiod);
    let mut step = Step::of(before, profile, Change::Drop(old, version));
    step.news.add(before, version, News::WITH_PLUGIN);
    step.edits = vec![
        Edit::set("chartVersion", version.to_string()),
        Edit::set("mesh.revision", revision.as_str()),
        Edit::remove("mesh.canary"),
    ];
    step.edits.extend(moved.map(|values| Edit::set("values.istiod", values)));
    step.notes = vec![format!(
        "`revision: {revision}` may go wherever it stands: it is what follows where nothing is said"
    )];
    step.notes.extend(
        before
            .mesh
            .images
            .tag
            .as_ref()
            .map(|_| "`mesh.images.tag` becomes what `mesh.canary.images.tag` was".to_owned()),
    );
    step.notes.extend(news::end_of_life(version, today));
    step.first = vec![
        Act::Say(
            "no pod may be left that the old one injected: its proxy would get no new certificate".to_owned(),
        ),
        Act::Run(FOLLOWERS.to_owned()),
    ];
    step.then = vec![brought(before)];
    step
}

fn canary(profile: &Profile) -> &Canary {
    profile.revisions.canary.as_ref().expect("it was installed before anything moves")
}

/// Whether a name is that of the first control plane itself, and no tag.
fn follows_first(profile: &Profile, revision: Option<&str>) -> bool {
    revision == profile.revisions.main.as_deref()
}
