//! The profile drops a namespace.

use super::{Life, named};

/// A namespace that the profile drops stays with all that runs in it; its policies go.
pub fn happens(life: &mut Life<'_>) -> String {
    let before = life.versions();
    let old = life.become_of(
        "Payments leaves the mesh",
        &[
            ("  # The team's own file: it opens its own workloads, and weakens nothing.\n  - file: teams/payments/mesh.yaml\n", ""),
            ("      - {from: payments/checkout, to: cart, port: grpc}\n", ""),
        ],
    );
    life.mesh.settled(&[]);
    life.mesh.held();
    let after = life.versions();
    let of_payments = |name: &&String| name.contains(" payments/") || *name == "Namespace /payments";
    let (rendered, ran): (Vec<_>, Vec<_>) = before
        .keys()
        .filter(of_payments)
        .partition(|name| named(&old).contains_key(*name) && *name != "Namespace /payments");
    let left: Vec<_> = rendered.iter().filter(|name| after.contains_key(**name)).collect();
    assert!(left.is_empty() && rendered.len() > 5, "policies that are left: {left:?}");
    for name in &ran {
        assert_eq!(after.get(*name), before.get(*name), "{name}");
    }
    assert!(ran.iter().filter(|name| name.starts_with("Pod ")).count() >= 2, "{ran:?}");
    format!(
        "{} objects pruned; the Namespace and {} objects in it, pods among them, as they were",
        rendered.len(),
        ran.len() - 1
    )
}
