//! What a session or role is doing, for `pg_stat_activity`.

use base::{Oid, SessionId, Xid};
use std::net::IpAddr;

/// What a session is for: `pg_stat_activity.backend_type`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionKind {
    /// Serves a client.
    Client,
    /// A role thread, named in PostgreSQL's words ("background writer").
    Role(&'static str),
}

/// What the role that vacuums and analyzes on its own is called.
pub const AUTOVACUUM_WORKER: &str = "autovacuum worker";

impl SessionKind {
    /// PostgreSQL's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            SessionKind::Client => "client backend",
            SessionKind::Role(name) => name,
        }
    }
}

/// `pg_stat_activity.state`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ActivityState {
    /// Not known: a role, or a session that is logging in.
    #[default]
    Undefined,
    /// A statement runs.
    Active,
    /// Waiting for a command, outside a transaction.
    Idle,
    /// Waiting for a command, inside a transaction.
    IdleInTransaction,
    /// Waiting for a command, inside a failed transaction.
    IdleInFailedTransaction,
}

impl ActivityState {
    /// PostgreSQL's word; none while undefined.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            ActivityState::Undefined => None,
            ActivityState::Active => Some("active"),
            ActivityState::Idle => Some("idle"),
            ActivityState::IdleInTransaction => Some("idle in transaction"),
            ActivityState::IdleInFailedTransaction => Some("idle in transaction (aborted)"),
        }
    }

    /// True if the session waits for a command.
    pub const fn is_waiting_for_client(self) -> bool {
        matches!(self, ActivityState::Idle | ActivityState::IdleInTransaction | ActivityState::IdleInFailedTransaction)
    }
}

/// A row of `pg_stat_activity`. Times are microseconds since 2000-01-01 UTC, 0 for none.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// The database, zero for none.
    pub database: Oid,
    /// The role logged in, zero for none.
    pub user: Oid,
    /// `application_name`.
    pub application_name: String,
    /// The client's address; none for a Unix socket.
    pub client_address: Option<IpAddr>,
    /// The client's port; -1 for a Unix socket.
    pub client_port: Option<i32>,
    /// The client's host name, if `log_hostname` had it looked up.
    pub client_host: Option<String>,
    /// When the session began.
    pub session_start_us: i64,
    /// When its transaction began.
    pub transaction_start_us: i64,
    /// When its statement began.
    pub statement_start_us: i64,
    /// When its state last changed.
    pub state_change_us: i64,
    /// What it waits for: type and event.
    pub wait: Option<(&'static str, &'static str)>,
    /// Its state.
    pub state: ActivityState,
    /// Its transaction's id, if it has one.
    pub xid: Option<Xid>,
    /// The text of its present or last statement.
    pub query: String,
    /// The tag of the statement that runs; empty until it is known.
    pub command: &'static str,
}

/// A row with the session it belongs to.
#[derive(Clone, Debug)]
pub struct ActivityRow {
    /// The session.
    pub session: SessionId,
    /// What it is for.
    pub kind: SessionKind,
    /// What it does.
    pub activity: Activity,
}
