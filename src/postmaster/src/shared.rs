//! What the postmaster shares with its threads.

use crate::checkpoints::Checkpoints;
use crate::client::SpareWakers;
use crate::mailbox::{Command, Mailbox};
use crate::storage::{ClientPool, Running};
use base::Oid;
use config::hba::AuthFiles;
use config::{Setting, Settings, StdFiles};
use instance::{Instance, Registration, SessionKind};
use logging::{Logger, RoleLog};
use parking_lot::Mutex;
use report::{Error, Result, Severity, SqlState};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use sync::{Interrupt, Interrupts, WaitKind, Waiting};
use threads::Faults;

/// What outlives an instance and is the same for all threads.
pub struct Shared {
    /// The server's settings.
    pub settings: Arc<Settings>,
    /// The server's log.
    pub logger: Logger,
    /// The way back to the postmaster.
    pub mailbox: Arc<Mailbox>,
    /// The data directory, absolute.
    pub data_directory: PathBuf,
    /// Faults on purpose, for tests.
    pub faults: Arc<Faults>,
    /// Databases that wait for an autovacuum worker.
    worker_requests: Mutex<Vec<Oid>>,
    /// What threads sleep on that wait for a client.
    pub wakers: Arc<SpareWakers>,
    /// Requests for checkpoints.
    pub checkpoints: Arc<Checkpoints>,
    /// The instance: the postmaster puts it here before it starts roles; a crash takes it away.
    running: Mutex<Option<Running>>,
    /// pg_hba.conf and pg_ident.conf, as they were last read without an error.
    authentication: Mutex<Option<Arc<AuthFiles>>>,
}

impl Shared {
    /// Without an instance yet.
    pub fn new(logger: Logger, mailbox: Arc<Mailbox>, data_directory: PathBuf) -> Shared {
        let settings = logger.settings().clone();
        Shared {
            settings,
            logger,
            mailbox,
            data_directory,
            faults: Arc::default(),
            worker_requests: Mutex::default(),
            wakers: Arc::default(),
            checkpoints: Arc::new(Checkpoints::new()),
            running: Mutex::new(None),
            authentication: Mutex::new(None),
        }
    }

    /// Reads pg_hba.conf and pg_ident.conf at start. Errors: FATAL, if there are no rules that could be used.
    pub fn load_authentication(&self, log: &RoleLog) -> Result<()> {
        let (hba, ident) = self.authentication_paths();
        match AuthFiles::load(&hba, &ident, Arc::new(StdFiles)) {
            Ok((files, warnings)) => {
                warnings.iter().for_each(|warning| log.log(warning));
                *self.authentication.lock() = Some(Arc::new(files));
                Ok(())
            }
            Err(problems) => {
                problems.iter().for_each(|problem| log.log(problem));
                let code = SqlState::CONFIG_FILE_ERROR;
                Err(Error::with_severity(Severity::Fatal, code, "could not load pg_hba.conf"))
            }
        }
    }

    /// Reads them again; bad rules leave the old ones in force.
    pub fn reload_authentication(&self, log: &RoleLog) {
        let (hba, ident) = self.authentication_paths();
        if let Some(files) = self.authentication() {
            files.reload(&hba, &ident).iter().for_each(|message| log.log(message));
        }
    }

    /// The rules in force; none before start has come that far.
    pub fn authentication(&self) -> Option<Arc<AuthFiles>> {
        self.authentication.lock().clone()
    }

    fn authentication_paths(&self) -> (PathBuf, PathBuf) {
        let values = self.settings.values();
        let path = |setting| PathBuf::from(values.text(setting).as_ref());
        (path(Setting::HbaFile), path(Setting::IdentFile))
    }

    /// The instance with its engine, if there is one.
    pub fn running(&self) -> Option<Running> {
        self.running.lock().clone()
    }

    /// The instance, if there is one.
    pub fn instance(&self) -> Option<Arc<Instance>> {
        self.running.lock().as_ref().map(|running| running.instance.clone())
    }

    /// The thread pool, if sessions are served by one.
    pub fn pool(&self) -> Option<Arc<ClientPool>> {
        self.running.lock().as_ref().and_then(|running| running.pool.clone())
    }

