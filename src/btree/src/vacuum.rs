//! Removing entries of dead rows.
//!
//! The leaves are walked from left to right. A split moves entries only to the right, so none escapes. Empty leaves stay in the tree, ready for
//! new entries of their range; they are not given to others.

use crate::insert::remove_entries;
use crate::key::Order;
use crate::layout::{self, NO_BLOCK};
use crate::search::Tree;
use access::{Access, Index, IndexVacuumStats};
use base::{OffsetNumber, Tid, Xid};
use report::Result;

/// Removes the entries whose tids are dead: see [`access::IndexAm::vacuum`].
pub(crate) fn vacuum(cx: &mut Access<'_>, index: &Index, is_dead: &dyn Fn(Tid) -> bool) -> Result<IndexVacuumStats> {
    let order = Order::new(index);
    let tree = Tree::new(cx.store, &order);
    let mut stats = IndexVacuumStats::default();
    let mut block = tree.edge(0, false)?;
    while block != NO_BLOCK {
        cx.pause_point()?;
        let (mut page, links) = tree.write(block)?;
        if links.level > 0 {
            // The root was a leaf a moment ago.
            drop(page);
            block = tree.edge(0, false)?;
            continue;
        }
        let mut dead = Vec::new();
        for offset in (layout::first_entry(&links).0..=page.item_count()).map(OffsetNumber) {
            if is_dead(layout::entry(&page, offset)?.tid()) {
                dead.push(offset);
            } else {
                stats.entries += 1;
            }
        }
        stats.removed += dead.len() as u64;
        remove_entries(&tree, &mut page, &dead, Xid::INVALID)?;
        block = links.right;
    }
    stats.blocks = cx.store.smgr.blocks(index.relation.main_fork())?;
    Ok(stats)
}
