//! What a change of the tree asks of running pods: they keep their proxy, and its control plane, until they restart.

use std::collections::BTreeSet;

use super::Against;
use crate::{
    shell::Shell,
    tree::{Entry, State},
};

/// Says what keeps its version, what keeps its control plane, and what a control plane leaves behind.
pub(super) fn tell(pair: &Against<'_>, shell: &mut Shell) {
    let entries = &pair.comparison.entries;
    if let Some((before, after)) = entries.iter().find_map(upgraded) {
        shell.notice(
            "restart",
            &format!("workloads after the upgrade from {before} to {after}: the gateway restarts by itself, sidecars keep their version until their pods restart"),
        );
    }
    let moved: BTreeSet<&str> = entries.iter().flat_map(|entry| moved(pair, entry)).collect();
    if !moved.is_empty() {
        let moved = moved.into_iter().collect::<Vec<_>>().join(", ");
        shell.notice(
            "restart",
            &format!("workloads of {moved}: until then they keep the control plane that injected them"),
        );
    }
    for plane in dropped(entries) {
        shell.notice(
            "drops",
            &format!("control plane {plane}: proxies that it still serves get no new certificate; the tree's README has the command that finds them"),
        );
    }
}

/// Returns the name of the control plane whose release a file holds.
fn plane<'e>(entry: &'e Entry<'_>) -> Option<&'e str> {
    let name = entry.path.file_name()?.strip_prefix("helmrelease-")?.strip_suffix(".yaml")?;
    name.starts_with("istiod").then_some(name)
}

/// Returns the versions of a control plane that is upgraded in its place.
fn upgraded<'e>(entry: &'e Entry<'_>) -> Option<(&'e str, &'e str)> {
    plane(entry)?;
    let (before, after) = (chart_version(before(entry)?)?, chart_version(entry.after.as_deref()?)?);
    (before != after).then_some((before, after))
}

/// Returns the control planes that go, and do not just move to another path.
fn dropped<'e>(entries: &'e [Entry<'_>]) -> impl Iterator<Item = &'e str> {
    let stays = |name: &str| entries.iter().any(|entry| plane(entry) == Some(name) && entry.after.is_some());
    let gone = entries.iter().filter(|entry| entry.state == State::Extra).filter_map(plane);
    gone.filter(move |name| !stays(name))
}

/// Returns the namespaces that follow another control plane than before, by their own label or by a tag's.
fn moved<'p>(pair: &'p Against<'_>, entry: &'p Entry<'_>) -> Vec<&'p str> {
    let (Some(before), Some(after)) = (before(entry), entry.after.as_deref()) else { return Vec::new() };
    match entry.path.file_name() {
        Some("namespace.yaml") if follows(before) != follows(after) => {
            entry.path.parent().and_then(|folder| folder.file_name()).into_iter().collect()
        }
        Some("revision-tags.yaml") => {
            let (before, after) = (tags(before), tags(after));
            let has_moved = |tag: &str| after.iter().any(|pair| pair.1 == tag && !before.contains(pair));
            let namespaces = pair.rendering.profile.namespaces.iter();
            let following =
                namespaces.filter(|namespace| namespace.revision.as_deref().is_some_and(has_moved));
            following.map(|namespace| namespace.name.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

fn before<'e>(entry: &'e Entry<'_>) -> Option<&'e str> {
    str::from_utf8(entry.before.as_deref()?).ok()
}

fn chart_version(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("      version: "))
}

/// Returns the label by which a namespace follows a control plane.
fn follows(manifest: &str) -> Option<&str> {
    let is_label =
        |line: &&str| line.starts_with("    istio.io/rev: ") || line.starts_with("    istio-injection: ");
    manifest.lines().find(is_label)
}

/// Returns each tag with the revision that it points to, as they are written.
fn tags(manifest: &str) -> Vec<(&str, &str)> {
    let of = |label| manifest.lines().filter_map(move |line: &str| line.strip_prefix(label));
    of("    istio.io/rev: ").zip(of("    istio.io/tag: ")).collect()
}
