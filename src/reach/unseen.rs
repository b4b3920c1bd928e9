//! Pods that the manifests do not show, so that "who else could" is answered: any pod at all, and whoever policies name.
//!
//! A policy that names a scraper of another repository's namespace opens something to it, whether or not its Deployment
//! was read. Each such end is one pod, with the fewest labels that its policy asks for.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
};

use crate::{
    manifest::{AuthorizationPolicy, LabelSelector, NetworkPolicy, Object, Operator, Peer, Word},
    mesh::{Mesh, NAME, NamespaceId, Pod, Scope, Truth},
};

/// A pod that the manifests do not show, and that somebody could start or has started.
///
/// No policy restricts what it sends, which is the worst case: it stands for whoever else could call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// Where it lives.
    pub place: Place,
    /// What it carries.
    pub labels: BTreeMap<String, String>,
    /// The account that it runs as.
    pub account: String,
    /// Whether it has a sidecar, and with it a certificate of its account.
    pub is_meshed: bool,
}

/// Where a pod lives that the manifests do not show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A namespace by name; what the manifests do not tell of its labels is unknown (semantics NP34).
    Named(String),
    /// Some namespace that nothing names, with these labels and no others.
    Other(BTreeMap<String, String>),
}

/// The account of a pod that names none.
const DEFAULT: &str = "default";

impl Unseen {
    /// Returns any pod, with a sidecar and without, and whoever the policies of a mesh name and nobody shows.
    pub fn all(mesh: &Mesh<'_>) -> Vec<Self> {
        let anybody = [true, false].map(|is_meshed| Self::anybody(mesh, is_meshed));
        let named: BTreeSet<Self> = Named::new(mesh).all();
        let others = named.into_iter().filter(|unseen| !anybody.contains(unseen));
        anybody.iter().cloned().chain(others).collect()
    }

    /// Returns any pod of a namespace that nothing names or selects, with a sidecar or without.
    pub fn anybody(mesh: &Mesh<'_>, is_meshed: bool) -> Self {
        let (place, labels) = (elsewhere(mesh, BTreeMap::new()), BTreeMap::new());
        Self { place, labels, account: DEFAULT.to_owned(), is_meshed }
    }

    /// Tells whether it stands for any pod of a namespace that nothing names or selects.
    pub fn is_anybody(&self) -> bool {
        let is_plain = |labels: &BTreeMap<String, String>| labels.keys().all(|key| key == NAME);
        self.labels.is_empty() && matches!(&self.place, Place::Other(labels) if is_plain(labels))
    }

    /// Tells whether it runs as another account than the default, which a policy has to name.
    pub(super) fn has_account(&self) -> bool {
        self.account != DEFAULT
    }

    pub(super) fn home(&self, mesh: &Mesh<'_>) -> Option<NamespaceId> {
        match &self.place {
            Place::Named(name) => mesh.namespace_id(name),
            Place::Other(_) => None,
        }
    }

    /// Tells whether a selector wants its namespace.
    pub(super) fn is_in_selected(&self, mesh: &Mesh<'_>, selector: &LabelSelector) -> Truth {
        self.place.is_selected(mesh, selector)
    }

    /// Tells whether a selector wants its labels.
    pub(super) fn is_selected(&self, selector: &LabelSelector) -> bool {
        selector.matches(|key| self.labels.get(key).map(String::as_str))
    }

    /// Returns the namespace's name; `*`, which no namespace is called, where it has none.
    pub fn namespace(&self) -> &str {
        match &self.place {
            Place::Named(name) => name,
            Place::Other(labels) => labels.get(NAME).map_or("*", String::as_str),
        }
    }
}

impl Place {
    fn is_selected(&self, mesh: &Mesh<'_>, selector: &LabelSelector) -> Truth {
        match self {
            Self::Named(name) => {
                let shown = mesh.namespace(name).cloned();
                shown.unwrap_or(Scope { name, object: None }).is_selected_by(selector)
            }
            Self::Other(labels) => selector.matches(|key| labels.get(key).map(String::as_str)).into(),
        }
    }
}

/// Returns a namespace with some labels that no object names.
fn elsewhere(mesh: &Mesh<'_>, mut labels: BTreeMap<String, String>) -> Place {
    let mut name = "elsewhere".to_owned();
    while mesh.namespace_id(&name).is_some() {
        name += "-else";
    }
    labels.entry(NAME.to_owned()).or_insert(name);
    Place::Other(labels)
}

/// Finds those whom policies name and nobody shows.
struct Named<'a, 'm> {
    mesh: &'a Mesh<'m>,
    found: BTreeSet<Unseen>,
}

