//! Roles, privileges, databases, foreign data, publications and subscriptions as SQL.

use super::Printer;
use super::object::object_word;
use crate::ast::*;

impl Printer {
    pub(super) fn administrative(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreateSchema(s) => {
                self.put("CREATE SCHEMA");
                self.put_if(s.if_not_exists, "IF NOT EXISTS");
                if let Some(name) = &s.name {
                    self.name(name);
                }
                if let Some(owner) = &s.owner {
                    self.put("AUTHORIZATION");
                    self.role(owner);
                }
                s.elements.iter().for_each(|e| self.statement(e));
            }
            S::CreateDatabase(s) => {
                self.opt_name("CREATE DATABASE", Some(&s.name));
                s.options.iter().for_each(|o| self.database_option(o));
            }
            S::AlterDatabase(s) => {
                self.opt_name("ALTER DATABASE", Some(&s.name));
                s.options.iter().for_each(|o| self.database_option(o));
            }
            S::AlterDatabaseRefreshCollation(s) => {
                self.opt_name("ALTER DATABASE", Some(&s.name));
                self.put("REFRESH COLLATION VERSION");
            }
            S::AlterDatabaseSet(s) => {
                self.opt_name("ALTER DATABASE", Some(&s.name));
                self.variable_set(&s.set);
            }
            S::DropDatabase(s) => {
                self.put("DROP DATABASE");
                self.put_if(s.if_exists, "IF EXISTS");
                self.name(&s.name);
                self.utility_options(&s.options);
            }
            S::AlterSystem(s) => {
                self.put("ALTER SYSTEM");
                self.variable_set(&s.set);
            }
            S::CreateRole(s) => {
                self.put(match s.kind {
                    RoleStmtKind::Role => "CREATE ROLE",
                    RoleStmtKind::User => "CREATE USER",
                    RoleStmtKind::Group => "CREATE GROUP",
                });
                self.name(&s.name);
                s.options.iter().for_each(|o| self.role_option(o));
            }
            S::AlterRole(s) => self.alter_role(s),
            S::AlterRoleSet(s) => {
                self.put("ALTER ROLE");
                match &s.role {
                    Some(role) => self.role(role),
                    None => self.put("ALL"),
                }
                self.opt_name("IN DATABASE", s.database.as_ref());
                self.variable_set(&s.set);
            }
            S::DropRole(s) => {
                self.put("DROP ROLE");
                self.put_if(s.if_exists, "IF EXISTS");
                self.roles(&s.roles);
            }
            other => self.privilege_statement(other),
        }
    }

    fn alter_role(&mut self, stmt: &AlterRoleStmt) {
        if stmt.add {
            self.put("ALTER ROLE");
            self.role(&stmt.role);
            stmt.options.iter().for_each(|o| self.role_option(o));
            return;
        }
        self.put("ALTER GROUP");
        self.role(&stmt.role);
        self.put("DROP");
        stmt.options.iter().for_each(|o| self.role_option(o));
    }

    fn role_option(&mut self, elem: &DefElem) {
        let no = elem.arg == Some(DefArg::Boolean(false));
        match elem.name.as_str() {
            "inherit" => self.put(if no { "NOINHERIT" } else { "INHERIT" }),
            "superuser" => self.put(if no { "NOSUPERUSER" } else { "SUPERUSER" }),
            "createrole" => self.put(if no { "NOCREATEROLE" } else { "CREATEROLE" }),
            "isreplication" => self.put(if no { "NOREPLICATION" } else { "REPLICATION" }),
            "createdb" => self.put(if no { "NOCREATEDB" } else { "CREATEDB" }),
            "canlogin" => self.put(if no { "NOLOGIN" } else { "LOGIN" }),
            "bypassrls" => self.put(if no { "NOBYPASSRLS" } else { "BYPASSRLS" }),
            name => {
                self.put(match name {
                    "connectionlimit" => "CONNECTION LIMIT",
                    "validUntil" => "VALID UNTIL",
                    "rolemembers" => "USER",
                    "adminmembers" => "ADMIN",
                    "addroleto" => "IN ROLE",
                    "sysid" => "SYSID",
                    _ => "PASSWORD",
                });
                match &elem.arg {
                    Some(arg) => self.def_arg(arg),
                    None => self.put("NULL"),
                }
            }
        }
    }

    fn privilege_statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreateTablespace(s) => {
                self.opt_name("CREATE TABLESPACE", Some(&s.name));
                if let Some(owner) = &s.owner {
                    self.put("OWNER");
                    self.role(owner);
                }
                self.put("LOCATION");
                self.string(&s.location);
                self.with_options(&s.options);
            }
            S::AlterTablespaceOptions(s) => {
                self.opt_name("ALTER TABLESPACE", Some(&s.name));
                self.put(if s.reset { "RESET" } else { "SET" });
                self.definition(&s.options);
            }
            S::DropTablespace(s) => {
                self.put("DROP TABLESPACE");
                self.put_if(s.if_exists, "IF EXISTS");
                self.name(&s.name);
            }
            S::Grant(s) => self.grant(s),
            S::GrantRole(s) => self.grant_role(s),
            S::AlterDefaultPrivileges(s) => {
                self.put("ALTER DEFAULT PRIVILEGES");
                for elem in &s.options {
                    match &elem.arg {
                        Some(DefArg::List(schemas)) => {
                            self.put("IN SCHEMA");
                            self.names(schemas);
                        }
                        Some(arg) => {
                            self.put("FOR ROLE");
                            self.def_arg(arg);
                        }
                        None => {}
                    }
                }
                self.grant(&s.action);
            }
            S::DropOwned(s) => {
                self.put("DROP OWNED BY");
                self.roles(&s.roles);
                self.behavior(s.behavior);
            }
            S::ReassignOwned(s) => {
                self.put("REASSIGN OWNED BY");
                self.roles(&s.roles);
                self.put("TO");
                self.role(&s.new_role);
            }
            other => self.foreign_statement(other),
        }
    }

    fn privileges(&mut self, privileges: &[AccessPriv]) {
        if privileges.is_empty() {
            return self.put("ALL");
        }
        self.list(privileges, |p, privilege| {
            match privilege.name.as_deref() {
                None => p.put("ALL"),
                Some(word @ ("select" | "references" | "create" | "alter system")) => p.put(word),
                Some(word) => p.name(word),
            }
            p.opt_names(&privilege.columns);
        });
    }

    fn grant(&mut self, grant: &GrantStmt) {
        self.put(if grant.is_grant { "GRANT" } else { "REVOKE" });
        self.put_if(!grant.is_grant && grant.grant_option, "GRANT OPTION FOR");
        self.privileges(&grant.privileges);
        self.put("ON");
        match grant.target {
            GrantTarget::Defaults => self.put(&format!("{}S", object_word(grant.object_type))),
            GrantTarget::AllInSchema => {
                self.put(&format!("ALL {}S IN SCHEMA", object_word(grant.object_type)));
                self.list(&grant.objects, Self::object_name);
            }
            GrantTarget::Objects => {
                self.put(match grant.object_type {
                    ObjectType::ForeignServer => "FOREIGN SERVER",
                    other => object_word(other),
                });
                self.list(&grant.objects, |p, object| match object {
                    ObjectName::Name(name) if grant.object_type == ObjectType::ParameterAcl => p.setting(name),
                    other => p.object_name(other),
                });
            }
        }
        self.put(if grant.is_grant { "TO" } else { "FROM" });
        self.roles(&grant.grantees);
        self.put_if(grant.is_grant && grant.grant_option, "WITH GRANT OPTION");
        self.granted_by(grant.grantor.as_ref());
        self.behavior(grant.behavior);
    }

    fn granted_by(&mut self, grantor: Option<&RoleSpec>) {
        if let Some(grantor) = grantor {
            self.put("GRANTED BY");
            self.role(grantor);
        }
    }

    fn grant_role(&mut self, grant: &GrantRoleStmt) {
        self.put(if grant.is_grant { "GRANT" } else { "REVOKE" });
        self.put_if(!grant.is_grant && grant.admin_option, "ADMIN OPTION FOR");
        self.privileges(&grant.roles);
        self.put(if grant.is_grant { "TO" } else { "FROM" });
        self.roles(&grant.grantees);
        self.put_if(grant.is_grant && grant.admin_option, "WITH ADMIN OPTION");
        self.granted_by(grant.grantor.as_ref());
        self.behavior(grant.behavior);
    }

    // Foreign data

    fn fdw_functions(&mut self, options: &[DefElem]) {
        for elem in options {
            self.put_if(elem.arg.is_none(), "NO");
            self.put(&elem.name.to_ascii_uppercase());
            if let Some(arg) = &elem.arg {
                self.def_arg(arg);
            }
        }
    }

    fn server_version(&mut self, version: Option<&Option<String>>) {
        match version {
            None => {}
            Some(None) => self.put("VERSION NULL"),
            Some(Some(version)) => {
                self.put("VERSION");
                self.string(version);
            }
        }
    }

    fn mapping(&mut self, verb: &str, user: &RoleSpec, server: &String) {
        self.put(verb);
        self.put("FOR");
        self.role(user);
        self.opt_name("SERVER", Some(server));
    }

    fn foreign_statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreateFdw(s) => {
                self.opt_name("CREATE FOREIGN DATA WRAPPER", Some(&s.name));
                self.fdw_functions(&s.func_options);
                self.generic_options(&s.options);
            }
            S::AlterFdw(s) => {
                self.opt_name("ALTER FOREIGN DATA WRAPPER", Some(&s.name));
                self.fdw_functions(&s.func_options);
                self.generic_options(&s.options);
            }
            S::CreateForeignServer(s) => {
                self.put("CREATE SERVER");
                self.put_if(s.if_not_exists, "IF NOT EXISTS");
                self.name(&s.name);
                if let Some(server_type) = &s.server_type {
                    self.put("TYPE");
                    self.string(server_type);
                }
                self.server_version(s.version.as_ref());
                self.opt_name("FOREIGN DATA WRAPPER", Some(&s.fdw));
                self.generic_options(&s.options);
            }
            S::AlterForeignServer(s) => {
                self.opt_name("ALTER SERVER", Some(&s.name));
                self.server_version(s.version.as_ref());
                self.generic_options(&s.options);
            }
            S::CreateUserMapping(s) => {
                let verb = if s.if_not_exists { "CREATE USER MAPPING IF NOT EXISTS" } else { "CREATE USER MAPPING" };
                self.mapping(verb, &s.user, &s.server);
                self.generic_options(&s.options);
            }
            S::AlterUserMapping(s) => {
                self.mapping("ALTER USER MAPPING", &s.user, &s.server);
                self.generic_options(&s.options);
            }
            S::DropUserMapping(s) => {
                let verb = if s.if_exists { "DROP USER MAPPING IF EXISTS" } else { "DROP USER MAPPING" };
                self.mapping(verb, &s.user, &s.server);
            }
            S::ImportForeignSchema(s) => {
                self.opt_name("IMPORT FOREIGN SCHEMA", Some(&s.remote_schema));
                let (word, tables) = match &s.selection {
                    ImportSelection::All => ("", &Vec::new()),
                    ImportSelection::LimitTo(tables) => ("LIMIT TO", tables),
                    ImportSelection::Except(tables) => ("EXCEPT", tables),
                };
                self.put_if(!tables.is_empty(), word);
                self.opt_parens(tables, Self::relation);
                self.opt_name("FROM SERVER", Some(&s.server));
                self.opt_name("INTO", Some(&s.local_schema));
                self.generic_options(&s.options);
            }
            other => self.replication_statement(other),
        }
    }

    // Publications and subscriptions

    fn replication_statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreatePublication(s) => {
                self.opt_name("CREATE PUBLICATION", Some(&s.name));
                self.put_if(s.all_tables, "FOR ALL TABLES");
                if !s.objects.is_empty() {
                    self.put("FOR");
                    self.list(&s.objects, Self::publication_object);
                }
                self.with_options(&s.options);
            }
            S::AlterPublication(s) => {
                use AlterPublicationAction as A;
                self.opt_name("ALTER PUBLICATION", Some(&s.name));
                let (word, objects) = match &s.action {
                    A::Options(options) => {
                        self.put("SET");
                        return self.definition(options);
                    }
                    A::Add(objects) => ("ADD", objects),
                    A::Set(objects) => ("SET", objects),
                    A::Drop(objects) => ("DROP", objects),
                };
                self.put(word);
                self.list(objects, Self::publication_object);
            }
            S::CreateSubscription(s) => {
                self.opt_name("CREATE SUBSCRIPTION", Some(&s.name));
                self.put("CONNECTION");
                self.string(&s.connection);
                self.put("PUBLICATION");
                self.names(&s.publications);
                self.with_options(&s.options);
            }
            S::AlterSubscription(s) => self.alter_subscription(s),
            S::DropSubscription(s) => {
                self.put("DROP SUBSCRIPTION");
                self.put_if(s.if_exists, "IF EXISTS");
                self.name(&s.name);
                self.behavior(s.behavior);
            }
            other => self.programming_statement(other),
        }
    }

    fn publication_object(&mut self, object: &PublicationObject) {
        match object {
            PublicationObject::Table { relation, columns, filter } => {
                self.put("TABLE");
                self.relation(relation);
                self.opt_names(columns);
                if let Some(filter) = filter {
                    self.put("WHERE");
                    self.in_parens(|p| p.expr(filter));
                }
            }
            PublicationObject::Schema(name, _) => self.opt_name("TABLES IN SCHEMA", Some(name)),
            PublicationObject::CurrentSchema(_) => self.put("TABLES IN SCHEMA CURRENT_SCHEMA"),
        }
    }

    fn alter_subscription(&mut self, stmt: &AlterSubscriptionStmt) {
        use AlterSubscriptionAction as A;
        self.opt_name("ALTER SUBSCRIPTION", Some(&stmt.name));
        let (word, names, options) = match &stmt.action {
            A::Options(options) => {
                self.put("SET");
                return self.definition(options);
            }
            A::Skip(options) => {
                self.put("SKIP");
                return self.definition(options);
            }
            A::Connection(connection) => {
                self.put("CONNECTION");
                return self.string(connection);
            }
            A::Refresh(options) => {
                self.put("REFRESH PUBLICATION");
                return self.with_options(options);
            }
            A::Enable(enable) => return self.put(if *enable { "ENABLE" } else { "DISABLE" }),
            A::SetPublication(names, options) => ("SET PUBLICATION", names, options),
            A::AddPublication(names, options) => ("ADD PUBLICATION", names, options),
            A::DropPublication(names, options) => ("DROP PUBLICATION", names, options),
        };
        self.put(word);
        self.names(names);
        self.with_options(options);
    }
}
