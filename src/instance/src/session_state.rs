//! All of one client's state but the protocol's part.
//!
//! It has interior mutability, so that whatever runs for the session can reach it through one shared [`Ctx`](crate::Ctx):
//! a function called by an expression called by a plan may change a setting or draw from a sequence. Borrows are short: nobody
//! holds one across a call that evaluates an expression or reads a catalog.

use crate::limits::NOTICES_MAX;
use crate::prepared::Prepared;
use crate::sessions::SessionEntry;
use crate::statistics::{Pending, StatisticsView};
use crate::transaction::{LateCommit, TransactionParticipant};
use access::Store;
use base::Oid;
use builtins::{FormatSettings, Memo};
use config::SessionSettings;
use lock::LockOwner;
use report::Error;
use schema::Overlay;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use tuple::TupleDesc;
use xact::Transaction;

/// Who a session acts as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Users {
    /// Who logged in.
    pub authenticated: Oid,
    /// `session_user`: who logged in, or SET SESSION AUTHORIZATION.
    pub session: Oid,
    /// `current_user`: the session's, or SET ROLE, or a function's owner.
    pub current: Oid,
    /// Who logged in is a superuser.
    pub authenticated_is_superuser: bool,
    /// `current` is a superuser.
    pub is_superuser: bool,
    /// SET ROLE is in force.
    pub role_is_set: bool,
}

/// What the session remembers of a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SequenceMemory {
    /// currval().
    pub last: i64,
    /// The next cached value, and the last one, both included; none left if `None`.
    pub cached: Option<(i64, i64)>,
    /// By how much values differ.
    pub increment: i64,
    /// The relation's file when the cache was filled: a rewritten sequence starts anew.
    pub file_number: u32,
}

/// The schemas that unqualified names are looked for in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SearchPath {
    /// In order, with the implicit ones (temporary schema, pg_catalog).
    pub namespaces: Arc<[Oid]>,
    /// Where new objects go; zero if there is no such schema.
    pub creation: Oid,
    /// The explicit part only: what `current_schemas(false)` shows.
    pub explicit: Arc<[Oid]>,
}

/// A search path with what it was computed from.
#[derive(Clone, Debug, Default)]
pub struct CachedSearchPath {
    /// The setting's text.
    pub text: Arc<str>,
    /// `current_user`, for "$user".
    pub user: Oid,
    /// The temporary schema.
    pub temp: Oid,
    /// The caches' change counter: schemas may have come or gone.
    pub changes: u64,
    /// The result.
    pub path: Arc<SearchPath>,
}

/// One session's state.
pub struct SessionState {
    /// Its entry in the table of sessions.
    pub entry: Arc<SessionEntry>,
    /// The storage engine, counting for this session.
    pub store: Arc<Store>,
    /// Its locks.
    pub locks: LockOwner,
    /// The address that its client connected to; none for a Unix socket.
    pub server_address: Option<SocketAddr>,
    /// The database it is connected to.
    pub database: Oid,
    /// The database's name.
    pub database_name: String,
    /// Its settings.
    pub settings: RefCell<SessionSettings>,
    /// What of the settings text input and output depend on.
    pub format: RefCell<Arc<FormatSettings>>,
    /// Who it acts as.
    pub users: Cell<Users>,
    /// Its transaction.
    pub transaction: RefCell<Option<Transaction>>,
    /// A commit that is on its way to the disk.
    pub committing: RefCell<Option<LateCommit>>,
    /// Its transaction has made, changed or dropped temporary objects, as far as that was noted.
    pub touches_temporary: Cell<bool>,
    /// SET TRANSACTION READ ONLY, or the default, is in force.
    pub is_read_only: Cell<bool>,
    /// Whether the transaction was read-only when each open savepoint began: what SET TRANSACTION says inside ends with it.
    pub outer_read_only: RefCell<Vec<bool>>,
    /// What its transaction changed in the catalogs.
    pub overlay: Overlay,
    /// Who wants to be told of its transaction's end.
    pub participants: RefCell<Vec<Box<dyn TransactionParticipant>>>,
    /// Notices on their way to the client.
    pub notices: RefCell<Vec<Error>>,
    /// State that functions change.
    pub memo: RefCell<Memo>,
    /// The search path last computed.
    pub search_path: RefCell<CachedSearchPath>,
    /// The schema of its temporary tables, zero if it has none.
    pub temp_namespace: Cell<Oid>,
    /// Its prepared statements.
    pub prepared: RefCell<BTreeMap<String, Arc<Prepared>>>,
    /// Bytes in its temporary files.
    pub temp_bytes: Arc<std::sync::atomic::AtomicU64>,
    /// Its cursors.
    pub cursors: RefCell<BTreeMap<String, crate::Cursor>>,
    /// What it remembers of sequences.
    pub sequences: RefCell<HashMap<Oid, SequenceMemory>>,
    /// The sequence that lastval() means.
    pub last_sequence: Cell<Option<Oid>>,
    /// Row types of anonymous records; the type modifier of a `record` value is its place here.
    pub record_types: RefCell<Vec<Arc<TupleDesc>>>,
    /// When the present statement began: microseconds since 2000-01-01 UTC.
    pub statement_start_us: Cell<i64>,
    /// Where the stack of the thread that serves it was when the present statement began.
    pub stack_base: Cell<usize>,
    /// When the present transaction began: microseconds since 2000-01-01 UTC.
    pub transaction_start_us: Cell<i64>,
    /// The plan cache and other things that upper layers keep with a session, by their own type.
    pub extensions: RefCell<Extensions>,
    /// What it has counted and not yet added to the instance's statistics.
    pub statistics: RefCell<Pending>,
    /// What its transaction has seen of the instance's statistics.
    pub statistics_view: RefCell<StatisticsView>,
}

/// Values of upper layers that live as long as the session, at most one of each type.
#[derive(Default)]
pub struct Extensions(HashMap<std::any::TypeId, Box<dyn std::any::Any + Send>>);

impl Extensions {
    /// The value of this type, made on first use.
    pub fn get<T: Default + Send + 'static>(&mut self) -> &mut T {
        let slot = self.0.entry(std::any::TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        slot.downcast_mut().expect("a slot holds the type it is named by")
    }
}

impl SessionState {
    /// Adds a notice for the client; beyond a limit they are dropped.
    pub fn notice(&self, notice: Error) {
        let mut notices = self.notices.borrow_mut();
        if notices.len() < NOTICES_MAX {
            notices.push(notice);
        }
    }

    /// True between the two halves of a commit.
    pub fn is_committing(&self) -> bool {
        self.committing.borrow().is_some()
    }

    /// True if the current user is a superuser.
    pub fn is_superuser(&self) -> bool {
        self.users.get().is_superuser
    }

    /// `current_user`.
    pub fn current_user(&self) -> Oid {
        self.users.get().current
    }

    /// Registers a row type of anonymous records; its type modifier.
    pub fn register_record_type(&self, desc: &Arc<TupleDesc>) -> i32 {
        let mut types = self.record_types.borrow_mut();
        let same = |known: &Arc<TupleDesc>| {
            known.len() == desc.len()
                && known
                    .attributes
                    .iter()
                    .zip(&desc.attributes)
                    .all(|(a, b)| a.name == b.name && a.type_oid == b.type_oid && a.type_mod == b.type_mod)
        };
        let place = types.iter().position(same).unwrap_or_else(|| {
            types.push(Arc::clone(desc));
            types.len() - 1
        });
        place as i32
    }
}
