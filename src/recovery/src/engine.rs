//! The engine: the store, its control file, and who redoes what.

use crate::checkpoint::{CheckpointHistory, CheckpointKind, CheckpointOutcome};
use crate::control::{ControlData, ControlFile, DatabaseState};
use crate::files::PoolFiles;
use crate::redo::{RmgrTable, SharedRmgr};
use crate::xlog::XlogResource;
use access::{LoggedMark, Store};
use base::{Lsn, Oid, Xid};
use buffer::{BufferPool, DatabaseResource, HugePages, PoolOptions, RedoCx, StorageResource};
use host::Host;
use lock::LockManager;
use report::{Context, Error, Result};
use smgr::{OPEN_FILES_DEFAULT, SEGMENT_BLOCKS, SmgrOptions, StorageManager};
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use sync::{Mutex, rank};
use wal::{SEGMENT_BYTES_DEFAULT, SyncMethod, Timeline, Wal, WalOptions, segment_start};
use xact::{NextIds, Parts, TransactionManager, XactResource};

/// How the engine is set up at each start: from the settings.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// `shared_buffers` in pages.
    pub frames: usize,
    /// `huge_pages`.
    pub huge_pages: HugePages,
    /// `wal_buffers` in bytes.
    pub wal_buffer_bytes: usize,
    /// `wal_sync_method`.
    pub sync_method: SyncMethod,
    /// `fsync`.
    pub fsync: bool,
    /// `full_page_writes`.
    pub full_page_writes: bool,
    /// Relation files kept open.
    pub open_files_max: usize,
    /// `min_wal_size` in bytes.
    pub min_wal_bytes: u64,
    /// `max_wal_size` in bytes.
    pub max_wal_bytes: u64,
    /// `checkpoint_completion_target`.
    pub completion_target: f64,
    /// `recovery_max_workers`: threads that redo pages while another reads the log; with none it does everything, in one order.
    pub redo_workers: usize,
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            frames: 16_384,
            huge_pages: HugePages::Try,
            wal_buffer_bytes: 4 << 20,
            sync_method: SyncMethod::default(),
            fsync: true,
            full_page_writes: true,
            open_files_max: OPEN_FILES_DEFAULT,
            min_wal_bytes: 80 << 20,
            max_wal_bytes: 1 << 30,
            completion_target: 0.9,
            redo_workers: 0,
        }
    }
}

/// What a new cluster is made with; fixed for its life.
#[derive(Clone, Copy, Debug)]
pub struct BootstrapOptions {
    /// The catalogs' version.
    pub catalog_version: u32,
    /// Bytes of a WAL segment (`initdb --wal-segsize`).
    pub segment_bytes: u32,
    /// Blocks of a relation segment; smaller in tests.
    pub segment_blocks: u32,
    /// The first oid that is given out.
    pub next_oid: Oid,
}

impl Default for BootstrapOptions {
    fn default() -> BootstrapOptions {
        BootstrapOptions {
            catalog_version: 0,
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            segment_blocks: SEGMENT_BLOCKS,
            next_oid: Oid::FIRST_UNPINNED,
        }
    }
}

/// A cluster's storage engine.
pub struct Engine {
    pub(crate) host: Host,
    pub(crate) store: Arc<Store>,
    pub(crate) control: ControlFile,
    pub(crate) rmgrs: RmgrTable,
    pub(crate) redo: Arc<RedoCx>,
    pub(crate) options: EngineOptions,
    pub(crate) history: Mutex<CheckpointHistory>,
    pub(crate) started: AtomicBool,
}

/// Directories that the engine writes to.
const DIRECTORIES: [&str; 5] = ["base", "global", "pg_wal", "pg_xact", "pg_twophase"];

