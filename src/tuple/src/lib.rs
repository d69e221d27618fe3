//! Values, rows, and the bytes they are stored as.
#![forbid(unsafe_code)]

mod datum;
mod desc;

pub use datum::{Bytes, Datum, INLINE_BYTES_MAX};
pub use desc::{Attribute, Repr, TupleDesc};
