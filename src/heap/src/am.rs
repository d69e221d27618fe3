//! The heap as a table access method.

use crate::build_scan::HeapBuildScan;
use crate::fetch::{self, HeapFetch};
use crate::scan::HeapScan;
use crate::{insert, modify, row_lock, sample, vacuum};
use access::{
    Access, BuildScan, Changed, Index, InsertOptions, Liveness, NewVersion, Relation, Row, RowLock, RowWait, Sample,
    ScanOptions, Store, TableAm, TableFetch, TableScan, UpdateOptions, VacuumOptions, VacuumStats,
};
use base::{Prng, Tid};
use report::Result;
use std::sync::Arc;
use tuple::{ColumnSet, Datum};
use xact::Snapshot;

/// Heap tables. [`AM`] is the one value of it.
pub struct HeapAm;

/// What `Relation::am` of a heap table is.
pub const AM: &dyn TableAm = &HeapAm;

impl TableAm for HeapAm {
    fn scan(&self, store: &Arc<Store>, table: &Arc<Relation>, options: ScanOptions) -> Result<Box<dyn TableScan>> {
        Ok(Box::new(HeapScan::new(store, table, options)?))
    }

    fn fetcher(
        &self,
        store: &Arc<Store>,
        table: &Arc<Relation>,
        snapshot: Snapshot,
        wanted: ColumnSet,
    ) -> Box<dyn TableFetch> {
        Box::new(HeapFetch::new(store, table, snapshot, wanted))
    }

    fn fetch_version(&self, store: &Arc<Store>, table: &Relation, tid: Tid, row: &mut Row) -> Result<bool> {
        fetch::fetch_version(store, table, tid, row)
    }

    fn insert(&self, cx: &mut Access<'_>, table: &Relation, values: &[Datum], options: InsertOptions) -> Result<Tid> {
        insert::insert(cx, table, values, options)
    }

    fn multi_insert(
        &self,
        cx: &mut Access<'_>,
        table: &Relation,
        rows: &[Vec<Datum>],
        options: InsertOptions,
        tids: &mut Vec<Tid>,
    ) -> Result<()> {
        insert::multi_insert(cx, table, rows, options, tids)
    }

    fn retract(&self, cx: &mut Access<'_>, table: &Relation, tid: Tid) -> Result<()> {
        modify::retract(cx, table, tid)
    }

    fn overwrite(&self, cx: &mut Access<'_>, table: &Relation, tid: Tid, values: &[Datum]) -> Result<bool> {
        modify::overwrite(cx, table, tid, values)
    }

    fn update(
        &self,
        cx: &mut Access<'_>,
        table: &Relation,
        tid: Tid,
        values: &[Datum],
        options: &UpdateOptions<'_>,
    ) -> Result<Changed<NewVersion>> {
        modify::update(cx, table, tid, values, options)
    }

    fn delete(&self, cx: &mut Access<'_>, table: &Relation, tid: Tid, wait: RowWait) -> Result<Changed<()>> {
        modify::delete(cx, table, tid, wait)
    }

    fn lock_row(
        &self,
        cx: &mut Access<'_>,
        table: &Relation,
        tid: Tid,
        how: (RowLock, RowWait),
        row: &mut Row,
    ) -> Result<Changed<()>> {
        row_lock::lock_row(cx, table, tid, how, row)
    }

    fn liveness(&self, cx: &mut Access<'_>, table: &Relation, tid: Tid) -> Result<Liveness> {
        fetch::liveness(cx, table, tid)
    }

    fn build_scan(&self, cx: &mut Access<'_>, table: &Arc<Relation>, wanted: ColumnSet) -> Result<Box<dyn BuildScan>> {
        Ok(Box::new(HeapBuildScan::new(cx, table, wanted)?))
    }

    fn vacuum(
        &self,
        cx: &mut Access<'_>,
        table: &Arc<Relation>,
        indexes: &[Arc<Index>],
        options: VacuumOptions,
    ) -> Result<VacuumStats> {
        vacuum::vacuum(cx, table, indexes, options)
    }

    fn sample(&self, cx: &mut Access<'_>, table: &Arc<Relation>, target: usize, random: &mut Prng) -> Result<Sample> {
        sample::sample(cx, table, target, random)
    }
}
