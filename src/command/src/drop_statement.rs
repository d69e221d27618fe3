//! DROP TABLE, VIEW, INDEX, SEQUENCE, SCHEMA, TYPE, DOMAIN.

use crate::address::{ObjectAddress, relation_word};
use crate::dependency::drop_objects;
use crate::{Execution, Tag, function_statement, names, with_analyze_context};
use base::Oid;
use catalog::oids;
use catalog::rows::PgRewrite;
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{
    DropBehavior, DropStmt, ObjectName, ObjectType, ObjectWithArgs, Persistence, Pos, QualifiedName, RangeVar, TypeName,
};
use report::{Error, Result, Severity, SqlState, bail, error, unsupported};
use schema::Key;

/// DROP of anything that has a name in a schema, and of schemas.
pub(crate) fn drop_statement(ex: &mut Execution<'_, '_>, statement: &DropStmt) -> Result<Tag> {
    let tag = tag_of(statement.object_type)?;
    if statement.concurrently {
        check_concurrently(ex, statement)?;
    }
    let mut targets = Vec::new();
    for object in &statement.objects {
        let missing = match find(ex, statement.object_type, object)? {
            Found::Object(address) => {
                targets.push(address);
                continue;
            }
            Found::Missing => missing(ex, statement.object_type, object)?,
            Found::MissingPart(error) => error,
        };
        if !statement.if_exists {
            return Err(missing);
        }
        let message = match object {
            ObjectName::Callable(named)
                if statement.object_type == ObjectType::Operator && missing.code() == SqlState::UNDEFINED_FUNCTION =>
            {
                format!("operator {} does not exist, skipping", named.name.dotted())
            }
            ObjectName::Qualified(name)
                if statement.object_type == ObjectType::Collation && missing.code() == SqlState::UNDEFINED_OBJECT =>
            {
                format!("collation \"{}\" does not exist, skipping", name.dotted())
            }
            // Whether the relation is a table is not looked at where nothing has to be done.
            ObjectName::OnRelation(name, table)
                if statement.object_type == ObjectType::Trigger && missing.code() == SqlState::UNDEFINED_OBJECT =>
            {
                format!("trigger \"{name}\" for relation \"{}\" does not exist, skipping", table.last())
            }
            // A notice prints the types as they were written.
            ObjectName::Callable(named) if missing.code() == SqlState::UNDEFINED_FUNCTION => {
                let brackets = |name: &TypeName| "[]".repeat(name.array_bounds.len());
                let types = named.args.iter().flatten().map(|name| name.name.dotted() + &brackets(name));
                let types = types.collect::<Vec<_>>();
                let word = word_of(statement.object_type);
                format!("{word} {}({}) does not exist, skipping", named.name.dotted(), types.join(","))
            }
            _ => format!("{}, skipping", missing.message()),
        };
        let notice = Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message);
        ex.cx.session.notice(notice);
    }
    if !targets.is_empty() {
        drop_objects(ex.cx, &targets, statement.behavior)?;
    }
    Ok(Tag::Plain(tag))
}

fn check_concurrently(ex: &Execution<'_, '_>, statement: &DropStmt) -> Result<()> {
    if statement.objects.len() > 1 {
        bail!(FEATURE_NOT_SUPPORTED, "DROP INDEX CONCURRENTLY does not support dropping multiple objects");
    }
    if statement.behavior == DropBehavior::Cascade {
        bail!(FEATURE_NOT_SUPPORTED, "DROP INDEX CONCURRENTLY does not support CASCADE");
    }
    if ex.in_block {
        bail!(ACTIVE_SQL_TRANSACTION, "DROP INDEX CONCURRENTLY cannot run inside a transaction block");
    }
    Ok(())
}

