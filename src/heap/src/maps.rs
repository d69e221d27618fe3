//! Free space map and visibility map.
//!
//! The visibility map has one bit for each heap block: set if every row of it is visible to every snapshot. Its page n holds
//! the bits of blocks n * 65,280 on. Setting a bit is logged together with the heap page's flag; whoever changes such a page
//! clears flag and bit in the record of the change. The bit is set only while the flag is.
//!
//! The free space map has one byte for each heap block: free bytes divided by 32. Page 0 holds, for each further page, the
//! greatest byte in it; page n + 1 the bytes of blocks n * 8,160 on. It is not logged: what it says is looked at again on the
//! page, a damaged page of it is taken for an empty one, and vacuum writes it anew.

use crate::layout;
use access::{Relation, Store};
use base::{BlockNumber, Fork, PAGE_BYTES};
use buffer::WriteGuard;
use page::{HEADER_BYTES, Page};
use report::{Error, Result, SqlState};
use smgr::IfExists;

/// Bytes of a map page that hold the map.
const MAP_BYTES: usize = PAGE_BYTES - HEADER_BYTES;
/// Heap blocks in a page of the visibility map.
const VISIBILITY_BLOCKS: u32 = MAP_BYTES as u32 * 8;
/// Heap blocks in a page of the free space map.
const FREE_SPACE_BLOCKS: u32 = MAP_BYTES as u32;
/// Free bytes in a unit of the free space map.
const FREE_SPACE_UNIT: usize = 32;

fn init_map_page(page: &mut Page) {
    page.init(0);
    page.set_lower(page.upper());
}

// ---- visibility

fn visibility_place(block: BlockNumber) -> (BlockNumber, usize, u8) {
    let bit = block.0 % VISIBILITY_BLOCKS;
    (BlockNumber(block.0 / VISIBILITY_BLOCKS), (bit / 8) as usize, 1 << (bit % 8))
}

/// True if every row of the block is visible to every snapshot. `last` is the map's page that the caller looked at the last time.
pub(crate) fn is_all_visible(
    store: &Store,
    table: &Relation,
    block: BlockNumber,
    last: &mut Option<BlockNumber>,
) -> Result<bool> {
    let fork = table.fork(Fork::Visibility);
    let (map_block, byte, bit) = visibility_place(block);
    if !store.smgr.exists(fork)? || store.smgr.blocks(fork)? <= map_block.0 {
        return Ok(false);
    }
    let pin = match last.replace(map_block) == Some(map_block) {
        true => store.read_again(table, Fork::Visibility, map_block)?,
        false => store.read_fork(table, Fork::Visibility, map_block)?,
    };
    let page = pin.share();
    Ok(!page.is_new() && page.contents()[byte] & bit != 0)
}

/// A block without rows is not in the visibility map: of one that is there the file has lost the page.
///
/// Errors: XX001 if it is.
pub(crate) fn check_new(store: &Store, table: &Relation, block: BlockNumber) -> Result<()> {
    if !is_all_visible(store, table, block, &mut None)? {
        return Ok(());
    }
    Err(lost_block(table, block))
}

/// How many blocks a table has. Its file may have lost whole pages at its end; the first look after a start finds that by the visibility map.
///
/// Errors: XX001 if the map has blocks that the file has not; 58P01 if the file is missing.
pub(crate) fn table_blocks(store: &Store, table: &Relation) -> Result<u32> {
    let fork = table.main_fork();
    store.smgr.checked_blocks(fork, |blocks| match first_lost(store, table, blocks)? {
        // Added, and found visible to all, since the blocks were counted.
        Some(lost) if lost.0 >= store.smgr.blocks(fork)? => Err(lost_block(table, lost)),
        _ => Ok(()),
    })
}

fn lost_block(table: &Relation, block: BlockNumber) -> Error {
    let file = table.main_fork();
    Error::corrupt(format!("block {block} of relation {file} is missing or empty, though the visibility map has it"))
}

