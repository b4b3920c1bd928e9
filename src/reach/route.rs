//! Where gateways send the requests that they take, and whether those arrive (semantics J10).
//!
//! A gateway is its own proxy, and nobody outside goes around it: what reaches a workload through it is what a route sends
//! there, less what the layers in between refuse to the gateway's identity.

use super::{
    Allowed, Asked, Attribute, Call, Condition, Door, End, EndpointId, Pattern, Port, Reach, Request,
    Requests, State, Step, Term, Universe, Values, caller::is_visible, diagram::Diagram, requests::Clause,
    transport::Chain,
};
use crate::{
    manifest::{
        Gateway, Object, Service, VirtualService, Word, host,
        mesh_config::Normalization,
        virtual_service::{self, Destination, HttpMatch, HttpRoute, MESH, StringMatch},
    },
    mesh::{Pod, Truth},
    source::Span,
    yaml::Spanned,
};

/// One thing that a gateway is told to do with requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The gateway, `namespace/name`.
    pub gateway: String,
    /// The VirtualService, `namespace/name`.
    pub service: String,
    /// Where the match stands, or the route where it has none.
    pub place: Span,
    /// Which requests, as the route says it.
    pub requests: Allowed,
    /// Where they go: a Service or a workload with its port, or what else is done.
    pub to: String,
    /// What becomes of them.
    pub fate: Fate,
}

/// What becomes of a route's requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// All of them arrive.
    Arrives,
    /// Some do, and some are refused on the way.
    ArrivesInPart,
    /// None arrives; the layer that refuses them, where one can be named.
    Refused(Option<Box<Step>>),
    /// The gateway takes none: an earlier route of the VirtualService has them all.
    Shadowed,
    /// No server of the gateway takes the hosts.
    NotServed,
    /// The gateway answers by itself.
    Answered,
    /// It cannot be told, and why.
    Untold(String),
}

/// Conditions on requests, as sets that hold at least what is meant.
struct Conditions {
    /// At the gateway.
    taken: Vec<Condition<'static>>,
    /// Behind it, where a path or a host may have been written anew.
    seen: Vec<Condition<'static>>,
    /// Whether the gateway takes no more than `taken` says.
    is_exact: bool,
}

/// Pods with the port that is meant of each.
type Ends<'r, 'm> = Vec<(&'r Pod<'m>, u16)>;

/// A VirtualService, as one gateway reads it.
struct Reader<'r, 'm> {
    reach: &'r Reach<'m>,
    gateway: &'m Object<Gateway>,
    service: &'m Object<VirtualService>,
    /// The gateway as the VirtualService names it.
    name: &'m str,
    pods: Vec<EndpointId>,
}

impl<'m> Reach<'m> {
    /// Returns the routes of every gateway that a VirtualService names and the manifests show, in the order of the files.
    ///
    /// Of the conditions of a route those on methods, paths and hosts are followed, but for regular expressions. Others are
    /// left out, as are paths and hosts that are rewritten, so that a route counts as having more requests than it has: what
    /// [`Fate::Refused`] and [`Fate::Arrives`] say of all of them is true of its own. Copies are not followed.
    pub fn routes(&self) -> Vec<Route> {
        let services = self.mesh.manifests.virtual_services.iter();
        let named = services.flat_map(|service| service.gateways().map(move |name| (service, name)));
        let readers = named.filter(|(_, name)| *name != MESH).filter_map(|(service, name)| {
            let gateway = self.gateway(name, service.meta.namespace())?;
            Some(Reader { reach: self, gateway, service, name, pods: self.gateway_pods(gateway) })
        });
        readers.flat_map(|reader| reader.routes()).collect()
    }

