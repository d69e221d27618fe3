//! The role entry table: a row for each kind of thread that the server needs.
//!
//! The loop reads the table and knows no role by name. A role's work is in a module of its own.

mod archiver;
mod autovacuum;
mod bgwriter;
pub mod checkpointer;
pub mod pool;
mod scheduler;
mod startup;
pub mod stats;
mod syslogger;
mod waiting;
mod walwriter;

use crate::shared::RoleContext;
use crate::state::{Class, Phase, State};
use config::{ServerValues, Setting};
use instance::AUTOVACUUM_WORKER;
use threads::{Restart, RoleEntry};

/// When a role is wanted, and what it is to the state machine.
#[derive(Debug)]
pub struct Wanted {
    /// Bits of the phases.
    pub phases: u16,
    /// What the settings say.
    pub enabled: fn(&ServerValues) -> bool,
    /// What it is to the state machine.
    pub class: Class,
    /// What it shows that it waits for while it has nothing to do.
    pub idle_event: &'static str,
}

/// A row of the table.
pub type Role = RoleEntry<RoleContext, Wanted>;

const RUNNING: u16 = Phase::Run.bit();
/// From the beginning of redo on: there are pages to be written.
const REDOING: u16 = Phase::Startup.bit() | Phase::Recovery.bit() | Phase::HotStandby.bit() | RUNNING;
const EVER: u16 = u16::MAX;
/// Room enough for roles that run statements too.
const STACK_BYTES: usize = 8 << 20;

fn always(_: &ServerValues) -> bool {
    true
}

fn archives(values: &ServerValues) -> bool {
    values.choice(Setting::ArchiveMode) != "off"
}

fn collects(values: &ServerValues) -> bool {
    values.bool(Setting::LoggingCollector)
}

fn vacuums(values: &ServerValues) -> bool {
    values.bool(Setting::Autovacuum) && values.bool(Setting::TrackCounts)
}

fn pools(values: &ServerValues) -> bool {
    values.bool(Setting::EnableThreadPool)
}

macro_rules! roles {
    ($($name:literal $backend_type:tt $class:ident $phases:expr, $enabled:expr, $restart:ident, $idle:literal, $entry:expr;)*) => {
        /// All roles, in the order in which they are started.
        pub static ROLES: &[Role] = &[$(Role {
            name: $name,
            backend_type: $backend_type,
            wanted: Wanted { phases: $phases, enabled: $enabled, class: Class::$class, idle_event: $idle },
            restart: Restart::$restart,
            stack_bytes: STACK_BYTES,
            entry: $entry,
        },)*];
    };
}

roles! {
    "syslogger"    "logger"              Logger       EVER,    collects, Always, "SysLoggerMain",     syslogger::run;
    "startup"      "startup"             Startup      0,       always,   Never,  "RecoveryWalStream", startup::run;
    "checkpointer" "checkpointer"        Checkpointer REDOING, always,   Always, "CheckpointerMain",  checkpointer::run;
    "bgwriter"     "background writer"   Background   REDOING, always,   Always, "BgWriterMain",      bgwriter::run;
    "walwriter"    "walwriter"           Background   RUNNING, always,   Always, "WalWriterMain",     walwriter::run;
    "scheduler"    "scheduler"           Background   RUNNING, always,   Always, "SchedulerMain",     scheduler::run;
    "stats"        "statistics"          Finisher     RUNNING, always,   Always, "StatisticsMain",    stats::run;
    "archiver"     "archiver"            Finisher     RUNNING, archives, Always, "ArchiverMain",      archiver::run;
    "avlauncher"   "autovacuum launcher" Background   RUNNING, vacuums,  Always, "AutoVacuumMain",    autovacuum::launch;
    "poolsched"    "pool scheduler"      Background   REDOING, pools,    Always, "PoolSchedulerMain", pool::schedule;
    "worker"       POOL_WORKER           Background   0,       pools,    Never,  "PoolWorkerMain",    pool::work;
    "avworker"     AUTOVACUUM_WORKER     Worker       0,       always,   Never,  "AutoVacuumMain",    autovacuum::work;
}

impl Wanted {
    /// True if the role is to run now.
    pub fn is_now(&self, state: &State, values: &ServerValues) -> bool {
        let is_stopping = state.shutdown.is_some_and(|kind| kind > sync::ShutdownKind::Smart);
        let in_phase = self.phases & state.phase.bit() != 0;
        in_phase && (self.enabled)(values) && (!is_stopping || self.class == Class::Logger)
    }
}

/// What a worker of the thread pool is called.
pub const POOL_WORKER: &str = "pool worker";

/// The row of the thread pool's workers.
pub fn pool_worker() -> usize {
    ROLES.iter().position(|role| role.backend_type == POOL_WORKER).expect("the pool's workers have a row")
}

/// The row of a class that has only one.
pub fn of_class(class: Class) -> usize {
    ROLES.iter().position(|role| role.wanted.class == class).expect("each class of roles has a row")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_a_thread_with_a_number_behind() {
        for role in ROLES {
            assert!(role.name.len() <= threads::THREAD_NAME_BYTES_MAX, "{}", role.name);
            assert!(ROLES.iter().filter(|other| other.name == role.name).count() == 1, "{}", role.name);
        }
    }

    #[test]
    fn every_class_of_roles_has_a_row() {
        for class in Class::ALL.into_iter().filter(|c| !matches!(c, Class::Session | Class::DeadEnd)) {
            assert_eq!(ROLES[of_class(class)].wanted.class, class);
        }
    }
}
