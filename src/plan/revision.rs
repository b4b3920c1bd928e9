//! Revisions in the tree: the label by which a namespace follows one, and the tags.

use serde_json::{Value, json};

use super::Plan;

/// The label of what follows a revision or a tag.
pub(super) const REVISION: &str = "istio.io/rev";

/// Returns the label by which the pods of a namespace get their sidecar from what it follows.
///
/// The webhook of a revision matches its own label alone, and only where `istio-injection` is absent; the default control
/// plane's matches that one (`istio-discovery/templates/mutatingwebhook.yaml`, the same at 1.21.1 and 1.30.3).
pub(super) fn injection(revision: Option<&str>) -> (&'static str, &str) {
    revision.map_or(("istio-injection", "enabled"), |name| (REVISION, name))
}

impl Plan<'_> {
    /// Returns the webhook of each tag, as the chart makes it of `revisionTags`.
    ///
    /// It belongs to no release: Helm would delete a tag with the release that it leaves, and refuse to make one that
    /// another release still has, so that for a while nothing would inject what follows the tag. Here the webhook changes
    /// in one write. istiod fills in the authority of the webhooks that carry its revision (`pkg/webhooks/webhookpatch.go`).
    pub(super) fn revision_tags(&self) -> Vec<Value> {
        let profile = self.profile;
        let suffix = match profile.mesh.namespace.as_str() {
            "istio-system" => String::new(),
            other => format!("-{other}"),
        };
        let webhook = |(tag, revision): (&String, &String)| {
            json!({
                "name": tag,
                "webhook": format!("istio-revision-tag-{tag}{suffix}"),
                "revision": revision,
                "service": profile.control_plane(Some(revision)).name(),
            })
        };
        profile.revisions.tags.iter().map(webhook).collect()
    }
}
