//! What a session needs of the server around it.

use base::{SessionId, Xid};
use instance::{SessionEntry, SessionState};
use memory::Account;
use report::{Error, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use sync::Interrupts;

/// Who is at the other end, as far as the transport tells.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    /// The number that its session is to have, if the log knows it by one already.
    pub session: Option<SessionId>,
    /// Its address; none over a Unix socket.
    pub address: Option<SocketAddr>,
    /// Our own address; none over a Unix socket.
    pub local_address: Option<SocketAddr>,
    /// The number of the client's user on this machine, over a Unix socket: for `peer`.
    pub peer_uid: Option<u32>,
    /// Where its session is to be told things, from the first byte on.
    pub interrupts: Arc<Interrupts>,
    /// What it holds in memory.
    pub memory: Arc<Account>,
}

/// How a client must prove who it is: what a line of pg_hba.conf says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Method {
    /// It need not.
    Trust,
    /// It may not come in.
    Reject,
    /// The password, in clear.
    Password,
    /// The password, hashed with a salt; SCRAM if the role's password is stored for it.
    Md5,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// The kernel says who it is; the map translates.
    Peer {
        /// The map of pg_ident.conf, if the line names one.
        map: Option<String>,
    },
    /// A method that this server does not have.
    Unsupported(&'static str),
}

/// A session that has something to say to the log.
pub struct Speaker<'a> {
    /// The session.
    pub entry: &'a SessionEntry,
    /// Its virtual transaction: its own number and that of the transaction.
    pub virtual_transaction: (u32, u64),
    /// Its transaction's id, if it has one.
    pub xid: Option<Xid>,
}

/// The server as its sessions see it.
pub trait Server: Send + Sync {
    /// The method for this client, by the first line of pg_hba.conf that matches. `is_member` says whether `user` is a member of a
    /// role. Without clients nobody comes in so. Errors: 28000, no line matches.
    fn method(&self, _: &ClientInfo, _: &str, _: &str, _is_member: &dyn Fn(&str) -> bool) -> Result<Method> {
        Ok(Method::Reject)
    }

    /// The name of a user of the system.
    fn system_user(&self, _uid: u32) -> Option<String> {
        None
    }

    /// Whether the map lets this user of the system log in as that role. Without a map the names must be equal.
    fn maps(&self, _map: Option<&str>, _system_user: &str, _role: &str) -> bool {
        false
    }

    /// A cancel request; what becomes of it is only logged.
    fn cancel(&self, _: SessionId, _key: i32) {}

    /// A client has logged in.
    fn logged_in(&self, _: &SessionState) {}

    /// A client's session goes on in another instance.
    fn resumed(&self, _: &SessionState) {}

    /// A client was sent away before it had a session; the reason is for the log.
    fn sent_away(&self, _: &Error) {}

    /// Writes to the server's log what `log_min_messages` lets through. `statement` is the statement that ran.
    fn log(&self, session: &Speaker<'_>, error: &Error, statement: Option<&str>);
}
