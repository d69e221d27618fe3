//! Tells a thread pool that one of its workers sleeps.

/// What a thread sleeps for. `pg_stat_activity` shows it as `wait_event_type` and `wait_event`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitKind {
    /// A table, row or advisory lock.
    Lock(&'static str),
    /// WAL to reach the disk.
    WalFlush,
    /// Bytes from or to the client.
    Client(&'static str),
    /// A page's content lock or pin.
    Buffer(&'static str),
    /// A file.
    Io(&'static str),
    /// The clock (`pg_sleep`).
    Timeout(&'static str),
    /// Another session or role.
    Ipc(&'static str),
    /// A role's idle loop.
    Activity(&'static str),
}

/// Told of every sleep that may be long, by [`Waiting`]. The calls pair and do not nest.
pub trait WaitHooks: Send + Sync {
    /// The thread is about to sleep.
    fn begin_wait(&self, kind: WaitKind);
    /// It woke.
    fn end_wait(&self);
    /// Something about the wait that the server's log is to say, with a detail, which may be empty.
    fn tell_log(&self, _: &str, _: &str) {}
    /// Passes a point at which a fault on purpose may strike, after [`crate::Interrupt::Fault`]. Errors, panics or worse: the fault.
    fn strike(&self) -> report::Result<()> {
        Ok(())
    }
    /// Looks at what the session holds in memory, when that is due. Errors: 53200, it is too much.
    fn look_at_memory(&self) -> report::Result<()> {
        Ok(())
    }
    /// Looks whether the client has gone, after [`crate::Interrupt::CheckClient`]: nobody waits for the outcome any more.
    fn is_abandoned(&self) -> bool {
        false
    }
}

/// A wait that its hooks were told of; they are told of its end when it is dropped, however that comes.
pub struct Waiting<'a>(&'a dyn WaitHooks);

impl<'a> Waiting<'a> {
    /// The thread is about to sleep.
    pub fn begin(hooks: &'a dyn WaitHooks, kind: WaitKind) -> Waiting<'a> {
        hooks.begin_wait(kind);
        Waiting(hooks)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.end_wait();
    }
}

/// Nobody wants to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl WaitHooks for NoHooks {
    fn begin_wait(&self, _: WaitKind) {}
    fn end_wait(&self) {}
}
