use super::*;
use crate::{
    manifest::{self, sidecar::OutboundMode},
    source::Sources,
};

fn manifests(text: &str) -> Manifests {
    let mut sources = Sources::default();
    let file = sources.add("all.yaml", text);
    let (manifests, diagnostics) = manifest::load(&sources, [file]);
    assert_eq!(diagnostics, [], "{text}");
    manifests
}

const NAMESPACE: &str =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n---\n";

fn pod(name: &str, metadata: &str, spec: &str) -> String {
    format!(
        "---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: shop}}, spec: {{template: {{metadata: {metadata}, spec: {spec}}}}}}}\n"
    )
}

fn injection(namespace: &str, metadata: &str, spec: &str, config: Config) -> Truth {
    let namespace = if namespace == "none" {
        String::new()
    } else {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {namespace}}}\n")
    };
    let manifests = manifests(&(namespace + &pod("web", metadata, spec)));
    Mesh::resolve(&manifests, config).pods()[0].injection.is_injected
}

#[test]
fn t11_a_pod_is_injected_as_the_webhook_and_the_injector_decide() {
    let label = |value: &str| format!("{{labels: {{sidecar.istio.io/inject: \"{value}\"}}}}");
    let annotation = |value: &str| format!("{{annotations: {{sidecar.istio.io/inject: \"{value}\"}}}}");
    let enabled = "{istio-injection: enabled}";
    let cases = [
        (enabled, "{}".to_owned(), "{}", Truth::Yes),
        (enabled, label("false"), "{}", Truth::No),
        (enabled, label("False"), "{}", Truth::No),
        (enabled, label("0"), "{}", Truth::No),
        (enabled, label("ON"), "{}", Truth::Yes),
        (enabled, annotation("false"), "{}", Truth::No),
        (enabled, "{labels: {sidecar.istio.io/inject: \"true\"}, annotations: {sidecar.istio.io/inject: \"false\"}}".to_owned(), "{}", Truth::Yes),
        (enabled, "{}".to_owned(), "{hostNetwork: true}", Truth::No),
        ("{istio-injection: disabled}", label("true"), "{}", Truth::No),
        ("{istio-injection: enabled, istio.io/rev: canary}", "{}".to_owned(), "{}", Truth::Yes),
        ("{istio.io/rev: canary}", "{}".to_owned(), "{}", Truth::Yes),
        ("{}", "{}".to_owned(), "{}", Truth::No),
        ("{}", label("true"), "{}", Truth::Yes),
        ("{}", label("yes"), "{}", Truth::No),
        ("{}", annotation("true"), "{}", Truth::No),
        ("none", "{}".to_owned(), "{}", Truth::Unknown),
        ("none", label("false"), "{}", Truth::No),
        ("none", "{}".to_owned(), "{hostNetwork: true}", Truth::No),
    ];
    for (namespace, metadata, spec, expected) in cases {
        assert_eq!(
            injection(namespace, &metadata, spec, Config { release: (26, 8), ..Config::default() }),
            expected,
            "{namespace} {metadata} {spec}"
        );
    }
    // From 1.27 on any other word is as none.
    let newer = |namespace, metadata: String| {
        injection(namespace, &metadata, "{}", Config { release: (27, 0), ..Config::default() })
    };
    assert_eq!(
        ["false", "False", "no", "on"].map(|word| newer(enabled, label(word))),
        [Truth::No, Truth::Yes, Truth::Yes, Truth::Yes]
    );
    assert_eq!(["true", "yes"].map(|word| newer("{}", label(word))), [Truth::Yes, Truth::No]);
}

#[test]
fn t11_a_revision_that_is_not_installed_injects_nothing() {
    let config = || Config { revisions: Some(["stable".to_owned()].into()), ..Config::default() };
    assert_eq!(injection("{istio.io/rev: stable}", "{}", "{}", config()), Truth::Yes);
    assert_eq!(injection("{istio.io/rev: gone}", "{}", "{}", config()), Truth::No);
    assert_eq!(injection("{istio-injection: enabled}", "{}", "{}", config()), Truth::No);
}

