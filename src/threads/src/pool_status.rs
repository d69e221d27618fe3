//! What the groups of a thread pool tell of themselves.

/// A group of workers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupStatus {
    /// Its number.
    pub group: usize,
    /// Workers that may be active.
    pub size: usize,
    /// Workers there are.
    pub workers: usize,
    /// Those that have a turn's work in hand.
    pub serving: usize,
    /// Those that wait for clients.
    pub listening: usize,
    /// Those whose turn waits for something.
    pub waiting: usize,
    /// Those that stand back.
    pub idle: usize,
    /// Those whose turn has lasted so long that another works beside them.
    pub long: usize,
    /// Clients.
    pub sessions: usize,
    /// Clients whose turn is due.
    pub queued: usize,
}
