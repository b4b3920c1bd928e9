//! What a fault leaves in doubt: a name that fell with a faulty line is not unknown, only unread.

use std::collections::BTreeSet;

use crate::{
    diagnostic::Diagnostic,
    source::Span,
    yaml::{Node, Value},
};

/// What cannot be said of a namespace until its faults are mended.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// Whether it may have workloads that could not be read.
    pub has_lost_names: bool,
    /// The workloads of which a part could not be read, or that were refused.
    pub workloads: BTreeSet<String>,
}

impl Doubt {
    /// Compares what was kept of a namespace with the faults that were found in it.
    pub fn of(namespace: &Node, diagnostics: &[Diagnostic]) -> Self {
        let workloads = namespace.get("workloads");
        let entries = workloads.map(Node::entries).unwrap_or_default();
        let is_damaged = |(key, value): &&(Node, Node)| is_faulty(around(key.span, value.span), diagnostics);
        let faulty = entries.iter().filter(is_damaged);
        Self {
            has_lost_names: has_lost(namespace, diagnostics)
                || workloads.is_some_and(|workloads| has_lost(workloads, diagnostics)),
            workloads: faulty.filter_map(|(key, _)| key.text()).map(str::to_owned).collect(),
        }
    }
}

/// Tells whether a fault lies in a collection, but in nothing that was kept of it.
pub(super) fn has_lost(node: &Node, diagnostics: &[Diagnostic]) -> bool {
    let kept: Vec<Span> = match &node.value {
        Value::Scalar(_) => Vec::new(),
        Value::Sequence(items) => items.iter().map(|item| item.span).collect(),
        Value::Mapping(entries) => entries.iter().map(|(key, value)| around(key.span, value.span)).collect(),
    };
    faults(diagnostics)
        .filter(|fault| lies_in(*fault, node.span))
        .any(|fault| !kept.iter().any(|kept| lies_in(fault, *kept)))
}

/// Tells whether a fault lies in a place.
pub(super) fn is_faulty(place: Span, diagnostics: &[Diagnostic]) -> bool {
    faults(diagnostics).any(|fault| lies_in(fault, place))
}

/// Returns where the faults are.
pub(super) fn faults(diagnostics: &[Diagnostic]) -> impl Iterator<Item = Span> {
    diagnostics.iter().filter_map(|diagnostic| diagnostic.labels.first()).map(|label| label.span)
}

/// Tells whether `inner` is a part of `outer`, or the whole.
pub(super) fn lies_in(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && outer.start <= inner.start && inner.end <= outer.end
}

fn around(key: Span, value: Span) -> Span {
    Span { end: value.end.max(key.end), ..key }
}
