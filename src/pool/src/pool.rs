//! The controller: groups, and what they share.

use crate::Client;
use crate::group::Group;
use crate::scheduler::{self, Doze};
use crate::seat::SeatStatus;
use crate::worker::{Orders, Worker};
use report::Result;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use sync::{Interrupt, Mutex, rank};
use threads::GroupStatus;

/// What a pool is made with.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// The workers of each group.
    pub sizes: Vec<usize>,
    /// Most workers in all, those included that sleep within a turn.
    pub threads_max: usize,
    /// How long one idle worker of a group looks for work before it sleeps.
    pub spin: Duration,
    /// How long a worker stands back before it goes.
    pub worker_idle: Duration,
}

/// A way out of the pool.
pub type Call = Box<dyn Fn() + Send + Sync>;

/// What groups share.
pub(crate) struct Shared {
    start: Instant,
    /// Has a worker made.
    call: Call,
    /// The groups that it is to be for, in order.
    calls: Mutex<VecDeque<usize>>,
    /// Told when the last client has gone.
    emptied: Call,
    pub(crate) doze: Doze,
    clients: AtomicUsize,
    is_closing: AtomicBool,
    spin_us: AtomicU64,
    worker_idle_us: AtomicU64,
}

impl Shared {
    /// Microseconds since the pool was made.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Has a worker made for a group.
    pub(crate) fn call(&self, group: usize) {
        self.calls.lock().push_back(group);
        (self.call)();
    }

    pub(crate) fn clients(&self) -> usize {
        self.clients.load(Ordering::SeqCst)
    }

    /// True if the pool is closing, and this was the last one.
    pub(crate) fn client_left(&self) -> bool {
        let is_last = self.clients.fetch_sub(1, Ordering::SeqCst) == 1 && self.is_closing();
        if is_last {
            (self.emptied)();
        }
        is_last
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// True if nobody is left, and nobody will come.
    pub(crate) fn is_over(&self) -> bool {
        self.is_closing() && self.clients() == 0
    }

    pub(crate) fn spin(&self) -> Duration {
        Duration::from_micros(self.spin_us.load(Ordering::Relaxed))
    }

    pub(crate) fn worker_idle(&self) -> Duration {
        Duration::from_micros(self.worker_idle_us.load(Ordering::Relaxed))
    }
}

/// The pool.
pub struct Pool<C: Client> {
    pub(crate) groups: Vec<Arc<Group<C>>>,
    pub(crate) shared: Arc<Shared>,
}

impl<C: Client> Pool<C> {
    /// A pool without workers. `call` is to make a worker, a thread that calls [`Pool::work`]; `emptied` is called, once the pool is closing, when the
    /// last client has gone. Neither may wait.
    ///
    /// Errors: the system gives no set of sockets.
    pub fn new(settings: &PoolSettings, call: Call, emptied: Call) -> io::Result<Pool<C>> {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            call,
            calls: Mutex::new(rank::LEAF, VecDeque::new()),
            emptied,
            doze: Doze::default(),
            clients: AtomicUsize::new(0),
            is_closing: AtomicBool::new(false),
            spin_us: AtomicU64::new(0),
            worker_idle_us: AtomicU64::new(0),
        });
        let workers_max = settings.threads_max / settings.sizes.len().max(1);
        let make =
            |(number, size): (usize, &usize)| Group::new(number, *size, workers_max, Arc::clone(&shared)).map(Arc::new);
        let groups = settings.sizes.iter().enumerate().map(make).collect::<io::Result<_>>()?;
        let pool = Pool { groups, shared };
        pool.adjust(settings.spin, settings.worker_idle);
        Ok(pool)
    }

    /// Other times from now on.
    pub fn adjust(&self, spin: Duration, worker_idle: Duration) {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.shared.spin_us.store(us(spin), Ordering::Relaxed);
        self.shared.worker_idle_us.store(us(worker_idle), Ordering::Relaxed);
    }

    /// Calls the first workers, or those of them that are missing.
    pub fn start(&self) {
        self.groups.iter().for_each(|group| group.call_workers());
    }

    /// Gives a client a seat in the group that has the fewest. Errors: its socket cannot be watched.
    pub fn admit(&self, client: C) -> io::Result<()> {
        self.seat(|group| group.seat(client).map(drop))
    }

    /// As `admit`, for a client that may have news already.
    pub fn admit_again(&self, client: C) -> io::Result<()> {
        self.seat(|group| group.seat_again(client))
    }

    fn seat(&self, seat: impl FnOnce(&Arc<Group<C>>) -> io::Result<()>) -> io::Result<()> {
        let group = match &self.groups[..] {
            [group] => group,
            groups => groups.iter().min_by_key(|group| group.clients()).expect("a pool has a group"),
        };
        self.shared.clients.fetch_add(1, Ordering::SeqCst);
        seat(group).inspect_err(|_| _ = self.shared.client_left())
    }

    /// Clients that have a seat.
    pub fn clients(&self) -> usize {
        self.shared.clients()
    }

    /// Raises an interrupt with every client.
    pub fn raise(&self, interrupt: Interrupt) {
        self.groups.iter().for_each(|group| group.raise(interrupt));
    }

    /// Workers end, from now on, when no client is left.
    pub fn close(&self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        self.rouse();
        self.shared.doze.end();
    }

    /// Has all workers look at their orders.
    pub fn rouse(&self) {
        self.groups.iter().for_each(|group| group.rouse());
    }

    /// Works until told to end. Errors: its orders; a client that shows that the instance cannot go on.
    pub fn work(&self, orders: &dyn Orders) -> Result<()> {
        let called = self.shared.calls.lock().pop_front();
        called.map_or(Ok(()), |group| Worker::new(&self.groups[group], orders).run())
    }

    /// A worker that was called could not be made.
    pub fn not_coming(&self) {
        let called = self.shared.calls.lock().pop_front();
        if let Some(group) = called {
            self.groups[group].not_coming();
        }
    }

    /// Workers that may be active, in all groups, and groups.
    pub fn size(&self) -> (usize, usize) {
        (self.groups.iter().map(|group| group.status().size).sum(), self.groups.len())
    }

    /// Serves as the scheduler until told to end. Errors: its orders.
    pub fn schedule(&self, orders: &dyn Orders) -> Result<()> {
        scheduler::run(self, orders)
    }

    /// What its groups do.
    pub fn status(&self) -> Vec<GroupStatus> {
        self.groups.iter().map(|group| group.status()).collect()
    }

    /// What its clients do.
    pub fn seats(&self) -> Vec<SeatStatus> {
        self.groups.iter().flat_map(|group| group.seats()).collect()
    }

    /// New transactions in a database wait, or wait no more.
    pub fn pause(&self, database: u32, on: bool) {
        self.groups.iter().for_each(|group| group.pause(database, on));
    }

    /// Databases in which new transactions wait.
    pub fn paused(&self) -> Vec<u32> {
        self.groups.first().map(|group| group.paused()).unwrap_or_default()
    }
}
