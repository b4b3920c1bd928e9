//! What is wrong with manifests, by anybody: a table of checks over a resolved mesh.
//!
//! ```text
//! Scene: Mesh and all that was read ─ check ─► [Diagnostic], each with the line that it is about
//! ```
//!
//! One file per check, named for its code; the [table](CHECKS) is all that the rest of the crate sees of them. A check
//! that cannot tell stays silent or says so as a note, and its explanation says when.

mod control;
mod findings;
mod scene;
mod table;
mod values;
pub mod waiver;

pub use control::Control;
pub use findings::Findings;
pub use scene::{Releases, Scene};
pub use table::CHECKS;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Severity};

/// One thing that may be wrong with manifests.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Stable, kebab-case, the name of the check's file; the only id that a user meets.
    pub code: &'static str,
    /// How much a finding weighs.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub summary: &'static str,
    /// What happens on a cluster, and why.
    pub happens: &'static str,
    /// How to mend it.
    pub mend: &'static str,
    /// When nothing is said although something might be wrong.
    pub silent: &'static str,
    /// Where the rule is from: a file at a tag, an API type, a page.
    pub source: &'static str,
    /// The rules of other catalogues that it covers, such as `SC8-2` or `KIA0004`.
    pub rules: &'static [&'static str],
    /// The controls whose claims a finding bears on; none where it is only about what then fails to work.
    pub controls: &'static [Control],
    /// Looks, and reports.
    pub run: fn(&Scene<'_>, &mut Findings),
}

/// Runs every check, and returns what they find in the order in which it is shown.
pub fn check(scene: &Scene<'_>) -> Vec<Diagnostic> {
    let found: Vec<Diagnostic> = CHECKS.par_iter().flat_map_iter(|check| check.findings(scene)).collect();
    crate::diagnostic::in_order(&found).into_iter().cloned().collect()
}

/// Returns the check of a code.
pub fn named(code: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code)
}

impl Check {
    /// Returns what this check alone finds.
    pub fn findings(&self, scene: &Scene<'_>) -> Vec<Diagnostic> {
        let mut findings = Findings::of(self);
        (self.run)(scene, &mut findings);
        findings.into_diagnostics()
    }
}