impl<'a, 'm> Named<'a, 'm> {
    fn new(mesh: &'a Mesh<'m>) -> Self {
        Self { mesh, found: BTreeSet::new() }
    }

    /// Looks at each pod with policies of its own: whom those of packets let through may be whom those of requests name.
    fn all(mut self) -> BTreeSet<Unseen> {
        let mut known = HashSet::<(Vec<usize>, Vec<usize>)>::new();
        for pod in self.mesh.pods() {
            let (network, requests) = (self.mesh.network_policies_of(pod), self.mesh.authorization_of(pod));
            let key = (
                network.iter().map(|one| place(*one)).collect(),
                requests.iter().map(|one| place(*one)).collect(),
            );
            if known.insert(key) {
                self.toward(pod);
            }
        }
        self.found
    }

    fn toward(&mut self, pod: &Pod<'m>) {
        let mesh = self.mesh;
        let policies = mesh.network_policies_of(pod).iter();
        let peers: Vec<(&Object<NetworkPolicy>, &Peer)> = policies
            .flat_map(|policy| {
                let rules = policy.ingress.iter().chain(&policy.egress);
                rules.flat_map(|rule| &rule.peers).map(move |peer| (*policy, &peer.value))
            })
            .filter(|(_, peer)| peer.ip_block.is_none())
            .collect();
        let claims: BTreeSet<(String, Option<String>)> =
            mesh.authorization_of(pod).iter().flat_map(|policy| claims(policy)).collect();
        let claims: Vec<(Place, String)> = claims.iter().filter_map(|claim| self.unshown(claim)).collect();
        for (place, account) in &claims {
            self.add(place.clone(), BTreeMap::new(), account, true);
        }
        for (policy, peer) in peers {
            let Some(labels) = peer.pod_selector.as_ref().map_or(Some(BTreeMap::new()), least) else {
                continue;
            };
            for place in self.places(policy, peer) {
                self.add(place.clone(), labels.clone(), DEFAULT, false);
                self.add(place, labels.clone(), DEFAULT, true);
            }
            for (place, account) in &claims {
                let is_meant = match (&peer.namespace_selector, place) {
                    (None, Place::Named(name)) => (name == policy.meta.namespace()).into(),
                    (None, Place::Other(_)) => Truth::No,
                    (Some(selector), place) => place.is_selected(mesh, selector),
                };
                if is_meant.is_possible() {
                    self.add(place.clone(), labels.clone(), account, true);
                }
            }
        }
    }

    fn add(&mut self, place: Place, labels: BTreeMap<String, String>, account: &str, is_meshed: bool) {
        self.found.insert(Unseen { place, labels, account: account.to_owned(), is_meshed });
    }

    /// Returns the namespaces in which a peer means pods, but for those that show such pods.
    fn places(&self, policy: &Object<NetworkPolicy>, peer: &Peer) -> Vec<Place> {
        static EVERY: LabelSelector = LabelSelector::EVERYTHING;
        let pods = peer.pod_selector.as_ref().unwrap_or(&EVERY);
        let is_shown = |name: &str| !self.mesh.selected(Some(name), pods).is_empty();
        let unshown = |namespaces: Vec<&str>| -> Vec<Place> {
            let unshown = namespaces.into_iter().filter(|name| !is_shown(name));
            unshown.map(|name| Place::Named(name.to_owned())).collect()
        };
        let Some(selector) = &peer.namespace_selector else { return unshown(vec![policy.meta.namespace()]) };
        let named = names(selector);
        if !named.is_empty() {
            return unshown(named);
        }
        let selected =
            self.mesh.namespaces_selected_by(selector).into_iter().filter(|(_, is)| is.is_certain());
        let selected: Vec<&str> = selected.map(|(id, _)| self.mesh.scope(id).name).collect();
        if selector.is_empty() || selected.is_empty() {
            return least(selector).map(|labels| elsewhere(self.mesh, labels)).into_iter().collect();
        }
        unshown(selected)
    }

    /// Returns where somebody lives who is named by namespace, or by account as well, unless a pod is shown that is meant.
    fn unshown(&self, (namespace, account): &(String, Option<String>)) -> Option<(Place, String)> {
        let mut shown = self.mesh.pods_in(namespace);
        let is_meant =
            |pod: &Pod<'_>| account.as_ref().is_none_or(|account| pod.workload.service_account() == account);
        let account = account.clone().unwrap_or_else(|| DEFAULT.to_owned());
        (!shown.any(is_meant)).then(|| (Place::Named(namespace.clone()), account))
    }
}

/// Where an object stands, which tells it from others of the same name.
fn place<K>(object: &Object<K>) -> usize {
    std::ptr::from_ref(object).addr()
}

