//! How long a crash takes: from the fault to the first query that is answered after it, on a cluster with 128 MB of data that has nothing else to do.
//!
//! A figure is only as good as the machine is quiet, so none is judged. What is: the rows are there, and sessions that waited live through
//! a crash that stays within the process.

use crate::Summary;
use crate::load::{ask, serves};
use crate::trial;
use std::ops::Range;
use std::time::{Duration, Instant};
use testkit::Cluster;

/// What is done to a session, and what the time after it is called. The first ones stay within the process.
const KINDS: [(&str, &str); 5] = [
    ("panic", "ms at most after panic"),
    ("rust_panic_locked", "after rust_panic_locked"),
    ("segv", "after segv"),
    ("abort", "after abort"),
    ("stack_overflow", "after stack_overflow"),
];
const WITHIN_THE_PROCESS: usize = 2;
/// Rows of the table, each of 128 bytes and more.
const ROWS: u32 = 800_000;
/// How long an answer is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs so many trials: the kind follows from the seed.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let seeds = seed..seed + trials;
    let times = trial::on(&mut Cluster::new(), "comeback", &seeds, |cluster| trials_on(cluster, &seeds))?;
    let most = |index: usize| times.iter().filter(|(kind, _)| *kind == index).map(|(_, time)| *time).max();
    let rows = KINDS.iter().enumerate();
    let counts = rows.filter_map(|(index, (_, name))| Some((*name, most(index)?.as_millis() as u64))).collect();
    Ok(Summary { trials, counts })
}

fn trials_on(cluster: &mut Cluster, seeds: &Range<u64>) -> Result<Vec<(usize, Duration)>, String> {
    cluster.set("fault_hooks", "on").set("crash_restarts_per_minute", "-1").set("shared_buffers", "128MB");
    cluster.start();
    let load = format!("create table data as select n, repeat('x', 96) as filler from generate_series(1, {ROWS}) n");
    ask(&mut cluster.connect(), &load)?;
    seeds
        .clone()
        .map(|seed| (seed % KINDS.len() as u64) as usize)
        .map(|kind| Ok((kind, strike(cluster, kind)?)))
        .collect()
}

/// Crashes the server. The time until a query is answered that came after the recovery.
fn strike(cluster: &Cluster, kind: usize) -> Result<Duration, String> {
    let (mut victim, mut waiting) = (cluster.connect(), cluster.connect());
    ask(&mut victim, "checkpoint")?;
    ask(&mut waiting, "select 1")?;
    let recoveries = || cluster.log().matches("redo done at").count();
    let before = recoveries();
    let start = Instant::now();
    let (name, _) = KINDS[kind];
    victim.send(&format!("select woolly_fault('session', '{name}')")).map_err(|error| error.to_string())?;
    let time = loop {
        // One that is answered before the server has noticed does not count.
        if serves(cluster) && recoveries() > before {
            break start.elapsed();
        }
        if start.elapsed() > LIMIT {
            return Err(format!("no answer {} s after {name}", LIMIT.as_secs()));
        }
    };
    if kind < WITHIN_THE_PROCESS {
        ask(&mut waiting, "select 1")
            .map_err(|why| format!("a session that waited did not live through {name}: {why}"))?;
    }
    let rows = ask(&mut cluster.connect(), "select count(*) from data")?;
    trial::expect("rows", rows.value(), &ROWS.to_string())?;
    Ok(time)
}
