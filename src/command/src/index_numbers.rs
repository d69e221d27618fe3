//! Sorting the entries of an index on one integer column: pairs of two words instead of rows.
//!
//! The first word orders as the column does: the number, its bits turned for a descending index. The second is the row's tid
//! with a mark above it. Null keys have no number and go into a list of their own, before or behind the others.

use tuple::{Comparator, Datum, KeyOrder};

/// Set in the second word if the row does not count for uniqueness.
const DEAD: u64 = 1 << 63;

/// Which kind of integer the column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Width {
    Int2,
    Int4,
    Int8,
    Oid,
}

/// An entry: the key, whether its row is dead, and the row's tid as a number.
pub(crate) type Entry = (Datum, bool, i64);

/// Entries that are collected, then sorted, then given out.
pub(crate) struct NumberSorter {
    width: Width,
    descending: bool,
    nulls_first: bool,
    entries: Vec<(i64, u64)>,
    nulls: Vec<u64>,
    next: usize,
}

impl NumberSorter {
    /// For an index whose only column is in this order; `None` if its values are no integers.
    pub(crate) fn new(order: &KeyOrder) -> Option<NumberSorter> {
        let width = match order.comparator {
            Comparator::Int2 => Width::Int2,
            Comparator::Int4 => Width::Int4,
            Comparator::Int8 => Width::Int8,
            Comparator::Oid => Width::Oid,
            _ => return None,
        };
        let (descending, nulls_first) = (order.descending, order.nulls_first);
        Some(NumberSorter { width, descending, nulls_first, entries: Vec::new(), nulls: Vec::new(), next: 0 })
    }

    /// Bytes that the entries take, with the room that growing them may need.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(i64, u64)>() + self.nulls.capacity() * size_of::<u64>()
    }

    /// Adds an entry.
    pub(crate) fn push(&mut self, key: &Datum, is_dead: bool, tid: i64) {
        let place = tid as u64 | if is_dead { DEAD } else { 0 };
        let number = match key {
            Datum::Null => return self.nulls.push(place),
            Datum::Int2(v) => i64::from(*v),
            Datum::Int4(v) => i64::from(*v),
            Datum::Oid(v) => i64::from(v.0),
            other => other.as_i64(),
        };
        self.entries.push((if self.descending { !number } else { number }, place));
    }

    /// Ends the collection.
    pub(crate) fn finish(&mut self) {
        let order = |a: &(i64, u64), b: &(i64, u64)| (a.0, a.1 & !DEAD).cmp(&(b.0, b.1 & !DEAD));
        // Rows often come in the index's order.
        if !self.entries.is_sorted_by(|a, b| order(a, b).is_le()) {
            self.entries.sort_unstable_by(order);
        }
        self.nulls.sort_unstable_by_key(|place| place & !DEAD);
    }

    /// The next entry in the index's order, or in any if the collection has not ended.
    pub(crate) fn next(&mut self) -> Option<Entry> {
        let at = self.next;
        self.next += 1;
        let (nulls, numbers) = (self.nulls.len(), self.entries.len());
        let null = |at: usize| self.nulls.get(at).map(|place| entry(Datum::Null, *place));
        match self.nulls_first {
            true if at < nulls => null(at),
            true => self.number(at - nulls),
            false if at < numbers => self.number(at),
            false => null(at - numbers),
        }
    }

    fn number(&self, at: usize) -> Option<Entry> {
        let (number, place) = *self.entries.get(at)?;
        let number = if self.descending { !number } else { number };
        let key = match self.width {
            Width::Int2 => Datum::Int2(number as i16),
            Width::Int4 => Datum::Int4(number as i32),
            Width::Int8 => Datum::Int8(number),
            Width::Oid => Datum::Oid(base::Oid(number as u32)),
        };
        Some(entry(key, place))
    }
}

fn entry(key: Datum, place: u64) -> Entry {
    (key, place & DEAD != 0, (place & !DEAD) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(descending: bool, nulls_first: bool) -> Vec<Entry> {
        let order = KeyOrder { comparator: Comparator::Int4, descending, nulls_first };
        let mut sorter = NumberSorter::new(&order).unwrap();
        for (at, key) in [Some(5), None, Some(-7), Some(5), Some(0)].into_iter().enumerate() {
            sorter.push(&key.map_or(Datum::Null, Datum::Int4), at == 0, 10 - at as i64);
        }
        sorter.finish();
        std::iter::from_fn(|| sorter.next()).collect()
    }

    fn keys(entries: &[Entry]) -> Vec<Option<i32>> {
        entries.iter().map(|(key, ..)| (!key.is_null()).then(|| key.as_i32())).collect()
    }

    #[test]
    fn entries_come_in_the_order_of_the_index() {
        assert_eq!(keys(&sorted(false, false)), [Some(-7), Some(0), Some(5), Some(5), None]);
        assert_eq!(keys(&sorted(true, true)), [None, Some(5), Some(5), Some(0), Some(-7)]);
    }

    #[test]
    fn equal_keys_are_in_the_order_of_their_rows() {
        let entries = sorted(false, false);
        assert!(!entries[2].1, "the other row counts");
        assert_eq!((entries[2].2, entries[3].2), (7, 10));
        assert!(entries[3].1, "the mark goes with its row");
    }

    #[test]
    fn other_types_are_not_for_it() {
        let order = KeyOrder { comparator: Comparator::Bytes, descending: false, nulls_first: false };
        assert!(NumberSorter::new(&order).is_none());
    }
}
