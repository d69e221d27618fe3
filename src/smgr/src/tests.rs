//! Forks over segments, faults and crashes on the simulated disk.

use crate::{IfExists, SmgrOptions, StorageManager};
use base::{BlockNumber, DEFAULT_TABLESPACE, Fork, Oid, RelFile, RelFork};
use host::{FaultPlan, OpenMode, OpenOptions, SimHost};
use page::Page;
use report::{Severity, SqlState};
use std::collections::BTreeSet;
use std::path::Path;

const FILE: RelFile = RelFile { tablespace: DEFAULT_TABLESPACE, database: Oid(5), number: 16384 };
const MAIN: RelFork = RelFork { file: FILE, fork: Fork::Main };

fn manager(sim: &SimHost) -> StorageManager {
    let host = sim.host();
    for path in ["base", "base/5"] {
        if !host.disk.exists(Path::new(path)).expect("exists") {
            host.disk.mkdir(Path::new(path)).expect("mkdir");
            host.disk.sync_dir(Path::new(path).parent().expect("it has one")).expect("sync");
        }
    }
    StorageManager::new(host, SmgrOptions { segment_blocks: 4, open_files_max: 3, fsync: true })
}

fn marked(mark: u8) -> Page {
    let mut page = Page::new();
    page.bytes_mut().fill(mark);
    page
}

fn fill(smgr: &StorageManager, blocks: u32) {
    smgr.create(MAIN, IfExists::Fail).expect("create");
    for block in 0..blocks {
        smgr.extend_to(MAIN, BlockNumber(block)).expect("extend");
        smgr.write(MAIN, BlockNumber(block), &marked(block as u8 + 1)).expect("write");
    }
}

fn first_byte(smgr: &StorageManager, block: u32) -> u8 {
    let mut page = Page::new();
    smgr.read(MAIN, BlockNumber(block), &mut page, || ()).expect("read");
    page.bytes()[0]
}

#[test]
fn blocks_come_back_across_segments() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    fill(&smgr, 10);
    assert_eq!((first_byte(&smgr, 0), first_byte(&smgr, 9)), (1, 10));
    assert_eq!(sim.file_bytes(Path::new("base/5/16384.2")).map(|bytes| bytes.len()), Some(2 * 8192));
    let fresh = manager(&sim);
    assert_eq!(fresh.blocks(MAIN).expect("blocks"), 10);
    assert!(smgr.open_files() <= 3);
}

#[test]
fn a_database_takes_what_its_files_take_and_nothing_once_it_is_gone() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    fill(&smgr, 10);
    assert_eq!(smgr.database_bytes(MAIN.file.database).expect("bytes"), 10 * 8192);
    smgr.drop_database(MAIN.file.database).expect("drop");
    assert_eq!(smgr.database_bytes(MAIN.file.database).expect("bytes"), 0);
}

#[test]
fn truncation_cuts_and_removes_segments() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    fill(&smgr, 10);
    smgr.truncate(MAIN, 3).expect("truncate");
    assert_eq!((smgr.blocks(MAIN).expect("blocks"), manager(&sim).blocks(MAIN).expect("blocks")), (3, 3));
    assert!(sim.file_bytes(Path::new("base/5/16384.1")).is_none());
    smgr.extend_to(MAIN, BlockNumber(8)).expect("extend");
    assert_eq!((smgr.blocks(MAIN).expect("blocks"), first_byte(&smgr, 2), first_byte(&smgr, 4)), (9, 3, 0));
}

/// A long fork grows by more than one block at a time; an orderly end gives back what was not used.
#[test]
fn room_made_ahead_is_given_back() {
    let sim = SimHost::new(1);
    let smgr = StorageManager::new(
        manager(&sim).host().clone(),
        SmgrOptions { segment_blocks: 100, ..SmgrOptions::default() },
    );
    smgr.create(MAIN, IfExists::Fail).expect("create");
    (0..90).for_each(|block| smgr.extend_to(MAIN, BlockNumber(block)).expect("extend"));
    let length = |path: &str| sim.file_bytes(Path::new(path)).map(|bytes| bytes.len() / 8192);
    assert_eq!((smgr.blocks(MAIN).expect("blocks"), length("base/5/16384")), (90, Some(91)));
    smgr.trim_reserved().expect("trim");
    assert_eq!(length("base/5/16384"), Some(90));
    (90..130).for_each(|block| smgr.extend_to(MAIN, BlockNumber(block)).expect("extend"));
    assert_eq!((length("base/5/16384"), length("base/5/16384.1")), (Some(100), Some(41)));
    smgr.truncate(MAIN, 95).expect("truncate");
    assert_eq!((length("base/5/16384"), length("base/5/16384.1")), (Some(95), None));
}