fn modes(policies: &str) -> [Mode; 2] {
    let text = NAMESPACE.to_owned() + &pod("web", "{labels: {app: web}}", "{}") + policies;
    let manifests = manifests(&text);
    let mesh = Mesh::resolve(&manifests, Config::default());
    [None, Some(8080)].map(|port| mesh.mode(&mesh.pods()[0], port).mode)
}

use crate::manifest::Mode;

fn authentication(namespace: &str, name: &str, spec: &str) -> String {
    format!(
        "---\n{{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {{name: {name}, namespace: {namespace}}}, spec: {spec}}}\n"
    )
}

#[test]
fn pa_the_narrowest_policy_that_says_something_decides() {
    let selected = "selector: {matchLabels: {app: web}}";
    let strict = "{mtls: {mode: STRICT}}";
    let root = |spec: &str| authentication("istio-system", "default", spec);
    let own = |spec: &str| authentication("shop", "default", spec);
    let both = |mode: Mode| [mode, mode];
    assert_eq!(modes(""), both(Mode::Permissive), "PA01");
    assert_eq!(modes(&root(strict)), both(Mode::Strict));
    assert_eq!(modes(&(root(strict) + &own("{mtls: {mode: DISABLE}}"))), both(Mode::Disable), "PA02");
    assert_eq!(modes(&(root(strict) + &own("{mtls: {mode: UNSET}}"))), both(Mode::Strict), "PA03");
    assert_eq!(
        modes(&root(&format!("{{{selected}, mtls: {{mode: STRICT}}}}"))),
        both(Mode::Permissive),
        "PA04"
    );
    let port = own(&format!("{{{selected}, portLevelMtls: {{\"8080\": {{mode: DISABLE}}}}}}"));
    assert_eq!(modes(&(root(strict) + &port)), [Mode::Strict, Mode::Disable], "PA06");
    let unselected = own("{portLevelMtls: {\"8080\": {mode: DISABLE}}}");
    assert_eq!(modes(&(root(strict) + &unselected)), both(Mode::Strict), "PA06");
    let unset =
        own(&format!("{{{selected}, mtls: {{mode: STRICT}}, portLevelMtls: {{\"8080\": {{mode: UNSET}}}}}}"));
    assert_eq!(modes(&unset), both(Mode::Strict), "PA06");
}

#[test]
fn pa05_two_policies_of_one_scope_are_rivals() {
    let text = NAMESPACE.to_owned()
        + &pod("web", "{}", "{}")
        + &authentication("shop", "b", "{mtls: {mode: PERMISSIVE}}")
        + &authentication("shop", "a", "{mtls: {mode: STRICT}}");
    let manifests = manifests(&text);
    let mesh = Mesh::resolve(&manifests, Config::default());
    let decided = mesh.mode(&mesh.pods()[0], None);
    assert_eq!(decided.mode, Mode::Strict);
    assert_eq!(decided.rival.map(|policy| policy.meta.name.as_str()), Some("b"));
}

#[test]
fn t07_a_service_says_what_a_port_speaks() {
    let spoken = |port: &str| {
        let service = format!(
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: web, namespace: shop}}, spec: {{selector: {{app: web}}, ports: [{port}]}}}}\n"
        );
        let containers = "{containers: [{ports: [{name: main, containerPort: 8080}]}]}";
        let manifests =
            manifests(&(NAMESPACE.to_owned() + &pod("web", "{labels: {app: web}}", containers) + &service));
        let mesh = Mesh::resolve(&manifests, Config::default());
        mesh.protocol(&mesh.pods()[0], 8080).protocol
    };
    let cases = [
        ("{port: 8080}", PortProtocol::Auto),
        ("{port: 80, targetPort: 8080, name: http-web}", PortProtocol::Http),
        ("{port: 80, targetPort: main, name: HTTP}", PortProtocol::Http),
        ("{port: 80, targetPort: 8080, name: grpc-web-x}", PortProtocol::Http),
        ("{port: 80, targetPort: 8080, name: tcp-web}", PortProtocol::Tcp),
        ("{port: 80, targetPort: 8080, name: web-http}", PortProtocol::Auto),
        ("{port: 80, targetPort: 8080, name: tcp, appProtocol: kubernetes.io/h2c}", PortProtocol::Http),
        ("{port: 3306, targetPort: 8080}", PortProtocol::Tcp),
        ("{port: 80, name: http}", PortProtocol::Auto),
        ("{port: 8080, name: http, protocol: UDP}", PortProtocol::Tcp),
    ];
    for (port, expected) in cases {
        assert_eq!(spoken(port), expected, "{port}");
    }
}

