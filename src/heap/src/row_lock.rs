//! Locking rows: FOR UPDATE, FOR NO KEY UPDATE in the header, FOR SHARE and FOR KEY SHARE in the lock table.
//!
//! A lock in a header is not logged: after a crash its holder is gone. The page's change is a hint, so that it cannot tear the
//! page.

use crate::claim::{self, Claim, Queue, Wanted};
use crate::fetch;
use crate::records::XmaxChange;
use crate::visibility::{self, Newest};
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
            let outcome = match next {
                Some(next) => share_newer_versions(cx, table, next, &wanted)?,
                None => Changed::Done(()),
            };
            if outcome == Changed::Done(()) {
                fetch::fill_row(cx.store, table, (tid, &tuple), &ColumnSet::ALL, row)?;
            }
            outcome
        }
    };
    queue.leave(cx);
    Ok(outcome)
}

/// Takes the lock. Answers the next version, if there is one that must be locked too, with the xid that made it.
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
    cx.store.mark_dirty_hint(table, guard)
}

/// Enters a shared lock for the versions that updates have made of a row: whoever comes to them first must find it. A newer
/// version whose lock or end conflicts decides the outcome.
fn share_newer_versions(
    cx: &mut Access<'_>,
    table: &Relation,
    first: (Tid, base::Xid),
    wanted: &Wanted,
) -> Result<Changed<()>> {
    let (mut tid, mut expected) = first;
    loop {
        let wanted = Wanted { tid, ..*wanted };
        match share_version(cx, table, &wanted, expected)? {
            Newer::Follow(next, xmax) => (tid, expected) = (next, xmax),
            Newer::End(outcome) => return Ok(outcome),
            Newer::Busy(xid) => {
                if !claim::wait_for_newer(cx, table, &wanted, xid)? {
                    return Ok(Changed::WouldBlock);
                }
            }
        }
    }
}

/// What a newer version of a row that is being locked tells.
enum Newer {
    /// It is locked; a still newer one is there, made by this transaction.
    Follow(Tid, base::Xid),
    /// There is no more to lock.
    End(Changed<()>),
    /// This transaction must end first.
    Busy(base::Xid),
}

fn share_version(cx: &mut Access<'_>, table: &Relation, wanted: &Wanted, made_by: base::Xid) -> Result<Newer> {
    let xid = cx.txn.xid()?;
    let page = cx.store.read(table, wanted.tid.block)?.share();
    let is_next = |header: &TupleHeader| header.xmin == made_by && !header.infomask.has(Infomask::XMIN_ABORTED);
    let Some(header) = claim::header_at(&page, wanted.tid.offset)?.filter(is_next) else {
        return Ok(Newer::End(Changed::Done(())));
    };
    if let Some(other) = claim::share_in_the_way(cx, table, wanted) {
        return Ok(Newer::Busy(other));
    }
    let answer = match visibility::newer(&header, cx.txn, wanted.lock)? {
        Newest::Aborted => return Ok(Newer::End(Changed::Done(()))),
        Newest::Busy(other) => return Ok(Newer::Busy(other)),
        Newest::Ended if header.ctid == wanted.tid || !header.infomask.has(Infomask::UPDATED) => {
            return Ok(Newer::End(Changed::Deleted { xmax: header.xmax }));
        }
        Newest::Ended => return Ok(Newer::End(Changed::Updated { next: header.ctid, xmax: header.xmax })),
        Newest::Updated => Newer::Follow(header.ctid, header.xmax),
        Newest::Current => Newer::End(Changed::Done(())),
    };
    cx.store.locks.rows().lock((table.file, wanted.tid), xid, claim::as_row_share(wanted.lock))?;
    Ok(answer)
}
