//! ALTER ... RENAME: relations, columns, constraints, schemas, types, functions, roles.
//!
//! Stored queries and expressions know objects by number, so that a new name concerns one row, or two where a relation has a
//! row type.

use crate::alter_table::{check_kind, check_not_system, find as find_owned, no_such_column, tag_of};
use crate::drop_statement::range_of;
use crate::relation::{array_type_name, is_system_column};
use crate::{Execution, Tag, function_statement, names, with_analyze_context};
use base::Oid;
use catalog::rows::{PgAttribute, PgClass, PgConstraint, PgNamespace, PgProc, PgTrigger, PgType};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use lock::LockMode;
use parser::ast::{ObjectName, ObjectType, RangeVar, RenameStmt};
use report::{Error, Result, Severity, SqlState, bail, error, unsupported};
use schema::RelationEntry;

/// ALTER ... RENAME.
pub(crate) fn rename(ex: &mut Execution<'_, '_>, statement: &RenameStmt) -> Result<Tag> {
    let cx = ex.cx;
    let new = &statement.new_name;
    match (statement.rename_type, &statement.object) {
        (
            ObjectType::Table
            | ObjectType::View
            | ObjectType::MaterializedView
            | ObjectType::Index
            | ObjectType::Sequence
            | ObjectType::ForeignTable,
            ObjectName::Relation(_) | ObjectName::Qualified(_),
        ) => rename_named(cx, statement, &relation_name(&statement.object)),
        (ObjectType::Column | ObjectType::Attribute, _) => {
            rename_column_statement(cx, statement, &relation_name(&statement.object))
        }
        (ObjectType::TableConstraint, ObjectName::OnRelation(constraint, table)) => {
            rename_table_constraint(cx, statement, &range_of(table), constraint)
        }
        (ObjectType::TableConstraint, _) => {
            let name = statement.sub_name.clone().unwrap_or_default();
            rename_table_constraint(cx, statement, &relation_name(&statement.object), &name)
        }
        (ObjectType::Schema, ObjectName::Name(name)) => {
            rename_schema(cx, name, new)?;
            Ok(Tag::Plain("ALTER SCHEMA"))
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(name)) => {
            let row = with_analyze_context(cx, ex.text, |context| context.type_of_name(name))?;
            rename_type_statement(cx, statement.rename_type, &row.row, new)?;
            Ok(Tag::Plain(if statement.rename_type == ObjectType::Domain { "ALTER DOMAIN" } else { "ALTER TYPE" }))
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Qualified(name)) => {
            let row = crate::type_statement::find(ex, name)?;
            rename_type_statement(cx, statement.rename_type, &row, new)?;
            Ok(Tag::Plain(if statement.rename_type == ObjectType::Domain { "ALTER DOMAIN" } else { "ALTER TYPE" }))
        }
        (ObjectType::DomainConstraint, ObjectName::OnDomain(constraint, name)) => {
            let row = with_analyze_context(cx, ex.text, |context| context.type_of_name(name))?;
            rename_domain_constraint(cx, &row.row, constraint, new)?;
            Ok(Tag::Plain("ALTER DOMAIN"))
        }
        (ObjectType::Function | ObjectType::Procedure | ObjectType::Routine, ObjectName::Callable(named)) => {
            let row = function_statement::find(ex, statement.rename_type, named)?;
            rename_function(cx, &row, new)?;
            Ok(Tag::Plain(match statement.rename_type {
                ObjectType::Procedure => "ALTER PROCEDURE",
                ObjectType::Routine => "ALTER ROUTINE",
                _ => "ALTER FUNCTION",
            }))
        }
        (ObjectType::DomainConstraint, ObjectName::Qualified(name)) => {
            let row = crate::type_statement::find(ex, name)?;
            rename_domain_constraint(cx, &row, statement.sub_name.as_deref().unwrap_or_default(), new)?;
            Ok(Tag::Plain("ALTER DOMAIN"))
        }
        (ObjectType::Trigger, ObjectName::OnRelation(trigger, table)) => {
            rename_trigger(cx, &range_of(table), trigger, new)
        }
        (other, _) => unsupported!("ALTER {other:?} RENAME"),
    }
}

fn relation_name(object: &ObjectName) -> RangeVar {
    match object {
        ObjectName::Relation(range) => range.clone(),
        ObjectName::Qualified(name) | ObjectName::OnRelation(_, name) => range_of(name),
        ObjectName::Name(name) => RangeVar::named(name.clone()),
        ObjectName::Type(name) => range_of(&name.name),
        _ => RangeVar::named(String::new()),
    }
}

