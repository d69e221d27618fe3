//! Long values: compressed, or moved out of line into the TOAST table.
//!
//! A tuple that would be longer than [`TOAST_TARGET_BYTES`] has its values treated, the longest first, until it is shorter: values of
//! storage `x` are compressed, and moved out if still long; then values of `x` and `e` are moved out; then those of `m`
//! compressed, and last moved out. Values of storage `p` stay. A value that is moved out is cut into chunks of
//! [`CHUNK_BYTES`]; each is a row of the TOAST table: value oid, chunk number from 0, bytes.
//!
//! Chunks are never updated. They are deleted with the row version that points at them, so whoever sees the version finds them.
//! Source: PostgreSQL 15, access/heap/heaptoast.c and common/detoast.c.

use access::{Access, Direction, InsertOptions, Relation, Row, RowWait, ScanKey, Store, ToastTable, UniqueCheck};
use base::{Oid, Tid};
use report::{Error, Result};
use std::sync::Arc;
use sync::Interrupts;
use tuple::{
    ColumnSet, Datum, Detoast, HeapTuple, NoToast, Stored, TOAST_POINTER_BYTES, ToastPointer, compress, form_heap_tuple,
};

/// Tuples are made shorter than this if they can be: four fit in a page.
pub(crate) const TOAST_TARGET_BYTES: usize = 2032;
/// Bytes of a value in one chunk.
pub const CHUNK_BYTES: usize = 1960;
/// Shorter values are left alone.
const VALUE_BYTES_MIN: usize = 2 * TOAST_POINTER_BYTES;

/// Fetches out-of-line values of one table.
pub(crate) struct Toaster<'a> {
    pub store: &'a Arc<Store>,
    pub toast: Option<&'a ToastTable>,
}

impl<'a> Toaster<'a> {
    pub(crate) fn of(store: &'a Arc<Store>, table: &'a Relation) -> Toaster<'a> {
        Toaster { store, toast: table.toast.as_deref() }
    }
}

impl Detoast for Toaster<'_> {
    fn fetch(&self, pointer: &ToastPointer) -> Result<Vec<u8>> {
        let Some(toast) = self.toast else { return NoToast.fetch(pointer) };
        let mut value = Vec::with_capacity(pointer.stored_bytes as usize);
        let mut row = Row::default();
        let missing = |number, tid: Option<Tid>| missing_chunk(number, pointer, toast, tid);
        for (number, tid) in chunk_tids(self.store, toast, pointer.value)?.into_iter().enumerate() {
            if !toast.table.am.fetch_version(self.store, &toast.table, tid, &mut row)? {
                return Err(missing(number, Some(tid)));
            }
            if row.values[1].as_i32() as usize != number {
                return Err(missing(number, Some(tid)));
            }
            value.extend_from_slice(row.values[2].as_bytes());
        }
        if value.len() != pointer.stored_bytes as usize {
            return Err(missing(value.len() / CHUNK_BYTES, None));
        }
        Ok(value)
    }
}

/// The index says where the chunk is, if it knows of it.
fn missing_chunk(number: usize, pointer: &ToastPointer, toast: &ToastTable, tid: Option<Tid>) -> Error {
    let name = &toast.table.name;
    let message = format!("missing chunk number {number} for toast value {} in {name}", pointer.value);
    let file = toast.table.main_fork();
    Error::corrupt(message).detail(match tid {
        Some(tid) => format!("It should be in block {} of file \"{file}\".", tid.block),
        None => format!("The file is \"{file}\"; the index has no entry for the chunk."),
    })
}

/// The places of a value's chunks, in order.
fn chunk_tids(store: &Arc<Store>, toast: &ToastTable, value: Oid) -> Result<Vec<Tid>> {
    let mut scan = toast.index.am.scan(store, &toast.index, Arc::new(Interrupts::new()));
    scan.rescan(&[ScanKey::equal(0, Datum::Oid(value))])?;
    let mut tids = Vec::new();
    while let Some(tid) = scan.next(Direction::Forward)? {
        tids.push(tid);
    }
    Ok(tids)
}

