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
pub const WORKLOADS: [Workload; 14] = [
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
        title: "start after kill -9 under TPC-B",
        unit: "s",
        goal: "<= 0.5",
        measure: recovery,
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

fn recovery(server: &mut Server, plan: &Plan) -> Result<f64, String> {
    tps(server, plan, &["-M", "prepared", "-c", "8", "-j", "2"])?;
    server.kill()?;
    let start = Instant::now();
    server.start()?;
    Ok(start.elapsed().as_secs_f64())
}
