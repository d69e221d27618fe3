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

use crate::Summary;
use crate::load::{ask, row};
use crate::trial::{self, chance};
use base::{PAGE_BYTES, Prng};
use std::fs;
use std::path::PathBuf;
use testkit::{Client, Cluster};

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hurt {
    FlipBit,
    ZeroPage,
    SwapPages,
    CutInPage,
    CutPages,
    Remove,
    ZeroSector,
}

/// Which file it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Table,
    /// A table that has no visibility map.
    NeverVacuumed,
    Index,
    Toast,
    Catalog,
    CommitLog,
    Control,
    /// The log of a server that was killed, before the redo point of its last checkpoint.
    LogBeforeRedo,
    /// The checkpoint record itself.
    CheckpointRecord,
    /// From the redo point to the end.
    Log,
    /// The record with which it was shut down.
    LastRecord,
}

const KINDS: &[(Target, Hurt)] = &[
    (Target::Table, Hurt::FlipBit),
    (Target::Table, Hurt::ZeroPage),
    (Target::Table, Hurt::SwapPages),
    (Target::Table, Hurt::CutInPage),
    (Target::Table, Hurt::CutPages),
    (Target::Table, Hurt::Remove),
    (Target::NeverVacuumed, Hurt::CutPages),
    (Target::Index, Hurt::FlipBit),
    (Target::Index, Hurt::ZeroPage),
    (Target::Index, Hurt::SwapPages),
    (Target::Index, Hurt::CutPages),
    (Target::Index, Hurt::Remove),
    (Target::Toast, Hurt::FlipBit),
    (Target::Toast, Hurt::ZeroPage),
    (Target::Catalog, Hurt::FlipBit),
    (Target::Catalog, Hurt::Remove),
    (Target::CommitLog, Hurt::FlipBit),
    (Target::CommitLog, Hurt::Remove),
    (Target::Control, Hurt::FlipBit),
    (Target::Control, Hurt::CutInPage),
    (Target::Control, Hurt::ZeroSector),
    (Target::Control, Hurt::Remove),
    (Target::LogBeforeRedo, Hurt::FlipBit),
    (Target::LogBeforeRedo, Hurt::ZeroSector),
    (Target::CheckpointRecord, Hurt::FlipBit),
    (Target::CheckpointRecord, Hurt::ZeroSector),
    (Target::Log, Hurt::FlipBit),
    (Target::Log, Hurt::ZeroSector),
    (Target::Log, Hurt::CutInPage),
    (Target::Log, Hurt::Remove),
    (Target::LastRecord, Hurt::FlipBit),
];

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
    for seed in seed..seed + trials {
        let mut cluster = Cluster::new();
        // Neighbours differ in file and kind.
        let kind = KINDS[(seed * 10 % KINDS.len() as u64) as usize];
        trial::on(&mut cluster, "damage", &(seed..seed + 1), |cluster| {
            one(cluster, kind, &mut chance(seed), &mut counts).map_err(|why| format!("{kind:?}: {why}"))
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
    (target, hurt): (Target, Hurt),
    prng: &mut Prng,
    counts: &mut Counts,
) -> Result<(), String> {
    cluster.start();
    let mut session = cluster.connect();
    fill(&mut session, target)?;
    let mut path = cluster.data().join(path_of(&mut session, target)?);
    let mut marks = Marks::default();
    if is_log(target) {
        marks = Marks::of(&mut session)?;
        path = cluster.data().join("pg_wal").join(&marks.file);
        ask(&mut session, "create table late as select generate_series(1, 20000) a")?;
        cluster.kill();
    } else {
        drop(session);
        cluster.stop();
        if target == Target::LastRecord {
            path = last_segment(cluster)?;
        }
    }
    let before = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let at = place(target, &before, &marks, prng)?;
    damage(&path, &before, hurt, at, prng)?;
    let found_by_check = is_log(target) || found_by_check(cluster)?;
    cluster.launch();
    let is_ready = cluster.becomes_ready().is_ok();
    if let Some(starts) = must_start((target, hurt), at, &marks)
        && starts != is_ready
    {
        return Err(format!("ready: {is_ready}, with the log damaged at {at}: {marks:?}"));
    }
    if !is_ready {
        counts.refused += 1;
        is_refused(cluster, target)?;
        fs::write(&path, &before).map_err(|error| error.to_string())?;
        cluster.launch();
        cluster.becomes_ready()?;
        let mut session = cluster.connect();
        return all_is_there(&mut session, "hurt").and_then(|()| all_is_there(&mut session, "other"));
    }
    match look(cluster, target, &path)? {
        Seen::Errors => counts.failed += 1,
        Seen::All => counts.harmless += 1,
        Seen::ErrorsByIndex => counts.left_to_check += 1,
    }
    if !found_by_check && matches!(target, Target::Table | Target::NeverVacuumed | Target::Index | Target::Toast) {
        return Err("woolly check found nothing".to_owned());
    }
    if !cluster.is_running() {
        return Err("the server has ended".to_owned());
    }
    cluster.signal("INT");
    match cluster.wait() {
        None => Err("the server was ended by a signal".to_owned()),
        Some(_) => Ok(()),
    }
}

fn is_log(target: Target) -> bool {
    matches!(target, Target::LogBeforeRedo | Target::CheckpointRecord | Target::Log)
}

/// Whether a start must go well with the log damaged there; None if both are right.
fn must_start((target, hurt): (Target, Hurt), at: usize, marks: &Marks) -> Option<bool> {
    match target {
        Target::LogBeforeRedo => Some(true),
        Target::CheckpointRecord | Target::LastRecord => Some(false),
        Target::Log if hurt == Hurt::Remove => Some(false),
        // The record and its neighbour are shorter than that.
        Target::Log if at >= marks.checkpoint + 512 => Some(true),
        _ => None,
    }
}

/// The last checkpoint, in bytes from the start of the segment with its redo point.
#[derive(Debug, Default)]
struct Marks {
    file: String,
    redo: usize,
    checkpoint: usize,
}

impl Marks {
    /// Makes a checkpoint with something behind its redo point.
    fn of(session: &mut Client) -> Result<Marks, String> {
        ask(session, "checkpoint")?;
        let sql = "select (pg_walfile_name_offset(redo_lsn)).*, checkpoint_lsn - redo_lsn from pg_control_checkpoint()";
        let found = row(session, sql)?;
        let number = |text: &String| text.parse::<usize>().map_err(|error| format!("{text}: {error}"));
        let (redo, further) = (number(&found[1])?, number(&found[2])?);
        Ok(Marks { file: found[0].clone(), redo, checkpoint: redo + further })
    }
}

fn fill(session: &mut Client, target: Target) -> Result<(), String> {
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
        if target != Target::NeverVacuumed {
            ask(session, &format!("vacuum {table}"))?;
        }
    }
    ask(session, "checkpoint").map(drop)
}

fn path_of(session: &mut Client, target: Target) -> Result<PathBuf, String> {
    let relation = match target {
        Target::Table | Target::NeverVacuumed => "'hurt'",
        Target::Index => "'hurt_pkey'",
        Target::Toast => "(select reltoastrelid from pg_class where relname = 'hurt')",
        Target::Catalog => "'pg_proc'",
        Target::CommitLog => return Ok("pg_xact/0000".into()),
        _ => return Ok("global/pg_control".into()),
    };
    Ok(row(session, &format!("select pg_relation_filepath({relation}::regclass)"))?.remove(0).into())
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

/// Where the damage is done, in bytes.
fn place(target: Target, bytes: &[u8], marks: &Marks, prng: &mut Prng) -> Result<usize, String> {
    let used = bytes.iter().rposition(|byte| *byte != 0).ok_or("the file is all zero")? + 1;
    Ok(match target {
        // The sector that is zeroed ends before the redo point too.
        Target::LogBeforeRedo => prng.below(marks.redo.saturating_sub(512) as u64) as usize,
        Target::CheckpointRecord => marks.checkpoint + prng.below(32) as usize,
        Target::Log => marks.redo + prng.below((used - marks.redo) as u64) as usize,
        Target::LastRecord => used - 1 - prng.below(40) as usize,
        _ => prng.below(used as u64) as usize,
    })
}

fn damage(path: &PathBuf, before: &[u8], hurt: Hurt, at: usize, prng: &mut Prng) -> Result<(), String> {
    let mut bytes = before.to_vec();
    let pages = bytes.len() / PAGE_BYTES;
    let page = |number: usize| number * PAGE_BYTES..(number + 1) * PAGE_BYTES;
    match hurt {
        Hurt::FlipBit => bytes[at] ^= 1 << prng.below(8),
        Hurt::ZeroSector => {
            let end = (at + 512).min(bytes.len());
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

/// A start that failed did so with a message.
fn is_refused(cluster: &mut Cluster, target: Target) -> Result<(), String> {
    match cluster.wait() {
        None => return Err("the server was ended by a signal".to_owned()),
        Some(0) => return Err("the server ended as if nothing were wrong".to_owned()),
        Some(_) => {}
    }
    let log = cluster.log();
    // Who asks whether it is ready is refused meanwhile.
    let is_reason = |line: &&str| {
        (line.contains("FATAL:") || line.contains("PANIC:")) && !line.contains("the database system is starting up")
    };
    let why = log.lines().rev().find(is_reason);
    let why = why.ok_or_else(|| format!("the start failed without a word: {log}"))?;
    let about_checkpoint = !(is_log(target) || target == Target::LastRecord) || why.contains("checkpoint record");
    if about_checkpoint { Ok(()) } else { Err(format!("the start failed for another reason: {why}")) }
}

#[derive(PartialEq, Eq)]
enum Seen {
    All,
    Errors,
    /// A sequential scan of a table that was never vacuumed lacks rows, and whoever comes by its index hears of it.
    ErrorsByIndex,
}

/// Looks at the damaged table in each way there is, and at the other one.
fn look(cluster: &mut Cluster, target: Target, path: &std::path::Path) -> Result<Seen, String> {
    let mut session = cluster.connect();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let (mut seen, mut lacks_rows) = (Seen::All, false);
    for (setting, sql, expected) in [
        ("enable_indexscan", "select count(*) from hurt where filler like 'x%'", ROWS),
        ("enable_seqscan", "select count(*) from hurt where id > 0 and filler like 'x%'", ROWS),
        ("enable_seqscan", "select coalesce(sum(length(long)), 0) from hurt", ROWS / 100 * 3200),
        ("enable_seqscan", "select count(proname) from pg_proc where prosrc <> ''", 0),
    ] {
        let reply = session
            .query(&format!("set enable_indexscan = on; set enable_seqscan = on; set {setting} = off; {sql}"))
            .map_err(|_| format!("the session was lost: {sql}"))?;
        match &reply.error {
            Some(error) if is_clear(error, &name) => seen = Seen::Errors,
            Some(error) => return Err(format!("{sql}: {} ({})", error.message, error.code)),
            None if expected == 0 || reply.value() == expected.to_string() => {}
            None if target == Target::NeverVacuumed && setting == "enable_indexscan" => lacks_rows = true,
            // Reads all rows in their order in the table.
            None if target == Target::NeverVacuumed && lacks_rows && sql.contains("long") => {}
            None => return Err(format!("rows are missing and nothing is said: {sql}: {}", reply.value())),
        }
    }
    seen = match (lacks_rows, seen) {
        (false, seen) => seen,
        (true, Seen::Errors) => Seen::ErrorsByIndex,
        (true, _) => return Err("rows are missing, and no index scan says so".to_owned()),
    };
    // These belong to all tables.
    if !matches!(target, Target::Catalog | Target::CommitLog) {
        all_is_there(&mut session, "other")?;
        ask(&mut session, "update other set filler = filler || 'y' where id % 7 = 0; insert into other values (-1)")?;
        if is_log(target) {
            all_is_there(&mut session, "hurt")?;
        }
        if target == Target::LogBeforeRedo && row(&mut session, "select count(*) from late")? != ["20000"] {
            return Err("what was committed after the checkpoint is not there".to_owned());
        }
    }
    Ok(seen)
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
