//! SET, RESET, SHOW, ALTER SYSTEM, and the settings of roles and databases.

use crate::analysis::with_analyze_context;
use crate::transaction::set_characteristics;
use crate::{Execution, Tag};
use base::Oid;
use catalog::columns::pg_db_role_setting as c;
use catalog::rows::PgDbRoleSetting;
use config::{Change, Scope, Setting, Source};
use instance::Ctx;
use parser::ast::{AlterSystemStmt, Literal, SetValue, TypeName, VariableSetAction, VariableSetStmt, VariableShowStmt};
use report::{Error, Result, Severity, SqlState, bail, error};
use schema::Key;
use tuple::{Attribute, Datum, Repr, TupleDesc};

/// SET, SET LOCAL, RESET.
pub(crate) fn set(ex: &mut Execution<'_, '_>, statement: &VariableSetStmt) -> Result<Tag> {
    let cx = ex.cx;
    let is_transaction = matches!(statement.action, VariableSetAction::Transaction(_));
    if (statement.local || is_transaction) && !ex.in_block {
        let what = if is_transaction { "SET TRANSACTION" } else { "SET LOCAL" };
        let message = format!("{what} can only be used in transaction blocks");
        cx.session.notice(Error::with_severity(Severity::Warning, SqlState::NO_ACTIVE_SQL_TRANSACTION, message));
    }
    let is_superuser = cx.session.is_superuser();
    let change = if statement.local { Change::local(is_superuser) } else { Change::set(is_superuser) };
    match &statement.action {
        VariableSetAction::Value(name, values) => assign(cx, name, Some(&join_values(cx, name, values)?), change)?,
        VariableSetAction::Default(name) | VariableSetAction::Reset(name) => assign(cx, name, None, change)?,
        VariableSetAction::Current(name) => {
            let value = cx.setting(|s| s.show_name(name))?;
            assign(cx, name, Some(&value), change)?;
        }
        VariableSetAction::ResetAll => cx.session.settings.borrow_mut().reset_all(),
        VariableSetAction::Transaction(options) => set_characteristics(cx, options)?,
        VariableSetAction::SessionCharacteristics(options) => set_session_characteristics(cx, options, change)?,
        VariableSetAction::TransactionSnapshot(_) => report::unsupported!("SET TRANSACTION SNAPSHOT"),
    }
    cx.refresh_settings();
    let is_reset = matches!(statement.action, VariableSetAction::Reset(_) | VariableSetAction::ResetAll);
    Ok(Tag::Plain(if is_reset { "RESET" } else { "SET" }))
}

/// Gives a setting a value for the session, or its default. Settings that are more than a value act here.
pub(crate) fn assign(cx: Ctx<'_>, name: &str, value: Option<&str>, change: Change) -> Result<()> {
    match name.to_ascii_lowercase().as_str() {
        "role" => return cx.set_role(value, change),
        "session_authorization" => return cx.set_session_authorization(value, change),
        "transaction_isolation" => {
            let level = value.unwrap_or("default");
            return crate::transaction::set_isolation_by_name(cx, level);
        }
        _ => {}
    }
    cx.session.settings.borrow_mut().set(name, value, change)
}

/// A SET's values as the setting's text: names of a list setting are quoted where they must be.
fn join_values(cx: Ctx<'_>, name: &str, values: &[SetValue]) -> Result<String> {
    let is_list = Setting::by_name(name).is_some_and(|s| s.definition().has(config::flag::LIST));
    let quotes = Setting::by_name(name).is_some_and(|s| s.definition().has(config::flag::LIST_QUOTE));
    if values.len() > 1 && !is_list {
        bail!(INVALID_PARAMETER_VALUE, "SET {name} takes only one argument");
    }
    let text = |value: &SetValue| match value {
        SetValue::Interval(text, type_name, _) => zone_of_interval(cx, text, type_name),
        SetValue::Const(literal) => match &literal.value {
            Literal::String(text) if quotes => Ok(builtins::quote_identifier(text)),
            Literal::String(text) | Literal::Float(text) => Ok(text.clone()),
            Literal::Int(number) => Ok(number.to_string()),
            Literal::Bool(flag) => Ok(flag.to_string()),
            Literal::Null | Literal::BitString(_) => {
                bail!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{name}\"")
            }
        },
    };
    Ok(values.iter().map(text).collect::<Result<Vec<_>>>()?.join(", "))
}

/// SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE: the zone as POSIX writes it, with the sign the other way round.
fn zone_of_interval(cx: Ctx<'_>, text: &str, type_name: &TypeName) -> Result<String> {
    let resolved = with_analyze_context(cx, "", |context| context.resolve_type_name(type_name))?;
    let interval = exec::with_fn_ctx(cx, |fx| builtins::input(fx, resolved.oid, resolved.typmod, text))?;
    let style = cx.session.format.borrow().interval_style;
    builtins::interval_east(&interval, style)
}

/// SET SESSION CHARACTERISTICS AS TRANSACTION.
fn set_session_characteristics(cx: Ctx<'_>, options: &[parser::ast::DefElem], change: Change) -> Result<()> {
    use parser::ast::DefArg;
    for option in options {
        let (name, value) = match (option.name.as_str(), &option.arg) {
            ("transaction_isolation", Some(DefArg::String(level))) => ("default_transaction_isolation", level.clone()),
            ("transaction_read_only", Some(DefArg::Integer(flag))) => {
                ("default_transaction_read_only", (*flag != 0).to_string())
            }
            ("transaction_deferrable", Some(DefArg::Integer(flag))) => {
                ("default_transaction_deferrable", (*flag != 0).to_string())
            }
            (other, _) => return Err(Error::internal(format!("unknown transaction option {other}"))),
        };
        assign(cx, name, Some(&value), change)?;
    }
    Ok(())
}

