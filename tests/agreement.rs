//! The engine against the judge: random meshes and questions, each answered by both.
//!
//! `MESHWRIGHT_CELLS=10000000 MESHWRIGHT_SEED=7 cargo test --release --test agreement` asks as many as one likes.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(unused_imports, reason = "each test crate uses its part")]
mod naive;

#[path = "support/asked.rs"]
mod asked;

use std::collections::BTreeMap;

use meshwright::{
    manifest,
    mesh::{Config, Mesh, Truth},
    reach::{Reach, Scope},
    source::Sources,
};
use naive::{Destination, Source, Verdict, random::Case};
use rayon::prelude::*;

/// Questions to a mesh.
const EACH: usize = 100;
/// Questions in a run that says nothing else.
const CELLS: usize = 100_000;

#[test]
fn the_engine_and_the_judge_agree() {
    let number = |name: &str, default: usize| {
        std::env::var(name).map_or(default, |text| text.parse().expect("it is a number"))
    };
    let (cells, seed) = (number("MESHWRIGHT_CELLS", CELLS), number("MESHWRIGHT_SEED", 1));
    let meshes = cells.div_ceil(EACH);
    let seeds = (0..meshes).map(|at| (seed as u64) << 32 | at as u64).collect::<Vec<_>>();
    let outcomes: Vec<Outcome> = seeds.par_iter().map(|seed| outcome(*seed)).collect();
    let mut verdicts = BTreeMap::<Truth, usize>::new();
    outcomes
        .iter()
        .flat_map(|outcome| &outcome.verdicts)
        .for_each(|truth| *verdicts.entry(*truth).or_default() += 1);
    let faults: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.faults).collect();
    let shown: Vec<&str> =
        outcomes.iter().filter_map(|outcome| outcome.faults.first()).take(8).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} of {cells} differ:\n{}", faults.len(), shown.join("\n\n"));
    let least = cells / 50;
    assert!(
        [Truth::No, Truth::Unknown, Truth::Yes].iter().all(|truth| verdicts[truth] > least),
        "{verdicts:?}"
    );
}

#[test]
fn the_order_in_which_objects_are_read_opens_and_closes_nothing() {
    let flows = |text: &str, sources: &mut Sources| {
        let file = sources.add("all.yaml", text);
        manifest::load(sources, [file]).0
    };
    (0..100_u64).into_par_iter().for_each(|seed| {
        let mut sources = Sources::default();
        let text = Case::new(seed, 0).manifests;
        let mut documents: Vec<&str> = text.split("---\n").collect();
        documents.reverse();
        let both = [flows(&text, &mut sources), flows(&documents.join("---\n"), &mut sources)];
        let [one, other] = both.each_ref().map(|manifests| Mesh::resolve(manifests, Config::default()));
        let (one, other) = (Reach::of(&one), Reach::of(&other));
        let table = |reach: &Reach<'_>| reach.table(&reach.flows(&Scope::default()));
        assert_eq!(one.comparison(&other).changes(&table(&other), &table(&one)), [], "seed {seed}: {text}");
    });
}

/// What came of a mesh.
struct Outcome {
    verdicts: Vec<Truth>,
    faults: Vec<String>,
}

fn outcome(seed: u64) -> Outcome {
    let mut case = Case::new(seed, EACH);
    // Releases differ in what they quote and know.
    case.cluster.release = [(21, 1), (25, 0), (27, 9), (30, 3)][usize::try_from(seed % 4).unwrap()];
    case.questions.iter_mut().for_each(asked::settle);
    let mut outcome = Outcome { verdicts: Vec::new(), faults: Vec::new() };
    for (question, said) in case.questions.iter().zip(asked::verdicts(&case)) {
        let judged = naive::answer(&case.cluster, question);
        outcome.verdicts.push(said);
        if said != truth(judged.verdict) && !is_undefined(&case.cluster, question, said) {
            outcome.faults.push(format!(
                "seed {seed}: the engine says {said:?}, the judge {judged:?} of {question:?}\n{}",
                case.manifests
            ));
        }
    }
    outcome
}

/// Between two pods with the node's own network the engine says that nobody can tell (semantics NP30), where the judge
/// tries both readings and finds that both are open.
fn is_undefined(cluster: &naive::Cluster, question: &naive::Question, said: Truth) -> bool {
    let (Source::Pod(from), Destination::Pod(to)) = (&question.source, &question.destination) else {
        return false;
    };
    said == Truth::Unknown && [from, to].iter().all(|pod| cluster.pod(pod).is_on_host_network())
}

fn truth(verdict: Verdict) -> Truth {
    match verdict {
        Verdict::Denied => Truth::No,
        Verdict::Unknown => Truth::Unknown,
        Verdict::Allowed => Truth::Yes,
    }
}
