//! `--boot` and `--single`: one session, no clients.
//!
//! Both take the lock file, open the engine on this thread and write the last checkpoint at the end. What fails is printed and
//! ends the program with 1: initdb removes what was made.

use crate::arguments::{Arguments, Mode};
use crate::lock_file::LockFile;
use crate::storage;
use base::{Oid, SessionId};
use config::{Setting, Settings};
use host::{DraftDisk, DraftPlaces, Host};
use instance::NoServer;
use lock::SessionWaits;
use logging::RoleLog;
use recovery::{BootstrapOptions, Engine, EngineOptions};
use report::{Context, Error, Result, Severity};
use session::{Server, Speaker, StatementEnd, Terminal};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sync::{Interrupts, NoHooks};

/// template1, which bootstrap fills.
const TEMPLATE1: Oid = Oid(1);

/// Runs the mode. Returns the exit code.
pub fn run(arguments: &Arguments, settings: Arc<Settings>, directory: &Path, log: &RoleLog) -> i32 {
    let outcome = match &arguments.mode {
        Mode::Boot { copies } => boot(arguments, &settings, directory, copies).map(|()| true),
        Mode::Check => return crate::check::run(&settings, directory, log),
        _ => single(arguments, &settings, directory, log),
    };
    match outcome {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            log.log(&error.severity(Severity::Fatal));
            1
        }
    }
}

/// Makes the cluster's files and catalogs from the bootstrap script on standard input, and databases with the same files as template1. Nothing is synced: a
/// cluster is one when initdb has forced all of it to disk. Unless `fsync` is off the files of databases are on their way there.
fn boot(arguments: &Arguments, settings: &Arc<Settings>, directory: &Path, copies: &[Oid]) -> Result<()> {
    let _lock = lock(directory, settings)?;
    let usual = BootstrapOptions { catalog_version: storage::CATALOG_VERSION, ..BootstrapOptions::default() };
    let segment_bytes = arguments.segment_bytes.unwrap_or(usual.segment_bytes);
    let bootstrap = BootstrapOptions { segment_bytes, ..usual };
    let host = host::real_without_sync(directory);
    let drafts = Arc::new(drafts(&host, copies, settings.bool(Setting::Fsync))?);
    let options = EngineOptions { fsync: false, ..storage::options(&settings.snapshot()) };
    let engine = fill(Host { disk: drafts.clone(), ..host }, options, bootstrap, &mut std::io::stdin().lock())?;
    // The process is about to end: to take the engine's tables apart piece by piece would be in vain.
    std::mem::forget(engine);
    drafts.finish().could_not(|| "write the files of databases".to_owned())
}

/// A disk that puts template1's files into the copies' directories too.
fn drafts(host: &Host, copies: &[Oid], write_back: bool) -> Result<DraftDisk> {
    let databases = std::iter::once(&TEMPLATE1).chain(copies).map(|database| PathBuf::from(format!("base/{database}")));
    let groups = vec![databases.collect(), vec![PathBuf::from("global")]];
    for path in std::iter::once(&PathBuf::from("base")).chain(groups.iter().flatten()) {
        match host.disk.mkdir(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(Error::io(format!("create directory \"{}\"", path.display()), &error));
            }
            _ => (),
        }
    }
    DraftDisk::new(Arc::clone(&host.disk), DraftPlaces { groups, write_back }).could_not(|| "start a thread".to_owned())
}

/// Makes a cluster's storage and fills template1's catalogs from a bootstrap script. The directory tree is there. The engine has been shut down.
pub fn fill(host: Host, options: EngineOptions, bootstrap: BootstrapOptions, script: &mut dyn Read) -> Result<Engine> {
    let engine = Engine::bootstrap(host, options, bootstrap, storage::resource_managers())?;
    let mut text = String::new();
    script.read_to_string(&mut text).could_not(|| "read bootstrap script".to_owned())?;
    let store = engine.store();
    let waits =
        SessionWaits { session: SessionId(1), interrupts: Arc::new(Interrupts::new()), hooks: Arc::new(NoHooks) };
    let owner = store.locks.register(waits);
    let mut transaction = store.xacts.begin(&owner, xact::TransactionOptions::default());
    schema::bootstrap::run(store, &mut transaction, storage::access_methods(), TEMPLATE1, &text)?;
    transaction.commit()?;
    drop(owner);
    engine.shutdown(&|_| true)?;
    Ok(engine)
}

/// Runs statements from standard input. False: one of them failed and `exit_on_error` is on. Errors: the engine's.
fn single(arguments: &Arguments, settings: &Arc<Settings>, directory: &Path, log: &RoleLog) -> Result<bool> {
    let Mode::Single { semicolon_newline_newline, database } = &arguments.mode else { unreachable!("it is single") };
    let _lock = lock(directory, settings)?;
    let engine = Arc::new(storage::open(storage::host(directory, settings), settings)?);
    let report = engine.start(&mut |_| Ok(()))?;
    let instance = Arc::new(storage::instance(engine.clone(), settings, Arc::new(NoServer)));
    if report.recovered {
        storage::remove_orphans(&instance, log);
    }
    let end = if *semicolon_newline_newline { StatementEnd::SemicolonAndEmptyLine } else { StatementEnd::Line };
    let server = ToLog { log, settings, context: None };
    let name = database.clone().unwrap_or_else(|| "postgres".to_owned());
    let terminal = Terminal { input: &mut std::io::stdin().lock(), end, output: || Box::new(std::io::stdout()) };
    let outcome = session::run_alone(&server, &instance, &name, terminal);
    drop(instance);
    engine.shutdown(&|_| true)?;
    Ok(outcome? || !settings.bool(Setting::ExitOnError))
}

/// The server of a session without clients: it has a log.
pub struct ToLog<'a> {
    /// The role's log.
    pub log: &'a RoleLog,
    /// The server's settings.
    pub settings: &'a Settings,
    /// What was being done when there was an error, if the statement is not the client's own: it is told instead of the statement.
    pub context: Option<String>,
}

impl Server for ToLog<'_> {
    fn log(&self, _: &Speaker<'_>, error: &Error, statement: Option<&str>) {
        let (logger, who) = (self.log.logger(), self.log.who());
        match &self.context {
            None => logger.emit(who, error, statement),
            Some(context) => logger.emit(who, &error.clone().context(context.clone()), None),
        }
    }
}

/// The directory's lock file, as one without clients has it.
pub fn lock(directory: &Path, settings: &Settings) -> Result<LockFile> {
    crate::start::lock_alone(directory, &settings.values())
}
