//! Prepared transactions: not yet here. PREPARE TRANSACTION is refused above; the record kinds are reserved.

use crate::TransactionManager;
use base::Xid;
use report::{Error, Result};
use std::sync::Arc;

pub(crate) struct PreparedTable;

impl PreparedTable {
    pub(crate) fn new() -> PreparedTable {
        PreparedTable
    }

    pub(crate) fn redo_prepare(&self, _: &TransactionManager, _: &[u8]) -> Result<()> {
        Err(Error::unsupported("PREPARE TRANSACTION"))
    }

    pub(crate) fn redo_finish(&self, _: &TransactionManager, _: Xid) -> Result<()> {
        Err(Error::unsupported("PREPARE TRANSACTION"))
    }

    pub(crate) fn recover(&self, _: &Arc<TransactionManager>) -> Result<()> {
        Ok(())
    }
}
