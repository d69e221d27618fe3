//! Who sees a row version, and what may be done to it.
//!
//! Five questions, one function each. None of them changes the tuple: hints that were learnt on the way are answered, and
//! whoever holds the page decides whether to write them.

use access::{Liveness, RowLock};
use base::{CommandId, Xid};
use report::Result;
use tuple::{Infomask, TupleHeader};
use xact::{Horizon, Seen, Snapshot, Transaction, TransactionManager, XidStatus};

/// Whether a snapshot sees a version, and the hint flags that the question turned up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verdict {
    pub visible: bool,
    /// Flags of [`Infomask`] that hold for ever.
    pub hints: u16,
}

/// Whether a snapshot sees a version.
#[inline]
pub(crate) fn sees(header: &TupleHeader, snapshot: &Snapshot, xacts: &TransactionManager) -> Result<Verdict> {
    let mask = header.infomask;
    let mut hints = 0;
    if mask.has(Infomask::XMIN_ABORTED) {
        return Ok(Verdict { visible: false, hints });
    }
    let known = mask.has(Infomask::XMIN_COMMITTED);
    if !(known && header.xmin < snapshot.xmin()) {
        if snapshot.is_own(header.xmin) {
            return sees_own(header, snapshot, xacts);
        }
        match snapshot.sees(header.xmin, known, xacts)? {
            Seen::Yes => hints |= Infomask::XMIN_COMMITTED,
            Seen::NotYet => return Ok(Verdict { visible: false, hints }),
            Seen::Aborted => return Ok(Verdict { visible: false, hints: Infomask::XMIN_ABORTED }),
        }
    }
    let deleted = is_deleted(header, snapshot, xacts)?;
    Ok(Verdict { visible: !deleted.visible, hints: hints & !mask.0 | deleted.hints })
}

/// A version that the snapshot's own transaction inserted.
fn sees_own(header: &TupleHeader, snapshot: &Snapshot, xacts: &TransactionManager) -> Result<Verdict> {
    if header.cmin >= snapshot.command() {
        return Ok(Verdict { visible: false, hints: 0 });
    }
    let deleted = is_deleted(header, snapshot, xacts)?;
    Ok(Verdict { visible: !deleted.visible, hints: deleted.hints })
}

/// Whether the snapshot sees the version's end; `visible` is the answer.
#[inline]
fn is_deleted(header: &TupleHeader, snapshot: &Snapshot, xacts: &TransactionManager) -> Result<Verdict> {
    let mask = header.infomask;
    if mask.has(Infomask::XMAX_INVALID | Infomask::XMAX_LOCK_ONLY) {
        return Ok(Verdict { visible: false, hints: 0 });
    }
    let known = mask.has(Infomask::XMAX_COMMITTED);
    if !known && snapshot.is_own(header.xmax) {
        return Ok(Verdict { visible: header.cmax < snapshot.command(), hints: 0 });
    }
    Ok(match snapshot.sees(header.xmax, known, xacts)? {
        Seen::Yes => Verdict { visible: true, hints: Infomask::XMAX_COMMITTED & !mask.0 },
        Seen::NotYet => Verdict { visible: false, hints: 0 },
        Seen::Aborted => Verdict { visible: false, hints: Infomask::XMAX_INVALID },
    })
}

/// What stands in the way of changing or locking a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Writable {
    /// Nothing in the tuple. Shared locks are elsewhere.
    Yes,
    /// The version is not there for this transaction: an index or a caller led to it by mistake.
    Invisible,
    /// This transaction changed it itself, by this command or a later one.
    BySelf(CommandId),
    /// This other transaction is changing or has locked it.
    Busy(Xid),
    /// Another transaction updated it and committed.
    Updated,
    /// Another transaction deleted it and committed.
    Deleted,
}

/// The strength of the lock that the version's xmax stands for.
pub(crate) fn strength(mask: Infomask) -> RowLock {
    if mask.has(Infomask::XMAX_NO_KEY) { RowLock::NoKeyUpdate } else { RowLock::Update }
}

