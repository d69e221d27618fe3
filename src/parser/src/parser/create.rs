//! CREATE: which rule takes which object.

use super::Parser;
use crate::ast::*;
use crate::keywords::Keyword as K;
use report::Result;

impl Parser<'_> {
    pub(super) fn create(&mut self) -> Result<Statement> {
        self.advance();
        let persistence = self.opt_temp(false)?;
        match self.keyword() {
            Some(K::Table) => {
                self.advance();
                self.create_table(persistence)
            }
            Some(K::Sequence) => {
                self.advance();
                self.create_sequence(persistence)
            }
            Some(K::View | K::Recursive) => self.create_view(false, persistence),
            Some(K::Unique) => {
                self.expect_seq(&[K::Unique, K::Index])?;
                self.create_index(true)
            }
            Some(K::Index) => {
                self.advance();
                self.create_index(false)
            }
            Some(K::Materialized) => {
                self.expect_seq(&[K::Materialized, K::View])?;
                self.create_matview(persistence)
            }
            Some(K::Statistics) => {
                self.advance();
                self.create_statistics()
            }
            _ => Err(self.syntax_error()),
        }
    }
}
