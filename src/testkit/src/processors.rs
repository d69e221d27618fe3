//! Keeping those who measure and what they measure apart, as if they were on two machines.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::{Pid, gettid};
use std::process::Command;

/// The calling thread, to the system.
const SELF: Pid = Pid::from_raw(0);

/// The processors of this process, in two halves.
pub struct Halves {
    server: CpuSet,
    clients: CpuSet,
}

impl Halves {
    /// `None` if there is only one.
    pub fn new() -> Option<Halves> {
        let all = sched_getaffinity(SELF).ok()?;
        let mine: Vec<usize> = (0..CpuSet::count()).filter(|&cpu| all.is_set(cpu) == Ok(true)).collect();
        let (server, clients) = mine.split_at(mine.len() / 2);
        let set = |cpus: &[usize]| {
            let mut set = CpuSet::new();
            cpus.iter().for_each(|&cpu| _ = set.set(cpu));
            set
        };
        (mine.len() > 1).then(|| Halves { server: set(server), clients: set(clients) })
    }

    /// From now on the calling thread, and what it starts, runs where the server does.
    pub fn go_to_server(&self) {
        // What it may use it may be bound to.
        let _ = sched_setaffinity(SELF, &self.server);
    }

    /// As [`Halves::go_to_server`], where the clients run.
    pub fn go_to_clients(&self) {
        let _ = sched_setaffinity(SELF, &self.clients);
    }
}

/// From now on the calling thread runs whenever it can, before all others: what it measures is not its own waiting for a processor. Errors: this user may not
/// ask for that.
pub fn go_first() -> Result<(), String> {
    let chrt = Command::new("chrt").args(["--fifo", "--pid", "1", &gettid().to_string()]).output();
    let output = chrt.map_err(|error| format!("chrt: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_have_nothing_in_common() {
        std::thread::spawn(|| {
            let Some(halves) = Halves::new() else { return };
            let all = (0..CpuSet::count()).map(|cpu| (halves.server.is_set(cpu), halves.clients.is_set(cpu)));
            assert!(all.clone().all(|both| both != (Ok(true), Ok(true))));
            halves.go_to_clients();
            assert_eq!(sched_getaffinity(SELF), Ok(halves.clients));
        })
        .join()
        .expect("it does not panic");
    }
}
