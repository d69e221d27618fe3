//! Who says something.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The thread or session that a message is from.
#[derive(Clone, Debug)]
pub struct Who {
    /// Its number: the session's id on the wire, a role's number, or the postmaster's process id.
    pub pid: i32,
    /// What it is, in the words of `pg_stat_activity.backend_type`.
    pub backend_type: String,
    /// When it started, in microseconds since 1970.
    pub start_us: i64,
    /// The client, for sessions.
    pub client: Option<ClientName>,
    /// The virtual transaction: slot and local number.
    pub vxid: Option<(u32, u64)>,
    /// The transaction, 0 if it has none yet.
    pub xid: u64,
    /// The statement's query identifier, 0 if it is not computed.
    pub query_id: i64,
    /// Shared by all copies: they are one speaker.
    pub(crate) lines: Arc<AtomicU64>,
}

/// The client of a session.
#[derive(Clone, Debug, Default)]
pub struct ClientName {
    /// Its user; empty before it is known.
    pub user: String,
    /// Its database; empty before it is known.
    pub database: String,
    /// Its host: `[local]`, an address or a name.
    pub host: String,
    /// Its port; empty on a Unix-domain socket.
    pub port: String,
    /// The name it gives itself.
    pub application_name: String,
    /// What it is doing: the tag of its statement, or `idle`.
    pub activity: String,
}

impl Who {
    /// One that is no session.
    pub fn new(pid: i32, backend_type: impl Into<String>, start_us: i64) -> Who {
        Who {
            pid,
            backend_type: backend_type.into(),
            start_us,
            client: None,
            vxid: None,
            xid: 0,
            query_id: 0,
            lines: Arc::default(),
        }
    }

    /// The number of its next log line, from 1.
    pub(crate) fn next_line(&self) -> u64 {
        self.lines.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// `%c`: start time and number in hexadecimal.
    pub(crate) fn session_id(&self) -> String {
        format!("{:x}.{:x}", self.start_us.div_euclid(1_000_000), self.pid)
    }

    /// `%v`.
    pub(crate) fn vxid_text(&self) -> String {
        self.vxid.map(|(slot, local)| format!("{slot}/{local}")).unwrap_or_default()
    }
}
