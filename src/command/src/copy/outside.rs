//! What COPY reads and writes on the server's machine: files, and programs that the shell runs.
//!
//! A program runs in a process group of its own. A statement that ends before its program takes the program with it.
//!
//! Source: PostgreSQL 15 copyfrom.c, copyto.c, common/wait_error.c.

use config::Setting;
use instance::Ctx;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use parser::ast::CopyStmt;
use report::{Error, Result, bail, error};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Bytes read or written in one go.
const PIECE_BYTES: usize = 64 * 1024;
/// How long a wait for a program goes without a look at the session's interrupts.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where COPY FROM reads.
pub(super) enum Reading {
    File(File),
    /// The flag: it has said all it had to say.
    Program(Program, ChildStdout, bool),
}

impl Reading {
    /// Opens what the statement names; `None` if it reads from the client.
    pub(super) fn open(cx: Ctx<'_>, statement: &CopyStmt) -> Result<Option<Reading>> {
        let Some(name) = &statement.filename else { return Ok(None) };
        if !statement.is_program {
            return open_to_read(name).map(|file| Some(Reading::File(file)));
        }
        let mut program = Program::start(cx, name, Stdio::null(), Stdio::piped())?;
        let pipe = program.child.stdout.take().ok_or_else(|| Error::internal("a program without a pipe"))?;
        do_not_block(&pipe)?;
        Ok(Some(Reading::Program(program, pipe, false)))
    }

    /// Appends the next piece; false at the end.
    pub(super) fn read(&mut self, cx: Ctx<'_>, data: &mut Vec<u8>) -> Result<bool> {
        let start = data.len();
        data.resize(start + PIECE_BYTES, 0);
        let free = &mut data[start..];
        let outcome = match self {
            Reading::File(file) => file.read(free),
            Reading::Program(_, pipe, has_ended) => {
                let outcome = ready(cx, pipe, PollFlags::POLLIN, |pipe| pipe.read(free))?;
                *has_ended = matches!(outcome, Ok(0));
                outcome
            }
        };
        let read = outcome.map_err(|error| Error::io("read from COPY file", &error))?;
        data.truncate(start + read);
        Ok(read > 0)
    }

    /// Errors: 38000 if the program says that it failed. One that was cut short by the end of the data may.
    pub(super) fn close(self, cx: Ctx<'_>) -> Result<()> {
        match self {
            Reading::File(_) => Ok(()),
            Reading::Program(program, pipe, has_ended) => {
                drop(pipe);
                program.end(cx, !has_ended)
            }
        }
    }
}

/// Where COPY TO writes.
pub(super) enum Writing {
    File(File, Vec<u8>),
    Program(Program, ChildStdin, Vec<u8>),
}

impl Writing {
    /// Opens what the statement names; `None` if it writes to the client.
    pub(super) fn open(cx: Ctx<'_>, statement: &CopyStmt) -> Result<Option<Writing>> {
        let Some(name) = &statement.filename else { return Ok(None) };
        if !statement.is_program {
            return open_to_write(name).map(|file| Some(Writing::File(file, Vec::new())));
        }
        let mut program = Program::start(cx, name, Stdio::piped(), Stdio::inherit())?;
        let pipe = program.child.stdin.take().ok_or_else(|| Error::internal("a program without a pipe"))?;
        do_not_block(&pipe)?;
        Ok(Some(Writing::Program(program, pipe, Vec::new())))
    }

    pub(super) fn write(&mut self, cx: Ctx<'_>, data: &[u8]) -> Result<()> {
        let (Writing::File(_, waiting) | Writing::Program(_, _, waiting)) = self;
        waiting.extend_from_slice(data);
        if waiting.len() < PIECE_BYTES { Ok(()) } else { self.flush(cx) }
    }

    fn flush(&mut self, cx: Ctx<'_>) -> Result<()> {
        match self {
            Writing::File(file, waiting) => {
                file.write_all(waiting).map_err(|error| Error::io("write to COPY file", &error))?;
                waiting.clear();
            }
            Writing::Program(program, pipe, waiting) => {
                let mut done = 0;
                while done < waiting.len() {
                    match ready(cx, pipe, PollFlags::POLLOUT, |pipe| pipe.write(&waiting[done..]))? {
                        Ok(written) => done += written,
                        Err(error) => return Err(program.why_it_stopped_reading(cx, &error)),
                    }
                }
                waiting.clear();
            }
        }
        Ok(())
    }

    /// Writes what is left. Errors: 38000 if the program says that it failed.
    pub(super) fn close(mut self, cx: Ctx<'_>) -> Result<()> {
        self.flush(cx)?;
        match self {
            Writing::File(..) => Ok(()),
            Writing::Program(program, pipe, _) => {
                drop(pipe);
                program.end(cx, false)
            }
        }
    }
}

/// A program that the shell runs. It is killed if it is dropped before its end.
pub(super) struct Program {
    command: String,
    child: Child,
    has_ended: bool,
}