fn tag_of(object_type: ObjectType) -> Result<&'static str> {
    Ok(match object_type {
        ObjectType::Table => "DROP TABLE",
        ObjectType::View => "DROP VIEW",
        ObjectType::MaterializedView => "DROP MATERIALIZED VIEW",
        ObjectType::Index => "DROP INDEX",
        ObjectType::Sequence => "DROP SEQUENCE",
        ObjectType::ForeignTable => "DROP FOREIGN TABLE",
        ObjectType::Schema => "DROP SCHEMA",
        ObjectType::Type => "DROP TYPE",
        ObjectType::Domain => "DROP DOMAIN",
        ObjectType::Function => "DROP FUNCTION",
        ObjectType::Procedure => "DROP PROCEDURE",
        ObjectType::Routine => "DROP ROUTINE",
        ObjectType::Aggregate => "DROP AGGREGATE",
        ObjectType::Trigger => "DROP TRIGGER",
        ObjectType::Rule => "DROP RULE",
        ObjectType::Cast => "DROP CAST",
        ObjectType::Extension => "DROP EXTENSION",
        ObjectType::Language => "DROP LANGUAGE",
        ObjectType::AccessMethod => "DROP ACCESS METHOD",
        ObjectType::Collation => "DROP COLLATION",
        ObjectType::Conversion => "DROP CONVERSION",
        ObjectType::EventTrigger => "DROP EVENT TRIGGER",
        ObjectType::ForeignDataWrapper => "DROP FOREIGN DATA WRAPPER",
        ObjectType::ForeignServer => "DROP SERVER",
        ObjectType::Operator => "DROP OPERATOR",
        ObjectType::OperatorClass => "DROP OPERATOR CLASS",
        ObjectType::OperatorFamily => "DROP OPERATOR FAMILY",
        ObjectType::Policy => "DROP POLICY",
        ObjectType::Publication => "DROP PUBLICATION",
        ObjectType::TextSearchConfiguration => "DROP TEXT SEARCH CONFIGURATION",
        ObjectType::TextSearchDictionary => "DROP TEXT SEARCH DICTIONARY",
        ObjectType::TextSearchParser => "DROP TEXT SEARCH PARSER",
        ObjectType::TextSearchTemplate => "DROP TEXT SEARCH TEMPLATE",
        other => unsupported!("DROP of {other:?}"),
    })
}

/// What became of a name.
enum Found {
    Object(ObjectAddress),
    /// There is no such object.
    Missing,
    /// Its schema, its table or the type of an argument is not there: this is what is said.
    MissingPart(Error),
}

impl From<Option<ObjectAddress>> for Found {
    fn from(found: Option<ObjectAddress>) -> Found {
        found.map_or(Found::Missing, Found::Object)
    }
}

fn find(ex: &Execution<'_, '_>, object_type: ObjectType, object: &ObjectName) -> Result<Found> {
    match (object_type, object) {
        (ObjectType::Schema, ObjectName::Name(name)) => find_schema(ex.cx, name).map(Found::from),
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(name)) => {
            match missing_schema(ex.cx, name.name.qualifiers())? {
                Some(error) => Ok(Found::MissingPart(error)),
                None => find_type(ex, object_type, name).map(Found::from),
            }
        }
        (ObjectType::Trigger | ObjectType::Rule, ObjectName::OnRelation(name, table)) => {
            find_on_table(ex.cx, object_type, name, table)
        }
        (ObjectType::Operator, _) | (_, ObjectName::ByMethod(..) | ObjectName::Cast(..)) => {
            find_other(ex, object_type, object)
        }
        (_, ObjectName::Callable(named)) => find_function(ex, object_type, named),
        (
            ObjectType::Table
            | ObjectType::View
            | ObjectType::MaterializedView
            | ObjectType::Index
            | ObjectType::Sequence
            | ObjectType::ForeignTable,
            ObjectName::Qualified(_),
        )
        | (ObjectType::Extension | ObjectType::Language, _) => find_plain(ex, object_type, object),
        _ => find_other(ex, object_type, object),
    }
}

fn find_plain(ex: &Execution<'_, '_>, object_type: ObjectType, object: &ObjectName) -> Result<Found> {
    match (object_type, object) {
        (_, ObjectName::Qualified(name)) => match missing_schema(ex.cx, name.qualifiers())? {
            Some(error) => Ok(Found::MissingPart(error)),
            None => find_relation(ex.cx, object_type, name).map(Found::from),
        },
        (ObjectType::Extension | ObjectType::Language, ObjectName::Name(_)) => Ok(Found::Missing),
        (other, _) => unsupported!("DROP of {other:?}"),
    }
}

/// Objects that are found as COMMENT finds them.
fn find_other(ex: &Execution<'_, '_>, object_type: ObjectType, object: &ObjectName) -> Result<Found> {
    let (names, types) = match object {
        ObjectName::Qualified(name) => (Some(name), Vec::new()),
        ObjectName::ByMethod(name, method) => {
            if ex.cx.catalog().access_method_by_name(method)?.is_none() {
                bail!(UNDEFINED_OBJECT, "access method \"{method}\" does not exist");
            }
            (Some(name), Vec::new())
        }
        ObjectName::Callable(named) => (Some(&named.name), named.args.iter().flatten().collect()),
        ObjectName::Cast(source, target) => (None, vec![source, target]),
        _ => (None, Vec::new()),
    };
    if let Some(error) = names.map_or(Ok(None), |name| missing_schema(ex.cx, name.qualifiers()))? {
        return Ok(Found::MissingPart(error));
    }
    for name in types {
        if let Some(error) = missing_type(ex, name)? {
            return Ok(Found::MissingPart(error));
        }
    }
    match crate::object::find(ex, object_type, object) {
        Ok(found) => {
            found.check_owner(ex.cx)?;
            Ok(Found::Object(found.address))
        }
        Err(error) if matches!(error.code(), SqlState::UNDEFINED_OBJECT | SqlState::UNDEFINED_FUNCTION) => {
            Ok(Found::MissingPart(error))
        }
        Err(error) => Err(error),
    }
}

