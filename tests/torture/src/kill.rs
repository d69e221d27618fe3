//! kill -9 at a random moment of a load, start, and a look at everything; sometimes another kill while the first is being recovered from.

use crate::Summary;
use crate::load::{Errors, Load, pause};
use crate::trial::{self, chance, some_ms};
use crate::workloads;
use base::Prng;
use std::ops::Range;
use std::time::Duration;
use testkit::Cluster;

/// Cycles after which a new cluster is made, and the old one is checked whole.
const CYCLES_PER_CLUSTER: u64 = 50;
/// A kill comes at most so long after the clients began, in milliseconds.
const WORK_MS_MAX: u64 = 400;
/// One in so many kills is followed by a second one in redo.
const SECOND_KILL_ONE_IN: u64 = 3;
/// A second kill comes at most so long after redo began, in milliseconds.
const REDO_MS_MAX: u64 = 12;
/// The pause between two looks into the log for the beginning of redo.
const LOOK_PAUSE: Duration = Duration::from_micros(200);

/// Runs so many cycles.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let mut counts = Counts::default();
    for seeds in trial::by_cluster(trials, seed, CYCLES_PER_CLUSTER) {
        trial::on(&mut Cluster::new(), "kill", &seeds, |cluster| cycles_on(cluster, &seeds, &mut counts))?;
    }
    Ok(Summary {
        trials,
        counts: vec![("acknowledged commits", counts.acknowledged), ("kills during recovery", counts.in_redo)],
    })
}

#[derive(Default)]
struct Counts {
    acknowledged: u64,
    in_redo: u64,
}

fn cycles_on(cluster: &mut Cluster, seeds: &Range<u64>, counts: &mut Counts) -> Result<(), String> {
    let workload = workloads::in_turn(seeds.start / CYCLES_PER_CLUSTER);
    let mut prng = chance(seeds.start);
    settle(cluster, &mut prng);
    cluster.start();
    cluster.connect().run(workload.tables);
    let mut load = Load::default();
    for seed in seeds.clone() {
        let mut prng = chance(seed);
        load.run(cluster, &workload, Errors::AreFailures, |cluster, load| {
            load.wait_for(cluster, 1)?;
            pause(some_ms(&mut prng, WORK_MS_MAX));
            cluster.kill();
            Ok(())
        })?;
        while prng.one_in(SECOND_KILL_ONE_IN) {
            counts.in_redo += u64::from(kill_in_redo(cluster, &mut prng));
        }
        cluster.launch();
        cluster.becomes_ready()?;
        load.check(cluster, &workload)?;
    }
    counts.acknowledged += load.acknowledged();
    cluster.stop();
    trial::check_stopped(cluster)
}

/// Settings that differ from cluster to cluster: pools and logs that are small have much to write and to remove.
fn settle(cluster: &mut Cluster, prng: &mut Prng) {
    let buffers = ["1MB", "4MB", "128MB"][prng.below(3) as usize];
    cluster.set("shared_buffers", buffers).set("checkpoint_timeout", "30s");
    cluster.set("max_wal_size", ["32MB", "1GB"][prng.below(2) as usize]);
    for (name, value) in [
        ("autovacuum_naptime", "1s"),
        ("autovacuum_vacuum_threshold", "10"),
        ("autovacuum_vacuum_insert_threshold", "20"),
        ("autovacuum_vacuum_scale_factor", "0"),
    ] {
        cluster.set(name, value);
    }
}

/// Starts the server and kills it soon after redo began. True if it was in redo still, or in the checkpoint after it.
fn kill_in_redo(cluster: &mut Cluster, prng: &mut Prng) -> bool {
    let before = cluster.log().len();
    let said = |cluster: &Cluster, text| cluster.log().get(before..).is_some_and(|log| log.contains(text));
    cluster.launch();
    while cluster.is_running() && !said(cluster, "redo starts at") && !said(cluster, "ready to accept connections") {
        pause(LOOK_PAUSE);
    }
    pause(some_ms(prng, REDO_MS_MAX));
    cluster.kill();
    !said(cluster, "checkpoint complete")
}