/// The old version of a row that is updated: its bytes and its values.
pub(crate) struct OldVersion<'a> {
    pub tuple: HeapTuple<'a>,
}

/// Forms a row's tuple, making it short as described above. Values that are equal to the old version's out-of-line
/// ones keep their chunks.
pub(crate) fn form(
    cx: &mut Access<'_>,
    table: &Relation,
    values: &[Datum],
    old: Option<&OldVersion<'_>>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut row: Vec<Stored<'_>> = values.iter().map(Stored::Plain).collect();
    if let Some(old) = old {
        keep_old_values(cx, table, values, old, &mut row)?;
    }
    form_stored(cx, table, &mut row, out)
}

/// As [`form`], for many new rows: `row` is a buffer to be used again.
pub(crate) fn form_new<'v>(
    cx: &mut Access<'_>,
    table: &Relation,
    values: &'v [Datum],
    row: &mut Vec<Stored<'v>>,
    out: &mut Vec<u8>,
) -> Result<()> {
    row.clear();
    row.extend(values.iter().map(Stored::Plain));
    form_stored(cx, table, row, out)
}

fn form_stored(cx: &mut Access<'_>, table: &Relation, row: &mut Vec<Stored<'_>>, out: &mut Vec<u8>) -> Result<()> {
    form_heap_tuple(&table.desc, row, out);
    if out.len() <= TOAST_TARGET_BYTES || !row.iter().any(is_long) {
        return Ok(());
    }
    Shortener { table, row: std::mem::take(row), out }.run(cx)
}

fn is_long(value: &Stored<'_>) -> bool {
    matches!(value, Stored::Plain(Datum::Bytes(bytes)) if bytes.len() >= VALUE_BYTES_MIN)
}

fn keep_old_values<'v>(
    cx: &Access<'_>,
    table: &Relation,
    values: &'v [Datum],
    old: &OldVersion<'_>,
    row: &mut [Stored<'v>],
) -> Result<()> {
    let mut pointers = Vec::new();
    old.tuple.each_pointer(&table.desc, |index, pointer| pointers.push((index, pointer)))?;
    for (index, pointer) in pointers {
        let Some(Datum::Bytes(value)) = values.get(index) else { continue };
        if value.len() == pointer.raw_bytes as usize && **value == *old_value(cx, table, old, index)?.as_bytes() {
            row[index] = Stored::External(pointer);
        }
    }
    Ok(())
}

fn old_value(cx: &Access<'_>, table: &Relation, old: &OldVersion<'_>, index: usize) -> Result<Datum> {
    let mut values = Vec::new();
    let toaster = Toaster::of(cx.store, table);
    old.tuple.deform(&table.desc, &ColumnSet::of([index]), &toaster, &mut values)?;
    Ok(values.swap_remove(index))
}

struct Shortener<'a, 'o> {
    table: &'a Relation,
    row: Vec<Stored<'a>>,
    out: &'o mut Vec<u8>,
}

impl Shortener<'_, '_> {
    fn run(&mut self, cx: &mut Access<'_>) -> Result<()> {
        let has_toast = self.table.toast.is_some();
        self.compress_all(b"x");
        if has_toast {
            self.move_out_all(cx, b"xe")?;
        }
        self.compress_all(b"m");
        if has_toast {
            self.move_out_all(cx, b"m")?;
        }
        Ok(())
    }

    fn is_long(&self) -> bool {
        self.out.len() > TOAST_TARGET_BYTES
    }

    fn form(&mut self) {
        form_heap_tuple(&self.table.desc, &self.row, self.out);
    }

