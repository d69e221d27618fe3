//! CREATE, ALTER and DROP ROLE, USER, GROUP; their settings; renaming them.

use crate::address::{ObjectAddress, describe};
use crate::definition_value::{boolean, integer, text};
use crate::membership::{self, Members};
use crate::{Execution, Tag, password, variable};
use base::Oid;
use catalog::columns as c;
use catalog::oids;
use catalog::rows::{PgAuthMembers, PgAuthid, PgDbRoleSetting, PgShdepend, PgShdescription};
use instance::Ctx;
use instance::privileges::ObjectKind;
use parser::ast::{
    AlterRoleSetStmt, AlterRoleStmt, CreateRoleStmt, DefArg, DefElem, DropRoleStmt, Role, RoleSpec, RoleStmtKind,
};
use report::{Error, Result, Severity, SqlState, bail, error};
use schema::Key;
use std::collections::BTreeMap;

/// What a statement says of a role; what it does not say is `None`.
#[derive(Default)]
struct Options<'s> {
    given: BTreeMap<&'s str, &'s DefElem>,
}

impl<'s> Options<'s> {
    fn read(ex: &Execution<'_, '_>, list: &'s [DefElem]) -> Result<Options<'s>> {
        let mut options = Options::default();
        for option in list {
            if options.given.insert(&option.name, option).is_some() {
                let error = error!(SYNTAX_ERROR, "conflicting or redundant options");
                return Err(match option.pos.characters(ex.text) {
                    Some(position) => error.at(position),
                    None => error,
                });
            }
        }
        Ok(options)
    }

    fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    fn flag(&self, name: &str) -> Result<Option<bool>> {
        self.given.get(name).map(|option| boolean(option)).transpose()
    }

    fn roles(&self, name: &str) -> &'s [RoleSpec] {
        match self.given.get(name).map(|option| &option.arg) {
            Some(Some(DefArg::Roles(roles))) => roles,
            _ => &[],
        }
    }

    fn connection_limit(&self) -> Result<Option<i32>> {
        let Some(option) = self.given.get("connectionlimit") else { return Ok(None) };
        match integer(option)? {
            limit if limit < -1 => bail!(INVALID_PARAMETER_VALUE, "invalid connection limit: {limit}"),
            limit => Ok(Some(limit)),
        }
    }

    /// The password in its stored form; the inner `None` takes it away.
    fn password(&self, cx: Ctx<'_>, role: &str) -> Result<Option<Option<String>>> {
        match self.given.get("password") {
            None => Ok(None),
            Some(DefElem { arg: None, .. }) => Ok(Some(None)),
            Some(option) => password::stored_form(cx, role, &text(option)?).map(Some),
        }
    }

    fn valid_until(&self, cx: Ctx<'_>) -> Result<Option<i64>> {
        let Some(option) = self.given.get("validUntil") else { return Ok(None) };
        let written = text(option)?;
        let value = exec::with_fn_ctx(cx, |fx| builtins::input(fx, Oid(1184), -1, &written))?;
        Ok(Some(value.as_i64()))
    }
}

/// True if the current user may create and change roles.
pub(crate) fn may_create_roles(cx: Ctx<'_>) -> Result<bool> {
    let role = cx.catalog().role(cx.session.current_user())?;
    Ok(cx.session.is_superuser() || role.is_some_and(|role| role.rolcreaterole))
}

fn check_not_reserved(name: &str, detail: &str) -> Result<()> {
    match name.starts_with("pg_") {
        true => Err(error!(RESERVED_NAME, "role name \"{name}\" is reserved").detail(detail)),
        false => Ok(()),
    }
}

const NEW_RESERVED: &str = "Role names starting with \"pg_\" are reserved.";
const OLD_RESERVED: &str = "Cannot alter reserved roles.";