impl Engine {
    /// Makes a new cluster's files below the host's data directory (which exists; its subdirectories are made if missing) and starts the engine on it. The
    /// caller fills the catalogs and ends with [`Engine::shutdown`]. `methods` are the access methods' resource managers.
    ///
    /// Errors: I/O.
    pub fn bootstrap(
        host: Host,
        options: EngineOptions,
        bootstrap: BootstrapOptions,
        methods: Vec<SharedRmgr>,
    ) -> Result<Engine> {
        for path in DIRECTORIES {
            match host.disk.mkdir(Path::new(path)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(Error::io(format!("create directory \"{path}\""), &error));
                }
                _ => (),
            }
        }
        if options.fsync {
            host.disk.sync_dir(Path::new("")).could_not(|| "fsync the data directory".to_owned())?;
        }
        let data = new_control_data(&host, &bootstrap)?;
        let control = ControlFile::create(&host, data)?;
        let engine = Engine::build(host, options, control, methods)?;
        engine.start_new()?;
        Ok(engine)
    }

    /// Reads the control file and builds the store. Nothing is redone or written yet: [`Engine::start`] does that. `methods` are the
    /// access methods' resource managers.
    ///
    /// Errors: FATAL if the control file is missing, damaged or of another version.
    pub fn open(host: Host, options: EngineOptions, methods: Vec<SharedRmgr>) -> Result<Engine> {
        let control = ControlFile::read(&host)?;
        Engine::build(host, options, control, methods)
    }

    fn build(host: Host, options: EngineOptions, control: ControlFile, methods: Vec<SharedRmgr>) -> Result<Engine> {
        let data = control.get();
        let wal = Arc::new(Wal::open_for_recovery(host.clone(), wal_options(&options, &data)));
        let smgr = SmgrOptions {
            segment_blocks: data.segment_blocks,
            open_files_max: options.open_files_max,
            fsync: options.fsync,
        };
        let smgr = Arc::new(StorageManager::new(host.clone(), smgr));
        let pool = PoolOptions { frames: options.frames, huge_pages: options.huge_pages };
        let buffers = Arc::new(BufferPool::new(Arc::clone(&smgr), Arc::clone(&wal), pool)?);
        let redo = Arc::new(RedoCx::new(Arc::clone(&buffers)));
        let locks = LockManager::new();
        let rows = locks.clone();
        // Row locks of prepared transactions follow the rows.
        redo.on_row_moved(Box::new(move |file, old, new| rows.rows().inherit((file, old), (file, new))));
        let xacts = Arc::new(TransactionManager::open(Parts {
            disk: Arc::clone(&host.disk),
            clock: Arc::clone(&host.clock),
            journal: Arc::clone(&wal) as _,
            files: Arc::new(PoolFiles(Arc::clone(&redo))),
            locks: locks.clone(),
            next: NextIds { xid: data.next_xid, oid: data.next_oid },
            oldest_active: data.oldest_active_xid,
        }));
        let rmgrs = rmgr_table(&xacts, methods);
        let clock = Arc::clone(&host.clock);
        let store = Arc::new(Store {
            buffers,
            wal,
            smgr,
            xacts: xacts.of_session(),
            locks,
            clock,
            pages: None,
            logged: LoggedMark::default(),
        });
        let history = Mutex::new(rank::CHECKPOINT, CheckpointHistory::default());
        Ok(Engine { host, store, control, rmgrs, redo, options, history, started: AtomicBool::new(false) })
    }

    /// What access methods and transactions work with.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The outside world.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The control file's fields as they are on disk.
    pub fn control(&self) -> ControlData {
        self.control.get()
    }

    /// The table of resource managers, for printing records.
    pub fn rmgrs(&self) -> &RmgrTable {
        &self.rmgrs
    }

    /// How it was set up.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// True if the cluster was not shut down in good order.
    pub fn needs_recovery(&self) -> bool {
        self.control.get().state != DatabaseState::ShutDown
    }

    /// True once [`Engine::start`] has done its work: the log can be written, and checkpoints can be made.
    pub fn is_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    /// The last checkpoint. All sessions and roles that write have ended.
    ///
    /// Errors: as [`Engine::checkpoint`]; PANIC if somebody still writes.
    pub fn shutdown(&self, may_remove: &dyn Fn(&str) -> bool) -> Result<CheckpointOutcome> {
        self.checkpoint(CheckpointKind::Shutdown, &mut |_| Ok(()), may_remove)
    }
}

fn rmgr_table(xacts: &Arc<TransactionManager>, methods: Vec<SharedRmgr>) -> RmgrTable {
    let mut all: Vec<SharedRmgr> = vec![
        Box::new(XlogResource(Arc::clone(xacts))),
        Box::new(XactResource(Arc::clone(xacts))),
        Box::new(StorageResource),
        Box::new(DatabaseResource),
    ];
    all.extend(methods);
    RmgrTable::new(all)
}

fn wal_options(options: &EngineOptions, data: &ControlData) -> WalOptions {
    WalOptions {
        segment_bytes: data.segment_bytes,
        buffer_bytes: options.wal_buffer_bytes,
        sync_method: options.sync_method,
        fsync: options.fsync,
        full_page_writes: options.full_page_writes,
        timeline: data.timeline,
    }
}

fn new_control_data(host: &Host, bootstrap: &BootstrapOptions) -> Result<ControlData> {
    let mut nonce = [0; 32];
    host.entropy.fill(&mut nonce).could_not(|| "generate secret authorization token".to_owned())?;
    let now = host.clock.wall_us();
    let salt = host.entropy.next_u64().could_not(|| "generate the system identifier".to_owned())?;
    Ok(ControlData {
        // As PostgreSQL's: the time, and something to tell two made in the same moment apart.
        system_identifier: (now as u64 / 1_000_000) << 32 | (now as u64 % 1_000_000) << 12 | salt & 0xFFF,
        catalog_version: bootstrap.catalog_version,
        state: DatabaseState::StartingUp,
        epoch: 0,
        time_us: now,
        // Zero is no position, so the first segment is number 1.
        checkpoint: Lsn::INVALID,
        redo: segment_start(1, bootstrap.segment_bytes),
        checkpoint_time_us: now,
        next_xid: Xid::FIRST_NORMAL,
        oldest_active_xid: Xid::FIRST_NORMAL,
        next_oid: bootstrap.next_oid,
        timeline: Timeline(1),
        segment_bytes: bootstrap.segment_bytes,
        segment_blocks: bootstrap.segment_blocks,
        nonce,
    })
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({:?})", self.store.wal)
    }
}
