//! Access lists: how a grant or a revocation changes one, and where an object keeps its own.

use crate::address::ObjectAddress;
use crate::dependency::{database_of, record_shared};
use base::Oid;
use catalog::columns as c;
use catalog::rows::*;
use catalog::{AclItem, oids};
use instance::Ctx;
use instance::privileges::Privileges;
use parser::ast::DropBehavior;
use report::{Error, Result, bail, error};
use schema::Key;
use std::collections::BTreeSet;

/// A grant or a revocation, for one object.
pub(crate) struct Change<'c> {
    /// GRANT rather than REVOKE.
    pub is_grant: bool,
    /// WITH GRANT OPTION; GRANT OPTION FOR.
    pub grant_option: bool,
    /// RESTRICT refuses to revoke what was passed on.
    pub behavior: DropBehavior,
    /// To or from whom; zero is PUBLIC.
    pub grantees: &'c [Oid],
    /// What.
    pub privileges: Privileges,
    /// By whom.
    pub grantor: Oid,
    /// The object's owner.
    pub owner: Oid,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    Add,
    Remove,
}

/// The list after the change. Errors: 0LP01, 2BP01.
pub(crate) fn merge(cx: Ctx<'_>, mut acl: Vec<AclItem>, change: &Change<'_>) -> Result<Vec<AclItem>> {
    let bits = change.privileges.0;
    for grantee in change.grantees {
        if change.is_grant && change.grant_option && !grantee.is_valid() {
            bail!(INVALID_GRANT_OPERATION, "grant options can only be granted to roles");
        }
        // A plain REVOKE takes the grant option too; REVOKE GRANT OPTION takes that alone.
        let plain = if change.is_grant || !change.grant_option { bits } else { 0 };
        let options = if !change.is_grant || change.grant_option { bits << 16 } else { 0 };
        let item = AclItem { grantee: *grantee, grantor: change.grantor, privileges: plain | options };
        let edit = if change.is_grant { Edit::Add } else { Edit::Remove };
        acl = update(cx, acl, item, edit, (change.owner, change.behavior))?;
    }
    Ok(acl)
}

fn update(
    cx: Ctx<'_>,
    mut acl: Vec<AclItem>,
    item: AclItem,
    edit: Edit,
    (owner, behavior): (Oid, DropBehavior),
) -> Result<Vec<AclItem>> {
    if edit == Edit::Add && item.privileges >> 16 != 0 {
        check_circularity(cx, &acl, item, owner)?;
    }
    let same = |known: &AclItem| known.grantee == item.grantee && known.grantor == item.grantor;
    let place = acl.iter().position(same).unwrap_or_else(|| {
        acl.push(AclItem { privileges: 0, ..item });
        acl.len() - 1
    });
    let old = acl[place].privileges;
    let new = match edit {
        Edit::Add => old | item.privileges,
        Edit::Remove => old & !item.privileges,
    };
    acl[place].privileges = new;
    if new == 0 {
        acl.remove(place);
    }
    let lost = (old & !new) >> 16;
    match lost {
        0 => Ok(acl),
        lost => revoke_passed_on(cx, acl, (item.grantee, lost), (owner, behavior)),
    }
}

/// Takes away what somebody passed on by a grant option that is now lost.
fn revoke_passed_on(
    cx: Ctx<'_>,
    mut acl: Vec<AclItem>,
    (grantor, lost): (Oid, u32),
    (owner, behavior): (Oid, DropBehavior),
) -> Result<Vec<AclItem>> {
    if grantor == owner {
        return Ok(acl);
    }
    // The option may still come from another grantor.
    let lost = lost & !(mask(cx, &acl, grantor, owner, lost << 16)? >> 16);
    while let Some(item) = acl.iter().find(|item| item.grantor == grantor && item.privileges & lost != 0) {
        if behavior == DropBehavior::Restrict {
            let error = error!(DEPENDENT_OBJECTS_STILL_EXIST, "dependent privileges exist");
            return Err(error.hint("Use CASCADE to revoke them too."));
        }
        let gone = AclItem { privileges: lost | lost << 16, ..*item };
        acl = update(cx, acl, gone, Edit::Remove, (owner, behavior))?;
    }
    Ok(acl)
}

/// 0LP01 if a grant option goes back to whom the grantor has it from.
fn check_circularity(cx: Ctx<'_>, acl: &[AclItem], item: AclItem, owner: Oid) -> Result<()> {
    if item.grantor == owner {
        return Ok(());
    }
    let mut without = acl.to_vec();
    while let Some(own) = without.iter().find(|own| own.grantee == item.grantee && own.privileges >> 16 != 0) {
        let own = *own;
        without = update(cx, without, own, Edit::Remove, (owner, DropBehavior::Cascade))?;
    }
    let options = item.privileges & 0xFFFF_0000;
    match options & !mask(cx, &without, item.grantor, owner, options)? {
        0 => Ok(()),
        _ => bail!(INVALID_GRANT_OPERATION, "grant options cannot be granted back to your own grantor"),
    }
}

