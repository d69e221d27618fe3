//! Getting hold of a row version to change or lock it.

use crate::visibility::{self, Writable};
use access::{Access, Changed, Relation, RowLock, RowWait};
use base::{OffsetNumber, Tid, Xid};
use buffer::WriteGuard;
use lock::{LockMode, LockScope, LockTag, RowShare};
use page::Page;
use report::{Result, error};
use tuple::{Infomask, TupleHeader};

/// What a caller wants of which version.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub tid: Tid,
    pub lock: RowLock,
    pub wait: RowWait,
    /// For messages: `updating`, `deleting`, `locking`.
    pub doing: &'static str,
}

/// What came of it.
pub(crate) enum Claim {
    /// The page is locked and the version is the caller's to change, before it lets go of the page.
    Ready(WriteGuard, TupleHeader),
    /// It is not to be had.
    No(Changed<()>),
}

/// A place in the queue for a row. Held while waiting for the row's present holder, so that those who come later line up
/// behind instead of all rushing in when it ends.
#[derive(Default)]
pub(crate) struct Queue(Option<(LockTag, LockMode)>);

impl Queue {
    fn enter(&mut self, cx: &Access<'_>, table: &Relation, wanted: &Wanted) -> Result<()> {
        if self.0.is_none() {
            let tag = LockTag::Tuple { database: table.database, relation: table.oid, tid: wanted.tid };
            let mode = match wanted.lock {
                RowLock::KeyShare => LockMode::AccessShare,
                RowLock::Share => LockMode::RowShare,
                RowLock::NoKeyUpdate => LockMode::Exclusive,
                RowLock::Update => LockMode::AccessExclusive,
            };
            cx.txn.owner().acquire(tag, mode, LockScope::Transaction)?;
            self.0 = Some((tag, mode));
        }
        Ok(())
    }

    /// Leaves the queue. After an error the end of the (sub)transaction does.
    pub(crate) fn leave(&mut self, cx: &Access<'_>) {
        if let Some((tag, mode)) = self.0.take() {
            cx.txn.owner().release(tag, mode, LockScope::Transaction);
        }
    }
}

/// Locks the version's page and waits until the version can be had as wanted.
pub(crate) fn claim(cx: &mut Access<'_>, table: &Relation, wanted: &Wanted, queue: &mut Queue) -> Result<Claim> {
    // Whoever changes or locks a version writes its xid into it; getting one takes locks that rank below a page's.
    cx.txn.xid()?;
    loop {
        let guard = cx.store.read(table, wanted.tid.block)?.exclusive();
        match look(cx, table, &guard, wanted)? {
            Look::Ready(header) => return Ok(Claim::Ready(guard, header)),
            Look::No(answer) => return Ok(Claim::No(answer)),
            Look::Busy { xid, is_holder } => {
                drop(guard);
                // Who holds a lock already does not line up: the first in the queue may be waiting for it.
                let queue = if is_holder { None } else { Some(&mut *queue) };
                if !wait(cx, table, wanted, xid, queue)? {
                    return Ok(Claim::No(Changed::WouldBlock));
                }
            }
        }
    }
}

/// What a look at a locked page tells.
pub(crate) enum Look {
    Ready(TupleHeader),
    /// A running transaction is in the way; `is_holder` if the caller's own holds a weaker lock of the version.
    Busy {
        xid: Xid,
        is_holder: bool,
    },
    No(Changed<()>),
}

/// Looks whether the version can be had now. The caller holds the page exclusively.
pub(crate) fn look(cx: &mut Access<'_>, table: &Relation, page: &Page, wanted: &Wanted) -> Result<Look> {
    let Some(header) = header_at(page, wanted.tid.offset)? else {
        return Ok(Look::No(Changed::Deleted { xmax: Xid::INVALID }));
    };
    let command = cx.txn.current_command();
    Ok(match visibility::writable(&header, cx.txn, command, wanted.lock)? {
        Writable::Yes => match share_in_the_way(cx, table, wanted) {
            Some(xid) => Look::Busy { xid, is_holder: is_holder(cx, table, wanted, &header) },
            None => Look::Ready(header),
        },
        Writable::Busy(xid) => Look::Busy { xid, is_holder: is_holder(cx, table, wanted, &header) },
        Writable::BySelf(command) => Look::No(Changed::BySelf { command }),
        Writable::Updated => Look::No(Changed::Updated { next: header.ctid, xmax: header.xmax }),
        Writable::Deleted => Look::No(Changed::Deleted { xmax: header.xmax }),
        Writable::Invisible => Look::No(Changed::Invisible),
    })
}

/// True if the caller's transaction holds a lock of the version.
fn is_holder(cx: &Access<'_>, table: &Relation, wanted: &Wanted, header: &TupleHeader) -> bool {
    let mask = header.infomask;
    let in_header = mask.has(Infomask::XMAX_LOCK_ONLY) && !mask.has(Infomask::XMAX_INVALID);
    (in_header && cx.txn.is_own(header.xmax))
        || !cx.store.locks.rows().holders((table.file, wanted.tid), |xid, _| cx.txn.is_own(xid)).is_empty()
}

