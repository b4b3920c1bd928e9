//! Objects held against the API that defines their kinds: every fault of structure at its place, with the releases that
//! it is a fault in.
//!
//! ```text
//! Node ─ faults ─► [Fault] ─ holds_in(release) ─► those that the chosen release finds
//! ```
//!
//! An object is walked once for all releases: what differs between them is a set of minors beside each fact, so that the
//! release may be known later, or never. Rules in CEL (`x-kubernetes-validations`) and what only code checks are no part
//! of the structure, and nothing is said of them.

mod fault;
mod values;
mod walk;

pub use fault::{Fault, Rule};
pub use values::{ChartSchema, Fate, ValueFault, value_faults};

use crate::{
    diagnostic::Diagnostic,
    release::{ApiVersion, Minors, Product},
    schema::{either, nearest, quoted},
    yaml::Node,
};

/// Where the facts are from.
pub const SOURCE: &str = "release/api, derived from: crd-all.gen.yaml of istio/istio 1.21.6 to 1.30.3; config/crd of fluxcd's \
     controllers up to Flux 2.9.4; config/crd/experimental of kubernetes-sigs/gateway-api 1.0.0 to 1.6.1; \
     applyconfigurations/internal of kubernetes/client-go 0.26.15 to 0.36.3";

/// Returns what is wrong with an object in any release; nothing for a kind that the facts do not hold.
pub fn faults(object: &Node) -> Vec<Fault> {
    judged(object).unwrap_or_default()
}

fn judged(object: &Node) -> Option<Vec<Fault>> {
    let api_version = object.get("apiVersion")?;
    let (group, version) = split(api_version.as_str()?);
    let kind = object.get("kind")?.as_str()?;
    let product = Product::of(group)?;
    let versions = product.api().versions(group, kind)?;
    if is_patch(object) {
        return None;
    }
    let found = versions.iter().find(|known| known.name == version);
    let served = found.map_or(Minors::NONE, |found| found.served);
    let mut faults = Vec::new();
    let unserved = product.api().all().less(served);
    if !unserved.is_empty() {
        faults.push(Fault {
            rule: Rule::VersionNotServed,
            product,
            minors: unserved,
            among: product.api().all(),
            object: object.span,
            diagnostic: not_served(product, versions, found, api_version, (group, version, kind)),
        });
    }
    if let Some(found) = found {
        walk::walk(product, found, object, kind, &mut faults);
        walk::walk_meta(object, &mut faults);
    }
    Some(faults)
}

/// Returns what is wrong with a mesh config, under its fields' JSON names, in any release of Istio.
pub fn mesh_config_faults(config: &Node) -> Vec<Fault> {
    let versions = Product::MeshConfig.api().versions("mesh.istio.io", "MeshConfig");
    let version = &versions.expect("the facts hold the mesh config")[0];
    let mut faults = Vec::new();
    walk::walk_part(Product::MeshConfig, version, config, config.span, "meshConfig", &mut faults);
    faults
}

/// Splits `apps/v1` into group and version; the core group has no name.
fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// What kustomize reads as directions for an edit is no object of its own.
fn is_patch(object: &Node) -> bool {
    let is_direction = |key: &str| key.starts_with("$patch") || key.starts_with("$setElementOrder");
    object.entries().iter().any(|(key, value)| key.text().is_some_and(is_direction) || is_patch(value))
        || object.items().iter().any(is_patch)
}

fn not_served(
    product: Product,
    versions: &[ApiVersion],
    found: Option<&ApiVersion>,
    place: &Node,
    (group, version, kind): (&str, &str, &str),
) -> Diagnostic {
    let (api, name) = (product.api(), product.name());
    let named =
        |version: &str| if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let message = match found {
        Some(_) => format!("this {name} does not serve `{}` for {kind}", named(version)),
        None => format!("no {name} that we know serves `{}` for {kind}", named(version)),
    };
    let fault = |label: String| Diagnostic::error(Rule::VersionNotServed.code(), place.span, message, label);
    let always: Vec<&str> =
        versions.iter().filter(|known| known.served == api.all()).map(|known| known.name).collect();
    let Some(found) = found else {
        let known = || versions.iter().map(|known| known.name);
        return match nearest(version, known()) {
            Some(near) => {
                fault(format!("did you mean `{}`?", named(near))).with_edit(place.span, named(near))
            }
            None => fault(format!("expected {}", either(&quoted(known())))),
        };
    };
    let fault = fault(walk::lifetime(product, found.served));
    match always.first() {
        Some(other) => fault.with_help(format!("`{}` is served by every {name} that we know", named(other))),
        None => fault,
    }
}

#[cfg(test)]
mod tests;