/// CREATE ROLE, USER, GROUP.
pub(crate) fn create_role(ex: &mut Execution<'_, '_>, statement: &CreateRoleStmt) -> Result<Tag> {
    let cx = ex.cx;
    let options = Options::read(ex, &statement.options)?;
    if options.has("sysid") {
        let message = "SYSID can no longer be specified";
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
    }
    let connection_limit = options.connection_limit()?.unwrap_or(-1);
    let flag = |name| Ok::<bool, Error>(options.flag(name)?.unwrap_or(false));
    let (superuser, replication, bypass) = (flag("superuser")?, flag("isreplication")?, flag("bypassrls")?);
    check_may_create(cx, superuser, replication, bypass)?;
    let name = &statement.name;
    check_not_reserved(name, NEW_RESERVED)?;
    if cx.catalog().role_by_name(name)?.is_some() {
        bail!(DUPLICATE_OBJECT, "role \"{name}\" already exists");
    }
    let oid = cx.catalog().new_oid::<PgAuthid>()?;
    cx.catalog().insert(&PgAuthid {
        oid,
        rolname: name.clone(),
        rolsuper: superuser,
        rolinherit: options.flag("inherit")?.unwrap_or(true),
        rolcreaterole: flag("createrole")?,
        rolcreatedb: flag("createdb")?,
        rolcanlogin: options.flag("canlogin")?.unwrap_or(statement.kind == RoleStmtKind::User),
        rolreplication: replication,
        rolbypassrls: bypass,
        rolconnlimit: connection_limit,
        rolvaliduntil: options.valid_until(cx)?,
        rolpassword: options.password(cx, name)?.flatten(),
    })?;
    cx.next_command()?;
    add_initial_members(cx, oid, &options)?;
    Ok(Tag::Plain("CREATE ROLE"))
}

fn check_may_create(cx: Ctx<'_>, superuser: bool, replication: bool, bypass: bool) -> Result<()> {
    if cx.session.is_superuser() {
        return Ok(());
    }
    let what = match (superuser, replication, bypass) {
        (true, ..) => "superusers",
        (_, true, _) => "replication users",
        (_, _, true) => "bypassrls users",
        _ if may_create_roles(cx)? => return Ok(()),
        _ => bail!(INSUFFICIENT_PRIVILEGE, "permission denied to create role"),
    };
    bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create {what}")
}

fn add_initial_members(cx: Ctx<'_>, role: Oid, options: &Options<'_>) -> Result<()> {
    let grantor = cx.session.current_user();
    for spec in options.roles("addroleto") {
        let group = crate::role::resolve(cx, &spec.role)?;
        membership::add(cx, &Members { role: group, members: vec![role], grantor, admin: false })?;
        cx.next_command()?;
    }
    for (name, admin) in [("adminmembers", true), ("rolemembers", false)] {
        let members = resolve_all(cx, options.roles(name))?;
        membership::add(cx, &Members { role, members, grantor, admin })?;
        cx.next_command()?;
    }
    Ok(())
}

/// The roles of a list.
pub(crate) fn resolve_all(cx: Ctx<'_>, specs: &[RoleSpec]) -> Result<Vec<Oid>> {
    specs.iter().map(|spec| crate::role::resolve(cx, &spec.role)).collect()
}

/// ALTER ROLE with options, ALTER GROUP ADD and DROP USER.
pub(crate) fn alter_role(ex: &mut Execution<'_, '_>, statement: &AlterRoleStmt) -> Result<Tag> {
    let cx = ex.cx;
    check_spec_not_reserved(&statement.role)?;
    let options = Options::read(ex, &statement.options)?;
    let connection_limit = options.connection_limit()?;
    let oid = crate::role::resolve(cx, &statement.role.role)?;
    let Some(row) = cx.catalog().role(oid)? else { bail!(UNDEFINED_OBJECT, "role with OID {oid} does not exist") };
    check_may_alter(cx, &row.row, &options)?;
    let flag = |name, old| Ok::<bool, Error>(options.flag(name)?.unwrap_or(old));
    let new = PgAuthid {
        rolsuper: flag("superuser", row.rolsuper)?,
        rolinherit: flag("inherit", row.rolinherit)?,
        rolcreaterole: flag("createrole", row.rolcreaterole)?,
        rolcreatedb: flag("createdb", row.rolcreatedb)?,
        rolcanlogin: flag("canlogin", row.rolcanlogin)?,
        rolreplication: flag("isreplication", row.rolreplication)?,
        rolbypassrls: flag("bypassrls", row.rolbypassrls)?,
        rolconnlimit: connection_limit.unwrap_or(row.rolconnlimit),
        rolvaliduntil: options.valid_until(cx)?.or(row.rolvaliduntil),
        rolpassword: options.password(cx, &row.rolname)?.unwrap_or_else(|| row.rolpassword.clone()),
        ..row.row.clone()
    };
    cx.catalog().update(&row, &new)?;
    if options.has("rolemembers") {
        cx.next_command()?;
        let members = resolve_all(cx, options.roles("rolemembers"))?;
        let members = Members { role: oid, members, grantor: cx.session.current_user(), admin: false };
        match statement.add {
            true => membership::add(cx, &members)?,
            false => membership::remove(cx, &members)?,
        }
    }
    Ok(Tag::Plain("ALTER ROLE"))
}

