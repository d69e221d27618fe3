//! Values, rows, and the bytes they are stored as.
//!
//! A row in memory is a slice of [`Datum`]. A row on a page is a *heap tuple*: a header, a null bitmap and the values
//! one after another without padding ([`HeapTuple`]). A row in an index is an *index tuple* ([`IndexTuple`]): the
//! same values under a smaller header. [`Comparator`] orders values, in memory and in their stored form.
//!
//! A long value may be stored compressed or out of line (TOAST, module `varlena`); forming a tuple takes bytes that are already
//! prepared ([`Stored`]), deforming one turns them back into plain values through [`Detoast`]. Nobody above `heap`
//! ever sees a pointer to a TOAST value.
//!
//! Invariants:
//! - I1. What `form` writes, `deform` with the same descriptor, or a later one of the same table, reads back.
//! - I2. A tuple's bytes hold no padding and no alignment: equal rows have equal bytes.
//! - I3. No reader panics on damaged bytes; it answers XX001.
#![forbid(unsafe_code)]

mod columns;
mod comparator;
mod datum;
mod desc;
mod heap_tuple;
mod index_tuple;
mod values;
mod varlena;

pub use columns::ColumnSet;
pub use comparator::{Comparator, CompareFn, FallibleOrder, KeyOrder, TryCompareFn};
pub use datum::{Bytes, Datum, INLINE_BYTES_MAX};
pub use desc::{Attribute, Repr, TupleDesc};
pub use heap_tuple::{
    HEAP_COMMON_BYTES, HEAP_HEADER_BYTES, HeapTuple, Infomask, TupleHeader, form_heap_tuple, set_heap_ctid,
    set_heap_header,
};
pub use index_tuple::{
    INDEX_HEADER_BYTES, IndexTuple, StoredColumns, first_value, form_index_tuple, form_index_tuple_into,
};
pub use values::{Stored, TupleBuffer};
pub use varlena::{Detoast, NoToast, TOAST_POINTER_BYTES, ToastPointer, compress, decompress};
