//! What statements and kinds of objects are called in SQL.

use parser::ast::{CreateTableAsStmt, ObjectType, ReindexTarget, Statement};

/// What a statement is called in SQL, for messages about it.
pub fn statement_name(statement: &Statement) -> String {
    let of = |verb: &str, object_type: ObjectType| format!("{verb} {}", object_words(object_type));
    let name = match statement {
        Statement::Drop(s) => return of("DROP", s.object_type),
        Statement::Comment(s) => return of("COMMENT ON", s.object_type),
        Statement::Rename(s) => return of("ALTER", s.relation_type.unwrap_or(s.rename_type)) + " RENAME",
        Statement::AlterObjectSchema(s) => return of("ALTER", s.object_type) + " SET SCHEMA",
        Statement::AlterOwner(s) => return of("ALTER", s.object_type) + " OWNER TO",
        Statement::AlterObjectDepends(s) => return of("ALTER", s.object_type) + " DEPENDS ON EXTENSION",
        Statement::AlterFunction(s) => return of("ALTER", s.object_type),
        Statement::Define(s) => return of("CREATE", s.object_type),
        Statement::CreateFunction(s) => {
            if s.procedure {
                "CREATE PROCEDURE"
            } else {
                "CREATE FUNCTION"
            }
        }
        Statement::CreateTableAs(s) => create_as_name(s),
        Statement::Vacuum(s) => {
            if s.is_vacuum {
                "VACUUM"
            } else {
                "ANALYZE"
            }
        }
        Statement::Reindex(s) => reindex_name(&s.target),
        other => fixed_name(other),
    };
    name.to_owned()
}

/// CREATE TABLE AS and what is like it.
pub(crate) fn create_as_name(statement: &CreateTableAsStmt) -> &'static str {
    match (statement.materialized_view, statement.select_into) {
        (true, _) => "CREATE MATERIALIZED VIEW",
        (false, true) => "SELECT INTO",
        (false, false) => "CREATE TABLE AS",
    }
}

const fn reindex_name(target: &ReindexTarget) -> &'static str {
    match target {
        ReindexTarget::Index(_) => "REINDEX INDEX",
        ReindexTarget::Table(_) => "REINDEX TABLE",
        ReindexTarget::Schema(_) => "REINDEX SCHEMA",
        ReindexTarget::System(_) => "REINDEX SYSTEM",
        ReindexTarget::Database(_) => "REINDEX DATABASE",
    }
}

/// Statements that have one name each.
fn fixed_name(statement: &Statement) -> &'static str {
    use Statement as S;
    match statement {
        S::Select(_) => "SELECT",
        S::Insert(_) => "INSERT",
        S::Update(_) => "UPDATE",
        S::Delete(_) => "DELETE",
        S::Merge(_) => "MERGE",
        S::Transaction(_) => "a transaction statement in this place",
        S::VariableSet(_) => "SET",
        S::VariableShow(_) => "SHOW",
        S::ConstraintsSet(_) => "SET CONSTRAINTS",
        S::Discard(_) => "DISCARD",
        S::Prepare(_) => "PREPARE in this place",
        S::Execute(_) => "EXECUTE in this place",
        S::Deallocate(_) => "DEALLOCATE in this place",
        S::DeclareCursor(_) => "DECLARE CURSOR in this place",
        S::Fetch(_) => "FETCH in this place",
        S::ClosePortal(_) => "CLOSE in this place",
        S::Listen(_) => "LISTEN",
        S::Unlisten(_) => "UNLISTEN",
        S::Notify(_) => "NOTIFY",
        S::Lock(_) => "LOCK TABLE",
        S::Explain(_) => "EXPLAIN",
        S::Copy(_) => "COPY",
        S::Call(_) => "CALL",
        S::Do(_) => "DO",
        S::Load(_) => "LOAD",
        S::Checkpoint => "CHECKPOINT",
        S::Return(_) => "RETURN",
        S::PlAssign(_) => "a PL/pgSQL assignment",
        S::Cluster(_) => "CLUSTER",
        S::Truncate(_) => "TRUNCATE TABLE",
        S::CreateTable(_) => "CREATE TABLE",
        S::RefreshMatView(_) => "REFRESH MATERIALIZED VIEW",
        S::AlterTable(_) => "ALTER TABLE",
        S::AlterTableMoveAll(_) => "ALTER TABLE ALL IN TABLESPACE",
        S::CreateIndex(_) => "CREATE INDEX",
        S::CreateView(_) => "CREATE VIEW",
        S::CreateSequence(_) => "CREATE SEQUENCE",
        S::AlterSequence(_) => "ALTER SEQUENCE",
        S::CreateStatistics(_) => "CREATE STATISTICS",
        S::AlterStatistics(_) => "ALTER STATISTICS",
        S::CreateTrigger(_) => "CREATE TRIGGER",
        S::CreateRule(_) => "CREATE RULE",
        S::CreatePolicy(_) => "CREATE POLICY",
        S::AlterPolicy(_) => "ALTER POLICY",
        S::SecLabel(_) => "SECURITY LABEL",
        other => later_name(other),
    }
}

