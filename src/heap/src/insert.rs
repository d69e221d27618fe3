//! Inserting rows.

use crate::change::{self, Part, What};
use crate::layout::{self, HAS_UNUSED};
use crate::records::{self, MAP_PAGE, kind};
use crate::{room, toast};
use access::{Access, InsertOptions, Relation};
use base::{CommandId, OffsetNumber, Tid, Xid};
use buffer::WriteGuard;
use page::Page;
use report::{Result, bail};
use tuple::{Datum, Infomask, TupleHeader, set_heap_ctid, set_heap_header};
use wal::{BlockFlags, RmgrId};

/// Inserts one row.
pub(crate) fn insert(cx: &mut Access<'_>, table: &Relation, values: &[Datum], options: InsertOptions) -> Result<Tid> {
    let mut tuple = Vec::with_capacity(256);
    toast::form(cx, table, values, None, &mut tuple)?;
    check_size(&tuple)?;
    stamp(&mut tuple, new_header(cx, options)?);
    let mut guard = room::find(cx, table, tuple.len(), options.skip_free_space)?;
    let tid = put(cx, table, &mut guard, &mut tuple)?;
    cx.txn.changes().of(table.statistics_key()).inserted(1);
    Ok(tid)
}

/// The header of a new version, but for its ctid.
fn new_header(cx: &mut Access<'_>, options: InsertOptions) -> Result<TupleHeader> {
    let xid = cx.txn.xid()?;
    let frozen = if options.frozen { Infomask::XMIN_COMMITTED } else { 0 };
    Ok(TupleHeader {
        xmin: if options.frozen { Xid::FROZEN } else { xid },
        xmax: Xid::INVALID,
        cmin: cx.txn.command(),
        cmax: CommandId::FIRST,
        ctid: Tid::INVALID,
        infomask: Infomask(Infomask::XMAX_INVALID | frozen),
    })
}

pub(crate) fn stamp(tuple: &mut [u8], header: TupleHeader) {
    set_heap_header(tuple, &header);
}

pub(crate) fn check_size(tuple: &[u8]) -> Result<()> {
    if tuple.len() > layout::TUPLE_BYTES_MAX {
        bail!(PROGRAM_LIMIT_EXCEEDED, "row is too big: size {}, maximum size {}", tuple.len(), layout::TUPLE_BYTES_MAX);
    }
    Ok(())
}

/// Where the next tuple of a page goes.
pub(crate) fn next_offset(page: &mut Page) -> OffsetNumber {
    if page.flags() & HAS_UNUSED != 0 {
        match page.first_unused() {
            Some(offset) => return offset,
            None => layout::set_flag(page, HAS_UNUSED, false),
        }
    }
    OffsetNumber(page.item_count() + 1)
}

/// Puts a tuple on a locked page with room for it, and logs that.
fn put(cx: &Access<'_>, table: &Relation, guard: &mut WriteGuard, tuple: &mut [u8]) -> Result<Tid> {
    let flags = init_flags(guard);
    let mut map = room::map_page_to_clear(cx.store, table, guard)?;
    let block = guard.block();
    let tid = Tid { block, offset: next_offset(guard) };
    set_heap_ctid(tuple, tid);
    let mut data = Vec::with_capacity(2 + tuple.len());
    data.extend_from_slice(&tid.offset.0.to_le_bytes());
    data.extend_from_slice(tuple);
    let what = What { rmgr: RmgrId::HEAP, kind: kind::INSERT, xid: own_xid(cx), data: &[] };
    let block_bytes = block.0.to_le_bytes();
    let mut parts = vec![Part { id: records::PAGE, guard, flags, data: &data }];
    parts.extend(map.as_mut().map(|map| Part::new(MAP_PAGE, map, &block_bytes)));
    change::make(cx.store, table, &what, &mut parts, |parts| {
        records::apply_insert(parts[0].guard, parts[0].data)?;
        change::clear_visible(parts);
        Ok(())
    })?;
    Ok(tid)
}

/// Makes a new page a heap page; the flags that its record needs then.
pub(crate) fn init_flags(guard: &mut WriteGuard) -> BlockFlags {
    if room::init_if_new(guard) { BlockFlags::WILL_INIT } else { BlockFlags::default() }
}

