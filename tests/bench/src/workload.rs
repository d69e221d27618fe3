//! What is measured.

use crate::server::Server;
use std::time::Instant;

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
    /// Measures one server once.
    pub measure: fn(&mut Server, &Plan) -> Result<f64, String>,
}

/// Sessions of the memory measurement.
const IDLE_SESSIONS: usize = 1000;

/// All workloads, in the order of the table.
pub const WORKLOADS: [Workload; 15] = [
    pgbench("select-1", "select-only, prepared, 1 client", ">= 1.2", |s, p| {
        tps(s, p, &["-S", "-M", "prepared", "-c", "1"])
    }),
    pgbench("select-8", "select-only, prepared, 8", ">= 1.3", |s, p| {
        tps(s, p, &["-S", "-M", "prepared", "-c", "8", "-j", "2"])
    }),
    pgbench("select-64", "select-only, prepared, 64", ">= 3", |s, p| {
        tps(s, p, &["-S", "-M", "prepared", "-c", "64", "-j", "2"])
    }),
    pgbench("select-1000", "select-only, prepared, 1,000", ">= 15", |s, p| {
        tps(s, p, &["-S", "-M", "prepared", "-c", "1000", "-j", "2"])
    }),
    pgbench("simple-8", "select-only, simple, 8", ">= 2", |s, p| {
        tps(s, p, &["-S", "-M", "simple", "-c", "8", "-j", "2"])
    }),
    pgbench("extended-8", "select-only, extended, 8", "-", |s, p| {
        tps(s, p, &["-S", "-M", "extended", "-c", "8", "-j", "2"])
    }),
    pgbench("tpcb-1", "TPC-B, prepared, 1", ">= 1.2", |s, p| tps(s, p, &["-M", "prepared", "-c", "1"])),
    pgbench("tpcb-8", "TPC-B, prepared, 8", ">= 1.5", |s, p| tps(s, p, &["-M", "prepared", "-c", "8", "-j", "2"])),
    pgbench("tpcb-64", "TPC-B, prepared, 64", ">= 2.5", |s, p| tps(s, p, &["-M", "prepared", "-c", "64", "-j", "2"])),
    pgbench("connect-8", "new connection per transaction, 8", ">= 25", |s, p| {
        tps(s, p, &["-S", "-C", "-c", "8", "-j", "2"])
    }),
    Workload {
        name: "memory",
        title: "memory for 1,000 idle sessions",
        unit: "MB",
        goal: "<= 0.02",
        measure: idle_memory,
    },
    Workload { name: "initdb", title: "initdb", unit: "s", goal: "<= 0.12", measure: |s, _| s.initdb_seconds() },
    Workload { name: "load", title: "pgbench -i", unit: "s", goal: "<= 0.6", measure: load },
    Workload {
        name: "recovery",
        title: "TPC-B transactions replayed a second",
        unit: "tps",
        goal: ">= 2",
        measure: |s, p| replay(s, p).map(|redone| redone.transactions / redone.seconds),
    },
    Workload {
        name: "recovery-bytes",
        title: "log replayed a second",
        unit: "MB/s",
        goal: "-",
        measure: |s, p| replay(s, p).map(|redone| redone.bytes / 1e6 / redone.seconds),
    },
];

const fn pgbench(
    name: &'static str,
    title: &'static str,
    goal: &'static str,
    measure: fn(&mut Server, &Plan) -> Result<f64, String>,
) -> Workload {
    Workload { name, title, unit: "tps", goal, measure }
}

/// Transactions a second, without the time to connect unless each transaction connects.
fn tps(server: &mut Server, plan: &Plan, arguments: &[&str]) -> Result<f64, String> {
    let seconds = plan.seconds.to_string();
    let output = server.pgbench(&[&["-n", "-T", &seconds], arguments].concat())?;
    let line = output.lines().find(|line| line.starts_with("tps = ")).ok_or("pgbench printed no tps")?;
    line[6..].split_whitespace().next().and_then(|n| n.parse().ok()).ok_or_else(|| line.to_owned())
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
    server.pgbench(&["-i", "-q", "-s", &plan.scale.to_string()])?;
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
    server.pgbench(&["-n", "-M", "prepared", "-c", &clients.to_string(), "-j", "2", "-t", &each.to_string()])?;
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
