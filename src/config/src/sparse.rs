//! A layer of values over others: few entries, each found by its setting's index without hash or search.

use crate::table::Setting;

const WORDS: usize = Setting::ALL.len().div_ceil(64);

/// A set of settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Bits([u64; WORDS]);

impl Default for Bits {
    fn default() -> Bits {
        Bits([0; WORDS])
    }
}

impl Bits {
    pub(crate) fn has(&self, setting: Setting) -> bool {
        let index = setting as usize;
        self.0[index / 64] >> (index % 64) & 1 == 1
    }

    pub(crate) fn insert(&mut self, setting: Setting) {
        self.0[setting as usize / 64] |= 1 << (setting as usize % 64);
    }

    pub(crate) fn remove(&mut self, setting: Setting) {
        self.0[setting as usize / 64] &= !(1 << (setting as usize % 64));
    }

    /// How many members stand before this one.
    fn rank(&self, setting: Setting) -> usize {
        let (word, bit) = (setting as usize / 64, setting as usize % 64);
        let whole: u32 = self.0[..word].iter().map(|w| w.count_ones()).sum();
        (whole + (self.0[word] & ((1 << bit) - 1)).count_ones()) as usize
    }

    /// The members, in order. Costs what is in it, not what could be.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Setting> {
        self.0.into_iter().enumerate().flat_map(|(word, bits)| {
            let mut left = bits;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.wrapping_sub(1);
                Setting::ALL.get(word * 64 + bit).copied().filter(|_| bit < 64)
            })
        })
    }
}

/// A sparse array over [`Setting`]: a bit for each setting, and the entries of those whose bit is set, in order.
#[derive(Clone, Debug)]
pub(crate) struct Sparse<T> {
    bits: Bits,
    entries: Vec<T>,
}

impl<T> Default for Sparse<T> {
    fn default() -> Sparse<T> {
        Sparse { bits: Bits::default(), entries: Vec::new() }
    }
}

impl<T> Sparse<T> {
    pub(crate) fn get(&self, setting: Setting) -> Option<&T> {
        self.bits.has(setting).then(|| &self.entries[self.bits.rank(setting)])
    }

    /// Puts an entry and returns the one it replaces.
    pub(crate) fn insert(&mut self, setting: Setting, entry: T) -> Option<T> {
        let rank = self.bits.rank(setting);
        if self.bits.has(setting) {
            return Some(std::mem::replace(&mut self.entries[rank], entry));
        }
        self.bits.insert(setting);
        self.entries.insert(rank, entry);
        None
    }

    pub(crate) fn remove(&mut self, setting: Setting) -> Option<T> {
        if !self.bits.has(setting) {
            return None;
        }
        let rank = self.bits.rank(setting);
        self.bits.remove(setting);
        Some(self.entries.remove(rank))
    }

    pub(crate) fn settings(&self) -> impl Iterator<Item = Setting> {
        self.bits.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_lists_its_members_in_order() {
        let mut bits = Bits::default();
        assert_eq!(bits.iter().count(), 0);
        let mut members: Vec<Setting> = Setting::ALL.iter().copied().step_by(7).collect();
        members.extend(Setting::ALL.last().copied());
        members.dedup();
        members.iter().rev().for_each(|&setting| bits.insert(setting));
        assert_eq!(bits.iter().collect::<Vec<_>>(), members);
    }

    #[test]
    fn finds_what_was_put() {
        let mut sparse = Sparse::default();
        for &setting in Setting::ALL.iter().rev().step_by(3) {
            sparse.insert(setting, setting.name());
        }
        for (i, &setting) in Setting::ALL.iter().rev().enumerate() {
            assert_eq!(sparse.get(setting).copied(), (i % 3 == 0).then(|| setting.name()));
        }
        assert_eq!(sparse.remove(*Setting::ALL.last().unwrap()), Some("zero_damaged_pages"));
        assert_eq!(sparse.get(*Setting::ALL.last().unwrap()), None);
    }
}
