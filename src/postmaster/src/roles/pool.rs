//! The thread pool's threads: workers, which serve clients, and the scheduler, which watches over them.

use crate::mailbox::Command;
use crate::shared::{RoleContext, Shared};
use crate::storage::ClientPool;
use base::{Oid, SessionId};
use config::{ServerValues, Setting};
use instance::{PoolLink, PoolSession};
use pool::{Attributes, Orders, Pool, PoolSettings, SeatStatus};
use report::{Error, Result, Severity};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;
use sync::Interrupts;
use threads::GroupStatus;

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
    pool.work(&role)
}

/// Watches over the pool until told to end, and no client is left.
pub fn schedule(role: RoleContext) -> Result<()> {
    role.shared.pool().map_or(Ok(()), |pool| pool.schedule(&role))
}

/// The pool as sessions see it.
pub struct Link(pub Arc<ClientPool>);

impl PoolLink for Link {
    fn groups(&self) -> Vec<GroupStatus> {
        self.0.status()
    }

    fn sessions(&self) -> Vec<PoolSession> {
        let session = |status: SeatStatus| PoolSession {
            session: Some(SessionId(status.standing.session)).filter(|id| id.0 != 0),
            group: status.group,
            state: status.state,
            database: status.standing.lane.map_or(Oid::INVALID, |lane| Oid(lane.database)),
            in_transaction: status.standing.in_transaction,
            queued: status.queued_us.map(Duration::from_micros),
            position: status.position,
        };
        self.0.seats().into_iter().map(session).collect()
    }

    fn pause(&self, database: Oid, on: bool) {
        self.0.pause(database.0, on);
    }

    fn paused(&self) -> Vec<Oid> {
        self.0.paused().into_iter().map(Oid).collect()
    }
}

impl Orders for RoleContext {
    fn interrupts(&self) -> &Arc<Interrupts> {
        &self.interrupts
    }

    fn obey(&self) -> Result<bool> {
        if let Some(registration) = &self.registration {
            // It has served others; now it is on its own.
            sync::note_session(registration.id.0);
        }
        self.heed_reload();
        self.pass_fault_point()?;
        Ok(self.is_told_to_end())
    }
}