/// Returns the namespaces that a selector names.
fn names(selector: &LabelSelector) -> Vec<&str> {
    let label = selector.match_labels.named(NAME).map(|name| name.as_str());
    let listed = selector
        .match_expressions
        .iter()
        .filter(|requirement| requirement.key.as_str() == NAME && requirement.operator.value == Operator::In);
    label
        .into_iter()
        .chain(listed.flat_map(|requirement| requirement.values.iter().map(|value| value.as_str())))
        .collect()
}

/// Returns the fewest labels that a selector wants; nothing where it contradicts itself.
fn least(selector: &LabelSelector) -> Option<BTreeMap<String, String>> {
    let stated = selector.match_labels.iter().map(|(key, value)| (key.value.clone(), value.value.clone()));
    let mut labels: BTreeMap<String, String> = stated.collect();
    for requirement in &selector.match_expressions {
        let value = match requirement.operator.value {
            Operator::In => requirement.values.first().map(|value| value.value.clone()),
            Operator::Exists => Some("any".to_owned()),
            Operator::NotIn | Operator::DoesNotExist => None,
        };
        if let Some(value) = value {
            labels.entry(requirement.key.value.clone()).or_insert(value);
        }
    }
    selector.matches(|key| labels.get(key).map(String::as_str)).then_some(labels)
}

/// Returns whom the rules of a policy name as callers: a namespace, and an account where one is said.
fn claims(policy: &Object<AuthorizationPolicy>) -> Vec<(String, Option<String>)> {
    let own = policy.meta.namespace();
    let mut claims = Vec::new();
    for rule in &policy.rules {
        for source in rule.from.iter().filter_map(|from| from.source.as_ref()) {
            claims.extend(source.principals.iter().filter_map(principal));
            claims.extend(source.namespaces.iter().filter_map(namespace));
            claims.extend(source.service_accounts.iter().map(|word| account(word, own)));
        }
        for when in &rule.when {
            claims.extend(when.values.iter().filter_map(|word| match when.key.as_str() {
                "source.principal" => principal(word),
                "source.namespace" => namespace(word),
                "source.serviceAccount" => Some(account(word, own)),
                _ => None,
            }));
        }
    }
    claims
}

/// Reads `cluster.local/ns/shop/sa/web`, or `cluster.local/ns/shop/*`.
fn principal(word: &Word) -> Option<(String, Option<String>)> {
    let mut parts = word.split('/').skip(1);
    let (Some("ns"), Some(name), account) = (parts.next(), parts.next(), parts.nth(1)) else { return None };
    let account = account.filter(|account| !account.contains('*')).map(str::to_owned);
    (!name.contains('*')).then(|| (name.to_owned(), account))
}

fn namespace(word: &Word) -> Option<(String, Option<String>)> {
    (!word.contains('*')).then(|| (word.value.clone(), None))
}

fn account(word: &Word, own: &str) -> (String, Option<String>) {
    let (namespace, account) = word.split_once('/').unwrap_or((own, word));
    (namespace.to_owned(), Some(account.to_owned()))
}

impl fmt::Display for Unseen {
    /// `any meshed pod`, `monitoring/*[app=prometheus] (un-meshed)`, or `shop/* (meshed as web)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = if self.is_meshed { "meshed" } else { "un-meshed" };
        if self.is_anybody() {
            return write!(f, "any {proxy} pod");
        }
        match &self.place {
            Place::Named(name) => f.write_str(name)?,
            Place::Other(labels) => write!(f, "*{}", listed(labels))?,
        }
        write!(f, "/*{} ({proxy}", listed(&self.labels))?;
        if self.account != DEFAULT {
            write!(f, " as {}", self.account)?;
        }
        f.write_str(")")
    }
}

/// Returns names of ends without those that need no mention: where any pod is meant, whoever policies name is.
pub fn told(names: &[String]) -> Vec<String> {
    let anybody: Vec<&str> =
        names.iter().filter_map(|name| name.strip_prefix("any ")?.strip_suffix(" pod")).collect();
    let is_told = |name: &String| {
        let proxy = name.strip_suffix(')').and_then(|name| name.rsplit_once(" (")).map(|(_, how)| how);
        let proxy = proxy.and_then(|how| how.split(' ').next());
        proxy.is_none_or(|proxy| !anybody.contains(&proxy))
    };
    names.iter().filter(|name| is_told(name)).cloned().collect()
}

/// Lists labels in brackets, the name of a namespace left out.
fn listed(labels: &BTreeMap<String, String>) -> String {
    let labels = labels.iter().filter(|(key, _)| *key != NAME).map(|(key, value)| format!("{key}={value}"));
    let labels = labels.collect::<Vec<_>>().join(",");
    if labels.is_empty() { labels } else { format!("[{labels}]") }
}
