//! GRANT and REVOKE of privileges on objects.

use crate::acl::{self, Change};
use crate::address::ObjectAddress;
use crate::drop_statement::range_of;
use crate::{Execution, Tag, names, object};
use base::Oid;
use catalog::columns as c;
use catalog::rows::{PgClass, PgProc};
use catalog::{AclItem, oids};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use parser::ast::{AccessPriv, GrantStmt, GrantTarget, ObjectName, ObjectType, Role, RoleSpec};
use report::{Error, Result, Severity, SqlState, bail, error, unsupported};
use schema::{Key, RelationEntry};
use std::collections::BTreeMap;

/// An object with its access list.
struct Target {
    address: ObjectAddress,
    kind: ObjectKind,
    owner: Oid,
    name: String,
    acl: Option<Vec<AclItem>>,
}

/// A statement's privileges and grantees, resolved.
struct Request<'s> {
    statement: &'s GrantStmt,
    grantees: Vec<Oid>,
    /// Of whole objects; none if all were asked for, or columns only.
    privileges: Privileges,
    /// ALL was written.
    all: bool,
}

/// GRANT, REVOKE.
pub(crate) fn grant(ex: &mut Execution<'_, '_>, statement: &GrantStmt) -> Result<Tag> {
    let cx = ex.cx;
    if let Some(grantor) = &statement.grantor
        && crate::role::resolve(cx, &grantor.role)? != cx.session.current_user()
    {
        bail!(FEATURE_NOT_SUPPORTED, "grantor must be current user");
    }
    let objects = find_objects(ex, statement)?;
    let grantees = resolve_grantees(cx, &statement.grantees)?;
    let privileges = read_privileges(statement.object_type, &statement.privileges)?;
    let request = Request { statement, grantees, privileges, all: statement.privileges.is_empty() };
    for object in objects {
        match object.class {
            oids::PG_CLASS => grant_relation(cx, &request, object.object)?,
            _ => grant_object(cx, &request, &target(cx, statement.object_type, object)?)?,
        }
        cx.next_command()?;
    }
    Ok(Tag::Plain(if statement.is_grant { "GRANT" } else { "REVOKE" }))
}

/// The roles; zero is PUBLIC.
pub(crate) fn resolve_grantees(cx: Ctx<'_>, specs: &[RoleSpec]) -> Result<Vec<Oid>> {
    let resolve = |spec: &RoleSpec| match spec.role {
        Role::Public => Ok(Oid::INVALID),
        _ => crate::role::resolve(cx, &spec.role),
    };
    specs.iter().map(resolve).collect()
}

/// What may be granted on this kind, and what the kind is called in that message.
fn allowed(object_type: ObjectType) -> (Privileges, &'static str) {
    match object_type {
        // A sequence may be named where a table is.
        ObjectType::Table => (Privileges::ALL_RELATION | Privileges::ALL_SEQUENCE, "relation"),
        ObjectType::Sequence => (Privileges::ALL_SEQUENCE, "sequence"),
        ObjectType::Database => (Privileges::ALL_DATABASE, "database"),
        ObjectType::Domain => (Privileges::USAGE, "domain"),
        ObjectType::Function => (Privileges::EXECUTE, "function"),
        ObjectType::Procedure => (Privileges::EXECUTE, "procedure"),
        ObjectType::Routine => (Privileges::EXECUTE, "routine"),
        ObjectType::Language => (Privileges::USAGE, "language"),
        ObjectType::LargeObject => (Privileges::SELECT | Privileges::UPDATE, "large object"),
        ObjectType::Schema => (Privileges::ALL_SCHEMA, "schema"),
        ObjectType::Tablespace => (Privileges::CREATE, "tablespace"),
        ObjectType::Type => (Privileges::USAGE, "type"),
        ObjectType::ForeignDataWrapper => (Privileges::USAGE, "foreign-data wrapper"),
        ObjectType::ForeignServer => (Privileges::USAGE, "foreign server"),
        _ => (Privileges::SET | Privileges::ALTER_SYSTEM, "parameter"),
    }
}

/// The privilege of this name. Errors: 42601.
pub(crate) fn privilege_named(name: &str) -> Result<Privileges> {
    let bits = builtins::acl::parse_privilege(name);
    bits.map(Privileges).map_err(|_| error!(SYNTAX_ERROR, "unrecognized privilege type \"{name}\""))
}

/// The first of the privileges, as messages name it.
pub(crate) fn privilege_name(privileges: Privileges) -> &'static str {
    let all = &builtins::acl::PRIVILEGES;
    all.get(privileges.0.trailing_zeros() as usize).map_or("", |(_, name)| name)
}

