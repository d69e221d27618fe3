//! OWNER TO, for relations and whatever else has an owner.

use crate::address::ObjectAddress;
use crate::dependency::record_owner;
use crate::drop_statement::range_of;
use crate::{Execution, Tag, alter_table, names, with_analyze_context};
use base::Oid;
use catalog::AclItem;
use catalog::oids;
use catalog::rows::{PgClass, PgDatabase, PgDepend, PgNamespace, PgProc, PgType};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges};
use lock::LockMode;
use parser::ast::{AlterOwnerStmt, ObjectName, ObjectType};
use report::{Result, bail, error, unsupported};
use schema::{Key, RelationEntry};

/// ALTER ... OWNER TO of what is no relation.
pub(crate) fn alter_owner(ex: &mut Execution<'_, '_>, statement: &AlterOwnerStmt) -> Result<Tag> {
    let cx = ex.cx;
    let owner = crate::role::resolve(cx, &statement.new_owner.role)?;
    match (statement.object_type, &statement.object) {
        (ObjectType::Schema, ObjectName::Name(name)) => {
            change_schema(cx, name, owner)?;
            Ok(Tag::Plain("ALTER SCHEMA"))
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(name)) => {
            let row = with_analyze_context(cx, ex.text, |context| context.type_of_name(name))?;
            change_type(cx, &row.row, owner)?;
            Ok(Tag::Plain(if statement.object_type == ObjectType::Domain { "ALTER DOMAIN" } else { "ALTER TYPE" }))
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Qualified(name)) => {
            let row = crate::type_statement::find(ex, name)?;
            change_type(cx, &row, owner)?;
            Ok(Tag::Plain(if statement.object_type == ObjectType::Domain { "ALTER DOMAIN" } else { "ALTER TYPE" }))
        }
        (ObjectType::View | ObjectType::Table | ObjectType::Sequence, ObjectName::Qualified(name)) => {
            let entry = names::open_relation(cx, &range_of(name), LockMode::AccessExclusive)?;
            change_relation(cx, &entry, owner)?;
            Ok(Tag::Plain(alter_table::tag_of(statement.object_type)))
        }
        (
            ObjectType::Function | ObjectType::Procedure | ObjectType::Routine | ObjectType::Aggregate,
            ObjectName::Callable(named),
        ) => {
            let row = crate::function_statement::find(ex, statement.object_type, named)?;
            change_function(cx, &row, owner)?;
            Ok(Tag::Plain(match statement.object_type {
                ObjectType::Procedure => "ALTER PROCEDURE",
                ObjectType::Routine => "ALTER ROUTINE",
                ObjectType::Aggregate => "ALTER AGGREGATE",
                _ => "ALTER FUNCTION",
            }))
        }
        (ObjectType::Database, ObjectName::Name(name)) => {
            change_database(cx, name, owner)?;
            Ok(Tag::Plain("ALTER DATABASE"))
        }
        (other, _) => unsupported!("ALTER {other:?} OWNER TO"),
    }
}

/// The rules for giving something away: it is one's own, and one may act as the new owner, who may create in its schema.
fn check_change(cx: Ctx<'_>, (kind, name, old): (ObjectKind, &str, Oid), new: Oid, schema: Option<Oid>) -> Result<()> {
    if cx.session.is_superuser() {
        return Ok(());
    }
    cx.check_owner(old, kind, name)?;
    if !cx.is_member(cx.session.current_user(), new)? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be member of role \"{}\"", cx.role_name(new)?);
    }
    let Some(schema) = schema else { return Ok(()) };
    let row = cx.catalog().namespace(schema)?.expect("an object's schema exists");
    match cx.may_use_schema(new, &row, Privileges::CREATE)? {
        true => Ok(()),
        false => Err(instance::privileges::denied(ObjectKind::Schema, &row.nspname)),
    }
}

/// What was granted by and to the old owner is then the new one's.
fn move_grants(acl: Option<&Vec<AclItem>>, old: Oid, new: Oid) -> Option<Vec<AclItem>> {
    let replace = |role: Oid| if role == old { new } else { role };
    let mut moved: Vec<AclItem> = Vec::new();
    for item in acl? {
        let item = AclItem { grantee: replace(item.grantee), grantor: replace(item.grantor), ..*item };
        match moved.iter_mut().find(|known| (known.grantee, known.grantor) == (item.grantee, item.grantor)) {
            Some(known) => known.privileges |= item.privileges,
            None => moved.push(item),
        }
    }
    Some(moved)
}

