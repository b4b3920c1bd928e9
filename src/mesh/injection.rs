//! Whether a pod gets a sidecar (semantics T11).

use super::{Config, Scope, Truth};
use crate::{
    manifest::{Object, Word, Workload},
    source::Span,
};

/// Whether a pod has a sidecar, and what decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injection {
    /// Whether it has one.
    pub is_injected: Truth,
    /// The label, annotation or field that decides, where one does.
    pub because: Option<Span>,
    /// Why, in a few words.
    pub reason: &'static str,
}

/// Namespaces in which nothing is injected (`inject.go`, `IgnoredNamespaces` of `pkg/kube/inject/inject.go`@1.21.1).
pub const IGNORED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

const INJECT: &str = "sidecar.istio.io/inject";
const REVISION: &str = "istio.io/rev";

impl Injection {
    fn new(is_injected: impl Into<Truth>, because: Option<Span>, reason: &'static str) -> Self {
        Self { is_injected: is_injected.into(), because, reason }
    }
}

/// Decides as the webhook does, and then the injector behind it.
///
/// Which pods the webhook sees: `manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml`; what
/// becomes of them: `injectRequired` in `pkg/kube/inject/inject.go`, both at 1.21.1.
pub(super) fn of(workload: &Object<Workload>, scope: &Scope<'_>, config: &Config) -> Injection {
    let template = &workload.spec.template;
    if let Some(proxy) = running_proxy(workload) {
        return Injection::new(true, Some(proxy), "its sidecar is in the manifest");
    }
    let label = template.metadata.labels.named(INJECT);
    let seen = seen(label, template.metadata.labels.named(REVISION), scope, config);
    if seen.is_injected == Truth::No {
        return seen;
    }
    let decided = decided(workload, label, scope, config);
    match decided.is_injected {
        Truth::No => decided,
        Truth::Yes | Truth::Unknown if seen.is_injected == Truth::Unknown => seen,
        Truth::Yes | Truth::Unknown => Injection { because: decided.because.or(seen.because), ..decided },
    }
}

/// A pod as it runs shows its sidecar.
fn running_proxy(workload: &Object<Workload>) -> Option<Span> {
    let spec = &workload.spec.template.spec;
    let mut containers = spec.containers.iter().chain(&spec.init_containers);
    let is_proxy = |name: &Word| name.value == "istio-proxy";
    let proxy = containers.find(|container| container.name.as_ref().is_some_and(is_proxy))?;
    proxy.name.as_ref().map(|name| name.span)
}

/// Whether the webhook is asked at all.
fn seen(label: Option<&Word>, revision: Option<&Word>, scope: &Scope<'_>, config: &Config) -> Injection {
    let (is_false, is_true) = (has(label, "false"), has(label, "true"));
    let by_pod = || match revision {
        Some(revision) => {
            Injection::new(config.has_revision(revision), Some(revision.span), "the pod names a revision")
        }
        None if is_true => Injection::new(
            config.has_revision("default").max(unless_none(config)),
            label.map(|label| label.span),
            "the pod asks for it",
        ),
        None => Injection::new(
            config.enables_namespaces_by_default && !is_false,
            None,
            "its namespace does not ask for it",
        ),
    };
    // Whatever the pod says, a namespace that opts out would win.
    if scope.object.is_none() && !is_false {
        return Injection::new(Truth::Unknown, None, "the manifests do not hold its namespace");
    }
    match (scope.label("istio-injection"), scope.label(REVISION)) {
        (Some(enabled), _) if enabled.value == "enabled" => {
            let has_injector = config.has_revision("default").max(unless_none(config));
            if is_false {
                return Injection::new(false, label.map(|label| label.span), "the pod opts out");
            }
            Injection::new(has_injector, Some(enabled.span), "its namespace asks for it")
        }
        (Some(other), _) => Injection::new(false, Some(other.span), "its namespace opts out"),
        (None, Some(named)) => {
            if is_false {
                return Injection::new(false, label.map(|label| label.span), "the pod opts out");
            }
            let has_injector = config.has_revision(named).max(unless_none(config));
            Injection::new(has_injector, Some(named.span), "its namespace names a revision")
        }
        (None, None) => by_pod(),
    }
}

/// Where the manifests hold no control plane, it is taken to be there: that it injects is what its installation is for.
fn unless_none(config: &Config) -> Truth {
    config.revisions.is_none().into()
}

fn has(label: Option<&Word>, value: &str) -> bool {
    label.is_some_and(|label| label.value == value)
}

/// What the injector makes of a pod that it is asked about: `injectRequired` in `pkg/kube/inject/inject.go`, which from
/// 1.27.0 on takes any word but `true` and `false` for none.
fn decided(
    workload: &Object<Workload>,
    label: Option<&Word>,
    scope: &Scope<'_>,
    config: &Config,
) -> Injection {
    if let Some(network) = workload.spec.template.spec.host_network.filter(|network| network.value) {
        return Injection::new(false, Some(network.span), "it has the node's own network");
    }
    if IGNORED.contains(&scope.name) {
        return Injection::new(false, None, "nothing is injected in its namespace");
    }
    let stated = label.or_else(|| workload.spec.template.metadata.annotations.named(INJECT));
    let word = stated.map(|stated| stated.value.to_lowercase());
    let because = stated.map(|stated| stated.span);
    let is_plain = stated.is_none_or(|stated| ["true", "false"].contains(&stated.value.as_str()));
    match word.as_deref() {
        None | Some("") => Injection::new(true, because, "its namespace asks for it"),
        Some(_) if !is_plain && !config.reads_words_for_injection() => Injection::new(
            true,
            because,
            "its namespace asks for it, and the pod says neither `true` nor `false`",
        ),
        Some("y" | "yes" | "true" | "on") => Injection::new(true, because, "the pod asks for it"),
        Some(_) => Injection::new(false, because, "the pod opts out"),
    }
}
