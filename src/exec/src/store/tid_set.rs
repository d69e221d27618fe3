//! A set of rows of one table: what a bitmap scan gathers from indexes.
//!
//! While there are few, rows are a list. Beyond a part of work_mem they are kept as bits by page; and beyond that, pages are
//! remembered as a whole: all rows of such a page are in the set, as far as it knows, and whoever reads them tests them again.

use base::{BlockNumber, OffsetNumber, Tid};
use std::collections::BTreeMap;

/// Line pointers that a page of a table may have, as words of bits.
const PAGE_WORDS: usize = 5;
/// Pages whose marks are kept together.
const CHUNK_PAGES: u32 = 256;
/// What a page with its rows costs, in PostgreSQL's reckoning.
const PAGE_BYTES: usize = 64;
/// The list takes this part of the memory at most.
const LIST_PART: usize = 4;

/// A set of rows.
#[derive(Default)]
pub struct TidSet {
    /// Rows; sorted, each once, after `finish`.
    list: Vec<Tid>,
    pages: Option<Box<Pages>>,
    memory_bytes_max: usize,
}

#[derive(Default)]
struct Pages {
    exact: BTreeMap<u32, [u64; PAGE_WORDS]>,
    /// Whole pages, a bit for each.
    whole: BTreeMap<u32, [u64; CHUNK_PAGES as usize / 64]>,
}

impl Pages {
    fn is_whole(&self, block: u32) -> bool {
        let at = (block % CHUNK_PAGES) as usize;
        self.whole.get(&(block / CHUNK_PAGES)).is_some_and(|chunk| chunk[at / 64] & (1 << (at % 64)) != 0)
    }

    fn make_whole(&mut self, block: u32) {
        let at = (block % CHUNK_PAGES) as usize;
        self.whole.entry(block / CHUNK_PAGES).or_default()[at / 64] |= 1 << (at % 64);
        self.exact.remove(&block);
    }

    fn add(&mut self, tid: Tid) {
        let (block, at) = (tid.block.0, usize::from(tid.offset.0));
        if at >= PAGE_WORDS * 64 {
            self.make_whole(block);
        } else if !self.is_whole(block) {
            self.exact.entry(block).or_default()[at / 64] |= 1 << (at % 64);
        }
    }

