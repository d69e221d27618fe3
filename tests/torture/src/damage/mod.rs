//! Media damage: flipped bits, zeroed, swapped and cut pages, missing files, damaged log records, a damaged control file.
//!
//! A trial damages one file of a stopped (or killed) cluster and starts it. Then
//! - a start that fails says why, and with the file restored everything is there;
//! - a statement that needs what is damaged fails with XX001 (58P01 for a file that is missing) and names the file, or gives what was there before:
//!   each is judged by itself, and an answer without an error that lacks rows ends the campaign;
//! - other tables work, the server lives, and it can be shut down.
//!
//! One loss shows in no sequential scan: whole pages at the end of a table that was never vacuumed. An index scan and `woolly check` must find it.
//! Of a damaged log nobody can tell where it ended; what was committed before the last checkpoint must be there. Damage before the redo point has no effect;
//! damage up to the checkpoint record ends the start.

mod targets;

use crate::Summary;
use crate::load::{ask, row};
use crate::trial::{self, chance};
use base::{PAGE_BYTES, Prng};
use std::fs;
use std::path::{Path, PathBuf};
use targets::{File, Hurt, Marks, SECTOR_BYTES, TARGETS, Target};
use testkit::{Client, Cluster};

/// Rows of each table; a page holds about thirty of them.
const ROWS: u64 = 3000;

#[derive(Default)]
struct Counts {
    refused: u64,
    failed: u64,
    harmless: u64,
    left_to_check: u64,
}

/// Runs so many trials: all kinds in turn, each at another place.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let mut counts = Counts::default();
    let kinds: Vec<(&Target, Hurt)> =
        TARGETS.iter().flat_map(|target| target.hurts.iter().map(move |hurt| (target, *hurt))).collect();
    for seed in seed..seed + trials {
        let mut cluster = Cluster::new();
        // Neighbours differ in file and kind.
        let (target, hurt) = kinds[(seed * 10 % kinds.len() as u64) as usize];
        trial::on(&mut cluster, "damage", &(seed..seed + 1), |cluster| {
            one(cluster, (target, hurt), &mut chance(seed), &mut counts)
                .map_err(|why| format!("{}, {hurt:?}: {why}", target.name))
        })?;
    }
    Ok(Summary {
        trials,
        counts: vec![
            ("starts refused", counts.refused),
            ("statements failed", counts.failed),
            ("without effect", counts.harmless),
            ("found by woolly check", counts.left_to_check),
        ],
    })
}

fn one(
    cluster: &mut Cluster,
    (target, hurt): (&Target, Hurt),
    prng: &mut Prng,
    counts: &mut Counts,
) -> Result<(), String> {
    cluster.start();
    let (path, marks) = end_with(cluster, target)?;
    let before = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let used = before.iter().rposition(|byte| *byte != 0).ok_or("the file is all zero")? + 1;
    let at = (target.place)(used, &marks, prng);
    damage(&path, &before, hurt, at, prng)?;
    // After a kill there is nothing to check yet.
    if target.file != File::RedoSegment && !found_by_check(cluster)? && target.is_found_by_check {
        return Err("woolly check found nothing".to_owned());
    }
    let since = cluster.log().len();
    cluster.launch();
    let is_ready = cluster.becomes_ready().is_ok();
    if (target.must_start)(hurt, at, &marks).is_some_and(|starts| starts != is_ready) {
        return Err(format!("ready: {is_ready}, with the log damaged at {at}: {marks:?}"));
    }
    if !is_ready {
        counts.refused += 1;
        is_refused(cluster, target, since)?;
        fs::write(&path, &before).map_err(|error| error.to_string())?;
        return serves_restored(cluster);
    }
    match look(cluster, target, &path)? {
        Seen::Errors => counts.failed += 1,
        Seen::All => counts.harmless += 1,
        Seen::ErrorsByIndex => counts.left_to_check += 1,
    }
    ends_in_order(cluster)
}

/// Fills the server and ends it so that the file is needed at the next start or by a statement. The file, and where the last checkpoint is in the log.
fn end_with(cluster: &mut Cluster, target: &Target) -> Result<(PathBuf, Marks), String> {
    let mut session = cluster.connect();
    fill(&mut session, target)?;
    let data = cluster.data();
    let path = match target.file {
        File::RedoSegment => {
            let marks = Marks::of(&mut session)?;
            ask(&mut session, "create table late as select generate_series(1, 20000) a")?;
            cluster.kill();
            return Ok((data.join("pg_wal").join(&marks.file), marks));
        }
        File::Of(relation) => {
            let path = format!("select pg_relation_filepath({relation}::regclass)");
            Some(data.join(row(&mut session, &path)?.remove(0)))
        }
        File::At(path) => Some(data.join(path)),
        File::LastSegment => None,
    };
    drop(session);
    cluster.stop();
    Ok((path.map_or_else(|| last_segment(cluster), Ok)?, Marks::default()))
}

