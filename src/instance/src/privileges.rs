//! Who may do what: role membership and access control lists.
//!
//! An object without a list has its kind's default (owner: all; public: connect, execute, usage where PostgreSQL gives it). A role has
//! what is granted to it, to public, and to every role whose privileges it inherits; an owner's grant options are always there;
//! a superuser may do everything.

use crate::Ctx;
use base::Oid;
use catalog::AclItem;
use catalog::rows::{PgClass, PgDatabase, PgNamespace, PgProc, PgType};
use report::{Error, Result, error};
use std::collections::BTreeSet;

/// A set of privileges: one bit each, in the order of [`AclItem::LETTERS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Privileges(pub u32);

#[allow(missing_docs, reason = "the privileges' own names")]
impl Privileges {
    pub const NONE: Privileges = Privileges(0);
    pub const INSERT: Privileges = Privileges(1 << 0);
    pub const SELECT: Privileges = Privileges(1 << 1);
    pub const UPDATE: Privileges = Privileges(1 << 2);
    pub const DELETE: Privileges = Privileges(1 << 3);
    pub const TRUNCATE: Privileges = Privileges(1 << 4);
    pub const REFERENCES: Privileges = Privileges(1 << 5);
    pub const TRIGGER: Privileges = Privileges(1 << 6);
    pub const EXECUTE: Privileges = Privileges(1 << 7);
    pub const USAGE: Privileges = Privileges(1 << 8);
    pub const CREATE: Privileges = Privileges(1 << 9);
    pub const TEMPORARY: Privileges = Privileges(1 << 10);
    pub const CONNECT: Privileges = Privileges(1 << 11);
    pub const SET: Privileges = Privileges(1 << 12);
    pub const ALTER_SYSTEM: Privileges = Privileges(1 << 13);
    pub const ALL_RELATION: Privileges = Privileges(0b111_1111);
    pub const ALL_COLUMN: Privileges = Privileges(0b10_0111);
    pub const ALL_SEQUENCE: Privileges = Privileges(1 << 8 | 1 << 1 | 1 << 2);
    pub const ALL_DATABASE: Privileges = Privileges(1 << 9 | 1 << 10 | 1 << 11);
    pub const ALL_SCHEMA: Privileges = Privileges(1 << 8 | 1 << 9);
}

impl std::ops::BitOr for Privileges {
    type Output = Privileges;
    fn bitor(self, other: Privileges) -> Privileges {
        Privileges(self.0 | other.0)
    }
}

impl std::ops::BitAnd for Privileges {
    type Output = Privileges;
    fn bitand(self, other: Privileges) -> Privileges {
        Privileges(self.0 & other.0)
    }
}

impl Privileges {
    /// True if there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if all of `other` are there.
    pub const fn contains(self, other: Privileges) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is here and not there.
    pub const fn without(self, other: Privileges) -> Privileges {
        Privileges(self.0 & !other.0)
    }

    /// The same privileges as grant options.
    pub const fn as_options(self) -> Privileges {
        Privileges(self.0 << 16)
    }
}

/// What kind of object privileges are about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum ObjectKind {
    Table,
    View,
    MaterializedView,
    ForeignTable,
    Index,
    Column,
    Sequence,
    Database,
    Function,
    Procedure,
    Aggregate,
    Language,
    LargeObject,
    Schema,
    Tablespace,
    ForeignDataWrapper,
    ForeignServer,
    Type,
    Parameter,
    /// Something that has an owner and no privileges: its name in messages.
    Other(&'static str),
}

