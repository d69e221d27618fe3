//! Where rows wait: flat buffers, sorter, row store, hash table, and the files they spill to.

mod codec;
mod hash_table;
mod row_buffer;
mod sort;
mod spill;
mod tuplestore;

pub use hash_table::{GroupTable, JoinTable, hash_combine};
pub use row_buffer::RowBuffer;
pub use sort::{SortKey, SortStats, Sorter};
pub use spill::{MemorySpace, RunReader, RunWriter, TempFile, TempSpace};
pub use tuplestore::Tuplestore;
