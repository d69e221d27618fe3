//! ALTER of everything but tables: which rule takes which object, and what all objects share (RENAME, OWNER, SCHEMA).

use super::Parser;
use super::statement::option;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::Result;

/// What may be altered in an object by the statements that many kinds share.
#[derive(Clone, Copy)]
struct Actions {
    rename: bool,
    owner: bool,
    schema: bool,
    depends: bool,
}

const RENAME: Actions = Actions { rename: true, owner: false, schema: false, depends: false };
const OWNER: Actions = Actions { rename: false, owner: true, schema: false, depends: false };
const RENAME_OWNER: Actions = Actions { rename: true, ..OWNER };
const RENAME_SCHEMA: Actions = Actions { schema: true, ..RENAME };
const OWNER_SCHEMA: Actions = Actions { schema: true, ..OWNER };
const ALL: Actions = Actions { rename: true, ..OWNER_SCHEMA };
const ALL_DEPENDS: Actions = Actions { depends: true, ..ALL };

impl Parser<'_> {
    pub(super) fn alter(&mut self) -> Result<Statement> {
        self.advance();
        let Some(k) = self.keyword() else {
            return Err(self.syntax_error());
        };
        self.advance();
        match k {
            K::Table => self.alter_relation(ObjectType::Table),
            K::Index => self.alter_relation(ObjectType::Index),
            K::Sequence => self.alter_relation(ObjectType::Sequence),
            K::View => self.alter_relation(ObjectType::View),
            K::Materialized => {
                self.expect(K::View)?;
                self.alter_relation(ObjectType::MaterializedView)
            }
            K::Foreign if self.eat(K::Table) => self.alter_relation(ObjectType::ForeignTable),
            K::Foreign => {
                self.expect_seq(&[K::Data, K::Wrapper])?;
                self.alter_fdw()
            }
            K::Type => self.alter_type(),
            K::Domain => self.alter_domain(),
            K::Function => self.alter_function(ObjectType::Function),
            K::Procedure => self.alter_function(ObjectType::Procedure),
            K::Routine => self.alter_function(ObjectType::Routine),
            _ => self.alter_named(k),
        }
    }

    fn alter_named(&mut self, k: K) -> Result<Statement> {
        match k {
            K::Role => self.alter_role(),
            K::User if self.is_seq(&[K::Mapping, K::For]) => self.alter_user_mapping(),
            K::User => self.alter_role(),
            K::Group => self.alter_group(),
            K::Database => self.alter_database(),
            K::Tablespace => self.alter_tablespace(),
            K::System => self.alter_system(),
            K::Default => self.alter_default_privileges(),
            K::Policy => self.alter_policy(),
            K::Server => self.alter_server(),
            K::Extension => self.alter_extension(),
            K::Publication => self.alter_publication(),
            K::Subscription => self.alter_subscription(),
            K::Event => self.alter_event_trigger(),
            K::Statistics => self.alter_statistics(),
            K::Collation => self.alter_collation(),
            K::Operator => self.alter_operator(),
            K::Text => self.alter_text_search(),
            _ => self.alter_shared(k),
        }
    }

    /// Kinds that have nothing but the shared actions.
    fn alter_shared(&mut self, k: K) -> Result<Statement> {
        let (kind, object, actions) = match k {
            K::Aggregate => (ObjectType::Aggregate, ObjectName::Callable(self.aggregate_with_args()?), ALL),
            K::Conversion => (ObjectType::Conversion, ObjectName::Qualified(self.any_name()?), ALL),
            K::Schema => (ObjectType::Schema, ObjectName::Name(self.name()?), RENAME_OWNER),
            K::Language => (ObjectType::Language, ObjectName::Name(self.name()?), RENAME_OWNER),
            K::Procedural => {
                self.expect(K::Language)?;
                (ObjectType::Language, ObjectName::Name(self.name()?), RENAME_OWNER)
            }
            K::Large => {
                self.expect(K::Object)?;
                (ObjectType::LargeObject, self.large_object()?, OWNER)
            }
            K::Rule => return self.alter_on_relation(ObjectType::Rule),
            K::Trigger => return self.alter_on_relation(ObjectType::Trigger),
            _ => {
                self.at -= 1;
                return Err(self.syntax_error());
            }
        };
        self.shared_action(kind, object, actions)
    }

    /// One of the shared actions, which must be there.
    fn shared_action(&mut self, kind: ObjectType, object: ObjectName, actions: Actions) -> Result<Statement> {
        if self.is_shared_action(actions) {
            return self.take_action(kind, object);
        }
        if actions.schema {
            // SET could have been the start of SET SCHEMA.
            self.eat(K::Set);
        }
        Err(self.syntax_error())
    }

    fn is_shared_action(&self, actions: Actions) -> bool {
        match self.keyword() {
            Some(K::Rename) => actions.rename,
            Some(K::Owner) => actions.owner,
            Some(K::Set) => actions.schema && self.peek_is(1, K::Schema) && !self.peek(2).is_string(),
            Some(K::No) => actions.depends && self.peek_is(1, K::Depends),
            Some(K::Depends) => actions.depends,
            _ => false,
        }
    }

    fn take_action(&mut self, object_type: ObjectType, object: ObjectName) -> Result<Statement> {
        if self.eat(K::Rename) {
            self.expect(K::To)?;
            let new_name = self.name()?;
            return Ok(rename(object_type, object, None, new_name));
        }
        if self.eat(K::Owner) {
            self.expect(K::To)?;
            let new_owner = self.role_spec()?;
            return Ok(Statement::AlterOwner(Box::new(AlterOwnerStmt { object_type, object, new_owner })));
        }
        if self.eat(K::Set) {
            self.expect(K::Schema)?;
            let new_schema = self.name()?;
            let alter = AlterObjectSchemaStmt { object_type, object, new_schema, if_exists: false };
            return Ok(Statement::AlterObjectSchema(Box::new(alter)));
        }
        self.depends(object_type, object)
    }

    /// `[NO] DEPENDS ON EXTENSION name`
    pub(super) fn depends(&mut self, object_type: ObjectType, object: ObjectName) -> Result<Statement> {
        let remove = self.eat(K::No);
        self.expect_seq(&[K::Depends, K::On, K::Extension])?;
        let extension = self.name()?;
        let depends = AlterObjectDependsStmt { object_type, object, extension, remove };
        Ok(Statement::AlterObjectDepends(Box::new(depends)))
    }

    fn alter_on_relation(&mut self, kind: ObjectType) -> Result<Statement> {
        let name = self.name()?;
        self.expect(K::On)?;
        let relation = self.qualified_name()?;
        if kind == ObjectType::Trigger && self.is_any(&[K::No, K::Depends]) {
            return self.depends(kind, ObjectName::OnRelation(name, relation_name(relation)));
        }
        self.expect_seq(&[K::Rename, K::To])?;
        let new_name = self.name()?;
        Ok(rename(kind, ObjectName::Relation(relation), Some(name), new_name))
    }

    fn alter_function(&mut self, kind: ObjectType) -> Result<Statement> {
        let function = self.function_with_args()?;
        if self.is_shared_action(ALL_DEPENDS) {
            return self.take_action(kind, ObjectName::Callable(function));
        }
        let mut actions = Vec::new();
        while let Some(option) = self.opt_function_option(false)? {
            actions.push(option);
        }
        if actions.is_empty() {
            return Err(self.syntax_error());
        }
        self.eat(K::Restrict);
        Ok(Statement::AlterFunction(Box::new(AlterFunctionStmt { object_type: kind, function, actions })))
    }

    // Types and domains

    fn alter_type(&mut self) -> Result<Statement> {
        let name = self.any_name()?;
        match (self.keyword(), self.peek(1)) {
            (Some(K::Add), TokenKind::Keyword(K::Value)) => self.add_enum_value(name),
            (Some(K::Rename), TokenKind::Keyword(K::Value)) => {
                self.at += 2;
                let old = self.string()?;
                self.expect(K::To)?;
                let action = AlterEnumAction::Rename(old, self.string()?);
                Ok(Statement::AlterEnum(Box::new(AlterEnumStmt { name, action })))
            }
            (Some(K::Rename), TokenKind::Keyword(K::Attribute)) => self.rename_attribute(name),
            (Some(K::Set), TokenKind::Char(b'(')) => {
                self.advance();
                let options = self.parens(Self::operator_def)?;
                Ok(Statement::AlterType(Box::new(AlterTypeStmt { name, options })))
            }
            (Some(K::Add | K::Drop | K::Alter), _) => self.alter_composite(name),
            _ => self.shared_action(ObjectType::Type, ObjectName::Qualified(name), ALL),
        }
    }

    fn add_enum_value(&mut self, name: QualifiedName) -> Result<Statement> {
        self.at += 2;
        let if_not_exists = self.if_not_exists()?;
        let label = self.string()?;
        let mut neighbor = None;
        if self.eat(K::Before) {
            neighbor = Some((self.string()?, false));
        } else if self.eat(K::After) {
            neighbor = Some((self.string()?, true));
        }
        let action = AlterEnumAction::Add { label, if_not_exists, neighbor };
        Ok(Statement::AlterEnum(Box::new(AlterEnumStmt { name, action })))
    }

    fn rename_attribute(&mut self, name: QualifiedName) -> Result<Statement> {
        self.at += 2;
        let attribute = self.name()?;
        self.expect(K::To)?;
        let new_name = self.name()?;
        let behavior = self.opt_behavior();
        Ok(Statement::Rename(Box::new(RenameStmt {
            rename_type: ObjectType::Attribute,
            relation_type: Some(ObjectType::Type),
            object: ObjectName::Relation(self.range_var(name)?),
            sub_name: Some(attribute),
            new_name,
            behavior,
            if_exists: false,
        })))
    }

    fn alter_composite(&mut self, name: QualifiedName) -> Result<Statement> {
        let relation = self.range_var(name)?;
        let commands = self.list(Self::attribute_command)?;
        let object_type = ObjectType::Type;
        let alter = AlterTableStmt { relation, commands, object_type, if_exists: false };
        Ok(Statement::AlterTable(Box::new(alter)))
    }

    fn attribute_command(&mut self) -> Result<AlterTableCmd> {
        if self.eat(K::Add) {
            self.expect(K::Attribute)?;
            let column = self.column_definition()?;
            let collation = column.collation.map(|name| CollateClause { name, pos: Pos::NONE });
            let column = Box::new(ColumnDef {
                name: column.name,
                type_name: Some(column.type_name),
                storage: None,
                compression: None,
                collation,
                constraints: Vec::new(),
                fdw_options: Vec::new(),
                pos: column.pos,
            });
            let behavior = self.opt_behavior();
            return Ok(AlterTableCmd::AddColumn { column, if_not_exists: false, behavior });
        }
        if self.eat(K::Drop) {
            self.expect(K::Attribute)?;
            let if_exists = self.if_exists()?;
            let name = self.col_id()?;
            return Ok(AlterTableCmd::DropColumn { name, if_exists, behavior: self.opt_behavior() });
        }
        self.expect_seq(&[K::Alter, K::Attribute])?;
        let pos = self.pos();
        let name = self.col_id()?;
        let (type_name, collation) = self.new_column_type()?;
        let behavior = self.opt_behavior();
        let change = AlterColumnType { name, type_name, collation, using: None, behavior, pos };
        Ok(AlterTableCmd::AlterColumnType(Box::new(change)))
    }

    /// `[SET DATA] TYPE type [COLLATE name]`
    pub(super) fn new_column_type(&mut self) -> Result<(TypeName, Option<CollateClause>)> {
        if self.eat(K::Set) {
            self.expect(K::Data)?;
        }
        self.expect(K::Type)?;
        let type_name = self.type_name()?;
        let pos = self.pos();
        let collation = self.opt_collation()?.map(|name| CollateClause { name, pos });
        Ok((type_name, collation))
    }

    fn alter_domain(&mut self) -> Result<Statement> {
        let name = self.any_name()?;
        if self.is_seq(&[K::Rename, K::Constraint]) {
            self.at += 2;
            let constraint = self.name()?;
            self.expect(K::To)?;
            let new_name = self.name()?;
            let object = ObjectName::Qualified(name);
            return Ok(rename(ObjectType::DomainConstraint, object, Some(constraint), new_name));
        }
        if self.is_shared_action(ALL) {
            return self.take_action(ObjectType::Domain, ObjectName::Qualified(name));
        }
        let action = self.domain_action()?;
        Ok(Statement::AlterDomain(Box::new(AlterDomainStmt { name, action })))
    }

    fn domain_action(&mut self) -> Result<AlterDomainAction> {
        let k = self.keyword();
        self.advance();
        match k {
            Some(K::Set) if self.eat(K::Default) => Ok(AlterDomainAction::Default(Some(self.expr()?))),
            Some(K::Set) => {
                self.expect_seq(&[K::Not, K::Null])?;
                Ok(AlterDomainAction::SetNotNull)
            }
            Some(K::Drop) if self.eat(K::Default) => Ok(AlterDomainAction::Default(None)),
            Some(K::Drop) if self.eat(K::Constraint) => {
                let if_exists = self.if_exists()?;
                let name = self.name()?;
                Ok(AlterDomainAction::DropConstraint { name, if_exists, behavior: self.opt_behavior() })
            }
            Some(K::Drop) => {
                self.expect_seq(&[K::Not, K::Null])?;
                Ok(AlterDomainAction::DropNotNull)
            }
            Some(K::Add) => Ok(AlterDomainAction::AddConstraint(Box::new(self.table_constraint()?))),
            Some(K::Validate) => {
                self.expect(K::Constraint)?;
                Ok(AlterDomainAction::ValidateConstraint(self.name()?))
            }
            _ => {
                self.at -= 1;
                Err(self.syntax_error())
            }
        }
    }

    // Databases, tablespaces, settings

    fn alter_database(&mut self) -> Result<Statement> {
        let name = self.name()?;
        if self.is_any(&[K::Rename, K::Owner]) && (self.peek_is(1, K::To)) {
            return self.take_action(ObjectType::Database, ObjectName::Name(name));
        }
        if self.is_seq(&[K::Refresh, K::Collation]) {
            self.at += 2;
            self.expect(K::Version)?;
            let refresh = AlterDatabaseRefreshCollStmt { name };
            return Ok(Statement::AlterDatabaseRefreshCollation(Box::new(refresh)));
        }
        if self.is_seq(&[K::Set, K::Tablespace]) && self.is_col_id_at(2) {
            self.advance();
            let pos = Pos(self.advance().start);
            let options = vec![option("tablespace", Some(DefArg::String(self.name()?)), pos)];
            return Ok(Statement::AlterDatabase(Box::new(AlterDatabaseStmt { name, options })));
        }
        if self.is_any(&[K::Set, K::Reset]) {
            let set = self.set_reset_clause()?;
            return Ok(Statement::AlterDatabaseSet(Box::new(AlterDatabaseSetStmt { name, set })));
        }
        self.eat(K::With);
        let options = self.database_options()?;
        Ok(Statement::AlterDatabase(Box::new(AlterDatabaseStmt { name, options })))
    }

    fn alter_tablespace(&mut self) -> Result<Statement> {
        let name = self.name()?;
        let reset = self.eat(K::Reset);
        if reset || self.eat(K::Set) {
            let options = self.reloptions()?;
            let alter = AlterTablespaceOptionsStmt { name, options, reset };
            return Ok(Statement::AlterTablespaceOptions(Box::new(alter)));
        }
        self.shared_action(ObjectType::Tablespace, ObjectName::Name(name), RENAME_OWNER)
    }

    fn alter_system(&mut self) -> Result<Statement> {
        let action = if self.eat(K::Set) {
            self.set_generic(false)?
        } else {
            self.expect(K::Reset)?;
            self.reset_generic()?
        };
        let set = VariableSetStmt { action, local: false };
        Ok(Statement::AlterSystem(Box::new(AlterSystemStmt { set })))
    }

    // Policies, event triggers, statistics, collations

    fn alter_policy(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let name = self.name()?;
        self.expect(K::On)?;
        let table = self.qualified_name()?;
        if if_exists || self.is(K::Rename) {
            self.expect_seq(&[K::Rename, K::To])?;
            let new_name = self.name()?;
            let object = ObjectName::Relation(table);
            return Ok(with_if_exists(rename(ObjectType::Policy, object, Some(name), new_name), if_exists));
        }
        let roles = if self.eat(K::To) { self.role_list()? } else { Vec::new() };
        let (using, with_check) = self.policy_conditions()?;
        let alter = AlterPolicyStmt { name, table, roles, using, with_check };
        Ok(Statement::AlterPolicy(Box::new(alter)))
    }

    fn alter_event_trigger(&mut self) -> Result<Statement> {
        self.expect(K::Trigger)?;
        let name = self.name()?;
        let firing = if self.eat(K::Enable) {
            if self.eat(K::Replica) {
                TriggerFiring::Replica
            } else if self.eat(K::Always) {
                TriggerFiring::Always
            } else {
                TriggerFiring::Enable
            }
        } else if self.eat(K::Disable) {
            TriggerFiring::Disable
        } else {
            return self.shared_action(ObjectType::EventTrigger, ObjectName::Name(name), RENAME_OWNER);
        };
        Ok(Statement::AlterEventTrigger(Box::new(AlterEventTrigStmt { name, firing })))
    }

    fn alter_statistics(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let name = self.any_name()?;
        if if_exists || self.is_seq(&[K::Set, K::Statistics]) {
            self.expect_seq(&[K::Set, K::Statistics])?;
            let target = self.signed_iconst()?;
            return Ok(Statement::AlterStatistics(Box::new(AlterStatsStmt { name, target, if_exists })));
        }
        self.shared_action(ObjectType::Statistics, ObjectName::Qualified(name), ALL)
    }

    fn alter_collation(&mut self) -> Result<Statement> {
        let name = self.any_name()?;
        if self.eat(K::Refresh) {
            self.expect(K::Version)?;
            return Ok(Statement::AlterCollation(Box::new(AlterCollationStmt { name })));
        }
        self.shared_action(ObjectType::Collation, ObjectName::Qualified(name), ALL)
    }

    // Operators, text search

    fn alter_operator(&mut self) -> Result<Statement> {
        if self.is_any(&[K::Class, K::Family]) && self.is_col_id_at(1) {
            return self.alter_operator_group();
        }
        let operator = self.operator_with_args()?;
        if self.is(K::Set) && self.peek(1) == TokenKind::Char(b'(') {
            self.advance();
            let options = self.parens(Self::operator_def)?;
            return Ok(Statement::AlterOperator(Box::new(AlterOperatorStmt { operator, options })));
        }
        self.shared_action(ObjectType::Operator, ObjectName::Callable(operator), OWNER_SCHEMA)
    }

    fn alter_operator_group(&mut self) -> Result<Statement> {
        let family = self.advance().kind == TokenKind::Keyword(K::Family);
        let name = self.any_name()?;
        self.expect(K::Using)?;
        let access_method = self.name()?;
        let drop = family && self.is(K::Drop);
        if drop || (family && self.is(K::Add)) {
            self.advance();
            let items = if drop { self.list(Self::opclass_drop)? } else { self.list(Self::opclass_item)? };
            let alter = AlterOpFamilyStmt { name, access_method, drop, items };
            return Ok(Statement::AlterOpFamily(Box::new(alter)));
        }
        let kind = if family { ObjectType::OperatorFamily } else { ObjectType::OperatorClass };
        self.shared_action(kind, ObjectName::ByMethod(name, access_method), ALL)
    }

    /// `name = value`, NONE meaning no value.
    fn operator_def(&mut self) -> Result<DefElem> {
        let pos = self.pos();
        let name = self.col_label()?;
        self.expect_char(b'=')?;
        let arg = Some(self.def_arg()?).filter(|arg| *arg != DefArg::None);
        Ok(option(&name, arg, pos))
    }

    fn alter_text_search(&mut self) -> Result<Statement> {
        let kind = self.text_search_kind()?;
        let name = self.any_name()?;
        match kind {
            ObjectType::TextSearchDictionary if self.is_char(b'(') => {
                let options = self.definition()?;
                Ok(Statement::AlterTsDictionary(Box::new(AlterTsDictionaryStmt { name, options })))
            }
            ObjectType::TextSearchConfiguration if self.is_any(&[K::Add, K::Alter, K::Drop]) => {
                let action = self.text_search_action()?;
                let alter = AlterTsConfigurationStmt { name, action };
                Ok(Statement::AlterTsConfiguration(Box::new(alter)))
            }
            ObjectType::TextSearchParser | ObjectType::TextSearchTemplate => {
                self.shared_action(kind, ObjectName::Qualified(name), RENAME_SCHEMA)
            }
            _ => self.shared_action(kind, ObjectName::Qualified(name), ALL),
        }
    }

    fn text_search_action(&mut self) -> Result<TsConfigAction> {
        let k = self.keyword();
        self.advance();
        self.expect(K::Mapping)?;
        if k == Some(K::Drop) {
            let if_exists = self.if_exists()?;
            self.expect(K::For)?;
            return Ok(TsConfigAction::DropMapping(self.name_list()?, if_exists));
        }
        let mut tokens = Vec::new();
        if k == Some(K::Add) || !self.is(K::Replace) {
            self.expect(K::For)?;
            tokens = self.name_list()?;
        }
        if k == Some(K::Alter) && self.eat(K::Replace) {
            let old = self.any_name()?;
            self.expect(K::With)?;
            return Ok(TsConfigAction::ReplaceDictionary(tokens, old, self.any_name()?));
        }
        self.expect(K::With)?;
        let dictionaries = self.any_name_list()?;
        Ok(if k == Some(K::Add) {
            TsConfigAction::AddMapping(tokens, dictionaries)
        } else {
            TsConfigAction::AlterMapping(tokens, dictionaries)
        })
    }

    // Extensions, foreign data, publications, subscriptions

    fn alter_extension(&mut self) -> Result<Statement> {
        let name = self.name()?;
        if self.eat(K::Update) {
            let mut options = Vec::new();
            loop {
                let pos = self.pos();
                if !self.eat(K::To) {
                    break;
                }
                options.push(option("new_version", Some(DefArg::String(self.word_or_string()?)), pos));
            }
            return Ok(Statement::AlterExtension(Box::new(AlterExtensionStmt { name, options })));
        }
        let add = self.is(K::Add);
        if add || self.is(K::Drop) {
            self.advance();
            let (object_type, object) = self.extension_member()?;
            let alter = AlterExtensionContentsStmt { name, add, object_type, object };
            return Ok(Statement::AlterExtensionContents(Box::new(alter)));
        }
        let actions = Actions { schema: true, owner: false, ..OWNER };
        self.shared_action(ObjectType::Extension, ObjectName::Name(name), actions)
    }

    fn alter_fdw(&mut self) -> Result<Statement> {
        let name = self.name()?;
        if self.is_any(&[K::Rename, K::Owner]) {
            return self.take_action(ObjectType::ForeignDataWrapper, ObjectName::Name(name));
        }
        let func_options = self.fdw_functions()?;
        let options =
            if func_options.is_empty() || self.is(K::Options) { self.alter_generic_options()? } else { Vec::new() };
        Ok(Statement::AlterFdw(Box::new(AlterFdwStmt { name, func_options, options })))
    }

    /// `OPTIONS ([SET | ADD | DROP] name ['value'], ...)`
    pub(super) fn alter_generic_options(&mut self) -> Result<Vec<DefElem>> {
        self.expect(K::Options)?;
        self.parens(Self::alter_generic_option)
    }

    fn alter_generic_option(&mut self) -> Result<DefElem> {
        // SET, ADD and DROP are actions unless they are the option's own name.
        let action = match self.keyword() {
            _ if self.peek(1).is_string() => DefAction::Unspecified,
            Some(K::Set) => DefAction::Set,
            Some(K::Add) => DefAction::Add,
            Some(K::Drop) => DefAction::Drop,
            _ => DefAction::Unspecified,
        };
        if action != DefAction::Unspecified {
            self.advance();
        }
        if action == DefAction::Drop {
            let pos = self.pos();
            let name = self.col_label()?;
            return Ok(DefElem { action, ..option(&name, None, pos) });
        }
        Ok(DefElem { action, ..self.generic_option()? })
    }

    fn alter_server(&mut self) -> Result<Statement> {
        let name = self.name()?;
        if self.is_any(&[K::Rename, K::Owner]) {
            return self.take_action(ObjectType::ForeignServer, ObjectName::Name(name));
        }
        let version = self.opt_server_version()?;
        let options = if version.is_none() || self.is(K::Options) { self.alter_generic_options()? } else { Vec::new() };
        let alter = AlterForeignServerStmt { name, version, options };
        Ok(Statement::AlterForeignServer(Box::new(alter)))
    }

    fn alter_user_mapping(&mut self) -> Result<Statement> {
        self.expect(K::Mapping)?;
        let user = self.mapping_user()?;
        self.expect(K::Server)?;
        let server = self.name()?;
        let options = self.alter_generic_options()?;
        Ok(Statement::AlterUserMapping(Box::new(AlterUserMappingStmt { user, server, options })))
    }

    fn alter_publication(&mut self) -> Result<Statement> {
        let name = self.name()?;
        let action = match self.keyword() {
            Some(K::Set) if self.peek(1) == TokenKind::Char(b'(') => {
                self.advance();
                AlterPublicationAction::Options(self.definition()?)
            }
            Some(K::Set) => {
                self.advance();
                AlterPublicationAction::Set(self.publication_objects()?)
            }
            Some(K::Add) => {
                self.advance();
                AlterPublicationAction::Add(self.publication_objects()?)
            }
            Some(K::Drop) => {
                self.advance();
                AlterPublicationAction::Drop(self.publication_objects()?)
            }
            _ => return self.shared_action(ObjectType::Publication, ObjectName::Name(name), RENAME_OWNER),
        };
        Ok(Statement::AlterPublication(Box::new(AlterPublicationStmt { name, action })))
    }

    fn alter_subscription(&mut self) -> Result<Statement> {
        use AlterSubscriptionAction as Action;
        let name = self.name()?;
        let k = self.keyword();
        if matches!(k, Some(K::Rename | K::Owner)) {
            return self.take_action(ObjectType::Subscription, ObjectName::Name(name));
        }
        self.advance();
        let action = match k {
            Some(K::Set) if self.is_char(b'(') => Action::Options(self.definition()?),
            Some(K::Set) => {
                let (names, options) = self.subscribed()?;
                Action::SetPublication(names, options)
            }
            Some(K::Add) => {
                let (names, options) = self.subscribed()?;
                Action::AddPublication(names, options)
            }
            Some(K::Drop) => {
                let (names, options) = self.subscribed()?;
                Action::DropPublication(names, options)
            }
            Some(K::Connection) => Action::Connection(self.string()?),
            Some(K::Refresh) => {
                self.expect(K::Publication)?;
                Action::Refresh(self.opt_definition()?)
            }
            Some(K::Enable) => Action::Enable(true),
            Some(K::Disable) => Action::Enable(false),
            Some(K::Skip) => Action::Skip(self.definition()?),
            _ => {
                self.at -= 1;
                return Err(self.syntax_error());
            }
        };
        Ok(Statement::AlterSubscription(Box::new(AlterSubscriptionStmt { name, action })))
    }

    fn subscribed(&mut self) -> Result<(Vec<String>, Vec<DefElem>)> {
        self.expect(K::Publication)?;
        Ok((self.name_list()?, self.opt_definition()?))
    }
}

/// A rename without IF EXISTS and CASCADE.
pub(super) fn rename(
    rename_type: ObjectType,
    object: ObjectName,
    sub_name: Option<String>,
    new_name: String,
) -> Statement {
    Statement::Rename(Box::new(RenameStmt {
        rename_type,
        relation_type: None,
        object,
        sub_name,
        new_name,
        behavior: DropBehavior::Restrict,
        if_exists: false,
    }))
}

fn with_if_exists(mut statement: Statement, if_exists: bool) -> Statement {
    if let Statement::Rename(rename) = &mut statement {
        rename.if_exists = if_exists;
    }
    statement
}

fn relation_name(relation: RangeVar) -> QualifiedName {
    let parts = relation.catalog.into_iter().chain(relation.schema).chain([relation.name]).collect();
    QualifiedName { parts, pos: relation.pos }
}
