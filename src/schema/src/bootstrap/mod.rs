//! Bootstrap: from the script that initdb feeds to `postmaster --boot` to the catalogs of template1.
//!
//! 1. Module `script` reads lines, `value` the values in them.
//! 2. [`Image`] collects tables and their rows, as text, and adds the rows that describe the catalogs themselves.
//! 3. [`run`] reads the rows of one table after the other, writes them in bulk and builds the indexes from sorted entries; pg_class comes last, as it tells the
//!    sizes of all others. What is complete goes on its way to the disk.
//!
//! [`print_create`] and [`print_insert`] go the other way: initdb's script ends with rows that were taken from a cluster.
//!
//! A script that fails leaves files behind: initdb removes the directory.

mod image;
mod load;
mod own;
mod print;
mod script;
mod value;

pub use image::{Image, Table, TableIndex};
pub use load::{Loaded, run};
pub use print::{StoredTable, print_create, print_insert};