fn read_privileges(object_type: ObjectType, given: &[AccessPriv]) -> Result<Privileges> {
    let (allowed, word) = allowed(object_type);
    let mut privileges = Privileges::NONE;
    for privilege in given {
        if !privilege.columns.is_empty() {
            if object_type != ObjectType::Table {
                bail!(INVALID_GRANT_OPERATION, "column privileges are only valid for relations");
            }
            continue;
        }
        let bit = privilege_named(privilege.name.as_deref().unwrap_or_default())?;
        if !allowed.contains(bit) {
            let name = privilege_name(bit);
            bail!(INVALID_GRANT_OPERATION, "invalid privilege type {name} for {word}");
        }
        privileges = privileges | bit;
    }
    Ok(privileges)
}

fn find_objects(ex: &Execution<'_, '_>, statement: &GrantStmt) -> Result<Vec<ObjectAddress>> {
    let cx = ex.cx;
    if statement.object_type == ObjectType::ParameterAcl {
        unsupported!("GRANT ON PARAMETER");
    }
    let mut found = Vec::new();
    for object in &statement.objects {
        match (statement.target, object) {
            (GrantTarget::AllInSchema, ObjectName::Name(schema)) => {
                all_in_schema(cx, statement.object_type, schema, &mut found)?;
            }
            (_, ObjectName::Relation(range)) => {
                let oid = names::look_up(cx, range)?.ok_or_else(|| names::no_such_relation(range))?;
                found.push(ObjectAddress::relation(oid));
            }
            (_, ObjectName::Qualified(name)) if statement.object_type == ObjectType::Domain => {
                let row = object::type_row(ex, &parser::ast::TypeName::named(name.clone()))?;
                found.push(ObjectAddress::new(oids::PG_TYPE, row.oid));
            }
            (_, ObjectName::Qualified(name)) if statement.object_type == ObjectType::Type => {
                let row = object::type_row(ex, &parser::ast::TypeName::named(name.clone()))?;
                found.push(ObjectAddress::new(oids::PG_TYPE, row.oid));
            }
            (_, ObjectName::Qualified(name)) => {
                let range = range_of(name);
                let oid = names::look_up(cx, &range)?.ok_or_else(|| names::no_such_relation(&range))?;
                found.push(ObjectAddress::relation(oid));
            }
            (_, object) => found.push(object::find(ex, statement.object_type, object)?.address),
        }
    }
    Ok(found)
}

fn all_in_schema(cx: Ctx<'_>, kind: ObjectType, schema: &str, found: &mut Vec<ObjectAddress>) -> Result<()> {
    let namespace = names::open_schema(cx, schema)?;
    cx.check_schema(namespace, Privileges::USAGE)?;
    let catalog = cx.catalog();
    if matches!(kind, ObjectType::Table | ObjectType::Sequence) {
        let is_wanted = |relkind: u8| match kind {
            ObjectType::Table => matches!(relkind, b'r' | b'v' | b'm' | b'f' | b'p'),
            _ => relkind == b'S',
        };
        let rows = catalog.scan::<PgClass>(&[Key::oid(c::pg_class::RELNAMESPACE, namespace)])?;
        let wanted = rows.iter().filter(|row| is_wanted(row.relkind));
        found.extend(wanted.map(|row| ObjectAddress::relation(row.oid)));
        return Ok(());
    }
    let is_wanted = |prokind: u8| match kind {
        ObjectType::Function => prokind != b'p',
        ObjectType::Procedure => prokind == b'p',
        _ => true,
    };
    let rows = catalog.scan::<PgProc>(&[Key::oid(c::pg_proc::PRONAMESPACE, namespace)])?;
    let wanted = rows.iter().filter(|row| is_wanted(row.prokind));
    found.extend(wanted.map(|row| ObjectAddress::new(oids::PG_PROC, row.oid)));
    Ok(())
}

