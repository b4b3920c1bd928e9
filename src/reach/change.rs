//! What differs between two lists of flows, whatever their lines look like.
//!
//! Ends are compared by name, ports cut where either list tells them apart, and requests as sets: a rule that is written
//! otherwise and lets the same through is no difference.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Allowed, Clause, Condition, Diagram, Flow, Mark, Passage, PortSet, Reach, Requests, TakenFor, Term,
    Universe, policy, transport::Chain,
};
use crate::mesh::Config;

/// Flows by the names of their ends.
#[derive(Debug, Default)]
pub struct Table(BTreeMap<String, Vec<Line>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    from: Vec<String>,
    ports: PortSet,
    passage: Passage,
}

/// What is otherwise between some sources and a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Who; never nobody.
    pub from: Vec<String>,
    /// To whom.
    pub to: String,
    /// At which ports; never none.
    pub ports: PortSet,
    /// What is otherwise there.
    pub delta: Delta,
}

/// What passes otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delta {
    /// What passed, and passes no more, or no more so.
    pub before: Vec<Passage>,
    /// What passes now, and did not, or not so.
    pub after: Vec<Passage>,
    /// Whether something passes, or may pass, that did not.
    pub opens: bool,
    /// Whether something passed, or may have passed, that does not.
    pub closes: bool,
}

/// Compares flows, as a release reads policies.
#[derive(Debug)]
pub struct Comparison<'a> {
    config: &'a Config,
    issuers: Vec<String>,
}

impl Table {
    /// Adds what is open at some ports.
    pub fn add(&mut self, from: Vec<String>, to: String, ports: PortSet, passage: Passage) {
        self.0.entry(to).or_default().push(Line { from, ports, passage });
    }

    /// Returns what is left without some ports of each pair of ends, source and destination.
    #[must_use]
    pub fn without(&self, ports: impl Fn(&str, &str) -> PortSet) -> Self {
        let mut left = Self::default();
        for (to, lines) in &self.0 {
            for Line { from, ports: open, passage } in lines {
                for from in from {
                    let open = open.difference(&ports(from, to));
                    if !open.is_empty() {
                        left.add(vec![from.clone()], to.clone(), open, passage.clone());
                    }
                }
            }
        }
        left
    }

    fn toward(&self, to: &str) -> &[Line] {
        self.0.get(to).map_or(&[], Vec::as_slice)
    }
}

impl Reach<'_> {
    /// Returns flows by the names of their ends.
    pub fn table(&self, flows: &[Flow]) -> Table {
        let mut table = Table::default();
        for flow in flows {
            let from = flow.from.iter().map(|end| self.end_name(*end)).collect();
            table.add(from, self.end_name(flow.to), flow.ports.clone(), flow.passage.clone());
        }
        table
    }

    /// Returns what compares flows of another mesh with those of this one.
    pub fn comparison(&self, other: &Reach<'_>) -> Comparison<'_> {
        let issuers: BTreeSet<&String> = [self.authorization.issuers(), other.authorization.issuers()]
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        Comparison { config: &self.mesh.config, issuers: issuers.into_iter().cloned().collect() }
    }
}

/// What is open to a source: at some ports, one passage.
type Opening<'t> = (&'t PortSet, &'t Passage);

