//! FOREIGN KEY: which key is referenced, which operators compare, and the triggers by which PostgreSQL shows and clients find it.
//!
//! The rows are PostgreSQL's: one of pg_constraint; two triggers on the referenced table (deletion, update) and two on the
//! referencing one (insertion, update), internal parts of the constraint.

use crate::address::ObjectAddress;
use crate::constraint::{choose_constraint_name, row};
use crate::dependency::{self, Dependency};
use crate::{Execution, foreign_key_check, names, with_analyze_context};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgClass, PgConstraint, PgTrigger};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use lock::LockMode;
use parser::ast::{Constraint, ForeignKey, ForeignKeyAction, MatchType};
use report::{Result, bail, error};
use schema::RelationEntry;
use std::sync::Arc;

/// B-tree's strategy number of equality.
const EQUAL: i16 = 3;

/// Functions that check and act, by their oids in pg_proc.
const CHECK_INSERT: Oid = Oid(1644);
const CHECK_UPDATE: Oid = Oid(1645);

/// pg_trigger.tgtype: for each row, after.
const FOR_EACH_ROW: i16 = 1;
const ON_INSERT: i16 = 4;
const ON_DELETE: i16 = 8;
const ON_UPDATE: i16 = 16;

/// A foreign key with names resolved.
struct Resolved {
    referenced: Arc<RelationEntry>,
    index: Oid,
    columns: Vec<i16>,
    referenced_columns: Vec<i16>,
    /// Of the index's columns.
    opclasses: Vec<Oid>,
    /// The columns of ON DELETE SET.
    set_columns: Vec<i16>,
}

/// Operators by which columns are compared: referenced = referencing, referenced = referenced, referencing = referencing.
#[derive(Default)]
struct Operators {
    across: Vec<Oid>,
    referenced: Vec<Oid>,
    referencing: Vec<Oid>,
}

/// Adds a foreign key to a table.
pub(crate) fn add(ex: &mut Execution<'_, '_>, table: Oid, said: &Constraint, key: &ForeignKey) -> Result<()> {
    let cx = ex.cx;
    let entry = cx.catalog().open_relation(table)?;
    let referenced = names::open_relation(cx, &key.table, LockMode::ShareRowExclusive)?;
    check_referenced(cx, &entry, &referenced)?;
    let resolved = resolve(cx, &entry, referenced, key)?;
    check_privileges(cx, &resolved)?;
    check_generated(&entry, &resolved, key)?;
    if resolved.columns.len() != resolved.referenced_columns.len() {
        bail!(INVALID_FOREIGN_KEY, "number of referencing and referenced columns for foreign key disagree");
    }
    let name = choose_constraint_name(cx, &entry, said.name.as_ref(), &name_of_columns(&key.columns), "fkey")?;
    let operators = find_operators(cx, &entry, &resolved, &name)?;
    let constraint = insert_constraint(cx, (&entry, said, key), name, &resolved, operators)?;
    create_triggers(cx, &constraint, key)?;
    cx.next_command()?;
    match said.attributes.not_valid {
        true => Ok(()),
        false => foreign_key_check::validate(cx, &constraint),
    }
}

/// The part of a constraint's generated name that stands for its columns.
fn name_of_columns(columns: &[String]) -> String {
    let joined = columns.join("_");
    joined[..joined.floor_char_boundary(base::NAME_BYTES_MAX)].to_owned()
}

fn check_referenced(cx: Ctx<'_>, table: &RelationEntry, referenced: &RelationEntry) -> Result<()> {
    let name = referenced.name();
    if referenced.kind() != b'r' {
        bail!(WRONG_OBJECT_TYPE, "referenced relation \"{name}\" is not a table");
    }
    let is_free = cx.setting(|s| s.bool(config::Setting::AllowSystemTableMods));
    if referenced.oid < Oid::FIRST_UNPINNED && !is_free {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{name}\" is a system catalog");
    }
    match (table.class.relpersistence, referenced.class.relpersistence) {
        (b'p', b'p') | (b'u', b'p' | b'u') | (b't', b't') => Ok(()),
        (b'p', _) => {
            bail!(INVALID_TABLE_DEFINITION, "constraints on permanent tables may reference only permanent tables")
        }
        (b'u', _) => bail!(
            INVALID_TABLE_DEFINITION,
            "constraints on unlogged tables may reference only permanent or unlogged tables"
        ),
        _ => bail!(INVALID_TABLE_DEFINITION, "constraints on temporary tables may reference only temporary tables"),
    }
}

