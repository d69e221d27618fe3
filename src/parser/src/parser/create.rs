//! CREATE: which rule takes which object, and the small objects themselves.

use super::Parser;
use super::statement::option;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::Result;

impl Parser<'_> {
    pub(super) fn create(&mut self) -> Result<Statement> {
        self.advance();
        let or_replace = self.eat(K::Or);
        if or_replace {
            self.expect(K::Replace)?;
        }
        let persistence = self.opt_temp(false)?;
        let Some(k) = self.keyword() else {
            return Err(self.syntax_error());
        };
        match k {
            K::View | K::Recursive => self.create_view(or_replace, persistence),
            _ if persistence != Persistence::Permanent || !or_replace => {
                self.create_relation(k, or_replace, persistence)
            }
            _ => self.create_replaceable(k, or_replace),
        }
    }

    /// What cannot be replaced but may be TEMP or UNLOGGED.
    fn create_relation(&mut self, k: K, or_replace: bool, persistence: Persistence) -> Result<Statement> {
        match k {
            K::Table => {
                self.advance();
                self.create_table(persistence)
            }
            K::Sequence => {
                self.advance();
                self.create_sequence(persistence)
            }
            K::Materialized if persistence != Persistence::Temporary => {
                self.expect_seq(&[K::Materialized, K::View])?;
                self.create_matview(persistence)
            }
            _ if persistence != Persistence::Permanent || or_replace => Err(self.syntax_error()),
            _ => self.create_replaceable(k, false),
        }
    }

    /// What may be CREATE OR REPLACE.
    fn create_replaceable(&mut self, k: K, or_replace: bool) -> Result<Statement> {
        match k {
            K::Function | K::Procedure => self.create_function(or_replace),
            K::Aggregate => {
                self.advance();
                self.create_aggregate(or_replace)
            }
            K::Trigger => {
                self.advance();
                self.create_trigger(or_replace, false)
            }
            K::Constraint => {
                self.expect_seq(&[K::Constraint, K::Trigger])?;
                self.create_trigger(or_replace, true)
            }
            K::Rule => {
                self.advance();
                self.create_rule(or_replace)
            }
            K::Transform => {
                self.advance();
                self.create_transform(or_replace)
            }
            K::Trusted | K::Procedural | K::Language => self.create_language(or_replace),
            _ if or_replace => Err(self.syntax_error()),
            _ => self.create_other(k),
        }
    }

    fn create_other(&mut self, k: K) -> Result<Statement> {
        let two = self.peek(1);
        self.advance();
        match k {
            K::Index => self.create_index(false),
            K::Unique => {
                self.expect(K::Index)?;
                self.create_index(true)
            }
            K::Statistics => self.create_statistics(),
            K::Policy => self.create_policy(),
            K::Schema => self.create_schema(),
            K::Database => self.create_database(),
            K::Tablespace => self.create_tablespace(),
            K::Role => self.create_role(RoleStmtKind::Role),
            K::Group => self.create_role(RoleStmtKind::Group),
            K::User if two == TokenKind::Keyword(K::Mapping) => self.create_user_mapping(),
            K::User => self.create_role(RoleStmtKind::User),
            K::Extension => self.create_extension(),
            K::Event => {
                self.expect(K::Trigger)?;
                self.create_event_trigger()
            }
            K::Access => self.create_access_method(),
            K::Assertion => self.create_assertion(),
            _ => self.create_definition(k),
        }
    }

    fn create_definition(&mut self, k: K) -> Result<Statement> {
        match k {
            K::Type => self.create_type(),
            K::Domain => self.create_domain(),
            K::Operator => self.create_operator(),
            K::Text => self.create_text_search(),
            K::Collation => self.create_collation(),
            K::Cast => self.create_cast(),
            K::Conversion => self.create_conversion(false),
            K::Default => {
                self.expect(K::Conversion)?;
                self.create_conversion(true)
            }
            K::Server => self.create_server(),
            K::Foreign if self.eat(K::Table) => self.create_foreign_table(),
            K::Foreign => {
                self.expect_seq(&[K::Data, K::Wrapper])?;
                self.create_fdw()
            }
            K::Publication => self.create_publication(),
            K::Subscription => self.create_subscription(),
            _ => {
                self.at -= 1;
                Err(self.syntax_error())
            }
        }
    }

    // Schemas, databases, tablespaces, extensions

    fn create_schema(&mut self) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let mut name = None;
        let mut owner = None;
        if !self.is(K::Authorization) {
            name = Some(self.col_id()?);
        }
        if self.eat(K::Authorization) {
            owner = Some(self.role_spec()?);
        }
        let elements_pos = self.pos();
        let mut elements = Vec::new();
        while self.is_any(&[K::Create, K::Grant]) {
            elements.push(self.schema_element()?);
        }
        if if_not_exists && !elements.is_empty() {
            let message = "CREATE SCHEMA IF NOT EXISTS cannot include schema elements";
            return Err(self.unsupported_at(elements_pos, message));
        }
        Ok(Statement::CreateSchema(Box::new(CreateSchemaStmt { name, owner, elements, if_not_exists })))
    }

    /// Tables, indexes, sequences, triggers, grants and views only.
    fn schema_element(&mut self) -> Result<Statement> {
        let start = self.at;
        let stmt = self.statement()?;
        match &stmt {
            Statement::CreateTable(table) if table.foreign.is_none() => Ok(stmt),
            Statement::CreateIndex(_)
            | Statement::CreateSequence(_)
            | Statement::CreateTrigger(_)
            | Statement::Grant(_)
            | Statement::CreateView(_) => Ok(stmt),
            _ => {
                self.at = start + 1;
                Err(self.syntax_error())
            }
        }
    }

    fn create_database(&mut self) -> Result<Statement> {
        let name = self.name()?;
        self.eat(K::With);
        let options = self.database_options()?;
        Ok(Statement::CreateDatabase(Box::new(CreateDatabaseStmt { name, options })))
    }

    pub(super) fn database_options(&mut self) -> Result<Vec<DefElem>> {
        let mut options = Vec::new();
        while let Some(option) = self.opt_database_option()? {
            options.push(option);
        }
        Ok(options)
    }

    fn opt_database_option(&mut self) -> Result<Option<DefElem>> {
        let pos = self.pos();
        let name = if self.is_ident() {
            self.take_word()
        } else if self.eat(K::Connection) {
            self.expect(K::Limit)?;
            "connection_limit".to_owned()
        } else if self.is_any(&[K::Encoding, K::Location, K::Owner, K::Tablespace, K::Template]) {
            self.take_word()
        } else {
            return Ok(None);
        };
        self.eat_char(b'=');
        let arg = if self.eat(K::Default) {
            None
        } else if self.is_numeric_only() {
            Some(self.numeric_arg()?)
        } else {
            Some(DefArg::String(self.boolean_or_string()?))
        };
        Ok(Some(option(&name, arg, pos)))
    }

    fn create_tablespace(&mut self) -> Result<Statement> {
        let name = self.name()?;
        let owner = if self.eat(K::Owner) { Some(self.role_spec()?) } else { None };
        self.expect(K::Location)?;
        let location = self.string()?;
        let options = self.opt_reloptions()?;
        Ok(Statement::CreateTablespace(Box::new(CreateTablespaceStmt { name, owner, location, options })))
    }

    fn create_extension(&mut self) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let name = self.name()?;
        self.eat(K::With);
        let mut options = Vec::new();
        loop {
            let pos = self.pos();
            let (name, arg) = if self.eat(K::Schema) {
                ("schema", DefArg::String(self.name()?))
            } else if self.eat(K::Version) {
                ("new_version", DefArg::String(self.word_or_string()?))
            } else if self.eat(K::Cascade) {
                ("cascade", DefArg::Boolean(true))
            } else if self.eat(K::From) {
                self.word_or_string()?;
                return Err(self.unsupported_at(pos, "CREATE EXTENSION ... FROM is no longer supported"));
            } else {
                break;
            };
            options.push(option(name, Some(arg), pos));
        }
        Ok(Statement::CreateExtension(Box::new(CreateExtensionStmt { name, if_not_exists, options })))
    }

    fn create_language(&mut self, or_replace: bool) -> Result<Statement> {
        let trusted = self.eat(K::Trusted);
        self.eat(K::Procedural);
        self.expect(K::Language)?;
        let name = self.name()?;
        if !self.eat(K::Handler) {
            let extension = CreateExtensionStmt { name, if_not_exists: or_replace, options: Vec::new() };
            return Ok(Statement::CreateExtension(Box::new(extension)));
        }
        let handler = self.any_name()?;
        let inline = if self.eat(K::Inline) { Some(self.any_name()?) } else { None };
        let mut validator = None;
        if self.eat(K::No) {
            self.expect(K::Validator)?;
        } else if self.eat(K::Validator) {
            validator = Some(self.any_name()?);
        }
        let language = CreatePLangStmt { or_replace, name, handler, inline, validator, trusted };
        Ok(Statement::CreateLanguage(Box::new(language)))
    }

    fn create_access_method(&mut self) -> Result<Statement> {
        self.expect(K::Method)?;
        let name = self.name()?;
        self.expect(K::Type)?;
        let table = self.eat(K::Table);
        if !table {
            self.expect(K::Index)?;
        }
        self.expect(K::Handler)?;
        let handler = self.any_name()?;
        Ok(Statement::CreateAccessMethod(Box::new(CreateAmStmt { name, table, handler })))
    }

    #[cold]
    fn create_assertion(&mut self) -> Result<Statement> {
        self.any_name()?;
        self.expect(K::Check)?;
        self.in_parens(Self::expr)?;
        self.attribute_bits()?;
        Err(self.unsupported_at(Pos::NONE, "CREATE ASSERTION is not yet implemented"))
    }

    // Foreign data

    fn create_fdw(&mut self) -> Result<Statement> {
        let name = self.name()?;
        let func_options = self.fdw_functions()?;
        let options = self.opt_generic_options()?;
        Ok(Statement::CreateFdw(Box::new(CreateFdwStmt { name, func_options, options })))
    }

    pub(super) fn fdw_functions(&mut self) -> Result<Vec<DefElem>> {
        let mut options = Vec::new();
        loop {
            let pos = self.pos();
            let no = self.eat(K::No);
            let name = match self.keyword() {
                Some(K::Handler) => "handler",
                Some(K::Validator) => "validator",
                _ if no => return Err(self.syntax_error()),
                _ => return Ok(options),
            };
            self.advance();
            let arg = if no { None } else { Some(DefArg::Name(self.any_name()?)) };
            options.push(option(name, arg, pos));
        }
    }

    fn create_server(&mut self) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let name = self.name()?;
        let server_type = if self.eat(K::Type) { Some(self.string()?) } else { None };
        let version = self.opt_server_version()?;
        self.expect_seq(&[K::Foreign, K::Data, K::Wrapper])?;
        let fdw = self.name()?;
        let options = self.opt_generic_options()?;
        let server = CreateForeignServerStmt { name, server_type, version, fdw, if_not_exists, options };
        Ok(Statement::CreateForeignServer(Box::new(server)))
    }

    pub(super) fn opt_server_version(&mut self) -> Result<Option<Option<String>>> {
        if !self.eat(K::Version) {
            return Ok(None);
        }
        if self.eat(K::Null) {
            return Ok(Some(None));
        }
        Ok(Some(Some(self.string()?)))
    }

    /// The role of a user mapping: USER is a way to say CURRENT_USER.
    pub(super) fn mapping_user(&mut self) -> Result<RoleSpec> {
        self.expect(K::For)?;
        if self.is(K::User) {
            let pos = Pos(self.advance().start);
            return Ok(RoleSpec { role: Role::CurrentUser, pos });
        }
        self.role_spec()
    }

    fn create_user_mapping(&mut self) -> Result<Statement> {
        self.expect(K::Mapping)?;
        let if_not_exists = self.if_not_exists()?;
        let user = self.mapping_user()?;
        self.expect(K::Server)?;
        let server = self.name()?;
        let options = self.opt_generic_options()?;
        let mapping = CreateUserMappingStmt { user, server, if_not_exists, options };
        Ok(Statement::CreateUserMapping(Box::new(mapping)))
    }

    pub(super) fn import_schema(&mut self) -> Result<Statement> {
        self.expect_seq(&[K::Import, K::Foreign, K::Schema])?;
        let remote_schema = self.name()?;
        let selection = if self.eat(K::Limit) {
            self.expect(K::To)?;
            ImportSelection::LimitTo(self.parens(Self::relation_expr)?)
        } else if self.eat(K::Except) {
            ImportSelection::Except(self.parens(Self::relation_expr)?)
        } else {
            ImportSelection::All
        };
        self.expect_seq(&[K::From, K::Server])?;
        let server = self.name()?;
        self.expect(K::Into)?;
        let local_schema = self.name()?;
        let options = self.opt_generic_options()?;
        let import = ImportForeignSchemaStmt { remote_schema, selection, server, local_schema, options };
        Ok(Statement::ImportForeignSchema(Box::new(import)))
    }

    // Publications and subscriptions

    fn create_publication(&mut self) -> Result<Statement> {
        let name = self.name()?;
        let mut all_tables = false;
        let mut objects = Vec::new();
        if self.eat(K::For) {
            all_tables = self.eat(K::All);
            if all_tables {
                self.expect(K::Tables)?;
            } else {
                objects = self.publication_objects()?;
            }
        }
        let options = self.opt_definition()?;
        let publication = CreatePublicationStmt { name, all_tables, objects, options };
        Ok(Statement::CreatePublication(Box::new(publication)))
    }

    /// Tables and schemas; an item without a word of its own is of the kind of the one before it.
    pub(super) fn publication_objects(&mut self) -> Result<Vec<PublicationObject>> {
        let mut specs = vec![self.publication_spec()?];
        while self.eat_char(b',') {
            specs.push(self.publication_spec()?);
        }
        let mut objects = Vec::new();
        let mut schema = None;
        for spec in specs {
            schema = spec.schema.or(schema);
            objects.push(self.publication_object(spec, schema)?);
        }
        Ok(objects)
    }

    fn publication_object(&self, spec: PublicationSpec, schema: Option<bool>) -> Result<PublicationObject> {
        let pos = spec.pos;
        match (schema, spec.relation) {
            (None, _) => {
                let error = self.grammar_error(pos, "invalid publication object list");
                let detail =
                    "One of TABLE or TABLES IN SCHEMA must be specified before a standalone table or schema name.";
                Err(error.detail(detail))
            }
            (Some(false), Some(relation)) => {
                Ok(PublicationObject::Table { relation, columns: spec.columns, filter: spec.filter })
            }
            (Some(false), None) => Err(self.grammar_error(pos, "invalid table name")),
            (Some(true), _) if spec.filter.is_some() => {
                Err(self.grammar_error(pos, "WHERE clause not allowed for schema"))
            }
            (Some(true), _) if !spec.columns.is_empty() => {
                Err(self.grammar_error(pos, "column specification not allowed for schema"))
            }
            (Some(true), None) => Ok(PublicationObject::CurrentSchema(pos)),
            (Some(true), Some(relation)) if relation.schema.is_none() && relation.inherit && !spec.starred => {
                Ok(PublicationObject::Schema(relation.name, pos))
            }
            (Some(true), Some(_)) => Err(self.grammar_error(pos, "invalid schema name")),
        }
    }

    fn publication_spec(&mut self) -> Result<PublicationSpec> {
        let mut spec = PublicationSpec { pos: self.pos(), ..PublicationSpec::default() };
        if self.eat_seq(&[K::Tables, K::In, K::Schema]) {
            spec.schema = Some(true);
            spec.pos = self.pos();
            if !self.eat(K::CurrentSchema) {
                let pos = self.pos();
                spec.relation = Some(RangeVar { pos, ..RangeVar::named(self.col_id()?) });
            }
            return Ok(spec);
        }
        if self.eat(K::CurrentSchema) {
            return Ok(spec);
        }
        if self.eat(K::Table) {
            spec.schema = Some(false);
        }
        spec.relation = Some(self.relation_expr()?);
        spec.starred = self.tokens[self.at - 1].kind == TokenKind::Char(b'*');
        spec.columns = self.opt_column_list()?;
        spec.filter = self.opt_where_parens()?;
        Ok(spec)
    }

    fn create_subscription(&mut self) -> Result<Statement> {
        let name = self.name()?;
        self.expect(K::Connection)?;
        let connection = self.string()?;
        self.expect(K::Publication)?;
        let publications = self.name_list()?;
        let options = self.opt_definition()?;
        let subscription = CreateSubscriptionStmt { name, connection, publications, options };
        Ok(Statement::CreateSubscription(Box::new(subscription)))
    }
}

/// An item of a publication's list as written.
struct PublicationSpec {
    /// Whether it was marked as a schema (true), as a table (false), or not at all.
    schema: Option<bool>,
    /// Its name; none is CURRENT_SCHEMA.
    relation: Option<RangeVar>,
    starred: bool,
    columns: Vec<String>,
    filter: Option<Expr>,
    pos: Pos,
}

impl Default for PublicationSpec {
    fn default() -> PublicationSpec {
        PublicationSpec {
            schema: None,
            relation: None,
            starred: false,
            columns: Vec::new(),
            filter: None,
            pos: Pos::NONE,
        }
    }
}
