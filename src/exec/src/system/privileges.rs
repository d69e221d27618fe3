//! has_table_privilege and its kin, membership of roles, access control lists as text.

use super::functions;
use base::Oid;
use builtins::FnCtx;
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges};
use report::{Result, bail, error};
use tuple::Datum;

functions! {
    has_table_privilege_name_name = has_table, has_table_privilege_name = has_table,
    has_table_privilege_name_id = has_table, has_table_privilege_id = has_table,
    has_table_privilege_id_name = has_table, has_table_privilege_id_id = has_table,
    has_sequence_privilege_name_name = has_table, has_sequence_privilege_name = has_table,
    has_sequence_privilege_name_id = has_table, has_sequence_privilege_id = has_table,
    has_sequence_privilege_id_name = has_table, has_sequence_privilege_id_id = has_table,
    has_any_column_privilege_name_name = has_table, has_any_column_privilege_name = has_table,
    has_any_column_privilege_name_id = has_table, has_any_column_privilege_id = has_table,
    has_any_column_privilege_id_name = has_table, has_any_column_privilege_id_id = has_table,
    has_column_privilege_name_name_name = has_column, has_column_privilege_name_name_attnum = has_column,
    has_column_privilege_name_id_name = has_column, has_column_privilege_name_id_attnum = has_column,
    has_column_privilege_id_name_name = has_column, has_column_privilege_id_name_attnum = has_column,
    has_column_privilege_id_id_name = has_column, has_column_privilege_id_id_attnum = has_column,
    has_column_privilege_name_name = has_column, has_column_privilege_name_attnum = has_column,
    has_column_privilege_id_name = has_column, has_column_privilege_id_attnum = has_column,
    has_database_privilege_name_name = has_database, has_database_privilege_name = has_database,
    has_database_privilege_name_id = has_database, has_database_privilege_id = has_database,
    has_database_privilege_id_name = has_database, has_database_privilege_id_id = has_database,
    has_schema_privilege_name_name = has_schema, has_schema_privilege_name = has_schema,
    has_schema_privilege_name_id = has_schema, has_schema_privilege_id = has_schema,
    has_schema_privilege_id_name = has_schema, has_schema_privilege_id_id = has_schema,
    has_function_privilege_name_name = has_function, has_function_privilege_name = has_function,
    has_function_privilege_name_id = has_function, has_function_privilege_id = has_function,
    has_function_privilege_id_name = has_function, has_function_privilege_id_id = has_function,
    has_type_privilege_name_name = has_type, has_type_privilege_name = has_type,
    has_type_privilege_name_id = has_type, has_type_privilege_id = has_type,
    has_type_privilege_id_name = has_type, has_type_privilege_id_id = has_type,
    has_language_privilege_name_name = always, has_language_privilege_name = always,
    has_language_privilege_name_id = always, has_language_privilege_id = always,
    has_language_privilege_id_name = always, has_language_privilege_id_id = always,
    has_tablespace_privilege_name_name = superuser, has_tablespace_privilege_name = superuser,
    has_tablespace_privilege_name_id = superuser, has_tablespace_privilege_id = superuser,
    has_tablespace_privilege_id_name = superuser, has_tablespace_privilege_id_id = superuser,
    has_parameter_privilege_name_name = superuser, has_parameter_privilege_id_name = superuser,
    has_parameter_privilege_name = superuser,
    pg_has_role_name_name = has_role, pg_has_role_name = has_role, pg_has_role_name_id = has_role,
    pg_has_role_id = has_role, pg_has_role_id_name = has_role, pg_has_role_id_id = has_role,
    aclitemout, aclitemin,
}

/// The role that is asked about: the first of `wanted` arguments, or the current user if it is left out.
fn user<'a>(cx: Ctx<'_>, args: &'a [Datum], wanted: usize) -> Result<(Oid, &'a [Datum])> {
    if args.len() < wanted {
        return Ok((cx.session.current_user(), args));
    }
    let rest = &args[1..];
    match &args[0] {
        Datum::Oid(oid) => Ok((*oid, rest)),
        name if name.as_str() == "public" => Ok((Oid::INVALID, rest)),
        name => Ok((role_named(cx, name.as_str())?, rest)),
    }
}

