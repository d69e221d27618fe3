//! The settings that say what of the log is synced, and how, and what is in it: a server does what they promise, as strace and its log show.

use crate::Summary;
use crate::load::{ask, row};
use crate::tracer::Tracer;
use crate::trial;
use testkit::Cluster;

/// What a server is to be seen doing with a setting, in strace's words.
struct Expected {
    setting: (&'static str, &'static str),
    /// In some line about the log.
    seen: &'static [&'static str],
    /// In no line about the log.
    unseen: &'static [&'static str],
}

const EXPECTED: &[Expected] = &[
    Expected { setting: ("wal_sync_method", "fdatasync"), seen: &["fdatasync("], unseen: &["O_DSYNC", "O_SYNC"] },
    Expected { setting: ("wal_sync_method", "fsync"), seen: &["fsync("], unseen: &["fdatasync(", "O_DSYNC"] },
    Expected { setting: ("wal_sync_method", "open_datasync"), seen: &["O_DSYNC"], unseen: &["fdatasync("] },
    Expected { setting: ("wal_sync_method", "open_sync"), seen: &["O_SYNC"], unseen: &["fdatasync("] },
    Expected {
        setting: ("fsync", "off"),
        seen: &["pwrite64("],
        unseen: &["fdatasync(", "fsync(", "O_DSYNC", "O_SYNC"],
    },
];

/// One a trial: each of these, then full_page_writes.
pub const TRIALS: u64 = EXPECTED.len() as u64 + 1;

/// Runs so many trials, each with a server of its own: the setting follows from the seed.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    for seed in seed..seed + trials {
        let mut cluster = Cluster::with(&["--wal-segsize=1"]);
        trial::on(&mut cluster, "settings", &(seed..seed + 1), |cluster| {
            match EXPECTED.get((seed % TRIALS) as usize) {
                Some(expected) => is_seen(cluster, expected).map_err(|why| format!("{:?}: {why}", expected.setting)),
                None => images_are_left_out(cluster),
            }
        })?;
    }
    Ok(Summary { trials, counts: Vec::new() })
}

fn is_seen(cluster: &mut Cluster, expected: &Expected) -> Result<(), String> {
    cluster.set(expected.setting.0, expected.setting.1).start();
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
fn images_are_left_out(cluster: &mut Cluster) -> Result<(), String> {
    let with = logged_bytes(cluster, "on")?;
    let without = logged_bytes(cluster, "off")?;
    match with > without + 400_000 {
        true => Ok(()),
        false => Err(format!("full_page_writes = on logs {with} bytes, off {without}")),
    }
}

/// What is logged when each page of a table is changed for the first time after a checkpoint.
fn logged_bytes(cluster: &mut Cluster, full_page_writes: &str) -> Result<u64, String> {
    cluster.set("full_page_writes", full_page_writes).start();
    let mut session = cluster.connect();
    let table =
        "drop table if exists t; create table t as select n, repeat('x', 1500) b from generate_series(1, 400) n";
    ask(&mut session, table)?;
    ask(&mut session, "checkpoint")?;
    let before = row(&mut session, "select pg_current_wal_insert_lsn()")?.remove(0);
    ask(&mut session, "update t set n = n + 1")?;
    let logged = format!("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')::bigint");
    let logged = row(&mut session, &logged)?.remove(0);
    drop(session);
    cluster.stop();
    logged.parse().map_err(|error| format!("{logged}: {error}"))
}
