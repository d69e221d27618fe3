//! Bootstrap and the catalogs on real storage, over the simulated disk.

use access::Store;
use base::{Oid, SessionId};
use catalog::oids::{self, namespaces, types};
use catalog::rows::{PgAttribute, PgClass, PgNamespace, PgProc, PgType};
use host::SimHost;
use lock::{LockOwner, SessionWaits};
use recovery::{BootstrapOptions, Engine, EngineOptions, SharedRmgr};
use schema::{AccessMethods, Caches, Catalog, Key, Overlay, Tables, bootstrap};
use std::cell::RefCell;
use std::sync::Arc;
use sync::{Interrupts, NoHooks};
use xact::{Transaction, TransactionOptions};

const TEMPLATE1: Oid = Oid(1);
const METHODS: AccessMethods = AccessMethods { table: heap::AM, index: btree::AM };

fn resources() -> Vec<SharedRmgr> {
    vec![
        Box::new(heap::HeapResource),
        Box::new(heap::Heap2Resource),
        Box::new(heap::SequenceResource),
        Box::new(btree::BtreeResource),
    ]
}

fn options() -> EngineOptions {
    EngineOptions { frames: 2048, ..EngineOptions::default() }
}

fn script() -> String {
    let words = [("POSTGRES", "postgres"), ("ENCODING", "6"), ("LC_COLLATE", "C"), ("LC_CTYPE", "C")];
    words.iter().fold(catalog::BOOTSTRAP_SCRIPT.to_owned(), |text, (word, value)| text.replace(word, value))
}

/// A cluster as `postmaster --boot` leaves it, still open.
fn bootstrapped(host: &SimHost) -> (Engine, bootstrap::Loaded) {
    let engine =
        Engine::bootstrap(host.host(), options(), BootstrapOptions::default(), resources()).expect("a new cluster");
    engine.store().smgr.create_database(TEMPLATE1).unwrap();
    let owner = owner(engine.store());
    let mut transaction = engine.store().xacts.begin(&owner, TransactionOptions::default());
    let loaded = bootstrap::run(engine.store(), &mut transaction, METHODS, TEMPLATE1, &script()).unwrap();
    transaction.commit().unwrap();
    (engine, loaded)
}

fn owner(store: &Arc<Store>) -> LockOwner {
    let waits =
        SessionWaits { session: SessionId(1), interrupts: Arc::new(Interrupts::default()), hooks: Arc::new(NoHooks) };
    store.locks.register(waits)
}

/// A session of a server: its transaction and its overlay.
struct Session {
    store: Arc<Store>,
    caches: Arc<Caches>,
    owner: LockOwner,
    overlay: Overlay,
    transaction: RefCell<Option<Transaction>>,
}

impl Session {
    fn new(store: &Arc<Store>, caches: &Arc<Caches>) -> Session {
        let session = Session {
            store: Arc::clone(store),
            caches: Arc::clone(caches),
            owner: owner(store),
            overlay: Overlay::new(),
            transaction: RefCell::new(None),
        };
        session.begin();
        session
    }

    fn begin(&self) {
        let transaction = self.store.xacts.begin(&self.owner, TransactionOptions::default());
        *self.transaction.borrow_mut() = Some(transaction);
    }

    fn catalog(&self) -> Catalog<'_> {
        let tables = Tables::of_session(&self.store, &self.transaction);
        Catalog::new(&self.caches, &self.overlay, tables, TEMPLATE1)
    }

    fn end(&self, commit: bool) {
        let transaction = self.transaction.take().expect("a transaction is open");
        match commit {
            true => drop(transaction.commit().unwrap()),
            false => transaction.abort(),
        }
        self.overlay.clear();
        self.begin();
    }
}

fn caches(engine: &Engine) -> Arc<Caches> {
    let caches = Arc::new(Caches::new(METHODS));
    engine.store().xacts.set_commit_hook(Arc::<Caches>::clone(&caches));
    caches
}

fn namespace(oid: u32, name: &str) -> PgNamespace {
    PgNamespace { oid: Oid(oid), nspname: name.to_owned(), nspowner: Oid(10), nspacl: None }
}

