//! Inserting entries, and the unique check.

use crate::change::{self, Part};
use crate::key::{Bound, Order, SearchKey};
use crate::layout::{self, ENTRY_BYTES_MAX, HAS_DEAD, INCOMPLETE_SPLIT, Links, NO_BLOCK};
use crate::records::{self, kind};
use crate::search::Tree;
use crate::split;
use access::{Access, Index, Inserted, Liveness, Relation, UniqueCheck};
use base::{OffsetNumber, Tid, Xid};
use buffer::{ReadGuard, WriteGuard};
use page::{LINE_POINTER_BYTES, LineState, Page, align_item};
use report::{Result, error};
use std::cmp::Ordering;
use std::sync::atomic::Ordering as Memory;
use tuple::{Datum, form_index_tuple};

/// Inserts an entry: see [`access::IndexAm::insert`].
pub(crate) fn insert(
    cx: &mut Access<'_>,
    (index, table): (&Index, &Relation),
    values: &[Datum],
    tid: Tid,
    check: UniqueCheck,
) -> Result<Inserted> {
    let entry = form_index_tuple(&index.relation.desc, values, tid);
    check_size(index, &entry, table, tid)?;
    let order = Order::new(index);
    let store = cx.store;
    let tree = Tree::new(store, &order);
    let key = SearchKey { values: &values[..index.key_count()], bound: Bound::At(tid) };
    let mut inserter = Inserter { tree: &tree, xid: cx.txn.top_xid().unwrap_or(Xid::INVALID) };
    if check == UniqueCheck::No || has_distinct_null(index, key.values) {
        let (page, links) = match inserter.rightmost_leaf(&key, &entry, cx.txn.owner().number())? {
            Some(found) => found,
            None => inserter.exclusive(&key, 0)?,
        };
        inserter.put(page, links, &key, &entry)?;
        return Ok(Inserted::Done);
    }
    let start = SearchKey { bound: Bound::Before, ..key };
    loop {
        // Beyond every entry that there is nothing can be equal.
        if let Some((page, links)) = inserter.rightmost_leaf(&start, &entry, cx.txn.owner().number())? {
            inserter.put(page, links, &key, &entry)?;
            return Ok(Inserted::Done);
        }
        let (page, links) = inserter.exclusive(&start, 0)?;
        let duplicate = match find_equal(cx, &tree, table, (&page, links), (&start, tid))? {
            Found::Nothing => None,
            Found::Live(found) if check == UniqueCheck::Yes => return Ok(Inserted::Duplicate(found)),
            Found::InDoubt(_, xid) if check == UniqueCheck::Yes => {
                drop(page);
                wait_for_inserter(cx, table, tid, xid)?;
                continue;
            }
            Found::Live(found) | Found::InDoubt(found, _) => Some(found),
        };
        // If a split had to be completed on the way, others may have come in between: look again.
        if let Some((page, links)) = inserter.move_right(&key, page, links)? {
            inserter.put(page, links, &key, &entry)?;
            return Ok(duplicate.map_or(Inserted::Done, Inserted::Duplicate));
        }
    }
}

fn wait_for_inserter(cx: &Access<'_>, table: &Relation, tid: Tid, xid: Xid) -> Result<()> {
    cx.txn
        .wait_for(xid)
        .map_err(|error| error.context(format!("while inserting index tuple {tid} in relation \"{}\"", table.name)))
}

fn has_distinct_null(index: &Index, values: &[Datum]) -> bool {
    !index.nulls_not_distinct && values.iter().any(Datum::is_null)
}

pub(crate) fn check_size(index: &Index, entry: &[u8], table: &Relation, tid: Tid) -> Result<()> {
    if entry.len() <= ENTRY_BYTES_MAX {
        return Ok(());
    }
    let name = &index.relation.name;
    let message = error!(
        PROGRAM_LIMIT_EXCEEDED,
        "index row size {} exceeds btree version 4 maximum {ENTRY_BYTES_MAX} for index \"{name}\"",
        entry.len()
    );
    Err(message
        .detail(format!("Index row references tuple {tid} in relation \"{}\".", table.name))
        .hint(
            "Values larger than 1/3 of a buffer page cannot be indexed.\n\
             Consider a function index of an MD5 hash of the value, or use full text indexing.",
        )
        .table(&table.namespace, &table.name)
        .constraint(name))
}