impl Comparison<'_> {
    /// Returns what is otherwise after than before, by destination; sources that are alike together.
    pub fn changes(&self, before: &Table, after: &Table) -> Vec<Change> {
        let to: BTreeSet<&String> = before.0.keys().chain(after.0.keys()).collect();
        to.into_iter().flat_map(|to| self.toward(to, before.toward(to), after.toward(to))).collect()
    }

    fn toward(&self, to: &str, before: &[Line], after: &[Line]) -> Vec<Change> {
        if before == after {
            return Vec::new();
        }
        let (before, after) = (by_source(before), by_source(after));
        let sources: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
        let mut alike = BTreeMap::<(PortSet, Delta), Vec<String>>::new();
        for from in sources {
            let of = |all| BTreeMap::get(all, from).map_or(&[][..], Vec::as_slice);
            for (delta, ports) in self.deltas(of(&before), of(&after)) {
                alike.entry((ports, delta)).or_default().push(from.to_owned());
            }
        }
        let change = |((ports, delta), from)| Change { from, to: to.to_owned(), ports, delta };
        alike.into_iter().map(change).collect()
    }

    /// Returns what is otherwise between two ends, and where.
    fn deltas(&self, before: &[Opening<'_>], after: &[Opening<'_>]) -> BTreeMap<Delta, PortSet> {
        let mut deltas = BTreeMap::<Delta, PortSet>::new();
        for atom in PortSet::cut(before.iter().chain(after).map(|(ports, _)| *ports)) {
            let at = |openings: &[Opening<'_>]| -> BTreeSet<Passage> {
                let open = openings.iter().filter(|(ports, _)| atom.is_subset(ports));
                open.map(|(_, passage)| (*passage).clone()).collect()
            };
            if let Some(delta) = self.delta(&at(before), &at(after)) {
                let all = deltas.entry(delta).or_default();
                *all = all.union(&atom);
            }
        }
        deltas
    }

    /// Returns what is otherwise at a port; nothing where only the words are.
    fn delta(&self, before: &BTreeSet<Passage>, after: &BTreeSet<Passage>) -> Option<Delta> {
        let (gone, new): (Vec<&Passage>, Vec<&Passage>) =
            (before.difference(after).collect(), after.difference(before).collect());
        if gone.is_empty() && new.is_empty() {
            return None;
        }
        let (before, after): (Vec<&Passage>, Vec<&Passage>) =
            (before.iter().collect(), after.iter().collect());
        let (mut opens, mut closes, mut differs) = (false, false, accounts(&gone) != accounts(&new));
        for chain in [Chain::Http, Chain::Tcp] {
            for is_known in [true, false] {
                for is_sure in [is_possible, is_certain, is_through_its_proxy] {
                    let counts = |passage: &&&Passage| {
                        is_of(passage, chain)
                            && passage.account.is_some() == is_known
                            && is_sure(&passage.mark)
                    };
                    let of = |all: &[&Passage]| -> Vec<Allowed> {
                        all.iter().filter(counts).map(|passage| passage.allowed.clone()).collect()
                    };
                    let (more, less) = self.differ(chain, &of(&before), &of(&after));
                    // What only a source's own proxy stops is no less open.
                    if is_sure(&Mark::AroundItsProxy) {
                        opens |= more;
                        closes |= less;
                    }
                    differs |= more || less;
                }
            }
        }
        let heard = |all: &[&Passage]| all.iter().any(|passage| passage.mark == Mark::GreetingOnly);
        opens |= heard(&after) && !heard(&before) && !closes;
        closes |= heard(&before) && !heard(&after) && !opens;
        let owned = |passages: Vec<&Passage>| passages.into_iter().cloned().collect();
        (differs || opens || closes).then(|| Delta { before: owned(gone), after: owned(new), opens, closes })
    }

    /// Tells whether one list lets more through than another, and whether it lets less through.
    fn differ(&self, chain: Chain, before: &[Allowed], after: &[Allowed]) -> (bool, bool) {
        if before == after
            || before.iter().any(Allowed::is_everything) && after.iter().any(Allowed::is_everything)
        {
            return (false, false);
        }
        let written =
            |all: &[Allowed]| -> Vec<Written> { all.iter().map(|allowed| self.written(allowed)).collect() };
        let (before, after) = (written(before), written(after));
        let (before, after) = (self.requests(&before, chain), self.requests(&after, chain));
        let (before, after): (Vec<_>, Vec<_>) = (before.iter().collect(), after.iter().collect());
        let mut universe = Universe::new(&[before.as_slice(), after.as_slice()].concat());
        let (before, after) = (universe.set(&before), universe.set(&after));
        let mut has = |more, less| universe.without(more, less) != Diagram::NOTHING;
        (has(after, before), has(before, after))
    }

    fn requests<'a>(&'a self, all: &'a [Written], chain: Chain) -> Vec<Requests<'a, 'static>> {
        let clause = |conditions: &'a Vec<Condition<'static>>| Clause {
            rule: None,
            conditions: conditions.iter().collect(),
        };
        let of = |written: &'a Written| Requests {
            chain,
            normalization: self.config.mesh.normalization(),
            issuers: &self.issuers,
            allow: vec![clause(&written.allow)],
            deny: written.deny.iter().map(clause).collect(),
            judged: Vec::new(),
        };
        all.iter().map(of).collect()
    }

    fn written(&self, allowed: &Allowed) -> Written {
        let of = |term: &Term, is_negated| -> Vec<Condition<'static>> {
            let conditions = term.conditions.iter();
            conditions
                .filter_map(|(attribute, words)| policy::condition(attribute, words, is_negated, self.config))
                .collect()
        };
        let except = |term: &Term| {
            let unless = term.unless.iter().flat_map(|unless| of(unless, true));
            of(term, false).into_iter().chain(unless).collect()
        };
        Written { allow: of(&allowed.term, false), deny: allowed.except.iter().map(except).collect() }
    }
}

/// Conditions, read from the words of [`Allowed`].
struct Written {
    allow: Vec<Condition<'static>>,
    deny: Vec<Vec<Condition<'static>>>,
}

fn by_source(lines: &[Line]) -> BTreeMap<&str, Vec<Opening<'_>>> {
    let mut by_source = BTreeMap::<&str, Vec<Opening<'_>>>::new();
    for line in lines {
        for from in &line.from {
            by_source.entry(from).or_default().push((&line.ports, &line.passage));
        }
    }
    by_source
}

/// Tells whether a passage takes requests, or other bytes. Where bytes are not read, a request passes as bytes.
fn is_of(passage: &Passage, chain: Chain) -> bool {
    match passage.taken_for {
        TakenFor::Http | TakenFor::AutoHttp => chain == Chain::Http,
        TakenFor::AutoTcp => chain == Chain::Tcp,
        TakenFor::Auto | TakenFor::Tcp | TakenFor::Udp | TakenFor::Sctp => true,
    }
}

fn accounts<'p>(passages: &[&'p Passage]) -> BTreeSet<&'p String> {
    passages.iter().filter_map(|passage| passage.account.as_ref()).collect()
}

fn is_possible(mark: &Mark) -> bool {
    match mark {
        Mark::Open | Mark::AroundItsProxy | Mark::Unknown(_) => true,
        Mark::GreetingOnly => false,
    }
}

fn is_certain(mark: &Mark) -> bool {
    is_possible(mark) && !matches!(mark, Mark::Unknown(_))
}

fn is_through_its_proxy(mark: &Mark) -> bool {
    *mark == Mark::Open
}
