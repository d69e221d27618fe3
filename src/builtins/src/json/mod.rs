//! json (text kept as written) and jsonb (a parsed, sorted, searchable form).

pub(crate) mod aggregates;
pub(crate) mod binary;
pub(crate) mod convert;
pub(crate) mod edit;
pub(crate) mod functions;
pub(crate) mod io;
pub(crate) mod parse;
pub(crate) mod populate;
pub mod subscript;
