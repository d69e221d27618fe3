//! `--boot` and `--single`: one session, no clients.
//!
//! Both take the lock file, open the engine on this thread and write the last checkpoint at the end. What fails is printed and
//! ends the program with 1: initdb removes what was made.

use crate::arguments::{Arguments, Mode};
use crate::lock_file::LockFile;
use crate::storage;
use base::{Oid, SessionId};
use config::Settings;
use lock::SessionWaits;
use logging::RoleLog;
use recovery::{BootstrapOptions, Engine};
use report::{Error, Result, Severity};
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use sync::{Interrupts, NoHooks};

/// template1, which bootstrap fills.
const TEMPLATE1: Oid = Oid(1);

/// Runs the mode. Returns the exit code.
pub fn run(arguments: &Arguments, settings: Arc<Settings>, directory: &Path, log: &RoleLog) -> i32 {
    let outcome = match &arguments.mode {
        Mode::Boot => boot(arguments, &settings, directory, &mut std::io::stdin().lock()),
        _ => single(arguments, &settings, directory, log),
    };
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            log.log(&error.severity(Severity::Fatal));
            1
        }
    }
}

/// Makes the cluster's files and catalogs from a bootstrap script.
fn boot(arguments: &Arguments, settings: &Arc<Settings>, directory: &Path, script: &mut dyn BufRead) -> Result<()> {
    let _lock = lock(directory, settings)?;
    let values = settings.snapshot();
    let usual = BootstrapOptions { catalog_version: storage::CATALOG_VERSION, ..BootstrapOptions::default() };
    let segment_bytes = arguments.segment_bytes.unwrap_or(usual.segment_bytes);
    let bootstrap = BootstrapOptions { segment_bytes, ..usual };
    let host = host::real(directory);
    let engine = Engine::bootstrap(host, storage::options(&values), bootstrap, storage::resource_managers())?;
    let store = engine.store();
    let waits =
        SessionWaits { session: SessionId(1), interrupts: Arc::new(Interrupts::new()), hooks: Arc::new(NoHooks) };
    let owner = store.locks.register(waits);
    let mut transaction = store.xacts.begin(&owner, xact::TransactionOptions::default());
    schema::bootstrap::run(store, &mut transaction, storage::access_methods(), TEMPLATE1, script)?;
    transaction.commit()?;
    engine.shutdown(&|_| true).map(drop)
}

fn single(_: &Arguments, _: &Arc<Settings>, _: &Path, _: &RoleLog) -> Result<()> {
    Err(Error::unsupported("single-user mode"))
}

fn lock(directory: &Path, settings: &Settings) -> Result<LockFile> {
    crate::start::lock_directory(directory, &settings.values(), true)
}
