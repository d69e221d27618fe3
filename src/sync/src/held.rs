//! What this thread holds: the count that decides whether a panic cost one session or the instance.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::panicking;

/// Ranks remembered per thread; deeper nesting is not checked.
#[cfg(debug_assertions)]
const RANKS_MAX: usize = 32;

struct Held {
    exclusive: Cell<u32>,
    critical: Cell<u32>,
    /// A panic unwound through a guard that was taken before it.
    unclean: Cell<bool>,
    #[cfg(debug_assertions)]
    ranks: Cell<[(u16, &'static str); RANKS_MAX]>,
    #[cfg(debug_assertions)]
    depth: Cell<usize>,
}

impl Held {
    const fn nothing() -> Held {
        Held {
            exclusive: Cell::new(0),
            critical: Cell::new(0),
            unclean: Cell::new(false),
            #[cfg(debug_assertions)]
            ranks: Cell::new([(0, ""); RANKS_MAX]),
            #[cfg(debug_assertions)]
            depth: Cell::new(0),
        }
    }
}

// A model checker runs all threads of a model on one of the system's, and has variables of its own for them.
#[cfg(not(any(loom, shuttle)))]
thread_local! { static HELD: Held = const { Held::nothing() } }
#[cfg(loom)]
loom::thread_local! { static HELD: Held = Held::nothing() }
#[cfg(shuttle)]
shuttle::thread_local! { static HELD: Held = Held::nothing() }

/// True while this thread holds a shared lock exclusively.
pub fn holds_exclusive() -> bool {
    HELD.with(|held| held.exclusive.get() > 0)
}

/// True inside a [`CriticalSection`].
pub fn in_critical_section() -> bool {
    HELD.with(|held| held.critical.get() > 0)
}

/// Counts one exclusive hold of something shared, for as long as it lives.
/// For locks made outside this crate (a buffer's content lock); [`crate::Mutex`] and [`crate::RwLock`] do it by themselves.
#[derive(Debug)]
pub struct ExclusiveMark {
    taken_in_panic: bool,
    not_send: PhantomData<*const ()>,
}

impl ExclusiveMark {
    /// Counts the hold.
    #[inline]
    #[allow(clippy::new_without_default)]
    pub fn new() -> ExclusiveMark {
        HELD.with(|held| held.exclusive.set(held.exclusive.get() + 1));
        ExclusiveMark { taken_in_panic: panicking(), not_send: PhantomData }
    }

    /// True if a panic unwinds through the hold, so that what it protects may be half changed.
    #[inline]
    pub fn is_unwound(&self) -> bool {
        panicking() && !self.taken_in_panic
    }
}

impl Drop for ExclusiveMark {
    #[inline]
    fn drop(&mut self) {
        HELD.with(|held| held.exclusive.set(held.exclusive.get() - 1));
        note_unwind(self.taken_in_panic);
    }
}

/// A stretch of code that must run to its end: from the first change of a page to the insertion of its WAL record.
/// Inside it an error cannot be rolled back, so whoever returns an error from it makes it a PANIC.
#[derive(Debug)]
pub struct CriticalSection {
    entered_in_panic: bool,
    not_send: PhantomData<*const ()>,
}

impl CriticalSection {
    /// Enters; dropping the value leaves. They nest.
    #[inline]
    pub fn enter() -> CriticalSection {
        HELD.with(|held| held.critical.set(held.critical.get() + 1));
        CriticalSection { entered_in_panic: panicking(), not_send: PhantomData }
    }
}

impl Drop for CriticalSection {
    #[inline]
    fn drop(&mut self) {
        HELD.with(|held| held.critical.set(held.critical.get() - 1));
        note_unwind(self.entered_in_panic);
    }
}

/// A guard that was taken by a destructor during the unwinding itself is released in order and proves nothing.
#[inline]
fn note_unwind(taken_in_panic: bool) {
    if panicking() && !taken_in_panic {
        HELD.with(|held| held.unclean.set(true));
    }
}

/// What [`catch`] found.
#[derive(Debug)]
pub struct Caught {
    /// The panic's message.
    pub message: String,
    /// Where it was and how it came there, if [`trace_panics`] was called.
    pub trace: Option<Trace>,
    /// It unwound through an exclusive lock or a critical section: the instance must be reinitialised.
    pub unclean: bool,
}

/// Where a panic was.
#[derive(Debug)]
pub struct Trace {
    /// File and line.
    pub place: String,
    /// The calls that led there, a line or two for each.
    pub calls: String,
}

thread_local! {
    static LAST_PANIC: RefCell<Option<(String, Backtrace)>> = const { RefCell::new(None) };
}

/// From now on a panic notes where it was, for [`catch`], and prints nothing. For the program, once.
pub fn trace_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        let trace = (place, Backtrace::force_capture());
        // A second panic during the first one's unwinding aborts; whichever is noted then does not matter.
        LAST_PANIC.with(|last| {
            if let Ok(mut last) = last.try_borrow_mut() {
                last.get_or_insert(trace);
            }
        });
    }));
}

