//! Names of objects, whether they can be found without a schema, and comments on them.

use super::functions;
use crate::object::is_first_on_path;
use base::Oid;
use builtins::FnCtx;
use catalog::oids;
use catalog::rows::{PgOpclass, PgOperator, PgOpfamily};
use instance::Ctx;
use report::Result;
use tuple::Datum;

functions! {
    pg_get_userbyid, pg_table_is_visible, pg_type_is_visible, pg_function_is_visible, pg_operator_is_visible,
    pg_opclass_is_visible, pg_opfamily_is_visible, pg_collation_is_visible,
    obj_description, obj_description_1arg, col_description, shobj_description, pg_tablespace_location,
    pg_relation_is_publishable, pg_relation_filenode, pg_relation_filepath, pg_filenode_relation,
    pg_get_replica_identity_index,
}

fn pg_get_userbyid(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(super::name_datum(&cx.role_name(args[0].as_oid())?))
}

/// The first schema of the path that has an object like this one decides.
fn first_on_path(cx: Ctx<'_>, own: Oid, is_in: impl Fn(Oid) -> Result<bool>) -> Result<Datum> {
    is_first_on_path(cx, own, is_in).map(Datum::Bool)
}

fn pg_table_is_visible(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let catalog = cx.catalog();
    let Some(row) = catalog.class(args[0].as_oid())? else { return Ok(Datum::Null) };
    let found = catalog.relation_in_path(&cx.search_path()?.namespaces, &row.relname)?;
    Ok(Datum::Bool(found == Some(row.oid)))
}

fn pg_type_is_visible(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let catalog = cx.catalog();
    let Some(row) = catalog.type_by_oid(args[0].as_oid())? else { return Ok(Datum::Null) };
    first_on_path(cx, row.typnamespace, |namespace| Ok(catalog.type_by_name(namespace, &row.typname)?.is_some()))
}

fn pg_function_is_visible(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let catalog = cx.catalog();
    let Some(row) = catalog.function(args[0].as_oid())? else { return Ok(Datum::Null) };
    let named = catalog.functions_by_name(&row.proname)?;
    let is_in = |namespace| Ok(named.iter().any(|f| f.pronamespace == namespace && f.proargtypes == row.proargtypes));
    first_on_path(cx, row.pronamespace, is_in)
}

fn pg_operator_is_visible(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let catalog = cx.catalog();
    let Some(row) = catalog.operator(args[0].as_oid())? else { return Ok(Datum::Null) };
    let named = catalog.operators_by_name(&row.oprname)?;
    let is_like = |o: &PgOperator| o.oprleft == row.oprleft && o.oprright == row.oprright;
    first_on_path(cx, row.oprnamespace, |ns| Ok(named.iter().any(|o| o.oprnamespace == ns && is_like(o))))
}

fn pg_opclass_is_visible(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let catalog = cx.catalog();
    let Some(row) = catalog.opclass(args[0].as_oid())? else { return Ok(Datum::Null) };
    let PgOpclass { opcmethod, opcname, .. } = &row.row;
    first_on_path(cx, row.opcnamespace, |ns| Ok(catalog.opclass_by_name(*opcmethod, opcname, ns)?.is_some()))
}

fn pg_opfamily_is_visible(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let catalog = cx.catalog();
    let Some(row) = catalog.opfamily(args[0].as_oid())? else { return Ok(Datum::Null) };
    let PgOpfamily { opfmethod, opfname, .. } = &row.row;
    first_on_path(cx, row.opfnamespace, |ns| Ok(catalog.opfamily_by_name(*opfmethod, opfname, ns)?.is_some()))
}

fn pg_collation_is_visible(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let catalog = cx.catalog();
    let Some(row) = catalog.collation(args[0].as_oid())? else { return Ok(Datum::Null) };
    let encoding = row.collencoding;
    first_on_path(cx, row.collnamespace, |ns| Ok(catalog.collation_by_name(ns, &row.collname, encoding)?.is_some()))
}

fn comment(cx: Ctx<'_>, class: Oid, object: Oid, part: i32) -> Result<Datum> {
    let found = cx.catalog().description(class, object, part)?;
    Ok(super::or_null(found.map(|row| row.description.clone())))
}

fn obj_description(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    match catalog_named(args[1].as_str()) {
        Some(class) => comment(cx, class, args[0].as_oid(), 0),
        None => Ok(Datum::Null),
    }
}

/// The catalog of this name.
fn catalog_named(name: &str) -> Option<Oid> {
    catalog::relations::ALL.iter().find(|relation| relation.name == name).map(|relation| relation.oid)
}

fn obj_description_1arg(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    use catalog::columns::pg_description as c;
    let keys = [schema::Key::oid(c::OBJOID, args[0].as_oid())];
    let rows = cx.catalog().scan::<catalog::rows::PgDescription>(&keys)?;
    Ok(super::or_null(rows.iter().find(|row| row.objsubid == 0).map(|row| row.description.clone())))
}

fn col_description(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    comment(cx, oids::PG_CLASS, args[0].as_oid(), args[1].as_i32())
}

fn shobj_description(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(class) = catalog_named(args[1].as_str()) else { return Ok(Datum::Null) };
    let found = cx.catalog().shared_description(class, args[0].as_oid())?;
    Ok(super::or_null(found.map(|row| row.description.clone())))
}

/// The built-in tablespaces are in the data directory.
fn pg_tablespace_location(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::text(""))
}

fn pg_relation_is_publishable(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let row = cx.catalog().class(args[0].as_oid())?;
    let is_user_table = |row: &catalog::rows::PgClass| {
        matches!(row.relkind, b'r' | b'p') && row.relpersistence == b'p' && row.oid >= Oid::FIRST_NORMAL
    };
    Ok(row.map_or(Datum::Null, |row| Datum::Bool(is_user_table(&row))))
}

fn pg_relation_filenode(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let row = cx.catalog().class(args[0].as_oid())?;
    let file = row.and_then(|row| schema::relation_file(&row, cx.session.database));
    Ok(file.map_or(Datum::Null, |file| Datum::Oid(Oid(file.number))))
}

fn pg_relation_filepath(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let row = cx.catalog().class(args[0].as_oid())?;
    let file = row.and_then(|row| schema::relation_file(&row, cx.session.database));
    Ok(super::or_null(file.map(|file| file.to_string())))
}

/// The relation of a file; the default tablespace goes by its own number and by zero.
fn pg_filenode_relation(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (tablespace, number) = (args[0].as_oid(), args[1].as_oid().0);
    let tablespace = if tablespace.is_valid() { tablespace } else { base::DEFAULT_TABLESPACE };
    let is_it = |row: &catalog::rows::PgClass| {
        let file = schema::relation_file(row, cx.session.database);
        row.relpersistence != b't' && file.is_some_and(|file| (file.tablespace, file.number) == (tablespace, number))
    };
    let rows = cx.catalog().scan::<catalog::rows::PgClass>(&[])?;
    Ok(rows.iter().find(|row| is_it(row)).map_or(Datum::Null, |row| Datum::Oid(row.oid)))
}

fn pg_get_replica_identity_index(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let entry = cx.catalog().relation(args[0].as_oid())?;
    let key = entry.map(|entry| entry.primary_key).filter(|oid| oid.is_valid());
    Ok(key.map_or(Datum::Null, Datum::Oid))
}
