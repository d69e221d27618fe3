//! A load on many sessions: each sends its next request when the answer to the last one has come.
//!
//! 1. [`Pump::new`] logs the sessions in and prepares a statement in each.
//! 2. [`Pump::run`] keeps all of them busy until it is told to stop, and then waits for the answers that are under way.
//! 3. What came of it is a [`Flow`]. [`run_in_threads`] has several pumps at work.

use crate::crowd::{Address, Crowd};
use crate::latencies::Latencies;
use crate::transcript::read_error;
use crate::wire;
use base::Prng;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// The name of the statement that each session has prepared.
pub const STATEMENT: &str = "s";
/// pgbench's statement for `-S`.
pub const SELECT_ACCOUNT: &str = "select abalance from pgbench_accounts where aid = $1";
/// Accounts of each unit of pgbench's scale.
const ACCOUNTS: u64 = 100_000;
/// What takes longer is taken for hanging: generous, as it only bounds a failure.
const PATIENCE: Duration = Duration::from_secs(120);
/// The pause between two looks at the clock.
const LOOK: Duration = Duration::from_millis(20);

/// What came of a load.
#[derive(Clone, Default)]
pub struct Flow {
    /// Times from request to answer.
    pub latencies: Latencies,
    /// How long it took.
    pub time: Duration,
    /// Answers of the session that had the fewest, and of the one that had the most.
    pub extremes: (u64, u64),
}

impl Flow {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.time.as_secs_f64()
    }

    fn merge(&mut self, other: &Flow) {
        let ((a, b), (c, d)) = (self.extremes, other.extremes);
        self.extremes = if self.latencies.count() == 0 { (c, d) } else { (a.min(c), b.max(d)) };
        self.latencies.merge(&other.latencies);
        self.time = self.time.max(other.time);
    }
}

/// A session of a pump.
#[derive(Clone, Copy)]
struct Session {
    sent: Instant,
    is_busy: bool,
    rows: u32,
    answers: u64,
}

/// Sessions that are kept busy.
pub struct Pump {
    crowd: Crowd,
    links: Vec<usize>,
    /// By link.
    sessions: Vec<Session>,
    busy: usize,
}

impl Pump {
    /// Logs so many sessions in and has each prepare a statement.
    pub fn new(address: &Address, sessions: usize, statement: &str) -> Result<Pump, String> {
        let mut crowd = Crowd::new().map_err(|error| error.to_string())?;
        let links = crowd.gather(address, sessions, PATIENCE)?;
        let idle = Session { sent: Instant::now(), is_busy: false, rows: 0, answers: 0 };
        let size = links.iter().max().map_or(0, |most| most + 1);
        let mut pump = Pump { crowd, links, sessions: vec![idle; size], busy: 0 };
        pump.start(&mut |out| {
            wire::parse(out, STATEMENT, statement);
            wire::sync(out);
        })?;
        pump.drain(0, &mut Latencies::default())?;
        Ok(pump)
    }

    /// Has all sessions send requests until `stops` says so; each answer must have one row. Errors: an error of the server, a lost connection, no answer.
    pub fn run(
        &mut self,
        mut request: impl FnMut(&mut Vec<u8>),
        mut stops: impl FnMut() -> bool,
    ) -> Result<Flow, String> {
        let (begin, mut last_look, mut latencies) = (Instant::now(), Instant::now(), Latencies::default());
        self.sessions.iter_mut().for_each(|session| session.answers = 0);
        self.start(&mut request)?;
        let mut news = Vec::new();
        loop {
            if last_look.elapsed() >= LOOK {
                if stops() {
                    break;
                }
                last_look = Instant::now();
            }
            self.crowd.wait(&mut news, LOOK).map_err(|error| error.to_string())?;
            for &link in &news {
                while self.take_answer(link, 1, &mut latencies)? {
                    self.send(link, &mut request)?;
                }
            }
        }
        self.drain(1, &mut latencies)?;
        let answers = || self.links.iter().map(|&link| self.sessions[link].answers);
        let extremes = (answers().min().unwrap_or(0), answers().max().unwrap_or(0));
        Ok(Flow { latencies, time: begin.elapsed(), extremes })
    }

