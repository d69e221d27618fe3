//! Limits of this crate, each with its unit and what happens beyond it.

/// Largest session id. Ids start again at the bottom after it; `pg_backend_pid()` is an int4.
pub const SESSION_ID_MAX: i32 = i32::MAX;
/// Smallest session id: above every process id that Linux gives out (`pid_max` is at most 2^22), so that no id is ever the
/// server's own process id.
pub const SESSION_ID_MIN: i32 = (1 << 22) + 1;
/// Notices that one statement may raise before the rest are dropped: a function in a large query cannot fill the memory.
pub const NOTICES_MAX: usize = 10_000;

/// Messages of NOTIFY that wait for one session: beyond it, sending to its channels fails.
pub const NOTIFICATIONS_MAX: usize = 1_000_000;

const _: () = assert!(SESSION_ID_MIN < SESSION_ID_MAX);