/// The blocks behind the end of the table that the visibility map has: the file has lost them. The first of them.
pub(crate) fn first_lost(store: &Store, table: &Relation, blocks: u32) -> Result<Option<BlockNumber>> {
    let fork = table.fork(Fork::Visibility);
    if !store.smgr.exists(fork)? {
        return Ok(None);
    }
    for map_block in blocks / VISIBILITY_BLOCKS..store.smgr.blocks(fork)? {
        let first = blocks.max(map_block * VISIBILITY_BLOCKS);
        let page = store.read_fork(table, Fork::Visibility, BlockNumber(map_block))?.share();
        if page.is_new() {
            continue;
        }
        if let Some(bit) = first_bit_from(page.contents(), first % VISIBILITY_BLOCKS) {
            return Ok(Some(BlockNumber(map_block * VISIBILITY_BLOCKS + bit)));
        }
    }
    Ok(None)
}

/// The first bit that is set, from this one on.
fn first_bit_from(map: &[u8], bit: u32) -> Option<u32> {
    let start = (bit / 8) as usize;
    let in_first = map[start] & (0xFF << (bit % 8));
    if in_first != 0 {
        return Some(start as u32 * 8 + in_first.trailing_zeros());
    }
    let at = start + 1 + map[start + 1..].iter().position(|byte| *byte != 0)?;
    Some(at as u32 * 8 + map[at].trailing_zeros())
}

/// The map's page with the block's bit, locked; made if it is missing. The caller holds the heap page.
pub(crate) fn visibility_page(store: &Store, table: &Relation, block: BlockNumber) -> Result<WriteGuard> {
    let fork = table.fork(Fork::Visibility);
    let (map_block, ..) = visibility_place(block);
    if !store.smgr.exists(fork)? {
        store.smgr.create(fork, IfExists::Ignore)?;
    }
    if store.smgr.blocks(fork)? <= map_block.0 {
        store.buffers.extend_to(fork, map_block)?;
    }
    Ok(store.read_fork(table, Fork::Visibility, map_block)?.exclusive())
}

/// Sets or clears a block's bit: at run time and in redo.
pub(crate) fn set_visible_bit(map: &mut Page, block: BlockNumber, on: bool) {
    if map.is_new() {
        init_map_page(map);
    }
    let (_, byte, bit) = visibility_place(block);
    let byte = &mut map.contents_mut()[byte];
    if on { *byte |= bit } else { *byte &= !bit }
}

/// Clears the bits of blocks from `first` on, in the map's pages that stay; answers how many pages stay.
pub(crate) fn cut_visibility_page(map: &mut Page, first: BlockNumber) {
    if map.is_new() {
        return;
    }
    let (_, byte, bit) = visibility_place(first);
    let contents = map.contents_mut();
    contents[byte] &= bit - 1;
    contents[byte + 1..].fill(0);
}

/// Blocks of the visibility map that tables of `blocks` blocks need.
pub(crate) fn visibility_blocks(blocks: u32) -> u32 {
    blocks.div_ceil(VISIBILITY_BLOCKS)
}

// ---- free space

fn free_space_place(block: BlockNumber) -> (BlockNumber, usize) {
    (BlockNumber(1 + block.0 / FREE_SPACE_BLOCKS), (block.0 % FREE_SPACE_BLOCKS) as usize)
}

fn free_space_page(store: &Store, table: &Relation, block: BlockNumber) -> Result<WriteGuard> {
    let fork = table.fork(Fork::FreeSpace);
    if !store.smgr.exists(fork)? {
        store.smgr.create(fork, IfExists::Ignore)?;
    }
    if store.smgr.blocks(fork)? <= block.0 {
        store.buffers.extend_to(fork, block)?;
    }
    let mut guard = match store.read_fork(table, Fork::FreeSpace, block) {
        Ok(pin) => pin.exclusive(),
        // Torn by a crash: nothing in it is worth an error.
        Err(error) if error.code() == SqlState::DATA_CORRUPTED => store.read_zeroed(table, Fork::FreeSpace, block)?,
        Err(error) => return Err(error),
    };
    if guard.is_new() {
        init_map_page(&mut guard);
        store.mark_dirty_unlogged(table, &mut guard);
    }
    Ok(guard)
}