    /// True if a segment of the log that redo needs no more may go: nobody archives, or it is in the archive.
    pub fn may_remove_segment(&self, segment: &str) -> bool {
        self.settings.choice(Setting::ArchiveMode) == "off" || crate::archive::is_done(&self.data_directory, segment)
    }

    /// Asks the postmaster for an autovacuum worker, unless one for this database waits to be started.
    pub fn ask_for_worker(&self, database: Oid) {
        let mut requests = self.worker_requests.lock();
        if !requests.contains(&database) {
            requests.push(database);
            self.mailbox.post(Command::StartWorker);
        }
    }

    /// The database that the next worker is to work on.
    pub fn take_worker_request(&self) -> Option<Oid> {
        let mut requests = self.worker_requests.lock();
        (!requests.is_empty()).then(|| requests.remove(0))
    }

    /// True if a worker is wanted.
    pub fn wants_worker(&self) -> bool {
        !self.worker_requests.lock().is_empty()
    }

    /// Tells the archiver that there may be a complete segment.
    pub fn wake_archiver(&self) {
        if self.settings.choice(Setting::ArchiveMode) == "off" {
            return;
        }
        for entry in self.instance().map(|instance| instance.sessions.all()).unwrap_or_default() {
            if entry.kind == SessionKind::Role(crate::archive::BACKEND_TYPE) {
                entry.interrupts.raise(Interrupt::Work);
            }
        }
    }

    /// Sets or takes away the instance.
    pub fn set_running(&self, running: Option<Running>) {
        // Whoever asked for a worker belonged to the old one.
        self.worker_requests.lock().clear();
        let old = std::mem::replace(&mut *self.running.lock(), running);
        // Taking an instance apart takes time, and the lock is for a moment only.
        drop(old);
    }
}

/// A passage of a role's point, and of its own if there are several of the role.
pub fn pass_fault_point(faults: &Faults, role: &str, name: &str) -> Result<()> {
    faults.strike(role)?;
    if name == role { Ok(()) } else { faults.strike(name) }
}

/// What a role is started with.
pub struct RoleContext {
    /// Its row's name in the role entry table.
    pub role: &'static str,
    /// Its name, with its number if there are several.
    pub name: String,
    /// Where it is told to end, to read the settings again, to work.
    pub interrupts: Arc<Interrupts>,
    /// Its log.
    pub log: RoleLog,
    /// What all share.
    pub shared: Arc<Shared>,
    /// What it shows that it waits for while it has nothing to do.
    pub idle_event: &'static str,
    /// Its place in the table of sessions; none for who outlives the instance.
    pub registration: Option<Registration>,
}

impl RoleContext {
    /// The instance with its engine. Errors: there is none, which the phases in which a role runs rule out.
    pub fn running(&self) -> Result<Running> {
        self.shared.running().ok_or_else(|| crate::start::plain_fatal("there is no instance"))
    }

    /// True once the role is to end, in good order or at once.
    pub fn is_told_to_end(&self) -> bool {
        self.interrupts.is_pending(Interrupt::Terminate) || self.interrupts.is_pending(Interrupt::Quit)
    }

    /// True once the role is to do its last work. Taken by those roles only that have such work.
    pub fn is_told_to_finish(&self) -> bool {
        self.interrupts.is_pending(Interrupt::Finish)
    }

    /// Notes that the settings were read again; roles read them where they use them.
    pub fn heed_reload(&self) {
        self.interrupts.take(Interrupt::ConfigReload);
    }

    /// Sleeps until told something, or until time is up. Errors: a fault on purpose.
    pub fn sleep(&self, time: Option<Duration>) -> Result<()> {
        {
            let entry = self.registration.as_ref().map(|registration| &***registration);
            let _waiting = entry.map(|entry| Waiting::begin(entry, WaitKind::Activity(self.idle_event)));
            self.interrupts.latch().wait(time);
        }
        self.pass_fault_point()
    }

    /// Passes the role's point. Errors, panics or worse: a fault on purpose.
    pub fn pass_fault_point(&self) -> Result<()> {
        self.interrupts.take(Interrupt::Fault);
        pass_fault_point(&self.shared.faults, self.role, &self.name)
    }
}