fn resolve(cx: Ctx<'_>, table: &RelationEntry, referenced: Arc<RelationEntry>, key: &ForeignKey) -> Result<Resolved> {
    let columns = column_numbers(table, &key.columns)?;
    let mut set_columns: Vec<i16> = Vec::new();
    for (name, number) in key.on_delete_columns.iter().zip(column_numbers(table, &key.on_delete_columns)?) {
        if !columns.contains(&number) {
            bail!(
                INVALID_COLUMN_REFERENCE,
                "column \"{name}\" referenced in ON DELETE SET action must be part of foreign key"
            );
        }
        if !set_columns.contains(&number) {
            set_columns.push(number);
        }
    }
    let (index, referenced_columns, opclasses) = match key.referenced.is_empty() {
        true => primary_key(cx, &referenced)?,
        false => {
            let numbers = column_numbers(&referenced, &key.referenced)?;
            let (index, opclasses) = matching_key(cx, &referenced, &numbers)?;
            (index, numbers, opclasses)
        }
    };
    Ok(Resolved { referenced, index, columns, referenced_columns, opclasses, set_columns })
}

fn column_numbers(table: &RelationEntry, names: &[String]) -> Result<Vec<i16>> {
    let number = |name: &String| match table.column(name) {
        Some(number) => Ok(number),
        None if crate::relation::is_system_column(name) => {
            bail!(FEATURE_NOT_SUPPORTED, "system columns cannot be used in foreign keys")
        }
        None => {
            bail!(UNDEFINED_COLUMN, "column \"{name}\" referenced in foreign key constraint does not exist")
        }
    };
    if names.len() > crate::index::INDEX_COLUMNS_MAX {
        let max = crate::index::INDEX_COLUMNS_MAX;
        bail!(TOO_MANY_COLUMNS, "cannot have more than {max} keys in a foreign key");
    }
    names.iter().map(number).collect()
}

/// The referenced table's primary key: index, columns, operator classes.
fn primary_key(cx: Ctx<'_>, table: &RelationEntry) -> Result<(Oid, Vec<i16>, Vec<Oid>)> {
    let name = table.name();
    if !table.primary_key.is_valid() {
        bail!(UNDEFINED_OBJECT, "there is no primary key for referenced table \"{name}\"");
    }
    let row = cx.catalog().index_row(table.primary_key)?.expect("the table's entry names its index");
    if !row.indimmediate {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot use a deferrable primary key for referenced table \"{name}\"");
    }
    let keys = row.indnkeyatts as usize;
    Ok((row.indexrelid, row.indkey[..keys].to_vec(), row.indclass[..keys].to_vec()))
}

/// A unique index on exactly these columns, in any order: the index, and the operator class for each column.
fn matching_key(cx: Ctx<'_>, table: &RelationEntry, columns: &[i16]) -> Result<(Oid, Vec<Oid>)> {
    let mut sorted = columns.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() != columns.len() {
        bail!(INVALID_FOREIGN_KEY, "foreign key referenced-columns list must not contain duplicates");
    }
    let mut found_deferrable = false;
    for index in &table.indexes {
        let Some(row) = cx.catalog().index_row(*index)? else { continue };
        let keys = row.indnkeyatts as usize;
        let fits = keys == columns.len()
            && row.indisunique
            && row.indisvalid
            && row.indpred.is_none()
            && row.indexprs.is_none()
            && columns.iter().all(|column| row.indkey[..keys].contains(column));
        if fits && row.indimmediate {
            let class = |column: &i16| {
                let place = row.indkey.iter().position(|key| key == column).expect("the column is in the key");
                row.indclass[place]
            };
            return Ok((*index, columns.iter().map(class).collect()));
        }
        found_deferrable |= fits;
    }
    let name = table.name();
    match found_deferrable {
        true => Err(error!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot use a deferrable unique constraint for referenced table \"{name}\""
        )),
        false => Err(error!(
            INVALID_FOREIGN_KEY,
            "there is no unique constraint matching given keys for referenced table \"{name}\""
        )),
    }
}

/// REFERENCES on the table or on every column.
fn check_privileges(cx: Ctx<'_>, resolved: &Resolved) -> Result<()> {
    let table = &resolved.referenced;
    let user = cx.session.current_user();
    if cx.may_use_relation(user, &table.class, Privileges::REFERENCES)? {
        return Ok(());
    }
    for column in &resolved.referenced_columns {
        let row = cx.catalog().attribute(table.oid, *column)?.expect("the column is in the table's entry");
        let held = match &row.attacl {
            Some(list) => {
                cx.held(user, (ObjectKind::Column, table.class.relowner), Some(list), Privileges::REFERENCES)?
            }
            None => Privileges::NONE,
        };
        if !held.contains(Privileges::REFERENCES) {
            return Err(denied(ObjectKind::Table, table.name()));
        }
    }
    Ok(())
}