impl ObjectKind {
    /// The name in messages: `permission denied for table t`.
    pub const fn name(self) -> &'static str {
        match self {
            ObjectKind::Table => "table",
            ObjectKind::View => "view",
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::ForeignTable => "foreign table",
            ObjectKind::Index => "index",
            ObjectKind::Column => "column",
            ObjectKind::Sequence => "sequence",
            ObjectKind::Database => "database",
            ObjectKind::Function => "function",
            ObjectKind::Procedure => "procedure",
            ObjectKind::Aggregate => "aggregate",
            ObjectKind::Language => "language",
            ObjectKind::LargeObject => "large object",
            ObjectKind::Schema => "schema",
            ObjectKind::Tablespace => "tablespace",
            ObjectKind::ForeignDataWrapper => "foreign-data wrapper",
            ObjectKind::ForeignServer => "foreign server",
            ObjectKind::Type => "type",
            ObjectKind::Parameter => "parameter",
            ObjectKind::Other(name) => name,
        }
    }

    /// The kind of a relation, by pg_class.relkind.
    pub const fn of_relkind(relkind: u8) -> ObjectKind {
        match relkind {
            b'v' => ObjectKind::View,
            b'm' => ObjectKind::MaterializedView,
            b'f' => ObjectKind::ForeignTable,
            b'i' | b'I' => ObjectKind::Index,
            b'S' => ObjectKind::Sequence,
            b'c' => ObjectKind::Type,
            _ => ObjectKind::Table,
        }
    }

    /// All privileges that this kind knows.
    pub const fn all(self) -> Privileges {
        match self {
            ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::ForeignTable => {
                Privileges::ALL_RELATION
            }
            ObjectKind::Column => Privileges::ALL_COLUMN,
            ObjectKind::Sequence => Privileges::ALL_SEQUENCE,
            ObjectKind::Database => Privileges::ALL_DATABASE,
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => Privileges::EXECUTE,
            ObjectKind::LargeObject => Privileges(1 << 1 | 1 << 2),
            ObjectKind::Schema => Privileges::ALL_SCHEMA,
            ObjectKind::Tablespace => Privileges::CREATE,
            ObjectKind::Language | ObjectKind::ForeignDataWrapper | ObjectKind::ForeignServer | ObjectKind::Type => {
                Privileges::USAGE
            }
            ObjectKind::Parameter => Privileges(1 << 12 | 1 << 13),
            ObjectKind::Index | ObjectKind::Other(_) => Privileges::NONE,
        }
    }

    /// What everybody has unless it is revoked.
    const fn public_default(self) -> Privileges {
        match self {
            ObjectKind::Database => Privileges(1 << 10 | 1 << 11),
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => Privileges::EXECUTE,
            ObjectKind::Language | ObjectKind::Type => Privileges::USAGE,
            _ => Privileges::NONE,
        }
    }

    /// The list of an object whose catalog column is null.
    pub fn default_acl(self, owner: Oid) -> Vec<AclItem> {
        let item = |grantee, privileges: Privileges| AclItem { grantee, grantor: owner, privileges: privileges.0 };
        let public = item(Oid::INVALID, self.public_default());
        let owned = item(owner, self.all());
        [public, owned].into_iter().filter(|item| item.privileges != 0).collect()
    }
}

/// The role that every superuser-owned cluster starts with.
const BOOTSTRAP_SUPERUSER: Oid = Oid(10);
/// `pg_database_owner`: its only member is the owner of the current database.
const DATABASE_OWNER: Oid = Oid(6171);

