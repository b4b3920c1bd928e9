use super::{sound, texts};
use crate::{
    manifest::{
        istio_values::{CniValues, GatewayPort, GatewayValues, IstioChart, IstiodValues},
        *,
    },
    yaml::Node,
};

/// Reads values as a release has them.
fn values(text: &str) -> Node {
    let text = format!(
        "{{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {{name: a}}, spec: {{values: {text}}}}}"
    );
    sound(&text).helm_releases.remove(0).spec.values.expect("they are there")
}

fn istiod(text: &str) -> IstiodValues {
    IstiodValues::read(Some(&values(text))).expect("they fit")
}

fn gateway(text: &str) -> GatewayValues {
    GatewayValues::read(Some(&values(text))).expect("they fit")
}

#[test]
fn a_chart_is_known_by_the_last_part_of_its_name() {
    let charts = ["istiod", "oci://registry.example.com/istio/gateway", "./charts/base/", "podinfo", ""];
    assert_eq!(
        charts.map(IstioChart::named),
        [Some(IstioChart::Istiod), Some(IstioChart::Gateway), Some(IstioChart::Base), None, None]
    );
}

#[test]
fn a_variable_is_what_a_template_prints() {
    let values = istiod("{pilot: {env: {A: yes, B: 'yes', C: 1, D: off, E: ~}}, env: {A: x, F: z}}");
    let printed = |name: &str, copies| values.environment(name, copies).map(ToString::to_string);
    assert_eq!(
        ["A", "B", "C", "D", "E"].map(|name| printed(name, false)),
        [
            Some("true".to_owned()),
            Some("yes".to_owned()),
            Some("1".to_owned()),
            Some("false".to_owned()),
            None
        ]
    );
    assert_eq!((printed("F", false), printed("F", true)), (None, Some("z".to_owned())));
    assert_eq!(printed("A", true).as_deref(), Some("true"), "`pilot` is copied over the rest");
}

#[test]
fn a_switch_is_what_a_template_takes_for_true() {
    let is_on = |text: &str| istiod(&format!("{{pilot: {{cni: {{enabled: {text}}}}}}}")).pilot.cni.is_on();
    assert_eq!(["true", "'false'", "1", "on"].map(is_on), [true; 4]);
    assert_eq!(["false", "''", "0", "~"].map(is_on), [false; 4]);
}

#[test]
fn what_istiod_is_told_is_read_with_its_defaults() {
    let silent = IstiodValues::read(None).expect("nothing fits");
    assert_eq!((silent.revision(), silent.istio_namespace()), ("default", "istio-system"));
    assert_eq!(silent.mesh_config(), Ok(MeshConfig::default()));
    let told = istiod(
        "{revision: canary, revisionTags: [stable], meshConfig: {trustDomain: a}, istio_cni: {enabled: true}, \
         global: {tag: 1.21, proxy: {excludeInboundPorts: 9090, excludeIPRanges: 10.0.0.0/8, autoInject: disabled}, proxy_init: {image: x}, mtls: {enabled: true}}, \
         sidecarInjectorWebhook: {neverInjectSelector: [{matchLabels: {a: b}}], rewriteAppHTTPProbe: false}}",
    );
    assert_eq!((told.revision(), texts(&told.revision_tags)), ("canary", vec!["stable".to_owned()]));
    assert_eq!(told.mesh_config().map(|config| config.trust_domain().to_owned()), Ok("a".to_owned()));
    let proxy = &told.global.proxy;
    let written =
        [&told.global.tag, &proxy.exclude_inbound_ports, &proxy.exclude_ip_ranges, &proxy.auto_inject];
    assert_eq!(texts(written.into_iter().flatten()), ["1.21", "9090", "10.0.0.0/8", "disabled"]);
    assert!(told.istio_cni.is_on() && !told.pilot.cni.is_on() && told.global.mtls.is_some());
    assert_eq!(told.sidecar_injector_webhook.never_inject_selector.len(), 1);
    assert!(told.sidecar_injector_webhook.rewrite_app_http_probe.is_some_and(|truth| !truth.value.0));
}

#[test]
fn a_gateway_is_named_labelled_and_reached_as_its_chart_does_it() {
    let silent = GatewayValues::read(None).expect("nothing fits");
    assert_eq!(silent.name("istio-ingress"), "istio-ingress");
    assert_eq!(silent.selector_labels("istio-ingress"), [("app", "istio-ingress"), ("istio", "ingress")]);
    assert_eq!((silent.service_account("a"), silent.service_type()), ("a", "LoadBalancer"));
    let numbers = |values: &GatewayValues| values.ports().iter().map(|port| port.port).collect::<Vec<_>>();
    assert_eq!(numbers(&silent), [15021, 80, 443]);

    let told = gateway(
        "{name: edge, labels: {istio: x}, serviceAccount: {create: false}, service: {type: ClusterIP, ports: [{name: https, port: 443, targetPort: 8443}, {port: 80}]}}",
    );
    assert_eq!(told.selector_labels("a"), [("app", "edge"), ("istio", "x")]);
    assert_eq!((told.service_account("a"), told.service_type()), ("default", "ClusterIP"));
    let port = |port, target| GatewayPort { port, target: PortName::Number(target) };
    assert_eq!(told.ports(), [port(443, 8443), port(80, 80)]);
    assert_eq!(numbers(&gateway("{networkGateway: a, service: {ports: []}}")), [15021, 15443, 15012, 15017]);
    assert_eq!(numbers(&gateway("{service: {ports: []}}")), [0_u16; 0]);
}

#[test]
fn what_stands_under_cni_wins() {
    let told = CniValues::read(Some(&values(
        "{hub: a, image: b, cni: {hub: c, ambient: {enabled: true}, excludeNamespaces: [x]}, global: {tag: d}}",
    )))
    .expect("they fit");
    let written = [&told.hub, &told.image, &told.global.tag];
    assert_eq!(texts(written.into_iter().flatten()), ["c", "b", "d"]);
    assert!(told.ambient.is_on());
    assert_eq!(told.exclude_namespaces.map(|names| texts(&names)), Some(vec!["x".to_owned()]));
}