fn check_generated(table: &RelationEntry, resolved: &Resolved, key: &ForeignKey) -> Result<()> {
    use ForeignKeyAction::{Cascade, SetDefault, SetNull};
    let is_generated = |number: &i16| table.desc.attributes[*number as usize - 1].generated != 0;
    if !resolved.columns.iter().any(is_generated) {
        return Ok(());
    }
    let event = match (key.on_update, key.on_delete) {
        (SetNull | SetDefault | Cascade, _) => "ON UPDATE",
        (_, SetNull | SetDefault) => "ON DELETE",
        _ => return Ok(()),
    };
    bail!(SYNTAX_ERROR, "invalid {event} action for foreign key constraint containing generated column")
}

fn find_operators(cx: Ctx<'_>, table: &RelationEntry, resolved: &Resolved, name: &str) -> Result<Operators> {
    let catalog = cx.catalog();
    let mut found = Operators::default();
    for (n, class) in resolved.opclasses.iter().enumerate() {
        let class = catalog.opclass(*class)?.expect("an index's operator class exists");
        let column = &table.desc.attributes[resolved.columns[n] as usize - 1];
        let referenced = &resolved.referenced.desc.attributes[resolved.referenced_columns[n] as usize - 1];
        let (family, input) = (class.opcfamily, class.opcintype);
        let own = with_analyze_context(cx, "", |context| context.base_type(column.type_oid))?;
        let same = catalog.opfamily_member(family, input, input, EQUAL)?;
        let mut across = catalog.opfamily_member(family, input, own, EQUAL)?;
        let mut referencing = catalog.opfamily_member(family, own, own, EQUAL)?;
        if !(across.is_valid() && referencing.is_valid()) {
            let is_coercible = with_analyze_context(cx, "", |context| {
                context.can_coerce_implicitly(&[referenced.type_oid, column.type_oid], &[input, input])
            })?;
            if is_coercible {
                (across, referencing) = (same, same);
            }
        }
        if !(across.is_valid() && referencing.is_valid()) {
            let path = cx.search_path()?;
            let type_name = |oid| catalog.format_type(oid, None, &path.namespaces);
            let detail = format!(
                "Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.",
                column.name,
                referenced.name,
                type_name(column.type_oid)?,
                type_name(referenced.type_oid)?
            );
            let error = error!(DATATYPE_MISMATCH, "foreign key constraint \"{name}\" cannot be implemented");
            return Err(error.detail(detail));
        }
        found.across.push(across);
        found.referenced.push(same);
        found.referencing.push(referencing);
    }
    Ok(found)
}

/// The operators that a foreign key needs now that its columns may have other types.
///
/// Errors: 42804 if there are none.
pub(crate) fn operators_of(cx: Ctx<'_>, row: &PgConstraint) -> Result<(Vec<Oid>, Vec<Oid>, Vec<Oid>)> {
    let catalog = cx.catalog();
    let (table, referenced) = (catalog.open_relation(row.conrelid)?, catalog.open_relation(row.confrelid)?);
    let referenced_columns = row.confkey.clone().unwrap_or_default();
    let index = catalog.index_row(row.conindid)?.expect("a foreign key refers to an index");
    let class = |column: &i16| {
        let place = index.indkey.iter().position(|key| key == column).expect("the column is in the key");
        index.indclass[place]
    };
    let opclasses = referenced_columns.iter().map(class).collect();
    let columns = row.conkey.clone().unwrap_or_default();
    let resolved =
        Resolved { referenced, index: row.conindid, columns, referenced_columns, opclasses, set_columns: Vec::new() };
    let found = find_operators(cx, &table, &resolved, &row.conname)?;
    Ok((found.across, found.referenced, found.referencing))
}

const fn action_letter(action: ForeignKeyAction) -> u8 {
    match action {
        ForeignKeyAction::NoAction => b'a',
        ForeignKeyAction::Restrict => b'r',
        ForeignKeyAction::Cascade => b'c',
        ForeignKeyAction::SetNull => b'n',
        ForeignKeyAction::SetDefault => b'd',
    }
}

