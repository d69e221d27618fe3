//! What the postmaster shares with its threads.

use crate::mailbox::Mailbox;
use config::hba::AuthFiles;
use config::{Setting, Settings, StdFiles};
use instance::Instance;
use logging::{Logger, RoleLog};
use parking_lot::Mutex;
use report::{Error, Result, Severity, SqlState};
use std::path::PathBuf;
use std::sync::Arc;
use sync::Interrupts;

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
    /// The instance, from the end of recovery on. The startup role puts it here, a crash takes it away.
    instance: Mutex<Option<Arc<Instance>>>,
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
            instance: Mutex::new(None),
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
                Err(Error::with_severity(Severity::Fatal, code, format!("could not load {}", hba.display())))
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

    /// The instance, if there is one.
    pub fn instance(&self) -> Option<Arc<Instance>> {
        self.instance.lock().clone()
    }

    /// Sets or takes away the instance.
    pub fn set_instance(&self, instance: Option<Arc<Instance>>) {
        *self.instance.lock() = instance;
    }
}

/// What a role is started with.
pub struct RoleContext {
    /// Its name, with its number if there are several.
    pub name: String,
    /// Where it is told to end, to read the settings again, to work.
    pub interrupts: Arc<Interrupts>,
    /// Its log.
    pub log: RoleLog,
    /// What all share.
    pub shared: Arc<Shared>,
}