    /// The longest value of one of these storages that `fits` accepts.
    fn longest(&self, storages: &[u8], fits: impl Fn(&Stored<'_>) -> bool, tried: &[usize]) -> Option<usize> {
        let columns = self.row.iter().zip(&self.table.desc.attributes).enumerate();
        let candidates = columns.filter(|(index, (stored, attribute))| {
            storages.contains(&attribute.storage) && fits(stored) && !tried.contains(index)
        });
        candidates
            .map(|(index, (stored, _))| (stored_bytes(stored), index))
            .filter(|(len, _)| *len >= VALUE_BYTES_MIN)
            .max()
            .map(|(_, index)| index)
    }

    fn compress_all(&mut self, storages: &[u8]) {
        let mut tried = Vec::new();
        while self.is_long() {
            let Some(index) = self.longest(storages, |s| matches!(s, Stored::Plain(_)), &tried) else { return };
            tried.push(index);
            if let Stored::Plain(Datum::Bytes(bytes)) = &self.row[index]
                && let Some(packed) = compress(bytes)
            {
                self.row[index] = Stored::Compressed(packed);
                self.form();
            }
        }
    }

    fn move_out_all(&mut self, cx: &mut Access<'_>, storages: &[u8]) -> Result<()> {
        while self.is_long() {
            let Some(index) = self.longest(storages, |s| !matches!(s, Stored::External(_)), &[]) else { return Ok(()) };
            let toast = self.table.toast.as_ref().expect("the caller looked");
            let pointer = match &self.row[index] {
                Stored::Plain(Datum::Bytes(bytes)) => save(cx, toast, bytes, bytes.len())?,
                Stored::Compressed(packed) => save(cx, toast, packed, raw_bytes(packed))?,
                _ => return Ok(()),
            };
            self.row[index] = Stored::External(pointer);
            self.form();
        }
        Ok(())
    }
}

fn stored_bytes(stored: &Stored<'_>) -> usize {
    match stored {
        Stored::Plain(Datum::Bytes(bytes)) => bytes.len(),
        Stored::Compressed(packed) => packed.len(),
        _ => 0,
    }
}

/// The length of a compressed value, from its first four bytes.
fn raw_bytes(packed: &[u8]) -> usize {
    u32::from_le_bytes(*packed.first_chunk().expect("compress writes the raw length first")) as usize
}

/// Writes a value's chunks.
fn save(cx: &mut Access<'_>, toast: &ToastTable, stored: &[u8], raw: usize) -> Result<ToastPointer> {
    let value = new_value_oid(cx, toast)?;
    for (number, chunk) in stored.chunks(CHUNK_BYTES).enumerate() {
        cx.pause_point()?;
        let (id, seq) = (Datum::Oid(value), Datum::Int4(number as i32));
        let row = [id.clone(), seq.clone(), Datum::bytes(chunk)];
        let tid = toast.table.am.insert(cx, &toast.table, &row, InsertOptions::default())?;
        toast.index.am.insert(cx, (&toast.index, &toast.table), &[id, seq], tid, UniqueCheck::No)?;
    }
    Ok(ToastPointer { raw_bytes: raw as u32, stored_bytes: stored.len() as u32, value, table: toast.table.oid })
}

/// An oid that no value of the TOAST table has.
fn new_value_oid(cx: &Access<'_>, toast: &ToastTable) -> Result<Oid> {
    loop {
        let value = cx.store.xacts.next_oid()?;
        if value.is_valid() && chunk_tids(cx.store, toast, value)?.is_empty() {
            return Ok(value);
        }
    }
}

/// Deletes the chunks of the values that a version holds out of line and `keep` does not.
pub(crate) fn delete_values(
    cx: &mut Access<'_>,
    table: &Relation,
    old: &HeapTuple<'_>,
    keep: Option<&[u8]>,
) -> Result<()> {
    let Some(toast) = table.toast.clone() else { return Ok(()) };
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    old.each_pointer(&table.desc, |_, pointer| gone.push(pointer.value))?;
    if gone.is_empty() {
        return Ok(());
    }
    if let Some(new) = keep {
        HeapTuple::new(new)?.each_pointer(&table.desc, |_, pointer| kept.push(pointer.value))?;
    }
    for value in gone.into_iter().filter(|value| !kept.contains(value)) {
        for tid in chunk_tids(cx.store, &toast, value)? {
            toast.table.am.delete(cx, &toast.table, tid, RowWait::Block)?;
        }
    }
    Ok(())
}
