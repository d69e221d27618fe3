//! The server as a child process that reads commands from a pipe.

use crate::failure::Failure;
use nix::fcntl::{FcntlArg, fcntl};
use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

/// The name of the server program, next to this one.
const PROGRAM: &str = "postmaster";

/// As much as a pipe may hold for an ordinary user, unless the machine's settings say otherwise.
const PIPE_BYTES: i32 = 1 << 20;

/// The server program in the directory of this one.
///
/// Errors: it is not there.
pub fn find_program(argv0: &str) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe().map_err(|e| Failure::io("find the own program", &e))?;
    let program = own.with_file_name(PROGRAM);
    match program.is_file() {
        true => Ok(program),
        false => Err(Failure::new(format!(
            "program \"{PROGRAM}\" is needed by initdb but was not found in the same directory as \"{}\"",
            if own.as_os_str().is_empty() { argv0.into() } else { own.display().to_string() }
        ))),
    }
}

/// A running child.
pub struct Server {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
}

/// What a child prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Shown.
    Shown,
    /// Thrown away; errors are shown all the same.
    Hidden,
}

impl Server {
    /// Starts the program.
    pub fn start(program: &Path, arguments: &[OsString], output: Output) -> Result<Server, Failure> {
        let stdout = if output == Output::Shown { Stdio::inherit() } else { Stdio::null() };
        let mut command = Command::new(program);
        command.args(arguments).env_remove("PGCLIENTENCODING").stdin(Stdio::piped()).stdout(stdout);
        let mut child =
            command.spawn().map_err(|e| Failure::io(format!("execute command \"{}\"", program.display()), &e))?;
        let input = child.stdin.take().expect("standard input is piped");
        // A hint: what fits into the pipe is there before the child is ready to read.
        let _ = fcntl(&input, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
        Ok(Server { child, input: Some(BufWriter::with_capacity(1 << 16, input)) })
    }

    /// Hands text to the child. A child that has ended is noticed by `finish`.
    pub fn send(&mut self, text: &str) {
        if let Some(input) = &mut self.input
            && input.write_all(text.as_bytes()).is_err()
        {
            self.input = None;
        }
    }

    /// Closes the pipe and waits for the child's good end.
    ///
    /// Errors: the child failed, or ended before it had read everything.
    pub fn finish(mut self) -> Result<(), Failure> {
        let delivered = match self.input.take() {
            Some(mut input) => input.flush().is_ok(),
            None => false,
        };
        let status = self.child.wait().map_err(|e| Failure::io("wait for the child process", &e))?;
        if !status.success() {
            return Err(Failure::new(describe(status)));
        }
        match delivered {
            true => Ok(()),
            false => Err(Failure::new("could not write to child process: Broken pipe")),
        }
    }
}

impl Drop for Server {
    /// A child that was not waited for sees the end of its input and is waited for here, so that nothing writes to the
    /// directory while it is being removed.
    fn drop(&mut self) {
        if self.input.take().is_some() {
            let _ = self.child.wait();
        }
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("child process exited with exit code {code}"),
        (None, Some(signal)) => {
            let name = signal_hook::low_level::signal_name(signal).map(|name| format!(": {name}"));
            format!("child process was terminated by signal {signal}{}", name.unwrap_or_default())
        }
        (None, None) => format!("child process exited with unrecognized status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Server {
        Server::start(Path::new("/bin/sh"), &["-c".into(), script.into()], Output::Hidden).unwrap()
    }

    #[test]
    fn a_good_child_reads_everything() {
        let mut server = shell("test \"$(cat)\" = 'a b'");
        server.send("a ");
        server.send("b");
        server.finish().unwrap();
    }

    #[test]
    fn a_bad_child_is_described() {
        assert_eq!(shell("exit 3").finish().unwrap_err().message, "child process exited with exit code 3");
        assert_eq!(
            shell("kill -9 $$").finish().unwrap_err().message,
            "child process was terminated by signal 9: SIGKILL"
        );
    }
}
