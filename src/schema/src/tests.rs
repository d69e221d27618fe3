//! Look-ups and invalidation over catalogs in memory: two sessions share the caches.

use crate::{Caches, Catalog, CatalogRow, MemoryTables, Overlay, Tables};
use base::Oid;
use catalog::oids::{self, namespaces, types};
use catalog::rows::{PgClass, PgNamespace};
use catalog::{CacheId, Row};
use std::sync::Arc;
use tuple::Datum;

const DATABASE: Oid = Oid(1);

struct Session<'a> {
    memory: &'a MemoryTables,
    caches: &'a Caches,
    overlay: Overlay,
}

impl<'a> Session<'a> {
    fn new(memory: &'a MemoryTables, caches: &'a Caches) -> Session<'a> {
        Session { memory, caches, overlay: Overlay::new() }
    }

    fn catalog(&self) -> Catalog<'_> {
        Catalog::new(self.caches, &self.overlay, Tables::Memory(self.memory), DATABASE)
    }

    fn commit(&self) {
        self.caches.apply_payload(&self.overlay.invalidations().encode()).unwrap();
        self.overlay.clear();
    }
}

fn namespace(oid: u32, name: &str) -> PgNamespace {
    PgNamespace { oid: Oid(oid), nspname: name.to_owned(), nspowner: Oid(10), nspacl: None }
}

#[test]
fn a_hit_reads_no_table_and_a_miss_is_remembered() {
    let (memory, caches) = (MemoryTables::bootstrapped(), Caches::without_storage());
    let session = Session::new(&memory, &caches);
    let catalog = session.catalog();
    assert_eq!(catalog.type_by_oid(types::INT4).unwrap().unwrap().typname, "int4");
    assert!(catalog.namespace_by_name("nowhere").unwrap().is_none());
    let scans = memory.scans();
    assert_eq!(catalog.type_by_oid(types::INT4).unwrap().unwrap().typname, "int4");
    assert!(catalog.namespace_by_name("nowhere").unwrap().is_none());
    assert_eq!(memory.scans(), scans);
}

#[test]
fn lists_by_the_first_column_of_a_key() {
    let (memory, caches) = (MemoryTables::bootstrapped(), Caches::without_storage());
    let session = Session::new(&memory, &caches);
    let catalog = session.catalog();
    assert!(catalog.functions_by_name("abs").unwrap().len() >= 4);
    let plus = catalog.operators_by_name("+").unwrap();
    assert!(plus.iter().any(|o| o.oprleft == types::INT4 && o.oprright == types::INT4));
    let int4 = catalog.default_opclass(oids::access_methods::BTREE, types::INT4).unwrap().unwrap();
    assert_eq!(int4.opcname, "int4_ops");
    assert!(catalog.opfamily_proc(int4.opcfamily, types::INT4, types::INT4, 1).unwrap().is_valid());
}

#[test]
fn own_changes_are_seen_at_once_and_by_others_after_commit() {
    let (memory, caches) = (MemoryTables::bootstrapped(), Caches::without_storage());
    let (writer, reader) = (Session::new(&memory, &caches), Session::new(&memory, &caches));
    assert!(reader.catalog().namespace_by_name("s").unwrap().is_none());
    writer.catalog().insert(&namespace(20000, "s")).unwrap();
    assert_eq!(writer.catalog().namespace_by_name("s").unwrap().unwrap().oid, Oid(20000));
    assert!(reader.catalog().namespace_by_name("s").unwrap().is_none(), "the cached answer stays until the commit");
    let changes = caches.changes();
    writer.commit();
    assert_eq!(caches.changes(), changes + 1);
    let found = reader.catalog().namespace_by_name("s").unwrap().unwrap();
    reader.catalog().update(&found, &namespace(20000, "t")).unwrap();
    reader.commit();
    assert!(writer.catalog().namespace_by_name("s").unwrap().is_none());
    let found = writer.catalog().namespace(Oid(20000)).unwrap().unwrap();
    writer.catalog().delete(&found).unwrap();
    assert!(writer.catalog().namespace_by_name("t").unwrap().is_none());
}

#[test]
fn a_replaced_relation_entry_is_stale() {
    let (memory, caches) = (MemoryTables::bootstrapped(), Caches::without_storage());
    let (writer, reader) = (Session::new(&memory, &caches), Session::new(&memory, &caches));
    let entry = reader.catalog().relation(oids::PG_CLASS).unwrap().unwrap();
    assert_eq!((entry.name(), entry.desc.len(), entry.indexes.len()), ("pg_class", 33, 3));
    assert_eq!(entry.primary_key, oids::PG_CLASS_OID_INDEX);
    assert_eq!(entry.column("relname"), Some(2));
    assert!(reader.catalog().is_current(&entry));
    let row: Arc<CatalogRow<PgClass>> =
        writer.catalog().row(CacheId::Reloid, &[Datum::Oid(oids::PG_CLASS)]).unwrap().unwrap();
    writer.catalog().update(&row, &PgClass { reltuples: 7.0, ..row.row.clone() }).unwrap();
    assert!(!writer.catalog().is_current(&entry));
    assert!(reader.catalog().is_current(&entry));
    let own = writer.catalog().relation(oids::PG_CLASS).unwrap().unwrap();
    assert!(writer.catalog().is_current(&own));
    assert_eq!(own.class.reltuples, 7.0);
    writer.commit();
    assert!(entry.is_stale());
    assert_eq!(reader.catalog().relation(oids::PG_CLASS).unwrap().unwrap().class.reltuples, 7.0);
}

#[test]
fn types_print_as_sql_writes_them() {
    let (memory, caches) = (MemoryTables::bootstrapped(), Caches::without_storage());
    let session = Session::new(&memory, &caches);
    let catalog = session.catalog();
    let path = [namespaces::PG_CATALOG];
    let print = |oid, modifier| catalog.format_type(oid, modifier, &path).unwrap();
    assert_eq!(print(types::VARCHAR, Some(14)), "character varying(10)");
    assert_eq!(print(types::NUMERIC, Some((5 << 16 | 2) + 4)), "numeric(5,2)");
    assert_eq!(print(types::NUMERIC, Some((5 << 16 | 0x7ff) + 4)), "numeric(5,-1)");
    assert_eq!(print(types::TIMESTAMPTZ, Some(3)), "timestamp(3) with time zone");
    assert_eq!(print(types::INT4_ARRAY, None), "integer[]");
    assert_eq!(print(types::BPCHAR, Some(-1)), "bpchar");
    assert_eq!(print(types::BPCHAR, None), "character");
    assert_eq!(print(types::INTERVAL, Some(((1 << 10 | 1 << 11) << 16) | 0xffff)), "interval hour to minute");
    assert_eq!(print(Oid(999_999), None), "???");
}

#[test]
fn every_catalog_row_type_reads_its_rows() {
    let (memory, caches) = (MemoryTables::bootstrapped(), Caches::without_storage());
    let session = Session::new(&memory, &caches);
    fn count<R: Row>(session: &Session<'_>) -> usize {
        session.catalog().scan::<R>(&[]).unwrap().len()
    }
    use catalog::rows::*;
    assert!(count::<PgProc>(&session) > 1000);
    assert!(count::<PgType>(&session) > 200);
    assert!(count::<PgAttribute>(&session) > 1000);
    assert!(count::<PgCast>(&session) > 100);
    assert!(count::<PgInitPrivs>(&session) >= 64);
    assert_eq!(count::<PgDatabase>(&session), 3);
    assert_eq!(count::<PgAuthid>(&session), 13);
}
