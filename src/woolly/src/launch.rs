//! Starting a server process.

use crate::failure::Failure;
use crate::pid_file::{self, PidFile};
use crate::wait;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A program that lies beside this one. Errors: it does not.
pub fn program(name: &str) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe().map_err(|error| Failure::io("find own program", &error))?;
    let found = own.with_file_name(name);
    if found.is_file() {
        return Ok(found);
    }
    let text = format!(
        "program \"{name}\" is needed by woolly but was not found in the same directory as \"{}\"",
        own.display()
    );
    Err(Failure::new(text))
}

/// The server's command line.
pub fn server_command(data: &Path, arguments: &[OsString], allow_root: bool) -> Result<Command, Failure> {
    let mut command = Command::new(program("postmaster")?);
    command.arg("-D").arg(data).args(arguments);
    if allow_root && !arguments.iter().any(|a| a == "--allow-root") {
        command.arg("--allow-root");
    }
    Ok(command)
}

/// Starts a server in the background, its output appended to `log` or thrown away.
pub fn start(mut command: Command, log: Option<&Path>) -> Result<Child, Failure> {
    command.stdin(Stdio::null());
    if let Some(path) = log {
        let open = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let file = open.map_err(|error| Failure::io(&format!("open log file \"{}\"", path.display()), &error))?;
        let copy = file.try_clone().map_err(|error| Failure::io("duplicate the log file", &error))?;
        command.stdout(file).stderr(copy);
    }
    // A process group of its own: an interrupt typed at the terminal is not meant for it.
    command.process_group(0);
    command.spawn().map_err(|error| Failure::io("start server", &error))
}

/// What a start came to.
#[derive(Debug)]
pub enum Started {
    /// It takes connections.
    Ready(PidFile),
    /// It ended.
    Ended,
    /// It was not ready in time.
    Slow,
}

/// Waits until the server takes connections or has ended.
pub fn wait_until_ready(child: &mut Child, data: &Path, limit: Duration) -> Started {
    let pid = i32::try_from(child.id()).unwrap_or(0);
    let look = || {
        if let Ok(Some(file)) = pid_file::read(data)
            && file.pid == pid
            && file.is_ready()
        {
            return Some(Started::Ready(file));
        }
        matches!(child.try_wait(), Ok(Some(_))).then_some(Started::Ended)
    };
    wait::until(limit, look).unwrap_or(Started::Slow)
}

/// True if this process runs as the system's superuser.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
