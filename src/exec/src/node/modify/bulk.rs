//! Index entries of many rows at a time.
//!
//! They are made index by index, in the index's own order: neighbours go to the same page, which is still near. What fails is told as if the
//! rows had come one after the other: the error is that of the first row that has one.

use super::{IndexTarget, TargetTable};
use crate::env::Env;
use base::Tid;
use report::{Error, Result, SqlState};
use std::cmp::Ordering;
use tuple::Datum;

/// The first row that something is wrong with, as far as is known. Rows behind it do not matter any more.
struct Failure {
    row: usize,
    error: Option<Error>,
}

impl TargetTable {
    /// Makes the index entries of rows that are in the table. On an error `done` says how many rows come before the one that it is about.
    pub(super) fn insert_entries_of(
        &mut self,
        rows: &[Vec<Datum>],
        tids: &[Tid],
        done: &mut usize,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let mut failure = Failure { row: rows.len(), error: None };
        let mut entries = Entries::default();
        for at in 0..self.indexes.len() {
            let target = &mut self.indexes[at];
            if let Err((row, error)) = entries.fill(target, &rows[..failure.row], env) {
                failure = Failure { row, error: Some(error) };
            }
            entries.sort(target);
            self.insert_in_order(at, (&entries, tids), &mut failure, env).inspect_err(|_| *done = failure.row)?;
        }
        *done = failure.row;
        failure.error.map_or(Ok(()), Err)
    }

    /// Errors: what no other row may have had before; duplicates become the failure.
    fn insert_in_order(
        &mut self,
        at: usize,
        (entries, tids): (&Entries, &[Tid]),
        failure: &mut Failure,
        env: &mut Env<'_>,
    ) -> Result<()> {
        for place in &entries.places {
            if place.row >= failure.row {
                continue;
            }
            self.indexes[at].values.clone_from_slice(entries.values_at(*place));
            if let Err(error) = self.insert_entry(at, tids[place.row], None, env) {
                let is_duplicate = error.code() == SqlState::UNIQUE_VIOLATION;
                *failure = Failure { row: place.row, error: None };
                if !is_duplicate {
                    return Err(error);
                }
                failure.error = Some(error);
            }
        }
        Ok(())
    }
}

/// An entry's row and where its values begin.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    start: usize,
}

/// Entries of one index.
#[derive(Default)]
struct Entries {
    values: Vec<Datum>,
    /// Values of an entry.
    width: usize,
    places: Vec<Place>,
}

impl Entries {
    /// Computes the entries of rows, those that the index wants. An error comes with its row; the entries of the rows before it are there.
    fn fill(
        &mut self,
        target: &mut IndexTarget,
        rows: &[Vec<Datum>],
        env: &mut Env<'_>,
    ) -> std::result::Result<(), (usize, Error)> {
        self.values.clear();
        self.places.clear();
        for (number, row) in rows.iter().enumerate() {
            if target.evaluate(row, env).map_err(|error| (number, error))? {
                self.places.push(Place { row: number, start: self.values.len() });
                self.width = target.values.len();
                self.values.extend_from_slice(&target.values);
            }
        }
        Ok(())
    }

    fn values_at(&self, place: Place) -> &[Datum] {
        &self.values[place.start..place.start + self.width]
    }

    /// Equal keys stay in the order of their rows. Rows often come in the index's order.
    fn sort(&mut self, target: &IndexTarget) {
        let mut places = std::mem::take(&mut self.places);
        let order = |a: &Place, b: &Place| {
            let pairs = self.values_at(*a).iter().zip(self.values_at(*b)).zip(&target.index.orders);
            let unequal = pairs.map(|((a, b), order)| order.compare(a, b)).find(|order| order.is_ne());
            unequal.unwrap_or(Ordering::Equal).then(a.row.cmp(&b.row))
        };
        places.sort_unstable_by(order);
        self.places = places;
    }
}