/// A live row with an equal key: see [`access::IndexAm::find_duplicate`].
pub(crate) fn find_duplicate(
    cx: &mut Access<'_>,
    (index, table): (&Index, &Relation),
    values: &[Datum],
    own: Tid,
) -> Result<Option<Tid>> {
    let order = Order::new(index);
    let store = cx.store;
    let tree = Tree::new(store, &order);
    let start = SearchKey { values, bound: Bound::Before };
    if has_distinct_null(index, values) {
        return Ok(None);
    }
    loop {
        let (page, links) = tree.leaf(&start)?;
        let found = find_equal(cx, &tree, table, (&page, links), (&start, own))?;
        drop(page);
        match found {
            Found::Nothing => return Ok(None),
            Found::Live(tid) => return Ok(Some(tid)),
            Found::InDoubt(_, xid) => wait_for_inserter(cx, table, own, xid)?,
        }
    }
}

enum Found {
    Nothing,
    Live(Tid),
    InDoubt(Tid, Xid),
}

/// Looks at the entries with equal keys, from a leaf on that the caller holds. Holding it keeps out everybody else who wants to insert
/// the same key: they begin at the same leaf.
fn find_equal(
    cx: &mut Access<'_>,
    tree: &Tree<'_>,
    table: &Relation,
    (first, links): (&Page, Links),
    (start, own): (&SearchKey<'_>, Tid),
) -> Result<Found> {
    let mut further: Option<ReadGuard> = None;
    let mut links = links;
    loop {
        let page: &Page = further.as_deref().unwrap_or(first);
        let from = tree.order.lower_bound(page, start)?;
        for offset in (from.0..=page.item_count()).map(OffsetNumber) {
            let entry = layout::entry(page, offset)?;
            let equal = SearchKey { bound: Bound::At(entry.tid()), ..*start };
            if tree.order.compare(&equal, &entry)? != Ordering::Equal {
                return Ok(Found::Nothing);
            }
            if entry.tid() == own || page.line_pointer(offset).state() == LineState::Dead {
                continue;
            }
            match table.am.liveness(cx, table, entry.tid())? {
                Liveness::Dead => {}
                Liveness::Live(_) if is_own_row(cx, table, entry.tid(), own)? => {}
                // The version itself, which an update within the page may have put elsewhere than the entry says.
                Liveness::Live(version) => return Ok(Found::Live(version)),
                Liveness::InDoubt(xid) => return Ok(Found::InDoubt(entry.tid(), xid)),
            }
        }
        let high = SearchKey { bound: Bound::After, ..*start };
        if !tree.is_beyond(&high, page, &links)? {
            return Ok(Found::Nothing);
        }
        let (next, next_links) = tree.read(links.right)?;
        further = Some(next);
        links = next_links;
    }
}

/// True if the live version that an entry leads to is the very row that is being inserted (found through its HOT chain).
fn is_own_row(cx: &mut Access<'_>, table: &Relation, entry: Tid, own: Tid) -> Result<bool> {
    if !own.is_valid() || entry.block != own.block {
        return Ok(false);
    }
    Ok(matches!(table.am.liveness(cx, table, entry)?, Liveness::Live(version) if version == own))
}

/// Puts entries on leaves.
pub(crate) struct Inserter<'a> {
    pub tree: &'a Tree<'a>,
    pub xid: Xid,
}