fn role_named(cx: Ctx<'_>, name: &str) -> Result<Oid> {
    let row = cx.catalog().role_by_name(name)?;
    row.map(|row| row.oid).ok_or_else(|| error!(UNDEFINED_OBJECT, "role \"{name}\" does not exist"))
}

/// Privileges by their words, separated by commas; each alternative with or without grant option.
fn read_privileges(text: &str) -> Result<Vec<Privileges>> {
    text.split(',').map(|word| read_privilege(word.trim())).collect()
}

fn read_privilege(word: &str) -> Result<Privileges> {
    let upper = word.to_ascii_uppercase();
    let (name, has_option) = match upper.strip_suffix(" WITH GRANT OPTION") {
        Some(name) => (name, true),
        None => (upper.as_str(), false),
    };
    let privilege = match name {
        "SELECT" => Privileges::SELECT,
        "INSERT" => Privileges::INSERT,
        "UPDATE" => Privileges::UPDATE,
        "DELETE" => Privileges::DELETE,
        "TRUNCATE" => Privileges::TRUNCATE,
        "REFERENCES" => Privileges::REFERENCES,
        "TRIGGER" => Privileges::TRIGGER,
        "RULE" => Privileges::NONE,
        "EXECUTE" => Privileges::EXECUTE,
        "USAGE" => Privileges::USAGE,
        "CREATE" => Privileges::CREATE,
        "TEMP" | "TEMPORARY" => Privileges::TEMPORARY,
        "CONNECT" => Privileges::CONNECT,
        _ => bail!(INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"{word}\""),
    };
    Ok(if has_option { privilege.as_options() } else { privilege })
}

/// True if one of the alternatives is held.
fn any(privileges: &[Privileges], mut holds: impl FnMut(Privileges) -> Result<bool>) -> Result<Datum> {
    for privilege in privileges {
        if !privilege.is_empty() && holds(*privilege)? {
            return Ok(Datum::Bool(true));
        }
    }
    Ok(Datum::Bool(false))
}

fn relation_of(cx: Ctx<'_>, fx: &mut FnCtx<'_>, datum: &Datum) -> Result<Oid> {
    match datum {
        Datum::Oid(oid) => Ok(*oid),
        text => super::registered::class_of_text(cx, fx, text),
    }
}

fn has_table(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 3)?;
    let oid = relation_of(cx, fx, &rest[0])?;
    let Some(class) = cx.catalog().class(oid)? else { return Ok(Datum::Null) };
    any(&read_privileges(rest[1].as_str())?, |wanted| cx.may_use_relation(user, &class, wanted))
}

fn has_column(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 4)?;
    let oid = relation_of(cx, fx, &rest[0])?;
    let Some(class) = cx.catalog().class(oid)? else { return Ok(Datum::Null) };
    let column = match &rest[1] {
        Datum::Int2(number) => cx.catalog().attribute(oid, *number)?,
        name => cx.catalog().attribute_by_name(oid, name.as_str())?,
    };
    let Some(column) = column.filter(|column| !column.attisdropped) else {
        match &rest[1] {
            Datum::Int2(_) => return Ok(Datum::Null),
            name => {
                bail!(UNDEFINED_COLUMN, "column \"{}\" of relation \"{}\" does not exist", name.as_str(), class.relname)
            }
        }
    };
    any(&read_privileges(rest[2].as_str())?, |wanted| {
        let object = (ObjectKind::Column, class.relowner);
        let by_column = match &column.attacl {
            Some(acl) => cx.held(user, object, Some(acl), wanted)? == wanted,
            None => false,
        };
        Ok(by_column || cx.may_use_relation(user, &class, wanted)?)
    })
}

fn has_database(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 3)?;
    let row = match &rest[0] {
        Datum::Oid(oid) => match cx.catalog().database(*oid)? {
            Some(row) => row.row.clone(),
            None => return Ok(Datum::Null),
        },
        name => match cx.catalog().database_by_name(name.as_str())? {
            Some(row) => row.row,
            None => bail!(UNDEFINED_DATABASE, "database \"{}\" does not exist", name.as_str()),
        },
    };
    any(&read_privileges(rest[1].as_str())?, |wanted| cx.may_use_database(user, &row, wanted))
}

