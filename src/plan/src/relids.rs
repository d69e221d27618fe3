//! Sets of range table indexes.

use std::fmt;

/// A set of range table indexes, of 0 to [`Relids::LIMIT`] - 1, by value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Relids([u64; 4]);

impl Relids {
    /// Indexes must be less: a query with more range table entries answers 0A000.
    pub const LIMIT: i32 = 256;
    /// The empty set.
    pub const EMPTY: Relids = Relids([0; 4]);

    /// The set of one. Panics past the limit.
    pub fn single(rti: i32) -> Relids {
        let mut set = Relids::EMPTY;
        set.insert(rti);
        set
    }

    /// Adds one.
    pub fn insert(&mut self, rti: i32) {
        assert!((0..Relids::LIMIT).contains(&rti), "range table index {rti}");
        self.0[rti as usize / 64] |= 1 << (rti % 64);
    }

    /// True if `rti` is in the set.
    pub fn contains(self, rti: i32) -> bool {
        self.0[rti as usize / 64] & (1 << (rti % 64)) != 0
    }

    fn zip(self, other: Relids, f: impl Fn(u64, u64) -> u64) -> Relids {
        let mut out = [0; 4];
        for (i, word) in out.iter_mut().enumerate() {
            *word = f(self.0[i], other.0[i]);
        }
        Relids(out)
    }

    /// All of both.
    #[must_use]
    pub fn union(self, other: Relids) -> Relids {
        self.zip(other, |a, b| a | b)
    }

    /// What both have.
    #[must_use]
    pub fn intersection(self, other: Relids) -> Relids {
        self.zip(other, |a, b| a & b)
    }

    /// What `other` has not.
    #[must_use]
    pub fn difference(self, other: Relids) -> Relids {
        self.zip(other, |a, b| a & !b)
    }

    /// True if they have something in common.
    pub fn overlaps(self, other: Relids) -> bool {
        !self.intersection(other).is_empty()
    }

    /// True if all of it is in `other`.
    pub fn is_subset(self, other: Relids) -> bool {
        self.difference(other).is_empty()
    }

    /// True if nothing is in it.
    pub fn is_empty(self) -> bool {
        self == Relids::EMPTY
    }

    /// How many are in it.
    pub fn len(self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }

    /// The members, ascending.
    pub fn iter(self) -> impl Iterator<Item = i32> {
        (0..4).flat_map(move |word| {
            let mut bits = self.0[word];
            std::iter::from_fn(move || {
                if bits == 0 {
                    return None;
                }
                let bit = bits.trailing_zeros();
                bits &= bits - 1;
                Some(word as i32 * 64 + bit as i32)
            })
        })
    }

    /// The only member, if there is exactly one.
    pub fn singleton(self) -> Option<i32> {
        if self.len() == 1 { self.iter().next() } else { None }
    }
}

impl FromIterator<i32> for Relids {
    fn from_iter<T: IntoIterator<Item = i32>>(iter: T) -> Relids {
        let mut set = Relids::EMPTY;
        iter.into_iter().for_each(|rti| set.insert(rti));
        set
    }
}

impl fmt::Debug for Relids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_behave() {
        let a: Relids = [1, 64, 200].into_iter().collect();
        let b = Relids::single(64);
        assert!(b.is_subset(a) && a.overlaps(b) && !a.is_subset(b));
        assert_eq!(a.difference(b).iter().collect::<Vec<_>>(), [1, 200]);
        assert_eq!((a.len(), b.singleton(), a.singleton()), (3, Some(64), None));
    }
}
