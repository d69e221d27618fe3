//! VACUUM of one table.
//!
//! 1. Each page that the visibility map does not excuse is pruned; what is left of dead rows are dead line pointers, whose tids are
//!    collected. Pages where every row is visible to all get their bit in the map.
//! 2. The indexes drop their entries for those tids.
//! 3. The dead line pointers become unused. Only now may a tid be given to another row: no index entry points at it any more.
//! 4. Empty pages at the end are given back, if the table can be locked without waiting and that keeps its writers out.
//!
//! If more tids are dead than fit in memory at a time, 2 and 3 run more than once.

use crate::change::{self, Part, What};
use crate::layout::{self, HAS_UNUSED};
use crate::prune::PrunePlan;
use crate::records::{PAGE, kind};
use crate::{limits, maps, prune_page};
use access::{Access, Index, Relation, RelationKind, VacuumOptions, VacuumStats};
use base::{BlockNumber, Fork, OffsetNumber, Tid, Xid};
use buffer::{Durability, PagesOf, WriteGuard};
use lock::{LockMode, LockScope};
use page::LineState;
use report::Result;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use wal::RmgrId;
use xact::Horizon;

/// Vacuums a table.
pub(crate) fn vacuum(
    cx: &mut Access<'_>,
    table: &Arc<Relation>,
    indexes: &[Arc<Index>],
    options: VacuumOptions,
) -> Result<VacuumStats> {
    let blocks = maps::table_blocks(cx.store, table)?;
    let horizon = cx.store.xacts.oldest_visible();
    let mut run = Run {
        table,
        indexes,
        options,
        horizon,
        dead: BTreeMap::new(),
        dead_count: 0,
        free: Vec::new(),
        free_start: 0,
        stats: VacuumStats { blocks_before: blocks, blocks, cutoff: horizon.xmin, ..VacuumStats::default() },
        old_live: 0.0,
        last_map_block: None,
    };
    for block in 0..blocks {
        cx.pause_point()?;
        run.visit(cx, BlockNumber(block))?;
        if run.dead_count >= limits::DEAD_TIDS_MAX {
            run.clean(cx)?;
        }
    }
    run.clean(cx)?;
    run.finish_indexes(cx)?;
    run.flush_free_space(cx)?;
    if options.truncate && writers_lock(table) {
        run.stats.truncated_blocks = truncate(cx, table, blocks)?;
        run.stats.blocks -= run.stats.truncated_blocks;
    }
    run.estimate_live(blocks);
    Ok(run.stats)
}

struct Run<'a> {
    table: &'a Arc<Relation>,
    indexes: &'a [Arc<Index>],
    options: VacuumOptions,
    horizon: Horizon,
    /// Dead line pointers by block.
    dead: BTreeMap<u32, Vec<OffsetNumber>>,
    dead_count: usize,
    /// Free bytes of the blocks from `free_start` on, not yet in the map.
    free: Vec<usize>,
    free_start: u32,
    stats: VacuumStats,
    old_live: f64,
    /// The page of the visibility map that was looked at last.
    last_map_block: Option<BlockNumber>,
}

