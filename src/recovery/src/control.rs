//! The control file, `global/pg_control`: what must be known before anything else can be read.
//!
//! 8192 bytes, of which the first 512 count: one sector, which a disk writes whole or not at all, so a torn write leaves the old or the new. Little-endian.
//!
//! | offset | width | field |
//! |-------:|------:|-------|
//! | 0   | 8  | system identifier |
//! | 8   | 4  | control file version, [`CONTROL_VERSION`] |
//! | 12  | 4  | catalog version |
//! | 16  | 4  | state, [`DatabaseState`] |
//! | 20  | 4  | epoch: how many times the log was opened for writing |
//! | 24  | 8  | time of this write, microseconds since 1970 |
//! | 32  | 8  | where the last checkpoint record starts |
//! | 40  | 8  | its redo point |
//! | 48  | 8  | its time |
//! | 56  | 8  | its next xid |
//! | 64  | 8  | its oldest active xid |
//! | 72  | 4  | its next oid |
//! | 76  | 4  | timeline |
//! | 80  | 4  | bytes of a WAL segment |
//! | 84  | 4  | bytes of a page |
//! | 88  | 4  | blocks of a relation segment |
//! | 92  | 4  | page checksum: 1 = CRC-32C |
//! | 96  | 32 | nonce for authentication of users that do not exist |
//! | 128 | 4  | CRC-32C of bytes 0..128 |

use crate::bytes::Fields;
use base::{Lsn, Oid, PAGE_BYTES, Xid};
use host::{Host, OpenMode, OpenOptions};
use report::{Context, Error, Result, Severity, SqlState};
use std::path::Path;
use sync::{Mutex, rank};
use wal::Timeline;

/// Where it is.
pub const CONTROL_FILE: &str = "global/pg_control";
/// The version of this layout.
pub const CONTROL_VERSION: u32 = 1501;

const FIELD_BYTES: usize = 128;
const SECTOR_BYTES: usize = 512;
const FILE_BYTES: usize = 8192;
const CHECKSUM_CRC32C: u32 = 1;
const _: () = assert!(FIELD_BYTES + 4 <= SECTOR_BYTES && SECTOR_BYTES <= FILE_BYTES);

/// What the cluster was doing when the control file was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum DatabaseState {
    /// Being made.
    StartingUp = 0,
    /// Shut down in good order: no redo is needed.
    ShutDown = 1,
    /// Shut down while recovering.
    ShutDownInRecovery = 2,
    /// The last checkpoint is being made.
    ShuttingDown = 3,
    /// Redoing after a crash.
    InCrashRecovery = 4,
    /// Redoing from an archive or a primary.
    InArchiveRecovery = 5,
    /// Serving.
    InProduction = 6,
}

impl DatabaseState {
    fn from_number(number: u32) -> Option<DatabaseState> {
        use DatabaseState as S;
        let all = [
            S::StartingUp,
            S::ShutDown,
            S::ShutDownInRecovery,
            S::ShuttingDown,
            S::InCrashRecovery,
            S::InArchiveRecovery,
            S::InProduction,
        ];
        all.get(number as usize).copied()
    }

    /// The words of `pg_control_system` and pg_controldata.
    pub fn as_str(self) -> &'static str {
        match self {
            DatabaseState::StartingUp => "starting up",
            DatabaseState::ShutDown => "shut down",
            DatabaseState::ShutDownInRecovery => "shut down in recovery",
            DatabaseState::ShuttingDown => "shutting down",
            DatabaseState::InCrashRecovery => "in crash recovery",
            DatabaseState::InArchiveRecovery => "in archive recovery",
            DatabaseState::InProduction => "in production",
        }
    }
}

/// The control file's fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControlData {
    /// Tells this cluster from all others.
    pub system_identifier: u64,
    /// The catalogs' version.
    pub catalog_version: u32,
    /// What the cluster was doing.
    pub state: DatabaseState,
    /// How many times the log was opened for writing.
    pub epoch: u32,
    /// When this was written: microseconds since 1970.
    pub time_us: i64,
    /// Where the last checkpoint record starts.
    pub checkpoint: Lsn,
    /// Its redo point.
    pub redo: Lsn,
    /// Its time: microseconds since 1970.
    pub checkpoint_time_us: i64,
    /// Its next xid.
    pub next_xid: Xid,
    /// Its oldest active xid.
    pub oldest_active_xid: Xid,
    /// Its next oid.
    pub next_oid: Oid,
    /// The log's timeline.
    pub timeline: Timeline,
    /// Bytes of a WAL segment.
    pub segment_bytes: u32,
    /// Blocks of a relation segment.
    pub segment_blocks: u32,
    /// For authentication of users that do not exist.
    pub nonce: [u8; 32],
}

