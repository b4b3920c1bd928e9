//! Sets of points of a finite space, such as requests, in one form each.
//!
//! A diagram decides one dimension after the other, always in the same order: a node parts the atoms of its dimension by
//! what remains to be decided. A node that would decide nothing is left out, and equal nodes are one, so that equal sets
//! are the same node.

use std::collections::HashMap;

use super::bits::Bits;
use crate::mesh::Truth;

/// A set: the place of its diagram's first node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Diagram(u32);

impl Diagram {
    /// The empty set.
    pub const NOTHING: Self = Self(0);
    /// The whole space.
    pub const EVERYTHING: Self = Self(1);

    /// Returns everything or nothing.
    fn of(claim: bool) -> Self {
        if claim { Self::EVERYTHING } else { Self::NOTHING }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    dimension: usize,
    /// Atoms by what remains to be decided: disjoint, and together every atom; in the order of the latter.
    edges: Vec<(Bits, Diagram)>,
}

/// A conjunction: for some dimensions, the atoms that are allowed there; the others are free. Dimensions ascend.
pub type Cube = Vec<(usize, Bits)>;

/// A space, and the diagrams of sets in it.
#[derive(Debug)]
pub struct Space {
    /// By dimension: how many atoms it has.
    sizes: Vec<usize>,
    nodes: Vec<Node>,
    places: HashMap<Node, Diagram>,
    known: HashMap<(Operation, Diagram, Diagram), Diagram>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    And,
    Or,
    Without,
}

impl Operation {
    /// Returns the result where one side says enough.
    fn settled(self, a: Diagram, b: Diagram) -> Option<Diagram> {
        const NOTHING: Diagram = Diagram::NOTHING;
        const EVERYTHING: Diagram = Diagram::EVERYTHING;
        match (self, a, b) {
            (Self::And, NOTHING, _) | (Self::And, _, NOTHING) => Some(NOTHING),
            (Self::And, EVERYTHING, other) | (Self::And, other, EVERYTHING) => Some(other),
            (Self::Or, EVERYTHING, _) | (Self::Or, _, EVERYTHING) => Some(EVERYTHING),
            (Self::Or, NOTHING, other) | (Self::Or, other, NOTHING) => Some(other),
            (Self::Without, NOTHING, _) | (Self::Without, _, EVERYTHING) => Some(NOTHING),
            (Self::Without, some, NOTHING) => Some(some),
            (Self::And | Self::Or, one, other) if one == other => Some(one),
            (Self::Without, one, other) if one == other => Some(NOTHING),
            (Self::And | Self::Or | Self::Without, _, _) => None,
        }
    }
}

impl Space {
    /// Returns the space of so many atoms in each dimension.
    pub fn new(sizes: Vec<usize>) -> Self {
        Self { sizes, nodes: Vec::new(), places: HashMap::new(), known: HashMap::new() }
    }

    /// Returns the points of a cube.
    pub fn cube(&mut self, cube: &[(usize, Bits)]) -> Diagram {
        cube.iter().rev().fold(Diagram::EVERYTHING, |rest, (dimension, atoms)| {
            let others = Bits::all(self.sizes[*dimension]).without(atoms);
            self.node(*dimension, vec![(atoms.clone(), rest), (others, Diagram::NOTHING)])
        })
    }

    /// Returns what is in both.
    pub fn and(&mut self, a: Diagram, b: Diagram) -> Diagram {
        self.apply(Operation::And, a, b)
    }

    /// Returns what is in one or the other.
    pub fn or(&mut self, a: Diagram, b: Diagram) -> Diagram {
        self.apply(Operation::Or, a, b)
    }

    /// Returns what is in the first and not in the second.
    pub fn without(&mut self, a: Diagram, b: Diagram) -> Diagram {
        self.apply(Operation::Without, a, b)
    }

