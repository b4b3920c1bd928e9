//! What Flux applies waits for what waits for it.

use std::collections::BTreeMap;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{
        FluxKustomization, HelmRelease, Manifests, Meta, Object,
        flux::{Dependency, Reference},
    },
    source::Span,
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "flux-kustomization-wait-deadlock",
    severity: Severity::Error,
    summary: "what Flux applies waits for what waits for it",
    happens: "A Kustomization with `wait` or `healthChecks` is ready only when what it applied is; a Kustomization or a \
              HelmRelease that it applied, and that depends on it in turn, never becomes that. Neither is ever ready, and \
              nothing behind them is applied.",
    mend: "Take `wait` out of the Kustomization that applies the others, or the dependency on it.",
    silent: "For what the manifests do not show, and for circles of `dependsOn` between Kustomizations alone, which \
             `flux-kustomization-dependency-cycle` tells.",
    source: "checkHealth and checkDependencies in internal/controller/kustomization_controller.go of kustomize-controller \
             1.9; docs/spec/v2/helmreleases.md of helm-controller 1.6, dependencies",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

/// A Kustomization or a HelmRelease, and what it becomes ready after.
struct Node<'m> {
    meta: &'m Meta,
    after: Vec<Edge>,
}

/// Becomes ready after another.
#[derive(Clone, Copy)]
struct Edge {
    to: usize,
    /// What says so.
    place: Span,
    why: Why,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// A Kustomization depends on another.
    StageDepends,
    /// A HelmRelease depends on another.
    ReleaseDepends,
    /// It is asked for its health.
    Waits,
    /// The Kustomization that applies it depends on the other.
    AppliedAfter,
}

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let nodes = Known::of(scene).nodes();
    let mut is_done = vec![false; nodes.len()];
    for start in 0..nodes.len() {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if !is_done[start] {
            path.push((start, 0));
        }
        while let Some((node, next)) = path.last_mut() {
            let (node, edge) = (*node, nodes[*node].after.get(*next).copied());
            *next += 1;
            match edge {
                None => {
                    is_done[node] = true;
                    path.pop();
                }
                Some(edge) => match path.iter().position(|(open, _)| *open == edge.to) {
                    Some(from) => tell(&nodes, &path[from..], findings),
                    None if is_done[edge.to] => {}
                    None => path.push((edge.to, 0)),
                },
            }
        }
    }
}

/// Reports a circle: each node of the path goes on by the edge before its next one.
fn tell(nodes: &[Node<'_>], circle: &[(usize, usize)], findings: &mut Findings) {
    let edges: Vec<(usize, Edge)> =
        circle.iter().map(|(node, next)| (*node, nodes[*node].after[next - 1])).collect();
    let Some((node, edge)) = edges
        .iter()
        .find(|(_, edge)| edge.why == Why::Waits)
        .or_else(|| edges.iter().find(|(_, edge)| edge.why == Why::ReleaseDepends))
    else {
        return;
    };
    let name = |node: usize| nodes[node].meta.path();
    let finding = findings.report(
        edge.place,
        format!("`{}` waits for `{}`, which waits for it", name(*node), name(edge.to)),
        "closes a circle",
    );
    for (node, other) in edges.iter().filter(|(_, other)| other.place != edge.place) {
        let says = match other.why {
            Why::StageDepends | Why::ReleaseDepends | Why::Waits => {
                format!("`{}` waits for `{}`", name(*node), name(other.to))
            }
            Why::AppliedAfter => {
                format!("`{}` is applied only after `{}` is ready", name(*node), name(other.to))
            }
        };
        finding.context(other.place, says);
    }
    finding.help("what applies others need not wait for them: take out `wait`, or the dependency on it");
}

/// What is known of who applies what.
struct Known<'m> {
    stages: &'m [Object<FluxKustomization>],
    releases: &'m [Object<HelmRelease>],
    /// By whether it is a Kustomization, and its path: first all Kustomizations, then all HelmReleases.
    index: BTreeMap<(bool, String), usize>,
    applied_by: Vec<Option<usize>>,
    applies: Vec<Vec<usize>>,
}

impl<'m> Known<'m> {
    fn of(scene: &Scene<'m>) -> Self {
        let Manifests { flux_kustomizations: stages, helm_releases: releases, .. } = scene.mesh.manifests;
        let metas = || metas(stages, releases);
        let index: BTreeMap<_, _> =
            metas().enumerate().map(|(at, meta)| ((at < stages.len(), meta.path()), at)).collect();
        let by = |meta: &Meta| index.get(&(true, meta.origin.applied_by.as_deref()?.to_owned())).copied();
        let applied_by: Vec<Option<usize>> = metas().map(by).collect();
        let mut applies = vec![Vec::new(); stages.len()];
        for (at, by) in applied_by.iter().enumerate() {
            // A Kustomization that applies itself does not wait for itself (`checkHealth`).
            by.filter(|by| *by != at).into_iter().for_each(|by| applies[by].push(at));
        }
        Self { stages, releases, index, applied_by, applies }
    }

    fn nodes(&self) -> Vec<Node<'m>> {
        let metas = metas(self.stages, self.releases).enumerate();
        metas.map(|(at, meta)| Node { meta, after: self.after(at, meta) }).collect()
    }

    fn after(&self, at: usize, meta: &Meta) -> Vec<Edge> {
        let mut after = if let Some(stage) = self.stages.get(at) {
            self.dependencies(true, meta, &stage.depends_on, Why::StageDepends)
        } else {
            let on = &self.releases[at - self.stages.len()].depends_on;
            self.dependencies(false, meta, on, Why::ReleaseDepends)
        };
        if let Some(by) = self.applied_by[at].filter(|by| *by != at) {
            let by = &self.stages[by];
            after.extend(self.dependencies(true, &by.meta, &by.depends_on, Why::AppliedAfter));
        }
        after.extend(self.stages.get(at).into_iter().flat_map(|stage| self.waits(at, stage)));
        after
    }

    fn dependencies(&self, are_stages: bool, of: &Meta, on: &[Spanned<Dependency>], why: Why) -> Vec<Edge> {
        let edge = |on: &Spanned<Dependency>| {
            let path = format!("{}/{}", on.namespace(of.namespace()), on.name.value);
            Some(Edge { to: *self.index.get(&(are_stages, path))?, place: on.name.span, why })
        };
        on.iter().filter_map(edge).collect()
    }

    /// Returns what a Kustomization asks for its health: all that it applies, or else what it names.
    fn waits(&self, at: usize, stage: &Object<FluxKustomization>) -> Vec<Edge> {
        if let Some(wait) = stage.wait.filter(|wait| wait.value) {
            let edge = |to: &usize| Edge { to: *to, place: wait.span, why: Why::Waits };
            return self.applies[at].iter().map(edge).collect();
        }
        let edge = |check: &Spanned<Reference>| {
            let is_stage = match check.kind() {
                "Kustomization" => true,
                "HelmRelease" => false,
                _ => return None,
            };
            let path = format!("{}/{}", check.namespace(stage.meta.namespace()), check.name.value);
            let to = *self.index.get(&(is_stage, path))?;
            (to != at).then_some(Edge { to, place: check.name.span, why: Why::Waits })
        };
        stage.health_checks.iter().filter_map(edge).collect()
    }
}

fn metas<'m>(
    stages: &'m [Object<FluxKustomization>],
    releases: &'m [Object<HelmRelease>],
) -> impl Iterator<Item = &'m Meta> {
    stages.iter().map(|stage| &stage.meta).chain(releases.iter().map(|release| &release.meta))
}
