//! Where rows wait: flat buffers, sorter, row store, hash table, and the files they spill to; and sets of rows by their places.

mod codec;
mod hash_table;
mod row_buffer;
mod sort;
mod spill;
mod tid_set;
mod tuplestore;

pub use hash_table::{GroupTable, JoinTable, hash_combine};
pub use row_buffer::RowBuffer;
pub use sort::{SortKey, SortStats, Sorter};
pub use spill::{MemorySpace, RunReader, RunWriter, TempFile, TempSpace};
pub use tid_set::{Place, TidSet};
pub use tuplestore::Tuplestore;
