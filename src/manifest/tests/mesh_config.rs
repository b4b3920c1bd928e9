use super::{sound, spec};
use crate::{
    manifest::{
        mesh_config::{
            IngressControllerMode, InterceptionMode, LogEncoding, MeshConfig, MeshTlsVersion, Normalization,
            ProviderKind, ProxySettings,
        },
        sidecar::OutboundMode,
        *,
    },
    source::Sources,
    yaml::{self, Node, Spanned},
};

/// Reads a text as the key `mesh` of a ConfigMap, and returns the mesh config with the file.
fn embedded(mesh: &str) -> (Result<MeshConfig, Box<Diagnostic>>, Sources) {
    let block = mesh.lines().fold(String::new(), |block, line| block + "    " + line + "\n");
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio}}\ndata:\n  mesh: |-\n{block}  other: x\n"
    );
    let mut sources = Sources::default();
    let file = sources.add("istio.yaml", text);
    let (manifests, diagnostics) = load(&sources, [file]);
    assert_eq!(diagnostics, []);
    let config = MeshConfig::read_text(&sources, manifests.config_maps[0].mesh_config().expect("it has one"));
    (config, sources)
}

fn config(mesh: &str) -> MeshConfig {
    embedded(mesh).0.unwrap_or_else(|fault| panic!("{}: {mesh}", fault.message))
}

#[test]
fn a_mesh_config_that_says_nothing_is_istiods_default() {
    let silent = config("{}");
    assert_eq!(silent, MeshConfig::default());
    assert_eq!(silent.outbound_mode(), OutboundMode::AllowAny);
    assert_eq!((silent.access_log_file(), silent.access_log_encoding()), ("", LogEncoding::Text));
    assert_eq!((silent.root_namespace(), silent.trust_domain()), ("istio-system", "cluster.local"));
    assert_eq!((silent.has_auto_mtls(), silent.normalization()), (true, Normalization::Base));
    assert_eq!(silent.ingress_controller_mode(), IngressControllerMode::Strict);
    assert_eq!(
        ["envoy", "prometheus", "x"].map(|name| silent.provider(name)),
        [Some(ProviderKind::FileAccessLog), Some(ProviderKind::Prometheus), None]
    );
    assert_eq!(config(""), MeshConfig::default());
    let sound = "{trustDomain: Example.com., accessLogEncoding: 1.0, defaultConfig: {discoveryAddress: '[::1]:15012', statusPort: '15021', proxyMetadata: {A: }}}";
    assert_eq!(config(sound).access_log_encoding(), LogEncoding::Json);
}

#[test]
fn an_outbound_policy_of_the_mesh_without_a_mode_is_registry_only() {
    for (text, expected) in [
        ("outboundTrafficPolicy: {}", OutboundMode::RegistryOnly),
        ("outboundTrafficPolicy:", OutboundMode::AllowAny),
        ("outboundTrafficPolicy: {mode: 0}", OutboundMode::RegistryOnly),
        ("outbound_traffic_policy: {mode: REGISTRY_ONLY}", OutboundMode::RegistryOnly),
        (
            "{outbound_traffic_policy: {mode: REGISTRY_ONLY}, outboundTrafficPolicy: {mode: ALLOW_ANY}}",
            OutboundMode::AllowAny,
        ),
    ] {
        assert_eq!(config(text).outbound_mode(), expected, "{text}");
    }
}

#[test]
fn every_field_that_bears_on_traffic_is_read() {
    let config = config(
        "accessLogFile: /dev/stdout\naccessLogEncoding: JSON\ndisableEnvoyListenerLog: on\nenableAutoMtls: false\n\
         rootNamespace: mesh\ntrustDomain: example.com\ntrustDomainAliases: [old.example.com]\n\
         pathNormalization: {normalization: MERGE_SLASHES}\nmesh_mTLS: {minProtocolVersion: TLSV1_3, cipherSuites: [x]}\n\
         tlsDefaults: {min_protocol_version: 1}\ningressControllerMode: 'OFF'\ndiscoverySelectors:\n- matchLabels: {a_b: c}\n\
         defaultProviders: {accessLogging: [otel]}\nextensionProviders:\n- name: otel\n  envoyOtelAls: {service: a, port: '4317'}\n\
         - name: opa\n  envoyExtAuthzGrpc: {service: b, port: 9191, failOpen: true}\n- name: new\n  brandNew: {}\n\
         defaultConfig:\n  interceptionMode: NONE\n  holdApplicationUntilProxyStarts: true\n  proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}\n",
    );
    assert_eq!((config.access_log_file(), config.access_log_encoding()), ("/dev/stdout", LogEncoding::Json));
    assert!(config.disable_envoy_listener_log.is_some_and(|claim| claim.value) && !config.has_auto_mtls());
    assert_eq!((config.root_namespace(), config.trust_domain()), ("mesh", "example.com"));
    assert_eq!(config.normalization(), Normalization::MergeSlashes);
    let lowest = |tls: Option<Spanned<mesh_config::TlsSettings>>| {
        tls.and_then(|tls| tls.value.min_protocol_version).map(|version| version.value)
    };
    assert_eq!(lowest(config.mesh_mtls.clone()), Some(MeshTlsVersion::V1_3));
    assert_eq!(lowest(config.tls_defaults.clone()), Some(MeshTlsVersion::V1_2));
    assert_eq!(config.ingress_controller_mode(), IngressControllerMode::Off);
    assert!(config.discovery_selectors[0].match_labels.named("a_b").is_some(), "a label is no field");
    assert_eq!(
        ["otel", "opa", "new"].map(|name| config.provider(name)),
        [Some(ProviderKind::OpenTelemetryAccessLog), Some(ProviderKind::ExtAuthzGrpc), None]
    );
    assert_eq!(
        config.extension_providers.iter().map(|provider| provider.fails_open().is_some()).collect::<Vec<_>>(),
        [false, true, false]
    );
    let proxies = config.default_config.expect("they are there");
    assert_eq!((proxies.interception_mode(), proxies.status_port()), (InterceptionMode::None, 15020));
    assert_eq!(proxies.metadata("ISTIO_META_DNS_CAPTURE").map(|value| &*value.value), Some("true"));
}

