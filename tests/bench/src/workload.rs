//! What is measured.

use crate::bouncer::Bouncer;
use crate::server::{PORT, Server, run_pgbench};
use std::path::Path;
use std::time::{Duration, Instant};
use testkit::{Address, pump};

/// Sizes of a comparison.
pub struct Plan {
    /// pgbench's scale: 100,000 accounts each.
    pub scale: u32,
    /// Seconds of a pgbench run.
    pub seconds: u32,
    /// Runs of each server.
    pub rounds: u32,
    /// Settings of both servers besides the usual ones, as NAME=VALUE.
    pub settings: Vec<String>,
    /// Settings of Woolly alone.
    pub own_settings: Vec<String>,
}

/// A line of the table.
pub struct Workload {
    /// How it is called on the command line.
    pub name: &'static str,
    /// How the table calls it.
    pub title: &'static str,
    /// What the figure counts.
    pub unit: &'static str,
    /// What the ratio should be.
    pub goal: &'static str,
    /// How a server is measured once.
    pub measure: Measure,
}

/// How a server is measured.
pub enum Measure {
    /// Transactions a second of pgbench with these arguments; what a pooler can stand before.
    Pgbench {
        /// Besides duration and database.
        arguments: &'static [&'static str],
        /// Whether PgBouncer is measured too.
        bounced: bool,
    },
    /// The select-only statement, prepared, on more sessions than pgbench can drive.
    Crowd(usize),
    /// Something of its own.
    Own(fn(&mut Server, &Plan) -> Result<f64, String>),
}

/// Sessions of the memory measurement.
const IDLE_SESSIONS: usize = 1000;

/// Threads of the client that drives a crowd; pgbench's `-j`.
const CLIENT_THREADS: usize = 2;
/// Places for sessions besides those of a crowd.
const SPARE_SESSIONS: usize = 20;

/// All workloads, in the order of the table.
pub const WORKLOADS: [Workload; 18] = [
    pgbench("select-1", "select-only, prepared, 1 client", ">= 1.2", &["-S", "-M", "prepared", "-c", "1"]),
    pgbench("select-8", "select-only, prepared, 8", ">= 1.3", &["-S", "-M", "prepared", "-c", "8", "-j", "2"]),
    bounced("select-64", "select-only, prepared, 64", ">= 3", &["-S", "-M", "prepared", "-c", "64", "-j", "2"]),
    bounced("select-1000", "select-only, prepared, 1,000", ">= 15", &["-S", "-M", "prepared", "-c", "1000", "-j", "2"]),
    crowd("select-5000", "select-only, prepared, 5,000 sessions", 5000),
    crowd("select-10000", "select-only, prepared, 10,000 sessions", 10_000),
    bounced("simple-8", "select-only, simple, 8", ">= 2", &["-S", "-M", "simple", "-c", "8", "-j", "2"]),
    pgbench("extended-8", "select-only, extended, 8", "-", &["-S", "-M", "extended", "-c", "8", "-j", "2"]),
    pgbench("tpcb-1", "TPC-B, prepared, 1", ">= 1.2", &["-M", "prepared", "-c", "1"]),
    pgbench("tpcb-8", "TPC-B, prepared, 8", ">= 1.5", &["-M", "prepared", "-c", "8", "-j", "2"]),
    bounced("tpcb-64", "TPC-B, prepared, 64", ">= 2.5", &["-M", "prepared", "-c", "64", "-j", "2"]),
    bounced("connect-8", "new connection per transaction, 8", ">= 25", &["-S", "-C", "-c", "8", "-j", "2"]),
    own("memory", "memory for 1,000 idle sessions", "MB", "<= 0.02", idle_memory),
    own("initdb", "initdb", "s", "<= 0.12", |s, _| s.initdb_seconds()),
    own("start", "start to ready", "ms", "30 ms", start),
    own("load", "pgbench -i", "s", "<= 0.6", load),
    own("recovery", "TPC-B transactions replayed a second", "tps", ">= 2", |s, p| {
        replay(s, p).map(|redone| redone.transactions / redone.seconds)
    }),
    own("recovery-bytes", "log replayed a second", "MB/s", "-", |s, p| {
        replay(s, p).map(|redone| redone.bytes / 1e6 / redone.seconds)
    }),
];

const fn pgbench(
    name: &'static str,
    title: &'static str,
    goal: &'static str,
    arguments: &'static [&'static str],
) -> Workload {
    Workload { name, title, unit: "tps", goal, measure: Measure::Pgbench { arguments, bounced: false } }
}

/// As `pgbench`, with PgBouncer beside the others.
const fn bounced(
    name: &'static str,
    title: &'static str,
    goal: &'static str,
    arguments: &'static [&'static str],
) -> Workload {
    Workload { measure: Measure::Pgbench { arguments, bounced: true }, ..pgbench(name, title, goal, arguments) }
}

const fn crowd(name: &'static str, title: &'static str, sessions: usize) -> Workload {
    Workload { name, title, unit: "tps", goal: "-", measure: Measure::Crowd(sessions) }
}

const fn own(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    goal: &'static str,
    measure: fn(&mut Server, &Plan) -> Result<f64, String>,
) -> Workload {
    Workload { name, title, unit, goal, measure: Measure::Own(measure) }
}