fn units(free_bytes: usize) -> u8 {
    (free_bytes / FREE_SPACE_UNIT).min(255) as u8
}

/// Notes how many bytes a block has free. The caller holds no page.
pub(crate) fn record_free_space(store: &Store, table: &Relation, block: BlockNumber, free_bytes: usize) -> Result<()> {
    let (map_block, byte) = free_space_place(block);
    let mut leaf = free_space_page(store, table, map_block)?;
    let contents = leaf.contents_mut();
    if contents[byte] == units(free_bytes) {
        return Ok(());
    }
    contents[byte] = units(free_bytes);
    let greatest = contents.iter().copied().max().unwrap_or(0);
    store.mark_dirty_unlogged(table, &mut leaf);
    drop(leaf);
    set_root(store, table, map_block, greatest)
}

fn set_root(store: &Store, table: &Relation, map_block: BlockNumber, greatest: u8) -> Result<()> {
    let at = map_block.0 as usize - 1;
    let mut root = free_space_page(store, table, BlockNumber(0))?;
    if at < MAP_BYTES && root.contents()[at] != greatest {
        root.contents_mut()[at] = greatest;
        store.mark_dirty_unlogged(table, &mut root);
    }
    Ok(())
}

/// Notes free bytes of many blocks, from `first` on: vacuum.
pub(crate) fn record_free_spaces(store: &Store, table: &Relation, first: BlockNumber, free: &[usize]) -> Result<()> {
    let mut at = 0;
    while at < free.len() {
        let (map_block, byte) = free_space_place(BlockNumber(first.0 + at as u32));
        let count = (MAP_BYTES - byte).min(free.len() - at);
        let mut leaf = free_space_page(store, table, map_block)?;
        for (slot, bytes) in leaf.contents_mut()[byte..byte + count].iter_mut().zip(&free[at..]) {
            *slot = units(*bytes);
        }
        let greatest = leaf.contents().iter().copied().max().unwrap_or(0);
        store.mark_dirty_unlogged(table, &mut leaf);
        drop(leaf);
        set_root(store, table, map_block, greatest)?;
        at += count;
    }
    Ok(())
}

/// A block that may have this much room. It may not exist any more.
pub(crate) fn find_free_space(
    store: &Store,
    table: &Relation,
    bytes: usize,
    start: u32,
) -> Result<Option<BlockNumber>> {
    let fork = table.fork(Fork::FreeSpace);
    if !store.smgr.exists(fork)? || store.smgr.blocks(fork)? == 0 {
        return Ok(None);
    }
    let wanted = bytes.div_ceil(FREE_SPACE_UNIT).min(255) as u8;
    let Some(leaf) = free_space_page(store, table, BlockNumber(0))?.contents().iter().position(|max| *max >= wanted)
    else {
        return Ok(None);
    };
    let map_block = BlockNumber(leaf as u32 + 1);
    if store.smgr.blocks(fork)? <= map_block.0 {
        return Ok(None);
    }
    let page = free_space_page(store, table, map_block)?.downgrade();
    // Sessions begin at different places so that they do not all queue for the same block.
    let contents = page.contents();
    let begin = start as usize % MAP_BYTES;
    let fits = |max: &u8| *max >= wanted;
    let found = contents[begin..].iter().position(fits).map(|at| at + begin).or_else(|| contents.iter().position(fits));
    Ok(found.map(|at| BlockNumber(leaf as u32 * FREE_SPACE_BLOCKS + at as u32)))
}

/// The free bytes that a page offers to insertions.
pub(crate) fn offer(page: &Page) -> usize {
    if page.is_new() {
        PAGE_BYTES - HEADER_BYTES
    } else if layout::has_room(page, 1, 0) {
        page.free_bytes()
    } else {
        0
    }
}

/// True if two blocks have their bits in the same page of the visibility map.
pub(crate) fn same_visibility_page(a: BlockNumber, b: BlockNumber) -> bool {
    visibility_place(a).0 == visibility_place(b).0
}
