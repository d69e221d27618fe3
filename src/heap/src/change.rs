//! Changing pages and logging it: the one way in which this crate does.

use crate::layout::{self, ALL_VISIBLE};
use crate::maps;
use crate::records::{self, MAP_PAGE, kind};
use access::{Access, Relation, Store};
use base::{BlockNumber, Xid};
use buffer::{Durability, RecordBuilder, WriteGuard};
use report::{Result, Severity};
use sync::CriticalSection;
use wal::{BlockFlags, RmgrId};

/// What a change's record is.
pub(crate) struct What<'a> {
    pub rmgr: RmgrId,
    pub kind: u8,
    pub xid: Xid,
    /// Main data.
    pub data: &'a [u8],
}

/// A page of a change: its name in the record, the page, flags and data.
pub(crate) struct Part<'a> {
    pub id: u8,
    pub guard: &'a mut WriteGuard,
    pub flags: BlockFlags,
    pub data: &'a [u8],
}

impl<'a> Part<'a> {
    pub(crate) fn new(id: u8, guard: &'a mut WriteGuard, data: &'a [u8]) -> Part<'a> {
        Part { id, guard, flags: BlockFlags::default(), data }
    }
}

/// Makes a change to locked pages and logs it. `change` gets the parts' pages in order.
///
/// Errors: PANIC. `change` fails only on damage that was looked for before: what it leaves half done must not be kept.
pub(crate) fn make(
    store: &Store,
    table: &Relation,
    what: &What<'_>,
    parts: &mut [Part<'_>],
    change: impl FnOnce(&mut [Part<'_>]) -> Result<()>,
) -> Result<()> {
    let section = CriticalSection::enter();
    change(parts).map_err(|error| error.severity(Severity::Panic))?;
    log(store, table, what, parts)?;
    drop(section);
    Ok(())
}

fn log(store: &Store, table: &Relation, what: &What<'_>, parts: &mut [Part<'_>]) -> Result<()> {
    if table.durability() == Durability::Unlogged {
        parts.iter_mut().for_each(|part| store.mark_dirty_unlogged(table, part.guard));
        return Ok(());
    }
    let mut record = RecordBuilder::new(&store.buffers, what.rmgr, what.kind, what.xid);
    for part in parts {
        record.block(part.id, part.guard, part.flags, part.data);
    }
    if !what.data.is_empty() {
        record.data(what.data);
    }
    record.insert().map(drop)
}

/// The visibility map's page, locked, if the heap page says that it has a bit to clear.
pub(crate) fn map_page_to_clear(store: &Store, table: &Relation, page: &WriteGuard) -> Result<Option<WriteGuard>> {
    if layout::is_all_visible(page) { maps::visibility_page(store, table, page.block()).map(Some) } else { Ok(None) }
}

/// Takes the heap page out of the visibility map: the flag here, the bit in the map's part.
pub(crate) fn clear_visible(parts: &mut [Part<'_>]) {
    for part in parts {
        if part.id < MAP_PAGE {
            layout::set_flag(part.guard, ALL_VISIBLE, false);
            continue;
        }
        for block in blocks_of(part.data) {
            maps::set_visible_bit(part.guard, block, false);
        }
    }
}

/// Sets the page's flag and its bit in the map, if they are not set.
pub(crate) fn set_all_visible(cx: &Access<'_>, table: &Relation, guard: &mut WriteGuard) -> Result<()> {
    if layout::is_all_visible(guard) && maps::is_all_visible(cx.store, table, guard.block(), &mut None)? {
        return Ok(());
    }
    let block = guard.block();
    let mut map = maps::visibility_page(cx.store, table, block)?;
    let data = block.0.to_le_bytes();
    let what = What { rmgr: RmgrId::HEAP2, kind: kind::VISIBLE, xid: Xid::INVALID, data: &[] };
    let mut parts = [Part::new(records::PAGE, guard, &[]), Part::new(MAP_PAGE, &mut map, &data)];
    make(cx.store, table, &what, &mut parts, |parts| {
        layout::set_flag(parts[0].guard, ALL_VISIBLE, true);
        maps::set_visible_bit(parts[1].guard, block, true);
        Ok(())
    })
}

/// The heap blocks in a map part's data.
pub(crate) fn blocks_of(data: &[u8]) -> impl Iterator<Item = BlockNumber> + use<> {
    let blocks: Vec<BlockNumber> =
        data.chunks_exact(4).map(|b| BlockNumber(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect();
    blocks.into_iter()
}
