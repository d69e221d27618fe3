//! Search keys and the order of entries.
//!
//! Entries are ordered by their key columns, then by tid. An inner entry or high key (a *pivot*) may have fewer columns: what it lacks
//! counts as less than everything. It separates: entries left of it are less, entries right of it are not.

use access::Index;
use base::{BlockNumber, OffsetNumber, Tid};
use page::Page;
use report::Result;
use std::borrow::Cow;
use std::cmp::Ordering;
use tuple::{Datum, IndexTuple, Repr};

use crate::layout;

/// Where a search goes among the entries whose first columns equal its values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bound {
    /// In front of them.
    Before,
    /// To the one with this tid.
    At(Tid),
    /// Behind them.
    After,
}

/// A place in the order of entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SearchKey<'a> {
    /// The first columns' values. With [`Bound::At`], all key columns.
    pub values: &'a [Datum],
    pub bound: Bound,
}

/// What searching needs to know of an index, at hand.
pub(crate) struct Order<'a> {
    index: &'a Index,
    reprs: Cow<'a, [Repr]>,
}

impl<'a> Order<'a> {
    pub(crate) fn new(index: &'a Index) -> Order<'a> {
        Order { index, reprs: (0..index.key_count()).map(|column| index.repr(column)).collect() }
    }

    /// With the representations of the key columns that a scan keeps at hand.
    pub(crate) fn with(index: &'a Index, reprs: &'a [Repr]) -> Order<'a> {
        Order { index, reprs: Cow::Borrowed(reprs) }
    }

    /// The representations of the key columns.
    pub(crate) fn reprs(&self) -> &[Repr] {
        &self.reprs
    }

