//! The storage engine's place in the server: how it is set up from the settings, and who gets at it.

use crate::checkpoints::{Checkpoints, Wanted};
use crate::mailbox::{Command, Mailbox};
use crate::shared::Shared;
use buffer::HugePages;
use config::{ServerValues, Setting, Settings};
use host::{Clock, Host};
use instance::{FaultWish, Instance, PoolLink, ServerLink, SessionTable};
use logging::RoleLog;
use recovery::{Engine, EngineOptions, SharedRmgr};
use report::{Result, Severity};
use std::path::Path;
use std::sync::{Arc, Weak};
use threads::ArmedFault;
use wal::SyncMethod;

/// The version of the catalogs: PostgreSQL 15's, whose rows and columns they have.
pub const CATALOG_VERSION: u32 = 202_209_061;
/// Smallest and greatest share of the pool that the log's buffer gets by itself, in bytes.
const WAL_BUFFER_BYTES: std::ops::RangeInclusive<u64> = 64 << 10..=16 << 20;

/// The instance with its engine. The postmaster builds it before any role starts; the startup role makes its data consistent; a crash
/// takes it away, and another one is built.
#[derive(Clone)]
pub struct Running {
    /// Checkpoints, shutdown.
    pub engine: Arc<Engine>,
    /// What sessions see.
    pub instance: Arc<Instance>,
    /// Who serves them, unless each has a thread of its own.
    pub pool: Option<Arc<ClientPool>>,
}

/// The thread pool of the clients' sessions.
pub type ClientPool = pool::Pool<crate::client::Client>;

impl Running {
    /// The instance's clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.instance.host.clock
    }
}

/// The outside world below the data directory, as `fsync` says.
pub fn host(directory: &Path, settings: &Settings) -> Host {
    if settings.bool(Setting::Fsync) { host::real(directory) } else { host::real_without_sync(directory) }
}

/// Opens the engine of an existing cluster.
pub fn open(host: Host, settings: &Settings) -> Result<Engine> {
    Engine::open(host, options(&settings.values()), resource_managers())
}

/// The resource managers of the access methods, in no particular order.
pub fn resource_managers() -> Vec<SharedRmgr> {
    vec![
        Box::new(heap::HeapResource),
        Box::new(heap::Heap2Resource),
        Box::new(heap::SequenceResource),
        Box::new(btree::BtreeResource),
    ]
}

/// How tables and indexes are stored.
pub fn access_methods() -> schema::AccessMethods {
    schema::AccessMethods { table: heap::AM, index: btree::AM }
}

/// Makes the instance over an engine.
pub fn instance(engine: Arc<Engine>, settings: &Arc<Settings>, server: Arc<dyn ServerLink>) -> Instance {
    let segment_bytes = i32::try_from(engine.control().segment_bytes).unwrap_or(i32::MAX);
    settings.set_dynamic_default(Setting::WalSegmentSize, config::Value::Int(segment_bytes));
    Instance::new(engine, settings.clone(), access_methods(), server)
}

/// After recovery: removes files that no catalog row names, and tells.
pub fn remove_orphans(instance: &Instance, log: &RoleLog) {
    let orphans = instance.remove_orphans();
    if orphans.relations + orphans.databases > 0 {
        let (relations, databases) = (orphans.relations, orphans.databases);
        log.say(format!("removed files of {relations} relations and {databases} databases that no catalog knows"));
    }
    orphans.problems.into_iter().for_each(|error| log.log(&error.severity(Severity::Warning)));
}

/// Opens the engine, makes the instance over it, and shows it to everybody. Nothing is redone yet. Numbers of sessions go on from those of the
/// instance `before`.
///
/// Errors: as [`Engine::open`].
pub fn build(shared: &Arc<Shared>, before: Option<Arc<SessionTable>>) -> Result<()> {
    let engine = Arc::new(open(host(&shared.data_directory, &shared.settings), &shared.settings)?);
    let link = Arc::new(Link {
        checkpoints: shared.checkpoints.clone(),
        mailbox: shared.mailbox.clone(),
        shared: Arc::downgrade(shared),
    });
    let instance = Arc::new(instance(engine.clone(), &shared.settings, link));
    if let Some(before) = before {
        instance.sessions.continue_after(&before);
    }
    let pool = crate::roles::pool::build(shared)?;
    shared.set_running(Some(Running { engine, instance, pool }));
    Ok(())
}

