//! ALTER ... SET SCHEMA.

use crate::address::ObjectAddress;
use crate::alter_table::{check_kind, find as find_owned, tag_of};
use crate::drop_statement::range_of;
use crate::owner::owned_sequences;
use crate::{Execution, Tag, function_statement, names, with_analyze_context};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgClass, PgConstraint, PgDepend, PgProc, PgType};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges};
use lock::LockMode;
use parser::ast::{AlterObjectSchemaStmt, ObjectName, ObjectType, RangeVar};
use report::{Result, bail, error, unsupported};
use schema::{Key, RelationEntry};

/// The schema of TOAST tables.
const PG_TOAST: Oid = Oid(99);

/// ALTER ... SET SCHEMA.
pub(crate) fn alter_schema(ex: &mut Execution<'_, '_>, statement: &AlterObjectSchemaStmt) -> Result<Tag> {
    let cx = ex.cx;
    let object_type = statement.object_type;
    match &statement.object {
        ObjectName::Relation(range) => alter_relation(cx, statement, range),
        ObjectName::Qualified(name)
            if matches!(
                object_type,
                ObjectType::Table
                    | ObjectType::View
                    | ObjectType::MaterializedView
                    | ObjectType::Sequence
                    | ObjectType::ForeignTable
            ) =>
        {
            alter_relation(cx, statement, &range_of(name))
        }
        ObjectName::Type(name) => {
            let row = with_analyze_context(cx, ex.text, |context| context.type_of_name(name))?;
            alter_type(cx, object_type, &row.row, &statement.new_schema)?;
            Ok(Tag::Plain(if object_type == ObjectType::Domain { "ALTER DOMAIN" } else { "ALTER TYPE" }))
        }
        ObjectName::Qualified(name) if matches!(object_type, ObjectType::Type | ObjectType::Domain) => {
            let row = crate::type_statement::find(ex, name)?;
            alter_type(cx, object_type, &row, &statement.new_schema)?;
            Ok(Tag::Plain(if object_type == ObjectType::Domain { "ALTER DOMAIN" } else { "ALTER TYPE" }))
        }
        ObjectName::Callable(named) if object_type != ObjectType::Operator => {
            let row = function_statement::find(ex, object_type, named)?;
            alter_function(cx, &row, &statement.new_schema)?;
            Ok(Tag::Plain("ALTER FUNCTION"))
        }
        _ => unsupported!("ALTER {object_type:?} SET SCHEMA"),
    }
}

fn alter_relation(cx: Ctx<'_>, statement: &AlterObjectSchemaStmt, name: &RangeVar) -> Result<Tag> {
    let object_type = statement.object_type;
    let tag = Tag::Plain(tag_of(object_type));
    let allowed = (object_type, statement.if_exists);
    let Some(entry) = find_owned(cx, name, LockMode::AccessExclusive, allowed)? else { return Ok(tag) };
    check_kind(object_type, &entry)?;
    refuse_parts(cx, &entry)?;
    let target = target(cx, entry.class.relnamespace, &statement.new_schema)?;
    if target != entry.class.relnamespace {
        move_relation(cx, &entry, target)?;
    }
    Ok(tag)
}

fn refuse_parts(cx: Ctx<'_>, entry: &RelationEntry) -> Result<()> {
    let name = entry.name();
    match entry.kind() {
        b'S' => {
            let Some((table, _)) = crate::sequence::owner_column(cx, entry.oid)? else { return Ok(()) };
            let table = cx.catalog().open_relation(table)?;
            let error = error!(FEATURE_NOT_SUPPORTED, "cannot move an owned sequence into another schema");
            Err(error.detail(format!("Sequence \"{name}\" is linked to table \"{}\".", table.name())))
        }
        b'i' => {
            let error = error!(WRONG_OBJECT_TYPE, "cannot change schema of index \"{name}\"");
            Err(error.hint("Change the schema of the table instead."))
        }
        b'c' => {
            let error = error!(WRONG_OBJECT_TYPE, "cannot change schema of composite type \"{name}\"");
            Err(error.hint("Use ALTER TYPE instead."))
        }
        _ => Ok(()),
    }
}

/// The schema to move to: one may create there, and neither is a temporary or TOAST schema.
fn target(cx: Ctx<'_>, old: Oid, name: &str) -> Result<Oid> {
    let new = names::open_schema(cx, name)?;
    cx.check_schema(new, Privileges::CREATE)?;
    let is_temp = |oid: Oid| oid == cx.session.temp_namespace.get() && oid.is_valid();
    if is_temp(new) || is_temp(old) {
        bail!(FEATURE_NOT_SUPPORTED, "cannot move objects into or out of temporary schemas");
    }
    if new == PG_TOAST || old == PG_TOAST {
        bail!(FEATURE_NOT_SUPPORTED, "cannot move objects into or out of TOAST schema");
    }
    Ok(new)
}