fn check_spec_not_reserved(spec: &RoleSpec) -> Result<()> {
    match &spec.role {
        Role::Name(name) => check_not_reserved(name, OLD_RESERVED),
        _ => Ok(()),
    }
}

fn check_may_alter(cx: Ctx<'_>, role: &PgAuthid, options: &Options<'_>) -> Result<()> {
    if cx.session.is_superuser() {
        return Ok(());
    }
    if role.rolsuper || options.has("superuser") {
        let what = "must be superuser to alter superuser roles or change superuser attribute";
        bail!(INSUFFICIENT_PRIVILEGE, "{what}");
    }
    if role.rolreplication || options.has("isreplication") {
        let what = "must be superuser to alter replication roles or change replication attribute";
        bail!(INSUFFICIENT_PRIVILEGE, "{what}");
    }
    if options.has("bypassrls") {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to change bypassrls attribute");
    }
    // Without CREATEROLE one may change one's own password and nothing else.
    let is_own_password = role.oid == cx.session.current_user() && options.has("password") && options.given.len() == 1;
    match may_create_roles(cx)? || is_own_password {
        true => Ok(()),
        false => bail!(INSUFFICIENT_PRIVILEGE, "permission denied"),
    }
}

/// ALTER ROLE SET, with or without IN DATABASE.
pub(crate) fn alter_role_set(ex: &mut Execution<'_, '_>, statement: &AlterRoleSetStmt) -> Result<Tag> {
    let cx = ex.cx;
    let mut role = Oid::INVALID;
    if let Some(spec) = &statement.role {
        check_spec_not_reserved(spec)?;
        role = crate::role::resolve(cx, &spec.role)?;
        check_may_set(cx, role)?;
    }
    let mut database = Oid::INVALID;
    if let Some(name) = &statement.database {
        let row = cx.catalog().database_by_name(name)?;
        let row = row.ok_or_else(|| error!(UNDEFINED_DATABASE, "database \"{name}\" does not exist"))?;
        database = row.oid;
        if statement.role.is_none() {
            cx.check_owner(row.datdba, ObjectKind::Database, name)?;
        }
    }
    if statement.role.is_none() && statement.database.is_none() && !cx.session.is_superuser() {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to alter settings globally");
    }
    variable::store_setting(cx, (database, role), &statement.set.action)?;
    Ok(Tag::Plain("ALTER ROLE"))
}

fn check_may_set(cx: Ctx<'_>, role: Oid) -> Result<()> {
    if cx.session.is_superuser() {
        return Ok(());
    }
    if cx.catalog().role(role)?.is_some_and(|row| row.rolsuper) {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to alter superusers");
    }
    match may_create_roles(cx)? || role == cx.session.current_user() {
        true => Ok(()),
        false => bail!(INSUFFICIENT_PRIVILEGE, "permission denied"),
    }
}

/// ALTER ROLE RENAME.
pub(crate) fn rename_role(cx: Ctx<'_>, old: &str, new: &str) -> Result<Tag> {
    let catalog = cx.catalog();
    let row = catalog.role_by_name(old)?;
    let row = row.ok_or_else(|| error!(UNDEFINED_OBJECT, "role \"{old}\" does not exist"))?;
    let users = cx.session.users.get();
    if row.oid == users.session {
        bail!(FEATURE_NOT_SUPPORTED, "session user cannot be renamed");
    }
    if row.oid == users.current {
        bail!(FEATURE_NOT_SUPPORTED, "current user cannot be renamed");
    }
    check_not_reserved(old, NEW_RESERVED)?;
    check_not_reserved(new, NEW_RESERVED)?;
    if catalog.role_by_name(new)?.is_some() {
        bail!(DUPLICATE_OBJECT, "role \"{new}\" already exists");
    }
    if row.rolsuper && !cx.session.is_superuser() {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to rename superusers");
    }
    if !may_create_roles(cx)? {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to rename role");
    }
    let mut renamed = PgAuthid { rolname: new.to_owned(), ..row.row.clone() };
    if renamed.rolpassword.as_deref().is_some_and(password::is_md5) {
        renamed.rolpassword = None;
        let message = "MD5 password cleared because of role rename";
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
    }
    catalog.update(&row, &renamed)?;
    Ok(Tag::Plain("ALTER ROLE"))
}

