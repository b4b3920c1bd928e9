//! Sets of numbers as ranges: ports and addresses alike.

use std::fmt::Debug;

/// A number that has neighbours.
pub trait Number: Copy + Ord + Debug {
    /// The least.
    const MIN: Self;
    /// The greatest.
    const MAX: Self;

    /// Returns the number after this one; none after the greatest.
    fn next(self) -> Option<Self>;

    /// Returns the number before this one; none before the least.
    fn previous(self) -> Option<Self>;
}

macro_rules! number {
    ($($kind:ty),*) => {
        $(impl Number for $kind {
            const MIN: Self = Self::MIN;
            const MAX: Self = Self::MAX;

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }
        })*
    };
}

number!(u32, u128);

/// A set of numbers: ascending ranges, both ends included, no two of which touch. Equal sets are equal values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ranges<N>(Vec<(N, N)>);

impl<N> Default for Ranges<N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<N: Number> Ranges<N> {
    /// Returns the set of every number.
    pub fn all() -> Self {
        Self(vec![(N::MIN, N::MAX)])
    }

    /// Returns the numbers from `first` to `last`; none if they are the wrong way round.
    pub fn of(first: N, last: N) -> Self {
        Self(if first <= last { vec![(first, last)] } else { Vec::new() })
    }

    /// Tells whether there is no number in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether every number is in it.
    pub fn is_all(&self) -> bool {
        self.0 == [(N::MIN, N::MAX)]
    }

    /// Tells whether a number is in it.
    pub fn contains(&self, number: N) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= number);
        after > 0 && number <= self.0[after - 1].1
    }

    /// Returns the ranges, ascending, both ends included.
    pub fn iter(&self) -> impl Iterator<Item = (N, N)> {
        self.0.iter().copied()
    }

    /// Returns what is in one or the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_all() {
            return other.clone();
        }
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// Returns what is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut found, mut left, mut right) = (Vec::new(), 0, 0);
        while let (Some(a), Some(b)) = (self.0.get(left), other.0.get(right)) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                found.push((first, last));
            }
            if a.1 <= b.1 {
                left += 1;
            } else {
                right += 1;
            }
        }
        Self(found)
    }

    /// Returns what is not in it.
    #[must_use]
    pub fn complement(&self) -> Self {
        let (mut found, mut from) = (Vec::with_capacity(self.0.len() + 1), Some(N::MIN));
        for (first, last) in self.iter() {
            if let (Some(start), Some(end)) = (from, first.previous())
                && start <= end
            {
                found.push((start, end));
            }
            from = last.next();
        }
        found.extend(from.map(|start| (start, N::MAX)));
        Self(found)
    }

    /// Returns what is in this and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.intersection(&other.complement())
    }

    /// Tells whether everything in it is in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|(first, last)| {
            let after = other.0.partition_point(|(start, _)| *start <= first);
            after > 0 && last <= other.0[after - 1].1
        })
    }
}

impl<N: Number> FromIterator<(N, N)> for Ranges<N> {
    /// Joins ranges in any order, overlapping or not.
    fn from_iter<I: IntoIterator<Item = (N, N)>>(ranges: I) -> Self {
        let mut ranges: Vec<(N, N)> = ranges.into_iter().filter(|(first, last)| first <= last).collect();
        ranges.sort_unstable();
        let mut joined: Vec<(N, N)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match joined.last_mut() {
                Some(before) if before.1.next().is_none_or(|next| first <= next) => {
                    before.1 = before.1.max(last);
                }
                Some(_) | None => joined.push((first, last)),
            }
        }
        Self(joined)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = Ranges<u32>> {
        prop::collection::vec((0_u32..40, 0_u32..40), 0..6)
            .prop_map(|ranges| ranges.into_iter().map(|(first, last)| (first, first + last)).collect())
    }

    proptest! {
        #[test]
        fn ranges_are_sets(a in set(), b in set()) {
            for number in 0..90 {
                let (in_a, in_b) = (a.contains(number), b.contains(number));
                prop_assert_eq!(a.union(&b).contains(number), in_a || in_b);
                prop_assert_eq!(a.intersection(&b).contains(number), in_a && in_b);
                prop_assert_eq!(a.difference(&b).contains(number), in_a && !in_b);
                prop_assert_eq!(a.complement().contains(number), !in_a);
            }
            prop_assert_eq!(a.is_subset(&b), a.difference(&b).is_empty());
            prop_assert_eq!(a.complement().complement(), a.clone());
            prop_assert_eq!(a.union(&b), b.union(&a));
        }
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let set: Ranges<u32> = [(5, 9), (1, 2), (3, 4), (11, u32::MAX)].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [(1, 9), (11, u32::MAX)]);
        assert!(set.union(&Ranges::of(0, 20)).is_all());
        assert_eq!(set.complement().iter().collect::<Vec<_>>(), [(0, 0), (10, 10)]);
    }
}
