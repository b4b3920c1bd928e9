//! The releases that a profile names, and which of them do not go together.
//!
//! What is proven not to work is an error; what upstream does not test or support, and what our data does not know, is
//! a warning that says what is assumed.

use crate::{
    diagnostic::Diagnostic,
    release::{self, AUTOSCALING_V2, Flux, Istio, Minor, Patch, Support},
    source::Span,
    yaml::Spanned,
};

/// The Kubernetes that a tree is written for where the profile names none.
const DEFAULT_KUBERNETES: Minor = Minor { major: 1, minor: 29 };

/// The Flux that a tree is written for where the profile names none: the first whose `HelmRelease` can pass over a
/// chart's broken schema. Every later Flux takes the tree as well.
pub(super) const DEFAULT_FLUX: Minor = Minor { major: 2, minor: 4 };

/// Reads `chartVersion`.
pub(super) fn istio(written: Option<&Spanned<String>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Patch> {
    let written = written?;
    let version: Patch = written.value.parse().ok()?;
    let (oldest, newest) = ends(release::istio_minors());
    if version.minor < oldest {
        diagnostics.push(
            Diagnostic::error(
                "unsupported-istio",
                written.span,
                format!("Istio {version} is older than what the tree is written for"),
                format!("{oldest} or later was expected"),
            )
            .with_help("upgrade Istio one minor at a time before you render for it"),
        );
    } else if version.minor > newest {
        diagnostics.push(
            Diagnostic::warning(
                "unknown-istio",
                written.span,
                format!("Istio {version} is newer than the facts in this meshwright"),
                format!("taken to be like {newest}"),
            )
            .with_help("look for a newer meshwright, or check the release's upgrade notes by hand"),
        );
    } else {
        diagnostics.extend(unknown_patch(version, written.span));
    }
    Some(version)
}

/// Reports a patch that the data does not know: one that never was, or one that came later.
fn unknown_patch(version: Patch, span: Span) -> Option<Diagnostic> {
    let newest = Patch { patch: Istio::of(version.minor)?.newest_patch, ..version };
    (version > newest).then(|| {
        Diagnostic::warning(
            "unknown-istio-patch",
            span,
            format!("this meshwright knows no Istio {version}"),
            format!("taken to be like {newest}, the newest that it knows"),
        )
        .with_help("Flux waits for ever for a chart that does not exist; see that this one does")
    })
}

/// Reads `kubernetesVersion`.
pub(super) fn kubernetes(written: Option<&Spanned<String>>) -> Minor {
    written.and_then(|written| written.value.parse().ok()).unwrap_or(DEFAULT_KUBERNETES)
}

/// Holds the Kubernetes against the ranges of an Istio, which stands at `chart`.
pub(super) fn istio_on(
    version: Minor,
    written: Option<&Spanned<String>>,
    istio: Patch,
    chart: Span,
) -> Option<Diagnostic> {
    let facts = Istio::of(istio.minor).filter(|facts| facts.minor == istio.minor)?;
    let minimum = facts.minimum_kubernetes(istio.patch);
    if let Some(written) = written.filter(|_| version < AUTOSCALING_V2) {
        return Some(unsupported(version, istio, written.span));
    }
    if version < minimum {
        return Some(too_old(version, istio, minimum, written.map(|written| written.span), chart));
    }
    untested(version, istio, facts, written?.span)
}

/// Says why an Istio is not at home on a Kubernetes, if it is not.
pub fn doubt_on(kubernetes: Minor, istio: Patch) -> Option<String> {
    let nowhere = Span { file: 0, start: 0, end: 0 };
    let said = Spanned { span: nowhere, value: kubernetes.to_string() };
    let doubt = istio_on(kubernetes, Some(&said), istio, nowhere)?;
    Some(format!("{}: {}", doubt.message, doubt.labels[0].text))
}

/// The istiod chart writes a `HorizontalPodAutoscaler` of `autoscaling/v2` (`istio-discovery/templates/autoscale.yaml`), and
/// a Kubernetes that does not serve it refuses the release.
fn unsupported(version: Minor, istio: Patch, written: Span) -> Diagnostic {
    let message = format!("Istio {istio} needs `autoscaling/v2`, which Kubernetes {version} does not serve");
    let label = format!("{AUTOSCALING_V2} or later was expected");
    Diagnostic::error("unsupported-kubernetes", written, message, label)
        .with_help("upgrade the cluster before you render for it")
}

/// Below its minimum `istioctl` warns and goes on (`istioctl/pkg/install/k8sversion`), and istiod does not look.
fn too_old(version: Minor, istio: Patch, minimum: Minor, written: Option<Span>, chart: Span) -> Diagnostic {
    let message = format!("Istio {istio} does not support Kubernetes {version}");
    let (span, label, help) = match written {
        Some(written) => (
            written,
            format!("{minimum} or later was expected"),
            newest_on(version).map_or_else(
                || "upgrade the cluster first".to_owned(),
                |fits| {
                    format!(
                        "upgrade the cluster first, or say an older `chartVersion`; {fits} is the newest for {version}"
                    )
                },
            ),
        ),
        None => (
            chart,
            format!("`kubernetesVersion` is {version} where it is not said"),
            format!("add `kubernetesVersion: \"{minimum}\"`, or later, if the cluster is"),
        ),
    };
    Diagnostic::warning("kubernetes-too-old", span, message, label).with_help(help)
}

/// Reports a Kubernetes outside the range that the Istio project supports, and so tests.
fn untested(version: Minor, istio: Patch, facts: &Istio, span: Span) -> Option<Diagnostic> {
    let range = facts.support()?.kubernetes;
    let is_tested = range.tested_from.is_some_and(|from| from <= version) && version <= range.newest;
    let supported = format!("supported on {} to {}", range.oldest, range.newest);
    let of_the_cluster = || {
        let fits = newest_on(version).map(|fits| format!("; {fits} is the newest for {version}"));
        format!("plan the upgrade of the cluster{}", fits.unwrap_or_default())
    };
    let (message, label, help) = if version > range.newest {
        (
            format!("the Istio project did not test {istio} on Kubernetes {version}"),
            format!("tested up to {}", range.newest),
            first_tested_on(version).map_or_else(
                || {
                    "no Istio that this meshwright knows was tested there; look for a newer meshwright"
                        .to_owned()
                },
                |first| format!("plan the upgrade of Istio; {first} is the first that was tested there"),
            ),
        )
    } else if version < range.oldest && is_tested {
        (
            format!("the Istio project tested {istio} on Kubernetes {version}, but does not support it"),
            supported,
            of_the_cluster(),
        )
    } else if version < range.oldest {
        (
            format!("the Istio project does not support {istio} on Kubernetes {version}"),
            supported,
            of_the_cluster(),
        )
    } else {
        return None;
    };
    Some(Diagnostic::warning("untested-kubernetes", span, message, label).with_help(help))
}

/// Returns the newest Istio that the project supports on a Kubernetes.
fn newest_on(kubernetes: Minor) -> Option<Patch> {
    let range = |istio: &Istio| istio.support().map(|support| support.kubernetes);
    let fits = |istio: &&Istio| {
        range(istio).is_some_and(|range| (range.oldest..=range.newest).contains(&kubernetes))
    };
    let istio = release::istio_minors().rev().filter_map(Istio::of).find(fits)?;
    Some(Patch { minor: istio.minor, patch: istio.newest_patch })
}

/// Returns the first Istio minor that the project tested on a Kubernetes or on a newer one.
fn first_tested_on(kubernetes: Minor) -> Option<Minor> {
    let reaches = |support: &Support| kubernetes <= support.kubernetes.newest;
    release::istio_minors().find(|minor| Istio::of(*minor).and_then(Istio::support).is_some_and(reaches))
}

/// Reads `flux.version`, and holds the Kubernetes that the profile names against it.
pub(super) fn flux(
    written: Option<&Spanned<String>>,
    kubernetes: Option<&Spanned<String>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Minor {
    let Some((written, version)) = written.and_then(|written| Some((written, written.value.parse().ok()?)))
    else {
        return DEFAULT_FLUX;
    };
    let (oldest, newest) = ends(release::flux_minors());
    if version < oldest {
        diagnostics.push(
            Diagnostic::error(
                "unsupported-flux",
                written.span,
                format!("Flux {version} is older than what the tree is written for"),
                format!("{oldest} or later was expected"),
            )
            .with_help("upgrade Flux before you render for it"),
        );
    } else if version > newest {
        diagnostics.push(
            Diagnostic::warning(
                "unknown-flux",
                written.span,
                format!("Flux {version} is newer than the facts in this meshwright"),
                format!("taken to be like {newest}"),
            )
            .with_help("look for a newer meshwright, or read Flux's changelog for removed APIs"),
        );
    } else if let Some(kubernetes) = kubernetes {
        diagnostics.extend(flux_on(version, kubernetes));
    }
    version
}

/// Reports a Kubernetes that `flux check` fails on.
fn flux_on(flux: Minor, kubernetes: &Spanned<String>) -> Option<Diagnostic> {
    let version: Minor = kubernetes.value.parse().ok()?;
    let minimum = Flux::of(flux)?.minimum_kubernetes;
    (version < minimum).then(|| {
        let newest = release::flux_minors()
            .rev()
            .find(|minor| Flux::of(*minor).is_some_and(|facts| facts.minimum_kubernetes <= version));
        let fits =
            newest.map_or_else(String::new, |newest| format!("; {newest} is the newest for {version}"));
        Diagnostic::warning(
            "untested-kubernetes",
            kubernetes.span,
            format!("`flux check` of Flux {flux} fails on Kubernetes {version}"),
            format!("{minimum} or later was expected"),
        )
        .with_help(format!("upgrade the cluster, or say an older `flux.version`{fits}"))
    })
}

fn ends(mut minors: impl DoubleEndedIterator<Item = Minor>) -> (Minor, Minor) {
    let oldest = minors.next().expect("at least one release is known");
    (oldest, minors.next_back().unwrap_or(oldest))
}