#[test]
fn t12_annotations_decide_which_ports_the_sidecar_sees() {
    let seen = |annotations: &str| {
        let text = NAMESPACE.to_owned() + &pod("web", &format!("{{annotations: {annotations}}}"), "{}");
        let manifests = manifests(&text);
        let mesh = Mesh::resolve(&manifests, Config::default());
        [80, 9090, 15020].map(|port| mesh.pods()[0].capture.includes(port))
    };
    assert_eq!(seen("{}"), [true, true, false]);
    assert_eq!(seen("{traffic.sidecar.istio.io/excludeInboundPorts: \"9090, 1\"}"), [true, false, false]);
    assert_eq!(seen("{traffic.sidecar.istio.io/includeInboundPorts: \"80\"}"), [true, false, false]);
    assert_eq!(seen("{traffic.sidecar.istio.io/includeInboundPorts: \"\"}"), [false, false, false]);
    assert_eq!(seen("{sidecar.istio.io/interceptionMode: NONE}"), [false, false, false]);
}

#[test]
fn ap02_a_root_policy_selects_in_every_namespace_and_a_pod_that_is_owned_is_its_owners() {
    let text = NAMESPACE.to_owned()
        + &pod("web", "{labels: {app: web}}", "{}")
        + "---\n{apiVersion: v1, kind: Pod, metadata: {name: web-x, namespace: shop, labels: {app: web, pod-template-hash: x}, ownerReferences: [{kind: Deployment, name: web, controller: true}]}}\n"
        + "---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: istio-system}, spec: {selector: {matchLabels: {app: web}}}}\n"
        + "---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: other}}\n";
    let manifests = manifests(&text);
    let mesh = Mesh::resolve(&manifests, Config::default());
    assert_eq!(mesh.pods().len(), 1);
    let names: Vec<_> =
        mesh.authorization_of(&mesh.pods()[0]).iter().map(|policy| policy.meta.name.as_str()).collect();
    assert_eq!(names, ["a"]);
}

/// What the manifests say of the whole mesh: revisions, root namespace, trust domain, outbound mode.
fn config(text: &str) -> (Option<Vec<String>>, String, String, OutboundMode) {
    let mut sources = Sources::default();
    let file = sources.add("all.yaml", text);
    let (manifests, diagnostics) = manifest::load(&sources, [file]);
    assert_eq!(diagnostics, [], "{text}");
    let config = Config::found_in(&manifests, &sources);
    let revisions = config.revisions.map(|names| names.into_iter().collect());
    (revisions, config.root_namespace, config.trust_domain, config.mesh.outbound_mode())
}

#[test]
fn a_namespace_without_a_label_is_injected_where_the_chart_is_told_so() {
    let enables = |values: &str| {
        let mut sources = Sources::default();
        let release = format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: istiod, namespace: istio-system}}\nspec:\n  chart: {{spec: {{chart: istiod, version: 1.21.1, sourceRef: {{kind: HelmRepository, name: istio}}}}}}\n  values: {values}\n"
        );
        let file = sources.add("all.yaml", release);
        let (manifests, diagnostics) = manifest::load(&sources, [file]);
        assert_eq!(diagnostics, []);
        Config::found_in(&manifests, &sources).enables_namespaces_by_default
    };
    assert!(!enables("{}"));
    assert!(!enables("{sidecarInjectorWebhook: {enableNamespacesByDefault: false}}"));
    assert!(enables("{sidecarInjectorWebhook: {enableNamespacesByDefault: true}}"));
}

