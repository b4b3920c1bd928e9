//! What a check finds, with its code and weight.

use super::Check;
use crate::{
    diagnostic::{Diagnostic, Severity},
    source::Span,
};

/// Says how many more objects a finding is about, behind the name of the first.
pub(super) fn and_more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " and one more object".to_owned(),
        others => format!(" and {others} more objects"),
    }
}

/// The findings of one check.
#[derive(Debug)]
pub struct Findings {
    code: &'static str,
    severity: Severity,
    found: Vec<Diagnostic>,
}

impl Findings {
    pub(super) fn of(check: &Check) -> Self {
        Self { code: check.code, severity: check.severity, found: Vec::new() }
    }

    /// Reports a finding at a place; `label` says what was expected there. More can be said of what is returned.
    pub fn report(
        &mut self,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(Diagnostic::new(self.code, self.severity, span, message, label))
    }

    /// Reports what has no place because it is not there.
    pub fn report_absence(&mut self, message: impl Into<String>) -> &mut Diagnostic {
        let finding = Diagnostic { severity: self.severity, ..Diagnostic::general(self.code, message) };
        self.add(finding)
    }

    /// Reports what was found while an object was read, under this check's code.
    pub fn repeat(&mut self, finding: &Diagnostic) {
        self.add(Diagnostic { code: self.code, severity: self.severity, ..finding.clone() });
    }

    fn add(&mut self, finding: Diagnostic) -> &mut Diagnostic {
        self.found.push(finding);
        self.found.last_mut().expect("just pushed")
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.found
    }
}
