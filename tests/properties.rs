//! Laws that hold for every profile.

mod support;

use meshwright::{proof, render, source::Source};
use proptest::prelude::*;

fn one_of(options: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(options)
}

prop_compose! {
    /// Any combination of what a profile can say, one line a key.
    fn profile()(
        kubernetes in one_of(&["", "kubernetesVersion: \"1.28\"\nadmission: {beta: true}", "kubernetesVersion: \"1.29\"", "kubernetesVersion: \"1.30\""]),
        chart in one_of(&["1.21.1", "1.22.0", "1.25.5"]),
        enforcement in one_of(&["", "enforcement: audit", "enforcement: enforce"]),
        flux in one_of(&["", "flux: {version: \"2.2\"}", "flux: {version: \"2.9\", serviceAccount: mesh, charts: {url: \"oci://registry.example.com/charts\"}, dependsOn: {mesh: [a], control-plane: [b]}}"]),
        cluster in one_of(&["cluster: {nodeCIDRs: [192.168.0.0/24]}", "cluster: {podCIDRs: [10.0.0.0/8], serviceCIDRs: [\"fd00::/108\"], nodeCIDRs: [192.168.0.0/24]}"]),
        api in one_of(&["", "apiServer: {egress: [10.0.0.1/32], webhookFrom: [10.0.0.0/28]}"]),
        dns in one_of(&["", "dns: {preset: openshift}", "dns: {peers: [{namespace: dns, labels: {a: b}}, {cidr: 192.0.2.1/32}]}"]),
        mesh in one_of(&["", "mesh: {cni: true, fips: true}", "mesh: {namespace: mesh, trustDomain: td.example, images: {hub: docker.io/istio, tag: x, variant: debug}}"]),
        gateway in one_of(&["", "gateway: {namespace: edge, replicas: {min: 1, max: 1}, service: {sourceRanges: [192.0.2.0/24], externalTrafficPolicy: Local}, certificate: {issuer: {name: le}}}"]),
        monitoring in one_of(&["", "monitoring: {namespace: monitoring}", "monitoring: {namespace: monitoring, labels: {app: prometheus}}"]),
        tracing in one_of(&["", "tracing: {address: otel.obs:4317}", "tracing: {provider: zipkin, address: zipkin.obs.svc:9411, sampling: 12.5}"]),
        exceptions in one_of(&[
            "",
            "exceptions: [{workload: shop/cart, port: 8081, from: {unmeshed: {namespace: batch, labels: {a: b}}}, mtls: permissive, reason: r, owner: o, expires: \"2031-01-01\"}, {workload: shop/cart, port: 8081, from: nodes, mtls: permissive, reason: r2, owner: o, expires: \"2031-01-02\"}]",
            "exceptions: [{workload: shop/web, port: http, from: kubernetes-api, mtls: permissive, reason: r, owner: o, expires: \"2031-01-01\"}, {workload: shop/web, port: http, from: {cidr: 192.0.2.0/24}, mtls: permissive, reason: r, owner: o, expires: \"2031-01-01\"}]",
        ]),
        shop in one_of(&["", "\n    enforcement: audit", "\n    namespace: existing", "\n    podSecurity: privileged"]),
        allow in proptest::sample::subsequence(vec![
            "{from: web, to: cart, methods: [GET, P*], paths: [/a, /b/*]}",
            "{from: other/*, to: cart}",
            "{from: web, to: kubernetes-api}",
            "{from: web, to: nodes, port: 10250}",
            "{from: {cidr: 192.0.2.0/24}, to: web}",
            "{from: shop/*, to: {unmeshed: legacy}, port: 80}",
            "{from: cart, to: {cidr: \"2001:db8::/64\"}, port: 9}",
            "{from: other/job, to: shop/*}",
        ], 0..=8),
        expose in proptest::sample::subsequence(vec![
            "{workload: web, host: a}",
            "{workload: cart, host: a, paths: [/cart, /cart/*], methods: [GET]}",
            "{workload: cart, host: b}",
        ], 0..=3),
        egress in proptest::sample::subsequence(vec![
            "{from: web, host: api.example.org}",
            "{from: web, host: api.example.org, port: 8443, cidrs: [198.51.100.0/24]}",
            "{from: cart, host: \"*.example.net\"}",
            "{from: cart, host: plain.example.net, port: 80, protocol: http}",
            "{from: cart, host: raw.example.net, port: 25, protocol: tcp, cidrs: [198.51.100.9/32]}",
        ], 0..=5),
    ) -> String {
        let keys = [kubernetes, enforcement, flux, cluster, api, dns, mesh, gateway, monitoring, tracing, exceptions];
        format!(
            "domain: apps.example.com\nchartVersion: {chart}\ntlsSecret: tls\n{}\nnamespaces:\n  - name: shop{shop}\n    workloads: {{web: {{port: 8080}}, cart: {{port: 8081}}}}\n    allow: [{}]\n    expose: [{}]\n    egress: [{}]\n  - {{name: other, workloads: {{job: }}}}\n  - bare\n",
            keys.join("\n"),
            allow.join(", "),
            expose.join(", "),
            egress.join(", "),
        )
    }
}

fn load(text: &str) -> meshwright::profile::Profile {
    let source = Source { path: "test.yaml".into(), text: text.to_owned() };
    let (profile, diagnostics, sources) = support::from_text(source, &mut |_| Ok(Vec::new()));
    profile.unwrap_or_else(|| {
        panic!("{}\n{text}", meshwright::diagnostic::render(&diagnostics, &sources, false))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_profile_that_loads_renders_and_twice_the_same(text in profile()) {
        // Level `privileged` is a default only without the plugin; the combination is not what is tested here.
        let profile = load(&text);
        let (once, twice) = (render::render(&profile).expect("it renders"), render::render(&profile).expect("it renders"));
        prop_assert!(once.tree.iter().eq(twice.tree.iter()));
        let objects = support::documents(&once.stream());
        for object in &objects {
            prop_assert!(object["kind"].is_string() && object["metadata"]["name"].is_string(), "{}", object);
        }
    }

    #[test]
    fn every_tree_lets_through_what_its_profile_declares_and_nothing_else(text in profile()) {
        let profile = load(&text);
        let rendered = render::render(&profile).expect("it renders");
        let proof = proof::prove(&profile, rendered.tree.iter());
        let faults: Vec<&String> = proof.faults.iter().map(|fault| &fault.message).collect();
        prop_assert!(faults.is_empty(), "{}\n{faults:#?}", text);
    }

    #[test]
    fn the_order_of_flows_is_of_no_consequence(text in profile()) {
        let mut profile = load(&text);
        let before = render::render(&profile).expect("it renders").stream();
        profile.flows.reverse();
        prop_assert_eq!(before, render::render(&profile).expect("it renders").stream());
    }
}