/// Starts a server whose file is as it was. Errors: something is lost.
fn serves_restored(cluster: &mut Cluster) -> Result<(), String> {
    cluster.launch();
    cluster.becomes_ready()?;
    let mut session = cluster.connect();
    all_is_there(&mut session, "hurt").and_then(|()| all_is_there(&mut session, "other"))
}

/// The server lives and can be shut down.
fn ends_in_order(cluster: &mut Cluster) -> Result<(), String> {
    if !cluster.is_running() {
        return Err("the server has ended".to_owned());
    }
    cluster.signal("INT");
    cluster.wait().map(drop).ok_or_else(|| "the server was ended by a signal".to_owned())
}

fn fill(session: &mut Client, target: &Target) -> Result<(), String> {
    for table in ["other", "hurt"] {
        let options = "autovacuum_enabled = off";
        ask(session, &format!("create table {table}(id int primary key, filler text, long text) with ({options})"))?;
        // The long ones do not compress and lie in the TOAST table.
        ask(
            session,
            &format!(
                "insert into {table} select n, repeat('x', 200), case when n % 100 = 0 then \
                 (select string_agg(md5((n * 1000 + m)::text), '') from generate_series(1, 100) m) end \
                 from generate_series(1, {ROWS}) n"
            ),
        )?;
        if target.is_vacuumed {
            ask(session, &format!("vacuum {table}"))?;
        }
    }
    ask(session, "checkpoint").map(drop)
}

/// The segment that the last record is in.
fn last_segment(cluster: &Cluster) -> Result<PathBuf, String> {
    let folder = cluster.data().join("pg_wal");
    let names = fs::read_dir(&folder).map_err(|error| error.to_string())?.flatten();
    let used = names.map(|entry| entry.path()).filter(|path| path.is_file());
    used.filter(|path| fs::read(path).is_ok_and(|bytes| bytes.iter().any(|byte| *byte != 0)))
        .max()
        .ok_or_else(|| "there is no log".to_owned())
}

fn damage(path: &Path, before: &[u8], hurt: Hurt, at: usize, prng: &mut Prng) -> Result<(), String> {
    let mut bytes = before.to_vec();
    let pages = bytes.len() / PAGE_BYTES;
    let page = |number: usize| number * PAGE_BYTES..(number + 1) * PAGE_BYTES;
    match hurt {
        Hurt::FlipBit => bytes[at] ^= 1 << prng.below(8),
        Hurt::ZeroSector => {
            let end = (at + SECTOR_BYTES).min(bytes.len());
            bytes[at..end].fill(0);
        }
        Hurt::ZeroPage => bytes[page(at / PAGE_BYTES)].fill(0),
        Hurt::SwapPages => {
            let (one, other) = (at / PAGE_BYTES, (at / PAGE_BYTES + 1) % pages);
            let kept = bytes[page(one)].to_vec();
            bytes.copy_within(page(other), one * PAGE_BYTES);
            bytes[page(other)].copy_from_slice(&kept);
        }
        Hurt::CutInPage => bytes.truncate(at),
        Hurt::CutPages => bytes.truncate(at / PAGE_BYTES * PAGE_BYTES),
        Hurt::Remove => return fs::remove_file(path).map_err(|error| error.to_string()),
    }
    fs::write(path, bytes).map_err(|error| error.to_string())
}

/// True if `woolly check` finds something. Errors: it cannot check.
fn found_by_check(cluster: &Cluster) -> Result<bool, String> {
    match trial::woolly_check(cluster)? {
        (Some(code @ (0 | 1)), _) => Ok(code == 1),
        (code, said) => Err(format!("woolly check ended with {code:?}: {said}")),
    }
}

/// A start that failed did so with a message, in the log from byte `since` on.
fn is_refused(cluster: &mut Cluster, target: &Target, since: usize) -> Result<(), String> {
    match cluster.wait() {
        None => return Err("the server was ended by a signal".to_owned()),
        Some(0) => return Err("the server ended as if nothing were wrong".to_owned()),
        Some(_) => {}
    }
    let log = cluster.log().split_off(since);
    let is_reason = |line: &&str| {
        let says_so = ["FATAL:", "PANIC:", "could not find the database system"].iter().any(|text| line.contains(text));
        // Who asks whether it is ready is refused meanwhile.
        says_so && !line.contains("the database system is starting up")
    };
    let why = log.lines().rev().find(is_reason);
    let why = why.ok_or_else(|| format!("the start failed without a word: {log}"))?;
    match !target.file.is_log() || why.contains("checkpoint record") {
        true => Ok(()),
        false => Err(format!("the start failed for another reason: {why}")),
    }
}