/// The xid that the record carries.
pub(crate) fn own_xid(cx: &Access<'_>) -> Xid {
    cx.txn.top_xid().unwrap_or(Xid::INVALID)
}

/// Inserts many rows, a page at a time.
pub(crate) fn multi_insert(
    cx: &mut Access<'_>,
    table: &Relation,
    rows: &[Vec<Datum>],
    options: InsertOptions,
    tids: &mut Vec<Tid>,
) -> Result<()> {
    let header = new_header(cx, options)?;
    // All tuples one behind the other, so that a row costs no allocation.
    let (mut bytes, mut lengths) = (Vec::new(), Vec::with_capacity(rows.len()));
    let (mut stored, mut tuple) = (Vec::new(), Vec::with_capacity(256));
    for values in rows {
        toast::form_new(cx, table, values, &mut stored, &mut tuple)?;
        check_size(&tuple)?;
        stamp(&mut tuple, header);
        bytes.extend_from_slice(&tuple);
        lengths.push(tuple.len());
    }
    let mut tuples = Tuples { bytes: &mut bytes, lengths: &lengths };
    let mut data = Vec::with_capacity(base::PAGE_BYTES);
    while let Some(first) = tuples.lengths.first() {
        cx.pause_point()?;
        let mut guard = room::find(cx, table, *first, options.skip_free_space)?;
        // Frozen rows on a page that has no others are visible to all.
        let is_for_all = options.frozen && (guard.is_new() || layout::is_all_visible(&guard));
        let before = tids.len();
        fill_page(cx, table, &mut guard, &mut tuples, (tids, &mut data))?;
        cx.txn.changes().of(table.statistics_key()).inserted(tids.len() - before);
        if is_for_all {
            change::set_all_visible(cx, table, &mut guard)?;
        }
    }
    Ok(())
}

/// Tuples one behind the other that are still to be put in.
struct Tuples<'a> {
    bytes: &'a mut [u8],
    lengths: &'a [usize],
}

impl<'a> Tuples<'a> {
    /// Takes the first one off.
    fn take(&mut self) -> &'a mut [u8] {
        let (length, rest) = self.lengths.split_first().expect("there is a tuple");
        let (tuple, bytes) = std::mem::take(&mut self.bytes).split_at_mut(*length);
        (self.bytes, self.lengths) = (bytes, rest);
        tuple
    }
}

/// Puts as many tuples on a page as fit, at least one. `data` is a buffer to be used again.
fn fill_page(
    cx: &Access<'_>,
    table: &Relation,
    guard: &mut WriteGuard,
    tuples: &mut Tuples<'_>,
    (tids, data): (&mut Vec<Tid>, &mut Vec<u8>),
) -> Result<()> {
    let flags = init_flags(guard);
    let mut map = room::map_page_to_clear(cx.store, table, guard)?;
    let (block, spare) = (guard.block(), layout::spare_bytes(table.fillfactor));
    // Laid out on a copy: the data of the record must be known before the page changes.
    let mut filled = Page::clone(guard);
    data.clear();
    records::begin_multi_insert(data, tuples.bytes, block);
    let mut left = 0;
    while let Some(length) = tuples.lengths.first() {
        if !layout::has_room(&filled, *length, left) {
            break;
        }
        left = spare;
        let tuple = tuples.take();
        let tid = Tid { block, offset: next_offset(&mut filled) };
        set_heap_ctid(tuple, tid);
        filled.place_item(tid.offset, tuple);
        records::add_to_multi_insert(data, tid.offset, tuple);
        tids.push(tid);
    }
    let what = What { rmgr: RmgrId::HEAP2, kind: kind::MULTI_INSERT, xid: own_xid(cx), data: &[] };
    let block_bytes = block.0.to_le_bytes();
    let mut parts = vec![Part { id: records::PAGE, guard, flags, data }];
    parts.extend(map.as_mut().map(|map| Part::new(MAP_PAGE, map, &block_bytes)));
    change::make(cx.store, table, &what, &mut parts, |parts| {
        parts[0].guard.clone_from(&filled);
        change::clear_visible(parts);
        Ok(())
    })
}
