//! A load balancer that never gets an address holds back the gateway's release, and nothing else.

use serde_json::json;

use super::{golden, scenario};
use crate::{
    bench::Bench,
    cluster::Cluster,
    mesh::{Mesh, nothing},
    status,
};

/// Before 2.8, Flux waited as Helm 3 does, for a Service's address; since then kstatus takes such a Service for current,
/// and every other cluster of this tier shows that (helm-controller 1.6.3, `internal/action/wait.go`).
const AS_BEFORE: &[&str] = &["--feature-gates=UseHelm3Defaults=true"];

const SERVICE: [&str; 4] = ["service", "istio-ingressgateway", "--namespace", "istio-ingress"];

#[test]
fn a_pending_load_balancer_holds_back_nothing_but_the_gateway() {
    let Some(bench) = Bench::of_all("flux") else { return };
    scenario(&bench, "a pending load balancer", || {
        let cluster = Cluster::start(&bench, "balancer").with_controllers().with_flux(AS_BEFORE);
        let mut mesh = Mesh::publish(golden("sre"), cluster);
        mesh.enter();
        mesh.settled(&["istio-ingressgateway", "sre-ingress"]);
        status::wait(&mut mesh.cluster, "the gateway is installed", |cluster, _| {
            let said = cluster
                .kubectl(&["get", "deployment", "istio-ingressgateway", "--namespace", "istio-ingress"], "");
            nothing((!said.is_success).then_some(said.err).into_iter())
        });
        mesh.running();
        let objects = mesh.held();
        let given =
            mesh.cluster.order(&[&["get"], &SERVICE[..], &["--output", "jsonpath={.status}"]].concat());
        assert_eq!(given, r#"{"loadBalancer":{}}"#);
        let waits = status::wait(&mut mesh.cluster, "what waits", |_, objects| {
            Ok(objects
                .iter()
                .filter(|object| !status::is_ready(object))
                .map(status::name)
                .collect::<Vec<_>>())
        });
        assert_eq!(waits, ["HelmRelease istio-ingressgateway", "Kustomization sre-ingress"]);

        let address = json!({"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}}).to_string();
        let patch = ["--subresource=status", "--patch", &address];
        mesh.cluster.order(&[&["patch"], &SERVICE[..], &patch].concat());
        mesh.settled(&[]);
        format!(
            "the gateway alone waits, {objects} objects are in place; with an address it is Ready as well"
        )
    });
}
