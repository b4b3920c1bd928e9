//! Kustomizations wait for each other.

use std::collections::BTreeMap;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "flux-kustomization-dependency-cycle",
    severity: Severity::Error,
    summary: "Kustomizations wait for each other",
    happens: "None of them ever becomes ready, so that nothing of any is applied.",
    mend: "Take one of the dependencies out.",
    silent: "For a circle that leads through Kustomizations which the manifests do not show.",
    source: "docs/spec/v1/kustomizations.md of kustomize-controller 1.9, dependencies",
    rules: &["PRE-2"],
    controls: &[Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let stages = &scene.mesh.manifests.flux_kustomizations;
    let named: BTreeMap<(&str, &str), usize> = stages
        .iter()
        .enumerate()
        .map(|(index, stage)| ((stage.meta.namespace(), stage.meta.name.as_str()), index))
        .collect();
    let named = &named;
    let next = |index: usize| {
        let stage = &stages[index];
        stage
            .depends_on
            .iter()
            .filter_map(move |on| {
                Some((
                    named.get(&(on.namespace(stage.meta.namespace()), on.name.as_str())).copied()?,
                    on.name.span,
                ))
            })
            .collect::<Vec<_>>()
    };
    let mut state = vec![State::Unseen; stages.len()];
    for start in 0..stages.len() {
        // A walk in depth: an edge back to what is still open closes a circle.
        let mut path = vec![(start, next(start))];
        if state[start] != State::Unseen {
            continue;
        }
        state[start] = State::Open;
        while let Some((index, rest)) = path.last_mut() {
            let index = *index;
            match rest.pop() {
                None => {
                    state[index] = State::Done;
                    path.pop();
                }
                Some((to, place)) => match state[to] {
                    State::Open => {
                        findings
                            .report(
                                place,
                                format!(
                                    "`{}` waits for `{}`, which waits for it",
                                    stages[index].meta.path(),
                                    stages[to].meta.path()
                                ),
                                "closes a circle",
                            )
                            .help("take one of the dependencies out");
                    }
                    State::Unseen => {
                        state[to] = State::Open;
                        path.push((to, next(to)));
                    }
                    State::Done => {}
                },
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    Open,
    Done,
}
