//! Pruning: what can be taken from a page without looking at any index.
//!
//! A *chain* begins at a line pointer that index entries may point at (its *root*) and goes on through versions that
//! only their predecessors lead to (heap-only tuples). Dead versions at its beginning go; the root becomes a redirect to the
//! first that stays, or, if none does, a dead line pointer, which vacuum frees once no index entry points at it.
//!
//! ```text
//! before  1: dead -> 2: dead -> 3: live        4: dead
//! after   1: redirect to 3, 2: unused, 3: live    4: dead line pointer
//! ```

use crate::visibility::{Fate, fate};
use base::{BlockNumber, OffsetNumber, Xid};
use page::{LinePointer, LineState, Page};
use report::Result;
use tuple::{Infomask, TupleHeader};
use xact::{Horizon, TransactionManager};

/// What pruning will change on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PrunePlan {
    /// Line pointers that become redirects, and to where.
    pub redirects: Vec<(OffsetNumber, OffsetNumber)>,
    /// Line pointers that become dead.
    pub dead: Vec<OffsetNumber>,
    /// Line pointers that can be used again.
    pub unused: Vec<OffsetNumber>,
}

impl PrunePlan {
    pub(crate) fn is_empty(&self) -> bool {
        self.redirects.is_empty() && self.dead.is_empty() && self.unused.is_empty()
    }

    /// Changes the page: at run time and in redo.
    pub(crate) fn apply(&self, page: &mut Page) {
        for (from, to) in &self.redirects {
            page.set_line_pointer(*from, LinePointer::redirect(to.0));
        }
        self.dead.iter().for_each(|offset| page.set_line_pointer(*offset, LinePointer::DEAD));
        self.unused.iter().for_each(|offset| page.set_line_pointer(*offset, LinePointer::UNUSED));
        page.trim_line_pointers();
        page.compact();
        page.set_prune_hint(Xid::INVALID);
    }
}

/// What is on a page once the plan is carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageCensus {
    /// Row versions that go.
    pub removed: u64,
    /// Rows that stay and count as live.
    pub live: u64,
    /// Dead ones that some snapshot sees.
    pub recently_dead: u64,
    /// Dead line pointers after pruning: index entries may point at them.
    pub dead_pointers: Vec<OffsetNumber>,
    /// Nothing but rows that every snapshot sees.
    pub all_visible: bool,
    /// The oldest xid whose end may leave something to prune.
    pub prune_hint: Xid,
}

/// What can be pruned from a page, and what is on it. The caller holds its content lock, shared at least.
///
/// Errors: the commit log cannot be read; XX001.
pub(crate) fn plan(
    page: &Page,
    block: BlockNumber,
    horizon: Horizon,
    xacts: &TransactionManager,
) -> Result<(PrunePlan, PageCensus)> {
    let mut planner = Planner::new(page, block);
    planner.classify(horizon, xacts)?;
    for offset in page.offsets() {
        planner.visit_root(offset);
    }
    planner.finish(horizon)
}

struct Planner<'a> {
    page: &'a Page,
    block: BlockNumber,
    /// Header and fate of each normal item, by offset less one.
    items: Vec<Option<(TupleHeader, Fate)>>,
    gone: Vec<bool>,
    plan: PrunePlan,
    census: PageCensus,
}