    pub(crate) fn index(&self) -> &'a Index {
        self.index
    }

    /// Compares a place with an entry or pivot. Equal only for `At` with the entry's own tid.
    #[inline]
    pub(crate) fn compare(&self, key: &SearchKey<'_>, entry: &IndexTuple<'_>) -> Result<Ordering> {
        let stored = entry.natts();
        let mut columns = entry.columns();
        for (column, value) in key.values.iter().enumerate() {
            if column >= stored {
                return Ok(Ordering::Greater);
            }
            let bytes = columns.next(self.reprs[column])?;
            let order = self.index.orders[column].compare_stored(value, bytes);
            if order != Ordering::Equal {
                return Ok(order);
            }
        }
        Ok(match key.bound {
            Bound::Before => Ordering::Less,
            Bound::After => Ordering::Greater,
            Bound::At(tid) => tid.cmp(&entry.tid()),
        })
    }

    /// True if the place is not left of the pivot: the search goes to its right.
    #[inline]
    pub(crate) fn is_right_of(&self, key: &SearchKey<'_>, pivot: &IndexTuple<'_>) -> Result<bool> {
        let stored = pivot.natts();
        let mut columns = pivot.columns();
        for (column, value) in key.values.iter().enumerate() {
            if column >= stored {
                return Ok(true);
            }
            let bytes = columns.next(self.reprs[column])?;
            let order = self.index.orders[column].compare_stored(value, bytes);
            if order != Ordering::Equal {
                return Ok(order == Ordering::Greater);
            }
        }
        let pivot_tid = pivot.pivot_tid();
        let is_same_prefix = stored == key.values.len() && pivot_tid.is_none();
        Ok(match key.bound {
            Bound::After => true,
            Bound::Before => is_same_prefix,
            Bound::At(tid) => pivot_tid.is_none_or(|pivot_tid| tid >= pivot_tid),
        })
    }

    /// The first entry of a leaf that is not in front of the place; one behind the last if there is none.
    #[inline]
    pub(crate) fn lower_bound(&self, page: &Page, key: &SearchKey<'_>) -> Result<OffsetNumber> {
        let first = layout::first_entry(&layout::links(page));
        self.search_between(page, key, first.0, page.item_count() + 1)
    }

    /// As `lower_bound`, where it is known that the answer is not before `from` and likely close to it.
    pub(crate) fn lower_bound_from(
        &self,
        page: &Page,
        key: &SearchKey<'_>,
        from: OffsetNumber,
    ) -> Result<OffsetNumber> {
        let end = page.item_count() + 1;
        let (mut low, mut step) = (from.0, 1);
        loop {
            let probe = low + step - 1;
            if probe >= end {
                return self.search_between(page, key, low, end);
            }
            if self.compare(key, &layout::entry(page, OffsetNumber(probe))?)? != Ordering::Greater {
                return self.search_between(page, key, low, probe);
            }
            low = probe + 1;
            step *= 2;
        }
    }

    #[inline]
    fn search_between(&self, page: &Page, key: &SearchKey<'_>, low: u16, high: u16) -> Result<OffsetNumber> {
        let (mut low, mut high) = (low, high);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = layout::entry(page, OffsetNumber(middle))?;
            if self.compare(key, &entry)? == Ordering::Greater {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(OffsetNumber(low))
    }

    /// The entry of an inner page whose child holds the place: the last pivot that is not right of it.
    #[inline]
    pub(crate) fn child(&self, page: &Page, key: &SearchKey<'_>) -> Result<(OffsetNumber, BlockNumber)> {
        let first = layout::first_entry(&layout::links(page)).0;
        // The first entry is minus infinity: it is never compared.
        let (mut low, mut high) = (first + 1, page.item_count() + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let pivot = layout::entry(page, OffsetNumber(middle))?;
            if self.is_right_of(key, &pivot)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let offset = OffsetNumber(low - 1);
        Ok((offset, layout::entry(page, offset)?.child()))
    }

    /// How many leading key columns a pivot needs to tell two neighbouring entries apart; `None` if it takes the tid.
    pub(crate) fn columns_that_differ(&self, left: &IndexTuple<'_>, right: &IndexTuple<'_>) -> Result<Option<usize>> {
        let (mut a, mut b) = (left.columns(), right.columns());
        for (column, repr) in self.reprs.iter().enumerate() {
            // Different bytes mean a different place, unless the type calls different bytes equal: then the order decides.
            let (a, b) = (a.next(*repr)?, b.next(*repr)?);
            if a != b && self.differs(column, b, a) {
                return Ok(Some(column + 1));
            }
        }
        Ok(None)
    }

    fn differs(&self, column: usize, a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
        let Some(a) = a else { return true };
        let value = stored_datum(self.reprs[column], a);
        self.index.orders[column].compare_stored(&value, b) != Ordering::Equal
    }

    /// A pivot between two neighbouring leaf entries, as short as can be, that leads to `child`.
    pub(crate) fn separator(
        &self,
        left: &IndexTuple<'_>,
        right: &IndexTuple<'_>,
        child: BlockNumber,
    ) -> Result<Vec<u8>> {
        match self.columns_that_differ(left, right)? {
            Some(columns) => right.pivot(&self.reprs, columns, None, child),
            None => right.pivot(&self.reprs, self.reprs.len(), Some(right.tid()), child),
        }
    }
}

/// A stored value as a datum.
fn stored_datum(repr: Repr, bytes: &[u8]) -> Datum {
    fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
        *bytes.first_chunk().expect("a stored value has the bytes of its width")
    }
    match repr {
        Repr::Bool => Datum::Bool(bytes[0] != 0),
        Repr::Char => Datum::Char(bytes[0]),
        Repr::Int2 => Datum::Int2(i16::from_le_bytes(fixed(bytes))),
        Repr::Int4 => Datum::Int4(i32::from_le_bytes(fixed(bytes))),
        Repr::Int8 => Datum::Int8(i64::from_le_bytes(fixed(bytes))),
        Repr::Float4 => Datum::Float4(f32::from_le_bytes(fixed(bytes))),
        Repr::Float8 => Datum::Float8(f64::from_le_bytes(fixed(bytes))),
        Repr::Oid => Datum::Oid(base::Oid(u32::from_le_bytes(fixed(bytes)))),
        Repr::Bytes => Datum::bytes(bytes),
    }
}

/// A pivot's place in the order, to search the level above for where it belongs.
pub(crate) struct PivotKey {
    values: Vec<Datum>,
    tid: Option<Tid>,
}

impl PivotKey {
    pub(crate) fn of(order: &Order<'_>, pivot: &IndexTuple<'_>) -> Result<PivotKey> {
        let mut values = Vec::new();
        pivot.deform(&order.index.relation.desc, &mut values)?;
        Ok(PivotKey { values, tid: pivot.pivot_tid() })
    }

    pub(crate) fn key(&self) -> SearchKey<'_> {
        SearchKey { values: &self.values, bound: self.tid.map_or(Bound::Before, Bound::At) }
    }
}