impl Workload {
    /// Measures a server once.
    pub fn measure(&self, server: &mut Server, plan: &Plan) -> Result<f64, String> {
        match self.measure {
            Measure::Pgbench { arguments, .. } => tps(&server.folder(), plan, arguments),
            Measure::Crowd(sessions) => select_on(server, sessions, plan),
            Measure::Own(measure) => measure(server, plan),
        }
    }

    /// Measures what listens in a folder once, if pgbench can.
    pub fn measure_at(&self, folder: &Path, plan: &Plan) -> Result<f64, String> {
        let Measure::Pgbench { arguments, .. } = self.measure else { return Err("no run of pgbench".to_owned()) };
        tps(folder, plan, arguments)
    }

    /// Whether PgBouncer is measured too.
    pub fn is_bounced(&self) -> bool {
        matches!(self.measure, Measure::Pgbench { bounced: true, .. })
    }

    /// Measures PgBouncer once. It knows no prepared statements in transaction mode, so the simple protocol takes their place.
    pub fn measure_bounced(&self, bouncer: &Bouncer, plan: &Plan) -> Result<f64, String> {
        let Measure::Pgbench { arguments, .. } = self.measure else { return Err("no run of pgbench".to_owned()) };
        let simple: Vec<&str> =
            arguments.iter().map(|word| if *word == "prepared" { "simple" } else { word }).collect();
        tps(&bouncer.folder(), plan, &simple)
    }
}

/// Transactions a second, without the time to connect unless each transaction connects.
fn tps(folder: &Path, plan: &Plan, arguments: &[&str]) -> Result<f64, String> {
    let seconds = plan.seconds.to_string();
    tps_of(&run_pgbench(folder, &[&["-n", "-T", &seconds], arguments].concat())?)
}

/// The transactions a second that pgbench says it has made.
pub fn tps_of(output: &str) -> Result<f64, String> {
    let line = output.lines().find(|line| line.starts_with("tps = ")).ok_or("pgbench printed no tps")?;
    line[6..].split_whitespace().next().and_then(|n| n.parse().ok()).ok_or_else(|| line.to_owned())
}

/// The same as pgbench's select-only run, by a client that holds thousands of sessions; the server has places for them as long as it lasts.
fn select_on(server: &mut Server, sessions: usize, plan: &Plan) -> Result<f64, String> {
    let time = Duration::from_secs(u64::from(plan.seconds));
    server.restart_for(sessions + SPARE_SESSIONS)?;
    let address = Address::new(&server.folder(), PORT);
    let flow = pump::run_in_threads(&address, (sessions, CLIENT_THREADS), plan.scale, time, || {});
    server.restart()?;
    flow.map(|flow| flow.rate())
}

/// Time from the start of the server's program to the first answer to a client.
fn start(server: &mut Server, _: &Plan) -> Result<f64, String> {
    server.stop()?;
    let begin = Instant::now();
    server.start()?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

/// What 1,000 idle sessions that each ran one statement add to the server's memory.
fn idle_memory(server: &mut Server, _: &Plan) -> Result<f64, String> {
    let before = server.memory_mb();
    let sessions = (0..IDLE_SESSIONS)
        .map(|_| {
            let mut session = server.connect()?;
            session.query("select abalance from pgbench_accounts where aid = 1").map_err(|e| e.to_string())?;
            Ok(session)
        })
        .collect::<Result<Vec<_>, String>>()?;
    let after = server.memory_mb();
    drop(sessions);
    Ok(after - before)
}

fn load(server: &mut Server, plan: &Plan) -> Result<f64, String> {
    let start = Instant::now();
    run_pgbench(&server.folder(), &["-i", "-q", "-s", &plan.scale.to_string()])?;
    Ok(start.elapsed().as_secs_f64())
}

/// What a recovery did.
struct Redone {
    transactions: f64,
    bytes: f64,
    seconds: f64,
}

/// Transactions of each client in a replay, for each second of the plan.
const REPLAY_TRANSACTIONS: u32 = 1000;

/// As many transactions of each server after a checkpoint, kill -9, start: both redo the same work, in logs of their own length. The time is redo's
/// own, from the server's log: the time to start has more in it.
fn replay(server: &mut Server, plan: &Plan) -> Result<Redone, String> {
    let (clients, each) = (8, plan.seconds * REPLAY_TRANSACTIONS);
    server.connect()?.query("checkpoint").map_err(|e| e.to_string())?;
    run_pgbench(
        &server.folder(),
        &["-n", "-M", "prepared", "-c", &clients.to_string(), "-j", "2", "-t", &each.to_string()],
    )?;
    server.kill()?;
    server.start()?;
    let log = server.log_text();
    let last = |what: &str| log.rfind(what).map(|at| &log[at + what.len()..]).ok_or(format!("no {what:?} in the log"));
    let (from, done, took) = (last("redo starts at ")?, last("redo done at ")?, last("elapsed: ")?);
    let seconds = took.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
    let bytes = (position(done)? - position(from)?) as f64;
    Ok(Redone { transactions: f64::from(clients * each), bytes, seconds })
}

/// The log position that a text begins with.
fn position(text: &str) -> Result<u64, String> {
    let word = text.split_whitespace().next().unwrap_or_default();
    let halves = word.split_once('/').map(|(high, low)| (u64::from_str_radix(high, 16), u64::from_str_radix(low, 16)));
    match halves {
        Some((Ok(high), Ok(low))) => Ok(high << 32 | low),
        _ => Err(format!("{word:?} is no log position")),
    }
}
