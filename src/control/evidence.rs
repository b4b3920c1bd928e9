//! What a rule looked at, and what it saw there.

use crate::{
    check::waiver::Waiver,
    manifest::{Meta, ObjectId},
    source::Span,
};

/// An object that a rule looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The API group; empty for the core one, and for what is no object.
    pub group: String,
    /// `PeerAuthentication`.
    pub kind: String,
    /// `istio-system/default`.
    pub path: String,
    /// What it says, as far as the rule is about that.
    pub says: String,
    /// Where it says so.
    pub span: Span,
}

/// What breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The fact.
    pub message: String,
    /// Where; none where something is missing.
    pub span: Option<Span>,
    /// The check that found it; none where only the rule itself looks for it.
    pub code: Option<&'static str>,
    /// Who bears it, if anybody does.
    pub waiver: Option<Waiver>,
}

/// What keeps a rule from being decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What is not known, and why.
    pub message: String,
    /// Where; none where something is missing.
    pub span: Option<Span>,
}

/// All that a rule saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// The objects that it looked at.
    pub items: Vec<Item>,
    /// What breaks it.
    pub breaks: Vec<Break>,
    /// What it cannot tell.
    pub doubts: Vec<Doubt>,
}

impl Look {
    /// Notes an object that was looked at.
    pub(super) fn at(&mut self, meta: &Meta, says: impl Into<String>) {
        self.at_place(meta, says, meta.head());
    }

    /// Notes an object that was looked at, and the place in it.
    pub(super) fn at_place(&mut self, meta: &Meta, says: impl Into<String>, span: Span) {
        let ObjectId { group, kind, .. } = meta.id();
        let (group, kind) = (group.to_owned(), kind.to_owned());
        self.items.push(Item { group, kind, path: meta.path(), says: says.into(), span });
    }

    /// Notes a setting of something that is no object of its own.
    pub(super) fn at_setting(&mut self, kind: &str, path: &str, says: impl Into<String>, span: Span) {
        let (group, kind, path) = (String::new(), kind.to_owned(), path.to_owned());
        self.items.push(Item { group, kind, path, says: says.into(), span });
    }

    /// Notes what breaks the rule.
    pub(super) fn breaks(&mut self, span: impl Into<Option<Span>>, message: impl Into<String>) {
        self.breaks.push(Break { message: message.into(), span: span.into(), code: None, waiver: None });
    }

    /// Notes what cannot be told.
    pub(super) fn doubts(&mut self, span: impl Into<Option<Span>>, message: impl Into<String>) {
        self.doubts.push(Doubt { message: message.into(), span: span.into() });
    }

    /// Returns how many objects of each kind were looked at: `2 Namespaces, 1 Deployment`.
    pub fn counted(&self) -> String {
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        for item in &self.items {
            match kinds.iter_mut().find(|(kind, _)| *kind == item.kind) {
                Some((_, count)) => *count += 1,
                None => kinds.push((&item.kind, 1)),
            }
        }
        kinds
            .iter()
            .map(|(kind, count)| format!("{count} {}", plural(kind, *count)))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Returns the name of a kind for a number of objects.
pub(super) fn plural(kind: &str, count: usize) -> String {
    match kind {
        kind if count == 1 => kind.to_owned(),
        kind if kind.ends_with("cy") || kind.ends_with("ry") => format!("{}ies", &kind[..kind.len() - 1]),
        kind if kind.ends_with('s') => format!("{kind}es"),
        kind => format!("{kind}s"),
    }
}