/// True if the two cannot be held by two transactions at once.
pub(crate) fn conflicts(a: RowLock, b: RowLock) -> bool {
    match a {
        RowLock::KeyShare => b == RowLock::Update,
        RowLock::Share => b >= RowLock::NoKeyUpdate,
        RowLock::NoKeyUpdate => b >= RowLock::Share,
        RowLock::Update => true,
    }
}

/// What a transaction may do to a version whose present command is `command`.
pub(crate) fn writable(
    header: &TupleHeader,
    txn: &Transaction,
    command: CommandId,
    wanted: RowLock,
) -> Result<Writable> {
    let (mask, xacts) = (header.infomask, txn.manager());
    if mask.has(Infomask::XMIN_ABORTED) {
        return Ok(Writable::Invisible);
    }
    if txn.is_own(header.xmin) {
        if header.cmin >= command {
            return Ok(Writable::Invisible);
        }
    } else if !mask.has(Infomask::XMIN_COMMITTED) && !is_committed(xacts, header.xmin)? {
        return Ok(Writable::Invisible);
    }
    if mask.has(Infomask::XMAX_INVALID) {
        return Ok(Writable::Yes);
    }
    if mask.has(Infomask::XMAX_LOCK_ONLY) {
        return writable_if_locked(header, txn, wanted);
    }
    if txn.is_own(header.xmax) {
        let earlier = header.cmax < command;
        return Ok(if earlier { Writable::Invisible } else { Writable::BySelf(header.cmax) });
    }
    match xacts.status(header.xmax)? {
        XidStatus::Aborted => Ok(Writable::Yes),
        XidStatus::InProgress if !conflicts(wanted, strength(mask)) => Ok(Writable::Yes),
        XidStatus::InProgress => Ok(Writable::Busy(header.xmax)),
        // The key is what it was: KEY SHARE of the version that the caller's snapshot sees holds for the newer ones.
        XidStatus::Committed(_) if !conflicts(wanted, strength(mask)) => Ok(Writable::Yes),
        XidStatus::Committed(_) if mask.has(Infomask::UPDATED) => Ok(Writable::Updated),
        XidStatus::Committed(_) => Ok(Writable::Deleted),
    }
}

fn writable_if_locked(header: &TupleHeader, txn: &Transaction, wanted: RowLock) -> Result<Writable> {
    let in_the_way = !txn.is_own(header.xmax)
        && conflicts(wanted, strength(header.infomask))
        && txn.manager().status(header.xmax)? == XidStatus::InProgress;
    Ok(if in_the_way { Writable::Busy(header.xmax) } else { Writable::Yes })
}

/// What a newer version of a row is to who locks the older one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Newest {
    /// It was rolled back.
    Aborted,
    /// There is none after it.
    Current,
    /// It was updated in a way that does not conflict.
    Updated,
    /// A running transaction's lock or change of it conflicts.
    Busy(Xid),
    /// A change that conflicts was committed.
    Ended,
}

/// What a newer version of a row is to a transaction that locks the older one.
pub(crate) fn newer(header: &TupleHeader, txn: &Transaction, wanted: RowLock) -> Result<Newest> {
    let (mask, xacts) = (header.infomask, txn.manager());
    if xacts.status(header.xmin)? == XidStatus::Aborted {
        return Ok(Newest::Aborted);
    }
    if mask.has(Infomask::XMAX_INVALID) {
        return Ok(Newest::Current);
    }
    if mask.has(Infomask::XMAX_LOCK_ONLY) {
        return Ok(match writable_if_locked(header, txn, wanted)? {
            Writable::Busy(xid) => Newest::Busy(xid),
            _ => Newest::Current,
        });
    }
    let status = xacts.status(header.xmax)?;
    let conflicts = !txn.is_own(header.xmax) && conflicts(wanted, strength(mask));
    Ok(match status {
        XidStatus::Aborted => Newest::Current,
        XidStatus::InProgress if conflicts => Newest::Busy(header.xmax),
        XidStatus::Committed(_) if conflicts => Newest::Ended,
        _ if mask.has(Infomask::UPDATED) => Newest::Updated,
        _ => Newest::Current,
    })
}

