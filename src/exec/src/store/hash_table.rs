//! Hash tables over rows: one entry per key (grouping), and all rows per key (joins).
//!
//! Neither knows how values are hashed or compared: callers give the hash and a closure that decides equality.

use super::RowBuffer;
use hashbrown::HashTable;
use tuple::Datum;

/// Mixes the hash of one more column into that of the columns before.
#[inline]
pub fn hash_combine(hash: u64, column: u64) -> u64 {
    let folded = u128::from(hash.rotate_left(23) ^ column).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    (folded as u64) ^ (folded >> 64) as u64
}

/// Distinct keys, numbered in order of arrival.
pub struct GroupTable {
    table: HashTable<(u64, u32)>,
    keys: RowBuffer,
}

impl GroupTable {
    /// An empty table of keys of `width` columns.
    pub fn new(width: usize) -> GroupTable {
        GroupTable { table: HashTable::new(), keys: RowBuffer::new(width) }
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True if it has no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Bytes in use.
    pub fn memory_bytes(&self) -> usize {
        self.keys.memory_bytes() + self.table.capacity() * 17
    }

    /// The key numbered `index`.
    pub fn key(&self, index: usize) -> &[Datum] {
        self.keys.row(index)
    }

    /// The number of the key for which `equal` holds.
    pub fn find(&self, hash: u64, mut equal: impl FnMut(&[Datum]) -> bool) -> Option<usize> {
        let keys = &self.keys;
        let found = self.table.find(hash, |(h, at)| *h == hash && equal(keys.row(*at as usize)));
        found.map(|(_, at)| *at as usize)
    }

    /// Adds a key that `find` did not find; returns its number.
    pub fn insert(&mut self, hash: u64, key: &[Datum]) -> usize {
        let at = self.keys.len();
        self.keys.push(key);
        self.table.insert_unique(hash, (hash, at as u32), |(h, _)| *h);
        at
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        self.table.clear();
        self.keys.clear();
    }
}

const END: u32 = u32::MAX;

/// The build side of a hash join: rows chained by hash.
pub struct JoinTable {
    rows: RowBuffer,
    hashes: Vec<u64>,
    next: Vec<u32>,
    heads: Vec<u32>,
    matched: Vec<bool>,
}

impl JoinTable {
    /// An empty table of rows of `width` columns.
    pub fn new(width: usize) -> JoinTable {
        JoinTable {
            rows: RowBuffer::new(width),
            hashes: Vec::new(),
            next: Vec::new(),
            heads: Vec::new(),
            matched: Vec::new(),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Number of chains.
    pub fn buckets(&self) -> usize {
        self.heads.len()
    }

    /// Bytes in use.
    pub fn memory_bytes(&self) -> usize {
        self.rows.memory_bytes() + self.hashes.len() * 17 + self.heads.len() * 4
    }

    /// The row numbered `index`.
    pub fn row(&self, index: u32) -> &[Datum] {
        self.rows.row(index as usize)
    }

    /// Adds a row. `build` must follow before look-ups.
    pub fn push(&mut self, hash: u64, row: &[Datum]) {
        self.rows.push(row);
        self.hashes.push(hash);
    }

    /// Chains all rows.
    pub fn build(&mut self) {
        let buckets = self.rows.len().next_power_of_two().max(64);
        self.heads.clear();
        self.heads.resize(buckets, END);
        self.next.clear();
        self.next.resize(self.rows.len(), END);
        self.matched.clear();
        self.matched.resize(self.rows.len(), false);
        // Backwards, so that a chain gives rows in the order in which they came.
        for at in (0..self.rows.len()).rev() {
            let bucket = self.bucket(self.hashes[at]);
            self.next[at] = self.heads[bucket];
            self.heads[bucket] = at as u32;
        }
    }

    #[inline]
    fn bucket(&self, hash: u64) -> usize {
        (hash >> 7) as usize & (self.heads.len() - 1)
    }

    /// The first row with this hash, after row `after` if given.
    #[inline]
    pub fn probe(&self, hash: u64, after: Option<u32>) -> Option<u32> {
        let mut at = match after {
            Some(row) => self.next[row as usize],
            None if self.heads.is_empty() => END,
            None => self.heads[self.bucket(hash)],
        };
        while at != END && self.hashes[at as usize] != hash {
            at = self.next[at as usize];
        }
        (at != END).then_some(at)
    }

    /// Notes that a row found a partner.
    #[inline]
    pub fn set_matched(&mut self, index: u32) {
        self.matched[index as usize] = true;
    }

    /// True if the row found a partner.
    #[inline]
    pub fn is_matched(&self, index: u32) -> bool {
        self.matched[index as usize]
    }

    /// Forgets which rows found partners.
    pub fn reset_matched(&mut self) {
        self.matched.fill(false);
    }

    /// Takes all rows out, with their hashes, for spilling.
    pub fn drain(&mut self) -> (RowBuffer, Vec<u64>) {
        let width = self.rows.width();
        let rows = std::mem::replace(&mut self.rows, RowBuffer::new(width));
        self.heads.clear();
        self.next.clear();
        self.matched.clear();
        (rows, std::mem::take(&mut self.hashes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_numbered_in_order() {
        let mut table = GroupTable::new(1);
        for value in [5, 3, 5, 9, 3] {
            let key = [Datum::Int4(value)];
            let hash = hash_combine(0, value as u64);
            if table.find(hash, |k| k[0].as_i32() == value).is_none() {
                table.insert(hash, &key);
            }
        }
        let keys: Vec<i32> = (0..table.len()).map(|i| table.key(i)[0].as_i32()).collect();
        assert_eq!(keys, [5, 3, 9]);
    }

    #[test]
    fn a_join_table_gives_all_rows_of_a_hash_in_order() {
        let mut table = JoinTable::new(1);
        for i in 0..1000 {
            table.push(hash_combine(0, i % 10), &[Datum::Int8(i as i64)]);
        }
        table.build();
        let hash = hash_combine(0, 7);
        let mut found = Vec::new();
        let mut at = table.probe(hash, None);
        while let Some(row) = at {
            found.push(table.row(row)[0].as_i64());
            at = table.probe(hash, Some(row));
        }
        assert_eq!(found, (0..100).map(|i| i * 10 + 7).collect::<Vec<i64>>());
        assert_eq!(table.probe(hash_combine(0, 11), None), None);
    }
}
