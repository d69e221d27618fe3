//! Settings: what they are called, what they may be, what they are.
//!
//! 1. [`Setting`] names each setting; [`Setting::definition`] tells its type, unit, range, context and description.
//! 2. [`Settings`] holds the server's values: boot values, `postgresql.toml`, `postgresql.auto.toml`, the environment
//!    and the command line. A version is immutable; a reload publishes the next one.
//! 3. [`SessionSettings`] lays a session's own values over a version: those it was started with (ALTER DATABASE and
//!    ALTER ROLE SET, the start-up packet) and those of SET, which follow transactions and savepoints.
//! 4. [`hba`] reads and matches `pg_hba.conf` and `pg_ident.conf`.
//!
//! What a value means is not known here: a crate that knows better registers a check with [`Hooks`], which refuses a
//! value or puts it into its canonical form. Reading a value takes no hash and no lock: a setting is an index.
//!
//! Invariants: I1 a published version never changes. I2 every value is of its setting's type and in its range.
//! I3 a session's layers hold entries only for settings that differ in source from the layer below.
#![forbid(unsafe_code)]

mod check;
mod connection;
mod definition;
mod file;
mod frequent;
pub mod hba;
mod list;
mod lookup;
mod number;
mod server;
mod session;
mod sparse;
pub mod switches;
mod table;
mod value;
mod view;

pub use check::{CheckHook, Hooks, Proposal, Refusal};
pub use connection::Connection;
pub use definition::{Category, Choice, Context, Definition, Kind, Source, Unit, flag};
pub use file::{FileEntry, Files, StdFiles};
pub use frequent::Frequent;
pub use list::{split_identifiers, split_list};
pub use lookup::{Name, is_custom_name, resolve};
pub use number::format_g;
pub use server::{LoadOptions, Reload, ServerValues, Settings};
pub use session::{Change, Scope, SessionSettings};
pub use table::{SERVER_VERSION, Setting};
pub use value::{Value, parse_bool};
pub use view::{FileRow, SettingRow};
