//! Faults on purpose: what makes a role, a session or the postmaster fail in a test.
//!
//! A *point* is a place that a thread passes again and again: a role's rest between two pieces of work (point `bgwriter`), the
//! beginning of a session's statement (point `session`, or `session 42` for that one alone). A fault is armed at a point for its n-th passage
//! and strikes once. Where nothing is armed a passage costs one relaxed load.

use report::{Error, Result, Severity, SqlState};
use std::sync::atomic::{AtomicUsize, Ordering};
use sync::{ExclusiveMark, Mutex, rank};

/// How somebody is to fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// By an error that ends the thread.
    Fatal,
    /// By an error after which the instance cannot go on.
    Panic,
    /// By a Rust panic that holds nothing shared.
    RustPanic,
    /// By a Rust panic under an exclusive lock of something shared.
    RustPanicLocked,
    /// By never returning.
    Hang,
    /// By a write to where there is no memory.
    Segv,
    /// By `abort()`.
    Abort,
    /// By calls without end.
    StackOverflow,
    /// By an error that ends the thread while a shared lock is never given back.
    Leak,
}

impl FaultKind {
    /// All kinds.
    pub const ALL: [FaultKind; 9] = [
        FaultKind::Fatal,
        FaultKind::Panic,
        FaultKind::RustPanic,
        FaultKind::RustPanicLocked,
        FaultKind::Hang,
        FaultKind::Segv,
        FaultKind::Abort,
        FaultKind::StackOverflow,
        FaultKind::Leak,
    ];

    /// Its name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::Fatal => "fatal",
            FaultKind::Panic => "panic",
            FaultKind::RustPanic => "rust_panic",
            FaultKind::RustPanicLocked => "rust_panic_locked",
            FaultKind::Hang => "hang",
            FaultKind::Segv => "segv",
            FaultKind::Abort => "abort",
            FaultKind::StackOverflow => "stack_overflow",
            FaultKind::Leak => "leak",
        }
    }

    /// The kind of this name.
    pub fn by_name(name: &str) -> Option<FaultKind> {
        FaultKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Lets it happen, on this thread. Errors, panics, hangs or ends the process, as the kind says.
    fn strike(self, point: &str) -> Result<()> {
        let text = format!("fault on purpose at \"{point}\"");
        let error = |severity| Err(Error::with_severity(severity, SqlState::INTERNAL_ERROR, text.clone()));
        match self {
            FaultKind::Fatal => error(Severity::Fatal),
            FaultKind::Panic => error(Severity::Panic),
            FaultKind::RustPanic => panic!("{text}"),
            FaultKind::RustPanicLocked => {
                let _lock = ExclusiveMark::new();
                panic!("{text}")
            }
            FaultKind::Hang => loop {
                std::thread::park();
            },
            FaultKind::Segv => host::crash::write_to_nowhere(),
            FaultKind::Abort => std::process::abort(),
            FaultKind::StackOverflow => {
                exhaust_stack(0);
                Ok(())
            }
            FaultKind::Leak => {
                std::mem::forget(ExclusiveMark::new());
                error(Severity::Fatal)
            }
        }
    }
}

/// Calls itself until the stack ends.
#[allow(unconditional_recursion)]
fn exhaust_stack(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    exhaust_stack(depth + 1) + std::hint::black_box(frame[0])
}

/// A fault that waits for its passage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArmedFault {
    /// Where.
    pub point: String,
    /// How.
    pub kind: FaultKind,
    /// Passages to go, the one that it strikes at included.
    pub passages: u64,
}

/// The faults that are armed.
#[derive(Debug)]
pub struct Faults {
    armed: Mutex<Vec<ArmedFault>>,
    count: AtomicUsize,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults { armed: Mutex::new(rank::LEAF, Vec::new()), count: AtomicUsize::new(0) }
    }
}

impl Faults {
    /// Arms one. One that is armed at the same point already stays: they strike one after the other.
    pub fn arm(&self, fault: ArmedFault) {
        let mut armed = self.armed.lock();
        armed.push(fault);
        self.count.store(armed.len(), Ordering::Relaxed);
    }

    /// Takes all back.
    pub fn disarm_all(&self) {
        self.armed.lock().clear();
        self.count.store(0, Ordering::Relaxed);
    }

    /// Those that wait.
    pub fn armed(&self) -> Vec<ArmedFault> {
        self.armed.lock().clone()
    }

    /// A passage of this point. Errors, panics, hangs or ends the process if a fault is due.
    #[inline]
    pub fn strike(&self, point: &str) -> Result<()> {
        if self.count.load(Ordering::Relaxed) == 0 { Ok(()) } else { self.pass(point) }
    }

    #[cold]
    fn pass(&self, point: &str) -> Result<()> {
        let due = {
            let mut armed = self.armed.lock();
            let Some(at) = armed.iter().position(|fault| fault.point == point) else { return Ok(()) };
            armed[at].passages = armed[at].passages.saturating_sub(1);
            if armed[at].passages > 0 {
                return Ok(());
            }
            let due = armed.remove(at);
            self.count.store(armed.len(), Ordering::Relaxed);
            due
        };
        due.kind.strike(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(point: &str, kind: FaultKind, passages: u64) -> ArmedFault {
        ArmedFault { point: point.to_owned(), kind, passages }
    }

    #[test]
    fn strikes_once_at_its_passage() {
        let faults = Faults::default();
        faults.arm(fault("bgwriter", FaultKind::Fatal, 2));
        faults.arm(fault("avworker 3", FaultKind::Panic, 1));
        assert!(faults.strike("walwriter").is_ok());
        assert!(faults.strike("bgwriter").is_ok());
        assert_eq!(faults.armed()[0], fault("bgwriter", FaultKind::Fatal, 1));
        assert_eq!(faults.strike("bgwriter").unwrap_err().fields().severity, Severity::Fatal);
        assert_eq!(faults.strike("avworker 3").unwrap_err().fields().severity, Severity::Panic);
        assert!(faults.strike("bgwriter").is_ok() && faults.armed().is_empty());
    }

    #[test]
    fn each_kind_has_its_name_and_its_way() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::by_name(kind.name()), Some(kind));
        }
        assert_eq!(FaultKind::by_name("flood"), None);
        assert!(!sync::catch(|| FaultKind::RustPanic.strike("x")).unwrap_err().unclean);
        assert!(sync::catch(|| FaultKind::RustPanicLocked.strike("x")).unwrap_err().unclean);
    }
}
