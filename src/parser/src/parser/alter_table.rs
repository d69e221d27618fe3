//! ALTER TABLE, INDEX, SEQUENCE, VIEW, MATERIALIZED VIEW, FOREIGN TABLE.

use super::Parser;
use super::statement::option;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::{Result, SqlState};

impl Parser<'_> {
    /// ALTER of a relation, behind the words for its kind.
    pub(super) fn alter_relation(&mut self, kind: ObjectType) -> Result<Statement> {
        let movable = matches!(kind, ObjectType::Table | ObjectType::Index | ObjectType::MaterializedView);
        if movable && self.is_seq(&[K::All, K::In]) {
            return self.move_all(kind);
        }
        let if_exists = self.if_exists()?;
        let table = matches!(kind, ObjectType::Table | ObjectType::ForeignTable);
        let relation = if table { self.relation_expr()? } else { self.qualified_name()? };
        match self.keyword() {
            Some(K::Rename) => self.rename_relation(kind, relation, if_exists),
            Some(K::Set) if self.peek_is(1, K::Schema) && kind != ObjectType::Index => {
                self.at += 2;
                let new_schema = self.name()?;
                let object = ObjectName::Relation(relation);
                let alter = AlterObjectSchemaStmt { object_type: kind, object, new_schema, if_exists };
                Ok(Statement::AlterObjectSchema(Box::new(alter)))
            }
            Some(K::Depends) if self.may_depend(kind, if_exists) => self.depends(kind, ObjectName::Relation(relation)),
            Some(K::No) if self.peek_is(1, K::Depends) && self.may_depend(kind, if_exists) => {
                self.depends(kind, ObjectName::Relation(relation))
            }
            _ => self.alter_relation_commands(kind, relation, if_exists),
        }
    }

    fn may_depend(&self, kind: ObjectType, if_exists: bool) -> bool {
        !if_exists && matches!(kind, ObjectType::Index | ObjectType::MaterializedView)
    }

    fn alter_relation_commands(&mut self, kind: ObjectType, relation: RangeVar, if_exists: bool) -> Result<Statement> {
        if kind == ObjectType::Sequence {
            let options = self.sequence_options()?;
            if !options.is_empty() {
                let alter = AlterSeqStmt { sequence: relation, options, if_exists };
                return Ok(Statement::AlterSequence(Box::new(alter)));
            }
        }
        let commands = match self.keyword() {
            Some(K::Attach | K::Detach) if kind == ObjectType::Table => vec![self.partition_command()?],
            Some(K::Attach) if kind == ObjectType::Index && !if_exists => {
                self.expect_seq(&[K::Attach, K::Partition])?;
                vec![AlterTableCmd::AttachPartition(self.qualified_name()?, None)]
            }
            _ => self.list(Self::alter_table_command)?,
        };
        let alter = AlterTableStmt { relation, commands, object_type: kind, if_exists };
        Ok(Statement::AlterTable(Box::new(alter)))
    }

    fn partition_command(&mut self) -> Result<AlterTableCmd> {
        if self.eat(K::Attach) {
            self.expect(K::Partition)?;
            let name = self.qualified_name()?;
            return Ok(AlterTableCmd::AttachPartition(name, Some(self.partition_bound()?)));
        }
        self.expect_seq(&[K::Detach, K::Partition])?;
        let name = self.qualified_name()?;
        if self.eat(K::Finalize) {
            return Ok(AlterTableCmd::DetachPartitionFinalize(name));
        }
        let concurrently = self.eat(K::Concurrently);
        Ok(AlterTableCmd::DetachPartition { name, concurrently })
    }

    /// ALL IN TABLESPACE ... SET TABLESPACE.
    fn move_all(&mut self, object_type: ObjectType) -> Result<Statement> {
        self.at += 2;
        self.expect(K::Tablespace)?;
        let from = self.name()?;
        let mut roles = Vec::new();
        if self.eat(K::Owned) {
            self.expect(K::By)?;
            roles = self.role_list()?;
        }
        self.expect_seq(&[K::Set, K::Tablespace])?;
        let to = self.name()?;
        let nowait = self.eat(K::Nowait);
        let alter = AlterTableMoveAllStmt { from, object_type, roles, to, nowait };
        Ok(Statement::AlterTableMoveAll(Box::new(alter)))
    }

    fn rename_relation(&mut self, kind: ObjectType, relation: RangeVar, if_exists: bool) -> Result<Statement> {
        self.advance();
        let mut stmt = RenameStmt {
            rename_type: kind,
            relation_type: None,
            object: ObjectName::Relation(relation),
            sub_name: None,
            new_name: String::new(),
            behavior: DropBehavior::Restrict,
            if_exists,
        };
        let columns = !matches!(kind, ObjectType::Index | ObjectType::Sequence);
        if kind == ObjectType::Table && self.is(K::Constraint) {
            self.advance();
            stmt.rename_type = ObjectType::TableConstraint;
            stmt.sub_name = Some(self.name()?);
        } else if columns && !self.is(K::To) {
            if self.is(K::Column) {
                self.advance();
            }
            stmt.rename_type = ObjectType::Column;
            stmt.relation_type = Some(kind);
            stmt.sub_name = Some(self.name()?);
        }
        self.expect(K::To)?;
        stmt.new_name = self.name()?;
        Ok(Statement::Rename(Box::new(stmt)))
    }

    fn alter_table_command(&mut self) -> Result<AlterTableCmd> {
        let Some(k) = self.keyword() else {
            return Err(self.syntax_error());
        };
        match k {
            K::Add => self.add_command(),
            K::Alter => self.alter_column_or_constraint(),
            K::Drop => self.drop_command(),
            K::Validate => {
                self.advance();
                self.expect(K::Constraint)?;
                Ok(AlterTableCmd::ValidateConstraint(self.name()?))
            }
            K::Set => self.set_command(),
            K::Reset => {
                self.advance();
                Ok(AlterTableCmd::ResetRelOptions(self.reloptions()?))
            }
            K::Cluster => {
                self.advance();
                self.expect(K::On)?;
                Ok(AlterTableCmd::ClusterOn(self.name()?))
            }
            K::Enable | K::Disable => self.enable_command(),
            K::Options => Ok(AlterTableCmd::GenericOptions(self.alter_generic_options()?)),
            _ => self.relation_command(k),
        }
    }

    /// INHERIT, OF, OWNER TO, REPLICA IDENTITY, FORCE, and those with NO or NOT before them.
    fn relation_command(&mut self, k: K) -> Result<AlterTableCmd> {
        self.advance();
        Ok(match k {
            K::Inherit => AlterTableCmd::AddInherit(self.qualified_name()?),
            K::No if self.eat(K::Inherit) => AlterTableCmd::DropInherit(self.qualified_name()?),
            K::No => {
                self.expect_seq(&[K::Force, K::Row, K::Level, K::Security])?;
                AlterTableCmd::NoForceRowSecurity
            }
            K::Of => AlterTableCmd::AddOf(TypeName::named(self.any_name()?)),
            K::Not => {
                self.expect(K::Of)?;
                AlterTableCmd::DropOf
            }
            K::Owner => {
                self.expect(K::To)?;
                AlterTableCmd::ChangeOwner(self.role_spec()?)
            }
            K::Force => {
                self.expect_seq(&[K::Row, K::Level, K::Security])?;
                AlterTableCmd::ForceRowSecurity
            }
            K::Replica => {
                self.expect(K::Identity)?;
                AlterTableCmd::ReplicaIdentity(self.replica_identity()?)
            }
            _ => {
                self.at -= 1;
                return Err(self.syntax_error());
            }
        })
    }

    fn replica_identity(&mut self) -> Result<ReplicaIdentity> {
        if self.eat(K::Nothing) {
            return Ok(ReplicaIdentity::Nothing);
        }
        if self.eat(K::Full) {
            return Ok(ReplicaIdentity::Full);
        }
        if self.eat(K::Default) {
            return Ok(ReplicaIdentity::Default);
        }
        self.expect_seq(&[K::Using, K::Index])?;
        Ok(ReplicaIdentity::Index(self.name()?))
    }

    fn add_command(&mut self) -> Result<AlterTableCmd> {
        self.advance();
        if self.starts_table_constraint() {
            return Ok(AlterTableCmd::AddConstraint(Box::new(self.table_constraint()?)));
        }
        self.eat(K::Column);
        let if_not_exists = self.if_not_exists()?;
        let column = Box::new(self.column_def()?);
        Ok(AlterTableCmd::AddColumn { column, if_not_exists, behavior: DropBehavior::Restrict })
    }

    fn drop_command(&mut self) -> Result<AlterTableCmd> {
        self.advance();
        let constraint = self.eat(K::Constraint);
        if !constraint {
            self.eat(K::Column);
        }
        let if_exists = self.if_exists()?;
        let name = self.name()?;
        let behavior = self.opt_behavior();
        Ok(if constraint {
            AlterTableCmd::DropConstraint { name, if_exists, behavior }
        } else {
            AlterTableCmd::DropColumn { name, if_exists, behavior }
        })
    }

    fn set_command(&mut self) -> Result<AlterTableCmd> {
        self.advance();
        if self.is_char(b'(') {
            return Ok(AlterTableCmd::SetRelOptions(self.reloptions()?));
        }
        let k = self.keyword();
        self.advance();
        Ok(match k {
            Some(K::Without) if self.eat(K::Oids) => AlterTableCmd::DropOids,
            Some(K::Without) => {
                self.expect(K::Cluster)?;
                AlterTableCmd::DropCluster
            }
            Some(K::Logged) => AlterTableCmd::SetLogged,
            Some(K::Unlogged) => AlterTableCmd::SetUnlogged,
            Some(K::Access) => {
                self.expect(K::Method)?;
                AlterTableCmd::SetAccessMethod(self.name()?)
            }
            Some(K::Tablespace) => AlterTableCmd::SetTablespace(self.name()?),
            _ => {
                self.at -= 1;
                return Err(self.syntax_error());
            }
        })
    }

    /// ENABLE and DISABLE of triggers, rules and row security.
    fn enable_command(&mut self) -> Result<AlterTableCmd> {
        let enable = self.advance().kind == TokenKind::Keyword(K::Enable);
        if self.eat(K::Row) {
            self.expect_seq(&[K::Level, K::Security])?;
            return Ok(if enable { AlterTableCmd::EnableRowSecurity } else { AlterTableCmd::DisableRowSecurity });
        }
        let firing = if enable && self.eat(K::Always) {
            TriggerFiring::Always
        } else if enable && self.eat(K::Replica) {
            TriggerFiring::Replica
        } else if enable {
            TriggerFiring::Enable
        } else {
            TriggerFiring::Disable
        };
        if self.eat(K::Rule) {
            return Ok(AlterTableCmd::Rule(firing, self.name()?));
        }
        self.expect(K::Trigger)?;
        let plain = matches!(firing, TriggerFiring::Enable | TriggerFiring::Disable);
        let target = if plain && self.eat(K::All) {
            TriggerTarget::All
        } else if plain && self.eat(K::User) {
            TriggerTarget::User
        } else {
            TriggerTarget::Name(self.name()?)
        };
        Ok(AlterTableCmd::Trigger(firing, target))
    }

    fn alter_column_or_constraint(&mut self) -> Result<AlterTableCmd> {
        self.advance();
        if self.eat(K::Constraint) {
            let pos = self.pos();
            let name = Some(self.name()?);
            let attributes = self.deferral("FOREIGN KEY")?;
            // What sort of constraint it is, only the catalog knows: the standard allows this for foreign keys only.
            let kind = ConstraintKind::Foreign(Box::new(unknown_foreign_key()));
            return Ok(AlterTableCmd::AlterConstraint(Box::new(Constraint { name, kind, attributes, pos })));
        }
        self.eat(K::Column);
        if self.is_iconst() {
            return self.statistics_of_number();
        }
        let pos = self.pos();
        let name = self.col_id()?;
        match self.keyword() {
            Some(K::Set) => self.set_column(name, pos),
            Some(K::Drop) => self.drop_from_column(name),
            Some(K::Reset) => {
                self.advance();
                Ok(AlterTableCmd::ResetOptions(name, self.reloptions()?))
            }
            Some(K::Add) => self.add_identity(name),
            Some(K::Restart) => self.set_identity(name),
            Some(K::Type) => self.alter_column_type(name, pos),
            Some(K::Options) => {
                let options = self.alter_generic_options()?;
                Ok(AlterTableCmd::AlterColumnGenericOptions(name, options))
            }
            _ => Err(self.syntax_error()),
        }
    }

    fn statistics_of_number(&mut self) -> Result<AlterTableCmd> {
        let pos = self.pos();
        let number = self.iconst()?;
        self.expect_seq(&[K::Set, K::Statistics])?;
        let target = self.signed_iconst()?;
        match i16::try_from(number) {
            Ok(number) if number > 0 => Ok(AlterTableCmd::SetStatistics(ColumnKey::Number(number), target)),
            _ => {
                let message = "column number must be in range from 1 to 32767";
                Err(self.error_at(pos, SqlState::INVALID_PARAMETER_VALUE, message))
            }
        }
    }

    fn set_column(&mut self, name: String, pos: Pos) -> Result<AlterTableCmd> {
        match self.peek(1) {
            TokenKind::Keyword(K::Data) => return self.alter_column_type(name, pos),
            TokenKind::Keyword(K::Default) => {
                self.at += 2;
                return Ok(AlterTableCmd::ColumnDefault(name, Some(self.expr()?)));
            }
            TokenKind::Keyword(K::Compression) => {
                self.advance();
                return Ok(AlterTableCmd::SetCompression(name, self.compression()?));
            }
            TokenKind::Char(b'(') => {
                self.advance();
                return Ok(AlterTableCmd::SetOptions(name, self.reloptions()?));
            }
            TokenKind::Keyword(K::Not | K::Statistics | K::Storage) => {}
            _ => return self.set_identity(name),
        }
        self.advance();
        if self.eat(K::Not) {
            self.expect(K::Null)?;
            return Ok(AlterTableCmd::SetNotNull(name));
        }
        if self.eat(K::Statistics) {
            return Ok(AlterTableCmd::SetStatistics(ColumnKey::Name(name), self.signed_iconst()?));
        }
        self.expect(K::Storage)?;
        Ok(AlterTableCmd::SetStorage(name, self.col_id()?))
    }

    fn drop_from_column(&mut self, name: String) -> Result<AlterTableCmd> {
        self.advance();
        let k = self.keyword();
        self.advance();
        Ok(match k {
            Some(K::Default) => AlterTableCmd::ColumnDefault(name, None),
            Some(K::Not) => {
                self.expect(K::Null)?;
                AlterTableCmd::DropNotNull(name)
            }
            Some(K::Expression) => AlterTableCmd::DropExpression(name, self.if_exists()?),
            Some(K::Identity) => AlterTableCmd::DropIdentity(name, self.if_exists()?),
            _ => {
                self.at -= 1;
                return Err(self.syntax_error());
            }
        })
    }

    fn add_identity(&mut self, name: String) -> Result<AlterTableCmd> {
        self.advance();
        let pos = self.expect(K::Generated)?;
        let when = self.generated_when()?;
        self.expect_seq(&[K::As, K::Identity])?;
        let kind = ConstraintKind::Identity(when, self.opt_parens_sequence_options()?);
        let attributes = ConstraintAttributes::default();
        Ok(AlterTableCmd::AddIdentity(name, Box::new(Constraint { name: None, kind, attributes, pos })))
    }

    /// SET GENERATED, SET sequence option, RESTART; at least one.
    fn set_identity(&mut self, name: String) -> Result<AlterTableCmd> {
        let mut options = vec![self.identity_option()?];
        while self.is_any(&[K::Set, K::Restart]) {
            options.push(self.identity_option()?);
        }
        Ok(AlterTableCmd::SetIdentity(name, options))
    }

    fn identity_option(&mut self) -> Result<DefElem> {
        let pos = self.pos();
        if self.is(K::Restart) {
            return self.opt_sequence_option()?.ok_or_else(|| self.syntax_error());
        }
        self.expect(K::Set)?;
        if self.eat(K::Generated) {
            let always = self.generated_when()? == GeneratedWhen::Always;
            let word = if always { "always" } else { "by default" };
            return Ok(option("generated", Some(DefArg::String(word.to_owned())), pos));
        }
        let at = self.pos();
        let Some(elem) = self.opt_sequence_option()? else {
            return Err(self.syntax_error());
        };
        if matches!(elem.name.as_str(), "as" | "restart" | "owned_by") {
            let message = format!("sequence option \"{}\" not supported here", elem.name);
            return Err(self.grammar_error(at, message));
        }
        Ok(elem)
    }

    fn alter_column_type(&mut self, name: String, pos: Pos) -> Result<AlterTableCmd> {
        let (type_name, collation) = self.new_column_type()?;
        let using = self.opt_expr(K::Using)?;
        let behavior = DropBehavior::Restrict;
        let change = AlterColumnType { name, type_name, collation, using, behavior, pos };
        Ok(AlterTableCmd::AlterColumnType(Box::new(change)))
    }
}

/// A foreign key of which nothing is known.
fn unknown_foreign_key() -> ForeignKey {
    ForeignKey {
        columns: Vec::new(),
        table: RangeVar::named(""),
        referenced: Vec::new(),
        match_type: MatchType::Simple,
        on_update: ForeignKeyAction::NoAction,
        on_delete: ForeignKeyAction::NoAction,
        on_delete_columns: Vec::new(),
    }
}
