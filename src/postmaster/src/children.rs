//! The table of the postmaster's threads.

use crate::client::ClientHandle;
use crate::roles::ROLES;
use crate::state::{Class, Facts};
use host::net::Stream;
use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};
use sync::{Interrupt, Interrupts};
use threads::{Child, ChildId};

/// The pause between two looks at a thread that ends.
const LOOK: Duration = Duration::from_millis(1);

/// One thread.
pub struct ChildRecord {
    /// The thread, to be joined.
    pub child: Child,
    /// What it is to the state machine.
    pub class: Class,
    /// Its row in the role entry table; none for sessions and dead ends.
    pub role: Option<usize>,
    /// Its name.
    pub name: String,
    /// Where it is told things.
    pub ear: Ear,
    /// When it started, on the monotonic clock.
    pub started: Duration,
}

/// How a thread is told things.
pub enum Ear {
    /// A role's interrupts.
    Role(Arc<Interrupts>),
    /// A client's connection, and its session's interrupts behind it.
    Client(Arc<ClientHandle>),
    /// A client that is told why it is refused.
    Refused(Stream),
}

impl ChildRecord {
    /// True if the thread passes this fault point: its role's, or its own.
    pub fn is_at(&self, point: &str) -> bool {
        self.name == point || self.role.is_some_and(|role| ROLES[role].name == point)
    }

    /// Tells the thread.
    pub fn tell(&self, interrupt: Interrupt) {
        match &self.ear {
            Ear::Role(interrupts) => interrupts.raise(interrupt),
            Ear::Client(handle) => handle.tell(interrupt),
            Ear::Refused(stream) => {
                if interrupt == Interrupt::Quit {
                    let _ = stream.shutdown(Shutdown::Both);
                }
            }
        }
    }
}

/// All threads, by number.
#[derive(Default)]
pub struct Children {
    table: HashMap<ChildId, ChildRecord>,
    counts: [usize; 8],
    next: u64,
}

impl Children {
    /// A number for a new thread.
    pub fn next_id(&mut self) -> ChildId {
        self.next += 1;
        ChildId(self.next)
    }

    /// Adds a thread.
    pub fn add(&mut self, record: ChildRecord) {
        self.counts[record.class as usize] += 1;
        self.table.insert(record.child.id, record);
    }

    /// Takes a thread out.
    pub fn remove(&mut self, id: ChildId) -> Option<ChildRecord> {
        let record = self.table.remove(&id)?;
        self.counts[record.class as usize] -= 1;
        Some(record)
    }

    /// Threads of a class.
    pub fn count(&self, class: Class) -> usize {
        self.counts[class as usize]
    }

    /// What the state machine wants to know.
    pub fn facts(&self, restart_after_crash: bool) -> Facts {
        Facts { alive: self.counts, restart_after_crash }
    }

    /// All threads of a class.
    pub fn of_class(&self, class: Class) -> impl Iterator<Item = &ChildRecord> {
        self.table.values().filter(move |record| record.class == class)
    }

    /// All threads.
    pub fn all(&self) -> impl Iterator<Item = &ChildRecord> {
        self.table.values()
    }

    /// Waits for the threads that take the log: they end when they have written what there is. One that hangs is not waited for.
    pub fn join_loggers(self, limit: Duration) {
        let start = Instant::now();
        for record in self.table.into_values().filter(|record| record.class == Class::Logger) {
            while !record.child.is_finished() && start.elapsed() < limit {
                std::thread::park_timeout(LOOK);
            }
            if record.child.is_finished() {
                record.child.join();
            }
        }
    }

    /// The name of one more of a role of which there are several: the least number that is free stands behind.
    pub fn name_of_next(&self, role: usize) -> String {
        let name = |number| format!("{} {number}", ROLES[role].name);
        let is_free = |name: &String| !self.table.values().any(|record| record.name == *name);
        (1..).map(name).find(is_free).expect("there are more numbers than threads")
    }

    /// Threads of a role.
    pub fn of_role(&self, role: usize) -> usize {
        self.table.values().filter(|record| record.role == Some(role)).count()
    }
}
