//! What AuthorizationPolicies say: CUSTOM, DENY, ALLOW, in the order in which a proxy asks them.

use super::{Inquiry, Layer, Nearest, Sent, State, Step, Try, words};
use crate::{
    manifest::{Action, Word},
    mesh::{Pod, Truth},
    reach::{
        Attribute, Call, Chain, Claim, Clause, Condition, Identity, Part, Policy, Request, Requests, Rule,
        Universe, Way,
        authorization::{Custom, is_enforced},
    },
    source::Span,
};

impl<'m> Inquiry<'_, 'm> {
    /// Explains the policies that something meets.
    pub(super) fn policies(&self, pod: &Pod<'m>, sent: &Sent, best: Try) -> Vec<Step> {
        if best.answer == Truth::Unknown && self.door_doubt(pod).is_some() {
            let sentence = "it depends on what cannot be told";
            return vec![Step::new(Layer::Allow, State::Skipped, sentence)];
        }
        let layers = [Layer::Custom, Layer::Deny, Layer::Allow];
        let Some((way, chain)) = best.way.and_then(|way| Some((way, way.chain?))) else {
            return match best.way {
                Some(_) => vec![self.unread(pod)],
                None => vec![Step::new(Layer::Allow, State::Skipped, "nothing gets so far")],
            };
        };
        let caller = self.reach.identity(self.sender()).filter(|_| way.is_known);
        let call = Call { chain, caller: caller.as_ref(), port: self.asked.port.number };
        let asking = Asking {
            requests: self.reach.authorization.requests(pod, call),
            call,
            request: self.seen(sent, way),
        };
        layers.map(|layer| self.policies_of(pod, layer, &asking)).into()
    }

    /// Returns the request as the policies see it.
    fn seen(&self, sent: &Sent, way: Way) -> Request {
        let mut request = self.request(sent);
        if !way.has_server_name {
            request.server_name.clear();
        }
        request
    }

    /// Says that nobody reads policies, and which ones.
    fn unread(&self, pod: &Pod<'m>) -> Step {
        let given = self.reach.authorization.given(pod).filter(|policy| policy.action != Action::Audit);
        let given: Vec<&Policy<'m>> = given.collect();
        let names = if given.is_empty() { "AuthorizationPolicies".to_owned() } else { names(&given) };
        Step::new(Layer::Allow, State::Skipped, format!("no sidecar reads {names} here")).at(heads(&given))
    }

    fn policies_of(&self, pod: &Pod<'m>, layer: Layer, asking: &Asking<'_, 'm>) -> Step {
        let action = match layer {
            Layer::Custom => Action::Custom,
            Layer::Deny => Action::Deny,
            _ => Action::Allow,
        };
        let policies: Vec<&Policy<'m>> =
            self.reach.authorization.given(pod).filter(|policy| is_enforced(policy, action)).collect();
        match layer {
            Layer::Custom => {
                custom(&policies, self.reach.authorization.custom(pod, asking.call.chain), asking)
            }
            Layer::Deny => deny(&policies, asking),
            _ => allow(&policies, asking),
        }
    }
}

/// A request, or a connection, and what is left of rules for its caller and port.
struct Asking<'a, 'm> {
    requests: Requests<'a, 'm>,
    call: Call<'a>,
    request: Request,
}

impl<'a, 'm> Asking<'a, 'm> {
    /// Tells whether one of some clauses matches.
    fn is_met(&self, clauses: &[Clause<'a, 'm>]) -> Truth {
        let some = Requests {
            allow: clauses.to_vec(),
            deny: Vec::new(),
            judged: Vec::new(),
            ..self.requests.clone()
        };
        let mut universe = Universe::new(&[&some]);
        let set = universe.set(&[&some]);
        universe.holds(set, &self.request)
    }

    /// Returns what refuses by policies of an action.
    fn denying(&self, action: Action) -> Vec<Clause<'a, 'm>> {
        let of_action =
            |clause: &&Clause<'_, '_>| clause.rule.is_some_and(|(policy, _)| policy.action == action);
        self.requests.deny.iter().filter(of_action).cloned().collect()
    }

    /// Returns the first rule that matches, or else may match.
    fn met(&self, clauses: &[Clause<'a, 'm>]) -> Option<(&'a Policy<'m>, &'a Rule<'m>)> {
        let met = |least: Truth| {
            clauses
                .iter()
                .find(|clause| clause.holds(&self.request, &self.requests) >= least)
                .and_then(|clause| clause.rule)
        };
        met(Truth::Yes).or_else(|| met(Truth::Unknown))
    }
}

