//! The table of kinds: which objects are read as what, and where they are kept.

use super::{
    AdminNetworkPolicy, Assumed, AuthorizationPolicy, Bucket, Certificate, ConfigMap,
    CustomResourceDefinition, DestinationRule, EnvoyFilter, FluxKustomization, Gateway, GitRepository,
    HelmRelease, HelmRepository, Ingress, IngressClass, IstioOperator, Meta, Namespace, NetworkPolicy,
    Object, OciRepository, Origin, PeerAuthentication, ProxyConfig, RequestAuthentication, Role, RoleBinding,
    Scope, Secret, Service, ServiceAccount, ServiceEntry, Sidecar, Telemetry, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding, VirtualService, WasmPlugin, WebhookConfiguration, Workload,
    WorkloadEntry, WorkloadGroup, gateway_api, kyverno,
};
use crate::{
    api::{self, Fault},
    diagnostic::Diagnostic,
    yaml::{self, Node, Value},
};

/// A kind that bears on traffic, as it is read.
pub trait Kind: Sized {
    /// Reads what the kind has; a fault where the API server would refuse it.
    fn read(document: &Node) -> Result<Self, Box<Diagnostic>>;
}

/// An object that bears on traffic and that we do not model: whatever its selector could touch is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmodelled;

/// Reads a kind's `spec`; where none is written, an empty one.
macro_rules! in_spec {
    ($($kind:ty),* $(,)?) => {
        $(impl Kind for $kind {
            fn read(document: &Node) -> Result<Self, Box<Diagnostic>> {
                match document.get("spec") {
                    Some(spec) => yaml::read(spec),
                    None => yaml::read(&Node::empty_mapping(document.span)),
                }
            }
        })*
    };
}

in_spec!(
    AuthorizationPolicy,
    Bucket,
    Certificate,
    CustomResourceDefinition,
    DestinationRule,
    EnvoyFilter,
    FluxKustomization,
    Gateway,
    GitRepository,
    HelmRelease,
    HelmRepository,
    Ingress,
    IngressClass,
    IstioOperator,
    Namespace,
    NetworkPolicy,
    OciRepository,
    PeerAuthentication,
    ProxyConfig,
    RequestAuthentication,
    Service,
    ServiceAccount,
    ServiceEntry,
    Sidecar,
    Telemetry,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    VirtualService,
    WasmPlugin,
    WorkloadEntry,
    WorkloadGroup,
    gateway_api::Gateway,
    gateway_api::GatewayClass,
    gateway_api::GrpcRoute,
    gateway_api::HttpRoute,
    gateway_api::ReferenceGrant,
    gateway_api::TcpRoute,
    gateway_api::TlsRoute,
    kyverno::Policy,
    kyverno::PolicyException,
    kyverno::ValidatingPolicy,
);

/// Reads a kind that has no `spec`.
macro_rules! in_whole {
    ($($kind:ty),* $(,)?) => {
        $(impl Kind for $kind {
            fn read(document: &Node) -> Result<Self, Box<Diagnostic>> {
                yaml::read(document)
            }
        })*
    };
}

in_whole!(ConfigMap, Role, RoleBinding, Secret, WebhookConfiguration);

/// Reads a kind that has a way of its own.
macro_rules! by_itself {
    ($($kind:ty),* $(,)?) => {
        $(impl Kind for $kind {
            fn read(document: &Node) -> Result<Self, Box<Diagnostic>> {
                Self::read(document)
            }
        })*
    };
}

by_itself!(AdminNetworkPolicy, Workload);

/// The scope that a line of the table states: a namespace's unless it says `cluster`.
macro_rules! scope {
    () => {
        Scope::Namespace
    };
    (cluster) => {
        Scope::Cluster
    };
}

