//! What holds for the whole mesh, as far as the manifests install a control plane.

use std::collections::BTreeSet;

use super::Truth;
use crate::{
    manifest::{
        HelmRelease, Manifests, MeshConfig, Object, Word,
        istio_values::{IstioChart, IstiodValues},
    },
    source::{Sources, Span},
    yaml::Node,
};

/// The parts of the mesh configuration, and of what the injector was installed with, that everything else depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where policies speak for the whole mesh (`meshConfig.rootNamespace`).
    pub root_namespace: String,
    /// The first part of every identity (`meshConfig.trustDomain`).
    pub trust_domain: String,
    /// The release of Istio as minor and patch of 1.x: some fields and quotings depend on it (semantics AP34).
    pub release: (u32, u32),
    /// The revisions and tags whose injector is installed, `default` among them where there is one; none where the
    /// manifests hold no control plane.
    pub revisions: Option<BTreeSet<String>>,
    /// Whether namespaces without a label are injected (`sidecarInjectorWebhook.enableNamespacesByDefault`).
    pub enables_namespaces_by_default: bool,
    /// Inbound ports that no sidecar captures (`global.proxy.excludeInboundPorts`).
    pub exclude_inbound_ports: String,
    /// The only inbound ports that sidecars capture; `*` is every one (`global.proxy.includeInboundPorts`).
    pub include_inbound_ports: String,
    /// What the control plane that is read was installed with.
    pub control_plane: IstiodValues,
    /// What it says of the mesh.
    pub mesh: MeshConfig,
    /// Where the mesh config stands; none where nothing says it.
    pub place: Option<Span>,
    /// What else may say something of it that is not shown: values from elsewhere.
    pub unread: Option<Span>,
}

impl Default for Config {
    /// Returns what the charts of the newest release install unless told otherwise.
    fn default() -> Self {
        Self {
            root_namespace: "istio-system".to_owned(),
            trust_domain: "cluster.local".to_owned(),
            release: (30, 3),
            revisions: None,
            enables_namespaces_by_default: false,
            exclude_inbound_ports: String::new(),
            include_inbound_ports: "*".to_owned(),
            control_plane: IstiodValues::default(),
            mesh: MeshConfig::default(),
            place: None,
            unread: None,
        }
    }
}

impl Config {
    /// Tells whether the release quotes names before it makes regular expressions of them (semantics 3.6).
    pub fn quotes_names(&self) -> bool {
        match self.release {
            (minor, _) if minor >= 30 => true,
            (29, patch) => patch >= 3,
            (28, patch) => patch >= 7,
            _ => false,
        }
    }

    /// Tells whether the release knows `{*}` and `{**}` in paths.
    pub fn has_path_templates(&self) -> bool {
        self.release.0 >= 22
    }

    /// Tells whether the release knows `targetRefs`; before, the API server prunes them, and what has them is for all.
    pub fn has_target_refs(&self) -> bool {
        self.release.0 >= 22
    }

    /// Tells whether the release knows `serviceAccounts` of a source.
    pub fn has_service_accounts(&self) -> bool {
        self.release.0 >= 25
    }

    /// Tells whether the release knows `trustDomains` of a source.
    pub fn has_trust_domains(&self) -> bool {
        self.release >= (30, 2)
    }

    /// Tells whether `request.auth.audiences` holds for one of a token's several audiences; before 1.21.3 it compares a
    /// string, which a list is not (istio/istio#50843; `requestAudiencesGenerator` of `authz/model/generator.go`).
    pub fn compares_audience_lists(&self) -> bool {
        self.release >= (21, 3)
    }

    /// Tells whether the injector takes `yes`, `on` and `True` for `true`, and any other word for `false`; from 1.27.0 on only
    /// `true` and `false` decide, and any other word is as none.
    pub fn reads_words_for_injection(&self) -> bool {
        self.release.0 < 27
    }

    /// Tells whether all of the mesh config is shown.
    pub fn knows_mesh(&self) -> bool {
        (self.revisions.is_some() || self.place.is_some()) && self.unread.is_none()
    }

    /// Returns every name of the mesh's trust domain, its own first.
    pub fn trust_domains(&self) -> impl Iterator<Item = &str> {
        let aliases = self.mesh.trust_domain_aliases.iter().map(|alias| &***alias);
        std::iter::once(self.trust_domain.as_str()).chain(aliases)
    }

    /// Tells whether the trust domain of a principal stands for the mesh's own and its aliases: one of them by name or
    /// pattern, or `cluster.local` (`ReplaceTrustDomainAliases` in `pilot/pkg/security/trustdomain/bundle.go`@1.21.1).
    pub fn is_own_trust_domain(&self, domain: &str) -> bool {
        domain == "cluster.local" || self.trust_domains().any(|name| is_like(domain, name))
    }

    /// Reads the control planes that the manifests install: the revisions of all, everything else of the first. Where no
    /// HelmRelease installs one, an IstioOperator may; and what is shown of a running one, its ConfigMap and the webhook of
    /// its injector, as `helm template` prints them or a cluster holds them.
    ///
    /// Values or a mesh config that cannot be read are lost as a whole, as they are for istiod, and the defaults hold.
    pub fn found_in(manifests: &Manifests, sources: &Sources) -> Self {
        let mut config = Self::default();
        for release in control_planes(manifests) {
            let values = IstiodValues::read(release.values.as_ref()).unwrap_or_default();
            config.install(values, |config, values| config.read_release(release, values));
        }
        if config.revisions.is_none() {
            for operator in &manifests.istio_operators {
                config.install(operator.charts_values(), |config, values| {
                    config.read_values(values, operator.mesh_config().unwrap_or_default());
                    config.place = operator.mesh_config.as_ref().map(Node::head);
                });
            }
        }
        if config.place.is_none() {
            config.read_config_map(manifests, sources);
        }
        config.add_webhooks(manifests);
        config
    }