    fn gateway(&self, name: &str, namespace: &str) -> Option<&'m Object<Gateway>> {
        let (namespace, name) = host::qualified(name, namespace);
        let mut gateways = self.mesh.manifests.gateways.iter();
        gateways.find(|gateway| gateway.meta.namespace() == namespace && gateway.meta.name.value == name)
    }

    /// Returns the pods that a Gateway selects: those that are shown, else whom policies name as such, account and all.
    fn gateway_pods(&self, gateway: &Gateway) -> Vec<EndpointId> {
        let wants = |label: &dyn Fn(&str) -> Option<String>| {
            gateway.selector.iter().all(|(key, value)| label(key).as_deref() == Some(value.as_str()))
        };
        let pods = self.mesh.pods().iter();
        let shown = pods.filter(|pod| wants(&|key| pod.label(key).map(str::to_owned)));
        let shown: Vec<EndpointId> = shown.map(|pod| self.endpoints().of(pod.id)).collect();
        if !shown.is_empty() {
            return shown;
        }
        let unseen = self.endpoints().all_unseen().iter().enumerate();
        let named = unseen.filter(|(_, pod)| pod.is_meshed && wants(&|key| pod.labels.get(key).cloned()));
        let known = named.filter(|(_, pod)| pod.has_account());
        known.map(|(index, _)| self.endpoints().unseen(index)).collect()
    }
}

