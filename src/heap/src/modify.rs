//! Updating and deleting rows.
//!
//! An update runs so:
//! 1. The old version is copied; which indexed and key columns change says whether the update can be HOT and how strong its
//!    row lock is. The new tuple is formed, if that writes nothing to the TOAST table.
//! 2. The old version is claimed, waiting for whoever is in the way.
//! 3. If values must go to the TOAST table, the version is locked first, so that nobody else can take it meanwhile and the
//!    chunks are not written in vain; then back to 2.
//! 4. If the new tuple fits in the same page it goes there; else a page with room is found, both are locked in block order, and
//!    the version is looked at again.
//! 5. One record tells of both versions. Row locks of others that stay (KEY SHARE) are handed on.

use crate::change::{self, Part, What};
use crate::claim::{self, Claim, Look, Queue, Wanted};
use crate::insert::{check_size, init_flags, next_offset, own_xid, stamp};
use crate::records::{self, MAP_PAGE, OLD_PAGE, PAGE, XmaxChange, kind};
use crate::toast::{self, OldVersion, TOAST_TARGET_BYTES, Toaster};
use crate::{layout, prune_page, room, row_lock};
use access::{Access, Changed, NewVersion, Relation, RowLock, RowWait, UpdateOptions};
use base::{Tid, Xid};
use buffer::WriteGuard;
use report::{Error, Result};
use tuple::{ColumnSet, Datum, HeapTuple, Infomask, TupleHeader};
use wal::{BlockFlags, RmgrId};

/// Updates a row: see the module.
pub(crate) fn update(
    cx: &mut Access<'_>,
    table: &Relation,
    tid: Tid,
    values: &[Datum],
    options: &UpdateOptions<'_>,
) -> Result<Changed<NewVersion>> {
    let Some(old) = copy_version(cx, table, tid)? else {
        return Ok(Changed::Deleted { xmax: Xid::INVALID });
    };
    let old_tuple = HeapTuple::new(&old)?;
    let changes = changes(cx, table, &old_tuple, values, options)?;
    let lock = if changes.keys { RowLock::Update } else { RowLock::NoKeyUpdate };
    let wanted = Wanted { tid, lock, wait: options.wait, doing: "updating" };
    let mut queue = Queue::default();
    let mut tuple = Vec::with_capacity(old.len() + 64);
    let needs_toast = !form_without_toast(table, values, &old_tuple, &mut tuple);
    if needs_toast {
        if let Some(refusal) = lock_first(cx, table, &wanted, &mut queue)? {
            return Ok(claim::refusal(refusal));
        }
        toast::form(cx, table, values, Some(&OldVersion { tuple: old_tuple }), &mut tuple)?;
    }
    check_size(&tuple)?;
    let job = Job { wanted, is_hot_allowed: !changes.indexed, key_stays: !changes.keys };
    let outcome = replace(cx, table, &job, &mut tuple, &mut queue)?;
    queue.leave(cx);
    if matches!(outcome, Changed::Done(_)) && old_tuple.has_external() {
        toast::delete_values(cx, table, &old_tuple, Some(&tuple))?;
    }
    Ok(outcome)
}

/// A copy of a version's bytes.
pub(crate) fn copy_version(cx: &Access<'_>, table: &Relation, tid: Tid) -> Result<Option<Vec<u8>>> {
    let page = cx.store.read(table, tid.block)?.share();
    Ok(claim::tuple_at(&page, tid.offset).map(<[u8]>::to_vec))
}

/// What an update changes.
struct Changes {
    /// Some column that an index has.
    indexed: bool,
    /// Some column that a foreign key may refer to.
    keys: bool,
}

fn changes(
    cx: &Access<'_>,
    table: &Relation,
    old: &HeapTuple<'_>,
    values: &[Datum],
    options: &UpdateOptions<'_>,
) -> Result<Changes> {
    let mut found = Changes { indexed: false, keys: false };
    let toaster = Toaster::of(cx.store, table);
    let count = table.desc.len();
    for (set, answer) in [(options.indexed, &mut found.indexed), (options.keys, &mut found.keys)] {
        if set.upto(count) == 0 {
            continue;
        }
        let mut before = Vec::with_capacity(set.upto(count));
        old.deform(&table.desc, set, &toaster, &mut before)?;
        *answer = differs(&before, values, set);
    }
    Ok(found)
}

fn differs(before: &[Datum], after: &[Datum], set: &ColumnSet) -> bool {
    let pairs = before.iter().zip(after).enumerate();
    pairs.into_iter().any(|(index, (old, new))| set.contains(index) && !is_same(old, new))
}

