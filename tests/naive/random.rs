//! Random meshes and questions: small, so that names, labels, ports and patterns collide.

mod mesh;
mod policy;
mod question;
mod shrink;

use serde_json::{Map, Value, json};

pub use self::{
    mesh::mesh,
    question::{Edges, question},
    shrink::shrunk,
};
use super::{Cluster, Question};

/// A stream of numbers that a seed determines: splitmix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below another.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Up to so many of what can be made, few more often than many.
    pub fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1).min(self.below(most + 1));
        (0..count).map(|_| make(self)).collect()
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// A random mesh with its questions; the seed makes it again.
#[derive(Debug)]
pub struct Case {
    pub seed: u64,
    pub manifests: String,
    pub cluster: Cluster,
    pub questions: Vec<Question>,
    /// What is left of the dice, for whoever changes the mesh.
    pub dice: Dice,
}

impl Case {
    /// Makes the case of a seed, with so many questions.
    pub fn new(seed: u64, questions: usize) -> Self {
        let mut dice = Dice::new(seed);
        let manifests = mesh(&mut dice);
        let cluster = Cluster::read(&manifests);
        let edges = Edges::of(&cluster);
        let questions = (0..questions).map(|_| question(&mut dice, &edges)).collect();
        Self { seed, manifests, cluster, questions, dice }
    }
}

const NAMESPACES: &[&str] = &["shop", "pay", "ops", "istio-system", "kube-system"];
const KEYS: &[&str] = &["k", "l", "m"];
const VALUES: &[&str] = &["x", "y", "z"];
const ACCOUNTS: &[&str] = &["default", "web", "web2"];
const NUMBERS: &[u16] = &[80, 81, 82, 8080, 3306];
const PORT_NAMES: &[&str] = &["web", "alt"];
const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];
const ADDRESSES: &[&str] = &[
    "10.1.0.1",
    "10.1.2.3",
    "10.2.0.1",
    "192.0.2.1",
    "192.0.2.200",
    "198.51.100.7",
    "2001:db8::1",
    "2001:db8:1::1",
];
const METHODS: &[&str] = &["GET", "PUT", "PATCH", "DELETE", "get"];
const HOSTS: &[&str] = &["a.b", "A.b", "a.b:80", "x.a.b", "b"];

/// Writes objects as documents.
pub fn text(objects: &[Value]) -> String {
    objects.iter().fold(String::new(), |text, object| format!("{text}---\n{object}\n"))
}

fn labels(dice: &mut Dice) -> Map<String, Value> {
    let mut labels = Map::new();
    for key in KEYS {
        if dice.percent(50) {
            labels.insert((*key).to_owned(), json!(dice.one(VALUES)));
        }
    }
    labels
}

/// No label, one, or two.
fn selector_labels(dice: &mut Dice) -> Map<String, Value> {
    (0..dice.one(&[0, 1, 1, 1, 2])).map(|_| (dice.one(KEYS).to_owned(), json!(dice.one(VALUES)))).collect()
}

/// Sets a list that nobody need write: one that is empty may be absent, null or written so.
fn optional(dice: &mut Dice, at: &mut Value, key: &str, items: Vec<Value>) {
    match (items.is_empty(), dice.below(3)) {
        (true, 0) => {}
        (true, 1) => at[key] = Value::Null,
        _ => at[key] = Value::Array(items),
    }
}
