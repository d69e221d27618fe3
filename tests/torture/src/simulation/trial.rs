//! One seed: a disk, and several lives of a server on it that end in different ways.

use super::life::{Fault, Life, Stop, resolve_statement};
use super::machine::{self, Knobs, Machine};
use super::model::Journal;
use super::{Counts, DATABASES, observe, redo};
use crate::trial::panic_text;
use base::Prng;
use host::{FaultPlan, SimHost};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Steps of a life that is crashed at every I/O.
const SHORT_STEPS: u64 = 14;

/// One start of so many is tried on copies of the disk before, with redo by one thread and by several.
const COMPARED_STARTS: u64 = 4;

/// What kind of run a seed stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Several lives, with everything.
    Usual,
    /// One life of a few steps that ends with a power cut or a kill.
    Short,
    /// One short life with a power cut or kill at this I/O; at its end if there are not so many.
    CrashAt(u64, Death),
    /// As before with the crash at its end; then the power fails at this I/O of the recovery.
    CrashInRecovery(u64),
    /// The disk acknowledges syncs below a directory and does nothing. For the canaries.
    IgnoredSyncs(&'static str),
    /// Pages are torn and no images are logged. For the canaries.
    NoImages,
}

/// How a server dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Death {
    /// The machine lives.
    Kill,
    /// What was not synced is lost, kept or torn.
    PowerCut,
}

/// Runs a seed.
///
/// Errors: what was lost or damaged.
pub fn run(cluster: &SimHost, seed: u64, style: Style, counts: &mut Counts) -> Result<(), String> {
    let trial = Trial::new(cluster, seed, style, counts);
    let outcome = catch_unwind(AssertUnwindSafe(|| trial.run()));
    outcome.unwrap_or_else(|panic| Err(format!("a Rust panic: {}", panic_text(&*panic)))).map(drop)
}

/// Runs a seed in its short form. Gives the number of I/Os of its first life, of the recovery that follows it, and the disk's trace.
pub fn measure(cluster: &SimHost, seed: u64) -> Result<(u64, u64, u64), String> {
    Trial::new(cluster, seed, Style::CrashAt(u64::MAX, Death::PowerCut), &mut Counts::default()).run()
}

struct Trial<'a> {
    cluster: &'a SimHost,
    sim: SimHost,
    style: Style,
    knobs: Knobs,
    prng: Prng,
    journal: Journal,
    counts: &'a mut Counts,
}

/// How a life goes.
struct Plan {
    faults: FaultPlan,
    fault: Fault,
    steps: u64,
    /// Steps after the faults are gone, if it still lives.
    more_steps: u64,
    ends_well: bool,
}

