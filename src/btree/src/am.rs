//! The B-tree as an index access method.

use crate::change::{self, Part};
use crate::layout::{Links, ROOT};
use crate::records::{self, kind};
use crate::scan::BtreeScan;
use crate::{build, insert, vacuum};
use access::{
    Access, Index, IndexAm, IndexScan, IndexVacuumStats, Inserted, Relation, SortedEntries, Store, UniqueCheck,
};
use base::{Fork, Tid, Xid};
use report::Result;
use std::sync::Arc;
use sync::Interrupts;
use tuple::Datum;

/// B-tree indexes. [`AM`] is the one value of it.
pub struct BtreeAm;

/// What `Index::am` of a b-tree is.
pub const AM: &dyn IndexAm = &BtreeAm;

impl IndexAm for BtreeAm {
    fn create(&self, store: &Arc<Store>, index: &Index) -> Result<()> {
        let mut root = store.extend(&index.relation)?;
        assert_eq!(root.block(), ROOT, "the index file was not empty");
        let data = records::encode_page(Links::alone(0), []);
        let mut parts = [Part::new_page(records::PAGE, &mut root, &data)];
        change::make(store, index, (kind::CREATE, Xid::INVALID), &mut parts, |parts| {
            records::apply_page(parts[0].guard, parts[0].data)
        })
    }

    fn create_init_fork(&self, store: &Arc<Store>, index: &Index) -> Result<()> {
        let mut root = store.buffers.extend(index.relation.fork(Fork::Init))?;
        records::apply_page(&mut root, &records::encode_page(Links::alone(0), []))?;
        store.buffers.log_page(&mut root).map(drop)
    }

    fn build(&self, cx: &mut Access<'_>, index: &Index, entries: &mut dyn SortedEntries) -> Result<u64> {
        build::build(cx, index, entries)
    }

    fn insert(
        &self,
        cx: &mut Access<'_>,
        target: (&Index, &Relation),
        values: &[Datum],
        tid: Tid,
        check: UniqueCheck,
    ) -> Result<Inserted> {
        insert::insert(cx, target, values, tid, check)
    }

    fn find_duplicate(
        &self,
        cx: &mut Access<'_>,
        target: (&Index, &Relation),
        values: &[Datum],
        own: Tid,
    ) -> Result<Option<Tid>> {
        insert::find_duplicate(cx, target, values, own)
    }

    fn scan(&self, store: &Arc<Store>, index: &Arc<Index>, interrupts: Arc<Interrupts>) -> Box<dyn IndexScan> {
        Box::new(BtreeScan::new(store, index, interrupts))
    }

    fn vacuum(&self, cx: &mut Access<'_>, index: &Index, is_dead: &dyn Fn(Tid) -> bool) -> Result<IndexVacuumStats> {
        vacuum::vacuum(cx, index, is_dead)
    }
}
