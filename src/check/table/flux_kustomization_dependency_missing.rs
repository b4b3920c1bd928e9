//! A Kustomization waits for one that does not exist.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    schema::nearest,
};

pub(super) const CHECK: Check = Check {
    code: "flux-kustomization-dependency-missing",
    severity: Severity::Error,
    summary: "a Kustomization waits for one that does not exist",
    happens: "Flux waits for ever: nothing of the stage is applied, and STRICT mutual TLS and default deny with it.",
    mend: "Name a Kustomization of the same repository, with its namespace where it is another.",
    silent: "For a name that resembles none that is shown: it may be in another repository.",
    source: "docs/spec/v1/kustomizations.md of kustomize-controller 1.9, dependencies",
    rules: &["PRE-2"],
    controls: &[Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let stages = &scene.mesh.manifests.flux_kustomizations;
    let known: BTreeSet<(&str, &str)> =
        stages.iter().map(|stage| (stage.meta.namespace(), stage.meta.name.as_str())).collect();
    for stage in stages {
        for dependency in &stage.depends_on {
            let namespace = dependency.namespace(stage.meta.namespace());
            let near = nearest(
                &dependency.name,
                known
                    .iter()
                    .filter(|(space, _)| *space == namespace)
                    .map(|(_, name)| *name)
                    .filter(|name| *name != stage.meta.name.value),
            );
            let Some(near) = near.filter(|_| !known.contains(&(namespace, dependency.name.as_str()))) else {
                continue;
            };
            findings.report(
                dependency.name.span,
                format!(
                    "`{}` waits for `{namespace}/{}`, which is not there",
                    stage.meta.path(),
                    dependency.name
                ),
                format!("did you mean `{near}`?"),
            );
        }
    }
}
