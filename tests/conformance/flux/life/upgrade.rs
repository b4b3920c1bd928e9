//! The charts are upgraded.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Life;
use crate::{
    cluster::Cluster,
    mesh::nothing,
    status,
    trees::{id, text},
};

/// To a patch, and then over three minors at once, which nobody should: 1.24 is the first whose charts render the CRDs that
/// Helm installed before from their `crds/` and owned not, and Flux takes them over (helm-controller 1.6.3,
/// `internal/action/upgrade.go`, `TakeOwnership`).
const STEPS: [&str; 2] = ["1.21.2", "1.24.0"];

/// New charts are installed, and the gateway's pods are replaced, while those of the teams run on until asked.
pub fn happens(life: &mut Life<'_>) -> String {
    let mut from = "1.21.1";
    let steps = STEPS.map(|to| {
        if !life.bench.chart("base", to).exists() {
            return format!("{to} NOT RUN: its charts could not be had");
        }
        step(life, std::mem::replace(&mut from, to), to)
    });
    let owner = "jsonpath={.metadata.annotations.meta\\.helm\\.sh/release-name}";
    let crd = ["get", "customresourcedefinition", "gateways.networking.istio.io", "--output", owner];
    let expected = if from == "1.24.0" { "istio-base" } else { "" };
    assert_eq!(life.mesh.cluster.order(&crd), expected, "the release that owns a CRD");
    steps.join("; ")
}

fn step(life: &mut Life<'_>, from: &str, to: &str) -> String {
    let before = pods(&life.mesh.cluster).expect("the kind is known");
    life.become_of("Upgrade Istio", &[(&format!("chartVersion: {from}"), &format!("chartVersion: {to}"))]);
    life.mesh.settled(&[]);
    life.mesh.held();
    let releases = life.mesh.cluster.list("helmreleases").expect("the kind is known");
    for release in &releases {
        let latest = &release["status"]["history"][0];
        assert_eq!([text(latest, "/chartVersion"), text(latest, "/status")], [to, "deployed"], "{release}");
    }
    life.mesh.running();
    let after = status::wait(&mut life.mesh.cluster, "the gateway's old pods are gone", |cluster, _| {
        let pods = pods(cluster)?;
        nothing(pods.values().filter(|pod| chart(pod) == Some(from)).map(id))?;
        Ok(pods)
    });
    let is_new = |(uid, pod): &(&String, &Value)| chart(pod) == Some(to) && !before.contains_key(*uid);
    let gateways = after.iter().filter(is_new).count();
    assert!(gateways >= 3, "{gateways} pods of the gateway");
    let teams = of_teams(&after);
    assert_eq!(of_teams(&before), teams);
    let (releases, teams) = (releases.len(), teams.len());
    format!(
        "{releases} releases from {from} to {to}, {gateways} pods of the gateway replaced, {teams} of the teams run on"
    )
}

/// Returns the pods that are not about to end, by their uid.
fn pods(cluster: &Cluster<'_>) -> Result<BTreeMap<String, Value>, String> {
    let stays = |pod: &Value| pod.pointer("/metadata/deletionTimestamp").is_none();
    let pods = cluster.list("pods")?.into_iter().filter(stays);
    Ok(pods.map(|pod| (text(&pod, "/metadata/uid").to_owned(), pod)).collect())
}

/// Returns the version of the charts that a pod of the gateway is of.
fn chart(pod: &Value) -> Option<&str> {
    pod.pointer("/metadata/annotations/meshwright~1chart-version")?.as_str()
}

fn of_teams(pods: &BTreeMap<String, Value>) -> Vec<&String> {
    let teams = ["payments", "shop", "platform"];
    let of_teams = pods.iter().filter(|(_, pod)| teams.contains(&text(pod, "/metadata/namespace")));
    of_teams.map(|(uid, _)| uid).collect()
}
