//! YAML into JSON values, and the few words that every rule needs: namespace, labels, pods.

use serde::Deserialize as _;
use serde_json::Value;

use super::{Cluster, Object, pattern::Truth};

/// A workload's pods: what its template says, under the workload's name (NP38).
#[derive(Debug, Clone, Copy)]
pub struct Pod<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    /// Whether it is a bare Pod, of which there is one, and not a workload's template.
    pub is_single: bool,
    /// Labels and annotations, from the template.
    pub metadata: &'a Value,
    pub spec: &'a Value,
}

/// Where a workload keeps its pod template.
const TEMPLATES: &[(&str, &str)] = &[
    ("Pod", ""),
    ("Deployment", "/spec/template"),
    ("StatefulSet", "/spec/template"),
    ("DaemonSet", "/spec/template"),
    ("ReplicaSet", "/spec/template"),
    ("Job", "/spec/template"),
    ("CronJob", "/spec/jobTemplate/spec/template"),
];

static NULL: Value = Value::Null;

impl Cluster {
    /// Reads manifests; a ConfigMap `istio` of the text gives the mesh configuration.
    ///
    /// # Panics
    ///
    /// If the text is not YAML: whoever asks the judge writes YAML.
    pub fn read(yaml: &str) -> Self {
        let documents = yaml_serde::Deserializer::from_str(yaml);
        Self::of_values(
            documents.map(|document| Value::deserialize(document).expect("the manifests are YAML")),
        )
    }

    /// Takes manifests that are values already.
    pub fn of_values(values: impl IntoIterator<Item = Value>) -> Self {
        let objects: Vec<Object> = values.into_iter().flat_map(unwrapped).map(Object::from).collect();
        let mesh = objects
            .iter()
            .find(|object| object.kind == "ConfigMap" && object.name == "istio")
            .and_then(|map| map["data"]["mesh"].as_str())
            .map(|text| yaml_serde::from_str(text).expect("the mesh configuration is YAML"));
        Self { objects, mesh, release: (21, 1) }
    }

    /// The objects as they were read.
    pub fn values(&self) -> Vec<Value> {
        self.objects.iter().map(|object| object.value.clone()).collect()
    }

    /// Sets what `meshConfig` says, as YAML.
    #[must_use]
    pub fn with_mesh(mut self, yaml: &str) -> Self {
        self.mesh = Some(yaml_serde::from_str(yaml).expect("the mesh configuration is YAML"));
        self
    }

    /// Returns the objects of a kind; the group tells the three kinds that are called NetworkPolicy apart.
    pub fn of<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |object| object.kind == kind && object.group == group)
    }

    /// Returns every workload and bare pod.
    pub fn pods(&self) -> impl Iterator<Item = Pod<'_>> {
        self.objects.iter().filter_map(Object::pod)
    }

    /// Returns the workload or pod called `namespace/name`.
    ///
    /// # Panics
    ///
    /// If there is none: a question about it has no answer.
    pub fn pod(&self, called: &str) -> Pod<'_> {
        let (namespace, name) = called.split_once('/').expect("a pod is called `namespace/name`");
        let mut called_so =
            self.objects.iter().filter(|object| object.namespace == namespace && object.name == name);
        called_so.find_map(Object::pod).unwrap_or_else(|| panic!("no pod is called `{called}`"))
    }

    /// Returns the value of a namespace's label: `Maybe` where the input does not hold the Namespace (NP33, NP34).
    pub fn namespace_label(&self, of: &str, key: &str) -> Result<Option<&str>, Truth> {
        match self.of("", "Namespace").find(|object| object.name == of) {
            Some(object) => Ok(object["metadata"]["labels"][key].as_str()),
            None => Err(Truth::Maybe),
        }
    }

    /// Returns a value of the mesh configuration, or null.
    pub fn mesh_config(&self, key: &str) -> &Value {
        self.mesh.as_ref().map_or(&NULL, |mesh| &mesh[key])
    }

    /// Returns the namespace whose policies hold for the whole mesh.
    pub fn root_namespace(&self) -> &str {
        self.mesh_config("rootNamespace").as_str().unwrap_or("istio-system")
    }

    /// Returns the trust domain and its aliases, its own first.
    pub fn trust_domains(&self) -> Vec<&str> {
        let own = self.mesh_config("trustDomain").as_str().unwrap_or("cluster.local");
        std::iter::once(own).chain(texts(self.mesh_config("trustDomainAliases"))).collect()
    }
}

impl<'a> Pod<'a> {
    pub fn called(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    pub fn label(&self, key: &str) -> Option<&'a str> {
        self.metadata["labels"][key].as_str()
    }

    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        self.metadata["annotations"][key].as_str()
    }

    pub fn is_on_host_network(&self) -> bool {
        self.spec["hostNetwork"] == true
    }

    pub fn service_account(&self) -> &'a str {
        // The older name of the field is still read, if the newer is not written.
        let said = self.spec["serviceAccountName"].as_str().or(self.spec["serviceAccount"].as_str());
        said.filter(|account| !account.is_empty()).unwrap_or("default")
    }

    /// Returns the container ports as (name, protocol, number).
    pub fn ports(&self) -> impl Iterator<Item = (&'a str, &'a str, u64)> {
        list(&self.spec["containers"]).iter().flat_map(|container| list(&container["ports"])).filter_map(
            |port| {
                let protocol = port["protocol"].as_str().unwrap_or("TCP");
                Some((port["name"].as_str().unwrap_or_default(), protocol, port["containerPort"].as_u64()?))
            },
        )
    }

    /// Tells whether Istio's `matchLabels` hold: it reads nothing else of a selector, and nothing selects everything.
    pub fn has_labels(&self, labels: &Value) -> bool {
        labels.as_object().is_none_or(|labels| {
            labels.iter().all(|(key, value)| value.as_str().is_some() && self.label(key) == value.as_str())
        })
    }
}

impl From<Value> for Object {
    fn from(value: Value) -> Self {
        let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let version = said(&value["apiVersion"]);
        let namespace = value["metadata"]["namespace"].as_str().filter(|namespace| !namespace.is_empty());
        Self {
            group: version.split_once('/').map_or("", |(group, _)| group).to_owned(),
            kind: said(&value["kind"]),
            namespace: namespace.unwrap_or("default").to_owned(),
            name: said(&value["metadata"]["name"]),
            value,
        }
    }
}

impl Object {
    fn pod(&self) -> Option<Pod<'_>> {
        let (_, path) = TEMPLATES.iter().find(|(kind, _)| self.kind == *kind)?;
        let template = self.value.pointer(path)?;
        let (metadata, spec) = (&template["metadata"], &template["spec"]);
        Some(Pod { namespace: &self.namespace, name: &self.name, is_single: path.is_empty(), metadata, spec })
    }
}

impl std::ops::Index<&str> for Object {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        &self.value[key]
    }
}

/// Returns a list's items: absent, null and `[]` are the same to the API.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns the strings of a list.
pub fn texts(value: &Value) -> Vec<&str> {
    list(value).iter().filter_map(Value::as_str).collect()
}

fn unwrapped(document: Value) -> Vec<Value> {
    match (document["kind"].as_str(), document["items"].as_array()) {
        (Some(kind), Some(items)) if kind.ends_with("List") => {
            items.iter().cloned().flat_map(unwrapped).collect()
        }
        (Some(_), _) => vec![document],
        (None, _) => Vec::new(),
    }
}
