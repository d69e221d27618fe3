//! One life of a server: sessions and roles take turns, one statement or round at a time, until something ends it.

use super::actions::{Action, COMMON, Maker};
use super::client::{Client, Reply};
use super::machine::Machine;
use super::model::{Journal, Share, rows_difference};
use super::{Counts, DATABASES, SESSIONS};
use crate::trial::panic_text;
use base::Prng;
use host::SimHost;
use recovery::CheckpointKind;
use report::{Error, Severity};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What ends a life.
#[derive(Debug)]
pub enum Stop {
    /// What was to happen: the power failed, or the server gave up because its disk did.
    Crashed,
    /// Something that must not be.
    Wrong(String),
}

/// What the disk does to the server while it lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Nothing, or it stops altogether.
    None,
    /// This sync fails.
    Sync(u64),
    /// This read fails.
    Read(u64),
    /// It is full after so many bytes.
    Space,
}

/// Statements that are remembered for the message of a failure.
const REMEMBERED: usize = 14;

/// A session and what it believes.
struct Actor<'a> {
    client: Client<'a>,
    /// What it sees now.
    now: Share,
    /// What it saw when its block began and at each savepoint.
    marks: Vec<Share>,
    has_failed: bool,
    /// It waits for its commits to be durable.
    waits: bool,
    /// The last number that its sequence gave.
    drawn: i64,
}

/// A server with its sessions.
pub struct Life<'m, 'a> {
    machine: &'m Machine,
    sim: &'m SimHost,
    journal: &'a mut Journal,
    counts: &'a mut Counts,
    prng: &'a mut Prng,
    actors: Vec<Actor<'m>>,
    fault: Fault,
    /// A failure of the disk has shown as an error.
    was_told: bool,
    in_checkpoint: bool,
    recent: VecDeque<String>,
}

impl<'m, 'a> Life<'m, 'a> {
    /// Opens the sessions. What they believe is what the journal says.
    pub fn open(
        machine: &'m Machine,
        sim: &'m SimHost,
        (journal, counts, prng): (&'a mut Journal, &'a mut Counts, &'a mut Prng),
    ) -> Result<Life<'m, 'a>, String> {
        let mut actors = Vec::new();
        for (session, database) in DATABASES.into_iter().enumerate() {
            let mut client = machine.connect(database).map_err(|error| format!("connect: {error}"))?;
            let drawn = last_drawn(&mut client, session).map_err(|error| error.to_string())?;
            let now = (*journal.newest().0[session]).clone();
            actors.push(Actor { client, now, marks: Vec::new(), has_failed: false, waits: true, drawn });
        }
        let (fault, recent) = (Fault::None, VecDeque::new());
        Ok(Life { machine, sim, journal, counts, prng, actors, fault, was_told: false, in_checkpoint: false, recent })
    }

    /// Lives for so many steps. Ok: it is still alive. A failure's message ends with what was done last.
    pub fn run(&mut self, steps: u64, fault: Fault) -> Result<(), Stop> {
        self.fault = fault;
        for _ in 0..steps {
            let outcome = self.step();
            if let Err(Stop::Wrong(why)) = outcome {
                let recent: Vec<String> = self.recent.drain(..).collect();
                return Err(Stop::Wrong(format!("{why}\n  after:\n    {}", recent.join("\n    "))));
            }
            outcome?;
        }
        Ok(())
    }

    /// The disk is as it should be from now on.
    pub fn heal(&mut self) {
        self.fault = Fault::None;
    }

    /// The sessions, to be dropped when the disk does not listen to them any more.
    pub fn leave(self) -> Vec<Client<'m>> {
        self.actors.into_iter().map(|actor| actor.client).collect()
    }

    /// Ends all sessions in good order.
    pub fn end(self) {
        self.actors.into_iter().for_each(|actor| actor.client.end());
    }

    fn step(&mut self) -> Result<(), Stop> {
        self.counts.steps += 1;
        self.sim.clock().advance(std::time::Duration::from_millis(1));
        match self.prng.below(24) {
            0 => self.sweep(),
            1 => self.flush(),
            2 => self.switch_segment(),
            3 if self.prng.one_in(3) => self.checkpoint(),
            _ => self.session_step(),
        }?;
        self.check_told()
    }