/// The names of statements about objects that are not relations.
fn later_name(statement: &Statement) -> &'static str {
    use Statement as S;
    match statement {
        S::CreateCompositeType(_) | S::CreateEnum(_) | S::CreateRange(_) => "CREATE TYPE",
        S::CreateDomain(_) => "CREATE DOMAIN",
        S::AlterDomain(_) => "ALTER DOMAIN",
        S::AlterEnum(_) | S::AlterType(_) => "ALTER TYPE",
        S::AlterOperator(_) => "ALTER OPERATOR",
        S::AlterCollation(_) => "ALTER COLLATION",
        S::CreateCast(_) => "CREATE CAST",
        S::CreateTransform(_) => "CREATE TRANSFORM",
        S::CreateConversion(_) => "CREATE CONVERSION",
        S::CreateOpClass(_) => "CREATE OPERATOR CLASS",
        S::CreateOpFamily(_) => "CREATE OPERATOR FAMILY",
        S::AlterOpFamily(_) => "ALTER OPERATOR FAMILY",
        S::CreateAccessMethod(_) => "CREATE ACCESS METHOD",
        S::CreateLanguage(_) => "CREATE LANGUAGE",
        S::AlterTsDictionary(_) => "ALTER TEXT SEARCH DICTIONARY",
        S::AlterTsConfiguration(_) => "ALTER TEXT SEARCH CONFIGURATION",
        S::CreateEventTrigger(_) => "CREATE EVENT TRIGGER",
        S::AlterEventTrigger(_) => "ALTER EVENT TRIGGER",
        S::CreateExtension(_) => "CREATE EXTENSION",
        S::AlterExtension(_) | S::AlterExtensionContents(_) => "ALTER EXTENSION",
        S::CreateSchema(_) => "CREATE SCHEMA",
        S::CreateDatabase(_) => "CREATE DATABASE",
        S::AlterDatabase(_) | S::AlterDatabaseRefreshCollation(_) | S::AlterDatabaseSet(_) => "ALTER DATABASE",
        S::DropDatabase(_) => "DROP DATABASE",
        S::CreateTablespace(_) => "CREATE TABLESPACE",
        S::AlterTablespaceOptions(_) => "ALTER TABLESPACE",
        S::DropTablespace(_) => "DROP TABLESPACE",
        S::AlterSystem(_) => "ALTER SYSTEM",
        S::CreateRole(_) => "CREATE ROLE",
        S::AlterRole(_) | S::AlterRoleSet(_) => "ALTER ROLE",
        S::DropRole(_) => "DROP ROLE",
        S::Grant(s) => {
            if s.is_grant {
                "GRANT"
            } else {
                "REVOKE"
            }
        }
        S::GrantRole(s) => {
            if s.is_grant {
                "GRANT ROLE"
            } else {
                "REVOKE ROLE"
            }
        }
        S::AlterDefaultPrivileges(_) => "ALTER DEFAULT PRIVILEGES",
        S::DropOwned(_) => "DROP OWNED",
        S::ReassignOwned(_) => "REASSIGN OWNED",
        S::CreateFdw(_) => "CREATE FOREIGN DATA WRAPPER",
        S::AlterFdw(_) => "ALTER FOREIGN DATA WRAPPER",
        S::CreateForeignServer(_) => "CREATE SERVER",
        S::AlterForeignServer(_) => "ALTER SERVER",
        S::CreateUserMapping(_) => "CREATE USER MAPPING",
        S::AlterUserMapping(_) => "ALTER USER MAPPING",
        S::DropUserMapping(_) => "DROP USER MAPPING",
        S::ImportForeignSchema(_) => "IMPORT FOREIGN SCHEMA",
        S::CreatePublication(_) => "CREATE PUBLICATION",
        S::AlterPublication(_) => "ALTER PUBLICATION",
        S::CreateSubscription(_) => "CREATE SUBSCRIPTION",
        S::AlterSubscription(_) => "ALTER SUBSCRIPTION",
        S::DropSubscription(_) => "DROP SUBSCRIPTION",
        _ => "the statement",
    }
}

