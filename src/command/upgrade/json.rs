//! The document that `--format json` prints.

use serde_json::{Value, json};

use super::{Changed, Report, fields::Field, title};
use crate::{
    diagnostic::Diagnostic,
    release::{Behaviour, bulletin_range},
    source::Sources,
    upgrade::{Act, Bound, Closed, Edit, Step},
};

/// Returns the upgrade as one document.
///
/// ```json
/// {
///   "version": 1, "profile": "sre", "from": "1.21.1", "to": "1.22.8",
///   "bound": {"next": "1.28", "needs": {"kubernetes": "1.30"}}, "endOfLife": null,
///   "steps": [{
///     "title": "…",
///     "edits": [{"key": "chartVersion", "value": "1.22.8"}],
///     "files": [{"path": "README.md", "status": "changed", "fields": [
///       {"object": "HelmRelease flux-system/istiod", "path": "spec.chart.spec.version", "before": "…", "after": "…"}
///     ]}],
///     "behaviours": [{"since": ["1.22.0"], "bears": "security", "what": "…", "here": "…", "source": "…"}],
///     "values": [{"code": "dead-value", "message": "…", "file": "mesh.yaml", "line": 3, "help": ["…"]}],
///     "closes": [{"id": "…", "published": "…", "what": "…", "cves": ["…"], "cvss": 7.5, "fixed": ["…"], "before": "affected", "source": "…"}],
///     "notes": ["…"], "first": [{"say": "…"}], "then": [{"run": "…"}]
///   }],
///   "open": [{"id": "…"}],
///   "bulletins": {"first": "…", "last": "…"}
/// }
/// ```
///
/// `bound` is null where a release was asked for, and has no `next` where none is known. `endOfLife` is a sentence where there is
/// no step, whose notes would have it. An edit without a `value` removes its
/// key. `before` of a bulletin is `affected`, or `notSaid` where the bulletin does not speak of that release. Within `version` 1,
/// keys are only added.
pub(super) fn document(report: &Report) -> String {
    let upgrade = &report.upgrade;
    let steps =
        upgrade.steps.iter().zip(&report.trees).map(|(step, tree)| self::step(step, tree, &report.sources));
    let (first, last) = bulletin_range();
    let document = json!({
        "version": 1,
        "profile": report.profile.name,
        "from": upgrade.from.to_string(),
        "to": upgrade.to.to_string(),
        "bound": upgrade.bound.map(bound),
        "endOfLife": upgrade.end_of_life,
        "steps": steps.collect::<Vec<_>>(),
        "open": upgrade.open.iter().map(closed).collect::<Vec<_>>(),
        "bulletins": {"first": first, "last": last},
    });
    format!("{document:#}\n")
}

fn bound(bound: Bound) -> Value {
    match bound {
        Bound::Newest => json!({}),
        Bound::Kubernetes { next, needs } => {
            json!({"next": next.to_string(), "needs": {"kubernetes": needs.to_string()}})
        }
        Bound::Flux { next, needs } => {
            json!({"next": next.to_string(), "needs": {"flux": needs.to_string()}})
        }
    }
}

fn step(step: &Step, tree: &[Changed], sources: &Sources) -> Value {
    json!({
        "title": title(step),
        "edits": step.edits.iter().map(edit).collect::<Vec<_>>(),
        "files": tree.iter().map(file).collect::<Vec<_>>(),
        "behaviours": step.news.behaviours.iter().map(|behaviour| self::behaviour(behaviour)).collect::<Vec<_>>(),
        "values": step.news.values.iter().map(|fault| value(fault, sources)).collect::<Vec<_>>(),
        "closes": step.news.closed.iter().map(closed).collect::<Vec<_>>(),
        "notes": step.notes,
        "first": step.first.iter().map(act).collect::<Vec<_>>(),
        "then": step.then.iter().map(act).collect::<Vec<_>>(),
    })
}

fn act(act: &Act) -> Value {
    match act {
        Act::Say(what) => json!({"say": what}),
        Act::Run(command) => json!({"run": command}),
    }
}

fn edit(edit: &Edit) -> Value {
    let mut document = json!({"key": edit.key});
    if let Some(value) = &edit.value {
        document["value"] = value.clone();
    }
    document
}

fn file(changed: &Changed) -> Value {
    let field = |field: &Field| json!({"object": field.object, "path": field.path, "before": field.before, "after": field.after});
    json!({
        "path": changed.path,
        "status": changed.status.name(),
        "fields": changed.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn behaviour(behaviour: &Behaviour) -> Value {
    json!({
        "since": versions(behaviour.since.first()),
        "bears": behaviour.bears.name(),
        "what": behaviour.what,
        "here": behaviour.here,
        "source": behaviour.source,
    })
}

fn value(fault: &Diagnostic, sources: &Sources) -> Value {
    let place = fault.labels.first().map(|label| label.span);
    json!({
        "code": fault.code,
        "message": fault.message,
        "file": place.map(|span| sources.path(span.file)),
        "line": place.map(|span| sources.line(span)),
        "help": fault.help,
    })
}

fn closed(closed: &Closed) -> Value {
    let bulletin = closed.bulletin;
    json!({
        "id": bulletin.id,
        "published": bulletin.published,
        "what": bulletin.what,
        "cves": bulletin.cves,
        "cvss": bulletin.cvss,
        "fixed": versions(bulletin.fixed.first()),
        "before": closed.exposure,
        "source": bulletin.source,
    })
}

fn versions(patches: &[crate::release::Patch]) -> Vec<String> {
    patches.iter().map(ToString::to_string).collect()
}