fn record_new_owner(cx: Ctx<'_>, object: ObjectAddress, owner: Oid) -> Result<()> {
    use catalog::columns::pg_shdepend as sh;
    let keys = [
        Key::oid(sh::DBID, crate::dependency::database_of(cx, object.class)),
        Key::oid(sh::CLASSID, object.class),
        Key::oid(sh::OBJID, object.object),
    ];
    for row in cx.catalog().scan::<catalog::rows::PgShdepend>(&keys)? {
        if row.deptype == b'o' || row.refobjid == owner {
            cx.catalog().delete(&row)?;
        }
    }
    record_owner(cx, object, owner)
}

/// Gives a relation, its row type, indexes, TOAST table and own sequences to another role.
pub(crate) fn change_relation(cx: Ctx<'_>, relation: &RelationEntry, owner: Oid) -> Result<()> {
    let name = relation.name();
    match relation.kind() {
        b'i' => {
            let message = format!("cannot change owner of index \"{name}\"");
            return Err(
                error!(WRONG_OBJECT_TYPE, "{message}").hint("Change the ownership of the index's table, instead.")
            );
        }
        b'S' => refuse_owned_sequence(cx, relation)?,
        b'c' => return Err(error!(WRONG_OBJECT_TYPE, "\"{name}\" is a composite type").hint("Use ALTER TYPE instead.")),
        b't' => bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a table, view, sequence, or foreign table"),
        _ => {}
    }
    if relation.class.relowner == owner {
        return Ok(());
    }
    let kind = ObjectKind::of_relkind(relation.kind());
    check_change(cx, (kind, name, relation.class.relowner), owner, Some(relation.class.relnamespace))?;
    give_relation(cx, relation, owner)
}

/// 0A000 for a sequence that belongs to a table: it goes with the table.
pub(crate) fn refuse_owned_sequence(cx: Ctx<'_>, sequence: &RelationEntry) -> Result<()> {
    let Some((table, _)) = crate::sequence::owner_column(cx, sequence.oid)? else { return Ok(()) };
    let table = cx.catalog().open_relation(table)?;
    let error = error!(FEATURE_NOT_SUPPORTED, "cannot change owner of sequence \"{}\"", sequence.name());
    Err(error.detail(format!("Sequence \"{}\" is linked to table \"{}\".", sequence.name(), table.name())))
}

fn give_relation(cx: Ctx<'_>, relation: &RelationEntry, owner: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let row = catalog.class(relation.oid)?.expect("the relation is open");
    let relacl = move_grants(row.relacl.as_ref(), row.relowner, owner);
    catalog.update(&row, &PgClass { relowner: owner, relacl, ..row.row.clone() })?;
    if !matches!(relation.kind(), b'i' | b't' | b'c') {
        record_new_owner(cx, ObjectAddress::relation(relation.oid), owner)?;
    }
    if relation.class.reltype.is_valid()
        && let Some(row) = catalog.type_by_oid(relation.class.reltype)?
    {
        give_type(cx, &row.row, owner)?;
    }
    cx.next_command()?;
    let toast = relation.class.reltoastrelid;
    let mut parts = relation.indexes.clone();
    parts.extend(toast.is_valid().then_some(toast));
    parts.extend(owned_sequences(cx, relation.oid)?);
    for part in parts {
        let part = catalog.open_relation(part)?;
        give_relation(cx, &part, owner)?;
    }
    Ok(())
}

/// The sequences that columns of a table own.
pub(crate) fn owned_sequences(cx: Ctx<'_>, table: Oid) -> Result<Vec<Oid>> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::REFCLASSID, oids::PG_CLASS), Key::oid(d::REFOBJID, table)];
    let mut found = Vec::new();
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        let may_be = row.classid == oids::PG_CLASS && matches!(row.deptype, b'a' | b'i') && row.refobjsubid > 0;
        if may_be && cx.catalog().sequence(row.objid)?.is_some() && !found.contains(&row.objid) {
            found.push(row.objid);
        }
    }
    Ok(found)
}

