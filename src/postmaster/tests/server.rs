//! The postmaster program as a process: start, refusal, stop, recovery, faults.
//!
//! A cluster here is what `--boot` makes of the bootstrap script: enough to start a server, without initdb's SQL.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Bounds a failure only.
const LIMIT: Duration = Duration::from_secs(60);

/// What a client is told that passed authentication.
const LET_IN: &str = "database \"nowhere\" does not exist";

struct Cluster {
    folder: TempDir,
    extra: Vec<String>,
}

struct Server<'a> {
    cluster: &'a Cluster,
    child: Child,
}

fn postmaster(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postmaster"));
    command.arg("--allow-root").arg("-D").arg(data).env_remove("NOTIFY_SOCKET").stdin(Stdio::null());
    command
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited for {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

impl Cluster {
    fn new(extra: &[&str]) -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        for directory in ["base", "base/1", "global", "pg_wal", "pg_xact", "pg_twophase", "pg_stat", "pg_tblspc"] {
            fs::create_dir(data.join(directory)).unwrap();
        }
        fs::write(data.join("postgresql.toml"), "").unwrap();
        fs::write(data.join("pg_hba.conf"), "local all all trust\n").unwrap();
        let mut boot = Command::new(env!("CARGO_BIN_EXE_postmaster"));
        boot.args(["--boot", "--allow-root", "-F", "-D"]).arg(&data).stdin(Stdio::piped());
        let mut child = boot.spawn().unwrap();
        child.stdin.take().unwrap().write_all(script().as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "bootstrap");
        fs::write(data.join("PG_VERSION"), "15\n").unwrap();
        fs::write(data.join("base/1/PG_VERSION"), "15\n").unwrap();
        Cluster { folder, extra: extra.iter().map(|text| (*text).to_owned()).collect() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn command(&self) -> Command {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = postmaster(&self.data());
        command.args(["-c", "listen_addresses=", "-p", "5432", "-k"]).arg(self.folder.path()).args(&self.extra);
        command.stderr(log);
        command
    }

    fn start(&self) -> Server<'_> {
        let mut server = Server { cluster: self, child: self.command().spawn().unwrap() };
        wait_for("a start", || {
            assert!(server.child.try_wait().unwrap().is_none(), "it ended\n{}", self.log());
            let own = server.child.id().to_string();
            let is_ready = |lines: &Vec<String>| lines[0] == own && lines.get(7).is_some_and(|s| s == "ready   ");
            self.pid_lines().filter(is_ready)
        });
        server
    }

    fn pid_lines(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        Some(text.lines().map(str::to_owned).collect())
    }

    fn wait_for_log(&self, text: &str, times: usize) {
        wait_for(text, || (self.log().matches(text).count() >= times).then_some(()));
    }

    /// The answer to a startup packet that names no database of the cluster.
    fn connect(&self) -> String {
        let mut stream = UnixStream::connect(self.folder.path().join(".s.PGSQL.5432")).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let body = [&196_608u32.to_be_bytes()[..], b"user\0postgres\0database\0nowhere\0\0"].concat();
        stream.write_all(&(body.len() as u32 + 4).to_be_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Server<'_> {
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    fn stop(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.child.wait().unwrap().code()
    }

    fn strike(&self, fault: &str) {
        fs::write(self.cluster.data().join("faults"), format!("{fault}\n")).unwrap();
        self.signal("USR1");
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bootstrap script with its open words filled in, as initdb does.
fn script() -> String {
    let words =
        [(" POSTGRES ", " 'postgres' "), (" ENCODING ", " 6 "), (" LC_COLLATE ", " 'C' "), (" LC_CTYPE ", " 'C' ")];
    words.iter().fold(catalog::BOOTSTRAP_SCRIPT.to_owned(), |text, (word, value)| text.replace(word, value))
}

#[test]
fn a_server_writes_its_files_and_takes_them_away() {
    let cluster = Cluster::new(&[]);
    let server = cluster.start();
    let lines = cluster.pid_lines().unwrap();
    let data = cluster.data().display().to_string();
    let folder = cluster.folder.path().display().to_string();
    assert_eq!(lines.len(), 8);
    assert_eq!((lines[0].as_str(), lines[1].as_str()), (server.child.id().to_string().as_str(), data.as_str()));
    assert_eq!((lines[3].as_str(), lines[4].as_str(), lines[5].as_str()), ("5432", folder.as_str(), ""));
    let socket = cluster.folder.path().join(".s.PGSQL.5432");
    let lock = cluster.folder.path().join(".s.PGSQL.5432.lock");
    assert!(socket.exists() && lock.exists() && cluster.data().join("postmaster.opts").exists());
    assert!(cluster.connect().contains(LET_IN), "trust lets in");
    assert_eq!(server.stop("INT"), Some(0));
    assert!(!socket.exists() && !lock.exists() && cluster.pid_lines().is_none());
    assert!(cluster.log().contains("database system is shut down"));
}

#[test]
fn of_many_starters_one_wins_and_the_others_name_it() {
    let cluster = Cluster::new(&[]);
    // A dead server's file is in the way of all of them.
    fs::write(cluster.data().join("postmaster.pid"), "99999999\n/elsewhere\n").unwrap();
    let mut starters: Vec<Child> = (0..8).map(|_| cluster.command().spawn().unwrap()).collect();
    wait_for("one winner", || {
        let lost = starters.iter_mut().filter_map(|child| child.try_wait().unwrap()).count();
        (lost == 7 && cluster.pid_lines().is_some_and(|lines| lines.len() == 8)).then_some(())
    });
    let winner = cluster.pid_lines().unwrap()[0].clone();
    for child in &mut starters {
        match child.try_wait().unwrap() {
            Some(status) => assert_eq!(status.code(), Some(1)),
            None => assert_eq!(child.id().to_string(), winner),
        }
    }
    let hint = format!("Is another postmaster (PID {winner}) running in data directory");
    assert!(cluster.log().contains(&hint), "{}", cluster.log());
    for child in &mut starters {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn after_a_kill_the_next_start_recovers() {
    let cluster = Cluster::new(&[]);
    let server = cluster.start();
    server.stop("KILL");
    assert!(cluster.pid_lines().is_some(), "nobody took it away");
    let server = cluster.start();
    assert!(cluster.log().contains("automatic recovery in progress"), "{}", cluster.log());
    assert_eq!(server.stop("TERM"), Some(0));
    let server = cluster.start();
    assert_eq!(server.stop("QUIT"), Some(0));
    let before = cluster.log().matches("automatic recovery in progress").count();
    assert_eq!(cluster.start().stop("INT"), Some(0));
    assert_eq!(cluster.log().matches("automatic recovery in progress").count(), before + 1);
}

#[test]
fn a_reload_takes_what_is_good_and_says_what_is_not() {
    let cluster = Cluster::new(&[]);
    let server = cluster.start();
    fs::write(cluster.data().join("postgresql.toml"), "work_mem = \"9MB\"\nmax_connections = 7\n").unwrap();
    fs::write(cluster.data().join("pg_hba.conf"), "local all all magic\n").unwrap();
    server.signal("HUP");
    cluster.wait_for_log("pg_hba.conf was not reloaded", 1);
    let log = cluster.log();
    assert!(log.contains("parameter \"max_connections\" cannot be changed without restarting the server"), "{log}");
    assert!(log.contains("parameter \"work_mem\" changed to \"9216\""), "{log}");
    assert!(log.contains("invalid authentication method \"magic\""), "{log}");
    assert!(cluster.connect().contains(LET_IN), "the old rules are in force");
    assert_eq!(server.stop("INT"), Some(0));
}

#[test]
fn a_role_that_fails_is_back_and_nobody_else_notices() {
    let cluster = Cluster::new(&["-c", "fault_hooks=on"]);
    let server = cluster.start();
    for role in ["bgwriter", "walwriter", "checkpointer", "stats", "avlauncher"] {
        server.strike(&format!("{role} fatal"));
        cluster.wait_for_log(&format!("fault on purpose at \"{role}\""), 1);
    }
    server.strike("bgwriter rust_panic");
    cluster.wait_for_log("panicked holding nothing shared", 1);
    assert!(cluster.connect().contains(LET_IN));
    assert!(!cluster.log().contains("reinitializing"));
    assert_eq!(server.stop("INT"), Some(0), "{}", cluster.log());
}

#[test]
fn a_panic_reinitialises_in_place() {
    let cluster = Cluster::new(&["-c", "fault_hooks=on"]);
    let server = cluster.start();
    for round in 1..=3 {
        server.strike("walwriter panic");
        cluster.wait_for_log("all server processes terminated; reinitializing", round);
        cluster.wait_for_log("database system is ready to accept connections", round + 1);
    }
    assert!(cluster.connect().contains(LET_IN));
    assert_eq!(cluster.pid_lines().unwrap()[0], server.child.id().to_string(), "the same process");
    assert_eq!(server.stop("INT"), Some(0), "{}", cluster.log());
    assert!(!cluster.log().contains("abnormal"));
}

#[test]
fn without_restart_after_crash_it_ends() {
    let cluster = Cluster::new(&["-c", "fault_hooks=on", "-c", "restart_after_crash=off"]);
    let mut server = cluster.start();
    server.strike("bgwriter panic");
    assert_eq!(server.child.wait().unwrap().code(), Some(1));
    assert!(cluster.log().contains("shutting down because restart_after_crash is off"));
}

#[test]
fn bad_settings_are_named_with_file_and_line() {
    let cluster = Cluster::new(&[]);
    fs::write(cluster.data().join("postgresql.toml"), "fsync = true\nwork_men = 4\n").unwrap();
    assert_eq!(cluster.command().status().unwrap().code(), Some(1));
    let file = cluster.data().join("postgresql.toml").display().to_string();
    let expected = format!("unrecognized configuration parameter \"work_men\" in file \"{file}\" line 2");
    assert!(cluster.log().contains(&expected), "{}", cluster.log());
}

#[test]
fn the_log_is_collected_and_rotated() {
    let cluster = Cluster::new(&["-c", "logging_collector=on", "-c", "log_filename=%H%M%S-%f.log"]);
    let server = cluster.start();
    let files = || fs::read_dir(cluster.data().join("log")).unwrap().count();
    let before = fs::read_to_string(cluster.data().join("current_logfiles")).unwrap();
    assert!(before.starts_with("stderr log/"), "{before}");
    fs::write(cluster.data().join("logrotate"), "").unwrap();
    server.signal("USR1");
    wait_for("a second log file", || (files() >= 2).then_some(()));
    server.strike("syslogger fatal");
    assert_eq!(server.stop("INT"), Some(0));
    let mut text = String::new();
    for entry in fs::read_dir(cluster.data().join("log")).unwrap() {
        text.push_str(&fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert!(text.contains("ready to accept connections") && text.contains("shutting down"), "{text}");
}
