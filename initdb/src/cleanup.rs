//! Removing what was made when something goes wrong, and noticing signals.

use crate::failure::Failure;
use crate::output::{complain, say};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Signals that end the program. They are noted, and looked at after each step.
#[derive(Clone, Debug)]
pub struct Signals(Arc<AtomicBool>);

impl Signals {
    /// Begins to note them.
    pub fn watch() -> Result<Signals, Failure> {
        let caught = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE] {
            signal_hook::flag::register(signal, Arc::clone(&caught))
                .map_err(|e| Failure::io(format!("handle signal {signal}"), &e))?;
        }
        Ok(Signals(caught))
    }

    /// True if one came.
    pub fn caught(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Ends a step's line: `ok`, or the end of the program.
    pub fn check_ok(&self) -> Result<(), Failure> {
        if self.caught() {
            say!("caught signal");
            return Err(Failure::said());
        }
        say!("ok");
        Ok(())
    }
}

/// A directory that is ours to clean up.
#[derive(Debug, Clone, PartialEq)]
struct Claimed {
    path: PathBuf,
    /// It was there, empty: it stays, and only its content goes.
    existed: bool,
    what: &'static str,
}

/// Removes claimed directories when dropped, unless told that all is well.
#[derive(Debug)]
pub struct Cleanup {
    claimed: Vec<Claimed>,
    no_clean: bool,
    done: bool,
}

impl Cleanup {
    /// Nothing claimed yet.
    pub fn new(no_clean: bool) -> Cleanup {
        Cleanup { claimed: Vec::new(), no_clean, done: false }
    }

    /// From now on the directory is ours. `what` is its name in messages.
    pub fn claim(&mut self, path: &Path, existed: bool, what: &'static str) {
        self.claimed.push(Claimed { path: path.to_owned(), existed, what });
    }

    /// All is well: everything stays.
    pub fn keep(mut self) {
        self.done = true;
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        for claimed in &self.claimed {
            clean(claimed, self.no_clean);
        }
    }
}

fn clean(claimed: &Claimed, no_clean: bool) {
    let Claimed { path, existed, what } = claimed;
    let shown = path.display();
    if no_clean {
        complain!("initdb: {what} directory \"{shown}\" not removed at user's request");
        return;
    }
    let outcome = match existed {
        true => {
            complain!("initdb: removing contents of {what} directory \"{shown}\"");
            remove_contents(path)
        }
        false => {
            complain!("initdb: removing {what} directory \"{shown}\"");
            fs::remove_dir_all(path)
        }
    };
    if outcome.is_err() {
        complain!("initdb: error: failed to remove {}{what} directory", if *existed { "contents of " } else { "" });
    }
}

fn remove_contents(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_it_made_and_empties_what_was_there() {
        let root = tempfile::tempdir().unwrap();
        let (made, there, kept) = (root.path().join("a"), root.path().join("b"), root.path().join("c"));
        for path in [&made, &there, &kept] {
            fs::create_dir(path).unwrap();
            fs::create_dir(path.join("sub")).unwrap();
            fs::write(path.join("file"), "x").unwrap();
        }
        let mut cleanup = Cleanup::new(false);
        cleanup.claim(&made, false, "data");
        cleanup.claim(&there, true, "WAL");
        drop(cleanup);
        assert!(!made.exists() && there.exists());
        assert_eq!(fs::read_dir(&there).unwrap().count(), 0);
        let mut cleanup = Cleanup::new(false);
        cleanup.claim(&kept, false, "data");
        cleanup.keep();
        assert!(kept.join("file").exists());
    }
}