impl<'a> Trial<'a> {
    fn new(cluster: &'a SimHost, seed: u64, style: Style, counts: &'a mut Counts) -> Trial<'a> {
        let (sim, mut prng) = (cluster.copy(seed), Prng::new(seed));
        let frames = 64 + prng.below(128) as usize;
        let knobs = Knobs { frames, full_page_writes: style != Style::NoImages };
        let journal = Journal::new(machine::first_world());
        Trial { cluster, sim, style, knobs, prng, journal, counts }
    }

    fn run(mut self) -> Result<(u64, u64, u64), String> {
        let lives = if matches!(self.style, Style::Short | Style::CrashAt(..) | Style::CrashInRecovery(_)) {
            1
        } else {
            1 + self.prng.below(3)
        };
        let mut ios = 0;
        for _ in 0..lives {
            let machine = self.start_in_peril()?;
            self.settle(&machine)?;
            if self.prng.one_in(6) {
                self.check(&machine)?;
            }
            let plan = self.plan();
            ios = self.live(machine, &plan)?;
        }
        let machine = self.start_in_peril()?;
        let recovery_ios = self.sim.ios();
        let trace = self.sim.trace();
        self.settle(&machine)?;
        self.check(&machine)?;
        machine.shut_down().map_err(|error| format!("shutting down: {error:?}"))?;
        Ok((ios, recovery_ios, trace))
    }

    /// Starts the server; now and then the power fails during recovery.
    fn start_in_peril(&mut self) -> Result<Machine, String> {
        if self.prng.one_in(COMPARED_STARTS) {
            redo::compare(&self.sim, self.knobs)?;
        }
        while let Some(io) = self.peril() {
            self.sim.set_faults(FaultPlan { crash_at_io: Some(io), ..FaultPlan::default() });
            let started = Machine::start(&self.sim, self.knobs);
            match (&started, self.sim.powered_off()) {
                (Ok(_), false) => {
                    self.sim.set_faults(FaultPlan::default());
                    return self.started(started);
                }
                (Err(error), false) => return Err(format!("it does not start: {error:?}")),
                (_, true) => {}
            }
            let death = self.death();
            self.die(death);
            self.journal.crashed_at_start();
        }
        self.sim.set_faults(FaultPlan::default());
        let started = Machine::start(&self.sim, self.knobs);
        self.started(started)
    }

    fn started(&mut self, started: report::Result<Machine>) -> Result<Machine, String> {
        self.counts.lives += 1;
        if self.counts.speaks {
            eprintln!("start {}", self.counts.lives);
        }
        started.map_err(|error| format!("it does not start: {error:?}"))
    }

    /// The I/O of the recovery to come during which the power fails.
    fn peril(&mut self) -> Option<u64> {
        match self.style {
            Style::CrashAt(..) => None,
            Style::CrashInRecovery(io) => {
                // Once: the first start needs no recovery, and the next one after this is to succeed.
                let is_due = self.counts.crashes % 2 == 1;
                is_due.then_some(io)
            }
            _ => self.prng.one_in(4).then(|| 1 + self.prng.below(80)),
        }
    }

    fn death(&mut self) -> Death {
        match self.style {
            Style::CrashAt(_, death) => death,
            Style::Usual | Style::Short if self.prng.one_in(4) => Death::Kill,
            _ => Death::PowerCut,
        }
    }

    fn die(&mut self, death: Death) {
        if self.counts.speaks {
            eprintln!("{death:?}");
        }
        self.counts.crashes += 1;
        match death {
            Death::Kill => self.sim.kill(),
            Death::PowerCut => self.sim.crash(),
        }
    }

    fn settle(&mut self, machine: &Machine) -> Result<(), String> {
        self.resolve(machine).map_err(|error| format!("prepared transactions: {error:?}"))??;
        let found = observe::world(machine)?;
        self.journal.settle(&found)
    }

    /// Ends prepared transactions: they may hold locks that who looks around would wait for.
    fn resolve(&mut self, machine: &Machine) -> report::Result<Result<(), String>> {
        let there = observe::prepared(machine)?;
        for (session, database) in DATABASES.into_iter().enumerate() {
            let outcome = there.contains(&session).then(|| self.prng.one_in(2));
            if let Some(commits) = outcome {
                let mut client = machine.connect(database)?;
                client.query(&resolve_statement(session, commits))?;
                client.end();
            }
            if let Err(why) = self.journal.resolve(session, outcome) {
                return Ok(Err(why));
            }
        }
        Ok(Ok(()))
    }

    fn check(&mut self, machine: &Machine) -> Result<(), String> {
        let checked = observe::check(machine, (&self.sim, self.cluster), &mut self.prng)?;
        self.counts.checked += checked.relations;
        Ok(())
    }

    fn plan(&mut self) -> Plan {
        let steps = 10 + self.prng.below(70);
        let usual = Plan { faults: FaultPlan::default(), fault: Fault::None, steps, more_steps: 0, ends_well: false };
        let faults = FaultPlan::default();
        let crash = |io| FaultPlan { crash_at_io: Some(io), ..faults };
        let prng = &mut self.prng;
        match self.style {
            Style::CrashAt(io, _) => Plan { faults: crash(io), steps: SHORT_STEPS, ..usual },
            Style::CrashInRecovery(_) => Plan { steps: SHORT_STEPS, ..usual },
            Style::IgnoredSyncs(place) => {
                Plan { faults: FaultPlan { ignores_syncs_below: Some(place), ..faults }, ..usual }
            }
            Style::NoImages => usual,
            Style::Short => Plan { faults: crash(1 + prng.below(60)), steps: 24, ..usual },
            Style::Usual => match prng.below(14) {
                0..6 => {
                    let most = 8 << prng.below(7);
                    Plan { faults: crash(1 + prng.below(most)), steps: 120, ..usual }
                }
                6..9 => usual,
                9 => Plan { ends_well: true, ..usual },
                10 | 11 => {
                    let number = 1 + prng.below(24);
                    let faults = FaultPlan { fail_sync_at: Some(number), ..faults };
                    Plan { faults, fault: Fault::Sync(number), ..usual }
                }
                12 => {
                    let number = 1 + prng.below(200);
                    let faults = FaultPlan { fail_read_at: Some(number), ..faults };
                    Plan { faults, fault: Fault::Read(number), more_steps: 20, ..usual }
                }
                _ => {
                    let faults = FaultPlan { space_bytes: Some(prng.below(600_000)), ..faults };
                    Plan { faults, fault: Fault::Space, more_steps: 20, ..usual }
                }
            },
        }
    }

    /// Lives one life to its end. Gives the I/Os it made.
    fn live(&mut self, machine: Machine, plan: &Plan) -> Result<u64, String> {
        let sim = self.sim.clone();
        let parts = (&mut self.journal, &mut *self.counts, &mut self.prng);
        let mut life = Life::open(&machine, &sim, parts)?;
        self.sim.set_faults(plan.faults);
        let mut outcome = life.run(plan.steps, plan.fault);
        if outcome.is_ok() && plan.more_steps > 0 {
            self.sim.set_faults(FaultPlan::default());
            life.heal();
            outcome = life.run(plan.more_steps, Fault::None);
        }
        let ios = self.sim.ios();
        match outcome {
            Err(Stop::Wrong(why)) => return Err(why),
            Ok(()) if plan.ends_well => {
                life.end();
                machine.shut_down().map_err(|error| format!("shutting down: {error:?}"))?;
                self.journal.durable();
                return Ok(ios);
            }
            _ => {}
        }
        // What is left of the dead server cannot reach the disk any more.
        let dead = life.leave();
        let death = self.death();
        self.die(death);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(dead)));
        drop(machine);
        self.journal.crashed();
        dropped.map_err(|panic| format!("a Rust panic while a dead session is dropped: {}", panic_text(&*panic)))?;
        Ok(ios)
    }
}
