//! A temporary cluster: made by the real initdb, served by the real postmaster, gone when dropped.

use crate::client::Client;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to become ready before a test gives up: generous, as it only bounds a failure.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The folder of the server's programs: `WOOLLY_BIN`, else the folder that this test program was built into.
pub fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("WOOLLY_BIN") {
        return folder.into();
    }
    let this = std::env::current_exe().expect("a running program has a path");
    let folder = this.ancestors().find(|f| f.join("postmaster").is_file());
    folder.expect("build the programs first, or set WOOLLY_BIN").to_path_buf()
}

/// A data directory and, while it runs, its server.
pub struct Cluster {
    folder: TempDir,
    data: PathBuf,
    port: u16,
    settings: Vec<(String, String)>,
    server: Option<Child>,
}

impl Cluster {
    /// Runs initdb. The role is `postgres`, local connections are trusted.
    pub fn new() -> Cluster {
        Cluster::with(&[])
    }

    /// As `new`, with further arguments for initdb.
    pub fn with(arguments: &[&str]) -> Cluster {
        let folder = temporary_folder();
        let data = folder.path().join("data");
        // Nobody cuts the power: nothing need be synced.
        Cluster::made(folder, data, &[&["-N"], arguments].concat())
    }

    /// As `with`, with the data directory, synced, at a place of its own, which outlives the cluster. Log and socket are not there.
    pub fn placed(data: &Path, arguments: &[&str]) -> Cluster {
        Cluster::made(temporary_folder(), data.to_path_buf(), arguments)
    }

    fn made(folder: TempDir, data: PathBuf, arguments: &[&str]) -> Cluster {
        let cluster = Cluster { folder, data, port: 5432, settings: Vec::new(), server: None };
        let mut initdb = Command::new(programs().join("initdb"));
        initdb.arg("-D").arg(cluster.data()).args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-instructions",
            "--allow-root",
        ]);
        initdb.args(arguments);
        let output = initdb.output().expect("initdb starts");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        cluster
    }

    /// A running cluster with default settings.
    pub fn started() -> Cluster {
        let mut cluster = Cluster::new();
        cluster.start();
        cluster
    }

    /// Adds a setting for the next start.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Cluster {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another port for the next start, with TCP on the loopback.
    pub fn listen_on(&mut self, port: u16) -> &mut Cluster {
        self.port = port;
        self.set("listen_addresses", "127.0.0.1")
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// The folder of its Unix socket, and of what a test wants to put there.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its port. Only the socket's name depends on it: the cluster does not listen on TCP unless told to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Waits until the log says this.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        wait_until(&format!("the log says {text:?}\n{}", self.log()), || self.log().contains(text));
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The postmaster's command, with the cluster's settings.
    pub fn postmaster(&self) -> Command {
        let mut command = Command::new(programs().join("postmaster"));
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder()).arg("-p").arg(self.port.to_string());
        command.args(["-c", "listen_addresses=", "--allow-root"]);
        for (name, value) in &self.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
    }

    /// Starts the server and waits until it takes connections. Panics with its log if it does not.
    pub fn start(&mut self) {
        self.launch();
        self.wait_until_ready();
    }

    /// Starts the server and does not wait.
    pub fn launch(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.log_path()).expect("the log can be written");
        let mut command = self.postmaster();
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.server = Some(command.spawn().expect("the postmaster starts"));
    }

    fn wait_until_ready(&mut self) {
        if let Err(why) = self.becomes_ready() {
            panic!("{why}\n{}", self.log());
        }
    }

    /// Waits until the server takes connections. Errors: it ended, or takes too long.
    pub fn becomes_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let server = self.server.as_mut().expect("it was started");
            if let Some(status) = server.try_wait().expect("its state can be asked") {
                return Err(format!("the server ended: {status}"));
            }
            match self.try_connect("postgres", "postgres") {
                Ok(Ok(_)) => return Ok(()),
                _ if Instant::now() > deadline => return Err("the server is not ready".to_owned()),
                _ => pause(),
            }
        }
    }

    /// Leaves the cluster where it is when it is dropped, for somebody to look at. Its folder.
    pub fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_path_buf()
    }

    /// The process id of the running server.
    pub fn pid(&self) -> u32 {
        self.server.as_ref().expect("the server runs").id()
    }

    /// Adds a line to a file of the data directory.
    pub fn append(&self, file: &str, line: &str) {
        let path = self.data().join(file);
        let text = fs::read_to_string(&path).expect("the file is there");
        fs::write(&path, format!("{text}{line}\n")).expect("it can be written");
    }

    /// True while the server's process lives.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(|s| matches!(s.try_wait(), Ok(None)))
    }

    /// Connects as postgres to the database postgres. Panics if that fails.
    #[track_caller]
    pub fn connect(&self) -> Client {
        self.connect_as("postgres", "postgres")
    }

    /// Connects. Panics if that fails.
    #[track_caller]
    pub fn connect_as(&self, user: &str, database: &str) -> Client {
        match self.try_connect(user, database) {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => panic!("login refused: {}", error.message),
            Err(error) => panic!("no connection: {error}\n{}", self.log()),
        }
    }

    /// Connects, or says why not.
    pub fn try_connect(&self, user: &str, database: &str) -> io::Result<Result<Client, crate::ServerError>> {
        Client::connect_unix(self.folder(), self.port, user, database)
    }

    /// Sends a signal to the server: `TERM`, `INT`, `QUIT`, `HUP`, `KILL`, ...
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill runs");
        assert!(status.success(), "kill -{name} {pid}: {status}");
    }

    /// Waits for the server's end; its exit code, or `None` if a signal ended it.
    pub fn wait(&mut self) -> Option<i32> {
        let mut server = self.server.take().expect("the server runs");
        server.wait().expect("its end can be awaited").code()
    }

    /// Fast shutdown. Panics with the log if it does not exit with 0.
    pub fn stop(&mut self) {
        self.signal("INT");
        let code = self.wait();
        assert_eq!(code, Some(0), "fast shutdown\n{}", self.log());
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.signal("KILL");
        self.wait();
    }

    /// A program of PostgreSQL's client set, pointed at this cluster as postgres.
    pub fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PGHOST", self.folder()).env("PGPORT", self.port.to_string());
        command.env("PGUSER", "postgres").env("PGDATABASE", "postgres");
        command
    }

    /// Runs a script through psql; standard output and error together. Panics if psql cannot be run.
    pub fn psql(&self, script: &str) -> String {
        let output = self.tool("psql").args(["-X", "-q", "-c", script]).output().expect("psql is installed");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }
}

impl Default for Cluster {
    fn default() -> Cluster {
        Cluster::new()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // An error here means that it has already ended.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn temporary_folder() -> TempDir {
    tempfile::Builder::new().prefix("woolly-test-").tempdir().expect("a temporary folder")
}

/// Looks again and again until it is so. Panics after a minute: `what` did not come to pass.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + START_LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "not so after a minute: {what}");
        pause();
    }
}

/// A short pause between two looks at another process, which has no event to wait for.
fn pause() {
    std::thread::park_timeout(Duration::from_millis(5));
}
