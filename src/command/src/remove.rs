//! Removing one object's own rows and files, when a drop has decided that it goes.

use crate::address::ObjectAddress;
use base::{Oid, RelFile};
use catalog::columns as c;
use catalog::oids;
use catalog::rows::*;
use instance::Ctx;
use lock::LockMode;
use report::{Result, unsupported};
use schema::{Key, relation_file};

/// Removes an object: its rows, its comments, its files at commit. What depends on it has been removed before.
pub(crate) fn remove_object(cx: Ctx<'_>, object: ObjectAddress) -> Result<()> {
    remove_comments(cx, object)?;
    let (catalog, oid) = (cx.catalog(), object.object);
    match object.class {
        oids::PG_CLASS if object.part == 0 => remove_relation(cx, oid),
        oids::PG_CLASS => remove_column(cx, oid, object.part as i16),
        oids::PG_ATTRDEF => remove_default(cx, oid),
        oids::PG_CONSTRAINT => remove_constraint(cx, oid),
        oids::PG_TYPE => remove_type(cx, oid),
        oids::PG_NAMESPACE => catalog.delete_where::<PgNamespace>(&[Key::oid(c::pg_namespace::OID, oid)]).map(drop),
        oids::PG_REWRITE => remove_rule(cx, oid),
        oids::PG_TRIGGER => remove_trigger(cx, oid),
        oids::PG_PROC => catalog.delete_where::<PgProc>(&[Key::oid(c::pg_proc::OID, oid)]).map(drop),
        oids::PG_DEFAULT_ACL => {
            catalog.delete_where::<PgDefaultAcl>(&[Key::oid(c::pg_default_acl::OID, oid)]).map(drop)
        }
        oids::PG_CAST => catalog.delete_where::<PgCast>(&[Key::oid(c::pg_cast::OID, oid)]).map(drop),
        class => unsupported!("dropping an object of catalog {class}"),
    }
}

fn remove_comments(cx: Ctx<'_>, object: ObjectAddress) -> Result<()> {
    let mut keys =
        vec![Key::oid(c::pg_description::OBJOID, object.object), Key::oid(c::pg_description::CLASSOID, object.class)];
    if object.part != 0 {
        keys.push(Key::int4(c::pg_description::OBJSUBID, object.part));
    }
    cx.catalog().delete_where::<PgDescription>(&keys).map(drop)
}

fn remove_relation(cx: Ctx<'_>, oid: Oid) -> Result<()> {
    let catalog = cx.catalog();
    crate::names::lock_relation(cx, oid, LockMode::AccessExclusive)?;
    let Some(class) = catalog.class(oid)? else { return Ok(()) };
    if class.relpersistence == b't' {
        cx.note_temporary();
    }
    if let Some(file) = relation_file(&class, cx.session.database) {
        drop_file(cx, file)?;
        let key = cx.statistics_key(oid);
        cx.with_tx(|tx| tx.changes().dropped(key));
    }
    catalog.delete_where::<PgAttribute>(&[Key::oid(c::pg_attribute::ATTRELID, oid)])?;
    match class.relkind {
        b'i' => remove_index_row(cx, oid)?,
        b'S' => {
            catalog.delete_where::<PgSequence>(&[Key::oid(c::pg_sequence::SEQRELID, oid)])?;
            cx.session.sequences.borrow_mut().remove(&oid);
        }
        _ => {}
    }
    catalog.delete_where::<PgStatistic>(&[Key::oid(c::pg_statistic::STARELID, oid)])?;
    catalog.delete_where::<PgInherits>(&[Key::oid(c::pg_inherits::INHRELID, oid)])?;
    catalog.delete(&class)
}

fn drop_file(cx: Ctx<'_>, file: RelFile) -> Result<()> {
    cx.with_tx(|tx| tx.file_dropped(file))
}

fn remove_index_row(cx: Ctx<'_>, index: Oid) -> Result<()> {
    let catalog = cx.catalog();
    if let Some(row) = catalog.index_row(index)? {
        catalog.touch_relation(row.indrelid)?;
        catalog.delete(&row)?;
    }
    Ok(())
}

/// A dropped column stays in the rows: it is renamed, typeless and nullable.
fn remove_column(cx: Ctx<'_>, relation: Oid, number: i16) -> Result<()> {
    let catalog = cx.catalog();
    let Some(row) = catalog.attribute(relation, number)? else { return Ok(()) };
    let dropped = PgAttribute {
        attname: format!("........pg.dropped.{number}........"),
        atttypid: Oid::INVALID,
        attnotnull: false,
        attstattarget: 0,
        attgenerated: 0,
        atthasmissing: false,
        attmissingval: tuple::Datum::Null,
        attisdropped: true,
        ..row.row.clone()
    };
    catalog.update(&row, &dropped)?;
    let keys = [Key::oid(c::pg_statistic::STARELID, relation), Key::int2(c::pg_statistic::STAATTNUM, number)];
    catalog.delete_where::<PgStatistic>(&keys).map(drop)
}

fn remove_default(cx: Ctx<'_>, oid: Oid) -> Result<()> {
    let catalog = cx.catalog();
    for row in catalog.scan::<PgAttrdef>(&[Key::oid(c::pg_attrdef::OID, oid)])? {
        if let Some(column) = catalog.attribute(row.adrelid, row.adnum)? {
            catalog.update(&column, &PgAttribute { atthasdef: false, attgenerated: 0, ..column.row.clone() })?;
        }
        catalog.delete(&row)?;
    }
    Ok(())
}

fn remove_constraint(cx: Ctx<'_>, oid: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let Some(row) = catalog.constraint(oid)? else { return Ok(()) };
    if row.contype == b'c'
        && let Some(class) = catalog.class(row.conrelid)?
    {
        catalog.update(&class, &PgClass { relchecks: class.relchecks - 1, ..class.row.clone() })?;
    }
    if row.conrelid.is_valid() {
        catalog.touch_relation(row.conrelid)?;
    }
    catalog.delete(&row)
}

fn remove_type(cx: Ctx<'_>, oid: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let Some(row) = catalog.type_by_oid(oid)? else { return Ok(()) };
    if row.typtype == b'e' {
        catalog.delete_where::<PgEnum>(&[Key::oid(c::pg_enum::ENUMTYPID, oid)])?;
    }
    catalog.delete(&row)
}

fn remove_rule(cx: Ctx<'_>, oid: Oid) -> Result<()> {
    let catalog = cx.catalog();
    for row in catalog.scan::<PgRewrite>(&[Key::oid(c::pg_rewrite::OID, oid)])? {
        catalog.touch_relation(row.ev_class)?;
        catalog.delete(&row)?;
    }
    Ok(())
}

fn remove_trigger(cx: Ctx<'_>, oid: Oid) -> Result<()> {
    let catalog = cx.catalog();
    for row in catalog.scan::<PgTrigger>(&[Key::oid(c::pg_trigger::OID, oid)])? {
        catalog.touch_relation(row.tgrelid)?;
        catalog.delete(&row)?;
    }
    Ok(())
}