impl<'a> Planner<'a> {
    fn new(page: &'a Page, block: BlockNumber) -> Planner<'a> {
        let count = usize::from(page.item_count());
        let census = PageCensus { all_visible: true, ..PageCensus::default() };
        Planner { page, block, items: vec![None; count], gone: vec![false; count], plan: PrunePlan::default(), census }
    }

    fn classify(&mut self, horizon: Horizon, xacts: &TransactionManager) -> Result<()> {
        for offset in self.page.offsets() {
            if self.page.line_pointer(offset).is_normal() {
                let header = TupleHeader::read(self.page.item(offset))?;
                self.items[offset.index()] = Some((header, fate(&header, horizon, xacts)?));
            }
        }
        Ok(())
    }

    fn item(&self, offset: OffsetNumber) -> Option<(TupleHeader, Fate)> {
        self.items.get(offset.0.checked_sub(1)? as usize).copied().flatten()
    }

    fn visit_root(&mut self, root: OffsetNumber) {
        let pointer = self.page.line_pointer(root);
        match pointer.state() {
            LineState::Unused => {}
            LineState::Dead => self.census.dead_pointers.push(root),
            LineState::Redirect => self.prune_chain(root, OffsetNumber(pointer.target())),
            LineState::Normal => match self.item(root) {
                Some((header, fate)) if header.infomask.has(Infomask::HEAP_ONLY) => {
                    // Reached through its chain, unless the update that made it rolled back.
                    if fate == Fate::NeverWas {
                        self.free(root);
                    }
                }
                _ => self.prune_chain(root, root),
            },
        }
    }

    /// Walks a chain to the last dead version that only dead ones precede.
    fn prune_chain(&mut self, root: OffsetNumber, first: OffsetNumber) {
        let mut passed = Vec::new();
        let mut at = first;
        let mut expected_xmin = None;
        let first_kept = loop {
            let Some((header, fate)) = self.item(at) else { break None };
            if expected_xmin.is_some_and(|xmin| xmin != header.xmin) || passed.contains(&at) {
                break None;
            }
            match fate {
                Fate::Dead => passed.push(at),
                Fate::NeverWas => {
                    passed.push(at);
                    break None;
                }
                _ => break Some(at),
            }
            if !header.infomask.has(Infomask::HOT_UPDATED) || header.ctid.block != self.block {
                break None;
            }
            expected_xmin = Some(header.xmax);
            at = header.ctid.offset;
        };
        self.cut_chain(root, first, &passed, first_kept);
    }

    fn cut_chain(
        &mut self,
        root: OffsetNumber,
        first: OffsetNumber,
        passed: &[OffsetNumber],
        kept: Option<OffsetNumber>,
    ) {
        if passed.is_empty() && kept.is_some() {
            return;
        }
        for offset in passed.iter().filter(|offset| **offset != root) {
            self.free(*offset);
        }
        if passed.contains(&root) {
            self.gone[root.index()] = true;
            self.census.removed += 1;
        }
        match kept {
            Some(kept) if kept != first => self.plan.redirects.push((root, kept)),
            Some(_) => {}
            None => {
                self.plan.dead.push(root);
                self.census.dead_pointers.push(root);
            }
        }
    }

    fn free(&mut self, offset: OffsetNumber) {
        if !std::mem::replace(&mut self.gone[offset.index()], true) {
            self.census.removed += 1;
            self.plan.unused.push(offset);
        }
    }

    fn finish(mut self, horizon: Horizon) -> Result<(PrunePlan, PageCensus)> {
        let gone = &self.gone;
        let kept = self.items.iter().zip(gone).filter(|(_, gone)| !**gone).filter_map(|(item, _)| item.as_ref());
        for (header, fate) in kept {
            let census = &mut self.census;
            match fate {
                Fate::Live { for_all } => {
                    census.live += 1;
                    census.all_visible &= for_all;
                    continue;
                }
                Fate::Inserting => {}
                Fate::Deleting => census.live += 1,
                Fate::RecentlyDead | Fate::Dead | Fate::NeverWas => census.recently_dead += 1,
            }
            census.all_visible = false;
            let cause = if *fate == Fate::Inserting { header.xmin } else { header.xmax };
            let hint = cause.max(horizon.xmin);
            census.prune_hint = if census.prune_hint.is_valid() { census.prune_hint.min(hint) } else { hint };
        }
        self.census.all_visible &= self.census.dead_pointers.is_empty();
        Ok((self.plan, self.census))
    }
}