/// What is said of a type's name that means nothing, its schema perhaps.
fn missing_type(ex: &Execution<'_, '_>, name: &TypeName) -> Result<Option<Error>> {
    if let Some(error) = missing_schema(ex.cx, name.name.qualifiers())? {
        return Ok(Some(error));
    }
    let found = with_analyze_context(ex.cx, ex.text, |context| context.find_type_of_name(name))?;
    Ok(match found {
        Some(_) => None,
        None => Some(error!(UNDEFINED_OBJECT, "type \"{}\" does not exist", name.name.dotted())),
    })
}

/// 3F000 if the name's schema is not there.
fn missing_schema(cx: Ctx<'_>, qualifiers: &[String]) -> Result<Option<Error>> {
    let Some(schema) = qualifiers.last() else { return Ok(None) };
    Ok(match names::find_schema(cx, schema)? {
        Some(_) => None,
        None => Some(error!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist")),
    })
}

fn find_function(ex: &Execution<'_, '_>, object_type: ObjectType, named: &ObjectWithArgs) -> Result<Found> {
    if let Some(error) = missing_schema(ex.cx, named.name.qualifiers())? {
        return Ok(Found::MissingPart(error));
    }
    for argument in named.args.iter().flatten() {
        if let Some(error) = missing_type(ex, argument)? {
            return Ok(Found::MissingPart(error));
        }
    }
    if !matches!(
        object_type,
        ObjectType::Function | ObjectType::Procedure | ObjectType::Routine | ObjectType::Aggregate
    ) {
        unsupported!("DROP of {object_type:?}");
    }
    let Some(row) = function_statement::look_up(ex, object_type, named)? else { return Ok(Found::Missing) };
    ex.cx.check_owner(row.proowner, ObjectKind::Function, &row.proname)?;
    if object_type == ObjectType::Function && row.prokind == b'a' {
        let error = error!(WRONG_OBJECT_TYPE, "\"{}\" is an aggregate function", row.proname);
        return Err(error.hint("Use DROP AGGREGATE to drop aggregate functions."));
    }
    Ok(Found::Object(ObjectAddress::new(oids::PG_PROC, row.oid)))
}

/// A trigger or rule of a table.
fn find_on_table(cx: Ctx<'_>, object_type: ObjectType, name: &str, table: &QualifiedName) -> Result<Found> {
    if let Some(error) = missing_schema(cx, table.qualifiers())? {
        return Ok(Found::MissingPart(error));
    }
    let range = range_of(table);
    let Some(entry) = names::find_relation(cx, &range, LockMode::AccessExclusive)? else {
        return Ok(Found::MissingPart(names::no_such_relation(&range)));
    };
    cx.check_owner(entry.class.relowner, ObjectKind::of_relkind(entry.kind()), entry.name())?;
    let found = match object_type {
        ObjectType::Trigger => {
            let trigger = entry.triggers.iter().find(|trigger| trigger.tgname == name);
            trigger.map(|trigger| ObjectAddress::new(oids::PG_TRIGGER, trigger.oid))
        }
        _ => {
            use catalog::columns::pg_rewrite as c;
            let rows = cx.catalog().scan::<PgRewrite>(&[Key::oid(c::EV_CLASS, entry.oid)])?;
            let rule = rows.iter().find(|rule| rule.rulename == name);
            rule.map(|rule| ObjectAddress::new(oids::PG_REWRITE, rule.oid))
        }
    };
    Ok(match found {
        Some(address) => Found::Object(address),
        None => {
            let (word, table) = (word_of(object_type), table.last());
            let whole = if object_type == ObjectType::Trigger { "table" } else { "relation" };
            Found::MissingPart(error!(UNDEFINED_OBJECT, "{word} \"{name}\" for {whole} \"{table}\" does not exist"))
        }
    })
}

fn find_schema(cx: Ctx<'_>, name: &str) -> Result<Option<ObjectAddress>> {
    let Some(row) = cx.catalog().namespace_by_name(name)? else { return Ok(None) };
    cx.check_owner(row.nspowner, ObjectKind::Schema, name)?;
    Ok(Some(ObjectAddress::new(oids::PG_NAMESPACE, row.oid)))
}

fn find_type(ex: &Execution<'_, '_>, object_type: ObjectType, name: &TypeName) -> Result<Option<ObjectAddress>> {
    let found = with_analyze_context(ex.cx, ex.text, |context| context.find_type_of_name(name))?;
    let Some(row) = found else { return Ok(None) };
    ex.cx.check_owner(row.typowner, ObjectKind::Type, &row.typname)?;
    if object_type == ObjectType::Domain && row.typtype != b'd' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a domain", row.typname);
    }
    Ok(Some(ObjectAddress::new(oids::PG_TYPE, row.oid)))
}

