//! Two-phase commit: transactions that ended their session's part and wait for COMMIT PREPARED or ROLLBACK PREPARED.
//!
//! 1. PREPARE TRANSACTION enters the identifier, logs all that the end will need ([`State`]), flushes, and hands the locks to an owner
//!    of the transaction's own. The xid stays in progress, and so do its shared row locks.
//! 2. A checkpoint writes the state to `pg_twophase/<xid>`, again if its row locks have followed rows to new versions since.
//! 3. A start reads those files before redo and the records in redo, and takes the locks again at the end of recovery. Redo of
//!    updates hands row locks on as the updates did.
//! 4. COMMIT PREPARED and ROLLBACK PREPARED are logged, flushed and said in the commit log: a state file that comes back after a crash
//!    is known to be finished.

use crate::changes::{Changes, EndedChanges};
use crate::clog::Ended;
use crate::manager::Durability;
use crate::prepared_state::{SharedRow, State};
use crate::records::{End, kind};
use crate::{SyncCommit, TransactionManager, ranks};
use base::{Oid, RelFile, SessionId, Xid};
use lock::{LockOwner, LockScope, SessionWaits};
use report::{Context, Error, Result, Severity, bail, error};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use sync::{CriticalSection, Interrupts, Mutex, NoHooks};

const DIRECTORY: &str = "pg_twophase";

/// A row of `pg_prepared_xacts`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreparedInfo {
    /// The transaction.
    pub xid: Xid,
    /// What it was called.
    pub identifier: String,
    /// When it was prepared: microseconds since 1970-01-01.
    pub prepared_us: i64,
    /// Who prepared it.
    pub role: Oid,
    /// In which database.
    pub database: Oid,
}

/// How a transaction is prepared.
#[derive(Debug)]
pub struct Preparation<'a> {
    /// What it is called from now on.
    pub identifier: &'a str,
    /// Who prepares it.
    pub role: Oid,
    /// In which database.
    pub database: Oid,
    /// `max_prepared_transactions`.
    pub prepared_max: usize,
    /// What it changed, for the statistics.
    pub changes: Changes,
}

/// How a prepared transaction ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PreparedEnd {
    /// COMMIT PREPARED.
    Commit,
    /// ROLLBACK PREPARED.
    Rollback,
}

struct Entry {
    state: State,
    owner: LockOwner,
    /// Its record is on disk. Before that nobody else knows of it.
    is_logged: bool,
    /// A session is preparing or ending it.
    is_busy: bool,
    /// How many row locks its state file has, if it has one.
    rows_on_disk: Option<usize>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.owner.release_transaction();
    }
}

pub(crate) struct PreparedTable {
    entries: Mutex<BTreeMap<String, Entry>>,
    /// During recovery: what state files and records say was prepared and not finished.
    redone: Mutex<BTreeMap<Xid, State>>,
}

/// Removes what a crash has left of the writing of a state file.
fn remove_half_written(manager: &TransactionManager, name: &str) -> Result<()> {
    if !name.ends_with(".tmp") {
        return Ok(());
    }
    let path = PathBuf::from(DIRECTORY).join(name);
    manager.disk.unlink(&path).could_not(|| format!("remove file \"{}\"", path.display()))
}

fn path(xid: Xid) -> PathBuf {
    format!("{DIRECTORY}/{:016X}", xid.0).into()
}

impl PreparedTable {
    pub(crate) fn new() -> PreparedTable {
        PreparedTable {
            entries: Mutex::new(ranks::PREPARED, BTreeMap::new()),
            redone: Mutex::new(ranks::PREPARED, BTreeMap::new()),
        }
    }

    fn enter(&self, entry: Entry, prepared_max: usize) -> Result<()> {
        let mut entries = self.entries.lock();
        let identifier = &entry.state.info.identifier;
        if entries.contains_key(identifier) {
            bail!(DUPLICATE_OBJECT, "transaction identifier \"{identifier}\" is already in use");
        }
        if entries.len() >= prepared_max {
            let error = error!(OUT_OF_MEMORY, "maximum number of prepared transactions reached");
            return Err(error.hint(format!("Increase max_prepared_transactions (currently {prepared_max}).")));
        }
        entries.insert(identifier.clone(), entry);
        Ok(())
    }

    /// Changes an entry that its session keeps busy, so that it stays.
    fn change(&self, identifier: &str, change: impl FnOnce(&mut Entry)) {
        change(self.entries.lock().get_mut(identifier).expect("it is busy, so it stays"));
    }
}

// ---- prepare and finish

