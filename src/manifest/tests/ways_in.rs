//! Gateway API, Ingress, and the policies of a whole cluster.

use super::{loaded, sound, spec, texts};
use crate::manifest::{
    gateway_api::{ListenerTlsMode, PathMatchType, RoutesFrom, TextMatchType},
    *,
};

#[test]
fn a_listener_ends_tls_and_takes_routes_of_its_own_namespace_unless_said() {
    let gateway: gateway_api::Gateway = spec(
        "{gatewayClassName: istio, listeners: [{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}, \
         {name: b, port: 443, protocol: TLS, hostname: '*.x', tls: {mode: Passthrough}, allowedRoutes: {namespaces: {from: All}}}]}",
    );
    let facts: Vec<_> = gateway
        .listeners
        .iter()
        .map(|listener| (listener.passes_through(), listener.allowed_routes.from()))
        .collect();
    assert_eq!(facts, [(false, RoutesFrom::Same), (true, RoutesFrom::All)]);
    let modes: Vec<_> =
        gateway.listeners.iter().filter_map(|listener| listener.tls.as_ref()).map(|tls| tls.mode()).collect();
    assert_eq!(modes, [ListenerTlsMode::Terminate, ListenerTlsMode::Passthrough]);
}

#[test]
fn istio_makes_a_gateway_unless_it_has_a_host_or_several_addresses() {
    let is_managed =
        |addresses: &str| spec::<gateway_api::Gateway>(&format!("{{addresses: {addresses}}}")).is_managed();
    assert_eq!(["[]", "[{value: 1.1.1.1}]", "[{type: IPAddress}]"].map(is_managed), [true; 3]);
    assert_eq!(
        ["[{type: Hostname, value: a}]", "[{value: 1.1.1.1}, {value: 1.1.1.2}]"].map(is_managed),
        [false; 2]
    );
}

#[test]
fn a_route_compares_prefixes_of_the_root_and_sends_equal_shares_unless_said() {
    let route: gateway_api::HttpRoute = spec(
        "{parentRefs: [{name: a}, {group: '', kind: Service, name: b, namespace: c}], hostnames: [x], \
         rules: [{matches: [{path: {}}, {path: {type: Exact, value: /y}, headers: [{name: h, value: v}], method: GET}], \
         filters: [{type: RequestMirror, requestMirror: {backendRef: {name: m}}}, {type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}], \
         backendRefs: [{name: d, port: 80}, {name: e, port: 80, weight: 0, kind: Hostname, group: networking.istio.io, namespace: f}]}]}",
    );
    let parents: Vec<_> =
        route.parent_refs.iter().map(|parent| (parent.kind(), parent.namespace("own"))).collect();
    assert_eq!(parents, [("Gateway", "own"), ("Service", "c")]);
    let rule = &route.rules[0];
    let paths: Vec<_> = rule.matches.iter().filter_map(|condition| condition.path.as_ref()).collect();
    let paths: Vec<_> = paths.iter().map(|path| (path.kind(), path.value())).collect();
    assert_eq!(paths, [(PathMatchType::PathPrefix, "/"), (PathMatchType::Exact, "/y")]);
    assert_eq!(rule.matches[1].headers[0].kind(), TextMatchType::Exact);
    let backends: Vec<_> = rule
        .backend_refs
        .iter()
        .map(|backend| (backend.kind(), backend.namespace("own"), backend.weight()))
        .collect();
    assert_eq!(backends, [("Service", "own", 1), ("Hostname", "f", 0)]);
    let copied = rule.filters[0].request_mirror.as_ref().map(|mirror| mirror.backend_ref.name.as_str());
    assert_eq!(copied, Some("m"));
    assert!(rule.filters[1].url_rewrite.as_ref().is_some_and(|rewrite| rewrite.path.is_some()));
}

#[test]
fn the_other_routes_and_grants_are_read() {
    let calls: gateway_api::GrpcRoute =
        spec("{rules: [{matches: [{method: {service: a.B}}], backendRefs: [{name: c, port: 1}]}]}");
    assert_eq!(
        calls.rules[0].matches[0].method.as_ref().map(|method| method.kind()),
        Some(TextMatchType::Exact)
    );
    let tls: gateway_api::TlsRoute = spec("{hostnames: [a], rules: [{backendRefs: [{name: b, port: 1}]}]}");
    let tcp: gateway_api::TcpRoute = spec("{rules: [{backendRefs: [{name: b, port: 1}]}]}");
    assert_eq!((tls.rules[0].backend_refs.len(), tcp.rules[0].backend_refs.len()), (1, 1));
    let grant: gateway_api::ReferenceGrant = spec(
        "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: a}], to: [{group: '', kind: Service}]}",
    );
    assert_eq!((grant.from[0].namespace.as_str(), grant.to[0].name.is_none()), ("a", true));
    let class: gateway_api::GatewayClass = spec("{controllerName: istio.io/gateway-controller}");
    assert!(class.controller_name.is_some());
}

#[test]
fn two_kinds_are_called_gateway() {
    let manifests = sound(
        "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a}}\n---\n\
         {apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a}}\n---\n\
         {apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: a}}\n---\n\
         {apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: {name: a}}\n",
    );
    let counts = (
        manifests.gateways.len(),
        manifests.gateway_api_gateways.len(),
        manifests.gateway_classes.len(),
        manifests.unmodelled.len(),
    );
    assert_eq!(counts, (1, 1, 1, 1));
    assert_ne!(manifests.gateways[0].meta.id(), manifests.gateway_api_gateways[0].meta.id());
}

