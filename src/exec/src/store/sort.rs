//! Sorting: in memory, the best N only, or by merging sorted runs in temporary files.
//!
//! 1. `push` gathers rows in a flat buffer.
//! 2. With a bound of N, rows that cannot be among the first N are dropped as they come.
//! 3. When the buffer is over its limit it is sorted and written as a run.
//! 4. `finish` sorts what is left; `next` gives the rows in order, merging runs if there are any.
//!
//! Most comparisons are decided by a 64-bit key that orders like the first column; ties compare whole columns.

use super::{RowBuffer, RunReader, RunWriter, TempSpace};
use report::Result;
use std::cmp::Ordering;
use tuple::{Comparator, Datum};

/// One column of a sort order.
#[derive(Clone)]
pub struct SortKey {
    /// Which column of the row, counted from 0.
    pub column: usize,
    /// How its values compare, nulls aside.
    pub comparator: Comparator,
    /// Greatest first.
    pub descending: bool,
    /// Nulls before all values.
    pub nulls_first: bool,
}

impl SortKey {
    /// How two rows compare in this column.
    #[inline]
    pub fn compare(&self, a: &[Datum], b: &[Datum]) -> Ordering {
        self.compare_values(&a[self.column], &b[self.column])
    }

    /// How two values compare, nulls and direction included.
    #[inline]
    pub fn compare_values(&self, a: &Datum, b: &Datum) -> Ordering {
        match (a.is_null(), b.is_null()) {
            (false, false) => {
                let order = self.comparator.compare(a, b);
                if self.descending { order.reverse() } else { order }
            }
            (true, true) => Ordering::Equal,
            (true, false) if self.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if self.nulls_first => Ordering::Greater,
            (false, true) => Ordering::Less,
        }
    }
}

/// How two rows compare in all columns of the order.
#[inline]
pub fn compare_rows(keys: &[SortKey], a: &[Datum], b: &[Datum]) -> Ordering {
    for key in keys {
        match key.compare(a, b) {
            Ordering::Equal => {}
            decided => return decided,
        }
    }
    Ordering::Equal
}

/// What EXPLAIN ANALYZE says of a sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SortStats {
    /// Only the first rows were kept.
    pub bounded: bool,
    /// Runs were written to files.
    pub external: bool,
    /// Memory or file space used.
    pub space_bytes: u64,
}

/// A row's place in the buffer and the start of its sort key.
#[derive(Clone, Copy)]
struct Entry {
    /// 0 null first, 1 value, 2 null last.
    rank: u8,
    prefix: u64,
    at: u32,
}

/// Sorts rows.
pub struct Sorter {
    keys: Vec<SortKey>,
    rows: RowBuffer,
    memory_bytes_max: usize,
    bound: Option<usize>,
    entries: Vec<Entry>,
    runs: Vec<RunReader>,
    merge: Vec<MergeHead>,
    at: usize,
    stats: SortStats,
}

/// A run's current row.
struct MergeHead {
    run: usize,
    row: Vec<Datum>,
}

impl Sorter {
    /// A sorter of rows of `width` columns that keeps about `memory_bytes_max` in memory; with a bound, gives only so
    /// many rows.
    pub fn new(width: usize, keys: Vec<SortKey>, memory_bytes_max: usize, bound: Option<usize>) -> Sorter {
        Sorter {
            keys,
            rows: RowBuffer::new(width),
            memory_bytes_max: memory_bytes_max.max(64 * 1024),
            bound,
            entries: Vec::new(),
            runs: Vec::new(),
            merge: Vec::new(),
            at: 0,
            stats: SortStats::default(),
        }
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.rows.memory_bytes() + self.entries.len() * size_of::<Entry>()
    }

    /// What EXPLAIN ANALYZE says, after `finish`.
    pub fn stats(&self) -> SortStats {
        self.stats
    }

    /// Adds a row.
    pub fn push(&mut self, row: &[Datum], space: &mut dyn TempSpace) -> Result<()> {
        if self.bound.is_some_and(|bound| self.is_beyond(row, bound)) {
            return Ok(());
        }
        self.add(row);
        match self.bound {
            Some(bound) if self.entries.len() >= 2 * bound.max(64) => self.keep_best(bound),
            _ => {}
        }
        if self.memory_bytes() > self.memory_bytes_max {
            self.spill(space)?;
        }
        Ok(())
    }

    fn add(&mut self, row: &[Datum]) {
        let at = self.rows.len() as u32;
        self.rows.push(row);
        let (rank, prefix) = self.keys.first().map_or((1, 0), |key| prefix(key, &row[key.column]));
        self.entries.push(Entry { rank, prefix, at });
    }

