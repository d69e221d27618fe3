//! What statements and kinds of objects are called in SQL.

use parser::ast::{
    CreateTableAsStmt, DiscardTarget, ObjectType, ReindexTarget, Statement, TransactionStmt, VariableSetAction,
};

/// A verb with the words for a kind of object.
macro_rules! with_words {
    ($verb:literal, $object_type:expr) => {
        match $object_type {
            ObjectType::AccessMethod => concat!($verb, "ACCESS METHOD"),
            ObjectType::Aggregate => concat!($verb, "AGGREGATE"),
            ObjectType::Attribute => concat!($verb, "TYPE"),
            ObjectType::Cast => concat!($verb, "CAST"),
            ObjectType::Column => concat!($verb, "COLUMN"),
            ObjectType::Collation => concat!($verb, "COLLATION"),
            ObjectType::Conversion => concat!($verb, "CONVERSION"),
            ObjectType::Database => concat!($verb, "DATABASE"),
            ObjectType::Domain => concat!($verb, "DOMAIN"),
            ObjectType::DomainConstraint => concat!($verb, "CONSTRAINT"),
            ObjectType::EventTrigger => concat!($verb, "EVENT TRIGGER"),
            ObjectType::Extension => concat!($verb, "EXTENSION"),
            ObjectType::ForeignDataWrapper => concat!($verb, "FOREIGN DATA WRAPPER"),
            ObjectType::ForeignServer => concat!($verb, "SERVER"),
            ObjectType::ForeignTable => concat!($verb, "FOREIGN TABLE"),
            ObjectType::Function => concat!($verb, "FUNCTION"),
            ObjectType::Index => concat!($verb, "INDEX"),
            ObjectType::Language => concat!($verb, "LANGUAGE"),
            ObjectType::LargeObject => concat!($verb, "LARGE OBJECT"),
            ObjectType::MaterializedView => concat!($verb, "MATERIALIZED VIEW"),
            ObjectType::OperatorClass => concat!($verb, "OPERATOR CLASS"),
            ObjectType::Operator => concat!($verb, "OPERATOR"),
            ObjectType::OperatorFamily => concat!($verb, "OPERATOR FAMILY"),
            ObjectType::ParameterAcl => concat!($verb, "PARAMETER"),
            ObjectType::Policy => concat!($verb, "POLICY"),
            ObjectType::Procedure => concat!($verb, "PROCEDURE"),
            ObjectType::Publication => concat!($verb, "PUBLICATION"),
            ObjectType::Role => concat!($verb, "ROLE"),
            ObjectType::Routine => concat!($verb, "ROUTINE"),
            ObjectType::Rule => concat!($verb, "RULE"),
            ObjectType::Schema => concat!($verb, "SCHEMA"),
            ObjectType::Sequence => concat!($verb, "SEQUENCE"),
            ObjectType::Subscription => concat!($verb, "SUBSCRIPTION"),
            ObjectType::Statistics => concat!($verb, "STATISTICS"),
            ObjectType::TableConstraint => concat!($verb, "CONSTRAINT"),
            ObjectType::Table => concat!($verb, "TABLE"),
            ObjectType::Tablespace => concat!($verb, "TABLESPACE"),
            ObjectType::Transform => concat!($verb, "TRANSFORM"),
            ObjectType::Trigger => concat!($verb, "TRIGGER"),
            ObjectType::TextSearchConfiguration => concat!($verb, "TEXT SEARCH CONFIGURATION"),
            ObjectType::TextSearchDictionary => concat!($verb, "TEXT SEARCH DICTIONARY"),
            ObjectType::TextSearchParser => concat!($verb, "TEXT SEARCH PARSER"),
            ObjectType::TextSearchTemplate => concat!($verb, "TEXT SEARCH TEMPLATE"),
            ObjectType::Type => concat!($verb, "TYPE"),
            ObjectType::UserMapping => concat!($verb, "USER MAPPING"),
            ObjectType::View => concat!($verb, "VIEW"),
        }
    };
}

/// What a statement is called in SQL, for messages about it: its tag, and what tells it from others with that tag.
pub fn statement_name(statement: &Statement) -> String {
    let of = |verb: &str, object_type: ObjectType| format!("{verb} {}", object_words(object_type));
    match statement {
        Statement::Comment(s) => of("COMMENT ON", s.object_type),
        Statement::Rename(s) => of("ALTER", s.relation_type.unwrap_or(s.rename_type)) + " RENAME",
        Statement::AlterObjectSchema(s) => of("ALTER", s.object_type) + " SET SCHEMA",
        Statement::AlterOwner(s) => of("ALTER", s.object_type) + " OWNER TO",
        Statement::AlterObjectDepends(s) => of("ALTER", s.object_type) + " DEPENDS ON EXTENSION",
        Statement::AlterTableMoveAll(_) => "ALTER TABLE ALL IN TABLESPACE".to_owned(),
        Statement::Reindex(s) => reindex_name(&s.target).to_owned(),
        Statement::Transaction(_) => "a transaction statement in this place".to_owned(),
        Statement::Prepare(_)
        | Statement::Execute(_)
        | Statement::Deallocate(_)
        | Statement::DeclareCursor(_)
        | Statement::Fetch(_)
        | Statement::ClosePortal(_) => format!("{} in this place", command_tag(statement)),
        Statement::Return(_) => "RETURN".to_owned(),
        Statement::PlAssign(_) => "a PL/pgSQL assignment".to_owned(),
        other => command_tag(other).to_owned(),
    }
}

