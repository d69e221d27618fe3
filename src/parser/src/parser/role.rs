//! Roles and privileges: CREATE ROLE, GRANT, REVOKE, default privileges, ownership.

use super::Parser;
use super::statement::option;
use crate::ast::*;
use crate::keywords::Keyword as K;
use report::Result;

impl Parser<'_> {
    // Roles

    /// CREATE ROLE, USER or GROUP, behind that word.
    pub(super) fn create_role(&mut self, kind: RoleStmtKind) -> Result<Statement> {
        let name = self.role_id()?;
        self.eat(K::With);
        let options = self.role_options(true)?;
        Ok(Statement::CreateRole(Box::new(CreateRoleStmt { kind, name, options })))
    }

    pub(super) fn role_options(&mut self, creating: bool) -> Result<Vec<DefElem>> {
        let mut options = Vec::new();
        loop {
            let found = match self.opt_role_option()? {
                None if creating => self.opt_creation_role_option()?,
                other => other,
            };
            match found {
                Some(option) => options.push(option),
                None => return Ok(options),
            }
        }
    }

    fn opt_role_option(&mut self) -> Result<Option<DefElem>> {
        let pos = self.pos();
        if self.is_ident() {
            return self.role_word(pos).map(Some);
        }
        let Some(k) = self.keyword() else {
            return Ok(None);
        };
        if !matches!(k, K::Password | K::Encrypted | K::Unencrypted | K::Inherit | K::Connection | K::Valid | K::User) {
            return Ok(None);
        }
        self.advance();
        let (name, arg) = match k {
            K::Password if self.eat(K::Null) => ("password", None),
            K::Password => ("password", Some(DefArg::String(self.string()?))),
            K::Encrypted => {
                self.expect(K::Password)?;
                ("password", Some(DefArg::String(self.string()?)))
            }
            K::Unencrypted => return self.unencrypted(pos),
            K::Inherit => ("inherit", Some(DefArg::Boolean(true))),
            K::Connection => {
                self.expect(K::Limit)?;
                ("connectionlimit", Some(DefArg::Integer(self.signed_iconst()?)))
            }
            K::Valid => {
                self.expect(K::Until)?;
                ("validUntil", Some(DefArg::String(self.string()?)))
            }
            _ => ("rolemembers", Some(DefArg::Roles(self.role_list()?))),
        };
        Ok(Some(option(name, arg, pos)))
    }

    #[cold]
    fn unencrypted(&mut self, pos: Pos) -> Result<Option<DefElem>> {
        self.expect(K::Password)?;
        self.string()?;
        let error = self.unsupported_at(pos, "UNENCRYPTED PASSWORD is no longer supported");
        Err(error.hint("Remove UNENCRYPTED to store the password in encrypted form instead."))
    }

    /// SUPERUSER and the other words that are no keywords.
    fn role_word(&mut self, pos: Pos) -> Result<DefElem> {
        let word = self.ident()?;
        let (name, value) = match word.as_str() {
            "superuser" => ("superuser", true),
            "nosuperuser" => ("superuser", false),
            "createrole" => ("createrole", true),
            "nocreaterole" => ("createrole", false),
            "replication" => ("isreplication", true),
            "noreplication" => ("isreplication", false),
            "createdb" => ("createdb", true),
            "nocreatedb" => ("createdb", false),
            "login" => ("canlogin", true),
            "nologin" => ("canlogin", false),
            "bypassrls" => ("bypassrls", true),
            "nobypassrls" => ("bypassrls", false),
            "noinherit" => ("inherit", false),
            _ => return Err(self.grammar_error(pos, format!("unrecognized role option \"{word}\""))),
        };
        Ok(option(name, Some(DefArg::Boolean(value)), pos))
    }

    fn opt_creation_role_option(&mut self) -> Result<Option<DefElem>> {
        let pos = self.pos();
        let (name, arg) = if self.eat(K::Sysid) {
            ("sysid", DefArg::Integer(self.iconst()?))
        } else if self.eat(K::Admin) {
            ("adminmembers", DefArg::Roles(self.role_list()?))
        } else if self.eat(K::Role) {
            ("rolemembers", DefArg::Roles(self.role_list()?))
        } else if self.eat(K::In) {
            if !self.eat(K::Role) {
                self.expect(K::Group)?;
            }
            ("addroleto", DefArg::Roles(self.role_list()?))
        } else {
            return Ok(None);
        };
        Ok(Some(option(name, Some(arg), pos)))
    }

    /// ALTER ROLE and ALTER USER, behind that word.
    pub(super) fn alter_role(&mut self) -> Result<Statement> {
        if self.eat(K::All) {
            return self.alter_role_set(None);
        }
        let role = self.role_spec()?;
        if self.is(K::Rename) {
            return self.rename_role(role);
        }
        if self.is_any(&[K::Set, K::Reset]) || self.is_seq(&[K::In, K::Database]) {
            return self.alter_role_set(Some(role));
        }
        self.eat(K::With);
        let options = self.role_options(false)?;
        Ok(Statement::AlterRole(Box::new(AlterRoleStmt { role, options, add: true })))
    }

    fn alter_role_set(&mut self, role: Option<RoleSpec>) -> Result<Statement> {
        let mut database = None;
        if self.eat(K::In) {
            self.expect(K::Database)?;
            database = Some(self.name()?);
        }
        let set = self.set_reset_clause()?;
        Ok(Statement::AlterRoleSet(Box::new(AlterRoleSetStmt { role, database, set })))
    }

    /// RENAME TO of a role that was parsed as any role: it must be given by name.
    pub(super) fn rename_role(&mut self, role: RoleSpec) -> Result<Statement> {
        let Role::Name(name) = role.role else {
            // Parsing it again as a name raises the right error.
            self.at = self.tokens.iter().position(|t| t.start == role.pos.0).unwrap_or(self.at);
            self.role_id()?;
            return Err(self.syntax_error());
        };
        self.expect_seq(&[K::Rename, K::To])?;
        let new_name = self.role_id()?;
        Ok(Statement::Rename(Box::new(RenameStmt {
            rename_type: ObjectType::Role,
            relation_type: None,
            object: ObjectName::Name(name),
            sub_name: None,
            new_name,
            behavior: DropBehavior::Restrict,
            if_exists: false,
        })))
    }

    /// ALTER GROUP, behind GROUP.
    pub(super) fn alter_group(&mut self) -> Result<Statement> {
        let role = self.role_spec()?;
        if self.is(K::Rename) {
            return self.rename_role(role);
        }
        let add = self.eat(K::Add);
        if !add {
            self.expect(K::Drop)?;
        }
        self.expect(K::User)?;
        let pos = self.pos();
        let members = DefArg::Roles(self.role_list()?);
        let options = vec![option("rolemembers", Some(members), pos)];
        Ok(Statement::AlterRole(Box::new(AlterRoleStmt { role, options, add })))
    }

    pub(super) fn drop_role(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let roles = self.role_list()?;
        Ok(Statement::DropRole(Box::new(DropRoleStmt { roles, if_exists })))
    }

    pub(super) fn drop_owned(&mut self) -> Result<Statement> {
        self.expect(K::By)?;
        let roles = self.role_list()?;
        let behavior = self.opt_behavior();
        Ok(Statement::DropOwned(Box::new(DropOwnedStmt { roles, behavior })))
    }

    pub(super) fn reassign(&mut self) -> Result<Statement> {
        self.expect_seq(&[K::Reassign, K::Owned, K::By])?;
        let roles = self.role_list()?;
        self.expect(K::To)?;
        let new_role = self.role_spec()?;
        Ok(Statement::ReassignOwned(Box::new(ReassignOwnedStmt { roles, new_role })))
    }

    // Privileges

    pub(super) fn grant(&mut self) -> Result<Statement> {
        self.advance();
        let all = self.is(K::All);
        let privileges = self.privileges()?;
        if !all && !self.is(K::On) {
            return self.grant_role(privileges, true, false);
        }
        self.expect(K::On)?;
        let (target, object_type, objects) = self.privilege_target()?;
        self.expect(K::To)?;
        let grantees = self.list(Self::grantee)?;
        let grant_option = self.opt_grant_option()?;
        let grantor = self.opt_granted_by()?;
        let behavior = DropBehavior::Restrict;
        Ok(Statement::Grant(Box::new(GrantStmt {
            is_grant: true,
            target,
            object_type,
            objects,
            privileges,
            grantees,
            grant_option,
            grantor,
            behavior,
        })))
    }

    fn opt_grant_option(&mut self) -> Result<bool> {
        if !self.eat(K::With) {
            return Ok(false);
        }
        self.expect_seq(&[K::Grant, K::Option])?;
        Ok(true)
    }

    fn opt_granted_by(&mut self) -> Result<Option<RoleSpec>> {
        if !self.eat(K::Granted) {
            return Ok(None);
        }
        self.expect(K::By)?;
        self.role_spec().map(Some)
    }

    pub(super) fn revoke(&mut self) -> Result<Statement> {
        self.advance();
        let grant_option = self.is_seq(&[K::Grant, K::Option]);
        if grant_option {
            self.at += 2;
            self.expect(K::For)?;
        }
        let admin = !grant_option && self.is_seq(&[K::Admin, K::Option]);
        if admin {
            self.at += 2;
            self.expect(K::For)?;
        }
        let all = self.is(K::All);
        let privileges = self.privileges()?;
        if admin || (!grant_option && !all && !self.is(K::On)) {
            return self.grant_role(privileges, false, admin);
        }
        self.expect(K::On)?;
        let (target, object_type, objects) = self.privilege_target()?;
        self.expect(K::From)?;
        let grantees = self.list(Self::grantee)?;
        let grantor = self.opt_granted_by()?;
        let behavior = self.opt_behavior();
        Ok(Statement::Grant(Box::new(GrantStmt {
            is_grant: false,
            target,
            object_type,
            objects,
            privileges,
            grantees,
            grant_option,
            grantor,
            behavior,
        })))
    }

    /// GRANT or REVOKE of roles, behind their list.
    fn grant_role(&mut self, roles: Vec<AccessPriv>, is_grant: bool, admin: bool) -> Result<Statement> {
        self.expect(if is_grant { K::To } else { K::From })?;
        let grantees = self.role_list()?;
        let mut admin_option = admin;
        if is_grant && self.eat(K::With) {
            self.expect_seq(&[K::Admin, K::Option])?;
            admin_option = true;
        }
        let grantor = self.opt_granted_by()?;
        let behavior = if is_grant { DropBehavior::Restrict } else { self.opt_behavior() };
        let grant = GrantRoleStmt { roles, grantees, is_grant, admin_option, grantor, behavior };
        Ok(Statement::GrantRole(Box::new(grant)))
    }

    /// Privileges; none of them is ALL.
    fn privileges(&mut self) -> Result<Vec<AccessPriv>> {
        if !self.eat(K::All) {
            return self.list(Self::privilege);
        }
        self.eat(K::Privileges);
        if self.is_char(b'(') {
            return Ok(vec![AccessPriv { name: None, columns: self.column_list()? }]);
        }
        Ok(Vec::new())
    }

    fn privilege(&mut self) -> Result<AccessPriv> {
        if self.eat(K::Alter) {
            self.expect(K::System)?;
            return Ok(AccessPriv { name: Some("alter system".to_owned()), columns: Vec::new() });
        }
        let name = if self.is_any(&[K::Select, K::References, K::Create]) { self.take_word() } else { self.col_id()? };
        Ok(AccessPriv { name: Some(name), columns: self.opt_column_list()? })
    }

    fn grantee(&mut self) -> Result<RoleSpec> {
        if self.is(K::Group) {
            self.advance();
        }
        self.role_spec()
    }

    fn privilege_target(&mut self) -> Result<(GrantTarget, ObjectType, Vec<ObjectName>)> {
        if self.eat(K::All) {
            return self.all_in_schema();
        }
        let (object_type, objects) = self.privilege_objects()?;
        Ok((GrantTarget::Objects, object_type, objects))
    }

    fn all_in_schema(&mut self) -> Result<(GrantTarget, ObjectType, Vec<ObjectName>)> {
        let object_type = match self.keyword() {
            Some(K::Tables) => ObjectType::Table,
            Some(K::Sequences) => ObjectType::Sequence,
            Some(K::Functions) => ObjectType::Function,
            Some(K::Procedures) => ObjectType::Procedure,
            Some(K::Routines) => ObjectType::Routine,
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        self.expect_seq(&[K::In, K::Schema])?;
        let schemas = self.name_list()?.into_iter().map(ObjectName::Name).collect();
        Ok((GrantTarget::AllInSchema, object_type, schemas))
    }

    fn privilege_objects(&mut self) -> Result<(ObjectType, Vec<ObjectName>)> {
        // A word that may be a table's name is one unless a name follows it.
        let names_follow = self.is_col_id_at(1) || self.peek_is(1, K::Schema);
        let k = self.keyword().filter(|k| {
            names_follow
                || !matches!(k.category(), crate::keywords::Category::Unreserved)
                || matches!(k, K::Function | K::Procedure | K::Routine) && self.is_type_function_name_at(1)
        });
        let simple = match k {
            Some(K::Database) => Some(ObjectType::Database),
            Some(K::Language) => Some(ObjectType::Language),
            Some(K::Schema) => Some(ObjectType::Schema),
            Some(K::Tablespace) => Some(ObjectType::Tablespace),
            _ => None,
        };
        if let Some(object_type) = simple {
            self.advance();
            return Ok((object_type, self.name_list()?.into_iter().map(ObjectName::Name).collect()));
        }
        match k {
            Some(K::Foreign) => self.foreign_privilege_objects(),
            Some(K::Function) => self.callable_objects(ObjectType::Function),
            Some(K::Procedure) => self.callable_objects(ObjectType::Procedure),
            Some(K::Routine) => self.callable_objects(ObjectType::Routine),
            Some(K::Domain) => self.qualified_objects(ObjectType::Domain),
            Some(K::Type) => self.qualified_objects(ObjectType::Type),
            Some(K::Large) => {
                self.expect_seq(&[K::Large, K::Object])?;
                Ok((ObjectType::LargeObject, self.list(Self::large_object)?))
            }
            Some(K::Parameter) => {
                self.advance();
                let names = self.list(Self::var_name)?;
                Ok((ObjectType::ParameterAcl, names.into_iter().map(ObjectName::Name).collect()))
            }
            Some(K::Sequence) => {
                self.advance();
                self.relation_objects(ObjectType::Sequence)
            }
            _ => {
                self.eat(K::Table);
                self.relation_objects(ObjectType::Table)
            }
        }
    }

    fn relation_objects(&mut self, object_type: ObjectType) -> Result<(ObjectType, Vec<ObjectName>)> {
        let relations = self.qualified_name_list()?;
        Ok((object_type, relations.into_iter().map(ObjectName::Relation).collect()))
    }

    fn qualified_objects(&mut self, object_type: ObjectType) -> Result<(ObjectType, Vec<ObjectName>)> {
        self.advance();
        Ok((object_type, self.any_name_list()?.into_iter().map(ObjectName::Qualified).collect()))
    }

    fn callable_objects(&mut self, object_type: ObjectType) -> Result<(ObjectType, Vec<ObjectName>)> {
        self.advance();
        let functions = self.list(Self::function_with_args)?;
        Ok((object_type, functions.into_iter().map(ObjectName::Callable).collect()))
    }

    fn foreign_privilege_objects(&mut self) -> Result<(ObjectType, Vec<ObjectName>)> {
        self.advance();
        let object_type = if self.eat(K::Server) {
            ObjectType::ForeignServer
        } else {
            self.expect_seq(&[K::Data, K::Wrapper])?;
            ObjectType::ForeignDataWrapper
        };
        Ok((object_type, self.name_list()?.into_iter().map(ObjectName::Name).collect()))
    }

    /// A large object's number.
    pub(super) fn large_object(&mut self) -> Result<ObjectName> {
        Ok(ObjectName::LargeObject(match self.numeric_only()? {
            Literal::Int(value) => value.to_string(),
            Literal::Float(text) => text,
            _ => return Err(self.syntax_error()),
        }))
    }

    // Default privileges

    /// ALTER DEFAULT PRIVILEGES, behind DEFAULT.
    pub(super) fn alter_default_privileges(&mut self) -> Result<Statement> {
        self.expect(K::Privileges)?;
        let mut options = Vec::new();
        loop {
            let pos = self.pos();
            if self.eat(K::In) {
                self.expect(K::Schema)?;
                options.push(option("schemas", Some(DefArg::List(self.name_list()?)), pos));
            } else if self.eat(K::For) {
                if !self.eat(K::Role) {
                    self.expect(K::User)?;
                }
                options.push(option("roles", Some(DefArg::Roles(self.role_list()?)), pos));
            } else {
                break;
            }
        }
        let action = self.default_privilege_action()?;
        Ok(Statement::AlterDefaultPrivileges(Box::new(AlterDefaultPrivilegesStmt { options, action })))
    }

    fn default_privilege_action(&mut self) -> Result<GrantStmt> {
        let is_grant = self.eat(K::Grant);
        let mut grant_option = false;
        if !is_grant {
            self.expect(K::Revoke)?;
            if self.is_seq(&[K::Grant, K::Option]) {
                self.at += 2;
                self.expect(K::For)?;
                grant_option = true;
            }
        }
        let privileges = self.privileges()?;
        self.expect(K::On)?;
        let object_type = match self.keyword() {
            Some(K::Tables) => ObjectType::Table,
            Some(K::Functions | K::Routines) => ObjectType::Function,
            Some(K::Sequences) => ObjectType::Sequence,
            Some(K::Types) => ObjectType::Type,
            Some(K::Schemas) => ObjectType::Schema,
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        self.expect(if is_grant { K::To } else { K::From })?;
        let grantees = self.list(Self::grantee)?;
        let mut behavior = DropBehavior::Restrict;
        if is_grant {
            grant_option = self.opt_grant_option()?;
        } else {
            behavior = self.opt_behavior();
        }
        Ok(GrantStmt {
            is_grant,
            target: GrantTarget::Defaults,
            object_type,
            objects: Vec::new(),
            privileges,
            grantees,
            grant_option,
            grantor: None,
            behavior,
        })
    }
}
