//! `idle_session_timeout` and `idle_in_transaction_session_timeout`: timers that run while a session waits for its client.

use instance::{Instance, Timer};
use report::{Error, Severity, SqlState};
use std::sync::Arc;
use std::time::Duration;
use sync::{Interrupt, Interrupts};

/// A session's two timers, made when they are first needed.
#[derive(Default)]
pub(crate) struct IdleClock {
    outside: Option<Arc<Timer>>,
    inside: Option<Arc<Timer>>,
    is_running: bool,
}

impl IdleClock {
    /// The client is waited for, and has so long. A clock that runs already runs on.
    pub(crate) fn start(
        &mut self,
        instance: &Instance,
        interrupts: &Arc<Interrupts>,
        interrupt: Interrupt,
        limit: Duration,
    ) {
        if std::mem::replace(&mut self.is_running, true) {
            return;
        }
        let timer = match interrupt {
            Interrupt::IdleSessionTimeout => &mut self.outside,
            _ => &mut self.inside,
        };
        let timer = timer.get_or_insert_with(|| Timer::new(Arc::clone(interrupts), interrupt));
        instance.timers.arm(timer, limit);
    }

    /// The client has said something.
    pub(crate) fn stop(&mut self, interrupts: &Interrupts) {
        if !std::mem::take(&mut self.is_running) {
            return;
        }
        self.timers().for_each(|timer| timer.disarm());
        interrupts.take(Interrupt::IdleSessionTimeout);
        interrupts.take(Interrupt::IdleInTransactionTimeout);
    }

    /// The session ends.
    pub(crate) fn forget(&mut self, instance: &Instance) {
        self.timers().for_each(|timer| instance.timers.withdraw(timer));
    }

    fn timers(&self) -> impl Iterator<Item = &Arc<Timer>> {
        self.outside.iter().chain(&self.inside)
    }
}

pub(crate) fn idle_session() -> Error {
    let text = "terminating connection due to idle-session timeout";
    Error::with_severity(Severity::Fatal, SqlState::IDLE_SESSION_TIMEOUT, text)
}

pub(crate) fn idle_in_transaction() -> Error {
    let text = "terminating connection due to idle-in-transaction timeout";
    Error::with_severity(Severity::Fatal, SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT, text)
}