#[test]
fn a_field_that_istiod_merges_by_one_name_is_lost_under_the_other() {
    let config = config("default_config: {interceptionMode: NONE}\ndefault_providers: {tracing: [a]}\n");
    assert_eq!(config, MeshConfig::default());
}

#[test]
fn what_istiod_cannot_read_is_a_fault_at_its_line() {
    for (text, place) in [
        ("outboundTrafficPolicy:\n  mode: REGISTRYONLY\n", "REGISTRYONLY"),
        ("accessLogEncoding: json\n", "json"),
        // To YAML 1.1, a boolean.
        ("ingressControllerMode: OFF\n", "OFF"),
        ("accessLogEncoding: 2\n", "2"),
        ("accessLogEncoding: '1'\n", "'1'"),
        ("trustDomain: 1.5\n", "1.5"),
        ("defaultConfig:\n  proxyMetadata:\n    A: true\n", "true"),
        ("enableAutoMtls: 'true'\n", "'true'"),
        ("accessLogFile: a\naccessLogFile: b\n", "accessLogFile"),
        ("pathNormalization: [BASE]\n", "[BASE]"),
        ("default_config: x\n", "x"),
        ("trustDomain: a_b\n", "a_b"),
        ("trustDomain: ''\n", "''"),
        ("trustDomainAliases: [a.b., -a]\n", "-a"),
        ("meshMTLS:\n  ecdhCurves: [P-256]\n", "P-256"),
        ("defaultConfig: {discoveryAddress: istiod}\n", "istiod"),
        ("defaultConfig: {discoveryAddress: 'istiod:0'}\n", "'istiod:0'"),
        ("defaultConfig: {statusPort: 70000}\n", "70000"),
    ] {
        let (config, sources) = embedded(text);
        let span = config.expect_err(text).labels[0].span;
        assert_eq!(&sources.get(span.file).text[span.range()], place, "{text}");
    }
}

#[test]
fn a_mesh_config_knows_its_lines_wherever_it_stands() {
    let text = "accessLogFile: /dev/stdout\naccessLogEncoding: JSON\n";
    let (config, sources) = embedded(text);
    let line = |config: &MeshConfig, sources: &Sources| {
        sources.line(config.access_log_encoding.expect("it is there").span)
    };
    assert_eq!(line(&config.expect("it is sound"), &sources), 7);

    let mut sources = Sources::default();
    let values = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: istiod}\nspec:\n  values:\n    meshConfig:\n      accessLogFile: ~\n      accessLogEncoding: JSON\n";
    let operator = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec:\n  meshConfig:\n    accessLogEncoding: JSON\n";
    let files = [sources.add("values.yaml", values), sources.add("operator.yaml", operator)];
    let (manifests, _) = load(&sources, files);
    let node = manifests.helm_releases[0].values.as_ref().and_then(|values| values.get("meshConfig"));
    let config = MeshConfig::read(node.expect("it is there")).expect("it is sound");
    assert_eq!((line(&config, &sources), config.access_log_file()), (8, ""));
    let config = manifests.istio_operators[0].mesh_config().expect("it is sound");
    assert_eq!(line(&config, &sources), 5);
}

#[test]
fn only_config_maps_of_istio_hold_a_mesh_config() {
    let has = |name: &str, key: &str| {
        let text =
            format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{{key}: ''}}}}");
        let manifests = sound(&text);
        let map = &manifests.config_maps[0];
        (map.mesh_config().is_some(), map.injector_values().is_some())
    };
    assert_eq!(has("istio", "mesh"), (true, false));
    assert_eq!(has("istio-1-21", "mesh"), (true, false));
    assert_eq!(has("istiod", "mesh"), (false, false));
    assert_eq!(has("istio", "values"), (false, false));
    assert_eq!(has("istio-sidecar-injector-canary", "values"), (false, true));
}

#[test]
fn an_operator_keeps_what_it_installs() {
    let operator: IstioOperator =
        spec("{tag: 1.21, revision: a, components: {pilot: {}}, values: {global: ~}}");
    assert_eq!(operator.tag.as_ref().map(|tag| tag.as_str()), Some("1.21"));
    assert!(operator.components.as_ref().is_some_and(|parts| parts.get("pilot").is_some()));
    assert!(operator.values.as_ref().and_then(|values| values.get("global")).is_some_and(Node::is_null));
    assert_eq!(operator.mesh_config(), Ok(MeshConfig::default()));
}

#[test]
fn settings_of_one_pod_are_read_from_its_annotation() {
    let mut sources = Sources::default();
    let file = sources.add(
        "pod.yaml",
        "annotations:\n  proxy.istio.io/config: |\n    interceptionMode: NONE\n    statusPort: 8080\n",
    );
    let (documents, _) = yaml::parse(&sources, file);
    let annotations: Labels =
        yaml::read(documents[0].get("annotations").expect("they are there")).expect("they fit");
    let text = annotations.named("proxy.istio.io/config").expect("it is there");
    let settings = ProxySettings::read_text(&sources, text).expect("they are sound");
    assert_eq!((settings.interception_mode(), settings.status_port()), (InterceptionMode::None, 8080));
    assert_eq!(settings.interception_mode.map(|mode| sources.line(mode.span)), Some(3));
}
