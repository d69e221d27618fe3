//! Checks that a table's pages, and an index on it, are consistent. For tests and `amcheck`-like functions.

use crate::claim::tuple_at;
use crate::visibility::{self, Fate};
use crate::{layout, maps};
use access::{Relation, Store};
use base::{BlockNumber, OffsetNumber, Tid, Xid};
use page::{LineState, Page};
use report::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tuple::{ColumnSet, Datum, HeapTuple, Infomask, NoToast, TupleHeader};

/// What a table holds, as far as indexes are concerned.
#[derive(Clone, Debug, Default)]
pub struct HeapCensus {
    /// Rows whose latest version is committed and not deleted, by the tid that their index entry has: their values,
    /// out-of-line ones as null.
    pub live: BTreeMap<Tid, Vec<Datum>>,
    /// Every tid that an index entry may have: line pointers in use that are not heap-only versions.
    pub roots: BTreeSet<Tid>,
}

/// Checks every page of a table: line pointers, tuples, chains, visibility flags and map. Nobody changes the table meanwhile.
///
/// Errors: XX001 with what is wrong; I/O.
pub fn check(store: &Arc<Store>, table: &Relation) -> Result<HeapCensus> {
    let mut census = HeapCensus::default();
    let blocks = maps::table_blocks(store, table)?;
    for block in (0..blocks).map(BlockNumber) {
        let page = store.read(table, block)?.share();
        if page.is_new() {
            drop(page);
            maps::check_new(store, table, block)?;
            continue;
        }
        let checker = PageChecker { store, table, page: &page, block };
        checker.check_map()?;
        page.offsets().try_for_each(|offset| checker.check_item(offset, &mut census))?;
    }
    Ok(census)
}

/// Compares a table with an index's entries: each live row has one that leads to it with its key, and each entry leads to a line
/// pointer in use. `key` makes the index's columns from a row's.
///
/// Errors: XX001 with the first difference.
pub fn check_index(
    census: &HeapCensus,
    entries: &[(Vec<Datum>, Tid)],
    key: impl Fn(&[Datum]) -> Vec<Datum>,
) -> Result<()> {
    let mut by_tid: BTreeMap<Tid, Vec<&[Datum]>> = BTreeMap::new();
    for (values, tid) in entries {
        if !census.roots.contains(tid) {
            return Err(Error::corrupt(format!("index entry {values:?} leads to {tid}, where there is nothing")));
        }
        by_tid.entry(*tid).or_default().push(values);
    }
    for (tid, row) in &census.live {
        let wanted = format!("{:?}", key(row));
        let found = by_tid.get(tid).map_or(&[][..], Vec::as_slice);
        match found.iter().filter(|values| format!("{values:?}") == wanted).count() {
            1 => {}
            count => {
                return Err(Error::corrupt(format!(
                    "row {row:?} at {tid} has {count} index entries; there are {found:?}"
                )));
            }
        }
    }
    Ok(())
}

struct PageChecker<'a> {
    store: &'a Arc<Store>,
    table: &'a Relation,
    page: &'a Page,
    block: BlockNumber,
}

impl PageChecker<'_> {
    fn damage(&self, offset: OffsetNumber, what: &str) -> Error {
        let tid = Tid { block: self.block, offset };
        Error::corrupt(format!("tuple {tid} of relation \"{}\": {what}", self.table.name))
    }

    fn check_map(&self) -> Result<()> {
        let (flag, bit) =
            (layout::is_all_visible(self.page), maps::is_all_visible(self.store, self.table, self.block, &mut None)?);
        if bit && !flag {
            return Err(self.damage(OffsetNumber::INVALID, "visible in the map, but not on the page"));
        }
        Ok(())
    }

    fn check_item(&self, offset: OffsetNumber, census: &mut HeapCensus) -> Result<()> {
        let tid = Tid { block: self.block, offset };
        let pointer = self.page.line_pointer(offset);
        match pointer.state() {
            LineState::Unused => Ok(()),
            LineState::Dead => {
                census.roots.insert(tid);
                Ok(())
            }
            LineState::Redirect => {
                census.roots.insert(tid);
                let target = OffsetNumber(pointer.target());
                let header = self.header(target)?.ok_or_else(|| self.damage(offset, "redirected to nothing"))?;
                if !header.infomask.has(Infomask::HEAP_ONLY) {
                    return Err(self.damage(offset, "redirected to a version that is not heap-only"));
                }
                self.check_chain(tid, target, census)
            }
            LineState::Normal => {
                let header = self.header(offset)?.expect("it is normal");
                self.check_version(offset, &header)?;
                if header.infomask.has(Infomask::HEAP_ONLY) {
                    return Ok(());
                }
                census.roots.insert(tid);
                self.check_chain(tid, offset, census)
            }
        }
    }

    fn header(&self, offset: OffsetNumber) -> Result<Option<TupleHeader>> {
        tuple_at(self.page, offset).map(TupleHeader::read).transpose()
    }

    fn check_version(&self, offset: OffsetNumber, header: &TupleHeader) -> Result<()> {
        let next = self.store.xacts.next_xid();
        if header.xmin >= next || header.xmax >= next {
            return Err(self.damage(offset, "carries an xid from the future"));
        }
        let horizon = self.store.xacts.oldest_visible();
        let fate = visibility::fate(header, horizon, &self.store.xacts)?;
        // What nobody sees any more may have columns that the table has no more, or never had: those of an ALTER TABLE that was rolled back.
        if !matches!(fate, Fate::NeverWas | Fate::Dead) {
            self.values(offset)?;
        }
        if !layout::is_all_visible(self.page) {
            return Ok(());
        }
        match fate {
            Fate::Live { for_all: true } => Ok(()),
            fate => Err(self.damage(offset, &format!("on a page that is visible to all, yet {fate:?}"))),
        }
    }

    fn values(&self, offset: OffsetNumber) -> Result<Vec<Datum>> {
        let tuple = HeapTuple::new(tuple_at(self.page, offset).expect("the caller looked"))?;
        let mut external = Vec::new();
        tuple.each_pointer(&self.table.desc, |index, _| external.push(index))?;
        let columns = (0..self.table.desc.len()).filter(|index| !external.contains(index));
        let mut values = Vec::new();
        tuple.deform(&self.table.desc, &ColumnSet::of(columns), &NoToast, &mut values)?;
        values.resize(self.table.desc.len(), Datum::Null);
        Ok(values)
    }

    /// Walks a chain to its live version, if there is one.
    fn check_chain(&self, root: Tid, first: OffsetNumber, census: &mut HeapCensus) -> Result<()> {
        let (mut at, mut expected): (_, Option<Xid>) = (first, None);
        for _ in 0..self.page.item_count() {
            let Some(header) = self.header(at)? else { return Ok(()) };
            if expected.is_some_and(|xmin| xmin != header.xmin) {
                return Ok(());
            }
            let horizon = self.store.xacts.oldest_visible();
            if let Fate::Live { .. } = visibility::fate(&header, horizon, &self.store.xacts)? {
                if census.live.insert(root, self.values(at)?).is_some() {
                    return Err(self.damage(at, "a second live version of its row"));
                }
                return Ok(());
            }
            if !header.infomask.has(Infomask::HOT_UPDATED) || header.ctid.block != self.block {
                return Ok(());
            }
            expected = Some(header.xmax);
            at = header.ctid.offset;
        }
        Err(self.damage(first, "its chain of versions runs in a circle"))
    }
}