/// True if two values have the same bytes.
fn is_same(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::Char(a), Datum::Char(b)) => a == b,
        (Datum::Int2(a), Datum::Int2(b)) => a == b,
        (Datum::Int4(a), Datum::Int4(b)) => a == b,
        (Datum::Int8(a), Datum::Int8(b)) => a == b,
        (Datum::Float4(a), Datum::Float4(b)) => a.to_bits() == b.to_bits(),
        (Datum::Float8(a), Datum::Float8(b)) => a.to_bits() == b.to_bits(),
        (Datum::Oid(a), Datum::Oid(b)) => a == b,
        (Datum::Bytes(a), Datum::Bytes(b)) => a == b,
        _ => false,
    }
}

/// Forms the new tuple if that needs no TOAST table. False if it does.
fn form_without_toast(table: &Relation, values: &[Datum], old: &HeapTuple<'_>, out: &mut Vec<u8>) -> bool {
    if old.has_external() {
        return false;
    }
    let row: Vec<_> = values.iter().map(tuple::Stored::Plain).collect();
    tuple::form_heap_tuple(&table.desc, &row, out);
    out.len() <= TOAST_TARGET_BYTES
}

/// Locks the version in its header, so that it stays while the page is let go.
fn lock_first(
    cx: &mut Access<'_>,
    table: &Relation,
    wanted: &Wanted,
    queue: &mut Queue,
) -> Result<Option<Changed<()>>> {
    match claim::claim(cx, table, wanted, queue)? {
        Claim::No(answer) => {
            queue.leave(cx);
            Ok(Some(answer))
        }
        Claim::Ready(mut guard, header) => {
            row_lock::lock_in_header(cx, table, &mut guard, &header, wanted)?;
            Ok(None)
        }
    }
}

struct Job {
    wanted: Wanted,
    is_hot_allowed: bool,
    key_stays: bool,
}

fn replace(
    cx: &mut Access<'_>,
    table: &Relation,
    job: &Job,
    tuple: &mut [u8],
    queue: &mut Queue,
) -> Result<Changed<NewVersion>> {
    loop {
        let (mut old, header) = match claim::claim(cx, table, &job.wanted, queue)? {
            Claim::Ready(guard, header) => (guard, header),
            Claim::No(answer) => return Ok(claim::refusal(answer)),
        };
        if !layout::has_room(&old, tuple.len(), 0) {
            prune_page::prune_if_useful(cx.store, table, &mut old)?;
        }
        if layout::has_room(&old, tuple.len(), 0) {
            return write_versions(cx, table, job, (old, None), header, tuple).map(Changed::Done);
        }
        drop(old);
        if let Some(done) = replace_elsewhere(cx, table, job, tuple)? {
            return Ok(Changed::Done(done));
        }
    }
}

/// Puts the new version on another page. `None` if the pages changed meanwhile: try again.
fn replace_elsewhere(cx: &mut Access<'_>, table: &Relation, job: &Job, tuple: &mut [u8]) -> Result<Option<NewVersion>> {
    let found = room::find(cx, table, tuple.len(), false)?;
    let (old_block, new_block) = (job.wanted.tid.block, found.block());
    if new_block == old_block {
        // Somebody freed room in the old page.
        return Ok(None);
    }
    let (old, new) = match cx.store.read(table, old_block)?.try_exclusive() {
        Ok(old) => (old, found),
        Err(pin) => {
            drop((pin, found));
            room::lock_pair(cx, table, old_block, new_block)?
        }
    };
    let Look::Ready(header) = claim::look(cx, table, &old, &job.wanted)? else { return Ok(None) };
    if !new.is_new() && !layout::has_room(&new, tuple.len(), 0) {
        return Ok(None);
    }
    write_versions(cx, table, job, (old, Some(new)), header, tuple).map(Some)
}

/// Writes the new version and the old one's end.
fn write_versions(
    cx: &mut Access<'_>,
    table: &Relation,
    job: &Job,
    (mut old, mut new): (WriteGuard, Option<WriteGuard>),
    header: TupleHeader,
    tuple: &mut [u8],
) -> Result<NewVersion> {
    let (xid, command, old_tid) = (cx.txn.xid()?, cx.txn.command(), job.wanted.tid);
    claim::keep_outer_lock(cx, table, old_tid, &header, xid)?;
    let is_hot = job.is_hot_allowed && new.is_none();
    let target = new.as_mut().unwrap_or(&mut old);
    let flags = init_flags(target);
    let tid = Tid { block: target.block(), offset: next_offset(target) };
    let hot = if is_hot { Infomask::HEAP_ONLY } else { 0 };
    let fresh = TupleHeader {
        xmin: xid,
        xmax: Xid::INVALID,
        cmin: command,
        cmax: command,
        ctid: tid,
        infomask: Infomask(Infomask::XMAX_INVALID | hot),
    };
    stamp(tuple, fresh);
    let end = end_of_old(&header, job, (xid, command), tid, is_hot);
    log_versions(cx, table, (&mut old, new.as_mut()), flags, (&end, tid, tuple))?;
    if job.key_stays {
        cx.store.locks.rows().inherit((table.file, old_tid), (table.file, tid));
    }
    cx.txn.changes().of(table.statistics_key()).updated(is_hot);
    Ok(NewVersion { tid, is_hot })
}