impl Run<'_> {
    fn visit(&mut self, cx: &mut Access<'_>, block: BlockNumber) -> Result<()> {
        if !self.options.all_pages && maps::is_all_visible(cx.store, self.table, block, &mut self.last_map_block)? {
            self.stats.all_visible_blocks += 1;
            // Its free space is in the map from when it was looked at last.
            self.flush_free_space(cx)?;
            self.free_start = block.0 + 1;
            return Ok(());
        }
        self.stats.scanned_blocks += 1;
        let mut guard = cx.store.read(self.table, block)?.exclusive();
        if guard.is_new() {
            return self.note_free(cx, maps::offer(&guard));
        }
        let census = prune_page::prune(cx.store, self.table, &mut guard, self.horizon)?;
        self.stats.removed += census.removed;
        self.stats.recently_dead += census.recently_dead;
        self.old_live += census.live as f64;
        if census.all_visible {
            self.stats.all_visible_blocks += 1;
            change::set_all_visible(cx, self.table, &mut guard)?;
        }
        if !census.dead_pointers.is_empty() {
            self.stats.dead_item_blocks += 1;
            self.stats.dead_items += census.dead_pointers.len() as u64;
            if self.indexes.is_empty() {
                let visible = reclaim(cx, self.table, &mut guard, census.dead_pointers, self.horizon)?;
                self.stats.all_visible_blocks += u32::from(visible);
            } else if self.options.clean_indexes {
                self.dead_count += census.dead_pointers.len();
                self.dead.insert(block.0, census.dead_pointers);
            }
        }
        let offered = maps::offer(&guard);
        drop(guard);
        self.note_free(cx, offered)
    }

    fn note_free(&mut self, cx: &Access<'_>, bytes: usize) -> Result<()> {
        self.free.push(bytes);
        if self.free.len() >= limits::FREE_SPACE_BATCH { self.flush_free_space(cx) } else { Ok(()) }
    }

    fn flush_free_space(&mut self, cx: &Access<'_>) -> Result<()> {
        maps::record_free_spaces(cx.store, self.table, BlockNumber(self.free_start), &self.free)?;
        self.free_start += self.free.len() as u32;
        self.free.clear();
        Ok(())
    }

    /// Drops the index entries of the dead tids found so far, then frees their line pointers.
    fn clean(&mut self, cx: &mut Access<'_>) -> Result<()> {
        if self.dead.is_empty() {
            return Ok(());
        }
        self.flush_free_space(cx)?;
        let dead = std::mem::take(&mut self.dead);
        self.dead_count = 0;
        let bits: HashMap<u32, DeadOffsets> =
            dead.iter().map(|(block, offsets)| (*block, DeadOffsets::of(offsets))).collect();
        let is_dead = |tid: Tid| bits.get(&tid.block.0).is_some_and(|offsets| offsets.contains(tid.offset));
        self.vacuum_indexes(cx, &is_dead)?;
        self.stats.index_scans += 1;
        for (block, offsets) in dead {
            cx.pause_point()?;
            let mut guard = cx.store.read(self.table, BlockNumber(block))?.exclusive();
            let visible = reclaim(cx, self.table, &mut guard, offsets, self.horizon)?;
            self.stats.all_visible_blocks += u32::from(visible);
            let offered = maps::offer(&guard);
            drop(guard);
            maps::record_free_space(cx.store, self.table, BlockNumber(block), offered)?;
        }
        Ok(())
    }

    fn vacuum_indexes(&mut self, cx: &mut Access<'_>, is_dead: &dyn Fn(Tid) -> bool) -> Result<()> {
        let removed_before: Vec<u64> = self.stats.indexes.iter().map(|stats| stats.removed).collect();
        self.stats.indexes.clear();
        for (at, index) in self.indexes.iter().enumerate() {
            let mut stats = index.am.vacuum(cx, index, is_dead)?;
            stats.removed += removed_before.get(at).copied().unwrap_or(0);
            self.stats.indexes.push(stats);
        }
        Ok(())
    }

    /// Counts the entries of indexes that nothing was removed from.
    fn finish_indexes(&mut self, cx: &mut Access<'_>) -> Result<()> {
        if self.stats.indexes.is_empty() { self.vacuum_indexes(cx, &|_| false) } else { Ok(()) }
    }

    fn estimate_live(&mut self, blocks: u32) {
        let scanned = f64::from(self.stats.scanned_blocks);
        let skipped = f64::from(blocks) - scanned;
        let density = if scanned > 0.0 { self.old_live / scanned } else { 0.0 };
        self.stats.live = self.old_live + density * skipped;
    }
}

/// The dead line pointers of a page as a set: indexes ask for each of their entries.
struct DeadOffsets([u64; 5]);

const _: () = assert!((layout::LINE_POINTERS_MAX as usize) < 5 * 64);

impl DeadOffsets {
    fn of(offsets: &[OffsetNumber]) -> DeadOffsets {
        let mut bits = [0; 5];
        for offset in offsets {
            bits[usize::from(offset.0) / 64] |= 1 << (offset.0 % 64);
        }
        DeadOffsets(bits)
    }

    fn contains(&self, offset: OffsetNumber) -> bool {
        self.0.get(usize::from(offset.0) / 64).is_some_and(|word| word >> (offset.0 % 64) & 1 == 1)
    }
}

