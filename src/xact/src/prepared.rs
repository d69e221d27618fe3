//! Two-phase commit: transactions that ended their session's part and wait for COMMIT PREPARED or ROLLBACK PREPARED.
//!
//! PREPARE TRANSACTION logs all that the end will need (`State`), flushes, and hands the locks to an owner of the transaction's own. The xid
//! stays in progress. A checkpoint writes the state to `pg_twophase/<xid>` if the record lies before its redo point; a start reads
//! those files and the records behind it, and takes the locks again.
//!
//! State, little-endian: xid (8), time (8), role (4), database (4), identifier: length (2) and bytes; the end as in a commit record; files to
//! remove on rollback: count (4), 12 each; locks: count (4), each kind (1), mode (1), three words (8 each).

use crate::clog::Ended;
use crate::records::{self, End, Reader, kind};
use crate::{SyncCommit, TransactionManager, ranks};
use base::{Oid, RelFile, SessionId, Xid};
use lock::{LockMode, LockOwner, LockScope, LockTag, SessionWaits};
use report::{Context, Error, Result, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use sync::{Interrupts, Mutex, NoHooks};

const DIRECTORY: &str = "pg_twophase";

/// A row of `pg_prepared_xacts`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreparedInfo {
    /// The transaction.
    pub xid: Xid,
    /// What it was called.
    pub identifier: String,
    /// When it was prepared: microseconds since 2000-01-01.
    pub prepared_us: i64,
    /// Who prepared it.
    pub role: Oid,
    /// In which database.
    pub database: Oid,
}

/// All that the end of a prepared transaction needs.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct State {
    pub info: PreparedInfo,
    pub end: End,
    pub files_made: Vec<RelFile>,
    pub locks: Vec<(LockTag, LockMode)>,
}

struct Entry {
    state: State,
    owner: LockOwner,
    is_on_disk: bool,
    is_busy: bool,
}

pub(crate) struct PreparedTable {
    entries: Mutex<BTreeMap<String, Entry>>,
    /// During recovery: what records say was prepared and not finished.
    redone: Mutex<BTreeMap<Xid, State>>,
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

    pub(crate) fn redo_prepare(&self, body: &[u8]) -> Result<()> {
        let state = State::read(body)?;
        self.redone.lock().insert(state.info.xid, state);
        Ok(())
    }

    pub(crate) fn redo_finish(&self, manager: &TransactionManager, xid: Xid) -> Result<()> {
        self.redone.lock().remove(&xid);
        manager.remove_state_file(xid)
    }
}

impl State {
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&self.info.xid.0.to_le_bytes());
        out.extend_from_slice(&self.info.prepared_us.to_le_bytes());
        out.extend_from_slice(&self.info.role.0.to_le_bytes());
        out.extend_from_slice(&self.info.database.0.to_le_bytes());
        out.extend_from_slice(&(self.info.identifier.len() as u16).to_le_bytes());
        out.extend_from_slice(self.info.identifier.as_bytes());
        self.end.write(&mut out);
        records::write_count(&mut out, self.files_made.len());
        self.files_made.iter().for_each(|file| records::write_file(&mut out, file));
        let locks: Vec<_> = self.locks.iter().filter_map(|(tag, mode)| Some((encode_tag(tag)?, *mode))).collect();
        records::write_count(&mut out, locks.len());
        for ((tag_kind, words), mode) in locks {
            out.extend_from_slice(&[tag_kind, mode as u8]);
            words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        }
        out
    }

    fn read(bytes: &[u8]) -> Result<State> {
        let mut reader = Reader(bytes);
        let (xid, prepared_us) = (Xid(reader.u64()?), reader.u64()? as i64);
        let (role, database) = (Oid(reader.u32()?), Oid(reader.u32()?));
        let len = u16::from_le_bytes(reader.take(2)?.try_into().expect("two bytes"));
        let identifier = String::from_utf8_lossy(reader.take(usize::from(len))?).into_owned();
        let end = End::read(&mut reader)?;
        let count = reader.count()?;
        let files_made = (0..count).map(|_| reader.file()).collect::<Result<_>>()?;
        let count = reader.count()?;
        let locks = (0..count).map(|_| read_lock(&mut reader)).collect::<Result<_>>()?;
        let info = PreparedInfo { xid, identifier, prepared_us, role, database };
        Ok(State { info, end, files_made, locks })
    }

    fn xids(&self) -> impl Iterator<Item = Xid> + '_ {
        self.end.subs.iter().copied().chain([self.info.xid])
    }
}

