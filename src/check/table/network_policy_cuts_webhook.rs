//! The API server may not reach a webhook.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::{
        Direction, LabelSelector, NetworkPolicy, NetworkRule, Object, Peer, PolicyPort, PortName, Protocol,
        Workload, admission::Webhook,
    },
    mesh::{Mesh, Pod, control_planes},
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-cuts-webhook",
    severity: Severity::Error,
    summary: "the API server may not reach a webhook",
    happens: "The API server asks istiod at 15017 for the sidecar of each new pod, and whether an object of Istio is sound. \
              Cut off, no pod of the mesh is made, or where `failurePolicy` is `Ignore` each is made without a sidecar and \
              every object is taken.",
    mend: "Open the pod's port to the addresses of the API server, or to everybody: it is no pod that a selector finds.",
    silent: "Where a rule opens the port to addresses, to everybody, or to pods of `kube-system` or of any namespace, \
             through which some clusters have the API server call; and for webhooks whose pods are not shown.",
    source: "istio.io/latest/docs/ops/deployment/application-requirements, ports used by Istio; the labels are those of \
             templates/deployment.yaml in the chart istiod of Istio 1.21 to 1.30",
    rules: &["J14"],
    controls: &[],
    run,
};

/// What the webhook of istiod listens at.
const ISTIOD: u16 = 15017;

/// Policies that may isolate the pods of a webhook, and what the API server has to reach there.
struct Way<'w> {
    name: String,
    policies: Vec<&'w Object<NetworkPolicy>>,
    port: u16,
    /// The pods, where they are shown.
    workload: Option<&'w Workload>,
}

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for way in ways(scene) {
        let isolating: Vec<_> =
            way.policies.iter().filter(|policy| policy.isolates(Direction::Ingress)).collect();
        let Some(first) = isolating.first() else { continue };
        let is_open = isolating
            .iter()
            .any(|policy| policy.ingress.iter().any(|rule| way.is_open(rule, policy.meta.namespace())));
        if !is_open && told.insert((first.meta.span, way.port)) {
            findings
                .report(
                    first.meta.head(),
                    format!("the API server does not reach {} at {}", way.name, way.port),
                    format!("isolates ingress, and nothing opens {} to it", way.port),
                )
                .help("open the port to the API server's addresses, or to everybody: it is no pod");
        }
    }
}

fn ways<'m>(scene: &Scene<'m>) -> Vec<Way<'m>> {
    let (mesh, manifests) = (scene.mesh, scene.mesh.manifests);
    let istiod = control_planes(manifests).map(|release| {
        let policies = mesh.network_policies_in(release.release_namespace()).iter().copied();
        Way {
            name: "istiod's webhook".to_owned(),
            policies: policies.filter(|policy| selects_istiod(&policy.pod_selector)).collect(),
            port: ISTIOD,
            workload: None,
        }
    });
    let webhooks = manifests.webhook_configurations.iter().flat_map(|configuration| &configuration.webhooks);
    let named = webhooks.flat_map(|webhook| {
        let called = called(mesh, webhook);
        called.into_iter().map(|(pod, port)| Way {
            name: format!("the webhook `{}`", webhook.name.value),
            policies: mesh.network_policies_of(pod).to_vec(),
            port,
            workload: Some(&pod.workload.spec),
        })
    });
    istiod.chain(named).collect()
}

/// Returns the pods behind the Service of a webhook, each with the port that is called; 443 of the Service unless said.
fn called<'m>(mesh: &'m Mesh<'m>, webhook: &Webhook) -> Vec<(&'m Pod<'m>, u16)> {
    let service = webhook.client_config.as_ref().and_then(|config| config.get("service"));
    let text = |key: &str| service.and_then(|service| service.get(key)?.text());
    let Some((name, namespace)) = text("name").zip(text("namespace")) else { return Vec::new() };
    let Some(service) = mesh.service(name, namespace) else { return Vec::new() };
    let number: u16 = text("port").and_then(|port| port.parse().ok()).unwrap_or(443);
    let Some(port) = service.ports.iter().find(|port| port.port.value == number) else { return Vec::new() };
    let pods = mesh.pods_behind(service).into_iter().map(|pod| mesh.pod(pod));
    pods.filter_map(|pod| Some((pod, *port.numbers_at(&pod.workload.spec).first()?))).collect()
}

/// Tells whether the pods of istiod are selected for sure.
fn selects_istiod(selector: &LabelSelector) -> bool {
    let label = |key: &str| match key {
        "app" => Some("istiod"),
        "istio" => Some("pilot"),
        _ => None,
    };
    selector.match_expressions.is_empty() && selector.matches(label)
}

impl Way<'_> {
    fn is_open(&self, rule: &NetworkRule, own: &str) -> bool {
        let may_be_api_server = |peer: &Peer| peer.namespace(own).is_none_or(|name| name == "kube-system");
        (rule.peers.is_empty() || rule.peers.iter().any(|peer| may_be_api_server(peer)))
            && (rule.ports.is_empty() || rule.ports.iter().any(|port| self.is_port(port)))
    }

    /// Tells whether a port of a rule is that of the webhook; a name is looked up where the pods are shown.
    fn is_port(&self, port: &PolicyPort) -> bool {
        let name =
            port.port.as_ref().map(|port| &port.value).filter(|name| matches!(name, PortName::Name(_)));
        let is_named = |(name, workload): (&PortName, &Workload)| {
            workload.numbers(name, Protocol::Tcp).contains(&self.port)
        };
        port.may_mean(Protocol::Tcp, self.port) && name.zip(self.workload).is_none_or(is_named)
    }
}
