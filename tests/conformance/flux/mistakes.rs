//! Trees with one known mistake, each a golden tree with one edit, and what Flux says of them.

use serde_json::{Value, json};

use super::{golden, scenario};
use crate::{
    bench::Bench,
    cluster::Cluster,
    mesh::Mesh,
    platform::{ENTRANCE, stage},
    status,
};

#[test]
fn a_tree_with_one_known_mistake_fails_as_documented() {
    let Some(bench) = Bench::of_all("flux") else { return };
    let cluster = Cluster::start(&bench, "mistakes").with_controllers().with_flux(&[]);
    let mut mesh = Mesh::publish(golden("sre"), cluster);
    for (mistake, made) in [
        ("all in one folder", one_folder as fn(&mut Mesh<'_>) -> String),
        ("a version that the release does not serve", unserved_version),
        ("a broken schema that is not passed over", broken_schema),
        ("a Namespace in two Kustomizations", two_owners),
    ] {
        scenario(&bench, &format!("mistake: {mistake}"), || made(&mut mesh));
        mesh.repository.restore();
    }
}

/// Flux dry-runs every object of a Kustomization before it applies any but cluster-wide ones, so that what brings the kinds
/// waits for objects of these kinds (fluxcd/pkg, `ssa/manager_apply.go`).
fn one_folder(mesh: &mut Mesh<'_>) -> String {
    let list = mesh.tree.profile.path.join("kustomization.yaml");
    let folders = "- control-plane\n  - mesh\n  - ingress\n  - namespaces/team-alpha";
    mesh.repository.edit(&list, "- flux-kustomizations.yaml", folders);
    mesh.revision = mesh.repository.push("All in one folder");
    mesh.enter();
    let message = r#"dry-run failed: no matches for kind ""#;
    says(mesh, &format!("Kustomization {ENTRANCE}"), message);
    assert_eq!(mesh.cluster.list("helmreleases").expect("the kind is known"), [Value::Null; 0]);
    for namespace in ["istio-system", "istio-ingress", "team-alpha"] {
        mesh.cluster.order(&["get", "namespace", namespace]);
    }
    format!("{message}...: only Namespaces are there")
}

/// Istio 1.21 serves PeerAuthentication as `v1beta1` alone.
fn unserved_version(mesh: &mut Mesh<'_>) -> String {
    let file = mesh.tree.profile.path.join("mesh/peer-authentication.yaml");
    mesh.repository.edit(&file, "security.istio.io/v1beta1", "security.istio.io/v1");
    mesh.push("A version that the release does not serve");
    let message = r#"PeerAuthentication/istio-system/default dry-run failed: no matches for kind "PeerAuthentication" in version "security.istio.io/v1""#;
    says(mesh, "Kustomization sre-mesh", message);
    for stage in ["sre-ingress", "sre-namespace-team-alpha"] {
        says(mesh, &format!("Kustomization {stage}"), "dependency 'flux-system/sre-mesh' is not ready");
    }
    format!("{message}; what depends on it waits")
}

/// From 3.18.5 on Helm holds the gateway chart's values against all of its schema, which knows none of them
/// (istio/istio#57354).
fn broken_schema(mesh: &mut Mesh<'_>) -> String {
    let file = mesh.tree.profile.path.join("ingress/helmrelease-gateway.yaml");
    mesh.repository.edit(&file, "    disableSchemaValidation: true\n", "");
    mesh.push("A broken schema that is not passed over");
    let message = "values don't meet the specifications of the schema(s) in the following chart(s):";
    says(mesh, "HelmRelease istio-ingressgateway", message);
    mesh.settled(&["istio-ingressgateway", "sre-ingress"]);
    format!("{message}...; all else is Ready")
}

/// Both Kustomizations apply as the same field manager, so that each apply drops what only the other's file holds.
fn two_owners(mesh: &mut Mesh<'_>) -> String {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-alpha", "labels": {"team": "alpha"}}});
    mesh.repository.write("platform/teams/namespace.yaml", &namespace.to_string());
    mesh.push("A Namespace in two Kustomizations");
    // What was wrong with the gateway is mended, but its stage looks only when it has waited out its time for what was.
    mesh.settled(&["istio-ingressgateway", "sre-ingress"]);
    let labels = |mesh: &mut Mesh<'_>, wanted: &str| {
        status::wait(&mut mesh.cluster, wanted, |cluster, _| {
            let live =
                cluster.order(&["get", "namespace", "team-alpha", "--output", "jsonpath={.metadata.labels}"]);
            if live.contains(wanted) { Ok(live) } else { Err(live) }
        })
    };
    assert!(labels(mesh, "istio-injection").contains("pod-security.kubernetes.io/enforce"));
    mesh.cluster.apply(&[stage(&mesh.tree.profile, "teams", "platform/teams")]);
    let without = labels(mesh, r#""team":"alpha""#);
    assert!(!without.contains("istio-injection") && !without.contains("pod-security"), "{without}");
    for owner in ["teams", "sre-namespace-team-alpha"] {
        says(mesh, &format!("Kustomization {owner}"), "True Applied revision");
    }
    "both are Ready, and the Namespace lost its labels for injection and Pod Security".into()
}

/// Waits until an object of Flux says something.
fn says(mesh: &mut Mesh<'_>, name: &str, message: &str) {
    status::wait(&mut mesh.cluster, &format!("{name} says {message}"), |_, objects| {
        let found = objects.iter().find(|object| status::name(object) == name).ok_or("no such object")?;
        let said = status::state(found);
        if said.contains(message) { Ok(()) } else { Err(said) }
    });
}
