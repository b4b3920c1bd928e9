//! Reads a string once for many patterns.
//!
//! Exact strings and prefixes are one trie, suffixes one automaton of Aho and Corasick, templates a set of places each. A
//! state of all three tells which patterns hold of what was read, and there are few of them, since most strings leave
//! the trie soon.

use std::collections::{BTreeMap, VecDeque};

use super::pattern::{Pattern, Piece, is_segment_byte};
use crate::reach::bits::Bits;

/// Every pattern of a set, read side by side.
#[derive(Debug)]
pub(super) struct Automaton<'p> {
    patterns: &'p [Pattern],
    trie: Trie,
    suffixes: Suffixes,
    templates: Vec<(usize, &'p [Piece])>,
}

/// How far a string has been read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    is_empty: bool,
    walk: Walk,
    suffix: u32,
    /// For each template, the places that a reading may have come to: a piece, and how far into it.
    templates: Vec<Vec<(u16, u16)>>,
}

/// Where a string stands in the trie of exact strings and prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Walk {
    /// At a node.
    Within(u32),
    /// Off it, having passed the prefixes of a node and of those above it.
    Left(u32),
}

impl<'p> Automaton<'p> {
    pub(super) fn new(patterns: &'p [Pattern]) -> Self {
        let (mut trie, mut suffixes) = (Trie::default(), Suffixes::default());
        let mut templates = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            match pattern {
                Pattern::Exact(exact) => trie.add(exact, index, true),
                Pattern::Prefix(prefix) => trie.add(prefix, index, false),
                Pattern::Suffix(suffix) => suffixes.add(suffix, index),
                Pattern::Template(pieces) => templates.push((index, pieces.as_slice())),
                Pattern::Any | Pattern::Present => {}
            }
        }
        suffixes.link();
        Self { patterns, trie, suffixes, templates }
    }

    pub(super) fn start(&self) -> State {
        let templates = self.templates.iter().map(|(_, pieces)| settled(pieces, vec![(0, 0)])).collect();
        State { is_empty: true, walk: Walk::Within(0), suffix: 0, templates }
    }

    pub(super) fn step(&self, state: &State, byte: u8) -> State {
        let places = state.templates.iter().zip(&self.templates);
        State {
            is_empty: false,
            walk: self.trie.step(state.walk, byte),
            suffix: self.suffixes.step(state.suffix, byte),
            templates: places.map(|(places, (_, pieces))| moved(pieces, places, byte)).collect(),
        }
    }

    /// Returns the patterns that hold of what was read.
    pub(super) fn holding(&self, state: &State) -> Bits {
        let mut holding = Bits::none(self.patterns.len());
        for (index, pattern) in self.patterns.iter().enumerate() {
            match pattern {
                Pattern::Any => holding.add(index),
                Pattern::Present if !state.is_empty => holding.add(index),
                _ => {}
            }
        }
        self.trie
            .held(state.walk)
            .chain(self.suffixes.held(state.suffix))
            .for_each(|index| holding.add(index));
        for (places, (index, pieces)) in state.templates.iter().zip(&self.templates) {
            if places.iter().any(|(piece, _)| usize::from(*piece) == pieces.len()) {
                holding.add(*index);
            }
        }
        holding
    }
}

#[derive(Debug, Default)]
struct Node {
    next: BTreeMap<u8, u32>,
    /// The node above; the root is its own.
    above: u32,
    exact: Vec<usize>,
    prefix: Vec<usize>,
}

#[derive(Debug)]
struct Trie {
    nodes: Vec<Node>,
}

impl Default for Trie {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Trie {
    fn add(&mut self, text: &str, index: usize, is_exact: bool) {
        let node = text.bytes().fold(0, |node, byte| self.child(node, byte));
        let node = &mut self.nodes[node as usize];
        if is_exact { node.exact.push(index) } else { node.prefix.push(index) }
    }

    fn child(&mut self, node: u32, byte: u8) -> u32 {
        if let Some(child) = self.nodes[node as usize].next.get(&byte) {
            return *child;
        }
        let child = u32::try_from(self.nodes.len()).expect("patterns are shorter than memory");
        self.nodes.push(Node { above: node, ..Node::default() });
        self.nodes[node as usize].next.insert(byte, child);
        child
    }

