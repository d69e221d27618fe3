//! `cargo torture`: campaigns that try to make the server lose, damage, forget or mistake something.
//!
//! 1. A [`Campaign`] is a row of [`CAMPAIGNS`]: a kind of fault, and how it is brought about so and so many times. Each is a module.
//! 2. A trial that goes wrong ends its campaign with a message that says how to repeat it; one that ends well leaves a [`Summary`], which is a row of the
//!    table in docs/internals/durability.md, or in pool-checks.md if it is about many sessions ([`crowds`]).
//! 3. What a campaign leaves behind (clusters, logs) is removed if it ended well and named if not.
//!
//! The short forms of the campaigns are tests, here or in `server_tests`.
#![forbid(unsafe_code)]

mod asynchronous;
mod comeback;
pub mod crowds;
mod damage;
pub mod faults;
mod full_disk;
mod image;
mod io_errors;
mod kill;
mod load;
mod lock_files;
mod power;
mod settings;
pub mod shutdowns;
pub mod simulation;
mod statements;
mod tally;
mod tracer;
mod trial;
mod workloads;

use std::fmt;
use std::path::PathBuf;

/// How long, from where and against what a campaign runs.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Trials; the campaign's own number if none is given.
    pub trials: Option<u64>,
    /// The first seed; trial n runs with this plus n.
    pub seed: u64,
    /// Clients of a campaign about many sessions; its own number if none is given.
    pub clients: Option<usize>,
    /// Settings of the server of such a campaign.
    pub settings: Vec<(String, String)>,
    /// Folder of the socket and port of a server that runs already: such a campaign is for it and makes none of its own.
    pub server: Option<(PathBuf, u16)>,
}

/// What a campaign that ended well has to tell.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Trials that were made.
    pub trials: u64,
    /// What was counted on the way: crashes, acknowledged commits, statements that failed with a clear error.
    pub counts: Vec<(&'static str, u64)>,
}

/// A kind of fault, and how it is brought about.
pub struct Campaign {
    /// The word on the command line.
    pub name: &'static str,
    /// What is done to the server.
    pub what: &'static str,
    /// Trials unless the command line says otherwise.
    pub trials: u64,
    /// Why it cannot run on this machine.
    pub obstacle: fn() -> Option<String>,
    /// Runs so many trials. Errors: what was lost, and how to see it again.
    pub run: fn(trials: u64, plan: &Plan) -> Result<Summary, String>,
}

