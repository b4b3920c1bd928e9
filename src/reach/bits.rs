//! Small sets of small numbers.

/// A set of numbers below a size that is fixed when it is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bits(Box<[u64]>);

impl Bits {
    /// Returns the empty set of numbers below a size.
    pub fn none(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)].into())
    }

    /// Returns the set of every number below a size.
    pub fn all(size: usize) -> Self {
        let mut all = Self::none(size);
        (0..size).for_each(|number| all.add(number));
        all
    }

    /// Puts a number in.
    pub fn add(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Tells whether a number is in it.
    pub fn contains(&self, number: usize) -> bool {
        self.0[number / 64] >> (number % 64) & 1 == 1
    }

    /// Tells whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns what is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    /// Returns what is in one or the other.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    /// Returns what is in this and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & !b).collect())
    }

    /// Tells whether everything in it is in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    /// Returns the numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().enumerate();
        words.flat_map(|(index, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| index * 64 + bit)
        })
    }
}

impl FromIterator<(usize, bool)> for Bits {
    /// Takes each number with whether it is in; the size is one more than the greatest.
    fn from_iter<I: IntoIterator<Item = (usize, bool)>>(numbers: I) -> Self {
        let numbers: Vec<(usize, bool)> = numbers.into_iter().collect();
        let size = numbers.iter().map(|(number, _)| number + 1).max().unwrap_or_default();
        let mut bits = Self::none(size);
        numbers.into_iter().filter(|(_, is_in)| *is_in).for_each(|(number, _)| bits.add(number));
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(numbers: &[usize]) -> Bits {
        let mut bits = Bits::none(130);
        for number in numbers {
            bits.add(*number);
        }
        bits
    }

    #[test]
    fn a_set_of_several_words_is_counted_and_compared_as_a_whole() {
        let some = bits(&[0, 63, 64, 129]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        assert_eq!([some.len(), bits(&[]).len()], [4, 0]);
        assert!(bits(&[63, 64]).is_subset(&some) && bits(&[]).is_subset(&some) && some.is_subset(&some));
        assert!(!bits(&[1, 64]).is_subset(&some) && !bits(&[0, 65]).is_subset(&some), "each word counts");
        let collected: Bits = [(0, true), (1, false), (63, true)].into_iter().collect();
        assert_eq!(collected.iter().collect::<Vec<_>>(), [0, 63]);
        assert_eq!(collected.0.len(), 1, "64 numbers fit into one word");
    }
}
