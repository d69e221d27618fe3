//! DROP TABLE, VIEW, INDEX, SEQUENCE, SCHEMA, TYPE, DOMAIN.

use crate::address::{ObjectAddress, relation_word};
use crate::dependency::drop_objects;
use crate::{Execution, Tag, names, with_analyze_context};
use base::Oid;
use catalog::oids;
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{DropStmt, ObjectName, ObjectType, Persistence, Pos, QualifiedName, RangeVar, TypeName};
use report::{Error, Result, Severity, SqlState, bail, error, unsupported};

/// DROP of anything that has a name in a schema, and of schemas.
pub(crate) fn drop_statement(ex: &mut Execution<'_, '_>, statement: &DropStmt) -> Result<Tag> {
    let tag = tag_of(statement.object_type)?;
    if statement.concurrently && ex.in_block {
        bail!(ACTIVE_SQL_TRANSACTION, "DROP INDEX CONCURRENTLY cannot run inside a transaction block");
    }
    let mut targets = Vec::new();
    for object in &statement.objects {
        match find(ex, statement.object_type, object)? {
            Some(address) => targets.push(address),
            None => {
                let missing = missing(statement.object_type, object);
                if !statement.if_exists {
                    return Err(missing);
                }
                let message = format!("{}, skipping", missing.message());
                let notice = Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message);
                ex.cx.session.notice(notice);
            }
        }
    }
    if !targets.is_empty() {
        drop_objects(ex.cx, &targets, statement.behavior)?;
    }
    Ok(Tag::Plain(tag))
}

fn tag_of(object_type: ObjectType) -> Result<&'static str> {
    Ok(match object_type {
        ObjectType::Table => "DROP TABLE",
        ObjectType::View => "DROP VIEW",
        ObjectType::MaterializedView => "DROP MATERIALIZED VIEW",
        ObjectType::Index => "DROP INDEX",
        ObjectType::Sequence => "DROP SEQUENCE",
        ObjectType::Schema => "DROP SCHEMA",
        ObjectType::Type => "DROP TYPE",
        ObjectType::Domain => "DROP DOMAIN",
        other => unsupported!("DROP of {other:?}"),
    })
}

fn find(ex: &Execution<'_, '_>, object_type: ObjectType, object: &ObjectName) -> Result<Option<ObjectAddress>> {
    match (object_type, object) {
        (ObjectType::Schema, ObjectName::Name(name)) => find_schema(ex.cx, name),
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(name)) => find_type(ex, object_type, name),
        (_, ObjectName::Qualified(name)) => find_relation(ex.cx, object_type, name),
        (other, _) => unsupported!("DROP of {other:?}"),
    }
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
    let Some(entry) = names::find_relation(cx, &range, LockMode::AccessExclusive)? else { return Ok(None) };
    check_kind(object_type, entry.kind(), entry.name())?;
    cx.check_owner(entry.class.relowner, ObjectKind::of_relkind(entry.kind()), entry.name())?;
    if let Some(index) = &entry.index {
        names::lock_relation(cx, index.indrelid, LockMode::AccessExclusive)?;
    }
    if entry.oid < Oid::FIRST_UNPINNED {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{}\" is a system catalog", entry.name());
    }
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
        _ => "object",
    }
}

fn missing(object_type: ObjectType, object: &ObjectName) -> Error {
    let word = word_of(object_type);
    match object {
        ObjectName::Name(name) => error!(INVALID_SCHEMA_NAME, "{word} \"{name}\" does not exist"),
        ObjectName::Qualified(name) => error!(UNDEFINED_TABLE, "{word} \"{}\" does not exist", name.parts.join(".")),
        ObjectName::Type(name) => error!(UNDEFINED_OBJECT, "{word} \"{}\" does not exist", name.name.parts.join(".")),
        other => error!(UNDEFINED_OBJECT, "{word} {other:?} does not exist"),
    }
}
