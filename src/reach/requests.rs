//! Sets of requests as the rules of policies say them, and in one form each.

use std::collections::BTreeMap;

use super::{
    attribute::{Attribute, Condition, Request, Values},
    bits::Bits,
    diagram::{Cube, Diagram, Space},
    domain::Domain,
    policy::{Policy, Rule},
    transport::Chain,
};
use crate::{manifest::mesh_config::Normalization, mesh::Truth};

/// What is left of a rule for a caller: every condition has to hold of the request. Without any, every request matches.
#[derive(Debug, Clone, Default)]
pub struct Clause<'a, 'm> {
    /// The rule and its policy; none where no policy restricts.
    pub rule: Option<(&'a Policy<'m>, &'a Rule<'m>)>,
    /// What is left.
    pub conditions: Vec<&'a Condition<'m>>,
}

/// The requests that policies let through, as their rules say it: those that a clause of `allow` matches and none of
/// `deny`. Of those that one of `judged` matches, a provider decides.
#[derive(Debug, Clone)]
pub struct Requests<'a, 'm> {
    /// The filters that judge.
    pub chain: Chain,
    /// How paths were rewritten before.
    pub normalization: Normalization,
    /// Whose tokens are believed.
    pub issuers: &'a [String],
    /// What may pass.
    pub allow: Vec<Clause<'a, 'm>>,
    /// What is refused.
    pub deny: Vec<Clause<'a, 'm>>,
    /// What a provider decides.
    pub judged: Vec<Clause<'a, 'm>>,
}

impl Clause<'_, '_> {
    /// Tells whether every condition holds of a request.
    pub(super) fn holds(&self, request: &Request, requests: &Requests<'_, '_>) -> Truth {
        let conditions = self.conditions.iter();
        conditions.fold(Truth::Yes, |all, condition| {
            all.and(condition.holds(request, requests.chain, requests.normalization))
        })
    }

    /// Returns the provider of the policy.
    fn provider(&self) -> Attribute {
        Attribute::Refusal(self.rule.map_or_else(String::new, |(policy, _)| policy.provider().to_owned()))
    }
}

impl<'a, 'm> Requests<'a, 'm> {
    /// Tells whether a request passes, by the rules themselves.
    ///
    /// What manifests leave open counts as unknown wherever it is compared: [`Universe::holds`] is exact where the same
    /// thing is compared twice.
    pub fn contains(&self, request: &Request) -> Truth {
        let any = |clauses: &[Clause<'_, '_>]| {
            clauses.iter().fold(Truth::No, |any, clause| any.or(clause.holds(request, self)))
        };
        let is_refused = any(&self.judged).and(Truth::Unknown);
        any(&self.allow).and(!any(&self.deny)).and(!is_refused)
    }

    /// Tells whether every request passes, as far as the rules show it at a glance.
    pub fn is_everything(&self) -> bool {
        let is_free = |clause: &Clause<'_, '_>| clause.conditions.is_empty();
        self.deny.is_empty() && self.judged.is_empty() && self.allow.iter().any(is_free)
    }

    /// Tells whether no request passes, as far as the rules show it at a glance.
    pub fn is_nothing(&self) -> bool {
        self.allow.is_empty() || self.deny.iter().any(|clause| clause.conditions.is_empty())
    }

    fn conditions(&self) -> impl Iterator<Item = &'a Condition<'m>> {
        let clauses = self.allow.iter().chain(&self.deny).chain(&self.judged);
        clauses.flat_map(|clause| clause.conditions.iter().copied())
    }
}

/// Requests, told apart by everything that some rules compare.
#[derive(Debug)]
pub struct Universe {
    dimensions: Vec<(Attribute, Domain)>,
    normalization: Normalization,
    space: Space,
    /// The requests that there can be: a claim needs a token.
    sound: Diagram,
}

impl Universe {
    /// Returns the universe of everything that some rules compare.
    pub fn new(all: &[&Requests<'_, '_>]) -> Self {
        let mut compared: BTreeMap<Attribute, Vec<&Values>> = BTreeMap::new();
        for requests in all {
            for condition in requests.conditions() {
                let attribute = condition.attribute.on(requests.chain).clone();
                compared.entry(attribute).or_default().push(&condition.values);
            }
            for clause in &requests.judged {
                compared.entry(clause.provider()).or_default();
            }
        }
        let normalization = all.first().map_or(Normalization::Base, |requests| requests.normalization);
        let issuers = all.iter().map(|requests| requests.issuers).max_by_key(|issuers| issuers.len());
        let domain = |(attribute, values): (Attribute, Vec<&Values>)| {
            let domain = Domain::new(&attribute, &values, issuers.unwrap_or_default(), normalization);
            (attribute, domain)
        };
        let dimensions: Vec<(Attribute, Domain)> = compared.into_iter().map(domain).collect();
        let space = Space::new(dimensions.iter().map(|(_, domain)| domain.len()).collect());
        let mut universe = Self { dimensions, normalization, space, sound: Diagram::EVERYTHING };
        universe.sound = universe.sound();
        universe
    }

