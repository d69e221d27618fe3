//! Checks that catalog rows refer to rows that are there.

use crate::Catalog;
use base::Oid;
use catalog::Row;
use catalog::rows::{
    PgAttrdef, PgAttribute, PgClass, PgConstraint, PgDepend, PgIndex, PgNamespace, PgProc, PgRewrite, PgTrigger, PgType,
};
use report::Result;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The object ids of a catalog's rows.
type Oids = HashSet<Oid>;

impl Catalog<'_> {
    /// What rows of a database's catalogs refer to and is not there, and columns that do not fit their relation: a line each. What other sessions
    /// do meanwhile may show as such: a difference counts if it is found twice.
    pub fn check_references(&self) -> Result<Vec<String>> {
        let (attributes, indexes) = (self.scan::<PgAttribute>(&[])?, self.scan::<PgIndex>(&[])?);
        let depends = self.scan::<PgDepend>(&[])?;
        let classes = self.scan::<PgClass>(&[])?;
        let known = self.known_objects(&classes.iter().map(|class| class.oid).collect())?;
        let mut found = BTreeSet::new();
        let relations = &known[&PgClass::RELATION.oid];
        for attribute in &attributes {
            refers(&mut found, relations, attribute.attrelid, || {
                format!("pg_attribute: column \"{}\"", attribute.attname)
            });
        }
        for index in &indexes {
            refers(&mut found, relations, index.indexrelid, || "pg_index: an index".to_owned());
            refers(&mut found, relations, index.indrelid, || {
                format!("pg_index: index {} has a table", index.indexrelid)
            });
        }
        self.check_owned(&mut found, relations)?;
        check_classes(
            &mut found,
            &known,
            &classes,
            &attributes.iter().map(|a| (a.attrelid, a.attnum)).collect::<Vec<_>>(),
        );
        let with_index: Oids = indexes.iter().map(|index| index.indexrelid).collect();
        for class in classes.iter().filter(|class| matches!(class.relkind, b'i' | b'I')) {
            refers(&mut found, &with_index, class.oid, || {
                format!("pg_class: index \"{}\" needs a row of pg_index", class.relname)
            });
        }
        for depend in &depends {
            for (catalog, object) in [(depend.classid, depend.objid), (depend.refclassid, depend.refobjid)] {
                let Some(objects) = known.get(&catalog) else { continue };
                refers(&mut found, objects, object, || {
                    format!(
                        "pg_depend: {}.{} on {}.{}: an object",
                        depend.classid, depend.objid, depend.refclassid, depend.refobjid
                    )
                });
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Catalogs whose rows others refer to, with the object ids that are there.
    fn known_objects(&self, classes: &Oids) -> Result<HashMap<Oid, Oids>> {
        let mut known = HashMap::from([(PgClass::RELATION.oid, classes.clone())]);
        known.insert(PgType::RELATION.oid, self.scan::<PgType>(&[])?.iter().map(|row| row.oid).collect());
        known.insert(PgProc::RELATION.oid, self.scan::<PgProc>(&[])?.iter().map(|row| row.oid).collect());
        known.insert(PgNamespace::RELATION.oid, self.scan::<PgNamespace>(&[])?.iter().map(|row| row.oid).collect());
        known.insert(PgConstraint::RELATION.oid, self.scan::<PgConstraint>(&[])?.iter().map(|row| row.oid).collect());
        known.insert(PgRewrite::RELATION.oid, self.scan::<PgRewrite>(&[])?.iter().map(|row| row.oid).collect());
        known.insert(PgAttrdef::RELATION.oid, self.scan::<PgAttrdef>(&[])?.iter().map(|row| row.oid).collect());
        known.insert(PgTrigger::RELATION.oid, self.scan::<PgTrigger>(&[])?.iter().map(|row| row.oid).collect());
        Ok(known)
    }

    /// Rows that belong to a relation.
    fn check_owned(&self, found: &mut BTreeSet<String>, relations: &Oids) -> Result<()> {
        for row in self.scan::<PgConstraint>(&[])?.iter().filter(|row| row.conrelid.is_valid()) {
            refers(found, relations, row.conrelid, || format!("pg_constraint: \"{}\" has a relation", row.conname));
        }
        for row in self.scan::<PgAttrdef>(&[])? {
            refers(found, relations, row.adrelid, || format!("pg_attrdef: default {} has a relation", row.oid));
        }
        for row in self.scan::<PgTrigger>(&[])? {
            refers(found, relations, row.tgrelid, || format!("pg_trigger: \"{}\" has a relation", row.tgname));
        }
        for row in self.scan::<PgRewrite>(&[])? {
            refers(found, relations, row.ev_class, || format!("pg_rewrite: \"{}\" has a relation", row.rulename));
        }
        for row in self.scan::<PgType>(&[])?.iter().filter(|row| row.typrelid.is_valid()) {
            refers(found, relations, row.typrelid, || format!("pg_type: \"{}\" has a relation", row.typname));
        }
        Ok(())
    }
}

/// What pg_class says of its relations: schema, row type, TOAST table, number of columns.
fn check_classes(
    found: &mut BTreeSet<String>,
    known: &HashMap<Oid, Oids>,
    classes: &[crate::CatalogRow<PgClass>],
    attributes: &[(Oid, i16)],
) {
    let mut columns: BTreeMap<Oid, i16> = BTreeMap::new();
    for (relation, _) in attributes.iter().filter(|(_, number)| *number > 0) {
        *columns.entry(*relation).or_default() += 1;
    }
    for class in classes {
        let relation = || format!("pg_class: relation \"{}\" ({})", class.relname, class.oid);
        refers(found, &known[&PgNamespace::RELATION.oid], class.relnamespace, || {
            format!("{} has a schema", relation())
        });
        if class.reltype.is_valid() {
            refers(found, &known[&PgType::RELATION.oid], class.reltype, || format!("{} has a row type", relation()));
        }
        if class.reltoastrelid.is_valid() {
            refers(found, &known[&PgClass::RELATION.oid], class.reltoastrelid, || {
                format!("{} has a TOAST table", relation())
            });
        }
        let there = columns.get(&class.oid).copied().unwrap_or(0);
        if there != class.relnatts {
            found.insert(format!("{} has {} columns, pg_attribute has {there}", relation(), class.relnatts));
        }
    }
}

/// Notes that there is no object of this id among these. `what` says whose reference it is.
fn refers(found: &mut BTreeSet<String>, objects: &Oids, object: Oid, what: impl FnOnce() -> String) {
    if !objects.contains(&object) {
        found.insert(format!("{}, {object}, that is not there", what()));
    }
}