fn end_of_old(
    header: &TupleHeader,
    job: &Job,
    (xid, command): (Xid, base::CommandId),
    next: Tid,
    is_hot: bool,
) -> XmaxChange {
    let mut mask = claim::without_xmax(header.infomask) | Infomask::UPDATED;
    mask |= if is_hot { Infomask::HOT_UPDATED } else { 0 };
    mask |= if job.key_stays { Infomask::XMAX_NO_KEY } else { 0 };
    XmaxChange { offset: job.wanted.tid.offset, xmax: xid, cmax: command, ctid: next, infomask: Infomask(mask) }
}

fn log_versions(
    cx: &Access<'_>,
    table: &Relation,
    (old, new): (&mut WriteGuard, Option<&mut WriteGuard>),
    flags: wal::BlockFlags,
    (end, tid, tuple): (&XmaxChange, Tid, &[u8]),
) -> Result<()> {
    let old_map = room::map_page_to_clear(cx.store, table, old)?;
    let (old_block, new_block) = (old.block(), tid.block);
    let mut map_blocks = Vec::new();
    let mut map = old_map;
    if map.is_some() {
        map_blocks.extend_from_slice(&old_block.0.to_le_bytes());
    }
    let mut new_map = None;
    if let Some(new) = &new
        && layout::is_all_visible(new)
    {
        let same_map = map.is_some() && crate::maps::same_visibility_page(old_block, new_block);
        if !same_map {
            new_map = Some(crate::maps::visibility_page(cx.store, table, new_block)?);
        } else {
            map_blocks.extend_from_slice(&new_block.0.to_le_bytes());
        }
    }
    let mut data = Vec::with_capacity(2 + tuple.len());
    data.extend_from_slice(&tid.offset.0.to_le_bytes());
    data.extend_from_slice(tuple);
    let end_bytes = end.to_bytes();
    let new_map_block = new_block.0.to_le_bytes();
    let same_page = new.is_none();
    let what = What {
        rmgr: RmgrId::HEAP,
        kind: kind::UPDATE,
        xid: own_xid(cx),
        data: if same_page { &end_bytes } else { &[] },
    };
    let mut parts = Vec::with_capacity(4);
    match new {
        None => parts.push(Part { id: PAGE, guard: old, flags, data: &data }),
        Some(new) => {
            parts.push(Part { id: PAGE, guard: new, flags, data: &data });
            let flags = old_page_flags(cx, table, Tid { block: old_block, offset: end.offset });
            parts.push(Part { id: OLD_PAGE, guard: old, flags, data: &end_bytes });
        }
    }
    parts.extend(map.as_mut().map(|map| Part::new(MAP_PAGE, map, &map_blocks)));
    parts.extend(new_map.as_mut().map(|map| Part::new(MAP_PAGE + 1, map, &new_map_block)));
    change::make(cx.store, table, &what, &mut parts, |parts| {
        records::apply_insert(parts[0].guard, parts[0].data)?;
        end.apply(parts[usize::from(!same_page)].guard)?;
        change::clear_visible(parts);
        Ok(())
    })
}

/// If others have locked the old version, redo must learn from the record what followed it, image or not.
fn old_page_flags(cx: &Access<'_>, table: &Relation, old: Tid) -> BlockFlags {
    match cx.store.locks.rows().holders((table.file, old), |_, _| true).is_empty() {
        true => BlockFlags::default(),
        false => BlockFlags::KEEP_DATA,
    }
}

/// Deletes a row.
pub(crate) fn delete(cx: &mut Access<'_>, table: &Relation, tid: Tid, wait: RowWait) -> Result<Changed<()>> {
    let wanted = Wanted { tid, lock: RowLock::Update, wait, doing: "deleting" };
    let mut queue = Queue::default();
    let (mut guard, header) = match claim::claim(cx, table, &wanted, &mut queue)? {
        Claim::Ready(guard, header) => (guard, header),
        Claim::No(answer) => {
            queue.leave(cx);
            return Ok(answer);
        }
    };
    let (xid, command) = (cx.txn.xid()?, cx.txn.command());
    claim::keep_outer_lock(cx, table, tid, &header, xid)?;
    let mask = Infomask(claim::without_xmax(header.infomask));
    let end = XmaxChange { offset: tid.offset, xmax: xid, cmax: command, ctid: tid, infomask: mask };
    let old = long_values(&guard, tid);
    write_end(cx, table, &mut guard, &end)?;
    drop(guard);
    cx.txn.changes().of(table.statistics_key()).deleted();
    queue.leave(cx);
    if let Some(old) = old {
        toast::delete_values(cx, table, &HeapTuple::new(&old)?, None)?;
    }
    Ok(Changed::Done(()))
}

