//! Which columns of a row somebody wants.

use std::sync::Arc;

/// A set of columns of a row. Deforming stops after the last one and neither copies nor detoasts what is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSet {
    upto: usize,
    wanted: Option<Arc<[bool]>>,
}

impl ColumnSet {
    /// Every column.
    pub const ALL: ColumnSet = ColumnSet { upto: usize::MAX, wanted: None };
    /// No column.
    pub const NONE: ColumnSet = ColumnSet { upto: 0, wanted: None };

    /// The first `count` columns.
    pub const fn first(count: usize) -> ColumnSet {
        ColumnSet { upto: count, wanted: None }
    }

    /// The columns with these indexes, counted from 0.
    pub fn of(indexes: impl IntoIterator<Item = usize>) -> ColumnSet {
        let mut wanted = Vec::new();
        for index in indexes {
            if wanted.len() <= index {
                wanted.resize(index + 1, false);
            }
            wanted[index] = true;
        }
        let upto = wanted.len();
        let wanted = if wanted.iter().all(|w| *w) { None } else { Some(wanted.into()) };
        ColumnSet { upto, wanted }
    }

    /// One more than the index of the last wanted column of a row with `natts` columns.
    pub fn upto(&self, natts: usize) -> usize {
        self.upto.min(natts)
    }

    /// True if the column with this index is wanted.
    #[inline]
    pub fn contains(&self, index: usize) -> bool {
        match &self.wanted {
            None => index < self.upto,
            Some(wanted) => wanted.get(index).copied().unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wanted() {
        let set = ColumnSet::of([3, 1]);
        assert_eq!((set.upto(10), set.upto(2)), (4, 2));
        assert_eq!((0..5).map(|i| set.contains(i)).collect::<Vec<_>>(), [false, true, false, true, false]);
        assert_eq!(ColumnSet::of([0, 1]), ColumnSet::first(2));
        assert!(ColumnSet::ALL.contains(1599) && !ColumnSet::NONE.contains(0));
    }
}