/// What of the wanted bits a role has by this list, itself or through others.
fn mask(cx: Ctx<'_>, acl: &[AclItem], role: Oid, owner: Oid, wanted: u32) -> Result<u32> {
    let mut found = 0;
    if wanted & 0xFFFF_0000 != 0 && cx.has_privileges_of(role, owner)? {
        found = wanted & 0xFFFF_0000;
    }
    for item in acl {
        let is_mine = !item.grantee.is_valid() || cx.has_privileges_of(role, item.grantee)?;
        if is_mine {
            found |= item.privileges & wanted;
        }
    }
    Ok(found)
}

/// As whom the current user best grants these privileges, and which of their grant options that role has.
pub(crate) fn best_grantor(cx: Ctx<'_>, wanted: Privileges, acl: &[AclItem], owner: Oid) -> Result<(Oid, Privileges)> {
    let user = cx.session.current_user();
    if cx.has_privileges_of(user, owner)? {
        return Ok((owner, wanted));
    }
    let mut best = (user, 0u32);
    let candidates = std::iter::once(user).chain(acl.iter().map(|item| item.grantee));
    for role in candidates {
        let direct = |item: &&AclItem| item.grantee == role || !item.grantee.is_valid();
        let options = acl.iter().filter(direct).fold(0, |bits, item| bits | item.privileges >> 16) & wanted.0;
        if options.count_ones() > best.1.count_ones() && role.is_valid() && cx.has_privileges_of(user, role)? {
            best = (role, options);
        }
    }
    Ok((best.0, Privileges(best.1)))
}

/// Writes an object's access list into its row, and notes the roles that it mentions.
pub(crate) fn store(cx: Ctx<'_>, object: ObjectAddress, owner: Oid, acl: Vec<AclItem>) -> Result<()> {
    record_members(cx, object, owner, &acl)?;
    let (catalog, oid, acl) = (cx.catalog(), object.object, Some(acl));
    macro_rules! replace {
        ($row:ident, $columns:ident, $field:ident) => {{
            let row = catalog.scan::<$row>(&[Key::oid(c::$columns::OID, oid)])?.pop();
            let row = row.ok_or_else(|| Error::internal(format!("object {oid} does not exist")))?;
            catalog.update(&row, &$row { $field: acl, ..row.row.clone() }).map(drop)
        }};
    }
    match object.class {
        oids::PG_CLASS if object.part != 0 => {
            let row = catalog.attribute(oid, object.part as i16)?;
            let row = row.ok_or_else(|| Error::internal("a column that is granted exists"))?;
            let attacl = acl.filter(|acl| !acl.is_empty());
            catalog.update(&row, &PgAttribute { attacl, ..row.row.clone() }).map(drop)
        }
        oids::PG_CLASS => replace!(PgClass, pg_class, relacl),
        oids::PG_DATABASE => replace!(PgDatabase, pg_database, datacl),
        oids::PG_NAMESPACE => replace!(PgNamespace, pg_namespace, nspacl),
        oids::PG_PROC => replace!(PgProc, pg_proc, proacl),
        oids::PG_TYPE => replace!(PgType, pg_type, typacl),
        oids::PG_LANGUAGE => replace!(PgLanguage, pg_language, lanacl),
        oids::PG_TABLESPACE => replace!(PgTablespace, pg_tablespace, spcacl),
        class => Err(Error::internal(format!("objects of catalog {class} have no access list"))),
    }
}

/// Notes which roles an object's list mentions, besides its owner.
pub(crate) fn record_members(cx: Ctx<'_>, object: ObjectAddress, owner: Oid, acl: &[AclItem]) -> Result<()> {
    use c::pg_shdepend as sh;
    let keys = [
        Key::oid(sh::DBID, database_of(cx, object.class)),
        Key::oid(sh::CLASSID, object.class),
        Key::oid(sh::OBJID, object.object),
    ];
    let catalog = cx.catalog();
    for row in catalog.scan::<PgShdepend>(&keys)? {
        if row.deptype == b'a' && row.objsubid == object.part {
            catalog.delete(&row)?;
        }
    }
    record_mentioned(cx, object, owner, acl)
}

/// As `record_members`, for an object of which nothing is noted yet.
pub(crate) fn record_mentioned(cx: Ctx<'_>, object: ObjectAddress, owner: Oid, acl: &[AclItem]) -> Result<()> {
    let mentioned: BTreeSet<Oid> = acl.iter().flat_map(|item| [item.grantee, item.grantor]).collect();
    let mut mentioned = mentioned.into_iter().filter(|role| role.is_valid() && *role != owner);
    mentioned.try_for_each(|role| record_shared(cx, object, role, b'a'))
}
