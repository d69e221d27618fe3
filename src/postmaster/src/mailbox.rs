//! What threads tell the postmaster: it is woken and reads it when it is safe to act.

use crate::client::ParkedClient;
use host::Notifier;
use threads::{ExitReport, ExitSink};

/// What a thread may ask of the postmaster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Read the settings again (`pg_reload_conf`).
    Reload,
    /// Rotate the log (`pg_rotate_logfile`).
    RotateLog,
    /// Start an autovacuum worker.
    StartWorker,
    /// Start a worker of the thread pool.
    StartPoolWorker,
    /// The thread pool is closing, and its last client has gone.
    PoolEmptied,
    /// The startup role replays as a standby.
    RecoveryStarted,
    /// The standby is consistent.
    HotStandbyReached,
    /// A fault on purpose waits at this point: bring somebody there.
    Strike(String),
}

/// One letter.
pub enum Letter {
    /// A thread has ended.
    Ended(ExitReport),
    /// A session goes on when there is an instance again. Its thread ends.
    Parked(Box<ParkedClient>),
    /// A thread wants something.
    Command(Command),
}

/// The postmaster's mailbox. Posting never blocks.
pub struct Mailbox {
    letters: sync::Mailbox<Letter>,
}

impl Mailbox {
    /// An empty one, whose reader waits on the poller of this notifier.
    pub fn new(notifier: Notifier) -> Mailbox {
        Mailbox { letters: sync::Mailbox::new(Box::new(move || notifier.notify())) }
    }

    /// Asks for something.
    pub fn post(&self, command: Command) {
        self.letters.put(Letter::Command(command));
    }

    /// Hands over a session that goes on in the next instance.
    pub fn park(&self, client: ParkedClient) {
        self.letters.put(Letter::Parked(Box::new(client)));
    }

    /// All letters, in order of arrival.
    pub fn take(&self) -> Vec<Letter> {
        self.letters.take()
    }
}

impl ExitSink for Mailbox {
    fn exited(&self, report: ExitReport) {
        self.letters.put(Letter::Ended(report));
    }
}