    /// A sync that failed must have been told somebody.
    fn check_told(&self) -> Result<(), Stop> {
        match self.fault {
            Fault::Sync(number) if self.sim.syncs() >= number && !self.was_told => {
                Err(Stop::Wrong("a sync failed and nobody was told".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn remember(&mut self, what: String) {
        if self.counts.speaks {
            eprintln!("{} {:016x} {what}", self.counts.steps, self.sim.trace());
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(what);
    }

    // ---- roles

    fn sweep(&mut self) -> Result<(), Stop> {
        let (ahead, most) = (1 + self.prng.below(40) as usize, 1 + self.prng.below(8) as usize);
        self.remember(format!("sweep {ahead} {most}"));
        let swept = self.machine.engine.store().buffers.sweep_ahead(ahead, most);
        self.role_did(swept)
    }

    fn flush(&mut self) -> Result<(), Stop> {
        self.remember("flush the log".to_owned());
        let flushed = self.machine.engine.store().wal.background_flush(1);
        let is_good = flushed.is_ok();
        self.role_did(flushed)?;
        if is_good {
            self.journal.durable();
        }
        Ok(())
    }

    fn switch_segment(&mut self) -> Result<(), Stop> {
        self.remember("switch the segment".to_owned());
        let switched = self.machine.engine.store().wal.switch_segment();
        self.role_did(switched)
    }

    /// A checkpoint; sessions go on between its pages.
    fn checkpoint(&mut self) -> Result<(), Stop> {
        self.remember("checkpoint".to_owned());
        self.counts.checkpoints += 1;
        let mut stopped = None;
        let engine = self.machine.engine.clone();
        let mut pace = |_| match self.between_pages() {
            Ok(()) => Ok(()),
            Err(stop) => {
                stopped = Some(stop);
                Err(Error::internal("the life has ended"))
            }
        };
        let made = engine.checkpoint(CheckpointKind::Forced, &mut pace, &|_| true);
        if let Some(stop) = stopped {
            return Err(stop);
        }
        let is_good = made.is_ok();
        self.role_did(made)?;
        if is_good {
            self.journal.durable();
        }
        Ok(())
    }

    /// The checkpoint's locks rank behind those of statements, so a statement has a thread of its own, and that is waited for.
    fn between_pages(&mut self) -> Result<(), Stop> {
        if !self.prng.one_in(4) {
            return Ok(());
        }
        self.in_checkpoint = true;
        let stepped = std::thread::scope(|scope| scope.spawn(|| self.session_step()).join());
        self.in_checkpoint = false;
        stepped.unwrap_or_else(|_| Err(Stop::Wrong("a Rust panic between the pages of a checkpoint".to_owned())))
    }

    fn role_did<T>(&mut self, outcome: report::Result<T>) -> Result<(), Stop> {
        match outcome {
            _ if self.sim.powered_off() => Err(Stop::Crashed),
            Ok(_) => Ok(()),
            Err(error) => self.excuse(&error),
        }
    }

    /// Whether an error is what the disk's failure leads to.
    fn excuse(&mut self, error: &Error) -> Result<(), Stop> {
        let is_panic = error.fields().severity == Severity::Panic;
        let code = error.code();
        let code = code.as_str();
        let is_due = match self.fault {
            Fault::None => false,
            Fault::Sync(number) => self.sim.syncs() >= number && (is_panic || code == "58030"),
            Fault::Read(number) => self.sim.reads() >= number && !is_panic && code == "58030",
            Fault::Space => code == "53100",
        };
        self.was_told = true;
        match (is_due, is_panic) {
            (false, _) => Err(Stop::Wrong(format!("{} {code}: {error:?}", error.fields().severity.as_str()))),
            (true, true) => {
                self.counts.panics += 1;
                Err(Stop::Crashed)
            }
            (true, false) => {
                self.counts.errors += 1;
                Ok(())
            }
        }
    }

    // ---- sessions

    fn session_step(&mut self) -> Result<(), Stop> {
        let session = self.prng.below(SESSIONS as u64) as usize;
        let depth = self.actors[session].marks.len();
        match self.prng.below(24) {
            _ if self.actors[session].has_failed => self.leave_failure(session),
            _ if self.actors[session].now.prepared.is_some() => self.resolve(session),
            0..3 if depth > 0 && self.prng.one_in(5) => self.prepare(session),
            0..3 if depth > 0 => self.commit(session),
            3 if depth > 0 => self.rollback(session),
            4 | 5 if depth > 0 => self.savepoint(session),
            6 if depth > 1 => self.rollback_to(session),
            7 if depth > 1 => self.release(session),
            0..4 if depth == 0 => self.begin(session),
            4 if depth == 0 => self.set_waits(session),
            5 | 6 if depth == 0 => self.act(session, |maker| maker.upkeep()),
            7 if depth == 0 && session == 0 && !self.in_checkpoint && self.prng.one_in(6) => {
                self.act(session, |maker| maker.database())
            }
            8 => self.look(session),
            9..13 => self.act(session, |maker| maker.definition()),
            _ => self.act(session, |maker| maker.rows()),
        }
    }

    /// Runs a statement. Errors: the life has ended.
    fn run_statement(&mut self, session: usize, sql: &str) -> Result<Reply, Stop> {
        const SHOWN: usize = 150;
        let end = sql.char_indices().nth(SHOWN).map_or(sql.len(), |(end, _)| end);
        self.remember(format!("session {session}: {}", &sql[..end]));
        self.counts.statements += 1;
        let client = &mut self.actors[session].client;
        let outcome = catch_unwind(AssertUnwindSafe(|| client.run(sql)));
        match outcome {
            _ if self.sim.powered_off() => Err(Stop::Crashed),
            Err(panic) => Err(Stop::Wrong(format!("a Rust panic: {}", panic_text(&*panic)))),
            Ok(reply) => {
                if let Some(error) = reply.error.as_ref().filter(|_| reply.is_panic()) {
                    self.excuse(error)?;
                }
                Ok(reply)
            }
        }
    }

    fn act(&mut self, session: usize, make: impl FnOnce(&mut Maker<'_>) -> Action) -> Result<(), Stop> {
        let actor = &self.actors[session];
        let counter = 1000 * self.counts.lives + self.counts.statements;
        let mut maker = Maker { session, now: &actor.now, drawn: actor.drawn, counter, prng: self.prng };
        let action = make(&mut maker);
        assert!(!action.runs_alone || actor.marks.is_empty());
        let commits = actor.marks.is_empty() && action.after != actor.now;
        if commits {
            self.journal.commit(session, action.after.clone());
        }
        let reply = self.run_statement(session, &action.sql)?;
        let code = reply.code();
        match (&reply.error, action.fails_with) {
            (None, None) => {
                let actor = &mut self.actors[session];
                actor.drawn = actor.drawn.max(action.after.drawn);
                actor.now = action.after;
                if commits && actor.waits {
                    self.journal.durable();
                }
                Ok(())
            }
            (None, Some(expected)) => Err(Stop::Wrong(format!("it should have failed with {expected}"))),
            (Some(_), Some(expected)) if code == expected => {
                self.fail(session);
                Ok(())
            }
            (Some(error), _) => {
                self.excuse(error)?;
                if commits {
                    self.journal.refused();
                }
                self.fail(session);
                self.draw_again(session)
            }
        }
    }

    /// A statement failed: a block waits for its end.
    fn fail(&mut self, session: usize) {
        let actor = &mut self.actors[session];
        actor.has_failed = !actor.marks.is_empty();
    }

    /// The failed statement may have drawn a number or not.
    fn draw_again(&mut self, session: usize) -> Result<(), Stop> {
        if self.actors[session].has_failed {
            self.rollback(session)?;
        }
        let actor = &mut self.actors[session];
        match last_drawn(&mut actor.client, session) {
            Ok(drawn) => {
                actor.drawn = drawn;
                Ok(())
            }
            Err(_) if self.sim.powered_off() => Err(Stop::Crashed),
            Err(error) => self.excuse(&error),
        }
    }

    fn begin(&mut self, session: usize) -> Result<(), Stop> {
        self.control(session, "begin")?;
        let actor = &mut self.actors[session];
        actor.marks.push(actor.now.clone());
        Ok(())
    }

    /// A statement that only moves the block on.
    fn control(&mut self, session: usize, sql: &str) -> Result<(), Stop> {
        let reply = self.run_statement(session, sql)?;
        reply.error.map_or(Ok(()), |error| Err(Stop::Wrong(format!("\"{sql}\" failed: {error:?}"))))
    }

    fn set_waits(&mut self, session: usize) -> Result<(), Stop> {
        let waits = !self.actors[session].waits;
        self.control(session, &format!("set synchronous_commit = {}", if waits { "on" } else { "off" }))?;
        self.actors[session].waits = waits;
        Ok(())
    }

    fn commit(&mut self, session: usize) -> Result<(), Stop> {
        let actor = &self.actors[session];
        let (now, before) = (actor.now.clone(), actor.marks[0].clone());
        let changes = now != before;
        if changes {
            self.journal.commit(session, now);
        }
        let reply = self.run_statement(session, "commit")?;
        let actor = &mut self.actors[session];
        actor.marks.clear();
        match &reply.error {
            None if changes => {
                self.counts.commits += 1;
                if actor.waits {
                    self.journal.durable();
                }
                Ok(())
            }
            None => Ok(()),
            Some(error) => {
                actor.now = before;
                self.excuse(error)?;
                if changes {
                    self.journal.refused();
                }
                Ok(())
            }
        }
    }

    fn prepare(&mut self, session: usize) -> Result<(), Stop> {
        let actor = &self.actors[session];
        let (now, before) = (actor.now.clone(), actor.marks[0].clone());
        if now == before {
            return self.rollback(session);
        }
        let after = Share { prepared: Some(Box::new(now)), ..before.clone() };
        self.journal.commit(session, after.clone());
        let reply = self.run_statement(session, &format!("prepare transaction 's{session}'"))?;
        self.actors[session].marks.clear();
        match &reply.error {
            None => {
                self.counts.prepared += 1;
                self.actors[session].now = after;
                self.journal.durable();
                Ok(())
            }
            Some(error) => {
                self.actors[session].now = before;
                self.excuse(error)?;
                self.journal.refused();
                Ok(())
            }
        }
    }

    /// Ends its prepared transaction. What that has locked the session leaves alone until then.
    fn resolve(&mut self, session: usize) -> Result<(), Stop> {
        let commits = !self.prng.one_in(3);
        let after = self.actors[session].now.resolved(commits).expect("there is one");
        self.journal.commit(session, after.clone());
        let reply = self.run_statement(session, &resolve_statement(session, commits))?;
        let actor = &mut self.actors[session];
        match &reply.error {
            None => {
                actor.now = after;
                if actor.waits {
                    self.journal.durable();
                }
                Ok(())
            }
            Some(error) => {
                self.excuse(error)?;
                self.journal.refused();
                Ok(())
            }
        }
    }

    fn rollback(&mut self, session: usize) -> Result<(), Stop> {
        self.control(session, "rollback")?;
        let actor = &mut self.actors[session];
        actor.now = actor.marks.swap_remove(0);
        actor.marks.clear();
        actor.has_failed = false;
        Ok(())
    }

    fn savepoint(&mut self, session: usize) -> Result<(), Stop> {
        let depth = self.actors[session].marks.len();
        self.control(session, &format!("savepoint p{depth}"))?;
        let actor = &mut self.actors[session];
        actor.marks.push(actor.now.clone());
        Ok(())
    }

    fn pick_savepoint(&mut self, session: usize) -> usize {
        1 + self.prng.below(self.actors[session].marks.len() as u64 - 1) as usize
    }

    fn rollback_to(&mut self, session: usize) -> Result<(), Stop> {
        let place = self.pick_savepoint(session);
        self.control(session, &format!("rollback to p{place}"))?;
        let actor = &mut self.actors[session];
        actor.marks.truncate(place + 1);
        actor.now = actor.marks[place].clone();
        actor.has_failed = false;
        Ok(())
    }

    fn release(&mut self, session: usize) -> Result<(), Stop> {
        let place = self.pick_savepoint(session);
        self.control(session, &format!("release p{place}"))?;
        self.actors[session].marks.truncate(place);
        Ok(())
    }

    fn leave_failure(&mut self, session: usize) -> Result<(), Stop> {
        let depth = self.actors[session].marks.len();
        if depth > 1 && self.prng.one_in(2) { self.rollback_to(session) } else { self.rollback(session) }
    }

    /// What the session sees must be what it believes.
    fn look(&mut self, session: usize) -> Result<(), Stop> {
        let count = self.actors[session].now.tables.len() as u64;
        let place = self.prng.below(count) as usize;
        let (name, table) = self.actors[session].now.tables.iter().nth(place).expect("it was counted");
        let (name, table) = (name.clone(), table.clone());
        let reply = self.run_statement(session, &select(session, &name))?;
        if let Some(error) = &reply.error {
            self.excuse(error)?;
            self.fail(session);
            return Ok(());
        }
        let found = super::observe::by_key(reply.rows).map_err(Stop::Wrong)?;
        match found == table.rows {
            true => Ok(()),
            false => Err(Stop::Wrong(format!("{name}: {}", rows_difference(&table.rows, &found)))),
        }
    }
}

/// Ends a session's prepared transaction.
pub fn resolve_statement(session: usize, commits: bool) -> String {
    format!("{} prepared 's{session}'", if commits { "commit" } else { "rollback" })
}

/// Reads what a session has in a table.
pub fn select(session: usize, table: &str) -> String {
    let first = session as i64 * super::actions::COMMON_KEYS;
    match table == COMMON {
        true => {
            format!("select * from {table} where k between {first} and {}", first + super::actions::COMMON_KEYS - 1)
        }
        false => format!("select * from {table}"),
    }
}

/// The number that a session's sequence gave last.
pub fn last_drawn(client: &mut Client<'_>, session: usize) -> report::Result<i64> {
    let rows = client.query(&format!("select case when is_called then last_value else 0 end from s{session}_seq"))?;
    Ok(rows[0][0].as_ref().and_then(|text| text.parse().ok()).expect("a number"))
}