impl ControlData {
    /// Reads the control file below the host's data directory.
    ///
    /// Errors: FATAL if it is missing, damaged, or of another version.
    pub fn read(host: &Host) -> Result<ControlData> {
        let bytes = host.disk.read_file(Path::new(CONTROL_FILE)).could_not(|| format!("open file \"{CONTROL_FILE}\""));
        ControlData::decode(&bytes.map_err(|error| error.severity(Severity::Fatal))?)
    }

    fn encode(&self) -> [u8; FILE_BYTES] {
        let mut bytes = Vec::with_capacity(FILE_BYTES);
        let mut put = |field: &[u8]| bytes.extend_from_slice(field);
        put(&self.system_identifier.to_le_bytes());
        put(&CONTROL_VERSION.to_le_bytes());
        put(&self.catalog_version.to_le_bytes());
        put(&(self.state as u32).to_le_bytes());
        put(&self.epoch.to_le_bytes());
        put(&self.time_us.to_le_bytes());
        put(&self.checkpoint.0.to_le_bytes());
        put(&self.redo.0.to_le_bytes());
        put(&self.checkpoint_time_us.to_le_bytes());
        put(&self.next_xid.0.to_le_bytes());
        put(&self.oldest_active_xid.0.to_le_bytes());
        put(&self.next_oid.0.to_le_bytes());
        put(&self.timeline.0.to_le_bytes());
        put(&self.segment_bytes.to_le_bytes());
        put(&(PAGE_BYTES as u32).to_le_bytes());
        put(&self.segment_blocks.to_le_bytes());
        put(&CHECKSUM_CRC32C.to_le_bytes());
        put(&self.nonce);
        assert_eq!(bytes.len(), FIELD_BYTES);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.resize(FILE_BYTES, 0);
        bytes.try_into().expect("it has that length")
    }

    /// Errors: FATAL for a wrong checksum, another version or other sizes, in PostgreSQL's words.
    fn decode(bytes: &[u8]) -> Result<ControlData> {
        if bytes.len() < FIELD_BYTES + 4 {
            let text = format!("could not read file \"{CONTROL_FILE}\": read {} of {FILE_BYTES}", bytes.len());
            return Err(Error::with_severity(Severity::Fatal, SqlState::DATA_CORRUPTED, text));
        }
        let (fields, rest) = bytes.split_at(FIELD_BYTES);
        if rest[..4] != crc32c::crc32c(fields).to_le_bytes() {
            return Err(fatal("incorrect checksum in control file"));
        }
        ControlData::decode_fields(Fields(fields))
    }

    fn decode_fields(mut fields: Fields<'_>) -> Result<ControlData> {
        let system_identifier = fields.u64()?;
        expect("PG_CONTROL_VERSION", fields.u32()?, CONTROL_VERSION)?;
        let (catalog_version, state) = (fields.u32()?, fields.u32()?);
        let state = DatabaseState::from_number(state)
            .ok_or_else(|| fatal("control file contains invalid database cluster state"))?;
        let (epoch, time_us) = (fields.u32()?, fields.i64()?);
        let (checkpoint, redo, checkpoint_time_us) = (Lsn(fields.u64()?), Lsn(fields.u64()?), fields.i64()?);
        let (next_xid, oldest_active_xid) = (Xid(fields.u64()?), Xid(fields.u64()?));
        let (next_oid, timeline, segment_bytes) = (Oid(fields.u32()?), Timeline(fields.u32()?), fields.u32()?);
        expect("BLCKSZ", fields.u32()?, PAGE_BYTES as u32)?;
        let segment_blocks = fields.u32()?;
        expect("checksum version", fields.u32()?, CHECKSUM_CRC32C)?;
        let nonce = fields.bytes()?;
        if !segment_bytes.is_power_of_two() || segment_blocks == 0 {
            return Err(fatal("control file contains invalid sizes"));
        }
        Ok(ControlData {
            system_identifier,
            catalog_version,
            state,
            epoch,
            time_us,
            checkpoint,
            redo,
            checkpoint_time_us,
            next_xid,
            oldest_active_xid,
            next_oid,
            timeline,
            segment_bytes,
            segment_blocks,
            nonce,
        })
    }
}

fn fatal(text: &str) -> Error {
    Error::with_severity(Severity::Fatal, SqlState::DATA_CORRUPTED, text)
}

fn expect(name: &str, found: u32, wanted: u32) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    let text = format!(
        "The database cluster was initialized with {name} {found}, but the server was compiled with {name} {wanted}."
    );
    Err(fatal("database files are incompatible with server").detail(text).hint("It looks like you need to initdb."))
}

/// The control file of a running engine: its fields, and their copy on disk.
pub(crate) struct ControlFile {
    host: Host,
    data: Mutex<ControlData>,
}

