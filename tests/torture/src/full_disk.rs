//! A file system of 64 MB that fills up: below the data directory, below all of it but the log, or below the log alone.
//!
//! A statement that needs room for a table fails with 53100 and the server lives. Where the log has no room there is a PANIC; recovery may need room
//! too, and ends the server if there is none. When room is made, service goes on, and everything that was acknowledged is there.

use crate::Summary;
use crate::image::Image;
use crate::load::{Errors, Load, Workload, ask, row};
use crate::tally::Tally;
use crate::trial;
use std::fs;
use std::path::Path;
use testkit::cluster::wait_until;
use testkit::{Client, Cluster};

const IMAGE_MB: u64 = 64;
/// What is removed to make room, in bytes. Much of it is needed at once, as reading logs images of pages whose hints it sets.
const BALLAST_BYTES: usize = 28 << 20;
/// Statements that find no room, after which room is made.
const FAILURES: u64 = 40;

/// Rows of a kilobyte, some of them in a table of long values.
const FILL: Workload = Workload {
    tables: "create table filled(number bigint primary key, rows int, filler text); \
             create table rows(number bigint, filler text)",
    transaction: fill,
    check: check_filled,
    numbers: "select number from filled",
};

fn fill(number: u64) -> String {
    let rows = 1 + number % 40;
    format!(
        "begin; insert into rows select {number}, repeat('z', 1000) from generate_series(1, {rows}); \
         insert into filled select {number}, {rows}, string_agg(md5(n::text), '') from generate_series(1, 300) n; commit"
    )
}

fn check_filled(session: &mut Client) -> Result<(), String> {
    let sums = row(session, "select (select coalesce(sum(rows), 0) from filled), (select count(*) from rows)")?;
    if sums[0] != sums[1] {
        return Err(format!("rows wanted and there: {sums:?}"));
    }
    let short = row(session, "select count(*) from filled where length(filler) <> 9600")?;
    match short[0].as_str() {
        "0" => Ok(()),
        count => Err(format!("{count} long values are not whole")),
    }
}

/// What is on the small file system; by the seed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Small {
    Everything,
    Log,
    AllButLog,
}

impl Small {
    fn of(seed: u64) -> Small {
        [Small::Everything, Small::Log, Small::AllButLog][(seed % 3) as usize]
    }

    fn cluster(self, image: &Image) -> Cluster {
        let (data, log) = (image.mount_point().join("data"), image.mount_point().join("wal"));
        match self {
            Small::Everything => Cluster::placed(&data, &["-N", "--wal-segsize=1"]),
            Small::Log => Cluster::with(&["--wal-segsize=1", &format!("--waldir={}", log.display())]),
            Small::AllButLog => {
                let log = image.folder().join("wal");
                Cluster::placed(&data, &["-N", "--wal-segsize=1", &format!("--waldir={}", log.display())])
            }
        }
    }
}

/// Runs so many trials.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let mut tally = Tally::default();
    for seed in seed..seed + trials {
        let mut image = Image::made(IMAGE_MB)?;
        let mut cluster = Small::of(seed).cluster(&image);
        trial::on(&mut cluster, "full-disk", &(seed..seed + 1), |cluster| {
            fill_up(cluster, &image.mount_point().join("ballast"), seed, &mut tally)
        })
        .inspect_err(|_| image.keep())?;
    }
    Ok(Summary { trials, counts: tally.counts() })
}

fn fill_up(cluster: &mut Cluster, ballast: &Path, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let small = Small::of(seed);
    // The log alone fills its file system only if nothing is removed from it.
    cluster.set("max_wal_size", if small == Small::Log { "1GB" } else { "8MB" }).set("min_wal_size", "2MB");
    cluster.set("shared_buffers", ["2MB", "64MB"][(seed / 3 % 2) as usize]).set("checkpoint_timeout", "1h");
    cluster.start();
    cluster.connect().run(FILL.tables);
    fs::write(ballast, vec![1; BALLAST_BYTES]).map_err(|error| error.to_string())?;
    let mut load = Load::default();
    load.run(cluster, &FILL, Errors::AreCounted(&["53100"]), |cluster, load| {
        wait_until("the file system is full", || !cluster.is_running() || is_full(cluster, load));
        Ok(())
    })?;
    let panicked = cluster.log().contains("PANIC:");
    match small {
        Small::Log if !panicked => return Err("the log had no room and there was no PANIC".to_owned()),
        Small::AllButLog if panicked => return Err("the log had room and there was a PANIC".to_owned()),
        _ => {}
    }
    fs::remove_file(ballast).map_err(|error| error.to_string())?;
    tally.comes_back(cluster, 0)?;
    load.check(cluster, &FILL)?;
    let mut session = cluster.connect();
    ask(&mut session, "checkpoint")?;
    ask(&mut session, "create table after_all as select generate_series(1, 1000) a; truncate rows; truncate filled")?;
    drop(session);
    // Service goes on.
    let mut after = Load::default();
    after.run(cluster, &FILL, Errors::AreFailures, |cluster, load| load.wait_for(cluster, 50))?;
    after.check(cluster, &FILL)?;
    tally.add(&load);
    tally.add(&after);
    cluster.stop();
    trial::check_stopped(cluster)
}

fn is_full(cluster: &Cluster, load: &Load) -> bool {
    load.failed() >= FAILURES || cluster.log().contains("PANIC:")
}
