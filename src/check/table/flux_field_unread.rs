//! A field of Flux is ignored because of another.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "flux-field-unread",
    severity: Severity::Warning,
    summary: "a field of Flux is ignored because of another",
    happens: "Flux takes the other field and says nothing: health that is not asked for, a version that is not the one \
              that is installed.",
    mend: "Remove one of the two.",
    silent: "For a `tag` beside a `digest`, which says of what the digest is.",
    source: "api/v1/kustomization_types.go of kustomize-controller 1.9, wait; api/v2/helmrelease_types.go of helm-controller \
             1.6, version; api/v1/ocirepository_types.go of source-controller 1.9, ref",
    rules: &["PRE-3"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    for stage in manifests.flux_kustomizations.iter().filter(|stage| stage.waits()) {
        if let (Some(check), Some(wait)) = (stage.health_checks.first(), &stage.wait) {
            report(check.span, "`healthChecks`", wait.span, "everything is asked for its health", findings);
        }
    }
    for release in &manifests.helm_releases {
        let Some(chart) = release.chart() else { continue };
        if let ("GitRepository" | "Bucket", Some(version)) = (chart.source_ref.kind(), &chart.version) {
            report(
                version.span,
                "`version`",
                chart.source_ref.span,
                "the chart is what lies there",
                findings,
            );
        }
    }
    for repository in &manifests.oci_repositories {
        let of = &repository.r#ref;
        let (loser, winner, name) = match (&of.digest, &of.semver, &of.tag) {
            (Some(digest), Some(semver), _) => (semver, digest, "`semver`"),
            (None, Some(semver), Some(tag)) => (tag, semver, "`tag`"),
            (Some(_) | None, Some(_) | None, Some(_) | None) => continue,
        };
        report(loser.span, name, winner.span, "this decides", findings);
    }
}

fn report(ignored: Span, name: &str, by: Span, why: &str, findings: &mut Findings) {
    findings
        .report(ignored, format!("{name} is ignored"), "ignored")
        .context(by, why)
        .help("remove one of the two");
}