fn rename_named(cx: Ctx<'_>, statement: &RenameStmt, name: &RangeVar) -> Result<Tag> {
    let object_type = statement.rename_type;
    let tag = Tag::Plain(tag_of(object_type));
    let mode = match object_type {
        ObjectType::Index => LockMode::ShareUpdateExclusive,
        _ => LockMode::AccessExclusive,
    };
    let Some(entry) = find_owned(cx, name, mode, (object_type, statement.if_exists))? else { return Ok(tag) };
    // ALTER INDEX renames any relation, as it always has.
    if object_type == ObjectType::Index && entry.kind() != b'i' {
        names::lock_relation(cx, entry.oid, LockMode::AccessExclusive)?;
    } else {
        check_kind(object_type, &entry)?;
    }
    check_may_create(cx, entry.class.relnamespace)?;
    rename_relation(cx, &entry, &statement.new_name)?;
    Ok(tag)
}

/// One needs the right to create in the schema.
fn check_may_create(cx: Ctx<'_>, namespace: Oid) -> Result<()> {
    let row = cx.catalog().namespace(namespace)?.expect("an object's schema exists");
    match cx.may_use_schema(cx.session.current_user(), &row, Privileges::CREATE)? {
        true => Ok(()),
        false => Err(denied(ObjectKind::Schema, &row.nspname)),
    }
}

/// A relation's new name, for its row type too; a key's index shares its name with the constraint.
pub(crate) fn rename_relation(cx: Ctx<'_>, entry: &RelationEntry, new: &str) -> Result<()> {
    let catalog = cx.catalog();
    if catalog.relation_oid(entry.class.relnamespace, new)?.is_some() {
        bail!(DUPLICATE_TABLE, "relation \"{new}\" already exists");
    }
    let row = catalog.class(entry.oid)?.expect("the relation is open");
    catalog.update(&row, &PgClass { relname: new.to_owned(), ..row.row.clone() })?;
    if entry.class.reltype.is_valid()
        && let Some(row) = catalog.type_by_oid(entry.class.reltype)?
    {
        rename_type(cx, &row.row, new)?;
    }
    if entry.kind() == b'i'
        && let Some(constraint) = constraint_of_index(cx, entry)?
    {
        catalog.update(&constraint, &PgConstraint { conname: new.to_owned(), ..constraint.row.clone() })?;
    }
    cx.next_command()
}

/// The constraint that an index belongs to.
fn constraint_of_index(cx: Ctx<'_>, index: &RelationEntry) -> Result<Option<schema::CatalogRow<PgConstraint>>> {
    let table = index.index.as_ref().map_or(Oid::INVALID, |row| row.indrelid);
    let rows = cx.catalog().constraints(table)?;
    Ok(rows.into_iter().find(|row| row.conindid == index.oid && matches!(row.contype, b'p' | b'u' | b'x')))
}

fn rename_column_statement(cx: Ctx<'_>, statement: &RenameStmt, name: &RangeVar) -> Result<Tag> {
    let object_type = statement.relation_type.unwrap_or(ObjectType::Table);
    let tag = Tag::Plain(tag_of(object_type));
    let Some(entry) = find_owned(cx, name, LockMode::AccessExclusive, (object_type, statement.if_exists))? else {
        return Ok(tag);
    };
    check_kind(object_type, &entry)?;
    if !matches!(entry.kind(), b'r' | b'v' | b'm' | b'c' | b'i') {
        let error = error!(WRONG_OBJECT_TYPE, "cannot rename columns of relation \"{}\"", entry.name());
        return Err(error.detail(crate::address::not_supported_for(entry.kind())));
    }
    let old = statement.sub_name.as_deref().unwrap_or_default();
    rename_column(cx, &entry, old, &statement.new_name)?;
    Ok(tag)
}

fn rename_column(cx: Ctx<'_>, entry: &RelationEntry, old: &str, new: &str) -> Result<()> {
    let catalog = cx.catalog();
    let Some(number) = entry.column(old) else {
        if is_system_column(old) && entry.kind() == b'r' {
            bail!(FEATURE_NOT_SUPPORTED, "cannot rename system column \"{old}\"");
        }
        return Err(match entry.kind() {
            b'r' | b'm' | b'v' | b'c' | b'i' => error!(UNDEFINED_COLUMN, "column \"{old}\" does not exist"),
            _ => no_such_column(entry, old),
        });
    };
    if is_system_column(new) && matches!(entry.kind(), b'r' | b'm') {
        bail!(DUPLICATE_COLUMN, "column name \"{new}\" conflicts with a system column name");
    }
    if entry.column(new).is_some() {
        bail!(DUPLICATE_COLUMN, "column \"{new}\" of relation \"{}\" already exists", entry.name());
    }
    let row = catalog.attribute(entry.oid, number)?.expect("the column is in the relation's entry");
    catalog.update(&row, &PgAttribute { attname: new.to_owned(), ..row.row.clone() })?;
    cx.next_command()?;
    rename_index_columns(cx, entry, number, (old, new))
}