enum Seen {
    All,
    Errors,
    /// A sequential scan of a table that was never vacuumed lacks rows, and whoever comes by its index hears of it.
    ErrorsByIndex,
}

/// A way to look at what is damaged.
struct Way {
    /// How it must not be planned.
    off: &'static str,
    sql: &'static str,
    /// None: what it gives does not matter.
    expected: Option<u64>,
    /// Reads all rows in their order in the table.
    is_sequential: bool,
}

const WAYS: &[Way] = &[
    Way {
        off: "enable_indexscan",
        sql: "select count(*) from hurt where filler like 'x%'",
        expected: Some(ROWS),
        is_sequential: true,
    },
    Way {
        off: "enable_seqscan",
        sql: "select count(*) from hurt where id > 0 and filler like 'x%'",
        expected: Some(ROWS),
        is_sequential: false,
    },
    Way {
        off: "enable_seqscan",
        sql: "select coalesce(sum(length(long)), 0) from hurt",
        expected: Some(ROWS / 100 * 3200),
        is_sequential: true,
    },
    Way {
        off: "enable_seqscan",
        sql: "select count(proname) from pg_proc where prosrc <> ''",
        expected: None,
        is_sequential: false,
    },
];

/// Looks at the damaged table in each way there is, and at the other one.
fn look(cluster: &mut Cluster, target: &Target, path: &Path) -> Result<Seen, String> {
    let mut session = cluster.connect();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (mut fails, mut lacks_rows) = (false, false);
    for way in WAYS {
        match look_by(&mut session, way, name)? {
            None => fails = true,
            Some(value) if way.expected.is_none_or(|expected| value == expected.to_string()) => {}
            Some(_) if way.is_sequential && !target.is_vacuumed => lacks_rows = true,
            Some(value) => return Err(format!("rows are missing and nothing is said: {}: {value}", way.sql)),
        }
    }
    if !target.is_shared {
        look_at_others(&mut session, target)?;
    }
    match (lacks_rows, fails) {
        (false, false) => Ok(Seen::All),
        (false, true) => Ok(Seen::Errors),
        (true, true) => Ok(Seen::ErrorsByIndex),
        (true, false) => Err("rows are missing, and no index scan says so".to_owned()),
    }
}

/// What is seen in this way; None: an error that names the file. Errors: another one.
fn look_by(session: &mut Client, way: &Way, file: &str) -> Result<Option<String>, String> {
    let Way { off, sql, .. } = way;
    let reply = session
        .query(&format!("set enable_indexscan = on; set enable_seqscan = on; set {off} = off; {sql}"))
        .map_err(|_| format!("the session was lost: {sql}"))?;
    match &reply.error {
        None => Ok(Some(reply.value().to_owned())),
        Some(error) if is_clear(error, file) => Ok(None),
        Some(error) => Err(format!("{sql}: {} ({})", error.message, error.code)),
    }
}

/// Looks at what the damage must leave whole, and changes it.
fn look_at_others(session: &mut Client, target: &Target) -> Result<(), String> {
    all_is_there(session, "other")?;
    ask(session, "update other set filler = filler || 'y' where id % 7 = 0; insert into other values (-1)")?;
    if target.file.is_log() {
        all_is_there(session, "hurt")?;
    }
    if target.keeps_late && row(session, "select count(*) from late")? != ["20000"] {
        return Err("what was committed after the checkpoint is not there".to_owned());
    }
    Ok(())
}

/// An error that says that data are damaged, and where.
fn is_clear(error: &testkit::ServerError, file: &str) -> bool {
    let detail = error.field(b'D').unwrap_or_default();
    // B-trees go by their names, as in PostgreSQL.
    let names_file = error.message.contains(file) || detail.contains(file) || error.message.contains("hurt_pkey");
    ["XX001", "XX002", "58P01"].contains(&error.code.as_str()) && names_file
}

fn all_is_there(session: &mut Client, table: &str) -> Result<(), String> {
    let sql = format!("select count(*), sum(id), sum(length(long)) from {table}");
    let found = row(session, &sql)?;
    let expected = [ROWS.to_string(), (ROWS * (ROWS + 1) / 2).to_string(), (ROWS / 100 * 3200).to_string()];
    if found == expected { Ok(()) } else { Err(format!("{table}: {found:?} instead of {expected:?}")) }
}