/// The sessions' way to the postmaster.
struct Link {
    checkpoints: Arc<Checkpoints>,
    mailbox: Arc<Mailbox>,
    /// It outlives every instance, and owns the one that owns this.
    shared: Weak<Shared>,
}

impl ServerLink for Link {
    fn checkpoint(&self, check: &dyn Fn() -> Result<()>) -> Option<Result<()>> {
        let wanted = Wanted { immediate: true, force: true, ..Wanted::default() };
        Some(self.checkpoints.request_and_wait(wanted, check))
    }

    fn reload(&self) {
        self.mailbox.post(Command::Reload);
    }

    fn rotate_log(&self) -> bool {
        self.mailbox.post(Command::RotateLog);
        self.shared.upgrade().is_some_and(|shared| shared.settings.bool(Setting::LoggingCollector))
    }

    fn pool(&self) -> Option<Arc<dyn PoolLink>> {
        let pool = self.shared.upgrade()?.pool()?;
        Some(Arc::new(crate::roles::pool::Link(pool)))
    }

    fn arm_fault(&self, wish: &FaultWish<'_>) -> Result<()> {
        self.shared.upgrade().map_or(Ok(()), |shared| shared.arm_fault(wish))
    }

    fn faults(&self) -> Vec<ArmedFault> {
        self.shared.upgrade().map_or_else(Vec::new, |shared| shared.faults.armed())
    }

    fn disarm_faults(&self) -> Result<usize> {
        let Some(shared) = self.shared.upgrade() else { return Ok(0) };
        shared.check_fault_hooks()?;
        let count = shared.faults.armed().len();
        shared.faults.disarm_all();
        Ok(count)
    }
}

/// The engine's options, from the settings.
pub fn options(values: &ServerValues) -> EngineOptions {
    let frames = values.int(Setting::SharedBuffers) as usize;
    EngineOptions {
        frames,
        huge_pages: HugePages::from_name(values.choice(Setting::HugePages)).unwrap_or_default(),
        wal_buffer_bytes: wal_buffer_bytes(values.int(Setting::WalBuffers), frames) as usize,
        sync_method: SyncMethod::from_name(values.choice(Setting::WalSyncMethod)).unwrap_or_default(),
        fsync: values.bool(Setting::Fsync),
        full_page_writes: values.bool(Setting::FullPageWrites),
        min_wal_bytes: (values.int(Setting::MinWalSize) as u64) << 20,
        max_wal_bytes: (values.int(Setting::MaxWalSize) as u64) << 20,
        completion_target: values.real(Setting::CheckpointCompletionTarget),
        redo_workers: redo_workers(values.int(Setting::RecoveryMaxWorkers) as usize),
        ..EngineOptions::default()
    }
}

/// `recovery_max_workers`, but no more than there are processors; on a single one, dividing the work only costs.
fn redo_workers(most: usize) -> usize {
    match std::thread::available_parallelism() {
        Ok(processors) if processors.get() > 1 => most.min(processors.get()),
        _ => 0,
    }
}

/// `wal_buffers`; -1 stands for a thirty-second of the pool.
fn wal_buffer_bytes(pages: i32, frames: usize) -> u64 {
    match u64::try_from(pages) {
        Ok(pages) => (pages * base::PAGE_BYTES as u64).max(*WAL_BUFFER_BYTES.start()),
        Err(_) => {
            (frames as u64 / 32 * base::PAGE_BYTES as u64).clamp(*WAL_BUFFER_BYTES.start(), *WAL_BUFFER_BYTES.end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_gets_its_share_of_the_pool() {
        assert_eq!(wal_buffer_bytes(-1, 16_384), 4 << 20);
        assert_eq!(wal_buffer_bytes(-1, 16), 64 << 10);
        assert_eq!(wal_buffer_bytes(-1, 1 << 30), 16 << 20);
        assert_eq!(wal_buffer_bytes(512, 16), 4 << 20);
    }
}
