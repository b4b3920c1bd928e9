//! The arrow from a plan to a tree: templates rendered, values merged, on every core.

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use serde_json::Value;

use crate::{
    plan::{File, Role, Values},
    template::Templates,
    tree::Tree,
};

/// The templates, by the name that a plan knows them by.
const TEMPLATES: &[(&str, &str)] = &[
    ("README.md", include_str!("../templates/README.md")),
    ("assumed-workloads.yaml", include_str!("../templates/assumed-workloads.yaml")),
    ("authorization-policies.yaml", include_str!("../templates/authorization-policies.yaml")),
    ("authorization-policy-default.yaml", include_str!("../templates/authorization-policy-default.yaml")),
    ("certificate.yaml", include_str!("../templates/certificate.yaml")),
    ("flux-kustomizations.yaml", include_str!("../templates/flux-kustomizations.yaml")),
    ("gateway.yaml", include_str!("../templates/gateway.yaml")),
    ("helm-repository.yaml", include_str!("../templates/helm-repository.yaml")),
    ("helmrelease.yaml", include_str!("../templates/helmrelease.yaml")),
    ("kustomization.yaml", include_str!("../templates/kustomization.yaml")),
    ("namespaces.yaml", include_str!("../templates/namespaces.yaml")),
    ("network-policies.yaml", include_str!("../templates/network-policies.yaml")),
    ("peer-authentication.yaml", include_str!("../templates/peer-authentication.yaml")),
    ("peer-authentications.yaml", include_str!("../templates/peer-authentications.yaml")),
    ("service-entries.yaml", include_str!("../templates/service-entries.yaml")),
    ("sidecars.yaml", include_str!("../templates/sidecars.yaml")),
    ("telemetry.yaml", include_str!("../templates/telemetry.yaml")),
    ("values/base.yaml", include_str!("../templates/values/base.yaml")),
    ("values/cni.yaml", include_str!("../templates/values/cni.yaml")),
    ("values/gateway.yaml", include_str!("../templates/values/gateway.yaml")),
    ("values/istiod.yaml", include_str!("../templates/values/istiod.yaml")),
    ("virtual-services.yaml", include_str!("../templates/virtual-services.yaml")),
];

/// Renders every file of a plan.
///
/// An error is a fault of ours, in a template or in what the plan gave it: no profile can cause one.
pub fn render(files: &[File]) -> Result<Vec<String>> {
    let templates = templates()?;
    files
        .par_iter()
        .map(|file| text(&templates, file).with_context(|| format!("cannot render `{}`", file.path)))
        .collect()
}

/// Renders a profile to start from.
pub fn starter(context: &Value) -> Result<String> {
    let starter = Templates::new(&[("profile.yaml", include_str!("../templates/profile.yaml"))])?;
    Ok(starter.render("profile.yaml", context)?)
}

fn templates() -> Result<Templates> {
    Templates::new(TEMPLATES).context("a template that we ship is broken")
}

fn text(templates: &Templates, file: &File) -> Result<String> {
    let Some(values) = &file.values else { return Ok(templates.render(file.template, &file.context)?) };
    let mut context = file.context.clone();
    let values = merged(templates, values, &context)?;
    // Flux substitutes variables in the text of an object, whatever field they stand in.
    context["guarded"] = values.to_string().contains("${").into();
    context["values"] = values;
    Ok(templates.render(file.template, &context)?)
}

/// Returns our values with the profile's over them: mappings key by key, all else whole.
fn merged(templates: &Templates, values: &Values, context: &Value) -> Result<Value> {
    let ours = templates.render(values.template, context)?;
    let mut all: Value = yaml_serde::from_str(&ours).context("our own values are no YAML")?;
    if let Some(overlay) = &values.overlay {
        merge(&mut all, serde_json::to_value(overlay)?);
    }
    Ok(all)
}

fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// Joins the manifests of a rendered plan into one YAML stream, each behind a comment that names its file.
pub fn stream(files: &[File], tree: &Tree) -> String {
    let manifests = files.iter().filter(|file| file.role == Role::Manifest);
    let section = |file: &File| {
        let text = tree.get(&file.path).expect("every planned file is in the tree");
        format!("---\n# Source: {}\n{text}", file.path)
    };
    manifests.map(section).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_template_compiles() {
        templates().expect("they compile");
    }

    #[test]
    fn mappings_merge_key_by_key_and_all_else_is_replaced() {
        let mut under = json!({"a": {"b": 1, "c": [1, 2]}, "d": "x"});
        merge(&mut under, json!({"a": {"c": [3], "e": null}, "d": {"f": 1}}));
        assert_eq!(under, json!({"a": {"b": 1, "c": [3], "e": null}, "d": {"f": 1}}));
    }
}