/// A tag as kind and words. Locks that only order waiting are not kept.
fn encode_tag(tag: &LockTag) -> Option<(u8, [u64; 3])> {
    let word = |oid: Oid| u64::from(oid.0);
    Some(match *tag {
        LockTag::Relation { database, relation } => (0, [word(database), word(relation), 0]),
        LockTag::Transaction(xid) => (1, [xid.0, 0, 0]),
        LockTag::Object { database, class, object, part } => {
            (2, [word(database), word(class), word(object) << 16 | u64::from(part)])
        }
        LockTag::Advisory { database, key } => (3, [word(database), key as u64, 0]),
        LockTag::AdvisoryPair { database, first, second } => {
            (4, [word(database), u64::from(first as u32), u64::from(second as u32)])
        }
        LockTag::Extend { .. } | LockTag::Page { .. } | LockTag::Tuple { .. } | LockTag::Virtual { .. } => return None,
    })
}

fn read_lock(reader: &mut Reader<'_>) -> Result<(LockTag, LockMode)> {
    let head = reader.take(2)?;
    let (tag_kind, mode) = (head[0], head[1]);
    let words = [reader.u64()?, reader.u64()?, reader.u64()?];
    let oid = |at: usize| Oid(words[at] as u32);
    let tag = match tag_kind {
        0 => LockTag::Relation { database: oid(0), relation: oid(1) },
        1 => LockTag::Transaction(Xid(words[0])),
        2 => LockTag::Object {
            database: oid(0),
            class: oid(1),
            object: Oid((words[2] >> 16) as u32),
            part: words[2] as u16,
        },
        3 => LockTag::Advisory { database: oid(0), key: words[1] as i64 },
        4 => LockTag::AdvisoryPair { database: oid(0), first: words[1] as i32, second: words[2] as i32 },
        _ => return Err(Error::corrupt("a prepared transaction holds an unknown kind of lock")),
    };
    let mode = usize::from(mode).checked_sub(1).and_then(|at| LockMode::ALL.get(at)).copied();
    Ok((tag, mode.ok_or_else(|| Error::corrupt("a prepared transaction holds a lock of an unknown mode"))?))
}

impl TransactionManager {
    /// Prepares a transaction: logs and enters its state. The caller hands its locks over.
    pub(crate) fn prepare(&self, state: State) -> Result<LockOwner> {
        let identifier = state.info.identifier.clone();
        let owner = self.owner_of_prepared();
        {
            let mut entries = self.prepared.entries.lock();
            if entries.contains_key(&identifier) {
                bail!(DUPLICATE_OBJECT, "transaction identifier \"{identifier}\" is already in use");
            }
            let entry = Entry { state: state.clone(), owner: owner.clone(), is_on_disk: false, is_busy: true };
            entries.insert(identifier.clone(), entry);
        }
        let logged = self.log_prepare(&state);
        let mut entries = self.prepared.entries.lock();
        match &logged {
            Ok(()) => entries.get_mut(&identifier).expect("it is busy, so it stays").is_busy = false,
            Err(_) => drop(entries.remove(&identifier)),
        }
        logged.map(|()| owner)
    }

    fn log_prepare(&self, state: &State) -> Result<()> {
        // A checkpoint that comes in between waits, and then finds the entry.
        let _window = self.commit_window();
        let lsn = self.journal.insert(kind::PREPARE, state.info.xid, &state.to_bytes())?;
        self.journal.flush(lsn)
    }

    fn owner_of_prepared(&self) -> LockOwner {
        let (interrupts, hooks) = (Arc::new(Interrupts::new()), Arc::new(NoHooks));
        self.locks.register(SessionWaits { session: SessionId(0), interrupts, hooks })
    }

    /// The prepared transactions, by identifier.
    pub fn prepared_transactions(&self) -> Vec<PreparedInfo> {
        self.prepared.entries.lock().values().map(|entry| entry.state.info.clone()).collect()
    }

    /// Ends a prepared transaction: COMMIT PREPARED or ROLLBACK PREPARED. `allow` refuses by an error (wrong role or database).
    ///
    /// Errors: 42704 if there is none of this name, 55000 if another session is ending it, `allow`'s, those of a commit.
    pub fn finish_prepared(
        &self,
        identifier: &str,
        end: PreparedEnd,
        allow: impl FnOnce(&PreparedInfo) -> Result<()>,
    ) -> Result<()> {
        let state = self.take_prepared(identifier, allow)?;
        let xid = state.info.xid;
        let finished = match end {
            PreparedEnd::Commit => self.commit_prepared(&state),
            PreparedEnd::Rollback => self.rollback_prepared(&state),
        };
        let mut entries = self.prepared.entries.lock();
        if let Err(error) = finished {
            if let Some(entry) = entries.get_mut(identifier) {
                entry.is_busy = false;
            }
            return Err(error);
        }
        let entry = entries.remove(identifier);
        drop(entries);
        state.xids().for_each(|xid| self.locks.rows().end(xid));
        drop(entry);
        self.remove_state_file(xid)
    }

