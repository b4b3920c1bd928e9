//! How a set of patterns parts the strings of a language: into atoms, each with an example.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::{Language, Pattern, automaton::Automaton, language};
use crate::reach::bits::Bits;

/// The atoms of a set of patterns: strings that no pattern tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    language: Language,
    patterns: Vec<Pattern>,
    atoms: Vec<Atom>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Atom {
    /// The patterns that hold.
    holding: Bits,
    /// A string that is one of them: the shortest, or one that people know.
    example: String,
}

impl Vocabulary {
    /// Parts the strings of a language; each atom that there is a string for is found, and no other.
    pub fn new(language: Language, patterns: impl IntoIterator<Item = Pattern>) -> Self {
        let patterns: BTreeSet<Pattern> = patterns.into_iter().collect();
        let patterns: Vec<Pattern> = patterns.into_iter().collect();
        let mut atoms = atoms(language, &patterns);
        for example in language.examples() {
            let holding = holding(&patterns, example);
            let atom = atoms.iter_mut().find(|atom| atom.holding == holding);
            if let Some(atom) = atom.filter(|atom| !language.examples().contains(&atom.example.as_str())) {
                (*example).clone_into(&mut atom.example);
            }
        }
        Self { language, patterns, atoms }
    }

    /// Returns how many atoms there are.
    pub fn len(&self) -> usize {
        self.atoms.len()
    }

    /// Tells whether there is none; no language is without a string.
    pub fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    /// Returns what strings it parts.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Returns the patterns, each once, in order.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Returns the atoms that a pattern of the vocabulary is made of; none for a pattern that no string matches.
    pub fn atoms_of(&self, pattern: &Pattern) -> Bits {
        let index = self.patterns.binary_search(pattern).expect("the vocabulary is of its patterns");
        (0..).zip(&self.atoms).map(|(number, atom)| (number, atom.holding.contains(index))).collect()
    }

    /// Returns the atom of a string; none where the language has no such string.
    pub fn atom(&self, text: &str) -> Option<usize> {
        let holding = holding(&self.patterns, text);
        self.atoms.iter().position(|atom| atom.holding == holding)
    }

    /// Returns a string of an atom.
    pub fn example(&self, atom: usize) -> &str {
        &self.atoms[atom].example
    }
}

fn holding(patterns: &[Pattern], text: &str) -> Bits {
    let mut holding = Bits::none(patterns.len());
    let matching = patterns.iter().enumerate().filter(|(_, pattern)| pattern.matches(text));
    matching.for_each(|(index, _)| holding.add(index));
    holding
}

/// Reads every string of the language side by side, shortest first, and notes the first of each atom.
fn atoms(language: Language, patterns: &[Pattern]) -> Vec<Atom> {
    let automaton = Automaton::new(patterns);
    let alphabet = alphabet(language, patterns);
    let start = (automaton.start(), language::State::Start);
    let (mut seen, mut places) = (HashSet::from([start.clone()]), HashMap::new());
    let (mut queue, mut atoms) = (VecDeque::from([(start, Vec::new())]), Vec::<Atom>::new());
    while let Some(((state, place), text)) = queue.pop_front() {
        if language.may_end(place) {
            let holding = automaton.holding(&state);
            let known = *places.entry(holding.clone()).or_insert(atoms.len());
            let example = || String::from_utf8_lossy(&text).into_owned();
            match atoms.get_mut(known) {
                None => atoms.push(Atom { holding, example: example() }),
                // The empty string is the shortest, and says the least to a reader.
                Some(atom) if atom.example.is_empty() => atom.example = example(),
                Some(_) => {}
            }
        }
        for byte in &alphabet {
            let Some(place) = language.step(place, *byte) else { continue };
            let next = (automaton.step(&state, *byte), place);
            if seen.insert(next.clone()) {
                queue.push_back((next, [&text[..], &[*byte]].concat()));
            }
        }
    }
    atoms
}

/// Returns bytes enough to tell every state: those of the patterns, those of the language, and one of each sort that no
/// pattern has.
fn alphabet(language: Language, patterns: &[Pattern]) -> Vec<u8> {
    let mut alphabet = language.alphabet().to_vec();
    let written: BTreeSet<u8> = patterns.iter().flat_map(bytes).collect();
    let spare = |sort: &[u8]| sort.iter().find(|byte| !written.contains(byte)).copied();
    let spares = [
        &b"xyzabcdefghijklmnopqrstuvw"[..],
        b"XYZABCDEFGHIJKLMNOPQRSTUVW",
        b"0123456789",
        b"-_~:;=@!$&'()*+,[]",
    ];
    alphabet.extend(written.iter().copied());
    alphabet.extend(spares.into_iter().filter_map(spare));
    let mut seen = BTreeSet::new();
    alphabet.retain(|byte| seen.insert(*byte));
    alphabet
}

