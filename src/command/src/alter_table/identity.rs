//! ADD GENERATED, SET GENERATED and DROP IDENTITY.

use super::{skip, user_column};
use crate::address::ObjectAddress;
use crate::dependency::{self, drop_objects};
use crate::sequence::{ColumnSequence, SequenceOf};
use crate::{Execution, sequence};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgAttribute, PgDepend};
use instance::Ctx;
use parser::ast::{Constraint, ConstraintKind, DefArg, DefElem, DropBehavior, GeneratedWhen};
use report::{Error, Result, bail, error};
use schema::{Key, RelationEntry};

/// ADD GENERATED AS IDENTITY.
pub(super) fn add(cx: Ctx<'_>, table: &RelationEntry, name: &str, said: &Constraint) -> Result<()> {
    let ConstraintKind::Identity(when, options) = &said.kind else {
        return Err(Error::internal("ADD GENERATED comes with an identity"));
    };
    let (number, row) = user_column(cx, table, name)?;
    let relation = table.name();
    if !matches!(row.atttypid, Oid(20 | 21 | 23)) {
        bail!(INVALID_PARAMETER_VALUE, "identity column type must be smallint, integer, or bigint");
    }
    if !row.attnotnull {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{name}\" of relation \"{relation}\" must be declared NOT NULL before identity can be added"
        );
    }
    if row.attidentity != 0 {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{name}\" of relation \"{relation}\" is already an identity column"
        );
    }
    if row.atthasdef {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{name}\" of relation \"{relation}\" already has a default value"
        );
    }
    let attidentity = letter(*when);
    cx.catalog().update(&row, &PgAttribute { attidentity, ..row.row.clone() })?;
    cx.next_command()?;
    let wanted = ColumnSequence {
        table: relation,
        column: name,
        target: (table.class.relnamespace, table.class.relpersistence),
        column_type: row.atttypid,
        is_identity: true,
    };
    let sequence = wanted.make(cx, options)?;
    sequence::attach(cx, sequence, (table.oid, number), true)
}

const fn letter(when: GeneratedWhen) -> u8 {
    match when {
        GeneratedWhen::Always => b'a',
        GeneratedWhen::ByDefault => b'd',
    }
}

fn no_identity(table: &RelationEntry, name: &str) -> Error {
    let table = table.name();
    error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "column \"{name}\" of relation \"{table}\" is not an identity column")
}

/// SET GENERATED, SET sequence option, RESTART.
pub(super) fn set(ex: &mut Execution<'_, '_>, table: &RelationEntry, name: &str, given: &[DefElem]) -> Result<()> {
    let cx = ex.cx;
    let (number, row) = user_column(cx, table, name)?;
    if row.attidentity == 0 {
        return Err(no_identity(table, name));
    }
    let mut of_sequence = Vec::new();
    for option in given {
        match (option.name.as_str(), &option.arg) {
            ("generated", Some(DefArg::Integer(code))) => {
                let attidentity = if *code == i32::from(b'a') { b'a' } else { b'd' };
                cx.catalog().update(&row, &PgAttribute { attidentity, ..row.row.clone() })?;
            }
            ("generated", Some(DefArg::String(word))) => {
                let attidentity = if word.starts_with('a') { b'a' } else { b'd' };
                cx.catalog().update(&row, &PgAttribute { attidentity, ..row.row.clone() })?;
            }
            _ => of_sequence.push(option.clone()),
        }
    }
    cx.next_command()?;
    match (of_sequence.is_empty(), sequence_of(cx, table.oid, number)?) {
        (false, Some(sequence)) => sequence::change(ex, sequence, &of_sequence, SequenceOf::Identity(row.atttypid)),
        _ => Ok(()),
    }
}

/// DROP IDENTITY.
pub(super) fn drop_identity(cx: Ctx<'_>, table: &RelationEntry, name: &str, if_exists: bool) -> Result<()> {
    let (number, row) = user_column(cx, table, name)?;
    if row.attidentity == 0 {
        let error = no_identity(table, name);
        if !if_exists {
            return Err(error);
        }
        skip(cx, &error);
        return Ok(());
    }
    cx.catalog().update(&row, &PgAttribute { attidentity: 0, ..row.row.clone() })?;
    cx.next_command()?;
    let Some(sequence) = sequence_of(cx, table.oid, number)? else { return Ok(()) };
    // Alone it could not be dropped: it is part of the column.
    let own = ObjectAddress::relation(sequence);
    forget_column(cx, own, table.oid)?;
    cx.next_command()?;
    drop_objects(cx, &[own], DropBehavior::Restrict)
}

fn forget_column(cx: Ctx<'_>, sequence: ObjectAddress, table: Oid) -> Result<()> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::CLASSID, sequence.class), Key::oid(d::OBJID, sequence.object)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        if row.refclassid == oids::PG_CLASS && row.refobjid == table {
            cx.catalog().delete(&row)?;
        }
    }
    Ok(())
}

/// The sequence that is part of an identity column.
pub(crate) fn sequence_of(cx: Ctx<'_>, table: Oid, column: i16) -> Result<Option<Oid>> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::REFCLASSID, oids::PG_CLASS), Key::oid(d::REFOBJID, table)];
    let rows = cx.catalog().scan::<PgDepend>(&keys)?;
    let is_part = |row: &PgDepend| {
        row.classid == oids::PG_CLASS && row.refobjsubid == i32::from(column) && row.deptype == dependency::INTERNAL
    };
    for row in rows.iter().filter(|row| is_part(row)) {
        if cx.catalog().sequence(row.objid)?.is_some() {
            return Ok(Some(row.objid));
        }
    }
    Ok(None)
}
