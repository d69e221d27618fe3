//! Look-ups by the names of things. All go through the shared caches unless said otherwise.

use crate::reader::{Catalog, CatalogRow, Rows};
use crate::relation::RelationEntry;
use crate::tables::Key;
use base::Oid;
use catalog::rows::*;
use catalog::{CacheId, columns as c};
use report::Result;
use std::sync::Arc;
use tuple::Datum;

/// A row, shared with the cache; `None` if there is none.
pub type Found<R> = Result<Option<Arc<CatalogRow<R>>>>;

macro_rules! by_oid {
    ($($(#[$doc:meta])* $name:ident: $row:ident in $cache:ident;)*) => {
        impl Catalog<'_> {$(
            $(#[$doc])*
            pub fn $name(&self, oid: Oid) -> Found<$row> {
                self.row(CacheId::$cache, &[Datum::Oid(oid)])
            }
        )*}
    };
}

by_oid! {
    /// The type with this object id.
    type_by_oid: PgType in Typeoid;
    /// The function, procedure or aggregate with this object id.
    function: PgProc in Procoid;
    /// The aggregate's own row, by its function's object id.
    aggregate: PgAggregate in Aggfnoid;
    /// The operator with this object id.
    operator: PgOperator in Operoid;
    /// The schema with this object id.
    namespace: PgNamespace in Namespaceoid;
    /// The operator class with this object id.
    opclass: PgOpclass in Claoid;
    /// The operator family with this object id.
    opfamily: PgOpfamily in Opfamilyoid;
    /// The access method with this object id.
    access_method: PgAm in Amoid;
    /// The collation with this object id.
    collation: PgCollation in Colloid;
    /// The language with this object id.
    language: PgLanguage in Langoid;
    /// The constraint with this object id.
    constraint: PgConstraint in Constroid;
    /// The pg_class row of a relation; [`Catalog::relation`] gives all of it.
    class: PgClass in Reloid;
    /// The pg_index row of an index.
    index_row: PgIndex in Indexrelid;
    /// The parameters of a sequence.
    sequence: PgSequence in Seqrelid;
    /// The role with this object id.
    role: PgAuthid in Authoid;
    /// The database with this object id.
    database: PgDatabase in Databaseoid;
    /// The tablespace with this object id.
    tablespace: PgTablespace in Tablespaceoid;
    /// The enum value with this object id.
    enum_value: PgEnum in Enumoid;
    /// The range type's own row.
    range_type: PgRange in Rangetype;
}

impl Catalog<'_> {
    /// The object id of a relation of a schema.
    pub fn relation_oid(&self, namespace: Oid, name: &str) -> Result<Option<Oid>> {
        let row = self.row::<PgClass>(CacheId::Relnamensp, &[Datum::text(name), Datum::Oid(namespace)])?;
        Ok(row.map(|row| row.oid))
    }

    /// A relation of a schema. Callers lock the object id and look again before they rely on it.
    pub fn relation_by_name(&self, namespace: Oid, name: &str) -> Result<Option<Arc<RelationEntry>>> {
        match self.relation_oid(namespace, name)? {
            Some(oid) => self.relation(oid),
            None => Ok(None),
        }
    }

    /// The object id of the first relation with this name on a search path.
    pub fn relation_in_path(&self, path: &[Oid], name: &str) -> Result<Option<Oid>> {
        first_in_path(path, |namespace| self.relation_oid(namespace, name))
    }

    /// A column of a relation by number; system columns have negative ones.
    pub fn attribute(&self, relation: Oid, number: i16) -> Found<PgAttribute> {
        self.row(CacheId::Attnum, &[Datum::Oid(relation), Datum::Int2(number)])
    }

    /// A column of a relation by name, dropped ones excluded.
    pub fn attribute_by_name(&self, relation: Oid, name: &str) -> Found<PgAttribute> {
        let row = self.row::<PgAttribute>(CacheId::Attname, &[Datum::Oid(relation), Datum::text(name)])?;
        Ok(row.filter(|row| !row.attisdropped))
    }

    /// A type of a schema.
    pub fn type_by_name(&self, namespace: Oid, name: &str) -> Found<PgType> {
        self.row(CacheId::Typenamensp, &[Datum::text(name), Datum::Oid(namespace)])
    }

    /// The first type with this name on a search path.
    pub fn type_in_path(&self, path: &[Oid], name: &str) -> Found<PgType> {
        first_in_path(path, |namespace| self.type_by_name(namespace, name))
    }

    /// All functions, procedures and aggregates with this name, of every schema.
    pub fn functions_by_name(&self, name: &str) -> Result<Rows<PgProc>> {
        self.rows(CacheId::Procnameargsnsp, &[Datum::text(name)])
    }

    /// All operators with this name, of every schema.
    pub fn operators_by_name(&self, name: &str) -> Result<Rows<PgOperator>> {
        self.rows(CacheId::Opernamensp, &[Datum::text(name)])
    }

    /// The operator of exactly these operand types (zero for none) in a schema.
    pub fn operator_exact(&self, name: &str, left: Oid, right: Oid, namespace: Oid) -> Found<PgOperator> {
        let key = [Datum::text(name), Datum::Oid(left), Datum::Oid(right), Datum::Oid(namespace)];
        self.row(CacheId::Opernamensp, &key)
    }

    /// The cast from one type to another.
    pub fn cast(&self, source: Oid, target: Oid) -> Found<PgCast> {
        self.row(CacheId::Castsourcetarget, &[Datum::Oid(source), Datum::Oid(target)])
    }

    /// All casts from a type.
    pub fn casts_from(&self, source: Oid) -> Result<Rows<PgCast>> {
        self.rows(CacheId::Castsourcetarget, &[Datum::Oid(source)])
    }

    /// The schema with this name.
    pub fn namespace_by_name(&self, name: &str) -> Found<PgNamespace> {
        self.row(CacheId::Namespacename, &[Datum::text(name)])
    }

    /// All operator classes of an access method.
    pub fn opclasses(&self, method: Oid) -> Result<Rows<PgOpclass>> {
        self.rows(CacheId::Claamnamensp, &[Datum::Oid(method)])
    }

    /// The operator class with this name.
    pub fn opclass_by_name(&self, method: Oid, name: &str, namespace: Oid) -> Found<PgOpclass> {
        self.row(CacheId::Claamnamensp, &[Datum::Oid(method), Datum::text(name), Datum::Oid(namespace)])
    }

    /// The operator family with this name.
    pub fn opfamily_by_name(&self, method: Oid, name: &str, namespace: Oid) -> Found<PgOpfamily> {
        self.row(CacheId::Opfamilyamnamensp, &[Datum::Oid(method), Datum::text(name), Datum::Oid(namespace)])
    }

    /// The default operator class whose input type is exactly this one. Coercion is the caller's care.
    pub fn default_opclass(&self, method: Oid, input_type: Oid) -> Found<PgOpclass> {
        let classes = self.opclasses(method)?;
        Ok(classes.iter().find(|row| row.opcdefault && row.opcintype == input_type).cloned())
    }

    /// The operator of a family for these types and strategy, zero if none.
    pub fn opfamily_member(&self, family: Oid, left: Oid, right: Oid, strategy: i16) -> Result<Oid> {
        let key = [Datum::Oid(family), Datum::Oid(left), Datum::Oid(right), Datum::Int2(strategy)];
        let row = self.row::<PgAmop>(CacheId::Amopstrategy, &key)?;
        Ok(row.map_or(Oid::INVALID, |row| row.amopopr))
    }

    /// All operators of a family.
    pub fn opfamily_members(&self, family: Oid) -> Result<Rows<PgAmop>> {
        self.rows(CacheId::Amopstrategy, &[Datum::Oid(family)])
    }

    /// All memberships of an operator in families, of every purpose.
    pub fn operator_families(&self, operator: Oid) -> Result<Rows<PgAmop>> {
        self.rows(CacheId::Amopopid, &[Datum::Oid(operator)])
    }

    /// The support function of a family for these types, zero if none.
    pub fn opfamily_proc(&self, family: Oid, left: Oid, right: Oid, number: i16) -> Result<Oid> {
        let key = [Datum::Oid(family), Datum::Oid(left), Datum::Oid(right), Datum::Int2(number)];
        let row = self.row::<PgAmproc>(CacheId::Amprocnum, &key)?;
        Ok(row.map_or(Oid::INVALID, |row| row.amproc))
    }

    /// The access method with this name.
    pub fn access_method_by_name(&self, name: &str) -> Found<PgAm> {
        self.row(CacheId::Amname, &[Datum::text(name)])
    }

    /// The language with this name.
    pub fn language_by_name(&self, name: &str) -> Found<PgLanguage> {
        self.row(CacheId::Langname, &[Datum::text(name)])
    }

    /// The collation with this name that serves an encoding: its own, or any (-1).
    pub fn collation_by_name(&self, namespace: Oid, name: &str, encoding: i32) -> Found<PgCollation> {
        for encoding in [encoding, -1] {
            let key = [Datum::text(name), Datum::Int4(encoding), Datum::Oid(namespace)];
            if let Some(row) = self.row(CacheId::Collnameencnsp, &key)? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// All constraints of a table, read from the catalog.
    pub fn constraints(&self, relation: Oid) -> Result<Vec<CatalogRow<PgConstraint>>> {
        self.scan(&[Key::oid(c::pg_constraint::CONRELID, relation)])
    }

    /// All constraints of a domain, read from the catalog.
    pub fn domain_constraints(&self, domain: Oid) -> Result<Vec<CatalogRow<PgConstraint>>> {
        self.scan(&[Key::oid(c::pg_constraint::CONTYPID, domain)])
    }

    /// Foreign keys that refer to a table, read from the catalog without an index.
    pub fn referencing_constraints(&self, relation: Oid) -> Result<Vec<CatalogRow<PgConstraint>>> {
        self.scan(&[Key::oid(c::pg_constraint::CONFRELID, relation)])
    }

    /// All labels of an enum type, in order.
    pub fn enum_labels(&self, enum_type: Oid) -> Result<Vec<Arc<CatalogRow<PgEnum>>>> {
        let mut rows = self.rows::<PgEnum>(CacheId::Enumtypoidname, &[Datum::Oid(enum_type)])?.to_vec();
        rows.sort_by(|a, b| a.enumsortorder.total_cmp(&b.enumsortorder));
        Ok(rows)
    }

    /// The statistics of a column, as ANALYZE left them.
    pub fn statistic(&self, relation: Oid, column: i16, inherited: bool) -> Found<PgStatistic> {
        self.row(CacheId::Statrelattinh, &[Datum::Oid(relation), Datum::Int2(column), Datum::Bool(inherited)])
    }

    /// The role with this name.
    pub fn role_by_name(&self, name: &str) -> Found<PgAuthid> {
        self.row(CacheId::Authname, &[Datum::text(name)])
    }

    /// The memberships of a role in others.
    pub fn memberships(&self, member: Oid) -> Result<Rows<PgAuthMembers>> {
        self.rows(CacheId::Authmemmemrole, &[Datum::Oid(member)])
    }

    /// The members of a role.
    pub fn members(&self, role: Oid) -> Result<Rows<PgAuthMembers>> {
        self.rows(CacheId::Authmemrolemem, &[Datum::Oid(role)])
    }

    /// The database with this name.
    pub fn database_by_name(&self, name: &str) -> Result<Option<CatalogRow<PgDatabase>>> {
        let found = self.row::<PgDatabase>(CacheId::Databasename, &[Datum::text(name)])?;
        Ok(found.map(|row| CatalogRow::clone(&row)))
    }

    /// The tablespace with this name, read from the catalog.
    pub fn tablespace_by_name(&self, name: &str) -> Result<Option<CatalogRow<PgTablespace>>> {
        Ok(self.scan(&[Key::text(c::pg_tablespace::SPCNAME, name)])?.into_iter().next())
    }

    /// Tables that inherit from a table, read from the catalog.
    pub fn children(&self, relation: Oid) -> Result<Vec<Oid>> {
        let rows = self.scan::<PgInherits>(&[Key::oid(c::pg_inherits::INHPARENT, relation)])?;
        let mut children: Vec<Oid> = rows.iter().map(|row| row.inhrelid).collect();
        children.sort_unstable();
        Ok(children)
    }

    /// A comment, read from the catalog. `column` is zero for the object itself.
    pub fn description(&self, class: Oid, object: Oid, column: i32) -> Result<Option<CatalogRow<PgDescription>>> {
        let keys = [
            Key::oid(c::pg_description::OBJOID, object),
            Key::oid(c::pg_description::CLASSOID, class),
            Key::int4(c::pg_description::OBJSUBID, column),
        ];
        Ok(self.scan(&keys)?.into_iter().next())
    }

    /// A comment on a shared object, read from the catalog.
    pub fn shared_description(&self, class: Oid, object: Oid) -> Result<Option<CatalogRow<PgShdescription>>> {
        let keys = [Key::oid(c::pg_shdescription::OBJOID, object), Key::oid(c::pg_shdescription::CLASSOID, class)];
        Ok(self.scan(&keys)?.into_iter().next())
    }
}

fn first_in_path<T>(path: &[Oid], find: impl Fn(Oid) -> Result<Option<T>>) -> Result<Option<T>> {
    for &namespace in path {
        if let Some(found) = find(namespace)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