    /// A request without a token has no claim of one.
    fn sound(&mut self) -> Diagram {
        let place =
            |wanted: &Attribute| self.dimensions.iter().position(|(attribute, _)| attribute == wanted);
        let Some(principal) = place(&Attribute::RequestPrincipal) else { return Diagram::EVERYTHING };
        let claims = (0..self.dimensions.len())
            .filter(|dimension| *dimension != principal && self.dimensions[*dimension].0.is_of_token());
        claims.collect::<Vec<_>>().into_iter().fold(Diagram::EVERYTHING, |sound, dimension| {
            let (absent, claimed) = (self.without_token(principal), self.without_token(dimension));
            let claimed = Bits::all(self.space.size(dimension)).without(&claimed);
            let unsound = self.space.cube(&[(principal, absent), (dimension, claimed)]);
            self.space.without(sound, unsound)
        })
    }

    fn without_token(&self, dimension: usize) -> Bits {
        let (_, domain) = &self.dimensions[dimension];
        (0..domain.len()).map(|atom| (atom, domain.is_without_token(atom))).collect()
    }

    /// Returns the requests that any of some rules let through: rules that this universe was made of. Equal sets of one
    /// universe are the same diagram.
    pub fn set(&mut self, any: &[&Requests<'_, '_>]) -> Diagram {
        let passing = any.iter().fold(Diagram::NOTHING, |all, requests| {
            let passing = self.passing(requests);
            self.space.or(all, passing)
        });
        self.space.and(passing, self.sound)
    }

    /// Returns the requests that are in one set and not in another.
    pub fn without(&mut self, set: Diagram, other: Diagram) -> Diagram {
        self.space.without(set, other)
    }

    /// Returns the requests that are in a set whatever manifests do not tell.
    pub fn certain(&mut self, set: Diagram) -> Diagram {
        self.over_environment(set, true)
    }

    /// Returns the requests that are in a set for all that manifests tell.
    pub fn possible(&mut self, set: Diagram) -> Diagram {
        self.over_environment(set, false)
    }

    fn over_environment(&mut self, set: Diagram, everywhere: bool) -> Diagram {
        (0..self.dimensions.len()).fold(set, |set, place| {
            let is_told = !self.dimensions[place].0.is_of_environment();
            if is_told { set } else { self.space.quantified(set, place, everywhere) }
        })
    }

    fn passing(&mut self, requests: &Requests<'_, '_>) -> Diagram {
        let allow = self.any(&requests.allow, requests.chain, false);
        let deny = self.any(&requests.deny, requests.chain, false);
        let refused = self.any(&requests.judged, requests.chain, true);
        let passing = self.space.without(allow, deny);
        self.space.without(passing, refused)
    }

    fn any(&mut self, clauses: &[Clause<'_, '_>], chain: Chain, is_judged: bool) -> Diagram {
        clauses.iter().fold(Diagram::NOTHING, |all, clause| {
            let one = self.clause(clause, chain, is_judged);
            self.space.or(all, one)
        })
    }

    /// Returns the requests that a clause matches, or of which its provider refuses those.
    fn clause(&mut self, clause: &Clause<'_, '_>, chain: Chain, is_judged: bool) -> Diagram {
        let mut cube: BTreeMap<usize, Bits> = BTreeMap::new();
        for condition in &clause.conditions {
            let (dimension, domain) = self.dimension(condition.attribute.on(chain));
            let meant = domain.atoms(&condition.values);
            let all = Bits::all(domain.len());
            let meant = if condition.is_negated { all.without(&meant) } else { meant };
            let before = cube.remove(&dimension).unwrap_or(all);
            cube.insert(dimension, before.and(&meant));
        }
        if is_judged {
            let (dimension, domain) = self.dimension(&clause.provider());
            cube.insert(dimension, (0..domain.len()).map(|atom| (atom, atom == 1)).collect());
        }
        self.space.cube(&cube.into_iter().collect::<Cube>())
    }

    /// Returns a request of a set whatever manifests do not tell, as near to another one as it may be; none where there is
    /// none, or none that is written as a request.
    pub fn example(&mut self, set: Diagram, near: &Request) -> Option<Request> {
        let certain = self.certain(set);
        let atoms = self.dimensions.iter();
        let atoms: Vec<Option<usize>> =
            atoms.map(|(attribute, domain)| domain.atom(attribute, near, self.normalization)).collect();
        let point = self.space.point(certain, &atoms)?;
        let mut request = near.clone();
        for (dimension, atom) in
            point.into_iter().filter(|(dimension, atom)| atoms[*dimension] != Some(*atom))
        {
            let (attribute, domain) = &self.dimensions[dimension];
            request.set(attribute, domain.example(atom));
        }
        self.holds(set, &request).is_certain().then_some(request)
    }

    fn dimension(&self, attribute: &Attribute) -> (usize, &Domain) {
        let place = self.dimensions.binary_search_by(|(known, _)| known.cmp(attribute));
        let place = place.expect("the universe is of its rules");
        (place, &self.dimensions[place].1)
    }

    /// Tells whether a request is in a set; unknown where that depends on what manifests do not tell.
    pub fn holds(&self, set: Diagram, request: &Request) -> Truth {
        let mut point = Vec::with_capacity(self.dimensions.len());
        for (attribute, domain) in &self.dimensions {
            let atom = domain.atom(attribute, request, self.normalization);
            if atom.is_none() && !attribute.is_of_environment() {
                // There is no such request: Envoy refuses it before any policy sees it.
                return Truth::No;
            }
            point.push(atom);
        }
        self.space.contains(set, &point)
    }
}
