//! What `--explain` says of a connection is what the list of flows says of it, and its layers bear the verdict out.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, fs, path::Path};

use meshwright::{
    manifest,
    mesh::{Config, Mesh},
    reach::{
        Asked, Attribute, End, Endpoint, Explanation, Flow, Layer, Mark, Port, Reach, Request, Scope, Sent,
        State,
    },
    source::Sources,
};
use rayon::prelude::*;

/// Ports that trees of the textbook tell apart, and one that none does.
const PORTS: [u16; 6] = [8080, 80, 443, 3306, 15006, 15020];

#[test]
fn an_explanation_says_what_the_list_says_and_its_layers_bear_it_out() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reach");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let trees: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    let judged: Vec<Judged> = trees.par_iter().flat_map(|path| judged(path)).collect();
    let mut verdicts = BTreeMap::<&str, usize>::new();
    for one in &judged {
        *verdicts.entry(one.verdict).or_default() += 1;
    }
    let faults: Vec<&str> = judged.iter().filter_map(|one| one.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults[..faults.len().min(8)].join("\n"));
    assert!(verdicts.len() == 5 && verdicts.values().all(|count| *count >= 5), "{verdicts:?}");
}

/// What came of one question.
struct Judged {
    verdict: &'static str,
    fault: Option<String>,
}

fn judged(path: &Path) -> Vec<Judged> {
    let mut sources = Sources::default();
    let file = sources.add("tree.yaml", fs::read_to_string(path).unwrap());
    let (manifests, _) = manifest::load(&sources, [file]);
    let mut config = Config::found_in(&manifests, &sources);
    config.release = (21, 1);
    let mesh = Mesh::resolve(&manifests, config);
    let reach = Reach::of(&mesh);
    let of = |asked: &Asked| {
        let explanation = reach.explain(asked).ok()?;
        let listed = listed(&reach, asked);
        let fault = disagreement(&reach, asked, listed, &explanation)
            .or_else(|| unborne(&explanation))
            .or_else(|| unwitnessed(&reach, asked, &explanation));
        let [from, to] = [asked.from, asked.to].map(|end| reach.end_name(end));
        let fault = fault.map(|fault| {
            format!("{}: {from} -> {to}:{}: {fault}\n{}", path.display(), asked.port, shown(&explanation))
        });
        Some(Judged { verdict: word(explanation.verdict.as_ref()), fault })
    };
    questions(&reach).iter().filter_map(of).collect()
}

/// Every pair of ends at every port.
fn questions(reach: &Reach<'_>) -> Vec<Asked> {
    let ends = reach.ends();
    let pairs = ends.iter().flat_map(|from| ends.iter().map(move |to| (*from, *to)));
    let at_ports =
        |(from, to)| PORTS.map(|port| Asked { from, to, address: None, port: Port::tcp(port), sent: None });
    pairs.filter(|(from, to)| from != to).flat_map(at_ports).collect()
}

/// Returns what the list says of a connection: the best of its lines.
fn listed(reach: &Reach<'_>, asked: &Asked) -> &'static str {
    let scope =
        Scope { from: Some(vec![asked.from]), to: Some(vec![asked.to]), ports: Some(vec![asked.port]) };
    let mark = |flow: Flow| {
        // What depends on the address of a pod is a condition to the list; manifests do not tell it.
        let mut conditions = flow.passage.allowed.term.conditions.iter();
        let is_told = matches!(asked.from, End::Outside(_))
            || conditions.all(|(attribute, _)| *attribute != Attribute::SourceAddress);
        if is_told { flow.passage.mark } else { Mark::Unknown(String::new()) }
    };
    let marks: Vec<Mark> = reach.flows(&scope).into_iter().map(mark).collect();
    let rank = |mark: &&Mark| match mark {
        Mark::GreetingOnly => 1,
        Mark::Unknown(_) => 2,
        Mark::AroundItsProxy => 3,
        Mark::Open => 4,
    };
    word(marks.iter().max_by_key(rank))
}

fn disagreement(
    reach: &Reach<'_>,
    asked: &Asked,
    listed: &'static str,
    explanation: &Explanation,
) -> Option<String> {
    // Of a pod with a sidecar that no manifest shows, the list says nothing.
    let is_meshed =
        |to| matches!(reach.endpoints().endpoint(to), Endpoint::Unseen(unseen) if unseen.is_meshed);
    if matches!(asked.to, End::Pod(to) if is_meshed(to)) {
        return None;
    }
    let said = word(explanation.verdict.as_ref());
    // Mutual TLS that no sidecar ends is nothing to an application; the list takes it for bytes like others.
    let mut own = explanation.steps.iter().filter(|step| step.layer == Layer::OwnProxy);
    let is_unread =
        listed == "allowed" && said == "around" && own.any(|step| step.sentence.contains("nothing ends it"));
    (listed != said && !is_unread).then(|| format!("the list says {listed}, the explanation {said}"))
}

/// Whoever is denied is stopped by a layer, and whoever is let through by none.
fn unborne(explanation: &Explanation) -> Option<String> {
    let has = |state: State, is_own: bool| {
        let mut steps = explanation.steps.iter();
        steps.any(|step| step.state == state && (step.layer == Layer::OwnProxy) == is_own)
    };
    let is_borne = match &explanation.verdict {
        None | Some(Mark::GreetingOnly) => has(State::Closed, false),
        Some(Mark::Unknown(reason)) => {
            has(State::Unknown, false) && !has(State::Closed, false) && !reason.is_empty()
        }
        Some(Mark::AroundItsProxy) => {
            !has(State::Closed, false) && (has(State::Closed, true) || has(State::Unknown, true))
        }
        Some(Mark::Open) => !has(State::Closed, false) && !has(State::Closed, true),
    };
    (!is_borne).then(|| "the layers do not bear the verdict out".to_owned())
}

/// A request that is shown as one that passes passes where it is asked for.
fn unwitnessed(reach: &Reach<'_>, asked: &Asked, explanation: &Explanation) -> Option<String> {
    let Sent::Request(request) = &explanation.sent else { return None };
    let sent: Request = request.as_ref().clone();
    let again = reach.explain(&Asked { sent: Some(sent), ..asked.clone() }).expect("it was explained before");
    (again != *explanation).then(|| "asked for, the request is explained otherwise".to_owned())
}

fn word(verdict: Option<&Mark>) -> &'static str {
    match verdict {
        None => "denied",
        Some(Mark::GreetingOnly) => "greeting",
        Some(Mark::Unknown(_)) => "unknown",
        Some(Mark::AroundItsProxy) => "around",
        Some(Mark::Open) => "allowed",
    }
}

fn shown(explanation: &Explanation) -> String {
    let steps = explanation.steps.iter();
    let lines = steps.map(|step| format!("  {} {} {}\n", step.layer, step.state, step.sentence));
    format!("{:?}\n{}", explanation.sent, lines.collect::<String>())
}
