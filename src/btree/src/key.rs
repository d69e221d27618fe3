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
use tuple::{Comparator, Datum, IndexTuple, Repr, first_value};

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

/// The first column's value of a place, if that is a number in ascending order: then most of a binary search is done by looking at
/// eight bytes of each entry.
#[derive(Clone, Copy)]
enum Lead {
    Int4(i32),
    Int8(i64),
    Oid(u32),
    Hidden,
}

impl Lead {
    fn number(self) -> Option<f64> {
        match self {
            Lead::Int4(value) => Some(f64::from(value)),
            Lead::Int8(value) => Some(value as f64),
            Lead::Oid(value) => Some(f64::from(value)),
            Lead::Hidden => None,
        }
    }

    /// The entry's first value, if the place's value is a number.
    fn stored(self, entry: &[u8]) -> Option<f64> {
        match self {
            Lead::Int4(_) => first_value(entry).map(|stored| f64::from(i32::from_le_bytes(*stored))),
            Lead::Int8(_) => first_value(entry).map(|stored| i64::from_le_bytes(*stored) as f64),
            Lead::Oid(_) => first_value(entry).map(|stored| f64::from(u32::from_le_bytes(*stored))),
            Lead::Hidden => None,
        }
    }

    /// Where the place would be among the entries `low..high` if their numbers stood at even distances, as those of a serial column do. `end`
    /// is an entry whose number is a bound for all of theirs. Each entry that is not looked at is a line of memory less to wait for.
    fn guess(self, page: &Page, (low, high): (u16, u16), end: u16) -> Option<u16> {
        let value = self.number().filter(|_| high.saturating_sub(low) >= GUESSED_MIN)?;
        let first = self.stored(page.item(OffsetNumber(low)))?;
        let last = self.stored(page.item(OffsetNumber(end)))?;
        Some(guess_at(value, (low, high), (first, last)))
    }

    /// How the value stands to the entry's first. `Equal` also where that takes a closer look.
    #[inline]
    fn glance(self, entry: &[u8]) -> Ordering {
        let order = match self {
            Lead::Int4(value) => first_value(entry).map(|stored| value.cmp(&i32::from_le_bytes(*stored))),
            Lead::Int8(value) => first_value(entry).map(|stored| value.cmp(&i64::from_le_bytes(*stored))),
            Lead::Oid(value) => first_value(entry).map(|stored| value.cmp(&u32::from_le_bytes(*stored))),
            Lead::Hidden => None,
        };
        order.unwrap_or(Ordering::Equal)
    }
}

/// Where a value would be among places from `low` on and before `high`, were the numbers from `first` to `last` even.
fn guess_at(value: f64, (low, high): (u16, u16), (first, last): (f64, f64)) -> u16 {
    let part = (value - first) / (last - first);
    low + (part.clamp(0.0, 1.0) * f64::from(high - 1 - low)) as u16
}

/// The same of numbers at hand; `None` if there are too few.
pub(crate) fn guess_between(value: f64, (low, high): (u16, u16), ends: (Option<&i64>, Option<&i64>)) -> Option<u16> {
    let ends = (*ends.0? as f64, *ends.1? as f64);
    (high - low >= GUESSED_MIN).then(|| guess_at(value, (low, high), ends))
}

/// Among fewer entries the middle is as good as a guess.
const GUESSED_MIN: u16 = 16;

/// The first of the places `low..high` that is not left of what is searched for; `high` if all are. Looks around the guess first.
#[inline]
pub(crate) fn partition(
    (low, high): (u16, u16),
    guess: Option<u16>,
    is_left: impl Fn(u16) -> Result<bool>,
) -> Result<u16> {
    let (mut low, mut high, mut step) = (low, high, 1);
    match guess {
        None => {}
        Some(guess) if is_left(guess)? => {
            low = guess + 1;
            while high - low >= step {
                let probe = low + step - 1;
                if !is_left(probe)? {
                    high = probe;
                    break;
                }
                (low, step) = (probe + 1, step * 2);
            }
        }
        Some(guess) => {
            high = guess;
            while high - low >= step {
                let probe = high - step;
                if is_left(probe)? {
                    low = probe + 1;
                    break;
                }
                (high, step) = (probe, step * 2);
            }
        }
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if is_left(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
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

    #[inline]
    fn lead(&self, key: &SearchKey<'_>) -> Lead {
        let Some(order) = self.index.orders.first().filter(|order| !order.descending) else { return Lead::Hidden };
        match (key.values.first(), &order.comparator) {
            (Some(Datum::Int4(value)), Comparator::Int4) => Lead::Int4(*value),
            (Some(Datum::Int8(value)), Comparator::Int8) => Lead::Int8(*value),
            (Some(Datum::Oid(value)), Comparator::Oid) => Lead::Oid(value.0),
            _ => Lead::Hidden,
        }
    }

    /// The first column's value of a place, if it is a whole number in ascending order.
    #[inline]
    pub(crate) fn number(&self, key: &SearchKey<'_>) -> Option<i64> {
        match self.lead(key) {
            Lead::Int4(value) => Some(i64::from(value)),
            Lead::Int8(value) => Some(value),
            Lead::Oid(value) => Some(i64::from(value)),
            Lead::Hidden => None,
        }
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
        let first = layout::first_entry(&layout::links(page)).0;
        let (lead, range) = (self.lead(key), (first, page.item_count() + 1));
        let guess = lead.guess(page, range, end_of(first, range));
        partition(range, guess, |at| self.is_left(lead, key, page, at)).map(OffsetNumber)
    }

    /// True if an entry is left of the place.
    #[inline]
    fn is_left(&self, lead: Lead, key: &SearchKey<'_>, page: &Page, at: u16) -> Result<bool> {
        let entry = page.item(OffsetNumber(at));
        let order = match lead.glance(entry) {
            Ordering::Equal => self.compare(key, &IndexTuple::new(entry)?)?,
            order => order,
        };
        Ok(order == Ordering::Greater)
    }

    /// As `lower_bound`, where it is known that the answer is not before `from` and likely close to it.
    pub(crate) fn lower_bound_from(
        &self,
        page: &Page,
        key: &SearchKey<'_>,
        from: OffsetNumber,
    ) -> Result<OffsetNumber> {
        let end = page.item_count() + 1;
        let (lead, guess) = (self.lead(key), (from.0 < end).then_some(from.0));
        partition((from.0, end), guess, |at| self.is_left(lead, key, page, at)).map(OffsetNumber)
    }

    /// The entry of an inner page whose child holds the place: the last pivot that is not right of it.
    #[inline]
    pub(crate) fn child(&self, page: &Page, key: &SearchKey<'_>) -> Result<(OffsetNumber, BlockNumber)> {
        let first = layout::first_entry(&layout::links(page)).0;
        // The first entry is minus infinity: it is never compared.
        let (lead, range) = (self.lead(key), (first + 1, page.item_count() + 1));
        let guess = lead.guess(page, range, end_of(first, range));
        let behind = partition(range, guess, |at| {
            let pivot = page.item(OffsetNumber(at));
            match lead.glance(pivot) {
                Ordering::Equal => self.is_right_of(key, &IndexTuple::new(pivot)?),
                order => Ok(order == Ordering::Greater),
            }
        })?;
        let offset = OffsetNumber(behind - 1);
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

/// The offset of an item that is not left of the entries in a range: the high key, which was looked at already, or the last of them.
fn end_of(first_entry: u16, (_, high): (u16, u16)) -> u16 {
    if first_entry > 1 { 1 } else { high - 1 }
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