#[test]
fn a_missing_file_and_a_missing_block_are_told() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    let error = smgr.blocks(MAIN).expect_err("no file");
    assert_eq!(error.message(), "could not open file \"base/5/16384\": No such file or directory");
    fill(&smgr, 1);
    let error = smgr.read(MAIN, BlockNumber(2), &mut Page::new(), || ()).expect_err("no block");
    let text = "could not read block 2 in file \"base/5/16384\": read only 0 of 8192 bytes";
    assert_eq!((error.message(), error.code()), (text, SqlState::DATA_CORRUPTED));
}

#[test]
fn a_full_disk_is_a_clean_error() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    fill(&smgr, 2);
    sim.set_faults(FaultPlan { space_bytes: Some(100), ..FaultPlan::default() });
    let error = smgr.extend_to(MAIN, BlockNumber(2)).expect_err("full");
    assert_eq!(error.message(), "could not extend file \"base/5/16384\": No space left on device");
    assert_eq!((error.code(), error.fields().severity), (SqlState::DISK_FULL, Severity::Error));
    assert_eq!(smgr.blocks(MAIN).expect("blocks"), 2);
}

#[test]
fn a_failed_fsync_is_a_panic_for_good() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    fill(&smgr, 2);
    sim.set_faults(FaultPlan { fail_sync_at: Some(1), ..FaultPlan::default() });
    assert_eq!(smgr.sync_pending().expect_err("fails").fields().severity, Severity::Panic);
    smgr.write(MAIN, BlockNumber(0), &marked(9)).expect("write");
    assert_eq!(smgr.sync_pending().expect_err("still").fields().severity, Severity::Panic);
}

#[test]
fn each_written_segment_is_synced_once_and_survives() {
    for seed in 0..30 {
        let sim = SimHost::new(seed);
        let smgr = manager(&sim);
        fill(&smgr, 6);
        assert_eq!(smgr.sync_pending().expect("sync").files, 2);
        assert_eq!(smgr.sync_pending().expect("sync").files, 0);
        sim.crash();
        assert_eq!(first_byte(&manager(&sim), 5), 6, "seed {seed}");
    }
}

#[test]
fn databases_are_copied_and_dropped() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    fill(&smgr, 6);
    smgr.copy_database(Oid(5), Oid(6)).expect("copy");
    assert_eq!(smgr.database_bytes(Oid(6)).expect("size"), 6 * 8192);
    smgr.drop_database(Oid(5)).expect("drop");
    assert!(!smgr.exists(MAIN).expect("exists"));
    let copy = RelFork { file: RelFile { database: Oid(6), ..FILE }, fork: Fork::Main };
    assert_eq!(smgr.blocks(copy).expect("blocks"), 6);
}

#[test]
fn relations_are_found_by_whatever_is_left_of_them() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    fill(&smgr, 9);
    let left = ["16390.2", "16391_fsm", "16392_init", "pg_internal.init", "16393x", "PG_VERSION"];
    for name in left {
        let path = Path::new("base/5").join(name);
        smgr.host().disk.open(&path, OpenOptions::new(OpenMode::Create)).expect("create");
    }
    assert_eq!(smgr.relation_numbers(Oid(5)).expect("list"), BTreeSet::from([16384, 16390, 16391, 16392]));
    assert_eq!(smgr.list_databases().expect("list"), [Oid(5)]);
    smgr.remove_stray_segments(Oid(5), &BTreeSet::from([16390, 16392])).expect("remove");
    assert_eq!(smgr.relation_numbers(Oid(5)).expect("list"), BTreeSet::from([16384, 16391]));
    assert_eq!(smgr.blocks(MAIN).expect("blocks"), 9);
    assert!(smgr.host().disk.exists(Path::new("base/5/PG_VERSION")).expect("exists"));
}

#[test]
fn unlogged_relations_are_reset_to_their_init_fork() {
    let sim = SimHost::new(1);
    let smgr = manager(&sim);
    fill(&smgr, 6);
    let init = RelFork { file: FILE, fork: Fork::Init };
    smgr.create(init, IfExists::Fail).expect("create");
    smgr.extend_to(init, BlockNumber(0)).expect("extend");
    assert_eq!(smgr.reset_unlogged().expect("reset"), 1);
    assert_eq!((smgr.blocks(MAIN).expect("blocks"), first_byte(&smgr, 0)), (1, 0));
}