impl Inserter<'_> {
    fn index(&self) -> &Index {
        self.tree.order.index()
    }

    /// The page of a level that holds a place, exclusively; its own split and those of the pages on the way are complete.
    pub(crate) fn exclusive(&mut self, key: &SearchKey<'_>, level: u32) -> Result<(WriteGuard, Links)> {
        loop {
            let (page, links) = self.tree.write(self.tree.near(key, level)?)?;
            // The root grows in place: what was a leaf a moment ago may be an inner page now.
            if links.level == level
                && let Some(found) = self.move_right(key, page, links)?
            {
                return Ok(found);
            }
        }
    }

    /// Goes right until the place is on the page. `None` if a split was found incomplete: it is complete now, and no page is held.
    fn move_right(
        &mut self,
        key: &SearchKey<'_>,
        page: WriteGuard,
        links: Links,
    ) -> Result<Option<(WriteGuard, Links)>> {
        let (mut page, mut links) = (page, links);
        loop {
            if links.flags & INCOMPLETE_SPLIT != 0 {
                split::complete(self, page)?;
                return Ok(None);
            }
            if !self.tree.is_beyond(key, &page, &links)? {
                return Ok(Some((page, links)));
            }
            drop(page);
            (page, links) = self.tree.write(links.right)?;
        }
    }

    /// The rightmost leaf, if it is known and the place is behind everything on it: ascending inserts need not go down the tree.
    /// Only if the entry fits: the page may lack its downlink, so it must not be split.
    fn rightmost_leaf(&mut self, key: &SearchKey<'_>, entry: &[u8], owner: u32) -> Result<Option<(WriteGuard, Links)>> {
        let hint = self.index().relation.targets.of(owner).load(Memory::Relaxed);
        if hint == u32::MAX || hint >= self.tree.store.smgr.blocks(self.index().relation.main_fork())? {
            return Ok(None);
        }
        let Ok(page) = self.tree.pin(base::BlockNumber(hint))?.try_exclusive() else { return Ok(None) };
        let links = self.tree.links(&page, base::BlockNumber(hint))?;
        let is_rightmost = links.level == 0 && links.right == NO_BLOCK && links.flags & INCOMPLETE_SPLIT == 0;
        let last = OffsetNumber(page.item_count());
        if !is_rightmost || last < layout::first_entry(&links) || !fits(&page, entry) {
            return Ok(None);
        }
        let is_behind = self.tree.order.compare(key, &layout::entry(&page, last)?)? == Ordering::Greater;
        Ok(is_behind.then_some((page, links)))
    }

    /// Puts an entry on a leaf that holds its place, splitting it if it is full.
    pub(crate) fn put(&mut self, page: WriteGuard, links: Links, key: &SearchKey<'_>, entry: &[u8]) -> Result<()> {
        let mut page = page;
        let owner_hint = links.right == NO_BLOCK && links.level == 0;
        if !fits(&page, entry) && links.flags & HAS_DEAD != 0 {
            self.remove_dead(&mut page)?;
        }
        let offset = self.place(&page, key)?;
        if owner_hint && offset.0 > page.item_count() && links.left != NO_BLOCK {
            self.remember(page.block().0);
        }
        if !fits(&page, entry) {
            return split::split(self, (page, offset), entry, None);
        }
        let data = records::encode_insert(offset, entry);
        let (store, index) = (self.tree.store, self.index());
        change::make(
            store,
            index,
            (kind::INSERT, self.xid),
            &mut [Part::of(records::PAGE, &mut page, &data)],
            |parts| records::apply_insert(parts[0].guard, parts[0].data),
        )
    }

    /// Where an entry goes: often behind the last one.
    fn place(&self, page: &Page, key: &SearchKey<'_>) -> Result<OffsetNumber> {
        let last = OffsetNumber(page.item_count());
        let is_behind = last >= layout::first_entry(&layout::links(page))
            && self.tree.order.compare(key, &layout::entry(page, last)?)? == Ordering::Greater;
        if is_behind { Ok(last.next()) } else { self.tree.order.lower_bound(page, key) }
    }

    fn remember(&self, block: u32) {
        for owner in 0..8 {
            let hint = self.index().relation.targets.of(owner);
            if hint.load(Memory::Relaxed) != block {
                hint.store(block, Memory::Relaxed);
            }
        }
    }

    /// Removes the entries that scans found dead.
    fn remove_dead(&self, page: &mut WriteGuard) -> Result<()> {
        let first = layout::first_entry(&layout::links(page));
        let is_dead = |offset: &OffsetNumber| page.line_pointer(*offset).state() == LineState::Dead;
        let dead: Vec<OffsetNumber> = (first.0..=page.item_count()).map(OffsetNumber).filter(is_dead).collect();
        remove_entries(self.tree, page, &dead, self.xid)
    }
}

/// Removes entries of a leaf.
pub(crate) fn remove_entries(tree: &Tree<'_>, page: &mut WriteGuard, offsets: &[OffsetNumber], xid: Xid) -> Result<()> {
    if offsets.is_empty() {
        return Ok(());
    }
    let data = records::encode_offsets(offsets);
    let index = tree.order.index();
    change::make(tree.store, index, (kind::DELETE, xid), &mut [Part::of(records::PAGE, page, &data)], |parts| {
        records::apply_delete(parts[0].guard, parts[0].data)
    })
}

/// True if an entry fits on a page.
pub(crate) fn fits(page: &Page, entry: &[u8]) -> bool {
    page.gap_bytes() >= align_item(entry.len()) + LINE_POINTER_BYTES
}
