//! ALTER COLUMN and DROP COLUMN: changes of one column that leave its values as they are.

use super::{no_such_column, skip, user_column};
use crate::address::ObjectAddress;
use crate::dependency::{self, drop_objects};
use crate::options::text_of;
use crate::table::store_default;
use crate::{Execution, validate, with_analyze_context};
use analyze::{DefaultFor, TypeAndMod};
use catalog::oids;
use catalog::rows::{PgAttrdef, PgAttribute};
use instance::Ctx;
use parser::ast::{ColumnKey, DefElem, DropBehavior, Expr};
use report::{Error, Result, Severity, SqlState, bail, error};
use schema::{Key, RelationEntry};

/// The greatest statistics target.
const STATISTICS_MAX: i32 = 10_000;

/// DROP COLUMN.
pub(super) fn drop_column(
    cx: Ctx<'_>,
    table: &RelationEntry,
    name: &str,
    (if_exists, behavior): (bool, DropBehavior),
) -> Result<()> {
    if table.kind() == b'v' {
        let error =
            error!(WRONG_OBJECT_TYPE, "ALTER action DROP COLUMN cannot be performed on relation \"{}\"", table.name());
        return Err(error.detail("This operation is not supported for views."));
    }
    let Some(number) = table.column(name) else {
        if crate::relation::is_system_column(name) && table.kind() == b'r' {
            bail!(FEATURE_NOT_SUPPORTED, "cannot drop system column \"{name}\"");
        }
        let error = no_such_column(table, name);
        if !if_exists {
            return Err(error);
        }
        skip(cx, &error);
        return Ok(());
    };
    drop_objects(cx, &[ObjectAddress::column(table.oid, number)], behavior)
}

/// SET DEFAULT, DROP DEFAULT.
pub(super) fn set_default(
    ex: &mut Execution<'_, '_>,
    table: &RelationEntry,
    name: &str,
    default: Option<&Expr>,
) -> Result<()> {
    let cx = ex.cx;
    let (number, row) = user_column(cx, table, name)?;
    let relation = table.name();
    if row.attidentity != 0 {
        let error = error!(SYNTAX_ERROR, "column \"{name}\" of relation \"{relation}\" is an identity column");
        return Err(match default {
            Some(_) => error,
            None => error.hint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead."),
        });
    }
    if row.attgenerated != 0 {
        let error = error!(SYNTAX_ERROR, "column \"{name}\" of relation \"{relation}\" is a generated column");
        return Err(match default {
            Some(_) => error,
            None => error.hint("Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead."),
        });
    }
    // A serial column keeps its sequence: it belongs to the column, not to the default.
    remove_default(cx, table, number)?;
    let Some(expression) = default else { return Ok(()) };
    let target = DefaultFor { column: name, column_type: TypeAndMod { oid: row.atttypid, typmod: row.atttypmod } };
    let made = with_analyze_context(cx, ex.text, |context| context.analyze_default(expression, target))?;
    store_default(cx, (table.oid, number), &made).map(drop)
}

/// Removes a column's default, if it has one.
pub(super) fn remove_default(cx: Ctx<'_>, table: &RelationEntry, number: i16) -> Result<()> {
    use catalog::columns::pg_attrdef as c;
    let keys = [Key::oid(c::ADRELID, table.oid), Key::int2(c::ADNUM, number)];
    for row in cx.catalog().scan::<PgAttrdef>(&keys)? {
        let address = ObjectAddress::new(oids::PG_ATTRDEF, row.oid);
        crate::remove::remove_object(cx, address)?;
        dependency::forget(cx, address)?;
    }
    cx.next_command()
}

/// DROP NOT NULL.
pub(super) fn drop_not_null(cx: Ctx<'_>, table: &RelationEntry, name: &str) -> Result<()> {
    let (number, row) = user_column(cx, table, name)?;
    if row.attidentity != 0 {
        bail!(SYNTAX_ERROR, "column \"{name}\" of relation \"{}\" is an identity column", table.name());
    }
    for index in &table.indexes {
        let Some(index) = cx.catalog().index_row(*index)? else { continue };
        let keys = &index.indkey[..index.indnkeyatts as usize];
        if index.indisprimary && keys.contains(&number) {
            bail!(INVALID_TABLE_DEFINITION, "column \"{name}\" is in a primary key");
        }
        if index.indisreplident && keys.contains(&number) {
            bail!(INVALID_TABLE_DEFINITION, "column \"{name}\" is in index used as replica identity");
        }
    }
    if row.attnotnull {
        cx.catalog().update(&row, &PgAttribute { attnotnull: false, ..row.row.clone() })?;
    }
    Ok(())
}

/// SET NOT NULL.
pub(super) fn set_not_null(cx: Ctx<'_>, table: &RelationEntry, name: &str) -> Result<()> {
    let (number, row) = user_column(cx, table, name)?;
    if row.attnotnull {
        return Ok(());
    }
    validate::not_null(cx, table, number)?;
    cx.catalog().update(&row, &PgAttribute { attnotnull: true, ..row.row.clone() }).map(drop)
}

/// DROP EXPRESSION: a generated column becomes an ordinary one and keeps its values.
pub(super) fn drop_expression(cx: Ctx<'_>, table: &RelationEntry, name: &str, if_exists: bool) -> Result<()> {
    let (number, row) = user_column(cx, table, name)?;
    if row.attgenerated == 0 {
        let relation = table.name();
        let message = format!("column \"{name}\" of relation \"{relation}\" is not a stored generated column");
        let error = Error::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message);
        if !if_exists {
            return Err(error);
        }
        skip(cx, &error);
        return Ok(());
    }
    remove_default(cx, table, number)?;
    Ok(())
}

