//! All that sessions share, and all that one session is.
//!
//! [`Instance`] is everything the sessions of a running server have in common: settings, storage engine, caches, the table of
//! sessions, statistics. It is dropped and rebuilt when the server reinitialises; what outlives it (listening sockets, lock
//! files) is the postmaster's. [`SessionState`] is all of one client's state but the protocol's part. [`Ctx`] is the two of
//! them together: what executing a statement takes. Beginning and ending a session's transaction is in [`transaction`](Ctx),
//! because everything that takes part in it is here.
//!
//! This crate knows no SQL, no message and no socket.
//!
//! Lock order: the session table, then one session's entry; both are leaves towards everything else.
#![forbid(unsafe_code)]

mod acting_roles;
mod activity;
mod ctx;
mod cursors;
mod instance;
pub mod limits;
mod new_enum_values;
mod notify;
mod orphans;
mod pool;
mod prepared;
pub mod privileges;
mod search_path;
mod session_state;
mod sessions;
mod shared_values;
mod statistics;
mod timers;
mod transaction;
mod two_phase;
mod zone;

pub use activity::{AUTOVACUUM_WORKER, Activity, ActivityRow, ActivityState, SessionKind};
pub use builtins::hours_east;
pub use ctx::{Ctx, format_settings, stack_address};
pub use cursors::Cursor;
pub use instance::{FaultWish, Instance, NoServer, SQL_EPOCH_US, ServerLink, no_faults};
pub use notify::{Listening, Notification, Notifications};
pub use orphans::Orphans;
pub use pool::{PoolLink, PoolSession};
pub use prepared::Prepared;
pub use search_path::{PG_CATALOG, split_names};
pub use session_state::{CachedSearchPath, Extensions, SearchPath, SequenceMemory, SessionState, Users};
pub use sessions::{
    CancelOutcome, ClientProbe, FaultPoint, Line, ParkedEntry, Registration, SessionEntry, SessionTable, Voice,
};
pub use shared_values::SharedValues;
pub use statistics::{
    ArchivedNames, ClusterCounter, ClusterCounters, Consistency, Counter, DatabaseCounter, DatabaseCounters,
    FunctionCalls, FunctionCounter, FunctionCounters, FunctionCounts, OpenCall, Pending, PendingRelation,
    RelationCounters, SessionTimes, Statistics, StatisticsView,
};
pub use timers::{Timer, Timers};
pub use transaction::{LateCommit, TransactionParticipant, serializable_unsupported};
pub use zone::{find as find_time_zone, time_zone};
