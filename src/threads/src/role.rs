//! The type of the role entry table's rows.

use report::Result;

/// Longest name of a thread: what the kernel keeps.
pub const THREAD_NAME_BYTES_MAX: usize = 15;

/// Whether a role that ended is started again while it is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// Always: at once after the first failure, later after a growing pause.
    Always,
    /// Never: its end is an event of its own (startup, a session).
    Never,
}

/// A row of the role entry table. `C` is what the role is given; `W` says when it is wanted.
#[derive(Debug)]
pub struct RoleEntry<C: 'static, W: 'static> {
    /// The thread's name; roles of which there are several get a number behind it.
    pub name: &'static str,
    /// What `pg_stat_activity.backend_type` and `%b` say.
    pub backend_type: &'static str,
    /// When it is wanted.
    pub wanted: W,
    /// Whether it is started again.
    pub restart: Restart,
    /// Its stack in bytes.
    pub stack_bytes: usize,
    /// What it runs.
    pub entry: fn(C) -> Result<()>,
}