fn bytes(pattern: &Pattern) -> Vec<u8> {
    use super::pattern::Piece;
    match pattern {
        Pattern::Any | Pattern::Present => Vec::new(),
        Pattern::Exact(text) | Pattern::Prefix(text) | Pattern::Suffix(text) => text.bytes().collect(),
        Pattern::Template(pieces) => {
            let literal = |piece: &Piece| match piece {
                Piece::Literal(text) => text.bytes().collect(),
                // One that a segment does not take tells it from the rest.
                Piece::Segment | Piece::Rest => b"[".to_vec(),
            };
            pieces.iter().flat_map(literal).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::mesh_config::Normalization;

    const PATH: Language = Language::Path(Normalization::Base);

    fn examples(language: Language, values: &[&str]) -> Vec<String> {
        let pattern = |value: &&str| match language {
            Language::Path(_) => Pattern::path(value, true),
            Language::Host => Pattern::host(value),
            Language::Method => Pattern::header(value),
            Language::ServerName | Language::Text => Pattern::new(value),
        };
        let vocabulary = Vocabulary::new(language, values.iter().map(pattern));
        let mut examples: Vec<String> =
            (0..vocabulary.len()).map(|atom| vocabulary.example(atom).to_owned()).collect();
        examples.sort();
        examples
    }

    #[test]
    fn an_atom_has_an_example_that_a_person_would_send() {
        assert_eq!(
            examples(PATH, &["/cart/*", "/health", "*.js"]),
            ["/", "/.js", "/cart/", "/cart/.js", "/health"]
        );
        assert_eq!(examples(Language::Method, &["GET"]), ["GET", "POST"]);
        assert_eq!(examples(Language::Method, &["P*", "GET"]), ["DELETE", "GET", "POST"]);
        assert_eq!(examples(Language::Host, &["*"]), ["x"]);
        assert_eq!(examples(PATH, &["/a/{*}/c"]), ["/", "/a/x/c"]);
    }

    #[test]
    fn ap24_to_ap26_a_pattern_that_no_path_matches_has_no_atom() {
        for dead in ["/a?b", "/a/../b", "/%61", "api/*", "/a/./*", "", "/a#b"] {
            let pattern = Pattern::path(dead, false);
            let vocabulary = Vocabulary::new(PATH, [pattern.clone()]);
            assert!(vocabulary.atoms_of(&pattern).is_empty(), "{dead}");
        }
        for alive in ["/a/..b", "/a%2fb", "/a/..*", "*api", "//x", "/%"] {
            let pattern = Pattern::path(alive, false);
            let vocabulary = Vocabulary::new(PATH, [pattern.clone()]);
            assert!(!vocabulary.atoms_of(&pattern).is_empty(), "{alive}");
        }
        let slashes = Pattern::path("//x", false);
        let merging = Vocabulary::new(Language::Path(Normalization::MergeSlashes), [slashes.clone()]);
        assert!(merging.atoms_of(&slashes).is_empty());
    }

    fn pattern() -> impl Strategy<Value = Pattern> {
        let word = "[/ab.]{0,3}";
        prop_oneof![
            word.prop_map(Pattern::Exact),
            word.prop_map(Pattern::Prefix),
            word.prop_map(Pattern::Suffix),
            Just(Pattern::Present),
            prop::collection::vec(
                prop_oneof![Just("/"), Just("a"), Just("{*}"), Just("{**}"), Just("/{*}/b")],
                1..4
            )
            .prop_map(|parts| Pattern::path(&parts.concat(), true)),
        ]
    }

    proptest! {
        /// Every string falls into an atom, and every atom's example holds what the atom says.
        #[test]
        fn atoms_part_the_language(
            patterns in prop::collection::vec(pattern(), 0..6),
            texts in prop::collection::vec("/[/ab.c]{0,6}", 1..12),
        ) {
            let vocabulary = Vocabulary::new(PATH, patterns.clone());
            for atom in 0..vocabulary.len() {
                prop_assert_eq!(vocabulary.atom(vocabulary.example(atom)), Some(atom));
            }
            for text in texts {
                let normal = crate::reach::text::normalized(&text, Normalization::Base).unwrap();
                let atom = vocabulary.atom(&normal);
                prop_assert!(atom.is_some(), "{} has no atom", normal);
                for pattern in &patterns {
                    prop_assert_eq!(vocabulary.atoms_of(pattern).contains(atom.unwrap()), pattern.matches(&normal));
                }
            }
        }
    }
}