    /// Adds a control plane's names; what it says otherwise counts if it is the first.
    fn install(&mut self, values: IstiodValues, read: impl FnOnce(&mut Self, IstiodValues)) {
        let is_first = self.revisions.is_none();
        let revisions = self.revisions.get_or_insert_default();
        revisions.insert(values.revision().to_owned());
        revisions.extend(values.revision_tags.iter().map(|tag| tag.value.clone()));
        if is_first {
            read(self, values);
        }
    }

    fn read_release(&mut self, release: &Object<HelmRelease>, values: IstiodValues) {
        let version = release.chart.as_ref().and_then(|chart| chart.spec.version.as_ref());
        self.release = version.and_then(|version| minor_and_patch(version)).unwrap_or(self.release);
        self.place = values.mesh_config.as_ref().map(Node::head);
        self.unread = release.values_from.first().map(|from| from.span);
        let mesh = values.mesh_config().unwrap_or_default();
        self.read_values(values, mesh);
    }

    fn read_values(&mut self, values: IstiodValues, mesh: MeshConfig) {
        let or = |word: &Option<Word>, default: &str| {
            word.as_ref().map_or(default, |word| word.as_str()).to_owned()
        };
        self.exclude_inbound_ports = or(&values.global.proxy.exclude_inbound_ports, "");
        self.include_inbound_ports = or(&values.global.proxy.include_inbound_ports, "*");
        let by_default = values.sidecar_injector_webhook.enable_namespaces_by_default;
        self.enables_namespaces_by_default = by_default.is_some_and(|claim| claim.value.0);
        self.read_mesh(mesh, values.istio_namespace());
        self.control_plane = values;
    }

    /// The chart writes root namespace and trust domain beside the mesh config that it is told (`configmap.yaml`).
    fn read_mesh(&mut self, mesh: MeshConfig, namespace: &str) {
        let root = mesh.root_namespace.as_ref().map_or(namespace, |root| root);
        root.clone_into(&mut self.root_namespace);
        mesh.trust_domain().clone_into(&mut self.trust_domain);
        self.mesh = mesh;
    }

    /// Reads the ConfigMap that istiod reads; that of the default revision first.
    fn read_config_map(&mut self, manifests: &Manifests, sources: &Sources) {
        let found = manifests.config_maps.iter().filter(|map| map.mesh_config().is_some());
        let Some(map) = found.min_by_key(|map| map.meta.name.value != "istio") else { return };
        let text = map.mesh_config().expect("only those with a mesh config are left");
        self.place = Some(text.span);
        self.read_mesh(MeshConfig::read_text(sources, text).unwrap_or_default(), map.meta.namespace());
    }

    /// Adds what the webhooks of injectors are named by: a revision's own, and its tags
    /// (`manifests/charts/istio-control/istio-discovery/templates/{mutatingwebhook,revision-tags}.yaml` of 1.21.1). A tag
    /// alone shows no control plane.
    fn add_webhooks(&mut self, manifests: &Manifests) {
        let injectors = || {
            let hooks = manifests.webhook_configurations.iter();
            hooks
                .map(|hook| &hook.meta.labels)
                .filter(|labels| labels.named("app").is_some_and(|app| app.value == "sidecar-injector"))
        };
        for labels in injectors().filter(|labels| labels.named("istio.io/tag").is_none()) {
            let revision = labels.named("istio.io/rev").map_or("default", |revision| revision);
            self.revisions.get_or_insert_default().insert(revision.to_owned());
        }
        let tags = injectors().filter_map(|labels| labels.named("istio.io/tag"));
        if let Some(revisions) = &mut self.revisions {
            revisions.extend(tags.map(|tag| tag.value.clone()));
        }
    }

    /// Tells whether a revision or tag has an injector; unknown where the manifests hold no control plane.
    pub fn has_revision(&self, name: &str) -> Truth {
        match &self.revisions {
            Some(known) => known.contains(name).into(),
            None => Truth::Unknown,
        }
    }
}

/// As `stringMatch` of `pilot/pkg/security/trustdomain/util.go`@1.21.1: either may have a star at an end.
fn is_like(a: &str, b: &str) -> bool {
    let prefix = |a: &str, b: &str| b.strip_suffix('*').is_some_and(|prefix| a.starts_with(prefix));
    let suffix = |a: &str, b: &str| b.strip_prefix('*').is_some_and(|suffix| a.ends_with(suffix));
    a == b || b == "*" || prefix(a, b) || prefix(b, a) || suffix(a, b) || suffix(b, a)
}

/// Reads the release of Istio that a chart's version names; nothing for a range.
fn minor_and_patch(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("1.")?.splitn(2, '.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Returns what installs an istiod.
pub fn control_planes(manifests: &Manifests) -> impl Iterator<Item = &Object<HelmRelease>> {
    releases(manifests, IstioChart::Istiod)
}

/// Returns the releases of a chart of Istio's.
pub fn releases(manifests: &Manifests, chart: IstioChart) -> impl Iterator<Item = &Object<HelmRelease>> {
    manifests.helm_releases.iter().filter(move |release| chart_of(release) == Some(chart))
}

/// Returns the chart of Istio's that a release installs, by its name or by the name of the source that is one.
pub fn chart_of(release: &HelmRelease) -> Option<IstioChart> {
    let by_source = || {
        let source = release.chart_ref.as_ref()?;
        IstioChart::named(source.name.rsplit(['/', '-']).next()?)
    };
    release.istio_chart().or_else(by_source)
}
