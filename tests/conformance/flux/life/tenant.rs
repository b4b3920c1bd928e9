//! A team breaks its own folder.

use super::{Life, differing};
use crate::status;

/// What a team breaks in its own folder says so, and holds back nobody else.
pub fn happens(life: &mut Life<'_>) -> String {
    let path = &life.mesh.tree.profile.path;
    let (broken, sound) = (
        path.join("namespaces/payments/authorization-policies.yaml"),
        path.join("namespaces/shop/namespace.yaml"),
    );
    let before = life.versions();
    life.mesh.repository.edit(&broken, "  action: ALLOW\n", "  action: ALOW\n");
    life.mesh.repository.edit(
        &sound,
        "    istio-injection: enabled\n",
        "    istio-injection: enabled\n    team: shop\n",
    );
    life.mesh.push("A broken tenant, and a change of another");
    life.mesh.settled(&["prod-namespace-payments"]);
    let said = status::wait(&mut life.mesh.cluster, "the broken one says so", |_, objects| {
        let broken = objects
            .iter()
            .find(|object| status::name(object) == "Kustomization prod-namespace-payments")
            .ok_or("gone")?;
        let said = status::state(broken);
        if said.starts_with("False ") && said.contains("ALOW") { Ok(said) } else { Err(said) }
    });
    assert_eq!(differing(&before, &life.versions()), ["Namespace /shop"]);
    life.mesh.repository.edit(&broken, "  action: ALOW\n", "  action: ALLOW\n");
    life.mesh.repository.edit(&sound, "    team: shop\n", "");
    life.mesh.push("Mended");
    life.mesh.settled(&[]);
    let said = said.lines().next().unwrap_or_default();
    format!("the others are Ready at the new revision; it says: {said}")
}
