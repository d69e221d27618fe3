//! Requests for checkpoints, and the way back to those who wait for them.

use parking_lot::{Condvar, Mutex};
use report::{Result, error};
use std::sync::Arc;
use std::time::Duration;
use sync::{Interrupt, Interrupts};

/// What kind of checkpoint is wanted. Of several requests the next checkpoint takes everything together.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Wanted {
    /// Without pauses.
    pub immediate: bool,
    /// Even if nothing was logged.
    pub force: bool,
    /// Because the log has grown.
    pub by_log: bool,
    /// Because redo has ended.
    pub end_of_recovery: bool,
}

impl Wanted {
    fn and(self, other: Wanted) -> Wanted {
        Wanted {
            immediate: self.immediate || other.immediate,
            force: self.force || other.force,
            by_log: self.by_log || other.by_log,
            end_of_recovery: self.end_of_recovery || other.end_of_recovery,
        }
    }
}

/// The checkpointer's desk.
#[derive(Default)]
pub struct Checkpoints {
    desk: Mutex<Desk>,
    news: Condvar,
}

#[derive(Default)]
struct Desk {
    wanted: Option<Wanted>,
    /// Checkpoints started, ended, and the last one that failed.
    started: u64,
    ended: u64,
    failed: u64,
    /// Where the checkpointer sleeps.
    checkpointer: Option<Arc<Interrupts>>,
}

/// How long somebody who waits for a checkpoint goes without looking at his own interrupts.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Checkpoints {
    /// Nothing is wanted.
    pub fn new() -> Checkpoints {
        Checkpoints::default()
    }

    /// The checkpointer is here, and is woken so. What one before it did not end has failed.
    pub fn attend(&self, interrupts: &Arc<Interrupts>) {
        self.desk.lock().checkpointer = Some(interrupts.clone());
        if self.is_one_under_way() {
            self.end(false);
        }
    }

    /// True between the beginning of a checkpoint and its end.
    pub fn is_one_under_way(&self) -> bool {
        let desk = self.desk.lock();
        desk.ended < desk.started
    }

    /// Asks for a checkpoint and goes on.
    pub fn request(&self, wanted: Wanted) {
        let mut desk = self.desk.lock();
        desk.wanted = Some(desk.wanted.unwrap_or_default().and(wanted));
        if let Some(checkpointer) = &desk.checkpointer {
            checkpointer.raise(Interrupt::Work);
        }
    }

    /// True if the one under way should hurry.
    pub fn wants_haste(&self) -> bool {
        self.desk.lock().wanted.is_some_and(|wanted| wanted.immediate)
    }

    /// Asks for a checkpoint and waits until one that began later has ended. `check` is asked now and then whether to go on
    /// waiting. Errors: the checkpoint failed; those of `check`.
    pub fn request_and_wait(&self, wanted: Wanted, check: &dyn Fn() -> Result<()>) -> Result<()> {
        let before = {
            let desk = self.desk.lock();
            (desk.started, desk.failed)
        };
        self.request(wanted);
        let mut desk = self.desk.lock();
        while desk.ended <= before.0 || desk.ended < desk.started {
            if desk.failed > before.0 {
                break;
            }
            self.news.wait_for(&mut desk, LOOK_EVERY);
            drop(desk);
            check()?;
            desk = self.desk.lock();
        }
        if desk.failed > before.0.max(before.1) {
            return Err(error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "checkpoint request failed")
                .hint("Consult recent messages in the server log for details."));
        }
        Ok(())
    }

    /// Takes what is wanted; the checkpointer begins with it now.
    pub fn begin(&self, by_time: bool) -> Option<Wanted> {
        let mut desk = self.desk.lock();
        let wanted = desk.wanted.take().or(by_time.then(Wanted::default))?;
        desk.started += 1;
        Some(wanted)
    }

    /// The one that was begun has ended.
    pub fn end(&self, is_good: bool) {
        let mut desk = self.desk.lock();
        desk.ended = desk.started;
        if !is_good {
            desk.failed = desk.started;
        }
        self.news.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_together() {
        let desk = Checkpoints::new();
        assert_eq!(desk.begin(false), None);
        desk.request(Wanted { force: true, ..Wanted::default() });
        desk.request(Wanted { immediate: true, ..Wanted::default() });
        assert!(desk.wants_haste());
        assert_eq!(desk.begin(true), Some(Wanted { force: true, immediate: true, ..Wanted::default() }));
        assert_eq!(desk.begin(true), Some(Wanted::default()));
    }

    #[test]
    fn what_a_checkpointer_leaves_undone_has_failed_when_the_next_one_comes() {
        let desk = Checkpoints::new();
        assert!(!desk.is_one_under_way());
        desk.begin(true).unwrap();
        assert!(desk.is_one_under_way());
        desk.attend(&Arc::new(Interrupts::new()));
        assert!(!desk.is_one_under_way());
    }

    #[test]
    fn waits_for_one_that_began_later() {
        let desk = Arc::new(Checkpoints::new());
        desk.begin(true).unwrap();
        let waiter = {
            let desk = desk.clone();
            std::thread::spawn(move || desk.request_and_wait(Wanted::default(), &|| Ok(())))
        };
        let wanted = loop {
            desk.end(true);
            if let Some(wanted) = desk.begin(false) {
                break wanted;
            }
            std::thread::yield_now();
        };
        assert_eq!(wanted, Wanted::default());
        desk.end(false);
        assert_eq!(waiter.join().unwrap().unwrap_err().message(), "checkpoint request failed");
    }

    #[test]
    fn a_waiter_heeds_his_own_interrupts() {
        let desk = Checkpoints::new();
        let refused = desk.request_and_wait(Wanted::default(), &|| Err(error!(QUERY_CANCELED, "enough")));
        assert_eq!(refused.unwrap_err().message(), "enough");
    }
}
