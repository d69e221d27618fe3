//! CREATE TABLE in all its forms, columns, constraints, partitions.

use super::Parser;
use super::statement::option;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::{Result, SqlState};

impl Parser<'_> {
    /// CREATE TABLE, behind TABLE: a definition, or AS a query.
    pub(super) fn create_table(&mut self, persistence: Persistence) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let relation = RangeVar { persistence, ..self.qualified_name()? };
        if self.is(K::Of) {
            return self.create_typed_table(relation, if_not_exists);
        }
        if self.is(K::Partition) {
            return self.create_partition(relation, if_not_exists);
        }
        if self.is_char(b'(') && !self.is_as_target() {
            let mut table = new_table(relation, if_not_exists);
            self.advance();
            if !self.is_char(b')') {
                table.elements = self.list(Self::table_element)?;
            }
            self.expect_char(b')')?;
            table.inherits = self.opt_inherits()?;
            self.table_tail(&mut table)?;
            return Ok(Statement::CreateTable(Box::new(table)));
        }
        self.create_table_as(relation, if_not_exists)
    }

    /// Whether the parenthesis that is next holds the column names of CREATE TABLE AS: a name without a type.
    fn is_as_target(&self) -> bool {
        self.is_col_id_at(1) && matches!(self.peek(2), TokenKind::Char(b',' | b')'))
    }

    fn create_typed_table(&mut self, relation: RangeVar, if_not_exists: bool) -> Result<Statement> {
        self.advance();
        let mut table = new_table(relation, if_not_exists);
        table.of_type = Some(TypeName::named(self.any_name()?));
        table.elements = self.opt_parens(Self::typed_table_element)?;
        self.table_tail(&mut table)?;
        Ok(Statement::CreateTable(Box::new(table)))
    }

    fn create_partition(&mut self, relation: RangeVar, if_not_exists: bool) -> Result<Statement> {
        let mut table = self.partition_of(relation, if_not_exists)?;
        self.table_tail(&mut table)?;
        Ok(Statement::CreateTable(Box::new(table)))
    }

    fn partition_of(&mut self, relation: RangeVar, if_not_exists: bool) -> Result<CreateTableStmt> {
        self.expect_seq(&[K::Partition, K::Of])?;
        let mut table = new_table(relation, if_not_exists);
        table.inherits = vec![self.qualified_name()?];
        table.elements = self.opt_parens(Self::typed_table_element)?;
        table.partition_bound = Some(self.partition_bound()?);
        Ok(table)
    }

    /// PARTITION BY to TABLESPACE.
    fn table_tail(&mut self, table: &mut CreateTableStmt) -> Result<()> {
        table.partition_by = self.opt_partition_by()?;
        table.access_method = self.opt_access_method()?;
        table.options = self.opt_with_options()?;
        table.on_commit = self.opt_on_commit()?;
        table.tablespace = self.opt_tablespace()?;
        Ok(())
    }

    /// CREATE FOREIGN TABLE, behind TABLE.
    pub(super) fn create_foreign_table(&mut self) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let relation = self.qualified_name()?;
        let mut table = if self.is(K::Partition) {
            self.partition_of(relation, if_not_exists)?
        } else {
            let mut table = new_table(relation, if_not_exists);
            self.expect_char(b'(')?;
            if !self.is_char(b')') {
                table.elements = self.list(Self::table_element)?;
            }
            self.expect_char(b')')?;
            table.inherits = self.opt_inherits()?;
            table
        };
        self.expect(K::Server)?;
        let server = self.name()?;
        let options = self.opt_generic_options()?;
        table.foreign = Some(Box::new(ForeignTable { server, options }));
        Ok(Statement::CreateTable(Box::new(table)))
    }

    fn opt_inherits(&mut self) -> Result<Vec<RangeVar>> {
        if self.eat(K::Inherits) { self.parens(Self::qualified_name) } else { Ok(Vec::new()) }
    }

    // CREATE TABLE AS

    fn create_table_as(&mut self, relation: RangeVar, if_not_exists: bool) -> Result<Statement> {
        let columns = self.opt_column_list()?;
        let access_method = self.opt_access_method()?;
        let options = self.opt_with_options()?;
        let on_commit = self.opt_on_commit()?;
        let tablespace = self.opt_tablespace()?;
        let into = IntoClause { relation, columns, access_method, options, on_commit, tablespace, skip_data: false };
        self.expect(K::As)?;
        let query = if self.is(K::Execute) { self.execute()? } else { Statement::Select(Box::new(self.select()?)) };
        self.finish_table_as(query, into, false, if_not_exists)
    }

    fn finish_table_as(
        &mut self,
        query: Statement,
        mut into: IntoClause,
        materialized_view: bool,
        if_not_exists: bool,
    ) -> Result<Statement> {
        into.skip_data = !self.opt_with_data()?;
        let query = Box::new(query);
        Ok(Statement::CreateTableAs(Box::new(CreateTableAsStmt {
            query,
            into,
            materialized_view,
            if_not_exists,
            select_into: false,
        })))
    }

    /// WITH \[NO\] DATA; true if the data is wanted.
    pub(super) fn opt_with_data(&mut self) -> Result<bool> {
        if !self.eat(K::With) {
            return Ok(true);
        }
        let no = self.eat(K::No);
        self.expect(K::Data)?;
        Ok(!no)
    }

    /// CREATE MATERIALIZED VIEW, behind VIEW.
    pub(super) fn create_matview(&mut self, persistence: Persistence) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let relation = RangeVar { persistence, ..self.qualified_name()? };
        let columns = self.opt_column_list()?;
        let access_method = self.opt_access_method()?;
        let options = self.opt_reloptions()?;
        let tablespace = self.opt_tablespace()?;
        let on_commit = OnCommit::Noop;
        let into = IntoClause { relation, columns, access_method, options, on_commit, tablespace, skip_data: false };
        self.expect(K::As)?;
        let query = Statement::Select(Box::new(self.select()?));
        self.finish_table_as(query, into, true, if_not_exists)
    }

    /// CREATE TABLE AS or CREATE MATERIALIZED VIEW, as EXPLAIN takes them.
    pub(super) fn create_as(&mut self) -> Result<Statement> {
        self.expect(K::Create)?;
        let persistence = self.opt_temp(false)?;
        if persistence != Persistence::Temporary && self.eat(K::Materialized) {
            self.expect(K::View)?;
            return self.create_matview(persistence);
        }
        self.expect(K::Table)?;
        let if_not_exists = self.if_not_exists()?;
        let relation = RangeVar { persistence, ..self.qualified_name()? };
        self.create_table_as(relation, if_not_exists)
    }

    // Small clauses

    pub(super) fn opt_access_method(&mut self) -> Result<Option<String>> {
        if self.eat(K::Using) { self.name().map(Some) } else { Ok(None) }
    }

    /// `WITH (...)` or WITHOUT OIDS.
    fn opt_with_options(&mut self) -> Result<Vec<DefElem>> {
        if self.eat(K::Without) {
            self.expect(K::Oids)?;
            return Ok(Vec::new());
        }
        self.opt_reloptions()
    }

    pub(super) fn opt_reloptions(&mut self) -> Result<Vec<DefElem>> {
        if self.eat(K::With) { self.reloptions() } else { Ok(Vec::new()) }
    }

    pub(super) fn reloptions(&mut self) -> Result<Vec<DefElem>> {
        self.parens(Self::reloption)
    }

    fn reloption(&mut self) -> Result<DefElem> {
        let pos = self.pos();
        let first = self.col_label()?;
        let mut elem = option(&first, None, pos);
        if self.eat_char(b'.') {
            elem.name = self.col_label()?;
            elem.namespace = Some(first);
        }
        if self.eat_char(b'=') {
            elem.arg = Some(self.def_arg()?);
        }
        Ok(elem)
    }

    /// The value of an option in a definition.
    pub(super) fn def_arg(&mut self) -> Result<DefArg> {
        if self.is_string() {
            return Ok(DefArg::String(self.string()?));
        }
        let signed = matches!(self.kind(), TokenKind::Char(b'+' | b'-'))
            && matches!(self.peek(1), TokenKind::Integer | TokenKind::Float);
        if self.is_number() || signed {
            return self.numeric_arg();
        }
        if self.is_operator_symbol() || (self.is(K::Operator) && self.peek(1) == TokenKind::Char(b'(')) {
            return Ok(DefArg::Operator(self.qual_all_op()?));
        }
        match self.keyword() {
            Some(K::None) => {
                self.advance();
                Ok(DefArg::None)
            }
            Some(k) if k.category() == crate::keywords::Category::Reserved => Ok(DefArg::String(self.take_word())),
            _ => Ok(DefArg::Type(Box::new(self.func_type()?))),
        }
    }

    /// `(name [= value], ...)`
    pub(super) fn definition(&mut self) -> Result<Vec<DefElem>> {
        self.parens(Self::def_elem)
    }

    fn def_elem(&mut self) -> Result<DefElem> {
        let pos = self.pos();
        let name = self.col_label()?;
        let arg = if self.eat_char(b'=') { Some(self.def_arg()?) } else { None };
        Ok(option(&name, arg, pos))
    }

    pub(super) fn opt_definition(&mut self) -> Result<Vec<DefElem>> {
        if self.eat(K::With) { self.definition() } else { Ok(Vec::new()) }
    }

    fn opt_on_commit(&mut self) -> Result<OnCommit> {
        if !self.eat(K::On) {
            return Ok(OnCommit::Noop);
        }
        self.expect(K::Commit)?;
        if self.eat(K::Drop) {
            return Ok(OnCommit::Drop);
        }
        let action = if self.eat(K::Delete) {
            OnCommit::DeleteRows
        } else {
            self.expect(K::Preserve)?;
            OnCommit::PreserveRows
        };
        self.expect(K::Rows)?;
        Ok(action)
    }

    pub(super) fn opt_tablespace(&mut self) -> Result<Option<String>> {
        if self.eat(K::Tablespace) { self.name().map(Some) } else { Ok(None) }
    }

    /// `OPTIONS (name 'value', ...)`
    pub(super) fn opt_generic_options(&mut self) -> Result<Vec<DefElem>> {
        if self.eat(K::Options) { self.parens(Self::generic_option) } else { Ok(Vec::new()) }
    }

    pub(super) fn generic_option(&mut self) -> Result<DefElem> {
        let pos = self.pos();
        let name = self.col_label()?;
        let value = self.string()?;
        Ok(option(&name, Some(DefArg::String(value)), pos))
    }

    // Elements

    fn table_element(&mut self) -> Result<TableElement> {
        if self.is(K::Like) {
            return self.table_like();
        }
        if self.starts_table_constraint() {
            return Ok(TableElement::Constraint(Box::new(self.table_constraint()?)));
        }
        Ok(TableElement::Column(Box::new(self.column_def()?)))
    }

    fn typed_table_element(&mut self) -> Result<TableElement> {
        if self.starts_table_constraint() {
            return Ok(TableElement::Constraint(Box::new(self.table_constraint()?)));
        }
        let pos = self.pos();
        let name = self.col_id()?;
        if self.eat(K::With) {
            self.expect(K::Options)?;
        }
        let mut column = new_column(name, pos);
        self.column_constraints(&mut column.constraints, &mut column.collation)?;
        Ok(TableElement::Column(Box::new(column)))
    }

    pub(super) fn starts_table_constraint(&self) -> bool {
        match self.keyword() {
            Some(K::Constraint | K::Check | K::Unique | K::Primary | K::Foreign) => true,
            Some(K::Exclude) => self.peek_is(1, K::Using) || self.peek(1) == TokenKind::Char(b'('),
            _ => false,
        }
    }

    fn table_like(&mut self) -> Result<TableElement> {
        self.advance();
        let relation = self.qualified_name()?;
        let mut options = 0;
        loop {
            let include = self.eat(K::Including);
            if !include && !self.eat(K::Excluding) {
                return Ok(TableElement::Like(TableLike { relation, options }));
            }
            let bit = self.like_option()?;
            options = if include { options | bit } else { options & !bit };
        }
    }

    fn like_option(&mut self) -> Result<u32> {
        let bit = match self.keyword() {
            Some(K::Comments) => like_option::COMMENTS,
            Some(K::Compression) => like_option::COMPRESSION,
            Some(K::Constraints) => like_option::CONSTRAINTS,
            Some(K::Defaults) => like_option::DEFAULTS,
            Some(K::Generated) => like_option::GENERATED,
            Some(K::Identity) => like_option::IDENTITY,
            Some(K::Indexes) => like_option::INDEXES,
            Some(K::Statistics) => like_option::STATISTICS,
            Some(K::Storage) => like_option::STORAGE,
            Some(K::All) => like_option::ALL,
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        Ok(bit)
    }

    pub(super) fn column_def(&mut self) -> Result<ColumnDef> {
        let pos = self.pos();
        let mut column = new_column(self.col_id()?, pos);
        column.type_name = Some(self.type_name()?);
        if self.is(K::Compression) {
            column.compression = Some(self.compression()?);
        }
        column.fdw_options = self.opt_generic_options()?;
        self.column_constraints(&mut column.constraints, &mut column.collation)?;
        Ok(column)
    }

    /// COMPRESSION method, or DEFAULT as a word.
    pub(super) fn compression(&mut self) -> Result<String> {
        self.expect(K::Compression)?;
        if self.is(K::Default) { Ok(self.take_word()) } else { self.col_id() }
    }

    /// Constraints of a column or domain, and its COLLATE.
    pub(super) fn column_constraints(
        &mut self,
        constraints: &mut Vec<Constraint>,
        collation: &mut Option<CollateClause>,
    ) -> Result<()> {
        loop {
            let pos = self.pos();
            if self.eat(K::Collate) {
                let clause = CollateClause { name: self.any_name()?, pos };
                if collation.replace(clause).is_some() {
                    return Err(self.grammar_error(pos, "multiple COLLATE clauses not allowed"));
                }
                continue;
            }
            let name = if self.eat(K::Constraint) { Some(self.name()?) } else { None };
            let attribute = if name.is_none() { self.opt_constraint_attribute()? } else { None };
            let kind = match attribute {
                Some(kind) => Some(kind),
                None => self.opt_column_constraint()?,
            };
            match kind {
                Some((kind, attributes)) => constraints.push(Constraint { name, kind, attributes, pos }),
                None if name.is_some() => return Err(self.syntax_error()),
                None => return Ok(()),
            }
        }
    }

    fn opt_constraint_attribute(&mut self) -> Result<Option<(ConstraintKind, ConstraintAttributes)>> {
        let kind = if self.eat(K::Deferrable) {
            ConstraintKind::AttrDeferrable
        } else if self.eat_seq(&[K::Not, K::Deferrable]) {
            ConstraintKind::AttrNotDeferrable
        } else if self.eat(K::Initially) {
            if self.eat(K::Deferred) {
                ConstraintKind::AttrDeferred
            } else {
                self.expect(K::Immediate)?;
                ConstraintKind::AttrImmediate
            }
        } else {
            return Ok(None);
        };
        Ok(Some((kind, ConstraintAttributes::default())))
    }

    fn opt_column_constraint(&mut self) -> Result<Option<(ConstraintKind, ConstraintAttributes)>> {
        let mut attributes = ConstraintAttributes::default();
        let kind = match self.keyword() {
            Some(K::Not) => {
                self.advance();
                self.expect(K::Null)?;
                ConstraintKind::NotNull
            }
            Some(K::Null) => {
                self.advance();
                ConstraintKind::Null
            }
            Some(K::Unique) => {
                self.advance();
                let nulls_not_distinct = self.opt_null_treatment()?;
                ConstraintKind::Unique(IndexConstraint { nulls_not_distinct, ..self.index_storage()? })
            }
            Some(K::Primary) => {
                self.advance();
                self.expect(K::Key)?;
                ConstraintKind::Primary(self.index_storage()?)
            }
            Some(K::Check) => {
                self.advance();
                let check = ConstraintKind::Check(self.in_parens(Self::expr)?);
                if self.eat(K::No) {
                    self.expect(K::Inherit)?;
                    attributes.no_inherit = true;
                }
                check
            }
            Some(K::Default) => {
                self.advance();
                ConstraintKind::Default(self.b_expr()?)
            }
            Some(K::Generated) => self.generated()?,
            Some(K::References) => self.references(Vec::new())?,
            _ => return Ok(None),
        };
        Ok(Some((kind, attributes)))
    }

    pub(super) fn opt_null_treatment(&mut self) -> Result<bool> {
        if !self.eat(K::Nulls) {
            return Ok(false);
        }
        let not = self.eat(K::Not);
        self.expect(K::Distinct)?;
        Ok(not)
    }

    /// `WITH (...)` and USING INDEX TABLESPACE.
    fn index_storage(&mut self) -> Result<IndexConstraint> {
        let options = self.opt_definition()?;
        let tablespace = self.opt_index_tablespace()?;
        Ok(IndexConstraint { options, tablespace, ..IndexConstraint::default() })
    }

    fn opt_index_tablespace(&mut self) -> Result<Option<String>> {
        if !self.eat(K::Using) {
            return Ok(None);
        }
        self.expect_seq(&[K::Index, K::Tablespace])?;
        self.name().map(Some)
    }

    pub(super) fn generated_when(&mut self) -> Result<GeneratedWhen> {
        if self.eat(K::Always) {
            return Ok(GeneratedWhen::Always);
        }
        self.expect_seq(&[K::By, K::Default])?;
        Ok(GeneratedWhen::ByDefault)
    }

    fn generated(&mut self) -> Result<ConstraintKind> {
        self.expect(K::Generated)?;
        let when_pos = self.pos();
        let when = self.generated_when()?;
        self.expect(K::As)?;
        if self.eat(K::Identity) {
            return Ok(ConstraintKind::Identity(when, self.opt_parens_sequence_options()?));
        }
        let expr = self.in_parens(Self::expr)?;
        self.expect(K::Stored)?;
        if when != GeneratedWhen::Always {
            let message = "for a generated column, GENERATED ALWAYS must be specified";
            return Err(self.grammar_error(when_pos, message));
        }
        Ok(ConstraintKind::Generated(expr))
    }

    // Foreign keys

    fn references(&mut self, columns: Vec<String>) -> Result<ConstraintKind> {
        self.expect(K::References)?;
        let table = self.qualified_name()?;
        let referenced = self.opt_column_list()?;
        let match_type = self.opt_match()?;
        let mut key = ForeignKey {
            columns,
            table,
            referenced,
            match_type,
            on_update: ForeignKeyAction::NoAction,
            on_delete: ForeignKeyAction::NoAction,
            on_delete_columns: Vec::new(),
        };
        self.key_actions(&mut key)?;
        Ok(ConstraintKind::Foreign(Box::new(key)))
    }

    fn opt_match(&mut self) -> Result<MatchType> {
        let pos = self.pos();
        if !self.eat(K::Match) {
            return Ok(MatchType::Simple);
        }
        if self.eat(K::Full) {
            return Ok(MatchType::Full);
        }
        if self.eat(K::Partial) {
            return Err(self.unsupported_at(pos, "MATCH PARTIAL not yet implemented"));
        }
        self.expect(K::Simple)?;
        Ok(MatchType::Simple)
    }

    fn key_actions(&mut self, key: &mut ForeignKey) -> Result<()> {
        let (mut update_seen, mut delete_seen) = (false, false);
        while self.is(K::On) {
            let pos = self.pos();
            self.advance();
            if self.is(K::Update) && !update_seen {
                self.advance();
                update_seen = true;
                let (action, columns) = self.key_action()?;
                if !columns.is_empty() {
                    return Err(self.update_columns(pos, action));
                }
                key.on_update = action;
            } else if self.is(K::Delete) && !delete_seen {
                self.advance();
                delete_seen = true;
                (key.on_delete, key.on_delete_columns) = self.key_action()?;
            } else {
                return Err(self.syntax_error());
            }
        }
        Ok(())
    }

    #[cold]
    fn update_columns(&self, pos: Pos, action: ForeignKeyAction) -> report::Error {
        let what = if action == ForeignKeyAction::SetNull { "SET NULL" } else { "SET DEFAULT" };
        let message = format!("a column list with {what} is only supported for ON DELETE actions");
        self.unsupported_at(pos, message)
    }

    fn key_action(&mut self) -> Result<(ForeignKeyAction, Vec<String>)> {
        let action = match self.keyword() {
            Some(K::No) => {
                self.advance();
                self.expect(K::Action)?;
                return Ok((ForeignKeyAction::NoAction, Vec::new()));
            }
            Some(K::Restrict) => ForeignKeyAction::Restrict,
            Some(K::Cascade) => ForeignKeyAction::Cascade,
            Some(K::Set) => {
                self.advance();
                let action = match self.keyword() {
                    Some(K::Null) => ForeignKeyAction::SetNull,
                    Some(K::Default) => ForeignKeyAction::SetDefault,
                    _ => return Err(self.syntax_error()),
                };
                self.advance();
                return Ok((action, self.opt_column_list()?));
            }
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        Ok((action, Vec::new()))
    }

    // Table constraints

    pub(super) fn table_constraint(&mut self) -> Result<Constraint> {
        let pos = self.pos();
        let name = if self.eat(K::Constraint) { Some(self.name()?) } else { None };
        let (kind, what) = match self.keyword() {
            Some(K::Check) => {
                self.advance();
                (ConstraintKind::Check(self.in_parens(Self::expr)?), "CHECK")
            }
            Some(K::Unique) => {
                self.advance();
                (ConstraintKind::Unique(self.index_constraint(true)?), "UNIQUE")
            }
            Some(K::Primary) => {
                self.advance();
                self.expect(K::Key)?;
                (ConstraintKind::Primary(self.index_constraint(false)?), "PRIMARY KEY")
            }
            Some(K::Exclude) => (self.exclude()?, "EXCLUDE"),
            Some(K::Foreign) => {
                self.advance();
                self.expect(K::Key)?;
                let columns = self.column_list()?;
                (self.references(columns)?, "FOREIGN KEY")
            }
            _ => return Err(self.syntax_error()),
        };
        let attributes = self.constraint_attributes(what)?;
        Ok(Constraint { name, kind, attributes, pos })
    }

    fn index_constraint(&mut self, unique: bool) -> Result<IndexConstraint> {
        if self.is_seq(&[K::Using, K::Index]) {
            self.at += 2;
            let index = Some(self.name()?);
            return Ok(IndexConstraint { index, ..IndexConstraint::default() });
        }
        let nulls_not_distinct = unique && self.opt_null_treatment()?;
        let columns = self.column_list()?;
        let including = self.opt_include_columns()?;
        Ok(IndexConstraint { columns, including, nulls_not_distinct, ..self.index_storage()? })
    }

    fn opt_include_columns(&mut self) -> Result<Vec<String>> {
        if self.eat(K::Include) { self.column_list() } else { Ok(Vec::new()) }
    }

    fn exclude(&mut self) -> Result<ConstraintKind> {
        self.advance();
        let access_method = self.opt_access_method()?;
        let elements = self.parens(Self::exclude_elem)?;
        let including = self.opt_include_columns()?;
        let options = self.opt_definition()?;
        let tablespace = self.opt_index_tablespace()?;
        let filter = self.opt_where_parens()?;
        let exclude = ExcludeConstraint { access_method, elements, including, options, tablespace, filter };
        Ok(ConstraintKind::Exclude(Box::new(exclude)))
    }

    pub(super) fn opt_where_parens(&mut self) -> Result<Option<Expr>> {
        if self.eat(K::Where) { self.in_parens(Self::expr).map(Some) } else { Ok(None) }
    }

    fn exclude_elem(&mut self) -> Result<(IndexElem, OperatorName)> {
        let elem = self.index_elem()?;
        self.expect(K::With)?;
        let operator = if self.is(K::Operator) && self.peek(1) == TokenKind::Char(b'(') {
            self.advance();
            self.in_parens(Self::any_operator)?
        } else {
            self.any_operator()?
        };
        Ok((elem, operator))
    }

    /// DEFERRABLE and its kin behind a table constraint of this sort, checked for what the sort allows.
    fn constraint_attributes(&mut self, what: &str) -> Result<ConstraintAttributes> {
        let bits = self.attribute_bits()?;
        let mut attributes = ConstraintAttributes::default();
        let deferring = bits & (attribute::DEFERRABLE | attribute::DEFERRED) != 0;
        if deferring && what == "CHECK" {
            return Err(self.bad_attribute(what, "DEFERRABLE"));
        }
        attributes.deferrable = deferring;
        attributes.initially_deferred = bits & attribute::DEFERRED != 0;
        attributes.not_valid = bits & attribute::NOT_VALID != 0;
        if attributes.not_valid && !matches!(what, "CHECK" | "FOREIGN KEY") {
            return Err(self.bad_attribute(what, "NOT VALID"));
        }
        attributes.no_inherit = bits & attribute::NO_INHERIT != 0;
        if attributes.no_inherit && what != "CHECK" {
            return Err(self.bad_attribute(what, "NO INHERIT"));
        }
        Ok(attributes)
    }

    /// The attributes of ALTER CONSTRAINT, a constraint trigger and so on: only whether it is deferred.
    pub(super) fn deferral(&mut self, what: &str) -> Result<ConstraintAttributes> {
        let bits = self.attribute_bits()?;
        if bits & attribute::NOT_VALID != 0 {
            return Err(self.bad_attribute(what, "NOT VALID"));
        }
        if bits & attribute::NO_INHERIT != 0 {
            return Err(self.bad_attribute(what, "NO INHERIT"));
        }
        let deferrable = bits & (attribute::DEFERRABLE | attribute::DEFERRED) != 0;
        let initially_deferred = bits & attribute::DEFERRED != 0;
        Ok(ConstraintAttributes { deferrable, initially_deferred, ..ConstraintAttributes::default() })
    }

    #[cold]
    fn bad_attribute(&self, what: &str, attribute: &str) -> report::Error {
        // Without a position, as in PostgreSQL.
        self.unsupported_at(Pos::NONE, format!("{what} constraints cannot be marked {attribute}"))
    }

    pub(super) fn attribute_bits(&mut self) -> Result<u32> {
        use attribute::{DEFERRABLE, DEFERRED, IMMEDIATE, NO_INHERIT, NOT_DEFERRABLE, NOT_VALID};
        let mut bits = 0;
        loop {
            let pos = self.pos();
            let bit = match self.keyword() {
                Some(K::Not) => {
                    self.advance();
                    if self.eat(K::Valid) {
                        NOT_VALID
                    } else {
                        self.expect(K::Deferrable)?;
                        NOT_DEFERRABLE
                    }
                }
                Some(K::Deferrable) => {
                    self.advance();
                    DEFERRABLE
                }
                Some(K::Initially) => {
                    self.advance();
                    if self.eat(K::Deferred) {
                        DEFERRED
                    } else {
                        self.expect(K::Immediate)?;
                        IMMEDIATE
                    }
                }
                Some(K::No) => {
                    self.advance();
                    self.expect(K::Inherit)?;
                    NO_INHERIT
                }
                _ => return Ok(bits),
            };
            bits |= bit;
            let both = |pair: u32| bits & pair == pair;
            if both(NOT_DEFERRABLE | DEFERRED) {
                let message = "constraint declared INITIALLY DEFERRED must be DEFERRABLE";
                return Err(self.grammar_error(pos, message));
            }
            if both(NOT_DEFERRABLE | DEFERRABLE) || both(IMMEDIATE | DEFERRED) {
                return Err(self.grammar_error(pos, "conflicting constraint properties"));
            }
        }
    }

    // Partitions

    fn opt_partition_by(&mut self) -> Result<Option<PartitionSpec>> {
        let pos = self.pos();
        if !self.eat(K::Partition) {
            return Ok(None);
        }
        self.expect(K::By)?;
        let strategy = self.col_id()?;
        let elements = self.parens(Self::partition_elem)?;
        Ok(Some(PartitionSpec { strategy, elements, pos }))
    }

    fn partition_elem(&mut self) -> Result<PartitionElem> {
        let pos = self.pos();
        let key = self.index_key()?;
        let collation = self.opt_collation()?;
        let opclass = if self.is_col_id() { Some(self.any_name()?) } else { None };
        Ok(PartitionElem { key, collation, opclass, pos })
    }

    /// FOR VALUES or DEFAULT.
    pub(super) fn partition_bound(&mut self) -> Result<PartitionBound> {
        let pos = self.pos();
        if self.eat(K::Default) {
            return Ok(PartitionBound { kind: PartitionBoundKind::Default, pos });
        }
        self.expect_seq(&[K::For, K::Values])?;
        let pos = self.pos();
        let kind = match self.keyword() {
            Some(K::With) => {
                self.advance();
                self.hash_bound()?
            }
            Some(K::In) => {
                self.advance();
                PartitionBoundKind::List(self.parens(Self::expr)?)
            }
            _ => {
                self.expect(K::From)?;
                let lower = self.parens(Self::expr)?;
                self.expect(K::To)?;
                PartitionBoundKind::Range(lower, self.parens(Self::expr)?)
            }
        };
        Ok(PartitionBound { kind, pos })
    }

    fn hash_bound(&mut self) -> Result<PartitionBoundKind> {
        let items = self.parens(|p| {
            let pos = p.pos();
            let name = p.non_reserved_word()?;
            Ok((name, p.iconst()?, pos))
        })?;
        let (mut modulus, mut remainder) = (None, None);
        for (name, value, pos) in items {
            let slot = match name.as_str() {
                "modulus" => &mut modulus,
                "remainder" => &mut remainder,
                _ => {
                    let message = format!("unrecognized hash partition bound specification \"{name}\"");
                    return Err(self.grammar_error(pos, message));
                }
            };
            if slot.replace(value).is_some() {
                let message = format!("{name} for hash partition provided more than once");
                return Err(self.error_at(pos, SqlState::DUPLICATE_OBJECT, message));
            }
        }
        let missing = |what: &str| format!("{what} for hash partition must be specified");
        let modulus = modulus.ok_or_else(|| self.grammar_error(Pos::NONE, missing("modulus")))?;
        let remainder = remainder.ok_or_else(|| self.grammar_error(Pos::NONE, missing("remainder")))?;
        Ok(PartitionBoundKind::Hash { modulus, remainder })
    }
}

/// Bits of constraint attributes, to find conflicts among them.
mod attribute {
    pub const NOT_DEFERRABLE: u32 = 1;
    pub const DEFERRABLE: u32 = 2;
    pub const IMMEDIATE: u32 = 4;
    pub const DEFERRED: u32 = 8;
    pub const NOT_VALID: u32 = 16;
    pub const NO_INHERIT: u32 = 32;
}

fn new_table(relation: RangeVar, if_not_exists: bool) -> CreateTableStmt {
    CreateTableStmt {
        relation,
        if_not_exists,
        elements: Vec::new(),
        inherits: Vec::new(),
        partition_bound: None,
        partition_by: None,
        of_type: None,
        access_method: None,
        options: Vec::new(),
        on_commit: OnCommit::Noop,
        tablespace: None,
        foreign: None,
    }
}

fn new_column(name: String, pos: Pos) -> ColumnDef {
    ColumnDef {
        name,
        type_name: None,
        storage: None,
        compression: None,
        collation: None,
        constraints: Vec::new(),
        fdw_options: Vec::new(),
        pos,
    }
}
