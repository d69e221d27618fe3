//! From oids and symbols to implementations.

use crate::FnCtx;
use base::Oid;
use report::Result;
use tuple::Datum;

/// An implementation. A strict function never sees a null: that is its caller's duty.
pub type BuiltinFn = fn(&mut FnCtx<'_>, &[Datum]) -> Result<Datum>;

/// An implementation that gives rows.
pub type SrfFn = fn(&mut FnCtx<'_>, &[Datum]) -> Result<Box<dyn RowSource>>;

/// The rows of a set-returning function, one at a time.
pub trait RowSource: Send {
    /// Appends the columns of the next row to `out` and returns true, or returns false at the end.
    fn next(&mut self, cx: &mut FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool>;
}

/// A row of the dispatch table of plain functions.
#[derive(Debug)]
pub struct Builtin {
    /// pg_proc.oid.
    pub oid: Oid,
    /// pg_proc.prosrc: the symbol.
    pub name: &'static str,
    /// Number of arguments.
    pub nargs: u8,
    /// Null if any argument is null.
    pub strict: bool,
    /// The implementation.
    pub function: BuiltinFn,
}

/// A row of the dispatch table of set-returning functions.
#[derive(Debug)]
pub struct SetReturning {
    /// pg_proc.oid.
    pub oid: Oid,
    /// pg_proc.prosrc: the symbol.
    pub name: &'static str,
    /// Number of arguments.
    pub nargs: u8,
    /// No rows if any argument is null.
    pub strict: bool,
    /// The implementation.
    pub function: SrfFn,
}

/// The implementation of the plain function with this oid.
pub fn function(oid: Oid) -> Option<&'static Builtin> {
    let table = crate::generated::BUILTINS;
    table.binary_search_by_key(&oid, |row| row.oid).ok().map(|at| &table[at])
}

/// The implementation of the set-returning function with this oid.
pub fn set_returning(oid: Oid) -> Option<&'static SetReturning> {
    let table = crate::generated::SET_RETURNING;
    table.binary_search_by_key(&oid, |row| row.oid).ok().map(|at| &table[at])
}

/// The plain function with this symbol. Slow: for generators, tests and tables made once.
pub fn by_symbol(name: &str) -> Option<BuiltinFn> {
    crate::symbols::TABLES.iter().flat_map(|t| t.iter()).find(|(n, _)| *n == name).map(|(_, f)| *f)
}

/// The set-returning function with this symbol. Slow: for generators, tests and tables made once.
pub fn srf_by_symbol(name: &str) -> Option<SrfFn> {
    crate::symbols::SRF_TABLES.iter().flat_map(|t| t.iter()).find(|(n, _)| *n == name).map(|(_, f)| *f)
}
