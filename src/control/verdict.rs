//! From rules to controls.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{
    Break, CATALOGUE, Doubt, Entry, Exception, Look, Objective, RULES, Rule, Subject, evidence::plural,
    exception, rule::Proof,
};
use crate::{
    check::waiver::Waiver,
    diagnostic::{Diagnostic, Severity},
    source::Span,
};

/// What becomes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// What it asks for is there.
    Holds,
    /// What it forbids is not there, among all objects that were read.
    NonePresent,
    /// The manifests do not tell.
    CannotTell,
    /// Something breaks it.
    Broken,
}

/// What becomes of an objective, or of a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Every rule is borne out, and no manifest could say more.
    Satisfied,
    /// No rule is broken, and something is left that the manifests do not decide.
    NotDecidable,
    /// A rule is broken, whether somebody bears that or not.
    NotSatisfied,
}

/// A rule, and what became of it.
#[derive(Debug, Clone)]
pub struct Ruled {
    /// The rule.
    pub rule: &'static Rule,
    /// What became of it.
    pub outcome: Outcome,
    /// What it saw.
    pub look: Look,
}

/// An objective of a control, and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The objective.
    pub objective: &'static Objective,
    /// What became of it.
    pub verdict: Verdict,
}

/// A control, and what became of it.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The control.
    pub entry: &'static Entry,
    /// What became of it: the worst of its parts, and not decidable where a part is outside every manifest.
    pub verdict: Verdict,
    /// Its objectives.
    pub parts: Vec<Part>,
}

/// All that is said of manifests.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Every rule, as the catalogue lists them.
    pub rules: Vec<Ruled>,
    /// Every control, as the catalogue lists them.
    pub controls: Vec<Judgement>,
    /// What no verdict covers, and who bears what.
    pub exceptions: Vec<Exception>,
    /// How many objects were read.
    pub objects: usize,
}

/// Assesses manifests.
pub fn assess(subject: &Subject<'_, '_>) -> Assessment {
    let found = Found::of(subject);
    let rules: Vec<Ruled> = RULES.par_iter().map(|rule| ruled(rule, subject, &found)).collect();
    let controls = CATALOGUE.iter().map(|entry| judged(entry, &rules)).collect();
    Assessment { rules, controls, exceptions: exception::of(subject), objects: subject.objects }
}

/// The findings of the checks, by code.
struct Found<'s>(BTreeMap<&'s str, Vec<(&'s Diagnostic, Option<&'s Waiver>)>>);

impl<'s> Found<'s> {
    fn of(subject: &Subject<'s, '_>) -> Self {
        let open = subject.judged.open.iter().map(|finding| (finding, None));
        let waived = subject.judged.waived.iter().map(|(finding, waiver)| (finding, Some(waiver)));
        let mut found = BTreeMap::<&str, Vec<_>>::new();
        for (finding, waiver) in open.chain(waived) {
            found.entry(finding.code).or_default().push((finding, waiver));
        }
        Self(found)
    }
}

fn ruled(rule: &'static Rule, subject: &Subject<'_, '_>, found: &Found<'_>) -> Ruled {
    let mut look = Look::default();
    (rule.look)(subject, &mut look);
    for (finding, waiver) in rule.codes.iter().filter_map(|code| found.0.get(code)).flatten() {
        let (message, span) = (finding.message.clone(), finding.labels.first().map(|label| label.span));
        match finding.severity {
            // A note says what a check could not follow.
            Severity::Note => look.doubts.push(Doubt { message, span }),
            Severity::Warning | Severity::Error => {
                look.breaks.push(Break { message, span, code: Some(finding.code), waiver: waiver.cloned() });
            }
        }
    }
    told_once(&mut look.breaks);
    let outcome = outcome(rule, &mut look, subject.objects);
    Ruled { rule, outcome, look }
}

/// What a check says at a place, the rule need not say again.
fn told_once(breaks: &mut Vec<Break>) {
    let told: BTreeSet<Option<Span>> =
        breaks.iter().filter(|fault| fault.code.is_some()).map(|fault| fault.span).collect();
    breaks.retain(|fault| fault.code.is_some() || !told.contains(&fault.span));
    breaks.sort_by_key(|fault| fault.span);
}

fn outcome(rule: &Rule, look: &mut Look, objects: usize) -> Outcome {
    if !look.breaks.is_empty() {
        return Outcome::Broken;
    }
    if look.items.is_empty() && look.doubts.is_empty() {
        match rule.proof {
            Proof::Absence(_) if objects > 0 => return Outcome::NonePresent,
            Proof::Absence(what) | Proof::Presence(what) => {
                look.doubts(None, format!("no {what} is in the manifests"));
            }
        }
    }
    if look.doubts.is_empty() { Outcome::Holds } else { Outcome::CannotTell }
}

fn judged(entry: &'static Entry, rules: &[Ruled]) -> Judgement {
    let part = |objective: &'static Objective| Part { objective, verdict: of_objective(objective, rules) };
    let parts: Vec<Part> = entry.objectives.iter().map(part).collect();
    let worst = parts.iter().map(|part| part.verdict).max().unwrap_or(Verdict::NotDecidable);
    let verdict = if entry.is_wholly_decidable() { worst } else { worst.max(Verdict::NotDecidable) };
    Judgement { entry, verdict, parts }
}

/// Nothing is satisfied by absences alone.
fn of_objective(objective: &Objective, rules: &[Ruled]) -> Verdict {
    let own = rules.iter().filter(|ruled| objective.has_rule(ruled.rule.id));
    let speaks = |ruled: &Ruled| ruled.outcome == Outcome::Holds && objective.is_borne_out_by(ruled.rule.id);
    match own.map(|ruled| ruled.outcome).max() {
        Some(Outcome::Broken) => Verdict::NotSatisfied,
        Some(Outcome::Holds | Outcome::NonePresent) if rules.iter().any(speaks) => Verdict::Satisfied,
        Some(Outcome::CannotTell | Outcome::NonePresent | Outcome::Holds) | None => Verdict::NotDecidable,
    }
}

impl Ruled {
    /// Tells whether everything that breaks it is borne by somebody.
    pub fn is_waived(&self) -> bool {
        !self.look.breaks.is_empty() && self.look.breaks.iter().all(|fault| fault.waiver.is_some())
    }

    /// Returns what the rule looked at, in a few words.
    pub fn looked_at(&self, objects: usize) -> String {
        match (self.look.items.is_empty(), self.rule.proof) {
            (false, _) => format!("looked at {}", self.look.counted()),
            (true, Proof::Absence(what)) => {
                format!("no {what} among {objects} {}", plural("object", objects))
            }
            (true, Proof::Presence(_)) => "looked at nothing".to_owned(),
        }
    }
}

impl Assessment {
    /// Returns the rules of an objective.
    pub fn rules_of(&self, objective: &Objective) -> impl Iterator<Item = &Ruled> {
        self.rules.iter().filter(|ruled| objective.has_rule(ruled.rule.id))
    }

    /// Tells whether a control is not satisfied.
    pub fn has_failed(&self) -> bool {
        self.controls.iter().any(|control| control.verdict == Verdict::NotSatisfied)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::NonePresent => "none present",
            Self::CannotTell => "cannot tell",
            Self::Broken => "broken",
        })
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Satisfied => "satisfied",
            Self::NotDecidable => "not decidable from manifests",
            Self::NotSatisfied => "not satisfied",
        })
    }
}
