//! What the rendered admission policies refuse and admit in a real API server: objects that weaken a mesh, what Flux, Helm
//! and istiod write, and the tree itself.

use meshwright::{
    release::{Minor, Patch},
    render,
};
use serde_json::{Value, json};

use super::admission::{Gate, Request, Verdict};
use crate::{
    bench::Bench,
    charts,
    cluster::{self, Cluster},
    support::{self, releases::Releases},
    trees::{self, Golden},
};

const CASES: &str = include_str!("guard.yaml");
/// Who applies the tree of the full profile, and who its charts.
const FLUX: &str = "system:serviceaccount:flux-system:mesh-admin";
const HELM: &str = "system:serviceaccount:flux-system:helm-controller";

#[test]
fn the_rendered_policies_refuse_what_weakens_the_mesh_and_nothing_else() {
    let Some(bench) = Bench::of("apiserver") else { return };
    let tree = guarded(&bench);
    let policies: Vec<Value> = tree.of_kind("ValidatingAdmissionPolicy").cloned().collect();
    let bindings: Vec<Value> = tree.of_kind("ValidatingAdmissionPolicyBinding").cloned().collect();
    let cases = &support::documents(CASES)[0];
    let refused = cases["refused"].as_array().expect("a list");
    let expected: Vec<Verdict> = refused.iter().map(denial).collect();
    let refused: Vec<Request> = refused.iter().map(request).collect();
    let mut admitted: Vec<Request> =
        cases["admitted"].as_array().expect("a list").iter().map(request).collect();
    admitted.extend(written(&bench, &tree));
    let mut gate = Gate::of(cluster_of(&bench, &tree));
    gate.install(&[policies.clone(), bindings].concat());
    assert_eq!(gate.verdicts(&refused), expected);
    assert_eq!(gate.verdicts(&admitted), vec![Verdict::Admitted; admitted.len()]);
    gate.install(&policies);
    assert_eq!(gate.verdicts(&refused), vec![Verdict::Admitted; refused.len()], "nobody binds them");
    bench.compared(
        format!("kube-apiserver {}, our admission policies", gate.version()),
        format!(
            "{} of {} requests refused, none without the bindings",
            refused.len(),
            refused.len() + admitted.len()
        ),
    );
}

/// Renders the full profile for the oldest Kubernetes that refuses by itself.
fn guarded(bench: &Bench) -> Golden {
    let releases = Releases {
        istio: "1.21.1".parse::<Patch>().expect("a patch"),
        kubernetes: "1.30".parse::<Minor>().expect("a minor"),
        flux: "2.4".parse::<Minor>().expect("a minor"),
    };
    let profile = releases.load("full").0.expect("it loads");
    let repository = bench.scratch("guarded");
    support::write(&render::render(&profile).expect("our templates render").tree, &repository);
    trees::read("guarded".to_owned(), profile, repository)
}

/// Starts an API server with the tree's namespaces, the mesh's defaults, and objects that were there before the policies.
fn cluster_of<'a>(bench: &'a Bench, tree: &Golden) -> Cluster<'a> {
    let mut cluster = Cluster::start(bench, "guard");
    cluster.apply_crds();
    let batch = json!({"metadata": {"namespace": "batch"}});
    let namespaces = cluster::namespaces(tree.objects().map(|(_, object)| object).chain([&batch]));
    let accounts = namespaces.iter().map(|namespace| {
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "automountServiceAccountToken": false,
            "metadata": {"name": "default", "namespace": namespace["metadata"]["name"]},
        })
    });
    let defaults = tree.rendered().filter(|(path, _)| path.as_str().contains("/mesh/"));
    let old = [
        json!({"kind": "PeerAuthentication", "in": "shop", "name": "old", "spec": {"mtls": {"mode": "PERMISSIVE"}}}),
        json!({"kind": "Pod", "in": "platform", "name": "old", "containers": ["app"]}),
    ];
    cluster.apply(&namespaces);
    cluster.apply(&accounts.collect::<Vec<_>>());
    cluster
        .apply(&defaults.map(|(_, object)| object.clone()).chain(old.iter().map(object)).collect::<Vec<_>>());
    cluster
}