impl<'m> Reader<'_, 'm> {
    fn routes(&self) -> Vec<Route> {
        let hosts = self.hosts();
        let every_host: Vec<&Word> = self.service.hosts.iter().collect();
        let named = if hosts.is_empty() { &every_host } else { &hosts };
        let mut routes = Vec::new();
        let mut earlier: Vec<Vec<Condition<'static>>> = Vec::new();
        for route in &self.service.http {
            let matches: Vec<Option<&Spanned<HttpMatch>>> = match route.r#match.as_slice() {
                [] => vec![None],
                some => some.iter().map(Some).collect(),
            };
            for matched in matches.into_iter().filter(|matched| self.is_for_it(*matched)) {
                let place = matched.map_or(route.span, |matched| matched.span);
                let requests = Allowed {
                    term: Term { conditions: words(named, matched), unless: Vec::new() },
                    except: Vec::new(),
                };
                let conditions = Conditions::of(&hosts, matched, route);
                for (to, fate) in self.fates(route, &hosts, &conditions, &earlier) {
                    let (gateway, service) = (self.gateway.meta.path(), self.service.meta.path());
                    routes.push(Route { gateway, service, place, requests: requests.clone(), to, fate });
                }
                // What a delegate does not match goes on to the next route.
                if conditions.is_exact && route.delegate.is_none() {
                    earlier.push(conditions.taken);
                }
            }
        }
        routes
    }

    /// Tells whether a match is for this gateway.
    fn is_for_it(&self, matched: Option<&Spanned<HttpMatch>>) -> bool {
        matched.is_none_or(|matched| {
            matched.gateways.is_empty() || matched.gateways.iter().any(|name| name.as_str() == self.name)
        })
    }

    /// Returns the hosts that a server of the gateway takes from this namespace (`MergeGateways` and
    /// `gatewayToVirtualServices` of Istio 1.21.1): a server's host may say which namespace's routes it is for.
    fn hosts(&self) -> Vec<&'m Word> {
        let namespace = self.service.meta.namespace();
        let is_visible = is_visible(&self.service.export_to, namespace, self.gateway_namespace());
        let served = self.gateway.servers.iter().filter(|server| server.reads_requests());
        let served: Vec<&str> = served
            .flat_map(|server| &server.hosts)
            .filter_map(|word| match word.split_once('/') {
                None => Some(word.as_str()),
                Some((scope, host)) => {
                    host::is_scope_of(scope, self.gateway.meta.namespace(), namespace).then_some(host)
                }
            })
            .collect();
        let takes = |host: &Word| served.iter().any(|wanted| overlaps(wanted, host));
        self.service.hosts.iter().filter(|host| is_visible && takes(host)).collect()
    }

    /// Returns the namespace of the gateway's pods, to which a VirtualService has to be shown.
    fn gateway_namespace(&self) -> &str {
        let shown = self.pods.first().and_then(|id| self.reach.endpoints().pod(*id));
        shown.map_or(self.gateway.meta.namespace(), |pod| self.reach.mesh.scope_of(pod).name)
    }

    /// Returns where a route sends requests, and what becomes of those.
    fn fates(
        &self,
        route: &HttpRoute,
        hosts: &[&Word],
        conditions: &Conditions,
        earlier: &[Vec<Condition<'static>>],
    ) -> Vec<(String, Fate)> {
        let given = |fate: &dyn Fn() -> Fate| {
            if hosts.is_empty() {
                Fate::NotServed
            } else if is_shadowed(conditions, earlier) {
                Fate::Shadowed
            } else {
                fate()
            }
        };
        if let Some(redirect) = &route.redirect {
            return vec![(format!("redirect {}", redirect.code()), given(&|| Fate::Answered))];
        }
        if let Some(answer) = &route.direct_response {
            return vec![(format!("answer {}", answer.status.value), given(&|| Fate::Answered))];
        }
        if let Some(delegate) = &route.delegate {
            let name = delegate.name.as_ref().map_or("", |name| name.as_str());
            let untold = || Fate::Untold("routes that are delegated are not followed".to_owned());
            return vec![(format!("delegate {name}"), given(&untold))];
        }
        let seen = requests(&conditions.seen, if route.rewrite.is_some() { &[] } else { earlier });
        let sent = virtual_service::receiving(&route.route);
        sent.map(|sent| {
            let (name, pods) = self.backend(&sent.destination);
            let fate = given(&|| match &pods {
                Err(reason) => Fate::Untold(reason.clone()),
                Ok(pods) => self.fate(pods, &seen),
            });
            (name, fate)
        })
        .collect()
    }

    /// Returns what a destination is called, and its pods with their port.
    fn backend(&self, destination: &Destination) -> (String, Result<Ends<'_, 'm>, String>) {
        let mesh = self.reach.mesh;
        let host = destination.host.as_ref().map_or("", |host| host.as_str());
        let wanted = destination.port.number.as_ref().map(|number| number.value);
        let named = wanted.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let Some(service) = mesh.service(host, self.service.meta.namespace()) else {
            return (named, Err("no manifest shows the Service".to_owned()));
        };
        let port = service.ports.iter().find(|port| wanted.is_none_or(|wanted| port.port.value == wanted));
        let Some(port) = port.filter(|_| wanted.is_some() || service.ports.len() == 1) else {
            return (named, Err(format!("Service `{}` has no such port", service.meta.path())));
        };
        let pods = mesh.pods_behind(service).into_iter().map(|pod| mesh.pod(pod));
        let ends: Ends<'_, 'm> = pods
            .flat_map(|pod| port.numbers_at(&pod.workload.spec).into_iter().map(move |number| (pod, number)))
            .collect();
        let name = called(service, &ends).unwrap_or(named);
        (name, if ends.is_empty() { Err("no manifest shows its pods".to_owned()) } else { Ok(ends) })
    }

    /// Returns what becomes of requests that every pod of the gateway may send to any pod of a destination.
    fn fate(&self, pods: &[(&Pod<'m>, u16)], seen: &Requests<'_, 'static>) -> Fate {
        let ways = self.pods.iter().flat_map(|from| pods.iter().map(move |(to, port)| (*from, *to, *port)));
        let fates = ways.map(|(from, to, port)| self.between(from, to, port, seen));
        fates
            .reduce(Fate::or)
            .unwrap_or_else(|| Fate::Untold("no manifest shows the gateway's pods".to_owned()))
    }

    fn between(&self, from: EndpointId, to: &Pod<'m>, port: u16, seen: &Requests<'_, 'static>) -> Fate {
        let reach = self.reach;
        let end = reach.endpoints().of(to.id);
        let door = Door::at(reach.mesh, to, port);
        let packets = reach.network.between(from, end).at(Port::tcp(port));
        let untold = |reason: Option<String>| {
            Fate::Untold(
                reason.unwrap_or_else(|| "it cannot be told how the gateway speaks to it".to_owned()),
            )
        };
        if packets == Truth::Unknown {
            return Fate::Untold("it cannot be told whether packets pass".to_owned());
        }
        if door.foreign.is_some() && door.is_captured.is_possible() {
            return untold(door.doubt(reach.mesh, to));
        }
        let clients = reach.own_clients(from, to, port, true);
        let ways = clients.iter().flat_map(|client| door.locks().into_iter().map(|lock| lock.way(*client)));
        let fates = ways.map(|way| match way {
            _ if packets == Truth::No => Fate::Refused(None),
            None => Fate::Refused(None),
            Some(way) => match way.chain {
                None => Fate::Arrives,
                Some(chain) => {
                    let caller = reach.identity(from).filter(|_| way.is_known);
                    let call = Call { chain, caller: caller.as_ref(), port };
                    compared(seen, &reach.authorization.requests(to, call))
                }
            },
        });
        let fates: Vec<Fate> = fates.collect();
        let Some(fate) = fates.first().filter(|first| fates.iter().all(|fate| fate == *first)) else {
            return untold(door.doubt(reach.mesh, to));
        };
        match fate {
            Fate::Refused(_) => Fate::Refused(self.refusal(from, end, port, seen).map(Box::new)),
            fate => fate.clone(),
        }
    }

    /// Returns the layer that refuses one of some requests of which none passes.
    fn refusal(
        &self,
        from: EndpointId,
        to: EndpointId,
        port: u16,
        seen: &Requests<'_, 'static>,
    ) -> Option<Step> {
        let host = self.service.hosts.first().map_or_else(String::new, |host| host.value.clone());
        let plain = Request { method: "GET".to_owned(), path: "/".to_owned(), host, ..Request::default() };
        let mut universe = Universe::new(&[seen]);
        let all = universe.set(&[seen]);
        let sent = Some(universe.example(all, &plain)?);
        let (from, to) = (End::Pod(from), End::Pod(to));
        let asked = Asked { from, to, address: None, port: Port::tcp(port), sent };
        let explanation = self.reach.explain(&asked).ok()?;
        explanation.steps.into_iter().find(|step| step.state == State::Closed)
    }
}

impl Fate {
    /// What becomes of requests of which any part may go either way.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (untold @ Self::Untold(_), _) | (_, untold @ Self::Untold(_)) => untold,
            (Self::Arrives, Self::Arrives) => Self::Arrives,
            (Self::Refused(step), Self::Refused(_)) => Self::Refused(step),
            _ => Self::ArrivesInPart,
        }
    }
}

