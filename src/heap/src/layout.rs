//! What the heap adds to the common page layout: two flags and a few sizes.

use base::Xid;
use page::{HEADER_BYTES, ITEM_ALIGN, LINE_POINTER_BYTES, Page, align_item};

/// Page flag: every row is visible to every snapshot. The visibility map says the same, or less.
pub(crate) const ALL_VISIBLE: u16 = 0x1;
/// Page flag, a hint: there may be line pointers to use again.
pub(crate) const HAS_UNUSED: u16 = 0x2;

/// The longest tuple that fits in a page.
pub(crate) const TUPLE_BYTES_MAX: usize =
    (base::PAGE_BYTES - HEADER_BYTES - LINE_POINTER_BYTES) / ITEM_ALIGN * ITEM_ALIGN;
/// Line pointers of a heap page at most; more would be dead ones.
pub(crate) const LINE_POINTERS_MAX: u16 = 291;

/// True if every row is visible to every snapshot.
#[inline]
pub(crate) fn is_all_visible(page: &Page) -> bool {
    page.flags() & ALL_VISIBLE != 0
}

pub(crate) fn set_flag(page: &mut Page, flag: u16, on: bool) {
    let flags = if on { page.flags() | flag } else { page.flags() & !flag };
    page.set_flags(flags);
}

/// Notes that the end of `xid` may leave something to prune.
pub(crate) fn lower_prune_hint(page: &mut Page, xid: Xid) {
    let hint = page.prune_hint();
    if !hint.is_valid() || xid < hint {
        page.set_prune_hint(xid);
    }
}

/// True if a tuple of this length fits, with `spare` bytes left over.
pub(crate) fn has_room(page: &Page, tuple_bytes: usize, spare: usize) -> bool {
    let can_point =
        page.item_count() < LINE_POINTERS_MAX || page.flags() & HAS_UNUSED != 0 && page.first_unused().is_some();
    can_point && page.gap_bytes() >= align_item(tuple_bytes) + LINE_POINTER_BYTES + spare
}

/// Bytes of a page that insertions leave free for updates.
pub(crate) fn spare_bytes(fillfactor: u8) -> usize {
    base::PAGE_BYTES * usize::from(100 - fillfactor.clamp(10, 100)) / 100
}