/// Runs `body` and turns a Rust panic into a value.
///
/// Errors: [`Caught`] if `body` panicked.
pub fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Caught> {
    let before = HELD.with(|held| held.unclean.replace(false));
    let outcome = catch_unwind(AssertUnwindSafe(body));
    let unclean = HELD.with(|held| held.unclean.replace(before));
    outcome.map_err(|payload| {
        let trace = LAST_PANIC.with(RefCell::take);
        // Names are looked up here, on the thread that panicked: it takes a while, and nobody else waits for it.
        let trace = trace.map(|(place, calls)| Trace { place, calls: calls.to_string() });
        Caught { message: message_of(payload.as_ref()), trace, unclean }
    })
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "panic with a payload that is not text".to_owned(),
    }
}

/// Notes that a lock of this rank is about to be taken; panics if one of higher rank is held.
#[cfg(debug_assertions)]
pub(crate) fn push_rank(level: u16, name: &'static str, may_repeat: bool) {
    HELD.with(|held| {
        let (ranks, depth) = (held.ranks.get(), held.depth.get());
        for &(other, other_name) in &ranks[..depth.min(RANKS_MAX)] {
            let fine = other < level || (other == level && may_repeat) || panicking();
            assert!(fine, "lock order: taking {name} (rank {level}) while holding {other_name} (rank {other})");
        }
    });
    push_rank_unchecked(level, name);
}

/// Notes the hold of a lock that was tried, not waited for.
#[cfg(debug_assertions)]
pub(crate) fn push_rank_unchecked(level: u16, name: &'static str) {
    HELD.with(|held| {
        let (mut ranks, depth) = (held.ranks.get(), held.depth.get());
        if depth < RANKS_MAX {
            ranks[depth] = (level, name);
            held.ranks.set(ranks);
        }
        held.depth.set(depth + 1);
    });
}

/// Forgets the latest hold of this rank.
#[cfg(debug_assertions)]
pub(crate) fn pop_rank(level: u16) {
    HELD.with(|held| {
        let (mut ranks, depth) = (held.ranks.get(), held.depth.get());
        let known = depth.min(RANKS_MAX);
        if depth <= RANKS_MAX
            && let Some(at) = ranks[..known].iter().rposition(|&(other, _)| other == level)
        {
            ranks.copy_within(at + 1..known, at);
            held.ranks.set(ranks);
        }
        held.depth.set(depth.saturating_sub(1));
    });
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::{Mutex, Rank};

    const LOW: Rank = Rank::new(1, "low");

    #[test]
    fn panic_alone_is_clean() {
        let caught = catch(|| panic!("oops")).expect_err("it panics");
        assert_eq!((caught.message.as_str(), caught.unclean), ("oops", false));
    }

    #[test]
    fn panic_under_a_mutex_is_unclean() {
        let mutex = Mutex::new(LOW, 0);
        let caught = catch(|| {
            let _guard = mutex.lock();
            panic!("oops");
        })
        .expect_err("it panics");
        assert!(caught.unclean && !holds_exclusive());
        assert!(catch(|| ()).is_ok());
    }

    #[test]
    fn panic_in_a_critical_section_is_unclean() {
        let caught = catch(|| {
            let _section = CriticalSection::enter();
            assert!(in_critical_section());
            panic!("{}", 1);
        })
        .expect_err("it panics");
        assert!(caught.unclean && !in_critical_section());
    }

    #[test]
    fn a_lock_taken_while_unwinding_is_clean() {
        struct Cleaner<'a>(&'a Mutex<i32>);
        impl Drop for Cleaner<'_> {
            fn drop(&mut self) {
                *self.0.lock() += 1;
            }
        }
        let mutex = Mutex::new(LOW, 0);
        let caught = catch(|| {
            let _cleaner = Cleaner(&mutex);
            panic!("oops");
        })
        .expect_err("it panics");
        assert!(!caught.unclean);
        assert_eq!(*mutex.lock(), 1);
    }
}
