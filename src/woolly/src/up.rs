//! `woolly up`: from nothing to a server that psql connects to.

use crate::failure::Failure;
use crate::launch::{self, Started};
use crate::options::Up;
use crate::pid_file;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long a first start may take: redo of a long log included.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Lines of the log that are shown when a start fails.
const LOG_LINES: usize = 20;

/// Comes up.
pub fn run(up: &Up) -> Result<(), Failure> {
    let data = std::path::absolute(&up.data).map_err(|error| Failure::io("find the data directory", &error))?;
    if !data.join("PG_VERSION").exists() {
        make_cluster(&data)?;
    }
    if let Some(file) = pid_file::read(&data)?.filter(|file| file.pid > 0 && file.is_alive()) {
        println!(
            "A server is already running on {} (PID: {}). Connect with:\n\n    {}\n",
            data.display(),
            file.pid,
            file.psql()
        );
        return Ok(());
    }
    let port = up.port.to_string();
    let mut command =
        launch::server_command(&data, &["-p".into(), port.into(), "-k".into(), "/tmp".into()], launch::is_root())?;
    if up.foreground {
        println!("Connect with:\n\n    psql -h /tmp -p {} -U postgres\n", up.port);
        return Err(Failure::io("run the server", &command.exec()));
    }
    start(command, &data)
}

fn make_cluster(data: &Path) -> Result<(), Failure> {
    println!("Making a cluster in {}.", data.display());
    let mut command = Command::new(launch::program("initdb")?);
    command.arg("-D").arg(data).args(["-U", "postgres", "-A", "trust", "--no-instructions"]);
    if launch::is_root() {
        command.arg("--allow-root");
    }
    let output = command.output().map_err(|error| Failure::io("run initdb", &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("initdb failed\n{said}")))
}

fn start(command: Command, data: &Path) -> Result<(), Failure> {
    let log = data.join("server.log");
    let mut child = launch::start(command, Some(&log))?;
    match launch::wait_until_ready(&mut child, data, START_LIMIT) {
        Started::Ready(file) => {
            println!("Woolly is ready (PID: {}). Connect with:\n\n    {}\n", file.pid, file.psql());
            Ok(())
        }
        Started::Ended => Err(Failure::new(format!("the server did not start; its log ends:\n{}", tail(&log)))),
        Started::Slow => Err(Failure::new(format!("the server is not ready yet; its log is {}", log.display()))),
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}
