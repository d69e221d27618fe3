//! A cluster on a simulated disk: template1 and nothing else.

use base::Oid;
use config::{Hooks, Setting, Settings, Value};
use host::{OpenMode, OpenOptions, SimHost};
use instance::{Activity, Ctx, Instance, NoServer, SessionKind};
use postmaster::{alone, storage};
use recovery::{BootstrapOptions, Engine, EngineOptions};
use report::{Error, Result, Severity};
use session::{Alone, Outcome, Server, Speaker};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The database that bootstrap fills.
const TEMPLATE1: Oid = Oid(1);

/// A running server of one session.
pub struct Cluster {
    instance: Arc<Instance>,
}

impl Cluster {
    /// Makes a cluster of a bootstrap script and starts its server.
    pub fn make(script: &str) -> Result<Cluster> {
        let sim = SimHost::new(0);
        make_directories(&sim);
        let bootstrap = BootstrapOptions { catalog_version: storage::CATALOG_VERSION, ..BootstrapOptions::default() };
        alone::fill(sim.host(), options(), bootstrap, &mut script.as_bytes())?;
        write_version(&sim, "base/1/PG_VERSION");
        let engine = Arc::new(Engine::open(sim.host(), options(), storage::resource_managers())?);
        engine.start(&mut |_| Ok(()))?;
        // Behind the catalogs' own numbers a second group begins, of what information_schema needs before it is there.
        engine.store().xacts.set_next_oid(Oid::FIRST_UNPINNED);
        let settings = Settings::boot(Hooks::new());
        settings.set_override(Setting::AllowSystemTableMods, Value::Bool(true));
        settings.set_override(Setting::SearchPath, Value::text("pg_catalog"));
        let instance = storage::instance(engine, &Arc::new(settings), Arc::new(NoServer));
        Ok(Cluster { instance: Arc::new(instance) })
    }

    fn session(&self) -> Result<Alone<'_>> {
        let registration = self.instance.sessions.register(SessionKind::Client, 0, Activity::default());
        Alone::open(&self.instance, registration, TEMPLATE1)
    }

    /// Runs statements. Errors: that of the first that fails.
    pub fn run(&self, statements: &[String]) -> Result<()> {
        let mut session = self.session()?;
        let witness = Witness::default();
        for statement in statements {
            if session.run(&witness, statement) != Outcome::Good {
                let error = witness.take().unwrap_or_else(|| Error::internal("the session ended".to_owned()));
                return Err(error.context(format!("statement \"{statement}\"")));
            }
        }
        session.end();
        Ok(())
    }

    /// Looks at the catalogs.
    pub fn look<T>(&self, look: impl FnOnce(Ctx<'_>) -> Result<T>) -> Result<T> {
        self.session()?.look(look)
    }
}

fn options() -> EngineOptions {
    EngineOptions { frames: 4096, wal_buffer_bytes: 1 << 20, ..EngineOptions::default() }
}

fn make_directories(sim: &SimHost) {
    let host = sim.host();
    let make = |path: &str| host.disk.mkdir(Path::new(path)).expect("an empty disk");
    make("pg_wal");
    initdb::SUBDIRECTORIES.iter().for_each(|path| make(path));
    write_version(sim, "PG_VERSION");
}

fn write_version(sim: &SimHost, path: &str) {
    let file = sim.host().disk.open(Path::new(path), OpenOptions::new(OpenMode::Create)).expect("a sound disk");
    file.write_at(initdb::VERSION_FILE.as_bytes(), 0).expect("a sound disk");
}

/// A server whose log is one error.
#[derive(Default)]
struct Witness(Mutex<Option<Error>>);

impl Witness {
    fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Server for Witness {
    fn log(&self, _: &Speaker<'_>, error: &Error, _: Option<&str>) {
        if error.fields().severity >= Severity::Error {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(error.clone());
        }
    }
}