fn target(cx: Ctx<'_>, object_type: ObjectType, address: ObjectAddress) -> Result<Target> {
    let (catalog, oid) = (cx.catalog(), address.object);
    let gone = || Error::internal(format!("object {oid} does not exist"));
    let (kind, owner, name, acl) = match address.class {
        oids::PG_DATABASE => {
            let row = catalog.database(oid)?.ok_or_else(gone)?;
            (ObjectKind::Database, row.datdba, row.datname.clone(), row.datacl.clone())
        }
        oids::PG_NAMESPACE => {
            let row = catalog.namespace(oid)?.ok_or_else(gone)?;
            (ObjectKind::Schema, row.nspowner, row.nspname.clone(), row.nspacl.clone())
        }
        oids::PG_PROC => {
            let row = catalog.function(oid)?.ok_or_else(gone)?;
            (ObjectKind::Function, row.proowner, row.proname.clone(), row.proacl.clone())
        }
        oids::PG_TYPE => {
            let row = catalog.type_by_oid(oid)?.ok_or_else(gone)?;
            if row.typelem.is_valid() && row.typsubscript == Oid(6179) {
                let error = error!(INVALID_GRANT_OPERATION, "cannot set privileges of array types");
                return Err(error.hint("Set the privileges of the element type instead."));
            }
            if object_type == ObjectType::Domain && row.typtype != b'd' {
                bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a domain", row.typname);
            }
            (ObjectKind::Type, row.typowner, row.typname.clone(), row.typacl.clone())
        }
        oids::PG_LANGUAGE => {
            let row = catalog.language(oid)?.ok_or_else(gone)?;
            if !row.lanpltrusted {
                let error = error!(WRONG_OBJECT_TYPE, "language \"{}\" is not trusted", row.lanname);
                let why = "GRANT and REVOKE are not allowed on untrusted languages, \
                           because only superusers can use untrusted languages.";
                return Err(error.detail(why));
            }
            (ObjectKind::Language, row.lanowner, row.lanname.clone(), row.lanacl.clone())
        }
        oids::PG_TABLESPACE => {
            let row = catalog.tablespace(oid)?.ok_or_else(gone)?;
            (ObjectKind::Tablespace, row.spcowner, row.spcname.clone(), row.spcacl.clone())
        }
        class => return Err(Error::internal(format!("objects of catalog {class} have no access list"))),
    };
    Ok(Target { address, kind, owner, name, acl })
}

fn grant_object(cx: Ctx<'_>, request: &Request<'_>, target: &Target) -> Result<()> {
    let wanted = if request.all { target.kind.all() } else { request.privileges };
    let acl = target.acl.clone().unwrap_or_else(|| target.kind.default_acl(target.owner));
    let (grantor, options) = acl::best_grantor(cx, wanted, &acl, target.owner)?;
    if options.is_empty() {
        let any = Privileges(target.kind.all().0 | target.kind.all().0 << 16);
        if cx.held(grantor, (target.kind, target.owner), Some(&acl), any)?.is_empty() {
            return Err(denied(target.kind, &target.name));
        }
    }
    let privileges = restrict(cx, request, (wanted, options), &format!("\"{}\"", target.name));
    let new = acl::merge(cx, acl, &change(request, privileges, grantor, target.owner))?;
    acl::store(cx, target.address, target.owner, new)
}

fn change<'r>(request: &'r Request<'_>, privileges: Privileges, grantor: Oid, owner: Oid) -> Change<'r> {
    Change {
        is_grant: request.statement.is_grant,
        grant_option: request.statement.grant_option,
        behavior: request.statement.behavior,
        grantees: &request.grantees,
        privileges,
        grantor,
        owner,
    }
}

/// What of the wanted privileges may be granted, with a warning if that is not all.
fn restrict(cx: Ctx<'_>, request: &Request<'_>, (wanted, options): (Privileges, Privileges), on: &str) -> Privileges {
    let possible = wanted & options;
    let amount = match possible {
        Privileges::NONE => "no privileges",
        possible if !request.all && possible != wanted => "not all privileges",
        _ => return possible,
    };
    let (code, done) = match request.statement.is_grant {
        true => (SqlState::WARNING_PRIVILEGE_NOT_GRANTED, "were granted"),
        false => (SqlState::WARNING_PRIVILEGE_NOT_REVOKED, "could be revoked"),
    };
    cx.session.notice(Error::with_severity(Severity::Warning, code, format!("{amount} {done} for {on}")));
    possible
}

fn grant_relation(cx: Ctx<'_>, request: &Request<'_>, oid: Oid) -> Result<()> {
    let Some(entry) = cx.catalog().relation(oid)? else { return Err(Error::internal("a relation is gone")) };
    let name = entry.name();
    match entry.kind() {
        b'i' | b'I' => bail!(WRONG_OBJECT_TYPE, "\"{name}\" is an index"),
        b'c' => bail!(WRONG_OBJECT_TYPE, "\"{name}\" is a composite type"),
        kind if request.statement.object_type == ObjectType::Sequence && kind != b'S' => {
            bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a sequence")
        }
        _ => {}
    }
    let kind = if entry.kind() == b'S' { ObjectKind::Sequence } else { ObjectKind::Table };
    let wanted = relation_privileges(cx, request, kind, name)?;
    let owner = entry.class.relowner;
    let acl = entry.class.relacl.clone().unwrap_or_else(|| kind.default_acl(owner));
    let columns = column_privileges(cx, request, &entry, wanted)?;
    if !wanted.is_empty() {
        let (grantor, options) = acl::best_grantor(cx, wanted, &acl, owner)?;
        if options.is_empty() {
            let any = Privileges(kind.all().0 | kind.all().0 << 16);
            if cx.held(grantor, (kind, owner), Some(&acl), any)?.is_empty() {
                return Err(denied(kind, name));
            }
        }
        let privileges = restrict(cx, request, (wanted, options), &format!("\"{name}\""));
        let new = acl::merge(cx, acl.clone(), &change(request, privileges, grantor, owner))?;
        acl::store(cx, ObjectAddress::relation(oid), owner, new)?;
    }
    for (column, wanted) in columns {
        grant_column(cx, request, (&entry, &acl), (column, wanted))?;
    }
    Ok(())
}