/// SHOW.
pub(crate) fn show(ex: &mut Execution<'_, '_>, statement: &VariableShowStmt) -> Result<Tag> {
    let cx = ex.cx;
    let name = &statement.name;
    if name == "all" {
        let sees_all = exec::system::sees_all_settings(cx)?;
        let rows = cx.setting(|s| s.show_all(sees_all));
        ex.client.columns(&show_columns(statement))?;
        for (name, value, description) in rows {
            ex.client.row(&[Datum::text(name), Datum::from(value), Datum::text(description)])?;
        }
        return Ok(Tag::Plain("SHOW"));
    }
    let value = exec::system::setting_text(cx, name)?;
    ex.client.columns(&show_columns(statement))?;
    ex.client.row(&[Datum::from(value)])?;
    Ok(Tag::Plain("SHOW"))
}

/// The columns of SHOW's answer.
pub(crate) fn show_columns(statement: &VariableShowStmt) -> TupleDesc {
    let name = &statement.name;
    match name.as_str() {
        "all" => text_columns(&["name", "setting", "description"]),
        _ => {
            let label = Setting::by_name(name).map_or_else(|| name.clone(), |setting| setting.name().to_owned());
            text_columns(&[&label])
        }
    }
}

/// Columns of type text with these names.
pub(crate) fn text_columns(names: &[&str]) -> TupleDesc {
    TupleDesc { attributes: names.iter().map(|name| Attribute::new(*name, Oid(25), -1, Repr::Bytes)).collect() }
}

fn denied_alter_system(action: &VariableSetAction) -> Error {
    match action {
        VariableSetAction::Value(name, _) | VariableSetAction::Default(name) | VariableSetAction::Reset(name) => {
            error!(INSUFFICIENT_PRIVILEGE, "permission denied to set parameter \"{name}\"")
        }
        _ => error!(INSUFFICIENT_PRIVILEGE, "permission denied to perform ALTER SYSTEM RESET ALL"),
    }
}

/// ALTER SYSTEM.
pub(crate) fn alter_system(ex: &mut Execution<'_, '_>, statement: &AlterSystemStmt) -> Result<Tag> {
    let cx = ex.cx;
    if !cx.session.is_superuser() {
        return Err(denied_alter_system(&statement.set.action));
    }
    if ex.in_block {
        bail!(ACTIVE_SQL_TRANSACTION, "ALTER SYSTEM cannot run inside a transaction block");
    }
    let settings = &cx.instance.settings;
    match &statement.set.action {
        VariableSetAction::Value(name, values) => settings.alter_system(name, Some(&join_values(cx, name, values)?))?,
        VariableSetAction::Default(name) | VariableSetAction::Reset(name) => settings.alter_system(name, None)?,
        VariableSetAction::ResetAll => settings.alter_system_reset_all()?,
        _ => bail!(SYNTAX_ERROR, "unrecognized ALTER SYSTEM action"),
    }
    Ok(Tag::Plain("ALTER SYSTEM"))
}

/// ALTER DATABASE SET, ALTER ROLE SET: changes the stored list of a database (or zero) and a role (or zero).
pub(crate) fn store_setting(cx: Ctx<'_>, (database, role): (Oid, Oid), action: &VariableSetAction) -> Result<()> {
    let catalog = cx.catalog();
    let keys = [Key::oid(c::SETDATABASE, database), Key::oid(c::SETROLE, role)];
    let row = catalog.scan::<PgDbRoleSetting>(&keys)?.pop();
    let mut list = row.as_ref().and_then(|row| row.setconfig.clone()).unwrap_or_default();
    let name = match action {
        VariableSetAction::Value(name, values) => {
            let value = join_values(cx, name, values)?;
            let change = Change {
                source: Source::DatabaseUser,
                scope: Scope::Session,
                ..Change::set(cx.session.is_superuser())
            };
            cx.session.settings.borrow().check(name, Some(&value), change)?;
            forget_assignment(&mut list, name);
            let shown = Setting::by_name(name).map_or_else(|| name.clone(), |setting| setting.name().to_owned());
            list.push(format!("{shown}={value}"));
            None
        }
        VariableSetAction::Current(name) => {
            let value = cx.setting(|s| s.show_name(name))?;
            forget_assignment(&mut list, name);
            list.push(format!("{name}={value}"));
            None
        }
        VariableSetAction::Default(name) | VariableSetAction::Reset(name) => Some(name),
        VariableSetAction::ResetAll => {
            list.clear();
            None
        }
        _ => bail!(SYNTAX_ERROR, "unrecognized setting action"),
    };
    if let Some(name) = name {
        forget_assignment(&mut list, name);
    }
    match (row, list.is_empty()) {
        (Some(row), true) => catalog.delete(&row),
        (Some(row), false) => {
            catalog.update(&row, &PgDbRoleSetting { setconfig: Some(list), ..row.row.clone() }).map(drop)
        }
        (None, true) => Ok(()),
        (None, false) => {
            let row = PgDbRoleSetting { setdatabase: database, setrole: role, setconfig: Some(list) };
            catalog.insert(&row).map(drop)
        }
    }
}

fn forget_assignment(list: &mut Vec<String>, name: &str) {
    list.retain(|assignment| !assignment.split('=').next().is_some_and(|n| n.eq_ignore_ascii_case(name)));
}
