//! What is wrong with a user's files, as data, and how it is shown.

mod github;
mod json;
mod sarif;
mod text;

pub use github::to_github;
pub use json::to_json;
pub use sarif::{Rule, to_sarif};
pub use text::render;

use crate::source::Span;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing has to change.
    Note,
    /// Likely not what was meant; the command goes on.
    Warning,
    /// The input is refused.
    Error,
}

/// A place in a text, and what to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What was expected here, in a few words; may be empty.
    pub text: String,
}

/// An edit that would mend the fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What to replace; an empty span inserts.
    pub span: Span,
    /// The new text.
    pub replacement: String,
}

/// One finding: a stable kebab-case code, a message, the places, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable, kebab-case; the only id that a user meets.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The fact, in the user's own word in backticks.
    pub message: String,
    /// The first is the place that is wrong; the others are context. Never empty for a fault in a file.
    pub labels: Vec<Label>,
    /// What to do, one sentence each.
    pub help: Vec<String>,
    /// The edit that does it, where one is known.
    pub edit: Option<Edit>,
}

impl Diagnostic {
    /// Starts an error at `span`; `label` says what was expected there.
    pub fn error(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self::new(code, Severity::Error, span, message, label)
    }

    /// Starts a warning at `span`.
    pub fn warning(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self::new(code, Severity::Warning, span, message, label)
    }

    /// Starts an error that has no place in a text.
    pub fn general(code: &'static str, message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Error, message.into());
        Self { code, severity, message, labels: Vec::new(), help: Vec::new(), edit: None }
    }

    /// Starts a finding of any weight at `span`.
    pub fn new(
        code: &'static str,
        severity: Severity,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        let labels = vec![Label { span, text: label.into() }];
        Self { code, severity, message: message.into(), labels, help: Vec::new(), edit: None }
    }

    /// Adds a second place that explains the first.
    #[must_use]
    pub fn with_context(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a sentence that says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds the edit that mends the fault.
    #[must_use]
    pub fn with_edit(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.edit = Some(Edit { span, replacement: replacement.into() });
        self
    }

    /// Adds a second place to a diagnostic that already stands in a list.
    pub fn context(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a sentence that says what to do to a diagnostic that already stands in a list.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help.push(help.into());
        self
    }
}

/// Returns diagnostics in the order in which they are shown: by file, position and code; those without a place first.
pub fn in_order(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| (diagnostic.labels.first().map(|label| label.span), diagnostic.code));
    ordered
}

#[cfg(test)]
mod tests;