#[test]
fn catalogs_are_read_through_their_indexes_and_survive_a_restart() {
    let sim = SimHost::new(1);
    let (engine, loaded) = bootstrapped(&sim);
    assert_eq!(loaded.tables, 64 + 36);
    engine.shutdown(&|_| true).unwrap();
    drop(engine);
    let engine = Engine::open(sim.host(), options(), resources()).unwrap();
    engine.start(&mut |_| Ok(())).unwrap();
    let session = Session::new(engine.store(), &caches(&engine));
    let catalog = session.catalog();
    let entry = catalog.relation(oids::PG_PROC).unwrap().unwrap();
    assert_eq!((entry.name(), entry.desc.len(), entry.indexes.len()), ("pg_proc", 30, 2));
    assert!(entry.table.as_ref().unwrap().toast.is_some());
    assert_eq!(catalog.relation_oid(namespaces::PG_CATALOG, "pg_class").unwrap(), Some(oids::PG_CLASS));
    assert_eq!(catalog.type_by_name(namespaces::PG_CATALOG, "int4").unwrap().unwrap().oid, types::INT4);
    assert!(catalog.functions_by_name("abs").unwrap().len() >= 4);
    assert!(catalog.cast(types::INT4, types::INT8).unwrap().is_some());
    assert!(catalog.index(oids::PG_PROC_PRONAME_ARGS_NSP_INDEX).unwrap().is_unique);
    assert!(catalog.scan::<PgType>(&[]).unwrap().len() > 200);
    let columns = catalog.scan::<PgAttribute>(&[Key::oid(1, oids::PG_CLASS)]).unwrap();
    assert_eq!(columns.len(), 33 + 6);
}

#[test]
fn changes_are_private_until_commit_and_gone_after_rollback() {
    let sim = SimHost::new(2);
    let (engine, _) = bootstrapped(&sim);
    let caches = caches(&engine);
    let (one, two) = (Session::new(engine.store(), &caches), Session::new(engine.store(), &caches));
    assert!(two.catalog().namespace_by_name("s").unwrap().is_none());
    one.catalog().insert(&namespace(20000, "s")).unwrap();
    assert_eq!(one.catalog().namespace_by_name("s").unwrap().unwrap().oid, Oid(20000));
    assert!(two.catalog().namespace_by_name("s").unwrap().is_none());
    one.end(true);
    let found = two.catalog().namespace_by_name("s").unwrap().unwrap();
    two.catalog().update(&found, &namespace(20000, "t")).unwrap();
    two.catalog().update(&two.catalog().namespace(Oid(20000)).unwrap().unwrap(), &namespace(20000, "u")).unwrap();
    assert!(two.catalog().namespace_by_name("u").unwrap().is_some());
    two.end(false);
    assert!(two.catalog().namespace_by_name("u").unwrap().is_none());
    assert!(one.catalog().namespace_by_name("s").unwrap().is_some());
    let e = one.catalog().insert(&namespace(20001, "s")).unwrap_err();
    assert_eq!(e.message(), "duplicate key value violates unique constraint \"pg_namespace_nspname_index\"");
}

#[test]
fn a_relation_entry_goes_stale_by_a_commit() {
    let sim = SimHost::new(3);
    let (engine, _) = bootstrapped(&sim);
    let caches = caches(&engine);
    let (one, two) = (Session::new(engine.store(), &caches), Session::new(engine.store(), &caches));
    let entry = two.catalog().open_relation(oids::PG_AM).unwrap();
    let class = one.catalog().class(oids::PG_AM).unwrap().unwrap();
    one.catalog().update(&class, &PgClass { reltuples: 3.0, ..class.row.clone() }).unwrap();
    assert!(!entry.is_stale() && !one.catalog().is_current(&entry));
    one.end(true);
    assert!(entry.is_stale());
    assert_eq!(two.catalog().open_relation(oids::PG_AM).unwrap().class.reltuples, 3.0);
}

#[test]
fn new_object_ids_are_free() {
    let sim = SimHost::new(4);
    let (engine, _) = bootstrapped(&sim);
    let session = Session::new(engine.store(), &caches(&engine));
    let oid = session.catalog().new_oid::<PgProc>().unwrap();
    assert!(oid >= Oid::FIRST_UNPINNED);
    assert!(session.catalog().function(oid).unwrap().is_none());
}
