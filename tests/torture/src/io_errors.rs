//! The n-th sync or write of a thread of the server fails with EIO while clients work: strace injects it.
//!
//! What must follow is a PANIC with recovery (the log, any sync) or a clear error (the rest); what was acknowledged stays. Each thread counts for itself.

use crate::Summary;
use crate::load::{Errors, Load, pause};
use crate::tally::Tally;
use crate::tracer::Tracer;
use crate::trial::{self, chance, some_ms};
use crate::workloads;
use std::ops::Range;
use std::time::{Duration, Instant};
use testkit::Cluster;

/// The calls that fail, as strace names them.
const CALLS: [&str; 2] = ["fdatasync,fsync", "pwrite64"];
/// Trials after which a new cluster is made.
const TRIALS_PER_CLUSTER: u64 = 20;
/// How long the clients work before a thread must have come to its n-th call.
const REACH_LIMIT: Duration = Duration::from_secs(20);
/// A statement may fail so: the environment, or the end of the session by another's PANIC.
const EXPECTED: &[&str] = &["58030"];

/// Runs so many trials: trial t fails call t / 2 + 1, of each kind in turn.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let mut tally = Tally::default();
    let mut unreached = 0;
    for seeds in trial::by_cluster(trials, seed, TRIALS_PER_CLUSTER) {
        let mut cluster = Cluster::new();
        unreached += trial::on(&mut cluster, "io-errors", &seeds, |cluster| trials_on(cluster, &seeds, &mut tally))?;
    }
    let mut counts = tally.counts();
    counts.push(("calls not reached", unreached));
    Ok(Summary { trials, counts })
}

/// How many calls nobody came to.
fn trials_on(cluster: &mut Cluster, seeds: &Range<u64>, tally: &mut Tally) -> Result<u64, String> {
    let workload = workloads::in_turn(seeds.start / TRIALS_PER_CLUSTER);
    // Few frames: sessions write pages too.
    cluster.set("shared_buffers", "1MB").set("bgwriter_delay", "10ms").set("restart_after_crash", "on");
    cluster.start();
    cluster.connect().run(workload.tables);
    let (mut load, mut unreached) = (Load::default(), 0);
    for seed in seeds.clone() {
        let before = cluster.log().len();
        let (call, number) = (CALLS[(seed % 2) as usize], seed / 2 + 1);
        let told = format!("{call} number {number}");
        let hit = load
            .run(cluster, &workload, Errors::AreCounted(EXPECTED), |cluster, _| one(cluster, call, number, seed))
            .map_err(|why| format!("{told}: {why}"))?;
        unreached += u64::from(!hit);
        tally.comes_back(cluster, before)?;
        load.check(cluster, &workload).map_err(|why| format!("{told}: {why}"))?;
    }
    tally.add(&load);
    cluster.stop();
    trial::check_stopped(cluster).map(|()| unreached)
}

/// Lets a call fail while the clients work and checkpoints are made. False: nobody came to it.
fn one(cluster: &mut Cluster, call: &str, number: u64, seed: u64) -> Result<bool, String> {
    let mut checkpoints = cluster.connect();
    let inject = format!("inject={call}:error=EIO:when={number}");
    let tracer = Tracer::attach(cluster, &[&format!("trace={call}"), &inject])?;
    let deadline = Instant::now() + REACH_LIMIT;
    while !tracer.has_injected() && Instant::now() < deadline && cluster.is_running() {
        // A failed checkpoint is an error of this session or its end; another one comes with the next look.
        if checkpoints.query("checkpoint").is_err()
            && let Ok(Ok(session)) = cluster.try_connect("postgres", "postgres")
        {
            checkpoints = session;
        }
        pause(Duration::from_millis(20));
    }
    let hit = tracer.has_injected();
    pause(some_ms(&mut chance(seed), 30));
    drop(tracer.detach());
    Ok(hit)
}