fn heads<'a>(policies: &'a [&Policy<'_>]) -> impl Iterator<Item = Span> + 'a {
    policies.iter().map(|policy| policy.object.meta.head())
}

fn names(policies: &[&Policy<'_>]) -> String {
    words::quoted(policies.iter().map(|policy| policy.object.meta.path()), "and")
}

fn none(layer: Layer, action: &str) -> Step {
    Step::new(layer, State::Open, format!("no {action} policy is for it"))
}

fn custom<'m>(policies: &[&Policy<'m>], becomes: Custom, asking: &Asking<'_, 'm>) -> Step {
    let layer = Layer::Custom;
    let (clauses, state) = match becomes {
        _ if policies.is_empty() => return none(layer, "CUSTOM"),
        Custom::Skipped => {
            let sentence =
                format!("the provider of {} sees requests only, and this is a connection", names(policies));
            return Step::new(layer, State::Open, sentence).at(heads(policies));
        }
        Custom::Judged => (asking.requests.judged.clone(), State::Unknown),
        Custom::Refused => (asking.denying(Action::Custom), State::Closed),
    };
    match (asking.is_met(&clauses), asking.met(&clauses)) {
        (is_met @ (Truth::Yes | Truth::Unknown), Some((policy, rule))) => {
            let provider = policy.provider();
            let (state, sentence) = match (state, is_met) {
                (State::Closed, Truth::Yes) => (
                    State::Closed,
                    format!("the mesh config has no provider `{provider}`, or more than one is asked for"),
                ),
                _ => (State::Unknown, format!("the provider `{provider}` decides")),
            };
            Step::new(layer, state, sentence).at([rule.span])
        }
        _ => Step::new(layer, State::Open, format!("no rule of {} matches", names(policies)))
            .at(heads(policies)),
    }
}

fn deny<'m>(policies: &[&Policy<'m>], asking: &Asking<'_, 'm>) -> Step {
    let layer = Layer::Deny;
    if policies.is_empty() {
        return none(layer, "DENY");
    }
    let clauses = asking.denying(Action::Deny);
    match (asking.is_met(&clauses), asking.met(&clauses)) {
        (Truth::Yes, Some((policy, rule))) => {
            let sentence = format!("a rule of `{}` matches", policy.object.meta.path());
            Step::new(layer, State::Closed, sentence).at([rule.span])
        }
        (Truth::Unknown, Some((policy, rule))) => {
            let sentence = format!(
                "whether a rule of `{}` matches: {}",
                policy.object.meta.path(),
                untold(rule, asking)
            );
            Step::new(layer, State::Unknown, sentence).at([rule.span])
        }
        _ => Step::new(layer, State::Open, format!("no rule of {} matches", names(policies)))
            .at(heads(policies)),
    }
}

fn allow<'m>(policies: &[&Policy<'m>], asking: &Asking<'_, 'm>) -> Step {
    let layer = Layer::Allow;
    if policies.is_empty() {
        return none(layer, "ALLOW");
    }
    match (asking.is_met(&asking.requests.allow), asking.met(&asking.requests.allow)) {
        (Truth::Yes, Some((policy, rule))) => {
            let sentence = format!("a rule of `{}` matches", policy.object.meta.path());
            Step::new(layer, State::Open, sentence).at([rule.span])
        }
        (Truth::Unknown, Some((policy, rule))) => {
            let sentence = format!(
                "whether a rule of `{}` matches: {}",
                policy.object.meta.path(),
                untold(rule, asking)
            );
            Step::new(layer, State::Unknown, sentence).at([rule.span])
        }
        _ => {
            let rules =
                policies.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (*policy, rule)));
            let nearest = rules
                .map(|(policy, rule)| lack(policy, rule, asking))
                .min_by_key(|nearest| nearest.lacks.len());
            let sentence = match (&nearest, policies.iter().all(|policy| policy.object.rules.is_empty())) {
                (_, true) => format!("{} has no rule, so that nothing passes", names(policies)),
                (None, false) => {
                    format!("istiod leaves out every rule of {}, so that nothing passes", names(policies))
                }
                (Some(_), false) => format!("no rule of {} matches", names(policies)),
            };
            Step::new(layer, State::Closed, sentence).at(heads(policies)).almost(nearest)
        }
    }
}

