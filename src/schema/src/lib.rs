//! The catalogs at work: shared caches, reading and writing of catalog rows, dependencies, bootstrap.
//!
//! Catalogs are ordinary heap tables with B-trees, under MVCC. What sessions read most is kept in [`Caches`], one for
//! the whole instance: rows by key (PostgreSQL's system caches), lists of rows by the first columns of a key, and
//! [`RelationEntry`], all that a query needs of a relation. A cached version is immutable and shared by reference count.
//!
//! The flow of a look-up ([`Catalog`]):
//! 1. If the own transaction changed what is asked for ([`Overlay`]), the tables are read; the result stays private.
//! 2. Else the shared cache answers, without a lock. "There is no such row" is an answer too.
//! 3. Else the tables are read and the result is offered to the shared cache, which refuses it if an invalidation came
//!    meanwhile (module `versioned`).
//!
//! The flow of a change: a write notes every cache key and relation that it touches in the overlay; commit logs the
//! notes ([`Invalidations`]); after the commit number is published [`Caches::apply`] forgets those entries, and only then
//! the transaction's locks are released.
//!
//! Invariants:
//! - I1. The shared caches hold only what is committed; an entry that is older than a published commit is on its way out.
//! - I2. Who holds a lock on an object and looks it up sees its newest version.
//! - I3. Catalogs keep their files: the file number of a catalog, its indexes and TOAST table is its object id. So the
//!   catalogs can be read before any row of pg_class is.
//!
//! What this crate does not do: it parses no SQL, checks no privileges, takes no heavyweight locks.
#![forbid(unsafe_code)]

pub mod bootstrap;
mod build;
mod caches;
mod check;
mod heap_tables;
mod invalidation;
mod key;
pub mod limits;
mod lookups;
mod memory;
mod overlay;
mod reader;
mod relation;
mod stored;
mod system_table;
mod tables;
mod types;
mod versioned;

#[cfg(test)]
mod tests;

pub use caches::{AccessMethods, Caches};
pub use heap_tables::HeapTables;
pub use invalidation::{Invalidation, Invalidations};
pub use key::KeyHash;
pub use lookups::Found;
pub use memory::MemoryTables;
pub use overlay::Overlay;
pub use reader::{Catalog, CatalogRow, CatalogVersion, Rows};
pub use relation::{ColumnDefault, RelationEntry, relation_file};
pub use tables::{Key, StoredRow, Tables};
pub use types::type_info_of;