impl TransactionManager {
    /// Prepares a transaction: logs and enters its state. `hand_over` gives its locks to the owner.
    pub(crate) fn prepare(&self, state: State, prepared_max: usize, hand_over: impl FnOnce(&LockOwner)) -> Result<()> {
        let owner = self.owner_of_prepared(state.info.xid);
        let (state_bytes, info) = (state.to_bytes(), state.info.clone());
        let entry = Entry { state, owner: owner.clone(), is_logged: false, is_busy: true, rows_on_disk: None };
        self.prepared.enter(entry, prepared_max)?;
        if let Err(error) = self.log_prepare(&info, &state_bytes) {
            let entry = self.prepared.entries.lock().remove(&info.identifier);
            drop(entry);
            return Err(error);
        }
        hand_over(&owner);
        self.prepared.change(&info.identifier, |entry| entry.is_busy = false);
        Ok(())
    }

    /// A checkpoint that comes in between waits, and then finds the entry.
    fn log_prepare(&self, info: &PreparedInfo, state: &[u8]) -> Result<()> {
        let _window = self.commit_window();
        let lsn = self.journal.insert(kind::PREPARE, info.xid, state)?;
        self.journal.flush(lsn)?;
        self.prepared.change(&info.identifier, |entry| entry.is_logged = true);
        Ok(())
    }

    fn owner_of_prepared(&self, xid: Xid) -> LockOwner {
        let (interrupts, hooks) = (Arc::new(Interrupts::new()), Arc::new(NoHooks));
        let owner = self.locks.register(SessionWaits { session: SessionId(0), interrupts, hooks });
        owner.set_virtual_transaction(xid.0);
        owner
    }

    /// The prepared transactions, by identifier.
    pub fn prepared_transactions(&self) -> Vec<PreparedInfo> {
        let entries = self.prepared.entries.lock();
        entries.values().filter(|entry| entry.is_logged).map(|entry| entry.state.info.clone()).collect()
    }

    /// The relation files that prepared transactions have made.
    pub fn files_of_prepared(&self) -> Vec<RelFile> {
        let entries = self.prepared.entries.lock();
        entries.values().flat_map(|entry| entry.state.files_made.iter().copied()).collect()
    }

    /// Ends a prepared transaction: COMMIT PREPARED or ROLLBACK PREPARED. `allow` refuses by an error (wrong role or database).
    /// Answers what the statistics are to be told.
    ///
    /// Errors: 42704 if there is none of this name, 55000 if another session is ending it, `allow`'s, those of a commit. If its files cannot
    /// be removed, it has ended all the same.
    pub fn finish_prepared(
        &self,
        identifier: &str,
        end: PreparedEnd,
        allow: impl FnOnce(&PreparedInfo) -> Result<()>,
    ) -> Result<EndedChanges> {
        let state = self.take_prepared(identifier, allow)?;
        let logged = match end {
            PreparedEnd::Commit => self.commit_prepared(&state),
            PreparedEnd::Rollback => self.abort_prepared(&state),
        };
        if let Err(error) = logged {
            self.prepared.change(identifier, |entry| entry.is_busy = false);
            return Err(error);
        }
        let removed = self.files.remove(match end {
            PreparedEnd::Commit => &state.end.files,
            PreparedEnd::Rollback => &state.files_made,
        });
        let entry = self.prepared.entries.lock().remove(identifier);
        state.xids().for_each(|xid| self.locks.rows().end(xid));
        drop(entry);
        self.remove_state_file(state.info.xid)?;
        removed?;
        Ok(match end {
            PreparedEnd::Commit => state.on_commit,
            PreparedEnd::Rollback => state.on_rollback,
        })
    }

    fn take_prepared(&self, identifier: &str, allow: impl FnOnce(&PreparedInfo) -> Result<()>) -> Result<State> {
        let mut entries = self.prepared.entries.lock();
        let Some(entry) = entries.get_mut(identifier).filter(|entry| entry.is_logged) else {
            bail!(UNDEFINED_OBJECT, "prepared transaction with identifier \"{identifier}\" does not exist");
        };
        if entry.is_busy {
            bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "prepared transaction with identifier \"{identifier}\" is busy");
        }
        allow(&entry.state.info)?;
        entry.is_busy = true;
        Ok(entry.state.clone())
    }

    fn commit_prepared(&self, state: &State) -> Result<()> {
        let end = End { time_us: self.clock.wall_us(), ..state.end.clone() };
        let logged = self.log_commit(kind::COMMIT_PREPARED, state.info.xid, end)?;
        self.finish_commit(logged, Durability { sync: SyncCommit::On, waits: &NoHooks }).map(drop)
    }

    fn abort_prepared(&self, state: &State) -> Result<()> {
        let end = End {
            time_us: self.clock.wall_us(),
            subs: state.end.subs.clone(),
            files: state.files_made.clone(),
            invalidations: Vec::new(),
        };
        let mut body = Vec::new();
        end.write(&mut body);
        let window = self.commit_window();
        let lsn = self.journal.insert(kind::ABORT_PREPARED, state.info.xid, &body)?;
        let critical = CriticalSection::enter();
        let noted = self.journal.flush(lsn).and_then(|()| self.note_ended(state.xids(), Ended::Aborted));
        noted.map_err(|error| error.severity(Severity::Panic))?;
        drop(critical);
        drop(window);
        self.abort_xids(state.xids());
        Ok(())
    }
}

