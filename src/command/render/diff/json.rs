//! The document that `--diff --format json` prints.

use serde_json::{Value, json};

use super::Difference;
use crate::{
    command::{diff::fields as flow_changes, render::state},
    plan::weakenings,
    tree::{FileChange, Hunk, State},
};

/// Returns one document for all trees, in the order in which their profiles were named.
///
/// ```json
/// {
///   "version": 1,
///   "trees": [{
///     "profile": "sre", "path": "clusters/sre/istio",
///     "movedFrom": [],
///     "summary": {"added": 0, "changed": 1, "removed": 0},
///     "weakenings": [{"what": "…", "why": "…"}],
///     "obstructed": [{"path": "…", "why": "…"}],
///     "flows": [{"effect": "opened", …}],
///     "files": [{
///       "path": "clusters/sre/istio/README.md",
///       "status": "changed", "state": "stale", "binary": false,
///       "hunks": [{"oldStart": 2, "oldLines": 7, "newStart": 2, "newLines": 7}],
///       "diff": "diff --git …"
///     }]
///   }]
/// }
/// ```
///
/// `status` is `added`, `changed` or `removed`; `state` is a word of `--check`. Every `path` and `movedFrom` is
/// relative to DIR; `flows` are the `changes` of `diff --format json`; lines count from 1, and are 0 in a side that has none, as in a diff. Within `version` 1, keys
/// are only added.
pub(super) fn document(differences: &[Difference<'_>]) -> String {
    let trees: Vec<Value> = differences.iter().map(tree).collect();
    format!("{:#}\n", json!({"version": 1, "trees": trees}))
}

fn tree(difference: &Difference<'_>) -> Value {
    let (rendering, comparison) = (difference.pair.rendering, &difference.pair.comparison);
    let [added, changed, removed] = difference.counts();
    let weaknesses = weakenings(&rendering.profile).into_iter();
    let obstructed = comparison.entries.iter().filter_map(|entry| match &entry.state {
        State::Obstructed(why) => Some(json!({"path": entry.path, "why": why.to_string()})),
        _ => None,
    });
    json!({
        "profile": rendering.profile.name,
        "path": rendering.tree().root(),
        "movedFrom": comparison.moved_from,
        "summary": {"added": added, "changed": changed, "removed": removed},
        "weakenings": weaknesses.map(|one| json!({"what": one.what, "why": one.why})).collect::<Vec<_>>(),
        "obstructed": obstructed.collect::<Vec<_>>(),
        "flows": flow_changes(&difference.flows),
        "files": difference.changes.iter().map(file).collect::<Vec<_>>(),
    })
}

fn file(change: &FileChange<'_>) -> Value {
    json!({
        "path": change.path,
        "status": change.status.name(),
        "state": state(change.state),
        "binary": change.is_binary,
        "hunks": change.hunks.iter().map(hunk).collect::<Vec<_>>(),
        "diff": change.to_string(),
    })
}

fn hunk(hunk: &Hunk<'_>) -> Value {
    // A side without lines is named by the line before it.
    let start = |lines: &std::ops::Range<usize>| lines.start + usize::from(!lines.is_empty());
    json!({
        "oldStart": start(&hunk.old),
        "oldLines": hunk.old.len(),
        "newStart": start(&hunk.new),
        "newLines": hunk.new.len(),
    })
}
