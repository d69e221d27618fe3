//! The thread pool as sessions see it, if they are served by one.

use base::{Oid, SessionId};
use std::time::Duration;
use threads::GroupStatus;

/// What sessions may ask of the pool that serves them.
pub trait PoolLink: Send + Sync {
    /// What its groups do.
    fn groups(&self) -> Vec<GroupStatus>;

    /// What its clients do.
    fn sessions(&self) -> Vec<PoolSession>;

    /// From now on new transactions in a database wait, or wait no more; those of superusers never do.
    fn pause(&self, database: Oid, on: bool);

    /// Databases in which new transactions wait.
    fn paused(&self) -> Vec<Oid>;
}

/// A client of the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolSession {
    /// Its session; none while it logs in.
    pub session: Option<SessionId>,
    /// Its group's number.
    pub group: usize,
    /// `logging in`, `idle`, `queued` or `serving`.
    pub state: &'static str,
    /// Its database; invalid while it logs in.
    pub database: Oid,
    /// It has a transaction open.
    pub in_transaction: bool,
    /// How long it has been queued.
    pub queued: Option<Duration>,
    /// How many of its role and database are before it.
    pub position: Option<usize>,
}