    fn take_prepared(&self, identifier: &str, allow: impl FnOnce(&PreparedInfo) -> Result<()>) -> Result<State> {
        let mut entries = self.prepared.entries.lock();
        let Some(entry) = entries.get_mut(identifier) else {
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
        let mut body = Vec::new();
        end.write(&mut body);
        self.commit_xid((kind::COMMIT_PREPARED, body), state.info.xid, &end, SyncCommit::On)?;
        self.files.remove(&end.files)
    }

    fn rollback_prepared(&self, state: &State) -> Result<()> {
        let end = End {
            time_us: self.clock.wall_us(),
            subs: state.end.subs.clone(),
            files: state.files_made.clone(),
            invalidations: Vec::new(),
        };
        let mut body = Vec::new();
        end.write(&mut body);
        let lsn = self.journal.insert(kind::ABORT_PREPARED, state.info.xid, &body)?;
        self.journal.flush(lsn)?;
        // Said in the commit log too: a state file that comes back after a crash is known to be finished.
        self.note_ended(state.xids(), Ended::Aborted)?;
        self.abort_xids(state.xids());
        self.files.remove(&end.files)
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

    /// Writes the state files that a checkpoint needs.
    pub(crate) fn checkpoint_prepared(&self) -> Result<()> {
        let entries = self.prepared.entries.lock();
        let missing: Vec<(String, Xid, Vec<u8>)> = entries
            .iter()
            .filter(|(_, entry)| !entry.is_on_disk)
            .map(|(identifier, entry)| (identifier.clone(), entry.state.info.xid, entry.state.to_bytes()))
            .collect();
        drop(entries);
        if missing.is_empty() {
            return Ok(());
        }
        let _ = self.disk.mkdir(DIRECTORY.as_ref());
        for (identifier, xid, bytes) in missing {
            let path = path(xid);
            self.disk.replace_file(&path, &bytes).could_not(|| format!("write file \"{}\"", path.display()))?;
            match self.prepared.entries.lock().get_mut(&identifier).filter(|entry| entry.state.info.xid == xid) {
                Some(entry) => entry.is_on_disk = true,
                // Finished meanwhile.
                None => self.remove_state_file(xid)?,
            }
        }
        Ok(())
    }

    /// The transactions that are still prepared at the end of recovery.
    pub(crate) fn load_prepared(&self) -> Result<Vec<State>> {
        let mut states = std::mem::take(&mut *self.prepared.redone.lock());
        let names = match self.disk.kind(DIRECTORY.as_ref()) {
            Ok(Some(_)) => self.disk.list(DIRECTORY.as_ref()),
            _ => return Ok(states.into_values().collect()),
        };
        for (name, _) in names.could_not(|| format!("read directory \"{DIRECTORY}\""))? {
            let Ok(xid) = u64::from_str_radix(&name, 16) else { continue };
            let path = path(Xid(xid));
            if self.has_ended(Xid(xid))? {
                self.remove_state_file(Xid(xid))?;
                continue;
            }
            let bytes = self.disk.read_file(&path).could_not(|| format!("read file \"{}\"", path.display()))?;
            let state = State::read(&bytes)?;
            states.entry(state.info.xid).or_insert(state);
        }
        Ok(states.into_values().collect())
    }

    /// Enters a transaction that was found prepared, and takes its locks again.
    pub(crate) fn restore_prepared(&self, state: State) -> Result<()> {
        let owner = self.owner_of_prepared();
        for (tag, mode) in &state.locks {
            owner.acquire(*tag, *mode, LockScope::Transaction)?;
        }
        let entry = Entry { owner, is_on_disk: false, is_busy: false, state };
        self.prepared.entries.lock().insert(entry.state.info.identifier.clone(), entry);
        Ok(())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.owner.release_transaction();
    }
}

/// How a prepared transaction ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PreparedEnd {
    /// COMMIT PREPARED.
    Commit,
    /// ROLLBACK PREPARED.
    Rollback,
}

/// All xids of the states.
pub(crate) fn xids_of(states: &[State]) -> impl Iterator<Item = Xid> + '_ {
    states.iter().flat_map(State::xids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_come_back_whole_or_not_at_all() {
        let info = PreparedInfo {
            xid: Xid(77),
            identifier: "the one".into(),
            prepared_us: -1,
            role: Oid(10),
            database: Oid(5),
        };
        let locks = vec![
            (LockTag::Relation { database: Oid(5), relation: Oid(9) }, LockMode::RowExclusive),
            (LockTag::Transaction(Xid(77)), LockMode::Exclusive),
            (LockTag::Object { database: Oid(0), class: Oid(1), object: Oid(u32::MAX), part: 3 }, LockMode::Share),
            (LockTag::Advisory { database: Oid(5), key: -9 }, LockMode::Exclusive),
            (LockTag::AdvisoryPair { database: Oid(5), first: -1, second: 2 }, LockMode::AccessExclusive),
        ];
        let file = RelFile { tablespace: base::DEFAULT_TABLESPACE, database: Oid(5), number: 4 };
        let end = End { subs: vec![Xid(78)], ..End::default() };
        let state = State { info, end, files_made: vec![file], locks };
        let bytes = state.to_bytes();
        assert_eq!(State::read(&bytes).unwrap(), state);
        assert!((0..bytes.len()).all(|cut| State::read(&bytes[..cut]).is_err()));
    }
}