impl Program {
    fn start(cx: Ctx<'_>, command: &str, stdin: Stdio, stdout: Stdio) -> Result<Program> {
        let directory = cx.instance.settings.text(Setting::DataDirectory);
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command).current_dir(&*directory).stdin(stdin).stdout(stdout).process_group(0);
        let child = shell.spawn().map_err(|error| Error::io(format_args!("execute command \"{command}\""), &error))?;
        Ok(Program { command: command.to_owned(), child, has_ended: false })
    }

    /// Waits for its end. Errors: 38000 if it says that it failed; `may_be_cut` allows it to end because nobody read on.
    fn end(mut self, cx: Ctx<'_>, may_be_cut: bool) -> Result<()> {
        let status = self.wait(cx)?;
        // The shell tells of a signal to what it ran by a code above 128.
        let sigpipe = Signal::SIGPIPE as i32;
        let was_cut = status.signal() == Some(sigpipe) || status.code() == Some(128 + sigpipe);
        match status.success() || may_be_cut && was_cut {
            true => Ok(()),
            false => Err(self.failure(status)),
        }
    }

    fn wait(&mut self, cx: Ctx<'_>) -> Result<ExitStatus> {
        let mut pause = Duration::from_millis(1);
        loop {
            let status = self.child.try_wait().map_err(|error| Error::io("wait for child process", &error))?;
            if let Some(status) = status {
                self.has_ended = true;
                return Ok(status);
            }
            cx.check_interrupts()?;
            cx.session.entry.interrupts.latch().wait(Some(pause));
            pause = (pause * 2).min(LOOK_EVERY);
        }
    }

    fn failure(&self, status: ExitStatus) -> Error {
        let detail = match (status.code(), status.signal()) {
            (Some(126), _) => "command not executable".to_owned(),
            (Some(127), _) => "command not found".to_owned(),
            (Some(code), _) => format!("child process exited with exit code {code}"),
            (None, Some(signal)) => {
                format!("child process was terminated by signal {signal}: {}", signal_words(signal))
            }
            (None, None) => "child process exited with unrecognized status".to_owned(),
        };
        error!(EXTERNAL_ROUTINE_EXCEPTION, "program \"{}\" failed", self.command).detail(detail)
    }

    /// A program that ended in the middle may have said why.
    fn why_it_stopped_reading(&mut self, cx: Ctx<'_>, error: &io::Error) -> Error {
        if error.kind() == ErrorKind::BrokenPipe {
            match self.wait(cx) {
                Ok(status) if !status.success() => return self.failure(status),
                Ok(_) => {}
                Err(interrupted) => return interrupted,
            }
        }
        Error::io("write to COPY program", error)
    }
}

/// A signal in the words of the C library.
fn signal_words(signal: i32) -> String {
    let words = match Signal::try_from(signal) {
        Ok(Signal::SIGHUP) => "Hangup",
        Ok(Signal::SIGINT) => "Interrupt",
        Ok(Signal::SIGQUIT) => "Quit",
        Ok(Signal::SIGILL) => "Illegal instruction",
        Ok(Signal::SIGTRAP) => "Trace/breakpoint trap",
        Ok(Signal::SIGABRT) => "Aborted",
        Ok(Signal::SIGBUS) => "Bus error",
        Ok(Signal::SIGFPE) => "Floating point exception",
        Ok(Signal::SIGKILL) => "Killed",
        Ok(Signal::SIGUSR1) => "User defined signal 1",
        Ok(Signal::SIGSEGV) => "Segmentation fault",
        Ok(Signal::SIGUSR2) => "User defined signal 2",
        Ok(Signal::SIGPIPE) => "Broken pipe",
        Ok(Signal::SIGALRM) => "Alarm clock",
        Ok(Signal::SIGTERM) => "Terminated",
        Ok(Signal::SIGXCPU) => "CPU time limit exceeded",
        Ok(Signal::SIGXFSZ) => "File size limit exceeded",
        Ok(other) => other.as_str(),
        Err(_) => return format!("Unknown signal {signal}"),
    };
    words.to_owned()
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.has_ended {
            if let Ok(pid) = i32::try_from(self.child.id()) {
                // It leads its group, so whatever the shell started goes too.
                let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            }
            let _ = self.child.wait();
        }
    }
}

fn do_not_block(pipe: &impl AsFd) -> Result<()> {
    fcntl(pipe.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
        .map(drop)
        .map_err(|errno| Error::io("set up a pipe", &errno.into()))
}

/// Does this with a pipe as soon as it can be done. Errors: the session is told to stop waiting.
fn ready<P: AsFd, T>(
    cx: Ctx<'_>,
    pipe: &mut P,
    wanted: PollFlags,
    mut act: impl FnMut(&mut P) -> io::Result<T>,
) -> Result<io::Result<T>> {
    loop {
        match act(pipe) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                cx.check_interrupts()?;
                let timeout = PollTimeout::try_from(LOOK_EVERY).unwrap_or(PollTimeout::MAX);
                // An error shows again in what is done next.
                let _ = poll(&mut [PollFd::new(pipe.as_fd(), wanted)], timeout);
            }
            outcome => return Ok(outcome),
        }
    }
}

fn open_to_read(name: &str) -> Result<File> {
    match File::open(name) {
        Ok(file) if file.metadata().is_ok_and(|m| m.is_dir()) => {
            bail!(WRONG_OBJECT_TYPE, "\"{name}\" is a directory")
        }
        Ok(file) => Ok(file),
        Err(error) => Err(not_opened(format_args!("open file \"{name}\" for reading"), &error, "FROM", "read")),
    }
}

fn open_to_write(name: &str) -> Result<File> {
    File::create(name)
        .map_err(|error| not_opened(format_args!("open file \"{name}\" for writing"), &error, "TO", "write"))
}

/// Who meant a file of the client's machine gets a hint.
fn not_opened(what: std::fmt::Arguments<'_>, error: &io::Error, way: &str, does: &str) -> Error {
    let made = Error::io(what, error);
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied => made.hint(format!(
            "COPY {way} instructs the PostgreSQL server process to {does} a file. You may want a client-side facility \
             such as psql's \\copy."
        )),
        _ => made,
    }
}
