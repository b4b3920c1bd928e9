//! Whether a workload has a sidecar, and the sidecar sees what it does.

use super::{asks_for_sidecars, control_plane, doubt_assumed};
use crate::{
    control::{Look, Subject},
    mesh::{IGNORED, Injection, Pod, Truth},
};

/// SC8-4: what has no label, or one that opts out, is listed among the exceptions.
pub(in crate::control) fn namespaces(subject: &Subject<'_, '_>, look: &mut Look) {
    let mesh = subject.scene.mesh;
    for scope in mesh.namespaces() {
        let Some(object) = scope.object else {
            if mesh.pods_in(scope.name).next().is_some() && !IGNORED.contains(&scope.name) {
                look.doubts(
                    None,
                    format!("the Namespace `{}` is not in the manifests, nor are its labels", scope.name),
                );
            }
            continue;
        };
        if !asks_for_sidecars(scope) {
            continue;
        }
        let label = scope.label("istio-injection").or_else(|| scope.label("istio.io/rev"));
        let (place, word) = label.map_or((object.meta.head(), ""), |word| (word.span, word.as_str()));
        let revision = if scope.label("istio-injection").is_some() { "default" } else { word };
        match mesh.config.has_revision(revision) {
            Truth::Yes => look.at_place(
                &object.meta,
                format!("labelled `{word}`, for which an injector is installed"),
                place,
            ),
            Truth::Unknown => {
                look.doubts(place, format!("no manifest installs an injector for `{}`", scope.name));
            }
            Truth::No => look.breaks(
                place,
                format!("no injector is installed for the label `{word}` of `{}`", scope.name),
            ),
        }
    }
}

/// SC8-5: as the webhook decides, and then the injector (semantics T11).
pub(in crate::control) fn injected(subject: &Subject<'_, '_>, look: &mut Look) {
    for pod in subject.applied_pods().filter(|pod| is_meant(subject, pod)) {
        let (meta, Injection { is_injected, because, reason }) = (&pod.workload.meta, &pod.injection);
        match is_injected {
            Truth::Yes => {
                look.at_place(meta, format!("gets a sidecar: {reason}"), because.unwrap_or(meta.head()));
            }
            Truth::Unknown => look.doubts(
                meta.head(),
                format!("whether `{}` gets a sidecar is not known: {reason}", pod.path()),
            ),
            Truth::No => look.breaks(
                because.unwrap_or(meta.head()),
                format!("`{}` gets no sidecar: {reason}", pod.path()),
            ),
        }
    }
    doubt_assumed(subject, look);
}

/// Tells whether a pod is in a namespace that takes part, or would be if the manifests held it.
fn is_meant(subject: &Subject<'_, '_>, pod: &Pod<'_>) -> bool {
    let scope = subject.scene.mesh.scope_of(pod);
    let is_hidden = scope.object.is_none() && !IGNORED.contains(&scope.name);
    is_hidden || asks_for_sidecars(scope) || pod.injection.is_injected != Truth::No
}

fn each<'m>(subject: &Subject<'_, 'm>, look: &mut Look, says: impl Fn(&Pod<'m>, &mut Look)) {
    for pod in subject.applied_pods().filter(|pod| is_meant(subject, pod)) {
        says(pod, look);
    }
    doubt_assumed(subject, look);
}

/// SC8-7.
pub(in crate::control) fn captured(subject: &Subject<'_, '_>, look: &mut Look) {
    each(subject, look, |pod, look| match pod.capture.unknown {
        Some(place) => {
            look.doubts(place, format!("what the sidecar of `{}` sees is not modelled", pod.path()));
        }
        None => look.at(&pod.workload.meta, "takes nothing out of the sidecar's sight"),
    });
}

/// SC8-9.
pub(in crate::control) fn tls_mode_labels(subject: &Subject<'_, '_>, look: &mut Look) {
    each(subject, look, |pod, look| {
        look.at(&pod.workload.meta, "leaves `security.istio.io/tlsMode` to the injector");
    });
}

/// SC8-10: user 1337 is the proxy's (`tools/istio-iptables/pkg/capture/run.go` of Istio 1.21.1).
pub(in crate::control) fn users(subject: &Subject<'_, '_>, look: &mut Look) {
    each(subject, look, |pod, look| look.at(&pod.workload.meta, "no container says user or group 1337"));
}

/// SC8-8: what the finding `mesh-captures-less` does not cover is templates and selectors of the injector.
pub(in crate::control) fn injector(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(release) = control_plane(subject, look) else { return };
    let values = &subject.scene.mesh.config.control_plane;
    let injector = &values.sidecar_injector_webhook;
    if let Some(word) = values.global.proxy.auto_inject.as_ref().filter(|word| word.as_str() == "disabled") {
        look.breaks(
            word.span,
            "`global.proxy.autoInject` is `disabled`: pods that do not ask get no sidecar",
        );
    }
    if !injector.never_inject_selector.is_empty() {
        look.doubts(release.meta.head(), "`neverInjectSelector` leaves pods out, and is not followed");
    }
    if let Some(templates) = &injector.templates {
        look.doubts(templates.head(), "templates of the injector are replaced, and are not followed");
    }
    if let Some(word) = injector.default_templates.iter().find(|word| word.value != "sidecar") {
        look.doubts(word.span, format!("pods are injected by the template `{word}`, which is not followed"));
    }
    look.at(&release.meta, "every port and address is captured");
}