/// The words for a kind of object, in SQL.
pub const fn object_words(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::AccessMethod => "ACCESS METHOD",
        ObjectType::Aggregate => "AGGREGATE",
        ObjectType::Attribute => "TYPE",
        ObjectType::Cast => "CAST",
        ObjectType::Column => "COLUMN",
        ObjectType::Collation => "COLLATION",
        ObjectType::Conversion => "CONVERSION",
        ObjectType::Database => "DATABASE",
        ObjectType::Domain => "DOMAIN",
        ObjectType::DomainConstraint => "CONSTRAINT",
        ObjectType::EventTrigger => "EVENT TRIGGER",
        ObjectType::Extension => "EXTENSION",
        ObjectType::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        ObjectType::ForeignServer => "SERVER",
        ObjectType::ForeignTable => "FOREIGN TABLE",
        ObjectType::Function => "FUNCTION",
        ObjectType::Index => "INDEX",
        ObjectType::Language => "LANGUAGE",
        ObjectType::LargeObject => "LARGE OBJECT",
        ObjectType::MaterializedView => "MATERIALIZED VIEW",
        ObjectType::OperatorClass => "OPERATOR CLASS",
        ObjectType::Operator => "OPERATOR",
        ObjectType::OperatorFamily => "OPERATOR FAMILY",
        ObjectType::ParameterAcl => "PARAMETER",
        ObjectType::Policy => "POLICY",
        ObjectType::Procedure => "PROCEDURE",
        ObjectType::Publication => "PUBLICATION",
        ObjectType::Role => "ROLE",
        ObjectType::Routine => "ROUTINE",
        ObjectType::Rule => "RULE",
        ObjectType::Schema => "SCHEMA",
        ObjectType::Sequence => "SEQUENCE",
        ObjectType::Subscription => "SUBSCRIPTION",
        ObjectType::Statistics => "STATISTICS",
        ObjectType::TableConstraint => "CONSTRAINT",
        ObjectType::Table => "TABLE",
        ObjectType::Tablespace => "TABLESPACE",
        ObjectType::Transform => "TRANSFORM",
        ObjectType::Trigger => "TRIGGER",
        ObjectType::TextSearchConfiguration => "TEXT SEARCH CONFIGURATION",
        ObjectType::TextSearchDictionary => "TEXT SEARCH DICTIONARY",
        ObjectType::TextSearchParser => "TEXT SEARCH PARSER",
        ObjectType::TextSearchTemplate => "TEXT SEARCH TEMPLATE",
        ObjectType::Type => "TYPE",
        ObjectType::UserMapping => "USER MAPPING",
        ObjectType::View => "VIEW",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        let parsed = parser::parse(text, &parser::ParseOptions::default()).unwrap();
        statement_name(&parsed[0].stmt)
    }

    #[test]
    fn statements_are_called_as_they_are_written() {
        let all = [
            "create extension plpgsql",
            "drop function f(int)",
            "comment on text search parser p is 'x'",
            "alter operator + (int, int) owner to u",
            "alter table t rename column a to b",
            "revoke a from b",
            "create aggregate s (int) (sfunc = f, stype = int)",
        ];
        let names = [
            "CREATE EXTENSION",
            "DROP FUNCTION",
            "COMMENT ON TEXT SEARCH PARSER",
            "ALTER OPERATOR OWNER TO",
            "ALTER TABLE RENAME",
            "REVOKE ROLE",
            "CREATE AGGREGATE",
        ];
        assert_eq!(all.map(name), names);
    }
}
