//! What a prepared transaction leaves for its end: the body of its record and of its state file.
//!
//! Little-endian: xid (8), time (8), role (4), database (4), identifier: length (2) and bytes; the end as in a commit record; files to
//! remove on rollback: count (4), 12 each; locks: count (4), each kind (1), mode (1), three words (8 each); shared row locks: count (4),
//! each holder (8), file (12), row version (6), strength (1); what the statistics are told on commit, then on rollback: tables: count (4),
//! each database (4), oid (4), seven numbers (8 each), truncated (1); relations that are no more: count (4), 8 each.
//!
//! A state file has the CRC-32C (4) of all that behind it.

use crate::changes::EndedChanges;
use crate::prepared::PreparedInfo;
use crate::records::{self, End, Reader};
use base::{Oid, RelFile, Tid, Xid};
use lock::{LockMode, LockTag, RowKey, RowShare};
use report::{Error, Result};

/// A row version that one of the transaction's xids has locked with others.
pub(crate) type SharedRow = (Xid, RowKey, RowShare);

/// All that the end of a prepared transaction needs.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct State {
    pub info: PreparedInfo,
    pub end: End,
    pub files_made: Vec<RelFile>,
    pub locks: Vec<(LockTag, LockMode)>,
    pub rows: Vec<SharedRow>,
    pub on_commit: EndedChanges,
    pub on_rollback: EndedChanges,
}

impl State {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_info(&mut out, &self.info);
        self.end.write(&mut out);
        records::write_count(&mut out, self.files_made.len());
        self.files_made.iter().for_each(|file| records::write_file(&mut out, file));
        let locks: Vec<_> = self.locks.iter().filter_map(|(tag, mode)| Some((encode_tag(tag)?, *mode))).collect();
        records::write_count(&mut out, locks.len());
        for ((tag_kind, words), mode) in locks {
            out.extend_from_slice(&[tag_kind, mode as u8]);
            words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        }
        records::write_count(&mut out, self.rows.len());
        self.rows.iter().for_each(|row| write_row(&mut out, row));
        self.on_commit.write(&mut out);
        self.on_rollback.write(&mut out);
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<State> {
        let mut reader = Reader(bytes);
        let info = read_info(&mut reader)?;
        let end = End::read(&mut reader)?;
        let count = reader.count()?;
        let files_made = (0..count).map(|_| reader.file()).collect::<Result<_>>()?;
        let count = reader.count()?;
        let locks = (0..count).map(|_| read_lock(&mut reader)).collect::<Result<_>>()?;
        let count = reader.count()?;
        let rows = (0..count).map(|_| read_row(&mut reader)).collect::<Result<_>>()?;
        let on_commit = EndedChanges::read(&mut reader)?;
        Ok(State { info, end, files_made, locks, rows, on_commit, on_rollback: EndedChanges::read(&mut reader)? })
    }

    /// The contents of its state file.
    pub(crate) fn to_file(&self) -> Vec<u8> {
        let mut bytes = self.to_bytes();
        let sum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The reverse. Errors: XX001 if the file is damaged.
    pub(crate) fn from_file(bytes: &[u8]) -> Result<State> {
        match bytes.split_last_chunk() {
            Some((body, sum)) if crc32c::crc32c(body) == u32::from_le_bytes(*sum) => State::read(body),
            _ => Err(Error::corrupt("calculated CRC checksum does not match value stored in file")),
        }
    }

    /// Its xid and those of its subtransactions.
    pub(crate) fn xids(&self) -> impl Iterator<Item = Xid> + '_ {
        self.end.subs.iter().copied().chain([self.info.xid])
    }
}

/// All xids of the states.
pub(crate) fn xids_of(states: &[State]) -> impl Iterator<Item = Xid> + '_ {
    states.iter().flat_map(State::xids)
}

fn write_info(out: &mut Vec<u8>, info: &PreparedInfo) {
    out.extend_from_slice(&info.xid.0.to_le_bytes());
    out.extend_from_slice(&info.prepared_us.to_le_bytes());
    out.extend_from_slice(&info.role.0.to_le_bytes());
    out.extend_from_slice(&info.database.0.to_le_bytes());
    out.extend_from_slice(&(info.identifier.len() as u16).to_le_bytes());
    out.extend_from_slice(info.identifier.as_bytes());
}

fn read_info(reader: &mut Reader<'_>) -> Result<PreparedInfo> {
    let (xid, prepared_us) = (Xid(reader.u64()?), reader.u64()? as i64);
    let (role, database) = (Oid(reader.u32()?), Oid(reader.u32()?));
    let len = u16::from_le_bytes(reader.take(2)?.try_into().expect("two bytes"));
    let identifier = String::from_utf8_lossy(reader.take(usize::from(len))?).into_owned();
    Ok(PreparedInfo { xid, identifier, prepared_us, role, database })
}

fn write_row(out: &mut Vec<u8>, (xid, (file, tid), share): &SharedRow) {
    out.extend_from_slice(&xid.0.to_le_bytes());
    records::write_file(out, file);
    out.extend_from_slice(&tid.to_bytes());
    out.push(*share as u8);
}

fn read_row(reader: &mut Reader<'_>) -> Result<SharedRow> {
    let (xid, file) = (Xid(reader.u64()?), reader.file()?);
    let tid = Tid::from_bytes(reader.take(6)?.try_into().expect("six bytes"));
    let share = RowShare::ALL.get(usize::from(reader.take(1)?[0])).copied();
    let share =
        share.ok_or_else(|| Error::corrupt("a prepared transaction holds a row lock of an unknown strength"))?;
    Ok((xid, (file, tid), share))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TableChanges;

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
        let rows =
            vec![(Xid(78), (file, Tid::new(3, 4)), RowShare::Row), (Xid(77), (file, Tid::new(0, 1)), RowShare::Update)];
        let changes = TableChanges { inserted: 3, live: 2, dead: -1, truncated: true, ..TableChanges::default() };
        let on_commit = EndedChanges { tables: vec![((Oid(5), Oid(9)), changes)], gone: vec![(Oid(5), Oid(8))] };
        let on_rollback = EndedChanges::default();
        let state = State { info, end, files_made: vec![file], locks, rows, on_commit, on_rollback };
        let bytes = state.to_bytes();
        assert_eq!(State::read(&bytes).unwrap(), state);
        assert!((0..bytes.len()).all(|cut| State::read(&bytes[..cut]).is_err()));
        let mut file = state.to_file();
        assert_eq!(State::from_file(&file).unwrap(), state);
        file[20] ^= 1;
        assert!(State::from_file(&file).is_err());
    }
}
