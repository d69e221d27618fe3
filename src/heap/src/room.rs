//! Finding a page with room.

use crate::{change, layout, maps, prune_page};
use access::{Access, Relation};
use base::BlockNumber;
use buffer::WriteGuard;
use report::Result;
use std::sync::atomic::Ordering;

/// Pages that are looked at before the table is extended.
const TRIES_MAX: usize = 8;

/// A page with room for a tuple, locked. It may be new (all zero).
pub(crate) fn find(cx: &Access<'_>, table: &Relation, tuple_bytes: usize, skip_free_space: bool) -> Result<WriteGuard> {
    let owner = cx.txn.owner().number();
    let hint = table.targets.of(owner);
    let spare = layout::spare_bytes(table.fillfactor);
    let mut candidate = first_candidate(cx, table, hint.load(Ordering::Relaxed))?;
    for _ in 0..TRIES_MAX {
        let Some(block) = candidate else { break };
        let guard = cx.store.read(table, block)?.exclusive();
        let (guard, offered) = match admit(cx, table, guard, (tuple_bytes, spare))? {
            Admission::Room(guard) => {
                hint.store(block.0, Ordering::Relaxed);
                return Ok(guard);
            }
            Admission::Full(guard, offered) => (guard, offered),
        };
        drop(guard);
        if skip_free_space {
            // What a bulk load leaves on its pages is noted by vacuum, if it ever matters.
            break;
        }
        maps::record_free_space(cx.store, table, block, offered)?;
        let wanted = tuple_bytes + spare + 8;
        candidate = maps::find_free_space(cx.store, table, wanted, owner.wrapping_mul(97))?;
        candidate = existing(cx, table, candidate)?;
    }
    let guard = cx.store.extend(table)?;
    hint.store(guard.block().0, Ordering::Relaxed);
    Ok(guard)
}

/// The page that took the last tuple, else the last page of the table.
fn first_candidate(cx: &Access<'_>, table: &Relation, hint: u32) -> Result<Option<BlockNumber>> {
    let blocks = maps::table_blocks(cx.store, table)?;
    let last = blocks.checked_sub(1);
    Ok(if hint < blocks { Some(BlockNumber(hint)) } else { last.map(BlockNumber) })
}

fn existing(cx: &Access<'_>, table: &Relation, block: Option<BlockNumber>) -> Result<Option<BlockNumber>> {
    let Some(block) = block else { return Ok(None) };
    if block.0 < cx.store.smgr.blocks(table.main_fork())? {
        return Ok(Some(block));
    }
    // The table was cut: the map does not know yet.
    maps::record_free_space(cx.store, table, block, 0)?;
    Ok(None)
}

/// Whether a page takes the tuple.
pub(crate) enum Admission {
    Room(WriteGuard),
    /// No, and this is the room it has to offer to others.
    Full(WriteGuard, usize),
}

/// Sees whether a tuple fits, pruning the page if that may help. A page that is empty takes it whatever must be spared.
fn admit(
    cx: &Access<'_>,
    table: &Relation,
    mut guard: WriteGuard,
    (bytes, spare): (usize, usize),
) -> Result<Admission> {
    if guard.is_new() || layout::has_room(&guard, bytes, spare) {
        return Ok(Admission::Room(guard));
    }
    prune_page::prune_if_useful(cx.store, table, &mut guard)?;
    if layout::has_room(&guard, bytes, spare) || guard.item_count() == 0 {
        return Ok(Admission::Room(guard));
    }
    let offered = maps::offer(&guard).saturating_sub(spare);
    Ok(Admission::Full(guard, offered))
}

/// Locks two pages of a table, the lower block first. The guards come in the order of the arguments.
pub(crate) fn lock_pair(
    cx: &Access<'_>,
    table: &Relation,
    a: BlockNumber,
    b: BlockNumber,
) -> Result<(WriteGuard, WriteGuard)> {
    let pin_a = cx.store.read(table, a)?;
    let pin_b = cx.store.read(table, b)?;
    Ok(if a < b {
        let first = pin_a.exclusive();
        (first, pin_b.exclusive())
    } else {
        let first = pin_b.exclusive();
        (pin_a.exclusive(), first)
    })
}

/// Makes a new page an empty heap page. True if it was new: its record must say `WILL_INIT`.
pub(crate) fn init_if_new(guard: &mut WriteGuard) -> bool {
    let is_new = guard.is_new();
    if is_new {
        guard.init(0);
    }
    is_new
}

/// The visibility map's page of a heap page that is about to change: see [`change::map_page_to_clear`].
pub(crate) use change::map_page_to_clear;
