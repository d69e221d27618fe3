//! Moves a page's items together so that the free space is one piece.

use crate::{ITEMS_MAX, Page, align_item};
use base::{OffsetNumber, PAGE_BYTES};

impl Page {
    /// Moves all items with storage to the end of the page, in the order they lie now. Offsets stay; line pointers without storage stay as they are.
    pub fn compact(&mut self) {
        // Sorted by place, highest first, each item can be moved up without touching one that is yet to move.
        let mut order = [(0u16, 0u16); ITEMS_MAX];
        let mut count = 0;
        for offset in self.offsets() {
            let pointer = self.line_pointer(offset);
            if pointer.has_storage() {
                order[count] = (pointer.offset() as u16, offset.0);
                count += 1;
            }
        }
        let order = &mut order[..count];
        order.sort_unstable_by(|a, b| b.cmp(a));
        self.move_up(order);
    }

    fn move_up(&mut self, order: &[(u16, u16)]) {
        let mut upper = self.special_start();
        for &(_, offset) in order {
            let offset = OffsetNumber(offset);
            let pointer = self.line_pointer(offset);
            let (start, length) = (pointer.offset(), pointer.length());
            upper -= align_item(length);
            if upper != start {
                debug_assert!(upper > start && start + length <= PAGE_BYTES);
                self.bytes_mut().copy_within(start..start + length, upper);
                self.set_line_pointer(offset, pointer.at(upper));
            }
        }
        self.set_upper(upper);
    }
}
