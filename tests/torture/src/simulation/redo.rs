//! Redo by several threads comes to the files that one thread comes to.

use super::machine::{Knobs, options};
use host::{EntryKind, SimHost};
use postmaster::storage;
use recovery::{Engine, EngineOptions};
use report::Result;
use std::path::{Path, PathBuf};

/// Workers of the redo that is compared.
const WORKERS: usize = 3;
/// What redo brings forth. The rest is of the recovery itself: the control file, new segments of the log.
const PLACES: [&str; 4] = ["base", "global", "pg_xact", "pg_twophase"];

/// Recovers two copies of a disk, one by one thread and one by several, shuts them down and compares their files.
///
/// Errors: what differs; a recovery that failed.
pub fn compare(sim: &SimHost, knobs: Knobs) -> std::result::Result<(), String> {
    let redone = |workers| {
        redo(sim, knobs, workers).map_err(|error| format!("recovery with {workers} workers for redo: {error:?}"))
    };
    let (alone, several) = (redone(0)?, redone(WORKERS)?);
    let (ours, theirs) = (files(&alone), files(&several));
    if ours != theirs {
        return Err(format!("files after redo by one thread and by several: {ours:?} and {theirs:?}"));
    }
    match ours.iter().find(|path| alone.file_bytes(path) != several.file_bytes(path)) {
        Some(path) => Err(format!("\"{}\" is not the same after redo by one thread and by several", path.display())),
        None => Ok(()),
    }
}

fn redo(sim: &SimHost, knobs: Knobs, redo_workers: usize) -> Result<SimHost> {
    let machine = sim.copy(0);
    let options = EngineOptions { redo_workers, ..options(knobs) };
    let engine = Engine::open(machine.host(), options, storage::resource_managers())?;
    engine.start(&mut |_| Ok(()))?;
    engine.shutdown(&|_| true)?;
    Ok(machine)
}

fn files(sim: &SimHost) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut places: Vec<PathBuf> = PLACES.iter().map(PathBuf::from).collect();
    while let Some(place) = places.pop() {
        for (name, kind) in sim.host().disk.list(&place).expect("a sound disk") {
            let path = place.join(name);
            match kind {
                EntryKind::Directory => places.push(path),
                _ if path == Path::new(recovery::CONTROL_FILE) => {}
                _ => found.push(path),
            }
        }
    }
    found.sort();
    found
}