    /// Returns the points that are in the set wherever they lie in a dimension, or somewhere in it.
    pub fn quantified(&mut self, set: Diagram, dimension: usize, everywhere: bool) -> Diagram {
        let Some(node) = self.read(set).cloned() else { return set };
        if node.dimension > dimension {
            return set;
        }
        if node.dimension < dimension {
            let edges = node.edges.into_iter();
            let edges =
                edges.map(|(atoms, rest)| (atoms, self.quantified(rest, dimension, everywhere))).collect();
            return self.node(node.dimension, edges);
        }
        let rests = node.edges.into_iter().map(|(_, rest)| rest);
        rests.fold(
            Diagram::of(everywhere),
            |all, rest| {
                if everywhere { self.and(all, rest) } else { self.or(all, rest) }
            },
        )
    }

    /// Tells whether a point is in a set; unknown where it depends on dimensions in which the point is not known.
    pub fn contains(&self, set: Diagram, point: &[Option<usize>]) -> Truth {
        let Some(node) = self.read(set) else { return (set == Diagram::EVERYTHING).into() };
        let reached = |atoms: &Bits| point[node.dimension].is_none_or(|atom| atoms.contains(atom));
        let rests = node.edges.iter().filter(|(atoms, _)| reached(atoms)).map(|(_, rest)| *rest);
        let mut answers = rests.map(|rest| self.contains(rest, point));
        let first = answers.next().unwrap_or(Truth::No);
        answers.fold(first, |all, answer| if all == answer { all } else { Truth::Unknown })
    }

    /// Returns disjoint cubes that make a set up, in order.
    #[cfg(test)]
    pub fn cubes(&self, set: Diagram) -> Vec<Cube> {
        match self.read(set) {
            None if set == Diagram::NOTHING => Vec::new(),
            None => vec![Vec::new()],
            Some(node) => {
                let mut edges: Vec<_> = node.edges.iter().collect();
                edges.sort_by_key(|(atoms, _)| atoms.iter().next());
                let cubes = edges.into_iter().flat_map(|(atoms, rest)| {
                    let first = (node.dimension, atoms.clone());
                    self.cubes(*rest).into_iter().map(move |cube| [vec![first.clone()], cube].concat())
                });
                cubes.collect()
            }
        }
    }

    /// Returns a point of a set, near another one where that is possible; dimensions that do not matter are left out. None
    /// where the set is empty.
    pub fn point(&self, set: Diagram, near: &[Option<usize>]) -> Option<Vec<(usize, usize)>> {
        let (mut point, mut left) = (Vec::new(), set);
        while let Some(node) = self.read(left) {
            let is_near = |atoms: &Bits| near[node.dimension].filter(|atom| atoms.contains(*atom));
            let atom = |atoms: &Bits| is_near(atoms).or_else(|| atoms.iter().next());
            let open = node.edges.iter().filter(|(_, rest)| *rest != Diagram::NOTHING);
            let (atoms, rest) = open.min_by_key(|(atoms, _)| (is_near(atoms).is_none(), atom(atoms)))?;
            point.push((node.dimension, atom(atoms)?));
            left = *rest;
        }
        (left == Diagram::EVERYTHING).then_some(point)
    }

    /// Returns the number of atoms of a dimension.
    pub fn size(&self, dimension: usize) -> usize {
        self.sizes[dimension]
    }

    fn read(&self, set: Diagram) -> Option<&Node> {
        self.nodes.get((set.0 as usize).checked_sub(2)?)
    }

    /// Returns the node of these edges: joined by what remains, and none if there is one edge only.
    fn node(&mut self, dimension: usize, edges: Vec<(Bits, Diagram)>) -> Diagram {
        let mut joined: Vec<(Bits, Diagram)> = Vec::with_capacity(edges.len());
        for (atoms, rest) in edges.into_iter().filter(|(atoms, _)| !atoms.is_empty()) {
            match joined.iter_mut().find(|(_, other)| *other == rest) {
                Some((others, _)) => *others = others.or(&atoms),
                None => joined.push((atoms, rest)),
            }
        }
        match joined.as_slice() {
            [] => return Diagram::NOTHING,
            [(_, rest)] => return *rest,
            _ => joined.sort_unstable_by_key(|(_, rest)| *rest),
        }
        let node = Node { dimension, edges: joined };
        if let Some(known) = self.places.get(&node) {
            return *known;
        }
        let place = Diagram(u32::try_from(self.nodes.len() + 2).expect("fewer nodes than bytes"));
        self.nodes.push(node.clone());
        self.places.insert(node, place);
        place
    }