impl Ctx<'_> {
    /// True if the role is a superuser. A role that is gone is none.
    pub fn role_is_superuser(self, role: Oid) -> Result<bool> {
        if role == self.session.current_user() {
            return Ok(self.session.is_superuser());
        }
        Ok(role == BOOTSTRAP_SUPERUSER || self.catalog().role(role)?.is_some_and(|row| row.rolsuper))
    }

    /// The role's name, or `unknown (OID=n)`.
    pub fn role_name(self, role: Oid) -> Result<String> {
        let found = self.catalog().role(role)?;
        Ok(found.map_or_else(|| format!("unknown (OID={role})"), |row| row.rolname.clone()))
    }

    /// The role itself and all that it is a member of, directly or not: only those whose privileges it inherits if
    /// `inherited_only`.
    fn roles_of(self, role: Oid, inherited_only: bool) -> Result<BTreeSet<Oid>> {
        let catalog = self.catalog();
        let (mut found, mut waiting) = (BTreeSet::from([role]), vec![role]);
        while let Some(member) = waiting.pop() {
            // PUBLIC and roles that are gone inherit nothing.
            if inherited_only && !catalog.role(member)?.is_some_and(|row| row.rolinherit) {
                continue;
            }
            for membership in catalog.memberships(member)?.iter() {
                if found.insert(membership.roleid) {
                    waiting.push(membership.roleid);
                }
            }
            if self.owns_current_database(member)? && found.insert(DATABASE_OWNER) {
                waiting.push(DATABASE_OWNER);
            }
        }
        Ok(found)
    }

    fn owns_current_database(self, role: Oid) -> Result<bool> {
        if !self.session.database.is_valid() {
            return Ok(false);
        }
        let database = self.catalog().database(self.session.database)?;
        Ok(database.is_some_and(|row| row.datdba == role))
    }

    /// True if `member` has the privileges of `role`: it is the same, inherits from it, or is a superuser.
    pub fn has_privileges_of(self, member: Oid, role: Oid) -> Result<bool> {
        Ok(member == role || self.role_is_superuser(member)? || self.roles_of(member, true)?.contains(&role))
    }

    /// True if `member` may SET ROLE to `role`.
    pub fn is_member(self, member: Oid, role: Oid) -> Result<bool> {
        Ok(self.role_is_superuser(member)? || self.is_member_nosuper(member, role)?)
    }

    /// As `is_member`, superuser or not.
    pub fn is_member_nosuper(self, member: Oid, role: Oid) -> Result<bool> {
        Ok(member == role || self.roles_of(member, false)?.contains(&role))
    }

    /// Which of the wanted privileges (or grant options) a role has on an object.
    pub fn held(
        self,
        role: Oid,
        (kind, owner): (ObjectKind, Oid),
        acl: Option<&[AclItem]>,
        wanted: Privileges,
    ) -> Result<Privileges> {
        if self.role_is_superuser(role)? {
            return Ok(wanted);
        }
        let default;
        let items = match acl {
            Some(items) => items,
            None => {
                default = kind.default_acl(owner);
                &default
            }
        };
        let mut held = Privileges::NONE;
        // An owner always has the grant options.
        if !Privileges(wanted.0 & 0xFFFF_0000).is_empty() && self.has_privileges_of(role, owner)? {
            held = Privileges(wanted.0 & 0xFFFF_0000);
        }
        let direct = |item: &&AclItem| item.grantee == role || !item.grantee.is_valid();
        items.iter().filter(direct).for_each(|item| held.0 |= item.privileges & wanted.0);
        if held == wanted || items.iter().all(|item| direct(&item)) {
            return Ok(held);
        }
        let roles = self.roles_of(role, true)?;
        let inherited = items.iter().filter(|item| roles.contains(&item.grantee));
        inherited.for_each(|item| held.0 |= item.privileges & wanted.0);
        Ok(held)
    }

    /// True if the role has all of these privileges on the relation as a whole.
    pub fn may_use_relation(self, role: Oid, class: &PgClass, wanted: Privileges) -> Result<bool> {
        let kind = match ObjectKind::of_relkind(class.relkind) {
            ObjectKind::Sequence => ObjectKind::Sequence,
            _ => ObjectKind::Table,
        };
        // System catalogs may be read by what their list says, but changed by nobody without allow_system_table_mods.
        Ok(self.held(role, (kind, class.relowner), class.relacl.as_deref(), wanted)? == wanted)
    }

    /// True if the role has all of these privileges on the schema.
    pub fn may_use_schema(self, role: Oid, schema: &PgNamespace, wanted: Privileges) -> Result<bool> {
        let temp = self.session.temp_namespace.get();
        if temp.is_valid() && schema.oid == temp {
            return Ok(true);
        }
        Ok(self.held(role, (ObjectKind::Schema, schema.nspowner), schema.nspacl.as_deref(), wanted)? == wanted)
    }

    /// True if the role has all of these privileges on the database.
    pub fn may_use_database(self, role: Oid, database: &PgDatabase, wanted: Privileges) -> Result<bool> {
        let object = (ObjectKind::Database, database.datdba);
        Ok(self.held(role, object, database.datacl.as_deref(), wanted)? == wanted)
    }

    /// True if the role may call the function.
    pub fn may_execute(self, role: Oid, function: &PgProc) -> Result<bool> {
        let object = (ObjectKind::Function, function.proowner);
        Ok(!self.held(role, object, function.proacl.as_deref(), Privileges::EXECUTE)?.is_empty())
    }

    /// True if the role may use the type in a definition.
    pub fn may_use_type(self, role: Oid, row: &PgType) -> Result<bool> {
        let object = (ObjectKind::Type, row.typowner);
        Ok(!self.held(role, object, row.typacl.as_deref(), Privileges::USAGE)?.is_empty())
    }

    /// 42501 unless the current user may call the function.
    pub fn check_execute(self, function: Oid) -> Result<()> {
        if self.session.is_superuser() {
            return Ok(());
        }
        // A function without a list may be called by all.
        let Some(row) = self.catalog().function(function)?.filter(|row| row.proacl.is_some()) else { return Ok(()) };
        if self.may_execute(self.session.current_user(), &row)? {
            return Ok(());
        }
        let kind = match row.prokind {
            b'a' => ObjectKind::Aggregate,
            b'p' => ObjectKind::Procedure,
            _ => ObjectKind::Function,
        };
        Err(denied(kind, &row.proname))
    }

    /// 42501 unless the current user may use the type in a definition. An array is as its elements.
    pub fn check_type(self, type_oid: Oid) -> Result<()> {
        let catalog = self.catalog();
        let Some(mut row) = catalog.type_by_oid(type_oid)? else { return Ok(()) };
        if row.typcategory == b'A' && row.typlen == -1 && row.typelem.is_valid() {
            let Some(element) = catalog.type_by_oid(row.typelem)? else { return Ok(()) };
            row = element;
        }
        if self.may_use_type(self.session.current_user(), &row)? {
            return Ok(());
        }
        let name = catalog.format_type(row.oid, None, &self.search_path()?.namespaces)?;
        Err(denied(ObjectKind::Type, &name))
    }

    /// 42501 unless the current user has all of these privileges on the schema.
    pub fn check_schema(self, schema: Oid, wanted: Privileges) -> Result<()> {
        let Some(row) = self.catalog().namespace(schema)? else { return Ok(()) };
        match self.may_use_schema(self.session.current_user(), &row, wanted)? {
            true => Ok(()),
            false => Err(denied(ObjectKind::Schema, &row.nspname)),
        }
    }

    /// 42501 unless the current user has all of these privileges on the relation.
    pub fn check_relation(self, class: &PgClass, wanted: Privileges) -> Result<()> {
        match self.may_use_relation(self.session.current_user(), class, wanted)? {
            true => Ok(()),
            false => Err(denied(ObjectKind::of_relkind(class.relkind), &class.relname)),
        }
    }

    /// 42501 unless the current user owns the object, or inherits from its owner.
    pub fn check_owner(self, owner: Oid, kind: ObjectKind, name: &str) -> Result<()> {
        match self.has_privileges_of(self.session.current_user(), owner)? {
            true => Ok(()),
            false => Err(not_owner(kind, name)),
        }
    }
}

