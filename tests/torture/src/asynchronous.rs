//! synchronous_commit = off: what is lost by a kill or a power cut is young, and whole.
//!
//! A commit that was acknowledged more than three times wal_writer_delay before the fault is there. If a client's commit is lost, so are its later ones.

use crate::Summary;
use crate::image::{self, Image};
use crate::load::{Errors, Load, client_of, pause};
use crate::trial::{self, chance, some_ms};
use crate::workloads::TRANSFERS;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use testkit::Cluster;

/// The setting's default, in milliseconds.
const WAL_WRITER_DELAY_MS: u64 = 200;
/// What may be lost.
const WINDOW: Duration = Duration::from_millis(3 * WAL_WRITER_DELAY_MS);
/// A fault comes at most so long after the clients began, in milliseconds.
const WORK_MS_MAX: u64 = 1500;
const IMAGE_MB: u64 = 512;

/// Runs so many trials, kills and (where images can be mounted) power cuts in turn.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let (mut lost, mut acknowledged) = (0, 0);
    let cuts = image::obstacle().is_none();
    for seed in seed..seed + trials {
        let mut image = (cuts && seed % 2 == 1).then(|| Image::made(IMAGE_MB)).transpose()?;
        let mut cluster = match &image {
            Some(image) => Cluster::placed(&image.mount_point().join("data"), &[]),
            None => Cluster::new(),
        };
        let outcome = trial::on(&mut cluster, "async", &(seed..seed + 1), |cluster| one(cluster, image.as_ref(), seed));
        if let (Err(_), Some(image)) = (&outcome, &mut image) {
            image.keep();
        }
        let (kept, gone) = outcome?;
        (acknowledged, lost) = (acknowledged + kept, lost + gone);
    }
    Ok(Summary { trials, counts: vec![("acknowledged commits", acknowledged), ("lost within the window", lost)] })
}

/// How many acknowledged commits were kept and lost.
fn one(cluster: &mut Cluster, image: Option<&Image>, seed: u64) -> Result<(u64, u64), String> {
    let mut prng = chance(seed);
    cluster.set("synchronous_commit", "off").set("wal_writer_delay", &format!("{WAL_WRITER_DELAY_MS}ms"));
    cluster.start();
    cluster.connect().run(TRANSFERS.tables);
    // So that the tables are there.
    cluster.connect().run("checkpoint");
    let mut load = Load::default();
    let at = load.run(cluster, &TRANSFERS, Errors::AreCounted(&["58030"]), |cluster, load| {
        load.wait_for(cluster, 1)?;
        pause(some_ms(&mut prng, WORK_MS_MAX));
        let at = Instant::now();
        if let Some(image) = image {
            image.cut()?;
        }
        cluster.kill();
        Ok(at)
    })?;
    if let Some(image) = image {
        image.remount()?;
    }
    cluster.launch();
    cluster.becomes_ready()?;
    let lost = load.check_losses(cluster, &TRANSFERS)?;
    if let Some((number, when)) = lost.iter().find(|(_, when)| *when + WINDOW < at) {
        return Err(format!("transaction {number}, acknowledged {:?} before the fault, is lost", at - *when));
    }
    let first_lost: BTreeMap<u64, u64> = lost.iter().rev().map(|(number, _)| (client_of(*number), *number)).collect();
    if let Some(number) =
        load.acknowledged_numbers().into_iter().find(|n| first_lost.get(&client_of(*n)).is_some_and(|lost| lost < n))
    {
        return Err(format!("transaction {number} is there, an earlier one of its client is lost"));
    }
    cluster.stop();
    trial::check_stopped(cluster)?;
    Ok((load.acknowledged(), lost.len() as u64))
}