/// A simple index's column is called after the table's, as long as that name is free in it.
fn rename_index_columns(cx: Ctx<'_>, table: &RelationEntry, number: i16, (old, new): (&str, &str)) -> Result<()> {
    let catalog = cx.catalog();
    for index in &table.indexes {
        let Some(row) = catalog.index_row(*index)? else { continue };
        for (place, _) in row.indkey.iter().enumerate().filter(|(_, key)| **key == number) {
            let Some(column) = catalog.attribute(*index, place as i16 + 1)? else { continue };
            if column.attname == old && catalog.attribute_by_name(*index, new)?.is_none() {
                catalog.update(&column, &PgAttribute { attname: new.to_owned(), ..column.row.clone() })?;
                cx.next_command()?;
            }
        }
    }
    Ok(())
}

fn rename_table_constraint(cx: Ctx<'_>, statement: &RenameStmt, table: &RangeVar, name: &str) -> Result<Tag> {
    let tag = Tag::Plain("ALTER TABLE");
    let missing_ok = (ObjectType::Table, statement.if_exists);
    let Some(entry) = find_owned(cx, table, LockMode::AccessExclusive, missing_ok)? else { return Ok(tag) };
    let new = &statement.new_name;
    let rows = cx.catalog().constraints(entry.oid)?;
    let table_name = entry.name();
    let Some(row) = rows.iter().find(|row| row.conname == *name) else {
        bail!(UNDEFINED_OBJECT, "constraint \"{name}\" for table \"{table_name}\" does not exist");
    };
    if matches!(row.contype, b'p' | b'u' | b'x') {
        let index = cx.catalog().open_relation(row.conindid)?;
        rename_relation(cx, &index, new)?;
        return Ok(tag);
    }
    if rows.iter().any(|row| row.conname == *new) {
        bail!(DUPLICATE_OBJECT, "constraint \"{new}\" for relation \"{table_name}\" already exists");
    }
    cx.catalog().update(row, &PgConstraint { conname: new.clone(), ..row.row.clone() })?;
    Ok(tag)
}

fn rename_schema(cx: Ctx<'_>, name: &str, new: &str) -> Result<()> {
    let catalog = cx.catalog();
    let Some(row) = catalog.namespace_by_name(name)? else {
        bail!(INVALID_SCHEMA_NAME, "schema \"{name}\" does not exist");
    };
    if catalog.namespace_by_name(new)?.is_some() {
        bail!(DUPLICATE_SCHEMA, "schema \"{new}\" already exists");
    }
    cx.check_owner(row.nspowner, ObjectKind::Schema, name)?;
    let database = catalog.database(cx.session.database)?.expect("the session's database exists");
    if !cx.may_use_database(cx.session.current_user(), &database, Privileges::CREATE)? {
        return Err(denied(ObjectKind::Database, &database.datname));
    }
    if new.starts_with("pg_") && !cx.setting(|s| s.bool(config::Setting::AllowSystemTableMods)) {
        let error = error!(RESERVED_NAME, "unacceptable schema name \"{new}\"");
        return Err(error.detail("The prefix \"pg_\" is reserved for system schemas."));
    }
    catalog.update(&row, &PgNamespace { nspname: new.to_owned(), ..row.row.clone() }).map(drop)
}

fn rename_type_statement(cx: Ctx<'_>, object_type: ObjectType, row: &PgType, new: &str) -> Result<()> {
    let path = cx.search_path()?;
    let name = cx.catalog().format_type(row.oid, None, &path.namespaces)?;
    cx.check_owner(row.typowner, ObjectKind::Type, &name)?;
    if object_type == ObjectType::Domain && row.typtype != b'd' {
        bail!(WRONG_OBJECT_TYPE, "{name} is not a domain");
    }
    if row.typtype == b'c' {
        let relation = cx.catalog().open_relation(row.typrelid)?;
        if relation.kind() != b'c' {
            let error = error!(WRONG_OBJECT_TYPE, "{name} is a table's row type");
            return Err(error.hint("Use ALTER TABLE instead."));
        }
        return rename_relation(cx, &relation, new);
    }
    if row.typcategory == b'A' && row.typelem.is_valid() && row.typlen == -1 {
        let element = cx.catalog().format_type(row.typelem, None, &path.namespaces)?;
        let error = error!(WRONG_OBJECT_TYPE, "cannot alter array type {name}");
        return Err(error.hint(format!("You can alter type {element}, which will alter the array type as well.")));
    }
    rename_type(cx, row, new)
}