/// DROP ROLE, USER, GROUP.
pub(crate) fn drop_role(ex: &mut Execution<'_, '_>, statement: &DropRoleStmt) -> Result<Tag> {
    let cx = ex.cx;
    if !may_create_roles(cx)? {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to drop role");
    }
    for spec in &statement.roles {
        let Role::Name(name) = &spec.role else {
            bail!(INVALID_PARAMETER_VALUE, "cannot use special role specifier in DROP ROLE");
        };
        match cx.catalog().role_by_name(name)? {
            Some(row) => {
                check_may_drop(cx, &row.row)?;
                remove_role(cx, &row.row)?;
                cx.next_command()?;
            }
            None if statement.if_exists => {
                let message = format!("role \"{name}\" does not exist, skipping");
                cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
            }
            None => bail!(UNDEFINED_OBJECT, "role \"{name}\" does not exist"),
        }
    }
    Ok(Tag::Plain("DROP ROLE"))
}

fn check_may_drop(cx: Ctx<'_>, role: &PgAuthid) -> Result<()> {
    let users = cx.session.users.get();
    if role.oid == users.current {
        bail!(OBJECT_IN_USE, "current user cannot be dropped");
    }
    if role.oid == users.session {
        bail!(OBJECT_IN_USE, "session user cannot be dropped");
    }
    if role.rolsuper && !cx.session.is_superuser() {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to drop superusers");
    }
    if role.oid < Oid::FIRST_UNPINNED {
        let name = &role.rolname;
        bail!(DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop role {name} because it is required by the database system");
    }
    let lines = shared_dependents(cx, role.oid)?;
    if lines.is_empty() {
        return Ok(());
    }
    let message = "cannot be dropped because some objects depend on it";
    let error = error!(DEPENDENT_OBJECTS_STILL_EXIST, "role \"{}\" {message}", role.rolname);
    Err(error.detail(lines.join("\n")))
}

/// What depends on a role, a line for each object of this database and for each other database.
fn shared_dependents(cx: Ctx<'_>, role: Oid) -> Result<Vec<String>> {
    use c::pg_shdepend as sh;
    let keys = [Key::oid(sh::REFCLASSID, oids::PG_AUTHID), Key::oid(sh::REFOBJID, role)];
    let mut rows = cx.catalog().scan::<PgShdepend>(&keys)?;
    rows.sort_by_key(|row| (row.objid, row.classid, row.objsubid, row.deptype));
    let (mut lines, mut elsewhere) = (Vec::new(), BTreeMap::<Oid, usize>::new());
    for row in rows {
        if row.dbid.is_valid() && row.dbid != cx.session.database {
            *elsewhere.entry(row.dbid).or_default() += 1;
            continue;
        }
        let address = ObjectAddress { class: row.classid, object: row.objid, part: row.objsubid };
        let relation = match row.deptype {
            b'a' => "privileges for",
            b'r' => "target of",
            _ => "owner of",
        };
        lines.push(format!("{relation} {}", describe(cx, address)?));
    }
    for (database, count) in elsewhere {
        let name = describe(cx, ObjectAddress::new(oids::PG_DATABASE, database))?;
        let plural = if count == 1 { "" } else { "s" };
        lines.push(format!("{count} object{plural} in {name}"));
    }
    Ok(lines)
}

fn remove_role(cx: Ctx<'_>, role: &PgAuthid) -> Result<()> {
    let (catalog, oid) = (cx.catalog(), role.oid);
    catalog.delete_where::<PgAuthid>(&[Key::oid(c::pg_authid::OID, oid)])?;
    catalog.delete_where::<PgAuthMembers>(&[Key::oid(c::pg_auth_members::ROLEID, oid)])?;
    catalog.delete_where::<PgAuthMembers>(&[Key::oid(c::pg_auth_members::MEMBER, oid)])?;
    let comment =
        [Key::oid(c::pg_shdescription::OBJOID, oid), Key::oid(c::pg_shdescription::CLASSOID, oids::PG_AUTHID)];
    catalog.delete_where::<PgShdescription>(&comment)?;
    catalog.delete_where::<PgDbRoleSetting>(&[Key::oid(c::pg_db_role_setting::SETROLE, oid)]).map(drop)
}
