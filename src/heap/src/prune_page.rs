//! Pruning a page in passing and in vacuum.

use crate::change::{self, Part, What};
use crate::layout::{self, HAS_UNUSED};
use crate::prune::{self, PageCensus};
use crate::records::{self, kind};
use access::{Relation, Store};
use base::Xid;
use buffer::WriteGuard;
use page::Page;
use report::Result;
use wal::RmgrId;
use xact::Horizon;

/// A page with less than this free is worth pruning in passing.
const FREE_BYTES_WANTED: usize = base::PAGE_BYTES / 10;

/// True if pruning may free something on a page that is short of room.
pub(crate) fn may_be_useful(store: &Store, table: &Relation, page: &Page) -> bool {
    let hint = page.prune_hint();
    hint.is_valid()
        && page.gap_bytes() < FREE_BYTES_WANTED.max(layout::spare_bytes(table.fillfactor))
        && hint < store.xacts.recent_horizon().xmin
}

/// Prunes a page if its hint says that something may be gained. The caller holds it exclusively.
pub(crate) fn prune_if_useful(store: &Store, table: &Relation, guard: &mut WriteGuard) -> Result<()> {
    let hint = guard.prune_hint();
    if hint.is_valid() && hint < store.xacts.oldest_visible().xmin {
        prune(store, table, guard, store.xacts.recent_horizon())?;
    }
    Ok(())
}

/// Prunes a page and notes when to look again. Answers what is on it.
pub(crate) fn prune(store: &Store, table: &Relation, guard: &mut WriteGuard, horizon: Horizon) -> Result<PageCensus> {
    let (plan, census) = prune::plan(guard, guard.block(), horizon, &store.xacts)?;
    if plan.is_empty() {
        if guard.prune_hint() != census.prune_hint {
            guard.set_prune_hint(census.prune_hint);
            store.mark_dirty_hint(table, guard)?;
        }
        return Ok(census);
    }
    let what = What { rmgr: RmgrId::HEAP2, kind: kind::PRUNE, xid: Xid::INVALID, data: &[] };
    let data = plan.to_bytes();
    change::make(store, table, &what, &mut [Part::new(records::PAGE, guard, &data)], |parts| {
        plan.apply(parts[0].guard);
        layout::set_flag(parts[0].guard, HAS_UNUSED, true);
        Ok(())
    })?;
    guard.set_prune_hint(census.prune_hint);
    Ok(census)
}

/// Prunes a page that a scan comes by, if that is likely to free much and nobody else has the page. Answers the page as it is
/// held then.
pub(crate) fn try_in_passing(
    store: &Store,
    table: &Relation,
    pin: buffer::Pin,
) -> Result<std::result::Result<WriteGuard, buffer::Pin>> {
    let page = pin.share();
    let useful = may_be_useful(store, table, &page);
    let pin = page.unlock();
    if !useful {
        return Ok(Err(pin));
    }
    match pin.try_exclusive() {
        Ok(mut guard) => {
            prune_if_useful(store, table, &mut guard)?;
            Ok(Ok(guard))
        }
        Err(pin) => Ok(Err(pin)),
    }
}

/// Prunes a page where a fetch passed over many dead versions, if nobody else has the page now.
pub(crate) fn prune_if_free(store: &Store, table: &Relation, pin: buffer::Pin) -> Result<()> {
    let Ok(mut guard) = pin.try_exclusive() else { return Ok(()) };
    let (hint, horizon) = (guard.prune_hint(), store.xacts.recent_horizon());
    if hint.is_valid() && hint < horizon.xmin {
        prune(store, table, &mut guard, horizon)?;
    }
    Ok(())
}