/// A statement's command tag, without counts.
pub fn command_tag(statement: &Statement) -> &'static str {
    match statement {
        Statement::Transaction(s) => transaction_tag(s),
        Statement::Drop(s) => with_words!("DROP ", s.object_type),
        Statement::Rename(s) => alter_tag(s.relation_type.unwrap_or(s.rename_type)),
        Statement::AlterObjectSchema(s) => alter_tag(s.object_type),
        Statement::AlterOwner(s) => alter_tag(s.object_type),
        Statement::AlterObjectDepends(s) => alter_tag(s.object_type),
        Statement::AlterFunction(s) => alter_tag(s.object_type),
        Statement::AlterTable(s) => alter_tag(s.object_type),
        Statement::AlterTableMoveAll(s) => alter_tag(s.object_type),
        Statement::Define(s) => with_words!("CREATE ", s.object_type),
        Statement::CreateFunction(s) if s.procedure => "CREATE PROCEDURE",
        Statement::CreateTableAs(s) => create_as_name(s),
        Statement::Vacuum(s) if !s.is_vacuum => "ANALYZE",
        Statement::Grant(s) if !s.is_grant => "REVOKE",
        Statement::GrantRole(s) if !s.is_grant => "REVOKE ROLE",
        other => fixed_name(other),
    }
}

const fn transaction_tag(statement: &TransactionStmt) -> &'static str {
    use TransactionStmt as T;
    match statement {
        T::Begin(_) => "BEGIN",
        T::Start(_) => "START TRANSACTION",
        T::Commit { .. } => "COMMIT",
        T::Rollback { .. } | T::RollbackTo(_) => "ROLLBACK",
        T::Savepoint(_) => "SAVEPOINT",
        T::Release(_) => "RELEASE",
        T::Prepare(_) => "PREPARE TRANSACTION",
        T::CommitPrepared(_) => "COMMIT PREPARED",
        T::RollbackPrepared(_) => "ROLLBACK PREPARED",
    }
}

/// A column is altered with its table, a constraint with its table or domain.
const fn alter_tag(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::Column | ObjectType::TableConstraint => "ALTER TABLE",
        ObjectType::DomainConstraint => "ALTER DOMAIN",
        other => with_words!("ALTER ", other),
    }
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
        S::VariableSet(s) if matches!(s.action, VariableSetAction::Reset(_) | VariableSetAction::ResetAll) => "RESET",
        S::VariableSet(_) => "SET",
        S::VariableShow(_) => "SHOW",
        S::ConstraintsSet(_) => "SET CONSTRAINTS",
        S::Discard(DiscardTarget::All) => "DISCARD ALL",
        S::Discard(DiscardTarget::Plans) => "DISCARD PLANS",
        S::Discard(DiscardTarget::Sequences) => "DISCARD SEQUENCES",
        S::Discard(DiscardTarget::Temp) => "DISCARD TEMP",
        S::Prepare(_) => "PREPARE",
        S::Execute(_) => "EXECUTE",
        S::Deallocate(s) if s.name.is_none() => "DEALLOCATE ALL",
        S::Deallocate(_) => "DEALLOCATE",
        S::DeclareCursor(_) => "DECLARE CURSOR",
        S::Fetch(s) if s.is_move => "MOVE",
        S::Fetch(_) => "FETCH",
        S::ClosePortal(s) if s.cursor.is_none() => "CLOSE CURSOR ALL",
        S::ClosePortal(_) => "CLOSE CURSOR",
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
        S::Vacuum(_) => "VACUUM",
        S::Reindex(_) => "REINDEX",
        S::Cluster(_) => "CLUSTER",
        S::Truncate(_) => "TRUNCATE TABLE",
        S::CreateTable(_) => "CREATE TABLE",
        S::RefreshMatView(_) => "REFRESH MATERIALIZED VIEW",
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
        S::Comment(_) => "COMMENT",
        S::CreateFunction(_) => "CREATE FUNCTION",
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
        S::Grant(_) => "GRANT",
        S::GrantRole(_) => "GRANT ROLE",
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
    with_words!("", object_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        let parsed = parser::parse(text, &parser::ParseOptions::default()).unwrap();
        statement_name(&parsed[0].stmt)
    }

    #[test]
    fn tags_are_those_of_postgres() {
        let tags = [
            ("alter table t rename column a to b", "ALTER TABLE"),
            ("alter table t rename constraint a to b", "ALTER TABLE"),
            ("alter view v rename to w", "ALTER VIEW"),
            ("alter index i rename to j", "ALTER INDEX"),
            ("alter type t rename attribute a to b", "ALTER TYPE"),
            ("alter domain d rename constraint a to b", "ALTER DOMAIN"),
            ("alter function f() owner to u", "ALTER FUNCTION"),
            ("create unique index on t (a)", "CREATE INDEX"),
            ("comment on table t is 'x'", "COMMENT"),
            ("drop materialized view v", "DROP MATERIALIZED VIEW"),
            ("with x as (select 1) select * from x", "SELECT"),
            ("start transaction", "START TRANSACTION"),
            ("rollback to a", "ROLLBACK"),
            ("reset all", "RESET"),
            ("discard temp", "DISCARD TEMP"),
            ("deallocate all", "DEALLOCATE ALL"),
            ("move 1 from c", "MOVE"),
            ("reindex table t", "REINDEX"),
            ("analyze", "ANALYZE"),
        ];
        for (text, tag) in tags {
            let parsed = parser::parse(text, &parser::ParseOptions::default()).unwrap();
            assert_eq!(command_tag(&parsed[0].stmt), tag, "{text}");
        }
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
