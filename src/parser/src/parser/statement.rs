//! Statements: the list of them in a text, and which rule takes which first word.

use super::Parser;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::Result;

impl Parser<'_> {
    /// The statements of a text, separated by semicolons; empty ones are dropped.
    pub(crate) fn statements(&mut self) -> Result<Vec<RawStatement>> {
        let mut statements: Vec<RawStatement> = Vec::new();
        let mut start = 0;
        loop {
            let empty = matches!(self.kind(), TokenKind::End | TokenKind::Char(b';'));
            if !empty {
                let stmt = self.top_statement()?;
                statements.push(RawStatement { stmt, start, len: 0 });
            }
            let semicolon = self.token().start;
            if !self.eat_char(b';') {
                self.expect_end()?;
                return Ok(statements);
            }
            if let Some(last) = statements.last_mut().filter(|last| last.len == 0) {
                last.len = semicolon - last.start;
            }
            start = semicolon + 1;
        }
    }

    /// BEGIN and END are statements only here: within a routine's body they mean something else.
    fn top_statement(&mut self) -> Result<Statement> {
        match self.keyword() {
            Some(K::Begin) => {
                self.advance();
                self.opt_transaction_word();
                Ok(transaction(TransactionStmt::Begin(self.opt_transaction_modes()?)))
            }
            Some(K::End) => {
                self.advance();
                self.opt_transaction_word();
                Ok(transaction(TransactionStmt::Commit { chain: self.opt_chain()? }))
            }
            _ => self.statement(),
        }
    }

    /// One statement.
    pub(super) fn statement(&mut self) -> Result<Statement> {
        match self.kind() {
            TokenKind::Keyword(k) => self.keyword_statement(k),
            TokenKind::Char(b'(') => self.preparable(),
            _ => Err(self.syntax_error()),
        }
    }

    fn keyword_statement(&mut self, k: K) -> Result<Statement> {
        match k {
            K::Select | K::Values | K::Table | K::With | K::Insert | K::Update | K::Delete | K::Merge => {
                self.preparable()
            }
            K::Create => self.create(),
            K::Alter => self.alter(),
            K::Drop => self.drop(),
            K::Abort | K::Start | K::Commit | K::Rollback | K::Savepoint | K::Release => self.transaction(k),
            K::Prepare if self.peek_is(1, K::Transaction) => self.prepare_transaction(),
            K::Prepare => self.prepare(),
            K::Set => self.set(),
            K::Reset => self.reset().map(|action| set_statement(action, false)),
            K::Show => self.show(),
            _ => self.utility(k),
        }
    }

    fn utility(&mut self, k: K) -> Result<Statement> {
        match k {
            K::Execute => self.execute(),
            K::Deallocate => self.deallocate(),
            K::Declare => self.declare_cursor(),
            K::Fetch | K::Move => self.fetch(),
            K::Close => self.close(),
            K::Listen => self.listen(),
            K::Unlisten => self.unlisten(),
            K::Notify => self.notify(),
            K::Lock => self.lock(),
            K::Explain => self.explain(),
            K::Copy => self.copy(),
            K::Call => self.call(),
            K::Do => self.do_block(),
            K::Load => self.load(),
            K::Checkpoint => {
                self.advance();
                Ok(Statement::Checkpoint)
            }
            K::Discard => self.discard(),
            K::Vacuum => self.vacuum(),
            K::Analyze | K::Analyse => self.analyze(),
            K::Cluster => self.cluster(),
            K::Reindex => self.reindex(),
            K::Truncate => self.truncate(),
            _ => self.object_statement(k),
        }
    }

    fn object_statement(&mut self, k: K) -> Result<Statement> {
        match k {
            K::Comment => self.comment(),
            K::Security => self.security_label(),
            K::Grant => self.grant(),
            K::Revoke => self.revoke(),
            K::Refresh => self.refresh(),
            K::Reassign => self.reassign(),
            K::Import => self.import_schema(),
            _ => Err(self.syntax_error()),
        }
    }

    // Transactions

    fn opt_transaction_word(&mut self) {
        if !self.eat(K::Work) {
            self.eat(K::Transaction);
        }
    }

    fn opt_chain(&mut self) -> Result<bool> {
        if !self.eat(K::And) {
            return Ok(false);
        }
        let chain = !self.eat(K::No);
        self.expect(K::Chain)?;
        Ok(chain)
    }

    fn transaction(&mut self, k: K) -> Result<Statement> {
        self.advance();
        let stmt = match k {
            K::Start => {
                self.expect(K::Transaction)?;
                TransactionStmt::Start(self.opt_transaction_modes()?)
            }
            K::Savepoint => TransactionStmt::Savepoint(self.col_id()?),
            K::Release => TransactionStmt::Release(self.savepoint_name()?),
            K::Commit if self.eat(K::Prepared) => TransactionStmt::CommitPrepared(self.string()?),
            K::Rollback if self.eat(K::Prepared) => TransactionStmt::RollbackPrepared(self.string()?),
            K::Commit => {
                self.opt_transaction_word();
                TransactionStmt::Commit { chain: self.opt_chain()? }
            }
            _ => {
                self.opt_transaction_word();
                if k == K::Rollback && self.eat(K::To) {
                    TransactionStmt::RollbackTo(self.savepoint_name()?)
                } else {
                    TransactionStmt::Rollback { chain: self.opt_chain()? }
                }
            }
        };
        Ok(transaction(stmt))
    }

    /// A savepoint's name, with SAVEPOINT before it or not.
    fn savepoint_name(&mut self) -> Result<String> {
        if self.is(K::Savepoint) && self.is_col_id_at(1) {
            self.advance();
        }
        self.col_id()
    }

    fn prepare_transaction(&mut self) -> Result<Statement> {
        self.at += 2;
        Ok(transaction(TransactionStmt::Prepare(self.string()?)))
    }

    fn opt_transaction_modes(&mut self) -> Result<Vec<DefElem>> {
        if self.is_transaction_mode() { self.transaction_modes() } else { Ok(Vec::new()) }
    }

    fn is_transaction_mode(&self) -> bool {
        self.is_any(&[K::Isolation, K::Read, K::Deferrable, K::Not])
    }

    /// One or more modes, with commas or without.
    pub(super) fn transaction_modes(&mut self) -> Result<Vec<DefElem>> {
        let mut modes = vec![self.transaction_mode()?];
        loop {
            if self.eat_char(b',') || self.is_transaction_mode() {
                modes.push(self.transaction_mode()?);
            } else {
                return Ok(modes);
            }
        }
    }

    fn transaction_mode(&mut self) -> Result<DefElem> {
        let pos = self.pos();
        let (name, arg) = match self.keyword() {
            Some(K::Isolation) => {
                self.advance();
                self.expect(K::Level)?;
                ("transaction_isolation", DefArg::String(self.isolation_level()?.to_owned()))
            }
            Some(K::Read) => {
                self.advance();
                let only = self.eat(K::Only);
                if !only {
                    self.expect(K::Write)?;
                }
                ("transaction_read_only", DefArg::Integer(i32::from(only)))
            }
            _ => {
                let not = self.eat(K::Not);
                self.expect(K::Deferrable)?;
                ("transaction_deferrable", DefArg::Integer(i32::from(!not)))
            }
        };
        Ok(option(name, Some(arg), pos))
    }

    fn isolation_level(&mut self) -> Result<&'static str> {
        if self.eat(K::Serializable) {
            return Ok("serializable");
        }
        if self.eat(K::Repeatable) {
            self.expect(K::Read)?;
            return Ok("repeatable read");
        }
        self.expect(K::Read)?;
        if self.eat(K::Committed) {
            return Ok("read committed");
        }
        self.expect(K::Uncommitted)?;
        Ok("read uncommitted")
    }

    // Prepared statements

    fn prepare(&mut self) -> Result<Statement> {
        self.advance();
        let name = self.name()?;
        let arg_types = self.opt_parens(Self::type_name)?;
        self.expect(K::As)?;
        let query = Box::new(self.preparable()?);
        Ok(Statement::Prepare(Box::new(PrepareStmt { name, arg_types, query })))
    }

    pub(super) fn execute(&mut self) -> Result<Statement> {
        self.expect(K::Execute)?;
        let name = self.name()?;
        let params = self.opt_parens(Self::expr)?;
        Ok(Statement::Execute(Box::new(ExecuteStmt { name, params })))
    }

    fn deallocate(&mut self) -> Result<Statement> {
        self.advance();
        if self.is(K::Prepare) && (self.is_col_id_at(1) || self.peek_is(1, K::All)) {
            self.advance();
        }
        let name = if self.eat(K::All) { None } else { Some(self.name()?) };
        Ok(Statement::Deallocate(Box::new(DeallocateStmt { name })))
    }
}

fn transaction(stmt: TransactionStmt) -> Statement {
    Statement::Transaction(Box::new(stmt))
}

pub(super) fn set_statement(action: VariableSetAction, local: bool) -> Statement {
    Statement::VariableSet(Box::new(VariableSetStmt { action, local }))
}

/// A plain option.
pub(super) fn option(name: &str, arg: Option<DefArg>, pos: Pos) -> DefElem {
    DefElem { namespace: None, name: name.to_owned(), arg, action: DefAction::Unspecified, pos }
}
