//! The platform's own namespaces and names, and what of the profile would collide with them.

use std::collections::BTreeMap;

use super::{Admission, AdmissionEngine, written::Document};
use crate::{
    diagnostic::Diagnostic,
    source::Span,
    yaml::{Node, Spanned},
};

/// The namespace of Istio's CNI plugin, whose pods need a privileged level that nothing else should share.
pub(crate) const CNI_NAMESPACE: &str = "istio-cni";
pub(super) const GATEWAY_NAMESPACE: &str = "istio-ingress";

/// Namespaces in which Istio injects nothing (`IgnoredNamespaces`, `pkg/kube/inject/inject.go`).
const NEVER_INJECTED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// The longest value of a label, and Flux labels what it applies with its Kustomization's name.
const LONGEST_LABEL: usize = 63;

/// Whose the platform's namespaces are, as messages say it.
pub(super) struct Platform<'a> {
    owners: BTreeMap<&'a str, &'static str>,
}

impl<'a> Platform<'a> {
    pub fn of(document: &'a Document) -> Self {
        let gateway = document.gateway.namespace.as_ref();
        let owners = [
            (document.flux.namespace.as_str(), "Flux's"),
            (CNI_NAMESPACE, "the CNI plugin's"),
            (gateway.map_or(GATEWAY_NAMESPACE, |name| &name.value), "the gateway's"),
            (document.mesh.namespace.as_str(), "the control plane's"),
        ];
        let cluster = NEVER_INJECTED.map(|name| (name, "the cluster's"));
        Self { owners: cluster.into_iter().chain(owners).collect() }
    }

    /// Returns whose namespace this is, if it is the platform's.
    pub fn owner(&self, namespace: &str) -> Option<&'static str> {
        self.owners.get(namespace).copied()
    }

    /// Returns whether the mesh's own policies close the namespace.
    pub fn is_closed(&self, namespace: &str) -> bool {
        self.owner(namespace).is_some_and(|owner| owner != "the cluster's" && owner != "Flux's")
    }
}

/// Reports parts of the platform that share a namespace, or that live where nothing is injected.
pub(super) fn namespaces(document: &Document, root: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let (mesh, flux) = (document.mesh.namespace.as_str(), document.flux.namespace.as_str());
    let gateway = document.gateway.namespace.as_ref().map_or(GATEWAY_NAMESPACE, |name| &name.value);
    let written = |path: &[&str]| root.at(path).map(|node| node.span);
    let (of_gateway, of_mesh) = (written(&["gateway", "namespace"]), written(&["mesh", "namespace"]));
    if gateway == mesh
        && let Some(span) = of_gateway.or(of_mesh)
    {
        diagnostics.push(
            Diagnostic::error(
                "gateway-in-mesh-namespace",
                span,
                format!("the gateway shares `{gateway}` with the control plane"),
                "a namespace of its own was expected",
            )
            .with_help("a policy in the mesh's root namespace would count for every workload"),
        );
    } else if let Some(span) = of_gateway {
        diagnostics.extend(shared("the gateway", gateway, flux, span));
    }
    if let Some(span) = of_mesh {
        diagnostics.extend(shared("the control plane", mesh, flux, span));
    }
}

fn shared(who: &str, namespace: &str, flux: &str, span: Span) -> Option<Diagnostic> {
    let owner = match namespace {
        CNI_NAMESPACE => "the CNI plugin",
        name if name == flux => "Flux",
        name if NEVER_INJECTED.contains(&name) => "the cluster",
        _ => return None,
    };
    let message = format!("{who} shares `{namespace}` with {owner}");
    let fault = Diagnostic::error("shared-namespace", span, message, "a namespace of its own was expected");
    Some(fault.with_help("the mesh closes its namespaces to all that it did not declare"))
}

