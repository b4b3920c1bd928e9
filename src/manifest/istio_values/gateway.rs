//! Values of the gateway chart.

use serde::Deserialize;

use super::{Environment, Truth, read};
use crate::{
    diagnostic::Diagnostic,
    manifest::{Labels, PortName, ServicePort, Word, meta::said},
    yaml::{Node, Spanned},
};

/// What the gateway chart is told (`manifests/charts/gateway/values.yaml`, 1.21.1 to 1.30.3).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayValues {
    /// The name of everything; that of the release unless said.
    pub name: Option<Word>,
    /// The revision whose proxy it runs.
    pub revision: Option<Word>,
    /// Its Service.
    pub service: GatewayService,
    /// Its account.
    pub service_account: GatewayAccount,
    /// Labels of its pods and objects; `app` and `istio` are what it is selected by.
    pub labels: Labels,
    /// Annotations of its objects.
    pub annotations: Labels,
    /// Annotations of its pods, besides the chart's own.
    pub pod_annotations: Labels,
    /// Variables of the proxy's environment.
    pub env: Environment,
    /// The network that it leads to from others; then it has the ports of an east-west gateway.
    pub network_gateway: Option<Word>,
    /// Containers beside the proxy, as they are written.
    pub additional_containers: Vec<Node>,
}

/// The Service of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayService {
    /// How it is reached: `LoadBalancer` unless said, and `None` for no Service.
    pub r#type: Option<Word>,
    /// Its ports; see [`GatewayValues::ports`].
    pub ports: Option<Vec<Spanned<ServicePort>>>,
    /// Its annotations.
    pub annotations: Labels,
    /// Addresses at which every node takes its traffic.
    #[serde(rename = "externalIPs")]
    pub external_ips: Vec<Word>,
    /// The clients that a load balancer lets in; everybody where empty.
    pub load_balancer_source_ranges: Vec<Word>,
    /// `Local` keeps the client's address.
    pub external_traffic_policy: Option<Word>,
    /// Whether a load balancer opens node ports as well; true unless said.
    pub allocate_load_balancer_node_ports: Option<Spanned<Truth>>,
}

/// The account of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GatewayAccount {
    /// Whether the chart makes it; true unless said.
    pub create: Option<Spanned<Truth>>,
    /// Its name.
    pub name: Option<Word>,
}

/// A port of a gateway's Service, and the port of its pods that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayPort {
    /// The port at which clients find it.
    pub port: u16,
    /// The port of the pods.
    pub target: PortName,
}

impl GatewayValues {
    /// Reads what a release tells the chart.
    pub fn read(values: Option<&Node>) -> Result<Self, Box<Diagnostic>> {
        read(values)
    }

    /// Returns the name of its Deployment and Service, where the release is called `release` (`gateway.name`).
    pub fn name<'a>(&'a self, release: &'a str) -> &'a str {
        said(self.name.as_ref()).unwrap_or(release)
    }

    /// Returns the values of the labels `app` and `istio` of its pods, which its Service selects (`gateway.selectorLabels`).
    pub fn selector_labels<'a>(&'a self, release: &'a str) -> [(&'static str, &'a str); 2] {
        let name = self.name(release);
        let label = |key| self.labels.named(key).map(|value| value.as_str());
        let istio = label("istio").unwrap_or_else(|| name.strip_prefix("istio-").unwrap_or(name));
        [("app", label("app").unwrap_or(name)), ("istio", istio)]
    }

    /// Returns the account that it runs as (`gateway.serviceAccountName`).
    pub fn service_account<'a>(&'a self, release: &'a str) -> &'a str {
        let is_made = self.service_account.create.is_none_or(|truth| truth.value.0);
        let otherwise = if is_made { self.name(release) } else { "default" };
        said(self.service_account.name.as_ref()).unwrap_or(otherwise)
    }

    /// Returns how its Service is reached; `None` for no Service.
    pub fn service_type(&self) -> &str {
        self.service.r#type.as_ref().map_or("LoadBalancer", |name| name.as_str())
    }

    /// Returns the ports of its Service: those of an east-west gateway where it leads to a network, else those that are
    /// written, else 15021, 80 and 443 (`service.yaml`, `values.yaml`).
    pub fn ports(&self) -> Vec<GatewayPort> {
        let same = |port: u16| GatewayPort { port, target: PortName::Number(port.into()) };
        match (&self.service.ports, said(self.network_gateway.as_ref())) {
            (_, Some(_)) => [15021, 15443, 15012, 15017].map(same).into(),
            (None, None) => [15021, 80, 443].map(same).into(),
            (Some(ports), None) => ports.iter().map(|port| port_of(port)).collect(),
        }
    }
}

fn port_of(written: &ServicePort) -> GatewayPort {
    let port = written.port.value;
    let target = written.target_port.as_ref().map(|target| target.value.clone());
    GatewayPort { port, target: target.unwrap_or(PortName::Number(port.into())) }
}