/// All campaigns.
pub const CAMPAIGNS: &[Campaign] = &[
    Campaign {
        name: "simulation",
        what: "simulated disk: power cuts, kills, failing syncs and reads, no space",
        trials: 10_000,
        obstacle: || None,
        run: |trials, plan| simulation::run(trials, plan.seed),
    },
    Campaign {
        name: "statements",
        what: "simulated disk: a crash at every I/O of statements about files, and of two-phase commit",
        trials: 4000,
        obstacle: || None,
        run: |trials, plan| statements::run(trials, plan.seed),
    },
    Campaign {
        name: "kill",
        what: "kill -9 under load, and during recovery",
        trials: 1000,
        obstacle: || None,
        run: |trials, plan| kill::run(trials, plan.seed),
    },
    Campaign {
        name: "power",
        what: "power cut of a file system under load",
        trials: 200,
        obstacle: image::obstacle,
        run: |trials, plan| power::run(trials, plan.seed),
    },
    Campaign {
        name: "faults",
        what: "every kind of fault on purpose in every role",
        trials: 105,
        obstacle: || None,
        run: |trials, plan| faults::run(trials, plan.seed),
    },
    Campaign {
        name: "shutdowns",
        what: "every mode of shutdown, everybody hanging, every state",
        trials: 1,
        obstacle: || None,
        run: |trials, plan| shutdowns::run(trials, plan.seed),
    },
    Campaign {
        name: "comeback",
        what: "crashes of a session with 128 MB of data: time to the first answer after them",
        trials: 35,
        obstacle: || None,
        run: |trials, plan| comeback::run(trials, plan.seed),
    },
    Campaign {
        name: "lock-files",
        what: "two postmasters at once; wrong lock files",
        trials: 200,
        obstacle: || None,
        run: |trials, plan| lock_files::run(trials, plan.seed),
    },
    Campaign {
        name: "lost-lock-file",
        what: "postmaster.pid removed or replaced under a running server",
        trials: 1,
        obstacle: || None,
        run: |trials, plan| lock_files::lose(trials, plan.seed),
    },
    Campaign {
        name: "io-errors",
        what: "EIO at the n-th sync or write of a thread",
        trials: 400,
        obstacle: tracer::obstacle,
        run: |trials, plan| io_errors::run(trials, plan.seed),
    },
    Campaign {
        name: "full-disk",
        what: "a full file system: all, all but the log, the log",
        trials: 42,
        obstacle: image::obstacle,
        run: |trials, plan| full_disk::run(trials, plan.seed),
    },
    Campaign {
        name: "damage",
        what: "damaged, cut and missing files",
        trials: 135,
        obstacle: || None,
        run: |trials, plan| damage::run(trials, plan.seed),
    },
    Campaign {
        name: "async",
        what: "synchronous_commit = off: kill -9 and power cut",
        trials: 100,
        obstacle: || None,
        run: |trials, plan| asynchronous::run(trials, plan.seed),
    },
    Campaign {
        name: "settings",
        what: "each wal_sync_method, fsync = off, full_page_writes = off: calls seen by strace, and bytes of log",
        trials: settings::TRIALS,
        obstacle: tracer::obstacle,
        run: |trials, plan| settings::run(trials, plan.seed),
    },
    Campaign {
        name: "tokens",
        what: "unique values under cancels, disconnects and terminations: every answer to who asked, nothing left",
        trials: 1_000_000,
        obstacle: || None,
        run: crowds::tokens::run,
    },
    Campaign {
        name: "states",
        what: "sessions with everything that a session can keep, in random order: every answer as a model says",
        trials: 500_000,
        obstacle: || None,
        run: crowds::states::run,
    },
    Campaign {
        name: "crowd-select",
        what: "10 to 10,000 sessions that select by key, each with so many seconds",
        trials: 60,
        obstacle: || None,
        run: crowds::selects::run,
    },
    Campaign {
        name: "storm",
        what: "log-ins at once, silent and half-open clients, clients that do not read: what others feel, each for so many seconds",
        trials: 10,
        obstacle: || None,
        run: crowds::storm::run,
    },
    Campaign {
        name: "fairness",
        what: "one role floods the server: what a client of another role feels, for so many seconds",
        trials: 10,
        obstacle: || None,
        run: crowds::fairness::run,
    },
    Campaign {
        name: "notify",
        what: "notifications to sessions at rest",
        trials: 50,
        obstacle: || None,
        run: crowds::notify::run,
    },
    Campaign {
        name: "holders",
        what: "sessions that hold and wait: transactions at rest, waiters on a row; cancel and terminate in every state",
        trials: 10,
        obstacle: || None,
        run: crowds::holders::run,
    },
];

/// The short form of a campaign, as a test. Panics if a trial goes wrong; says so if it cannot run here.
pub fn short(name: &str, trials: u64, seed: u64) {
    short_of(name, trials, &Plan { seed, ..Plan::default() });
}

/// As `short`, with more to say than a seed.
pub fn short_of(name: &str, trials: u64, plan: &Plan) {
    let campaign = CAMPAIGNS.iter().find(|campaign| campaign.name == name).expect("a campaign of this name");
    match (campaign.obstacle)() {
        Some(why) => println!("{name}: left out, as {why}"),
        None => {
            let summary = (campaign.run)(trials, plan);
            println!("{name}: {}", summary.unwrap_or_else(|why| panic!("{name}: {why}")));
        }
    }
}

impl Campaign {
    /// Runs it and gives its row of the table.
    pub fn run(&self, plan: &Plan) -> Result<String, String> {
        if let Some(why) = (self.obstacle)() {
            return Ok(format!("| {} | none, as {why} | - | `cargo torture {}` |", self.what, self.name));
        }
        let summary = (self.run)(plan.trials.unwrap_or(self.trials), plan)?;
        Ok(format!("| {} | {summary} | 0 | `cargo torture {}` |", self.what, self.name))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trials)?;
        for (index, (what, count)) in self.counts.iter().enumerate() {
            write!(f, "{}{count} {what}", if index == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}
