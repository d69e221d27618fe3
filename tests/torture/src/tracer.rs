//! strace on a running server: to see its calls, and to have some of them fail.

use crate::trial;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use testkit::Cluster;
use testkit::cluster::wait_until;

/// Why there can be none here.
pub fn obstacle() -> Option<String> {
    let runs = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    (!runs.is_ok_and(|status| status.success())).then(|| "strace is not installed or may not trace".to_owned())
}

/// strace on the server, with its protocol in a file.
pub struct Tracer {
    strace: Child,
    protocol: PathBuf,
}

impl Tracer {
    /// Follows every thread. `expressions` are those of strace's `-e`.
    pub fn attach(cluster: &Cluster, expressions: &[&str]) -> Result<Tracer, String> {
        let (protocol, pid) = (cluster.folder().join("strace.log"), cluster.pid());
        let mut command = Command::new("strace");
        command.args(["-f", "-q", "-y", "-p", &pid.to_string(), "-o"]).arg(&protocol).stderr(Stdio::null());
        for expression in expressions {
            command.args(["-e", expression]);
        }
        let strace = command.spawn().map_err(|error| format!("strace: {error}"))?;
        wait_until("strace is attached", || is_traced(pid));
        Ok(Tracer { strace, protocol })
    }

    /// True once a call was made to fail.
    pub fn has_injected(&self) -> bool {
        std::fs::read_to_string(&self.protocol).is_ok_and(|text| text.contains("(INJECTED)"))
    }

    /// Lets the server go on without it. What it saw.
    pub fn detach(mut self) -> String {
        // It writes what it has and ends; if it has ended by itself there is nobody to tell.
        let _ = trial::program("kill", &["-TERM", &self.strace.id().to_string()]);
        let _ = self.strace.wait();
        std::fs::read_to_string(&self.protocol).unwrap_or_default()
    }
}

/// True if each thread of the process has a tracer.
fn is_traced(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.map(|thread| thread.path()).all(|path| has_tracer(&path))
}

fn has_tracer(thread: &Path) -> bool {
    let status = std::fs::read_to_string(thread.join("status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() != "0"))
}