fn is_committed(xacts: &TransactionManager, xid: Xid) -> Result<bool> {
    Ok(matches!(xacts.status(xid)?, XidStatus::Committed(_)))
}

/// What uniqueness makes of one version. `Live` carries no tid worth anything: the caller knows it.
pub(crate) fn liveness(header: &TupleHeader, txn: &Transaction) -> Result<Liveness> {
    let (mask, xacts) = (header.infomask, txn.manager());
    if mask.has(Infomask::XMIN_ABORTED) {
        return Ok(Liveness::Dead);
    }
    if !mask.has(Infomask::XMIN_COMMITTED) && !txn.is_own(header.xmin) {
        match xacts.status(header.xmin)? {
            XidStatus::Aborted => return Ok(Liveness::Dead),
            XidStatus::InProgress => return Ok(Liveness::InDoubt(header.xmin)),
            XidStatus::Committed(_) => {}
        }
    }
    if mask.has(Infomask::XMAX_INVALID | Infomask::XMAX_LOCK_ONLY) {
        return Ok(Liveness::Live(header.ctid));
    }
    if mask.has(Infomask::XMAX_COMMITTED) || txn.is_own(header.xmax) {
        return Ok(Liveness::Dead);
    }
    Ok(match xacts.status(header.xmax)? {
        XidStatus::Aborted => Liveness::Live(header.ctid),
        XidStatus::InProgress => Liveness::InDoubt(header.xmax),
        XidStatus::Committed(_) => Liveness::Dead,
    })
}

/// Of a version whose transaction goes on: the same transaction may have replaced or deleted it already.
fn fate_of_new(header: &TupleHeader, xacts: &TransactionManager) -> Result<Fate> {
    let is_live = header.infomask.has(Infomask::XMAX_INVALID | Infomask::XMAX_LOCK_ONLY)
        || xacts.status(header.xmax)? == XidStatus::Aborted;
    Ok(if is_live { Fate::Inserting } else { Fate::Deleting })
}

/// What vacuum makes of a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// No snapshot sees it, nor ever will.
    Dead,
    /// Its inserter rolled back: dead, and no live version leads to it.
    NeverWas,
    /// Deleted, but some snapshot may see it.
    RecentlyDead,
    /// There to stay; `for_all` if every snapshot sees it.
    Live {
        /// Every snapshot sees it.
        for_all: bool,
    },
    /// Its inserter runs.
    Inserting,
    /// Its deleter runs.
    Deleting,
}

/// What vacuum makes of a version.
pub(crate) fn fate(header: &TupleHeader, horizon: Horizon, xacts: &TransactionManager) -> Result<Fate> {
    let mask = header.infomask;
    let mut for_all = mask.has(Infomask::XMIN_COMMITTED) && header.xmin < horizon.xmin;
    if mask.has(Infomask::XMIN_ABORTED) {
        return Ok(Fate::NeverWas);
    }
    if !for_all {
        match xacts.status(header.xmin)? {
            XidStatus::Aborted => return Ok(Fate::NeverWas),
            XidStatus::InProgress => return fate_of_new(header, xacts),
            XidStatus::Committed(csn) => for_all = csn.is_none_or(|csn| csn < horizon.csn),
        }
    }
    if mask.has(Infomask::XMAX_INVALID | Infomask::XMAX_LOCK_ONLY) {
        return Ok(Fate::Live { for_all });
    }
    Ok(match xacts.status(header.xmax)? {
        XidStatus::Aborted => Fate::Live { for_all },
        XidStatus::InProgress => Fate::Deleting,
        XidStatus::Committed(csn) if csn.is_none_or(|csn| csn < horizon.csn) => Fate::Dead,
        XidStatus::Committed(_) => Fate::RecentlyDead,
    })
}