/// Returns what Flux writes of the tree, and Helm of its charts, less the kinds that are there.
fn written(bench: &Bench, tree: &Golden) -> Vec<Request> {
    let own = tree.rendered().map(|(_, object)| Request::write(object.clone()).by(FLUX));
    let helm =
        tree.of_kind("HelmRelease").flat_map(|release| charts::rendered(bench, "helm3", release, tree));
    let helm = helm.filter(|object| object["kind"] != "CustomResourceDefinition");
    own.chain(helm.map(|object| Request::write(object).by(HELM))).collect()
}

fn request(case: &Value) -> Request {
    let object = object(case);
    let request = if case["delete"] == true {
        Request::delete(object)
    } else if case["status"].is_object() {
        Request::status(object)
    } else {
        Request::write(object)
    };
    match case["user"].as_str() {
        Some(user) => request.by(user),
        None => request,
    }
}

fn denial(case: &Value) -> Verdict {
    let text = |key: &str| case[key].as_str().expect("a refused case says why").to_owned();
    Verdict::Denied { by: format!("prod-{}", text("by")), why: text("says") }
}

/// Returns the object of a case.
fn object(case: &Value) -> Value {
    let version = match case["kind"].as_str().expect("a case has a kind") {
        "PeerAuthentication" | "AuthorizationPolicy" => "security.istio.io/v1beta1",
        "Telemetry" => "telemetry.istio.io/v1alpha1",
        "EnvoyFilter" => "networking.istio.io/v1alpha3",
        "Pod" | "Namespace" => "v1",
        _ => "networking.istio.io/v1beta1",
    };
    let mut metadata = json!({"name": case["name"].as_str().unwrap_or("new")});
    let mut object = json!({"apiVersion": version, "kind": case["kind"]});
    let mut spec = case["spec"].clone();
    if case["in"].is_string() {
        metadata["namespace"] = case["in"].clone();
    }
    for key in ["labels", "annotations"] {
        let is_pod = case["kind"] == "Pod" && key == "annotations" && case["name"].is_null();
        let mut words = if is_pod { injected_annotations() } else { json!({}) };
        for (word, value) in case[key].as_object().into_iter().flatten() {
            words[word] = value.clone();
        }
        metadata[key] = words;
    }
    if case["kind"] == "Pod" && case["status"].is_null() {
        spec = injected_spec(case);
    }
    object["metadata"] = metadata;
    for (key, value) in [("spec", spec), ("status", case["status"].clone())] {
        if !value.is_null() {
            object[key] = value;
        }
    }
    object
}

/// What the injector of 1.21 writes on a pod with CNI (`files/injection-template.yaml` of the istiod chart).
fn injected_annotations() -> Value {
    json!({
        "istio.io/rev": "default",
        "kubectl.kubernetes.io/default-container": "app",
        "sidecar.istio.io/interceptionMode": "REDIRECT",
        "sidecar.istio.io/status": "{}",
        "traffic.sidecar.istio.io/excludeInboundPorts": "15020",
        "traffic.sidecar.istio.io/includeInboundPorts": "*",
        "traffic.sidecar.istio.io/includeOutboundIPRanges": "*",
    })
}

/// Returns the spec of a pod that holds the restricted level, with a case's over it.
fn injected_spec(case: &Value) -> Value {
    let security = json!({
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": true, "runAsUser": 1337, "seccompProfile": {"type": "RuntimeDefault"},
    });
    let mut spec = json!({"containers": ["app", "istio-proxy"]});
    let kinds = ["containers", "initContainers"];
    let own = kinds.iter().filter_map(|kind| Some((*kind, case.get(kind)?)));
    let more = case["spec"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value));
    for (key, value) in own.chain(more) {
        spec[key] = value.clone();
    }
    for kind in kinds {
        let named =
            |name: &Value| json!({"name": name, "image": "none.invalid/none", "securityContext": security});
        if let Some(names) = spec[kind].as_array() {
            spec[kind] = names.iter().map(named).collect();
        }
    }
    spec
}