fn has_schema(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 3)?;
    let row = match &rest[0] {
        Datum::Oid(oid) => cx.catalog().namespace(*oid)?,
        name => match cx.catalog().namespace_by_name(name.as_str())? {
            Some(row) => Some(row),
            None => bail!(INVALID_SCHEMA_NAME, "schema \"{}\" does not exist", name.as_str()),
        },
    };
    let Some(row) = row else { return Ok(Datum::Null) };
    any(&read_privileges(rest[1].as_str())?, |wanted| cx.may_use_schema(user, &row, wanted))
}

fn has_function(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 3)?;
    let Datum::Oid(oid) = rest[0] else { report::unsupported!("has_function_privilege by name") };
    let Some(row) = cx.catalog().function(oid)? else { return Ok(Datum::Null) };
    any(&read_privileges(rest[1].as_str())?, |_| cx.may_execute(user, &row))
}

fn has_type(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 3)?;
    let Datum::Oid(oid) = rest[0] else { report::unsupported!("has_type_privilege by name") };
    let Some(row) = cx.catalog().type_by_oid(oid)? else { return Ok(Datum::Null) };
    any(&read_privileges(rest[1].as_str())?, |_| cx.may_use_type(user, &row))
}

/// Everybody may use the built-in languages.
fn always(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(true))
}

fn superuser(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, _) = user(cx, args, 3)?;
    Ok(Datum::Bool(cx.role_is_superuser(user)?))
}

/// MEMBER, USAGE: may SET ROLE, has the privileges.
fn has_role(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (member, rest) = user(cx, args, 3)?;
    let role = match &rest[0] {
        Datum::Oid(oid) => *oid,
        name => role_named(cx, name.as_str())?,
    };
    for word in rest[1].as_str().split(',') {
        let holds = match word.trim().to_ascii_uppercase().as_str() {
            "USAGE" => cx.has_privileges_of(member, role)?,
            "MEMBER" => cx.is_member(member, role)?,
            "USAGE WITH GRANT OPTION"
            | "USAGE WITH ADMIN OPTION"
            | "MEMBER WITH GRANT OPTION"
            | "MEMBER WITH ADMIN OPTION" => cx.role_is_superuser(member)?,
            _ => bail!(INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"{}\"", word.trim()),
        };
        if holds {
            return Ok(Datum::Bool(true));
        }
    }
    Ok(Datum::Bool(false))
}

/// A name in an access list: quoted unless it is all letters, digits and underscores.
fn acl_name(name: &str) -> String {
    match name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

fn acl_role(cx: Ctx<'_>, role: Oid) -> Result<String> {
    if !role.is_valid() {
        return Ok(String::new());
    }
    let row = cx.catalog().role(role)?;
    Ok(row.map_or_else(|| role.to_string(), |row| acl_name(&row.rolname)))
}

/// `grantee=privileges/grantor`; a star marks a grant option.
fn aclitemout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let item = catalog::AclItem::from_bytes(args[0].as_bytes());
    let mut text = format!("{}=", acl_role(cx, item.grantee)?);
    for (n, letter) in catalog::AclItem::LETTERS.iter().enumerate() {
        if item.privileges & 1 << n != 0 {
            text.push(char::from(*letter));
        }
        if item.privileges & 1 << (n + 16) != 0 {
            text.push('*');
        }
    }
    Ok(Datum::from(format!("{text}/{}", acl_role(cx, item.grantor)?)))
}

fn aclitemin(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    let malformed = || error!(INVALID_TEXT_REPRESENTATION, "missing \"=\" sign");
    let (grantee, rest) = text.split_once('=').ok_or_else(malformed)?;
    let (letters, grantor) = rest.split_once('/').unwrap_or((rest, ""));
    let role = |name: &str| match name.trim_matches('"') {
        "" => Ok(Oid::INVALID),
        name => role_named(cx, name),
    };
    let mut privileges = 0u32;
    let mut last = 0;
    for letter in letters.bytes() {
        if letter == b'*' {
            privileges |= last << 16;
            continue;
        }
        let Some(place) = catalog::AclItem::LETTERS.iter().position(|l| *l == letter) else {
            bail!(INVALID_TEXT_REPRESENTATION, "invalid mode character: must be one of \"arwdDxtXUCTcsA\"");
        };
        last = 1 << place;
        privileges |= last;
    }
    let grantor = if grantor.is_empty() { Oid(10) } else { role(grantor)? };
    let item = catalog::AclItem { grantee: role(grantee)?, grantor, privileges };
    Ok(Datum::bytes(&item.to_bytes()))
}
