//! Limits of this crate, each with its unit and what happens beyond it.

/// Workers of the pool that `thread_pool_attr` may ask for; more is an error.
pub const WORKERS_MAX: usize = 4096;
/// Groups that `thread_pool_attr` may ask for; more is an error.
pub const GROUPS_MAX: usize = 64;
/// Sockets that one look at a group's set reports; the others are reported by the next.
pub const REPORTS_MAX: usize = 64;
/// Microseconds after which a worker that has a queue to serve looks at the sockets all the same, while all clients share a lane: it spares the others the
/// look.
pub const LOOK_EVERY_US: u64 = 100;
/// As before, while there are clients of several lanes: one of another lane may have come, whose turn is now. In effect after each turn.
pub const LOOK_AMONG_LANES_US: u64 = 20;
/// Microseconds that a turn may take before its worker does not count any more, and another one works beside it.
pub const LONG_TURN_US: u64 = 10_000;
/// Microseconds of a turn that count for its lane at most: what it did beside is waiting, as a rule.
pub const CHARGE_US_MAX: u64 = 10_000;
/// Turns in a row that clients in a transaction have before one outside has its.
pub const INSIDE_RUN_MAX: u32 = 16;
/// Ticks without anything to see to after which the scheduler sleeps until it is woken.
pub const QUIET_TICKS: u32 = 20;
/// Turns in a row of the same client after which it is taken to be alone, and worth being waited for without sleeping.
pub const ALONE_TURNS: u32 = 8;
/// Microseconds for which a worker looks for work without sleeping when several clients are at work: others may need the core.
pub const SHORT_SPIN_US: u64 = 10;