    /// True if the row would sort after the worst of the best `bound` rows known so far. After `keep_best` the rows in
    /// the buffer are in order, so that is row `bound - 1`.
    fn is_beyond(&self, row: &[Datum], bound: usize) -> bool {
        self.stats.bounded && bound > 0 && compare_rows(&self.keys, row, self.rows.row(bound - 1)) != Ordering::Less
    }

    fn keep_best(&mut self, bound: usize) {
        self.sort_entries();
        self.entries.truncate(bound);
        let mut best = RowBuffer::new(self.rows.width());
        for (place, entry) in self.entries.iter_mut().enumerate() {
            best.push(self.rows.row(entry.at as usize));
            entry.at = place as u32;
        }
        self.rows = best;
        self.stats.bounded = true;
    }

    fn sort_entries(&mut self) {
        let Sorter { entries, rows, keys, .. } = self;
        let decided = keys.first().is_none_or(|key| keys.len() == 1 && prefix_is_exact(&key.comparator));
        if decided {
            entries.sort_by_key(|e| (e.rank, e.prefix));
            return;
        }
        entries.sort_by(|a, b| {
            (a.rank, a.prefix)
                .cmp(&(b.rank, b.prefix))
                .then_with(|| compare_rows(keys, rows.row(a.at as usize), rows.row(b.at as usize)))
        });
    }

    fn spill(&mut self, space: &mut dyn TempSpace) -> Result<()> {
        self.stats.space_bytes = self.stats.space_bytes.max(self.memory_bytes() as u64);
        self.sort_entries();
        let mut run = RunWriter::create(space)?;
        for entry in &self.entries {
            run.push(self.rows.row(entry.at as usize))?;
        }
        self.runs.push(run.finish(self.rows.width())?);
        self.rows.clear();
        self.entries.clear();
        self.stats.bounded = false;
        Ok(())
    }

    /// Ends the input.
    pub fn finish(&mut self, space: &mut dyn TempSpace) -> Result<()> {
        if self.runs.is_empty() {
            self.sort_entries();
            self.stats.space_bytes = self.memory_bytes() as u64;
            if let Some(bound) = self.bound {
                self.stats.bounded |= self.entries.len() > bound;
                self.entries.truncate(bound);
            }
        } else {
            self.spill(space)?;
            self.stats.external = true;
            self.stats.space_bytes = self.runs.iter().map(RunReader::bytes).sum();
        }
        self.rewind()?;
        self.check_keys()
    }

    /// Errors: 42804 if records were met that cannot be compared.
    fn check_keys(&self) -> Result<()> {
        self.keys.iter().try_for_each(|key| key.comparator.check())
    }

    /// Goes back to the first row.
    pub fn rewind(&mut self) -> Result<()> {
        self.at = 0;
        self.merge.clear();
        for run in 0..self.runs.len() {
            self.runs[run].rewind();
            let mut row = Vec::new();
            if self.runs[run].next(&mut row)? {
                self.merge.push(MergeHead { run, row });
            }
        }
        for parent in (0..self.merge.len() / 2).rev() {
            self.sift_down(parent);
        }
        Ok(())
    }

    /// True if the first of two merge heads goes first; equal rows in the order of their runs.
    fn head_before(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.merge[a], &self.merge[b]);
        compare_rows(&self.keys, &a.row, &b.row).then(a.run.cmp(&b.run)) == Ordering::Less
    }

    fn sift_down(&mut self, mut parent: usize) {
        loop {
            let mut first = parent;
            for child in [2 * parent + 1, 2 * parent + 2] {
                if child < self.merge.len() && self.head_before(child, first) {
                    first = child;
                }
            }
            if first == parent {
                return;
            }
            self.merge.swap(parent, first);
            parent = first;
        }
    }

    /// The next row in order, copied to `out`; false at the end.
    pub fn next(&mut self, out: &mut Vec<Datum>) -> Result<bool> {
        if !self.runs.is_empty() {
            let found = self.next_merged(out)?;
            self.check_keys()?;
            return Ok(found);
        }
        let Some(entry) = self.entries.get(self.at) else { return Ok(false) };
        self.at += 1;
        out.clear();
        out.extend_from_slice(self.rows.row(entry.at as usize));
        Ok(true)
    }

    fn next_merged(&mut self, out: &mut Vec<Datum>) -> Result<bool> {
        let at_bound = self.bound.is_some_and(|bound| self.at >= bound);
        if at_bound || self.merge.is_empty() {
            return Ok(false);
        }
        self.at += 1;
        let run = self.merge[0].run;
        std::mem::swap(out, &mut self.merge[0].row);
        if !self.runs[run].next(&mut self.merge[0].row)? {
            self.merge.swap_remove(0);
        }
        self.sift_down(0);
        Ok(true)
    }

    /// The row at a position, if all rows are in memory (for merge join's mark and scrolling).
    pub fn row_at(&self, position: usize) -> Option<&[Datum]> {
        self.entries.get(position).map(|entry| self.rows.row(entry.at as usize))
    }

    /// True if rows can be had by position.
    pub fn in_memory(&self) -> bool {
        self.runs.is_empty()
    }

    /// Forgets everything, keeps the order.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.entries.clear();
        self.runs.clear();
        self.merge.clear();
        self.at = 0;
        self.stats = SortStats::default();
    }
}

