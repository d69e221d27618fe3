//! PgBouncer before PostgreSQL: what many put there when they have more clients than it can serve.

use crate::server::{PORT, Server, as_postgres, give_to_postgres};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::Client;

/// Where Debian keeps it.
const PROGRAM: &str = "/usr/sbin/pgbouncer";
/// Sessions that it has with the server: its default.
const POOL_SESSIONS: usize = 20;
/// Clients that it takes.
const CLIENTS_MAX: usize = 1100;
/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A running PgBouncer.
pub struct Bouncer {
    folder: TempDir,
    process: Child,
}

impl Bouncer {
    /// Why there cannot be one on this machine.
    pub fn obstacle() -> Option<String> {
        (!Path::new(PROGRAM).is_file()).then(|| format!("PgBouncer is left out: there is no {PROGRAM}"))
    }

    /// Starts one in transaction mode before a server that runs, and waits until it serves.
    pub fn start(server: &Server) -> Result<Bouncer, String> {
        let folder = tempfile::Builder::new().prefix("versus-").tempdir().map_err(|e| e.to_string())?;
        let (settings, log) = (folder.path().join("pgbouncer.ini"), folder.path().join("log"));
        fs::write(&settings, settings_text(server, folder.path())).map_err(|e| e.to_string())?;
        let log = File::create(log).map_err(|e| e.to_string())?;
        give_to_postgres(folder.path())?;
        let mut command = as_postgres(Path::new(PROGRAM));
        command.arg(&settings).stdin(Stdio::null()).stdout(log.try_clone().map_err(|e| e.to_string())?).stderr(log);
        let process = command.spawn().map_err(|e| format!("{PROGRAM}: {e}"))?;
        let bouncer = Bouncer { folder, process };
        bouncer.wait_until_ready()?;
        Ok(bouncer)
    }

    fn wait_until_ready(&self) -> Result<(), String> {
        let deadline = Instant::now() + START_LIMIT;
        while !matches!(Client::connect_unix(self.folder.path(), PORT, "postgres", "postgres"), Ok(Ok(_))) {
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(format!("no PgBouncer: {log}"));
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The folder of its socket.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        // An error here means that it has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn settings_text(server: &Server, folder: &Path) -> String {
    format!(
        "[databases]\n\
         postgres = host={} port={PORT} user=postgres\n\
         [pgbouncer]\n\
         listen_addr =\n\
         listen_port = {PORT}\n\
         unix_socket_dir = {}\n\
         auth_type = any\n\
         pool_mode = transaction\n\
         default_pool_size = {POOL_SESSIONS}\n\
         max_client_conn = {CLIENTS_MAX}\n\
         log_connections = 0\n\
         log_disconnections = 0\n",
        server.folder().display(),
        folder.display()
    )
}
