//! `networking.istio.io` DestinationRule.

use serde::Deserialize;

use super::{Labels, Word, WorkloadSelector};
use crate::yaml::Spanned;

/// How clients in the mesh speak to a host (`networking/v1alpha3/destination_rule.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DestinationRule {
    /// The host; one without dots is a Service of the rule's own namespace.
    pub host: Option<Word>,
    /// What holds for every port and subset that says nothing else.
    pub traffic_policy: TrafficPolicy,
    /// Parts of the host, by labels.
    pub subsets: Vec<Spanned<Subset>>,
    /// The namespaces whose clients it binds: `.`, `*` or names; where empty, as the mesh config says.
    pub export_to: Vec<Word>,
    /// The clients that it binds, in its own namespace; every one where absent.
    pub workload_selector: Option<WorkloadSelector>,
}

/// The part of a traffic policy that decides the transport.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficPolicy {
    /// The transport; where absent, auto mTLS decides (semantics J09).
    pub tls: Option<Spanned<ClientTls>>,
    /// What holds for single ports instead; nothing of the above holds for a port that has settings of its own.
    pub port_level_settings: Vec<Spanned<PortPolicy>>,
}

/// What holds for one port.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PortPolicy {
    /// The port of the Service.
    pub port: PortSelector,
    /// The transport.
    pub tls: Option<Spanned<ClientTls>>,
}

/// Istio's `PortSelector`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PortSelector {
    /// The port.
    pub number: Option<Spanned<u16>>,
}

/// A part of a host.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subset {
    /// Its name, by which routes mean it.
    pub name: Option<Word>,
    /// The pods.
    pub labels: Labels,
    /// What holds for them instead.
    pub traffic_policy: TrafficPolicy,
}

/// How a client secures a connection.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientTls {
    /// The transport; see [`ClientTls::mode`] for what is true where absent.
    pub mode: Option<Spanned<ClientTlsMode>>,
    /// The file of the certificate that it shows.
    pub client_certificate: Option<Word>,
    /// The file of its key.
    pub private_key: Option<Word>,
    /// The file of the authorities that it trusts; where neither this nor a credential is given, those of the proxy's
    /// image, unless `VERIFY_CERTIFICATE_AT_CLIENT` is off: then any (`cluster_traffic_policy.go` of Istio 1.21.1).
    pub ca_certificates: Option<Word>,
    /// The Secret that holds all of these. A sidecar reads it only by a rule with a workload selector; else its `SIMPLE`
    /// and `MUTUAL` become plaintext (`buildUpstreamClusterTLSContext` in `cluster_tls.go`).
    pub credential_name: Option<Word>,
    /// Whether it takes any certificate; false unless said.
    pub insecure_skip_verify: Option<Spanned<bool>>,
    /// The name that it asks for.
    pub sni: Option<Word>,
    /// The names that it expects.
    pub subject_alt_names: Vec<Word>,
}

/// A transport, as a client chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClientTlsMode {
    /// Plaintext.
    Disable,
    /// TLS without a certificate of its own.
    Simple,
    /// TLS with a certificate that the rule names.
    Mutual,
    /// TLS with the identity that the mesh gave it.
    IstioMutual,
}

/// Which connections of a host a transport is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HostPart<'a> {
    /// The subset; every one where absent.
    pub subset: Option<&'a str>,
    /// The port; every one where absent.
    pub port: Option<u16>,
}

impl DestinationRule {
    /// Returns the transport to a subset, or to the whole host, at a port of its Service; nothing where auto mTLS
    /// decides.
    ///
    /// A port that has settings has nothing else of its level; a subset that says nothing has what the host has
    /// (`MergeSubsetTrafficPolicy` in `pilot/pkg/networking/util/util.go` of Istio 1.21.1).
    pub fn transport(&self, subset: Option<&str>, port: u16) -> Option<&Spanned<ClientTls>> {
        let is_meant = |part: &&Spanned<Subset>| subset.is_some() && part.name() == subset;
        let of_subset = self.subsets.iter().find(is_meant).map(|part| &part.traffic_policy);
        match of_subset.and_then(|policy| policy.settings(port)) {
            Some(settings) => settings.tls.as_ref(),
            None => of_subset.and_then(|policy| policy.tls.as_ref()).or_else(|| self.traffic_policy.at(port)),
        }
    }

    /// Returns each transport that is written, and what it is for: the rule's own, its ports', its subsets' and theirs.
    pub fn transports(&self) -> impl Iterator<Item = (HostPart<'_>, &Spanned<ClientTls>)> {
        let subsets = self.subsets.iter().map(|subset| (subset.name(), &subset.traffic_policy));
        std::iter::once((None, &self.traffic_policy)).chain(subsets).flat_map(|(subset, policy)| {
            let ports = policy.port_level_settings.iter().filter_map(move |settings| {
                let port = settings.port.number.map(|number| number.value);
                settings.tls.as_ref().map(|tls| (HostPart { subset, port }, tls))
            });
            policy.tls.iter().map(move |tls| (HostPart { subset, port: None }, tls)).chain(ports)
        })
    }
}

impl Subset {
    fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.as_str())
    }
}

impl TrafficPolicy {
    /// Returns the transport of a port at this level.
    fn at(&self, port: u16) -> Option<&Spanned<ClientTls>> {
        match self.settings(port) {
            Some(settings) => settings.tls.as_ref(),
            None => self.tls.as_ref(),
        }
    }

    fn settings(&self, port: u16) -> Option<&Spanned<PortPolicy>> {
        let is_for =
            |settings: &&Spanned<PortPolicy>| settings.port.number.is_some_and(|number| number.value == port);
        self.port_level_settings.iter().find(is_for)
    }
}

impl ClientTls {
    /// Returns the transport: plaintext where a block says none, by the zero of the enum.
    pub fn mode(&self) -> ClientTlsMode {
        self.mode.map_or(ClientTlsMode::Disable, |mode| mode.value)
    }

    /// Tells whether it says by what authorities a certificate is verified.
    pub fn names_authorities(&self) -> bool {
        [&self.ca_certificates, &self.credential_name].into_iter().flatten().any(|word| !word.is_empty())
    }

    /// Tells whether it takes any certificate.
    pub fn skips_verification(&self) -> bool {
        self.insecure_skip_verify.is_some_and(|claim| claim.value)
    }
}
