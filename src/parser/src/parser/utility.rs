//! Cursors, notifications, locks, EXPLAIN, COPY, CALL, DO, and maintenance.

use super::Parser;
use super::statement::option;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::Result;

impl Parser<'_> {
    // Cursors

    pub(super) fn declare_cursor(&mut self) -> Result<Statement> {
        self.expect(K::Declare)?;
        let name = self.name()?;
        let mut options = self.cursor_options()?;
        self.expect(K::Cursor)?;
        if self.eat(K::With) {
            self.expect(K::Hold)?;
            options.hold = true;
        } else if self.eat(K::Without) {
            self.expect(K::Hold)?;
        }
        self.expect(K::For)?;
        let query = Box::new(self.select()?);
        Ok(Statement::DeclareCursor(Box::new(DeclareCursorStmt { name, options, query })))
    }

    fn cursor_options(&mut self) -> Result<CursorOptions> {
        let mut options = CursorOptions::default();
        loop {
            match self.keyword() {
                Some(K::No) => {
                    self.advance();
                    self.expect(K::Scroll)?;
                    options.no_scroll = true;
                    continue;
                }
                Some(K::Scroll) => options.scroll = true,
                Some(K::Binary) => options.binary = true,
                Some(K::Asensitive) => options.asensitive = true,
                Some(K::Insensitive) => options.insensitive = true,
                _ => return Ok(options),
            }
            self.advance();
        }
    }

    pub(super) fn fetch(&mut self) -> Result<Statement> {
        let is_move = self.advance().kind == TokenKind::Keyword(K::Move);
        let (direction, count) = self.fetch_direction()?;
        if !self.eat(K::From) {
            self.eat(K::In);
        }
        let cursor = self.name()?;
        Ok(Statement::Fetch(Box::new(FetchStmt { direction, count, cursor, is_move })))
    }

    fn fetch_direction(&mut self) -> Result<(FetchDirection, FetchCount)> {
        use FetchDirection::{Absolute, Backward, Forward, Relative};
        if self.is_signed_integer() {
            return Ok((Forward, self.fetch_count()?));
        }
        // A word of these may also be the cursor's name: then nothing else follows.
        let named = !(self.peek_is(1, K::From) || self.peek_is(1, K::In) || self.is_col_id_at(1));
        let fixed = match self.keyword() {
            Some(K::All) => Some((Forward, FetchCount::All)),
            Some(K::Next) if !named => Some((Forward, FetchCount::Rows(1))),
            Some(K::Prior) if !named => Some((Backward, FetchCount::Rows(1))),
            Some(K::First) if !named => Some((Absolute, FetchCount::Rows(1))),
            Some(K::Last) if !named => Some((Absolute, FetchCount::Rows(-1))),
            _ => None,
        };
        if let Some(fixed) = fixed {
            self.advance();
            return Ok(fixed);
        }
        let counted = self.is_signed_integer_at(1);
        match self.keyword() {
            Some(K::Absolute) if counted => {
                self.advance();
                Ok((Absolute, self.fetch_count()?))
            }
            Some(K::Relative) if counted => {
                self.advance();
                Ok((Relative, self.fetch_count()?))
            }
            Some(k @ (K::Forward | K::Backward)) if !named || counted || self.peek_is(1, K::All) => {
                self.advance();
                let direction = if k == K::Forward { Forward } else { Backward };
                let count = if self.eat(K::All) {
                    FetchCount::All
                } else if self.is_signed_integer() {
                    self.fetch_count()?
                } else {
                    FetchCount::Rows(1)
                };
                Ok((direction, count))
            }
            _ => Ok((Forward, FetchCount::Rows(1))),
        }
    }

    fn is_signed_integer(&self) -> bool {
        self.is_signed_integer_at(0)
    }

    fn is_signed_integer_at(&self, n: usize) -> bool {
        matches!(self.peek(n), TokenKind::Integer | TokenKind::Char(b'+' | b'-'))
    }

    fn fetch_count(&mut self) -> Result<FetchCount> {
        Ok(FetchCount::Rows(i64::from(self.signed_iconst()?)))
    }

    pub(super) fn close(&mut self) -> Result<Statement> {
        self.advance();
        let cursor = if self.eat(K::All) { None } else { Some(self.name()?) };
        Ok(Statement::ClosePortal(Box::new(ClosePortalStmt { cursor })))
    }

    // Notifications

    pub(super) fn listen(&mut self) -> Result<Statement> {
        self.advance();
        Ok(Statement::Listen(Box::new(ListenStmt { channel: self.col_id()? })))
    }

    pub(super) fn unlisten(&mut self) -> Result<Statement> {
        self.advance();
        let channel = if self.eat_char(b'*') { None } else { Some(self.col_id()?) };
        Ok(Statement::Unlisten(Box::new(UnlistenStmt { channel })))
    }

    pub(super) fn notify(&mut self) -> Result<Statement> {
        self.expect(K::Notify)?;
        let channel = self.col_id()?;
        let payload = if self.eat_char(b',') { Some(self.string()?) } else { None };
        Ok(Statement::Notify(Box::new(NotifyStmt { channel, payload })))
    }

    // Locks

    pub(super) fn lock(&mut self) -> Result<Statement> {
        self.advance();
        self.eat(K::Table);
        let relations = self.list(Self::relation_expr)?;
        let mut mode = LockMode::AccessExclusive;
        if self.eat(K::In) {
            mode = self.lock_mode()?;
            self.expect(K::Mode)?;
        }
        let nowait = self.eat(K::Nowait);
        Ok(Statement::Lock(Box::new(LockStmt { relations, mode, nowait })))
    }

    fn lock_mode(&mut self) -> Result<LockMode> {
        let first = self.keyword();
        self.advance();
        Ok(match first {
            Some(K::Access) if self.eat(K::Share) => LockMode::AccessShare,
            Some(K::Access) => {
                self.expect(K::Exclusive)?;
                LockMode::AccessExclusive
            }
            Some(K::Row) if self.eat(K::Share) => LockMode::RowShare,
            Some(K::Row) => {
                self.expect(K::Exclusive)?;
                LockMode::RowExclusive
            }
            Some(K::Share) if self.eat(K::Update) => {
                self.expect(K::Exclusive)?;
                LockMode::ShareUpdateExclusive
            }
            Some(K::Share) if self.eat(K::Row) => {
                self.expect(K::Exclusive)?;
                LockMode::ShareRowExclusive
            }
            Some(K::Share) => LockMode::Share,
            Some(K::Exclusive) => LockMode::Exclusive,
            _ => {
                self.at -= 1;
                return Err(self.syntax_error());
            }
        })
    }

    // EXPLAIN, COPY, CALL, DO, LOAD, DISCARD

    pub(super) fn explain(&mut self) -> Result<Statement> {
        self.advance();
        let mut options = Vec::new();
        if self.is_char(b'(') && self.peek(1) != TokenKind::Char(b'(') && !self.starts_subquery(0) {
            options = self.utility_options()?;
        } else {
            for (word, name) in [(K::Analyze, "analyze"), (K::Verbose, "verbose")] {
                let pos = self.pos();
                if self.eat(word) || (word == K::Analyze && self.eat(K::Analyse)) {
                    options.push(option(name, None, pos));
                }
            }
        }
        let query = Box::new(self.explainable()?);
        Ok(Statement::Explain(Box::new(ExplainStmt { options, query })))
    }

    fn explainable(&mut self) -> Result<Statement> {
        match self.keyword() {
            Some(K::Declare) => self.declare_cursor(),
            Some(K::Execute) => self.execute(),
            Some(K::Create) => self.create_as(),
            Some(K::Refresh) => self.refresh(),
            _ => self.preparable(),
        }
    }

    /// `(name [value], ...)`
    pub(super) fn utility_options(&mut self) -> Result<Vec<DefElem>> {
        self.parens(Self::utility_option)
    }

    fn utility_option(&mut self) -> Result<DefElem> {
        let pos = self.pos();
        let name =
            if self.eat(K::Analyze) || self.eat(K::Analyse) { "analyze".to_owned() } else { self.non_reserved_word()? };
        let arg = self.opt_option_value()?;
        Ok(option(&name, arg, pos))
    }

    fn opt_option_value(&mut self) -> Result<Option<DefArg>> {
        if self.is_numeric_only() {
            return self.numeric_arg().map(Some);
        }
        if self.is_boolean_or_string() {
            return Ok(Some(DefArg::String(self.boolean_or_string()?)));
        }
        Ok(None)
    }

    pub(super) fn copy(&mut self) -> Result<Statement> {
        self.advance();
        let mut options = Vec::new();
        if self.is_char(b'(') {
            return self.copy_query();
        }
        let binary_pos = self.pos();
        if self.eat(K::Binary) {
            options.push(option("format", Some(DefArg::String("binary".to_owned())), binary_pos));
        }
        let relation = self.qualified_name()?;
        let columns = self.opt_column_list()?;
        let is_from = self.eat(K::From);
        if !is_from {
            self.expect(K::To)?;
        }
        let (is_program, filename) = self.copy_file()?;
        let delimiter_pos = self.pos();
        self.copy_delimiter(&mut options)?;
        if is_program && filename.is_none() {
            // Pointing at the delimiters' place, which mostly is empty and so nowhere.
            let pos = if self.pos() == delimiter_pos && options.is_empty() { Pos::NONE } else { delimiter_pos };
            return Err(self.grammar_error(pos, "STDIN/STDOUT not allowed with PROGRAM"));
        }
        options.extend(self.copy_options()?);
        let filter_pos = self.pos();
        let filter = self.opt_expr(K::Where)?;
        if !is_from && filter.is_some() {
            return Err(self.grammar_error(filter_pos, "WHERE clause not allowed with COPY TO"));
        }
        let source = CopySource::Table(relation, columns);
        Ok(Statement::Copy(Box::new(CopyStmt { source, is_from, is_program, filename, options, filter })))
    }

    fn copy_query(&mut self) -> Result<Statement> {
        let query = Box::new(self.in_parens(Self::preparable)?);
        let to = self.expect(K::To)?;
        let (is_program, filename) = self.copy_file()?;
        if is_program && filename.is_none() {
            return Err(self.grammar_error(to, "STDIN/STDOUT not allowed with PROGRAM"));
        }
        let options = self.copy_options()?;
        let source = CopySource::Query(query);
        let copy = CopyStmt { source, is_from: false, is_program, filename, options, filter: None };
        Ok(Statement::Copy(Box::new(copy)))
    }

    fn copy_file(&mut self) -> Result<(bool, Option<String>)> {
        let is_program = self.eat(K::Program);
        if self.eat(K::Stdin) || self.eat(K::Stdout) {
            return Ok((is_program, None));
        }
        Ok((is_program, Some(self.string()?)))
    }

    /// `[USING] DELIMITERS 'x'`, from long ago.
    fn copy_delimiter(&mut self, options: &mut Vec<DefElem>) -> Result<()> {
        let using = self.eat(K::Using);
        let pos = self.pos();
        if using || self.is(K::Delimiters) {
            self.expect(K::Delimiters)?;
            options.push(option("delimiter", Some(DefArg::String(self.string()?)), pos));
        }
        Ok(())
    }

    fn copy_options(&mut self) -> Result<Vec<DefElem>> {
        self.eat(K::With);
        if self.is_char(b'(') {
            return self.parens(Self::copy_option);
        }
        let mut options = Vec::new();
        while let Some(option) = self.old_copy_option()? {
            options.push(option);
        }
        Ok(options)
    }

    fn copy_option(&mut self) -> Result<DefElem> {
        let pos = self.pos();
        let name = self.col_label()?;
        let arg = if self.eat_char(b'*') {
            Some(DefArg::Star)
        } else if self.is_char(b'(') {
            Some(DefArg::List(self.parens(Self::boolean_or_string)?))
        } else {
            self.opt_option_value()?
        };
        Ok(option(&name, arg, pos))
    }

    fn old_copy_option(&mut self) -> Result<Option<DefElem>> {
        let pos = self.pos();
        let Some(k) = self.keyword() else {
            return Ok(None);
        };
        let word = |text: &str| Some(DefArg::String(text.to_owned()));
        let fixed = match k {
            K::Binary => ("format", word("binary")),
            K::Csv => ("format", word("csv")),
            K::Freeze => ("freeze", Some(DefArg::Boolean(true))),
            K::Header => ("header", Some(DefArg::Boolean(true))),
            K::Force => return self.force_option(pos).map(Some),
            K::Delimiter | K::Null | K::Quote | K::Escape | K::Encoding => {
                self.advance();
                if k != K::Encoding {
                    self.eat(K::As);
                }
                return Ok(Some(option(k.text(), Some(DefArg::String(self.string()?)), pos)));
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(option(fixed.0, fixed.1, pos)))
    }

    fn force_option(&mut self, pos: Pos) -> Result<DefElem> {
        self.advance();
        let name = if self.eat(K::Quote) {
            if self.eat_char(b'*') {
                return Ok(option("force_quote", Some(DefArg::Star), pos));
            }
            "force_quote"
        } else if self.eat(K::Not) {
            self.expect(K::Null)?;
            "force_not_null"
        } else {
            self.expect(K::Null)?;
            "force_null"
        };
        let columns = self.list(Self::col_id)?;
        Ok(option(name, Some(DefArg::List(columns)), pos))
    }

    pub(super) fn call(&mut self) -> Result<Statement> {
        self.advance();
        let name = self.func_name()?;
        let call = self.application(name)?;
        Ok(Statement::Call(Box::new(CallStmt { call })))
    }

    pub(super) fn do_block(&mut self) -> Result<Statement> {
        self.advance();
        let mut args = Vec::new();
        loop {
            let pos = self.pos();
            if self.is_string() {
                args.push(option("as", Some(DefArg::String(self.string()?)), pos));
            } else if self.eat(K::Language) {
                args.push(option("language", Some(DefArg::String(self.word_or_string()?)), pos));
            } else if args.is_empty() {
                return Err(self.syntax_error());
            } else {
                return Ok(Statement::Do(Box::new(DoStmt { args })));
            }
        }
    }

    pub(super) fn load(&mut self) -> Result<Statement> {
        self.advance();
        Ok(Statement::Load(Box::new(LoadStmt { filename: self.string()? })))
    }

    pub(super) fn discard(&mut self) -> Result<Statement> {
        self.advance();
        let target = match self.keyword() {
            Some(K::All) => DiscardTarget::All,
            Some(K::Temp | K::Temporary) => DiscardTarget::Temp,
            Some(K::Plans) => DiscardTarget::Plans,
            Some(K::Sequences) => DiscardTarget::Sequences,
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        Ok(Statement::Discard(target))
    }

    // Maintenance

    pub(super) fn vacuum(&mut self) -> Result<Statement> {
        self.advance();
        let mut options = Vec::new();
        if self.is_char(b'(') {
            options = self.utility_options()?;
        } else {
            for word in [K::Full, K::Freeze, K::Verbose, K::Analyze] {
                let pos = self.pos();
                if self.eat(word) || (word == K::Analyze && self.eat(K::Analyse)) {
                    options.push(option(word.text(), None, pos));
                }
            }
        }
        let relations = self.vacuum_relations()?;
        Ok(Statement::Vacuum(Box::new(VacuumStmt { is_vacuum: true, options, relations })))
    }

    pub(super) fn analyze(&mut self) -> Result<Statement> {
        self.advance();
        let mut options = Vec::new();
        let pos = self.pos();
        if self.is_char(b'(') {
            options = self.utility_options()?;
        } else if self.eat(K::Verbose) {
            options.push(option("verbose", None, pos));
        }
        let relations = self.vacuum_relations()?;
        Ok(Statement::Vacuum(Box::new(VacuumStmt { is_vacuum: false, options, relations })))
    }

    fn vacuum_relations(&mut self) -> Result<Vec<VacuumRelation>> {
        if self.is_col_id() { self.list(Self::vacuum_relation) } else { Ok(Vec::new()) }
    }

    fn vacuum_relation(&mut self) -> Result<VacuumRelation> {
        let relation = self.qualified_name()?;
        Ok(VacuumRelation { relation, columns: self.opt_parens(Self::name)? })
    }

    pub(super) fn cluster(&mut self) -> Result<Statement> {
        self.advance();
        let mut stmt = ClusterStmt { relation: None, index: None, options: Vec::new() };
        let pos = self.pos();
        if self.is_char(b'(') {
            stmt.options = self.utility_options()?;
            self.cluster_target(&mut stmt)?;
            return Ok(Statement::Cluster(Box::new(stmt)));
        }
        if self.eat(K::Verbose) {
            stmt.options.push(option("verbose", None, pos));
        }
        if self.is_col_id() && self.peek_is(1, K::On) {
            // The old order: `CLUSTER index ON table`.
            stmt.index = Some(self.name()?);
            self.advance();
            stmt.relation = Some(self.qualified_name()?);
        } else if self.is_col_id() {
            self.cluster_target(&mut stmt)?;
        }
        Ok(Statement::Cluster(Box::new(stmt)))
    }

    fn cluster_target(&mut self, stmt: &mut ClusterStmt) -> Result<()> {
        stmt.relation = Some(self.qualified_name()?);
        if self.eat(K::Using) {
            stmt.index = Some(self.name()?);
        }
        Ok(())
    }

    pub(super) fn reindex(&mut self) -> Result<Statement> {
        self.advance();
        let mut options = if self.is_char(b'(') { self.utility_options()? } else { Vec::new() };
        let kind = self.keyword();
        if !self.is_any(&[K::Index, K::Table, K::Schema, K::System, K::Database]) {
            return Err(self.syntax_error());
        }
        self.advance();
        let pos = self.pos();
        if self.eat(K::Concurrently) {
            options.push(option("concurrently", None, pos));
        }
        let target = match kind {
            Some(K::Index) => ReindexTarget::Index(self.qualified_name()?),
            Some(K::Table) => ReindexTarget::Table(self.qualified_name()?),
            Some(K::Schema) => ReindexTarget::Schema(self.name()?),
            Some(K::System) => ReindexTarget::System(self.name()?),
            _ => ReindexTarget::Database(self.name()?),
        };
        Ok(Statement::Reindex(Box::new(ReindexStmt { target, options })))
    }

    pub(super) fn truncate(&mut self) -> Result<Statement> {
        self.advance();
        self.eat(K::Table);
        let relations = self.list(Self::relation_expr)?;
        let restart_identity = self.eat(K::Restart);
        if restart_identity || self.eat(K::Continue) {
            self.expect(K::Identity)?;
        }
        let behavior = self.opt_behavior();
        Ok(Statement::Truncate(Box::new(TruncateStmt { relations, restart_identity, behavior })))
    }

    /// CASCADE, RESTRICT, or nothing.
    pub(super) fn opt_behavior(&mut self) -> DropBehavior {
        if self.eat(K::Cascade) {
            return DropBehavior::Cascade;
        }
        self.eat(K::Restrict);
        DropBehavior::Restrict
    }
}