    fn step(&self, walk: Walk, byte: u8) -> Walk {
        match walk {
            Walk::Left(_) => walk,
            Walk::Within(node) => match self.nodes[node as usize].next.get(&byte) {
                Some(child) => Walk::Within(*child),
                None => Walk::Left(self.marked(node)),
            },
        }
    }

    /// Returns the nearest node, upwards, that ends a prefix: all that it matters where the trie is left.
    fn marked(&self, mut node: u32) -> u32 {
        while node != 0 && self.nodes[node as usize].prefix.is_empty() {
            node = self.nodes[node as usize].above;
        }
        node
    }

    fn held(&self, walk: Walk) -> impl Iterator<Item = usize> {
        let (node, exact) = match walk {
            Walk::Within(node) => (node, self.nodes[node as usize].exact.as_slice()),
            Walk::Left(node) => (node, &[][..]),
        };
        let upwards =
            std::iter::successors(Some(node), |node| (*node != 0).then(|| self.nodes[*node as usize].above));
        exact.iter().copied().chain(upwards.flat_map(|node| self.nodes[node as usize].prefix.iter().copied()))
    }
}

#[derive(Debug, Default)]
struct Suffixes {
    trie: Trie,
    /// By node: the longest end of what was read that begins a suffix too.
    fallback: Vec<u32>,
}

impl Suffixes {
    fn add(&mut self, suffix: &str, index: usize) {
        self.trie.add(suffix, index, false);
    }

    fn link(&mut self) {
        self.fallback = vec![0; self.trie.nodes.len()];
        let mut queue: VecDeque<u32> = self.trie.nodes[0].next.values().copied().collect();
        while let Some(node) = queue.pop_front() {
            let children: Vec<(u8, u32)> =
                self.trie.nodes[node as usize].next.iter().map(|(byte, child)| (*byte, *child)).collect();
            for (byte, child) in children {
                self.fallback[child as usize] = self.step(self.fallback[node as usize], byte);
                queue.push_back(child);
            }
        }
    }

    fn step(&self, mut node: u32, byte: u8) -> u32 {
        loop {
            match self.trie.nodes[node as usize].next.get(&byte) {
                Some(child) => return *child,
                None if node == 0 => return 0,
                None => node = self.fallback[node as usize],
            }
        }
    }

    fn held(&self, node: u32) -> impl Iterator<Item = usize> {
        let shorter =
            std::iter::successors(Some(node), |node| (*node != 0).then(|| self.fallback[*node as usize]));
        shorter.flat_map(|node| self.trie.nodes[node as usize].prefix.iter().copied())
    }
}

/// Moves every place of a template on by a byte.
fn moved(pieces: &[Piece], places: &[(u16, u16)], byte: u8) -> Vec<(u16, u16)> {
    let mut next = Vec::new();
    for (piece, offset) in places.iter().copied() {
        match pieces.get(usize::from(piece)) {
            Some(Piece::Literal(literal)) if literal.as_bytes()[usize::from(offset)] == byte => {
                next.push((piece, offset + 1));
            }
            Some(Piece::Segment) if is_segment_byte(byte) => next.push((piece, 1)),
            Some(Piece::Rest) if is_segment_byte(byte) || byte == b'/' => next.push((piece, 0)),
            Some(_) | None => {}
        }
    }
    settled(pieces, next)
}

/// Adds the places that need no byte to come to, and leaves out those at the end of a piece.
fn settled(pieces: &[Piece], mut places: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    let mut at = 0;
    while let Some((piece, offset)) = places.get(at).copied() {
        let may_go_on = match pieces.get(usize::from(piece)) {
            Some(Piece::Literal(literal)) => usize::from(offset) == literal.len(),
            Some(Piece::Segment) => offset == 1,
            Some(Piece::Rest) => true,
            None => false,
        };
        if may_go_on && !places.contains(&(piece + 1, 0)) {
            places.push((piece + 1, 0));
        }
        at += 1;
    }
    let is_left = |(piece, offset): &(u16, u16)| match pieces.get(usize::from(*piece)) {
        Some(Piece::Literal(literal)) => usize::from(*offset) < literal.len(),
        Some(Piece::Segment | Piece::Rest) | None => true,
    };
    places.retain(is_left);
    places.sort_unstable();
    places.dedup();
    places
}