/// SET STATISTICS.
pub(super) fn set_statistics(cx: Ctx<'_>, table: &RelationEntry, key: &ColumnKey, target: i32) -> Result<()> {
    if target < -1 {
        bail!(INVALID_PARAMETER_VALUE, "statistics target {target} is too low");
    }
    if target > STATISTICS_MAX {
        let message = format!("lowering statistics target to {STATISTICS_MAX}");
        cx.session.notice(Error::with_severity(Severity::Warning, SqlState::INVALID_PARAMETER_VALUE, message));
    }
    let row = match key {
        ColumnKey::Name(name) => user_column(cx, table, name)?.1,
        ColumnKey::Number(number) => match cx.catalog().attribute(table.oid, *number)? {
            Some(row) => row,
            None => bail!(UNDEFINED_COLUMN, "column number {number} of relation \"{}\" does not exist", table.name()),
        },
    };
    if let Some(index) = &table.index {
        check_index_column(index, table, &row)?;
    }
    let attstattarget = target.min(STATISTICS_MAX);
    cx.catalog().update(&row, &PgAttribute { attstattarget, ..row.row.clone() }).map(drop)
}

fn check_index_column(index: &catalog::rows::PgIndex, table: &RelationEntry, row: &PgAttribute) -> Result<()> {
    let (column, name) = (&row.attname, table.name());
    if row.attnum > index.indnkeyatts {
        bail!(FEATURE_NOT_SUPPORTED, "cannot alter statistics on included column \"{column}\" of index \"{name}\"");
    }
    if index.indkey[row.attnum as usize - 1] != 0 {
        let message = format!("cannot alter statistics on non-expression column \"{column}\" of index \"{name}\"");
        return Err(error!(FEATURE_NOT_SUPPORTED, "{message}").hint("Alter statistics on table column instead."));
    }
    Ok(())
}

/// SET (n_distinct = ...).
pub(super) fn set_options(cx: Ctx<'_>, table: &RelationEntry, name: &str, given: &[DefElem]) -> Result<()> {
    let (_, row) = user_column(cx, table, name)?;
    let mut options = row.attoptions.clone().unwrap_or_default();
    for option in given {
        let value = text_of(option);
        if !matches!(option.name.as_str(), "n_distinct" | "n_distinct_inherited") {
            bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter \"{}\"", option.name);
        }
        match value.parse::<f64>() {
            Ok(number) if number >= -1.0 => {}
            Ok(_) => {
                let error =
                    error!(INVALID_PARAMETER_VALUE, "value {value} out of bounds for option \"{}\"", option.name);
                let most = format!("{:.6}", f64::MAX);
                return Err(error.detail(format!("Valid values are between \"-1.000000\" and \"{most}\".")));
            }
            Err(_) => {
                bail!(INVALID_PARAMETER_VALUE, "invalid value for floating point option \"{}\": {value}", option.name)
            }
        }
        options.retain(|known| known.split('=').next() != Some(&option.name));
        options.push(format!("{}={value}", option.name));
    }
    store_options(cx, &row, options)
}

/// RESET (n_distinct).
pub(super) fn reset_options(cx: Ctx<'_>, table: &RelationEntry, name: &str, given: &[DefElem]) -> Result<()> {
    let (_, row) = user_column(cx, table, name)?;
    let mut options = row.attoptions.clone().unwrap_or_default();
    options.retain(|known| !given.iter().any(|option| known.split('=').next() == Some(&option.name)));
    store_options(cx, &row, options)
}

fn store_options(cx: Ctx<'_>, row: &schema::CatalogRow<PgAttribute>, options: Vec<String>) -> Result<()> {
    let attoptions = (!options.is_empty()).then_some(options);
    cx.catalog().update(row, &PgAttribute { attoptions, ..row.row.clone() }).map(drop)
}

/// SET STORAGE.
pub(super) fn set_storage(cx: Ctx<'_>, table: &RelationEntry, name: &str, storage: &str) -> Result<()> {
    let letter = match storage.to_ascii_lowercase().as_str() {
        "plain" => b'p',
        "external" => b'e',
        "extended" => b'x',
        "main" => b'm',
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid storage type \"{storage}\""),
    };
    let (_, row) = user_column(cx, table, name)?;
    let type_row = cx.catalog().type_by_oid(row.atttypid)?.expect("a column's type exists");
    if letter != b'p' && type_row.typstorage == b'p' {
        let type_name = cx.catalog().format_type(row.atttypid, None, &cx.search_path()?.namespaces)?;
        bail!(FEATURE_NOT_SUPPORTED, "column data type {type_name} can only have storage PLAIN");
    }
    cx.catalog().update(&row, &PgAttribute { attstorage: letter, ..row.row.clone() })?;
    cx.next_command()?;
    for (index, place) in index_columns(cx, table, row.attnum)? {
        if let Some(column) = cx.catalog().attribute(index, place)? {
            cx.catalog().update(&column, &PgAttribute { attstorage: letter, ..column.row.clone() })?;
        }
    }
    Ok(())
}

/// The index columns that hold a column of the table: index and number.
pub(super) fn index_columns(cx: Ctx<'_>, table: &RelationEntry, column: i16) -> Result<Vec<(base::Oid, i16)>> {
    let mut found = Vec::new();
    for index in &table.indexes {
        let Some(row) = cx.catalog().index_row(*index)? else { continue };
        let places = row.indkey.iter().enumerate().filter(|(_, key)| **key == column);
        found.extend(places.map(|(place, _)| (*index, place as i16 + 1)));
    }
    Ok(found)
}
