//! Rules that are yet to come.

use super::Parser;
use crate::ast::Statement;
use report::{Error, Result};

impl Parser<'_> {
    pub(super) fn alter(&mut self) -> Result<Statement> {
        Err(Error::unsupported("ALTER"))
    }
    pub(super) fn drop(&mut self) -> Result<Statement> {
        Err(Error::unsupported("DROP"))
    }
    pub(super) fn comment(&mut self) -> Result<Statement> {
        Err(Error::unsupported("COMMENT"))
    }
    pub(super) fn security_label(&mut self) -> Result<Statement> {
        Err(Error::unsupported("SECURITY LABEL"))
    }
    pub(super) fn grant(&mut self) -> Result<Statement> {
        Err(Error::unsupported("GRANT"))
    }
    pub(super) fn revoke(&mut self) -> Result<Statement> {
        Err(Error::unsupported("REVOKE"))
    }
    pub(super) fn reassign(&mut self) -> Result<Statement> {
        Err(Error::unsupported("REASSIGN"))
    }
    pub(super) fn import_schema(&mut self) -> Result<Statement> {
        Err(Error::unsupported("IMPORT"))
    }
}
