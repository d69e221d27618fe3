//! A cluster of ours or of PostgreSQL's, with equal settings.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::usage;

/// Whose server it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Ours.
    Woolly,
    /// PostgreSQL 15.
    Postgres,
}

/// Where Debian keeps PostgreSQL 15's programs.
const POSTGRES_PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// The port of every server: only its socket's name depends on it.
pub const PORT: u16 = 5432;

/// Places for sessions unless a workload needs more.
const SESSIONS: usize = 1100;

/// Settings of both servers.
const SETTINGS: [&str; 6] = [
    "shared_buffers=1GB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "listen_addresses=",
    "autovacuum=off",
    "log_checkpoints=off",
];

const START_LIMIT: Duration = Duration::from_secs(120);
/// The pause between two tries to connect: it bounds how well the time to start can be told.
const LOOK: Duration = Duration::from_micros(500);

/// A cluster and, while it runs, its server.
pub struct Server {
    /// Whose it is.
    pub kind: Kind,
    /// Settings besides the usual ones.
    settings: Vec<String>,
    sessions: usize,
    folder: TempDir,
    process: Option<std::process::Child>,
}

impl Server {
    /// Runs initdb.
    pub fn new(kind: Kind, settings: &[String]) -> Result<Server, String> {
        let folder = tempfile::Builder::new().prefix("versus-").tempdir().map_err(|e| e.to_string())?;
        let server = Server { kind, settings: settings.to_vec(), sessions: SESSIONS, folder, process: None };
        if kind == Kind::Postgres {
            give_to_postgres(server.folder.path())?;
        }
        server.initdb(&server.data())?;
        Ok(server)
    }

    /// The folder of its socket.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs initdb on a folder.
    pub fn initdb(&self, data: &Path) -> Result<(), String> {
        let mut command = self.program("initdb");
        command.arg("-D").arg(data).args(["-U", "postgres", "-A", "trust", "--no-instructions"]);
        if self.kind == Kind::Woolly && is_root() {
            command.arg("--allow-root");
        }
        run(&mut command)
    }

    /// Time of one initdb, in seconds. The cluster stays until the end: after a removal of many files ext4 is slow for whoever makes files.
    pub fn initdb_seconds(&self) -> Result<f64, String> {
        let mut places = (0..).map(|n| self.folder.path().join(format!("throw-away-{n}")));
        let data = places.find(|place| !place.exists()).expect("numbers do not end");
        let start = Instant::now();
        self.initdb(&data)?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// A server program of this kind.
    fn program(&self, name: &str) -> Command {
        match self.kind {
            Kind::Woolly => Command::new(testkit::cluster::programs().join(name)),
            Kind::Postgres => as_postgres(&Path::new(POSTGRES_PROGRAMS).join(name)),
        }
    }

    /// Starts the server and waits until it takes connections.
    pub fn start(&mut self) -> Result<(), String> {
        let log = File::options().create(true).append(true).open(self.log()).map_err(|e| e.to_string())?;
        let mut command = self.program(if self.kind == Kind::Woolly { "postmaster" } else { "postgres" });
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        SETTINGS.into_iter().chain(self.settings.iter().map(String::as_str)).for_each(|setting| {
            command.args(["-c", setting]);
        });
        command.args(["-c", &format!("max_connections={}", self.sessions)]);
        if self.kind == Kind::Woolly && is_root() {
            command.arg("--allow-root");
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(|e| e.to_string())?).stderr(log);
        self.process = Some(command.spawn().map_err(|e| e.to_string())?);
        self.wait_until_ready()
    }

    /// Starts the server again, as it usually is.
    pub fn restart(&mut self) -> Result<(), String> {
        self.restart_for(SESSIONS)
    }

    /// Starts the server again, with places for so many sessions.
    pub fn restart_for(&mut self, sessions: usize) -> Result<(), String> {
        self.sessions = sessions;
        self.stop()?;
        self.start()
    }

    /// Starts the server again, with these settings besides the usual ones.
    pub fn restart_with(&mut self, settings: &[String]) -> Result<(), String> {
        self.settings = settings.to_vec();
        self.restart()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// What the server has logged so far.
    pub fn log_text(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START_LIMIT;
        while self.connect().is_err() {
            let process = self.process.as_mut().expect("it was started");
            if Instant::now() > deadline || !matches!(process.try_wait(), Ok(None)) {
                return Err(format!("no server: {}", fs::read_to_string(self.log()).unwrap_or_default()));
            }
            std::thread::park_timeout(LOOK);
        }
        Ok(())
    }

    /// A session of the test client.
    pub fn connect(&self) -> Result<testkit::Client, String> {
        let login = testkit::Client::connect_unix(self.folder.path(), PORT, "postgres", "postgres");
        login.map_err(|e| e.to_string())?.map_err(|e| e.message)
    }

    /// Memory of the server's processes together, in MB: proportional set size, shared pages divided among their users.
    pub fn memory_mb(&self) -> f64 {
        let root = self.process.as_ref().map_or(0, std::process::Child::id);
        usage::of_tree(root).proportional_kb as f64 / 1024.0
    }

    /// kill -9 of all its processes.
    pub fn kill(&mut self) -> Result<(), String> {
        let mut process = self.process.take().ok_or("the server does not run")?;
        let ids: Vec<String> = usage::descendants(process.id()).iter().map(u32::to_string).collect();
        run(Command::new("kill").arg("-9").args(&ids))?;
        process.wait().map_err(|e| e.to_string())?;
        // PostgreSQL refuses to start while one of them still has its shared memory.
        while ids.iter().any(|id| Path::new("/proc").join(id).exists()) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Fast shutdown.
    pub fn stop(&mut self) -> Result<(), String> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        run(Command::new("kill").args(["-INT", &process.id().to_string()]))?;
        process.wait().map_err(|e| e.to_string())?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_some() {
            // Only reached after an error that was reported.
            let _ = self.kill();
        }
    }
}

/// Runs pgbench against the server whose socket is in this folder, and returns what it printed.
pub fn run_pgbench(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("pgbench");
    command.args(arguments).arg("postgres").env("PGHOST", folder).env("PGUSER", "postgres");
    command.env("PGPORT", PORT.to_string());
    let output = command.output().map_err(|e| format!("pgbench: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr).replace('\n', " "))),
    }
}

/// A program that must not run as root: another user's then.
pub fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]).arg(program);
    command
}

/// Lets programs that must not run as root write into a folder.
pub fn give_to_postgres(folder: &Path) -> Result<(), String> {
    if is_root() { run(Command::new("chown").arg("postgres").arg(folder)) } else { Ok(()) }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}