#[test]
fn ports_with_a_mode_of_their_own_are_told_once_and_in_order() {
    let policy = |name: &str, ports: &str| {
        format!(
            "---\n{{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {{name: {name}, namespace: shop}}, spec: {{selector: {{matchLabels: {{app: web}}}}, portLevelMtls: {ports}}}}}\n"
        )
    };
    let text = NAMESPACE.to_owned()
        + &pod("web", "{labels: {app: web}}", "{}")
        + &policy("a", "{\"9000\": {mode: DISABLE}, \"80\": {mode: STRICT}}")
        + &policy("b", "{\"80\": {mode: STRICT}}");
    let manifests = manifests(&text);
    let mesh = Mesh::resolve(&manifests, Config::default());
    assert_eq!(mesh.ports_with_a_mode(&mesh.pods()[0]), [80, 9000]);
}

/// Controllers and the injector add labels of their own to a pod (semantics NP38).
#[test]
fn np38_a_pod_folds_into_its_owner_unless_a_label_that_people_write_differs() {
    let pods = |label: &str| {
        let text = NAMESPACE.to_owned()
            + &pod("web", "{labels: {app: web}}", "{}")
            + &format!(
                "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: web-1-a, namespace: shop, labels: {{app: web, {label}: x}}, ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: u, controller: true}}]}}, spec: {{}}}}\n"
            )
            + "---\n{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: v, controller: true}]}, spec: {template: {metadata: {labels: {app: web, pod-template-hash: '1'}}}}}\n";
        let manifests = manifests(&text);
        Mesh::resolve(&manifests, Config::default()).pods().len()
    };
    let of_machines = ["pod-template-hash", "security.istio.io/tlsMode", "service.istio.io/canonical-name"];
    assert_eq!(of_machines.map(pods), [1; 3]);
    assert_eq!(["tier", "service.example.com/name"].map(pods), [2; 2]);
}

#[test]
fn names_are_quoted_from_a_patch_of_each_minor_on() {
    let quotes = |release| Config { release, ..Config::default() }.quotes_names();
    assert_eq!([(27, 9), (28, 6), (29, 2)].map(quotes), [false; 3]);
    assert_eq!([(28, 7), (28, 8), (29, 3), (30, 0)].map(quotes), [true; 4]);
}

const WEBHOOK: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n";

#[test]
fn the_mesh_config_is_read_of_the_config_map_where_no_release_installs_it() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: mesh}\ndata:\n  mesh: |\n    \
               trustDomain: prod.example.com\n    outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n";
    let found = (None, "mesh".to_owned(), "prod.example.com".to_owned(), OutboundMode::RegistryOnly);
    assert_eq!(config(map), found);
    let operator = "---\napiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: a, namespace: \
                    b}\nspec: {revision: blue, meshConfig: {trustDomain: other.example.com}}\n";
    let (revisions, root, trust_domain, mode) = config(&format!("{map}{operator}"));
    assert_eq!(revisions, Some(vec!["blue".to_owned()]));
    assert_eq!(
        (root.as_str(), trust_domain.as_str(), mode),
        ("istio-system", "other.example.com", OutboundMode::AllowAny)
    );
}

#[test]
fn webhooks_name_revisions_and_a_tag_alone_shows_no_control_plane() {
    let hook =
        |labels: &str| format!("---\n{WEBHOOK}metadata: {{name: a, labels: {labels}}}\nwebhooks: []\n");
    let plane = hook("{app: sidecar-injector, istio.io/rev: blue}");
    let tag = hook("{app: sidecar-injector, istio.io/rev: blue, istio.io/tag: stable}");
    let other = hook("{app: somebody, istio.io/rev: green}");
    let revisions = |text: &str| config(text).0;
    assert_eq!(revisions(&tag), None);
    assert_eq!(revisions(&other), None);
    let both = Some(vec!["blue".to_owned(), "stable".to_owned()]);
    assert_eq!(revisions(&format!("{plane}{tag}{other}")), both);
}