/// A copy of the version, if it has values out of line.
fn long_values(page: &WriteGuard, tid: Tid) -> Option<Vec<u8>> {
    let tuple = claim::tuple_at(page, tid.offset)?;
    let has_external = HeapTuple::new(tuple).is_ok_and(|t| t.has_external());
    has_external.then(|| tuple.to_vec())
}

fn write_end(cx: &Access<'_>, table: &Relation, guard: &mut WriteGuard, end: &XmaxChange) -> Result<()> {
    let mut map = room::map_page_to_clear(cx.store, table, guard)?;
    let block = guard.block().0.to_le_bytes();
    let data = end.to_bytes();
    let what = What { rmgr: RmgrId::HEAP, kind: kind::XMAX, xid: own_xid(cx), data: &[] };
    let mut parts = vec![Part::new(PAGE, guard, &data)];
    parts.extend(map.as_mut().map(|map| Part::new(MAP_PAGE, map, &block)));
    change::make(cx.store, table, &what, &mut parts, |parts| {
        end.apply(parts[0].guard)?;
        change::clear_visible(parts);
        Ok(())
    })
}

/// Takes back a version that this very command inserted: nobody sees it from now on, this transaction included.
pub(crate) fn retract(cx: &mut Access<'_>, table: &Relation, tid: Tid) -> Result<()> {
    let mut guard = cx.store.read(table, tid.block)?.exclusive();
    let header = claim::header_at(&guard, tid.offset)?.filter(|header| cx.txn.is_own(header.xmin));
    let header = header.ok_or_else(|| Error::internal("a row to be taken back is not this transaction's"))?;
    let old = long_values(&guard, tid);
    let mask = Infomask(header.infomask.0 | Infomask::XMIN_ABORTED);
    let end = XmaxChange { offset: tid.offset, xmax: header.xmin, cmax: header.cmin, ctid: tid, infomask: mask };
    write_end(cx, table, &mut guard, &end)?;
    drop(guard);
    cx.txn.changes().of(table.statistics_key()).retracted();
    match old {
        Some(old) => toast::delete_values(cx, table, &HeapTuple::new(&old)?, None),
        None => Ok(()),
    }
}

/// Replaces a version's values where it is, for all to see at once and whatever becomes of the transaction: statistics in
/// the catalogs. Whoever is changing the row is waited for, for a newer version would not have these values. False if one is
/// there; the new tuple must have the length of the old one.
pub(crate) fn overwrite(cx: &mut Access<'_>, table: &Relation, tid: Tid, values: &[Datum]) -> Result<bool> {
    let mut tuple = Vec::new();
    let row: Vec<_> = values.iter().map(tuple::Stored::Plain).collect();
    tuple::form_heap_tuple(&table.desc, &row, &mut tuple);
    let wanted = Wanted { tid, lock: RowLock::NoKeyUpdate, wait: RowWait::Block, doing: "updating" };
    let mut guard = loop {
        let guard = cx.store.read(table, tid.block)?.exclusive();
        match claim::look(cx, table, &guard, &wanted)? {
            Look::Ready(_) => break guard,
            Look::No(Changed::BySelf { .. }) => {
                return Err(Error::internal("the row to overwrite has a newer version"));
            }
            Look::No(_) => return Ok(false),
            Look::Busy { xid, .. } => {
                drop(guard);
                cx.txn.wait_for(xid)?;
            }
        }
    };
    let old = claim::tuple_at(&guard, tid.offset).filter(|old| old.len() == tuple.len());
    let old = old.ok_or_else(|| Error::internal("the row to overwrite has another length"))?;
    stamp(&mut tuple, TupleHeader::read(old)?);
    let mut data = tid.offset.0.to_le_bytes().to_vec();
    data.extend_from_slice(&tuple);
    let what = What { rmgr: RmgrId::HEAP, kind: kind::OVERWRITE, xid: own_xid(cx), data: &[] };
    change::make(cx.store, table, &what, &mut [Part::new(PAGE, &mut guard, &data)], |parts| {
        records::apply_overwrite(parts[0].guard, parts[0].data)
    })?;
    Ok(true)
}