    fn whole_from(&self, block: u32) -> Option<u32> {
        for (chunk, bits) in self.whole.range(block / CHUNK_PAGES..) {
            let start = chunk * CHUNK_PAGES;
            let found = (start.max(block)..=start + (CHUNK_PAGES - 1)).find(|block| {
                let at = (block - start) as usize;
                bits[at / 64] & (1 << (at % 64)) != 0
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn whole_blocks(&self) -> Vec<u32> {
        let mut blocks = Vec::new();
        let mut from = Some(0);
        while let Some(block) = from.and_then(|from| self.whole_from(from)) {
            blocks.push(block);
            from = block.checked_add(1);
        }
        blocks
    }

    /// Half of the room is made free, so that it is not done for each page.
    fn limit(&mut self, pages_max: usize) {
        let count = |pages: &Pages| pages.exact.len() + pages.whole.len();
        while count(self) > pages_max / 2 {
            let Some(block) = self.exact.keys().next().copied() else { return };
            self.make_whole(block);
        }
    }
}

/// Where to look next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// At one row.
    Row(Tid),
    /// At all rows of a page.
    Page(BlockNumber),
}

impl TidSet {
    /// An empty set that takes about so much memory at most.
    pub fn new(memory_bytes_max: usize) -> TidSet {
        TidSet { list: Vec::new(), pages: None, memory_bytes_max }
    }

    /// Adds a row.
    #[inline]
    pub fn add(&mut self, tid: Tid) {
        self.list.push(tid);
        if self.list.len() * size_of::<Tid>() >= self.memory_bytes_max / LIST_PART {
            self.pack();
        }
    }

    /// The list's rows become bits.
    #[cold]
    fn pack(&mut self) {
        let pages = self.pages.get_or_insert_default();
        for tid in self.list.drain(..) {
            pages.add(tid);
        }
        let pages_max = (self.memory_bytes_max / PAGE_BYTES).max(16);
        if pages.exact.len() + pages.whole.len() > pages_max {
            pages.limit(pages_max);
        }
    }

    /// To be called when all rows are added.
    pub fn finish(&mut self) {
        if self.pages.is_some() {
            return self.pack();
        }
        self.list.sort_unstable();
        self.list.dedup();
    }

    /// True if there is no row in it.
    pub fn is_empty(&self) -> bool {
        let is_empty = |pages: &Pages| pages.exact.is_empty() && pages.whole.is_empty();
        self.list.is_empty() && self.pages.as_deref().is_none_or(is_empty)
    }

    /// How many rows it has, those of whole pages aside.
    pub fn row_count(&self) -> u64 {
        let bits = |words: &[u64; PAGE_WORDS]| words.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        self.list.len() as u64 + self.pages.iter().flat_map(|pages| pages.exact.values()).map(bits).sum::<u64>()
    }

    /// Adds the rows of another set. Both are finished, and so is this one afterwards.
    pub fn unite(&mut self, mut other: TidSet) {
        if self.pages.is_none() && other.pages.is_none() {
            self.list.append(&mut other.list);
            if self.list.len() * size_of::<Tid>() >= self.memory_bytes_max / LIST_PART {
                self.pack();
            }
            return self.finish();
        }
        self.pack();
        other.pack();
        let pages = self.pages.get_or_insert_default();
        let others = other.pages.unwrap_or_default();
        others.whole_blocks().into_iter().for_each(|block| pages.make_whole(block));
        for (block, words) in others.exact {
            if !pages.is_whole(block) {
                let known = pages.exact.entry(block).or_default();
                known.iter_mut().zip(words).for_each(|(known, word)| *known |= word);
            }
        }
        self.pack();
    }

    /// Keeps the rows that another set has too. Both are finished, and so is this one afterwards.
    pub fn intersect(&mut self, mut other: TidSet) {
        if self.pages.is_none() && other.pages.is_none() {
            return self.list.retain(|tid| other.list.binary_search(tid).is_ok());
        }
        self.pack();
        other.pack();
        let (mut mine, others) = (self.pages.take().unwrap_or_default(), other.pages.unwrap_or_default());
        let mut both = Pages::default();
        for (block, mut words) in std::mem::take(&mut mine.exact) {
            if let Some(theirs) = others.exact.get(&block) {
                words.iter_mut().zip(theirs).for_each(|(word, their)| *word &= their);
            } else if !others.is_whole(block) {
                continue;
            }
            if words != [0; PAGE_WORDS] {
                both.exact.insert(block, words);
            }
        }
        both.exact.extend(others.exact.iter().filter(|(block, _)| mine.is_whole(**block)).map(|(b, w)| (*b, *w)));
        mine.whole_blocks().into_iter().filter(|block| others.is_whole(*block)).for_each(|b| both.make_whole(b));
        self.pages = Some(Box::new(both));
    }

    /// The rows in order, if they are so few that they are a list.
    #[inline]
    pub fn listed(&self) -> Option<&[Tid]> {
        self.pages.is_none().then_some(&self.list)
    }

    /// The first place at or after this row. The set is finished.
    pub fn place_from(&self, tid: Tid) -> Option<Place> {
        let Some(pages) = &self.pages else {
            let at = self.list.partition_point(|known| *known < tid);
            return self.list.get(at).copied().map(Place::Row);
        };
        let next_block = |from: u32| pages.exact.range(from..).next();
        let mut exact = next_block(tid.block.0).and_then(|(block, words)| {
            let from = if *block == tid.block.0 { usize::from(tid.offset.0) } else { 0 };
            first_bit(words, from).map(|at| (*block, at))
        });
        if exact.is_none() && tid.block.0 < u32::MAX {
            exact = next_block(tid.block.0 + 1).and_then(|(block, words)| Some((*block, first_bit(words, 0)?)));
        }
        // A whole page stands before its rows.
        let whole_from = if tid.offset.0 == 0 { Some(tid.block.0) } else { tid.block.0.checked_add(1) };
        let whole = whole_from.and_then(|from| pages.whole_from(from));
        match (exact, whole) {
            (Some((block, _)), Some(page)) if page < block => Some(Place::Page(BlockNumber(page))),
            (Some((block, at)), _) => Some(Place::Row(Tid { block: BlockNumber(block), offset: OffsetNumber(at) })),
            (None, page) => page.map(|page| Place::Page(BlockNumber(page))),
        }
    }
}

/// The first bit that is set, from this one on.
fn first_bit(words: &[u64; PAGE_WORDS], from: usize) -> Option<u16> {
    let first = from / 64;
    let at = |(n, word): (usize, &u64)| {
        let rest = if n == first { word & (u64::MAX << (from % 64)) } else { *word };
        (rest != 0).then(|| (n * 64) as u16 + rest.trailing_zeros() as u16)
    };
    words.iter().enumerate().skip(first).find_map(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(memory: usize, rows: impl IntoIterator<Item = (u32, u16)>) -> TidSet {
        let mut set = TidSet::new(memory);
        rows.into_iter().for_each(|(block, offset)| set.add(Tid::new(block, offset)));
        set.finish();
        set
    }

    fn places(set: &TidSet) -> Vec<Place> {
        let mut out = Vec::new();
        let mut from = Some(Tid::new(0, 0));
        while let Some(place) = from.and_then(|from| set.place_from(from)) {
            from = match place {
                Place::Row(tid) => Some(Tid::new(tid.block.0, tid.offset.0 + 1)),
                Place::Page(block) => Some(Tid::new(block.0 + 1, 0)),
            };
            out.push(place);
        }
        out
    }

    /// What the set says of a row.
    fn has(set: &TidSet, block: u32, offset: u16) -> bool {
        let tid = Tid::new(block, offset);
        places(set).iter().any(|place| *place == Place::Row(tid) || *place == Place::Page(tid.block))
    }

    fn row(block: u32, offset: u16) -> Place {
        Place::Row(Tid::new(block, offset))
    }

    #[test]
    fn few_rows_are_told_exactly() {
        let set = set(1 << 20, [(2, 7), (1, 3), (2, 7), (1, 290)]);
        assert_eq!(places(&set), [row(1, 3), row(1, 290), row(2, 7)]);
        assert_eq!(set.row_count(), 3);
    }

    #[test]
    fn rows_of_few_pages_stay_exact() {
        let rows = (0..20).flat_map(|block| (1..=291).rev().map(move |offset| (block * 3, offset)));
        let set = set(4096, rows);
        assert!(set.pages.is_some());
        assert_eq!(set.row_count(), 20 * 291);
        assert_eq!(places(&set).len(), 20 * 291);
        assert_eq!(places(&set)[..2], [row(0, 1), row(0, 2)]);
    }

    #[test]
    fn many_pages_become_whole_and_lose_no_row() {
        let rows: Vec<(u32, u16)> = (0..5000u32).map(|n| (n * 7 % 5000, (n % 200) as u16 + 1)).collect();
        let set = set(4096, rows.clone());
        let found = places(&set);
        assert!(found.iter().any(|place| matches!(place, Place::Page(_))));
        let block_of = |place: &Place| match place {
            Place::Row(tid) => tid.block.0,
            Place::Page(block) => block.0,
        };
        assert!(found.is_sorted_by_key(block_of));
        assert_eq!(found.len(), 5000);
        let pages = set.pages.as_ref().unwrap();
        assert!(pages.exact.len() + pages.whole.len() <= 64);
    }

    #[test]
    fn sets_are_united_and_intersected_in_all_forms() {
        let odd = || (0..3000u32).map(|n| (n, 1)).filter(|(n, _)| n % 2 == 1);
        let third = || (0..3000u32).map(|n| (n, 1)).filter(|(n, _)| n % 3 == 0);
        for (mine, theirs) in [(1 << 20, 1 << 20), (1 << 20, 4096), (4096, 1 << 20), (4096, 4096)] {
            let mut both = set(mine, odd());
            both.intersect(set(theirs, third()));
            let mut any = set(mine, odd());
            any.unite(set(theirs, third()));
            for n in (0..3000).step_by(59) {
                assert!(!(n % 2 == 1 && n % 3 == 0) || has(&both, n, 1), "{n} of {mine}, {theirs}");
                assert!(!(n % 2 == 1 || n % 3 == 0) || has(&any, n, 1), "{n} of {mine}, {theirs}");
            }
            if mine == 1 << 20 && theirs == mine {
                assert_eq!((both.row_count(), any.row_count()), (500, 2000));
            }
        }
    }
}
