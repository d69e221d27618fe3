//! A power cut: the file system below the data directory forgets what was not synced.
//!
//! The directory is on an ext4 image mounted through a loop device. The GOINGDOWN ioctl with "no log flush" ends that file system at once: what it has not
//! written by itself or because it was told to sync is lost. Then the server is killed, the image is mounted anew, and the server starts.
//!
//! That call takes a moment, and no processor stands still in it as it does when power goes: a sync that is under way may be told that all is well
//! when the note that its blocks hold data was already refused. So what was acknowledged after the cut had begun may be lost, and is counted apart.

use crate::Summary;
use crate::image::Image;
use crate::load::{Errors, Load, pause};
use crate::trial::{self, chance, some_ms};
use crate::workloads;
use base::Prng;
use std::ops::Range;
use std::time::Instant;
use testkit::Cluster;

/// A cut comes at most so long after the clients began, in milliseconds.
const WORK_MS_MAX: u64 = 400;
/// Cuts that one cluster lives through.
const CUTS_PER_CLUSTER: u64 = 10;
const IMAGE_MB: u64 = 512;

/// Runs so many cuts.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let (mut acknowledged, mut meanwhile) = (0, 0);
    for seeds in trial::by_cluster(trials, seed, CUTS_PER_CLUSTER) {
        let (more, lost) = one_cluster(&seeds)?;
        acknowledged += more;
        meanwhile += lost;
    }
    let counts = vec![("acknowledged commits", acknowledged), ("acknowledged during a cut and lost", meanwhile)];
    Ok(Summary { trials, counts })
}

/// What was acknowledged, and what of that was acknowledged during a cut and is lost.
fn one_cluster(seeds: &Range<u64>) -> Result<(u64, u64), String> {
    let mut image = Image::made(IMAGE_MB)?;
    // Small segments: many are made, renamed and removed.
    let mut cluster = Cluster::placed(&image.mount_point().join("data"), &["--wal-segsize=1"]);
    trial::on(&mut cluster, "power", seeds, |cluster| cut_by_cut(cluster, &mut image, seeds))
        .inspect_err(|_| image.keep())
}

fn cut_by_cut(cluster: &mut Cluster, image: &mut Image, seeds: &Range<u64>) -> Result<(u64, u64), String> {
    let workload = workloads::in_turn(seeds.start / CUTS_PER_CLUSTER);
    // What initdb has made must be there as soon as it says so.
    image.cut()?;
    image.remount()?;
    settle(cluster, &mut chance(seeds.start));
    cluster.start();
    cluster.connect().run(workload.tables);
    let (mut load, mut meanwhile) = (Load::default(), 0);
    for seed in seeds.clone() {
        let mut prng = chance(seed);
        let cut = load.run(cluster, &workload, Errors::AreCounted(&["58030"]), |cluster, load| {
            load.wait_for(cluster, 1)?;
            let checkpoint = prng.one_in(2).then(|| cluster.connect());
            pause(some_ms(&mut prng, WORK_MS_MAX));
            if let Some(mut session) = checkpoint {
                session.send("checkpoint").map_err(|e| e.to_string())?;
                pause(some_ms(&mut prng, 20));
            }
            let cut = Instant::now();
            image.cut()?;
            cluster.kill();
            Ok(cut)
        })?;
        image.remount()?;
        cluster.launch();
        cluster.becomes_ready()?;
        let lost = load.check_losses(cluster, &workload)?;
        if let Some((number, when)) = lost.iter().find(|(_, when)| *when < cut) {
            let before = cut.duration_since(*when);
            return Err(format!("transaction {number}, acknowledged {before:?} before the cut, is lost"));
        }
        meanwhile += lost.len() as u64;
    }
    cluster.stop();
    trial::check_stopped(cluster)?;
    Ok((load.acknowledged(), meanwhile))
}

fn settle(cluster: &mut Cluster, prng: &mut Prng) {
    cluster.set("shared_buffers", ["1MB", "128MB"][prng.below(2) as usize]).set("max_wal_size", "8MB");
    cluster.set("min_wal_size", "2MB").set("autovacuum_naptime", "1s").set("autovacuum_vacuum_threshold", "10");
}