fn insert_constraint(
    cx: Ctx<'_>,
    (table, said, key): (&RelationEntry, &Constraint, &ForeignKey),
    name: String,
    resolved: &Resolved,
    operators: Operators,
) -> Result<PgConstraint> {
    let new = PgConstraint {
        conindid: resolved.index,
        confrelid: resolved.referenced.oid,
        confupdtype: action_letter(key.on_update),
        confdeltype: action_letter(key.on_delete),
        confmatchtype: if key.match_type == MatchType::Full { b'f' } else { b's' },
        conkey: Some(resolved.columns.clone()),
        confkey: Some(resolved.referenced_columns.clone()),
        conpfeqop: Some(operators.across),
        conppeqop: Some(operators.referenced),
        conffeqop: Some(operators.referencing),
        confdelsetcols: (!resolved.set_columns.is_empty()).then(|| resolved.set_columns.clone()),
        ..row(cx, table, name, b'f', said)?
    };
    cx.catalog().insert(&new)?;
    let own = ObjectAddress::new(oids::PG_CONSTRAINT, new.oid);
    let columns = resolved.columns.iter().map(|column| ObjectAddress::column(table.oid, *column));
    dependency::record_all(cx, own, columns, Dependency::Auto)?;
    let there = resolved.referenced.oid;
    let referenced = resolved.referenced_columns.iter().map(|column| ObjectAddress::column(there, *column));
    dependency::record_all(cx, own, referenced, Dependency::Normal)?;
    dependency::record(cx, own, ObjectAddress::relation(resolved.index), Dependency::Normal)?;
    Ok(new)
}

/// The function that does an action when the referenced row is deleted or updated.
const fn action_function(action: ForeignKeyAction, on_update: bool) -> Oid {
    let first = match action {
        ForeignKeyAction::Cascade => 1646,
        ForeignKeyAction::Restrict => 1648,
        ForeignKeyAction::SetNull => 1650,
        ForeignKeyAction::SetDefault => 1652,
        ForeignKeyAction::NoAction => 1654,
    };
    Oid(first + on_update as u32)
}

fn create_triggers(cx: Ctx<'_>, constraint: &PgConstraint, key: &ForeignKey) -> Result<()> {
    let (here, there) = (constraint.conrelid, constraint.confrelid);
    for (event, action, on_update) in [(ON_DELETE, key.on_delete, false), (ON_UPDATE, key.on_update, true)] {
        // Only the check of NO ACTION can wait for the transaction's end; the other actions are done at once.
        let may_wait = action == ForeignKeyAction::NoAction;
        let function = action_function(action, on_update);
        create_trigger(cx, constraint, ('a', there, here), (function, event, may_wait))?;
    }
    create_trigger(cx, constraint, ('c', here, there), (CHECK_INSERT, ON_INSERT, true))?;
    create_trigger(cx, constraint, ('c', here, there), (CHECK_UPDATE, ON_UPDATE, true))?;
    mark(cx, here)?;
    mark(cx, there)
}

fn create_trigger(
    cx: Ctx<'_>,
    constraint: &PgConstraint,
    (label, table, other): (char, Oid, Oid),
    (function, event, may_wait): (Oid, i16, bool),
) -> Result<()> {
    let oid = cx.catalog().new_oid::<PgTrigger>()?;
    cx.catalog().insert(&PgTrigger {
        oid,
        tgrelid: table,
        tgparentid: Oid::INVALID,
        tgname: format!("RI_ConstraintTrigger_{label}_{oid}"),
        tgfoid: function,
        tgtype: FOR_EACH_ROW | event,
        tgenabled: b'O',
        tgisinternal: true,
        tgconstrrelid: other,
        tgconstrindid: constraint.conindid,
        tgconstraint: constraint.oid,
        tgdeferrable: may_wait && constraint.condeferrable,
        tginitdeferred: may_wait && constraint.condeferred,
        tgnargs: 0,
        tgattr: Vec::new(),
        tgargs: Vec::new(),
        tgqual: None,
        tgoldtable: None,
        tgnewtable: None,
    })?;
    let own = ObjectAddress::new(oids::PG_TRIGGER, oid);
    dependency::record(cx, own, ObjectAddress::new(oids::PG_CONSTRAINT, constraint.oid), Dependency::Internal)
}

/// relhastriggers.
fn mark(cx: Ctx<'_>, table: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let row = catalog.class(table)?.expect("the table is open");
    if !row.relhastriggers {
        catalog.update(&row, &PgClass { relhastriggers: true, ..row.row.clone() })?;
        return cx.next_command();
    }
    catalog.touch_relation(table)
}