/// Frees dead line pointers of a page. Answers whether all that is left is visible to all.
fn reclaim(
    cx: &Access<'_>,
    table: &Relation,
    guard: &mut WriteGuard,
    offsets: Vec<OffsetNumber>,
    horizon: Horizon,
) -> Result<bool> {
    let is_dead = |offset: &OffsetNumber| {
        offset.0 <= guard.item_count() && guard.line_pointer(*offset).state() == LineState::Dead
    };
    let unused: Vec<OffsetNumber> = offsets.into_iter().filter(is_dead).collect();
    let plan = PrunePlan { unused, ..PrunePlan::default() };
    let (hint, data) = (guard.prune_hint(), plan.to_bytes());
    let what = What { rmgr: RmgrId::HEAP2, kind: kind::PRUNE, xid: Xid::INVALID, data: &[] };
    change::make(cx.store, table, &what, &mut [Part::new(PAGE, guard, &data)], |parts| {
        plan.apply(parts[0].guard);
        layout::set_flag(parts[0].guard, HAS_UNUSED, true);
        Ok(())
    })?;
    guard.set_prune_hint(hint);
    // Rows that died since the first pass are still here: the census counts them as gone, as if its plan were carried out.
    let (left, census) = crate::prune::plan(guard, guard.block(), horizon, &cx.store.xacts)?;
    let all_visible = census.all_visible && left.is_empty();
    if all_visible {
        change::set_all_visible(cx, table, guard)?;
    }
    Ok(all_visible)
}

/// True if whoever writes the table holds a lock on it. Catalogs and TOAST tables are written under a lock on something else, so
/// that a page which was found empty may have a row by the time it would be given back.
fn writers_lock(table: &Relation) -> bool {
    !table.is_catalog && table.kind != RelationKind::Toast
}

/// Gives empty pages at the end back, if nobody else uses the table. Answers how many.
fn truncate(cx: &mut Access<'_>, table: &Relation, blocks: u32) -> Result<u32> {
    let empty = empty_tail(cx, table, blocks)?;
    if empty < limits::TRUNCATE_BLOCKS_MIN.min(blocks / 16 + 1) {
        return Ok(0);
    }
    let (tag, mode) = (table.lock_tag(), LockMode::AccessExclusive);
    if cx.txn.owner().try_acquire(tag, mode, LockScope::Transaction)?.is_none() {
        return Ok(0);
    }
    let outcome = truncate_locked(cx, table);
    cx.txn.owner().release(tag, mode, LockScope::Transaction);
    outcome
}

fn truncate_locked(cx: &mut Access<'_>, table: &Relation) -> Result<u32> {
    let blocks = cx.store.smgr.blocks(table.main_fork())?;
    let empty = empty_tail(cx, table, blocks)?;
    if empty == 0 {
        return Ok(0);
    }
    let left = blocks - empty;
    cut_visibility_map(cx, table, left)?;
    cut(cx, table, Fork::Main, left)?;
    Ok(empty)
}

fn cut(cx: &Access<'_>, table: &Relation, fork: Fork, blocks: u32) -> Result<()> {
    let fork = table.fork(fork);
    if table.durability() == Durability::Logged {
        return cx.store.buffers.truncate_fork(fork, blocks, Xid::INVALID);
    }
    cx.store.buffers.forget(PagesOf::ForkFrom(fork, BlockNumber(blocks)));
    cx.store.smgr.truncate(fork, blocks)
}

/// Clears the bits of blocks that go: a block that comes again later must not inherit one.
fn cut_visibility_map(cx: &Access<'_>, table: &Relation, left: u32) -> Result<()> {
    let fork = table.fork(Fork::Visibility);
    if !cx.store.smgr.exists(fork)? {
        return Ok(());
    }
    let (have, keep) = (cx.store.smgr.blocks(fork)?, maps::visibility_blocks(left));
    if have > keep {
        cut(cx, table, Fork::Visibility, keep)?;
    }
    if keep == 0 || have < keep {
        return Ok(());
    }
    let mut map = cx.store.read_fork(table, Fork::Visibility, BlockNumber(keep - 1))?.exclusive();
    maps::cut_visibility_page(&mut map, BlockNumber(left));
    match table.durability() {
        Durability::Logged => cx.store.buffers.log_page(&mut map).map(drop),
        Durability::Unlogged => {
            cx.store.mark_dirty_unlogged(table, &mut map);
            Ok(())
        }
    }
}

/// How many blocks at the end hold no row.
fn empty_tail(cx: &mut Access<'_>, table: &Relation, blocks: u32) -> Result<u32> {
    let mut empty = 0;
    while empty < blocks {
        cx.pause_point()?;
        let page = cx.store.read(table, BlockNumber(blocks - 1 - empty))?.share();
        let is_empty = page.is_new() || page.offsets().all(|o| page.line_pointer(o).state() == LineState::Unused);
        if !is_empty {
            break;
        }
        empty += 1;
    }
    Ok(empty)
}