impl Conditions {
    fn of(hosts: &[&Word], matched: Option<&Spanned<HttpMatch>>, route: &HttpRoute) -> Self {
        let mut taken = vec![authorities(hosts)];
        let mut is_exact = hosts.iter().all(|host| !host.contains('*'));
        if let Some(matched) = matched {
            let uri = matched.uri.as_ref().filter(|_| matched.minds_case());
            let followed = [
                (Attribute::Path, uri),
                (Attribute::Method, matched.method.as_ref()),
                (Attribute::Host, matched.authority.as_ref()),
            ];
            let asked = [&matched.uri, &matched.method, &matched.authority].into_iter().flatten().count();
            let read: Vec<Condition<'static>> = followed
                .into_iter()
                .filter_map(|(attribute, text)| Some(condition(attribute, vec![pattern(text?)?])))
                .collect();
            is_exact &= asked == read.len() && !has_more(matched);
            taken.extend(read.into_iter().map(Some));
        }
        let taken: Vec<Condition<'static>> = taken.into_iter().flatten().collect();
        let rewrite = route.rewrite.as_ref();
        let is_kept = |condition: &&Condition<'static>| match condition.attribute {
            Attribute::Path => {
                rewrite.is_none_or(|rewrite| rewrite.uri.is_none() && rewrite.uri_regex_rewrite.is_none())
            }
            Attribute::Host => rewrite.is_none_or(|rewrite| rewrite.authority.is_none()),
            _ => true,
        };
        let seen = taken.iter().filter(is_kept).cloned().collect();
        Self { taken, seen, is_exact }
    }
}

/// Tells whether a match asks for something that is not followed.
fn has_more(matched: &HttpMatch) -> bool {
    let HttpMatch { scheme, headers, without_headers, query_params, port, source_labels, .. } = matched;
    let is_plain = headers.is_empty() && without_headers.is_empty() && query_params.is_empty();
    !is_plain
        || scheme.is_some()
        || port.is_some()
        || !source_labels.is_empty()
        || matched.source_namespace.is_some()
}

/// Returns the authorities that stand for hosts: the name, and the name with any port (`buildGatewayVirtualHostDomains` of
/// Istio 1.21.1). Of a wildcard all are taken.
fn authorities(hosts: &[&Word]) -> Option<Condition<'static>> {
    let is_exact = hosts.iter().all(|host| !host.contains('*'));
    let patterns = hosts.iter().flat_map(|host| {
        let host = host.to_ascii_lowercase();
        [Pattern::Prefix(format!("{host}:")), Pattern::Exact(host)]
    });
    is_exact.then(|| condition(Attribute::Host, patterns.collect()))
}

