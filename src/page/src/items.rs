//! Adding, changing and removing items.

use crate::{HEADER_BYTES, LINE_POINTER_BYTES, LinePointer, LineState, Page, align_item};
use base::OffsetNumber;

/// Where the line pointer of this offset is.
#[inline]
const fn place(offset: OffsetNumber) -> usize {
    HEADER_BYTES + offset.index() * LINE_POINTER_BYTES
}

impl Page {
    /// How many line pointers there are, used or not. The last one's offset.
    #[inline]
    pub fn item_count(&self) -> u16 {
        (self.lower().saturating_sub(HEADER_BYTES) / LINE_POINTER_BYTES) as u16
    }

    /// All offsets, first to last.
    pub fn offsets(&self) -> impl DoubleEndedIterator<Item = OffsetNumber> + use<> {
        (1..=self.item_count()).map(OffsetNumber)
    }

    /// The line pointer at `offset`. Panics if there is none.
    #[inline]
    pub fn line_pointer(&self, offset: OffsetNumber) -> LinePointer {
        assert!(offset.0 <= self.item_count(), "offset {} of {}", offset.0, self.item_count());
        let at = place(offset);
        LinePointer::from_bytes(self.bytes()[at..at + 4].try_into().expect("four bytes"))
    }

    /// Replaces a line pointer. Panics if there is none at `offset`.
    pub fn set_line_pointer(&mut self, offset: OffsetNumber, pointer: LinePointer) {
        assert!(offset.0 <= self.item_count());
        self.put(place(offset), &pointer.to_bytes());
    }

    /// The item at `offset`. Panics if the line pointer has no storage.
    #[inline]
    pub fn item(&self, offset: OffsetNumber) -> &[u8] {
        let pointer = self.line_pointer(offset);
        assert!(pointer.has_storage());
        &self.bytes()[pointer.offset()..pointer.offset() + pointer.length()]
    }

    /// The item at `offset`, to be changed in place.
    #[inline]
    pub fn item_mut(&mut self, offset: OffsetNumber) -> &mut [u8] {
        let pointer = self.line_pointer(offset);
        assert!(pointer.has_storage());
        &mut self.bytes_mut()[pointer.offset()..pointer.offset() + pointer.length()]
    }

    /// Bytes between line pointers and items.
    #[inline]
    pub fn gap_bytes(&self) -> usize {
        self.upper().saturating_sub(self.lower())
    }

    /// The largest item that fits together with a line pointer of its own.
    #[inline]
    pub fn free_bytes(&self) -> usize {
        self.gap_bytes().saturating_sub(LINE_POINTER_BYTES)
    }

    /// The first line pointer that can be used again.
    pub fn first_unused(&self) -> Option<OffsetNumber> {
        self.offsets().find(|offset| self.line_pointer(*offset).state() == LineState::Unused)
    }

    /// Adds an item behind the last one, or, with `reuse`, at the first unused line pointer. None if it does not fit. An item is never empty.
    pub fn add_item(&mut self, item: &[u8], reuse: Reuse) -> Option<OffsetNumber> {
        let unused = match reuse {
            Reuse::Never => None,
            Reuse::Unused => self.first_unused(),
        };
        let offset = unused.unwrap_or(OffsetNumber(self.item_count() + 1));
        self.place_item(offset, item).then_some(offset)
    }

    /// Puts an item at an unused line pointer or at the one after the last (redo, where the offset is given). False if it does not fit.
    pub fn place_item(&mut self, offset: OffsetNumber, item: &[u8]) -> bool {
        assert!(!item.is_empty() && offset.0 <= self.item_count() + 1);
        let grows = offset.0 > self.item_count();
        assert!(grows || !self.line_pointer(offset).has_storage(), "line pointer {} is in use", offset.0);
        if self.gap_bytes() < align_item(item.len()) + if grows { LINE_POINTER_BYTES } else { 0 } {
            return false;
        }
        if grows {
            self.set_lower(self.lower() + LINE_POINTER_BYTES);
        }
        self.store(offset, item);
        true
    }

    /// Puts an item at `offset` and moves that line pointer and all later ones up by one (B-tree). False if it does not fit.
    pub fn insert_item(&mut self, offset: OffsetNumber, item: &[u8]) -> bool {
        assert!(!item.is_empty() && offset.0 <= self.item_count() + 1);
        if self.gap_bytes() < align_item(item.len()) + LINE_POINTER_BYTES {
            return false;
        }
        let (start, end) = (place(offset), self.lower());
        self.bytes_mut().copy_within(start..end, start + LINE_POINTER_BYTES);
        self.set_lower(end + LINE_POINTER_BYTES);
        self.store(offset, item);
        true
    }

    fn store(&mut self, offset: OffsetNumber, item: &[u8]) {
        let at = self.upper() - align_item(item.len());
        self.set_upper(at);
        self.put(at, item);
        self.put(place(offset), &LinePointer::normal(at, item.len()).to_bytes());
    }

    /// Removes an item and its line pointer; later offsets go down by one (B-tree). The other items are moved together.
    pub fn remove_item(&mut self, offset: OffsetNumber) {
        self.remove_items(&[offset]);
    }

