//! Starting a thread, and what becomes of it.

use crate::THREAD_NAME_BYTES_MAX;
use report::{Error, Result, Severity};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use sync::Caught;

/// The number of a thread in its owner's table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChildId(pub u64);

/// How a thread ended.
#[derive(Debug)]
pub enum Exit {
    /// It did what it was for, or was told to end.
    Clean,
    /// It gave up with an error; what it shares with others is in order.
    Fatal(Error),
    /// A Rust panic.
    Panicked(Caught),
    /// It ended, however well, while it still held a shared lock exclusively or a critical section: nobody can ever have them again.
    Leaked(Option<Error>),
}

impl Exit {
    /// True if the instance cannot go on: an explicit PANIC, or a Rust panic over half-changed shared memory.
    pub fn is_crash(&self) -> bool {
        match self {
            Exit::Clean => false,
            Exit::Fatal(error) => error.fields().severity == Severity::Panic,
            Exit::Panicked(caught) => caught.unclean,
            Exit::Leaked(_) => true,
        }
    }

    /// How the present thread's body ended. Everything that it owned is gone, so what is held now is held for good.
    fn of(outcome: std::result::Result<Result<()>, Caught>) -> Exit {
        let leaks = sync::holds_exclusive() || sync::in_critical_section();
        match outcome {
            Err(caught) => Exit::Panicked(Caught { unclean: caught.unclean || leaks, ..caught }),
            Ok(result) if leaks => Exit::Leaked(result.err()),
            Ok(Ok(())) => Exit::Clean,
            Ok(Err(error)) => Exit::Fatal(error),
        }
    }
}

/// The last message of a thread.
#[derive(Debug)]
pub struct ExitReport {
    /// Which thread.
    pub id: ChildId,
    /// How it ended.
    pub exit: Exit,
    /// The session that it served then, 0 for none.
    pub session: i32,
    /// The statement that it ran, cut; empty if none.
    pub statement: String,
}

/// Who is told that a thread has ended. Called on that thread, as the last thing it does.
pub trait ExitSink: Send + Sync {
    /// Takes the report. Must not block.
    fn exited(&self, report: ExitReport);
}

/// A running thread.
#[derive(Debug)]
pub struct Child {
    /// Its number.
    pub id: ChildId,
    handle: JoinHandle<()>,
}

impl Child {
    /// Waits until the thread is gone. After its report this takes no time worth mentioning.
    pub fn join(self) {
        // A panic was caught inside; the only one left would be of the sink, and it has been printed.
        let _ = self.handle.join();
    }

    /// True if the thread has ended, whether or not its report was read.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

/// Starts a thread. Panics if the name is longer than the kernel keeps.
///
/// Errors: the system has no room for a thread.
pub fn spawn(
    name: &str,
    stack_bytes: usize,
    id: ChildId,
    sink: Arc<dyn ExitSink>,
    body: impl FnOnce() -> Result<()> + Send + 'static,
) -> io::Result<Child> {
    assert!(name.len() <= THREAD_NAME_BYTES_MAX, "thread name {name} is too long");
    let run = move || {
        let exit = Exit::of(sync::catch(body));
        let note = sync::noted();
        let statement = String::from_utf8_lossy(note.statement()).into_owned();
        sink.exited(ExitReport { id, exit, session: note.session, statement });
    };
    let handle = Builder::new().name(name.to_owned()).stack_size(stack_bytes).spawn(run)?;
    Ok(Child { id, handle })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    struct ToChannel(mpsc::Sender<ExitReport>);
    impl ExitSink for ToChannel {
        fn exited(&self, report: ExitReport) {
            self.0.send(report).unwrap();
        }
    }

    fn exit_of(body: impl FnOnce() -> Result<()> + Send + 'static) -> Exit {
        let (sender, receiver) = mpsc::channel();
        let child = spawn("test", 1 << 18, ChildId(1), Arc::new(ToChannel(sender)), body).unwrap();
        let report = receiver.recv().unwrap();
        assert_eq!(report.id, child.id);
        child.join();
        report.exit
    }

    #[test]
    fn tells_how_a_thread_ended() {
        assert!(matches!(exit_of(|| Ok(())), Exit::Clean));
        let fatal = exit_of(|| Err(report::error!(ADMIN_SHUTDOWN, "bye").severity(Severity::Fatal)));
        assert!(matches!(fatal, Exit::Fatal(_)) && !fatal.is_crash());
        assert!(exit_of(|| Err(report::error!(IO_ERROR, "fsync").severity(Severity::Panic))).is_crash());
        assert!(!exit_of(|| panic!("mine alone")).is_crash());
        assert!(
            exit_of(|| {
                let _section = sync::CriticalSection::enter();
                panic!("half done")
            })
            .is_crash()
        );
    }

    #[test]
    fn a_lock_that_is_never_given_back_is_a_crash() {
        let forget = || std::mem::forget(sync::ExclusiveMark::new());
        let exit = exit_of(move || {
            forget();
            Ok(())
        });
        assert!(matches!(exit, Exit::Leaked(None)) && exit.is_crash());
        let exit = exit_of(move || {
            forget();
            panic!("and a panic")
        });
        assert!(exit.is_crash());
    }

    #[test]
    fn what_the_body_owns_is_gone_before_the_report() {
        let owned = Arc::new(());
        let kept = Arc::downgrade(&owned);
        assert!(matches!(
            exit_of(move || {
                let _owned = owned;
                panic!("with baggage")
            }),
            Exit::Panicked(Caught { unclean: false, .. })
        ));
        assert!(kept.upgrade().is_none());
    }
}