/// Reports a domain whose hosts would be names of Services.
pub(super) fn domain(domain: &Spanned<String>) -> Option<Diagnostic> {
    let is_inside = ["cluster.local", "svc"].iter().any(|inner| {
        domain.value.strip_suffix(inner).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    is_inside.then(|| {
        let message = format!("`{}` is a domain of the cluster's own", domain.value);
        Diagnostic::error("domain-in-cluster", domain.span, message, "a domain outside was expected")
            .with_help("write the domain that clients of the gateway resolve")
    })
}

/// Reports Flux Kustomizations of ours among those that a stage of ours waits for.
pub(super) fn dependencies(root: &Node, mesh: &str, diagnostics: &mut Vec<Diagnostic>) {
    let stages = root.at(&["flux", "dependsOn"]).map(Node::entries).unwrap_or_default();
    for item in stages.iter().flat_map(|(_, stage)| stage.items()) {
        let own = item.as_str().and_then(|name| name.strip_prefix(mesh)?.strip_prefix('-'));
        let is_own = |stage: &str| {
            ["control-plane", "admission", "mesh", "ingress"].contains(&stage)
                || stage.starts_with("namespace-")
        };
        if own.is_some_and(is_own) {
            diagnostics.push(
                Diagnostic::error(
                    "depends-on-itself",
                    item.span,
                    format!("`{}` is a stage of this tree", item.text().unwrap_or_default()),
                    "a Kustomization of yours was expected",
                )
                .with_help("leave it out; the stages already wait for each other in the right order"),
            );
        }
    }
}

/// Reports a mesh whose own stages would have too long a name.
pub(super) fn mesh_name(name: &str, written: Option<&Spanned<String>>, root: &Node) -> Option<Diagnostic> {
    let longest = LONGEST_LABEL - "-control-plane".len();
    (name.len() > longest).then(|| {
        let span = written.map_or(root.head(), |name| name.span);
        let message = format!("the mesh's name has {} characters", name.len());
        let help = "Flux labels what it applies with the stage's name, `<name>-control-plane`: write a shorter `name`";
        Diagnostic::error("stage-name", span, message, format!("at most {longest} possible")).with_help(help)
    })
}

/// Reports a mesh whose policies would have a name that Kyverno refuses (`ValidatePolicyName` in `api/kyverno/v1/utils.go`
/// of 1.19.0); of a mesh whose name is too long for every stage, none.
pub(super) fn policy_name(
    name: &str,
    written: Option<&Spanned<String>>,
    admission: Admission,
    root: &Node,
) -> Option<Diagnostic> {
    let longest = LONGEST_LABEL - "-authorization-policies".len();
    let is_possible = name.len() + "-control-plane".len() <= LONGEST_LABEL;
    let is_kyvernos = admission.engine == AdmissionEngine::Kyverno;
    (is_kyvernos && is_possible && name.len() > longest).then(|| {
        let span = written.map_or(root.head(), |name| name.span);
        let message = format!("the mesh's name has {} characters", name.len());
        let help = "Kyverno takes no policy whose name is longer than 63, and one would be `<name>-authorization-policies`: write a shorter `name`";
        Diagnostic::error("policy-name", span, message, format!("at most {longest} possible with Kyverno"))
            .with_help(help)
    })
}

/// Reports a namespace whose stage would have too long a name; of a mesh whose name is too long for every stage, none.
pub(super) fn stage_name(mesh: &str, namespace: &Spanned<String>) -> Option<Diagnostic> {
    let name = format!("{mesh}-namespace-{}", namespace.value);
    let is_possible = mesh.len() + "-control-plane".len() <= LONGEST_LABEL;
    (is_possible && name.len() > LONGEST_LABEL).then(|| {
        Diagnostic::error(
            "stage-name",
            namespace.span,
            format!("the name of this namespace's stage has {} characters", name.len()),
            format!(
                "at most {} possible here",
                LONGEST_LABEL.saturating_sub(mesh.len() + "-namespace-".len())
            ),
        )
        .with_help(format!(
            "Flux would name it `{name}`, and use that as a label: choose a shorter `name` for the mesh"
        ))
    })
}

/// Reports fields of the gateway's Service that the API server refuses for its type.
///
/// `ValidateService` of `pkg/apis/core/validation/validation.go`: source ranges need a load balancer, and a traffic
/// policy an address outside the cluster.
pub(super) fn gateway_service(root: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let Some(service) = root.at(&["gateway", "service"]) else { return };
    let kind = service.get("type").and_then(Node::text).unwrap_or("LoadBalancer");
    let policy = service.entry("externalTrafficPolicy").filter(|_| kind == "ClusterIP");
    let ranges = service.entry("sourceRanges").filter(|_| kind != "LoadBalancer");
    for (key, _) in policy.into_iter().chain(ranges) {
        let message = format!("a Service of type {kind} has no `{}`", key.text().unwrap_or_default());
        diagnostics.push(
            Diagnostic::error("gateway-service", key.span, message, "the API server refuses it")
                .with_help("leave it out, or say `type: LoadBalancer`"),
        );
    }
}

/// Reports a scraper that could not call out: the mesh closes its own namespaces in that direction too.
pub(super) fn monitoring(
    root: &Node,
    platform: &Platform<'_>,
    governs: impl Fn(&str) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(node) = root.at(&["monitoring", "namespace"]) else { return };
    let name = node.as_str().unwrap_or_default();
    let message = match platform.owner(name) {
        _ if governs(name) => format!("the profile governs the scraper's namespace `{name}`"),
        Some(owner) if platform.is_closed(name) => format!("`{name}` is {owner} namespace"),
        _ => return,
    };
    diagnostics.push(
        Diagnostic::error(
            "monitoring-in-mesh",
            node.span,
            message,
            "a namespace outside the mesh was expected",
        )
        .with_help("what the mesh closes lets no scraper call out; run it in a namespace of its own"),
    );
}