/// Says what of a rule cannot be told.
fn untold(rule: &Rule<'_>, asking: &Asking<'_, '_>) -> String {
    let conditions = rule.sources.iter().chain(&rule.operations).flat_map(|part| &part.conditions);
    let open = conditions.filter(|condition| truth(condition, asking) == Truth::Unknown);
    let attributes: Vec<String> =
        open.map(|condition| format!("the {}", condition.attribute.on(asking.call.chain))).collect();
    format!("{} is not told by manifests", attributes.first().map_or("something", String::as_str))
}

fn truth(condition: &Condition<'_>, asking: &Asking<'_, '_>) -> Truth {
    condition.holds(&asking.request, asking.call.chain, asking.requests.normalization)
}

/// Returns what a rule lacks to match.
fn lack(policy: &Policy<'_>, rule: &Rule<'_>, asking: &Asking<'_, '_>) -> Nearest {
    let mut lacks = Vec::new();
    if asking.call.chain == Chain::Tcp && !rule.is_on_tcp(policy.action) {
        lacks.push(
            "compares something of a request, and is left out where only connections are seen".to_owned(),
        );
    }
    let fewest = |parts: &[Part<'_>]| parts.iter().map(|part| part_lack(part, asking)).min_by_key(Vec::len);
    lacks.extend([&rule.sources, &rule.operations].into_iter().filter_map(|parts| fewest(parts)).flatten());
    Nearest { rule: format!("a rule of `{}`", policy.object.meta.path()), place: rule.span, lacks }
}

fn part_lack(part: &Part<'_>, asking: &Asking<'_, '_>) -> Vec<String> {
    let caller = asking.call.caller;
    let callers = part.callers.iter().filter(|condition| !condition.holds(caller));
    let callers = callers.map(|condition| {
        let is = match (condition.claim, caller) {
            (_, None) => "the caller is not known".to_owned(),
            (Claim::Principal, Some(identity)) => format!("it is `{identity}`"),
            (Claim::Namespace, Some(Identity { namespace, .. })) => format!("it is `{namespace}`"),
            (Claim::ServiceAccount, Some(Identity { namespace, account, .. })) => {
                format!("it is `{namespace}/{account}`")
            }
            (Claim::TrustDomain, Some(Identity { trust_domain, .. })) => format!("it is `{trust_domain}`"),
        };
        wants(claim(condition.claim), condition.is_negated, condition.words, &is)
    });
    let ports = part.ports.iter().filter(|condition| !condition.holds(asking.call.port));
    let ports = ports.map(|condition| {
        wants("port", condition.is_negated, condition.words, &format!("it is `{}`", asking.call.port))
    });
    let is_seen =
        |condition: &&Condition<'_>| asking.call.chain == Chain::Http || !condition.attribute.is_http_only();
    let conditions =
        part.conditions.iter().filter(is_seen).filter(|condition| truth(condition, asking) != Truth::Yes);
    let conditions = conditions.map(|condition| {
        let attribute = condition.attribute.on(asking.call.chain);
        wants(&attribute.to_string(), condition.is_negated, condition.words, &found(attribute, asking))
    });
    callers.chain(ports).chain(conditions).collect()
}

fn wants(what: &str, is_negated: bool, words: &[Word], is: &str) -> String {
    let (no, joint) = if is_negated { ("no ", "and no") } else { ("", "or") };
    format!("wants {no}{what} {}, and {is}", words::quoted(words, joint))
}

fn claim(claim: Claim) -> &'static str {
    match claim {
        Claim::Principal => "principal",
        Claim::Namespace => "namespace",
        Claim::ServiceAccount => "service account",
        Claim::TrustDomain => "trust domain",
    }
}

/// Says what a request has of an attribute.
fn found(attribute: &Attribute, asking: &Asking<'_, '_>) -> String {
    if attribute.is_of_token() {
        return if asking.request.token.is_some() {
            "its token has another".to_owned()
        } else {
            "there is no token".to_owned()
        };
    }
    if let Some(texts) = asking.request.texts(attribute, asking.requests.normalization) {
        return match texts.first() {
            Some(text) if !text.is_empty() => format!("it is `{text}`"),
            Some(_) | None => "there is none".to_owned(),
        };
    }
    match asking.request.address(attribute) {
        Some(address) => format!("it is `{address}`"),
        None => "it is not told by manifests".to_owned(),
    }
}