/// A running transaction whose entry in the table of row locks is in the way.
pub(crate) fn share_in_the_way(cx: &Access<'_>, table: &Relation, wanted: &Wanted) -> Option<Xid> {
    let matters = |xid: Xid, share: RowShare| {
        visibility::conflicts(wanted.lock, as_row_lock(share))
            && !cx.txn.is_own(xid)
            && cx.txn.is_running(xid).unwrap_or(true)
    };
    cx.store.locks.rows().holders((table.file, wanted.tid), matters).first().copied()
}

fn as_row_lock(share: RowShare) -> RowLock {
    match share {
        RowShare::Key => RowLock::KeyShare,
        RowShare::Row => RowLock::Share,
        RowShare::NoKeyUpdate => RowLock::NoKeyUpdate,
        RowShare::Update => RowLock::Update,
    }
}

pub(crate) fn as_row_share(lock: RowLock) -> RowShare {
    match lock {
        RowLock::KeyShare => RowShare::Key,
        RowLock::Share => RowShare::Row,
        RowLock::NoKeyUpdate => RowShare::NoKeyUpdate,
        RowLock::Update => RowShare::Update,
    }
}

/// Waits for a transaction that is in the way on a newer version of a row. False if the caller does not want to.
pub(crate) fn wait_for_newer(cx: &Access<'_>, table: &Relation, wanted: &Wanted, xid: Xid) -> Result<bool> {
    wait(cx, table, wanted, xid, None)
}

/// Waits for a transaction that is in the way. False if the caller does not want to.
fn wait(cx: &Access<'_>, table: &Relation, wanted: &Wanted, xid: Xid, queue: Option<&mut Queue>) -> Result<bool> {
    match wanted.wait {
        RowWait::Skip => Ok(false),
        RowWait::NoWait => {
            Err(error!(LOCK_NOT_AVAILABLE, "could not obtain lock on row in relation \"{}\"", table.name))
        }
        RowWait::Block => {
            let entered = queue.map_or(Ok(()), |queue| queue.enter(cx, table, wanted));
            let waited = entered.and_then(|()| cx.txn.wait_for(xid));
            waited.map(|()| true).map_err(|error| {
                let place = format!("tuple {} in relation \"{}\"", wanted.tid, table.name);
                error.context(format!("while {} {place}", wanted.doing))
            })
        }
    }
}

/// The header of the version at an offset, if there is a version.
pub(crate) fn header_at(page: &Page, offset: OffsetNumber) -> Result<Option<TupleHeader>> {
    match tuple_at(page, offset) {
        Some(tuple) => TupleHeader::read(tuple).map(Some),
        None => Ok(None),
    }
}

/// The bytes of the version at an offset, if there is a version.
#[inline]
pub(crate) fn tuple_at(page: &Page, offset: OffsetNumber) -> Option<&[u8]> {
    let exists = (1..=page.item_count()).contains(&offset.0) && page.line_pointer(offset).is_normal();
    exists.then(|| page.item(offset))
}

/// Before a subtransaction overwrites a lock that an outer level of the same transaction holds in the version: keeps that
/// lock in the table, should the subtransaction roll back.
pub(crate) fn keep_outer_lock(
    cx: &Access<'_>,
    table: &Relation,
    tid: Tid,
    header: &TupleHeader,
    xid: Xid,
) -> Result<()> {
    let mask = header.infomask;
    let is_outer = mask.has(Infomask::XMAX_LOCK_ONLY)
        && !mask.has(Infomask::XMAX_INVALID)
        && header.xmax != xid
        && cx.txn.is_own(header.xmax);
    if is_outer {
        let share = as_row_share(visibility::strength(mask));
        cx.store.locks.rows().lock((table.file, tid), header.xmax, share)?;
    }
    Ok(())
}

/// The header flags without what an earlier xmax left.
pub(crate) fn without_xmax(mask: Infomask) -> u16 {
    const OF_XMAX: u16 = Infomask::XMAX_COMMITTED
        | Infomask::XMAX_INVALID
        | Infomask::XMAX_LOCK_ONLY
        | Infomask::XMAX_NO_KEY
        | Infomask::UPDATED
        | Infomask::HOT_UPDATED;
    mask.0 & !OF_XMAX
}

/// Turns an answer that is not `Done` into one of another type.
pub(crate) fn refusal<T>(answer: Changed<()>) -> Changed<T> {
    match answer {
        Changed::Done(()) => unreachable!("a refusal is never done"),
        Changed::BySelf { command } => Changed::BySelf { command },
        Changed::Updated { next, xmax } => Changed::Updated { next, xmax },
        Changed::Deleted { xmax } => Changed::Deleted { xmax },
        Changed::WouldBlock => Changed::WouldBlock,
        Changed::Invisible => Changed::Invisible,
    }
}
