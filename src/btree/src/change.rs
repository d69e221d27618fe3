//! Changing pages of an index and logging it.

use access::{Index, Store};
use base::Xid;
use buffer::{Durability, RecordBuilder, WriteGuard};
use report::{Result, Severity};
use sync::CriticalSection;
use wal::{BlockFlags, RmgrId};

/// A page of a change: its name in the record, whether it is made anew, and its data.
pub(crate) struct Part<'a> {
    pub id: u8,
    pub guard: &'a mut WriteGuard,
    pub is_new: bool,
    pub data: &'a [u8],
}

impl<'a> Part<'a> {
    pub(crate) fn of(id: u8, guard: &'a mut WriteGuard, data: &'a [u8]) -> Part<'a> {
        Part { id, guard, is_new: false, data }
    }

    pub(crate) fn new_page(id: u8, guard: &'a mut WriteGuard, data: &'a [u8]) -> Part<'a> {
        Part { id, guard, is_new: true, data }
    }
}

/// Makes a change to locked pages and logs it.
///
/// Errors: PANIC. `change` fails only on damage.
pub(crate) fn make(
    store: &Store,
    index: &Index,
    (kind, xid): (u8, Xid),
    parts: &mut [Part<'_>],
    change: impl FnOnce(&mut [Part<'_>]) -> Result<()>,
) -> Result<()> {
    let section = CriticalSection::enter();
    change(parts).map_err(|error| error.severity(Severity::Panic))?;
    if index.relation.durability() == Durability::Unlogged {
        parts.iter_mut().for_each(|part| store.mark_dirty_unlogged(&index.relation, part.guard));
        return Ok(());
    }
    let mut record = RecordBuilder::new(&store.buffers, RmgrId::BTREE, kind, xid);
    for part in parts {
        let flags = if part.is_new { BlockFlags::WILL_INIT } else { BlockFlags::default() };
        record.block(part.id, part.guard, flags, part.data);
    }
    record.insert()?;
    drop(section);
    Ok(())
}
