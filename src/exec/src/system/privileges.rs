//! has_table_privilege and its kin, membership of roles, access control lists as text.

use super::functions;
use base::Oid;
use builtins::FnCtx;
use catalog::AclItem;
use catalog::rows::{PgAttribute, PgClass, PgForeignDataWrapper, PgForeignServer, PgParameterAcl, PgTablespace};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges};
use report::{Result, bail, error};
use tuple::Datum;

/// Who owns what has no owner.
const BOOTSTRAP_SUPERUSER: Oid = Oid(10);

functions! {
    has_table_privilege_name_name = has_table, has_table_privilege_name = has_table,
    has_table_privilege_name_id = has_table, has_table_privilege_id = has_table,
    has_table_privilege_id_name = has_table, has_table_privilege_id_id = has_table,
    has_sequence_privilege_name_name = has_sequence, has_sequence_privilege_name = has_sequence,
    has_sequence_privilege_name_id = has_sequence, has_sequence_privilege_id = has_sequence,
    has_sequence_privilege_id_name = has_sequence, has_sequence_privilege_id_id = has_sequence,
    has_any_column_privilege_name_name = has_any_column, has_any_column_privilege_name = has_any_column,
    has_any_column_privilege_name_id = has_any_column, has_any_column_privilege_id = has_any_column,
    has_any_column_privilege_id_name = has_any_column, has_any_column_privilege_id_id = has_any_column,
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
    has_language_privilege_name_name = has_language, has_language_privilege_name = has_language,
    has_language_privilege_name_id = has_language, has_language_privilege_id = has_language,
    has_language_privilege_id_name = has_language, has_language_privilege_id_id = has_language,
    has_tablespace_privilege_name_name = has_tablespace, has_tablespace_privilege_name = has_tablespace,
    has_tablespace_privilege_name_id = has_tablespace, has_tablespace_privilege_id = has_tablespace,
    has_tablespace_privilege_id_name = has_tablespace, has_tablespace_privilege_id_id = has_tablespace,
    has_parameter_privilege_name_name = has_parameter, has_parameter_privilege_id_name = has_parameter,
    has_parameter_privilege_name = has_parameter,
    has_foreign_data_wrapper_privilege_name_name = has_wrapper, has_foreign_data_wrapper_privilege_name = has_wrapper,
    has_foreign_data_wrapper_privilege_name_id = has_wrapper, has_foreign_data_wrapper_privilege_id = has_wrapper,
    has_foreign_data_wrapper_privilege_id_name = has_wrapper, has_foreign_data_wrapper_privilege_id_id = has_wrapper,
    has_server_privilege_name_name = has_server, has_server_privilege_name = has_server,
    has_server_privilege_name_id = has_server, has_server_privilege_id = has_server,
    has_server_privilege_id_name = has_server, has_server_privilege_id_id = has_server,
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
///
/// Errors: 22023 for words that name none, and none for this kind of object.
fn read_privileges(text: &str, kind: ObjectKind) -> Result<Vec<Privileges>> {
    text.split(',').map(|word| read_privilege(word.trim(), kind)).collect()
}

fn read_privilege(word: &str, kind: ObjectKind) -> Result<Privileges> {
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
        // There was such a privilege once.
        "RULE" if matches!(kind, ObjectKind::Table) => return Ok(Privileges::NONE),
        "EXECUTE" => Privileges::EXECUTE,
        "USAGE" => Privileges::USAGE,
        "CREATE" => Privileges::CREATE,
        "TEMP" | "TEMPORARY" => Privileges::TEMPORARY,
        "CONNECT" => Privileges::CONNECT,
        "SET" => Privileges::SET,
        "ALTER SYSTEM" => Privileges::ALTER_SYSTEM,
        _ => Privileges::NONE,
    };
    if privilege.is_empty() || privilege.0 & !kind.all().0 != 0 {
        bail!(INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"{word}\"");
    }
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
    let wanted = read_privileges(rest[1].as_str(), ObjectKind::Table)?;
    let Some(class) = cx.catalog().class(oid)? else { return Ok(Datum::Null) };
    any(&wanted, |wanted| cx.may_use_relation(user, &class, wanted))
}