fn give_type(cx: Ctx<'_>, row: &PgType, owner: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let stored = catalog.type_by_oid(row.oid)?.expect("the type was just read");
    let typacl = move_grants(stored.typacl.as_ref(), stored.typowner, owner);
    catalog.update(&stored, &PgType { typowner: owner, typacl, ..stored.row.clone() })?;
    if row.typrelid == Oid::INVALID {
        record_new_owner(cx, ObjectAddress::new(oids::PG_TYPE, row.oid), owner)?;
    }
    if row.typarray.is_valid()
        && let Some(array) = catalog.type_by_oid(row.typarray)?
    {
        catalog.update(&array, &PgType { typowner: owner, ..array.row.clone() })?;
    }
    cx.next_command()
}

pub(crate) fn change_type(cx: Ctx<'_>, row: &PgType, owner: Oid) -> Result<()> {
    let path = cx.search_path()?;
    let name = cx.catalog().format_type(row.oid, None, &path.namespaces)?;
    if row.typtype == b'c' {
        let relation = cx.catalog().open_relation(row.typrelid)?;
        if relation.kind() != b'c' {
            let error = error!(WRONG_OBJECT_TYPE, "{name} is a table's row type");
            return Err(error.hint("Use ALTER TABLE instead."));
        }
    }
    if row.typcategory == b'A' && row.typelem.is_valid() && row.typlen == -1 {
        let element = cx.catalog().format_type(row.typelem, None, &path.namespaces)?;
        let error = error!(WRONG_OBJECT_TYPE, "cannot alter array type {name}");
        return Err(error.hint(format!("You can alter type {element}, which will alter the array type as well.")));
    }
    if row.typowner == owner {
        return Ok(());
    }
    check_change(cx, (ObjectKind::Type, &name, row.typowner), owner, Some(row.typnamespace))?;
    if row.typrelid.is_valid() {
        let relation = cx.catalog().open_relation(row.typrelid)?;
        give_relation(cx, &relation, owner)?;
        return record_new_owner(cx, ObjectAddress::new(oids::PG_TYPE, row.oid), owner);
    }
    give_type(cx, row, owner)
}

pub(crate) fn change_schema(cx: Ctx<'_>, name: &str, owner: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let Some(row) = catalog.namespace_by_name(name)? else {
        bail!(INVALID_SCHEMA_NAME, "schema \"{name}\" does not exist");
    };
    if row.nspowner == owner {
        return Ok(());
    }
    check_change(cx, (ObjectKind::Schema, name, row.nspowner), owner, None)?;
    let database = catalog.database(cx.session.database)?.expect("the session's database exists");
    if !cx.may_use_database(cx.session.current_user(), &database, Privileges::CREATE)? {
        return Err(instance::privileges::denied(ObjectKind::Database, &database.datname));
    }
    let nspacl = move_grants(row.nspacl.as_ref(), row.nspowner, owner);
    catalog.update(&row, &PgNamespace { nspowner: owner, nspacl, ..row.row.clone() })?;
    record_new_owner(cx, ObjectAddress::new(oids::PG_NAMESPACE, row.oid), owner)
}

pub(crate) fn change_function(cx: Ctx<'_>, row: &PgProc, owner: Oid) -> Result<()> {
    if row.proowner == owner {
        return Ok(());
    }
    check_change(cx, (ObjectKind::Function, &row.proname, row.proowner), owner, Some(row.pronamespace))?;
    let stored = cx.catalog().function(row.oid)?.expect("the function was just read");
    let proacl = move_grants(stored.proacl.as_ref(), stored.proowner, owner);
    cx.catalog().update(&stored, &PgProc { proowner: owner, proacl, ..stored.row.clone() })?;
    record_new_owner(cx, ObjectAddress::new(oids::PG_PROC, row.oid), owner)
}

pub(crate) fn change_database(cx: Ctx<'_>, name: &str, owner: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let Some(row) = catalog.database_by_name(name)? else {
        bail!(UNDEFINED_DATABASE, "database \"{name}\" does not exist");
    };
    if row.datdba == owner {
        return Ok(());
    }
    check_change(cx, (ObjectKind::Database, name, row.datdba), owner, None)?;
    let may_create =
        cx.session.is_superuser() || catalog.role(cx.session.current_user())?.is_some_and(|role| role.rolcreatedb);
    if !may_create {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to change owner of database");
    }
    let datacl = move_grants(row.datacl.as_ref(), row.datdba, owner);
    catalog.update(&row, &PgDatabase { datdba: owner, datacl, ..row.row.clone() })?;
    let object = ObjectAddress::new(oids::PG_DATABASE, row.oid);
    record_new_owner(cx, object, owner)
}
