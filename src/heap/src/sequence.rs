//! Sequences: one row on one page, changed in place and outside of transactions.
//!
//! The row is (last_value int8, log_cnt int8, is_called bool), as in PostgreSQL. The WAL is told of values in advance: a record says
//! the state after [`LOG_AHEAD`] more values, `log_cnt` counts how many of them are left. After a crash the values promised and
//! not given out are skipped.
//!
//! Its page is read and written under the content lock; the caller holds a relation lock that keeps the sequence from being
//! dropped or rewritten.

use access::{Access, Relation, Store};
use base::{BlockNumber, CommandId, OffsetNumber, Tid, Xid};
use buffer::{Durability, RecordBuilder, WriteGuard};
use page::Page;
use report::{Error, Result};
use std::sync::Arc;
use sync::CriticalSection;
use tuple::{
    Attribute, ColumnSet, Datum, HeapTuple, Infomask, NoToast, Repr, Stored, TupleDesc, TupleHeader, form_heap_tuple,
    set_heap_header,
};
use wal::{BlockFlags, RmgrId};

/// Values that a WAL record promises beyond the present one.
pub const LOG_AHEAD: i64 = 32;
const BLOCK: BlockNumber = BlockNumber(0);
const OFFSET: OffsetNumber = OffsetNumber::FIRST;

/// A sequence's row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SequenceState {
    /// The last value given out, or the first to be.
    pub last_value: i64,
    /// How many more values the WAL knows of.
    pub log_count: i64,
    /// `last_value` has been given out.
    pub is_called: bool,
}

fn desc() -> TupleDesc {
    TupleDesc {
        attributes: vec![
            Attribute::new("last_value", base::Oid(20), 8, Repr::Int8),
            Attribute::new("log_cnt", base::Oid(20), 8, Repr::Int8),
            Attribute::new("is_called", base::Oid(16), 1, Repr::Bool),
        ],
    }
}

fn form(state: &SequenceState) -> Vec<u8> {
    let values = [Datum::Int8(state.last_value), Datum::Int8(state.log_count), Datum::Bool(state.is_called)];
    let mut tuple = Vec::new();
    form_heap_tuple(&desc(), &values.each_ref().map(Stored::Plain), &mut tuple);
    let header = TupleHeader {
        xmin: Xid::FROZEN,
        xmax: Xid::INVALID,
        cmin: CommandId::FIRST,
        cmax: CommandId::FIRST,
        ctid: Tid { block: BLOCK, offset: OFFSET },
        infomask: Infomask(Infomask::XMIN_COMMITTED | Infomask::XMAX_INVALID),
    };
    set_heap_header(&mut tuple, &header);
    tuple
}

/// Makes the page of a sequence from its tuple: at run time and in redo.
pub(crate) fn write_page(page: &mut Page, tuple: &[u8]) -> Result<()> {
    page.init(0);
    match page.place_item(OFFSET, tuple) {
        true => Ok(()),
        false => Err(Error::corrupt("a sequence's record holds no tuple")),
    }
}

fn read_page(page: &Page, sequence: &Relation) -> Result<SequenceState> {
    let damaged = || Error::corrupt(format!("bad page in sequence \"{}\"", sequence.name));
    let tuple = crate::claim::tuple_at(page, OFFSET).ok_or_else(damaged)?;
    let mut values = Vec::with_capacity(3);
    HeapTuple::new(tuple)?.deform(&desc(), &ColumnSet::ALL, &NoToast, &mut values)?;
    Ok(SequenceState { last_value: values[0].as_i64(), log_count: values[1].as_i64(), is_called: values[2].as_bool() })
}

/// Writes the first state of a sequence whose file is new and empty.
///
/// Errors: I/O.
pub fn create_sequence(cx: &mut Access<'_>, sequence: &Relation, state: SequenceState) -> Result<()> {
    let mut guard = cx.store.extend(sequence)?;
    write(cx, sequence, &mut guard, &state, &state)
}

/// Reads a sequence.
///
/// Errors: I/O, damage.
pub fn read_sequence(store: &Arc<Store>, sequence: &Relation) -> Result<SequenceState> {
    read_page(&store.read(sequence, BLOCK)?.share(), sequence)
}

/// Changes a sequence: `step` gets its state and makes it the new one. Answers what `step` does. Nothing is changed if it fails.
///
/// `step` also learns whether the WAL must be told whatever was promised (the page's first change since a checkpoint). See
/// [`Change`].
///
/// Errors: those of `step`; I/O.
pub fn change_sequence<T>(
    cx: &mut Access<'_>,
    sequence: &Relation,
    step: impl FnOnce(SequenceState, MustLog) -> Result<(Change, T)>,
) -> Result<T> {
    let mut guard = cx.store.read(sequence, BLOCK)?.exclusive();
    let is_first = cx.store.wal.image_policy().needs_image(guard.lsn());
    let must_log = MustLog(is_first && sequence.durability() == Durability::Logged);
    let (change, answer) = step(read_page(&guard, sequence)?, must_log)?;
    match change {
        Change::None => {}
        Change::Promised(state) => {
            assert!(!must_log.0, "a sequence's first change after a checkpoint must be logged");
            // The WAL knows of a later state already: redo leads there whatever becomes of this page.
            let tuple = form(&state);
            guard.item_mut(OFFSET).copy_from_slice(&tuple);
            cx.store.mark_dirty_unlogged(sequence, &mut guard);
        }
        Change::Logged { now, logged } => write(cx, sequence, &mut guard, &now, &logged)?,
    }
    Ok(answer)
}

/// Whether a step must answer [`Change::Logged`] if it changes anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MustLog(pub bool);

/// What a step makes of a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing.
    None,
    /// This state; the WAL was promised it, or a later one, before.
    Promised(SequenceState),
    /// The state `now`; the WAL is told `logged`, which is what a crash leaves.
    Logged {
        /// The state on the page.
        now: SequenceState,
        /// The state after a crash.
        logged: SequenceState,
    },
}

fn write(
    cx: &mut Access<'_>,
    sequence: &Relation,
    guard: &mut WriteGuard,
    now: &SequenceState,
    logged: &SequenceState,
) -> Result<()> {
    let (now, logged) = (form(now), form(logged));
    let section = CriticalSection::enter();
    write_page(guard, &now)?;
    match sequence.durability() {
        Durability::Unlogged => cx.store.mark_dirty_unlogged(sequence, guard),
        Durability::Logged => {
            let xid = cx.txn.top_xid().unwrap_or(Xid::INVALID);
            let mut record =
                RecordBuilder::new(&cx.store.buffers, RmgrId::SEQUENCE, crate::records::kind::SEQUENCE_SET, xid);
            record.block(crate::records::PAGE, guard, BlockFlags::WILL_INIT, &[]).data(&logged);
            record.insert()?;
        }
    }
    drop(section);
    Ok(())
}
