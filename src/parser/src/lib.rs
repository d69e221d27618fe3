//! SQL text to a typed tree: the whole grammar of PostgreSQL 15, by recursive descent with precedence climbing.
//!
//! The crate knows no catalog and no setting but those it is handed: it can parse in an aborted transaction.
//!
//! - [`ast`]: the tree
#![forbid(unsafe_code)]

pub mod ast;