fn has_sequence(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 3)?;
    let oid = relation_of(cx, fx, &rest[0])?;
    let wanted = read_privileges(rest[1].as_str(), ObjectKind::Sequence)?;
    let Some(class) = cx.catalog().class(oid)? else { return Ok(Datum::Null) };
    if class.relkind != b'S' {
        // As it was asked for, if it was asked for by name.
        let name = if let Datum::Oid(_) = rest[0] { &class.relname } else { rest[0].as_str() };
        bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a sequence");
    }
    any(&wanted, |wanted| cx.may_use_relation(user, &class, wanted))
}

/// A privilege on the whole relation or on one of its columns.
fn has_any_column(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 3)?;
    let oid = relation_of(cx, fx, &rest[0])?;
    let wanted = read_privileges(rest[1].as_str(), ObjectKind::Column)?;
    let catalog = cx.catalog();
    let Some(class) = catalog.class(oid)? else { return Ok(Datum::Null) };
    any(&wanted, |wanted| {
        if cx.may_use_relation(user, &class, wanted)? {
            return Ok(true);
        }
        for number in 1..=class.relnatts {
            let column = catalog.attribute(oid, number)?.filter(|column| !column.attisdropped);
            if column.is_some_and(|column| may_use_column(cx, user, (&class, &column), wanted).unwrap_or(false)) {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

/// By a list of the column's own.
fn may_use_column(
    cx: Ctx<'_>,
    user: Oid,
    (class, column): (&PgClass, &PgAttribute),
    wanted: Privileges,
) -> Result<bool> {
    match &column.attacl {
        Some(acl) => Ok(cx.held(user, (ObjectKind::Column, class.relowner), Some(acl), wanted)? == wanted),
        None => Ok(false),
    }
}

fn has_column(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (user, rest) = user(cx, args, 4)?;
    let oid = relation_of(cx, fx, &rest[0])?;
    let Some(class) = cx.catalog().class(oid)? else { return Ok(Datum::Null) };
    let column = match &rest[1] {
        Datum::Int2(number) => cx.catalog().attribute(oid, *number)?,
        name => match cx.catalog().attribute_by_name(oid, name.as_str())? {
            Some(column) => Some(column),
            None => {
                bail!(UNDEFINED_COLUMN, "column \"{}\" of relation \"{}\" does not exist", name.as_str(), class.relname)
            }
        },
    };
    let wanted = read_privileges(rest[2].as_str(), ObjectKind::Column)?;
    let Some(column) = column.filter(|column| !column.attisdropped) else { return Ok(Datum::Null) };
    any(&wanted, |wanted| {
        Ok(may_use_column(cx, user, (&class, &column), wanted)? || cx.may_use_relation(user, &class, wanted)?)
    })
}

/// What of an object its privileges depend on.
type Guarded = (Oid, Option<Vec<AclItem>>);

/// The common part: an object found, its kind's privileges read, one of them looked for.
fn inquire(
    cx: Ctx<'_>,
    args: &[Datum],
    kind: ObjectKind,
    find: impl FnOnce(&Datum) -> Result<Option<Guarded>>,
) -> Result<Datum> {
    let (user, rest) = user(cx, args, 3)?;
    let found = find(&rest[0])?;
    let wanted = read_privileges(rest[1].as_str(), kind)?;
    let Some((owner, acl)) = found else { return Ok(Datum::Null) };
    any(&wanted, |wanted| Ok(cx.held(user, (kind, owner), acl.as_deref(), wanted)? == wanted))
}

/// 42704 if there is nothing of a name; of an oid that nothing has the answer is null.
fn found(kind: &str, named: &Datum, guarded: Option<Guarded>) -> Result<Option<Guarded>> {
    match (guarded, named) {
        (None, Datum::Oid(_)) => Ok(None),
        (None, name) => bail!(UNDEFINED_OBJECT, "{kind} \"{}\" does not exist", name.as_str()),
        (guarded, _) => Ok(guarded),
    }
}

/// A row of a catalog by its oid or its name, not from a cache.
fn one<R: catalog::Row>(cx: Ctx<'_>, named: &Datum, (oid_column, name_column): (i16, i16)) -> Result<Option<R>> {
    let key = match named {
        Datum::Oid(oid) => schema::Key::oid(oid_column, *oid),
        name => schema::Key::text(name_column, name.as_str()),
    };
    Ok(cx.catalog().scan::<R>(&[key])?.into_iter().next().map(|found| found.row))
}

fn has_database(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    inquire(cx, args, ObjectKind::Database, |named| match named {
        Datum::Oid(oid) => Ok(cx.catalog().database(*oid)?.map(|row| (row.datdba, row.datacl.clone()))),
        name => match cx.catalog().database_by_name(name.as_str())? {
            Some(row) => Ok(Some((row.datdba, row.datacl.clone()))),
            None => bail!(UNDEFINED_DATABASE, "database \"{}\" does not exist", name.as_str()),
        },
    })
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
    let wanted = read_privileges(rest[1].as_str(), ObjectKind::Schema)?;
    let Some(row) = row else { return Ok(Datum::Null) };
    any(&wanted, |wanted| cx.may_use_schema(user, &row, wanted))
}

fn has_function(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    inquire(cx, args, ObjectKind::Function, |named| {
        let oid = match named {
            Datum::Oid(oid) => *oid,
            text => super::registered::procedure_of_text(cx, text.as_str())?,
        };
        Ok(cx.catalog().function(oid)?.map(|row| (row.proowner, row.proacl.clone())))
    })
}

fn has_type(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    inquire(cx, args, ObjectKind::Type, |named| {
        let oid = match named {
            Datum::Oid(oid) => *oid,
            text => super::registered::type_of_text(cx, text.as_str())?,
        };
        let catalog = cx.catalog();
        // An array is as its elements.
        let row = catalog.type_by_oid(oid)?;
        let row = match row {
            Some(row) if row.typcategory == b'A' && row.typelem.is_valid() => catalog.type_by_oid(row.typelem)?,
            other => other,
        };
        Ok(row.map(|row| (row.typowner, row.typacl.clone())))
    })
}

fn has_language(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    inquire(cx, args, ObjectKind::Language, |named| {
        let row = match named {
            Datum::Oid(oid) => cx.catalog().language(*oid)?,
            name => cx.catalog().language_by_name(name.as_str())?,
        };
        found("language", named, row.map(|row| (row.lanowner, row.lanacl.clone())))
    })
}

fn has_tablespace(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    use catalog::columns::pg_tablespace as c;
    inquire(cx, args, ObjectKind::Tablespace, |named| {
        let row = one::<PgTablespace>(cx, named, (c::OID, c::SPCNAME))?;
        found("tablespace", named, row.map(|row| (row.spcowner, row.spcacl.clone())))
    })
}

fn has_wrapper(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    use catalog::columns::pg_foreign_data_wrapper as c;
    inquire(cx, args, ObjectKind::ForeignDataWrapper, |named| {
        let row = one::<PgForeignDataWrapper>(cx, named, (c::OID, c::FDWNAME))?;
        found("foreign-data wrapper", named, row.map(|row| (row.fdwowner, row.fdwacl.clone())))
    })
}

fn has_server(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    use catalog::columns::pg_foreign_server as c;
    inquire(cx, args, ObjectKind::ForeignServer, |named| {
        let row = one::<PgForeignServer>(cx, named, (c::OID, c::SRVNAME))?;
        found("server", named, row.map(|row| (row.srvowner, row.srvacl.clone())))
    })
}

/// Parameters have no owner; one that nobody granted has no list.
fn has_parameter(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    use catalog::columns::pg_parameter_acl as c;
    inquire(cx, args, ObjectKind::Parameter, |named| {
        let name = named.as_str().to_ascii_lowercase();
        let rows = cx.catalog().scan::<PgParameterAcl>(&[schema::Key::text(c::PARNAME, &name)])?;
        let acl = rows.into_iter().next().and_then(|row| row.row.paracl).unwrap_or_default();
        Ok(Some((BOOTSTRAP_SUPERUSER, Some(acl))))
    })
}

/// True if the role may grant the other: it was given it so, or a role that it is a member of was.
fn is_admin(cx: Ctx<'_>, member: Oid, role: Oid) -> Result<bool> {
    if cx.role_is_superuser(member)? {
        return Ok(true);
    }
    for row in cx.catalog().members(role)?.iter() {
        if row.admin_option && cx.is_member_nosuper(member, row.member)? {
            return Ok(true);
        }
    }
    Ok(false)
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
            | "MEMBER WITH ADMIN OPTION" => is_admin(cx, member, role)?,
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
