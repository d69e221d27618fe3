//! The thread pool's threads: workers, which serve clients, and the scheduler, which watches over them.

use crate::mailbox::Command;
use crate::shared::{RoleContext, Shared};
use crate::storage::ClientPool;
use config::{ServerValues, Setting};
use pool::{Attributes, Orders, Pool, PoolSettings};
use report::{Error, Result, Severity};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;
use sync::Interrupts;

/// The pool that the settings ask for; none if each session is to have a thread. It has no threads yet.
///
/// Errors: 22023, `thread_pool_attr` is none.
pub fn build(shared: &Arc<Shared>) -> Result<Option<Arc<ClientPool>>> {
    let values = shared.settings.values();
    if !values.bool(Setting::EnableThreadPool) {
        return Ok(None);
    }
    let (caller, emptied) = (shared.mailbox.clone(), shared.mailbox.clone());
    let call = move || caller.post(Command::StartPoolWorker);
    let emptied = move || emptied.post(Command::PoolEmptied);
    let settings = settings(&values).map_err(|error| error.severity(Severity::Fatal))?;
    let pool = Pool::new(&settings, Box::new(call), Box::new(emptied));
    pool.map(|pool| Some(Arc::new(pool))).map_err(|error| Error::io("make the thread pool", &error))
}

fn settings(values: &ServerValues) -> Result<PoolSettings> {
    let attributes = Attributes::parse(values.text(Setting::ThreadPoolAttr))?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let number = |setting| usize::try_from(values.int(setting)).unwrap_or(0);
    let connections = number(Setting::MaxConnections);
    let threads_max = match number(Setting::PoolThreadsMax) {
        // Every session may have to sleep within a statement, and the one that the others wait for must still go on.
        0 => connections + cores,
        threads => threads,
    };
    let (spin, worker_idle) = times(values);
    Ok(PoolSettings { sizes: attributes.sizes(cores, connections), threads_max, spin, worker_idle })
}

/// `pool_spin` and `pool_worker_idle_timeout`.
pub fn times(values: &ServerValues) -> (Duration, Duration) {
    let number = |setting| u64::try_from(values.int(setting)).unwrap_or(0);
    let spin = Duration::from_micros(number(Setting::PoolSpin));
    (spin, Duration::from_millis(number(Setting::PoolWorkerIdleTimeout)))
}

/// Serves clients until told to end, and none is left.
pub fn work(role: RoleContext) -> Result<()> {
    let Some(pool) = role.shared.pool() else { return Ok(()) };
    let roused = Arc::downgrade(&pool);
    role.interrupts.set_wake_hook(Box::new(move || {
        if let Some(pool) = roused.upgrade() {
            pool.rouse();
        }
    }));
    let outcome = pool.work(&role);
    if let Some(registration) = &role.registration {
        sync::note_session(registration.id.0);
    }
    outcome
}

/// Watches over the pool until told to end, and no client is left.
pub fn schedule(role: RoleContext) -> Result<()> {
    role.shared.pool().map_or(Ok(()), |pool| pool.schedule(&role))
}

impl Orders for RoleContext {
    fn interrupts(&self) -> &Arc<Interrupts> {
        &self.interrupts
    }

    fn obey(&self) -> Result<bool> {
        self.heed_reload();
        self.pass_fault_point()?;
        Ok(self.is_told_to_end())
    }
}
