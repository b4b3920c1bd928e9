//! Sets of endpoints: ascending lists that are shared, not copied.

use std::{collections::HashMap, sync::Arc};

use super::EndpointId;

/// Endpoints, ascending, each once.
pub type Set = Arc<[EndpointId]>;

/// Tells whether an endpoint is in a set.
pub(super) fn contains(set: &[EndpointId], id: EndpointId) -> bool {
    set.binary_search(&id).is_ok()
}

/// Returns what is in both, without copying where one holds the other.
pub(super) fn intersection(a: &Set, b: &Set) -> Set {
    if Arc::ptr_eq(a, b) {
        return Arc::clone(a);
    }
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let found = found(few, many);
    if found.len() == few.len() { Arc::clone(few) } else { found.into() }
}

/// Steps through the smaller set; looks its members up in the rest of the greater one, or walks both if they are alike.
fn found(few: &[EndpointId], mut many: &[EndpointId]) -> Vec<EndpointId> {
    let is_walked = few.len() * 8 > many.len();
    let mut found = Vec::new();
    for id in few {
        let at = if is_walked {
            many.iter().position(|other| other >= id).unwrap_or(many.len())
        } else {
            many.partition_point(|other| other < id)
        };
        many = &many[at..];
        if many.first() == Some(id) {
            found.push(*id);
        }
    }
    found
}

/// Returns what is in any of several.
pub(super) fn union<'a>(sets: impl IntoIterator<Item = &'a [EndpointId]>) -> Vec<EndpointId> {
    let mut all: Vec<EndpointId> = sets.into_iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Gives equal values the same number.
#[derive(Debug)]
pub(super) struct Interner<T> {
    values: Vec<T>,
    places: HashMap<T, u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { values: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    pub(super) fn intern(&mut self, value: T) -> u32 {
        if let Some(place) = self.places.get(&value) {
            return *place;
        }
        let place = u32::try_from(self.values.len()).expect("fewer values than bytes");
        self.values.push(value.clone());
        self.places.insert(value, place);
        place
    }

    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    pub(super) fn get(&self, place: u32) -> &T {
        &self.values[place as usize]
    }
}
