//! Locking rows: FOR UPDATE, FOR NO KEY UPDATE in the header, FOR SHARE and FOR KEY SHARE in the lock table.
//!
//! A lock in a header is not logged: after a crash its holder is gone. The page's change is a hint, so that it cannot tear the
//! page.

use crate::claim::{self, Claim, Queue, Wanted};
use crate::fetch;
use crate::records::XmaxChange;
use crate::visibility;
use access::{Access, Changed, Relation, Row, RowLock, RowWait};
use base::Tid;
use buffer::WriteGuard;
use report::Result;
use tuple::{ColumnSet, Infomask, TupleHeader};

/// Locks a version and fills in its row.
pub(crate) fn lock_row(
    cx: &mut Access<'_>,
    table: &Relation,
    tid: Tid,
    (lock, wait): (RowLock, RowWait),
    row: &mut Row,
) -> Result<Changed<()>> {
    let wanted = Wanted { tid, lock, wait, doing: "locking" };
    let mut queue = Queue::default();
    let outcome = match claim::claim(cx, table, &wanted, &mut queue)? {
        Claim::No(answer) => answer,
        Claim::Ready(mut guard, header) => {
            let next = take(cx, table, &mut guard, &header, &wanted)?;
            let tuple = claim::tuple_at(&guard, tid.offset).expect("it was just claimed").to_vec();
            drop(guard);
            if let Some(next) = next {
                share_newer_versions(cx, table, next, lock)?;
            }
            fetch::fill_row(cx.store, table, (tid, &tuple), &ColumnSet::ALL, row)?;
            Changed::Done(())
        }
    };
    queue.leave(cx);
    Ok(outcome)
}

/// Takes the lock. Answers the next version, if one is being made that must be locked too, with the xid that makes it.
fn take(
    cx: &mut Access<'_>,
    table: &Relation,
    guard: &mut WriteGuard,
    header: &TupleHeader,
    wanted: &Wanted,
) -> Result<Option<(Tid, base::Xid)>> {
    if wanted.lock >= RowLock::NoKeyUpdate {
        return lock_in_header(cx, table, guard, header, wanted).map(|()| None);
    }
    let xid = cx.txn.xid()?;
    cx.store.locks.rows().lock((table.file, wanted.tid), xid, claim::as_row_share(wanted.lock))?;
    let mask = header.infomask;
    let is_updated = mask.has(Infomask::UPDATED) && !mask.has(Infomask::XMAX_INVALID | Infomask::XMAX_LOCK_ONLY);
    Ok((is_updated && header.ctid != wanted.tid).then_some((header.ctid, header.xmax)))
}

/// Writes the lock into the version's header, unless it is there already.
pub(crate) fn lock_in_header(
    cx: &mut Access<'_>,
    table: &Relation,
    guard: &mut WriteGuard,
    header: &TupleHeader,
    wanted: &Wanted,
) -> Result<()> {
    let mask = header.infomask;
    let is_locked =
        mask.has(Infomask::XMAX_LOCK_ONLY) && !mask.has(Infomask::XMAX_INVALID) && cx.txn.is_own(header.xmax);
    if is_locked && visibility::strength(mask) >= wanted.lock {
        return Ok(());
    }
    let (xid, command) = (cx.txn.xid()?, cx.txn.command());
    claim::keep_outer_lock(cx, table, wanted.tid, header, xid)?;
    let no_key = if wanted.lock == RowLock::NoKeyUpdate { Infomask::XMAX_NO_KEY } else { 0 };
    let mask = Infomask(claim::without_xmax(mask) | Infomask::XMAX_LOCK_ONLY | no_key);
    let change = XmaxChange { offset: wanted.tid.offset, xmax: xid, cmax: command, ctid: wanted.tid, infomask: mask };
    change.apply(guard)?;
    guard.mark_dirty_hint(table.durability())
}

/// Enters a shared lock for the versions that a running update has made of a row: whoever comes to them first must find it.
fn share_newer_versions(cx: &mut Access<'_>, table: &Relation, first: (Tid, base::Xid), lock: RowLock) -> Result<()> {
    let xid = cx.txn.xid()?;
    let (mut tid, mut expected) = first;
    loop {
        let page = cx.store.buffers.read(table.main_fork(), tid.block)?.share();
        let Some(header) = claim::header_at(&page, tid.offset)?.filter(|header| header.xmin == expected) else {
            return Ok(());
        };
        cx.store.locks.rows().lock((table.file, tid), xid, claim::as_row_share(lock))?;
        if !header.infomask.has(Infomask::UPDATED) || header.infomask.has(Infomask::XMAX_INVALID) || header.ctid == tid
        {
            return Ok(());
        }
        (tid, expected) = (header.ctid, header.xmax);
    }
}