/// A type's new name, and one made from it for its array type.
fn rename_type(cx: Ctx<'_>, row: &PgType, new: &str) -> Result<()> {
    let catalog = cx.catalog();
    if catalog.type_by_name(row.typnamespace, new)?.is_some() {
        bail!(DUPLICATE_OBJECT, "type \"{new}\" already exists");
    }
    let stored = catalog.type_by_oid(row.oid)?.ok_or_else(|| Error::internal("the type was just read"))?;
    catalog.update(&stored, &PgType { typname: new.to_owned(), ..stored.row.clone() })?;
    cx.next_command()?;
    if row.typarray.is_valid()
        && let Some(array) = catalog.type_by_oid(row.typarray)?
    {
        let typname = array_type_name(cx, row.typnamespace, new)?;
        catalog.update(&array, &PgType { typname, ..array.row.clone() })?;
        cx.next_command()?;
    }
    Ok(())
}

fn rename_domain_constraint(cx: Ctx<'_>, domain: &PgType, name: &str, new: &str) -> Result<()> {
    cx.check_owner(domain.typowner, ObjectKind::Type, &domain.typname)?;
    let rows = cx.catalog().domain_constraints(domain.oid)?;
    let Some(row) = rows.iter().find(|row| row.conname == name) else {
        bail!(UNDEFINED_OBJECT, "constraint \"{name}\" for domain {} does not exist", domain.typname);
    };
    if rows.iter().any(|row| row.conname == new) {
        bail!(DUPLICATE_OBJECT, "constraint \"{new}\" for domain \"{}\" already exists", domain.typname);
    }
    cx.catalog().update(row, &PgConstraint { conname: new.to_owned(), ..row.row.clone() }).map(drop)
}

fn rename_function(cx: Ctx<'_>, row: &PgProc, new: &str) -> Result<()> {
    cx.check_owner(row.proowner, ObjectKind::Function, &row.proname)?;
    check_may_create(cx, row.pronamespace)?;
    let same = cx.catalog().functions_by_name(new)?;
    if same.iter().any(|f| f.pronamespace == row.pronamespace && f.proargtypes == row.proargtypes) {
        let signature = crate::address::function_signature(cx, new, &row.proargtypes)?;
        let schema = cx.catalog().namespace(row.pronamespace)?.expect("a function is in a schema");
        bail!(DUPLICATE_FUNCTION, "function {signature} already exists in schema \"{}\"", schema.nspname);
    }
    let stored = cx.catalog().function(row.oid)?.ok_or_else(|| Error::internal("the function was just read"))?;
    cx.catalog().update(&stored, &PgProc { proname: new.to_owned(), ..stored.row.clone() }).map(drop)
}

fn rename_trigger(cx: Ctx<'_>, table: &RangeVar, name: &str, new: &str) -> Result<Tag> {
    let entry = names::open_relation(cx, table, LockMode::AccessExclusive)?;
    cx.check_owner(entry.class.relowner, ObjectKind::of_relkind(entry.kind()), entry.name())?;
    check_not_system(cx, &entry)?;
    use catalog::columns::pg_trigger as c;
    let rows = cx.catalog().scan::<PgTrigger>(&[schema::Key::oid(c::TGRELID, entry.oid)])?;
    let Some(row) = rows.iter().find(|row| row.tgname == name) else {
        bail!(UNDEFINED_OBJECT, "trigger \"{name}\" for table \"{}\" does not exist", entry.name());
    };
    if rows.iter().any(|row| row.tgname == new) {
        bail!(DUPLICATE_OBJECT, "trigger \"{new}\" for relation \"{}\" already exists", entry.name());
    }
    cx.catalog().update(row, &PgTrigger { tgname: new.to_owned(), ..row.row.clone() })?;
    Ok(Tag::Plain("ALTER TRIGGER"))
}

/// A notice that something is not there, which the statement allows.
pub(crate) fn skip_notice(cx: Ctx<'_>, message: &str) {
    let message = format!("{message}, skipping");
    cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
}
