//! The engine against the real istiod and Envoy: random meshes, each question answered by both.
//!
//! `MESHWRIGHT_MESH_COUNT=1000 MESHWRIGHT_SEED=7 tests/conformance/run meshes` asks as many as one likes.

use std::collections::{BTreeMap, BTreeSet};

use meshwright::mesh::Truth;

use super::{
    AT_ONCE, Mesh, Outcome, Took, answers_of,
    sample::{self, Skipped},
};
use crate::{
    asked,
    bench::Bench,
    envoy,
    istiod::{self, Release},
    naive::{self, Answer, Chain, Layer, Question, random::Case},
};

/// Questions to a mesh.
const EACH: usize = 25;
/// Meshes in a run that says nothing else.
const COUNT: usize = 4 * AT_ONCE;
/// What has to give a hundredth of the verdicts each, lest a run prove little.
const DECIDING: [(Layer, Chain); 9] = [
    (Layer::Transport, Chain::None),
    (Layer::Codec, Chain::None),
    (Layer::Deny, Chain::Http),
    (Layer::Deny, Chain::Tcp),
    (Layer::Allow, Chain::Http),
    (Layer::Allow, Chain::Tcp),
    (Layer::Open, Chain::Http),
    (Layer::Open, Chain::Tcp),
    (Layer::Open, Chain::App),
];

#[test]
fn the_engine_and_envoy_agree() {
    let Some(bench) = Bench::of("meshes") else { return };
    agree(&bench, istiod::OWN);
}

#[test]
fn the_engine_and_envoy_agree_under_the_newest_istiod() {
    let Some(bench) = Bench::of("meshes") else { return };
    if istiod::NEWEST.is_there(&bench) {
        agree(&bench, istiod::NEWEST);
    } else {
        eprintln!("meshes: not run under istiod {}, which `--all` builds", istiod::NEWEST.version);
    }
}

fn agree(bench: &Bench, release: Release) {
    let (count, seed) = (number("MESHWRIGHT_MESH_COUNT", COUNT), number("MESHWRIGHT_SEED", 1));
    let first = number("MESHWRIGHT_MESH_FIRST", 0);
    let mut report = Report::default();
    let random = (first..first + count)
        .map(|at| Asked::new(sample::case(release, (seed as u64) << 32 | at as u64, EACH), &mut report));
    let mut asked: Vec<Asked> = random.collect();
    asked.push(Asked::new((sample::audiences(release), Vec::new()), &mut report));
    let meshes: Vec<Mesh> = asked.iter().map(Asked::mesh).collect();
    let answers = answers_of(bench, release, &bench.scratch("random"), &meshes, &mut Took::default());
    for ((asked, mesh), outcomes) in asked.iter().zip(&meshes).zip(&answers) {
        asked.compare(mesh, outcomes, &mut report);
    }
    report.show();
    let shown: Vec<&str> = report.faults.iter().take(20).map(String::as_str).collect();
    assert!(shown.is_empty(), "{} differ:\n{}", report.faults.len(), shown.join("\n\n"));
    report.assert_worth_asking();
    let what =
        format!("{count} random meshes of seed {seed}, by the engine and by Envoy: {}", report.summary());
    bench.compared(envoy::judges_of(bench, release), what);
}

pub(super) fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("it is a number"))
}

/// A mesh, and the questions of it to which the engine has a definite answer.
struct Asked {
    case: Case,
    questions: Vec<(Question, Truth, Answer)>,
}

impl Asked {
    fn new((case, skipped): (Case, Vec<Skipped>), report: &mut Report) -> Self {
        for why in skipped {
            *report.not_put.entry(why).or_default() += 1;
        }
        let mut questions = Vec::new();
        for (question, said) in case.questions.iter().zip(asked::verdicts(&case)) {
            if said == Truth::Unknown {
                report.unknown += 1;
            } else {
                let judged = naive::answer(&case.cluster, question);
                questions.push((question.clone(), said, judged));
            }
        }
        Self { case, questions }
    }

    fn mesh(&self) -> Mesh {
        let questions = self.questions.iter().map(|(question, ..)| question);
        sample::mesh(&self.case, questions, &mut self.case.dice.clone())
    }

    fn compare(&self, mesh: &Mesh, outcomes: &[Outcome], report: &mut Report) {
        let asked = self.questions.iter().zip(&mesh.probes).zip(outcomes);
        for (((question, said, judged), witness), outcome) in asked {
            *report.decided.entry((judged.layer, judged.chain)).or_default() += 1;
            *report.outcomes.entry(outcome.clone()).or_default() += 1;
            if (*said == Truth::Yes) != (*outcome == Outcome::Answered) {
                report.faults.push(format!(
                    "seed {}: Envoy says {outcome:?}, the engine {said:?}, the judge {judged:?} of {question:?}\n\
                    {witness:?}\n{}",
                    self.case.seed, self.case.manifests
                ));
            }
        }
    }
}

/// What a run came to.
#[derive(Default)]
struct Report {
    /// Questions that were not put, by why.
    not_put: BTreeMap<Skipped, usize>,
    /// Those of which the engine says that nobody can tell.
    unknown: usize,
    /// Verdicts, by the layer that gave them, and the chain that took the connection.
    decided: BTreeMap<(Layer, Chain), usize>,
    outcomes: BTreeMap<Outcome, usize>,
    faults: Vec<String>,
}

impl Report {
    fn show(&self) {
        let Self { not_put, unknown, decided, outcomes, .. } = self;
        eprintln!(
            "meshes: decided by {decided:?}\nmeshes: {outcomes:?}\nmeshes: {unknown} unknown; not put: {not_put:?}"
        );
    }

    fn answered(&self) -> usize {
        self.outcomes.get(&Outcome::Answered).copied().unwrap_or_default()
    }

    fn total(&self) -> usize {
        self.outcomes.values().sum()
    }

    fn summary(&self) -> String {
        let (total, answered) = (self.total(), self.answered());
        format!(
            "{total} answers are the same, {answered} of them yes and {} no; {} unknown",
            total - answered,
            self.unknown
        )
    }

    /// Sees that much passes and much does not, for every reason that there is.
    fn assert_worth_asking(&self) {
        let (total, answered) = (self.total(), self.answered());
        assert!(answered.min(total - answered) > total / 4, "{answered} of {total} pass");
        let often = self.decided.iter().filter(|(_, count)| **count > total / 100).map(|(by, _)| *by);
        let missing: Vec<_> =
            DECIDING.into_iter().collect::<BTreeSet<_>>().difference(&often.collect()).copied().collect();
        assert_eq!(missing, [], "decided too little");
    }
}
