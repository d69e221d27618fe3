//! What all sessions of a running server share.

use crate::sessions::SessionTable;
use access::Store;
use config::Settings;
use host::Host;
use schema::{AccessMethods, Caches};
use std::sync::Arc;
use xact::TransactionManager;

/// Microseconds between 1970-01-01 and 2000-01-01, the epoch of SQL timestamps.
pub const SQL_EPOCH_US: i64 = 946_684_800 * 1_000_000;

/// Everything the sessions of a server have in common. Dropped and rebuilt when the server reinitialises.
pub struct Instance {
    /// Files, clock, entropy.
    pub host: Host,
    /// The server's settings.
    pub settings: Arc<Settings>,
    /// The storage engine's parts: relation files, transactions, locks.
    pub store: Arc<Store>,
    /// What is cached of the catalogs.
    pub caches: Arc<Caches>,
    /// Live sessions and roles.
    pub sessions: Arc<SessionTable>,
    /// When the server started: microseconds since 2000-01-01 UTC.
    pub start_us: i64,
}

impl Instance {
    /// An instance over an open store, whose tables and indexes are kept by these methods. From now on commits reach the caches.
    pub fn new(host: Host, settings: Arc<Settings>, store: Arc<Store>, methods: AccessMethods) -> Instance {
        let caches = Arc::new(Caches::new(methods));
        store.xacts.set_commit_hook(Arc::<Caches>::clone(&caches));
        let start_us = host.clock.wall_us() - SQL_EPOCH_US;
        Instance { host, settings, store, caches, sessions: Arc::new(SessionTable::new()), start_us }
    }

    /// Transactions.
    pub fn transactions(&self) -> &Arc<TransactionManager> {
        &self.store.xacts
    }

    /// The wall clock: microseconds since 2000-01-01 UTC.
    pub fn now_us(&self) -> i64 {
        self.host.clock.wall_us() - SQL_EPOCH_US
    }
}