#[test]
fn an_ingress_says_its_class_in_two_ways() {
    let manifests = sound(
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, annotations: {kubernetes.io/ingress.class: istio}}, \
         spec: {ingressClassName: nginx, defaultBackend: {service: {name: b, port: {number: 80}}}, tls: [{hosts: [h], secretName: s}], \
         rules: [{host: h, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: c, port: {name: web}}}}]}}, {host: i}]}}\n---\n\
         {apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}}, spec: {controller: x}}\n",
    );
    let ingress = &manifests.ingresses[0];
    assert_eq!(
        (ingress.annotated_class().map(|class| class.as_str()), ingress.class()),
        (Some("istio"), Some("nginx"))
    );
    let services = ingress.backends().filter_map(|backend| backend.service.as_ref());
    assert_eq!(texts(services.map(|service| &service.name)), ["b", "c"]);
    assert!(manifests.ingress_classes[0].is_default());
}

const RULES: &str = "{name: a, action: Deny, from: [{namespaces: {}}, {pods: {namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}}, {new: 1}]}";

#[test]
fn the_three_policies_of_a_cluster_are_read_as_one() {
    let text = format!(
        "{{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{name: a}}, \
           spec: {{priority: 5, subject: {{namespaces: {{}}}}, ingress: [{RULES}], \
           egress: [{{action: Allow, to: [{{networks: [10.0.0.0/8]}}, {{nodes: {{}}}}, {{domainNames: ['*.a']}}], \
           ports: [{{portNumber: {{port: 53, protocol: UDP}}}}, {{portRange: {{start: 1, end: 2}}}}, {{namedPort: web}}, {{}}]}}]}}}}\n---\n\
         {{apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: {{name: default}}, \
           spec: {{subject: {{namespaces: {{}}}}}}}}\n---\n\
         {{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {{name: c}}, \
           spec: {{tier: Baseline, priority: 7, subject: {{pods: {{podSelector: {{}}}}}}, \
           egress: [{{action: Accept, to: [{{namespaces: {{}}}}], protocols: [{{tcp: {{destinationPort: {{number: 80}}}}}}, \
           {{udp: {{destinationPort: {{range: {{start: 1, end: 9}}}}}}}}, {{destinationNamedPort: web}}, {{tcp: {{}}}}]}}]}}}}\n"
    );
    let manifests = sound(&text);
    let policies = &manifests.admin_network_policies;
    let facts: Vec<_> = policies
        .iter()
        .map(|policy| (policy.meta.id().to_string(), policy.tier, policy.priority.value))
        .collect();
    let expected = [
        ("AdminNetworkPolicy a", Tier::Admin, 5),
        ("BaselineAdminNetworkPolicy default", Tier::Baseline, 0),
        ("ClusterNetworkPolicy c", Tier::Baseline, 7),
    ];
    assert_eq!(facts, expected.map(|(id, tier, priority)| (id.to_owned(), tier, priority)));

    let peers: Vec<_> =
        policies[0].rules(Direction::Ingress)[0].peers.iter().map(|peer| &peer.value).collect();
    let [AdminPeer::Pods(all), AdminPeer::Pods(some), AdminPeer::Unknown] = peers[..] else {
        panic!("{peers:?}");
    };
    assert!(all.pod_selector.is_empty() && !some.pod_selector.is_empty());
    let egress = &policies[0].rules(Direction::Egress)[0];
    assert!(matches!(egress.peers[0].value, AdminPeer::Networks(_)));
    assert!(matches!(egress.peers[1].value, AdminPeer::Nodes(_)));
    assert!(matches!(egress.peers[2].value, AdminPeer::DomainNames(_)));

    let range = |protocol, first, last| AdminPort::Range { protocol, first, last };
    let ports = |policy: &AdminNetworkPolicy| {
        policy.egress[0].ports.iter().map(|port| port.value.clone()).collect::<Vec<_>>()
    };
    let named = |port: &AdminPort| matches!(port, AdminPort::Named(name) if name.value == "web");
    let (old, new) = (ports(&policies[0]), ports(&policies[2]));
    assert_eq!(old[..2], [range(Protocol::Udp, 53, 53), range(Protocol::Tcp, 1, 2)]);
    assert_eq!(new[..2], [range(Protocol::Tcp, 80, 80), range(Protocol::Udp, 1, 9)]);
    assert!(named(&old[2]) && named(&new[2]));
    assert_eq!((&old[3], &new[3]), (&AdminPort::Unknown, &AdminPort::Unknown));
    assert_eq!(policies[2].egress[0].action.value, AdminAction::Allow);
}

#[test]
fn a_policy_of_a_cluster_without_a_subject_is_refused() {
    for subject in ["", "subject: {}", "subject: {nodes: {}}"] {
        let (manifests, diagnostics, _) = loaded(&format!(
            "{{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{name: a}}, spec: {{{subject}}}}}"
        ));
        assert_eq!((manifests.admin_network_policies.len(), diagnostics.len()), (0, 1), "{subject}");
    }
}
