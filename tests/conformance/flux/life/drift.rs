//! Somebody edits the cluster.

use serde_json::{Value, json};

use super::Life;
use crate::{cluster::Cluster, mesh::nothing, status};

/// A kind, a namespace and a name.
type Place = [&'static str; 3];

const AUTHORIZATION: &str = "authorizationpolicies.security.istio.io";
const NETWORK: &str = "networkpolicies.networking.k8s.io";

/// What is edited or deleted in the cluster comes back as it was, be it applied by Flux or installed by Helm.
///
/// Not so what a program other than kubectl adds where the tree says nothing: Flux applies as one of several managers of
/// an object's fields, and takes over those of kubectl alone (kustomize-controller 1.9.6,
/// `internal/controller/kustomization_controller.go`, `FieldManagers`; its `--override-manager` names more).
pub fn happens(life: &mut Life<'_>) -> String {
    let edits = edits();
    let cluster = &life.mesh.cluster;
    let before: Vec<Value> =
        edits.iter().map(|(place, _)| seen(cluster, *place).expect("it is there")).collect();
    for ((place, patch), before) in edits.iter().zip(&before) {
        match patch {
            Some(patch) => edit(cluster, *place, patch, "kubectl-edit"),
            None => drop(on(cluster, "delete", *place, &[])),
        }
        assert_ne!(seen(cluster, *place).as_ref(), Ok(before), "{place:?}");
    }
    let silent = [NETWORK, "payments", "default-deny"];
    let unopened = seen(cluster, silent);
    edit(cluster, silent, &anywhere(), "another-program");
    let opened = seen(cluster, silent);

    life.mesh.reconcile("drift");
    status::wait(&mut life.mesh.cluster, "repaired", |cluster, _| {
        let differs = edits.iter().zip(&before).filter_map(|((place, _), before)| {
            let now = seen(cluster, *place);
            (now.as_ref() != Ok(before)).then(|| format!("{place:?}: {now:?}"))
        });
        nothing(differs)
    });
    life.mesh.running();

    let cluster = &life.mesh.cluster;
    assert_eq!(seen(cluster, silent), opened, "Flux has learnt to repair this");
    edit(cluster, silent, &json!({"spec": {"ingress": null}}), "another-program");
    assert_eq!(seen(cluster, silent), unopened);
    format!(
        "{} objects edited or deleted are as they were; a field that another program added stays",
        edits.len()
    )
}

fn edits() -> [(Place, Option<Value>); 8] {
    let nobody = json!({"spec": {"mtls": {"mode": "PERMISSIVE"}}});
    let anybody = json!({"spec": {"rules": [{}]}});
    let anything = json!({"data": {"mesh": "outboundTrafficPolicy: {mode: ALLOW_ANY}"}});
    [
        (["peerauthentications.security.istio.io", "istio-system", "default"], Some(nobody)),
        ([AUTHORIZATION, "istio-system", "default-deny"], Some(anybody.clone())),
        ([AUTHORIZATION, "payments", "workload-ledger"], Some(anybody)),
        ([AUTHORIZATION, "payments", "workload-checkout"], None),
        ([NETWORK, "payments", "workload-ledger"], Some(anywhere())),
        ([NETWORK, "shop", "default-deny"], None),
        (["configmaps", "istio-system", "istio"], Some(anything)),
        (["deployments.apps", "istio-ingress", "istio-ingressgateway"], None),
    ]
}

fn anywhere() -> Value {
    json!({"spec": {"ingress": [{}]}})
}

fn edit(cluster: &Cluster<'_>, place: Place, patch: &Value, manager: &str) {
    let manager = format!("--field-manager={manager}");
    on(cluster, "patch", place, &["--type=merge", "--patch", &patch.to_string(), &manager]);
}

/// Returns what an object says, but for the replicas, which are the autoscaler's.
fn seen(cluster: &Cluster<'_>, [kind, namespace, name]: Place) -> Result<Value, String> {
    let said = cluster.kubectl(&["get", kind, name, "--namespace", namespace, "--output", "json"], "");
    let mut object: Value = serde_json::from_str(&said.out).map_err(|_| said.err)?;
    object["spec"]["replicas"].take();
    Ok(json!([object["spec"], object["data"]]))
}

fn on(cluster: &Cluster<'_>, verb: &str, [kind, namespace, name]: Place, options: &[&str]) -> String {
    cluster.order(&[&[verb, kind, name, "--namespace", namespace], options].concat())
}
