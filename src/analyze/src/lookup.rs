//! What analysis asks of the catalogs, in its own words.

use base::Oid;
use builtins::FnCtx;
use catalog::columns as c;
use catalog::rows::{
    PgAggregate, PgAmop, PgCast, PgCollation, PgConstraint, PgDepend, PgInherits, PgOpclass, PgOperator, PgProc,
    PgRange, PgType,
};
use report::{Error, Result};
use schema::{Catalog, CatalogRow, Key, RelationEntry, Rows};
use std::cell::RefCell;
use std::sync::Arc;
use tuple::Datum;

/// A catalog row, shared with the caches.
pub type Shared<R> = Arc<CatalogRow<R>>;

/// The catalogs, and the functions that read and print values.
pub struct Lookup<'a> {
    /// The catalogs.
    pub catalog: &'a Catalog<'a>,
    /// What input and output functions see.
    pub functions: RefCell<FnCtx<'a>>,
}

impl Lookup<'_> {
    /// The type with this oid.
    pub fn type_by_oid(&self, oid: Oid) -> Result<Option<Shared<PgType>>> {
        self.catalog.type_by_oid(oid)
    }

    /// The type with this name in a schema.
    pub fn type_by_name(&self, namespace: Oid, name: &str) -> Result<Option<Shared<PgType>>> {
        self.catalog.type_by_name(namespace, name)
    }

    /// The functions with this name in all schemas.
    pub fn functions_by_name(&self, name: &str) -> Result<Rows<PgProc>> {
        self.catalog.functions_by_name(name)
    }

    /// The function with this oid.
    pub fn function(&self, oid: Oid) -> Result<Option<Shared<PgProc>>> {
        self.catalog.function(oid)
    }

    /// The pg_aggregate row of a function.
    pub fn aggregate(&self, function: Oid) -> Result<Option<Shared<PgAggregate>>> {
        self.catalog.aggregate(function)
    }

    /// The operators with this name in all schemas.
    pub fn operators_by_name(&self, name: &str) -> Result<Rows<PgOperator>> {
        self.catalog.operators_by_name(name)
    }

    /// The operator with this oid.
    pub fn operator(&self, oid: Oid) -> Result<Option<Shared<PgOperator>>> {
        self.catalog.operator(oid)
    }

    /// The cast between two types.
    pub fn cast(&self, source: Oid, target: Oid) -> Result<Option<Shared<PgCast>>> {
        self.catalog.cast(source, target)
    }

    /// The schema with this name.
    pub fn namespace_by_name(&self, name: &str) -> Result<Option<Oid>> {
        Ok(self.catalog.namespace_by_name(name)?.map(|row| row.oid))
    }

    /// The name of a schema.
    pub fn namespace_name(&self, oid: Oid) -> Result<Option<String>> {
        Ok(self.catalog.namespace(oid)?.map(|row| row.nspname.clone()))
    }

    /// The relation with this oid.
    pub fn relation(&self, oid: Oid) -> Result<Option<Arc<RelationEntry>>> {
        self.catalog.relation(oid)
    }

    /// The relation with this name in a schema.
    pub fn relation_by_name(&self, namespace: Oid, name: &str) -> Result<Option<Oid>> {
        self.catalog.relation_oid(namespace, name)
    }

    /// The operator class with this oid.
    pub fn opclass(&self, oid: Oid) -> Result<Option<Shared<PgOpclass>>> {
        self.catalog.opclass(oid)
    }

    /// The operator classes of an access method.
    pub fn opclasses(&self, method: Oid) -> Result<Rows<PgOpclass>> {
        self.catalog.opclasses(method)
    }

    /// Where an operator stands in operator families.
    pub fn amops_of_operator(&self, operator: Oid) -> Result<Rows<PgAmop>> {
        self.catalog.operator_families(operator)
    }

    /// The operator of an operator family for a strategy.
    pub fn amop(&self, family: Oid, left: Oid, right: Oid, strategy: i16) -> Result<Option<Oid>> {
        Ok(Some(self.catalog.opfamily_member(family, left, right, strategy)?).filter(|oid| oid.is_valid()))
    }

    /// The support function of an operator family.
    pub fn amproc(&self, family: Oid, left: Oid, right: Oid, number: i16) -> Result<Option<Oid>> {
        Ok(Some(self.catalog.opfamily_proc(family, left, right, number)?).filter(|oid| oid.is_valid()))
    }

    /// The pg_range row of a range type.
    pub fn range(&self, range_type: Oid) -> Result<Option<Shared<PgRange>>> {
        self.catalog.range_type(range_type)
    }

    /// The pg_range row of a multirange type.
    pub fn range_of_multirange(&self, multirange_type: Oid) -> Result<Option<PgRange>> {
        let key = Key::oid(c::pg_range::RNGMULTITYPID, multirange_type);
        Ok(self.catalog.scan::<PgRange>(&[key])?.into_iter().next().map(|row| row.row))
    }

    /// The collation with this oid.
    pub fn collation(&self, oid: Oid) -> Result<Option<Shared<PgCollation>>> {
        self.catalog.collation(oid)
    }

    /// The collation with this name in a schema, of UTF-8 or of any encoding.
    pub fn collation_by_name(&self, namespace: Oid, name: &str) -> Result<Option<Oid>> {
        const UTF8: i32 = 6;
        Ok(self.catalog.collation_by_name(namespace, name, UTF8)?.map(|row| row.oid))
    }

    /// The sequence of an identity column.
    pub fn identity_sequence(&self, relation: Oid, column: i16) -> Result<Option<Oid>> {
        const PG_CLASS: Oid = Oid(1259);
        let keys = [
            Key::oid(c::pg_depend::REFCLASSID, PG_CLASS),
            Key::oid(c::pg_depend::REFOBJID, relation),
            Key::int4(c::pg_depend::REFOBJSUBID, i32::from(column)),
        ];
        let rows = self.catalog.scan::<PgDepend>(&keys)?;
        for row in rows.iter().filter(|row| row.classid == PG_CLASS && row.deptype == b'i') {
            if self.relation(row.objid)?.is_some_and(|entry| entry.kind() == b'S') {
                return Ok(Some(row.objid));
            }
        }
        Ok(None)
    }

    /// The columns of a relation's primary key and its pg_constraint oid, if it is not deferrable.
    pub fn primary_key(&self, relation: Oid) -> Result<Option<(Oid, Vec<i16>)>> {
        let rows = self.catalog.constraints(relation)?;
        let key = rows.into_iter().find(|row| row.contype == b'p' && !row.condeferrable);
        Ok(key.map(|row| (row.oid, row.conkey.clone().unwrap_or_default())))
    }

    /// The constraint of a relation with this name.
    pub fn constraint_by_name(&self, relation: Oid, name: &str) -> Result<Option<CatalogRow<PgConstraint>>> {
        Ok(self.catalog.constraints(relation)?.into_iter().find(|row| row.conname == name))
    }

    /// True if `child` inherits from `parent`, however indirectly.
    pub fn inherits_from(&self, child: Oid, parent: Oid) -> Result<bool> {
        let mut pending = vec![child];
        let mut seen = Vec::new();
        while let Some(relation) = pending.pop() {
            for row in self.catalog.scan::<PgInherits>(&[Key::oid(c::pg_inherits::INHRELID, relation)])? {
                if row.inhparent == parent {
                    return Ok(true);
                }
                if !seen.contains(&row.inhparent) {
                    seen.push(row.inhparent);
                    pending.push(row.inhparent);
                }
            }
        }
        Ok(false)
    }

    /// The name of a role.
    pub fn role_name(&self, oid: Oid) -> Result<Option<String>> {
        Ok(self.catalog.role(oid)?.map(|row| row.rolname.clone()))
    }

    /// The value that a type's input function makes of a text, with this modifier (-1 for none).
    pub fn input(&self, type_row: &PgType, text: &str, typmod: i32) -> Result<Datum> {
        builtins::input(&mut self.functions.borrow_mut(), type_row.oid, typmod, text)
    }

    /// The text that a type's output function makes of a value that is not null.
    pub fn output(&self, type_oid: Oid, value: &Datum) -> Result<String> {
        let mut out = Vec::new();
        builtins::output(&mut self.functions.borrow_mut(), type_oid, value, &mut out)?;
        String::from_utf8(out).map_err(|_| Error::internal("output function gave no valid UTF-8"))
    }

    /// The modifier that a type's typmodin function makes of words.
    pub fn typmod_in(&self, type_row: &PgType, words: &[String]) -> Result<i32> {
        const CSTRING: Oid = Oid(2275);
        let words: Vec<Datum> = words.iter().map(|word| Datum::text(word)).collect();
        let array = catalog::encode_array(CSTRING, tuple::Repr::Bytes, 1, &words);
        Ok(self.call(type_row.typmodin, &[array], Oid(23))?.as_i32())
    }

    /// What a type's typmodout function makes of a modifier.
    pub fn typmod_out(&self, type_row: &PgType, typmod: i32) -> Result<String> {
        if !type_row.typmodout.is_valid() {
            return Ok(format!("({typmod})"));
        }
        const CSTRING: Oid = Oid(2275);
        Ok(self.call(type_row.typmodout, &[Datum::Int4(typmod)], CSTRING)?.as_str().to_owned())
    }

    fn call(&self, function: Oid, args: &[Datum], result_type: Oid) -> Result<Datum> {
        let mut functions = self.functions.borrow_mut();
        let types = functions.types;
        let mut cx = functions.call(&[], result_type, Oid::INVALID);
        match builtins::function(function) {
            Some(builtin) => (builtin.function)(&mut cx, args),
            None => types.call(function, &mut cx, args),
        }
    }
}