fn condition(attribute: Attribute, patterns: Vec<Pattern>) -> Condition<'static> {
    let values = Values::Texts(patterns);
    Condition { attribute, values, is_negated: false, words: &[] }
}

/// Returns what a condition on a text means; nothing where that is no pattern of policies.
fn pattern(text: &StringMatch) -> Option<Pattern> {
    match text {
        StringMatch::Exact(word) => Some(Pattern::Exact(word.value.clone())),
        StringMatch::Prefix(word) => Some(Pattern::Prefix(word.value.clone())),
        StringMatch::Present | StringMatch::Regex(_) => None,
    }
}

/// Returns the requests that match some conditions, and no earlier ones.
fn requests<'a>(
    conditions: &'a [Condition<'static>],
    earlier: &'a [Vec<Condition<'static>>],
) -> Requests<'a, 'static> {
    let clause =
        |conditions: &'a [Condition<'static>]| Clause { rule: None, conditions: conditions.iter().collect() };
    Requests {
        chain: Chain::Http,
        normalization: Normalization::Base,
        issuers: &[],
        allow: vec![clause(conditions)],
        deny: earlier.iter().map(|one| clause(one)).collect(),
        judged: Vec::new(),
    }
}

/// Tells whether earlier matches have every request.
fn is_shadowed(conditions: &Conditions, earlier: &[Vec<Condition<'static>>]) -> bool {
    let left = requests(&conditions.taken, earlier);
    let mut universe = Universe::new(&[&left]);
    universe.set(&[&left]) == Diagram::NOTHING
}

/// Says which of some requests policies let through.
fn compared(seen: &Requests<'_, 'static>, open: &Requests<'_, '_>) -> Fate {
    let seen = &Requests { normalization: open.normalization, issuers: open.issuers, ..seen.clone() };
    let mut universe = Universe::new(&[seen, open]);
    let (asked, open) = (universe.set(&[seen]), universe.set(&[open]));
    let (certain, possible) = (universe.certain(open), universe.possible(open));
    let (refused, never) = (universe.without(asked, certain), universe.without(asked, possible));
    if refused == Diagram::NOTHING {
        Fate::Arrives
    } else if never == asked {
        Fate::Refused(None)
    } else if refused == asked {
        Fate::Untold("it depends on addresses, or on a provider".to_owned())
    } else {
        Fate::ArrivesInPart
    }
}

/// Tells whether two hosts have names in common.
fn overlaps(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    host::holds(&one, &other) || host::holds(&other, &one)
}

/// Returns what a Service's pods are called with their port, where they are of one workload.
fn called(service: &Object<Service>, ends: &[(&Pod<'_>, u16)]) -> Option<String> {
    let (pod, port) = ends.first()?;
    let is_one = ends.iter().all(|(other, number)| other.path() == pod.path() && number == port);
    is_one.then(|| format!("{}:{port}", pod.path())).or_else(|| Some(service.meta.path()))
}

/// Returns a route's conditions as it says them.
fn words(hosts: &[&Word], matched: Option<&Spanned<HttpMatch>>) -> Vec<(Attribute, Vec<String>)> {
    let hosts = hosts.iter().map(|host| host.value.clone()).collect::<Vec<_>>();
    let spelled = |text: &StringMatch| match text {
        StringMatch::Present => "*".to_owned(),
        StringMatch::Exact(word) => word.value.clone(),
        StringMatch::Prefix(word) => format!("{}*", word.value),
        StringMatch::Regex(word) => format!("~{}", word.value),
    };
    let of = |attribute, text: &Option<StringMatch>| Some((attribute, vec![spelled(text.as_ref()?)]));
    let matched = matched.map(|matched| {
        let headers = matched
            .headers
            .iter()
            .map(|(name, text)| (Attribute::Header(name.value.clone()), vec![spelled(text)]));
        let own = [of(Attribute::Path, &matched.uri), of(Attribute::Method, &matched.method)];
        own.into_iter().flatten().chain(headers).collect::<Vec<_>>()
    });
    let hosts = (!hosts.is_empty()).then_some((Attribute::Host, hosts));
    hosts.into_iter().chain(matched.unwrap_or_default()).collect()
}