fn move_relation(cx: Ctx<'_>, entry: &RelationEntry, new: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let name = entry.name();
    if catalog.relation_oid(new, name)?.is_some() {
        let schema = catalog.namespace(new)?.expect("the schema was found");
        bail!(DUPLICATE_TABLE, "relation \"{name}\" already exists in schema \"{}\"", schema.nspname);
    }
    let old = entry.class.relnamespace;
    let row = catalog.class(entry.oid)?.expect("the relation is open");
    catalog.update(&row, &PgClass { relnamespace: new, ..row.row.clone() })?;
    if !matches!(entry.kind(), b'i' | b'c') {
        move_dependency(cx, ObjectAddress::relation(entry.oid), (old, new))?;
    }
    if entry.class.reltype.is_valid()
        && entry.kind() != b'c'
        && let Some(row) = catalog.type_by_oid(entry.class.reltype)?
    {
        move_type(cx, &row.row, new)?;
    }
    for constraint in catalog.constraints(entry.oid)? {
        catalog.update(&constraint, &PgConstraint { connamespace: new, ..constraint.row.clone() })?;
    }
    cx.next_command()?;
    for part in entry.indexes.iter().copied().chain(owned_sequences(cx, entry.oid)?) {
        let part = catalog.open_relation(part)?;
        if part.class.relnamespace == old {
            move_relation(cx, &part, new)?;
        }
    }
    Ok(())
}

fn move_dependency(cx: Ctx<'_>, object: ObjectAddress, (old, new): (Oid, Oid)) -> Result<()> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::CLASSID, object.class), Key::oid(d::OBJID, object.object)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        if row.refclassid == oids::PG_NAMESPACE && row.refobjid == old {
            cx.catalog().delete(&row)?;
        }
    }
    let schema = ObjectAddress::new(oids::PG_NAMESPACE, new);
    crate::dependency::record(cx, object, schema, crate::dependency::Dependency::Normal)
}

fn move_type(cx: Ctx<'_>, row: &PgType, new: Oid) -> Result<()> {
    let catalog = cx.catalog();
    if catalog.type_by_name(new, &row.typname)?.is_some() {
        let schema = catalog.namespace(new)?.expect("the schema was found");
        bail!(DUPLICATE_OBJECT, "type \"{}\" already exists in schema \"{}\"", row.typname, schema.nspname);
    }
    let old = row.typnamespace;
    let stored = catalog.type_by_oid(row.oid)?.expect("the type was just read");
    catalog.update(&stored, &PgType { typnamespace: new, ..stored.row.clone() })?;
    move_own_dependency(cx, row, (old, new))?;
    if row.typarray.is_valid()
        && let Some(array) = catalog.type_by_oid(row.typarray)?
    {
        cx.next_command()?;
        let typname = crate::relation::array_type_name(cx, new, &row.typname)?;
        catalog.update(&array, &PgType { typnamespace: new, typname, ..array.row.clone() })?;
    }
    cx.next_command()
}

/// A table's row type depends on the table, not on the schema.
fn move_own_dependency(cx: Ctx<'_>, row: &PgType, schemas: (Oid, Oid)) -> Result<()> {
    let is_row_type =
        row.typrelid.is_valid() && cx.catalog().class(row.typrelid)?.is_some_and(|class| class.relkind != b'c');
    match is_row_type {
        true => Ok(()),
        false => move_dependency(cx, ObjectAddress::new(oids::PG_TYPE, row.oid), schemas),
    }
}

fn alter_type(cx: Ctx<'_>, object_type: ObjectType, row: &PgType, schema: &str) -> Result<()> {
    let path = cx.search_path()?;
    let name = cx.catalog().format_type(row.oid, None, &path.namespaces)?;
    cx.check_owner(row.typowner, ObjectKind::Type, &name)?;
    if object_type == ObjectType::Domain && row.typtype != b'd' {
        bail!(WRONG_OBJECT_TYPE, "{name} is not a domain");
    }
    let new = target(cx, row.typnamespace, schema)?;
    if new == row.typnamespace {
        return Ok(());
    }
    if row.typrelid.is_valid() {
        let relation = cx.catalog().open_relation(row.typrelid)?;
        if relation.kind() != b'c' {
            let error = error!(WRONG_OBJECT_TYPE, "{name} is a table's row type");
            return Err(error.hint("Use ALTER TABLE instead."));
        }
        move_relation(cx, &relation, new)?;
    }
    for constraint in cx.catalog().domain_constraints(row.oid)? {
        cx.catalog().update(&constraint, &PgConstraint { connamespace: new, ..constraint.row.clone() })?;
    }
    move_type(cx, row, new)
}

fn alter_function(cx: Ctx<'_>, row: &PgProc, schema: &str) -> Result<()> {
    cx.check_owner(row.proowner, ObjectKind::Function, &row.proname)?;
    let new = target(cx, row.pronamespace, schema)?;
    if new == row.pronamespace {
        return Ok(());
    }
    let same = cx.catalog().functions_by_name(&row.proname)?;
    if same.iter().any(|f| f.pronamespace == new && f.proargtypes == row.proargtypes) {
        let signature = crate::address::function_signature(cx, &row.proname, &row.proargtypes)?;
        bail!(DUPLICATE_FUNCTION, "function {signature} already exists in schema \"{schema}\"");
    }
    let stored = cx.catalog().function(row.oid)?.expect("the function was just read");
    let old = row.pronamespace;
    cx.catalog().update(&stored, &PgProc { pronamespace: new, ..stored.row.clone() })?;
    move_dependency(cx, ObjectAddress::new(oids::PG_PROC, row.oid), (old, new))
}
