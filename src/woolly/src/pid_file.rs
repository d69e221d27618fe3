//! What `postmaster.pid` says about a server.
//!
//! Lines: process id, data directory, start time, port, first socket directory, first listen address, shared memory, status.

use crate::failure::Failure;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A server, as its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PidFile {
    /// Its process id; negative for a single-user server.
    pub pid: i32,
    /// When it started, seconds since 1970.
    pub start_s: u64,
    /// Its port.
    pub port: Option<u16>,
    /// Its first socket directory.
    pub socket_directory: Option<String>,
    /// Its first listen address.
    pub listen_address: Option<String>,
    /// `starting`, `ready`, `stopping` or `standby`; none while it has not come so far.
    pub status: Option<String>,
}

/// The file of a data directory.
pub fn path(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Reads the file; none if there is none. Errors: 4 if the directory is no cluster, 1 if the file says nothing.
pub fn read(data: &Path) -> Result<Option<PidFile>, Failure> {
    check_directory(data)?;
    match std::fs::read_to_string(path(data)) {
        Ok(text) => parse(&text, data).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io(&format!("open PID file \"{}\"", path(data).display()), &error)),
    }
}

fn check_directory(data: &Path) -> Result<(), Failure> {
    let shown = data.display();
    match std::fs::metadata(data) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Failure::new(format!("directory \"{shown}\" does not exist")).code(4))
        }
        Err(error) => Err(Failure::new(format!("could not access directory \"{shown}\": {error}")).code(4)),
        Ok(_) if !data.join("PG_VERSION").exists() => {
            Err(Failure::new(format!("directory \"{shown}\" is not a database cluster directory")).code(4))
        }
        Ok(_) => Ok(()),
    }
}

fn parse(text: &str, data: &Path) -> Result<PidFile, Failure> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let shown = path(data).display().to_string();
    let Some(first) = lines.first().filter(|line| !line.is_empty()) else {
        return Err(Failure::new(format!("the PID file \"{shown}\" is empty")));
    };
    let pid = first.parse().map_err(|_| Failure::new(format!("invalid data in PID file \"{shown}\"")))?;
    let line = |number: usize| lines.get(number - 1).copied().filter(|line| !line.is_empty()).map(str::to_owned);
    Ok(PidFile {
        pid,
        start_s: line(3).and_then(|text| text.parse().ok()).unwrap_or(0),
        port: line(4).and_then(|text| text.parse().ok()),
        socket_directory: line(5),
        listen_address: line(6),
        status: line(8),
    })
}

impl PidFile {
    /// True if the process lives.
    pub fn is_alive(&self) -> bool {
        // EPERM: it lives, and belongs to another user.
        matches!(kill(Pid::from_raw(self.pid.abs()), None), Ok(()) | Err(nix::Error::EPERM))
    }

    /// True once it takes connections.
    pub fn is_ready(&self) -> bool {
        matches!(self.status.as_deref(), Some("ready" | "standby"))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<(), Failure> {
        kill(Pid::from_raw(self.pid), signal).map_err(|error| {
            Failure::new(format!("could not send signal {signal} (PID: {}): {}", self.pid, error.desc()))
        })
    }

    /// The psql command line for it.
    pub fn psql(&self) -> String {
        let host = self.socket_directory.as_ref().or(self.listen_address.as_ref());
        let host = host.map(|host| format!(" -h {host}")).unwrap_or_default();
        format!("psql{host} -p {} -U postgres", self.port.unwrap_or(5432))
    }
}

/// The server that runs on a directory. Errors: there is none.
pub fn running(data: &Path) -> Result<PidFile, Failure> {
    let Some(file) = read(data)? else {
        let shown = path(data).display().to_string();
        return Err(Failure::new(format!("PID file \"{shown}\" does not exist\nIs server running?")));
    };
    if file.pid < 0 {
        let text = format!("cannot control server; single-user server is running (PID: {})", -file.pid);
        return Err(Failure::new(text));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_whole_and_a_young_file() {
        let text = "77\n/d\n1700000000\n5433\n/tmp\nlocalhost\n        0         0\nready   \n";
        let file = parse(text, Path::new("/d")).unwrap();
        assert!(file.is_ready());
        assert_eq!((file.pid, file.port), (77, Some(5433)));
        assert_eq!(file.psql(), "psql -h /tmp -p 5433 -U postgres");
        let young = parse("77\n/d\n1700000000\n5433\n", Path::new("/d")).unwrap();
        assert!(!young.is_ready() && young.socket_directory.is_none());
        assert_eq!(parse("", Path::new("/d")).unwrap_err().code, 1);
    }

    #[test]
    fn a_directory_that_is_no_cluster_is_code_4() {
        assert_eq!(read(Path::new("/nonexistent")).unwrap_err().code, 4);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap_err().code, 4);
        std::fs::write(folder.path().join("PG_VERSION"), "15\n").unwrap();
        assert_eq!(read(folder.path()), Ok(None));
    }
}