impl ControlFile {
    /// Errors: FATAL if it is missing or damaged.
    pub(crate) fn read(host: &Host) -> Result<ControlFile> {
        let data = ControlData::read(host)?;
        Ok(ControlFile { host: host.clone(), data: Mutex::new(rank::CONTROL_FILE, data) })
    }

    /// Makes a new one.
    pub(crate) fn create(host: &Host, data: ControlData) -> Result<ControlFile> {
        let created = host.disk.replace_file(Path::new(CONTROL_FILE), &data.encode());
        created.could_not(|| format!("create file \"{CONTROL_FILE}\""))?;
        Ok(ControlFile { host: host.clone(), data: Mutex::new(rank::CONTROL_FILE, data) })
    }

    pub(crate) fn get(&self) -> ControlData {
        self.data.lock().clone()
    }

    /// Changes fields and writes them durably. On an error the fields are as before.
    pub(crate) fn update(&self, change: impl FnOnce(&mut ControlData)) -> Result<()> {
        let mut data = self.data.lock();
        let mut changed = data.clone();
        change(&mut changed);
        changed.time_us = self.host.clock.wall_us();
        self.write(&changed).could_not(|| format!("write to file \"{CONTROL_FILE}\""))?;
        *data = changed;
        Ok(())
    }

    fn write(&self, data: &ControlData) -> std::io::Result<()> {
        let file = self.host.disk.open(Path::new(CONTROL_FILE), OpenOptions::new(OpenMode::ReadWrite))?;
        file.write_at(&data.encode()[..SECTOR_BYTES], 0)?;
        file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::{FaultPlan, SimHost};

    fn sample(epoch: u32) -> ControlData {
        ControlData {
            system_identifier: 0x1234_5678_9ABC_DEF0,
            catalog_version: 202_209_061,
            state: DatabaseState::InProduction,
            epoch,
            time_us: 0,
            checkpoint: Lsn(0x0100_0028),
            redo: Lsn(0x0100_0000),
            checkpoint_time_us: -1,
            next_xid: Xid(1 << 40),
            oldest_active_xid: Xid(700),
            next_oid: Oid(16_384),
            timeline: Timeline(1),
            segment_bytes: 16 << 20,
            segment_blocks: 131_072,
            nonce: [7; 32],
        }
    }

    fn create(sim: &SimHost) -> ControlFile {
        let host = sim.host();
        host.disk.mkdir(Path::new("global")).expect("mkdir");
        host.disk.sync_dir(Path::new("")).expect("sync");
        ControlFile::create(&host, sample(1)).expect("create")
    }

    #[test]
    fn fields_come_back() {
        let data = sample(3);
        assert_eq!(ControlData::decode(&data.encode()).expect("it is whole"), data);
    }

    #[test]
    fn a_crash_leaves_the_old_or_the_new() {
        let mut seen = [false; 2];
        for seed in 0..100 {
            let sim = SimHost::new(seed);
            let control = create(&sim);
            sim.set_faults(FaultPlan { crash_at_io: Some(1 + seed % 2), ..FaultPlan::default() });
            assert!(control.update(|data| data.epoch = 2).is_err());
            sim.crash();
            let epoch = ControlFile::read(&sim.host()).expect("it is whole").get().epoch;
            seen[epoch as usize - 1] = true;
        }
        assert_eq!(seen, [true; 2]);
    }

    #[test]
    fn what_was_updated_survives() {
        for seed in 0..20 {
            let sim = SimHost::new(seed);
            create(&sim).update(|data| data.epoch = 2).expect("update");
            sim.crash();
            assert_eq!(ControlFile::read(&sim.host()).expect("it is whole").get().epoch, 2);
        }
    }

    #[test]
    fn damage_is_fatal() {
        let sim = SimHost::new(1);
        create(&sim);
        sim.damage(Path::new(CONTROL_FILE), 40, b"!");
        let error = ControlFile::read(&sim.host()).err().expect("damaged");
        assert_eq!((error.message(), error.fields().severity), ("incorrect checksum in control file", Severity::Fatal));
        sim.host().disk.unlink(Path::new(CONTROL_FILE)).expect("unlink");
        let error = ControlFile::read(&sim.host()).err().expect("missing");
        assert_eq!(error.message(), "could not open file \"global/pg_control\": No such file or directory");
    }

    #[test]
    fn another_version_is_told() {
        let mut bytes = sample(1).encode();
        bytes[8..12].copy_from_slice(&1300u32.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..FIELD_BYTES]);
        bytes[FIELD_BYTES..FIELD_BYTES + 4].copy_from_slice(&crc.to_le_bytes());
        let error = ControlData::decode(&bytes).expect_err("another version");
        assert_eq!(error.message(), "database files are incompatible with server");
    }
}
