mod admission;
mod flux;
mod istio;
mod istio_values;
mod mesh_config;
mod ways_in;

use super::*;
use crate::diagnostic;

/// Reads the spec of a kind.
fn spec<K: Kind>(text: &str) -> K {
    let mut sources = Sources::default();
    let file = sources.add("spec.yaml", format!("spec: {text}\n"));
    let (documents, diagnostics) = yaml::parse(&sources, file);
    assert_eq!(diagnostics, [], "{text}");
    K::read(&documents[0]).unwrap_or_else(|fault| panic!("{}: {text}", fault.message))
}

/// Returns the texts of words.
fn texts<'a>(words: impl IntoIterator<Item = &'a Word>) -> Vec<String> {
    words.into_iter().map(|word| word.value.clone()).collect()
}

fn loaded(text: &str) -> (Manifests, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("all.yaml", text);
    let (manifests, diagnostics) = load(&sources, [file]);
    (manifests, diagnostics, sources)
}

fn sound(text: &str) -> Manifests {
    let (manifests, diagnostics, sources) = loaded(text);
    assert_eq!(diagnostics, [], "{}", diagnostic::render(&diagnostics, &sources, false));
    manifests
}

fn policy(spec: &str) -> NetworkPolicy {
    let text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\nspec: {spec}\n"
    );
    sound(&text).network_policies.remove(0).spec
}

#[test]
fn a_policy_isolates_as_the_api_server_defaults_it() {
    let isolation = |spec: &str| {
        [Direction::Ingress, Direction::Egress].map(|direction| policy(spec).isolates(direction))
    };
    let cases = [
        ("{}", [true, false]),
        ("{egress: []}", [true, false]),
        ("{egress: null}", [true, false]),
        ("{egress: [{}]}", [true, true]),
        ("{policyTypes: []}", [true, false]),
        ("{policyTypes: [Ingress], egress: [{}]}", [true, false]),
        ("{policyTypes: [Egress], ingress: [{}]}", [false, true]),
        ("{policyTypes: [Ingress, Egress]}", [true, true]),
    ];
    for (spec, expected) in cases {
        assert_eq!(isolation(spec), expected, "{spec}");
    }
}

#[test]
fn a_rule_reads_the_peers_of_its_own_direction() {
    let policy = policy(
        "{ingress: [{from: [{podSelector: {}}], to: [{podSelector: {}}]}], egress: [{to: [{}], ports: [{port: web}]}]}",
    );
    assert_eq!((policy.ingress[0].peers.len(), policy.egress[0].peers.len()), (1, 1));
    assert_eq!(policy.egress[0].ports[0].port.as_ref().map(ToString::to_string).as_deref(), Some("web"));
}

#[test]
fn a_null_is_not_there() {
    let manifests = sound(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, labels: null}\nspec:\n  rules: null\n  selector:\n",
    );
    assert_eq!(manifests.authorization_policies[0].spec, AuthorizationPolicy::default());
}

#[test]
fn lists_are_unwrapped_and_other_kinds_are_passed_over() {
    let manifests = sound(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n- {apiVersion: v1, kind: PersistentVolume, metadata: {name: b}}\n- apiVersion: v1\n  kind: PodList\n  items: [{apiVersion: v1, kind: Pod, metadata: {name: c}}]\n---\nsome: thing\n---\n- a\n",
    );
    let names: Vec<_> = manifests.metas().map(|meta| meta.name.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
}

#[test]
fn a_template_is_where_its_kind_keeps_it() {
    let pod = "{metadata: {labels: {app: x}}, spec: {serviceAccountName: y}}";
    let of = |kind: &str, rest: &str| {
        let api = if kind == "Pod" {
            "v1"
        } else if kind.contains("Job") {
            "batch/v1"
        } else {
            "apps/v1"
        };
        let manifests = sound(&format!("{{apiVersion: {api}, kind: {kind}, {rest}}}"));
        let workload = &manifests.workloads[0];
        let label = workload.template.metadata.labels.named("app").map(|value| value.value.clone());
        (label.unwrap_or_default(), workload.service_account().to_owned())
    };
    let expected = ("x".to_owned(), "y".to_owned());
    assert_eq!(of("Deployment", &format!("metadata: {{name: a}}, spec: {{template: {pod}}}")), expected);
    assert_eq!(
        of(
            "CronJob",
            &format!("metadata: {{name: a}}, spec: {{jobTemplate: {{spec: {{template: {pod}}}}}}}")
        ),
        expected
    );
    assert_eq!(of("Pod", "metadata: {name: a, labels: {app: x}}, spec: {serviceAccountName: y}"), expected);
    assert_eq!(of("Job", "metadata: {name: a, labels: {app: x}}"), (String::new(), "default".to_owned()));
}

#[test]
fn what_the_api_server_refuses_is_reported_and_left_out() {
    let (manifests, diagnostics, _) = loaded(
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: a}\nspec: {mtls: {mode: STRICKT}}\n",
    );
    assert!(manifests.peer_authentications.is_empty());
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn an_object_knows_where_it_lives() {
    let manifests = sound(
        "{apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: b}}\n---\n\
         {apiVersion: v1, kind: Service, metadata: {name: c}}\n---\n\
         {apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: d, namespace: e}}\n---\n\
         {apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: f}}\n",
    );
    let ids: Vec<_> = manifests.metas().map(|meta| (meta.id().to_string(), meta.path())).collect();
    let expected = [
        ("Namespace a", "a"),
        ("Service default/c", "default/c"),
        ("CiliumNetworkPolicy e/d", "e/d"),
        ("CiliumClusterwideNetworkPolicy f", "f"),
    ];
    assert_eq!(ids, expected.map(|(id, path)| (id.to_owned(), path.to_owned())));
    assert_eq!(scope("", "Namespace"), Some(Scope::Cluster));
    assert_eq!(scope("", "Service"), Some(Scope::Namespace));
    assert_eq!(scope("example.com", "Service"), None);
}