/// A qualified name as a relation's.
pub(crate) fn range_of(name: &QualifiedName) -> RangeVar {
    let mut parts = name.parts.iter().rev().cloned();
    RangeVar {
        name: parts.next().expect("a name has a part"),
        schema: parts.next(),
        catalog: parts.next(),
        inherit: true,
        persistence: Persistence::Permanent,
        alias: None,
        pos: Pos::NONE,
    }
}

fn find_relation(cx: Ctx<'_>, object_type: ObjectType, name: &QualifiedName) -> Result<Option<ObjectAddress>> {
    let range = range_of(name);
    if let Some(schema) = &range.schema
        && names::find_schema(cx, schema)?.is_none()
    {
        return Ok(None);
    }
    let may_drop = |entry: &schema::RelationEntry| {
        check_kind(object_type, entry.kind(), entry.name())?;
        cx.check_owner(entry.class.relowner, ObjectKind::of_relkind(entry.kind()), entry.name())
    };
    let found = names::find_relation_checked(cx, &range, LockMode::AccessExclusive, may_drop)?;
    let Some(entry) = found else { return Ok(None) };
    if let Some(index) = &entry.index {
        names::lock_relation(cx, index.indrelid, LockMode::AccessExclusive)?;
    }
    if entry.oid < Oid::FIRST_UNPINNED {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{}\" is a system catalog", entry.name());
    }
    names::check_not_in_use(cx, &entry, "DROP TABLE")?;
    Ok(Some(ObjectAddress::relation(entry.oid)))
}

fn check_kind(wanted: ObjectType, relkind: u8, name: &str) -> Result<()> {
    let fits = match wanted {
        ObjectType::Table => matches!(relkind, b'r' | b'p'),
        ObjectType::View => relkind == b'v',
        ObjectType::MaterializedView => relkind == b'm',
        ObjectType::Index => matches!(relkind, b'i' | b'I'),
        ObjectType::Sequence => relkind == b'S',
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let word = word_of(wanted);
    let article = if word == "index" { "an" } else { "a" };
    let error = error!(WRONG_OBJECT_TYPE, "\"{name}\" is not {article} {word}");
    Err(match relkind {
        b'c' => error.hint("Use DROP TYPE to remove a type."),
        _ => {
            let found = relation_word(relkind);
            let article = if found.starts_with('i') { "an" } else { "a" };
            error.hint(format!("Use DROP {} to remove {article} {found}.", found.to_uppercase()))
        }
    })
}

fn word_of(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::Table => "table",
        ObjectType::View => "view",
        ObjectType::MaterializedView => "materialized view",
        ObjectType::Index => "index",
        ObjectType::Sequence => "sequence",
        ObjectType::Schema => "schema",
        ObjectType::Domain | ObjectType::Type => "type",
        ObjectType::ForeignTable => "foreign table",
        ObjectType::Function => "function",
        ObjectType::Procedure => "procedure",
        ObjectType::Routine => "routine",
        ObjectType::Aggregate => "aggregate",
        ObjectType::Trigger => "trigger",
        ObjectType::Rule => "rule",
        ObjectType::Extension => "extension",
        ObjectType::Language => "language",
        _ => "object",
    }
}

fn missing(ex: &Execution<'_, '_>, object_type: ObjectType, object: &ObjectName) -> Result<Error> {
    let word = word_of(object_type);
    Ok(match object {
        ObjectName::Name(name) if object_type == ObjectType::Schema => {
            error!(INVALID_SCHEMA_NAME, "{word} \"{name}\" does not exist")
        }
        ObjectName::Name(name) => error!(UNDEFINED_OBJECT, "{word} \"{name}\" does not exist"),
        ObjectName::Qualified(name) if object_type == ObjectType::Index => {
            error!(UNDEFINED_OBJECT, "{word} \"{}\" does not exist", name.last())
        }
        ObjectName::Qualified(name) => error!(UNDEFINED_TABLE, "{word} \"{}\" does not exist", name.last()),
        ObjectName::Type(name) => error!(UNDEFINED_OBJECT, "type \"{}\" does not exist", name.name.dotted()),
        ObjectName::Callable(named) => function_statement::missing(ex, object_type, named)?,
        other => error!(UNDEFINED_OBJECT, "{word} {other:?} does not exist"),
    })
}