/// 42501: a privilege is missing.
pub fn denied(kind: ObjectKind, name: &str) -> Error {
    error!(INSUFFICIENT_PRIVILEGE, "permission denied for {} {name}", kind.name())
}

/// 42501: only the owner may do that.
pub fn not_owner(kind: ObjectKind, name: &str) -> Error {
    let kind = match kind {
        // Whatever is like a relation is one, in this message.
        ObjectKind::Column => ObjectKind::Other("relation"),
        kind => kind,
    };
    error!(INSUFFICIENT_PRIVILEGE, "must be owner of {} {name}", kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_postgres_defaults() {
        let acl = ObjectKind::Database.default_acl(Oid(10));
        let expected = [
            AclItem { grantee: Oid::INVALID, grantor: Oid(10), privileges: 0b1100_0000_0000 },
            AclItem { grantee: Oid(10), grantor: Oid(10), privileges: 0b1110_0000_0000 },
        ];
        assert_eq!(acl, expected);
        assert_eq!(ObjectKind::Table.default_acl(Oid(10)).len(), 1);
    }

    #[test]
    fn messages_name_kind_and_object() {
        assert_eq!(denied(ObjectKind::Table, "t").message(), "permission denied for table t");
        assert_eq!(not_owner(ObjectKind::View, "v").message(), "must be owner of view v");
    }
}