    fn apply(&mut self, operation: Operation, a: Diagram, b: Diagram) -> Diagram {
        if let Some(settled) = operation.settled(a, b) {
            return settled;
        }
        if let Some(known) = self.known.get(&(operation, a, b)) {
            return *known;
        }
        let top = |set| self.read(set).map_or(usize::MAX, |node| node.dimension);
        let dimension = top(a).min(top(b));
        let (left, right) = (self.parted(a, dimension), self.parted(b, dimension));
        let mut edges = Vec::with_capacity(left.len() * right.len());
        for (atoms, rest) in &left {
            for (others, other) in &right {
                let both = atoms.and(others);
                if !both.is_empty() {
                    edges.push((both, self.apply(operation, *rest, *other)));
                }
            }
        }
        let result = self.node(dimension, edges);
        self.known.insert((operation, a, b), result);
        result
    }

    /// Returns how a set parts a dimension, which its first node may not do.
    fn parted(&self, set: Diagram, dimension: usize) -> Vec<(Bits, Diagram)> {
        match self.read(set) {
            Some(node) if node.dimension == dimension => node.edges.clone(),
            Some(_) | None => vec![(Bits::all(self.sizes[dimension]), set)],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZES: [usize; 3] = [3, 2, 4];

    fn cubes() -> impl Strategy<Value = Vec<[u8; 3]>> {
        prop::collection::vec([0_u8..8, 0..4, 0..16], 0..5)
    }

    fn diagram(space: &mut Space, cubes: &[[u8; 3]]) -> Diagram {
        cubes.iter().fold(Diagram::NOTHING, |all, cube| {
            let cube: Cube = (0..3)
                .map(|dimension| {
                    let atoms = (0..SIZES[dimension]).map(|atom| (atom, cube[dimension] >> atom & 1 == 1));
                    (dimension, atoms.collect())
                })
                .collect();
            let cube = space.cube(&cube);
            space.or(all, cube)
        })
    }

    fn is_in(cubes: &[[u8; 3]], point: [usize; 3]) -> bool {
        cubes.iter().any(|cube| (0..3).all(|dimension| cube[dimension] >> point[dimension] & 1 == 1))
    }

    fn points() -> impl Iterator<Item = [usize; 3]> {
        (0..3).flat_map(|a| (0..2).flat_map(move |b| (0..4).map(move |c| [a, b, c])))
    }

    proptest! {
        #[test]
        fn a_diagram_is_a_set_in_one_form(a in cubes(), b in cubes()) {
            let mut space = Space::new(SIZES.to_vec());
            let (first, second) = (diagram(&mut space, &a), diagram(&mut space, &b));
            let both = space.and(first, second);
            let either = space.or(first, second);
            let rest = space.without(first, second);
            let (somewhere, everywhere) = (space.quantified(first, 1, false), space.quantified(first, 1, true));
            for point in points() {
                let (in_a, in_b) = (is_in(&a, point), is_in(&b, point));
                let holds = |set| space.contains(set, &point.map(Some)).is_certain();
                prop_assert_eq!(holds(both), in_a && in_b);
                prop_assert_eq!(holds(either), in_a || in_b);
                prop_assert_eq!(holds(rest), in_a && !in_b);
                let moved = |b| is_in(&a, [point[0], b, point[2]]);
                prop_assert_eq!(holds(somewhere), moved(0) || moved(1));
                prop_assert_eq!(holds(everywhere), moved(0) && moved(1));
                let open = space.contains(first, &[Some(point[0]), None, Some(point[2])]);
                prop_assert_eq!(open.is_possible(), holds(somewhere));
                prop_assert_eq!(open.is_certain(), holds(everywhere));
            }
            let again = space.cubes(first).iter().fold(Diagram::NOTHING, |all, cube| {
                let cube = space.cube(cube);
                space.or(all, cube)
            });
            prop_assert_eq!(again, first);
            let back = space.without(either, rest);
            prop_assert_eq!(back, second, "what is in b is what is left of both less a's own");
        }
    }
}
