//! What one owner holds, by tag: a short list for the few locks of an ordinary transaction, a map for those beyond.

use crate::LockTag;
use crate::owner::Held;
use hashbrown::HashMap;

/// So many stand in the list, where looking at each costs less than a hash.
const LISTED_MAX: usize = 8;

/// Entries by tag, at most one for each.
#[derive(Default)]
pub(crate) struct HeldMap {
    listed: Vec<(LockTag, Held)>,
    /// Those that came when the list was full.
    more: HashMap<LockTag, Held, foldhash::fast::RandomState>,
}

impl HeldMap {
    #[inline]
    pub(crate) fn get(&self, tag: &LockTag) -> Option<&Held> {
        let listed = self.listed.iter().find(|(listed, _)| listed == tag).map(|(_, held)| held);
        if self.more.is_empty() { listed } else { listed.or_else(|| self.more.get(tag)) }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, tag: &LockTag) -> Option<&mut Held> {
        match self.place(tag) {
            Some(at) => Some(&mut self.listed[at].1),
            None if self.more.is_empty() => None,
            None => self.more.get_mut(tag),
        }
    }

    /// The entry, made if there is none.
    #[inline]
    pub(crate) fn get_or_new(&mut self, tag: LockTag) -> &mut Held {
        let at = match self.place(&tag) {
            Some(at) => at,
            None if self.listed.len() == LISTED_MAX || self.more.contains_key(&tag) => {
                return self.more.entry(tag).or_default();
            }
            None => {
                self.listed.push((tag, Held::default()));
                self.listed.len() - 1
            }
        };
        &mut self.listed[at].1
    }

    #[inline]
    pub(crate) fn remove(&mut self, tag: &LockTag) {
        match self.place(tag) {
            Some(at) => drop(self.listed.swap_remove(at)),
            None => drop(self.more.remove(tag)),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&LockTag, &Held)> {
        self.listed.iter().map(|(tag, held)| (tag, held)).chain(&self.more)
    }

    /// Takes all out.
    pub(crate) fn take_all(&mut self) -> Vec<(LockTag, Held)> {
        self.listed.drain(..).chain(self.more.drain()).collect()
    }

    #[inline]
    fn place(&self, tag: &LockTag) -> Option<usize> {
        self.listed.iter().position(|(listed, _)| listed == tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LockMode, LockScope};
    use base::Xid;

    #[test]
    fn entries_are_found_on_both_sides_of_the_limit() {
        let mut map = HeldMap::default();
        let tags: Vec<LockTag> = (0..20).map(|n| LockTag::Transaction(Xid(n))).collect();
        for (n, tag) in tags.iter().enumerate() {
            *map.get_or_new(*tag).counter(LockMode::Share, LockScope::Session) = n as u32 + 1;
        }
        let count = |map: &HeldMap, tag| map.get(tag).map(|held| held.count(LockMode::Share));
        map.remove(&tags[3]);
        // There is room in the list now, and this one stands in the map.
        *map.get_or_new(tags[15]).counter(LockMode::Share, LockScope::Session) += 100;
        for (n, tag) in tags.iter().enumerate() {
            let expected = (n != 3).then_some(n as u32 + if n == 15 { 101 } else { 1 });
            assert_eq!(
                (count(&map, tag), map.get_mut(tag).map(|held| held.count(LockMode::Share))),
                (expected, expected)
            );
        }
        tags[10..].iter().for_each(|tag| map.remove(tag));
        assert_eq!(map.iter().count(), 9);
        assert_eq!((map.take_all().len(), map.iter().count()), (9, 0));
    }
}
