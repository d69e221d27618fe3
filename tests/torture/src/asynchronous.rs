//! synchronous_commit = off: what is lost by a kill or a power cut is young, and whole. And the settings that say what is synced, and how.
//!
//! A commit that was acknowledged more than three times wal_writer_delay before the fault is there. If a client's commit is lost, so are its later ones.

use crate::Summary;
use crate::image::{self, Image};
use crate::load::{Errors, Load, ask, client_of, pause, row};
use crate::tracer::{self, Tracer};
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

/// Runs so many trials, kills and (where images can be mounted) power cuts in turn; then looks at each setting.
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
    let settings = if tracer::obstacle().is_none() { settings(seed)? } else { 0 };
    Ok(Summary {
        trials,
        counts: vec![
            ("acknowledged commits", acknowledged),
            ("lost within the window", lost),
            ("settings seen at work", settings),
        ],
    })
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
    if let Some(number) = load.kept().into_iter().find(|n| first_lost.get(&client_of(*n)).is_some_and(|lost| lost < n))
    {
        return Err(format!("transaction {number} is there, an earlier one of its client is lost"));
    }
    cluster.stop();
    trial::check_stopped(cluster)?;
    Ok((load.acknowledged(), lost.len() as u64))
}

/// What a server is to be seen doing with a setting, in strace's words.
struct Expected {
    settings: &'static [(&'static str, &'static str)],
    /// In some line about the log.
    seen: &'static [&'static str],
    /// In no line about the log.
    unseen: &'static [&'static str],
}

const SETTINGS: &[Expected] = &[
    Expected { settings: &[("wal_sync_method", "fdatasync")], seen: &["fdatasync("], unseen: &["O_DSYNC", "O_SYNC"] },
    Expected { settings: &[("wal_sync_method", "fsync")], seen: &["fsync("], unseen: &["fdatasync(", "O_DSYNC"] },
    Expected { settings: &[("wal_sync_method", "open_datasync")], seen: &["O_DSYNC"], unseen: &["fdatasync("] },
    Expected { settings: &[("wal_sync_method", "open_sync")], seen: &["O_SYNC"], unseen: &["fdatasync("] },
    Expected {
        settings: &[("fsync", "off")],
        seen: &["pwrite64("],
        unseen: &["fdatasync(", "fsync(", "O_DSYNC", "O_SYNC"],
    },
];

/// Looks at each setting in a server of its own. How many there were.
fn settings(seed: u64) -> Result<u64, String> {
    for expected in SETTINGS {
        let mut cluster = Cluster::with(&["--wal-segsize=1"]);
        for (name, value) in expected.settings {
            cluster.set(name, value);
        }
        trial::on(&mut cluster, "async", &(seed..seed), |cluster| is_seen(cluster, expected))
            .map_err(|why| format!("{:?}: {why}", expected.settings))?;
    }
    images_are_left_out()?;
    Ok(SETTINGS.len() as u64 + 1)
}

fn is_seen(cluster: &mut Cluster, expected: &Expected) -> Result<(), String> {
    cluster.start();
    let mut session = cluster.connect();
    ask(&mut session, "create table t(a int, b text)")?;
    let tracer = Tracer::attach(cluster, &["trace=openat,pwrite64,fsync,fdatasync"])?;
    // Enough for a new segment: it is opened.
    for _ in 0..4 {
        ask(&mut session, "insert into t select n, repeat('x', 400) from generate_series(1, 2000) n")?;
    }
    ask(&mut session, "checkpoint")?;
    let protocol = tracer.detach();
    // A new segment is filled and synced under another name; only at work does a method show.
    let lines: Vec<&str> = protocol.lines().filter(|line| line.contains("pg_wal/0")).collect();
    let has = |word: &&&str| lines.iter().any(|line| line.contains(**word));
    if let Some(missing) = expected.seen.iter().find(|word| !has(word)) {
        return Err(format!("no line with {missing:?} among {}", lines.len()));
    }
    match expected.unseen.iter().find(has) {
        None => Ok(()),
        Some(word) => Err(format!("a line has {word:?}: {:?}", lines.iter().find(|line| line.contains(word)))),
    }
}

/// full_page_writes = off: the first change of a page after a checkpoint logs the change alone.
fn images_are_left_out() -> Result<(), String> {
    let mut bytes = Vec::new();
    for value in ["on", "off"] {
        let mut cluster = Cluster::new();
        cluster.set("full_page_writes", value).start();
        let mut session = cluster.connect();
        ask(
            &mut session,
            "create table t as select n, repeat('x', 1500) b from generate_series(1, 400) n; checkpoint",
        )?;
        let before = row(&mut session, "select pg_current_wal_insert_lsn()")?.remove(0);
        ask(&mut session, "update t set n = n + 1")?;
        let logged = format!("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')::bigint");
        bytes.push(row(&mut session, &logged)?[0].parse::<u64>().map_err(|error| error.to_string())?);
    }
    match bytes[0] > bytes[1] + 400_000 {
        true => Ok(()),
        false => Err(format!("full_page_writes = on logs {} bytes, off {}", bytes[0], bytes[1])),
    }
}
