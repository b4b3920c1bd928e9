//! The arrow from a plan to a tree: templates rendered, values merged, on every core.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    plan::{File, Plan, Reshaped, Role, Values},
    profile::Profile,
    template::Templates,
    tree::Tree,
};

/// The templates, by the name that a plan knows them by.
const TEMPLATES: &[(&str, &str)] = &[
    ("README.md", include_str!("../templates/README.md")),
    ("admission-policies.yaml", include_str!("../templates/admission-policies.yaml")),
    ("assumed-workloads.yaml", include_str!("../templates/assumed-workloads.yaml")),
    ("authorization-policies.yaml", include_str!("../templates/authorization-policies.yaml")),
    ("authorization-policy-default.yaml", include_str!("../templates/authorization-policy-default.yaml")),
    ("certificate.yaml", include_str!("../templates/certificate.yaml")),
    ("flux-kustomizations.yaml", include_str!("../templates/flux-kustomizations.yaml")),
    ("gateway.yaml", include_str!("../templates/gateway.yaml")),
    ("helm-repository.yaml", include_str!("../templates/helm-repository.yaml")),
    ("helmrelease.yaml", include_str!("../templates/helmrelease.yaml")),
    ("kyverno-policies.yaml", include_str!("../templates/kyverno-policies.yaml")),
    ("kustomization.yaml", include_str!("../templates/kustomization.yaml")),
    ("namespaces.yaml", include_str!("../templates/namespaces.yaml")),
    ("network-policies.yaml", include_str!("../templates/network-policies.yaml")),
    ("peer-authentication.yaml", include_str!("../templates/peer-authentication.yaml")),
    ("peer-authentications.yaml", include_str!("../templates/peer-authentications.yaml")),
    ("revision-tags.yaml", include_str!("../templates/revision-tags.yaml")),
    ("service-entries.yaml", include_str!("../templates/service-entries.yaml")),
    ("sidecars.yaml", include_str!("../templates/sidecars.yaml")),
    ("telemetry.yaml", include_str!("../templates/telemetry.yaml")),
    ("values/base.yaml", include_str!("../templates/values/base.yaml")),
    ("values/cni.yaml", include_str!("../templates/values/cni.yaml")),
    ("values/gateway.yaml", include_str!("../templates/values/gateway.yaml")),
    ("values/istiod.yaml", include_str!("../templates/values/istiod.yaml")),
    ("virtual-services.yaml", include_str!("../templates/virtual-services.yaml")),
];

/// Returns a profile's tree, and what each of its files is.
///
/// An error is a fault of ours, in a template or in what the plan gave it: no profile can cause one.
pub fn render(profile: &Profile) -> Result<Rendered> {
    let plan = Plan::new(profile);
    let templates = templates(&plan.globals())?;
    // A part at a time, on every core: contexts are larger than the texts they become.
    let parts: Vec<Vec<(Utf8PathBuf, Role, String)>> = plan
        .parts()
        .into_par_iter()
        .map(|part| plan.files(part).into_iter().map(|file| finished(&templates, file)).collect())
        .collect::<Result<_>>()?;
    let (mut tree, mut roles) = (Tree::new(&profile.path), BTreeMap::new());
    for (path, role, text) in parts.into_iter().flatten() {
        tree.insert(&path, text);
        roles.insert(path.into_string(), role);
    }
    Ok(Rendered { tree, roles })
}

/// A tree, and what each of its files is.
#[derive(Debug)]
pub struct Rendered {
    /// Every file by its path.
    pub tree: Tree,
    roles: BTreeMap<String, Role>,
}

impl Rendered {
    /// Returns what the file at `path` is, if it is one of the tree's.
    pub fn role(&self, path: &Utf8Path) -> Option<Role> {
        self.roles.get(path.as_str()).copied()
    }

    /// Adds what is told of the tree; no manifest, and nothing that the plan knows.
    pub fn add_page(&mut self, name: &str, text: String) {
        let path = self.tree.root().join(name);
        self.tree.insert(&path, text);
        self.roles.insert(path.into_string(), Role::Document);
    }

    /// Joins the manifests into one YAML stream, each behind a comment that names its file.
    pub fn stream(&self) -> String {
        let mut stream = String::new();
        for (path, text) in self.tree.iter().filter(|(path, _)| self.role(path) == Some(Role::Manifest)) {
            stream.extend(["---\n# Source: ", path.as_str(), "\n", text]);
        }
        stream
    }
}

/// Renders a profile to start from.
pub fn starter(context: &Value) -> Result<String> {
    let starter = Templates::new(&[("profile.yaml", include_str!("../templates/profile.yaml"))])?;
    Ok(starter.render("profile.yaml", context)?)
}

fn templates(globals: &Value) -> Result<Templates> {
    let mut templates = Templates::new(TEMPLATES).context("a template that we ship is broken")?;
    templates.set_globals(globals);
    Ok(templates)
}

fn finished(templates: &Templates, mut file: File) -> Result<(Utf8PathBuf, Role, String)> {
    if let Some(values) = &file.values {
        let values = merged(templates, values, &file.context)?;
        // Flux substitutes variables in the text of an object, whatever field they stand in.
        file.context["guarded"] = values.to_string().contains("${").into();
        file.context["values"] = values;
    }
    if let Some(reshaped) = &file.reshaped {
        file.context["objects"] = objects(templates, reshaped, &file.context)?;
    }
    let text = templates
        .render(file.template, &file.context)
        .with_context(|| format!("cannot render `{}`", file.path))?;
    Ok((file.path, file.role, text))
}

/// Returns the objects that another template says, each in the shape that is wanted.
fn objects(templates: &Templates, reshaped: &Reshaped, context: &Value) -> Result<Value> {
    let text = templates.render(reshaped.template, context)?;
    let documents = yaml_serde::Deserializer::from_str(&text).map(Value::deserialize);
    let documents: Vec<Value> = documents.collect::<Result<_, _>>().context("our own objects are no YAML")?;
    Ok(documents.iter().filter_map(reshaped.shape).collect())
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_template_compiles() {
        templates(&json!({})).expect("they compile");
    }

    #[test]
    fn mappings_merge_key_by_key_and_all_else_is_replaced() {
        let mut under = json!({"a": {"b": 1, "c": [1, 2]}, "d": "x"});
        merge(&mut under, json!({"a": {"c": [3], "e": null}, "d": {"f": 1}}));
        assert_eq!(under, json!({"a": {"b": 1, "c": [3], "e": null}, "d": {"f": 1}}));
    }
}