    fn start(&mut self, request: &mut impl FnMut(&mut Vec<u8>)) -> Result<(), String> {
        (0..self.links.len()).try_for_each(|at| self.send(self.links[at], request))
    }

    fn send(&mut self, link: usize, request: &mut impl FnMut(&mut Vec<u8>)) -> Result<(), String> {
        let session = &mut self.sessions[link];
        (session.sent, session.is_busy, session.rows) = (Instant::now(), true, 0);
        self.busy += 1;
        self.crowd.send_with(link, request).map_err(|error| error.to_string())
    }

    /// Takes messages up to the end of an answer; true if it is there.
    fn take_answer(&mut self, link: usize, rows: u32, latencies: &mut Latencies) -> Result<bool, String> {
        let (connection, session) = (&mut self.crowd[link], &mut self.sessions[link]);
        while let Some(message) = connection.message() {
            match message.kind {
                b'D' => session.rows += 1,
                b'E' => {
                    let error = read_error(message.body);
                    return Err(format!("{} ({})", error.message, error.code));
                }
                b'Z' if session.rows != rows => return Err(format!("{} rows, and not {rows}", session.rows)),
                b'Z' => {
                    (session.is_busy, session.answers) = (false, session.answers + 1);
                    self.busy -= 1;
                    latencies.add(session.sent.elapsed());
                    return Ok(true);
                }
                _ => {}
            }
        }
        match connection.is_closed() {
            true => Err("the server closed a connection".to_owned()),
            false => Ok(false),
        }
    }

    /// Waits for the answers that are under way.
    fn drain(&mut self, rows: u32, latencies: &mut Latencies) -> Result<(), String> {
        let (begin, mut news) = (Instant::now(), Vec::new());
        while self.busy > 0 {
            self.crowd.wait(&mut news, LOOK).map_err(|error| error.to_string())?;
            for &link in &news {
                self.take_answer(link, rows, latencies)?;
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("{} sessions have no answer after {PATIENCE:?}", self.busy));
            }
        }
        Ok(())
    }
}

/// Requests of pgbench's `-S` in prepared mode, with accounts by chance.
pub fn select_account(scale: u32, seed: u64) -> impl FnMut(&mut Vec<u8>) {
    let mut prng = Prng::new(seed);
    move |out| {
        let account = 1 + prng.below(u64::from(scale) * ACCOUNTS);
        wire::run_prepared(out, STATEMENT, &[&account.to_string()]);
    }
}

/// Has so many sessions select accounts for a time, as `pgbench -S -M prepared` does, divided among threads; nobody begins before all have logged in.
/// `halfway` is called when half of the time has gone by.
pub fn run_in_threads(
    address: &Address,
    (sessions, threads): (usize, usize),
    scale: u32,
    time: Duration,
    halfway: impl FnOnce(),
) -> Result<Flow, String> {
    let threads = threads.min(sessions);
    let barrier = Barrier::new(threads + 1);
    let work = |thread: usize| {
        let pump = Pump::new(address, (sessions + thread) / threads, SELECT_ACCOUNT);
        barrier.wait();
        let begin = Instant::now();
        pump?.run(select_account(scale, thread as u64), || begin.elapsed() >= time)
    };
    let flows: Vec<Result<Flow, String>> = std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        barrier.wait();
        pause(time / 2);
        halfway();
        workers.into_iter().map(|worker| worker.join().expect("it does not panic")).collect()
    });
    flows.into_iter().try_fold(Flow::default(), |mut all, flow| {
        all.merge(&flow?);
        Ok(all)
    })
}

/// Lets some time go by.
pub fn pause(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}
