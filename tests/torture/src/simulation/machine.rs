//! A server on a simulated disk: made once as initdb makes a cluster, then copied for each run.

use super::actions::{COMMON, new_table};
use super::client::Client;
use super::model::{Share, World};
use super::{DATABASES, SESSIONS};
use base::Oid;
use config::{Hooks, Setting, Settings, Value};
use host::{EntryKind, OpenMode, OpenOptions, SimHost};
use initdb::script::{self, Words};
use instance::{Activity, Instance, NoServer, SessionKind};
use postmaster::{alone, storage};
use recovery::{BootstrapOptions, Engine, EngineOptions};
use report::Result;
use session::Alone;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A second database besides postgres.
pub const SECOND_DATABASE: Oid = Oid(20_000);
/// Bytes of a segment of the log: small, so that the log crosses many.
const LOG_SEGMENT_BYTES: u32 = 256 << 10;
/// Blocks of a segment of a relation: small, so that catalogs have several.
const RELATION_SEGMENT_BLOCKS: u32 = 64;

/// What differs from run to run in how the server is set up.
#[derive(Clone, Copy, Debug)]
pub struct Knobs {
    /// Pages of the pool.
    pub frames: usize,
    /// As the setting says; off only to see that its absence shows.
    pub full_page_writes: bool,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs { frames: 128, full_page_writes: true }
    }
}

/// A running server without threads of its own.
pub struct Machine {
    /// Storage.
    pub engine: Arc<Engine>,
    /// What sessions see.
    pub instance: Arc<Instance>,
}

impl Machine {
    /// Starts the server on a disk: recovery, if it needs it.
    pub fn start(sim: &SimHost, knobs: Knobs) -> Result<Machine> {
        let engine = Engine::open(sim.host(), options(knobs), storage::resource_managers())?;
        let engine = Arc::new(engine);
        let recovered = engine.start(&mut |_| Ok(()))?.recovered;
        let machine = Machine::over(engine, &[(Setting::MaxPreparedTransactions, Value::Int(8))]);
        match recovered
            .then(|| machine.instance.remove_orphans())
            .and_then(|orphans| orphans.problems.into_iter().next())
        {
            Some(problem) => Err(problem),
            None => Ok(machine),
        }
    }

    fn over(engine: Arc<Engine>, settings: &[(Setting, Value)]) -> Machine {
        let all = Settings::boot(Hooks::new());
        settings.iter().for_each(|(setting, value)| all.set_override(*setting, value.clone()));
        let instance = storage::instance(Arc::clone(&engine), &Arc::new(all), Arc::new(NoServer));
        Machine { engine, instance: Arc::new(instance) }
    }

    /// A session in a database.
    pub fn connect(&self, database: Oid) -> Result<Client<'_>> {
        let registration = self.instance.sessions.register(SessionKind::Client, 0, Activity::default());
        Ok(Client::new(Alone::open(&self.instance, registration, database)?))
    }

    /// Ends it in good order. Sessions have ended.
    pub fn shut_down(&self) -> Result<()> {
        self.engine.shutdown(&|_| true).map(drop)
    }
}

/// The engine's options in all runs. One thread redoes, so that a run repeats exactly.
pub fn options(knobs: Knobs) -> EngineOptions {
    EngineOptions {
        frames: knobs.frames,
        full_page_writes: knobs.full_page_writes,
        wal_buffer_bytes: 128 << 10,
        min_wal_bytes: 1 << 20,
        open_files_max: 64,
        ..EngineOptions::default()
    }
}

/// Makes a cluster as initdb does: directories, bootstrap script, copies of template1; and a second database.
pub fn make_cluster() -> Result<SimHost> {
    let sim = SimHost::new(0);
    make_directories(&sim);
    let words = Words { superuser: "postgres", encoding: initdb::UTF8, locales: &initdb::Locales::c() };
    let bootstrap = BootstrapOptions {
        catalog_version: storage::CATALOG_VERSION,
        segment_bytes: LOG_SEGMENT_BYTES,
        segment_blocks: RELATION_SEGMENT_BLOCKS,
        ..BootstrapOptions::default()
    };
    let knobs = Knobs { frames: 4096, ..Knobs::default() };
    alone::fill(sim.host(), options(knobs), bootstrap, &mut script::bootstrap(&words).as_bytes())?;
    write_file(&sim, Path::new("base/1/PG_VERSION"), initdb::VERSION_FILE.as_bytes());
    initdb::COPIES.into_iter().for_each(|copy| copy_directory(&sim, "base/1", &format!("base/{copy}")));
    sim.host().disk.sync_trees(&[Path::new("")]).expect("a sound disk");
    let machine = Machine::start(&sim, knobs)?;
    let made = make_first_world(&machine);
    machine.shut_down()?;
    made?;
    // Everything is synced, so nothing is lost; what is seen and what is durable become one.
    sim.crash();
    Ok(sim)
}

/// The tables and sequences that every run begins with.
fn make_first_world(machine: &Machine) -> Result<()> {
    let mut client = machine.connect(DATABASES[0])?;
    client.query(&format!("create database second oid {SECOND_DATABASE}"))?;
    client.end();
    for (session, share) in first_world().0.iter().enumerate() {
        let mut client = machine.connect(DATABASES[session])?;
        client.query(&format!("create sequence s{session}_seq"))?;
        for name in share.tables.keys() {
            client.query(&format!("create table if not exists {name} (k int8 primary key, a int4, b text)"))?;
        }
        client.end();
    }
    Ok(())
}

/// What is there when a run begins.
pub fn first_world() -> World {
    let share = |session| {
        let names = [COMMON.to_owned(), format!("s{session}_t0")];
        let tables = names.map(|name| (name.clone(), Arc::new(new_table(&name, false))));
        Arc::new(Share { tables: tables.into(), ..Share::default() })
    };
    World((0..SESSIONS).map(share).collect())
}

fn make_directories(sim: &SimHost) {
    let host = sim.host();
    let make = |path: &str| host.disk.mkdir(Path::new(path)).expect("an empty disk");
    make("pg_wal");
    initdb::SUBDIRECTORIES.iter().for_each(|path| make(path));
    write_file(sim, Path::new("PG_VERSION"), initdb::VERSION_FILE.as_bytes());
}

fn write_file(sim: &SimHost, path: &Path, bytes: &[u8]) {
    let file = sim.host().disk.open(path, OpenOptions::new(OpenMode::Create)).expect("a sound disk");
    file.write_at(bytes, 0).expect("a sound disk");
}

fn copy_directory(sim: &SimHost, from: &str, to: &str) {
    let host = sim.host();
    host.disk.mkdir(Path::new(to)).expect("a new name");
    for (name, kind) in host.disk.list(Path::new(from)).expect("a directory") {
        assert_eq!(kind, EntryKind::File);
        let bytes = host.disk.read_file(&Path::new(from).join(&name)).expect("a sound disk");
        write_file(sim, &PathBuf::from(to).join(&name), &bytes);
    }
}
