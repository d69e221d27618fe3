//! Signals: what the handlers noted, read by the loop when it is safe to act.

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::{flag, low_level::pipe};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use sync::ShutdownKind;

/// A signal, by what it asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Stop (TERM smart, INT fast, QUIT immediate).
    Stop(ShutdownKind),
    /// HUP: read the settings again.
    Reload,
    /// USR1: somebody left a file (logrotate, promote).
    Files,
    /// USR2 and CHLD: nothing to do, but they must not end the server.
    Ignored,
}

/// In the order in which pending ones are acted on: the most urgent stop first, so that the lesser ones are ignored.
const SIGNALS: [(i32, Signal); 7] = [
    (SIGQUIT, Signal::Stop(ShutdownKind::Immediate)),
    (SIGINT, Signal::Stop(ShutdownKind::Fast)),
    (SIGTERM, Signal::Stop(ShutdownKind::Smart)),
    (SIGHUP, Signal::Reload),
    (SIGUSR1, Signal::Files),
    (SIGUSR2, Signal::Ignored),
    (SIGCHLD, Signal::Ignored),
];

/// The handlers' flags, and the pipe that wakes the loop.
#[derive(Debug)]
pub struct Signals {
    flags: Vec<(Signal, Arc<AtomicBool>)>,
    pipe: Arc<UnixStream>,
}

impl Signals {
    /// Installs the handlers.
    pub fn install() -> io::Result<Signals> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let mut flags = Vec::new();
        for (number, signal) in SIGNALS {
            // The flag before the pipe: who is woken finds it set.
            let noted = Arc::new(AtomicBool::new(false));
            flag::register(number, noted.clone())?;
            if signal != Signal::Ignored {
                pipe::register(number, write.try_clone()?)?;
            }
            flags.push((signal, noted));
        }
        Ok(Signals { flags, pipe: Arc::new(read) })
    }

    /// What the loop watches.
    pub fn source(&self) -> host::Source {
        self.pipe.clone()
    }

    /// The signals that came since the last call.
    pub fn take(&self) -> Vec<Signal> {
        let mut drain = [0; 256];
        while matches!((&*self.pipe).read(&mut drain), Ok(n) if n > 0) {}
        let noted = |(signal, flag): &(Signal, Arc<AtomicBool>)| flag.swap(false, Ordering::AcqRel).then_some(*signal);
        self.flags.iter().filter_map(noted).filter(|s| *s != Signal::Ignored).collect()
    }
}

/// Sends this process SIGQUIT, to take the same way as an operator's.
pub fn quit_self() {
    let _ = signal_hook::low_level::raise(SIGQUIT);
}
