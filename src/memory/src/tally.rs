//! What the thread that runs has counted.

use crate::account::too_much;
use crate::limits::{LARGE_BYTES, STEP_BYTES};
use report::Result;
use std::cell::Cell;

/// No limit.
pub(crate) const NONE: i64 = i64::MAX;

/// A balance and what is to be seen to when it grows. Unit: bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    pub(crate) held: i64,
    /// Beyond this the account is to be looked at.
    pub(crate) look_at: i64,
    pub(crate) limit: i64,
}

impl Tally {
    /// Of nobody.
    pub(crate) const IDLE: Tally = Tally { held: 0, look_at: NONE, limit: NONE };

    /// Of a session that holds so much.
    pub(crate) fn new(held: i64, limit: i64) -> Tally {
        Tally { held, look_at: limit.min(held.saturating_add(STEP_BYTES)), limit }
    }
}

/// In cells of their own: the allocator writes one of them.
struct Place {
    held: Cell<i64>,
    look_at: Cell<i64>,
    limit: Cell<i64>,
}

thread_local! {
    static PLACE: Place =
        const { Place { held: Cell::new(0), look_at: Cell::new(NONE), limit: Cell::new(NONE) } };
}

/// So much more is held.
#[inline]
pub(crate) fn add(bytes: i64) {
    PLACE.with(|place| place.held.set(place.held.get().wrapping_add(bytes)));
}

pub(crate) fn current() -> Tally {
    PLACE.with(|place| Tally { held: place.held.get(), look_at: place.look_at.get(), limit: place.limit.get() })
}

pub(crate) fn replace(tally: Tally) -> Tally {
    let before = current();
    PLACE.with(|place| {
        place.held.set(tally.held);
        place.look_at.set(tally.look_at);
        place.limit.set(tally.limit);
    });
    before
}

/// True if whoever this thread serves is to look at its account: it has grown, or is over its limit.
#[inline]
pub fn is_due() -> bool {
    PLACE.with(|place| place.held.get() > place.look_at.get())
}

/// Asks for room for so many bytes that are about to be taken at once. Errors: 53200, they would be too much for who is served.
#[inline]
pub fn room_for(bytes: usize) -> Result<()> {
    if bytes < LARGE_BYTES { Ok(()) } else { room_for_much(bytes) }
}

#[cold]
fn room_for_much(bytes: usize) -> Result<()> {
    let Tally { held, limit, .. } = current();
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    if held.saturating_add(bytes) > limit { Err(too_much(held, bytes, limit)) } else { Ok(()) }
}

/// So many bytes that were somebody else's are from now on those of whom this thread serves.
pub fn take_over(bytes: i64) {
    add(bytes);
}

/// So many bytes are from now on somebody else's.
pub fn give_up(bytes: i64) {
    add(-bytes);
}