/// True if the prefix alone decides: no two different values have the same.
fn prefix_is_exact(comparator: &Comparator) -> bool {
    use Comparator as C;
    matches!(comparator, C::Int2 | C::Int4 | C::Int8 | C::Oid | C::Bool | C::Char)
}

/// The rank and a number that orders as the value does (equal numbers decide nothing unless `prefix_is_exact`).
fn prefix(key: &SortKey, value: &Datum) -> (u8, u64) {
    if value.is_null() {
        return (if key.nulls_first { 0 } else { 2 }, 0);
    }
    let number = value_prefix(&key.comparator, value);
    (1, if key.descending { !number } else { number })
}

fn value_prefix(comparator: &Comparator, value: &Datum) -> u64 {
    const SIGN: u64 = 1 << 63;
    match (comparator, value) {
        (Comparator::Int2, Datum::Int2(v)) => i64::from(*v) as u64 ^ SIGN,
        (Comparator::Int4, Datum::Int4(v)) => i64::from(*v) as u64 ^ SIGN,
        (Comparator::Int8, Datum::Int8(v)) => *v as u64 ^ SIGN,
        (Comparator::Oid, Datum::Oid(v)) => u64::from(v.0),
        (Comparator::Bool, Datum::Bool(v)) => u64::from(*v),
        (Comparator::Char, Datum::Char(v)) => u64::from(*v),
        (Comparator::Bytes, Datum::Bytes(v)) => {
            let mut head = [0; 8];
            let len = v.len().min(8);
            head[..len].copy_from_slice(&v[..len]);
            u64::from_be_bytes(head)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemorySpace;
    use super::*;
    use base::Prng;

    fn key(column: usize, comparator: Comparator, descending: bool) -> SortKey {
        SortKey { column, comparator, descending, nulls_first: descending }
    }

    fn sorted(keys: Vec<SortKey>, rows: &[Vec<Datum>], limit: usize, bound: Option<usize>) -> Vec<String> {
        let mut sorter = Sorter::new(rows[0].len(), keys, limit, bound);
        for row in rows {
            sorter.push(row, &mut MemorySpace).unwrap();
        }
        sorter.finish(&mut MemorySpace).unwrap();
        let mut out = Vec::new();
        let mut all = Vec::new();
        while sorter.next(&mut out).unwrap() {
            all.push(format!("{out:?}"));
        }
        all
    }

    #[test]
    fn memory_runs_and_bound_agree() {
        let mut random = Prng::new(1);
        let rows: Vec<Vec<Datum>> = (0..20_000)
            .map(|i| {
                let text = format!("prefix {:05}", random.below(500));
                let first = if random.one_in(50) { Datum::Null } else { Datum::text(&text) };
                vec![first, Datum::Int4(random.below(40) as i32 - 20), Datum::Int8(i)]
            })
            .collect();
        let keys =
            || vec![key(0, Comparator::Bytes, true), key(1, Comparator::Int4, false), key(2, Comparator::Int8, false)];
        let expected = {
            let mut all = rows.clone();
            all.sort_by(|a, b| compare_rows(&keys(), a, b));
            all.iter().map(|r| format!("{r:?}")).collect::<Vec<_>>()
        };
        assert_eq!(sorted(keys(), &rows, usize::MAX, None), expected);
        assert_eq!(sorted(keys(), &rows, 0, None), expected);
        for bound in [1, 10, 1000] {
            assert_eq!(sorted(keys(), &rows, usize::MAX, Some(bound)), expected[..bound]);
        }
        assert_eq!(sorted(keys(), &rows, 0, Some(3000)), expected[..3000]);
    }

    #[test]
    fn negative_numbers_and_nulls_have_their_place() {
        let rows: Vec<Vec<Datum>> =
            [Datum::Int4(3), Datum::Null, Datum::Int4(-7), Datum::Int4(0)].into_iter().map(|d| vec![d]).collect();
        let up = sorted(vec![key(0, Comparator::Int4, false)], &rows, usize::MAX, None);
        assert_eq!(up, ["[-7]", "[0]", "[3]", "[null]"]);
        let down = sorted(vec![key(0, Comparator::Int4, true)], &rows, usize::MAX, None);
        assert_eq!(down, ["[null]", "[3]", "[0]", "[-7]"]);
    }
}
