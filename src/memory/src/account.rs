//! A session's account, and the guards under which a thread counts for it, or for nobody.

use crate::limits::LIMIT_BYTES_MIN;
use crate::tally::{self, NONE, Tally};
use report::{Error, Result, SqlState};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, Ordering};

/// What a session holds. Written by the thread that serves it, read by all. Unit: bytes.
#[derive(Debug)]
pub struct Account {
    /// Between turns: what it holds. Within one: what it held when it last looked.
    held: AtomicI64,
    peak: AtomicI64,
    limit: AtomicI64,
}

impl Default for Account {
    fn default() -> Account {
        Account::new()
    }
}

impl Account {
    /// Holds nothing, and has no limit.
    pub const fn new() -> Account {
        Account { held: AtomicI64::new(0), peak: AtomicI64::new(0), limit: AtomicI64::new(NONE) }
    }

    /// From now on this thread counts for the session, until the guard is dropped.
    pub fn serve(&self) -> Serving<'_> {
        let (held, limit) = (self.held.load(Ordering::Relaxed), self.limit.load(Ordering::Relaxed));
        Serving { account: self, _before: Restore::after(Tally::new(held, limit)) }
    }

    /// What it holds, or held when a statement that runs last looked.
    pub fn held_bytes(&self) -> u64 {
        self.held.load(Ordering::Relaxed).try_into().unwrap_or(0)
    }

    /// The most that it was seen to hold.
    pub fn peak_bytes(&self) -> u64 {
        self.peak.load(Ordering::Relaxed).try_into().unwrap_or(0)
    }

    /// Sets its limit, or none. Called by the thread that serves it.
    pub fn set_limit(&self, bytes: Option<u64>) {
        let limit = bytes.map_or(NONE, |bytes| i64::try_from(bytes).unwrap_or(NONE).max(LIMIT_BYTES_MIN));
        if self.limit.load(Ordering::Relaxed) != limit {
            self.limit.store(limit, Ordering::Relaxed);
            tally::replace(Tally::new(tally::current().held, limit));
        }
    }

    /// Shows others what it holds now. Called by the thread that serves it.
    pub fn publish(&self) {
        // What others have made and it has given back is no credit: see the crate's I1.
        let held = tally::current().held.max(0);
        self.held.store(held, Ordering::Relaxed);
        if held > self.peak.load(Ordering::Relaxed) {
            self.peak.store(held, Ordering::Relaxed);
        }
    }

    /// Looks at what it holds when that is [due](crate::is_due). Called by the thread that serves it. Errors: 53200, it is more than its limit.
    #[cold]
    pub fn look(&self) -> Result<()> {
        self.publish();
        let Tally { held, limit, .. } = tally::current();
        if held > limit {
            return Err(too_much(held, 0, limit));
        }
        tally::replace(Tally::new(held, limit));
        Ok(())
    }
}

/// 53200. The session asked for so much more.
pub(crate) fn too_much(held: i64, more: i64, limit: i64) -> Error {
    let (held, limit) = (held >> 10, limit >> 10);
    let detail = match more >> 10 {
        0 => format!("The session holds {held} kB of memory, and its limit is {limit} kB."),
        more => {
            format!(
                "The session holds {held} kB of memory and asked for {more} kB at once, and its limit is {limit} kB."
            )
        }
    };
    Error::new(SqlState::OUT_OF_MEMORY, "out of memory")
        .detail(detail)
        .hint("The configuration parameter \"session_memory_limit\" sets this limit.")
}

/// What the thread counted before, counted again when it is dropped. Not for another thread.
struct Restore(Tally, PhantomData<*const ()>);

impl Restore {
    fn after(next: Tally) -> Restore {
        Restore(tally::replace(next), PhantomData)
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        tally::replace(self.0);
    }
}

/// A thread counts for a session. Dropped, the account has the session's balance again.
pub struct Serving<'a> {
    account: &'a Account,
    /// Dropped after the account was written.
    _before: Restore,
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.account.publish();
    }
}

/// What a thread takes and gives back meanwhile is not its session's: it is made for all.
pub struct Aside(#[expect(dead_code, reason = "it counts again when it is dropped")] Restore);

impl Aside {
    /// From now on nothing is counted, until it is dropped.
    pub fn begin() -> Aside {
        Aside(Restore::after(Tally::IDLE))
    }
}

/// A session may take what it needs meanwhile: it is about to give back what it holds.
pub struct Unlimited(i64, PhantomData<*const ()>);

impl Unlimited {
    /// From now on there is no limit, until it is dropped.
    pub fn begin() -> Unlimited {
        let Tally { held, limit, .. } = tally::current();
        tally::replace(Tally::new(held, NONE));
        Unlimited(limit, PhantomData)
    }
}

impl Drop for Unlimited {
    fn drop(&mut self) {
        tally::replace(Tally::new(tally::current().held, self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{give_up, is_due, room_for, take_over};

    const MB: i64 = 1 << 20;

    #[test]
    fn an_account_is_looked_at_each_step_and_ends_at_its_limit() {
        let account = Account::new();
        let _turn = account.serve();
        account.set_limit(Some(4 << 20));
        assert!(!is_due());
        take_over(2 * MB);
        assert!(is_due() && account.look().is_ok() && !is_due());
        assert_eq!(account.held_bytes(), 2 << 20);
        assert!(room_for(1 << 20).is_ok() && room_for(3 << 20).is_err());
        take_over(3 * MB);
        let error = account.look().unwrap_err();
        assert_eq!((error.code(), is_due()), (SqlState::OUT_OF_MEMORY, true));
        let detail = "The session holds 5120 kB of memory, and its limit is 4096 kB.";
        assert_eq!(error.fields().detail.as_deref(), Some(detail));
        drop(error);
        give_up(3 * MB);
        assert!(!is_due() && account.look().is_ok());
        assert_eq!((account.held_bytes(), account.peak_bytes()), (2 << 20, 5 << 20));
    }

    #[test]
    fn a_session_over_its_limit_may_give_back() {
        let account = Account::new();
        account.set_limit(Some(1));
        let _turn = account.serve();
        take_over(2 * MB);
        assert!(is_due() && account.look().is_err());
        {
            let _relief = Unlimited::begin();
            assert!(!is_due());
            take_over(2 * MB);
            assert!(account.look().is_ok());
        }
        assert!(is_due() && account.look().is_err());
        give_up(4 * MB);
        assert!(!is_due());
    }

    #[test]
    fn what_is_made_for_all_is_nobodys() {
        let account = Account::new();
        let before = tally::current();
        {
            let _turn = account.serve();
            take_over(10);
            {
                let _aside = Aside::begin();
                take_over(5 * MB);
                assert!(!is_due());
            }
        }
        assert_eq!(account.held_bytes(), 10);
        assert_eq!(tally::current(), before);
    }

    #[test]
    fn what_others_made_is_no_credit() {
        let account = Account::new();
        {
            let _turn = account.serve();
            give_up(MB);
        }
        let _turn = account.serve();
        take_over(7);
        account.publish();
        assert_eq!(account.held_bytes(), 7);
    }
}
