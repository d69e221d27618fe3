//! FOREIGN KEY: which key is referenced, which operators compare, and the triggers by which PostgreSQL shows and clients find it.

use crate::Execution;
use base::Oid;
use parser::ast::{Constraint, ForeignKey};
use report::{Result, unsupported};

/// Adds a foreign key to a table.
pub(crate) fn add(ex: &mut Execution<'_, '_>, table: Oid, said: &Constraint, key: &ForeignKey) -> Result<()> {
    let _ = (ex, table, said, key);
    unsupported!("FOREIGN KEY")
}
