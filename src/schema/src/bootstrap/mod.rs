//! Bootstrap: from the script that initdb feeds to `postmaster --boot` to the catalogs of template1.
//!
//! 1. Module `script` reads lines, `value` the values in them.
//! 2. [`Image`] collects all rows in memory and adds those that describe the catalogs themselves.
//! 3. [`run`] writes tables in bulk, then builds the indexes from sorted entries.
//!
//! A script that fails leaves files behind: initdb removes the directory.

mod image;
mod load;
mod script;
mod value;

pub use image::{Image, Table, TableIndex};
pub use load::{Loaded, run};