fn relation_privileges(cx: Ctx<'_>, request: &Request<'_>, kind: ObjectKind, name: &str) -> Result<Privileges> {
    if request.all {
        return Ok(kind.all());
    }
    let wanted = request.privileges;
    if kind == ObjectKind::Table && !kind.all().contains(wanted) {
        bail!(INVALID_GRANT_OPERATION, "invalid privilege type USAGE for table");
    }
    if kind == ObjectKind::Sequence && !kind.all().contains(wanted) {
        let message = format!("sequence \"{name}\" only supports USAGE, SELECT, and UPDATE privileges");
        cx.session.notice(Error::with_severity(Severity::Warning, SqlState::INVALID_GRANT_OPERATION, message));
    }
    Ok(wanted & kind.all())
}

/// What is to change of which columns: those that are named, and all for which a whole relation's privilege is revoked.
fn column_privileges(
    cx: Ctx<'_>,
    request: &Request<'_>,
    entry: &RelationEntry,
    whole: Privileges,
) -> Result<BTreeMap<i16, Privileges>> {
    let mut columns = BTreeMap::<i16, Privileges>::new();
    let implied = whole & Privileges::ALL_COLUMN;
    if !request.statement.is_grant && !implied.is_empty() {
        let keys = [Key::oid(c::pg_attribute::ATTRELID, entry.oid)];
        let rows = cx.catalog().scan::<catalog::rows::PgAttribute>(&keys)?;
        // A column without a list has nothing to lose.
        let listed = rows.iter().filter(|row| row.attacl.is_some() && !row.attisdropped);
        columns.extend(listed.map(|row| (row.attnum, implied)));
    }
    for privilege in request.statement.privileges.iter().filter(|privilege| !privilege.columns.is_empty()) {
        let mut wanted = match &privilege.name {
            None => Privileges::ALL_COLUMN,
            Some(name) => privilege_named(name)?,
        };
        if !Privileges::ALL_COLUMN.contains(wanted) {
            let name = privilege_name(wanted);
            bail!(INVALID_GRANT_OPERATION, "invalid privilege type {name} for column");
        }
        if entry.kind() == b'S' && !Privileges::SELECT.contains(wanted) {
            let message = format!("sequence \"{}\" only supports SELECT column privileges", entry.name());
            cx.session.notice(Error::with_severity(Severity::Warning, SqlState::INVALID_GRANT_OPERATION, message));
            wanted = wanted & Privileges::SELECT;
        }
        for name in &privilege.columns {
            let Some(row) = cx.catalog().attribute_by_name(entry.oid, name)? else {
                bail!(UNDEFINED_COLUMN, "column \"{name}\" of relation \"{}\" does not exist", entry.name());
            };
            let known = columns.entry(row.attnum).or_default();
            *known = *known | wanted;
        }
    }
    Ok(columns)
}

fn grant_column(
    cx: Ctx<'_>,
    request: &Request<'_>,
    (entry, relation_acl): (&RelationEntry, &[AclItem]),
    (column, wanted): (i16, Privileges),
) -> Result<()> {
    let Some(row) = cx.catalog().attribute(entry.oid, column)? else { return Ok(()) };
    let owner = entry.class.relowner;
    let own = row.attacl.clone().unwrap_or_default();
    // A grant option on the relation is one on each column.
    let merged = [relation_acl, &own].concat();
    let (grantor, options) = acl::best_grantor(cx, wanted, &merged, owner)?;
    let on = format!("column \"{}\" of relation \"{}\"", row.attname, entry.name());
    if options.is_empty() {
        let any = Privileges(Privileges::ALL_COLUMN.0 | Privileges::ALL_COLUMN.0 << 16);
        if cx.held(grantor, (ObjectKind::Table, owner), Some(&merged), any)?.is_empty() {
            let (column, relation) = (&row.attname, entry.name());
            bail!(INSUFFICIENT_PRIVILEGE, "permission denied for column \"{column}\" of relation \"{relation}\"");
        }
    }
    let privileges = restrict(cx, request, (wanted, options), &on);
    let new = acl::merge(cx, own, &change(request, privileges, grantor, owner))?;
    acl::store(cx, ObjectAddress::column(entry.oid, column), owner, new)
}