// ---- state files and recovery

impl TransactionManager {
    /// Writes the state files that a checkpoint needs. Called after the pages were written: who was changing a page when the redo
    /// point was chosen has handed on its row locks by then.
    pub fn checkpoint_prepared(&self) -> Result<()> {
        let logged: Vec<(State, Option<usize>)> = {
            let entries = self.prepared.entries.lock();
            let logged = entries.values().filter(|entry| entry.is_logged);
            logged.map(|entry| (entry.state.clone(), entry.rows_on_disk)).collect()
        };
        for (mut state, rows_on_disk) in logged {
            state.rows = self.shared_rows(state.xids());
            if rows_on_disk != Some(state.rows.len()) {
                self.write_state_file(&state)?;
            }
        }
        Ok(())
    }

    fn write_state_file(&self, state: &State) -> Result<()> {
        let _ = self.disk.mkdir(DIRECTORY.as_ref());
        let (xid, path) = (state.info.xid, path(state.info.xid));
        let written = self.disk.replace_file(&path, &state.to_file());
        written.could_not(|| format!("write file \"{}\"", path.display()))?;
        let mut entries = self.prepared.entries.lock();
        match entries.get_mut(&state.info.identifier).filter(|entry| entry.state.info.xid == xid) {
            Some(entry) => entry.rows_on_disk = Some(state.rows.len()),
            // Finished meanwhile.
            None => {
                drop(entries);
                self.remove_state_file(xid)?;
            }
        }
        Ok(())
    }

    fn remove_state_file(&self, xid: Xid) -> Result<()> {
        let path = path(xid);
        match self.disk.unlink(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(format!("remove file \"{}\"", path.display()), &error))
            }
            _ => Ok(()),
        }
    }

    /// The shared row locks of some xids as they are now.
    pub(crate) fn shared_rows(&self, xids: impl Iterator<Item = Xid>) -> Vec<SharedRow> {
        let rows = self.locks.rows();
        xids.flat_map(|xid| rows.held_by(xid).into_iter().map(move |(key, share)| (xid, key, share))).collect()
    }

    /// Recovery, before redo: reads the state files. Their row locks are held from here on, so that redo can hand them on.
    ///
    /// Errors: a file cannot be read; XX001 if it is damaged.
    pub fn read_prepared(&self) -> Result<()> {
        let names = match self.disk.kind(DIRECTORY.as_ref()) {
            Ok(Some(_)) => self.disk.list(DIRECTORY.as_ref()),
            _ => return Ok(()),
        };
        for (name, _) in names.could_not(|| format!("read directory \"{DIRECTORY}\""))? {
            let Ok(xid) = u64::from_str_radix(&name, 16).map(Xid) else {
                remove_half_written(self, &name)?;
                continue;
            };
            if self.has_ended(xid)? {
                self.remove_state_file(xid)?;
                continue;
            }
            let path = path(xid);
            let bytes = self.disk.read_file(&path).could_not(|| format!("read file \"{}\"", path.display()))?;
            let state =
                State::from_file(&bytes).map_err(|error| error.context(format!("file \"{}\"", path.display())))?;
            self.note_prepared(state)?;
        }
        Ok(())
    }

    pub(crate) fn redo_prepare(&self, body: &[u8]) -> Result<()> {
        self.note_prepared(State::read(body)?)
    }

    fn note_prepared(&self, state: State) -> Result<()> {
        for (xid, key, share) in &state.rows {
            self.locks.rows().lock(*key, *xid, *share)?;
        }
        self.prepared.redone.lock().insert(state.info.xid, state);
        Ok(())
    }

    pub(crate) fn redo_finish(&self, xid: Xid) -> Result<()> {
        let state = self.prepared.redone.lock().remove(&xid);
        state.iter().flat_map(State::xids).for_each(|xid| self.locks.rows().end(xid));
        self.remove_state_file(xid)
    }

    /// The transactions that are still prepared at the end of recovery.
    pub(crate) fn take_redone(&self) -> Vec<State> {
        std::mem::take(&mut *self.prepared.redone.lock()).into_values().collect()
    }

    /// Enters a transaction that was found prepared, and takes its locks again.
    pub(crate) fn restore_prepared(&self, state: State) -> Result<()> {
        let owner = self.owner_of_prepared(state.info.xid);
        for (tag, mode) in &state.locks {
            owner.acquire(*tag, *mode, LockScope::Transaction)?;
        }
        let identifier = state.info.identifier.clone();
        let entry = Entry { state, owner, is_logged: true, is_busy: false, rows_on_disk: None };
        self.prepared.entries.lock().insert(identifier, entry);
        Ok(())
    }
}