/// Declares [`Manifests`]: a list for each kind, the groups and names by which it goes, and where its objects live.
macro_rules! kinds {
    ($($(#[$doc:meta])* $list:ident: $kind:ty = $($($scope:ident)? $group:literal / [$($name:literal),+]),+;)*) => {
        /// Every object that bears on traffic, by kind, each in the order in which it was read.
        #[derive(Debug, Clone, Default)]
        pub struct Manifests {
            $($(#[$doc])* pub $list: Vec<Object<$kind>>,)*
            /// What bears on traffic and is not modelled.
            pub unmodelled: Vec<Object<Unmodelled>>,
            /// What the API of any release finds wrong with the structure of an object.
            pub faults: Vec<Fault>,
            /// What a profile assumes of workloads that are shown as well.
            pub assumed: Assumed,
        }

        impl Manifests {
            /// Adds an object. One that the API server would refuse is reported and left out; a document that is no
            /// object, or of a kind that does not bear on traffic, adds nothing.
            pub fn add(&mut self, mut document: Node, origin: &Origin, diagnostics: &mut Vec<Diagnostic>) {
                let text = |key: &str| document.get(key).and_then(Node::text).unwrap_or_default().to_owned();
                let (api_version, kind) = (text("apiVersion"), text("kind"));
                let group = api_version.split_once('/').map_or("", |(group, _)| group);
                self.faults.append(&mut api::faults(&document));
                match (group, kind.as_str()) {
                    $($(($group, $($name)|+) => {
                        drop_nulls(&mut document, HELM_VALUES);
                        let meta = Meta::read(&document, scope!($($scope)?), origin);
                        match meta.and_then(|meta| Ok((meta, <$kind as Kind>::read(&document)?))) {
                            Ok((meta, spec)) => self.$list.push(Object { meta, spec }),
                            Err(fault) => diagnostics.push(*fault),
                        }
                    })+)*
                    (group, kind) if UNMODELLED.contains(&group) => {
                        drop_nulls(&mut document, HELM_VALUES);
                        match Meta::read(&document, unmodelled_scope(kind), origin) {
                            Ok(meta) => self.unmodelled.push(Object { meta, spec: Unmodelled }),
                            Err(fault) => diagnostics.push(*fault),
                        }
                    }
                    _ => {}
                }
            }

            /// Moves everything of `other` behind what is here.
            pub fn append(&mut self, mut other: Self) {
                $(self.$list.append(&mut other.$list);)*
                self.unmodelled.append(&mut other.unmodelled);
                self.faults.append(&mut other.faults);
            }

            /// Returns what every object has, kind by kind.
            pub fn metas(&self) -> impl Iterator<Item = &Meta> {
                std::iter::empty()
                    $(.chain(self.$list.iter().map(|object| &object.meta)))*
                    .chain(self.unmodelled.iter().map(|object| &object.meta))
            }
        }

        /// Returns where objects of a kind live; nothing where neither the table nor the lists below know it.
        pub fn scope(group: &str, kind: &str) -> Option<Scope> {
            match (group, kind) {
                $($(($group, $($name)|+) => Some(scope!($($scope)?)),)+)*
                (group, kind) => UNMODELLED.contains(&group).then(|| unmodelled_scope(kind)),
            }
        }
    };
}

kinds! {
    /// Namespaces.
    namespaces: Namespace = cluster "" / ["Namespace"];
    /// Whatever makes pods.
    workloads: Workload = "" / ["Pod", "ReplicationController"],
        "apps" / ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"],
        "batch" / ["Job", "CronJob"];
    /// Services.
    services: Service = "" / ["Service"];
    /// Accounts.
    service_accounts: ServiceAccount = "" / ["ServiceAccount"];
    /// ConfigMaps.
    config_maps: ConfigMap = "" / ["ConfigMap"];
    /// Secrets.
    secrets: Secret = "" / ["Secret"];
    /// Certificates.
    certificates: Certificate = "cert-manager.io" / ["Certificate"];
    /// NetworkPolicies.
    network_policies: NetworkPolicy = "networking.k8s.io" / ["NetworkPolicy"];
    /// AdminNetworkPolicies, baselines among them, and ClusterNetworkPolicies.
    admin_network_policies: AdminNetworkPolicy = cluster "policy.networking.k8s.io" /
        ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"];
    /// PeerAuthentications.
    peer_authentications: PeerAuthentication = "security.istio.io" / ["PeerAuthentication"];
    /// AuthorizationPolicies.
    authorization_policies: AuthorizationPolicy = "security.istio.io" / ["AuthorizationPolicy"];
    /// RequestAuthentications.
    request_authentications: RequestAuthentication = "security.istio.io" / ["RequestAuthentication"];
    /// DestinationRules.
    destination_rules: DestinationRule = "networking.istio.io" / ["DestinationRule"];
    /// Istio's Gateways.
    gateways: Gateway = "networking.istio.io" / ["Gateway"];
    /// VirtualServices.
    virtual_services: VirtualService = "networking.istio.io" / ["VirtualService"];
    /// ServiceEntries.
    service_entries: ServiceEntry = "networking.istio.io" / ["ServiceEntry"];
    /// Sidecars.
    sidecars: Sidecar = "networking.istio.io" / ["Sidecar"];
    /// WorkloadEntries.
    workload_entries: WorkloadEntry = "networking.istio.io" / ["WorkloadEntry"];
    /// WorkloadGroups.
    workload_groups: WorkloadGroup = "networking.istio.io" / ["WorkloadGroup"];
    /// ProxyConfigs.
    proxy_configs: ProxyConfig = "networking.istio.io" / ["ProxyConfig"];
    /// EnvoyFilters.
    envoy_filters: EnvoyFilter = "networking.istio.io" / ["EnvoyFilter"];
    /// Telemetries.
    telemetries: Telemetry = "telemetry.istio.io" / ["Telemetry"];
    /// WasmPlugins.
    wasm_plugins: WasmPlugin = "extensions.istio.io" / ["WasmPlugin"];
    /// Gateways of the Gateway API.
    gateway_api_gateways: gateway_api::Gateway = "gateway.networking.k8s.io" / ["Gateway"];
    /// Their classes.
    gateway_classes: gateway_api::GatewayClass = cluster "gateway.networking.k8s.io" / ["GatewayClass"];
    /// HTTPRoutes.
    http_routes: gateway_api::HttpRoute = "gateway.networking.k8s.io" / ["HTTPRoute"];
    /// GRPCRoutes.
    grpc_routes: gateway_api::GrpcRoute = "gateway.networking.k8s.io" / ["GRPCRoute"];
    /// TLSRoutes.
    tls_routes: gateway_api::TlsRoute = "gateway.networking.k8s.io" / ["TLSRoute"];
    /// TCPRoutes.
    tcp_routes: gateway_api::TcpRoute = "gateway.networking.k8s.io" / ["TCPRoute"];
    /// ReferenceGrants.
    reference_grants: gateway_api::ReferenceGrant = "gateway.networking.k8s.io" / ["ReferenceGrant"];
    /// Ingresses.
    ingresses: Ingress = "networking.k8s.io" / ["Ingress"];
    /// Their classes.
    ingress_classes: IngressClass = cluster "networking.k8s.io" / ["IngressClass"];
    /// IstioOperators.
    istio_operators: IstioOperator = "install.istio.io" / ["IstioOperator"];
    /// HelmReleases.
    helm_releases: HelmRelease = "helm.toolkit.fluxcd.io" / ["HelmRelease"];
    /// Flux's Kustomizations.
    flux_kustomizations: FluxKustomization = "kustomize.toolkit.fluxcd.io" / ["Kustomization"];
    /// What makes kinds known.
    custom_resource_definitions: CustomResourceDefinition = cluster "apiextensions.k8s.io" / ["CustomResourceDefinition"];
    /// HelmRepositories.
    helm_repositories: HelmRepository = "source.toolkit.fluxcd.io" / ["HelmRepository"];
    /// OCIRepositories.
    oci_repositories: OciRepository = "source.toolkit.fluxcd.io" / ["OCIRepository"];
    /// GitRepositories.
    git_repositories: GitRepository = "source.toolkit.fluxcd.io" / ["GitRepository"];
    /// Buckets.
    buckets: Bucket = "source.toolkit.fluxcd.io" / ["Bucket"];
    /// Policies of the API server's own.
    validating_admission_policies: ValidatingAdmissionPolicy = cluster "admissionregistration.k8s.io" /
        ["ValidatingAdmissionPolicy"];
    /// What makes them hold.
    validating_admission_policy_bindings: ValidatingAdmissionPolicyBinding = cluster "admissionregistration.k8s.io" /
        ["ValidatingAdmissionPolicyBinding"];
    /// Webhooks that change or refuse objects.
    webhook_configurations: WebhookConfiguration = cluster "admissionregistration.k8s.io" /
        ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
    /// Kyverno's policies.
    kyverno_policies: kyverno::Policy = cluster "kyverno.io" / ["ClusterPolicy"], "kyverno.io" / ["Policy"];
    /// What frees objects from them.
    kyverno_exceptions: kyverno::PolicyException = "kyverno.io" / ["PolicyException"];
    /// Kyverno's policies in CEL.
    kyverno_validating_policies: kyverno::ValidatingPolicy = cluster "policies.kyverno.io" / ["ValidatingPolicy"],
        "policies.kyverno.io" / ["NamespacedValidatingPolicy"];
    /// Roles, of a namespace and of the cluster.
    roles: Role = "rbac.authorization.k8s.io" / ["Role"], cluster "rbac.authorization.k8s.io" / ["ClusterRole"];
    /// Who has them.
    role_bindings: RoleBinding = "rbac.authorization.k8s.io" / ["RoleBinding"],
        cluster "rbac.authorization.k8s.io" / ["ClusterRoleBinding"];
}

/// API groups whose every kind bears on traffic, and of which we model none (semantics NP40), or not every kind.
const UNMODELLED: &[&str] = &[
    "cilium.io",
    "crd.projectcalico.org",
    "projectcalico.org",
    "crd.antrea.io",
    "security.istio.io",
    "networking.istio.io",
    "extensions.istio.io",
    "telemetry.istio.io",
    "gateway.networking.k8s.io",
    "gateway.networking.x-k8s.io",
    "policy.networking.k8s.io",
];

/// Their kinds that live in a namespace, by the CRDs of Cilium 1.16, Calico 3.28, Antrea 2.1, Istio 1.30 and Gateway API
/// 1.6. Any other counts as beside all namespaces: it could touch the most.
fn unmodelled_scope(kind: &str) -> Scope {
    match kind {
        "CiliumNetworkPolicy"
        | "CiliumEndpoint"
        | "CiliumEnvoyConfig"
        | "CiliumLocalRedirectPolicy"
        | "CiliumNodeConfig"
        | "CiliumGatewayClassConfig"
        | "NetworkPolicy"
        | "NetworkSet"
        | "StagedNetworkPolicy"
        | "StagedKubernetesNetworkPolicy"
        | "Group"
        | "ExternalNode"
        | "TrafficExtension"
        | "BackendTLSPolicy"
        | "UDPRoute" => Scope::Namespace,
        _ => Scope::Cluster,
    }
}

/// Below these keys a null says something: it takes a chart's default out.
const HELM_VALUES: &[&str] = &["values", "unvalidatedValues"];

/// Takes out keys whose value is null, for to the API server they are not there; but not below `kept` keys.
pub(super) fn drop_nulls(node: &mut Node, kept: &[&str]) {
    match &mut node.value {
        Value::Mapping(entries) => {
            entries.retain(|(_, value)| !value.is_null());
            let is_kept = |key: &Node| key.text().is_some_and(|name| kept.contains(&name));
            let others = entries.iter_mut().filter(|(key, _)| !is_kept(key));
            others.for_each(|(_, value)| drop_nulls(value, kept));
        }
        Value::Sequence(items) => items.iter_mut().for_each(|item| drop_nulls(item, kept)),
        Value::Scalar(_) => {}
    }
}
