use super::{spec, texts};
use crate::manifest::{
    destination_rule::{ClientTlsMode, HostPart},
    envoy_filter::{ApplyTo, PatchContext, PatchOperation},
    gateway::{ServerTlsMode, TlsVersion},
    service_entry::{Location, Resolution},
    sidecar::{CaptureMode, OutboundMode},
    telemetry::Side,
    virtual_service::{StringMatch, receiving},
    wasm_plugin::{FailStrategy, Phase},
    *,
};

#[test]
fn a_tls_block_without_a_mode_is_plaintext() {
    let rule: DestinationRule = spec("{host: a, trafficPolicy: {tls: {}}}");
    let modes: Vec<_> = rule.transports().map(|(part, tls)| (part, tls.mode())).collect();
    assert_eq!(modes, [(HostPart::default(), ClientTlsMode::Disable)]);
}

#[test]
fn every_place_of_a_transport_is_found() {
    let rule: DestinationRule = spec(
        "{host: a, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}, portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}, {port: {number: 81}}]}, \
         subsets: [{name: v1, trafficPolicy: {tls: {mode: MUTUAL}, portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}}, {name: v2}]}",
    );
    let found: Vec<_> =
        rule.transports().map(|(HostPart { subset, port }, tls)| (subset, port, tls.mode())).collect();
    let expected = [
        (None, None, ClientTlsMode::IstioMutual),
        (None, Some(80), ClientTlsMode::Simple),
        (Some("v1"), None, ClientTlsMode::Mutual),
        (Some("v1"), Some(80), ClientTlsMode::Disable),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_port_with_settings_has_nothing_of_its_level_and_a_silent_subset_has_what_the_host_has() {
    let rule: DestinationRule = spec(
        "{trafficPolicy: {tls: {mode: SIMPLE}, portLevelSettings: [{port: {number: 81}}, {port: {number: 82}, tls: {mode: DISABLE}}]}, \
         subsets: [{name: v1, trafficPolicy: {tls: {mode: MUTUAL}, portLevelSettings: [{port: {number: 80}}]}}, {name: v2}]}",
    );
    let mode = |subset, port| rule.transport(subset, port).map(|tls| tls.mode());
    assert_eq!(
        [80, 81, 82].map(|port| mode(None, port)),
        [Some(ClientTlsMode::Simple), None, Some(ClientTlsMode::Disable)]
    );
    assert_eq!(
        [80, 81, 82].map(|port| mode(Some("v1"), port)),
        [None, Some(ClientTlsMode::Mutual), Some(ClientTlsMode::Mutual)]
    );
    assert_eq!(
        [80, 81, 82].map(|port| mode(Some("v2"), port)),
        [Some(ClientTlsMode::Simple), None, Some(ClientTlsMode::Disable)]
    );
    assert_eq!(mode(Some("unknown"), 80), Some(ClientTlsMode::Simple));
}

#[test]
fn a_client_verifies_by_what_it_is_given() {
    let verifies = |tls: &str| {
        let rule: DestinationRule = spec(&format!("{{trafficPolicy: {{tls: {tls}}}}}"));
        let tls = rule.traffic_policy.tls.expect("there is one");
        (tls.names_authorities(), tls.skips_verification())
    };
    assert_eq!(verifies("{mode: SIMPLE}"), (false, false));
    assert_eq!(verifies("{mode: SIMPLE, caCertificates: ''}"), (false, false));
    assert_eq!(verifies("{mode: SIMPLE, credentialName: a}"), (true, false));
    assert_eq!(verifies("{mode: SIMPLE, caCertificates: /a, insecureSkipVerify: true}"), (true, true));
}

#[test]
fn a_server_without_a_mode_passes_through() {
    let gateway: Gateway = spec(
        "{servers: [{port: {number: 443, protocol: https}, tls: {credentialName: a}}, \
         {port: {number: 443, protocol: HTTPS}, tls: {mode: SIMPLE, minProtocolVersion: TLSV1_3, credentialNames: [a, b]}}, \
         {port: {number: 80, protocol: HTTP2}, tls: {httpsRedirect: true}}, {port: {number: 9, protocol: other}}]}",
    );
    let facts: Vec<_> = gateway
        .servers
        .iter()
        .map(|server| {
            (server.protocol(), server.passes_through(), server.reads_requests(), server.redirects_to_https())
        })
        .collect();
    let expected = [
        (Some(AppProtocol::Https), true, false, false),
        (Some(AppProtocol::Https), false, true, false),
        (Some(AppProtocol::Http2), true, true, true),
        (None, false, false, false),
    ];
    assert_eq!(facts, expected);
    let tls = gateway.servers[1].tls.as_ref().expect("there is one");
    assert_eq!(
        (tls.mode(), tls.lowest(), tls.highest()),
        (ServerTlsMode::Simple, TlsVersion::V1_3, TlsVersion::Auto)
    );
    assert_eq!(texts(tls.credentials()), ["a", "b"]);
}

#[test]
fn a_virtual_service_is_for_every_sidecar_unless_it_names_gateways() {
    let is_for_sidecars = |text: &str| spec::<VirtualService>(text).is_for_sidecars();
    assert!(is_for_sidecars("{hosts: [a]}"));
    assert!(is_for_sidecars("{hosts: [a], gateways: [b/c, mesh]}"));
    assert!(!is_for_sidecars("{hosts: [a], gateways: [b/c]}"));
}

#[test]
fn every_destination_of_a_virtual_service_is_found() {
    let service: VirtualService = spec(
        "{http: [{route: [{destination: {host: a}}, {destination: {host: b}, weight: 1}], mirror: {host: c}, mirrors: [{destination: {host: d}}]}, {redirect: {}}], \
         tls: [{route: [{destination: {host: e}}]}], tcp: [{route: [{destination: {host: f, port: {number: 1}}}]}]}",
    );
    let hosts: Vec<_> = service.destinations().filter_map(|destination| destination.host.as_ref()).collect();
    assert_eq!(texts(hosts), ["a", "b", "e", "f", "c", "d"]);
    let route = &service.http[0].route;
    assert_eq!(
        texts(receiving(route).filter_map(|part| part.destination.host.as_ref())),
        ["b"],
        "of several, one without a weight gets nothing"
    );
    assert_eq!(receiving(&route[..1]).count(), 1);
    assert_eq!(service.http[1].redirect.as_ref().map(|redirect| redirect.code()), Some(301));
}

#[test]
fn a_condition_on_a_text_is_one_of_four() {
    let service: VirtualService = spec(
        "{http: [{match: [{uri: {prefix: /a}, ignoreUriCase: true, headers: {a: {exact: x}, b: {regex: '.*'}, c: {}}}]}]}",
    );
    let condition = &service.http[0].r#match[0];
    assert!(!condition.minds_case());
    let told = |condition: &StringMatch| match condition {
        StringMatch::Present => "present".to_owned(),
        StringMatch::Exact(text) => format!("exact {text}"),
        StringMatch::Prefix(text) => format!("prefix {text}"),
        StringMatch::Regex(text) => format!("regex {text}"),
    };
    assert_eq!(condition.uri.as_ref().map(told).as_deref(), Some("prefix /a"));
    let headers: Vec<_> =
        condition.headers.iter().map(|(name, value)| (name.as_str(), told(value))).collect();
    assert_eq!(
        headers,
        [("a", "exact x".to_owned()), ("b", "regex .*".to_owned()), ("c", "present".to_owned())]
    );
}

#[test]
fn a_service_entry_is_outside_and_resolves_nothing_unless_said() {
    let entry: ServiceEntry = spec(
        "{hosts: [a], ports: [{number: 443, name: tls, protocol: TLS}, {number: 80, targetPort: 8080, protocol: http}], \
         endpoints: [{address: 1.1.1.1, ports: {tls: 8443}}], workloadSelector: {labels: {app: a}}}",
    );
    assert_eq!((entry.location(), entry.resolution()), (Location::MeshExternal, Resolution::None));
    let ports: Vec<_> = entry.ports.iter().map(|port| (port.number(), port.target_port())).collect();
    assert_eq!(ports, [(443, 443), (80, 8080)]);
    assert_eq!(entry.endpoints[0].ports.named("tls").map(|port| port.value), Some(8443));
    assert!(entry.workload_selector.is_some_and(|selector| !selector.is_empty()));
}

#[test]
fn an_outbound_policy_without_a_mode_is_registry_only() {
    let mode = |text: &str| spec::<Sidecar>(text).outbound_traffic_policy.map(|policy| policy.mode());
    assert_eq!(mode("{}"), None);
    assert_eq!(mode("{outboundTrafficPolicy: {}}"), Some(OutboundMode::RegistryOnly));
    assert_eq!(mode("{outboundTrafficPolicy: {mode: ALLOW_ANY}}"), Some(OutboundMode::AllowAny));
}

#[test]
fn an_empty_selector_of_a_sidecar_is_a_selector() {
    let sidecar: Sidecar = spec("{ingress: [{port: {number: 80, protocol: HTTP}, captureMode: NONE}, {}]}");
    assert!(!sidecar.has_selector());
    let modes: Vec<_> = sidecar.ingress.iter().map(|listener| listener.capture_mode()).collect();
    assert_eq!(modes, [CaptureMode::None, CaptureMode::Default]);
    assert!(spec::<Sidecar>("{workloadSelector: {}}").has_selector());
    let misspelt: Sidecar = spec("{workloadSelector: {matchLabels: {app: a}}}");
    assert!(
        misspelt.workload_selector.is_some_and(|selector| selector.is_empty()),
        "`matchLabels` is pruned"
    );
}

#[test]
fn an_envoy_filter_keeps_what_it_puts_in() {
    let filter: EnvoyFilter = spec(
        "{configPatches: [{applyTo: NETWORK_FILTER, match: {context: SIDECAR_INBOUND, listener: {portNumber: 80}}, patch: {operation: REMOVE}}, \
         {patch: {value: {name: x}}}]}",
    );
    let facts: Vec<_> = filter
        .config_patches
        .iter()
        .map(|patch| (patch.apply_to(), patch.operation(), patch.context()))
        .collect();
    assert_eq!(
        facts,
        [
            (ApplyTo::NetworkFilter, PatchOperation::Remove, PatchContext::SidecarInbound),
            (ApplyTo::Invalid, PatchOperation::Invalid, PatchContext::Any),
        ]
    );
    let value = filter.config_patches[1].patch.value.as_ref();
    assert_eq!(value.and_then(|value| value.get("name")).and_then(crate::yaml::Node::text), Some("x"));
}

#[test]
fn a_telemetry_logs_both_sides_unless_said() {
    let telemetry: Telemetry = spec(
        "{accessLogging: [{providers: [{name: envoy}]}, {disabled: true, match: {mode: CLIENT}, filter: {expression: 'false'}}], tracing: [{providers: [{name: zipkin}]}]}",
    );
    let facts: Vec<_> = telemetry
        .access_logging
        .iter()
        .map(|log| (texts(log.providers()), log.side(), log.is_disabled(), log.filter.is_some()))
        .collect();
    assert_eq!(
        facts,
        [(vec!["envoy".to_owned()], Side::ClientAndServer, false, false), (vec![], Side::Client, true, true)]
    );
    assert_eq!(telemetry.tracing.len(), 1);
}

#[test]
fn a_plugin_that_fails_refuses_unless_said() {
    let plugin: WasmPlugin =
        spec("{url: oci://a, targetRef: {kind: Gateway, name: a}, targetRefs: [{kind: Gateway, name: b}]}");
    assert_eq!((plugin.fail_strategy(), plugin.phase()), (FailStrategy::FailClose, Phase::UnspecifiedPhase));
    assert_eq!(texts(plugin.targets().map(|target| &target.name)), ["a", "b"]);
    assert_eq!(spec::<WasmPlugin>("{failStrategy: FAIL_OPEN}").fail_strategy(), FailStrategy::FailOpen);
}

#[test]
fn tokens_workloads_and_proxies_are_read() {
    let tokens: RequestAuthentication = spec(
        "{selector: {matchLabels: {a: b}}, jwtRules: [{issuer: x, fromHeaders: [{name: y}], forwardOriginalToken: true}]}",
    );
    assert!(tokens.has_selector());
    assert_eq!(tokens.jwt_rules[0].issuer.as_ref().map(|issuer| issuer.as_str()), Some("x"));
    let group: WorkloadGroup = spec("{metadata: {labels: {app: a}}, template: {serviceAccount: b}}");
    assert_eq!(group.metadata.labels.named("app").map(|label| label.as_str()), Some("a"));
    assert_eq!(group.template.service_account.map(|account| account.value).as_deref(), Some("b"));
    let proxy: ProxyConfig = spec("{environmentVariables: {A: '1'}, image: {imageType: distroless}}");
    assert_eq!(proxy.environment_variables.named("A").map(|value| value.as_str()), Some("1"));
}
