//! A row on its way from a table.

use base::{CommandId, Oid, Tid, Xid};
use tuple::Datum;

/// A row's values and system columns. Made once and filled again for each row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The wanted columns and, as nulls, those between them.
    pub values: Vec<Datum>,
    /// Where it is.
    pub tid: Tid,
    /// Who inserted it.
    pub xmin: Xid,
    /// Who deleted, updated or locked it.
    pub xmax: Xid,
    /// By which command of xmin.
    pub cmin: CommandId,
    /// By which command of xmax.
    pub cmax: CommandId,
    /// Its table.
    pub table: Oid,
}
