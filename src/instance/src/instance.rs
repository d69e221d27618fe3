//! What all sessions of a running server share.

use crate::notify::Notifications;
use crate::pool::PoolLink;
use crate::sessions::SessionTable;
use crate::shared_values::SharedValues;
use crate::statistics::{ClusterCounter, Statistics};
use crate::timers::Timers;
use access::Store;
use config::Settings;
use host::Host;
use recovery::{CheckpointKind, Engine};
use report::{Error, Result};
use schema::{AccessMethods, Caches};
use std::sync::Arc;
use threads::{ArmedFault, FaultKind};
use xact::TransactionManager;

/// Microseconds between 1970-01-01 and 2000-01-01, the epoch of SQL timestamps.
pub const SQL_EPOCH_US: i64 = 946_684_800 * 1_000_000;

/// What sessions may ask of the postmaster.
pub trait ServerLink: Send + Sync {
    /// Have the checkpointer make a checkpoint at once, even if nothing was logged, and wait for it. `check` is asked now and
    /// then whether to go on waiting. None if there is no checkpointer to ask.
    fn checkpoint(&self, check: &dyn Fn() -> Result<()>) -> Option<Result<()>>;
    /// Read the settings files again.
    fn reload(&self);
    /// Begin a new log file. False if the server does not collect its log.
    fn rotate_log(&self) -> bool;
    /// The thread pool that serves sessions, if one does.
    fn pool(&self) -> Option<Arc<dyn PoolLink>> {
        None
    }
    /// Have somebody fail on purpose. Errors: 42501 unless the server was started for it; 22023, there is no such role.
    fn arm_fault(&self, _: &FaultWish<'_>) -> Result<()> {
        Err(no_faults())
    }
    /// Faults that wait for their time.
    fn faults(&self) -> Vec<ArmedFault> {
        Vec::new()
    }
    /// Takes all of them back; how many there were. Errors: as `arm_fault`.
    fn disarm_faults(&self) -> Result<usize> {
        Err(no_faults())
    }
}

/// A fault that a test wants.
#[derive(Clone, Copy, Debug)]
pub struct FaultWish<'a> {
    /// Who is to fail: a role of the role entry table, `session`, `postmaster`.
    pub role: &'a str,
    /// Which one, where there are several; any if none is given.
    pub number: Option<i32>,
    /// How.
    pub kind: FaultKind,
    /// At which passage of its point; if none is given, as soon as it can be brought there.
    pub passages: Option<u64>,
}

/// Why there are no faults on purpose.
pub fn no_faults() -> Error {
    let error = report::error!(INSUFFICIENT_PRIVILEGE, "faults on purpose are not allowed");
    error.hint("Start the server with \"fault_hooks\" on: it is for tests.")
}

/// Nobody to ask: single-user mode, bootstrap, tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoServer;

impl ServerLink for NoServer {
    fn checkpoint(&self, _: &dyn Fn() -> Result<()>) -> Option<Result<()>> {
        None
    }
    fn reload(&self) {}
    fn rotate_log(&self) -> bool {
        false
    }
}

/// Everything the sessions of a server have in common. Dropped and rebuilt when the server reinitialises.
pub struct Instance {
    /// Files, clock, entropy.
    pub host: Host,
    /// The server's settings.
    pub settings: Arc<Settings>,
    /// The storage engine: checkpoints, the control file.
    pub engine: Arc<Engine>,
    /// The engine's parts: log, buffers, relation files, transactions, locks.
    pub store: Arc<Store>,
    /// What is cached of the catalogs.
    pub caches: Arc<Caches>,
    /// Live sessions and roles.
    pub sessions: Arc<SessionTable>,
    /// What was read and changed.
    pub statistics: Arc<Statistics>,
    /// Messages of NOTIFY on their way.
    pub notifications: Notifications,
    /// Timers of statements; the scheduler role serves them.
    pub timers: Arc<Timers>,
    /// What upper layers share among sessions.
    pub shared: SharedValues,
    /// The way to the postmaster.
    pub server: Arc<dyn ServerLink>,
    /// When the server started: microseconds since 2000-01-01 UTC.
    pub start_us: i64,
}

impl Instance {
    /// An instance over an open engine, whose tables and indexes are kept by these methods. From now on commits reach the caches.
    pub fn new(
        engine: Arc<Engine>,
        settings: Arc<Settings>,
        methods: AccessMethods,
        server: Arc<dyn ServerLink>,
    ) -> Instance {
        let caches = Arc::new(Caches::new(methods));
        let (host, store) = (engine.host().clone(), Arc::clone(engine.store()));
        store.xacts.set_commit_hook(Arc::<Caches>::clone(&caches));
        let start_us = host.clock.wall_us() - SQL_EPOCH_US;
        let sessions = Arc::new(SessionTable::new());
        let (timers, statistics) = (Arc::new(Timers::new()), Arc::new(Statistics::new()));
        let notifications = Notifications::default();
        Instance {
            host,
            settings,
            engine,
            store,
            caches,
            sessions,
            statistics,
            notifications,
            timers,
            shared: SharedValues::default(),
            server,
            start_us,
        }
    }

    /// Transactions.
    pub fn transactions(&self) -> &Arc<TransactionManager> {
        &self.store.xacts
    }

    /// The wall clock: microseconds since 2000-01-01 UTC.
    pub fn now_us(&self) -> i64 {
        self.host.clock.wall_us() - SQL_EPOCH_US
    }

    /// CHECKPOINT: by the checkpointer, or without one on this thread. `check` is asked now and then whether to go on waiting.
    pub fn checkpoint(&self, check: &dyn Fn() -> Result<()>) -> Result<()> {
        match self.server.checkpoint(check) {
            Some(outcome) => outcome,
            None => self.engine.checkpoint(CheckpointKind::Forced, &mut |_| check(), &|_| true).map(drop),
        }
    }

    /// What the buffer pool and the log counted of this since the server started; zero if it is not theirs.
    pub fn counted_by_storage(&self, counter: ClusterCounter) -> i64 {
        use ClusterCounter as C;
        let (pages, log) = (|| self.store.buffers.stats(), || self.store.wal.stats());
        let us = |time: std::time::Duration| time.as_micros() as u64;
        (match counter {
            C::CheckpointPages => pages().checkpoint_writes,
            C::CleanPages => pages().bgwriter_writes,
            C::CleanLimit => pages().bgwriter_limit,
            C::SessionPages => pages().backend_writes,
            C::Allocations => pages().allocations,
            C::WalRecords => log().records,
            C::WalImages => log().images,
            C::WalBytes => log().bytes,
            C::WalBuffersFull => log().buffers_full,
            C::WalWrites => log().writes,
            C::WalSyncs => log().syncs,
            C::WalWriteUs => us(log().write_time),
            C::WalSyncUs => us(log().sync_time),
            _ => 0,
        }) as i64
    }

    /// Adds what the buffer pool and the log counted to the statistics: their counts end with the instance.
    pub fn keep_storage_counts(&self) {
        for counter in ClusterCounter::ALL {
            self.statistics.cluster().add(*counter, self.counted_by_storage(*counter));
        }
    }

    /// The number that initdb gave the cluster.
    pub fn system_identifier(&self) -> u64 {
        self.engine.control().system_identifier
    }
}