    /// Removes several items and their line pointers. `offsets` are in rising order.
    pub fn remove_items(&mut self, offsets: &[OffsetNumber]) {
        debug_assert!(offsets.is_sorted());
        let mut kept = OffsetNumber::FIRST;
        let mut gone = offsets.iter().peekable();
        for offset in self.offsets() {
            if gone.next_if_eq(&&offset).is_none() {
                let pointer = self.line_pointer(offset);
                self.set_line_pointer(kept, pointer);
                kept = kept.next();
            }
        }
        assert!(gone.next().is_none(), "offsets to remove exist and are in order");
        self.set_lower(place(kept));
        self.compact();
    }

    /// Replaces an item by one of any length, at the same offset. False if it does not fit; the page is unchanged then.
    pub fn replace_item(&mut self, offset: OffsetNumber, item: &[u8]) -> bool {
        let old = self.line_pointer(offset);
        assert!(!item.is_empty() && old.has_storage());
        if align_item(old.length()) == align_item(item.len()) {
            self.put(old.offset(), item);
            self.set_line_pointer(offset, LinePointer::normal(old.offset(), item.len()));
            return true;
        }
        if self.gap_bytes() + align_item(old.length()) < align_item(item.len()) {
            return false;
        }
        self.set_line_pointer(offset, LinePointer::UNUSED);
        self.compact();
        self.store(offset, item);
        true
    }

    /// Cuts the unused line pointers behind the last used one; at least one stays.
    pub fn trim_line_pointers(&mut self) {
        let used = self.offsets().rev().find(|offset| self.line_pointer(*offset).state() != LineState::Unused);
        let count = used.map_or(1, |offset| offset.0).min(self.item_count());
        self.set_lower(HEADER_BYTES + usize::from(count) * LINE_POINTER_BYTES);
    }
}

/// Whether a new item may take a line pointer that was used before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reuse {
    /// Behind the last one (B-tree pages under construction).
    Never,
    /// Heap: tuple ids of removed rows are given again.
    Unused,
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Prng;

    fn page() -> Page {
        let mut page = Page::new();
        page.init(16);
        page
    }

    fn at(offset: u16) -> OffsetNumber {
        OffsetNumber(offset)
    }

    #[test]
    fn items_come_back() {
        let mut page = page();
        assert_eq!(page.add_item(b"one", Reuse::Unused), Some(at(1)));
        assert_eq!(page.add_item(b"second", Reuse::Unused), Some(at(2)));
        assert_eq!((page.item(at(1)), page.item(at(2))), (&b"one"[..], &b"second"[..]));
        assert_eq!(page.line_pointer(at(2)).offset() % 8, 0);
    }

    #[test]
    fn unused_line_pointers_are_used_again() {
        let mut page = page();
        (0..3).for_each(|_| assert!(page.add_item(b"x", Reuse::Unused).is_some()));
        page.set_line_pointer(at(2), LinePointer::UNUSED);
        page.compact();
        assert_eq!(page.add_item(b"y", Reuse::Never), Some(at(4)));
        assert_eq!(page.add_item(b"y", Reuse::Unused), Some(at(2)));
    }

    #[test]
    fn a_full_page_refuses() {
        let mut page = page();
        let mut count = 0;
        while page.add_item(&[1; 100], Reuse::Never).is_some() {
            count += 1;
        }
        assert_eq!(count, (8192 - 32 - 16) / (104 + 4));
        assert!(page.free_bytes() < 104);
    }

    #[test]
    fn trims_only_the_tail() {
        let mut page = page();
        (0..4).for_each(|_| assert!(page.add_item(b"x", Reuse::Never).is_some()));
        for offset in [1, 3, 4] {
            page.set_line_pointer(at(offset), LinePointer::UNUSED);
        }
        page.trim_line_pointers();
        assert_eq!(page.item_count(), 2);
    }

    #[test]
    fn behaves_as_a_vector_of_items() {
        for seed in 0..200 {
            let mut prng = Prng::new(seed);
            let (mut page, mut model) = (page(), Vec::<Vec<u8>>::new());
            for _ in 0..300 {
                step(&mut page, &mut model, &mut prng);
                assert_eq!(page.check(), Ok(()), "seed {seed}");
            }
            let items: Vec<_> = page.offsets().map(|offset| page.item(offset).to_vec()).collect();
            assert_eq!(items, model, "seed {seed}");
        }
    }

    fn step(page: &mut Page, model: &mut Vec<Vec<u8>>, prng: &mut Prng) {
        let item = vec![prng.next_u64() as u8; 1 + prng.below(300) as usize];
        let index = prng.below(model.len() as u64 + 1) as usize;
        let offset = at(index as u16 + 1);
        match prng.below(4) {
            0 | 1 => {
                if page.insert_item(offset, &item) {
                    model.insert(index, item);
                }
            }
            2 if index < model.len() => {
                page.remove_item(offset);
                model.remove(index);
            }
            3 if index < model.len() => {
                if page.replace_item(offset, &item) {
                    model[index] = item;
                }
            }
            _ => page.compact(),
        }
    }
}
