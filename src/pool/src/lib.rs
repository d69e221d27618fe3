//! The thread pool: many clients, few threads.
//!
//! It knows no protocol and no SQL. A [`Client`] is somebody who is served in turns: a turn ends where the client would have to be waited for, and between
//! turns it holds no thread, whatever it has open. The postmaster makes the threads; the pool tells it when it wants one more.
//!
//! 1. [`Pool`] is the controller: it divides clients over [groups](Group), each the one with the fewest clients.
//! 2. A group has a set of sockets, a queue of clients whose turn is due, and workers. Workers without work wait on the set of sockets themselves:
//!    each is its group's listener when there is nothing else to do, and what comes wakes one. So with few clients a request costs no hand-over, and with many
//!    most of them are found by a worker that was about to look for the next one.
//! 3. `Seat` is a client's place, and decides who may serve it: one worker at a time, and no news is lost.
//! 4. `queue` decides who is next: who is to end, has been cancelled or has only its commit to finish, then logins (no more than half of the workers), then the lanes of sessions, one for
//!    each role in each database, by the time that they have had and their weight. Within a lane who is in a transaction goes first: it may hold what others wait for.
//! 5. A worker that must sleep within a statement says so ([`sync::WaitHooks`]), and another one works in its place. When it wakes it goes on at once; as
//!    many as there are too many then stand back at the end of their turns. A statement that runs for long does not count after a while either: the system
//!    divides the time between it and the others, as it does between processes.
//! 6. The scheduler sees to what nobody sees who works: long statements, long queues, workers that there is no use for. It sleeps while nothing happens.
//!
//! Invariants
//! - I1. A client is served by one thread at a time. Its phase changes by atomic steps only; the drawing is in `seat`.
//! - I2. After the last news for a client (input, an interrupt) it has a turn, or is having one that began later.
//! - I3. While a group has clients whose turn is due, some worker is at work, or one was called.
//! - I4. `active` workers of a group are those that have a turn's work in hand, or wait for sockets. Beyond the group's size and its long statements
//!   a worker takes no further turn.
//!
//! Locks: a group's floor and a group's seats are leaves; a client is served under its seat's lock, which nobody waits for.
//! Limits: [`limits`]. Source: openGauss's thread pool for the objects and their settings; MariaDB's for workers that listen and the watch over long
//! statements.
#![forbid(unsafe_code)]

mod attributes;
mod group;
pub mod limits;
mod pool;
mod queue;
mod scheduler;
mod seat;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod worker;

pub use attributes::{Attributes, Binding};
pub use group::Group;
pub use pool::{Pool, PoolSettings};
pub use seat::{Place, SeatStatus};
pub use worker::Orders;

use report::Result;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;
use sync::Interrupts;

/// Somebody who is served in turns.
pub trait Client: Send + 'static {
    /// What a worker lends to each client that it serves: buffers.
    type Desk: Default + Send;

    /// Serves what there is. `has_ended`: the other end sends nothing more.
    fn serve(&mut self, desk: &mut Self::Desk, has_ended: bool) -> Turn;

    /// Its socket.
    fn socket(&self) -> BorrowedFd<'_>;

    /// Where it is told things.
    fn interrupts(&self) -> Arc<Interrupts>;

    /// It has a seat. Every interrupt that is raised is to ring there, and every wait within a turn to be told.
    fn seated(&mut self, place: Arc<dyn Place>);

    /// What it is, after a turn.
    fn standing(&self) -> Standing;

    /// Its turn is not now. Called before it is put into the queue, unless it is served at once.
    fn queued(&mut self);

    /// It has waited for its turn for so long, and so many are before it.
    fn tell_queued(&mut self, waited: Duration, before: usize);
}

/// What a turn came to.
#[derive(Debug)]
pub enum Turn {
    /// The client is to say something, or there is to be news.
    Waits,
    /// The client is to read what it was sent.
    WaitsForRoom,
    /// There is more to do, after others have had their turn.
    Yields,
    /// The client is gone. Errors: what shows that the instance cannot go on.
    Over(Result<()>),
}

/// What a client is to the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Its session's number; 0 until it has one.
    pub session: i32,
    /// Its lane; none until it has logged in.
    pub lane: Option<LaneKey>,
    /// It is in a transaction: it may hold what others wait for, and goes first.
    pub in_transaction: bool,
    /// It has committed but for what is to be done when the log is on disk: others wait for its locks, and it goes before all.
    pub is_committing: bool,
    /// How its lane is treated.
    pub terms: Terms,
}

/// Sessions that are treated as one: a role's in a database.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct LaneKey {
    /// The role's oid.
    pub role: u32,
    /// The database's oid.
    pub database: u32,
    /// The role is a superuser.
    pub is_superuser: bool,
}

/// How a lane is treated, and a client in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Its share of the pool beside others.
    pub weight: u32,
    /// Most workers that serve it at a time; 0 for no limit.
    pub workers_max: u32,
    /// Longest time in the queue in milliseconds; 0 for any.
    pub queue_timeout_ms: u32,
    /// Time in the queue in milliseconds after which the client is told; 0 for never.
    pub queue_notice_ms: u32,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms { weight: 100, workers_max: 0, queue_timeout_ms: 0, queue_notice_ms: 0 }
    }
}
