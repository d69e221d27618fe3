//! The server log: what is written, in which form, and where it goes.
//!
//! What it does not do: it decides nothing about clients (the session filters what they are sent), and it starts no
//! thread: the postmaster runs the [`Collector`] in its syslogger role.
//!
//! 1. Whoever has something to say makes a `report::Error` of any severity and hands it to a [`RoleLog`] (roles) or, with
//!    a [`Who`] and the statement, to [`Logger::emit`] (sessions). it filters them itself; [`is_sent`] is the client's filter.
//! 2. The logger forms it as text under `log_line_prefix`, as CSV, as JSON, or for syslog, as `log_destination` says.
//! 3. Text, CSV and JSON go to the process's stderr (text only), or, once collecting, into the [`Channel`].
//! 4. The collector takes them out of the channel and writes files, which it rotates by age, by size and on request.
//!
//! A message is one entry of the channel, so that no two are ever mixed. The channel outlives the syslogger: when that role
//! is started again, nothing is lost.
//!
//! Log files are written past crate `host`: they are no part of the data that a crash must keep.
//!
//! Locks: the channel's and the time zone's, both leaves, both short.
#![forbid(unsafe_code)]

mod channel;
mod collector;
mod facade;
mod filter;
mod forms;
mod limits;
mod logger;
mod prefix;
mod time;
mod to_syslog;
mod who;

pub use channel::{Channel, LogForm, LogLine};
pub use collector::Collector;
pub use facade::FacadeSink;
pub use filter::{Verbosity, is_sent, severity_of};
pub use logger::{Logger, RoleLog};
pub use who::{ClientName, Who};
